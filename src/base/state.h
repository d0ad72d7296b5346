/*
 * state.h
 *		What the aggregates of states have in common.
 */
#ifndef AFFINITY_BASE_STATE_H
#define AFFINITY_BASE_STATE_H

#include "base/base.h"

/*
 * A state, aligned. It may be of any size and hold anything: in somebody
 * else's aggregate a step is called with whatever its type admits.
 */
static inline void *
affinity_base_aligned(Datum value)
{
	struct varlena *state = PG_DETOAST_DATUM(value);

	if (unlikely((uintptr_t) state != MAXALIGN((uintptr_t) state)))
	{
		void	   *aligned = palloc(VARSIZE(state));

		memcpy(aligned, state, VARSIZE(state));
		return aligned;
	}
	return state;
}

/*
 * NULL is a state without rows. Unlike in the aggregate the first state is
 * the caller's, as a row of a table may be, so that a copy of it takes in
 * the other.
 */
static inline Datum
affinity_base_rollup(FunctionCallInfo fcinfo,
					 Datum (*merge) (Datum state, Datum other),
					 Datum (*at_rest) (Datum state))
{
	if (PG_ARGISNULL(0) && PG_ARGISNULL(1))
		PG_RETURN_NULL();
	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		return at_rest(PG_GETARG_DATUM(PG_ARGISNULL(0) ? 1 : 0));
	return at_rest(merge(PointerGetDatum(PG_DETOAST_DATUM_COPY(PG_GETARG_DATUM(0))),
						 PG_GETARG_DATUM(1)));
}

/*
 * The functions of an aggregate after its rows, both strict, and
 * rollup(state, other). The room says, in the file, merge_states(state,
 * other), which may change the first, and at_rest(state), its form at rest;
 * makers says what to call instead of a step.
 */
#define AFFINITY_STATE_STEPS(combine, final, rollup, makers) \
PG_FUNCTION_INFO_V1(combine); \
Datum \
combine(PG_FUNCTION_ARGS) \
{ \
	affinity_base_check_aggregate(fcinfo, makers); \
	return merge_states(PG_GETARG_DATUM(0), PG_GETARG_DATUM(1)); \
} \
\
PG_FUNCTION_INFO_V1(final); \
Datum \
final(PG_FUNCTION_ARGS) \
{ \
	affinity_base_check_aggregate(fcinfo, makers); \
	return at_rest(PG_GETARG_DATUM(0)); \
} \
\
PG_FUNCTION_INFO_V1(rollup); \
Datum \
rollup(PG_FUNCTION_ARGS) \
{ \
	return affinity_base_rollup(fcinfo, merge_states, at_rest); \
}

#endif							/* AFFINITY_BASE_STATE_H */
