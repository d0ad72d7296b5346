/*
 * chain.c
 *		The longest chain of a funnel in one user's rows.
 *
 * A chain of length k takes k rows in order of time: the first satisfies step
 * 1, the next one step 2, and so on, none later than a window after the first.
 * Which chain is longest needs no search over all starts: of two chains of
 * equal length that a later row may extend, the one that started later can do
 * all that the other can. So it is enough to keep, for every length, the
 * chain with the latest start, and to look at each row once:
 *
 *		start[k] = max(start[k], start[k - 1]) if the row satisfies step k and
 *				   lies within the window after start[k - 1]
 *
 * Of the longest chains the one that is complete first is reported; of those
 * the one with the latest start; of those the one with the earliest rows.
 *
 * Rows of one instant have no order. Where the order does not matter to the
 * mode, a chain may take them in any: that is a matching of steps to rows,
 * which matters only where rows satisfy several steps at once (affinity_chain_tie_reach).
 * Modes that ask what lies between two steps take the rows as they are
 * sorted, by time and then by lowest step.
 *
 * The caller owns all memory; no call keeps a pointer.
 */
#include "chain/chain.h"

#include <string.h>

#define BIT(step) AFFINITY_STEP_BIT(step)

void
affinity_chain_begin(AffinityChain *chain, const AffinityChainRule *rule)
{
	chain->rule = *rule;
	chain->level = 0;
	chain->last_at = 0;
	for (int k = 0; k <= rule->n_steps; k++)
	{
		chain->kept.alive[k] = false;
		chain->fresh.alive[k] = false;
	}
}

/*
 * Is a chain of k steps, complete just now, better than the best one? Of
 * equal length only if it is complete at the same instant.
 */
static bool
is_better(const AffinityChain *chain, int k, const int64_t *at)
{
	if (k != chain->level || at[k - 1] != chain->best[k - 1])
		return k > chain->level;
	if (at[0] != chain->best[0])
		return at[0] > chain->best[0];
	for (int i = 1; i < k; i++)
		if (at[i] != chain->best[i])
			return at[i] < chain->best[i];
	return false;
}

/*
 * Make `to` (with k steps) the chain `from` (with s steps), continued by
 * steps s + 1 to k, all at one time.
 */
static void
extend(AffinityChain *chain, AffinityChainSet *to, int k,
	   const AffinityChainSet *from, int s, int64_t at)
{
	if (s > 0)
		memcpy(to->at[k], from->at[s], sizeof(int64_t) * (size_t) s);
	for (int i = s; i < k; i++)
		to->at[k][i] = at;
	to->alive[k] = true;
	if (is_better(chain, k, to->at[k]))
	{
		chain->level = k;
		memcpy(chain->best, to->at[k], sizeof(int64_t) * (size_t) k);
	}
}

/*
 * Take steps s + 1 to k at `at` where that gives a chain that starts later
 * than the one of k steps known so far.
 */
static inline void
offer(AffinityChain *chain, int k, int s, int64_t at)
{
	AffinityChainSet *kept = &chain->kept;
	int64_t		start = at;

	if (s > 0)
	{
		if (!kept->alive[s])
			return;
		start = kept->at[s][0];
		if (!affinity_chain_in_window(&chain->rule, start, at))
			return;
	}
	else if (!affinity_chain_may_begin(&chain->rule, at))
		return;
	if (kept->alive[k] && kept->at[k][0] >= start)
		return;
	extend(chain, kept, k, kept, s, at);
}

/*
 * One step for one row: from the last step down, so that no row serves two.
 */
static void
take_one(AffinityChain *chain, uint64_t steps, int64_t at)
{
	while (steps != 0)
	{
		int			k = 64 - __builtin_clzll(steps);

		offer(chain, k, k - 1, at);
		steps &= ~BIT(k);
	}
}

/* Every step for which there is a row: from the first step up. */
static void
take_all(AffinityChain *chain, uint64_t steps, int64_t at)
{
	while (steps != 0)
	{
		int			k = __builtin_ctzll(steps) + 1;

		offer(chain, k, k - 1, at);
		steps &= steps - 1;
	}
}

/*
 * Kuhn's augmenting path: give `step` a row of its own, moving other steps to
 * other rows where need be. row_of[] is -1 where a step has none.
 */
static bool
augment(const AffinityEvent *event, int64_t n, int step, int64_t *row_of,
		uint64_t *visited)
{
	*visited |= BIT(step);
	for (int64_t i = 0; i < n; i++)
	{
		int			owner = 0;

		if ((event[i].steps & BIT(step)) == 0)
			continue;
		for (uint64_t others = event[i].steps; others != 0; others &= others -
			 1)
		{
			int			k = __builtin_ctzll(others) + 1;

			if (row_of[k] == i)
				owner = k;
		}
		if (owner == 0 || ((*visited & BIT(owner)) == 0 &&
						   augment(event, n, owner, row_of, visited)))
		{
			row_of[step] = i;
			return true;
		}
	}
	return false;
}

/*
 * Rows of one instant, some of which satisfy several steps: for every k the
 * smallest s such that steps s + 1 to k can have a row each.
 */
