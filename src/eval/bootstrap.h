/*
 * bootstrap.h
 *		Intervals of means over users; private to the room.
 */
#ifndef AFFINITY_EVAL_BOOTSTRAP_H
#define AFFINITY_EVAL_BOOTSTRAP_H

#include "eval/eval.h"
#include "kernel/bootstrap.h"

/* Values of users, NaN where a user has none. */
typedef struct EvalSeries
{
	const float *value;
	int			like;			/* an earlier series that has values of the
								 * same users, or this one */
	double	   *replicate;		/* means of AFFINITY_REPLICATES resamples,
								 * ascending once sorted; NaN is last */
} EvalSeries;

typedef struct EvalInterval
{
	double		low;
	double		high;
} EvalInterval;

extern void affinity_eval_bootstrap(EvalSeries *series, int n,
									const uint32 *user, uint32 n_users,
									int64 seed);
extern double affinity_eval_quantile(double *sorted, double at);
extern void affinity_eval_sort_replicates(double *replicate);
extern EvalInterval affinity_eval_percentiles(EvalSeries *series,
											  double confidence);

#endif							/* AFFINITY_EVAL_BOOTSTRAP_H */
