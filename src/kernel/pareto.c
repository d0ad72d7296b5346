/*
 * pareto.c
 *		The odds that a customer of Pareto/NBD has left, as an integral.
 *
 * The likelihood has one part for customers who are there at t and one for
 * those who left at some time v after the last purchase at u. Their ratio is
 *
 * s (alpha + t)^k (beta + t)^s
 *     integral from u to t of (alpha + v)^-k (beta + v)^-(s + 1) dv
 *
 * Solved, it is the difference of two functions 2F1, which are nearly equal
 * where u is near t, and which come in two forms, for alpha above and below
 * beta. Not solved, it is the integral of a positive function that falls, and
 * its derivatives are means under it. It is taken in ln (m + v), m being the
 * smaller of alpha and beta, by panels as narrow as the function is steep.
 */
#include "kernel/pareto.h"

#include <math.h>

#include "kernel/special.h"

#define STEEP 8.0				/* how much ln f may change in a panel */
#define ENOUGH 45.0				/* e^-ENOUGH of the whole does not count */
#define LEAST 1e-300			/* of alpha and beta, in t */

/*
 * The logarithm of the ratio; its derivatives by k, alpha, s and beta.
 */
double
affinity_kernel_pareto_left(const AffinityPareto *given, double *derivative)
{
	AffinityPareto bounded = *given;
	const AffinityPareto *g = &bounded;
	double		m;
	double		end;
	double		at = 0;			/* ln (m + v) / (m + u) */
	double		sum = 0;
	double		of_k = 0;
	double		of_alpha = 0;
	double		of_s = 0;
	double		of_beta = 0;

	/* so that the ratio of times is finite */
	bounded.alpha = fmax(given->alpha, given->t * LEAST);
	bounded.beta = fmax(given->beta, given->t * LEAST);
	m = fmin(g->alpha, g->beta);
	end = log1p((g->t - g->u) / (m + g->u));
	while (at < end)
	{
		double		v = (m + g->u) * expm1(at); /* from u on */
		double		slope = 1 - (m + g->u + v) *
			(g->k / (g->alpha + g->u + v) + (g->s + 1) / (g->beta + g->u + v));
		double		step = fmin(fmin(2, STEEP / fabs(slope)), end - at);
		double		before = sum;

		if (!(at + step > at))
			break;
		for (int i = 0; i < AFFINITY_GAUSS; i++)
		{
			double		y = at + step * (1 + affinity_kernel_gauss_node[i]) / 2;
			double		since = (m + g->u) * expm1(y);
			double		log_alpha = log1p(since / (g->alpha + g->u));
			double		log_beta = log1p(since / (g->beta + g->u));
			double		f = affinity_kernel_gauss_weight[i] * step / 2 *
				exp(y - g->k * log_alpha - (g->s + 1) * log_beta);

			sum += f;
			of_k += f * log_alpha;
			of_alpha += f * since / (g->alpha + g->u + since);
			of_s += f * log_beta;
			of_beta += f * since / (g->beta + g->u + since);
		}
		at += step;
		if (slope < 0 && sum - before < exp(-ENOUGH) * sum)
			break;
	}
	if (!(sum > 0))
	{
		for (int i = 0; i < 4; i++)
			derivative[i] = 0;
		return -HUGE_VAL;
	}

	/* from u on to t: the powers that stand before the integral */
	{
		double		log_alpha = log1p((g->t - g->u) / (g->alpha + g->u));
		double		log_beta = log1p((g->t - g->u) / (g->beta + g->u));

		derivative[0] = log_alpha - of_k / sum;
		derivative[1] = -g->k / (g->alpha + g->u) *
			((g->t - g->u) / (g->alpha + g->t) - of_alpha / sum);
		derivative[2] = 1 / g->s + log_beta - of_s / sum;
		derivative[3] = g->s / (g->beta + g->t) - (g->s + 1) *
			(1 - of_beta / sum) / (g->beta + g->u);
		return log(g->s) + log(sum) + log(m + g->u) - log(g->beta + g->u) +
			g->k * log_alpha + g->s * log_beta;
	}
}
