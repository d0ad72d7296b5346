/*
 * find.c
 *		Numbers and places of items by their ids: through the index on them, or
 *		where all ids are at hand anyway, by these.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/table.h"
#include "access/tableam.h"
#include "catalog/pg_am.h"
#include "catalog/pg_index.h"
#include "miscadmin.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "batch/batch.h"
#include "renew/items.h"

/* Rows that are kept take this much at most, or one more. */
#define KEPT_BYTES	((Size) 64 * 1024 * 1024)

/*
 * Numbers and places of some items, by the index on their ids. New items are
 * not in it yet: they are in order of id.
 */
static uint32
find_new(const Renewal *r, Datum id)
{
	uint32		lo = 0;
	uint32		hi = r->new_id ? r->update.n_items - r->update.n_known : 0;

	while (lo < hi)
	{
		uint32		mid = lo + (hi - lo) / 2;
		int			c = affinity_base_id_compare(r->new_id[mid], id,
												 r->model->item_type);

		if (c == 0)
			return r->update.n_known + mid;
		if (c < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return RENEW_NOWHERE;
}

/*
 * The index on ids alone, invalid where there is none, as its owner dropped it.
 */
static Oid
index_of_ids(Relation table)
{
	List	   *indexes = RelationGetIndexList(table);
	Oid			found = InvalidOid;
	ListCell   *cell;

	foreach(cell, indexes)
	{
		Relation	index = index_open(lfirst_oid(cell), AccessShareLock);
		const		FormData_pg_index *form = index->rd_index;

		if (form->indnkeyatts == 1 && form->indkey.values[0] == ITEM_ID + 1 &&
			form->indisvalid && form->indisunique &&
			index->rd_rel->relam == BTREE_AM_OID &&
			RelationGetIndexPredicate(index) == NIL)
			found = lfirst_oid(cell);
		index_close(index, AccessShareLock);
	}
	list_free(indexes);
	return found;
}

/*
 * Keep a row that is at hand: most are asked for again.
 */
static void
keep_row(RenewWriter *w, TupleTableSlot *slot, uint32 no)
{
	if (w->row == NULL || w->row[no] != NULL || w->row_bytes > KEPT_BYTES)
		return;
	w->row[no] = ExecCopySlotHeapTuple(slot);
	w->row_bytes += w->row[no]->t_len;
}

/*
 * The item whose row an index scan finds; RENEW_NOWHERE: there is none.
 */
static uint32
find_stored(Renewal *r, IndexScanDesc scan, ScanKey key, Datum id)
{
	TupleTableSlot *slot = r->writer->old;

	key->sk_argument = id;
	index_rescan(scan, key, 1, NULL, 0);
	while (index_getnext_slot(scan, ForwardScanDirection, slot))
	{
		bool		isnull[2];
		int32		no = DatumGetInt32(slot_getattr(slot, ITEM_NO + 1,
													&isnull[0]));
		Datum		stored = slot_getattr(slot, ITEM_ID + 1, &isnull[1]);

		if (isnull[0] || isnull[1] || no < 0 ||
			(uint32) no >= r->update.n_known)
			affinity_train_damaged(r->name,
								   "an item's number is out of range");
		/* equal by the collation, but not the same */
		if (affinity_base_id_compare(affinity_base_id_plain(stored,
															r->model->item_type),
									 id, r->model->item_type) != 0)
			continue;
		/* what was written meanwhile is where it was put */
		if (r->is_written == NULL || !r->is_written[no])
			r->tid[no] = slot->tts_tid;
		if (r->is_written == NULL)
			keep_row(r->writer, slot, (uint32) no);
		return (uint32) no;
	}
	return RENEW_NOWHERE;
}

/*
 * The numbers of the items of a dictionary; RENEW_NOWHERE: the model lacks
 * them.
 */
uint32 *
affinity_renew_items_find(Renewal *r, const AffinityDict *ids)
{
	RenewWriter *w = r->writer;
	const AffinityInteractions in = {
		.items = unconstify(AffinityDict *, ids),
		.n_items = affinity_dictionary_size(ids)
	};
	uint32	   *no;
	Oid			index_id;
	Relation	index;
	IndexScanDesc scan;
	ScanKeyData key;

	if (r->id)
		no = (uint32 *) affinity_batch_align(&in, r->id, r->update.n_known,
											 r->model->n_sorted);
	else
	{
		no = affinity_base_array(in.n_items, sizeof(uint32));
		index_id = index_of_ids(w->table);
		if (!OidIsValid(index_id))
			affinity_train_damaged(r->name, "its items have no index on their ids");
		index = index_open(index_id, AccessShareLock);
		if (w->row == NULL && r->is_written == NULL)
			w->row = affinity_base_zeroed_array(r->update.n_known,
												sizeof(HeapTuple));
		scan = affinity_base_index_beginscan(w->table, index,
											 GetActiveSnapshot());
		ScanKeyEntryInitialize(&key, 0, 1, BTEqualStrategyNumber, InvalidOid,
							   index->rd_indcollation[0],
							   get_opcode(get_opfamily_member(index->rd_opfamily[0],
															  index->rd_opcintype[0],
															  index->rd_opcintype[0],
															  BTEqualStrategyNumber)),
							   (Datum) 0);
		for (uint32 i = 0; i < in.n_items; i++)
		{
			CHECK_FOR_INTERRUPTS();
			no[i] = find_stored(r, scan, &key,
								affinity_dictionary_id(ids, i));
		}
		ExecClearTuple(w->old);
		w->item = RENEW_NOWHERE;
		index_endscan(scan);
		index_close(index, AccessShareLock);
	}
	for (uint32 i = 0; r->new_id && i < in.n_items; i++)
	{
		if (no[i] == RENEW_NOWHERE)
			no[i] = find_new(r, affinity_dictionary_id(ids, i));
	}
	return no;
}
