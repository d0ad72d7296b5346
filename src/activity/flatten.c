/*
 * flatten.c
 *		From the growing activity state to its flat form.
 *
 * The flat form is canonical: users in the order of their hash, and the layout
 * that shape.c chooses.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "port/pg_bitutils.h"
#include "utils/memutils.h"

#include "activity/set.h"

/* How many users ahead a row is asked for. */
#define ROW_AHEAD 64
#define SUMS_AHEAD 24

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

/* The same of the bitmaps, and how many periods there are. */
static uint64
ragged_words_of_rows(const ActivitySet *set, uint64 *n_entries)
{
	uint64		total = 0;
	uint64		work = 0;

	*n_entries = 0;
	for (uint32 i = 0; i < set->n_users; i++)
	{
		uint64		apart[2];
		const uint64 *words;
		uint32		n_words = affinity_activity_set_aligned(set, i, apart,
															&words);
		uint32		first;
		uint32		end;

		affinity_base_look_after(&work, 1 + n_words);
		affinity_activity_trim_words(words, n_words, &first, &end);
		total += end - first;
		for (uint32 w = first; w < end; w++)
			*n_entries += pg_popcount64(words[w]);
	}
	return total;
}

/* Choose the layout and find the size, in bytes; kept until a row comes. */
Size
affinity_activity_set_flat_size(ActivitySet *set)
{
	ActivityShape *shape = &set->flat_shape;
	Size		size;

	affinity_activity_set_flush(set);
	if (set->flat_size != 0)
		return set->flat_size;
	if (set->blocks == NULL)
		affinity_activity_log_sort(set);
	memset(shape, 0, sizeof(ActivityShape));
	shape->n_users = set->n_users;
	shape->first_period = set->first_period;
	shape->last_period = set->last_period;
	shape->n_entries = set->blocks != NULL ? set->n_sums : set->log_len;
	shape->text_len = set->text_len;
	shape->first_at = set->first_at;
	shape->last_at = set->last_at;
	if (set->kind.events)
		shape->layout = LAYOUT_EVENTS;
	else if (affinity_activity_has_amounts(&set->kind))
	{
		shape->layout = LAYOUT_AMOUNTS;
		affinity_activity_log_measure(set, shape);
	}
	else if (set->kind.values)
		shape->layout = LAYOUT_VALUES;
	else
	{
		shape->n_words = set->dense
			? ragged_words_of_rows(set, &shape->n_entries)
			: ragged_words_of_log(set);
		shape->layout = affinity_activity_layout(shape);
	}
	size = affinity_activity_shape_size(&set->kind, shape);
	affinity_activity_users_order(set);
	set->flat_size = size;
	return size;
}

/* The user of an entry of the log. */
static inline uint32
log_user(const ActivitySet *set, Size entry)
{
	if (set->kind.events)
		return set->events[entry].user;
	if (set->kind.values)
		return set->amounts[entry].entry >> 2;
	return set->pairs[entry] >> 32;
}

/* Where each user's entries begin in the sorted log: n_users + 1 places. */
static Size *
log_begins(const ActivitySet *set)
{
	Size	   *begins = MemoryContextAllocHuge(set->cxt,
												((Size) set->n_users + 1) *
												sizeof(Size));
	Size		i = 0;

	for (uint32 user = 0; user <= set->n_users; user++)
	{
		affinity_base_look_up(user);
		for (; i < set->log_len && log_user(set, i) < user; i++)
			affinity_base_look_up(i);
		begins[user] = i;
	}
	return begins;
}

/* Where the next user's parts go. */
typedef struct FlatWriter
{
	const ActivitySet *set;
	uint32		first_word;		/* of the flat form's bitmaps */
	uint32		n_words;		/* of each, where they are of one width */
	Size	   *begins;			/* of users in the log; NULL: bitmaps */
	uint32		n_users;		/* written so far */
	uint32		text_len;
	uint32		n_body;			/* words or entries written so far */
	uint32		n_steps;
	ActivityParts to;
} FlatWriter;

static inline void
write_id(FlatWriter *w, uint32 user)
{
	const ActivityKey *key = affinity_activity_set_key(w->set, user);

	if (w->set->kind.ids != AFFINITY_ID_TEXT)
	{
		memcpy(w->to.ids, key, w->set->key_size);
		w->to.ids += w->set->key_size;
		return;
	}
	w->to.text_offsets[w->n_users] = w->text_len;
	if (key->text.len > 0)
		memcpy(w->to.text + w->text_len, w->set->text + key->text.offset,
			   key->text.len);
	w->text_len += key->text.len;
}

