/*
 * query.c
 *		A query beside that of the interactions, of which a definition keeps only
 *		the text.
 */
#include "postgres.h"

#include "utils/builtins.h"

#include "beside/beside.h"

/*
 * Parse a query of a definition, of which only the text is kept: its names may
 * mean nothing any more, or something else. The transaction does not survive an
 * error, which says whose it is.
 */
void
affinity_beside_query(const char *name, const char *what,
					  const char *resolved, AffinityBesideCheck check,
					  void *state)
{
	MemoryContext context = CurrentMemoryContext;

	PG_TRY();
	{
		check(affinity_definition_source_query(resolved, what, NULL), state);
	}
	PG_CATCH();
	{
		ErrorData  *error;

		MemoryContextSwitchTo(context);
		error = CopyErrorData();
		if (ERRCODE_TO_CATEGORY(error->sqlerrcode) != ERRCODE_SYNTAX_ERROR_OR_ACCESS_RULE_VIOLATION &&
			error->sqlerrcode != ERRCODE_UNDEFINED_SCHEMA)
			PG_RE_THROW();
		FlushErrorState();
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("%s of model \"%s\" cannot be read: %s", what, name,
						error->message),
				 errdetail("The query is: %s", resolved),
				 errhint("Once it is there again: SELECT affinity.refresh_model(%s); To go on without: SELECT affinity.alter_model(%s, %s => '');",
						 quote_literal_cstr(name), quote_literal_cstr(name),
						 what)));
	}
	PG_END_TRY();
}

/*
 * The two columns that such a query has to have.
 */
void
affinity_beside_columns(const Query * parsed, const char *what,
						const char *expected, const TargetEntry * column[2])
{
	int			n = 0;
	ListCell   *cell;

	foreach(cell, parsed->targetList)
	{
		const		TargetEntry *entry = lfirst_node(TargetEntry, cell);

		if (entry->resjunk)
			continue;
		if (n < 2)
			column[n] = entry;
		n++;
	}
	if (n != 2)
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("%s has %d column%s, not two", what, n,
						n == 1 ? "" : "s"),
				 errhint("%s", expected)));
}
