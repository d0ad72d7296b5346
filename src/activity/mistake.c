/*
 * mistake.c
 *		Calls of activity_agg, value_agg and coarsen that cannot be meant.
 *
 * PostgreSQL comes to them where no other form takes the arguments, and then
 * says here what to write, where it could only say that there is no such
 * function.
 */
#include "postgres.h"

#include "fmgr.h"
#include "utils/builtins.h"

#include "calendar/calendar.h"

PG_FUNCTION_INFO_V1(affinity_activity_mistake);
PG_FUNCTION_INFO_V1(affinity_activity_value_mistake);
PG_FUNCTION_INFO_V1(affinity_activity_coarsen_mistake);

#define ACTIVITY_CALL "affinity.activity_agg(user_id, at, 'month')"
#define VALUE_CALL "affinity.value_agg(user_id, at, value, 'month')"
#define START_CALL \
	"affinity.value_agg(user_id, at, value, 'month', NULL, is_start)"
#define CONDITIONS_CALL \
	"affinity.activity_agg(user_id, at, 'month', NULL, is_start, is_return)"

/* Is an argument there, and neither a text nor untyped? */
static bool
is_no_text(FunctionCallInfo fcinfo, int arg)
{
	return PG_NARGS() > arg && !affinity_base_arg_is_text(fcinfo, arg) &&
		affinity_base_arg_type(fcinfo, arg) != UNKNOWNOID;
}

static void
check_user(FunctionCallInfo fcinfo, const char *call)
{
	Oid			type = affinity_base_arg_type(fcinfo, 1);

	if (type == TIMESTAMPTZOID || type == TIMESTAMPOID || type == DATEOID)
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("the user is of type %s", format_type_be(type)),
				 errhint("The user comes before the time: %s.", call)));
}

static void
check_zone(FunctionCallInfo fcinfo, int zone, bool values)
{
	Oid			type;

	if (!is_no_text(fcinfo, zone))
		return;
	type = affinity_base_arg_type(fcinfo, zone);
	if (type == BOOLOID)
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("a time zone comes before %s",
						values ? "is_start" : "is_start and is_return"),
				 errhint("NULL is the session's: %s.",
						 values ? START_CALL : CONDITIONS_CALL)));
	ereport(ERROR,
			(errcode(ERRCODE_DATATYPE_MISMATCH),
			 errmsg("a time zone is a text, not of type %s",
					format_type_be(type)),
			 errhint("Give its name, such as 'Europe/Berlin'; the view pg_timezone_names lists them.")));
}

pg_noreturn static void
no_such_call(const char *name, const char *call)
{
	ereport(ERROR,
			(errcode(ERRCODE_UNDEFINED_FUNCTION),
			 errmsg("affinity.%s has no form with these arguments", name),
			 errhint("Write %s.", call)));
}

/* (state, user, at, unit [, zone [, is_start [, is_return]]]) */
Datum
affinity_activity_mistake(PG_FUNCTION_ARGS)
{
	check_user(fcinfo, ACTIVITY_CALL);
	check_zone(fcinfo, 4, false);
	if (is_no_text(fcinfo, 3))
		affinity_calendar_refuse_unit(fcinfo, 3);
	affinity_calendar_refuse_text(fcinfo, 2);
	no_such_call("activity_agg", PG_NARGS() > 5 ? CONDITIONS_CALL
				 : ACTIVITY_CALL);
	return (Datum) 0;			/* not reached */
}

/* (state, user, at, value or unit) or (state, user, at, value, unit [, zone]) */
Datum
affinity_activity_value_mistake(PG_FUNCTION_ARGS)
{
	check_user(fcinfo, VALUE_CALL);
	if (PG_NARGS() > 4)
	{
		check_zone(fcinfo, 5, true);
		if (is_no_text(fcinfo, 4))
			affinity_calendar_refuse_unit(fcinfo, 4);
	}
	affinity_calendar_refuse_text(fcinfo, 2);
	no_such_call("value_agg", VALUE_CALL);
	return (Datum) 0;			/* not reached */
}

/* (activity or value, interval) */
Datum
affinity_activity_coarsen_mistake(PG_FUNCTION_ARGS)
{
	affinity_calendar_refuse_unit(fcinfo, 1);
	return (Datum) 0;			/* not reached */
}
