/*
 * set.h
 *		The growing activity state. Private to the room.
 *
 * While a state grows under an aggregate it is an ActivitySet, an expanded
 * object with a hash of its users, in a memory context below the aggregate's:
 * nodeAgg adopts such an object without copying it, where every growth of a
 * flat value would be copied once more. Groups of a few users stay flat, so a
 * million groups make no million contexts.
 */
#ifndef AFFINITY_ACTIVITY_SET_H
#define AFFINITY_ACTIVITY_SET_H

#include "activity/flat.h"

typedef struct ActivityEvent
{
	uint32		user;
	uint32		flags;			/* EVENT_ */
	int64		at;				/* us */
} ActivityEvent;

/* In the order of users, and of each by what its entries say. */
typedef struct ActivityAmount
{
	uint32		entry;			/* user * 4 + ValueEntry */
	uint32		period;
	int128		sum;			/* in 2^-60 */
} ActivityAmount;

#define ACTIVITY_BATCH 512

/* Between two looks at interrupts a batch of users is merged, or fewer. */
#define ACTIVITY_USER_WORK (65536 / ACTIVITY_BATCH)

/* Bytes of text ids from which on fewer rows are inserted together. */
#define ACTIVITY_BATCH_TEXT ((Size) 1 << 20)

/* Slots of a bucket: a cache line; tags are compared four at a time. */
#define ACTIVITY_BUCKET 8

typedef struct ActivityBucket
{
	uint32		tag[ACTIVITY_BUCKET];	/* upper half of the key's hash */
	uint32		user[ACTIVITY_BUCKET];	/* its number + 1; 0 is free */
} ActivityBucket;

/* Users of a chunk: 4 MB of them for a year of weeks, 14 for one of days. */
#define ACTIVITY_CHUNK_BITS 18

typedef struct ActivitySet
{
	ExpandedObjectHeader hdr;	/* valid where expanded */
	bool		expanded;
	MemoryContext cxt;			/* everything below is here */
	ActivityKind kind;
	int64		first_at;		/* us */
	int64		last_at;		/* us */
	uint32		first_period;	/* of the rows inserted so far */
	uint32		last_period;

	/* the users: rows of key and bitmap, in chunks, found through slots */
	uint32		n_users;
	uint32		users_cap;
	uint32		key_size;		/* bytes of a row before its bitmap */
	uint32		n_words;		/* of a row's bitmap; 0 with a log */
	Size		stride;			/* bytes of a row */
	char	  **chunks;
	uint32		chunks_cap;
	uint32		n_slots;
	ActivityBucket *buckets;	/* n_slots / ACTIVITY_BUCKET */
	char	   *text;			/* bytes of text ids, by key.text */
	Size		text_len;
	Size		text_cap;

	/* their periods: bitmaps in the rows, or a log */
	bool		dense;
	uint32		first_bit;		/* period of the bitmaps' first bit; a
								 * multiple of 64 where they have several
								 * words */
	uint64	   *pairs;			/* user << 32 | period */
	ActivityEvent *events;
	ActivityAmount *amounts;
	Size		log_len;
	Size		log_cap;
	Size		log_sorted;		/* sorted and without duplicates up to here */

	/* or, of values in few periods, a column of sums for each; see sums.c */
	bool		sums_in_columns;	/* is that of use? */
	uint8		sums_bits;		/* a block has 2^sums_bits users */
	int128	  **blocks;			/* SUMS_GROUPS for each so many users */
	uint32		blocks_cap;		/* for so many times so many users */
	uint32		n_blocks;
	uint32		users_judged;	/* so many users when it was of use last */
	Size		n_sums;

	/* rows not yet inserted */
	int			n_rows;
	int			batch;			/* how many are inserted together */
	ActivityRow *buffer;
	int128	   *buffer_sums;	/* beside buffer; only for values */
	char	   *buffer_text;
	Size		buffer_text_len;
	Size		buffer_text_cap;

	/* what flattening found out; valid while flat_size is not 0 */
	Size		flat_size;
	ActivityShape flat_shape;
} ActivitySet;

