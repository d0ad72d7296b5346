/*
 * resolve.c
 *		Texts of rules: what gives the items, and expressions over its columns.
 *
 * They are parsed as the caller, by the caller's search_path, one by one, so that
 * an error points into the text that is wrong. An expression is one and no more:
 * its text is put between parentheses, and nothing in it can end those.
 */
#include "postgres.h"

#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "mb/pg_wchar.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "nodes/parsenodes.h"
#include "parser/analyze.h"
#include "parser/parser.h"
#include "parser/scansup.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/typcache.h"

#include "rules/book.h"

static const char *const names[] = {
	[RULE_ELIGIBLE] = "eligible",
	[RULE_GROUP] = "group_by",
	[RULE_BOOST] = "boost",
};

static const char *const examples[] = {
	[RULE_ELIGIBLE] = "Write a condition on columns of the items, such as: in_stock AND price < 100.",
	[RULE_GROUP] = "Write what items of a group have in common, such as: category.",
	[RULE_BOOST] = "Write a number, or an expression on columns of the items, such as: CASE WHEN is_new THEN 2 ELSE 1 END.",
};

/* ---- expressions ------------------------------------------------------- */

/* Where an expression stands in the text that is parsed. */
typedef struct Place
{
	RuleKind	kind;
	const char *text;
	int			before;			/* characters */
} Place;

/*
 * Errors of the parser point into the expression.
 */
static void
point_into(void *arg)
{
	const Place *place = arg;
	int			position = geterrposition();

	if (position > 0)
	{
		errposition(0);
		position -= place->before;
		if (position > 0 && position <= pg_mbstrlen(place->text))
		{
			internalerrposition(position);
			internalerrquery(place->text);
		}
	}
	errcontext("%s of the rules", names[place->kind]);
}

pg_noreturn static void
not_an_expression(RuleKind kind)
{
	ereport(ERROR,
			(errcode(ERRCODE_SYNTAX_ERROR),
			 errmsg("%s must be one SQL expression", names[kind]),
			 errhint("%s", examples[kind])));
}

/*
 * One expression, and nothing that makes more of it than that?
 */
static void
check_form(RuleKind kind, const char *text)
{
	List	   *statements = raw_parser(text, RAW_PARSE_PLPGSQL_EXPR);
	const SelectStmt *select;
	const		ResTarget *target;

	if (list_length(statements) != 1)
		not_an_expression(kind);
	select = (SelectStmt *) linitial_node(RawStmt, statements)->stmt;
	if (!IsA(select, SelectStmt) || list_length(select->targetList) != 1 ||
		select->distinctClause || select->intoClause || select->fromClause ||
		select->whereClause || select->groupClause || select->havingClause ||
		select->windowClause || select->valuesLists || select->sortClause ||
		select->limitOffset || select->limitCount || select->lockingClause ||
		select->withClause || select->op != SETOP_NONE)
		not_an_expression(kind);
	target = linitial_node(ResTarget, select->targetList);
	if (target->name != NULL || target->indirection != NIL)
		not_an_expression(kind);
}

static bool
is_number(Oid type)
{
	return type == INT2OID || type == INT4OID || type == INT8OID ||
		type == FLOAT4OID || type == FLOAT8OID || type == NUMERICOID;
}

static void
check_type(RuleKind kind, const Node *expr)
{
	Oid			type = getBaseType(exprType(expr));
	const TypeCacheEntry *entry;

	switch (kind)
	{
		case RULE_ELIGIBLE:
			if (type == BOOLOID)
				return;
			break;
		case RULE_BOOST:
			if (is_number(type))
				return;
			break;
		case RULE_GROUP:
			entry = lookup_type_cache(type, TYPECACHE_EQ_OPR_FINFO |
									  TYPECACHE_HASH_PROC_FINFO);
			if (OidIsValid(entry->eq_opr_finfo.fn_oid) &&
				OidIsValid(entry->hash_proc_finfo.fn_oid))
				return;
			break;
	}
	ereport(ERROR,
			(errcode(ERRCODE_DATATYPE_MISMATCH),
			 errmsg("%s is of type %s, which %s", names[kind],
					format_type_be(exprType(expr)),
					kind == RULE_ELIGIBLE ? "is not boolean" :
					kind == RULE_BOOST ? "is not a number" :
					"cannot be compared for equality by a hash"),
			 errhint("%s", examples[kind])));
}

