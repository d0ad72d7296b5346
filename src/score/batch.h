/*
 * batch.h
 *		Answers about all users: what the leader and the participants of a
 *		team share; private to the room.
 *
 * The leader puts what participants need into regions; participants make
 * chunks of users; the leader takes them over in the order of users. Memory
 * does not grow with the number of rows.
 */
#ifndef AFFINITY_SCORE_BATCH_H
#define AFFINITY_SCORE_BATCH_H

#include "kernel/panel.h"
#include "parallel/team.h"
#include "score/ranker.h"

/* Users of a chunk at most: a multiple of 8, as panels want it. */
#define BATCH_USERS		256

/* Regions of the team, in this order. */
enum
{
	BATCH_SHARED,
	BATCH_OPTIONS,				/* the algorithm's struct */
	BATCH_POPULAR,				/* numbers, most popular first */
	BATCH_POPULARITY,			/* real, beside them */
	BATCH_PLACES,				/* an AffinityListPlace of each list */
	BATCH_LIST_ITEM,
	BATCH_LIST_SCORE,
	BATCH_FACTORS,				/* rows as in AffinityFactors */
	BATCH_PANELS,				/* the same in panels */
	BATCH_PARAMETERS,
	BATCH_CHANCE,				/* beside the matrix, where there are repeats */
	BATCH_STREAM,
	BATCH_ALLOWED,				/* as in AffinityRules */
	BATCH_FACTOR,				/* double, by number: those that rules make */
	BATCH_GROUP,
	BATCH_PINNED,
	BATCH_ITEM_POPULARITY,		/* by number; where something is pinned */
	BATCH_USER_HASH,
	BATCH_COLUMN_ITEM,			/* number of each column of the panels */
	BATCH_COLUMN,				/* the first column of a number or more */
	BATCH_UP,					/* factor by column, and what scores below 0 */
	BATCH_DOWN,					/* are multiplied by */
	BATCH_FIRST,				/* the arrays of AffinityFirstLists */
	BATCH_N_REGIONS
};

typedef enum BatchTask
{
	BATCH_RANK,					/* each user's list, by lists */
	BATCH_RANK_BY_FACTORS,
	BATCH_ONE_ITEM				/* everybody's score for one, by factors */
} BatchTask;

/* The first region. */
typedef struct BatchShared
{
	char		algorithm[NAMEDATALEN];
	BatchTask	task;
	uint32		n_items;
	uint32		n_kinds;
	double		kind_factor[AFFINITY_MOST_KINDS];
	uint32		k;				/* not more than n_items */
	double		repeat;			/* share of repeats */
	uint32		chunk_users;
	Size		slot_bytes;
	int			matrix;			/* handle; columns are items' numbers */
	bool		with_seen;		/* nothing is left out of a list */
	bool		with_histories; /* only what is seen beside them */
	bool		has_rules;
	bool		has_factor;		/* rules change scores */
	double		most_factor;
	AffinityRules rules;		/* without what it points to */
	uint32		n_popular;
	uint32		n_first;		/* lists that come before these */
	bool		has_seen;
	int			seen;			/* the same, of what else is seen */
	/* factors */
	uint32		width;
	size_t		stride;
	uint32		n_parameters;
	double		max_norm;		/* of an item */
	double		scale;			/* the most by which rules multiply a score */
	uint32		n_columns;		/* of the panels */
	bool		some_columns;	/* they are some of the items */
	uint32		wanted;			/* BATCH_ONE_ITEM */
} BatchShared;

/* What consumes: NULL in workers. */
typedef struct BatchLeader BatchLeader;

