/*
 * arm.c
 *		A variant against the control: differences and lifts with their
 *		intervals, by Welch's test, the pooled z test, always-valid tests and
 *		the conjugate normal posterior. Where each formula is from: README.md.
 */
#include <math.h>

#include "experiment/arm.h"
#include "experiment/student.h"
#include "kernel/tail.h"

/* The share of the control's mean that its error may be for the delta method. */
#define FIELLER_FROM 0.05

/* ---- Student's t --------------------------------------------------------- */

/* P(T > t). */
static double
t_upper(double t, double df)
{
	double		both = isinf(df) ? 2 * affinity_kernel_normal_tail(fabs(t))
		: affinity_kernel_t_tail(t, df);

	return t > 0 ? both / 2 : 1 - both / 2;
}

/* ---- how far, how likely ------------------------------------------------- */

/* What a standardized difference is held against. */
typedef struct Yardstick
{
	double		df;				/* of t; INFINITY: normal */
	double		mixture;		/* always-valid: the prior's variance by that
								 * of the estimate; 0: look once only */
} Yardstick;

/* How many standard errors the interval goes to a side. */
static double
reach(const ExperimentPlan *plan, Yardstick stick)
{
	double		m = stick.mixture;
	double		two = plan->side == EXPERIMENT_TWO_SIDED ? 2 : 1;

	if (m == 0)
		return affinity_experiment_t_quantile(plan->alpha / two, stick.df);
	if (two == 2)
		return sqrt((m + 1) / m * (log1p(m) - 2 * log(plan->alpha)));
	return sqrt((m + 1) / m * 2 * log1p(sqrt(m + 1) / (2 * plan->alpha)));
}

static double
p_value(const ExperimentPlan *plan, Yardstick stick, double z)
{
	double		m = stick.mixture;
	double		evidence = m > 0 ? z * z / 2 * m / (m + 1) : 0;

	if (plan->side == EXPERIMENT_LESS)
		z = -z;
	if (m == 0)
		return plan->side == EXPERIMENT_TWO_SIDED ? 2 * t_upper(fabs(z), stick.df)
			: t_upper(z, stick.df);
	if (plan->side == EXPERIMENT_TWO_SIDED)
		return fmin(1, exp(log1p(m) / 2 - evidence));
	return z > 0 ? fmin(1, sqrt(m + 1) / (2 * expm1(evidence))) : 1;
}

/* An end that the alternative leaves open is infinite. */
void
affinity_experiment_arm_no_side(const ExperimentPlan *plan, double *low,
								double *high)
{
	if (plan->side == EXPERIMENT_GREATER)
		*high = INFINITY;
	if (plan->side == EXPERIMENT_LESS)
		*low = -INFINITY;
}

/* E max(0, -X) of a normal variable. */
static double
normal_loss(double mean, double sd)
{
	double		z = mean / sd;

	if (sd == 0)
		return fmax(0, -mean);
	return fmax(0, sd * exp(-z * z / 2) / sqrt(2 * M_PI) -
				mean * affinity_kernel_normal_tail(z));
}

/* ---- lift ----------------------------------------------------------------- */

/* The variance of the lift by the delta method; the control is not 0. */
static double
lift_variance(const ExperimentArm *control, const ExperimentArm *arm)
{
	double		ratio = arm->mean / control->mean;

	return (arm->variance / control->mean +
			ratio * ratio * control->variance / control->mean) / control->mean;
}

/*
 * Fieller's interval of the ratio of the means, less 1: those ratios r of
 * which arm - r control is within so many standard errors of 0. Without an
 * end where 0 is a likely value of the control.
 */
static void
fieller(const ExperimentArm *control, const ExperimentArm *arm, double z,
		double *low, double *high)
{
	double		scale = fabs(control->mean);
	double		ratio = arm->mean / control->mean;
	double		g = z * z * (control->variance / scale / scale);
	double		of_arm = z * z * (arm->variance / scale / scale);
	double		root = sqrt(fmax(0, of_arm * (1 - g) + g * ratio * ratio));

	if (g >= 1)
	{
		*low = -INFINITY;
		*high = INFINITY;
		return;
	}
	*low = (ratio - root) / (1 - g) - 1;
	*high = (ratio + root) / (1 - g) - 1;
	if (control->mean < 0)
	{
		double		swap = *low;

		*low = -*high;
		*high = -swap;
	}
}

