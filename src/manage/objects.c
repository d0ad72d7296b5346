/*
 * objects.c
 *		What a model has of the objects that it should have.
 *
 * Each statement of sql/model is parsed, and its columns or arguments are
 * compared with those of the object of that name. What a function or view does
 * is not compared: the version in the definition says whether it is that of
 * this release.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/relation.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "nodes/parsenodes.h"
#include "parser/parse_type.h"
#include "parser/parser.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/syscache.h"

#include "manage/objects.h"

const ModelStatement *
affinity_manage_statement(const char *object)
{
	for (const ModelStatement *s = affinity_manage_ddl_objects(); s->object; s++)
	{
		if (strcmp(s->object, object) == 0)
			return s;
	}
	elog(ERROR, "no statement makes \"%s\"", object);
}

static Node *
parse_statement(const ModelStatement *statement, const ModelNames *names)
{
	char	   *sql = affinity_manage_ddl_fill(statement->sql, names);

	return linitial_node(RawStmt, raw_parser(sql, RAW_PARSE_DEFAULT))->stmt;
}

/*
 * Columns of the items that serving does without: those of models that were
 * trained before there were rates of repeats lack them.
 */
#define NEW_ITEM_COLUMNS	1

/* ---- relations --------------------------------------------------------- */

/*
 * Has a relation the columns that a statement lists, and no others? It may
 * lack the last ones.
 */
static bool
has_columns(Oid relid, List *columns, int may_lack)
{
	Relation	relation = relation_open(relid, AccessShareLock);
	TupleDesc	desc = RelationGetDescr(relation);
	bool		same = desc->natts <= list_length(columns) &&
		desc->natts >= list_length(columns) - may_lack;
	ListCell   *cell;

	foreach(cell, columns)
	{
		const		ColumnDef *column = lfirst_node(ColumnDef, cell);
		int			i = foreach_current_index(cell);

		if (!same || i >= desc->natts)
			break;
		same = !TupleDescAttr(desc, i)->attisdropped &&
			TupleDescAttr(desc, i)->atttypid ==
			typenameTypeId(NULL, column->typeName) &&
			strcmp(NameStr(TupleDescAttr(desc, i)->attname),
				   column->colname) == 0;
	}
	relation_close(relation, NoLock);
	return same;
}

static bool
is_invoker_view(Oid relid)
{
	Relation	view = relation_open(relid, AccessShareLock);
	bool		invoker = RelationHasSecurityInvoker(view);

	relation_close(view, NoLock);
	return invoker;
}

static ObjectAction
compare_interactions(Oid relid, const ModelNames *names, Oid schema,
					 bool new_view)
{
	if (names->definition->body == NULL || get_rel_relkind(relid) != RELKIND_VIEW)
		return OBJECT_KEEP;
	if (!affinity_manage_view_fits(schema, names->definition))
		return OBJECT_REMAKE;
	return new_view || !is_invoker_view(relid) ? OBJECT_REPLACE : OBJECT_KEEP;
}

static ObjectAction
compare_neighbors(Oid relid, const ModelNames *names, bool old_version)
{
	AttrNumber	column = get_attnum(relid, "item_id");

	if (get_rel_relkind(relid) != RELKIND_VIEW)
		return OBJECT_KEEP;
	if (column == InvalidAttrNumber ||
		get_atttype(relid, column) != names->definition->item_type)
		return OBJECT_REMAKE;
	return old_version || !is_invoker_view(relid) ? OBJECT_REPLACE :
		OBJECT_KEEP;
}

/*
 * Something else has the name of an object of the model. It is not ours to
 * drop.
 */
static void
name_is_taken(const char *schema, const char *name, char relkind)
{
	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("\"%s\" of model \"%s\" is not what create_model makes",
					name, schema),
			 errhint("Put it out of the way: ALTER %s %s RENAME TO %s; SELECT affinity.refresh_model(%s);",
					 relkind == RELKIND_COMPOSITE_TYPE ? "TYPE" : "TABLE",
					 quote_qualified_identifier(schema, name),
					 quote_identifier(psprintf("former_%s", name)),
					 quote_literal_cstr(schema))));
}

