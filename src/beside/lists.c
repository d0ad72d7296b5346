/*
 * lists.c
 *		The table of what is popular in groups of users: written by a training,
 *		read by calls.
 *
 * A row is a list: numbers of items, best first, and their scores. Number 0 is
 * what is trending of all users; what is popular of all is in the table of
 * items. A call reads one row through an index, in its own snapshot, so that
 * list and items are of one version.
 */
#include "postgres.h"

#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "beside/beside.h"

/* ---- writing ----------------------------------------------------------- */

static void
insert_rows(const char *table, const AffinityBesideLists *lists)
{
	Oid			types[] = {
		INT4OID, TEXTOID, BOOLOID, INT8OID, INT4ARRAYOID, FLOAT4ARRAYOID
	};
	char	   *sql = psprintf("INSERT INTO %s (list_no, user_group, trending, users, items, scores)"
							   " VALUES ($1, $2, $3, $4, $5, $6)", table);
	SPIPlanPtr	plan = SPI_prepare(sql, lengthof(types), types);
	TupleTableSlot *slot = MakeSingleTupleTableSlot(lists->desc,
													&TTSOpsMinimalTuple);

	if (plan == NULL)
		elog(ERROR, "could not prepare \"%s\": %s", sql,
			 SPI_result_code_string(SPI_result));
	while (tuplestore_gettupleslot(lists->rows, true, false, slot))
	{
		char		nulls[lengthof(types)];
		int			rc;

		CHECK_FOR_INTERRUPTS();
		slot_getallattrs(slot);
		for (int i = 0; i < (int) lengthof(types); i++)
			nulls[i] = slot->tts_isnull[i] ? 'n' : ' ';
		rc = SPI_execute_plan(plan, slot->tts_values, nulls, false, 0);
		if (rc != SPI_OK_INSERT)
			elog(ERROR, "\"%s\" failed: %s", sql,
				 SPI_result_code_string(rc));
	}
	ExecDropSingleTupleTableSlot(slot);
	SPI_freeplan(plan);
}

/*
 * Put lists in the place of those of before; NULL: there are none. The caller is
 * the model's owner, restricted, and connected to SPI.
 */
void
affinity_beside_write(const char *name, const AffinityBesideLists *lists)
{
	char	   *table = quote_qualified_identifier(name, AFFINITY_POPULAR);
	char	   *sql = psprintf("DELETE FROM ONLY %s", table);
	int			rc = SPI_execute(sql, false, 0);

	if (rc != SPI_OK_DELETE)
		elog(ERROR, "\"%s\" failed: %s", sql, SPI_result_code_string(rc));
	if (lists == NULL)
		return;
	insert_rows(table, lists);
	sql = psprintf("ANALYZE %s", table);
	rc = SPI_execute(sql, false, 0);
	if (rc != SPI_OK_UTILITY)
		elog(ERROR, "\"%s\" failed: %s", sql, SPI_result_code_string(rc));
	tuplestore_end(lists->rows);
}

/* ---- reading ----------------------------------------------------------- */

/*
 * Whoever names a group expects a model to know some.
 */
void
affinity_beside_need_groups(const AffinityModel *model)
{
	if (!model->trained || model->grouped)
		return;
	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("model \"%s\" knows no groups of users",
					model->schema_name),
			 errhint("Say which users are in which: SELECT affinity.alter_model(%s, user_groups => 'SELECT user, group FROM table');",
					 quote_literal_cstr(model->schema_name))));
}

pg_noreturn static void
no_trend(const AffinityModel *model)
{
	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("model \"%s\" does not know what is trending",
					model->schema_name),
			 model->has_time ?
			 errhint("It is learned together with groups of users: SELECT affinity.alter_model(%s, user_groups => 'SELECT user, group FROM table'); or by algorithm popular with the option half_life.",
					 quote_literal_cstr(model->schema_name)) :
			 errhint("Its source has no times: give the query a fourth column, then user_groups: SELECT affinity.alter_model(%s, query => 'SELECT user, item, weight, time FROM table', user_groups => 'SELECT user, group FROM table');",
					 quote_literal_cstr(model->schema_name))));
}

/*
 * Is the table what it should be? A query would say it in its own words.
 */
static void
check_table(const AffinityModel *model)
{
	static const struct
	{
		const char *name;
		Oid			type;
	}			column[] = {
		{"list_no", INT4OID}, {"user_group", TEXTOID}, {"trending", BOOLOID},
		{"items", INT4ARRAYOID}, {"scores", FLOAT4ARRAYOID}
	};

	for (int i = 0; i < (int) lengthof(column); i++)
	{
		if (affinity_model_column_type(model->schema, model->schema_name,
									   AFFINITY_POPULAR, column[i].name) !=
			column[i].type)
			affinity_train_damaged(model->schema_name,
								   psprintf("column \"%s\" has another type",
											column[i].name));
	}
}

/*
 * Read a row, which may have been written by anybody; false where there is none.
 */
static bool
read_list(AffinityModel *model, AffinityModelQuery query, Datum argument,
		  bool trending, AffinityList *list)
{
	const Oid	types[] = {BOOLOID, INT4ARRAYOID, FLOAT4ARRAYOID};
	SPITupleTable *table;
	uint64		n;

	check_table(model);
	table = affinity_model_query(model, query, argument, types,
								 lengthof(types));
	n = SPI_processed;
	for (uint64 i = 0; i < n; i++)
	{
		if (DatumGetBool(affinity_model_column(model, table, i, 1)) != trending)
			continue;
		affinity_model_check_list(model,
								  DatumGetArrayTypeP(affinity_model_column(model, table, i, 2)),
								  DatumGetArrayTypeP(affinity_model_column(model, table, i, 3)),
								  0, list);
		return true;
	}
	return false;
}

/*
 * Is popularity what is left of it by a half-life?
 */
static bool
is_trending(const AffinityModel *model)
{
	AffinityReadRequest request = {0};

	if (model->algorithm->request)
		model->algorithm->request(model->options, &request);
	return request.recency == AFFINITY_RECENCY_LATEST ||
		request.recency == AFFINITY_RECENCY_SUM;
}

/*
 * The items that come first in a group of users (NULL: all), or that are
 * trending there. False where they are those of the table of items, which is
 * so for groups that nobody knows.
 */
bool
affinity_beside_list(AffinityModel *model, text *group, bool trending,
					 AffinityList *list)
{
	if (!model->trained)
		return false;
	if (group != NULL && model->grouped &&
		read_list(model, AFFINITY_QUERY_USER_GROUP, PointerGetDatum(group),
				  trending, list))
		return true;
	if (!trending || is_trending(model))
		return false;
	if (!model->grouped || !read_list(model, AFFINITY_QUERY_EVERYBODY,
									  Int32GetDatum(0), true, list))
		no_trend(model);
	return true;
}
