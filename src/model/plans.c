/*
 * plans.c
 *		The queries that serving runs often, as plans that are kept with the
 *		cached model.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/plancache.h"

#include "model/catalog.h"

/*
 * Qualified and quoted name of one of the model's relations, by the name that its
 * schema has now.
 */
char *
affinity_model_relation(const AffinityModel *model, const char *name)
{
	const char *schema = get_namespace_name(model->schema);

	return quote_qualified_identifier(schema ? schema : model->schema_name,
									  name);
}

/*
 * A saved plan of one of the queries, made when first asked for. The caller
 * is connected to SPI.
 */
SPIPlanPtr
affinity_model_plan(AffinityModel *model, AffinityModelQuery query)
{
	char	   *items;
	Oid			type = InvalidOid;
	char	   *sql = NULL;
	SPIPlanPtr	plan;

	if (model->plan[query] != NULL)
		return model->plan[query];
	items = affinity_model_relation(model, "items");
	switch (query)
	{
		case AFFINITY_QUERY_HISTORY:
		case AFFINITY_QUERY_TIMED_HISTORY:
			type = model->user_type;
			sql = psprintf("SELECT h.item_id, h.weight::pg_catalog.float8%s"
						   " FROM %s AS h WHERE h.user_id OPERATOR(pg_catalog.=) $1",
						   model->kinds ? ", h.at, h.signal" :
						   model->timed || query == AFFINITY_QUERY_TIMED_HISTORY ?
						   ", h.at" : "",
						   affinity_model_relation(model,
												   affinity_model_serves(model)));
			break;
		case AFFINITY_QUERY_ITEMS_BY_ID:
			type = get_array_type(model->item_type);
			sql = psprintf("SELECT i.item_no, i.item_id, i.popularity, i.neighbors, i.scores"
						   " FROM ONLY %s AS i WHERE i.item_id OPERATOR(pg_catalog.=) ANY ($1)",
						   items);
			break;
		case AFFINITY_QUERY_IDS_BY_NO:
			type = INT4ARRAYOID;
			sql = psprintf("SELECT i.item_no, i.item_id, i.popularity"
						   " FROM ONLY %s AS i WHERE i.item_no OPERATOR(pg_catalog.=) ANY ($1)",
						   items);
			break;
		case AFFINITY_QUERY_LISTS_BY_NO:
			type = INT4ARRAYOID;
			sql = psprintf("SELECT i.item_no, i.neighbors, i.scores"
						   " FROM ONLY %s AS i WHERE i.item_no OPERATOR(pg_catalog.=) ANY ($1)",
						   items);
			break;
		case AFFINITY_QUERY_RATES_BY_NO:
			type = INT4ARRAYOID;
			sql = psprintf("SELECT i.item_no, i.repeat_rate"
						   " FROM ONLY %s AS i WHERE i.item_no OPERATOR(pg_catalog.=) ANY ($1)",
						   items);
			break;
		case AFFINITY_QUERY_NOS_BY_ID:
			type = get_array_type(model->item_type);
			sql = psprintf("SELECT i.item_no, i.item_id, i.popularity"
						   " FROM ONLY %s AS i WHERE i.item_id OPERATOR(pg_catalog.=) ANY ($1)",
						   items);
			break;
		case AFFINITY_QUERY_POPULAR:
			type = INT8OID;
			sql = psprintf("SELECT i.item_no, i.item_id, i.popularity"
						   " FROM ONLY %s AS i ORDER BY i.popularity DESC, i.item_no LIMIT $1",
						   items);
			break;
		case AFFINITY_QUERY_USER_GROUP:
		case AFFINITY_QUERY_EVERYBODY:
			type = query == AFFINITY_QUERY_EVERYBODY ? INT4OID : TEXTOID;
			sql = psprintf("SELECT p.trending, p.items, p.scores"
						   " FROM ONLY %s AS p WHERE p.%s OPERATOR(pg_catalog.=) $1",
						   affinity_model_relation(model, AFFINITY_POPULAR),
						   type == INT4OID ? "list_no" : "user_group");
			break;
		case AFFINITY_N_QUERIES:
			break;
	}
	if (sql == NULL)
		elog(ERROR, "unknown query %d", query);
	plan = SPI_prepare(sql, 1, &type);
	if (plan == NULL)
		elog(ERROR, "could not prepare \"%s\": %s", sql,
			 SPI_result_code_string(SPI_result));
	if (SPI_keepplan(plan) != 0)
		elog(ERROR, "could not keep a plan");
	model->plan[query] = plan;
	return plan;
}

/*
 * Plans name relations, and PostgreSQL analyzes them again when something changes:
 * after a rename of schemas the names are another model's. Plans are made anew
 * under the name that the schema has by now. Those from before may be running, in
 * a source that serves from this model too.
 */
void
affinity_model_follow_name(AffinityModel *model)
{
	MemoryContext old;
	char	   *name;

	if (affinity_origin_changes() == model->known_at)
		return;
	name = get_namespace_name(model->schema);
	if (name == NULL || strcmp(name, model->schema_name) == 0)
		return;
	old = MemoryContextSwitchTo(model->context);
	model->schema_name = pstrdup(name);
	for (int i = 0; i < AFFINITY_N_QUERIES; i++)
	{
		if (model->plan[i])
			model->old_plans = lappend(model->old_plans, model->plan[i]);
		model->plan[i] = NULL;
	}
	MemoryContextSwitchTo(old);
}

/*
 * Did a plan that has just run read the model's own relation? A rename that was
 * heard of as the plan's locks were taken may have led it to another model's.
 */
bool
affinity_model_read_own(AffinityModel *model, AffinityModelQuery query,
						SPIPlanPtr plan)
{
	CachedPlanSource *source;
	Oid			relation = model->items;

	if (affinity_origin_changes() == model->known_at)
		return true;
	if (query == AFFINITY_QUERY_HISTORY ||
		query == AFFINITY_QUERY_TIMED_HISTORY)
		relation = get_relname_relid(affinity_model_serves(model),
									 model->schema);
	else if (query == AFFINITY_QUERY_USER_GROUP ||
			 query == AFFINITY_QUERY_EVERYBODY)
		relation = get_relname_relid(AFFINITY_POPULAR, model->schema);
	source = linitial(SPI_plan_get_plan_sources(plan));
	if (list_member_oid(source->relationOids, relation))
		return true;
	affinity_model_follow_name(model);
	/* a source that serves from this model may have followed already */
	if (model->plan[query] == plan)
		ereport(ERROR,
				(errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
				 errmsg("model \"%s\" was renamed while it was read",
						model->schema_name),
				 errhint("Ask again.")));
	return false;
}
