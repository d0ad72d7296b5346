/*
 * mistake.c
 *		Calls of customer_summary that cannot be meant: PostgreSQL comes to them
 *		where no other form takes the arguments.
 */
#include "postgres.h"

#include "fmgr.h"

#include "calendar/calendar.h"

PG_FUNCTION_INFO_V1(affinity_customer_summary_mistake);

/* (state, amount, at [, unit]) or (state, at, amount as text [, unit]) */
Datum
affinity_customer_summary_mistake(PG_FUNCTION_ARGS)
{
	if (affinity_base_arg_type(fcinfo, 1) == FLOAT8OID)
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("customer_summary takes the time before the amount"),
				 errhint("Write affinity.customer_summary(at, amount).")));
	affinity_calendar_refuse_text(fcinfo, 1);
	ereport(ERROR,
			(errcode(ERRCODE_DATATYPE_MISMATCH),
			 errmsg("the amount is of type text"),
			 errhint("Cast it: amount::float8. Where this is the unit, an amount comes before it, 1 if rows are to count: affinity.customer_summary(at, 1, 'month').")));
	return (Datum) 0;			/* not reached */
}
