/*
 * watch.c
 *		What the answer of a query over the catalog depends on, and whether
 *		somebody tells when that changes.
 *
 * Relations, views and functions tell by themselves, through the invalidations of
 * the caches of the catalogs. What is in a table tells if the table has the
 * trigger that triggers.c makes, on itself and on every table through which its
 * rows can be written: partitions, children, and what it is a part of. What a
 * materialized view holds changes with its row in pg_class.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/relation.h"
#include "access/table.h"
#include "access/transam.h"
#include "catalog/indexing.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_trigger.h"
#include "miscadmin.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/optimizer.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/catcache.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/plancache.h"
#include "utils/rel.h"
#include "utils/rls.h"
#include "utils/syscache.h"

#include "base/schema.h"
#include "rules/book.h"

/* ---- triggers on a table ----------------------------------------------- */

/*
 * The function of the triggers.
 */
Oid
affinity_rules_function(void)
{
	oidvector  *none = buildoidvector(NULL, 0);

	return GetSysCacheOid3(PROCNAMEARGSNSP, Anum_pg_proc_oid,
						   CStringGetDatum("catalog_changed"),
						   PointerGetDatum(none),
						   ObjectIdGetDatum(affinity_base_schema()));
}

/*
 * The trigger of a table that tells of every statement that changes it, or, of
 * what a subscription brings, every row; InvalidOid: there is none.
 */
Oid
affinity_rules_trigger(Oid table, bool replica)
{
	Oid			function = affinity_rules_function();
	Relation	relation = relation_open(table, AccessShareLock);
	const		TriggerDesc *triggers = relation->trigdesc;
	const int16 events = TRIGGER_TYPE_INSERT | TRIGGER_TYPE_UPDATE |
		TRIGGER_TYPE_DELETE;
	Oid			found = InvalidOid;

	for (int i = 0; triggers != NULL && i < triggers->numtriggers; i++)
	{
		const		Trigger *t = &triggers->triggers[i];

		if (t->tgfoid == function && TRIGGER_FOR_AFTER(t->tgtype) &&
			(t->tgtype & events) == events && t->tgnattr == 0 &&
			t->tgqual == NULL &&
			(replica ? TRIGGER_FOR_ROW(t->tgtype) &&
			 (t->tgenabled == TRIGGER_FIRES_ON_REPLICA ||
			  t->tgenabled == TRIGGER_FIRES_ALWAYS) :
			 !TRIGGER_FOR_ROW(t->tgtype) &&
			 t->tgenabled == TRIGGER_FIRES_ALWAYS))
			found = t->tgoid;
	}
	relation_close(relation, NoLock);
	return found;
}

/*
 * Does a subscription write into a table? It fires no triggers of statements.
 */
bool
affinity_rules_is_replicated(Oid table)
{
	CatCList   *list = SearchSysCacheList1(SUBSCRIPTIONRELMAP,
										   ObjectIdGetDatum(table));
	bool		found = list->n_members > 0;

	ReleaseSysCacheList(list);
	return found;
}

/*
 * What a table is a partition or child of, directly.
 */
static List *
add_parents(List *tables, Oid table)
{
	Relation	inherits = table_open(InheritsRelationId, AccessShareLock);
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;

	ScanKeyInit(&key, Anum_pg_inherits_inhrelid, BTEqualStrategyNumber,
				F_OIDEQ, ObjectIdGetDatum(table));
	scan = systable_beginscan(inherits, InheritsRelidSeqnoIndexId, true, NULL,
							  1, &key);
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
		tables = list_append_unique_oid(tables,
										((Form_pg_inherits) GETSTRUCT(tuple))->inhparent);
	systable_endscan(scan);
	table_close(inherits, AccessShareLock);
	return tables;
}

/*
 * Every table through which rows of a table can be written. Those below it are
 * locked, or NoLock.
 */
List *
affinity_rules_family(Oid table, LOCKMODE lock)
{
	List	   *below = has_subclass(table) ?
		find_all_inheritors(table, lock, NULL) : list_make1_oid(table);
	List	   *all = list_copy(below);

	/* the list grows while it is walked: what is above those above too */
	for (int i = 0; i < list_length(all); i++)
		all = add_parents(all, list_nth_oid(all, i));
	return all;
}

/*
 * Can a change of a table be told at all? Trainings write into the tables of
 * models past the executor.
 */
static bool
is_plain_table(Oid table)
{
	char		kind = get_rel_relkind(table);

	return (kind == RELKIND_RELATION || kind == RELKIND_PARTITIONED_TABLE) &&
		table >= FirstNormalObjectId &&
		!OidIsValid(affinity_model_table(get_rel_namespace(table)));
}