void
affinity_chain_tie_reach(const AffinityEvent *event, int64_t n, int n_steps,
						 int *from)
{
	int64_t		row_of[AFFINITY_MAX_STEPS + 1];
	int			s = 0;

	for (int k = 1; k <= n_steps; k++)
		row_of[k] = -1;
	for (int k = 1; k <= n_steps; k++)
	{
		while (s < k)
		{
			uint64_t	visited = 0;

			if (augment(event, n, k, row_of, &visited))
				break;
			row_of[++s] = -1;
		}
		from[k] = s;
	}
}

static void
take_tie(AffinityChain *chain, const AffinityEvent *event, int64_t n)
{
	int			from[AFFINITY_MAX_STEPS + 1];

	affinity_chain_tie_reach(event, n, chain->rule.n_steps, from);
	for (int k = chain->rule.n_steps; k > 0; k--)
	{
		AffinityChainSet *kept = &chain->kept;
		int			s = from[k];

		if (s == 0 && !affinity_chain_may_begin(&chain->rule, event[0].at))
			s = 1;
		if (s == k)
			continue;
		/* of chains with the same start, the one that took most steps so far */
		while (s > 0 && s + 1 < k && kept->alive[s + 1] &&
			   kept->at[s + 1][0] == kept->at[s][0])
			s++;
		offer(chain, k, s, event[0].at);
	}
}

/*
 * Rows of one instant in a mode that does not care what lies between.
 */
static void
feed_instant(AffinityChain *chain, const AffinityEvent *event, int64_t n)
{
	uint64_t	any = 0;
	bool		single = true;

	for (int64_t i = 0; i < n; i++)
	{
		any |= event[i].steps;
		single = single && (event[i].steps & (event[i].steps - 1)) == 0;
	}
	if ((chain->rule.mode & AFFINITY_CHAIN_INCREASE) != 0)
		take_one(chain, any, event[0].at);
	else if (single || (chain->rule.mode & AFFINITY_CHAIN_SAME_ROW) != 0)
		take_all(chain, any, event[0].at);
	else if (n == 1)
		take_one(chain, any, event[0].at);
	else
		take_tie(chain, event, n);
}

/* Chains that took a step at an earlier time may now take the next one. */
static void
settle(AffinityChain *chain)
{
	for (int k = 1; k <= chain->rule.n_steps; k++)
	{
		AffinityChainSet *fresh = &chain->fresh;
		AffinityChainSet *kept = &chain->kept;

		if (fresh->alive[k] &&
			(!kept->alive[k] || fresh->at[k][0] > kept->at[k][0]))
		{
			memcpy(kept->at[k], fresh->at[k], sizeof(int64_t) * (size_t) k);
			kept->alive[k] = true;
		}
		fresh->alive[k] = false;
	}
}

/*
 * One row in a mode that cares what lies between: chains that may not pass
 * the row, and do not take it, end here.
 */
static void
feed_row(AffinityChain *chain, uint64_t steps, int64_t at)
{
	bool		increase = (chain->rule.mode & AFFINITY_CHAIN_INCREASE) != 0;
	AffinityChainSet *kept = &chain->kept;
	AffinityChainSet *to = increase ? &chain->fresh : kept;
	bool		excluded = (steps & chain->rule.exclude) != 0;
	uint64_t	usable = excluded ? 0 : steps;

	if (increase && at != chain->last_at)
		settle(chain);
	chain->last_at = at;

	for (int k = chain->rule.n_steps; k > 0; k--)
	{
		bool		pass = !excluded &&
			affinity_chain_may_pass(&chain->rule, steps, k,
									affinity_chain_low_steps(k + 1));
		int64_t		start;

		kept->alive[k] = kept->alive[k] && pass;
		to->alive[k] = to->alive[k] && pass;
		if ((usable & BIT(k)) == 0 || (k > 1 && !kept->alive[k - 1]))
			continue;
		start = k > 1 ? kept->at[k - 1][0] : at;
		if ((k == 1 && !affinity_chain_may_begin(&chain->rule, at)) ||
			!affinity_chain_in_window(&chain->rule, start, at) ||
			(to->alive[k] && to->at[k][0] >= start))
			continue;
		extend(chain, to, k, kept, k - 1, at);
	}
}

/*
 * The next rows, sorted by affinity_chain_event_before. Rows of one instant
 * must come in one call. Returns false once no further row can change the
 * result.
 */
bool
affinity_chain_feed(AffinityChain *chain, const AffinityEvent *event,
					int64_t n)
{
	bool		by_row = chain->rule.exclude != 0 ||
		(chain->rule.mode & AFFINITY_CHAIN_BETWEEN) != 0;
	int64_t		i = 0;

	while (i < n)
	{
		int64_t		end = i + 1;

		/* a complete chain gives way only to one of the same instant */
		if (chain->level == chain->rule.n_steps &&
			event[i].at != chain->best[chain->level - 1])
			return false;
		if (by_row)
			feed_row(chain, event[i].steps, event[i].at);
		else
		{
			end = affinity_chain_instant_end(event, i, n, 0);
			feed_instant(chain, event + i, end - i);
		}
		i = end;
	}
	return true;
}
