/*
 * args.c
 *		The arguments of pictures: arrays that go together, and what all
 *		pictures have.
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "mb/pg_wchar.h"
#include "utils/array.h"
#include "utils/builtins.h"

#include "chart/chart.h"

#define LEAST_WIDTH 240
#define GREATEST_WIDTH 10000

/*
 * In UTF-8, whatever the database has. What one without an encoding has is not
 * known: svg.c shows what is no UTF-8 as such.
 */
char *
affinity_chart_string(text *value)
{
	char	   *string = text_to_cstring(value);

	if (GetDatabaseEncoding() == PG_SQL_ASCII)
		return string;
	return pg_server_to_any(string, strlen(string), PG_UTF8);
}

/* An array of text; one that is NULL has no entries. */
ChartStrings
affinity_chart_strings(FunctionCallInfo fcinfo, int arg)
{
	ChartStrings strings = {0, NULL};
	Datum	   *values;
	bool	   *nulls;

	if (PG_ARGISNULL(arg))
		return strings;
	deconstruct_array(PG_GETARG_ARRAYTYPE_P(arg), TEXTOID, -1, false,
					  TYPALIGN_INT, &values, &nulls, &strings.n);
	strings.value = affinity_base_zeroed_array(strings.n, sizeof(char *));
	for (int i = 0; i < strings.n; i++)
	{
		affinity_base_look_up(i);
		if (!nulls[i])
			strings.value[i] = affinity_chart_string(DatumGetTextPP(values[i]));
	}
	return strings;
}

/* An array of numbers. */
ChartNumbers
affinity_chart_numbers(FunctionCallInfo fcinfo, int arg, const char *name)
{
	ChartNumbers numbers = {0, NULL};
	Datum	   *values;
	bool	   *nulls;

	if (PG_ARGISNULL(arg))
		return numbers;
	deconstruct_array(PG_GETARG_ARRAYTYPE_P(arg), FLOAT8OID, sizeof(float8),
					  FLOAT8PASSBYVAL, TYPALIGN_DOUBLE, &values, &nulls,
					  &numbers.n);
	numbers.value = affinity_base_array(numbers.n, sizeof(double));
	for (int i = 0; i < numbers.n; i++)
	{
		double		value = nulls[i] ? NAN : DatumGetFloat8(values[i]);

		affinity_base_look_up(i);
		if (!nulls[i] && !(fabs(value) <= CHART_MAX_VALUE))
			ereport(ERROR,
					(errcode(ERRCODE_DATA_EXCEPTION),
					 errmsg("%s hold %g, which cannot be drawn", name, value),
					 errhint("Leave it out, or give NULL: array_agg(NULLIF(value, 'NaN')).")));
		numbers.value[i] = value;
	}
	return numbers;
}

/*
 * An array of booleans, of the length of the first; all false where it is
 * NULL.
 */
bool *
affinity_chart_flags(FunctionCallInfo fcinfo, int arg, const char *name,
					 const char *first, int n)
{
	bool	   *flags = affinity_base_zeroed_array(n, sizeof(bool));
	Datum	   *values;
	bool	   *nulls;
	int			n_values;

	if (PG_ARGISNULL(arg))
		return flags;
	deconstruct_array(PG_GETARG_ARRAYTYPE_P(arg), BOOLOID, 1, true,
					  TYPALIGN_CHAR, &values, &nulls, &n_values);
	affinity_chart_same_length(first, n, name, n_values);
	for (int i = 0; i < n; i++)
		flags[i] = !nulls[i] && DatumGetBool(values[i]);
	return flags;
}

void
affinity_chart_same_length(const char *first, int n_first, const char *name,
						   int n)
{
	if (n == n_first)
		return;
	ereport(ERROR,
			(errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
			 errmsg("%s are %d, %s are %d", first, n_first, name, n),
			 errhint("Take both from the same rows, in the same order: array_agg(a ORDER BY x), array_agg(b ORDER BY x).")));
}

/* More than a picture can show. */
void
affinity_chart_limit(int64 n, int64 limit, const char *what, const char *hint)
{
	if (n > limit)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("%lld %s are more than a picture shows: %lld",
						(long long) n, what, (long long) limit),
				 errhint("%s", hint)));
}

/* title, description, percent, width: the last four arguments. */
ChartFrame
affinity_chart_frame(FunctionCallInfo fcinfo, int arg)
{
	ChartFrame	frame = {NULL, NULL, 0, false};
	int64		width;

	if (!PG_ARGISNULL(arg))
		frame.title = affinity_chart_string(PG_GETARG_TEXT_PP(arg));
	if (!PG_ARGISNULL(arg + 1))
		frame.description = affinity_chart_string(PG_GETARG_TEXT_PP(arg + 1));
	frame.percent = !PG_ARGISNULL(arg + 2) && PG_GETARG_BOOL(arg + 2);
	affinity_base_check_not_null(fcinfo, arg + 3, "width");
	width = PG_GETARG_INT64(arg + 3);
	if (width < LEAST_WIDTH || width > GREATEST_WIDTH)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("width must be between %d and %d, and is %lld",
						LEAST_WIDTH, GREATEST_WIDTH, (long long) width),
				 errhint("It is in pixels: width => 800.")));
	frame.width = (double) width;
	return frame;
}
