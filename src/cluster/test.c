/*
 * test.c
 *		cluster_experiment() and difference_in_differences(): least squares on
 *		indicators of the arms, with errors that are robust to what the units
 *		of a cluster have in common.
 *
 * The variance is that of Liang and Zeger (1986) with the usual correction
 * for few clusters, g / (g - 1) (n - 1) / (n - k), as Stata's vce(cluster),
 * statsmodels' cov_type='cluster' and sandwich's vcovCL(type = 'HC1') have
 * it; t has g - 1 degrees of freedom. Deviations from a mean are taken of
 * whole numbers, so that a large mean does not cost digits.
 */
#include "postgres.h"

#include <math.h>

#include "access/htup_details.h"
#include "fmgr.h"
#include "funcapi.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/tuplestore.h"

#include "activity/activity.h"
#include "base/number.h"
#include "cluster/cluster.h"
#include "experiment/experiment.h"
#include "experiment/plan.h"
#include "experiment/student.h"
#include "kernel/tail.h"

PG_FUNCTION_INFO_V1(affinity_cluster_test);
PG_FUNCTION_INFO_V1(affinity_cluster_did);

#define VARIANT_NUMBERS 12		/* columns of a variant's row behind three */
#define P_VALUE 7
#define P_ADJUSTED 8
#define VARIANTS_MAX 1000
#define DID_COLUMNS 12

/* The units of a cell: their mean is base and the fraction, in 2^-60. */
typedef struct Arm
{
	const char *name;
	bool		is_control;
	const ClusterState *state;
	int			cell;
	int64		n;
	int64		clusters;
	int128		base;
	double		fraction;
	double		mean;
} Arm;

/* An estimate with its error. */
typedef struct Estimate
{
	double		value;
	double		error;			/* NAN: not known */
	double		df;
	double		low;
	double		high;
	double		p;
} Estimate;

/* ---- arms --------------------------------------------------------------- */

static double
scaled(double x)
{
	return ldexp(x, -VALUE_SCALE_BITS);
}

static void
read_arm(Arm *arm, const ClusterState *state, int cell)
{
	ClusterSum	sum = {{0}};
	ClusterSum	whole;

	memset(arm, 0, sizeof(Arm));
	arm->state = state;
	arm->cell = cell;
	arm->mean = NAN;
	for (uint32 i = 0; i < state->n; i++)
	{
		const ClusterCell *c =
			&affinity_cluster_entry(state, i)->cells[cell];

		affinity_base_look_up(i);
		arm->n += c->n;
		arm->clusters += c->n > 0;
		affinity_cluster_sum_add(&sum, &c->sum);
	}
	if (arm->n == 0)
		return;
	arm->base = affinity_cluster_sum_mean(&sum, arm->n);
	whole = affinity_cluster_sum_times(arm->base, arm->n);
	whole = affinity_cluster_sum_less(&sum, &whole);
	/* in 2^-60, as the base is */
	arm->fraction = ldexp(affinity_cluster_sum_double(&whole),
						  VALUE_SCALE_BITS) / (double) arm->n;
	arm->mean = scaled((double) arm->base + arm->fraction);
}

/* What the units of a cluster are above the arm's mean, all together. */
static double
deviation(const Arm *arm, const ClusterEntry *entry)
{
	const ClusterCell *cell = &entry->cells[arm->cell];
	ClusterSum	expected;
	ClusterSum	difference;

	if (cell->n == 0)
		return 0;
	expected = affinity_cluster_sum_times(arm->base, cell->n);
	difference = affinity_cluster_sum_less(&cell->sum, &expected);
	return affinity_cluster_sum_double(&difference);
}

/*
 * Fill in what follows from the squares of the clusters' scores. The interval
 * has one end where only one side is looked at.
 */
