/*
 * train.h
 *		Algorithms: what they can be told, and how they learn from interactions.
 *
 * An algorithm is one file and one row of the table in method.c. It reads a
 * matrix and puts one row per item into a sink, in order of item number.
 */
#ifndef AFFINITY_TRAIN_H
#define AFFINITY_TRAIN_H

#include "postgres.h"

#include "utils/jsonb.h"

#include "interaction/interaction.h"

/* ---- options ----------------------------------------------------------- */

typedef enum AffinityOptionType
{
	AFFINITY_OPTION_INT,		/* int32 */
	AFFINITY_OPTION_REAL,		/* double */
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

/* ---- what an algorithm yields ------------------------------------------ */

typedef struct AffinityItemRow
{
	uint32		item;			/* number */
	float		popularity;		/* for those without a history */
	uint32		n_neighbors;
	const int32 *neighbor;		/* numbers of items, best first */
	const float *score;
} AffinityItemRow;

typedef struct AffinityItemSink
{
	void		(*put) (struct AffinityItemSink *sink,
						const AffinityItemRow *row);
} AffinityItemSink;

/* ---- the table of methods ---------------------------------------------- */

typedef struct AffinityMethod
{
	const char *name;
	const char *help;
	const AffinityOption *options;
	int			n_options;
	size_t		options_size;	/* of the algorithm's struct of options */
	bool		has_neighbors;	/* items have neighbours; else only popularity */
	/* settle defaults that depend on other options, reject contradictions */
	void		(*check) (void *options);
	/* how times enter, if at all: sets recency and half_life */
	void		(*request) (const void *options, AffinityReadRequest *request);
	void		(*train) (const AffinityInteractions *in, const void *options,
						  AffinityItemSink *sink);
	/* what a summed weight of a user's history counts in a score */
	double		(*history_weight) (const void *options, double weight);
} AffinityMethod;

extern const AffinityMethod *affinity_method(const char *name);
extern const AffinityMethod *affinity_method_number(int no);

/* options.c */
extern void *affinity_options_parse(const AffinityMethod *method,
									Jsonb *options);
extern Jsonb *affinity_options_to_jsonb(const AffinityMethod *method,
										const void *options);

/* popular.c, item_knn.c */
extern const AffinityMethod affinity_popular;
extern const AffinityMethod affinity_item_knn;

#endif							/* AFFINITY_TRAIN_H */
