/*
 * bare.c
 *		The floor of the cohort benchmark: a strict aggregate over (user, time)
 *		that only counts its rows.
 */
#include "postgres.h"

#include "fmgr.h"

PG_MODULE_MAGIC;

PG_FUNCTION_INFO_V1(bare_step);

/* bare_step(bigint, bigint, timestamptz) */
Datum
bare_step(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT64(PG_GETARG_INT64(0) + 1);
}
