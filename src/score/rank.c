/*
 * rank.c
 *		One user's list: items ranked for a history.
 *
 * Items that the history speaks for come first, by score; popular items fill
 * up to k. A filled-in entry has the score 0, or, where no entry at all is
 * personalized, the item's popularity. Items that the history speaks against
 * (signed scores) come after those of which it says nothing. Ties go by
 * number.
 *
 * With factors every item has a score, of either sign, and nothing needs to
 * be filled up, unless the history cannot be folded in.
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"
#include "utils/memutils.h"

#include "score/ranker.h"

/*
 * A ranker lives in the current memory context. So does what it allocates.
 */
AffinityRanker *
affinity_score_ranker(const AffinityScorer *scorer)
{
	AffinityRanker *r = palloc0(sizeof(AffinityRanker));

	r->scorer = scorer;
	r->context = CurrentMemoryContext;
	r->most_factor = INFINITY;
	return r;
}

/*
 * What folds users in, begun at its first use.
 */
ScoreFold *
affinity_score_ranker_fold(AffinityRanker *r)
{
	if (r->fold == NULL)
	{
		MemoryContext old = MemoryContextSwitchTo(r->context);
		ScoreFold  *fold = palloc0(sizeof(ScoreFold));

		affinity_score_fold_begin(fold, r->scorer);
		r->fold = fold;
		MemoryContextSwitchTo(old);
	}
	return r->fold;
}

/*
 * Room for n keys, in any of the arrays.
 */
void
affinity_score_ranker_room(AffinityRanker *r, Size n)
{
	if (n <= r->room)
		return;
	n = Max(n, Min(2 * r->room, (Size) r->scorer->n_items + 1));
	if (r->room > 0)
	{
		r->room = 0;
		pfree(r->key);
		pfree(r->scratch);
		pfree(r->score);
	}
	r->key = MemoryContextAllocHuge(r->context, n * sizeof(uint64));
	r->scratch = MemoryContextAllocHuge(r->context, n * sizeof(uint64));
	r->score = MemoryContextAllocHuge(r->context, n * sizeof(float));
	r->room = n;
}

/* ---- what must not be filled up with ----------------------------------- */

static Size
mark_bytes(const AffinityRanker *r)
{
	return (Size) r->scorer->n_items / 8 + 1;
}

static void
mark(AffinityRanker *r, uint32 no)
{
	if (r->mark == NULL)
		r->mark = MemoryContextAllocZero(r->context, mark_bytes(r));
	r->mark[no / 8] |= 1 << (no % 8);
	r->marked = true;
}

static bool
is_marked(const AffinityRanker *r, uint32 no)
{
	return r->mark && (r->mark[no / 8] >> (no % 8) & 1);
}

/* ---- choosing ---------------------------------------------------------- */

/*
 * Nothing is known of the pinned items yet.
 */
static void
begin_pinned(AffinityRanker *r, const AffinityRules *rules)
{
	if (rules->n_pinned > r->pinned_room)
	{
		if (r->pinned)
			pfree(r->pinned);
		r->pinned_room = 0;
		r->pinned = MemoryContextAllocHuge(r->context, rules->n_pinned *
										   sizeof(AffinityRanked));
		r->pinned_room = rules->n_pinned;
	}
	for (uint32 i = 0; i < rules->n_pinned; i++)
		affinity_score_pin(r, i, false, 0);
}

/*
 * Nothing is chosen yet.
 */
void
affinity_score_begin_choice(AffinityRanker *r,
							const AffinitySelection *selection)
{
	r->selection = *selection;
	r->n_chosen = 0;
	r->n_before = 0;
	r->n_against = 0;
	r->any_personalized = false;
	r->has_factor = r->factor != NULL ||
		affinity_score_changes(selection->rules);
	if (selection->rules)
		begin_pinned(r, selection->rules);
	if (r->marked)
		memset(r->mark, 0, mark_bytes(r));
	r->marked = false;
}

/*
 * Keep the best of n keys, in room for twice as many as are wanted.
 */
