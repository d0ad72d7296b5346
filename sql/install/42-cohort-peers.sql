-- affinity: names of other systems, with their order of arguments.
-- C: src/cohort/conditions.c, range_retention.c

CREATE FUNCTION affinity.conditions_step(pg_catalog.int8, VARIADIC conditions pg_catalog.bool[])
	RETURNS pg_catalog.int8
	AS 'MODULE_PATHNAME', 'affinity_retention_conditions_accum'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION affinity.conditions_step(pg_catalog.int8, pg_catalog.bool[]) IS
	'step of the aggregate retention(c1, c2, ...)';

CREATE FUNCTION affinity.conditions_final(pg_catalog.int8)
	RETURNS pg_catalog.int4[]
	AS 'MODULE_PATHNAME', 'affinity_retention_conditions_final'
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

CREATE FUNCTION affinity.range_retention_count_combine(pg_catalog.int8[], pg_catalog.int8[])
	RETURNS pg_catalog.int8[]
	AS 'MODULE_PATHNAME', 'affinity_retention_range_count_combine'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION affinity.range_retention_count_combine(pg_catalog.int8[], pg_catalog.int8[]) IS
	'combine function of the aggregate range_retention_count';

CREATE FUNCTION affinity.range_retention_count_final(pg_catalog.int8[])
	RETURNS pg_catalog.int8[]
	AS 'MODULE_PATHNAME', 'affinity_retention_range_count_final'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION affinity.range_retention_count_final(pg_catalog.int8[]) IS
	'result of the aggregate range_retention_count';

CREATE FUNCTION affinity.range_retention_count_accum(pg_catalog.int8[], pg_catalog.bool, pg_catalog.bool, pg_catalog.date, pg_catalog.int4[], pg_catalog.text)
	RETURNS pg_catalog.int8[]
	AS 'MODULE_PATHNAME', 'affinity_retention_range_count_accum'
	LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION affinity.range_retention_count_accum(pg_catalog.int8[], pg_catalog.bool, pg_catalog.bool, pg_catalog.date, pg_catalog.int4[], pg_catalog.text) IS
	'step of the aggregate range_retention_count';

CREATE AGGREGATE affinity.range_retention_count(
	is_first pg_catalog.bool, is_active pg_catalog.bool, dt pg_catalog.date,
	retention_interval pg_catalog.int4[], retention_granularity pg_catalog.text) (
	SFUNC = affinity.range_retention_count_accum,
	STYPE = pg_catalog.int8[],
	SSPACE = 256,
	FINALFUNC = affinity.range_retention_count_final,
	COMBINEFUNC = affinity.range_retention_count_combine,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE affinity.range_retention_count(pg_catalog.bool, pg_catalog.bool, pg_catalog.date, pg_catalog.int4[], pg_catalog.text) IS
	'for a group of one user''s rows, for affinity.range_retention_sum: in which periods (day, week from Monday, month) was a row a first one, and after which of the intervals (1 to 15 numbers of periods, 0 to 1000000) was a row of exactly that period active; NULL is false, rows without date are skipped; 22023 for another granularity, other intervals or an infinite date; the same as in Hologres and GaussDB';

CREATE FUNCTION affinity.range_retention_count_accum(pg_catalog.int8[], pg_catalog.bool, pg_catalog.bool, pg_catalog.date, pg_catalog.int4[], pg_catalog.text, pg_catalog.text)
	RETURNS pg_catalog.int8[]
	AS 'MODULE_PATHNAME', 'affinity_retention_range_count_accum'
	LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION affinity.range_retention_count_accum(pg_catalog.int8[], pg_catalog.bool, pg_catalog.bool, pg_catalog.date, pg_catalog.int4[], pg_catalog.text, pg_catalog.text) IS
	'step of the aggregate range_retention_count';

CREATE AGGREGATE affinity.range_retention_count(
	is_first pg_catalog.bool, is_active pg_catalog.bool, dt pg_catalog.date,
	retention_interval pg_catalog.int4[], retention_granularity pg_catalog.text,
	output_format pg_catalog.text) (
	SFUNC = affinity.range_retention_count_accum,
	STYPE = pg_catalog.int8[],
	SSPACE = 256,
	FINALFUNC = affinity.range_retention_count_final,
	COMBINEFUNC = affinity.range_retention_count_combine,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE affinity.range_retention_count(pg_catalog.bool, pg_catalog.bool, pg_catalog.date, pg_catalog.int4[], pg_catalog.text, pg_catalog.text) IS
	'for a group of one user''s rows, for affinity.range_retention_sum: in which periods (day, week from Monday, month) was a row a first one, and after which of the intervals (1 to 15 numbers of periods, 0 to 1000000) was a row of exactly that period active; NULL is false, rows without date are skipped; 22023 for another granularity, other intervals or an infinite date; output_format is normal, else 0A000; the same as in Hologres and GaussDB';

CREATE FUNCTION affinity.range_retention_sum_accum(pg_catalog.int8[], pg_catalog.int8[])
	RETURNS pg_catalog.int8[]
	AS 'MODULE_PATHNAME', 'affinity_retention_range_sum_accum'
	LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION affinity.range_retention_sum_accum(pg_catalog.int8[], pg_catalog.int8[]) IS
	'step of the aggregate range_retention_sum';

CREATE FUNCTION affinity.range_retention_sum_combine(pg_catalog.int8[], pg_catalog.int8[])
	RETURNS pg_catalog.int8[]
	AS 'MODULE_PATHNAME', 'affinity_retention_range_sum_combine'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION affinity.range_retention_sum_combine(pg_catalog.int8[], pg_catalog.int8[]) IS
	'combine function of the aggregate range_retention_sum';

CREATE FUNCTION affinity.range_retention_sum_final(pg_catalog.int8[])
	RETURNS pg_catalog.text[]
	AS 'MODULE_PATHNAME', 'affinity_retention_range_sum_final'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION affinity.range_retention_sum_final(pg_catalog.int8[]) IS
	'result of the aggregate range_retention_sum';

CREATE AGGREGATE affinity.range_retention_sum(range_retention_count_result pg_catalog.int8[]) (
	SFUNC = affinity.range_retention_sum_accum,
	STYPE = pg_catalog.int8[],
	SSPACE = 65536,
	FINALFUNC = affinity.range_retention_sum_final,
	COMBINEFUNC = affinity.range_retention_sum_combine,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE affinity.range_retention_sum(pg_catalog.int8[]) IS
	'from what affinity.range_retention_count returned for each user: a text for each period with a first, in order: yyyymmdd of its first day, how many users, and how many of them were active after each interval (always 15 counts, 0 where there is no interval), with commas between; the same as in Hologres and GaussDB';
