/*
 * moment.c
 *		What a metric is asked: its moments, its values beyond a quantile drawn
 *		in, and the interval of a proportion.
 */
#include "postgres.h"

#include <math.h>

#include "access/htup_details.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/array.h"

#include "base/number.h"
#include "experiment/arm.h"
#include "experiment/experiment.h"
#include "kernel/stats.h"
#include "kernel/tail.h"

PG_FUNCTION_INFO_V1(affinity_experiment_metric_moments);
PG_FUNCTION_INFO_V1(affinity_experiment_winsorize);
PG_FUNCTION_INFO_V1(affinity_experiment_proportion_interval);

static Datum
make_row(FunctionCallInfo fcinfo, const double *numbers, int first, int n,
		 Datum *values, bool *nulls)
{
	TupleDesc	desc;

	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	for (int i = first; i < n; i++)
	{
		values[i] = Float8GetDatum(numbers[i]);
		nulls[i] = isnan(numbers[i]);
	}
	return HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), values,
											 nulls));
}

/*
 * metric_moments(metric): units, mean, variance, std_error, and of what is
 * beside it mean, variance, covariance and correlation
 */
Datum
affinity_experiment_metric_moments(PG_FUNCTION_ARGS)
{
	const MetricState *state = affinity_experiment_metric_arg(fcinfo, 0);
	MetricMoments m;
	double		n = (double) state->n;
	double		numbers[8];
	Datum		values[8] = {0};
	bool		nulls[8] = {false};
	int			scale;
	int			scale_y;
	double		variance;

	for (int i = 0; i < 8; i++)
		numbers[i] = NAN;
	values[0] = Int64GetDatum(state->n);
	affinity_experiment_moments_scale(state, &scale, &scale_y);
	if (state->kind == METRIC_QUANTILE)
	{
		numbers[1] = affinity_experiment_values_quantile(state, state->p);
		numbers[3] = ldexp(affinity_experiment_values_error(state, scale),
						   scale);
		PG_RETURN_DATUM(make_row(fcinfo, numbers, 1, 8, values, nulls));
	}
	affinity_experiment_moments(state, scale, scale_y, &m);
	variance = m.variance;
	numbers[1] = ldexp(m.mean, scale);
	if (state->kind != METRIC_VALUE)
	{
		numbers[4] = ldexp(m.mean_y, scale_y);
		if (state->n > 1)
		{
			numbers[5] = ldexp(m.variance_y, 2 * scale_y);
			numbers[6] = ldexp(m.covariance, scale + scale_y);
		}
		if (m.variance > 0 && m.variance_y > 0)
			numbers[7] = Min(Max(m.covariance / sqrt(m.variance) /
								 sqrt(m.variance_y), -1), 1);
	}
	if (state->kind == METRIC_RATIO)
	{
		scale -= scale_y;
		numbers[1] = m.mean_y == 0 ? NAN :
			ldexp(affinity_experiment_moments_ratio(&m, &variance), scale);
		if (m.mean_y == 0)
			variance = NAN;
	}
	if (state->n > 1)
	{
		numbers[2] = ldexp(variance, 2 * scale);
		numbers[3] = ldexp(sqrt(variance / n), scale);
	}
	PG_RETURN_DATUM(make_row(fcinfo, numbers, 1, 8, values, nulls));
}

/* ---- winsorizing ----------------------------------------------------------- */

static double
share_arg(FunctionCallInfo fcinfo, int arg, const char *name)
{
	double		p;

	affinity_base_check_not_null(fcinfo, arg, name);
	p = PG_GETARG_FLOAT8(arg);
	if (!(p >= 0 && p <= 1))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s must be from 0 to 1, but is %s", name, affinity_base_shortest(p)),
				 errhint("Pass 0.99 to draw the highest 1 %% of the values in.")));
	return p;
}

