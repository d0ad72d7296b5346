/*
 * packed.c
 *		The packed form of a log of many users (packed.h): writing it,
 *		reading it, checking what came from outside.
 *
 * A writer takes users in order. What it allocates is as much as its rows
 * could need; pages that are not written cost nothing, and are given back at
 * the end. A reader never reads beyond its log, whatever is in it.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "port/pg_bitutils.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "eventlog/packed.h"

/* Bytes of a user's id, shape and first row; the number of rows may add 5. */
#define FIRST_SIZE(high_size, steps_size) \
	(sizeof(uint64) + (high_size) + 1 + sizeof(int64) + (steps_size))
#define MAX_COUNT_SIZE 5

static inline uint64
read_offset(const char *from, int width)
{
	uint64		offset;

	memcpy(&offset, from, sizeof(offset));
	/* in two shifts, as the width may be 0 */
	return offset & ~(~UINT64CONST(0) << (4 * width) << (4 * width));
}

static inline int
offset_width(uint64 offset)
{
	return offset == 0 ? 0 : pg_leftmost_one_pos64(offset) / 8 + 1;
}

/*
 * Begin a packed log of the kind of `like`, of at most max_rows rows, in the
 * current memory context.
 */
void
affinity_eventlog_packed_begin(PackedWriter *writer, const EventLog *like,
							   uint64 max_rows)
{
	Size		fixed = EVENT_LOG_HEADER + like->options_len + PACKED_TAIL;
	Size		size;

	writer->high_size = event_user_size(&like->kind) - sizeof(uint64);
	writer->steps_size = event_steps_size(&like->kind);
	writer->n_rows = 0;
	size = FIRST_SIZE(writer->high_size, writer->steps_size);
	size = max_rows > (MaxAllocSize - fixed) / size ? MaxAllocSize :
		fixed + size * (Size) max_rows;
	writer->log = affinity_base_alloc_large(CurrentMemoryContext, size);
	memcpy(writer->log, like, EVENT_LOG_HEADER + like->options_len);
	writer->log->kind.version = EVENT_LOG_PACKED;
	writer->to = EVENT_LOG_ROWS(writer->log);
	writer->end = (char *) writer->log + size - PACKED_TAIL;
}

static void
writer_overflow(const PackedWriter *writer)
{
	affinity_eventlog_too_large((Size) (writer->end - (char *) writer->log) +
								1);
}

static char *
write_count(char *to, uint32 count)
{
	for (; count >= 0x80; count >>= 7)
		*to++ = (char) (count | 0x80);
	*to++ = (char) count;
	return to;
}

/*
 * The next user; an EventUserUse. Rows are in order.
 */
void
affinity_eventlog_packed_add(EventUserId mixed,
							 const AffinityEvent *event, int64 n,
							 void *arg)
{
	PackedWriter *writer = arg;
	Size		steps_size = writer->steps_size;
	int			width = offset_width((uint64) event[n - 1].at -
									 (uint64) event[0].at);
	char	   *to = writer->to;
	Size		size = FIRST_SIZE(writer->high_size, steps_size) +
		(Size) (n - 1) * ((Size) width + steps_size) + MAX_COUNT_SIZE;

	/* what fits without a count of its own has MAX_COUNT_SIZE less */
	if (size > (Size) (writer->end - to) + (n <= PACKED_MANY ?
											MAX_COUNT_SIZE : 0))
		writer_overflow(writer);
	memcpy(to, &mixed.low, sizeof(uint64));
	memcpy(to + sizeof(uint64), &mixed.high, writer->high_size);
	to += sizeof(uint64) + writer->high_size;
	*to++ = (char) (width | Min(n - 1, PACKED_MANY) << 4);
	if (n > PACKED_MANY)
		to = write_count(to, (uint32) (n - 1 - PACKED_MANY));
	memcpy(to, &event[0].at, sizeof(int64));
	to += sizeof(int64);
	event_write_steps(to, steps_size, event[0].steps);
	to += steps_size;
	for (int64 i = 1; i < n; i++)
	{
		uint64		offset = (uint64) event[i].at - (uint64) event[0].at;

		/* 8 bytes, of which the next ones are written over: there is a tail */
		memcpy(to, &offset, sizeof(offset));
		to += width;
		event_write_steps(to, steps_size, event[i].steps);
		to += steps_size;
		affinity_base_look_up((uint64) i);
	}
	writer->to = to;
	writer->n_rows += (uint64) n;
}

EventLog *
affinity_eventlog_packed_end(PackedWriter *writer)
{
	EventLog   *log = writer->log;
	Size		size;

	if (writer->n_rows > PG_UINT32_MAX)
		affinity_eventlog_too_many_rows();
	memset(writer->to, 0, PACKED_TAIL);
	size = (Size) (writer->to + PACKED_TAIL - (char *) log);
	log->used = (uint32) (size - EVENT_LOG_HEADER);
	log->n_rows = (uint32) writer->n_rows;
	SET_VARSIZE(log, size);
	return repalloc(log, size);
}

