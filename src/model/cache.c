/*
 * cache.c
 *		What a backend remembers of models.
 *
 * The row of a model is read on every call, in the caller's snapshot; the rest
 * is cached under (schema, table, version, row). A version's number is never used again
 * here, but what comes from another server may have it a second time. So an
 * entry can be wrong for no snapshot; an entry of another version is replaced.
 */
#include "postgres.h"

#include <math.h>

#include "access/table.h"
#include "access/xact.h"
#include "catalog/namespace.h"
#include "storage/lmgr.h"
#include "utils/builtins.h"
#include "utils/hsearch.h"
#include "utils/jsonb.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"

#include "algorithm/algorithm.h"
#include "model/catalog.h"

typedef struct CacheEntry
{
	Oid			schema;			/* key */
	AffinityModel *model;
} CacheEntry;

static HTAB *cache = NULL;

/* Beyond this an entry of some other model makes room. */
#define MAX_CACHED 64

/*
 * Does the row's column "training" say that the interactions are kept?
 */
static bool
says(Datum training, const char *member)
{
	const JsonbValue *value = affinity_definition_member(DatumGetJsonbP(training),
														 member);

	return value != NULL && (value->type != jbvBool || value->val.boolean);
}

/*
 * How many items are numbered in order of id: all but those that were appended
 * since the training.
 */
static uint32
sorted_items(const AffinityModel *model, Datum training)
{
	double		appended = affinity_model_figure(DatumGetJsonbP(training),
												 AFFINITY_FIGURE_APPENDED);

	if (isnan(appended))
		return model->n_items;
	if (!(appended >= 0 && appended <= model->n_items) ||
		model->n_kinds > 1)
		affinity_train_damaged(model->schema_name,
							   "its number of appended items is impossible");
	return model->n_items - (uint32) appended;
}

/*
 * Types, algorithm and options of a model. The definition has the types that
 * its functions have, and a row that was written since 0.2.0; models made before
 * either was there: the view.
 */
static void
set_model(AffinityModel *model, const Datum *values)
{
	Oid			schema = model->schema;
	const char *name = model->schema_name;
	ModelDefinition d;
	DefinitionState state = values &&
		affinity_definition_stored(schema, values[MODEL_TRAINING - 1], &d) ?
		DEFINITION_FOUND : affinity_definition_read(schema, &d);
	AffinityIdKind kind;

	if (values == NULL && state == DEFINITION_MISSING)
		affinity_definition_undefined(name);
	if (values == NULL && state == DEFINITION_DAMAGED)
		affinity_definition_damaged(name,
									"It is not the view of constants that create_model makes.");
	if (state != DEFINITION_FOUND &&
		!OidIsValid(get_relname_relid("interactions", schema)))
		affinity_definition_no_source(name,
									  "there is no view \"interactions\"");
	model->trained = values != NULL;
	model->version = values ? DatumGetInt64(values[MODEL_VERSION - 1]) : 0;
	model->algorithm = affinity_algorithm_find(values ?
											   TextDatumGetCString(values[MODEL_ALGORITHM - 1]) :
											   d.algorithm);
	model->options = affinity_train_options_parse(model->algorithm, values ?
												  DatumGetJsonbP(values[MODEL_OPTIONS - 1]) :
												  d.options);
	model->has_time = values &&
		DatumGetBool(values[MODEL_HAS_TIME - 1]);
	model->timed = affinity_train_decays(model->algorithm, model->options);
	model->user_type = state == DEFINITION_FOUND ? d.user_type :
		affinity_model_column_type(schema, name, "interactions", "user_id");
	model->item_type = state == DEFINITION_FOUND ? d.item_type :
		affinity_model_column_type(schema, name, "interactions", "item_id");
	if (!affinity_base_id_kind(model->user_type, &kind) ||
		!affinity_base_id_kind(model->item_type, &kind))
		affinity_train_damaged(name,
							   "its ids are of a type that cannot be an id");
	/* a model that is received may be defined to read its own source */
	model->local = affinity_origin_local(schema);
	model->kept = values != NULL && !OidIsValid(model->local) &&
		(state != DEFINITION_FOUND || d.materialize) &&
		says(values[MODEL_TRAINING - 1], AFFINITY_MATERIALIZED);
	model->grouped = values != NULL && says(values[MODEL_TRAINING - 1],
											AFFINITY_GROUPED);
	model->n_kinds = 1;
	if (values != NULL)
		model->kinds =
			affinity_definition_signals_stored(name,
											   DatumGetJsonbP(values[MODEL_TRAINING - 1]),
											   AFFINITY_SIGNAL_FACTORS,
											   model->kind_factor);
	if (model->kinds && (model->algorithm->takes_kinds == NULL ||
						 !model->algorithm->takes_kinds(model->options)))
		affinity_train_damaged(name, "its algorithm does not take signals");
	if (model->kinds)
		model->n_kinds = (uint32) model->kinds->n;
	if (values != NULL)
	{
		int64		n_items = DatumGetInt64(values[MODEL_ITEMS - 1]);

		affinity_model_check_n_items(schema, name, n_items);
		if (n_items > PG_INT32_MAX / model->n_kinds)
			affinity_train_damaged(name, "its number of items is impossible");
		model->n_items = (uint32) n_items;
		model->n_sorted = sorted_items(model, values[MODEL_TRAINING - 1]);
	}
}