static void
finish(Estimate *estimate, double squares, int64 clusters, int64 units,
	   int arms, const ExperimentPlan *plan)
{
	double		g = (double) clusters;
	double		n = (double) units;

	estimate->error = NAN;
	estimate->df = NAN;
	estimate->low = NAN;
	estimate->high = NAN;
	estimate->p = NAN;
	if (clusters < 2 || units <= arms || isnan(estimate->value))
		return;
	estimate->error = sqrt(squares * (g / (g - 1)) * ((n - 1) / (n - arms)));
	estimate->df = g - 1;
	if (estimate->error > 0)
	{
		bool		two_sided = plan->side == EXPERIMENT_TWO_SIDED;
		double		t = estimate->value / estimate->error;
		double		half = estimate->error *
			affinity_experiment_t_quantile(two_sided ? plan->alpha / 2
										   : plan->alpha, estimate->df);

		estimate->low = estimate->value - half;
		estimate->high = estimate->value + half;
		affinity_experiment_arm_no_side(plan, &estimate->low, &estimate->high);
		estimate->p = affinity_kernel_t_tail(t, estimate->df);
		if (!two_sided)
			estimate->p = (t > 0) == (plan->side == EXPERIMENT_GREATER)
				? estimate->p / 2 : 1 - estimate->p / 2;
	}
}

/* A two-sided test of that confidence. */
static ExperimentPlan
confidence_arg(FunctionCallInfo fcinfo, int arg)
{
	ExperimentPlan plan = {.side = EXPERIMENT_TWO_SIDED};
	double		confidence;

	affinity_base_check_not_null(fcinfo, arg, "confidence");
	confidence = PG_GETARG_FLOAT8(arg);
	if (!(confidence > 0 && confidence < 1))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("confidence must be between 0 and 1, but is %s",
						affinity_base_shortest(confidence)),
				 errhint("Pass 0.95 for intervals of 95 %%.")));
	plan.alpha = 1 - confidence;
	return plan;
}

/* Numbers as columns; NAN is NULL. */
static void
put_numbers(const double *numbers, int n, Datum *values, bool *nulls)
{
	for (int i = 0; i < n; i++)
	{
		values[i] = Float8GetDatum(numbers[i]);
		nulls[i] = isnan(numbers[i]);
	}
}

/* ---- variants ----------------------------------------------------------- */

/*
 * The squares of what each cluster adds to the difference of two arms, and to
 * their ratio; gives how many clusters there are in either.
 */
static int64
pair_squares(const Arm *control, const Arm *variant, double *difference,
			 double *lift)
{
	const ClusterState *a = control->state;
	const ClusterState *b = variant->state;
	const char *names_a = affinity_cluster_names(a);
	const char *names_b = affinity_cluster_names(b);
	double		slope = variant->mean / control->mean;
	int64		clusters = 0;
	uint32		i = 0;
	uint32		j = 0;

	*difference = 0;
	*lift = 0;
	while (i < a->n || j < b->n)
	{
		const ClusterEntry *e = affinity_cluster_entry(a, i);
		const ClusterEntry *f = affinity_cluster_entry(b, j);
		double		of_control = 0;
		double		of_variant = 0;
		int			order = 0;

		affinity_base_look_up(i + (uint64) j);
		if (i < a->n && j < b->n)
			order = affinity_base_bytes_compare(names_a + e->offset, e->len,
												names_b + f->offset, f->len);
		else
			order = i == a->n ? 1 : -1;
		if (order <= 0)
		{
			of_control = deviation(control, e) / (double) control->n;
			i++;
		}
		if (order >= 0)
		{
			of_variant = deviation(variant, f) / (double) variant->n;
			j++;
		}
		*difference += (of_variant - of_control) * (of_variant - of_control);
		of_control *= slope;
		*lift += (of_variant - of_control) * (of_variant - of_control);
		clusters++;
	}
	*lift /= control->mean * control->mean;
	return clusters;
}

