/*
 * compare.c
 *		Operators of types activity and value: equal contents are equal bytes,
 *		so bytes are compared.
 */
#include "postgres.h"

#include "access/detoast.h"

#include "activity/activity.h"
#include "base/compare.h"

static int
compare_args(FunctionCallInfo fcinfo)
{
	ActivityFlat *a = affinity_activity_state_arg(fcinfo, 0);
	ActivityFlat *b = affinity_activity_state_arg(fcinfo, 1);
	int			order = affinity_base_bytes_compare(VARDATA(a),
													VARSIZE(a) - VARHDRSZ,
													VARDATA(b),
													VARSIZE(b) - VARHDRSZ);

	PG_FREE_IF_COPY(a, 0);
	PG_FREE_IF_COPY(b, 1);
	return order < 0 ? -1 : order > 0;
}

/* States of different sizes need not be fetched. */
static bool
equal_args(FunctionCallInfo fcinfo)
{
	return toast_raw_datum_size(PG_GETARG_DATUM(0)) ==
		toast_raw_datum_size(PG_GETARG_DATUM(1)) &&
		compare_args(fcinfo) == 0;
}

static uint64
hash_arg(FunctionCallInfo fcinfo, uint64 seed)
{
	ActivityFlat *flat = affinity_activity_state_arg(fcinfo, 0);
	uint64		hash = affinity_base_hash_bytes(VARDATA(flat), VARSIZE(flat) -
												VARHDRSZ, seed);

	PG_FREE_IF_COPY(flat, 0);
	return hash;
}

/* activity_eq(activity, activity) and so on, and the same of values */
AFFINITY_COMPARISONS(affinity_activity, equal_args, compare_args, hash_arg)
