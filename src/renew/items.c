/*
 * items.c
 *		The items of a model that is brought up to date: what is stored of them.
 *		New rows are written by write.c.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/datum.h"
#include "utils/lsyscache.h"
#include "utils/snapmgr.h"

#include "renew/items.h"

/* Neighbors that an item may have: what the option allows. */
#define MOST_NEIGHBORS	10000

/* ---- what is stored ----------------------------------------------------- */

/*
 * Were rates of repeats learned? All items have one then. The row is found by its
 * number: before the first one that a scan sees may be many that are dead.
 */
static bool
has_rates(AffinityModel *model)
{
	const Oid	types[] = {INT4OID, FLOAT4OID};
	Datum		first = Int32GetDatum(0);
	bool		isnull = true;

	(void) affinity_model_query(model, AFFINITY_QUERY_RATES_BY_NO,
								affinity_model_array(&first, 1, INT4OID),
								types, lengthof(types));
	if (SPI_processed > 0)
		(void) SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 2,
							 &isnull);
	SPI_freetuptable(SPI_tuptable);
	return !isnull;
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
	for (uint32 no = 1; no < model->n_items; no++)
	{
		affinity_base_look_up(no);
		affinity_model_check_ids(model, r->id[no - 1], no, r->id[no]);
	}
	if (r->known != NULL)
		return;
	/* a row has the users of when it was written */
	r->known = affinity_base_array(model->n_items, sizeof(float));
	for (uint32 no = 0; no < model->n_items; no++)
	{
		affinity_base_look_up(no);
		r->known[no] = (float) (r->stored[no] + r->past.waiting[no]);
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
		r->stored[no] = (float) (r->known[no] - r->past.waiting[no]);
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
	r->past.written = longer(r->past.written, u->n_items, u->n_known,
							 sizeof(int32));
	for (uint32 i = 0; i < n; i++)
	{
		if (no[i] >= u->n_known)
			r->new_id[no[i] - u->n_known] =
				affinity_dictionary_id(ids, i);
	}
}

/* ---- one item -------------------------------------------------------------- */

/*
 * Have the row of an item at hand, new as it may be; it was seen before.
 */
void
affinity_renew_items_fetch(Renewal *r, uint32 item)
{
	RenewWriter *w = r->writer;

	if (w->item == item)
		return;
	w->item = RENEW_NOWHERE;
	ExecClearTuple(w->old);
	ExecClearTuple(w->kept);
	MemoryContextReset(w->context);
	w->at = w->old;
	if (w->row && item < r->update.n_known && w->row[item] &&
		!r->is_written[item])
	{
		ExecStoreHeapTuple(w->row[item], w->kept, false);
		w->at = w->kept;
	}
	else if (!table_tuple_fetch_row_version(w->table, &r->tid[item],
											r->is_written[item] ? SnapshotSelf :
											GetActiveSnapshot(), w->old))
		affinity_train_damaged(r->name, "a row of its items is gone");
	slot_getallattrs(w->at);
	for (int c = 0; c < ITEM_FACTORS; c++)
	{
		if (w->at->tts_isnull[c])
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
	affinity_renew_items_fetch(r, item);
	/* lists that are new may hold new items */
	if (r->is_written[item])
		model.n_items = u->n_items;
	old = MemoryContextSwitchTo(w->context);
	affinity_model_check_list(&model,
							  DatumGetArrayTypeP(w->at->tts_values[ITEM_NEIGHBORS]),
							  DatumGetArrayTypeP(w->at->tts_values[ITEM_SCORES]),
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
