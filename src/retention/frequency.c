/*
 * frequency.c
 *		How often, how soon: frequency (the distribution of active periods) and
 *		time_to_return (quantiles of the time to the first return).
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "common/int.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"
#include "utils/tuplestore.h"

#include "activity/activity.h"

PG_FUNCTION_INFO_V1(affinity_retention_frequency);
PG_FUNCTION_INFO_V1(affinity_retention_time_to_return);

#define ST_SORT sort_times
#define ST_ELEMENT_TYPE int64
#define ST_COMPARE(a, b) ((*(a) > *(b)) - (*(a) < *(b)))
#define ST_SCOPE static
#define ST_CHECK_FOR_INTERRUPTS
#define ST_DEFINE
#include "lib/sort_template.h"

/* frequency(activity, as_of, last_periods) */
Datum
affinity_retention_frequency(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	ActivityReader reader;
	uint32		span;
	uint32		from;
	uint64	   *users;
	uint64		total = 0;
	int64		last_periods = PG_ARGISNULL(2) ? PG_INT32_MAX :
		PG_GETARG_INT64(2);

	InitMaterializedSRF(fcinfo, 0);
	if (last_periods < 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("last_periods must be positive, but is %lld",
						(long long) last_periods),
				 errhint("28 with a state of days counts the active days of the last 28.")));
	if (PG_ARGISNULL(0))
		return (Datum) 0;
	affinity_activity_reader_begin(fcinfo, &reader,
								   affinity_activity_arg(fcinfo, 0));
	span = affinity_activity_reader_span(&reader);
	from = reader.first_period;
	if (span > 0 && span > last_periods)
		from = reader.last_period - (uint32) (last_periods - 1);
	users = affinity_activity_reader_counts(span + 1);
	for (uint32 i = 0; i < reader.view.flat->n_users; i++)
	{
		const uint32 *periods;
		uint32		n;
		uint32		first = 0;

		if (i % 1024 == 0)
			CHECK_FOR_INTERRUPTS();
		n = affinity_activity_reader_active(&reader, i, &periods);
		while (first < n && periods[first] < from)
			first++;
		if (first == n)
			continue;
		users[n - first]++;
		total++;
	}
	for (uint32 p = 1; p <= span; p++)
	{
		Datum		values[3];
		bool		nulls[3] = {false};

		affinity_base_look_up(p);
		if (users[p] == 0)
			continue;
		values[0] = Int32GetDatum((int32) p);
		values[1] = Int64GetDatum((int64) users[p]);
		values[2] = Float8GetDatum((double) users[p] / total);
		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values,
							 nulls);
	}
	return (Datum) 0;
}

/*
 * How long a user took from its first start to its first return after it: us
 * where the state has times, else periods. False where it did not come back.
 */
static bool
return_time(ActivityReader *reader, uint32 user, bool *started, int64 *time)
{
	const ActivityView *view = &reader->view;
	const uint32 *periods;
	uint32		n;
	uint32		i;
	uint32		end;

	*started = false;
	if (view->flat->layout != LAYOUT_EVENTS)
	{
		n = affinity_activity_reader_active(reader, user, &periods);
		*started = n > 0;
		*time = n > 1 ? periods[1] - periods[0] : 0;
		return n > 1;
	}
	i = view->offsets[user];
	end = view->offsets[user + 1];
	for (; i < end && (view->flags[i] & (EVENT_START | EVENT_BOTH)) == 0; i++)
		affinity_base_look_up(i);
	if (i == end || view->at[i] > reader->as_of)
		return false;
	*started = true;
	*time = 0;
	if ((view->flags[i] & EVENT_RETURN) ||
		((view->flags[i] & EVENT_START) && (view->flags[i] & EVENT_BOTH)))
		return true;
	for (uint32 j = i + 1; j < end && view->at[j] <= reader->as_of; j++)
	{
		affinity_base_look_up(j);
		if ((view->flags[j] & (EVENT_RETURN | EVENT_BOTH)) == 0)
			continue;
		if (pg_sub_s64_overflow(view->at[j], view->at[i], time))
			ereport(ERROR,
					(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
					 errmsg("a time to return is out of range"),
					 errhint("Leave out rows with mistaken times.")));
		return true;
	}
	return false;
}

static Datum
interval_datum(int64 us)
{
	Interval   *interval = palloc0(sizeof(Interval));

	interval->day = (int32) (us / USECS_PER_DAY);
	interval->time = us % USECS_PER_DAY;
	return IntervalPGetDatum(interval);
}

/* time_to_return(activity, as_of, quantiles) */
Datum
affinity_retention_time_to_return(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	ActivityReader reader;
	bool		exact;
	int64	   *times;
	int64		n_times = 0;
	int64		n_started = 0;
	Datum	   *quantiles;
	bool	   *missing;
	int			n_quantiles;

	InitMaterializedSRF(fcinfo, 0);
	if (PG_ARGISNULL(0) || PG_ARGISNULL(2))
		return (Datum) 0;
	deconstruct_array(PG_GETARG_ARRAYTYPE_P(2), FLOAT8OID, sizeof(float8),
					  FLOAT8PASSBYVAL, TYPALIGN_DOUBLE, &quantiles, &missing,
					  &n_quantiles);
	for (int i = 0; i < n_quantiles; i++)
		if (missing[i] || !(DatumGetFloat8(quantiles[i]) >= 0 &&
							DatumGetFloat8(quantiles[i]) <= 1))
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("quantiles must be between 0 and 1"),
					 errhint("For example '{0.5,0.9}'.")));
	affinity_activity_reader_begin(fcinfo, &reader,
								   affinity_activity_arg(fcinfo, 0));
	exact = reader.view.flat->layout == LAYOUT_EVENTS;
	times = MemoryContextAllocHuge(CurrentMemoryContext,
								   (Size) reader.view.flat->n_users *
								   sizeof(int64));
	for (uint32 i = 0; i < reader.view.flat->n_users; i++)
	{
		bool		started;

		if (i % 1024 == 0)
			CHECK_FOR_INTERRUPTS();
		if (return_time(&reader, i, &started, &times[n_times]))
			n_times++;
		n_started += started;
	}
	sort_times(times, n_times);
	for (int i = 0; i < n_quantiles; i++)
	{
		double		quantile = DatumGetFloat8(quantiles[i]);
		int64		place = (int64) ceil(quantile * n_times);
		Datum		values[5] = {0};
		bool		nulls[5] = {false};

		values[0] = quantiles[i];
		values[1] = Int64GetDatum(n_started);
		values[2] = Int64GetDatum(n_times);
		nulls[3] = n_times == 0 || exact;
		nulls[4] = n_times == 0 || !exact;
		place = Max(place, 1) - 1;
		if (!nulls[3])
			values[3] = Int64GetDatum(times[place]);
		if (!nulls[4])
			values[4] = interval_datum(times[place]);
		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values,
							 nulls);
	}
	return (Datum) 0;
}
