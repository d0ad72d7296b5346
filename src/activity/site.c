/*
 * site.c
 *		What a call of activity_agg or value_agg says to all of its rows: types,
 *		unit and zone, learned from the first of them.
 */
#include "postgres.h"

#include <math.h>

#include "fmgr.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "activity/site.h"
#include "base/number.h"

#define UNIT_ARG(rows) ((rows) == ROWS_OF_ACTIVITY ? 3 : 4)
#define ZONE_ARG(rows) ((rows) == ROWS_OF_ACTIVITY ? 4 : 5)

/* The call that forgot the time zone, which comes before the way to count. */
static void
check_zone_of_range(FunctionCallInfo fcinfo, int arg)
{
	const char *zone;

	if (PG_NARGS() <= arg || PG_ARGISNULL(arg))
		return;
	zone = text_to_cstring(PG_GETARG_TEXT_PP(arg));
	if (pg_strcasecmp(zone, "at_end") == 0 ||
		pg_strcasecmp(zone, "pro_rata") == 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("a time zone comes before how ranges are counted"),
				 errhint("NULL is the session's, and none for dates: affinity.value_agg(user_id, during, amount, 'month', NULL, '%s').",
						 zone)));
}

/* How a range counts in periods. */
static ValueCounted
counted_arg(FunctionCallInfo fcinfo)
{
	char	   *word;

	if (PG_NARGS() <= SITE_OPTION || PG_ARGISNULL(SITE_OPTION))
		return COUNTED_AT_END;
	word = text_to_cstring(PG_GETARG_TEXT_PP(SITE_OPTION));
	if (pg_strcasecmp(word, "at_end") == 0)
		return COUNTED_AT_END;
	if (pg_strcasecmp(word, "pro_rata") != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("unknown way to count a range: \"%.100s\"", word),
				 errhint("Use at_end (the amount counts in each period whose last instant is in the range) or pro_rata (by the share of the period).")));
	return COUNTED_PRO_RATA;
}

/* Learn types, unit and zone; the aggregate's other arguments are rows. */
static void
learn_kind(FunctionCallInfo fcinfo, CallSite *site, bool zoned, SiteRows rows)
{
	MemoryContext old = MemoryContextSwitchTo(fcinfo->flinfo->fn_mcxt);
	AffinityIdKind ids;

	memset(&site->kind, 0, sizeof(ActivityKind));
	site->user_type = affinity_base_id_arg(fcinfo, 1, "user_id", &ids);
	site->kind.ids = (uint8) ids;
	site->kind.zoned = zoned;
	site->kind.events = rows == ROWS_OF_ACTIVITY && PG_NARGS() > 5;
	site->kind.values = rows != ROWS_OF_ACTIVITY;
	site->kind.starts = rows == ROWS_OF_VALUES && PG_NARGS() > SITE_OPTION;
	if (rows == RANGES_OF_VALUES)
	{
		site->kind.counted = (uint8) counted_arg(fcinfo);
		if (site->periods == NULL)
			site->periods = palloc(SITE_PERIODS * sizeof(SitePeriod));
		for (int i = 0; i < SITE_PERIODS; i++)
			site->periods[i].period = PG_UINT32_MAX;
		check_zone_of_range(fcinfo, ZONE_ARG(rows));
	}
	site->rows = rows;
	site->calendar.unit_arg = UNIT_ARG(rows);
	site->calendar.zone_arg = ZONE_ARG(rows);
	affinity_calendar_call_learn(fcinfo, &site->calendar, zoned,
								 site->kind.values ?
								 "affinity.value_agg(user_id, at, value, 'day', 'Europe/Berlin')"
								 : "affinity.activity_agg(user_id, at, 'day', 'Europe/Berlin')");
	site->kind.unit = site->calendar.clock.unit;
	if (site->calendar.clock.tz != NULL)
		site->kind.zone_len = strlcpy(site->kind.zone,
									  pg_get_timezone_name(site->calendar.clock.tz),
									  sizeof(site->kind.zone));
	if (site->months == NULL)
		site->months = affinity_calendar_month_slices(&site->calendar.clock);
	MemoryContextSwitchTo(old);
}

