/*
 * flat.c
 *		The flat form of the activity state: where its parts are, and the cheap
 *		ways to make and to change a small one.
 */
#include "postgres.h"

#include "activity/flat.h"

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

/* Find the parts behind the sums of layout amounts. */
static bool
take_amounts(ActivityView *view, const char **cursor, const char *end)
{
	const ActivityFlat *flat = view->flat;
	uint64		n = flat->n_users;
	const char *part;

	if (flat->counted != COUNTED_ROWS)
	{
		if (!take(cursor, end, n + 1, sizeof(uint32), &part))
			return false;
		view->step_offsets = (const uint32 *) part;
		if (!take(cursor, end, flat->n_steps, sizeof(uint32), &part))
			return false;
		view->step_periods = (const uint32 *) part;
		if (!take(cursor, end, flat->n_steps, sizeof(int128), &part))
			return false;
		view->steps = (const int128 *) part;
	}
	if (flat->starts)
	{
		if (!take(cursor, end, n, sizeof(uint32), &part))
			return false;
		view->starts = (const uint32 *) part;
	}
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
		flat->version != (flat->layout == LAYOUT_AMOUNTS
						  ? ACTIVITY_VERSION_AMOUNTS : ACTIVITY_VERSION) ||
		flat->n_users == 0)
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
	if (affinity_activity_is_value(flat))
	{
		if (!take(&cursor, end, flat->n_entries, sizeof(int128), &part))
			return false;
		view->sums = (const int128 *) part;
	}
	if (flat->layout == LAYOUT_AMOUNTS &&
		!take_amounts(view, &cursor, end))
		return false;
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
