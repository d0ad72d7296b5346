/*
 * explain.c
 *		Which items of a history speak for an item, or against it.
 *
 * A contribution is what an item counts times its similarity to the wanted
 * one. With lists the similarity is in the item's list; with factors the
 * algorithm says what each item of the history adds (Hu, Koren & Volinsky,
 * "Collaborative Filtering for Implicit Feedback Datasets", 2008, section 5).
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"

#include "score/ranker.h"

static void
reasons_by_lists(const AffinityScorer *scorer, const AffinityHistory *history,
				 uint32 item, AffinityReasons *r)
{
	for (uint32 h = 0; h < history->n; h++)
	{
		AffinityList list = affinity_score_list(scorer, history, h);

		CHECK_FOR_INTERRUPTS();
		r->count[h] = affinity_score_event(scorer, history, h);
		for (uint32 i = 0; i < list.n; i++)
		{
			if ((uint32) list.item[i] == item)
			{
				r->similarity[h] = list.score[i];
				break;
			}
		}
	}
}

static void
reasons_by_factors(const AffinityScorer *scorer,
				   const AffinityHistory *history, uint32 item,
				   AffinityReasons *r)
{
	ScoreFold	f;
	const float *weight;

	affinity_score_fold_begin(&f, scorer);
	if (!affinity_score_fold_user(&f, history))
		return;
	weight = affinity_score_fold_weights(&f, history);
	scorer->algorithm->fold_explain(f.fold, history->item, weight, history->n,
									item, r->count, r->similarity);
}

/*
 * The k largest contributions, and the sum of all without their signs.
 */
static void
choose(AffinityReasons *r, uint32 n, uint32 k)
{
	affinity_score_keys_begin(&r->top, k, n);
	for (uint32 i = 0; i < n; i++)
	{
		double		part = r->count[i] * r->similarity[i];
		float		score = affinity_score_of_sum(part);

		if (!isfinite(part))
			continue;
		r->total += fabs(part);
		if (score != 0)
			affinity_kernel_topk_push(&r->top,
									  affinity_kernel_rank_key(score, i));
	}
	affinity_score_keys_end(&r->top);
}

/*
 * What a history says of an item, in the current memory context.
 */
void
affinity_score_reasons(const AffinityScorer *scorer,
					   const AffinityHistory *history, uint32 item, uint32 k,
					   AffinityReasons *r)
{
	uint32		n = history->n;

	r->count = affinity_base_zeroed_array(n, sizeof(double));
	r->similarity = affinity_base_zeroed_array(n, sizeof(double));
	r->total = 0;
	if (scorer->algorithm->has_factors)
		reasons_by_factors(scorer, history, item, r);
	else
		reasons_by_lists(scorer, history, item, r);
	choose(r, n, k);
}
