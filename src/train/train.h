/*
 * train.h
 *		Algorithms: what they can be told, and how they learn from
 *		interactions.
 *
 * An algorithm is one file and one row of the table in algorithm/. It reads a
 * matrix and puts one row per item into a sink, in order of item number.
 */
#ifndef AFFINITY_TRAIN_H
#define AFFINITY_TRAIN_H

#include "postgres.h"

#include "utils/jsonb.h"

#include "interaction/interaction.h"
#include "blas/blas.h"

/* ---- options ----------------------------------------------------------- */

typedef enum AffinityOptionType
{
	AFFINITY_OPTION_INT,		/* int32 */
	AFFINITY_OPTION_REAL,		/* double; NaN: "auto", where that is the
								 * default */
	AFFINITY_OPTION_ENUM,		/* int: index into values */
	AFFINITY_OPTION_INTERVAL	/* int64 microseconds; 0: none */
} AffinityOptionType;

typedef struct AffinityOption
{
	const char *name;
	AffinityOptionType type;
	size_t		offset;			/* in the algorithm's struct of options */
	const char *start;			/* default, as JSON */
	double		min;			/* numbers: range, both ends allowed */
	double		max;
	const char *const *values;	/* enum: names, NULL-terminated */
	const char *help;
} AffinityOption;

/* An option of a struct; type is INT, REAL, ENUM or INTERVAL. */
#define AFFINITY_OPTION(options, name, type, start, min, max, values, help) \
	{#name, AFFINITY_OPTION_##type, offsetof(options, name), start, min, max, \
		values, help}

/*
 * Option "seen" of algorithms that take no ratings: what of a user's pairs
 * is not recommended again.
 */
typedef enum AffinitySeen
{
	AFFINITY_SEEN_ALL,
	AFFINITY_SEEN_POSITIVE		/* those that count as interactions */
} AffinitySeen;

#define AFFINITY_OPTION_SEEN(options) \
	AFFINITY_OPTION(options, seen, ENUM, "\"all\"", 0, 0, \
		affinity_train_seen_names, \
		"what exclude_seen leaves out: all pairs of a user in the source, or those whose weights sum to more than 0: what was returned may come again")

/* Option "users" of all algorithms: see users.c. */
#define AFFINITY_USERS		"users"
#define AFFINITY_LEAST_USERS	0.0001

#define AFFINITY_OPTION_USERS(options) \
	AFFINITY_OPTION(options, users, REAL, "1", AFFINITY_LEAST_USERS, 1, NULL, \
		"part of the users that is trained on, by a hash of their ids in the source's own query; everybody is served")

/* What a summed weight counts, in the order of the names of item_knn. */
typedef enum AffinityWeights
{
	AFFINITY_WEIGHTS_AUTO,
	AFFINITY_WEIGHTS_BINARY,
	AFFINITY_WEIGHTS_LOG,
	AFFINITY_WEIGHTS_SQRT,
	AFFINITY_WEIGHTS_LINEAR,
	AFFINITY_WEIGHTS_SIGNED
} AffinityWeights;

/* The same for all algorithms in which the items of a user meet each other. */
#define AFFINITY_OPTION_MAX_HISTORY(options) \
	AFFINITY_OPTION(options, max_history, INT, "10000", 2, 1e9, NULL, \
		"items of a user that are trained on, the most recent ones where the source has times, else a fixed sample")

/* ---- times ------------------------------------------------------------- */

/* What the ages of a user's history are counted from. */
typedef enum AffinityReference
{
	AFFINITY_REFERENCE_NEWEST,	/* the user's newest row */
	AFFINITY_REFERENCE_NOW
} AffinityReference;

/*
 * How times enter. An algorithm that takes some of it has this in its struct
 * of options, and says where: AffinityAlgorithm.times.
 */
typedef struct AffinityTimes
{
	int64		half_life;		/* of what is trained on; 0: none */
	double		trend;			/* 0: none */
	int64		trend_half_life;	/* 0: from the times */
	int64		history_half_life;	/* 0: none */
	double		history_decay;	/* 1: none */
	int			history_reference;	/* AffinityReference */
} AffinityTimes;

/* Their descriptors, of a struct of options that has "times". */
#define AFFINITY_OPTION_TIME(options, name, type, start, min, max, values, help) \
	{#name, AFFINITY_OPTION_##type, offsetof(options, times.name), start, min, \
		max, values, help}

