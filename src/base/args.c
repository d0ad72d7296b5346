/*
 * args.c
 *		Checks of arguments that many SQL functions share.
 */
#include "postgres.h"

#include "nodes/primnodes.h"

#include "base/base.h"

/*
 * How many rows a caller wants: 0 is none, a huge number is all.
 */
void
affinity_base_check_k(int32 k)
{
	if (k < 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("k must not be negative, but is %d", k),
				 errhint("Pass how many rows you want; 0 gives none.")));
}

/*
 * Whether one or two arguments of an aggregate's transition function
 * (numbered as in PG_GETARG; 0: none) are constants in the query, as they
 * nearly always are: then no row's need to be compared with the one's before.
 * One that the call leaves out is.
 */
bool
affinity_base_args_are_constant(FunctionCallInfo fcinfo, int first, int second)
{
	Aggref	   *aggref = AggGetAggref(fcinfo);
	int			n = 0;
	ListCell   *cell;

	if (aggref == NULL)
		return false;
	foreach(cell, aggref->args)
	{
		TargetEntry *entry = lfirst_node(TargetEntry, cell);

		n++;
		if ((n == first || n == second) && !IsA(entry->expr, Const))
			return false;
	}
	return n >= first;
}
