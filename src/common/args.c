/*
 * args.c
 *		Checks of arguments that many SQL functions share.
 */
#include "postgres.h"

#include "common/common.h"

/*
 * How many rows a caller wants: 0 is none, a huge number is all.
 */
void
affinity_check_k(int32 k)
{
	if (k < 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("k must not be negative, but is %d", k),
				 errhint("Pass how many rows you want; 0 gives none.")));
}
