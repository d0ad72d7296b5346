/*
 * mistake.c
 *		Calls of attribution_agg that cannot be meant: PostgreSQL comes to
 *		them where no other form takes the arguments.
 */
#include "postgres.h"

#include "fmgr.h"
#include "utils/builtins.h"

#include "attribution/attribution.h"

PG_FUNCTION_INFO_V1(affinity_attribution_time_mistake);
PG_FUNCTION_INFO_V1(affinity_attribution_channel_mistake);
PG_FUNCTION_INFO_V1(affinity_attribution_converted_mistake);
PG_FUNCTION_INFO_V1(affinity_attribution_text_mistake);
PG_FUNCTION_INFO_V1(affinity_attribution_number_mistake);

/* (state, user, number, …): a number that is no time */
Datum
affinity_attribution_time_mistake(PG_FUNCTION_ARGS)
{
	(void) fcinfo;
	ereport(ERROR,
			(errcode(ERRCODE_DATATYPE_MISMATCH),
			 errmsg("at is a timestamptz, a timestamp or a date"),
			 errhint("Make one of a number of seconds by to_timestamp(seconds).")));
	return (Datum) 0;			/* not reached */
}

/* (state, user, at, channel of another type than text, converted [, value]) */
Datum
affinity_attribution_channel_mistake(PG_FUNCTION_ARGS)
{
	ereport(ERROR,
			(errcode(ERRCODE_DATATYPE_MISMATCH),
			 errmsg("the channel is of type %s, but is to be a text",
					format_type_be(affinity_base_arg_type(fcinfo, 3))),
			 errhint("Cast it: affinity.attribution_agg(user_id, at, channel::text, converted).")));
	return (Datum) 0;			/* not reached */
}

/* (state, user, at, channel) */
Datum
affinity_attribution_converted_mistake(PG_FUNCTION_ARGS)
{
	(void) fcinfo;
	ereport(ERROR,
			(errcode(ERRCODE_UNDEFINED_FUNCTION),
			 errmsg("attribution_agg needs to know which rows are conversions"),
			 errhint("Write affinity.attribution_agg(user_id, at, channel, converted); converted is true where the row is a conversion.")));
	return (Datum) 0;			/* not reached */
}

/* (state, user, at, channel, converted, …, text): a lookback as text */
Datum
affinity_attribution_text_mistake(PG_FUNCTION_ARGS)
{
	(void) fcinfo;
	ereport(ERROR,
			(errcode(ERRCODE_DATATYPE_MISMATCH),
			 errmsg("the value of a conversion is a number, and a lookback is an interval"),
			 errhint("Write interval '30 days' for a lookback.")));
	return (Datum) 0;			/* not reached */
}

/* (state, user, at, channel, number [, value]): 1 where it is a conversion */
Datum
affinity_attribution_number_mistake(PG_FUNCTION_ARGS)
{
	(void) fcinfo;
	ereport(ERROR,
			(errcode(ERRCODE_DATATYPE_MISMATCH),
			 errmsg("converted is a boolean, not a number"),
			 errhint("Write converted > 0; what a conversion is worth is the argument after it.")));
	return (Datum) 0;			/* not reached */
}
