/*
 * drop.c
 *		drop_model: the model's own objects, and nothing that others built on
 *		it.
 *
 * Its objects are dropped by name and kind and then the schema, each by a
 * statement, so that event triggers and utility hooks see it as any other
 * DROP. What others built on the model, or put into its schema, is an error
 * unless the caller asks for CASCADE (see dependents.c; RESTRICT is there for
 * what no lock keeps away). DROP SCHEMA ... CASCADE does the same without
 * asking.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/xlog.h"
#include "catalog/indexing.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "catalog/pg_depend.h"
#include "catalog/pg_namespace.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_publication.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "tcop/utility.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/regproc.h"
#include "utils/catcache.h"
#include "utils/rel.h"
#include "utils/syscache.h"

#include "base/schema.h"
#include "manage/ddl_sql.h"
#include "manage/objects.h"

/* what the files of sql/model create; ends with NULL */
static const char *const relation_names[] = {MODEL_RELATION_NAMES};
static const char *const function_names[] = {MODEL_FUNCTION_NAMES};

static void
add_object(AffinityModelObjects *objects, Oid class, Oid id)
{
	objects->classes = lappend_oid(objects->classes, class);
	objects->ids = lappend_oid(objects->ids, id);
}

static void
add_relations(Oid schema, AffinityModelObjects *objects)
{
	for (int i = 0; relation_names[i]; i++)
	{
		Oid			relation = get_relname_relid(relation_names[i], schema);

		/* a composite type is dropped as a type, not as its relation */
		if (get_rel_relkind(relation) == RELKIND_COMPOSITE_TYPE)
			add_object(objects, TypeRelationId, get_rel_type_id(relation));
		else if (OidIsValid(relation))
			add_object(objects, RelationRelationId, relation);
	}
}

/*
 * Is a function one of the model's own? Those are written over functions of
 * the extension; one that a user added under the same name need not be.
 */
static bool
calls_extension(Oid function)
{
	Oid			extension = affinity_base_schema();
	Relation	depend = table_open(DependRelationId, AccessShareLock);
	ScanKeyData key[2];
	SysScanDesc scan;
	HeapTuple	tuple;
	bool		found = false;

	ScanKeyInit(&key[0], Anum_pg_depend_classid, BTEqualStrategyNumber,
				F_OIDEQ, ObjectIdGetDatum(ProcedureRelationId));
	ScanKeyInit(&key[1], Anum_pg_depend_objid, BTEqualStrategyNumber,
				F_OIDEQ, ObjectIdGetDatum(function));
	scan = systable_beginscan(depend, DependDependerIndexId, true, NULL, 2,
							  key);
	while (!found && HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		Form_pg_depend form = (Form_pg_depend) GETSTRUCT(tuple);

		found = form->refclassid == ProcedureRelationId &&
			get_func_namespace(form->refobjid) == extension;
	}
	systable_endscan(scan);
	table_close(depend, AccessShareLock);
	return found;
}

/*
 * The model's own functions of a name.
 */
static void
add_functions(Oid schema, const char *name, AffinityModelObjects *objects)
{
	CatCList   *list = SearchSysCacheList1(PROCNAMEARGSNSP,
										   CStringGetDatum(name));

	for (int i = 0; i < list->n_members; i++)
	{
		Form_pg_proc form = (Form_pg_proc) GETSTRUCT(&list->members[i]->tuple);

		if (form->pronamespace == schema &&
			form->prokind == PROKIND_FUNCTION && calls_extension(form->oid))
			add_object(objects, ProcedureRelationId, form->oid);
	}
	ReleaseSysCacheList(list);
}

/*
 * What create_model made, the schema included, as far as it is there.
 */
void
affinity_manage_objects(Oid schema, AffinityModelObjects *objects)
{
	List	   *views = affinity_rules_views(schema);
	Oid			local = affinity_origin_local(schema);
	ListCell   *cell;

	objects->classes = NIL;
	objects->ids = NIL;
	add_object(objects, NamespaceRelationId, schema);
	add_relations(schema, objects);
	/* what only models with rules have */
	foreach(cell, views)
		add_object(objects, RelationRelationId, lfirst_oid(cell));
	/* what only models that are served locally have */
	if (OidIsValid(local))
		add_object(objects, RelationRelationId, local);
	for (int i = 0; function_names[i]; i++)
		add_functions(schema, function_names[i], objects);
}

/*
 * Does a model lack one of its objects?
 */
bool
affinity_manage_lacks_objects(Oid schema)
{
	for (int i = 0; relation_names[i]; i++)
	{
		if (!OidIsValid(get_relname_relid(relation_names[i], schema)))
			return true;
	}
	for (int i = 0; function_names[i]; i++)
	{
		AffinityModelObjects found = {NIL, NIL};

		add_functions(schema, function_names[i], &found);
		if (found.ids == NIL)
			return true;
	}
	return false;
}

/*
 * The name of an object for DROP, NULL if it is of another kind or gone.
 */
