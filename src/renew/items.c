/*
 * items.c
 *		The items of a model that is brought up to date: what is stored of them,
 *		and new rows.
 *
 * Rows are replaced and added as UPDATE and INSERT would, past the executor,
 * as trainings write them; the table belongs to the current user. Other
 * transactions go on seeing the old ones.
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

/* Neighbors that an item may have: what the option allows. */
#define MOST_NEIGHBORS	10000

/* ---- what is stored ----------------------------------------------------- */

/*
 * Were rates of repeats learned? All items have one then.
 */
static bool
has_rates(const AffinityModel *model)
{
	AffinityItemScan *scan = affinity_model_items_begin(model,
														AFFINITY_ITEM_REPEAT_RATE);
	AffinityStoredItem item;
	bool		has = model->n_items > 0 &&
		affinity_model_items_next(scan, &item) && !item.has_no_rate;

	affinity_model_items_end(scan);
	return has;
}

/*
 * Read ids, places and users of all items.
 */
static void
read_all(Renewal *r)
{
	const AffinityModel *model = r->model;
	AffinityItemScan *scan;
	AffinityStoredItem item;
	bool		byval;
	int16		len;

	get_typlenbyval(model->item_type, &len, &byval);
	r->id = affinity_base_zeroed_array(model->n_items, sizeof(Datum));
	r->stored = affinity_base_array(model->n_items, sizeof(float));
	r->known = affinity_base_array(model->n_items, sizeof(float));
	scan = affinity_model_items_begin(model, AFFINITY_ITEM_ID |
									  AFFINITY_ITEM_POPULARITY);
	while (affinity_model_items_next(scan, &item))
	{
		Datum		id = affinity_base_id_plain(item.id, model->item_type);

		r->id[item.no] = datumCopy(id, byval, len);
		r->tid[item.no] = item.tid;
		r->stored[item.no] = item.popularity;
	}
	affinity_model_items_end(scan);
	for (uint32 no = 0; no < model->n_items; no++)
	{
		affinity_base_look_up(no);
		if (no > 0)
			affinity_model_check_ids(model, r->id[no - 1], no, r->id[no]);
		/* a row has the users of when it was written */
		r->known[no] = (float) (r->stored[no] +
								affinity_renew_past_change(&r->past, no,
														   r->past.written[no]));
	}
}

/*
 * What is known of the users of items, and, where that is not of the last
 * refresh or all items are needed anyway, of all of them.
 */
void
affinity_renew_items_read(Renewal *r)
{
	uint32		n_items = r->model->n_items;

	r->tid = affinity_base_zeroed_array(n_items, sizeof(ItemPointerData));
	r->rate = has_rates(r->model) ? palloc0(sizeof(float)) : NULL;
	if (r->known == NULL || r->way != AFFINITY_UPDATE_CHANGES ||
		!r->has_mark)
	{
		read_all(r);
		return;
	}
	r->stored = affinity_base_array(n_items, sizeof(float));
	for (uint32 no = 0; no < n_items; no++)
	{
		affinity_base_look_up(no);
		r->stored[no] = (float) (r->known[no] -
								 affinity_renew_past_change(&r->past, no,
															r->past.written[no]));
	}
}

static void *
longer(void *array, uint32 n, uint32 n_before, Size width)
{
	char	   *to = repalloc_huge(array, mul_size(Max(n, 1), width));

	memset(to + (Size) n_before * width, 0, (Size) (n - n_before) * width);
	return to;
}

/*
 * Give new numbers, the last ones, to items of a dictionary; no are the numbers
 * of its items, n_items and more of those that are new.
 */
void
affinity_renew_items_append(Renewal *r, const AffinityDict *ids,
							const uint32 *no, uint32 n)
{
	AffinityUpdate *u = &r->update;

	r->new_id = affinity_base_array(u->n_items - u->n_known, sizeof(Datum));
	r->tid = longer(r->tid, u->n_items, u->n_known, sizeof(ItemPointerData));
	r->stored = longer(r->stored, u->n_items, u->n_known, sizeof(float));
	r->known = longer(r->known, u->n_items, u->n_known, sizeof(float));
	r->past.changed = longer(r->past.changed, u->n_items, u->n_known,
							 sizeof(int32));
	r->past.written = longer(r->past.written, u->n_items, u->n_known,
							 sizeof(int32));
	for (uint32 i = 0; i < n; i++)
	{
		if (no[i] >= u->n_known)
			r->new_id[no[i] - u->n_known] =
				affinity_interaction_dict_id(ids, i);
	}
}

