/*
 * combine.c
 *		Two activity states into one: the combine function of activity_agg and
 *		value_agg, and the transition function of rollup.
 */
#include "postgres.h"

#include "fmgr.h"
#include "utils/memutils.h"

#include "activity/set.h"

PG_FUNCTION_INFO_V1(affinity_activity_combine);
PG_FUNCTION_INFO_V1(affinity_activity_rollup);

/* A set with the contents of a flat state. */
ActivitySet *
affinity_activity_set_of_flat(MemoryContext parent, const ActivityFlat *flat,
							  bool expanded)
{
	ActivityKind kind;
	ActivityView view;
	ActivitySet *set;

	affinity_activity_view_of(&view, flat);
	affinity_activity_flat_kind(flat, &kind);
	set = affinity_activity_set_new(parent, &kind, expanded);
	affinity_activity_set_merge(set, &view);
	return set;
}

/*
 * Whether two flat states are merged side by side, which reads and writes all
 * of both. An aggregate may have many to merge: there the second one must not
 * be much smaller, or the first would be written anew for each, where a set
 * grows.
 */
static bool
side_by_side(const ActivityFlat *flat, const ActivityFlat *other, bool owned)
{
	if (!owned)
		return true;
	return !affinity_activity_stays_flat(flat) &&
		(uint64) other->n_users * 4 >= flat->n_users &&
		(uint64) VARSIZE(other) * 4 >= VARSIZE(flat);
}

/*
 * activity_combine(activity, activity), value_combine(value, value): combine
 * function of the aggregates, and both functions of rollup. Strict. Changes an
 * expanded state only where an aggregate owns it.
 */
Datum
affinity_activity_combine(PG_FUNCTION_ARGS)
{
	MemoryContext aggcontext;
	bool		owned = AggCheckCallContext(fcinfo, &aggcontext) != 0;
	ActivitySet *set = NULL;
	ActivityFlat *other;
	ActivityKind kind;
	ActivityView view;
	bool		small = false;

	other = (ActivityFlat *) PG_DETOAST_DATUM(PG_GETARG_DATUM(1));
	affinity_activity_view_of(&view, other);
	affinity_activity_flat_kind(other, &kind);
	if (owned)
		set = affinity_activity_set_of(PG_GETARG_DATUM(0));
	if (set == NULL)
	{
		ActivityFlat *flat =
			(ActivityFlat *) PG_DETOAST_DATUM(PG_GETARG_DATUM(0));
		ActivityKind own;

		affinity_activity_flat_kind(flat, &own);
		affinity_activity_kind_join(&own, &kind);
		if (side_by_side(flat, other, owned))
		{
			ActivityView first;
			ActivityFlat *merged;

			affinity_activity_view_of(&first, flat);
			merged = affinity_activity_flat_merge(&first, &view, &own);
			if (merged != NULL)
			{
				PG_FREE_IF_COPY(other, 1);
				PG_RETURN_POINTER(merged);
			}
		}
		small = !owned || (affinity_activity_stays_flat(flat) &&
						   affinity_activity_stays_flat(other));
		set = affinity_activity_set_of_flat(small ? CurrentMemoryContext
											: aggcontext, flat, !small);
	}
	affinity_activity_set_join(set, &kind);
	affinity_activity_set_merge(set, &view);
	PG_FREE_IF_COPY(other, 1);
	if (small)
		PG_RETURN_POINTER(affinity_activity_set_to_flat(set));
	return EOHPGetRWDatum(&set->hdr);
}

/* rollup(activity, activity), rollup(value, value): NULL has no rows. */
Datum
affinity_activity_rollup(PG_FUNCTION_ARGS)
{
	if (PG_ARGISNULL(0) && PG_ARGISNULL(1))
		PG_RETURN_NULL();
	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		PG_RETURN_DATUM(PG_GETARG_DATUM(PG_ARGISNULL(0) ? 1 : 0));
	return affinity_activity_combine(fcinfo);
}
