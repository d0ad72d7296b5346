/*
 * optional.c
 *		The best chain of a funnel with optional steps, and with rows that are
 *		excluded between some of its steps only.
 *
 * A chain takes rows in order of time, each for a later step than the one
 * before, none later than a window after the first; it may leave out optional
 * steps, no others. The best is the one whose last step is furthest; of those
 * the one with most steps, then the one that is complete first, then the one
 * that started last, then the one whose rows are earliest (a step taken
 * before one left out).
 *
 * As in chain.c one look at each row is enough: of two chains with the same
 * last step and equally many optional steps, the one that started later can
 * do all that the other can. So for each last step and each number of
 * optional steps the chain with the latest start is kept (of those the one
 * with the earliest rows).
 *
 * Rows of one instant may be taken in any order: for steps j + 1 to k taken
 * at one instant those that must be taken are matched to rows, and then as
 * many optional ones as can be, from the first on (sets of steps that can be
 * matched are a matroid, so greedy is best). Modes that ask what lies between
 * two steps take rows as they are sorted.
 *
 * The caller owns all memory; no call keeps a pointer but those of begin.
 */
#include "chain/optional.h"
#include "chain/places.h"

#include <string.h>

#define BIT(step) AFFINITY_STEP_BIT(step)
#define ALL (~UINT64_C(0))

static inline int
n_steps_of(const AffinityOptionalChain *chain)
{
	return chain->rule->chain.n_steps;
}

/*
 * A chain: the set of its steps (0: there is none), then the time of each.
 */
static inline int64_t *
slot(const AffinityOptionalChain *chain, int64_t *set, int k, int m)
{
	size_t		n = (size_t) n_steps_of(chain);

	return set + (((size_t) k - 1) * ((size_t) chain->n_optional + 1) +
				  (size_t) m) * (n + 1);
}

static size_t
set_length(int n_steps, int n_optional)
{
	return (size_t) n_steps * ((size_t) n_optional + 1) *
		((size_t) n_steps + 1);
}

size_t
affinity_chain_optional_memory(const AffinityOptionalRule *rule)
{
	int			n = rule->chain.n_steps;
	size_t		set = set_length(n, __builtin_popcountll(rule->optional));

	return sizeof(int64_t) * (2 * set + (size_t) n);
}

void
affinity_chain_optional_begin(AffinityOptionalChain *chain,
							  const AffinityOptionalRule *rule,
							  void *memory)
{
	int			n = rule->chain.n_steps;
	size_t		set;

	chain->rule = rule;
	chain->n_optional = __builtin_popcountll(rule->optional);
	chain->level = chain->n_taken = 0;
	chain->taken = 0;
	chain->last_at = 0;
	set = set_length(n, chain->n_optional);
	chain->kept = memory;
	chain->fresh = chain->kept + set;
	chain->tie = (uint64_t *) (chain->fresh + set);
	for (int k = 1; k <= n; k++)
		for (int m = 0; m <= chain->n_optional; m++)
			slot(chain, chain->kept, k, m)[0] =
				slot(chain, chain->fresh, k, m)[0] = 0;
}

/* Steps j + 1 to k. */
static inline uint64_t
steps_between(int j, int k)
{
	return affinity_chain_low_steps(k) & ~affinity_chain_low_steps(j);
}

/* The last step up to k that must be taken; step 1 must. */
static inline int
required_before(const AffinityOptionalChain *chain, int k)
{
	return 64 - __builtin_clzll(affinity_chain_low_steps(k) &
								~chain->rule->optional);
}

/* The first step after k that must be taken, or the last there is. */
static inline int
required_after(const AffinityOptionalChain *chain, int k)
{
	int			n = n_steps_of(chain);
	uint64_t	later = steps_between(k, n) & ~chain->rule->optional;

	return later == 0 ? n : __builtin_ctzll(later) + 1;
}

/* Of two chains, both with the steps that a slot asks for: is a preferred? */
static bool
is_preferred(const int64_t *a, const int64_t *b, int n)
{
	uint64_t	taken_a = (uint64_t) a[0];
	uint64_t	taken_b = (uint64_t) b[0];

	if (a[1] != b[1])
		return a[1] > b[1];
	for (int k = 2; k <= n; k++)
	{
		bool		in_a = (taken_a & BIT(k)) != 0;
		bool		in_b = (taken_b & BIT(k)) != 0;

		if (in_a != in_b)
			return in_a;
		if (in_a && a[k] != b[k])
			return a[k] < b[k];
	}
	return false;
}

