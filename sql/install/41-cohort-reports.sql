-- affinity: reports of an activity state with a row per period or per count.
-- C: src/cohort/lifecycle.c, frequency.c

CREATE FUNCTION affinity.lifecycle(
		activity affinity.activity,
		as_of pg_catalog.timestamptz DEFAULT NULL)
	RETURNS TABLE (
		period_start pg_catalog.timestamp,
		active pg_catalog.int8,
		new_users pg_catalog.int8,
		returning_users pg_catalog.int8,
		resurrecting_users pg_catalog.int8,
		dormant_users pg_catalog.int8,
		complete pg_catalog.bool)
	AS 'MODULE_PATHNAME', 'affinity_retention_lifecycle'
	LANGUAGE C STABLE PARALLEL SAFE COST 1000 ROWS 100;
COMMENT ON FUNCTION affinity.lifecycle(affinity.activity, pg_catalog.timestamptz) IS
	'users of each period by their past: new_users (first ever in the state), returning_users (active in the period before too), resurrecting_users (active earlier, but not in the period before), and dormant_users (active in the period before, not in this one); active is the sum of the first three; complete is false while the period is not over as of as_of (default: the latest row)';

CREATE FUNCTION affinity.active_users(
		activity affinity.activity,
		as_of pg_catalog.timestamptz DEFAULT NULL,
		short_window pg_catalog.int4 DEFAULT 7,
		long_window pg_catalog.int4 DEFAULT 28)
	RETURNS TABLE (
		period_start pg_catalog.timestamp,
		active pg_catalog.int8,
		active_short pg_catalog.int8,
		active_long pg_catalog.int8,
		stickiness pg_catalog.float8,
		new_users pg_catalog.int8,
		churned_users pg_catalog.int8,
		complete pg_catalog.bool)
	AS 'MODULE_PATHNAME', 'affinity_retention_active_users'
	LANGUAGE C STABLE PARALLEL SAFE COST 1000 ROWS 100;
COMMENT ON FUNCTION affinity.active_users(affinity.activity, pg_catalog.timestamptz, pg_catalog.int4, pg_catalog.int4) IS
	'distinct users active in each period, and in the short_window and long_window periods that end with it (DAU, WAU and MAU of a state of days); stickiness = active / active_long; new_users came for the first time, churned_users left (their last active period dropped out of the long window in this period); windows below 1 are error 22023';

CREATE FUNCTION affinity.frequency(
		activity affinity.activity,
		as_of pg_catalog.timestamptz DEFAULT NULL,
		last_periods pg_catalog.int4 DEFAULT NULL)
	RETURNS TABLE (
		active_periods pg_catalog.int4,
		users pg_catalog.int8,
		share pg_catalog.float8)
	AS 'MODULE_PATHNAME', 'affinity_retention_frequency'
	LANGUAGE C STABLE PARALLEL SAFE COST 1000 ROWS 100;
COMMENT ON FUNCTION affinity.frequency(affinity.activity, pg_catalog.timestamptz, pg_catalog.int4) IS
	'how many users were active in how many periods, of all periods up to as_of or of the last_periods up to it; share is of the users active at least once in them; last_periods below 1 is error 22023';

CREATE FUNCTION affinity.time_to_return(
		activity affinity.activity,
		as_of pg_catalog.timestamptz DEFAULT NULL,
		quantiles pg_catalog.float8[] DEFAULT '{0.25,0.5,0.75,0.9}')
	RETURNS TABLE (
		quantile pg_catalog.float8,
		users pg_catalog.int8,
		returned pg_catalog.int8,
		periods pg_catalog.int8,
		elapsed pg_catalog.interval)
	AS 'MODULE_PATHNAME', 'affinity_retention_time_to_return'
	LANGUAGE C STABLE PARALLEL SAFE COST 1000 ROWS 4;
COMMENT ON FUNCTION affinity.time_to_return(affinity.activity, pg_catalog.timestamptz, pg_catalog.float8[]) IS
	'quantiles (as percentile_disc) of the time from a user''s first start to the first return, over the users that returned: in periods, or as an interval where the state was made with is_start and is_return; users started, returned came back; quantiles outside 0 to 1 are error 22023';

CREATE FUNCTION affinity.coarsen(activity affinity.activity, unit pg_catalog.text)
	RETURNS affinity.activity
	AS 'MODULE_PATHNAME', 'affinity_activity_coarsen'
	LANGUAGE C STABLE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION affinity.coarsen(affinity.activity, pg_catalog.text) IS
	'the state in a coarser unit, exactly as if aggregated in it: hours make anything, days weeks to years, months quarters and years, quarters years, and each unit itself; else error 22023';
