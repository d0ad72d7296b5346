/*
 * absorb.c
 *		The users of a flat state into a growing one.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "port/pg_bitutils.h"

#include "activity/set.h"

/* The bits of the periods from number * 64 on; the bitmaps cover them. */
static inline void
set_word(const ActivitySet *set, uint32 user, uint32 number, uint64 word)
{
	uint64	   *own = affinity_activity_set_words(set, user);
	int64		shift = (int64) number * 64 - set->first_bit;

	if (shift % 64 == 0)
		own[shift / 64] |= word;
	else if (shift > 0)
		own[0] |= word << (shift & 63);
	else
		own[0] |= word >> (-shift & 63);
}

/* Add what a user of another state did; bitmaps were made wide enough. */
static void
merge_user(ActivitySet *set, const ActivityView *view, uint32 theirs,
		   uint32 user)
{
	const int128 none = 0;

	if (view->words)
	{
		ActivityBits bits;

		affinity_activity_view_bits(view, theirs, &bits);
		for (uint32 w = 0; w < bits.n_words; w++)
		{
			uint64		word = bits.words[w];
			uint32		number = bits.first_word + w;

			if (word == 0)
				continue;
			if (set->dense)
				set_word(set, user, number, word);
			else
				for (; word != 0; word &= word - 1)
					affinity_activity_set_entry(set, user, (number << 6) +
							  pg_rightmost_one_pos64(word), 0, 0, NULL);
		}
		return;
	}
	for (uint32 i = view->offsets[theirs]; i < view->offsets[theirs + 1]; i++)
	{
		if (view->at)
			affinity_activity_set_entry(set, user, 0, view->at[i], view->flags[i], NULL);
		else
			affinity_activity_set_entry(set, user, view->periods[i], 0, ENTRY_SUM,
					  view->sums ? &view->sums[i] : NULL);
	}
	if (view->steps)
		for (uint32 i = view->step_offsets[theirs];
			 i < view->step_offsets[theirs + 1]; i++)
			affinity_activity_set_entry(set, user, view->step_periods[i], 0, ENTRY_STEP,
					  &view->steps[i]);
	if (view->starts && view->starts[theirs] != NO_START)
		affinity_activity_set_entry(set, user, view->starts[theirs], 0, ENTRY_START, &none);
}

/* How many entries a user of another state has, or one more. */
static Size
entries_of(const ActivityView *view, uint32 user)
{
	ActivityBits bits;
	Size		n = 0;

	if (view->words == NULL)
		return affinity_activity_view_work(view, user) + 1;
	affinity_activity_view_bits(view, user, &bits);
	for (uint32 w = 0; w < bits.n_words; w++)
		n += pg_popcount64(bits.words[w]);
	return n;
}

/* The tag of a user of another state, and its key. */
static uint32
read_user(const ActivityView *view, uint32 user, ActivityKey *key)
{
	affinity_activity_view_key(view, user, key);
	return affinity_activity_key_tag(view->flat->ids, key, view->text);
}

/* How many users of another state are not in the set. */
static uint32
count_new_users(const ActivitySet *set, const ActivityView *view)
{
	uint32		n = 0;

	if (set->n_users == 0)
		return view->flat->n_users;
	for (uint32 i = 0; i < view->flat->n_users; i++)
	{
		ActivityKey key;
		uint32		tag;

		if (i % ACTIVITY_BATCH == 0)
			CHECK_FOR_INTERRUPTS();
		tag = read_user(view, i, &key);
		n += !affinity_activity_set_knows(set, tag, &key, view->text);
	}
	return n;
}

/* Merge a state of the same kind into the set. */
void
affinity_activity_set_merge(ActivitySet *set, const ActivityView *view)
{
	const ActivityFlat *flat = view->flat;
	uint64		work = 0;

	affinity_activity_set_flush(set);
	affinity_activity_sums_to_log(set);
	set->flat_size = 0;

	/*
	 * They come in the order of their hash. Slots for all of them at once: in
	 * a table that grows on the way, those of the lowest hashes would crowd
	 * at its start, and probing would be quadratic.
	 */
	affinity_activity_users_reserve(set, count_new_users(set, view));
	set->first_at = Min(set->first_at, flat->first_at);
	set->last_at = Max(set->last_at, flat->last_at);
	set->first_period = Min(set->first_period, flat->first_period);
	set->last_period = Max(set->last_period, flat->last_period);
	if (set->dense)
		affinity_activity_window_reserve(set);
	for (uint32 i = 0; i < flat->n_users; i++)
	{
		ActivityKey key;
		uint32		tag;

		affinity_base_look_after(&work, ACTIVITY_USER_WORK +
								 affinity_activity_view_work(view, i));
		tag = read_user(view, i, &key);
		if (!set->dense)
			affinity_activity_log_reserve(set, entries_of(view, i));
		merge_user(set, view, i,
				   affinity_activity_set_find(set, set->kind.ids, tag, &key,
											  view->text));
	}
}
