/*
 * schema.h
 *		The schema of the extension.
 */
#ifndef AFFINITY_BASE_SCHEMA_H
#define AFFINITY_BASE_SCHEMA_H

#include "postgres.h"

extern Oid	affinity_base_schema(void);

/* writes.c */
extern bool affinity_base_runs_code(Oid relid);

#endif							/* AFFINITY_BASE_SCHEMA_H */