#define AFFINITY_OPTIONS_TRAINING_TIMES(options) \
	AFFINITY_OPTION_TIME(options, half_life, INTERVAL, "null", 0, 0, NULL, \
		"age at which an interaction counts half in training; needs a source with times"), \
	AFFINITY_OPTION_TIME(options, trend, REAL, "0", 0, 4, NULL, \
		"power of what an item is wanted lately, compared with all times, by which scores are multiplied: 0 not at all, 1 in proportion; needs times"), \
	AFFINITY_OPTION_TIME(options, trend_half_life, INTERVAL, "null", 0, 0, NULL, \
		"age at which an interaction counts half in the trend; null: 6 % of the median age")

#define AFFINITY_OPTIONS_HISTORY(options) \
	AFFINITY_OPTIONS_HISTORY_DECAY(options, "1")

/* The same where histories decay unless told otherwise. */
#define AFFINITY_OPTIONS_HISTORY_DECAY(options, decay) \
	AFFINITY_OPTION_TIME(options, history_half_life, INTERVAL, "null", 0, 0, NULL, \
		"age at which an item of a user's history counts half; needs a source with times"), \
	AFFINITY_OPTION_TIME(options, history_decay, REAL, decay, 0, 1, NULL, \
		"what each earlier item in a user's history counts of the one after it, those of one time the mean: 1 all the same; below 1 needs a source with times"), \
	AFFINITY_OPTION_TIME(options, history_reference, ENUM, "\"newest\"", 0, 0, \
		affinity_train_reference_names, \
		"history_half_life: age before the user's newest row, or before now()")

/* What makes a visit, and what earlier ones count: see repeat/rate.c. */
typedef struct AffinityRepeat
{
	int64		visit;			/* microseconds, above 0 */
	double		visit_decay;
	double		prior_visits;	/* above 0 */
} AffinityRepeat;

/* ---- what an algorithm yields ------------------------------------------ */

typedef struct AffinityItemRow
{
	uint32		item;			/* number */
	uint32		kind;			/* of events, whose list this is: rows of an
								 * item come for each kind, in order */
	uint32		n_users;		/* with such an event; 0 where there are no
								 * kinds */
	float		popularity;		/* for those without a history */
	uint32		n_neighbors;
	const int32 *neighbor;		/* numbers of items, best first */
	const float *score;
	uint32		n_factors;		/* 0: the algorithm has none */
	const float *factor;
	bool		users_wait;		/* in an update: the row keeps its number of
								 * users, and is due again */
} AffinityItemRow;

/* The row of an item that is as popular as it has users. */
static inline AffinityItemRow
affinity_train_item_row(const AffinityCsr *by_item, uint32 item)
{
	AffinityItemRow row = {.item = item};

	row.popularity = (float) (by_item->start[item + 1] -
							  by_item->start[item]);
	return row;
}

typedef struct AffinityItemSink
{
	void		(*put) (struct AffinityItemSink *sink,
						const AffinityItemRow *row);
	/* what scoring needs beside the items; at most once */
	void		(*parameters) (struct AffinityItemSink *sink,
							   const float *value, uint32 n);

	/*
	 * Workers that may be at work while rows are put, as for
	 * AffinityTeamRequest: 0 where putting a row runs users' functions, which
	 * may do what a leader of workers cannot.
	 */
	int			max_workers;
	/* popularity of all items, in place of the rows'; NULL: what rows have */
	const float *popularity;
	/* of each item, or NULL: how often it is had again */
	const float *repeat_rate;
	/* a figure of the version that is replaced; NaN where there is none */
	double		(*before) (struct AffinityItemSink *sink, const char *name);
	/* a figure, or a list of n, for the column "training" of affinity.models */
	void		(*figure) (struct AffinityItemSink *sink, const char *name,
						   const double *value, int n, bool list);
} AffinityItemSink;

/*
 * Lists on their way: a sink for an algorithm to put its rows into, whose lists
 * are changed before they go on.
 */
typedef struct AffinityKeptLists
{
	AffinityItemSink sink;
	AffinityItemSink *into;		/* where they go on to */
	uint32		n_items;
	uint32		n_kinds;
	float	   *popularity;		/* of each list; those of an item's kinds
								 * follow each other */
	uint32	   *n_users;		/* as rows have it */
	Size	   *start;			/* one more than lists */
	int32	   *item;
	float	   *weight;
	Size		room;
} AffinityKeptLists;

