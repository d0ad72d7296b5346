/*
 * prefix.c
 *		How much of the ranked list an arrangement needs.
 *
 * That is not known before: groups that are full are passed by. So a prefix is
 * tried, and a longer one if it was too short, unless nothing can follow. What
 * comes out does not depend on how long prefixes are.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/memutils.h"

#include "score/arrange.h"

/* Lists after which it is seen whether prefixes are long enough. */
#define LEARN_WALKS	64

/*
 * Rows of the ranked list that a page of k is likely to pass by; not more than
 * there are items. Where most lists before needed more, it is more.
 */
uint32
affinity_score_first_prefix(const AffinityRanker *r, const AffinityRules *rules,
							uint32 k)
{
	const Arranger *a = r->arranger;
	uint64		n = (uint64) rules->after_rank + k + rules->n_pinned;

	if (rules->diversity > 0 || rules->exploration > 0)
		n += WINDOW;
	else if (rules->group && rules->max_per_group > 0)
		n += Min(5 + n / 2, WINDOW);
	if (a)
		n <<= a->doubled;
	return (uint32) Min(n, r->scorer->n_items);
}

/*
 * The next prefix to try where that was too short.
 */
uint32
affinity_score_longer_prefix(const AffinityRanker *r)
{
	return (uint32) Min((uint64) r->selection.k * 4, r->scorer->n_items);
}

/*
 * Begin with longer prefixes if too many are too short.
 */
void
affinity_score_learn_prefix(Arranger *a, bool done)
{
	a->n_walks++;
	a->n_short += !done;
	if (a->n_walks < LEARN_WALKS)
		return;
	if (a->n_short > LEARN_WALKS / 32 && a->doubled < 20)
		a->doubled++;
	a->n_walks = a->n_short = 0;
}

/*
 * Count the items of each group that may be in a list at all.
 */
static void
count_allowed(Arranger *a, const AffinityRanker *r)
{
	const AffinitySelection *s = &r->selection;
	uint32		n = s->candidate ? s->n_candidates : r->scorer->n_items;
	MemoryContext old = MemoryContextSwitchTo(a->context);

	a->allowed_in_group = affinity_base_zeroed_array(s->rules->n_groups,
													 sizeof(uint32));
	MemoryContextSwitchTo(old);
	for (uint32 i = 0; i < n; i++)
	{
		uint32		no = s->candidate ? s->candidate[i] : i;
		int32		group = affinity_score_group_of(s->rules, no);

		affinity_base_look_up(i);
		if (!affinity_score_is_allowed(s->rules, no))
			continue;
		if (group >= 0)
			a->allowed_in_group[group]++;
		else
			a->n_ungrouped++;
	}
}

/*
 * May an item be in a list, and its group is not full?
 */
static bool
is_open(const Arranger *a, const AffinitySelection *s, uint32 no)
{
	return affinity_score_is_allowed(s->rules, no) && !affinity_score_is_full(a, s->rules, no) &&
		(s->candidate == NULL || bsearch(&no, s->candidate, s->n_candidates,
										 sizeof(uint32),
										 affinity_score_compare) != NULL);
}

/*
 * Is all that follows the prefix of groups that are full now? Then no more of
 * the list has to be ranked.
 */
bool
affinity_score_rest_is_full(Arranger *a, const AffinityRanker *r)
{
	const AffinitySelection *s = &r->selection;
	const AffinityRules *rules = s->rules;
	int64		left;

	if (rules->group == NULL || rules->max_per_group == 0)
		return false;
	if (a->allowed_in_group == NULL)
		count_allowed(a, r);
	left = a->n_ungrouped;
	for (uint32 g = 0; g < rules->n_groups; g++)
		left += a->in_group[g] >= rules->max_per_group ? 0 :
			a->allowed_in_group[g];
	for (uint32 i = 0; i < s->n_excluded; i++)
	{
		affinity_base_look_up(i);
		if (i == 0 || s->excluded[i - 1] != s->excluded[i])
			left -= is_open(a, s, s->excluded[i]);
	}
	for (uint32 i = 0; i < a->prefix->n; i++)
		left -= is_open(a, s, a->prefix->entry[i].no);
	return left <= 0;
}