/* Set the bits of a user's entries in the log; the first word is given. */
static void
set_bits_of_log(const FlatWriter *w, uint32 user, uint64 *out, uint32 first)
{
	for (Size i = w->begins[user]; i < w->begins[user + 1]; i++)
	{
		uint32		period = (uint32) w->set->pairs[i];

		out[(period >> 6) - first] |= UINT64CONST(1) << (period & 63);
	}
}

/* A bitmap of the one width; the space is zeros. */
static inline void
write_dense(FlatWriter *w, uint32 user)
{
	uint64	   *out = w->to.words + (Size) w->n_users * w->n_words;
	uint64		apart[2];
	const uint64 *own;

	if (w->begins)
	{
		set_bits_of_log(w, user, out, w->first_word);
		return;
	}
	affinity_activity_set_aligned(w->set, user, apart, &own);
	memcpy(out, own + (w->first_word - (w->set->first_bit >> 6)),
		   w->n_words * sizeof(uint64));
}

/* A bitmap from the user's first word to its last; the space is zeros. */
static inline void
write_ragged(FlatWriter *w, uint32 user)
{
	uint64	   *out = w->to.words + w->n_body;
	uint32		first;
	uint32		end;

	w->to.offsets[w->n_users] = w->n_body;
	if (w->begins)
	{
		const uint64 *pairs = w->set->pairs;

		first = (uint32) pairs[w->begins[user]] >> 6;
		end = ((uint32) pairs[w->begins[user + 1] - 1] >> 6) + 1;
		set_bits_of_log(w, user, out, first);
	}
	else
	{
		uint64		apart[2];
		const uint64 *own;
		uint32		n = affinity_activity_set_aligned(w->set, user, apart,
													  &own);

		affinity_activity_trim_words(own, n, &first, &end);
		for (uint32 i = first; i < end; i++)
			*out++ = own[i];
		first += w->set->first_bit >> 6;
		end += w->set->first_bit >> 6;
	}
	w->to.first_words[w->n_users] = first - w->first_word;
	w->n_body += end - first;
}

/* The periods of a user of bitmaps, as a list. */
static void
list_bits(FlatWriter *w, uint32 user)
{
	const ActivitySet *set = w->set;
	const uint64 *words = affinity_activity_set_words(set, user);

	for (uint32 i = 0; i < set->n_words; i++)
		for (uint64 bits = words[i]; bits != 0; bits &= bits - 1)
			w->to.periods[w->n_body++] = set->first_bit + i * 64 +
				pg_rightmost_one_pos64(bits);
}

/* The sums of a user of columns, with their periods. */
static void
list_sums(FlatWriter *w, uint32 user)
{
	const ActivitySet *set = w->set;
	uint64		bits = affinity_activity_set_summed_from(set,
														 affinity_activity_set_key(set, user));

	for (; bits != 0; bits &= bits - 1)
	{
		uint32		period = set->first_period + pg_rightmost_one_pos64(bits);

		w->to.periods[w->n_body] = period;
		w->to.sums[w->n_body++] = *affinity_activity_set_sum(set, user, period);
	}
}

/* A list of periods, of times with their flags, or of periods with sums. */
static void
write_list(FlatWriter *w, uint32 user)
{
	const ActivitySet *set = w->set;

	w->to.offsets[w->n_users] = w->n_body;
	if (set->blocks != NULL)
	{
		list_sums(w, user);
		return;
	}
	if (w->begins == NULL)
	{
		list_bits(w, user);
		return;
	}
	for (Size i = w->begins[user]; i < w->begins[user + 1]; i++, w->n_body++)
	{
		if (set->kind.events)
		{
			w->to.at[w->n_body] = set->events[i].at;
			w->to.flags[w->n_body] = (uint8) set->events[i].flags;
		}
		else if (set->kind.values)
		{
			w->to.periods[w->n_body] = set->amounts[i].period;
			w->to.sums[w->n_body] = set->amounts[i].sum;
		}
		else
			w->to.periods[w->n_body] = (uint32) set->pairs[i];
	}
}

/* A user's sums, steps and start. */
static void
write_amounts(FlatWriter *w, uint32 user)
{
	w->to.offsets[w->n_users] = w->n_body;
	if (w->to.steps)
		w->to.step_offsets[w->n_users] = w->n_steps;
	if (w->to.starts)
		w->to.starts[w->n_users] = NO_START;
	for (Size i = w->begins[user]; i < w->begins[user + 1]; i++)
	{
		const ActivityAmount *amount = &w->set->amounts[i];

		if ((amount->entry & 3) == ENTRY_SUM)
		{
			w->to.periods[w->n_body] = amount->period;
			w->to.sums[w->n_body++] = amount->sum;
		}
		else if ((amount->entry & 3) == ENTRY_STEP)
		{
			w->to.step_periods[w->n_steps] = amount->period;
			w->to.steps[w->n_steps++] = amount->sum;
		}
		else
			w->to.starts[w->n_users] = amount->period;
	}
}

