-- The best items to go with a basket or session; no user is needed. C: src/serve

--extension
CREATE FUNCTION affinity.recommend_for_core(
	model pg_catalog.regnamespace,
	items pg_catalog."any",
	k pg_catalog.int8,
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
	weights pg_catalog.float8[],
	times pg_catalog.timestamptz[],
	user_group pg_catalog.text)
RETURNS SETOF pg_catalog.record
LANGUAGE C STABLE PARALLEL RESTRICTED COST 1000 ROWS 10
SUPPORT affinity.planner_support
AS 'MODULE_PATHNAME', 'affinity_serve_recommend_for';

GRANT EXECUTE ON FUNCTION affinity.recommend_for_core(
	pg_catalog.regnamespace,
	pg_catalog."any",
	pg_catalog.int8,
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
	pg_catalog.float8[],
	pg_catalog.timestamptz[],
	pg_catalog.text) TO PUBLIC;

COMMENT ON FUNCTION affinity.recommend_for_core(
	pg_catalog.regnamespace,
	pg_catalog."any",
	pg_catalog.int8,
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
	pg_catalog.float8[],
	pg_catalog.timestamptz[],
	pg_catalog.text) IS
	'behind the function recommend_for of every model';

CREATE FUNCTION affinity.recommend_for_core(
	model pg_catalog.regnamespace,
	items pg_catalog."any",
	k pg_catalog.int8,
	candidates pg_catalog."any",
	exclude pg_catalog."any")
RETURNS SETOF pg_catalog.record
LANGUAGE C STABLE PARALLEL RESTRICTED COST 1000 ROWS 10
SUPPORT affinity.planner_support
AS 'MODULE_PATHNAME', 'affinity_serve_recommend_for';

GRANT EXECUTE ON FUNCTION affinity.recommend_for_core(
	pg_catalog.regnamespace,
	pg_catalog."any",
	pg_catalog.int8,
	pg_catalog."any",
	pg_catalog."any") TO PUBLIC;

COMMENT ON FUNCTION affinity.recommend_for_core(
	pg_catalog.regnamespace,
	pg_catalog."any",
	pg_catalog.int8,
	pg_catalog."any",
	pg_catalog."any") IS
	'the same without rules: behind recommend_for of models made before them';

--objects
CREATE FUNCTION @schema@.recommend_for(
	items @item_arg@[],
	k pg_catalog.int8 DEFAULT 10,
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
	weights pg_catalog.float8[] DEFAULT NULL,
	times pg_catalog.timestamptz[] DEFAULT NULL,
	user_group pg_catalog.text DEFAULT NULL)
RETURNS TABLE (
	item_id @item@,
	score pg_catalog.float4,
	rank pg_catalog.int4,
	personalized pg_catalog.bool)
LANGUAGE SQL STABLE PARALLEL RESTRICTED COST 1000 ROWS 10
BEGIN ATOMIC
	SELECT t.item_id, t.score, t.rank, t.personalized
	FROM affinity.recommend_for_core(@name@::pg_catalog.regnamespace, $1, $2, affinity.candidates_core($3), $4, $5, $6, $7, $8, $9, $10, $11,
		$12, $13, $14, $15, $16, $17, $18, $19) AS t(
		item_id @item@,
		score pg_catalog.float4,
		rank pg_catalog.int4,
		personalized pg_catalog.bool);
END;

GRANT EXECUTE ON FUNCTION @schema@.recommend_for(
	@item_arg@[],
	pg_catalog.int8,
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
	pg_catalog.float8[],
	pg_catalog.timestamptz[],
	pg_catalog.text) TO PUBLIC;

COMMENT ON FUNCTION @schema@.recommend_for(
	@item_arg@[],
	pg_catalog.int8,
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
	pg_catalog.float8[],
	pg_catalog.timestamptz[],
	pg_catalog.text) IS
	'the k best items to go with a basket or session of items, which are not recommended themselves';
