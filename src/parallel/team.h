/*
 * team.h
 *		One body of code in the leader and in parallel workers, on shared
 *		memory.
 *
 * A team is requested with the regions of memory that its participants share,
 * begun, filled by the leader, run and ended:
 *
 *		request.job = &my_job;
 *		r = affinity_parallel_request_region(&request, bytes);
 *		m = affinity_parallel_request_matrix(&request, &in->by_user,
 *											 &in->by_item);
 *		team = affinity_parallel_begin(&request);
 *		affinity_parallel_put_matrix(team, m, &in->by_user, &in->by_item);
 *		... the arrays of in are gone now ...
 *		... fill affinity_parallel_region(team, r) ...
 *		affinity_parallel_run(team, &leader);		the body, in every participant
 *		... read the regions ...
 *		affinity_parallel_end(team);
 *
 * Where no workers can be had, the leader does everything alone; a body
 * cannot tell but by affinity_parallel_participants(). Its results must not
 * depend on it: sums over rows are taken piece by piece, pieces being fixed,
 * and added in the order of the pieces.
 *
 * During affinity_parallel_run the leader is in parallel mode: it may put
 * rows into a sink, but may not run SQL, start a subtransaction or define
 * settings, and what needs a library loads it before. Workers touch nothing
 * but the regions and memory of their own, which they allocate in
 * CurrentMemoryContext. Interrupts: affinity_parallel_next, _barrier and
 * _stream look at them; longer work between two of those calls
 * CHECK_FOR_INTERRUPTS itself, in all participants.
 */
#ifndef AFFINITY_PARALLEL_TEAM_H
#define AFFINITY_PARALLEL_TEAM_H

#include "postgres.h"

#include "kernel/csr.h"

#define AFFINITY_TEAM_REGIONS	40	/* up to 64: see late */

typedef struct AffinityTeam AffinityTeam;

/*
 * The name is that of the exported function that is the body: workers find it
 * by name, as an address means nothing in another process.
 */
typedef struct AffinityJob
{
	const char *name;
	void		(*body) (AffinityTeam *team);
} AffinityJob;

/* AFFINITY_TEAM_JOB(job, body): static const AffinityJob job, of body. */
#define AFFINITY_TEAM_JOB(job, body) \
	extern PGDLLEXPORT void body(AffinityTeam *team); \
	static const AffinityJob job = {#body, body}

typedef struct AffinityTeamRequest
{
	const AffinityJob *job;
	int			max_workers;	/* -1: as settings allow; 0: none */
	int			n_regions;
	Size		size[AFFINITY_TEAM_REGIONS];
	double		seconds;		/* of one processor, roughly; 0: not known.
								 * Little work starts no or fewer workers */
	uint64		late;			/* bits of regions that are made when filled */
	uint64		raw;			/* bits of those that need not be zeroed */
} AffinityTeamRequest;

/* An ordered stream of chunks from all participants to the leader. */
typedef struct AffinityStream
{
	uint32		n_chunks;
	Size		slot_bytes;
	/* any participant: make a chunk; nothing may depend on who makes which */
	void		(*produce) (void *state, uint32 chunk, void *slot);
	/* leader: take it over, in the order of chunks */
	void		(*consume) (void *state, uint32 chunk, const void *slot);
	void	   *state;			/* the participant's own */
} AffinityStream;

/* leader, before */
extern int	affinity_parallel_allowed(void);
extern int	affinity_parallel_request_region(AffinityTeamRequest *request,
											 Size size);
extern int	affinity_parallel_request_matrix(AffinityTeamRequest *request,
											 const AffinityCsr *by_user,
											 const AffinityCsr *by_item);
extern AffinityTeam *affinity_parallel_begin(const AffinityTeamRequest *what);
extern void affinity_parallel_put_matrix(AffinityTeam *team, int handle,
										 AffinityCsr *by_user,
										 AffinityCsr *by_item);
extern void *affinity_parallel_copy(AffinityTeam *team, int region, int64 n,
									Size width);
extern void *affinity_parallel_keep(AffinityTeam *team, int region, int64 n,
									Size width);
extern void affinity_parallel_free_array(void *array);
extern void affinity_parallel_run(AffinityTeam *team, void *leader);
extern void affinity_parallel_end(AffinityTeam *team);

/* any participant */
extern void *affinity_parallel_region(AffinityTeam *team, int region);
extern void affinity_parallel_matrix(AffinityTeam *team,
									 int handle, AffinityCsr *by_user,
									 AffinityCsr *by_item);
extern void *affinity_parallel_leader(AffinityTeam *team);
extern int	affinity_parallel_participant(const AffinityTeam *team);
extern int	affinity_parallel_participants(const AffinityTeam *team);
extern void affinity_parallel_barrier(AffinityTeam *team);
extern bool affinity_parallel_next(AffinityTeam *team, uint32 n, uint32 piece,
								   uint32 *from, uint32 *to);

/* stream.c */
extern Size affinity_parallel_stream_bytes(Size slot_bytes);
extern void affinity_parallel_stream(AffinityTeam *team, int region,
									 const AffinityStream *stream);

#endif							/* AFFINITY_PARALLEL_TEAM_H */
