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

/*
 * A history of n items, ascending by number.
 */
static void
make_history(Known *known, uint32 n, AffinityModelHistory *h)
{
	uint32	   *item = affinity_base_array(n, sizeof(uint32));
	float	   *weight = affinity_base_array(n, sizeof(float));
	AffinityList *list = affinity_base_array(n, sizeof(AffinityList));

	qsort(known, n, sizeof(Known), compare_known);
	h->id = affinity_base_array(n, sizeof(Datum));
	for (uint32 i = 0; i < n; i++)
	{
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

/*
 * The history of those among n weighted ids, in order of id, that the model
 * knows. Their lists are not read where it scores by factors.
 */
static void
look_up(AffinityModel *model, Weighted *weighted, int n,
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

	if (n == 0)
		return;
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
		Weighted	key;
		const Weighted *found;

		CHECK_FOR_INTERRUPTS();
		item->no = affinity_model_column_no(model, table, i, 1);
		item->id = affinity_model_column_id(model, table, i, 2);
		if (lists)
		{
			Datum		numbers = affinity_model_column(model, table, i, 4);
			Datum		scores = affinity_model_column(model, table, i, 5);

			affinity_model_check_list(model, DatumGetArrayTypeP(numbers),
									  DatumGetArrayTypeP(scores), &item->list);
		}
		key.id = item->id;
		found = bsearch_arg(&key, weighted, n, sizeof(Weighted),
							compare_weighted, &model->item_type);
		/* equal by the collation, but not the same */
		if (found == NULL)
			continue;
		item->weight = (float) found->weight;
		n_known++;
	}
	make_history(known, n_known, h);
}

/*
 * What the model knows of a user's history.
 */
void
affinity_model_history(AffinityModel *model, Datum user,
					   AffinityModelHistory *h)
{
	int			n;
	Weighted   *weighted = read_history(model, user, &n);

	memset(h, 0, sizeof(AffinityModelHistory));
	look_up(model, weighted, n, h);
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
	weighted = affinity_base_array(n, sizeof(Weighted));
	for (int i = 0; i < n; i++)
	{
		if (nulls[i])
			continue;
		weighted[kept].id = affinity_base_id_plain(ids[i], model->item_type);
		weighted[kept++].weight = 1;
	}
	qsort_arg(weighted, kept, sizeof(Weighted), compare_weighted,
			  &model->item_type);
	memset(h, 0, sizeof(AffinityModelHistory));
	h->history.is_basket = true;
	look_up(model, weighted, kept, h);
}
