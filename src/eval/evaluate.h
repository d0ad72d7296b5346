/*
 * evaluate.h
 *		What evaluate() and compare() have in common; private to the room.
 */
#ifndef AFFINITY_EVAL_EVALUATE_H
#define AFFINITY_EVAL_EVALUATE_H

#include "nodes/execnodes.h"

#include "eval/bootstrap.h"

/* Of a query without one: what auto is compared with; it would be a search. */
#define EVAL_DEFAULT_ALGORITHM	"item_knn"
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

/* plan.c */
extern void affinity_eval_plan_args(FunctionCallInfo fcinfo, int first,
									EvalPlan *plan);
extern void affinity_eval_check_test(FunctionCallInfo fcinfo, int arg,
									 const EvalPlan *plan);
extern void affinity_eval_plan_test(EvalPlan *plan,
									const AffinityEvalSource *test,
									Oid user_type, Oid item_type);
extern void affinity_eval_plan_read(EvalPlan *plan, FunctionCallInfo fcinfo,
									AffinityEvalSource *source,
									const AffinityEvalSource *test);

/* A row of a result. */
typedef struct EvalRow
{
	AffinityEvalMetric metric;
	AffinityEvalTargets targets;
	int			k;				/* index; -1: none */
	int			slot;			/* -1: not made of users' values */
} EvalRow;

/* segment.c: some users of a test */
typedef struct EvalSegment
{
	const char *name;
	uint32		n_users;
	uint32	   *user;
} EvalSegment;

extern EvalSegment *affinity_eval_segments(const char *query,
										   const AffinityInteractions *test,
										   int *n);

/* report.c */
extern EvalRow *affinity_eval_rows(const AffinityEvalResult *result,
								   bool catalog, int *n);
extern void affinity_eval_find_like(const EvalRow *row, EvalSeries *series,
									int n);
extern int64 affinity_eval_without_history(const AffinityEvalResult *result,
										   const EvalSegment *segment);
extern void affinity_eval_report(ReturnSetInfo *rows, const EvalPlan *plan,
								 const AffinityEvalResult *result,
								 const EvalSegment *segment);

#endif							/* AFFINITY_EVAL_EVALUATE_H */