/*
 * Whether the lift is told by Fieller's theorem: where the control is near 0,
 * or where the delta method knows no error.
 */
static bool
by_fieller(const ExperimentPlan *plan, const ExperimentArm *control,
		   const ExperimentArm *arm, double z)
{
	double		g = control->variance / control->mean / control->mean * z * z;

	return plan->lift == EXPERIMENT_LIFT_FIELLER ||
		(plan->lift == EXPERIMENT_LIFT_AUTO &&
		 (!(g <= FIELLER_FROM) || lift_variance(control, arm) == 0));
}

/* The lift, in the direction of the difference, and its interval. */
static void
put_lift(const ExperimentPlan *plan, const ExperimentArm *control,
		 const ExperimentArm *arm, double z, ExperimentResult *result)
{
	double		error;

	result->lift = result->lift_low = result->lift_high = NAN;
	if (control->mean == 0)
		return;
	result->lift = result->difference / fabs(control->mean);
	if (by_fieller(plan, control, arm, z))
		fieller(control, arm, z, &result->lift_low, &result->lift_high);
	else
	{
		error = sqrt(lift_variance(control, arm));
		result->lift_low = result->lift - z * error;
		result->lift_high = result->lift + z * error;
	}
	affinity_experiment_arm_no_side(plan, &result->lift_low,
									&result->lift_high);
}

/* ---- the normal posterior -------------------------------------------------- */

/* What an estimate and the prior say together. */
static void
update(double prior_mean, double prior_sd, double *mean, double *variance)
{
	double		prior = prior_sd * prior_sd;
	double		trust;

	if (isinf(prior))
		return;
	/* of the estimate; both known exactly: the prior came first */
	trust = prior == 0 ? 0 : prior / (prior + *variance);
	*mean = prior_mean * (1 - trust) + *mean * trust;
	*variance = trust * *variance;
}

static void
normal_posterior(const ExperimentPlan *plan, const ExperimentArm *control,
				 const ExperimentArm *arm, ExperimentResult *result)
{
	double		z = affinity_kernel_normal_quantile(1 - plan->alpha /
													(plan->side == EXPERIMENT_TWO_SIDED ? 2 : 1));
	double		unit = fabs(control->mean);
	double		mean = arm->above - control->above;
	double		variance = arm->variance + control->variance;
	double		lift = NAN;
	double		of_lift = NAN;

	if (unit > 0)
	{
		double		of_unit = plan->about_lift ? 1 : unit;

		lift = mean / unit;
		of_lift = lift_variance(control, arm);
		update(plan->prior_mean / of_unit, plan->prior_sd / of_unit, &lift,
			   &of_lift);
	}
	if (plan->about_lift)
	{
		mean = lift * unit;
		variance = of_lift * unit * unit;
	}
	else
		update(plan->prior_mean, plan->prior_sd, &mean, &variance);
	result->difference = mean;
	result->low = mean - z * sqrt(variance);
	result->high = mean + z * sqrt(variance);
	result->lift = lift;
	result->lift_low = lift - z * sqrt(of_lift);
	result->lift_high = lift + z * sqrt(of_lift);
	affinity_experiment_arm_no_side(plan, &result->low, &result->high);
	affinity_experiment_arm_no_side(plan, &result->lift_low,
									&result->lift_high);
	result->p = NAN;
	result->chance = variance > 0 ?
		affinity_kernel_normal_tail(-mean / sqrt(variance)) : NAN;
	result->loss = isnan(mean) ? NAN : normal_loss(mean, sqrt(variance));
}

/* ---- a variant against the control ----------------------------------------- */

/*
 * Satterthwaite's degrees of freedom of the sum of two variances, by their
 * shares: their squares may be too large.
 */
