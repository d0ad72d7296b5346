/*
 * log.h
 *		Private to the room: the bytes of a log that is flat.
 *
 * A log is one varlena: a header, options or a pattern, and rows. Finished
 * logs of many users are packed (packed.h); the others have their rows as they
 * came and, once they are finished, in order. A row is the user (0, 8 or 16 bytes), the held property if there is
 * one (8 bytes), the time (8 bytes) and the set of conditions that it
 * satisfies (1, 2, 4 or 8 bytes), without padding. A log of chains has for
 * each user the number of the last step (1 byte) and, for each step after the
 * first, the time since the first (8 bytes; -1 for an optional step that was
 * left out).
 */
#ifndef AFFINITY_EVENTLOG_LOG_H
#define AFFINITY_EVENTLOG_LOG_H

#include "eventlog/eventlog.h"

#define EVENT_LOG_VERSION 1
#define EVENT_LOG_PACKED 2		/* users in order: packed.h */

struct EventLog
{
	int32		vl_len_;		/* varlena header: all room, used or not */
	uint32		magic;			/* FUNNEL_MAGIC or SEQUENCE_MAGIC */
	EventKind	kind;			/* version: EVENT_LOG_VERSION or _PACKED */
	uint32		n_rows;			/* rows, or chains */
	uint32		used;			/* bytes of data in use, with the options */
	uint32		options_len;	/* bytes of options or pattern, ahead of rows */
	uint32		unused;			/* 0 */
	char		data[FLEXIBLE_ARRAY_MEMBER];
};

#define EVENT_LOG_HEADER offsetof(EventLog, data)
#define EVENT_LOG_ROOM(log) (VARSIZE(log) - EVENT_LOG_HEADER)
#define EVENT_LOG_ROWS(log) ((log)->data + (log)->options_len)

StaticAssertDecl(sizeof(EventKind) == 16 && EVENT_LOG_HEADER == 40,
				 "header of a log");

/* Bytes of a row's parts. */
static inline Size
event_user_size(const EventKind *kind)
{
	switch (kind->user_kind)
	{
		case EVENT_USER_INT:
			return 8;
		case EVENT_USER_UUID:
		case EVENT_USER_TEXT:
			return 16;
		default:
			return 0;
	}
}

static inline Size
event_steps_size(const EventKind *kind)
{
	if (kind->n_conditions <= 8)
		return 1;
	if (kind->n_conditions <= 16)
		return 2;
	return kind->n_conditions <= 32 ? 4 : 8;
}

static inline bool
event_holds(const EventKind *kind)
{
	return (kind->mode & EVENT_MODE_HOLD) != 0;
}

/* The user and the held property: what stands before the time. */
static inline Size
event_key_size(const EventKind *kind)
{
	return event_user_size(kind) + (event_holds(kind) ? sizeof(uint64) : 0);
}

static inline Size
event_row_size(const EventKind *kind)
{
	return event_key_size(kind) + sizeof(int64) + event_steps_size(kind);
}

/* Has it been made by calls with this definition? */
static inline bool
event_log_is_of(const EventLog *log, const EventDefinition *definition)
{
	EventDefinition of = {log->magic, log->options_len, log->data, log->kind};

	return affinity_eventlog_same_definition(&of, definition);
}

/* Is it a log that is packed once it is finished? */
static inline bool
event_log_packs(const EventLog *log)
{
	return log->magic == FUNNEL_MAGIC &&
		(log->kind.user_kind == EVENT_USER_INT ||
		 log->kind.user_kind == EVENT_USER_UUID ||
		 log->kind.user_kind == EVENT_USER_TEXT) && !event_holds(&log->kind);
}

static inline uint64
event_read_steps(const char *from, Size size)
{
	uint16		two;
	uint32		four;
	uint64		eight;

	switch (size)
	{
		case 1:
			return (uint8) *from;
		case 2:
			memcpy(&two, from, sizeof(two));
			return two;
		case 4:
			memcpy(&four, from, sizeof(four));
			return four;
		default:
			memcpy(&eight, from, sizeof(eight));
			return eight;
	}
}

static inline void
event_write_steps(char *to, Size size, uint64 steps)
{
	uint16		two = (uint16) steps;
	uint32		four = (uint32) steps;

	switch (size)
	{
		case 1:
			*to = (char) (uint8) steps;
			break;
		case 2:
			memcpy(to, &two, sizeof(two));
			break;
		case 4:
			memcpy(to, &four, sizeof(four));
			break;
		default:
			memcpy(to, &steps, sizeof(steps));
			break;
	}
}

/* The user of a row. */
static inline EventUserId
event_read_user(const char *row, Size user_size)
{
	EventUserId user = {0, 0};

	memcpy(&user.low, row, sizeof(uint64));
	if (user_size > sizeof(uint64))
		memcpy(&user.high, row + sizeof(uint64), sizeof(uint64));
	return user;
}

static inline bool
event_user_before(EventUserId a, EventUserId b)
{
	return a.low != b.low ? a.low < b.low : a.high < b.high;
}

/* log.c */
extern EventLog *affinity_eventlog_grow(EventLog *log, Size bytes);
pg_noreturn extern void affinity_eventlog_too_large(Size bytes);
pg_noreturn extern void affinity_eventlog_too_many_rows(void);
pg_noreturn extern void affinity_eventlog_damaged(void);

/* read.c */
extern void affinity_eventlog_events_sort(AffinityEvent *event, int64 n);

/* order.c */
extern EventLog *affinity_eventlog_in_order(EventLog *log);

/* same.c */
extern void affinity_eventlog_check_same(const EventLog *a, const EventLog *b,
										 EventModeText mode_text);

/* rule.c */
extern bool affinity_eventlog_options_valid(const EventLog *log);
extern int64 affinity_eventlog_step_window(const EventLog *log, int step);

/*
 * chains.c: what is wrong with a log of chains, NULL if nothing is; bytes of
 * the chain that stands there
 */
extern const char *affinity_eventlog_chains_fault(const EventLog *log);
extern Size affinity_eventlog_chain_size(const char *from, const char *end);

#endif							/* AFFINITY_EVENTLOG_LOG_H */
