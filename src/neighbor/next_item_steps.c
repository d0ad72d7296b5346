/*
 * next_item_steps.c
 *		Events of users to steps and sessions, and where each item occurs.
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"

#include "neighbor/next_item.h"

/* What one addition to a sum takes, in seconds, with what comes after it. */
#define ADDITION	4e-9

/*
 * What a pair counts whose later event was at a time, of a user with n events.
 */
static double
factor_of(const AffinityInteractions *in, const NextItemOptions *options,
		  int64 n, int64 at)
{
	double		half_life = (double) options->times.half_life;
	double		left = half_life > 0 ?
		exp2(((double) at - (double) in->last_at) / half_life) : 1;

	return Max(left, AFFINITY_LEAST) *
		(options->user_exponent == 0 ? 1 :
		 pow((double) n, -options->user_exponent));
}

/*
 * Does an event start a session? As sequences have it, one that comes more
 * than the gap after the one before.
 */
static bool
starts_session(int64 before, int64 at, int64 gap)
{
	return gap > 0 && (uint64) at - (uint64) before > (uint64) gap;
}

/*
 * Number the steps and sessions of one user's events that count: n of them,
 * at these times, after all that are there.
 */
static void
number_steps(NextSteps *steps, const AffinityInteractions *in,
			 const NextItemOptions *options, const int64 *at, int64 n,
			 uint32 *session)
{
	for (int64 e = 0; e < n; e++)
	{
		if (e == 0 || starts_session(at[e - 1], at[e], options->session_gap))
			++* session;
		if (e > 0 && at[e] == at[e - 1])
			continue;
		steps->session[steps->n_steps] = *session;
		steps->factor[steps->n_steps] = factor_of(in, options, n, at[e]);
		steps->first[steps->n_steps++] = steps->n_events + (uint32) e;
	}
}

/*
 * The events of a user that count: their items go to the end of the steps'.
 * last says of each item who had it last, one more than the user's number.
 */
static int64
take_events(const AffinityEvent *event, int64 n, uint32 user, bool first_only,
			uint32 *last, uint32 *item, int64 *at)
{
	int64		taken = 0;

	for (int64 e = 0; e < n; e++)
	{
		if (first_only && last[event[e].item] == user + 1)
			continue;
		last[event[e].item] = user + 1;
		item[taken] = event[e].item;
		at[taken++] = event[e].at;
	}
	return taken;
}

static int64
longest(const AffinityEvents *events, uint32 n_users)
{
	int64		most = 0;

	for (uint32 u = 0; u < n_users; u++)
		most = Max(most, events->start[u + 1] - events->start[u]);
	return most;
}

/*
 * Each item's steps, by counting.
 */
static void
find_occurrences(NextSteps *steps, uint32 n_items)
{
	int64	   *next;

	steps->of_item = affinity_base_zeroed_array((Size) n_items + 1,
												sizeof(int64));
	steps->step = affinity_base_array(steps->n_events, sizeof(uint32));
	for (uint32 e = 0; e < steps->n_events; e++)
	{
		affinity_base_look_up(e);
		steps->of_item[steps->item[e] + 1]++;
	}
	for (uint32 i = 0; i < n_items; i++)
		steps->of_item[i + 1] += steps->of_item[i];
	next = affinity_base_array(n_items, sizeof(int64));
	memcpy(next, steps->of_item, n_items * sizeof(int64));
	for (uint32 s = 0; s < steps->n_steps; s++)
	{
		affinity_base_look_up(s);
		for (uint32 e = steps->first[s]; e < steps->first[s + 1]; e++)
			steps->step[next[steps->item[e]]++] = s;
	}
	pfree(next);
}

/*
 * All of it, in the current memory context.
 */
void
affinity_neighbor_next_steps(const AffinityInteractions *in,
							 const NextItemOptions *options, NextSteps *steps)
{
	const AffinityEvents *events = in->events;
	uint32		n_users = in->by_user.n_rows;
	uint32		n_items = in->by_item.n_rows;
	int64		n = events->start[n_users];
	int64	   *at;
	uint32	   *last;
	uint32		session = 0;

	if (n >= PG_UINT32_MAX)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("algorithm \"next_item\" cannot learn from %lld rows",
						(long long) n),
				 errhint("Let the query read fewer than %u rows, such as the most recent ones.",
						 PG_UINT32_MAX)));
	memset(steps, 0, sizeof(NextSteps));
	steps->item = affinity_base_array(n, sizeof(uint32));
	steps->first = affinity_base_array((Size) n + 1, sizeof(uint32));
	steps->session = affinity_base_array(n, sizeof(uint32));
	steps->factor = affinity_base_array(n, sizeof(double));
	at = affinity_base_array(longest(events, n_users), sizeof(int64));
	last = affinity_base_zeroed_array(n_items, sizeof(uint32));
	for (uint32 u = 0; u < n_users; u++)
	{
		int64		begin = events->start[u];
		int64		taken;

		CHECK_FOR_INTERRUPTS();
		taken = take_events(events->event + begin,
							events->start[u + 1] - begin, u,
							options->repeats == REPEATS_FIRST, last,
							steps->item + steps->n_events, at);
		number_steps(steps, in, options, at, taken, &session);
		steps->n_events += (uint32) taken;
	}
	steps->first[steps->n_steps] = steps->n_events;
	pfree(at);
	pfree(last);
	find_occurrences(steps, n_items);
}

/*
 * Processor time, roughly: an event meets those of its step and, as far as
 * the window goes, of its session.
 */
double
affinity_neighbor_next_seconds(const NextSteps *steps,
							   const NextItemOptions *options)
{
	double		additions = 0;
	double		of_session = 0;

	for (uint32 s = 0; s < steps->n_steps; s++)
	{
		double		n = next_step_length(steps, s);

		affinity_base_look_up(s);
		additions += n * n;
		of_session += n;
		if (s + 1 < steps->n_steps &&
			steps->session[s] == steps->session[s + 1])
			continue;
		additions += of_session * Min(of_session, 2.0 * options->window);
		of_session = 0;
	}
	return additions * ADDITION;
}
