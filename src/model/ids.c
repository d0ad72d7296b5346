/*
 * ids.c
 *		The ids of all items, beside a cached model: where many ids are looked
 *		up at once.
 *
 * A backend that is given large arrays reads the items once, when looking the
 * ids up one by one has cost as much, and from then on turns any array into
 * numbers in memory. Backends that are not keep nothing. As factors, what is
 * kept stays within maintenance_work_mem: where it does not fit, ids are looked
 * up in the table as before.
 *
 * Numbers need not be in order of ids here.
 */
#include "postgres.h"

#include "access/table.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "port/pg_bitutils.h"
#include "utils/array.h"
#include "utils/datum.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"

#include "model/catalog.h"

/* An array of so many ids is a large one. */
#define MANY_IDS	256

/*
 * What an item takes at least: its id and popularity, its place in the
 * dictionary and its slots there.
 */
#define BYTES_PER_ITEM	40

/*
 * Ids and popularity by number, read from the items.
 */
static void
read_items(const AffinityModel *model, AffinityModelIds *ids)
{
	AffinityItemScan *scan = affinity_model_items_begin(model,
														AFFINITY_ITEM_ID |
														AFFINITY_ITEM_POPULARITY);
	AffinityStoredItem item;
	int16		len;
	bool		byval;

	get_typlenbyval(model->item_type, &len, &byval);
	ids->id = affinity_base_array(model->n_items, sizeof(Datum));
	ids->popularity = affinity_base_array(model->n_items, sizeof(float));
	/* all numbers are there, each once, or it is an error */
	while (affinity_model_items_next(scan, &item))
	{
		Datum		plain = affinity_base_id_plain(item.id, model->item_type);

		ids->id[item.no] = datumCopy(plain, byval, len);
		ids->popularity[item.no] = item.popularity;
		if (plain != item.id)
			pfree(DatumGetPointer(plain));
	}
	affinity_model_items_end(scan);
}

/*
 * A dictionary whose numbers are the items'.
 */
static void
make_dictionary(const AffinityModel *model, AffinityModelIds *ids)
{
	AffinityKeys *keys;
	uint32		no[AFFINITY_BATCH];

	ids->dict = affinity_dictionary_create(model->item_type);
	keys = affinity_dictionary_keys(ids->dict);
	for (uint32 i = 0; i < model->n_items; i++)
	{
		if (i > 0)
			affinity_model_check_ids(model, ids->id[i - 1], i, ids->id[i]);
		affinity_dictionary_keys_add(keys, ids->id[i]);
		if (keys->n < AFFINITY_BATCH && i + 1 < model->n_items)
			continue;
		CHECK_FOR_INTERRUPTS();
		affinity_dictionary_add(ids->dict, keys, no);
		affinity_dictionary_keys_clear(keys);
	}
	affinity_dictionary_keys_free(keys);
	if (affinity_dictionary_size(ids->dict) != model->n_items)
		affinity_train_damaged(model->schema_name, "an item is there twice");
}

/*
 * Do so many bytes more fit beside what is kept of the model?
 */
static bool
fit(const AffinityModel *model, Size bytes)
{
	return bytes + affinity_model_kept_bytes(model) <=
		affinity_base_memory_allowed();
}

static void
read_ids(AffinityModel *model)
{
	Size		least = (Size) model->n_items * BYTES_PER_ITEM;
	MemoryContext context;
	MemoryContext old;
	AffinityModelIds *ids;

	if (!fit(model, least))
		return;
	/* an error frees what was read so far */
	context = AllocSetContextCreate(CurrentMemoryContext, "affinity ids",
									ALLOCSET_DEFAULT_SIZES);
	old = MemoryContextSwitchTo(context);
	ids = palloc0(sizeof(AffinityModelIds));
	read_items(model, ids);
	make_dictionary(model, ids);
	MemoryContextSwitchTo(old);
	ids->bytes = MemoryContextMemAllocated(context, true);
	if (!fit(model, ids->bytes))
	{
		MemoryContextDelete(context);
		return;
	}
	affinity_model_make_room(model, ids->bytes);
	MemoryContextSetParent(context, model->context);
	ids->context = context;
	model->ids = ids;
}

/*
 * May the items be read as they are, past the executor? Policies may have come
 * since.
 */
static bool
is_open(const AffinityModel *model)
{
	Relation	items = affinity_model_open_items(model->schema,
												  model->schema_name, NULL);
	bool		open = !items->rd_rel->relrowsecurity;

	table_close(items, NoLock);
	return open;
}

/*
 * Give up ids that do not fit any more, since factors were read meanwhile or
 * less is allowed. A call around this one may be using them.
 */
static void
give_up(AffinityModel *model)
{
	if (model->pins > 1 || fit(model, 0))
		return;
	affinity_model_forget_ids(model);
	model->ids_refused = true;
}

/*
 * Where to look n ids up in memory; NULL: in the table. The result is valid as
 * long as the call.
 */
const AffinityModelIds *
affinity_model_ids(AffinityModel *model, uint32 n)
{
	if (!model->trained || !is_open(model))
		return NULL;
	if (model->ids)
		give_up(model);
	if (model->ids == NULL && n > MANY_IDS && !model->ids_refused)
	{
		model->ids_sought += n;
		if (model->ids_sought < model->n_items / AFFINITY_ROWS_PER_LOOKUP)
			return NULL;
		read_ids(model);
		model->ids_refused = model->ids == NULL;
	}
	return model->ids;
}

