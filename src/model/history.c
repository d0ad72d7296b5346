/*
 * history.c
 *		What is known of a user now: the rows of the view "interactions", or
 *		items that the caller names.
 *
 * Rows are summed as a matrix of all users would sum them, so that both give
 * the same scores.
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "model/catalog.h"

/* One row of a history. */
typedef struct Weighted
{
	Datum		id;
	double		weight;
} Weighted;

/* An item of it that the model knows. */
typedef struct Known
{
	uint32		no;
	Datum		id;
	float		weight;
	AffinityList list;
} Known;

static int
compare_weighted(const void *a, const void *b, void *type)
{
	return affinity_base_id_compare(((const Weighted *) a)->id,
									((const Weighted *) b)->id, *(Oid *) type);
}

/*
 * By weight within an id, so that a sum does not depend on the order of rows.
 */
static int
compare_rows(const void *a, const void *b, void *type)
{
	double		x = ((const Weighted *) a)->weight;
	double		y = ((const Weighted *) b)->weight;
	int			c = compare_weighted(a, b, type);

	return c != 0 ? c : x < y ? -1 : x > y;
}

/*
 * Sum the rows of each item, in place; what does not stay above 0 goes. Of
 * ratings the mean is taken, and all stay.
 */
static int
sum_rows(const AffinityModel *model, Weighted *row, int n)
{
	Oid			type = model->item_type;
	int			kept = 0;

	qsort_arg(row, n, sizeof(Weighted), compare_rows, &type);
	for (int i = 0; i < n;)
	{
		Weighted	sum = row[i];
		int			first = i;

		for (i++; i < n &&
			 affinity_base_id_compare(row[i].id, sum.id, type) == 0; i++)
			sum.weight += row[i].weight;
		if (model->algorithm->ratings)
			sum.weight /= i - first;
		sum.weight = (float) sum.weight;
		if (model->algorithm->ratings ||
			(sum.weight > 0 && !isinf(sum.weight)))
			row[kept++] = sum;
	}
	return kept;
}

/*
 * A user's rows, summed by item, where they sum to more than 0; of ratings
 * the mean. Weights are real, as in a matrix of all users, so that both give
 * the same scores. What is not a finite number is left out: a bad row should
 * not take a page down.
 */
static Weighted *
read_history(AffinityModel *model, Datum user, int *n)
{
	Oid			types[] = {model->item_type, FLOAT8OID};
	SPITupleTable *table = affinity_model_query(model, AFFINITY_QUERY_HISTORY,
												user, types, 2);
	TupleDesc	desc = table->tupdesc;
	uint64		rows = SPI_processed;
	Weighted   *row = affinity_base_array(rows, sizeof(Weighted));

	*n = 0;
	for (uint64 i = 0; i < rows; i++)
	{
		bool		no_id;
		bool		no_weight;
		HeapTuple	tuple = table->vals[i];
		Datum		id = SPI_getbinval(tuple, desc, 1, &no_id);
		Datum		value = SPI_getbinval(tuple, desc, 2, &no_weight);
		float		weight = no_weight ? 0 : (float) DatumGetFloat8(value);

		if (no_id || no_weight || isnan(weight) || isinf(weight))
			continue;
		row[*n].id = affinity_base_id_plain(id, model->item_type);
		row[(*n)++].weight = weight;
	}
	*n = sum_rows(model, row, *n);
	return row;
}

/*
 * All items of a user's history, as an array.
 */
Datum
affinity_model_history_ids(AffinityModel *model, Datum user, int *n)
{
	Weighted   *weighted = read_history(model, user, n);
	Datum	   *ids = affinity_base_array(*n, sizeof(Datum));

	for (int i = 0; i < *n; i++)
		ids[i] = weighted[i].id;
	return affinity_model_array(ids, *n, model->item_type);
}

/* ---- what the model knows of it ---------------------------------------- */

static int
compare_known(const void *a, const void *b)
{
	uint32		x = ((const Known *) a)->no;
	uint32		y = ((const Known *) b)->no;

	return x < y ? -1 : x > y;
}

static const Weighted *
find_weighted(AffinityModel *model, const Weighted *weighted, int n, Datum id)
{
	Weighted	key = {.id = id};

	return bsearch_arg(&key, weighted, n, sizeof(Weighted), compare_weighted,
					   &model->item_type);
}

/*
 * The lists in two columns of a row.
 */
