/*
 * flat.h
 *		The flat form of activity states: what it is made from, its parts and
 *		its users' keys. Private to the room.
 */
#ifndef AFFINITY_ACTIVITY_FLAT_H
#define AFFINITY_ACTIVITY_FLAT_H

#include "postgres.h"

#include "common/hashfn.h"

#include "activity/activity.h"

/* In the writer's byte order: a state of the other order is not taken. */
#define ACTIVITY_MAGIC UINT32_C(0x54434641)
#define ACTIVITY_VERSION 1
#define ACTIVITY_VERSION_AMOUNTS 2	/* of layout amounts alone */

/* What all rows and states merged into one must have in common. */
typedef struct ActivityKind
{
	PeriodUnit	unit;
	AffinityIdKind ids;
	bool		zoned;
	bool		events;			/* keeps times and flags */
	bool		values;			/* type value: keeps sums */
	bool		starts;			/* values by users' starts */
	uint8		counted;		/* ValueCounted */
	uint8		zone_len;
	char		zone[TZ_STRLEN_MAX + 1];
} ActivityKind;

/* What a flat state's layout and size depend on, beside its kind. */
typedef struct ActivityShape
{
	ActivityLayout layout;
	uint32		n_users;
	uint32		first_period;
	uint32		last_period;
	uint64		n_entries;		/* (user, period) pairs, or events */
	uint64		n_steps;
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
	uint32	   *step_offsets;
	uint32	   *step_periods;
	int128	   *steps;
	uint32	   *starts;
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

/* How much work a user is, for looks at interrupts: words or entries. */
static inline uint32
affinity_activity_view_work(const ActivityView *view, uint32 user)
{
	if (view->offsets == NULL)
		return view->n_words;
	return view->offsets[user + 1] - view->offsets[user] +
		(view->steps == NULL ? 0
		 : view->step_offsets[user + 1] - view->step_offsets[user]);
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
							  AffinityIdKind ids, uint32 user,
							  ActivityKey *key)
{
	if (ids == AFFINITY_ID_TEXT)
	{
		key->text.offset = view->text_offsets[user];
		key->text.len = view->text_offsets[user + 1] - key->text.offset;
	}
	else if (ids == AFFINITY_ID_UUID)
		memcpy(key->uuid, view->ids + (Size) user * 16, 16);
	else
		memcpy(&key->number, view->ids + (Size) user * 8, 8);
}

/* Bytes of an id that is not text. */
static inline uint32
affinity_activity_id_size(AffinityIdKind ids)
{
	return ids == AFFINITY_ID_UUID ? 16 : 8;
}

/* Part of the flat format: it says in which order the users are. */
static inline uint32
affinity_activity_key_tag(AffinityIdKind ids,
						  const ActivityKey *key,
						  const char *text)
{
	if (ids == AFFINITY_ID_INT)
		return affinity_base_mix64((uint64) key->number) >> 32;
	if (ids == AFFINITY_ID_UUID)
	{
		uint64		second = affinity_base_mix64(key->uuid[1]);

		return affinity_base_mix64(key->uuid[0] ^ second) >> 32;
	}
	return hash_bytes_extended((const unsigned char *) text + key->text.offset,
							   key->text.len, 0) >> 32;
}

/* Does such a value need layout amounts? */
static inline bool
affinity_activity_has_amounts(const ActivityKind *kind)
{
	return kind->starts || kind->counted != COUNTED_ROWS;
}

/* What an entry of a value says, in place of the flags of an event. */
typedef enum ValueEntry
{
	ENTRY_SUM = 0,				/* what the user's amount is in a period */
	ENTRY_STEP = 1,				/* what it is more from a period on */
	ENTRY_START = 2				/* a period in which the user started */
} ValueEntry;

/* A row on its way into a state. */
typedef struct ActivityRow
{
	ActivityKey key;
	int64		at;				/* us */
	uint32		period;
	uint32		flags;			/* EVENT_, or a ValueEntry */
} ActivityRow;

/* flat.c */
extern bool affinity_activity_view_open(ActivityView *view,
										const ActivityFlat *flat, Size size);
extern void affinity_activity_view_of(ActivityView *view,
									  const ActivityFlat *flat);
extern void affinity_activity_view_key(const ActivityView *view, uint32 user,
									   ActivityKey *key);
extern int	affinity_activity_key_compare(AffinityIdKind ids,
										  const ActivityKey *a,
										  const char *a_text,
										  const ActivityKey *b,
										  const char *b_text);
extern ActivityFlat *affinity_activity_flat_one(const ActivityKind *kind,
												const ActivityRow *row,
												const char *text, uint32 len,
												int128 value);
extern bool affinity_activity_flat_mark(ActivityFlat *flat,
										const ActivityKind *kind,
										const ActivityRow *row,
										const char *text, uint32 len);

/* check.c */
extern const char *affinity_activity_view_check(const ActivityView *view);

/* args.c */
extern pg_tz *affinity_activity_zone_of(const ActivityFlat *flat);
extern void affinity_activity_set_as_of(ActivityReader *reader, pg_tz *zone,
										const Moment *as_of);

/* kind.c */
extern void affinity_activity_flat_kind(const ActivityFlat *flat,
										ActivityKind *kind);
extern bool affinity_activity_kind_join(ActivityKind *own,
										const ActivityKind *other);

/* shape.c */
pg_noreturn extern void affinity_activity_too_large(void);
extern ActivityLayout affinity_activity_layout(const ActivityShape *shape);
extern Size affinity_activity_shape_size(const ActivityKind *kind,
										 const ActivityShape *shape);
extern void affinity_activity_shape_begin(const ActivityKind *kind,
										  const ActivityShape *shape,
										  ActivityFlat *flat, Size size,
										  ActivityParts *parts);

/* merge.c */
extern ActivityFlat *affinity_activity_flat_merge(const ActivityView *a,
												  const ActivityView *b,
												  const ActivityKind *kind);

#endif							/* AFFINITY_ACTIVITY_FLAT_H */
