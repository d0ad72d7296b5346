/*
 * dependents.c
 *		What goes when a model is dropped: what others built on it, and the
 *		locks on all of it (base/locks.c).
 */
#include "postgres.h"

#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "utils/acl.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/inval.h"
#include "utils/snapmgr.h"

#include "manage/objects.h"

/* So often a change tries before others have to wait behind it. */
#define MAX_TRIES 100

/* An error lists so many of what others built. */
#define MAX_LISTED 100

/*
 * What depends on object o: a rule or constraint stands for the relation that
 * has it.
 */
#define EDGE \
	"SELECT coalesce(p.refclassid, d.classid), coalesce(p.refobjid, d.objid)," \
	" CASE WHEN p.refobjid IS NULL THEN d.objsubid ELSE 0 END," \
	" d.refclassid, d.refobjid," \
	" d.deptype OPERATOR(pg_catalog.=) 'n'" \
	" FROM pg_catalog.pg_depend AS d LEFT JOIN pg_catalog.pg_depend AS p" \
	" ON p.classid OPERATOR(pg_catalog.=) d.classid" \
	" AND p.objid OPERATOR(pg_catalog.=) d.objid" \
	" AND d.classid OPERATOR(pg_catalog.<>) 'pg_catalog.pg_class'::pg_catalog.regclass" \
	" AND p.refclassid OPERATOR(pg_catalog.=) 'pg_catalog.pg_class'::pg_catalog.regclass" \
	" AND p.deptype OPERATOR(pg_catalog.=) ANY ('{a,i}'::pg_catalog.\"char\"[])" \
	" WHERE d.refclassid OPERATOR(pg_catalog.=) o.class" \
	" AND d.refobjid OPERATOR(pg_catalog.=) o.object" \
	" AND coalesce(p.refobjid, d.objid) OPERATOR(pg_catalog.<>) o.object" \
	" AND NOT EXISTS (SELECT FROM own AS w" \
	" WHERE w.class OPERATOR(pg_catalog.=) d.classid" \
	" AND w.object OPERATOR(pg_catalog.=) d.objid)" \
	" AND coalesce(p.refobjid, d.objid) OPERATOR(pg_catalog.<>) ALL ($3)"

/* What is locked: relations but indexes, and what others may depend on. */
#define LOCKED \
	"CASE WHEN CASE WHEN class OPERATOR(pg_catalog.=)" \
	" 'pg_catalog.pg_class'::pg_catalog.regclass THEN EXISTS (" \
	"SELECT FROM pg_catalog.pg_class AS c" \
	" WHERE c.oid OPERATOR(pg_catalog.=) object AND c.relkind" \
	" OPERATOR(pg_catalog.=) ANY ('{r,v,m,S,f,p}'::pg_catalog.\"char\"[]))" \
	" ELSE class OPERATOR(pg_catalog.=) ANY ('{pg_catalog.pg_proc," \
	"pg_catalog.pg_type,pg_catalog.pg_namespace}'::pg_catalog.regclass[])" \
	" END THEN class END AS class, object"

/*
 * own: the objects given, and what is part of them (indexes, rules, types of
 * rows); other: what depends on them, directly or not, but for the relations $3.
 * The result: relations to lock, and a text for what belongs to others.
 */
static const char walk_sql[] =
"WITH RECURSIVE own(class, object) AS ("
"SELECT * FROM ROWS FROM (pg_catalog.unnest($1), pg_catalog.unnest($2)) AS given"
" UNION SELECT d.classid, d.objid FROM own AS o"
" JOIN pg_catalog.pg_depend AS d"
" ON d.refclassid OPERATOR(pg_catalog.=) o.class"
" AND d.refobjid OPERATOR(pg_catalog.=) o.object"
" WHERE d.deptype OPERATOR(pg_catalog.=) ANY ('{a,i,P,S}'::pg_catalog.\"char\"[])"
"), other(class, object, sub, on_class, on_object, listed) AS ("
"SELECT e.* FROM own AS o, LATERAL (" EDGE ") AS e"
" UNION SELECT e.* FROM other AS o, LATERAL (" EDGE ") AS e)"
" SELECT " LOCKED ", CASE WHEN listed THEN pg_catalog.concat("
"pg_catalog.pg_describe_object(class, object, sub), ' depends on ',"
" pg_catalog.pg_describe_object(on_class, on_object, 0)) END COLLATE \"C\""
", CASE WHEN listed AND sub OPERATOR(pg_catalog.=) 0 THEN (SELECT"
" pg_catalog.concat('DROP ', pg_catalog.upper(i.type), ' IF EXISTS ', i.identity, ' CASCADE;')"
" FROM pg_catalog.pg_identify_object(class, object, 0) AS i) END"
" FROM other UNION SELECT " LOCKED ", NULL, NULL FROM own ORDER BY 3, 1, 2";

