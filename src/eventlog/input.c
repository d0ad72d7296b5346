/*
 * input.c
 *		Arguments of the transition functions of funnels and sequences: users,
 *		times, windows, conditions and held properties.
 *
 * Conditions come as VARIADIC "any": an array would have to be built for
 * every row, which costs more than all the rest. Their types are checked
 * once, when a query starts, and what is constant is read once.
 */
#include "postgres.h"

#include <ctype.h>

#include "catalog/pg_type.h"
#include "common/int.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/timestamp.h"

#include "base/call.h"
#include "eventlog/eventlog.h"

/* a * b, or the int64 that is nearest to it. */
static int64
multiply(int64 a, int64 b)
{
	int64		product;

	if (pg_mul_s64_overflow(a, b, &product))
		return (a < 0) == (b < 0) ? PG_INT64_MAX : PG_INT64_MIN;
	return product;
}

/*
 * A span of time in microseconds. One of more than int64 holds (292271 years)
 * is cut to that: spans are compared with differences of times (by
 * subtraction without sign, never added to one), and hardly any two times are
 * farther apart.
 */
int64
affinity_eventlog_interval_length(const Interval *interval)
{
	int64		days = interval->day + interval->time / USECS_PER_DAY;
	int64		length = multiply(days, USECS_PER_DAY);

	if (affinity_base_interval_is_infinite(interval))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("a span of time must be finite"),
				 errhint("Give one that is longer than the data: '36500 days'.")));
	if (interval->month != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("a span of months or years has no fixed length"),
				 errhint("Give it in days: '30 days'.")));
	if (pg_add_s64_overflow(length, interval->time % USECS_PER_DAY, &length))
		length = days < 0 ? PG_INT64_MIN : PG_INT64_MAX;
	return length;
}

/*
 * Is a text argument what it was for an earlier row? Arguments of an
 * aggregate cannot be told to be constant, and parsing each row's would be
 * slow.
 */
bool
affinity_eventlog_same_text(FunctionCallInfo fcinfo, int arg, const char *last)
{
	text	   *now;
	size_t		len;

	if (PG_ARGISNULL(arg))
		return false;
	now = PG_GETARG_TEXT_PP(arg);
	len = VARSIZE_ANY_EXHDR(now);
	return len > 0 && len < EVENT_CALL_TEXT &&
		memcmp(VARDATA_ANY(now), last, len) == 0 && last[len] == '\0';
}

/* For the next row; one that is too long is not kept. */
void
affinity_eventlog_keep_text(char *last, const char *text)
{
	if (strlcpy(last, text, EVENT_CALL_TEXT) >= EVENT_CALL_TEXT)
		last[0] = '\0';
}

bool
affinity_eventlog_same_window(FunctionCallInfo fcinfo, int arg,
							  const EventCall *call)
{
	if (PG_ARGISNULL(arg))
		return false;
	switch (call->window_type)
	{
		case INTERVALOID:
			return memcmp(PG_GETARG_INTERVAL_P(arg), &call->last_interval,
						  sizeof(Interval)) == 0;
		case INT8OID:
			return PG_GETARG_INT64(arg) == call->last_number;
		default:
			return type_is_array_domain(call->window_type) ?
				affinity_eventlog_same_windows(fcinfo, arg, call) :
				affinity_eventlog_same_text(fcinfo, arg, call->last_text);
	}
}

/* A window or gap of times that are numbers, in their units. */
int64
affinity_eventlog_number(const char *from)
{
	char	   *end;
	int64		number;

	errno = 0;
	number = strtoi64(from, &end, 10);
	while (isspace((unsigned char) *end))
		end++;
	if (end == from || *end != '\0' || errno != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
				 errmsg("\"%.100s\" is no whole number in the unit of the times",
						from),
				 errhint("Times that are numbers need one: 604800 is 7 days of seconds. Or make times of them: to_timestamp(at).")));
	return number;
}

/*
 * The length of a span given as text. what names the argument.
 */
int64
affinity_eventlog_text_length(const char *what, const char *text)
{
	char	   *number = affinity_base_lacks_unit(text);

	if (number)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s has no unit: '%s'", what, text),
				 errhint("Write the unit: '%s days'.", number)));
	return affinity_eventlog_interval_length(affinity_base_interval(text));
}

/*
 * A window in units of the time: an interval, the text of one, or a number of
 * seconds (for integer times: of their units).
 */
int64
affinity_eventlog_window_length(const EventCall *call, Oid type, Datum value)
{
	bool		integer =
		call->definition.kind.time_kind == EVENT_TIME_INTEGER;
	int64		window;

	if (type == INTERVALOID)
		window = affinity_eventlog_interval_length(DatumGetIntervalP(value));
	else if (type == INT8OID)
		window = integer ? DatumGetInt64(value) :
			multiply(DatumGetInt64(value), USECS_PER_SEC);
	else
	{
		char	   *given = TextDatumGetCString(value);

		/* which would be read as the sum of its spans */
		if (given[0] == '{')
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("window must be one span of time: '%s'", given),
					 errhint("Windows of steps are an array: ARRAY['1 day', '2 days'].")));
		window = integer ? affinity_eventlog_number(given) :
			affinity_eventlog_text_length("window", given);
		pfree(given);
	}
	if (window < 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("window must not be negative"),
				 errhint("A window of 0 lets a chain last one instant, and NULL is no window.")));
	return window;
}

