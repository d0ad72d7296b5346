/*
 * calendar.h
 *		Units of the calendar, their periods, and the clock that turns times
 *		into periods.
 *
 * A period is a whole unit of local calendar time (hour ... year), numbered
 * from 2000-01-01 and shifted by PERIOD_BIAS, so that every period of every
 * timestamp PostgreSQL can hold is a uint32. Times are microseconds since
 * 2000-01-01, as in timestamp and timestamptz.
 */
#ifndef AFFINITY_CALENDAR_H
#define AFFINITY_CALENDAR_H

#include "postgres.h"

#include "datatype/timestamp.h"
#include "pgtime.h"
#include "utils/date.h"

#include "base/base.h"

/*
 * Stored in states: never renumber. A week's first day is in its code, and
 * the first month of a fiscal year or quarter.
 */
typedef enum PeriodUnit
{
	UNIT_HOUR = 1,
	UNIT_DAY = 2,
	UNIT_MONTH = 3,
	UNIT_QUARTER = 4,
	UNIT_YEAR = 5,
	UNIT_WEEK_MONDAY = 11,		/* ... 17 is a week that starts on Sunday */
	UNIT_WEEK_SUNDAY = 17,
	UNIT_YEAR_FEBRUARY = 22,	/* ... 32 is a year that starts in December */
	UNIT_YEAR_DECEMBER = 32,
	UNIT_QUARTER_FEBRUARY = 42, /* and in May, August, November */
	UNIT_QUARTER_MARCH = 43
} PeriodUnit;

static inline bool
affinity_calendar_is_week(PeriodUnit unit)
{
	return unit >= UNIT_WEEK_MONDAY && unit <= UNIT_WEEK_SUNDAY;
}

/* A period of several months. */
typedef struct PeriodMonths
{
	int			n;				/* 0: the unit is none of months */
	int			first;			/* of a year, from 0 on: where one begins */
} PeriodMonths;

static inline PeriodMonths
affinity_calendar_months(PeriodUnit unit)
{
	PeriodMonths months = {0, 0};

	if (unit == UNIT_MONTH)
		months.n = 1;
	else if (unit == UNIT_QUARTER || unit >= UNIT_QUARTER_FEBRUARY)
		months.n = 3;
	else if (unit == UNIT_YEAR || unit >= UNIT_YEAR_FEBRUARY)
		months.n = 12;
	if (unit >= UNIT_QUARTER_FEBRUARY)
		months.first = 1 + unit - UNIT_QUARTER_FEBRUARY;
	else if (unit >= UNIT_YEAR_FEBRUARY)
		months.first = 1 + unit - UNIT_YEAR_FEBRUARY;
	return months;
}

/*
 * A multiple of 64, so that bitmaps of periods align; hours since 4713 BC fit
 * below it and hours until 294276 AD above it.
 */
#define PERIOD_BIAS (UINT32_C(1) << 26)

#define AFFINITY_DAY_US INT64CONST(86400000000)
#define AFFINITY_HOUR_US INT64CONST(3600000000)

/* How far a zone can be from UTC: a week, as POSIX rules allow 167 hours. */
#define AFFINITY_ZONE_REACH (7 * AFFINITY_DAY_US)

static inline int64
affinity_calendar_floor_div(int64 a, int64 b)
{
	int64		q = a / b;

	return q - (q * b > a);
}

/*
 * The same for a constant b and any time, or number of days, that PostgreSQL
 * has: a is shifted by whole b to be positive, which makes it one
 * multiplication.
 */
static pg_attribute_always_inline int64
affinity_calendar_floor_time(int64 a, int64 b)
{
	uint64		shift = (UINT64CONST(1) << 62) / b;

	return (int64) (((uint64) a + shift * b) / b - shift);
}

/* A date's first instant, or an infinite time where no timestamp reaches. */
static inline Timestamp
affinity_calendar_midnight(DateADT date)
{
	if (DATE_IS_NOBEGIN(date))
		return DT_NOBEGIN;
	if (date >= TIMESTAMP_END_JULIAN - POSTGRES_EPOCH_JDATE)
		return DT_NOEND;
	return date * AFFINITY_DAY_US;
}

/*
 * Months from 2000-01 to the month of a day (days since 2000-01-01), in the
 * proleptic Gregorian calendar: years are counted from March, so that the
 * leap day comes last and no branch is needed.
 */
