/*
 * vector.c
 *		dot, cosine, euclidean, manhattan and pearson of two arrays.
 *
 * The kernels sum in double. Only when a sum left the range where double is
 * exact enough (overflow, or squares that underflow) is the input scaled by a
 * power of two and summed again; that cannot happen with real[], whose squares
 * always fit. Interrupts are checked every VECTOR_CHUNK elements.
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"
#include "utils/float.h"

#include "similarity/vector.h"
#include "kernel/vector.h"
#include "similarity/similarity.h"

/*
 * Sums of squares within these bounds lost nothing to overflow, and nothing
 * worth a bit to underflow of single squares.
 */
#define SAFE_MIN 1e-140
#define SAFE_MAX 1e+140

PG_FUNCTION_INFO_V1(affinity_similarity_vector_dot);
PG_FUNCTION_INFO_V1(affinity_similarity_vector_cosine);
PG_FUNCTION_INFO_V1(affinity_similarity_vector_euclidean);
PG_FUNCTION_INFO_V1(affinity_similarity_vector_manhattan);
PG_FUNCTION_INFO_V1(affinity_similarity_vector_pearson);

/* ---- sums over a pair, in chunks ---- */

typedef double (*VectorSumF4) (const float *x, const float *y, size_t n);
typedef double (*VectorSumF8) (const double *x, const double *y, size_t n);

static double
vector_sum(const VectorPair *pair, VectorSumF4 f4, VectorSumF8 f8)
{
	const float *x4 = pair->x;
	const float *y4 = pair->y;
	const double *x8 = pair->x;
	const double *y8 = pair->y;
	double		sum = 0;

	for (size_t i = 0; i < pair->n; i += VECTOR_CHUNK)
	{
		size_t		n = Min(VECTOR_CHUNK, pair->n - i);

		CHECK_FOR_INTERRUPTS();
		sum += pair->is_real ? f4(x4 + i, y4 + i, n) : f8(x8 + i, y8 + i, n);
	}
	return sum;
}

/*
 * Hand the chunks of a pair to a kernel, which is called with the two arrays,
 * their length and the rest of the arguments, and adds to what is there.
 */
#define ADD_CHUNKS(pair, kernel, ...) \
	for (size_t i = 0; i < (pair)->n; i += VECTOR_CHUNK) \
	{ \
		size_t		n = Min(VECTOR_CHUNK, (pair)->n - i); \
\
		CHECK_FOR_INTERRUPTS(); \
		if ((pair)->is_real) \
			kernel##_f4((const float *) (pair)->x + i, \
						(const float *) (pair)->y + i, n, __VA_ARGS__); \
		else \
			kernel##_f8((const double *) (pair)->x + i, \
						(const double *) (pair)->y + i, n, __VA_ARGS__); \
	}

static AffinityProducts
vector_products(const VectorPair *pair)
{
	AffinityProducts sums = {0};

	ADD_CHUNKS(pair, affinity_kernel_products, &sums);
	return sums;
}

/* A side's first number. */
static double
vector_first(const VectorPair *pair, const void *side)
{
	return pair->is_real ? *(const float *) side : *(const double *) side;
}

/* Needs at least one position. */
static AffinityTotals
vector_totals(const VectorPair *pair)
{
	double		first_x = vector_first(pair, pair->x);
	double		first_y = vector_first(pair, pair->y);
	AffinityTotals sums = {0};

	ADD_CHUNKS(pair, affinity_kernel_totals, first_x, first_y, &sums);
	return sums;
}

static AffinityDeviations
vector_deviations(const VectorPair *pair, double center_x, double center_y)
{
	AffinityDeviations sums = {0};

	ADD_CHUNKS(pair, affinity_kernel_deviations, center_x, center_y, &sums);
	return sums;
}

/* ---- scaling, for sums out of range ---- */

/*
 * values times 2^-*exponent, so that the largest finite one lies in [0.5, 1).
 * A power of two changes no digit, infinities and NaN stay.
 */
static double *
vector_scale(const double *values, size_t n, int *exponent)
{
	double	   *result = affinity_similarity_pair_alloc(n);
	double		largest = 0;

	for (size_t i = 0; i < n; i++)
	{
		double		v = fabs(values[i]);

		if (i % VECTOR_CHUNK == 0)
			CHECK_FOR_INTERRUPTS();
		if (v > largest && !isinf(v))
			largest = v;
	}
	frexp(largest, exponent);
	for (size_t i = 0; i < n; i++)
	{
		if (i % VECTOR_CHUNK == 0)
			CHECK_FOR_INTERRUPTS();
		result[i] = ldexp(values[i], -*exponent);
	}
	return result;
}

/* Both sides, each by its own power of two. */
static void
vector_scale_pair(const VectorPair *pair, VectorPair *scaled,
				  int *exponent_x, int *exponent_y)
{
	Assert(!pair->is_real);
	*scaled = *pair;
	scaled->x = vector_scale(pair->x, pair->n, exponent_x);
	scaled->y = vector_scale(pair->y, pair->n, exponent_y);
}

static bool
vector_is_safe(double squares)
{
	return squares >= SAFE_MIN && squares <= SAFE_MAX;
}

/* ---- the measures ---- */

