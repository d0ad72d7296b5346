/*
 * score.h
 *		Scores and rankings from lists or factors in memory, wherever these
 *		came from: a stored model, shared memory, a training just done.
 *
 * A scorer names an algorithm, its options and what it learned. Items are
 * numbers from 0 to n_items - 1; ids are the caller's. A ranker makes the
 * list of one user after the other:
 *
 *		AffinityRanker *ranker = affinity_score_ranker(&scorer);
 *
 *		affinity_score_recommend(ranker, &history, &selection, &offer, ranking);
 *
 * Popular items are asked for when they are needed, because reading them may
 * cost more than the ranking. The order of the list is in rank.c alone; rules
 * arrange it anew in arrange.c. A batch (affinity_score_batch_recommend) ranks
 * for all users of a matrix on a team of parallel workers, each with a ranker:
 * a user gets the same rows, to the last bit.
 *
 * Nothing that comes from tables is trusted further than the caller checked
 * it: numbers of items in range, scores and factors finite.
 */
#ifndef AFFINITY_SCORE_H
#define AFFINITY_SCORE_H

#include "postgres.h"

#include <float.h>

#include "kernel/topk.h"
#include "train/train.h"

/* ---- what there is to score with --------------------------------------- */

/* Items that are like an item, and how much. */
typedef struct AffinityList
{
	uint32		n;
	const int32 *item;			/* numbers */
	const float *score;
} AffinityList;

/* Lists of all items, in one piece. */
typedef struct AffinityListPlace
{
	Size		start;
	uint32		n;
} AffinityListPlace;

typedef struct AffinityLists
{
	const AffinityListPlace *place; /* by number of the item */
	const int32 *item;
	const float *score;
} AffinityLists;

#define AFFINITY_LISTS_AT_ONCE	1024

typedef struct AffinityScorer
{
	const AffinityAlgorithm *algorithm;
	const void *options;		/* the algorithm's struct */
	uint32		n_items;
	uint32		n_kinds;		/* of events; up to 1: there are no kinds */
	double		kind_factor[AFFINITY_MOST_KINDS];	/* what an event of each
													 * counts */
	AffinityLists lists;		/* not needed where histories bring theirs */
	const AffinityFactors *factors; /* where the algorithm has factors */

	/*
	 * The lists of n items, ascending by number, at most
	 * AFFINITY_LISTS_AT_ONCE; valid until the next call. Asked for by
	 * diversity where there are no lists above.
	 */
	void		(*read_lists) (void *reader, const uint32 *no, uint32 n,
							   AffinityList *list);
	void	   *reader;
} AffinityScorer;

/*
 * What is known of a user: items, ascending by number. Where events are of
 * several kinds, one of kind k with item i has the number k * n_items + i: the
 * items that the user has, those of kind 0, come first.
 */
typedef struct AffinityHistory
{
	uint32		n;
	const uint32 *item;
	const float *weight;		/* summed by item; NULL: 1 each */
	bool		is_basket;		/* items without weights of their own */
	const float *chance;		/* to have each item again, 0 to 1; needed
								 * where repeats are wanted */
	const AffinityList *list;	/* of each item; NULL: what follows */

	/* The list of item i, asked for in order; NULL: the scorer's. */
	AffinityList (*read_list) (void *reader, uint32 i);
	void	   *reader;
} AffinityHistory;

/* How many lists there are, one for each item and kind of event. */
static inline uint32
affinity_score_n_sources(const AffinityScorer *scorer)
{
	return scorer->n_items * Max(scorer->n_kinds, 1);
}

/* How many entries of a history are items that the user has. */
static inline uint32
affinity_score_n_had(const AffinityHistory *history, uint32 n_items)
{
	uint32		n = history->n;

	while (n > 0 && history->item[n - 1] >= n_items)
		n--;
	return n;
}

/*
 * A sum as the real that is shown and compared: weights may be huge, or so
 * small that a real would be 0.
 */
static inline float
affinity_score_of_sum(double sum)
{
	return affinity_interaction_weight(Max(Min(sum, FLT_MAX), -FLT_MAX));
}

/* ---- kinds.c: events of several kinds ---------------------------------- */

