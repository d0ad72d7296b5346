/*
 * retention.c
 *		What sBG and BdW say of subscribers: survival, projected_retention,
 *		expected_lifetime and expected_residual_lifetime (P. Fader, B. Hardie,
 *		"Customer-Base Valuation in a Contractual Setting", Marketing Science
 *		29, 2010).
 */
#include "postgres.h"

#include <math.h>

#include "funcapi.h"
#include "miscadmin.h"
#include "utils/tuplestore.h"

#include "base/base.h"
#include "kernel/special.h"
#include "lifetime/model.h"

/* Terms that are summed one by one; the rest is an integral. */
#define TERMS 256
#define MAX_PERIODS 1000000

PG_FUNCTION_INFO_V1(affinity_lifetime_sbg_survival);
PG_FUNCTION_INFO_V1(affinity_lifetime_bdw_survival);
PG_FUNCTION_INFO_V1(affinity_lifetime_sbg_retention);
PG_FUNCTION_INFO_V1(affinity_lifetime_bdw_retention);
PG_FUNCTION_INFO_V1(affinity_lifetime_sbg_expected);
PG_FUNCTION_INFO_V1(affinity_lifetime_bdw_expected);
PG_FUNCTION_INFO_V1(affinity_lifetime_sbg_residual);
PG_FUNCTION_INFO_V1(affinity_lifetime_bdw_residual);

/* A subscriber who was there at `given`; what counts from `start` on. */
typedef struct Stay
{
	double		parameter[3];
	double		given;
	double		start;
	double		discount;		/* ln (1 + rate) */
} Stay;

/* alpha, beta and c, which is 1 in sBG. */
static void
model_arg(FunctionCallInfo fcinfo, const LifetimeModel *model,
		  double *parameter)
{
	LifetimeGiven *given = affinity_lifetime_call_site(fcinfo, sizeof(*given));

	parameter[2] = 1;
	memcpy(parameter, affinity_lifetime_parameters(fcinfo, 0, model, given),
		   sizeof(double) * model->n_parameters);
	parameter[2] = Min(parameter[2], 1e3);
}

static double
period_arg(FunctionCallInfo fcinfo, int arg, const char *name)
{
	double		period = PG_GETARG_FLOAT8(arg);

	affinity_lifetime_check_count(period, name, "Periods are whole.");
	return period;
}

/* S(v) / S(u) */
static double
survival(const double *parameter, double u, double v)
{
	double		unused[3];

	return u >= v ? 1 :
		exp(affinity_lifetime_log_survival(parameter, u, v, unused));
}

/* (model, period) */
static Datum
survival_at(FunctionCallInfo fcinfo, const LifetimeModel *model)
{
	double		parameter[3];

	model_arg(fcinfo, model, parameter);
	PG_RETURN_FLOAT8(survival(parameter, 0, period_arg(fcinfo, 1, "period")));
}

Datum
affinity_lifetime_sbg_survival(PG_FUNCTION_ARGS)
{
	return survival_at(fcinfo, &affinity_lifetime_sbg);
}

Datum
affinity_lifetime_bdw_survival(PG_FUNCTION_ARGS)
{
	return survival_at(fcinfo, &affinity_lifetime_bdw);
}

/* (model, periods): a row for each period from 0 on */
static Datum
retention(FunctionCallInfo fcinfo, const LifetimeModel *model)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	double		parameter[3];
	int64		periods = PG_GETARG_INT64(1);

	if (periods < 0 || periods > MAX_PERIODS)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("periods must be from 0 to %d, but are %lld",
						MAX_PERIODS, (long long) periods)));
	model_arg(fcinfo, model, parameter);
	InitMaterializedSRF(fcinfo, 0);
	for (int64 period = 0; period <= periods; period++)
	{
		Datum		values[3];
		bool		nulls[3] = {false, false, period == 0};

		affinity_base_look_up((uint64) period);
		values[0] = Int64GetDatum(period);
		values[1] = Float8GetDatum(survival(parameter, 0, (double) period));
		values[2] = Float8GetDatum(period == 0 ? 1 :
								   survival(parameter, (double) period - 1,
											(double) period));
		tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
	}
	return (Datum) 0;
}

Datum
affinity_lifetime_sbg_retention(PG_FUNCTION_ARGS)
{
	return retention(fcinfo, &affinity_lifetime_sbg);
}

Datum
affinity_lifetime_bdw_retention(PG_FUNCTION_ARGS)
{
	return retention(fcinfo, &affinity_lifetime_bdw);
}

