/*
 * definition.c
 *		What a model is defined as: the view "definition" of its schema.
 *
 * The view gives one row of constants: the query in texts, algorithm, options.
 * So it survives what takes the source away, dumps without data, pg_upgrade
 * and renames, and anybody can look at it. It is read from the catalog, not by
 * running it: nothing that an owner may have put there is executed, and no
 * lock is waited for. What does not look as it was made is damaged.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_class.h"
#include "catalog/pg_rewrite.h"
#include "catalog/pg_type.h"
#include "nodes/nodeFuncs.h"
#include "nodes/primnodes.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

#include "algorithm/algorithm.h"
#include "definition/definition.h"

/*
 * The view's columns, found by name: releases add some at the end. What an
 * older release did not have is empty.
 */
enum
{
	DEFINITION_QUERY,
	DEFINITION_RESOLVED,
	DEFINITION_RENAMED,
	DEFINITION_ALGORITHM,
	DEFINITION_GIVEN_OPTIONS,
	DEFINITION_OPTIONS,
	DEFINITION_USER_TYPE,
	DEFINITION_ITEM_TYPE,
	DEFINITION_OBJECTS,
	DEFINITION_VIEW,
	DEFINITION_MATERIALIZE,
	DEFINITION_CHOICE,
	DEFINITION_ATTRIBUTES,
	DEFINITION_RESOLVED_ATTRIBUTES,
	DEFINITION_SIGNALS,
	DEFINITION_GROUPS,
	DEFINITION_RESOLVED_GROUPS,
	DEFINITION_N_COLUMNS
};

static const AffinityConstant columns[DEFINITION_N_COLUMNS] = {
	{"query", TEXTOID, false},
	{"resolved_query", TEXTOID, false},
	{"renamed_query", TEXTOID, true},
	{"algorithm", TEXTOID, false},
	{"given_options", JSONBOID, false},
	{"options", JSONBOID, false},
	{"user_type", TEXTOID, false},
	{"item_type", TEXTOID, false},
	{"objects", TEXTOID, false},
	{"interactions_view", TEXTOID, true},
	{"materialize", BOOLOID, true},
	{"choice", TEXTOID, true},
	{"item_attributes", TEXTOID, true},
	{"resolved_item_attributes", TEXTOID, true},
	{"signals", TEXTOID, true},
	{"user_groups", TEXTOID, true},
	{"resolved_user_groups", TEXTOID, true},
};

/*
 * The query of a view, from the catalog; NULL where there is none.
 */
static Query *
view_query(Oid view)
{
	HeapTuple	rule = SearchSysCache2(RULERELNAME, ObjectIdGetDatum(view),
									   PointerGetDatum("_RETURN"));
	Datum		action;
	bool		isnull;
	List	   *queries = NIL;

	if (!HeapTupleIsValid(rule))
		return NULL;
	action = SysCacheGetAttr(RULERELNAME, rule, Anum_pg_rewrite_ev_action,
							 &isnull);
	if (!isnull)
		queries = (List *) stringToNode(TextDatumGetCString(action));
	ReleaseSysCache(rule);
	return list_length(queries) == 1 ? linitial_node(Query, queries) : NULL;
}

/*
 * The values of the one row of constants that a view gives: of the n columns
 * named, those that are there and not null; the others are null.
 */
bool
affinity_definition_constants(Oid view, const AffinityConstant *column, int n,
							  Datum *values, bool *nulls)
{
	Query	   *query = get_rel_relkind(view) == RELKIND_VIEW ?
		view_query(view) : NULL;
	ListCell   *cell;

	if (query == NULL || query->commandType != CMD_SELECT ||
		query->jointree == NULL || query->jointree->fromlist != NIL ||
		query->jointree->quals != NULL || query->setOperations != NULL ||
		query->hasTargetSRFs || query->limitCount != NULL ||
		query->limitOffset != NULL)
		return false;
	for (int i = 0; i < n; i++)
		nulls[i] = true;
	foreach(cell, query->targetList)
	{
		TargetEntry *entry = lfirst_node(TargetEntry, cell);
		Const	   *value = (Const *) entry->expr;

		if (entry->resjunk || !IsA(value, Const) || entry->resname == NULL)
			return false;
		for (int i = 0; i < n; i++)
		{
			if (strcmp(entry->resname, column[i].name) != 0)
				continue;
			if (value->consttype != column[i].type)
				return false;
			values[i] = value->constvalue;
			nulls[i] = value->constisnull;
		}
	}
	for (int i = 0; i < n; i++)
	{
		if (nulls[i] && !column[i].optional)
			return false;
	}
	return true;
}

