/*
 * history.c
 *		What is known of a user now: the rows of the view "interactions", or
 *		items that the caller names.
 *
 * Items that the user has without a weight that counts are no part of the
 * history: they are beside it, as seen.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "model/catalog.h"

/* An item of it that the model knows. */
typedef struct Known
{
	uint32		no;
	Datum		id;
	float		weight;
	AffinityAgain again;
	AffinityList list;
} Known;

/*
 * All items of a user's history, as an array.
 */
Datum
affinity_model_history_ids(AffinityModel *model, Datum user, int *n)
{
	int			n_items;
	AffinityWeighted *weighted = affinity_model_user_items(model, user, false,
														   &n_items);
	Datum	   *ids = affinity_base_array(n_items, sizeof(Datum));

	*n = 0;
	for (int i = 0; i < n_items; i++)
	{
		if (weighted[i].counts)
			ids[(*n)++] = weighted[i].id;
	}
	return affinity_model_array(ids, *n, model->item_type);
}

/*
 * The weight of an item that is named without one, as histories have it.
 */
static float
plain_weight(const AffinityModel *model)
{
	return model->timed ?
		(float) model->algorithm->history_weight(model->options, 1) : 1;
}

/* ---- what the model knows of it ---------------------------------------- */

static int
compare_known(const void *a, const void *b)
{
	uint32		x = ((const Known *) a)->no;
	uint32		y = ((const Known *) b)->no;

	return x < y ? -1 : x > y;
}

/*
 * The list of a kind of event in two columns of a row.
 */
static void
read_row_list(const AffinityModel *model, const SPITupleTable *table,
			  uint64 row, int no, uint32 kind, AffinityList *list)
{
	Datum		numbers = affinity_model_column(model, table, row, no);
	Datum		scores = affinity_model_column(model, table, row, no + 1);

	affinity_model_check_list(model, DatumGetArrayTypeP(numbers),
							  DatumGetArrayTypeP(scores), kind, list);
}

/*
 * A history of n items, ascending by number.
 */
static void
make_history(const AffinityModel *model, Known *known, uint32 n,
			 AffinityModelHistory *h)
{
	uint32	   *item = affinity_base_array(n, sizeof(uint32));
	float	   *weight = affinity_base_array(n, sizeof(float));
	AffinityList *list = affinity_base_array(n, sizeof(AffinityList));

	qsort(known, n, sizeof(Known), compare_known);
	h->id = affinity_base_array(n, sizeof(Datum));
	h->again = affinity_base_array(n, sizeof(AffinityAgain));
	for (uint32 i = 0; i < n; i++)
	{
		if (i > 0 && known[i - 1].no == known[i].no)
			affinity_train_damaged(model->schema_name,
								   "an item's number is used twice");
		if (i > 0 && known[i - 1].no / model->n_items ==
			known[i].no / model->n_items)
			affinity_model_check_ids(model, known[i - 1].id,
									 known[i].no % model->n_items,
									 known[i].id);
		item[i] = known[i].no;
		weight[i] = known[i].weight;
		list[i] = known[i].list;
		h->again[i] = known[i].again;
		h->id[i] = known[i].id;
	}
	h->history.n = n;
	h->history.item = item;
	h->history.weight = weight;
	h->history.list = list;
}

/* ---- a long history ---------------------------------------------------- */

/* Lists of a long history: those of some of its items at a time. */
typedef struct ListReader
{
	AffinityModel *model;
	const uint32 *item;
	uint32		n_items;
	uint32		from;			/* the first whose list is here */
	uint32		n;
	AffinityList *list;			/* room for AFFINITY_LOOKED_UP */
	SPITupleTable *table;		/* where they are */
	MemoryContext context;		/* and those that are stored otherwise */
} ListReader;

/*
 * How many of the next n items are of the kind of event of the first one: a
 * query gives a row of an item once.
 */
static uint32
of_one_kind(const AffinityModel *model, const uint32 *item, uint32 n)
{
	while (item[n - 1] / model->n_items != item[0] / model->n_items)
		n--;
	return n;
}

/*
 * Read the lists of the next items.
 */
