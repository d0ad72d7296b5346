/*
 * report.c
 *		What a state is asked: the curve, its value at times, its quantiles and
 *		the mean up to a time.
 */
#include "postgres.h"

#include <math.h>

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/tuplestore.h"

#include "base/number.h"
#include "survival/survival.h"

PG_FUNCTION_INFO_V1(affinity_survival_curve);
PG_FUNCTION_INFO_V1(affinity_survival_at);
PG_FUNCTION_INFO_V1(affinity_survival_quantile);
PG_FUNCTION_INFO_V1(affinity_survival_restricted_mean);

#define SAME 1.5e-8				/* two values of a curve, as R has it */

/* Survival, its standard error and bounds as three or four columns. */
static void
put_estimate(const SurvivalStep *step, double z, SurvivalBounds bounds,
			 Datum *values, bool *nulls)
{
	double		low = 0;
	double		high = 0;
	bool		known = affinity_survival_bounds(step, z, bounds, &low, &high);

	values[0] = Float8GetDatum(step->survival);
	values[1] = Float8GetDatum(step->survival * sqrt(step->greenwood));
	values[2] = Float8GetDatum(low);
	values[3] = Float8GetDatum(high);
	nulls[1] = nulls[2] = nulls[3] = !known;
}

/* survival_curve(survival, confidence, bounds) */
Datum
affinity_survival_curve(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	SurvivalWalk walk;
	double		z;
	SurvivalBounds bounds;

	InitMaterializedSRF(fcinfo, 0);
	if (PG_ARGISNULL(0))
		return (Datum) 0;
	z = affinity_survival_z_arg(fcinfo, 1);
	bounds = affinity_survival_bounds_arg(fcinfo, 2);
	affinity_survival_walk_begin(&walk, affinity_survival_arg(fcinfo, 0));
	while (affinity_survival_walk_next(&walk))
	{
		const SurvivalStep *step = &walk.step;
		Datum		values[10];
		bool		nulls[10] = {false};

		values[0] = Float8GetDatum(step->at);
		values[1] = Int64GetDatum(step->at_risk);
		values[2] = Int64GetDatum(step->events);
		values[3] = Int64GetDatum(step->censored);
		put_estimate(step, z, bounds, values + 4, nulls + 4);
		values[8] = Float8GetDatum(step->hazard);
		values[9] = Float8GetDatum(sqrt(step->hazard_variance));
		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values,
							 nulls);
	}
	return (Datum) 0;
}

/* ---- at times ----------------------------------------------------------- */

typedef struct WantedTime
{
	double		at;
	bool		known;			/* the curve goes so far */
	int64		at_risk;
	SurvivalStep step;			/* the last one up to it */
} WantedTime;

static int
compare_wanted(const void *a, const void *b)
{
	double		x = (*(WantedTime *const *) a)->at;
	double		y = (*(WantedTime *const *) b)->at;

	return (x > y) - (x < y);
}

/* The times of an array, NULLs left out. */
static WantedTime *
wanted_times(FunctionCallInfo fcinfo, int arg, int *n)
{
	ArrayType  *array = PG_GETARG_ARRAYTYPE_P(arg);
	WantedTime *wanted;
	Datum	   *elements;
	bool	   *nulls;
	int			n_elements;

	*n = 0;
	deconstruct_array(array, FLOAT8OID, sizeof(float8), FLOAT8PASSBYVAL,
					  TYPALIGN_DOUBLE, &elements, &nulls, &n_elements);
	wanted = affinity_base_zeroed_array(n_elements, sizeof(WantedTime));
	for (int i = 0; i < n_elements; i++)
	{
		double		at = DatumGetFloat8(elements[i]);

		if (nulls[i])
			continue;
		if (isnan(at))
			ereport(ERROR,
					(errcode(ERRCODE_DATA_EXCEPTION), errmsg("NaN time")));
		wanted[(*n)++].at = at;
	}
	return wanted;
}

/* What is known at each of the times. */
static void
find_times(const SurvivalLog *log, WantedTime *wanted, int n)
{
	WantedTime **order = affinity_base_array(n, sizeof(WantedTime *));
	SurvivalWalk walk;
	SurvivalStep before;
	int			next = 0;

	for (int i = 0; i < n; i++)
		order[i] = &wanted[i];
	qsort(order, n, sizeof(WantedTime *), compare_wanted);
	affinity_survival_walk_begin(&walk, log);
	before = walk.step;
	while (affinity_survival_walk_next(&walk))
	{
		for (; next < n && order[next]->at < walk.step.at; next++)
		{
			order[next]->known = true;
			order[next]->step = before;
			order[next]->at_risk = walk.step.at_risk;
		}
		before = walk.step;
		for (; next < n && order[next]->at == walk.step.at; next++)
		{
			order[next]->known = true;
			order[next]->step = before;
			order[next]->at_risk = before.at_risk;
		}
	}
	for (; next < n; next++)
	{
		order[next]->known = before.survival == 0;
		order[next]->step = before;
	}
}

