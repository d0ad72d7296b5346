/*
 * next.c
 *		sequence_next_node: the event that comes after (or before) a chain of
 *		neighboring events of one user, as ClickHouse's sequenceNextNode.
 *
 * The state holds every row with a value, as values may be wanted that
 * satisfy nothing. It is a bytea: header, then for each row its time (8
 * bytes), the set of events that it satisfies (8), the length of its value
 * with a bit for the base condition (4), and the value. It grows as
 * a flat event log does (eventlog/log.c). What lies behind the bytes in use is
 * room to append to.
 *
 * Only aggregates make such values and read them: all functions refuse to be
 * called otherwise. But anybody can make an aggregate of them, so what a
 * value says is checked before it is believed.
 */
#include "postgres.h"

#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "base/kept.h"
#include "sequence/sequence.h"

PG_FUNCTION_INFO_V1(affinity_sequence_next_accum);
PG_FUNCTION_INFO_V1(affinity_sequence_next_combine);
PG_FUNCTION_INFO_V1(affinity_sequence_next_final);

/* Arguments of the transition function. */
#define DIRECTION_ARG 1
#define BASE_ARG 2
#define TIME_ARG 3
#define VALUE_ARG 4
#define BASE_CONDITION_ARG 5
#define FIRST_EVENT_ARG 6

#define ROW_HEADER (sizeof(int64) + sizeof(uint64) + sizeof(uint32))
#define BASE_BIT UINT32_C(0x80000000)
#define ROOM_AT_FIRST 192

typedef enum NextBase
{
	NEXT_HEAD,					/* the first row */
	NEXT_TAIL,					/* the last one */
	NEXT_FIRST_MATCH,			/* the first row: base and first event */
	NEXT_LAST_MATCH				/* the last such row */
} NextBase;

static const char *const base_names[] = {
	"head", "tail", "first_match", "last_match"
};

typedef struct NextState
{
	int32		vl_len_;		/* varlena header: all room, used or not */
	uint32		used;			/* bytes of data in use */
	uint32		n_rows;
	uint8		backward;
	uint8		base;			/* NextBase */
	uint8		time_kind;		/* EventTime */
	uint8		n_events;		/* 0 to 64 */
	char		data[FLEXIBLE_ARRAY_MEMBER];
} NextState;

#define NEXT_HEADER offsetof(NextState, data)

/* What the arguments of an aggregate call say. */
typedef struct NextCall
{
	EventCall	event;			/* unused parts: 0 */
	bool		has_events;
	bool		backward;
	NextBase	base;
	char		direction_text[EVENT_CALL_TEXT];
	char		base_text[EVENT_CALL_TEXT];
} NextCall;

/* A row, its value still in the state. */
typedef struct NextRow
{
	int64		at;
	uint64		events;
	const char *value;
	uint32		len;
	bool		is_base;
} NextRow;

static bool
read_direction(FunctionCallInfo fcinfo, NextCall *call)
{
	char	   *text = affinity_base_text_arg(fcinfo, DIRECTION_ARG,
											  "direction");
	bool		backward = pg_strcasecmp(text, "backward") == 0;

	if (!backward && pg_strcasecmp(text, "forward") != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("unknown direction \"%s\"", text),
				 errhint("Directions are forward and backward.")));
	affinity_eventlog_keep_text(call->direction_text, text);
	pfree(text);
	return backward;
}

static NextBase
read_base(FunctionCallInfo fcinfo)
{
	char	   *text = affinity_base_text_arg(fcinfo, BASE_ARG, "base");
	size_t		i = 0;

	while (i < lengthof(base_names) && pg_strcasecmp(text, base_names[i]) != 0)
		i++;
	if (i == lengthof(base_names))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("unknown base \"%s\"", text),
				 errhint("Bases are head, tail, first_match and last_match.")));
	pfree(text);
	return (NextBase) i;
}

static void
check_base(const NextCall *call)
{
	if (call->base == (call->backward ? NEXT_HEAD : NEXT_TAIL))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("nothing comes %s the %s of a sequence",
						call->backward ? "before" : "after",
						base_names[call->base]),
				 errhint("Use forward with head, first_match or last_match, and "
						 "backward with tail, first_match or last_match.")));
	if (!call->has_events &&
		(call->base == NEXT_FIRST_MATCH || call->base == NEXT_LAST_MATCH))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("base %s needs at least one event",
						base_names[call->base]),
				 errhint("Give the conditions of the events after the base "
						 "condition.")));
}

/* A call that is kept from one query to others: is it this row's too? */
static bool
fits(FunctionCallInfo fcinfo, const void *kept)
{
	return affinity_eventlog_same_conditions(fcinfo,
											 &((const NextCall *) kept)->event);
}

