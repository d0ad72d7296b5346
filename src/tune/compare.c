/*
 * compare.c
 *		Is one candidate better than another, and which is to be chosen? The
 *		same users are asked of both, so that what makes a user hard counts
 *		for neither.
 */
#include "postgres.h"

#include <math.h>

#include "tune/search.h"

/* What is no worse than this part of the best is as good. */
#define NEAR	0.995

/* So many standard errors better than the fallback is better. */
#define AHEAD	1.0

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
 * Of n candidates, best first, the least work of those that are as good as the
 * best but for next to nothing; the fallback where the best is not ahead of it
 * by more than what the best of many is by chance.
 */
const TuneCandidate *
affinity_tune_decide(TuneCandidate *const *best, int n,
					 const TuneCandidate *fallback, uint32 n_users)
{
	const TuneCandidate *chosen = best[0];
	TuneDifference d;

	affinity_tune_compare(best[0], fallback, n_users, &d);
	if (chosen == fallback || d.mean <= AHEAD * d.error)
		return fallback;
	for (int i = 1; i < n && best[i]->mean >= NEAR * best[0]->mean; i++)
	{
		if (best[i]->work < chosen->work)
			chosen = best[i];
	}
	return chosen;
}
