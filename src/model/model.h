/*
 * model.h
 *		A model: a schema with an "interactions" view, an "items" table and
 *		one row in a "model" table, whose type marks the schema as a model.
 */
#ifndef AFFINITY_MODEL_H
#define AFFINITY_MODEL_H

#include "postgres.h"

#include "executor/spi.h"
#include "utils/array.h"

#include "score/score.h"

/* Queries that lookups run often; their plans are kept with the model. */
typedef enum AffinityModelQuery
{
	AFFINITY_QUERY_HISTORY,		/* user -> item_id, weight */
	AFFINITY_QUERY_ITEMS_BY_ID, /* item_id[] -> item rows */
	AFFINITY_QUERY_IDS_BY_NO,	/* item_no[] -> item_no, item_id, popularity */
	AFFINITY_QUERY_LISTS_BY_NO, /* item_no[] -> item_no, neighbors, scores */
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

/* cache.c */
extern AffinityModel *affinity_model_open(Oid schema);

/* factors.c */
extern void affinity_model_scorer(AffinityModel *model, bool factors,
								  AffinityScorer *scorer);

/* ---- lookup.c: single rows of the items -------------------------------- */

typedef struct AffinityItem
{
	uint32		no;
	Datum		id;
	float		popularity;
} AffinityItem;

typedef struct AffinityItems
{
	uint32		n;
	AffinityItem *item;
} AffinityItems;

/* An item whose list holds another one, or that one itself. */
typedef struct AffinitySource
{
	float		similarity;		/* of the item itself: 0 */
	bool		is_item;
} AffinitySource;

typedef struct AffinitySources
{
	uint32		n;
	Datum	   *id;
	AffinitySource *source;
} AffinitySources;

extern void affinity_model_popular(AffinityModel *model, int64 limit,
								   AffinityItems *items);
extern void affinity_model_sources(const AffinityModel *model, uint32 item,
								   AffinitySources *sources);
extern Datum affinity_model_array(Datum *ids, int n, Oid type);

/* ---- given.c: items by ids or numbers, ascending by number -------------- */

extern void affinity_model_items_by_id(AffinityModel *model, Datum ids,
									   AffinityItems *items);
extern void affinity_model_items_by_no(AffinityModel *model, const uint32 *no,
									   uint32 n, AffinityItems *items);
extern Datum affinity_model_item_id(const AffinityItems *items, uint32 no);

/* ---- history.c: one user ----------------------------------------------- */

/*
 * What the model knows of a history, with lists, and the items' ids. Numbers
 * of items that the user has seen beside it are in no order.
 */
typedef struct AffinityModelHistory
{
	AffinityHistory history;
	Datum	   *id;
	uint32		n_seen;
	uint32	   *seen;
} AffinityModelHistory;

extern void affinity_model_history(AffinityModel *model, Datum user,
								   AffinityModelHistory *history);
extern void affinity_model_basket(AffinityModel *model, Datum items,
								  AffinityModelHistory *history);
extern Datum affinity_model_history_ids(AffinityModel *model, Datum user,
										int *n);

/* ---- batch.c: many users ----------------------------------------------- */

typedef struct AffinityModelBatch
{
	AffinityBatch batch;
	AffinityScorer scorer;
	AffinityModel *model;
	Datum	   *item_id;		/* by number */
	AffinityDict *users;
	MemoryContext progress;
} AffinityModelBatch;

extern void affinity_model_batch_begin(AffinityModelBatch *batch,
									   AffinityModel *model);
extern void affinity_model_batch_end(AffinityModelBatch *batch);
extern int32 *affinity_model_align(const AffinityInteractions *in,
								   const Datum *id, uint32 n);
extern AffinityInteractions *affinity_model_rows_of(const AffinityModel *model,
													Datum items, uint32 n);
extern AffinityInteractions *affinity_model_peers(const AffinityModel *model,
												  Datum items, uint32 n,
												  bool seen);

#endif							/* AFFINITY_MODEL_H */
