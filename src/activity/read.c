/*
 * read.c
 *		Reading a flat activity state: what every report starts from.
 */
#include "postgres.h"

#include "fmgr.h"
#include "miscadmin.h"
#include "port/pg_bitutils.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "activity/flat.h"
#include "kernel/bits.h"

/* Reports with more periods are taken for a mistake: 1,140 years of hours. */
#define MAX_SPAN 10000000

/*
 * How long after a change of the zone local times can be those of before it.
 */
#define CHANGE_REACH (2 * AFFINITY_ZONE_REACH)

/* The most entries a user has, or a bound of it that is small. */
static Size
longest_list(const ActivityView *view)
{
	uint32		longest = 0;
	uint64		work = 0;

	if (view->words != NULL && view->n_words <= 64)
		return AFFINITY_BITS_ROOM(view->n_words);
	for (uint32 i = 0; i < view->flat->n_users; i++)
	{
		uint32		n = 0;

		affinity_base_look_after(&work, 1);
		if (view->words != NULL)
		{
			ActivityBits bits;

			affinity_activity_view_bits(view, i, &bits);
			affinity_base_look_after(&work, bits.n_words);
			for (uint32 w = 0; w < bits.n_words; w++)
				n += pg_popcount64(bits.words[w]);
		}
		else
			n = view->offsets[i + 1] - view->offsets[i];
		longest = Max(longest, n);
	}
	/* eight more: see affinity_kernel_list_bits */
	return (Size) longest + 8;
}

/*
 * The first and the last period of a state with times. A zone that is set
 * back over midnight, as St. John's was at 00:01, has the end of a day once
 * more after the beginning of the next one: near such a change all rows are
 * looked at, elsewhere those of the earliest row and of as_of are the ones.
 */
static void
find_range(ActivityReader *reader)
{
	const ActivityView *view = &reader->view;

	reader->first_period =
		affinity_calendar_clock_period(&reader->clock, view->flat->first_at);
	if (!affinity_calendar_clock_set_back(&reader->clock, view->flat->first_at,
										  Min(view->flat->first_at,
											  PG_INT64_MAX - CHANGE_REACH) +
										  CHANGE_REACH) &&
		!affinity_calendar_clock_set_back(&reader->clock, reader->as_of -
										  CHANGE_REACH, reader->as_of))
		return;
	for (uint64 i = 0; i < view->flat->n_entries; i++)
	{
		uint32		period;

		if (i % 65536 == 0)
			CHECK_FOR_INTERRUPTS();
		if (view->at[i] > reader->as_of)
			continue;
		period = affinity_calendar_clock_period(&reader->clock, view->at[i]);
		reader->first_period = Min(reader->first_period, period);
		reader->last_period = Max(reader->last_period, period);
	}
}

/* Start reading; as_of may be NULL. Scratch is in the current context. */
void
affinity_activity_reader_open(ActivityReader *reader, const ActivityFlat *flat,
							  const Moment *as_of)
{
	pg_tz	   *zone = affinity_activity_zone_of(flat);
	Size		longest;

	memset(reader, 0, sizeof(ActivityReader));
	affinity_activity_view_of(&reader->view, flat);
	affinity_calendar_clock_init(&reader->clock, flat->unit, flat->zoned,
								 zone);
	affinity_activity_set_as_of(reader, zone, as_of);
	reader->last_period =
		affinity_calendar_period_of_local(flat->unit, reader->as_of_local);
	reader->first_period = flat->first_period;

	/*
	 * also where the latest row is in an earlier period than another: see
	 * below
	 */
	if (reader->as_of >= flat->last_at)
		reader->last_period = Max(reader->last_period, flat->last_period);
	if (flat->layout == LAYOUT_EVENTS)
		find_range(reader);
	if (flat->layout == LAYOUT_PAIRS || affinity_activity_is_value(flat))
		return;
	longest = longest_list(&reader->view);
	reader->starts = MemoryContextAllocHuge(CurrentMemoryContext,
											longest * sizeof(uint32));
	if (flat->layout != LAYOUT_EVENTS)
		return;
	reader->returns = MemoryContextAllocHuge(CurrentMemoryContext,
											 longest * sizeof(uint32));
	reader->again = MemoryContextAllocHuge(CurrentMemoryContext,
										   longest * sizeof(bool));
	reader->start_event = MemoryContextAllocHuge(CurrentMemoryContext,
												 longest * sizeof(uint32));
}

