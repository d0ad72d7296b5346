/*
 * mistake.c
 *		Calls of survival_agg and log_rank that cannot be meant: PostgreSQL
 *		comes to them where no other form takes the arguments.
 */
#include "postgres.h"

#include "fmgr.h"

#include "survival/survival.h"

PG_FUNCTION_INFO_V1(affinity_survival_duration_mistake);
PG_FUNCTION_INFO_V1(affinity_survival_text_mistake);
PG_FUNCTION_INFO_V1(affinity_survival_event_mistake);
PG_FUNCTION_INFO_V1(affinity_survival_rank_event_mistake);

/* (state, interval, event [, entry]) or (state, group, interval, event) */
Datum
affinity_survival_duration_mistake(PG_FUNCTION_ARGS)
{
	(void) fcinfo;
	ereport(ERROR,
			(errcode(ERRCODE_DATATYPE_MISMATCH),
			 errmsg("a duration is a number, not of type interval"),
			 errhint("In days it is extract(epoch FROM duration) / 86400.")));
	return (Datum) 0;			/* not reached */
}

/* (state, text, event [, entry]) or (state, group, text, event) */
Datum
affinity_survival_text_mistake(PG_FUNCTION_ARGS)
{
	(void) fcinfo;
	ereport(ERROR,
			(errcode(ERRCODE_DATATYPE_MISMATCH),
			 errmsg("a duration is a number, not a text"),
			 errhint("Write it without quotes, or cast it: duration::float8.")));
	return (Datum) 0;			/* not reached */
}

/* (state, duration) */
Datum
affinity_survival_event_mistake(PG_FUNCTION_ARGS)
{
	(void) fcinfo;
	ereport(ERROR,
			(errcode(ERRCODE_UNDEFINED_FUNCTION),
			 errmsg("survival_agg needs to know whether the duration ended in the event"),
			 errhint("Write affinity.survival_agg(duration, event); event is false where it had not come when the data end.")));
	return (Datum) 0;			/* not reached */
}

/* (state, group, duration) */
Datum
affinity_survival_rank_event_mistake(PG_FUNCTION_ARGS)
{
	(void) fcinfo;
	ereport(ERROR,
			(errcode(ERRCODE_UNDEFINED_FUNCTION),
			 errmsg("log_rank needs to know whether the duration ended in the event"),
			 errhint("Write affinity.log_rank(group, duration, event); event is false where it had not come when the data end.")));
	return (Datum) 0;			/* not reached */
}
