-- The items most similar to an item. The rows need a type of their own, because a
-- column of RETURNS TABLE cannot have the name of an argument. C: src/serve

--extension
CREATE FUNCTION affinity.similar_items_core(
	model pg_catalog.regnamespace,
	item_id pg_catalog."any",
	k pg_catalog.int8)
RETURNS SETOF pg_catalog.record
LANGUAGE C STABLE PARALLEL RESTRICTED COST 1000 ROWS 10
SUPPORT affinity.planner_support
AS 'MODULE_PATHNAME', 'affinity_serve_similar_items';

GRANT EXECUTE ON FUNCTION affinity.similar_items_core(
	pg_catalog.regnamespace,
	pg_catalog."any",
	pg_catalog.int8) TO PUBLIC;

COMMENT ON FUNCTION affinity.similar_items_core(
	pg_catalog.regnamespace,
	pg_catalog."any",
	pg_catalog.int8) IS
	'behind the function similar_items of every model';

--objects
CREATE TYPE @schema@.similar_item AS (
	item_id @item@,
	score pg_catalog.float4,
	rank pg_catalog.int4
);

GRANT USAGE ON TYPE @schema@.similar_item TO PUBLIC;

COMMENT ON TYPE @schema@.similar_item IS
	'a row of similar_items';

CREATE FUNCTION @schema@.similar_items(
	item_id @item_arg@,
	k pg_catalog.int8 DEFAULT 10)
RETURNS SETOF @schema@.similar_item
LANGUAGE SQL STABLE PARALLEL RESTRICTED COST 1000 ROWS 10
BEGIN ATOMIC
	SELECT t.item_id, t.score, t.rank
	FROM affinity.similar_items_core(@name@::pg_catalog.regnamespace, $1, $2) AS t(
		item_id @item@,
		score pg_catalog.float4,
		rank pg_catalog.int4);
END;

GRANT EXECUTE ON FUNCTION @schema@.similar_items(@item_arg@, pg_catalog.int8) TO PUBLIC;

COMMENT ON FUNCTION @schema@.similar_items(@item_arg@, pg_catalog.int8) IS
	'the k items most similar to an item; no rows for an item that the model does not know';