/* Before the first user. */
void
affinity_eventlog_packed_open(PackedReader *reader, const EventLog *log)
{
	memset(reader, 0, sizeof(*reader));
	reader->next = EVENT_LOG_ROWS(log);
	reader->end = log->data + log->used - PACKED_TAIL;
	reader->high_size = event_user_size(&log->kind) - sizeof(uint64);
	reader->steps_size = event_steps_size(&log->kind);
}

/*
 * The next user, or the end. False if that is not what a writer wrote.
 */
static bool
next_user(PackedReader *reader)
{
	const char *at = reader->next;
	Size		left = (Size) (reader->end - at);
	Size		needed = FIRST_SIZE(reader->high_size, reader->steps_size);
	uint64		more;
	int			shift = 0;
	uint8		digit;

	reader->at_end = left == 0;
	if (left == 0)
		return true;
	if (left < needed)
		return false;
	memcpy(&reader->mixed.low, at, sizeof(uint64));
	memcpy(&reader->mixed.high, at + sizeof(uint64), reader->high_size);
	at += sizeof(uint64) + reader->high_size;
	reader->width = *at & 15;
	more = (uint8) *at++ >> 4;
	if (more == PACKED_MANY)
	{
		do
		{
			digit = (uint8) *at++;
			needed++;
			more += (uint64) (digit & 0x7f) << shift;
			shift += 7;
		} while ((digit & 0x80) != 0 && shift < 7 * MAX_COUNT_SIZE);
		/* no other digits for the same number */
		if ((digit & 0x80) != 0 || (digit == 0 && shift > 7))
			return false;
	}
	needed += more * ((Size) reader->width + reader->steps_size);
	if (reader->width > 8 || more >= PG_UINT32_MAX || needed > left)
		return false;
	reader->n = (uint32) more + 1;
	reader->rows = at;
	reader->next += needed;
	return true;
}

void
affinity_eventlog_packed_next(PackedReader *reader)
{
	if (!next_user(reader))
		affinity_eventlog_damaged();
}

/* The rows of the user read last, for which there is room. */
void
affinity_eventlog_packed_rows(const PackedReader *reader, AffinityEvent *event)
{
	const char *from = reader->rows;
	Size		steps_size = reader->steps_size;
	int			width = reader->width;
	uint64		first;

	memcpy(&first, from, sizeof(first));
	from += sizeof(first);
	event[0].at = (int64) first;
	event[0].steps = event_read_steps(from, steps_size);
	from += steps_size;
	for (uint32 i = 1; i < reader->n; i++)
	{
		event[i].at = (int64) (first + read_offset(from, width));
		from += width;
		event[i].steps = event_read_steps(from, steps_size);
		from += steps_size;
		affinity_base_look_up((uint64) i);
	}
}

/* What is wrong with a user's rows, if anything: NULL if not. */
static const char *
rows_fault(const PackedReader *reader, const EventLog *log)
{
	int			n_conditions = log->kind.n_conditions;
	AffinityEvent last = {0, 0};
	AffinityEvent event;
	uint64		first;
	uint64		offset = 0;
	const char *from = reader->rows;

	memcpy(&first, from, sizeof(first));
	for (uint32 i = 0; i < reader->n; i++)
	{
		from += i == 0 ? sizeof(int64) : (Size) reader->width;
		offset = i == 0 ? 0 : read_offset(from - reader->width, reader->width);
		event.at = (int64) (first + offset);
		event.steps = event_read_steps(from, reader->steps_size);
		from += reader->steps_size;
		if (event.at < (int64) first ||
			(i > 0 && affinity_chain_event_before(&event, &last)))
			return "A user's rows are not in order.";
		if (n_conditions < 64 && event.steps >> n_conditions != 0)
			return "A row has a condition that does not exist.";
		if (log->kind.time_kind != EVENT_TIME_INTEGER &&
			!IS_VALID_TIMESTAMP(event.at))
			return "A row has an impossible time.";
		last = event;
		affinity_base_look_up((uint64) i);
	}
	return offset_width(offset) != reader->width ?
		"A user's rows are not packed as they should be." : NULL;
}

/*
 * What is wrong with a packed log, whose header has been checked: NULL if
 * nothing is, and then it is what a writer wrote, byte for byte.
 */
const char *
affinity_eventlog_packed_fault(const EventLog *log)
{
	static const char no_tail[PACKED_TAIL] = {0};
	PackedReader reader;
	EventUserId before = {0, 0};
	uint64		n_rows = 0;
	uint64		n_users = 0;
	const char *fault;

	if (!event_log_packs(log))
		return "Its header is damaged.";
	if (log->used < log->options_len + PACKED_TAIL ||
		memcmp(log->data + log->used - PACKED_TAIL, no_tail, PACKED_TAIL) != 0)
		return "Its length is wrong.";
	affinity_eventlog_packed_open(&reader, log);
	for (;; before = reader.mixed, n_users++)
	{
		if (!next_user(&reader))
			return "Its length is wrong.";
		if (reader.at_end)
			break;
		if (n_users > 0 && !event_user_before(before, reader.mixed))
			return "Its users are not in order.";
		if ((fault = rows_fault(&reader, log)) != NULL)
			return fault;
		CHECK_FOR_INTERRUPTS();
		n_rows += reader.n;
	}
	return n_rows != log->n_rows ? "Its length is wrong." : NULL;
}