static inline int64
affinity_calendar_month_of_day(int64 day)
{
	int64		z = day + 730425;	/* days since 0000-03-01 */
	int64		era = affinity_calendar_floor_div(z, 146097);
	int64		doe = z - era * 146097;
	int64		yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	int64		doy = doe - (365 * yoe + yoe / 4 - yoe / 100);

	return (yoe + era * 400 - 2000) * 12 + (5 * doy + 2) / 153 + 2;
}

/* period.c */
extern bool affinity_calendar_is_unit(const char *unit, const char *name,
									  size_t len);
extern bool affinity_calendar_find_unit(const char *name, int len,
										PeriodUnit *unit);
extern PeriodUnit affinity_calendar_unit(const char *name, int len);
extern bool affinity_calendar_unit_valid(int unit);
extern const char *affinity_calendar_unit_name(PeriodUnit unit);
pg_noreturn extern void affinity_calendar_refuse_unit(FunctionCallInfo fcinfo,
													  int arg);
extern Timestamp affinity_calendar_period_start(PeriodUnit unit,
												uint32 period);

/* The period of a local time. */
static pg_attribute_always_inline uint32
affinity_calendar_period_of_local(PeriodUnit unit, int64 local)
{
	int64		number;

	if (unit == UNIT_HOUR)
		return (uint32) (affinity_calendar_floor_time(local,
													  AFFINITY_HOUR_US) +
						 PERIOD_BIAS);
	if (affinity_calendar_is_week(unit))
	{
		/* 2000-01-03, day 2, was a Monday */
		local -= (2 + (int64) unit - UNIT_WEEK_MONDAY) * AFFINITY_DAY_US;
		return (uint32) (affinity_calendar_floor_time(local,
													  7 * AFFINITY_DAY_US) +
						 PERIOD_BIAS);
	}
	number = affinity_calendar_floor_time(local, AFFINITY_DAY_US);
	if (unit == UNIT_DAY)
		return (uint32) (number + PERIOD_BIAS);
	number = affinity_calendar_month_of_day(number);
	if (unit == UNIT_QUARTER)
		number = affinity_calendar_floor_div(number, 3);
	else if (unit == UNIT_YEAR)
		number = affinity_calendar_floor_div(number, 12);
	else if (unit != UNIT_MONTH)
	{
		PeriodMonths months = affinity_calendar_months(unit);

		number = affinity_calendar_floor_div(number - months.first, months.n);
	}
	return (uint32) (number + PERIOD_BIAS);
}

/* ---- the clock --------------------------------------------------------- */

/* One slice of 2^38 us (3.2 days) of a time zone with its offset from UTC. */
typedef struct ZoneSlice
{
	int64		number;			/* at >> ZONE_SLICE_SHIFT */
	int64		boundary;		/* offset_after holds from here on */
	int64		offset_before;	/* us east of UTC */
	int64		offset_after;	/* us east of UTC */
} ZoneSlice;

#define ZONE_SLICE_SHIFT 38
#define ZONE_SLICES 1024		/* 8.9 years before slices share a place */

/*
 * Turns times into period numbers; holds what must not be computed per row.
 */
typedef struct PeriodClock
{
	PeriodUnit	unit;
	bool		zoned;			/* times are timestamptz: shift by the zone */
	int64		fixed_offset;	/* us; used when slices is NULL */
	pg_tz	   *tz;				/* NULL: a timestamp without any zone */
	ZoneSlice  *slices;			/* direct-mapped cache, or NULL */
} PeriodClock;

/*
 * What a call says of the calendar to all of its rows.
 */
typedef struct CalendarCall
{
	int			unit_arg;		/* of the function */
	int			zone_arg;		/* which may not be there */
	bool		of_session;		/* the zone is the session's */
	text	   *unit;			/* as given; NULL: nothing is known */
	text	   *zone;			/* as given, or NULL */
	PeriodClock clock;
} CalendarCall;

/* call.c */
extern void affinity_calendar_call_learn(FunctionCallInfo fcinfo,
										 CalendarCall *call, bool zoned,
										 const char *instead);
extern bool affinity_calendar_call_same(FunctionCallInfo fcinfo,
										const CalendarCall *call);
extern bool affinity_calendar_call_fits(FunctionCallInfo fcinfo,
										const CalendarCall *call);

