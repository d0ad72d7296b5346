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

#include "experiment/cell.h"

PG_FUNCTION_INFO_V1(affinity_experiment_report);
PG_FUNCTION_INFO_V1(affinity_experiment_stratified);

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

/* ---- rows ------------------------------------------------------------------- */

/* The p-values of all but the control. */
static void
adjust_p(Variant *variants, int n, ExperimentAdjust adjust)
{
	double	   *p = palloc(n * sizeof(double));
	double	   *adjusted = palloc(n * sizeof(double));

	for (int i = 1; i < n; i++)
		p[i] = variants[i].result.p;
	affinity_experiment_adjust(p + 1, adjusted + 1, n - 1, adjust);
	for (int i = 1; i < n; i++)
		variants[i].result.adjusted = adjusted[i];
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
	if (n == 0 && call.control == NULL)
		return;
	if (call.control == NULL)
		call.control = affinity_experiment_first_name(names, n);
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
	scale = affinity_experiment_fill_arms(cells, n, n_strata, &call);
	/* what is given in the metric's unit is less by as much */
	call.plan.tau = ldexp(call.plan.tau, -scale);
	if (!call.plan.about_lift)
	{
		call.plan.prior_mean = ldexp(call.plan.prior_mean, -scale);
		call.plan.prior_sd = ldexp(call.plan.prior_sd, -scale);
	}
	variants = palloc0(n / n_strata * sizeof(Variant));
	affinity_experiment_join_strata(cells, n, n_strata, variants);
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
