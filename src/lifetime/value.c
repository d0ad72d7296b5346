/*
 * value.c
 *		Money: expected_spend and lifetime_value.
 *
 * What a customer who is still there is expected to buy depends on frequency
 * and t alone, so a call site keeps the last answers by these: by day, many
 * customers have the same.
 */
#include "postgres.h"

#include <float.h>
#include <math.h>

#include "base/base.h"
#include "lifetime/model.h"

#define ANSWERS 4096			/* a power of two */

typedef struct Answer
{
	double		frequency;
	double		t;
	double		purchases;
} Answer;

typedef struct ValueCall
{
	LifetimeGiven buys;
	LifetimeGiven spend;
	double		parameter[AFFINITY_VARIABLES];	/* what answers are of */
	double		horizon;
	double		rate;
	double		discount;		/* ln (1 + rate) */
	Answer		answer[ANSWERS];
} ValueCall;

PG_FUNCTION_INFO_V1(affinity_lifetime_spend);
PG_FUNCTION_INFO_V1(affinity_lifetime_bg_nbd_value);
PG_FUNCTION_INFO_V1(affinity_lifetime_mbg_nbd_value);
PG_FUNCTION_INFO_V1(affinity_lifetime_pareto_nbd_value);
PG_FUNCTION_INFO_V1(affinity_lifetime_bg_bb_value);

/*
 * The mean of a purchase: the customer's own one and that of all, weighted.
 * It is infinite where the distribution has no mean.
 */
static double
expected_spend(const double *parameter, double frequency, double mean)
{
	double		p = parameter[0];
	double		q = parameter[1];
	double		gamma = parameter[2];
	double		weight = p * frequency + q - 1;

	if (!(weight > 0))
		return HUGE_VAL;
	/* (p gamma + p frequency mean) / weight, without its overflows */
	return gamma / (frequency + (q - 1) / p) +
		(frequency > 0 ? mean / (1 + (q - 1) / (p * frequency)) : 0);
}

/*
 * The mean of a customer's purchases; of none it says nothing. It may be below
 * 0, as returns can make it, though such customers tell a fit nothing.
 */
static bool
spend_args(FunctionCallInfo fcinfo, int arg_frequency, int arg_mean,
		   double *mean)
{
	double		frequency = PG_GETARG_FLOAT8(arg_frequency);

	affinity_lifetime_check_count(frequency, "frequency",
								  "Frequency counts the purchases that monetary_value is the mean of.");
	*mean = 0;
	if (PG_ARGISNULL(arg_mean))
		return frequency == 0;
	*mean = PG_GETARG_FLOAT8(arg_mean);
	affinity_lifetime_check_finite(*mean, "monetary_value");
	return true;
}

/* (model, frequency, monetary_value) */
Datum
affinity_lifetime_spend(PG_FUNCTION_ARGS)
{
	const double *parameter;
	double		mean;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1) ||
		!spend_args(fcinfo, 1, 2, &mean))
		PG_RETURN_NULL();
	parameter =
		affinity_lifetime_parameters(fcinfo, 0, &affinity_lifetime_gamma_gamma,
									 affinity_lifetime_call_site(fcinfo,
																 sizeof(LifetimeGiven)));
	PG_RETURN_FLOAT8(expected_spend(parameter, PG_GETARG_FLOAT8(1), mean));
}

/* Per unit of t, or per period. */
void
affinity_lifetime_check_rate(double rate)
{
	affinity_lifetime_check_finite(rate, "discount_rate");
	if (rate < 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("discount_rate must not be negative, but is %g", rate),
				 errhint("It is per unit of t: 10 %% a year are 1.10 ^ (1.0 / 52) - 1 a week.")));
}

/* Answers that were kept are of other parameters: none is known. */
static void
forget(ValueCall *call, const double *parameter, int n, double horizon,
	   double rate)
{
	memcpy(call->parameter, parameter, sizeof(double) * n);
	call->horizon = horizon;
	call->rate = rate;
	call->discount = log1p(rate);
	for (int i = 0; i < ANSWERS; i++)
		call->answer[i].t = -1;
}

static double
purchases(ValueCall *call, const LifetimePurchases *buys,
		  const double *parameter, double frequency, double t)
{
	uint64		bits[2];
	Answer	   *answer;

	memcpy(&bits[0], &frequency, sizeof(double));
	memcpy(&bits[1], &t, sizeof(double));
	answer = &call->answer[affinity_base_mix64(bits[0] * 31 + bits[1]) %
						   ANSWERS];
	if (answer->frequency != frequency || answer->t != t)
	{
		answer->purchases = buys->purchases(parameter, frequency, t,
											call->horizon, call->discount);
		answer->frequency = frequency;
		answer->t = t;
	}
	return answer->purchases;
}

/*
 * (purchases, spend, frequency, recency, t, monetary_value, horizon,
 * discount_rate)
 */
static Datum
lifetime_value(FunctionCallInfo fcinfo, const LifetimePurchases *buys)
{
	ValueCall  *call;
	const double *parameter;
	const double *spend;
	double		frequency;
	double		recency;
	double		t;
	double		mean;
	double		horizon;
	double		rate;
	double		value;

	for (int i = 0; i < PG_NARGS(); i++)
		if (PG_ARGISNULL(i) && i != 5)
			PG_RETURN_NULL();
	frequency = PG_GETARG_FLOAT8(2);
	recency = PG_GETARG_FLOAT8(3);
	t = PG_GETARG_FLOAT8(4);
	horizon = PG_GETARG_FLOAT8(6);
	rate = PG_GETARG_FLOAT8(7);
	if (!spend_args(fcinfo, 2, 5, &mean))
		PG_RETURN_NULL();
	affinity_lifetime_check_given(buys, frequency, recency, t);
	call = affinity_lifetime_call_site(fcinfo, sizeof(*call));
	parameter = affinity_lifetime_parameters(fcinfo, 0, buys->model, &call->buys);
	spend = affinity_lifetime_parameters(fcinfo, 1,
										 &affinity_lifetime_gamma_gamma,
										 &call->spend);
	if (memcmp(call->parameter, parameter,
			   sizeof(double) * buys->model->n_parameters) != 0 ||
		call->horizon != horizon || call->rate != rate)
	{
		affinity_lifetime_check_horizon(buys, horizon, "horizon");
		affinity_lifetime_check_rate(rate);
		forget(call, parameter, buys->model->n_parameters, horizon, rate);
	}
	value = buys->alive(parameter, frequency, recency, t) *
		purchases(call, buys, parameter, frequency, t);
	/* nothing is worth nothing, whatever a purchase is */
	if (value > 0)
		value *= expected_spend(spend, frequency, mean);
	PG_RETURN_FLOAT8(value);
}

Datum
affinity_lifetime_bg_nbd_value(PG_FUNCTION_ARGS)
{
	return lifetime_value(fcinfo, &affinity_lifetime_buys_bg_nbd);
}

Datum
affinity_lifetime_mbg_nbd_value(PG_FUNCTION_ARGS)
{
	return lifetime_value(fcinfo, &affinity_lifetime_buys_mbg_nbd);
}

Datum
affinity_lifetime_pareto_nbd_value(PG_FUNCTION_ARGS)
{
	return lifetime_value(fcinfo, &affinity_lifetime_buys_pareto_nbd);
}

Datum
affinity_lifetime_bg_bb_value(PG_FUNCTION_ARGS)
{
	return lifetime_value(fcinfo, &affinity_lifetime_buys_bg_bb);
}
