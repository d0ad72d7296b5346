/*
 * call.c
 *		The arguments that forecast, forecast_model and anomaly share.
 */
#include "postgres.h"

#include <math.h>

#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "base/number.h"
#include "forecast/call.h"
#include "kernel/tail.h"

#define PERIODS_MAX 1000000
#define SEASON_MAX 10000
#define LONG_SEASONS 3			/* of more than 24 periods, to look for one */

static const struct
{
	const char *name;
	ForecastMethod method;
}			methods[] =

{
	{"auto", METHOD_AUTO},
	{"ets", METHOD_ETS},
	{"theta", METHOD_THETA},
	{"naive", METHOD_NAIVE},
	{"seasonal_naive", METHOD_SEASONAL_NAIVE},
	{"mean", METHOD_MEAN},
	{"croston", METHOD_CROSTON},
	{"sba", METHOD_SBA},
	{"tsb", METHOD_TSB}
};

/*
 * Does a pattern, where Z is any, mean a form: MAdM, AZN? The damped trend
 * alone has two letters, and a Z of trends means all three.
 */
static bool
pattern_fits(const char *pattern, const char *form)
{
	const char *end = form + strlen(form) - 1;
	size_t		len = strlen(pattern);
	const char *trend = pattern + 1;

	if (len < 3 || len > 4)
		return false;
	if (pg_toupper((unsigned char) pattern[0]) != 'Z' &&
		pg_toupper((unsigned char) pattern[0]) != form[0])
		return false;
	if (pg_toupper((unsigned char) pattern[len - 1]) != 'Z' &&
		pg_toupper((unsigned char) pattern[len - 1]) != *end)
		return false;
	if (len == 3 && pg_toupper((unsigned char) *trend) == 'Z')
		return true;
	return (size_t) (end - form - 1) == len - 2 &&
		pg_strncasecmp(trend, form + 1, len - 2) == 0;
}

static void
model_arg(FunctionCallInfo fcinfo, int arg, ForecastWish *wish)
{
	char	   *name = affinity_base_text_arg(fcinfo, arg, "model");

	for (int i = 0; i < (int) lengthof(methods); i++)
		if (pg_strcasecmp(name, methods[i].name) == 0)
		{
			wish->method = methods[i].method;
			wish->forms = ETS_ALL_FORMS;
			return;
		}
	wish->method = METHOD_ETS;
	wish->forms = 0;
	for (int i = 0; i < ETS_FORMS; i++)
	{
		EtsForm		form = affinity_forecast_form(i, 2);

		if (pattern_fits(name, affinity_forecast_form_name(&form)))
			wish->forms |= 1U << i;
	}
	if (wish->forms == 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("unknown model \"%.100s\"", name),
				 errhint("Models are auto, ets, theta, naive, seasonal_naive, mean, croston, sba and tsb, and as forms of ets ANN, AAN, AAdN, ANA, AAA, AAdA, MNN, MAN, MAdN, MNA, MAA, MAdA, MNM, MAM and MAdM, where Z stands for any.")));
}

/*
 * How many periods a season has. By its unit: hours have days, days weeks,
 * months and quarters years; so have weeks, where there are enough of them.
 */
static int
season_arg(FunctionCallInfo fcinfo, int arg, const OpenSeries *open)
{
	int64		season;

	if (PG_ARGISNULL(arg))
	{
		PeriodUnit	unit = open->unit;

		if (affinity_calendar_is_week(unit))
			return open->data.n >= LONG_SEASONS * 52 ? 52 : 1;
		if (affinity_calendar_months(unit).n > 0)
			return 12 / affinity_calendar_months(unit).n;
		return unit == UNIT_HOUR ? 24 : unit == UNIT_DAY ? 7 : 1;
	}
	season = PG_GETARG_INT64(arg);
	if (season < 1 || season > SEASON_MAX)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("season must be between 1 and %d periods, but is %lld",
						SEASON_MAX, (long long) season),
				 errhint("Pass how many periods it takes until all comes again, for example 12 for months; 1 is no season.")));
	return (int) season;
}

static bool
fill_arg(FunctionCallInfo fcinfo, int arg)
{
	char	   *name = affinity_base_text_arg(fcinfo, arg, "fill");

	if (pg_strcasecmp(name, "zero") == 0)
		return true;
	if (pg_strcasecmp(name, "missing") != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("unknown fill \"%.100s\"", name),
				 errhint("Use missing (a period without rows is not known) or zero (nothing happened in it).")));
	return false;
}

/* The last period that counts: that of `until`, or the series's own. */
static int64
last_period(FunctionCallInfo fcinfo, int arg, const Series *series)
{
	const SeriesEntry *entries = affinity_forecast_entries(series);
	const Moment *moment;
	Timestamp	local;

	if (PG_ARGISNULL(arg))
		return entries[series->n - 1].period;
	if (series->unit == 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("until is a time, but the periods of this series are numbers"),
				 errhint("Aggregate up to that number: FILTER (WHERE period <= ...).")));
	moment = (const Moment *) PG_GETARG_POINTER(arg);
	if (series->zone_len > 0)
		local = affinity_calendar_moment_local(moment,
											   affinity_calendar_zone(affinity_forecast_series_zone(series)));
	else
		local = affinity_calendar_session_moment(moment, false);
	if (TIMESTAMP_NOT_FINITE(local))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("until must be finite"),
				 errhint("Give a time in the last period that is complete.")));
	return affinity_calendar_period_of_local((PeriodUnit) series->unit, local);
}

