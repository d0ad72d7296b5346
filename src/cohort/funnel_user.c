/*
 * funnel_user.c
 *		What one user did: the final functions of window_funnel and
 *		funnel_times, and the population's state from their results.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "common/int.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/lsyscache.h"

#include "cohort/funnel.h"

PG_FUNCTION_INFO_V1(affinity_window_funnel_final);
PG_FUNCTION_INFO_V1(affinity_funnel_times_final);
PG_FUNCTION_INFO_V1(affinity_funnel_final);
PG_FUNCTION_INFO_V1(affinity_funnel_chains_accum);

#define CHAIN_SIZE(level) (1 + sizeof(int64) * ((Size) (level) - ((level) > 0)))

void
affinity_log_rule(const EventLog *log, AffinityChainRule *rule)
{
	bool		exclude = (log->mode & FUNNEL_MODE_EXCLUDE_LAST) != 0;

	rule->window = (uint64) log->window;
	rule->mode = log->mode;
	rule->n_steps = log->n_conditions - (exclude ? 1 : 0);
	rule->exclude = exclude ? UINT64CONST(1) << rule->n_steps : 0;
}

/*
 * The longest chain in sorted events: its length; its times are chain->best.
 */
int
affinity_chain_of(AffinityChain *chain, const AffinityChainRule *rule,
				  const AffinityEvent *event, int64 n)
{
	int64		from = 0;

	affinity_chain_begin(chain, rule);
	while (from < n)
	{
		int64		to = affinity_events_cut(event, n, from);

		if (!affinity_chain_feed(chain, event + from, to - from))
			break;
		from = to;
		CHECK_FOR_INTERRUPTS();
	}
	return chain->level;
}

/*
 * The chain of a state of one user, in memory that lasts as long as the query.
 */
static AffinityChain *
chain_of_state(FunctionCallInfo fcinfo, const EventLog *log)
{
	AffinityChainRule rule;
	AffinityEvent *event;

	if (log->user_kind != EVENT_USER_ONE)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("this funnel is one of many users"),
				 errhint("Use affinity.funnel_steps to read it.")));
	if (fcinfo->flinfo->fn_extra == NULL)
		fcinfo->flinfo->fn_extra = MemoryContextAlloc(fcinfo->flinfo->fn_mcxt,
													  sizeof(AffinityChain));
	affinity_log_rule(log, &rule);
	event = affinity_log_sorted(log);
	affinity_chain_of(fcinfo->flinfo->fn_extra, &rule, event, log->n_rows);
	pfree(event);
	return fcinfo->flinfo->fn_extra;
}

/* How many steps the user took; 0 without rows. */
Datum
affinity_window_funnel_final(PG_FUNCTION_ARGS)
{
	if (PG_ARGISNULL(0))
		PG_RETURN_INT32(0);
	PG_RETURN_INT32(chain_of_state(fcinfo,
								   affinity_log_arg(PG_GETARG_DATUM(0),
													FUNNEL_MAGIC))->level);
}

/* When the user took each step: NULL for steps not reached. */
Datum
affinity_funnel_times_final(PG_FUNCTION_ARGS)
{
	EventLog   *log = affinity_log_arg(PG_GETARG_DATUM(0), FUNNEL_MAGIC);
	Oid			type = affinity_event_time_type((EventTime) log->time_kind);
	AffinityChain *chain = chain_of_state(fcinfo, log);
	Datum		value[AFFINITY_MAX_STEPS];
	bool		null[AFFINITY_MAX_STEPS];
	int			n = chain->rule.n_steps;
	int			low = 1;
	int			i;

	if (get_element_type(get_fn_expr_rettype(fcinfo->flinfo)) != type)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("this funnel has times of another type")));
	for (i = 0; i < n; i++)
	{
		null[i] = i >= chain->level;
		value[i] = null[i] ? (Datum) 0 : Int64GetDatum(chain->best[i]);
	}
	PG_RETURN_ARRAYTYPE_P(construct_md_array(value, null, 1, &n, &low, type, 8,
											 FLOAT8PASSBYVAL, TYPALIGN_DOUBLE));
}

/* A state as a value: without the room to append. */
Datum
affinity_funnel_final(PG_FUNCTION_ARGS)
{
	PG_RETURN_POINTER(affinity_log_trim(affinity_log_arg(PG_GETARG_DATUM(0),
														 FUNNEL_MAGIC)));
}

/*
 * The steps of one user from an array of times: a prefix of times in order,
 * then NULL. Returns how many.
 */
static int
read_times(const Datum *value, const bool *null, int n, int64 *since)
{
	int			level = 0;
	int			i;

	while (level < n && !null[level])
		level++;
	for (i = level; i < n; i++)
		if (!null[i])
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("step %d has a time, but step %d has none",
							i + 1, level + 1),
					 errhint("Pass what affinity.funnel_times returns.")));
	for (i = 0; i < level; i++)
		if (pg_sub_s64_overflow(DatumGetInt64(value[i]),
								DatumGetInt64(value[0]), &since[i]) ||
			since[i] < 0 || (i > 0 && since[i] < since[i - 1]))
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("the times of the steps must be in order"),
					 errhint("Pass what affinity.funnel_times returns.")));
	return level;
}

static EventLog *
chains_state(FunctionCallInfo fcinfo, Oid type, int n_steps)
{
	EventLog   *log;
	EventTime	kind = type == TIMESTAMPTZOID ? EVENT_TIME_TIMESTAMPTZ :
		type == TIMESTAMPOID ? EVENT_TIME_TIMESTAMP : EVENT_TIME_INTEGER;

	if (n_steps < 1 || n_steps > AFFINITY_MAX_STEPS)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("an array of step times has %d elements, but must have "
						"1 to %d", n_steps, AFFINITY_MAX_STEPS)));
	if (!PG_ARGISNULL(0))
	{
		log = affinity_log_arg(PG_GETARG_DATUM(0), FUNNEL_MAGIC);
		if (log->n_conditions == n_steps && log->time_kind == kind &&
			log->user_kind == EVENT_USER_CHAINS)
			return log;
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("all arrays of step times must have the same length")));
	}
	log = affinity_log_create(FUNNEL_MAGIC, 0);
	log->n_conditions = (uint8) n_steps;
	log->time_kind = (uint8) kind;
	log->user_kind = EVENT_USER_CHAINS;
	return log;
}

/* (state, what funnel_times returned for a user) */
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

	affinity_check_aggregate(fcinfo);
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
	level = read_times(value, null, n, since);
	log = affinity_log_grow(log, CHAIN_SIZE(level));
	log->data[log->used] = (char) level;
	if (level > 1)
		memcpy(log->data + log->used + 1, since + 1,
			   sizeof(int64) * (size_t) (level - 1));
	log->used += (uint32) CHAIN_SIZE(level);
	log->n_rows++;
	PG_RETURN_POINTER(log);
}
