/*
 * metric_agg.c
 *		The aggregates metric_agg, ratio_agg, metric_quantile_agg and rollup.
 */
#include "postgres.h"

#include <math.h>

#include "fmgr.h"

#include "base/number.h"
#include "base/state.h"
#include "experiment/experiment.h"

PG_FUNCTION_INFO_V1(affinity_experiment_metric_accum);
PG_FUNCTION_INFO_V1(affinity_experiment_metric_accum_bool);
PG_FUNCTION_INFO_V1(affinity_experiment_metric_accum_ratio);
PG_FUNCTION_INFO_V1(affinity_experiment_metric_accum_quantile);

#define METRIC_AGGREGATES \
	"Call affinity.metric_agg, ratio_agg, metric_quantile_agg or rollup."

/* Add a unit to a growing state of sums. */
MetricState *
affinity_experiment_metric_add(MetricState *state, double x, double y)
{
	AffinityExactTerm term_x = affinity_kernel_exact_term(x);
	AffinityExactTerm term_y;

#define SUM(sum) affinity_experiment_metric_sum(state, sum)
	while (unlikely(!affinity_kernel_exact_add_term(SUM(SUM_X), term_x)))
		state = affinity_experiment_metric_widen(state, SUM_X);
	while (unlikely(!affinity_kernel_exact_add_product(SUM(SUM_XX), term_x,
													   term_x)))
		state = affinity_experiment_metric_widen(state, SUM_XX);
	if (state->kind != METRIC_VALUE)
	{
		term_y = affinity_kernel_exact_term(y);
		while (unlikely(!affinity_kernel_exact_add_term(SUM(SUM_Y), term_y)))
			state = affinity_experiment_metric_widen(state, SUM_Y);
		while (unlikely(!affinity_kernel_exact_add_product(SUM(SUM_XY), term_x,
														   term_y)))
			state = affinity_experiment_metric_widen(state, SUM_XY);
		while (unlikely(!affinity_kernel_exact_add_product(SUM(SUM_YY), term_y,
														   term_y)))
			state = affinity_experiment_metric_widen(state, SUM_YY);
	}
#undef SUM
	state->binary &= x == 0 || x == 1;
	affinity_experiment_metric_count(state, 1);
	return state;
}

/*
 * Add a value so often to a growing state of one: the count is a double, so
 * count times value is a product of two, and its square added by bits of the
 * count.
 */
MetricState *
affinity_experiment_metric_add_often(MetricState *state, double x, int64 count)
{
	AffinityExactTerm term = affinity_kernel_exact_term(x);
	AffinityExactTerm often = affinity_kernel_exact_term((double) count);

	while (!affinity_kernel_exact_add_product(affinity_experiment_metric_sum(state, SUM_X),
											  term, often))
		state = affinity_experiment_metric_widen(state, SUM_X);
	for (int bit = 0; count >> bit != 0; bit++)
	{
		AffinityExactTerm more = term;

		/* x x 2^bit, also of the largest x */
		more.bit += bit;
		while ((count >> bit & 1) != 0 &&
			   !affinity_kernel_exact_add_product(affinity_experiment_metric_sum(state, SUM_XX),
												  term, more))
			state = affinity_experiment_metric_widen(state, SUM_XX);
	}
	state->binary &= x == 0 || x == 1;
	affinity_experiment_metric_count(state, count);
	return state;
}

static inline void
check_call(FunctionCallInfo fcinfo)
{
	if (unlikely(fcinfo->flinfo->fn_extra == NULL))
	{
		affinity_base_check_aggregate(fcinfo, METRIC_AGGREGATES);
		fcinfo->flinfo->fn_extra = fcinfo->flinfo;
	}
}

/* The state as it was: a row that says nothing. */
static Datum
skip_row(FunctionCallInfo fcinfo)
{
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	PG_RETURN_DATUM(PG_GETARG_DATUM(0));
}

static pg_noinline void
refuse_kind(MetricKind kind, MetricKind other)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("metrics of %s and of %s cannot be merged",
					affinity_experiment_metric_kind_name(Min(kind, other)),
					affinity_experiment_metric_kind_name(Max(kind, other)))));
}

/* The state of a call, growing. */
static inline MetricState *
state_arg(FunctionCallInfo fcinfo, MetricKind kind)
{
	MetricState *state;

	if (unlikely(PG_ARGISNULL(0)))
		return affinity_experiment_metric_new(kind);
	state = affinity_experiment_metric_of(PG_GETARG_DATUM(0));
	if (unlikely(state->kind != kind))
		refuse_kind(state->kind, kind);
	return affinity_experiment_metric_grown(state);
}

static inline double
number_arg(FunctionCallInfo fcinfo, int arg, const char *name)
{
	return affinity_base_finite(PG_GETARG_FLOAT8(arg), name);
}

