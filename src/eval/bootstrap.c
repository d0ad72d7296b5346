/*
 * bootstrap.c
 *		Intervals of means over users: what the means would be of other users
 *		like these.
 *
 * Users are resampled 1,000 times (Poisson bootstrap, kernel/bootstrap.c), for
 * all series with the same draws, so that series can be compared.
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"

#include "eval/bootstrap.h"

/* Users whose draws are in the cache together, and whose sums are in float. */
#define BLOCK	64

#define ST_SORT sort_replicates
#define ST_ELEMENT_TYPE double
#define ST_COMPARE(a, b) (isnan(*(a)) || isnan(*(b)) ? \
						  isnan(*(a)) - isnan(*(b)) : \
						  (*(a) > *(b)) - (*(a) < *(b)))
#define ST_SCOPE static
#define ST_DEFINE
#include "lib/sort_template.h"

/*
 * Means of resamples of some users (NULL: the first n_users).
 */
void
affinity_eval_bootstrap(EvalSeries *series, int n, const uint32 *user,
						uint32 n_users, int64 seed)
{
	float	   *weight = affinity_base_array(BLOCK * AFFINITY_REPLICATES,
											 sizeof(float));
	double	   *draws = affinity_base_zeroed_array((Size) n *
												   AFFINITY_REPLICATES,
												   sizeof(double));
	uint64		base = affinity_base_splitmix64((uint64) seed);

	for (int s = 0; s < n; s++)
		series[s].replicate =
			affinity_base_zeroed_array(AFFINITY_REPLICATES, sizeof(double));
	for (uint32 from = 0; from < n_users; from += BLOCK)
	{
		uint32		here = Min(n_users - from, BLOCK);

		CHECK_FOR_INTERRUPTS();
		for (uint32 i = 0; i < here; i++)
			affinity_kernel_poisson(affinity_base_mix64(base + (user ? user[from + i] :
																from + i)),
									weight + i * AFFINITY_REPLICATES);
		for (int s = 0; s < n; s++)
		{
			float		value[BLOCK];
			float		there[BLOCK];

			for (uint32 i = 0; i < here; i++)
			{
				float		v = series[s].value[user ? user[from + i] :
												from + i];

				there[i] = !isnan(v);
				value[i] = isnan(v) ? 0 : v;
			}
			affinity_kernel_bootstrap_add(weight, value, here,
										  series[s].replicate);
			if (series[s].like == s)
				affinity_kernel_bootstrap_add(weight, there, here,
											  draws + (Size) s *
											  AFFINITY_REPLICATES);
		}
	}
	for (int s = 0; s < n; s++)
	{
		const double *drawn = draws + (Size) series[s].like *
			AFFINITY_REPLICATES;

		for (int r = 0; r < AFFINITY_REPLICATES; r++)
			series[s].replicate[r] = drawn[r] > 0 ?
				series[s].replicate[r] / drawn[r] : NAN;
	}
	pfree(weight);
	pfree(draws);
}

void
affinity_eval_sort_replicates(double *replicate)
{
	sort_replicates(replicate, AFFINITY_REPLICATES);
}

/*
 * A quantile of sorted replicates, between the two that are nearest.
 */
double
affinity_eval_quantile(double *sorted, double at)
{
	int			n = AFFINITY_REPLICATES;
	double		place;
	int			below;

	while (n > 0 && isnan(sorted[n - 1]))
		n--;
	if (n == 0)
		return NAN;
	place = at * (n - 1);
	below = Min((int) place, Max(n - 2, 0));
	return n == 1 ? sorted[0] : sorted[below] + (place - below) *
		(sorted[below + 1] - sorted[below]);
}

/*
 * The middle part of the replicates, which are sorted by it.
 */
EvalInterval
affinity_eval_percentiles(EvalSeries *series, double confidence)
{
	EvalInterval interval;

	affinity_eval_sort_replicates(series->replicate);
	interval.low = affinity_eval_quantile(series->replicate,
										  (1 - confidence) / 2);
	interval.high = affinity_eval_quantile(series->replicate,
										   (1 + confidence) / 2);
	return interval;
}