/* ---- scoring by factors ------------------------------------------------ */

/* Factors of all items, as serving holds them. */
typedef struct AffinityFactors
{
	uint32		n_items;
	uint32		width;			/* floats per item, as stored */
	size_t		stride;			/* floats from row to row: width rounded up to
								 * 16; the padding is 0, rows are 64-aligned */
	const float *item;
	const float *parameters;	/* what training gave the sink */
	uint32		n_parameters;
	Size		bytes;			/* of the items */
	const void *scan_area;		/* a copy to find the best by, see score.h;
								 * NULL: there is none */
	Size		scan_bytes;		/* of that */
} AffinityFactors;

/* An algorithm's own: what it needs to fold users in. */
typedef struct AffinityFold AffinityFold;

#include "train/update.h"

/* ---- an algorithm ------------------------------------------- */

typedef struct AffinityAlgorithm
{
	const char *name;
	const char *help;
	const AffinityOption *options;
	int			n_options;
	size_t		options_size;	/* of the algorithm's struct of options */
	bool		has_neighbors;	/* items have neighbors */
	bool		signed_scores;	/* neighbors' scores may be below 0 */
	bool		has_factors;	/* items have factors */
	bool		ratings;		/* weights are ratings: the mean of a pair's
								 * rows counts, whatever its sign */
	/* do sums of weights count whatever their sign; NULL: they do not */
	bool		(*signed_weights) (const void *options);
	/* less the user's mean? NULL: no */
	bool		(*centered) (const void *options);
	/* settle defaults that depend on other options, reject contradictions */
	void		(*check) (void *options);

	/* can it learn from several kinds of events? NULL: no */
	bool		(*takes_kinds) (const void *options);
	/* how times and weights enter, if at all, and how long histories may be */
	void		(*request) (const void *options, AffinityReadRequest *request);
	/* may release the matrix, but not the dictionaries */
	void		(*train) (AffinityInteractions *in, const void *options,
						  AffinityItemSink *sink);
	/* how a model is brought up to date without a training; NULL: it is not */
	AffinityUpdateWay (*update_way) (const void *options);
	/* is it of use to know which users have new rows, beside the whole? */
	bool		takes_changed;
	/* NULL: by nothing but the users of its items */
	void		(*update) (AffinityUpdate *update, const void *options);

	/*
	 * After that: lists of n items as a training would have them, from a
	 * matrix that has the whole histories of all their users; no are the
	 * numbers of its items in the model. NULL: it has no such lists.
	 */
	void		(*exact) (AffinityUpdate *update, const void *options,
						  AffinityInteractions *in, const uint32 *no,
						  const uint32 *item, uint32 n,
						  void (*take) (void *state,
										const AffinityItemRow *row),
						  void *state);
	/* does it learn from attributes of items? NULL: no */
	bool		(*attributes) (const void *options);
	/* is popularity the sum of weights? NULL: it is the number of users */
	bool		(*popular_by_weight) (const void *options);
	/* the part of its options that is about times; NULL: it has none */
	const AffinityTimes *(*times) (const void *options);

	/*
	 * Recommends what users have: how visits are counted. NULL: it recommends
	 * what is new.
	 */
	const AffinityRepeat *(*repeat) (const void *options);

	/*
	 * What a summed weight of a user's history counts in a score. Where times
	 * decay histories, these have what is left of that as their weights.
	 */
	double		(*history_weight) (const void *options, double weight);

	/*
	 * With factors: a user's vector from the summed weights of n items of the
	 * history; the score of an item is offset + user . item. False where
	 * nothing of it is usable. The model may have been written by anybody:
	 * its lengths are checked by fold_begin, which allocates in the current
	 * memory context.
	 */
	AffinityFold *(*fold_begin) (const void *options,
								 const AffinityFactors *factors);
	bool		(*fold_in) (AffinityFold *fold, const uint32 *item,
							const float *weight, uint32 n, float *user,
							float *offset);

	/*
	 * What each item of a history that can be folded in adds to the score of
	 * an item: count[i] * similarity[i]. Together that is user . item, less
	 * what does not come from single items (biases). May be NULL.
	 */
	void		(*fold_explain) (AffinityFold *fold, const uint32 *item,
								 const float *weight, uint32 n, uint32 target,
								 double *count, double *similarity);
	/* weight of an item that is given without one; NULL: 1 */
	float		(*fold_basket_weight) (const AffinityFold *fold);
	/* leading factors of an item that are biases: not what it is like */
	uint32		n_bias_factors;

	/*
	 * Make options mean what they mean of a source of so many users where it
	 * is trained on a part of its users, and as large a one of its items.
	 * NULL: they are the same.
	 */
	void		(*sampled) (void *options, double users, double part);
} AffinityAlgorithm;

