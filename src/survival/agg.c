/*
 * agg.c
 *		The aggregates survival_agg and rollup.
 */
#include "postgres.h"

#include <math.h>

#include "fmgr.h"

#include "survival/survival.h"

PG_FUNCTION_INFO_V1(affinity_survival_accum);
PG_FUNCTION_INFO_V1(affinity_survival_combine);
PG_FUNCTION_INFO_V1(affinity_survival_final);

#define SURVIVAL_AGGREGATES \
	"Call affinity.survival_agg or affinity.rollup."

/* A duration or an entry, which begins at 0. */
static double
time_arg(FunctionCallInfo fcinfo, int arg, const char *name)
{
	double		at = PG_GETARG_FLOAT8(arg);

	if (isnan(at) || isinf(at))
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("%s %s", isnan(at) ? "NaN" : "infinite", name),
				 errhint("Leave such rows out with FILTER, or make them NULL.")));
	if (at < 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s must not be negative, but is %.17g", name, at),
				 errhint("It is a length of time, from the start to the event or to the last that is known.")));
	return at + 0.0;			/* no -0 */
}

/*
 * Add a row's duration and event, which follows it, and its entry, if there
 * is one, to a cell of a log.
 */
SurvivalLog *
affinity_survival_add_row(FunctionCallInfo fcinfo, SurvivalLog *log,
						  uint32 cell, int duration_arg, int entry_arg)
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
					 errmsg("entry %.17g is not before duration %.17g",
							entry, duration),
					 errhint("Leave out who was never seen at risk: FILTER (WHERE entry IS NULL OR entry < duration).")));
		log = affinity_survival_log_add(log, entry,
										SURVIVAL_WHAT(cell, 1,
													  SURVIVAL_ENTERED));
	}
	return affinity_survival_log_add(log, duration,
									 SURVIVAL_WHAT(cell, 1, kind));
}

/* survival_accum(state, duration, event [, entry]) */
Datum
affinity_survival_accum(PG_FUNCTION_ARGS)
{
	SurvivalLog *log;

	if (fcinfo->flinfo->fn_extra == NULL)
	{
		affinity_base_check_aggregate(fcinfo, SURVIVAL_AGGREGATES);
		fcinfo->flinfo->fn_extra = fcinfo->flinfo;
	}
	if (PG_ARGISNULL(1) || PG_ARGISNULL(2))
	{
		if (PG_ARGISNULL(0))
			PG_RETURN_NULL();
		PG_RETURN_DATUM(PG_GETARG_DATUM(0));
	}
	log = PG_ARGISNULL(0) ? affinity_survival_log_new(SURVIVAL_MAGIC)
		: affinity_survival_log_of(PG_GETARG_DATUM(0), SURVIVAL_MAGIC);
	PG_RETURN_POINTER(affinity_survival_add_row(fcinfo, log, 0, 1, 3));
}

/* survival_combine(survival, survival), strict */
Datum
affinity_survival_combine(PG_FUNCTION_ARGS)
{
	SurvivalLog *a;
	SurvivalLog *b;

	affinity_base_check_aggregate(fcinfo, SURVIVAL_AGGREGATES);
	a = affinity_survival_log_of(PG_GETARG_DATUM(0), SURVIVAL_MAGIC);
	b = affinity_survival_log_of(PG_GETARG_DATUM(1), SURVIVAL_MAGIC);
	for (uint32 i = 0; i < b->n; i++)
	{
		const SurvivalEntry *entry = &affinity_survival_entries(b)[i];

		affinity_base_look_up(i);
		a = affinity_survival_log_add(a, entry->at, entry->what);
	}
	PG_RETURN_POINTER(a);
}

/* survival_final(survival), strict */
Datum
affinity_survival_final(PG_FUNCTION_ARGS)
{
	affinity_base_check_aggregate(fcinfo, SURVIVAL_AGGREGATES);
	PG_RETURN_POINTER(affinity_survival_log_final(affinity_survival_log_of(PG_GETARG_DATUM(0),
																		   SURVIVAL_MAGIC)));
}
