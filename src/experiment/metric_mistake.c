/*
 * metric_mistake.c
 *		Calls of the aggregates of metrics that cannot be meant: PostgreSQL comes
 *		to them where no other form takes the arguments.
 */
#include "postgres.h"

#include "fmgr.h"

#include "experiment/experiment.h"

PG_FUNCTION_INFO_V1(affinity_experiment_interval_mistake);
PG_FUNCTION_INFO_V1(affinity_experiment_denominator_mistake);
PG_FUNCTION_INFO_V1(affinity_experiment_quantile_mistake);

/* metric_agg(state, interval [, covariate]) */
Datum
affinity_experiment_interval_mistake(PG_FUNCTION_ARGS)
{
	(void) fcinfo;
	ereport(ERROR,
			(errcode(ERRCODE_DATATYPE_MISMATCH),
			 errmsg("a metric is of numbers or of true and false, not of type interval"),
			 errhint("In seconds it is extract(epoch FROM value).")));
	return (Datum) 0;			/* not reached */
}

/* ratio_agg(state, numerator) */
Datum
affinity_experiment_denominator_mistake(PG_FUNCTION_ARGS)
{
	(void) fcinfo;
	ereport(ERROR,
			(errcode(ERRCODE_UNDEFINED_FUNCTION),
			 errmsg("ratio_agg needs a numerator and a denominator"),
			 errhint("Write affinity.ratio_agg(revenue, orders), both summed for each unit; affinity.metric_agg takes one number.")));
	return (Datum) 0;			/* not reached */
}

/* metric_quantile_agg(state, value) */
Datum
affinity_experiment_quantile_mistake(PG_FUNCTION_ARGS)
{
	(void) fcinfo;
	ereport(ERROR,
			(errcode(ERRCODE_UNDEFINED_FUNCTION),
			 errmsg("metric_quantile_agg needs to know which quantile"),
			 errhint("Write affinity.metric_quantile_agg(value, 0.5) for the median.")));
	return (Datum) 0;			/* not reached */
}
