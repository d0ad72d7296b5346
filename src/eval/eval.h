/*
 * eval.h
 *		How good lists are: rows split into what is trained on and what is
 *		tested on, models trained in memory, and metrics of their lists.
 *
 *		journal = affinity_eval_read(&source);		all rows, once
 *		split = affinity_eval_split(journal, &request);
 *		test = affinity_eval_test(split);
 *		... for each definition:
 *		affinity_eval_train(split, algorithm, options, attributes, &subject);
 *		result = affinity_eval_score(&subject, test, &want);
 *
 * A split is a byte beside each row and nothing that is trained on ever sees
 * another part: matrices are made of one part's rows. Everything is in the
 * current memory context: what repeats trials has one of its own for each and
 * deletes it. Nothing is changed by a trial, so that they may come in any
 * order; the same trial gives the same bits for any number of workers.
 *
 * A subject may be a stored model too (affinity_eval_stored), with everybody's
 * rows as they are now as histories.
 */
#ifndef AFFINITY_EVAL_H
#define AFFINITY_EVAL_H

#include "postgres.h"

#include "model/model.h"

/* ---- source.c: what is split or tested on ------------------------------ */

typedef struct AffinityEvalSource
{
	const char *select;			/* gives user_id, item_id, weight, at */
	bool		has_time;
	Oid			at_type;		/* timestamp or timestamptz */
	Oid			user_type;
	Oid			item_type;
	AffinityModel *model;		/* whose source it is; NULL: a query */
} AffinityEvalSource;

extern void affinity_eval_source_query(const char *query, const char *what,
									   AffinityEvalSource *source);
extern void affinity_eval_source_model(AffinityModel *model,
									   AffinityEvalSource *source);
extern AffinityJournal *affinity_eval_read(const AffinityEvalSource *source);
extern const struct AffinityAttributes *affinity_eval_attributes(const AffinityModel *model,
																 const AffinityAlgorithm *algorithm,
																 const void *options,
																 const AffinityEvalSource *source);

/* Pairs to be predicted, of users in the order of their ids. */
extern AffinityInteractions *affinity_eval_read_test(const AffinityEvalSource *source,
													 Oid user_type,
													 Oid item_type);

/* ---- split.c ----------------------------------------------------------- */

typedef enum AffinityEvalKind
{
	AFFINITY_EVAL_AUTO,			/* time where there are times, else users */
	AFFINITY_EVAL_TIME,			/* before a time, and from it on */
	AFFINITY_EVAL_USERS,		/* held-out users: their newest part */
	AFFINITY_EVAL_RANDOM,		/* some items of each user */
	AFFINITY_EVAL_LAST,			/* the newest item of each user */
	AFFINITY_EVAL_ALL			/* nothing is held out: tested by a query */
} AffinityEvalKind;

extern const char *const affinity_eval_kind_names[];

typedef struct AffinityEvalSplitRequest
{
	AffinityEvalKind kind;
	double		holdout;		/* part of rows, users or items */
	bool		has_as_of;
	int64		as_of;			/* TIME: from it on is tested */
	int64		seed;
} AffinityEvalSplitRequest;

/* Roles of a row: bits. */
#define AFFINITY_EVAL_TRAIN		0x01	/* is trained on */
#define AFFINITY_EVAL_HISTORY	0x02	/* is in the histories of test users */
#define AFFINITY_EVAL_TEST		0x04	/* is to be predicted */

typedef struct AffinityEvalSplit
{
	const AffinityJournal *journal;
	AffinityEvalKind kind;		/* never AUTO */
	int64		as_of;			/* TIME */
	uint8	   *role;			/* beside the journal's rows */
	int64		train_rows;
	int64		test_rows;
} AffinityEvalSplit;

extern AffinityEvalSplit *affinity_eval_split(const AffinityJournal *journal,
											  const AffinityEvalSplitRequest *request);
extern void affinity_eval_end(AffinityEvalSplit *split, int64 end);
extern AffinityEvalSplit *affinity_eval_thin(const AffinityEvalSplit *split,
											 double users, double items,
											 int64 seed);
extern void affinity_eval_test_users(AffinityEvalSplit *split, double from,
									 double to, int64 seed);
extern AffinityInteractions *affinity_eval_test(const AffinityEvalSplit *split);
extern void affinity_eval_sample(AffinityInteractions *test, int64 users,
								 int64 seed);

/* ---- subject.c: what is measured ---------------------------------------- */

/*
 * A model with the histories it answers from; a batch without limit on how
 * often it is scored.
 */
typedef struct AffinityEvalSubject
{
	AffinityBatch batch;		/* histories and seen: of all users */
	AffinityScorer scorer;
	const Datum *item_id;		/* by number */
	uint32		n_sorted;		/* which are in order up to here */
	AffinityDict *users;		/* of the histories */
	AffinityKindSums kinds;		/* where events are of several kinds */
	bool		all_seen;
} AffinityEvalSubject;

