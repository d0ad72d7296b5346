/*
 * special.c
 *		Special functions that keep their digits where differences of lgamma
 *		lose them.
 *
 * ln Gamma(x + n) - ln Gamma(x) is a small difference of large numbers when x
 * is large beside n. It is taken term by term from Stirling's series, whose
 * terms are differences without such a loss; a small x is first moved up by
 * the recurrence.
 */
#include "kernel/special.h"

#include <math.h>

/* From here on Stirling's series has all digits with the terms below. */
#define STIRLING_FROM 16.0

const double affinity_kernel_gauss_node[AFFINITY_GAUSS] = {
	-0.98940093499164993, -0.94457502307323258, -0.86563120238783174,
	-0.75540440835500303, -0.61787624440264375, -0.45801677765722739,
	-0.28160355077925891, -0.095012509837637440, 0.095012509837637440,
	0.28160355077925891, 0.45801677765722739, 0.61787624440264375,
	0.75540440835500303, 0.86563120238783174, 0.94457502307323258,
	0.98940093499164993
};
const double affinity_kernel_gauss_weight[AFFINITY_GAUSS] = {
	0.027152459411754095, 0.062253523938647893, 0.095158511682492785,
	0.12462897125553387, 0.14959598881657673, 0.16915651939500254,
	0.18260341504492359, 0.18945061045506850, 0.18945061045506850,
	0.18260341504492359, 0.16915651939500254, 0.14959598881657673,
	0.12462897125553387, 0.095158511682492785, 0.062253523938647893,
	0.027152459411754095
};

/* What Stirling's series adds to (x - 1/2) ln x - x + ln(2 pi) / 2. */
static double
stirling(double x)
{
	double		y = 1 / x;
	double		y2 = y * y;

	return y * (1.0 / 12 - y2 * (1.0 / 360 - y2 * (1.0 / 1260 -
												   y2 * (1.0 / 1680 - y2 / 1188))));
}

/* What the series of digamma adds to ln x - 1/(2 x). */
static double
digamma_series(double x)
{
	double		y2 = 1 / x / x;

	return -y2 * (1.0 / 12 - y2 * (1.0 / 120 -
								   y2 * (1.0 / 252 - y2 * (1.0 / 240 - y2 / 132))));
}

/* The derivative of ln Gamma(x), for x > 0. */
double
affinity_kernel_digamma(double x)
{
	double		sum = 0;

	for (; x < STIRLING_FROM; x++)
		sum -= 1 / x;
	return sum + log(x) - 0.5 / x + digamma_series(x);
}

/* ln Gamma(x + n) - ln Gamma(x), for x > 0 and n >= 0. */
double
affinity_kernel_rising(double x, double n)
{
	double		sum = 0;

	if (n == 0)
		return 0;
	if (n <= 8 && n == floor(n))
	{
		double		product = x;

		/* few factors: their product, unless that leaves the range */
		for (double i = 1; i < n; i++)
			product *= x + i;
		if (product > 1e-290 && product < 1e290)
			return log(product);
	}
	if (x < 1e-8)
	{
		sum = log(x) - log(x + n);
		x++;
	}
	for (; x < STIRLING_FROM; x++)
		sum -= log1p(n / x);
	return sum + (x - 0.5) * log1p(n / x) + n * (log(x + n) - 1) +
		(stirling(x + n) - stirling(x));
}

/* Its derivative by x: digamma(x + n) - digamma(x). */
double
affinity_kernel_rising_slope(double x, double n)
{
	double		sum = 0;

	if (n == 0)
		return 0;
	if (n <= 16 && n == floor(n))
	{
		for (double i = 0; i < n; i++)
			sum += 1 / (x + i);
		return sum;
	}
	for (; x < STIRLING_FROM; x++)
		sum += n / (x + n) / x;
	return sum + log1p(n / x) + 0.5 * n / (x + n) / x +
		(digamma_series(x + n) - digamma_series(x));
}