/*
 * Is a text an expression of the right type over what stands in FROM, with or
 * without jsonb parameters as $1? Else an error.
 */
void
affinity_rules_check(RuleKind kind, const char *text, const char *from,
					 bool parameters)
{
	static const Oid types[] = {JSONBOID};
	const char *begin = "SELECT (";
	char	   *sql = psprintf("%s%s\n) FROM %s", begin, text, from);
	Place		place = {kind, text, 0};
	ErrorContextCallback callback;
	const		RawStmt *raw;
	const		Query *query;
	const		TargetEntry *target;

	callback.callback = point_into;
	callback.arg = &place;
	callback.previous = error_context_stack;
	error_context_stack = &callback;

	check_form(kind, text);
	place.before = (int) strlen(begin);
	raw = linitial_node(RawStmt, raw_parser(sql, RAW_PARSE_DEFAULT));
	query = parse_analyze_fixedparams((RawStmt *) raw, sql, types,
									  parameters ? 1 : 0, NULL);
	if (query->hasAggs || query->hasWindowFuncs || query->hasTargetSRFs)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("%s cannot use aggregates, window functions or functions that return sets",
						names[kind]),
				 errhint("Let the query of the items compute them: items => 'SELECT item_id, count(*) AS n FROM ... GROUP BY item_id'.")));
	target = linitial_node(TargetEntry, query->targetList);
	check_type(kind, (Node *) target->expr);

	error_context_stack = callback.previous;
}

/*
 * Is a boost an object in JSON? No expression begins so.
 */
bool
affinity_rules_is_json(const char *boost)
{
	while (scanner_isspace(*boost))
		boost++;
	return *boost == '{';
}

/* ---- items ------------------------------------------------------------- */

/*
 * Does a text begin as a query does? The name of a table may not, unless it is
 * quoted: `values` and `table` alone are names too.
 */
static bool
is_query(const char *text)
{
	static const char *const words[] = {"select", "with", "values", "table"};

	while (scanner_isspace(*text))
		text++;
	if (*text == '(' || strncmp(text, "--", 2) == 0 ||
		strncmp(text, "/*", 2) == 0)
		return true;
	for (int i = 0; i < (int) lengthof(words); i++)
	{
		size_t		len = strlen(words[i]);

		if (pg_strncasecmp(text, words[i], len) == 0 &&
			(scanner_isspace(text[len]) || text[len] == '(' ||
			 text[len] == '*'))
			return true;
	}
	return false;
}

/*
 * What is no name was perhaps meant for a query.
 */
static void
explain_name(void *arg)
{
	(void) arg;
	if (geterrcode() == ERRCODE_INVALID_NAME)
		errhint("items is the name of a table or view, such as shop.products, or one SELECT.");
	errcontext("items of the rules");
}

/*
 * A query for what is given as items, and what its rows are called.
 */
static char *
items_query(const char *items, char **alias)
{
	const		RangeVar *name;
	ErrorContextCallback callback;

	*alias = "items";
	if (is_query(items))
		return pstrdup(items);
	callback.callback = explain_name;
	callback.arg = NULL;
	callback.previous = error_context_stack;
	error_context_stack = &callback;
	name = makeRangeVarFromNameList(affinity_base_name_list(items));
	error_context_stack = callback.previous;
	*alias = pstrdup(quote_identifier(name->relname));
	return psprintf("SELECT * FROM %s%s%s",
					name->catalogname ? quote_identifier(name->catalogname) : "",
					name->catalogname ? "." : "",
					quote_qualified_identifier(name->schemaname,
											   name->relname));
}

/*
 * The column of ids: item_id, or else the first. An error where names of columns
 * cannot stand in the view.
 */
