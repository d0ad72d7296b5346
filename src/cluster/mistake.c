/*
 * mistake.c
 *		Calls of cluster_metric_agg and did_agg without a cluster.
 */
#include "postgres.h"

#include "fmgr.h"

PG_FUNCTION_INFO_V1(affinity_cluster_metric_mistake);
PG_FUNCTION_INFO_V1(affinity_cluster_did_mistake);

/* (state, value) */
Datum
affinity_cluster_metric_mistake(PG_FUNCTION_ARGS)
{
	(void) fcinfo;
	ereport(ERROR,
			(errcode(ERRCODE_UNDEFINED_FUNCTION),
			 errmsg("cluster_metric_agg needs to know the cluster of each unit"),
			 errhint("Write affinity.cluster_metric_agg(value, cluster), where cluster is a whole number, a uuid or a text.")));
	return (Datum) 0;			/* not reached */
}

/* (state, value, treated, after) */
Datum
affinity_cluster_did_mistake(PG_FUNCTION_ARGS)
{
	(void) fcinfo;
	ereport(ERROR,
			(errcode(ERRCODE_UNDEFINED_FUNCTION),
			 errmsg("did_agg needs to know the cluster of each unit"),
			 errhint("Write affinity.did_agg(value, treated, after, cluster); the cluster is who or what is there before and after.")));
	return (Datum) 0;			/* not reached */
}
