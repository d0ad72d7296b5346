-- retention in wide form, for tools without a pivot. C: src/retention/triangle.c

CREATE FUNCTION affinity.retention_wide(
	activity affinity.activity,
	as_of affinity.moment DEFAULT NULL,
	mode pg_catalog.text DEFAULT 'first_ever',
	criterion pg_catalog.text DEFAULT 'on',
	brackets pg_catalog.int8[] DEFAULT NULL,
	denominator pg_catalog.text DEFAULT 'total',
	max_period pg_catalog.int8 DEFAULT NULL,
	cohorts_from affinity.moment DEFAULT NULL,
	cohorts_before affinity.moment DEFAULT NULL,
	rolling pg_catalog.bool DEFAULT false,
	every pg_catalog.interval DEFAULT NULL,
	cohort_unit pg_catalog.text DEFAULT NULL,
	from_nth pg_catalog.int8 DEFAULT NULL)
RETURNS TABLE (
	cohort pg_catalog.timestamp,
	cohort_size pg_catalog.int8,
	users pg_catalog.int8[],
	rates pg_catalog.float8[],
	complete pg_catalog.bool[])
LANGUAGE C STABLE PARALLEL SAFE COST 1000 ROWS 100
AS 'MODULE_PATHNAME', 'affinity_retention_wide';

COMMENT ON FUNCTION affinity.retention_wide(
	affinity.activity,
	affinity.moment,
	pg_catalog.text,
	pg_catalog.text,
	pg_catalog.int8[],
	pg_catalog.text,
	pg_catalog.int8,
	affinity.moment,
	affinity.moment,
	pg_catalog.bool,
	pg_catalog.interval,
	pg_catalog.text,
	pg_catalog.int8) IS
	'retention with one row per cohort: users who came back, rates, and which are complete, as arrays from period 0 on';
