-- Why a user is recommended an item. C: src/serve

--extension
CREATE FUNCTION affinity.explain_core(
	model pg_catalog.regnamespace,
	user_id pg_catalog."any",
	item_id pg_catalog."any",
	k pg_catalog.int8)
RETURNS SETOF pg_catalog.record
LANGUAGE C STABLE PARALLEL RESTRICTED COST 1000 ROWS 10
SUPPORT affinity.planner_support
AS 'MODULE_PATHNAME', 'affinity_serve_explain';

GRANT EXECUTE ON FUNCTION affinity.explain_core(
	pg_catalog.regnamespace,
	pg_catalog."any",
	pg_catalog."any",
	pg_catalog.int8) TO PUBLIC;

COMMENT ON FUNCTION affinity.explain_core(
	pg_catalog.regnamespace,
	pg_catalog."any",
	pg_catalog."any",
	pg_catalog.int8) IS
	'behind the function explain of every model';

--objects
CREATE FUNCTION @schema@.explain(
	user_id @user_arg@,
	item_id @item_arg@,
	k pg_catalog.int8 DEFAULT 10)
RETURNS TABLE (
	because_id @item@,
	weight pg_catalog.float4,
	similarity pg_catalog.float4,
	contribution pg_catalog.float4,
	share pg_catalog.float4,
	rank pg_catalog.int4)
LANGUAGE SQL STABLE PARALLEL RESTRICTED COST 1000 ROWS 10
BEGIN ATOMIC
	SELECT t.because_id, t.weight, t.similarity, t.contribution, t.share, t.rank
	FROM affinity.explain_core(@name@::pg_catalog.regnamespace, $1, $2, $3) AS t(
		because_id @item@,
		weight pg_catalog.float4,
		similarity pg_catalog.float4,
		contribution pg_catalog.float4,
		share pg_catalog.float4,
		rank pg_catalog.int4);
END;

GRANT EXECUTE ON FUNCTION @schema@.explain(@user_arg@, @item_arg@, pg_catalog.int8) TO PUBLIC;

COMMENT ON FUNCTION @schema@.explain(@user_arg@, @item_arg@, pg_catalog.int8) IS
	'the k items of a user''s history that contribute most to the score of an item';