static char *
name_to_drop(Oid class, Oid id, char kind)
{
	char		relkind;

	if (class == ProcedureRelationId)
		return kind == 'f' && get_func_name(id) != NULL ?
			format_procedure_qualified(id) : NULL;
	if (class == TypeRelationId)
		return kind == 't' && get_typisdefined(id) ?
			format_type_be_qualified(id) : NULL;
	relkind = class == RelationRelationId ? get_rel_relkind(id) : '\0';
	if (relkind == RELKIND_PARTITIONED_TABLE)
		relkind = RELKIND_RELATION;
	if (relkind == '\0' || relkind != kind)
		return NULL;
	return quote_qualified_identifier(get_namespace_name(get_rel_namespace(id)),
									  get_rel_name(id));
}

/*
 * A statement for each kind of object.
 */
void
affinity_manage_drop_objects(const AffinityModelObjects *objects, bool cascade)
{
	static const struct
	{
		char		kind;
		const char *words;
	}			kinds[] = {
		{'f', "FUNCTION"},
		{RELKIND_MATVIEW, "MATERIALIZED VIEW"},
		{RELKIND_VIEW, "VIEW"},
		{RELKIND_RELATION, "TABLE"},
		{RELKIND_FOREIGN_TABLE, "FOREIGN TABLE"},
		{RELKIND_SEQUENCE, "SEQUENCE"},
		{'t', "TYPE"},
	};
	const char *behavior = cascade ? "CASCADE" : "RESTRICT";

	for (int k = 0; k < (int) lengthof(kinds); k++)
	{
		StringInfoData sql;
		ListCell   *class;
		ListCell   *id;
		int			n = 0;

		initStringInfo(&sql);
		appendStringInfo(&sql, "DROP %s ", kinds[k].words);
		forboth(class, objects->classes, id, objects->ids)
		{
			char	   *object = name_to_drop(lfirst_oid(class),
											  lfirst_oid(id), kinds[k].kind);

			if (object != NULL)
				appendStringInfo(&sql, "%s%s", n++ ? ", " : "", object);
		}
		if (n > 0)
			affinity_manage_ddl_execute(psprintf("%s %s", sql.data, behavior));
	}
}

/* ---- subscribers --------------------------------------------------------- */

/*
 * Does a publication take the deletes of a table, and is there what finds its
 * rows?
 */
static bool
publishes_deletes(Oid relid)
{
	Relation	table;
	PublicationDesc published;
	bool		found = false;

	if (get_rel_relkind(relid) != RELKIND_RELATION)
		return false;
	table = table_open(relid, NoLock);
	if (table->rd_rel->relreplident == REPLICA_IDENTITY_FULL ||
		OidIsValid(RelationGetReplicaIndex(table)))
	{
		RelationBuildPublicationDesc(table, &published);
		found = published.pubactions.pubdelete;
	}
	table_close(table, NoLock);
	return found;
}

/*
 * A publication does not tell of a DROP. Rows that stayed with a subscriber would
 * stop it for good as soon as a model of the same name is published, so they are
 * deleted first. As the owner, and not where tables are others'.
 */
static void
tell_subscribers(const char *name, Oid schema)
{
	ModelRole	role;

	if (!XLogLogicalInfoActive() || affinity_manage_has_foreign(schema))
		return;
	affinity_manage_become(&role, affinity_model_schema_owner(schema));
	for (int i = 0; relation_names[i]; i++)
	{
		if (publishes_deletes(get_relname_relid(relation_names[i], schema)))
			affinity_manage_ddl_execute(psprintf("DELETE FROM ONLY %s",
												 quote_qualified_identifier(name,
																			relation_names[i])));
	}
	affinity_manage_return(&role);
}

PG_FUNCTION_INFO_V1(affinity_manage_drop);

/*
 * SQL: drop_model(name, "cascade")
 */
Datum
affinity_manage_drop(PG_FUNCTION_ARGS)
{
	char	   *name;
	bool		cascade;
	Oid			table;
	Oid			schema;
	AffinityModelObjects objects;
	List	   *watched;

	name = affinity_base_text_arg(fcinfo, 0, "name");
	affinity_base_check_not_null(fcinfo, 1, "cascade");
	cascade = PG_GETARG_BOOL(1);
	PreventCommandIfReadOnly("affinity.drop_model()");
	PreventCommandDuringRecovery("affinity.drop_model()");
	schema = affinity_model_schema(name, &table);
	if (!affinity_base_owns_schema(schema, GetUserId()))
		aclcheck_error(ACLCHECK_NOT_OWNER, OBJECT_SCHEMA, name);

	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "could not connect to SPI");
	affinity_manage_lock_to_drop(name, schema, table, cascade);
	watched = affinity_rules_unneeded(affinity_rules_tables(schema), schema);
	affinity_manage_objects(schema, &objects);
	tell_subscribers(name, schema);
	affinity_manage_drop_objects(&objects, cascade);
	affinity_rules_unwatch(watched, true);
	affinity_manage_ddl_execute(psprintf("DROP SCHEMA %s %s",
										 quote_identifier(name),
										 cascade ? "CASCADE" : "RESTRICT"));
	SPI_finish();
	/* a schema can be renamed whatever is locked: was it this one? */
	if (SearchSysCacheExists1(NAMESPACEOID, ObjectIdGetDatum(schema)))
		affinity_model_missing(name);
	PG_RETURN_VOID();
}