/* A chain that is complete just now: is it the best? */
static void
look(AffinityOptionalChain *chain, const int64_t *candidate, int k, int m)
{
	int64_t		best[AFFINITY_MAX_STEPS + 1];
	int			n = n_steps_of(chain);

	if (k < chain->level || (k == chain->level && m < chain->n_taken))
		return;
	if (k == chain->level && m == chain->n_taken)
	{
		if (candidate[k] != chain->best[k - 1])
			return;
		best[0] = (int64_t) chain->taken;
		memcpy(best + 1, chain->best, sizeof(int64_t) * (size_t) n);
		if (!is_preferred(candidate, best, n))
			return;
	}
	chain->level = k;
	chain->n_taken = m;
	chain->taken = (uint64_t) candidate[0];
	memcpy(chain->best, candidate + 1, sizeof(int64_t) * (size_t) n);
}

/*
 * Continue the chain with last step j and m optional steps (j = 0: begin one)
 * by `steps`, the last of which is k, all at one time.
 */
static void
offer(AffinityOptionalChain *chain, int64_t *to_set, int k, int j, int m,
	  uint64_t steps, int64_t at)
{
	int64_t		candidate[AFFINITY_MAX_STEPS + 1];
	int			n = n_steps_of(chain);
	int			more = __builtin_popcountll(steps & chain->rule->optional);
	int64_t    *to;

	if (j == 0 && !affinity_chain_may_begin(&chain->rule->chain, at))
		return;
	if (j == 0)
		memset(candidate, 0, sizeof(int64_t) * ((size_t) n + 1));
	else
	{
		const int64_t *from = slot(chain, chain->kept, j, m);

		if (from[0] == 0 ||
			!affinity_chain_in_window(&chain->rule->chain, from[1], at))
			return;
		memcpy(candidate, from, sizeof(int64_t) * ((size_t) n + 1));
	}
	candidate[0] = (int64_t) ((uint64_t) candidate[0] | steps);
	for (; steps != 0; steps &= steps - 1)
		candidate[__builtin_ctzll(steps) + 1] = at;
	to = slot(chain, to_set, k, m + more);
	if (to[0] != 0 && !is_preferred(candidate, to, n))
		return;
	memcpy(to, candidate, sizeof(int64_t) * ((size_t) n + 1));
	look(chain, candidate, k, m + more);
}

static void
offer_all(AffinityOptionalChain *chain, int64_t *to_set, int k, int j,
		  uint64_t steps, int64_t at)
{
	if (j == 0)
		offer(chain, to_set, k, 0, 0, steps, at);
	else
		for (int m = 0; m <= chain->n_optional -
			 __builtin_popcountll(steps & chain->rule->optional); m++)
			offer(chain, to_set, k, j, m, steps, at);
}

/* One step for a row: from the last step down, so that no row serves two. */
static void
take_one(AffinityOptionalChain *chain, uint64_t steps, int64_t at)
{
	for (; steps != 0; steps &= ~BIT(64 - __builtin_clzll(steps)))
	{
		int			k = 64 - __builtin_clzll(steps);
		int			j = k > 1 ? required_before(chain, k - 1) : 0;

		do
			offer_all(chain, chain->kept, k, j, BIT(k), at);
		while (++j < k);
	}
}

/*
 * Rows of one instant: for each step a bit for every row that satisfies it.
 * Rows that cannot have a step beside those before are left out: whatever
 * steps all rows can have, the others can (Mendelsohn and Dulmage 1958), and
 * there are no more of them than steps. Returns the steps that have a row.
 */
static uint64_t
read_tie(AffinityOptionalChain *chain, const AffinityEvent *event, int64_t n)
{
	int			n_steps = n_steps_of(chain);
	uint64_t	all = affinity_chain_low_steps(n_steps);
	AffinityPlaces steps;
	int			n_rows = 0;
	uint64_t	any = 0;

	affinity_chain_places_clear(&steps);
	memset(chain->tie, 0, sizeof(uint64_t) * (size_t) n_steps);
	for (int64_t i = 0; i < n; i++)
	{
		uint64_t	of_row = event[i].steps & all;

		any |= of_row;
		if (n_rows == n_steps || !affinity_chain_place(&steps, of_row, ALL))
			continue;
		for (uint64_t rest = of_row; rest != 0; rest &= rest - 1)
			chain->tie[__builtin_ctzll(rest)] |= UINT64_C(1) << n_rows;
		n_rows++;
	}
	return any;
}

/*
 * The steps that a chain with last step j may take at one instant up to step
 * k, which it must; 0 if it cannot.
 */
