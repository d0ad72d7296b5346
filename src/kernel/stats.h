/*
 * stats.h
 *		Intervals of estimates.
 */
#ifndef AFFINITY_KERNEL_STATS_H
#define AFFINITY_KERNEL_STATS_H

#include <stdbool.h>
#include <stdint.h>

/* The normal distribution's quantile of a two-sided interval for 95 %. */
#define AFFINITY_Z_95 1.959963984540054

extern bool affinity_kernel_wilson(double successes, double trials, double z,
								   double *lower, double *upper);

#endif							/* AFFINITY_KERNEL_STATS_H */
