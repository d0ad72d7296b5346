/*
 * chain/spaced.c, and chains that begin with the first row that may begin one:
 * against trying everything on small random logs.
 */
#include "chain/spaced.h"
#include "tap.h"

#define MOST_EVENTS 8
#define LOGS 6000

static AffinityEvent event[MOST_EVENTS];
static int	n_events;

static int
by_order(const void *a, const void *b)
{
	return affinity_chain_event_before(a, b) ? -1 :
		affinity_chain_event_before(b, a);
}

static void
random_log(int n_conditions, int n_steps)
{
	int64_t		from = random_below(8) == 0 ? INT64_MIN : -3;
	uint32_t	rare = 2 + random_below(3);

	n_events = (int) random_below(MOST_EVENTS + 1);
	for (int i = 0; i < n_events; i++)
	{
		event[i].at = from + (int64_t) random_below(9);
		if (from == INT64_MIN && random_below(3) == 0)
			event[i].at = INT64_MAX - (int64_t) random_below(3);
		event[i].steps = 0;
		for (int s = 0; s < n_conditions; s++)
			event[i].steps |= (uint64_t)
				(random_below(s < n_steps ? rare : 6) == 0) << s;
	}
	qsort(event, (size_t) n_events, sizeof(AffinityEvent), by_order);
}

/* Where a piece of rows that ends at `end` may begin, instants whole. */
static int
piece_before(int end)
{
	int			from = end - 1 - (int) random_below(3);

	if (from < 0)
		from = 0;
	while (from > 0 && event[from].at == event[from - 1].at)
		from--;
	return from;
}

static int
piece_after(int from)
{
	int			to = from + 1 + (int) random_below(3);

	if (to > n_events)
		to = n_events;
	while (to < n_events && event[to].at == event[to - 1].at)
		to++;
	return to;
}

/* ---- trying everything ------------------------------------------------- */

static const AffinitySpacedRule *rule;
static bool one_window;			/* that of the chain, not those of the steps */
static int	deepest;
static int64_t best[AFFINITY_MAX_STEPS];

static bool
is_better(int depth, const int64_t *at)
{
	if (depth != deepest || depth == 0)
		return depth > deepest;
	if (at[depth - 1] != best[depth - 1])
		return at[depth - 1] < best[depth - 1];
	if (at[0] != best[0])
		return at[0] > best[0];
	for (int i = 1; i < depth; i++)
		if (at[i] != best[i])
			return at[i] < best[i];
	return false;
}

/* May row i come after row `last`, which is step k, with what lies between? */
static bool
may_follow(int last, int i, int k)
{
	const AffinityChainRule *chain = &rule->steps.chain;
	bool		by_row = rule->steps.excludes ||
		(chain->mode & AFFINITY_CHAIN_BETWEEN) != 0;

	if (event[i].steps & rule->steps.exclude_after[k])
		return false;
	if (k == 0)
		return true;
	if (event[i].at < event[last].at || ((chain->mode & AFFINITY_CHAIN_INCREASE)
										 && event[i].at == event[last].at))
		return false;
	if (!by_row)
		return true;
	for (int x = last + 1; x < i; x++)
		if ((event[x].steps & rule->steps.exclude_after[k]) ||
			!affinity_chain_may_pass(chain, event[x].steps &
									 affinity_chain_low_steps(chain->n_steps), k,
									 affinity_chain_low_steps(k + 1)))
			return false;
	return i > last;
}

static void
try_chains(int depth, uint32_t used, int last, int64_t *at)
{
	const AffinityChainRule *chain = &rule->steps.chain;
	bool		same_row = (chain->mode & AFFINITY_CHAIN_SAME_ROW) != 0 &&
		(chain->mode & AFFINITY_CHAIN_INCREASE) == 0;

	if (is_better(depth, at))
	{
		deepest = depth;
		memcpy(best, at, sizeof(int64_t) * (size_t) depth);
	}
	if (depth == chain->n_steps)
		return;
	for (int i = 0; i < n_events; i++)
	{
		if ((!same_row && (used >> i & 1)) || !(event[i].steps >> depth & 1) ||
			!may_follow(last, i, depth))
			continue;
		if (depth == 0 ? !affinity_chain_may_begin(chain, event[i].at) :
			one_window ?
			(uint64_t) event[i].at - (uint64_t) at[0] > chain->window :
			(uint64_t) event[i].at - (uint64_t) at[depth - 1] >
			rule->most[depth])
			continue;
		at[depth] = event[i].at;
		try_chains(depth + 1, used | UINT32_C(1) << i, i, at);
	}
}

/* ---- a rule by chance --------------------------------------------------- */

/* Exclusions: of no condition, everywhere, or between two steps. */
static void
random_rule(AffinitySpacedRule *r, uint32_t mode, int exclusions)
{
	int			n = 1 + (int) random_below(4);

	memset(r, 0, sizeof(*r));
	r->steps.chain.mode = mode;
	r->steps.chain.n_steps = n;
	r->steps.chain.window = random_below(12);
	for (int k = 1; k < n; k++)
		r->most[k] = random_below(4) == 0 ? UINT64_MAX : random_below(6);
	if (exclusions > 0)
	{
		int			after = exclusions == 1 ? 0 : (int) random_below((uint32_t) n);
		int			before = exclusions == 1 ? n :
			after + 1 + (int) random_below((uint32_t) (n - after));

		r->steps.excludes = true;
		for (int k = after; k < before; k++)
			r->steps.exclude_after[k] = AFFINITY_STEP_BIT(n + 1);
		if (exclusions == 1)
			r->steps.chain.exclude = AFFINITY_STEP_BIT(n + 1);
	}
	random_log(n + 1, n);
	if (exclusions == 0)
		for (int i = 0; i < n_events; i++)
			event[i].steps &= affinity_chain_low_steps(n);
	if (exclusions == 0)
		qsort(event, (size_t) n_events, sizeof(AffinityEvent), by_order);
}

