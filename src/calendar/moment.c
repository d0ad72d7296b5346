/*
 * moment.c
 *		Type moment: a time that a report is given. It is an instant, or a
 *		local time of the time zone that the state has.
 *
 * Every type of times is cast to it without being asked, so a report has one
 * signature; what is no time is cast too, to an error that says what to
 * write.
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "nodes/nodeFuncs.h"
#include "nodes/primnodes.h"
#include "utils/builtins.h"
#include "utils/datetime.h"
#include "utils/timestamp.h"

#include "base/call.h"
#include "calendar/calendar.h"

PG_FUNCTION_INFO_V1(affinity_calendar_moment_in);
PG_FUNCTION_INFO_V1(affinity_calendar_moment_out);
PG_FUNCTION_INFO_V1(affinity_calendar_moment_of_instant);
PG_FUNCTION_INFO_V1(affinity_calendar_moment_of_local);
PG_FUNCTION_INFO_V1(affinity_calendar_moment_of_date);
PG_FUNCTION_INFO_V1(affinity_calendar_no_moment);

static Datum
new_moment(int64 at, MomentKind kind)
{
	Moment	   *moment = palloc0(sizeof(Moment));

	moment->at = at;
	moment->kind = kind;
	return PointerGetDatum(moment);
}

/* The hint of a text that is no time: it may be meant for another argument. */
static void
add_hint(void *arg)
{
	if (geterrcode() == ERRCODE_INVALID_DATETIME_FORMAT)
		errhint("%s", (const char *) arg);
}

/* What a text is as timestamptz in a zone so many seconds west of UTC. */
static TimestampTz
read_in_zone(const char *text, long west)
{
	pg_tz	   *session = session_timezone;
	TimestampTz at = 0;

	PG_TRY();
	{
		session_timezone = pg_tzset_offset(west);
		at = DatumGetTimestampTz(DirectFunctionCall3(timestamptz_in,
													 CStringGetDatum(text),
													 ObjectIdGetDatum(InvalidOid),
													 Int32GetDatum(-1)));
	}
	PG_FINALLY();
	{
		session_timezone = session;
	}
	PG_END_TRY();
	return at;
}

/*
 * Input: with a zone it is an instant, as 'now' is; without one it is a local
 * time. A text without one is another instant in every session's zone.
 */
Datum
affinity_calendar_moment_in(PG_FUNCTION_ARGS)
{
	const char *text = PG_GETARG_CSTRING(0);
	ErrorContextCallback context;
	Timestamp	local;
	TimestampTz at;
	bool		zoned;

	context.callback = add_hint;
	context.arg = "A time is, for example, '2024-01-31', '2024-01-31 09:00+01' or now() - interval '90 days'. If this is meant for another argument, give it by its name or in its place.";
	context.previous = error_context_stack;
	error_context_stack = &context;
	local = DatumGetTimestamp(DirectFunctionCall3(timestamp_in,
												  CStringGetDatum(text),
												  ObjectIdGetDatum(InvalidOid),
												  Int32GetDatum(-1)));
	at = read_in_zone(text, 0);
	/* not out of the range of times */
	zoned = at == read_in_zone(text, local < 0 ? 1 : -1);
	error_context_stack = context.previous;
	return new_moment(zoned ? at : local,
					  zoned ? MOMENT_INSTANT : MOMENT_LOCAL);
}

Datum
affinity_calendar_moment_out(PG_FUNCTION_ARGS)
{
	const Moment *moment = (const Moment *) PG_GETARG_POINTER(0);

	if (moment->kind != MOMENT_LOCAL)
		return DirectFunctionCall1(timestamptz_out,
								   TimestampTzGetDatum(moment->at));
	return DirectFunctionCall1(timestamp_out, TimestampGetDatum(moment->at));
}

/* moment(timestamptz) */
Datum
affinity_calendar_moment_of_instant(PG_FUNCTION_ARGS)
{
	return new_moment(PG_GETARG_TIMESTAMPTZ(0), MOMENT_INSTANT);
}

/* moment(timestamp) */
Datum
affinity_calendar_moment_of_local(PG_FUNCTION_ARGS)
{
	return new_moment(PG_GETARG_TIMESTAMP(0), MOMENT_LOCAL);
}

/* moment(date) */
Datum
affinity_calendar_moment_of_date(PG_FUNCTION_ARGS)
{
	Datum		local = DirectFunctionCall1(date_timestamp,
											PG_GETARG_DATUM(0));

	return new_moment(DatumGetTimestamp(local), MOMENT_LOCAL);
}

/* A number's value, or NaN. */
static double
number_of(Datum value, Oid type)
{
	switch (type)
	{
		case INT2OID:
			return DatumGetInt16(value);
		case INT4OID:
			return DatumGetInt32(value);
		case INT8OID:
			return (double) DatumGetInt64(value);
		case FLOAT4OID:
			return DatumGetFloat4(value);
		case FLOAT8OID:
			return DatumGetFloat8(value);
		case NUMERICOID:
			return DatumGetFloat8(DirectFunctionCall1(numeric_float8_no_overflow,
													  value));
		default:
			return NAN;
	}
}

