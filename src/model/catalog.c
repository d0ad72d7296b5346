/*
 * catalog.c
 *		Finding models, and what a backend remembers of them.
 *
 * A model's table "model" is of the composite type affinity.model_record:
 * that is what makes a schema a model, and it survives dump, restore and
 * rename. Its one row is read on every call, in the caller's snapshot; the
 * rest is cached under (table, version). A version's number is never used
 * again, so an entry can be wrong for no snapshot; an entry of another
 * version is replaced.
 *
 * The row is read straight from the table, after the checks that the executor
 * would make. The table may have been written by anybody, so nothing read
 * here is trusted further than its type.
 */
#include "postgres.h"

#include "access/heapam.h"
#include "access/table.h"
#include "access/tableam.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "storage/bufmgr.h"
#include "storage/lmgr.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/hsearch.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"

#include "model/source.h"

typedef struct CacheEntry
{
	Oid			relation;		/* key */
	AffinityModel *model;
} CacheEntry;

static HTAB *cache = NULL;

/* Beyond this an entry of some other model makes room. */
#define MAX_CACHED 64

Oid
affinity_model_record_type(void)
{
	Oid			schema = get_namespace_oid("affinity", false);
	Oid			type = GetSysCacheOid2(TYPENAMENSP, Anum_pg_type_oid,
									   CStringGetDatum("model_record"),
									   ObjectIdGetDatum(schema));

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
 * Owner of a relation, InvalidOid where it is gone.
 */
Oid
affinity_model_relation_owner(Oid relation)
{
	HeapTuple	tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(relation));
	Oid			owner = InvalidOid;

	if (HeapTupleIsValid(tuple))
	{
		owner = ((Form_pg_class) GETSTRUCT(tuple))->relowner;
		ReleaseSysCache(tuple);
	}
	return owner;
}

static void
no_such_model(const char *name)
{
	ereport(ERROR,
			(errcode(ERRCODE_UNDEFINED_OBJECT),
			 errmsg("model \"%s\" does not exist", name),
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
		no_such_model(name);
	return schema;
}

/*
 * Lock a model found by name for a refresh or drop: against others of these,
 * not against readers. It may be dropped while this waits, or its name be
 * given to another.
 */
void
affinity_model_lock(const char *name, Oid table)
{
	Oid			now;

	LockRelationOid(table, ShareUpdateExclusiveLock);
	(void) affinity_model_schema(name, &now);
	if (now != table)
		no_such_model(name);
}

/* ---- the row ----------------------------------------------------------- */

/*
 * What is in a model's schema is not what was put there.
 */
void
affinity_model_damaged(const char *schema, const char *what)
{
	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("model \"%s\" is damaged: %s", schema, what),
			 errhint("SELECT affinity.refresh_model(%s), or drop it and create it again.",
					 quote_literal_cstr(schema))));
}

/*
 * Type of a column of one of the model's relations.
 */
static Oid
column_type(Oid schema, const char *schema_name, const char *relation,
			const char *column)
{
	Oid			relid = get_relname_relid(relation, schema);
	AttrNumber	attno = OidIsValid(relid) ? get_attnum(relid, column) : 0;

	if (attno == InvalidAttrNumber)
		affinity_model_damaged(schema_name, psprintf("%s.%s is missing", relation, column));
	return get_atttype(relid, attno);
}

/*
 * Could the table of items hold as many as the model says? Memory is taken
 * for so many before the items are read.
 */
static void
check_n_items(Oid schema, const char *schema_name, int64 n_items)
{
	Oid			relid = get_relname_relid("items", schema);
	AclResult	result = pg_class_aclcheck(relid, GetUserId(), ACL_SELECT);
	Relation	items;

	if (result != ACLCHECK_OK)
		aclcheck_error(result, OBJECT_TABLE, "items");
	items = table_open(relid, AccessShareLock);
	if (items->rd_rel->relkind != RELKIND_RELATION)
		affinity_model_damaged(schema_name, "items is not a table");
	/* no table access method puts a row into less than a byte */
	if (n_items < 0 || n_items > PG_INT32_MAX ||
		n_items > (int64) RelationGetNumberOfBlocks(items) * BLCKSZ)
		affinity_model_damaged(schema_name, "its number of items is impossible");
	table_close(items, NoLock);
}

