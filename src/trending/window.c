/*
 * window.c
 *		The aggregate velocity: rows in the latest window of time against those
 *		in windows of the same length before it.
 *
 * If rows come at random at one rate (Poisson), then of the rows in all
 * windows those in the latest one are binomial: the test of Przyborowski and
 * Wilenski (Biometrika 31, 1940), two-sided as R's poisson.test.
 */
#include "postgres.h"

#include <math.h>

#include "access/htup_details.h"
#include "fmgr.h"
#include "funcapi.h"
#include "utils/array.h"
#include "utils/timestamp.h"

#include "base/kept.h"
#include "base/state.h"
#include "calendar/calendar.h"
#include "trending/rate.h"
#include "trending/trending.h"

PG_FUNCTION_INFO_V1(affinity_trending_velocity_accum);
PG_FUNCTION_INFO_V1(affinity_trending_velocity_combine);
PG_FUNCTION_INFO_V1(affinity_trending_velocity_final);
PG_FUNCTION_INFO_V1(affinity_trending_velocity_of);

#define VELOCITY_AGGREGATES "Call affinity.velocity."
#define AT_ARG 1
#define WINDOW_ARG 2
#define AS_OF_ARG 3
#define PREVIOUS_ARG 4
#define PREVIOUS_DEFAULT 7
#define PREVIOUS_MAX 1000
#define ROWS_MAX (INT64CONST(1) << 50)

/* The transition value, a bytea. */
typedef struct Windows
{
	int32		vl_len_;		/* varlena header */
	uint32		magic;			/* WINDOWS_MAGIC */
	int64		window;			/* us */
	int64		as_of;
	int64		rows;			/* counted or not */
	int64		n;				/* windows, 2 to PREVIOUS_MAX + 1 */
	int64		counts[FLEXIBLE_ARRAY_MEMBER];	/* the latest first */
} Windows;

#define WINDOWS_MAGIC 0x41465657
#define WINDOWS_SIZE(n) (offsetof(Windows, counts) + (n) * sizeof(int64))

/* What a call site learned, and what its arguments said last. */
typedef struct VelocityCall
{
	Oid			time_type;
	Interval	span;
	Moment		moment;
	bool		known;			/* the following are of these */
	int64		window;
	int64		as_of;
	pg_tz	   *zone;			/* the session's */
} VelocityCall;

/*
 * An interval's length in us, which must be above 0. A day has 24 hours;
 * months have no length.
 */
int64
affinity_trending_span(const Interval *span, const char *name)
{
	double		us = affinity_base_interval_length(span);

	if (isinf(us))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s must be finite", name)));
	if (span->month != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s must not have months or years, whose lengths differ",
						name),
				 errhint("Write days: '30 days', '365 days'.")));
	if (us <= 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s must be more than 0, but is %g seconds", name,
						us / USECS_PER_SEC),
				 errhint("Write a length of time: '7 days', '1 hour'.")));
	if (us > (double) (INT64CONST(1) << 62))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s is too long: %g days", name,
						us / USECS_PER_DAY)));
	return span->time + span->day * USECS_PER_DAY;
}

/* ---- aggregate ---------------------------------------------------------- */

/* A call that is kept from one query to others: is it in the same zone? */
static bool
same_session(FunctionCallInfo fcinfo, const void *kept)
{
	(void) fcinfo;
	return ((const VelocityCall *) kept)->zone == session_timezone;
}

static VelocityCall *
velocity_call(FunctionCallInfo fcinfo)
{
	VelocityCall *call;
	const Interval *span;
	const Moment *moment;

	call = affinity_base_resume(fcinfo, same_session);
	if (call == NULL)
	{
		affinity_base_check_aggregate(fcinfo, VELOCITY_AGGREGATES);
		call = MemoryContextAllocZero(fcinfo->flinfo->fn_mcxt,
									  sizeof(VelocityCall));
		call->time_type = affinity_base_arg_type(fcinfo, AT_ARG);
		call->zone = session_timezone;
		affinity_base_keep(fcinfo, call);
	}
	affinity_base_check_not_null(fcinfo, WINDOW_ARG, "window");
	affinity_base_check_not_null(fcinfo, AS_OF_ARG, "as_of");
	span = PG_GETARG_INTERVAL_P(WINDOW_ARG);
	moment = (const Moment *) PG_GETARG_POINTER(AS_OF_ARG);
	if (call->known && span->time == call->span.time &&
		span->day == call->span.day && span->month == call->span.month &&
		moment->at == call->moment.at && moment->kind == call->moment.kind)
		return call;
	call->known = false;
	call->window = affinity_trending_span(span, "window");
	call->as_of =
		affinity_calendar_session_moment(moment,
										 call->time_type == TIMESTAMPTZOID);
	if (TIMESTAMP_NOT_FINITE(call->as_of))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("as_of must be finite"),
				 errhint("Give the time at which the latest window ends, such as now().")));
	call->span = *span;
	call->moment = *moment;
	call->known = true;
	return call;
}

