/*
 * repeat.c
 *		What a model knows of repeats: the rates of its items, and users'
 *		chances to have them again.
 *
 * A model that was trained without times, or before there were rates, has
 * none. The column may have been written by anybody.
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "model/catalog.h"
#include "repeat/repeat.h"

static void
no_rates(const AffinityModel *model)
{
	const char *name = model->schema_name;

	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("model \"%s\" was trained without rates of repeats", name),
			 errhint("Refresh it, and if a notice says that rates did not fit into memory, raise maintenance_work_mem before: SELECT affinity.refresh_model(%s);",
					 quote_literal_cstr(name))));
}

/*
 * Can repeats be answered for at all?
 */
void
affinity_model_check_repeat(const AffinityModel *model)
{
	const char *name = model->schema_name;
	Oid			items = get_relname_relid("items", model->schema);

	if (model->kinds)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("model \"%s\" has signals, and no rates of repeats",
						name),
				 errhint("Make another model from the rows with the signal \"%s\" alone.",
						 model->kinds->name[0])));
	if (!model->has_time)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("repeats need times, which the source of model \"%s\" does not have",
						name),
				 errhint("Give the model a query with the time as its fourth column, after user, item and weight: SELECT affinity.alter_model(%s, query => 'SELECT ...');",
						 quote_literal_cstr(name))));
	if (model->kept &&
		get_attnum(get_relname_relid(AFFINITY_KEPT, model->schema), "at") <= 0)
		no_rates(model);
	if (OidIsValid(items) && get_attnum(items, "repeat_rate") <= 0)
		no_rates(model);
}

/*
 * A rate as it is stored.
 */
static float
check_rate(const AffinityModel *model, Datum value, bool isnull)
{
	float		rate = isnull ? 0 : DatumGetFloat4(value);

	if (isnull)
		no_rates(model);
	if (!(rate >= 0 && rate <= 1))
		affinity_train_damaged(model->schema_name,
							   "an item's rate of repeats is out of range");
	return rate;
}

/*
 * The rates of some items, ascending by number.
 */
static void
read_rates(AffinityModel *model, const uint32 *no, uint32 n, float *rate)
{
	Oid			types[] = {INT4OID, FLOAT4OID};
	Datum	   *number = affinity_base_array(n, sizeof(Datum));
	SPITupleTable *table;

	for (uint32 i = 0; i < n; i++)
	{
		number[i] = Int32GetDatum((int32) no[i]);
		rate[i] = -1;
	}
	table = affinity_model_query(model, AFFINITY_QUERY_RATES_BY_NO,
								 affinity_model_array(number, (int) n,
													  INT4OID), types, 2);
	if (SPI_processed != n)
		affinity_train_damaged(model->schema_name, "items are missing");
	for (uint32 row = 0; row < n; row++)
	{
		uint32		item = affinity_model_column_no(model, table, row, 1);
		const uint32 *found = bsearch(&item, no, n, sizeof(uint32),
									  affinity_score_compare);
		bool		isnull;
		Datum		value = SPI_getbinval(table->vals[row], table->tupdesc, 2,
										  &isnull);

		if (found == NULL || rate[found - no] >= 0)
			affinity_train_damaged(model->schema_name,
								   "an item's number is used twice");
		rate[found - no] = check_rate(model, value, isnull);
	}
	SPI_freetuptable(table);
	pfree(number);
}

/*
 * The chances of a user to have the items of a history again.
 */
const float *
affinity_model_chances(AffinityModel *model, const AffinityHistory *history,
					   const AffinityAgain *again)
{
	const AffinityRepeat *rule = affinity_repeat_rule(model->algorithm,
													  model->options);
	float	   *chance = affinity_base_array(history->n, sizeof(float));
	const AffinityImage *image = affinity_model_image(model);
	const float *rate = image ? affinity_model_image_rates(image) : NULL;

	for (uint32 i = 0; rate && i < history->n; i++)
		chance[i] = rate[history->item[i]];
	for (uint32 from = 0; !rate && from < history->n;
		 from += AFFINITY_LOOKED_UP)
		read_rates(model, history->item + from,
				   Min(history->n - from, AFFINITY_LOOKED_UP), chance + from);
	for (uint32 i = 0; i < history->n; i++)
		chance[i] = affinity_repeat_chance(rule, again[i], chance[i]);
	return chance;
}

/*
 * The rates of all items, by number.
 */
float *
affinity_model_rates(const AffinityModel *model)
{
	float	   *rate = affinity_base_zeroed_array(model->n_items,
												  sizeof(float));
	AffinityItemScan *scan =
		affinity_model_items_begin(model, AFFINITY_ITEM_REPEAT_RATE);
	AffinityStoredItem item;

	while (affinity_model_items_next(scan, &item))
		rate[item.no] = check_rate(model, item.repeat_rate,
								   item.has_no_rate);
	affinity_model_items_end(scan);
	return rate;
}
