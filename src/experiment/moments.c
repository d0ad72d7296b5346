/*
 * moments.c
 *		From exact sums to means and variances, each rounded once or twice,
 *		within the range of doubles whatever the magnitude of the values.
 */
#include "postgres.h"

#include <math.h>

#include "experiment/experiment.h"

/* Up to 2 to this, squares of squares of values are doubles. */
#define SCALE_FROM 200

/*
 * What mean squares are about, as a power of two; 0 for ordinary ones, whose
 * moments are doubles as they are.
 */
static int
scale_of(const AffinityExactPacked *squares, double n)
{
	int			exponent;
	int			exponent_n;
	int			scale;

	if (affinity_kernel_exact_fraction(squares, &exponent) == 0)
		return 0;
	frexp(n, &exponent_n);
	scale = (exponent - exponent_n) / 2;
	return abs(scale) < SCALE_FROM ? 0 : scale;
}

/*
 * By which power of two x and y of a state are to be divided. Of a state of
 * values it is that of the largest one.
 */
void
affinity_experiment_moments_scale(const MetricState *state, int *scale,
								  int *scale_y)
{
	const AffinityExactPacked *sums[METRIC_SUMS];

	*scale = *scale_y = 0;
	if (state->kind == METRIC_QUANTILE)
	{
		const MetricEntry *entries = affinity_experiment_metric_entries(state);

		frexp(Max(fabs(entries[0].value),
				  fabs(entries[state->n_entries - 1].value)), scale);
		if (abs(*scale) < SCALE_FROM)
			*scale = 0;
		return;
	}
	affinity_experiment_metric_packed(state, sums);
	*scale = scale_of(sums[SUM_XX], (double) state->n);
	if (state->kind != METRIC_VALUE)
		*scale_y = scale_of(sums[SUM_YY], (double) state->n);
}

static double
mean_of(const AffinityExactPacked *sum, double n, int scale)
{
	int			exponent;
	double		fraction = affinity_kernel_exact_fraction(sum, &exponent);

	return ldexp(fraction / n, exponent - scale);
}

/* With n - 1; 0 for a single unit. */
static double
covariance_of(const AffinityExactPacked *xy, const AffinityExactPacked *x,
			  const AffinityExactPacked *y, int64 n, int scale)
{
	int			exponent;
	double		fraction;

	if (n < 2)
		return 0;
	fraction = affinity_kernel_exact_central((uint64) n, xy, x, y, &exponent);
	return ldexp(fraction / (double) n / (double) (n - 1), exponent - scale);
}

/* The moments of a state of sums at rest, of x 2^-scale and y 2^-scale_y. */
void
affinity_experiment_moments(const MetricState *state, int scale, int scale_y,
							MetricMoments *moments)
{
	const AffinityExactPacked *sums[METRIC_SUMS];
	double		n = (double) state->n;

	affinity_experiment_metric_packed(state, sums);
	memset(moments, 0, sizeof(*moments));
	moments->n = n;
	moments->mean = mean_of(sums[SUM_X], n, scale);
	moments->variance = covariance_of(sums[SUM_XX], sums[SUM_X], sums[SUM_X],
									  state->n, 2 * scale);
	if (state->kind == METRIC_VALUE)
		return;
	moments->mean_y = mean_of(sums[SUM_Y], n, scale_y);
	moments->variance_y = covariance_of(sums[SUM_YY], sums[SUM_Y], sums[SUM_Y],
										state->n, 2 * scale_y);
	moments->covariance = covariance_of(sums[SUM_XY], sums[SUM_X], sums[SUM_Y],
										state->n, scale + scale_y);
}

/* The mean of n numbers of this sum less a center: exact up to the end. */
static double
above_center(const AffinityExactPacked *sum, double n, double center, int scale)
{
	union
	{
		AffinityExact sum;
		int64		bytes[AFFINITY_EXACT_SIZE(AFFINITY_EXACT_ROOM) / sizeof(int64)];
	}			rest;
	union
	{
		AffinityExactPacked packed;
		char		bytes[AFFINITY_EXACT_PACKED_MAX];
	}			left;

	affinity_kernel_exact_begin(&rest.sum, 0, AFFINITY_EXACT_ROOM);
	affinity_kernel_exact_merge(&rest.sum, sum);
	affinity_kernel_exact_add_product(&rest.sum,
									  affinity_kernel_exact_term(-ldexp(center, scale)),
									  affinity_kernel_exact_term(n));
	affinity_kernel_exact_pack(&rest.sum, &left.packed);
	return mean_of(&left.packed, n, scale);
}

/*
 * How far the means are above centers: of means that are close together and
 * far from 0, differences keep their digits.
 */
void
affinity_experiment_moments_center(const MetricState *state, int scale,
								   int scale_y, double center,
								   double center_y, MetricMoments *moments)
{
	const AffinityExactPacked *sums[METRIC_SUMS];

	affinity_experiment_metric_packed(state, sums);
	moments->above = above_center(sums[SUM_X], moments->n, center, scale);
	if (state->kind != METRIC_VALUE)
		moments->above_y = above_center(sums[SUM_Y], moments->n, center_y,
										scale_y);
}

/*
 * The ratio of two means and, by the delta method, the variance that it has
 * for one unit: that of x - ratio y, by the square of the mean of y.
 */
double
affinity_experiment_moments_ratio(const MetricMoments *moments,
								  double *variance)
{
	double		ratio = moments->mean / moments->mean_y;
	double		of_rest = moments->variance -
		2 * ratio * moments->covariance + ratio * ratio * moments->variance_y;

	*variance = Max(of_rest, 0) / moments->mean_y / moments->mean_y;
	return ratio;
}
