/*
 * lookup.c
 *		Queries of a model's items, and the most popular of them.
 *
 * Everything is read through SPI in the caller's snapshot and with the
 * caller's rights. Tables of a model may have been written by anybody, so
 * types, lengths and numbers are checked before they are used.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/lsyscache.h"

#include "model/catalog.h"

/* ---- queries ----------------------------------------------------------- */

/*
 * Check the types of the first columns of what a query returns.
 */
void
affinity_model_check_columns(const AffinityModel *model, TupleDesc desc,
							 const Oid *types, int n_types)
{
	for (int i = 0; i < n_types; i++)
	{
		if (SPI_gettypeid(desc, i + 1) != types[i])
			affinity_train_damaged(model->schema_name,
								   psprintf("column \"%s\" has another type",
											SPI_fname(desc, i + 1)));
	}
}

static void
check_result(int rc)
{
	if (rc != SPI_OK_SELECT)
		elog(ERROR, "a query of the model failed: %s",
			 SPI_result_code_string(rc));
}

static void
check_source(AffinityModel *model, AffinityModelQuery query)
{
	if (query == AFFINITY_QUERY_HISTORY ||
		query == AFFINITY_QUERY_TIMED_HISTORY)
		affinity_model_check_interactions(model);
}

/*
 * Run one of the model's queries; SPI_processed says how many rows there are.
 */
SPITupleTable *
affinity_model_query(AffinityModel *model, AffinityModelQuery query,
					 Datum argument, const Oid *types, int n_types)
{
	SPIPlanPtr	plan;

	do
	{
		check_source(model, query);
		affinity_model_follow_name(model);
		plan = affinity_model_plan(model, query);
		check_result(SPI_execute_plan(plan, &argument, NULL, true, 0));
	} while (!affinity_model_read_own(model, query, plan));
	affinity_model_check_columns(model, SPI_tuptable->tupdesc, types, n_types);
	return SPI_tuptable;
}

/*
 * The same with rows that somebody else takes; false where they are to be
 * forgotten, and the query run again.
 */
bool
affinity_model_query_to(AffinityModel *model, AffinityModelQuery query,
						Datum argument, DestReceiver *receiver)
{
	SPIPlanPtr	plan;
	SPIExecuteOptions options = {.read_only = true, .dest = receiver};

	check_source(model, query);
	affinity_model_follow_name(model);
	plan = affinity_model_plan(model, query);
	options.params = makeParamList(1);
	options.params->params[0].value = argument;
	options.params->params[0].isnull = false;
	options.params->params[0].pflags = PARAM_FLAG_CONST;
	options.params->params[0].ptype = SPI_getargtypeid(plan, 0);
	check_result(SPI_execute_plan_extended(plan, &options));
	return affinity_model_read_own(model, query, plan);
}

/*
 * A column of the items that cannot be null, unless a user wrote it so.
 */
Datum
affinity_model_column(const AffinityModel *model, const SPITupleTable *table,
					  uint64 row, int no)
{
	bool		isnull;
	Datum		value = SPI_getbinval(table->vals[row], table->tupdesc, no,
									  &isnull);

	if (isnull)
		affinity_train_damaged(model->schema_name,
							   "a column of its items is null");
	return value;
}

/*
 * The same for a number of an item, and for an id.
 */
uint32
affinity_model_column_no(const AffinityModel *model,
						 const SPITupleTable *table, uint64 row, int no)
{
	int32		value = DatumGetInt32(affinity_model_column(model, table, row,
															no));

	if (value < 0 || (uint32) value >= model->n_items)
		affinity_train_damaged(model->schema_name,
							   "an item's number is out of range");
	return (uint32) value;
}

Datum
affinity_model_column_id(const AffinityModel *model,
						 const SPITupleTable *table, uint64 row, int no)
{
	return affinity_base_id_plain(affinity_model_column(model, table, row, no),
								  model->item_type);
}

Datum
affinity_model_array(Datum *ids, int n, Oid type)
{
	int16		len;
	bool		byval;
	char		align;

	get_typlenbyvalalign(type, &len, &byval, &align);
	return PointerGetDatum(construct_array(ids, n, type, len, byval, align));
}

/* ---- items ------------------------------------------------------------- */

/*
 * The most popular items, best first.
 */
