/*
 * repeat.c
 *		One user's choice where part of the list is what the user had.
 *
 * With a share w of repeats, an item of the history with the chance p to be
 * had again scores w p / P, P being the sum of all chances of the history; any
 * other item with the score s scores (1 - w) s / S, S being the sum of all
 * scores above 0 of items that are not in the history. Both parts add up to
 * their shares: were the user to take one thing, that is how likely it would be.
 * Neither sum depends on what is excluded or what the candidates are.
 *
 * An algorithm that recommends what users had has no other part: its scores are
 * the chances.
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"

#include "score/ranker.h"

static bool
is_among(uint32 no, const uint32 *item, uint32 n)
{
	return n > 0 && bsearch(&no, item, n, sizeof(uint32),
							affinity_score_compare) != NULL;
}

/*
 * Pinned items, whether they are excluded or not; those of the history have
 * their chances.
 */
static void
pin_history(AffinityRanker *r, const AffinityHistory *history, double factor)
{
	const AffinityRules *rules = r->selection.rules;

	for (uint32 i = 0; rules && i < rules->n_pinned; i++)
	{
		const uint32 *found = history->n == 0 ? NULL :
			bsearch(&rules->pinned[i], history->item, history->n,
					sizeof(uint32), affinity_score_compare);

		if (found)
			affinity_score_pin(r, i, true,
							   affinity_score_of_sum(factor *
													 history->chance[found - history->item]));
	}
}

/*
 * Items of the history, but for the excluded.
 */
static void
push_history(AffinityRanker *r, const AffinityHistory *history,
			 AffinityTopK *top)
{
	const AffinitySelection *s = &r->selection;
	double		sum = 0;
	double		factor = 1;

	for (uint32 i = 0; i < history->n; i++)
		sum += history->chance[i];
	if (!r->scorer->algorithm->repeat)
		factor = sum > 0 ? s->repeat / sum : 0;
	for (uint32 i = 0; i < history->n; i++)
	{
		uint32		no = history->item[i];
		float		score;

		affinity_base_look_up(i);
		if (is_among(no, s->excluded, s->n_excluded) ||
			(s->candidate && !is_among(no, s->candidate, s->n_candidates)) ||
			!affinity_score_may_be(r, no))
			continue;
		score = affinity_score_ruled(r, no,
									 affinity_score_of_sum(factor *
														   history->chance[i]));
		affinity_kernel_topk_push(top, affinity_kernel_rank_key(score, no));
	}
	pin_history(r, history, factor);
}

/*
 * A new item with a score. One with a score below 0 is not to be filled up
 * with.
 */
static void
push_new(AffinityRanker *r, uint32 no, double score, double factor,
		 AffinityTopK *top)
{
	float		share = affinity_score_of_sum(factor * score);

	if (share == 0 || !affinity_score_may_be(r, no))
		return;
	share = affinity_score_ruled(r, no, share);
	affinity_kernel_topk_push(top, affinity_kernel_rank_key(share, no));
	if (share < 0)
		affinity_score_speak_against(r, no);
}

/*
 * A pinned item that is new has a score.
 */
static void
pin_new(AffinityRanker *r, uint32 i, double score, double factor)
{
	float		share = affinity_score_of_sum(factor * score);

	if (!r->pinned[i].personalized)
		affinity_score_pin(r, i, share != 0, share);
}

/* ---- new items by lists ------------------------------------------------ */

