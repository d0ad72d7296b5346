/*
 * range_sum.c
 *		range_retention_sum: how many users came back after which intervals.
 *		See range.h.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/datetime.h"

#include "retention/range.h"

PG_FUNCTION_INFO_V1(affinity_retention_range_sum_accum);
PG_FUNCTION_INFO_V1(affinity_retention_range_sum_combine);
PG_FUNCTION_INFO_V1(affinity_retention_range_sum_final);

#define SUM_WIDTH (2 + MAX_INTERVALS)

/* The elements of a day: there are zeros where there were none. */
static int64 *
sums_of(Numbers *state, int64 day)
{
	int			from = 0;
	int			to = state->n / SUM_WIDTH;

	while (from < to)
	{
		int			middle = from + (to - from) / 2;

		if (state->value[middle * SUM_WIDTH] < day)
			from = middle + 1;
		else
			to = middle;
	}
	from *= SUM_WIDTH;
	if (from == state->n || state->value[from] != day)
	{
		affinity_retention_array_room(state, from, SUM_WIDTH);
		state->value[from] = day;
	}
	return state->value + from;
}

static Numbers
sum_arg(FunctionCallInfo fcinfo)
{
	Numbers		state;

	if (PG_ARGISNULL(0))
		return affinity_retention_array_read(affinity_retention_array_new(0));
	state = affinity_retention_array_state(fcinfo);
	if (state.n % SUM_WIDTH != 0)
		affinity_retention_array_wrong();
	return state;
}

/* (state, what range_retention_count returned for a user) */
Datum
affinity_retention_range_sum_accum(PG_FUNCTION_ARGS)
{
	Numbers		state;
	Numbers		user;

	if (PG_ARGISNULL(1))
	{
		if (PG_ARGISNULL(0))
			PG_RETURN_NULL();
		PG_RETURN_DATUM(PG_GETARG_DATUM(0));
	}
	state = sum_arg(fcinfo);
	user = affinity_retention_array_read(PG_GETARG_ARRAYTYPE_P(1));
	for (int i = 0; i < user.n; i++)
	{
		int64		day = user.value[i] >> DAY_SHIFT;
		int64	   *sums;

		if (!IS_VALID_DATE(day) || day != (int32) day)
			affinity_retention_array_wrong();
		sums = sums_of(&state, day);
		sums[1]++;
		for (int k = 0; k < MAX_INTERVALS; k++)
			sums[2 + k] += user.value[i] >> k & 1;
		/* each may move all that follow */
		CHECK_FOR_INTERRUPTS();
	}
	PG_RETURN_ARRAYTYPE_P(state.array);
}

/* strict */
Datum
affinity_retention_range_sum_combine(PG_FUNCTION_ARGS)
{
	Numbers		a = sum_arg(fcinfo);
	Numbers		b = affinity_retention_array_read(PG_GETARG_ARRAYTYPE_P(1));

	if (b.n % SUM_WIDTH != 0)
		affinity_retention_array_wrong();
	for (int i = 0; i < b.n; i += SUM_WIDTH)
	{
		int64	   *sums = sums_of(&a, b.value[i]);

		for (int k = 1; k < SUM_WIDTH; k++)
			sums[k] = (int64) ((uint64) sums[k] + (uint64) b.value[i + k]);
		CHECK_FOR_INTERRUPTS();
	}
	PG_RETURN_ARRAYTYPE_P(a.array);
}

/* strict; a text for each day: yyyymmdd, the users, and 15 counts */
Datum
affinity_retention_range_sum_final(PG_FUNCTION_ARGS)
{
	Numbers		state = sum_arg(fcinfo);
	int			n = state.n / SUM_WIDTH;
	Datum	   *line = palloc(sizeof(Datum) * (Size) Max(n, 1));
	StringInfoData text;

	initStringInfo(&text);
	for (int i = 0; i < n; i++)
	{
		const int64 *sums = state.value + i * SUM_WIDTH;
		int			year;
		int			month;
		int			day;

		if (i % 1024 == 0)
			CHECK_FOR_INTERRUPTS();
		if (!IS_VALID_DATE(sums[0]) || sums[0] != (int32) sums[0])
			affinity_retention_array_wrong();
		j2date((int) sums[0] + POSTGRES_EPOCH_JDATE, &year, &month, &day);
		resetStringInfo(&text);
		appendStringInfo(&text, "%04d%02d%02d", year, month, day);
		for (int k = 1; k < SUM_WIDTH; k++)
			appendStringInfo(&text, "," INT64_FORMAT, sums[k]);
		line[i] = PointerGetDatum(cstring_to_text_with_len(text.data,
														   text.len));
	}
	PG_RETURN_ARRAYTYPE_P(construct_array(line, n, TEXTOID, -1, false,
										  TYPALIGN_INT));
}
