/*
 * adjust.c
 *		P-values of several variants, adjusted for there being several.
 */
#include "postgres.h"

#include <math.h>

#include "base/base.h"
#include "experiment/plan.h"

typedef struct Ordered
{
	double		p;
	int			variant;
} Ordered;

static int
compare_p(const void *a, const void *b)
{
	const Ordered *x = a;
	const Ordered *y = b;

	if (x->p != y->p)
		return x->p < y->p ? -1 : 1;
	return x->variant - y->variant;
}

/* Holm's, or Benjamini and Hochberg's, p-values of those that have one. */
void
affinity_experiment_adjust(const double *p, double *adjusted, int n,
						   ExperimentAdjust adjust)
{
	Ordered    *order = affinity_base_array(n, sizeof(Ordered));
	int			m = 0;
	double		bound;

	for (int i = 0; i < n; i++)
	{
		adjusted[i] = p[i];
		if (!isnan(p[i]))
		{
			order[m].p = p[i];
			order[m++].variant = i;
		}
	}
	qsort(order, m, sizeof(Ordered), compare_p);
	bound = 0;
	for (int i = 0; i < m && adjust == EXPERIMENT_HOLM; i++)
	{
		bound = Max(bound, order[i].p * (m - i));
		adjusted[order[i].variant] = Min(bound, 1);
	}
	bound = 1;
	for (int i = m; i-- > 0 && adjust == EXPERIMENT_BH;)
	{
		bound = Min(bound, order[i].p * m / (i + 1));
		adjusted[order[i].variant] = bound;
	}
}
