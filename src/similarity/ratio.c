/*
 * ratio.c
 *		The formulas: from counts or sums to a similarity.
 *
 * Sets are described by three non-negative parts, |A and B|, |A \ B| and
 * |B \ A|. As no part is ever subtracted, the results stay within [0, 1]
 * without clamping, and infinite or NaN weights follow IEEE 754. 0/0 is
 * undefined.
 *
 * A. Tversky, "Features of similarity", Psychological Review 84 (1977), is
 * the family that jaccard (alpha = beta = 1) and dice (1/2) belong to.
 */
#include "postgres.h"

#include <math.h>

#include "similarity/similarity.h"

static bool
ratio(double part, double whole, double *result)
{
	if (whole == 0)
		return false;
	*result = part / whole;
	return true;
}

/* Unlike fmin(), NaN if either is. */
static double
lesser(double a, double b)
{
	if (isnan(a) || isnan(b))
		return a + b;
	return a < b ? a : b;
}

bool
affinity_similarity_ratio_jaccard(const AffinityOverlap *o, double *result)
{
	return ratio(o->both, o->both + o->only_a + o->only_b, result);
}

bool
affinity_similarity_ratio_dice(const AffinityOverlap *o, double *result)
{
	return ratio(2 * o->both, 2 * o->both + o->only_a + o->only_b, result);
}

bool
affinity_similarity_ratio_overlap(const AffinityOverlap *o, double *result)
{
	return ratio(o->both, o->both + lesser(o->only_a, o->only_b), result);
}

bool
affinity_similarity_ratio_cosine_set(const AffinityOverlap *o, double *result)
{
	return ratio(o->both,
				 sqrt((o->both + o->only_a) * (o->both + o->only_b)), result);
}

bool
affinity_similarity_ratio_tversky(const AffinityOverlap *o, double alpha,
								  double beta, double *result)
{
	return ratio(o->both,
				 o->both + alpha * o->only_a + beta * o->only_b, result);
}

void
affinity_similarity_check_tversky(double alpha, double beta)
{
	if (!(alpha >= 0 && beta >= 0) || isinf(alpha) || isinf(beta))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("alpha and beta must be finite and not negative, but are %g and %g",
						alpha, beta),
				 errhint("alpha weighs what only the first set has, beta what only the second has: 0.5 and 0.5 give dice, 1 and 1 give jaccard.")));
}

/*
 * xy / sqrt(xx * yy), for positive finite xx and yy, within [-1, 1].
 *
 * The exponents are taken apart, since xx * yy may overflow or underflow.
 * Where xx, yy and xy are equal the result is exactly 1: the root of a
 * correctly rounded square is exact.
 */
double
affinity_similarity_ratio_angle(double xx, double yy, double xy)
{
	int			ex;
	int			ey;
	double		square = frexp(xx, &ex) * frexp(yy, &ey);
	int			exponent = ex + ey;
	double		result;

	if (exponent % 2 != 0)
	{
		square *= 2;
		exponent--;
	}
	result = ldexp(xy, -(exponent / 2)) / sqrt(square);
	if (result > 1)
		return 1;
	if (result < -1)
		return -1;
	return result;
}
