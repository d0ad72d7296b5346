/*
 * advice.c
 *		Is one user's history read fast, and if not, what would help?
 *
 * recommend reads it on every call, through the view "interactions".
 */
#include "postgres.h"

#include "utils/builtins.h"

#include "advice/advice.h"
#include "manage/manage.h"

/* Statements that one hint has at most. */
#define MOST_STATEMENTS 12

static char *
join_texts(const List *texts, const char *separator)
{
	StringInfoData joined;
	ListCell   *cell;
	int			n = 0;

	initStringInfo(&joined);
	foreach(cell, texts)
	{
		if (n++ == MOST_STATEMENTS)
			break;
		appendStringInfo(&joined, "%s%s", n > 1 ? separator : "",
						 (char *) lfirst(cell));
	}
	return joined.data;
}

/*
 * Say so if every page view would read much of the source.
 */
void
affinity_manage_advise(const char *name, const ModelDefinition *d,
					   double users)
{
	AffinityAdvice advice;
	char	   *sql = psprintf("SELECT h.item_id, h.weight FROM %s AS h"
							   " WHERE h.user_id OPERATOR(pg_catalog.=) $1",
							   quote_qualified_identifier(name,
														  "interactions"));
	const char *reasons;

	/* users' rows are side by side there, with an index */
	if (d->materialize)
		return;
	affinity_advice_find(sql, d->user_type, "user", users, AFFINITY_SLOW_HISTORY, &advice);
	if (!advice.slow)
		return;
	reasons = join_texts(advice.reasons, " ");
	ereport(NOTICE,
			(errmsg("reading one user's history is slow: the planner's cost is %.0f",
					advice.cost),
			 errdetail("%s", reasons),
			 advice.statements ?
			 errhint("Run: %s;", join_texts(advice.statements, "; ")) :
			 advice.blocked ?
			 errhint("Run: SELECT affinity.alter_model(%s, materialize => true);",
					 quote_literal_cstr(name)) :
			 errhint("Shorter histories are faster: let the query give those of the last months, or one row for each item.")));
}