/* The window, or those of the steps. NULL is no window. */
void
affinity_eventlog_read_window(FunctionCallInfo fcinfo, int arg,
							  EventCall *call)
{
	call->window_type = affinity_base_given_type(fcinfo, arg);
	call->definition.kind.window = EVENT_NO_WINDOW;
	call->n_windows = -1;
	if (PG_ARGISNULL(arg))
		return;
	if (type_is_array_domain(call->window_type))
	{
		affinity_eventlog_read_windows(fcinfo, arg, call);
		return;
	}
	if (call->window_type == INTERVALOID)
		memcpy(&call->last_interval, PG_GETARG_INTERVAL_P(arg),
			   sizeof(Interval));
	else if (call->window_type == INT8OID)
		call->last_number = PG_GETARG_INT64(arg);
	else
		affinity_eventlog_keep_text(call->last_text,
									text_to_cstring(PG_GETARG_TEXT_PP(arg)));
	call->definition.kind.window =
		affinity_eventlog_window_length(call, call->window_type,
										PG_GETARG_DATUM(arg));
}

static void
check_n_conditions(int n)
{
	if (n > AFFINITY_MAX_STEPS)
		ereport(ERROR,
				(errcode(ERRCODE_TOO_MANY_ARGUMENTS),
				 errmsg("%d conditions, but at most %d are possible",
						n, AFFINITY_MAX_STEPS),
				 errhint("Merge steps with OR, or make two funnels.")));
	if (n < 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("there must be at least one condition"),
				 errhint("Give one boolean expression for each step.")));
}

static void
check_condition_type(FunctionCallInfo fcinfo, int arg, int no)
{
	Oid			type = affinity_base_arg_type(fcinfo, arg);

	/* An untyped NULL is a condition that never holds. */
	if (type == BOOLOID || (type == UNKNOWNOID && PG_ARGISNULL(arg)))
		return;
	ereport(ERROR,
			(errcode(ERRCODE_DATATYPE_MISMATCH),
			 errmsg("condition %d is of type %s, but must be boolean",
					no, format_type_be(type)),
			 errhint("Write a comparison, such as event = 'view'.")));
}

static ArrayType *
condition_array(FunctionCallInfo fcinfo, int arg)
{
	if (PG_ARGISNULL(arg))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("the array of conditions must not be null"),
				 errhint("Single conditions in it may be null: that is false.")));
	return PG_GETARG_ARRAYTYPE_P(arg);
}

static int
n_in_array(const ArrayType *array)
{
	return ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array));
}

/* How many conditions a row gives as an array. */
static int
count_in_array(FunctionCallInfo fcinfo, int arg)
{
	Oid			element = get_element_type(affinity_base_arg_type(fcinfo,
																  arg));

	if (!OidIsValid(element) || getBaseType(element) != BOOLOID)
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("VARIADIC conditions must be an array of boolean"),
				 errhint("Give boolean expressions, or VARIADIC and an array of them.")));
	return n_in_array(condition_array(fcinfo, arg));
}

/* The bit for a held property: EVENT_MODE_HOLD_INT, _UUID or _TEXT. */
static uint32
held_bit(AffinityIdKind kind)
{
	return (uint32) EVENT_MODE_HOLD_INT << (kind - AFFINITY_ID_INT);
}

StaticAssertDecl(EVENT_MODE_HOLD_UUID == EVENT_MODE_HOLD_INT << 1 &&
				 EVENT_MODE_HOLD_TEXT == EVENT_MODE_HOLD_INT << 2,
				 "bits of held properties");

/* Mode hold_last: the last argument is a property. */
static void
hold(FunctionCallInfo fcinfo, EventCall *call)
{
	AffinityIdKind kind = AFFINITY_ID_INT;

	if (call->in_array)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("funnel mode hold_last needs a property as the last "
						"argument, and not an array of conditions"),
				 errhint("Write out the conditions, and the property after "
						 "them.")));
	call->held_arg = PG_NARGS() - 1;
	call->held_type = affinity_base_arg_type(fcinfo, call->held_arg);
	if (call->held_type != BOOLOID && call->held_type != DATEOID)
		call->held_type = affinity_base_id_arg(fcinfo, call->held_arg,
											   "property", &kind);
	call->definition.kind.mode |= held_bit(kind);
}

/*
 * Read the types of a call: once for each aggregate of a query. With `holds`
 * the last argument is a property that the rows hold.
 */
