-- affinity: activity states, who was active in which periods, and the
-- retention reports that read them. C: src/cohort/activity*.c, retention*.c

CREATE TYPE affinity.activity;

CREATE FUNCTION affinity.activity_in(pg_catalog.cstring)
	RETURNS affinity.activity
	AS 'MODULE_PATHNAME', 'affinity_activity_in'
	LANGUAGE C STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION affinity.activity_in(pg_catalog.cstring) IS
	'input of type activity: base64; 22P03 unless every part of the state is sound';

CREATE FUNCTION affinity.activity_out(affinity.activity)
	RETURNS pg_catalog.cstring
	AS 'MODULE_PATHNAME', 'affinity_activity_out'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION affinity.activity_out(affinity.activity) IS
	'output of type activity: base64';

CREATE FUNCTION affinity.activity_recv(pg_catalog.internal)
	RETURNS affinity.activity
	AS 'MODULE_PATHNAME', 'affinity_activity_recv'
	LANGUAGE C STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION affinity.activity_recv(pg_catalog.internal) IS
	'binary input of type activity, checked as its text is';

CREATE FUNCTION affinity.activity_send(affinity.activity)
	RETURNS pg_catalog.bytea
	AS 'MODULE_PATHNAME', 'affinity_activity_send'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION affinity.activity_send(affinity.activity) IS
	'binary output of type activity';

CREATE TYPE affinity.activity (
	INPUT = affinity.activity_in,
	OUTPUT = affinity.activity_out,
	RECEIVE = affinity.activity_recv,
	SEND = affinity.activity_send,
	INTERNALLENGTH = VARIABLE,
	ALIGNMENT = double,
	STORAGE = external			-- compressed it takes twice as long to read and is a third smaller
);
COMMENT ON TYPE affinity.activity IS
	'who was active in which calendar periods: made by activity_agg, merged by rollup, read by retention and other reports';

CREATE FUNCTION affinity.activity_merge(affinity.activity, affinity.activity)
	RETURNS affinity.activity
	AS 'MODULE_PATHNAME', 'affinity_activity_combine'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100;
COMMENT ON FUNCTION affinity.activity_merge(affinity.activity, affinity.activity) IS
	'the state of the rows of two states together; 22023 where unit, time zone, or type of user or time differ';

--table users_and_times: USER | NAME | AT | LOCAL | IN_ZONE | THERE
-- int8 | bigint | timestamptz | | , in the session''s TimeZone |
-- int8 | bigint | timestamp | _local | | ; a timestamp is taken as local time there
-- int8 | bigint | date | _date | ; a date is that local day in every zone | ; a date is that local day there
-- uuid | uuid | timestamptz | | , in the session''s TimeZone |
-- uuid | uuid | timestamp | _local | | ; a timestamp is taken as local time there
-- uuid | uuid | date | _date | ; a date is that local day in every zone | ; a date is that local day there
-- text | text | timestamptz | | , in the session''s TimeZone |
-- text | text | timestamp | _local | | ; a timestamp is taken as local time there
-- text | text | date | _date | ; a date is that local day in every zone | ; a date is that local day there

--for users_and_times
CREATE FUNCTION affinity.activity_step(affinity.activity, pg_catalog.{USER}, pg_catalog.{AT}, pg_catalog.text)
	RETURNS affinity.activity
	AS 'MODULE_PATHNAME', 'affinity_activity_accum_{USER}{LOCAL}'
	LANGUAGE C STABLE PARALLEL SAFE;
COMMENT ON FUNCTION affinity.activity_step(affinity.activity, pg_catalog.{USER}, pg_catalog.{AT}, pg_catalog.text) IS
	'step of activity_agg for {NAME} users and {AT}';