static AffinityModel *
make_entry(Relation table, Oid schema, const Datum *values)
{
	MemoryContext context = AllocSetContextCreate(TopMemoryContext,
												  "affinity model",
												  ALLOCSET_SMALL_SIZES);
	MemoryContext old = MemoryContextSwitchTo(context);
	AffinityModel *model = palloc0(sizeof(AffinityModel));
	char	   *name = get_namespace_name(schema);
	int64		n_items = DatumGetInt64(values[MODEL_ITEMS - 1]);
	AffinityIdKind kind;

	PG_TRY();
	{
		model->context = context;
		model->relation = RelationGetRelid(table);
		model->schema = schema;
		model->schema_name = name;
		model->version = DatumGetInt64(values[MODEL_VERSION - 1]);
		model->algorithm =
			affinity_train_algorithm(TextDatumGetCString(values[MODEL_ALGORITHM -
																1]));
		model->options =
			affinity_train_options_parse(model->algorithm,
										 DatumGetJsonbP(values[MODEL_OPTIONS -
															   1]));
		model->user_type = column_type(schema, name, "interactions", "user_id");
		model->item_type = column_type(schema, name, "items", "item_id");
		if (!affinity_base_id_kind(model->user_type, &kind) ||
			!affinity_base_id_kind(model->item_type, &kind))
			affinity_model_damaged(name, "its ids are of a type that cannot be an id");
		check_n_items(schema, name, n_items);
		model->n_items = (uint32) n_items;
	}
	PG_CATCH();
	{
		MemoryContextSwitchTo(old);
		MemoryContextDelete(context);
		PG_RE_THROW();
	}
	PG_END_TRY();
	MemoryContextSwitchTo(old);
	return model;
}

static void
free_model(AffinityModel *model)
{
	for (int i = 0; i < AFFINITY_N_QUERIES; i++)
	{
		if (model->plan[i])
			SPI_freeplan(model->plan[i]);
	}
	MemoryContextDelete(model->context);
}

/*
 * Take a model out of the cache. A source may call functions that serve from
 * the same model, so an outer call may be using it still.
 */
static void
free_entry(CacheEntry *entry)
{
	AffinityModel *model = entry->model;

	entry->model = NULL;
	if (model == NULL)
		return;
	if (model->pins > 0)
		model->replaced = true;
	else
		free_model(model);
}

static void
unpin(void *arg)
{
	AffinityModel *model = arg;

	if (--model->pins == 0 && model->replaced)
		free_model(model);
}

/*
 * Keep a model as long as the current memory context: to the end of the call,
 * even if that is an error.
 */
static void
pin(AffinityModel *model)
{
	MemoryContextCallback *callback = palloc0(sizeof(MemoryContextCallback));

	callback->func = unpin;
	callback->arg = model;
	model->pins++;
	MemoryContextRegisterResetCallback(CurrentMemoryContext, callback);
}

/*
 * The cache's entry for a table; makes room where there are too many.
 */
static CacheEntry *
cache_entry(Oid relation)
{
	CacheEntry *entry;
	bool		found;

	if (cache == NULL)
	{
		HASHCTL		ctl = {0};

		ctl.keysize = sizeof(Oid);
		ctl.entrysize = sizeof(CacheEntry);
		cache = hash_create("affinity models", 8, &ctl, HASH_ELEM | HASH_BLOBS);
	}
	if (hash_get_num_entries(cache) >= MAX_CACHED &&
		hash_search(cache, &relation, HASH_FIND, NULL) == NULL)
	{
		HASH_SEQ_STATUS scan;

		hash_seq_init(&scan, cache);
		entry = hash_seq_search(&scan);
		hash_seq_term(&scan);
		free_entry(entry);
		hash_search(cache, &entry->relation, HASH_REMOVE, NULL);
	}
	entry = hash_search(cache, &relation, HASH_ENTER, &found);
	if (!found)
		entry->model = NULL;
	return entry;
}

/*
 * Read the one row of a "model" table in the caller's snapshot. Its
 * parameters stay as they are stored (0: null): they are large, and a cached
 * model has no need of them.
 */
