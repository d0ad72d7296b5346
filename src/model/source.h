/*
 * source.h
 *		Between the files that make and refresh a model; private to the room.
 */
#ifndef AFFINITY_MODEL_SOURCE_H
#define AFFINITY_MODEL_SOURCE_H

#include "utils/array.h"
#include "utils/relcache.h"

#include "model/model.h"

/* source.c: the query a model is made from */
typedef struct ModelSource
{
	char	   *view_query;		/* the body of the "interactions" view */
	Oid			user_type;
	Oid			item_type;
	bool		has_time;
} ModelSource;

extern void affinity_model_source_analyze(const char *query,
										  ModelSource *source);

/* ddl.c: the objects of a model's schema */
extern void affinity_model_ddl_schema(const char *name,
									  const ModelSource *source);
extern void affinity_model_ddl_objects(const char *name,
									   const ModelSource *source);
extern void affinity_model_ddl_indexes(const char *name);
extern void affinity_model_ddl_execute(const char *sql);

/* catalog.c */
extern Oid	affinity_model_record_type(void);
extern Oid	affinity_model_table(Oid schema);
extern Oid	affinity_model_schema(const char *name, Oid *table);
extern void affinity_model_lock(const char *name, Oid table);
extern Oid	affinity_model_relation_owner(Oid relation);
extern bool affinity_model_layout_fits(Relation table);
extern void affinity_model_refuse_policies(Relation table);
extern ArrayType *affinity_model_parameters(const AffinityModel *model);
extern void affinity_model_make_room(const AffinityModel *model, Size bytes);

/* store.c: writing items */
typedef struct ItemWriter ItemWriter;

extern ItemWriter *affinity_model_writer_open(Oid items,
											  const AffinityDict *ids);
extern AffinityItemSink *affinity_model_writer_sink(ItemWriter *writer);
extern double affinity_model_writer_close(ItemWriter *writer);
extern Datum affinity_model_writer_parameters(const ItemWriter *writer,
											  bool *isnull);
extern Jsonb *affinity_model_writer_figures(ItemWriter *writer);

/* Attributes of affinity.model_record. */
typedef enum ModelAttribute
{
	MODEL_VERSION = 1,
	MODEL_ALGORITHM,
	MODEL_OPTIONS,
	MODEL_HAS_TIME,
	MODEL_USERS,
	MODEL_ITEMS,
	MODEL_INTERACTIONS,
	MODEL_SOURCE_ROWS,
	MODEL_SKIPPED_ROWS,
	MODEL_DROPPED_PAIRS,
	MODEL_TRAINED_AT,
	MODEL_DURATION,
	MODEL_TRAINING,
	MODEL_PARAMETERS,			/* may be null; large */
	MODEL_N_ATTRIBUTES = MODEL_PARAMETERS
} ModelAttribute;

#endif							/* AFFINITY_MODEL_SOURCE_H */
