/*
 * io.c
 *		Text and binary form of type survival, and its operators.
 */
#include "postgres.h"

#include "fmgr.h"
#include "utils/memutils.h"

#include "base/compare.h"
#include "base/form.h"
#include "survival/survival.h"

PG_FUNCTION_INFO_V1(affinity_survival_in);
PG_FUNCTION_INFO_V1(affinity_survival_out);
PG_FUNCTION_INFO_V1(affinity_survival_recv);
PG_FUNCTION_INFO_V1(affinity_survival_send);

static void
reject(const char *problem)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
			 errmsg("invalid survival state: %s", problem),
			 errhint("States are made by affinity.survival_agg, and stored and copied unchanged.")));
}

/* Check the state of so many bytes and give it back. */
static Datum
checked(SurvivalLog *log, Size size)
{
	const char *problem;

	if (size < SURVIVAL_HEADER)
		reject("too short");
	SET_VARSIZE(log, size);
	if (log->magic != SURVIVAL_MAGIC)
		reject("not one, or from a machine of another byte order");
	if (log->version != SURVIVAL_VERSION)
		reject("unknown version");
	problem = affinity_survival_log_check(log);
	if (problem != NULL)
		reject(problem);
	return PointerGetDatum(log);
}

/* survival_in(cstring) */
Datum
affinity_survival_in(PG_FUNCTION_ARGS)
{
	const char *input = PG_GETARG_CSTRING(0);
	Size		len = strlen(input);
	Size		size;
	SurvivalLog *log = palloc(Max(VARHDRSZ + AFFINITY_DECODED_SIZE(len),
								  sizeof(SurvivalLog)));

	if (!affinity_base_decode(input, len, (char *) log + VARHDRSZ, &size))
		reject("not base64");
	return checked(log, VARHDRSZ + size);
}

/* survival_out(survival) */
Datum
affinity_survival_out(PG_FUNCTION_ARGS)
{
	SurvivalLog *log = affinity_survival_arg(fcinfo, 0);

	PG_RETURN_CSTRING(affinity_base_state_out(log));
}

/* survival_recv(internal) */
Datum
affinity_survival_recv(PG_FUNCTION_ARGS)
{
	Size		size;
	SurvivalLog *log = affinity_base_state_recv(fcinfo,
												sizeof(SurvivalLog), &size);

	return checked(log, size);
}

/* survival_send(survival) */
Datum
affinity_survival_send(PG_FUNCTION_ARGS)
{
	SurvivalLog *log = affinity_survival_arg(fcinfo, 0);

	PG_RETURN_BYTEA_P(affinity_base_state_send(log));
}

AFFINITY_COMPARED_AS_BYTES(affinity_survival_arg)

static bool
equal_args(FunctionCallInfo fcinfo)
{
	return compare_args(fcinfo) == 0;
}

/* survival_eq(survival, survival) and so on */
AFFINITY_COMPARISONS(affinity_survival, equal_args, compare_args, hash_arg)
