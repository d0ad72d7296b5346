/*
 * stats.c
 *		Intervals of estimates.
 */
#include <math.h>

#include "kernel/stats.h"

/*
 * Wilson's score interval of a proportion, z standard deviations to each side
 * (E. B. Wilson, "Probable inference, the law of succession, and statistical
 * inference", JASA 22, 1927). False where it has no meaning: without trials,
 * or with more successes than trials.
 */
bool
affinity_kernel_wilson(double successes, double trials, double z,
					   double *lower, double *upper)
{
	double		n = trials;
	double		rate;
	double		z2 = z * z;
	double		center;
	double		half;

	if (trials == 0 || successes > trials)
		return false;
	rate = successes / n;
	center = (rate + z2 / (2 * n)) / (1 + z2 / n);
	half = z * sqrt(rate * (1 - rate) / n + z2 / (4 * n * n)) / (1 + z2 / n);
	/* rounding must not move the ends of 0 and of all */
	*lower = successes == 0 || center < half ? 0 : center - half;
	*upper = successes == trials || center + half > 1 ? 1 : center + half;
	return true;
}
