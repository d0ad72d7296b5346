/*
 * drop.c
 *		drop_model: the model's own objects, and nothing that others built on
 *		it.
 *
 * All objects that create_model makes are dropped together with the schema, so
 * what depends among them does not matter; anything else that depends on them,
 * or stands in the schema, is an error unless the caller asks for CASCADE.
 * (DROP SCHEMA ... CASCADE does the same without asking.)
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/dependency.h"
#include "catalog/indexing.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "catalog/pg_depend.h"
#include "catalog/pg_namespace.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "tcop/utility.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

#include "model/ddl_sql.h"
#include "model/source.h"

/* what the files of sql/model create; ends with NULL */
static const char *const relation_names[] = {MODEL_RELATION_NAMES};
static const char *const function_names[] = {MODEL_FUNCTION_NAMES};

static void
add_relations(Oid schema, ObjectAddresses *objects)
{
	for (int i = 0; relation_names[i]; i++)
	{
		Oid			relation = get_relname_relid(relation_names[i], schema);
		ObjectAddress object;

		if (!OidIsValid(relation))
			continue;
		/* a composite type is dropped as a type, not as its relation */
		if (get_rel_relkind(relation) == RELKIND_COMPOSITE_TYPE)
			ObjectAddressSet(object, TypeRelationId,
							 get_rel_type_id(relation));
		else
			ObjectAddressSet(object, RelationRelationId, relation);
		add_exact_object_address(&object, objects);
	}
}

/*
 * Is a function one of the model's own? Those are written over functions of
 * the extension; one that a user added under the same name need not be.
 */
static bool
calls_extension(Oid function)
{
	Oid			extension = get_namespace_oid("affinity", false);
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

static void
add_functions(Oid schema, ObjectAddresses *objects)
{
	Relation	proc = table_open(ProcedureRelationId, AccessShareLock);

	for (int i = 0; function_names[i]; i++)
	{
		ScanKeyData key[1];
		SysScanDesc scan;
		HeapTuple	tuple;

		ScanKeyInit(&key[0], Anum_pg_proc_proname, BTEqualStrategyNumber,
					F_NAMEEQ, CStringGetDatum(function_names[i]));
		scan = systable_beginscan(proc, ProcedureNameArgsNspIndexId, true,
								  NULL, 1, key);
		while (HeapTupleIsValid(tuple = systable_getnext(scan)))
		{
			Form_pg_proc form = (Form_pg_proc) GETSTRUCT(tuple);
			ObjectAddress object;

			if (form->pronamespace != schema || !calls_extension(form->oid))
				continue;
			ObjectAddressSet(object, ProcedureRelationId, form->oid);
			add_exact_object_address(&object, objects);
		}
		systable_endscan(scan);
	}
	table_close(proc, AccessShareLock);
}

PG_FUNCTION_INFO_V1(affinity_model_drop);

/*
 * SQL: drop_model(name, "cascade")
 */
Datum
affinity_model_drop(PG_FUNCTION_ARGS)
{
	char	   *name;
	bool		cascade;
	Oid			table;
	Oid			schema;
	ObjectAddresses *objects;
	ObjectAddress object;

	name = affinity_base_text_arg(fcinfo, 0, "name");
	affinity_base_check_not_null(fcinfo, 1, "cascade");
	cascade = PG_GETARG_BOOL(1);
	PreventCommandIfReadOnly("affinity.drop_model()");
	PreventCommandDuringRecovery("affinity.drop_model()");
	schema = affinity_model_schema(name, &table);
	if (!affinity_base_owns_schema(schema, GetUserId()))
		aclcheck_error(ACLCHECK_NOT_OWNER, OBJECT_SCHEMA, name);

	affinity_model_lock(name, table);

	objects = new_object_addresses();
	ObjectAddressSet(object, NamespaceRelationId, schema);
	add_exact_object_address(&object, objects);
	add_relations(schema, objects);
	add_functions(schema, objects);
	performMultipleDeletions(objects, cascade ? DROP_CASCADE : DROP_RESTRICT,
							 0);
	free_object_addresses(objects);
	PG_RETURN_VOID();
}
