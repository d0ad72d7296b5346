/*
 * activity_flatten.c
 *		From the growing activity state to its flat form.
 *
 * The flat form is canonical: users in the order of their hash, and the layout
 * that is chosen from the finished contents alone. Equal contents give equal
 * bytes, whatever way they were put together.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "port/pg_bitutils.h"
#include "utils/memutils.h"

#include "cohort/activity.h"

/* Bitmaps of up to this many words are taken even if a list were smaller. */
#define ALWAYS_DENSE_WORDS 8

static bool
user_before(const ActivitySet *set, uint32 a, uint32 a_tag, uint32 b,
			uint32 b_tag)
{
	if (a_tag != b_tag)
		return a_tag < b_tag;
	return affinity_key_compare(set->kind.ids, affinity_set_key(set, a),
								set->text, affinity_set_key(set, b),
								set->text) < 0;
}

/*
 * Users in the order of (tag, key). The slots have nearly that order: a user
 * stands at its home or a little behind it, and those who were pushed over the
 * end of the table stand at its start.
 */
static void
order_users(ActivitySet *set)
{
	Size		n_slots = (Size) 1 << set->slot_bits;
	uint64	   *sorted = MemoryContextAllocHuge(set->cxt, set->n_users * sizeof(uint64));
	uint32		n = 0;

	for (int wrapped = 0; wrapped < 2; wrapped++)
	{
		for (Size pos = 0; pos < n_slots; pos++)
		{
			uint64		slot = set->slots[pos];
			Size		home = (uint32) (slot >> 32) >> (32 - set->slot_bits);
			uint32		i;

			if (pos % 65536 == 0)
				CHECK_FOR_INTERRUPTS();
			if (slot == 0 || (home > pos) != (wrapped == 1))
				continue;
			for (i = n++; i > 0; i--)
			{
				uint64		before = sorted[i - 1];

				if (user_before(set, (uint32) before - 1, before >> 32,
								(uint32) slot - 1, slot >> 32))
					break;
				sorted[i] = before;
			}
			sorted[i] = slot;
		}
	}
	/* pack the users into the lower half of the same space */
	set->flat_order = (uint32 *) sorted;
	for (uint32 i = 0; i < n; i++)
		set->flat_order[i] = (uint32) sorted[i] - 1;
}

static Size
padded(uint64 count, Size width)
{
	if (count > MaxAllocSize / width)
		affinity_set_too_large();
	return MAXALIGN(count * width);
}

/* Choose the layout and find the size, in bytes; kept until a row comes. */
Size
affinity_set_flat_size(ActivitySet *set)
{
	uint64		n = set->n_users;
	uint64		n_words = 0;
	Size		size = offsetof(ActivityFlat, data);

	affinity_set_flush(set);
	if (set->flat_size != 0)
		return set->flat_size;
	n = set->n_users;
	affinity_log_sort(set);
	set->flat_entries = set->dense ? affinity_set_count_pairs(set) : set->log_len;
	if (set->kind.events)
		set->flat_layout = LAYOUT_EVENTS;
	else if (set->kind.values)
		set->flat_layout = LAYOUT_VALUES;
	else
	{
		n_words = (set->last_period >> 6) - (set->first_period >> 6) + 1;
		set->flat_layout = LAYOUT_PAIRS;
		if (n_words <= ALWAYS_DENSE_WORDS ||
			n * n_words * sizeof(uint64) <=
			(n + 1 + set->flat_entries) * sizeof(uint32))
			set->flat_layout = LAYOUT_DENSE;
	}

	size += padded(set->kind.zone_len, 1);
	if (set->kind.ids == IDS_TEXT)
		size += padded(n + 1, sizeof(uint32)) + padded(set->text_len, 1);
	else
		size += padded(n, set->key_size);
	if (set->flat_layout == LAYOUT_DENSE)
		size += padded(n * n_words, sizeof(uint64));
	else
		size += padded(n + 1, sizeof(uint32));
	if (set->flat_layout == LAYOUT_PAIRS || set->flat_layout == LAYOUT_VALUES)
		size += padded(set->flat_entries, sizeof(uint32));
	if (set->flat_layout == LAYOUT_VALUES)
		size += padded(set->flat_entries, sizeof(int128));
	if (set->flat_layout == LAYOUT_EVENTS)
		size += padded(set->flat_entries, sizeof(int64)) +
			padded(set->flat_entries, 1);
	if (size > MaxAllocSize)
		affinity_set_too_large();

	if (set->flat_order)
		pfree(set->flat_order);
	order_users(set);
	set->flat_size = size;
	return size;
}

static void
write_ids(const ActivitySet *set, char **cursor)
{
	uint32	   *offsets = (uint32 *) *cursor;
	char	   *text;
	uint32		len = 0;

	if (set->kind.ids != IDS_TEXT)
	{
		for (uint32 i = 0; i < set->n_users; i++)
			memcpy(*cursor + (Size) i * set->key_size,
				   affinity_set_key(set, set->flat_order[i]), set->key_size);
		*cursor += padded(set->n_users, set->key_size);
		return;
	}
	text = *cursor + padded((uint64) set->n_users + 1, sizeof(uint32));
	for (uint32 i = 0; i < set->n_users; i++)
	{
		const ActivityKey *key = affinity_set_key(set, set->flat_order[i]);

		offsets[i] = len;
		if (key->text.len > 0)
			memcpy(text + len, set->text + key->text.offset, key->text.len);
		len += key->text.len;
	}
	offsets[set->n_users] = len;
	*cursor = text + padded(len, 1);
}

