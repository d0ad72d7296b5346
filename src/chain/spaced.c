/*
 * spaced.c
 *		The longest chain of a funnel with a window for each step: from step k
 *		to step k + 1 at most most[k] may pass.
 *
 * A chain of k steps is extended by what comes soon after its last step,
 * whenever it began. So of two chains of k steps the one whose last step is
 * later can do all that the other can. It also began last, or one like it
 * did: let b have begun later than a, and a's last step be later than b's.
 * Then there is a step i that b takes no earlier than a, whereas a takes step
 * i + 1, and all after it, later than b. Steps 1 to i of b and the others of
 * a are a chain: from b's step i to a's step i + 1 it is no longer than from
 * a's, and what lies between lay between in a. So for every length one chain
 * is enough, of which the start and the last step are kept, and one look at
 * each row says how long the longest is, when it is first complete, and when
 * the latest of those began.
 *
 * Of the chains with this start and this end, the one whose steps are earliest
 * is found by a second look, backward from the end. The same argument turned
 * around says that of two such chains the earlier of each step make a chain
 * too; so there is one in which every step is as early as can be, and for
 * every step k the end of a chain that takes it earliest is enough.
 *
 * Rows of one instant are as in chain.c: taken in any order, which is a
 * matching of steps to rows, unless the mode asks what lies between; what is
 * said above then holds for instants. Rows that are excluded after some steps
 * only are as in optional.c.
 *
 * The caller owns all memory; no call keeps a pointer but those of begin.
 */
#include "chain/spaced.h"

#include <string.h>

#define BIT(step) AFFINITY_STEP_BIT(step)

static inline const AffinityChainRule *
rule_of(const AffinitySpaced *chain)
{
	return &chain->rule->steps.chain;
}

static inline bool
increases(const AffinitySpaced *chain)
{
	return (rule_of(chain)->mode & AFFINITY_CHAIN_INCREASE) != 0;
}

/* Does the mode ask what lies between two steps? */
static inline bool
by_row(const AffinitySpaced *chain)
{
	return chain->rule->steps.excludes ||
		(rule_of(chain)->mode & AFFINITY_CHAIN_BETWEEN) != 0;
}

void
affinity_chain_spaced_begin(AffinitySpaced *chain,
							const AffinitySpacedRule *rule)
{
	chain->rule = rule;
	chain->level = 0;
	chain->first = chain->last = chain->row_at = 0;
	memset(chain->kept.alive, 0, sizeof(chain->kept.alive));
	memset(chain->fresh.alive, 0, sizeof(chain->fresh.alive));
}

/* Is it soon enough to take step k + 1 after step k? */
static inline bool
is_soon(const AffinitySpaced *chain, int k, int64_t last, int64_t at)
{
	/* unsigned: the difference of two int64 may need 64 bits */
	return (uint64_t) at - (uint64_t) last <= chain->rule->most[k];
}

/* May a row that is not taken lie after step k? */
static bool
may_pass(const AffinitySpaced *chain, uint64_t steps, int k)
{
	uint64_t	all = affinity_chain_low_steps(rule_of(chain)->n_steps);

	return (steps & chain->rule->steps.exclude_after[k]) == 0 &&
		affinity_chain_may_pass(rule_of(chain), steps & all, k,
								affinity_chain_low_steps(k + 1));
}

/* May a row be step k of a chain that has the steps before? */
static inline bool
may_take(const AffinitySpaced *chain, uint64_t steps, int k)
{
	return (steps & BIT(k)) != 0 &&
		(steps & chain->rule->steps.exclude_after[k - 1]) == 0;
}

/* How rows of one instant may be taken where their order does not matter. */
typedef enum TieKind
{
	TIE_ONE,					/* one step for a row, or for all of them */
	TIE_ALL,					/* every step for which there is a row */
	TIE_MATCH					/* steps that can have a row each */
} TieKind;

static TieKind
tie_kind(const AffinitySpaced *chain, const AffinityEvent *event, int64_t n,
		 uint64_t *any)
{
	bool		single = true;

	*any = 0;
	for (int64_t i = 0; i < n; i++)
	{
		*any |= event[i].steps;
		single = single && (event[i].steps & (event[i].steps - 1)) == 0;
	}
	*any &= affinity_chain_low_steps(rule_of(chain)->n_steps);
	if (increases(chain))
		return TIE_ONE;
	if (single || (rule_of(chain)->mode & AFFINITY_CHAIN_SAME_ROW) != 0)
		return TIE_ALL;
	return n == 1 ? TIE_ONE : TIE_MATCH;
}

