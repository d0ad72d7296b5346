/*
 * pareto_nbd.c
 *		Pareto/NBD (D. Schmittlein, D. Morrison, R. Colombo, "Counting Your
 *		Customers: Who Are They and What Will They Do Next?", Management Science
 *		33, 1987).
 *
 * Purchases are a Poisson process of rate lambda ~ Gamma(r, alpha), until the
 * customer leaves, at a rate mu ~ Gamma(s, beta). With x purchases, the last
 * at u, seen until t:
 *
 * L = Gamma(r + x) / Gamma(r) alpha^r (alpha + t)^-(r + x)
 *     (beta / (beta + t))^s (1 + ratio)
 *
 * where the ratio, of having left, is an integral (kernel/pareto.c).
 */
#include "postgres.h"

#include <math.h>

#include "base/base.h"
#include "kernel/pareto.h"
#include "kernel/purchases.h"
#include "kernel/special.h"
#include "lifetime/model.h"

static double
likelihood(const LifetimeData *data, const double *parameter, double *gradient)
{
	double		r = parameter[0];
	double		alpha = parameter[1];
	double		s = parameter[2];
	double		beta = parameter[3];
	double		sum = 0;
	double		last = -1;
	double		of_x = 0;
	double		r_of_x = 0;

	for (uint32 i = 0; i < data->n; i++)
	{
		const LifetimeCustomer *customer = &data->customer[i];
		double		x = customer->value[0];
		double		t = customer->value[2];
		double		weight = customer->weight;
		double		log_alpha = log1p(t / alpha);
		double		log_beta = log1p(t / beta);
		AffinityPareto pareto = {r + x, alpha, s, beta, customer->value[1], t};
		double		derivative[4];
		double		log_odds = affinity_kernel_pareto_left(&pareto, derivative);
		double		odds = exp(-fabs(log_odds));
		double		left = (log_odds > 0 ? 1 : odds) / (1 + odds);

		/* a customer is worth many steps of an integral */
		affinity_base_look_up((uint64) i * 256);
		if (x != last)
		{
			last = x;
			of_x = affinity_kernel_rising(r, x) - x * log(alpha);
			r_of_x = affinity_kernel_rising_slope(r, x);
		}
		sum += weight * (of_x - (r + x) * log_alpha - s * log_beta +
						 log1p(odds) + Max(log_odds, 0));
		gradient[0] += weight * (r_of_x - log_alpha + left * derivative[0]);
		gradient[1] += weight * ((r * t / alpha - x) / (alpha + t) +
								 left * derivative[1]);
		gradient[2] += weight * (left * derivative[2] - log_beta);
		gradient[3] += weight * (s * t / beta / (beta + t) +
								 left * derivative[3]);
	}
	return sum;
}

static int
starts(const LifetimeData *data, double start[][AFFINITY_VARIABLES])
{
	static const double from[][3] = {
		{0.5, 0.6, 0.3}, {1, 1, 1}, {1, 0.5, 0.1}, {3, 2, 1}, {0.2, 0.3, 0.1}
	};
	double		rate = affinity_lifetime_mean_rate(data);
	double		time = 0;

	for (uint32 i = 0; i < data->n; i++)
		time += data->customer[i].weight * data->customer[i].value[2];
	time = time > 0 ? time / data->total : 1;
	for (int i = 0; i < (int) lengthof(from); i++)
	{
		start[i][0] = from[i][0];
		start[i][1] = from[i][0] / (2 * rate);
		start[i][2] = from[i][1];
		start[i][3] = from[i][2] * time;
	}
	return lengthof(from);
}

const LifetimeModel affinity_lifetime_pareto_nbd = {
	.name = "pareto_nbd", .n_parameters = 4,
	.parameter = {"r", "alpha", "s", "beta"}, .is_scaled = {0, 1, 0, 1},
	.kind = LIFETIME_RECENCY, .starts = starts, .likelihood = likelihood
};

static double
alive(const double *parameter, double frequency, double recency, double t)
{
	AffinityPareto pareto = {parameter[0] + frequency, parameter[1],
	parameter[2], parameter[3], recency, t};
	double		unused[4];

	return 1 / (1 + exp(affinity_kernel_pareto_left(&pareto, unused)));
}

static double
purchases(const double *parameter, double frequency, double t, double horizon,
		  double discount)
{
	return affinity_kernel_pareto_purchases(parameter[0] + frequency,
											parameter[1] + t, parameter[2],
											parameter[3] + t, horizon,
											discount);
}

static double
fresh(const double *parameter, double t)
{
	return purchases(parameter, 0, 0, t, 0);
}

const LifetimePurchases affinity_lifetime_buys_pareto_nbd = {
	&affinity_lifetime_pareto_nbd, alive, purchases, fresh
};