/*
 * A model of the values of its row; NULL: it is not trained.
 */
static AffinityModel *
make_entry(Relation table, Oid schema, const Datum *values)
{
	MemoryContext context = AllocSetContextCreate(TopMemoryContext,
												  "affinity model",
												  ALLOCSET_SMALL_SIZES);
	MemoryContext old = MemoryContextSwitchTo(context);
	AffinityModel *model = palloc0(sizeof(AffinityModel));
	static uint64 serial = 0;

	PG_TRY();
	{
		model->context = context;
		model->serial = ++serial;
		model->image_pin.slot = -1;
		model->cold = true;
		model->relation = RelationGetRelid(table);
		model->schema = schema;
		model->schema_name = get_namespace_name(schema);
		affinity_model_check_changed(model);
		set_model(model, values);
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
	ListCell   *cell;

	for (int i = 0; i < AFFINITY_N_QUERIES; i++)
	{
		if (model->plan[i])
			SPI_freeplan(model->plan[i]);
	}
	foreach(cell, model->old_plans)
		SPI_freeplan(lfirst(cell));
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

	model->calls++;
	if (--model->pins > 0)
		return;
	affinity_model_image_release(model);
	model->cold = false;
	if (model->replaced)
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
 * The cache's entry for a schema; makes room where there are too many.
 */
static CacheEntry *
cache_entry(Oid schema)
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
		hash_search(cache, &schema, HASH_FIND, NULL) == NULL)
	{
		HASH_SEQ_STATUS scan;

		hash_seq_init(&scan, cache);
		entry = hash_seq_search(&scan);
		hash_seq_term(&scan);
		free_entry(entry);
		hash_search(cache, &entry->schema, HASH_REMOVE, NULL);
	}
	entry = hash_search(cache, &schema, HASH_ENTER, &found);
	if (!found)
		entry->model = NULL;
	return entry;
}

/*
 * What the transaction itself wrote, nobody else may know.
 */
static void
set_writer(AffinityModel *model)
{
	TransactionId writer = model->row.writer;

	model->writer = TransactionIdIsCurrentTransactionId(writer) ?
		InvalidTransactionId : writer;
}

/*
 * The model whose row the caller's snapshot sees: that of the cache, or made.
 */
static AffinityModel *
cached_model(Relation table, Oid schema, const char *schema_name)
{
	Datum		values[MODEL_N_ATTRIBUTES];
	CacheEntry *entry = cache_entry(schema);
	Oid			local = affinity_origin_lock_local(schema);
	AffinityRowMark mark;

	if (entry->model != NULL &&
		(strcmp(entry->model->schema_name, schema_name) != 0 ||
		 entry->model->relation != RelationGetRelid(table) ||
		 entry->model->local != local))
		free_entry(entry);
	if (!affinity_model_row_read(table, schema_name, entry->model, values,
								 &mark))
		return NULL;
	if (entry->model != NULL &&
		(entry->model->version != DatumGetInt64(values[MODEL_VERSION - 1]) ||
		 !affinity_model_same_row(&entry->model->row, &mark)))
		free_entry(entry);
	if (entry->model == NULL)
		entry->model = make_entry(table, schema, values);
	entry->model->row = mark;
	set_writer(entry->model);
	return entry->model;
}

/*
 * The name that a statement has found a schema by: where this backend has heard of
 * a change since the statement began, the one that it knew it by.
 */
static char *
name_before(Oid schema, char *name)
{
	CacheEntry *entry = cache && affinity_origin_heard() ?
		hash_search(cache, &schema, HASH_FIND, NULL) : NULL;

	return entry && entry->model ? pstrdup(entry->model->schema_name) : name;
}

/*
 * Find the model, and whether the user may read it and its tables are as they
 * should be. NULL where it was dropped while we waited for it: *gone is its
 * name. *gone given: the model is to answer in that one's place, if the
 * snapshot sees what it learned.
 */