/* ---- forward ----------------------------------------------------------- */

/* Take steps s + 1 to k at `at`. */
static void
offer(AffinitySpaced *chain, AffinitySpacedSet *to, int k, int s, int64_t at)
{
	const AffinitySpacedSet *from = &chain->kept;
	int64_t		first = at;

	if (s == 0)
	{
		if (!affinity_chain_may_begin(rule_of(chain), at))
			return;
	}
	else
	{
		if (!from->alive[s] || !is_soon(chain, s, from->last[s], at))
			return;
		first = from->first[s];
	}
	/* a chain of an earlier instant did not begin later */
	if (to->alive[k] && to->last[k] == at && to->first[k] >= first)
		return;
	to->alive[k] = true;
	to->first[k] = first;
	to->last[k] = at;
	if (k < chain->level || (k == chain->level &&
							 (at != chain->last || first <= chain->first)))
		return;
	chain->level = k;
	chain->first = first;
	chain->last = at;
}

/* Rows of one instant in a mode that does not care what lies between. */
static void
feed_instant(AffinitySpaced *chain, const AffinityEvent *event, int64_t n)
{
	AffinitySpacedSet *kept = &chain->kept;
	int			n_steps = rule_of(chain)->n_steps;
	int			from[AFFINITY_MAX_STEPS + 1];
	uint64_t	any;

	switch (tie_kind(chain, event, n, &any))
	{
		case TIE_ONE:
			/* from the last step down, so that no row serves two */
			for (int k = n_steps; k > 0; k--)
				if ((any & BIT(k)) != 0)
					offer(chain, kept, k, k - 1, event[0].at);
			break;
		case TIE_ALL:
			for (; any != 0; any &= any - 1)
			{
				int			k = __builtin_ctzll(any) + 1;

				offer(chain, kept, k, k - 1, event[0].at);
			}
			break;
		case TIE_MATCH:
			affinity_chain_tie_reach(event, n, n_steps, from);
			for (int k = n_steps; k > 0; k--)
				for (int s = from[k]; s < k; s++)
					offer(chain, kept, k, s, event[0].at);
			break;
	}
}

/* Chains that took a step at an earlier time may now take the next one. */
static void
settle(AffinitySpaced *chain)
{
	AffinitySpacedSet *fresh = &chain->fresh;
	AffinitySpacedSet *kept = &chain->kept;

	for (int k = 1; k <= rule_of(chain)->n_steps; k++)
	{
		if (!fresh->alive[k])
			continue;
		kept->alive[k] = true;
		kept->first[k] = fresh->first[k];
		kept->last[k] = fresh->last[k];
		fresh->alive[k] = false;
	}
}

/*
 * One row in a mode that cares what lies between: chains that may not pass
 * the row, and do not take it, end here.
 */
static void
feed_row(AffinitySpaced *chain, uint64_t steps, int64_t at)
{
	AffinitySpacedSet *to = increases(chain) ? &chain->fresh : &chain->kept;

	if (increases(chain) && at != chain->row_at)
		settle(chain);
	chain->row_at = at;
	for (int k = rule_of(chain)->n_steps; k > 0; k--)
	{
		if (!may_pass(chain, steps, k))
			chain->kept.alive[k] = chain->fresh.alive[k] = false;
		if (may_take(chain, steps, k))
			offer(chain, to, k, k - 1, at);
	}
}

/*
 * The next rows, sorted by affinity_chain_event_before. Rows of one instant
 * must come in one call. Returns false once no further row can change the
 * result.
 */
