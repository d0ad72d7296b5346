/*
 * list.c
 *		The models of the database, for the view affinity.models.
 *
 * One row per model that the caller may use: USAGE on its schema and SELECT
 * on its "model" table. The row is read from the table itself (see row.c
 * and checks.c), what else there is to say from the catalog. Nobody is waited
 * for: a model that is locked is left out, and without its size if its items
 * are.
 */
#include "postgres.h"

#include <math.h>

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
#include "catalog/pg_subscription.h"
#include "executor/tuptable.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/fmgroids.h"
#include "utils/fmgrprotos.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"

#include "base/catalog.h"
#include "manage/manage.h"

/*
 * Tables of type affinity.model_record, by the dependency that they have on
 * it.
 */
List *
affinity_manage_tables(void)
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
	return !table->rd_rel->relrowsecurity && !RELATION_IS_OTHER_TEMP(table) &&
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

/* Columns of list_models(): the name, the owner, most of the row, and these. */
enum
{
	LIST_NAME,
	LIST_OWNER,
	LIST_ROW,
	LIST_SIZE = LIST_ROW + MODEL_TRAINING,
	LIST_STATUS,
	LIST_HINT,
	LIST_REFRESHED,				/* what incremental refreshes brought */
	LIST_ROWS,
	LIST_USERS,
	LIST_ITEMS,
	LIST_DRIFT,
	LIST_READS,					/* where histories are from */
	LIST_SUBSCRIPTION,			/* what brings it */
	LIST_N_COLUMNS
};

/*
 * All of the row but its parameters, which are large; false where there is
 * none, or none of a model.
 */
static bool
put_row(Relation table, Datum *values, bool *nulls)
{
	TupleTableSlot *slot = table_slot_create(table, NULL);
	TableScanDesc scan = table_beginscan(table, GetActiveSnapshot(), 0, NULL);
	bool		found = table_scan_getnextslot(scan, ForwardScanDirection,
											   slot);

	if (found)
	{
		slot_getallattrs(slot);
		for (int i = 0; i < MODEL_TRAINING; i++)
		{
			Form_pg_attribute attribute = TupleDescAttr(slot->tts_tupleDescriptor,
														i);

			nulls[LIST_ROW + i] = slot->tts_isnull[i];
			if (!slot->tts_isnull[i])
				values[LIST_ROW + i] = datumCopy(slot->tts_values[i],
												 attribute->attbyval,
												 attribute->attlen);
		}
	}
	table_endscan(scan);
	ExecDropSingleTupleTableSlot(slot);
	return found;
}

static bool
has_column(Oid relid, const char *name, Oid type)
{
	AttrNumber	no = get_attnum(relid, name);

	return no > 0 && (!OidIsValid(type) || get_atttype(relid, no) == type);
}

/*
 * Are the relations that serving reads as it needs them?
 */
static bool
relations_fit(Oid interactions, Oid items, const ModelDefinition *d)
{
	return has_column(interactions, "user_id", d->user_type) &&
		has_column(interactions, "item_id", d->item_type) &&
		has_column(interactions, "weight", InvalidOid) &&
		OidIsValid(items) && get_rel_relkind(items) == RELKIND_RELATION &&
		has_column(items, "item_no", INT4OID) &&
		has_column(items, "item_id", d->item_type) &&
		has_column(items, "popularity", FLOAT4OID) &&
		has_column(items, "neighbors", INT4ARRAYOID) &&
		has_column(items, "scores", FLOAT4ARRAYOID) &&
		has_column(items, "factors", FLOAT4ARRAYOID);
}

/*
 * What there is to say of a model without waiting, and what to do about it.
 */
