/*
 * select.c
 *		Order statistics of int64 in linear time, and quantiles from them.
 *
 * Quickselect with a pivot from the middle of three places that a fixed
 * generator picks: no order of the input is slow but by chance.
 */
#include <math.h>

#include "kernel/select.h"

static inline void
swap(int64_t *a, int64_t *b)
{
	int64_t		t = *a;

	*a = *b;
	*b = t;
}

static int64_t
pivot_of(const int64_t *value, size_t from, size_t to, uint64_t *seed)
{
	int64_t		p[3];

	for (int i = 0; i < 3; i++)
	{
		*seed = *seed * UINT64_C(6364136223846793005) +
			UINT64_C(1442695040888963407);
		p[i] = value[from + (size_t) ((*seed >> 33) % (to - from))];
	}
	if (p[0] > p[1])
		swap(&p[0], &p[1]);
	if (p[1] > p[2])
		swap(&p[1], &p[2]);
	return p[0] > p[1] ? p[0] : p[1];
}

/*
 * Reorder value[from .. n) so that value[k] is what sorting would put there,
 * smaller ones are before and larger ones after it. from <= k < n.
 */
static void
select_from(int64_t *value, size_t from, size_t n, size_t k)
{
	uint64_t	seed = 42;
	size_t		to = n;

	while (to - from > 1)
	{
		int64_t		pivot = pivot_of(value, from, to, &seed);
		size_t		less = from;
		size_t		more = to;
		size_t		i = from;

		while (i < more)
		{
			if (value[i] < pivot)
				swap(&value[i++], &value[less++]);
			else if (value[i] > pivot)
				swap(&value[i], &value[--more]);
			else
				i++;
		}
		if (k < less)
			to = less;
		else if (k >= more)
			from = more;
		else
			return;
	}
}

/*
 * The quantile p of n > 0 values, between two of them by linear interpolation
 * (as percentile_cont does). Reorders the values.
 */
double
affinity_kernel_quantile(int64_t *value, size_t n, double p)
{
	double		place = p * (double) (n - 1);
	size_t		k = (size_t) floor(place);
	double		part = place - (double) k;
	int64_t		next;

	if (k >= n - 1)
	{
		k = n - 1;
		part = 0;
	}
	select_from(value, 0, n, k);
	if (part == 0)
		return (double) value[k];
	next = value[k + 1];
	for (size_t i = k + 2; i < n; i++)
		if (value[i] < next)
			next = value[i];
	return (double) value[k] + part * ((double) next - (double) value[k]);
}
