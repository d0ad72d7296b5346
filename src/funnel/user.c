/*
 * user.c
 *		What one user did: the final functions of window_funnel and
 *		funnel_times, and the population's state from their results.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "common/int.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/lsyscache.h"

#include "eventlog/packed.h"

PG_FUNCTION_INFO_V1(affinity_funnel_window_final);
PG_FUNCTION_INFO_V1(affinity_funnel_times_final);
PG_FUNCTION_INFO_V1(affinity_funnel_final);
PG_FUNCTION_INFO_V1(affinity_funnel_chains_accum);

#define CHAIN_SIZE(level) (1 + sizeof(int64) * ((Size) (level) - ((level) > 0)))

void
affinity_eventlog_rule(const EventLog *log, AffinityChainRule *rule)
{
	int			n_steps = affinity_eventlog_n_steps(log);

	rule->window = (uint64) log->window;
	rule->mode = log->mode;
	rule->n_steps = n_steps;
	rule->exclude = 0;
	for (int i = n_steps; i < log->n_conditions; i++)
		rule->exclude |= UINT64CONST(1) << i;
}

/*
 * The longest chain in sorted events: its length; its times are chain->best.
 */
int
affinity_funnel_chain_of(AffinityChain *chain, const AffinityChainRule *rule,
						 const AffinityEvent *event, int64 n)
{
	int64		from = 0;

	affinity_chain_begin(chain, rule);
	while (from < n)
	{
		int64		to = affinity_eventlog_events_cut(event, n, from);

		if (!affinity_chain_feed(chain, event + from, to - from))
			break;
		from = to;
		CHECK_FOR_INTERRUPTS();
	}
	return chain->level;
}

static void
keep_result(const FunnelResult *result, void *kept)
{
	memcpy(kept, result, sizeof(FunnelResult));
}

/*
 * The best chain of a state of one user.
 */
static void
result_of_state(FunctionCallInfo fcinfo, const EventLog *log,
				FunnelResult *result)
{
	AffinityChainRule rule;
	AffinityEvent *event;
	AffinityChain *chain;

	if (log->user_kind != EVENT_USER_ONE)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("this funnel is one of many users"),
				 errhint("Use affinity.funnel_steps to read it.")));
	result->level = 0;
	result->taken = 0;
	if (affinity_eventlog_has_options(log))
	{
		affinity_funnel_solve_log(log, keep_result, result);
		return;
	}
	/* as long as the query lasts */
	if (fcinfo->flinfo->fn_extra == NULL)
		fcinfo->flinfo->fn_extra = MemoryContextAlloc(fcinfo->flinfo->fn_mcxt,
													  sizeof(AffinityChain));
	chain = fcinfo->flinfo->fn_extra;
	affinity_eventlog_rule(log, &rule);
	event = affinity_eventlog_sorted(log);
	result->level = affinity_funnel_chain_of(chain, &rule, event, log->n_rows);
	result->taken = result->level == 0 ? 0 :
		PG_UINT64_MAX >> (64 - result->level);
	memcpy(result->at, chain->best, sizeof(int64) * (Size) result->level);
	pfree(event);
}

/* The number of the last step that the user took; 0 without rows. */
Datum
affinity_funnel_window_final(PG_FUNCTION_ARGS)
{
	FunnelResult result;

	if (PG_ARGISNULL(0))
		PG_RETURN_INT32(0);
	result_of_state(fcinfo, affinity_eventlog_arg(PG_GETARG_DATUM(0),
												  FUNNEL_MAGIC), &result);
	PG_RETURN_INT32(result.level);
}

/* When the user took each step: NULL for steps not taken. */
Datum
affinity_funnel_times_final(PG_FUNCTION_ARGS)
{
	EventLog   *log = affinity_eventlog_arg(PG_GETARG_DATUM(0), FUNNEL_MAGIC);
	Oid			type = affinity_eventlog_time_type((EventTime) log->time_kind);
	FunnelResult result;
	Datum		value[AFFINITY_MAX_STEPS];
	bool		null[AFFINITY_MAX_STEPS];
	int			n = affinity_eventlog_n_steps(log);
	int			low = 1;

	result_of_state(fcinfo, log, &result);
	if (get_element_type(get_fn_expr_rettype(fcinfo->flinfo)) != type)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("this funnel has times of another type")));
	for (int i = 0; i < n; i++)
	{
		null[i] = (result.taken >> i & 1) == 0;
		value[i] = null[i] ? (Datum) 0 : Int64GetDatum(result.at[i]);
	}
	PG_RETURN_ARRAYTYPE_P(construct_md_array(value, null, 1, &n,
											 &low, type, 8, FLOAT8PASSBYVAL,
											 TYPALIGN_DOUBLE));
}

/* A state as a value: packed if it is one of many users, and without room. */
Datum
affinity_funnel_final(PG_FUNCTION_ARGS)
{
	PartedLog  *parted = affinity_eventlog_parted_to_read(PG_GETARG_DATUM(0));
	EventLog   *log;

	if (parted != NULL)
		PG_RETURN_POINTER(affinity_eventlog_parted_flat(parted));
	log = affinity_eventlog_growing_flatten(PG_GETARG_DATUM(0));
	if (log == NULL)
		log = affinity_eventlog_arg(PG_GETARG_DATUM(0), FUNNEL_MAGIC);
	if (log->version == EVENT_LOG_VERSION && event_log_packs(log))
		PG_RETURN_POINTER(affinity_eventlog_pack(log));
	PG_RETURN_POINTER(affinity_eventlog_trim(log));
}

