-- Reports of a value state with a row per period: how revenue and customers move.
-- C: src/revenue/bridge.c

CREATE FUNCTION affinity.revenue_bridge(
	value affinity.value,
	as_of affinity.moment DEFAULT NULL,
	periods_back pg_catalog.int8 DEFAULT 12)
RETURNS TABLE (
	period_start pg_catalog.timestamp,
	opening pg_catalog.numeric,
	new pg_catalog.numeric,
	expansion pg_catalog.numeric,
	contraction pg_catalog.numeric,
	churned pg_catalog.numeric,
	reactivated pg_catalog.numeric,
	closing pg_catalog.numeric,
	customers_opening pg_catalog.int8,
	customers_new pg_catalog.int8,
	customers_expansion pg_catalog.int8,
	customers_contraction pg_catalog.int8,
	customers_churned pg_catalog.int8,
	customers_reactivated pg_catalog.int8,
	customers_closing pg_catalog.int8,
	logo_churn pg_catalog.float8,
	grr pg_catalog.float8,
	nrr pg_catalog.float8,
	logo_churn_trailing pg_catalog.float8,
	grr_trailing pg_catalog.float8,
	nrr_trailing pg_catalog.float8,
	quick_ratio pg_catalog.float8,
	arpa pg_catalog.float8,
	negative pg_catalog.numeric,
	complete pg_catalog.bool)
LANGUAGE C STABLE PARALLEL SAFE COST 1000 ROWS 100
AS 'MODULE_PATHNAME', 'affinity_revenue_bridge';

COMMENT ON FUNCTION affinity.revenue_bridge(affinity.value, affinity.moment, pg_catalog.int8) IS
	'how revenue and customers go from each period to the next: new, expansion, contraction, churned, reactivated';

CREATE FUNCTION affinity.active_stock(
	value affinity.value,
	as_of affinity.moment DEFAULT NULL)
RETURNS TABLE (
	period_start pg_catalog.timestamp,
	opening pg_catalog.int8,
	started pg_catalog.int8,
	returned pg_catalog.int8,
	stopped pg_catalog.int8,
	closing pg_catalog.int8,
	complete pg_catalog.bool)
LANGUAGE C STABLE PARALLEL SAFE COST 1000 ROWS 100
AS 'MODULE_PATHNAME', 'affinity_revenue_stock';

COMMENT ON FUNCTION affinity.active_stock(affinity.value, affinity.moment) IS
	'customers at the end of each period by ranges of time, and who started, returned and stopped since the one before';
