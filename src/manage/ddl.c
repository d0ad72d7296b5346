/*
 * ddl.c
 *		The objects of a model's schema, as SQL.
 *
 * The statements are the files of sql/model, which the build makes into
 * ddl_sql.h. Their marks, such as @schema@, are quoted where they are filled
 * in: see mark_value.
 */
#include "postgres.h"

#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/jsonb.h"

#include "base/catalog.h"
#include "manage/ddl_sql.h"
#include "manage/manage.h"

static const char *const schema_sql[] = {MODEL_SCHEMA_SQL};
static const ModelStatement objects[] = {MODEL_OBJECTS};
static const char *const indexes_sql[] = {MODEL_INDEXES_SQL};

/*
 * All statements that make objects, those of one object together; ends with
 * the object NULL.
 */
const ModelStatement *
affinity_manage_ddl_objects(void)
{
	return objects;
}

/*
 * Changes with every word of these statements.
 */
const char *
affinity_manage_ddl_version(void)
{
	return MODEL_OBJECTS_VERSION;
}

/*
 * Run one statement; what it makes is seen by the next.
 */
void
affinity_manage_ddl_execute(const char *sql)
{
	int			rc = SPI_execute(sql, false, 0);

	if (rc < 0)
		elog(ERROR, "\"%s\" failed: %s", sql, SPI_result_code_string(rc));
}

static char *
quote_json(Jsonb *json)
{
	return quote_literal_cstr(JsonbToCString(NULL, &json->root,
											 VARSIZE(json)));
}

/*
 * The type in which a function takes ids: of integers any, as drivers and
 * literals have the type that they happen to have. What the model's own does
 * not hold is an unknown id.
 */
static Oid
argument_type(Oid type)
{
	return type == INT2OID || type == INT4OID ? INT8OID : type;
}

/*
 * What a mark stands for, quoted; NULL where there is no such mark.
 */
static const char *
mark_value(const char *mark, const ModelNames *names)
{
	const ModelDefinition *d = names->definition;

	if (strcmp(mark, "schema") == 0)
		return quote_identifier(names->schema);
	if (strcmp(mark, "name") == 0)
		return quote_literal_cstr(quote_identifier(names->schema));
	if (strcmp(mark, "items") == 0)
		return names->items;
	if (strcmp(mark, "user") == 0)
		return format_type_be_qualified(d->user_type);
	if (strcmp(mark, "item") == 0)
		return format_type_be_qualified(d->item_type);
	if (strcmp(mark, "user_arg") == 0)
		return format_type_be_qualified(argument_type(d->user_type));
	if (strcmp(mark, "item_arg") == 0)
		return format_type_be_qualified(argument_type(d->item_type));
	if (strcmp(mark, "query") == 0)
		return d->body;
	if (strcmp(mark, "given_query") == 0)
		return quote_literal_cstr(d->query);
	if (strcmp(mark, "resolved") == 0)
		return quote_literal_cstr(d->resolved);
	if (strcmp(mark, "renamed") == 0)
		return quote_literal_cstr(d->renamed);
	if (strcmp(mark, "algorithm") == 0)
		return quote_literal_cstr(d->algorithm);
	if (strcmp(mark, "given_options") == 0)
		return quote_json(d->given_options);
	if (strcmp(mark, "options") == 0)
		return quote_json(d->options);
	if (strcmp(mark, "user_type") == 0)
		return quote_literal_cstr(format_type_be(d->user_type));
	if (strcmp(mark, "item_type") == 0)
		return quote_literal_cstr(format_type_be(d->item_type));
	if (strcmp(mark, "materialize") == 0)
		return d->materialize ? "'true'" : "'false'";
	if (strcmp(mark, "signals") == 0)
		return quote_literal_cstr(d->signals);
	if (strcmp(mark, "kept_signal") == 0)
		return d->signals[0] != '\0' ? ",\n\tsignal pg_catalog.text NOT NULL" : "";
	if (strcmp(mark, "choice") == 0)
		return quote_literal_cstr(d->choice);
	if (strcmp(mark, "attributes") == 0)
		return quote_literal_cstr(d->attributes);
	if (strcmp(mark, "resolved_attributes") == 0)
		return quote_literal_cstr(d->resolved_attributes);
	if (strcmp(mark, "user_groups") == 0)
		return quote_literal_cstr(d->groups);
	if (strcmp(mark, "resolved_user_groups") == 0)
		return quote_literal_cstr(d->resolved_groups);
	if (strcmp(mark, "objects") == 0)
		return quote_literal_cstr(d->objects);
	/* of a view that nobody has looked at since, the mark that it had */
	if (strcmp(mark, "view") == 0)
		return quote_literal_cstr(d->view && d->view[0] ? d->view :
								  affinity_definition_mark(get_namespace_oid(names->schema, false)));
	return NULL;
}