/* The numbers of a variant's row; p_adjusted is left out. */
static void
compare_variant(double *numbers, const Arm *arm, const Arm *control,
				const ExperimentPlan *plan)
{
	Estimate	difference;
	Estimate	lift;
	double		squares;
	double		lift_squares;
	int64		clusters;

	for (int i = 0; i < VARIANT_NUMBERS; i++)
		numbers[i] = NAN;
	numbers[0] = arm->mean;
	numbers[1] = control->mean;
	if (arm == control)
		return;
	clusters = pair_squares(control, arm, &squares, &lift_squares);
	/* of an arm of a single cluster it is not known how clusters differ */
	if (arm->clusters < 2 || control->clusters < 2)
		clusters = 0;
	difference.value = scaled((double) (arm->base - control->base) +
							  (arm->fraction - control->fraction));
	lift.value = control->mean == 0 ? NAN
		: difference.value / fabs(control->mean);
	finish(&difference, squares, clusters, arm->n + control->n, 2, plan);
	finish(&lift, lift_squares, clusters, arm->n + control->n, 2, plan);
	memcpy(&numbers[2], &difference, sizeof(Estimate));
	numbers[P_ADJUSTED + 1] = lift.value;
	numbers[P_ADJUSTED + 2] = lift.low;
	numbers[P_ADJUSTED + 3] = lift.high;
}

/* The adjusted p-values of all variants; the control, the first, has none. */
static void
adjust(double (*numbers)[VARIANT_NUMBERS], int n, ExperimentAdjust adjustment)
{
	double	   *p = affinity_base_array(n, sizeof(double));
	double	   *adjusted = affinity_base_array(n, sizeof(double));

	for (int i = 0; i < n; i++)
		p[i] = numbers[i][P_VALUE];
	affinity_experiment_adjust(p, adjusted, n, adjustment);
	for (int i = 0; i < n; i++)
		numbers[i][P_ADJUSTED] = adjusted[i];
}

/* The control first, then by name. */
static int
compare_arms(const void *a, const void *b)
{
	const Arm  *x = a;
	const Arm  *y = b;

	if (x->is_control != y->is_control)
		return x->is_control ? -1 : 1;
	return strcmp(x->name, y->name);
}

/*
 * The variants, the control first: the one of that name, or the first by
 * name. Gives how many.
 */
static int
read_variants(FunctionCallInfo fcinfo, Arm **arms)
{
	ArrayType  *array = PG_GETARG_ARRAYTYPE_P(1);
	char	  **names;
	char	   *control;
	Datum	   *states;
	bool	   *nulls;
	int			n;
	int			n_states;

	names = affinity_experiment_names_arg(fcinfo, 0, "variants", &n);
	affinity_experiment_check_array(array, "metrics");
	deconstruct_array(array, ARR_ELEMTYPE(array), -1, false, TYPALIGN_DOUBLE,
					  &states, &nulls, &n_states);
	if (n != n_states)
		ereport(ERROR,
				(errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
				 errmsg("variants has %d entries, but metrics has %d", n,
						n_states),
				 errhint("Take both by array_agg from one query with GROUP BY variant.")));
	if (n > VARIANTS_MAX)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("%d variants are more than %d", n, VARIANTS_MAX)));
	if (n == 0)
		return 0;
	control = PG_ARGISNULL(2) ? affinity_experiment_first_name(names, n)
		: text_to_cstring(PG_GETARG_TEXT_PP(2));
	*arms = affinity_base_array(n, sizeof(Arm));
	for (int i = 0; i < n; i++)
	{
		read_arm(&(*arms)[i],
				 affinity_cluster_at_rest(states[i], CLUSTER_METRIC_CELLS), 0);
		(*arms)[i].name = names[i];
		(*arms)[i].is_control = strcmp(names[i], control) == 0;
	}
	qsort(*arms, n, sizeof(Arm), compare_arms);
	for (int i = 1; i < n; i++)
		if (compare_arms(&(*arms)[i - 1], &(*arms)[i]) == 0)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("variant \"%s\" is there twice", (*arms)[i].name),
					 errhint("Merge its states with affinity.rollup.")));
	if (!(*arms)[0].is_control)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("no variant is the control \"%s\"", control),
				 errhint("Pass control => '%s', or another of the variants.",
						 (*arms)[0].name)));
	return n;
}

