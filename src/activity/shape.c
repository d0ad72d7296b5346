/*
 * shape.c
 *		The shape of a flat activity state: its layout, its size, and where its
 *		parts are.
 *
 * The layout is chosen from the finished contents alone, so that equal
 * contents give equal bytes, whatever way they were put together.
 */
#include "postgres.h"

#include "utils/memutils.h"

#include "activity/flat.h"

/* Bitmaps of up to this many words are taken even if a list were smaller. */
#define ALWAYS_BITS_WORDS 8

/*
 * With fewer users, bitmaps are of one width, and a row can be added in
 * place; and a first word is a uint16.
 */
#define RAGGED_USERS 64
#define RAGGED_WORDS 65536

void
affinity_activity_too_large(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
			 errmsg("state would exceed 1 GB, the limit of a value"),
			 errhint("Make one state per part of the users, for example GROUP BY abs(hashtext(user_id::text) %% 16), call the report on each with the same as_of and add up its counts and sums by cohort and period; or use a coarser unit.")));
}

static Size
padded(uint64 count, Size width)
{
	if (count > MaxAllocSize / width)
		affinity_activity_too_large();
	return MAXALIGN(count * width);
}

/*
 * The layout for periods without times or sums: bitmaps of one width, bitmaps
 * without zeros at their ends, or lists.
 */
ActivityLayout
affinity_activity_layout(const ActivityShape *shape)
{
	uint64		n = shape->n_users;
	uint64		width = (shape->last_period >> 6) -
		(shape->first_period >> 6) + 1;
	uint64		ragged = MAXALIGN((n + 1) * sizeof(uint32)) +
		MAXALIGN(n * sizeof(uint16)) + shape->n_words * sizeof(uint64);
	uint64		pairs = (n + 1 + shape->n_entries) * sizeof(uint32);
	uint64		least = n * width * sizeof(uint64);
	ActivityLayout layout = LAYOUT_DENSE;

	if (ragged < least && n > RAGGED_USERS && width <= RAGGED_WORDS)
	{
		layout = LAYOUT_RAGGED;
		least = ragged;
	}
	if (pairs < least && width > ALWAYS_BITS_WORDS)
		layout = LAYOUT_PAIRS;
	return layout;
}

/* Bytes of the periods, events or values. */
static Size
body_size(const ActivityKind *kind, const ActivityShape *shape)
{
	uint64		n = shape->n_users;
	uint64		width = (shape->last_period >> 6) -
		(shape->first_period >> 6) + 1;
	Size		size = padded(n + 1, sizeof(uint32));

	switch (shape->layout)
	{
		case LAYOUT_DENSE:
			return padded(n * width, sizeof(uint64));
		case LAYOUT_RAGGED:
			return size + padded(n, sizeof(uint16)) +
				padded(shape->n_words, sizeof(uint64));
		case LAYOUT_PAIRS:
			return size + padded(shape->n_entries, sizeof(uint32));
		case LAYOUT_EVENTS:
			return size + padded(shape->n_entries, sizeof(int64)) +
				padded(shape->n_entries, 1);
		case LAYOUT_VALUES:
			return size + padded(shape->n_entries, sizeof(uint32)) +
				padded(shape->n_entries, sizeof(int128));
		case LAYOUT_AMOUNTS:
			size += padded(shape->n_entries, sizeof(uint32)) +
				padded(shape->n_entries, sizeof(int128));
			if (kind->counted != COUNTED_ROWS)
				size += padded(n + 1, sizeof(uint32)) +
					padded(shape->n_steps, sizeof(uint32)) +
					padded(shape->n_steps, sizeof(int128));
			if (kind->starts)
				size += padded(n, sizeof(uint32));
			return size;
	}
	pg_unreachable();
}

/*
 * Bytes of a flat state; an error where they are more than a value may have.
 */
Size
affinity_activity_shape_size(const ActivityKind *kind,
							 const ActivityShape *shape)
{
	uint64		n = shape->n_users;
	Size		size = offsetof(ActivityFlat, data) +
		padded(kind->zone_len, 1);

	if (kind->ids == AFFINITY_ID_TEXT)
		size += padded(n + 1, sizeof(uint32)) + padded(shape->text_len, 1);
	else
		size += padded(n, affinity_activity_id_size(kind->ids));
	size += body_size(kind, shape);
	if (size > MaxAllocSize)
		affinity_activity_too_large();
	return size;
}

