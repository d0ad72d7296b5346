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

static void
reject(const char *problem)
{
	affinity_base_state_invalid("metric state",
								"affinity.metric_agg, ratio_agg and metric_quantile_agg",
								problem);
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

/* metric_in(cstring) and so on */
AFFINITY_STATE_FORMS(affinity_experiment_metric, MetricState, affinity_experiment_metric_arg)

/* metric_eq(metric, metric) and so on */
AFFINITY_BYTES_COMPARISONS(affinity_experiment_metric, affinity_experiment_metric_arg)
