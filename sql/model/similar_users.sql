-- The users whose histories are most similar. The rows need a type of their own,
-- because a column of RETURNS TABLE cannot have the name of an argument. C: src/serve

--extension
CREATE FUNCTION affinity.similar_users_core(
	model pg_catalog.regnamespace,
	user_id pg_catalog."any",
	k pg_catalog.int8)
RETURNS SETOF pg_catalog.record
LANGUAGE C STABLE PARALLEL RESTRICTED COST 10000 ROWS 10
SUPPORT affinity.planner_support
AS 'MODULE_PATHNAME', 'affinity_serve_similar_users';

GRANT EXECUTE ON FUNCTION affinity.similar_users_core(
	pg_catalog.regnamespace,
	pg_catalog."any",
	pg_catalog.int8) TO PUBLIC;

COMMENT ON FUNCTION affinity.similar_users_core(
	pg_catalog.regnamespace,
	pg_catalog."any",
	pg_catalog.int8) IS
	'behind the function similar_users of every model';

--objects
CREATE TYPE @schema@.similar_user AS (
	user_id @user@,
	score pg_catalog.float4,
	rank pg_catalog.int4,
	common pg_catalog.int4
);

GRANT USAGE ON TYPE @schema@.similar_user TO PUBLIC;

COMMENT ON TYPE @schema@.similar_user IS
	'a row of similar_users';

CREATE FUNCTION @schema@.similar_users(
	user_id @user_arg@,
	k pg_catalog.int8 DEFAULT 10)
RETURNS SETOF @schema@.similar_user
LANGUAGE SQL STABLE PARALLEL RESTRICTED COST 10000 ROWS 10
BEGIN ATOMIC
	SELECT t.user_id, t.score, t.rank, t.common
	FROM affinity.similar_users_core(@name@::pg_catalog.regnamespace, $1, $2) AS t(
		user_id @user@,
		score pg_catalog.float4,
		rank pg_catalog.int4,
		common pg_catalog.int4);
END;

GRANT EXECUTE ON FUNCTION @schema@.similar_users(@user_arg@, pg_catalog.int8) TO PUBLIC;

COMMENT ON FUNCTION @schema@.similar_users(@user_arg@, pg_catalog.int8) IS
	'the k users whose histories are most similar by cosine; common is the number of items shared';