/* What a row's arguments ask for; texts are read where they change. */
static NextCall *
next_call(FunctionCallInfo fcinfo)
{
	NextCall   *call = affinity_base_resume(fcinfo, fits);

	if (call == NULL)
	{
		affinity_base_check_aggregate(fcinfo, EVENTLOG_AGGREGATES);
		call = MemoryContextAllocZero(fcinfo->flinfo->fn_mcxt,
									  sizeof(NextCall));
		call->has_events = PG_NARGS() > FIRST_EVENT_ARG;
		affinity_eventlog_call_init(fcinfo, &call->event, SEQUENCE_MAGIC,
									TIME_ARG, call->has_events ?
									FIRST_EVENT_ARG : BASE_CONDITION_ARG,
									false);
		affinity_base_keep(fcinfo, call);
	}
	if (!affinity_eventlog_same_text(fcinfo,
									 DIRECTION_ARG, call->direction_text) ||
		!affinity_eventlog_same_text(fcinfo, BASE_ARG, call->base_text))
	{
		call->base_text[0] = '\0';
		call->backward = read_direction(fcinfo, call);
		call->base = read_base(fcinfo);
		check_base(call);
		/* known to be right: a call that was kept is not checked again */
		affinity_eventlog_keep_text(call->base_text,
									affinity_base_text_arg(fcinfo, BASE_ARG,
														   "base"));
	}
	return call;
}

static int
n_events_of(const NextCall *call)
{
	return call->has_events ? call->event.definition.kind.n_conditions : 0;
}

/*
 * A transition value; in an aggregate of somebody else's, it may be anything.
 */
static NextState *
next_state(Datum value)
{
	NextState  *state = (NextState *) PG_DETOAST_DATUM(value);

	if (VARSIZE(state) < NEXT_HEADER ||
		state->used > VARSIZE(state) - NEXT_HEADER ||
		state->n_rows > state->used / ROW_HEADER ||
		state->base > NEXT_LAST_MATCH || state->n_events > AFFINITY_MAX_STEPS)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
				 errmsg("invalid state of sequence_next_node")));
	return state;
}

/*
 * The state itself if it has room for so many more bytes, else a larger copy.
 */
static NextState *
grow(NextState *state, Size bytes)
{
	return affinity_sequence_grow(state, NEXT_HEADER + state->used, bytes);
}

static NextState *
state_of_group(FunctionCallInfo fcinfo, const NextCall *call)
{
	NextState  *state;

	if (PG_ARGISNULL(0))
	{
		state = palloc0(NEXT_HEADER + ROOM_AT_FIRST);
		SET_VARSIZE(state, NEXT_HEADER + ROOM_AT_FIRST);
		state->backward = call->backward;
		state->base = (uint8) call->base;
		state->time_kind = (uint8) call->event.definition.kind.time_kind;
		state->n_events = (uint8) n_events_of(call);
		return state;
	}
	state = next_state(PG_GETARG_DATUM(0));
	if (state->backward != call->backward || state->base != call->base ||
		state->n_events != n_events_of(call))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("direction and base must be the same for all rows of a "
						"group")));
	return state;
}

/* (state, direction, base, at, value, base condition [, events …]) */
Datum
affinity_sequence_next_accum(PG_FUNCTION_ARGS)
{
	NextCall   *call = next_call(fcinfo);
	NextState  *state = state_of_group(fcinfo, call);
	text	   *value;
	uint64		events = 0;
	uint32		len;
	int64		at;
	char	   *to;

	if (PG_ARGISNULL(TIME_ARG))
		PG_RETURN_POINTER(state);
	at = affinity_eventlog_time(fcinfo, &call->event);
	if (PG_ARGISNULL(VALUE_ARG))
		PG_RETURN_POINTER(state);
	if (call->has_events)
		events = affinity_eventlog_conditions(fcinfo, &call->event);
	value = PG_GETARG_TEXT_PP(VALUE_ARG);
	len = (uint32) VARSIZE_ANY_EXHDR(value);
	state = grow(state, ROW_HEADER + len);
	to = state->data + state->used;
	memcpy(to, &at, sizeof(at));
	memcpy(to + sizeof(at), &events, sizeof(events));
	if (!PG_ARGISNULL(BASE_CONDITION_ARG) &&
		PG_GETARG_BOOL(BASE_CONDITION_ARG))
		len |= BASE_BIT;
	memcpy(to + sizeof(at) + sizeof(events), &len, sizeof(len));
	memcpy(to + ROW_HEADER, VARDATA_ANY(value), len & ~BASE_BIT);
	state->used += (uint32) ROW_HEADER + (len & ~BASE_BIT);
	state->n_rows++;
	PG_RETURN_POINTER(state);
}

