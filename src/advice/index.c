/*
 * index.c
 *		The SQL that makes a key's index, and why those that are there do not
 *		serve.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/table.h"
#include "catalog/pg_am.h"
#include "catalog/pg_class.h"
#include "commands/defrem.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/optimizer.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/relcache.h"
#include "utils/rel.h"
#include "utils/ruleutils.h"

#include "advice/whatif.h"

char *
affinity_advice_relation(Oid relation)
{
	return quote_qualified_identifier(get_namespace_name(get_rel_namespace(relation)),
									  get_rel_name(relation));
}

/*
 * A key as one writes it: a column, or an expression.
 */
char *
affinity_advice_expr_text(const AdviceKey *key)
{
	return deparse_expression(key->expr,
							  deparse_context_for(get_rel_name(key->relation),
												  key->relation),
							  false, false);
}

/*
 * The statement; without a name, so that PostgreSQL finds one.
 */
static char *
create_statement(const AdviceKey *key)
{
	const char *collate = "";
	char	   *text = affinity_advice_expr_text(key);

	if (OidIsValid(key->collation) &&
		key->collation != exprCollation(key->expr))
		collate = psprintf(" COLLATE %s",
						   generate_collation_name(key->collation));
	return psprintf(IsA(key->expr, Var) ? "CREATE INDEX ON %s (%s%s)" :
					"CREATE INDEX ON %s ((%s)%s)",
					affinity_advice_relation(key->relation), text, collate);
}

/*
 * The place of a key in an index, from 1; 0: it is not there.
 */
static int
place_in(Relation index, const AdviceKey *key)
{
	List	   *expressions = RelationGetIndexExpressions(index);
	ListCell   *expr = list_head(expressions);

	for (int i = 0; i < IndexRelationGetNumberOfKeyAttributes(index); i++)
	{
		AttrNumber	attno = index->rd_index->indkey.values[i];

		if (attno != 0)
		{
			if (IsA(key->expr, Var) && ((Var *) key->expr)->varattno == attno)
				return i + 1;
			continue;
		}
		if (equal(affinity_advice_unlabeled(lfirst(expr)),
				  affinity_advice_unlabeled(key->expr)))
			return i + 1;
		expr = lnext(expressions, expr);
	}
	return 0;
}

/*
 * Is the index's first column one that the expression is computed from?
 */
static bool
is_on_part(Relation index, const AdviceKey *key)
{
	AttrNumber	attno = index->rd_index->indkey.values[0];
	Bitmapset  *columns = NULL;

	if (attno <= 0 || IsA(key->expr, Var))
		return false;
	pull_varattnos(key->expr, 1, &columns);
	return bms_is_member(attno - FirstLowInvalidHeapAttributeNumber, columns);
}

/*
 * Why the planner does not use this index, NULL: it has nothing to do with
 * the key. *repair: what would do instead of another one.
 */
static char *
why_not(Relation index, const AdviceKey *key, char **repair)
{
	char	   *name = affinity_advice_relation(RelationGetRelid(index));
	int			place = place_in(index, key);
	bool		known = index->rd_rel->relam == BTREE_AM_OID ||
		index->rd_rel->relam == HASH_AM_OID;

	if (place == 0)
		return is_on_part(index, key) ?
			psprintf("Index %s does not hold %s, which is compared.", name,
					 affinity_advice_expr_text(key)) : NULL;
	if (!known)
		return psprintf("Index %s is of type %s, which is not for single rows.",
						name, get_am_name(index->rd_rel->relam));
	if (place > 1)
		return psprintf("Index %s has %s as its column %d.", name,
						affinity_advice_expr_text(key), place);
	if (RelationGetIndexPredicate(index) != NIL)
		return psprintf("Index %s is partial.", name);
	if (OidIsValid(key->collation) &&
		index->rd_indcollation[0] != key->collation)
		return psprintf("Index %s has another collation.", name);
	if (index->rd_rel->relam == BTREE_AM_OID &&
		index->rd_opfamily[0] != key->family)
		return psprintf("Index %s has another operator class.", name);
	if (!index->rd_index->indisvalid)
	{
		if (index->rd_rel->relkind == RELKIND_INDEX)
			*repair = psprintf("REINDEX INDEX %s", name);
		return psprintf("Index %s is invalid.", name);
	}
	return NULL;
}

/*
 * What makes the index that a key needs, and why.
 */
void
affinity_advice_index(const AdviceKey *key, List **statements, List **reasons)
{
	Relation	rel = table_open(key->relation, AccessShareLock);
	char	   *repair = NULL;
	bool		said = false;
	ListCell   *cell;

	foreach(cell, RelationGetIndexList(rel))
	{
		Relation	index = index_open(lfirst_oid(cell), AccessShareLock);
		char	   *why = why_not(index, key, &repair);

		if (why)
			affinity_advice_note(reasons, why);
		said |= why != NULL;
		index_close(index, AccessShareLock);
	}
	if (!said)
		affinity_advice_note(reasons,
							 psprintf("%s has no index on %s.",
									  affinity_advice_relation(key->relation),
									  affinity_advice_expr_text(key)));
	affinity_advice_note(statements,
						 repair ? repair : create_statement(key));
	table_close(rel, AccessShareLock);
}
