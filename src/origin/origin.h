/*
 * origin.h
 *		Where the rows of a model's tables are from and where they are: what a
 *		subscription brings, what a distributed engine took, the view that is
 *		served in the place of the source; and how often the catalog changed.
 */
#ifndef AFFINITY_ORIGIN_H
#define AFFINITY_ORIGIN_H

#include "postgres.h"

#include "definition/definition.h"

/* received.c: models that come from another server */
extern Oid	affinity_origin_subscription(Oid table);
extern bool affinity_origin_arrives(Oid table, Oid schema);
extern Oid	affinity_origin_local(Oid schema);
extern Oid	affinity_origin_lock_local(Oid schema);
extern bool affinity_origin_is_received(Oid schema, Oid table, int64 version);

/* distributed.c */
extern void affinity_origin_check_tables(Oid schema);

/* changes.c */
extern uint64 affinity_origin_changes(void);
extern bool affinity_origin_heard(void);

#endif							/* AFFINITY_ORIGIN_H */
