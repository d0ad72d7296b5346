/*
 * view.c
 *		The view "interactions" beside the definition: which of them is right?
 *
 * They are compared as queries: the definition's text as it resolves now,
 * and what the view was stored as. Where both are there and differ, either a
 * table under the view got another name and a new one has its old name (what
 * ETL tools do), or somebody replaced the view. The definition keeps a mark of
 * the view as it was made, so that these can be told apart: the first follows
 * the name, the second is taken for what is wanted.
 */
#include "postgres.h"

#include "access/relation.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "parser/parsetree.h"
#include "rewrite/rewriteHandler.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

#include "base/try.h"
#include "manage/manage.h"

/* ---- queries ----------------------------------------------------------- */

/*
 * A target that is a column of q, or a constant.
 */
static bool
is_plain(Node *node)
{
	while (node != NULL)
	{
		switch (nodeTag(node))
		{
			case T_Var:
			case T_Const:
				return true;
			case T_RelabelType:
				node = (Node *) ((RelabelType *) node)->arg;
				break;
			case T_CoerceViaIO:
				node = (Node *) ((CoerceViaIO *) node)->arg;
				break;
			case T_FuncExpr:
				if (((FuncExpr *) node)->funcformat == COERCE_EXPLICIT_CALL)
					return false;
				node = linitial(((FuncExpr *) node)->args);
				break;
			default:
				return false;
		}
	}
	return false;
}

/*
 * The source in a view that create_model made; NULL where it is another.
 */
static Query *
inner_query(Query * query)
{
	RangeTblRef *ref;
	RangeTblEntry *entry;
	ListCell   *cell;

	if (query->jointree->quals != NULL ||
		query->jointree->fromlist == NIL ||
		query->distinctClause || query->groupClause || query->hasAggs ||
		query->sortClause || query->limitCount || query->setOperations ||
		query->cteList || !IsA(linitial(query->jointree->fromlist), RangeTblRef))
		return NULL;
	ref = linitial_node(RangeTblRef, query->jointree->fromlist);
	entry = list_length(query->jointree->fromlist) == 1 ?
		rt_fetch(ref->rtindex, query->rtable) :
		affinity_definition_baskets_entry(query);
	if (entry == NULL || entry->rtekind != RTE_SUBQUERY || entry->alias == NULL ||
		strcmp(entry->alias->aliasname, "q") != 0 || entry->lateral)
		return NULL;
	foreach(cell, query->targetList)
	{
		if (!is_plain((Node *) lfirst_node(TargetEntry, cell)->expr))
			return NULL;
	}
	return entry->subquery;
}

/*
 * The source that a view gives, as a query of its own.
 */
static Query *
view_source(Oid relid, bool *is_ours)
{
	Relation	view = relation_open(relid, AccessShareLock);
	Query	   *query = copyObject(get_view_query(view));
	Query	   *inner = inner_query(query);

	relation_close(view, NoLock);
	*is_ours = inner != NULL;
	return inner ? inner : query;
}

static char *
relations_but(List *relations, const List *others)
{
	StringInfoData names;
	ListCell   *cell;

	initStringInfo(&names);
	foreach(cell, relations)
	{
		Oid			relid = lfirst_oid(cell);

		if (!list_member_oid(others, relid))
			appendStringInfo(&names, "%s%s", names.len ? ", " : "",
							 quote_qualified_identifier(get_namespace_name(get_rel_namespace(relid)),
														get_rel_name(relid)));
	}
	return names.data;
}

/* ---- trying ------------------------------------------------------------ */

/* A text, or where that is NULL a query, as the source. */
typedef struct TriedSource
{
	const char *text;
	Query	   *query;
	ModelDefinition *definition;
} TriedSource;

static void
take_source(void *arg)
{
	TriedSource *source = arg;

	if (source->text != NULL)
		source->query = affinity_definition_source_parse(source->text);
	affinity_definition_source_analyze(source->query, source->definition);
}

/*
 * Take a text or, where that is NULL, a query as the source. NULL, or what is
 * wrong: a name that means nothing any more, or a type that does not do.
 */
static char *
try_source(const char *text, Query * *query, ModelDefinition *d)
{
	TriedSource source = {text, *query, d};
	ErrorData  *error = affinity_base_try(take_source, &source);

	*query = source.query;
	if (error == NULL)
		return NULL;
	/* of syntax, names, types and rights: what parsing says */
	if (ERRCODE_TO_CATEGORY(error->sqlerrcode) != ERRCODE_SYNTAX_ERROR_OR_ACCESS_RULE_VIOLATION &&
		error->sqlerrcode != ERRCODE_UNDEFINED_SCHEMA &&
		error->sqlerrcode != ERRCODE_FEATURE_NOT_SUPPORTED)
		ReThrowError(error);
	return error->message;
}

