/*
 * state.c
 *		How a state of type contrast grows, and its form at rest.
 */
#include "postgres.h"

#include "common/hashfn.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "port/pg_bitutils.h"
#include "utils/memutils.h"

#include "profile/profile.h"

#define SLOTS_AT_FIRST 16
#define BYTES_AT_FIRST 128
#define COUNT_MAX (INT64CONST(1) << 53)

static Size
size_of(Size n_slots, Size room, Size bytes)
{
	return CONTRAST_HEADER + sizeof(uint32) * n_slots +
		sizeof(ContrastEntry) * room + bytes;
}

/* A state with so much room, and nothing in it. */
static ContrastState *
make_state(Size n_slots, Size room, Size bytes)
{
	Size		size = size_of(n_slots, room, bytes);
	ContrastState *state;

	if (size > MaxAllocSize)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("the contrast state needs %zu bytes, but a value holds at most %zu",
						size, (Size) MaxAllocSize),
				 errhint("Leave out values that few rows have, or shorten them.")));
	state = palloc0(size);
	SET_VARSIZE(state, size);
	state->magic = CONTRAST_MAGIC;
	state->version = CONTRAST_VERSION;
	state->n_slots = (uint32) n_slots;
	state->bytes_room = (uint32) bytes;
	return state;
}

ContrastState *
affinity_profile_state_new(void)
{
	return make_state(SLOTS_AT_FIRST, SLOTS_AT_FIRST / 2, BYTES_AT_FIRST);
}

static uint32
hash_value(const char *value, uint32 len)
{
	return hash_bytes((const unsigned char *) value, (int) len);
}

/* A state of a size that can be, aligned; input checked the rest. */
ContrastState *
affinity_profile_state_of(Datum value)
{
	ContrastState *state = (ContrastState *) PG_DETOAST_DATUM(value);

	if (VARSIZE(state) < CONTRAST_HEADER || state->magic != CONTRAST_MAGIC ||
		state->version != CONTRAST_VERSION ||
		(state->n_slots & (state->n_slots - 1)) != 0 ||
		state->n_slots == 1 || state->n > affinity_profile_room(state) ||
		state->bytes_used > state->bytes_room ||
		VARSIZE(state) != size_of(state->n_slots, affinity_profile_room(state),
								  state->bytes_room))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
				 errmsg("invalid contrast state")));
	return state;
}

/* Where a value is in the slots, or the free one where it would be. */
static uint32 *
find_slot(const ContrastState *state, const char *value, uint32 len)
{
	uint32	   *slots = affinity_profile_slots(state);
	const ContrastEntry *entries = affinity_profile_entries(state);
	const char *bytes = affinity_profile_bytes(state);
	uint32		i = hash_value(value, len) & (state->n_slots - 1);

	while (slots[i] != 0)
	{
		const ContrastEntry *entry = &entries[slots[i] - 1];

		if (entry->len == len &&
			memcmp(bytes + entry->offset, value, len) == 0)
			break;
		i = (i + 1) & (state->n_slots - 1);
	}
	return &slots[i];
}

/* A copy that has twice the room, for one more value of so many bytes. */
static ContrastState *
enlarge(const ContrastState *old, uint32 len)
{
	Size		n_slots = Max(old->n_slots, SLOTS_AT_FIRST);
	Size		bytes = Max(old->bytes_room, BYTES_AT_FIRST);
	ContrastEntry *entries = affinity_profile_entries(old);
	ContrastState *state;

	while (old->n + (Size) 1 > n_slots / 2)
		n_slots *= 2;
	if (old->bytes_used + (Size) len > bytes)
		bytes = MAXALIGN(Max(2 * bytes, old->bytes_used + (Size) len));
	state = make_state(n_slots, n_slots / 2, bytes);
	state->n = old->n;
	state->bytes_used = old->bytes_used;
	memcpy(affinity_profile_entries(state), entries,
		   old->n * sizeof(ContrastEntry));
	memcpy(affinity_profile_bytes(state), affinity_profile_bytes(old),
		   old->bytes_used);
	for (uint32 i = 0; i < old->n; i++)
	{
		affinity_base_look_up(i);
		*find_slot(state, affinity_profile_bytes(state) + entries[i].offset,
				   entries[i].len) = i + 1;
	}
	return state;
}

static void
too_many_rows(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
			 errmsg("a contrast state is of too many rows")));
}

