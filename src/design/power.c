/*
 * power.c
 *		Power of a comparison of two proportions or two means, and the units or
 *		the effect for which it is as wished.
 *
 * Proportions: the normal approximation with the pooled variance under the
 * null hypothesis, as R's power.prop.test has it. Means: the noncentral t
 * distribution, as R's power.t.test has it, of Welch's test with
 * Satterthwaite's degrees of freedom. Of two sides only the one of the effect
 * counts; an alarm on the other one would be no success.
 */
#include <math.h>

#include "design/design.h"
#include "experiment/student.h"
#include "kernel/tail.h"

#define STEPS 2000				/* of the integral */
#define NOTHING 40				/* exp(-40) of a density is none */
#define UNITS_MAX 1e17
#define TRIES 300

/* ---- power of one test ------------------------------------------------- */

/*
 * P(T > t) where T is (Z + shift) / s: the mean of the normal tail over s,
 * whose square is chi-square by its degrees of freedom. Over the logarithm of
 * s the integrand vanishes smoothly on both sides, so that steps of one width
 * are as good as it gets; the density is normalized by its own sum.
 */
double
affinity_design_t_power(double t, double df, double shift)
{
	double		reach = sqrt(NOTHING / df);
	double		low = -(1.1 * reach + NOTHING / df);
	double		step = (reach - low) / STEPS;
	double		mass = 0;
	double		above = 0;

	if (isinf(shift))
		return shift > 0 ? 1 : 0;
	for (int i = 0; i <= STEPS; i++)
	{
		double		u = low + i * step;
		double		density = exp(df * (u - 0.5 * expm1(2 * u)));

		mass += density;
		above += density * affinity_kernel_normal_tail(t * exp(u) - shift);
	}
	return above / mass;
}

/* ---- power -------------------------------------------------------------- */

/* How likely so many units of control show an effect of that size. */
double
affinity_design_power_of(const PowerPlan *plan, double units,
						 double effect)
{
	double		n = units / plan->design;
	double		m = n * plan->ratio;
	double		size = plan->direction == 0 ? fabs(effect)
		: plan->direction * effect;

	if (plan->of_means)
	{
		double		control = plan->variance[0] * plan->left / n;
		double		treatment = plan->variance[1] * plan->left / m;
		double		error = control + treatment;
		double		share = control / error;
		double		df;

		if (!(n > 1 && m > 1))
			return NAN;
		df = 1 / (share * share / (n - 1) +
				  (1 - share) * (1 - share) / (m - 1));
		return affinity_design_t_power(affinity_experiment_t_quantile(plan->tail, df),
									   df, size / sqrt(error));
	}
	else
	{
		double		p = plan->baseline;
		double		q = p + effect;
		double		pooled = (p + plan->ratio * q) / (1 + plan->ratio);
		double		z = -affinity_kernel_normal_quantile(plan->tail);
		double		if_none = sqrt(plan->left * pooled * (1 - pooled) *
								   (1 / n + 1 / m));
		double		if_so = sqrt(plan->left * (p * (1 - p) / n +
											   q * (1 - q) / m));

		return affinity_kernel_normal_tail((z * if_none - size) / if_so);
	}
}

/* ---- the other way round ------------------------------------------------ */

typedef struct Search
{
	const PowerPlan *plan;
	double		power;			/* wished */
	double		effect;			/* if it is units that are looked for */
	double		units;			/* if it is the effect; else 0 */
} Search;

/* How much the power at x is above what is wished. */
static double
excess(const Search *search, double x)
{
	if (search->units > 0)
		return affinity_design_power_of(search->plan, search->units, x) -
			search->power;
	return affinity_design_power_of(search->plan, x, search->effect) -
		search->power;
}

/* Where the excess becomes 0 between low and high: regula falsi (Illinois). */
static double
root(const Search *search, double low, double high)
{
	double		at_low = excess(search, low);
	double		at_high = excess(search, high);
	int			side = 0;

	for (int i = 0; i < TRIES && fabs(high - low) > 1e-14 * fabs(high); i++)
	{
		double		x = high - at_high * (high - low) / (at_high - at_low);
		double		at_x;

		/* where it is flat, or one end does not move */
		if (i % 4 == 3 || !((x - low) * (x - high) < 0))
			x = 0.5 * (low + high);
		if (x == low || x == high)
			break;
		at_x = excess(search, x);
		if (at_x == 0)
			return x;
		if (at_x > 0)
		{
			high = x;
			at_high = at_x;
			if (side == 1)
				at_low *= 0.5;
			side = 1;
		}
		else
		{
			low = x;
			at_low = at_x;
			if (side == -1)
				at_high *= 0.5;
			side = -1;
		}
	}
	return high;
}

/* Units of control for an effect; at least 2 in each arm; infinite: too many. */
double
affinity_design_units_for(const PowerPlan *plan, double effect,
						  double power)
{
	Search		search = {plan, power, effect, 0};
	double		low = 2 * plan->design / (plan->ratio < 1 ? plan->ratio : 1);
	double		high = low;

	while (excess(&search, high) < 0)
	{
		low = high;
		high *= 2;
		if (high > UNITS_MAX)
			return INFINITY;
	}
	return high == low ? low : root(&search, low, high);
}

/*
 * The effect that so many units find; NAN where no proportion is far enough
 * from the baseline.
 */
double
affinity_design_effect_for(const PowerPlan *plan, double units,
						   double power)
{
	Search		search = {plan, power, 0, units};
	double		sign = plan->direction < 0 ? -1 : 1;
	double		low = 0;
	double		high;

	if (!plan->of_means)
	{
		high = sign > 0 ? 1 - plan->baseline : -plan->baseline;
		if (!(excess(&search, high) >= 0))
			return NAN;
	}
	else
	{
		high = sign * sqrt(plan->variance[0] * plan->left * plan->design /
						   units);
		while (excess(&search, high) < 0)
		{
			low = high;
			high *= 2;
			if (isinf(high))
				return NAN;
		}
	}
	return root(&search, low, high);
}
