/*
 * compare.c
 *		Is one candidate better than another, which are gone on with, and which
 *		is to be chosen? The same users are asked of two, so that what makes a
 *		user hard counts for neither.
 */
#include "postgres.h"

#include <math.h>

#include "tune/search.h"

/* What is no worse than this part of the best is as good. */
#define NEAR	0.995

/* So many standard errors better than the fallback is better. */
#define AHEAD	1.0

/*
 * From so many users on a low-rank part is preferred where it is not surely
 * worse. A sample has fewer tastes than all rows, so that it shows less than
 * such a part is worth; on the sets that are that large it gained up to 4 % and
 * lost next to nothing.
 */
#define MANY_TASTES	20000

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
 * Of n candidates, best first, the first with a low-rank part; NULL where there
 * is none, or too few users.
 */
static TuneCandidate *
low_rank(TuneCandidate *const *best, int n, double users)
{
	for (int i = 0; i < n && users >= MANY_TASTES; i++)
	{
		if (affinity_tune_option(best[i], "rank", 0) > 0)
			return best[i];
	}
	return NULL;
}

/*
 * Of n candidates, best first, the least work of those that are as good as the
 * best but for next to nothing; the fallback where the best is not ahead of it
 * by more than what the best of many is by chance. For a source of so many
 * users.
 */
const TuneCandidate *
affinity_tune_decide(TuneCandidate *const *best, int n,
					 const TuneCandidate *fallback, uint32 n_users,
					 double users)
{
	const TuneCandidate *chosen = best[0];
	const TuneCandidate *tastes = low_rank(best, n, users);
	TuneDifference d;

	affinity_tune_compare(best[0], fallback, n_users, &d);
	if (d.mean <= AHEAD * d.error)
		chosen = fallback;
	for (int i = 1; chosen != fallback && i < n &&
		 best[i]->mean >= NEAR * best[0]->mean; i++)
	{
		if (best[i]->work < chosen->work)
			chosen = best[i];
	}
	if (tastes && tastes->algorithm == chosen->algorithm)
	{
		affinity_tune_compare(tastes, chosen, n_users, &d);
		if (d.mean >= -AHEAD * d.error)
			return tastes;
	}
	return chosen;
}

static int
compare_candidates(const void *a, const void *b)
{
	const TuneCandidate *x = *(TuneCandidate *const *) a;
	const TuneCandidate *y = *(TuneCandidate *const *) b;

	if (x->mean != y->mean)
		return x->mean > y->mean ? -1 : 1;
	if (x->rank != y->rank)
		return x->rank < y->rank ? -1 : 1;
	return (x > y) - (x < y);
}

/*
 * Best first; of equals the simplest.
 */
void
affinity_tune_sort(TuneCandidate **best, int n)
{
	qsort(best, n, sizeof(TuneCandidate *), compare_candidates);
}

/*
 * Of n candidates, best first, the best of each of the best algorithms that
 * have variants, if they have this part of what the first has; their number.
 */
int
affinity_tune_bases(TuneCandidate *const *best, int n,
					const TuneCandidate **base, int most, double not_far)
{
	int			n_bases = 0;

	for (int i = 0; i < n && n_bases < most; i++)
	{
		bool		no = !best[i]->algorithm->times ||
			(n_bases > 0 && best[i]->mean < not_far * base[0]->mean);

		for (int j = 0; j < n_bases; j++)
			no |= base[j]->algorithm == best[i]->algorithm;
		if (!no)
			base[n_bases++] = best[i];
	}
	return n_bases;
}

/*
 * Of n candidates, best first, leave those that are measured last: the best,
 * then the best of other algorithms that are not far behind, since samples are
 * kinder to some; then the next best. Their number.
 */
int
affinity_tune_finalists(TuneCandidate **best, int n, int most, double users)
{
	const TuneCandidate *tastes = low_rank(best, n, users);
	int			last = 0;

	for (int pass = 0; pass < 2; pass++)
	{
		for (int i = last; i < n && last < most; i++)
		{
			TuneCandidate *c = best[i];
			bool		no = pass == 0 && c->mean < TUNE_NOT_FAR * best[0]->mean;

			for (int j = 0; j < last && pass == 0; j++)
				no |= best[j]->algorithm == c->algorithm;
			if (no && c != tastes)
				continue;
			/* the others stay in order behind them */
			memmove(best + last + 1, best + last,
					(i - last) * sizeof(TuneCandidate *));
			best[last++] = c;
		}
	}
	return last;
}
