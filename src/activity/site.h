/*
 * site.h
 *		What the transition functions know of the call that they are of.
 *		Private to the room.
 */
#ifndef AFFINITY_ACTIVITY_SITE_H
#define AFFINITY_ACTIVITY_SITE_H

#include <math.h>

#include "activity/set.h"
#include "base/kept.h"

/* The type of the times. */
typedef enum TimeType
{
	TIME_ZONED,					/* timestamptz */
	TIME_LOCAL,					/* timestamp */
	TIME_DATE					/* date: that day's first local instant */
} TimeType;

/*
 * What a row is: its arguments are state, user, at or range [, value], unit
 * [, zone [, ...]].
 */
typedef enum SiteRows
{
	ROWS_OF_ACTIVITY,
	ROWS_OF_VALUES,
	RANGES_OF_VALUES
} SiteRows;

#define SITE_OPTION 6			/* of values: is_start, or counted */

/* The bounds of a period, as times of the state. */
typedef struct SitePeriod
{
	uint32		period;
	int64		start;			/* us */
	int64		end;			/* us */
} SitePeriod;

#define SITE_PERIODS 64

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

/* What one call site learned from its first row: base/kept.h. */
typedef struct CallSite
{
	ActivityKind kind;
	Oid			user_type;		/* as given, below a domain */
	SiteRows	rows;
	CalendarCall calendar;
	bool		constant;		/* unit and zone are the same for every row */
	bool		plain;			/* and there are only numbers or uuids */
	SitePeriod *periods;		/* of ranges: seen lately, by number */
	bool		in_months;		/* periods are of months */
	MonthSlice *months;			/* seen lately, by number */
} CallSite;

/* site.c */
extern bool affinity_activity_site_fits(FunctionCallInfo fcinfo,
										const void *kept);
extern CallSite *affinity_activity_site(FunctionCallInfo fcinfo,
										CallSite *site, bool zoned,
										SiteRows rows);
extern void affinity_activity_site_months(CallSite *site, int64 number);
extern char *affinity_activity_site_user(FunctionCallInfo fcinfo,
										 const CallSite *site);
extern int128 affinity_activity_site_value(FunctionCallInfo fcinfo,
										   const CallSite *site);
pg_noreturn extern void affinity_activity_site_infinite(FunctionCallInfo fcinfo,
														const CallSite *site,
														TimeType type);

/* amounts.c */
extern Datum affinity_activity_value_started(FunctionCallInfo fcinfo,
											 TimeType type);

/* The time of a row. */
static inline Timestamp
affinity_activity_site_time(FunctionCallInfo fcinfo, TimeType type)
{
	return type == TIME_DATE ? affinity_calendar_midnight(PG_GETARG_DATEADT(2))
		: PG_GETARG_TIMESTAMP(2);
}

/* The period of a time. */
static pg_attribute_always_inline uint32
affinity_activity_site_period(CallSite *site, int64 at)
{
	int64		local = affinity_calendar_clock_local(&site->calendar.clock, at);
	int64		number = local >> MONTH_SLICE_SHIFT;
	const MonthSlice *slice;

	if (!site->in_months)
		return affinity_calendar_period_of_local(site->calendar.clock.unit, local);
	slice = &site->months[number & (MONTH_SLICES - 1)];
	if (unlikely(slice->number != number))
		affinity_activity_site_months(site, number);
	return local < slice->end ? slice->before : slice->after;
}

#endif							/* AFFINITY_ACTIVITY_SITE_H */
