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
#include "utils/fmgrprotos.h"
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

/* ---- looking items up -------------------------------------------------- */

/* A history in the making, and where the lists of its items are. */
typedef struct LookUp
{
	AffinityModel *model;
	AffinityModelHistory *h;
	Known	   *known;
	uint32		n_known;
	const AffinityImage *image; /* or, if the model scores by lists: */
	const SPITupleTable *table;
} LookUp;

/*
 * An item, in row no of what was read, and its events of all kinds.
 */
static void
take_item(LookUp *l, uint32 no, Datum id, const AffinityWeighted *event,
		  int n_events, uint64 row)
{
	AffinityModel *model = l->model;

	for (int e = 0; e < n_events; e++, event++)
	{
		Known	   *item = &l->known[l->n_known];

		/* an item of a basket may be given twice */
		if (e > 0 && event->kind == event[-1].kind)
			continue;
		if (!event->counts && event->kind == 0)
			l->h->seen[l->h->n_seen++] = no;
		if (!event->counts)
			continue;
		item->no = event->kind * model->n_items + no;
		item->id = id;
		item->weight = (float) event->weight;
		item->again = event->again;
		if (l->image)
			item->list = affinity_model_image_list(l->image, item->no);
		else if (l->table)
			affinity_model_row_list(model, l->table, row, 4, event->kind, &item->list);
		l->n_known++;
	}
}

/*
 * Look the items up in what all backends share: first all numbers, so that
 * where their lists are is on its way meanwhile.
 */
static void
look_up_in_image(LookUp *l, const AffinityWeighted *weighted, int n)
{
	Oid			type = l->model->item_type;
	int64	   *no = affinity_base_array(n, sizeof(int64));
	int			next;

	for (int i = 0; i < n; i++)
	{
		affinity_base_look_up((uint64) i);
		no[i] = i > 0 && affinity_base_id_compare(weighted[i - 1].id,
												  weighted[i].id, type) == 0 ?
			no[i - 1] :
			affinity_model_image_find(l->model, l->image, weighted[i].id);
		if (no[i] >= 0)
			affinity_model_image_prefetch(l->image, (uint32) no[i]);
	}
	for (int i = 0; i < n; i = next)
	{
		next = i + 1;
		while (next < n && no[next] == no[i] && no[i] >= 0)
			next++;
		if (no[i] >= 0)
			take_item(l, (uint32) no[i],
					  affinity_model_image_id(l->image, (uint32) no[i]),
					  &weighted[i], next - i, 0);
	}
	pfree(no);
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
	LookUp		l = {.model = model, .h = h};
	Datum	   *ids;
	SPITupleTable *table;
	uint64		rows;
	bool	   *there;

	l.known = affinity_base_zeroed_array(n, sizeof(Known));
	h->seen = affinity_base_array(n, sizeof(uint32));
	l.image = affinity_model_image(model);
	if (l.image)
	{
		look_up_in_image(&l, weighted, n);
		make_history(model, l.known, l.n_known, h);
		return;
	}
	ids = affinity_base_array(n, sizeof(Datum));
	there = affinity_base_zeroed_array(n, sizeof(bool));
	for (int i = 0; i < n; i++)
		ids[i] = weighted[i].id;
	table = affinity_model_query(model, lists ? AFFINITY_QUERY_ITEMS_BY_ID :
								 AFFINITY_QUERY_NOS_BY_ID,
								 affinity_model_array(ids, n,
													  model->item_type),
								 types, lists ? 5 : 3);
	rows = SPI_processed;
	l.table = lists ? table : NULL;
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
		take_item(&l, no, id, found, n_found, i);
	}
	make_history(model, l.known, l.n_known, h);
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
		h->history.reader = affinity_model_list_reader(model, no, n);
		h->history.read_list = affinity_model_read_list;
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
	if ((uint32) n <= AFFINITY_LOOKED_UP || affinity_model_image(model))
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
 * What does not count is not seen either, where the model says so.
 */
static int
leave_out_unseen(const AffinityModel *model, AffinityWeighted *weighted, int n)
{
	int			n_counting = 0;

	if (affinity_train_seen(model->algorithm,
							model->options) != AFFINITY_SEEN_POSITIVE)
		return n;
	for (int i = 0; i < n; i++)
	{
		if (weighted[i].counts)
			weighted[n_counting++] = weighted[i];
	}
	return n_counting;
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
	n = leave_out_unseen(model, weighted, n);
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

/*
 * The next element of an array beside the items; false where it is NULL, or
 * there is no array.
 */
static bool
next_beside(ArrayIterator iterator, Datum *value)
{
	bool		isnull = true;

	return iterator && array_iterate(iterator, value, &isnull) && !isnull;
}

static ArrayIterator
iterate(ArrayType *array)
{
	return array ? array_create_iterator(array, 0, NULL) : NULL;
}

/*
 * Items given by the caller as the rows of a user: with weights (float8[]; NULL:
 * 1), times (timestamptz[]; NULL: unknown), or both, as long as the items. They
 * count as they would in a history.
 */
void
affinity_model_basket_of_rows(AffinityModel *model, Datum items,
							  ArrayType *weights, ArrayType *times,
							  AffinityModelHistory *h)
{
	ArrayType  *array = DatumGetArrayTypeP(items);
	ArrayIterator iterator = array_create_iterator(array, 0, NULL);
	ArrayIterator weight = iterate(weights);
	ArrayIterator time = iterate(times);
	int			most = ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array));
	AffinityWeighted *row = affinity_base_array(most, sizeof(AffinityWeighted));
	bool		local = times && affinity_model_times_are_local(model);
	int			n = 0;
	Datum		id;
	bool		isnull;

	memset(h, 0, sizeof(AffinityModelHistory));
	if (!model->trained)
		return;
	while (array_iterate(iterator, &id, &isnull))
	{
		Datum		value;

		affinity_base_look_up((uint64) n);
		row[n].weight = next_beside(weight, &value) ?
			DatumGetFloat8(value) : 1;
		row[n].at = DT_NOBEGIN;
		if (next_beside(time, &value))
			row[n].at = DatumGetInt64(local ?
									  DirectFunctionCall1(timestamptz_timestamp,
														  value) : value);
		if (!isnull && affinity_base_id_as(id, ARR_ELEMTYPE(array),
										   model->item_type, &row[n].id))
			n++;
	}
	n = affinity_model_weigh_rows(model, row, n);
	look_up(model, row, leave_out_unseen(model, row, n), h);
}