void
affinity_eventlog_call_init(FunctionCallInfo fcinfo, EventCall *call,
							uint32 magic, int time_arg, int first_condition,
							bool holds)
{
	Oid			time_type = affinity_base_given_type(fcinfo, time_arg);
	int			n;

	memset(call, 0, sizeof(EventCall));
	affinity_eventlog_define(&call->definition, magic);
	call->time_arg = time_arg;
	call->first_condition = first_condition;
	call->definition.kind.time_kind =
		(uint8) affinity_eventlog_time_kind(time_type);
	call->dates = time_type == DATEOID;
	call->in_array = get_fn_expr_variadic(fcinfo->flinfo) ||
		affinity_base_declared_type(fcinfo, first_condition) == BOOLARRAYOID;
	if (call->in_array)
		n = count_in_array(fcinfo, first_condition);
	else
		n = PG_NARGS() - first_condition - (holds ? 1 : 0);
	if (holds)
		hold(fcinfo, call);
	check_n_conditions(n);
	for (int i = 0; !call->in_array && i < n; i++)
		check_condition_type(fcinfo, first_condition + i, i + 1);
	call->definition.kind.n_conditions = (uint8) n;
}

static bool
is_time(Oid type)
{
	return type == TIMESTAMPTZOID || type == TIMESTAMPOID || type == DATEOID;
}

/* The rows are those of several users. */
void
affinity_eventlog_read_user_type(FunctionCallInfo fcinfo, int user_arg,
								 EventCall *call)
{
	AffinityIdKind kind;

	call->user_arg = user_arg;
	if (is_time(affinity_base_arg_type(fcinfo, user_arg)) &&
		!is_time(affinity_base_arg_type(fcinfo, user_arg + 1)))
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("a user cannot be of type %s",
						format_type_be(affinity_base_arg_type(fcinfo,
															  user_arg))),
				 errhint("The user comes before the time: affinity.funnel_agg(user_id, at, '7 days', c1, c2).")));
	call->user_type = affinity_base_id_arg(fcinfo, user_arg, "user_id", &kind);
	/* EventUser has the same numbers */
	call->definition.kind.user_kind = (uint8) kind;
}

void
affinity_eventlog_time_infinite(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("the time of an event must be finite"),
			 errhint("Leave such rows out: FILTER (WHERE isfinite(...)).")));
}

/*
 * The midnight that a date begins with, as a timestamp: days are 24 hours
 * long, whatever the session's time zone.
 */
int64
affinity_eventlog_date_time(DateADT date)
{
	Timestamp	midnight = affinity_calendar_midnight(date);

	if (DATE_NOT_FINITE(date))
		affinity_eventlog_time_infinite();
	if (TIMESTAMP_NOT_FINITE(midnight))
		ereport(ERROR,
				(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
				 errmsg("the date of an event is out of range for a timestamp"),
				 errhint("Dates of events end with the year 294276.")));
	return midnight;
}

/*
 * Read the conditions of a row from an array, in place: there is one for each
 * row.
 */
uint64
affinity_eventlog_conditions_in_array(FunctionCallInfo fcinfo,
									  const EventCall *call)
{
	ArrayType  *array = condition_array(fcinfo, call->first_condition);
	const bool *value = (const bool *) ARR_DATA_PTR(array);
	const		bits8 *given = ARR_NULLBITMAP(array);
	int			n = n_in_array(array);
	uint64		steps = 0;

	if (n != call->definition.kind.n_conditions)
		ereport(ERROR,
				(errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
				 errmsg("a row has %d conditions, but an earlier one had %d",
						n, call->definition.kind.n_conditions),
				 errhint("All rows must give as many conditions; one that does not apply is false.")));
	/* a null takes no place among the values */
	for (int i = 0; i < n; i++)
		if (given == NULL || (given[i / 8] >> i % 8 & 1) != 0)
			steps |= (uint64) *value++ << i;
	if ((Pointer) array != DatumGetPointer(PG_GETARG_DATUM(call->first_condition)))
		pfree(array);
	return steps;
}

/*
 * Is this what an earlier call without a query said of the times and the
 * conditions? Then a row has as many.
 */
bool
affinity_eventlog_same_conditions(FunctionCallInfo fcinfo,
								  const EventCall *call)
{
	return !call->in_array || (!PG_ARGISNULL(call->first_condition) &&
							   n_in_array(condition_array(fcinfo, call->first_condition)) ==
							   call->definition.kind.n_conditions);
}

/* Dates count as their midnights. */
EventTime
affinity_eventlog_time_kind(Oid type)
{
	return type == TIMESTAMPTZOID ? EVENT_TIME_TIMESTAMPTZ :
		type == TIMESTAMPOID || type == DATEOID ? EVENT_TIME_TIMESTAMP :
		EVENT_TIME_INTEGER;
}

/* The SQL type of a log's times. */
Oid
affinity_eventlog_time_type(const EventLog *log)
{
	uint8		kind = affinity_eventlog_kind(log)->time_kind;

	return kind == EVENT_TIME_TIMESTAMPTZ ? TIMESTAMPTZOID :
		kind == EVENT_TIME_TIMESTAMP ? TIMESTAMPOID : INT8OID;
}