/* The values of a state from its first period to the last that counts. */
static bool
read_values(const Series *series, int64 last, bool zero, OpenSeries *open)
{
	const SeriesEntry *entries = affinity_forecast_entries(series);
	uint64		n;
	double		largest = 0;

	open->unit = series->unit;
	open->first = entries[0].period;
	if (last < open->first)
		return false;
	n = (uint64) last - (uint64) open->first + 1;
	if (n > PERIODS_MAX || n == 0)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("the series goes over more than %d periods",
						PERIODS_MAX),
				 errhint("Use a coarser unit, or leave out rows with a wrong time.")));
	open->y = affinity_base_array(n, sizeof(double));
	for (uint64 t = 0; t < n; t++)
		open->y[t] = zero ? 0 : NAN;
	for (uint32 i = 0; i < series->n && entries[i].period <= last; i++)
	{
		affinity_base_look_up(i);
		if (i > 0 && entries[i].period == entries[i - 1].period)
			continue;
		open->y[entries[i].period - open->first] = entries[i].part;
		largest = fmax(largest, fabs(entries[i].part));
	}
	frexp(largest, &open->exponent);
	open->data.y = open->y;
	open->data.n = (int) n;
	open->data.positive = true;
	for (uint64 t = 0; t < n; t++)
	{
		if (isnan(open->y[t]))
			continue;
		open->y[t] = ldexp(open->y[t], -open->exponent);
		open->data.n_known++;
		if (!(open->y[t] > 0))
			open->data.positive = false;
	}
	return true;
}

/* Read the arguments of a call; false where there is nothing to predict. */
bool
affinity_forecast_open(FunctionCallInfo fcinfo, const SeriesArgs *args,
					   OpenSeries *open)
{
	Series	   *series;
	bool		zero;

	memset(open, 0, sizeof(OpenSeries));
	model_arg(fcinfo, args->model, &open->wish);
	zero = fill_arg(fcinfo, args->fill);
	if (PG_ARGISNULL(0))
		return false;
	series = affinity_forecast_series_arg(fcinfo, 0);
	if (series->n == 0 ||
		!read_values(series, last_period(fcinfo, args->until, series), zero,
					 open))
		return false;
	open->wish.m = season_arg(fcinfo, args->season, open);
	return true;
}

/* Say once in a query what was not done as asked. */
void
affinity_forecast_tell(FunctionCallInfo fcinfo, int degraded)
{
	int		   *told = fcinfo->flinfo->fn_extra;

	if (degraded == 0)
		return;
	if (told == NULL)
	{
		told = MemoryContextAllocZero(fcinfo->flinfo->fn_mcxt, sizeof(int));
		fcinfo->flinfo->fn_extra = told;
	}
	if (degraded & ~*told & DEGRADED_SEASON)
		ereport(NOTICE,
				(errmsg("a series of fewer than two seasons is predicted without a season"),
				 errhint("There may be more such series in the query: affinity.forecast_model says how each is predicted.")));
	if (degraded & ~*told & DEGRADED_FORM)
		ereport(NOTICE,
				(errmsg("a series that the model does not fit is predicted by another form of ets"),
				 errhint("Forms that begin with M need values above 0, and all need more values than they have parameters. affinity.forecast_model says how each is predicted.")));
	if (degraded & ~*told & DEGRADED_SHORT)
		ereport(NOTICE,
				(errmsg("a series of too few values for a model is predicted by its mean"),
				 errhint("There may be more such series in the query: affinity.forecast_model says how each is predicted.")));
	*told |= degraded;
}

/* A confidence as so many standard deviations. */
double
affinity_forecast_z(double confidence)
{
	if (!(confidence > 0 && confidence < 1))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("confidence must be between 0 and 1, but is %s",
						affinity_base_shortest(confidence)),
				 errhint("Pass 0.95 for intervals of 95 %%.")));
	return affinity_kernel_normal_quantile(0.5 + 0.5 * confidence);
}

/* A period so many after the first, as the columns period and number. */
void
affinity_forecast_put_period(const OpenSeries *open, int64 at, Datum *values,
							 bool *nulls)
{
	nulls[0] = open->unit == 0;
	nulls[1] = open->unit != 0;
	if (open->unit == 0)
	{
		if (open->first > PG_INT64_MAX - at)
			ereport(ERROR,
					(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
					 errmsg("bigint out of range")));
		values[1] = Int64GetDatum(open->first + at);
	}
	else
	{
		Timestamp	start = 0;

		if (open->first + at <= PG_UINT32_MAX)
			start = affinity_calendar_period_start(open->unit,
												   (uint32) (open->first + at));
		if (open->first + at > PG_UINT32_MAX || !IS_VALID_TIMESTAMP(start))
			ereport(ERROR,
					(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
					 errmsg("timestamp out of range")));
		values[0] = TimestampGetDatum(start);
	}
}

/* A value in the unit of the state; infinite beyond what a double holds. */
double
affinity_forecast_unscale(const OpenSeries *open, double value)
{
	return ldexp(value, open->exponent);
}
