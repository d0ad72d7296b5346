/*
 * report.c
 *		The functions experiment and experiment_stratified: arms from states,
 *		each variant against the control, p-values adjusted.
 */
#include "postgres.h"

#include <math.h>

#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/tuplestore.h"

#include "experiment/experiment.h"
#include "experiment/plan.h"

PG_FUNCTION_INFO_V1(affinity_experiment_report);
PG_FUNCTION_INFO_V1(affinity_experiment_stratified);

/* A state, of a variant in a stratum. */
typedef struct Cell
{
	const char *variant;
	const char *stratum;
	bool		control;
	MetricState *state;
	MetricMoments moments;
	ExperimentArm arm;
} Cell;

typedef struct Variant
{
	const char *name;
	ExperimentArm arm;
	ExperimentResult result;
} Variant;

/* The control first, then by name; in each by stratum. */
static int
compare_cells(const void *a, const void *b)
{
	const Cell *x = a;
	const Cell *y = b;
	int			order;

	if (x->control != y->control)
		return x->control ? -1 : 1;
	order = strcmp(x->variant, y->variant);
	return order != 0 ? order : strcmp(x->stratum, y->stratum);
}

/* ---- arguments ----------------------------------------------------------- */

static void
check_lengths(int n, int other, const char *name)
{
	if (n != other)
		ereport(ERROR,
				(errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
				 errmsg("there are %d variants, but %d %s", n, other, name),
				 errhint("Make the arrays by array_agg in one query.")));
}

/*
 * The cells of a call in their order, checked: each variant once in each
 * stratum, and in as many. Gives how many strata there are.
 */
static int
check_cells(Cell *cells, int n, bool stratified, const char *control)
{
	int			n_strata = 0;

	qsort(cells, n, sizeof(Cell), compare_cells);
	if (n == 0 || !cells[0].control)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("there is no variant \"%s\", which is to be the control",
						control),
				 n == 0 ? 0 : errhint("There is a variant \"%s\".",
									  cells[0].variant)));
	while (n_strata < n && cells[n_strata].control)
		n_strata++;
	for (int i = 1; i < n; i++)
	{
		CHECK_FOR_INTERRUPTS();
		if (compare_cells(&cells[i], &cells[i - 1]) != 0)
			continue;
		if (stratified)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("variant \"%s\" is there twice in stratum \"%s\"",
							cells[i].variant, cells[i].stratum),
					 errhint("Merge its states by affinity.rollup.")));
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("variant \"%s\" is there twice", cells[i].variant),
				 errhint("Merge its states by affinity.rollup, or keep strata apart by affinity.experiment_stratified.")));
	}
	if (n_strata == n)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("there is no variant beside the control \"%s\"",
						control)));
	for (int i = n_strata; i < n; i++)
	{
		const Cell *of_control = &cells[i % n_strata];

		if (strcmp(cells[i].stratum, of_control->stratum) != 0 ||
			strcmp(cells[i].variant,
				   cells[i - i % n_strata].variant) != 0 ||
			n % n_strata != 0)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("not every variant is in every stratum: compare \"%s\" and \"%s\"",
							control, cells[i].variant),
					 errhint("Make strata larger, or leave out those that one of them lacks.")));
	}
	for (int i = 0; i < n; i++)
	{
		if (cells[i].state->n >= 2)
			continue;
		if (stratified)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("variant \"%s\" has 1 unit in stratum \"%s\", but needs 2",
							cells[i].variant, cells[i].stratum),
					 errhint("Make strata larger.")));
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("variant \"%s\" has 1 unit, but needs 2",
						cells[i].variant),
				 errhint("A metric has one row per unit, for example per customer.")));
	}
	return n_strata;
}

/* Which metrics a method takes. */
static void
check_method(const ExperimentCall *call, MetricState **states, int n,
			 bool stratified)
{
	MetricKind	kind = states[0]->kind;

	if (call->plan.method == EXPERIMENT_CUPED && kind != METRIC_COVARIATE)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("method cuped needs metrics with a covariate, not of %s",
						affinity_experiment_metric_kind_name(kind)),
				 errhint("Write affinity.metric_agg(value, covariate), the covariate from before the experiment.")));
	if (call->plan.method != EXPERIMENT_Z)
		return;
	if (stratified)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("method z takes no strata"),
				 errhint("Use welch.")));
	for (int i = 0; i < n; i++)
		if (!states[i]->binary)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("method z takes proportions, metrics of true and false"),
					 errhint("Use welch for other metrics.")));
}

