/*
 * proportion.c
 *		Proportions: intervals of one and of the difference of two, and beta
 *		posteriors compared.
 */
#include <math.h>
#include <stddef.h>

#include "experiment/arm.h"
#include "kernel/special.h"
#include "kernel/stats.h"
#include "kernel/tail.h"

/* From so many trials on, the incomplete beta function is integrated. */
#define MANY 3000

/* Points across the logit of a posterior: see lay_points. */
#define POINTS_PER_SD 6
#define POINTS_MAX 20000

/* ---- the incomplete beta function ------------------------------------------ */

typedef struct Beta
{
	double		a;
	double		b;
	double		mode;			/* of the logit */
	double		log_peak;		/* ln of the density of the logit there */
} Beta;

/* lgamma(x) less Stirling's formula. */
static double
beyond_stirling(double x)
{
	double		y = 1 / x;
	double		y2 = y * y;

	if (x < 10)
		return lgamma(x) - ((x - 0.5) * log(x) - x + 0.5 * log(2 * M_PI));
	return y * (1.0 / 12 - y2 * (1.0 / 360 - y2 * (1.0 / 1260 -
												   y2 * (1.0 / 1680 - y2 / 1188))));
}

static Beta
beta_of(double a, double b)
{
	Beta		beta = {a, b, log(a) - log(b), 0};
	double		less = fmin(a, b);

	/* ab / (a + b), which may not leave the range */
	beta.log_peak = 0.5 * log(less / (1 + less / fmax(a, b)) / (2 * M_PI)) +
		beyond_stirling(a + b) - beyond_stirling(a) - beyond_stirling(b);
	return beta;
}

/* A logit so far away is where no posterior of any weight has any. */
#define FAR 500

/*
 * ln of the density of the logit, which is x^a y^b / B(a, b), so far from the
 * mode. That is what 1e15 trials leave: a ln x, b ln y and ln B are 1e15 each.
 * Of two forms it is that by the smaller of a and b, which does not cancel.
 */
static double
log_density(const Beta *beta, double from_mode)
{
	double		all = beta->a + beta->b;
	bool		by_a = beta->a <= beta->b;

	if (fabs(from_mode) > FAR)
		by_a = from_mode < 0;
	if (by_a)
		return beta->log_peak + beta->a * from_mode -
			all * log1p(beta->a / all * expm1(from_mode));
	return beta->log_peak - beta->b * from_mode -
		all * log1p(beta->b / all * expm1(-from_mode));
}

/* How fast that falls, without a sign. */
static double
slope_at(const Beta *beta, double from_mode)
{
	double		share = (from_mode < 0 ? beta->a : beta->b) /
		(beta->a + beta->b);
	double		lost = -expm1(-fabs(from_mode));

	return beta->a / (beta->a + beta->b) * beta->b * lost /
		fmax(1 - share * lost, 1e-300);
}

/* The tail from x away from the mode, by Gauss and Legendre's rule. */
static double
tail_by_integral(const Beta *beta, double from_mode)
{
	double		a = beta->a;
	double		b = beta->b;
	double		sd = sqrt(1 / a + 1 / b);
	double		side = from_mode < 0 ? -1 : 1;
	double		peak = log_density(beta, from_mode);
	double		slope = slope_at(beta, from_mode);
	double		width = fmin(40 / (slope > 0 ? slope : 1e-300), 9 * sd);
	double		sum = 0;

	/* beyond, what is left is below e^-36 of where it begins */
	for (int panel = 0; panel < 4; panel++)
	{
		double		half = width / 8;
		double		middle = (2 * panel + 1) * half;

		for (int i = 0; i < AFFINITY_GAUSS; i++)
			sum += half * affinity_kernel_gauss_weight[i] *
				exp(log_density(beta, from_mode + side *
								(middle + half * affinity_kernel_gauss_node[i])) -
					peak);
	}
	return sum * exp(peak);
}

static double
by_fraction(double a, double b, double x)
{
	double		c = 1;
	double		d = 1 - (a + b) * x / (a + 1);
	double		h;

	d = 1 / (fabs(d) < 1e-300 ? 1e-300 : d);
	h = d;
	for (int m = 1; m < 100000; m++)
	{
		double		even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
		double		odd = -(a + m) * (a + b + m) * x /
			((a + 2 * m) * (a + 2 * m + 1));
		double		change;

		d = 1 + even * d;
		d = 1 / (fabs(d) < 1e-300 ? 1e-300 : d);
		c = 1 + even / c;
		c = fabs(c) < 1e-300 ? 1e-300 : c;
		h *= d * c;
		d = 1 + odd * d;
		d = 1 / (fabs(d) < 1e-300 ? 1e-300 : d);
		c = 1 + odd / c;
		c = fabs(c) < 1e-300 ? 1e-300 : c;
		change = d * c;
		h *= change;
		if (fabs(change - 1) < 1e-16)
			break;
	}
	return h;
}

