-- Reports of an activity state with a row per period or per count.
-- C: src/retention/lifecycle.c, frequency.c

CREATE FUNCTION affinity.lifecycle(
	activity affinity.activity,
	as_of affinity.moment DEFAULT NULL)
RETURNS TABLE (
	period_start pg_catalog.timestamp,
	active pg_catalog.int8,
	new_users pg_catalog.int8,
	returning_users pg_catalog.int8,
	resurrecting_users pg_catalog.int8,
	dormant_users pg_catalog.int8,
	complete pg_catalog.bool)
LANGUAGE C STABLE PARALLEL SAFE COST 1000 ROWS 100
AS 'MODULE_PATHNAME', 'affinity_retention_lifecycle';

COMMENT ON FUNCTION affinity.lifecycle(affinity.activity, affinity.moment) IS
	'users of each period by their past: new, returning, resurrecting, and dormant ones';

CREATE FUNCTION affinity.active_users(
	activity affinity.activity,
	as_of affinity.moment DEFAULT NULL,
	short_window pg_catalog.int8 DEFAULT NULL,
	long_window pg_catalog.int8 DEFAULT NULL)
RETURNS TABLE (
	period_start pg_catalog.timestamp,
	active pg_catalog.int8,
	active_short pg_catalog.int8,
	active_long pg_catalog.int8,
	stickiness pg_catalog.float8,
	new_users pg_catalog.int8,
	churned_users pg_catalog.int8,
	complete pg_catalog.bool)
LANGUAGE C STABLE PARALLEL SAFE COST 1000 ROWS 100
AS 'MODULE_PATHNAME', 'affinity_retention_active_users';

COMMENT ON FUNCTION affinity.active_users(
	affinity.activity,
	affinity.moment,
	pg_catalog.int8,
	pg_catalog.int8) IS
	'distinct users of each period and of the two windows that end with it (DAU, WAU and MAU of a state of days)';

CREATE FUNCTION affinity.frequency(
	activity affinity.activity,
	as_of affinity.moment DEFAULT NULL,
	last_periods pg_catalog.int8 DEFAULT NULL)
RETURNS TABLE (
	active_periods pg_catalog.int4,
	users pg_catalog.int8,
	share pg_catalog.float8)
LANGUAGE C STABLE PARALLEL SAFE COST 1000 ROWS 100
AS 'MODULE_PATHNAME', 'affinity_retention_frequency';

COMMENT ON FUNCTION affinity.frequency(
	affinity.activity,
	affinity.moment,
	pg_catalog.int8) IS
	'how many users were active in how many of the periods up to as_of, or of the last_periods up to it';

CREATE FUNCTION affinity.time_to_return(
	activity affinity.activity,
	as_of affinity.moment DEFAULT NULL,
	quantiles pg_catalog.float8[] DEFAULT '{0.25,0.5,0.75,0.9}')
RETURNS TABLE (
	quantile pg_catalog.float8,
	users pg_catalog.int8,
	returned pg_catalog.int8,
	periods pg_catalog.int8,
	elapsed pg_catalog.interval)
LANGUAGE C STABLE PARALLEL SAFE COST 1000 ROWS 4
AS 'MODULE_PATHNAME', 'affinity_retention_time_to_return';

COMMENT ON FUNCTION affinity.time_to_return(
	affinity.activity,
	affinity.moment,
	pg_catalog.float8[]) IS
	'quantiles of the time from a user''s first start to the first return, over the users that returned';
