/*
 * team_state.h
 *		What a team is made of; for team.c, region.c and stream.c only.
 */
#ifndef AFFINITY_PARALLEL_TEAM_STATE_H
#define AFFINITY_PARALLEL_TEAM_STATE_H

#include "port/atomics.h"
#include "storage/barrier.h"
#include "storage/condition_variable.h"
#include "storage/dsm.h"

#include "parallel/team.h"

#define AFFINITY_TEAM_ALIGN		64
#define AFFINITY_TEAM_QUERY		1024	/* bytes shown of the leader's query */

/*
 * Where participants find a region: in a segment of its own, or in the first.
 */
typedef struct SharedRegion
{
	Size		size;
	Size		offset;			/* in the first segment, without one of its
								 * own */
	dsm_handle	handle;
	bool		own;
} SharedRegion;

/* At the start of the first segment. */
typedef struct TeamShared
{
	char		body[NAMEDATALEN];	/* name of the exported function */
	char		query[AFFINITY_TEAM_QUERY];
	ConditionVariable counted;	/* workers wait for participants to be known */
	pg_atomic_uint32 participants;	/* 0: not yet known */
	Barrier		barrier;

	/*
	 * Work handed out in phases of even and of odd number: the counter of a
	 * phase that is over is set back while nobody uses it.
	 */
	pg_atomic_uint64 next[2];
	int			n_regions;
	SharedRegion region[AFFINITY_TEAM_REGIONS];
} TeamShared;

typedef struct Region
{
	void	   *address;		/* NULL: not filled yet */
	dsm_segment *segment;		/* its own, if any */
	void	   *local;			/* to be freed: memory of this backend's own */
} Region;

struct AffinityTeam
{
	const AffinityJob *job;		/* leader */
	void	   *leader;
	int			workers;		/* that are to be started; 0: all is local */
	int			participant;
	int			participants;
	uint64		phase;			/* barriers passed */
	TeamShared *shared;
	dsm_segment *segment;		/* where shared is; NULL: local memory */
	void	   *local;			/* to be freed: that local memory */
	Region		region[AFFINITY_TEAM_REGIONS];
};

/* region.c */
extern dsm_segment *affinity_parallel_segment(AffinityTeam *team, Size size);
extern void affinity_parallel_alloc(AffinityTeam *team,
									const AffinityTeamRequest *request);
extern void affinity_parallel_attach(AffinityTeam *team, dsm_handle handle);
extern void affinity_parallel_free(AffinityTeam *team);

/* kept.c */
extern dsm_segment *affinity_parallel_take_kept(void *array);

#endif							/* AFFINITY_PARALLEL_TEAM_STATE_H */
