/*
 * session.c
 *		The session's time zone, which a call means that names none; and type
 *		session_unit, which takes it to where the call runs.
 *
 * A query may be sent on: to the workers of a distributed engine, to a foreign
 * server. There the session's zone is whatever that server is set to, and
 * days would be other days. So a unit without a zone, once it is written into
 * the text of a query, has the zone of the session that writes it: 'day'
 * becomes 'day Europe/Berlin'. As a value, in views and plans, it stays 'day'.
 */
#include "postgres.h"

#include "access/tableam.h"
#include "access/xact.h"
#include "catalog/namespace.h"
#include "miscadmin.h"
#include "postmaster/bgworker.h"
#include "utils/builtins.h"
#include "utils/float.h"
#include "utils/guc.h"

#include "calendar/calendar.h"

PG_FUNCTION_INFO_V1(affinity_calendar_session_unit_out);
PG_FUNCTION_INFO_V1(affinity_calendar_session_unit_send);

/* Is this one of the sessions that Citus has with its workers? */
static bool
serves_citus(void)
{
	return application_name != NULL &&
		strncmp(application_name, "citus_", 6) == 0;
}

/*
 * Is this a session of postgres_fdw, by what it sets in each? Its zone is
 * GMT, so that times are understood, and nobody's.
 */
static bool
serves_foreign_server(void)
{
	return strcmp(pg_get_timezone_name(session_timezone), "GMT") == 0 &&
		namespace_search_path != NULL &&
		strcmp(namespace_search_path, "pg_catalog") == 0 &&
		DateStyle == USE_ISO_DATES && IntervalStyle == INTSTYLE_POSTGRES &&
		extra_float_digits == 3;
}

/* Is this a session of pg_dump, by what it sets? */
static bool
is_dump(void)
{
	return namespace_search_path != NULL && namespace_search_path[0] == '\0' &&
		!synchronize_seqscans && XactReadOnly;
}

/*
 * Is this a job of TimescaleDB, such as the refresh of a continuous aggregate?
 * What it stores others read and refresh too, and its zone is that of whoever
 * owns the job. Other workers, such as pg_cron's, have the settings of their
 * role and database as a client of these would, and mean them. A refresh is an
 * INSERT, so that it has no parallel workers, whose library is another.
 */
static bool
is_policy(void)
{
	return MyBgworkerEntry != NULL &&
		strncmp(MyBgworkerEntry->bgw_library_name, "timescaledb", 11) == 0;
}

/* Is the zone that is set here not that of who wrote the query? */
static bool
zone_is_foreign(void)
{
	return serves_citus() || serves_foreign_server() || is_policy();
}

/*
 * The zone of a call that names none. An error where the call came from
 * another session, which may have had another one; what to write instead.
 */
pg_tz *
affinity_calendar_session_zone(const char *instead)
{
	if (zone_is_foreign())
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the time zone of the session that asks is not known here"),
				 errdetail("%s",
						   is_policy() ? "This is a job of TimescaleDB." :
						   "This session serves another server."),
				 errhint("Name the time zone: %s.", instead)));
	return session_timezone;
}

/*
 * A moment among times that are instants, or local. Where it is not what they
 * are, it is by the session's zone.
 */
int64
affinity_calendar_session_moment(const Moment *moment, bool zoned)
{
	if (zoned)
		return affinity_calendar_moment_instant(moment,
												moment->kind != MOMENT_LOCAL ? NULL :
												affinity_calendar_session_zone("timestamptz '2024-01-31 00:00+01'"));
	return affinity_calendar_moment_local(moment,
										  moment->kind == MOMENT_LOCAL ? NULL :
										  affinity_calendar_session_zone("now() AT TIME ZONE 'Europe/Berlin'"));
}

/* ---- session_unit ------------------------------------------------------- */

/* Where the zone begins in 'day Europe/Berlin', or NULL. */
static const char *
zone_in(const char *unit, int len)
{
	const char *blank = memchr(unit, ' ', (size_t) len);

	return blank == NULL || blank + 1 == unit + len ? NULL : blank + 1;
}

/*
 * The unit, and the zone that it came with, or NULL. What does not begin with
 * a unit and a blank is an error that shows all of it.
 */
PeriodUnit
affinity_calendar_session_unit(const text *unit, const char **zone)
{
	const char *given = VARDATA_ANY(unit);
	int			len = VARSIZE_ANY_EXHDR(unit);
	const char *of_unit = zone_in(given, len);
	PeriodUnit	found;

	*zone = NULL;
	if (of_unit == NULL ||
		!affinity_calendar_find_unit(given, (int) (of_unit - 1 - given),
									 &found))
		return affinity_calendar_unit(given, len);
	*zone = pnstrdup(of_unit, (Size) (given + len - of_unit));
	return found;
}

/*
 * With the session's zone, unless it has one. A dump keeps it as it is, or
 * views would have the zone of whoever dumped them.
 */
static text *
with_zone(text *unit)
{
	const char *given = VARDATA_ANY(unit);
	int			len = VARSIZE_ANY_EXHDR(unit);
	PeriodUnit	found;

	if (zone_in(given, len) != NULL ||
		!affinity_calendar_find_unit(given, len, &found) ||
		zone_is_foreign() || is_dump())
		return unit;
	return cstring_to_text(psprintf("%.*s %s", len, given,
									pg_get_timezone_name(session_timezone)));
}

Datum
affinity_calendar_session_unit_out(PG_FUNCTION_ARGS)
{
	PG_RETURN_CSTRING(text_to_cstring(with_zone(PG_GETARG_TEXT_PP(0))));
}

Datum
affinity_calendar_session_unit_send(PG_FUNCTION_ARGS)
{
	return DirectFunctionCall1(textsend,
							   PointerGetDatum(with_zone(PG_GETARG_TEXT_PP(0))));
}
