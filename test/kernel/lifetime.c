/*
 * Special functions, expected purchases, the odds of Pareto/NBD and the search
 * for a minimum, against plain sums, recursions and integrals by small steps.
 */
#include "kernel/minimize.h"
#include "kernel/pareto.h"
#include "kernel/purchases.h"
#include "kernel/special.h"
#include "tap.h"

/* e^-8 to e^8 */
static double
positive(void)
{
	return exp(8 * random_real());
}

static double
off(double value, double expected)
{
	return fabs(value - expected) / fabs(expected);
}

static void
test_special(void)
{
	double		rising = 0;
	double		slope = 0;
	double		digamma = 0;
	double		beta = 0;

	for (int round = 0; round < 20000; round++)
	{
		double		x = positive();
		double		n = (double) random_below(40);
		double		sum = 0;
		double		slopes = 0;

		for (double i = 0; i < n; i++)
		{
			sum += log(x + i);
			slopes += 1 / (x + i);
		}
		if (n > 0)
		{
			rising = worst(fabs(affinity_kernel_rising(x, n) - sum) /
						   (fabs(sum) + n), rising);
			slope = worst(off(affinity_kernel_rising_slope(x, n), slopes),
						  slope);
		}
		/* halves: Gamma(x + 1/2) Gamma(x + 1) = Gamma(2 x + 1) pi^(1/2) / 4^x */
		digamma = worst(fabs(affinity_kernel_digamma(x) +
							 affinity_kernel_digamma(x + 0.5) + 2 * log(2) -
							 2 * affinity_kernel_digamma(2 * x)) /
						(1 + 1 / x), digamma);
		n = positive();
		beta = worst(fabs(affinity_kernel_log_beta(x, n) - lgamma(x) - lgamma(n) +
						  lgamma(x + n)) / (1 + fabs(lgamma(x + n))), beta);
	}
	ok(rising < 1e-14, "rising factorials are products: %g", rising);
	ok(slope < 1e-13, "their slopes are sums: %g", slope);
	ok(digamma < 1e-13, "digamma doubles its argument: %g", digamma);
	ok(beta < 1e-14, "the beta function by lgamma: %g", beta);
	ok(off(affinity_kernel_rising(1e10, 0.5), 11.512925464957728) < 1e-15,
	   "a small step from a large number keeps its digits");
	ok(off(affinity_kernel_digamma(1), -0.57721566490153286) < 1e-14,
	   "digamma(1) is -gamma");
}

static double
square(double p, void *data)
{
	(void) data;
	return p * p;
}

static void
test_mean(void)
{
	double		error = 0;

	for (int round = 0; round < 500; round++)
	{
		double		a = positive();
		double		b = positive();
		double		mean = affinity_kernel_beta_mean(a, b, square, NULL, 1);

		error = worst(off(mean, a * (a + 1) / (a + b) / (a + b + 1)), error);
	}
	ok(error < 1e-10, "the second moment of beta distributions: %g", error);
}

/* By the density of p in small steps of the logit. */
static double
plain_purchases(const AffinityBuyer *b, double horizon)
{
	double		mean = 0;
	double		whole = 0;

	for (double y = -700; y < 700; y += 0.05)
	{
		double		p = 1 / (1 + exp(-y));
		double		q = 1 / (1 + exp(y));
		double		density = exp(b->leave * log(p) + b->stay * log(q));

		whole += density;
		mean += density *
			-expm1(-b->shape * log1p(p * horizon / b->time)) / p;
	}
	return mean / whole;
}

static void
test_purchases(void)
{
	double		error = 0;
	double		discounted = 0;
	double		whole = 0;
	double		pareto = 0;

	for (int round = 0; round < 300; round++)
	{
		AffinityBuyer buyer = {
			exp(2 * random_real()), positive(), exp(1.5 * random_real()),
			exp(1.5 * random_real())
		};
		double		horizon = positive();
		double		rate = exp(random_real() * 3) / horizon;
		double		sum = 0;
		double		value = 0;
		double		s = 3 * fabs(random_real());
		int			n = 4000;

		error = worst(off(affinity_kernel_purchases(&buyer, horizon),
						  plain_purchases(&buyer, horizon)), error);
		/* the integral of what they are at each time, for next to no discount */
		whole = worst(off(affinity_kernel_discounted(&buyer, horizon, 1e-300),
						  affinity_kernel_purchases(&buyer, horizon)), whole);
		if (round % 10 != 0)
			continue;
		/* by parts of equal ratio, each discounted in its middle */
		for (int i = 0; i < n; i++)
		{
			double		end = log1p(horizon / buyer.time);
			double		from = buyer.time * expm1(end * i / n);
			double		to = buyer.time * expm1(end * (i + 1) / n);
			double		middle = (from + to) / 2;

			sum += exp(-rate * middle) *
				(affinity_kernel_purchases(&buyer, to) -
				 affinity_kernel_purchases(&buyer, from));
			end = log1p(horizon / buyer.leave);
			from = buyer.leave * expm1(end * i / n);
			to = buyer.leave * expm1(end * (i + 1) / n);
			middle = (from + to) / 2;
			value += exp(-rate * middle) * (to - from) * buyer.shape /
				buyer.time * pow(1 + middle / buyer.leave, -s);
		}
		discounted = worst(off(affinity_kernel_discounted(&buyer, horizon, rate),
							   sum), discounted);
		pareto = worst(off(affinity_kernel_pareto_purchases(buyer.shape,
															buyer.time, s, buyer.leave, horizon, rate),
						   value), pareto);
	}
	ok(error < 1e-9, "expected purchases are means over the chance: %g", error);
	ok(whole < 1e-11, "so is the integral of their rate: %g", whole);
	ok(discounted < 1e-4, "discounted ones are sums of short times: %g",
	   discounted);
	ok(pareto < 1e-5, "those of Pareto/NBD too: %g", pareto);
}

