/*
 * sum.h
 *		Sums that do not depend on the order of their terms.
 *
 * A sum of reals in double is exact while they are of like magnitude. What
 * large terms push out of it is kept beside it (Neumaier, ZAMM 54, 1974), so
 * that it is there again when they cancel.
 */
#ifndef AFFINITY_KERNEL_SUM_H
#define AFFINITY_KERNEL_SUM_H

#include <math.h>

typedef struct AffinitySum
{
	double		high;
	double		low;
} AffinitySum;

static inline void
affinity_kernel_sum_add(AffinitySum *sum, double x)
{
	double		high = sum->high + x;

	sum->low += fabs(sum->high) >= fabs(x) ?
		(sum->high - high) + x : (x - high) + sum->high;
	sum->high = high;
}

static inline double
affinity_kernel_sum(const AffinitySum *sum)
{
	return sum->high + sum->low;
}

#endif
