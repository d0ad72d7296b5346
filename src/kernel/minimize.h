/*
 * minimize.h
 *		The minimum of a smooth function of a few variables.
 */
#ifndef AFFINITY_KERNEL_MINIMIZE_H
#define AFFINITY_KERNEL_MINIMIZE_H

#include <stdbool.h>

#define AFFINITY_VARIABLES 4

/* The value at x, and its gradient. */
typedef double (*AffinityObjective) (const double *x, double *gradient,
									 void *data);

typedef struct AffinityMinimum
{
	double		x[AFFINITY_VARIABLES];
	double		value;
	double		gradient[AFFINITY_VARIABLES];
	/* the inverse of the second derivatives, or what stands for it */
	double		inverse[AFFINITY_VARIABLES][AFFINITY_VARIABLES];
	double		step;			/* what Newton's method would still move */
	bool		positive;		/* the second derivatives are definite */
	bool		converged;
	int			calls;
	int			max_calls;		/* from then on it stops; 0: never */
} AffinityMinimum;

extern void affinity_kernel_descend(AffinityObjective f, void *data, int n,
									double limit, AffinityMinimum *minimum);
extern void affinity_kernel_polish(AffinityObjective f, void *data, int n,
								   double limit, AffinityMinimum *minimum);

#endif							/* AFFINITY_KERNEL_MINIMIZE_H */
