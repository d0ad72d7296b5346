/*
 * call.h
 *		What the call of a function says of its arguments, also where there is
 *		no query: a distributed engine calls the steps of an aggregate by
 *		itself, with types that are declared and nothing to keep between rows.
 */
#ifndef AFFINITY_BASE_CALL_H
#define AFFINITY_BASE_CALL_H

#include "postgres.h"

#include "fmgr.h"
#include "nodes/primnodes.h"

/* args.c */
extern bool affinity_base_is_step_of(FunctionCallInfo fcinfo, Oid aggregate);
extern Aggref *affinity_base_own_aggref(FunctionCallInfo fcinfo);
extern Oid	affinity_base_declared_type(FunctionCallInfo fcinfo, int arg);
extern Oid	affinity_base_given_type(FunctionCallInfo fcinfo, int arg);
extern Oid	affinity_base_return_type(FunctionCallInfo fcinfo);

#endif							/* AFFINITY_BASE_CALL_H */
