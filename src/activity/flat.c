/*
 * flat.c
 *		The flat form of the activity state: where its parts are, whether they
 *		are sound, and the cheap ways to make and to change a small one.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "port/pg_bitutils.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "activity/flat.h"

/* Between two looks for interrupts. */
#define USERS_AT_ONCE 65536

/*
 * Hand out the next part of a state; false where the state is too short for
 * it and the zeros behind it.
 */
static bool
take(const char **cursor, const char *end, uint64 count, Size width,
	 const char **part)
{
	Size		left = end - *cursor;

	if (count > left / width || MAXALIGN(count * width) > left)
		return false;
	*part = *cursor;
	*cursor += MAXALIGN(count * width);
	return true;
}

/*
 * Find the parts of a state of so many bytes, varlena header included. False
 * where they do not add up; what is inside the parts is not looked at, but
 * for the length of the texts.
 */
bool
affinity_activity_view_open(ActivityView *view, const ActivityFlat *flat,
							Size size)
{
	const char *cursor;
	const char *end = (const char *) flat + size;
	const char *part;
	uint64		n;

	memset(view, 0, sizeof(ActivityView));
	if (size < offsetof(ActivityFlat, data) || flat->magic != ACTIVITY_MAGIC ||
		flat->version != ACTIVITY_VERSION || flat->n_users == 0)
		return false;
	view->flat = flat;
	cursor = flat->data;
	n = flat->n_users;
	if (!take(&cursor, end, flat->zone_len, 1, &view->zone))
		return false;
	if (flat->ids == AFFINITY_ID_TEXT)
	{
		if (!take(&cursor, end, n + 1, sizeof(uint32), &part))
			return false;
		view->text_offsets = (const uint32 *) part;
		if (!take(&cursor, end, view->text_offsets[n], 1, &view->text))
			return false;
	}
	else if (!take(&cursor, end, n, affinity_activity_id_size(flat->ids),
				   &view->ids))
		return false;
	if (flat->layout == LAYOUT_DENSE)
	{
		if (flat->last_period < flat->first_period)
			return false;
		view->first_word = flat->first_period >> 6;
		view->n_words = (flat->last_period >> 6) - view->first_word + 1;
		if (!take(&cursor, end, n * view->n_words, sizeof(uint64), &part))
			return false;
		view->words = (const uint64 *) part;
		return cursor == end;
	}
	if (!take(&cursor, end, n + 1, sizeof(uint32), &part))
		return false;
	view->offsets = (const uint32 *) part;
	if (flat->layout == LAYOUT_RAGGED)
	{
		if (flat->last_period < flat->first_period)
			return false;
		view->first_word = flat->first_period >> 6;
		view->n_words = (flat->last_period >> 6) - view->first_word + 1;
		if (!take(&cursor, end, n, sizeof(uint16), &part))
			return false;
		view->first_words = (const uint16 *) part;
		if (!take(&cursor, end, view->offsets[n], sizeof(uint64), &part))
			return false;
		view->words = (const uint64 *) part;
		return cursor == end;
	}
	if (!take(&cursor, end, flat->n_entries,
			  flat->layout == LAYOUT_EVENTS ? sizeof(int64) : sizeof(uint32),
			  &part))
		return false;
	if (flat->layout == LAYOUT_EVENTS)
	{
		view->at = (const int64 *) part;
		if (!take(&cursor, end, flat->n_entries, 1, &part))
			return false;
		view->flags = (const uint8 *) part;
	}
	else
		view->periods = (const uint32 *) part;
	if (flat->layout == LAYOUT_VALUES)
	{
		if (!take(&cursor, end, flat->n_entries, sizeof(int128), &part))
			return false;
		view->sums = (const int128 *) part;
	}
	return cursor == end;
}

/* Find the parts of a state; an error where they do not add up. */
void
affinity_activity_view_of(ActivityView *view, const ActivityFlat *flat)
{
	if (!affinity_activity_view_open(view, flat, VARSIZE(flat)))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
				 errmsg("damaged activity state")));
}