static void
read_lists(ListReader *r, uint32 from)
{
	Oid			types[] = {INT4OID, INT4ARRAYOID, FLOAT4ARRAYOID};
	const uint32 *item = r->item + from;
	uint32		n = of_one_kind(r->model, item,
								Min(r->n_items - from, AFFINITY_LOOKED_UP));
	uint32		n_items = r->model->n_items;
	uint32		kind = item[0] / n_items;
	MemoryContext old;
	Datum	   *number;

	if (r->table)
		SPI_freetuptable(r->table);
	MemoryContextReset(r->context);
	old = MemoryContextSwitchTo(r->context);
	number = palloc(n * sizeof(Datum));
	for (uint32 i = 0; i < n; i++)
	{
		number[i] = Int32GetDatum((int32) (item[i] % n_items));
		r->list[i].n = PG_UINT32_MAX;
	}
	r->table = affinity_model_query(r->model, AFFINITY_QUERY_LISTS_BY_NO,
									affinity_model_array(number, (int) n,
														 INT4OID), types, 3);
	MemoryContextSwitchTo(r->context);
	if (SPI_processed != n)
		affinity_train_damaged(r->model->schema_name, "items are missing");
	for (uint32 row = 0; row < n; row++)
	{
		uint32		no = kind * n_items +
			affinity_model_column_no(r->model, r->table, row, 1);
		const uint32 *found = bsearch(&no, item, n, sizeof(uint32),
									  affinity_score_compare);
		AffinityList *list = found ? &r->list[found - item] : NULL;

		if (list == NULL || list->n != PG_UINT32_MAX)
			affinity_train_damaged(r->model->schema_name,
								   "an item's number is used twice");
		read_row_list(r->model, r->table, row, 2, kind, list);
	}
	MemoryContextSwitchTo(old);
	r->from = from;
	r->n = n;
}

static AffinityList
read_list(void *reader, uint32 i)
{
	ListReader *r = reader;

	if (i < r->from || i >= r->from + r->n)
		read_lists(r, i);
	return r->list[i - r->from];
}

/*
 * The history of those among n weighted ids, in order of id, that the model
 * knows, with their lists if it scores by them.
 */
static void
look_up_few(AffinityModel *model, AffinityWeighted *weighted, int n,
			AffinityModelHistory *h)
{
	Oid			types[] = {
		INT4OID, model->item_type, FLOAT4OID, INT4ARRAYOID, FLOAT4ARRAYOID
	};
	bool		lists = !model->algorithm->has_factors;
	Datum	   *ids = affinity_base_array(n, sizeof(Datum));
	SPITupleTable *table;
	uint64		rows;
	Known	   *known = affinity_base_zeroed_array(n, sizeof(Known));
	uint32		n_known = 0;
	bool	   *there = affinity_base_zeroed_array(n, sizeof(bool));

	h->seen = affinity_base_array(n, sizeof(uint32));
	for (int i = 0; i < n; i++)
		ids[i] = weighted[i].id;
	table = affinity_model_query(model, lists ? AFFINITY_QUERY_ITEMS_BY_ID :
								 AFFINITY_QUERY_NOS_BY_ID,
								 affinity_model_array(ids, n,
													  model->item_type),
								 types, lists ? 5 : 3);
	rows = SPI_processed;
	for (uint64 i = 0; i < rows; i++)
	{
		uint32		no = affinity_model_column_no(model, table, i, 1);
		Datum		id = affinity_model_column_id(model, table, i, 2);
		int			n_found;
		const AffinityWeighted *found =
		affinity_model_find_weighted(model, weighted, n, id, &n_found);

		CHECK_FOR_INTERRUPTS();
		/* equal by the collation, but not the same */
		if (found == NULL)
			continue;
		if (there[found - weighted])
			affinity_train_damaged(model->schema_name,
								   "an item is there twice");
		there[found - weighted] = true;
		for (int f = 0; f < n_found; f++, found++)
		{
			Known	   *item = &known[n_known];

			/* an item of a basket may be given twice */
			if (f > 0 && found->kind == found[-1].kind)
				continue;
			if (!found->counts && found->kind == 0)
				h->seen[h->n_seen++] = no;
			if (!found->counts)
				continue;
			item->no = found->kind * model->n_items + no;
			item->id = id;
			item->weight = (float) found->weight;
			item->again = found->again;
			if (lists)
				read_row_list(model, table, i, 4, found->kind, &item->list);
			n_known++;
		}
	}
	make_history(model, known, n_known, h);
}

/*
 * The events of a kind with an item; NULL: there are none.
 */
static const AffinityWeighted *
find_kind(const AffinityModel *model, const AffinityWeighted *weighted, int n,
		  Datum id, uint32 kind)
{
	int			n_found;
	const AffinityWeighted *found =
	affinity_model_find_weighted(model, weighted, n, id, &n_found);

	for (int f = 0; f < n_found; f++)
	{
		if (found[f].kind == kind)
			return &found[f];
	}
	return NULL;
}

/*
 * A history of items that ascend by number, each weighing as much as weighted
 * says, or 1. Lists are read as they are asked for.
 */
