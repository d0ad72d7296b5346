/*
 * metric_io.c
 *		Text and binary form of type metric, and its operators.
 */
#include "postgres.h"

#include "fmgr.h"
#include "utils/memutils.h"

#include "base/compare.h"
#include "base/form.h"
#include "experiment/experiment.h"

PG_FUNCTION_INFO_V1(affinity_experiment_metric_in);
PG_FUNCTION_INFO_V1(affinity_experiment_metric_out);
PG_FUNCTION_INFO_V1(affinity_experiment_metric_recv);
PG_FUNCTION_INFO_V1(affinity_experiment_metric_send);

static void
reject(const char *problem)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
			 errmsg("invalid metric state: %s", problem),
			 errhint("States are made by affinity.metric_agg, ratio_agg and metric_quantile_agg, and stored and copied unchanged.")));
}

/* Check the state of so many bytes and give it back. */
static Datum
checked(MetricState *state, Size size)
{
	const char *problem;

	if (size < METRIC_HEADER)
		reject("too short");
	SET_VARSIZE(state, size);
	if (state->magic != METRIC_MAGIC)
		reject("not one, or from a machine of another byte order");
	if (state->version != METRIC_VERSION)
		reject("unknown version");
	problem = affinity_experiment_metric_check(state);
	if (problem != NULL)
		reject(problem);
	return PointerGetDatum(state);
}

/* metric_in(cstring) */
Datum
affinity_experiment_metric_in(PG_FUNCTION_ARGS)
{
	const char *input = PG_GETARG_CSTRING(0);
	Size		len = strlen(input);
	Size		size;
	MetricState *state = palloc(Max(VARHDRSZ + AFFINITY_DECODED_SIZE(len),
									sizeof(MetricState)));

	if (!affinity_base_decode(input, len, (char *) state + VARHDRSZ, &size))
		reject("not base64");
	return checked(state, VARHDRSZ + size);
}

/* metric_out(metric) */
Datum
affinity_experiment_metric_out(PG_FUNCTION_ARGS)
{
	MetricState *state = affinity_experiment_metric_arg(fcinfo, 0);

	PG_RETURN_CSTRING(affinity_base_state_out(state));
}

/* metric_recv(internal) */
Datum
affinity_experiment_metric_recv(PG_FUNCTION_ARGS)
{
	Size		size;
	MetricState *state = affinity_base_state_recv(fcinfo,
												  sizeof(MetricState), &size);

	return checked(state, size);
}

/* metric_send(metric) */
Datum
affinity_experiment_metric_send(PG_FUNCTION_ARGS)
{
	MetricState *state = affinity_experiment_metric_arg(fcinfo, 0);

	PG_RETURN_BYTEA_P(affinity_base_state_send(state));
}

AFFINITY_COMPARED_AS_BYTES(affinity_experiment_metric_arg)

static bool
equal_args(FunctionCallInfo fcinfo)
{
	return compare_args(fcinfo) == 0;
}

/* metric_eq(metric, metric) and so on */
AFFINITY_COMPARISONS(affinity_experiment_metric, equal_args, compare_args, hash_arg)