extern void affinity_eval_train(const AffinityEvalSplit *split,
								const AffinityAlgorithm *algorithm,
								const void *options,
								const struct AffinityAttributes *attributes,
								AffinityEvalSubject *subject);
extern void affinity_eval_stored(AffinityModel *model,
								 AffinityEvalSubject *subject);

/* ---- score.c, metric.c -------------------------------------------------- */

typedef enum AffinityEvalMetric
{
	/* of a user's hits: for all, new and repeat items to be predicted */
	AFFINITY_EVAL_RECALL,
	AFFINITY_EVAL_PRECISION,
	AFFINITY_EVAL_NDCG,
	AFFINITY_EVAL_MAP,
	AFFINITY_EVAL_MRR,
	AFFINITY_EVAL_HIT_RATE,
	AFFINITY_EVAL_N_HITS,
	/* of a user's list */
	AFFINITY_EVAL_NOVELTY = AFFINITY_EVAL_N_HITS,
	AFFINITY_EVAL_POPULARITY,
	AFFINITY_EVAL_N_BY_K,
	/* of a user's ranking of all items: no k */
	AFFINITY_EVAL_AUC = AFFINITY_EVAL_N_BY_K,
	AFFINITY_EVAL_N_BY_USER,
	/* of all lists together */
	AFFINITY_EVAL_COVERAGE = AFFINITY_EVAL_N_BY_USER,
	AFFINITY_EVAL_GINI,
	AFFINITY_EVAL_N_METRICS
} AffinityEvalMetric;

extern const char *const affinity_eval_metric_names[];

/* Which of the items to be predicted. */
typedef enum AffinityEvalTargets
{
	AFFINITY_EVAL_ALL_ITEMS,
	AFFINITY_EVAL_NEW_ITEMS,	/* not in the user's history */
	AFFINITY_EVAL_REPEAT_ITEMS, /* in it */
	AFFINITY_EVAL_N_TARGETS
} AffinityEvalTargets;

extern const char *const affinity_eval_target_names[];

typedef struct AffinityEvalWant
{
	int			n_k;
	const uint32 *k;			/* ascending */
	uint32		metrics;		/* bits by AffinityEvalMetric */
	bool		with_seen;		/* lists may hold what users have already */
} AffinityEvalWant;

#define AFFINITY_EVAL_WANTS(want, metric) \
	(((want)->metrics >> (metric) & 1) != 0)

/*
 * Values of each user by metric, k and targets (a slot), NaN where the user
 * has nothing to be measured by.
 */
typedef struct AffinityEvalResult
{
	AffinityEvalWant want;
	uint32		n_users;		/* of the test */
	bool	   *has_history;	/* by user */
	int			n_slots;
	float	   *value;			/* slot * n_users + user */
	double	   *sum;			/* by slot, of exact values */
	uint32	   *count;			/* by slot: users with a value */
	double	   *coverage;		/* by k */
	double	   *gini;
	bool		any_repeat;		/* some user has such a target */
	bool		any_seen;		/* lists may hold what users have already */
} AffinityEvalResult;

/* Where a metric's values are; k is an index. */
static inline int
affinity_eval_slot(const AffinityEvalWant *want, AffinityEvalMetric metric,
				   int k, AffinityEvalTargets targets)
{
	if (metric == AFFINITY_EVAL_AUC)
		return want->n_k * (AFFINITY_EVAL_N_TARGETS * AFFINITY_EVAL_N_HITS +
							AFFINITY_EVAL_N_BY_K - AFFINITY_EVAL_N_HITS);
	if (metric >= AFFINITY_EVAL_N_HITS)
		return want->n_k * AFFINITY_EVAL_N_TARGETS * AFFINITY_EVAL_N_HITS +
			(metric - AFFINITY_EVAL_N_HITS) * want->n_k + k;
	return ((int) targets * want->n_k + k) * AFFINITY_EVAL_N_HITS +
		(int) metric;
}

static inline int
affinity_eval_n_slots(const AffinityEvalWant *want)
{
	return affinity_eval_slot(want, AFFINITY_EVAL_AUC, 0, 0) + 1;
}

/* The mean of a slot, NaN where no user has a value. */
static inline double
affinity_eval_mean(const AffinityEvalResult *result, int slot)
{
	return result->count[slot] > 0 ?
		result->sum[slot] / result->count[slot] : NAN;
}

extern AffinityEvalResult *affinity_eval_score(const AffinityEvalSubject *subject,
											   const AffinityInteractions *test,
											   const AffinityEvalWant *want);

/* ---- plan.c: arguments that other functions have too -------------------- */

extern void affinity_eval_split_args(FunctionCallInfo fcinfo, int first,
									 AffinityEvalSplitRequest *request);
extern int64 affinity_eval_moment_arg(FunctionCallInfo fcinfo, int arg,
									  Oid at_type);
extern AffinityEvalMetric affinity_eval_goal_arg(FunctionCallInfo fcinfo,
												 int arg);
extern uint32 affinity_eval_k(int64 k);

#endif							/* AFFINITY_EVAL_H */
