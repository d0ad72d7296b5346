/*
 * args.c
 *		What functions over states are given: states, and times in their zone.
 */
#include "postgres.h"

#include "fmgr.h"
#include "utils/timestamp.h"

#include "activity/flat.h"

/* A state given as an argument, of either type, flat, its sizes checked. */
ActivityFlat *
affinity_activity_state_arg(FunctionCallInfo fcinfo, int arg)
{
	ActivityFlat *flat =
		(ActivityFlat *) PG_DETOAST_DATUM(PG_GETARG_DATUM(arg));
	ActivityView view;

	affinity_activity_view_of(&view, flat);
	return flat;
}

static ActivityFlat *
arg_of_type(FunctionCallInfo fcinfo, int arg, bool values)
{
	ActivityFlat *flat = affinity_activity_state_arg(fcinfo, arg);

	/* only a cast without a function can mix the two types up */
	if (affinity_activity_is_value(flat) != values)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
				 errmsg("a state of type activity is no value, nor the other way round")));
	return flat;
}

/* An argument of type activity. */
ActivityFlat *
affinity_activity_arg(FunctionCallInfo fcinfo, int arg)
{
	return arg_of_type(fcinfo, arg, false);
}

/* An argument of type value. */
ActivityFlat *
affinity_activity_value_arg(FunctionCallInfo fcinfo, int arg)
{
	return arg_of_type(fcinfo, arg, true);
}

/*
 * The zone in which a state's times are local: the given one, or, of local
 * times without one, the session's.
 */
pg_tz *
affinity_activity_zone_of(const ActivityFlat *flat)
{
	ActivityKind kind;

	affinity_activity_flat_kind(flat, &kind);
	return kind.zone_len > 0 ? affinity_calendar_zone(kind.zone)
		: session_timezone;
}

/* A time given to a report as local time of the state. */
Timestamp
affinity_activity_local_arg(FunctionCallInfo fcinfo, int arg,
							const ActivityFlat *flat)
{
	const Moment *moment = (const Moment *) PG_GETARG_POINTER(arg);

	if (moment->kind == MOMENT_LOCAL || flat->zone_len == 0)
		return affinity_calendar_session_moment(moment, false);
	return affinity_calendar_moment_local(moment,
										  affinity_activity_zone_of(flat));
}

/*
 * Where the report stands in time. Without as_of it is the latest row of the
 * state: what happened after that is not known.
 */
void
affinity_activity_set_as_of(ActivityReader *reader, pg_tz *zone,
							const Moment *as_of)
{
	const ActivityFlat *flat = reader->view.flat;

	if (as_of == NULL)
	{
		reader->as_of = flat->last_at;
		reader->as_of_local = affinity_calendar_clock_local(&reader->clock,
															flat->last_at);
		return;
	}
	if (TIMESTAMP_NOT_FINITE(as_of->at))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("as_of must be finite"),
				 errhint("Leave as_of out to stand at the latest row.")));
	if (flat->zoned)
	{
		reader->as_of = affinity_calendar_moment_instant(as_of, zone);
		reader->as_of_local = affinity_calendar_clock_local(&reader->clock,
															reader->as_of);
	}
	else
		reader->as_of = reader->as_of_local = flat->zone_len == 0 ?
			affinity_calendar_session_moment(as_of, false) :
			affinity_calendar_moment_local(as_of, zone);
}
