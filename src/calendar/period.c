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
	{"year", UNIT_YEAR}
};

#define UNITS_HINT \
	"Use hour, day, week (from Monday), week_sunday, week_saturday (or another first day), month, quarter or year."

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

PeriodUnit
affinity_calendar_unit(const char *name, int len)
{
	for (int i = 0; i < (int) lengthof(unit_names); i++)
		if (affinity_calendar_is_unit(unit_names[i].name, name, (size_t) len))
			return unit_names[i].unit;
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
		(unit >= UNIT_WEEK_MONDAY && unit <= UNIT_WEEK_SUNDAY);
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
	else if (unit >= UNIT_WEEK_MONDAY)
		day = number * 7 + 2 + (unit - UNIT_WEEK_MONDAY);
	else
	{
		int64		months = number * (unit == UNIT_YEAR ? 12 :
									   unit == UNIT_QUARTER ? 3 : 1);
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