/* What a participant has of its own. */
typedef struct BatchParticipant
{
	const BatchShared *shared;
	AffinityScorer scorer;
	AffinityRanker *ranker;
	AffinityPopular popular;
	AffinityOffer offer;		/* the same, after the user's first list */
	AffinityFirstLists first;
	int32		list;			/* the user's; below 0: none */
	int32		made;			/* the list that was offered last, with what */
	int64		n_made;			/* follows; at least so many */
	AffinityPopular offered;
	uint32	   *offered_item;	/* room for all items */
	float	   *offered_score;
	uint8	   *offered_mark;	/* bits by number, 0 but for a moment */
	AffinityRules rules;
	const uint64 *user_hash;
	AffinityCsr users;			/* rows: users, columns: items' numbers */
	AffinityCsr seen;			/* what else they have; n_rows is 0 where that
								 * is nothing, of nobody */
	const float *chance;		/* beside the users' entries */
	uint32	   *excluded;		/* both, of one user */
	uint32		room;

	/* by factors */
	AffinityFactors factors;
	ScoreFold  *fold;			/* the ranker's */
	const float *panels;
	float	   *user;			/* rows of the chunk's users */
	float	   *offset;
	bool	   *usable;
	double	   *margin;			/* of the scores by panels */
	const uint32 *column_item;	/* NULL: columns are numbers */
	const uint32 *column;
	const float *up;
	const float *down;
	uint32		prefix;			/* how many of the best are chosen */
	float	   *block;			/* scores of the chunk's users */
	AffinityNear *near;			/* NULL: all scores are made exactly */
	int64	   *next;			/* of the user's items to leave out */
	int64	   *next_seen;

	BatchLeader *leader;
} BatchParticipant;

static inline AffinityRanking *
affinity_score_batch_ranking(const BatchShared *shared, void *slot,
							 uint32 user)
{
	return (AffinityRanking *) ((char *) slot + (user % shared->chunk_users) *
								affinity_score_ranking_bytes(shared->k));
}

/* Users of a chunk: from, and how many. */
static inline uint32
affinity_score_batch_chunk(const BatchShared *shared, uint32 n_users,
						   uint32 chunk, uint32 *from)
{
	*from = chunk * shared->chunk_users;
	return Min(n_users - *from, shared->chunk_users);
}

/* A user's row of the matrix. */
static inline AffinityHistory
affinity_score_batch_history(const BatchParticipant *m, uint32 user)
{
	const AffinityCsr *users = &m->users;
	int64		start = users->start[user];
	AffinityHistory history = {0};

	history.n = (uint32) (users->start[user + 1] - start);
	history.item = users->col + start;
	history.weight = users->val ? users->val + start : NULL;
	if (m->shared->repeat > 0)
		history.chance = m->chance + start;
	return history;
}

/* batch_rules.c: what rules need in the regions */
extern void affinity_score_batch_rules_sizes(const AffinityBatch *batch,
											 Size *size);
extern void affinity_score_batch_put_rules(const AffinityBatch *batch,
										   AffinityTeam *team,
										   BatchShared *shared);
extern void affinity_score_batch_find_rules(BatchParticipant *m,
											AffinityTeam *team);

/* batch_first.c: lists of popular items that come first */
extern void affinity_score_batch_first_sizes(const AffinityBatch *batch,
											 Size *size);
extern void affinity_score_batch_put_first(const AffinityBatch *batch,
										   AffinityTeam *team,
										   BatchShared *shared);
extern void affinity_score_batch_find_first(BatchParticipant *m,
											AffinityTeam *team);
extern void affinity_score_batch_first_of(BatchParticipant *m, uint32 user);
extern AffinityPopular affinity_score_batch_offer(void *state, int64 n);

/* batch.c: the leader's part */
extern void affinity_score_batch_consume(BatchLeader *leader, uint32 chunk,
										 const void *slot);

/* batch_participant.c */
extern AffinitySelection affinity_score_batch_selection(BatchParticipant *m,
														uint32 user,
														const AffinityHistory *history);

/* batch_factors.c */
extern void affinity_score_batch_factors_begin(BatchParticipant *m,
											   AffinityTeam *team);
extern void affinity_score_batch_rank_by_factors(void *state, uint32 chunk,
												 void *slot);
extern void affinity_score_batch_one_item(void *state, uint32 chunk,
										  void *slot);

#endif							/* AFFINITY_SCORE_BATCH_H */
