/*
 * vector_pair.c
 *		Two arrays as vectors of numbers.
 *
 * real[] and double precision[] without NULLs are read where they lie; other
 * element types, and arrays with NULLs, are first copied to double without
 * the positions where either side is NULL. Copies live in the caller's memory
 * context and are as large as the input needs.
 */
#include "postgres.h"

#include "access/tupmacs.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"

#include "similarity/vector.h"

static size_t
length_of(const ArrayType *array)
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
is_null(const bits8 * bitmap, size_t i)
{
	return bitmap != NULL && (bitmap[i / 8] & (1 << (i % 8))) == 0;
}

/* Room for n doubles, at least one. */
double *
affinity_similarity_pair_alloc(size_t n)
{
	return palloc_extended(Max(n, 1) * sizeof(double), MCXT_ALLOC_HUGE);
}

/*
 * The next element at *data as a double; moves *data behind it.
 */
static double
next_double(Oid type, const char **data)
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
to_doubles(ArrayType *array, size_t n)
{
	const char *data = ARR_DATA_PTR(array);
	const		bits8 *bitmap = ARR_NULLBITMAP(array);
	double	   *result = affinity_similarity_pair_alloc(n);

	for (size_t i = 0; i < n; i++)
	{
		if (i % VECTOR_CHUNK == 0)
			CHECK_FOR_INTERRUPTS();
		result[i] = is_null(bitmap, i) ? 0 :
			next_double(ARR_ELEMTYPE(array), &data);
	}
	return result;
}

/* The two arrays that are arguments 0 and 1. */
void
affinity_similarity_pair_read(FunctionCallInfo fcinfo, VectorPair *pair)
{
	ArrayType  *x = PG_GETARG_ARRAYTYPE_P(0);
	ArrayType  *y = PG_GETARG_ARRAYTYPE_P(1);
	size_t		n = length_of(x);
	double	   *dx;
	double	   *dy;
	size_t		used = 0;

	if (n != length_of(y))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("arrays must have the same length, but have %zu and %zu elements",
						n, length_of(y)),
				 errhint("The elements are compared by position; use NULL for a position that is unknown on one side.")));

	pair->is_real = ARR_ELEMTYPE(x) == FLOAT4OID;
	pair->n = n;
	pair->x = ARR_DATA_PTR(x);
	pair->y = ARR_DATA_PTR(y);
	if (!ARR_HASNULL(x) && !ARR_HASNULL(y) &&
		(pair->is_real || ARR_ELEMTYPE(x) == FLOAT8OID))
		return;

	dx = to_doubles(x, n);
	dy = to_doubles(y, n);
	for (size_t i = 0; i < n; i++)
	{
		if (i % VECTOR_CHUNK == 0)
			CHECK_FOR_INTERRUPTS();
		if (is_null(ARR_NULLBITMAP(x), i) ||
			is_null(ARR_NULLBITMAP(y), i))
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