/* zone.c */
extern pg_tz *affinity_calendar_zone(const char *name);
extern pg_tz *affinity_calendar_zone_arg(const char *name);
extern bool affinity_calendar_still_means(const pg_tz *tz, const text *zone);
extern int64 affinity_calendar_offset_at(pg_tz *tz, int64 at);
extern int64 affinity_calendar_next_change(pg_tz *tz, int64 at);
extern bool affinity_calendar_same_zone(const char *a, const char *b);

/* session.c */
extern pg_tz *affinity_calendar_session_zone(const char *instead);
extern PeriodUnit affinity_calendar_session_unit(const text *unit,
												 const char **zone);

/* clock.c */
extern void affinity_calendar_clock_init(PeriodClock *clock, PeriodUnit unit,
										 bool zoned, pg_tz *tz);
extern int64 affinity_calendar_zone_offset(PeriodClock *clock, int64 at);
extern int64 affinity_calendar_clock_start(PeriodClock *clock, uint32 period);
extern bool affinity_calendar_clock_set_back(PeriodClock *clock, int64 after,
											 int64 until);

/* A stored time as local time of the clock's zone. */
static pg_attribute_always_inline int64
affinity_calendar_clock_local(PeriodClock *clock, int64 at)
{
	const ZoneSlice *slice;
	int64		number;

	if (clock->slices == NULL)
		return at + clock->fixed_offset;
	number = at >> ZONE_SLICE_SHIFT;
	slice = &clock->slices[number & (ZONE_SLICES - 1)];
	if (likely(slice->number == number))
		return at + (at < slice->boundary ? slice->offset_before
					 : slice->offset_after);
	return at + affinity_calendar_zone_offset(clock, at);
}

static pg_attribute_always_inline uint32
affinity_calendar_clock_period(PeriodClock *clock, int64 at)
{
	int64		local = affinity_calendar_clock_local(clock, at);

	return affinity_calendar_period_of_local(clock->unit, local);
}

/*
 * Of periods of months: 2^38 us of local time (3.2 days), in which there is
 * one end of a period at the most.
 */
typedef struct MonthSlice
{
	int64		number;			/* local time >> MONTH_SLICE_SHIFT */
	int64		end;			/* us; of the period before */
	uint32		before;
	uint32		after;
} MonthSlice;

#define MONTH_SLICE_SHIFT 38
#define MONTH_SLICES 256		/* 2.2 years before slices share a place */

/* clock.c */
extern MonthSlice *affinity_calendar_month_slices(const PeriodClock *clock);
extern void affinity_calendar_month_slice(PeriodUnit unit, int64 number,
										  MonthSlice *slice);

/* The same by slices of its months, unless those are NULL. */
static pg_attribute_always_inline uint32
affinity_calendar_clock_by_months(PeriodClock *clock, MonthSlice *months,
								  int64 at)
{
	int64		local = affinity_calendar_clock_local(clock, at);
	int64		number = local >> MONTH_SLICE_SHIFT;
	MonthSlice *slice;

	if (months == NULL)
		return affinity_calendar_period_of_local(clock->unit, local);
	slice = &months[number & (MONTH_SLICES - 1)];
	if (unlikely(slice->number != number))
		affinity_calendar_month_slice(clock->unit, number, slice);
	return local < slice->end ? slice->before : slice->after;
}

/* ---- times that reports are given --------------------------------------- */

typedef enum MomentKind
{
	MOMENT_LOCAL,
	MOMENT_INSTANT
} MomentKind;

/* The SQL type moment, of a fixed length. */
typedef struct Moment
{
	int64		at;				/* us; may be infinite */
	int64		kind;			/* MomentKind; 0 or not */
} Moment;

/*
 * The SQL type span, of a fixed length: from lower to before upper, to the
 * microsecond. Without a beginning lower is DT_NOBEGIN, without an end upper
 * is DT_NOEND; an empty one has neither between them.
 */
typedef struct Span
{
	int64		lower;			/* us */
	int64		upper;			/* us */
	int64		kind;			/* MomentKind; 0 or not */
} Span;

/* session.c */
extern int64 affinity_calendar_session_moment(const Moment *moment,
											  bool zoned);

/* moment.c */
extern void affinity_calendar_refuse_text(FunctionCallInfo fcinfo, int arg);
extern TimestampTz affinity_calendar_moment_instant(const Moment *moment,
													pg_tz *zone);
extern Timestamp affinity_calendar_moment_local(const Moment *moment,
												pg_tz *zone);

#endif							/* AFFINITY_CALENDAR_H */
