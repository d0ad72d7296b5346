/*
 * chain.h
 *		The longest chain of a funnel's steps.
 */
#ifndef AFFINITY_CHAIN_H
#define AFFINITY_CHAIN_H

#include "chain/event.h"

#define AFFINITY_CHAIN_ORDER			0x01
#define AFFINITY_CHAIN_DEDUPLICATION	0x02
#define AFFINITY_CHAIN_INCREASE			0x04
#define AFFINITY_CHAIN_REENTRY			0x08
#define AFFINITY_CHAIN_SAME_ROW			0x10
#define AFFINITY_CHAIN_ANY_ORDER		0x20	/* of chain/any_order.c */
#define AFFINITY_CHAIN_FIXED			0x40
#define AFFINITY_CHAIN_UNIQUE			0x80

/* Those that ask what lies between two steps. */
#define AFFINITY_CHAIN_BETWEEN (AFFINITY_CHAIN_ORDER | \
								AFFINITY_CHAIN_DEDUPLICATION | \
								AFFINITY_CHAIN_FIXED | AFFINITY_CHAIN_UNIQUE)

typedef struct AffinityChainRule
{
	uint64_t	window;			/* in units of at, from the first row,
								 * inclusive */
	uint64_t	exclude;		/* rows with one of these bits end all chains */
	uint32_t	mode;			/* AFFINITY_CHAIN_... */
	int			n_steps;		/* 1 to AFFINITY_MAX_STEPS */
} AffinityChainRule;

/* For every length k a chain: the times of its k steps. */
typedef struct AffinityChainSet
{
	bool		alive[AFFINITY_MAX_STEPS + 1];
	int64_t		at[AFFINITY_MAX_STEPS + 1][AFFINITY_MAX_STEPS];
} AffinityChainSet;

typedef struct AffinityChain
{
	AffinityChainRule rule;
	int			level;			/* steps of the longest chain so far */
	int64_t		best[AFFINITY_MAX_STEPS];	/* their times */
	int64_t		last_at;
	AffinityChainSet kept;		/* chains that the next row may extend */
	AffinityChainSet fresh;		/* those that a row of a later time may */
} AffinityChain;

extern void affinity_chain_begin(AffinityChain *chain,
								 const AffinityChainRule *rule);
extern bool affinity_chain_feed(AffinityChain *chain,
								const AffinityEvent *event, int64_t n);

#endif							/* AFFINITY_CHAIN_H */
