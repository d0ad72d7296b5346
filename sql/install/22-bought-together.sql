-- Pairs of items in baskets. C: src/neighbor/together.c

CREATE FUNCTION affinity.bought_together(
	query pg_catalog.text,
	min_support pg_catalog.int8 DEFAULT 10,
	per_item pg_catalog.int8 DEFAULT 20)
RETURNS TABLE (
	item_a pg_catalog.text,
	item_b pg_catalog.text,
	baskets pg_catalog.int8,
	support pg_catalog.float8,
	confidence pg_catalog.float8,
	confidence_low pg_catalog.float8,
	lift pg_catalog.float8,
	lift_low pg_catalog.float8,
	extra pg_catalog.float8)
LANGUAGE C STABLE ROWS 10000 COST 1000000
AS 'MODULE_PATHNAME', 'affinity_neighbor_together';

COMMENT ON FUNCTION affinity.bought_together(pg_catalog.text, pg_catalog.int8, pg_catalog.int8) IS
	'pairs of items that share baskets, with support, confidence and lift, and lower bounds of these';
