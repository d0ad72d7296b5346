/*
 * catalog.h
 *		Between the files that find, check and read what a model's schema
 *		holds; private to the room.
 */
#ifndef AFFINITY_MODEL_CATALOG_H
#define AFFINITY_MODEL_CATALOG_H

#include <math.h>

#include "lib/stringinfo.h"
#include "tcop/dest.h"
#include "utils/float.h"
#include "utils/relcache.h"

#include "model/model.h"
#include "origin/origin.h"

/* checks.c */
extern void affinity_model_check_interactions(AffinityModel *model);
extern bool affinity_model_times_are_local(const AffinityModel *model);
extern Relation affinity_model_open_items(Oid schema, const char *name,
										  TransactionId * made);
extern void affinity_model_check_n_items(Oid schema, const char *schema_name,
										 int64 n_items);
extern void affinity_model_check_rights(Oid schema, Relation table);
extern void affinity_model_refuse_policies(Relation table);

/* row.c */
extern bool affinity_model_row_stays(Relation table, AffinityModel *model);

/* known.c */
extern void affinity_model_check_changed(AffinityModel *model);
extern void affinity_model_know(AffinityModel *model, uint64 since);
extern bool affinity_model_is_known(const AffinityModel *model);
extern bool affinity_model_lock_source(const AffinityModel *model);

/* cache.c */
extern void affinity_model_make_room(const AffinityModel *model, Size bytes);

/* plans.c */
extern SPIPlanPtr affinity_model_plan(AffinityModel *model,
									  AffinityModelQuery query);
extern void affinity_model_follow_name(AffinityModel *model);
extern bool affinity_model_read_own(AffinityModel *model,
									AffinityModelQuery query, SPIPlanPtr plan);

/* user.c */

/* An item of a user. */
typedef struct AffinityWeighted
{
	Datum		id;
	double		weight;			/* a real */
	int64		at;				/* the latest time, where that decays it;
								 * DT_NOBEGIN: none */
	uint32		kind;			/* of event; 0 where there are none */
	bool		counts;			/* else the user just has it */
	AffinityAgain again;		/* where visits are asked for */
} AffinityWeighted;

extern AffinityWeighted *affinity_model_user_items(AffinityModel *model,
												   Datum user, bool visits,
												   int *n);
extern const AffinityWeighted *affinity_model_find_weighted(const AffinityModel *model,
															const AffinityWeighted *weighted,
															int n, Datum id,
															int *n_found);
extern int	affinity_model_weigh_rows(AffinityModel *model,
									  AffinityWeighted *row, int n);
extern void affinity_model_sort_weighted(const AffinityModel *model,
										 AffinityWeighted *weighted, int n);

/* repeat.c */
extern const float *affinity_model_chances(AffinityModel *model,
										   const AffinityHistory *history,
										   const AffinityAgain *again);

/* lookup.c */
extern void affinity_model_check_columns(const AffinityModel *model,
										 TupleDesc desc, const Oid *types,
										 int n_types);
extern bool affinity_model_query_to(AffinityModel *model,
									AffinityModelQuery query, Datum argument,
									DestReceiver *receiver);
extern uint32 affinity_model_column_no(const AffinityModel *model,
									   const SPITupleTable *table, uint64 row,
									   int no);
extern Datum affinity_model_column_id(const AffinityModel *model,
									  const SPITupleTable *table, uint64 row,
									  int no);

/*
 * A popularity as it is ranked. There is one NaN, above all numbers, as in
 * SQL: that of infinity - infinity has a sign, by which it would be below all.
 */
static inline float
affinity_model_ranked_popularity(float stored)
{
	return isnan(stored) ? get_float4_nan() : stored;
}

/* ids.c: ids of all items, in memory */
typedef struct AffinityModelIds
{
	AffinityDict *dict;			/* its numbers are those of the items */
	Datum	   *id;				/* by number */
	float	   *popularity;
	Size		bytes;
	MemoryContext context;
} AffinityModelIds;

extern const AffinityModelIds *affinity_model_ids(AffinityModel *model,
												  uint32 n);
extern void affinity_model_ids_find(const AffinityModel *model,
									const AffinityModelIds *ids,
									ArrayType *array, uint32 n,
									AffinityItems *items);
extern void affinity_model_ids_take(const AffinityModelIds *ids,
									const uint32 *no, uint32 n,
									AffinityItems *items);
extern void affinity_model_forget_ids(AffinityModel *model);

/* given.c */

/* Looking an id up costs as much as going through so many rows of the items. */
#define AFFINITY_ROWS_PER_LOOKUP	8

extern void affinity_model_items_by_ids(AffinityModel *model, Datum *id,
										uint32 n, AffinityItems *items);

/* row.c */
extern ArrayType *affinity_model_parameters(const AffinityModel *model);

/* lists.c */
extern void affinity_model_row_list(const AffinityModel *model,
									const SPITupleTable *table, uint64 row,
									int no, uint32 kind, AffinityList *list);
extern void *affinity_model_list_reader(AffinityModel *model,
										const uint32 *item, uint32 n);
extern AffinityList affinity_model_read_list(void *reader, uint32 i);

/* image.c: all of the tables in one piece, where backends share it */
extern const AffinityImage *affinity_model_image(AffinityModel *model);
extern void affinity_model_image_release(AffinityModel *model);
extern Datum affinity_model_image_id(const AffinityImage *image, uint32 no);
extern int64 affinity_model_image_find(const AffinityModel *model,
									   const AffinityImage *image, Datum id);
extern void affinity_model_image_item(const AffinityImage *image, uint32 no,
									  AffinityItem *item);
extern void affinity_model_image_prefetch(const AffinityImage *image,
										  uint32 no);
extern AffinityList affinity_model_image_list(const AffinityImage *image,
											  uint32 source);
extern uint32 affinity_model_image_popular(const AffinityImage *image,
										   uint32 i);
extern const float *affinity_model_image_rates(const AffinityImage *image);
extern const AffinityFactors *affinity_model_image_factors(const AffinityImage *image);

/* factors.c: rows are multiples of this number of floats */
#define AFFINITY_ROW_FLOATS	16

extern void affinity_model_put_factors(const AffinityModel *model,
									   Datum stored, uint32 width, float *row);

#endif							/* AFFINITY_MODEL_CATALOG_H */