static inline const uint64 *
row_words(const ActivitySet *set, uint32 user)
{
	return (const uint64 *) (set->rows + (Size) user * set->stride +
							 set->key_size);
}

/* The user of an entry of the log. */
static inline uint32
log_user(const ActivitySet *set, Size entry)
{
	if (set->kind.events)
		return set->events[entry].user;
	if (set->kind.values)
		return set->amounts[entry].user;
	return set->pairs[entry] >> 32;
}

/* Where each user's entries begin in the sorted log: n_users + 1 places. */
static Size *
log_begins(const ActivitySet *set)
{
	Size	   *begins = MemoryContextAllocHuge(set->cxt, ((Size) set->n_users + 1) * sizeof(Size));
	Size		i = 0;

	for (uint32 user = 0; user <= set->n_users; user++)
	{
		while (i < set->log_len && log_user(set, i) < user)
			i++;
		begins[user] = i;
	}
	return begins;
}

static void
write_dense(const ActivitySet *set, const ActivityFlat *flat, char *cursor)
{
	uint32		first_word = flat->first_period >> 6;
	uint32		n_words = (flat->last_period >> 6) - first_word + 1;
	uint64	   *out = (uint64 *) cursor;
	Size	   *begins;

	if (set->dense)
	{
		for (uint32 i = 0; i < set->n_users; i++)
			memcpy(out + (Size) i * n_words,
				   row_words(set, set->flat_order[i]) +
				   (first_word - set->first_word), n_words * sizeof(uint64));
		return;
	}
	begins = log_begins(set);
	for (uint32 i = 0; i < set->n_users; i++, out += n_words)
	{
		uint32		user = set->flat_order[i];

		if (i % 65536 == 0)
			CHECK_FOR_INTERRUPTS();
		for (Size j = begins[user]; j < begins[user + 1]; j++)
		{
			uint32		period = (uint32) set->pairs[j];

			out[(period >> 6) - first_word] |= UINT64CONST(1) << (period & 63);
		}
	}
	pfree(begins);
}

/* The periods of a user of bitmaps, as a list; gives its end. */
static uint32 *
list_bits(const ActivitySet *set, uint32 user, uint32 *out)
{
	const uint64 *words = row_words(set, user);

	for (uint32 w = 0; w < set->n_words; w++)
		for (uint64 bits = words[w]; bits != 0; bits &= bits - 1)
			*out++ = ((set->first_word + w) << 6) + pg_rightmost_one_pos64(bits);
	return out;
}

static void
write_lists(const ActivitySet *set, const ActivityFlat *flat, char *cursor)
{
	uint32	   *offsets = (uint32 *) cursor;
	char	   *body = cursor + padded((uint64) set->n_users + 1, sizeof(uint32));
	uint32	   *periods = (uint32 *) body;
	int64	   *at = (int64 *) body;
	uint8	   *flags = (uint8 *) body + padded(flat->n_entries, sizeof(int64));
	int128	   *sums = (int128 *) (body + padded(flat->n_entries, sizeof(uint32)));
	Size	   *begins = set->dense ? NULL : log_begins(set);
	uint32		n = 0;

	for (uint32 i = 0; i < set->n_users; i++)
	{
		uint32		user = set->flat_order[i];

		if (i % 65536 == 0)
			CHECK_FOR_INTERRUPTS();
		offsets[i] = n;
		if (set->dense)
		{
			n = list_bits(set, user, periods + n) - periods;
			continue;
		}
		for (Size j = begins[user]; j < begins[user + 1]; j++, n++)
		{
			if (set->kind.events)
			{
				at[n] = set->events[j].at;
				flags[n] = (uint8) set->events[j].flags;
			}
			else if (set->kind.values)
			{
				periods[n] = set->amounts[j].period;
				sums[n] = set->amounts[j].sum;
			}
			else
				periods[n] = (uint32) set->pairs[j];
		}
	}
	offsets[set->n_users] = n;
	if (begins)
		pfree(begins);
}

/* Write the flat form into space of the size that was found. */
void
affinity_set_flatten(ActivitySet *set, ActivityFlat *flat, Size size)
{
	char	   *cursor;

	Assert(size == set->flat_size);
	memset(flat, 0, size);
	SET_VARSIZE(flat, size);
	flat->magic = ACTIVITY_MAGIC;
	flat->version = ACTIVITY_VERSION;
	flat->unit = set->kind.unit;
	flat->ids = set->kind.ids;
	flat->layout = set->flat_layout;
	flat->zoned = set->kind.zoned;
	flat->zone_len = set->kind.zone_len;
	flat->n_users = set->n_users;
	flat->n_entries = set->flat_entries;
	flat->first_at = set->first_at;
	flat->last_at = set->last_at;
	if (!set->kind.events)
	{
		flat->first_period = set->first_period;
		flat->last_period = set->last_period;
	}
	memcpy(flat->data, set->kind.zone, set->kind.zone_len);
	cursor = flat->data + padded(set->kind.zone_len, 1);
	write_ids(set, &cursor);
	if (flat->layout == LAYOUT_DENSE)
		write_dense(set, flat, cursor);
	else
		write_lists(set, flat, cursor);
}
