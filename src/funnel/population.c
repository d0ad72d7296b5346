/*
 * population.c
 *		From the rows of many users to how many reached each step and how long
 *		they took.
 *
 * Packed states have their users one after another, each with its rows in
 * order, so reading is one pass; others are packed first, or sorted by
 * solve.c if they have a held property.
 *
 * Everything is allocated in the current memory context, huge where need be.
 */
#include "postgres.h"

#include "common/int.h"
#include "miscadmin.h"
#include "utils/memutils.h"

#include "eventlog/packed.h"

typedef struct Population
{
	Conversions *conversions;
	AffinityChainRule rule;
	AffinityChain *chain;
	FunnelSolver *solver;		/* of a funnel with options, else NULL */
} Population;

static void
since_overflow(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
			 errmsg("the time between two steps is out of range")));
}

static int64 *
grow(int64 *times, int64 room)
{
	Size		size = sizeof(int64) * (Size) room;

	return times == NULL ? palloc_extended(size, MCXT_ALLOC_HUGE) :
		repalloc_huge(times, size);
}

/* One more user took step i, so long after the first and the one before. */
static inline void
add_times(Conversions *c, int i, int before, const int64 *since)
{
	if (c->n_users[i] == c->room[i])
	{
		c->room[i] = Max(1024, c->room[i] * 2);
		c->from_start[i] = grow(c->from_start[i], c->room[i]);
		c->from_previous[i] = before == 0 ? c->from_start[i] :
			grow(c->from_previous[i], c->room[i]);
	}
	c->from_start[i][c->n_users[i]] = since[i];
	if (before > 0)
		c->from_previous[i][c->n_users[i]] = since[i] - since[before];
}

/* One more user, who took `level` steps; since[0] is not read. */
static void
add_user(Conversions *c, int level, const int64 *since)
{
	for (int i = 0; i < level; i++)
	{
		if (i > 0)
			add_times(c, i, i - 1, since);
		c->n_users[i]++;
	}
}

/* A user whose chain may lack optional steps: those are not in `taken`. */
static void
add_taken(Conversions *c, uint64 taken, int level, const int64 *since)
{
	for (int i = 0; i < level; i++)
	{
		if ((taken >> i & 1) == 0)
			continue;
		if (i > 0)
			add_times(c, i, conversions_previous(c, i), since);
		c->n_users[i]++;
	}
}

static void
add_result(const FunnelResult *result, void *conversions)
{
	int64		since[AFFINITY_MAX_STEPS];

	for (int i = 0; i < result->level; i++)
		if ((result->taken >> i & 1) != 0 &&
			pg_sub_s64_overflow(result->at[i], result->at[0], &since[i]))
			since_overflow();
	add_taken(conversions, result->taken, result->level, since);
}

/* A user's rows: an EventUserUse. */
static void
add_rows(EventUserId mixed pg_attribute_unused(), const AffinityEvent *event,
		 int64 n, void *arg)
{
	Population *p = arg;
	FunnelResult result;
	int64		since[AFFINITY_MAX_STEPS];

	if (p->solver != NULL)
	{
		affinity_funnel_solver_solve(p->solver, event, n, &result);
		add_result(&result, p->conversions);
		return;
	}
	result.level = affinity_funnel_chain_of(p->chain, &p->rule, event, n);
	for (int i = 0; i < result.level; i++)
		if (pg_sub_s64_overflow(p->chain->best[i], p->chain->best[0],
								&since[i]))
			since_overflow();
	add_user(p->conversions, result.level, since);
}

static void
add_chain_of_times(Conversions *c, int level, const int64 *since)
{
	uint64		taken = level > 0 ? 1 : 0;

	for (int i = 1; i < level; i++)
		if (since[i] >= 0)
			taken |= UINT64CONST(1) << i;
	add_taken(c, taken, level, since);
}

static void
read_chains(const EventLog *log, Conversions *c)
{
	const char *from = EVENT_LOG_ROWS(log);
	int64		since[AFFINITY_MAX_STEPS];

	for (uint32 i = 0; i < log->n_rows; i++)
	{
		int			level = (uint8) *from++;

		if (level > 1)
		{
			memcpy(since + 1, from, sizeof(int64) * (Size) (level - 1));
			from += sizeof(int64) * (Size) (level - 1);
		}
		add_chain_of_times(c, level, since);
		if (i % ROWS_BETWEEN_INTERRUPTS == 0)
			CHECK_FOR_INTERRUPTS();
	}
}

static void
read_packed(EventLog *log, Conversions *conversions)
{
	Population	p;

	p.conversions = conversions;
	p.chain = palloc(sizeof(AffinityChain));
	p.solver = affinity_eventlog_has_options(log) ?
		affinity_funnel_solver_create(log) :
		NULL;
	affinity_eventlog_rule(log, &p.rule);
	affinity_eventlog_packed_each(&log, 1, add_rows, &p);
}

void
affinity_funnel_conversions_read(Conversions *conversions, EventLog *log)
{
	memset(conversions, 0, sizeof(Conversions));
	conversions->n_steps = affinity_eventlog_n_steps(log);
	conversions->optional = affinity_eventlog_optional(log);
	if (log->user_kind == EVENT_USER_CHAINS)
		read_chains(log, conversions);
	else if (log->version == EVENT_LOG_PACKED)
		read_packed(log, conversions);
	else if (event_log_packs(log))
		read_packed(affinity_eventlog_pack(log), conversions);
	else
		affinity_funnel_solve_log(log, add_result, conversions);
}