static AffinityModel *
find_out(Oid schema, char **gone)
{
	uint64		changes = affinity_origin_changes();
	char	   *schema_name = get_namespace_name(schema);
	Oid			relid = schema_name ? affinity_model_table(schema) :
		InvalidOid;
	Relation	table;
	AffinityModel *model;
	bool		received;

	if (!OidIsValid(relid))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 schema_name ?
				 errmsg("schema \"%s\" is not a model", schema_name) :
				 errmsg("there is no schema with OID %u", schema),
				 errhint("SELECT name FROM affinity.models lists the models.")));
	table = try_table_open(relid, AccessShareLock);
	if (table == NULL)
	{
		*gone = name_before(schema, schema_name);
		return NULL;
	}
	/* a rename may have been heard of with the lock */
	schema_name = get_namespace_name(schema);
	affinity_model_check_rights(schema, table);
	if (!affinity_model_row_fits(table))
		affinity_definition_other_columns(schema_name, schema);
	received = OidIsValid(affinity_origin_subscription(relid));
	model = received && affinity_origin_arrives(relid, schema) ? NULL :
		cached_model(table, schema, schema_name);
	if (model == NULL && *gone)
		affinity_model_missing(*gone);
	if (model == NULL)
	{
		/* what it is may change without a new version: not kept */
		model = make_entry(table, schema, NULL);
		model->replaced = true;
	}
	pin(model);
	affinity_model_check_changed(model);
	affinity_model_check_items(model);
	table_close(table, NoLock);
	/* what arrives is a matter of each snapshot */
	if (!received && !model->replaced)
		affinity_model_know(model, changes);
	return model;
}

/*
 * The model of the cache where nothing has changed since the user opened it
 * last, neither in the catalog nor in its row; NULL: find out, or *gone is the
 * name of what was dropped while we waited for it.
 */
static AffinityModel *
reopen(Oid schema, char **gone)
{
	CacheEntry *entry = cache ? hash_search(cache, &schema, HASH_FIND, NULL) :
		NULL;
	AffinityModel *model = entry ? entry->model : NULL;
	Relation	table;
	bool		same;

	/* to take a lock is to hear of changes */
	if (model == NULL || !affinity_model_is_known(model))
		return NULL;
	table = try_table_open(model->relation, AccessShareLock);
	if (table == NULL)
	{
		*gone = pstrdup(model->schema_name);
		return NULL;
	}
	if (OidIsValid(model->local))
		LockRelationOid(model->local, AccessShareLock);
	LockRelationOid(model->items, AccessShareLock);
	same = affinity_model_is_known(model) &&
		affinity_model_row_stays(table, model);
	table_close(table, NoLock);
	if (!same)
		return NULL;
	set_writer(model);
	pin(model);
	return model;
}

/*
 * The version of a model that the caller's snapshot sees. The result stays
 * valid as long as the current memory context.
 *
 * The schema was looked up by its name before it could be locked, so the model
 * may be dropped since. Where the name is another's by now, as after a swap of
 * two models, that one answers: PostgreSQL looks names of tables up again too.
 */
AffinityModel *
affinity_model_open(Oid schema)
{
	char	   *gone = NULL;
	AffinityModel *model = reopen(schema, &gone);

	if (model == NULL && gone == NULL)
		model = find_out(schema, &gone);
	while (model == NULL)
	{
		Oid			now = get_namespace_oid(gone, true);

		if (!OidIsValid(now) || now == schema)
			affinity_model_missing(gone);
		schema = now;
		model = find_out(schema, &gone);
	}
	return model;
}

/*
 * What the cache holds of a model beside what every model has: factors and
 * ids of all items.
 */
Size
affinity_model_kept_bytes(const AffinityModel *model)
{
	return (model->factors ? model->factors->bytes +
			model->factors->scan_bytes : 0) +
		(model->ids ? model->ids->bytes : 0);
}

/*
 * Free the factors and ids of other models, if with these bytes more the cache
 * would hold more than maintenance_work_mem; not of those in use.
 */
void
affinity_model_make_room(const AffinityModel *model, Size bytes)
{
	HASH_SEQ_STATUS scan;
	CacheEntry *entry;
	Size		total = bytes + affinity_model_kept_bytes(model);

	hash_seq_init(&scan, cache);
	while ((entry = hash_seq_search(&scan)) != NULL)
	{
		AffinityModel *other = entry->model;
		Size		kept;

		if (other == NULL || other == model)
			continue;
		kept = affinity_model_kept_bytes(other);
		total += kept;
		if (kept == 0 || total <= affinity_base_memory_allowed() ||
			other->pins > 0)
			continue;
		total -= kept;
		if (other->factors)
			MemoryContextDelete(other->factors_context);
		other->factors = NULL;
		affinity_model_forget_ids(other);
	}
}
