/*
 * check.c
 *		Whether a flat activity state is sound: looked at where one comes in.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "port/pg_bitutils.h"
#include "utils/timestamp.h"

#include "activity/flat.h"

/* Between two looks for interrupts. */
#define USERS_AT_ONCE 65536

/* NULL, or what is wrong with the ids of a state. */
static const char *
check_ids(const ActivityView *view)
{
	const ActivityFlat *flat = view->flat;
	uint32		last_tag = 0;
	ActivityKey last;

	if (flat->ids == AFFINITY_ID_TEXT)
	{
		if (view->text_offsets[0] != 0)
			return "user ids out of place";
		for (uint32 i = 0; i < flat->n_users; i++)
		{
			affinity_base_look_up(i);
			if (view->text_offsets[i] > view->text_offsets[i + 1])
				return "user ids out of place";
		}
	}
	for (uint32 i = 0; i < flat->n_users; i++)
	{
		ActivityKey key;
		uint32		tag;

		/* a text may be long */
		if (flat->ids == AFFINITY_ID_TEXT || i % USERS_AT_ONCE == 0)
			CHECK_FOR_INTERRUPTS();
		affinity_activity_view_key(view, i, &key);
		tag = affinity_activity_key_tag(flat->ids, &key, view->text);
		if (i >
			0 && (tag < last_tag ||
				  (tag == last_tag &&
				   affinity_activity_key_compare(flat->ids, &last, view->text,
												 &key, view->text) >= 0)))
			return "users out of order";
		last_tag = tag;
		last = key;
	}
	return NULL;
}

/* The same of the offsets of lists or words. */
static const char *
check_offsets(const ActivityView *view)
{
	if (view->offsets[0] != 0)
		return "entries out of place";
	for (uint32 i = 0; i < view->flat->n_users; i++)
	{
		if (i % USERS_AT_ONCE == 0)
			CHECK_FOR_INTERRUPTS();
		if (view->offsets[i] >= view->offsets[i + 1])
			return "entries out of place";
	}
	return NULL;
}

static const char *
check_bits(const ActivityView *view)
{
	const ActivityFlat *flat = view->flat;
	uint64		n_entries = 0;
	uint32		last_word = view->first_word + view->n_words - 1;
	uint64		first = 0;
	uint64		last = 0;
	uint64		work = 0;

	if (flat->layout == LAYOUT_RAGGED && check_offsets(view) != NULL)
		return check_offsets(view);
	for (uint32 i = 0; i < flat->n_users; i++)
	{
		ActivityBits bits;
		uint64		of_user = 0;

		affinity_activity_view_bits(view, i, &bits);
		affinity_base_look_after(&work, 1 + bits.n_words);
		if ((uint64) bits.first_word + bits.n_words > (uint64) last_word + 1)
			return "periods outside the range";
		for (uint32 w = 0; w < bits.n_words; w++)
			of_user += pg_popcount64(bits.words[w]);
		if (of_user == 0)
			return "a user without a period";
		if (flat->layout == LAYOUT_RAGGED &&
			(bits.words[0] == 0 || bits.words[bits.n_words - 1] == 0))
			return "a bitmap with zeros at its ends";
		n_entries += of_user;
		if (bits.first_word == view->first_word)
			first |= bits.words[0];
		if (bits.first_word + bits.n_words - 1 == last_word)
			last |= bits.words[bits.n_words - 1];
	}
	if (n_entries != flat->n_entries)
		return "wrong number of periods";
	if (first == 0 || last == 0 ||
		pg_rightmost_one_pos64(first) != (int) (flat->first_period & 63) ||
		pg_leftmost_one_pos64(last) != (int) (flat->last_period & 63))
		return "periods outside the range";
	return NULL;
}

static const char *
check_entries(const ActivityView *view)
{
	const ActivityFlat *flat = view->flat;
	uint32		first = PG_UINT32_MAX;
	uint32		last = 0;

	if (check_offsets(view) != NULL ||
		view->offsets[flat->n_users] != flat->n_entries)
		return "entries out of place";
	for (uint32 i = 0; i < flat->n_users; i++)
	{
		for (uint32 j = view->offsets[i]; j < view->offsets[i + 1]; j++)
		{
			bool		first_of_user = (j == view->offsets[i]);

			if (j % USERS_AT_ONCE == 0)
				CHECK_FOR_INTERRUPTS();
			if (flat->layout == LAYOUT_EVENTS)
			{
				if (!first_of_user && view->at[j - 1] >= view->at[j])
					return "times out of order";
				if (view->at[j] < flat->first_at || view->at[j] >
					flat->last_at)
					return "times outside the range";
				if (view->flags[j] == 0 || view->flags[j] > EVENT_MASK)
					return "unknown kind of event";
				continue;
			}
			if (!first_of_user && view->periods[j - 1] >= view->periods[j])
				return "periods out of order";
			first = Min(first, view->periods[j]);
			last = Max(last, view->periods[j]);
		}
	}
	if (flat->layout != LAYOUT_EVENTS &&
		(first != flat->first_period || last != flat->last_period))
		return "periods outside the range";
	return NULL;
}

