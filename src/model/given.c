/*
 * given.c
 *		Items by many ids or numbers, such as an array that a caller gives.
 *
 * A plan that is made for an array takes some 350 bytes an element, so ids are
 * looked up in pieces of some thousand. Where a piece names many of the items,
 * the table is gone through instead, which is faster. A backend that is given
 * many ids keeps those of all items in memory (ids.c), where an array costs no
 * more than going through it. What is kept of an array is the items that were
 * found, each once: how long it is does not matter.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"

#include "model/catalog.h"

/* Ids that are sorted at a time: 8 MB. */
#define PIECE ((uint32) 1 << 20)

/*
 * What an item of a caller's array takes at most until it is ranked, without
 * the bytes of its id: itself, its number, its place among the popular ones,
 * keys, scores and the list.
 */
#define BYTES_PER_ITEM 96

/* Items as they are found. */
typedef struct Finding
{
	AffinityModel *model;
	AffinityItems *items;
	uint32		room;
	int16		id_len;
	bool		id_byval;
	Size		id_bytes;		/* of the ids that are kept */
	Size		most;			/* bytes that all could take; 0: no limit */
	MemoryContext context;
	MemoryContext scratch;		/* for a few rows */
} Finding;

static int
compare_items(const void *a, const void *b)
{
	uint32		x = ((const AffinityItem *) a)->no;
	uint32		y = ((const AffinityItem *) b)->no;

	return x < y ? -1 : x > y;
}

static void
begin_finding(Finding *f, AffinityModel *model, AffinityItems *items)
{
	memset(f, 0, sizeof(Finding));
	f->model = model;
	f->items = items;
	f->room = 64;
	f->context = CurrentMemoryContext;
	f->scratch = AllocSetContextCreate(CurrentMemoryContext,
									   "affinity found items",
									   ALLOCSET_DEFAULT_SIZES);
	get_typlenbyval(model->item_type, &f->id_len, &f->id_byval);
	items->n = 0;
	items->item = affinity_base_array(f->room, sizeof(AffinityItem));
}

/*
 * Sort what was found and leave out what was found again.
 */
static void
tidy(Finding *f)
{
	AffinityItem *item = f->items->item;
	uint32		n = f->items->n;
	uint32		kept = 0;

	CHECK_FOR_INTERRUPTS();
	qsort(item, n, sizeof(AffinityItem), compare_items);
	for (uint32 i = 0; i < n; i++)
	{
		if (kept == 0 || item[kept - 1].no != item[i].no)
		{
			item[kept++] = item[i];
			continue;
		}
		if (affinity_base_id_compare(item[kept - 1].id, item[i].id,
									 f->model->item_type) != 0)
			affinity_train_damaged(f->model->schema_name,
								   "an item's number is used twice");
		if (!f->id_byval)
		{
			f->id_bytes -= GetMemoryChunkSpace(DatumGetPointer(item[i].id));
			pfree(DatumGetPointer(item[i].id));
		}
	}
	f->items->n = kept;
}

/*
 * The items have to fit into maintenance_work_mem.
 */
static void
check_memory(const Finding *f)
{
	Size		allowed = affinity_base_memory_allowed();

	if (f->most == 0 ||
		(Size) f->items->n * BYTES_PER_ITEM + f->id_bytes <= allowed)
		return;
	ereport(ERROR,
			(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
			 errmsg("an array of items of model \"%s\" needs up to %zu bytes of memory, but maintenance_work_mem allows %zu",
					f->model->schema_name, f->most, allowed),
			 errhint("SET maintenance_work_mem = '%zu MB', or pass fewer items.",
					 f->most / (1024 * 1024) + 1)));
}

/*
 * Room for one item more.
 */
static void
make_room(Finding *f)
{
	tidy(f);
	check_memory(f);
	if (f->items->n <= f->room / 2)
		return;
	f->room *= 2;
	f->items->item = repalloc_huge(f->items->item,
								   f->room * sizeof(AffinityItem));
}

static void
add_item(Finding *f, uint32 no, Datum id, float popularity)
{
	AffinityItem *item;

	if (f->items->n == f->room)
		make_room(f);
	item = &f->items->item[f->items->n++];
	item->no = no;
	item->id = id;
	item->popularity = popularity;
	if (!f->id_byval)
	{
		MemoryContext old = MemoryContextSwitchTo(f->context);

		item->id = datumCopy(id, false, f->id_len);
		f->id_bytes += GetMemoryChunkSpace(DatumGetPointer(item->id));
		MemoryContextSwitchTo(old);
	}
}

static void
end_finding(Finding *f)
{
	tidy(f);
	check_memory(f);
	for (uint32 i = 1; i < f->items->n; i++)
		affinity_model_check_ids(f->model, f->items->item[i - 1].id,
								 f->items->item[i].no, f->items->item[i].id);
	MemoryContextDelete(f->scratch);
}

/* ---- finding ----------------------------------------------------------- */