bool
affinity_chain_spaced_feed(AffinitySpaced *chain, const AffinityEvent *event,
						   int64_t n)
{
	bool		rows = by_row(chain);
	int64_t		i = 0;

	while (i < n)
	{
		int64_t		end = i + 1;

		/* a complete chain gives way only to one of the same instant */
		if (chain->level == rule_of(chain)->n_steps &&
			event[i].at != chain->last)
			return false;
		if (rows)
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

/* ---- backward ---------------------------------------------------------- */

/* Before the second look, at the rows from chain->first to chain->last. */
void
affinity_chain_spaced_back_begin(AffinitySpaced *chain)
{
	memset(chain->kept_ends.alive, 0, sizeof(chain->kept_ends.alive));
	memset(chain->fresh_ends.alive, 0, sizeof(chain->fresh_ends.alive));
	chain->row_at = chain->last;
}

/* Take steps j to k at `at`, if an end follows. */
static bool
offer_back(AffinitySpaced *chain, AffinitySpacedEnds *to, int j, int k,
		   int64_t at)
{
	const AffinitySpacedEnds *from = &chain->kept_ends;

	if (k == chain->level ? at != chain->last : !from->alive[k + 1] ||
		!is_soon(chain, k, at, from->at[k + 1][k]))
		return false;
	if (k < chain->level)
		memmove(&to->at[j][k], &from->at[k + 1][k],
				sizeof(int64_t) * (size_t) (chain->level - k));
	for (int i = j; i <= k; i++)
		to->at[j][i - 1] = at;
	to->alive[j] = true;
	return true;
}

static void
back_instant(AffinitySpaced *chain, const AffinityEvent *event, int64_t n)
{
	AffinitySpacedEnds *kept = &chain->kept_ends;
	int			from[AFFINITY_MAX_STEPS + 1];
	uint64_t	any;

	switch (tie_kind(chain, event, n, &any))
	{
		case TIE_ONE:
			for (int k = 1; k <= chain->level; k++)
				if ((any & BIT(k)) != 0)
					offer_back(chain, kept, k, k, event[0].at);
			break;
		case TIE_ALL:
			for (int k = chain->level; k > 0; k--)
				if ((any & BIT(k)) != 0)
					offer_back(chain, kept, k, k, event[0].at);
			break;
		case TIE_MATCH:
			affinity_chain_tie_reach(event, n, rule_of(chain)->n_steps, from);
			for (int j = 1; j <= chain->level; j++)
				for (int k = chain->level; k >= j; k--)
					if (from[k] < j &&
						offer_back(chain, kept, j, k, event[0].at))
						break;
			break;
	}
}

/* Ends that begin at a later time may now follow a step. */
static void
settle_back(AffinitySpaced *chain)
{
	AffinitySpacedEnds *fresh = &chain->fresh_ends;

	for (int k = 1; k <= chain->level; k++)
	{
		if (!fresh->alive[k])
			continue;
		memcpy(&chain->kept_ends.at[k][k - 1], &fresh->at[k][k - 1],
			   sizeof(int64_t) * (size_t) (chain->level - k + 1));
		chain->kept_ends.alive[k] = true;
		fresh->alive[k] = false;
	}
}

static void
back_row(AffinitySpaced *chain, uint64_t steps, int64_t at)
{
	AffinitySpacedEnds *to = increases(chain) ? &chain->fresh_ends :
		&chain->kept_ends;

	if (increases(chain) && at != chain->row_at)
		settle_back(chain);
	chain->row_at = at;
	/* from the first step up: what is read above k is as it was before */
	for (int k = 1; k <= chain->level; k++)
	{
		if (may_take(chain, steps, k))
			offer_back(chain, to, k, k, at);
		if (!may_pass(chain, steps, k))
			chain->kept_ends.alive[k + 1] =
				chain->fresh_ends.alive[k + 1] = false;
	}
}

/*
 * The rows before those of the call before, sorted as they were; rows of one
 * instant in one call.
 */
void
affinity_chain_spaced_back(AffinitySpaced *chain, const AffinityEvent *event,
						   int64_t n)
{
	bool		rows = by_row(chain);

	while (n > 0)
	{
		int64_t		i = n - 1;

		if (rows)
			back_row(chain, event[i].steps, event[i].at);
		else
		{
			while (i > 0 && event[i - 1].at == event[i].at)
				i--;
			back_instant(chain, event + i, n - i);
		}
		n = i;
	}
}

/* The times of the longest chain, after the second look. */
const int64_t *
affinity_chain_spaced_times(const AffinitySpaced *chain)
{
	return chain->fresh_ends.alive[1] ? chain->fresh_ends.at[1] :
		chain->kept_ends.at[1];
}
