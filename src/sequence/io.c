/*
 * io.c
 *		The text form of affinity.sequence.
 */
#include "postgres.h"

#include "sequence/sequence.h"

PG_FUNCTION_INFO_V1(affinity_sequence_in);
PG_FUNCTION_INFO_V1(affinity_sequence_out);

Datum
affinity_sequence_in(PG_FUNCTION_ARGS)
{
	EventLog   *log = affinity_eventlog_in(PG_GETARG_CSTRING(0),
										   SEQUENCE_MAGIC);
	AffinityPattern pattern;

	affinity_sequence_pattern_of(log, ERRCODE_INVALID_BINARY_REPRESENTATION,
								 &pattern);
	PG_RETURN_POINTER(log);
}

Datum
affinity_sequence_out(PG_FUNCTION_ARGS)
{
	PG_RETURN_CSTRING(affinity_eventlog_out(PG_GETARG_DATUM(0),
											SEQUENCE_MAGIC));
}
