/*
 * source.c
 *		The query that a model is made from: is it one SELECT, and do its
 *		columns mean user, item, weight, time and signal?
 *
 * The answer is the body of the view "interactions", which gives the columns
 * their names and exact types. Casts are only added where they are needed, so
 * that an index on the source's user or item column serves the view as well.
 */
#include "postgres.h"

#include "catalog/pg_class.h"
#include "catalog/pg_collation.h"
#include "catalog/pg_type.h"
#include "nodes/nodeFuncs.h"
#include "nodes/parsenodes.h"
#include "parser/analyze.h"
#include "parser/parser.h"
#include "parser/parsetree.h"
#include "utils/guc.h"
#include "utils/ruleutils.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "base/query.h"
#include "definition/definition.h"

#define EXPECTED "The query must give user, item and, if wanted, weight and time."
#define MODEL_SOURCE "source of a model"

/* What a query of this kind looks like. */
static const char *
example_of(const char *what)
{
	static const char *const examples[][2] = {
		{AFFINITY_CATALOG_SOURCE, "Write it like: SELECT item_id, in_stock, category FROM products, or give the name of a table or view."},
		{AFFINITY_ATTRIBUTES_SOURCE, "Write it like: SELECT item_id, tags FROM products."},
		{AFFINITY_GROUPS_SOURCE, "Write it like: SELECT customer_id, country FROM customers."},
		{"by", "Write it like: SELECT customer_id, country FROM customers."},
		{"users", "Write it like: SELECT customer_id FROM customers."}
	};

	for (int i = 0; i < (int) lengthof(examples); i++)
		if (strcmp(what, examples[i][0]) == 0)
			return examples[i][1];
	return "Write it like: SELECT customer_id, stock_code, quantity, invoiced_at FROM purchases. " EXPECTED;
}

static void
not_one_select(const char *what)
{
	ereport(ERROR,
			(errcode(ERRCODE_SYNTAX_ERROR),
			 errmsg("%s must be one SELECT", what),
			 errhint("%s", example_of(what))));
}

/*
 * Does any part of a set operation write or lock?
 */
static bool
only_reads(const SelectStmt *select)
{
	ListCell   *cell;

	if (select->intoClause != NULL || select->lockingClause != NIL)
		return false;
	if (select->withClause != NULL)
	{
		foreach(cell, select->withClause->ctes)
		{
			const		CommonTableExpr *cte = lfirst_node(CommonTableExpr,
														   cell);

			if (!IsA(cte->ctequery, SelectStmt))
				return false;
		}
	}
	if (select->op != SETOP_NONE)
		return only_reads(select->larg) && only_reads(select->rarg);
	return true;
}

/*
 * Does any part of the query lock rows, such as a subquery with FOR UPDATE?
 * Every reader of the model would.
 */
static bool
locks_rows(Node *node, void *context)
{
	if (node == NULL)
		return false;
	if (!IsA(node, Query))
		return expression_tree_walker(node, locks_rows, context);
	return ((Query *) node)->rowMarks != NIL ||
		query_tree_walker((Query *) node, locks_rows, context, 0);
}

/*
 * A temporary table or view that the query reads, InvalidOid: none. A view
 * over it would be gone with the session.
 */
static bool
reads_temporary(Node *node, void *context)
{
	Oid		   *found = context;

	if (node == NULL)
		return false;
	if (IsA(node, RangeTblEntry))
	{
		const		RangeTblEntry *entry = (RangeTblEntry *) node;

		if (entry->rtekind == RTE_RELATION &&
			get_rel_persistence(entry->relid) == RELPERSISTENCE_TEMP)
			*found = entry->relid;
		return OidIsValid(*found);
	}
	if (IsA(node, Query))
		return query_tree_walker((Query *) node, reads_temporary, context,
								 QTW_EXAMINE_RTES_BEFORE);
	return expression_tree_walker(node, reads_temporary, context);
}

