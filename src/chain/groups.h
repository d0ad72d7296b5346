/*
 * groups.h
 *		Groups of steps in any order among others.
 */
#ifndef AFFINITY_CHAIN_GROUPS_H
#define AFFINITY_CHAIN_GROUPS_H

#include "chain/chain.h"
#include "chain/places.h"

/* A chain that has not ended, the longest from its start. */
typedef struct AffinityGroupPath
{
	int			level;			/* steps taken */
	AffinityPlaces rows;		/* rows taken: steps that they might have */
	int64_t		at[AFFINITY_MAX_STEPS]; /* their times, in order */
} AffinityGroupPath;

typedef struct AffinityGroups
{
	AffinityChainRule rule;
	/* the group of the step after so many: steps first + 1 to end */
	struct
	{
		int			first;
		int			end;
	}			group[AFFINITY_MAX_STEPS];
	int			level;			/* steps of the longest chain so far */
	int64_t		best[AFFINITY_MAX_STEPS];	/* their times */
	int			n_rows;			/* rows of the instant that is looked at */
	uint64_t	any;
	uint64_t	row[AFFINITY_MAX_STEPS];
	int			n_paths;		/* at most one for each level */
	int			order[AFFINITY_MAX_STEPS + 1];	/* latest start first; the
												 * rest */
	AffinityGroupPath path[AFFINITY_MAX_STEPS + 1];
} AffinityGroups;

extern void affinity_chain_groups_begin(AffinityGroups *chain,
										const AffinityChainRule *rule,
										uint64_t groups);
extern bool affinity_chain_groups_feed(AffinityGroups *chain,
									   const AffinityEvent *event, int64_t n);

#endif							/* AFFINITY_CHAIN_GROUPS_H */
