/*
 * vector.c
 *		dot, cosine, euclidean, manhattan and pearson of two arrays.
 *
 * real[] and double precision[] without NULLs are read where they lie; other
 * element types, and arrays with NULLs, are first copied to double without
 * the positions where either side is NULL. The kernels sum in double. Only
 * when a sum left the range where double is exact enough (overflow, or
 * squares that underflow) is the input scaled by a power of two and summed
 * again; that cannot happen with real[], whose squares always fit.
 *
 * Copies live in the caller's memory context and are as large as the input
 * needs. Interrupts are checked every CHUNK elements.
 */
#include "postgres.h"

#include <math.h>

#include "access/tupmacs.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/float.h"

#include "kernel/vector.h"
#include "similarity/similarity.h"

/* Elements between two checks for interrupts: well under a millisecond. */
#define CHUNK ((size_t) 65536)

/*
 * Sums of squares within these bounds lost nothing to overflow, and nothing
 * worth a bit to underflow of single squares.
 */
#define SAFE_MIN 1e-140
#define SAFE_MAX 1e+140

typedef struct VectorPair
{
	bool		is_real;		/* elements are float, else double */
	size_t		n;				/* positions used */
	const void *x;
	const void *y;
} VectorPair;

PG_FUNCTION_INFO_V1(affinity_similarity_vector_dot);
PG_FUNCTION_INFO_V1(affinity_similarity_vector_cosine);
PG_FUNCTION_INFO_V1(affinity_similarity_vector_euclidean);
PG_FUNCTION_INFO_V1(affinity_similarity_vector_manhattan);
PG_FUNCTION_INFO_V1(affinity_similarity_vector_pearson);

/* ---- reading the arguments ---- */

static size_t
vector_length(const ArrayType *array)
{
	if (ARR_NDIM(array) > 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("array must have one dimension, but has %d",
						ARR_NDIM(array)),
				 errhint("Pass one vector per argument, for instance ARRAY[1.0, 0.5].")));
	return ARR_NDIM(array) == 0 ? 0 : ARR_DIMS(array)[0];
}

static bool
vector_is_null(const bits8 * bitmap, size_t i)
{
	return bitmap != NULL && (bitmap[i / 8] & (1 << (i % 8))) == 0;
}

static double *
vector_alloc(size_t n)
{
	return palloc_extended(Max(n, 1) * sizeof(double), MCXT_ALLOC_HUGE);
}

/*
 * The next element at *data as a double; moves *data behind it.
 */
static double
vector_next(Oid type, const char **data)
{
	const char *p = *data;

	switch (type)
	{
		case FLOAT4OID:
			*data += sizeof(float4);
			return *(const float4 *) p;
		case FLOAT8OID:
			*data += sizeof(float8);
			return *(const float8 *) p;
		case INT2OID:
			*data += sizeof(int16);
			return *(const int16 *) p;
		case INT4OID:
			*data += sizeof(int32);
			return *(const int32 *) p;
		case INT8OID:
			*data += sizeof(int64);
			return (double) *(const int64 *) p;
		case NUMERICOID:
			*data = p + VARSIZE_ANY(p);
			*data = (const char *) att_align_nominal(*data, TYPALIGN_INT);
			return DatumGetFloat8(DirectFunctionCall1(numeric_float8,
													  PointerGetDatum(p)));
		default:
			elog(ERROR, "unexpected element type %u", type);
	}
	return 0;					/* keep the compiler quiet */
}

/*
 * All n elements as doubles, 0 where NULL.
 */
static double *
vector_to_double(ArrayType *array, size_t n)
{
	const char *data = ARR_DATA_PTR(array);
	const		bits8 *bitmap = ARR_NULLBITMAP(array);
	double	   *result = vector_alloc(n);

	for (size_t i = 0; i < n; i++)
	{
		if (i % CHUNK == 0)
			CHECK_FOR_INTERRUPTS();
		result[i] = vector_is_null(bitmap, i) ? 0 :
			vector_next(ARR_ELEMTYPE(array), &data);
	}
	return result;
}

static void
vector_read_pair(FunctionCallInfo fcinfo, VectorPair *pair)
{
	ArrayType  *x = PG_GETARG_ARRAYTYPE_P(0);
	ArrayType  *y = PG_GETARG_ARRAYTYPE_P(1);
	size_t		n = vector_length(x);
	double	   *dx;
	double	   *dy;
	size_t		used = 0;

	if (n != vector_length(y))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("arrays must have the same length, but have %zu and %zu elements",
						n, vector_length(y)),
				 errhint("The elements are compared by position; use NULL for a position that is unknown on one side.")));

	pair->is_real = ARR_ELEMTYPE(x) == FLOAT4OID;
	pair->n = n;
	pair->x = ARR_DATA_PTR(x);
	pair->y = ARR_DATA_PTR(y);
	if (!ARR_HASNULL(x) && !ARR_HASNULL(y) &&
		(pair->is_real || ARR_ELEMTYPE(x) == FLOAT8OID))
		return;

	dx = vector_to_double(x, n);
	dy = vector_to_double(y, n);
	for (size_t i = 0; i < n; i++)
	{
		if (i % CHUNK == 0)
			CHECK_FOR_INTERRUPTS();
		if (vector_is_null(ARR_NULLBITMAP(x), i) ||
			vector_is_null(ARR_NULLBITMAP(y), i))
			continue;
		dx[used] = dx[i];
		dy[used] = dy[i];
		used++;
	}
	pair->is_real = false;
	pair->n = used;
	pair->x = dx;
	pair->y = dy;
}

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

	for (size_t i = 0; i < pair->n; i += CHUNK)
	{
		size_t		n = Min(CHUNK, pair->n - i);

		CHECK_FOR_INTERRUPTS();
		sum += pair->is_real ? f4(x4 + i, y4 + i, n) : f8(x8 + i, y8 + i, n);
	}
	return sum;
}