static double
vector_dot(const VectorPair *pair)
{
	double		dot = vector_sum(pair, affinity_kernel_dot_f4,
								 affinity_kernel_dot_f8);
	VectorPair	scaled;
	int			ex;
	int			ey;

	if (isfinite(dot) || pair->is_real)
		return dot;

	/* Partial sums may have overflowed where the whole does not. */
	vector_scale_pair(pair, &scaled, &ex, &ey);
	return ldexp(vector_sum(&scaled, affinity_kernel_dot_f4,
							affinity_kernel_dot_f8), ex + ey);
}

static double
vector_manhattan(const VectorPair *pair)
{
	return vector_sum(pair, affinity_kernel_absolute_f4,
					  affinity_kernel_absolute_f8);
}

static double
vector_euclidean(const VectorPair *pair)
{
	double		squares;
	const double *x = pair->x;
	const double *y = pair->y;
	double	   *difference;
	VectorPair	scaled = *pair;
	int			exponent;

	squares = vector_sum(pair, affinity_kernel_squared_f4,
						 affinity_kernel_squared_f8);
	if (vector_is_safe(squares) || pair->is_real)
		return sqrt(squares);

	/* Scale the differences: they may be tiny where the values are not. */
	difference = affinity_similarity_pair_alloc(pair->n);
	for (size_t i = 0; i < pair->n; i++)
	{
		if (i % VECTOR_CHUNK == 0)
			CHECK_FOR_INTERRUPTS();
		difference[i] = x[i] - y[i];
	}
	scaled.x = vector_scale(difference, pair->n, &exponent);
	scaled.y = scaled.x;
	squares = vector_sum(&scaled, affinity_kernel_dot_f4,
						 affinity_kernel_dot_f8);
	return ldexp(sqrt(squares), exponent);
}

/*
 * Store the quotient and return true; false if undefined.
 */
static bool
vector_angle(double xx, double yy, double xy, double *result)
{
	if (!isfinite(xx) || !isfinite(yy) || !isfinite(xy))
		*result = get_float8_nan();
	else if (xx <= 0 || yy <= 0)
		return false;
	else
		*result = affinity_similarity_ratio_angle(xx, yy, xy);
	return true;
}

static bool
vector_cosine(const VectorPair *pair, double *result)
{
	AffinityProducts sums = vector_products(pair);

	if (!pair->is_real &&
		!(vector_is_safe(sums.xx) && vector_is_safe(sums.yy)))
	{
		VectorPair	scaled;
		int			ex;
		int			ey;

		vector_scale_pair(pair, &scaled, &ex, &ey);
		sums = vector_products(&scaled);
	}
	return vector_angle(sums.xx, sums.yy, sums.xy, result);
}

/*
 * Two passes, centering on the means; what the rounding of the means leaves
 * is taken out by the sums of first order (T. F. Chan, G. H. Golub and R. J.
 * LeVeque, "Algorithms for computing the sample variance", The American
 * Statistician 37 (1983)). Constant input is recognized as such, since the
 * rounding of its mean would look like variance.
 */
static bool
vector_pearson(const VectorPair *pair, bool may_scale, double *result)
{
	double		n = (double) pair->n;
	AffinityTotals totals;
	AffinityDeviations sums;

	if (pair->n < 2)
		return false;
	totals = vector_totals(pair);
	sums = vector_deviations(pair, totals.x / n, totals.y / n);
	sums.xx -= sums.x * sums.x / n;
	sums.yy -= sums.y * sums.y / n;
	sums.xy -= sums.x * sums.y / n;

	if (may_scale && !(vector_is_safe(sums.xx) && vector_is_safe(sums.yy)))
	{
		VectorPair	scaled;
		int			ex;
		int			ey;

		vector_scale_pair(pair, &scaled, &ex, &ey);
		return vector_pearson(&scaled, false, result);
	}
	return vector_angle(totals.x_varies || isnan(sums.xx) ? sums.xx : 0,
						totals.y_varies || isnan(sums.yy) ? sums.yy : 0,
						sums.xy, result);
}

/* ---- SQL ---- */

Datum
affinity_similarity_vector_dot(PG_FUNCTION_ARGS)
{
	VectorPair	pair;

	affinity_similarity_pair_read(fcinfo, &pair);
	PG_RETURN_FLOAT8(vector_dot(&pair));
}

Datum
affinity_similarity_vector_cosine(PG_FUNCTION_ARGS)
{
	VectorPair	pair;
	double		result;

	affinity_similarity_pair_read(fcinfo, &pair);
	if (!vector_cosine(&pair, &result))
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(result);
}

Datum
affinity_similarity_vector_euclidean(PG_FUNCTION_ARGS)
{
	VectorPair	pair;

	affinity_similarity_pair_read(fcinfo, &pair);
	PG_RETURN_FLOAT8(vector_euclidean(&pair));
}

Datum
affinity_similarity_vector_manhattan(PG_FUNCTION_ARGS)
{
	VectorPair	pair;

	affinity_similarity_pair_read(fcinfo, &pair);
	PG_RETURN_FLOAT8(vector_manhattan(&pair));
}

Datum
affinity_similarity_vector_pearson(PG_FUNCTION_ARGS)
{
	VectorPair	pair;
	double		result;

	affinity_similarity_pair_read(fcinfo, &pair);
	if (!vector_pearson(&pair, !pair.is_real, &result))
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(result);
}
