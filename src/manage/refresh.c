/*
 * refresh.c
 *		refresh_model, alter_model: an existing model is brought to its
 *		definition, as its owner (role.c); renew/upgrade.c does so too.
 *
 * The order is the same for all: what belongs to others is healed, the
 * definition is loaded and compared with the view, then change.c makes what is
 * missing, trains, and replaces what is old.
 */
#include "postgres.h"

#include "access/table.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "tcop/utility.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/jsonb.h"
#include "utils/lsyscache.h"

#include "algorithm/algorithm.h"
#include "manage/manage.h"

static void
check_columns(const ModelExisting *e)
{
	Relation	table = table_open(e->table, NoLock);
	bool		fits = affinity_model_row_fits(table);

	table_close(table, NoLock);
	if (!fits)
		affinity_definition_other_columns(e->name, e->schema);
}

/*
 * Find a model, lock it against others who change it, become its owner and
 * load its definition. False where somebody else is at it and if_running says
 * to skip it.
 */
bool
affinity_manage_open(ModelExisting *e, const char *name)
{
	ModelDefinition *d = &e->definition;

	e->name = name;
	e->schema = affinity_model_schema(name, &e->table);
	if (!affinity_base_owns_schema(e->schema, GetUserId()))
		aclcheck_error(ACLCHECK_NOT_OWNER, OBJECT_SCHEMA, name);
	if (!affinity_model_lock(name, e->table, e->if_running))
		return false;
	check_columns(e);
	if (e->change.update)
		affinity_manage_check_idle(name, e->schema, e->table);
	affinity_origin_check_tables(e->schema);
	affinity_manage_connect();
	e->healed = affinity_manage_heal(name, e->schema, e->table);
	affinity_manage_become(&e->role, affinity_model_schema_owner(e->schema));
	affinity_manage_definition_load(name, e->schema, d);
	e->change.name = name;
	e->change.schema = e->schema;
	e->change.table = e->table;
	e->change.definition = d;
	e->change.former_user_type = d->user_type;
	e->change.former_item_type = d->item_type;
	/* what others have made is made again */
	if (e->healed)
		d->objects = pstrdup("");
	return true;
}

void
affinity_manage_close(ModelExisting *e)
{
	affinity_manage_return(&e->role);
	SPI_finish();
}

/*
 * An update makes no view over what the owner wrote.
 */
void
affinity_manage_leave_view(const char *name)
{
	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("view \"interactions\" of model \"%s\" is to be made again from its query",
					name)));
}

/*
 * The source as it is now.
 */
void
affinity_manage_settle(ModelExisting *e)
{
	e->change.new_view = affinity_manage_view_settle(e->name, e->schema,
													 &e->definition,
													 e->change.update) ||
		e->healed;
}

/*
 * Train a model again; false where that was skipped.
 */
bool
affinity_manage_refresh(const char *name, bool retune,
						AffinityIfRunning if_running)
{
	ModelExisting e = {.if_running = if_running};

	if (!affinity_manage_open(&e, name))
		return false;
	if (retune && e.definition.signals[0] != '\0')
		e.definition.retune = true;
	else if (retune)
		affinity_manage_choice_again(name, &e.definition);
	affinity_manage_settle(&e);
	e.change.train = true;
	if (!affinity_manage_change(&e.change))
		affinity_manage_untrained(name, true);
	affinity_manage_renew_rules(&e);
	if (e.change.done.len > 0)
		ereport(NOTICE,
				(errmsg("model \"%s\" was brought up to date: %s", name,
						e.change.done.data)));
	affinity_manage_close(&e);
	return true;
}

/* ---- alter_model ------------------------------------------------------- */

/*
 * A table that the owner put in the place of the view would go on being read.
 */
static void
check_interactions(const ModelExisting *e)
{
	Oid			relid = get_relname_relid("interactions", e->schema);

	if (OidIsValid(relid) && get_rel_relkind(relid) != RELKIND_VIEW)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("\"interactions\" of model \"%s\" is not a view", e->name),
				 errhint("Put it out of the way, and then alter the model: ALTER TABLE %s RENAME TO former_interactions;",
						 quote_qualified_identifier(e->name,
													"interactions"))));
}

/*
 * What options are merged into. A named algorithm that auto has chosen goes on
 * with what was chosen with it; another has none to go on with.
 */
static Jsonb *
options_before(const ModelDefinition *d, const char *asked)
{
	const char *now = affinity_definition_algorithm(d);

	if (pg_strcasecmp(asked, now) == 0)
		return d->given_options;
	if (strcmp(d->choice, AFFINITY_CHOICE_MADE) == 0 &&
		pg_strcasecmp(asked, d->algorithm) == 0)
		return d->options;
	if (JB_ROOT_COUNT(d->given_options) > 0)
		ereport(NOTICE,
				(errmsg("options of %s are not carried over to %s: those that are not given have their defaults",
						now, asked)));
	return NULL;
}

