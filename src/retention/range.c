/*
 * range.c
 *		Arrays of bigint as states and results of range_retention_count and
 *		range_retention_sum.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "utils/memutils.h"

#include "retention/range.h"

/* An array of n zeros. */
ArrayType *
affinity_retention_array_new(int n)
{
	Size		size = ARR_OVERHEAD_NONULLS(1) + sizeof(int64) * (Size) n;
	ArrayType  *array = palloc0(size);

	SET_VARSIZE(array, size);
	array->ndim = 1;
	array->elemtype = INT8OID;
	ARR_DIMS(array)[0] = n;
	ARR_LBOUND(array)[0] = 1;
	return array;
}

/* The array is none of ours. */
void
affinity_retention_array_wrong(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("this array is no state or result of range_retention_count "
					"or range_retention_sum"),
			 errhint("Pass what affinity.range_retention_count returned, unchanged.")));
}

/* The elements of an array of bigint without NULLs. */
Numbers
affinity_retention_array_read(ArrayType *array)
{
	Numbers		numbers;

	if (ARR_NDIM(array) > 1 || ARR_ELEMTYPE(array) != INT8OID ||
		ARR_HASNULL(array))
		affinity_retention_array_wrong();
	numbers.array = array;
	numbers.own = false;
	numbers.value = (int64 *) ARR_DATA_PTR(array);
	numbers.n = ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array));
	return numbers;
}

/*
 * Argument 0 as a state to be changed: in place where an aggregate calls, else
 * a copy.
 */
Numbers
affinity_retention_array_state(FunctionCallInfo fcinfo)
{
	return affinity_retention_array_read(AggCheckCallContext(fcinfo, NULL) ?
										 PG_GETARG_ARRAYTYPE_P(0) :
										 PG_GETARG_ARRAYTYPE_P_COPY(0));
}

/* Room for `n` more elements before number `at`. */
void
affinity_retention_array_room(Numbers *numbers, int at, int n)
{
	ArrayType  *larger;
	int64	   *value;

	if ((Size) (numbers->n + n) > (MaxAllocSize - 64) / sizeof(int64))
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("too many periods")));
	larger = affinity_retention_array_new(numbers->n + n);
	value = (int64 *) ARR_DATA_PTR(larger);
	memcpy(value, numbers->value, sizeof(int64) * (Size) at);
	memcpy(value + at + n, numbers->value + at,
		   sizeof(int64) * (Size) (numbers->n - at));
	if (numbers->own)
		pfree(numbers->array);
	numbers->array = larger;
	numbers->own = true;
	numbers->value = value;
	numbers->n += n;
}
