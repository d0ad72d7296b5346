/*
 * rate.h
 *		How likely a count is, if the rate were that of the counts before.
 */
#ifndef AFFINITY_TRENDING_RATE_H
#define AFFINITY_TRENDING_RATE_H

#include <stdint.h>

extern double affinity_trending_rate_p(int64_t current, int64_t before,
									   int64_t windows);

#endif							/* AFFINITY_TRENDING_RATE_H */