/* survival_at(survival, times, confidence, bounds) */
Datum
affinity_survival_at(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	WantedTime *wanted;
	double		z;
	SurvivalBounds bounds;
	int			n;

	InitMaterializedSRF(fcinfo, 0);
	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		return (Datum) 0;
	z = affinity_survival_z_arg(fcinfo, 2);
	bounds = affinity_survival_bounds_arg(fcinfo, 3);
	wanted = wanted_times(fcinfo, 1, &n);
	find_times(affinity_survival_arg(fcinfo, 0), wanted, n);
	for (int i = 0; i < n; i++)
	{
		Datum		values[6];
		bool		nulls[6] = {false};

		affinity_base_look_up((uint64) i);
		values[0] = Float8GetDatum(wanted[i].at);
		values[1] = Int64GetDatum(wanted[i].at_risk);
		put_estimate(&wanted[i].step, z, bounds, values + 2, nulls + 2);
		if (!wanted[i].known)
			nulls[2] = nulls[3] = nulls[4] = nulls[5] = true;
		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values,
							 nulls);
	}
	return (Datum) 0;
}

/* ---- quantiles ---------------------------------------------------------- */

/*
 * Where a falling curve comes to a level. Where it stays there for a while,
 * the middle of that; at the end of the curve its beginning.
 */
typedef struct Crossing
{
	bool		found;
	bool		done;
	double		at;
	double		value;			/* of the curve there */
} Crossing;

static void
look_for(Crossing *crossing, double level, double at, double value)
{
	if (!crossing->found)
	{
		if (value >= level + SAME)
			return;
		crossing->found = true;
		crossing->at = at;
		crossing->value = value;
		crossing->done = fabs(value - level) >= SAME;
	}
	else if (!crossing->done && value < crossing->value)
	{
		crossing->at = crossing->at / 2 + at / 2;
		crossing->done = true;
	}
}

static HeapTuple
make_row(FunctionCallInfo fcinfo, Datum *values, bool *nulls)
{
	TupleDesc	desc;

	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	return heap_form_tuple(BlessTupleDesc(desc), values, nulls);
}

/* survival_quantile(survival, p, confidence, bounds), strict */
Datum
affinity_survival_quantile(PG_FUNCTION_ARGS)
{
	double		p = PG_GETARG_FLOAT8(1);
	double		z = affinity_survival_z_arg(fcinfo, 2);
	SurvivalBounds bounds = affinity_survival_bounds_arg(fcinfo, 3);
	Crossing	crossing[3] = {{false}};
	SurvivalWalk walk;
	Datum		values[3];
	bool		nulls[3];

	if (!(p > 0 && p < 1))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("p must be between 0 and 1, but is %s", affinity_base_shortest(p)),
				 errhint("Pass 0.5 for the median: the time by which half had their event.")));
	affinity_survival_walk_begin(&walk, affinity_survival_arg(fcinfo, 0));
	while (affinity_survival_walk_next(&walk))
	{
		double		low;
		double		high;

		look_for(&crossing[0], 1 - p, walk.step.at, walk.step.survival);
		if (!affinity_survival_bounds(&walk.step, z, bounds, &low, &high))
			continue;
		look_for(&crossing[1], 1 - p, walk.step.at, low);
		look_for(&crossing[2], 1 - p, walk.step.at, high);
	}
	for (int i = 0; i < 3; i++)
	{
		nulls[i] = !crossing[i].found;
		values[i] = Float8GetDatum(crossing[i].at);
	}
	PG_RETURN_DATUM(HeapTupleGetDatum(make_row(fcinfo, values, nulls)));
}

/* ---- mean --------------------------------------------------------------- */

/* The last time of a state. */
static double
last_time(const SurvivalLog *log)
{
	SurvivalWalk walk;

	affinity_survival_walk_begin(&walk, log);
	while (affinity_survival_walk_next(&walk))
		;
	return walk.step.at;
}

/*
 * The area below the curve up to a time. Given the whole area, the sum of
 * what each event takes: the square of the area behind it, times
 * d / (n (n - d)), whose root is the error. Squares are taken in a unit near
 * the time, so that they stay in the range of double.
 */
static double
area_up_to(const SurvivalLog *log, double until, double whole, double *error)
{
	SurvivalWalk walk;
	double		area = 0;
	double		from = 0;
	double		survival = 1;
	double		variance = 0;
	int			unit;

	frexp(until, &unit);
	affinity_survival_walk_begin(&walk, log);
	while (affinity_survival_walk_next(&walk) && walk.step.at <= until)
	{
		double		n = (double) walk.step.at_risk;
		double		d = (double) walk.step.events;

		area += survival * (walk.step.at - from);
		from = walk.step.at;
		survival = walk.step.survival;
		if (d > 0 && d < n)
		{
			double		behind = ldexp(whole - area, -unit);

			variance += behind * behind * d / (n * (n - d));
		}
	}
	*error = ldexp(sqrt(variance), unit);
	return area + survival * (until - from);
}

/* restricted_mean(survival, until) */
Datum
affinity_survival_restricted_mean(PG_FUNCTION_ARGS)
{
	SurvivalLog *log;
	double		until;
	double		mean;
	double		error;
	Datum		values[3];
	bool		nulls[3] = {false};

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	log = affinity_survival_arg(fcinfo, 0);
	until = PG_ARGISNULL(1) ? last_time(log) : PG_GETARG_FLOAT8(1);
	if (isnan(until) || isinf(until) || until < 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("until must be a time from 0 on, but is %s",
						affinity_base_shortest(until)),
				 errhint("Groups are compared up to one time that is observed in each.")));
	mean = area_up_to(log, until, 0, &error);
	(void) area_up_to(log, until, mean, &error);
	values[0] = Float8GetDatum(mean);
	values[1] = Float8GetDatum(error);
	values[2] = Float8GetDatum(until);
	PG_RETURN_DATUM(HeapTupleGetDatum(make_row(fcinfo, values, nulls)));
}
