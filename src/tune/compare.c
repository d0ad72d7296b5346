/*
 * compare.c
 *		Is one candidate better than another, and which is to be chosen? The
 *		same users are asked of both, so that what makes a user hard counts
 *		for neither.
 */
#include "postgres.h"

#include <math.h>

#include "tune/search.h"

/*
 * The mean of a less b over those users that both have a value of, and its
 * standard error.
 */
void
affinity_tune_compare(const TuneCandidate *a, const TuneCandidate *b,
					  uint32 n_users, TuneDifference *difference)
{
	double		sum = 0;
	double		squares = 0;
	uint32		n = 0;

	for (uint32 u = 0; u < n_users; u++)
	{
		double		d = (double) a->value[u] - b->value[u];

		if (isnan(d))
			continue;
		sum += d;
		n++;
	}
	difference->users = n;
	difference->mean = n > 0 ? sum / n : NAN;
	for (uint32 u = 0; u < n_users; u++)
	{
		double		d = (double) a->value[u] - b->value[u] - difference->mean;

		if (!isnan(d))
			squares += d * d;
	}
	difference->error = n > 1 ? sqrt(squares / (n - 1) / n) : INFINITY;
}

/*
 * Is a surely better than b?
 */
static bool
surely_better(const TuneCandidate *a, const TuneCandidate *b, uint32 n_users)
{
	TuneDifference d;

	affinity_tune_compare(a, b, n_users, &d);
	return d.mean > TUNE_SURE * d.error;
}

/*
 * Of n candidates, best first, the simplest of those that are as good as the
 * best within one standard error, and surely better than the fallback; that,
 * where none is.
 */
const TuneCandidate *
affinity_tune_decide(TuneCandidate *const *best, int n,
					 const TuneCandidate *fallback, uint32 n_users)
{
	const TuneCandidate *chosen = best[0];

	if (chosen == fallback || !surely_better(chosen, fallback, n_users))
		return fallback;
	for (int i = 1; i < n; i++)
	{
		TuneDifference d;

		affinity_tune_compare(best[0], best[i], n_users, &d);
		if (best[i]->rank < chosen->rank && d.mean <= d.error &&
			surely_better(best[i], fallback, n_users))
			chosen = best[i];
	}
	return chosen;
}
