/*
 * fill.c
 *		One scan of the catalog of a model, as the caller, into bits, factors and
 *		groups by number of the item.
 *
 * Rows that are not eligible do not come. Of several rows of an item, the largest
 * boost counts, and the group that comes first as text, so that their order does
 * not matter. Items that the model does not know have no number, and items
 * that are not in the catalog are not eligible, have factor 1 and no group.
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "executor/executor.h"
#include "executor/spi.h"
#include "executor/tuptable.h"
#include "miscadmin.h"
#include "tcop/dest.h"
#include "utils/builtins.h"
#include "utils/jsonb.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"

#include "rules/book.h"

/* Columns of the query over the catalog. */
enum
{
	COLUMN_ITEM,
	COLUMN_GROUP,
	COLUMN_BOOST,
	N_COLUMNS
};

typedef struct CatalogReceiver
{
	DestReceiver pub;
	MemoryContext context;		/* of what is kept */
	MemoryContext row_context;
	const AffinityModel *model;
	const RuleIds *ids;
	Oid			id_type;
	uint64		n_rows;
	uint8	   *seen;			/* bits by number */
	int32	   *group;			/* NULL: not asked for */
	float	   *factor;			/* NULL: not asked for */
	RuleGroups	groups;
} CatalogReceiver;

/* ---- rows -------------------------------------------------------------- */

static bool
receive_row(TupleTableSlot *slot, DestReceiver *pub)
{
	CatalogReceiver *r = (CatalogReceiver *) pub;
	MemoryContext old;
	Datum		id;
	int64		no;
	bool		again;

	if (r->n_rows++ % 1024 == 0)
		MemoryContextReset(r->row_context);
	slot_getallattrs(slot);
	if (slot->tts_isnull[COLUMN_ITEM])
		return true;
	old = MemoryContextSwitchTo(r->row_context);
	id = slot->tts_values[COLUMN_ITEM];
	no = affinity_rules_number(r->ids, id, r->id_type);
	if (no >= 0)
	{
		again = (r->seen[no / 8] >> (no % 8) & 1) != 0;
		r->seen[no / 8] |= (uint8) (1 << (no % 8));
		if (r->group != NULL)
		{
			int32		group = slot->tts_isnull[COLUMN_GROUP] ? -1 :
				affinity_rules_group_number(&r->groups, slot->tts_values[COLUMN_GROUP]);

			r->group[no] = again ? affinity_rules_first_group(&r->groups, r->group[no],
															  group) :
				group;
		}
		if (r->factor != NULL)
		{
			float		factor = 1;

			if (!slot->tts_isnull[COLUMN_BOOST])
			{
				double		boost =
					DatumGetFloat8(slot->tts_values[COLUMN_BOOST]);

				factor = (float) boost;
				if (!(boost > 0) || !isfinite(factor) || factor == 0)
					factor = affinity_rules_check_boost(boost,
														affinity_base_id_display(id,
																				 r->id_type));
			}
			r->factor[no] = again ? Max(r->factor[no], factor) : factor;
		}
	}
	MemoryContextSwitchTo(old);
	return true;
}

pg_noreturn static void
does_not_fit(const char *name)
{
	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("view \"%s\" of model \"%s\" does not fit the model",
					AFFINITY_CATALOG_VIEW, name),
			 errdetail("It is for items of another type, or was replaced."),
			 errhint("Set the rules again by affinity.set_rules, or go on without: SELECT affinity.set_rules(%s);",
					 quote_literal_cstr(name))));
}

static void
receive_startup(DestReceiver *pub, int operation, TupleDesc desc)
{
	CatalogReceiver *r = (CatalogReceiver *) pub;
	Form_pg_attribute group = TupleDescAttr(desc, COLUMN_GROUP);

	(void) operation;
	r->id_type = TupleDescAttr(desc, COLUMN_ITEM)->atttypid;
	/* the view was looked at before it was locked */
	if (!affinity_base_id_alike(r->id_type, r->model->item_type))
		does_not_fit(r->model->schema_name);
	if (r->group != NULL)
	{
		MemoryContext old = MemoryContextSwitchTo(r->context);

		affinity_rules_groups_begin(&r->groups, getBaseType(group->atttypid),
									group->attcollation);
		MemoryContextSwitchTo(old);
	}
}

static void
receive_nothing(DestReceiver *pub)
{
	(void) pub;
}

/* ---- the query --------------------------------------------------------- */

/*
 * Prepare a query with parameters as $1. SPI leaves its own memory context
 * behind, so that is set back.
 */
SPIPlanPtr
affinity_rules_prepare(const char *sql)
{
	MemoryContext context = CurrentMemoryContext;
	Oid			type = JSONBOID;
	SPIPlanPtr	plan = SPI_prepare(sql, 1, &type);

	MemoryContextSwitchTo(context);
	if (plan == NULL)
		elog(ERROR, "could not prepare \"%s\": %s", sql,
			 SPI_result_code_string(SPI_result));
	return plan;
}