static void
refuse_temporary(Query * query, const char *what)
{
	Oid			found = InvalidOid;

	if (reads_temporary((Node *) query, &found))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_TABLE_DEFINITION),
				 errmsg("%s reads temporary table or view \"%s\"", what,
						get_rel_name(found)),
				 errhint("A model outlives the session: let it read a table that does too, such as CREATE TABLE public.%s AS TABLE pg_temp.%s.",
						 quote_identifier(get_rel_name(found)),
						 quote_identifier(get_rel_name(found)))));
}

/*
 * Parse a query, by the search_path in force. Leaves its text without a final
 * semicolon in *text, if that is asked for.
 */
static Query *
parse_source(const char *query, const char *what, char **text)
{
	AffinityQueryContext context = {query, false, example_of(what)};
	ErrorContextCallback callback;
	List	   *statements;
	RawStmt    *raw;
	Query	   *parsed;
	int			len;

	callback.callback = affinity_base_query_error;
	callback.arg = &context;
	callback.previous = error_context_stack;
	error_context_stack = &callback;

	statements = raw_parser(query, RAW_PARSE_DEFAULT);
	if (list_length(statements) != 1)
		not_one_select(what);
	raw = linitial_node(RawStmt, statements);
	if (!IsA(raw->stmt, SelectStmt) || !only_reads((SelectStmt *) raw->stmt))
		not_one_select(what);
	len = raw->stmt_len > 0 ? raw->stmt_len :
		(int) strlen(query) - raw->stmt_location;
	if (text)
		*text = pnstrdup(query + raw->stmt_location, len);
	parsed = parse_analyze_fixedparams(raw, query, NULL, 0, NULL);

	error_context_stack = callback.previous;
	if (parsed->commandType != CMD_SELECT || locks_rows((Node *) parsed, NULL))
		not_one_select(what);
	return parsed;
}

/*
 * How the query names what a column is: a table's column by its own name, with
 * the table's where it reads several; anything else by what it is called.
 */
static const char *
column_sql(const Query * query, const TargetEntry * column)
{
	const		Var *var = (const Var *) column->expr;
	const		RangeTblEntry *entry;
	const char *name;

	if (!IsA(var, Var) || var->varlevelsup > 0 || var->varattno <= 0 ||
		query->setOperations != NULL)
		return quote_identifier(column->resname);
	entry = rt_fetch(var->varno, query->rtable);
	name = quote_identifier(strVal(list_nth(entry->eref->colnames,
											var->varattno - 1)));
	if (list_length(query->rtable) == 1 || entry->rtekind == RTE_JOIN)
		return name;
	return psprintf("%s.%s", quote_identifier(entry->eref->aliasname), name);
}

/*
 * A column that names users or items: its type in the view, and the
 * expression.
 */
Oid
affinity_definition_source_id(const Query * query, const TargetEntry * column,
							  const char *role, const char *name,
							  StringInfo expression)
{
	AffinityIdGiven given = {
		.type = exprType((Node *) column->expr),
		.typmod = exprTypmod((Node *) column->expr),
		.collation = exprCollation((Node *) column->expr),
		.role = psprintf("%s column \"%s\"", role, column->resname),
		.sql = column_sql(query, column),
		.place = AFFINITY_ID_COLUMN
	};
	AffinityIdKind kind;
	Oid			kept =
		affinity_base_id_kept(affinity_base_id_check(&given, &kind));

	appendStringInfo(expression, "q.%s", name);
	if (kept != given.type)
		appendStringInfo(expression, "::%s", format_type_be_qualified(kept));
	return kept;
}

static Oid
weight_column(const TargetEntry * column, StringInfo expression)
{
	Oid			type = exprType((Node *) column->expr);

	switch (getBaseType(type))
	{
		case INT2OID:
		case INT4OID:
		case INT8OID:
		case FLOAT4OID:
		case FLOAT8OID:
			appendStringInfoString(expression, "q.weight");
			if (getBaseType(type) != type)
				appendStringInfo(expression, "::%s",
								 format_type_be_qualified(getBaseType(type)));
			return getBaseType(type);
		case NUMERICOID:
			appendStringInfoString(expression, "q.weight::double precision");
			return FLOAT8OID;
		default:
			ereport(ERROR,
					(errcode(ERRCODE_DATATYPE_MISMATCH),
					 errmsg("weight column \"%s\" is of type %s, not a number",
							column->resname, format_type_be(type)),
					 errhint(EXPECTED " Use 1 as the weight where there is only a time.")));
	}
	pg_unreachable();
}

