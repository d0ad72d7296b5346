/*
 * log.c
 *		The event log: the flat state of funnels and sequences.
 *
 * A log grows by doubling, until it is large (grow.c). The executor copies a
 * new transition value into the aggregate's memory and frees the old one, so
 * growing allocates in the current context and leaves the old log alone. What
 * lies between the bytes in use and the end of the varlena is room to append
 * to, and is cut off by affinity_eventlog_trim before anybody else sees the
 * value.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "port/pg_bitutils.h"
#include "utils/memutils.h"

#include "eventlog/packed.h"

/*
 * Growing from here on adds half, not as much again: three copies exist then.
 */
#define GROW_SLOWER ((Size) 64 << 20)

/*
 * Up to here the allocator hands out powers of two. A log takes all of one:
 * with many groups most of the time goes into fetching their memory.
 */
#define WHOLE_CHUNK ((Size) 8192)

/* Feed a chain this many events between two looks for interrupts. */
#define EVENTS_AT_ONCE 65536

EventLog *
affinity_eventlog_create(uint32 magic, Size room)
{
	EventLog   *log = palloc0(EVENT_LOG_HEADER + room);

	SET_VARSIZE(log, EVENT_LOG_HEADER + room);
	log->magic = magic;
	log->version = EVENT_LOG_VERSION;
	return log;
}

void
affinity_eventlog_too_large(Size bytes)
{
	ereport(ERROR,
			(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
			 errmsg("the state of this funnel or sequence needs %zu bytes, "
					"but a value holds at most %zu",
					bytes, (Size) MaxAllocSize),
			 errhint("Use the two-level form: affinity.funnel_times under GROUP "
					 "BY user, then affinity.funnel_agg over its results; or make "
					 "one state for each part of the users and add up their tables.")));
}

/*
 * The log itself if it has room for so many more bytes, else a larger copy.
 */
EventLog *
affinity_eventlog_grow(EventLog *log, Size bytes)
{
	Size		needed = EVENT_LOG_HEADER + log->used + bytes;
	Size		size = VARSIZE(log);
	EventLog   *larger;

	if (needed <= size)
		return log;
	if (needed > MaxAllocSize)
		affinity_eventlog_too_large(needed);
	size = Max(needed, size + (size < GROW_SLOWER ? size : size / 2));
	if (size <= WHOLE_CHUNK)
		size = pg_nextpower2_size_t(size);
	size = Min(size, MaxAllocSize);
	larger = palloc(size);
	memcpy(larger, log, EVENT_LOG_HEADER + log->used);
	/* No bytes of other memory in a value that may travel to another process. */
	memset(larger->data + log->used, 0, size - EVENT_LOG_HEADER - log->used);
	SET_VARSIZE(larger, size);
	return larger;
}

/*
 * All rows of both. Only an aggregate's own transition value may be changed
 * in place.
 */
EventLog *
affinity_eventlog_merge(EventLog *a, const EventLog *b, bool in_place)
{
	Size		bytes = b->used - b->pattern_len;
	EventLog   *merged;

	affinity_eventlog_same(a, b);
	if (a->n_rows > PG_UINT32_MAX - b->n_rows)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("too many rows in one funnel or sequence")));
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
 * Give up the room at the end. This changes only how much a later append can
 * use in place, so a final function may do it to a transition value.
 */
EventLog *
affinity_eventlog_trim(EventLog *log)
{
	SET_VARSIZE(log, EVENT_LOG_HEADER + log->used);
	return log;
}

/* Is what follows the pattern as long as it must be at least? */
static bool
has_rows(const EventLog *log)
{
	uint32		used = log->used - log->pattern_len;

	if (log->version == EVENT_LOG_PACKED)
		return event_log_packs(log) && used >= PACKED_TAIL;
	return log->version == EVENT_LOG_VERSION &&
		(log->user_kind == EVENT_USER_CHAINS ||
		 used == (uint64) log->n_rows * event_row_size(log));
}

/*
 * An argument of type affinity.funnel or affinity.sequence. Its input
 * function checked it through and through; this guards against values that
 * came another way, such as a type made binary coercible by a superuser.
 */
EventLog *
affinity_eventlog_arg(Datum value, uint32 magic)
{
	EventLog   *log = (EventLog *) PG_DETOAST_DATUM(value);

	if (VARSIZE(log) < EVENT_LOG_HEADER || log->magic != magic ||
		log->used > EVENT_LOG_ROOM(log) || log->pattern_len > log->used ||
		!has_rows(log))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
				 errmsg("invalid funnel or sequence state")));
	return log;
}

#define ST_SORT sort_events
#define ST_ELEMENT_TYPE AffinityEvent
#define ST_COMPARE(a, b) (affinity_chain_event_before(a, b) ? -1 : \
						  affinity_chain_event_before(b, a) ? 1 : 0)
#define ST_SCOPE static
#define ST_CHECK_FOR_INTERRUPTS
#define ST_DECLARE
#define ST_DEFINE
#include "lib/sort_template.h"

void
affinity_eventlog_events_sort(AffinityEvent *event, int64 n)
{
	sort_events(event, (size_t) n);
}

/*
 * The rows of a log, without their users, in order. Huge where they need be.
 */
AffinityEvent *
affinity_eventlog_sorted(const EventLog *log)
{
	Size		key_size = event_key_size(log);
	Size		steps_size = event_steps_size(log);
	Size		row_size = event_row_size(log);
	const char *row = EVENT_LOG_ROWS(log);
	AffinityEvent *event;
	bool		sorted = true;

	event = MemoryContextAllocHuge(CurrentMemoryContext,
								   sizeof(AffinityEvent) *
								   ((Size) log->n_rows + 1));
	for (uint32 i = 0; i < log->n_rows; i++, row += row_size)
	{
		memcpy(&event[i].at, row + key_size, sizeof(int64));
		event[i].steps = event_read_steps(row + key_size + sizeof(int64),
										  steps_size);
		if (i > 0 && affinity_chain_event_before(&event[i], &event[i - 1]))
			sorted = false;
		if (i % EVENTS_AT_ONCE == 0)
			CHECK_FOR_INTERRUPTS();
	}
	if (!sorted)
		affinity_eventlog_events_sort(event, log->n_rows);
	return event;
}

/*
 * Where to stop a piece of work that starts at `from`: rows of one instant
 * stay together.
 */
int64
affinity_eventlog_events_cut(const AffinityEvent *event, int64 n, int64 from)
{
	int64		to = from + EVENTS_AT_ONCE;

	if (to >= n)
		return n;
	while (to < n && event[to].at == event[to - 1].at)
		to++;
	return to;
}
