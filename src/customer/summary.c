/*
 * summary.c
 *		The aggregate customer_summary: a customer's rows into frequency,
 *		recency, time since the first purchase and mean value.
 */
#include "postgres.h"

#include <math.h>

#include "access/htup_details.h"
#include "access/xact.h"
#include "fmgr.h"
#include "funcapi.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "base/kept.h"
#include "base/number.h"
#include "customer/history.h"
#include "eventlog/eventlog.h"

PG_FUNCTION_INFO_V1(affinity_customer_summary_accum);
PG_FUNCTION_INFO_V1(affinity_customer_summary_combine);
PG_FUNCTION_INFO_V1(affinity_customer_summary_final);

#define AT_ARG 1

#define AMOUNT_ARG 2
#define UNIT_ARG 3
#define AS_OF_ARG 4
#define ZONE_ARG 5

/* Not there, or NULL. */
#define IS_NOT_GIVEN(arg) (PG_NARGS() <= (arg) || PG_ARGISNULL(arg))

/* What a call site learned, and what its arguments said last. */
typedef struct SummaryCall
{
	Oid			time_type;
	bool		has_amounts;
	char		unit_text[EVENT_CALL_TEXT];
	char		zone_text[EVENT_CALL_TEXT];
	bool		known;			/* the clock and as_of are of these texts */
	bool		of_session;		/* and the zone the session's */
	Moment		moment;			/* as_of as given */
	PeriodClock clock;
	uint32		as_of;
} SummaryCall;

static SummaryCall *
new_call(FunctionCallInfo fcinfo)
{
	SummaryCall *call;

	affinity_base_check_aggregate(fcinfo, CUSTOMER_AGGREGATES);
	call = MemoryContextAllocZero(fcinfo->flinfo->fn_mcxt,
								  sizeof(SummaryCall));
	call->time_type = affinity_base_arg_type(fcinfo, AT_ARG);
	call->has_amounts = PG_NARGS() > AMOUNT_ARG;
	affinity_base_keep(fcinfo, call);
	return call;
}

static bool
text_changed(FunctionCallInfo fcinfo, int arg, const char *last)
{
	if (IS_NOT_GIVEN(arg))
		return last[0] != '\0';
	return !affinity_eventlog_same_text(fcinfo, arg, last);
}

/* The text of an argument, which is kept; NULL where there is none. */
static const char *
keep_text(FunctionCallInfo fcinfo, int arg, char *kept)
{
	char	   *given = NULL;

	if (!IS_NOT_GIVEN(arg))
		given = text_to_cstring(PG_GETARG_TEXT_PP(arg));
	affinity_eventlog_keep_text(kept, given ? given : "");
	return given;
}

/* As which moment the row is to be seen: without one, as of now. */
static Moment
as_of_given(FunctionCallInfo fcinfo)
{
	Moment		now = {GetCurrentTransactionStartTimestamp(), MOMENT_INSTANT};

	if (IS_NOT_GIVEN(AS_OF_ARG))
		return now;
	return *(const Moment *) PG_GETARG_POINTER(AS_OF_ARG);
}

