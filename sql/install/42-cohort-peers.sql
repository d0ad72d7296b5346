-- affinity: names of other systems, with their order of arguments.
-- C: src/cohort/conditions.c

CREATE FUNCTION affinity.conditions_step(pg_catalog.int8, VARIADIC conditions pg_catalog.bool[])
	RETURNS pg_catalog.int8
	AS 'MODULE_PATHNAME', 'affinity_conditions_step'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION affinity.conditions_step(pg_catalog.int8, pg_catalog.bool[]) IS
	'step of the aggregate retention(c1, c2, ...)';

CREATE FUNCTION affinity.conditions_final(pg_catalog.int8)
	RETURNS pg_catalog.int4[]
	AS 'MODULE_PATHNAME', 'affinity_conditions_final'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION affinity.conditions_final(pg_catalog.int8) IS
	'result of the aggregate retention(c1, c2, ...)';

CREATE AGGREGATE affinity.retention(VARIADIC conditions pg_catalog.bool[]) (
	SFUNC = affinity.conditions_step,
	STYPE = pg_catalog.int8,
	INITCOND = '0',
	FINALFUNC = affinity.conditions_final,
	COMBINEFUNC = pg_catalog.int8or,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE affinity.retention(pg_catalog.bool[]) IS
	'for a group of one user''s rows, an array of 0 and 1: did a row meet the first condition, and given that, did a row meet the second, the third ... (1 to 32, else error 22023; NULL is false); the same as retention in ClickHouse';
