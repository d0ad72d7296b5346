/*
 * packed.c
 *		A state at rest: reading, writing and checking it.
 *
 * After the header come the names of channels, in the order of their bytes,
 * each with its length (4 bytes), and then the users, each once, in the order
 * of a number that mixes all bits of their id and can be mixed back. A user is
 *
 *		the mixed id			8 bytes, and 8 more of uuid and text
 *		how many rows			7 bits a byte, the lowest first
 *		the first time			8 bytes
 *		for each row
 *			time since the row before, but not of the first, 7 bits a byte
 *			four times the channel's number, 2 if it converted, 1 if a value
 *			follows, 7 bits a byte
 *			the value			8 bytes
 *
 * Equal contents are equal bytes: numbers are as short as can be, rows of one
 * time are in the order of affinity_attribution_compare_touches, and no name
 * is there without a row.
 */
#include "postgres.h"

#include <math.h>

#include "mb/pg_wchar.h"

#include "attribution/attribution.h"
#include "base/state.h"

#define NUMBER_MAX 10			/* bytes of a number of 64 bits */
#define ROW_MAX (NUMBER_MAX + 5 + sizeof(double))
#define USER_MAX (2 * sizeof(uint64) + 5 + sizeof(int64))

/*
 * The order of a user's rows: of one time first touches, then conversions,
 * each by channel and value.
 */
int
affinity_attribution_compare_touches(const Touch *a, const Touch *b)
{
	uint32		converted = (a->what & TOUCH_CONVERTED) -
		(b->what & TOUCH_CONVERTED);

	if (a->at != b->at)
		return a->at < b->at ? -1 : 1;
	if (converted != 0)
		return (a->what & TOUCH_CONVERTED) != 0 ? 1 : -1;
	if (a->what != b->what)
		return a->what < b->what ? -1 : 1;
	return a->value < b->value ? -1 : a->value > b->value;
}

#define ST_SORT sort_touches
#define ST_ELEMENT_TYPE Touch
#define ST_COMPARE(a, b) affinity_attribution_compare_touches(a, b)
#define ST_SCOPE static
#define ST_CHECK_FOR_INTERRUPTS
#define ST_DECLARE
#define ST_DEFINE
#include "lib/sort_template.h"

void
affinity_attribution_sort(Touch *touch, uint32 n)
{
	sort_touches(touch, n);
}

/* ---- read --------------------------------------------------------------- */

/* A number, or NULL if none in its shortest form is there. */
static inline const char *
read_number(const char *from, const char *end, uint64 *number)
{
	uint64		n = 0;

	for (int shift = 0; from < end; shift += 7)
	{
		uint8		byte = (uint8) *from++;

		if (shift == 63 && byte > 1)
			return NULL;
		n |= (uint64) (byte & 0x7f) << shift;
		if (byte < 0x80)
		{
			*number = n;
			return byte == 0 && shift > 0 ? NULL : from;
		}
		if (shift == 63)
			return NULL;
	}
	return NULL;
}

/*
 * The names of a state that was checked, number 0 first; `data` ends with the
 * last of them.
 */
static ChannelName *
read_names(const Attribution *state, const char **end)
{
	ChannelName *name = affinity_base_array((Size) state->n_channels + 1,
											sizeof(ChannelName));
	const char *from = state->data;

	name[0].bytes = ATTRIBUTION_NONE;
	name[0].len = strlen(ATTRIBUTION_NONE);
	for (uint32 i = 1; i <= state->n_channels; i++)
	{
		memcpy(&name[i].len, from, sizeof(uint32));
		name[i].bytes = from + sizeof(uint32);
		from = name[i].bytes + name[i].len;
	}
	*end = from;
	return name;
}

ChannelName *
affinity_attribution_names(const Attribution *state)
{
	const char *end;

	return read_names(state, &end);
}

static void
begin(TouchReader *reader, const Attribution *state, const char *users)
{
	memset(reader, 0, sizeof(TouchReader));
	reader->next = users;
	reader->end = (const char *) state + VARSIZE(state);
	reader->wide = state->user_kind != AFFINITY_ID_INT;
	reader->left = state->n_users;
}

void
affinity_attribution_read(TouchReader *reader, const Attribution *state)
{
	const char *users;

	pfree(read_names(state, &users));
	begin(reader, state, users);
}

static bool
make_room(TouchReader *reader, uint32 n)
{
	if (n <= reader->room)
		return true;
	/* a row is at least one byte */
	if (n > (Size) (reader->end - reader->next))
		return false;
	if (reader->touch != NULL)
		pfree(reader->touch);
	reader->room = Max(64, n + n / 2);
	reader->touch = affinity_base_array(reader->room, sizeof(Touch));
	return true;
}