static void
read_row(Relation table, const char *schema_name, Datum *values)
{
	TupleTableSlot *slot = table_slot_create(table, NULL);
	TableScanDesc scan = table_beginscan(table, GetActiveSnapshot(), 0, NULL);
	bool		found = table_scan_getnextslot(scan, ForwardScanDirection,
											   slot);

	if (found)
	{
		slot_getallattrs(slot);
		for (int i = 0; i < MODEL_N_ATTRIBUTES; i++)
		{
			Form_pg_attribute attr = TupleDescAttr(slot->tts_tupleDescriptor,
												   i);

			if (i == MODEL_PARAMETERS - 1)
			{
				values[i] = slot->tts_isnull[i] ? (Datum) 0 :
					datumCopy(slot->tts_values[i], false, -1);
				continue;
			}
			if (slot->tts_isnull[i])
				affinity_model_damaged(schema_name, psprintf("%s is null",
															 NameStr(attr->attname)));
			values[i] = attr->attlen == -1 ?
				PointerGetDatum(PG_DETOAST_DATUM_COPY(slot->tts_values[i])) :
				datumCopy(slot->tts_values[i], attr->attbyval, attr->attlen);
		}
	}
	table_endscan(scan);
	ExecDropSingleTupleTableSlot(slot);
	if (!found)
		affinity_model_damaged(schema_name, "it has never been trained");
}

/*
 * Are its columns those of affinity.model_record, one by one? ALTER TABLE ...
 * OF also takes a table with dropped columns between them.
 */
bool
affinity_model_layout_fits(Relation table)
{
	static const Oid types[MODEL_N_ATTRIBUTES] = {
		INT8OID, TEXTOID, JSONBOID, BOOLOID, INT8OID, INT8OID, INT8OID,
		INT8OID, INT8OID, INT8OID, TIMESTAMPTZOID, INTERVALOID, JSONBOID,
		FLOAT4ARRAYOID
	};
	TupleDesc	desc = RelationGetDescr(table);

	if (desc->natts != MODEL_N_ATTRIBUTES)
		return false;
	for (int i = 0; i < MODEL_N_ATTRIBUTES; i++)
	{
		/* a dropped column has no type */
		if (TupleDescAttr(desc, i)->atttypid != types[i])
			return false;
	}
	return true;
}

/*
 * Tables that are read past the executor have no policies.
 */
void
affinity_model_refuse_policies(Relation table)
{
	if (table->rd_rel->relrowsecurity)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("table \"%s\" of a model has row-level security",
						RelationGetRelationName(table)),
				 errhint("Protect the source instead: its policies hold for whoever asks.")));
}

static void
check_rights(Oid schema, Relation table)
{
	AclResult	result = affinity_base_schema_aclcheck(schema, GetUserId(),
													   ACL_USAGE);

	if (result != ACLCHECK_OK)
		aclcheck_error(result, OBJECT_SCHEMA, get_namespace_name(schema));
	result = pg_class_aclcheck(RelationGetRelid(table), GetUserId(),
							   ACL_SELECT);
	if (result != ACLCHECK_OK)
		aclcheck_error(result, OBJECT_TABLE, RelationGetRelationName(table));
	affinity_model_refuse_policies(table);
}

/*
 * The version of a model that the caller's snapshot sees. The result stays
 * valid as long as the current memory context.
 */
AffinityModel *
affinity_model_open(Oid schema)
{
	char	   *schema_name = get_namespace_name(schema);
	Oid			relid = schema_name ? affinity_model_table(schema) :
		InvalidOid;
	Relation	table;
	Datum		values[MODEL_N_ATTRIBUTES];
	CacheEntry *entry;

	if (!OidIsValid(relid))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 schema_name ?
				 errmsg("schema \"%s\" is not a model", schema_name) :
				 errmsg("there is no schema with OID %u", schema),
				 errhint("SELECT name FROM affinity.models lists the models.")));
	/* whoever dropped it may have committed while we waited for the lock */
	table = try_table_open(relid, AccessShareLock);
	if (table == NULL)
		no_such_model(schema_name);
	check_rights(schema, table);
	if (!affinity_model_layout_fits(table))
		affinity_model_damaged(schema_name, "table \"model\" has other columns");
	read_row(table, schema_name, values);

	entry = cache_entry(relid);
	if (entry->model != NULL &&
		(entry->model->version != DatumGetInt64(values[MODEL_VERSION - 1]) ||
		 strcmp(entry->model->schema_name, schema_name) != 0))
		free_entry(entry);
	if (entry->model == NULL)
		entry->model = make_entry(table, schema, values);
	pin(entry->model);
	table_close(table, NoLock);
	return entry->model;
}

/*
 * The parameters of a model, NULL where it has none: read again, in the same
 * snapshot as when it was opened.
 */
