/*
 * set.c
 *		The growing activity state: rows inserted by batches.
 *
 * Rows are gathered 512 at a time, and while one is inserted, the slots and
 * the users' rows (users.c) of those that follow are on their way from memory.
 *
 * Nothing is sized from estimates. All memory is in set->cxt and freed with
 * it.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "port/pg_bitutils.h"
#include "utils/memutils.h"

#include "activity/set.h"

static Size
set_get_flat_size(ExpandedObjectHeader *header)
{
	return affinity_activity_set_flat_size((ActivitySet *) header);
}

static void
set_flatten_into(ExpandedObjectHeader *header, void *result, Size size)
{
	affinity_activity_set_flatten((ActivitySet *) header, result, size);
}

const ExpandedObjectMethods affinity_activity_set_methods = {
	set_get_flat_size, set_flatten_into
};

/*
 * An expanded set gets a context of its own below parent; one that is to be
 * flattened at once lives in parent itself.
 */
ActivitySet *
affinity_activity_set_new(MemoryContext parent, const ActivityKind *kind,
						  bool expanded)
{
	MemoryContext cxt = parent;
	ActivitySet *set;

	if (expanded)
		cxt = AllocSetContextCreate(parent, "affinity activity",
									ALLOCSET_DEFAULT_SIZES);
	set = MemoryContextAllocZero(cxt, sizeof(ActivitySet));
	set->expanded = expanded;
	if (expanded)
		EOH_init_header(&set->hdr, &affinity_activity_set_methods, cxt);
	set->cxt = cxt;
	set->kind = *kind;
	set->first_at = PG_INT64_MAX;
	set->last_at = PG_INT64_MIN;
	set->first_period = PG_UINT32_MAX;
	set->last_period = 0;
	set->key_size = affinity_activity_id_size(kind->ids);
	set->dense = !kind->events && !kind->values;
	set->sums_in_columns = expanded && kind->values &&
		!affinity_activity_has_amounts(kind);
	affinity_activity_users_init(set, expanded ? 64 : 4, expanded ? 128 : 8);
	set->batch = expanded ? ACTIVITY_BATCH : 1;
	set->buffer = MemoryContextAlloc(cxt, set->batch * sizeof(ActivityRow));
	if (kind->values)
		set->buffer_sums = MemoryContextAlloc(cxt, set->batch *
											  sizeof(int128));
	return set;
}

static inline bool
same_key(const ActivitySet *set, AffinityIdKind ids, const ActivityKey *own,
		 const ActivityKey *key, const char *text)
{
	if (ids == AFFINITY_ID_INT)
		return own->number == key->number;
	if (ids == AFFINITY_ID_UUID)
		return own->uuid[0] == key->uuid[0] && own->uuid[1] == key->uuid[1];
	/* as long as all texts are empty there are no bytes */
	return own->text.len == key->text.len &&
		(key->text.len == 0 ||
		 memcmp(set->text + own->text.offset, text + key->text.offset,
				key->text.len) == 0);
}

/* Append bytes to a growing area; offsets into it are uint32. */
static uint32
append_text(MemoryContext cxt, char **area, Size *area_len, Size *cap,
			const char *text, uint32 len)
{
	Size		offset = *area_len;

	if (offset + len > MaxAllocSize)
		affinity_activity_too_large();
	if (offset + len > *cap)
	{
		*cap = Max(256, (offset + len) + (offset + len) / 2);
		*area = *area ? repalloc_huge(*area, *cap)
			: MemoryContextAllocHuge(cxt, *cap);
	}
	if (len > 0)
		memcpy(*area + offset, text, len);
	*area_len += len;
	return (uint32) offset;
}

/* The slot of a user, or the free one that would be its own. */
static inline uint32
seek_user(const ActivitySet *set, AffinityIdKind ids, uint32 tag,
		  const ActivityKey *key, const char *text)
{
	uint32		at = affinity_activity_slot_home(set, tag);
	uint32		user;

	while ((user = *affinity_activity_slot_user(set, at)) != 0 &&
		   (*affinity_activity_slot_tag(set, at) != tag ||
			!same_key(set, ids, affinity_activity_set_key(set, user - 1), key,
					  text)))
		at = affinity_activity_slot_next(set, at);
	return at;
}

