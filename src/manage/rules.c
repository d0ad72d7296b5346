/*
 * rules.c
 *		set_rules: what a model's lists have to keep to.
 *
 * Texts are parsed as the caller, views are made as the owner, and triggers on
 * the tables of items again as the caller, whose tables they may be.
 */
#include "postgres.h"

#include <math.h>

#include "access/transam.h"
#include "access/xact.h"
#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "tcop/utility.h"
#include "utils/acl.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"

#include "base/try.h"
#include "manage/objects.h"

/* So often a refresh tries to lock what the rules read. */
#define MAX_TRIES 10

/* Arguments of set_rules, in order. */
enum
{
	ARG_NAME,
	ARG_ITEMS,
	ARG_ELIGIBLE,
	ARG_GROUP_BY,
	ARG_MAX_PER_GROUP,
	ARG_BOOST,
	ARG_PENALTY,
	ARG_DIVERSITY,
	ARG_EXPLORATION,
	ARG_MIN_SCORE,
	ARG_PIN,
	ARG_EXCLUDE,
	ARG_NOT_WITHIN,
	ARG_REPEAT,
	N_ARGS
};

static char *
text_arg(FunctionCallInfo fcinfo, int arg)
{
	return PG_ARGISNULL(arg) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(arg));
}

static double
number_arg(FunctionCallInfo fcinfo, int arg)
{
	return PG_ARGISNULL(arg) ? (double) NAN : PG_GETARG_FLOAT8(arg);
}

/*
 * What is said of expressions needs the items that they are about.
 */
static void
check_items(const AffinityRuleSet *set)
{
	const char *what = set->eligible ? "eligible" :
		set->group_by ? "group_by" :
		set->boost && !affinity_rules_is_json(set->boost) ? "boost" : NULL;

	if (set->items == NULL && what != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s needs items", what),
				 errhint("It is an expression over a table of items: items => 'products', or items => 'SELECT item_id, ... FROM products'.")));
	if (set->max_per_group > 0 && set->group_by == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("max_per_group needs group_by"),
				 errhint("Say what the group of an item is: group_by => 'category', of the items => 'products'.")));
}

/*
 * A list of ids, of whatever type they are given as, as text.
 */
static ArrayType *
ids_arg(FunctionCallInfo fcinfo, int arg, const char *name, Oid item_type)
{
	Oid			type = get_fn_expr_argtype(fcinfo->flinfo, arg);
	Oid			element = OidIsValid(type) ? get_element_type(type) : InvalidOid;
	Datum		array;
	Datum	   *elements;
	bool	   *nulls;
	int			n;
	int			n_ids = 0;
	int16		len;
	bool		byval;
	char		align;

	if (PG_ARGISNULL(arg))
		return NULL;
	array = PG_GETARG_DATUM(arg);
	if (type == UNKNOWNOID)
	{
		array = OidInputFunctionCall(F_ARRAY_IN, DatumGetCString(array),
									 TEXTOID, -1);
		element = TEXTOID;
	}
	if (!OidIsValid(element))
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("%s is of type %s, not an array of items", name,
						OidIsValid(type) ? format_type_be(type) : "unknown"),
				 errhint("Write it like: %s => ARRAY[...]::%s[]", name,
						 format_type_be(item_type))));
	get_typlenbyvalalign(element, &len, &byval, &align);
	deconstruct_array(DatumGetArrayTypeP(array), element, len, byval, align,
					  &elements, &nulls, &n);
	for (int i = 0; i < n; i++)
	{
		char	   *text;
		Datum		id;

		if (nulls[i])
			continue;
		text = affinity_base_id_display(elements[i], element);
		if (!affinity_rules_id_from_text(text, item_type, &id))
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
					 errmsg("\"%s\" in %s is not an item of type %s", text,
							name, format_type_be(item_type)),
					 errhint("%s is a list of items as the model has them.",
							 name)));
		elements[n_ids++] = CStringGetTextDatum(affinity_base_id_display(id,
																		 item_type));
	}
	return construct_array(elements, n_ids, TEXTOID, -1, false, TYPALIGN_INT);
}