/* Add to a value; gives the state, or a larger one in its place. */
ContrastState *
affinity_profile_state_add(ContrastState *state, const char *value,
						   uint32 len, int64 inside, int64 outside)
{
	ContrastEntry *entry;
	uint32	   *slot;

	if (state->n_slots == 0)
		state = enlarge(state, len);
	slot = find_slot(state, value, len);
	if (*slot == 0)
	{
		if (state->n == state->n_slots / 2 ||
			state->bytes_used + (Size) len > state->bytes_room)
		{
			state = enlarge(state, len);
			slot = find_slot(state, value, len);
		}
		entry = &affinity_profile_entries(state)[state->n++];
		*slot = state->n;
		entry->inside = 0;
		entry->outside = 0;
		entry->offset = state->bytes_used;
		entry->len = len;
		memcpy(affinity_profile_bytes(state) + entry->offset, value, len);
		state->bytes_used += len;
	}
	entry = &affinity_profile_entries(state)[*slot - 1];
	entry->inside += inside;
	entry->outside += outside;
	/* one more of the same could not be added without an overflow */
	if (entry->inside > COUNT_MAX || entry->outside > COUNT_MAX)
		too_many_rows();
	return state;
}

static int
compare_entries(const ContrastEntry *a, const ContrastEntry *b,
				const char *bytes)
{
	return affinity_base_bytes_compare(bytes + a->offset, a->len,
									   bytes + b->offset, b->len);
}

#define ST_SORT sort_values
#define ST_ELEMENT_TYPE ContrastEntry
#define ST_COMPARE_ARG_TYPE const char
#define ST_COMPARE(a, b, bytes) compare_entries(a, b, bytes)
#define ST_SCOPE static
#define ST_CHECK_FOR_INTERRUPTS
#define ST_DECLARE
#define ST_DEFINE
#include "lib/sort_template.h"

/* The form at rest. */
ContrastState *
affinity_profile_state_final(const ContrastState *state)
{
	ContrastState *final = make_state(0, state->n, state->bytes_used);
	const char *bytes = affinity_profile_bytes(state);
	ContrastEntry *entries;
	char	   *to;
	int64		total = 0;

	final->n = state->n;
	final->bytes_used = state->bytes_used;
	entries = affinity_profile_entries(final);
	to = affinity_profile_bytes(final);
	memcpy(entries, affinity_profile_entries(state),
		   state->n * sizeof(ContrastEntry));
	sort_values(entries, state->n, bytes);
	for (uint32 i = 0, offset = 0; i < final->n; i++)
	{
		affinity_base_look_up(i);
		memcpy(to + offset, bytes + entries[i].offset, entries[i].len);
		entries[i].offset = offset;
		offset += entries[i].len;
		total += entries[i].inside + entries[i].outside;
		if (total > COUNT_MAX)
			too_many_rows();
	}
	return final;
}

/* An argument of type contrast, in its form at rest. */
ContrastState *
affinity_profile_arg(FunctionCallInfo fcinfo, int arg)
{
	ContrastState *state = affinity_profile_state_of(PG_GETARG_DATUM(arg));

	return state->n_slots > 0 ? affinity_profile_state_final(state) : state;
}

/* What is wrong with a state that came in, whose length is right, or NULL. */
const char *
affinity_profile_state_check(const ContrastState *state)
{
	const ContrastEntry *entries = affinity_profile_entries(state);
	const char *bytes = affinity_profile_bytes(state);
	Size		offset = 0;
	int64		total = 0;

	for (uint32 i = 0; i < state->n; i++)
	{
		const ContrastEntry *e = &entries[i];

		affinity_base_look_up(i);
		if (e->offset != offset || e->len > state->bytes_used - offset)
			return "values out of place";
		offset += e->len;
		if (e->inside < 0 || e->outside < 0 || e->inside > COUNT_MAX ||
			e->outside > COUNT_MAX || e->inside + e->outside == 0)
			return "wrong counts";
		total += e->inside + e->outside;
		if (total > COUNT_MAX)
			return "too many rows";
		if (i > 0 && compare_entries(&entries[i - 1], e, bytes) >= 0)
			return "values out of order";
		if (memchr(bytes + e->offset, '\0', e->len) != NULL ||
			!pg_verifymbstr(bytes + e->offset, (int) e->len, true))
			return "a value that is no text";
	}
	if (offset != state->bytes_used)
		return "wrong length";
	return NULL;
}