static void
read_row_list(const AffinityModel *model, const SPITupleTable *table,
			  uint64 row, int no, AffinityList *list)
{
	Datum		numbers = affinity_model_column(model, table, row, no);
	Datum		scores = affinity_model_column(model, table, row, no + 1);

	affinity_model_check_list(model, DatumGetArrayTypeP(numbers),
							  DatumGetArrayTypeP(scores), list);
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
	for (uint32 i = 0; i < n; i++)
	{
		if (i > 0 && known[i - 1].no == known[i].no)
			affinity_train_damaged(model->schema_name,
								   "an item's number is used twice");
		if (i > 0)
			affinity_model_check_ids(model, known[i - 1].id, known[i].id);
		item[i] = known[i].no;
		weight[i] = known[i].weight;
		list[i] = known[i].list;
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

static int
compare_numbers(const void *a, const void *b)
{
	uint32		x = *(const uint32 *) a;
	uint32		y = *(const uint32 *) b;

	return x < y ? -1 : x > y;
}

/*
 * Read the lists of the next items.
 */
static void
read_lists(ListReader *r, uint32 from)
{
	Oid			types[] = {INT4OID, INT4ARRAYOID, FLOAT4ARRAYOID};
	const uint32 *item = r->item + from;
	uint32		n = Min(r->n_items - from, AFFINITY_LOOKED_UP);
	MemoryContext old;
	Datum	   *number;

	if (r->table)
		SPI_freetuptable(r->table);
	MemoryContextReset(r->context);
	old = MemoryContextSwitchTo(r->context);
	number = palloc(n * sizeof(Datum));
	for (uint32 i = 0; i < n; i++)
	{
		number[i] = Int32GetDatum((int32) item[i]);
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
		uint32		no = affinity_model_column_no(r->model, r->table, row, 1);
		const uint32 *found = bsearch(&no, item, n, sizeof(uint32),
									  compare_numbers);
		AffinityList *list = found ? &r->list[found - item] : NULL;

		if (list == NULL || list->n != PG_UINT32_MAX)
			affinity_train_damaged(r->model->schema_name,
								   "an item's number is used twice");
		read_row_list(r->model, r->table, row, 2, list);
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
look_up_few(AffinityModel *model, Weighted *weighted, int n,
			AffinityModelHistory *h)
{
	Oid			types[] = {
		INT4OID, model->item_type, FLOAT4OID, INT4ARRAYOID, FLOAT4ARRAYOID
	};
	bool		lists = !model->algorithm->has_factors;
	Datum	   *ids = affinity_base_array(n, sizeof(Datum));
	SPITupleTable *table;
	uint64		rows;
	Known	   *known;
	uint32		n_known = 0;

	for (int i = 0; i < n; i++)
		ids[i] = weighted[i].id;
	table = affinity_model_query(model, lists ? AFFINITY_QUERY_ITEMS_BY_ID :
								 AFFINITY_QUERY_NOS_BY_ID,
								 affinity_model_array(ids, n,
													  model->item_type),
								 types, lists ? 5 : 3);
	rows = SPI_processed;
	known = affinity_base_zeroed_array(rows, sizeof(Known));
	for (uint64 i = 0; i < rows; i++)
	{
		Known	   *item = &known[n_known];
		const Weighted *found;

		CHECK_FOR_INTERRUPTS();
		item->no = affinity_model_column_no(model, table, i, 1);
		item->id = affinity_model_column_id(model, table, i, 2);
		if (lists)
			read_row_list(model, table, i, 4, &item->list);
		found = find_weighted(model, weighted, n, item->id);
		/* equal by the collation, but not the same */
		if (found == NULL)
			continue;
		item->weight = (float) found->weight;
		n_known++;
	}
	make_history(model, known, n_known, h);
}

/*
 * A history of items that ascend by number, each weighing as much as weighted
 * says, or 1. Lists are read as they are asked for.
 */
static void
make_long_history(AffinityModel *model, const AffinityItems *items,
				  const Weighted *weighted, int n_weighted,
				  AffinityModelHistory *h)
{
	uint32		n = items->n;
	uint32	   *no = affinity_base_array(n, sizeof(uint32));
	float	   *weight = affinity_base_array(n, sizeof(float));

	h->id = affinity_base_array(n, sizeof(Datum));
	for (uint32 i = 0; i < n; i++)
	{
		const Weighted *found = weighted ?
			find_weighted(model, weighted, n_weighted, items->item[i].id) :
			NULL;

		no[i] = items->item[i].no;
		weight[i] = found ? (float) found->weight : 1;
		h->id[i] = items->item[i].id;
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
look_up(AffinityModel *model, Weighted *weighted, int n,
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
 * What the model knows of a user's history.
 */
void
affinity_model_history(AffinityModel *model, Datum user,
					   AffinityModelHistory *h)
{
	int			n;
	Weighted   *weighted;

	memset(h, 0, sizeof(AffinityModelHistory));
	if (!model->trained)
		return;
	weighted = read_history(model, user, &n);
	look_up(model, weighted, n, h);
}

static void
basket_of_few(AffinityModel *model, ArrayType *array, uint32 n,
			  AffinityModelHistory *h)
{
	/* varchar[] may stand for text[] */
	ArrayIterator iterator = array_create_iterator(array, 0, NULL);
	Weighted   *weighted = affinity_base_array(n, sizeof(Weighted));
	int			kept = 0;
	Datum		id;
	bool		isnull;

	while (array_iterate(iterator, &id, &isnull))
	{
		if (isnull)
			continue;
		weighted[kept].id = affinity_base_id_plain(id, model->item_type);
		weighted[kept++].weight = 1;
	}
	array_free_iterator(iterator);
	qsort_arg(weighted, kept, sizeof(Weighted), compare_weighted,
			  &model->item_type);
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
