/*
 * chain/chain.c and pattern.c, against trying everything on
 * small random logs.
 */
#include "chain/chain.h"
#include "chain/pattern.h"
#include "tap.h"

#define MOST_EVENTS 7

static AffinityEvent event[MOST_EVENTS];
static int	n_events;

static int
by_order(const void *a, const void *b)
{
	return affinity_chain_event_before(a, b) ? -1 :
		affinity_chain_event_before(b, a);
}

static void
random_log(int n_steps)
{
	n_events = (int) random_below(MOST_EVENTS + 1);
	for (int i = 0; i < n_events; i++)
	{
		event[i].at = (int64_t) random_below(8) - 3;
		event[i].steps = 0;
		for (int s = 0; s < n_steps; s++)
			event[i].steps |= (uint64_t) (random_below(3) == 0) << s;
	}
	qsort(event, n_events, sizeof(AffinityEvent), by_order);
}

/* ---- funnels ----------------------------------------------------------- */

static const AffinityChainRule *rule;
static int	deepest;
static int64_t earliest;		/* when a chain that deep is complete first */

/* Every way to go on from a chain of depth steps. */
static void
try_chains(int depth, uint32_t used, int64_t first, int64_t last)
{
	if (depth > deepest || (depth == deepest && last < earliest))
	{
		deepest = depth;
		earliest = last;
	}
	if (depth == rule->n_steps)
		return;
	for (int i = 0; i < n_events; i++)
	{
		int64_t		start = depth == 0 ? event[i].at : first;

		if ((used >> i & 1) || !(event[i].steps >> depth & 1))
			continue;
		if (depth > 0 && (event[i].at < last ||
						  ((rule->mode & AFFINITY_CHAIN_INCREASE) &&
						   event[i].at == last)))
			continue;
		if ((uint64_t) (event[i].at - start) > rule->window)
			continue;
		try_chains(depth + 1, used | UINT32_C(1) << i, start, event[i].at);
	}
}

static void
test_chains(uint32_t mode, const char *name)
{
	static AffinityChain chain;
	int			wrong = 0;

	for (int t = 0; t < 4000; t++)
	{
		AffinityChainRule r = {
			.window = random_below(7), .mode = mode,
			.n_steps = 1 + (int) random_below(4)
		};

		rule = &r;
		random_log(r.n_steps);
		deepest = 0;
		earliest = INT64_MIN;
		try_chains(0, 0, 0, INT64_MIN);
		affinity_chain_begin(&chain, &r);
		for (int from = 0, n; from < n_events; from += n)
		{
			n = 1 + (int) random_below(3);
			if (n > n_events - from)
				n = n_events - from;
			/* rows of one instant come together */
			while (from + n < n_events &&
				   event[from + n].at == event[from + n - 1].at)
				n++;
			if (!affinity_chain_feed(&chain, event + from, n))
				break;
		}
		wrong += chain.level != deepest ||
			(deepest > 0 && chain.best[deepest - 1] != earliest);
	}
	ok(wrong == 0, "longest chains, %s: %d of 4000 wrong", name, wrong);
}

/* ---- sequences --------------------------------------------------------- */

static const AffinityPattern *pattern;

/* Does the pattern match with its step j at event x, all within [from, …)? */
static bool
matches_at(int j, int x, int from)
{
	const AffinityPatternStep *step = &pattern->step[j];

	if (step->condition >= 0 && !(event[x].steps >> step->condition & 1))
		return false;
	if (j == 0)
		return true;
	for (int y = from; y < x; y++)
	{
		uint64_t	time = (uint64_t) (event[x].at - event[y].at);

		if (step->gap ? time < step->least || time > step->most : y != x - 1)
			continue;
		if (matches_at(j - 1, y, from))
			return true;
	}
	return false;
}

static void
random_pattern(AffinityPattern *p)
{
	p->n_steps = 1 + (int) random_below(4);
	for (int j = 0; j < p->n_steps; j++)
	{
		AffinityPatternStep *step = &p->step[j];

		step->condition = (int) random_below(4) - 1;
		step->gap = random_below(3) > 0;
		step->least = 0;
		step->most = UINT64_MAX;
		if (step->gap && random_below(3) == 0)
			step->least = random_below(4);
		if (step->gap && random_below(3) == 0)
			step->most = step->least + random_below(3);
	}
}

/* The times of a match that was walked back: do they fit the pattern? */
static bool
walk_fits(AffinityMatcher *m, int n_steps)
{
	int64_t		before = -1;

	affinity_chain_match_back_begin(m, n_steps, n_events);
	affinity_chain_match_back(m, 0, n_events, n_events);
	for (int j = 0; j < n_steps; j++)
	{
		const AffinityPatternStep *step = &pattern->step[j];
		int64_t		x = affinity_chain_match_walk(m, j, before, n_events);

		if (x <= before || x >= n_events ||
			(step->condition >= 0 && !(event[x].steps >> step->condition & 1)))
			return false;
		if (j > 0 && !step->gap && x != before + 1)
			return false;
		if (j > 0 && step->gap &&
			((uint64_t) (event[x].at - event[before].at) < step->least ||
			 (uint64_t) (event[x].at - event[before].at) > step->most))
			return false;
		before = x;
	}
	return true;
}

static void
test_patterns(void)
{
	static AffinityPattern p;
	static AffinityMatcher m;
	uint64_t	ends[MOST_EVENTS];
	int			wrong_count = 0;
	int			wrong_longest = 0;
	int			wrong_walk = 0;

	pattern = &p;
	for (int t = 0; t < 4000; t++)
	{
		int64_t		count = 0;
		int			longest = 0;
		int			from = 0;

		random_log(3);
		random_pattern(&p);
		for (int x = 0; x < n_events; x++)
		{
			for (int j = 0; j < p.n_steps; j++)
				if (j + 1 > longest && matches_at(j, x, 0))
					longest = j + 1;
			if (matches_at(p.n_steps - 1, x, from))
			{
				count++;
				from = x + 1;
			}
		}
		affinity_chain_match_begin(&m, &p, event, ends);
		affinity_chain_match_forward(&m, 0, n_events / 2, true);
		affinity_chain_match_forward(&m, n_events / 2, n_events, true);
		wrong_count += m.count != count;
		affinity_chain_match_begin(&m, &p, event, ends);
		affinity_chain_match_forward(&m, 0, n_events, false);
		wrong_longest += m.longest != longest;
		wrong_walk += longest > 0 && !walk_fits(&m, longest);
	}
	ok(wrong_count == 0, "matches without overlap: %d of 4000 wrong",
	   wrong_count);
	ok(wrong_longest == 0, "longest part of a pattern: %d of 4000 wrong",
	   wrong_longest);
	ok(wrong_walk == 0, "its events: %d of 4000 wrong", wrong_walk);
}

int
main(void)
{
	test_chains(0, "any order within an instant");
	test_chains(AFFINITY_CHAIN_INCREASE, "later and later");
	test_patterns();
	return done();
}
