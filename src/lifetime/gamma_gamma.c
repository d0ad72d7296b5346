/*
 * gamma_gamma.c
 *		The likelihood of the gamma-gamma model of spend (P. Fader, B. Hardie,
 *		"The Gamma-Gamma Model of Monetary Value", note 025, 2013).
 *
 * A purchase is worth Gamma(p, nu), where customers differ by nu ~
 * Gamma(q, gamma). The mean m of x purchases has
 *
 * L = Gamma(p x + q) / (Gamma(p x) Gamma(q)) gamma^q m^(p x - 1) x^(p x)
 *     (gamma + m x)^-(p x + q)
 */
#include "postgres.h"

#include <math.h>

#include "base/base.h"
#include "kernel/special.h"
#include "lifetime/lifetime.h"

static double
likelihood(const LifetimeData *data, const double *parameter, double *gradient)
{
	double		p = parameter[0];
	double		q = parameter[1];
	double		gamma = parameter[2];
	double		sum = 0;
	double		last = -1;
	double		of_x = 0;
	double		p_of_x = 0;
	double		q_of_x = 0;

	for (uint32 i = 0; i < data->n; i++)
	{
		const LifetimeCustomer *customer = &data->customer[i];
		double		x = customer->value[0];
		double		m = customer->value[1];
		double		weight = customer->weight;
		double		log_m = log(m);
		double		ratio = gamma / (m * x);
		double		log_rest = log1p(ratio);	/* ln (gamma + m x) / (m x) */
		double		rest = ratio / (1 + ratio); /* gamma / (gamma + m x) */
		double		log_share = log(ratio) - log_rest;

		affinity_base_look_up(i);
		if (x != last)
		{
			last = x;
			of_x = -affinity_kernel_log_beta(p * x, q);
			p_of_x = affinity_kernel_rising_slope(p * x, q) * x;
			q_of_x = affinity_kernel_rising_slope(q, p * x);
		}
		/* m^-1 (m x / (gamma + m x))^(p x) (gamma / (gamma + m x))^q */
		sum += weight * (of_x - log_m - p * x * log_rest + q * log_share);
		gradient[0] += weight * (p_of_x - x * log_rest);
		gradient[1] += weight * (q_of_x + log_share);
		gradient[2] += weight * (q * (1 - rest) - p * x * rest) / gamma;
	}
	return sum;
}

static int
starts(const LifetimeData *data, double start[][AFFINITY_VARIABLES])
{
	static const double from[][2] = {
		{6, 4}, {2, 3}, {1, 1.5}, {20, 8}, {0.5, 5}
	};
	double		sum = 0;
	double		mean;

	for (uint32 i = 0; i < data->n; i++)
		sum += data->customer[i].weight * data->customer[i].value[1];
	mean = sum / data->total;
	for (int i = 0; i < (int) lengthof(from); i++)
	{
		start[i][0] = from[i][0];
		start[i][1] = from[i][1];
		start[i][2] = mean * (from[i][1] - 1) / from[i][0];
	}
	return lengthof(from);
}

const LifetimeModel affinity_lifetime_gamma_gamma = {
	.name = "gamma_gamma", .n_parameters = 3,
	.parameter = {"p", "q", "gamma"}, .is_scaled = {0, 0, 1},
	.kind = LIFETIME_SPEND, .starts = starts, .likelihood = likelihood
};
