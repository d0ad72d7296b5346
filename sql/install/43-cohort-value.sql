-- affinity: value states, what users were worth in which periods, and the report
-- that reads them. C: src/cohort/activity*.c (a layout of the same state),
-- revenue.c

CREATE TYPE affinity.value;

CREATE FUNCTION affinity.value_in(pg_catalog.cstring)
	RETURNS affinity.value
	AS 'MODULE_PATHNAME', 'affinity_activity_value_in'
	LANGUAGE C STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION affinity.value_in(pg_catalog.cstring) IS
	'input of type value: base64; 22P03 unless every part of the state is sound';

CREATE FUNCTION affinity.value_out(affinity.value)
	RETURNS pg_catalog.cstring
	AS 'MODULE_PATHNAME', 'affinity_activity_out'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION affinity.value_out(affinity.value) IS
	'output of type value: base64';

CREATE FUNCTION affinity.value_recv(pg_catalog.internal)
	RETURNS affinity.value
	AS 'MODULE_PATHNAME', 'affinity_activity_value_recv'
	LANGUAGE C STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION affinity.value_recv(pg_catalog.internal) IS
	'binary input of type value, checked as its text is';

CREATE FUNCTION affinity.value_send(affinity.value)
	RETURNS pg_catalog.bytea
	AS 'MODULE_PATHNAME', 'affinity_activity_send'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION affinity.value_send(affinity.value) IS
	'binary output of type value';

CREATE TYPE affinity.value (
	INPUT = affinity.value_in,
	OUTPUT = affinity.value_out,
	RECEIVE = affinity.value_recv,
	SEND = affinity.value_send,
	INTERNALLENGTH = VARIABLE,
	ALIGNMENT = double,
	STORAGE = extended
);
COMMENT ON TYPE affinity.value IS
	'the sum of values of each user in each calendar period: made by value_agg, merged by rollup, read by revenue_retention';

CREATE FUNCTION affinity.value_merge(affinity.value, affinity.value)
	RETURNS affinity.value
	AS 'MODULE_PATHNAME', 'affinity_activity_combine'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100;
COMMENT ON FUNCTION affinity.value_merge(affinity.value, affinity.value) IS
	'the state of the rows of two states together; 22023 where unit, time zone, or type of user or time differ, 22003 where a sum is out of range';

-- the table of types: 40-cohort.sql
--for users_and_times
CREATE FUNCTION affinity.value_step(affinity.value, pg_catalog.{USER}, pg_catalog.{AT}, pg_catalog.float8, pg_catalog.text)
	RETURNS affinity.value
	AS 'MODULE_PATHNAME', 'affinity_activity_value_accum_{USER}{LOCAL}'
	LANGUAGE C STABLE PARALLEL SAFE;
COMMENT ON FUNCTION affinity.value_step(affinity.value, pg_catalog.{USER}, pg_catalog.{AT}, pg_catalog.float8, pg_catalog.text) IS
	'step of value_agg for {NAME} users and {AT}';
