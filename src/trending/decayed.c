/*
 * decayed.c
 *		Type decayed: the aggregates decayed_count and rollup, what they say as
 *		of a time, text and binary form, operators.
 */
#include "postgres.h"

#include <math.h>

#include "fmgr.h"
#include "utils/fmgrprotos.h"
#include "utils/timestamp.h"

#include "base/compare.h"
#include "base/form.h"
#include "base/kept.h"
#include "base/number.h"
#include "calendar/calendar.h"
#include "trending/trending.h"

PG_FUNCTION_INFO_V1(affinity_trending_accum);
PG_FUNCTION_INFO_V1(affinity_trending_combine);
PG_FUNCTION_INFO_V1(affinity_trending_final);
PG_FUNCTION_INFO_V1(affinity_trending_rollup);
PG_FUNCTION_INFO_V1(affinity_trending_decayed_value);
PG_FUNCTION_INFO_V1(affinity_trending_decayed_rank);
PG_FUNCTION_INFO_V1(affinity_trending_decayed_last);

#define DECAYED_AGGREGATES \
	"Call affinity.decayed_count or affinity.rollup."
#define AT_ARG 1
#define HALF_LIFE_ARG 2
#define WEIGHT_ARG 3
#define WEIGHT_MAX 1e15

/* ---- in and out --------------------------------------------------------- */

static void
reject(const char *problem)
{
	affinity_base_state_invalid("decayed state", "affinity.decayed_count",
								problem);
}

static Datum
checked(Decayed *state, Size size)
{
	const char *problem;

	if (size < DECAYED_HEADER)
		reject("too short");
	SET_VARSIZE(state, size);
	if (state->magic != DECAYED_MAGIC)
		reject("not one, or from a machine of another byte order");
	if (state->version != DECAYED_VERSION)
		reject("unknown version");
	problem = affinity_trending_state_check(state);
	if (problem != NULL)
		reject(problem);
	return PointerGetDatum(state);
}

/* decayed_in(cstring) and so on */
AFFINITY_STATE_FORMS(affinity_trending, Decayed, affinity_trending_arg)

/* ---- operators ---------------------------------------------------------- */

/* decayed_eq(decayed, decayed) and so on */
AFFINITY_BYTES_COMPARISONS(affinity_trending, affinity_trending_arg)

/* ---- aggregates --------------------------------------------------------- */

/* What a call site learned, and the half-life of the last row. */
typedef struct DecayedCall
{
	Oid			time_type;
	Interval	half_life;
	DecayClock	clock;			/* of it; half_life 0: none yet */
} DecayedCall;

static DecayedCall *
new_call(FunctionCallInfo fcinfo)
{
	DecayedCall *call;

	affinity_base_check_aggregate(fcinfo, DECAYED_AGGREGATES);
	call = MemoryContextAllocZero(fcinfo->flinfo->fn_mcxt,
								  sizeof(DecayedCall));
	call->time_type = affinity_base_arg_type(fcinfo, AT_ARG);
	affinity_base_keep(fcinfo, call);
	return call;
}

static void
learn_half_life(DecayedCall *call, const Interval *half_life)
{
	int64		us = affinity_trending_span(half_life, "half_life");

	if (us > DECAYED_HALF_LIFE_MAX)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("half_life is too long: %g days",
						(double) us / USECS_PER_DAY),
				 errhint("Half-lives reach to 70,000 years. Without a decay count(*) or sum(weight) is the answer.")));
	affinity_trending_clock_init(&call->clock, us);
	call->half_life = *half_life;
}

static int64
row_time(FunctionCallInfo fcinfo, const DecayedCall *call)
{
	Timestamp	at = call->time_type == DATEOID ?
		affinity_calendar_midnight(PG_GETARG_DATEADT(AT_ARG))
		: PG_GETARG_TIMESTAMP(AT_ARG);

	if (TIMESTAMP_NOT_FINITE(at))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("infinite time"),
				 errhint("Leave such rows out: FILTER (WHERE isfinite(at)).")));
	return at;
}

static DecayWeight
row_weight(FunctionCallInfo fcinfo)
{
	return affinity_trending_weight(affinity_base_within(PG_GETARG_FLOAT8(WEIGHT_ARG),
														 WEIGHT_MAX, "weight",
														 "Weights reach from -1e15 to 1e15. " AFFINITY_LARGER_UNIT "."));
}

static void
check_row(const Decayed *state, const DecayedCall *call)
{
	if (state->half_life != call->clock.half_life)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("half_life is not the same in all rows: %g and %g seconds",
						(double) state->half_life / USECS_PER_SEC,
						(double) call->clock.half_life / USECS_PER_SEC),
				 errhint("Pass a constant, or GROUP BY the half-life.")));
	if (state->rows >= DECAYED_ROWS_MAX)
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("a decayed state is of too many rows")));
}

/* Add a row to a growing state; it may become another one. */
static Decayed *
add_row(Decayed *state, DecayTime time, int64 at, const DecayWeight *weight)
{
	int64		block = affinity_trending_block(time.whole);
	uint64	   *sum = NULL;

	if (state->growing == DECAYED_FEW)
		sum = affinity_trending_few_sum(state, block);
	if (sum != NULL)
		affinity_trending_add(sum, DECAY_FEW_PARTS, time, weight);
	else
	{
		state = affinity_trending_state_full(state);
		affinity_trending_state_renew(state, block);
		if (state->block - block < DECAY_BLOCKS)
			affinity_trending_add(affinity_trending_sums(state)[state->block -
																block].parts,
								  DECAY_PARTS, time, weight);
	}
	state->rows++;
	state->last = Max(state->last, at);
	return state;
}

