/*
 * list.c
 *		The models of the database, for the view affinity.models.
 *
 * One row per model that the caller may use: USAGE on its schema and SELECT
 * on its "model" table. The row is read from the table itself (see row.c
 * and checks.c). Nobody is waited for: a model that is locked is left out, and
 * without its size if its items are.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/relation.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/xlog.h"
#include "catalog/indexing.h"
#include "catalog/pg_class.h"
#include "catalog/pg_depend.h"
#include "catalog/pg_type.h"
#include "catalog/namespace.h"
#include "executor/tuptable.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/fmgrprotos.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "model/catalog.h"

/*
 * Tables of type affinity.model_record, by the dependency that they have on
 * it.
 */
static List *
model_tables(void)
{
	Relation	depend = table_open(DependRelationId, AccessShareLock);
	List	   *tables = NIL;
	ScanKeyData key[2];
	SysScanDesc scan;
	HeapTuple	tuple;

	ScanKeyInit(&key[0], Anum_pg_depend_refclassid, BTEqualStrategyNumber,
				F_OIDEQ, ObjectIdGetDatum(TypeRelationId));
	ScanKeyInit(&key[1], Anum_pg_depend_refobjid, BTEqualStrategyNumber,
				F_OIDEQ, ObjectIdGetDatum(affinity_model_record_type()));
	scan = systable_beginscan(depend, DependReferenceIndexId, true, NULL, 2,
							  key);
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		Form_pg_depend form = (Form_pg_depend) GETSTRUCT(tuple);

		if (form->classid == RelationRelationId && form->objsubid == 0)
			tables = lappend_oid(tables, form->objid);
	}
	systable_endscan(scan);
	table_close(depend, AccessShareLock);
	return tables;
}

/*
 * May the caller see this model?
 */
static bool
visible(Oid table)
{
	Oid			schema = get_rel_namespace(table);

	return OidIsValid(schema) && affinity_model_table(schema) == table &&
		affinity_base_schema_aclcheck(schema, GetUserId(),
									  ACL_USAGE) == ACLCHECK_OK &&
		pg_class_aclcheck(table, GetUserId(), ACL_SELECT) == ACLCHECK_OK;
}

/*
 * Can its row be read here? Temporary tables of other sessions cannot, nor
 * can unlogged ones on a standby; a policy may want to hide it.
 */
static bool
readable(Relation table)
{
	return affinity_model_row_fits(table) &&
		!table->rd_rel->relrowsecurity && !RELATION_IS_OTHER_TEMP(table) &&
		(RelationIsPermanent(table) || !RecoveryInProgress());
}

/*
 * A lock, for as long as the list is made, that nobody is waited for: whoever
 * owns a model can lock its tables for as long as they like.
 */
static Relation
open_at_once(Oid relid)
{
	Relation	relation;

	if (!ConditionalLockRelationOid(relid, AccessShareLock))
		return NULL;
	relation = try_relation_open(relid, NoLock);
	if (relation == NULL)
		UnlockRelationOid(relid, AccessShareLock);
	return relation;
}

/*
 * Are all indexes of a relation free? They stay locked, for what is called
 * next to lock them again.
 */
static bool
lock_indexes(Relation relation, List **locked)
{
	List	   *indexes = RelationGetIndexList(relation);
	ListCell   *cell;

	foreach(cell, indexes)
	{
		if (!ConditionalLockRelationOid(lfirst_oid(cell), AccessShareLock))
			return false;
		*locked = lappend_oid(*locked, lfirst_oid(cell));
	}
	return true;
}

/*
 * Bytes of a table with all that is its own; false where it is gone, or
 * some of it is locked.
 */
static bool
table_size(Oid relid, Datum *size)
{
	Relation	table = open_at_once(relid);
	Relation	toast = NULL;
	List	   *locked = NIL;
	ListCell   *cell;
	bool		all;

	if (table == NULL)
		return false;
	all = lock_indexes(table, &locked);
	if (all && OidIsValid(table->rd_rel->reltoastrelid))
	{
		toast = open_at_once(table->rd_rel->reltoastrelid);
		all = toast != NULL && lock_indexes(toast, &locked);
	}
	if (all)
		*size = DirectFunctionCall1(pg_total_relation_size,
									ObjectIdGetDatum(relid));
	foreach(cell, locked)
		UnlockRelationOid(lfirst_oid(cell), AccessShareLock);
	if (toast != NULL)
		relation_close(toast, AccessShareLock);
	relation_close(table, AccessShareLock);
	return all;
}

/*
 * All of the row but its parameters, which are large.
 */
static void
put_model(ReturnSetInfo *result, Relation table)
{
	Oid			schema = RelationGetNamespace(table);
	TupleTableSlot *slot = table_slot_create(table, NULL);
	TableScanDesc scan = table_beginscan(table, GetActiveSnapshot(), 0, NULL);
	Datum		values[MODEL_TRAINING + 3];
	bool		nulls[MODEL_TRAINING + 3] = {0};
	NameData	name;

	if (table_scan_getnextslot(scan, ForwardScanDirection, slot))
	{
		Oid			items = get_relname_relid("items", schema);

		slot_getallattrs(slot);
		namestrcpy(&name, get_namespace_name(schema));
		values[0] = NameGetDatum(&name);
		values[1] = ObjectIdGetDatum(table->rd_rel->relowner);
		memcpy(&values[2], slot->tts_values,
			   MODEL_TRAINING * sizeof(Datum));
		memcpy(&nulls[2], slot->tts_isnull, MODEL_TRAINING * sizeof(bool));
		nulls[MODEL_TRAINING + 2] = !OidIsValid(items) ||
			!table_size(items, &values[MODEL_TRAINING + 2]);
		tuplestore_putvalues(result->setResult, result->setDesc, values,
							 nulls);
	}
	table_endscan(scan);
	ExecDropSingleTupleTableSlot(slot);
}

PG_FUNCTION_INFO_V1(affinity_model_list);

/*
 * SQL: list_models(): name, owner, the row of the model, its items table
 */
Datum
affinity_model_list(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result;
	List	   *tables;
	ListCell   *cell;

	InitMaterializedSRF(fcinfo, 0);
	result = (ReturnSetInfo *) fcinfo->resultinfo;
	tables = model_tables();
	foreach(cell, tables)
	{
		Oid			relid = lfirst_oid(cell);
		Relation	table;

		CHECK_FOR_INTERRUPTS();
		table = open_at_once(relid);
		if (table == NULL)
			continue;
		if (visible(relid) && readable(table))
			put_model(result, table);
		table_close(table, AccessShareLock);
	}
	return (Datum) 0;
}
