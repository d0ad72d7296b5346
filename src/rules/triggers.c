/*
 * triggers.c
 *		The trigger by which a table tells that it has changed.
 *
 * What it sends is an invalidation, as changes of the catalogs do: at commit, to
 * all backends of the database and to those of standbys, and to its own at the
 * end of the command and at a rollback. It is that of a relation whose OID is the
 * trigger's, which there is none of: nothing is invalidated but what our own
 * callback in open.c looks after. That of the table would make every backend read
 * its catalog rows and plan its queries again.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/indexing.h"
#include "catalog/pg_class.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_trigger.h"
#include "commands/trigger.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "base/schema.h"
#include "rules/book.h"

#define TRIGGER_NAME		"affinity_catalog_changed"
#define ROW_TRIGGER_NAME	"affinity_catalog_replicated"

/* So many triggers are remembered. */
#define MAX_TOLD	8

/*
 * Has the (sub)transaction told of a trigger before? Once is enough: nothing
 * that is read in a transaction that has written is kept.
 */
static bool
was_told(Oid trigger)
{
	static LocalTransactionId transaction = InvalidLocalTransactionId;
	static SubTransactionId sub = InvalidSubTransactionId;
	static Oid	told[MAX_TOLD];
	static int	next;

	if (transaction != affinity_base_local_transaction() ||
		sub != GetCurrentSubTransactionId())
	{
		transaction = affinity_base_local_transaction();
		sub = GetCurrentSubTransactionId();
		memset(told, 0, sizeof(told));
		next = 0;
	}
	for (int i = 0; i < MAX_TOLD; i++)
	{
		if (told[i] == trigger)
			return true;
	}
	told[next] = trigger;
	next = (next + 1) % MAX_TOLD;
	return false;
}

PG_FUNCTION_INFO_V1(affinity_rules_catalog_changed);

/*
 * SQL: catalog_changed(), the trigger's function
 */
Datum
affinity_rules_catalog_changed(PG_FUNCTION_ARGS)
{
	union
	{
		HeapTupleHeaderData header;
		char		bytes[MAXALIGN(SizeofHeapTupleHeader) +
						  sizeof(FormData_pg_class)];
	}			row;
	HeapTupleData tuple = {0};
	Form_pg_class form;

	if (!CALLED_AS_TRIGGER(fcinfo))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("affinity.catalog_changed() is the function of a trigger")));
	/* before a row, what it returns would be the row */
	if (!TRIGGER_FIRED_AFTER(((TriggerData *) fcinfo->context)->tg_event))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("affinity.catalog_changed() must be fired AFTER"),
				 errhint("affinity.set_rules makes its triggers.")));
	if (was_told(((TriggerData *) fcinfo->context)->tg_trigger->tgoid))
		PG_RETURN_POINTER(NULL);
	/* a row of pg_class that names the trigger */
	memset(&row, 0, sizeof(row));
	row.header.t_hoff = MAXALIGN(SizeofHeapTupleHeader);
	tuple.t_data = &row.header;
	tuple.t_len = sizeof(row);
	form = (Form_pg_class) GETSTRUCT(&tuple);
	form->oid = ((TriggerData *) fcinfo->context)->tg_trigger->tgoid;
	CacheInvalidateRelcacheByTuple(&tuple);
	PG_RETURN_POINTER(NULL);
}

/* ---- making and dropping them ------------------------------------------ */

static void
execute(const char *sql)
{
	int			rc = SPI_execute(sql, false, 0);

	if (rc < 0)
		elog(ERROR, "\"%s\" failed: %s", sql, SPI_result_code_string(rc));
}

/*
 * Run a query over the catalogs as they are now, whatever the transaction's
 * snapshot sees. How many rows it gives.
 */
static uint64
look_up(const char *sql, int n, const Datum *values)
{
	Oid			types[] = {OIDOID, OIDOID, OIDOID};

	PushActiveSnapshot(GetLatestSnapshot());
	if (SPI_execute_with_args(sql, n, types, (Datum *) values, NULL, true, 0) !=
		SPI_OK_SELECT)
		elog(ERROR, "reading what catalogs read failed");
	PopActiveSnapshot();
	return SPI_processed;
}