/*
 * What they take.
 */
Size
affinity_model_ids_bytes(const AffinityModel *model)
{
	return model->ids ? model->ids->bytes : 0;
}

void
affinity_model_forget_ids(AffinityModel *model)
{
	if (model->ids)
		MemoryContextDelete(model->ids->context);
	model->ids = NULL;
	model->ids_sought = 0;
}

/* ---- looking up -------------------------------------------------------- */

/* Numbers that were found, each once. */
typedef struct Marks
{
	uint32		n_items;
	uint8	   *mark;			/* a bit of each number */
} Marks;

static void
begin_marks(Marks *m, uint32 n_items)
{
	m->n_items = n_items;
	m->mark = affinity_base_zeroed_array((Size) n_items / 8 + 1, 1);
}

static void
mark_found(Marks *m, const AffinityModelIds *ids, AffinityKeys *keys)
{
	uint32		no[AFFINITY_BATCH];

	CHECK_FOR_INTERRUPTS();
	affinity_dictionary_find(ids->dict, keys, no);
	for (int i = 0; i < keys->n; i++)
	{
		if (no[i] < m->n_items)
			m->mark[no[i] / 8] |= (uint8) (1 << no[i] % 8);
	}
	affinity_dictionary_keys_clear(keys);
}

/*
 * Integers of an array without NULLs, as they stand there.
 */
static void
mark_integers(Marks *m, const AffinityModelIds *ids, AffinityKeys *keys,
			  ArrayType *array, uint32 n)
{
	const char *from = ARR_DATA_PTR(array);
	Oid			type = ARR_ELEMTYPE(array);

	for (uint32 i = 0; i < n; i++)
	{
		if (type == INT8OID)
			keys->ints[keys->n++] = ((const int64 *) from)[i];
		else if (type == INT4OID)
			keys->ints[keys->n++] = ((const int32 *) from)[i];
		else
			keys->ints[keys->n++] = ((const int16 *) from)[i];
		if (keys->n == AFFINITY_BATCH)
			mark_found(m, ids, keys);
	}
}

static void
mark_others(Marks *m, const AffinityModelIds *ids, AffinityKeys *keys,
			ArrayType *array)
{
	/* varchar[] may stand for text[], and bigint[] for integer[] */
	ArrayIterator iterator = array_create_iterator(array, 0, NULL);
	Oid			type = ARR_ELEMTYPE(array);
	Datum		id;
	bool		isnull;

	while (array_iterate(iterator, &id, &isnull))
	{
		if (isnull)
			continue;
		if (keys->kind == AFFINITY_ID_INT)
			keys->ints[keys->n++] = affinity_base_id_to_int(id, type);
		else
			affinity_dictionary_keys_add(keys, id);
		if (keys->n == AFFINITY_BATCH)
			mark_found(m, ids, keys);
	}
	array_free_iterator(iterator);
}

static void
take(const AffinityModelIds *ids, uint32 no, AffinityItem *item)
{
	item->no = no;
	item->id = ids->id[no];
	item->popularity = ids->popularity[no];
}

/*
 * The items that are marked, ascending by number.
 */
static void
take_marked(const Marks *m, const AffinityModelIds *ids, AffinityItems *items)
{
	Size		bytes = (Size) m->n_items / 8 + 1;
	uint32		n = (uint32) pg_popcount((const char *) m->mark, (int) bytes);

	items->item = affinity_base_array(n, sizeof(AffinityItem));
	items->n = 0;
	for (Size byte = 0; byte < bytes; byte++)
	{
		for (uint32 rest = m->mark[byte]; rest != 0; rest &= rest - 1)
			take(ids, (uint32) byte * 8 +
				 (uint32) pg_rightmost_one_pos32(rest),
				 &items->item[items->n++]);
	}
}

/*
 * Those of an array of n ids that the model knows, each once, ascending by
 * number.
 */
void
affinity_model_ids_find(const AffinityModel *model,
						const AffinityModelIds *ids, ArrayType *array,
						uint32 n, AffinityItems *items)
{
	AffinityKeys *keys = affinity_dictionary_keys(ids->dict);
	Marks		m;

	begin_marks(&m, model->n_items);
	if (keys->kind == AFFINITY_ID_INT && !ARR_HASNULL(array))
		mark_integers(&m, ids, keys, array, n);
	else
		mark_others(&m, ids, keys, array);
	mark_found(&m, ids, keys);
	take_marked(&m, ids, items);
	affinity_dictionary_keys_free(keys);
	pfree(m.mark);
}

static int
compare_items(const void *a, const void *b)
{
	uint32		x = ((const AffinityItem *) a)->no;
	uint32		y = ((const AffinityItem *) b)->no;

	return x < y ? -1 : x > y;
}

/*
 * The items of n numbers that there are, each given once, ascending by number.
 */
void
affinity_model_ids_take(const AffinityModelIds *ids, const uint32 *no,
						uint32 n, AffinityItems *items)
{
	items->n = n;
	items->item = affinity_base_array(n, sizeof(AffinityItem));
	for (uint32 i = 0; i < n; i++)
		take(ids, no[i], &items->item[i]);
	qsort(items->item, n, sizeof(AffinityItem), compare_items);
}