/* Where those of layout amounts begin, behind the sums. */
static void
place_amounts(const ActivityKind *kind, const ActivityShape *shape,
			  char *cursor, ActivityParts *parts)
{
	if (kind->counted != COUNTED_ROWS)
	{
		parts->step_offsets = (uint32 *) cursor;
		cursor += padded((uint64) shape->n_users + 1, sizeof(uint32));
		parts->step_periods = (uint32 *) cursor;
		cursor += padded(shape->n_steps, sizeof(uint32));
		parts->steps = (int128 *) cursor;
		cursor += padded(shape->n_steps, sizeof(int128));
	}
	if (kind->starts)
		parts->starts = (uint32 *) cursor;
}

/* Where the parts of the flat form begin, behind the name of the zone. */
static void
place_parts(const ActivityKind *kind, const ActivityShape *shape, char *cursor,
			ActivityParts *parts)
{
	uint64		n = shape->n_users;

	memset(parts, 0, sizeof(ActivityParts));
	if (kind->ids == AFFINITY_ID_TEXT)
	{
		parts->text_offsets = (uint32 *) cursor;
		parts->text = cursor + padded(n + 1, sizeof(uint32));
		cursor = parts->text + padded(shape->text_len, 1);
	}
	else
	{
		parts->ids = cursor;
		cursor += padded(n, affinity_activity_id_size(kind->ids));
	}
	if (shape->layout == LAYOUT_DENSE)
	{
		parts->words = (uint64 *) cursor;
		return;
	}
	parts->offsets = (uint32 *) cursor;
	cursor += padded(n + 1, sizeof(uint32));
	if (shape->layout == LAYOUT_RAGGED)
	{
		parts->first_words = (uint16 *) cursor;
		parts->words = (uint64 *) (cursor + padded(n, sizeof(uint16)));
	}
	else if (shape->layout == LAYOUT_EVENTS)
	{
		parts->at = (int64 *) cursor;
		parts->flags = (uint8 *) cursor +
			padded(shape->n_entries, sizeof(int64));
	}
	else
	{
		parts->periods = (uint32 *) cursor;
		cursor += padded(shape->n_entries, sizeof(uint32));
		if (kind->values)
			parts->sums = (int128 *) cursor;
		if (shape->layout == LAYOUT_AMOUNTS)
			place_amounts(kind, shape,
						  cursor + padded(shape->n_entries, sizeof(int128)),
						  parts);
	}
}

/*
 * Make the space a state of that shape: all but its parts, which are zeros.
 */
void
affinity_activity_shape_begin(const ActivityKind *kind,
							  const ActivityShape *shape,
							  ActivityFlat *flat, Size size,
							  ActivityParts *parts)
{
	char	   *sums;
	char	   *behind;

	place_parts(kind, shape, flat->data + padded(kind->zone_len, 1), parts);
	/* all but what is written in any case, most of a value */
	sums = parts->sums ? (char *) parts->sums : (char *) flat + size;
	behind = parts->sums ? sums + shape->n_entries * sizeof(int128) : sums;
	memset(flat, 0, sums - (char *) flat);
	memset(behind, 0, (char *) flat + size - behind);
	SET_VARSIZE(flat, size);
	flat->magic = ACTIVITY_MAGIC;
	flat->version = shape->layout == LAYOUT_AMOUNTS
		? ACTIVITY_VERSION_AMOUNTS : ACTIVITY_VERSION;
	flat->unit = kind->unit;
	flat->ids = kind->ids;
	flat->layout = shape->layout;
	flat->zoned = kind->zoned;
	flat->zone_len = kind->zone_len;
	flat->n_users = shape->n_users;
	flat->counted = kind->counted;
	flat->starts = kind->starts;
	flat->n_steps = (uint32) shape->n_steps;
	flat->n_entries = shape->n_entries;
	flat->first_at = shape->first_at;
	flat->last_at = shape->last_at;
	if (!kind->events)
	{
		flat->first_period = shape->first_period;
		flat->last_period = shape->last_period;
	}
	memcpy(flat->data, kind->zone, kind->zone_len);
}
