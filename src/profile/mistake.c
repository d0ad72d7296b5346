/*
 * mistake.c
 *		Calls of contrast_agg and contrast_numeric without the condition that
 *		says what is in the segment.
 */
#include "postgres.h"

#include "fmgr.h"
#include "utils/builtins.h"

#include "base/base.h"
#include "base/call.h"

PG_FUNCTION_INFO_V1(affinity_profile_mistake);
PG_FUNCTION_INFO_V1(affinity_profile_attribute_mistake);
PG_FUNCTION_INFO_V1(affinity_profile_numeric_mistake);

/* (state, attribute) */
Datum
affinity_profile_mistake(PG_FUNCTION_ARGS)
{
	(void) fcinfo;
	ereport(ERROR,
			(errcode(ERRCODE_UNDEFINED_FUNCTION),
			 errmsg("contrast_agg needs to know which rows are in the segment"),
			 errhint("Write affinity.contrast_agg(in_segment, attribute), with a condition and a text.")));
	return (Datum) 0;			/* not reached */
}

/* (state, in_segment, attribute of another type than text) */
Datum
affinity_profile_attribute_mistake(PG_FUNCTION_ARGS)
{
	ereport(ERROR,
			(errcode(ERRCODE_DATATYPE_MISMATCH),
			 errmsg("the attribute is of type %s, but is to be a text",
					format_type_be(affinity_base_arg_type(fcinfo, 2))),
			 errhint("Cast it: affinity.contrast_agg(in_segment, attribute::text).")));
	return (Datum) 0;			/* not reached */
}

/* (state, value) */
Datum
affinity_profile_numeric_mistake(PG_FUNCTION_ARGS)
{
	(void) fcinfo;
	ereport(ERROR,
			(errcode(ERRCODE_UNDEFINED_FUNCTION),
			 errmsg("contrast_numeric needs to know which rows are in the segment"),
			 errhint("Write affinity.contrast_numeric(in_segment, value), with a condition and a number.")));
	return (Datum) 0;			/* not reached */
}