CREATE AGGREGATE affinity.value_agg(user_id pg_catalog.{USER}, at pg_catalog.{AT}, value pg_catalog.float8, unit pg_catalog.text) (
	SFUNC = affinity.value_step,
	STYPE = affinity.value,
	SSPACE = 200,
	COMBINEFUNC = affinity.value_merge,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE affinity.value_agg(pg_catalog.{USER}, pg_catalog.{AT}, pg_catalog.float8, pg_catalog.text) IS
	'the sum of values of each user in each period: user_id, at, value, unit (hour, day, week, week_sunday ..., month, quarter, year){IN_ZONE}; rows with a NULL user, time or value are skipped; an infinite time is error 22023, a NaN or infinite value 22000, one beyond 1e15 22003; values are rounded to multiples of 2^-60 and summed exactly';

CREATE FUNCTION affinity.value_step(affinity.value, pg_catalog.{USER}, pg_catalog.{AT}, pg_catalog.float8, pg_catalog.text, pg_catalog.text)
	RETURNS affinity.value
	AS 'MODULE_PATHNAME', 'affinity_activity_value_accum_{USER}{LOCAL}'
	LANGUAGE C STABLE PARALLEL SAFE;
COMMENT ON FUNCTION affinity.value_step(affinity.value, pg_catalog.{USER}, pg_catalog.{AT}, pg_catalog.float8, pg_catalog.text, pg_catalog.text) IS
	'step of value_agg for {NAME} users and {AT}';
CREATE AGGREGATE affinity.value_agg(user_id pg_catalog.{USER}, at pg_catalog.{AT}, value pg_catalog.float8, unit pg_catalog.text, time_zone pg_catalog.text) (
	SFUNC = affinity.value_step,
	STYPE = affinity.value,
	SSPACE = 200,
	COMBINEFUNC = affinity.value_merge,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE affinity.value_agg(pg_catalog.{USER}, pg_catalog.{AT}, pg_catalog.float8, pg_catalog.text, pg_catalog.text) IS
	'the sum of values of each user in each period of a time zone: user_id, at, value, unit, time_zone{THERE}; rows with a NULL user, time or value are skipped; an infinite time is error 22023, a NaN or infinite value 22000, one beyond 1e15 22003; values are rounded to multiples of 2^-60 and summed exactly';

--end
CREATE AGGREGATE affinity.rollup(value affinity.value) (
	SFUNC = affinity.value_merge,
	STYPE = affinity.value,
	SSPACE = 200,
	COMBINEFUNC = affinity.value_merge,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE affinity.rollup(affinity.value) IS
	'merge states exactly: the same state as one aggregate over all their rows; a state merged twice counts twice; 22023 where units, time zones or types differ';

CREATE FUNCTION affinity.revenue_retention(
		value affinity.value,
		as_of pg_catalog.timestamptz DEFAULT NULL,
		max_period pg_catalog.int4 DEFAULT NULL,
		cohorts_from pg_catalog.timestamp DEFAULT NULL,
		cohorts_before pg_catalog.timestamp DEFAULT NULL)
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
	AS 'MODULE_PATHNAME', 'affinity_retention_revenue'
	LANGUAGE C STABLE PARALLEL SAFE COST 1000 ROWS 1000;
COMMENT ON FUNCTION affinity.revenue_retention(affinity.value,
	pg_catalog.timestamptz, pg_catalog.int4, pg_catalog.timestamp,
	pg_catalog.timestamp) IS
	'what each cohort (users by the period of their first value) was worth in each period since: payers (users with any value in it), value (sum), cumulative_value, both per user of the cohort (cumulative_per_user is the LTV curve), nrr (net revenue retention: value / value of period 0, NULL where that is 0); complete is false while the period is not over as of as_of (default: the latest row); a negative max_period or an infinite as_of is error 22023, a sum beyond 1.47e20 22003';

CREATE FUNCTION affinity.users(value affinity.value)
	RETURNS pg_catalog.int8
	AS 'MODULE_PATHNAME', 'affinity_activity_users'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION affinity.users(affinity.value) IS
	'the number of distinct users of a value state';

CREATE FUNCTION affinity.describe(
		state affinity.value,
		OUT users pg_catalog.int8,
		OUT unit pg_catalog.text,
		OUT time_zone pg_catalog.text,
		OUT first_at pg_catalog.timestamp,
		OUT last_at pg_catalog.timestamp,
		OUT entries pg_catalog.int8,
		OUT value pg_catalog.float8,
		OUT bytes pg_catalog.int8)
	AS 'MODULE_PATHNAME', 'affinity_activity_describe'
	LANGUAGE C STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION affinity.describe(affinity.value) IS
	'what a value state holds: distinct users, unit, time zone, local times of its earliest and latest row, entries (distinct user-period pairs), the sum of all values, and its size in bytes; 22003 for a sum beyond 1.47e20';

CREATE FUNCTION affinity.coarsen(value affinity.value, unit pg_catalog.text)
	RETURNS affinity.value
	AS 'MODULE_PATHNAME', 'affinity_activity_coarsen'
	LANGUAGE C STABLE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION affinity.coarsen(affinity.value, pg_catalog.text) IS
	'the value in a coarser unit, the same state as value_agg would give in that unit; hours make anything, days weeks, months, quarters and years, months quarters and years, quarters years; else error 22023; a sum beyond 1.47e20 is 22003';
