/*
 * state.c
 *		How a state of type uplift grows, its form at rest, the aggregates that
 *		make it, its text and binary form, and its operators.
 *
 * Rows are appended; when the room is used up, entries are sorted and those
 * that are alike become one, and the room doubles if more than half of it is
 * still in use.
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"
#include "utils/memutils.h"

#include "activity/activity.h"
#include "base/compare.h"
#include "base/form.h"
#include "base/kept.h"
#include "base/number.h"
#include "base/state.h"
#include "uplift/uplift.h"

PG_FUNCTION_INFO_V1(affinity_uplift_accum);

#define UPLIFT_AGGREGATES \
	"Call affinity.uplift_agg, affinity.qini, affinity.auuc or affinity.rollup."
#define UPLIFT_ROWS_MAX (INT64CONST(1) << 53)
#define ENTRIES_AT_FIRST 8

/* Of one score, control before treated: at most four for outcomes 0 and 1. */
static inline int
compare_entries(const UpliftEntry *a, const UpliftEntry *b)
{
	if (a->score != b->score)
		return a->score > b->score ? -1 : 1;
	if ((a->what & 1) != (b->what & 1))
		return (a->what & 1) < (b->what & 1) ? -1 : 1;
	if (a->outcome != b->outcome)
		return a->outcome < b->outcome ? -1 : 1;
	return 0;
}

#define ST_SORT sort_entries
#define ST_ELEMENT_TYPE UpliftEntry
#define ST_COMPARE(a, b) compare_entries(a, b)
#define ST_SCOPE static
#define ST_CHECK_FOR_INTERRUPTS
#define ST_DECLARE
#define ST_DEFINE
#include "lib/sort_template.h"

static Size
size_of(Size n)
{
	return UPLIFT_HEADER + n * sizeof(UpliftEntry);
}

static uint32
room_of(const UpliftState *state)
{
	return (uint32) ((VARSIZE(state) - UPLIFT_HEADER) / sizeof(UpliftEntry));
}

UpliftState *
affinity_uplift_new(void)
{
	UpliftState *state = palloc0(size_of(ENTRIES_AT_FIRST));

	SET_VARSIZE(state, size_of(ENTRIES_AT_FIRST));
	state->magic = UPLIFT_MAGIC;
	state->version = UPLIFT_VERSION;
	state->growing = 1;
	return state;
}

/* A state of a size that can be, aligned; input checked the rest. */
UpliftState *
affinity_uplift_of(Datum value)
{
	UpliftState *state = affinity_base_aligned(value);

	if (VARSIZE(state) < UPLIFT_HEADER || state->magic != UPLIFT_MAGIC ||
		state->version != UPLIFT_VERSION || state->n > room_of(state) ||
		state->n_sorted > state->n)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
				 errmsg("invalid uplift state")));
	return state;
}

static void
too_many_rows(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
			 errmsg("an uplift state is of too many rows")));
}

static void
add_rows(UpliftEntry *to, const UpliftEntry *from)
{
	if (UPLIFT_ROWS(to) + UPLIFT_ROWS(from) > UPLIFT_ROWS_MAX)
		too_many_rows();
	to->what += from->what & ~(uint64) 1;
}

/* Sort entries and make one of those that are alike; gives how many. */
static uint32
merge_entries(UpliftEntry *entries, uint32 n)
{
	uint32		kept = 0;

	sort_entries(entries, n);
	for (uint32 i = 1; i < n; i++)
	{
		affinity_base_look_up(i);
		if (compare_entries(&entries[kept], &entries[i]) == 0)
			add_rows(&entries[kept], &entries[i]);
		else
			entries[++kept] = entries[i];
	}
	return n > 0 ? kept + 1 : 0;
}

