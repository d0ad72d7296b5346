/*
 * read.c
 *		The rows of a log of any form, user by user.
 *
 * Packed logs have their users one after another, each with its rows in order,
 * so reading is one pass; other logs that can be packed are packed first. Rows
 * with a held property are sorted here by user, property and time: at most
 * PASS_ROWS together (or those of the largest user); larger logs are read
 * several times, a part of the users each time.
 */
#include "postgres.h"

#include "miscadmin.h"

#include "eventlog/parted.h"

/* 160 MB */
#define PASS_ROWS ((uint32) 4 << 20)

/* A row with what it is sorted by. */
typedef struct HeldEvent
{
	EventUserId user;
	uint64		held;
	AffinityEvent event;
} HeldEvent;

static inline bool
same_key(const HeldEvent *a, const HeldEvent *b)
{
	return event_same_user(a->user, b->user) && a->held == b->held;
}

static inline bool
held_event_before(const HeldEvent *a, const HeldEvent *b)
{
	if (!event_same_user(a->user, b->user))
		return event_user_before(a->user, b->user);
	if (a->held != b->held)
		return a->held < b->held;
	return affinity_chain_event_before(&a->event, &b->event);
}

#define ST_SORT sort_held_events
#define ST_ELEMENT_TYPE HeldEvent
#define ST_COMPARE(a, b) (held_event_before(a, b) ? -1 : \
						  held_event_before(b, a) ? 1 : 0)
#define ST_SCOPE static
#define ST_CHECK_FOR_INTERRUPTS
#define ST_DECLARE
#define ST_DEFINE
#include "lib/sort_template.h"

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
 * The rows of a log of one user, in order, in the current memory context.
 */
AffinityEvent *
affinity_eventlog_sorted(const EventLog *log, int64 *n)
{
	Size		key_size = event_key_size(&log->kind);
	Size		steps_size = event_steps_size(&log->kind);
	Size		row_size = event_row_size(&log->kind);
	const char *row = EVENT_LOG_ROWS(log);
	AffinityEvent *event = affinity_base_array(log->n_rows,
											   sizeof(AffinityEvent));
	bool		sorted = true;

	for (uint32 i = 0; i < log->n_rows; i++, row += row_size)
	{
		memcpy(&event[i].at, row + key_size, sizeof(int64));
		event[i].steps = event_read_steps(row + key_size + sizeof(int64),
										  steps_size);
		if (i > 0 && affinity_chain_event_before(&event[i], &event[i - 1]))
			sorted = false;
		affinity_base_look_up(i);
	}
	if (!sorted)
		affinity_eventlog_events_sort(event, log->n_rows);
	*n = log->n_rows;
	return event;
}

/* The rows of a part of the users; `to` NULL: only how many they are. */
static int64
read_part(const EventLog *log, uint32 part, uint32 n_parts, HeldEvent *to)
{
	Size		user_size = event_user_size(&log->kind);
	Size		key_size = event_key_size(&log->kind);
	Size		steps_size = event_steps_size(&log->kind);
	Size		row_size = event_row_size(&log->kind);
	const char *row = EVENT_LOG_ROWS(log);
	int64		n = 0;

	for (uint32 i = 0; i < log->n_rows; i++, row += row_size)
	{
		HeldEvent	e;

		memset(&e, 0, sizeof(e));
		memcpy(&e.user, row, user_size);
		affinity_base_look_up(i);
		if (n_parts > 1 && event_user_mix(e.user).low % n_parts != part)
			continue;
		if (to != NULL)
		{
			memcpy(&e.held, row + user_size, key_size - user_size);
			memcpy(&e.event.at, row + key_size, sizeof(int64));
			e.event.steps = event_read_steps(row + key_size + sizeof(int64),
											 steps_size);
			to[n] = e;
		}
		n++;
	}
	return n;
}

/* Hand on sorted rows; `event` has room for them. */
static void
use_sorted(const HeldEvent *row, int64 n, AffinityEvent *event,
		   EventUserUse use, void *arg)
{
	int64		to;

	for (int64 from = 0; from < n; from = to)
	{
		for (to = from; to < n && same_key(&row[to], &row[from]); to++)
		{
			event[to - from] = row[to].event;
			affinity_base_look_up((uint64) to);
		}
		use(row[from].user, event, to - from, arg);
	}
}

static void
each_held(const EventLog *log, EventUserUse use, void *arg)
{
	uint32		n_parts = log->n_rows / PASS_ROWS + 1;

	for (uint32 part = 0; part < n_parts; part++)
	{
		int64		n = n_parts == 1 ? log->n_rows :
			read_part(log, part, n_parts, NULL);
		HeldEvent  *row = affinity_base_array((Size) n, sizeof(HeldEvent));
		AffinityEvent *event = affinity_base_array((Size) n,
												   sizeof(AffinityEvent));

		read_part(log, part, n_parts, row);
		sort_held_events(row, (size_t) n);
		use_sorted(row, n, event, use, arg);
		pfree(row);
		pfree(event);
	}
}

/* Hand on the rows of each user, if there are any. */
void
affinity_eventlog_each_user(const EventLog *log, EventUserUse use, void *arg)
{
	if (log->kind.version == EVENT_LOG_PACKED)
		affinity_eventlog_packed_each(&log, 1, use, arg);
	else if (event_log_packs(log))
	{
		const EventLog *packed = affinity_eventlog_pack(log);

		affinity_eventlog_packed_each(&packed, 1, use, arg);
		pfree(unconstify(EventLog *, packed));
	}
	else if (event_holds(&log->kind))
		each_held(log, use, arg);
	else if (log->n_rows > 0)
	{
		EventUserId one = {0, 0};
		int64		n;
		AffinityEvent *event = affinity_eventlog_sorted(log, &n);

		use(one, event, n, arg);
		pfree(event);
	}
}

/* The id of a user whose rows were handed on: a number's, or 16 bytes. */
EventUserId
affinity_eventlog_user_id(const EventLog *log, EventUserId user)
{
	return event_log_packs(log) ? event_user_unmix(user) : user;
}
