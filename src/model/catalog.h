/*
 * catalog.h
 *		Between the files that find, check and read what a model's schema
 *		holds; private to the room.
 */
#ifndef AFFINITY_MODEL_CATALOG_H
#define AFFINITY_MODEL_CATALOG_H

#include "lib/stringinfo.h"
#include "utils/relcache.h"

#include "model/model.h"

/* What messages call the query of items' attributes. */
#define AFFINITY_ATTRIBUTES_SOURCE	"item_attributes"

/* source.c */
extern Query * affinity_model_source_query(const char *query, const char *what,
										   char **text);
extern Oid	affinity_model_source_id(const Query * query,
									 const TargetEntry * column,
									 const char *role, const char *name,
									 StringInfo expression);

/* checks.c */
extern Oid	affinity_model_column_type(Oid schema, const char *schema_name,
									   const char *relation,
									   const char *column);
extern Oid	affinity_model_time_type(const AffinityModel *model);
extern int64 affinity_model_now(const AffinityModel *model);
extern Relation affinity_model_open_items(Oid schema, const char *name);
extern void affinity_model_check_n_items(Oid schema, const char *schema_name,
										 int64 n_items);
extern void affinity_model_check_rights(Oid schema, Relation table);
extern void affinity_model_refuse_policies(Relation table);

/* align.c */
extern void affinity_model_order_row(AffinityCsr *m, int64 start, int64 end,
									 float *chance);

/* cache.c */
extern void affinity_model_make_room(const AffinityModel *model, Size bytes);

/* plans.c */
extern SPIPlanPtr affinity_model_plan(AffinityModel *model,
									  AffinityModelQuery query);
extern char *affinity_model_relation(const AffinityModel *model,
									 const char *name);

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
extern void affinity_model_sort_weighted(const AffinityModel *model,
										 AffinityWeighted *weighted, int n);

/* repeat.c */
extern void affinity_model_check_repeat(const AffinityModel *model);
extern const float *affinity_model_chances(AffinityModel *model,
										   const AffinityHistory *history,
										   const AffinityAgain *again);
extern float *affinity_model_rates(const AffinityModel *model);

/* lookup.c */
extern SPITupleTable *affinity_model_query(AffinityModel *model,
										   AffinityModelQuery query,
										   Datum argument, const Oid *types,
										   int n_types);
extern Datum affinity_model_column(const AffinityModel *model,
								   const SPITupleTable *table, uint64 row,
								   int no);
extern uint32 affinity_model_column_no(const AffinityModel *model,
									   const SPITupleTable *table, uint64 row,
									   int no);
extern Datum affinity_model_column_id(const AffinityModel *model,
									  const SPITupleTable *table, uint64 row,
									  int no);

/* given.c */


extern void affinity_model_items_by_ids(AffinityModel *model, Datum *id,
										uint32 n, AffinityItems *items);

/* row.c */
extern ArrayType *affinity_model_parameters(const AffinityModel *model);

#endif							/* AFFINITY_MODEL_CATALOG_H */