/*
 * Where a plain id, or a number as an integer, is among sorted ones; -1 where
 * it is none of them.
 */
static int64
find_among(Datum key, const Datum *wanted, uint32 n, Oid type)
{
	uint32		lo = 0;
	uint32		hi = n;

	while (lo < hi)
	{
		uint32		mid = lo + (hi - lo) / 2;
		int			c = affinity_base_id_compare(wanted[mid], key, type);

		if (c == 0)
			return mid;
		if (c < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return -1;
}

/*
 * Rows (item_no, item_id, popularity) of one of the model's queries for sorted
 * ids or numbers, at most AFFINITY_LOOKED_UP of them.
 */
static void
find_by_query(Finding *f, AffinityModelQuery query, Datum *wanted, uint32 n,
			  Oid type)
{
	Oid			types[] = {INT4OID, f->model->item_type, FLOAT4OID};
	bool		by_no = query == AFFINITY_QUERY_IDS_BY_NO;
	bool		found[AFFINITY_LOOKED_UP] = {0};
	Datum		array = affinity_model_array(wanted, (int) n, type);
	SPITupleTable *table = affinity_model_query(f->model, query, array, types,
												3);
	uint64		rows = SPI_processed;
	MemoryContext old = MemoryContextSwitchTo(f->scratch);

	for (uint64 i = 0; i < rows; i++)
	{
		uint32		no = affinity_model_column_no(f->model, table, i, 1);
		Datum		id = affinity_model_column_id(f->model, table, i, 2);
		int64		at = find_among(by_no ? Int32GetDatum((int32) no) : id,
									wanted, n, type);

		/* equal by the collation, but not the same */
		if (at < 0)
			continue;
		if (found[at])
			affinity_train_damaged(f->model->schema_name,
								   "an item is there twice");
		found[at] = true;
		add_item(f, no, id,
				 affinity_model_ranked_popularity(DatumGetFloat4(affinity_model_column(f->model,
																					   table, i,
																					   3))));
	}
	MemoryContextSwitchTo(old);
	MemoryContextReset(f->scratch);
	SPI_freetuptable(table);
	pfree(DatumGetPointer(array));
}

/*
 * Go through all items for sorted ids or numbers.
 */
static void
find_by_scan(Finding *f, bool by_no, const Datum *wanted, uint32 n)
{
	Oid			type = by_no ? INT4OID : f->model->item_type;
	AffinityItemScan *scan =
		affinity_model_items_begin(f->model, AFFINITY_ITEM_ID |
								   AFFINITY_ITEM_POPULARITY);
	MemoryContext old = MemoryContextSwitchTo(f->scratch);
	AffinityStoredItem item;
	uint32		rows = 0;

	while (affinity_model_items_next(scan, &item))
	{
		Datum		id = affinity_base_id_plain(item.id, f->model->item_type);

		if (find_among(by_no ? Int32GetDatum((int32) item.no) : id, wanted, n,
					   type) >= 0)
			add_item(f, item.no, id, item.popularity);
		if (++rows % 1024 == 0)
			MemoryContextReset(f->scratch);
	}
	MemoryContextSwitchTo(old);
	MemoryContextReset(f->scratch);
	affinity_model_items_end(scan);
}

/*
 * Find them in what all backends share.
 */
static void
find_in_image(Finding *f, const AffinityImage *image, bool by_no,
			  const Datum *wanted, uint32 n)
{
	for (uint32 i = 0; i < n; i++)
	{
		int64		no = by_no ? (int64) DatumGetInt32(wanted[i]) :
			affinity_model_image_find(f->model, image, wanted[i]);
		AffinityItem item;

		affinity_base_look_up(i);
		if (no < 0 || no >= f->model->n_items)
			continue;
		affinity_model_image_item(image, (uint32) no, &item);
		add_item(f, item.no, item.id, item.popularity);
	}
}

/*
 * Find sorted ids or numbers, by the fastest way.
 */
static void
find(Finding *f, bool by_no, Datum *wanted, uint32 n)
{
	AffinityModelQuery query = by_no ? AFFINITY_QUERY_IDS_BY_NO :
		AFFINITY_QUERY_NOS_BY_ID;

	const AffinityImage *image;

	if (!f->model->trained || n == 0)
		return;
	image = affinity_model_image(f->model);
	if (image)
	{
		find_in_image(f, image, by_no, wanted, n);
		return;
	}
	if (n > AFFINITY_LOOKED_UP && n > f->model->n_items / AFFINITY_ROWS_PER_LOOKUP)
	{
		find_by_scan(f, by_no, wanted, n);
		return;
	}
	for (uint32 from = 0; from < n; from += AFFINITY_LOOKED_UP)
	{
		CHECK_FOR_INTERRUPTS();
		find_by_query(f, query, wanted + from,
					  Min(n - from, AFFINITY_LOOKED_UP),
					  by_no ? INT4OID : f->model->item_type);
	}
}

/* ---- an array of ids --------------------------------------------------- */

#define ST_SORT sort_ids
#define ST_ELEMENT_TYPE Datum
#define ST_COMPARE(a, b, type) affinity_base_id_compare(*(a), *(b), *(type))
#define ST_COMPARE_ARG_TYPE Oid
#define ST_CHECK_FOR_INTERRUPTS
#define ST_SCOPE static
#define ST_DEFINE
#include "lib/sort_template.h"

/*
 * Find some ids of the array, in any order; the array is sorted and overwritten.
 */
static void
find_unsorted(Finding *f, Datum *id, uint32 n)
{
	Oid			type = f->model->item_type;
	uint32		kept = 0;

	sort_ids(id, n, &type);
	for (uint32 i = 0; i < n; i++)
	{
		if (kept == 0 ||
			affinity_base_id_compare(id[kept - 1], id[i], type) != 0)
			id[kept++] = id[i];
	}
	find(f, false, id, kept);
}

/*
 * Find an array of n ids in the table.
 */
static void
find_in_pieces(Finding *f, ArrayType *array, uint32 n)
{
	/* varchar[] may stand for text[], and bigint[] for integer[] */
	ArrayIterator iterator = array_create_iterator(array, 0, NULL);
	Datum	   *piece = affinity_base_array(Min(n, PIECE), sizeof(Datum));
	uint32		filled = 0;
	Datum		id;
	bool		isnull;

	if (!f->id_byval)
		f->most += 2 * ARR_SIZE(array) + (Size) n * 16;
	while (array_iterate(iterator, &id, &isnull))
	{
		if (isnull || !affinity_base_id_as(id, ARR_ELEMTYPE(array),
										   f->model->item_type,
										   &piece[filled]))
			continue;
		filled++;
		if (filled == PIECE)
		{
			find_unsorted(f, piece, filled);
			filled = 0;
		}
	}
	find_unsorted(f, piece, filled);
	end_finding(f);
	array_free_iterator(iterator);
	pfree(piece);
}

/*
 * Those of an array of ids that the model knows, each once, ascending by
 * number.
 */
void
affinity_model_items_by_id(AffinityModel *model, Datum ids,
						   AffinityItems *items)
{
	ArrayType  *array = DatumGetArrayTypeP(ids);
	uint32		n = (uint32) ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array));
	const AffinityModelIds *in_memory = affinity_model_ids(model, n);
	Finding		f;

	begin_finding(&f, model, items);
	f.most = (Size) Min(n, model->n_items) * BYTES_PER_ITEM;
	if (in_memory == NULL)
	{
		find_in_pieces(&f, array, n);
		return;
	}
	affinity_model_ids_find(model, in_memory, array, n, items);
	check_memory(&f);
	MemoryContextDelete(f.scratch);
}

