/*
 * event.h
 *		A row of one user, and the order of rows.
 */
#ifndef AFFINITY_CHAIN_EVENT_H
#define AFFINITY_CHAIN_EVENT_H

#include <stdbool.h>
#include <stdint.h>

#define AFFINITY_MAX_STEPS 64

/* A row of one user: when, and which steps it satisfies (bit 0 is step 1). */
typedef struct AffinityEvent
{
	int64_t		at;
	uint64_t	steps;
} AffinityEvent;

/* The bit of a step, from 1. */
#define AFFINITY_STEP_BIT(step) (UINT64_C(1) << ((step) - 1))

/* The bits of steps 1 to k. */
static inline uint64_t
affinity_chain_low_steps(int k)
{
	return k >= 64 ? ~UINT64_C(0) : (UINT64_C(1) << k) - 1;
}

/* 0 for a row that satisfies nothing, else its first step. */
static inline int
affinity_chain_first_step(uint64_t steps)
{
	return steps == 0 ? 0 : __builtin_ctzll(steps) + 1;
}

/*
 * The order of rows: by time, then by first step, so that the result does not
 * depend on the order in which they arrived.
 */
static inline bool
affinity_chain_event_before(const AffinityEvent *a, const AffinityEvent *b)
{
	int			step_a;
	int			step_b;

	if (a->at != b->at)
		return a->at < b->at;
	step_a = affinity_chain_first_step(a->steps);
	step_b = affinity_chain_first_step(b->steps);
	if (step_a != step_b)
		return step_a < step_b;
	return a->steps < b->steps;
}

/*
 * Where the rows of the instant of row i end, or the first of them after row
 * i that satisfies one of `exclude`.
 */
static inline int64_t
affinity_chain_instant_end(const AffinityEvent *event, int64_t i, int64_t n,
						   uint64_t exclude)
{
	int64_t		end = i + 1;

	while (end < n && event[end].at == event[i].at &&
		   (event[end].steps & exclude) == 0)
		end++;
	return end;
}

#endif							/* AFFINITY_CHAIN_EVENT_H */
