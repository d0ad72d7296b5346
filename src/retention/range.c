/*
 * range.c
 *		range_retention_count and range_retention_sum, the aggregates that
 *		Hologres and GaussDB have under these names: for every period in
 *		which a user did the first thing, in which of the given intervals
 *		after it did the user do the second; and how many users that makes.
 *
 * All states and results are bigint[], so that a result of the first
 * aggregate can be stored and is what the second one takes:
 *
 *	count's state	the number of intervals and the granularity, the intervals,
 *					and an element for each period with a row: its number times
 *					4, plus what was done in it (1: first, 2: active); sorted
 *	count's result	an element for each period of a first: the day it starts on
 *					(since 2000-01-01) times 2^16, plus a bit for each interval
 *	sum's state		17 elements for each such day: the day, the users, and the
 *					users who came back after each interval; sorted
 *
 * Anybody may call these functions with any array, so each checks the shape.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/datetime.h"

#include "base/base.h"

PG_FUNCTION_INFO_V1(affinity_retention_range_count_accum);
PG_FUNCTION_INFO_V1(affinity_retention_range_count_combine);
PG_FUNCTION_INFO_V1(affinity_retention_range_count_final);
PG_FUNCTION_INFO_V1(affinity_retention_range_sum_accum);
PG_FUNCTION_INFO_V1(affinity_retention_range_sum_combine);
PG_FUNCTION_INFO_V1(affinity_retention_range_sum_final);

#define MAX_INTERVALS 15
#define MAX_INTERVAL 1000000
#define SUM_WIDTH (2 + MAX_INTERVALS)
#define DAY_SHIFT 16

#define DID_FIRST 1
#define DID_ACTIVE 2

/* 2000-01-03 was a Monday. */
#define FIRST_MONDAY 2

typedef enum Granularity
{
	BY_DAY,
	BY_WEEK,
	BY_MONTH
} Granularity;

/* An array of bigint and where its elements are. */
typedef struct Numbers
{
	ArrayType  *array;
	int64	   *value;
	int			n;
} Numbers;

static ArrayType *
new_array(int n)
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

static void
wrong_array(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("this array is no state or result of range_retention_count "
					"or range_retention_sum"),
			 errhint("Pass what affinity.range_retention_count returned, unchanged.")));
}

static Numbers
read_numbers(ArrayType *array)
{
	Numbers		numbers;

	if (ARR_NDIM(array) > 1 || ARR_ELEMTYPE(array) != INT8OID ||
		ARR_HASNULL(array))
		wrong_array();
	numbers.array = array;
	numbers.value = (int64 *) ARR_DATA_PTR(array);
	numbers.n = ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array));
	return numbers;
}

/*
 * An argument that may be changed where the aggregate allows that, else
 * copied.
 */
static Numbers
state_arg(FunctionCallInfo fcinfo)
{
	return read_numbers(AggCheckCallContext(fcinfo, NULL) ?
						PG_GETARG_ARRAYTYPE_P(0) :
						PG_GETARG_ARRAYTYPE_P_COPY(0));
}

/* Room for `n` more elements before number `at`. */
static void
make_room(Numbers *numbers, int at, int n)
{
	ArrayType  *larger;
	int64	   *value;

	if ((Size) (numbers->n + n) > (MaxAllocSize - 64) / sizeof(int64))
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("too many periods")));
	larger = new_array(numbers->n + n);
	value = (int64 *) ARR_DATA_PTR(larger);
	memcpy(value, numbers->value, sizeof(int64) * (Size) at);
	memcpy(value + at + n, numbers->value + at,
		   sizeof(int64) * (Size) (numbers->n - at));
	numbers->array = larger;
	numbers->value = value;
	numbers->n += n;
}

/* ---- count ------------------------------------------------------------ */

/* How many elements stand before the periods. */
static int
count_head(const Numbers *state)
{
	int64		head = state->n > 0 ? state->value[0] : 0;

	if ((head & 0xff) < 1 || (head & 0xff) > MAX_INTERVALS ||
		(head >> 8) < BY_DAY || (head >> 8) > BY_MONTH ||
		state->n < 1 + (head & 0xff))
		wrong_array();
	for (int i = 1; i <= (head & 0xff); i++)
		if (state->value[i] < 0 || state->value[i] > MAX_INTERVAL)
			wrong_array();
	return 1 + (int) (head & 0xff);
}

/* Where a period is among value[from .. n - 1], or where it would be. */
static int
find_period(const Numbers *state, int from, int64 period)
{
	int			to = state->n;

	while (from < to)
	{
		int			middle = from + (to - from) / 2;

		if (state->value[middle] >> 2 < period)
			from = middle + 1;
		else
			to = middle;
	}
	return from;
}

