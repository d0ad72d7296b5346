/*
 * tail.c
 *		Tails of the normal, the chi-square and Student's distribution.
 *
 * Incomplete gamma and beta functions by series and continued fractions
 * (Lentz), as in Abramowitz and Stegun, 6.5.29, 6.5.31 and 26.5.8.
 */
#include <math.h>

#include "kernel/tail.h"

#define EPSILON 1e-16
#define TINY 1e-300
#define STEPS 100000
#define MANY 1e4				/* degrees of freedom of t */

/* P(Z > z). */
double
affinity_kernel_normal_tail(double z)
{
	return 0.5 * erfc(z * M_SQRT1_2);
}

/*
 * The z of which P(Z <= z) is p, 0 < p < 1. A rational approximation of
 * Abramowitz and Stegun, 26.2.23, then Newton's steps with Halley's
 * correction.
 */
double
affinity_kernel_normal_quantile(double p)
{
	double		q = p < 0.5 ? p : 1 - p;
	double		t;
	double		z;

	if (!(p > 0 && p < 1))
		return p <= 0 ? -INFINITY : p >= 1 ? INFINITY : NAN;
	if (p == 0.5)
		return 0;
	t = sqrt(-2 * log(q));
	z = t - (2.515517 + t * (0.802853 + t * 0.010328)) /
		(1 + t * (1.432788 + t * (0.189269 + t * 0.001308)));
	for (int i = 0; i < 4; i++)
	{
		double		density = exp(-0.5 * z * z) / sqrt(2 * M_PI);
		double		step = (affinity_kernel_normal_tail(z) - q) / density;

		z += step / (1 - 0.5 * z * step);
	}
	return p < 0.5 ? -z : z;
}

/* The upper part of the regularized incomplete gamma function. */
static double
gamma_upper(double a, double x)
{
	double		scale = exp(a * log(x) - x - lgamma(a));

	if (x < a + 1)
	{
		double		term = 1 / a;
		double		sum = term;

		for (int i = 1; i < STEPS && term > sum * EPSILON; i++)
		{
			term *= x / (a + i);
			sum += term;
		}
		return 1 - sum * scale;
	}
	else
	{
		double		b = x + 1 - a;
		double		c = 1 / TINY;
		double		d = 1 / b;
		double		h = d;

		for (int i = 1; i < STEPS; i++)
		{
			double		an = -i * (i - a);
			double		change;

			b += 2;
			d = an * d + b;
			d = 1 / (fabs(d) < TINY ? TINY : d);
			c = b + an / c;
			c = fabs(c) < TINY ? TINY : c;
			change = d * c;
			h *= change;
			if (fabs(change - 1) < EPSILON)
				break;
		}
		return scale * h;
	}
}

/* P(X > x) of a chi-square variable of so many degrees of freedom. */
double
affinity_kernel_chi_square_tail(double x, double df)
{
	if (isnan(x) || !(df > 0))
		return NAN;
	if (x <= 0)
		return 1;
	if (isinf(x))
		return 0;
	if (df == 1)
		return erfc(sqrt(0.5 * x));
	return gamma_upper(0.5 * df, 0.5 * x);
}

/* The continued fraction of the incomplete beta function. */
static double
beta_fraction(double a, double b, double x)
{
	double		c = 1;
	double		d = 1 - (a + b) * x / (a + 1);
	double		h;

	d = 1 / (fabs(d) < TINY ? TINY : d);
	h = d;
	for (int m = 1; m < STEPS; m++)
	{
		double		even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
		double		odd = -(a + m) * (a + b + m) * x /
			((a + 2 * m) * (a + 2 * m + 1));
		double		change;

		d = 1 + even * d;
		d = 1 / (fabs(d) < TINY ? TINY : d);
		c = 1 + even / c;
		c = fabs(c) < TINY ? TINY : c;
		h *= d * c;
		d = 1 + odd * d;
		d = 1 / (fabs(d) < TINY ? TINY : d);
		c = 1 + odd / c;
		c = fabs(c) < TINY ? TINY : c;
		change = d * c;
		h *= change;
		if (fabs(change - 1) < EPSILON)
			break;
	}
	return h;
}

/* The regularized incomplete beta function; y is 1 - x, without rounding. */
static double
beta_lower(double a, double b, double x, double y)
{
	double		scale = exp(lgamma(a + b) - lgamma(a) - lgamma(b) +
							a * log(x) + b * log(y));

	if (x < (a + 1) / (a + b + 2))
		return scale * beta_fraction(a, b, x) / a;
	return 1 - scale * beta_fraction(b, a, y) / b;
}

/*
 * The z of which a normal variable's tail is that of Student's t of many
 * degrees of freedom: Hill, "Student's t-distribution", algorithm 395 (1970).
 * Gamma functions of large numbers would leave few digits.
 */
static double
normal_of_t(double square, double df)
{
	double		a = df - 0.5;
	double		b = 48 * a * a;
	double		ww = a * log1p(square / df);
	double		w = sqrt(ww);

	return w * (1 + (ww + 3 -
					 (((4 * ww + 33) * ww + 240) * ww + 855) /
					 (10 * (b + 0.8 * ww * ww + 100))) / b);
}

/* P(|T| > |t|) of Student's t of so many degrees of freedom. */
double
affinity_kernel_t_tail(double t, double df)
{
	double		square = t * t;

	if (isnan(t) || !(df > 0))
		return NAN;
	if (square == 0)
		return 1;
	if (isinf(square))
		return 0;
	if (df > MANY)
		return 2 * affinity_kernel_normal_tail(normal_of_t(square, df));
	return beta_lower(0.5 * df, 0.5, df / (df + square),
					  square / (df + square));
}