/*
 * Those of a definition.
 */
static bool
read_constants(Oid view, Datum *values)
{
	bool		nulls[DEFINITION_N_COLUMNS];

	if (!affinity_definition_constants(view, columns, DEFINITION_N_COLUMNS, values,
									   nulls))
		return false;
	for (int i = 0; i < DEFINITION_N_COLUMNS; i++)
	{
		if (nulls[i])
			values[i] = columns[i].type == BOOLOID ? BoolGetDatum(false) :
				CStringGetTextDatum("");
	}
	return true;
}

static Oid
id_type(const char *name)
{
	const Oid	types[] = {INT2OID, INT4OID, INT8OID, UUIDOID, TEXTOID};

	for (int i = 0; i < (int) lengthof(types); i++)
	{
		if (strcmp(name, format_type_be(types[i])) == 0)
			return types[i];
	}
	return InvalidOid;
}

/*
 * Read the definition of a model. It is an owner's text: only its form is
 * known to be right.
 */
DefinitionState
affinity_definition_read(Oid schema, ModelDefinition *d)
{
	Oid			view = get_relname_relid("definition", schema);
	Datum		v[DEFINITION_N_COLUMNS];

	memset(d, 0, sizeof(ModelDefinition));
	if (!OidIsValid(view))
		return DEFINITION_MISSING;
	if (!read_constants(view, v))
		return DEFINITION_DAMAGED;
	d->query = TextDatumGetCString(v[DEFINITION_QUERY]);
	d->resolved = TextDatumGetCString(v[DEFINITION_RESOLVED]);
	d->renamed = TextDatumGetCString(v[DEFINITION_RENAMED]);
	d->algorithm = TextDatumGetCString(v[DEFINITION_ALGORITHM]);
	d->given_options = DatumGetJsonbP(v[DEFINITION_GIVEN_OPTIONS]);
	d->options = DatumGetJsonbP(v[DEFINITION_OPTIONS]);
	d->user_type = id_type(TextDatumGetCString(v[DEFINITION_USER_TYPE]));
	d->item_type = id_type(TextDatumGetCString(v[DEFINITION_ITEM_TYPE]));
	d->objects = TextDatumGetCString(v[DEFINITION_OBJECTS]);
	d->view = TextDatumGetCString(v[DEFINITION_VIEW]);
	d->materialize = DatumGetBool(v[DEFINITION_MATERIALIZE]);
	d->choice = TextDatumGetCString(v[DEFINITION_CHOICE]);
	d->attributes = TextDatumGetCString(v[DEFINITION_ATTRIBUTES]);
	d->resolved_attributes =
		TextDatumGetCString(v[DEFINITION_RESOLVED_ATTRIBUTES]);
	d->signals = TextDatumGetCString(v[DEFINITION_SIGNALS]);
	d->groups = TextDatumGetCString(v[DEFINITION_GROUPS]);
	d->resolved_groups = TextDatumGetCString(v[DEFINITION_RESOLVED_GROUPS]);
	return OidIsValid(d->user_type) && OidIsValid(d->item_type) ?
		DEFINITION_FOUND : DEFINITION_DAMAGED;
}

/*
 * The algorithm that was asked for.
 */
const char *
affinity_definition_algorithm(const ModelDefinition *d)
{
	return d->choice[0] != '\0' ? affinity_algorithm_auto.name : d->algorithm;
}

