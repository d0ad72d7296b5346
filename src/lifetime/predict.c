/*
 * predict.c
 *		Functions of a fitted model and a customer: probability_alive and
 *		expected_purchases.
 */
#include "postgres.h"

#include <math.h>

#include "base/base.h"
#include "lifetime/model.h"

PG_FUNCTION_INFO_V1(affinity_lifetime_bg_nbd_alive);
PG_FUNCTION_INFO_V1(affinity_lifetime_bg_nbd_purchases);
PG_FUNCTION_INFO_V1(affinity_lifetime_bg_nbd_fresh);
PG_FUNCTION_INFO_V1(affinity_lifetime_mbg_nbd_alive);
PG_FUNCTION_INFO_V1(affinity_lifetime_mbg_nbd_purchases);
PG_FUNCTION_INFO_V1(affinity_lifetime_mbg_nbd_fresh);
PG_FUNCTION_INFO_V1(affinity_lifetime_pareto_nbd_alive);
PG_FUNCTION_INFO_V1(affinity_lifetime_pareto_nbd_purchases);
PG_FUNCTION_INFO_V1(affinity_lifetime_pareto_nbd_fresh);
PG_FUNCTION_INFO_V1(affinity_lifetime_bg_bb_alive);
PG_FUNCTION_INFO_V1(affinity_lifetime_bg_bb_purchases);
PG_FUNCTION_INFO_V1(affinity_lifetime_bg_bb_fresh);

static const double *
model_arg(FunctionCallInfo fcinfo, const LifetimeModel *model)
{
	LifetimeGiven *given = affinity_lifetime_call_site(fcinfo, sizeof(*given));

	return affinity_lifetime_parameters(fcinfo, 0, model, given);
}

/* A time from t on; of opportunities a whole number. */
void
affinity_lifetime_check_horizon(const LifetimePurchases *buys, double horizon,
								const char *name)
{
	if (likely(horizon >= 0 && horizon <= 1e300 &&
			   buys->model->kind == LIFETIME_RECENCY))
		return;
	affinity_lifetime_check_duration(horizon, name);
	affinity_lifetime_check_count(horizon, name,
								  "It counts opportunities, as t does.");
	if (horizon > LIFETIME_MAX_OPPORTUNITIES)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s must be at most %d opportunities, but is %g",
						name, LIFETIME_MAX_OPPORTUNITIES, horizon)));
}

/* (model, frequency, recency, t) */
static Datum
alive(FunctionCallInfo fcinfo, const LifetimePurchases *buys)
{
	const double *parameter = model_arg(fcinfo, buys->model);
	double		frequency = PG_GETARG_FLOAT8(1);
	double		recency = PG_GETARG_FLOAT8(2);
	double		t = PG_GETARG_FLOAT8(3);

	affinity_lifetime_check_given(buys, frequency, recency, t);
	PG_RETURN_FLOAT8(buys->alive(parameter, frequency, recency, t));
}

/* (model, frequency, recency, t, horizon) */
static Datum
purchases(FunctionCallInfo fcinfo, const LifetimePurchases *buys)
{
	const double *parameter = model_arg(fcinfo, buys->model);
	double		frequency = PG_GETARG_FLOAT8(1);
	double		recency = PG_GETARG_FLOAT8(2);
	double		t = PG_GETARG_FLOAT8(3);
	double		horizon = PG_GETARG_FLOAT8(4);

	affinity_lifetime_check_given(buys, frequency, recency, t);
	affinity_lifetime_check_horizon(buys, horizon, "horizon");
	PG_RETURN_FLOAT8(buys->alive(parameter, frequency, recency, t) *
					 buys->purchases(parameter, frequency, t, horizon, 0));
}

/* (model, t) */
static Datum
fresh(FunctionCallInfo fcinfo, const LifetimePurchases *buys)
{
	const double *parameter = model_arg(fcinfo, buys->model);
	double		t = PG_GETARG_FLOAT8(1);

	affinity_lifetime_check_horizon(buys, t, "t");
	PG_RETURN_FLOAT8(buys->fresh(parameter, t));
}

Datum
affinity_lifetime_bg_nbd_alive(PG_FUNCTION_ARGS)
{
	return alive(fcinfo, &affinity_lifetime_buys_bg_nbd);
}

Datum
affinity_lifetime_bg_nbd_purchases(PG_FUNCTION_ARGS)
{
	return purchases(fcinfo, &affinity_lifetime_buys_bg_nbd);
}

Datum
affinity_lifetime_bg_nbd_fresh(PG_FUNCTION_ARGS)
{
	return fresh(fcinfo, &affinity_lifetime_buys_bg_nbd);
}

Datum
affinity_lifetime_mbg_nbd_alive(PG_FUNCTION_ARGS)
{
	return alive(fcinfo, &affinity_lifetime_buys_mbg_nbd);
}

Datum
affinity_lifetime_mbg_nbd_purchases(PG_FUNCTION_ARGS)
{
	return purchases(fcinfo, &affinity_lifetime_buys_mbg_nbd);
}

Datum
affinity_lifetime_mbg_nbd_fresh(PG_FUNCTION_ARGS)
{
	return fresh(fcinfo, &affinity_lifetime_buys_mbg_nbd);
}

Datum
affinity_lifetime_pareto_nbd_alive(PG_FUNCTION_ARGS)
{
	return alive(fcinfo, &affinity_lifetime_buys_pareto_nbd);
}

Datum
affinity_lifetime_pareto_nbd_purchases(PG_FUNCTION_ARGS)
{
	return purchases(fcinfo, &affinity_lifetime_buys_pareto_nbd);
}

Datum
affinity_lifetime_pareto_nbd_fresh(PG_FUNCTION_ARGS)
{
	return fresh(fcinfo, &affinity_lifetime_buys_pareto_nbd);
}

Datum
affinity_lifetime_bg_bb_purchases(PG_FUNCTION_ARGS)
{
	return purchases(fcinfo, &affinity_lifetime_buys_bg_bb);
}

Datum
affinity_lifetime_bg_bb_fresh(PG_FUNCTION_ARGS)
{
	return fresh(fcinfo, &affinity_lifetime_buys_bg_bb);
}

/* (model, frequency, recency, t, horizon) */
Datum
affinity_lifetime_bg_bb_alive(PG_FUNCTION_ARGS)
{
	double		horizon = PG_GETARG_FLOAT8(4);
	const LifetimePurchases *buys = &affinity_lifetime_buys_bg_bb;
	const double *parameter = model_arg(fcinfo, buys->model);

	affinity_lifetime_check_horizon(buys, horizon, "horizon");
	PG_RETURN_FLOAT8(DatumGetFloat8(alive(fcinfo, buys)) *
					 affinity_lifetime_stays_bg_bb(parameter,
												   PG_GETARG_FLOAT8(3),
												   horizon));
}
