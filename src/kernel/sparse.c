/*
 * sparse.c
 *		Sums over sparse rows into a dense row, with a list of what was
 *		touched.
 *
 * The list is written without a branch: an entry is appended at every step
 * and kept only if its sum was 0. It therefore needs room for one entry more
 * than the dense row has. Increments must not be 0 and must not cancel out:
 * these callers add positive numbers. Where signs differ, "untouched" is -0
 * instead, to which no sum returns: x + -x is +0.
 */
#include <float.h>
#include <string.h>

#include "kernel/sparse.h"
#include "kernel/multiversion.h"

/*
 * sum[col] += factor * val. Returns the new length of the list.
 */
uint32_t
affinity_kernel_sparse_add(double *sum, uint32_t *touched, uint32_t n_touched,
						   const uint32_t *col, const float *val, size_t n,
						   double factor)
{
	if (val == NULL)
	{
		for (size_t i = 0; i < n; i++)
		{
			uint32_t	c = col[i];
			double		old = sum[c];

			touched[n_touched] = c;
			n_touched += (old == 0);
			sum[c] = old + factor;
		}
		return n_touched;
	}
	for (size_t i = 0; i < n; i++)
	{
		uint32_t	c = col[i];
		double		old = sum[c];

		touched[n_touched] = c;
		n_touched += (old == 0);
		sum[c] = old + factor * val[i];
	}
	return n_touched;
}

/*
 * The same for numbers of both signs. What is untouched holds -0; adding +0
 * at the end makes +0 of a sum that would be -0 (of increments that are), and
 * changes no other.
 */
uint32_t
affinity_kernel_sparse_add_signed(double *sum, uint32_t *touched,
								  uint32_t n_touched,
								  const uint32_t *col,
								  const float *val, size_t n,
								  double factor)
{
	for (size_t i = 0; i < n; i++)
	{
		uint32_t	c = col[i];
		double		old = sum[c];
		uint64_t	bits;

		memcpy(&bits, &old, sizeof(bits));
		touched[n_touched] = c;
		n_touched += (bits == UINT64_C(1) << 63);
		sum[c] = (old + factor * val[i]) + 0.0;
	}
	return n_touched;
}

/*
 * sum[col] += factor * val for the columns up to last; columns ascend.
 * Returns how many they are. Nothing is listed, so any numbers will do.
 */
size_t
affinity_kernel_sparse_add_below(double *sum, const uint32_t *col,
								 const float *val, size_t n,
								 uint32_t last, double factor)
{
	size_t		i = 0;

	if (val == NULL)
	{
		for (; i < n && col[i] <= last; i++)
			sum[col[i]] += factor;
		return i;
	}
	for (; i < n && col[i] <= last; i++)
		sum[col[i]] += factor * val[i];
	return i;
}

/*
 * The same without a list, for when most sums have been touched: columns of a
 * row differ, so four sums can be on their way at once.
 */
void
affinity_kernel_dense_add(double *restrict sum, const uint32_t *restrict col,
						  const float *restrict val, size_t n, double factor)
{
	size_t		i = 0;

	for (; i + 4 <= n; i += 4)
	{
		const uint32_t *c = col + i;
		double		s0 = sum[c[0]] + (val ? factor * val[i] : factor);
		double		s1 = sum[c[1]] + (val ? factor * val[i + 1] : factor);
		double		s2 = sum[c[2]] + (val ? factor * val[i + 2] : factor);
		double		s3 = sum[c[3]] + (val ? factor * val[i + 3] : factor);

		sum[c[0]] = s0;
		sum[c[1]] = s1;
		sum[c[2]] = s2;
		sum[c[3]] = s3;
	}
	for (; i < n; i++)
		sum[col[i]] += val ? factor * val[i] : factor;
}

/*
 * The list of what was touched, afterwards.
 */
uint32_t
affinity_kernel_dense_touched(const double *sum, uint32_t n, uint32_t *touched)
{
	uint32_t	n_touched = 0;

	for (uint32_t i = 0; i < n; i++)
	{
		touched[n_touched] = i;
		n_touched += (sum[i] != 0);
	}
	return n_touched;
}

