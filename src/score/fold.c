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

#include "utils/memutils.h"

#include "kernel/score.h"
#include "score/ranker.h"

/*
 * Begin to fold users in, in the current memory context.
 */
void
affinity_score_fold_begin(ScoreFold *f, const AffinityScorer *scorer)
{
	const AffinityFactors *factors = scorer->factors;

	memset(f, 0, sizeof(ScoreFold));
	f->algorithm = scorer->algorithm;
	f->options = scorer->options;
	f->factors = factors;
	f->context = CurrentMemoryContext;
	f->fold = scorer->algorithm->fold_begin(scorer->options, factors);
	f->user = palloc0(factors->stride * sizeof(float));
	f->wide = palloc0(factors->stride * sizeof(double));
}

/*
 * Weights of a history, as fold_in wants them; valid until the next call.
 */
const float *
affinity_score_fold_weights(ScoreFold *f, const AffinityHistory *history)
{
	float		weight = 1;

	if (!history->is_basket && history->weight)
		return history->weight;
	if (history->is_basket && f->algorithm->fold_basket_weight)
		weight = f->algorithm->fold_basket_weight(f->fold);
	else if (affinity_train_decays(f->algorithm, f->options))
		weight = (float) f->algorithm->history_weight(f->options, 1);
	if (history->n > f->room)
	{
		if (f->plain)
			pfree(f->plain);
		f->plain = NULL;
		f->room = Max(history->n, 64);
		f->plain = MemoryContextAllocHuge(f->context,
										  f->room * sizeof(float));
	}
	for (uint32 i = 0; i < history->n; i++)
		f->plain[i] = weight;
	return f->plain;
}

/*
 * Fold a history in; false where it says nothing that the model understands.
 */
bool
affinity_score_fold_user(ScoreFold *f, const AffinityHistory *history)
{
	uint32		width = f->factors->width;

	f->offset = 0;
	memset(f->user, 0, f->factors->stride * sizeof(float));
	if (history->n == 0 ||
		!f->algorithm->fold_in(f->fold, history->item,
							   affinity_score_fold_weights(f, history),
							   history->n, f->user, &f->offset) ||
		!isfinite(f->offset) || !affinity_kernel_all_finite(f->user, width))
		return false;
	for (uint32 i = 0; i < width; i++)
		f->wide[i] = f->user[i];
	return true;
}

/*
 * Score of one item for the user who was folded in last.
 */
float
affinity_score_fold_score(const ScoreFold *f, uint32 no)
{
	float		score;

	affinity_score_fold_scores(f, no, 1, &score);
	return score;
}

/*
 * Scores of n items from a number on: not more than some thousands at a time.
 */
void
affinity_score_fold_scores(const ScoreFold *f, uint32 from, uint32 n,
						   float *score)
{
	const AffinityFactors *factors = f->factors;

	affinity_kernel_factor_scores(factors->item + (size_t) from *
								  factors->stride, factors->stride, n, f->wide,
								  f->offset, score);
}