CREATE AGGREGATE affinity.activity_agg(user_id pg_catalog.{USER}, at pg_catalog.{AT}, unit pg_catalog.text) (
	SFUNC = affinity.activity_step,
	STYPE = affinity.activity,
	SSPACE = 200,
	COMBINEFUNC = affinity.activity_merge,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE affinity.activity_agg(pg_catalog.{USER}, pg_catalog.{AT}, pg_catalog.text) IS
	'who was active in which periods: user_id, at, unit (hour, day, week, week_sunday ..., month, quarter, year){IN_ZONE}; rows with a NULL user or time are skipped, an infinite time is error 22023';

CREATE FUNCTION affinity.activity_step(affinity.activity, pg_catalog.{USER}, pg_catalog.{AT}, pg_catalog.text, pg_catalog.text)
	RETURNS affinity.activity
	AS 'MODULE_PATHNAME', 'affinity_activity_accum_{USER}{LOCAL}'
	LANGUAGE C STABLE PARALLEL SAFE;
COMMENT ON FUNCTION affinity.activity_step(affinity.activity, pg_catalog.{USER}, pg_catalog.{AT}, pg_catalog.text, pg_catalog.text) IS
	'step of activity_agg for {NAME} users and {AT}';
CREATE AGGREGATE affinity.activity_agg(user_id pg_catalog.{USER}, at pg_catalog.{AT}, unit pg_catalog.text, time_zone pg_catalog.text) (
	SFUNC = affinity.activity_step,
	STYPE = affinity.activity,
	SSPACE = 200,
	COMBINEFUNC = affinity.activity_merge,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE affinity.activity_agg(pg_catalog.{USER}, pg_catalog.{AT}, pg_catalog.text, pg_catalog.text) IS
	'who was active in which periods of a time zone: user_id, at, unit, time_zone{THERE}; rows with a NULL user or time are skipped, an infinite time is error 22023';

CREATE FUNCTION affinity.activity_step(affinity.activity, pg_catalog.{USER}, pg_catalog.{AT}, pg_catalog.text, pg_catalog.text, pg_catalog.bool, pg_catalog.bool)
	RETURNS affinity.activity
	AS 'MODULE_PATHNAME', 'affinity_activity_accum_{USER}{LOCAL}'
	LANGUAGE C STABLE PARALLEL SAFE;
COMMENT ON FUNCTION affinity.activity_step(affinity.activity, pg_catalog.{USER}, pg_catalog.{AT}, pg_catalog.text, pg_catalog.text, pg_catalog.bool, pg_catalog.bool) IS
	'step of activity_agg for {NAME} users and {AT}';
CREATE AGGREGATE affinity.activity_agg(user_id pg_catalog.{USER}, at pg_catalog.{AT}, unit pg_catalog.text, time_zone pg_catalog.text,
	is_start pg_catalog.bool, is_return pg_catalog.bool) (
	SFUNC = affinity.activity_step,
	STYPE = affinity.activity,
	SSPACE = 200,
	COMBINEFUNC = affinity.activity_merge,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE affinity.activity_agg(pg_catalog.{USER}, pg_catalog.{AT}, pg_catalog.text, pg_catalog.text, pg_catalog.bool, pg_catalog.bool) IS
	'who started and who came back when: user_id, at, unit, time_zone, is_start, is_return; keeps the times, so that the row of the start is no return and rolling periods are exact; a NULL condition is false';

--end
CREATE AGGREGATE affinity.rollup(activity affinity.activity) (
	SFUNC = affinity.activity_merge,
	STYPE = affinity.activity,
	SSPACE = 200,
	COMBINEFUNC = affinity.activity_merge,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE affinity.rollup(affinity.activity) IS
	'merge states exactly: the same state as one aggregate over all their rows; merging a state twice changes nothing; 22023 where units, time zones or types differ, or only one has is_start and is_return';

CREATE FUNCTION affinity.users(activity affinity.activity)
	RETURNS pg_catalog.int8
	AS 'MODULE_PATHNAME', 'affinity_activity_users'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION affinity.users(affinity.activity) IS
	'the number of distinct users of an activity state';

CREATE FUNCTION affinity.describe(
		activity affinity.activity,
		OUT users pg_catalog.int8,
		OUT unit pg_catalog.text,
		OUT time_zone pg_catalog.text,
		OUT first_at pg_catalog.timestamp,
		OUT last_at pg_catalog.timestamp,
		OUT entries pg_catalog.int8,
		OUT has_times pg_catalog.bool,
		OUT bytes pg_catalog.int8)
	AS 'MODULE_PATHNAME', 'affinity_activity_describe'
	LANGUAGE C STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION affinity.describe(affinity.activity) IS
	'what an activity state holds: distinct users, unit, time zone, local times of its earliest and latest row, entries (distinct user-period pairs, or user-time pairs where it has times), and its size in bytes';

CREATE FUNCTION affinity.retention(
		activity affinity.activity,
		as_of pg_catalog.timestamptz DEFAULT NULL,
		mode pg_catalog.text DEFAULT 'first_ever',
		criterion pg_catalog.text DEFAULT 'on',
		brackets pg_catalog.int4[] DEFAULT NULL,
		denominator pg_catalog.text DEFAULT 'total',
		max_period pg_catalog.int4 DEFAULT NULL,
		cohorts_from pg_catalog.timestamp DEFAULT NULL,
		cohorts_before pg_catalog.timestamp DEFAULT NULL,
		rolling pg_catalog.bool DEFAULT false)
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
	AS 'MODULE_PATHNAME', 'affinity_retention_triangle'
	LANGUAGE C STABLE PARALLEL SAFE COST 1000 ROWS 1000;
COMMENT ON FUNCTION affinity.retention(affinity.activity, pg_catalog.timestamptz,
	pg_catalog.text, pg_catalog.text, pg_catalog.int4[], pg_catalog.text,
	pg_catalog.int4, pg_catalog.timestamp, pg_catalog.timestamp, pg_catalog.bool) IS
	'retention triangle: users who started in the period cohort, and how many of them came back in each period after it; mode first_ever, first_in_range or recurring; criterion on, on_or_after, on_or_before, streak or bracket; denominator total or previous; complete is false while the period is not over as of as_of (default: the latest row; for states of timestamps and dates the local time that it is in the session''s TimeZone); rate_low and rate_high are Wilson 95 % bounds; rolling (hours, days or weeks, and states made with is_start and is_return) counts each user''s periods from its own start, eligible being the users whose period is over; unknown choices are error 22023';

CREATE FUNCTION affinity.retention_curve(
		activity affinity.activity,
		as_of pg_catalog.timestamptz DEFAULT NULL,
		mode pg_catalog.text DEFAULT 'first_ever',
		criterion pg_catalog.text DEFAULT 'on',
		brackets pg_catalog.int4[] DEFAULT NULL,
		denominator pg_catalog.text DEFAULT 'total',
		max_period pg_catalog.int4 DEFAULT NULL,
		cohorts_from pg_catalog.timestamp DEFAULT NULL,
		cohorts_before pg_catalog.timestamp DEFAULT NULL,
		rolling pg_catalog.bool DEFAULT false)
	RETURNS TABLE (
		period pg_catalog.int4,
		cohorts pg_catalog.int8,
		eligible pg_catalog.int8,
		retained pg_catalog.int8,
		rate pg_catalog.float8,
		rate_low pg_catalog.float8,
		rate_high pg_catalog.float8)
	AS 'MODULE_PATHNAME', 'affinity_retention_curve'
	LANGUAGE C STABLE PARALLEL SAFE COST 1000 ROWS 100;
COMMENT ON FUNCTION affinity.retention_curve(affinity.activity, pg_catalog.timestamptz,
	pg_catalog.text, pg_catalog.text, pg_catalog.int4[], pg_catalog.text,
	pg_catalog.int4, pg_catalog.timestamp, pg_catalog.timestamp, pg_catalog.bool) IS
	'retention of all cohorts pooled: sums of retained and of eligible over the complete cells of each period; arguments as for retention';