/*
 * The view "catalog" is there, and is one that rules can be read from.
 */
static void
check_catalog(const RuleRequest *q)
{
	const AffinityModel *model = q->model;
	const char *name = model->schema_name;
	Oid			view = get_relname_relid(AFFINITY_CATALOG_VIEW, model->schema);
	AttrNumber	item;

	if (!OidIsValid(view) && q->set->catalog[0] == '\0')
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("model \"%s\" does not know where items are described",
						name),
				 errdetail("eligible, group_by and boost are expressions over a table of items."),
				 errhint("Name it: SELECT affinity.set_rules(%s, items => 'products'); where products has a column item_id or begins with the items' ids.",
						 quote_literal_cstr(name))));
	if (!OidIsValid(view))
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("model \"%s\" has lost its view \"%s\"", name,
						AFFINITY_CATALOG_VIEW),
				 errdetail("It was dropped with a table that it read."),
				 errhint("Once what it read is there again: SELECT affinity.refresh_model(%s); To go on without rules: SELECT affinity.set_rules(%s);",
						 quote_literal_cstr(name), quote_literal_cstr(name))));
	item = get_attnum(view, "item_id");
	if (item <= 0 || get_attnum(view, "rule_eligible") <= 0 ||
		get_attnum(view, "rule_group") <= 0 ||
		get_attnum(view, "rule_boost") <= 0 ||
		get_atttype(view, get_attnum(view, "rule_eligible")) != BOOLOID ||
		get_atttype(view, get_attnum(view, "rule_boost")) != FLOAT8OID ||
		!affinity_base_id_alike(get_atttype(view, item), model->item_type))
		does_not_fit(name);
}

static bool
has_boosts(const char *boost)
{
	return boost != NULL && affinity_rules_is_json(boost);
}

static bool
has_boost_column(const char *boost)
{
	return boost != NULL && !affinity_rules_is_json(boost);
}

/*
 * The query over the catalog. What a call says was checked to be expressions.
 */
static char *
catalog_query(const RuleRequest *q, bool group, bool boost)
{
	const AffinityRuleCall *call = q->call;
	const char *view = affinity_model_relation(q->model, AFFINITY_CATALOG_VIEW);
	const char *from = psprintf("%s AS %s", view, AFFINITY_CATALOG_VIEW);
	StringInfoData sql;

	if (call->eligible)
		affinity_rules_check(RULE_ELIGIBLE, call->eligible, from, true);
	if (call->group_by)
		affinity_rules_check(RULE_GROUP, call->group_by, from, true);
	if (has_boost_column(call->boost))
		affinity_rules_check(RULE_BOOST, call->boost, from, true);
	initStringInfo(&sql);
	appendStringInfoString(&sql, "SELECT catalog.item_id, ");

	/*
	 * a comment may end an expression: the parenthesis needs a line of its
	 * own
	 */
	if (!group)
		appendStringInfoString(&sql, "NULL::pg_catalog.text, ");
	else if (call->group_by)
		appendStringInfo(&sql, "(%s\n), ", call->group_by);
	else
		appendStringInfoString(&sql, "catalog.rule_group, ");
	if (!boost)
		appendStringInfoString(&sql, "NULL::pg_catalog.float8");
	else if (call->boost)
		appendStringInfo(&sql, "(%s\n)::pg_catalog.float8", call->boost);
	else
		appendStringInfoString(&sql, "catalog.rule_boost");
	appendStringInfo(&sql, " FROM %s WHERE catalog.rule_eligible", from);
	if (call->eligible)
		appendStringInfo(&sql, " AND (%s\n)", call->eligible);
	return sql.data;
}

/*
 * What the caller lacks is a right on the tables of items.
 */
static void
explain_error(void *arg)
{
	const RuleRequest *q = arg;

	if (geterrcode() == ERRCODE_INSUFFICIENT_PRIVILEGE &&
		q->sources->lacking != NULL)
		errhint("Rules are read with the rights of the caller: GRANT SELECT ON %s TO %s;",
				q->sources->lacking,
				quote_identifier(GetUserNameFromId(GetUserId(), false)));
	errcontext("rules of model \"%s\"", q->model->schema_name);
}

static void
run(const RuleRequest *q, CatalogReceiver *r, const char *sql)
{
	MemoryContext context = CurrentMemoryContext;
	SPIPlanPtr	plan;
	SPIExecuteOptions options = {0};
	ParamListInfo params = makeParamList(1);
	ErrorContextCallback callback;
	int			rc;

	callback.callback = explain_error;
	callback.arg = unconstify(RuleRequest *, q);
	callback.previous = error_context_stack;
	error_context_stack = &callback;

	plan = affinity_rules_prepare(sql);
	affinity_rules_find_sources(plan, q->sources);
	params->params[0].value = JsonbPGetDatum(q->call->parameters);
	params->params[0].isnull = q->call->parameters == NULL;
	params->params[0].pflags = PARAM_FLAG_CONST;
	params->params[0].ptype = JSONBOID;
	options.params = params;
	options.read_only = true;
	options.dest = &r->pub;
	/* what was committed after it, an invalidation will tell */
	PushActiveSnapshot(q->snapshot ? q->snapshot : GetLatestSnapshot());
	rc = SPI_execute_plan_extended(plan, &options);
	PopActiveSnapshot();
	if (rc != SPI_OK_SELECT)
		elog(ERROR, "reading the catalog failed: %s",
			 SPI_result_code_string(rc));
	SPI_freeplan(plan);
	MemoryContextSwitchTo(context);

	error_context_stack = callback.previous;
}

