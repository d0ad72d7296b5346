/*
 * survivors.c
 *		The likelihoods of sBG (P. Fader, B. Hardie, "How to Project Customer
 *		Retention", Journal of Interactive Marketing 21, 2007) and BdW
 *		(P. Fader, B. Hardie, Y. Liu, J. Davin, T. Steenburgh, "How to Project
 *		Customer Retention Revisited", same journal 43, 2018).
 *
 * At each renewal a customer leaves with chance theta ~ Beta(alpha, beta).
 * S(t) = B(alpha, beta + t^c) / B(alpha, beta) are there after t periods; c is
 * 1 in sBG. Who left between two counts adds ln (S(u) - S(v)), whoever is
 * there at the last count ln S.
 */
#include "postgres.h"

#include <math.h>

#include "base/base.h"
#include "kernel/special.h"
#include "lifetime/model.h"

/* ln S(v) / S(u), and its derivatives by the parameters. */
double
affinity_lifetime_log_survival(const double *parameter, double u, double v, double *derivative)
{
	double		alpha = parameter[0];
	double		beta = parameter[1];
	double		c = parameter[2];
	double		from = affinity_lifetime_power(u, c);
	double		to = affinity_lifetime_power(v, c);
	double		n = to - from;
	double		all = beta + alpha + from;

	derivative[0] = -affinity_kernel_rising_slope(all, n);
	derivative[1] = affinity_kernel_rising_slope(beta + from, n) +
		derivative[0];
	derivative[2] =
		(u > 0 ? affinity_kernel_rising_slope(beta + from, alpha) * from *
		 log(u) : 0) -
		affinity_kernel_rising_slope(beta + to, alpha) * to * log(v);
	/* the same by either of the two differences; the smaller one is exact */
	if (n > alpha)
		return affinity_kernel_rising(beta + from, alpha) -
			affinity_kernel_rising(beta + to, alpha);
	return affinity_kernel_rising(beta + from, n) -
		affinity_kernel_rising(all, n);
}

static double
likelihood_of(const LifetimeData *data, const double *parameter,
			  double *gradient)
{
	double		sum = 0;
	double		from[3] = {0};	/* of ln S at the last count */
	double		log_there = 0;

	for (uint32 i = 1; i < data->n; i++)
	{
		const double *before = data->customer[i - 1].value;
		const double *now = data->customer[i].value;
		double		lost = before[1] - now[1];
		double		step[3];
		double		log_kept = affinity_lifetime_log_survival(parameter, before[0], now[0], step);

		affinity_base_look_up(i);
		if (lost > 0)
		{
			/* the chance to leave may be too small for double, but is not 0 */
			log_kept = Min(log_kept, -1e-300);
			sum += lost * (log_there + log(-expm1(log_kept)));
			for (int j = 0; j < 3; j++)
				gradient[j] += lost * (from[j] - step[j] / expm1(-log_kept));
		}
		log_there += log_kept;
		for (int j = 0; j < 3; j++)
			from[j] += step[j];
		if (i == data->n - 1 && now[1] > 0)
		{
			sum += now[1] * log_there;
			for (int j = 0; j < 3; j++)
				gradient[j] += now[1] * from[j];
		}
	}
	return sum;
}

static double
sbg_likelihood(const LifetimeData *data, const double *parameter,
			   double *gradient)
{
	double		with_c[3] = {parameter[0], parameter[1], 1};
	double		slope[3] = {0};
	double		sum = likelihood_of(data, with_c, slope);

	gradient[0] = slope[0];
	gradient[1] = slope[1];
	return sum;
}

static int
starts(const LifetimeData *data, double start[][AFFINITY_VARIABLES])
{
	static const double from[][3] = {
		{0.7, 2, 1}, {1, 5, 1.3}, {0.3, 0.5, 0.8}, {5, 20, 1}, {1, 1, 2}
	};

	(void) data;
	memset(start, 0, sizeof(start[0]) * lengthof(from));
	for (int i = 0; i < (int) lengthof(from); i++)
		memcpy(start[i], from[i], sizeof(from[i]));
	return lengthof(from);
}

/*
 * Survivors by period, in its order: each period once, from 0 on, and never
 * more than before.
 */
void
affinity_lifetime_check_survivors(const LifetimeCustomer *count, uint32 n)
{
	if (count[0].value[0] != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("survivors of period 0 are missing"),
				 errhint("Give a row of period 0 with all customers that there were at the start.")));
	for (uint32 i = 0; i < n; i++)
	{
		affinity_base_look_up(i);
		if (count[i].weight != 1 ||
			(i > 0 && count[i].value[0] == count[i - 1].value[0]))
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("period %.0f is there more than once",
							count[i].value[0]),
					 errhint("Fit each cohort by itself with GROUP BY, or sum cohorts that were observed equally long.")));
		if (i > 0 && count[i].value[1] > count[i - 1].value[1])
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("survivors must not increase, but are %g in period %.0f and %g in period %.0f",
							count[i - 1].value[1], count[i - 1].value[0],
							count[i].value[1], count[i].value[0]),
					 errhint("Count a customer as there until the customer has left for good.")));
	}
}

const LifetimeModel affinity_lifetime_sbg = {
	.name = "sbg", .n_parameters = 2, .parameter = {"alpha", "beta"},
	.kind = LIFETIME_SURVIVORS, .starts = starts, .likelihood = sbg_likelihood
};

const LifetimeModel affinity_lifetime_bdw = {
	.name = "bdw", .n_parameters = 3, .parameter = {"alpha", "beta", "c"},
	.kind = LIFETIME_SURVIVORS, .starts = starts, .likelihood = likelihood_of
};
