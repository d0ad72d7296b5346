/*
 * keep.c
 *		A copy of the interactions in the model's schema, for sources of which
 *		one user's rows cannot be read fast.
 *
 * The table is always there, and empty unless the model is materialized. The
 * row that the training writes says whether serving reads it, so that a
 * snapshot sees both or neither.
 */
#include "postgres.h"

#include <math.h>

#include "access/table.h"
#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/lsyscache.h"
#include "utils/snapmgr.h"

#include "manage/objects.h"

/* For audience and similar_users; made once there is something in the table. */
#define ITEM_INDEX AFFINITY_KEPT "_item_id_idx"

/*
 * The times to be copied, if there are any. Time zones are left out, so that
 * no setting enters.
 */
static const char *
times_of(const ModelDefinition *d)
{
	if (!d->has_time)
		return "NULL::pg_catalog.timestamp";
	return d->at_type == TIMESTAMPOID ? "s.at" :
		"pg_catalog.timezone('UTC', s.at)";
}

/*
 * A condition on the users of rows: they have one later than $1.
 */
static char *
users_since(const char *rows, const char *from)
{
	return psprintf(" AND %s.user_id OPERATOR(pg_catalog.=) ANY"
					" (SELECT b.user_id FROM %s AS b WHERE b.at OPERATOR(pg_catalog.>) $1)",
					rows, from);
}

static void
execute(char *sql, const ModelDefinition *d, const Datum *since,
		Snapshot snapshot)
{
	Oid			type = d->at_type;
	Datum		value = since ? *since : (Datum) 0;
	SPIPlanPtr	plan;
	int			rc;

	if (since == NULL)
	{
		affinity_manage_ddl_execute(sql);
		return;
	}
	plan = SPI_prepare(sql, 1, &type);
	if (plan == NULL)
		elog(ERROR, "\"%s\" cannot be prepared", sql);
	rc = SPI_execute_snapshot(plan, &value, NULL, snapshot, InvalidSnapshot,
							  false, true, 0);
	SPI_freeplan(plan);
	if (rc < 0)
		elog(ERROR, "copying interactions failed: %s",
			 SPI_result_code_string(rc));
}

/*
 * In order of user, so that a history is read from few pages. Numbers are not
 * those of the rows that were there, which a unique index would look at.
 */
static uint64
fill(const char *name, const char *kept, const ModelDefinition *d,
	 const char *from, const Datum *since,
	 Snapshot snapshot)
{
	bool		signals = d->signals[0] != '\0';
	char	   *sql = psprintf("INSERT INTO %s (user_id, row_no, item_id, weight, at%s)"
							   " SELECT q.user_id, (SELECT m.version FROM ONLY %s AS m) * 4294967296"
							   " + pg_catalog.row_number() OVER (), q.item_id, q.weight, q.at%s"
							   " FROM (SELECT s.user_id, s.item_id, %s AS weight, %s AS at%s FROM %s AS s"
							   " WHERE s.user_id IS NOT NULL AND s.item_id IS NOT NULL AND s.%s IS NOT NULL%s"
							   " ORDER BY s.user_id) AS q", kept,
							   signals ? ", signal" : "",
							   quote_qualified_identifier(name, "model"),
							   signals ? ", q.signal" : "",
							   signals ? "COALESCE(s.weight::pg_catalog.float8, 1)" :
							   "s.weight::pg_catalog.float8", times_of(d),
							   signals ? ", s.signal" : "", from,
							   signals ? "signal" : "weight",
							   since ? users_since("s", from) : "");

	execute(sql, d, since, snapshot);
	return SPI_processed;
}

/*
 * Copy what a relation gives, or have no copy. Readers go on with the old one
 * until commit.
 */
void
affinity_manage_keep(const char *name, const ModelDefinition *d,
					 const char *from, bool say)
{
	char	   *kept = quote_qualified_identifier(name, AFFINITY_KEPT);
	uint64		rows;

	affinity_manage_ddl_execute(psprintf("DELETE FROM ONLY %s", kept));
	if (!d->materialize)
		return;
	rows = fill(name, kept, d, from, NULL, InvalidSnapshot);
	if (!OidIsValid(get_relname_relid(ITEM_INDEX,
									  get_namespace_oid(name, false))))
		affinity_manage_ddl_execute(psprintf("CREATE INDEX " ITEM_INDEX " ON %s (item_id)",
											 kept));
	/* or one user would seem to have a 200th of all */
	affinity_manage_ddl_execute(psprintf("ANALYZE %s", kept));
	if (say)
		ereport(NOTICE,
				(errmsg("model \"%s\" keeps %llu interactions, which change by a refresh only",
						name, (unsigned long long) rows),
				 errdetail("Its owner may read them; grants and row-level security of the source do not hold for the copy."),
				 errhint("To let another role ask for users: GRANT SELECT ON %s TO role_name;",
						 kept)));
}

/*
 * Copy the rows of users who have one later than a time anew.
 */
void
affinity_manage_keep_since(const char *name, const ModelDefinition *d,
						   const char *from, Datum since)
{
	char	   *kept = quote_qualified_identifier(name, AFFINITY_KEPT);
	Snapshot	snapshot;

	if (!d->materialize)
		return;
	/* both see the same users */
	snapshot = RegisterSnapshot(GetTransactionSnapshot());
	execute(psprintf("DELETE FROM ONLY %s AS k WHERE true%s", kept,
					 users_since("k", from)), d, &since, snapshot);
	(void) fill(name, kept, d, from, &since, snapshot);
	UnregisterSnapshot(snapshot);
}

/*
 * The copy, from the view as it is now, after a change. A table that was made
 * again lacks what the model's row says is there.
 */
void
affinity_manage_keep_changed(const ModelChange *change,
							 const ModelObject *object, int n, bool trained,
							 bool has_row)
{
	bool		made = false;

	for (int i = 0; i < n; i++)
		made |= strcmp(object[i].statement->object, AFFINITY_KEPT) == 0 &&
			object[i].action != OBJECT_KEEP;
	if (change->update && made && has_row && change->definition->materialize)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("the interactions of model \"%s\" are to be copied again",
						change->name)));
	if (trained || (made && has_row))
		affinity_manage_keep(change->name, change->definition,
							 quote_qualified_identifier(change->name,
														"interactions"),
							 change->say_kept);
}

/*
 * The table of what is popular in groups was made, and is empty until a
 * training: the model's row, if there is one, then no longer says that there
 * are groups.
 */
void
affinity_manage_forget_groups(const ModelChange *change,
							  const ModelObject *object, int n)
{
	Relation	table;
	Datum		values[MODEL_N_ATTRIBUTES];
	bool		made = false;
	bool		found;

	for (int i = 0; i < n; i++)
		made |= strcmp(object[i].statement->object, AFFINITY_POPULAR) == 0 &&
			object[i].action != OBJECT_KEEP;
	/* what a subscription brings says so itself */
	if (!made || OidIsValid(affinity_origin_subscription(change->table)))
		return;
	table = table_open(change->table, AccessShareLock);
	found = affinity_model_row_read(table, change->name, NULL, values, NULL);
	table_close(table, NoLock);
	if (!found ||
		isnan(affinity_model_figure(DatumGetJsonbP(values[MODEL_TRAINING - 1]),
									AFFINITY_GROUPED)))
		return;
	values[MODEL_TRAINING - 1] = DirectFunctionCall2(jsonb_delete,
													 values[MODEL_TRAINING - 1],
													 CStringGetTextDatum(AFFINITY_GROUPED));
	affinity_manage_row_write(change->name, values);
}
