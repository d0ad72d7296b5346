/*
 * agg.c
 *		sequence_match, sequence_count and sequence_match_events: patterns
 *		over the rows of one user.
 *
 * The state is an event log (eventlog/log.c) that carries its pattern. Rows
 * that satisfy no condition are not part of the sequence.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"

#include "base/call.h"
#include "base/kept.h"
#include "sequence/sequence.h"

#define ROWS_AT_FIRST 5
#define EVENTS_AT_ONCE 65536

PG_FUNCTION_INFO_V1(affinity_sequence_accum);
PG_FUNCTION_INFO_V1(affinity_sequence_combine);
PG_FUNCTION_INFO_V1(affinity_sequence_rollup);
PG_FUNCTION_INFO_V1(affinity_sequence_final);
PG_FUNCTION_INFO_V1(affinity_sequence_match_final);
PG_FUNCTION_INFO_V1(affinity_sequence_count_final);
PG_FUNCTION_INFO_V1(affinity_sequence_events_final);

static EventLog *
sequence_arg(Datum value)
{
	return affinity_eventlog_arg(value, SEQUENCE_MAGIC);
}

/* The pattern of the call, which a new state is made of. */
static void
read_pattern(FunctionCallInfo fcinfo, EventCall *call)
{
	EventDefinition *definition = &call->definition;
	AffinityPattern parsed;
	text	   *pattern;

	if (PG_ARGISNULL(1))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("pattern must not be null"),
				 errhint("For example '(?1).*(?2)'.")));
	pattern = PG_GETARG_TEXT_PP(1);
	definition->options = VARDATA_ANY(pattern);
	definition->options_len = (uint32) VARSIZE_ANY_EXHDR(pattern);
	if (PG_ARGISNULL(0))
		affinity_sequence_pattern_parse(definition->options,
										definition->options_len,
										definition->kind.n_conditions,
										(EventTime) definition->kind.time_kind,
										ERRCODE_INVALID_PARAMETER_VALUE,
										&parsed);
}

/* A call that is kept from one query to others: is it this row's too? */
static bool
fits(FunctionCallInfo fcinfo, const void *kept)
{
	return affinity_eventlog_same_conditions(fcinfo, kept);
}

/* (state, pattern, at, conditions …) */
Datum
affinity_sequence_accum(PG_FUNCTION_ARGS)
{
	EventCall  *call = affinity_base_resume(fcinfo, fits);

	if (call == NULL)
	{
		affinity_base_check_aggregate(fcinfo, EVENTLOG_AGGREGATES);
		call = MemoryContextAlloc(fcinfo->flinfo->fn_mcxt, sizeof(EventCall));
		affinity_eventlog_call_init(fcinfo, call, SEQUENCE_MAGIC, 2, 3, false);
		call->rows_at_first = ROWS_AT_FIRST;
		affinity_base_keep(fcinfo, call);
	}
	read_pattern(fcinfo, call);
	return affinity_eventlog_append(fcinfo, call);
}

/* Sequences have no mode that could differ. */
Datum
affinity_sequence_combine(PG_FUNCTION_ARGS)
{
	return affinity_eventlog_merge(fcinfo, SEQUENCE_MAGIC, NULL);
}

/* rollup(sequence, sequence): NULL has no rows. */
Datum
affinity_sequence_rollup(PG_FUNCTION_ARGS)
{
	return affinity_eventlog_rollup(fcinfo, SEQUENCE_MAGIC, NULL);
}

/* A state as a value. */
Datum
affinity_sequence_final(PG_FUNCTION_ARGS)
{
	PG_RETURN_POINTER(affinity_eventlog_finish(PG_GETARG_DATUM(0),
											   SEQUENCE_MAGIC));
}

/*
 * Match from left to right. The events and one word for each are in the
 * current memory context.
 */
static void
match(const EventLog *log, const AffinityPattern *pattern, bool restarting,
	  AffinityMatcher *m, int64 *n_events)
{
	int64		n;
	AffinityEvent *event = affinity_eventlog_sorted(log, &n);

	*n_events = n;
	affinity_chain_match_begin(m, pattern, event,
							   affinity_base_array((Size) n, sizeof(uint64)));
	for (int64 from = 0; from < n; from += EVENTS_AT_ONCE)
	{
		affinity_chain_match_forward(m, from, Min(n, from + EVENTS_AT_ONCE),
									 restarting);
		CHECK_FOR_INTERRUPTS();
	}
}

static int64
count_matches(Datum state)
{
	EventLog   *log = sequence_arg(state);
	AffinityPattern pattern;
	AffinityMatcher m;
	int64		n;

	affinity_sequence_pattern_of(log, ERRCODE_INVALID_PARAMETER_VALUE,
								 &pattern);
	match(log, &pattern, true, &m, &n);
	pfree(m.ends);
	pfree(unconstify(AffinityEvent *, m.event));
	return m.count;
}

/* Does the pattern occur? Not in no rows. */
Datum
affinity_sequence_match_final(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(!PG_ARGISNULL(0) && count_matches(PG_GETARG_DATUM(0)) > 0);
}

Datum
affinity_sequence_count_final(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT64(PG_ARGISNULL(0) ? 0 : count_matches(PG_GETARG_DATUM(0)));
}

/*
 * The times of the first match, or of the first match of as much of the
 * pattern's beginning as matches at all.
 */
static ArrayType *
times_of_match(const EventLog *log, Oid type)
{
	AffinityPattern pattern;
	AffinityMatcher m;
	Datum		value[AFFINITY_MAX_STEPS];
	int64		n;
	int64		at = -1;
	int			n_values = 0;

	affinity_sequence_pattern_of(log, ERRCODE_INVALID_PARAMETER_VALUE,
								 &pattern);
	match(log, &pattern, false, &m, &n);
	affinity_chain_match_back_begin(&m, m.longest, n);
	for (int64 to = n; to > 0; to -= Min(to, EVENTS_AT_ONCE))
	{
		affinity_chain_match_back(&m, Max(0, to - EVENTS_AT_ONCE), to, n);
		CHECK_FOR_INTERRUPTS();
	}
	for (int j = 0; j < m.longest; j++)
	{
		at = affinity_chain_match_walk(&m, j, at, n);
		if (at < 0)
			elog(ERROR, "a sequence lost its match");
		if (pattern.step[j].condition >= 0)
			value[n_values++] = Int64GetDatum(m.event[at].at);
	}
	return construct_array(value, n_values, type, 8, FLOAT8PASSBYVAL,
						   TYPALIGN_DOUBLE);
}

Datum
affinity_sequence_events_final(PG_FUNCTION_ARGS)
{
	EventLog   *log = sequence_arg(PG_GETARG_DATUM(0));
	Oid			type = affinity_eventlog_time_type(log);

	if (get_element_type(affinity_base_return_type(fcinfo)) != type)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("this sequence has times of another type")));
	PG_RETURN_ARRAYTYPE_P(times_of_match(log, type));
}