void
affinity_score_begin_keys(AffinityRanker *r, AffinityTopK *top, Size n)
{
	Size		k = Min(r->selection.k, n);
	Size		cap = Min(n, 2 * k) + 1;

	affinity_score_ranker_room(r, cap);
	affinity_kernel_topk_init(top, r->key, k, cap);
}

/*
 * The best, and how many of them have a score of 0 or more.
 */
void
affinity_score_end_keys(AffinityRanker *r, AffinityTopK *top)
{
	affinity_kernel_topk_finish(top, r->scratch);
	r->n_chosen = r->n_before = (uint32) top->n;
	while (r->n_before > 0 &&
		   affinity_kernel_rank_key_score(r->key[r->n_before - 1]) < 0)
		r->n_before--;
}

/*
 * An item with a score below 0 comes after those that fill up.
 */
void
affinity_score_speak_against(AffinityRanker *r, uint32 no)
{
	mark(r, no);
	r->n_against++;
}

/*
 * The best of scores that are not below 0, all at once.
 */
static void
choose_unsigned(AffinityRanker *r, const ScoreSums *sums)
{
	affinity_score_ranker_room(r, (Size) sums->n_touched + 1);
	for (uint32 t = 0; t < sums->n_touched; t++)
		r->score[t] = affinity_score_of_sum(sums->sum[sums->touched[t]]);
	r->n_chosen = r->n_before = (uint32)
		affinity_kernel_topk_scores(r->score, sums->touched, sums->n_touched,
									r->selection.k, r->key, r->scratch);
}

/*
 * The best of some items; those with a score below 0 are marked.
 */
static void
choose_among(AffinityRanker *r, const ScoreSums *sums, const uint32 *item,
			 uint32 n)
{
	AffinityTopK top;

	affinity_score_begin_keys(r, &top, n);
	for (uint32 i = 0; i < n; i++)
	{
		uint32		no = item[i];
		float		score = affinity_score_of_sum(sums->sum[no]);

		if (score != 0)
			affinity_kernel_topk_push(&top,
									  affinity_kernel_rank_key(score, no));
		if (score < 0)
			affinity_score_speak_against(r, no);
	}
	affinity_score_end_keys(r, &top);
}

/*
 * The same of those that rules allow. A sum that even the largest factor cannot
 * bring among the best is not looked at any further.
 */
static void
choose_by_rules(AffinityRanker *r, const ScoreSums *sums, const uint32 *item,
				uint32 n)
{
	const AffinityRules *rules = r->selection.rules;
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
			!affinity_score_is_allowed(rules, no))
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
 * The best by the sums of the history's lists.
 */
static void
choose_by_lists(AffinityRanker *r, const AffinityHistory *history)
{
	const AffinityScorer *scorer = r->scorer;
	const AffinitySelection *s = &r->selection;
	bool		is_signed = affinity_score_is_signed(scorer);
	ScoreSums	sums;

	affinity_score_sums_begin(&sums, is_signed, scorer->n_items);
	for (uint32 i = 0; i < history->n; i++)
	{
		AffinityList list = affinity_score_list(scorer, history, i);

		CHECK_FOR_INTERRUPTS();
		affinity_score_sums_add(&sums, &list,
								affinity_score_event(scorer, history, i));
	}
	for (uint32 i = 0; s->rules && i < s->rules->n_pinned; i++)
		pin_sum(r, i, sums.sum[s->rules->pinned[i]]);
	for (uint32 i = 0; i < s->n_excluded; i++)
		affinity_score_sums_exclude(&sums, s->excluded[i]);
	if (s->rules)
		choose_by_rules(r, &sums, s->candidate ? s->candidate : sums.touched,
						s->candidate ? s->n_candidates : sums.n_touched);
	else if (s->candidate)
		choose_among(r, &sums, s->candidate, s->n_candidates);
	else if (is_signed)
		choose_among(r, &sums, sums.touched, sums.n_touched);
	else
		choose_unsigned(r, &sums);
	affinity_score_sums_end(&sums);
}

/*
 * A score by factors, if rules leave the item in.
 */
static inline void
push_score(const AffinityRanker *r, AffinityTopK *top, uint32 no, float score)
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
				push_score(r, top, from + i, score[i]);
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
				push_score(r, top, from + i, score);
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
		push_score(r, top, no, score);
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
	else
		push_all(r, &top);
	affinity_score_end_keys(r, &top);
	r->n_before = r->n_chosen;
	affinity_score_pin_vector(r);
}

