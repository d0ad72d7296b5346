/*
 * items.c
 *		All rows of a model's items, straight from the table.
 *
 * In the caller's snapshot and after the checks that the executor would make;
 * 41,000 rows through SPI take three times as long. The table may have been
 * written by anybody: types and numbers are checked here, and that every item
 * is there once. What is in its arrays is checked where they are read: lists
 * below, factors in factors.c.
 */
#include "postgres.h"

#include <math.h>

#include "access/table.h"
#include "access/tableam.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/datum.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "model/catalog.h"

/* Columns, and the bits by which they are asked for. */
enum
{
	COLUMN_NO,
	COLUMN_ID,
	COLUMN_POPULARITY,
	COLUMN_NEIGHBORS,
	COLUMN_SCORES,
	COLUMN_FACTORS,
	COLUMN_REPEAT_RATE,			/* may be null */
	N_COLUMNS
};

static const char *const column_names[N_COLUMNS] = {
	"item_no", "item_id", "popularity", "neighbors", "scores", "factors",
	"repeat_rate"
};

struct AffinityItemScan
{
	const AffinityModel *model;
	Relation	table;
	TupleTableSlot *slot;
	TableScanDesc scan;
	AttrNumber	column[N_COLUMNS];	/* 0: not asked for */
	bool	   *seen;			/* by number */
	uint32		n_seen;
};

/*
 * The items table, if the caller may read it.
 */
static Relation
open_items(const AffinityModel *model)
{
	Relation	items = affinity_model_open_items(model->schema,
												  model->schema_name, NULL);

	affinity_model_refuse_policies(items);
	return items;
}

/*
 * A column of the items; it is there, and of the type that it should be.
 */
static AttrNumber
find_column(const AffinityModel *model, Relation items, int column)
{
	const Oid	types[N_COLUMNS] = {
		INT4OID, model->item_type, FLOAT4OID, INT4ARRAYOID, FLOAT4ARRAYOID,
		FLOAT4ARRAYOID, FLOAT4OID
	};
	int			no = SPI_fnumber(RelationGetDescr(items),
								 column_names[column]);

	if (no <= 0)
		affinity_train_damaged(model->schema_name,
							   psprintf("items.%s is missing",
										column_names[column]));
	if (TupleDescAttr(RelationGetDescr(items), no - 1)->atttypid !=
		types[column])
		affinity_train_damaged(model->schema_name,
							   psprintf("column \"%s\" has another type",
										column_names[column]));
	return (AttrNumber) no;
}

/*
 * Are the columns that queries name what they should be? A query would say so
 * in its own words. Which table it is says what image there may be.
 */
void
affinity_model_check_items(AffinityModel *model)
{
	Relation	items = affinity_model_open_items(model->schema,
												  model->schema_name,
												  &model->items_made);

	for (int c = 0; c < COLUMN_FACTORS; c++)
		(void) find_column(model, items, c);
	model->items = RelationGetRelid(items);
	model->items_file = items->rd_rel->relfilenode;
	model->items_guarded = items->rd_rel->relrowsecurity;
	table_close(items, NoLock);
}

/*
 * Begin to go through the rows; columns are bits of AFFINITY_ITEM_...
 */
AffinityItemScan *
affinity_model_items_begin(const AffinityModel *model, int columns)
{
	AffinityItemScan *s = palloc0(sizeof(AffinityItemScan));

	s->model = model;
	s->table = open_items(model);
	for (int c = 0; c < N_COLUMNS; c++)
	{
		if (c == COLUMN_NO || (columns & (1 << c)) != 0)
			s->column[c] = find_column(model, s->table, c);
	}
	s->seen = affinity_base_zeroed_array(model->n_items, sizeof(bool));
	s->slot = table_slot_create(s->table, NULL);
	s->scan = table_beginscan(s->table, GetActiveSnapshot(), 0, NULL);
	return s;
}

static void
take_number(AffinityItemScan *s, int32 no, AffinityStoredItem *item)
{
	if (no < 0 || (uint32) no >= s->model->n_items || s->seen[no])
		affinity_train_damaged(s->model->schema_name,
							   "an item's number is out of range");
	s->seen[no] = true;
	s->n_seen++;
	item->no = (uint32) no;
}

/*
 * The next row, valid until the one after it; false at the end, where all
 * items have been seen.
 */