/* The key of a user; a text's bytes are at view->text. */
void
affinity_activity_view_key(const ActivityView *view, uint32 user,
						   ActivityKey *key)
{
	affinity_activity_view_key_of(view, view->flat->ids, user, key);
}

/* The order of users whose tags are equal. */
int
affinity_activity_key_compare(AffinityIdKind ids, const ActivityKey *a,
							  const char *a_text, const ActivityKey *b,
							  const char *b_text)
{
	if (ids == AFFINITY_ID_INT)
		return (a->number > b->number) - (a->number < b->number);
	if (ids == AFFINITY_ID_UUID)
		return memcmp(a->uuid, b->uuid, 16);
	return affinity_base_bytes_compare(a_text + a->text.offset, a->text.len,
									   b_text + b->text.offset, b->text.len);
}

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
	if (flat->layout < LAYOUT_DENSE || flat->layout > LAYOUT_RAGGED)
		return "unknown layout";
	if (flat->zoned > 1 || flat->unused != 0 || flat->unused2 != 0)
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
			: check_entries(view);
	return problem;
}

/* The state of one row: what starts each of a million groups. */
ActivityFlat *
affinity_activity_flat_one(const ActivityKind *kind, const ActivityRow *row,
						   const char *text, uint32 len, int128 value)
{
	ActivityShape shape = {
		.layout = kind->values ? LAYOUT_VALUES :
		kind->events ? LAYOUT_EVENTS : LAYOUT_DENSE,
		.n_users = 1,
		.n_entries = 1,
		.first_period = row->period,
		.last_period = row->period,
		.first_at = row->at,
		.last_at = row->at
	};
	Size		size;
	ActivityFlat *flat;
	ActivityParts parts;

	if (kind->ids == AFFINITY_ID_TEXT)
		shape.text_len = len;
	size = affinity_activity_shape_size(kind, &shape);
	flat = palloc(size);
	affinity_activity_shape_begin(kind, &shape, flat, size, &parts);
	if (kind->ids == AFFINITY_ID_TEXT)
	{
		parts.text_offsets[1] = len;
		memcpy(parts.text, text, len);
	}
	else
		memcpy(parts.ids, &row->key, affinity_activity_id_size(kind->ids));
	if (shape.layout == LAYOUT_DENSE)
	{
		*parts.words = UINT64CONST(1) << (row->period & 63);
		return flat;
	}
	parts.offsets[1] = 1;
	if (kind->events)
	{
		*parts.at = row->at;
		*parts.flags = (uint8) row->flags;
	}
	else
	{
		*parts.periods = row->period;
		*parts.sums = value;
	}
	return flat;
}

/*
 * Add a row to a flat state in place, where that needs no room: a known user
 * of bitmaps that reach far enough. False where it does.
 */
bool
affinity_activity_flat_mark(ActivityFlat *flat, const ActivityKind *kind,
							const ActivityRow *row, const char *text,
							uint32 len)
{
	ActivityView view;
	uint64	   *word;
	uint64		bit = UINT64CONST(1) << (row->period & 63);
	ActivityKey own;
	ActivityKey key = row->key;

	if (flat->layout != LAYOUT_DENSE ||
		row->period >> 6 < flat->first_period >> 6 ||
		row->period >> 6 > flat->last_period >> 6 ||
		!affinity_activity_view_open(&view, flat, VARSIZE(flat)))
		return false;
	if (kind->ids == AFFINITY_ID_TEXT)
	{
		key.text.offset = 0;
		key.text.len = len;
	}
	for (uint32 i = 0; i < flat->n_users; i++)
	{
		affinity_activity_view_key(&view, i, &own);
		if (affinity_activity_key_compare(kind->ids, &own, view.text, &key,
										  text) != 0)
			continue;
		word = (uint64 *) view.words + (Size) i * view.n_words +
			((row->period >> 6) - view.first_word);
		flat->n_entries += (*word & bit) == 0;
		*word |= bit;
		flat->first_period = Min(flat->first_period, row->period);
		flat->last_period = Max(flat->last_period, row->period);
		flat->first_at = Min(flat->first_at, row->at);
		flat->last_at = Max(flat->last_at, row->at);
		return true;
	}
	return false;
}
