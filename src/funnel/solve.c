/*
 * solve.c
 *		The best chain of each user of a log.
 *
 * A funnel without options goes through chain/chain.c; those with optional
 * steps, exclusions between some steps, and any order of all steps or of
 * groups of them each through their own file of chain/, as do those with a
 * window for each step. With a held property the best chain of a user's
 * properties counts. What "best" means is the same everywhere: the furthest
 * last step, then most steps, then complete first, then started last, then
 * earliest rows.
 *
 * Of the first attempt only what begins at the time of the first row that may
 * begin a chain counts: chains of other starts are not begun; and of any order
 * only the rows within the window from there on are looked at, as the largest
 * set of them can have that row too. Of the values of a held property the one
 * counts that such a row has first.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "port/pg_bitutils.h"
#include "utils/memutils.h"

#include "chain/any_order.h"
#include "chain/groups.h"
#include "funnel/funnel.h"

/* Rows between two looks for interrupts. */
#define EVENTS_AT_ONCE 65536
#define GROUPS_AT_ONCE 4096

/* A row can cost 10 ms where all of 64 steps are optional and it fits all. */
#define OPTIONAL_AT_ONCE 8

struct FunnelSolver
{
	/* of the log that is read */
	AffinitySpacedRule rule;
	bool		any_order;
	bool		spaced;
	bool		first;			/* the first attempt only */
	bool		holds;			/* best and user are in use */
	uint64		begin;			/* conditions of rows that begin a chain, */
	uint64		never;			/* unless they satisfy one of these */
	uint64		groups;			/* steps in a group with the one before */
	void	   *memory;			/* of chain/optional.c, or NULL */
	FunnelResultUse use;
	void	   *arg;
	EventUserId user;			/* the one whose best chain so far is best */
	FunnelResult best;
	bool		has_user;
	int64		best_at[AFFINITY_MAX_STEPS];
	int64		any_at[AFFINITY_MAX_STEPS]; /* of any_order */
	int64		first_at[AFFINITY_MAX_STEPS];	/* and its first attempt */
	union
	{
		AffinityChain chain;
		AffinityOptionalChain optional;
		AffinityAnyOrder any;
		AffinityGroups groups;
		AffinitySpaced spaced;
	}			of;
};

typedef bool (*SolverFeed) (FunnelSolver *solver, const AffinityEvent *event,
							int64 n);

/* For any number of logs, one after the other. */
FunnelSolver *
affinity_funnel_solver_create(MemoryContext context)
{
	return MemoryContextAlloc(context, sizeof(FunnelSolver));
}

/*
 * The conditions that a row must satisfy to begin a chain: the first step, or
 * one of those that may be taken first.
 */
static uint64
begin_steps(const FunnelSolver *solver, int n_steps)
{
	int			n = 1;

	if (solver->any_order)
		return affinity_chain_low_steps(n_steps);
	while (n < n_steps && (solver->groups >> n & 1) != 0)
		n++;
	return affinity_chain_low_steps(n);
}

/* What the log asks for; memory is taken from the current context. */
static void
begin_log(FunnelSolver *solver, const EventLog *log)
{
	uint32		mode = affinity_eventlog_kind(log)->mode;
	AffinityOptionalRule *rule = &solver->rule.steps;
	uint32		options_len;

	affinity_eventlog_options(log, &options_len);
	solver->any_order = (mode & AFFINITY_CHAIN_ANY_ORDER) != 0;
	solver->spaced = (mode & EVENT_MODE_SPACED) != 0;
	solver->first = (mode & EVENT_MODE_FIRST) != 0;
	solver->holds = (mode & EVENT_MODE_HOLD) != 0;
	solver->groups = affinity_eventlog_groups(log);
	solver->has_user = false;
	solver->memory = NULL;
	affinity_eventlog_rule(log, &rule->chain);
	solver->never = rule->chain.exclude;
	solver->begin = begin_steps(solver, rule->chain.n_steps);
	if (solver->spaced)
		affinity_eventlog_spaced_rule(log, &solver->rule);
	else if (options_len > 0 && !solver->any_order && solver->groups == 0)
	{
		affinity_eventlog_optional_rule(log, rule);
		solver->memory = palloc(affinity_chain_optional_memory(rule));
	}
	if (solver->spaced || solver->memory != NULL)
		solver->never = rule->exclude_after[0];
	rule->chain.first_only = solver->first;
}

/*
 * Where to stop a piece of work that starts at `from`: rows of one instant
 * stay together.
 */
static int64
cut(const AffinityEvent *event, int64 n, int64 from, int64 at_once)
{
	int64		to = from + at_once;

	if (to >= n)
		return n;
	while (to < n && event[to].at == event[to - 1].at)
		to++;
	return to;
}