AFFINITY_MULTIVERSION void
affinity_kernel_sparse_gather(const float *restrict from,
							  const uint32_t *restrict at, size_t n,
							  float *restrict to)
{
	for (size_t i = 0; i < n; i++)
		to[i] = from[at[i]];
}

/*
 * sum[col] += factor * val, in reals, for columns that differ.
 */
void
affinity_kernel_sparse_scatter(float *restrict sum,
							   const uint32_t *restrict col,
							   const float *restrict val, size_t n,
							   float factor)
{
	size_t		i = 0;

	for (; i + 4 <= n; i += 4)
	{
		const uint32_t *c = col + i;
		float		s0 = sum[c[0]] + (val ? factor * val[i] : factor);
		float		s1 = sum[c[1]] + (val ? factor * val[i + 1] : factor);
		float		s2 = sum[c[2]] + (val ? factor * val[i + 2] : factor);
		float		s3 = sum[c[3]] + (val ? factor * val[i + 3] : factor);

		sum[c[0]] = s0;
		sum[c[1]] = s1;
		sum[c[2]] = s2;
		sum[c[3]] = s3;
	}
	for (; i < n; i++)
		sum[col[i]] += val ? factor * val[i] : factor;
}

/*
 * The sum of x[col] * val, as four sums that are added at the end.
 */
float
affinity_kernel_sparse_dot(const float *restrict x,
						   const uint32_t *restrict col,
						   const float *restrict val, size_t n)
{
	float		sum[4] = {0};
	size_t		i = 0;

	for (; i + 4 <= n; i += 4)
		for (int k = 0; k < 4; k++)
			sum[k] += val ? x[col[i + k]] * val[i + k] : x[col[i + k]];
	for (; i < n; i++)
		sum[0] += val ? x[col[i]] * val[i] : x[col[i]];
	return (sum[0] + sum[1]) + (sum[2] + sum[3]);
}

/*
 * Number what is in col in the order in which it is met first, over any
 * number of calls: mark[col] is base + number, and below base where it has not
 * been met. met has room for one more than there are. Returns how many have
 * been met. There is no branch, as it would be guessed wrong.
 */
uint32_t
affinity_kernel_sparse_number(uint32_t *restrict mark, uint32_t base,
							  const uint32_t *restrict col, size_t n,
							  uint32_t n_met, uint32_t *restrict met,
							  uint32_t *restrict number)
{
	for (size_t i = 0; i < n; i++)
	{
		uint32_t	c = col[i];
		uint32_t	old = mark[c];
		uint32_t	is_new = old < base;
		uint32_t	now = is_new ? base + n_met : old;

		mark[c] = now;
		met[n_met] = c;
		n_met += is_new;
		number[i] = now - base;
	}
	return n_met;
}

void
affinity_kernel_sparse_count(uint32_t *count, const uint32_t *col, size_t n)
{
	for (size_t i = 0; i < n; i++)
		count[col[i]]++;
}

/*
 * One user who gave x to the source item and val to the others.
 */
uint32_t
affinity_kernel_sparse_moments(AffinityMoments *sum, uint32_t *touched,
							   uint32_t n_touched, const uint32_t *col,
							   const float *val, size_t n, double x)
{
	for (size_t i = 0; i < n; i++)
	{
		AffinityMoments *s = &sum[col[i]];
		double		y = val ? val[i] : 1;

		touched[n_touched] = col[i];
		n_touched += (s->n == 0);
		s->n += 1;
		s->x += x;
		s->y += y;
		s->xx += x * x;
		s->yy += y * y;
		s->xy += x * y;
	}
	return n_touched;
}

/*
 * Scores out of the touched sums, left * sum * right, and the sums cleared.
 * What is above 0 stays above 0. Two loops, so that the first can be done by
 * gathers.
 */
AFFINITY_MULTIVERSION void
affinity_kernel_sparse_take(double *restrict sum,
							const uint32_t *restrict touched, size_t n,
							double left, const double *restrict right,
							float *restrict score)
{
	for (size_t i = 0; i < n; i++)
	{
		double		v = sum[touched[i]] * left * right[touched[i]];

		v = v < FLT_MAX ? v : FLT_MAX;
		score[i] = (float) (v < FLT_MIN && v > 0 ? FLT_MIN : v);
	}
	for (size_t i = 0; i < n; i++)
		sum[touched[i]] = 0;
}