static char *
name_of(Oid table)
{
	return quote_qualified_identifier(get_namespace_name(get_rel_namespace(table)),
									  get_rel_name(table));
}

/*
 * The statements that make the trigger of a table.
 */
static char *
statements(Oid table, bool replica)
{
	const char *name = name_of(table);
	const char *function = quote_qualified_identifier(get_namespace_name(affinity_base_schema()),
													  "catalog_changed");

	return psprintf("CREATE OR REPLACE TRIGGER %s AFTER INSERT OR UPDATE OR DELETE%s ON %s FOR EACH %s EXECUTE FUNCTION %s(); ALTER TABLE %s ENABLE %s TRIGGER %s;",
					replica ? ROW_TRIGGER_NAME : TRIGGER_NAME,
					replica ? "" : " OR TRUNCATE", name,
					replica ? "ROW" : "STATEMENT", function, name,
					replica ? "REPLICA" : "ALWAYS",
					replica ? ROW_TRIGGER_NAME : TRIGGER_NAME);
}

/*
 * What the catalog of a model reads. The caller is connected to SPI.
 */
static RuleSources
sources_of(const char *name, Oid schema)
{
	RuleSources sources = {0};
	SPIPlanPtr	plan;

	if (!OidIsValid(get_relname_relid(AFFINITY_CATALOG_VIEW, schema)))
		return sources;
	plan = affinity_rules_prepare(psprintf("SELECT * FROM %s",
										   quote_qualified_identifier(name,
																	  AFFINITY_CATALOG_VIEW)));
	affinity_rules_find_sources(plan, &sources);
	SPI_freeplan(plan);
	return sources;
}

/*
 * Names of our triggers on a table, without a lock on it: a drop looks for them
 * while it holds others.
 */
static List *
trigger_names(Oid table)
{
	Oid			function = affinity_rules_function();
	Relation	triggers = table_open(TriggerRelationId, AccessShareLock);
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;
	List	   *names = NIL;

	ScanKeyInit(&key, Anum_pg_trigger_tgrelid, BTEqualStrategyNumber, F_OIDEQ,
				ObjectIdGetDatum(table));
	scan = systable_beginscan(triggers, TriggerRelidNameIndexId, true, NULL, 1,
							  &key);
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		Form_pg_trigger form = (Form_pg_trigger) GETSTRUCT(tuple);

		if (form->tgfoid == function && !OidIsValid(form->tgparentid))
			names = lappend(names, pstrdup(NameStr(form->tgname)));
	}
	systable_endscan(scan);
	table_close(triggers, AccessShareLock);
	return names;
}

/*
 * The tables below the catalog of a model that have our triggers. The caller is
 * connected to SPI.
 */
List *
affinity_rules_tables(Oid schema)
{
	static const char sql[] =
		"WITH RECURSIVE read(relation) AS ("
		"SELECT $1 UNION"
		" SELECT d.refobjid FROM read AS r JOIN pg_catalog.pg_rewrite AS w"
		" ON w.ev_class OPERATOR(pg_catalog.=) r.relation"
		" JOIN pg_catalog.pg_depend AS d"
		" ON d.classid OPERATOR(pg_catalog.=) 'pg_catalog.pg_rewrite'::pg_catalog.regclass"
		" AND d.objid OPERATOR(pg_catalog.=) w.oid"
		" AND d.refclassid OPERATOR(pg_catalog.=) 'pg_catalog.pg_class'::pg_catalog.regclass)"
		" SELECT c.oid FROM read AS r JOIN pg_catalog.pg_class AS c"
		" ON c.oid OPERATOR(pg_catalog.=) r.relation"
		" WHERE c.relkind OPERATOR(pg_catalog.=) ANY ('{r,p}'::pg_catalog.\"char\"[])"
		" ORDER BY c.oid";
	Datum		values[] = {ObjectIdGetDatum(get_relname_relid(AFFINITY_CATALOG_VIEW,
															   schema))};
	List	   *read = NIL;
	List	   *tables = NIL;
	uint64		n;
	ListCell   *cell;

	if (affinity_rules_views(schema) == NIL)
		return NIL;
	n = look_up(sql, 1, values);
	for (uint64 i = 0; i < n; i++)
	{
		bool		isnull;

		read = list_concat_unique_oid(read,
									  affinity_rules_family(DatumGetObjectId(SPI_getbinval(SPI_tuptable->vals[i],
																						   SPI_tuptable->tupdesc,
																						   1, &isnull)),
															NoLock));
	}
	foreach(cell, read)
	{
		if (trigger_names(lfirst_oid(cell)) != NIL)
			tables = lappend_oid(tables, lfirst_oid(cell));
	}
	return tables;
}