/* Room for one more entry, in the state or in a larger one. */
static UpliftState *
make_room(UpliftState *state)
{
	uint32		room = room_of(state);
	Size		size;
	UpliftState *larger;

	if (state->n_sorted < state->n)
	{
		state->n = merge_entries(state->entries, state->n);
		state->n_sorted = state->n;
	}
	if (state->n < room && state->n <= room / 2)
		return state;
	size = size_of(Max((Size) room, ENTRIES_AT_FIRST) * 2);
	if (size > MaxAllocSize)
	{
		/* the last step is as large as a value may be */
		size = size_of((MaxAllocSize - UPLIFT_HEADER) / sizeof(UpliftEntry));
		if (state->n >= (MaxAllocSize - UPLIFT_HEADER) / sizeof(UpliftEntry))
			ereport(ERROR,
					(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
					 errmsg("the uplift state has more than %u different rows",
							state->n),
					 errhint("Round the scores, for example to four digits.")));
	}
	larger = palloc(size);
	memcpy(larger, state, size_of(state->n));
	SET_VARSIZE(larger, size);
	larger->growing = 1;
	return larger;
}

/* Add an entry; gives the state, or a larger one in its place. */
UpliftState *
affinity_uplift_add(UpliftState *state, const UpliftEntry *entry)
{
	uint32		n = state->n;

	if (n > 0 && compare_entries(&state->entries[n - 1], entry) == 0)
	{
		add_rows(&state->entries[n - 1], entry);
		return state;
	}
	if (n == room_of(state))
	{
		state = make_room(state);
		n = state->n;
	}
	state->growing = 1;
	state->entries[n] = *entry;
	if (state->n_sorted == n &&
		(n == 0 || compare_entries(&state->entries[n - 1], entry) < 0))
		state->n_sorted++;
	state->n++;
	return state;
}

/* The form at rest. */
UpliftState *
affinity_uplift_rest(const UpliftState *state)
{
	UpliftState *rest = palloc0(size_of(state->n));
	int64		total = 0;

	memcpy(rest->entries, state->entries, state->n * sizeof(UpliftEntry));
	rest->magic = UPLIFT_MAGIC;
	rest->version = UPLIFT_VERSION;
	rest->n = state->n_sorted < state->n ?
		merge_entries(rest->entries, state->n) : state->n;
	rest->n_sorted = rest->n;
	SET_VARSIZE(rest, size_of(rest->n));
	for (uint32 i = 0; i < rest->n; i++)
	{
		total += UPLIFT_ROWS(&rest->entries[i]);
		if (total > UPLIFT_ROWS_MAX)
			too_many_rows();
	}
	return rest;
}

/* An argument of type uplift, in its form at rest. */
UpliftState *
affinity_uplift_arg(FunctionCallInfo fcinfo, int arg)
{
	UpliftState *state = affinity_uplift_of(PG_GETARG_DATUM(arg));

	return state->growing ? affinity_uplift_rest(state) : state;
}

/* ---- aggregates --------------------------------------------------------- */

/* A number that counts; no -0. */
static double
number_arg(FunctionCallInfo fcinfo, int arg, const char *name)
{
	return affinity_base_finite(PG_GETARG_FLOAT8(arg), name) + 0.0;
}

static double
outcome_arg(FunctionCallInfo fcinfo, int arg)
{
	return affinity_base_within(PG_GETARG_FLOAT8(arg), AFFINITY_VALUE_MAX,
								"outcome",
								"Outcomes reach from -1e15 to 1e15. " AFFINITY_LARGER_UNIT ".") + 0.0;
}

