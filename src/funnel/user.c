/*
 * user.c
 *		What one user did: the final functions of window_funnel and
 *		funnel_times, and the population's state from their results.
 */
#include "postgres.h"

#include "common/int.h"
#include "utils/array.h"
#include "utils/lsyscache.h"

#include "base/call.h"
#include "funnel/funnel.h"

PG_FUNCTION_INFO_V1(affinity_funnel_window_final);
PG_FUNCTION_INFO_V1(affinity_funnel_times_final);
PG_FUNCTION_INFO_V1(affinity_funnel_chains_accum);

/* A FunnelResultUse. */
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
	if (affinity_eventlog_kind(log)->user_kind != EVENT_USER_ONE)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("this funnel is one of many users"),
				 errhint("Use affinity.funnel_steps to read it.")));
	/* as long as the query lasts */
	if (fcinfo->flinfo->fn_extra == NULL)
		fcinfo->flinfo->fn_extra =
			affinity_funnel_solver_create(fcinfo->flinfo->fn_mcxt);
	result->level = 0;
	result->taken = 0;
	affinity_funnel_solve(fcinfo->flinfo->fn_extra, log, keep_result, result);
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
	Oid			type = affinity_eventlog_time_type(log);
	FunnelResult result;
	Datum		value[AFFINITY_MAX_STEPS];
	bool		null[AFFINITY_MAX_STEPS];
	int			n = affinity_eventlog_n_steps(log);
	int			low = 1;

	result_of_state(fcinfo, log, &result);
	if (get_element_type(affinity_base_return_type(fcinfo)) != type)
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
		if (affinity_eventlog_kind(log)->time_kind != EVENT_TIME_INTEGER &&
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
	char		options[EVENT_MAX_OPTIONS];
	uint32		options_len;
	uint64		optional = 0;
	char	   *text;
	uint32		mode;

	if (PG_NARGS() < 3)
		return 0;
	text = affinity_base_text_arg(fcinfo, 2, "mode");
	mode = affinity_funnel_mode_read(text, n_steps, options, &options_len);
	if ((mode & EVENT_MODE_EXCLUDE_LAST) != 0 || options_len >
		sizeof(optional))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the times of steps have no condition to exclude"),
				 errhint("Give funnel_agg(times, mode) the optional steps "
						 "only.")));
	if (options_len > 0 && (mode & EVENT_MODE_GROUPS) == 0)
		memcpy(&optional, options, sizeof(optional));
	pfree(text);
	return optional;
}

/* A log of chains, as all calls with such arguments have it. */
static EventLog *
chains_state(FunctionCallInfo fcinfo, Oid type, int n_steps)
{
	EventDefinition definition;
	EventLog   *log;
	uint64		optional;

	if (n_steps < 1 || n_steps > AFFINITY_MAX_STEPS)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("an array of step times has %d elements, but must have "
						"1 to %d", n_steps, AFFINITY_MAX_STEPS),
				 errhint("Pass what affinity.funnel_times returned.")));
	optional = optional_steps(fcinfo, n_steps);
	affinity_eventlog_define(&definition, FUNNEL_MAGIC);
	definition.kind.n_conditions = (uint8) n_steps;
	definition.kind.time_kind = (uint8) affinity_eventlog_time_kind(type);
	definition.kind.user_kind = EVENT_USER_CHAINS;
	definition.options = (const char *) &optional;
	definition.options_len = optional != 0 ? sizeof(optional) : 0;
	if (PG_ARGISNULL(0))
		return affinity_eventlog_create(&definition, sizeof(optional));
	log = affinity_eventlog_arg(PG_GETARG_DATUM(0), FUNNEL_MAGIC);
	if (!affinity_eventlog_is_of(log, &definition))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("all arrays of step times must have the same length "
						"and the same optional steps"),
				 errhint("Merge the results of one call of affinity.funnel_times only.")));
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
	PG_RETURN_POINTER(affinity_eventlog_chain_append(log, level, since));
}
