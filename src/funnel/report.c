/*
 * report.c
 *		funnel_steps: the table of a population's funnel.
 */
#include "postgres.h"

#include <math.h>

#include "funcapi.h"
#include "miscadmin.h"
#include "utils/timestamp.h"
#include "utils/tuplestore.h"

#include "funnel/funnel.h"
#include "kernel/select.h"

#define FUNNEL_STEPS_COLUMNS 8

PG_FUNCTION_INFO_V1(affinity_funnel_steps);

/*
 * A duration as timestamptz subtraction shows it: days of 24 hours and the
 * rest. Integer times count seconds; if they count something smaller,
 * durations may be such as no interval holds, and are NULL: the users still
 * count.
 */
void
affinity_funnel_put_duration(Datum *value, bool *null, double units,
							 EventTime kind)
{
	Interval   *interval;
	double		usecs = rint(kind == EVENT_TIME_INTEGER ?
							 units * USECS_PER_SEC : units);
	double		days = floor(usecs / USECS_PER_DAY);

	*null = days > PG_INT32_MAX;
	if (*null)
		return;
	interval = palloc0(sizeof(Interval));
	interval->day = (int32) days;
	interval->time = (int64) (usecs - days * USECS_PER_DAY);
	*value = IntervalPGetDatum(interval);
}

static void
put_quantiles(Datum *value, bool *null, int64 *times, int64 n, EventTime kind)
{
	affinity_funnel_put_duration(&value[0], &null[0],
								 affinity_kernel_quantile(times, (size_t) n,
														  0.5), kind);
	CHECK_FOR_INTERRUPTS();
	affinity_funnel_put_duration(&value[1], &null[1],
								 affinity_kernel_quantile(times, (size_t) n,
														  0.9), kind);
	CHECK_FOR_INTERRUPTS();
}

Datum
affinity_funnel_steps(PG_FUNCTION_ARGS)
{
	EventLog   *log = affinity_eventlog_arg(PG_GETARG_DATUM(0), FUNNEL_MAGIC);
	EventTime	kind = (EventTime) affinity_eventlog_kind(log)->time_kind;
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	FunnelConversions c;

	InitMaterializedSRF(fcinfo, 0);
	affinity_funnel_conversions_read(&c, log);
	for (int i = 0; i < c.n_steps; i++)
	{
		Datum		value[FUNNEL_STEPS_COLUMNS];
		bool		null[FUNNEL_STEPS_COLUMNS];
		int			last = i > 0 ? affinity_funnel_previous_step(&c, i) : 0;
		int64		before = c.n_users[last];

		memset(null, true, sizeof(null));
		null[0] = null[1] = false;
		value[0] = Int32GetDatum(i + 1);
		value[1] = Int64GetDatum(c.n_users[i]);
		null[2] = c.n_users[0] == 0;
		value[2] = Float8GetDatum(null[2] ? 0 : (double) c.n_users[i] /
								  (double) c.n_users[0]);
		null[3] = before == 0;
		value[3] = Float8GetDatum(null[3] ? 0 :
								  (double) c.n_users[i] / (double) before);
		if (i > 0 && c.n_users[i] > 0)
		{
			put_quantiles(value + 4, null + 4, c.from_previous[i],
						  c.n_users[i], kind);
			put_quantiles(value + 6, null + 6, c.from_start[i],
						  c.n_users[i], kind);
		}
		tuplestore_putvalues(result->setResult, result->setDesc, value, null);
	}
	return (Datum) 0;
}
