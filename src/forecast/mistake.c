/*
 * mistake.c
 *		Calls of series_agg that cannot be meant: PostgreSQL comes to them
 *		where no other form takes the arguments.
 */
#include "postgres.h"

#include "fmgr.h"

PG_FUNCTION_INFO_V1(affinity_forecast_no_unit_mistake);
PG_FUNCTION_INFO_V1(affinity_forecast_unit_mistake);
PG_FUNCTION_INFO_V1(affinity_forecast_order_mistake);

/* (state, at, value) */
Datum
affinity_forecast_no_unit_mistake(PG_FUNCTION_ARGS)
{
	(void) fcinfo;
	ereport(ERROR,
			(errcode(ERRCODE_UNDEFINED_FUNCTION),
			 errmsg("series_agg needs to know how long a period is"),
			 errhint("Write affinity.series_agg(at, value, 'day'), or hour, week, month, quarter or year.")));
	return (Datum) 0;			/* not reached */
}

/* (state, at, value, unit as an interval) */
Datum
affinity_forecast_unit_mistake(PG_FUNCTION_ARGS)
{
	(void) fcinfo;
	ereport(ERROR,
			(errcode(ERRCODE_DATATYPE_MISMATCH),
			 errmsg("a unit of time is a word, not an interval"),
			 errhint("Write affinity.series_agg(at, value, 'day'), or hour, week, month, quarter or year.")));
	return (Datum) 0;			/* not reached */
}

/* (state, value, at, unit) */
Datum
affinity_forecast_order_mistake(PG_FUNCTION_ARGS)
{
	(void) fcinfo;
	ereport(ERROR,
			(errcode(ERRCODE_DATATYPE_MISMATCH),
			 errmsg("series_agg takes the value after the time"),
			 errhint("Write affinity.series_agg(at, value, 'day'), or hour, week, month, quarter or year.")));
	return (Datum) 0;			/* not reached */
}
