-- recommend for every user of the interactions, in parallel. C: src/serve

--extension
CREATE FUNCTION affinity.recommend_all_core(
	model pg_catalog.regnamespace,
	k pg_catalog.int8,
	repeat pg_catalog.float8)
RETURNS SETOF pg_catalog.record
LANGUAGE C STABLE PARALLEL RESTRICTED COST 1000000 ROWS 100000
AS 'MODULE_PATHNAME', 'affinity_serve_recommend_all';

GRANT EXECUTE ON FUNCTION affinity.recommend_all_core(
	pg_catalog.regnamespace,
	pg_catalog.int8,
	pg_catalog.float8) TO PUBLIC;

COMMENT ON FUNCTION affinity.recommend_all_core(
	pg_catalog.regnamespace,
	pg_catalog.int8,
	pg_catalog.float8) IS
	'behind the function recommend_all of every model';

CREATE FUNCTION affinity.recommend_all_core(
	model pg_catalog.regnamespace,
	k pg_catalog.int8)
RETURNS SETOF pg_catalog.record
LANGUAGE C STABLE PARALLEL RESTRICTED COST 1000000 ROWS 100000
AS 'MODULE_PATHNAME', 'affinity_serve_recommend_all';

GRANT EXECUTE ON FUNCTION affinity.recommend_all_core(
	pg_catalog.regnamespace,
	pg_catalog.int8) TO PUBLIC;

COMMENT ON FUNCTION affinity.recommend_all_core(
	pg_catalog.regnamespace,
	pg_catalog.int8) IS
	'the same without repeat: behind recommend_all of models made before it';

--objects
CREATE FUNCTION @schema@.recommend_all(
	k pg_catalog.int8 DEFAULT 10,
	repeat pg_catalog.float8 DEFAULT NULL)
RETURNS TABLE (
	user_id @user@,
	item_id @item@,
	score pg_catalog.float4,
	rank pg_catalog.int4,
	personalized pg_catalog.bool)
LANGUAGE SQL STABLE PARALLEL RESTRICTED COST 1000000 ROWS 100000
BEGIN ATOMIC
	SELECT t.user_id, t.item_id, t.score, t.rank, t.personalized
	FROM affinity.recommend_all_core(@name@::pg_catalog.regnamespace, $1, $2) AS t(
		user_id @user@,
		item_id @item@,
		score pg_catalog.float4,
		rank pg_catalog.int4,
		personalized pg_catalog.bool);
END;

GRANT EXECUTE ON FUNCTION @schema@.recommend_all(pg_catalog.int8, pg_catalog.float8) TO PUBLIC;

COMMENT ON FUNCTION @schema@.recommend_all(pg_catalog.int8, pg_catalog.float8) IS
	'recommend(user_id, k, repeat => repeat) for every user, in order of user and rank: for materialized views';