static void
note(Numbers *state, int64 period, int64 did)
{
	int			at = find_period(state, count_head(state), period);

	if (at == state->n || state->value[at] >> 2 != period)
	{
		make_room(state, at, 1);
		state->value[at] = period * 4;
	}
	state->value[at] |= did;
}

static Granularity
read_granularity(FunctionCallInfo fcinfo, int arg)
{
	char	   *word;

	if (PG_ARGISNULL(arg))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("retention_granularity must not be null"),
				 errhint("It is day, week or month.")));
	word = text_to_cstring(PG_GETARG_TEXT_PP(arg));
	if (pg_strcasecmp(word, "day") == 0)
		return BY_DAY;
	if (pg_strcasecmp(word, "week") == 0)
		return BY_WEEK;
	if (pg_strcasecmp(word, "month") == 0)
		return BY_MONTH;
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("unknown retention_granularity \"%s\"", word),
			 errhint("It is day, week or month.")));
	return BY_DAY;				/* not reached */
}

/*
 * The state of a group without rows, from the arguments that all rows share.
 */
static ArrayType *
count_start(FunctionCallInfo fcinfo, int arg, Granularity granularity)
{
	ArrayType  *given;
	ArrayType  *state;
	const int32 *interval;
	int64	   *value;
	int			n;

	if (PG_ARGISNULL(arg))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("retention_interval must not be null"),
				 errhint("For example ARRAY[1, 7, 30].")));
	given = PG_GETARG_ARRAYTYPE_P(arg);
	n = ArrayGetNItems(ARR_NDIM(given), ARR_DIMS(given));
	if (n < 1 || n > MAX_INTERVALS || ARR_HASNULL(given))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("retention_interval must have 1 to %d elements, none of "
						"them NULL", MAX_INTERVALS),
				 errhint("For example ARRAY[1, 7, 30].")));
	interval = (const int32 *) ARR_DATA_PTR(given);
	state = new_array(1 + n);
	value = (int64 *) ARR_DATA_PTR(state);
	value[0] = (int64) granularity << 8 | n;
	for (int i = 0; i < n; i++)
	{
		if (interval[i] < 0 || interval[i] > MAX_INTERVAL)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("a retention interval of %d is not between 0 and %d",
							interval[i], MAX_INTERVAL),
					 errhint("Intervals count periods after the first one.")));
		value[1 + i] = interval[i];
	}
	return state;
}

static int64
period_of(DateADT day, Granularity granularity)
{
	int			year;
	int			month;
	int			of_month;

	if (DATE_NOT_FINITE(day))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the date of an event must be finite"),
				 errhint("Leave such rows out: FILTER (WHERE isfinite(dt)).")));
	switch (granularity)
	{
		case BY_WEEK:
			return ((int64) day - FIRST_MONDAY -
					((((int64) day - FIRST_MONDAY) % 7 + 7) % 7)) / 7;
		case BY_MONTH:
			j2date(day + POSTGRES_EPOCH_JDATE, &year, &month, &of_month);
			return (int64) year * 12 + month - 1;
		default:
			return day;
	}
}

/* The first day of a period; checked, as a state may say anything. */
static int64
day_of(int64 period, Granularity granularity)
{
	if (period < PG_INT32_MIN / 7 || period > PG_INT32_MAX / 7)
		if (granularity != BY_DAY || period < PG_INT32_MIN ||
			period > PG_INT32_MAX)
			wrong_array();
	switch (granularity)
	{
		case BY_WEEK:
			return period * 7 + FIRST_MONDAY;
		case BY_MONTH:
			if (period / 12 < -4712 || period / 12 > 5874896)
				wrong_array();
			return (int64) date2j((int) ((period - (period % 12 + 12) % 12) /
										 12), (int) ((period % 12 + 12) % 12) +
								  1, 1) - POSTGRES_EPOCH_JDATE;
		default:
			return period;
	}
}

/*
 * (state, is_first, is_active, dt, retention_interval, retention_granularity
 * [, output_format])
 */
