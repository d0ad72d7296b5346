/*
 * past.c
 *		What incremental refreshes since the training did: the model's table
 *		"refreshes".
 *
 * A row per refresh: the items that changed, those whose rows were written
 * first, and by how many users each changed. So it is known how many users an
 * item has now, and how many it had when the row of any item was written, with
 * a few bytes per change. The table belongs to the model's owner: what is in it
 * is checked.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "utils/array.h"
#include "utils/builtins.h"

#include "renew/renew.h"

/*
 * Users of all items after the last refresh, NULL where they are not there.
 */
static float *
known_users(const Renewal *r, Datum value, bool isnull)
{
	ArrayType  *array = isnull ? NULL : DatumGetArrayTypePCopy(value);
	uint32		n_items = r->model->n_items;
	float	   *known;

	if (array == NULL || ARR_NDIM(array) != 1 || ARR_HASNULL(array) ||
		ARR_ELEMTYPE(array) != FLOAT4OID ||
		(uint32) ARR_DIMS(array)[0] != n_items)
		return NULL;
	known = affinity_base_array(n_items, sizeof(float));
	memcpy(known, ARR_DATA_PTR(array), n_items * sizeof(float));
	for (uint32 i = 0; i < n_items; i++)
	{
		affinity_base_look_up(i);
		if (!(known[i] >= 0 && known[i] < 4e9))
			affinity_train_damaged(r->name, "a row of its table \"refreshes\" makes no sense");
	}
	pfree(array);
	return known;
}

static const int32 *
numbers(const Renewal *r, Datum value, bool isnull, uint32 *n)
{
	ArrayType  *array = isnull ? NULL : DatumGetArrayTypePCopy(value);

	if (array == NULL || ARR_NDIM(array) > 1 || ARR_HASNULL(array) ||
		ARR_ELEMTYPE(array) != INT4OID)
		affinity_train_damaged(r->name, "a row of its table \"refreshes\" makes no sense");
	*n = ARR_NDIM(array) == 1 ? (uint32) ARR_DIMS(array)[0] : 0;
	return (const int32 *) ARR_DATA_PTR(array);
}

static RenewRefresh
read_refresh(const Renewal *r, HeapTuple tuple, TupleDesc desc)
{
	RenewRefresh refresh;
	uint32		n_users;
	bool		isnull;
	Datum		value = SPI_getbinval(tuple, desc, 1, &isnull);
	bool		sane;

	refresh.written = isnull ? 0 : (uint32) DatumGetInt32(value);
	value = SPI_getbinval(tuple, desc, 2, &isnull);
	refresh.item = numbers(r, value, isnull, &refresh.n);
	value = SPI_getbinval(tuple, desc, 3, &isnull);
	refresh.users = numbers(r, value, isnull, &n_users);
	sane = n_users == refresh.n && refresh.written <= refresh.n;
	for (uint32 i = 0; sane && i < refresh.n; i++)
		sane = refresh.item[i] >= 0 &&
			(uint32) refresh.item[i] < r->model->n_items;
	if (!sane)
		affinity_train_damaged(r->name, "a row of its table \"refreshes\" makes no sense");
	return refresh;
}

/*
 * Read them. Models that were made before there was the table have it with the
 * next training.
 */
void
affinity_renew_past_read(Renewal *r)
{
	RenewPast  *past = &r->past;
	uint32		n_items = r->model->n_items;
	SPITupleTable *table;

	if (SPI_execute(psprintf("SELECT written, items, users, known FROM ONLY %s ORDER BY version",
							 quote_qualified_identifier(r->name,
														AFFINITY_REFRESHES)),
					true, 0) != SPI_OK_SELECT)
		elog(ERROR, "reading the refreshes of a model failed");
	table = SPI_tuptable;
	if (SPI_gettypeid(table->tupdesc, 1) != INT4OID ||
		SPI_gettypeid(table->tupdesc, 2) != INT4ARRAYOID ||
		SPI_gettypeid(table->tupdesc, 3) != INT4ARRAYOID ||
		SPI_gettypeid(table->tupdesc, 4) != FLOAT4ARRAYOID)
		affinity_train_damaged(r->name, "its table \"refreshes\" has other columns");
	past->n = (int) SPI_processed;
	past->refresh = affinity_base_array(past->n, sizeof(RenewRefresh));
	past->written = affinity_base_zeroed_array(n_items, sizeof(int32));
	past->waiting = affinity_base_zeroed_array(n_items, sizeof(double));
	for (int i = 0; i < past->n; i++)
	{
		RenewRefresh *refresh = &past->refresh[i];

		CHECK_FOR_INTERRUPTS();
		*refresh = read_refresh(r, table->vals[i], table->tupdesc);
		for (uint32 j = 0; j < refresh->n; j++)
			past->waiting[refresh->item[j]] += refresh->users[j];
		for (uint32 j = 0; j < refresh->written; j++)
		{
			past->written[refresh->item[j]] = i + 1;
			past->waiting[refresh->item[j]] = 0;
		}
	}
	if (past->n > 0)
	{
		bool		isnull;
		Datum		value = SPI_getbinval(table->vals[past->n - 1],
										  table->tupdesc, 4, &isnull);

		r->known = known_users(r, value, isnull);
	}
}

/*
 * The items whose users a refresh changed, from 1 on, and by how many; how many
 * they are.
 */
uint32
affinity_renew_past_changes(AffinityUpdate *u, int refresh,
							const int32 **item, const int32 **users)
{
	const RenewRefresh *of = &((const Renewal *) u)->past.refresh[refresh - 1];

	*item = of->item;
	*users = of->users;
	return of->n;
}

/*
 * What this refresh did, with the number of its version.
 */
void
affinity_renew_past_write(const Renewal *r)
{
	const AffinityUpdate *u = &r->update;
	Datum	   *item = affinity_base_array(u->n_items, sizeof(Datum));
	Datum	   *users = affinity_base_array(u->n_items, sizeof(Datum));
	int			n = 0;
	Oid			types[] = {
		INT8OID, TIMESTAMPTZOID, INT4OID, INT4ARRAYOID, INT4ARRAYOID,
		FLOAT4ARRAYOID
	};
	char	   *table = quote_qualified_identifier(r->name,
												   AFFINITY_REFRESHES);
	Datum		values[6];

	for (int pass = 0; pass < 2; pass++)
	{
		for (uint32 i = 0; i < u->n_items; i++)
		{
			double		change = (double) r->popularity[i] - r->known[i];

			affinity_base_look_up(i);
			if (r->is_written[i] != (pass == 0) ||
				(change == 0 && !r->is_written[i]))
				continue;
			item[n] = Int32GetDatum((int32) i);
			users[n++] = Int32GetDatum((int32) change);
		}
		if (pass == 0)
			values[2] = Int32GetDatum(n);
	}
	values[0] = r->values[MODEL_VERSION - 1];
	values[1] = TimestampTzGetDatum(r->started);
	values[3] = affinity_model_array(item, n, INT4OID);
	values[4] = affinity_model_array(users, n, INT4OID);
	values[5] = affinity_store_array(r->popularity, u->n_items, FLOAT4OID);
	affinity_manage_ddl_execute(psprintf("UPDATE ONLY %s SET known = NULL WHERE known IS NOT NULL",
										 table));
	if (SPI_execute_with_args(psprintf("INSERT INTO %s (version, at, written, items, users, known)"
									   " VALUES ($1, $2, $3, $4, $5, $6)", table),
							  6, types, values, NULL, false, 0) != SPI_OK_INSERT)
		elog(ERROR, "writing what a refresh did failed");
	pfree(item);
	pfree(users);
}