ArrayType *
affinity_model_parameters(const AffinityModel *model)
{
	Relation	table = table_open(model->relation, AccessShareLock);
	Datum		values[MODEL_N_ATTRIBUTES];
	ArrayType  *parameters;

	if (!affinity_model_layout_fits(table))
		affinity_model_damaged(model->schema_name,
							   "table \"model\" has other columns");
	read_row(table, model->schema_name, values);
	if (DatumGetInt64(values[MODEL_VERSION - 1]) != model->version)
		affinity_model_damaged(model->schema_name, "its version changed");
	parameters = values[MODEL_PARAMETERS - 1] == (Datum) 0 ? NULL :
		DatumGetArrayTypePCopy(values[MODEL_PARAMETERS - 1]);
	table_close(table, NoLock);
	return parameters;
}

/*
 * Let go of the factors of other models, if with so many bytes more the cache
 * would hold more than maintenance_work_mem; not of those in use.
 */
void
affinity_model_make_room(const AffinityModel *model, Size bytes)
{
	HASH_SEQ_STATUS scan;
	CacheEntry *entry;
	Size		total = bytes;

	hash_seq_init(&scan, cache);
	while ((entry = hash_seq_search(&scan)) != NULL)
	{
		AffinityModel *other = entry->model;

		if (other == NULL || other == model || other->factors == NULL)
			continue;
		total += other->factors->bytes;
		if (total <= affinity_base_memory_allowed() || other->pins > 0)
			continue;
		total -= other->factors->bytes;
		MemoryContextDelete(other->factors_context);
		other->factors = NULL;
	}
}

/* ---- plans ------------------------------------------------------------- */

/*
 * Qualified and quoted name of one of the model's relations.
 */
char *
affinity_model_relation(const AffinityModel *model, const char *name)
{
	return quote_qualified_identifier(model->schema_name, name);
}

/*
 * A saved plan of one of the queries, made when first asked for. The caller
 * is connected to SPI.
 */
SPIPlanPtr
affinity_model_plan(AffinityModel *model, AffinityModelQuery query)
{
	char	   *items = affinity_model_relation(model, "items");
	Oid			type = InvalidOid;
	char	   *sql = NULL;
	SPIPlanPtr	plan;

	if (model->plan[query] != NULL)
		return model->plan[query];
	switch (query)
	{
		case AFFINITY_QUERY_HISTORY:
			type = model->user_type;
			sql = psprintf("SELECT h.item_id, h.weight::pg_catalog.float8"
						   " FROM %s AS h WHERE h.user_id OPERATOR(pg_catalog.=) $1",
						   affinity_model_relation(model, "interactions"));
			break;
		case AFFINITY_QUERY_ITEMS_BY_ID:
			type = get_array_type(model->item_type);
			sql = psprintf("SELECT i.item_no, i.item_id, i.popularity, i.neighbors, i.scores"
						   " FROM ONLY %s AS i WHERE i.item_id OPERATOR(pg_catalog.=) ANY ($1)",
						   items);
			break;
		case AFFINITY_QUERY_IDS_BY_NO:
			type = INT4ARRAYOID;
			sql = psprintf("SELECT i.item_no, i.item_id, i.popularity"
						   " FROM ONLY %s AS i WHERE i.item_no OPERATOR(pg_catalog.=) ANY ($1)",
						   items);
			break;
		case AFFINITY_QUERY_NOS_BY_ID:
			type = get_array_type(model->item_type);
			sql = psprintf("SELECT i.item_no, i.item_id, i.popularity"
						   " FROM ONLY %s AS i WHERE i.item_id OPERATOR(pg_catalog.=) ANY ($1)",
						   items);
			break;
		case AFFINITY_QUERY_POPULAR:
			type = INT8OID;
			sql = psprintf("SELECT i.item_no, i.item_id, i.popularity"
						   " FROM ONLY %s AS i ORDER BY i.popularity DESC, i.item_no LIMIT $1",
						   items);
			break;
		case AFFINITY_N_QUERIES:
			break;
	}
	if (sql == NULL)
		elog(ERROR, "unknown query %d", query);
	plan = SPI_prepare(sql, 1, &type);
	if (plan == NULL)
		elog(ERROR, "could not prepare \"%s\": %s", sql,
			 SPI_result_code_string(SPI_result));
	if (SPI_keepplan(plan) != 0)
		elog(ERROR, "could not keep a plan");
	model->plan[query] = plan;
	return plan;
}
