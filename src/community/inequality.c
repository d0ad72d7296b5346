/*
 * inequality.c
 *		Type inequality: how it grows, its form at rest, text and binary form,
 *		operators, and the aggregates that make it.
 */
#include "postgres.h"

#include <math.h>

#include "fmgr.h"
#include "miscadmin.h"
#include "utils/memutils.h"

#include "base/compare.h"
#include "base/form.h"
#include "base/number.h"
#include "base/state.h"
#include "community/inequality.h"
#include "eventlog/eventlog.h"

PG_FUNCTION_INFO_V1(affinity_community_inequality_accum);

#define INEQUALITY_AGGREGATES \
	"Call affinity.inequality_agg or affinity.rollup."
#define VALUE_ARG 1
#define SHARE_ARG 2
#define ENTRIES_AT_FIRST 4

static int
compare_entries(const InequalityEntry *a, const InequalityEntry *b)
{
	return a->value < b->value ? -1 : a->value > b->value;
}

#define ST_SORT sort_entries
#define ST_ELEMENT_TYPE InequalityEntry
#define ST_COMPARE(a, b) compare_entries(a, b)
#define ST_SCOPE static
#define ST_CHECK_FOR_INTERRUPTS
#define ST_DECLARE
#define ST_DEFINE
#include "lib/sort_template.h"

static uint32
room_of(const Inequality *state)
{
	return (uint32) ((VARSIZE(state) - INEQUALITY_HEADER) /
					 sizeof(InequalityEntry));
}

static Inequality *
new_state(Size room)
{
	Size		size = INEQUALITY_HEADER + room * sizeof(InequalityEntry);
	Inequality *state = palloc0(size);

	SET_VARSIZE(state, size);
	state->magic = INEQUALITY_MAGIC;
	state->version = INEQUALITY_VERSION;
	return state;
}

/*
 * A state of a size that can be, aligned. Those of the type were checked when
 * they came in.
 */
Inequality *
affinity_community_inequality_of(Datum value)
{
	Inequality *state = affinity_base_aligned(value);

	if (VARSIZE(state) < INEQUALITY_HEADER ||
		state->magic != INEQUALITY_MAGIC ||
		state->version != INEQUALITY_VERSION || state->n > room_of(state) ||
		state->n_sorted > state->n)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
				 errmsg("invalid inequality state")));
	return state;
}

static void
add_count(InequalityEntry *to, int64 count)
{
	if (to->count > INEQUALITY_ROWS_MAX - count)
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("an inequality state is of too many rows")));
	to->count += count;
}

/* Sort entries and make one of those that are alike; gives how many. */
static uint32
merge_entries(InequalityEntry *entries, uint32 n)
{
	uint32		kept = 0;

	sort_entries(entries, n);
	for (uint32 i = 1; i < n; i++)
	{
		affinity_base_look_up(i);
		if (entries[kept].value == entries[i].value)
			add_count(&entries[kept], entries[i].count);
		else
			entries[++kept] = entries[i];
	}
	return n > 0 ? kept + 1 : 0;
}

static Inequality *
make_room(Inequality *state)
{
	uint32		room = room_of(state);
	Size		used;
	Size		needed;

	if (state->n_sorted < state->n)
	{
		state->n = merge_entries(state->entries, state->n);
		state->n_sorted = state->n;
	}
	if (state->n < room && state->n <= room / 2)
		return state;
	used = INEQUALITY_HEADER + state->n * sizeof(InequalityEntry);
	needed = used + sizeof(InequalityEntry);
	if (needed > MaxAllocSize)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("the inequality state needs %zu bytes, but a value holds at most %zu",
						needed, (Size) MaxAllocSize),
				 errhint("Round the values, for example to whole units.")));
	return affinity_eventlog_enlarge(state, used, needed);
}

/* Add so many of a value; gives the state, or a larger one in its place. */
static Inequality *
add_value(Inequality *state, double value, int64 count)
{
	uint32		n = state->n;

	if (n > 0 && state->entries[n - 1].value == value)
	{
		add_count(&state->entries[n - 1], count);
		return state;
	}
	if (n == room_of(state))
	{
		state = make_room(state);
		n = state->n;
	}
	state->growing = 1;
	state->entries[n].value = value;
	state->entries[n].count = count;
	if (state->n_sorted == n &&
		(n == 0 || state->entries[n - 1].value < value))
		state->n_sorted++;
	state->n++;
	return state;
}

static const char *
check_entries(const InequalityEntry *entries, uint32 n)
{
	int64		total = 0;

	for (uint32 i = 0; i < n; i++)
	{
		const InequalityEntry *e = &entries[i];

		affinity_base_look_up(i);
		if (!(e->value >= 0) || isinf(e->value) || signbit(e->value))
			return "a value that is none";
		if (e->count <= 0 || e->count > INEQUALITY_ROWS_MAX - total)
			return "wrong counts";
		total += e->count;
		if (i > 0 && !(entries[i - 1].value < e->value))
			return "values out of order";
	}
	return NULL;
}

/* The form at rest. */
static Inequality *
final_of(const Inequality *state)
{
	Inequality *final = new_state(state->n);
	const char *problem;

	memcpy(final->entries, state->entries,
		   state->n * sizeof(InequalityEntry));
	final->n = state->n_sorted < state->n ?
		merge_entries(final->entries, state->n) : state->n;
	final->n_sorted = final->n;
	SET_VARSIZE(final, INEQUALITY_HEADER +
				final->n * sizeof(InequalityEntry));
	problem = check_entries(final->entries, final->n);
	if (problem != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("an inequality state is of too many rows")));
	return final;
}

