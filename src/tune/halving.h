/*
 * halving.h
 *		The state of a user's search; private to the room.
 */
#ifndef AFFINITY_TUNE_HALVING_H
#define AFFINITY_TUNE_HALVING_H

#include "tune/space.h"

#define TUNE_MOST_RUNGS		5

/* Who is tested at most: a sample of so many is as good as all. */
#define TUNE_MOST_USERS		10000

/* What a candidate did at a rung. */
typedef struct TuneMark
{
	AffinityTuneStatus status;
	double		mean;
	float	   *value;			/* of users; NULL: only the mean is known */
} TuneMark;

typedef struct TuneEntry
{
	TuneCandidate c;
	Jsonb	   *force;			/* all options in force */
	TuneMark	mark[TUNE_MOST_RUNGS];
} TuneEntry;

struct AffinityTuning
{
	AffinityTuneWanted wanted;
	MemoryContext context;
	TuneMeasure measure;
	AffinityEvalSplit *split;
	TuneSizes	sizes;			/* of everything */
	TuneEntry  *entry;			/* the first: the model as it is */
	int			n;
	ErrorData  *contradiction;	/* of the last point that was none */
	TuneRung	rung[TUNE_MOST_RUNGS];
	uint64		rung_hash[TUNE_MOST_RUNGS];
	int			keep[TUNE_MOST_RUNGS];	/* beside the model as it is */
	int			n_rungs;
	int			at;
	TuneEntry **order;			/* to be measured at this rung */
	int			n_order;
	int			next;
	double		spent;
	AffinityTuneTrial trial;
};

/* candidates.c */
extern void affinity_tune_candidates(AffinityTuning *tuning,
									 double median_age);

/* rungs.c */
extern void affinity_tune_plan_rungs(AffinityTuning *tuning);

#endif							/* AFFINITY_TUNE_HALVING_H */
