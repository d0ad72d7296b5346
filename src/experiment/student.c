/*
 * student.c
 *		Quantiles of Student's t, for the rooms that make intervals by it.
 */
#include <math.h>

#include "experiment/student.h"
#include "kernel/tail.h"

#define TRIES 300

/* The density at t. */
static double
t_density(double t, double df)
{
	double		log_scale;

	if (df > 1e4)
		log_scale = -0.5 * log(2 * M_PI) - 1 / (4 * df);
	else
		log_scale = lgamma(0.5 * (df + 1)) - lgamma(0.5 * df) -
			0.5 * log(df * M_PI);
	return exp(log_scale - 0.5 * (df + 1) * log1p(t * t / df));
}

/*
 * The t above which is so much of the distribution: Newton's steps on the
 * logarithm of the tail, between ends that close in.
 */
double
affinity_experiment_t_quantile(double tail, double df)
{
	double		low = 0;
	double		high;
	double		t;

	if (isinf(df))
		return -affinity_kernel_normal_quantile(tail);
	if (!(tail > 0 && tail < 1 && df > 0))
		return tail <= 0 ? INFINITY : tail >= 1 ? -INFINITY : NAN;
	if (tail > 0.5)
		return -affinity_experiment_t_quantile(1 - tail, df);
	if (tail == 0.5)
		return 0;
	t = -affinity_kernel_normal_quantile(tail);
	high = t > 1 ? t : 1;
	while (affinity_kernel_t_tail(high, df) > 2 * tail)
	{
		low = high;
		high *= 2;
		if (isinf(high * high))
			return high;
	}
	if (t < low || t > high)
		t = 0.5 * (low + high);
	for (int i = 0; i < TRIES && high - low > 1e-15 * high; i++)
	{
		double		here = 0.5 * affinity_kernel_t_tail(t, df);
		double		next;

		if (here > tail)
			low = t;
		else
			high = t;
		next = t + here * log(here / tail) / t_density(t, df);
		if (fabs(next - t) <= 4e-16 * t)
			break;
		if (!(next > low && next < high))
			next = 0.5 * (low + high);
		t = next;
	}
	return t;
}