/* Start reading a state as of argument 1. */
void
affinity_activity_reader_begin(FunctionCallInfo fcinfo, ActivityReader *reader,
							   const ActivityFlat *flat)
{
	affinity_activity_reader_open(reader, flat, PG_ARGISNULL(1) ? NULL :
								  (Moment *) PG_GETARG_POINTER(1));
}

/* Whether, at the instant of a start, another row was a return. */
static bool
returns_at_start(uint8 flags)
{
	return (flags & EVENT_RETURN) ||
		((flags & EVENT_START) && (flags & EVENT_BOTH));
}

/*
 * The place of a period in an ascending list: that of the period where it is
 * there, else where it is to be inserted, which is nearly always the end. A
 * zone that is set back over midnight has later rows in an earlier period.
 */
static inline uint32
place_of(const uint32 *periods, uint32 n, uint32 period)
{
	if (n > 0 && periods[n - 1] == period)
		return n - 1;
	while (n > 0 && periods[n - 1] >= period)
		n--;
	return n;
}

/* Whether the period is not in the list; then it is inserted at its place. */
static inline bool
insert_period(uint32 *periods, uint32 *n, uint32 place, uint32 period)
{
	if (place < *n && periods[place] == period)
		return false;
	if (unlikely(place < *n))
		memmove(periods + place + 1, periods + place,
				(*n - place) * sizeof(uint32));
	periods[place] = period;
	(*n)++;
	return true;
}

/*
 * A user's start, at the event given; false where its period had one already.
 */
static inline bool
insert_start(ActivityReader *reader, uint32 *n, uint32 period, uint32 event)
{
	uint32		place = place_of(reader->starts, *n, period);
	uint32		behind = *n - place;

	if (!insert_period(reader->starts, n, place, period))
		return false;
	if (unlikely(behind > 0))
	{
		memmove(reader->start_event + place + 1, reader->start_event + place,
				behind * sizeof(uint32));
		memmove(reader->again + place + 1, reader->again + place,
				behind * sizeof(bool));
	}
	reader->start_event[place] = event;
	reader->again[place] = returns_at_start(reader->view.flags[event]);
	return true;
}

/*
 * A user's events as periods. Rows later than as_of are not seen. In a period
 * with a start, "again" is a return after the first start in it, or at its
 * very instant but by another row.
 */
static void
read_events(ActivityReader *reader, uint32 user, ActivityUser *out)
{
	const ActivityView *view = &reader->view;
	uint32		n_starts = 0;
	uint32		n_returns = 0;

	for (uint32 i = view->offsets[user]; i < view->offsets[user + 1]; i++)
	{
		uint8		flags = view->flags[i];
		uint32		period;
		uint32		place;

		affinity_base_look_up(i);
		if (view->at[i] > reader->as_of)
			break;
		period = affinity_calendar_clock_period(&reader->clock, view->at[i]);
		if ((flags & (EVENT_START | EVENT_BOTH)) == 0 ||
			!insert_start(reader, &n_starts, period, i))
		{
			place = place_of(reader->starts, n_starts, period);
			if (place < n_starts && reader->starts[place] == period &&
				(flags & (EVENT_RETURN | EVENT_BOTH)) != 0)
				reader->again[place] = true;
		}
		if (flags & (EVENT_RETURN | EVENT_BOTH))
			insert_period(reader->returns, &n_returns,
						  place_of(reader->returns, n_returns, period),
						  period);
	}
	out->starts = reader->starts;
	out->again = reader->again;
	out->n_starts = n_starts;
	out->returns = reader->returns;
	out->n_returns = n_returns;
}

/* How many words of a bitmap are listed between two looks at interrupts. */
#define WORDS_AT_ONCE 16384

/* List the periods of a bitmap; returns how many there are. */
static uint32
list_bits(ActivityReader *reader, const ActivityBits *bits)
{
	uint32		n = 0;

	for (uint32 from = 0; from < bits->n_words; from += WORDS_AT_ONCE)
	{
		uint32		n_words = Min(bits->n_words - from, WORDS_AT_ONCE);

		affinity_base_look_after(&reader->work, n_words);
		n += affinity_kernel_list_bits(bits->words + from, n_words,
									   (bits->first_word + from) << 6,
									   reader->starts + n);
	}
	affinity_base_look_after(&reader->work, n);
	return n;
}

