/*
 * groups.c
 *		The longest chain of a funnel in which groups of neighboring steps
 *		may be taken in any order.
 *
 * The steps are groups that follow each other; a step by itself is a group of
 * one. A chain takes all steps of a group before any of the next, each by a
 * row of its own, none later than a window after the first; its length is how
 * many steps it took, those of the group that it is in included.
 *
 * Of all chains whose rows lie between a start and now, the longest is found
 * greedily: take every row that lets the chain grow, where need be by giving
 * other rows other steps (places.c). Groups are complete as soon as can be,
 * and each row taken stays taken; so the k-th row is as early as the k-th of
 * any chain from that start, for every k at once. In which ways the steps of
 * the group that is not complete may be filled is a matroid of rows, in
 * which the rows taken are a basis; rows of the instant at which the group
 * before was complete may still change places with that one's.
 *
 * It needs no chain for each start. The longest chain of an earlier start is
 * at least as long as that of a later one, as it may take the same rows; and
 * where both are equally long, the same steps can be taken by either in
 * future: rows that the earlier start has more of did not let its chain grow,
 * so they depend on the rows taken, and whatever steps can be filled with
 * them can be filled with those (Mendelsohn and Dulmage 1958). So of equally
 * long chains the one that started later can do all that the other can, and
 * has more time to. One chain for each length, with the latest start, is
 * enough, and one look at each row. A chain once begun only grows, or is
 * overtaken.
 *
 * Of the longest chains the one that is complete first is reported; of those
 * the one with the latest start; of those the one with the earliest rows,
 * which is the greedy one.
 *
 * Rows of one instant may be taken in any order. What all of them can be
 * matched to, as many of them as there are steps can (the same theorem): the
 * others are left out. With strict_increase the rows of an instant are one,
 * with same_row a row is one for each of its steps. An excluded row ends all
 * chains before it; where there is such a condition, rows are taken as they
 * are sorted, as in the other modes that ask what lies between.
 *
 * The caller owns all memory.
 */
#include "chain/groups.h"

#include <string.h>

/*
 * Bit k of `groups` (from 0): step k + 1 is in the group of the step before
 * it.
 */
void
affinity_chain_groups_begin(AffinityGroups *chain,
							const AffinityChainRule *rule,
							uint64_t groups)
{
	int			first = 0;

	chain->rule = *rule;
	for (int k = 0; k < rule->n_steps; k++)
	{
		if (k + 1 < rule->n_steps && (groups >> (k + 1) & 1) != 0)
			continue;
		for (int i = first; i <= k; i++)
		{
			chain->group[i].first = first;
			chain->group[i].end = k + 1;
		}
		first = k + 1;
	}
	chain->level = 0;
	chain->n_paths = 0;
	/* one for each length, and one more to begin with */
	for (int i = 0; i <= rule->n_steps; i++)
		chain->order[i] = i;
}

/*
 * Take what can be taken of the rows of an instant.
 */
static void
extend(const AffinityGroups *chain, AffinityGroupPath *path, int64_t at)
{
	const uint64_t *row = chain->row;
	int			n_steps = chain->rule.n_steps;
	uint64_t	used = 0;
	uint64_t	done;
	uint64_t	within;

	if (path->level == n_steps)
		return;
	done = affinity_chain_low_steps(chain->group[path->level].first);
	within = affinity_chain_low_steps(chain->group[path->level].end);
	if ((chain->any & within & ~done & ~path->rows.closed) == 0)
		return;
	for (;;)
	{
		int			end = chain->group[path->level].end;

		within = affinity_chain_low_steps(end);
		for (int i = 0; i < chain->n_rows && path->level < end; i++)
			if ((used >> i & 1) == 0 &&
				affinity_chain_place(&path->rows, row[i] & ~done, within))
			{
				used |= UINT64_C(1) << i;
				path->at[path->level++] = at;
			}
		if (path->level < end)
			break;
		path->rows.closed = 0;
		if (end == n_steps)
			break;
	}
	/* groups that begin at a later time are not for these rows */
	for (done = path->rows.taken & ~done; used != 0 && done != 0;
		 done &= done - 1)
		path->rows.options[__builtin_ctzll(done)] &= within;
}