/*
 * What is asked for, checked as far as the model does not matter; false where
 * that is nothing.
 */
static bool
take_arguments(FunctionCallInfo fcinfo, AffinityRuleSet *set)
{
	const char *hint;
	const char *wrong;
	bool		any = false;

	for (int i = ARG_ITEMS; i < N_ARGS; i++)
		any |= !PG_ARGISNULL(i);
	affinity_rules_none(set);
	set->items = text_arg(fcinfo, ARG_ITEMS);
	set->eligible = text_arg(fcinfo, ARG_ELIGIBLE);
	set->group_by = text_arg(fcinfo, ARG_GROUP_BY);
	set->boost = text_arg(fcinfo, ARG_BOOST);
	set->penalty = number_arg(fcinfo, ARG_PENALTY);
	set->diversity = number_arg(fcinfo, ARG_DIVERSITY);
	set->exploration = number_arg(fcinfo, ARG_EXPLORATION);
	set->min_score = number_arg(fcinfo, ARG_MIN_SCORE);
	set->repeat = number_arg(fcinfo, ARG_REPEAT);
	if (!PG_ARGISNULL(ARG_NOT_WITHIN))
		set->not_within = PG_GETARG_INTERVAL_P(ARG_NOT_WITHIN);
	if (!PG_ARGISNULL(ARG_MAX_PER_GROUP))
		set->max_per_group = PG_GETARG_INT64(ARG_MAX_PER_GROUP) == 0 ? -1 :
			PG_GETARG_INT64(ARG_MAX_PER_GROUP);
	wrong = affinity_rules_wrong(set, &hint);
	if (set->max_per_group == -1)
		wrong = "max_per_group must be 1 or more";
	if (wrong != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg_internal("%s", wrong),
				 errhint("%s", hint)));
	check_items(set);
	if (set->boost != NULL && affinity_rules_is_json(set->boost))
		affinity_rules_check_boosts(set->boost);
	return any;
}

/* A part of that, whose result is *done. */
typedef struct RulesPart
{
	ModelExisting *e;
	bool		(*part) (const char *name, Oid schema);
	bool	   *done;
} RulesPart;

static void
do_part(void *arg)
{
	RulesPart  *p = arg;

	*p->done = p->part(p->e->name, p->e->schema);
}

/*
 * Do a part of that, and go on where it fails; what is wrong then, else NULL.
 */
static char *
attempt(ModelExisting *e, bool (*part) (const char *name, Oid schema),
		bool *done)
{
	RulesPart	p = {e, part, done};
	ErrorData  *error = affinity_base_try(do_part, &p);

	if (error == NULL)
		return NULL;
	if (error->sqlerrcode == ERRCODE_QUERY_CANCELED)
		ReThrowError(error);
	return error->message;
}

/* ---- locks ------------------------------------------------------------- */

static void
add_tables(AffinityLocks *locks, const List *tables, LOCKMODE mode)
{
	ListCell   *cell;

	foreach(cell, tables)
	{
		if (affinity_base_owns_relation(lfirst_oid(cell), GetUserId()))
			affinity_base_locks_add(locks, RelationRelationId,
									lfirst_oid(cell), mode);
	}
}

/*
 * What set_rules locks against readers of the model and against writers of its
 * items: who writes items and then asks the model must not be waited for with
 * the model in hand. The views first, as serving comes to them first.
 */
