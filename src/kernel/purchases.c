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
 * Purchases that count exp(-discount u) at the time u have, by parts, the value
 * e^(-discount h) E(h) + discount * integral of e^(-discount u) E(u) du. E is
 * smooth in ln (1 + u / time), in which the integral is taken by panels.
 */
#include "kernel/purchases.h"

#include <math.h>

#include "kernel/special.h"

#define MANY_TERMS 3000
#define NODES 8
#define LANES (NODES + 1)
#define MOST 1e308				/* purchases: so that none are infinite */

static const double node[NODES] = {
	-0.96028985649753623, -0.79666647741362674, -0.52553240991632899,
	-0.18343464249564980, 0.18343464249564980, 0.52553240991632899,
	0.79666647741362674, 0.96028985649753623
};
static const double node_weight[NODES] = {
	0.10122853629037626, 0.22238103445337447, 0.31370664587788729,
	0.36268378337836198, 0.36268378337836198, 0.31370664587788729,
	0.22238103445337447, 0.10122853629037626
};

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

/*
 * E at several horizons, which are increasing; as ratios h / time.
 */
static void
expect(const AffinityBuyer *buyer, const double *ratio, int n, double *expected)
{
	double		longest = ratio[n - 1];
	double		z[LANES];
	double		chance[LANES];	/* P(N = j) */
	double		sum = 0;		/* of (stay)_m / (leave + stay)_m for m < j */
	double		there = 1;

	if (!((buyer->shape + 40) * longest < MANY_TERMS &&
		  buyer->shape * log1p(longest) < 600))
	{
		for (int i = 0; i < n; i++)
		{
			Leaving		leaving = {buyer->shape, ratio[i]};

			expected[i] = affinity_kernel_beta_mean(buyer->leave, buyer->stay,
													given_chance, &leaving,
													ratio[i] * (1 + buyer->shape));
		}
		return;
	}
	for (int i = 0; i < n; i++)
	{
		z[i] = ratio[i] / (1 + ratio[i]);
		chance[i] = exp(-buyer->shape * log1p(ratio[i]));
		expected[i] = 0;
	}
	for (int j = 1; j < 10 * MANY_TERMS; j++)
	{
		double		factor = (buyer->shape + j - 1) / j;
		int			last = n - 1;

		sum += there;
		there *= (buyer->stay + j - 1) / (buyer->leave + buyer->stay + j - 1);
		for (int i = 0; i < n; i++)
		{
			chance[i] *= z[i] * factor;
			expected[i] += chance[i] * sum;
		}
		/* what is to come falls at least as fast as a geometric series */
		if (chance[last] * sum <=
			1e-17 * expected[last] * (1 - z[last] * (factor < 1 ? 1 : factor)))
			break;
	}
}

/*
 * How wide a panel may be where the logarithm of what it is of falls by
 * `slope` and by `discount` times `time`, which may be beyond double.
 */
static double
panel(double steep, double slope, double discount, double time)
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
	double		ratio = horizon / buyer.time;
	double		expected;

	expect(&buyer, &ratio, 1, &expected);
	return expected;
}

double
affinity_kernel_discounted(const AffinityBuyer *given, double horizon,
						   double discount)
{
	AffinityBuyer within_bounds = bounded(given, horizon);
	const AffinityBuyer *buyer = &within_bounds;
	double		end = log1p(horizon / buyer->time);
	double		at = 0;
	double		value = 0;

	if (discount == 0)
		return affinity_kernel_purchases(given, horizon);
	while (at < end)
	{
		double		from = buyer->time * expm1(at);
		double		step = fmin(1, panel(4, 0, discount, buyer->time + from));
		double		ratio[LANES];
		double		expected[LANES];
		int			is_last;

		is_last = !(step < end - at);
		if (is_last)
			step = end - at;
		for (int i = 0; i < NODES; i++)
			ratio[i] = expm1(at + step * (1 + node[i]) / 2);
		ratio[NODES] = horizon / buyer->time;
		expect(buyer, ratio, is_last ? LANES : NODES, expected);
		for (int i = 0; i < NODES; i++)
			value += node_weight[i] * step / 2 * discount * buyer->time *
				(1 + ratio[i]) * exp(-discount * (buyer->time * ratio[i])) *
				expected[i];
		if (is_last)
			return value + exp(-discount * horizon) * expected[NODES];
		at += step;
		/* the rest counts for nothing */
		if (discount * (buyer->time * expm1(at)) > 60)
			break;
	}
	return value;
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
		double		step = fmin(fmin(2, panel(8, fabs(s - 1), discount,
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
