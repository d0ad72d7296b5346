/*
 * changed.c
 *		recommend_changed: whose recommendations may have changed since a time.
 *
 * These are the users with rows later than that, and those whose history has an
 * item whose row a refresh wrote since. A training changes everybody's, and so
 * does a refresh of an algorithm that knows no lists of items.
 */
#include "postgres.h"

#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/timestamp.h"

#include "access/table.h"

#include "renew/renew.h"
#include "serve/serve.h"

/*
 * Was the model trained, or anything changed in it that all users see, since a
 * time?
 */
static bool
all_changed(const AffinityModel *model, TimestampTz since)
{
	Relation	table = table_open(model->relation, AccessShareLock);
	Datum		values[MODEL_N_ATTRIBUTES];
	bool		found = affinity_model_row_read(table, model->schema_name, NULL,
												values, NULL);
	double		refreshed;

	table_close(table, NoLock);
	/* a model of an earlier version has no such refreshes */
	if (!found ||
		!OidIsValid(get_relname_relid(AFFINITY_REFRESHES, model->schema)) ||
		DatumGetTimestampTz(values[MODEL_TRAINED_AT - 1]) > since)
		return true;
	refreshed = affinity_model_figure(DatumGetJsonbP(values[MODEL_TRAINING - 1]),
									  AFFINITY_FIGURE_REFRESHED);
	return !model->algorithm->has_neighbors &&
		refreshed > affinity_model_seconds(since);
}

/*
 * Have the times of the source a time zone?
 */
static bool
is_zoned(const AffinityModel *model)
{
	Oid			view = get_relname_relid("interactions", model->schema);
	AttrNumber	at = OidIsValid(view) ? get_attnum(view, "at") :
		InvalidAttrNumber;

	if (at == InvalidAttrNumber)
		affinity_train_damaged(model->schema_name,
							   "its view \"interactions\" does not have the column at");
	return get_atttype(view, at) != TIMESTAMPOID;
}

/*
 * The query: $1 is the time.
 */
static char *
changed_query(const AffinityModel *model, const char *interactions,
			  bool all)
{
	const char *name = model->schema_name;
	StringInfoData sql;

	initStringInfo(&sql);
	appendStringInfo(&sql, "SELECT DISTINCT h.user_id FROM %s AS h"
					 " WHERE h.user_id IS NOT NULL", interactions);
	if (all)
		return sql.data;
	appendStringInfo(&sql, " AND (h.item_id OPERATOR(pg_catalog.=) ANY"
					 " (SELECT i.item_id FROM ONLY %s AS r"
					 " CROSS JOIN LATERAL pg_catalog.unnest(r.items[1:r.written]) AS n(item_no)"
					 " JOIN ONLY %s AS i ON i.item_no OPERATOR(pg_catalog.=) n.item_no"
					 " WHERE r.at OPERATOR(pg_catalog.>) $1)",
					 quote_qualified_identifier(name, AFFINITY_REFRESHES),
					 quote_qualified_identifier(name, "items"));
	if (model->has_time)
	{
		bool		zoned = is_zoned(model);

		/* the copy has those of time zones in UTC */
		appendStringInfo(&sql, " OR h.at OPERATOR(pg_catalog.>) %s",
						 !zoned ? "$1::pg_catalog.timestamp" :
						 model->kept ? "pg_catalog.timezone('UTC', $1)" : "$1");
	}
	appendStringInfoChar(&sql, ')');
	return sql.data;
}

PG_FUNCTION_INFO_V1(affinity_renew_changed);

/*
 * SQL: recommend_changed_core(model, since)
 */
Datum
affinity_renew_changed(PG_FUNCTION_ARGS)
{
	ServeCall	call = {0};
	AffinityModel *model;
	TimestampTz since;
	Oid			type = TIMESTAMPTZOID;
	Datum		value;
	bool		all;

	affinity_serve_begin(&call, fcinfo);
	affinity_base_check_not_null(fcinfo, 1, "since");
	since = PG_GETARG_TIMESTAMPTZ(1);
	model = call.model;
	affinity_serve_result(&call, 1, "user_id", model->user_type);
	if (!model->trained)
		return affinity_serve_end(&call);
	all = all_changed(model, since);
	value = TimestampTzGetDatum(since);
	if (SPI_execute_with_args(changed_query(model,
											affinity_model_interactions(model),
											all),
							  all ? 0 : 1, &type, &value, NULL, true,
							  0) != SPI_OK_SELECT)
		elog(ERROR, "reading the users of a model failed");
	for (uint64 i = 0; i < SPI_processed; i++)
	{
		bool		isnull;
		Datum		user = SPI_getbinval(SPI_tuptable->vals[i],
										 SPI_tuptable->tupdesc, 1, &isnull);

		CHECK_FOR_INTERRUPTS();
		user = affinity_base_id_plain(user, model->user_type);
		affinity_serve_put(&call, &user);
	}
	return affinity_serve_end(&call);
}