/* (state, score, treated, outcome) */
Datum
affinity_uplift_accum(PG_FUNCTION_ARGS)
{
	/* what fn_extra points at says of which type the outcome is */
	static char of_bool;
	static char of_number;
	UpliftState *state;
	UpliftEntry entry;

	affinity_base_resume(fcinfo, NULL);
	if (fcinfo->flinfo->fn_extra == NULL)
	{
		affinity_base_check_aggregate(fcinfo, UPLIFT_AGGREGATES);
		affinity_base_keep(fcinfo,
						   affinity_base_arg_type(fcinfo, 3) == BOOLOID ?
						   &of_bool : &of_number);
	}
	if (PG_ARGISNULL(1) || PG_ARGISNULL(2) || PG_ARGISNULL(3))
	{
		if (PG_ARGISNULL(0))
			PG_RETURN_NULL();
		PG_RETURN_DATUM(PG_GETARG_DATUM(0));
	}
	entry.score = number_arg(fcinfo, 1, "score");
	entry.what = 2 | (PG_GETARG_BOOL(2) ? 1 : 0);
	entry.outcome = fcinfo->flinfo->fn_extra == &of_bool
		? (double) PG_GETARG_BOOL(3) : outcome_arg(fcinfo, 3);
	state = PG_ARGISNULL(0) ? affinity_uplift_new()
		: affinity_uplift_of(PG_GETARG_DATUM(0));
	PG_RETURN_POINTER(affinity_uplift_add(state, &entry));
}

/* What is in another state added to one, which may be changed. */
static Datum
merge_states(Datum state, Datum other)
{
	UpliftState *a;
	UpliftState *b;

	a = affinity_uplift_of(state);
	b = affinity_uplift_of(other);
	for (uint32 i = 0; i < b->n; i++)
	{
		affinity_base_look_up(i);
		a = affinity_uplift_add(a, &b->entries[i]);
	}
	return PointerGetDatum(a);
}

/* A state in its form at rest. */
static Datum
at_rest(Datum state)
{
	return PointerGetDatum(affinity_uplift_rest(affinity_uplift_of(state)));
}

AFFINITY_STATE_STEPS(affinity_uplift_combine, affinity_uplift_final, affinity_uplift_rollup, UPLIFT_AGGREGATES)

/* ---- text and binary form ----------------------------------------------- */

static void
reject(const char *problem)
{
	affinity_base_state_invalid("uplift state", "affinity.uplift_agg",
								problem);
}

static bool
is_number(double x)
{
	return !isnan(x) && !isinf(x) && !(x == 0 && signbit(x));
}

/* What is wrong with a state that came in, whose length is right, or NULL. */
static const char *
check_entries(const UpliftState *state)
{
	int64		total = 0;

	for (uint32 i = 0; i < state->n; i++)
	{
		const UpliftEntry *e = &state->entries[i];

		affinity_base_look_up(i);
		if (!is_number(e->score))
			return "a score that is no number";
		if (!is_number(e->outcome) || fabs(e->outcome) > AFFINITY_VALUE_MAX)
			return "an outcome out of range";
		if (e->what >> 1 == 0 || e->what >> 1 > UPLIFT_ROWS_MAX)
			return "wrong counts";
		if (i > 0 && compare_entries(&state->entries[i - 1], e) >= 0)
			return "scores out of order";
		total += UPLIFT_ROWS(e);
		if (total > UPLIFT_ROWS_MAX)
			return "too many rows";
	}
	return NULL;
}

/* Check the state of so many bytes and give it back. */
static Datum
checked(UpliftState *state, Size size)
{
	const char *problem;

	if (size < UPLIFT_HEADER)
		reject("too short");
	SET_VARSIZE(state, size);
	if (state->magic != UPLIFT_MAGIC)
		reject("not one, or from a machine of another byte order");
	if (state->version != UPLIFT_VERSION)
		reject("unknown version");
	if (state->growing != 0 || state->unused != 0 || state->n == 0 ||
		state->n_sorted != state->n)
		reject("wrong header");
	if (size != size_of(state->n))
		reject("wrong length");
	problem = check_entries(state);
	if (problem != NULL)
		reject(problem);
	return PointerGetDatum(state);
}

/* state_in(cstring) and so on */
AFFINITY_STATE_FORMS(affinity_uplift, UpliftState, affinity_uplift_arg)

AFFINITY_BYTES_COMPARISONS(affinity_uplift, affinity_uplift_arg)
