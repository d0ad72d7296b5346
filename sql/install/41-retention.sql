-- Retention reports of an activity state. C: src/retention
--
-- All take as_of, the time up to which periods are complete, by default that of
-- the state's latest row.

CREATE FUNCTION affinity.retention(
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
	period pg_catalog.int4,
	period_start pg_catalog.timestamp,
	eligible pg_catalog.int8,
	retained pg_catalog.int8,
	rate pg_catalog.float8,
	rate_low pg_catalog.float8,
	rate_high pg_catalog.float8,
	complete pg_catalog.bool)
LANGUAGE C STABLE PARALLEL SAFE COST 1000 ROWS 1000
AS 'MODULE_PATHNAME', 'affinity_retention_triangle';

COMMENT ON FUNCTION affinity.retention(
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
	'how many users of each cohort came back in each period after their start, with Wilson 95 % bounds of the rate';

CREATE FUNCTION affinity.retention_curve(
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
	period pg_catalog.int4,
	cohorts pg_catalog.int8,
	eligible pg_catalog.int8,
	retained pg_catalog.int8,
	rate pg_catalog.float8,
	rate_low pg_catalog.float8,
	rate_high pg_catalog.float8)
LANGUAGE C STABLE PARALLEL SAFE COST 1000 ROWS 100
AS 'MODULE_PATHNAME', 'affinity_retention_curve';

COMMENT ON FUNCTION affinity.retention_curve(
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
	'retention of all cohorts together: sums over the complete cells of each period';
