/*
 * solve.c
 *		The best chains of funnels with options: optional steps, exclusions
 *		between some steps, any order of all steps or of groups of them, a
 *		property that is held constant.
 *
 * A funnel without any of these goes through chain/chain.c alone. Rows of
 * packed states are in order already (population.c); those of other states
 * are sorted here by user, held property and time; of the chains of a user's
 * properties the best counts. What "best" means is the same everywhere: the
 * furthest last step, then most steps, then complete first, then started
 * last, then earliest rows.
 *
 * Memory: at most PASS_ROWS rows are looked at together (or those of the
 * largest user); larger states are read several times, a part of the users
 * each time.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "port/pg_bitutils.h"
#include "utils/memutils.h"

#include "chain/any_order.h"
#include "chain/groups.h"
#include "eventlog/eventlog.h"

/* 160 MB */
#define PASS_ROWS ((uint32) 4 << 20)

/* A row can cost 10 ms where all of 64 steps are optional and it fits all. */
#define SKIP_AT_ONCE 8

/* Rows of chain/groups.c between interrupts. */
#define SECTIONS_AT_ONCE 4096

/* A row with what it is sorted by. */
typedef struct HeldEvent
{
	EventUserId user;
	uint64		held;
	AffinityEvent event;
} HeldEvent;

struct FunnelSolver
{
	bool		any_order;
	AffinityOptionalRule rule;
	uint64		joined;			/* steps with the one before in any order */
	void	   *memory;			/* of chain/optional.c */
	union
	{
		AffinityChain chain;
		AffinityOptionalChain skip;
		AffinityAnyOrder any;
		AffinityGroups group;
	}			of;
};

static inline bool
held_event_before(const HeldEvent *a, const HeldEvent *b)
{
	if (!event_same_user(a->user, b->user))
		return event_user_before(a->user, b->user);
	if (a->held != b->held)
		return a->held < b->held;
	return affinity_chain_event_before(&a->event, &b->event);
}

#define ST_SORT sort_held_events
#define ST_ELEMENT_TYPE HeldEvent
#define ST_COMPARE(a, b) (held_event_before(a, b) ? -1 : \
						  held_event_before(b, a) ? 1 : 0)
#define ST_SCOPE static
#define ST_CHECK_FOR_INTERRUPTS
#define ST_DECLARE
#define ST_DEFINE
#include "lib/sort_template.h"

bool
affinity_eventlog_has_options(const EventLog *log)
{
	return log->pattern_len > 0 ||
		(log->mode & (FUNNEL_MODE_HOLD | AFFINITY_CHAIN_ANY_ORDER)) != 0;
}

/* In the current memory context, in one piece or two. */
FunnelSolver *
affinity_funnel_solver_create(const EventLog *log)
{
	FunnelSolver *solver = palloc(sizeof(FunnelSolver));

	affinity_eventlog_optional_rule(log, &solver->rule);
	solver->any_order = (log->mode & AFFINITY_CHAIN_ANY_ORDER) != 0;
	solver->joined = affinity_eventlog_groups(log);
	solver->memory = log->pattern_len == 0 ||
		solver->any_order || solver->joined != 0 ? NULL :
		palloc(affinity_chain_optional_memory(&solver->rule));
	return solver;
}

static void
solve_any(FunnelSolver *solver, const AffinityEvent *event, int64 n,
		  FunnelResult *result)
{
	AffinityAnyOrder *any = &solver->of.any;
	int64		from = 0;
	int64		first;
	int			n_times = 0;

	affinity_chain_any_begin(any, &solver->rule.chain);
	while (from < n)
	{
		int64		to = affinity_eventlog_events_cut(event, n, from);

		if (!affinity_chain_any_feed(any, event + from, to - from))
			break;
		from = to;
		CHECK_FOR_INTERRUPTS();
	}
	first = any->first;
	while (first > any->first_after && event[first - 1].at == any->first_at)
		first--;
	affinity_chain_any_times_begin(any);
	while (n_times < any->level)
	{
		int64		to = affinity_eventlog_events_cut(event, n, first);

		n_times = affinity_chain_any_times(any, event + first, to - first,
										   result->at, n_times);
		first = to;
		CHECK_FOR_INTERRUPTS();
	}
	result->level = any->level;
	result->taken = any->level == 0 ? 0 : PG_UINT64_MAX >> (64 - any->level);
}

static void
solve_sections(FunnelSolver *solver, const AffinityEvent *event, int64 n,
			   FunnelResult *result)
{
	AffinityGroups *group = &solver->of.group;
	int64		from = 0;

	affinity_chain_groups_begin(group, &solver->rule.chain, solver->joined);
	while (from < n)
	{
		int64		to = Min(n, from + SECTIONS_AT_ONCE);

		while (to < n && event[to].at == event[to - 1].at)
			to++;
		if (!affinity_chain_groups_feed(group, event + from, to - from))
			break;
		from = to;
		CHECK_FOR_INTERRUPTS();
	}
	result->level = group->level;
	result->taken = group->level == 0 ? 0 :
		PG_UINT64_MAX >> (64 - group->level);
	memcpy(result->at, group->best, sizeof(int64) * (Size) group->level);
}

