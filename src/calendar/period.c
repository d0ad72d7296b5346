/*
 * period.c
 *		Calendar periods: the names of units, and where a period begins.
 */
#include "postgres.h"

#include "common/int.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "calendar/calendar.h"

static const struct
{
	const char *name;
	PeriodUnit	unit;
}			unit_names[] =

{
	/* the first name of a unit is the one shown */
	{"hour", UNIT_HOUR},
	{"day", UNIT_DAY},
	{"week", UNIT_WEEK_MONDAY},
	{"week_monday", UNIT_WEEK_MONDAY},
	{"week_tuesday", UNIT_WEEK_MONDAY + 1},
	{"week_wednesday", UNIT_WEEK_MONDAY + 2},
	{"week_thursday", UNIT_WEEK_MONDAY + 3},
	{"week_friday", UNIT_WEEK_MONDAY + 4},
	{"week_saturday", UNIT_WEEK_MONDAY + 5},
	{"week_sunday", UNIT_WEEK_SUNDAY},
	{"month", UNIT_MONTH},
	{"quarter", UNIT_QUARTER},
	{"year", UNIT_YEAR},
	{"year_january", UNIT_YEAR},
	{"year_february", UNIT_YEAR_FEBRUARY},
	{"year_march", UNIT_YEAR_FEBRUARY + 1},
	{"year_april", UNIT_YEAR_FEBRUARY + 2},
	{"year_may", UNIT_YEAR_FEBRUARY + 3},
	{"year_june", UNIT_YEAR_FEBRUARY + 4},
	{"year_july", UNIT_YEAR_FEBRUARY + 5},
	{"year_august", UNIT_YEAR_FEBRUARY + 6},
	{"year_september", UNIT_YEAR_FEBRUARY + 7},
	{"year_october", UNIT_YEAR_FEBRUARY + 8},
	{"year_november", UNIT_YEAR_FEBRUARY + 9},
	{"year_december", UNIT_YEAR_DECEMBER},
	{"quarter_january", UNIT_QUARTER},
	{"quarter_february", UNIT_QUARTER_FEBRUARY},
	{"quarter_march", UNIT_QUARTER_MARCH},
	{"quarter_april", UNIT_QUARTER},
	{"quarter_may", UNIT_QUARTER_FEBRUARY},
	{"quarter_june", UNIT_QUARTER_MARCH},
	{"quarter_july", UNIT_QUARTER},
	{"quarter_august", UNIT_QUARTER_FEBRUARY},
	{"quarter_september", UNIT_QUARTER_MARCH},
	{"quarter_october", UNIT_QUARTER},
	{"quarter_november", UNIT_QUARTER_FEBRUARY},
	{"quarter_december", UNIT_QUARTER_MARCH}
};

#define UNITS_HINT \
	"Use hour, day, week (from Monday), week_sunday, week_saturday (or another first day), month, quarter, year, or year_april, quarter_february (or another first month)."

/* Is a name, in any case, this one or its plural: days, weeks_sunday? */
bool
affinity_calendar_is_unit(const char *unit, const char *name, size_t len)
{
	size_t		word = strcspn(unit, "_");

	if (len == strlen(unit) + 1 &&
		pg_strncasecmp(unit, name, word) == 0 &&
		pg_tolower((unsigned char) name[word]) == 's')
		return pg_strncasecmp(unit + word, name + word + 1,
							  len - word - 1) == 0;
	return len == strlen(unit) && pg_strncasecmp(unit, name, len) == 0;
}

/* False: there is no unit of this name. */
bool
affinity_calendar_find_unit(const char *name, int len, PeriodUnit *unit)
{
	for (int i = 0; i < (int) lengthof(unit_names); i++)
		if (affinity_calendar_is_unit(unit_names[i].name, name, (size_t) len))
		{
			*unit = unit_names[i].unit;
			return true;
		}
	return false;
}

PeriodUnit
affinity_calendar_unit(const char *name, int len)
{
	PeriodUnit	unit;

	if (affinity_calendar_find_unit(name, len, &unit))
		return unit;
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("unknown unit of time: \"%.*s\"", Min(len, 100), name),
			 errhint(UNITS_HINT)));
	return UNIT_DAY;			/* keep the compiler quiet */
}

/* The unit that an interval is as long as, or NULL. */
static const char *
unit_of_interval(const Interval *interval)
{
	if (interval->month != 0)
		return interval->day != 0 || interval->time != 0 ? NULL :
			interval->month == 1 ? "month" : interval->month == 3 ? "quarter" :
			interval->month == 12 ? "year" : NULL;
	if (interval->day != 0)
		return interval->time != 0 ? NULL : interval->day == 1 ? "day" :
			interval->day == 7 ? "week" : NULL;
	return interval->time == AFFINITY_HOUR_US ? "hour" :
		interval->time == AFFINITY_DAY_US ? "day" : NULL;
}

/* The error of a unit that is no text. */
void
affinity_calendar_refuse_unit(FunctionCallInfo fcinfo, int arg)
{
	Oid			type = affinity_base_arg_type(fcinfo, arg);
	const char *unit = NULL;

	if (type == INTERVALOID && !PG_ARGISNULL(arg))
		unit = unit_of_interval(PG_GETARG_INTERVAL_P(arg));
	ereport(ERROR,
			(errcode(ERRCODE_DATATYPE_MISMATCH),
			 errmsg("a unit of time is a word, not of type %s",
					format_type_be(type)),
			 unit == NULL ? errhint(UNITS_HINT) :
			 errhint("Write '%s'.", unit)));
}

bool
affinity_calendar_unit_valid(int unit)
{
	return (unit >= UNIT_HOUR && unit <= UNIT_YEAR) ||
		affinity_calendar_is_week(unit) ||
		(unit >= UNIT_YEAR_FEBRUARY && unit <= UNIT_YEAR_DECEMBER) ||
		unit == UNIT_QUARTER_FEBRUARY || unit == UNIT_QUARTER_MARCH;
}

const char *
affinity_calendar_unit_name(PeriodUnit unit)
{
	for (int i = 0; i < (int) lengthof(unit_names); i++)
		if (unit_names[i].unit == unit)
			return unit_names[i].name;
	elog(ERROR, "invalid unit of time: %d", (int) unit);
	return NULL;
}

/* The first local instant of a period, in us; saturates at int64's ends. */
Timestamp
affinity_calendar_period_start(PeriodUnit unit, uint32 period)
{
	int64		number = (int64) period - PERIOD_BIAS;
	int64		day = 0;
	int64		start;

	if (unit == UNIT_HOUR)
		return number * AFFINITY_HOUR_US;
	if (unit == UNIT_DAY)
		day = number;
	else if (affinity_calendar_is_week(unit))
		day = number * 7 + 2 + (unit - UNIT_WEEK_MONDAY);
	else
	{
		PeriodMonths unit_months = affinity_calendar_months(unit);
		int64		months = number * unit_months.n + unit_months.first;
		int64		march = months - 2; /* months since 2000-03 */
		int64		year = affinity_calendar_floor_div(march, 12) + 2000;
		int64		mp = march - affinity_calendar_floor_div(march, 12) * 12;
		int64		era = affinity_calendar_floor_div(year, 400);
		int64		yoe = year - era * 400;

		day = era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 +
			(153 * mp + 2) / 5 - 730425;
	}
	if (pg_mul_s64_overflow(day, AFFINITY_DAY_US, &start))
		return day < 0 ? PG_INT64_MIN : PG_INT64_MAX;
	return start;
}