static void
watch_table(Oid table, RuleSources *sources)
{
	List	   *family;
	ListCell   *cell;

	if (!is_plain_table(table))
	{
		sources->unwatched = list_append_unique_oid(sources->unwatched, table);
		return;
	}
	family = affinity_rules_family(table, AccessShareLock);
	foreach(cell, family)
	{
		Oid			one = lfirst_oid(cell);
		Oid			trigger = affinity_rules_trigger(one, false);
		Oid			replica = InvalidOid;
		bool		replicated = affinity_rules_is_replicated(one);

		/* rows that are routed to a partition are written there */
		if (list_length(family) > 1 && !replicated)
		{
			ListCell   *other;

			foreach(other, family)
				replicated |= affinity_rules_is_replicated(lfirst_oid(other));
		}
		if (replicated)
			replica = affinity_rules_trigger(one, true);
		sources->oids = list_append_unique_oid(sources->oids, one);
		if (!OidIsValid(trigger) || (replicated && !OidIsValid(replica)))
			sources->unwatched = list_append_unique_oid(sources->unwatched,
														one);
		if (OidIsValid(trigger))
			sources->oids = list_append_unique_oid(sources->oids, trigger);
		if (OidIsValid(replica))
			sources->oids = list_append_unique_oid(sources->oids, replica);
	}
}

/* ---- queries ----------------------------------------------------------- */

typedef struct Walk
{
	RuleSources *sources;
	List	   *lacking;		/* relations */
} Walk;

static void
look_at_entry(const Query * query, const RangeTblEntry * entry, Walk *walk)
{
	Oid			as = affinity_base_reads_as(query, entry);

	if (entry->tablesample != NULL)
		walk->sources->mutable = true;
	/* a view that was expanded may still be named */
	if (!OidIsValid(entry->relid) ||
		(entry->rtekind != RTE_RELATION && entry->rtekind != RTE_SUBQUERY))
		return;
	if (query->hasRowSecurity && entry->rtekind == RTE_RELATION &&
		check_enable_rls(entry->relid, as, true) == RLS_ENABLED)
		walk->sources->secured = true;
	if (!OidIsValid(as) &&
		pg_class_aclcheck(entry->relid, GetUserId(), ACL_SELECT) !=
		ACLCHECK_OK)
		walk->lacking = list_append_unique_oid(walk->lacking, entry->relid);
}

static char *
names_of(const List *relations)
{
	StringInfoData names;
	ListCell   *cell;

	initStringInfo(&names);
	foreach(cell, relations)
		appendStringInfo(&names, "%s%s", names.len ? ", " : "",
						 quote_qualified_identifier(get_namespace_name(get_rel_namespace(lfirst_oid(cell))),
													get_rel_name(lfirst_oid(cell))));
	return names.data;
}

static bool
walk_queries(Node *node, void *context)
{
	if (node == NULL)
		return false;
	if (IsA(node, Query))
	{
		const		Query *query = (Query *) node;
		ListCell   *cell;

		foreach(cell, query->rtable)
			look_at_entry(query, lfirst_node(RangeTblEntry, cell), context);
		return query_tree_walker((Query *) node, walk_queries, context, 0);
	}
	return expression_tree_walker(node, walk_queries, context);
}

/*
 * What a prepared query depends on. Its relations stay locked.
 */
void
affinity_rules_find_sources(SPIPlanPtr plan, RuleSources *sources)
{
	const		CachedPlanSource *source =
		linitial(SPI_plan_get_plan_sources(plan));
	Walk		walk = {.sources = sources};
	ListCell   *cell;

	(void) walk_queries((Node *) linitial_node(Query, source->query_list),
						&walk);
	if (walk.lacking != NIL)
		sources->lacking = names_of(walk.lacking);
	if (contain_mutable_functions((Node *) linitial_node(Query,
														 source->query_list)))
		sources->mutable = true;
	foreach(cell, source->relationOids)
		sources->oids = list_append_unique_oid(sources->oids,
											   lfirst_oid(cell));
	foreach(cell, source->relationOids)
	{
		char		kind = get_rel_relkind(lfirst_oid(cell));

		if (kind != RELKIND_VIEW && kind != RELKIND_MATVIEW)
			watch_table(lfirst_oid(cell), sources);
	}
	foreach(cell, source->invalItems)
	{
		const		PlanInvalItem *item = lfirst_node(PlanInvalItem, cell);

		if (item->cacheId == PROCOID)
			sources->functions = lappend_int(sources->functions,
											 (int) item->hashValue);
	}
}