/*
 * Algorithm and options as they are asked for. Options that are not named stay,
 * unless the algorithm is another one, or all is asked for from the start.
 * Whoever names auto has it choose anew.
 */
static void
set_options(ModelDefinition *d, const char *algorithm, Jsonb *options,
			bool from_start)
{
	const char *asked = algorithm ? affinity_algorithm_find_or_auto(algorithm)->name :
		affinity_definition_algorithm(d);
	Jsonb	   *given;

	if (options == NULL &&
		(algorithm == NULL ||
		 (asked != affinity_algorithm_auto.name &&
		  strcmp(asked, affinity_definition_algorithm(d)) == 0)))
		return;
	given = from_start ? NULL : options_before(d, asked);
	if (given == NULL)
		given = DatumGetJsonbP(DirectFunctionCall1(jsonb_in,
												   CStringGetDatum("{}")));
	if (options != NULL)
	{
		/* what is no object is refused with the words of create_model */
		(void) affinity_train_options_parse(affinity_algorithm_find_or_auto(asked),
											options);
		given = DatumGetJsonbP(DirectFunctionCall2(jsonb_concat,
												   JsonbPGetDatum(given),
												   JsonbPGetDatum(options)));
	}
	affinity_manage_definition_set(d, asked, given);
}

/*
 * The queries of items' attributes and of users' groups as they are asked for.
 * What was there before has to fit what else is new.
 */
static void
set_beside(ModelDefinition *d, const ModelDefinition *asked)
{
	if (asked->attributes != NULL)
	{
		d->attributes = asked->attributes;
		d->resolved_attributes = asked->resolved_attributes;
	}
	affinity_manage_check_attributes(d);
	if (asked->groups != NULL)
	{
		d->groups = asked->groups;
		d->resolved_groups = asked->resolved_groups;
	}
}

/*
 * Alter a model.
 */
void
affinity_manage_alter(const char *name, const ModelAlteration *asked)
{
	ModelExisting e = {0};
	ModelDefinition source = {0};
	ModelDefinition *d = &e.definition;

	/* by the caller's search_path */
	if (asked->query != NULL)
		affinity_definition_source_text(asked->query, &source);
	if (asked->attributes != NULL)
		affinity_beside_attributes_text(asked->attributes, &source);
	if (asked->groups != NULL)
		affinity_beside_groups_text(asked->groups, &source);
	(void) affinity_manage_open(&e, name);
	if (asked->query != NULL)
	{
		check_interactions(&e);
		d->query = source.query;
		affinity_manage_take_source(d, &source);
		e.change.new_view = true;
	}
	else
		affinity_manage_settle(&e);
	set_options(d, asked->algorithm, asked->options, asked->from_start);
	set_beside(d, &source);
	if (asked->signals != NULL)
	{
		d->signals = pstrdup(asked->signals);
		d->retune = true;
	}
	affinity_manage_signals_check(d);
	e.change.say_kept = asked->materialize != NULL && *asked->materialize &&
		!d->materialize;
	if (asked->materialize != NULL)
		d->materialize = *asked->materialize;
	e.change.train = true;
	e.change.asked = true;
	if (!affinity_manage_change(&e.change))
		affinity_manage_untrained(name, true);
	affinity_manage_close(&e);
}

PG_FUNCTION_INFO_V1(affinity_manage_alter_model);

/*
 * SQL: alter_model(name, query, algorithm, options, materialize,
 * item_attributes, signals, user_groups)
 */
Datum
affinity_manage_alter_model(PG_FUNCTION_ARGS)
{
	char	   *name = affinity_base_text_arg(fcinfo, 0, "name");
	bool		materialize = !PG_ARGISNULL(4) && PG_GETARG_BOOL(4);
	ModelAlteration asked = {0};

	PreventCommandIfReadOnly("affinity.alter_model()");
	PreventCommandDuringRecovery("affinity.alter_model()");
	if (!PG_ARGISNULL(1))
		asked.query = text_to_cstring(PG_GETARG_TEXT_PP(1));
	if (!PG_ARGISNULL(2))
		asked.algorithm = text_to_cstring(PG_GETARG_TEXT_PP(2));
	if (!PG_ARGISNULL(3))
		asked.options = PG_GETARG_JSONB_P(3);
	if (!PG_ARGISNULL(4))
		asked.materialize = &materialize;
	if (!PG_ARGISNULL(5))
		asked.attributes = text_to_cstring(PG_GETARG_TEXT_PP(5));
	if (!PG_ARGISNULL(6))
		asked.signals =
			affinity_manage_signals_text(PG_GETARG_JSONB_P(6));
	if (!PG_ARGISNULL(7))
		asked.groups = text_to_cstring(PG_GETARG_TEXT_PP(7));
	affinity_manage_alter(name, &asked);
	PG_RETURN_VOID();
}
