/*
 * lists.c
 *		The lists of a long history: those of some of its items at a time.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "utils/memutils.h"

#include "model/catalog.h"

/*
 * The list of a kind of event in two columns of a row.
 */
void
affinity_model_row_list(const AffinityModel *model,
						const SPITupleTable *table, uint64 row, int no,
						uint32 kind, AffinityList *list)
{
	Datum		numbers = affinity_model_column(model, table, row, no);
	Datum		scores = affinity_model_column(model, table, row, no + 1);

	affinity_model_check_list(model, DatumGetArrayTypeP(numbers),
							  DatumGetArrayTypeP(scores), kind, list);
}

typedef struct ListReader
{
	AffinityModel *model;
	const uint32 *item;
	uint32		n_items;
	uint32		from;			/* the first whose list is here */
	uint32		n;
	const AffinityImage *image; /* all are there, or: */
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
		affinity_model_row_list(r->model, r->table, row, 2, kind, list);
	}
	MemoryContextSwitchTo(old);
	r->from = from;
	r->n = n;
}

AffinityList
affinity_model_read_list(void *reader, uint32 i)
{
	ListReader *r = reader;

	if (r->image)
		return affinity_model_image_list(r->image, r->item[i]);
	if (i < r->from || i >= r->from + r->n)
		read_lists(r, i);
	return r->list[i - r->from];
}

/*
 * Begin to read the lists of a history, in the current memory context.
 */
void *
affinity_model_list_reader(AffinityModel *model, const uint32 *item, uint32 n)
{
	ListReader *r = palloc0(sizeof(ListReader));

	r->model = model;
	r->item = item;
	r->n_items = n;
	r->image = affinity_model_image(model);
	r->context = AllocSetContextCreate(CurrentMemoryContext, "affinity lists",
									   ALLOCSET_DEFAULT_SIZES);
	r->list = palloc(AFFINITY_LOOKED_UP * sizeof(AffinityList));
	return r;
}

/*
 * Lists of some items, ascending by number, for a scorer.
 */
static void
read_given_lists(void *reader, const uint32 *no, uint32 n, AffinityList *list)
{
	ListReader *r = reader;

	r->item = no;
	r->n_items = n;
	r->n = 0;
	for (uint32 i = 0; i < n; i++)
		list[i] = affinity_model_read_list(r, i);
}

/*
 * Let a scorer read lists of items as it needs them, in the current memory
 * context.
 */
void
affinity_model_offer_lists(AffinityModel *model, AffinityScorer *scorer)
{
	scorer->read_lists = read_given_lists;
	scorer->reader = affinity_model_list_reader(model, NULL, 0);
}
