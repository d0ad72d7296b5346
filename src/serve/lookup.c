/*
 * lookup.c
 *		Rows that serving needs: a user's history, items by id or number.
 *
 * Everything is read through SPI in the caller's snapshot and with the
 * caller's rights. Tables of a model may have been written by anybody, so
 * types, lengths and numbers are checked before they are used.
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "serve/serve.h"

/* One row of a history. */
typedef struct Weighted
{
	Datum		id;
	double		weight;
} Weighted;

void
affinity_serve_damaged(const AffinityModel *model, const char *what)
{
	affinity_model_damaged(model->schema_name, what);
}

/*
 * Run one of the model's queries; the rows are in SPI_tuptable, whose types
 * are checked against those named.
 */
static SPITupleTable *
run(AffinityModel *model, AffinityModelQuery query, Datum argument,
	const Oid *types, int n_types)
{
	int			rc = SPI_execute_plan(affinity_model_plan(model, query),
									  &argument, NULL, true, 0);

	if (rc != SPI_OK_SELECT)
		elog(ERROR, "a query of the model failed: %s",
			 SPI_result_code_string(rc));
	for (int i = 0; i < n_types; i++)
	{
		if (SPI_gettypeid(SPI_tuptable->tupdesc, i + 1) != types[i])
			affinity_serve_damaged(model, psprintf("column \"%s\" has another type",
												   SPI_fname(SPI_tuptable->tupdesc,
															 i + 1)));
	}
	return SPI_tuptable;
}

static Datum
column(SPITupleTable *table, uint64 row, int no, bool *isnull)
{
	return SPI_getbinval(table->vals[row], table->tupdesc, no, isnull);
}

/*
 * A column of the items that cannot be null, unless somebody wrote it so.
 */
Datum
affinity_serve_column(const AffinityModel *model, HeapTuple row,
					  TupleDesc desc, int no)
{
	bool		isnull;
	Datum		value = SPI_getbinval(row, desc, no, &isnull);

	if (isnull)
		affinity_serve_damaged(model, "a column of its items is null");
	return value;
}

static Datum
needed(const AffinityModel *model, SPITupleTable *table, uint64 row, int no)
{
	return affinity_serve_column(model, table->vals[row], table->tupdesc, no);
}

/* ---- ids --------------------------------------------------------------- */

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

Datum
affinity_serve_array(Datum *ids, int n, Oid type)
{
	int16		len;
	bool		byval;
	char		align;

	get_typlenbyvalalign(type, &len, &byval, &align);
	return PointerGetDatum(construct_array(ids, n, type, len, byval, align));
}

Datum
affinity_serve_array_of_one(const AffinityModel *model, Datum id)
{
	return affinity_serve_array(&id, 1, model->item_type);
}

/* ---- items ------------------------------------------------------------- */

static int
compare_items(const void *a, const void *b)
{
	uint32		x = ((const ServeItem *) a)->no;
	uint32		y = ((const ServeItem *) b)->no;

	return x < y ? -1 : x > y;
}

static uint32
item_number(const AffinityModel *model, Datum value)
{
	int32		no = DatumGetInt32(value);

	if (no < 0 || (uint32) no >= model->n_items)
		affinity_serve_damaged(model, "an item's number is out of range");
	return (uint32) no;
}

/*
 * Rows (item_no, item_id, popularity) of a query.
 */
static void
fetch_items(AffinityModel *model, AffinityModelQuery query, Datum argument,
			ServeItems *items)
{
	Oid			types[] = {INT4OID, model->item_type, FLOAT4OID};
	SPITupleTable *table = run(model, query, argument, types, 3);

	items->n = (uint32) SPI_processed;
	items->item = palloc_extended(Max(items->n, 1) * sizeof(ServeItem),
								  MCXT_ALLOC_HUGE);
	for (uint32 i = 0; i < items->n; i++)
	{
		ServeItem  *item = &items->item[i];

		item->no = item_number(model, needed(model, table, i, 1));
		item->id = affinity_base_id_plain(needed(model, table, i, 2),
										  model->item_type);
		item->popularity = DatumGetFloat4(needed(model, table, i, 3));
	}
}

/*
 * Those of the given ids that the model knows, each once, ascending by
 * number.
 */
void
affinity_serve_items_by_id(AffinityModel *model, Datum ids, ServeItems *items)
{
	fetch_items(model, AFFINITY_QUERY_NOS_BY_ID, ids, items);
	qsort(items->item, items->n, sizeof(ServeItem), compare_items);
}