bool
affinity_model_items_next(AffinityItemScan *s, AffinityStoredItem *item)
{
	Datum		value[N_COLUMNS] = {0};

	CHECK_FOR_INTERRUPTS();
	if (!table_scan_getnextslot(s->scan, ForwardScanDirection, s->slot))
	{
		if (s->n_seen != s->model->n_items)
			affinity_train_damaged(s->model->schema_name, "items are missing");
		return false;
	}
	for (int c = 0; c < N_COLUMNS; c++)
	{
		bool		isnull;

		if (s->column[c] == 0)
			continue;
		value[c] = slot_getattr(s->slot, s->column[c], &isnull);
		if (c == COLUMN_REPEAT_RATE)
			item->has_no_rate = isnull;
		else if (isnull)
			affinity_train_damaged(s->model->schema_name,
								   "a column of its items is null");
	}
	take_number(s, DatumGetInt32(value[COLUMN_NO]), item);
	item->tid = s->slot->tts_tid;
	item->id = value[COLUMN_ID];
	item->popularity =
		affinity_model_ranked_popularity(DatumGetFloat4(value[COLUMN_POPULARITY]));
	item->neighbors = value[COLUMN_NEIGHBORS];
	item->scores = value[COLUMN_SCORES];
	item->factors = value[COLUMN_FACTORS];
	item->repeat_rate = value[COLUMN_REPEAT_RATE];
	return true;
}

void
affinity_model_items_end(AffinityItemScan *s)
{
	table_endscan(s->scan);
	ExecDropSingleTupleTableSlot(s->slot);
	table_close(s->table, NoLock);
	pfree(s->seen);
	pfree(s);
}

/*
 * The ids of all items by number, which is their order, in the current memory
 * context.
 */
Datum *
affinity_model_read_ids(const AffinityModel *model)
{
	Datum	   *id = affinity_base_zeroed_array(model->n_items,
												sizeof(Datum));
	AffinityItemScan *scan = affinity_model_items_begin(model,
														AFFINITY_ITEM_ID);
	AffinityStoredItem item;
	bool		byval;
	int16		len;

	get_typlenbyval(model->item_type, &len, &byval);
	while (affinity_model_items_next(scan, &item))
		id[item.no] = datumCopy(affinity_base_id_plain(item.id,
													   model->item_type),
								byval, len);
	affinity_model_items_end(scan);
	for (int64 no = 1; no < (int64) model->n_items; no++)
	{
		affinity_base_look_up((uint64) no);
		affinity_model_check_ids(model, id[no - 1], (uint32) no, id[no]);
	}
	return id;
}

/*
 * The part of an item's lists that is of one kind of event. The kinds follow
 * each other; neighbors of kind k are numbered from k times the items on.
 */
static void
cut_kind(const AffinityModel *model, uint32 kind, AffinityList *list)
{
	uint32		from = kind * model->n_items;
	uint32		n = list->n;
	uint32		first = 0;
	int32	   *item;

	while (first < n && (uint32) list->item[first] < from)
		first++;
	list->n = first;
	while (list->n < n &&
		   (uint32) list->item[list->n] - from < model->n_items)
		list->n++;
	list->n -= first;
	list->score += first;
	if (list->n == 0 || kind == 0)
		return;
	item = affinity_base_array(list->n, sizeof(int32));
	for (uint32 i = 0; i < list->n; i++)
		item[i] = list->item[first + i] - (int32) from;
	list->item = item;
}

/*
 * Check an item's lists, and point at what is in that of a kind of event. A
 * list of another kind than the first is a copy.
 */
void
affinity_model_check_list(const AffinityModel *model, ArrayType *neighbors,
						  ArrayType *scores, uint32 kind, AffinityList *list)
{
	uint32		most = model->n_items * model->n_kinds;
	uint32		n = 0;

	if (ARR_NDIM(neighbors) > 1 ||
		ARR_NDIM(scores) > 1 || ARR_HASNULL(neighbors) ||
		ARR_HASNULL(scores) || ARR_ELEMTYPE(neighbors) != INT4OID ||
		ARR_ELEMTYPE(scores) != FLOAT4OID)
		affinity_train_damaged(model->schema_name,
							   "an item's lists are not plain");
	if (ARR_NDIM(neighbors) == 1)
		n = (uint32) ARR_DIMS(neighbors)[0];
	if (n != (ARR_NDIM(scores) == 1 ? (uint32) ARR_DIMS(scores)[0] : 0))
		affinity_train_damaged(model->schema_name,
							   "an item's lists differ in length");
	list->n = n;
	list->item = n ? (const int32 *) ARR_DATA_PTR(neighbors) : NULL;
	list->score = n ? (const float *) ARR_DATA_PTR(scores) : NULL;
	for (uint32 i = 0; i < n; i++)
	{
		if (list->item[i] < 0 || (uint32) list->item[i] >= most ||
			!(list->score[i] > 0 || model->algorithm->signed_scores) ||
			!isfinite(list->score[i]))
			affinity_train_damaged(model->schema_name,
								   "an item's lists hold impossible values");
		if (model->n_kinds > 1 && i > 0 &&
			(uint32) list->item[i] / model->n_items <
			(uint32) list->item[i - 1] / model->n_items)
			affinity_train_damaged(model->schema_name,
								   "an item's lists are not in order of kinds");
	}
	if (model->n_kinds > 1)
		cut_kind(model, kind, list);
}