static void
solve_skip(FunnelSolver *solver, const AffinityEvent *event, int64 n,
		   FunnelResult *result)
{
	AffinityOptionalChain *skip = &solver->of.skip;
	int64		from = 0;

	affinity_chain_optional_begin(skip, &solver->rule, solver->memory);
	while (from < n)
	{
		int64		to = Min(n, from + SKIP_AT_ONCE);

		while (to < n && event[to].at == event[to - 1].at)
			to++;
		if (!affinity_chain_optional_feed(skip, event + from, to - from))
			break;
		from = to;
		CHECK_FOR_INTERRUPTS();
	}
	result->level = skip->level;
	result->taken = skip->taken;
	memcpy(result->at, skip->best, sizeof(int64) * (Size) skip->level);
}

/* The best chain of sorted rows of one user and property. */
void
affinity_funnel_solver_solve(FunnelSolver *solver,
							 const AffinityEvent *event, int64 n,
							 FunnelResult *result)
{
	if (solver->any_order)
		solve_any(solver, event, n, result);
	else if (solver->joined != 0)
		solve_sections(solver, event, n, result);
	else if (solver->memory != NULL)
		solve_skip(solver, event, n, result);
	else
	{
		AffinityChain *chain = &solver->of.chain;

		result->level = affinity_funnel_chain_of(chain, &solver->rule.chain,
												 event, n);
		result->taken = result->level == 0 ? 0 :
			PG_UINT64_MAX >> (64 - result->level);
		memcpy(result->at, chain->best, sizeof(int64) * (Size) result->level);
	}
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

/* The rows of a part of the users; `to` NULL: only how many they are. */
static int64
read_part(const EventLog *log, uint32 part, uint32 n_parts, HeldEvent *to)
{
	Size		user_size = event_user_size(log);
	Size		key_size = event_key_size(log);
	Size		steps_size = event_steps_size(log);
	const char *row = EVENT_LOG_ROWS(log);
	int64		n = 0;

	for (uint32 i = 0; i < log->n_rows; i++, row += event_row_size(log))
	{
		HeldEvent	e;

		memset(&e, 0, sizeof(e));
		memcpy(&e.user, row, user_size);
		if (i % ROWS_BETWEEN_INTERRUPTS == 0)
			CHECK_FOR_INTERRUPTS();
		if (n_parts > 1 && event_user_hash(e.user) % n_parts != part)
			continue;
		if (to != NULL)
		{
			memcpy(&e.held, row + user_size, key_size - user_size);
			memcpy(&e.event.at, row + key_size, sizeof(int64));
			e.event.steps = event_read_steps(row + key_size + sizeof(int64),
											 steps_size);
			to[n] = e;
		}
		n++;
	}
	return n;
}

/* Sorted rows: hand on each user's best chain. */
static void
solve_sorted(FunnelSolver *solver, const HeldEvent *row, int64 n,
			 AffinityEvent *event, FunnelResultUse use, void *arg)
{
	FunnelResult best;
	FunnelResult result;
	int64		from = 0;

	best.level = 0;
	best.taken = 0;
	while (from < n)
	{
		int64		to = from;

		do
		{
			event[to - from] = row[to].event;
			to++;
			if ((to - from) % ROWS_BETWEEN_INTERRUPTS == 0)
				CHECK_FOR_INTERRUPTS();
		} while (to < n && event_same_user(row[to].user, row[from].user) &&
				 row[to].held == row[from].held);
		affinity_funnel_solver_solve(solver, event, to - from, &result);
		if (is_better(&result, &best))
			best = result;
		if (to == n || !event_same_user(row[to].user, row[from].user))
		{
			use(&best, arg);
			best.level = 0;
			best.taken = 0;
		}
		from = to;
	}
}

/*
 * The best chain of each user of a state with options.
 */
void
affinity_funnel_solve_log(const EventLog *log, FunnelResultUse use, void *arg)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext,
												  "funnel with options",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext caller = MemoryContextSwitchTo(context);
	FunnelSolver *solver = affinity_funnel_solver_create(log);
	uint32		n_parts = log->n_rows / PASS_ROWS + 1;

	MemoryContextSwitchTo(caller);
	for (uint32 part = 0; part < n_parts; part++)
	{
		int64		n = n_parts == 1 ? log->n_rows :
			read_part(log, part, n_parts, NULL);
		HeldEvent  *row = MemoryContextAllocHuge(context, sizeof(HeldEvent) *
												 ((Size) n + 1));
		AffinityEvent *event = MemoryContextAllocHuge(context,
													  sizeof(AffinityEvent) *
													  ((Size) n + 1));

		read_part(log, part, n_parts, row);
		sort_held_events(row, (size_t) n);
		solve_sorted(solver, row, n, event, use, arg);
		pfree(row);
		pfree(event);
	}
	MemoryContextDelete(context);
}
