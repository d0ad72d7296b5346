/*
 * candidate.h
 *		Those that compare() compares; private to the room.
 */
#ifndef AFFINITY_EVAL_CANDIDATE_H
#define AFFINITY_EVAL_CANDIDATE_H

#include "eval/evaluate.h"

typedef struct Candidate
{
	char	   *name;			/* as rows show it */
	AffinityModel *model;		/* NULL: a definition */
	const AffinityAlgorithm *algorithm;
	void	   *options;
	AffinityEvalResult *result;
	/* of the row at hand */
	EvalSeries	series;			/* its values */
	double		value;
	float	   *to_first;		/* differences by user */
	EvalSeries	difference;
	double		observed;		/* mean difference */
	double		error;			/* its standard error */
	uint32		count;
} Candidate;

extern Candidate *affinity_eval_candidates(FunctionCallInfo fcinfo, int arg,
										   int *n);

#endif							/* AFFINITY_EVAL_CANDIDATE_H */
