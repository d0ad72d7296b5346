/*
 * range_count.c
 *		range_retention_count: after which intervals a user came back. See
 *		range.h.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/datetime.h"

#include "base/call.h"
#include "calendar/calendar.h"
#include "retention/range.h"

PG_FUNCTION_INFO_V1(affinity_retention_range_count_accum);
PG_FUNCTION_INFO_V1(affinity_retention_range_count_combine);
PG_FUNCTION_INFO_V1(affinity_retention_range_count_final);

#define MAX_INTERVAL 1000000

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

/* How many elements stand before the periods. */
static int
count_head(const Numbers *state)
{
	int64		head = state->n > 0 ? state->value[0] : 0;

	if ((head & 0xff) < 1 || (head & 0xff) > MAX_INTERVALS ||
		(head >> 8) < BY_DAY || (head >> 8) > BY_MONTH ||
		state->n < 1 + (head & 0xff))
		affinity_retention_array_wrong();
	for (int i = 1; i <= (head & 0xff); i++)
		if (state->value[i] < 0 || state->value[i] > MAX_INTERVAL)
			affinity_retention_array_wrong();
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
		affinity_retention_array_room(state, at, 1);
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
	if (affinity_calendar_is_unit("day", word, strlen(word)))
		return BY_DAY;
	if (affinity_calendar_is_unit("week", word, strlen(word)))
		return BY_WEEK;
	if (affinity_calendar_is_unit("month", word, strlen(word)))
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
	const int64 *interval;
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
	interval = (const int64 *) ARR_DATA_PTR(given);
	state = affinity_retention_array_new(1 + n);
	value = (int64 *) ARR_DATA_PTR(state);
	value[0] = (int64) granularity << 8 | n;
	for (int i = 0; i < n; i++)
	{
		if (interval[i] < 0 || interval[i] > MAX_INTERVAL)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("a retention interval of %lld is not between 0 and %d",
							(long long) interval[i], MAX_INTERVAL),
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

/* The day of a row: of a time, the local one, in the session's zone. */
static DateADT
day_arg(FunctionCallInfo fcinfo, int arg)
{
	switch (affinity_base_given_type(fcinfo, arg))
	{
		case TIMESTAMPOID:
			return DatumGetDateADT(DirectFunctionCall1(timestamp_date,
													   PG_GETARG_DATUM(arg)));
		case TIMESTAMPTZOID:
			return DatumGetDateADT(DirectFunctionCall1(timestamptz_date,
													   PG_GETARG_DATUM(arg)));
		default:
			return PG_GETARG_DATEADT(arg);
	}
}

/* The first day of a period; checked, as a state may say anything. */
static int64
day_of(int64 period, Granularity granularity)
{
	if (period < PG_INT32_MIN / 7 || period > PG_INT32_MAX / 7)
		if (granularity != BY_DAY || period < PG_INT32_MIN ||
			period > PG_INT32_MAX)
			affinity_retention_array_wrong();
	switch (granularity)
	{
		case BY_WEEK:
			return period * 7 + FIRST_MONDAY;
		case BY_MONTH:
			if (period / 12 < -4712 || period / 12 > 5874896)
				affinity_retention_array_wrong();
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
	state = PG_ARGISNULL(0) ? affinity_retention_array_read(start)
		: affinity_retention_array_state(fcinfo);
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
		note(&state, period_of(day_arg(fcinfo, 3), granularity), did);
	if (state.array != start)
		pfree(start);
	PG_RETURN_ARRAYTYPE_P(state.array);
}

/* strict */
Datum
affinity_retention_range_count_combine(PG_FUNCTION_ARGS)
{
	Numbers		a = affinity_retention_array_state(fcinfo);
	Numbers		b = affinity_retention_array_read(PG_GETARG_ARRAYTYPE_P(1));
	int			head = count_head(&a);

	if (count_head(&b) != head ||
		memcmp(a.value, b.value, sizeof(int64) * (Size) head) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("retention_interval and retention_granularity must be "
						"the same for all rows of a group"),
				 errhint("Pass constants.")));
	for (int i = head; i < b.n; i++)
	{
		/* each may move all that follow */
		CHECK_FOR_INTERRUPTS();
		note(&a, b.value[i] >> 2, b.value[i] & 3);
	}
	PG_RETURN_ARRAYTYPE_P(a.array);
}

/* strict */
Datum
affinity_retention_range_count_final(PG_FUNCTION_ARGS)
{
	ArrayType  *array = PG_GETARG_ARRAYTYPE_P(0);
	Numbers		state = affinity_retention_array_read(array);
	int			head = count_head(&state);
	Granularity granularity = (Granularity) (state.value[0] >> 8);
	ArrayType  *result;
	int64	   *value;
	int			n = 0;

	for (int i = head; i < state.n; i++)
		n += (state.value[i] & DID_FIRST) != 0;
	if (n == 0)
		PG_RETURN_ARRAYTYPE_P(construct_empty_array(INT8OID));
	result = affinity_retention_array_new(n);
	value = (int64 *) ARR_DATA_PTR(result);
	for (int i = head; i < state.n; i++)
	{
		int64		period = state.value[i] >> 2;
		int64		after = 0;

		if (i % 1024 == 0)
			CHECK_FOR_INTERRUPTS();
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
