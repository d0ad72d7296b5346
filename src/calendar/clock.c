/*
 * clock.c
 *		A clock that is cheap per row.
 *
 * A period is found by shifting the time to local time and dividing. The
 * shift is looked up in a direct-mapped cache of slices of 3.2 days, each
 * with at most one change of the zone's offset, so a row costs a few
 * nanoseconds however many years the rows span; only a slice not yet seen
 * asks the time zone library.
 */
#include "postgres.h"

#include "utils/datetime.h"
#include "utils/timestamp.h"

#include "calendar/calendar.h"

/* The slices, where the zone needs any, are in the current memory context. */
void
affinity_calendar_clock_init(PeriodClock *clock, PeriodUnit unit,
							 bool zoned, pg_tz *tz)
{
	long		offset;

	clock->unit = unit;
	clock->zoned = zoned;
	clock->tz = tz;
	clock->fixed_offset = 0;
	clock->slices = NULL;
	if (!zoned)
		return;
	if (pg_get_timezone_offset(tz, &offset))
	{
		clock->fixed_offset = (int64) offset * USECS_PER_SEC;
		return;
	}
	clock->slices = palloc(ZONE_SLICES * sizeof(ZoneSlice));
	for (int i = 0; i < ZONE_SLICES; i++)
		clock->slices[i].number = PG_INT64_MIN;
}

/*
 * The zone's offset at a time, in us east of UTC; remembers the slice unless
 * the offset changes more than once in it.
 */
int64
affinity_calendar_zone_offset(PeriodClock *clock, int64 at)
{
	int64		number = at >> ZONE_SLICE_SHIFT;
	int64		start = number * (INT64CONST(1) << ZONE_SLICE_SHIFT);
	int64		last = start + ((INT64CONST(1) << ZONE_SLICE_SHIFT) - 1);
	ZoneSlice	slice;
	int64		change;

	if (clock->slices == NULL)
		return clock->fixed_offset;
	slice.number = number;
	slice.boundary = PG_INT64_MAX;
	slice.offset_before = affinity_calendar_offset_at(clock->tz, start);
	slice.offset_after = slice.offset_before;
	change = affinity_calendar_next_change(clock->tz, start);
	if (change <= last)
	{
		if (affinity_calendar_next_change(clock->tz, change) <= last)
			return affinity_calendar_offset_at(clock->tz, at);
		slice.boundary = change;
		slice.offset_after = affinity_calendar_offset_at(clock->tz, change);
	}
	else if (slice.offset_before != affinity_calendar_offset_at(clock->tz, last))
		return affinity_calendar_offset_at(clock->tz, at);
	clock->slices[number & (ZONE_SLICES - 1)] = slice;
	return at < slice.boundary ? slice.offset_before : slice.offset_after;
}

/*
 * The time at which a period begins: its first local instant, skipped or
 * there twice as AT TIME ZONE has it. Beyond all times it is some time there.
 */
int64
affinity_calendar_clock_start(PeriodClock *clock, uint32 period)
{
	int64		local = affinity_calendar_period_start(clock->unit, period);
	struct pg_tm tm;
	fsec_t		fsec;

	if (!clock->zoned || !IS_VALID_TIMESTAMP(local))
		return local;
	if (clock->slices == NULL)
		return local - clock->fixed_offset;
	if (timestamp2tm(local, NULL, &tm, &fsec, NULL, NULL) != 0)
		return local;
	return local + (int64) DetermineTimeZoneOffset(&tm, clock->tz) *
		USECS_PER_SEC;
}

/* Whether the zone is set back after one time and up to another. */
bool
affinity_calendar_clock_set_back(PeriodClock *clock, int64 after, int64 until)
{
	int64		change = after;

	if (clock->slices == NULL)
		return false;
	while ((change = affinity_calendar_next_change(clock->tz, change)) <= until)
		if (affinity_calendar_zone_offset(clock, change) <
			affinity_calendar_zone_offset(clock, change - 1))
			return true;
	return false;
}

/* Room for slices of months; NULL where the unit is none of months. */
MonthSlice *
affinity_calendar_month_slices(const PeriodClock *clock)
{
	MonthSlice *months;

	if (affinity_calendar_months(clock->unit).n == 0)
		return NULL;
	months = palloc(MONTH_SLICES * sizeof(MonthSlice));
	for (int i = 0; i < MONTH_SLICES; i++)
		months[i].number = PG_INT64_MAX;
	return months;
}

/* Learn the periods of a slice of local time. */
pg_noinline void
affinity_calendar_month_slice(PeriodUnit unit, int64 number,
							  MonthSlice *slice)
{
	int64		first = number * (INT64CONST(1) << MONTH_SLICE_SHIFT);
	int64		last = first + ((INT64CONST(1) << MONTH_SLICE_SHIFT) - 1);

	slice->number = number;
	slice->before = affinity_calendar_period_of_local(unit, first);
	slice->after = affinity_calendar_period_of_local(unit, last);
	slice->end = PG_INT64_MAX;
	/* those at the ends of what timestamps reach have no end of a month */
	if (slice->after != slice->before)
		slice->end = affinity_calendar_period_start(unit, slice->after);
}