static void
find_locks(Oid schema, Oid table, AffinityRuleSet *set, Oid item_type,
		   AffinityLocks *locks)
{
	Oid			sequence = get_relname_relid("model_version", schema);
	List	   *read = NIL;
	List	   *former;
	ListCell   *cell;

	affinity_base_locks_begin(locks);
	affinity_rules_resolve(set, item_type);
	affinity_manage_connect();
	former = affinity_rules_unneeded(affinity_rules_tables(schema), schema);
	add_tables(locks, affinity_rules_views(schema), AccessExclusiveLock);
	if (set->catalog[0] != '\0')
		add_tables(locks, affinity_rules_to_watch(set->catalog, &read),
				   ShareRowExclusiveLock);
	add_tables(locks, list_difference_oid(former, read), AccessExclusiveLock);
	foreach(cell, read)
	{
		/* triggers are there too, by OID */
		if (lfirst_oid(cell) >= FirstNormalObjectId &&
			get_rel_relkind(lfirst_oid(cell)) != '\0')
			affinity_base_locks_add(locks, RelationRelationId,
									lfirst_oid(cell), AccessShareLock);
	}
	if (OidIsValid(sequence))
		affinity_base_locks_add(locks, RelationRelationId, sequence,
								ShareUpdateExclusiveLock);
	affinity_base_locks_add(locks, RelationRelationId, table,
							ShareUpdateExclusiveLock);
	SPI_finish();
}

/* What find_locks is asked. */
typedef struct LocksAsked
{
	Oid			schema;
	Oid			table;
	AffinityRuleSet *set;
	Oid			item_type;
	AffinityLocks *locks;
} LocksAsked;

static void
find_asked(void *arg)
{
	LocksAsked *l = arg;

	find_locks(l->schema, l->table, l->set, l->item_type, l->locks);
}

/*
 * Find that, and give back the locks that reading texts takes: a drop needs
 * those tables, and would find them locked by all who wait behind it.
 */
static void
look_for_locks(Oid schema, Oid table, AffinityRuleSet *set, Oid item_type,
			   AffinityLocks *locks)
{
	LocksAsked	asked = {schema, table, set, item_type, locks};
	ErrorData  *error = affinity_base_try_undone(find_asked, &asked);

	if (error != NULL)
		ReThrowError(error);
}

/*
 * Lock that, all or none, and resolve the texts. The model may be dropped while
 * this waits, or its name be given to another.
 */
static void
lock_to_set(const char *name, AffinityRuleSet *set, Oid item_type)
{
	for (;;)
	{
		AffinityLocks locks;
		AffinityLocks now;
		Oid			table;
		Oid			now_table;
		Oid			schema = affinity_model_schema(name, &table);

		if (!affinity_base_owns_schema(schema, GetUserId()))
			aclcheck_error(ACLCHECK_NOT_OWNER, OBJECT_SCHEMA, name);
		look_for_locks(schema, table, set, item_type, &locks);
		affinity_base_lock_all(&locks);
		AcceptInvalidationMessages();
		if (affinity_model_schema(name, &now_table) != schema ||
			now_table != table)
			affinity_model_missing(name);
		find_locks(schema, table, set, item_type, &now);
		if (affinity_base_locks_within(&now, &locks))
			return;
		affinity_base_unlock(&locks);
	}
}

/*
 * The same for a refresh, which has the model already, and may have replaced what
 * readers need: it only tries, and not for long.
 */
static bool
lock_to_renew(const char *name, Oid schema)
{
	const char *outdated = affinity_rules_outdated(name, schema);
	Oid			view = get_relname_relid(AFFINITY_CATALOG_VIEW, schema);
	const char *query = outdated ? outdated : OidIsValid(view) ?
		psprintf("SELECT * FROM %s",
				 quote_qualified_identifier(name, AFFINITY_CATALOG_VIEW)) : NULL;
	AffinityLocks locks;
	List	   *read = NIL;

	if (query == NULL)
		return true;
	affinity_base_locks_begin(&locks);
	add_tables(&locks, affinity_rules_to_watch(query, &read),
			   ShareRowExclusiveLock);
	if (outdated != NULL && OidIsValid(view))
		affinity_base_locks_add(&locks, RelationRelationId, view,
								AccessExclusiveLock);
	for (int i = 0; !affinity_base_lock_at_once(&locks); i++)
	{
		if (i == MAX_TRIES)
			return false;
		affinity_base_wait_a_little();
	}
	return true;
}

