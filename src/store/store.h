/*
 * store.h
 *		Writing what a training learned of the items into their table.
 */
#ifndef AFFINITY_STORE_H
#define AFFINITY_STORE_H

#include "postgres.h"

#include "utils/jsonb.h"
#include "utils/relcache.h"

#include "interaction/interaction.h"
#include "score/score.h"
#include "train/train.h"

/*
 * Attributes of the items table, in the order of sql/model/10-tables.sql;
 * affinity_store_check_items has their types.
 */
enum
{
	ITEM_NO,
	ITEM_ID,
	ITEM_POPULARITY,
	ITEM_NEIGHBORS,
	ITEM_SCORES,
	ITEM_FACTORS,
	ITEM_REPEAT_RATE,
	ITEM_N_ATTRIBUTES
};

typedef struct ItemWriter ItemWriter;

extern ItemWriter *affinity_store_writer_open(Oid items,
											  const AffinityDict *ids);
extern void affinity_store_writer_know(ItemWriter *writer,
									   const AffinityInteractions *in,
									   Jsonb *before);
extern void affinity_store_check_items(Relation table, Oid item_type);
extern AffinityItemSink *affinity_store_writer_sink(ItemWriter *writer);
extern double affinity_store_writer_close(ItemWriter *writer);
extern const AffinityKindSums *affinity_store_writer_kinds(const ItemWriter *writer);
extern Datum affinity_store_writer_parameters(const ItemWriter *writer);
extern Jsonb *affinity_store_writer_figures(ItemWriter *writer);
extern Datum affinity_store_array(const void *data, uint32 n, Oid element);

/* length.c */
#define VACUUM_TRUNCATE	"vacuum_truncate"

extern bool affinity_store_length_is_told(Oid relid, Oid *toast);

#endif							/* AFFINITY_STORE_H */