/* ---- from states to arms --------------------------------------------------- */

static void
arm_of_quantile(Cell *cell, int scale)
{
	double		error = affinity_experiment_values_error(cell->state, scale);

	cell->arm.mean = ldexp(affinity_experiment_values_quantile(cell->state,
															   cell->state->p),
						   -scale);
	cell->arm.above = cell->arm.mean;
	cell->arm.variance = error * error;
	cell->arm.df = INFINITY;
}

static void
arm_of_moments(Cell *cell, ExperimentMethod method)
{
	const MetricMoments *m = &cell->moments;
	double		variance = m->variance;

	cell->arm.mean = m->mean;
	cell->arm.above = m->above;
	cell->arm.df = m->n - 1;
	cell->arm.binary = cell->state->binary;
	cell->arm.successes = m->mean * m->n;
	if (cell->state->kind == METRIC_RATIO)
	{
		if (m->mean_y == 0)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("the denominators of variant \"%s\" sum to 0",
							cell->variant)));
		cell->arm.mean = affinity_experiment_moments_ratio(m, &variance);
		cell->arm.above = cell->arm.mean;
		cell->arm.binary = false;
	}
	else if (method == EXPERIMENT_Z)
		variance = m->mean * (1 - m->mean);
	if (cell->arm.binary)
		cell->arm.successes = rint(cell->arm.successes);
	cell->arm.variance = variance / m->n;
}

/*
 * CUPED (Deng, Xu, Kohavi and Walker 2013): less theta times what the
 * covariate's mean is above that of all variants. Theta is the slope over all
 * units of the stratum, or that within its variants.
 */
static void
adjust_by_covariate(Cell *cells, int n, int n_strata, int stratum, bool within)
{
	double		units = 0;
	double		mean = 0;
	double		mean_y = 0;
	double		covariance = 0;
	double		variance = 0;
	double		theta;

	for (int i = stratum; i < n; i += n_strata)
	{
		const MetricMoments *m = &cells[i].moments;

		units += m->n;
		mean += (m->above - mean) * (m->n / units);
		mean_y += (m->above_y - mean_y) * (m->n / units);
	}
	for (int i = stratum; i < n; i += n_strata)
	{
		const MetricMoments *m = &cells[i].moments;

		covariance += m->covariance * (m->n - 1);
		variance += m->variance_y * (m->n - 1);
		if (within)
			continue;
		covariance += m->n * (m->above - mean) * (m->above_y - mean_y);
		variance += m->n * (m->above_y - mean_y) * (m->above_y - mean_y);
	}
	/* a covariate that is the same for all says nothing */
	theta = variance > 0 ? covariance / variance : 0;
	for (int i = stratum; i < n; i += n_strata)
	{
		const MetricMoments *m = &cells[i].moments;
		double		rest = m->variance - 2 * theta * m->covariance +
			theta * theta * m->variance_y;

		cells[i].arm.mean = m->mean - theta * (m->above_y - mean_y);
		cells[i].arm.above = m->above - theta * (m->above_y - mean_y);
		cells[i].arm.variance = Max(rest, 0) / m->n;
		cells[i].arm.binary = false;
	}
}

/* Fill the arms of all cells; gives the power of two that they are less by. */
static int
fill_arms(Cell *cells, int n, int n_strata, const ExperimentCall *call)
{
	int			scale = INT_MIN;
	int			scale_y = INT_MIN;

	for (int i = 0; i < n; i++)
	{
		int			own;
		int			own_y;

		affinity_experiment_moments_scale(cells[i].state, &own, &own_y);
		scale = Max(scale, own);
		scale_y = Max(scale_y, own_y);
	}
	for (int i = 0; i < n; i++)
	{
		CHECK_FOR_INTERRUPTS();
		cells[i].arm.units = (double) cells[i].state->n;
		if (cells[i].state->kind == METRIC_QUANTILE)
			arm_of_quantile(&cells[i], scale);
		else
		{
			affinity_experiment_moments(cells[i].state, scale, scale_y,
										&cells[i].moments);
			affinity_experiment_moments_center(cells[i].state, scale, scale_y,
											   cells[0].moments.mean,
											   cells[0].moments.mean_y,
											   &cells[i].moments);
			arm_of_moments(&cells[i], call->plan.method);
		}
	}
	if (call->plan.method == EXPERIMENT_CUPED)
		for (int i = 0; i < n_strata; i++)
			adjust_by_covariate(cells, n, n_strata, i, call->within);
	return cells[0].state->kind == METRIC_RATIO ? scale - scale_y : scale;
}

