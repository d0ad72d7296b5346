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
#include "utils/lsyscache.h"

#include "model/catalog.h"

/* ---- queries ----------------------------------------------------------- */

/*
 * Rows of a query; the types of the first columns are checked.
 */
static SPITupleTable *
check_result(const AffinityModel *model, int rc, const Oid *types, int n_types)
{
	TupleDesc	desc;

	if (rc != SPI_OK_SELECT)
		elog(ERROR, "a query of the model failed: %s",
			 SPI_result_code_string(rc));
	desc = SPI_tuptable->tupdesc;
	for (int i = 0; i < n_types; i++)
	{
		if (SPI_gettypeid(desc, i + 1) != types[i])
			affinity_train_damaged(model->schema_name,
								   psprintf("column \"%s\" has another type",
											SPI_fname(desc, i + 1)));
	}
	return SPI_tuptable;
}

/*
 * Run one of the model's queries; SPI_processed says how many rows there are.
 */
SPITupleTable *
affinity_model_query(AffinityModel *model, AffinityModelQuery query,
					 Datum argument, const Oid *types, int n_types)
{
	int			rc = SPI_execute_plan(affinity_model_plan(model, query),
									  &argument, NULL, true, 0);

	return check_result(model, rc, types, n_types);
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
	SPITupleTable *table = affinity_model_query(model, AFFINITY_QUERY_POPULAR,
												Int64GetDatum(limit), types,
												3);

	items->n = (uint32) SPI_processed;
	items->item = affinity_base_array(items->n, sizeof(AffinityItem));
	for (uint32 i = 0; i < items->n; i++)
	{
		AffinityItem *item = &items->item[i];

		item->no = affinity_model_column_no(model, table, i, 1);
		item->id = affinity_model_column_id(model, table, i, 2);
		item->popularity =
			DatumGetFloat4(affinity_model_column(model, table, i, 3));
	}
}

/*
 * The items whose lists hold an item, and that item itself; ascending by
 * number, so by id.
 */
void
affinity_model_sources(const AffinityModel *model, uint32 item,
					   AffinitySources *sources)
{
	Oid			type = INT4OID;
	Datum		no = Int32GetDatum((int32) item);
	char	   *sql = psprintf("SELECT i.item_id, i.scores[pg_catalog.array_position(i.neighbors, $1)],"
							   " i.item_no OPERATOR(pg_catalog.=) $1"
							   " FROM ONLY %s AS i"
							   " WHERE $1 OPERATOR(pg_catalog.=) ANY (i.neighbors)"
							   " OR i.item_no OPERATOR(pg_catalog.=) $1"
							   " ORDER BY i.item_no",
							   affinity_model_relation(model, "items"));
	int			rc = SPI_execute_with_args(sql, 1, &type, &no, NULL, true, 0);
	SPITupleTable *table = check_result(model, rc, NULL, 0);

	if (SPI_gettypeid(table->tupdesc, 1) != model->item_type ||
		SPI_gettypeid(table->tupdesc, 2) != FLOAT4OID)
		affinity_train_damaged(model->schema_name,
							   "a column of its items has another type");
	sources->n = (uint32) SPI_processed;
	sources->id = affinity_base_array(sources->n, sizeof(Datum));
	sources->source = affinity_base_array(sources->n, sizeof(AffinitySource));
	for (uint32 i = 0; i < sources->n; i++)
	{
		AffinitySource *source = &sources->source[i];
		bool		isnull;
		Datum		value;

		sources->id[i] = affinity_model_column_id(model, table, i, 1);
		value = SPI_getbinval(table->vals[i], table->tupdesc, 3, &isnull);
		source->is_item = !isnull && DatumGetBool(value);
		value = SPI_getbinval(table->vals[i], table->tupdesc, 2, &isnull);
		source->similarity = isnull || source->is_item ? 0 :
			DatumGetFloat4(value);
	}
}
