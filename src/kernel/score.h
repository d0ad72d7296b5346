/*
 * score.h
 *		Scores from factors.
 */
#ifndef AFFINITY_KERNEL_SCORE_H
#define AFFINITY_KERNEL_SCORE_H

#include <stdbool.h>
#include <stddef.h>

extern void affinity_kernel_factor_scores(const float *item, size_t stride,
										  size_t n, const double *user,
										  double offset, float *score);
extern bool affinity_kernel_all_finite(const float *value, size_t n);

#endif							/* AFFINITY_KERNEL_SCORE_H */