/* Always inline: the compiler then knows which function it calls. */
static pg_attribute_always_inline void
feed_all(FunnelSolver *solver, SolverFeed feed, const AffinityEvent *event,
		 int64 n, int64 at_once)
{
	int64		from = 0;

	while (from < n)
	{
		int64		to = cut(event, n, from, at_once);

		if (!feed(solver, event + from, to - from))
			break;
		from = to;
		CHECK_FOR_INTERRUPTS();
	}
}

/* A chain that left no step out. */
static void
set_result(FunnelResult *result, int level, const int64 *at)
{
	result->level = level;
	result->taken = affinity_chain_low_steps(level);
	result->at = at;
}

static bool
feed_chain(FunnelSolver *solver, const AffinityEvent *event, int64 n)
{
	return affinity_chain_feed(&solver->of.chain, event, n);
}

static void
solve_chain(FunnelSolver *solver, const AffinityEvent *event, int64 n,
			FunnelResult *result)
{
	AffinityChain *chain = &solver->of.chain;

	affinity_chain_begin(chain, &solver->rule.steps.chain);
	feed_all(solver, feed_chain, event, n, EVENTS_AT_ONCE);
	set_result(result, chain->level, chain->best);
}

static bool
feed_groups(FunnelSolver *solver, const AffinityEvent *event, int64 n)
{
	return affinity_chain_groups_feed(&solver->of.groups, event, n);
}

static void
solve_groups(FunnelSolver *solver, const AffinityEvent *event, int64 n,
			 FunnelResult *result)
{
	AffinityGroups *groups = &solver->of.groups;

	affinity_chain_groups_begin(groups, &solver->rule.steps.chain,
								solver->groups);
	feed_all(solver, feed_groups, event, n, GROUPS_AT_ONCE);
	set_result(result, groups->level, groups->best);
}

static bool
feed_optional(FunnelSolver *solver, const AffinityEvent *event, int64 n)
{
	return affinity_chain_optional_feed(&solver->of.optional, event, n);
}

static void
solve_optional(FunnelSolver *solver, const AffinityEvent *event, int64 n,
			   FunnelResult *result)
{
	AffinityOptionalChain *optional = &solver->of.optional;

	affinity_chain_optional_begin(optional, &solver->rule.steps,
								  solver->memory);
	feed_all(solver, feed_optional, event, n, OPTIONAL_AT_ONCE);
	set_result(result, optional->level, optional->best);
	result->taken = optional->taken;
}

static bool
feed_any_order(FunnelSolver *solver, const AffinityEvent *event, int64 n)
{
	return affinity_chain_any_feed(&solver->of.any, event, n);
}

static void
solve_any_order(FunnelSolver *solver, const AffinityEvent *event, int64 n,
				FunnelResult *result)
{
	AffinityAnyOrder *any = &solver->of.any;
	int64		first;
	int			n_times = 0;

	affinity_chain_any_begin(any, &solver->rule.steps.chain);
	feed_all(solver, feed_any_order, event, n, EVENTS_AT_ONCE);
	first = solver->first ? 0 : any->first;
	while (first > any->first_after && event[first - 1].at == any->first_at)
		first--;
	affinity_chain_any_times_begin(any);
	while (n_times < any->level)
	{
		int64		to = cut(event, n, first, EVENTS_AT_ONCE);

		n_times = affinity_chain_any_times(any, event + first, to - first,
										   solver->any_at, n_times);
		first = to;
		CHECK_FOR_INTERRUPTS();
	}
	set_result(result, any->level, solver->any_at);
}

static bool
is_better(const FunnelSolver *solver, const FunnelResult *a,
		  const FunnelResult *b)
{
	int			n_a = pg_popcount64(a->taken);
	int			n_b = pg_popcount64(b->taken);

	if (solver->first && a->level > 0 && b->level > 0 && a->at[0] != b->at[0])
		return a->at[0] < b->at[0];
	if (a->level != b->level || n_a != n_b || a->level == 0)
		return a->level > b->level || (a->level == b->level && n_a > n_b);
	if (a->at[a->level - 1] != b->at[b->level - 1])
		return a->at[a->level - 1] < b->at[b->level - 1];
	if (a->at[0] != b->at[0])
		return a->at[0] > b->at[0];
	for (int i = 1; i < a->level; i++)
	{
		bool		in_a = (a->taken >> i & 1) != 0;
		bool		in_b = (b->taken >> i & 1) != 0;

		if (in_a != in_b)
			return in_a;
		if (in_a && a->at[i] != b->at[i])
			return a->at[i] < b->at[i];
	}
	return false;
}

static bool
begins(const FunnelSolver *solver, const AffinityEvent *event)
{
	return (event->steps & solver->begin) != 0 &&
		(event->steps & solver->never) == 0;
}

/*
 * The first attempt in any order, from the first row, which may begin it: the
 * largest set in the window from there on, up to an excluded row. Rows of the
 * first instant that come after such a row may begin it as well.
 */