static void
learn(FunctionCallInfo fcinfo, SummaryCall *call, const Moment *moment)
{
	MemoryContext old = MemoryContextSwitchTo(fcinfo->flinfo->fn_mcxt);
	const char *zone = keep_text(fcinfo, ZONE_ARG, call->zone_text);
	const char *unit = keep_text(fcinfo, UNIT_ARG, call->unit_text);
	bool		zoned = call->time_type == TIMESTAMPTZOID;
	pg_tz	   *tz = zone != NULL ? affinity_calendar_zone_arg(zone) : NULL;
	Timestamp	local;

	call->known = false;
	call->of_session = zone == NULL &&
		(zoned || moment->kind != MOMENT_LOCAL);
	if (call->of_session)
		tz = affinity_calendar_session_zone("affinity.customer_summary(at, amount, 'day', as_of, 'Europe/Berlin')");
	if (PG_NARGS() <= UNIT_ARG)
		unit = "day";
	else
		affinity_base_check_not_null(fcinfo, UNIT_ARG, "unit");
	if (call->clock.slices)
		pfree(call->clock.slices);
	memset(&call->clock, 0, sizeof(PeriodClock));
	affinity_calendar_clock_init(&call->clock,
								 affinity_calendar_unit(unit,
														(int) strlen(unit)),
								 zoned, tz);
	local = affinity_calendar_moment_local(moment, tz);
	if (TIMESTAMP_NOT_FINITE(local))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("as_of must be finite"),
				 errhint("Give the time up to which the rows are complete: (SELECT max(at) FROM ...).")));
	call->as_of = affinity_calendar_period_of_local(call->clock.unit, local);
	call->moment = *moment;
	call->known = true;
	MemoryContextSwitchTo(old);
}

static bool
call_changed(FunctionCallInfo fcinfo, const SummaryCall *call,
			 const Moment *moment)
{
	return !call->known || moment->at != call->moment.at ||
		moment->kind != call->moment.kind ||
		text_changed(fcinfo, UNIT_ARG, call->unit_text) ||
		text_changed(fcinfo, ZONE_ARG, call->zone_text);
}

/* A call that is kept from one query to others: is it this row's too? */
static bool
fits(FunctionCallInfo fcinfo, const void *kept)
{
	const SummaryCall *call = kept;
	Moment		moment = as_of_given(fcinfo);

	if (call_changed(fcinfo, call, &moment))
		return false;
	if (call->of_session)
		return call->clock.tz == session_timezone;
	return IS_NOT_GIVEN(ZONE_ARG) ||
		affinity_calendar_still_means(call->clock.tz,
									  PG_GETARG_TEXT_PP(ZONE_ARG));
}

static SummaryCall *
summary_call(FunctionCallInfo fcinfo)
{
	SummaryCall *call;
	Moment		moment;

	call = affinity_base_resume(fcinfo, fits);
	if (call == NULL)
		call = new_call(fcinfo);
	moment = as_of_given(fcinfo);
	if (call_changed(fcinfo, call, &moment))
		learn(fcinfo, call, &moment);
	return call;
}

static Timestamp
row_time(FunctionCallInfo fcinfo, const SummaryCall *call)
{
	Timestamp	at = call->time_type == DATEOID ?
		affinity_calendar_midnight(PG_GETARG_DATEADT(AT_ARG))
		: PG_GETARG_TIMESTAMP(AT_ARG);

	if (TIMESTAMP_NOT_FINITE(at))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("infinite time"),
				 errhint("Leave such rows out: FILTER (WHERE isfinite(at)).")));
	return affinity_calendar_clock_local((PeriodClock *) &call->clock, at);
}

static double
row_amount(FunctionCallInfo fcinfo)
{
	return affinity_base_within(PG_GETARG_FLOAT8(AMOUNT_ARG),
								AFFINITY_VALUE_MAX, "amount",
								"Amounts reach from -1e15 to 1e15. " AFFINITY_LARGER_UNIT ".");
}

static void
check_alike(const CustomerHistory *history, uint8 unit, uint32 as_of,
			bool has_amounts)
{
	if (history->unit != unit || history->as_of != as_of ||
		history->has_amounts != has_amounts)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("unit and as_of must be the same for all rows of a group")));
}

