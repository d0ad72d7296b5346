/*
 * ddl.c
 *		The objects of a model's schema, as SQL.
 *
 * Templates with these marks, all quoted where they are filled in: @schema@
 * the schema as an identifier, @name@ as a literal, @user@ and @item@ the
 * types of ids. Serving functions are thin: each calls one C function of the
 * extension, with exact types, and is inlined by the planner. The tables may
 * be read by whoever has USAGE on the schema; the view checks the caller's
 * own rights on the source.
 */
#include "postgres.h"

#include "executor/spi.h"
#include "utils/builtins.h"

#include "model/source.h"

static const char *const schema_sql[] = {
	"CREATE SCHEMA @schema@",
	NULL
};

static const char *const view_sql[] = {
	"CREATE VIEW @schema@.interactions WITH (security_invoker = true) AS @query@",
	"GRANT SELECT ON @schema@.interactions TO PUBLIC",
	"COMMENT ON VIEW @schema@.interactions IS 'who did what with which item: the source of the model, read with the rights of whoever asks'",
	NULL
};

static const char *const object_sql[] = {
	/* ---- what was learned ---- */
	"CREATE TABLE @schema@.model OF affinity.model_record",
	"GRANT SELECT ON @schema@.model TO PUBLIC",
	"COMMENT ON TABLE @schema@.model IS 'one row: algorithm, options and figures of the version in force; its type marks the schema as a model'",
	"CREATE SEQUENCE @schema@.model_version",
	"COMMENT ON SEQUENCE @schema@.model_version IS 'numbers of versions, none used twice'",
	"CREATE TABLE @schema@.items (item_no integer NOT NULL, item_id @item@ NOT NULL, popularity real NOT NULL, neighbors integer[] NOT NULL, scores real[] NOT NULL, factors real[]) WITH (toast_tuple_target = 8160)",
	"ALTER TABLE @schema@.items ALTER COLUMN neighbors SET STORAGE EXTERNAL, ALTER COLUMN scores SET STORAGE EXTERNAL, ALTER COLUMN factors SET STORAGE EXTERNAL",
	"GRANT SELECT ON @schema@.items TO PUBLIC",
	"COMMENT ON TABLE @schema@.items IS 'what was learned, one row per item; item_no is in order of item_id, neighbors are item_no of similar items, best first; factors is the item''s vector where the algorithm has them'",
	"CREATE VIEW @schema@.neighbors WITH (security_invoker = true) AS SELECT i.item_id, n.item_id AS neighbor_id, u.score, u.rank::integer AS rank FROM @schema@.items i CROSS JOIN LATERAL ROWS FROM (unnest(i.neighbors), unnest(i.scores)) WITH ORDINALITY AS u(item_no, score, rank) JOIN @schema@.items n ON n.item_no = u.item_no",
	"GRANT SELECT ON @schema@.neighbors TO PUBLIC",
	"COMMENT ON VIEW @schema@.neighbors IS 'similar items of every item, rank 1 being the most similar'",

	/* ---- rows with a column named like an argument need a type ---- */
	"CREATE TYPE @schema@.similar_item AS (item_id @item@, score real, rank integer)",
	"COMMENT ON TYPE @schema@.similar_item IS 'a row of similar_items'",
	"CREATE TYPE @schema@.similar_user AS (user_id @user@, score real, rank integer, common integer)",
	"COMMENT ON TYPE @schema@.similar_user IS 'a row of similar_users'",

	/* ---- serving ---- */
	"CREATE FUNCTION @schema@.recommend(user_id @user@, k integer DEFAULT 10, candidates @item@[] DEFAULT NULL, exclude @item@[] DEFAULT NULL, exclude_seen boolean DEFAULT true)"
	" RETURNS TABLE (item_id @item@, score real, rank integer, personalized boolean) LANGUAGE sql STABLE PARALLEL RESTRICTED COST 1000 ROWS 10"
	" BEGIN ATOMIC SELECT t.item_id, t.score, t.rank, t.personalized FROM affinity.recommend_core(@name@::pg_catalog.regnamespace, $1, $2, $3, $4, $5) AS t(item_id @item@, score real, rank integer, personalized boolean); END",
	"COMMENT ON FUNCTION @schema@.recommend(@user@, integer, @item@[], @item@[], boolean) IS 'the k best items for a user, from the user''s history as it is now: among candidates if given, without the items of exclude and, unless exclude_seen is false, without those of the history. Rows with personalized = false are popular items, for a user without usable history or to fill up; what the history speaks against (a score below 0 by neighbours) comes after them. By factors every item has a score'",

	"CREATE FUNCTION @schema@.recommend_for(items @item@[], k integer DEFAULT 10, candidates @item@[] DEFAULT NULL, exclude @item@[] DEFAULT NULL)"
	" RETURNS TABLE (item_id @item@, score real, rank integer, personalized boolean) LANGUAGE sql STABLE PARALLEL RESTRICTED COST 1000 ROWS 10"
	" BEGIN ATOMIC SELECT t.item_id, t.score, t.rank, t.personalized FROM affinity.recommend_for_core(@name@::pg_catalog.regnamespace, $1, $2, $3, $4) AS t(item_id @item@, score real, rank integer, personalized boolean); END",
	"COMMENT ON FUNCTION @schema@.recommend_for(@item@[], integer, @item@[], @item@[]) IS 'the k best items to go with a basket or session of items, which are not recommended themselves; no user is needed. candidates, exclude and personalized as in recommend'",

	"CREATE FUNCTION @schema@.recommend_all(k integer DEFAULT 10)"
	" RETURNS TABLE (user_id @user@, item_id @item@, score real, rank integer, personalized boolean) LANGUAGE sql STABLE PARALLEL RESTRICTED COST 1000000 ROWS 100000"
	" BEGIN ATOMIC SELECT t.user_id, t.item_id, t.score, t.rank, t.personalized FROM affinity.recommend_all_core(@name@::pg_catalog.regnamespace, $1) AS t(user_id @user@, item_id @item@, score real, rank integer, personalized boolean); END",
	"COMMENT ON FUNCTION @schema@.recommend_all(integer) IS 'recommend(user_id, k) for every user of the interactions, in order of user and rank: for materialized views. Works in parallel, as max_parallel_maintenance_workers allows. Error 53400: the model or the interactions take more than maintenance_work_mem'",

	"CREATE FUNCTION @schema@.similar_items(item_id @item@, k integer DEFAULT 10)"
	" RETURNS SETOF @schema@.similar_item LANGUAGE sql STABLE PARALLEL RESTRICTED COST 1000 ROWS 10"
	" BEGIN ATOMIC SELECT t.item_id, t.score, t.rank FROM affinity.similar_items_core(@name@::pg_catalog.regnamespace, $1, $2) AS t(item_id @item@, score real, rank integer); END",
	"COMMENT ON FUNCTION @schema@.similar_items(@item@, integer) IS 'the k items most similar to an item: its neighbours with a score above 0, or by the cosine of factors where that is above 0; no rows for an item that the model does not know'",

	"CREATE FUNCTION @schema@.similar_users(user_id @user@, k integer DEFAULT 10)"
	" RETURNS SETOF @schema@.similar_user LANGUAGE sql STABLE PARALLEL RESTRICTED COST 10000 ROWS 10"
	" BEGIN ATOMIC SELECT t.user_id, t.score, t.rank, t.common FROM affinity.similar_users_core(@name@::pg_catalog.regnamespace, $1, $2) AS t(user_id @user@, score real, rank integer, common integer); END",
	"COMMENT ON FUNCTION @schema@.similar_users(@user@, integer) IS 'the k users whose histories are most similar by cosine (of ratings: less the mean of each user), read now; common is the number of items shared'",

	"CREATE FUNCTION @schema@.score(user_id @user@, items @item@[])"
	" RETURNS TABLE (item_id @item@, score real, rank integer, personalized boolean) LANGUAGE sql STABLE PARALLEL RESTRICTED COST 1000 ROWS 10"
	" BEGIN ATOMIC SELECT t.item_id, t.score, t.rank, t.personalized FROM affinity.score_core(@name@::pg_catalog.regnamespace, $1, $2) AS t(item_id @item@, score real, rank integer, personalized boolean); END",
	"COMMENT ON FUNCTION @schema@.score(@user@, @item@[]) IS 'given items ranked for a user, seen ones too, those with a score below 0 last; items that the model does not know are left out'",

	"CREATE FUNCTION @schema@.explain(user_id @user@, item_id @item@, k integer DEFAULT 10)"
	" RETURNS TABLE (because_id @item@, weight real, similarity real, contribution real, share real, rank integer) LANGUAGE sql STABLE PARALLEL RESTRICTED COST 1000 ROWS 10"
	" BEGIN ATOMIC SELECT t.because_id, t.weight, t.similarity, t.contribution, t.share, t.rank FROM affinity.explain_core(@name@::pg_catalog.regnamespace, $1, $2, $3) AS t(because_id @item@, weight real, similarity real, contribution real, share real, rank integer); END",
	"COMMENT ON FUNCTION @schema@.explain(@user@, @item@, integer) IS 'the k items of a user''s history that contribute most to the score of an item, those that speak against it last: contribution is weight times similarity, share its part of the sum of all contributions without their signs. For als weight is the rating less what was to be expected, and the biases in a score come from no item'",

	"CREATE FUNCTION @schema@.audience(item_id @item@, k integer DEFAULT 10)"
	" RETURNS TABLE (user_id @user@, score real, rank integer) LANGUAGE sql STABLE PARALLEL RESTRICTED COST 100000 ROWS 10"
	" BEGIN ATOMIC SELECT t.user_id, t.score, t.rank FROM affinity.audience_core(@name@::pg_catalog.regnamespace, $1, $2) AS t(user_id @user@, score real, rank integer); END",
	"COMMENT ON FUNCTION @schema@.audience(@item@, integer) IS 'the k users with the highest score for an item (by neighbours: above 0), without those who have it already; by factors all users are looked at'",
	NULL
};

static const char *const index_sql[] = {
	"ALTER TABLE @schema@.items ADD PRIMARY KEY (item_no)",
	"ALTER TABLE @schema@.items ADD UNIQUE (item_id)",
	"CREATE INDEX items_popularity_idx ON @schema@.items (popularity DESC, item_no)",
	NULL
};

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
			appendStringInfoString(sql,
								   format_type_be_qualified(source->user_type));
		else if (strncmp(mark, "@item@", 6) == 0)
			appendStringInfoString(sql,
								   format_type_be_qualified(source->item_type));
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
	execute_all(view_sql, name, source);
}

void
affinity_model_ddl_objects(const char *name, const ModelSource *source)
{
	execute_all(object_sql, name, source);
}

/*
 * Indexes of the items, once they are written.
 */
void
affinity_model_ddl_indexes(const char *name)
{
	execute_all(index_sql, name, NULL);
}
