/*
 * solve.c
 *		The best chain of each user of a log.
 *
 * A funnel without options goes through chain/chain.c; those with optional
 * steps, exclusions between some steps, and any order of all steps or of
 * groups of them each through their own file of chain/. With a held property
 * the best chain of a user's properties counts. What "best" means is the same
 * everywhere: the furthest last step, then most steps, then complete first,
 * then started last, then earliest rows.
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
	AffinityOptionalRule rule;
	bool		any_order;
	bool		holds;			/* best and user are in use */
	uint64		groups;			/* steps in a group with the one before */
	void	   *memory;			/* of chain/optional.c, or NULL */
	FunnelResultUse use;
	void	   *arg;
	EventUserId user;			/* the one whose best chain so far is best */
	FunnelResult best;
	bool		has_user;
	int64		best_at[AFFINITY_MAX_STEPS];
	int64		any_at[AFFINITY_MAX_STEPS]; /* of any_order */
	union
	{
		AffinityChain chain;
		AffinityOptionalChain optional;
		AffinityAnyOrder any;
		AffinityGroups groups;
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

/* What the log asks for; memory is taken from the current context. */
static void
begin_log(FunnelSolver *solver, const EventLog *log)
{
	uint32		mode = affinity_eventlog_kind(log)->mode;
	uint32		options_len;

	affinity_eventlog_options(log, &options_len);
	solver->any_order = (mode & AFFINITY_CHAIN_ANY_ORDER) != 0;
	solver->holds = (mode & EVENT_MODE_HOLD) != 0;
	solver->groups = affinity_eventlog_groups(log);
	solver->has_user = false;
	solver->memory = NULL;
	affinity_eventlog_rule(log, &solver->rule.chain);
	if (options_len > 0 && !solver->any_order && solver->groups == 0)
	{
		affinity_eventlog_optional_rule(log, &solver->rule);
		solver->memory = palloc(affinity_chain_optional_memory(&solver->rule));
	}
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

	affinity_chain_begin(chain, &solver->rule.chain);
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

	affinity_chain_groups_begin(groups, &solver->rule.chain, solver->groups);
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

	affinity_chain_optional_begin(optional, &solver->rule, solver->memory);
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

	affinity_chain_any_begin(any, &solver->rule.chain);
	feed_all(solver, feed_any_order, event, n, EVENTS_AT_ONCE);
	first = any->first;
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

/* The best chain of rows of one user and property. */
static void
solve_rows(FunnelSolver *solver, const AffinityEvent *event, int64 n,
		   FunnelResult *result)
{
	if (solver->any_order)
		solve_any_order(solver, event, n, result);
	else if (solver->groups != 0)
		solve_groups(solver, event, n, result);
	else if (solver->memory != NULL)
		solve_optional(solver, event, n, result);
	else
		solve_chain(solver, event, n, result);
}

static bool
is_better(const FunnelResult *a, const FunnelResult *b)
{
	int			n_a = pg_popcount64(a->taken);
	int			n_b = pg_popcount64(b->taken);

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
	if (!solver->holds)
	{
		solver->use(&result, solver->arg);
		return;
	}
	if (solver->has_user && event_same_user(user, solver->user))
	{
		if (is_better(&result, &solver->best))
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
