/*
 * plan.h
 *		How an experiment is to be read: the options of a call.
 */
#ifndef AFFINITY_EXPERIMENT_PLAN_H
#define AFFINITY_EXPERIMENT_PLAN_H

#include "postgres.h"

#include "fmgr.h"

#include "experiment/arm.h"

typedef enum ExperimentAdjust
{
	EXPERIMENT_HOLM,
	EXPERIMENT_BH,
	EXPERIMENT_NONE
} ExperimentAdjust;

typedef struct ExperimentCall
{
	const char *control;
	ExperimentPlan plan;
	ExperimentAdjust adjust;
	bool		within;			/* theta within the variants */
} ExperimentCall;

/* plan.c */
extern ExperimentSide affinity_experiment_side_arg(FunctionCallInfo fcinfo,
												   int arg);
extern ExperimentAdjust affinity_experiment_adjust_arg(FunctionCallInfo fcinfo,
													   int arg);
extern void affinity_experiment_plan_args(FunctionCallInfo fcinfo, int first,
										  ExperimentCall *call);

/* adjust.c */
extern void affinity_experiment_adjust(const double *p, double *adjusted,
									   int n, ExperimentAdjust adjust);

#endif							/* AFFINITY_EXPERIMENT_PLAN_H */