/*
 * Post-stratification: strata count as they are among all units, whatever
 * their shares in a variant.
 */
static void
join_strata(Cell *cells, int n, int n_strata, Variant *variants)
{
	double		units = 0;

	for (int i = 0; i < n; i++)
		units += cells[i].arm.units;
	for (int v = 0; v < n / n_strata; v++)
	{
		ExperimentArm *arm = &variants[v].arm;
		double		squares = 0;

		variants[v].name = cells[v * n_strata].variant;
		*arm = cells[v * n_strata].arm;
		if (n_strata == 1)
			continue;
		memset(arm, 0, sizeof(*arm));
		for (int s = 0; s < n_strata; s++)
		{
			const ExperimentArm *part = &cells[v * n_strata + s].arm;
			double		share = 0;

			for (int i = s; i < n; i += n_strata)
				share += cells[i].arm.units / units;
			arm->units += part->units;
			arm->mean += share * part->mean;
			arm->above += share * part->above;
			arm->variance += share * share * part->variance;
		}
		for (int s = 0; s < n_strata && arm->variance > 0; s++)
		{
			const ExperimentArm *part = &cells[v * n_strata + s].arm;
			double		share = 0;
			double		of_all;

			for (int i = s; i < n; i += n_strata)
				share += cells[i].arm.units / units;
			of_all = share * share * (part->variance / arm->variance);
			squares += of_all * of_all / part->df;
		}
		arm->df = squares > 0 ? 1 / squares : INFINITY;
	}
}

/* ---- rows ------------------------------------------------------------------- */

static int
compare_p(const void *a, const void *b)
{
	double		x = (*(Variant *const *) a)->result.p;
	double		y = (*(Variant *const *) b)->result.p;

	return (x > y) - (x < y);
}

/* Holm's, or Benjamini and Hochberg's, p-values of those that have one. */
static void
adjust_p(Variant *variants, int n, ExperimentAdjust adjust)
{
	Variant   **order = palloc(n * sizeof(Variant *));
	int			m = 0;
	double		bound;

	for (int i = 1; i < n; i++)
	{
		variants[i].result.adjusted = variants[i].result.p;
		if (!isnan(variants[i].result.p))
			order[m++] = &variants[i];
	}
	qsort(order, m, sizeof(Variant *), compare_p);
	bound = 0;
	for (int i = 0; i < m && adjust == EXPERIMENT_HOLM; i++)
	{
		bound = Max(bound, order[i]->result.p * (m - i));
		order[i]->result.adjusted = Min(bound, 1);
	}
	bound = 1;
	for (int i = m; i-- > 0 && adjust == EXPERIMENT_BH;)
	{
		bound = Min(bound, order[i]->result.p * m / (i + 1));
		order[i]->result.adjusted = bound;
	}
}

static void
put_number(Datum *values, bool *nulls, int column, double number, int scale)
{
	number = ldexp(number, scale);
	values[column] = Float8GetDatum(number);
	nulls[column] = isnan(number);
}