/* ---- writing ------------------------------------------------------------ */

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
	{
		const		IndexInfo *info = w->target->ri_IndexRelationInfo[i];

		w->plain &= info->ii_Expressions == NIL && info->ii_Predicate == NIL &&
			info->ii_ExclusionOps == NULL && info->ii_ReadyForInserts;
	}
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

	ExecDropSingleTupleTableSlot(w->old);
	ExecDropSingleTupleTableSlot(w->new);
	ExecCloseIndices(w->target);
	FreeExecutorState(w->estate);
	table_close(w->table, NoLock);
	MemoryContextDelete(w->context);
	MemoryContextDelete(w->row_context);
	CommandCounterIncrement();
}

/*
 * Have the row of an item at hand, new as it may be; it was seen before.
 */
static void
fetch(Renewal *r, uint32 item)
{
	RenewWriter *w = r->writer;

	if (w->item == item)
		return;
	w->item = RENEW_NOWHERE;
	ExecClearTuple(w->old);
	MemoryContextReset(w->context);
	if (!table_tuple_fetch_row_version(w->table, &r->tid[item],
									   r->is_written[item] ? SnapshotSelf :
									   GetActiveSnapshot(), w->old))
		affinity_train_damaged(r->name, "a row of its items is gone");
	slot_getallattrs(w->old);
	for (int c = 0; c < ITEM_FACTORS; c++)
	{
		if (w->old->tts_isnull[c])
			affinity_train_damaged(r->name, "a column of its items is null");
	}
	w->item = item;
}

/*
 * What the model has of an item; false where it is new. The lists are valid
 * until the next call.
 */
bool
affinity_renew_items_stored(AffinityUpdate *u, uint32 item,
							AffinityItemRow *row)
{
	Renewal    *r = (Renewal *) u;
	RenewWriter *w = r->writer;
	AffinityList list;
	MemoryContext old;
	AffinityModel model = *r->model;

	if (item >= u->n_known && !r->is_written[item])
		return false;
	fetch(r, item);
	/* lists that are new may hold new items */
	if (r->is_written[item])
		model.n_items = u->n_items;
	old = MemoryContextSwitchTo(w->context);
	affinity_model_check_list(&model,
							  DatumGetArrayTypeP(w->old->tts_values[ITEM_NEIGHBORS]),
							  DatumGetArrayTypeP(w->old->tts_values[ITEM_SCORES]),
							  0, &list);
	MemoryContextSwitchTo(old);
	if (list.n > MOST_NEIGHBORS)
		affinity_train_damaged(r->name, "an item's list is too long");
	memset(row, 0, sizeof(AffinityItemRow));
	row->item = item;
	row->popularity = r->stored[item];
	row->n_neighbors = list.n;
	row->neighbor = list.item;
	row->score = list.score;
	return true;
}

/*
 * Entries of a row that takes the place of another one with the same number
 * and id. Nothing can be there twice that was not before, so nobody looks.
 */
static void
index_again(RenewWriter *w)
{
	for (int i = 0; i < w->target->ri_NumIndices; i++)
	{
		Relation	index = w->target->ri_IndexRelationDescs[i];
		IndexInfo  *info = w->target->ri_IndexRelationInfo[i];
		Datum		values[INDEX_MAX_KEYS];
		bool		isnull[INDEX_MAX_KEYS];

		FormIndexDatum(info, w->new, w->estate, values, isnull);
		(void) index_insert(index, values, isnull, &w->new->tts_tid, w->table,
							UNIQUE_CHECK_NO, false, info);
	}
}

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
		index_again(w);
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
		fetch(r, item);
		memcpy(value, w->old->tts_values, ITEM_N_ATTRIBUTES * sizeof(Datum));
		memcpy(isnull, w->old->tts_isnull, ITEM_N_ATTRIBUTES * sizeof(bool));
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
	value[ITEM_POPULARITY] = Float4GetDatum(r->popularity[item]);
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
	r->stored[item] = r->popularity[item];
}
