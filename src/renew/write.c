/*
 * write.c
 *		New rows of the items of a model that is brought up to date.
 *
 * Rows are replaced and added as UPDATE and INSERT would, past the executor,
 * as trainings write them; the table belongs to the current user. Other
 * transactions go on seeing the old ones. Entries of indexes wait until all
 * rows are written.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/heapam.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/index.h"
#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/datum.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "renew/items.h"

/* ---- entries of indexes -------------------------------------------------- */

/* A row that has to be found through the indexes. */
struct RenewEntry
{
	uint32		item;
	float		popularity;
	Datum		id;
	ItemPointerData tid;
};

/*
 * Can entries be put into an index by number, id and popularity alone, and
 * without looking for others?
 */
static bool
is_plain(const IndexInfo * info)
{
	bool		plain = info->ii_Expressions == NIL &&
		info->ii_Predicate == NIL && info->ii_ExclusionOps == NULL &&
		info->ii_ReadyForInserts;

	for (int i = 0; i < info->ii_NumIndexAttrs; i++)
		plain &= info->ii_IndexAttrNumbers[i] >= ITEM_NO + 1 &&
			info->ii_IndexAttrNumbers[i] <= ITEM_POPULARITY + 1;
	return plain;
}

/*
 * Note the row in the slot.
 */
static void
note_entry(RenewWriter *w, uint32 item)
{
	RenewEntry *e;
	Form_pg_attribute id = TupleDescAttr(RelationGetDescr(w->table), ITEM_ID);

	if (w->n_entries == w->room)
	{
		w->room = 2 * w->room + 64;
		w->entry = w->entry ?
			repalloc_huge(w->entry, mul_size(w->room, sizeof(RenewEntry))) :
			affinity_base_array(w->room, sizeof(RenewEntry));
	}
	e = &w->entry[w->n_entries++];
	e->item = item;
	e->popularity = DatumGetFloat4(w->new->tts_values[ITEM_POPULARITY]);
	e->id = datumCopy(w->new->tts_values[ITEM_ID], id->attbyval, id->attlen);
	e->tid = w->new->tts_tid;
}

static int
compare_item(const void *a, const void *b)
{
	const RenewEntry *x = a;
	const RenewEntry *y = b;

	return x->item < y->item ? -1 : x->item > y->item;
}

static int
compare_popularity(const void *a, const void *b)
{
	const RenewEntry *x = a;
	const RenewEntry *y = b;

	if (x->popularity != y->popularity)
		return x->popularity < y->popularity ? 1 : -1;
	return compare_item(a, b);
}

/*
 * Entries of rows that took the place of others with the same number and id,
 * index by index, so that what is touched lies together. Nothing can be there
 * twice that was not before, so nobody looks.
 */
static void
put_entries(Renewal *r)
{
	RenewWriter *w = r->writer;

	for (int i = 0; i < w->target->ri_NumIndices && w->n_entries > 0; i++)
	{
		Relation	index = w->target->ri_IndexRelationDescs[i];
		IndexInfo  *info = w->target->ri_IndexRelationInfo[i];

		qsort(w->entry, w->n_entries, sizeof(RenewEntry),
			  info->ii_IndexAttrNumbers[0] == ITEM_POPULARITY + 1 ?
			  compare_popularity : compare_item);
		for (Size e = 0; e < w->n_entries; e++)
		{
			RenewEntry *entry = &w->entry[e];
			Datum		of_row[] = {
				Int32GetDatum((int32) entry->item), entry->id,
				Float4GetDatum(entry->popularity)
			};
			Datum		values[INDEX_MAX_KEYS];
			bool		isnull[INDEX_MAX_KEYS] = {0};

			CHECK_FOR_INTERRUPTS();
			for (int c = 0; c < info->ii_NumIndexAttrs; c++)
				values[c] = of_row[info->ii_IndexAttrNumbers[c] - 1];
			(void) index_insert(index, values, isnull, &entry->tid, w->table,
								UNIQUE_CHECK_NO, false, info);
		}
	}
}

/* ---- the table -------------------------------------------------------------- */

/*
 * Open the table, to read it first.
 */
void
affinity_renew_items_open(Renewal *r)
{
	RenewWriter *w = palloc0(sizeof(RenewWriter));
	Oid			items = get_relname_relid("items", r->model->schema);

	w->table = table_open(items, RowExclusiveLock);
	affinity_store_check_items(w->table, r->model->item_type);
	w->old = table_slot_create(w->table, NULL);
	w->new = table_slot_create(w->table, NULL);
	w->kept = MakeSingleTupleTableSlot(RelationGetDescr(w->table),
									   &TTSOpsHeapTuple);
	w->item = RENEW_NOWHERE;
	r->writer = w;
}

/*
 * Begin to write.
 */