/* cluster_experiment(variants, metrics, control, confidence, alternative, adjust) */
Datum
affinity_cluster_test(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	Arm		   *arms;
	double		(*numbers)[VARIANT_NUMBERS];
	ExperimentPlan plan;
	ExperimentAdjust adjustment;
	int			n;

	InitMaterializedSRF(fcinfo, 0);
	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		return (Datum) 0;
	plan = confidence_arg(fcinfo, 3);
	plan.side = affinity_experiment_side_arg(fcinfo, 4);
	adjustment = affinity_experiment_adjust_arg(fcinfo, 5);
	n = read_variants(fcinfo, &arms);
	if (n == 0)
		return (Datum) 0;
	numbers = affinity_base_array(n, sizeof(*numbers));
	for (int i = 0; i < n; i++)
		compare_variant(numbers[i], &arms[i], &arms[0], &plan);
	adjust(numbers, n, adjustment);
	for (int i = 0; i < n; i++)
	{
		Datum		values[3 + VARIANT_NUMBERS];
		bool		nulls[3 + VARIANT_NUMBERS] = {false};

		values[0] = CStringGetTextDatum(arms[i].name);
		values[1] = Int64GetDatum(arms[i].n);
		values[2] = Int64GetDatum(arms[i].clusters);
		put_numbers(numbers[i], VARIANT_NUMBERS, values + 3, nulls + 3);
		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values,
							 nulls);
	}
	return (Datum) 0;
}

/* ---- difference in differences ------------------------------------------ */

/* difference_in_differences(state, confidence) */
Datum
affinity_cluster_did(PG_FUNCTION_ARGS)
{
	const ClusterState *state;
	Arm			arms[CLUSTER_DID_CELLS];
	Estimate	estimate;
	ExperimentPlan plan = confidence_arg(fcinfo, 1);
	double		squares = 0;
	int64		units = 0;
	int64		clusters;
	int128		base = 0;
	double		fraction = 0;
	double		numbers[DID_COLUMNS - 2];
	TupleDesc	desc;
	Datum		values[DID_COLUMNS];
	bool		nulls[DID_COLUMNS] = {false};

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	state = affinity_cluster_at_rest(PG_GETARG_DATUM(0),
									 CLUSTER_DID_CELLS);
	clusters = state->n;
	estimate.value = 0;
	for (int i = 0; i < CLUSTER_DID_CELLS; i++)
	{
		/* + of treated after and control before, - of the others */
		int			sign = i == 0 || i == 3 ? 1 : -1;

		read_arm(&arms[i], state, i);
		units += arms[i].n;
		base += sign * arms[i].base;
		fraction += sign * arms[i].fraction;
		if (arms[i].n == 0)
			estimate.value = NAN;
		if (arms[i].clusters < 2)
			clusters = 0;
	}
	if (!isnan(estimate.value))
		estimate.value = scaled((double) base + fraction);
	for (uint32 i = 0; i < state->n && !isnan(estimate.value); i++)
	{
		const ClusterEntry *e = affinity_cluster_entry(state, i);
		double		score = 0;

		affinity_base_look_up(i);
		for (int j = 0; j < CLUSTER_DID_CELLS; j++)
			score += (j == 0 || j == 3 ? 1 : -1) * deviation(&arms[j], e) /
				(double) arms[j].n;
		squares += score * score;
	}
	finish(&estimate, squares, clusters, units, CLUSTER_DID_CELLS, &plan);
	numbers[0] = arms[CLUSTER_TREATED].mean;
	numbers[1] = arms[CLUSTER_TREATED | CLUSTER_AFTER].mean;
	numbers[2] = arms[0].mean;
	numbers[3] = arms[CLUSTER_AFTER].mean;
	memcpy(&numbers[4], &estimate, sizeof(Estimate));
	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	values[0] = Int64GetDatum(units);
	values[1] = Int64GetDatum(state->n);
	put_numbers(numbers, lengthof(numbers), values + 2, nulls + 2);
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc),
													  values, nulls)));
}