/* The same by a series of positive terms, which never sees 1 - x. */
static double
by_series(double a, double b, double x)
{
	double		sum = 1;
	double		term = 1;

	for (int n = 0; n < 1000000; n++)
	{
		double		ratio = (a + b + n) / (a + 1 + n) * x;

		term *= ratio;
		sum += term;
		if (ratio < 1 && term < 1e-17 * sum)
			break;
	}
	return sum;
}

/* Below, the other side is rounded too much for the fraction. */
#define SMALL 1e-4

/* P(X <= x) of Beta(a, b); y is 1 - x, without rounding. */
static double
beta_below(const Beta *beta, double x, double y)
{
	double		a = beta->a;
	double		b = beta->b;
	double		from_mode;
	double		density;

	if (!(x > 0))
		return 0;
	if (!(y > 0))
		return 1;
	from_mode = log(x) - log(y) - beta->mode;
	if (a > MANY && b > MANY)
	{
		double		tail = tail_by_integral(beta, from_mode);

		return from_mode < 0 ? tail : 1 - tail;
	}
	density = exp(log_density(beta, from_mode));
	if (density == 0)
		return x < (a + 1) / (a + b + 2) ? 0 : 1;
	if (x < (a + 1) / (a + b + 2))
		return y < SMALL ? 1 - density * by_series(b, a, y) / b
			: density * by_fraction(a, b, x) / a;
	return x < SMALL ? density * by_series(a, b, x) / a
		: 1 - density * by_fraction(b, a, y) / b;
}

double
affinity_experiment_beta_lower(double a, double b, double x, double y)
{
	Beta		beta = beta_of(a, b);

	return beta_below(&beta, x, y);
}

/* The x of which P(X <= x) is p: halving, by the logit. */
double
affinity_experiment_beta_quantile(double a, double b, double p)
{
	Beta		beta = beta_of(a, b);
	double		low = -745;
	double		high = 745;

	for (int i = 0; i < 100; i++)
	{
		double		middle = low + (high - low) / 2;
		double		x = 1 / (1 + exp(-middle));

		if (middle == low || middle == high)
			break;
		if (beta_below(&beta, x, 1 / (1 + exp(middle))) < p)
			low = middle;
		else
			high = middle;
	}
	return 1 / (1 + exp(-high));
}

/* C. J. Clopper and E. S. Pearson, Biometrika 26 (1934). */
void
affinity_experiment_clopper_pearson(double successes, double n, double alpha,
									double *low, double *high)
{
	*low = successes == 0 ? 0 :
		affinity_experiment_beta_quantile(successes, n - successes + 1,
										  alpha / 2);
	*high = successes == n ? 1 :
		affinity_experiment_beta_quantile(successes + 1, n - successes,
										  1 - alpha / 2);
}

/*
 * The difference of two proportions from Wilson's intervals of each: R. G.
 * Newcombe, Statistics in Medicine 17 (1998), method 10.
 */
void
affinity_experiment_newcombe(const ExperimentPlan *plan,
							 const ExperimentArm *control,
							 const ExperimentArm *arm, double z, double *low,
							 double *high)
{
	double		difference = arm->mean - control->mean;
	double		arm_low;
	double		arm_high;
	double		control_low;
	double		control_high;

	(void) plan;
	affinity_kernel_wilson((uint64_t) arm->successes, (uint64_t) arm->units, z,
						   &arm_low, &arm_high);
	affinity_kernel_wilson((uint64_t) control->successes,
						   (uint64_t) control->units, z, &control_low,
						   &control_high);
	*low = difference - hypot(arm->mean - arm_low, control_high - control->mean);
	*high = difference + hypot(arm_high - arm->mean, control->mean - control_low);
}

/* ---- two posteriors --------------------------------------------------------- */

typedef struct Posterior
{
	Beta		control;
	Beta		arm;
	Beta		more;			/* the arm with one more success */
	double		first;			/* logits of the control, from its mode */
	double		step;
	int			n;
	void		(*look) (void);
} Posterior;

/* Points between two looks at interrupts. */
#define LOOK_EACH 256

/*
 * The integral over the control's posterior is a sum over equal steps of its
 * logit, whose density falls to both sides: its error falls faster than any
 * power of the step. But for a few successes: what is beyond 0 or 1 makes a
 * corner there, and the interval is off by some 1e-5 of its length.
 */
static void
lay_points(Posterior *both)
{
	const Beta *beta = &both->control;
	double		sd = sqrt(1 / beta->a + 1 / beta->b);
	double		sd_arm = sqrt(1 / both->arm.a + 1 / both->arm.b);
	double		low = 0;
	double		high = 0;

	while (log_density(beta, low) > beta->log_peak - 36)
		low -= sd / 2;
	while (log_density(beta, high) > beta->log_peak - 36)
		high += sd / 2;
	both->step = fmin(sd, sd_arm) / POINTS_PER_SD;
	both->n = (int) fmin(POINTS_MAX, ceil((high - low) / both->step));
	both->step = (high - low) / both->n;
	both->first = low;
}