/*
 * Why a table cannot be watched; NULL: it can.
 */
static const char *
obstacle(Oid table)
{
	char		kind = get_rel_relkind(table);

	if (kind == RELKIND_FOREIGN_TABLE)
		return "is a foreign table";
	if (kind != RELKIND_RELATION && kind != RELKIND_PARTITIONED_TABLE)
		return "is no table";
	if (table < FirstNormalObjectId)
		return "is a table of the system";
	if (OidIsValid(affinity_model_table(get_rel_namespace(table))))
		return "is a model's";
	if (!affinity_base_owns_relation(table, GetUserId()))
		return "belongs to another role";
	return NULL;
}

static void
say_unwatched(const char *name, const RuleSources *sources)
{
	StringInfoData why;
	StringInfoData orders;
	ListCell   *cell;

	initStringInfo(&why);
	initStringInfo(&orders);
	if (sources->mutable)
		appendStringInfoString(&why, "An expression is not immutable: it depends on the time, the role, a setting or a function that may be any of these.");
	if (sources->secured)
		appendStringInfo(&why, "%sRow security is in force on a table.",
						 why.len ? "\n" : "");
	foreach(cell, sources->unwatched)
	{
		Oid			table = lfirst_oid(cell);
		const char *wrong = obstacle(table);

		appendStringInfo(&why, "%sNobody tells when %s changes: it %s.",
						 why.len ? "\n" : "", name_of(table),
						 wrong ? wrong : "has no trigger");
		if (wrong != NULL && strcmp(wrong, "belongs to another role") == 0)
		{
			appendStringInfo(&orders, "%s%s", orders.len ? " " : "",
							 statements(table, false));
			if (affinity_rules_is_replicated(table))
				appendStringInfo(&orders, " %s", statements(table, true));
		}
	}
	if (why.len == 0)
		return;
	ereport(NOTICE,
			(errmsg("rules of model \"%s\" read the items anew in every statement",
					name),
			 errdetail_internal("%s", why.data),
			 orders.len == 0 ?
			 errhint("Where that is too slow, keep what the rules need in a table of your own, and give that as items.") :
			 errhint("So that what was read is kept until it changes, let the owner of the table run: %s",
					 orders.data)));
}

/*
 * Tables that get a trigger, or are locked with one that does, for rules over a
 * query; what it reads is added to a list. The caller is connected to SPI.
 */
List *
affinity_rules_to_watch(const char *query, List **read)
{
	RuleSources sources = {0};
	SPIPlanPtr	plan = affinity_rules_prepare(query);
	List	   *tables = NIL;
	ListCell   *cell;

	affinity_rules_find_sources(plan, &sources);
	SPI_freeplan(plan);
	*read = list_concat_unique_oid(*read, sources.oids);
	foreach(cell, sources.unwatched)
	{
		Oid			table = lfirst_oid(cell);

		if (obstacle(table) != NULL)
			continue;
		tables = list_append_unique_oid(tables, table);
		if (get_rel_relkind(table) == RELKIND_PARTITIONED_TABLE)
			tables = list_concat_unique_oid(tables,
											find_all_inheritors(table, NoLock,
																NULL));
	}
	return tables;
}

/*
 * Let the tables below the catalog of a model tell when they change, as far as
 * the caller may, and if it is asked for, say what does not. The caller is
 * connected to SPI.
 */
