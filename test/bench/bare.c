/*
 * bare.c
 *		The floors of the cohort and funnel benchmarks: aggregates over (user,
 *		time) and (user, time, window, conditions) that only count their rows;
 *		and that of serving: a function that returns rows.
 */
#include "postgres.h"

#include "fmgr.h"
#include "funcapi.h"
#include "utils/tuplestore.h"

PG_MODULE_MAGIC;

PG_FUNCTION_INFO_V1(bare_step);

/* bare_step(bigint, bigint, timestamptz [, interval, VARIADIC "any"]) */
Datum
bare_step(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT64(PG_GETARG_INT64(0) + 1);
}

PG_FUNCTION_INFO_V1(bare_rows);

/*
 * Ten rows that are always the same, made as a model's functions make theirs.
 */
Datum
bare_rows(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;

	InitMaterializedSRF(fcinfo, MAT_SRF_USE_EXPECTED_DESC);
	for (int i = 1; i <= 10; i++)
	{
		Datum		values[4] = {Int32GetDatum(1000 * i), Float4GetDatum(0.5f / i), Int32GetDatum(i), BoolGetDatum(true)};
		bool		nulls[4] = {0};

		tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
	}
	return (Datum) 0;
}