/* ---- refresh ----------------------------------------------------------- */

static bool
watch(const char *name, Oid schema)
{
	affinity_rules_watch(name, schema, false);
	return true;
}

/*
 * Make the catalog of a model again where it went with a table that it read, or
 * where another table has the name of one that it reads; then watch what is not
 * watched, as a new partition. The caller is the owner. A refresh does not fail
 * for it: the model is trained, and its functions say what is missing.
 */
void
affinity_manage_renew_rules(ModelExisting *e)
{
	bool		made = false;
	bool		watched;
	bool		locked = true;
	char	   *wrong;

	if (affinity_rules_views(e->schema) == NIL)
		return;
	wrong = attempt(e, lock_to_renew, &locked);
	if (!locked)
	{
		ereport(WARNING,
				(errmsg("rules of model \"%s\" were not brought up to date: others are at work on what they read",
						e->name),
				 errhint("Once they are done: SELECT affinity.refresh_model(%s);",
						 quote_literal_cstr(e->name))));
		return;
	}
	if (wrong == NULL)
		wrong = attempt(e, affinity_rules_renew, &made);
	/* while the view is there, tables may have other names than they had */
	if (wrong != NULL && !affinity_rules_lack_catalog(e->schema))
		wrong = NULL;
	if (wrong == NULL)
		wrong = attempt(e, watch, &watched);
	if (wrong != NULL)
		ereport(WARNING,
				(errmsg("rules of model \"%s\" cannot be read: %s", e->name,
						wrong),
				 errhint("Once what they read is there again: SELECT affinity.refresh_model(%s); To go on without rules: SELECT affinity.set_rules(%s);",
						 quote_literal_cstr(e->name),
						 quote_literal_cstr(e->name))));
	if (made)
		appendStringInfo(&e->change.done, "%scatalog made",
						 e->change.done.len > 0 ? ", " : "");
}

PG_FUNCTION_INFO_V1(affinity_manage_set_rules);

/*
 * SQL: set_rules(name, ...)
 */
Datum
affinity_manage_set_rules(PG_FUNCTION_ARGS)
{
	ModelExisting e = {0};
	char	   *name = affinity_base_text_arg(fcinfo, ARG_NAME, "name");
	AffinityRuleSet set;
	bool		any = take_arguments(fcinfo, &set);
	Oid			table;
	ModelDefinition d;
	List	   *former;
	DefinitionState state;

	PreventCommandIfReadOnly("affinity.set_rules()");
	PreventCommandDuringRecovery("affinity.set_rules()");
	state = affinity_definition_read(affinity_model_schema(name, &table), &d);
	if (state == DEFINITION_MISSING)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("model \"%s\" has no view \"definition\"", name),
				 errhint("To make it again from the view \"interactions\" and the model's row: SELECT affinity.refresh_model(%s);",
						 quote_literal_cstr(name))));
	if (state == DEFINITION_DAMAGED)
		affinity_definition_damaged(name,
									"It is not the view of constants that create_model makes.");
	set.pin = ids_arg(fcinfo, ARG_PIN, "pin", d.item_type);
	set.exclude = ids_arg(fcinfo, ARG_EXCLUDE, "exclude", d.item_type);
	lock_to_set(name, &set, d.item_type);
	affinity_manage_open(&e, name);
	former = affinity_rules_tables(e.schema);
	if (any)
		affinity_rules_write(name, e.schema, &set);
	else
		affinity_rules_remove(name, e.schema);
	affinity_manage_return(&e.role);
	affinity_rules_watch(name, e.schema, true);
	affinity_rules_unwatch(affinity_rules_unneeded(former, InvalidOid), true);
	SPI_finish();
	PG_RETURN_VOID();
}
