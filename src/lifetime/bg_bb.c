/*
 * bg_bb.c
 *		BG/BB (P. Fader, B. Hardie, J. Shang, "Customer-Base Analysis in a
 *		Discrete-Time Noncontractual Setting", Marketing Science 29, 2010).
 *
 * At each opportunity a customer who is there buys with chance p ~
 * Beta(alpha, beta), and before each leaves with chance theta ~
 * Beta(gamma, delta). With x purchases, the last at the opportunity u of t:
 *
 * L = B(alpha + x, beta + t - x) / B(alpha, beta) B(gamma, delta + t) / B(gamma, delta)
 *     + sum over i from 0 to t - u - 1 of
 *     B(alpha + x, beta + u - x + i) / B(alpha, beta)
 *     B(gamma + 1, delta + u + i) / B(gamma, delta)
 *
 * Terms of the sum follow from each other by a factor, and their derivatives
 * by a summand, so that no Gamma is in the loop.
 */
#include "postgres.h"

#include <math.h>

#include "base/base.h"
#include "kernel/special.h"
#include "lifetime/model.h"

/* ln B(a + m, b + n) / B(a, b), and its derivatives by a and b. */
static double
beta_ratio(double a, double b, double m, double n, double *derivative)
{
	double		all = affinity_kernel_rising_slope(a + b, m + n);

	derivative[0] = affinity_kernel_rising_slope(a, m) - all;
	derivative[1] = affinity_kernel_rising_slope(b, n) - all;
	return affinity_kernel_rising(a, m) + affinity_kernel_rising(b, n) -
		affinity_kernel_rising(a + b, m + n);
}

/*
 * The sum of the customers who left, relative to its first term, whose
 * derivatives become those of the logarithm of the sum.
 */
static double
left_sum(const double *parameter, double x, double u, double n,
		 double *derivative, uint64 *work)
{
	double		bought = parameter[0] + parameter[1] + u;
	double		missed = parameter[1] + u - x;
	double		here = parameter[3] + u;
	double		renewed = parameter[2] + parameter[3] + 1 + u;
	double		term = 1;
	double		sum = 1;
	double		change[4] = {0};	/* of ln term since the first one */
	double		mean[4] = {0};

	for (double i = 0; i < n - 1; i++)
	{
		affinity_base_look_after(work, 1);
		term *= (missed + i) / (bought + i) * ((here + i) / (renewed + i));
		change[0] -= 1 / (bought + i);
		change[1] += 1 / (missed + i) - 1 / (bought + i);
		change[2] -= 1 / (renewed + i);
		change[3] += 1 / (here + i) - 1 / (renewed + i);
		sum += term;
		for (int j = 0; j < 4; j++)
			mean[j] += term * change[j];
		if (term < 1e-18 * sum / n)
			break;
	}
	for (int j = 0; j < 4; j++)
		derivative[j] += mean[j] / sum;
	return sum;
}

/* ln L of being there, and the logarithm of the odds of having left. */
static double
customer_of(const double *parameter, const double *value, double *there,
			double *left, double *log_odds, uint64 *work)
{
	double		x = value[0];
	double		u = value[1];
	double		t = value[2];
	double		log_there = beta_ratio(parameter[0], parameter[1], x, t - x,
									   &there[0]) +
		beta_ratio(parameter[2], parameter[3], 0, t, &there[2]);

	*log_odds = -HUGE_VAL;
	if (u < t)
		*log_odds = beta_ratio(parameter[0], parameter[1], x, u - x, &left[0]) +
			beta_ratio(parameter[2], parameter[3], 1, u, &left[2]) - log_there +
			log(left_sum(parameter, x, u, t - u, left, work));
	return log_there;
}

static double
likelihood(const LifetimeData *data, const double *parameter, double *gradient)
{
	double		sum = 0;
	uint64		work = 0;

	for (uint32 i = 0; i < data->n; i++)
	{
		double		weight = data->customer[i].weight;
		double		there[4];
		double		left[4] = {0};
		double		log_odds;
		double		log_there = customer_of(parameter, data->customer[i].value,
											there, left, &log_odds, &work);
		double		odds = exp(-fabs(log_odds));
		double		share = (log_odds > 0 ? 1 : odds) / (1 + odds);

		affinity_base_look_after(&work, 8);
		sum += weight * (log_there + log1p(odds) + Max(log_odds, 0));
		for (int j = 0; j < 4; j++)
			gradient[j] += weight * ((1 - share) * there[j] + share * left[j]);
	}
	return sum;
}

static int
starts(const LifetimeData *data, double start[][AFFINITY_VARIABLES])
{
	static const double from[][4] = {
		{1, 1, 0.7, 3}, {0.5, 2, 0.5, 5}, {2, 2, 1, 10}, {0.3, 3, 1, 4},
		{3, 1, 0.3, 0.7}
	};

	(void) data;
	memcpy(start, from, sizeof(from));
	return lengthof(from);
}

const LifetimeModel affinity_lifetime_bg_bb = {
	.name = "bg_bb", .n_parameters = 4,
	.parameter = {"alpha", "beta", "gamma", "delta"},
	.kind = LIFETIME_OPPORTUNITIES, .starts = starts, .likelihood = likelihood
};

static double
alive(const double *parameter, double frequency, double recency, double t)
{
	double		value[3] = {frequency, recency, t};
	double		there[4];
	double		left[4] = {0};
	double		log_odds;
	uint64		work = 0;

	customer_of(parameter, value, there, left, &log_odds, &work);
	return 1 / (1 + exp(log_odds));
}

/*
 * At the ith opportunity from t on somebody who is there at t buys with the
 * mean of p times the chance to be still there, (delta + t)_i /
 * (gamma + delta + t)_i.
 */
static double
purchases(const double *parameter, double frequency, double t, double horizon,
		  double discount)
{
	double		there = 1;
	double		sum = 0;
	uint64		work = 0;

	for (double i = 0; i < horizon; i++)
	{
		double		here = parameter[3] + t + i;

		affinity_base_look_after(&work, 1);
		there *= here / (parameter[2] + here) * exp(-discount);
		sum += there;
		if (there * (horizon - i) < 1e-17 * sum)
			break;
	}
	return sum * (parameter[0] + frequency) / (parameter[0] + parameter[1] + t);
}

static double
fresh(const double *parameter, double t)
{
	return purchases(parameter, 0, 0, t, 0);
}

const LifetimePurchases affinity_lifetime_buys_bg_bb = {
	&affinity_lifetime_bg_bb, alive, purchases, fresh
};

/* That a customer who is there at t is there after some more opportunities. */
double
affinity_lifetime_stays_bg_bb(const double *parameter, double t, double horizon)
{
	return exp(affinity_kernel_rising(parameter[3] + t, horizon) -
			   affinity_kernel_rising(parameter[2] + parameter[3] + t, horizon));
}