/* (state, at [, amount [, unit [, as_of [, time_zone]]]]) */
Datum
affinity_customer_summary_accum(PG_FUNCTION_ARGS)
{
	SummaryCall *call = summary_call(fcinfo);
	CustomerHistory *history = NULL;
	CustomerPeriod row;
	double		amount = 1;
	Timestamp	at;

	if (!PG_ARGISNULL(0))
		history = affinity_customer_history_arg(PG_GETARG_DATUM(0));
	if (PG_ARGISNULL(AT_ARG) ||
		(call->has_amounts && PG_ARGISNULL(AMOUNT_ARG)))
		goto done;
	at = row_time(fcinfo, call);
	if (call->has_amounts)
		amount = row_amount(fcinfo);
	row.period = affinity_calendar_period_of_local(call->clock.unit, at);
	if (row.period > call->as_of)
		goto done;
	row.sum = affinity_activity_value_of(amount);
	row.largest = (float) fabs(amount);
	if (history == NULL)
	{
		history = affinity_customer_history_new();
		history->unit = (uint8) call->clock.unit;
		history->as_of = call->as_of;
		history->has_amounts = call->has_amounts;
	}
	else
		check_alike(history, (uint8) call->clock.unit, call->as_of,
					call->has_amounts);
	if (amount > 0)
	{
		if (history->purchases == 0 || at < history->first_at)
			history->first_at = at;
		if (history->purchases == 0 || at > history->last_at)
			history->last_at = at;
		history->purchases++;
	}
	history = affinity_customer_history_add(history, &row);
done:
	if (history == NULL)
		PG_RETURN_NULL();
	PG_RETURN_POINTER(history);
}

/* strict */
Datum
affinity_customer_summary_combine(PG_FUNCTION_ARGS)
{
	CustomerHistory *a;
	CustomerHistory *b;

	affinity_base_check_aggregate(fcinfo, CUSTOMER_AGGREGATES);
	a = affinity_customer_history_arg(PG_GETARG_DATUM(0));
	b = affinity_customer_history_arg(PG_GETARG_DATUM(1));
	check_alike(a, b->unit, b->as_of, b->has_amounts);
	if (b->purchases > 0)
	{
		if (a->purchases == 0 || b->first_at < a->first_at)
			a->first_at = b->first_at;
		if (a->purchases == 0 || b->last_at > a->last_at)
			a->last_at = b->last_at;
		a->purchases += b->purchases;
	}
	for (uint32 i = 0; i < b->n; i++)
	{
		affinity_base_look_up(i);
		a = affinity_customer_history_add(a, &b->periods[i]);
	}
	PG_RETURN_POINTER(a);
}

/* The composite's columns, once for each call site. */
static TupleDesc
result_columns(FunctionCallInfo fcinfo)
{
	TupleDesc	desc = fcinfo->flinfo->fn_extra;

	if (desc == NULL)
	{
		MemoryContext old = MemoryContextSwitchTo(fcinfo->flinfo->fn_mcxt);

		if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
			elog(ERROR, "return type must be a row type");
		desc = BlessTupleDesc(CreateTupleDescCopy(desc));
		fcinfo->flinfo->fn_extra = desc;
		MemoryContextSwitchTo(old);
	}
	return desc;
}

/* strict */
Datum
affinity_customer_summary_final(PG_FUNCTION_ARGS)
{
	CustomerHistory *history;
	CustomerSummary summary;
	Datum		values[8];
	bool		nulls[8] = {false};

	affinity_base_check_aggregate(fcinfo, CUSTOMER_AGGREGATES);
	history = affinity_customer_history_arg(PG_GETARG_DATUM(0));
	affinity_customer_history_sum_up(history, &summary);
	nulls[0] = nulls[1] = nulls[2] = !summary.has_purchases;
	nulls[3] = !summary.has_purchases || !history->has_amounts;
	nulls[5] = !history->has_amounts;
	nulls[6] = nulls[7] = history->purchases == 0;
	values[0] = Int64GetDatum(summary.frequency);
	values[1] = Int64GetDatum(summary.recency);
	values[2] = Int64GetDatum(summary.t);
	values[3] = Float8GetDatum(summary.monetary_value);
	values[4] = Int64GetDatum(history->purchases);
	values[5] = Float8GetDatum(summary.total);
	values[6] = TimestampGetDatum(history->first_at);
	values[7] = TimestampGetDatum(history->last_at);
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(result_columns(fcinfo),
													  values, nulls)));
}
