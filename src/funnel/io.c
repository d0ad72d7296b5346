/*
 * io.c
 *		The text and the binary form of affinity.funnel, and its operators.
 */
#include "postgres.h"

#include "base/compare.h"
#include "funnel/funnel.h"

PG_FUNCTION_INFO_V1(affinity_funnel_in);
PG_FUNCTION_INFO_V1(affinity_funnel_out);
PG_FUNCTION_INFO_V1(affinity_funnel_recv);
PG_FUNCTION_INFO_V1(affinity_funnel_send);

Datum
affinity_funnel_in(PG_FUNCTION_ARGS)
{
	PG_RETURN_POINTER(affinity_eventlog_in(PG_GETARG_CSTRING(0),
										   FUNNEL_MAGIC));
}

Datum
affinity_funnel_out(PG_FUNCTION_ARGS)
{
	PG_RETURN_CSTRING(affinity_eventlog_out(PG_GETARG_DATUM(0), FUNNEL_MAGIC));
}

Datum
affinity_funnel_recv(PG_FUNCTION_ARGS)
{
	StringInfo	from = (StringInfo) PG_GETARG_POINTER(0);

	PG_RETURN_POINTER(affinity_eventlog_recv(from, FUNNEL_MAGIC));
}

Datum
affinity_funnel_send(PG_FUNCTION_ARGS)
{
	PG_RETURN_BYTEA_P(affinity_eventlog_send(PG_GETARG_DATUM(0),
											 FUNNEL_MAGIC));
}

static int
compare_args(FunctionCallInfo fcinfo)
{
	return affinity_eventlog_compare(fcinfo, FUNNEL_MAGIC);
}

static bool
equal_args(FunctionCallInfo fcinfo)
{
	return compare_args(fcinfo) == 0;
}

static uint64
hash_arg(FunctionCallInfo fcinfo, uint64 seed)
{
	return affinity_eventlog_hash(fcinfo, FUNNEL_MAGIC, seed);
}

/* funnel_eq(funnel, funnel) and so on */
AFFINITY_COMPARISONS(affinity_funnel, equal_args, compare_args, hash_arg)
