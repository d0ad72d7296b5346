/*
 * windows.c
 *		Windows of steps: an array, of which each element says how much later
 *		the next step may be.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "eventlog/eventlog.h"

/*
 * The type that elements of this type are read as, which is that of a single
 * window; an error where they cannot be windows.
 */
static Oid
element_kind(const EventCall *call, Oid element)
{
	bool		integer =
		call->definition.kind.time_kind == EVENT_TIME_INTEGER;

	switch (getBaseType(element))
	{
		case TEXTOID:
		case VARCHAROID:
			return TEXTOID;
		case INT2OID:
		case INT4OID:
		case INT8OID:
			/* as with a single window: seconds of one user's times only */
			if (integer || call->user_arg == 0)
				return INT8OID;
			break;
		case INTERVALOID:
			if (!integer)
				return INTERVALOID;
			break;
	}
	ereport(ERROR,
			(errcode(ERRCODE_DATATYPE_MISMATCH),
			 errmsg("windows of steps cannot be of type %s here",
					format_type_be(element)),
			 integer ? errhint("Give whole numbers in the unit of the times: ARRAY[86400, 3600].") :
			 errhint("Give intervals: ARRAY[interval '1 day', interval '1 hour'].")));
	return InvalidOid;			/* not reached */
}

static Datum
element_value(Oid element, Datum value)
{
	Oid			type = getBaseType(element);

	if (type == INT2OID || type == INT4OID)
		return Int64GetDatum(affinity_base_id_to_int(value, type));
	return value;
}

/* Keep the bytes of an array, to know it again; one too long is not kept. */
static void
keep_array(EventCall *call, const ArrayType *array)
{
	if (VARSIZE(array) <= EVENT_CALL_TEXT)
		memcpy(call->last_text, array, VARSIZE(array));
	else
		memset(call->last_text, 0, sizeof(int32));
}

void
affinity_eventlog_read_windows(FunctionCallInfo fcinfo, int arg,
							   EventCall *call)
{
	ArrayType  *array = PG_GETARG_ARRAYTYPE_P(arg);
	Oid			element = ARR_ELEMTYPE(array);
	Oid			kind = element_kind(call, element);
	int16		length;
	bool		by_value;
	char		align;
	Datum	   *value;
	bool	   *null;
	int			n;

	get_typlenbyvalalign(element, &length, &by_value, &align);
	deconstruct_array(array, element, length, by_value, align, &value, &null,
					  &n);
	if (n >= AFFINITY_MAX_STEPS)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%d windows, but a funnel has at most %d steps",
						n, AFFINITY_MAX_STEPS),
				 errhint("Give one window for each step after the first.")));
	for (int i = 0; i < n; i++)
	{
		if (null[i])
			ereport(ERROR,
					(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					 errmsg("window %d of the steps must not be null", i + 1),
					 errhint("Where a step has no window, give one that is longer than the data: '36500 days'.")));
		call->windows[i] =
			affinity_eventlog_window_length(call, kind,
											element_value(element, value[i]));
	}
	call->n_windows = n;
	keep_array(call, array);
	pfree(value);
	pfree(null);
}

/* Are they those of the row before? */
bool
affinity_eventlog_same_windows(FunctionCallInfo fcinfo, int arg,
							   const EventCall *call)
{
	const ArrayType *array = PG_GETARG_ARRAYTYPE_P(arg);

	return VARSIZE(array) <= EVENT_CALL_TEXT &&
		memcmp(array, call->last_text, VARSIZE(array)) == 0;
}
