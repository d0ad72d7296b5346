/*
 * mistake.c
 *		Calls of uplift_agg, qini and auuc that cannot be meant.
 */
#include "postgres.h"

#include "fmgr.h"

PG_FUNCTION_INFO_V1(affinity_uplift_treated_mistake);
PG_FUNCTION_INFO_V1(affinity_uplift_outcome_mistake);

/* (state, score, treated as a number, outcome) */
Datum
affinity_uplift_treated_mistake(PG_FUNCTION_ARGS)
{
	(void) fcinfo;
	ereport(ERROR,
			(errcode(ERRCODE_DATATYPE_MISMATCH),
			 errmsg("treated must be true or false, but is a number"),
			 errhint("Write (score, treated = 1, outcome), in this order.")));
	return (Datum) 0;			/* not reached */
}

/* (state, score, treated) */
Datum
affinity_uplift_outcome_mistake(PG_FUNCTION_ARGS)
{
	(void) fcinfo;
	ereport(ERROR,
			(errcode(ERRCODE_UNDEFINED_FUNCTION),
			 errmsg("uplift needs to know what came of it"),
			 errhint("Write (score, treated, outcome), where the outcome is a condition or a number.")));
	return (Datum) 0;			/* not reached */
}
