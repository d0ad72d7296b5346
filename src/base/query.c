/*
 * query.c
 *		Errors of a query that is an argument.
 */
#include "postgres.h"

#include "base/query.h"

/*
 * Error context while such a query is parsed: the error points into it, not
 * into the caller's statement, and if it is no query at all (the name of a
 * table, say), what one looks like is the hint.
 */
void
affinity_base_query_error(void *arg)
{
	const AffinityQueryContext *context = arg;
	int			position = geterrposition();

	if (context->query != NULL && position > 0)
	{
		errposition(0);
		internalerrposition(position);
		internalerrquery(context->query);
	}
	if (geterrcode() == ERRCODE_SYNTAX_ERROR)
		errhint("%s", context->hint);
}
