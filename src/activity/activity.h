/*
 * activity.h
 *		The activity state: who was active in which periods. Private to the
 *		room. Type value is a layout of it: it adds a sum to each period.
 *
 * It has two forms. At rest, and while it is small, a state is a flat
 * varlena, ActivityFlat, whose bytes depend only on what was aggregated and
 * never on the order or the plan. While it grows under an aggregate it is an
 * ActivitySet, an expanded object with a hash of its users, in a memory
 * context below the aggregate's: nodeAgg adopts such an object without
 * copying it, where every growth of a flat value would be copied once more.
 * Groups of a few users stay flat, so a million groups make no million
 * contexts.
 */
#ifndef AFFINITY_ACTIVITY_H
#define AFFINITY_ACTIVITY_H

#include "postgres.h"

#include "common/hashfn.h"

#include "calendar/calendar.h"

/* In the writer's byte order: a state of the other order is not taken. */
#define ACTIVITY_MAGIC UINT32_C(0x54434641)
#define ACTIVITY_VERSION 1

typedef enum ActivityIds
{
	IDS_INT8 = 1,
	IDS_UUID = 2,
	IDS_TEXT = 3
} ActivityIds;

typedef enum ActivityLayout
{
	LAYOUT_DENSE = 1,			/* a bitmap of periods per user */
	LAYOUT_PAIRS = 2,			/* a sorted list of periods per user */
	LAYOUT_EVENTS = 3,			/* a sorted list of times per user */
	LAYOUT_VALUES = 4,			/* type value: periods and sums per user */
	LAYOUT_RAGGED = 5			/* a bitmap per user, without zeros at its
								 * ends */
} ActivityLayout;

/* What a row was, given is_start and is_return; a time's rows are or-ed. */
#define EVENT_START 1			/* a start that is no return */
#define EVENT_RETURN 2			/* a return that is no start */
#define EVENT_BOTH 4			/* one row that is both */
#define EVENT_MASK 7

#ifndef HAVE_INT128
#error "a compiler with 128-bit integers is needed"
#endif

/*
 * Values are summed as whole numbers of 2^-60: such sums do not depend on the
 * order, and every double from 2^-8 on, and every amount in cents, is one.
 */
#define VALUE_SCALE_BITS 60
#define VALUE_MAX 1e15			/* 2^110 of them: room for 2^17 such rows */

/*
 * The flat form. Behind the header, each part padded with zeros to 8 bytes:
 *
 * zone		name of the time zone, zone_len bytes
 * ids		int64[n_users], or pg_uuid_t[n_users], or uint32[n_users + 1] offsets
 *			followed by the bytes of the texts; in order of their hash
 * body		dense: uint64[n_users][words], bit p % 64 of word p / 64
 *			pairs: uint32[n_users + 1] offsets, then uint32[n_entries] periods
 *			events: uint32[n_users + 1] offsets, then int64[n_entries] times,
 *			then uint8[n_entries] EVENT_ flags
 *			values: as pairs, then int128[n_entries] sums in 2^-60
 *			ragged: uint32[n_users + 1] offsets in words, then for each user a
 *			uint16, its first word from that of first_period on, then the
 *			words: the first and the last of a user are not 0
 */
typedef struct ActivityFlat
{
	int32		vl_len_;		/* varlena header */
	uint32		magic;			/* ACTIVITY_MAGIC */
	uint8		version;		/* ACTIVITY_VERSION */
	uint8		unit;			/* PeriodUnit */
	uint8		ids;			/* ActivityIds */
	uint8		layout;			/* ActivityLayout */
	uint8		zoned;			/* 1: timestamptz, 0: timestamp */
	uint8		zone_len;		/* bytes of the zone's name; 0: none */
	uint16		unused;			/* 0 */
	uint32		n_users;		/* at least 1 */
	uint32		first_period;	/* of all users; 0 for events */
	uint32		last_period;	/* of all users; 0 for events */
	uint32		unused2;		/* 0 */
	uint64		n_entries;		/* (user, period) pairs, or events */
	int64		first_at;		/* us; the earliest row */
	int64		last_at;		/* us; the latest row */
	char		data[FLEXIBLE_ARRAY_MEMBER];
} ActivityFlat;

/* Where the parts of a flat state are. */
typedef struct ActivityView
{
	const ActivityFlat *flat;
	const char *zone;			/* not terminated */
	const char *ids;			/* int64 or pg_uuid_t */
	const uint32 *text_offsets;
	const char *text;
	const uint64 *words;		/* dense, ragged */
	uint32		first_word;		/* dense, ragged: first_period / 64 */
	uint32		n_words;		/* from there to the last one */
	const uint16 *first_words;	/* ragged: from first_word on */
	const uint32 *offsets;		/* pairs, events, values; ragged: in words */
	const uint32 *periods;		/* pairs, values */
	const int128 *sums;			/* values, in 2^-60 */
	const int64 *at;			/* events */
	const uint8 *flags;			/* events */
} ActivityView;

