-- Funnels of different users as one. C: src/funnel/sum.c

CREATE TYPE affinity.funnel_sum_row AS (
	step pg_catalog.int4,
	users pg_catalog.int8,
	conversion_from_start pg_catalog.float8,
	conversion_from_previous pg_catalog.float8
);

COMMENT ON TYPE affinity.funnel_sum_row IS
	'a step of a funnel: a row of funnel_steps without its quantiles, which do not add up';

CREATE FUNCTION affinity.funnel_sum_accum(pg_catalog.int8[], affinity.funnel)
RETURNS pg_catalog.int8[]
LANGUAGE C IMMUTABLE PARALLEL SAFE COST 100000
AS 'MODULE_PATHNAME', 'affinity_funnel_sum_accum';

COMMENT ON FUNCTION affinity.funnel_sum_accum(pg_catalog.int8[], affinity.funnel) IS
	'transition function of funnel_sum';

CREATE FUNCTION affinity.funnel_sum_combine(pg_catalog.int8[], pg_catalog.int8[])
RETURNS pg_catalog.int8[]
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'affinity_funnel_sum_combine';

COMMENT ON FUNCTION affinity.funnel_sum_combine(pg_catalog.int8[], pg_catalog.int8[]) IS
	'combine function of funnel_sum';

CREATE FUNCTION affinity.funnel_sum_final(pg_catalog.int8[])
RETURNS affinity.funnel_sum_row[]
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'affinity_funnel_sum_final';

COMMENT ON FUNCTION affinity.funnel_sum_final(pg_catalog.int8[]) IS
	'final function of funnel_sum';

CREATE AGGREGATE affinity.funnel_sum(funnel affinity.funnel) (
	SFUNC = affinity.funnel_sum_accum,
	STYPE = pg_catalog.int8[],
	FINALFUNC = affinity.funnel_sum_final,
	COMBINEFUNC = affinity.funnel_sum_combine,
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE affinity.funnel_sum(affinity.funnel) IS
	'users and conversions of each step over states of disjoint users, without merging them';