/* ln B(a, b), for a, b > 0. */
double
affinity_kernel_log_beta(double a, double b)
{
	double		less = a < b ? a : b;
	double		more = a < b ? b : a;

	/* Gamma(less) / (Gamma(more + less) / Gamma(more)) */
	return lgamma(less) - affinity_kernel_rising(more, less);
}

/* ---- expectations ---- */

typedef struct Beta
{
	double		a;
	double		b;
	double		log_scale;		/* -ln B(a, b) */
	AffinityOfChance f;
	void	   *data;
	double		scale;			/* f is constant where p is far below 1 /
								 * scale */
	int			upper;			/* p is counted from 1 down */
} Beta;

/* ln of the density of y = ln p, where p has the density of Beta(a, b). */
static double
log_density(const Beta *beta, double y)
{
	double		p = exp(y);
	double		left = p < 1 ? log1p(-p) : -HUGE_VAL;

	return beta->log_scale + beta->a * y +
		(beta->b == 1 ? 0 : (beta->b - 1) * left);
}

/* What a panel adds to the mean and to the whole. */
static void
add_panel(const Beta *beta, double from, double to, double *mean, double *whole)
{
	double		middle = (from + to) / 2;
	double		half = (to - from) / 2;

	for (int i = 0; i < AFFINITY_GAUSS; i++)
	{
		double		y = middle + half * affinity_kernel_gauss_node[i];
		double		p = exp(y);
		double		share = half * affinity_kernel_gauss_weight[i] *
			exp(log_density(beta, y));

		*whole += share;
		*mean += share * beta->f(beta->upper ? 1 - p : p, beta->data);
	}
}

/*
 * The part of an expectation where p (or 1 - p) is at most 1/2, in panels of
 * ln p that are narrow where the density is steep. What is below e^-45 of the
 * largest density is left out, but for the part next to 0, where the density
 * of ln p falls as p^a does.
 */
static void
add_half(const Beta *beta, double *mean, double *whole)
{
	double		top = log(0.5);

	/* closer to 0 f is constant, and the density p^(a - 1) */
	double		low = -37 - log(1 + beta->b + beta->scale);
	double		peak = beta->b > 1 ?
		fmin(log(beta->a / (beta->a + beta->b - 1)), top) : top;
	double		highest = log_density(beta, peak);
	double		high = peak;
	double		share;

	if (highest < -60)
		return;
	/* where the density has risen far enough; it rises up to its peak */
	for (int i = 0; i < 60 && log_density(beta, low) < highest - 45; i++)
	{
		double		middle = (low + high) / 2;

		if (log_density(beta, middle) < highest - 45)
			low = middle;
		else
			high = middle;
		if (high - low < 1e-3 * (peak - high))
			break;
	}
	share = exp(log_density(beta, low)) / beta->a;
	*whole += share;
	*mean += share * beta->f(beta->upper ? 1 - exp(low) : exp(low), beta->data);
	for (double y = low; y < top;)
	{
		double		p = exp(y);
		double		slope = fabs(beta->a - (beta->b - 1) * p / (1 - p));
		double		bend = fabs(beta->b - 1) * p / (1 - p) / (1 - p);
		double		step = fmin(2, fmin(8 / slope, sqrt(8 / bend)));

		if (!(step < top - y))
			step = top - y;
		if (y + step == y ||
			(y > peak && log_density(beta, y) < highest - 45))
			break;
		add_panel(beta, y, y + step, mean, whole);
		y += step;
	}
}

/*
 * The mean of a smooth f(p) where p has the distribution Beta(a, b). Both at 0
 * and at 1 f is constant within far less than 1 / scale.
 */
double
affinity_kernel_beta_mean(double a, double b, AffinityOfChance f, void *data,
						  double scale)
{
	Beta		beta = {a, b, -affinity_kernel_log_beta(a, b), f, data, scale, 0};
	Beta		mirror = {b, a, beta.log_scale, f, data, scale, 1};
	double		mean = 0;
	double		whole = 0;

	add_half(&beta, &mean, &whole);
	add_half(&mirror, &mean, &whole);
	/* the whole is 1, but for errors that both sums share */
	return whole > 0 ? mean / whole : f(a / (a + b), data);
}