/* A site that is kept from one query to others: is it this row's too? */
bool
affinity_activity_site_fits(FunctionCallInfo fcinfo, const void *kept)
{
	const CallSite *site = kept;

	return affinity_calendar_call_fits(fcinfo, &site->calendar) &&
		(site->rows != RANGES_OF_VALUES ||
		 site->kind.counted == counted_arg(fcinfo));
}

/*
 * What the call site knows, true to this row's unit and zone, and of ranges
 * to how they are counted and whether they are of instants.
 */
CallSite *
affinity_activity_site(FunctionCallInfo fcinfo, CallSite *site, bool zoned,
					   SiteRows rows)
{
	if (PG_ARGISNULL(UNIT_ARG(rows)))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("unit of time must not be null"),
				 errhint("Use hour, day, week, month, quarter or year.")));
	if (site == NULL)
	{
		site = MemoryContextAllocZero(fcinfo->flinfo->fn_mcxt,
									  sizeof(CallSite));
		learn_kind(fcinfo, site, zoned, rows);
		site->constant = affinity_base_args_are_constant(fcinfo,
														 UNIT_ARG(rows),
														 ZONE_ARG(rows));
		site->plain = site->constant && rows != RANGES_OF_VALUES &&
			!site->kind.events && !site->kind.starts &&
			site->kind.ids != AFFINITY_ID_TEXT;
		affinity_base_keep(fcinfo, site);
		return site;
	}
	/* constants in practice; a group of its own may have other ones */
	if (!affinity_calendar_call_same(fcinfo, &site->calendar) ||
		(rows == RANGES_OF_VALUES &&
		 (site->kind.zoned != zoned ||
		  site->kind.counted != counted_arg(fcinfo))))
		learn_kind(fcinfo, site, zoned, rows);
	return site;
}

/* The user of a row, for a message. */
char *
affinity_activity_site_user(FunctionCallInfo fcinfo, const CallSite *site)
{
	char	   *name = affinity_base_id_display(PG_GETARG_DATUM(1),
												site->user_type);

	name[pg_mbcliplen(name, (int) strlen(name), 200)] = '\0';
	return name;
}

/* The error of a row whose time is infinite. */
void
affinity_activity_site_infinite(FunctionCallInfo fcinfo, const CallSite *site,
								TimeType type)
{
	if (type == TIME_DATE && !DATE_NOT_FINITE(PG_GETARG_DATEADT(2)))
		ereport(ERROR,
				(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
				 errmsg("date of user %s is out of range",
						affinity_activity_site_user(fcinfo, site)),
				 errhint("Dates reach to 294276-12-31, as timestamps do.")));
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("infinite time of user %s",
					affinity_activity_site_user(fcinfo, site)),
			 errhint("Leave such rows out: FILTER (WHERE isfinite(at)).")));
}

/* A row's value in 2^-60. */
int128
affinity_activity_site_value(FunctionCallInfo fcinfo, const CallSite *site)
{
	double		value = PG_GETARG_FLOAT8(3);

	if (isnan(value) || isinf(value))
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("%s value of user %s",
						isnan(value) ? "NaN" : "infinite",
						affinity_activity_site_user(fcinfo, site)),
				 errhint("Leave such rows out with FILTER, or make their value NULL.")));
	if (fabs(value) > AFFINITY_VALUE_MAX)
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("value %s of user %s is out of range", affinity_base_shortest(value),
						affinity_activity_site_user(fcinfo, site)),
				 errhint("Values reach from -1e15 to 1e15. Pass them in a larger unit, for example thousands.")));
	return affinity_activity_value_of(value);
}
