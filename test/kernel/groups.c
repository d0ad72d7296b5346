/*
 * chain/groups.c, with places.c: against trying everything on
 * small random logs, and against the kernels of chains and of any order,
 * which are its two ends, on large ones.
 */
#include "chain/any_order.h"
#include "chain/groups.h"
#include "tap.h"

#define MOST_EVENTS 400

static AffinityEvent event[MOST_EVENTS];
static int	n_events;

static int
by_order(const void *a, const void *b)
{
	return affinity_chain_event_before(a, b) ? -1 :
		affinity_chain_event_before(b, a);
}

/* A row satisfies each of so many conditions once in `rare` times. */
static void
random_log(int most, int n_conditions, int instants, int rare)
{
	int64_t		from = random_below(8) == 0 ? INT64_MIN : -3;

	n_events = (int) random_below((uint32_t) most + 1);
	for (int i = 0; i < n_events; i++)
	{
		event[i].at = from + (int64_t) random_below((uint32_t) instants);
		if (from == INT64_MIN && random_below(2) == 0)
			event[i].at = INT64_MAX - (int64_t) random_below(3);
		event[i].steps = 0;
		for (int s = 0; s < n_conditions; s++)
			event[i].steps |= (uint64_t) (random_below((uint32_t) rare) ==
										  0) << s;
	}
	qsort(event, (size_t) n_events, sizeof(AffinityEvent), by_order);
}

/* Pieces of the log as they may come: instants whole. */
static int
piece(int from)
{
	int			n = 1 + (int) random_below(3);

	if (n > n_events - from)
		n = n_events - from;
	while (from + n < n_events && event[from + n].at == event[from + n - 1].at)
		n++;
	return n;
}

static AffinityGroups chain;

static void
run(const AffinityChainRule *rule, uint64_t groups)
{
	affinity_chain_groups_begin(&chain, rule, groups);
	for (int from = 0, n; from < n_events; from += n)
	{
		n = piece(from);
		if (!affinity_chain_groups_feed(&chain, event + from, n))
			break;
	}
}

/* ---- trying everything ------------------------------------------------- */

static const AffinityChainRule *rule;
static uint64_t group_of[AFFINITY_MAX_STEPS];
static int	deepest;
static int64_t earliest[AFFINITY_MAX_STEPS];

static void
read_groups(int n_steps, uint64_t groups)
{
	for (int s = 0; s < n_steps; s++)
	{
		group_of[s] = UINT64_C(1) << s;
		if (s > 0 && (groups >> s & 1))
			group_of[s] |= group_of[s - 1];
	}
	for (int s = n_steps - 2; s >= 0; s--)
		if (groups >> (s + 1) & 1)
			group_of[s] = group_of[s + 1];
}

static bool
is_better(int depth, const int64_t *at)
{
	if (depth != deepest || depth == 0)
		return depth > deepest;
	if (at[depth - 1] != earliest[depth - 1])
		return at[depth - 1] < earliest[depth - 1];
	if (at[0] != earliest[0])
		return at[0] > earliest[0];
	for (int i = 1; i < depth; i++)
		if (at[i] != earliest[i])
			return at[i] < earliest[i];
	return false;
}

static bool
excluded_between(int from, int to)
{
	for (int i = from + 1; i < to; i++)
		if (event[i].steps & rule->exclude)
			return true;
	return false;
}

/*
 * Every way to go on with steps `taken` from rows `used`, the last one
 * `last`.
 */
static void
try_groups(uint64_t taken, uint32_t used, int last, int depth, int64_t *at)
{
	bool		ordered = rule->exclude != 0;

	if (is_better(depth, at))
	{
		deepest = depth;
		memcpy(earliest, at, sizeof(int64_t) * (size_t) depth);
	}
	for (int s = 0; s < rule->n_steps; s++)
	{
		uint64_t	before = ((UINT64_C(1) << s) - 1) & ~group_of[s];

		if ((taken >> s & 1) || (before & ~taken) != 0)
			continue;
		for (int i = 0; i < n_events; i++)
		{
			if (!(event[i].steps >> s & 1) || (event[i].steps & rule->exclude))
				continue;
			if ((used >> i & 1) && (!(rule->mode & AFFINITY_CHAIN_SAME_ROW) ||
									(rule->mode & AFFINITY_CHAIN_INCREASE)))
				continue;
			if (depth > 0)
			{
				if (event[i].at < at[depth - 1] ||
					((rule->mode & AFFINITY_CHAIN_INCREASE) &&
					 event[i].at == at[depth - 1]))
					continue;
				if ((uint64_t) event[i].at - (uint64_t) at[0] > rule->window)
					continue;
				if (ordered && (i < last || excluded_between(last, i)))
					continue;
			}
			at[depth] = event[i].at;
			try_groups(taken | UINT64_C(1) << s, used | UINT32_C(1) << i, i,
					   depth + 1, at);
		}
	}
}