/* Of the lists of each kind, each as often as it has users. */
typedef struct AffinityKindSums
{
	double		sum[AFFINITY_MOST_KINDS];	/* of their scores */
	double		users[AFFINITY_MOST_KINDS];
} AffinityKindSums;

extern void affinity_score_kind_add(AffinityKindSums *sums,
									const AffinityItemRow *row);
extern void affinity_score_kind_factors(const AffinityKindSums *sums, int n,
										const double *weight, double *factor);

/* ---- rank.c: one user's list ------------------------------------------- */

/*
 * Rules over a list, the same for all users: what they mean stands in rules.c.
 * Arrays by number have n_items entries. What does not keep to the ranges
 * given here is the caller's mistake.
 */
typedef struct AffinityRules
{
	const uint8 *allowed;		/* bits by number: item i is that of 1 << (i %
								 * 8) in byte i / 8; NULL: all are allowed */
	const float *factor;		/* boost by number, finite, above 0; NULL: 1
								 * each */
	const float *popularity;	/* by number; needed where there is a penalty
								 * or something is pinned */
	const int32 *group;			/* by number, from 0 to n_groups - 1, or below
								 * 0: of none; NULL: none has one */
	uint32		n_groups;
	uint32		max_per_group;	/* 0: no limit */
	double		penalty;		/* on popularity, 0 to 1 */
	double		diversity;		/* 0 to 1 */
	double		exploration;	/* 0 to 1 */
	int64		seed;
	double		min_score;		/* -INFINITY: none */
	uint32		after_rank;
	uint32		n_pinned;
	const uint32 *pinned;		/* numbers, in order: allowed, each once */
	const float *pinned_popularity; /* beside them; NULL: that above */
} AffinityRules;

static inline bool
affinity_score_is_allowed(const AffinityRules *rules, uint32 no)
{
	return rules->allowed == NULL || (rules->allowed[no / 8] >> (no % 8) & 1);
}

/* What a user wants. */
typedef struct AffinitySelection
{
	uint32		k;
	uint32		n_excluded;
	const uint32 *excluded;		/* ascending numbers, perhaps repeated */
	uint32		n_candidates;
	const uint32 *candidate;	/* ascending numbers; NULL: all items */
	double		repeat;			/* share of repeats; with one above 0 the
								 * history need not be excluded from what is
								 * new */
	const AffinityRules *rules; /* NULL: none */
	uint64		user_hash;		/* of seed and user, for exploration */
} AffinitySelection;

/* Sorts numbers, as excluded ones want it. */
static inline int
affinity_score_compare(const void *a, const void *b)
{
	uint32		x = *(const uint32 *) a;
	uint32		y = *(const uint32 *) b;

	return x < y ? -1 : x > y;
}

/*
 * Items to fill up with, most popular first. With rules they are those that
 * are allowed, and popularity is what the rules make of it.
 */
typedef struct AffinityPopular
{
	uint32		n;
	const uint32 *item;
	const float *popularity;
} AffinityPopular;

/* Gives the n first of them, or more, when they are asked for. */
typedef struct AffinityOffer
{
	AffinityPopular (*popular) (void *state, int64 n);
	void	   *state;
} AffinityOffer;

typedef struct AffinityRanked
{
	uint32		no;
	float		score;
	bool		personalized;	/* it is there for the user's history, and not
								 * only popular */
} AffinityRanked;

/* The list, in this order. */
typedef struct AffinityRanking
{
	uint32		n;
	AffinityRanked entry[FLEXIBLE_ARRAY_MEMBER];	/* room for k */
} AffinityRanking;

static inline Size
affinity_score_ranking_bytes(uint32 k)
{
	return offsetof(AffinityRanking, entry) + k * sizeof(AffinityRanked);
}

typedef struct AffinityRanker AffinityRanker;

extern AffinityRanker *affinity_score_ranker(const AffinityScorer *scorer);
extern void affinity_score_recommend(AffinityRanker *ranker,
									 const AffinityHistory *history,
									 const AffinitySelection *selection,
									 const AffinityOffer *offer,
									 AffinityRanking *ranking);

/* rules.c */
extern double affinity_score_factor(const AffinityRules *rules, uint32 no);
extern AffinityPopular affinity_score_popular(const AffinityRules *rules,
											  const float *popularity,
											  const uint32 *item, uint32 n,
											  int64 wanted);
