-- Given items ranked for a user. C: src/serve

--extension
CREATE FUNCTION affinity.score_core(
	model pg_catalog.regnamespace,
	user_id pg_catalog."any",
	items pg_catalog."any")
RETURNS SETOF pg_catalog.record
LANGUAGE C STABLE PARALLEL RESTRICTED COST 1000 ROWS 10
SUPPORT affinity.planner_support
AS 'MODULE_PATHNAME', 'affinity_serve_score';

GRANT EXECUTE ON FUNCTION affinity.score_core(
	pg_catalog.regnamespace,
	pg_catalog."any",
	pg_catalog."any") TO PUBLIC;

COMMENT ON FUNCTION affinity.score_core(
	pg_catalog.regnamespace,
	pg_catalog."any",
	pg_catalog."any") IS
	'behind the function score of every model';

--objects
CREATE FUNCTION @schema@.score(user_id @user_arg@, items @item_arg@[])
RETURNS TABLE (
	item_id @item@,
	score pg_catalog.float4,
	rank pg_catalog.int4,
	personalized pg_catalog.bool)
LANGUAGE SQL STABLE PARALLEL RESTRICTED COST 1000 ROWS 10
BEGIN ATOMIC
	SELECT t.item_id, t.score, t.rank, t.personalized
	FROM affinity.score_core(@name@::pg_catalog.regnamespace, $1, $2) AS t(
		item_id @item@,
		score pg_catalog.float4,
		rank pg_catalog.int4,
		personalized pg_catalog.bool);
END;

GRANT EXECUTE ON FUNCTION @schema@.score(@user_arg@, @item_arg@[]) TO PUBLIC;

COMMENT ON FUNCTION @schema@.score(@user_arg@, @item_arg@[]) IS
	'given items ranked for a user, seen ones too; items that the model does not know are left out';
