/*
 * rollup.h
 *		rollup(state, other), by what the aggregate of the same name does.
 */
#ifndef AFFINITY_BASE_ROLLUP_H
#define AFFINITY_BASE_ROLLUP_H

#include "base/base.h"

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

#endif							/* AFFINITY_BASE_ROLLUP_H */