/* What a flat state's layout and size depend on, beside its kind. */
typedef struct ActivityShape
{
	ActivityLayout layout;
	uint32		n_users;
	uint32		first_period;
	uint32		last_period;
	uint64		n_entries;		/* (user, period) pairs, or events */
	uint64		n_words;		/* of bitmaps without zeros at their ends */
	uint64		text_len;		/* bytes of all text ids */
	int64		first_at;		/* us */
	int64		last_at;		/* us */
} ActivityShape;

/*
 * Where the parts of a flat state go; NULL where its layout has no such part.
 */
typedef struct ActivityParts
{
	char	   *ids;			/* not for text */
	uint32	   *text_offsets;
	char	   *text;
	uint32	   *offsets;		/* not with bitmaps of one width */
	uint16	   *first_words;
	uint64	   *words;
	uint32	   *periods;
	int64	   *at;
	uint8	   *flags;
	int128	   *sums;
} ActivityParts;

/* A user's bitmap: bit p % 64 of word p / 64 - first_word is period p. */
typedef struct ActivityBits
{
	const uint64 *words;
	uint32		first_word;
	uint32		n_words;
} ActivityBits;

static inline void
affinity_activity_view_bits(const ActivityView *view,
							uint32 user, ActivityBits *bits)
{
	bits->first_word = view->first_word;
	bits->n_words = view->n_words;
	bits->words = view->words + (Size) user * view->n_words;
	if (view->first_words)
	{
		bits->words = view->words + view->offsets[user];
		bits->first_word += view->first_words[user];
		bits->n_words = view->offsets[user + 1] - view->offsets[user];
	}
}

/* The first word that is not 0, and the end of the last one. */
static inline void
affinity_activity_trim_words(const uint64 *words,
							 uint32 n_words, uint32 *first,
							 uint32 *end)
{
	*first = 0;
	*end = n_words;
	while (*end > 0 && words[*end - 1] == 0)
		(*end)--;
	while (*first < *end && words[*first] == 0)
		(*first)++;
}

/* What all rows and states merged into one must have in common. */
typedef struct ActivityKind
{
	PeriodUnit	unit;
	ActivityIds ids;
	bool		zoned;
	bool		events;			/* keeps times and flags */
	bool		values;			/* type value: keeps sums */
	uint8		zone_len;
	char		zone[TZ_STRLEN_MAX + 1];
} ActivityKind;

typedef union ActivityKey
{
	int64		number;
	uint64		uuid[2];
	struct
	{
		uint32		offset;		/* into the bytes it comes with */
		uint32		len;
	}			text;
} ActivityKey;

/* The key of a user, where the compiler is to know the type of ids. */
static inline void
affinity_activity_view_key_of(const ActivityView *view,
							  ActivityIds ids, uint32 user,
							  ActivityKey *key)
{
	if (ids == IDS_TEXT)
	{
		key->text.offset = view->text_offsets[user];
		key->text.len = view->text_offsets[user + 1] - key->text.offset;
	}
	else if (ids == IDS_UUID)
		memcpy(key->uuid, view->ids + (Size) user * 16, 16);
	else
		memcpy(&key->number, view->ids + (Size) user * 8, 8);
}

/* A row on its way into the set. */
typedef struct ActivityRow
{
	ActivityKey key;
	int64		at;				/* us */
	uint32		period;
	uint32		flags;			/* EVENT_ */
} ActivityRow;

typedef struct ActivityEvent
{
	uint32		user;
	uint32		flags;			/* EVENT_ */
	int64		at;				/* us */
} ActivityEvent;

typedef struct ActivityAmount
{
	uint32		user;
	uint32		period;
	int128		sum;			/* in 2^-60 */
} ActivityAmount;

#define ACTIVITY_BATCH 512

/* Bytes of text ids from which on fewer rows are let in together. */
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
	uint32		first_period;	/* of the rows let in so far */
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

	/* rows not yet let in */
	int			n_rows;
	int			batch;			/* how many are let in together */
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

/* Part of the flat format: it says in which order the users are. */
static inline uint32
affinity_activity_key_tag(ActivityIds ids,
						  const ActivityKey *key,
						  const char *text)
{
	if (ids == IDS_INT8)
		return affinity_base_mix64((uint64) key->number) >> 32;
	if (ids == IDS_UUID)
		return affinity_base_mix64(key->uuid[0] ^ affinity_base_mix64(key->uuid[1])) >> 32;
	return hash_bytes_extended((const unsigned char *) text + key->text.offset,
							   key->text.len, 0) >> 32;
}

/* users.c */
extern void affinity_activity_users_init(ActivitySet *set, uint32 users_cap,
										 uint32 n_slots);
extern void affinity_activity_users_reserve(ActivitySet *set, uint32 more);
extern void affinity_activity_users_restride(ActivitySet *set,
											 uint32 first_bit, uint32 n_words);

