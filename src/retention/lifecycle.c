/*
 * lifecycle.c
 *		Reports with a row per period: lifecycle (who is new, returning,
 *		resurrecting, dormant) and active_users (active in the period and in
 *		rolling windows, new and churned).
 *
 * Each user adds to counters per period. A user is within a rolling window
 * for runs of periods, of which only the ends are counted; a running sum
 * gives the number for each period.
 */
#include "postgres.h"

#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/timestamp.h"
#include "utils/tuplestore.h"

#include "retention/retention.h"

PG_FUNCTION_INFO_V1(affinity_retention_lifecycle);
PG_FUNCTION_INFO_V1(affinity_retention_active_users);

typedef struct LifecycleCounts
{
	uint64	   *active;			/* by period from the first one */
	uint64	   *started;
	uint64	   *returning;
	uint64	   *dormant;		/* one more */
} LifecycleCounts;

static void
count_lifecycle(ActivityReader *reader, uint32 span, LifecycleCounts *counts)
{
	counts->active = affinity_activity_reader_counts(span);
	counts->started = affinity_activity_reader_counts(span);
	counts->returning = affinity_activity_reader_counts(span);
	counts->dormant = affinity_activity_reader_counts(span + 1);
	for (uint32 i = 0; i < reader->view.flat->n_users; i++)
	{
		const uint32 *periods;
		uint32		n;
		uint32		last;

		if (i % 1024 == 0)
			CHECK_FOR_INTERRUPTS();
		n = affinity_activity_reader_active(reader, i, &periods);
		if (n == 0)
			continue;
		last = periods[0] - reader->first_period;
		counts->active[last]++;
		counts->started[last]++;
		for (uint32 j = 1; j < n; j++)
		{
			uint32		at = periods[j] - reader->first_period;

			counts->active[at]++;
			counts->returning[at] += at == last + 1;
			counts->dormant[last + 1] += at != last + 1;
			last = at;
		}
		counts->dormant[last + 1]++;
	}
}

/* lifecycle(activity, as_of) */
Datum
affinity_retention_lifecycle(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	ActivityReader reader;
	LifecycleCounts counts;
	uint32		span;

	InitMaterializedSRF(fcinfo, 0);
	if (PG_ARGISNULL(0))
		return (Datum) 0;
	affinity_activity_reader_begin(fcinfo, &reader,
								   affinity_activity_arg(fcinfo, 0));
	span = affinity_activity_reader_span(&reader);
	count_lifecycle(&reader, span, &counts);
	for (uint32 p = 0; p < span; p++)
	{
		Datum		values[7];
		bool		nulls[7] = {false};

		if (p % 1024 == 0)
			CHECK_FOR_INTERRUPTS();
		values[0] = affinity_retention_period(&reader,
											  reader.first_period + p);
		values[1] = Int64GetDatum((int64) counts.active[p]);
		values[2] = Int64GetDatum((int64) counts.started[p]);
		values[3] = Int64GetDatum((int64) counts.returning[p]);
		values[4] = Int64GetDatum((int64) (counts.active[p] -
										   counts.started[p] -
										   counts.returning[p]));
		values[5] = Int64GetDatum((int64) counts.dormant[p]);
		values[6] = affinity_retention_complete(&reader,
												reader.first_period + p);
		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values,
							 nulls);
	}
	return (Datum) 0;
}

typedef struct ActiveCounts
{
	uint32		short_window;	/* periods */
	uint32		long_window;
	uint64	   *active;			/* by period from the first one */
	uint64	   *started;
	uint64	   *left_short;		/* span + 1: who is no longer within it */
	uint64	   *left_long;
	uint64	   *churned;		/* span + 1 */
} ActiveCounts;

/*
 * A user active at a period is within a window from then on for as many
 * periods as the window has, or until it is active again and so within it
 * once more. What lies behind the last period is counted at the span.
 */
static inline void
count_window(ActiveCounts *counts, uint32 at, uint32 next)
{
	uint64		out_of_short = Min((uint64) at + counts->short_window, next);
	uint64		out_of_long = Min((uint64) at + counts->long_window, next);

	counts->active[at]++;
	counts->left_short[out_of_short]++;
	counts->left_long[out_of_long]++;
	if (out_of_long < next)
		counts->churned[out_of_long]++;
}

