/*
 * pattern.h
 *		Patterns over events.
 */
#ifndef AFFINITY_CHAIN_PATTERN_H
#define AFFINITY_CHAIN_PATTERN_H

#include "chain/event.h"

typedef struct AffinityPatternStep
{
	int			condition;		/* bit of the event's steps; -1: any event */
	bool		gap;			/* other events may lie before it */
	uint64_t	least;			/* time since the event of the step before */
	uint64_t	most;
} AffinityPatternStep;

typedef struct AffinityPattern
{
	int			n_steps;		/* 0 to AFFINITY_MAX_STEPS */
	AffinityPatternStep step[AFFINITY_MAX_STEPS];
} AffinityPattern;

typedef struct AffinityMatcher
{
	const AffinityPattern *pattern;
	const AffinityEvent *event;
	uint64_t   *ends;			/* for each event: a bit for each step */
	int64_t		from;			/* the match under way starts here or later */
	int64_t		next[AFFINITY_MAX_STEPS];	/* first event not looked at */
	int64_t		last[AFFINITY_MAX_STEPS];	/* last possible neighbor */
	int64_t		count;			/* matches */
	int			longest;		/* steps of the longest part that matches */
} AffinityMatcher;

extern void affinity_chain_match_begin(AffinityMatcher *m,
									   const AffinityPattern *pattern,
									   const AffinityEvent *event,
									   uint64_t *ends);
extern void affinity_chain_match_forward(AffinityMatcher *m, int64_t first,
										 int64_t last, bool restarting);
extern void affinity_chain_match_back_begin(AffinityMatcher *m, int n_steps,
											int64_t n_events);
extern void affinity_chain_match_back(AffinityMatcher *m, int64_t first,
									  int64_t last, int64_t n_events);
extern int64_t affinity_chain_match_walk(const AffinityMatcher *m, int j,
										 int64_t before, int64_t n_events);

#endif							/* AFFINITY_CHAIN_PATTERN_H */
