/*
 * group.c
 *		From the rows of one part of the users, in any order, to each user's
 *		rows in order of time.
 *
 * A part is small enough for the processor's cache. Where it has few users,
 * they are found in a small hash table, whose slots are in the order of
 * hashes, and each row is written to its user's. Otherwise rows are spread by
 * the next bits of their user's hash into groups of a few users, and each
 * group is sorted by user and time.
 *
 * Both keep the order in which rows came; that is mostly the order of time,
 * so an insertion sort has little to move. Where it would move much, rows are
 * sorted in n log n steps instead, and where ids crowd in the table, groups
 * are made: no choice of ids or times makes this slow.
 *
 * Memory is taken from the context that was current at creation.
 */
#include "postgres.h"

#include "miscadmin.h"

#include "eventlog/parted.h"

/* Groups: as many as half the rows, or 2^MAX_GROUP_BITS. */
#define MAX_GROUP_BITS 13

/*
 * The table of users. Its rows have numbers of 16 bits, and a user is found
 * after MAX_PROBES steps or not at all, so nothing wraps around.
 */
#define SLOT_BITS 13
#define MAX_PROBES 16
#define N_SLOTS ((1 << SLOT_BITS) + MAX_PROBES)
#define TABLE_USERS (1 << (SLOT_BITS - 1))
#define TABLE_ROWS 65536

/* Moves that an insertion sort may cost. */
#define MOVES_OF(n) (8 * (n) + 64)

typedef struct UserEvent
{
	EventUserId user;
	AffinityEvent event;
} UserEvent;

struct EventGrouper
{
	Size		user_size;
	Size		steps_size;
	MemoryContext context;
	UserEvent  *row;			/* those of a part */
	Size		row_room;
	AffinityEvent *event;		/* those of a user, or of a part by user */
	Size		event_room;
	bool		many_users;		/* more than the table takes */
	uint32		start[(1 << MAX_GROUP_BITS) + 1];
	/* the table */
	uint64		hash[N_SLOTS];
	uint64		high[N_SLOTS];	/* of wide ids */
	uint32		count[N_SLOTS]; /* rows; 0: nobody is here */
	uint32		at[N_SLOTS];	/* where the next of them goes */
	uint16		order[TABLE_USERS]; /* slots in use, by user */
	uint16		slot[TABLE_ROWS];	/* of each row */
};

static inline bool
user_event_before(const UserEvent *a, const UserEvent *b)
{
	if (!event_same_user(a->user, b->user))
		return event_user_before(a->user, b->user);
	return affinity_chain_event_before(&a->event, &b->event);
}

#define ST_SORT sort_user_events
#define ST_ELEMENT_TYPE UserEvent
#define ST_COMPARE(a, b) (user_event_before(a, b) ? -1 : \
						  user_event_before(b, a) ? 1 : 0)
#define ST_SCOPE static
#define ST_CHECK_FOR_INTERRUPTS
#define ST_DECLARE
#define ST_DEFINE
#include "lib/sort_template.h"

EventGrouper *
affinity_eventlog_grouper_create(const EventLog *like)
{
	EventGrouper *grouper = palloc(sizeof(EventGrouper));

	grouper->user_size = event_user_size(&like->kind);
	grouper->steps_size = event_steps_size(&like->kind);
	grouper->context = CurrentMemoryContext;
	grouper->row = NULL;
	grouper->event = NULL;
	grouper->many_users = false;
	grouper->row_room = grouper->event_room = 0;
	return grouper;
}

void
affinity_eventlog_grouper_free(EventGrouper *grouper)
{
	if (grouper->row != NULL)
		pfree(grouper->row);
	if (grouper->event != NULL)
		pfree(grouper->event);
	pfree(grouper);
}

/* Room for n entries; what was in it is not kept. */
static void *
make_room(MemoryContext context, void *old, Size *room, Size n, Size width)
{
	if (n <= *room)
		return old;
	if (old != NULL)
		pfree(old);
	*room = Max(n, *room * 2);
	return MemoryContextAllocHuge(context, mul_size(*room, width));
}

/* One part of a log. */
typedef struct Part
{
	const EventChunk *first;
	const EventChunk *last;
	const char *end;			/* of the rows in the last chunk */
	int			bits;			/* that all its hashes have in common */
} Part;

/* Where a chunk's rows end. */
static inline const char *
chunk_end(const Part *part, const EventChunk *chunk)
{
	return chunk == part->last ? part->end : chunk->row + chunk->used;
}

/* A group: the hash's bits below those that the part stands for. */
static inline uint32
group_of(uint64 hash, int part_bits, int bits)
{
	return (uint32) ((hash << part_bits) >> (64 - bits));
}

