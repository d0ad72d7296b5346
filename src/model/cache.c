/*
 * cache.c
 *		What a backend remembers of models.
 *
 * The row of a model is read on every call, in the caller's snapshot; the rest
 * is cached under (table, version). A version's number is never used again, so
 * an entry can be wrong for no snapshot; an entry of another version is
 * replaced.
 */
#include "postgres.h"

#include "access/table.h"
#include "utils/builtins.h"
#include "utils/hsearch.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"

#include "model/catalog.h"

typedef struct CacheEntry
{
	Oid			relation;		/* key */
	AffinityModel *model;
} CacheEntry;

static HTAB *cache = NULL;

/* Beyond this an entry of some other model makes room. */
#define MAX_CACHED 64

/*
 * Items are looked up by the ids of the interactions: these are of one type,
 * as the functions of the model are.
 */
static void
check_item_type(Oid schema, const char *name, Oid item_type)
{
	Oid			type = affinity_model_column_type(schema, name, "interactions",
												  "item_id");

	type = getBaseType(type);
	if (type != item_type && !(type == VARCHAROID && item_type == TEXTOID) &&
		!(type == TEXTOID && item_type == VARCHAROID))
		affinity_train_damaged(name,
							   "its items and its interactions have item_id of different types");
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
	char	   *algorithm = TextDatumGetCString(values[MODEL_ALGORITHM - 1]);
	Jsonb	   *options = DatumGetJsonbP(values[MODEL_OPTIONS - 1]);
	AffinityIdKind kind;

	PG_TRY();
	{
		model->context = context;
		model->relation = RelationGetRelid(table);
		model->schema = schema;
		model->schema_name = name;
		model->version = DatumGetInt64(values[MODEL_VERSION - 1]);
		model->algorithm = affinity_train_algorithm(algorithm);
		model->options = affinity_train_options_parse(model->algorithm,
													  options);
		model->user_type = affinity_model_column_type(schema, name,
													  "interactions",
													  "user_id");
		model->item_type = affinity_model_column_type(schema, name, "items",
													  "item_id");
		if (!affinity_base_id_kind(model->user_type, &kind) ||
			!affinity_base_id_kind(model->item_type, &kind))
			affinity_train_damaged(name,
								   "its ids are of a type that cannot be an id");
		check_item_type(schema, name, model->item_type);
		affinity_model_check_n_items(schema, name, n_items);
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
		cache = hash_create("affinity models", 8, &ctl,
							HASH_ELEM | HASH_BLOBS);
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
	/* a drop may have committed while we waited for the lock */
	table = try_table_open(relid, AccessShareLock);
	if (table == NULL)
		affinity_model_missing(schema_name);
	affinity_model_check_rights(schema, table);
	if (!affinity_model_row_fits(table))
		affinity_train_damaged(schema_name,
							   "table \"model\" has other columns");
	affinity_model_row_read(table, schema_name, values);

	entry = cache_entry(relid);
	if (entry->model != NULL &&
		(entry->model->version != DatumGetInt64(values[MODEL_VERSION - 1]) ||
		 strcmp(entry->model->schema_name, schema_name) != 0))
		free_entry(entry);
	if (entry->model == NULL)
		entry->model = make_entry(table, schema, values);
	affinity_model_check_items(entry->model);
	pin(entry->model);
	table_close(table, NoLock);
	return entry->model;
}

/*
 * Free the factors of other models, if with these bytes more the cache would
 * hold more than maintenance_work_mem; not of those in use.
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