static double
plain_odds(const AffinityPareto *g)
{
	double		sum = 0;
	int			n = 200000;

	for (int i = 0; i < n; i++)
	{
		double		y = (i + 0.5) / n;
		double		v = g->u + (g->t - g->u) * y * y;

		sum += 2 * y * exp(g->k * log((g->alpha + g->t) / (g->alpha + v)) +
						   g->s * log((g->beta + g->t) / (g->beta + v))) /
			(g->beta + v);
	}
	return log(g->s * (g->t - g->u) * sum / n);
}

static void
test_pareto(void)
{
	double		error = 0;
	double		slopes = 0;

	for (int round = 0; round < 60; round++)
	{
		AffinityPareto given = {
			.k = exp(3 * random_real()), .alpha = exp(3 * random_real()),
			.s = exp(random_real()), .beta = exp(3 * random_real()),
			.u = 3 * fabs(random_real())
		};
		double	   *of[4] = {&given.k, &given.alpha, &given.s, &given.beta};
		double		derivative[4];
		double		unused[4];
		double		value;

		given.t = given.u + 10 * fabs(random_real());
		value = affinity_kernel_pareto_left(&given, derivative);
		error = worst(fabs(value - plain_odds(&given)), error);
		for (int i = 0; i < 4; i++)
		{
			double		at = *of[i];
			double		h = 1e-5 * at;
			double		above;

			*of[i] = at + h;
			above = affinity_kernel_pareto_left(&given, unused);
			*of[i] = at - h;
			slopes = worst(fabs((above -
								 affinity_kernel_pareto_left(&given, unused)) /
								(2e-5) - derivative[i] * at), slopes);
			*of[i] = at;
		}
	}
	ok(error < 1e-6, "the odds of having left, by small steps: %g", error);
	ok(slopes < 1e-6, "their derivatives, by differences: %g", slopes);
}

/* Rosenbrock's valley, with two plain variables beside it. */
static double
valley(const double *x, double *gradient, void *data)
{
	double		a = x[1] - x[0] * x[0];

	(void) data;
	gradient[0] = -400 * a * x[0] - 2 * (1 - x[0]);
	gradient[1] = 200 * a;
	gradient[2] = sinh(x[2] + 2);
	gradient[3] = 2 * x[3];
	return 100 * a * a + (1 - x[0]) * (1 - x[0]) + cosh(x[2] + 2) + x[3] * x[3];
}

/* It falls for ever. */
static double
slide(const double *x, double *gradient, void *data)
{
	(void) data;
	gradient[0] = 2 * x[0];
	gradient[1] = -exp(-x[1]);
	return 3 + x[0] * x[0] + exp(-x[1]);
}

static void
test_minimum(void)
{
	AffinityMinimum found = {.x = {-1.2, 1, 3, 5}};
	AffinityMinimum none = {.x = {2, 1}};

	affinity_kernel_descend(valley, NULL, 4, 30, &found);
	affinity_kernel_polish(valley, NULL, 4, 30, &found);
	ok(found.converged && fabs(found.x[0] - 1) < 1e-9 &&
	   fabs(found.x[1] - 1) < 1e-9 && fabs(found.x[2] + 2) < 1e-9 &&
	   fabs(found.x[3]) < 1e-9, "Rosenbrock's valley, in %d calls", found.calls);
	ok(fabs(found.inverse[0][0] - 0.5) < 1e-3 &&
	   fabs(found.inverse[3][3] - 0.5) < 1e-6 &&
	   fabs(found.inverse[2][2] - 1) < 1e-6, "and its second derivatives");
	affinity_kernel_descend(slide, NULL, 2, 30, &none);
	affinity_kernel_polish(slide, NULL, 2, 30, &none);
	ok(!none.converged && isfinite(none.x[1]), "a limit is no minimum");
}

int
main(void)
{
	test_special();
	test_mean();
	test_purchases();
	test_pareto();
	test_minimum();
	return done();
}