static double
welch_df(const ExperimentArm *a, const ExperimentArm *b, double variance)
{
	double		share_a = a->variance / variance;
	double		share_b = b->variance / variance;

	return 1 / (share_a * share_a / a->df + share_b * share_b / b->df);
}

/* The pooled test of two proportions; its interval is of another kind. */
static void
pooled_z(const ExperimentPlan *plan, const ExperimentArm *control,
		 const ExperimentArm *arm, double z, ExperimentResult *result)
{
	double		rate = (control->successes + arm->successes) /
		(control->units + arm->units);
	double		variance = rate * (1 - rate) *
		(1 / control->units + 1 / arm->units);
	const Yardstick normal = {INFINITY, 0};

	if (variance > 0 && !plan->about_lift)
		result->p = p_value(plan, normal,
							result->difference / sqrt(variance));
	if (!plan->wald)
	{
		affinity_experiment_newcombe(plan, control, arm, z, &result->low,
									 &result->high);
		affinity_experiment_arm_no_side(plan, &result->low, &result->high);
	}
}

/* How the variance of the effects that are looked for compares. */
static double
mixture_of(const ExperimentPlan *plan, double units, double variance)
{
	double		log_alpha = log(plan->alpha);

	switch (plan->method)
	{
		case EXPERIMENT_SEQUENTIAL:
			return units * (log1p(-2 * log_alpha) - 2 * log_alpha) /
				plan->horizon;
		case EXPERIMENT_MSPRT:
			return plan->tau / variance * plan->tau;
		default:
			return 0;
	}
}

void
affinity_experiment_arm_compare(const ExperimentPlan *plan,
								const ExperimentArm *control,
								const ExperimentArm *arm,
								ExperimentResult *result)
{
	double		variance = control->variance + arm->variance;
	double		error = sqrt(variance);
	double		units = control->units + arm->units;
	Yardstick	stick = {INFINITY, 0};
	Yardstick	lift_stick;
	double		z;
	double		lift_z;

	if (plan->method == EXPERIMENT_BAYESIAN && control->binary &&
		isinf(plan->prior_sd))
	{
		affinity_experiment_beta_compare(plan, control, arm, result);
		return;
	}
	if (plan->method == EXPERIMENT_BAYESIAN)
	{
		normal_posterior(plan, control, arm, result);
		return;
	}
	result->difference = arm->above - control->above;
	result->p = result->chance = result->loss = NAN;
	if (variance > 0)
	{
		if (plan->method == EXPERIMENT_WELCH || plan->method == EXPERIMENT_CUPED)
			stick.df = welch_df(control, arm, variance);
		stick.mixture = mixture_of(plan, units, variance);
		z = reach(plan, stick);
	}
	else
		z = plan->method == EXPERIMENT_Z ? reach(plan, stick) : 0;
	lift_stick = stick;
	if (plan->method == EXPERIMENT_MSPRT && variance > 0 &&
		control->mean != 0 && lift_variance(control, arm) > 0)
		lift_stick.mixture = plan->tau / lift_variance(control, arm) *
			plan->tau / control->mean / control->mean;
	result->low = result->difference - z * error;
	result->high = result->difference + z * error;
	affinity_experiment_arm_no_side(plan, &result->low, &result->high);
	lift_z = lift_stick.mixture == stick.mixture ? z : reach(plan, lift_stick);
	put_lift(plan, control, arm, lift_z, result);
	if (variance > 0)
	{
		if (!plan->about_lift)
			result->p = p_value(plan, stick, result->difference / error);
		else if (control->mean != 0)
		{
			/* Fieller's test of no lift is that of no difference */
			double		lift_error = by_fieller(plan, control, arm, lift_z) ?
				error / fabs(control->mean) : sqrt(lift_variance(control, arm));

			if (lift_error > 0)
				result->p = p_value(plan, lift_stick,
									result->lift / lift_error);
		}
		if (stick.mixture == 0)
		{
			result->chance = t_upper(-result->difference / error, stick.df);
			result->loss = normal_loss(result->difference, error);
		}
	}
	if (plan->method == EXPERIMENT_Z)
		pooled_z(plan, control, arm, z, result);
}
