/*
 * state.c
 *		Aggregate states that are one-dimensional arrays of float8.
 *
 * As with PostgreSQL's own float8_accum, such a state needs no type of its
 * own, passes between parallel workers as it is, and can be stored. Anybody
 * may call a transition function with any array, so each use checks the
 * shape; what the numbers in it mean only bears on the result.
 */
#include "postgres.h"

#include "catalog/pg_type.h"

#include "similarity/similarity.h"

/*
 * Argument arg as a state of n values, not to be changed.
 */
ArrayType *
affinity_similarity_state_read(FunctionCallInfo fcinfo, int arg, int n)
{
	ArrayType  *state = PG_GETARG_ARRAYTYPE_P(arg);

	if (ARR_NDIM(state) != 1 || ARR_DIMS(state)[0] != n ||
		ARR_HASNULL(state) || ARR_ELEMTYPE(state) != FLOAT8OID)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("aggregate state must be an array of %d double precision values, none NULL",
						n),
				 errhint("Call the aggregate instead of its support function.")));
	return state;
}

/*
 * Argument 0 as a state of n values, to be changed and returned: in place
 * where an aggregate calls, since the state is then ours alone, else a copy.
 */
ArrayType *
affinity_similarity_state_write(FunctionCallInfo fcinfo, int n)
{
	ArrayType  *state = affinity_similarity_state_read(fcinfo, 0, n);
	ArrayType  *copy;

	if (AggCheckCallContext(fcinfo, NULL))
		return state;
	copy = palloc(VARSIZE(state));
	memcpy(copy, state, VARSIZE(state));
	return copy;
}
