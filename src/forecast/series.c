/*
 * series.c
 *		How a state of type series grows, its form at rest, and what is checked
 *		when one comes in.
 *
 * Rows are appended; when the room is used up, entries are sorted, those of a
 * period become its exact sum, and the room doubles if more than half of it
 * is still in use.
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"
#include "utils/memutils.h"

#include "base/state.h"
#include "eventlog/eventlog.h"
#include "forecast/series.h"
#include "kernel/exact.h"

#define ENTRIES_AT_FIRST 6		/* 128 bytes with a chunk's header */
#define PARTS_MAX 48			/* of a sum: 2098 bits in parts of 53 */

#define ST_SORT sort_entries
#define ST_ELEMENT_TYPE SeriesEntry
#define ST_COMPARE(a, b) ((a)->period < (b)->period ? -1 : \
						  (a)->period > (b)->period)
#define ST_SCOPE static
#define ST_CHECK_FOR_INTERRUPTS
#define ST_DECLARE
#define ST_DEFINE
#include "lib/sort_template.h"

Series *
affinity_forecast_series_new(uint8 unit, const char *zone)
{
	Size		zone_len = strlen(zone);
	Size		size = SERIES_HEADER + MAXALIGN(zone_len) +
		ENTRIES_AT_FIRST * sizeof(SeriesEntry);
	Series	   *series = palloc0(size);

	SET_VARSIZE(series, size);
	series->magic = SERIES_MAGIC;
	series->version = SERIES_VERSION;
	series->growing = 1;
	series->unit = unit;
	series->zone_len = (uint8) zone_len;
	memcpy(series->data, zone, zone_len);
	return series;
}

/*
 * A state of a size that can be, aligned. It was checked when it came in;
 * this guards against values that came another way.
 */
Series *
affinity_forecast_series_of(Datum value)
{
	Series	   *series = affinity_base_aligned(value);

	if (VARSIZE(series) < SERIES_HEADER || series->magic != SERIES_MAGIC ||
		series->version != SERIES_VERSION ||
		SERIES_ZONE(series) > VARSIZE(series) - SERIES_HEADER ||
		series->n > affinity_forecast_room(series) ||
		series->n_sorted > series->n)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
				 errmsg("invalid series state")));
	return series;
}

/* The name of the zone, or an empty one. */
char *
affinity_forecast_series_zone(const Series *series)
{
	return pnstrdup(series->data, series->zone_len);
}

static void
too_large(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
			 errmsg("the values of a period sum to more than a double holds"),
			 errhint("Pass them in a larger unit, for example thousands.")));
}

/*
 * The exact sum of entries of one period, as parts in their place: the sum
 * rounded, what that leaves rounded, and so on. Gives how many; they are no
 * more than there were.
 */
static uint32
sum_entries(SeriesEntry *entries, uint32 n)
{
	union
	{
		AffinityExact sum;
		char		bytes[AFFINITY_EXACT_SIZE(AFFINITY_EXACT_ROOM)];
	}			exact;
	union
	{
		AffinityExactPacked packed;
		char		bytes[AFFINITY_EXACT_PACKED_MAX];
	}			rest;
	int64		period = entries[0].period;
	uint32		parts = 0;

	affinity_kernel_exact_begin(&exact.sum, 0, AFFINITY_EXACT_ROOM);
	for (uint32 i = 0; i < n; i++)
	{
		affinity_base_look_up(i);
		(void) affinity_kernel_exact_add(&exact.sum, entries[i].part);
	}
	do
	{
		double		part;

		(void) affinity_kernel_exact_pack(&exact.sum, &rest.packed);
		part = affinity_kernel_exact_double(&rest.packed);
		if (rest.packed.n == 0 && parts > 0)
			break;
		if (isinf(part))
			too_large();
		/* no -0, whatever was added */
		entries[parts].period = period;
		entries[parts++].part = part + 0.0;
		(void) affinity_kernel_exact_add(&exact.sum, -part);
	} while (rest.packed.n != 0 && parts < n);
	return parts;
}

/* Sort entries and make sums of them; gives how many are left. */
static uint32
merge_entries(SeriesEntry *entries, uint32 n)
{
	uint32		kept = 0;

	sort_entries(entries, n);
	for (uint32 i = 0; i < n;)
	{
		uint32		end = i + 1;
		uint32		parts = 1;

		affinity_base_look_up(i);
		while (end < n && entries[end].period == entries[i].period)
			end++;
		if (end - i > 1)
			parts = sum_entries(&entries[i], end - i);
		memmove(&entries[kept], &entries[i], parts * sizeof(SeriesEntry));
		kept += parts;
		i = end;
	}
	return kept;
}

