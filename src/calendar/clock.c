/*
 * clock.c
 *		Time zones, and a clock that is cheap per row.
 *
 * A period is found by shifting the time to local time and dividing. The
 * shift is looked up in a direct-mapped cache of slices of 3.2 days, each
 * with at most one change of the zone's offset, so a row costs a few
 * nanoseconds however many years the rows span; only a slice not yet seen
 * asks the time zone library.
 */
#include "postgres.h"

#include "common/int.h"
#include "utils/datetime.h"
#include "utils/timestamp.h"

#include "calendar/calendar.h"

#define EPOCH_SHIFT_S \
	((int64) (POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE) * SECS_PER_DAY)

pg_tz *
affinity_calendar_zone(const char *name)
{
	pg_tz	   *tz = NULL;

	if (name[0] != '\0' && strlen(name) <= TZ_STRLEN_MAX)
		tz = pg_tzset(name);
	if (tz == NULL || !pg_tz_acceptable(tz))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("unknown time zone: \"%.300s\"", name),
				 errhint("The view pg_timezone_names lists the names, such as Europe/Berlin.")));
	return tz;
}

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

static int64
offset_at(pg_tz *tz, int64 at)
{
	pg_time_t	t = affinity_calendar_floor_div(at, USECS_PER_SEC) +
		EPOCH_SHIFT_S;
	struct pg_tm *tm = pg_localtime(&t, tz);

	return tm == NULL ? 0 : (int64) tm->tm_gmtoff * USECS_PER_SEC;
}

/* The next change of offset after a time, or PG_INT64_MAX. */
static int64
next_change(pg_tz *tz, int64 at)
{
	pg_time_t	t = affinity_calendar_floor_div(at, USECS_PER_SEC) +
		EPOCH_SHIFT_S;
	pg_time_t	boundary;
	long		before,
				after;
	int			before_dst,
				after_dst;
	int64		change;

	if (pg_next_dst_boundary(&t, &before, &before_dst, &boundary, &after,
							 &after_dst, tz) != 1)
		return PG_INT64_MAX;
	if (pg_mul_s64_overflow(boundary - EPOCH_SHIFT_S, USECS_PER_SEC, &change))
		return PG_INT64_MAX;
	return change;
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
	slice.offset_before = offset_at(clock->tz, start);
	slice.offset_after = slice.offset_before;
	change = next_change(clock->tz, start);
	if (change <= last)
	{
		if (next_change(clock->tz, change) <= last)
			return offset_at(clock->tz, at);
		slice.boundary = change;
		slice.offset_after = offset_at(clock->tz, change);
	}
	else if (slice.offset_before != offset_at(clock->tz, last))
		return offset_at(clock->tz, at);
	clock->slices[number & (ZONE_SLICES - 1)] = slice;
	return at < slice.boundary ? slice.offset_before : slice.offset_after;
}

/* Whether the zone is set back after one time and up to another. */
bool
affinity_calendar_clock_set_back(PeriodClock *clock, int64 after, int64 until)
{
	int64		change = after;

	if (clock->slices == NULL)
		return false;
	while ((change = next_change(clock->tz, change)) <= until)
		if (affinity_calendar_zone_offset(clock, change) <
			affinity_calendar_zone_offset(clock, change - 1))
			return true;
	return false;
}
