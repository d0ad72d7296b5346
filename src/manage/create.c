/*
 * create.c
 *		create_model: a schema, the objects in it, and the first training.
 *
 * The query is parsed as the caller, by the caller's search_path; that gives
 * the text with every name qualified that the model keeps. From then on
 * everything runs as every later refresh does (role.c): what can be created can
 * be refreshed.
 */
#include "postgres.h"

#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "common/hashfn.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "tcop/utility.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/inval.h"

#include "algorithm/algorithm.h"
#include "manage/manage.h"

/* ---- SQL --------------------------------------------------------------- */

static void
check_name(const char *name)
{
	if (name[0] == '\0' || strlen(name) >= NAMEDATALEN)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_NAME),
				 errmsg("\"%s\" cannot be the name of a model", name),
				 errhint("It becomes the name of a schema: 1 to %d bytes.",
						 NAMEDATALEN - 1)));
}

/*
 * What to do where the name is a model's already.
 */
typedef enum IfExists
{
	EXISTS_ERROR,
	EXISTS_REPLACE,
	EXISTS_KEEP
} IfExists;

static IfExists
if_exists_arg(FunctionCallInfo fcinfo, int arg)
{
	const char *word = affinity_base_text_arg(fcinfo, arg, "if_exists");

	if (pg_strcasecmp(word, "error") == 0)
		return EXISTS_ERROR;
	if (pg_strcasecmp(word, "replace") == 0)
		return EXISTS_REPLACE;
	if (pg_strcasecmp(word, "keep") == 0)
		return EXISTS_KEEP;
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("unknown if_exists: \"%s\"", word),
			 errhint("It may be 'error', 'replace' (as alter_model does) or 'keep'.")));
}

/*
 * Is the name a model's? Another schema of that name is an error. Schemas are
 * seen by everybody.
 */
static bool
is_taken(const char *name, IfExists if_exists)
{
	Oid			schema = get_namespace_oid(name, true);

	if (!OidIsValid(schema))
		return false;
	if (!OidIsValid(affinity_model_table(schema)))
		ereport(ERROR,
				(errcode(ERRCODE_DUPLICATE_SCHEMA),
				 errmsg("schema \"%s\" already exists, and is not a model", name),
				 errhint("A model makes a schema of its own: choose another name.")));
	if (if_exists == EXISTS_ERROR)
		ereport(ERROR,
				(errcode(ERRCODE_DUPLICATE_SCHEMA),
				 errmsg("model \"%s\" already exists", name),
				 errhint("To train it again: SELECT affinity.refresh_model(%s). To put this one in its place, call create_model with if_exists => 'replace'.",
						 quote_literal_cstr(name))));
	return true;
}

/*
 * Say that a model serves nothing yet.
 */
void
affinity_manage_untrained(const char *name, bool empty)
{
	ereport(NOTICE,
			(empty ? errmsg("model \"%s\" is not trained: its source gives no row",
							name) :
			 errmsg("model \"%s\" is not trained", name),
			 errdetail("Its functions give no rows until it is."),
			 errhint("Once there is something to learn from: SELECT affinity.refresh_model(%s);",
					 quote_literal_cstr(name))));
}

/*
 * Two who create the same model: the second waits, and then finds the schema
 * there, instead of a duplicate key in a catalog.
 */
static void
lock_name(const char *name)
{
	LockDatabaseObject(TypeRelationId, affinity_model_record_type(),
					   (uint16) hash_bytes((const unsigned char *) name,
										   (int) strlen(name)),
					   ExclusiveLock);
	AcceptInvalidationMessages();
}