static pg_attribute_always_inline void
count_groups(EventGrouper *grouper, const Part *part, int bits,
			 Size user_size, Size steps_size)
{
	Size		row_size = user_size + sizeof(int64) + steps_size;
	const EventChunk *chunk;

	for (chunk = part->first; chunk != NULL; chunk = chunk->next)
	{
		const char *end = chunk_end(part, chunk);
		const char *row;

		for (row = chunk->row; row < end; row += row_size)
		{
			uint64		hash;

			/* the next chunk is somewhere else */
			__builtin_prefetch((const char *) chunk->next +
							   (row - (const char *) chunk));
			memcpy(&hash, row, sizeof(hash));
			grouper->start[group_of(hash, part->bits, bits) + 1]++;
		}
		CHECK_FOR_INTERRUPTS();
	}
}

static pg_attribute_always_inline void
spread_rows(EventGrouper *grouper, const Part *part, int bits,
			Size user_size, Size steps_size)
{
	Size		row_size = user_size + sizeof(int64) + steps_size;
	const EventChunk *chunk;

	for (chunk = part->first; chunk != NULL; chunk = chunk->next)
	{
		const char *end = chunk_end(part, chunk);
		const char *row;

		for (row = chunk->row; row < end; row += row_size)
		{
			UserEvent	e;

			e.user = event_read_user(row, user_size);
			memcpy(&e.event.at, row + user_size, sizeof(int64));
			e.event.steps = event_read_steps(row + user_size + sizeof(int64),
											 steps_size);
			grouper->row[grouper->start[group_of(e.user.low, part->bits,
												 bits)]++] = e;
		}
		CHECK_FOR_INTERRUPTS();
	}
}

/*
 * Rows by group. Afterwards start[g] is where group g ends. With sizes that
 * the compiler knows a row is a few moves.
 */
static void
make_groups(EventGrouper *grouper, const Part *part, int bits)
{
	bool		usual = grouper->user_size == 8 && grouper->steps_size == 1;

	memset(grouper->start, 0, sizeof(uint32) * (((Size) 1 << bits) + 1));
	if (usual)
		count_groups(grouper, part, bits, 8, 1);
	else
		count_groups(grouper, part, bits, grouper->user_size,
					 grouper->steps_size);
	for (int i = 0; i < 1 << bits; i++)
		grouper->start[i + 1] += grouper->start[i];
	if (usual)
		spread_rows(grouper, part, bits, 8, 1);
	else
		spread_rows(grouper, part, bits, grouper->user_size,
					grouper->steps_size);
}

/* False if it was given up, because there was too much to move. */
static bool
insertion_sort(UserEvent *row, int64 n)
{
	int64		moves = MOVES_OF(n);

	for (int64 i = 1; i < n; i++)
	{
		UserEvent	moved;
		int64		j = i;

		if (!user_event_before(&row[i], &row[i - 1]))
			continue;
		moved = row[i];
		do
		{
			row[j] = row[j - 1];
			j--;
		} while (j > 0 && user_event_before(&moved, &row[j - 1]));
		row[j] = moved;
		moves -= i - j;
		if (moves < 0)
			return false;
		affinity_base_look_up((uint64) i);
	}
	return true;
}

/* Hand on the users of sorted rows. */
static void
use_rows(EventGrouper *grouper, const UserEvent *row, int64 n,
		 EventUserUse use, void *arg)
{
	int64		from = 0;
	int64		to;

	while (from < n)
	{
		grouper->event[0] = row[from].event;
		for (to = from + 1; to < n && event_same_user(row[to].user,
													  row[from].user); to++)
		{
			grouper->event[to - from] = row[to].event;
			affinity_base_look_up((uint64) to);
		}
		use(row[from].user, grouper->event, to - from, arg);
		from = to;
	}
}

/* ---- few users -------------------------------------------------------- */

/*
 * Find the slot of each row's user and count its rows; how many users there
 * are, or -1 if they are too many or crowd.
 */
static pg_attribute_always_inline int
count_users(EventGrouper *grouper, const Part *part, Size user_size,
			Size steps_size)
{
	Size		row_size = user_size + sizeof(int64) + steps_size;
	uint16	   *slot = grouper->slot;
	int			n_users = 0;
	const EventChunk *chunk;

	memset(grouper->count, 0, sizeof(grouper->count));
	for (chunk = part->first; chunk != NULL; chunk = chunk->next)
	{
		const char *end = chunk_end(part, chunk);
		const char *row;

		for (row = chunk->row; row < end; row += row_size)
		{
			EventUserId user = event_read_user(row, user_size);
			uint32		s = group_of(user.low, part->bits, SLOT_BITS);
			uint32		last = s + MAX_PROBES;

			/* the next chunk is somewhere else */
			__builtin_prefetch((const char *) chunk->next +
							   (row - (const char *) chunk));
			while (grouper->count[s] != 0 &&
				   (grouper->hash[s] != user.low ||
					(user_size > 8 && grouper->high[s] != user.high)))
				if (++s == last)
					return -1;
			if (grouper->count[s]++ == 0)
			{
				if (n_users++ == TABLE_USERS)
					return -1;
				grouper->hash[s] = user.low;
				grouper->high[s] = user.high;
			}
			*slot++ = (uint16) s;
		}
		CHECK_FOR_INTERRUPTS();
	}
	return n_users;
}

