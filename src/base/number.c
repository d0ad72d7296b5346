/*
 * number.c
 *		What is said of numbers that do not count.
 */
#include "postgres.h"

#include "common/shortest_dec.h"

#include "base/number.h"

/*
 * A number in the fewest digits that give it back, whatever extra_float_digits
 * is: as the caller wrote it.
 */
char *
affinity_base_shortest(double value)
{
	char	   *text = palloc(DOUBLE_SHORTEST_DECIMAL_LEN);

	double_to_shortest_decimal_buf(value, text);
	return text;
}

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
			 errmsg("%s %s is out of range", name, affinity_base_shortest(value)),
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