static const char *
find_status(const char *name, Oid schema, bool fits, bool trained,
			bool grouped, bool awaited, bool received, DefinitionState state,
			const ModelDefinition *d, char **hint)
{
	Oid			items = get_relname_relid("items", schema);
	Oid			interactions = get_relname_relid("interactions", schema);

	*hint = psprintf("SELECT affinity.refresh_model(%s);",
					 quote_literal_cstr(name));
	if (affinity_manage_has_foreign(schema))
		return "owner mismatch";
	if (state == DEFINITION_DAMAGED)
	{
		*hint = affinity_definition_hint(name);
		return "damaged";
	}
	if (!OidIsValid(interactions))
		return "source missing";
	if (!fits)
	{
		*hint = affinity_definition_other_columns_hint(name, schema);
		return "damaged";
	}
	/* without a definition d has no types */
	if (!relations_fit(interactions, items, d))
		return "damaged";
	if (state == DEFINITION_MISSING ||
		strcmp(d->objects, affinity_manage_ddl_version()) != 0)
	{
		if (affinity_base_catalog_apart() != NULL)
			*hint = "ALTER EXTENSION affinity UPDATE;";
		return "older version";
	}
	if (affinity_manage_lacks_objects(schema))
		return "damaged";
	if (affinity_rules_lack_catalog(schema))
		return "catalog missing";
	if (awaited)
	{
		*hint = psprintf("-- on the server that publishes it: SELECT affinity.refresh_model(%s);",
						 quote_literal_cstr(name));
		return "awaited";
	}
	if (!trained)
		return "untrained";
	if (d->groups[0] != '\0' && !grouped)
		return "groups missing";
	*hint = NULL;
	return received ? "received" : "ready";
}

/*
 * What incremental refreshes since the training brought, from the figures of
 * the row.
 */
static void
put_since(Datum *values, bool *nulls)
{
	static const char *const counts[] = {
		AFFINITY_FIGURE_ROWS, AFFINITY_FIGURE_USERS, AFFINITY_FIGURE_ITEMS
	};
	Jsonb	   *training;
	double		at;
	double		drift;

	if (nulls[LIST_ROW + MODEL_TRAINING - 1])
		return;
	training = DatumGetJsonbP(values[LIST_ROW + MODEL_TRAINING - 1]);
	at = affinity_model_figure(training, AFFINITY_FIGURE_REFRESHED);
	/* somebody may have written anything */
	if (!(fabs(at) < 1e11))
		return;
	nulls[LIST_REFRESHED] = false;
	values[LIST_REFRESHED] = TimestampTzGetDatum(affinity_model_moment(at));
	for (int i = 0; i < (int) lengthof(counts); i++)
	{
		double		count = affinity_model_figure(training, counts[i]);

		nulls[LIST_ROWS + i] = !(fabs(count) < 1e15);
		if (!nulls[LIST_ROWS + i])
			values[LIST_ROWS + i] = Int64GetDatum((int64) count);
	}
	drift = affinity_model_figure(training, AFFINITY_FIGURE_DRIFT);
	nulls[LIST_DRIFT] = isnan(drift);
	values[LIST_DRIFT] = Float8GetDatum(drift);
}

/*
 * Where histories are read, and what brings the model.
 */
static void
put_origin(Oid schema, Oid subscription, const ModelDefinition *d,
		   Datum *values, bool *nulls)
{
	bool		copied = !nulls[LIST_ROW + MODEL_TRAINING - 1] && d->materialize &&
		affinity_definition_member(DatumGetJsonbP(values[LIST_ROW + MODEL_TRAINING - 1]),
								   AFFINITY_MATERIALIZED) != NULL;
	HeapTuple	tuple;

	nulls[LIST_READS] = false;
	values[LIST_READS] =
		CStringGetTextDatum(OidIsValid(affinity_origin_local(schema)) ?
							AFFINITY_LOCAL : copied ? AFFINITY_KEPT :
							"interactions");
	tuple = SearchSysCache1(SUBSCRIPTIONOID, ObjectIdGetDatum(subscription));
	nulls[LIST_SUBSCRIPTION] = !HeapTupleIsValid(tuple);
	if (!HeapTupleIsValid(tuple))
		return;
	values[LIST_SUBSCRIPTION] = datumCopy(NameGetDatum(&((Form_pg_subscription) GETSTRUCT(tuple))->subname),
										  false, NAMEDATALEN);
	ReleaseSysCache(tuple);
}