/*
 * What depends on each object is found by an index. By the figures of a catalog
 * that has grown since it was analyzed, as by a script that makes many models,
 * the planner may think that to read all of it is as well: once for each object.
 * By the same figures it would compile what takes a few milliseconds.
 */
static int
execute_by_indexes(SPIPlanPtr plan, Datum *values)
{
	static const char *const off[] = {"enable_seqscan", "enable_mergejoin", "jit"};
	int			nest = NewGUCNestLevel();
	int			result;

	for (int i = 0; i < (int) lengthof(off); i++)
		(void) set_config_option(off[i], "off", PGC_USERSET, PGC_S_SESSION,
								 GUC_ACTION_SAVE, true, 0, false);
	/* what is committed now, whatever the transaction's snapshot sees */
	result = SPI_execute_snapshot(plan, values, NULL, GetLatestSnapshot(),
								  InvalidSnapshot, true, false, 0);
	AtEOXact_GUC(false, nest);
	return result;
}

static Datum
oid_array(const List *oids)
{
	Datum	   *values = palloc(list_length(oids) * sizeof(Datum));
	ListCell   *cell;

	foreach(cell, oids)
		values[foreach_current_index(cell)] = ObjectIdGetDatum(lfirst_oid(cell));
	return affinity_model_array(values, list_length(oids), OIDOID);
}

/*
 * What depends on objects that go, other than relations that will not when they
 * have been replaced. Adds what to lock for a drop to a set, if there is one.
 * The text says what belongs to others; NULL: nothing does. In drops, if that is
 * given, is the SQL that drops it.
 */
static char *
walk(const AffinityModelObjects *drop, const AffinityModelObjects *replace,
	 AffinityLocks *set, StringInfo drops)
{
	Oid			types[3] = {OIDARRAYOID, OIDARRAYOID, OIDARRAYOID};
	Datum		values[3];
	SPIPlanPtr	plan = SPI_prepare(walk_sql, 3, types);
	StringInfoData others;
	int			n_others = 0;

	if (plan == NULL)
		elog(ERROR, "could not prepare \"%s\": %s", walk_sql,
			 SPI_result_code_string(SPI_result));
	values[0] = oid_array(drop->classes);
	values[1] = oid_array(drop->ids);
	values[2] = oid_array(replace->ids);
	if (execute_by_indexes(plan, values) != SPI_OK_SELECT)
		elog(ERROR, "reading what depends on a model failed");
	initStringInfo(&others);
	for (uint64 i = 0; i < SPI_processed; i++)
	{
		HeapTuple	row = SPI_tuptable->vals[i];
		TupleDesc	desc = SPI_tuptable->tupdesc;
		char	   *text = SPI_getvalue(row, desc, 3);
		bool		isnull;
		Datum		class = SPI_getbinval(row, desc, 1, &isnull);

		if (!isnull && set)
			affinity_base_locks_add(set, DatumGetObjectId(class),
									DatumGetObjectId(SPI_getbinval(row, desc, 2,
																   &isnull)),
									AccessExclusiveLock);
		if (drops != NULL && SPI_getvalue(row, desc, 4) != NULL)
			appendStringInfo(drops, "%s%s", drops->len ? " " : "",
							 SPI_getvalue(row, desc, 4));
		if (text != NULL && n_others++ < MAX_LISTED)
			appendStringInfo(&others, "%s%s", others.len ? "\n" : "", text);
	}
	SPI_freeplan(plan);
	if (n_others > MAX_LISTED)
		appendStringInfo(&others, "\nand %d more", n_others - MAX_LISTED);
	return n_others > 0 ? others.data : NULL;
}

/*
 * What others have built on objects that go; NULL: nothing. The caller is
 * connected to SPI.
 */
char *
affinity_manage_dependents(const AffinityModelObjects *drop,
						   const AffinityModelObjects *replace)
{
	return walk(drop, replace, NULL, NULL);
}

/*
 * What to lock of a model that is dropped, its table first: serving begins with
 * that. An error if what others built would go without being asked for. Nobody
 * changes the model meanwhile: its objects are found in the caches, and what
 * depends on them by a snapshot, which may be ahead of those.
 */
