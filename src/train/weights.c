/*
 * weights.c
 *		What a summed weight counts, as options say it, and users' means.
 */
#include "postgres.h"

#include <math.h>

#include "train/train.h"

/* A part of the largest value that is no more than reals leave of nothing. */
#define NO_DIFFERENCE	1e-6

double
affinity_train_weight(int weights, double weight)
{
	switch (weights)
	{
		case AFFINITY_WEIGHTS_LOG:
			return log1p(weight);
		case AFFINITY_WEIGHTS_SQRT:
			return sqrt(weight);
		case AFFINITY_WEIGHTS_LINEAR:
		case AFFINITY_WEIGHTS_SIGNED:
			return weight;
		default:
			return 1;
	}
}

/*
 * Take a user's mean from the user's values; NaN is no value. The mean is
 * taken from the first one, so that what is the same everywhere does not
 * differ from it, and what is as good as the mean is: rounding does not make
 * a taste of it.
 */
void
affinity_train_center(float *val, int64 n)
{
	double		first = 0;
	double		sum = 0;
	double		mean;
	double		largest = 0;
	int64		values = 0;

	for (int64 e = 0; e < n; e++)
	{
		if (isnan(val[e]))
			continue;
		if (values++ == 0)
			first = val[e];
		sum += val[e] - first;
		largest = Max(largest, fabs(val[e]));
	}
	mean = first + (values > 0 ? sum / values : 0);
	for (int64 e = 0; e < n; e++)
	{
		double		above = val[e] - mean;

		val[e] = fabs(above) <= NO_DIFFERENCE * largest ? 0 : (float) above;
	}
}