/* The user of a key, new or known; room was reserved. */
pg_noinline uint32
affinity_activity_set_find(ActivitySet *set, AffinityIdKind ids, uint32 tag,
						   const ActivityKey *key, const char *text)
{
	uint32		at = seek_user(set, ids, tag, key, text);
	uint32		user = set->n_users;
	ActivityKey *own;

	if (*affinity_activity_slot_user(set, at) != 0)
		return *affinity_activity_slot_user(set, at) - 1;
	own = affinity_activity_set_key(set, user);
	memset(own, 0, set->stride);
	if (ids == AFFINITY_ID_TEXT)
	{
		own->text.offset = append_text(set->cxt, &set->text, &set->text_len,
									   &set->text_cap, text + key->text.offset,
									   key->text.len);
		own->text.len = key->text.len;
	}
	else
		memcpy(own, key, set->key_size);
	*affinity_activity_slot_user(set, at) = user + 1;
	*affinity_activity_slot_tag(set, at) = tag;
	set->n_users++;
	return user;
}

/* Add a buffered amount: where the user's last sum is, if of that period. */
static inline void
add_amount(ActivitySet *set, ActivityKey *key, uint32 user,
		   const ActivityRow *row, const int128 *sum)
{
	uint64	   *last = affinity_activity_set_last(set, key);

	if (row->flags == ENTRY_SUM && *last != 0 &&
		set->amounts[*last - 1].period == row->period)
	{
		ActivityAmount *amount = &set->amounts[*last - 1];

		amount->sum = affinity_activity_add_values(amount->sum, *sum);
		return;
	}
	affinity_activity_set_entry(set, user, row->period, row->at, row->flags,
								sum);
	if (row->flags == ENTRY_SUM)
		*last = set->log_len;
}

/* Is a user in the set? */
bool
affinity_activity_set_knows(const ActivitySet *set, uint32 tag,
							const ActivityKey *key, const char *text)
{
	return *affinity_activity_slot_user(set,
										seek_user(set, set->kind.ids, tag, key,
												  text)) != 0;
}

/* Where a user's periods, events or sums are. */
typedef enum RowForm
{
	ROW_OF_BITS,				/* in its row, a bitmap */
	ROW_OF_SUMS,				/* in its row, with sums in columns */
	ROW_OF_LOG
} RowForm;

/* How many rows ahead a slot, a user's row, and its last sum is asked for. */
#define SLOT_AHEAD 32
#define ROW_AHEAD 16
#define SUM_AHEAD 8

/*
 * The user whose tag is the same, most likely the one; or PG_UINT32_MAX. All
 * of a bucket is looked at, without a branch that could be guessed wrong. Of
 * two with the same tag it is some user or other, or none.
 */
static inline uint32
likely_user(const ActivitySet *set, uint32 tag)
{
	typedef uint32 Lanes __attribute__((vector_size(16)));
	const ActivityBucket *bucket = set->buckets +
		affinity_activity_slot_home(set, tag) / ACTIVITY_BUCKET;
	const Lanes *tags = (const Lanes *) bucket->tag;
	const Lanes *users = (const Lanes *) bucket->user;
	Lanes		found = ((Lanes) (tags[0] == tag) & users[0]) |
		((Lanes) (tags[1] == tag) & users[1]);
	uint64		half[2];
	uint32		user;

	memcpy(half, &found, sizeof(half));
	half[0] |= half[1];
	user = ((uint32) half[0] | (uint32) (half[0] >> 32)) - 1;
	return user < set->n_users ? user : PG_UINT32_MAX;
}

/*
 * Insert the buffered rows, in three steps that run some rows apart: hash and
 * prefetch the slot; read the slot and prefetch the user's row; make sure of
 * the user and set the bit. Compiled once for each type of ids and form of the
 * rows. What does not change meanwhile is read from a copy, as the
 * compiler cannot know that.
 */
