/*
 * arrange.c
 *		The arrangement of a ranked list by rules: a walk along it.
 *
 * Pinned items come first, in their order. Then, at each position, one of the
 * next 100 rows is taken that are left and whose group is not full: with
 * diversity the one with the largest
 *
 *		(1 - d) * score / |first score| - d * largest similarity to a row before
 *
 * (Carbonell and Goldstein, "The Use of MMR, Diversity-Based Reranking", 1998),
 * the earlier one if two are equal; at positions to be explored one that a hash
 * names; else the first.
 *
 * The walk always begins at the first position, and what it takes there does not
 * depend on how many are wanted: so pages are pieces of one list. It needs as
 * much of the ranked list as it passes by. It is tried with a prefix, and again
 * with a longer one where that was too short.
 */
#include "postgres.h"

#include <math.h>

#include "common/hashfn.h"
#include "miscadmin.h"
#include "utils/memutils.h"

#include "score/arrange.h"

static Arranger *
begin(AffinityRanker *r)
{
	const AffinityRules *rules = r->selection.rules;
	Arranger   *a = r->arranger;
	MemoryContext old;

	if (a != NULL)
		return a;
	old = MemoryContextSwitchTo(r->context);
	a = palloc0(sizeof(Arranger));
	a->context = r->context;
	a->size = rules->diversity > 0 || rules->exploration > 0 ? WINDOW : 1;
	a->in_group = affinity_base_zeroed_array(rules->n_groups, sizeof(uint32));
	if (rules->diversity > 0)
		a->diverse = affinity_score_diverse_begin(r->scorer);
	a->sorted = affinity_base_array(rules->n_pinned, sizeof(uint32));
	for (uint32 i = 0; i < rules->n_pinned; i++)
		a->sorted[i] = rules->pinned[i];
	qsort(a->sorted, rules->n_pinned, sizeof(uint32), affinity_score_compare);
	MemoryContextSwitchTo(old);
	r->arranger = a;
	return a;
}

static void
make_room(Arranger *a, Size n)
{
	if (n <= a->room)
		return;
	n = Max(n, 2 * a->room);
	if (a->room > 0)
	{
		a->room = 0;
		pfree(a->row);
		pfree(a->no);
		pfree(a->similar);
		pfree(a->chosen);
	}
	a->row = MemoryContextAllocHuge(a->context, n * sizeof(Row));
	a->no = MemoryContextAllocHuge(a->context, n * sizeof(uint32));
	a->similar = MemoryContextAllocHuge(a->context, n * sizeof(double));
	a->chosen = MemoryContextAllocHuge(a->context, n * sizeof(uint32));
	a->room = n;
}

/* ---- rows -------------------------------------------------------------- */

static bool
is_pinned(const Arranger *a, const AffinityRules *rules, uint32 no)
{
	return rules->n_pinned > 0 && bsearch(&no, a->sorted, rules->n_pinned,
										  sizeof(uint32),
										  affinity_score_compare) != NULL;
}

/*
 * What a pinned item is without a score: a popular one.
 */
static AffinityRanked
pinned_row(const AffinityRanker *r, uint32 i)
{
	const AffinityRules *rules = r->selection.rules;
	AffinityRanked row = r->pinned[i];

	if (!row.personalized && !r->any_personalized)
		row.score = affinity_score_ruled(r, row.no, rules->pinned_popularity ?
										 rules->pinned_popularity[i] :
										 rules->popularity[row.no]);
	return row;
}

/*
 * The pinned items and those rows of the prefix that are none of them and not
 * below the least score: that is a number of the first ones, as scores
 * descend along the list.
 */
static void
begin_rows(Arranger *a, const AffinityRanker *r)
{
	const AffinityRules *rules = r->selection.rules;
	const AffinityRanking *prefix = a->prefix;
	double		first = prefix->n > 0 ? prefix->entry[0].score : 0;
	uint32		n = 0;

	make_room(a, (Size) rules->n_pinned + prefix->n);
	for (uint32 i = 0; i < rules->n_pinned; i++)
		a->row[n++].ranked = pinned_row(r, i);
	for (uint32 i = 0; i < prefix->n; i++)
	{
		const AffinityRanked *ranked = &prefix->entry[i];

		if (ranked->score < rules->min_score)
		{
			a->complete = true;
			break;
		}
		if (is_pinned(a, rules, ranked->no))
			continue;
		a->row[n].relevance = first == 0 ? 0 :
			(1 - rules->diversity) * (ranked->score / fabs(first));
		a->row[n++].ranked = *ranked;
	}
	a->n_rows = n;
	a->n_pinned = rules->n_pinned;
	a->n_chosen = 0;
	a->next = a->n_pinned;
	a->n_window = 0;
	if (a->diverse == NULL)
		return;
	for (uint32 i = 0; i < n; i++)
	{
		a->no[i] = a->row[i].ranked.no;
		a->similar[i] = 0;
	}
	affinity_score_diverse_rows(a->diverse, a->no, n);
}

/* ---- the walk ---------------------------------------------------------- */

/*
 * Take rows into the window until it is full or there are no more.
 */
static void
fill_window(Arranger *a, const AffinityRules *rules)
{
	for (; a->n_window < a->size && a->next < a->n_rows; a->next++)
	{
		affinity_base_look_up(a->next);
		if (affinity_score_is_full(a, rules, a->row[a->next].ranked.no))
			continue;
		if (a->diverse)
			affinity_score_diverse_enter(a->diverse, a->next, a->chosen,
										 a->n_chosen, a->similar);
		a->window[a->n_window++] = a->next;
	}
}

