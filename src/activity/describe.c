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

/* How many users have an amount that has no end. */
static int64
open_users(const ActivityView *view)
{
	int64		n = 0;

	if (view->steps == NULL)
		return 0;
	for (uint32 user = 0; user < view->flat->n_users; user++)
	{
		int128		running = 0;

		affinity_base_look_up(user);
		for (uint32 i = view->step_offsets[user];
			 i < view->step_offsets[user + 1]; i++)
		{
			affinity_base_look_up(i);
			running = affinity_activity_add_values(running, view->steps[i]);
		}
		n += running != 0;
	}
	return n;
}

/* users(activity), users(value) */
Datum
affinity_activity_users(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT64(affinity_activity_state_arg(fcinfo, 0)->n_users);
}

/*
 * The sum of a value's amounts in all periods up to that of the latest row or
 * bound, rounded once.
 */
static double
total_of(const ActivityReader *reader)
{
	const ActivityView *view = &reader->view;
	int128		sum = 0;

	for (uint64 i = 0; i < view->flat->n_entries; i++)
	{
		if (i % 65536 == 0)
			CHECK_FOR_INTERRUPTS();
		sum = affinity_activity_add_values(sum, view->sums[i]);
	}
	for (uint64 i = 0; i < view->flat->n_steps; i++)
	{
		int128		all;

		affinity_base_look_up(i);
		if (view->step_periods[i] > reader->last_period)
			continue;
		if (__builtin_mul_overflow(view->steps[i], (int128) reader->last_period -
								   view->step_periods[i] + 1, &all))
			all = affinity_activity_add_values(VALUE_LEAST, VALUE_LEAST);
		sum = affinity_activity_add_values(sum, all);
	}
	return ldexp((double) sum, -VALUE_SCALE_BITS);
}

/*
 * describe(activity), describe(value): users, unit, time_zone, first_at,
 * last_at (local), entries, has_times or the total value, bytes; of values
 * also has_starts, counted and open_users
 */
Datum
affinity_activity_describe(PG_FUNCTION_ARGS)
{
	ActivityFlat *flat = affinity_activity_state_arg(fcinfo, 0);
	ActivityReader reader;
	ActivityKind kind;
	TupleDesc	desc;
	static const char *const counted[] = {NULL, "at_end", "pro_rata"};
	Datum		values[11] = {0};
	bool		nulls[11] = {false};

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
	values[5] = Int64GetDatum((int64) (flat->n_entries + flat->n_steps));
	values[6] = kind.values ? Float8GetDatum(total_of(&reader)) :
		BoolGetDatum(kind.events);
	values[7] = Int64GetDatum((int64) VARSIZE(flat));
	values[8] = BoolGetDatum(kind.starts);
	nulls[9] = kind.counted == COUNTED_ROWS;
	if (!nulls[9])
		values[9] = CStringGetTextDatum(counted[kind.counted]);
	values[10] = Int64GetDatum(open_users(&reader.view));
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc),
													  values, nulls)));
}
