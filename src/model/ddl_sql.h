/* Made from sql/model by header.awk. */

#define MODEL_SCHEMA_SQL \
	"CREATE SCHEMA @schema@", \
	"CREATE VIEW @schema@.interactions WITH (security_invoker = true) AS @query@", \
	"GRANT SELECT ON @schema@.interactions TO PUBLIC", \
	"COMMENT ON VIEW @schema@.interactions IS 'who did what with which item: the source of the model, read with the rights of the caller'", \
	NULL

#define MODEL_OBJECTS_SQL \
	"CREATE TABLE @schema@.model OF affinity.model_record (PRIMARY KEY (version) )", \
	"GRANT SELECT ON @schema@.model TO PUBLIC", \
	"COMMENT ON TABLE @schema@.model IS 'one row: algorithm, options and figures of the version in force; its type marks the schema as a model'", \
	"CREATE SEQUENCE @schema@.model_version", \
	"COMMENT ON SEQUENCE @schema@.model_version IS 'numbers of versions, none used twice'", \
	"CREATE TABLE @schema@.items (item_no pg_catalog.int4 NOT NULL, item_id @item@ NOT NULL, popularity pg_catalog.float4 NOT NULL, neighbors pg_catalog.int4[] NOT NULL, scores pg_catalog.float4[] NOT NULL, factors pg_catalog.float4[] ) WITH (toast_tuple_target = 8160)", \
	"ALTER TABLE @schema@.items ALTER COLUMN neighbors SET STORAGE EXTERNAL, ALTER COLUMN scores SET STORAGE EXTERNAL, ALTER COLUMN factors SET STORAGE EXTERNAL", \
	"GRANT SELECT ON @schema@.items TO PUBLIC", \
	"COMMENT ON TABLE @schema@.items IS 'one row per item, numbered in order of item_id: its similar items (item_no, best first), scores and factors'", \
	"CREATE VIEW @schema@.neighbors WITH (security_invoker = true) AS SELECT i.item_id, n.item_id AS neighbor_id, u.score, u.rank::pg_catalog.int4 AS rank FROM @schema@.items AS i CROSS JOIN LATERAL ROWS FROM (pg_catalog.unnest(i.neighbors), pg_catalog.unnest(i.scores)) WITH ORDINALITY AS u(item_no, score, rank) JOIN @schema@.items AS n ON n.item_no OPERATOR(pg_catalog.=) u.item_no", \
	"GRANT SELECT ON @schema@.neighbors TO PUBLIC", \
	"COMMENT ON VIEW @schema@.neighbors IS 'similar items of every item, rank 1 being the most similar'", \
	"CREATE FUNCTION @schema@.audience(item_id @item@, k pg_catalog.int4 DEFAULT 10) RETURNS TABLE (user_id @user@, score pg_catalog.float4, rank pg_catalog.int4) LANGUAGE SQL STABLE PARALLEL RESTRICTED COST 100000 ROWS 10 BEGIN ATOMIC SELECT t.user_id, t.score, t.rank FROM affinity.audience_core(@name@::pg_catalog.regnamespace, $1, $2) AS t(user_id @user@, score pg_catalog.float4, rank pg_catalog.int4); END", \
	"GRANT EXECUTE ON FUNCTION @schema@.audience(@item@, pg_catalog.int4) TO PUBLIC", \
	"COMMENT ON FUNCTION @schema@.audience(@item@, pg_catalog.int4) IS 'the k users with the highest score for an item, without those who have it already'", \
	"CREATE FUNCTION @schema@.explain(user_id @user@, item_id @item@, k pg_catalog.int4 DEFAULT 10) RETURNS TABLE (because_id @item@, weight pg_catalog.float4, similarity pg_catalog.float4, contribution pg_catalog.float4, share pg_catalog.float4, rank pg_catalog.int4) LANGUAGE SQL STABLE PARALLEL RESTRICTED COST 1000 ROWS 10 BEGIN ATOMIC SELECT t.because_id, t.weight, t.similarity, t.contribution, t.share, t.rank FROM affinity.explain_core(@name@::pg_catalog.regnamespace, $1, $2, $3) AS t(because_id @item@, weight pg_catalog.float4, similarity pg_catalog.float4, contribution pg_catalog.float4, share pg_catalog.float4, rank pg_catalog.int4); END", \
	"GRANT EXECUTE ON FUNCTION @schema@.explain(@user@, @item@, pg_catalog.int4) TO PUBLIC", \
	"COMMENT ON FUNCTION @schema@.explain(@user@, @item@, pg_catalog.int4) IS 'the k items of a user''s history that contribute most to the score of an item'", \
	"CREATE FUNCTION @schema@.recommend(user_id @user@, k pg_catalog.int4 DEFAULT 10, candidates @item@[] DEFAULT '[0:0]={NULL}', exclude @item@[] DEFAULT NULL, exclude_seen pg_catalog.bool DEFAULT true) RETURNS TABLE (item_id @item@, score pg_catalog.float4, rank pg_catalog.int4, personalized pg_catalog.bool) LANGUAGE SQL STABLE PARALLEL RESTRICTED COST 1000 ROWS 10 BEGIN ATOMIC SELECT t.item_id, t.score, t.rank, t.personalized FROM affinity.recommend_core(@name@::pg_catalog.regnamespace, $1, $2, affinity.candidates_core($3), $4, $5) AS t(item_id @item@, score pg_catalog.float4, rank pg_catalog.int4, personalized pg_catalog.bool); END", \
	"GRANT EXECUTE ON FUNCTION @schema@.recommend(@user@, pg_catalog.int4, @item@[], @item@[], pg_catalog.bool) TO PUBLIC", \
	"COMMENT ON FUNCTION @schema@.recommend(@user@, pg_catalog.int4, @item@[], @item@[], pg_catalog.bool) IS 'the k best items for a user from the user''s history; personalized is false for popular items that fill up'", \
	"CREATE FUNCTION @schema@.recommend_all(k pg_catalog.int4 DEFAULT 10) RETURNS TABLE (user_id @user@, item_id @item@, score pg_catalog.float4, rank pg_catalog.int4, personalized pg_catalog.bool) LANGUAGE SQL STABLE PARALLEL RESTRICTED COST 1000000 ROWS 100000 BEGIN ATOMIC SELECT t.user_id, t.item_id, t.score, t.rank, t.personalized FROM affinity.recommend_all_core(@name@::pg_catalog.regnamespace, $1) AS t(user_id @user@, item_id @item@, score pg_catalog.float4, rank pg_catalog.int4, personalized pg_catalog.bool); END", \
	"GRANT EXECUTE ON FUNCTION @schema@.recommend_all(pg_catalog.int4) TO PUBLIC", \
	"COMMENT ON FUNCTION @schema@.recommend_all(pg_catalog.int4) IS 'recommend(user_id, k) for every user, in order of user and rank: for materialized views'", \
	"CREATE FUNCTION @schema@.recommend_for(items @item@[], k pg_catalog.int4 DEFAULT 10, candidates @item@[] DEFAULT '[0:0]={NULL}', exclude @item@[] DEFAULT NULL) RETURNS TABLE (item_id @item@, score pg_catalog.float4, rank pg_catalog.int4, personalized pg_catalog.bool) LANGUAGE SQL STABLE PARALLEL RESTRICTED COST 1000 ROWS 10 BEGIN ATOMIC SELECT t.item_id, t.score, t.rank, t.personalized FROM affinity.recommend_for_core(@name@::pg_catalog.regnamespace, $1, $2, affinity.candidates_core($3), $4) AS t(item_id @item@, score pg_catalog.float4, rank pg_catalog.int4, personalized pg_catalog.bool); END", \
	"GRANT EXECUTE ON FUNCTION @schema@.recommend_for(@item@[], pg_catalog.int4, @item@[], @item@[]) TO PUBLIC", \
	"COMMENT ON FUNCTION @schema@.recommend_for(@item@[], pg_catalog.int4, @item@[], @item@[]) IS 'the k best items to go with a basket or session of items, which are not recommended themselves'", \
	"CREATE FUNCTION @schema@.score(user_id @user@, items @item@[]) RETURNS TABLE (item_id @item@, score pg_catalog.float4, rank pg_catalog.int4, personalized pg_catalog.bool) LANGUAGE SQL STABLE PARALLEL RESTRICTED COST 1000 ROWS 10 BEGIN ATOMIC SELECT t.item_id, t.score, t.rank, t.personalized FROM affinity.score_core(@name@::pg_catalog.regnamespace, $1, $2) AS t(item_id @item@, score pg_catalog.float4, rank pg_catalog.int4, personalized pg_catalog.bool); END", \
	"GRANT EXECUTE ON FUNCTION @schema@.score(@user@, @item@[]) TO PUBLIC", \
	"COMMENT ON FUNCTION @schema@.score(@user@, @item@[]) IS 'given items ranked for a user, seen ones too; items that the model does not know are left out'", \
	"CREATE TYPE @schema@.similar_item AS (item_id @item@, score pg_catalog.float4, rank pg_catalog.int4 )", \
	"GRANT USAGE ON TYPE @schema@.similar_item TO PUBLIC", \
	"COMMENT ON TYPE @schema@.similar_item IS 'a row of similar_items'", \
	"CREATE FUNCTION @schema@.similar_items(item_id @item@, k pg_catalog.int4 DEFAULT 10) RETURNS SETOF @schema@.similar_item LANGUAGE SQL STABLE PARALLEL RESTRICTED COST 1000 ROWS 10 BEGIN ATOMIC SELECT t.item_id, t.score, t.rank FROM affinity.similar_items_core(@name@::pg_catalog.regnamespace, $1, $2) AS t(item_id @item@, score pg_catalog.float4, rank pg_catalog.int4); END", \
	"GRANT EXECUTE ON FUNCTION @schema@.similar_items(@item@, pg_catalog.int4) TO PUBLIC", \
	"COMMENT ON FUNCTION @schema@.similar_items(@item@, pg_catalog.int4) IS 'the k items most similar to an item; no rows for an item that the model does not know'", \
	"CREATE TYPE @schema@.similar_user AS (user_id @user@, score pg_catalog.float4, rank pg_catalog.int4, common pg_catalog.int4 )", \
	"GRANT USAGE ON TYPE @schema@.similar_user TO PUBLIC", \
	"COMMENT ON TYPE @schema@.similar_user IS 'a row of similar_users'", \
	"CREATE FUNCTION @schema@.similar_users(user_id @user@, k pg_catalog.int4 DEFAULT 10) RETURNS SETOF @schema@.similar_user LANGUAGE SQL STABLE PARALLEL RESTRICTED COST 10000 ROWS 10 BEGIN ATOMIC SELECT t.user_id, t.score, t.rank, t.common FROM affinity.similar_users_core(@name@::pg_catalog.regnamespace, $1, $2) AS t(user_id @user@, score pg_catalog.float4, rank pg_catalog.int4, common pg_catalog.int4); END", \
	"GRANT EXECUTE ON FUNCTION @schema@.similar_users(@user@, pg_catalog.int4) TO PUBLIC", \
	"COMMENT ON FUNCTION @schema@.similar_users(@user@, pg_catalog.int4) IS 'the k users whose histories are most similar by cosine; common is the number of items shared'", \
	NULL

#define MODEL_INDEXES_SQL \
	"ALTER TABLE @schema@.items ADD PRIMARY KEY (item_no)", \
	"ALTER TABLE @schema@.items ADD UNIQUE (item_id)", \
	"CREATE INDEX items_popularity_idx ON @schema@.items (popularity DESC, item_no)", \
	NULL

#define MODEL_RELATION_NAMES \
	"interactions", \
	"model", \
	"model_version", \
	"items", \
	"neighbors", \
	"similar_item", \
	"similar_user", \
	NULL

#define MODEL_FUNCTION_NAMES \
	"audience", \
	"explain", \
	"recommend", \
	"recommend_all", \
	"recommend_for", \
	"score", \
	"similar_items", \
	"similar_users", \
	NULL
