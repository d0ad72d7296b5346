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

static ArrayType *
state_arg(FunctionCallInfo fcinfo, int arg, Size size)
{
	ArrayType  *state = PG_GETARG_ARRAYTYPE_P(arg);
	int			n = (int) (size / sizeof(double));

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
 * The values of argument arg, a state of so many bytes of them, not to be
 * changed.
 */
const void *
affinity_similarity_state(FunctionCallInfo fcinfo, int arg, Size size)
{
	return ARR_DATA_PTR(state_arg(fcinfo, arg, size));
}

/*
 * The values of argument 0, a state of so many bytes of them, to be changed;
 * array is to be returned. It is changed in place where an aggregate calls,
 * since the state is then ours alone, else it is a copy.
 */
void *
affinity_similarity_own_state(FunctionCallInfo fcinfo, ArrayType **array,
							  Size size)
{
	ArrayType  *state = state_arg(fcinfo, 0, size);

	if (!AggCheckCallContext(fcinfo, NULL))
	{
		ArrayType  *copy = palloc(VARSIZE(state));

		memcpy(copy, state, VARSIZE(state));
		state = copy;
	}
	*array = state;
	return ARR_DATA_PTR(state);
}