/* Half of the rules: the first row that may begin a chain must. */
static void
begin_with_first(AffinitySpacedRule *r)
{
	AffinityChainRule *chain = &r->steps.chain;

	if (random_below(2) == 0)
		return;
	chain->first_only = true;
	chain->first_at = 77;
	for (int i = n_events - 1; i >= 0; i--)
		if ((event[i].steps & 1) &&
			!(event[i].steps & r->steps.exclude_after[0]))
			chain->first_at = event[i].at;
}

static bool
is_best(int level, const int64_t *at)
{
	return level == deepest &&
		memcmp(at, best, sizeof(int64_t) * (size_t) level) == 0;
}

static void
find_best(const AffinitySpacedRule *r, bool window)
{
	int64_t		at[AFFINITY_MAX_STEPS];

	rule = r;
	one_window = window;
	deepest = 0;
	try_chains(0, 0, -1, at);
}

static AffinitySpaced spaced;

static void
run_spaced(const AffinitySpacedRule *r)
{
	int			end = n_events;

	affinity_chain_spaced_begin(&spaced, r);
	for (int from = 0, to; from < n_events; from = to)
	{
		to = piece_after(from);
		if (!affinity_chain_spaced_feed(&spaced, event + from, to - from))
			break;
	}
	affinity_chain_spaced_back_begin(&spaced);
	while (end > 0 && event[end - 1].at > spaced.last)
		end--;
	for (int from; end > 0 && event[end - 1].at >= spaced.first; end = from)
	{
		from = piece_before(end);
		while (event[from].at < spaced.first)
			from++;
		affinity_chain_spaced_back(&spaced, event + from, end - from);
	}
}

static void
test_spaced(uint32_t mode, int exclusions, const char *name)
{
	int			wrong = 0;

	for (int t = 0; t < LOGS; t++)
	{
		AffinitySpacedRule r;

		random_rule(&r, mode, exclusions);
		begin_with_first(&r);
		find_best(&r, false);
		run_spaced(&r);
		wrong += spaced.level != deepest || (deepest > 0 &&
											 !is_best(spaced.level, affinity_chain_spaced_times(&spaced)));
	}
	ok(wrong == 0, "windows of steps, %s: %d of %d wrong", name, wrong, LOGS);
}

/* chain.c and optional.c, of chains that begin with the first row. */
static void
test_first(uint32_t mode, int exclusions, const char *name)
{
	static AffinityChain chain;
	static AffinityOptionalChain optional;
	int			wrong = 0;

	for (int t = 0; t < LOGS; t++)
	{
		AffinitySpacedRule r;
		void	   *memory;
		int			level;

		random_rule(&r, mode, exclusions);
		begin_with_first(&r);
		find_best(&r, true);
		affinity_chain_begin(&chain, &r.steps.chain);
		memory = malloc(affinity_chain_optional_memory(&r.steps));
		affinity_chain_optional_begin(&optional, &r.steps, memory);
		for (int from = 0, to; from < n_events; from = to)
		{
			to = piece_after(from);
			if (exclusions == 2 ?
				!affinity_chain_optional_feed(&optional, event + from, to - from) :
				!affinity_chain_feed(&chain, event + from, to - from))
				break;
		}
		level = exclusions == 2 ? optional.level : chain.level;
		wrong += level != deepest ||
			!is_best(level, exclusions == 2 ? optional.best : chain.best);
		free(memory);
	}
	ok(wrong == 0, "first attempts, %s: %d of %d wrong", name, wrong, LOGS);
}

int
main(void)
{
	static const struct
	{
		uint32_t	mode;
		int			exclusions;
		const char *name;
	}			modes[] =

	{
		{0, 0, "any order within an instant"},
		{AFFINITY_CHAIN_INCREASE, 0, "later and later"},
		{AFFINITY_CHAIN_SAME_ROW, 0, "several steps of a row"},
		{AFFINITY_CHAIN_ORDER, 0, "strict order"},
		{AFFINITY_CHAIN_ORDER | AFFINITY_CHAIN_REENTRY, 0, "reentry"},
		{AFFINITY_CHAIN_ORDER | AFFINITY_CHAIN_INCREASE, 0, "strict order, later"},
		{AFFINITY_CHAIN_DEDUPLICATION, 0, "deduplication"},
		{AFFINITY_CHAIN_UNIQUE | AFFINITY_CHAIN_INCREASE, 0, "unique, later"},
		{AFFINITY_CHAIN_FIXED, 0, "fixed"},
		{AFFINITY_CHAIN_FIXED | AFFINITY_CHAIN_ORDER, 0, "adjacent"},
		{0, 1, "exclusion"},
		{AFFINITY_CHAIN_INCREASE, 1, "exclusion, later"},
		{AFFINITY_CHAIN_ORDER, 1, "exclusion, strict order"},
		{0, 2, "exclusion between steps"},
		{AFFINITY_CHAIN_INCREASE, 2, "exclusion between steps, later"},
		{AFFINITY_CHAIN_DEDUPLICATION, 2, "exclusion between, deduplication"},
	};

	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++)
	{
		test_spaced(modes[i].mode, modes[i].exclusions, modes[i].name);
		test_first(modes[i].mode, modes[i].exclusions, modes[i].name);
	}
	return done();
}
