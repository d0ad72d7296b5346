/*
 * local.c
 *		serve_locally: histories from another query than the model's own, such
 *		as one over the shards that are on this server.
 *
 * The query is a view of its own beside "interactions", which trainings go on
 * reading, with the same columns and types. It is parsed as the caller and made
 * as the owner, and read with the rights of whoever asks, as that is.
 */
#include "postgres.h"

#include "access/relation.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "executor/spi.h"
#include "tcop/utility.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "manage/objects.h"

pg_noreturn static void
wrong_column(const char *name, const char *column, Oid given, Oid wanted)
{
	ereport(ERROR,
			(errcode(ERRCODE_DATATYPE_MISMATCH),
			 errmsg("the query gives %s as %s, but model \"%s\" has %s", column,
					format_type_be(given), name, format_type_be(wanted)),
			 errhint("Cast it in the query: %s::%s.", column,
					 format_type_be(wanted))));
}

/*
 * Has a query the columns that the model has, of the same types?
 */
static void
check_columns(const char *name, const ModelDefinition *d,
			  const ModelDefinition *local)
{
	const char *missing = d->has_signal && !local->has_signal ? "signal" :
		d->has_time && !local->has_time ? "time" : NULL;

	if (missing != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("the query gives no %s, which the source of model \"%s\" has",
						missing, name),
				 errhint("Its columns are those of the model's own query: SELECT query FROM %s;",
						 quote_qualified_identifier(name, "definition"))));
	if (local->user_type != d->user_type)
		wrong_column(name, "user_id", local->user_type, d->user_type);
	if (local->item_type != d->item_type)
		wrong_column(name, "item_id", local->item_type, d->item_type);
	if (d->has_time && local->at_type != d->at_type)
		wrong_column(name, "at", local->at_type, d->at_type);
}

/*
 * Something else has the view's name.
 */
static void
check_name(const char *name, Oid schema)
{
	Oid			relid = get_relname_relid(AFFINITY_LOCAL, schema);

	if (OidIsValid(relid) && relid != affinity_origin_local(schema))
		ereport(ERROR,
				(errcode(ERRCODE_DUPLICATE_TABLE),
				 errmsg("\"" AFFINITY_LOCAL "\" of model \"%s\" is not what serve_locally makes",
						name),
				 errhint("Put it out of the way: ALTER TABLE %s RENAME TO former_%s;",
						 quote_qualified_identifier(name, AFFINITY_LOCAL),
						 AFFINITY_LOCAL)));
}

/*
 * Lock the view that is there against its readers, and drop it. What others
 * built on it is an error.
 */
static void
drop_view(const ModelExisting *e)
{
	AffinityModelObjects former = {NIL, NIL};
	const AffinityModelObjects none = {NIL, NIL};
	Oid			view = affinity_origin_local(e->schema);

	if (!OidIsValid(view))
		return;
	former.classes = list_make1_oid(RelationRelationId);
	former.ids = list_make1_oid(view);
	affinity_manage_lock_to_change(e->name, e->schema, e->table, &former,
								   &none);
	affinity_manage_ddl_execute(psprintf("DROP VIEW %s RESTRICT",
										 quote_qualified_identifier(e->name,
																	AFFINITY_LOCAL)));
}

static void
make_view(const ModelExisting *e, const ModelDefinition *local)
{
	char	   *view = quote_qualified_identifier(e->name, AFFINITY_LOCAL);

	affinity_manage_ddl_execute(psprintf("CREATE VIEW %s WITH (security_invoker = true) AS\n%s",
										 view, local->body));
	affinity_manage_ddl_execute(psprintf("GRANT SELECT ON %s TO PUBLIC", view));
	affinity_manage_ddl_execute(psprintf("COMMENT ON VIEW %s IS"
										 " 'what is served from, on this server, in the place of interactions; affinity.serve_locally changes it'",
										 view));
}

PG_FUNCTION_INFO_V1(affinity_manage_serve_locally);

/*
 * SQL: serve_locally(name, query); NULL: from the model's own source
 */
Datum
affinity_manage_serve_locally(PG_FUNCTION_ARGS)
{
	char	   *name = affinity_base_text_arg(fcinfo, 0, "name");
	bool		undo = PG_ARGISNULL(1);
	ModelExisting e = {0};
	ModelDefinition local = {0};

	PreventCommandIfReadOnly("affinity.serve_locally()");
	PreventCommandDuringRecovery("affinity.serve_locally()");
	/* by the caller's search_path */
	if (!undo)
		affinity_definition_source_text(text_to_cstring(PG_GETARG_TEXT_PP(1)),
										&local);
	(void) affinity_manage_open(&e, name);
	check_name(name, e.schema);
	if (!undo)
	{
		affinity_manage_settle(&e);
		check_columns(name, &e.definition, &local);
	}
	drop_view(&e);
	if (!undo)
		make_view(&e, &local);
	affinity_manage_close(&e);
	PG_RETURN_VOID();
}
