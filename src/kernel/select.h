/*
 * select.h
 *		Quantiles.
 */
#ifndef AFFINITY_KERNEL_SELECT_H
#define AFFINITY_KERNEL_SELECT_H

#include <stddef.h>
#include <stdint.h>

extern double affinity_kernel_quantile(int64_t *value, size_t n, double p);

#endif							/* AFFINITY_KERNEL_SELECT_H */
