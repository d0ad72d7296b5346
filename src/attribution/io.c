/*
 * io.c
 *		Text and binary form of type attribution, and its operators.
 */
#include "postgres.h"

#include "fmgr.h"
#include "utils/memutils.h"

#include "attribution/attribution.h"
#include "base/compare.h"
#include "base/form.h"

PG_FUNCTION_INFO_V1(affinity_attribution_in);
PG_FUNCTION_INFO_V1(affinity_attribution_out);
PG_FUNCTION_INFO_V1(affinity_attribution_recv);
PG_FUNCTION_INFO_V1(affinity_attribution_send);

static void
reject(const char *problem)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
			 errmsg("invalid attribution state: %s", problem),
			 errhint("States are made by affinity.attribution_agg, and stored and copied unchanged.")));
}

/* Check the state of so many bytes and give it back. */
static Datum
checked(Attribution *state, Size size)
{
	const char *problem;

	if (size < ATTRIBUTION_HEADER)
		reject("too short");
	SET_VARSIZE(state, size);
	if (state->magic != ATTRIBUTION_MAGIC)
		reject("not one, or from a machine of another byte order");
	if (state->version != ATTRIBUTION_VERSION)
		reject("unknown version");
	problem = affinity_attribution_check(state);
	if (problem != NULL)
		reject(problem);
	return PointerGetDatum(state);
}

/* attribution_in(cstring) */
Datum
affinity_attribution_in(PG_FUNCTION_ARGS)
{
	const char *input = PG_GETARG_CSTRING(0);
	Size		len = strlen(input);
	Size		size;
	Attribution *state = palloc(Max(VARHDRSZ + AFFINITY_DECODED_SIZE(len),
									sizeof(Attribution)));

	if (!affinity_base_decode(input, len, (char *) state + VARHDRSZ, &size))
		reject("not base64");
	return checked(state, VARHDRSZ + size);
}

/* attribution_out(attribution) */
Datum
affinity_attribution_out(PG_FUNCTION_ARGS)
{
	Attribution *state = affinity_attribution_arg(fcinfo, 0);

	PG_RETURN_CSTRING(affinity_base_state_out(state));
}

/* attribution_recv(internal) */
Datum
affinity_attribution_recv(PG_FUNCTION_ARGS)
{
	Size		size;
	Attribution *state = affinity_base_state_recv(fcinfo,
												  sizeof(Attribution), &size);

	return checked(state, size);
}

/* attribution_send(attribution) */
Datum
affinity_attribution_send(PG_FUNCTION_ARGS)
{
	Attribution *state = affinity_attribution_arg(fcinfo, 0);

	PG_RETURN_BYTEA_P(affinity_base_state_send(state));
}

AFFINITY_COMPARED_AS_BYTES(affinity_attribution_arg)

static bool
equal_args(FunctionCallInfo fcinfo)
{
	return compare_args(fcinfo) == 0;
}

/* attribution_eq(attribution, attribution) and so on */
AFFINITY_COMPARISONS(affinity_attribution, equal_args, compare_args, hash_arg)
