/*
 * spaced.h
 *		Chains with a window for each step.
 */
#ifndef AFFINITY_CHAIN_SPACED_H
#define AFFINITY_CHAIN_SPACED_H

#include "chain/optional.h"

typedef struct AffinitySpacedRule
{
	/* the chain's window and exclude are not read, no step is optional */
	AffinityOptionalRule steps;
	uint64_t	most[AFFINITY_MAX_STEPS];	/* [k]: from step k to the next */
} AffinitySpacedRule;

/* For every length k a chain: when it began, and its last step. */
typedef struct AffinitySpacedSet
{
	bool		alive[AFFINITY_MAX_STEPS + 2];
	int64_t		first[AFFINITY_MAX_STEPS + 2];
	int64_t		last[AFFINITY_MAX_STEPS + 2];
} AffinitySpacedSet;

/* For every step k the end of a chain from there on: the times of its steps. */
typedef struct AffinitySpacedEnds
{
	bool		alive[AFFINITY_MAX_STEPS + 2];
	int64_t		at[AFFINITY_MAX_STEPS + 2][AFFINITY_MAX_STEPS];
} AffinitySpacedEnds;

typedef struct AffinitySpaced
{
	const AffinitySpacedRule *rule;
	int			level;			/* steps of the longest chain so far */
	int64_t		first;			/* when it began, */
	int64_t		last;			/* and its last step */
	int64_t		row_at;			/* time of the row before */
	AffinitySpacedSet kept;		/* chains that the next row may extend */
	AffinitySpacedSet fresh;	/* those that a row of a later time may */
	AffinitySpacedEnds kept_ends;	/* the same of the second look */
	AffinitySpacedEnds fresh_ends;
} AffinitySpaced;

extern void affinity_chain_spaced_begin(AffinitySpaced *chain,
										const AffinitySpacedRule *rule);
extern bool affinity_chain_spaced_feed(AffinitySpaced *chain,
									   const AffinityEvent *event, int64_t n);
extern void affinity_chain_spaced_back_begin(AffinitySpaced *chain);
extern void affinity_chain_spaced_back(AffinitySpaced *chain,
									   const AffinityEvent *event, int64_t n);
extern const int64_t *affinity_chain_spaced_times(const AffinitySpaced *chain);

#endif							/* AFFINITY_CHAIN_SPACED_H */
