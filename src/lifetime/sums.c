/*
 * sums.c
 *		Sums over the customers of one frequency, four at a time.
 *
 * A million different customers are a million logarithms and exponentials for
 * each step of a fit; see kernel/quad.h. Lanes are added at the end. No
 * PostgreSQL, no allocation.
 */
#if defined(__clang__)
#pragma STDC FP_CONTRACT OFF
#elif defined(__GNUC__)
#pragma GCC optimize("fp-contract=off")
#endif

#include "lifetime/sums.h"

#include "kernel/multiversion.h"
#include "kernel/quad.h"

typedef struct Lanes
{
	quad		weight;
	quad		time;
	quad		slope;
	quad		value;
	quad		left;
	quad		left_time;
	quad		left_slope;
} Lanes;

/* Four customers: recency u, end t, weight. */
QUAD_INLINE void
add_four(Lanes *lanes, const LifetimeShared *shared, double over_alpha,
		 const quad *u, const quad *t, const quad *weight)
{
	quad		over_t = 1.0 / (shared->alpha + *t);
	quad		inverse = shared->alpha * over_t;
	quad		log_t = *t * over_alpha;

	lanes->weight += *weight;
	lanes->slope += *weight * ((shared->r * log_t - shared->x) * over_t);
	affinity_kernel_quad_log1p(&log_t, &inverse);
	lanes->time += *weight * log_t;
	if (shared->may_leave)
	{
		quad		over_u = 1.0 / (shared->alpha + *u);
		quad		since = (*t - *u) * over_u;
		quad		share = *weight * since * over_t;	/* times l below */
		quad		z;
		quad		odds;
		quad		value;
		quad_int	likely;

		inverse = (shared->alpha + *u) * over_t;
		affinity_kernel_quad_log1p(&since, &inverse);
		z = shared->log_odds + (shared->r + shared->x) * since;
		likely = z > 0.0;
		odds = QUAD_CHOOSE(likely, z, -z);
		affinity_kernel_quad_exp(&odds);
		inverse = 1.0 / (1.0 + odds);
		value = odds;
		affinity_kernel_quad_log1p(&value, &inverse);
		lanes->value += *weight * (value + QUAD_CHOOSE(likely, z, QUAD_ALL(0.0)));
		inverse *= QUAD_CHOOSE(likely, QUAD_ALL(1.0), odds);
		lanes->left += *weight * inverse;
		lanes->left_time += *weight * inverse * since;
		lanes->left_slope += share * inverse;
	}
}

AFFINITY_MULTIVERSION void
affinity_lifetime_sums(const double (*customer)[4], size_t n,
					   const LifetimeShared *shared, LifetimeSums *sums)
{
	const double over_alpha = 1 / shared->alpha;
	const LifetimeShared fixed = *shared;
	Lanes		lanes = {{0}, {0}, {0}, {0}, {0}, {0}, {0}};
	size_t		whole = n - n % QUAD;

	for (size_t i = 0; i < n; i += QUAD)
	{
		double		rest[QUAD][4] = {{0}};
		const double (*c)[4] = customer + i;
		quad		u;
		quad		t;
		quad		weight;

		if (i == whole)
		{
			/* the last ones: who is not there weighs nothing */
			for (size_t j = 0; i + j < n; j++)
				for (int k = 0; k < 4; k++)
					rest[j][k] = c[j][k];
			c = (const double (*)[4]) rest;
		}
		u = (quad) {c[0][1], c[1][1], c[2][1], c[3][1]};
		t = (quad) {c[0][2], c[1][2], c[2][2], c[3][2]};
		weight = (quad) {c[0][3], c[1][3], c[2][3], c[3][3]};
		add_four(&lanes, &fixed, over_alpha, &u, &t, &weight);
	}
	sums->weight = QUAD_SUM(lanes.weight);
	sums->time = QUAD_SUM(lanes.time);
	sums->slope = QUAD_SUM(lanes.slope);
	sums->value = QUAD_SUM(lanes.value);
	sums->left = QUAD_SUM(lanes.left);
	sums->left_time = QUAD_SUM(lanes.left_time);
	sums->left_slope = QUAD_SUM(lanes.left_slope);
}
