/*
 * sizing.c
 *		sample_size(), power() and minimum_detectable_effect(): the arguments.
 */
#include "postgres.h"

#include <math.h>

#include "access/htup_details.h"
#include "fmgr.h"
#include "funcapi.h"
#include "utils/builtins.h"

#include "base/base.h"
#include "base/number.h"
#include "design/design.h"

PG_FUNCTION_INFO_V1(affinity_design_sample_size);
PG_FUNCTION_INFO_V1(affinity_design_power);
PG_FUNCTION_INFO_V1(affinity_design_detectable);

/* What the three functions share, and where each of them has it. */
typedef struct PlanArgs
{
	int			std_dev;
	int			relative;
	int			alpha;
	int			power;			/* -1: not asked for */
	int			alternative;	/* then ratio and the others in one order */
} PlanArgs;

static const PlanArgs size_args = {2, 3, 4, 5, 6};
static const PlanArgs power_args = {3, 4, 5, -1, 6};
static const PlanArgs effect_args = {2, 3, 4, 5, 6};

static void
reject(const char *name, const char *must, double value, const char *hint)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("%s must be %s, but is %s", name, must, affinity_base_shortest(value)),
			 hint != NULL ? errhint("%s", hint) : 0));
}

/* A number that must be there and finite. */
static double
number_arg(FunctionCallInfo fcinfo, int arg, const char *name)
{
	double		value;

	affinity_base_check_not_null(fcinfo, arg, name);
	value = PG_GETARG_FLOAT8(arg);
	if (isnan(value) || isinf(value))
		reject(name, "a finite number", value, NULL);
	return value;
}

static double
positive_arg(FunctionCallInfo fcinfo, int arg, const char *name,
			 const char *hint)
{
	double		value = number_arg(fcinfo, arg, name);

	if (!(value > 1e-100 && value < 1e100))
		reject(name, "above 0", value, hint);
	return value;
}

static int
direction_arg(FunctionCallInfo fcinfo, int arg)
{
	char	   *name = affinity_base_text_arg(fcinfo, arg, "alternative");

	if (pg_strcasecmp(name, "two_sided") == 0)
		return 0;
	if (pg_strcasecmp(name, "greater") == 0)
		return 1;
	if (pg_strcasecmp(name, "less") == 0)
		return -1;
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("unknown alternative \"%s\"", name),
			 errhint("Pass 'two_sided', 'greater' or 'less'.")));
	return 0;					/* not reached */
}

/* Which chance of a false alarm one side has. */
static double
tail_arg(FunctionCallInfo fcinfo, int arg, int direction, int comparisons_arg)
{
	double		alpha = number_arg(fcinfo, arg, "alpha");
	int64		comparisons;

	if (!(alpha > 0 && alpha < 1))
		reject("alpha", "between 0 and 1", alpha, "Pass 0.05 for a false alarm in twenty experiments without an effect.");
	affinity_base_check_not_null(fcinfo, comparisons_arg, "comparisons");
	comparisons = PG_GETARG_INT64(comparisons_arg);
	if (comparisons < 1)
		reject("comparisons", "at least 1", (double) comparisons,
			   "Pass how many variants are compared with the control, times how many metrics decide.");
	alpha /= (double) comparisons;
	return direction == 0 ? 0.5 * alpha : alpha;
}

/* The effect's lengths in clusters: ratio, comparisons, correlation and so on. */
static void
read_shape(FunctionCallInfo fcinfo, int arg, PowerPlan *plan)
{
	double		correlation = number_arg(fcinfo, arg + 2, "correlation");
	double		variance_ratio = positive_arg(fcinfo, arg + 3,
											  "variance_ratio", NULL);
	double		icc = number_arg(fcinfo, arg + 4, "icc");
	double		cluster_size = number_arg(fcinfo, arg + 5, "cluster_size");

	plan->ratio = positive_arg(fcinfo, arg, "ratio",
							   "Pass units of the treatment per unit of control: 1 for equal arms.");
	if (!(correlation > -1 && correlation < 1))
		reject("correlation", "between -1 and 1", correlation,
			   "It is that of the metric with the covariate; it leaves 1 - correlation^2 of the variance.");
	plan->left = 1 - correlation * correlation;
	if (!plan->of_means && variance_ratio != 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("variance_ratio is for means only"),
				 errhint("The variance of a proportion follows from it. Pass std_dev if the metric is a mean.")));
	plan->variance[1] = plan->variance[0] * variance_ratio;
	if (!(icc >= 0 && icc <= 1))
		reject("icc", "between 0 and 1", icc,
			   "It is the share of the variance that lies between clusters.");
	if (!(cluster_size >= 1 && cluster_size < 1e100))
		reject("cluster_size", "at least 1", cluster_size,
			   "It is the mean number of units of a cluster.");
	plan->design = 1 + (cluster_size - 1) * icc;
}