/* ---- sums over all periods to come ---- */

/*
 * ln of what the period counts that comes s after the start, and its
 * derivative. Discounts go by s: of a start at 1e15 it has all its digits.
 */
static double
log_term(const Stay *stay, double s, double *slope)
{
	const double *parameter = stay->parameter;
	double		derivative[3];
	double		t = stay->start + s;
	double		value = affinity_lifetime_log_survival(parameter, stay->given,
													   t, derivative);
	double		to = affinity_lifetime_power(t, parameter[2]);

	*slope = -affinity_kernel_rising_slope(parameter[1] + to, parameter[0]) *
		(to < 1e200 ? parameter[2] * to / t : 0) - stay->discount;
	return value - stay->discount * s;
}

/*
 * The integral of the terms from s after the start on, in panels of ln s. Far
 * out, at t, they fall as t^-(alpha c), unless they are discounted.
 */
static double
integral(const Stay *stay, double s)
{
	double		power = stay->parameter[0] * stay->parameter[2] - 1;
	double		far = 1e17 * (stay->parameter[0] + stay->parameter[1]);
	double		at = log(s);
	double		sum = 0;

	if (stay->discount == 0 && power <= 0)
		return HUGE_VAL;
	for (;;)
	{
		double		slope;
		double		value = log_term(stay, exp(at), &slope);
		double		t = stay->start + exp(at);
		double		step;

		CHECK_FOR_INTERRUPTS();
		if (at > 690)
			return sum;
		slope = 1 + slope * exp(at);
		if (slope < 0 && (value + at < -45 + log(sum + 1) || at > 650))
			return sum;
		if (stay->discount == 0 &&
			(affinity_lifetime_power(t, stay->parameter[2]) > far || at > 650))
			return sum + exp(value + log(t)) / power;
		step = Min(1, 4 / fabs(slope));
		for (int i = 0; i < AFFINITY_GAUSS; i++)
		{
			double		v = at +
				step * (1 + affinity_kernel_gauss_node[i]) / 2;

			sum += affinity_kernel_gauss_weight[i] * step / 2 *
				exp(log_term(stay, exp(v), &slope) + v);
		}
		/* too steep to go on */
		if (!(at + step > at))
			return sum;
		at += step;
	}
}

/*
 * The sum of S(t) / S(given) / (1 + rate)^(t - start) over t >= start, by
 * Euler and Maclaurin after the first terms.
 */
static double
sum_of(const Stay *stay)
{
	double		sum = 0;
	double		term;
	double		slope;

	for (int i = TERMS - 1; i >= 0; i--)
		sum += survival(stay->parameter, stay->given, stay->start + i) *
			exp(-stay->discount * i);
	term = exp(log_term(stay, TERMS, &slope));
	return sum + integral(stay, TERMS) +
		term * (0.5 - slope / 12 + slope * slope * slope / 720);
}

/* (model, discount_rate) */
static Datum
expected(FunctionCallInfo fcinfo, const LifetimeModel *model)
{
	Stay		stay = {.given = 0, .start = 0};
	double		rate = PG_GETARG_FLOAT8(1);

	affinity_lifetime_check_rate(rate);
	model_arg(fcinfo, model, stay.parameter);
	stay.discount = log1p(rate);
	PG_RETURN_FLOAT8(sum_of(&stay));
}

/* (model, renewals, discount_rate) */
static Datum
residual(FunctionCallInfo fcinfo, const LifetimeModel *model)
{
	Stay		stay = {.given = period_arg(fcinfo, 1, "renewals")};
	double		rate = PG_GETARG_FLOAT8(2);

	affinity_lifetime_check_rate(rate);
	model_arg(fcinfo, model, stay.parameter);
	stay.start = stay.given + 1;
	stay.discount = log1p(rate);
	PG_RETURN_FLOAT8(sum_of(&stay));
}

Datum
affinity_lifetime_sbg_expected(PG_FUNCTION_ARGS)
{
	return expected(fcinfo, &affinity_lifetime_sbg);
}

Datum
affinity_lifetime_bdw_expected(PG_FUNCTION_ARGS)
{
	return expected(fcinfo, &affinity_lifetime_bdw);
}

Datum
affinity_lifetime_sbg_residual(PG_FUNCTION_ARGS)
{
	return residual(fcinfo, &affinity_lifetime_sbg);
}

Datum
affinity_lifetime_bdw_residual(PG_FUNCTION_ARGS)
{
	return residual(fcinfo, &affinity_lifetime_bdw);
}