static bool
is_of_kind(char relkind, char wanted)
{
	/* views may have been made into tables */
	return relkind == wanted ||
		(wanted == 'v' && (relkind == RELKIND_RELATION ||
						   relkind == RELKIND_MATVIEW)) ||
		(wanted == 'r' && relkind == RELKIND_PARTITIONED_TABLE);
}

static void
compare_relation(ModelObject *o, const ModelNames *names, Oid schema,
				 bool old_version, bool new_view)
{
	const char *name = o->statement->object;
	Oid			relid = get_relname_relid(name, schema);
	Node	   *statement;

	o->id = relid;
	if (!OidIsValid(relid))
	{
		o->action = OBJECT_MAKE;
		return;
	}
	if (!is_of_kind(get_rel_relkind(relid), o->statement->kind))
		name_is_taken(names->schema, name, get_rel_relkind(relid));
	o->action = OBJECT_KEEP;
	if (o->statement->kind == 'v')
	{
		if (strcmp(name, "interactions") == 0)
			o->action = compare_interactions(relid, names, schema, new_view);
		else if (strcmp(name, "neighbors") == 0)
			o->action = compare_neighbors(relid, names, old_version);
		return;
	}
	statement = parse_statement(o->statement, names);
	if (IsA(statement, CompositeTypeStmt))
	{
		o->id = get_rel_type_id(relid);
		if (!has_columns(relid, ((CompositeTypeStmt *) statement)->coldeflist,
						 0))
			o->action = OBJECT_REMAKE;
	}
	else if (IsA(statement, CreateStmt) &&
			 ((CreateStmt *) statement)->ofTypename == NULL &&
			 (get_rel_relkind(relid) != RELKIND_RELATION ||
			  !has_columns(relid, ((CreateStmt *) statement)->tableElts, 0)))
	{
		o->action = OBJECT_REMAKE;
		o->serves = strcmp(name, "items") == 0 &&
			get_rel_relkind(relid) == RELKIND_RELATION &&
			has_columns(relid, ((CreateStmt *) statement)->tableElts,
						NEW_ITEM_COLUMNS);
	}
}

/* ---- functions --------------------------------------------------------- */

/*
 * Can CREATE OR REPLACE put the function of a statement in the place of one
 * with the same types of arguments?
 */
static bool
is_replaceable(HeapTuple function, const CreateFunctionStmt * statement)
{
	Form_pg_proc form = (Form_pg_proc) GETSTRUCT(function);
	Oid		   *types;
	char	  **arg_names;
	char	   *modes;
	int			n = get_func_arg_info(function, &types, &arg_names, &modes);
	int			n_defaults = 0;
	bool		has_table = false;
	Type		result;
	ListCell   *cell;

	if (form->prokind != PROKIND_FUNCTION ||
		form->proretset != statement->returnType->setof ||
		n != list_length(statement->parameters) || arg_names == NULL)
		return false;
	foreach(cell, statement->parameters)
	{
		const		FunctionParameter *p = lfirst_node(FunctionParameter, cell);
		int			i = foreach_current_index(cell);
		bool		table = p->mode == FUNC_PARAM_TABLE;

		has_table |= table;
		n_defaults += p->defexpr != NULL;
		if (typenameTypeId(NULL, p->argType) != types[i] ||
			strcmp(p->name, arg_names[i]) != 0 ||
			((modes != NULL && modes[i] == PROARGMODE_TABLE) != table))
			return false;
	}
	if (form->pronargdefaults > n_defaults)
		return false;
	if (has_table)
		return true;
	result = LookupTypeName(NULL, statement->returnType, NULL, true);
	if (result == NULL)
		return false;
	n = typeTypeId(result) == form->prorettype;
	ReleaseSysCache(result);
	return n;
}

/*
 * Is a type of the model made anew that this function returns?
 */
static bool
returns_new_type(Oid type, const ModelObject *object, int n)
{
	for (int i = 0; i < n; i++)
	{
		if (object[i].statement->kind == 'c' && object[i].id == type)
			return object[i].action == OBJECT_REMAKE;
	}
	return false;
}

