-- Aggregates of other systems, with their names and order of arguments.
-- C: src/retention/conditions.c, range.c

CREATE FUNCTION affinity.conditions_accum(pg_catalog.int8, VARIADIC conditions pg_catalog.bool[])
RETURNS pg_catalog.int8
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'affinity_retention_conditions_accum';

COMMENT ON FUNCTION affinity.conditions_accum(pg_catalog.int8, pg_catalog.bool[]) IS
	'transition function of the aggregate retention(c1, c2, ...)';

CREATE FUNCTION affinity.conditions_final(pg_catalog.int8)
RETURNS pg_catalog.int4[]
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'affinity_retention_conditions_final';

COMMENT ON FUNCTION affinity.conditions_final(pg_catalog.int8) IS
	'final function of the aggregate retention(c1, c2, ...)';

CREATE AGGREGATE affinity.retention(VARIADIC conditions pg_catalog.bool[]) (
	SFUNC = affinity.conditions_accum,
	STYPE = pg_catalog.int8,
	INITCOND = '0',
	FINALFUNC = affinity.conditions_final,
	COMBINEFUNC = pg_catalog.int8or,
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE affinity.retention(pg_catalog.bool[]) IS
	'which conditions the rows of one user meet, given that one meets the first, as retention in ClickHouse';

CREATE FUNCTION affinity.range_retention_count_combine(pg_catalog.int8[], pg_catalog.int8[])
RETURNS pg_catalog.int8[]
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'affinity_retention_range_count_combine';

COMMENT ON FUNCTION affinity.range_retention_count_combine(pg_catalog.int8[], pg_catalog.int8[]) IS
	'combine function of range_retention_count';

CREATE FUNCTION affinity.range_retention_count_final(pg_catalog.int8[])
RETURNS pg_catalog.int8[]
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'affinity_retention_range_count_final';

COMMENT ON FUNCTION affinity.range_retention_count_final(pg_catalog.int8[]) IS
	'final function of range_retention_count';

--table range_retention_arguments: TYPES | NAMED
-- |
-- , pg_catalog.text | , output_format pg_catalog.text

--table range_retention_time: AT | VOLATILITY
-- date | IMMUTABLE
-- timestamp | IMMUTABLE
-- timestamptz | STABLE

--for range_retention_time range_retention_arguments
CREATE FUNCTION affinity.range_retention_count_accum(
	pg_catalog.int8[],
	pg_catalog.bool,
	pg_catalog.bool,
	pg_catalog.{AT},
	pg_catalog.int8[],
	pg_catalog.text{TYPES})
RETURNS pg_catalog.int8[]
LANGUAGE C {VOLATILITY} PARALLEL SAFE
AS 'MODULE_PATHNAME', 'affinity_retention_range_count_accum';

COMMENT ON FUNCTION affinity.range_retention_count_accum(
	pg_catalog.int8[],
	pg_catalog.bool,
	pg_catalog.bool,
	pg_catalog.{AT},
	pg_catalog.int8[],
	pg_catalog.text{TYPES}) IS
	'transition function of range_retention_count';

CREATE AGGREGATE affinity.range_retention_count(
	is_first pg_catalog.bool,
	is_active pg_catalog.bool,
	dt pg_catalog.{AT},
	retention_interval pg_catalog.int8[],
	retention_granularity pg_catalog.text{NAMED}) (
	SFUNC = affinity.range_retention_count_accum,
	STYPE = pg_catalog.int8[],
	SSPACE = 256,
	FINALFUNC = affinity.range_retention_count_final,
	COMBINEFUNC = affinity.range_retention_count_combine,
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE affinity.range_retention_count(
	pg_catalog.bool,
	pg_catalog.bool,
	pg_catalog.{AT},
	pg_catalog.int8[],
	pg_catalog.text{TYPES}) IS
	'in which periods one user started and after which intervals came back, as in Hologres and GaussDB';

--end
CREATE FUNCTION affinity.range_retention_sum_accum(pg_catalog.int8[], pg_catalog.int8[])
RETURNS pg_catalog.int8[]
LANGUAGE C IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'affinity_retention_range_sum_accum';

COMMENT ON FUNCTION affinity.range_retention_sum_accum(pg_catalog.int8[], pg_catalog.int8[]) IS
	'transition function of range_retention_sum';

CREATE FUNCTION affinity.range_retention_sum_combine(pg_catalog.int8[], pg_catalog.int8[])
RETURNS pg_catalog.int8[]
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'affinity_retention_range_sum_combine';

COMMENT ON FUNCTION affinity.range_retention_sum_combine(pg_catalog.int8[], pg_catalog.int8[]) IS
	'combine function of range_retention_sum';

CREATE FUNCTION affinity.range_retention_sum_final(pg_catalog.int8[])
RETURNS pg_catalog.text[]
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'affinity_retention_range_sum_final';

COMMENT ON FUNCTION affinity.range_retention_sum_final(pg_catalog.int8[]) IS
	'final function of range_retention_sum';

CREATE AGGREGATE affinity.range_retention_sum(range_retention_count_result pg_catalog.int8[]) (
	SFUNC = affinity.range_retention_sum_accum,
	STYPE = pg_catalog.int8[],
	SSPACE = 65536,
	FINALFUNC = affinity.range_retention_sum_final,
	COMBINEFUNC = affinity.range_retention_sum_combine,
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE affinity.range_retention_sum(pg_catalog.int8[]) IS
	'users who started in each period and who came back after each interval, as in Hologres and GaussDB';
