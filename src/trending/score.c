/*
 * score.c
 *		Scores by which content is ranked: formulas of what is known of an item.
 */
#include "postgres.h"

#include <math.h>

#include "access/htup_details.h"
#include "fmgr.h"
#include "funcapi.h"
#include "utils/timestamp.h"

#include "base/base.h"
#include "base/number.h"
#include "kernel/stats.h"
#include "kernel/tail.h"

PG_FUNCTION_INFO_V1(affinity_trending_wilson_lower);
PG_FUNCTION_INFO_V1(affinity_trending_wilson_interval);
PG_FUNCTION_INFO_V1(affinity_trending_bayesian_average);
PG_FUNCTION_INFO_V1(affinity_trending_hot);
PG_FUNCTION_INFO_V1(affinity_trending_gravity);

/* A number, which must be one. */
static double
number_arg(FunctionCallInfo fcinfo, int arg, const char *name)
{
	double		value = PG_GETARG_FLOAT8(arg);

	if (isnan(value) || isinf(value))
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("%s must be a finite number, but is %s", name,
						isnan(value) ? "NaN" : value > 0 ? "infinite"
						: "-infinite"),
				 errhint("NULL gives NULL.")));
	return value;
}

/* One of 0 or more. */
static double
size_arg(FunctionCallInfo fcinfo, int arg, const char *name)
{
	double		value = number_arg(fcinfo, arg, name);

	if (value < 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s must not be negative, but is %s", name,
						affinity_base_shortest(value))));
	return value;
}

/* (successes, trials, confidence): Wilson's interval; false: no trials. */
static bool
wilson_args(FunctionCallInfo fcinfo, double *low, double *high)
{
	double		successes = size_arg(fcinfo, 0, "successes");
	double		trials = size_arg(fcinfo, 1, "trials");
	double		confidence = PG_GETARG_FLOAT8(2);

	if (successes > trials)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("successes must not be more than trials, but are %s of %s",
						affinity_base_shortest(successes), affinity_base_shortest(trials)),
				 errhint("Trials are all, successes and others: write ups + downs for votes.")));
	if (!(confidence > 0 && confidence < 1))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("confidence must be between 0 and 1, but is %s",
						affinity_base_shortest(confidence)),
				 errhint("Pass 0.95 for intervals of 95 %%.")));
	return affinity_kernel_wilson(successes, trials,
								  affinity_kernel_normal_quantile(0.5 + 0.5 *
																  confidence),
								  low, high);
}

/* wilson_lower(successes, trials, confidence), strict */
Datum
affinity_trending_wilson_lower(PG_FUNCTION_ARGS)
{
	double		low;
	double		high;

	if (!wilson_args(fcinfo, &low, &high))
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(low);
}

/* wilson_interval(successes, trials, confidence), strict */
Datum
affinity_trending_wilson_interval(PG_FUNCTION_ARGS)
{
	double		low = 0;
	double		high = 0;
	TupleDesc	desc;
	Datum		values[2];
	bool		nulls[2];

	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	nulls[0] = nulls[1] = !wilson_args(fcinfo, &low, &high);
	values[0] = Float8GetDatum(low);
	values[1] = Float8GetDatum(high);
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc),
													  values, nulls)));
}

/*
 * bayesian_average(sum, n, prior_mean, prior_n), strict: as if prior_n more
 * rows of the mean prior_mean were there. Infinitely many leave it.
 */
Datum
affinity_trending_bayesian_average(PG_FUNCTION_ARGS)
{
	double		sum = number_arg(fcinfo, 0, "sum");
	double		n = size_arg(fcinfo, 1, "n");
	double		mean = number_arg(fcinfo, 2, "prior_mean");
	double		prior = PG_GETARG_FLOAT8(3);
	double		share;

	if (isinf(prior) && prior > 0)
		PG_RETURN_FLOAT8(mean);
	prior = size_arg(fcinfo, 3, "prior_n");
	if (n == 0 && sum != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("a sum of no rows must be 0, but is %s", affinity_base_shortest(sum))));
	if (n == 0)
	{
		if (prior == 0)
			PG_RETURN_NULL();
		PG_RETURN_FLOAT8(mean);
	}
	/* no product that may be too large */
	share = 1 / (1 + prior / n);
	PG_RETURN_FLOAT8(sum / n * share + mean * (1 - share));
}

/* What r2/lib/db/_sorts.pyx of reddit's published source subtracts. */
#define HOT_EPOCH 1134028003
#define HOT_SECONDS 45000

/* hot(ups, downs, at), strict */
Datum
affinity_trending_hot(PG_FUNCTION_ARGS)
{
	double		score = number_arg(fcinfo, 0, "ups") -
		number_arg(fcinfo, 1, "downs");
	TimestampTz at = PG_GETARG_TIMESTAMPTZ(2);
	double		order = log10(Max(fabs(score), 1));
	double		seconds;

	if (TIMESTAMP_NOT_FINITE(at))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("infinite time"),
				 errhint("Pass when the item was made.")));
	seconds = (double) at / USECS_PER_SEC +
		((POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE) * (double) SECS_PER_DAY -
		 HOT_EPOCH);
	PG_RETURN_FLOAT8(rint(((score < 0 ? -order : order) +
						   seconds / HOT_SECONDS) * 1e7) / 1e7);
}

/* gravity(points, at, as_of, gravity), strict */
Datum
affinity_trending_gravity(PG_FUNCTION_ARGS)
{
	double		points = number_arg(fcinfo, 0, "points");
	TimestampTz at = PG_GETARG_TIMESTAMPTZ(1);
	TimestampTz as_of = PG_GETARG_TIMESTAMPTZ(2);
	double		gravity = size_arg(fcinfo, 3, "gravity");
	double		hours;

	if (TIMESTAMP_NOT_FINITE(at) || TIMESTAMP_NOT_FINITE(as_of))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("infinite time"),
				 errhint("Pass when the item was made, and as of when it is ranked: now().")));
	hours = Max(((double) as_of - (double) at) / USECS_PER_HOUR, 0);
	PG_RETURN_FLOAT8((points - 1) / pow(hours + 2, gravity));
}
