/*
 * log.c
 *		The flat log.
 *
 * A log grows by doubling, until it is large (growing.c). The executor copies
 * a new transition value into the aggregate's memory and frees the old one, so
 * growing allocates in the current context and leaves the old log alone. What
 * lies between the bytes in use and the end of the varlena is room to append
 * to, and is cut off by affinity_eventlog_finish before a state is a value.
 */
#include "postgres.h"

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

/* Of the kind that a log has before any rows: to be filled in. */
void
affinity_eventlog_define(EventDefinition *definition, uint32 magic)
{
	memset(definition, 0, sizeof(EventDefinition));
	definition->magic = magic;
	definition->kind.version = EVENT_LOG_VERSION;
}

/* How large a value of `size` becomes that needs more. */
static Size
larger_size(Size size, Size needed)
{
	size = Max(needed, size + (size < GROW_SLOWER ? size : size / 2));
	if (size <= WHOLE_CHUNK)
		size = pg_nextpower2_size_t(size);
	return Min(size, MaxAllocSize);
}

/* A log without rows, with room for so many bytes of them. */
EventLog *
affinity_eventlog_create(const EventDefinition *definition, Size room)
{
	Size		least = EVENT_LOG_HEADER + definition->options_len;
	Size		size = larger_size(least, least + room);
	EventLog   *log = palloc0(size);

	SET_VARSIZE(log, size);
	log->magic = definition->magic;
	log->kind = definition->kind;
	log->options_len = log->used = definition->options_len;
	if (definition->options_len > 0)
		memcpy(log->data, definition->options, definition->options_len);
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

void
affinity_eventlog_too_many_rows(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
			 errmsg("too many rows in one funnel or sequence")));
}

void
affinity_eventlog_damaged(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
			 errmsg("invalid funnel or sequence state")));
}

/*
 * A larger copy of a varlena of which `used` bytes are in use, of at least
 * `needed` bytes, of which there must not be more than a value holds.
 */
void *
affinity_eventlog_enlarge(const void *value, Size used, Size needed)
{
	Size		size = larger_size(VARSIZE(value), needed);
	char	   *larger = palloc(size);

	memcpy(larger, value, used);
	/* No bytes of other memory: a value may travel to another process. */
	memset(larger + used, 0, size - used);
	SET_VARSIZE(larger, size);
	return larger;
}

/*
 * The log itself if it has room for so many more bytes, else a larger copy.
 */
EventLog *
affinity_eventlog_grow(EventLog *log, Size bytes)
{
	Size		used = EVENT_LOG_HEADER + log->used;

	if (used + bytes <= VARSIZE(log))
		return log;
	if (used + bytes > MaxAllocSize)
		affinity_eventlog_too_large(used + bytes);
	return affinity_eventlog_enlarge(log, used, used + bytes);
}

/* Is what follows the options as long as it must be at least? */
static bool
has_rows(const EventLog *log)
{
	uint32		used = log->used - log->options_len;

	if (log->kind.version == EVENT_LOG_PACKED)
		return event_log_packs(log) && used >= PACKED_TAIL;
	return log->kind.version == EVENT_LOG_VERSION &&
		(log->kind.user_kind == EVENT_USER_CHAINS ||
		 used == (uint64) log->n_rows * event_row_size(&log->kind));
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
		log->used > EVENT_LOG_ROOM(log) || log->options_len > log->used ||
		!has_rows(log))
		affinity_eventlog_damaged();
	return log;
}

const EventKind *
affinity_eventlog_kind(const EventLog *log)
{
	return &log->kind;
}

/* The options of a funnel, or the pattern of a sequence. */
const char *
affinity_eventlog_options(const EventLog *log, uint32 *options_len)
{
	*options_len = log->options_len;
	return log->data;
}

bool
affinity_eventlog_is_of(const EventLog *log, const EventDefinition *definition)
{
	return event_log_is_of(log, definition);
}