/*
 * Items by number, ascending by number.
 */
void
affinity_serve_items_by_no(AffinityModel *model, const uint32 *no, uint32 n,
						   ServeItems *items)
{
	Datum	   *numbers = palloc_extended(Max(n, 1) * sizeof(Datum),
										  MCXT_ALLOC_HUGE);

	for (uint32 i = 0; i < n; i++)
		numbers[i] = Int32GetDatum((int32) no[i]);
	fetch_items(model, AFFINITY_QUERY_IDS_BY_NO,
				affinity_serve_array(numbers, (int) n, INT4OID), items);
	if (items->n != n)
		affinity_serve_damaged(model, "items are missing");
	qsort(items->item, items->n, sizeof(ServeItem), compare_items);
}

/*
 * One of items that are ascending by number and known to hold it.
 */
ServeItem *
affinity_serve_find(const ServeItems *items, uint32 no)
{
	ServeItem	key = {.no = no};
	ServeItem  *found = bsearch(&key, items->item, items->n, sizeof(ServeItem),
								compare_items);

	if (found == NULL)
		elog(ERROR, "item %u is lost", no);
	return found;
}

/*
 * The most popular items, best first.
 */
void
affinity_serve_popular(AffinityModel *model, int64 limit, ServeItems *items)
{
	fetch_items(model, AFFINITY_QUERY_POPULAR, Int64GetDatum(limit), items);
}

/* ---- seeds ------------------------------------------------------------- */

/*
 * Check an item's lists and let a seed point into them.
 */
void
affinity_serve_check_lists(const AffinityModel *model, ArrayType *neighbors,
						   ArrayType *scores, ServeSeed *seed)
{
	uint32		n = 0;

	if (ARR_NDIM(neighbors) > 1 ||
		ARR_NDIM(scores) > 1 || ARR_HASNULL(neighbors) ||
		ARR_HASNULL(scores) || ARR_ELEMTYPE(neighbors) != INT4OID ||
		ARR_ELEMTYPE(scores) != FLOAT4OID)
		affinity_serve_damaged(model, "an item's lists are not plain");
	if (ARR_NDIM(neighbors) == 1)
		n = (uint32) ARR_DIMS(neighbors)[0];
	if (n != (ARR_NDIM(scores) == 1 ? (uint32) ARR_DIMS(scores)[0] : 0))
		affinity_serve_damaged(model, "an item's lists differ in length");
	seed->n_neighbors = n;
	seed->neighbor = n ? (const int32 *) ARR_DATA_PTR(neighbors) : NULL;
	seed->score = n ? (const float *) ARR_DATA_PTR(scores) : NULL;
	for (uint32 i = 0; i < n; i++)
	{
		if (seed->neighbor[i] < 0 ||
			(uint32) seed->neighbor[i] >= model->n_items ||
			!(seed->score[i] > 0 || model->algorithm->signed_scores) ||
			!isfinite(seed->score[i]))
			affinity_serve_damaged(model, "an item's lists hold impossible values");
	}
}

static int
compare_seeds(const void *a, const void *b)
{
	uint32		x = ((const ServeSeed *) a)->no;
	uint32		y = ((const ServeSeed *) b)->no;

	return x < y ? -1 : x > y;
}

/*
 * Seeds of those among n weighted ids, in order of id, that the model knows.
 * Their neighbours are not read where it scores by factors.
 */