static Oid
time_column(const TargetEntry * column, StringInfo expression)
{
	Oid			type = exprType((Node *) column->expr);

	switch (getBaseType(type))
	{
		case TIMESTAMPOID:
		case TIMESTAMPTZOID:
			appendStringInfoString(expression, "q.at");
			if (getBaseType(type) != type)
				appendStringInfo(expression, "::%s",
								 format_type_be_qualified(getBaseType(type)));
			return getBaseType(type);
		case DATEOID:
			appendStringInfoString(expression, "q.at::timestamp");
			return TIMESTAMPOID;
		default:
			ereport(ERROR,
					(errcode(ERRCODE_DATATYPE_MISMATCH),
					 errmsg("time column \"%s\" is of type %s, not a time stamp or date",
							column->resname, format_type_be(type)),
					 errhint(EXPECTED " Use to_timestamp() for seconds since 1970.")));
	}
	pg_unreachable();
}

/*
 * What kind of event a row is, as text.
 */
static void
signal_column(const TargetEntry * column, StringInfo expression)
{
	Oid			type = exprType((Node *) column->expr);
	char		category;
	bool		preferred;

	get_type_category_preferred(getBaseType(type), &category, &preferred);
	if (category != TYPCATEGORY_STRING && category != TYPCATEGORY_ENUM)
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("signal column \"%s\" is of type %s, not text or an enum",
						column->resname, format_type_be(type)),
				 errhint("The fifth column says what kind of event a row is, such as view, cart or buy.")));
	appendStringInfo(expression, "q.signal%s AS signal",
					 type == TEXTOID ? "" : "::text");
}

/*
 * Is a column NULL, in every query of a set operation? Where kinds of events are
 * wanted, weight or time may not be known. The operation, or none, is `node`.
 */
static bool
is_null_in(const Query * query, const Node *node, AttrNumber no)
{
	const		Expr *expr;

	check_stack_depth();
	if (node != NULL && IsA(node, SetOperationStmt))
		return is_null_in(query, ((const SetOperationStmt *) node)->larg, no) &&
			is_null_in(query, ((const SetOperationStmt *) node)->rarg, no);
	if (node != NULL)
	{
		query = rt_fetch(((const RangeTblRef *) node)->rtindex, query->rtable)->subquery;
		return is_null_in(query, query->setOperations, no);
	}
	expr = get_tle_by_resno(query->targetList, no)->expr;
	return IsA(expr, Const) && ((const Const *) expr)->constisnull;
}

/*
 * Until the end of the GUC nest level.
 */