static Series *
make_room(Series *series)
{
	uint32		room = affinity_forecast_room(series);
	Size		used;
	Size		needed;

	if (series->n_sorted < series->n)
	{
		series->n = merge_entries(affinity_forecast_entries(series),
								  series->n);
		series->n_sorted = series->n;
	}
	if (series->n < room && series->n <= room / 2)
		return series;
	used = SERIES_HEADER + SERIES_ZONE(series) +
		series->n * sizeof(SeriesEntry);
	needed = used + sizeof(SeriesEntry);
	if (needed > MaxAllocSize)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("the series needs %zu bytes, but a value holds at most %zu",
						needed, (Size) MaxAllocSize),
				 errhint("Use a coarser unit.")));
	series = affinity_eventlog_enlarge(series, used, needed);
	series->growing = 1;
	return series;
}

/* Add to a period; gives the state, or a larger one in its place. */
Series *
affinity_forecast_series_add(Series *series, int64 period, double part)
{
	SeriesEntry *entries = affinity_forecast_entries(series);
	uint32		n = series->n;

	part += 0.0;				/* no -0 */
	series->growing = 1;
	if (n > 0 && entries[n - 1].period == period)
	{
		double		last = entries[n - 1].part;
		double		sum = last + part;
		double		back = sum - last;

		/* nothing was rounded (Knuth), and there is but this part */
		if (isfinite(sum) && (last - (sum - back)) + (part - back) == 0 &&
			(n == 1 || entries[n - 2].period != period))
		{
			entries[n - 1].part = sum + 0.0;
			return series;
		}
	}
	if (n == affinity_forecast_room(series))
	{
		series = make_room(series);
		entries = affinity_forecast_entries(series);
		n = series->n;
	}
	entries[n].period = period;
	entries[n].part = part;
	if (series->n_sorted == n && (n == 0 || entries[n - 1].period < period))
		series->n_sorted++;
	series->n++;
	return series;
}

/* The form at rest. */
Series *
affinity_forecast_series_final(const Series *series)
{
	Size		head = SERIES_HEADER + SERIES_ZONE(series);
	Series	   *final = palloc0(head + series->n * sizeof(SeriesEntry));
	SeriesEntry *entries;

	memcpy(final, series, head);
	entries = (SeriesEntry *) ((char *) final + head);
	memcpy(entries, affinity_forecast_entries(series),
		   series->n * sizeof(SeriesEntry));
	final->growing = 0;
	final->n = series->n_sorted < series->n ?
		merge_entries(entries, series->n) : series->n;
	final->n_sorted = final->n;
	SET_VARSIZE(final, head + final->n * sizeof(SeriesEntry));
	return final;
}

/* An argument of type series, in its form at rest. */
Series *
affinity_forecast_series_arg(FunctionCallInfo fcinfo, int arg)
{
	Series	   *series = affinity_forecast_series_of(PG_GETARG_DATUM(arg));

	return series->growing ? affinity_forecast_series_final(series) : series;
}

/* Is a zone's name of letters that names have? */
static bool
zone_is_sound(const Series *series)
{
	for (uint32 i = 0; i < SERIES_ZONE(series); i++)
	{
		unsigned char c = (unsigned char) series->data[i];

		if (i < series->zone_len ? c <= ' ' || c > '~' : c != 0)
			return false;
	}
	return series->zone_len == 0 || series->unit != 0;
}

/* Are the parts of a period what its sum comes to? */
static bool
parts_are_sound(const SeriesEntry *entries, uint32 n)
{
	SeriesEntry copy[PARTS_MAX];

	if (n == 1)
		return true;
	if (n > PARTS_MAX)
		return false;
	memcpy(copy, entries, n * sizeof(SeriesEntry));
	return sum_entries(copy, n) == n &&
		memcmp(copy, entries, n * sizeof(SeriesEntry)) == 0;
}

/* What is wrong with a state that came in, or NULL. */
const char *
affinity_forecast_series_check(const Series *series)
{
	const SeriesEntry *entries = affinity_forecast_entries(series);

	if (series->growing || series->unused != 0 ||
		series->n_sorted != series->n || series->n == 0 ||
		(series->unit != 0 && !affinity_calendar_unit_valid(series->unit)))
		return "wrong header";
	if (VARSIZE(series) != SERIES_HEADER + SERIES_ZONE(series) +
		(Size) series->n * sizeof(SeriesEntry))
		return "wrong length";
	if (!zone_is_sound(series))
		return "wrong time zone";
	for (uint32 i = 0; i < series->n;)
	{
		uint32		end = i;

		affinity_base_look_up(i);
		while (end < series->n && entries[end].period == entries[i].period)
		{
			double		part = entries[end++].part;

			if (!isfinite(part) || (part == 0 && signbit(part)))
				return "a value that is none";
		}
		if (!parts_are_sound(&entries[i], end - i))
			return "parts that are no sum";
		if (end < series->n && entries[end].period < entries[i].period)
			return "periods out of order";
		if (series->unit != 0 &&
			(entries[i].period < 0 || entries[i].period > PG_UINT32_MAX ||
			 !IS_VALID_TIMESTAMP(affinity_calendar_period_start(series->unit,
																(uint32) entries[i].period))))
			return "a period out of range";
		i = end;
	}
	return NULL;
}