static void
compare_function(ModelObject *o, const ModelNames *names, Oid schema,
				 bool old_version, const ModelObject *before, int n_before)
{
	const		CreateFunctionStmt *statement =
		castNode(CreateFunctionStmt, parse_statement(o->statement, names));
	Oid			types[FUNC_MAX_ARGS];
	int			n = 0;
	HeapTuple	tuple;
	ListCell   *cell;

	foreach(cell, statement->parameters)
	{
		const		FunctionParameter *p = lfirst_node(FunctionParameter, cell);

		if (p->mode != FUNC_PARAM_TABLE)
			types[n++] = typenameTypeId(NULL, p->argType);
	}
	tuple = SearchSysCache3(PROCNAMEARGSNSP,
							CStringGetDatum(o->statement->object),
							PointerGetDatum(buildoidvector(types, n)),
							ObjectIdGetDatum(schema));
	o->id = InvalidOid;
	o->action = OBJECT_MAKE;
	if (!HeapTupleIsValid(tuple))
		return;
	o->id = ((Form_pg_proc) GETSTRUCT(tuple))->oid;
	if (returns_new_type(((Form_pg_proc) GETSTRUCT(tuple))->prorettype, before,
						 n_before) ||
		!is_replaceable(tuple, statement))
		o->action = OBJECT_REMAKE;
	else
		o->action = old_version ? OBJECT_REPLACE : OBJECT_KEEP;
	ReleaseSysCache(tuple);
}

/*
 * What there is to do for each object, in the order in which they are made. The
 * definition is not among them.
 */
ModelObject *
affinity_manage_compare(const ModelNames *names, Oid schema, bool old_version,
						bool new_view, int *n)
{
	const ModelStatement *statements = affinity_manage_ddl_objects();
	int			most = 0;
	ModelObject *object;

	while (statements[most].object)
		most++;
	object = palloc0(most * sizeof(ModelObject));
	*n = 0;
	for (const ModelStatement *s = statements; s->object; s++)
	{
		ModelObject *o = &object[*n];

		if (strncmp(s->sql, "CREATE", 6) != 0 ||
			strcmp(s->object, "definition") == 0)
			continue;
		o->statement = s;
		if (s->kind == 'f')
			compare_function(o, names, schema, old_version, object, *n);
		else
			compare_relation(o, names, schema, old_version, new_view);
		(*n)++;
	}
	return object;
}

/* ---- indexes ----------------------------------------------------------- */

/*
 * Which of the indexes of items are there: by number, by id, by popularity?
 */
static void
find_indexes(Oid items, bool *found)
{
	Relation	table = relation_open(items, AccessShareLock);
	List	   *indexes = RelationGetIndexList(table);
	ListCell   *cell;

	found[0] = found[1] = found[2] = false;
	foreach(cell, indexes)
	{
		Relation	index = relation_open(lfirst_oid(cell), AccessShareLock);
		Form_pg_index form = index->rd_index;
		char	   *column = get_attname(items, form->indkey.values[0], true);

		if (column != NULL && form->indisvalid &&
			RelationGetIndexPredicate(index) == NIL)
		{
			found[0] |= form->indisprimary && form->indnkeyatts == 1 &&
				strcmp(column, "item_no") == 0;
			found[1] |= form->indisunique && form->indnkeyatts == 1 &&
				strcmp(column, "item_id") == 0;
			found[2] |= strcmp(column, "popularity") == 0;
		}
		relation_close(index, AccessShareLock);
	}
	relation_close(table, AccessShareLock);
}

bool
affinity_manage_has_indexes(Oid items)
{
	bool		found[3];

	if (get_rel_relkind(items) != RELKIND_RELATION)
		return true;
	find_indexes(items, found);
	return found[0] && found[1] && found[2];
}

/*
 * Make those that are missing, in the order of the statements.
 */
void
affinity_manage_add_indexes(Oid items, const ModelNames *names)
{
	bool		found[3];

	find_indexes(items, found);
	affinity_manage_ddl_some_indexes(names, found, lengthof(found));
}

/* ---- grants ------------------------------------------------------------ */

/* A right on an object that goes, for the one that comes. */
typedef struct ModelGrant
{
	char	   *object;			/* its name */
	char		kind;
	char	   *privilege;		/* NULL: others have none but those that
								 * follow */
	char	   *to;
} ModelGrant;

/*
 * The rights that others have on objects that go. The current user owns these.
 */