/*
 * no_moment("any"): what is cast to a moment but is no time is an
 * error. Seconds since 1970 have ten digits, milliseconds thirteen.
 */
Datum
affinity_calendar_no_moment(PG_FUNCTION_ARGS)
{
	Oid			type = affinity_base_arg_type(fcinfo, 0);
	const char *hint;
	double		number = 0;

	if (type == INTERVALOID)
		hint = "Subtract it from a time: now() - interval '90 days'.";
	else if (type == UUIDOID)
		hint = "The user comes before the time: affinity.activity_agg(user_id, at, 'day').";
	else if (type == BOOLOID)
		hint = "A window, a mode and a time come before the conditions: affinity.window_funnel('7 days', 'default', at, c1, c2).";
	else
	{
		if (!PG_ARGISNULL(0))
			number = fabs(number_of(PG_GETARG_DATUM(0), type));
		if (number >= 1e16)
			hint = "Nanoseconds since 1970 become a time by to_timestamp(at / 1000000000.0).";
		else if (number >= 1e14)
			hint = "Microseconds since 1970 become a time by to_timestamp(at / 1000000.0).";
		else if (number >= 1e11)
			hint = "Milliseconds since 1970 become a time by to_timestamp(at / 1000.0).";
		else if (number >= 1e8)
			hint = "Seconds since 1970 become a time by to_timestamp(at).";
		else
			hint = "Seconds since 1970 become a time by to_timestamp(at). In aggregates the user comes before the time; in reports, call other arguments by their names: max_period => 12.";
	}
	ereport(ERROR,
			(errcode(ERRCODE_DATATYPE_MISMATCH),
			 errmsg("a time is needed here, but this is of type %s",
					format_type_be(type)),
			 errhint("%s", hint)));
	return (Datum) 0;			/* not reached */
}

/* The expression of an argument, numbered as in PG_GETARG, or NULL. */
static Node *
arg_expression(FunctionCallInfo fcinfo, int arg)
{
	Aggref	   *aggref = affinity_base_own_aggref(fcinfo);
	Node	   *call = fcinfo->flinfo->fn_expr;

	if (aggref != NULL)
		return arg < 1 || arg > list_length(aggref->args) ? NULL :
			(Node *) list_nth_node(TargetEntry, aggref->args, arg - 1)->expr;
	if (call != NULL && IsA(call, WindowFunc))
		return list_nth(((WindowFunc *) call)->args, arg);
	return NULL;
}

/*
 * The error of an aggregate's time that was a text: as no form takes one, it
 * was cast to a moment.
 */
void
affinity_calendar_refuse_text(FunctionCallInfo fcinfo, int arg)
{
	Node	   *node = arg_expression(fcinfo, arg);
	Oid			type;

	if (node == NULL || !IsA(node, CoerceViaIO) ||
		((CoerceViaIO *) node)->coerceformat != COERCE_IMPLICIT_CAST)
		return;
	/* the planner makes a C string of a constant */
	type = exprType((Node *) ((CoerceViaIO *) node)->arg);
	if (type == CSTRINGOID)
		type = TEXTOID;
	ereport(ERROR,
			(errcode(ERRCODE_DATATYPE_MISMATCH),
			 errmsg("the time is of type %s", format_type_be(type)),
			 errhint("Cast it: at::timestamptz, or at::timestamp where it is local time.")));
}

/* ---- in the zone of a state --------------------------------------------- */

static int64
in_range(int64 at)
{
	if (!IS_VALID_TIMESTAMP(at))
		ereport(ERROR,
				(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
				 errmsg("timestamp out of range")));
	return at;
}

/* A moment as an instant; local times that are skipped or twice as AT TIME ZONE. */
TimestampTz
affinity_calendar_moment_instant(const Moment *moment, pg_tz *zone)
{
	struct pg_tm tm;
	fsec_t		fsec;
	int			west;

	if (moment->kind != MOMENT_LOCAL ||
		TIMESTAMP_NOT_FINITE(moment->at))
		return moment->at;
	if (timestamp2tm(moment->at, NULL, &tm, &fsec, NULL, NULL) != 0)
		in_range(PG_INT64_MIN);
	west = DetermineTimeZoneOffset(&tm, zone);
	return in_range(moment->at + (int64) west * USECS_PER_SEC);
}

/* A moment as a local time. */
Timestamp
affinity_calendar_moment_local(const Moment *moment, pg_tz *zone)
{
	if (moment->kind == MOMENT_LOCAL ||
		TIMESTAMP_NOT_FINITE(moment->at))
		return moment->at;
	return moment->at + affinity_calendar_offset_at(zone, moment->at);
}
