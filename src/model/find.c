/*
 * find.c
 *		Finding models by name or schema, and locking them.
 *
 * A model's table "model" is of the composite type affinity.model_record:
 * that is what makes a schema a model, and it survives dump, restore and
 * rename.
 */
#include "postgres.h"

#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "catalog/pg_namespace.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

#include "base/schema.h"
#include "model/catalog.h"

Oid
affinity_model_record_type(void)
{
	Oid			type = GetSysCacheOid2(TYPENAMENSP, Anum_pg_type_oid,
									   CStringGetDatum("model_record"),
									   ObjectIdGetDatum(affinity_base_schema()));

	if (!OidIsValid(type))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("type affinity.model_record does not exist"),
				 errhint("Is the extension created in this database? CREATE EXTENSION affinity.")));
	return type;
}

/*
 * The "model" table of a schema, InvalidOid where the schema is no model.
 */
Oid
affinity_model_table(Oid schema)
{
	Oid			table = get_relname_relid("model", schema);
	HeapTuple	tuple;
	Form_pg_class form;
	bool		is_model;

	if (!OidIsValid(table))
		return InvalidOid;
	tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(table));
	if (!HeapTupleIsValid(tuple))
		return InvalidOid;
	form = (Form_pg_class) GETSTRUCT(tuple);
	is_model = form->relkind == RELKIND_RELATION &&
		form->reloftype == affinity_model_record_type();
	ReleaseSysCache(tuple);
	return is_model ? table : InvalidOid;
}

/*
 * Owner of a schema: of the model in it.
 */
Oid
affinity_model_schema_owner(Oid schema)
{
	HeapTuple	tuple = SearchSysCache1(NAMESPACEOID,
										ObjectIdGetDatum(schema));
	Oid			owner = InvalidOid;

	if (HeapTupleIsValid(tuple))
	{
		owner = ((Form_pg_namespace) GETSTRUCT(tuple))->nspowner;
		ReleaseSysCache(tuple);
	}
	return owner;
}

/*
 * Say that there is no model of that name.
 */
void
affinity_model_missing(const char *name)
{
	ereport(ERROR,
			(errcode(ERRCODE_UNDEFINED_OBJECT),
			 errmsg("model \"%s\" does not exist", name),
			 pg_strncasecmp(name, "SELECT ", 7) == 0 ?
			 errhint("This is a query: affinity.evaluate(query => 'SELECT ...') takes one, and affinity.create_model(name, 'SELECT ...') makes a model of it.") :
			 errhint("SELECT name FROM affinity.models lists the models.")));
}

/*
 * The schema and "model" table of a model by name.
 */
Oid
affinity_model_schema(const char *name, Oid *table)
{
	Oid			schema = get_namespace_oid(name, true);

	*table = OidIsValid(schema) ? affinity_model_table(schema) : InvalidOid;
	if (!OidIsValid(*table))
		affinity_model_missing(name);
	return schema;
}

/*
 * Say what a model that is being refreshed means to somebody who does not wait.
 */
static void
tell_running(const char *name, AffinityIfRunning if_running)
{
	if (if_running == AFFINITY_RUNNING_ERROR)
		ereport(ERROR,
				(errcode(ERRCODE_LOCK_NOT_AVAILABLE),
				 errmsg("model \"%s\" is being refreshed or changed", name),
				 errhint("To wait for it: SELECT affinity.refresh_model(%s, if_running => 'wait');",
						 quote_literal_cstr(name))));
	ereport(NOTICE,
			(errmsg("model \"%s\" is being refreshed or changed: skipped",
					name)));
}

/*
 * Lock a model found by name for a refresh: against others, and a drop, not
 * against readers. It may be dropped while this waits, or its name be
 * given to another. False where somebody else is at it, and that is a reason
 * to skip it.
 *
 * The sequence of versions is locked with the table: unlike that it is nothing
 * that a VACUUM locks, so who finds it locked knows why. Neither is waited for
 * with the other in hand: a drop, which readers keep waiting for the table, would
 * find the sequence locked whenever it has got that.
 */
bool
affinity_model_lock(const char *name, Oid table, AffinityIfRunning if_running)
{
	const		LOCKMODE mode = ShareUpdateExclusiveLock;
	Oid			sequence = get_relname_relid("model_version",
											 get_rel_namespace(table));
	Oid			first = OidIsValid(sequence) ? sequence : table;
	Oid			now;

	for (;;)
	{
		CHECK_FOR_INTERRUPTS();
		if (if_running == AFFINITY_RUNNING_WAIT)
			LockRelationOid(first, mode);
		else if (!ConditionalLockRelationOid(first, mode))
		{
			tell_running(name, if_running);
			return false;
		}
		if (first == table || ConditionalLockRelationOid(table, mode))
			break;
		UnlockRelationOid(first, mode);
		LockRelationOid(table, mode);
		if (ConditionalLockRelationOid(first, mode))
			break;
		UnlockRelationOid(table, mode);
	}
	(void) affinity_model_schema(name, &now);
	if (now != table)
		affinity_model_missing(name);
	return true;
}
