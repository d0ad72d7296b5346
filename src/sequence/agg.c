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
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"

#include "sequence/sequence.h"

#define ROWS_AT_FIRST 5
#define EVENTS_AT_ONCE 65536

PG_FUNCTION_INFO_V1(affinity_sequence_in);
PG_FUNCTION_INFO_V1(affinity_sequence_out);
PG_FUNCTION_INFO_V1(affinity_sequence_accum);
PG_FUNCTION_INFO_V1(affinity_sequence_combine);
PG_FUNCTION_INFO_V1(affinity_sequence_match_final);
PG_FUNCTION_INFO_V1(affinity_sequence_count_final);
PG_FUNCTION_INFO_V1(affinity_sequence_events_final);

static EventLog *
sequence_arg(Datum value)
{
	return affinity_eventlog_arg(value, SEQUENCE_MAGIC);
}

static void
parse_pattern(const EventLog *log, int sqlstate, AffinityPattern *pattern)
{
	affinity_sequence_pattern_parse(log->data, log->pattern_len,
									log->n_conditions,
									(EventTime) log->time_kind, sqlstate,
									pattern);
}

Datum
affinity_sequence_in(PG_FUNCTION_ARGS)
{
	EventLog   *log = affinity_eventlog_in(PG_GETARG_CSTRING(0),
										   SEQUENCE_MAGIC);
	AffinityPattern pattern;

	parse_pattern(log, ERRCODE_INVALID_BINARY_REPRESENTATION, &pattern);
	PG_RETURN_POINTER(log);
}

Datum
affinity_sequence_out(PG_FUNCTION_ARGS)
{
	PG_RETURN_CSTRING(affinity_eventlog_out(PG_GETARG_DATUM(0),
											SEQUENCE_MAGIC));
}

static EventLog *
new_state(const EventCall *call, const text *pattern)
{
	Size		len = VARSIZE_ANY_EXHDR(pattern);
	EventLog   *log = affinity_eventlog_create(SEQUENCE_MAGIC, len);
	AffinityPattern parsed;

	log->n_conditions = (uint8) call->n_conditions;
	log->time_kind = (uint8) call->time_kind;
	log->user_kind = EVENT_USER_ONE;
	memcpy(log->data, VARDATA_ANY(pattern), len);
	log->pattern_len = log->used = (uint32) len;
	parse_pattern(log, ERRCODE_INVALID_PARAMETER_VALUE, &parsed);
	return affinity_eventlog_grow(log, ROWS_AT_FIRST * event_row_size(log));
}

static EventLog *
sequence_state(FunctionCallInfo fcinfo, const EventCall *call)
{
	const		text *pattern;
	EventLog   *log;

	if (PG_ARGISNULL(1))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("pattern must not be null"),
				 errhint("For example '(?1).*(?2)'.")));
	pattern = PG_GETARG_TEXT_PP(1);
	if (PG_ARGISNULL(0))
		return new_state(call, pattern);
	log = sequence_arg(PG_GETARG_DATUM(0));
	if (log->n_conditions != call->n_conditions ||
		log->time_kind != call->time_kind ||
		log->user_kind != EVENT_USER_ONE ||
		log->pattern_len != VARSIZE_ANY_EXHDR(pattern) ||
		memcmp(log->data, VARDATA_ANY(pattern), log->pattern_len) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("pattern must be the same for all rows of a group"),
				 errhint("Pass a constant, or GROUP BY what it depends on.")));
	return log;
}

/* (state, pattern, at, conditions …) */
Datum
affinity_sequence_accum(PG_FUNCTION_ARGS)
{
	EventCall  *call = fcinfo->flinfo->fn_extra;
	EventLog   *log;
	Size		row_size;
	uint64		steps;
	int64		at;

	if (call == NULL)
	{
		affinity_base_check_aggregate(fcinfo, EVENTLOG_AGGREGATES);
		call = MemoryContextAlloc(fcinfo->flinfo->fn_mcxt, sizeof(EventCall));
		affinity_eventlog_call_init(fcinfo, call, 2, 3, false);
		fcinfo->flinfo->fn_extra = call;
	}
	log = sequence_state(fcinfo, call);
	if (!affinity_eventlog_time(fcinfo, call, &at))
		PG_RETURN_POINTER(log);
	steps = affinity_eventlog_conditions(fcinfo, call);
	if (steps == 0)
		PG_RETURN_POINTER(log);
	row_size = event_row_size(log);
	log = affinity_eventlog_grow(log, row_size);
	memcpy(log->data + log->used, &at, sizeof(at));
	event_write_steps(log->data + log->used + sizeof(at),
					  event_steps_size(log), steps);
	log->used += (uint32) row_size;
	log->n_rows++;
	PG_RETURN_POINTER(log);
}

Datum
affinity_sequence_combine(PG_FUNCTION_ARGS)
{
	PG_RETURN_POINTER(affinity_eventlog_merge(sequence_arg(PG_GETARG_DATUM(0)),
											  sequence_arg(PG_GETARG_DATUM(1)),
											  AggCheckCallContext(fcinfo,
																  NULL)));
}

/*
 * Match from left to right. The events and one word for each are in the
 * current memory context.
 */
static void
match(const EventLog *log, const AffinityPattern *pattern, bool restarting,
	  AffinityMatcher *m)
{
	int64		n = log->n_rows;
	uint64	   *ends = MemoryContextAllocHuge(CurrentMemoryContext,
											  sizeof(uint64) * (Size) (n + 1));

	affinity_chain_match_begin(m, pattern, affinity_eventlog_sorted(log),
							   ends);
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

	parse_pattern(log, ERRCODE_INVALID_PARAMETER_VALUE, &pattern);
	match(log, &pattern, true, &m);
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
	int64		n = log->n_rows;
	int64		at = -1;
	int			n_values = 0;

	parse_pattern(log, ERRCODE_INVALID_PARAMETER_VALUE, &pattern);
	match(log, &pattern, false, &m);
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
	Oid			type = affinity_eventlog_time_type((EventTime) log->time_kind);

	if (get_element_type(get_fn_expr_rettype(fcinfo->flinfo)) != type)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("this sequence has times of another type")));
	PG_RETURN_ARRAYTYPE_P(times_of_match(log, type));
}
