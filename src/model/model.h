/*
 * model.h
 *		A model: a schema with an "interactions" view, an "items" table and
 *		one row in a "model" table, whose type marks the schema as a model.
 */
#ifndef AFFINITY_MODEL_H
#define AFFINITY_MODEL_H

#include "postgres.h"

#include "executor/spi.h"

#include "train/train.h"

/* Queries that serving runs often; their plans are kept with the model. */
typedef enum AffinityModelQuery
{
	AFFINITY_QUERY_HISTORY,		/* user -> item_id, weight */
	AFFINITY_QUERY_ITEMS_BY_ID, /* item_id[] -> item rows */
	AFFINITY_QUERY_IDS_BY_NO,	/* item_no[] -> item_no, item_id, popularity */
	AFFINITY_QUERY_NOS_BY_ID,	/* item_id[] -> item_no, item_id, popularity */
	AFFINITY_QUERY_POPULAR,		/* limit -> item_no, item_id, popularity */
	AFFINITY_N_QUERIES
} AffinityModelQuery;

/*
 * What a backend knows of one version of a model. Immutable but for the
 * plans, which the plan cache keeps valid.
 */
typedef struct AffinityModel
{
	Oid			relation;		/* of the "model" table: the cache's key */
	Oid			schema;
	char	   *schema_name;	/* as it was when the plans were made */
	int64		version;
	const AffinityAlgorithm *algorithm;
	void	   *options;		/* the algorithm's struct */
	Oid			user_type;
	Oid			item_type;
	uint32		n_items;		/* items are numbered 0 to n_items - 1 */
	MemoryContext context;
	int			pins;			/* calls that use it now */
	bool		replaced;		/* no longer cached: goes with its last pin */
	SPIPlanPtr	plan[AFFINITY_N_QUERIES];
	AffinityFactors *factors;	/* NULL: not read yet */
	MemoryContext factors_context;
} AffinityModel;

/* catalog.c */
extern AffinityModel *affinity_model_open(Oid schema);
extern void affinity_model_damaged(const char *schema, const char *what);
extern SPIPlanPtr affinity_model_plan(AffinityModel *model,
									  AffinityModelQuery query);
extern char *affinity_model_relation(const AffinityModel *model,
									 const char *name);

/* items.c */
#define AFFINITY_ITEM_ID			0x02
#define AFFINITY_ITEM_POPULARITY	0x04
#define AFFINITY_ITEM_LISTS			0x18
#define AFFINITY_ITEM_FACTORS		0x20

typedef struct AffinityItemScan AffinityItemScan;

/* A row: what was asked for, not null, and as it is stored. */
typedef struct AffinityStoredItem
{
	uint32		no;
	Datum		id;
	float		popularity;
	Datum		neighbors;
	Datum		scores;
	Datum		factors;
} AffinityStoredItem;

extern AffinityItemScan *affinity_model_items_begin(const AffinityModel *model,
													int columns);
extern bool affinity_model_items_next(AffinityItemScan *scan,
									  AffinityStoredItem *item);
extern void affinity_model_items_end(AffinityItemScan *scan);

/* factors.c */
extern const AffinityFactors *affinity_model_factors(AffinityModel *model);

#endif							/* AFFINITY_MODEL_H */