/*
 * Ask for the row of the user in a slot. Inlined in any case: gcc takes a
 * function that prefetches, and nothing else, for one that does nothing, and
 * drops its calls.
 */
static pg_attribute_always_inline void
prefetch_row(const ActivitySet *set, uint32 at)
{
	if (at < set->n_slots && *affinity_activity_slot_user(set, at) != 0)
		__builtin_prefetch(affinity_activity_slot_key(set, at));
}

/* Ask for the sums of the user in a slot, where they are in columns. */
static pg_attribute_always_inline void
prefetch_sums(const ActivitySet *set, uint32 at)
{
	uint32		user;
	uint64		bits;

	if (set->blocks == NULL || at >= set->n_slots)
		return;
	user = *affinity_activity_slot_user(set, at);
	if (user == 0)
		return;
	bits = *affinity_activity_set_summed(set,
										 affinity_activity_set_key(set, user - 1));
	while (bits != 0)
	{
		uint32		group = pg_rightmost_one_pos64(bits) / SUMS_GROUP * SUMS_GROUP;

		__builtin_prefetch(affinity_activity_set_sum(set, user - 1, group));
		bits &= ~(((UINT64CONST(1) << SUMS_GROUP) - 1) << group);
	}
}

/* How much work writing a user is: words or entries. */
static inline uint64
work_of(const FlatWriter *w, uint32 user)
{
	return w->begins == NULL ? w->set->n_words
		: w->begins[user + 1] - w->begins[user];
}

/*
 * Write the users in the order of the slots. Those who were pushed over the
 * end of the table stand at its start and come last. Rows are in another
 * order, so each is asked for some slots before it is written.
 */
static void
write_users(FlatWriter *w, ActivityLayout layout)
{
	const ActivitySet *set = w->set;
	uint64		work = 0;

	for (int wrapped = 0; wrapped < 2; wrapped++)
	{
		for (uint32 at = 0; at < set->n_slots; at++)
		{
			uint32		user = *affinity_activity_slot_user(set, at);
			uint32		tag = *affinity_activity_slot_tag(set, at);

			affinity_base_look_after(&work, 1);
			/* behind a free slot nobody is who was pushed over the end */
			if (user == 0 && wrapped == 1)
				break;
			prefetch_row(set, at + ROW_AHEAD);
			prefetch_sums(set, at + SUMS_AHEAD);
			if (user == 0 ||
				(affinity_activity_slot_home(set, tag) > at) != (wrapped == 1))
				continue;
			write_id(w, user - 1);
			if (layout == LAYOUT_DENSE)
				write_dense(w, user - 1);
			else if (layout == LAYOUT_RAGGED)
				write_ragged(w, user - 1);
			else if (layout == LAYOUT_AMOUNTS)
				write_amounts(w, user - 1);
			else
				write_list(w, user - 1);
			affinity_base_look_after(&work, work_of(w, user - 1));
			w->n_users++;
		}
	}
	Assert(w->n_users == set->n_users);
}

/* Write the flat form into space of the size that was found. */
void
affinity_activity_set_flatten(ActivitySet *set, ActivityFlat *flat, Size size)
{
	FlatWriter	writer;

	Assert(size == set->flat_size);
	memset(&writer, 0, sizeof(FlatWriter));
	affinity_activity_shape_begin(&set->kind, &set->flat_shape, flat, size,
								  &writer.to);
	writer.set = set;
	writer.first_word = flat->first_period >> 6;
	writer.n_words = (flat->last_period >> 6) - writer.first_word + 1;
	writer.begins = set->dense || set->blocks != NULL ? NULL : log_begins(set);
	write_users(&writer, flat->layout);
	if (writer.to.text_offsets)
		writer.to.text_offsets[set->n_users] = writer.text_len;
	if (writer.to.offsets)
		writer.to.offsets[set->n_users] = writer.n_body;
	if (writer.to.step_offsets)
		writer.to.step_offsets[set->n_users] = writer.n_steps;
	if (writer.begins)
		pfree(writer.begins);
}

/* A new flat state with what the set holds. */
ActivityFlat *
affinity_activity_set_to_flat(ActivitySet *set)
{
	Size		size = affinity_activity_set_flat_size(set);
	ActivityFlat *flat = palloc(size);

	affinity_activity_set_flatten(set, flat, size);
	return flat;
}