void
affinity_definition_restrict_path(void)
{
	(void) set_config_option("search_path", "pg_catalog, pg_temp", PGC_USERSET,
							 PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
}

/*
 * The text of a query, every name qualified that is not of pg_catalog.
 */
char *
affinity_definition_source_deparse(Query * query)
{
	int			nest = NewGUCNestLevel();
	char	   *text;

	affinity_definition_restrict_path();
	/* it locks what the query reads, and marks the query so */
	text = pg_get_querydef(copyObject(query), false);
	AtEOXact_GUC(false, nest);
	while (*text == ' ')
		text++;
	return text;
}

/*
 * What the columns of a parsed query mean.
 */
static void
analyze(Query * parsed, const char *what, ModelDefinition *d)
{
	static const char *const names[] = {
		"user_id", "item_id", "weight", "at", "signal"
	};
	TargetEntry *column[lengthof(names)];
	bool		has_weight;
	int			n = 0;
	StringInfoData body;
	StringInfoData aliases;
	ListCell   *cell;

	foreach(cell, parsed->targetList)
	{
		TargetEntry *entry = lfirst_node(TargetEntry, cell);

		if (entry->resjunk)
			continue;
		if (n < (int) lengthof(names))
			column[n] = entry;
		n++;
	}
	d->baskets = NULL;
	if (n < 2 || n > (int) lengthof(names))
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("%s has %d column%s, not two to five", what, n,
						n == 1 ? "" : "s"),
				 errhint(EXPECTED)));

	if (affinity_definition_baskets(parsed, n, column, d))
		return;
	initStringInfo(&aliases);
	for (int i = 0; i < n; i++)
		appendStringInfo(&aliases, "%s%s", i ? ", " : "", names[i]);

	initStringInfo(&body);
	appendStringInfoString(&body, "SELECT ");
	d->user_type = affinity_definition_source_id(parsed, column[0], "user",
												 "user_id", &body);
	appendStringInfoString(&body, " AS user_id, ");
	d->item_type = affinity_definition_source_id(parsed, column[1], "item",
												 "item_id", &body);
	appendStringInfoString(&body, " AS item_id, ");
	d->weight_type = FLOAT4OID;
	has_weight = n > 2 && !(n == 5 && is_null_in(parsed, parsed->setOperations, 3));
	if (has_weight)
		d->weight_type = weight_column(column[2], &body);
	else
		appendStringInfoString(&body, "1::real");
	appendStringInfoString(&body, " AS weight, ");
	d->has_time = n > 3 && !(n == 5 && is_null_in(parsed, parsed->setOperations, 4));
	d->at_type = TIMESTAMPTZOID;
	if (d->has_time)
		d->at_type = time_column(column[3], &body);
	else
		appendStringInfoString(&body, "NULL::timestamp with time zone");
	d->resolved = affinity_definition_source_deparse(parsed);
	d->renamed = pstrdup("");
	/* a comment may end the text: the parenthesis needs a line of its own */
	appendStringInfoString(&body, " AS at");
	d->has_signal = n > 4;
	if (d->has_signal)
	{
		appendStringInfoString(&body, ", ");
		signal_column(column[4], &body);
	}
	appendStringInfo(&body, " FROM (\n%s\n) AS q(%s)", d->resolved,
					 aliases.data);
	d->body = body.data;
}

/*
 * What a parsed source says of a model: its types, its text, and the body of
 * the view over it.
 */
void
affinity_definition_source_analyze(Query * parsed, ModelDefinition *d)
{
	analyze(parsed, MODEL_SOURCE, d);
}

/*
 * Parse a query that a model is to read again and again; what is what messages
 * call it. Leaves its text in *text, if that is asked for.
 */
Query *
affinity_definition_source_query(const char *query, const char *what, char **text)
{
	Query	   *parsed = parse_source(query, what, text);

	refuse_temporary(parsed, what);
	return parsed;
}

/*
 * Parse a query that was made by this extension. Errors are those of parsing.
 */
Query *
affinity_definition_source_parse(const char *query)
{
	return affinity_definition_source_query(query, MODEL_SOURCE, NULL);
}

/*
 * Take a query as a user gives it.
 */
void
affinity_definition_source_text(const char *query, ModelDefinition *d)
{
	Query	   *parsed = affinity_definition_source_query(query, MODEL_SOURCE,
														  &d->query);

	analyze(parsed, MODEL_SOURCE, d);
}

/*
 * The same of a query that no model is made from, and only read now: it may
 * read temporary tables.
 */
void
affinity_definition_source_select(const char *query, const char *what,
								  ModelDefinition *d)
{
	Query	   *parsed = parse_source(query, what, &d->query);

	analyze(parsed, what, d);
}

/*
 * The text of a query that is one SELECT and no more; what is what messages
 * call it.
 */
char *
affinity_definition_source_check(const char *query, const char *what)
{
	char	   *text;

	(void) parse_source(query, what, &text);
	return text;
}