void
affinity_rules_watch(const char *name, Oid schema, bool say)
{
	RuleSources sources = sources_of(name, schema);
	ListCell   *cell;

	foreach(cell, sources.unwatched)
	{
		Oid			table = lfirst_oid(cell);
		List	   *family = affinity_rules_family(table, NoLock);
		bool		replicated = false;
		ListCell   *other;

		if (obstacle(table) != NULL)
			continue;
		foreach(other, family)
			replicated |= affinity_rules_is_replicated(lfirst_oid(other));
		if (!OidIsValid(affinity_rules_trigger(table, false)))
			execute(statements(table, false));
		if (replicated && !OidIsValid(affinity_rules_trigger(table, true)) &&
			get_rel_relkind(table) == RELKIND_RELATION)
			execute(statements(table, true));
	}
	if (say)
	{
		sources = sources_of(name, schema);
		say_unwatched(name, &sources);
	}
}

/*
 * Those of some tables that no catalog of a model reads, but that of a schema.
 */
List *
affinity_rules_unneeded(List *tables, Oid schema)
{
	static const char sql[] =
		"WITH RECURSIVE read(relation) AS ("
		"SELECT $1 UNION"
		" SELECT w.ev_class FROM read AS r"
		" JOIN pg_catalog.pg_depend AS d"
		" ON d.refclassid OPERATOR(pg_catalog.=) 'pg_catalog.pg_class'::pg_catalog.regclass"
		" AND d.refobjid OPERATOR(pg_catalog.=) r.relation"
		" AND d.classid OPERATOR(pg_catalog.=) 'pg_catalog.pg_rewrite'::pg_catalog.regclass"
		" JOIN pg_catalog.pg_rewrite AS w ON w.oid OPERATOR(pg_catalog.=) d.objid)"
		" SELECT FROM read AS r JOIN pg_catalog.pg_class AS c"
		" ON c.oid OPERATOR(pg_catalog.=) r.relation"
		" JOIN pg_catalog.pg_class AS m"
		" ON m.relnamespace OPERATOR(pg_catalog.=) c.relnamespace"
		" WHERE c.relname OPERATOR(pg_catalog.=) '" AFFINITY_CATALOG_VIEW "'"
		" AND c.relkind OPERATOR(pg_catalog.=) 'v'"
		" AND m.relname OPERATOR(pg_catalog.=) 'model'"
		" AND m.reloftype OPERATOR(pg_catalog.=) $3"
		" AND c.relnamespace OPERATOR(pg_catalog.<>) $2";
	List	   *unneeded = NIL;
	ListCell   *cell;

	foreach(cell, tables)
	{
		List	   *family = affinity_rules_family(lfirst_oid(cell), NoLock);
		bool		needed = false;
		ListCell   *member;

		foreach(member, family)
		{
			Datum		values[] = {ObjectIdGetDatum(lfirst_oid(member)),
				ObjectIdGetDatum(schema),
			ObjectIdGetDatum(affinity_model_record_type())};

			needed |= look_up(sql, 3, values) > 0;
		}
		if (!needed)
			unneeded = lappend_oid(unneeded, lfirst_oid(cell));
	}
	return unneeded;
}

/*
 * Take our triggers away from tables that no catalog reads any more. Where the
 * caller may not, they stay: they do nothing then.
 */
void
affinity_rules_unwatch(List *tables, bool say)
{
	ListCell   *cell;
	ListCell   *trigger;

	foreach(cell, tables)
	{
		Oid			table = lfirst_oid(cell);
		List	   *names = trigger_names(table);

		foreach(trigger, names)
		{
			char	   *sql = psprintf("DROP TRIGGER %s ON %s",
									   quote_identifier(lfirst(trigger)),
									   name_of(table));

			if (affinity_base_owns_relation(table, GetUserId()))
				execute(sql);
			else if (say)
				ereport(NOTICE,
						(errmsg("trigger \"%s\" stays on %s, which belongs to another role",
								(char *) lfirst(trigger), name_of(table)),
						 errdetail("No rules need it any more; it does nothing then."),
						 errhint("Its owner may run: %s;", sql)));
		}
	}
}
