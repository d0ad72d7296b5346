/*
 * buys.c
 *		What BG/NBD and MBG/NBD say of a customer's purchases to come. Whoever
 *		is there at t has a rate ~ Gamma(r + x, alpha + t) and leaves with a
 *		chance ~ Beta(a, b + s); see bg_nbd.c.
 */
#include "postgres.h"

#include <math.h>

#include "kernel/purchases.h"
#include "lifetime/model.h"

static double
alive(const double *parameter, double frequency, double recency, double t,
	  int more)
{
	double		survived = frequency + more;
	double		log_odds;

	if (survived == 0)
		return 1;
	log_odds = log(parameter[2]) - log(parameter[3] + survived - 1) +
		(parameter[0] + frequency) *
		log1p((t - recency) / (parameter[1] + recency));
	return 1 / (1 + exp(log_odds));
}

static double
bg_alive(const double *parameter, double frequency, double recency, double t)
{
	return alive(parameter, frequency, recency, t, 0);
}

static double
mbg_alive(const double *parameter, double frequency, double recency, double t)
{
	return alive(parameter, frequency, recency, t, 1);
}

static double
purchases(const double *parameter, double frequency, double t, double horizon,
		  double discount, int more)
{
	AffinityBuyer buyer = {
		.shape = parameter[0] + frequency,
		.time = parameter[1] + t,
		.leave = parameter[2],
		.stay = parameter[3] + frequency + more
	};

	return affinity_kernel_discounted(&buyer, horizon, discount);
}

static double
bg_purchases(const double *parameter, double frequency, double t,
			 double horizon, double discount)
{
	return purchases(parameter, frequency, t, horizon, discount, 0);
}

static double
mbg_purchases(const double *parameter, double frequency, double t,
			  double horizon, double discount)
{
	return purchases(parameter, frequency, t, horizon, discount, 1);
}

static double
bg_fresh(const double *parameter, double t)
{
	return purchases(parameter, 0, 0, t, 0, 0);
}

/* Some leave after their first purchase. */
static double
mbg_fresh(const double *parameter, double t)
{
	return parameter[3] / (parameter[2] + parameter[3]) *
		purchases(parameter, 0, 0, t, 0, 1);
}

const LifetimePurchases affinity_lifetime_buys_bg_nbd = {
	&affinity_lifetime_bg_nbd, bg_alive, bg_purchases, bg_fresh
};

const LifetimePurchases affinity_lifetime_buys_mbg_nbd = {
	&affinity_lifetime_mbg_nbd, mbg_alive, mbg_purchases, mbg_fresh
};