/* An argument of type inequality, in its form at rest. */
Inequality *
affinity_community_inequality_arg(FunctionCallInfo fcinfo, int arg)
{
	Inequality *state = affinity_community_inequality_of(PG_GETARG_DATUM(arg));

	return state->growing || state->share != 0 ? final_of(state) : state;
}

/* ---- in and out --------------------------------------------------------- */

static void
reject(const char *problem)
{
	affinity_base_state_invalid("inequality state", "affinity.inequality_agg",
								problem);
}

static Datum
checked(Inequality *state, Size size)
{
	static const uint8 zeros[sizeof(state->unused)] = {0};
	const char *problem;

	if (size < INEQUALITY_HEADER)
		reject("too short");
	SET_VARSIZE(state, size);
	if (state->magic != INEQUALITY_MAGIC)
		reject("not one, or from a machine of another byte order");
	if (state->version != INEQUALITY_VERSION)
		reject("unknown version");
	if (state->growing || memcmp(state->unused, zeros, sizeof(zeros)) != 0 ||
		!(state->share >= 0 && state->share <= 1) ||
		signbit(state->share) || state->n == 0 ||
		state->n_sorted != state->n ||
		size != INEQUALITY_HEADER +
		(Size) state->n * sizeof(InequalityEntry))
		reject("wrong header");
	problem = check_entries(state->entries, state->n);
	if (problem != NULL)
		reject(problem);
	return PointerGetDatum(state);
}

/*
 * A state on its way: of an aggregate in the middle of its work, as a
 * distributed engine sends it, with what that is asked for.
 */
static Inequality *
sent_arg(FunctionCallInfo fcinfo, int arg)
{
	Inequality *state = affinity_community_inequality_of(PG_GETARG_DATUM(arg));
	Inequality *sent;

	if (!state->growing)
		return state;
	sent = final_of(state);
	sent->share = state->share;
	return sent;
}

/* inequality_in(cstring) and so on */
AFFINITY_STATE_FORMS(affinity_community_inequality, Inequality, sent_arg)

/* inequality_eq(inequality, inequality) and so on */
AFFINITY_BYTES_COMPARISONS(affinity_community_inequality, affinity_community_inequality_arg)

/* ---- aggregates --------------------------------------------------------- */

static double
value_arg(FunctionCallInfo fcinfo)
{
	double		value = affinity_base_finite(PG_GETARG_FLOAT8(VALUE_ARG),
											 "value");

	if (value < 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("a contribution must not be negative, but is %s",
						affinity_base_shortest(value)),
				 errhint("Shares of a whole have no meaning below 0. Count such rows as 0: greatest(value, 0), or leave them out with FILTER.")));
	return value + 0.0;			/* no -0 */
}

/* A share, from 0 to 1. */
double
affinity_community_share_arg(FunctionCallInfo fcinfo, int arg)
{
	double		share;

	affinity_base_check_not_null(fcinfo, arg, "p");
	share = PG_GETARG_FLOAT8(arg);
	if (!(share > 0 && share <= 1))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("p must be more than 0 and at most 1, but is %s",
						affinity_base_shortest(share)),
				 errhint("Pass 0.1 for the top 10 %%.")));
	return share;
}

/* inequality_accum(state, value [, p]) */
Datum
affinity_community_inequality_accum(PG_FUNCTION_ARGS)
{
	Inequality *state = NULL;
	double		share = 0;

	if (fcinfo->flinfo->fn_extra == NULL)
	{
		affinity_base_check_aggregate(fcinfo, INEQUALITY_AGGREGATES);
		fcinfo->flinfo->fn_extra = fcinfo->flinfo;
	}
	if (PG_NARGS() > SHARE_ARG)
		share = affinity_community_share_arg(fcinfo, SHARE_ARG);
	if (PG_ARGISNULL(VALUE_ARG))
	{
		if (PG_ARGISNULL(0))
			PG_RETURN_NULL();
		PG_RETURN_DATUM(PG_GETARG_DATUM(0));
	}
	if (PG_ARGISNULL(0))
	{
		state = new_state(ENTRIES_AT_FIRST);
		state->share = share;
	}
	else
		state = affinity_community_inequality_of(PG_GETARG_DATUM(0));
	if (state->share != share)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("p must be the same in all rows, but is %s and %s",
						affinity_base_shortest(state->share), affinity_base_shortest(share)),
				 errhint("Pass a constant. For several read one state: affinity.top_share(affinity.inequality_agg(value), p).")));
	PG_RETURN_POINTER(add_value(state, value_arg(fcinfo), 1));
}

/* What is in another state added to one, which may be changed. */
static Datum
merge_states(Datum state, Datum other)
{
	Inequality *a;
	Inequality *b;

	a = affinity_community_inequality_of(state);
	b = affinity_community_inequality_of(other);
	for (uint32 i = 0; i < b->n; i++)
	{
		affinity_base_look_up(i);
		a = add_value(a, b->entries[i].value, b->entries[i].count);
	}
	return PointerGetDatum(a);
}

/* A state in its form at rest. */
static Datum
at_rest(Datum state)
{
	return PointerGetDatum(final_of(affinity_community_inequality_of(state)));
}

AFFINITY_STATE_STEPS(affinity_community_inequality_combine, affinity_community_inequality_final, affinity_community_inequality_rollup, INEQUALITY_AGGREGATES)
