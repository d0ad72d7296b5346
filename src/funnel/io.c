/*
 * io.c
 *		The text and the binary form of affinity.funnel.
 */
#include "postgres.h"

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