static inline char *
affinity_activity_set_row(const ActivitySet *set, uint32 user)
{
	return set->chunks[user >> ACTIVITY_CHUNK_BITS] +
		(user & ((UINT32_C(1) << ACTIVITY_CHUNK_BITS) - 1)) * set->stride;
}

static inline ActivityKey *
affinity_activity_set_key(const ActivitySet *set, uint32 user)
{
	return (ActivityKey *) affinity_activity_set_row(set, user);
}

static inline uint64 *
affinity_activity_set_words(const ActivitySet *set, uint32 user)
{
	return (uint64 *) (affinity_activity_set_row(set, user) + set->key_size);
}

/*
 * A row's bitmap as the flat form has it: words that begin at multiples of
 * 64, from first_bit / 64 on. Returns how many; apart is for those that are
 * not so in the row.
 */
static inline uint32
affinity_activity_set_aligned(const ActivitySet *set,
							  uint32 user,
							  uint64 apart[2],
							  const uint64 **words)
{
	uint32		shift = set->first_bit % 64;

	*words = affinity_activity_set_words(set, user);
	if (shift == 0)
		return set->n_words;
	apart[0] = **words << shift;
	apart[1] = **words >> (64 - shift);
	*words = apart;
	return 2;
}

/*
 * Where the log has the last sum of a user of values, + 1; 0 is nowhere. Most
 * sums of a period come one after the other, so that they are added up there.
 */
static inline uint64 *
affinity_activity_set_last(const ActivitySet *set, ActivityKey *row)
{
	return (uint64 *) ((char *) row + set->key_size);
}

/*
 * Of a user whose sums are in columns the periods that have one, in place of
 * its last sum in the log: bit p % 64 is period p.
 */
static inline uint64 *
affinity_activity_set_summed(const ActivitySet *set, ActivityKey *row)
{
	return affinity_activity_set_last(set, row);
}

#define SUMS_COLUMNS 64

/* The same in order: bit i is the set's first period + i. */
static inline uint64
affinity_activity_set_summed_from(const ActivitySet *set, ActivityKey *row)
{
	uint64		bits = *affinity_activity_set_summed(set, row);
	uint32		first = set->first_period % SUMS_COLUMNS;

	return first == 0 ? bits : bits >> first | bits << (SUMS_COLUMNS - first);
}

/* Columns are in groups: a user's sums of one are a cache line. */
#define SUMS_GROUP 4
#define SUMS_GROUPS (SUMS_COLUMNS / SUMS_GROUP)
#define SUMS_BLOCK_BITS 15		/* 2 MB */

/* The block with a user's place for a period; NULL where there is none. */
static inline int128 **
affinity_activity_set_block(const ActivitySet *set, uint32 user, uint32 period)
{
	return &set->blocks[(user >> set->sums_bits) * SUMS_GROUPS +
						period % SUMS_COLUMNS / SUMS_GROUP];
}

/* A user's place for a period; where there is no block it is nowhere. */
static inline int128 *
affinity_activity_set_sum(const ActivitySet *set, uint32 user, uint32 period)
{
	int128	   *block = *affinity_activity_set_block(set, user, period);

	return block == NULL ? NULL
		: block + (user & ((UINT32_C(1) << set->sums_bits) - 1)) * SUMS_GROUP +
		period % SUMS_GROUP;
}

/* The user in a slot, + 1; 0 is free. */
static inline uint32 *
affinity_activity_slot_user(const ActivitySet *set, uint32 at)
{
	return &set->buckets[at / ACTIVITY_BUCKET].user[at % ACTIVITY_BUCKET];
}

static inline uint32 *
affinity_activity_slot_tag(const ActivitySet *set, uint32 at)
{
	return &set->buckets[at / ACTIVITY_BUCKET].tag[at % ACTIVITY_BUCKET];
}