/*
 * The same of lists of periods that users may have none of; the range grows
 * to theirs.
 */
static const char *
check_list(const ActivityView *view, const uint32 *offsets,
		   const uint32 *periods, uint64 n_entries, uint32 *first,
		   uint32 *last)
{
	uint32		n_users = view->flat->n_users;

	if (offsets[0] != 0 || offsets[n_users] != n_entries)
		return "entries out of place";
	for (uint32 i = 0; i < n_users; i++)
	{
		affinity_base_look_up(i);
		if (offsets[i] > offsets[i + 1])
			return "entries out of place";
	}
	for (uint32 i = 0; i < n_users; i++)
	{
		affinity_base_look_up(i);
		for (uint32 j = offsets[i]; j < offsets[i + 1]; j++)
		{
			affinity_base_look_up(j);
			if (j > offsets[i] && periods[j - 1] >= periods[j])
				return "periods out of order";
			*first = Min(*first, periods[j]);
			*last = Max(*last, periods[j]);
		}
	}
	return NULL;
}

/* The same of layout amounts. */
static const char *
check_amounts(const ActivityView *view)
{
	const ActivityFlat *flat = view->flat;
	uint32		first = PG_UINT32_MAX;
	uint32		last = 0;
	const char *problem = check_list(view, view->offsets, view->periods,
									 flat->n_entries, &first, &last);

	if (problem == NULL && view->steps != NULL)
		problem = check_list(view, view->step_offsets, view->step_periods,
							 flat->n_steps, &first, &last);
	if (problem != NULL)
		return problem;
	for (uint32 i = 0; i < flat->n_users; i++)
	{
		bool		started = view->starts && view->starts[i] != NO_START;

		affinity_base_look_up(i);
		if (affinity_activity_view_work(view, i) == 0 && !started)
			return "a user without a period";
		if (!started)
			continue;
		first = Min(first, view->starts[i]);
		last = Max(last, view->starts[i]);
	}
	return first == flat->first_period && last == flat->last_period ? NULL
		: "periods outside the range";
}

/* A time zone this server knows, by the name that it gives it. */
static bool
known_zone(const ActivityView *view)
{
	char		name[TZ_STRLEN_MAX + 1];
	pg_tz	   *tz;

	memcpy(name, view->zone, view->flat->zone_len);
	name[view->flat->zone_len] = '\0';
	if (strlen(name) != view->flat->zone_len)
		return false;
	tz = pg_tzset(name);
	return tz != NULL && pg_tz_acceptable(tz);
}

/*
 * NULL, or what is wrong with a state whose sizes add up. Everything that
 * readers rely on is looked at here, once, where a state comes in.
 */
const char *
affinity_activity_view_check(const ActivityView *view)
{
	const ActivityFlat *flat = view->flat;
	const char *problem;

	if (!affinity_calendar_unit_valid(flat->unit))
		return "unknown unit of time";
	if (flat->ids < AFFINITY_ID_INT || flat->ids > AFFINITY_ID_TEXT)
		return "unknown type of user ids";
	if (flat->layout < LAYOUT_DENSE || flat->layout > LAYOUT_AMOUNTS)
		return "unknown layout";
	if (flat->zoned > 1 || flat->starts > 1 ||
		flat->counted > COUNTED_PRO_RATA)
		return "unknown flag";
	if (flat->layout == LAYOUT_AMOUNTS
		? flat->counted == COUNTED_ROWS && (!flat->starts || flat->n_steps > 0)
		: flat->starts || flat->counted != COUNTED_ROWS || flat->n_steps > 0)
		return "unknown flag";
	if (flat->zoned && flat->zone_len == 0)
		return "no time zone";
	if (flat->zone_len > 0 && !known_zone(view))
		return "unknown time zone";
	if (flat->first_at >
		flat->last_at || !IS_VALID_TIMESTAMP(flat->first_at) ||
		!IS_VALID_TIMESTAMP(flat->last_at))
		return "times outside the range";
	if (flat->layout == LAYOUT_EVENTS
		? (flat->first_period != 0 || flat->last_period != 0)
		: flat->first_period > flat->last_period)
		return "periods outside the range";
	if (flat->layout != LAYOUT_EVENTS &&
		(flat->first_period <
		 affinity_calendar_period_of_local(flat->unit, MIN_TIMESTAMP -
										   AFFINITY_ZONE_REACH) ||
		 flat->last_period >
		 affinity_calendar_period_of_local(flat->unit, END_TIMESTAMP +
										   AFFINITY_ZONE_REACH)))
		return "periods outside the range";
	problem = check_ids(view);
	if (problem == NULL)
		problem = view->words != NULL ? check_bits(view)
			: flat->layout == LAYOUT_AMOUNTS ? check_amounts(view)
			: check_entries(view);
	return problem;
}
