-- How long users take from step to step. C: src/funnel/conversion.c

CREATE FUNCTION affinity.funnel_conversion_times(
	funnel affinity.funnel,
	fractions pg_catalog.float8[] DEFAULT '{0.5,0.9}',
	edges pg_catalog.interval[] DEFAULT NULL,
	OUT step pg_catalog.int4,
	OUT since pg_catalog.text,
	OUT users pg_catalog.int8,
	OUT mean pg_catalog.interval,
	OUT quantiles pg_catalog.interval[],
	OUT histogram pg_catalog.int8[])
RETURNS SETOF pg_catalog.record
LANGUAGE C IMMUTABLE PARALLEL SAFE COST 100000 ROWS 8
AS 'MODULE_PATHNAME', 'affinity_funnel_conversion_times';

COMMENT ON FUNCTION affinity.funnel_conversion_times(affinity.funnel, pg_catalog.float8[], pg_catalog.interval[]) IS
	'mean, quantiles and histogram of the time to each step since the step before and since the first';