static void
create(const char *name, ModelDefinition *d, bool train)
{
	ModelNames	names = {name, "items", d};
	ModelTraining training = {.name = name, .definition = d, .items = "items"};
	ModelRole	role;

	affinity_manage_connect();
	d->objects = pstrdup(affinity_manage_ddl_version());
	affinity_manage_ddl_schema(&names);
	affinity_manage_become(&role, GetUserId());
	affinity_manage_ddl_all(&names);
	training.from = quote_qualified_identifier(name, "interactions");
	if (train && affinity_manage_train(&training))
	{
		if (strcmp(d->choice, AFFINITY_CHOICE_MADE) == 0)
		{
			Oid			schema = get_namespace_oid(name, false);

			d->view = affinity_definition_mark(schema);
			(void) affinity_manage_definition_write(&names, schema);
		}
		if (d->materialize)
			affinity_manage_keep(name, d, training.from, true);
		affinity_beside_write(name, training.popular);
	}
	else
	{
		affinity_manage_ddl_indexes(&names);
		affinity_manage_untrained(name, train);
	}
	affinity_manage_advise(name, d, training.users);
	affinity_manage_return(&role);
	SPI_finish();
}

/*
 * What auto means for a model that learns from more than rows of users and
 * items: the first algorithm that does.
 */
static const char *
resolve_auto(const char *algorithm, Jsonb *options, const char *signals,
			 const char *attributes)
{
	const AffinityAlgorithm *a;

	if (strcmp(algorithm, affinity_algorithm_auto.name) != 0 ||
		JB_ROOT_COUNT(options) > 0 ||
		(signals[0] == '\0' && attributes[0] == '\0'))
		return algorithm;
	for (int i = 0; (a = affinity_algorithm_number(i)) != NULL; i++)
	{
		if ((signals[0] == '\0' || a->takes_kinds) &&
			(attributes[0] == '\0' || a->attributes))
			return a->name;
	}
	return algorithm;
}

PG_FUNCTION_INFO_V1(affinity_manage_create);

/*
 * SQL: create_model(name, query, algorithm, options, if_exists, train,
 * materialize, item_attributes, signals, user_groups)
 */
Datum
affinity_manage_create(PG_FUNCTION_ARGS)
{
	ModelDefinition d = {0};
	char	   *name = affinity_base_text_arg(fcinfo, 0, "name");
	char	   *query = affinity_base_text_arg(fcinfo, 1, "query");
	const char *algorithm = affinity_base_text_arg(fcinfo, 2, "algorithm");
	Jsonb	   *options = PG_ARGISNULL(3) ?
		DatumGetJsonbP(DirectFunctionCall1(jsonb_in, CStringGetDatum("{}"))) :
		PG_GETARG_JSONB_P(3);
	IfExists	if_exists = if_exists_arg(fcinfo, 4);
	char	   *attributes = PG_ARGISNULL(7) ? "" :
		text_to_cstring(PG_GETARG_TEXT_PP(7));
	char	   *groups = PG_ARGISNULL(9) ? "" :
		text_to_cstring(PG_GETARG_TEXT_PP(9));

	affinity_base_check_not_null(fcinfo, 5, "train");
	affinity_base_check_not_null(fcinfo, 6, "materialize");
	d.materialize = PG_GETARG_BOOL(6);
	d.signals = affinity_manage_signals_text(PG_ARGISNULL(8) ? NULL :
											 PG_GETARG_JSONB_P(8));
	algorithm = resolve_auto(algorithm, options, d.signals, attributes);
	affinity_manage_definition_set(&d, algorithm, options);
	check_name(name);
	PreventCommandIfReadOnly("affinity.create_model()");
	PreventCommandDuringRecovery("affinity.create_model()");
	lock_name(name);
	if (!is_taken(name, if_exists))
	{
		affinity_definition_source_text(query, &d);
		affinity_beside_attributes_text(attributes, &d);
		affinity_beside_groups_text(groups, &d);
		affinity_manage_check_attributes(&d);
		affinity_manage_signals_check(&d);
		create(name, &d, PG_GETARG_BOOL(5));
	}
	else if (if_exists == EXISTS_REPLACE)
	{
		const ModelAlteration asked = {
			query, algorithm, options, &d.materialize, attributes,
			d.signals, groups, true
		};

		affinity_manage_alter(name, &asked);
	}
	else
		ereport(NOTICE,
				(errmsg("model \"%s\" already exists and stays as it is",
						name)));
	PG_RETURN_VOID();
}