void
affinity_model_popular(AffinityModel *model, int64 limit, AffinityItems *items)
{
	Oid			types[] = {INT4OID, model->item_type, FLOAT4OID};
	SPITupleTable *table;
	const AffinityImage *image;

	memset(items, 0, sizeof(AffinityItems));
	if (!model->trained)
		return;
	image = affinity_model_image(model);
	if (image)
	{
		items->n = (uint32) Min(limit, (int64) model->n_items);
		items->item = affinity_base_array(items->n, sizeof(AffinityItem));
		for (uint32 i = 0; i < items->n; i++)
			affinity_model_image_item(image,
									  affinity_model_image_popular(image, i),
									  &items->item[i]);
		return;
	}
	table = affinity_model_query(model, AFFINITY_QUERY_POPULAR,
								 Int64GetDatum(limit), types, 3);
	items->n = (uint32) SPI_processed;
	items->item = affinity_base_array(items->n, sizeof(AffinityItem));
	for (uint32 i = 0; i < items->n; i++)
	{
		AffinityItem *item = &items->item[i];

		item->no = affinity_model_column_no(model, table, i, 1);
		item->id = affinity_model_column_id(model, table, i, 2);
		item->popularity =
			affinity_model_ranked_popularity(DatumGetFloat4(affinity_model_column(model, table,
																				  i, 3)));
	}
}

/* ---- sources ----------------------------------------------------------- */

typedef struct Source
{
	uint32		no;
	Datum		id;
	AffinitySource source;
} Source;

static int
compare_sources(const void *a, const void *b)
{
	uint32		x = ((const Source *) a)->no;
	uint32		y = ((const Source *) b)->no;

	return x < y ? -1 : x > y;
}

/*
 * What a row says of an item; false where that is nothing.
 */
static bool
read_source(const AffinityModel *model, const AffinityStoredItem *row,
			uint32 item, AffinitySource *source)
{
	ArrayType  *neighbors = DatumGetArrayTypeP(row->neighbors);
	ArrayType  *scores = DatumGetArrayTypeP(row->scores);
	bool		any = false;

	source->is_item = row->no == item;
	memset(source->similarity, 0, sizeof(source->similarity));
	for (uint32 kind = 0; kind < model->n_kinds; kind++)
	{
		AffinityList list;
		uint32		i = 0;

		affinity_model_check_list(model, neighbors, scores, kind, &list);
		while (i < list.n && (uint32) list.item[i] != item)
			i++;
		if (i < list.n && (kind > 0 || !source->is_item))
			source->similarity[kind] = list.score[i];
		any |= i < list.n;
		if (kind > 0 && list.n > 0)
			pfree(unconstify(int32 *, list.item));
	}
	if ((Pointer) neighbors != DatumGetPointer(row->neighbors))
		pfree(neighbors);
	if ((Pointer) scores != DatumGetPointer(row->scores))
		pfree(scores);
	return any || source->is_item;
}

/*
 * The items whose lists hold an item, and that item itself; ascending by
 * number.
 */
void
affinity_model_sources(const AffinityModel *model, uint32 item,
					   AffinitySources *sources)
{
	AffinityItemScan *scan =
		affinity_model_items_begin(model, AFFINITY_ITEM_ID | AFFINITY_ITEM_LISTS);
	uint32		room = 64;
	Source	   *found = affinity_base_array(room, sizeof(Source));
	AffinityStoredItem row;
	bool		byval;
	int16		len;
	uint32		n = 0;

	get_typlenbyval(model->item_type, &len, &byval);
	while (affinity_model_items_next(scan, &row))
	{
		if (n == room)
		{
			room *= 2;
			found = repalloc_huge(found, room * sizeof(Source));
		}
		if (!read_source(model, &row, item, &found[n].source))
			continue;
		found[n].no = row.no;
		found[n++].id =
			datumCopy(affinity_base_id_plain(row.id, model->item_type), byval,
					  len);
	}
	affinity_model_items_end(scan);
	qsort(found, n, sizeof(Source), compare_sources);
	sources->n = n;
	sources->n_sorted = 0;
	sources->id = affinity_base_array(n, sizeof(Datum));
	sources->source = affinity_base_array(n, sizeof(AffinitySource));
	for (uint32 i = 0; i < n; i++)
	{
		if (i > 0)
			affinity_model_check_ids(model, found[i - 1].id, found[i].no,
									 found[i].id);
		sources->id[i] = found[i].id;
		sources->n_sorted += found[i].no < model->n_sorted;
		sources->source[i] = found[i].source;
	}
	pfree(found);
}
