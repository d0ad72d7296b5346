/*
 * any_order.h
 *		Steps in any order.
 */
#ifndef AFFINITY_CHAIN_ANY_ORDER_H
#define AFFINITY_CHAIN_ANY_ORDER_H

#include "chain/chain.h"

/*
 * The row that has a step, in a set of rows that all have one of their own.
 */
typedef struct AffinityStepRow
{
	int64_t		row;			/* its number; -1: nobody has the step */
	int64_t		at;
	uint64_t	steps;			/* that it might have */
} AffinityStepRow;

typedef struct AffinityAnyOrder
{
	AffinityChainRule rule;
	int64_t		n_rows;			/* seen so far */
	int64_t		after;			/* rows before it lie before an excluded one */
	AffinityStepRow set[AFFINITY_MAX_STEPS];	/* the latest rows that fit */
	int			level;			/* steps of the largest set within a window */
	int64_t		first;			/* number of a row of its first instant */
	int64_t		first_at;
	int64_t		last_at;
	int64_t		first_after;	/* `after` at that time */
} AffinityAnyOrder;

extern void affinity_chain_any_begin(AffinityAnyOrder *any,
									 const AffinityChainRule *rule);
extern bool affinity_chain_any_feed(AffinityAnyOrder *any,
									const AffinityEvent *event, int64_t n);
extern void affinity_chain_any_times_begin(AffinityAnyOrder *any);
extern int	affinity_chain_any_times(AffinityAnyOrder *any,
									 const AffinityEvent *event, int64_t n,
									 int64_t *times, int n_times);

#endif							/* AFFINITY_CHAIN_ANY_ORDER_H */
