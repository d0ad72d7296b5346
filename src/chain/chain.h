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
	uint64_t	exclude;		/* rows with such a bit end all chains */
	uint32_t	mode;			/* AFFINITY_CHAIN_... */
	int			n_steps;		/* 1 to AFFINITY_MAX_STEPS */
	bool		first_only;		/* chains begin at first_at or not at all */
	int64_t		first_at;
} AffinityChainRule;

/* May a chain begin at this time? */
static inline bool
affinity_chain_may_begin(const AffinityChainRule *rule, int64_t at)
{
	return !rule->first_only || at == rule->first_at;
}

/* May a chain that began at `start` have a row of `at`? */
static inline bool
affinity_chain_in_window(const AffinityChainRule *rule, int64_t start,
						 int64_t at)
{
	/* unsigned: the difference of two int64 may need 64 bits */
	return (uint64_t) at - (uint64_t) start <= rule->window;
}

/*
 * May a row that is not excluded lie after step k of a chain that does not
 * take it? `seen` are the steps up to the next one that the chain must take;
 * steps that were left out count as taken.
 *
 * With strict order it must repeat a step that the chain has, or be one that
 * the chain could take next, and nothing else; the first step, once the second
 * is taken, begins something new. With deduplication it must not repeat a
 * step, the one that comes next included, but for the first; where steps are
 * unique, not the first either. A fixed chain passes only rows that satisfy no
 * step, and with strict order none.
 */
static inline bool
affinity_chain_may_pass(const AffinityChainRule *rule, uint64_t steps, int k,
						uint64_t seen)
{
	uint64_t	first = AFFINITY_STEP_BIT(1);

	if ((rule->mode & AFFINITY_CHAIN_ORDER) != 0)
	{
		if (steps == 0)
			return false;
		if (k < rule->n_steps && (steps & ~seen) != 0)
			return false;
		if (k > 1 && (steps & first) != 0 &&
			(rule->mode & AFFINITY_CHAIN_REENTRY) == 0)
			return false;
	}
	if ((rule->mode & AFFINITY_CHAIN_DEDUPLICATION) != 0 &&
		(steps & seen & ~first) != 0)
		return false;
	if ((rule->mode & AFFINITY_CHAIN_UNIQUE) != 0 && (steps & seen) != 0)
		return false;
	return (rule->mode & AFFINITY_CHAIN_FIXED) == 0 || steps == 0;
}

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
extern void affinity_chain_tie_reach(const AffinityEvent *event, int64_t n,
									 int n_steps, int *from);

#endif							/* AFFINITY_CHAIN_H */
