/*
 * score.c
 *		Scores from factors: the product of a user's vector with items' rows.
 *
 * A score is summed in double in 16 lanes that are added at the end in a
 * fixed order. The product of two floats is exact in double, so it makes no
 * difference whether it is fused with the addition: all processors give the
 * same score, and a row alone gives what it gives among others. Rows are
 * multiples of 16 floats long, the padding being 0.
 */
#include <float.h>
#include <stdint.h>
#include <string.h>

#include "kernel/score.h"
#include "kernel/multiversion.h"

typedef double quad __attribute__((vector_size(4 * sizeof(double))));

/* GCC 12 makes better code of this than of __builtin_convertvector. */
#define LOAD(p) ((quad) {(p)[0], (p)[1], (p)[2], (p)[3]})
#define QUAD_SUM(v) (((v)[0] + (v)[2]) + ((v)[1] + (v)[3]))

typedef double quad_in_memory
			__attribute__((vector_size(4 * sizeof(double)),
						   aligned(sizeof(double)), may_alias));

#define WIDE(p) ((quad) *(const quad_in_memory *) (p))

/*
 * score[i] = offset + user . item[i], for n rows.
 */
AFFINITY_MULTIVERSION void
affinity_kernel_factor_scores(const float *item, size_t stride, size_t n,
							  const double *user, double offset, float *score)
{
	for (size_t i = 0; i < n; i++)
	{
		const float *row = item + i * stride;
		quad		a = {0};
		quad		b = {0};
		quad		c = {0};
		quad		d = {0};
		double		s;

		for (size_t f = 0; f < stride; f += 16)
		{
			a += LOAD(row + f) * WIDE(user + f);
			b += LOAD(row + f + 4) * WIDE(user + f + 4);
			c += LOAD(row + f + 8) * WIDE(user + f + 8);
			d += LOAD(row + f + 12) * WIDE(user + f + 12);
		}
		a = (a + b) + (c + d);
		s = offset + QUAD_SUM(a);
		s = s < FLT_MAX ? s : FLT_MAX;
		score[i] = (float) (s > -FLT_MAX ? s : -FLT_MAX);
	}
}

/*
 * Is none of n numbers infinite or NaN?
 */
AFFINITY_MULTIVERSION bool
affinity_kernel_all_finite(const float *value, size_t n)
{
	uint32_t	odd = 0;

	for (size_t i = 0; i < n; i++)
	{
		uint32_t	bits;

		memcpy(&bits, &value[i], sizeof(bits));
		odd |= ((bits & 0x7f800000u) == 0x7f800000u);
	}
	return odd == 0;
}
