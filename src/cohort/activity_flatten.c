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
#define ALWAYS_BITS_WORDS 8

/*
 * With fewer users, bitmaps are of one width, and a row can be added in place;
 * and a first word is a uint16.
 */
#define RAGGED_USERS 64
#define RAGGED_WORDS 65536

/* How many users ahead a row is asked for. */
#define PREFETCH_AHEAD 24

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
	uint64	   *sorted = MemoryContextAllocHuge(set->cxt, set->n_users * sizeof(uint64));
	uint32		n = 0;

	for (int wrapped = 0; wrapped < 2; wrapped++)
	{
		for (uint32 at = 0; at < set->n_slots; at++)
		{
			uint64		slot = set->slots[at];
			uint32		i;

			if (at % 65536 == 0)
				CHECK_FOR_INTERRUPTS();
			/* behind a free slot nobody is who was pushed over the end */
			if (slot == 0 && wrapped == 1)
				break;
			if (slot == 0 ||
				(affinity_slot_home(set, slot >> 32) > at) != (wrapped == 1))
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
	Assert(n == set->n_users);
	/* pack the users into the lower half of the same space */
	set->flat_order = (uint32 *) sorted;
	for (uint32 i = 0; i < n; i++)
		set->flat_order[i] = (uint32) sorted[i] - 1;
}

/* How many words bitmaps without zeros at their ends have; from the log. */
static uint64
ragged_words_of_log(const ActivitySet *set)
{
	uint64		words = 0;
	uint32		first = 0;

	for (Size i = 0; i < set->log_len; i++)
	{
		uint32		word = (uint32) set->pairs[i] >> 6;

		if (i % 65536 == 0)
			CHECK_FOR_INTERRUPTS();
		if (i == 0 || set->pairs[i - 1] >> 32 != set->pairs[i] >> 32)
			first = word;
		if (i + 1 == set->log_len ||
			set->pairs[i + 1] >> 32 != set->pairs[i] >> 32)
			words += word - first + 1;
	}
	return words;
}

/* The first word of a row that is not 0, and the end of the last one. */
static inline void
trim(const ActivitySet *set, const uint64 *words, uint32 *first, uint32 *end)
{
	*first = 0;
	*end = set->n_words;
	while (*end > 0 && words[*end - 1] == 0)
		(*end)--;
	while (*first < *end && words[*first] == 0)
		(*first)++;
}

/* The same of the bitmaps, and how many periods there are. */
static uint64
ragged_words_of_rows(const ActivitySet *set, uint64 *n_entries)
{
	uint64		total = 0;

	*n_entries = 0;
	for (uint32 i = 0; i < set->n_users; i++)
	{
		const uint64 *words = affinity_set_words(set, i);
		uint32		first;
		uint32		end;

		if (i % 65536 == 0)
			CHECK_FOR_INTERRUPTS();
		trim(set, words, &first, &end);
		total += end - first;
		for (uint32 w = first; w < end; w++)
			*n_entries += pg_popcount64(words[w]);
	}
	return total;
}

static Size
padded(uint64 count, Size width)
{
	if (count > MaxAllocSize / width)
		affinity_set_too_large();
	return MAXALIGN(count * width);
}

/* The layout for periods without times or sums; bytes of its body. */
static Size
choose_layout(ActivitySet *set)
{
	uint64		n = set->n_users;
	uint64		n_words = (set->last_period >> 6) - (set->first_period >> 6) + 1;
	uint64		dense = n * n_words * sizeof(uint64);
	uint64		ragged;
	uint64		pairs;
	uint64		least = dense;

	if (set->dense)
		set->flat_words = ragged_words_of_rows(set, &set->flat_entries);
	else
		set->flat_words = ragged_words_of_log(set);
	ragged = MAXALIGN((n + 1) * sizeof(uint32)) + MAXALIGN(n * sizeof(uint16)) +
		set->flat_words * sizeof(uint64);
	pairs = (n + 1 + set->flat_entries) * sizeof(uint32);
	set->flat_layout = LAYOUT_DENSE;
	if (ragged < least && n > RAGGED_USERS && n_words <= RAGGED_WORDS)
	{
		set->flat_layout = LAYOUT_RAGGED;
		least = ragged;
	}
	if (pairs < least && n_words > ALWAYS_BITS_WORDS)
		set->flat_layout = LAYOUT_PAIRS;
	if (set->flat_layout == LAYOUT_DENSE)
		return padded(n * n_words, sizeof(uint64));
	if (set->flat_layout == LAYOUT_RAGGED)
		return padded(n + 1, sizeof(uint32)) + padded(n, sizeof(uint16)) +
			padded(set->flat_words, sizeof(uint64));
	return padded(n + 1, sizeof(uint32)) +
		padded(set->flat_entries, sizeof(uint32));
}

/* Choose the layout and find the size, in bytes; kept until a row comes. */
Size
affinity_set_flat_size(ActivitySet *set)
{
	uint64		n;
	Size		size = offsetof(ActivityFlat, data);

	affinity_set_flush(set);
	if (set->flat_size != 0)
		return set->flat_size;
	n = set->n_users;
	affinity_log_sort(set);
	set->flat_entries = set->log_len;
	size += padded(set->kind.zone_len, 1);
	if (set->kind.ids == IDS_TEXT)
		size += padded(n + 1, sizeof(uint32)) + padded(set->text_len, 1);
	else
		size += padded(n, set->key_size);
	if (set->kind.events)
	{
		set->flat_layout = LAYOUT_EVENTS;
		size += padded(n + 1, sizeof(uint32)) +
			padded(set->flat_entries, sizeof(int64)) +
			padded(set->flat_entries, 1);
	}
	else if (set->kind.values)
	{
		set->flat_layout = LAYOUT_VALUES;
		size += padded(n + 1, sizeof(uint32)) +
			padded(set->flat_entries, sizeof(uint32)) +
			padded(set->flat_entries, sizeof(int128));
	}
	else
		size += choose_layout(set);
	if (size > MaxAllocSize)
		affinity_set_too_large();

	if (set->flat_order)
		pfree(set->flat_order);
	order_users(set);
	set->flat_size = size;
	return size;
}

/*
 * Ask for the row of a user who is written some users later: rows are in
 * another order.
 */
static inline void
prefetch_row(const ActivitySet *set, uint32 i)
{
	if (i + PREFETCH_AHEAD < set->n_users)
		__builtin_prefetch(affinity_set_row(set, set->flat_order[i + PREFETCH_AHEAD]));
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
		{
			if (i % 65536 == 0)
				CHECK_FOR_INTERRUPTS();
			prefetch_row(set, i);
			memcpy(*cursor + (Size) i * set->key_size,
				   affinity_set_key(set, set->flat_order[i]), set->key_size);
		}
		*cursor += padded(set->n_users, set->key_size);
		return;
	}
	text = *cursor + padded((uint64) set->n_users + 1, sizeof(uint32));
	for (uint32 i = 0; i < set->n_users; i++)
	{
		const ActivityKey *key = affinity_set_key(set, set->flat_order[i]);

		if (i % 65536 == 0)
			CHECK_FOR_INTERRUPTS();
		offsets[i] = len;
		if (key->text.len > 0)
			memcpy(text + len, set->text + key->text.offset, key->text.len);
		len += key->text.len;
	}
	offsets[set->n_users] = len;
	*cursor = text + padded(len, 1);
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
		if (user % 65536 == 0)
			CHECK_FOR_INTERRUPTS();
		while (i < set->log_len && log_user(set, i) < user)
			i++;
		begins[user] = i;
	}
	return begins;
}

