/*
 * choose.c
 *		The best for a user: by the sums of lists, or by factors.
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"

#include "score/ranker.h"

/* ---- by lists ----------------------------------------------------------- */

/*
 * The best of some items, as far as rules allow them; those with a score below
 * 0 are marked. A sum that even the largest factor cannot bring among the best
 * is not looked at any further.
 */
static void
choose_among(AffinityRanker *r, const ScoreSums *sums, const uint32 *item,
			 uint32 n)
{
	double		most = r->has_factor ? r->most_factor : 1;
	double		least = 0;
	uint64		floor = 0;
	AffinityTopK top;

	affinity_score_begin_keys(r, &top, n);
	for (uint32 i = 0; i < n; i++)
	{
		uint32		no = item[i];
		double		sum = sums->sum[no];
		float		score;

		if (sum < 0)
			affinity_score_speak_against(r, no);
		/* what is excluded is -0 */
		if (sum == 0 || (sum <= least && least > 0) ||
			!affinity_score_may_be(r, no))
			continue;
		score = affinity_score_ruled(r, no, affinity_score_of_sum(sum));
		affinity_kernel_topk_push(&top, affinity_kernel_rank_key(score, no));
		if (top.floor == floor)
			continue;
		/* somewhat below, as scores are rounded twice */
		floor = top.floor;
		least = affinity_kernel_rank_key_score(floor) / most * (1 - 1e-6);
	}
	affinity_score_end_keys(r, &top);
}

static void
pin_sum(AffinityRanker *r, uint32 i, double sum)
{
	float		score = affinity_score_of_sum(sum);

	affinity_score_pin(r, i, score != 0, score);
}

/*
 * Let lists, and the sums that they are added to, come into the processor's
 * cache while others are added: all items are too many to be there.
 */
static void
prefetch_list(const AffinityList *list)
{
	const uint32 step = 64 / sizeof(float); /* a line of the cache */

	for (uint32 i = 0; i < list->n; i += step)
	{
		__builtin_prefetch(list->item + i);
		__builtin_prefetch(list->score + i);
	}
}

static void
prefetch_sums(const ScoreSums *sums, const AffinityList *list)
{
	for (uint32 i = 0; i < list->n; i++)
		__builtin_prefetch(sums->sum + list->item[i], 1);
}

/*
 * The best by the sums of the history's lists.
 */
void
affinity_score_choose_by_lists(AffinityRanker *r, const AffinityHistory *history)
{
	const AffinityScorer *scorer = r->scorer;
	const AffinitySelection *s = &r->selection;
	ScoreSums	sums;

	affinity_score_sums_begin(&sums, affinity_score_is_signed(scorer),
							  scorer->n_items);
	for (uint32 i = 0; i < history->n; i++)
	{
		AffinityList list = affinity_score_list(scorer, history, i);

		CHECK_FOR_INTERRUPTS();
		if (history->list && i + 2 < history->n)
			prefetch_list(&history->list[i + 2]);
		if (history->list && i + 1 < history->n)
			prefetch_sums(&sums, &history->list[i + 1]);
		affinity_score_sums_add(&sums, &list,
								affinity_score_event(scorer, history, i));
	}
	for (uint32 i = 0; s->rules && i < s->rules->n_pinned; i++)
		pin_sum(r, i, sums.sum[s->rules->pinned[i]]);
	for (uint32 i = 0; i < s->n_excluded; i++)
		affinity_score_sums_exclude(&sums, s->excluded[i]);
	choose_among(r, &sums, s->candidate ? s->candidate : sums.touched,
				 s->candidate ? s->n_candidates : sums.n_touched);
	affinity_score_sums_end(&sums);
}

/* ---- by factors --------------------------------------------------------- */

/*
 * A score by factors, if rules leave the item in.
 */
void
affinity_score_push(const AffinityRanker *r, AffinityTopK *top, uint32 no,
					float score)
{
	if (r->selection.rules)
	{
		if (!affinity_score_is_allowed(r->selection.rules, no) ||
			affinity_kernel_rank_key(affinity_score_ruled_most(r, no, score),
									 no) <= top->floor)
			return;
		score = affinity_score_ruled(r, no, score);
	}
	affinity_kernel_topk_push(top, affinity_kernel_rank_key(score, no));
}

/*
 * Scores of the items that rules allow, but for the excluded: of eight at a
 * time, if one of them is.
 */
static void
push_allowed(AffinityRanker *r, AffinityTopK *top)
{
	const AffinitySelection *s = &r->selection;
	uint32		n_items = r->scorer->n_items;
	uint32		e = 0;

	for (uint32 from = 0; from < n_items; from += 8)
	{
		uint32		n = Min(n_items - from, 8);
		float		score[8];

		affinity_base_look_up(from);
		if (s->rules->allowed[from / 8] == 0)
			continue;
		affinity_score_fold_scores(r->fold, from, n, score);
		while (e < s->n_excluded && s->excluded[e] < from)
			e++;
		for (; e < s->n_excluded && s->excluded[e] < from + n; e++)
			score[s->excluded[e] - from] = -INFINITY;
		for (uint32 i = 0; i < n; i++)
		{
			if (score[i] >= -FLT_MAX)
				affinity_score_push(r, top, from + i, score[i]);
		}
	}
}

/*
 * Scores of all items, but for the excluded.
 */
static void
push_all(AffinityRanker *r, AffinityTopK *top)
{
	const AffinitySelection *s = &r->selection;
	uint32		n_items = r->scorer->n_items;
	uint32		e = 0;

	if (s->rules && s->rules->allowed)
	{
		push_allowed(r, top);
		return;
	}
	for (uint32 from = 0; from < n_items; from += SCORE_PIECE)
	{
		uint32		n = Min(n_items - from, SCORE_PIECE);

		CHECK_FOR_INTERRUPTS();
		affinity_score_fold_scores(r->fold, from, n, r->score);
		for (; e < s->n_excluded && s->excluded[e] < from + n; e++)
			r->score[s->excluded[e] - from] = -INFINITY;
		for (uint32 i = 0; i < n; i++)
		{
			float		score = r->score[i];

			if (score >= -FLT_MAX)
				affinity_score_push(r, top, from + i, score);
		}
	}
}

/*
 * Scores of the candidates, but for the excluded.
 */
static void
push_candidates(AffinityRanker *r, AffinityTopK *top)
{
	const AffinitySelection *s = &r->selection;

	for (uint32 i = 0; i < s->n_candidates; i++)
	{
		uint32		no = s->candidate[i];
		float		score;

		CHECK_FOR_INTERRUPTS();
		if (s->n_excluded > 0 &&
			bsearch(&no, s->excluded, s->n_excluded, sizeof(uint32),
					affinity_score_compare))
			continue;
		score = affinity_score_fold_score(r->fold, no);
		affinity_score_push(r, top, no, score);
	}
}

/*
 * The best for the user who was folded in last, by exact scores.
 */
void
affinity_score_choose_by_vector(AffinityRanker *r)
{
	AffinityTopK top;

	affinity_score_ranker_room(r, Min(r->scorer->n_items, SCORE_PIECE));
	affinity_score_begin_keys(r, &top, r->selection.candidate ? r->selection.n_candidates :
							  r->scorer->n_items);
	if (r->selection.candidate)
		push_candidates(r, &top);
	else if (!affinity_score_scan_best(r, &top))
		push_all(r, &top);
	affinity_score_end_keys(r, &top);
	r->n_before = r->n_chosen;
	affinity_score_pin_vector(r);
}
