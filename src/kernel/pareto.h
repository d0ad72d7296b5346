/*
 * pareto.h
 *		The chance that a customer of Pareto/NBD has left.
 */
#ifndef AFFINITY_KERNEL_PARETO_H
#define AFFINITY_KERNEL_PARETO_H

/*
 * Purchases at a rate ~ Gamma(k, alpha), leaving at a rate ~ Gamma(s, beta);
 * the last purchase at u, seen until t.
 */
typedef struct AffinityPareto
{
	double		k;				/* r + x */
	double		alpha;
	double		s;
	double		beta;
	double		u;
	double		t;
} AffinityPareto;

extern double affinity_kernel_pareto_left(const AffinityPareto *given,
										  double *derivative);

#endif							/* AFFINITY_KERNEL_PARETO_H */
