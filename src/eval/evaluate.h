/*
 * evaluate.h
 *		What evaluate() and compare() have in common; private to the room.
 */
#ifndef AFFINITY_EVAL_EVALUATE_H
#define AFFINITY_EVAL_EVALUATE_H

#include "eval/eval.h"

#define EVAL_DEFAULT_ALGORITHM	"item_knn"	/* as create_model's */
#define EVAL_MOST_K		32		/* lengths of lists */
#define EVAL_MOST_LONG	1000000 /* items of a list */

/* Arguments from "split" on, and what comes of them. */
typedef struct EvalPlan
{
	AffinityEvalSplitRequest request;
	int			as_of_arg;
	AffinityEvalWant want;
	int64		users;			/* of a sample */
	double		confidence;
	AffinityEvalSplit *split;
	AffinityInteractions *test;
} EvalPlan;

extern double affinity_eval_fraction_arg(FunctionCallInfo fcinfo, int arg,
										 const char *name);
extern void affinity_eval_plan_args(FunctionCallInfo fcinfo, int first,
									EvalPlan *plan);
extern void affinity_eval_plan_read(EvalPlan *plan, FunctionCallInfo fcinfo,
									AffinityEvalSource *source,
									const AffinityEvalSource *test);

#endif							/* AFFINITY_EVAL_EVALUATE_H */