static pg_attribute_always_inline void
insert_rows(ActivitySet *set, AffinityIdKind ids, RowForm form)
{
	uint32		tags[ACTIVITY_BATCH];
	uint32		users[ACTIVITY_BATCH];
	ActivityKey *keys[ACTIVITY_BATCH];
	const ActivitySet fixed = *set;
	const ActivityRow *buffer = fixed.buffer;
	bool		wide = form == ROW_OF_BITS && fixed.n_words > 4;

	for (int i = -SLOT_AHEAD; i < fixed.n_rows; i++)
	{
		int			first = i + SLOT_AHEAD;
		int			second = i + ROW_AHEAD;
		uint32		user;

		if (first < fixed.n_rows)
		{
			uint32		at;

			tags[first] = affinity_activity_key_tag(ids, &buffer[first].key,
													fixed.buffer_text);
			at = affinity_activity_slot_home(&fixed, tags[first]);
			__builtin_prefetch(affinity_activity_slot_tag(&fixed, at));
		}
		if (second >= 0 && second < fixed.n_rows)
		{
			user = users[second] = likely_user(&fixed, tags[second]);
			keys[second] = NULL;
			if (user != PG_UINT32_MAX)
				keys[second] = affinity_activity_set_key(&fixed, user);
			__builtin_prefetch(keys[second], 1);
			if (wide && keys[second] != NULL)
				__builtin_prefetch((char *) keys[second] + fixed.key_size +
								   (buffer[second].period - fixed.first_bit) /
								   64 * 8, 1);
			if (form == ROW_OF_SUMS && keys[second] != NULL)
				__builtin_prefetch(affinity_activity_set_sum(&fixed, user,
															 buffer[second].period), 1);
		}
		if (form == ROW_OF_LOG && fixed.kind.values && i + SUM_AHEAD >= 0 &&
			i + SUM_AHEAD < fixed.n_rows && keys[i + SUM_AHEAD] != NULL)
			__builtin_prefetch(fixed.amounts +
							   *affinity_activity_set_last(&fixed, keys[i + SUM_AHEAD]), 1);
		if (i < 0)
			continue;
		user = users[i];
		if (keys[i] == NULL ||
			!same_key(ids == AFFINITY_ID_TEXT ? set : &fixed, ids, keys[i],
					  &buffer[i].key, fixed.buffer_text))
		{
			user = affinity_activity_set_find(set, ids, tags[i],
											  &buffer[i].key,
											  fixed.buffer_text);
			keys[i] = affinity_activity_set_key(&fixed, user);
		}
		if (form == ROW_OF_BITS)
			affinity_activity_set_bit(&fixed, keys[i], buffer[i].period);
		else if (form == ROW_OF_SUMS)
			affinity_activity_set_add_sum(set, keys[i], user, buffer[i].period,
										  &fixed.buffer_sums[i]);
		else if (fixed.kind.values)
			add_amount(set, keys[i], user, &buffer[i], &fixed.buffer_sums[i]);
		else
			affinity_activity_set_entry(set, user, buffer[i].period,
										buffer[i].at, buffer[i].flags, NULL);
	}
}

static pg_attribute_always_inline void
insert_rows_of(ActivitySet *set, AffinityIdKind ids)
{
	if (set->dense)
		insert_rows(set, ids, ROW_OF_BITS);
	else if (set->blocks != NULL)
		insert_rows(set, ids, ROW_OF_SUMS);
	else
		insert_rows(set, ids, ROW_OF_LOG);
}

void
affinity_activity_set_flush(ActivitySet *set)
{
	if (set->n_rows == 0)
		return;
	CHECK_FOR_INTERRUPTS();
	set->flat_size = 0;
	affinity_activity_set_widen(set);
	affinity_activity_users_reserve(set, set->n_rows);
	if (set->dense)
		affinity_activity_window_reserve(set);
	else if (set->sums_in_columns)
		affinity_activity_sums_reserve(set);
	if (!set->dense && set->blocks == NULL)
		affinity_activity_log_reserve(set, set->n_rows);
	if (set->kind.ids == AFFINITY_ID_INT)
		insert_rows_of(set, AFFINITY_ID_INT);
	else if (set->kind.ids == AFFINITY_ID_UUID)
		insert_rows_of(set, AFFINITY_ID_UUID);
	else
		insert_rows_of(set, AFFINITY_ID_TEXT);
	set->n_rows = 0;
	set->buffer_text_len = 0;
}

/*
 * Put a text id beside its row in the buffer. True where that is full of
 * them.
 */
bool
affinity_activity_set_buffer_text(ActivitySet *set, ActivityRow *row,
								  const char *text, uint32 len)
{
	row->key.text.offset = append_text(set->cxt, &set->buffer_text,
									   &set->buffer_text_len,
									   &set->buffer_text_cap, text, len);
	row->key.text.len = len;
	return set->buffer_text_len > ACTIVITY_BATCH_TEXT;
}
