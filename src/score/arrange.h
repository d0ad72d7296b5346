/*
 * arrange.h
 *		What the arrangement of a list and the length of its prefix share; private
 *		to the room.
 */
#ifndef AFFINITY_SCORE_ARRANGE_H
#define AFFINITY_SCORE_ARRANGE_H

#include "score/ranker.h"

/* Rows among which one is taken. */
#define WINDOW	100

/* A ranked row, or a pinned one. */
typedef struct Row
{
	AffinityRanked ranked;
	double		relevance;		/* (1 - d) * score / |first score| */
} Row;

struct Arranger
{
	MemoryContext context;
	Diverse    *diverse;		/* NULL: not begun */
	AffinityRanking *prefix;
	Size		prefix_room;
	Size		room;			/* of the four that follow */
	Row		   *row;			/* pinned ones first */
	uint32	   *no;				/* theirs */
	double	   *similar;		/* to those chosen */
	uint32	   *chosen;			/* rows, in order */
	uint32	   *sorted;			/* pinned numbers, ascending */
	uint32	   *in_group;		/* chosen ones, by group */
	uint32	   *allowed_in_group;	/* items, by group; NULL: not counted */
	uint32		n_ungrouped;	/* allowed items without one */
	uint32		size;			/* of the window, at most */
	uint32		n_rows;
	uint32		n_pinned;
	uint32		n_chosen;
	uint32		next;			/* the first row not yet in the window */
	uint32		n_window;
	uint32		window[WINDOW]; /* rows, ascending */
	uint64		end;			/* the last rank that is wanted */
	bool		complete;		/* there are no more rows than these */
	uint32		n_walks;
	uint32		n_short;		/* of them, with too short a prefix */
	int			doubled;		/* how often the first prefix was */
};

typedef struct Arranger Arranger;

/*
 * The group of an item, if that is limited; else -1.
 */
static inline int32
affinity_score_group_of(const AffinityRules *rules, uint32 no)
{
	return rules->group && rules->max_per_group > 0 ? rules->group[no] : -1;
}

static inline bool
affinity_score_is_full(const Arranger *a, const AffinityRules *rules, uint32 no)
{
	int32		group = affinity_score_group_of(rules, no);

	return group >= 0 && a->in_group[group] >= rules->max_per_group;
}

/* prefix.c */
extern void affinity_score_learn_prefix(Arranger *a, bool done);
extern bool affinity_score_rest_is_full(Arranger *a, const AffinityRanker *r);

#endif							/* AFFINITY_SCORE_ARRANGE_H */
