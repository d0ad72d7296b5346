/*
 * purchases.c
 *		What a customer who is there is expected to buy.
 *
 * In a time h a buyer who never leaves buys N times, which is negative
 * binomial; the purchase after m others takes place if none of these m was
 * the last one. With z = h / (time + h),
 *
 * E = sum over m >= 0 of (stay)_m / (leave + stay)_m  P(N > m)
 *
 * which is the hypergeometric series of the papers, multiplied out: all terms
 * are above 0, none cancels, and no parameter is a pole (leave = 1 is one of
 * the usual form). Where it has many terms, E is instead the mean of
 * (1 - (1 + p h / time)^-shape) / p over the chance p of leaving.
 *
 * Purchases that count exp(-discount u) at the time u are worth
 *
 * integral of shape e^(v - discount u) S(v) dv, where time + u = time e^v
 *
 * and S is the mean of (1 + p u / time)^-(shape + 1), a sum over m as E is:
 * (stay)_m / (leave + stay)_m P(M = m), where M is negative binomial of
 * shape + 1. It is smooth in v, so the integral is taken by panels of 16 nodes
 * that are computed side by side; kernel/quad.h.
 */
#if defined(__clang__)
#pragma STDC FP_CONTRACT OFF
#elif defined(__GNUC__)
#pragma GCC optimize("fp-contract=off")
#endif

#include "kernel/purchases.h"

#include <math.h>

#include "kernel/multiversion.h"
#include "kernel/quad.h"
#include "kernel/special.h"

#define MANY_TERMS 3000
#define QUADS (AFFINITY_GAUSS / QUAD)
#define MOST 1e308				/* purchases: so that none are infinite */

typedef struct Leaving
{
	double		shape;
	double		ratio;			/* h / time */
} Leaving;

/* Purchases of a buyer whose chance of leaving is p. */
static double
given_chance(double p, void *data)
{
	const Leaving *leaving = data;

	return p * leaving->ratio < 1e-300 ? leaving->shape * leaving->ratio :
		-expm1(-leaving->shape * log1p(p * leaving->ratio)) / p;
}

/* E, by the ratio h / time. */
static double
expect(const AffinityBuyer *buyer, double ratio)
{
	Leaving		leaving = {buyer->shape, ratio};
	double		z = ratio / (1 + ratio);
	double		chance;			/* P(N = j) */
	double		expected = 0;
	double		sum = 0;		/* of (stay)_m / (leave + stay)_m for m < j */
	double		there = 1;

	if (!((buyer->shape + 40) * ratio < MANY_TERMS &&
		  buyer->shape * log1p(ratio) < 600))
		return affinity_kernel_beta_mean(buyer->leave, buyer->stay,
										 given_chance, &leaving,
										 ratio * (1 + buyer->shape));
	chance = exp(-buyer->shape * log1p(ratio));
	for (int j = 1; j < 10 * MANY_TERMS; j++)
	{
		double		factor = (buyer->shape + j - 1) / j;

		sum += there;
		there *= (buyer->stay + j - 1) / (buyer->leave + buyer->stay + j - 1);
		chance *= z * factor;
		expected += chance * sum;
		/* what is to come falls at least as fast as a geometric series */
		if (chance * sum <=
			1e-17 * expected * (1 - z * (factor < 1 ? 1 : factor)))
			break;
	}
	return expected;
}

/* (1 + p u / time)^-(shape + 1) */
static double
rate_given_chance(double p, void *data)
{
	const Leaving *leaving = data;

	return exp(-(leaving->shape + 1) * log1p(p * leaving->ratio));
}

typedef struct Panel
{
	double		at;				/* from here on, */
	double		step;			/* so wide */
	double		value;			/* the integral */
	double		last;			/* but for e^v, what it is of at its end */
} Panel;

/* A panel where the sum over m has many terms. */
static void
panel_by_chance(const AffinityBuyer *buyer, double discount, Panel *panel)
{
	panel->value = 0;
	for (int i = 0; i < AFFINITY_GAUSS; i++)
	{
		double		v = panel->at + panel->step / 2 *
			(1 + affinity_kernel_gauss_node[i]);
		Leaving		leaving = {buyer->shape, expm1(v)};

		panel->last = exp(-discount * (buyer->time * leaving.ratio)) *
			affinity_kernel_beta_mean(buyer->leave, buyer->stay,
									  rate_given_chance, &leaving,
									  leaving.ratio * (2 + buyer->shape));
		panel->value += affinity_kernel_gauss_weight[i] * panel->step / 2 *
			panel->last * (1 + leaving.ratio);
	}
}

/* A panel by sums over m, of all nodes side by side. */
AFFINITY_MULTIVERSION static void
panel_by_terms(const AffinityBuyer *buyer, double discount, Panel *panel)
{
	const double shape = buyer->shape + 1;
	const double stay = buyer->stay;
	const double place = buyer->leave + stay;
	quad		z[QUADS];
	quad		chance[QUADS];	/* P(M = j) */
	quad		rate[QUADS];	/* S */
	quad		value = QUAD_ALL(0.0);
	quad		last = QUAD_ALL(0.0);
	double		there = 1;

	for (int q = 0; q < QUADS; q++)
	{
		const double *node = affinity_kernel_gauss_node + q * QUAD;
		quad		v = {node[0], node[1], node[2], node[3]};

		z[q] = v = panel->at + panel->step / 2 * (1.0 + v);
		affinity_kernel_quad_expm1(&z[q]);
		chance[q] = shape * v;
		affinity_kernel_quad_exp(&chance[q]);
		rate[q] = chance[q];
	}
	for (int j = 1; j < 10 * MANY_TERMS; j++)
	{
		double		factor = (shape + (j - 1)) / j;

		there *= (stay + (j - 1)) / (place + (j - 1));
		for (int q = 0; q < QUADS; q++)
		{
			chance[q] *= z[q] * factor;
			rate[q] += chance[q] * there;
		}
		/* as in expect; the last node is the slowest */
		if (j % 8 == 0 && chance[QUADS - 1][QUAD - 1] * there <=
			1e-17 * rate[QUADS - 1][QUAD - 1] *
			(1 - z[QUADS - 1][QUAD - 1] * factor))
			break;
	}
	for (int q = 0; q < QUADS; q++)
	{
		const double *node = affinity_kernel_gauss_weight + q * QUAD;
		quad		weight = {node[0], node[1], node[2], node[3]};
		quad		e_v = 1.0 / (1.0 - z[q]);

		last = discount * (buyer->time * (z[q] * e_v));
		affinity_kernel_quad_exp(&last);
		last *= rate[q];
		value += weight * e_v * last;
	}
	panel->value = panel->step / 2 * QUAD_SUM(value);
	panel->last = last[QUAD - 1];
}