/* set.c */
extern const ExpandedObjectMethods affinity_activity_set_methods;
extern ActivitySet *affinity_activity_set_new(MemoryContext parent,
											  const ActivityKind *kind,
											  bool expanded);
extern bool affinity_activity_set_buffer_text(ActivitySet *set,
											  ActivityRow *row,
											  const char *text, uint32 len);
extern void affinity_activity_set_flush(ActivitySet *set);
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
	if (set->kind.ids == IDS_TEXT)
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

/* log.c */
extern void affinity_activity_log_reserve(ActivitySet *set, Size more);
extern void affinity_activity_log_sort(ActivitySet *set);
extern void affinity_activity_window_reserve(ActivitySet *set);
extern uint64 affinity_activity_set_count_pairs(const ActivitySet *set);
pg_noreturn extern void affinity_activity_set_too_large(void);
extern int128 affinity_activity_add_values(int128 a, int128 b);

/* flat.c */
extern bool affinity_activity_view_open(ActivityView *view,
										const ActivityFlat *flat, Size size);
extern const char *affinity_activity_view_check(const ActivityView *view);
extern void affinity_activity_view_key(const ActivityView *view, uint32 user,
									   ActivityKey *key);
extern int	affinity_activity_key_compare(ActivityIds ids,
										  const ActivityKey *a,
										  const char *a_text,
										  const ActivityKey *b,
										  const char *b_text);
extern void affinity_activity_flat_kind(const ActivityFlat *flat,
										ActivityKind *kind);
extern void affinity_activity_kind_same(const ActivityKind *a,
										const ActivityKind *b);
extern ActivityFlat *affinity_activity_flat_one(const ActivityKind *kind,
												const ActivityRow *row,
												const char *text, uint32 len,
												int128 value);
extern bool affinity_activity_flat_mark(ActivityFlat *flat,
										const ActivityKind *kind,
										const ActivityRow *row,
										const char *text, uint32 len);

/* flatten.c */
extern Size affinity_activity_set_flat_size(ActivitySet *set);
extern void affinity_activity_set_flatten(ActivitySet *set, ActivityFlat *flat,
										  Size size);
extern ActivityLayout affinity_activity_shape_layout(const ActivityShape *shape);
extern Size affinity_activity_shape_size(const ActivityKind *kind,
										 const ActivityShape *shape);
extern void affinity_activity_shape_begin(const ActivityKind *kind,
										  const ActivityShape *shape,
										  ActivityFlat *flat, Size size,
										  ActivityParts *parts);

/* merge.c */
extern ActivityFlat *affinity_activity_flat_merge(const ActivityView *a,
												  const ActivityView *b);

/* read.c */

/* One user's periods, ascending, as reports want them. */
typedef struct ActivityUser
{
	const uint32 *starts;		/* periods with a start */
	const bool *again;			/* a return after it in that period; NULL: yes */
	uint32		n_starts;
	const uint32 *returns;		/* periods with a return */
	uint32		n_returns;
} ActivityUser;

/* A start seen in rolling periods, which count from its very instant. */
typedef struct ActivityRolling
{
	uint32		n_full;			/* periods that are over as of as_of */
	bool		again;			/* a return in period 0 */
	const uint32 *returns;		/* later periods with a return, from 1 on */
	uint32		n_returns;
} ActivityRolling;

typedef struct ActivityReader
{
	ActivityView view;
	PeriodClock clock;
	int64		as_of;			/* us, comparable with the state's times */
	int64		as_of_local;	/* us, local time */
	uint32		last_period;	/* the one that contains as_of */
	uint32		first_period;	/* no user has an earlier one */
	uint32	   *starts;			/* scratch */
	uint32	   *returns;		/* scratch */
	bool	   *again;			/* scratch */
	uint32	   *start_event;	/* scratch: the event of each of starts */
} ActivityReader;

extern ActivityFlat *affinity_activity_state_arg(FunctionCallInfo fcinfo,
												 int arg);
extern ActivityFlat *affinity_activity_arg(FunctionCallInfo fcinfo, int arg);
extern ActivityFlat *affinity_activity_value_arg(FunctionCallInfo fcinfo,
												 int arg);
extern void affinity_activity_reader_open(ActivityReader *reader,
										  const ActivityFlat *flat,
										  const TimestampTz *as_of);
extern void affinity_activity_reader_user(ActivityReader *reader, uint32 user,
										  ActivityUser *out);
extern void affinity_activity_reader_rolling(ActivityReader *reader,
											 uint32 user,
											 uint32 start, int64 length,
											 ActivityRolling *out);
extern uint32 affinity_activity_reader_active(ActivityReader *reader,
											  uint32 user,
											  const uint32 **periods);
extern bool affinity_activity_reader_complete(const ActivityReader *reader,
											  uint32 period);
extern uint32 affinity_activity_reader_span(const ActivityReader *reader);
extern uint64 *affinity_activity_reader_counts(uint32 n);

#endif							/* AFFINITY_ACTIVITY_H */
