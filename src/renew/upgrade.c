/*
 * upgrade.c
 *		upgrade_models, upgrade_model: models get the functions, views and tables
 *		of this version, without a training.
 *
 * The scripts of ALTER EXTENSION ... UPDATE end with upgrade_models too. There it
 * runs as a superuser for the models of everybody, each as its owner and
 * restricted (manage/role.c). Nothing that an owner does may stop the update:
 * what fails is said and rolled back by itself, locks are not waited for for
 * long, and what would run something that the owner wrote is left for later.
 * What is made belongs to models and not to the extension.
 */
#include "postgres.h"

#include "commands/extension.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "storage/lock.h"
#include "tcop/utility.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"

#include "base/catalog.h"
#include "base/try.h"
#include "renew/renew.h"

/* How long an update waits for each lock of a model, in ms. */
#define UPDATE_LOCK_TIMEOUT	5000

#define NOTHING_TO_DO	"nothing to do"

/* One model, and what became of it. */
typedef struct Upgrade
{
	const char *name;
	bool		update;			/* of the extension */
	MemoryContext context;		/* of what was done */
	char	   *done;
} Upgrade;

/*
 * Bring the objects of one model up to date. A model whose items do not fit says
 * so. Nothing is done, and done is NULL, where others are at the model and an
 * update does not wait for them.
 */
static void
bring_up(void *arg)
{
	Upgrade    *u = arg;
	ModelExisting e = {0};
	const char *apart = affinity_base_catalog_apart();

	if (apart != NULL)
	{
		u->done = MemoryContextStrdup(u->context, apart);
		return;
	}
	e.if_running = u->update ? AFFINITY_RUNNING_SKIP : AFFINITY_RUNNING_WAIT;
	e.change.update = u->update;
	if (!affinity_manage_open(&e, u->name))
		return;
	affinity_manage_settle(&e);
	(void) affinity_manage_change(&e.change);
	if (!u->update)
		affinity_manage_renew_rules(&e);
	u->done = MemoryContextStrdup(u->context, e.change.done.len > 0 ?
								  e.change.done.data : NOTHING_TO_DO);
	affinity_manage_close(&e);
}

/*
 * The same as a part that may fail; what was done, or what is in the way.
 */
static char *
try_to_bring_up(const char *name, bool update, bool *failed)
{
	Upgrade		u = {name, update, CurrentMemoryContext, NULL};
	ErrorData  *error = affinity_base_try(bring_up, &u);

	*failed = error != NULL;
	if (error == NULL)
		return u.done;
	if (error->sqlerrcode == ERRCODE_QUERY_CANCELED)
		ReThrowError(error);
	return psprintf("failed: %s%s%s", error->message, error->hint ? "; " : "",
					error->hint ? error->hint : "");
}

/*
 * Names of the models that the current user may upgrade.
 */
static List *
own_models(void)
{
	List	   *names = NIL;
	ListCell   *cell;

	foreach(cell, affinity_manage_tables())
	{
		Oid			schema = get_rel_namespace(lfirst_oid(cell));
		char	   *name = OidIsValid(schema) ? get_namespace_name(schema) : NULL;

		if (name != NULL && affinity_model_table(schema) == lfirst_oid(cell) &&
			affinity_base_owns_schema(schema, GetUserId()))
			names = lappend(names, name);
	}
	return names;
}

/*
 * All models, from the script of an update. Scripts show no notice: INFO is
 * always shown.
 */
static void
update_all(void)
{
	char		timeout[16];
	int			nest;
	ListCell   *cell;

	/* else on the way to a later version, whose script comes to this too */
	if (affinity_base_catalog_is_later() && own_models() != NIL)
		ereport(WARNING,
				(errmsg("no model was upgraded"),
				 errhint("%s Then: SELECT affinity.upgrade_models();",
						 affinity_base_catalog_apart())));
	if (affinity_base_catalog_apart() != NULL)
		return;
	nest = NewGUCNestLevel();
	if (LockTimeout == 0 || LockTimeout > UPDATE_LOCK_TIMEOUT)
	{
		snprintf(timeout, sizeof(timeout), "%d", UPDATE_LOCK_TIMEOUT);
		(void) set_config_option("lock_timeout", timeout, PGC_USERSET,
								 PGC_S_SESSION, GUC_ACTION_SAVE, true, 0,
								 false);
	}
	foreach(cell, own_models())
	{
		const char *name = lfirst(cell);
		bool		failed;
		char	   *done;

		CHECK_FOR_INTERRUPTS();
		done = try_to_bring_up(name, true, &failed);
		if (done == NULL || failed)
			ereport(WARNING,
					(errmsg("model \"%s\" was not upgraded", name),
					 errdetail_internal("%s", done ? done :
										"Another session is changing it."),
					 errhint("It goes on serving. To upgrade it later: SELECT affinity.upgrade_model(%s);",
							 quote_literal_cstr(name))));
		else if (strcmp(done, NOTHING_TO_DO) != 0)
			ereport(INFO,
					(errmsg("model \"%s\" was upgraded: %s", name, done)));
	}
	AtEOXact_GUC(false, nest);
}

PG_FUNCTION_INFO_V1(affinity_manage_upgrade);

/*
 * SQL: upgrade_models(): name, done
 */
Datum
affinity_manage_upgrade(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result;
	ListCell   *cell;

	PreventCommandIfReadOnly("affinity.upgrade_models()");
	PreventCommandDuringRecovery("affinity.upgrade_models()");
	InitMaterializedSRF(fcinfo, 0);
	result = (ReturnSetInfo *) fcinfo->resultinfo;
	if (creating_extension)
	{
		/* what is made in between is no part of the extension */
		creating_extension = false;
		PG_TRY();
		{
			update_all();
		}
		PG_FINALLY();
		{
			creating_extension = true;
		}
		PG_END_TRY();
		return (Datum) 0;
	}
	foreach(cell, own_models())
	{
		char	   *name = lfirst(cell);
		bool		failed;
		NameData	column;
		Datum		values[2];
		bool		nulls[2] = {0};

		CHECK_FOR_INTERRUPTS();
		namestrcpy(&column, name);
		values[0] = NameGetDatum(&column);
		values[1] = CStringGetTextDatum(try_to_bring_up(name, false,
														&failed));
		tuplestore_putvalues(result->setResult, result->setDesc, values,
							 nulls);
	}
	return (Datum) 0;
}

PG_FUNCTION_INFO_V1(affinity_renew_upgrade_model);

/*
 * SQL: upgrade_model(name): what was done
 */
Datum
affinity_renew_upgrade_model(PG_FUNCTION_ARGS)
{
	Upgrade		u = {affinity_base_text_arg(fcinfo, 0, "name"), false,
	CurrentMemoryContext, NULL};

	PreventCommandIfReadOnly("affinity.upgrade_model()");
	PreventCommandDuringRecovery("affinity.upgrade_model()");
	bring_up(&u);
	PG_RETURN_TEXT_P(cstring_to_text(u.done));
}