/*
 * The same for ids that ascend.
 */
void
affinity_model_items_by_ids(AffinityModel *model, Datum *id, uint32 n,
							AffinityItems *items)
{
	Finding		f;

	begin_finding(&f, model, items);
	find(&f, false, id, n);
	end_finding(&f);
}

/*
 * Items by number, in what all backends share.
 */
static void
take_from_image(const AffinityImage *image, const uint32 *no, uint32 n,
				AffinityItems *items)
{
	items->n = n;
	items->item = affinity_base_array(n, sizeof(AffinityItem));
	for (uint32 i = 0; i < n; i++)
		affinity_model_image_item(image, no[i], &items->item[i]);
	qsort(items->item, n, sizeof(AffinityItem), compare_items);
}

/*
 * Items by number, each once, ascending by number; all have to be there.
 */
void
affinity_model_items_by_no(AffinityModel *model, const uint32 *no, uint32 n,
						   AffinityItems *items)
{
	const AffinityImage *image = affinity_model_image(model);
	const AffinityModelIds *in_memory = image ? NULL :
		affinity_model_ids(model, 0);
	Datum	   *number;
	Oid			type = INT4OID;
	Finding		f;

	if (image)
	{
		take_from_image(image, no, n, items);
		return;
	}
	if (in_memory)
	{
		affinity_model_ids_take(in_memory, no, n, items);
		return;
	}
	number = affinity_base_array(n, sizeof(Datum));
	for (uint32 i = 0; i < n; i++)
		number[i] = Int32GetDatum((int32) no[i]);
	sort_ids(number, n, &type);
	begin_finding(&f, model, items);
	find(&f, true, number, n);
	end_finding(&f);
	pfree(number);
	if (items->n != n)
		affinity_train_damaged(model->schema_name, "items are missing");
}

/*
 * The id of one of items that are ascending by number and known to hold it.
 */
Datum
affinity_model_item_id(const AffinityItems *items, uint32 no)
{
	AffinityItem key = {.no = no};
	const AffinityItem *found = bsearch(&key, items->item, items->n,
										sizeof(AffinityItem), compare_items);

	if (found == NULL)
		elog(ERROR, "item %u is lost", no);
	return found->id;
}
