/*
 * bg_nbd.c
 *		The likelihoods of BG/NBD (P. Fader, B. Hardie, K. L. Lee, "Counting
 *		Your Customers the Easy Way", Marketing Science 24, 2005) and MBG/NBD
 *		(E. Batislam, M. Denizel, A. Filiztekin, International Journal of
 *		Research in Marketing 24, 2007).
 *
 * Purchases are a Poisson process of rate lambda ~ Gamma(r, alpha). After each
 * purchase a customer leaves with chance p ~ Beta(a, b), in MBG/NBD after the
 * first one too, which frequency does not count. With x purchases, the last at
 * u, seen until t:
 *
 * L = Gamma(r + x) / Gamma(r) alpha^r (alpha + t)^-(r + x) B(a, b + s) / B(a, b)
 *     (1 + a / (b + s - 1) ((alpha + t) / (alpha + u))^(r + x))
 *
 * where s, the purchases that were survived, is x, or x + 1 in MBG/NBD. The
 * last term, of having left at u, is not there for x = 0 in BG/NBD.
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"

#include "base/base.h"
#include "kernel/special.h"
#include "lifetime/lifetime.h"
#include "lifetime/sums.h"

/* Customers between two looks at interrupts. */
#define AT_ONCE ((uint32) 65536)

StaticAssertDecl(sizeof(LifetimeCustomer) == 4 * sizeof(double) &&
				 offsetof(LifetimeCustomer, weight) == 3 * sizeof(double),
				 "a customer is four numbers");

/* What depends on x alone; customers are in its order. */
typedef struct OfFrequency
{
	double		x;
	double		value;
	double		r;				/* derivatives */
	double		a;
	double		b;
	double		log_odds;		/* of having left, but for the times */
} OfFrequency;

static void
set_frequency(OfFrequency *of, double x, double survived, const double *parameter)
{
	double		r = parameter[0];
	double		a = parameter[2];
	double		b = parameter[3];

	of->x = x;
	/* B(a, b + s) / B(a, b) is a product of (b + i) / (a + b + i) */
	of->value = affinity_kernel_rising(r, x) +
		affinity_kernel_rising(b, survived) -
		affinity_kernel_rising(a + b, survived);
	of->r = affinity_kernel_rising_slope(r, x);
	of->a = -affinity_kernel_rising_slope(a + b, survived);
	of->b = affinity_kernel_rising_slope(b, survived) + of->a;
	of->log_odds = survived > 0 ? log(a) - log(b + survived - 1) : -HUGE_VAL;
}

static double
likelihood(const LifetimeData *data, const double *parameter, double *gradient,
		   int more)
{
	double		r = parameter[0];
	double		alpha = parameter[1];
	double		a = parameter[2];
	double		b = parameter[3];
	OfFrequency of = {.x = -1};
	double		sum = 0;
	double		log_alpha = log(alpha);
	uint32		i = 0;

	while (i < data->n)
	{
		double		x = data->customer[i].value[0];
		uint32		most = Min(data->n - i, AT_ONCE);
		uint32		n = 1;
		LifetimeShared shared = {r, alpha, x, 0, x + more > 0};
		LifetimeSums of_x;

		CHECK_FOR_INTERRUPTS();
		while (n < most && data->customer[i + n].value[0] == x)
			n++;
		if (x != of.x)
			set_frequency(&of, x, x + more, parameter);
		shared.log_odds = of.log_odds;
		affinity_lifetime_sums((const double (*)[4]) &data->customer[i], n,
							   &shared, &of_x);
		i += n;
		sum += of_x.weight * (of.value - x * log_alpha) -
			(r + x) * of_x.time;
		gradient[0] += of_x.weight * of.r - of_x.time;
		gradient[1] += of_x.slope;
		gradient[2] += of_x.weight * of.a;
		gradient[3] += of_x.weight * of.b;
		if (!shared.may_leave)
			continue;
		sum += of_x.value;
		gradient[0] += of_x.left_time;
		gradient[1] -= (r + x) * of_x.left_slope;
		gradient[2] += of_x.left / a;
		gradient[3] -= of_x.left / (b + x + more - 1);
	}
	return sum;
}

static double
bg_likelihood(const LifetimeData *data, const double *parameter,
			  double *gradient)
{
	return likelihood(data, parameter, gradient, 0);
}

static double
mbg_likelihood(const LifetimeData *data, const double *parameter,
			   double *gradient)
{
	return likelihood(data, parameter, gradient, 1);
}

/*
 * Purchases in the whole time of all customers; rates around this one are
 * where to start. Shared with Pareto/NBD.
 */
double
affinity_lifetime_mean_rate(const LifetimeData *data)
{
	double		purchases = 0;
	double		time = 0;

	for (uint32 i = 0; i < data->n; i++)
	{
		purchases += data->customer[i].weight * data->customer[i].value[0];
		time += data->customer[i].weight * data->customer[i].value[2];
	}
	return purchases > 0 && time > 0 ? purchases / time : 1;
}

static int
starts(const LifetimeData *data, double start[][AFFINITY_VARIABLES])
{
	static const double from[][3] = {
		{0.3, 0.8, 2.5}, {1, 1, 3}, {1, 0.3, 3}, {4, 0.5, 5}, {0.5, 1, 0.5},
		{0.1, 0.1, 0.3}
	};
	double		rate = affinity_lifetime_mean_rate(data);

	for (int i = 0; i < (int) lengthof(from); i++)
	{
		start[i][0] = from[i][0];
		start[i][1] = from[i][0] / (2 * rate);
		start[i][2] = from[i][1];
		start[i][3] = from[i][2];
	}
	return lengthof(from);
}

const LifetimeModel affinity_lifetime_bg_nbd = {
	.name = "bg_nbd", .n_parameters = 4, .parameter = {"r", "alpha", "a", "b"},
	.is_scaled = {0, 1, 0, 0}, .kind = LIFETIME_RECENCY, .starts = starts,
	.likelihood = bg_likelihood
};

const LifetimeModel affinity_lifetime_mbg_nbd = {
	.name = "mbg_nbd", .n_parameters = 4,
	.parameter = {"r", "alpha", "a", "b"}, .is_scaled = {0, 1, 0, 0},
	.kind = LIFETIME_RECENCY, .starts = starts, .likelihood = mbg_likelihood
};
