/*
 * compare.c
 *		Operators of types activity and value: equal contents are equal bytes,
 *		so bytes are compared.
 */
#include "postgres.h"

#include "access/detoast.h"

#include "activity/activity.h"
#include "base/compare.h"

AFFINITY_COMPARED_AS_BYTES(affinity_activity_state_arg)

/* States of different sizes need not be fetched. */
static bool
equal_args(FunctionCallInfo fcinfo)
{
	return toast_raw_datum_size(PG_GETARG_DATUM(0)) ==
		toast_raw_datum_size(PG_GETARG_DATUM(1)) &&
		compare_args(fcinfo) == 0;
}

/* activity_eq(activity, activity) and so on, and the same of values */
AFFINITY_COMPARISONS(affinity_activity, equal_args, compare_args, hash_arg)
