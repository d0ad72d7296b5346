/*
 * kind.c
 *		What rows and states that are merged must have in common.
 */
#include "postgres.h"

#include "activity/flat.h"

void
affinity_activity_flat_kind(const ActivityFlat *flat, ActivityKind *kind)
{
	memset(kind, 0, sizeof(ActivityKind));
	kind->unit = flat->unit;
	kind->ids = flat->ids;
	kind->zoned = flat->zoned;
	kind->events = flat->layout == LAYOUT_EVENTS;
	kind->values = affinity_activity_is_value(flat);
	kind->starts = flat->starts;
	kind->counted = flat->counted;
	kind->zone_len = flat->zone_len;
	memcpy(kind->zone, flat->data, flat->zone_len);
}

static void
mixed(bool values, const char *what, const char *a, const char *b)
{
	if (values)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("cannot merge values of different %s: %s and %s",
						what, a, b),
				 errhint("States that are merged must come from the same call of affinity.value_agg: the same types of user and time, unit and time zone, rows or ranges counted alike, and with or without is_start.")));
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("cannot merge activity of different %s: %s and %s",
					what, a, b),
			 errhint("States that are merged must come from the same call of affinity.activity_agg: the same types of user and time, unit, time zone, and with or without is_start and is_return.")));
}

/*
 * A zone is that of whoever aggregated, where the call does not name it. No
 * state can be moved to another one, as it has no times.
 */
pg_noreturn static void
mixed_zones(const ActivityKind *a, const ActivityKind *b)
{
	const char *zone = a->zone_len ? a->zone : b->zone;

	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("cannot merge %s of different time zones: %s and %s",
					a->values ? "values" : "activity",
					a->zone_len ? a->zone : "none",
					b->zone_len ? b->zone : "none"),
			 errhint("Aggregate the rows of one of them again, in the time zone of the other, and name it in every call, or it is the session's: affinity.%s'%s', '%s').",
					 a->values ? "value_agg(user_id, at, value, "
					 : "activity_agg(user_id, at, ",
					 affinity_calendar_unit_name(a->unit), zone)));
}

/*
 * Error unless rows or states of the two kinds may be merged. Zones may have
 * different names for the same rules: what is merged has the first name, byte
 * by byte, so that it does not depend on the order. True where that is not
 * the one that `a` had.
 */
bool
affinity_activity_kind_join(ActivityKind *a, const ActivityKind *b)
{
	static const char *const id_names[] = {"", "bigint", "uuid", "text"};
	static const char *const counted[] = {
		"rows", "ranges at_end", "ranges pro_rata"
	};

	if (a->unit != b->unit)
		mixed(a->values, "units", affinity_calendar_unit_name(a->unit),
			  affinity_calendar_unit_name(b->unit));
	if (a->ids != b->ids)
		mixed(a->values, "user types", id_names[a->ids], id_names[b->ids]);
	if (a->zoned != b->zoned)
		mixed(a->values, "time types", a->zoned ? "timestamptz" : "timestamp",
			  b->zoned ? "timestamptz" : "timestamp");
	if (!affinity_calendar_same_zone(a->zone, b->zone))
		mixed_zones(a, b);
	if (a->events != b->events)
		mixed(false, "conditions",
			  a->events ? "is_start and is_return" : "none",
			  b->events ? "is_start and is_return" : "none");
	if (a->values != b->values)
		mixed(false, "types", a->values ? "value" : "activity",
			  b->values ? "value" : "activity");
	if (a->counted != b->counted)
		mixed(true, "kinds", counted[a->counted], counted[b->counted]);
	if (a->starts != b->starts)
		mixed(true, "conditions", a->starts ? "is_start" : "none",
			  b->starts ? "is_start" : "none");
	if (strcmp(a->zone, b->zone) <= 0)
		return false;
	a->zone_len = b->zone_len;
	memcpy(a->zone, b->zone, sizeof(a->zone));
	return true;
}
