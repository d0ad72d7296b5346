/*
 * kinds.c
 *		What events of several kinds count.
 *
 * Lists of different kinds have scores of different size: one kind may have
 * many more users than another one. A weight is what an event of a kind counts
 * on average, compared with one of the first kind; the factor that its list is
 * multiplied by makes that so.
 */
#include "postgres.h"

#include <math.h>

#include "score/score.h"

/*
 * Take a list into account, as often as there are users with such an event.
 */
void
affinity_score_kind_add(AffinityKindSums *sums, const AffinityItemRow *row)
{
	double		sum = 0;

	for (uint32 i = 0; i < row->n_neighbors; i++)
		sum += row->score[i];
	sums->sum[row->kind] += sum * row->n_users;
	sums->users[row->kind] += row->n_users;
}

/*
 * Factors of n kinds from weights; NULL: all of them are 1. What says nothing
 * counts nothing, and where the first kind says nothing, others stand for
 * themselves.
 */
void
affinity_score_kind_factors(const AffinityKindSums *sums, int n,
							const double *weight, double *factor)
{
	double		first = sums->users[0] > 0 && sums->sum[0] > 0 ?
		sums->sum[0] / sums->users[0] : 1;

	for (int k = 0; k < n; k++)
	{
		double		scale = sums->users[k] > 0 && sums->sum[k] > 0 ?
			first / (sums->sum[k] / sums->users[k]) : 0;

		factor[k] = (weight ? weight[k] : 1) * scale;
		if (!isfinite(factor[k]))
			factor[k] = 0;
	}
	factor[0] = 1;
}
