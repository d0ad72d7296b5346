/*
 * report.c
 *		What a series will be, and by which model.
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

#include "forecast/call.h"

PG_FUNCTION_INFO_V1(affinity_forecast_rows);
PG_FUNCTION_INFO_V1(affinity_forecast_levels);
PG_FUNCTION_INFO_V1(affinity_forecast_model);

#define HORIZON_MAX 10000
#define LEVELS_MAX 100

static int
horizon_arg(FunctionCallInfo fcinfo, int arg)
{
	int64		horizon;

	affinity_base_check_not_null(fcinfo, arg, "horizon");
	horizon = PG_GETARG_INT64(arg);
	if (horizon < 1 || horizon > HORIZON_MAX)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("horizon must be between 1 and %d periods, but is %lld",
						HORIZON_MAX, (long long) horizon),
				 errhint("Pass how many periods to predict, for example 12.")));
	return (int) horizon;
}

static void
put_number(double value, Datum *to, bool *is_null)
{
	*to = Float8GetDatum(value);
	*is_null = isnan(value);
}

/* Where a call is, and what it answers, before its rows are written. */
typedef struct Answer
{
	OpenSeries	open;
	double	   *mean;
	double	   *spread;			/* a standard deviation; NaN: not known */
	int			horizon;
} Answer;

/* Read and predict a series; false where there are no rows. */
static bool
answer_call(FunctionCallInfo fcinfo, const SeriesArgs *args, Answer *answer)
{
	Prediction	prediction;

	if (!affinity_forecast_open(fcinfo, args, &answer->open) ||
		!affinity_forecast_predict(&answer->open.data, &answer->open.wish,
								   &prediction))
		return false;
	affinity_forecast_tell(fcinfo, prediction.degraded);
	answer->mean = affinity_base_array((Size) answer->horizon, sizeof(double));
	answer->spread = affinity_base_array((Size) answer->horizon,
										 sizeof(double));
	affinity_forecast_ahead(&answer->open.data, &prediction, answer->horizon,
							answer->mean, answer->spread);
	for (int h = 0; h < answer->horizon; h++)
		if (!isnan(answer->spread[h]))
			answer->spread[h] = sqrt(fmax(answer->spread[h], 0));
	return true;
}

/* A row: step, period, number, value [, confidence], low, high. */
static void
put_row(ReturnSetInfo *rsinfo, const Answer *answer, int h, double z,
		const double *confidence)
{
	const OpenSeries *open = &answer->open;
	Datum		values[7];
	bool		nulls[7] = {false};
	double		reach = z * answer->spread[h];
	int			n = 4;

	values[0] = Int64GetDatum(h + 1);
	affinity_forecast_put_period(open, (int64) open->data.n + h, values + 1,
								 nulls + 1);
	put_number(affinity_forecast_unscale(open, answer->mean[h]), &values[3],
			   &nulls[3]);
	if (confidence != NULL)
		values[n++] = Float8GetDatum(*confidence);
	put_number(affinity_forecast_unscale(open, answer->mean[h] - reach),
			   &values[n], &nulls[n]);
	n++;
	put_number(affinity_forecast_unscale(open, answer->mean[h] + reach),
			   &values[n], &nulls[n]);
	tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
}

/* forecast(series, horizon, model, season, confidence, fill, until) */
Datum
affinity_forecast_rows(PG_FUNCTION_ARGS)
{
	static const SeriesArgs args = {.model = 2, .season = 3, .fill = 5, .until = 6};
	Answer		answer;
	double		z;

	InitMaterializedSRF(fcinfo, 0);
	answer.horizon = horizon_arg(fcinfo, 1);
	affinity_base_check_not_null(fcinfo, 4, "confidence");
	z = affinity_forecast_z(PG_GETARG_FLOAT8(4));
	if (!answer_call(fcinfo, &args, &answer))
		return (Datum) 0;
	for (int h = 0; h < answer.horizon; h++)
		put_row((ReturnSetInfo *) fcinfo->resultinfo, &answer, h, z, NULL);
	return (Datum) 0;
}

/* The levels of an argument, each checked. */
static int
levels_arg(FunctionCallInfo fcinfo, int arg, Datum **levels)
{
	bool	   *nulls;
	int			n;

	affinity_base_check_not_null(fcinfo, arg, "levels");
	deconstruct_array(PG_GETARG_ARRAYTYPE_P(arg), FLOAT8OID, sizeof(float8),
					  FLOAT8PASSBYVAL, TYPALIGN_DOUBLE, levels, &nulls, &n);
	if (n < 1 || n > LEVELS_MAX)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("levels must be between 1 and %d confidences, but are %d",
						LEVELS_MAX, n),
				 errhint("Pass those of the intervals, for example '{0.8,0.95}'.")));
	for (int i = 0; i < n; i++)
	{
		if (nulls[i])
			ereport(ERROR,
					(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					 errmsg("levels must not contain NULL"),
					 errhint("Pass those of the intervals, for example '{0.8,0.95}'.")));
		(void) affinity_forecast_z(DatumGetFloat8((*levels)[i]));
	}
	return n;
}