extern uint64 affinity_score_user_hash(int64 seed, const char *user, Size len);

/* ---- batch.c: all users at once ---------------------------------------- */

/*
 * Lists of popular items, of which one may come before all others for a user.
 * With rules they are as affinity_score_popular has them.
 */
typedef struct AffinityFirstLists
{
	uint32		n;
	const int64 *start;			/* of each in the arrays, and the end */
	const uint32 *item;			/* none is there twice in a list */
	const float *score;
	const float *pinned;		/* what pinned items have in each list; NULL:
								 * nothing is pinned */
	const int32 *of_user;		/* by user: which; below 0: none */
} AffinityFirstLists;

/* Takes lists over, see below. */
typedef struct AffinityListTaker AffinityListTaker;

typedef struct AffinityBatch
{
	const AffinityScorer *scorer;	/* without lists */
	const float *popularity;	/* by number */
	double		repeat;			/* share of repeats */
	const float *chance;		/* beside the histories' entries; needed where
								 * that is above 0 */

	/*
	 * Lists, where the algorithm has no factors: they are asked for once, and
	 * given one by one, in any order, to affinity_score_take_list.
	 */
	void		(*put_lists) (void *source, AffinityListTaker *taker);
	void	   *source;
	Size		list_entries;	/* in all lists together, or more */

	/*
	 * The users' histories: columns are items' numbers. Arrays of the matrix
	 * are gone when the batch is done.
	 */
	AffinityInteractions *histories;

	/* what else they have seen, by user; NULL: nothing, of nobody */
	AffinityInteractions *seen;

	bool		with_seen;		/* what is seen may be in lists too */
	bool		with_histories; /* only what is beside histories may not */
	const AffinityRules *rules; /* NULL: none */
	const AffinityFirstLists *first;	/* NULL: none */
	const uint64 *user_hash;	/* by user; needed where rules explore */
} AffinityBatch;

/* A user's list; users come in order. SQL cannot be run from here. */
typedef void (*AffinityTakeRanking) (void *state, uint32 user,
									 const AffinityRanking *ranking);

extern void affinity_score_take_list(AffinityListTaker *taker, uint32 no,
									 const AffinityList *list);
extern Size affinity_score_batch_bytes(const AffinityScorer *scorer,
									   Size list_entries);
extern void affinity_score_batch_recommend(const AffinityBatch *batch,
										   uint32 k, AffinityTakeRanking take,
										   void *state);
extern void affinity_score_batch_audience(const AffinityBatch *batch,
										  uint32 item, uint32 k,
										  AffinityTopK *top);

/* ---- scan.c: the best by factors without scoring all -------------------- */

extern Size affinity_score_scan_bytes(uint32 n_items, uint32 width);
extern bool affinity_score_scan_make(const AffinityAlgorithm *algorithm,
									 const AffinityFactors *factors,
									 void *area);

/* ---- similar.c: what is like an item or a user ------------------------- */

/* Rank keys of numbers of items or users, best first. */
extern void affinity_score_similar_items(const AffinityScorer *scorer,
										 uint32 item, const AffinityList *list,
										 uint32 k, AffinityTopK *top);
extern void affinity_score_similar_users(const AffinityScorer *scorer,
										 const AffinityCsr *users, uint32 self,
										 uint32 k, AffinityTopK *top,
										 uint32 *common);
extern void affinity_score_audience(const AffinityScorer *scorer,
									const AffinityCsr *users,
									const float *similarity, uint32 item,
									uint32 k, AffinityTopK *top);

/* ---- explain.c: why ---------------------------------------------------- */

/* Beside a history's items: contributions are count * similarity. */
typedef struct AffinityReasons
{
	double	   *count;			/* what the item counts */
	double	   *similarity;		/* to the wanted item; 0: none */
	double		total;			/* of contributions without their signs */
	AffinityTopK top;			/* contributions, by index in the history */
} AffinityReasons;

extern void affinity_score_reasons(const AffinityScorer *scorer,
								   const AffinityHistory *history, uint32 item,
								   uint32 k, AffinityReasons *reasons);

#endif							/* AFFINITY_SCORE_H */