static void
put_rows(FunctionCallInfo fcinfo, const ExperimentCall *call,
		 const Variant *variants, int n, int scale)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	double		alpha = call->plan.alpha;

	for (int i = 0; i < n; i++)
	{
		const ExperimentResult *r = &variants[i].result;
		Datum		values[15];
		bool		nulls[15];
		bool		known;
		bool		found;

		memset(values, 0, sizeof(values));
		memset(nulls, i == 0, sizeof(nulls));
		nulls[0] = nulls[1] = false;
		values[0] = CStringGetTextDatum(variants[i].name);
		values[1] = Int64GetDatum((int64) variants[i].arm.units);
		put_number(values, nulls, 2, variants[i].arm.mean, scale);
		put_number(values, nulls, 3, variants[0].arm.mean, scale);
		if (i > 0)
		{
			put_number(values, nulls, 4, r->difference, scale);
			put_number(values, nulls, 5, r->low, scale);
			put_number(values, nulls, 6, r->high, scale);
			put_number(values, nulls, 7, r->lift, 0);
			put_number(values, nulls, 8, r->lift_low, 0);
			put_number(values, nulls, 9, r->lift_high, 0);
			put_number(values, nulls, 10, r->p, 0);
			put_number(values, nulls, 11, r->adjusted, 0);
			put_number(values, nulls, 12, r->chance, 0);
			put_number(values, nulls, 13, r->loss, scale);
			known = !isnan(r->p);
			found = r->adjusted < alpha;
			if (call->plan.method == EXPERIMENT_BAYESIAN)
			{
				double		tail = call->plan.side == EXPERIMENT_TWO_SIDED ?
					alpha / 2 : alpha;

				known = !isnan(r->chance);
				found = (call->plan.side != EXPERIMENT_LESS &&
						 1 - r->chance < tail) ||
					(call->plan.side != EXPERIMENT_GREATER && r->chance < tail);
			}
			values[14] = BoolGetDatum(found);
			nulls[14] = !known;
		}
		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values,
							 nulls);
	}
}

static void
report(FunctionCallInfo fcinfo, bool stratified)
{
	ExperimentCall call;
	int			n;
	int			n_metrics;
	int			n_strata;
	char	  **names;
	char	  **strata = NULL;
	MetricState **states;
	Cell	   *cells;
	Variant    *variants;
	int			scale;

	affinity_experiment_plan_args(fcinfo, stratified ? 3 : 2, &call);
	/* array_agg over no rows */
	if (PG_ARGISNULL(0) && PG_ARGISNULL(stratified ? 2 : 1))
		return;
	names = affinity_experiment_names_arg(fcinfo, 0, "variants", &n);
	if (stratified)
	{
		strata = affinity_experiment_names_arg(fcinfo, 1, "strata",
											   &n_strata);
		check_lengths(n, n_strata, "strata");
	}
	states = affinity_experiment_metrics_arg(fcinfo, stratified ? 2 : 1,
											 &n_metrics);
	check_lengths(n, n_metrics, "metrics");
	cells = palloc0(Max(n, 1) * sizeof(Cell));
	for (int i = 0; i < n; i++)
	{
		cells[i].variant = names[i];
		cells[i].stratum = stratified ? strata[i] : "";
		cells[i].control = strcmp(names[i], call.control) == 0;
		cells[i].state = states[i];
	}
	affinity_experiment_check_kinds(states, n);
	n_strata = check_cells(cells, n, stratified, call.control);
	check_method(&call, states, n, stratified);
	scale = fill_arms(cells, n, n_strata, &call);
	/* what is given in the metric's unit is less by as much */
	call.plan.tau = ldexp(call.plan.tau, -scale);
	if (!call.plan.about_lift)
	{
		call.plan.prior_mean = ldexp(call.plan.prior_mean, -scale);
		call.plan.prior_sd = ldexp(call.plan.prior_sd, -scale);
	}
	variants = palloc0(n / n_strata * sizeof(Variant));
	join_strata(cells, n, n_strata, variants);
	/* beta posteriors are of proportions on both sides */
	for (int i = 0; i < n / n_strata; i++)
		variants[0].arm.binary &= variants[i].arm.binary;
	for (int i = 1; i < n / n_strata; i++)
	{
		CHECK_FOR_INTERRUPTS();
		affinity_experiment_arm_compare(&call.plan, &variants[0].arm,
										&variants[i].arm, &variants[i].result);
	}
	adjust_p(variants, n / n_strata, call.adjust);
	put_rows(fcinfo, &call, variants, n / n_strata, scale);
}

/* experiment(variants, metrics, control, method and other options) */
Datum
affinity_experiment_report(PG_FUNCTION_ARGS)
{
	InitMaterializedSRF(fcinfo, 0);
	report(fcinfo, false);
	return (Datum) 0;
}

/* experiment_stratified(variants, strata, metrics, control, method and other options) */
Datum
affinity_experiment_stratified(PG_FUNCTION_ARGS)
{
	InitMaterializedSRF(fcinfo, 0);
	report(fcinfo, true);
	return (Datum) 0;
}