/*
 * Has a query that somebody wrote for the view the view's columns, as far as it
 * goes?
 */
static bool
has_column_names(const Query * query)
{
	static const char *const names[] = {
		"user_id", "item_id", "weight", "at", "signal"
	};
	ListCell   *cell;
	int			n = 0;

	foreach(cell, query->targetList)
	{
		const		TargetEntry *entry = lfirst_node(TargetEntry, cell);

		if (entry->resjunk)
			continue;
		if (n == (int) lengthof(names) || strcmp(entry->resname, names[n++]) != 0)
			return false;
	}
	return n >= 2;
}

/*
 * Is "interactions" as the definition would make it, column by column?
 */
bool
affinity_manage_view_fits(Oid schema, const ModelDefinition *d)
{
	const struct
	{
		const char *name;
		Oid			type;
	}			column[] = {
		{"user_id", d->user_type},
		{"item_id", d->item_type},
		{"weight", d->weight_type},
		{"at", d->at_type},
		{"signal", TEXTOID}
	};
	Oid			relid = get_relname_relid("interactions", schema);
	Relation	relation;
	bool		fits;

	if (!OidIsValid(relid))
		return false;
	relation = relation_open(relid, AccessShareLock);
	fits = RelationGetNumberOfAttributes(relation) ==
		(int) lengthof(column) - !d->has_signal;
	for (int i = 0; fits && i < RelationGetNumberOfAttributes(relation); i++)
	{
		Form_pg_attribute attribute =
			TupleDescAttr(RelationGetDescr(relation), i);

		fits = attribute->atttypid == column[i].type &&
			strcmp(NameStr(attribute->attname), column[i].name) == 0;
	}
	relation_close(relation, NoLock);
	return fits;
}

/* ---- the answer -------------------------------------------------------- */

/*
 * Nothing says any more what the model reads.
 */
static void
source_is_gone(const char *name, const ModelDefinition *d, const char *wrong)
{
	if (d->resolved == NULL)
		affinity_definition_no_source(name, wrong);
	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("source of model \"%s\" cannot be read: %s", name, wrong),
			 errdetail("The model's query is: %s\nAnother one can be given by affinity.alter_model.",
					   d->resolved),
			 errhint("Once it is there again: SELECT affinity.refresh_model(%s);",
					 quote_literal_cstr(name))));
}

/*
 * A table or materialized view in the place of the view is used as it is.
 */
static void
use_other_relation(const char *name, ModelDefinition *d)
{
	ModelDefinition found;
	Query	   *query;
	char	   *wrong = try_source(psprintf("SELECT user_id, item_id, weight, at%s FROM %s",
											d->signals[0] != '\0' ? ", signal" : "", quote_qualified_identifier(name, "interactions")),
								   &query, &found);

	if (wrong != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("\"interactions\" of model \"%s\" is not a view, and not usable as it is",
						name),
				 errdetail("%s", wrong),
				 errhint("To have the view again: ALTER TABLE %s RENAME TO former_interactions; SELECT affinity.refresh_model(%s);",
						 quote_qualified_identifier(name, "interactions"),
						 quote_literal_cstr(name))));
	d->user_type = found.user_type;
	d->item_type = found.item_type;
	d->has_time = found.has_time;
	d->has_signal = found.has_signal;
	if (d->resolved == NULL)
		d->query = d->resolved = found.resolved;
}

/*
 * The types and texts of a source.
 */
void
affinity_manage_take_source(ModelDefinition *d, const ModelDefinition *from)
{
	d->resolved = from->resolved;
	d->renamed = from->renamed;
	d->user_type = from->user_type;
	d->item_type = from->item_type;
	d->body = from->body;
	d->baskets = from->baskets;
	d->weight_type = from->weight_type;
	d->at_type = from->at_type;
	d->has_time = from->has_time;
	d->has_signal = from->has_signal;
}

/*
 * The names of the query mean nothing any more, and it is read under others.
 * The query stays: as soon as its names mean something again, it holds.
 */