static void
solve_any_first(FunnelSolver *solver, const AffinityEvent *event, int64 n,
				FunnelResult *best)
{
	const AffinityChainRule *rule = &solver->rule.steps.chain;
	int64		end;

	set_result(best, 0, solver->first_at);
	for (int64 i = 0; i < n && event[i].at == event[0].at; i = end + 1)
	{
		FunnelResult result;

		end = i;
		if (!begins(solver, &event[i]))
			continue;
		while (end < n && (event[end].steps & solver->never) == 0 &&
			   affinity_chain_in_window(rule, event[0].at, event[end].at))
			affinity_base_look_up((uint64) end++);
		solve_any_order(solver, event + i, end - i, &result);
		if (!is_better(solver, &result, best))
			continue;
		memcpy(solver->first_at, result.at,
			   sizeof(int64) * (Size) result.level);
		set_result(best, result.level, solver->first_at);
	}
}

static bool
feed_spaced(FunnelSolver *solver, const AffinityEvent *event, int64 n)
{
	return affinity_chain_spaced_feed(&solver->of.spaced, event, n);
}

/* How many of the rows come before that time, or not after it. */
static int64
rows_before(const AffinityEvent *event, int64 n, int64 at, bool with_it)
{
	int64		from = 0;

	while (from < n)
	{
		int64		middle = from + (n - from) / 2;

		if (event[middle].at < at || (with_it && event[middle].at == at))
			from = middle + 1;
		else
			n = middle;
	}
	return from;
}

static void
solve_spaced(FunnelSolver *solver, const AffinityEvent *event, int64 n,
			 FunnelResult *result)
{
	AffinitySpaced *spaced = &solver->of.spaced;
	int64		first;

	affinity_chain_spaced_begin(spaced, &solver->rule);
	feed_all(solver, feed_spaced, event, n, EVENTS_AT_ONCE);
	affinity_chain_spaced_back_begin(spaced);
	first = rows_before(event, n, spaced->first, false);
	n = spaced->level == 0 ? first :
		rows_before(event, n, spaced->last, true);
	while (n > first)
	{
		int64		from = Max(first, n - EVENTS_AT_ONCE);

		while (from > first && event[from].at == event[from - 1].at)
			from--;
		affinity_chain_spaced_back(spaced, event + from, n - from);
		n = from;
		CHECK_FOR_INTERRUPTS();
	}
	set_result(result, spaced->level, affinity_chain_spaced_times(spaced));
}

/* The best chain of rows of one user and property. */
static void
solve_rows(FunnelSolver *solver, const AffinityEvent *event, int64 n,
		   FunnelResult *result)
{
	if (solver->first)
	{
		for (; n > 0 && !begins(solver, event); event++)
			affinity_base_look_up((uint64) n--);
		solver->rule.steps.chain.first_at = n > 0 ? event->at : 0;
	}
	if (solver->any_order && solver->first)
		solve_any_first(solver, event, n, result);
	else if (solver->any_order)
		solve_any_order(solver, event, n, result);
	else if (solver->groups != 0)
		solve_groups(solver, event, n, result);
	else if (solver->spaced)
		solve_spaced(solver, event, n, result);
	else if (solver->memory != NULL)
		solve_optional(solver, event, n, result);
	else
		solve_chain(solver, event, n, result);
}

static void
keep_best(FunnelSolver *solver, const FunnelResult *result)
{
	solver->best = *result;
	solver->best.at = solver->best_at;
	memcpy(solver->best_at, result->at, sizeof(int64) * (Size) result->level);
}

/* An EventUserUse: all of the user's rows, or those of one property. */
static void
solve_user(EventUserId user, const AffinityEvent *event, int64 n, void *arg)
{
	FunnelSolver *solver = arg;
	FunnelResult result;

	solve_rows(solver, event, n, &result);
	result.user = user;
	if (!solver->holds)
	{
		solver->use(&result, solver->arg);
		return;
	}
	if (solver->has_user && event_same_user(user, solver->user))
	{
		if (is_better(solver, &result, &solver->best))
			keep_best(solver, &result);
		return;
	}
	if (solver->has_user)
		solver->use(&solver->best, solver->arg);
	solver->user = user;
	solver->has_user = true;
	keep_best(solver, &result);
}

/*
 * Hand on the best chain of each user of a log.
 */
void
affinity_funnel_solve(FunnelSolver *solver, const EventLog *log,
					  FunnelResultUse use, void *arg)
{
	begin_log(solver, log);
	solver->use = use;
	solver->arg = arg;
	affinity_eventlog_each_user(log, solve_user, solver);
	if (solver->has_user)
		use(&solver->best, arg);
	if (solver->memory != NULL)
		pfree(solver->memory);
}