static void
find_locks(const char *name, Oid schema, Oid table, bool cascade,
		   AffinityLocks *set)
{
	AffinityModelObjects own;
	const AffinityModelObjects none = {NIL, NIL};
	char	   *others;
	List	   *watched;
	ListCell   *cell;

	LockRelationOid(table, ShareUpdateExclusiveLock);
	affinity_manage_objects(schema, &own);
	affinity_base_locks_begin(set);
	affinity_base_locks_add(set, RelationRelationId, table,
							AccessExclusiveLock);
	others = walk(&own, &none, set, NULL);
	watched = affinity_rules_unneeded(affinity_rules_tables(schema), schema);
	foreach(cell, watched)
	{
		/* on those of others the triggers stay */
		if (affinity_base_owns_relation(lfirst_oid(cell), GetUserId()))
			affinity_base_locks_add(set, RelationRelationId,
									lfirst_oid(cell), AccessExclusiveLock);
	}
	UnlockRelationOid(table, ShareUpdateExclusiveLock);
	if (others != NULL && !cascade)
		ereport(ERROR,
				(errcode(ERRCODE_DEPENDENT_OBJECTS_STILL_EXIST),
				 errmsg("cannot drop model \"%s\" because other objects depend on it",
						name),
				 errdetail_internal("%s", others),
				 errhint("Drop these first, or all at once: SELECT affinity.drop_model(%s, cascade => true);",
						 quote_literal_cstr(name))));
}

/*
 * Lock a model found by name, and all that goes with it, for a drop. It may be
 * dropped while this waits, or its name be given to another.
 */
void
affinity_manage_lock_to_drop(const char *name, Oid schema, Oid table,
							 bool cascade)
{
	for (;;)
	{
		AffinityLocks set;
		AffinityLocks now;
		Oid			now_table;

		CHECK_FOR_INTERRUPTS();
		find_locks(name, schema, table, cascade, &set);
		affinity_base_lock_all(&set);
		AcceptInvalidationMessages();
		if (affinity_model_schema(name, &now_table) != schema ||
			now_table != table)
			affinity_model_missing(name);
		if (!affinity_base_owns_schema(schema, GetUserId()))
			aclcheck_error(ACLCHECK_NOT_OWNER, OBJECT_SCHEMA, name);
		/* has something been built on it meanwhile? */
		find_locks(name, schema, table, cascade, &now);
		if (affinity_base_locks_within(&now, &set))
			return;
		affinity_base_unlock(&set);
	}
}

/*
 * Say what others have built on objects of a model that have to go.
 */
void
affinity_manage_check_dependents(const char *name,
								 const AffinityModelObjects *drop,
								 const AffinityModelObjects *replace)
{
	StringInfoData drops;
	char	   *others;

	initStringInfo(&drops);
	others = drop->ids == NIL ? NULL : walk(drop, replace, NULL, &drops);
	if (others != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_DEPENDENT_OBJECTS_STILL_EXIST),
				 errmsg("cannot change model \"%s\" because other objects depend on it as it is",
						name),
				 errdetail_internal("%s", others),
				 errhint("Drop these first, and make them again afterwards: %s",
						 drops.data)));
}

/*
 * Lock what goes and what is replaced, all or none of it, at the end of a
 * change. Whoever waits for a lock makes all wait who come later, so at first
 * this only tries, again and again. The model itself is locked against others
 * who change or drop it.
 */
void
affinity_manage_lock_to_change(const char *name, Oid schema, Oid table,
							   const AffinityModelObjects *drop,
							   const AffinityModelObjects *replace)
{
	AffinityLocks set;
	ListCell   *cell;
	Oid			now_table;

	affinity_base_locks_begin(&set);
	(void) walk(drop, replace, &set, NULL);
	foreach(cell, replace->ids)
		affinity_base_locks_add(&set, RelationRelationId, lfirst_oid(cell),
								AccessExclusiveLock);
	for (int i = 0; !affinity_base_lock_at_once(&set); i++)
	{
		if (i == MAX_TRIES)
		{
			affinity_base_lock_all(&set);
			break;
		}
		affinity_base_wait_a_little();
	}
	AcceptInvalidationMessages();
	if (affinity_model_schema(name, &now_table) != schema ||
		now_table != table)
		affinity_model_missing(name);
	affinity_manage_check_dependents(name, drop, replace);
}