/*
 * How wide a panel may be where the logarithm of what it is of falls by
 * `slope` and by `discount` times `time`, which may be beyond double.
 */
static double
widest(double steep, double slope, double discount, double time)
{
	double		sum = slope + discount * time;

	return isfinite(sum) ? steep / sum : steep / discount / time;
}

static double
within(double value, double least, double most)
{
	return fmin(fmax(value, least), most);
}

/* Within what double can tell apart; beyond it the answers are limits. */
static AffinityBuyer
bounded(const AffinityBuyer *buyer, double horizon)
{
	AffinityBuyer bounded = {
		.shape = within(buyer->shape, 1e-300, 1e15),
		.time = fmax(buyer->time, horizon * 1e-30),
		.leave = within(buyer->leave, 1e-12, 1e12),
		.stay = within(buyer->stay, 1e-12, 1e15)
	};

	return bounded;
}

double
affinity_kernel_purchases(const AffinityBuyer *given, double horizon)
{
	AffinityBuyer buyer = bounded(given, horizon);

	return expect(&buyer, horizon / buyer.time);
}

/*
 * How wide a panel of v may be: S falls no faster than the slope, and its
 * nearest pole is some way before `at`, as that of (1 + u / time shape / stay)
 * ^-leave is, which S comes to where shape is large.
 */
static double
smooth_panel(const AffinityBuyer *buyer, double discount, double at)
{
	double		shape = buyer->shape + 1;
	double		ratio = expm1(at);
	double		mean = buyer->leave / (buyer->leave + buyer->stay);
	double		slope = fmin(shape, shape * mean * (1 + ratio));

	if (ratio > 0)
		slope = fmin(slope, (buyer->leave + 1) * (1 + ratio) / ratio);
	return fmin(fmin(2, 2 * (ratio + buyer->stay / shape) / (1 + ratio)),
				widest(8, slope, discount, buyer->time * (1 + ratio)));
}

double
affinity_kernel_discounted(const AffinityBuyer *given, double horizon,
						   double discount)
{
	AffinityBuyer buyer = bounded(given, horizon);
	double		end = log1p(horizon / buyer.time);
	double		at = 0;
	double		value = 0;

	if (discount == 0)
		return affinity_kernel_purchases(given, horizon);
	while (at < end)
	{
		Panel		panel = {at, smooth_panel(&buyer, discount, at), 0, 0};
		double		ratio;

		if (!(panel.step < end - at))
			panel.step = end - at;
		ratio = expm1(at + panel.step);
		if ((buyer.shape + 41) * ratio < MANY_TERMS &&
			(buyer.shape + 1) * (at + panel.step) < 600)
			panel_by_terms(&buyer, discount, &panel);
		else
			panel_by_chance(&buyer, discount, &panel);
		value += panel.value;
		/* no wider one is smooth, or the rest, which falls, counts for nothing */
		if (at + panel.step == at ||
			panel.last * (horizon / buyer.time - ratio) <= 1e-17 * value)
			break;
		at += panel.step;
	}
	return fmin(MOST, buyer.shape * value);
}

/*
 * The same of somebody whose rate of leaving is ~ Gamma(s, left_time): the
 * integral of shape / time (1 + u / left_time)^-s e^(-discount u).
 */
double
affinity_kernel_pareto_purchases(double shape, double time, double s,
								 double left_time, double horizon,
								 double discount)
{
	double		rate = fmin(shape / time, MOST);
	double		at = 0;
	double		value = 0;
	double		end;

	left_time = fmax(left_time, horizon * 1e-30);
	end = log1p(horizon / left_time);
	/* nobody leaves in so short a time */
	if (horizon <= left_time * 1e-20)
		return fmin(MOST, rate * (discount * horizon < 1e-20 ? horizon :
								  -expm1(-discount * horizon) / discount));
	if (discount == 0)
	{
		double		y = (s - 1) * end;

		return fmin(MOST, rate * (left_time * end *
								  (fabs(y) < 1e-12 ? 1 - y / 2 :
								   -expm1(-y) / y)));
	}
	while (at < end)
	{
		double		step = fmin(fmin(2, widest(8, fabs(s - 1), discount,
											  left_time * exp(at))),
								end - at);

		for (int i = 0; i < AFFINITY_GAUSS; i++)
		{
			double		v = at + step * (1 + affinity_kernel_gauss_node[i]) / 2;

			value += affinity_kernel_gauss_weight[i] * step / 2 *
				exp(-(s - 1) * v - discount * (left_time * expm1(v)));
		}
		at += step;
		if ((s - 1) * at + discount * (left_time * expm1(at)) > 60)
			break;
	}
	return fmin(MOST, rate * (left_time * value));
}