static void
test_groups(uint32_t mode, bool exclude, const char *name)
{
	int			wrong = 0;
	int			complete = 0;

	for (int t = 0; t < 20000; t++)
	{
		int64_t		at[AFFINITY_MAX_STEPS];
		uint64_t	groups = random_bits();
		AffinityChainRule r = {
			.window = random_below(8) == 0 ? UINT64_MAX : random_below(7),
			.mode = mode,
			.n_steps = 1 + (int) random_below(5)
		};

		if (exclude)
			r.exclude = UINT64_C(3) << r.n_steps;
		rule = &r;
		random_log(7, r.n_steps, 1 + (int) random_below(8),
				   2 + (int) random_below(2));
		for (int i = 0; exclude && i < n_events; i++)
			if (random_below(6) == 0)
				event[i].steps |= (1 + random_bits() % 3) << r.n_steps;
		qsort(event, (size_t) n_events, sizeof(AffinityEvent), by_order);
		read_groups(r.n_steps, groups);
		deepest = 0;
		try_groups(0, 0, -1, 0, at);
		run(&r, groups);
		complete += deepest == r.n_steps;
		wrong += chain.level != deepest ||
			memcmp(chain.best, earliest, sizeof(int64_t) *
				   (size_t) deepest) != 0;
	}
	ok(wrong == 0 && complete > 2000,
	   "longest chains with groups, %s: %d of 20000 wrong, %d complete", name,
	   wrong, complete);
}

/* ---- its two ends ------------------------------------------------------ */

static AffinityChainRule
large_rule(uint32_t mode)
{
	static const int lengths[] = {1, 2, 7, 30, 63, 64};
	AffinityChainRule r = {
		.window = random_below(4) == 0 ? UINT64_MAX : random_below(60),
		.mode = mode,
		.n_steps = lengths[random_below(6)]
	};

	return r;
}

static void
test_no_group(uint32_t mode, const char *name)
{
	static AffinityChain plain;
	int			wrong = 0;

	for (int t = 0; t < 1000; t++)
	{
		AffinityChainRule r = large_rule(mode);

		random_log(MOST_EVENTS, r.n_steps, 1 + (int) random_below(60),
				   1 + r.n_steps / (1 + (int) random_below(4)));
		run(&r, 0);
		affinity_chain_begin(&plain, &r);
		affinity_chain_feed(&plain, event, n_events);
		wrong += plain.level != chain.level ||
			memcmp(plain.best, chain.best,
				   sizeof(int64_t) * (size_t) plain.level) != 0;
	}
	ok(wrong == 0, "no group is a chain, %s: %d of 1000 wrong", name, wrong);
}

static void
test_one_group(uint32_t mode, const char *name)
{
	static AffinityAnyOrder any;
	int			wrong = 0;

	for (int t = 0; t < 1000; t++)
	{
		AffinityChainRule r = large_rule(mode);
		int64_t		at[AFFINITY_MAX_STEPS];
		int			n_times = 0;
		int64_t		first;

		random_log(MOST_EVENTS, r.n_steps, 1 + (int) random_below(60),
				   1 + r.n_steps / (1 + (int) random_below(4)));
		run(&r, ~UINT64_C(0));
		affinity_chain_any_begin(&any, &r);
		affinity_chain_any_feed(&any, event, n_events);
		first = any.first;
		while (first > 0 && event[first - 1].at == any.first_at)
			first--;
		affinity_chain_any_times_begin(&any);
		if (any.level > 0)
			n_times = affinity_chain_any_times(&any, event + first, n_events -
											   first, at, 0);
		wrong += any.level != chain.level || n_times != chain.level ||
			memcmp(at, chain.best, sizeof(int64_t) * (size_t) n_times) != 0;
	}
	ok(wrong == 0, "one group is any order, %s: %d of 1000 wrong", name, wrong);
}

/* Things that had a place keep one; a thing without one had none to get. */
static void
test_places(void)
{
	int			wrong = 0;

	for (int t = 0; t < 20000; t++)
	{
		AffinityPlaces p;
		uint64_t	thing[8];
		uint64_t	got = 0;

		affinity_chain_places_clear(&p);
		for (int i = 0; i < 8; i++)
		{
			uint64_t	subset;
			bool		blocked = false;

			thing[i] = random_bits() & random_bits() & 31;
			/* Hall 1935: with those that have one, too many for their places */
			for (subset = 0; subset < UINT64_C(1) << i; subset++)
			{
				uint64_t	places = thing[i];

				if (subset & ~got)
					continue;
				for (int k = 0; k < i; k++)
					if (subset >> k & 1)
						places |= thing[k];
				blocked = blocked || __builtin_popcountll(subset) + 1 >
					__builtin_popcountll(places);
			}
			if (affinity_chain_place(&p, thing[i], ~UINT64_C(0)))
				got |= UINT64_C(1) << i;
			wrong += (got >> i & 1) == (uint64_t) blocked ||
				__builtin_popcountll(got) != __builtin_popcountll(p.taken);
		}
	}
	ok(wrong == 0, "places, by Hall's theorem: %d wrong", wrong);
}

int
main(void)
{
	test_places();
	test_groups(0, false, "any order within an instant");
	test_groups(AFFINITY_CHAIN_INCREASE, false, "later and later");
	test_groups(AFFINITY_CHAIN_SAME_ROW, false, "a row for several steps");
	test_groups(AFFINITY_CHAIN_SAME_ROW | AFFINITY_CHAIN_INCREASE, false,
				"a row for several steps, later and later");
	test_groups(0, true, "excluded rows");
	test_groups(AFFINITY_CHAIN_INCREASE, true, "excluded rows, later and later");
	test_no_group(0, "any order within an instant");
	test_no_group(AFFINITY_CHAIN_INCREASE, "later and later");
	test_no_group(AFFINITY_CHAIN_SAME_ROW, "a row for several steps");
	test_one_group(0, "within an instant");
	test_one_group(AFFINITY_CHAIN_INCREASE, "later and later");
	test_one_group(AFFINITY_CHAIN_SAME_ROW, "a row for several steps");
	return done();
}