static void
count_active(ActivityReader *reader, uint32 span, ActiveCounts *counts)
{
	counts->active = affinity_activity_reader_counts(span);
	counts->started = affinity_activity_reader_counts(span);
	counts->left_short = affinity_activity_reader_counts(span + 1);
	counts->left_long = affinity_activity_reader_counts(span + 1);
	counts->churned = affinity_activity_reader_counts(span + 1);
	for (uint32 i = 0; i < reader->view.flat->n_users; i++)
	{
		const uint32 *periods;
		uint32		n;
		uint32		at;

		if (i % 1024 == 0)
			CHECK_FOR_INTERRUPTS();
		n = affinity_activity_reader_active(reader, i, &periods);
		if (n == 0)
			continue;
		at = periods[0] - reader->first_period;
		counts->started[at]++;
		for (uint32 j = 1; j < n; j++)
		{
			uint32		next = periods[j] - reader->first_period;

			count_window(counts, at, next);
			at = next;
		}
		count_window(counts, at, span);
	}
}

/*
 * A window in periods. The default is of days: of other units no window is
 * what everybody means, so it has to be given. A report has both windows or
 * the long one alone.
 */
uint32
affinity_retention_window_arg(FunctionCallInfo fcinfo, int arg,
							  PeriodUnit unit, int32 of_days,
							  bool both, const char *needs)
{
	int64		periods = of_days;

	if (!PG_ARGISNULL(arg))
		periods = PG_GETARG_INT64(arg);
	else if (unit != UNIT_DAY)
	{
		const char *windows =
			unit == UNIT_HOUR ? "short_window => 24, long_window => 168" :
			affinity_calendar_months(unit).n == 1 ? "short_window => 3, long_window => 12" :
			affinity_calendar_months(unit).n == 3 ? "short_window => 2, long_window => 4" :
			affinity_calendar_months(unit).n == 12 ? "short_window => 2, long_window => 5" :
			"short_window => 4, long_window => 13";

		if (!both)
			windows = strstr(windows, "long_window");
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s for a state of unit %s", needs,
						affinity_calendar_unit_name(unit)),
				 errhint("They count periods of the state: %s. Only days have a default, %s.",
						 windows, both ? "7 and 28" : "28")));
	}
	if (periods < 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("a window must have at least one period, but is %lld",
						(long long) periods),
				 errhint("Windows count periods of the state's unit: 7 and 28 days for a state of days.")));
	return (uint32) affinity_base_count_arg(periods);
}

/* active_users(activity, as_of, short_window, long_window) */
Datum
affinity_retention_active_users(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	static const char windows[] = "active_users needs short_window and long_window";
	ActivityFlat *flat;
	ActivityReader reader;
	ActiveCounts counts;
	uint32		span;
	uint64		within_short = 0;
	uint64		within_long = 0;

	InitMaterializedSRF(fcinfo, 0);
	if (PG_ARGISNULL(0))
		return (Datum) 0;
	flat = affinity_activity_arg(fcinfo, 0);
	counts.short_window = affinity_retention_window_arg(fcinfo, 2, flat->unit,
														7, true, windows);
	counts.long_window = affinity_retention_window_arg(fcinfo, 3, flat->unit,
													   28, true, windows);
	affinity_activity_reader_begin(fcinfo, &reader, flat);
	span = affinity_activity_reader_span(&reader);
	count_active(&reader, span, &counts);
	for (uint32 p = 0; p < span; p++)
	{
		Datum		values[8];
		bool		nulls[8] = {false};

		if (p % 1024 == 0)
			CHECK_FOR_INTERRUPTS();
		within_short += counts.active[p] - counts.left_short[p];
		within_long += counts.active[p] - counts.left_long[p];
		values[0] = affinity_retention_period(&reader,
											  reader.first_period + p);
		values[1] = Int64GetDatum((int64) counts.active[p]);
		values[2] = Int64GetDatum((int64) within_short);
		values[3] = Int64GetDatum((int64) within_long);
		nulls[4] = within_long == 0;
		values[4] = Float8GetDatum(within_long == 0 ? 0
								   : (double) counts.active[p] / within_long);
		values[5] = Int64GetDatum((int64) counts.started[p]);
		values[6] = Int64GetDatum((int64) counts.churned[p]);
		values[7] = affinity_retention_complete(&reader,
												reader.first_period + p);
		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values,
							 nulls);
	}
	return (Datum) 0;
}