/* train.c */
extern AffinityPairValue affinity_train_pair_value(const AffinityAlgorithm *algorithm,
												   const void *options);
extern bool affinity_train_signed_scores(const AffinityAlgorithm *algorithm,
										 const void *options);
extern bool affinity_train_centered(const AffinityAlgorithm *algorithm,
									const void *options);
extern void affinity_train_check_no_time(const AffinityAlgorithm *algorithm,
										 const void *options,
										 const AffinityReadRequest *request);
pg_noreturn extern void affinity_train_damaged(const char *model,
											   const char *what);

/* recency.c */
extern const char *const affinity_train_reference_names[];
extern const AffinityTimes *affinity_train_times(const AffinityAlgorithm *algorithm,
												 const void *options);
extern const char *affinity_train_needs_times(const AffinityAlgorithm *algorithm,
											  const void *options);
extern void affinity_train_request_times(const AffinityTimes *times,
										 AffinityReadRequest *request);
extern void affinity_train_decay_values(AffinityInteractions *in,
										const AffinityTimes *times);
extern void affinity_train_decay_history(const AffinityAlgorithm *algorithm,
										 const void *options,
										 const float *age, float *weight,
										 int64 n);

/* Are the weights of histories what is left of what they count? */
static inline bool
affinity_train_decays(const AffinityAlgorithm *algorithm, const void *options)
{
	const AffinityTimes *times = algorithm->times ?
		algorithm->times(options) : NULL;

	return times && (times->history_half_life > 0 || times->history_decay < 1);
}

/* lists.c */
extern void affinity_train_lists_keep(AffinityKeptLists *lists, uint32 n_items,
									  uint32 n_kinds, AffinityItemSink *into);

/* trend.c */
extern double affinity_train_usual_half_life(const float *age, int64 n);
extern const float *affinity_train_trend(const AffinityInteractions *in,
										 const AffinityTimes *times,
										 AffinityItemSink *sink);
extern void affinity_train_timely_popularity(const AffinityInteractions *in,
											 const AffinityTimes *times,
											 const float *trend,
											 bool is_signed,
											 AffinityItemSink *sink);

/* options.c */
extern const char *const affinity_train_seen_names[];
extern AffinitySeen affinity_train_seen(const AffinityAlgorithm *algorithm,
										const void *options);
extern void *affinity_train_options_parse(const AffinityAlgorithm *algorithm,
										  Jsonb *options);
extern const AffinityOption *affinity_train_option_find(const AffinityAlgorithm *algorithm,
														const JsonbValue *key,
														bool missing_ok);
extern void affinity_train_option_set(const AffinityOption *option,
									  const JsonbValue *value, char *base);
extern bool affinity_train_option_auto(const AffinityOption *option);
extern char *affinity_train_option_bound(double bound);
extern Jsonb *affinity_train_options_jsonb(const AffinityAlgorithm *algorithm,
										   const void *options);

/* users.c */
extern double affinity_train_users(const AffinityAlgorithm *algorithm,
								   const void *options);
extern char *affinity_train_users_member(double part);
extern char *affinity_train_users_condition(double part, const char *keyword,
											const char *column, Oid type);
extern bool *affinity_train_users_chosen(const AffinityDict *users, uint32 n,
										 double part);

/* weights.c */
extern double affinity_train_weight(int weights, double weight);
extern void affinity_train_center(float *val, int64 n);

/* blas.c: OpenBLAS, loaded on first need */
extern const AffinityBlas *affinity_train_blas(void);
extern void affinity_train_blas_ready(void);

/* popular.c */
extern bool affinity_train_is_faded(float left);
extern void affinity_train_tell_faded(const AffinityInteractions *in,
									  uint32 n, uint32 item);
extern const AffinityAlgorithm affinity_train_popular;

#endif							/* AFFINITY_TRAIN_H */