static void
make_long_history(AffinityModel *model, const AffinityItems *items,
				  const AffinityWeighted *weighted, int n_weighted,
				  AffinityModelHistory *h)
{
	Size		room = weighted ? (Size) n_weighted : items->n;
	uint32		n_kinds = weighted ? model->n_kinds : 1;
	uint32		n = 0;
	uint32	   *no = affinity_base_array(room, sizeof(uint32));
	float	   *weight = affinity_base_array(room, sizeof(float));
	float		plain = plain_weight(model);

	h->id = affinity_base_array(room, sizeof(Datum));
	h->again = affinity_base_zeroed_array(room, sizeof(AffinityAgain));
	h->seen = affinity_base_array(items->n, sizeof(uint32));
	for (uint64 i = 0; i < (uint64) n_kinds * items->n; i++)
	{
		const AffinityItem *item = &items->item[i % items->n];
		uint32		kind = (uint32) (i / items->n);
		const AffinityWeighted *found = weighted ?
			find_kind(model, weighted, n_weighted, item->id, kind) : NULL;

		affinity_base_look_up(i);
		if (weighted && found == NULL)
			continue;
		if (found && !found->counts && kind == 0)
			h->seen[h->n_seen++] = item->no;
		if (found && !found->counts)
			continue;
		no[n] = kind * model->n_items + item->no;
		weight[n] = found ? (float) found->weight : plain;
		if (found)
			h->again[n] = found->again;
		h->id[n++] = item->id;
	}
	h->history.n = n;
	h->history.item = no;
	h->history.weight = weight;
	if (!model->algorithm->has_factors)
	{
		ListReader *reader = palloc0(sizeof(ListReader));

		reader->model = model;
		reader->item = no;
		reader->n_items = n;
		reader->context = AllocSetContextCreate(CurrentMemoryContext,
												"affinity lists",
												ALLOCSET_DEFAULT_SIZES);
		reader->list = palloc(AFFINITY_LOOKED_UP * sizeof(AffinityList));
		h->history.read_list = read_list;
		h->history.reader = reader;
	}
}

static void
look_up(AffinityModel *model, AffinityWeighted *weighted, int n,
		AffinityModelHistory *h)
{
	AffinityItems items;
	Datum	   *ids;

	if (n == 0)
		return;
	if ((uint32) n <= AFFINITY_LOOKED_UP)
	{
		look_up_few(model, weighted, n, h);
		return;
	}
	ids = affinity_base_array(n, sizeof(Datum));
	for (int i = 0; i < n; i++)
		ids[i] = weighted[i].id;
	affinity_model_items_by_ids(model, ids, (uint32) n, &items);
	pfree(ids);
	make_long_history(model, &items, weighted, n, h);
	pfree(items.item);
}

/*
 * What the model knows of a user's history, and what else is seen; and the
 * user's chances to have it again, where they are asked for.
 */
void
affinity_model_history(AffinityModel *model, Datum user, bool repeat,
					   AffinityModelHistory *h)
{
	int			n;
	AffinityWeighted *weighted;

	memset(h, 0, sizeof(AffinityModelHistory));
	if (!model->trained)
		return;
	if (repeat)
		affinity_model_check_repeat(model);
	weighted = affinity_model_user_items(model, user, repeat, &n);
	if (affinity_train_seen(model->algorithm,
							model->options) == AFFINITY_SEEN_POSITIVE)
	{
		int			n_counting = 0;

		for (int i = 0; i < n; i++)
		{
			if (weighted[i].counts)
				weighted[n_counting++] = weighted[i];
		}
		n = n_counting;
	}
	look_up(model, weighted, n, h);
	if (repeat)
		h->history.chance = affinity_model_chances(model, &h->history,
												   h->again);
}

static void
basket_of_few(AffinityModel *model, ArrayType *array, uint32 n,
			  AffinityModelHistory *h)
{
	/* varchar[] may stand for text[], and bigint[] for integer[] */
	ArrayIterator iterator = array_create_iterator(array, 0, NULL);
	AffinityWeighted *weighted = affinity_base_array(n,
													 sizeof(AffinityWeighted));
	float		plain = plain_weight(model);
	int			kept = 0;
	Datum		id;
	bool		isnull;

	while (array_iterate(iterator, &id, &isnull))
	{
		if (isnull || !affinity_base_id_as(id, ARR_ELEMTYPE(array),
										   model->item_type,
										   &weighted[kept].id))
			continue;
		weighted[kept].kind = 0;
		weighted[kept].counts = true;
		weighted[kept++].weight = plain;
	}
	array_free_iterator(iterator);
	affinity_model_sort_weighted(model, weighted, kept);
	look_up(model, weighted, kept, h);
}

/*
 * An array of items given by the caller, each once, weighing as much as one
 * interaction.
 */
void
affinity_model_basket(AffinityModel *model, Datum items,
					  AffinityModelHistory *h)
{
	ArrayType  *array = DatumGetArrayTypeP(items);
	uint32		n = (uint32) ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array));
	AffinityItems known;

	memset(h, 0, sizeof(AffinityModelHistory));
	h->history.is_basket = true;
	if (!model->trained)
		return;
	if (n <= AFFINITY_LOOKED_UP)
	{
		basket_of_few(model, array, n, h);
		return;
	}
	affinity_model_items_by_id(model, PointerGetDatum(array), &known);
	make_long_history(model, &known, NULL, 0, h);
	pfree(known.item);
}