/* What all three functions are told; gives the power wished, or NAN. */
static double
read_plan(FunctionCallInfo fcinfo, const PlanArgs *at, PowerPlan *plan)
{
	double		power = NAN;

	plan->baseline = number_arg(fcinfo, 0, "baseline");
	plan->of_means = !PG_ARGISNULL(at->std_dev);
	plan->variance[0] = 1;
	if (plan->of_means)
	{
		double		std_dev = positive_arg(fcinfo, at->std_dev, "std_dev",
										   "Leave it out if the metric is a proportion.");

		plan->variance[0] = std_dev * std_dev;
	}
	else if (!(plan->baseline > 0 && plan->baseline < 1))
		reject("baseline", "between 0 and 1", plan->baseline,
			   "It is the proportion of the control. If the metric is a mean, pass its std_dev too.");
	plan->direction = direction_arg(fcinfo, at->alternative);
	plan->tail = tail_arg(fcinfo, at->alpha, plan->direction,
						  at->alternative + 2);
	read_shape(fcinfo, at->alternative + 1, plan);
	if (at->power >= 0)
	{
		power = number_arg(fcinfo, at->power, "power");
		if (!(power > 0 && power < 1))
			reject("power", "between 0 and 1", power,
				   "Pass 0.8 to find an effect of that size in four of five experiments.");
		if (power <= plan->tail)
			reject("power", "above alpha", power,
				   "Without any effect there are as many alarms.");
	}
	return power;
}

static bool
relative_arg(FunctionCallInfo fcinfo, int arg, double baseline)
{
	affinity_base_check_not_null(fcinfo, arg, "relative");
	if (!PG_GETARG_BOOL(arg))
		return false;
	if (baseline == 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("a baseline of 0 has no relative effect"),
				 errhint("Pass relative => false and the effect in the units of the metric.")));
	return true;
}

/* The least effect that must be found, in the metric's own units. */
static double
effect_arg(FunctionCallInfo fcinfo, const PlanArgs *at, const PowerPlan *plan)
{
	double		effect = number_arg(fcinfo, 1, "mde");

	if (relative_arg(fcinfo, at->relative, plan->baseline))
		effect *= plan->baseline;
	if (!plan->of_means &&
		!(plan->baseline + effect >= 0 && plan->baseline + effect <= 1))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("a proportion of %s cannot change by %s",
						affinity_base_shortest(plan->baseline), affinity_base_shortest(effect)),
				 errhint("mde is in points, 0.01 from 10 %% to 11 %%; pass relative => true for a share of the baseline.")));
	return effect;
}

static double
units_arg(FunctionCallInfo fcinfo, int arg, const PowerPlan *plan)
{
	double		units = number_arg(fcinfo, arg, "units");
	double		count = units / plan->design;

	if (!(units > 0 && units <= 1e15))
		reject("units", "above 0 and at most 1e15", units,
			   "Pass the units of the control.");
	if (plan->of_means && !(count > 1 && count * plan->ratio > 1))
		reject("units", "more than one in each arm", units,
			   "In clusters, units count as units / (1 + (cluster_size - 1) * icc).");
	return units;
}

/*
 * (baseline, mde, std_dev, relative, alpha, power, alternative, ratio,
 * comparisons, correlation, variance_ratio, icc, cluster_size)
 */
Datum
affinity_design_sample_size(PG_FUNCTION_ARGS)
{
	PowerPlan	plan;
	TupleDesc	desc;
	Datum		values[4];
	bool		nulls[4] = {false};
	double		power;
	double		effect;
	double		units;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		PG_RETURN_NULL();
	power = read_plan(fcinfo, &size_args, &plan);
	effect = effect_arg(fcinfo, &size_args, &plan);
	if (plan.direction == 0 ? effect == 0 : plan.direction * effect <= 0)
		reject("mde", plan.direction == 0 ? "other than 0"
			   : plan.direction > 0 ? "above 0 for 'greater'"
			   : "below 0 for 'less'", effect,
			   "It is the least effect that the experiment must not miss.");
	units = affinity_design_units_for(&plan, effect, power);
	if (!(units * Max(1, plan.ratio) + units < 1e18))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("an effect of %s needs more units than can be counted",
						affinity_base_shortest(effect)),
				 errhint("Plan for a larger mde.")));
	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	values[0] = Int64GetDatum((int64) ceil(units));
	values[1] = Int64GetDatum((int64) ceil(units * plan.ratio));
	values[2] = Int64GetDatum((int64) ceil(units) +
							  (int64) ceil(units * plan.ratio));
	values[3] = Float8GetDatum(units);
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc),
													  values, nulls)));
}

/*
 * (baseline, mde, units, std_dev, relative, alpha, alternative, ratio,
 * comparisons, correlation, variance_ratio, icc, cluster_size)
 */
Datum
affinity_design_power(PG_FUNCTION_ARGS)
{
	PowerPlan	plan;
	double		effect;
	double		units;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1) || PG_ARGISNULL(2))
		PG_RETURN_NULL();
	read_plan(fcinfo, &power_args, &plan);
	effect = effect_arg(fcinfo, &power_args, &plan);
	units = units_arg(fcinfo, 2, &plan);
	PG_RETURN_FLOAT8(affinity_design_power_of(&plan, units, effect));
}

/*
 * (baseline, units, std_dev, relative, alpha, power, alternative, ratio,
 * comparisons, correlation, variance_ratio, icc, cluster_size)
 */
Datum
affinity_design_detectable(PG_FUNCTION_ARGS)
{
	PowerPlan	plan;
	double		power;
	double		units;
	double		effect;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		PG_RETURN_NULL();
	power = read_plan(fcinfo, &effect_args, &plan);
	units = units_arg(fcinfo, 1, &plan);
	effect = affinity_design_effect_for(&plan, units, power);
	if (isnan(effect))
		PG_RETURN_NULL();
	if (relative_arg(fcinfo, effect_args.relative, plan.baseline))
		effect /= plan.baseline;
	PG_RETURN_FLOAT8(effect);
}
