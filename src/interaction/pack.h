/*
 * pack.h
 *		Rows of parallel plans: packed by participants, taken out by who
 *		receives them. Private to the room.
 */
#ifndef AFFINITY_INTERACTION_PACK_H
#define AFFINITY_INTERACTION_PACK_H

#include "nodes/plannodes.h"
#include "tcop/dest.h"

/* Columns of a row: a bit of a byte says that one is NULL. */
#define AFFINITY_PACK_COLUMNS	8

/* pack.c */
extern void affinity_interaction_pack_init(void);
extern bool affinity_interaction_pack_fits(TupleDesc desc);
extern TupleDesc affinity_interaction_pack_plan(PlannedStmt * statement);
extern const char *affinity_interaction_pack_row(const char *pack,
												 const char *at,
												 TupleDesc desc,
												 Datum *values, bool *isnull);

#endif							/* AFFINITY_INTERACTION_PACK_H */