/*
 * What to do about a damaged definition. Moved away, it can still be looked at.
 */
char *
affinity_definition_hint(const char *name)
{
	return psprintf("ALTER TABLE %s RENAME TO damaged_definition; SELECT affinity.refresh_model(%s);",
					quote_qualified_identifier(name, "definition"),
					quote_literal_cstr(name));
}

void
affinity_definition_damaged(const char *name, const char *why)
{
	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("the definition of model \"%s\" is damaged", name),
			 errdetail_internal("%s", why),
			 errhint("To take it from the view \"interactions\" and the model's row: %s",
					 affinity_definition_hint(name))));
}

/*
 * Say that nothing tells any more what a model is.
 */
void
affinity_definition_undefined(const char *name)
{
	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("model \"%s\" has neither a definition nor a row in table \"model\"",
					name),
			 errhint("Drop it and create it again: SELECT affinity.drop_model(%s);",
					 quote_literal_cstr(name))));
}

/*
 * Say that nothing tells what a model reads.
 */
void
affinity_definition_no_source(const char *name, const char *wrong)
{
	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("model \"%s\" has neither a definition nor a usable view \"interactions\"",
					name),
			 errdetail("%s", wrong),
			 errhint("Say what it is made from: affinity.alter_model(%s, query => 'SELECT user, item FROM table').",
					 quote_literal_cstr(name))));
}

/*
 * What to do about a table "model" with other columns than
 * affinity.model_record. It is what makes the schema a model, so it is not made
 * again beneath it.
 */
char *
affinity_definition_other_columns_hint(const char *name, Oid schema)
{
	ModelDefinition d;
	StringInfoData hint;

	initStringInfo(&hint);
	appendStringInfo(&hint, "SELECT affinity.drop_model(%s);",
					 quote_literal_cstr(name));
	if (affinity_definition_read(schema, &d) == DEFINITION_FOUND)
		appendStringInfo(&hint, " SELECT affinity.create_model(%s, %s, %s, %s%s%s%s);",
						 quote_literal_cstr(name),
						 quote_literal_cstr(d.resolved),
						 quote_literal_cstr(affinity_definition_algorithm(&d)),
						 quote_literal_cstr(JsonbToCString(NULL, &d.given_options->root,
														   VARSIZE(d.given_options))),
						 d.attributes[0] == '\0' ? "" :
						 psprintf(", item_attributes => %s",
								  quote_literal_cstr(d.resolved_attributes)),
						 d.signals[0] == '\0' ? "" :
						 psprintf(", signals => %s",
								  quote_literal_cstr(d.signals)),
						 d.groups[0] == '\0' ? "" :
						 psprintf(", user_groups => %s",
								  quote_literal_cstr(d.resolved_groups)));
	return hint.data;
}

void
affinity_definition_other_columns(const char *name, Oid schema)
{
	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("table \"model\" of model \"%s\" has other columns than it was made with",
					name),
			 errhint("Drop the model and create it again: %s",
					 affinity_definition_other_columns_hint(name, schema))));
}

/* ---- what a query reads -------------------------------------------------- */

static bool
add_relations(Node *node, void *context)
{
	List	  **relations = context;

	if (node == NULL)
		return false;
	if (IsA(node, RangeTblEntry))
	{
		const		RangeTblEntry *entry = (RangeTblEntry *) node;

		/* a view's own entries, "old" and "new", are in no FROM */
		if (entry->rtekind == RTE_RELATION && entry->inFromCl)
			*relations = list_append_unique_oid(*relations, entry->relid);
		return false;
	}
	if (IsA(node, Query))
		return query_tree_walker((Query *) node, add_relations, context,
								 QTW_EXAMINE_RTES_BEFORE);
	return expression_tree_walker(node, add_relations, context);
}

/*
 * The relations that a query reads, each once, in order of mention.
 */
List *
affinity_definition_relations(const Query * query)
{
	List	   *relations = NIL;

	(void) add_relations((Node *) query, &relations);
	return relations;
}