static void
put_model(ReturnSetInfo *result, Relation table)
{
	Oid			schema = RelationGetNamespace(table);
	Oid			subscription = affinity_origin_subscription(RelationGetRelid(table));
	Oid			items = get_relname_relid("items", schema);
	Oid			kept = get_relname_relid(AFFINITY_KEPT, schema);
	Datum		kept_size = Int64GetDatum(0);
	Datum		values[LIST_N_COLUMNS];
	bool		nulls[LIST_N_COLUMNS];
	NameData	name;
	ModelDefinition d;
	DefinitionState state = affinity_definition_read(schema, &d);
	bool		fits = affinity_model_row_fits(table);
	bool		trained;
	bool		grouped;
	bool		received;
	char	   *hint;

	memset(nulls, true, sizeof(nulls));
	nulls[LIST_NAME] = nulls[LIST_OWNER] = nulls[LIST_STATUS] = false;
	namestrcpy(&name, get_namespace_name(schema));
	values[LIST_NAME] = NameGetDatum(&name);
	values[LIST_OWNER] = ObjectIdGetDatum(affinity_model_schema_owner(schema));
	trained = fits &&
		!affinity_origin_arrives(RelationGetRelid(table), schema) &&
		put_row(table, values, nulls);
	received = trained && !nulls[LIST_ROW + MODEL_VERSION - 1] &&
		affinity_origin_is_received(schema, RelationGetRelid(table),
									DatumGetInt64(values[LIST_ROW + MODEL_VERSION - 1]));
	grouped = trained && !nulls[LIST_ROW + MODEL_TRAINING - 1] &&
		!isnan(affinity_model_figure(DatumGetJsonbP(values[LIST_ROW + MODEL_TRAINING - 1]),
									 AFFINITY_GROUPED));
	if (trained)
		put_since(values, nulls);
	if (!trained && state == DEFINITION_FOUND)
	{
		bool		open = strcmp(d.choice, AFFINITY_CHOICE_OPEN) == 0;

		values[LIST_ROW + MODEL_ALGORITHM - 1] =
			CStringGetTextDatum(open ? affinity_definition_algorithm(&d) :
								d.algorithm);
		values[LIST_ROW + MODEL_OPTIONS - 1] =
			JsonbPGetDatum(open ? d.given_options : d.options);
		nulls[LIST_ROW + MODEL_ALGORITHM - 1] = false;
		nulls[LIST_ROW + MODEL_OPTIONS - 1] = false;
	}
	nulls[LIST_SIZE] = !OidIsValid(items) ||
		!table_size(items, &values[LIST_SIZE]) ||
		(OidIsValid(kept) && !table_size(kept, &kept_size));
	if (!nulls[LIST_SIZE])
		values[LIST_SIZE] = Int64GetDatum(DatumGetInt64(values[LIST_SIZE]) +
										  DatumGetInt64(kept_size));
	values[LIST_STATUS] = CStringGetTextDatum(find_status(NameStr(name),
														  schema, fits,
														  trained, grouped,
														  !trained && OidIsValid(subscription),
														  received, state,
														  &d, &hint));
	put_origin(schema, subscription, &d, values, nulls);
	nulls[LIST_HINT] = hint == NULL;
	if (hint)
		values[LIST_HINT] = CStringGetTextDatum(hint);
	tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
}

PG_FUNCTION_INFO_V1(affinity_manage_list);

/*
 * SQL: list_models(): name, owner, the row of the model, its items table, status
 */
Datum
affinity_manage_list(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result;
	List	   *tables;
	ListCell   *cell;

	InitMaterializedSRF(fcinfo, 0);
	result = (ReturnSetInfo *) fcinfo->resultinfo;
	tables = affinity_manage_tables();
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
