/*
 * merge.c
 *		States of any form, merged and finished.
 */
#include "postgres.h"

#include "eventlog/growing.h"
#include "eventlog/parted.h"

/*
 * All rows of both, of which neither is packed. Only an aggregate's own
 * transition value may be changed in place.
 */
static EventLog *
merge_rows(EventLog *a, const EventLog *b, bool in_place)
{
	Size		bytes = b->used - b->options_len;
	EventLog   *merged;

	if (a->n_rows > PG_UINT32_MAX - b->n_rows)
		affinity_eventlog_too_many_rows();
	merged = affinity_eventlog_grow(a, bytes);
	if (merged == a && !in_place)
	{
		merged = palloc(VARSIZE(a));
		memcpy(merged, a, VARSIZE(a));
	}
	memcpy(merged->data + merged->used, EVENT_LOG_ROWS(b), bytes);
	merged->used += (uint32) bytes;
	merged->n_rows += b->n_rows;
	return merged;
}

/*
 * The rows of both, of which neither is large, as a flat state; a is the
 * aggregate's own. Packed ones are unpacked: then rows can be appended
 * without reading the others.
 */
static EventLog *
merge_small(EventLog *a, const EventLog *b)
{
	if (a->kind.version == EVENT_LOG_PACKED)
		a = affinity_eventlog_unpack(NULL, a);
	return b->kind.version == EVENT_LOG_PACKED ?
		affinity_eventlog_unpack(a, b) : merge_rows(a, b, true);
}

/* The log itself if it is packed. */
static const EventLog *
packed(const EventLog *log)
{
	return log->kind.version == EVENT_LOG_PACKED ? log :
		affinity_eventlog_pack(log);
}

/* The rows of both, outside an aggregate. */
static EventLog *
merge_values(EventLog *a, const EventLog *b)
{
	const EventLog *both[2];

	if (!event_log_packs(a))
		return affinity_eventlog_in_order(merge_rows(a, b, false));
	both[0] = packed(a);
	both[1] = packed(b);
	return affinity_eventlog_packed_union(both, 2);
}

/* The rows of both, where a is an aggregate's own and flat. */
static Datum
merge_flat(EventLog *a, const EventLog *b, MemoryContext aggregate)
{
	if (event_log_packs(a))
	{
		EventInlet *inlet;

		if (!affinity_eventlog_is_large(a) && !affinity_eventlog_is_large(b))
			return PointerGetDatum(merge_small(a, b));
		inlet = affinity_eventlog_parted_start(a, aggregate);
		affinity_eventlog_parted_merge(inlet, b);
		return affinity_eventlog_parted_datum(inlet);
	}
	if (affinity_eventlog_is_large(a))
	{
		GrowingLog *growing = affinity_eventlog_growing_start(a, aggregate);

		affinity_eventlog_growing_merge(growing, b);
		return affinity_eventlog_growing_datum(growing);
	}
	return PointerGetDatum(merge_rows(a, b, true));
}

/*
 * A combine function of two states, or a transition function of a state and a
 * value: all rows of both.
 */
Datum
affinity_eventlog_merge(FunctionCallInfo fcinfo, uint32 magic,
						EventModeText mode_text)
{
	Datum		state = PG_GETARG_DATUM(0);
	EventLog   *b = affinity_eventlog_arg(PG_GETARG_DATUM(1), magic);
	MemoryContext aggregate;
	EventInlet *inlet;
	GrowingLog *growing;
	EventLog   *a;

	if (!AggCheckCallContext(fcinfo, &aggregate))
	{
		a = affinity_eventlog_arg(state, magic);
		affinity_eventlog_check_same(a, b, mode_text);
		return PointerGetDatum(merge_values(a, b));
	}
	if ((inlet = affinity_eventlog_inlet(state)) != NULL)
	{
		affinity_eventlog_check_same(affinity_eventlog_parted_header(inlet), b,
									 mode_text);
		affinity_eventlog_parted_merge(inlet, b);
		return state;
	}
	if ((growing = affinity_eventlog_growing_log(state)) != NULL)
	{
		affinity_eventlog_check_same(affinity_eventlog_growing_header(growing),
									 b, mode_text);
		affinity_eventlog_growing_merge(growing, b);
		return state;
	}
	a = affinity_eventlog_arg(state, magic);
	affinity_eventlog_check_same(a, b, mode_text);
	return merge_flat(a, b, aggregate);
}

/* rollup(state, state): the rows of both, where NULL has none. */
Datum
affinity_eventlog_rollup(FunctionCallInfo fcinfo, uint32 magic,
						 EventModeText mode_text)
{
	if (PG_ARGISNULL(0) && PG_ARGISNULL(1))
		PG_RETURN_NULL();
	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		PG_RETURN_DATUM(PG_GETARG_DATUM(PG_ARGISNULL(0) ? 1 : 0));
	return affinity_eventlog_merge(fcinfo, magic, mode_text);
}

/*
 * A state as a value: packed if it is one of many users, and without room; the
 * rows of others are put in order, so that the same rows are the same bytes.
 * Giving up the room at the end changes only how much a later append can use
 * in place, so it may be done to a transition value.
 */
EventLog *
affinity_eventlog_finish(Datum state, uint32 magic)
{
	EventInlet *inlet = affinity_eventlog_inlet_to_read(state);
	EventLog   *log;

	if (inlet != NULL)
		return affinity_eventlog_parted_flat(inlet);
	log = affinity_eventlog_growing_flatten(state);
	if (log == NULL)
		log = affinity_eventlog_arg(state, magic);
	if (log->kind.version == EVENT_LOG_VERSION && event_log_packs(log))
		return affinity_eventlog_pack(log);
	if (log->kind.version == EVENT_LOG_VERSION)
		log = affinity_eventlog_in_order(log);
	SET_VARSIZE(log, EVENT_LOG_HEADER + log->used);
	return log;
}
