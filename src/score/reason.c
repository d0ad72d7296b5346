/*
 * reason.c
 *		Which items of a history speak for an item, or against it.
 *
 * A contribution is what an item counts times its similarity to the wanted
 * one. With lists the similarity is in the item's list; with factors the
 * algorithm says what each item of the history adds (Hu, Koren & Volinsky,
 * "Collaborative Filtering for Implicit Feedback Datasets", 2008, section 5).
 */
#include "postgres.h"

#include "miscadmin.h"

#include "score/ranker.h"

static void
reasons_by_lists(const AffinityScorer *scorer, const AffinityHistory *history,
				 uint32 item, double *count, double *similarity)
{
	for (uint32 h = 0; h < history->n; h++)
	{
		AffinityList list = affinity_score_list(scorer, history, h);

		CHECK_FOR_INTERRUPTS();
		count[h] = affinity_score_weight(scorer, history->weight, h);
		for (uint32 i = 0; i < list.n; i++)
		{
			if ((uint32) list.item[i] == item)
			{
				similarity[h] = list.score[i];
				break;
			}
		}
	}
}

static void
reasons_by_factors(const AffinityScorer *scorer,
				   const AffinityHistory *history, uint32 item, double *count,
				   double *similarity)
{
	ScoreFold	f;

	affinity_score_fold_begin(&f, scorer);
	if (affinity_score_fold_user(&f, history))
		scorer->algorithm->fold_explain(f.fold, history->item,
										affinity_score_fold_weights(&f,
																	history),
										history->n, item, count, similarity);
}

/*
 * For each item of a history: what it counts, and its similarity to an item;
 * 0 where there is none. In the current memory context.
 */
void
affinity_score_reasons(const AffinityScorer *scorer,
					   const AffinityHistory *history, uint32 item,
					   double *count, double *similarity)
{
	memset(count, 0, history->n * sizeof(double));
	memset(similarity, 0, history->n * sizeof(double));
	if (scorer->algorithm->has_factors)
		reasons_by_factors(scorer, history, item, count, similarity);
	else
		reasons_by_lists(scorer, history, item, count, similarity);
}