/*
 * A statement with its marks filled in.
 */
char *
affinity_manage_ddl_fill(const char *template, const ModelNames *names)
{
	const char *at = template;
	StringInfoData sql;

	initStringInfo(&sql);
	for (;;)
	{
		const char *mark = strchr(at, '@');
		const char *end = mark ? strchr(mark + 1, '@') : NULL;
		const char *value;

		if (mark == NULL)
			break;
		value = end == NULL ? NULL :
			mark_value(pnstrdup(mark + 1, end - mark - 1), names);
		if (value == NULL)
			elog(ERROR, "unknown mark in \"%s\"", template);
		appendBinaryStringInfo(&sql, at, (int) (mark - at));
		appendStringInfoString(&sql, value);
		at = end + 1;
	}
	appendStringInfoString(&sql, at);
	return sql.data;
}

/*
 * Make one object, or, for a view or function, put it in the place of the one
 * of that name: who may use it stays as it is.
 */
void
affinity_manage_ddl_make(const ModelStatement *object, const ModelNames *names,
						 bool replace)
{
	for (const ModelStatement *s = object;
		 s->object != NULL && (s == object || strncmp(s->sql, "CREATE", 6) != 0);
		 s++)
	{
		char	   *sql = affinity_manage_ddl_fill(s->sql, names);

		if (s == object && replace)
			sql = psprintf("CREATE OR REPLACE%s", sql + strlen("CREATE"));
		if (!replace || strncmp(sql, "GRANT", 5) != 0)
			affinity_manage_ddl_execute(sql);
		pfree(sql);
	}
}

/*
 * The schema; everything else is made with a restricted search_path.
 */
void
affinity_manage_ddl_schema(const ModelNames *names)
{
	for (int i = 0; schema_sql[i]; i++)
		affinity_manage_ddl_execute(affinity_manage_ddl_fill(schema_sql[i],
															 names));
}

/*
 * The functions of a model call some of the extension that may not be in this
 * database yet.
 */
static void
say_apart(void *apart)
{
	if (apart == NULL || geterrcode() != ERRCODE_UNDEFINED_FUNCTION)
		return;
	errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE);
	errhint("%s", (const char *) apart);
}

/*
 * All objects of a new model.
 */
void
affinity_manage_ddl_all(const ModelNames *names)
{
	ErrorContextCallback callback = {
		.callback = say_apart,
		.arg = unconstify(char *, affinity_base_catalog_apart()),
		.previous = error_context_stack
	};

	error_context_stack = &callback;
	for (const ModelStatement *s = objects; s->object != NULL; s++)
	{
		if (strncmp(s->sql, "CREATE", 6) == 0)
			affinity_manage_ddl_make(s, names, false);
	}
	error_context_stack = callback.previous;
}

/*
 * Indexes of the items, once they are written: those that are not there, in
 * the order of the statements.
 */
void
affinity_manage_ddl_some_indexes(const ModelNames *names, const bool *there,
								 int n)
{
	int			nest = NewGUCNestLevel();

	/* no workers for few rows: where shared memory is short, they fail */
	(void) set_config_option("max_parallel_maintenance_workers", "0",
							 PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE,
							 true, 0, false);
	for (int i = 0; indexes_sql[i]; i++)
	{
		if (i >= n || !there[i])
			affinity_manage_ddl_execute(affinity_manage_ddl_fill(indexes_sql[i],
																 names));
	}
	AtEOXact_GUC(false, nest);
}

void
affinity_manage_ddl_indexes(const ModelNames *names)
{
	affinity_manage_ddl_some_indexes(names, NULL, 0);
}