/* forecast(series, horizon, levels, model, season, fill, until) */
Datum
affinity_forecast_levels(PG_FUNCTION_ARGS)
{
	static const SeriesArgs args = {.model = 3, .season = 4, .fill = 5, .until = 6};
	Answer		answer;
	Datum	   *levels;
	int			n;

	InitMaterializedSRF(fcinfo, 0);
	answer.horizon = horizon_arg(fcinfo, 1);
	n = levels_arg(fcinfo, 2, &levels);
	if (!answer_call(fcinfo, &args, &answer))
		return (Datum) 0;
	for (int h = 0; h < answer.horizon; h++)
	{
		CHECK_FOR_INTERRUPTS();
		for (int i = 0; i < n; i++)
		{
			double		level = DatumGetFloat8(levels[i]);

			put_row((ReturnSetInfo *) fcinfo->resultinfo, &answer, h,
					affinity_forecast_z(level), &level);
		}
	}
	return (Datum) 0;
}

/* ---- the model ---------------------------------------------------------- */

static Datum
season_array(const OpenSeries *open, const Prediction *p, bool *is_null)
{
	const Adjustment *adjustment = p->adjustment.figure != NULL ||
		p->method == METHOD_ETS || p->method == METHOD_AUTO ? &p->adjustment
		: &p->theta_adjustment;
	bool		has_states = p->ets.form.season != SEASON_NONE;
	int			m = has_states ? p->ets.form.m : adjustment->m;
	bool		times = has_states ?
		p->ets.form.season == SEASON_MULTIPLICATIVE :
		adjustment->multiplicative;
	Datum	   *elements;

	*is_null = !has_states && adjustment->figure == NULL;
	if (*is_null)
		return (Datum) 0;
	elements = affinity_base_array((Size) m, sizeof(Datum));
	for (int i = 0; i < m; i++)
	{
		double		value = has_states ? p->ets.last[2 + i] :
			adjustment->figure[(open->data.n + i) % m];

		elements[i] = Float8GetDatum(times ? value :
									 affinity_forecast_unscale(open, value));
	}
	return PointerGetDatum(construct_array(elements, m, FLOAT8OID,
										   sizeof(float8), FLOAT8PASSBYVAL,
										   TYPALIGN_DOUBLE));
}

/* Parameters and states of the state-space model, or of Theta's smoothing. */
static void
put_states(const OpenSeries *open, const Prediction *p, Datum *values,
		   bool *nulls)
{
	const EtsModel *ets = p->method == METHOD_THETA ? &p->theta.ses : &p->ets;
	bool		has_model = p->method <= METHOD_THETA;
	double		level = has_model ? ets->last[0] : p->level;

	put_number(has_model ? ets->x[ETS_ALPHA] : NAN, &values[0], &nulls[0]);
	put_number(has_model && ets->form.trend ? ets->x[ETS_BETA] : NAN,
			   &values[1], &nulls[1]);
	put_number(has_model && ets->form.season != SEASON_NONE ?
			   ets->x[ETS_GAMMA] : NAN, &values[2], &nulls[2]);
	put_number(has_model && ets->form.damped ? ets->x[ETS_PHI] : NAN,
			   &values[3], &nulls[3]);
	if (p->last_season != NULL)
		level = NAN;
	put_number(affinity_forecast_unscale(open, level), &values[4], &nulls[4]);
	put_number(has_model && ets->form.trend ?
			   affinity_forecast_unscale(open, ets->last[1]) : NAN,
			   &values[5], &nulls[5]);
	put_number(p->method == METHOD_THETA || p->method == METHOD_AUTO ?
			   affinity_forecast_unscale(open, p->theta.drift) : NAN,
			   &values[6], &nulls[6]);
	values[7] = season_array(open, p, &nulls[7]);
}

/* forecast_model(series, model, season, fill, until) */
Datum
affinity_forecast_model(PG_FUNCTION_ARGS)
{
	static const SeriesArgs args = {.model = 1, .season = 2, .fill = 3, .until = 4};
	OpenSeries	open;
	Prediction	p;
	TupleDesc	desc;
	Datum		values[15];
	bool		nulls[15] = {false};

	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	if (!affinity_forecast_open(fcinfo, &args, &open) ||
		!affinity_forecast_predict(&open.data, &open.wish, &p))
		PG_RETURN_NULL();
	affinity_forecast_tell(fcinfo, p.degraded);
	values[0] = CStringGetTextDatum(p.name);
	values[1] = Int64GetDatum(p.m);
	values[2] = Int64GetDatum(open.data.n_known);
	values[3] = Int64GetDatum(open.data.n - open.data.n_known);
	put_number(p.aicc + 2.0 * open.data.n_known * open.exponent * M_LN2,
			   &values[4], &nulls[4]);
	if (isinf(p.aicc))
		nulls[4] = true;
	put_number(p.relative ? p.sigma : affinity_forecast_unscale(&open, p.sigma),
			   &values[5], &nulls[5]);
	put_number(p.mase, &values[6], &nulls[6]);
	put_states(&open, &p, values + 7, nulls + 7);
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc),
													  values, nulls)));
}