static void
seeds_of(AffinityModel *model, Weighted *weighted, int n, ServeSeeds *seeds)
{
	Oid			types[] = {
		INT4OID, model->item_type, FLOAT4OID, INT4ARRAYOID, FLOAT4ARRAYOID
	};
	bool		lists = !model->algorithm->has_factors;
	Datum	   *ids = palloc(Max(n, 1) * sizeof(Datum));
	SPITupleTable *table;
	uint64		rows;

	seeds->n = 0;
	seeds->seed = NULL;
	if (n == 0)
		return;
	for (int i = 0; i < n; i++)
		ids[i] = weighted[i].id;
	table = run(model, lists ? AFFINITY_QUERY_ITEMS_BY_ID :
				AFFINITY_QUERY_NOS_BY_ID,
				affinity_serve_array(ids, n, model->item_type), types,
				lists ? 5 : 3);
	rows = SPI_processed;
	seeds->seed = palloc0(Max(rows, 1) * sizeof(ServeSeed));
	for (uint64 i = 0; i < rows; i++)
	{
		ServeSeed  *seed = &seeds->seed[seeds->n];
		Weighted	key;
		Weighted   *found;

		CHECK_FOR_INTERRUPTS();
		seed->no = item_number(model, needed(model, table, i, 1));
		seed->id = affinity_base_id_plain(needed(model, table, i, 2),
										  model->item_type);
		if (lists)
			affinity_serve_check_lists(model,
									   DatumGetArrayTypeP(needed(model,
																 table, i, 4)),
									   DatumGetArrayTypeP(needed(model, table,
																 i, 5)), seed);
		key.id = seed->id;
		found = bsearch_arg(&key, weighted, n, sizeof(Weighted),
							compare_weighted, &model->item_type);
		/* equal by the collation, but not the same */
		if (found == NULL)
			continue;
		seeds->n++;
		seed->raw = (float) found->weight;
		seed->weight = model->algorithm->history_weight(model->options,
														found->weight);
	}
	qsort(seeds->seed, seeds->n, sizeof(ServeSeed), compare_seeds);
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
	SPITupleTable *table = run(model, AFFINITY_QUERY_HISTORY, user, types, 2);
	uint64		rows = SPI_processed;
	Weighted   *row = palloc_extended(Max(rows, 1) * sizeof(Weighted),
									  MCXT_ALLOC_HUGE);

	*n = 0;
	for (uint64 i = 0; i < rows; i++)
	{
		bool		no_id;
		bool		no_weight;
		Datum		id = column(table, i, 1, &no_id);
		Datum		value = column(table, i, 2, &no_weight);
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
 * What the model knows of a user's history.
 */
void
affinity_serve_history(AffinityModel *model, Datum user, ServeSeeds *seeds)
{
	int			n;
	Weighted   *weighted = read_history(model, user, &n);

	seeds_of(model, weighted, n, seeds);
}

/*
 * All items of a user's history, as an array.
 */
Datum
affinity_serve_history_ids(AffinityModel *model, Datum user, int *n)
{
	Weighted   *weighted = read_history(model, user, n);
	Datum	   *ids = palloc(Max(*n, 1) * sizeof(Datum));

	for (int i = 0; i < *n; i++)
		ids[i] = weighted[i].id;
	return affinity_serve_array(ids, *n, model->item_type);
}

/*
 * Items given by the caller, each once, weighing as much as one interaction.
 */
void
affinity_serve_basket(AffinityModel *model, Datum items, ServeSeeds *seeds)
{
	ArrayType  *array = DatumGetArrayTypeP(items);
	int16		len;
	bool		byval;
	char		align;
	Datum	   *ids;
	bool	   *nulls;
	int			n;
	int			kept = 0;
	Weighted   *weighted;

	get_typlenbyvalalign(model->item_type, &len, &byval, &align);
	/* varchar[] may stand for text[] */
	deconstruct_array(array, ARR_ELEMTYPE(array), len, byval, align,
					  &ids, &nulls, &n);
	weighted = palloc(Max(n, 1) * sizeof(Weighted));
	for (int i = 0; i < n; i++)
	{
		if (nulls[i])
			continue;
		weighted[kept].id = affinity_base_id_plain(ids[i], model->item_type);
		weighted[kept++].weight = 1;
	}
	qsort_arg(weighted, kept, sizeof(Weighted), compare_weighted,
			  &model->item_type);
	seeds->is_basket = true;
	seeds_of(model, weighted, kept, seeds);
}

/*
 * Interactions for an answer about many users: all, or those that an array of
 * items, $1 of the query, selects (0: none). As the caller may see them now.
 */
AffinityInteractions *
affinity_serve_read(const AffinityModel *model, const char *query, Datum items,
					void (*progress) (int64 rows))
{
	AffinityReadRequest request = {0};
	Oid			type = get_array_type(model->item_type);

	request.query = query;
	if (items != (Datum) 0)
	{
		request.n_args = 1;
		request.arg_types = &type;
		request.args = &items;
	}
	request.user_type = model->user_type;
	request.item_type = model->item_type;
	request.read_only = true;
	request.skip_bad = true;
	request.ratings = model->algorithm->ratings;
	request.max_bytes = (int64) affinity_base_memory_allowed();
	request.progress = progress;
	return affinity_interaction_read(&request);
}