static inline Datum
add_row(FunctionCallInfo fcinfo, double x, double y, MetricKind kind)
{
	PG_RETURN_POINTER(affinity_experiment_metric_add(state_arg(fcinfo, kind),
													 x, y));
}

/* metric_accum(state, value [, covariate]) */
Datum
affinity_experiment_metric_accum(PG_FUNCTION_ARGS)
{
	check_call(fcinfo);
	if (PG_ARGISNULL(1) || (PG_NARGS() > 2 && PG_ARGISNULL(2)))
		return skip_row(fcinfo);
	return add_row(fcinfo, number_arg(fcinfo, 1, "value"),
				   PG_NARGS() > 2 ? number_arg(fcinfo, 2, "covariate") : 0,
				   PG_NARGS() > 2 ? METRIC_COVARIATE : METRIC_VALUE);
}

/* metric_accum(state, boolean [, covariate]) */
Datum
affinity_experiment_metric_accum_bool(PG_FUNCTION_ARGS)
{
	check_call(fcinfo);
	if (PG_ARGISNULL(1) || (PG_NARGS() > 2 && PG_ARGISNULL(2)))
		return skip_row(fcinfo);
	return add_row(fcinfo, PG_GETARG_BOOL(1) ? 1 : 0,
				   PG_NARGS() > 2 ? number_arg(fcinfo, 2, "covariate") : 0,
				   PG_NARGS() > 2 ? METRIC_COVARIATE : METRIC_VALUE);
}

/* ratio_accum(state, numerator, denominator) */
Datum
affinity_experiment_metric_accum_ratio(PG_FUNCTION_ARGS)
{
	check_call(fcinfo);
	if (PG_ARGISNULL(1) || PG_ARGISNULL(2))
		return skip_row(fcinfo);
	return add_row(fcinfo, number_arg(fcinfo, 1, "numerator"),
				   number_arg(fcinfo, 2, "denominator"), METRIC_RATIO);
}

static void
check_quantile(double p)
{
	if (!(p > 0 && p < 1))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("quantile must be between 0 and 1, but is %s", affinity_base_shortest(p)),
				 errhint("Pass 0.5 for the median, 0.95 for what 95 %% of the units stay below.")));
}

static void
check_same_quantile(const MetricState *state, double p)
{
	if (state->p != p)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("quantiles %s and %s cannot be one metric",
						affinity_base_shortest(Min(state->p, p)), affinity_base_shortest(Max(state->p, p))),
				 errhint("Pass one constant as the quantile.")));
}

/* metric_quantile_accum(state, value, quantile) */
Datum
affinity_experiment_metric_accum_quantile(PG_FUNCTION_ARGS)
{
	MetricState *state;
	double		p;
	double		value;

	check_call(fcinfo);
	if (!PG_ARGISNULL(2))
		check_quantile(PG_GETARG_FLOAT8(2));
	if (PG_ARGISNULL(1) || PG_ARGISNULL(2))
		return skip_row(fcinfo);
	p = PG_GETARG_FLOAT8(2);
	value = number_arg(fcinfo, 1, "value");
	state = PG_ARGISNULL(0) ? affinity_experiment_values_new(p)
		: affinity_experiment_metric_of(PG_GETARG_DATUM(0));
	if (state->kind != METRIC_QUANTILE)
		refuse_kind(state->kind, METRIC_QUANTILE);
	check_same_quantile(state, p);
	PG_RETURN_POINTER(affinity_experiment_values_add(state, value, 1));
}

/* What is in another state added to one, which may be changed. */
static Datum
merge_states(Datum state, Datum other)
{
	MetricState *a;
	MetricState *b;

	a = affinity_experiment_metric_of(state);
	b = affinity_experiment_metric_of(other);
	if (a->kind != b->kind)
		refuse_kind(a->kind, b->kind);
	if (a->kind != METRIC_QUANTILE)
		return PointerGetDatum(affinity_experiment_metric_merge(affinity_experiment_metric_grown(a),
																b));
	check_same_quantile(a, b->p);
	for (uint32 i = 0; i < b->n_entries; i++)
	{
		const MetricEntry *entry = &affinity_experiment_metric_entries(b)[i];

		affinity_base_look_up(i);
		a = affinity_experiment_values_add(a, entry->value, entry->count);
	}
	return PointerGetDatum(a);
}

/* A state in its form at rest. */
static Datum
at_rest(Datum state)
{
	return PointerGetDatum(affinity_experiment_metric_rest(affinity_experiment_metric_of(state)));
}

AFFINITY_STATE_STEPS(affinity_experiment_metric_combine, affinity_experiment_metric_finish, affinity_experiment_metric_rollup, METRIC_AGGREGATES)