/*
 * Choose the best of what the history says something about. What selection
 * points to is needed until the list is made.
 */
static void
choose(AffinityRanker *r, const AffinityHistory *history,
	   const AffinitySelection *selection)
{
	affinity_score_begin_choice(r, selection);
	if (selection->k == 0 || history->n == 0)
		return;
	if (selection->repeat > 0)
		affinity_score_choose_repeats(r, history);
	else if (!r->scorer->algorithm->has_factors)
		choose_by_lists(r, history);
	else if (affinity_score_fold_user(affinity_score_ranker_fold(r), history))
		affinity_score_choose_by_vector(r);
}

/* ---- the list ---------------------------------------------------------- */

/*
 * How many popular items have to be offered, so that the list gets its k
 * entries if there are as many; 0: none is wanted.
 */
static int64
lacking(const AffinityRanker *r)
{
	if (r->n_before >= r->selection.k ||
		(r->n_chosen > 0 && r->scorer->algorithm->has_factors &&
		 !(r->selection.repeat > 0)))
		return 0;
	return (int64) r->selection.k + r->selection.n_excluded + r->n_against;
}

static void
put_chosen(const AffinityRanker *r, uint32 from, uint32 n,
		   AffinityRanking *ranking)
{
	AffinityRanked *to = ranking->entry + ranking->n;

	ranking->n += n;
	for (uint32 i = from; i < from + n; i++, to++)
	{
		to->no = affinity_kernel_rank_key_no(r->key[i]);
		to->score = affinity_kernel_rank_key_score(r->key[i]);
		to->personalized = true;
	}
}

/*
 * Popular items that are neither excluded nor chosen nor spoken against, until
 * the list is full.
 */
static void
fill_up(AffinityRanker *r, const AffinityPopular *popular,
		AffinityRanking *ranking)
{
	const AffinityRanked *end = ranking->entry + r->selection.k;
	AffinityRanked *to = ranking->entry + ranking->n;

	for (uint32 i = 0; i < r->selection.n_excluded; i++)
		mark(r, r->selection.excluded[i]);
	for (uint32 i = 0; i < r->n_before; i++)
		mark(r, affinity_kernel_rank_key_no(r->key[i]));
	for (uint32 i = 0; i < popular->n && to < end; i++)
	{
		if (is_marked(r, popular->item[i]))
			continue;
		to->no = popular->item[i];
		to->score = r->any_personalized ? 0 : popular->popularity[i];
		to->personalized = false;
		to++;
	}
	ranking->n = (uint32) (to - ranking->entry);
}

/*
 * The list after a choice, without any arrangement.
 */
void
affinity_score_rank(AffinityRanker *r, const AffinityOffer *offer,
					AffinityRanking *ranking)
{
	int64		n = lacking(r);

	r->any_personalized |= r->n_chosen > 0;
	ranking->n = 0;
	put_chosen(r, 0, r->n_before, ranking);
	if (n > 0)
	{
		AffinityPopular popular = offer->popular(offer->state, n);

		fill_up(r, &popular, ranking);
	}
	put_chosen(r, r->n_before,
			   Min(r->n_chosen - r->n_before, r->selection.k - ranking->n),
			   ranking);
}

/*
 * The k best items for a user, as rules want them.
 */
void
affinity_score_recommend(AffinityRanker *r, const AffinityHistory *history,
					const AffinitySelection *selection,
					const AffinityOffer *offer, AffinityRanking *ranking)
{
	const AffinityRules *rules = selection->rules;
	AffinitySelection s = *selection;

	if (rules && s.k > 0)
		s.k = affinity_score_first_prefix(r, rules, s.k);
	choose(r, history, &s);
	if (rules == NULL || s.k == 0)
	{
		affinity_score_rank(r, offer, ranking);
		return;
	}
	while (!affinity_score_arrange(r, offer, selection->k, ranking))
	{
		s.k = affinity_score_longer_prefix(r);
		choose(r, history, &s);
	}
}
