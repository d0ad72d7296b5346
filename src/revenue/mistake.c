/*
 * mistake.c
 *		Calls of value_agg with ranges that cannot be meant; see
 *		activity/mistake.c.
 */
#include "postgres.h"

#include "fmgr.h"

PG_FUNCTION_INFO_V1(affinity_revenue_range_mistake);

/* (state, user, range, amount, unit [, zone [, counted]], is_start) */
Datum
affinity_revenue_range_mistake(PG_FUNCTION_ARGS)
{
	(void) fcinfo;
	ereport(ERROR,
			(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
			 errmsg("ranges cannot be counted from a start of another kind"),
			 errhint("The cohort of a user is that of the first range: leave out is_start. For cohorts of sign-up GROUP BY the period of it, with a state for each; or give payments with their times, which take is_start.")));
	return (Datum) 0;			/* not reached */
}
