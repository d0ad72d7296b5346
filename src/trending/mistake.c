/*
 * mistake.c
 *		Calls of decayed_count and velocity that cannot be meant: PostgreSQL
 *		comes to them where no other form takes the arguments.
 */
#include "postgres.h"

#include "fmgr.h"

PG_FUNCTION_INFO_V1(affinity_trending_number_mistake);
PG_FUNCTION_INFO_V1(affinity_trending_text_mistake);
PG_FUNCTION_INFO_V1(affinity_trending_half_life_mistake);
PG_FUNCTION_INFO_V1(affinity_trending_order_mistake);
PG_FUNCTION_INFO_V1(affinity_trending_window_mistake);
PG_FUNCTION_INFO_V1(affinity_trending_as_of_mistake);

/* (state, at, number …) */
Datum
affinity_trending_number_mistake(PG_FUNCTION_ARGS)
{
	(void) fcinfo;
	ereport(ERROR,
			(errcode(ERRCODE_DATATYPE_MISMATCH),
			 errmsg("a half-life or window is an interval, not a number"),
			 errhint("Write its unit: interval '7 days', or days * interval '1 day'.")));
	return (Datum) 0;			/* not reached */
}

/* (state, text, …): also all literals, whose types nothing says */
Datum
affinity_trending_text_mistake(PG_FUNCTION_ARGS)
{
	(void) fcinfo;
	ereport(ERROR,
			(errcode(ERRCODE_DATATYPE_MISMATCH),
			 errmsg("at is a timestamptz, a timestamp or a date, not text"),
			 errhint("Say which: at::timestamptz, or timestamptz '2024-01-31 12:00'.")));
	return (Datum) 0;			/* not reached */
}

/* (state, at) */
Datum
affinity_trending_half_life_mistake(PG_FUNCTION_ARGS)
{
	(void) fcinfo;
	ereport(ERROR,
			(errcode(ERRCODE_UNDEFINED_FUNCTION),
			 errmsg("decayed_count needs to know after how long a row counts half"),
			 errhint("Write affinity.decayed_count(at, '7 days').")));
	return (Datum) 0;			/* not reached */
}

/* (state, weight, at, half_life) */
Datum
affinity_trending_order_mistake(PG_FUNCTION_ARGS)
{
	(void) fcinfo;
	ereport(ERROR,
			(errcode(ERRCODE_DATATYPE_MISMATCH),
			 errmsg("decayed_count takes the weight after the time and the half-life"),
			 errhint("Write affinity.decayed_count(at, half_life, weight).")));
	return (Datum) 0;			/* not reached */
}

/* (state, at) */
Datum
affinity_trending_window_mistake(PG_FUNCTION_ARGS)
{
	(void) fcinfo;
	ereport(ERROR,
			(errcode(ERRCODE_UNDEFINED_FUNCTION),
			 errmsg("velocity needs to know how long its windows are, and when the latest one ends"),
			 errhint("Write affinity.velocity(at, '7 days', now()), or affinity.velocity_of(current, previous) of counts.")));
	return (Datum) 0;			/* not reached */
}

/* (state, at, window) */
Datum
affinity_trending_as_of_mistake(PG_FUNCTION_ARGS)
{
	(void) fcinfo;
	ereport(ERROR,
			(errcode(ERRCODE_UNDEFINED_FUNCTION),
			 errmsg("velocity needs to know when the latest window ends"),
			 errhint("Write affinity.velocity(at, window, now()), or the time up to which the rows are complete.")));
	return (Datum) 0;			/* not reached */
}