/*
 * The steps of one user from an array of times in order: none is missing
 * before the last one but optional ones (-1). Returns the number of the last
 * one.
 */
static int
read_times(const Datum *value, const bool *null, int n, const EventLog *log,
		   int64 *since)
{
	uint64		optional = affinity_eventlog_optional(log);
	int			level = n;
	int64		before = 0;

	while (level > 0 && null[level - 1])
		level--;
	for (int i = 0; i < level; i++)
	{
		if (null[i] && i == 0)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("step %d has a time, but the first step has none",
							level),
					 errhint("Nobody comes to a later step without the first, "
							 "which cannot be optional: pass what "
							 "affinity.funnel_times returns.")));
		if (null[i] && (optional >> i & 1) == 0)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("step %d has a time, but step %d has none",
							level, i + 1),
					 errhint("Pass what affinity.funnel_times returns, and with "
							 "optional steps the mode too: "
							 "funnel_agg(times, 'optional %d').", i + 1)));
		if (null[i])
		{
			since[i] = -1;
			continue;
		}
		if (log->time_kind != EVENT_TIME_INTEGER &&
			TIMESTAMP_NOT_FINITE(DatumGetInt64(value[i])))
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("the time of a step must be finite"),
					 errhint("Pass what affinity.funnel_times returns.")));
		if (pg_sub_s64_overflow(DatumGetInt64(value[i]),
								DatumGetInt64(value[0]), &since[i]) ||
			since[i] < before)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("the times of the steps must be in order"),
					 errhint("Pass what affinity.funnel_times returns.")));
		before = since[i];
	}
	return level;
}

/*
 * The optional steps that the mode of funnel_agg(times, mode) names. Nothing
 * else of a mode matters once a chain is known.
 */
static uint64
optional_steps(FunctionCallInfo fcinfo, int n_steps)
{
	char		options[FUNNEL_MAX_OPTIONS];
	uint32		options_len;
	uint64		optional = 0;
	char	   *text;
	uint32		mode;

	if (PG_NARGS() < 3)
		return 0;
	text = affinity_base_text_arg(fcinfo, 2, "mode");
	mode = affinity_funnel_mode_read(text, n_steps, options, &options_len);
	if ((mode & FUNNEL_MODE_EXCLUDE_LAST) != 0 || options_len >
		sizeof(optional))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the times of steps have no condition to exclude"),
				 errhint("Give funnel_agg(times, mode) the optional steps "
						 "only.")));
	if (options_len > 0 && (mode & FUNNEL_MODE_GROUPS) == 0)
		memcpy(&optional, options, sizeof(optional));
	pfree(text);
	return optional;
}

static EventLog *
chains_state(FunctionCallInfo fcinfo, Oid type, int n_steps)
{
	EventLog   *log;
	uint64		optional;
	EventTime	kind = type == TIMESTAMPTZOID ? EVENT_TIME_TIMESTAMPTZ :
		type == TIMESTAMPOID ? EVENT_TIME_TIMESTAMP : EVENT_TIME_INTEGER;

	if (n_steps < 1 || n_steps > AFFINITY_MAX_STEPS)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("an array of step times has %d elements, but must have "
						"1 to %d", n_steps, AFFINITY_MAX_STEPS),
				 errhint("Pass what affinity.funnel_times returned.")));
	optional = optional_steps(fcinfo, n_steps);
	if (!PG_ARGISNULL(0))
	{
		log = affinity_eventlog_arg(PG_GETARG_DATUM(0), FUNNEL_MAGIC);
		if (log->n_conditions == n_steps && log->time_kind == kind &&
			log->user_kind == EVENT_USER_CHAINS &&
			affinity_eventlog_optional(log) == optional)
			return log;
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("all arrays of step times must have the same length "
						"and the same optional steps"),
				 errhint("Merge the results of one call of affinity.funnel_times only.")));
	}
	log = affinity_eventlog_create(FUNNEL_MAGIC, sizeof(optional));
	log->n_conditions = (uint8) n_steps;
	log->time_kind = (uint8) kind;
	log->user_kind = EVENT_USER_CHAINS;
	if (optional != 0)
	{
		memcpy(log->data, &optional, sizeof(optional));
		log->pattern_len = log->used = sizeof(optional);
	}
	return log;
}

/* (state, what funnel_times returned for a user [, mode]) */
Datum
affinity_funnel_chains_accum(PG_FUNCTION_ARGS)
{
	ArrayType  *array;
	EventLog   *log;
	Datum	   *value;
	bool	   *null;
	int64		since[AFFINITY_MAX_STEPS];
	int			n;
	int			level;

	affinity_base_check_aggregate(fcinfo, EVENTLOG_AGGREGATES);
	if (PG_ARGISNULL(1))
	{
		if (PG_ARGISNULL(0))
			PG_RETURN_NULL();
		PG_RETURN_DATUM(PG_GETARG_DATUM(0));
	}
	array = PG_GETARG_ARRAYTYPE_P(1);
	deconstruct_array(array, ARR_ELEMTYPE(array), 8, FLOAT8PASSBYVAL,
					  TYPALIGN_DOUBLE, &value, &null, &n);
	log = chains_state(fcinfo, ARR_ELEMTYPE(array), n);
	level = read_times(value, null, n, log, since);
	log = affinity_eventlog_grow(log, CHAIN_SIZE(level));
	log->data[log->used] = (char) level;
	if (level > 1)
		memcpy(log->data + log->used + 1, since + 1,
			   sizeof(int64) * (size_t) (level - 1));
	log->used += (uint32) CHAIN_SIZE(level);
	log->n_rows++;
	PG_RETURN_POINTER(log);
}
