/*
 * subset.c
 *		A log without the rows of some users, or of nobody else.
 *
 * Of packed logs the bytes of users who stay are copied as they are, of others
 * the rows. So what comes out is, byte by byte, the log of the remaining rows.
 */
#include "postgres.h"

#include "miscadmin.h"

#include "eventlog/parted.h"

static int
compare_users(EventUserId a, EventUserId b)
{
	if (event_same_user(a, b))
		return 0;
	return event_user_before(a, b) ? -1 : 1;
}

#define ST_SORT sort_users
#define ST_ELEMENT_TYPE EventUserId
#define ST_COMPARE(a, b) compare_users(*(a), *(b))
#define ST_SCOPE static
#define ST_CHECK_FOR_INTERRUPTS
#define ST_DECLARE
#define ST_DEFINE
#include "lib/sort_template.h"

/* A new log like another one, without rows and with as much room. */
static EventLog *
empty_like(const EventLog *log)
{
	EventLog   *empty = palloc(VARSIZE(log));

	memcpy(empty, log, EVENT_LOG_HEADER + log->options_len);
	empty->n_rows = 0;
	empty->used = log->options_len;
	return empty;
}

static void
keep_bytes(EventLog *to, const char *from, Size size, uint32 rows)
{
	memcpy(to->data + to->used, from, size);
	to->used += (uint32) size;
	to->n_rows += rows;
}

/* Both are in the order of users. */
static EventLog *
subset_of_packed(const EventLog *log, const EventUserId *user, Size n,
				 bool wanted)
{
	EventLog   *subset = empty_like(log);
	PackedReader reader;
	Size		at = 0;
	uint64		work = 0;

	affinity_eventlog_packed_open(&reader, log);
	for (;;)
	{
		const char *from = reader.next;
		bool		named;

		affinity_eventlog_packed_next(&reader);
		if (reader.at_end)
			break;
		affinity_base_look_after(&work, 1);
		while (at < n && event_user_before(user[at], reader.mixed))
			at++;
		named = at < n && event_same_user(user[at], reader.mixed);
		if (named == wanted)
			keep_bytes(subset, from, (Size) (reader.next - from), reader.n);
	}
	memset(subset->data + subset->used, 0, PACKED_TAIL);
	subset->used += PACKED_TAIL;
	return subset;
}

static bool
is_named(EventUserId mixed, const EventUserId *user, Size n)
{
	Size		from = 0;

	while (from < n)
	{
		Size		middle = from + (n - from) / 2;

		if (event_same_user(user[middle], mixed))
			return true;
		if (event_user_before(user[middle], mixed))
			from = middle + 1;
		else
			n = middle;
	}
	return false;
}

static EventLog *
subset_of_rows(const EventLog *log, const EventUserId *user, Size n,
			   bool wanted)
{
	EventLog   *subset = empty_like(log);
	Size		user_size = event_user_size(&log->kind);
	Size		row_size = event_row_size(&log->kind);
	const char *row = EVENT_LOG_ROWS(log);

	for (uint32 i = 0; i < log->n_rows; i++, row += row_size)
	{
		EventUserId mixed = event_user_mix(event_read_user(row, user_size));

		affinity_base_look_up(i);
		if (is_named(mixed, user, n) == wanted)
			keep_bytes(subset, row, row_size, 1);
	}
	return subset;
}

/*
 * The log of the users who are named, or of all others; NULL where that is
 * nobody. Users are as event_user_mix names them, and are sorted here.
 */
EventLog *
affinity_eventlog_subset(const EventLog *log, EventUserId *user, Size n,
						 bool wanted)
{
	EventLog   *subset;

	sort_users(user, n);
	if (event_log_packs(log))
	{
		if (log->kind.version != EVENT_LOG_PACKED)
			log = affinity_eventlog_pack(log);
		subset = subset_of_packed(log, user, n, wanted);
	}
	else
		subset = affinity_eventlog_in_order(subset_of_rows(log, user, n,
														   wanted));
	if (subset->n_rows == 0)
		return NULL;
	SET_VARSIZE(subset, EVENT_LOG_HEADER + subset->used);
	return subset;
}
