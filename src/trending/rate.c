/*
 * rate.c
 *		How likely a count is, if the rate were that of the counts before: a
 *		two-sided binomial test, in which all outcomes count that are no more
 *		likely than what happened, as in R's binom.test and poisson.test.
 */
#include <math.h>

#include "trending/rate.h"

/* As R has it: what is as likely but for rounding counts. */
#define AS_LIKELY (1 + 1e-7)

/* Beyond so many rows the normal distribution has all digits that count. */
#define MANY_ROWS 1e12

/* The error of Stirling's formula for log(n!). */
static double
stirling_error(double n)
{
	double		square = n * n;

	if (n < 16)
		return lgamma(n + 1) - (n + 0.5) * log(n) + n -
			0.5 * log(2 * M_PI);
	return (1.0 / 12 - (1.0 / 360 - (1.0 / 1260 - (1.0 / 1680 -
												   1.0 / 1188 / square) /
									 square) / square) / square) / n;
}

/* x log(x / mean) + mean - x, also where both are large and near. */
static double
deviance(double x, double mean)
{
	double		difference = x - mean;

	if (fabs(difference) < 0.1 * (x + mean))
	{
		double		v = difference / (x + mean);
		double		sum = difference * v;
		double		term = 2 * x * v;

		for (int i = 3; i < 1000; i += 2)
		{
			double		next;

			term *= v * v;
			next = sum + term / i;
			if (next == sum)
				break;
			sum = next;
		}
		return sum;
	}
	return x * log(x / mean) + mean - x;
}

/*
 * The chance of x of n: C. Loader, "Fast and accurate computation of binomial
 * probabilities" (2000).
 */
static double
chance_of(double x, double n, double p)
{
	double		others = n - x;

	if (x == 0)
		return exp(n * log1p(-p));
	if (others == 0)
		return exp(n * log(p));
	return exp(stirling_error(n) - stirling_error(x) - stirling_error(others) -
			   deviance(x, n * p) - deviance(others, n * (1 - p))) *
		sqrt(n / (2 * M_PI * x * others));
}

/* The chance of x or more of n, x being more than is expected. */
static double
upper_tail(double x, double n, double p)
{
	double		term = 1;
	double		sum = 1;

	if (x > n)
		return 0;
	for (double i = x; i < n && term > sum * 1e-18; i++)
	{
		term *= (n - i) * p / ((i + 1) * (1 - p));
		sum += term;
	}
	return chance_of(x, n, p) * sum;
}

/* The chance of x or fewer of n, x being less than is expected. */
static double
lower_tail(double x, double n, double p)
{
	return x < 0 ? 0 : upper_tail(n - x, n, 1 - p);
}

/*
 * The x nearest to what is expected, on the side of from, that is no more
 * likely than `chance`. Chances fall from `expected` on until before `end`,
 * which is what it gives if none is.
 */
static double
as_unlikely(double expected, double end, double n, double p, double chance)
{
	double		step = end > expected ? 1 : -1;
	double		low = 0;
	double		high = fabs(end - expected);

	while (low < high)
	{
		double		middle = floor((low + high) / 2);

		if (chance_of(expected + step * middle, n, p) <= chance)
			high = middle;
		else
			low = middle + 1;
	}
	return expected + step * low;
}

double
affinity_trending_rate_p(int64_t current, int64_t before, int64_t windows)
{
	double		x = (double) current;
	double		n = x + (double) before;
	double		p = 1 / ((double) windows + 1);
	double		mean = n * p;
	double		chance;
	double		result;

	if (n == 0 || (double) windows * x == (double) before)
		return 1;
	if (n > MANY_ROWS)
		return erfc(fabs((double) windows * x - (double) before) /
					sqrt(2 * (double) windows * n));
	chance = chance_of(x, n, p) * AS_LIKELY;
	if (x > mean)
		result = upper_tail(x, n, p) +
			lower_tail(as_unlikely(floor(mean), -1, n, p, chance), n, p);
	else
		result = lower_tail(x, n, p) +
			upper_tail(as_unlikely(ceil(mean), n + 1, n, p, chance), n, p);
	return result < 1 ? result : 1;
}
