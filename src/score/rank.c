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
		affinity_score_choose_by_lists(r, history);
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
