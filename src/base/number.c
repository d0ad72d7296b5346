/*
 * number.c
 *		What is said of numbers that do not count.
 */
#include "postgres.h"

#include "base/number.h"

void
affinity_base_refuse_infinite(double value, const char *name)
{
	ereport(ERROR,
			(errcode(ERRCODE_DATA_EXCEPTION),
			 errmsg("%s %s", isnan(value) ? "NaN" : "infinite", name),
			 errhint("Leave such rows out with FILTER, or make their %s NULL.",
					 name)));
}

void
affinity_base_refuse_large(double value, const char *name, const char *hint)
{
	ereport(ERROR,
			(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
			 errmsg("%s %.17g is out of range", name, value),
			 errhint("%s", hint)));
}

/* An array of one dimension without NULLs. */
ArrayType *
affinity_base_array_arg(FunctionCallInfo fcinfo, int arg, const char *name)
{
	ArrayType  *array = PG_GETARG_ARRAYTYPE_P(arg);

	if (ARR_NDIM(array) > 1)
		ereport(ERROR,
				(errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
				 errmsg("%s has %d dimensions instead of one", name,
						ARR_NDIM(array))));
	if (ARR_HASNULL(array) && array_contains_nulls(array))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("%s must not contain nulls", name)));
	return array;
}
