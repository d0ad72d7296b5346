-- The best items for a user, from the user's history as it is now. C: src/serve

--extension
CREATE FUNCTION affinity.candidates_core(candidates pg_catalog.anyarray)
RETURNS pg_catalog.anyarray
LANGUAGE C STABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'affinity_serve_candidates';

COMMENT ON FUNCTION affinity.candidates_core(pg_catalog.anyarray) IS
	'candidates as recommend_core takes them: empty where they are null, null where they are [0:0]={NULL}, all items';

GRANT EXECUTE ON FUNCTION affinity.candidates_core(pg_catalog.anyarray) TO PUBLIC;

CREATE FUNCTION affinity.recommend_core(
	model pg_catalog.regnamespace,
	user_id pg_catalog."any",
	k pg_catalog.int8,
	candidates pg_catalog."any",
	exclude pg_catalog."any",
	exclude_seen pg_catalog.bool,
	repeat pg_catalog.float8,
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
LANGUAGE C STABLE PARALLEL RESTRICTED COST 1000 ROWS 10
SUPPORT affinity.planner_support
AS 'MODULE_PATHNAME', 'affinity_serve_recommend';

GRANT EXECUTE ON FUNCTION affinity.recommend_core(
	pg_catalog.regnamespace,
	pg_catalog."any",
	pg_catalog.int8,
	pg_catalog."any",
	pg_catalog."any",
	pg_catalog.bool,
	pg_catalog.float8,
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

COMMENT ON FUNCTION affinity.recommend_core(
	pg_catalog.regnamespace,
	pg_catalog."any",
	pg_catalog.int8,
	pg_catalog."any",
	pg_catalog."any",
	pg_catalog.bool,
	pg_catalog.float8,
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
	'behind the function recommend of every model';

CREATE FUNCTION affinity.recommend_core(
	model pg_catalog.regnamespace,
	user_id pg_catalog."any",
	k pg_catalog.int8,
	candidates pg_catalog."any",
	exclude pg_catalog."any",
	exclude_seen pg_catalog.bool,
	repeat pg_catalog.float8)
RETURNS SETOF pg_catalog.record
LANGUAGE C STABLE PARALLEL RESTRICTED COST 1000 ROWS 10
SUPPORT affinity.planner_support
AS 'MODULE_PATHNAME', 'affinity_serve_recommend';

GRANT EXECUTE ON FUNCTION affinity.recommend_core(
	pg_catalog.regnamespace,
	pg_catalog."any",
	pg_catalog.int8,
	pg_catalog."any",
	pg_catalog."any",
	pg_catalog.bool,
	pg_catalog.float8) TO PUBLIC;

COMMENT ON FUNCTION affinity.recommend_core(
	pg_catalog.regnamespace,
	pg_catalog."any",
	pg_catalog.int8,
	pg_catalog."any",
	pg_catalog."any",
	pg_catalog.bool,
	pg_catalog.float8) IS
	'the same without rules: behind recommend of models made before them';

CREATE FUNCTION affinity.recommend_core(
	model pg_catalog.regnamespace,
	user_id pg_catalog."any",
	k pg_catalog.int8,
	candidates pg_catalog."any",
	exclude pg_catalog."any",
	exclude_seen pg_catalog.bool)
RETURNS SETOF pg_catalog.record
LANGUAGE C STABLE PARALLEL RESTRICTED COST 1000 ROWS 10
SUPPORT affinity.planner_support
AS 'MODULE_PATHNAME', 'affinity_serve_recommend';

GRANT EXECUTE ON FUNCTION affinity.recommend_core(
	pg_catalog.regnamespace,
	pg_catalog."any",
	pg_catalog.int8,
	pg_catalog."any",
	pg_catalog."any",
	pg_catalog.bool) TO PUBLIC;

COMMENT ON FUNCTION affinity.recommend_core(
	pg_catalog.regnamespace,
	pg_catalog."any",
	pg_catalog.int8,
	pg_catalog."any",
	pg_catalog."any",
	pg_catalog.bool) IS
	'the same without repeat: behind recommend of models made before it';

--objects
CREATE FUNCTION @schema@.recommend(
	user_id @user_arg@,
	k pg_catalog.int8 DEFAULT 10,
	candidates @item_arg@[] DEFAULT '[0:0]={NULL}',
	exclude @item_arg@[] DEFAULT NULL,
	exclude_seen pg_catalog.bool DEFAULT true,
	repeat pg_catalog.float8 DEFAULT NULL,
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
	item_id @item@,
	score pg_catalog.float4,
	rank pg_catalog.int4,
	personalized pg_catalog.bool)
LANGUAGE SQL STABLE PARALLEL RESTRICTED COST 1000 ROWS 10
BEGIN ATOMIC
	SELECT t.item_id, t.score, t.rank, t.personalized
	FROM affinity.recommend_core(@name@::pg_catalog.regnamespace, $1, $2, affinity.candidates_core($3), $4, $5, $6, $7, $8, $9, $10, $11,
		$12, $13, $14, $15, $16, $17, $18, $19, $20) AS t(
		item_id @item@,
		score pg_catalog.float4,
		rank pg_catalog.int4,
		personalized pg_catalog.bool);
END;

GRANT EXECUTE ON FUNCTION @schema@.recommend(
	@user_arg@,
	pg_catalog.int8,
	@item_arg@[],
	@item_arg@[],
	pg_catalog.bool,
	pg_catalog.float8,
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

COMMENT ON FUNCTION @schema@.recommend(
	@user_arg@,
	pg_catalog.int8,
	@item_arg@[],
	@item_arg@[],
	pg_catalog.bool,
	pg_catalog.float8,
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
	'the k best items for a user from the user''s history; personalized is false for popular items that fill up';
