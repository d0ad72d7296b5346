/*
 * bare.c
 *		The floors of the cohort and funnel benchmarks: aggregates over (user,
 *		time) and (user, time, window, conditions) that only count their rows.
 */
#include "postgres.h"

#include "fmgr.h"

PG_MODULE_MAGIC;

PG_FUNCTION_INFO_V1(bare_step);

/* bare_step(bigint, bigint, timestamptz [, interval, VARIADIC "any"]) */
Datum
bare_step(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT64(PG_GETARG_INT64(0) + 1);
}
