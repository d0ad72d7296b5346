/*
 * describe.c
 *		What an activity state says of itself: users and describe.
 */
#include "postgres.h"

#include <math.h>

#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "activity/flat.h"

PG_FUNCTION_INFO_V1(affinity_activity_users);
PG_FUNCTION_INFO_V1(affinity_activity_describe);

/* users(activity), users(value) */
Datum
affinity_activity_users(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT64(affinity_activity_state_arg(fcinfo, 0)->n_users);
}

/* The sum of all of a value's sums, rounded once. */
static double
total_of(const ActivityView *view)
{
	int128		sum = 0;

	for (uint64 i = 0; i < view->flat->n_entries; i++)
	{
		if (i % 65536 == 0)
			CHECK_FOR_INTERRUPTS();
		sum = affinity_activity_add_values(sum, view->sums[i]);
	}
	return ldexp((double) sum, -VALUE_SCALE_BITS);
}

/*
 * describe(activity), describe(value): users, unit, time_zone, first_at,
 * last_at (local), entries, has_times or the total value, bytes
 */
Datum
affinity_activity_describe(PG_FUNCTION_ARGS)
{
	ActivityFlat *flat = affinity_activity_state_arg(fcinfo, 0);
	ActivityReader reader;
	ActivityKind kind;
	TupleDesc	desc;
	Datum		values[8];
	bool		nulls[8] = {false};

	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	affinity_activity_flat_kind(flat, &kind);
	affinity_activity_reader_open(&reader, flat, NULL);
	values[0] = Int64GetDatum(flat->n_users);
	values[1] = CStringGetTextDatum(affinity_calendar_unit_name(flat->unit));
	nulls[2] = kind.zone_len == 0;
	values[2] = CStringGetTextDatum(kind.zone);
	values[3] =
		TimestampGetDatum(affinity_calendar_clock_local(&reader.clock,
														flat->first_at));
	values[4] = TimestampGetDatum(reader.as_of_local);
	values[5] = Int64GetDatum((int64) flat->n_entries);
	values[6] = kind.values ? Float8GetDatum(total_of(&reader.view)) :
		BoolGetDatum(kind.events);
	values[7] = Int64GetDatum((int64) VARSIZE(flat));
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc),
													  values, nulls)));
}
