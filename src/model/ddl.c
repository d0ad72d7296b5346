/*
 * ddl.c
 *		The objects of a model's schema, as SQL.
 *
 * The statements are the files of sql/model, which the build makes into
 * ddl_sql.h. Their marks are quoted where they are filled in: @schema@ the
 * schema as an identifier, @name@ as a literal, @user@ and @item@ the types of
 * ids, @given_user@ and @given_item@ those that functions take, @query@ the
 * source.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "utils/builtins.h"

#include "model/ddl_sql.h"
#include "model/source.h"

static const char *const schema_sql[] = {MODEL_SCHEMA_SQL};
static const char *const objects_sql[] = {MODEL_OBJECTS_SQL};
static const char *const indexes_sql[] = {MODEL_INDEXES_SQL};

/*
 * Run one statement; what it makes is seen by the next.
 */
void
affinity_model_ddl_execute(const char *sql)
{
	int			rc = SPI_execute(sql, false, 0);

	if (rc < 0)
		elog(ERROR, "\"%s\" failed: %s", sql, SPI_result_code_string(rc));
}

/*
 * The type in which a function takes ids: of integers any, as drivers and
 * literals have the type that they happen to have. What the model's own does
 * not hold is an unknown id.
 */
static Oid
given_type(Oid type)
{
	return type == INT2OID || type == INT4OID ? INT8OID : type;
}

static void
append_type(StringInfo sql, Oid type)
{
	appendStringInfoString(sql, format_type_be_qualified(type));
}

static void
fill_in(StringInfo sql, const char *template, const char *name,
		const ModelSource *source)
{
	const char *at = template;

	initStringInfo(sql);
	while (*at)
	{
		const char *mark = strchr(at, '@');
		const char *end;

		if (mark == NULL)
		{
			appendStringInfoString(sql, at);
			return;
		}
		appendBinaryStringInfo(sql, at, mark - at);
		end = strchr(mark + 1, '@');
		if (end == NULL)
			elog(ERROR, "unfinished mark in \"%s\"", template);
		if (strncmp(mark, "@schema@", 8) == 0)
			appendStringInfoString(sql, quote_identifier(name));
		else if (strncmp(mark, "@name@", 6) == 0)
			appendStringInfoString(sql,
								   quote_literal_cstr(quote_identifier(name)));
		else if (strncmp(mark, "@user@", 6) == 0)
			append_type(sql, source->user_type);
		else if (strncmp(mark, "@item@", 6) == 0)
			append_type(sql, source->item_type);
		else if (strncmp(mark, "@given_user@", 12) == 0)
			append_type(sql, given_type(source->user_type));
		else if (strncmp(mark, "@given_item@", 12) == 0)
			append_type(sql, given_type(source->item_type));
		else if (strncmp(mark, "@query@", 7) == 0)
			appendStringInfoString(sql, source->view_query);
		else
			elog(ERROR, "unknown mark in \"%s\"", template);
		at = end + 1;
	}
}

static void
execute_all(const char *const *templates, const char *name,
			const ModelSource *source)
{
	for (int i = 0; templates[i]; i++)
	{
		StringInfoData sql;

		fill_in(&sql, templates[i], name, source);
		affinity_model_ddl_execute(sql.data);
		pfree(sql.data);
	}
}

/*
 * The schema and the view over the source; the only step that resolves names
 * by the caller's search_path.
 */
void
affinity_model_ddl_schema(const char *name, const ModelSource *source)
{
	execute_all(schema_sql, name, source);
}

void
affinity_model_ddl_objects(const char *name, const ModelSource *source)
{
	execute_all(objects_sql, name, source);
}

/*
 * Indexes of the items, once they are written.
 */
void
affinity_model_ddl_indexes(const char *name)
{
	execute_all(indexes_sql, name, NULL);
}