static int64
previous_arg(FunctionCallInfo fcinfo)
{
	int64		previous;

	if (PG_NARGS() <= PREVIOUS_ARG)
		return PREVIOUS_DEFAULT;
	affinity_base_check_not_null(fcinfo, PREVIOUS_ARG, "previous");
	previous = PG_GETARG_INT64(PREVIOUS_ARG);
	if (previous < 1 || previous > PREVIOUS_MAX)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("previous must be from 1 to %d, but is %lld",
						PREVIOUS_MAX, (long long) previous),
				 errhint("It is how many windows before the latest one to compare with.")));
	return previous;
}

static void
invalid_state(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
			 errmsg("invalid state of velocity")));
}

/* A transition value; in somebody else's aggregate it may be anything. */
static Windows *
windows_of(Datum value)
{
	Windows    *state = affinity_base_aligned(value);
	bool		sound = VARSIZE(state) >= WINDOWS_SIZE(2);
	int64		rows = 0;

	sound = sound && state->magic == WINDOWS_MAGIC && state->n >= 2 &&
		state->n <= PREVIOUS_MAX + 1 &&
		VARSIZE(state) == WINDOWS_SIZE(state->n) &&
		state->rows >= 0 && state->rows <= ROWS_MAX;
	for (int64 i = 0; sound && i < state->n; i++)
	{
		sound = state->counts[i] >= 0 && state->counts[i] <= state->rows;
		rows += sound ? state->counts[i] : 0;
	}
	if (!sound || rows > state->rows)
		invalid_state();
	return state;
}

static void
check_same(const Windows *state, int64 window, int64 as_of, int64 n)
{
	if (state->window != window || state->as_of != as_of || state->n != n)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("window, as_of and previous must be the same in all rows of a group"),
				 errhint("Pass constants, or GROUP BY what they are made of.")));
}

static void
count_rows(Windows *state, int64 rows)
{
	if (state->rows > ROWS_MAX - rows)
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("velocity is of too many rows")));
	state->rows += rows;
}

/* (state, at, window, as_of [, previous]) */
Datum
affinity_trending_velocity_accum(PG_FUNCTION_ARGS)
{
	VelocityCall *call = velocity_call(fcinfo);
	int64		n = previous_arg(fcinfo) + 1;
	Windows    *state = NULL;
	Timestamp	at;

	if (!PG_ARGISNULL(0))
	{
		/* checked when it came from elsewhere; ours between its rows */
		state = (Windows *) PG_DETOAST_DATUM(PG_GETARG_DATUM(0));
		if (VARSIZE(state) < WINDOWS_SIZE(2) ||
			VARSIZE(state) != WINDOWS_SIZE(n) ||
			state->magic != WINDOWS_MAGIC || state->n != n)
			state = windows_of(PG_GETARG_DATUM(0));
		check_same(state, call->window, call->as_of, n);
	}
	if (PG_ARGISNULL(AT_ARG))
	{
		if (state == NULL)
			PG_RETURN_NULL();
		PG_RETURN_POINTER(state);
	}
	at = call->time_type == DATEOID ?
		affinity_calendar_midnight(PG_GETARG_DATEADT(AT_ARG))
		: PG_GETARG_TIMESTAMP(AT_ARG);
	if (TIMESTAMP_NOT_FINITE(at))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("infinite time"),
				 errhint("Leave such rows out: FILTER (WHERE isfinite(at)).")));
	if (state == NULL)
	{
		state = palloc0(WINDOWS_SIZE(n));
		SET_VARSIZE(state, WINDOWS_SIZE(n));
		state->magic = WINDOWS_MAGIC;
		state->window = call->window;
		state->as_of = call->as_of;
		state->n = n;
	}
	count_rows(state, 1);
	if (at < call->as_of)
	{
		uint64		which = ((uint64) call->as_of - (uint64) at - 1) /
			(uint64) call->window;

		if (which < (uint64) n)
		{
			if (state->counts[which] < 0 ||
				state->counts[which] >= state->rows)
				invalid_state();
			state->counts[which]++;
		}
	}
	PG_RETURN_POINTER(state);
}