/* Is the longest chain there is just now the best so far? */
static void
look(AffinityGroups *chain)
{
	const AffinityGroupPath *path =
		&chain->path[chain->order[chain->n_paths - 1]];
	int			k = path->level;

	if (k < chain->level ||
		(k == chain->level && (path->at[k - 1] != chain->best[k - 1] ||
							   path->at[0] <= chain->best[0])))
		return;
	chain->level = k;
	memcpy(chain->best, path->at, sizeof(int64_t) * (size_t) k);
}

/*
 * Rows that all chains may take in any order: chain->row. Chains are in order
 * of their starts, the latest and shortest first; those that were overtaken
 * or are out of the window make room.
 */
static void
feed_rows(AffinityGroups *chain, int64_t at)
{
	int			dropped[AFFINITY_MAX_STEPS + 1];
	int			n_dropped = 0;
	int			n = chain->n_paths;
	int			n_kept = 0;
	int			begun = chain->order[n];
	AffinityGroupPath *path = &chain->path[begun];

	if (affinity_chain_may_begin(&chain->rule, at))
	{
		memmove(chain->order + 1, chain->order, sizeof(int) * (size_t) n);
		chain->order[0] = begun;
		path->level = 0;
		affinity_chain_places_clear(&path->rows);
		n++;
	}
	for (int i = 0; i < n; i++)
	{
		int			now = chain->order[i];
		AffinityGroupPath *before = n_kept == 0 ? NULL :
			&chain->path[chain->order[n_kept - 1]];

		path = &chain->path[now];
		if (path->level == 0 ||
			affinity_chain_in_window(&chain->rule, path->at[0], at))
			extend(chain, path, at);
		else
			path->level = 0;
		if (path->level == 0 ||
			(before != NULL && (before->level > path->level ||
								(before->level == path->level &&
								 before->at[0] > path->at[0]))))
			dropped[n_dropped++] = now;
		else if (before != NULL && before->level == path->level)
		{
			/* of the same start, but from fewer rows of its instant */
			dropped[n_dropped++] = chain->order[n_kept - 1];
			chain->order[n_kept - 1] = now;
		}
		else
			chain->order[n_kept++] = now;
	}
	memcpy(chain->order + n_kept, dropped, sizeof(int) * (size_t) n_dropped);
	chain->n_paths = n_kept;
	if (n_kept > 0)
		look(chain);
}

/* Rows of one instant, none excluded, as rows that take one step each. */
static void
read_rows(AffinityGroups *chain, const AffinityEvent *event, int64_t n)
{
	uint64_t	all = affinity_chain_low_steps(chain->rule.n_steps);
	AffinityPlaces steps;

	chain->any = 0;
	chain->n_rows = 0;
	for (int64_t i = 0; i < n; i++)
		chain->any |= event[i].steps & all;
	if ((chain->rule.mode & AFFINITY_CHAIN_INCREASE) != 0)
		chain->row[chain->n_rows++] = chain->any;
	else if ((chain->rule.mode & AFFINITY_CHAIN_SAME_ROW) != 0)
		for (uint64_t rest = chain->any; rest != 0; rest &= rest - 1)
			chain->row[chain->n_rows++] = rest & -rest;
	else
	{
		affinity_chain_places_clear(&steps);
		for (int64_t i = 0; i < n && chain->n_rows < chain->rule.n_steps; i++)
			if (affinity_chain_place(&steps, event[i].steps, all))
				chain->row[chain->n_rows++] = event[i].steps & all;
	}
}

/*
 * The next rows, sorted by affinity_chain_event_before. Rows of one instant
 * must come in one call. Returns false once no further row can change the
 * result.
 */
bool
affinity_chain_groups_feed(AffinityGroups *chain, const AffinityEvent *event,
						   int64_t n)
{
	uint64_t	exclude = chain->rule.exclude;
	bool		by_row = exclude != 0 &&
		(chain->rule.mode & AFFINITY_CHAIN_INCREASE) == 0;
	int64_t		i = 0;

	while (i < n)
	{
		int64_t		end = i + 1;

		/* a complete chain gives way only to one of the same instant */
		if (chain->level == chain->rule.n_steps &&
			event[i].at != chain->best[chain->level - 1])
			return false;
		if ((event[i].steps & exclude) != 0)
			chain->n_paths = 0;
		else
		{
			if (!by_row)
				end = affinity_chain_instant_end(event, i, n, exclude);
			read_rows(chain, event + i, end - i);
			if (chain->any != 0)
				feed_rows(chain, event[i].at);
		}
		i = end;
	}
	return true;
}