void
affinity_renew_items_begin(Renewal *r)
{
	RenewWriter *w = r->writer;

	w->estate = CreateExecutorState();
	w->target = makeNode(ResultRelInfo);
	InitResultRelInfo(w->target, w->table, 1, NULL, 0);
	/* is there what a publication needs to name a row? */
	CheckCmdReplicaIdentity(w->table, CMD_UPDATE);
	ExecOpenIndices(w->target, false);
	w->command = GetCurrentCommandId(true);
	w->plain = true;
	for (int i = 0; i < w->target->ri_NumIndices; i++)
		w->plain &= is_plain(w->target->ri_IndexRelationInfo[i]);
	w->context = AllocSetContextCreate(CurrentMemoryContext,
									   "affinity stored item",
									   ALLOCSET_DEFAULT_SIZES);
	w->row_context = AllocSetContextCreate(CurrentMemoryContext,
										   "affinity new row",
										   ALLOCSET_DEFAULT_SIZES);
}

void
affinity_renew_items_end(Renewal *r)
{
	RenewWriter *w = r->writer;

	put_entries(r);
	ExecDropSingleTupleTableSlot(w->old);
	ExecDropSingleTupleTableSlot(w->kept);
	ExecDropSingleTupleTableSlot(w->new);
	ExecCloseIndices(w->target);
	FreeExecutorState(w->estate);
	table_close(w->table, NoLock);
	MemoryContextDelete(w->context);
	MemoryContextDelete(w->row_context);
	CommandCounterIncrement();
}

/* ---- rows ------------------------------------------------------------------- */

/*
 * Put a row in the place of another one.
 */
static void
replace(Renewal *r, uint32 item)
{
	RenewWriter *w = r->writer;
	AffinityUpdatedIndexes indexes;
	LockTupleMode mode;
	TM_FailureData failure;
	TM_Result	result = table_tuple_update(w->table, &r->tid[item], w->new,
											w->command, GetActiveSnapshot(),
											InvalidSnapshot, true, &failure,
											&mode, &indexes);

	if (result == TM_Updated || result == TM_Deleted)
		ereport(ERROR,
				(errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
				 errmsg("could not serialize access due to a concurrent refresh of model \"%s\"",
						r->name),
				 errhint("Refresh it again, in a new transaction.")));
	if (result == TM_SelfModified)
		affinity_train_damaged(r->name, "an item is there twice");
	if (result != TM_Ok)
		elog(ERROR, "replacing a row of the items failed: %d", (int) result);
	if (!affinity_base_indexes_need(indexes))
		return;
	if (w->plain)
	{
		note_entry(w, item);
		return;
	}
	ResetPerTupleExprContext(w->estate);
	list_free(affinity_base_insert_index_tuples(w->target, w->new,
												w->estate));
}

static void
insert(RenewWriter *w)
{
	table_tuple_insert(w->table, w->new, w->command, 0, NULL);
	ResetPerTupleExprContext(w->estate);
	list_free(affinity_base_insert_index_tuples(w->target, w->new, w->estate));
}

/*
 * Write what is new of an item: its users, its lists where they are given, its
 * factors where there are some.
 */
void
affinity_renew_items_put(AffinityUpdate *u, const AffinityItemRow *row)
{
	Renewal    *r = (Renewal *) u;
	RenewWriter *w = r->writer;
	uint32		item = row->item;
	bool		is_new = item >= u->n_known && !r->is_written[item];
	MemoryContext old;
	Datum	   *value = w->new->tts_values;
	bool	   *isnull = w->new->tts_isnull;

	ExecClearTuple(w->new);
	MemoryContextReset(w->row_context);
	if (!is_new)
	{
		affinity_renew_items_fetch(r, item);
		memcpy(value, w->at->tts_values, ITEM_N_ATTRIBUTES * sizeof(Datum));
		memcpy(isnull, w->at->tts_isnull, ITEM_N_ATTRIBUTES * sizeof(bool));
	}
	old = MemoryContextSwitchTo(w->row_context);
	if (is_new)
	{
		memset(isnull, 0, ITEM_N_ATTRIBUTES * sizeof(bool));
		value[ITEM_NO] = Int32GetDatum((int32) item);
		value[ITEM_ID] = r->new_id[item - u->n_known];
		isnull[ITEM_FACTORS] = true;
		isnull[ITEM_REPEAT_RATE] = r->rate == NULL;
		if (r->rate)
			value[ITEM_REPEAT_RATE] = Float4GetDatum(r->rate[item - u->n_known]);
	}
	if (is_new || !row->users_wait)
	{
		value[ITEM_POPULARITY] = Float4GetDatum(r->popularity[item]);
		r->stored[item] = r->popularity[item];
	}
	if (is_new || row->neighbor)
	{
		value[ITEM_NEIGHBORS] = affinity_store_array(row->neighbor, row->n_neighbors, INT4OID);
		value[ITEM_SCORES] = affinity_store_array(row->score, row->n_neighbors, FLOAT4OID);
	}
	if (row->n_factors > 0)
	{
		isnull[ITEM_FACTORS] = false;
		value[ITEM_FACTORS] = affinity_store_array(row->factor, row->n_factors, FLOAT4OID);
	}
	ExecStoreVirtualTuple(w->new);
	MemoryContextSwitchTo(old);
	if (is_new)
		insert(w);
	else
		replace(r, item);
	r->tid[item] = w->new->tts_tid;
	w->item = RENEW_NOWHERE;
	r->n_written += !r->is_written[item];
	r->is_written[item] = true;
}
