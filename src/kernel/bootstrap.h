/*
 * bootstrap.h
 *		Sums of values under resampling.
 */
#ifndef AFFINITY_KERNEL_BOOTSTRAP_H
#define AFFINITY_KERNEL_BOOTSTRAP_H

#include <stddef.h>
#include <stdint.h>

#define AFFINITY_REPLICATES	1000	/* a multiple of 4 */

extern void affinity_kernel_poisson(uint64_t seed, float *weight);
extern void affinity_kernel_bootstrap_add(const float *weight,
										  const float *value, size_t n,
										  double *sum);

#endif							/* AFFINITY_KERNEL_BOOTSTRAP_H */