static void
read_catalog(const RuleRequest *q, const RuleIds *ids, AffinityRules *rules)
{
	const AffinityRuleCall *call = q->call;
	CatalogReceiver r = {0};
	uint32		n = q->model->n_items;
	bool		group = call->group_by != NULL || q->set->group_by != NULL;
	bool		boost = call->boost != NULL ? has_boost_column(call->boost) :
		has_boost_column(q->set->boost);
	bool		eligible = call->eligible != NULL || q->set->eligible != NULL;

	r.pub.receiveSlot = receive_row;
	r.pub.rStartup = receive_startup;
	r.pub.rShutdown = receive_nothing;
	r.pub.rDestroy = receive_nothing;
	r.pub.mydest = DestTuplestore;	/* DestNone would count as a utility */
	r.context = CurrentMemoryContext;
	r.row_context = AllocSetContextCreate(CurrentMemoryContext,
										  "affinity row of a catalog",
										  ALLOCSET_DEFAULT_SIZES);
	r.model = q->model;
	r.ids = ids;
	r.seen = affinity_base_zeroed_array(((Size) n + 7) / 8, 1);
	if (group)
	{
		r.group = affinity_base_array(n, sizeof(int32));
		memset(r.group, 0xff, (Size) n * sizeof(int32));
	}
	if (boost)
	{
		r.factor = affinity_base_array(n, sizeof(float));
		for (uint32 i = 0; i < n; i++)
			r.factor[i] = 1;
	}
	run(q, &r, catalog_query(q, group, boost));
	MemoryContextDelete(r.row_context);
	if (eligible)
		rules->allowed = r.seen;
	rules->group = r.group;
	rules->n_groups = r.groups.n;
	rules->factor = r.factor;
}

/* ---- all of it --------------------------------------------------------- */

static bool
needs_catalog(const RuleRequest *q)
{
	const AffinityRuleCall *call = q->call;

	return call->eligible != NULL || call->group_by != NULL ||
		has_boost_column(call->boost) || q->set->eligible != NULL ||
		q->set->group_by != NULL ||
		(call->boost == NULL && has_boost_column(q->set->boost));
}

static void
fill(const RuleRequest *q, const RuleIds *ids, AffinityRules *rules)
{
	const char *boost = q->call->boost ? q->call->boost : q->set->boost;

	if (needs_catalog(q))
	{
		check_catalog(q);
		read_catalog(q, ids, rules);
	}
	if (has_boosts(boost))
		affinity_rules_set_boosts(q, boost, ids, rules);
	if (q->set->pin != NULL)
		rules->pinned = affinity_rules_read_list(q, q->set->pin, ids, &rules->n_pinned);
	if (q->set->exclude != NULL)
		affinity_rules_exclude(q, ids, rules);
}

/*
 * What holds by the rules of a model and by a call, in the current memory
 * context. The caller is connected to SPI.
 */
void
affinity_rules_fill(const RuleRequest *q, AffinityRuleBook *book)
{
	const AffinityRuleSet *set = q->set;
	RuleIds    *ids;

	memset(book, 0, sizeof(AffinityRuleBook));
	book->any = true;
	book->not_within = set->not_within;
	book->repeat = set->repeat;
	book->rules.max_per_group = (uint32) Min(set->max_per_group, PG_INT32_MAX);
	book->rules.penalty = isnan(set->penalty) ? 0 : set->penalty;
	book->rules.diversity = isnan(set->diversity) ? 0 : set->diversity;
	book->rules.exploration = isnan(set->exploration) ? 0 : set->exploration;
	book->rules.min_score = isnan(set->min_score) ? -INFINITY : set->min_score;
	/* without items there are groups all the same */
	if (q->model->n_items == 0 &&
		(q->call->group_by != NULL || set->group_by != NULL))
		book->rules.group = affinity_base_array(0, sizeof(int32));
	if (!q->model->trained || q->model->n_items == 0 ||
		(!needs_catalog(q) && set->pin == NULL && set->exclude == NULL &&
		 !has_boosts(q->call->boost ? q->call->boost : set->boost)))
		return;
	ids = affinity_rules_ids(q->model);
	PG_TRY();
	{
		fill(q, ids, &book->rules);
	}
	PG_FINALLY();
	{
		affinity_rules_ids_done(ids);
	}
	PG_END_TRY();
}