static AffinityProducts
vector_products(const VectorPair *pair)
{
	const float *x4 = pair->x;
	const float *y4 = pair->y;
	const double *x8 = pair->x;
	const double *y8 = pair->y;
	AffinityProducts sums = {0};

	for (size_t i = 0; i < pair->n; i += CHUNK)
	{
		size_t		n = Min(CHUNK, pair->n - i);

		CHECK_FOR_INTERRUPTS();
		if (pair->is_real)
			affinity_kernel_products_f4(x4 + i, y4 + i, n, &sums);
		else
			affinity_kernel_products_f8(x8 + i, y8 + i, n, &sums);
	}
	return sums;
}

/* Needs at least one position. */
static AffinityTotals
vector_totals(const VectorPair *pair)
{
	const float *x4 = pair->x;
	const float *y4 = pair->y;
	const double *x8 = pair->x;
	const double *y8 = pair->y;
	AffinityTotals sums = {0};

	for (size_t i = 0; i < pair->n; i += CHUNK)
	{
		size_t		n = Min(CHUNK, pair->n - i);

		CHECK_FOR_INTERRUPTS();
		if (pair->is_real)
			affinity_kernel_totals_f4(x4 + i, y4 + i, n, x4[0], y4[0], &sums);
		else
			affinity_kernel_totals_f8(x8 + i, y8 + i, n, x8[0], y8[0], &sums);
	}
	return sums;
}

static AffinityDeviations
vector_deviations(const VectorPair *pair, double centre_x, double centre_y)
{
	const float *x4 = pair->x;
	const float *y4 = pair->y;
	const double *x8 = pair->x;
	const double *y8 = pair->y;
	AffinityDeviations sums = {0};

	for (size_t i = 0; i < pair->n; i += CHUNK)
	{
		size_t		n = Min(CHUNK, pair->n - i);

		CHECK_FOR_INTERRUPTS();
		if (pair->is_real)
			affinity_kernel_deviations_f4(x4 + i, y4 + i, n, centre_x,
										  centre_y, &sums);
		else
			affinity_kernel_deviations_f8(x8 + i, y8 + i, n, centre_x,
										  centre_y, &sums);
	}
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
	double	   *result = vector_alloc(n);
	double		largest = 0;

	for (size_t i = 0; i < n; i++)
	{
		double		v = fabs(values[i]);

		if (i % CHUNK == 0)
			CHECK_FOR_INTERRUPTS();
		if (v > largest && !isinf(v))
			largest = v;
	}
	frexp(largest, exponent);
	for (size_t i = 0; i < n; i++)
	{
		if (i % CHUNK == 0)
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
	difference = vector_alloc(pair->n);
	for (size_t i = 0; i < pair->n; i++)
	{
		if (i % CHUNK == 0)
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
 * Two passes, centring on the means; what the rounding of the means leaves
 * is taken out by the sums of first order (T. F. Chan, G. H. Golub and R. J.
 * LeVeque, "Algorithms for computing the sample variance", The American
 * Statistician 37 (1983)). Constant input is recognised as such, since the
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

	vector_read_pair(fcinfo, &pair);
	PG_RETURN_FLOAT8(vector_dot(&pair));
}

Datum
affinity_similarity_vector_cosine(PG_FUNCTION_ARGS)
{
	VectorPair	pair;
	double		result;

	vector_read_pair(fcinfo, &pair);
	if (!vector_cosine(&pair, &result))
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(result);
}

Datum
affinity_similarity_vector_euclidean(PG_FUNCTION_ARGS)
{
	VectorPair	pair;

	vector_read_pair(fcinfo, &pair);
	PG_RETURN_FLOAT8(vector_euclidean(&pair));
}

Datum
affinity_similarity_vector_manhattan(PG_FUNCTION_ARGS)
{
	VectorPair	pair;

	vector_read_pair(fcinfo, &pair);
	PG_RETURN_FLOAT8(vector_manhattan(&pair));
}

Datum
affinity_similarity_vector_pearson(PG_FUNCTION_ARGS)
{
	VectorPair	pair;
	double		result;

	vector_read_pair(fcinfo, &pair);
	if (!vector_pearson(&pair, !pair.is_real, &result))
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(result);
}
