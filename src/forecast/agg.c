/*
 * agg.c
 *		The aggregates series_agg and rollup.
 */
#include "postgres.h"

#include <math.h>

#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "base/kept.h"
#include "base/number.h"
#include "base/state.h"
#include "eventlog/eventlog.h"
#include "forecast/series.h"

PG_FUNCTION_INFO_V1(affinity_forecast_accum);
PG_FUNCTION_INFO_V1(affinity_forecast_accum_number);

#define SERIES_AGGREGATES "Call affinity.series_agg or affinity.rollup."
#define AT_ARG 1
#define VALUE_ARG 2
#define UNIT_ARG 3
#define ZONE_ARG 4

/* What a call site learned, and what its arguments said last. */
typedef struct SeriesCall
{
	Oid			time_type;		/* InvalidOid: periods are numbers */
	bool		constant;		/* unit and zone */
	char		zone[TZ_STRLEN_MAX + 1];	/* as states have it */
	CalendarCall calendar;
} SeriesCall;

static void
learn(FunctionCallInfo fcinfo, SeriesCall *call)
{
	MemoryContext old = MemoryContextSwitchTo(fcinfo->flinfo->fn_mcxt);
	pg_tz	   *tz;

	affinity_calendar_call_learn(fcinfo, &call->calendar,
								 call->time_type == TIMESTAMPTZOID,
								 "affinity.series_agg(at, value, 'day', 'Europe/Berlin')");
	tz = call->calendar.clock.tz;
	strlcpy(call->zone, tz != NULL ? pg_get_timezone_name(tz) : "",
			sizeof(call->zone));
	MemoryContextSwitchTo(old);
}

/* A call that is kept from one query to others: is it this row's too? */
static bool
fits(FunctionCallInfo fcinfo, const void *kept)
{
	return affinity_calendar_call_fits(fcinfo,
									   &((const SeriesCall *) kept)->calendar);
}

/* What the call site knows, true to this row's unit and zone. */
static SeriesCall *
series_call(FunctionCallInfo fcinfo)
{
	SeriesCall *call;

	call = affinity_base_resume(fcinfo, fits);
	if (call == NULL)
	{
		affinity_base_check_aggregate(fcinfo, SERIES_AGGREGATES);
		call = MemoryContextAllocZero(fcinfo->flinfo->fn_mcxt,
									  sizeof(SeriesCall));
		call->time_type = affinity_base_arg_type(fcinfo, AT_ARG);
		call->calendar.unit_arg = UNIT_ARG;
		call->calendar.zone_arg = ZONE_ARG;
		call->constant = affinity_base_args_are_constant(fcinfo, UNIT_ARG,
														 ZONE_ARG);
		affinity_base_keep(fcinfo, call);
	}
	if (call->calendar.unit != NULL && call->constant)
		return call;
	affinity_base_check_not_null(fcinfo, UNIT_ARG, "unit");
	if (!affinity_calendar_call_same(fcinfo, &call->calendar))
		learn(fcinfo, call);
	return call;
}

static double
row_value(FunctionCallInfo fcinfo)
{
	return affinity_base_within(PG_GETARG_FLOAT8(VALUE_ARG), SERIES_VALUE_MAX,
								"value", "Values reach from -1e300 to 1e300. " AFFINITY_LARGER_UNIT ".");
}

static void
check_alike(uint8 unit_a, const char *zone_a, uint8 unit_b,
			const char *zone_b)
{
	if (unit_a != unit_b)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("cannot put series of different units together: %s and %s",
						unit_a == 0 ? "numbers" :
						affinity_calendar_unit_name(unit_a),
						unit_b == 0 ? "numbers" :
						affinity_calendar_unit_name(unit_b)),
				 errhint("Make both with the same unit.")));
	if (strcmp(zone_a, zone_b) != 0 &&
		(zone_a[0] == '\0' || zone_b[0] == '\0' ||
		 !affinity_calendar_same_zone(zone_a, zone_b)))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("cannot put series of different time zones together: \"%s\" and \"%s\"",
						zone_a, zone_b),
				 errhint("Pass the time zone to series_agg, or make both in sessions of the same one.")));
}

/* series_accum(state, at, value, unit [, time_zone]) */
Datum
affinity_forecast_accum(PG_FUNCTION_ARGS)
{
	SeriesCall *call = series_call(fcinfo);
	Series	   *series;
	Timestamp	at;

	if (PG_ARGISNULL(AT_ARG) || PG_ARGISNULL(VALUE_ARG))
	{
		if (PG_ARGISNULL(0))
			PG_RETURN_NULL();
		PG_RETURN_DATUM(PG_GETARG_DATUM(0));
	}
	at = call->time_type == DATEOID ?
		affinity_calendar_midnight(PG_GETARG_DATEADT(AT_ARG))
		: PG_GETARG_TIMESTAMP(AT_ARG);
	if (TIMESTAMP_NOT_FINITE(at))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("infinite time"),
				 errhint("Leave such rows out: FILTER (WHERE isfinite(at)).")));
	if (PG_ARGISNULL(0))
		series = affinity_forecast_series_new((uint8) call->calendar.clock.unit,
											  call->zone);
	else
	{
		series = affinity_forecast_series_of(PG_GETARG_DATUM(0));
		if (!call->constant)
			check_alike(series->unit, affinity_forecast_series_zone(series),
						(uint8) call->calendar.clock.unit, call->zone);
	}
	PG_RETURN_POINTER(affinity_forecast_series_add(series,
												   affinity_calendar_clock_period(&call->calendar.clock, at),
												   row_value(fcinfo)));
}

/* series_accum(state, period, value) */
Datum
affinity_forecast_accum_number(PG_FUNCTION_ARGS)
{
	Series	   *series;

	if (fcinfo->flinfo->fn_extra == NULL)
	{
		affinity_base_check_aggregate(fcinfo, SERIES_AGGREGATES);
		fcinfo->flinfo->fn_extra = fcinfo->flinfo;
	}
	if (PG_ARGISNULL(AT_ARG) || PG_ARGISNULL(VALUE_ARG))
	{
		if (PG_ARGISNULL(0))
			PG_RETURN_NULL();
		PG_RETURN_DATUM(PG_GETARG_DATUM(0));
	}
	series = PG_ARGISNULL(0) ? affinity_forecast_series_new(0, "")
		: affinity_forecast_series_of(PG_GETARG_DATUM(0));
	PG_RETURN_POINTER(affinity_forecast_series_add(series,
												   PG_GETARG_INT64(AT_ARG),
												   row_value(fcinfo)));
}

/* What is in another state added to one, which may be changed. */
static Datum
merge_states(Datum state, Datum other)
{
	Series	   *a;
	Series	   *b;

	a = affinity_forecast_series_of(state);
	b = affinity_forecast_series_of(other);
	check_alike(a->unit, affinity_forecast_series_zone(a), b->unit,
				affinity_forecast_series_zone(b));
	for (uint32 i = 0; i < b->n; i++)
	{
		const SeriesEntry *entry = &affinity_forecast_entries(b)[i];

		affinity_base_look_up(i);
		a = affinity_forecast_series_add(a, entry->period, entry->part);
	}
	return PointerGetDatum(a);
}

/* A state in its form at rest. */
static Datum
at_rest(Datum state)
{
	return PointerGetDatum(affinity_forecast_series_final(affinity_forecast_series_of(state)));
}

AFFINITY_STATE_STEPS(affinity_forecast_combine, affinity_forecast_final, affinity_forecast_rollup, SERIES_AGGREGATES)
