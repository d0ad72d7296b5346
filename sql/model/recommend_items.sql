-- The items of recommend alone, as one value. The planner does not inline a function
-- with a subquery, so Citus finds the call and sends it to the server of the user.
-- C: src/serve

--extension
CREATE FUNCTION affinity.recommend_items_core(
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
	user_group pg_catalog.text,
	alike pg_catalog.anyarray)
RETURNS pg_catalog.anyarray
LANGUAGE C STABLE PARALLEL RESTRICTED COST 1000
AS 'MODULE_PATHNAME', 'affinity_serve_recommend_items';

GRANT EXECUTE ON FUNCTION affinity.recommend_items_core(
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
	pg_catalog.text,
	pg_catalog.anyarray) TO PUBLIC;

COMMENT ON FUNCTION affinity.recommend_items_core(
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
	pg_catalog.text,
	pg_catalog.anyarray) IS
	'behind the function recommend_items of every model';

--objects
CREATE FUNCTION @schema@.recommend_items(
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
RETURNS @item@[]
LANGUAGE SQL STABLE PARALLEL RESTRICTED COST 1000
BEGIN ATOMIC
	SELECT (
		SELECT affinity.recommend_items_core(@name@::pg_catalog.regnamespace, $1, $2, affinity.candidates_core($3), $4, $5, $6, $7, $8, $9, $10,
			$11, $12, $13, $14, $15, $16, $17, $18, $19, $20, NULL::@item@[]));
END;

GRANT EXECUTE ON FUNCTION @schema@.recommend_items(
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

COMMENT ON FUNCTION @schema@.recommend_items(
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
	'the items of recommend(user_id, k, ...) as an array, best first, for calls outside of FROM';
