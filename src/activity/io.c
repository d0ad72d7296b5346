/*
 * io.c
 *		Text and binary input and output of types activity and value.
 *
 * Text is the base64 of the flat form without its varlena header. What comes
 * in is checked in full, once, so that nothing else has to.
 */
#include "postgres.h"

#include "fmgr.h"
#include "utils/memutils.h"

#include "activity/flat.h"
#include "base/form.h"

PG_FUNCTION_INFO_V1(affinity_activity_in);
PG_FUNCTION_INFO_V1(affinity_activity_recv);
PG_FUNCTION_INFO_V1(affinity_activity_value_in);
PG_FUNCTION_INFO_V1(affinity_activity_value_recv);
PG_FUNCTION_INFO_V1(affinity_activity_out);
PG_FUNCTION_INFO_V1(affinity_activity_send);

static void
reject(bool values, const char *problem)
{
	const char *type = values ? "value" : "activity";

	ereport(ERROR,
			(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
			 errmsg("invalid %s state: %s", type, problem),
			 errhint("States are made by affinity.%s_agg, and stored and copied unchanged.", type)));
}

/*
 * A state of the other type: the caller may have named none, so that
 * PostgreSQL chose it.
 */
static void
reject_other(bool values)
{
	if (values)
		reject(values, "it is an activity");
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
			 errmsg("invalid activity state: it is a value"),
			 errhint("Without a type a state is taken as an activity. Write ::affinity.value behind a value.")));
}

/* Is what begins with these bytes a state at all? */
static void
check_header(const ActivityFlat *flat, Size size, bool values)
{
	if (size < offsetof(ActivityFlat, data))
		reject(values, "too short");
	if (flat->magic != ACTIVITY_MAGIC)
		reject(values, "not one, or from a machine of another byte order");
	if (flat->version != ACTIVITY_VERSION &&
		flat->version != ACTIVITY_VERSION_AMOUNTS)
		reject(values, "unknown version");
}

/* Check the state of so many bytes and give it back. */
static Datum
checked(ActivityFlat *flat, Size size, bool values)
{
	ActivityView view;
	const char *problem;

	check_header(flat, size, values);
	SET_VARSIZE(flat, size);
	if (!affinity_activity_view_open(&view, flat, size))
		reject(values, "wrong length");
	problem = affinity_activity_view_check(&view);
	if (problem != NULL)
		reject(values, problem);
	if (affinity_activity_is_value(flat) != values)
		reject_other(values);
	return PointerGetDatum(flat);
}

static Datum
state_in(FunctionCallInfo fcinfo, bool values)
{
	const char *input = PG_GETARG_CSTRING(0);
	Size		len = strlen(input);
	Size		size;
	ActivityFlat *flat = palloc(Max(VARHDRSZ + AFFINITY_DECODED_SIZE(len),
									sizeof(ActivityFlat)));

	if (!affinity_base_decode(input, len, (char *) flat + VARHDRSZ, &size))
		reject(values, "not base64");
	return checked(flat, VARHDRSZ + size, values);
}

/* activity_in(cstring) */
Datum
affinity_activity_in(PG_FUNCTION_ARGS)
{
	return state_in(fcinfo, false);
}

/* value_in(cstring) */
Datum
affinity_activity_value_in(PG_FUNCTION_ARGS)
{
	return state_in(fcinfo, true);
}

/* activity_out(activity), value_out(value) */
Datum
affinity_activity_out(PG_FUNCTION_ARGS)
{
	ActivityFlat *flat = affinity_activity_state_arg(fcinfo, 0);

	PG_RETURN_CSTRING(affinity_base_state_out(flat));
}

static Datum
state_recv(FunctionCallInfo fcinfo, bool values)
{
	Size		size;
	ActivityFlat *flat = affinity_base_state_recv(fcinfo,
												  sizeof(ActivityFlat), &size);

	return checked(flat, size, values);
}

/* activity_recv(internal) */
Datum
affinity_activity_recv(PG_FUNCTION_ARGS)
{
	return state_recv(fcinfo, false);
}

/* value_recv(internal) */
Datum
affinity_activity_value_recv(PG_FUNCTION_ARGS)
{
	return state_recv(fcinfo, true);
}

/* activity_send(activity), value_send(value) */
Datum
affinity_activity_send(PG_FUNCTION_ARGS)
{
	ActivityFlat *flat = affinity_activity_state_arg(fcinfo, 0);

	PG_RETURN_BYTEA_P(affinity_base_state_send(flat));
}
