/*
 * population.c
 *		From the rows of many users to how many reached each step and how long
 *		they took.
 *
 * Everything is allocated in the current memory context, huge where need be.
 */
#include "postgres.h"

#include "common/int.h"
#include "utils/memutils.h"

#include "funnel/funnel.h"

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
add_times(FunnelConversions *c, int i, int before, const int64 *since)
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

/* A user whose chain may lack optional steps: those are not in `taken`. */
static void
add_taken(FunnelConversions *c, uint64 taken, int level, const int64 *since)
{
	for (int i = 0; i < level; i++)
	{
		if ((taken >> i & 1) == 0)
			continue;
		if (i > 0)
			add_times(c, i, affinity_funnel_previous_step(c, i), since);
		c->n_users[i]++;
	}
}

/* A FunnelResultUse. */
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

/* An EventChainUse. */
static void
add_chain(int level, const int64 *since, void *conversions)
{
	uint64		taken = level > 0 ? 1 : 0;

	for (int i = 1; i < level; i++)
		if (since[i] >= 0)
			taken |= UINT64CONST(1) << i;
	add_taken(conversions, taken, level, since);
}

void
affinity_funnel_conversions_read(FunnelConversions *conversions,
								 const EventLog *log)
{
	memset(conversions, 0, sizeof(FunnelConversions));
	conversions->n_steps = affinity_eventlog_n_steps(log);
	conversions->optional = affinity_eventlog_optional(log);
	if (affinity_eventlog_kind(log)->user_kind == EVENT_USER_CHAINS)
		affinity_eventlog_each_chain(log, add_chain, conversions);
	else
	{
		FunnelSolver *solver =
			affinity_funnel_solver_create(CurrentMemoryContext);

		affinity_funnel_solve(solver, log, add_result, conversions);
		pfree(solver);
	}
}
