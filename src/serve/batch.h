/*
 * batch.h
 *		Answers about all users: what the leader and the members of a team
 *		share; private to the room.
 *
 * The leader reads the interactions and the model, and puts what members need
 * into regions; members make chunks of users; the leader takes them over in
 * the order of users. Memory does not grow with the number of rows.
 */
#ifndef AFFINITY_SERVE_BATCH_H
#define AFFINITY_SERVE_BATCH_H

#include "kernel/panel.h"
#include "kernel/topk.h"
#include "parallel/team.h"
#include "serve/serve.h"

/* Users of a chunk at most: a multiple of 8, as panels want it. */
#define BATCH_USERS		256

/* Regions of the team, in this order. */
enum
{
	BATCH_SHARED,
	BATCH_OPTIONS,				/* the algorithm's struct */
	BATCH_POPULARITY,			/* real, by number */
	BATCH_BY_POPULARITY,		/* numbers, most popular first */
	BATCH_LISTS,				/* neighbours: a BatchList of each item */
	BATCH_LIST_ITEM,
	BATCH_LIST_SCORE,
	BATCH_FACTORS,				/* rows as in AffinityFactors */
	BATCH_PANELS,				/* the same in panels */
	BATCH_PARAMETERS,
	BATCH_STREAM,
	BATCH_N_REGIONS
};

typedef enum BatchTask
{
	BATCH_NEIGHBORS,			/* the best by neighbours */
	BATCH_BEST,					/* the best by factors */
	BATCH_ONE_ITEM				/* everybody's score for one, by factors */
} BatchTask;

/* The first region. */
typedef struct BatchShared
{
	char		algorithm[NAMEDATALEN];
	BatchTask	task;
	uint32		n_items;
	uint32		k;				/* not more than n_items */
	uint32		chunk_users;
	Size		slot_bytes;
	int			matrix;			/* handle; columns are items' numbers */
	/* factors */
	uint32		width;
	size_t		stride;
	uint32		n_parameters;
	double		max_norm;		/* of an item */
	uint32		wanted;			/* BATCH_ONE_ITEM */
} BatchShared;

/* Where an item's neighbours and their scores are. */
typedef struct BatchList
{
	Size		start;
	uint32		n;
} BatchList;

typedef struct BatchEntry
{
	uint32		no;
	float		score;
} BatchEntry;

/* What a user gets, in this order; k entries have room. */
typedef struct BatchUser
{
	uint32		n_before;		/* personalized */
	uint32		n_filled;		/* popular */
	uint32		n_after;		/* personalized, score below 0 */
	BatchEntry	entry[FLEXIBLE_ARRAY_MEMBER];
} BatchUser;

/* What a member has of its own. */
typedef struct BatchMember
{
	const BatchShared *shared;
	const AffinityAlgorithm *algorithm;
	const void *options;
	const float *popularity;
	const uint32 *by_popularity;
	AffinityCsr users;			/* rows: users, columns: items' numbers */
	uint32	   *mark;			/* by item: user + 1 for what is not popular
								 * enough, or not wanted, for that user */
	uint64	   *key;			/* room for n_items + 1 */
	uint64	   *scratch;
	float	   *score;			/* the same */

	/* BATCH_NEIGHBORS */
	const BatchList *lists;
	const int32 *list_item;
	const float *list_score;

	/* the others */
	AffinityFactors factors;
	ServeFold	fold;
	const float *panels;
	float	   *weight;			/* of one history */
	float	   *user;			/* rows of the chunk's users */
	float	   *offset;
	bool	   *usable;
	double	   *margin;			/* of the scores by panels */
	float	   *block;			/* scores of the chunk's users */
	AffinityNear *near;
	int64	   *seen;			/* next of the user's items to leave out */

	void	   *leader;			/* what consumes; NULL in workers */
} BatchMember;

static inline Size
affinity_score_batch_user_bytes(uint32 k)
{
	return offsetof(BatchUser, entry) + (Size) k * sizeof(BatchEntry);
}

static inline BatchUser *
affinity_score_batch_user(const BatchShared *shared, void *slot, uint32 user)
{
	return (BatchUser *) ((char *) slot + (user % shared->chunk_users) *
						  affinity_score_batch_user_bytes(shared->k));
}

/* Users of a chunk: from, and how many. */
static inline uint32
affinity_score_batch_chunk(const BatchMember *m, uint32 chunk, uint32 *from)
{
	*from = chunk * m->shared->chunk_users;
	return Min(m->users.n_rows - *from, m->shared->chunk_users);
}

/* batch_member.c: the job's body, and what it is made of */
extern PGDLLEXPORT void affinity_score_batch_member(AffinityTeam *team);
extern void affinity_score_batch_fill(BatchMember *m, uint32 user,
									  BatchUser *out, const uint64 *key,
									  size_t n);

/* batch_neighbors.c, batch_factors.c */
extern void affinity_score_batch_neighbors_begin(BatchMember *m,
												 AffinityTeam *team);
extern void affinity_score_batch_neighbors(void *state, uint32 chunk,
										   void *slot);
extern void affinity_score_batch_factors_begin(BatchMember *m,
											   AffinityTeam *team);
extern void affinity_score_batch_best(void *state, uint32 chunk, void *slot);
extern void affinity_score_batch_one_item(void *state, uint32 chunk,
										  void *slot);

/* batch.c: the leader's part */
typedef struct BatchLeader
{
	ServeCall  *call;
	const BatchShared *shared;
	AffinityDict *users;
	Datum	   *id;				/* of items, by number */
	MemoryContext chunk_context;
	uint32		k;				/* BATCH_ONE_ITEM: users wanted */
	AffinityTopK top;			/* the best so far */
	void		(*consume) (void *leader, uint32 chunk, const void *slot);
} BatchLeader;

extern void affinity_score_batch_run(BatchLeader *leader, BatchTask task,
									 uint32 k, uint32 wanted);

#endif							/* AFFINITY_SERVE_BATCH_H */
