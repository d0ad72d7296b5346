/*
 * packed.h
 *		Private to src/cohort/funnel*.c: the packed form of a log of many
 *		users, and the state that becomes one.
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
 * as
 * 8 bytes wherever it is. 20 rows of a user take 8 bytes each, one row alone 18.
 */
#ifndef AFFINITY_EVENTLOG_PACKED_H
#define AFFINITY_EVENTLOG_PACKED_H

#include "calendar/calendar.h"
#include "eventlog/eventlog.h"

#define PACKED_TAIL sizeof(uint64)
#define PACKED_MANY 15

/* Is it a log of the kind that can be packed? */
static inline bool
event_log_packs(const EventLog *log)
{
	return log->magic == FUNNEL_MAGIC && (log->user_kind == EVENT_USER_INT ||
										  log->user_kind == EVENT_USER_UUID ||
										  log->user_kind == EVENT_USER_TEXT) &&
		(log->mode & FUNNEL_MODE_HOLD) == 0;
}

/* A user as packed logs name it: `low` is a hash that can be taken back. */
static inline EventUserId
event_user_mix(EventUserId user)
{
	EventUserId mixed = {event_user_hash(user), user.high};

	return mixed;
}

static inline EventUserId
event_user_unmix(EventUserId mixed)
{
	EventUserId user = mixed;

	user.low = affinity_base_unmix64(mixed.low) ^
		mixed.high * EVENT_USER_MULTIPLIER;
	return user;
}

/* A row's id in a log that is not packed. */
static inline EventUserId
event_read_user(const char *row, Size user_size)
{
	EventUserId user = {0, 0};

	memcpy(&user.low, row, sizeof(uint64));
	if (user_size > sizeof(uint64))
		memcpy(&user.high, row + sizeof(uint64), sizeof(uint64));
	return user;
}

/* ---- packed.c -------------------------------------------------- */

/* One user's rows, in order. */
typedef void (*EventUserUse) (EventUserId mixed, const AffinityEvent *event,
							  int64 n, void *arg);

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
extern void affinity_eventlog_packed_each(EventLog *const *log, int n_logs,
										  EventUserUse use, void *arg);
extern EventLog *affinity_eventlog_packed_union(EventLog *const *log,
												int n_logs);
extern EventLog *affinity_eventlog_packed_append(EventLog *log,
												 const EventLog *packed);

/* ---- parted.c -------------------------------------------------- */

#define PARTED_SLABS 80
#define PARTED_RUNS 8
#define PARTED_WAITING 64

/* Rows of one part of the users. */
typedef struct EventChunk
{
	struct EventChunk *next;
	Size		used;			/* bytes of rows; not kept of the last chunk */
	char		row[FLEXIBLE_ARRAY_MEMBER];
} EventChunk;

typedef struct EventPart
{
	EventChunk *first;
	EventChunk *last;
	Size		bytes;			/* of rows in the chunks before the last */
} EventPart;

/* Where a part's next row goes; apart from the rest, to be in the cache. */
typedef struct EventPlace
{
	char	   *at;
	char	   *end;			/* of the last chunk */
} EventPlace;

typedef struct WaitingRow
{
	EventUserId mixed;
	AffinityEvent event;
} WaitingRow;

typedef struct PartedLog
{
	ExpandedObjectHeader hdr;
	EventLog   *header;			/* of what kind it is: a log without rows */
	Size		row_size;
	int			bits;			/* there are 2^bits parts */
	Size		chunk_size;
	Size		first_chunk_size;
	char	   *slab_at;		/* what is left of the slab in use */
	char	   *slab_end;
	int			slabs_used;
	int			n_slabs;
	Size		slab_bytes;		/* in all slabs */
	struct
	{
		char	   *area;
		Size		size;
	}			slab[PARTED_SLABS];
	int			n_runs;
	EventLog   *run[PARTED_RUNS];	/* packed */
	EventPart  *part;
	int			n_waiting;		/* rows that are not in their parts yet */
	WaitingRow	waiting[PARTED_WAITING];
	EventPlace	place[FLEXIBLE_ARRAY_MEMBER];
} PartedLog;

extern const ExpandedObjectMethods affinity_eventlog_parted_methods;

extern PartedLog *affinity_eventlog_parted_start(const EventLog *log,
												 MemoryContext aggregate);
extern Datum affinity_eventlog_parted_datum(PartedLog *parted);
extern void affinity_eventlog_parted_let_in(PartedLog *parted);
extern void affinity_eventlog_parted_merge(PartedLog *parted,
										   const EventLog *log);
extern EventLog *affinity_eventlog_parted_flat(PartedLog *parted);
extern EventLog *affinity_eventlog_pack(const EventLog *log);

/*
 * The state that a value is, or NULL if it is of another kind. Final
 * functions are given values to read only, and only transition functions may
 * change one.
 */
static inline PartedLog *
affinity_eventlog_parted_to_read(Datum state)
{
	ExpandedObjectHeader *header = affinity_base_expanded(state);

	return header != NULL &&
		header->eoh_methods == &affinity_eventlog_parted_methods ?
		(PartedLog *) header : NULL;
}

static inline PartedLog *
affinity_eventlog_parted_log(Datum state)
{
	return VARATT_IS_EXTERNAL_EXPANDED_RW(DatumGetPointer(state)) ?
		affinity_eventlog_parted_to_read(state) : NULL;
}

/* One more row. */
static inline void
affinity_eventlog_parted_add(PartedLog *parted, EventUserId mixed,
							 const AffinityEvent *event)
{
	WaitingRow *row = &parted->waiting[parted->n_waiting++];

	row->mixed = mixed;
	row->event = *event;
	if (parted->n_waiting == PARTED_WAITING)
		affinity_eventlog_parted_let_in(parted);
}

/* ---- group.c --------------------------------------------------- */

typedef struct EventGrouper EventGrouper;

extern EventGrouper *affinity_eventlog_grouper_create(const EventLog *like);
extern void affinity_eventlog_grouper_use(EventGrouper *grouper,
										  const PartedLog *parted, int part,
										  EventUserUse use, void *arg);
extern void affinity_eventlog_grouper_free(EventGrouper *grouper);

#endif							/* AFFINITY_EVENTLOG_PACKED_H */
