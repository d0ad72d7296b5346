/*
 * io.c
 *		The text form of affinity.sequence, and its operators.
 */
#include "postgres.h"

#include "base/compare.h"
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

static int
compare_args(FunctionCallInfo fcinfo)
{
	return affinity_eventlog_compare(fcinfo, SEQUENCE_MAGIC);
}

static bool
equal_args(FunctionCallInfo fcinfo)
{
	return compare_args(fcinfo) == 0;
}

static uint64
hash_arg(FunctionCallInfo fcinfo, uint64 seed)
{
	return affinity_eventlog_hash(fcinfo, SEQUENCE_MAGIC, seed);
}

/* sequence_eq(sequence, sequence) and so on */
AFFINITY_COMPARISONS(affinity_sequence, equal_args, compare_args, hash_arg)