/* Bitmaps of one width. */
static void
write_dense(const ActivitySet *set, const ActivityFlat *flat, char *cursor)
{
	uint32		first_word = flat->first_period >> 6;
	uint32		n_words = (flat->last_period >> 6) - first_word + 1;
	uint64	   *out = (uint64 *) cursor;
	Size	   *begins = set->dense ? NULL : log_begins(set);

	for (uint32 i = 0; i < set->n_users; i++, out += n_words)
	{
		Size		from,
					to;

		if (i % 65536 == 0)
			CHECK_FOR_INTERRUPTS();
		if (set->dense)
		{
			prefetch_row(set, i);
			memcpy(out, affinity_set_words(set, set->flat_order[i]) +
				   (first_word - set->first_word), n_words * sizeof(uint64));
			continue;
		}
		memset(out, 0, n_words * sizeof(uint64));
		from = begins[set->flat_order[i]];
		to = begins[set->flat_order[i] + 1];
		for (; from < to; from++)
		{
			uint32		period = (uint32) set->pairs[from];

			out[(period >> 6) - first_word] |= UINT64CONST(1) << (period & 63);
		}
	}
	if (begins)
		pfree(begins);
}

/* Bitmaps from each user's first word to its last. */
static void
write_ragged(const ActivitySet *set, const ActivityFlat *flat, char *cursor)
{
	uint32		first_word = flat->first_period >> 6;
	uint32	   *offsets = (uint32 *) cursor;
	uint16	   *first_words = (uint16 *) (cursor + padded((uint64) set->n_users + 1, sizeof(uint32)));
	uint64	   *words = (uint64 *) ((char *) first_words + padded(set->n_users, sizeof(uint16)));
	Size	   *begins = set->dense ? NULL : log_begins(set);
	uint32		n = 0;

	for (uint32 i = 0; i < set->n_users; i++)
	{
		Size		from,
					to;
		uint32		first;
		uint32		end;

		if (i % 65536 == 0)
			CHECK_FOR_INTERRUPTS();
		offsets[i] = n;
		if (set->dense)
		{
			const uint64 *own = affinity_set_words(set, set->flat_order[i]);

			prefetch_row(set, i);
			trim(set, own, &first, &end);
			memcpy(words + n, own + first, (end - first) * sizeof(uint64));
			first_words[i] = set->first_word + first - first_word;
			n += end - first;
			continue;
		}
		from = begins[set->flat_order[i]];
		to = begins[set->flat_order[i] + 1];
		first = (uint32) set->pairs[from] >> 6;
		end = ((uint32) set->pairs[to - 1] >> 6) + 1;
		first_words[i] = first - first_word;
		memset(words + n, 0, (end - first) * sizeof(uint64));
		for (; from < to; from++)
		{
			uint32		period = (uint32) set->pairs[from];

			words[n + (period >> 6) - first] |= UINT64CONST(1) << (period & 63);
		}
		n += end - first;
	}
	offsets[set->n_users] = n;
	if (begins)
		pfree(begins);
}

/* The periods of a user of bitmaps, as a list; gives its end. */
static uint32 *
list_bits(const ActivitySet *set, uint32 user, uint32 *out)
{
	const uint64 *words = affinity_set_words(set, user);

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
		Size		from,
					to;

		if (i % 65536 == 0)
			CHECK_FOR_INTERRUPTS();
		offsets[i] = n;
		if (set->dense)
		{
			n = list_bits(set, set->flat_order[i], periods + n) - periods;
			continue;
		}
		from = begins[set->flat_order[i]];
		to = begins[set->flat_order[i] + 1];
		for (; from < to; from++, n++)
		{
			if (set->kind.events)
			{
				at[n] = set->events[from].at;
				flags[n] = (uint8) set->events[from].flags;
			}
			else if (set->kind.values)
			{
				periods[n] = set->amounts[from].period;
				sums[n] = set->amounts[from].sum;
			}
			else
				periods[n] = (uint32) set->pairs[from];
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
	else if (flat->layout == LAYOUT_RAGGED)
		write_ragged(set, flat, cursor);
	else
		write_lists(set, flat, cursor);
}
