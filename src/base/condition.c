/*
 * condition.c
 *		Numbers where a boolean is needed. PostgreSQL casts none to bool by
 *		itself, and could only say that there is no such function.
 */
#include "postgres.h"

#include "fmgr.h"
#include "utils/builtins.h"

#include "base/base.h"
#include "base/call.h"

PG_FUNCTION_INFO_V1(affinity_base_no_condition);

/* no_condition("any") */
Datum
affinity_base_no_condition(PG_FUNCTION_ARGS)
{
	ereport(ERROR,
			(errcode(ERRCODE_DATATYPE_MISMATCH),
			 errmsg("a condition is needed here, but this is of type %s",
					format_type_be(affinity_base_arg_type(fcinfo, 0))),
			 errhint("Write when it is true: event = 1, or visits > 0.")));
	return (Datum) 0;			/* not reached */
}