/* The key of the user in a taken slot. */
static inline const ActivityKey *
affinity_activity_slot_key(const ActivitySet *set, uint32 at)
{
	return affinity_activity_set_key(set,
									 *affinity_activity_slot_user(set, at) - 1);
}

/* The slot behind another one. */
static inline uint32
affinity_activity_slot_next(const ActivitySet *set, uint32 at)
{
	return at + 1 == set->n_slots ? 0 : at + 1;
}

/* Where the search for a user begins: at the first slot of a bucket. */
static inline uint32
affinity_activity_slot_home(const ActivitySet *set, uint32 tag)
{
	return ((uint64) tag * (set->n_slots / ACTIVITY_BUCKET) >> 32) *
		ACTIVITY_BUCKET;
}

/* In the row of a user with a bitmap. */
static inline void
affinity_activity_set_bit(const ActivitySet *set, ActivityKey *row, uint32 period)
{
	uint64	   *words = (uint64 *) ((char *) row + set->key_size);
	uint32		bit = period - set->first_bit;

	words[bit / 64] |= UINT64CONST(1) << bit % 64;
}

/*
 * Put one period, event or value of a user in place; room was reserved. The
 * sum is looked at only where the set has values.
 */
static inline void
affinity_activity_set_entry(ActivitySet *set, uint32 user, uint32 period,
							int64 at, uint32 flags, const int128 *sum)
{
	if (set->dense)
		affinity_activity_set_bit(set, affinity_activity_set_key(set, user),
								  period);
	else if (set->kind.events)
	{
		ActivityEvent *event = &set->events[set->log_len++];

		event->user = user;
		event->flags = flags;
		event->at = at;
	}
	else if (set->kind.values)
	{
		ActivityAmount *amount = &set->amounts[set->log_len++];

		amount->entry = user << 2 | flags;
		amount->period = period;
		amount->sum = *sum;
	}
	else
		set->pairs[set->log_len++] = (uint64) user << 32 | period;
}

/* users.c */
extern void *affinity_activity_area(MemoryContext cxt, Size size);
extern void affinity_activity_free_area(void *area);
extern void affinity_activity_users_init(ActivitySet *set, uint32 users_cap,
										 uint32 n_slots);
extern void affinity_activity_users_reserve(ActivitySet *set, uint32 more);
extern void affinity_activity_users_restride(ActivitySet *set,
											 uint32 first_bit, uint32 n_words);

extern void affinity_activity_users_order(ActivitySet *set);
extern void affinity_activity_set_widen(ActivitySet *set);

/* sums.c */
extern void affinity_activity_sums_reserve(ActivitySet *set);
extern void affinity_activity_sums_to_log(ActivitySet *set);
extern int128 *affinity_activity_sums_block(ActivitySet *set, uint32 user,
											uint32 period);

/* Add to a user's sum of a period; its column is there. */
static inline void
affinity_activity_set_add_sum(ActivitySet *set, ActivityKey *row, uint32 user,
							  uint32 period, const int128 *sum)
{
	uint64	   *summed = affinity_activity_set_summed(set, row);
	uint64		bit = UINT64CONST(1) << period % SUMS_COLUMNS;
	int128	   *own = affinity_activity_set_sum(set, user, period);

	if (unlikely(own == NULL))
		own = affinity_activity_sums_block(set, user, period);
	if ((*summed & bit) != 0)
	{
		*own = affinity_activity_add_values(*own, *sum);
		return;
	}
	*own = *sum;
	*summed |= bit;
	set->n_sums++;
}

/* set.c */
extern const ExpandedObjectMethods affinity_activity_set_methods;
extern ActivitySet *affinity_activity_set_new(MemoryContext parent,
											  const ActivityKind *kind,
											  bool expanded);