static void
read_renamed(const char *name, ModelDefinition *d,
			 const ModelDefinition *from, const char *wrong)
{
	char	   *resolved = d->resolved;

	if (strcmp(d->renamed, from->resolved) != 0)
		ereport(NOTICE,
				(errmsg("model \"%s\" reads its source under other names: %s",
						name, wrong),
				 errdetail("It is read as: %s", from->resolved),
				 errhint("To keep these names: SELECT affinity.alter_model(%s, query => %s);",
						 quote_literal_cstr(name),
						 quote_literal_cstr(from->resolved))));
	affinity_manage_take_source(d, from);
	d->renamed = from->resolved;
	d->resolved = resolved;
}

/*
 * Both are there and usable, but differ. Returns whether the view is to follow
 * the definition.
 */
static bool
settle_difference(const char *name, Oid schema, ModelDefinition *d,
				  const ModelDefinition *by_text, Query * text_query,
				  const ModelDefinition *by_view, Query * view_query)
{
	List	   *now = NIL;
	List	   *before = NIL;

	if (!affinity_definition_same_view(schema, d->view, text_query, view_query))
	{
		ereport(NOTICE,
				(errmsg("view \"interactions\" of model \"%s\" was replaced: the model is defined by it now",
						name),
				 errhint("To have the former query again: SELECT affinity.alter_model(%s, query => %s);",
						 quote_literal_cstr(name),
						 quote_literal_cstr(d->resolved))));
		affinity_manage_take_source(d, by_view);
		d->query = by_view->resolved;
		return false;
	}
	now = affinity_definition_relations(text_query);
	before = affinity_definition_relations(view_query);
	affinity_manage_take_source(d, by_text);
	if (list_difference_oid(now, before) != NIL)
		ereport(NOTICE,
				(errmsg("model \"%s\" reads %s now, in the place of %s", name,
						relations_but(now, before),
						relations_but(before, now)),
				 errdetail("Tables were renamed; the model follows the names of its query.")));
	return true;
}

/*
 * What is the source now? Sets that in the definition; true where the view
 * "interactions" has to be made again. The caller is the owner, with a
 * restricted search_path. An update goes by what the view is stored as, and
 * leaves the rest to a refresh: to parse a text may run checks of domains.
 */
bool
affinity_manage_view_settle(const char *name, Oid schema, ModelDefinition *d,
							bool update)
{
	Oid			view = get_relname_relid("interactions", schema);
	ModelDefinition by_text = {0};
	ModelDefinition by_view = {0};
	Query	   *text_query = NULL;
	Query	   *view_query = NULL;
	bool		is_ours = false;
	char	   *text_wrong = "there is no definition";
	char	   *view_wrong = "there is no view \"interactions\"";

	if (OidIsValid(view) && get_rel_relkind(view) != RELKIND_VIEW)
	{
		use_other_relation(name, d);
		return false;
	}
	if (d->resolved != NULL && !update)
		text_wrong = try_source(d->resolved, &text_query, &by_text);
	if (OidIsValid(view))
	{
		view_query = view_source(view, &is_ours);
		view_wrong = !is_ours && !has_column_names(view_query) ?
			"its columns are not user_id, item_id, weight and at" :
			try_source(NULL, &view_query, &by_view);
	}
	if (update && d->resolved != NULL)
	{
		if (view_wrong != NULL)
			source_is_gone(name, d, view_wrong);
		by_view.resolved = d->resolved;
		by_view.renamed = d->renamed;
		affinity_manage_take_source(d, &by_view);
		return false;
	}
	if (text_wrong == NULL && view_wrong == NULL)
	{
		if (strcmp(by_text.resolved, by_view.resolved) != 0)
			return settle_difference(name, schema, d, &by_text, text_query,
									 &by_view, view_query);
		affinity_manage_take_source(d, &by_text);
		return false;
	}
	if (text_wrong == NULL)
	{
		affinity_manage_take_source(d, &by_text);
		if (OidIsValid(view))
			ereport(NOTICE,
					(errmsg("view \"interactions\" of model \"%s\" is made again from the definition: %s",
							name, view_wrong)));
		return true;
	}
	if (view_wrong == NULL && d->resolved == NULL)
	{
		affinity_manage_take_source(d, &by_view);
		d->query = by_view.resolved;
		return false;
	}
	if (view_wrong == NULL)
	{
		read_renamed(name, d, &by_view, text_wrong);
		return false;
	}
	if (d->resolved == NULL || d->renamed[0] == '\0' ||
		try_source(d->renamed, &text_query, &by_text) != NULL)
		source_is_gone(name, d, d->resolved ? text_wrong : view_wrong);
	read_renamed(name, d, &by_text, text_wrong);
	return true;
}
