/*
 * source.h
 *		Between the files that make and refresh a model; private to the room.
 */
#ifndef AFFINITY_MODEL_SOURCE_H
#define AFFINITY_MODEL_SOURCE_H

#include "model/catalog.h"

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

/* store.c: writing items */
typedef struct ItemWriter ItemWriter;

extern ItemWriter *affinity_model_writer_open(Oid items,
											  const AffinityDict *ids);
extern AffinityItemSink *affinity_model_writer_sink(ItemWriter *writer);
extern double affinity_model_writer_close(ItemWriter *writer);
extern Datum affinity_model_writer_parameters(const ItemWriter *writer);
extern Jsonb *affinity_model_writer_figures(ItemWriter *writer);

/* advice.c */
extern void affinity_model_advise(const char *name, Oid user_type,
								  double users);

#endif							/* AFFINITY_MODEL_SOURCE_H */
