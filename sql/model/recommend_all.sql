-- recommend for every user of the interactions, in parallel. C: src/serve

--extension
CREATE FUNCTION affinity.recommend_all_core(
	model pg_catalog.regnamespace,
	k pg_catalog.int8,
	repeat pg_catalog.float8,
	users pg_catalog.text,
	candidates pg_catalog."any",
	exclude pg_catalog."any",
	eligible pg_catalog.text,
	parameters pg_catalog.jsonb,
	group_by pg_catalog.text,
	max_per_group pg_catalog.int8,
	boost pg_catalog.text,
	penalty pg_catalog.float8,
	diversity pg_catalog.float8,
	exploration pg_catalog.float8,
	seed pg_catalog.int8,
	min_score pg_catalog.float8,
	after_rank pg_catalog.int8,
	pin pg_catalog."any",
	not_within pg_catalog.interval,
	user_group pg_catalog.text)
RETURNS SETOF pg_catalog.record
LANGUAGE C STABLE PARALLEL RESTRICTED COST 1000000 ROWS 100000
SUPPORT affinity.planner_support
AS 'MODULE_PATHNAME', 'affinity_serve_recommend_all';

GRANT EXECUTE ON FUNCTION affinity.recommend_all_core(
	pg_catalog.regnamespace,
	pg_catalog.int8,
	pg_catalog.float8,
	pg_catalog.text,
	pg_catalog."any",
	pg_catalog."any",
	pg_catalog.text,
	pg_catalog.jsonb,
	pg_catalog.text,
	pg_catalog.int8,
	pg_catalog.text,
	pg_catalog.float8,
	pg_catalog.float8,
	pg_catalog.float8,
	pg_catalog.int8,
	pg_catalog.float8,
	pg_catalog.int8,
	pg_catalog."any",
	pg_catalog.interval,
	pg_catalog.text) TO PUBLIC;

COMMENT ON FUNCTION affinity.recommend_all_core(
	pg_catalog.regnamespace,
	pg_catalog.int8,
	pg_catalog.float8,
	pg_catalog.text,
	pg_catalog."any",
	pg_catalog."any",
	pg_catalog.text,
	pg_catalog.jsonb,
	pg_catalog.text,
	pg_catalog.int8,
	pg_catalog.text,
	pg_catalog.float8,
	pg_catalog.float8,
	pg_catalog.float8,
	pg_catalog.int8,
	pg_catalog.float8,
	pg_catalog.int8,
	pg_catalog."any",
	pg_catalog.interval,
	pg_catalog.text) IS
	'behind the function recommend_all of every model';

CREATE FUNCTION affinity.recommend_all_core(
	model pg_catalog.regnamespace,
	k pg_catalog.int8,
	repeat pg_catalog.float8)
RETURNS SETOF pg_catalog.record
LANGUAGE C STABLE PARALLEL RESTRICTED COST 1000000 ROWS 100000
SUPPORT affinity.planner_support
AS 'MODULE_PATHNAME', 'affinity_serve_recommend_all';

GRANT EXECUTE ON FUNCTION affinity.recommend_all_core(
	pg_catalog.regnamespace,
	pg_catalog.int8,
	pg_catalog.float8) TO PUBLIC;

COMMENT ON FUNCTION affinity.recommend_all_core(
	pg_catalog.regnamespace,
	pg_catalog.int8,
	pg_catalog.float8) IS
	'the same without rules: behind recommend_all of models made before them';

CREATE FUNCTION affinity.recommend_all_core(
	model pg_catalog.regnamespace,
	k pg_catalog.int8)
RETURNS SETOF pg_catalog.record
LANGUAGE C STABLE PARALLEL RESTRICTED COST 1000000 ROWS 100000
SUPPORT affinity.planner_support
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
	repeat pg_catalog.float8 DEFAULT NULL,
	users pg_catalog.text DEFAULT NULL,
	candidates @item_arg@[] DEFAULT '[0:0]={NULL}',
	exclude @item_arg@[] DEFAULT NULL,
	eligible pg_catalog.text DEFAULT NULL,
	parameters pg_catalog.jsonb DEFAULT NULL,
	group_by pg_catalog.text DEFAULT NULL,
	max_per_group pg_catalog.int8 DEFAULT NULL,
	boost pg_catalog.text DEFAULT NULL,
	penalty pg_catalog.float8 DEFAULT NULL,
	diversity pg_catalog.float8 DEFAULT NULL,
	exploration pg_catalog.float8 DEFAULT NULL,
	seed pg_catalog.int8 DEFAULT NULL,
	min_score pg_catalog.float8 DEFAULT NULL,
	after_rank pg_catalog.int8 DEFAULT NULL,
	pin @item_arg@[] DEFAULT NULL,
	not_within pg_catalog.interval DEFAULT NULL,
	user_group pg_catalog.text DEFAULT NULL)
RETURNS TABLE (
	user_id @user@,
	item_id @item@,
	score pg_catalog.float4,
	rank pg_catalog.int4,
	personalized pg_catalog.bool)
LANGUAGE SQL STABLE PARALLEL RESTRICTED COST 1000000 ROWS 100000
BEGIN ATOMIC
	SELECT t.user_id, t.item_id, t.score, t.rank, t.personalized
	FROM affinity.recommend_all_core(@name@::pg_catalog.regnamespace, $1, $2, $3, affinity.candidates_core($4), $5, $6, $7, $8, $9, $10, $11,
		$12, $13, $14, $15, $16, $17, $18, $19) AS t(
		user_id @user@,
		item_id @item@,
		score pg_catalog.float4,
		rank pg_catalog.int4,
		personalized pg_catalog.bool);
END;

GRANT EXECUTE ON FUNCTION @schema@.recommend_all(
	pg_catalog.int8,
	pg_catalog.float8,
	pg_catalog.text,
	@item_arg@[],
	@item_arg@[],
	pg_catalog.text,
	pg_catalog.jsonb,
	pg_catalog.text,
	pg_catalog.int8,
	pg_catalog.text,
	pg_catalog.float8,
	pg_catalog.float8,
	pg_catalog.float8,
	pg_catalog.int8,
	pg_catalog.float8,
	pg_catalog.int8,
	@item_arg@[],
	pg_catalog.interval,
	pg_catalog.text) TO PUBLIC;

COMMENT ON FUNCTION @schema@.recommend_all(
	pg_catalog.int8,
	pg_catalog.float8,
	pg_catalog.text,
	@item_arg@[],
	@item_arg@[],
	pg_catalog.text,
	pg_catalog.jsonb,
	pg_catalog.text,
	pg_catalog.int8,
	pg_catalog.text,
	pg_catalog.float8,
	pg_catalog.float8,
	pg_catalog.float8,
	pg_catalog.int8,
	pg_catalog.float8,
	pg_catalog.int8,
	@item_arg@[],
	pg_catalog.interval,
	pg_catalog.text) IS
	'recommend(user_id, k, ...) for every user, in order of user and rank: for materialized views';