Datum
affinity_retention_range_count_accum(PG_FUNCTION_ARGS)
{
	Granularity granularity = read_granularity(fcinfo, 5);
	ArrayType  *start = count_start(fcinfo, 4, granularity);
	Numbers		state;
	int64		did = 0;

	if (PG_NARGS() > 6 && !PG_ARGISNULL(6))
	{
		char	   *format = text_to_cstring(PG_GETARG_TEXT_PP(6));

		if (pg_strcasecmp(format, "normal") != 0)
			ereport(ERROR,
					(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
					 errmsg("output_format \"%s\" is not supported", format),
					 errhint("It is normal. For every period between, call "
							 "affinity.retention of an affinity.activity_agg.")));
		pfree(format);
	}
	state = PG_ARGISNULL(0) ? read_numbers(start) : state_arg(fcinfo);
	if (state.n < count_head(&state) ||
		state.value[0] != ((int64 *) ARR_DATA_PTR(start))[0] ||
		memcmp(state.value, ARR_DATA_PTR(start),
			   sizeof(int64) * (Size) count_head(&state)) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("retention_interval and retention_granularity must be "
						"the same for all rows of a group"),
				 errhint("Pass constants.")));
	if (!PG_ARGISNULL(1) && PG_GETARG_BOOL(1))
		did |= DID_FIRST;
	if (!PG_ARGISNULL(2) && PG_GETARG_BOOL(2))
		did |= DID_ACTIVE;
	if (did != 0 && !PG_ARGISNULL(3))
		note(&state, period_of(PG_GETARG_DATEADT(3), granularity), did);
	if (state.array != start)
		pfree(start);
	PG_RETURN_ARRAYTYPE_P(state.array);
}

/* strict */
Datum
affinity_retention_range_count_combine(PG_FUNCTION_ARGS)
{
	Numbers		a = state_arg(fcinfo);
	Numbers		b = read_numbers(PG_GETARG_ARRAYTYPE_P(1));
	int			head = count_head(&a);

	if (count_head(&b) != head ||
		memcmp(a.value, b.value, sizeof(int64) * (Size) head) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("retention_interval and retention_granularity must be "
						"the same for all rows of a group"),
				 errhint("Pass constants.")));
	for (int i = head; i < b.n; i++)
		note(&a, b.value[i] >> 2, b.value[i] & 3);
	PG_RETURN_ARRAYTYPE_P(a.array);
}

/* strict */
Datum
affinity_retention_range_count_final(PG_FUNCTION_ARGS)
{
	Numbers		state = read_numbers(PG_GETARG_ARRAYTYPE_P(0));
	int			head = count_head(&state);
	Granularity granularity = (Granularity) (state.value[0] >> 8);
	ArrayType  *result;
	int64	   *value;
	int			n = 0;

	for (int i = head; i < state.n; i++)
		n += (state.value[i] & DID_FIRST) != 0;
	if (n == 0)
		PG_RETURN_ARRAYTYPE_P(construct_empty_array(INT8OID));
	result = new_array(n);
	value = (int64 *) ARR_DATA_PTR(result);
	for (int i = head; i < state.n; i++)
	{
		int64		period = state.value[i] >> 2;
		int64		after = 0;

		if ((state.value[i] & DID_FIRST) == 0)
			continue;
		for (int k = 1; k < head; k++)
		{
			int64		wanted = period + state.value[k];
			int			at = find_period(&state, head, wanted);

			if (at < state.n && state.value[at] >> 2 == wanted &&
				(state.value[at] & DID_ACTIVE) != 0)
				after |= INT64CONST(1) << (k - 1);
		}
		*value++ = day_of(period, granularity) * (1 << DAY_SHIFT) + after;
	}
	PG_RETURN_ARRAYTYPE_P(result);
}

/* ---- sum -------------------------------------------------------------- */

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
		make_room(state, from, SUM_WIDTH);
		state->value[from] = day;
	}
	return state->value + from;
}

static Numbers
sum_arg(FunctionCallInfo fcinfo)
{
	Numbers		state;

	if (PG_ARGISNULL(0))
		return read_numbers(new_array(0));
	state = state_arg(fcinfo);
	if (state.n % SUM_WIDTH != 0)
		wrong_array();
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
	user = read_numbers(PG_GETARG_ARRAYTYPE_P(1));
	for (int i = 0; i < user.n; i++)
	{
		int64		day = user.value[i] >> DAY_SHIFT;
		int64	   *sums;

		if (!IS_VALID_DATE(day) || day != (int32) day)
			wrong_array();
		sums = sums_of(&state, day);
		sums[1]++;
		for (int k = 0; k < MAX_INTERVALS; k++)
			sums[2 + k] += user.value[i] >> k & 1;
		if (i % 65536 == 0)
			CHECK_FOR_INTERRUPTS();
	}
	PG_RETURN_ARRAYTYPE_P(state.array);
}

/* strict */
Datum
affinity_retention_range_sum_combine(PG_FUNCTION_ARGS)
{
	Numbers		a = sum_arg(fcinfo);
	Numbers		b = read_numbers(PG_GETARG_ARRAYTYPE_P(1));

	if (b.n % SUM_WIDTH != 0)
		wrong_array();
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

		if (!IS_VALID_DATE(sums[0]) || sums[0] != (int32) sums[0])
			wrong_array();
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