extern bool affinity_activity_set_buffer_text(ActivitySet *set,
											  ActivityRow *row,
											  const char *text, uint32 len);
extern void affinity_activity_set_flush(ActivitySet *set);
extern uint32 affinity_activity_set_find(ActivitySet *set, AffinityIdKind ids,
										 uint32 tag, const ActivityKey *key,
										 const char *text);
extern bool affinity_activity_set_knows(const ActivitySet *set, uint32 tag,
										const ActivityKey *key,
										const char *text);

/* absorb.c */
extern void affinity_activity_set_merge(ActivitySet *set,
										const ActivityView *view);

/* The growing set that a datum points to, or NULL where it is flat. */
static inline ActivitySet *
affinity_activity_set_of(Datum datum)
{
	ExpandedObjectHeader *header = affinity_base_expanded(datum);

	if (header != NULL &&
		header->eoh_methods != &affinity_activity_set_methods)
		elog(ERROR, "not an activity state");
	return (ActivitySet *) header;
}

/*
 * Where the next row goes, to be filled in before
 * affinity_activity_set_added.
 */
static inline ActivityRow *
affinity_activity_set_next(ActivitySet *set)
{
	return &set->buffer[set->n_rows];
}

/*
 * That row is there; a text id is given beside it and copied, so is a value.
 */
static inline void
affinity_activity_set_added(ActivitySet *set, const char *text, uint32 len,
							int128 value)
{
	bool		full = false;

	if (set->kind.values)
		set->buffer_sums[set->n_rows] = value;
	if (set->kind.ids == AFFINITY_ID_TEXT)
		full = affinity_activity_set_buffer_text(set,
												 &set->buffer[set->n_rows],
												 text, len);
	if (++set->n_rows == set->batch || full)
		affinity_activity_set_flush(set);
}

/* Buffer a row that is elsewhere. */
static inline void
affinity_activity_set_add(ActivitySet *set,
						  const ActivityRow *row,
						  const char *text, uint32 len,
						  int128 value)
{
	*affinity_activity_set_next(set) = *row;
	affinity_activity_set_added(set, text, len, value);
}

/* Error unless rows or a state of that kind may come into the set. */
static inline void
affinity_activity_set_join(ActivitySet *set, const ActivityKind *kind)
{
	if (affinity_activity_kind_join(&set->kind, kind))
		set->flat_size = 0;
}

/* combine.c */
extern ActivitySet *affinity_activity_set_of_flat(MemoryContext parent,
												  const ActivityFlat *flat,
												  bool expanded);

/* log.c */
extern void affinity_activity_log_reserve(ActivitySet *set, Size more);
extern void affinity_activity_log_sort(ActivitySet *set);
extern void affinity_activity_log_measure(const ActivitySet *set,
										  ActivityShape *shape);
extern void affinity_activity_window_reserve(ActivitySet *set);

/* copy.c */
extern int64 affinity_activity_moved_time(ActivityReader *reader, int64 at,
										  pg_tz *zone);
extern void affinity_activity_copy_users(ActivitySet *set,
										 ActivityReader *reader,
										 const bool *keep, pg_tz *zone);

/* flatten.c */
extern Size affinity_activity_set_flat_size(ActivitySet *set);
extern void affinity_activity_set_flatten(ActivitySet *set, ActivityFlat *flat,
										  Size size);
extern ActivityFlat *affinity_activity_set_to_flat(ActivitySet *set);

/*
 * A state of up to so many users and bytes stays flat, so that GROUP BY
 * user_id costs one small value per group. A larger one becomes an expanded
 * object in a context below the aggregate's and grows there.
 */
#define FLAT_USERS 16
#define FLAT_SIZE 2048

static inline bool
affinity_activity_stays_flat(const ActivityFlat *flat)
{
	return flat->n_users <= FLAT_USERS && VARSIZE(flat) <= FLAT_SIZE;
}

#endif							/* AFFINITY_ACTIVITY_SET_H */
