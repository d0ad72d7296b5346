-- The best items to go with a basket or session; no user is needed. C: src/serve

--extension
CREATE FUNCTION affinity.recommend_for_core(
	model pg_catalog.regnamespace,
	items pg_catalog."any",
	k pg_catalog.int8,
	candidates pg_catalog."any",
	exclude pg_catalog."any")
RETURNS SETOF pg_catalog.record
LANGUAGE C STABLE PARALLEL RESTRICTED COST 1000 ROWS 10
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
	'behind the function recommend_for of every model';

--objects
CREATE FUNCTION @schema@.recommend_for(
	items @item_arg@[],
	k pg_catalog.int8 DEFAULT 10,
	candidates @item_arg@[] DEFAULT '[0:0]={NULL}',
	exclude @item_arg@[] DEFAULT NULL)
RETURNS TABLE (
	item_id @item@,
	score pg_catalog.float4,
	rank pg_catalog.int4,
	personalized pg_catalog.bool)
LANGUAGE SQL STABLE PARALLEL RESTRICTED COST 1000 ROWS 10
BEGIN ATOMIC
	SELECT t.item_id, t.score, t.rank, t.personalized
	FROM affinity.recommend_for_core(@name@::pg_catalog.regnamespace, $1, $2,
		affinity.candidates_core($3), $4) AS t(
		item_id @item@,
		score pg_catalog.float4,
		rank pg_catalog.int4,
		personalized pg_catalog.bool);
END;

GRANT EXECUTE ON FUNCTION @schema@.recommend_for(@item_arg@[], pg_catalog.int8, @item_arg@[], @item_arg@[]) TO PUBLIC;

COMMENT ON FUNCTION @schema@.recommend_for(@item_arg@[], pg_catalog.int8, @item_arg@[], @item_arg@[]) IS
	'the k best items to go with a basket or session of items, which are not recommended themselves';