/* strict */
Datum
affinity_trending_velocity_combine(PG_FUNCTION_ARGS)
{
	Windows    *a;
	Windows    *b;

	affinity_base_check_aggregate(fcinfo, VELOCITY_AGGREGATES);
	a = windows_of(PG_GETARG_DATUM(0));
	b = windows_of(PG_GETARG_DATUM(1));
	check_same(a, b->window, b->as_of, b->n);
	count_rows(a, b->rows);
	for (int64 i = 0; i < a->n; i++)
		a->counts[i] += b->counts[i];
	PG_RETURN_POINTER(a);
}

/* ---- results ------------------------------------------------------------ */

/* The composite of a count and those of the windows before it. */
static Datum
velocity_of(FunctionCallInfo fcinfo, int64 current, const int64 *previous,
			int64 n)
{
	TupleDesc	desc;
	Datum		values[7];
	bool		nulls[7] = {false};
	int64		before = 0;
	int128		squares = 0;
	double		expected;
	double		rows;

	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	for (int64 i = 0; i < n; i++)
	{
		before += previous[i];
		squares += (int128) previous[i] * previous[i];
	}
	expected = (double) before / (double) n;
	rows = (double) current + (double) before;
	values[0] = Int64GetDatum(current);
	values[1] = Int64GetDatum(before);
	values[2] = Float8GetDatum(expected);
	values[3] = Float8GetDatum((double) current / expected);
	values[4] = Float8GetDatum((double) ((int128) n * current - before) /
							   sqrt((double) n * rows));
	values[5] = Float8GetDatum(affinity_trending_rate_p(current, before, n));
	values[6] = Float8GetDatum((double) (n * squares -
										 (int128) before * before) /
							   ((double) before * (double) (n - 1)));
	nulls[3] = before == 0;
	nulls[4] = nulls[5] = rows == 0;
	nulls[6] = before == 0 || n < 2;
	return HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), values,
											 nulls));
}

/* strict */
Datum
affinity_trending_velocity_final(PG_FUNCTION_ARGS)
{
	Windows    *state;

	affinity_base_check_aggregate(fcinfo, VELOCITY_AGGREGATES);
	state = windows_of(PG_GETARG_DATUM(0));
	PG_RETURN_DATUM(velocity_of(fcinfo, state->counts[0], state->counts + 1,
								state->n - 1));
}

static void
check_count(int64 count, int64 rows)
{
	if (count < 0 || count > ROWS_MAX - rows)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("counts must not be negative, nor more than %lld together, but one is %lld",
						(long long) ROWS_MAX, (long long) count)));
}

/* velocity_of(current, previous), strict */
Datum
affinity_trending_velocity_of(PG_FUNCTION_ARGS)
{
	int64		current = PG_GETARG_INT64(0);
	ArrayType  *array = PG_GETARG_ARRAYTYPE_P(1);
	int			n = ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array));
	int64		rows;

	if (ARR_NDIM(array) > 1 || n < 1 || n > PREVIOUS_MAX ||
		array_contains_nulls(array))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("previous must have from 1 to %d counts, none of them null",
						PREVIOUS_MAX),
				 errhint("Pass a count for each of the windows before, 0 where there was nothing.")));
	check_count(current, 0);
	rows = current;
	for (int i = 0; i < n; i++)
	{
		check_count(((const int64 *) ARR_DATA_PTR(array))[i], rows);
		rows += ((const int64 *) ARR_DATA_PTR(array))[i];
	}
	PG_RETURN_DATUM(velocity_of(fcinfo, current,
								(const int64 *) ARR_DATA_PTR(array), n));
}