static uint64_t
tie_steps(const AffinityOptionalChain *chain, int j, int k, uint64_t any)
{
	uint64_t	between = steps_between(j, k);
	uint64_t	must = (between & ~chain->rule->optional) | BIT(k);
	uint64_t	may = between & chain->rule->optional & ~BIT(k) & any;
	uint64_t	steps = must;
	AffinityPlaces rows;

	if ((must & ~any) != 0)
		return 0;
	if ((chain->rule->chain.mode & AFFINITY_CHAIN_SAME_ROW) != 0)
		return must | may;
	affinity_chain_places_clear(&rows);
	for (; must != 0; must &= must - 1)
		if (!affinity_chain_place(&rows, chain->tie[__builtin_ctzll(must)],
								  ALL))
			return 0;
	for (; may != 0; may &= may - 1)
		if (affinity_chain_place(&rows, chain->tie[__builtin_ctzll(may)], ALL))
			steps |= may & -may;
	return steps;
}

/*
 * Rows of one instant in a mode that does not care what lies between.
 */
static void
feed_instant(AffinityOptionalChain *chain,
			 const AffinityEvent *event, int64_t n)
{
	uint64_t	any = read_tie(chain, event, n);

	if ((chain->rule->chain.mode & AFFINITY_CHAIN_INCREASE) != 0 ||
		(n == 1 && (chain->rule->chain.mode & AFFINITY_CHAIN_SAME_ROW) == 0))
	{
		take_one(chain, any, event[0].at);
		return;
	}
	/* from the last step down: what is read below k is as it was before */
	for (int k = n_steps_of(chain); k > 0; k--)
		for (int j = 0; j < k && (any & BIT(k)) != 0; j++)
		{
			uint64_t	steps = tie_steps(chain, j, k, any);

			if (steps != 0)
				offer_all(chain, chain->kept, k, j, steps, event[0].at);
		}
}

/*
 * May a row lie after step k of a chain that does not take it? The next step
 * is any up to the next that must be taken.
 */
static bool
may_pass(const AffinityOptionalChain *chain, uint64_t steps, int k)
{
	const AffinityOptionalRule *rule = chain->rule;
	uint64_t	all = affinity_chain_low_steps(rule->chain.n_steps);
	uint64_t	seen = affinity_chain_low_steps(required_after(chain, k));

	return (steps & rule->exclude_after[k]) == 0 &&
		affinity_chain_may_pass(&rule->chain, steps & all, k, seen);
}

/* Chains that took a step at an earlier time may now take the next one. */
static void
settle(AffinityOptionalChain *chain)
{
	size_t		length = (size_t) n_steps_of(chain) + 1;

	for (int k = 1; k <= n_steps_of(chain); k++)
		for (int m = 0; m <= chain->n_optional; m++)
		{
			int64_t    *fresh = slot(chain, chain->fresh, k, m);
			int64_t    *kept = slot(chain, chain->kept, k, m);

			if (fresh[0] != 0 &&
				(kept[0] == 0 || is_preferred(fresh, kept, (int) length - 1)))
				memcpy(kept, fresh, sizeof(int64_t) * length);
			fresh[0] = 0;
		}
}

/*
 * One row in a mode that cares what lies between: chains that may not pass
 * the row, and do not take it, end here.
 */
static void
feed_row(AffinityOptionalChain *chain, uint64_t steps, int64_t at)
{
	bool		increase =
		(chain->rule->chain.mode & AFFINITY_CHAIN_INCREASE) != 0;
	int64_t    *to = increase ? chain->fresh : chain->kept;

	if (increase && at != chain->last_at)
		settle(chain);
	chain->last_at = at;
	for (int k = n_steps_of(chain); k > 0; k--)
	{
		if (!may_pass(chain, steps, k))
			for (int m = 0; m <= chain->n_optional; m++)
				slot(chain, chain->kept, k, m)[0] =
					slot(chain, chain->fresh, k, m)[0] = 0;
		if ((steps & BIT(k)) == 0)
			continue;
		for (int j = k > 1 ? required_before(chain, k - 1) : 0; j < k; j++)
		{
			if ((steps & chain->rule->exclude_after[j]) == 0)
				offer_all(chain, to, k, j, BIT(k), at);
		}
	}
}

/*
 * The next rows, sorted by affinity_chain_event_before. Rows of one instant
 * must come in one call. Returns false once no further row can change the
 * result.
 */
bool
affinity_chain_optional_feed(AffinityOptionalChain *chain,
							 const AffinityEvent *event, int64_t n)
{
	int			n_steps = n_steps_of(chain);
	bool		by_row = chain->rule->excludes ||
		(chain->rule->chain.mode & AFFINITY_CHAIN_BETWEEN) != 0;
	int64_t		i = 0;

	while (i < n)
	{
		int64_t		end = i + 1;

		/* a complete chain gives way only to one of the same instant */
		if (chain->level == n_steps && chain->n_taken == chain->n_optional &&
			event[i].at != chain->best[n_steps - 1])
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