static void
push_by_lists(AffinityRanker *r, const AffinityHistory *history,
			  ScoreSums *sums, AffinityTopK *top)
{
	const AffinitySelection *s = &r->selection;
	double		sum = 0;
	double		factor;

	for (uint32 i = 0; i < history->n; i++)
		affinity_score_sums_exclude(sums, history->item[i]);
	for (uint32 t = 0; t < sums->n_touched; t++)
		sum += Max(sums->sum[sums->touched[t]], 0);
	factor = sum > 0 ? (1 - s->repeat) / sum : 0;
	for (uint32 i = 0; s->rules && i < s->rules->n_pinned; i++)
		pin_new(r, i, sums->sum[s->rules->pinned[i]], factor);
	for (uint32 i = 0; i < s->n_excluded; i++)
		affinity_score_sums_exclude(sums, s->excluded[i]);
	if (s->candidate)
		for (uint32 i = 0; i < s->n_candidates; i++)
			push_new(r, s->candidate[i], sums->sum[s->candidate[i]], factor,
					 top);
	else
		for (uint32 t = 0; t < sums->n_touched; t++)
			push_new(r, sums->touched[t], sums->sum[sums->touched[t]], factor,
					 top);
}

static void
choose_with_lists(AffinityRanker *r, const AffinityHistory *history)
{
	const AffinityScorer *scorer = r->scorer;
	ScoreSums	sums;
	AffinityTopK top;

	affinity_score_sums_begin(&sums, affinity_score_is_signed(scorer),
							  scorer->n_items);
	for (uint32 i = 0; r->selection.repeat < 1 && i < history->n; i++)
	{
		AffinityList list = affinity_score_list(scorer, history, i);

		CHECK_FOR_INTERRUPTS();
		affinity_score_sums_add(&sums, &list,
								affinity_score_event(scorer, history, i));
	}
	affinity_score_begin_keys(r, &top, (Size) sums.n_touched + history->n);
	push_history(r, history, &top);
	push_by_lists(r, history, &sums, &top);
	affinity_score_end_keys(r, &top);
	affinity_score_sums_end(&sums);
}

/* ---- new items by factors ---------------------------------------------- */

/*
 * Those with a score above 0: the others are neither spoken for nor against.
 */
static void
push_by_factors(AffinityRanker *r, const AffinityHistory *history,
				AffinityTopK *top)
{
	const AffinitySelection *s = &r->selection;
	uint32		n_items = r->scorer->n_items;
	double		sum = 0;
	double		factor;

	for (uint32 from = 0; from < n_items; from += SCORE_PIECE)
	{
		CHECK_FOR_INTERRUPTS();
		affinity_score_fold_scores(r->fold, from,
								   Min(n_items - from, SCORE_PIECE),
								   r->score + from);
	}
	for (uint32 i = 0; i < history->n; i++)
		r->score[history->item[i]] = 0;
	for (uint32 i = 0; i < n_items; i++)
	{
		/* also what is no number */
		if (!(r->score[i] > 0 && r->score[i] <= FLT_MAX))
			r->score[i] = 0;
		sum += r->score[i];
	}
	factor = sum > 0 ? (1 - s->repeat) / sum : 0;
	for (uint32 i = 0; s->rules && i < s->rules->n_pinned; i++)
		pin_new(r, i, r->score[s->rules->pinned[i]], factor);
	for (uint32 i = 0; i < s->n_excluded; i++)
		r->score[s->excluded[i]] = 0;
	if (s->candidate)
		for (uint32 i = 0; i < s->n_candidates; i++)
			push_new(r, s->candidate[i], r->score[s->candidate[i]], factor,
					 top);
	else
		for (uint32 i = 0; i < n_items; i++)
			push_new(r, i, r->score[i], factor, top);
}

static void
choose_with_factors(AffinityRanker *r, const AffinityHistory *history)
{
	AffinityTopK top;

	affinity_score_ranker_room(r, (Size) r->scorer->n_items + 1);
	affinity_score_begin_keys(r, &top, r->scorer->n_items);
	push_history(r, history, &top);
	if (r->selection.repeat < 1 &&
		affinity_score_fold_user(affinity_score_ranker_fold(r), history))
		push_by_factors(r, history, &top);
	affinity_score_end_keys(r, &top);
}

/*
 * Choose the best of what the user had and of what is new; a choice has begun.
 */
void
affinity_score_choose_repeats(AffinityRanker *r,
							  const AffinityHistory *history)
{
	if (r->scorer->algorithm->has_factors)
		choose_with_factors(r, history);
	else
		choose_with_lists(r, history);
}