/* One row, at or after `at`; NULL where the bytes are none. */
static inline const char *
read_row(const char *from, const char *end, int64 at, bool first,
		 Touch *touch)
{
	uint64		number = 0;

	if (!first && (from = read_number(from, end, &number)) == NULL)
		return NULL;
	touch->at = (int64) ((uint64) at + number);
	touch->value = 0;
	if (touch->at < at || (from = read_number(from, end, &number)) == NULL ||
		number > PG_UINT32_MAX)
		return NULL;
	touch->what = (uint32) number;
	if ((touch->what & TOUCH_VALUE) == 0)
		return from;
	if ((Size) (end - from) < sizeof(double))
		return NULL;
	memcpy(&touch->value, from, sizeof(double));
	return from + sizeof(double);
}

/* The user that comes next and is there; false if bytes are none. */
static bool
read_user(TouchReader *reader)
{
	Size		id = sizeof(uint64) * (reader->wide ? 2 : 1);
	const char *from = reader->next;
	uint64		n;
	int64		at;

	if ((Size) (reader->end - from) < id)
		return false;
	memcpy(&reader->mixed, from, id);
	from = read_number(from + id, reader->end, &n);
	if (from == NULL || n == 0 || n > PG_INT32_MAX ||
		(Size) (reader->end - from) < sizeof(int64) ||
		!make_room(reader, (uint32) n))
		return false;
	memcpy(&at, from, sizeof(int64));
	from += sizeof(int64);
	reader->n = (uint32) n;
	for (uint32 i = 0; i < reader->n; i++)
	{
		from = read_row(from, reader->end, at, i == 0, &reader->touch[i]);
		if (from == NULL)
			return false;
		at = reader->touch[i].at;
	}
	reader->next = from;
	reader->left--;
	return true;
}

/* The next user of a state that was checked; false: there is none. */
bool
affinity_attribution_next(TouchReader *reader)
{
	if (reader->left == 0)
		return false;
	if (!read_user(reader))
		elog(ERROR, "a state of attribution is damaged");
	affinity_base_look_after(&reader->work, reader->n + 4);
	return true;
}

/* ---- write -------------------------------------------------------------- */

static inline char *
write_number(char *to, uint64 number)
{
	while (number >= 0x80)
	{
		*to++ = (char) (number | 0x80);
		number >>= 7;
	}
	*to++ = (char) number;
	return to;
}

static char *
room_to_write(TouchWriter *writer, Size more)
{
	Size		needed = writer->used + more;

	if (needed > writer->room)
	{
		writer->room = needed + needed / 2;
		writer->state = repalloc_huge(writer->state, writer->room);
	}
	return (char *) writer->state + writer->used;
}

/* A state that would have so many bytes may be too large. */
void
affinity_attribution_check_size(Size size)
{
	if (size > MaxAllocSize)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("the attribution state needs more than %zu bytes, which is all that a value holds",
						(Size) MaxAllocSize),
				 errhint("Make a state for each part of the users, or for each period.")));
}

/* Begin a state with these names, which are in order and without number 0. */
void
affinity_attribution_write(TouchWriter *writer, const Attribution *like,
						   const ChannelName *name, uint32 n_names)
{
	writer->room = 1024;
	writer->used = ATTRIBUTION_HEADER;
	writer->state = affinity_base_zeroed_array(1, writer->room);
	writer->state->magic = ATTRIBUTION_MAGIC;
	writer->state->version = ATTRIBUTION_VERSION;
	writer->state->time_kind = like->time_kind;
	writer->state->user_kind = like->user_kind;
	writer->state->lookback = like->lookback;
	writer->state->n_channels = n_names;
	for (uint32 i = 0; i < n_names; i++)
	{
		char	   *to = room_to_write(writer, sizeof(uint32) + name[i].len);

		memcpy(to, &name[i].len, sizeof(uint32));
		memcpy(to + sizeof(uint32), name[i].bytes, name[i].len);
		writer->used += sizeof(uint32) + name[i].len;
		affinity_attribution_check_size(writer->used);
	}
}

void
affinity_attribution_write_user(TouchWriter *writer, EventUserId mixed,
								const Touch *touch, uint32 n)
{
	Attribution *state;
	char	   *to = room_to_write(writer, USER_MAX + n * ROW_MAX);
	Size		id = sizeof(uint64) *
		(writer->state->user_kind == AFFINITY_ID_INT ? 1 : 2);

	state = writer->state;
	memcpy(to, &mixed, id);
	to = write_number(to + id, n);
	memcpy(to, &touch[0].at, sizeof(int64));
	to += sizeof(int64);
	for (uint32 i = 0; i < n; i++)
	{
		if (i > 0)
			to = write_number(to, (uint64) touch[i].at -
							  (uint64) touch[i - 1].at);
		to = write_number(to, touch[i].what);
		if ((touch[i].what & TOUCH_VALUE) == 0)
			continue;
		memcpy(to, &touch[i].value, sizeof(double));
		to += sizeof(double);
		state->largest = Max(state->largest, fabs(touch[i].value));
	}
	state->n_users++;
	state->n_rows += n;
	writer->used = to - (char *) state;
	affinity_attribution_check_size(writer->used);
}