/* decayed_accum(state, at, half_life [, weight]) */
Datum
affinity_trending_accum(PG_FUNCTION_ARGS)
{
	DecayedCall *call;
	bool		weighted = PG_NARGS() > WEIGHT_ARG;
	DecayWeight weight;
	const Interval *half_life;
	Decayed    *state;
	DecayTime	time;
	int64		at;
	int64		block;

	call = affinity_base_resume(fcinfo, NULL);
	if (call == NULL)
		call = new_call(fcinfo);
	affinity_base_check_not_null(fcinfo, HALF_LIFE_ARG, "half_life");
	half_life = PG_GETARG_INTERVAL_P(HALF_LIFE_ARG);
	if (call->clock.half_life == 0 ||
		half_life->time != call->half_life.time ||
		half_life->day != call->half_life.day ||
		half_life->month != call->half_life.month)
		learn_half_life(call, half_life);
	if (PG_ARGISNULL(AT_ARG) || (weighted && PG_ARGISNULL(WEIGHT_ARG)))
	{
		if (PG_ARGISNULL(0))
			PG_RETURN_NULL();
		PG_RETURN_DATUM(PG_GETARG_DATUM(0));
	}
	at = row_time(fcinfo, call);
	if (weighted)
		weight = row_weight(fcinfo);
	time = affinity_trending_time(&call->clock, at);
	block = affinity_trending_block(time.whole);
	if (PG_ARGISNULL(0))
		state = affinity_trending_state_few(call->clock.half_life,
											call->time_type == TIMESTAMPTZOID,
											block, at);
	else
	{
		state = affinity_trending_state_of(PG_GETARG_DATUM(0));
		if (!state->growing)
			state = affinity_trending_state_grow(state);
		check_row(state, call);
	}
	PG_RETURN_POINTER(add_row(state, time, at, weighted ? &weight : NULL));
}

/* decayed_combine(decayed, decayed), strict */
Datum
affinity_trending_combine(PG_FUNCTION_ARGS)
{
	Decayed    *a;

	affinity_base_check_aggregate(fcinfo, DECAYED_AGGREGATES);
	a = affinity_trending_state_of(PG_GETARG_DATUM(0));
	a = a->growing ? affinity_trending_state_full(a) :
		affinity_trending_state_grow(a);
	PG_RETURN_POINTER(affinity_trending_state_merge(a,
													affinity_trending_state_of(PG_GETARG_DATUM(1))));
}

/* decayed_final(decayed), strict */
Datum
affinity_trending_final(PG_FUNCTION_ARGS)
{
	affinity_base_check_aggregate(fcinfo, DECAYED_AGGREGATES);
	PG_RETURN_POINTER(affinity_trending_arg(fcinfo, 0));
}

/* rollup(decayed, other): NULL is a state without rows */
Datum
affinity_trending_rollup(PG_FUNCTION_ARGS)
{
	Decayed    *a;

	if (PG_ARGISNULL(0) && PG_ARGISNULL(1))
		PG_RETURN_NULL();
	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		PG_RETURN_POINTER(affinity_trending_arg(fcinfo,
												PG_ARGISNULL(0) ? 1 : 0));
	a = affinity_trending_state_grow(affinity_trending_arg(fcinfo, 0));
	affinity_trending_state_merge(a, affinity_trending_arg(fcinfo, 1));
	PG_RETURN_POINTER(affinity_trending_state_final(a));
}

/* ---- reading ------------------------------------------------------------ */

static char *
time_text(const Decayed *state, Timestamp at)
{
	return DatumGetCString(DirectFunctionCall1(state->zoned ? timestamptz_out
											   : timestamp_out,
											   TimestampGetDatum(at)));
}

/* decayed_value(state, as_of), strict */
Datum
affinity_trending_decayed_value(PG_FUNCTION_ARGS)
{
	Decayed    *state = affinity_trending_arg(fcinfo, 0);
	const Moment *moment = (const Moment *) PG_GETARG_POINTER(1);
	Timestamp	at = affinity_calendar_session_moment(moment, state->zoned);
	DecayClock	clock;

	if (TIMESTAMP_NOT_FINITE(at))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("as_of must be finite"),
				 errhint("Give the time as of which the count is wanted, such as now().")));
	if (at < state->last)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("as_of %s is before the newest row of the state, %s",
						time_text(state, at), time_text(state, state->last)),
				 errhint("A state cannot leave rows out again: FILTER (WHERE at <= as_of) does as it is made. greatest(as_of, affinity.decayed_last(state)) is never too early.")));
	state = affinity_trending_state_grow(state);
	affinity_trending_clock_init(&clock, state->half_life);
	PG_RETURN_FLOAT8(affinity_trending_value(affinity_trending_sums(state),
											 state->block,
											 affinity_trending_time(&clock,
																	at)));
}

/* decayed_rank(state), strict */
Datum
affinity_trending_decayed_rank(PG_FUNCTION_ARGS)
{
	Decayed    *state = affinity_trending_arg(fcinfo, 0);

	state = affinity_trending_state_grow(state);
	PG_RETURN_FLOAT8(affinity_trending_rank(affinity_trending_sums(state),
											state->block));
}

/* decayed_last(state), strict */
Datum
affinity_trending_decayed_last(PG_FUNCTION_ARGS)
{
	Decayed    *state = affinity_trending_arg(fcinfo, 0);
	Moment		last = {state->last,
	state->zoned ? MOMENT_INSTANT : MOMENT_LOCAL};

	PG_RETURN_TIMESTAMPTZ(affinity_calendar_session_moment(&last, true));
}
