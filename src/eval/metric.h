/*
 * metric.h
 *		Metrics, list by list; private to the room.
 */
#ifndef AFFINITY_EVAL_METRIC_H
#define AFFINITY_EVAL_METRIC_H

#include "eval/eval.h"

/* Items to be predicted, by the subject's numbers; rows are users. */
typedef struct EvalTargets
{
	int64	   *start;
	uint32	   *item;			/* ascending */
	bool	   *repeat;			/* beside them: in the user's history */
	uint32	   *unknown;		/* of each user: those without a number */
} EvalTargets;

typedef struct EvalMeter
{
	AffinityEvalResult *result;
	const AffinityEvalWant *want;
	EvalTargets targets;
	uint32		n_items;
	const float *popularity;
	double		log_total;		/* log2 of the sum of what is above 0 */
	uint8	   *mark;			/* by item: to be predicted? */
	double	   *discount;		/* by rank */
	double	   *ideal;			/* sums of them */
	uint32	  **shown;			/* by k and item: lists that have it */
} EvalMeter;

extern void affinity_eval_meter_begin(EvalMeter *meter,
									  const AffinityEvalWant *want,
									  uint32 n_users,
									  const AffinityBatch *batch,
									  const AffinityScorer *scorer);
extern void affinity_eval_meter_room(EvalMeter *meter);
extern void affinity_eval_meter_take(void *state, uint32 user,
									 const AffinityRanking *ranking);
extern void affinity_eval_meter_end(EvalMeter *meter);

#endif							/* AFFINITY_EVAL_METRIC_H */
