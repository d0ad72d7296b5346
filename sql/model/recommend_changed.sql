-- What incremental refreshes changed, and whose recommendations. C: src/renew

--extension
CREATE FUNCTION affinity.recommend_changed_core(
	model pg_catalog.regnamespace,
	since pg_catalog.timestamptz)
RETURNS SETOF pg_catalog.record
LANGUAGE C STABLE PARALLEL RESTRICTED COST 100000 ROWS 1000
AS 'MODULE_PATHNAME', 'affinity_renew_changed';

GRANT EXECUTE ON FUNCTION affinity.recommend_changed_core(
	pg_catalog.regnamespace,
	pg_catalog.timestamptz) TO PUBLIC;

COMMENT ON FUNCTION affinity.recommend_changed_core(
	pg_catalog.regnamespace,
	pg_catalog.timestamptz) IS
	'behind the function recommend_changed of every model';

--objects
CREATE TABLE @schema@.refreshes (
	version pg_catalog.int8 NOT NULL,
	at pg_catalog.timestamptz NOT NULL,
	written pg_catalog.int4 NOT NULL,
	items pg_catalog.int4[] NOT NULL,
	users pg_catalog.int4[] NOT NULL,
	known pg_catalog.float4[]
) WITH (vacuum_truncate = false, toast.vacuum_truncate = false);

ALTER TABLE @schema@.refreshes
	ALTER COLUMN items SET STORAGE EXTERNAL,
	ALTER COLUMN users SET STORAGE EXTERNAL,
	ALTER COLUMN known SET STORAGE EXTERNAL;

ALTER TABLE @schema@.refreshes ADD PRIMARY KEY (version);

GRANT SELECT ON @schema@.refreshes TO PUBLIC;

COMMENT ON TABLE @schema@.refreshes IS
	'incremental refreshes since the last training: items that changed, and by how many users';

COMMENT ON COLUMN @schema@.refreshes.written IS
	'so many of the items, the first ones, have new rows; those of the others wait for more';

COMMENT ON COLUMN @schema@.refreshes.known IS
	'users of every item after it, by number; in the last refresh alone';

CREATE FUNCTION @schema@.recommend_changed(
	since pg_catalog.timestamptz)
RETURNS TABLE (
	user_id @user@)
LANGUAGE SQL STABLE PARALLEL RESTRICTED COST 100000 ROWS 1000
BEGIN ATOMIC
	SELECT t.user_id
	FROM affinity.recommend_changed_core(@name@::pg_catalog.regnamespace, $1) AS t(
		user_id @user@);
END;

GRANT EXECUTE ON FUNCTION @schema@.recommend_changed(pg_catalog.timestamptz) TO PUBLIC;

COMMENT ON FUNCTION @schema@.recommend_changed(pg_catalog.timestamptz) IS
	'users whose recommendations may have changed since a time, by new rows of theirs or by a refresh';
