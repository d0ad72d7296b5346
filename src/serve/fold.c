/*
 * fold.c
 *		Scores from factors: a history is folded in, which gives a vector,
 *		and an item's score is its product with the item's factors.
 *
 * Nothing of a model can be trusted further than that its factors are finite:
 * a vector that is not is as good as none.
 */
#include "postgres.h"

#include <math.h>

#include "kernel/score.h"
#include "serve/serve.h"

/*
 * Begin to fold users in, in the current memory context.
 */
void
affinity_score_fold_begin(ServeFold *f, const AffinityAlgorithm *algorithm,
						  const void *options, const AffinityFactors *factors)
{
	f->algorithm = algorithm;
	f->factors = factors;
	f->fold = algorithm->fold_begin(options, factors);
	f->user = palloc0(factors->stride * sizeof(float));
	f->wide = palloc0(factors->stride * sizeof(double));
}

/*
 * Fold a history in; false where it says nothing that the model understands.
 */
bool
affinity_score_fold_user(ServeFold *f, const uint32 *item, const float *weight,
						 uint32 n)
{
	uint32		width = f->factors->width;

	f->offset = 0;
	memset(f->user, 0, f->factors->stride * sizeof(float));
	if (n == 0 || !f->algorithm->fold_in(f->fold, item, weight, n, f->user,
										 &f->offset) || !isfinite(f->offset) ||
		!affinity_kernel_all_finite(f->user, width))
		return false;
	for (uint32 i = 0; i < width; i++)
		f->wide[i] = f->user[i];
	return true;
}

/*
 * The same for seeds.
 */
bool
affinity_score_fold_seeds(ServeFold *f, const ServeSeeds *seeds)
{
	uint32	   *item = palloc(Max(seeds->n, 1) * sizeof(uint32));
	float	   *weight = palloc(Max(seeds->n, 1) * sizeof(float));
	bool		usable;

	affinity_score_fold_history(f, seeds, item, weight);
	usable = affinity_score_fold_user(f, item, weight, seeds->n);
	pfree(item);
	pfree(weight);
	return usable;
}

/*
 * Numbers and weights of seeds, as fold_in wants them.
 */
void
affinity_score_fold_history(const ServeFold *f, const ServeSeeds *seeds,
							uint32 *item, float *weight)
{
	float		of_basket = 1;

	if (seeds->is_basket && f->algorithm->fold_basket_weight)
		of_basket = f->algorithm->fold_basket_weight(f->fold);
	for (uint32 i = 0; i < seeds->n; i++)
	{
		item[i] = seeds->seed[i].no;
		weight[i] = seeds->is_basket ? of_basket : seeds->seed[i].raw;
	}
}

/*
 * Score of one item for the user who was folded in last.
 */
float
affinity_score_fold_score(const ServeFold *f, uint32 no)
{
	const AffinityFactors *factors = f->factors;
	float		score;

	affinity_kernel_factor_scores(factors->item + (size_t) no *
								  factors->stride, factors->stride, 1, f->wide,
								  f->offset, &score);
	return score;
}

/*
 * Scores of n items from a number on: not more than some thousands at a time.
 */
void
affinity_score_fold_scores(const ServeFold *f, uint32 from, uint32 n,
						   float *score)
{
	const AffinityFactors *factors = f->factors;

	affinity_kernel_factor_scores(factors->item + (size_t) from *
								  factors->stride, factors->stride, n, f->wide,
								  f->offset, score);
}
