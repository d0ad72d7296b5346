/*
 * packed.h
 *		Private to the room: the packed form of a log of many users.
 *
 * A packed log has the header and the options of any event log, and then its
 * users, each once. Users are named by a number that mixes all bits of their
 * id and is as good as the id, as it can be mixed back, and are in the order
 * of these numbers; their rows are in the order of time. So equal contents
 * are equal bytes, and logs are merged by reading them side by side. A user
 * is
 *
 *		the mixed id			8 bytes, and 8 more of uuid and text
 *		shape					1 byte: how many bytes an offset has (0 to 8), and
 *								16 times the number of further rows; 15 of those
 *								stand for 15 or more,
 *		further rows less 15	and are followed by this, 7 bits a byte
 *		first time				8 bytes
 *		steps of that row		1, 2, 4 or 8 bytes
 *		for each further row the offset from the first time and the steps.
 *
 * PACKED_TAIL bytes of 0 follow the last user, so that an offset can be read
 * as 8 bytes wherever it is. 20 rows of a user take 8 bytes each, one row
 * alone 18.
 */
#ifndef AFFINITY_EVENTLOG_PACKED_H
#define AFFINITY_EVENTLOG_PACKED_H

#include "eventlog/log.h"

#define PACKED_TAIL sizeof(uint64)
#define PACKED_MANY 15

/* The user that a packed log names so. */
static inline EventUserId
event_user_unmix(EventUserId mixed)
{
	EventUserId user = mixed;

	user.low = affinity_base_unmix64(mixed.low) ^
		mixed.high * EVENT_USER_MULTIPLIER;
	return user;
}

/* ---- packed.c: writing, reading, checking ------------------------------ */

typedef struct PackedWriter
{
	EventLog   *log;
	char	   *to;
	char	   *end;			/* of the room, without what the tail needs */
	Size		high_size;
	Size		steps_size;
	uint64		n_rows;
} PackedWriter;

extern void affinity_eventlog_packed_begin(PackedWriter *writer,
										   const EventLog *like,
										   uint64 max_rows);
extern void affinity_eventlog_packed_add(EventUserId mixed,
										 const AffinityEvent *event, int64 n,
										 void *writer);
extern EventLog *affinity_eventlog_packed_end(PackedWriter *writer);

typedef struct PackedReader
{
	const char *next;			/* the next user */
	const char *end;
	Size		high_size;
	Size		steps_size;
	bool		at_end;
	/* the user read last */
	EventUserId mixed;
	uint32		n;
	int			width;
	const char *rows;			/* the first time and what follows */
} PackedReader;

extern void affinity_eventlog_packed_open(PackedReader *reader,
										  const EventLog *log);
extern void affinity_eventlog_packed_next(PackedReader *reader);
extern void affinity_eventlog_packed_rows(const PackedReader *reader,
										  AffinityEvent *event);
extern const char *affinity_eventlog_packed_fault(const EventLog *log);

/* ---- beside.c: several side by side ------------------------------------ */

extern void affinity_eventlog_packed_each(const EventLog *const *log,
										  int n_logs,
										  EventUserUse use, void *arg);
extern EventLog *affinity_eventlog_packed_union(const EventLog *const *log,
												int n_logs);
extern EventLog *affinity_eventlog_unpack(EventLog *log,
										  const EventLog *packed);

#endif							/* AFFINITY_EVENTLOG_PACKED_H */