Datum
affinity_sequence_next_combine(PG_FUNCTION_ARGS)
{
	NextState  *a;
	NextState  *b;

	affinity_base_check_aggregate(fcinfo, EVENTLOG_AGGREGATES);
	a = next_state(PG_GETARG_DATUM(0));
	b = next_state(PG_GETARG_DATUM(1));
	if (a->backward != b->backward || a->base != b->base ||
		a->time_kind != b->time_kind || a->n_events != b->n_events)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("direction and base must be the same for all rows of a "
						"group")));
	a = grow(a, b->used);
	memcpy(a->data + a->used, b->data, b->used);
	a->used += b->used;
	a->n_rows += b->n_rows;
	PG_RETURN_POINTER(a);
}

/* By time; rows of one instant by value, then by what they satisfy. */
static int
compare_rows(const NextRow *a, const NextRow *b)
{
	int			order;

	if (a->at != b->at)
		return a->at < b->at ? -1 : 1;
	order = memcmp(a->value, b->value, Min(a->len, b->len));
	if (order != 0)
		return order;
	if (a->len != b->len)
		return a->len < b->len ? -1 : 1;
	if (a->events != b->events)
		return a->events < b->events ? -1 : 1;
	return (int) a->is_base - (int) b->is_base;
}

#define ST_SORT sort_next_rows
#define ST_ELEMENT_TYPE NextRow
#define ST_COMPARE(a, b) compare_rows(a, b)
#define ST_SCOPE static
#define ST_CHECK_FOR_INTERRUPTS
#define ST_DECLARE
#define ST_DEFINE
#include "lib/sort_template.h"

/* The rows in order, in the current context. */
static NextRow *
sorted_rows(const NextState *state)
{
	NextRow    *row = MemoryContextAllocHuge(CurrentMemoryContext,
											 sizeof(NextRow) *
											 ((Size) state->n_rows + 1));
	const char *from = state->data;
	const char *end = state->data + state->used;

	for (uint32 i = 0; i < state->n_rows; i++)
	{
		uint32		len = 0;

		affinity_base_look_up(i);
		if ((Size) (end - from) >= ROW_HEADER)
		{
			memcpy(&row[i].at, from, sizeof(int64));
			memcpy(&row[i].events, from + sizeof(int64), sizeof(uint64));
			memcpy(&len, from + sizeof(int64) + sizeof(uint64), sizeof(len));
			row[i].is_base = (len & BASE_BIT) != 0;
			row[i].len = len & ~BASE_BIT;
			row[i].value = from + ROW_HEADER;
		}
		if ((Size) (end - from) < ROW_HEADER ||
			(Size) (end - from) - ROW_HEADER < row[i].len)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
					 errmsg("invalid state of sequence_next_node")));
		from += ROW_HEADER + row[i].len;
	}
	sort_next_rows(row, state->n_rows);
	return row;
}

/* Where the chain begins; -1 if nowhere. */
static int64
find_base(const NextState *state, const NextRow *row)
{
	int64		n = state->n_rows;

	switch ((NextBase) state->base)
	{
		case NEXT_HEAD:
			return n > 0 && row[0].is_base ? 0 : -1;
		case NEXT_TAIL:
			return n > 0 && row[n - 1].is_base ? n - 1 : -1;
		case NEXT_FIRST_MATCH:
			for (int64 i = 0; i < n; i++)
				if (row[i].is_base && (row[i].events & 1) != 0)
					return i;
			break;
		case NEXT_LAST_MATCH:
			for (int64 i = n - 1; i >= 0; i--)
				if (row[i].is_base && (row[i].events & 1) != 0)
					return i;
			break;
	}
	return -1;
}

/*
 * The value behind the chain: from the base on, row by row in the direction,
 * each satisfies its event. NULL if one does not, or nothing is behind it.
 */
Datum
affinity_sequence_next_final(PG_FUNCTION_ARGS)
{
	NextState  *state;
	NextRow    *row;
	text	   *result = NULL;
	int64		at;
	int			step;

	affinity_base_check_aggregate(fcinfo, EVENTLOG_AGGREGATES);
	state = next_state(PG_GETARG_DATUM(0));
	row = sorted_rows(state);
	at = find_base(state, row);
	step = state->backward ? -1 : 1;
	for (int i = 0; i < state->n_events && at >= 0 && at < state->n_rows; i++)
	{
		if ((row[at].events >> i & 1) == 0)
		{
			at = -1;
			break;
		}
		at += step;
	}
	if (at >= 0 && at < state->n_rows)
	{
		/* the state may have come from elsewhere */
		pg_verifymbstr(row[at].value, (int) row[at].len, false);
		result = cstring_to_text_with_len(row[at].value, (int) row[at].len);
	}
	pfree(row);
	if (result == NULL)
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(result);
}