/* Put the users in order, and give each the place of its rows. */
static void
order_users(EventGrouper *grouper, int n_users)
{
	uint16	   *order = grouper->order;
	uint32		at = 0;
	int			n = 0;

	for (int s = 0; n < n_users; s++)
	{
		int			i = n;

		if (grouper->count[s] == 0)
			continue;
		/* one that was not in its own slot may be before those in theirs */
		for (n++; i > 0; i--)
		{
			EventUserId a = {grouper->hash[s], grouper->high[s]};
			EventUserId b = {grouper->hash[order[i - 1]],
			grouper->high[order[i - 1]]};

			if (!event_user_before(a, b))
				break;
			order[i] = order[i - 1];
		}
		order[i] = (uint16) s;
	}
	for (n = 0; n < n_users; n++)
	{
		grouper->at[order[n]] = at;
		at += grouper->count[order[n]];
	}
}

static pg_attribute_always_inline void
place_rows(EventGrouper *grouper, const Part *part, Size user_size,
		   Size steps_size)
{
	Size		row_size = user_size + sizeof(int64) + steps_size;
	const uint16 *slot = grouper->slot;
	const EventChunk *chunk;

	for (chunk = part->first; chunk != NULL; chunk = chunk->next)
	{
		const char *end = chunk_end(part, chunk);
		const char *row;

		for (row = chunk->row; row < end; row += row_size)
		{
			AffinityEvent *event = &grouper->event[grouper->at[*slot++]++];

			memcpy(&event->at, row + user_size, sizeof(int64));
			event->steps = event_read_steps(row + user_size + sizeof(int64),
											steps_size);
		}
		CHECK_FOR_INTERRUPTS();
	}
}

/* False if it was given up, because there was too much to move. */
static bool
insertion_sort_events(AffinityEvent *event, int64 n)
{
	int64		moves = MOVES_OF(n);

	for (int64 i = 1; i < n; i++)
	{
		AffinityEvent moved = event[i];
		int64		j = i;

		while (j > 0 && affinity_chain_event_before(&moved, &event[j - 1]))
		{
			event[j] = event[j - 1];
			j--;
		}
		event[j] = moved;
		moves -= i - j;
		if (moves < 0)
			return false;
	}
	return true;
}

/* False if there are too many users for this. */
static bool
use_table(EventGrouper *grouper, const Part *part, Size n, EventUserUse use,
		  void *arg)
{
	bool		usual = grouper->user_size == 8 && grouper->steps_size == 1;
	int			n_users = usual ? count_users(grouper, part, 8, 1) :
		count_users(grouper, part, grouper->user_size, grouper->steps_size);

	if (n_users < 0)
		return false;
	grouper->event = make_room(grouper->context, grouper->event,
							   &grouper->event_room, n, sizeof(AffinityEvent));
	order_users(grouper, n_users);
	if (usual)
		place_rows(grouper, part, 8, 1);
	else
		place_rows(grouper, part, grouper->user_size, grouper->steps_size);
	for (int i = 0; i < n_users; i++)
	{
		int			s = grouper->order[i];
		EventUserId mixed = {grouper->hash[s], grouper->high[s]};
		int64		rows = grouper->count[s];
		AffinityEvent *event = grouper->event + grouper->at[s] - rows;

		if (!insertion_sort_events(event, rows))
			affinity_eventlog_events_sort(event, rows);
		use(mixed, event, rows, arg);
	}
	return true;
}

/* ---- any number of users ---------------------------------------------- */

static void
use_groups(EventGrouper *grouper, const Part *part, Size n, EventUserUse use,
		   void *arg)
{
	int			bits = 1;
	uint32		from = 0;

	while (bits < MAX_GROUP_BITS && (n >> bits) > 2)
		bits++;
	grouper->row = make_room(grouper->context, grouper->row,
							 &grouper->row_room, n, sizeof(UserEvent));
	make_groups(grouper, part, bits);
	for (int g = 0; g < 1 << bits; from = grouper->start[g++])
	{
		UserEvent  *row = grouper->row + from;
		Size		rows = grouper->start[g] - from;

		if (rows == 0)
			continue;
		if (!insertion_sort(row, (int64) rows))
			sort_user_events(row, rows);
		grouper->event = make_room(grouper->context, grouper->event,
								   &grouper->event_room, rows,
								   sizeof(AffinityEvent));
		use_rows(grouper, row, (int64) rows, use, arg);
	}
}

/*
 * Hand on each user of a part in the order of their mixed ids.
 */
void
affinity_eventlog_grouper_use(EventGrouper *grouper,
							  const PartedLog *parted, int i,
							  EventUserUse use, void *arg)
{
	const EventPart *of = &parted->part[i];
	Part		part = {of->first, of->last, parted->place[i].at,
	parted->bits};
	Size		n = (of->bytes + (Size) (part.end - of->last->row)) /
		parted->row_size;

	if (!grouper->many_users && n <= TABLE_ROWS)
	{
		if (use_table(grouper, &part, n, use, arg))
			return;
		/* other parts have as many */
		grouper->many_users = true;
	}
	use_groups(grouper, &part, n, use, arg);
}