/*
 * Which of the window is the most relevant and least like those before.
 */
static uint32
most_diverse(const Arranger *a, double diversity)
{
	uint32		best = 0;
	double		most = -INFINITY;

	for (uint32 i = 0; i < a->n_window; i++)
	{
		uint32		row = a->window[i];
		double		loss = diversity * a->similar[row];
		double		value = a->row[row].relevance - loss;

		if (value > most)
		{
			best = i;
			most = value;
		}
	}
	return best;
}

/*
 * Which of the window comes at a rank. What is explored follows from
 * hashint8extended(rank, user_hash) alone: in its upper half whether, in its
 * lower half how far.
 */
static uint32
pick(const Arranger *a, const AffinitySelection *s, uint32 rank)
{
	const AffinityRules *rules = s->rules;

	if (rules->exploration > 0)
	{
		uint64		hash = hash_bytes_uint32_extended(rank, s->user_hash);

		if ((double) (hash >> 32) < rules->exploration * 4294967296.0)
			return a->n_window > 1 ?
				1 + (uint32) ((hash & 0xffffffff) % (a->n_window - 1)) : 0;
	}
	return rules->diversity > 0 ? most_diverse(a, rules->diversity) : 0;
}

/*
 * Take rows out of the window: one, and, where its group is full now, the
 * others of that.
 */
static void
leave_window(Arranger *a, const AffinityRules *rules, uint32 taken)
{
	uint32		no = a->row[a->window[taken]].ranked.no;
	bool		full = affinity_score_is_full(a, rules, no);
	uint32		n = 0;

	for (uint32 i = 0; i < a->n_window; i++)
	{
		a->window[n] = a->window[i];
		n += i != taken && !(full && affinity_score_group_of(rules, no) ==
							 affinity_score_group_of(rules, a->row[a->window[i]].ranked.no));
	}
	a->n_window = n;
}

/*
 * A row comes next; it is given if the page has begun.
 */
static void
choose(Arranger *a, const AffinityRules *rules, uint32 row,
	   AffinityRanking *ranking)
{
	int32		group = affinity_score_group_of(rules, a->row[row].ranked.no);

	a->chosen[a->n_chosen++] = row;
	if (group >= 0)
		a->in_group[group]++;
	if (a->n_chosen > rules->after_rank)
		ranking->entry[ranking->n++] = a->row[row].ranked;
}

/*
 * Choose rows up to the last rank that is wanted; false where there are too
 * few in the prefix.
 */
static bool
walk(Arranger *a, const AffinityRanker *r, AffinityRanking *ranking)
{
	const AffinityRules *rules = r->selection.rules;

	for (uint32 i = 0; i < a->n_pinned && a->n_chosen < a->end; i++)
	{
		choose(a, rules, i, ranking);
		if (a->diverse)
			affinity_score_diverse_choose(a->diverse, i, NULL, 0, a->similar);
	}
	while (a->n_chosen < a->end)
	{
		uint32		taken;
		uint32		row;

		affinity_base_look_up(a->n_chosen);
		fill_window(a, rules);
		if (a->n_window < a->size && !a->complete)
			a->complete = affinity_score_rest_is_full(a, r);
		if (a->n_window < a->size && !a->complete)
			return false;
		if (a->n_window == 0)
			break;
		taken = pick(a, &r->selection, a->n_chosen + 1);
		row = a->window[taken];
		choose(a, rules, row, ranking);
		leave_window(a, rules, taken);
		if (a->diverse)
			affinity_score_diverse_choose(a->diverse, row, a->window,
										  a->n_window, a->similar);
	}
	return true;
}

static void
end_walk(Arranger *a, const AffinityRules *rules)
{
	for (uint32 i = 0; i < a->n_chosen; i++)
	{
		int32		group = affinity_score_group_of(rules, a->row[a->chosen[i]].ranked.no);

		if (group >= 0)
			a->in_group[group] = 0;
	}
}

/*
 * Make a page of k rows after a choice with rules, whose k is the length of
 * the prefix; false where that was too short.
 */
bool
affinity_score_arrange(AffinityRanker *r, const AffinityOffer *offer, uint32 k,
					   AffinityRanking *ranking)
{
	const AffinityRules *rules = r->selection.rules;
	Arranger   *a = begin(r);
	bool		done;

	if (a->prefix_room < r->selection.k)
	{
		if (a->prefix)
			pfree(a->prefix);
		a->prefix_room = 0;
		a->prefix =
			MemoryContextAllocHuge(a->context,
								   affinity_score_ranking_bytes(r->selection.k));
		a->prefix_room = r->selection.k;
	}
	for (uint32 i = 0; i < rules->n_pinned; i++)
		r->any_personalized |= r->pinned[i].personalized;
	affinity_score_rank(r, offer, a->prefix);
	a->complete = a->prefix->n < r->selection.k ||
		r->selection.k >= r->scorer->n_items;
	a->end = Min((uint64) rules->after_rank + k, PG_INT32_MAX);
	begin_rows(a, r);
	ranking->n = 0;
	done = walk(a, r, ranking);
	end_walk(a, rules);
	affinity_score_learn_prefix(a, done);
	return done;
}
