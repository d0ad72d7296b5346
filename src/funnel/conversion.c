/*
 * conversion.c
 *		funnel_conversion_times: mean, quantiles and histogram of the times to
 *		each step, from the step before and from the first.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"
#include "utils/tuplestore.h"

#include "funnel/funnel.h"
#include "kernel/select.h"

#define CONVERSION_COLUMNS 6

PG_FUNCTION_INFO_V1(affinity_funnel_conversion_times);

/* What is asked of the times, and what they are in. */
typedef struct Asked
{
	EventTime	kind;
	double	   *fraction;		/* NULL: no quantiles */
	int			n_fractions;
	int64	   *edge;			/* in microseconds; NULL: no histogram */
	int			n_edges;
} Asked;

/* The elements of an array argument, of which none may be null. */
static Datum *
elements(FunctionCallInfo fcinfo, int arg, const char *name, int *n)
{
	ArrayType  *array = PG_GETARG_ARRAYTYPE_P(arg);
	bool		interval = ARR_ELEMTYPE(array) == INTERVALOID;
	Datum	   *value;
	bool	   *null;

	deconstruct_array(array, ARR_ELEMTYPE(array),
					  interval ? (int) sizeof(Interval) : 8,
					  interval ? false : FLOAT8PASSBYVAL, TYPALIGN_DOUBLE,
					  &value, &null, n);
	for (int i = 0; i < *n; i++)
		if (null[i])
			ereport(ERROR,
					(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					 errmsg("element %d of %s must not be null", i + 1, name),
					 errhint("Leave it out.")));
	return value;
}

static void
read_fractions(FunctionCallInfo fcinfo, int arg, Asked *asked)
{
	Datum	   *value = elements(fcinfo, arg, "fractions",
								 &asked->n_fractions);

	asked->fraction = palloc(sizeof(double) * (Size) asked->n_fractions + 1);
	for (int i = 0; i < asked->n_fractions; i++)
	{
		asked->fraction[i] = DatumGetFloat8(value[i]);
		/* NaN is not in it either */
		if (!(asked->fraction[i] >= 0 && asked->fraction[i] <= 1))
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("a fraction must be from 0 to 1, but is %g",
							asked->fraction[i]),
					 errhint("0.5 is the median, and 0.9 the 90th percentile.")));
	}
}

static void
read_edges(FunctionCallInfo fcinfo, int arg, Asked *asked)
{
	Datum	   *value = elements(fcinfo, arg, "edges", &asked->n_edges);

	asked->edge = palloc(sizeof(int64) * (Size) asked->n_edges + 1);
	for (int i = 0; i < asked->n_edges; i++)
	{
		asked->edge[i] =
			affinity_eventlog_interval_length(DatumGetIntervalP(value[i]));
		if (i > 0 && asked->edge[i] <= asked->edge[i - 1])
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("edge %d of the histogram is not above the one before",
							i + 1),
					 errhint("Give them from the shortest time to the longest: ARRAY[interval '1 hour', '1 day', '7 days'].")));
	}
}

/* How many edges are no longer than a time. */
static int
edges_up_to(const Asked *asked, int64 time)
{
	int128		usecs = asked->kind == EVENT_TIME_INTEGER ?
		(int128) time * USECS_PER_SEC : time;
	int			from = 0;
	int			to = asked->n_edges;

	while (from < to)
	{
		int			middle = (from + to) / 2;

		if (asked->edge[middle] <= usecs)
			from = middle + 1;
		else
			to = middle;
	}
	return from;
}

static Datum
histogram_of(const Asked *asked, const int64 *times, int64 n)
{
	int			n_bins = asked->n_edges + 1;
	int64	   *count = palloc0(sizeof(int64) * (Size) n_bins);
	Datum	   *value = palloc(sizeof(Datum) * (Size) n_bins);

	for (int64 i = 0; i < n; i++)
	{
		count[edges_up_to(asked, times[i])]++;
		affinity_base_look_up((uint64) i);
	}
	for (int i = 0; i < n_bins; i++)
		value[i] = Int64GetDatum(count[i]);
	return PointerGetDatum(construct_array(value, n_bins, INT8OID, 8,
										   FLOAT8PASSBYVAL, TYPALIGN_DOUBLE));
}

/* Elements that no interval holds are null. */
static Datum
quantiles_of(const Asked *asked, int64 *times, int64 n)
{
	int			n_values = asked->n_fractions;
	Datum	   *value = palloc0(sizeof(Datum) * (Size) n_values + 1);
	bool	   *null = palloc(sizeof(bool) * (Size) n_values + 1);
	int			low = 1;

	for (int i = 0; i < n_values; i++)
	{
		affinity_funnel_put_duration(&value[i], &null[i],
									 affinity_kernel_quantile(times, (size_t) n,
															  asked->fraction[i]),
									 asked->kind);
		CHECK_FOR_INTERRUPTS();
	}
	if (n_values == 0)
		return PointerGetDatum(construct_empty_array(INTERVALOID));
	return PointerGetDatum(construct_md_array(value, null, 1, &n_values, &low,
											  INTERVALOID,
											  (int) sizeof(Interval), false,
											  TYPALIGN_DOUBLE));
}

/* The sum is exact, so the order of users does not matter. */
static double
mean_of(const int64 *times, int64 n)
{
	int128		sum = 0;

	for (int64 i = 0; i < n; i++)
	{
		sum += times[i];
		affinity_base_look_up((uint64) i);
	}
	return (double) sum / (double) n;
}

static void
put_row(ReturnSetInfo *result, const Asked *asked, int step, const char *since,
		int64 *times, int64 n)
{
	Datum		value[CONVERSION_COLUMNS];
	bool		null[CONVERSION_COLUMNS] = {false};

	value[0] = Int32GetDatum(step);
	value[1] = CStringGetTextDatum(since);
	value[2] = Int64GetDatum(n);
	null[3] = n == 0;
	if (n > 0)
		affinity_funnel_put_duration(&value[3], &null[3], mean_of(times, n),
									 asked->kind);
	null[4] = n == 0 || asked->fraction == NULL;
	if (!null[4])
		value[4] = quantiles_of(asked, times, n);
	null[5] = asked->edge == NULL;
	if (!null[5])
		value[5] = histogram_of(asked, times, n);
	tuplestore_putvalues(result->setResult, result->setDesc, value, null);
}

/* (funnel, fractions, edges) */
Datum
affinity_funnel_conversion_times(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	Asked		asked = {EVENT_TIME_INTEGER, NULL, 0, NULL, 0};
	FunnelConversions c;
	EventLog   *log;

	InitMaterializedSRF(fcinfo, 0);
	if (!PG_ARGISNULL(1))
		read_fractions(fcinfo, 1, &asked);
	if (!PG_ARGISNULL(2))
		read_edges(fcinfo, 2, &asked);
	if (PG_ARGISNULL(0))
		return (Datum) 0;
	log = affinity_eventlog_arg(PG_GETARG_DATUM(0), FUNNEL_MAGIC);
	asked.kind = (EventTime) affinity_eventlog_kind(log)->time_kind;
	affinity_funnel_conversions_read(&c, log);
	for (int i = 1; i < c.n_steps; i++)
	{
		put_row(result, &asked, i + 1, "previous", c.from_previous[i],
				c.n_users[i]);
		put_row(result, &asked, i + 1, "start", c.from_start[i], c.n_users[i]);
	}
	return (Datum) 0;
}
