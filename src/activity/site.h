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
	MonthSlice *months;			/* where it is constant, and of months */
} CallSite;

/* site.c */
extern bool affinity_activity_site_fits(FunctionCallInfo fcinfo,
										const void *kept);
extern CallSite *affinity_activity_site(FunctionCallInfo fcinfo,
										CallSite *site, bool zoned,
										SiteRows rows);
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

#endif							/* AFFINITY_ACTIVITY_SITE_H */