Attribution *
affinity_attribution_written(TouchWriter *writer)
{
	SET_VARSIZE(writer->state, writer->used);
	return writer->state;
}

/* ---- check -------------------------------------------------------------- */

/* A state of a size that can be, aligned; it was checked when it came in. */
Attribution *
affinity_attribution_of(Datum value)
{
	Attribution *state = affinity_base_aligned(value);

	if (VARSIZE(state) < ATTRIBUTION_HEADER ||
		state->magic != ATTRIBUTION_MAGIC ||
		state->version != ATTRIBUTION_VERSION)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
				 errmsg("invalid attribution state")));
	return state;
}

/* An argument at rest, however it comes. */
Attribution *
affinity_attribution_arg(FunctionCallInfo fcinfo, int arg)
{
	return affinity_attribution_finish(PG_GETARG_DATUM(arg));
}

static const char *
check_names(const Attribution *state, const char **users)
{
	const char *end = (const char *) state + VARSIZE(state);
	const char *from = state->data;
	const char *before = NULL;
	uint32		before_len = 0;

	for (uint32 i = 0; i < state->n_channels; i++)
	{
		uint32		len;

		affinity_base_look_up(i);
		if ((Size) (end - from) < sizeof(uint32))
			return "wrong length";
		memcpy(&len, from, sizeof(uint32));
		from += sizeof(uint32);
		if ((Size) (end - from) < len)
			return "wrong length";
		if (!pg_verifymbstr(from, (int) len, true))
			return "a channel that is no text";
		if (before != NULL &&
			affinity_base_bytes_compare(before, before_len, from, len) >= 0)
			return "channels out of order";
		if (affinity_base_bytes_compare(from, len, ATTRIBUTION_NONE,
										strlen(ATTRIBUTION_NONE)) == 0)
			return "a channel that is none";
		before = from;
		before_len = len;
		from += len;
	}
	*users = from;
	return NULL;
}

static const char *
check_touch(const Touch *touch, uint32 n_channels)
{
	bool		has_value = (touch->what & TOUCH_VALUE) != 0;

	if (TIMESTAMP_NOT_FINITE(touch->at))
		return "an infinite time";
	if (TOUCH_CHANNEL(touch->what) > n_channels)
		return "a channel without a name";
	if (has_value && ((touch->what & TOUCH_CONVERTED) == 0 ||
					  touch->value == 0 || !isfinite(touch->value)))
		return "a value that is none";
	return NULL;
}

static const char *
check_users(const Attribution *state, const char *users, bool *used)
{
	TouchReader reader;
	EventUserId before = {0, 0};
	uint64		n_rows = 0;
	double		largest = 0;

	begin(&reader, state, users);
	for (uint64 i = 0; i < state->n_users; i++)
	{
		if (!read_user(&reader))
			return "a user who is none";
		affinity_base_look_after(&reader.work, reader.n + 4);
		if (i > 0 && (before.low > reader.mixed.low ||
					  (before.low == reader.mixed.low &&
					   before.high >= reader.mixed.high)))
			return "users out of order";
		before = reader.mixed;
		n_rows += reader.n;
		for (uint32 j = 0; j < reader.n; j++)
		{
			const Touch *touch = &reader.touch[j];
			const char *problem = check_touch(touch, state->n_channels);

			if (problem != NULL)
				return problem;
			if (j > 0 && affinity_attribution_compare_touches(touch - 1,
															  touch) > 0)
				return "rows out of order";
			used[TOUCH_CHANNEL(touch->what)] = true;
			largest = Max(largest, fabs(touch->value));
		}
	}
	if (reader.next != reader.end || n_rows != state->n_rows)
		return "wrong length";
	if (largest != state->largest)
		return "wrong largest value";
	return NULL;
}

/* What is wrong with a state that came in, or NULL. */
const char *
affinity_attribution_check(const Attribution *state)
{
	const char *users;
	const char *problem;
	bool	   *used;

	if ((state->time_kind != EVENT_TIME_TIMESTAMP &&
		 state->time_kind != EVENT_TIME_TIMESTAMPTZ) ||
		state->user_kind < AFFINITY_ID_INT ||
		state->user_kind > AFFINITY_ID_TEXT || state->unused != 0 ||
		state->lookback < 0 || state->n_channels > TOUCH_CHANNEL_MAX ||
		signbit(state->largest) || state->n_users == 0)
		return "wrong header";
	problem = check_names(state, &users);
	if (problem != NULL)
		return problem;
	used = affinity_base_zeroed_array((Size) state->n_channels + 1,
									  sizeof(bool));
	problem = check_users(state, users, used);
	for (uint32 i = 1; i <= state->n_channels && problem == NULL; i++)
		if (!used[i])
			problem = "a channel without a row";
	pfree(used);
	return problem;
}
