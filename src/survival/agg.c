/*
 * agg.c
 *		The aggregates survival_agg and rollup.
 */
#include "postgres.h"

#include <math.h>

#include "fmgr.h"

#include "base/number.h"
#include "base/state.h"
#include "survival/survival.h"

PG_FUNCTION_INFO_V1(affinity_survival_accum);

#define SURVIVAL_AGGREGATES \
	"Call affinity.survival_agg or affinity.rollup."

/* A duration or an entry, which begins at 0. */
static double
time_arg(FunctionCallInfo fcinfo, int arg, const char *name)
{
	double		at = affinity_base_finite(PG_GETARG_FLOAT8(arg), name);

	if (at < 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s must not be negative, but is %s", name, affinity_base_shortest(at)),
				 errhint("It is a length of time, from the start to the event or to the last that is known.")));
	return at + 0.0;			/* no -0 */
}

/* How many a row stands for. */
static uint64
weight_arg(FunctionCallInfo fcinfo, int arg)
{
	double		weight = affinity_base_finite(PG_GETARG_FLOAT8(arg), "weight");

	if (!(weight >= 0 && weight <= (double) SURVIVAL_COUNT_MAX) ||
		weight != rint(weight))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("weight must be a whole number from 0 to %llu, but is %s",
						(unsigned long long) SURVIVAL_COUNT_MAX, affinity_base_shortest(weight)),
				 errhint("It says how many a row stands for, as count(*) does after GROUP BY duration, event.")));
	return (uint64) weight;
}

/*
 * Add a row's duration and event, which follows it, and its entry, if there
 * is one, to a cell of a log, as often as it counts.
 */
SurvivalLog *
affinity_survival_add_row(FunctionCallInfo fcinfo, SurvivalLog *log,
						  uint32 cell, int duration_arg, int entry_arg,
						  uint64 count)
{
	double		duration = time_arg(fcinfo, duration_arg, "duration");
	SurvivalKind kind = PG_GETARG_BOOL(duration_arg + 1) ? SURVIVAL_EVENT
		: SURVIVAL_CENSORED;

	if (PG_NARGS() > entry_arg && !PG_ARGISNULL(entry_arg))
	{
		double		entry = time_arg(fcinfo, entry_arg, "entry");

		if (entry >= duration)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("entry %s is not before duration %s",
							affinity_base_shortest(entry), affinity_base_shortest(duration)),
					 errhint("Leave out who was never seen at risk: FILTER (WHERE entry IS NULL OR entry < duration).")));
		log = affinity_survival_log_add(log, entry,
										SURVIVAL_WHAT(cell, count,
													  SURVIVAL_ENTERED));
	}
	return affinity_survival_log_add(log, duration,
									 SURVIVAL_WHAT(cell, count, kind));
}

/* survival_accum(state, duration, event [, entry [, weight]]) */
Datum
affinity_survival_accum(PG_FUNCTION_ARGS)
{
	SurvivalLog *log;
	uint64		count = 1;

	if (fcinfo->flinfo->fn_extra == NULL)
	{
		affinity_base_check_aggregate(fcinfo, SURVIVAL_AGGREGATES);
		fcinfo->flinfo->fn_extra = fcinfo->flinfo;
	}
	if (PG_NARGS() > 4)
		count = PG_ARGISNULL(4) ? 0 : weight_arg(fcinfo, 4);
	if (PG_ARGISNULL(1) || PG_ARGISNULL(2) || count == 0)
	{
		if (PG_ARGISNULL(0))
			PG_RETURN_NULL();
		PG_RETURN_DATUM(PG_GETARG_DATUM(0));
	}
	log = PG_ARGISNULL(0) ? affinity_survival_log_new(SURVIVAL_MAGIC)
		: affinity_survival_log_of(PG_GETARG_DATUM(0), SURVIVAL_MAGIC);
	PG_RETURN_POINTER(affinity_survival_add_row(fcinfo, log, 0, 1, 3,
												count));
}

/* What is in another state added to one, which may be changed. */
static Datum
merge_states(Datum state, Datum other)
{
	SurvivalLog *a;
	SurvivalLog *b;

	a = affinity_survival_log_of(state, SURVIVAL_MAGIC);
	b = affinity_survival_log_of(other, SURVIVAL_MAGIC);
	for (uint32 i = 0; i < b->n; i++)
	{
		const SurvivalEntry *entry = &affinity_survival_entries(b)[i];

		affinity_base_look_up(i);
		a = affinity_survival_log_add(a, entry->at, entry->what);
	}
	return PointerGetDatum(a);
}

/* A state in its form at rest. */
static Datum
at_rest(Datum state)
{
	return PointerGetDatum(affinity_survival_log_final(affinity_survival_log_of(state, SURVIVAL_MAGIC)));
}

AFFINITY_STATE_STEPS(affinity_survival_combine, affinity_survival_final, affinity_survival_rollup, SURVIVAL_AGGREGATES)