/* winsorize(metrics, upper, lower) */
Datum
affinity_experiment_winsorize(PG_FUNCTION_ARGS)
{
	ArrayType  *array;
	MetricState **states;
	MetricState *all = NULL;
	Datum	   *results;
	double		upper;
	double		lower;
	double		least;
	double		most;
	int			n;

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	upper = share_arg(fcinfo, 1, "upper");
	lower = share_arg(fcinfo, 2, "lower");
	if (lower > upper)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("lower %s is above upper %s", affinity_base_shortest(lower), affinity_base_shortest(upper))));
	array = PG_GETARG_ARRAYTYPE_P(0);
	states = affinity_experiment_metrics_arg(fcinfo, 0, &n);
	results = palloc(Max(n, 1) * sizeof(Datum));
	for (int i = 0; i < n; i++)
	{
		const MetricEntry *entries = affinity_experiment_metric_entries(states[i]);

		if (states[i]->kind != METRIC_QUANTILE)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("winsorize needs metrics of metric_quantile_agg, not of %s",
							affinity_experiment_metric_kind_name(states[i]->kind)),
					 errhint("Write affinity.metric_quantile_agg(value, 0.5): it keeps all values.")));
		if (all == NULL)
			all = affinity_experiment_values_new(0.5);
		for (uint32 j = 0; j < states[i]->n_entries; j++)
		{
			affinity_base_look_up(j);
			all = affinity_experiment_values_add(all, entries[j].value,
												 entries[j].count);
		}
	}
	if (all == NULL)
		PG_RETURN_DATUM(PG_GETARG_DATUM(0));
	all = affinity_experiment_values_final(all);
	least = affinity_experiment_values_quantile(all, lower);
	most = affinity_experiment_values_quantile(all, upper);
	for (int i = 0; i < n; i++)
	{
		const MetricEntry *entries = affinity_experiment_metric_entries(states[i]);
		MetricState *to = affinity_experiment_metric_new(METRIC_VALUE);

		for (uint32 j = 0; j < states[i]->n_entries; j++)
		{
			affinity_base_look_up(j);
			to = affinity_experiment_metric_add_often(to,
													  Min(Max(entries[j].value, least), most),
													  entries[j].count);
		}
		results[i] = PointerGetDatum(affinity_experiment_metric_final(to));
	}
	PG_RETURN_ARRAYTYPE_P(construct_array(results, n, ARR_ELEMTYPE(array), -1,
										  false, TYPALIGN_DOUBLE));
}

/* ---- a proportion ------------------------------------------------------------ */

/* proportion_interval(successes, trials, confidence, method) */
Datum
affinity_experiment_proportion_interval(PG_FUNCTION_ARGS)
{
	int64		successes;
	int64		trials;
	double		confidence;
	char	   *method;
	double		numbers[3];
	Datum		values[3];
	bool		nulls[3];

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		PG_RETURN_NULL();
	successes = PG_GETARG_INT64(0);
	trials = PG_GETARG_INT64(1);
	affinity_base_check_not_null(fcinfo, 2, "confidence");
	confidence = PG_GETARG_FLOAT8(2);
	method = affinity_base_text_arg(fcinfo, 3, "method");
	if (!(confidence > 0 && confidence < 1))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("confidence must be between 0 and 1, but is %s",
						affinity_base_shortest(confidence)),
				 errhint("Pass 0.95 for intervals of 95 %%.")));
	if (successes < 0 || trials < successes)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%lld of %lld is no proportion", (long long) successes,
						(long long) trials),
				 errhint("successes is from 0 to trials.")));
	if (pg_strcasecmp(method, "wilson") != 0 &&
		pg_strcasecmp(method, "clopper_pearson") != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("unknown method \"%s\"", method),
				 errhint("It is wilson or clopper_pearson.")));
	if (trials == 0)
		PG_RETURN_NULL();
	numbers[0] = (double) successes / (double) trials;
	if (pg_strcasecmp(method, "wilson") == 0)
		affinity_kernel_wilson((uint64) successes, (uint64) trials,
							   affinity_kernel_normal_quantile(0.5 + 0.5 * confidence),
							   &numbers[1], &numbers[2]);
	else
		affinity_experiment_clopper_pearson((double) successes, (double) trials,
											1 - confidence, &numbers[1],
											&numbers[2]);
	PG_RETURN_DATUM(make_row(fcinfo, numbers, 0, 3, values, nulls));
}
