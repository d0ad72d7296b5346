/*
 * bootstrap.c
 *		Sums of values under resampling.
 *
 * In a bootstrap each value is drawn so many times as chance has it; where
 * there are many, how often one is drawn is Poisson's with mean 1, and no draw
 * depends on another (Hanley and MacGibbon, Computer Methods and Programs in
 * Biomedicine 83, 2006): one pass over the values does for all replicates.
 */
#include "kernel/bootstrap.h"

/*
 * Of 65,536 numbers, those from which on a value is drawn once, twice and so
 * on: mean 65,535 / 65,536.
 */
static const uint16_t threshold[] = {
	24109, 48219, 60273, 64292, 65296, 65497, 65531
};

#define N_THRESHOLDS	(sizeof(threshold) / sizeof(threshold[0]))

/*
 * How often a value is drawn in each replicate; the seed is the value's.
 */
void
affinity_kernel_poisson(uint64_t seed, float *weight)
{
	uint16_t	drawn[AFFINITY_REPLICATES];

	for (size_t r = 0; r < AFFINITY_REPLICATES; r += 4)
	{
		/* SplitMix64 */
		uint64_t	z = (seed += UINT64_C(0x9E3779B97F4A7C15));

		z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
		z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
		z ^= z >> 31;
		drawn[r] = (uint16_t) z;
		drawn[r + 1] = (uint16_t) (z >> 16);
		drawn[r + 2] = (uint16_t) (z >> 32);
		drawn[r + 3] = (uint16_t) (z >> 48);
	}
	for (size_t r = 0; r < AFFINITY_REPLICATES; r++)
	{
		int			times = 0;

		for (size_t t = 0; t < N_THRESHOLDS; t++)
			times += drawn[r] >= threshold[t];
		weight[r] = (float) times;
	}
}

/*
 * Add n values, as often as each is drawn, to the sum of each replicate.
 * Values of 0 cost nothing; n is small enough for sums in float.
 */
void
affinity_kernel_bootstrap_add(const float *weight, const float *value,
							  size_t n, double *sum)
{
	float		part[AFFINITY_REPLICATES] = {0};

	for (size_t i = 0; i < n; i++)
	{
		const float *w = weight + i * AFFINITY_REPLICATES;
		float		v = value[i];

		if (v == 0)
			continue;
		for (size_t r = 0; r < AFFINITY_REPLICATES; r++)
			part[r] += v * w[r];
	}
	for (size_t r = 0; r < AFFINITY_REPLICATES; r++)
		sum[r] += part[r];
}
