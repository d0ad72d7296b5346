/*
 * call.c
 *		The unit and the zone that a call says to all of its rows.
 */
#include "postgres.h"

#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "calendar/calendar.h"

static bool
zone_is_null(FunctionCallInfo fcinfo, const CalendarCall *call)
{
	return PG_NARGS() <= call->zone_arg || PG_ARGISNULL(call->zone_arg);
}

/* The zone that a call names, or the session's where it has to have one. */
static pg_tz *
zone_of(FunctionCallInfo fcinfo, CalendarCall *call, bool zoned,
		const char *of_unit, const char *instead)
{
	call->of_session = false;
	if (!zone_is_null(fcinfo, call))
		return affinity_calendar_zone_arg(text_to_cstring(PG_GETARG_TEXT_PP(call->zone_arg)));
	if (!zoned)
		return NULL;
	if (of_unit != NULL)
		return affinity_calendar_zone(of_unit);
	call->of_session = true;
	return affinity_calendar_session_zone(instead);
}

/*
 * Learn unit and zone from a row, whose unit is not null; in the current
 * memory context. The arguments' numbers are set. `zoned`: times are instants.
 * `instead`: what to write where the session's zone is not known.
 */
void
affinity_calendar_call_learn(FunctionCallInfo fcinfo, CalendarCall *call,
							 bool zoned, const char *instead)
{
	text	   *given = PG_GETARG_TEXT_PP(call->unit_arg);
	const char *of_unit = NULL;
	PeriodUnit	unit;
	pg_tz	   *tz;

	if (call->unit != NULL && call->clock.slices != NULL)
		pfree(call->clock.slices);
	call->unit = NULL;
	unit = PG_NARGS() > call->zone_arg ?
		affinity_calendar_unit(VARDATA_ANY(given), VARSIZE_ANY_EXHDR(given)) :
		affinity_calendar_session_unit(given, &of_unit);
	tz = zone_of(fcinfo, call, zoned, of_unit, instead);
	affinity_calendar_clock_init(&call->clock, unit, zoned, tz);
	call->zone = zone_is_null(fcinfo, call) ? NULL :
		PG_GETARG_TEXT_P_COPY(call->zone_arg);
	call->unit = PG_GETARG_TEXT_P_COPY(call->unit_arg);
}

static bool
same_text(const text *a, const text *b)
{
	return VARSIZE_ANY_EXHDR(a) == VARSIZE_ANY_EXHDR(b) &&
		memcmp(VARDATA_ANY(a), VARDATA_ANY(b), VARSIZE_ANY_EXHDR(a)) == 0;
}

/* Are this row's unit, which is not null, and zone those that were learned? */
bool
affinity_calendar_call_same(FunctionCallInfo fcinfo, const CalendarCall *call)
{
	if (call->unit == NULL ||
		!same_text(call->unit, PG_GETARG_TEXT_PP(call->unit_arg)) ||
		zone_is_null(fcinfo, call) != (call->zone == NULL))
		return false;
	return call->zone == NULL ||
		same_text(call->zone, PG_GETARG_TEXT_PP(call->zone_arg));
}

/*
 * The same of a call that is kept from one query to others, between which the
 * session's zone may change, and what an abbreviation means.
 */
bool
affinity_calendar_call_fits(FunctionCallInfo fcinfo, const CalendarCall *call)
{
	if (PG_ARGISNULL(call->unit_arg) ||
		!affinity_calendar_call_same(fcinfo, call))
		return false;
	if (call->of_session)
		return call->clock.tz == session_timezone;
	return call->zone == NULL ||
		affinity_calendar_still_means(call->clock.tz, call->zone);
}