static const TargetEntry *
find_item(const Query * query)
{
	const		TargetEntry *item = NULL;
	List	   *seen = NIL;
	ListCell   *cell;

	foreach(cell, query->targetList)
	{
		const		TargetEntry *column = lfirst_node(TargetEntry, cell);

		if (column->resjunk)
			continue;
		if (item == NULL || strcmp(column->resname, "item_id") == 0)
			item = column;
		if (strncmp(column->resname, "rule_", 5) == 0 ||
			list_member(seen, makeString(column->resname)))
			ereport(ERROR,
					(errcode(ERRCODE_DUPLICATE_COLUMN),
					 errmsg("items of set_rules have %s column \"%s\"",
							strncmp(column->resname, "rule_", 5) == 0 ?
							"a" : "more than one", column->resname),
					 errhint("Give it another name in the query, which is not one that begins with rule_: SELECT item_id, %s AS other_name, ...",
							 quote_identifier(column->resname))));
		seen = lappend(seen, makeString(column->resname));
	}
	if (item == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("items of set_rules have no column"),
				 errhint("Its column item_id, or else its first one, says which item a row is about.")));
	return item;
}

/*
 * The query of the view "catalog" of rules as they were given, as the caller;
 * that and "" where there are no items go into the set.
 */
void
affinity_rules_resolve(AffinityRuleSet *set, Oid item_type)
{
	StringInfoData sql;
	StringInfoData item;
	const		TargetEntry *id;
	Query	   *query;
	char	   *alias;
	char	   *rows;
	char	   *from;
	Oid			type;
	ListCell   *cell;

	set->catalog = pstrdup("");
	if (set->items == NULL)
		return;
	rows = items_query(set->items, &alias);
	query = affinity_definition_source_query(rows, AFFINITY_CATALOG_SOURCE, &rows);
	from = psprintf("(\n%s\n) AS %s", rows, alias);
	id = find_item(query);
	initStringInfo(&item);
	type = affinity_definition_source_id(query, id, "item",
										 quote_identifier(id->resname), &item);
	if (!affinity_base_id_alike(type, item_type))
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("items of set_rules are of type %s, but those of the model of type %s",
						format_type_be(type), format_type_be(item_type)),
				 errhint("Its column \"%s\" says which item a row is about: let the query cast it, or name another one item_id.",
						 id->resname)));

	initStringInfo(&sql);
	appendStringInfo(&sql, "SELECT %s.%s::%s AS item_id, ", alias,
					 quote_identifier(id->resname),
					 format_type_be_qualified(type));
	if (set->eligible != NULL)
		affinity_rules_check(RULE_ELIGIBLE, set->eligible, from, false);
	appendStringInfo(&sql, "(%s\n)::pg_catalog.bool AS rule_eligible, ",
					 set->eligible ? set->eligible : "true");
	if (set->group_by != NULL)
		affinity_rules_check(RULE_GROUP, set->group_by, from, false);
	appendStringInfo(&sql, "(%s\n) AS rule_group, ",
					 set->group_by ? set->group_by : "NULL::pg_catalog.text");
	if (set->boost != NULL && !affinity_rules_is_json(set->boost))
	{
		affinity_rules_check(RULE_BOOST, set->boost, from, false);
		appendStringInfo(&sql, "(%s\n)", set->boost);
	}
	else
		appendStringInfoString(&sql, "1");
	appendStringInfoString(&sql, "::pg_catalog.float8 AS rule_boost");
	foreach(cell, query->targetList)
	{
		const		TargetEntry *column = lfirst_node(TargetEntry, cell);

		if (!column->resjunk && strcmp(column->resname, "item_id") != 0)
			appendStringInfo(&sql, ", %s.%s", alias,
							 quote_identifier(column->resname));
	}
	appendStringInfo(&sql, " FROM %s", from);
	query = affinity_definition_source_query(sql.data, AFFINITY_CATALOG_SOURCE,
											 NULL);
	set->catalog = affinity_definition_source_deparse(query);
}
