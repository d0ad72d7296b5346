/*
 * mark.c
 *		The mark of a model's view "interactions": was it replaced since?
 *
 * A mark has three parts: what the view is stored as, which relations it
 * reads, and in which cluster that was written down. Renames change none of
 * them. Another cluster stores the same view in another way: after pg_upgrade
 * relations have their numbers still, so that the second part tells; after a
 * restore only names can.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/relation.h"
#include "access/xlog.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "catalog/pg_rewrite.h"
#include "common/hashfn.h"
#include "nodes/nodeFuncs.h"
#include "rewrite/rewriteHandler.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/syscache.h"

#include "definition/definition.h"

/* Digits of a mark's parts. Up to 0.1.0 marks have the first one alone. */
#define STORED_DIGITS	16
#define READS_DIGITS	16
#define CLUSTER_DIGITS	8

static uint64
hash_of_reads(Oid view)
{
	Relation	relation = relation_open(view, AccessShareLock);
	uint64		hash = 0;
	ListCell   *cell;

	foreach(cell, affinity_definition_relations(get_view_query(relation)))
	{
		Oid			read = lfirst_oid(cell);

		hash = hash_bytes_extended((unsigned char *) &read, sizeof(read), hash);
	}
	relation_close(relation, NoLock);
	return hash;
}

/*
 * The mark of the view in a schema as it is now; "" where there is none.
 */
char *
affinity_definition_mark(Oid schema)
{
	Oid			view = get_relname_relid("interactions", schema);
	HeapTuple	rule = SearchSysCache2(RULERELNAME, ObjectIdGetDatum(view),
									   PointerGetDatum("_RETURN"));
	uint64		cluster = GetSystemIdentifier();
	Datum		action;
	bool		isnull;
	char	   *stored;
	uint64		hash;

	if (!HeapTupleIsValid(rule))
		return pstrdup("");
	action = SysCacheGetAttr(RULERELNAME, rule, Anum_pg_rewrite_ev_action,
							 &isnull);
	stored = isnull ? pstrdup("") : TextDatumGetCString(action);
	ReleaseSysCache(rule);
	hash = hash_bytes_extended((unsigned char *) stored,
							   (int) strlen(stored), 0);
	pfree(stored);
	return psprintf("%016llx%016llx%08x", (unsigned long long) hash,
					(unsigned long long) (get_rel_relkind(view) == RELKIND_VIEW ? hash_of_reads(view) : 0),
					hash_bytes((unsigned char *) &cluster, sizeof(cluster)));
}

/*
 * Does a query name a table otherwise than it is called now? Without an alias,
 * an entry keeps the name that the table had.
 */
static bool
names_are_old(Node *node, void *context)
{
	if (node == NULL)
		return false;
	if (IsA(node, RangeTblEntry))
	{
		const		RangeTblEntry *entry = (RangeTblEntry *) node;
		const char *name = entry->rtekind == RTE_RELATION && entry->inFromCl &&
			entry->alias == NULL ? get_rel_name(entry->relid) : NULL;

		return name != NULL && strcmp(name, entry->eref->aliasname) != 0;
	}
	if (IsA(node, Query))
		return query_tree_walker((Query *) node, names_are_old, context,
								 QTW_EXAMINE_RTES_BEFORE);
	return expression_tree_walker(node, names_are_old, context);
}

/*
 * The view of a schema and the definition's text give different queries: is
 * the view the one that the mark is of, so that only names have moved?
 */
bool
affinity_definition_same_view(Oid schema, const char *mark,
							  const Query * by_text, const Query * by_view)
{
	char	   *now = affinity_definition_mark(schema);
	const int	reads = STORED_DIGITS;
	const int	cluster = STORED_DIGITS + READS_DIGITS;

	if (strlen(mark) != (size_t) cluster + CLUSTER_DIGITS ||
		strcmp(mark + cluster, now + cluster) == 0)
	{
		if (strncmp(mark, now, STORED_DIGITS) == 0)
			return true;
	}
	else if (strncmp(mark + reads, now + reads, READS_DIGITS) == 0 &&
			 list_difference_oid(affinity_definition_relations(by_text),
								 affinity_definition_relations(by_view)) != NIL)
		return true;
	return names_are_old((Node *) by_view, NULL);
}