typedef double (*OfPair) (const Posterior *both, double x, double y,
						  double data);

/* The mean of f over the control's posterior. */
static double
mean_over(const Posterior *both, OfPair f, double data)
{
	const Beta *beta = &both->control;
	double		sum = 0;
	double		whole = 0;

	for (int i = 0; i <= both->n; i++)
	{
		double		from_mode = both->first + i * both->step;
		double		logit = beta->mode + from_mode;
		double		weight = exp(log_density(beta, from_mode));

		if (i % LOOK_EACH == 0)
			both->look();
		if (weight == 0)
			continue;
		whole += weight;
		sum += weight * f(both, 1 / (1 + exp(-logit)), 1 / (1 + exp(logit)),
						  data);
	}
	return sum / whole;
}

/* P(arm <= control + d) */
static double
below_sum(const Posterior *both, double x, double y, double d)
{
	return beta_below(&both->arm, x + d, y - d);
}

/* P(arm <= control (1 + d)) */
static double
below_product(const Posterior *both, double x, double y, double d)
{
	return beta_below(&both->arm, x * (1 + d), y - x * d);
}

/* E max(0, control - arm): x P(arm <= x) less the mean of arm up to x */
static double
shortfall(const Posterior *both, double x, double y, double unused)
{
	(void) unused;
	return x * beta_below(&both->arm, x, y) -
		both->arm.a / (both->arm.a + both->arm.b) *
		beta_below(&both->more, x, y);
}

/*
 * The d of which the mean of f is p, between two that it is surely between:
 * regula falsi in Illinois' manner, and a halving at every third step.
 */
static double
solve(const Posterior *both, OfPair f, double p, double low, double high)
{
	double		at_low = mean_over(both, f, low) - p;
	double		at_high = mean_over(both, f, high) - p;
	int			side = 0;

	if (at_low >= 0)
		return low;
	if (at_high <= 0)
		return high;
	for (int i = 0; i < 1000 &&
		 high - low > 1e-13 * fmax(fabs(low), fabs(high)); i++)
	{
		double		next = i % 3 == 2 ? low + (high - low) / 2
			: low - at_low * (high - low) / (at_high - at_low);
		double		at;

		if (!(next > low && next < high))
			next = low + (high - low) / 2;
		if (next == low || next == high)
			break;
		at = mean_over(both, f, next) - p;
		if (at == 0)
			return next;
		if (at < 0)
		{
			low = next;
			at_low = at;
			at_high *= side < 0 ? 0.5 : 1;
			side = -1;
		}
		else
		{
			high = next;
			at_high = at;
			at_low *= side > 0 ? 0.5 : 1;
			side = 1;
		}
	}
	return low + (high - low) / 2;
}

/* Bounds of a ratio that leave out less than 1e-12: of both quantiles. */
static double
ratio_bound(const Posterior *both, double p)
{
	double		arm = affinity_experiment_beta_quantile(both->arm.a,
														both->arm.b, p);
	double		control = affinity_experiment_beta_quantile(both->control.a,
															both->control.b,
															1 - p);

	return control > 0 ? arm / control - 1 : INFINITY;
}

void
affinity_experiment_beta_compare(const ExperimentPlan *plan,
								 const ExperimentArm *control,
								 const ExperimentArm *arm,
								 ExperimentResult *result)
{
	Posterior	both;
	double		mean;
	double		mean_control;
	double		tail = plan->alpha /
		(plan->side == EXPERIMENT_TWO_SIDED ? 2 : 1);
	double		share = fmin(1e-12, tail / 1000);

	both.control = beta_of(control->successes + plan->prior_alpha,
						   control->units - control->successes +
						   plan->prior_beta);
	both.arm = beta_of(arm->successes + plan->prior_alpha,
					   arm->units - arm->successes + plan->prior_beta);
	both.more = beta_of(both.arm.a + 1, both.arm.b);
	both.look = plan->look;
	lay_points(&both);
	mean = both.arm.a / (both.arm.a + both.arm.b);
	mean_control = both.control.a / (both.control.a + both.control.b);
	result->difference = mean - mean_control;
	result->lift = result->difference / mean_control;
	result->low = result->lift_low = -INFINITY;
	result->high = result->lift_high = INFINITY;
	if (plan->side != EXPERIMENT_LESS)
	{
		result->low = solve(&both, below_sum, tail, -1, 1);
		result->lift_low = solve(&both, below_product, tail, -1,
								 ratio_bound(&both, 1 - share));
	}
	if (plan->side != EXPERIMENT_GREATER)
	{
		result->high = solve(&both, below_sum, 1 - tail, -1, 1);
		result->lift_high = solve(&both, below_product, 1 - tail, -1,
								  ratio_bound(&both, 1 - share));
	}
	result->p = NAN;
	result->chance = 1 - mean_over(&both, below_sum, 0);
	result->loss = mean_over(&both, shortfall, 0);
}
