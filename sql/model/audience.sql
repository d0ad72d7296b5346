-- The users whom an item suits best. C: src/serve

--extension
CREATE FUNCTION affinity.audience_core(
	model pg_catalog.regnamespace,
	item_id pg_catalog."any",
	k pg_catalog.int8)
RETURNS SETOF pg_catalog.record
LANGUAGE C STABLE PARALLEL RESTRICTED COST 100000 ROWS 10
SUPPORT affinity.planner_support
AS 'MODULE_PATHNAME', 'affinity_serve_audience';

GRANT EXECUTE ON FUNCTION affinity.audience_core(
	pg_catalog.regnamespace,
	pg_catalog."any",
	pg_catalog.int8) TO PUBLIC;

COMMENT ON FUNCTION affinity.audience_core(
	pg_catalog.regnamespace,
	pg_catalog."any",
	pg_catalog.int8) IS
	'behind the function audience of every model';

--objects
CREATE FUNCTION @schema@.audience(
	item_id @item_arg@,
	k pg_catalog.int8 DEFAULT 10)
RETURNS TABLE (
	user_id @user@,
	score pg_catalog.float4,
	rank pg_catalog.int4)
LANGUAGE SQL STABLE PARALLEL RESTRICTED COST 100000 ROWS 10
BEGIN ATOMIC
	SELECT t.user_id, t.score, t.rank
	FROM affinity.audience_core(@name@::pg_catalog.regnamespace, $1, $2) AS t(
		user_id @user@,
		score pg_catalog.float4,
		rank pg_catalog.int4);
END;

GRANT EXECUTE ON FUNCTION @schema@.audience(@item_arg@, pg_catalog.int8) TO PUBLIC;

COMMENT ON FUNCTION @schema@.audience(@item_arg@, pg_catalog.int8) IS
	'the k users with the highest score for an item, without those who have it already';
