-- The report of a value state. C: src/retention/revenue.c

CREATE FUNCTION affinity.revenue_retention(
	value affinity.value,
	as_of affinity.moment DEFAULT NULL,
	max_period pg_catalog.int8 DEFAULT NULL,
	cohorts_from affinity.moment DEFAULT NULL,
	cohorts_before affinity.moment DEFAULT NULL)
RETURNS TABLE (
	cohort pg_catalog.timestamp,
	cohort_size pg_catalog.int8,
	period pg_catalog.int4,
	period_start pg_catalog.timestamp,
	payers pg_catalog.int8,
	value pg_catalog.float8,
	cumulative_value pg_catalog.float8,
	value_per_user pg_catalog.float8,
	cumulative_per_user pg_catalog.float8,
	nrr pg_catalog.float8,
	complete pg_catalog.bool)
LANGUAGE C STABLE PARALLEL SAFE COST 1000 ROWS 1000
AS 'MODULE_PATHNAME', 'affinity_retention_revenue';

COMMENT ON FUNCTION affinity.revenue_retention(
	affinity.value,
	affinity.moment,
	pg_catalog.int8,
	affinity.moment,
	affinity.moment) IS
	'what each cohort was worth in each period since its start, as sums, per user (LTV) and as net revenue retention';
