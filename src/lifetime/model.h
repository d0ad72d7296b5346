/*
 * model.h
 *		Fitted models as arguments of functions. Private to the room.
 */
#ifndef AFFINITY_LIFETIME_MODEL_H
#define AFFINITY_LIFETIME_MODEL_H

#include <math.h>

#include "lifetime/lifetime.h"

/* What a call site keeps of a model that it was given. */
typedef struct LifetimeGiven
{
	Size		size;			/* bytes of the composite value */
	Size		room;
	char	   *bytes;
	double		parameter[AFFINITY_VARIABLES];
} LifetimeGiven;

/* What a model says of purchases; t is when the observation ends. */
typedef struct LifetimePurchases
{
	const LifetimeModel *model;
	/* that a customer is still there */
	double		(*alive) (const double *parameter, double frequency,
						  double recency, double t);
	/* of somebody who is, in a time from t on; later ones count less */
	double		(*purchases) (const double *parameter, double frequency,
							  double t, double horizon, double discount);
	/* of a new customer, beside the first one */
	double		(*fresh) (const double *parameter, double t);
} LifetimePurchases;

extern const LifetimePurchases affinity_lifetime_buys_bg_nbd;
extern const LifetimePurchases affinity_lifetime_buys_mbg_nbd;
extern const LifetimePurchases affinity_lifetime_buys_pareto_nbd;
extern const LifetimePurchases affinity_lifetime_buys_bg_bb;

/* bg_bb.c */
extern double affinity_lifetime_stays_bg_bb(const double *parameter, double t,
											double horizon);

/* Errors unless it is a customer of the model, and a time. */
static inline void
affinity_lifetime_check_given(const LifetimePurchases *buys, double frequency,
							  double recency, double t)
{
	double		value[LIFETIME_VALUES] = {frequency, recency, t};

	if (unlikely(!affinity_lifetime_row_is_sound(buys->model->kind, value, 1)))
		affinity_lifetime_check_row(buys->model->kind, value, 1);
}

/* predict.c */
extern void affinity_lifetime_check_horizon(const LifetimePurchases *buys,
											double horizon, const char *name);

/* value.c */
extern void affinity_lifetime_check_rate(double rate);

/* t^c, within what can be added to */
static inline double
affinity_lifetime_power(double t, double c)
{
	double		power = pow(t, c);

	return power < 1e200 ? power : 1e200;
}

/* survivors.c */
extern double affinity_lifetime_log_survival(const double *parameter, double u,
											 double v, double *derivative);

/* model.c */
extern const double *affinity_lifetime_parameters(FunctionCallInfo fcinfo,
												  int arg,
												  const LifetimeModel *model,
												  LifetimeGiven *given);
extern void *affinity_lifetime_call_site(FunctionCallInfo fcinfo, Size size);

#endif							/* AFFINITY_LIFETIME_MODEL_H */