/* How many of an ascending list of periods are not after the last one. */
static uint32
not_after(const uint32 *periods, uint32 n, uint32 last)
{
	uint32		from = 0;

	if (n == 0 || periods[n - 1] <= last)
		return n;
	while (from < n)
	{
		uint32		middle = from + (n - from) / 2;

		if (periods[middle] <= last)
			from = middle + 1;
		else
			n = middle;
	}
	return from;
}

/* A user's periods up to the one that contains as_of. */
void
affinity_activity_reader_user(ActivityReader *reader, uint32 user,
							  ActivityUser *out)
{
	const ActivityView *view = &reader->view;
	uint32		n = 0;

	if (view->flat->layout == LAYOUT_EVENTS)
	{
		read_events(reader, user, out);
		return;
	}
	if (view->flat->layout == LAYOUT_PAIRS ||
		affinity_activity_is_value(view->flat))
	{
		out->starts = view->periods + view->offsets[user];
		n = view->offsets[user + 1] - view->offsets[user];
		affinity_base_look_after(&reader->work, n);
	}
	else
	{
		ActivityBits bits;

		affinity_activity_view_bits(view, user, &bits);
		n = list_bits(reader, &bits);
		out->starts = reader->starts;
	}
	n = not_after(out->starts, n, reader->last_period);
	out->n_starts = n;
	out->again = NULL;
	out->returns = out->starts;
	out->n_returns = n;
}

/*
 * A user's returns in rolling periods of so many us after the first start in
 * the period starts[start], as affinity_activity_reader_user gave it just
 * before.
 */
void
affinity_activity_reader_rolling(ActivityReader *reader,
								 uint32 user, uint32 start, int64 length,
								 ActivityRolling *out)
{
	const ActivityView *view = &reader->view;
	uint32		first = reader->start_event[start];
	int64		began = view->at[first];
	uint32		n = 0;

	/* unsigned, as the span of all timestamps is more than an int64 holds */
	out->n_full = (uint32) Min(((uint64) reader->as_of - (uint64) began) /
							   length, PG_INT32_MAX);
	out->again = returns_at_start(view->flags[first]);
	for (uint32 i = first + 1; i < view->offsets[user + 1]; i++)
	{
		uint64		period = ((uint64) view->at[i] - (uint64) began) / length;

		affinity_base_look_up(i);
		if (view->at[i] > reader->as_of || period > PG_INT32_MAX)
			break;
		if ((view->flags[i] & (EVENT_RETURN | EVENT_BOTH)) == 0)
			continue;
		if (period == 0)
			out->again = true;
		else if (n == 0 || reader->returns[n - 1] != (uint32) period)
			reader->returns[n++] = (uint32) period;
	}
	out->returns = reader->returns;
	out->n_returns = n;
}

/* The periods in which a user did anything, starts and returns alike. */
uint32
affinity_activity_reader_active(ActivityReader *reader, uint32 user,
								const uint32 **periods)
{
	const ActivityView *view = &reader->view;
	ActivityUser out;
	uint32		n = 0;

	if (view->flat->layout != LAYOUT_EVENTS)
	{
		affinity_activity_reader_user(reader, user, &out);
		*periods = out.starts;
		return out.n_starts;
	}
	for (uint32 i = view->offsets[user]; i < view->offsets[user + 1]; i++)
	{
		uint32		period;

		affinity_base_look_up(i);
		if (view->at[i] > reader->as_of)
			break;
		period = affinity_calendar_clock_period(&reader->clock, view->at[i]);
		insert_period(reader->starts, &n,
					  place_of(reader->starts, n, period), period);
	}
	*periods = reader->starts;
	return n;
}

/* How many periods there are from the first one to the one with as_of. */
uint32
affinity_activity_reader_span(const ActivityReader *reader)
{
	uint32		span;

	if (reader->last_period < reader->first_period)
		return 0;
	span = reader->last_period - reader->first_period;
	if (span >= MAX_SPAN)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("this report would have %u periods", span),
				 errhint("Aggregate by a coarser unit, or leave out rows with mistaken times.")));
	return span + 1;
}

uint64 *
affinity_activity_reader_counts(uint32 n)
{
	uint64	   *counts = affinity_base_array(n, sizeof(uint64));

	affinity_base_zero(counts, (Size) n * sizeof(uint64));
	return counts;
}

/* Whether a period is over as of the report's as_of. */
bool
affinity_activity_reader_complete(const ActivityReader *reader, uint32 period)
{
	return affinity_calendar_period_start(reader->view.flat->unit, period +
										  1) <= reader->as_of_local;
}
