/*
 * optional.h
 *		Chains that may leave out optional steps.
 */
#ifndef AFFINITY_CHAIN_OPTIONAL_H
#define AFFINITY_CHAIN_OPTIONAL_H

#include <stddef.h>

#include "chain/chain.h"

typedef struct AffinityOptionalRule
{
	AffinityChainRule chain;	/* its exclude is not read */
	uint64_t	optional;		/* bit 0, step 1, is not set */
	/* rows that may not follow a chain whose last step is k; 0: begin one */
	uint64_t	exclude_after[AFFINITY_MAX_STEPS + 1];
	bool		excludes;		/* is any of them set? */
} AffinityOptionalRule;

typedef struct AffinityOptionalChain
{
	const AffinityOptionalRule *rule;
	int			n_optional;
	int			level;			/* last step of the best chain so far */
	int			n_taken;		/* its optional steps */
	uint64_t	taken;			/* its steps */
	int64_t		best[AFFINITY_MAX_STEPS];	/* times of those taken */
	int64_t		last_at;
	int64_t    *kept;			/* for each last step and number of optional */
	int64_t    *fresh;			/* steps a chain: its steps, and their times */
	uint64_t   *tie;			/* for each step the rows of an instant that
								 * fit */
} AffinityOptionalChain;

extern size_t affinity_chain_optional_memory(const AffinityOptionalRule *rule);
extern void affinity_chain_optional_begin(AffinityOptionalChain *chain,
										  const AffinityOptionalRule *rule,
										  void *memory);
extern bool affinity_chain_optional_feed(AffinityOptionalChain *chain,
										 const AffinityEvent *event,
										 int64_t n);

#endif							/* AFFINITY_CHAIN_OPTIONAL_H */
