-- What is popular, of late, or in a group of users. C: src/serve, src/crowd

--extension
CREATE FUNCTION affinity.popular_core(
	model pg_catalog.regnamespace,
	k pg_catalog.int8,
	user_group pg_catalog.text,
	trending pg_catalog.bool,
	candidates pg_catalog."any",
	exclude pg_catalog."any")
RETURNS SETOF pg_catalog.record
LANGUAGE C STABLE PARALLEL RESTRICTED COST 1000 ROWS 10
SUPPORT affinity.planner_support
AS 'MODULE_PATHNAME', 'affinity_serve_popular';

GRANT EXECUTE ON FUNCTION affinity.popular_core(
	pg_catalog.regnamespace,
	pg_catalog.int8,
	pg_catalog.text,
	pg_catalog.bool,
	pg_catalog."any",
	pg_catalog."any") TO PUBLIC;

COMMENT ON FUNCTION affinity.popular_core(
	pg_catalog.regnamespace,
	pg_catalog.int8,
	pg_catalog.text,
	pg_catalog.bool,
	pg_catalog."any",
	pg_catalog."any") IS
	'behind the function popular of every model';

--objects
CREATE TABLE @schema@.popular_items (
	list_no pg_catalog.int4 NOT NULL,
	user_group pg_catalog.text,
	trending pg_catalog.bool NOT NULL,
	users pg_catalog.int8 NOT NULL,
	items pg_catalog.int4[] NOT NULL,
	scores pg_catalog.float4[] NOT NULL
) WITH (toast_tuple_target = 8160, vacuum_truncate = false, toast.vacuum_truncate = false);

ALTER TABLE @schema@.popular_items
	ALTER COLUMN items SET STORAGE EXTERNAL,
	ALTER COLUMN scores SET STORAGE EXTERNAL,
	ADD PRIMARY KEY (list_no),
	ADD UNIQUE (user_group, trending);

GRANT SELECT ON @schema@.popular_items TO PUBLIC;

COMMENT ON TABLE @schema@.popular_items IS
	'the most popular items of each group of users, by number, at most 1,000, best first; of all users where the group is null';

CREATE FUNCTION @schema@.popular(
	k pg_catalog.int8 DEFAULT 10,
	user_group pg_catalog.text DEFAULT NULL,
	trending pg_catalog.bool DEFAULT false,
	candidates @item_arg@[] DEFAULT '[0:0]={NULL}',
	exclude @item_arg@[] DEFAULT NULL)
RETURNS TABLE (
	item_id @item@,
	score pg_catalog.float4,
	rank pg_catalog.int4)
LANGUAGE SQL STABLE PARALLEL RESTRICTED COST 1000 ROWS 10
BEGIN ATOMIC
	SELECT t.item_id, t.score, t.rank
	FROM affinity.popular_core(@name@::pg_catalog.regnamespace, $1, $2, $3, affinity.candidates_core($4), $5) AS t(
		item_id @item@,
		score pg_catalog.float4,
		rank pg_catalog.int4);
END;

GRANT EXECUTE ON FUNCTION @schema@.popular(
	pg_catalog.int8,
	pg_catalog.text,
	pg_catalog.bool,
	@item_arg@[],
	@item_arg@[]) TO PUBLIC;

COMMENT ON FUNCTION @schema@.popular(
	pg_catalog.int8,
	pg_catalog.text,
	pg_catalog.bool,
	@item_arg@[],
	@item_arg@[]) IS
	'the k most popular items, of all users or of a group of them; trending: of late';