List *
affinity_manage_grants(const AffinityModelObjects *objects)
{
	static const char sql[] =
		"SELECT w.name, w.kind, x.privilege_type, pg_catalog.concat("
		"CASE x.grantee WHEN 0::pg_catalog.oid THEN 'PUBLIC' ELSE"
		" pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(x.grantee)) END,"
		" CASE WHEN x.is_grantable THEN ' WITH GRANT OPTION' END)"
		" FROM (SELECT p.proname AS name, 'f' AS kind, p.proacl AS acl, p.proowner AS owner"
		" FROM pg_catalog.pg_proc AS p WHERE p.oid OPERATOR(pg_catalog.=) $2"
		" AND $1 OPERATOR(pg_catalog.=) 'pg_catalog.pg_proc'::pg_catalog.regclass"
		" UNION ALL SELECT t.typname, 'c', t.typacl, t.typowner"
		" FROM pg_catalog.pg_type AS t WHERE t.oid OPERATOR(pg_catalog.=) $2"
		" AND $1 OPERATOR(pg_catalog.=) 'pg_catalog.pg_type'::pg_catalog.regclass"
		" UNION ALL SELECT c.relname, 'r', c.relacl, c.relowner"
		" FROM pg_catalog.pg_class AS c WHERE c.oid OPERATOR(pg_catalog.=) $2"
		" AND $1 OPERATOR(pg_catalog.=) 'pg_catalog.pg_class'::pg_catalog.regclass"
		") AS w LEFT JOIN LATERAL pg_catalog.aclexplode(w.acl) AS x"
		" ON x.grantee OPERATOR(pg_catalog.<>) w.owner"
		" WHERE w.acl IS NOT NULL";
	Oid			types[] = {OIDOID, OIDOID};
	List	   *grants = NIL;
	ListCell   *class;
	ListCell   *id;

	forboth(class, objects->classes, id, objects->ids)
	{
		Datum		values[] = {ObjectIdGetDatum(lfirst_oid(class)),
		ObjectIdGetDatum(lfirst_oid(id))};

		if (SPI_execute_with_args(sql, 2, types, values, NULL, true, 0) !=
			SPI_OK_SELECT)
			elog(ERROR, "reading the grants of a model failed");
		for (uint64 i = 0; i < SPI_processed; i++)
		{
			HeapTuple	row = SPI_tuptable->vals[i];
			TupleDesc	desc = SPI_tuptable->tupdesc;
			ModelGrant *grant = palloc(sizeof(ModelGrant));

			grant->object = SPI_getvalue(row, desc, 1);
			grant->kind = SPI_getvalue(row, desc, 2)[0];
			grant->privilege = SPI_getvalue(row, desc, 3);
			grant->to = SPI_getvalue(row, desc, 4);
			grants = lappend(grants, grant);
		}
	}
	return grants;
}

/*
 * An object as GRANT names it: as in the comment on it.
 */
static char *
name_for_grant(const ModelStatement *object, const ModelNames *names)
{
	const ModelStatement *s = object;
	char	   *name;

	while (strncmp(s->sql, "COMMENT ON ", 11) != 0)
		s++;
	name = affinity_manage_ddl_fill(s->sql, names) + 11;
	*strstr(name, " IS '") = '\0';
	return strncmp(name, "VIEW ", 5) == 0 ? name + 5 : name;
}

/*
 * Give others the rights on a new object that they had on the former one.
 */
void
affinity_manage_grant(List *grants, const ModelStatement *object,
					  const ModelNames *names)
{
	char		kind = object->kind == 'v' ? 'r' : object->kind;
	char	   *name = name_for_grant(object, names);
	bool		first = true;
	ListCell   *cell;

	foreach(cell, grants)
	{
		const ModelGrant *grant = lfirst(cell);

		if (grant->kind != kind || strcmp(grant->object, object->object) != 0)
			continue;
		if (first)
			affinity_manage_ddl_execute(psprintf("REVOKE ALL ON %s FROM PUBLIC",
												 name));
		first = false;
		if (grant->privilege != NULL)
			affinity_manage_ddl_execute(psprintf("GRANT %s ON %s TO %s",
												 grant->privilege, name,
												 grant->to));
	}
}
