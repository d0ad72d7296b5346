-- States of activity (who was active in which periods) and of value (what users
-- were worth in them), which are two layouts of one state.
-- C: src/activity

--table state: STATE | IN | RECV | STORAGE | PREFERRED | ANSWER
-- activity | affinity_activity_in | affinity_activity_recv | external | true | who was active in which calendar periods: made by activity_agg, read by retention and other reports
-- value | affinity_activity_value_in | affinity_activity_value_recv | extended | false | the sum of values of each user in each calendar period: made by value_agg, read by revenue_retention

-- An activity state is not compressed: that makes it a third smaller, and
-- reading it take twice as long. Both are of a category of their own, where
-- activity is preferred, so that users($1) means an activity where a driver names
-- no type.

--for state
CREATE TYPE affinity.{STATE};

CREATE FUNCTION affinity.{STATE}_in(pg_catalog.cstring)
RETURNS affinity.{STATE}
LANGUAGE C STABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', '{IN}';

COMMENT ON FUNCTION affinity.{STATE}_in(pg_catalog.cstring) IS
	'input of type {STATE}: base64; 22P03 unless every part of the state is sound';

CREATE FUNCTION affinity.{STATE}_out(affinity.{STATE})
RETURNS pg_catalog.cstring
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'affinity_activity_out';

COMMENT ON FUNCTION affinity.{STATE}_out(affinity.{STATE}) IS
	'output of type {STATE}: base64';

CREATE FUNCTION affinity.{STATE}_recv(pg_catalog.internal)
RETURNS affinity.{STATE}
LANGUAGE C STABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', '{RECV}';

COMMENT ON FUNCTION affinity.{STATE}_recv(pg_catalog.internal) IS
	'binary input of type {STATE}, checked as its text is';

CREATE FUNCTION affinity.{STATE}_send(affinity.{STATE})
RETURNS pg_catalog.bytea
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'affinity_activity_send';

COMMENT ON FUNCTION affinity.{STATE}_send(affinity.{STATE}) IS
	'binary output of type {STATE}';

CREATE TYPE affinity.{STATE} (
	INPUT = affinity.{STATE}_in,
	OUTPUT = affinity.{STATE}_out,
	RECEIVE = affinity.{STATE}_recv,
	SEND = affinity.{STATE}_send,
	INTERNALLENGTH = VARIABLE,
	ALIGNMENT = double,
	STORAGE = {STORAGE},
	CATEGORY = 'a',
	PREFERRED = {PREFERRED}
);

COMMENT ON TYPE affinity.{STATE} IS
	'{ANSWER}';

CREATE FUNCTION affinity.{STATE}_combine(affinity.{STATE}, affinity.{STATE})
RETURNS affinity.{STATE}
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100
AS 'MODULE_PATHNAME', 'affinity_activity_combine';

COMMENT ON FUNCTION affinity.{STATE}_combine(affinity.{STATE}, affinity.{STATE}) IS
	'the state of the rows of two states together';

CREATE AGGREGATE affinity.rollup({STATE} affinity.{STATE}) (
	SFUNC = affinity.{STATE}_combine,
	STYPE = affinity.{STATE},
	SSPACE = 200,
	COMBINEFUNC = affinity.{STATE}_combine,
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE affinity.rollup(affinity.{STATE}) IS
	'merges {STATE} states exactly: the same state as one aggregate over all their rows';

CREATE FUNCTION affinity.users({STATE} affinity.{STATE})
RETURNS pg_catalog.int8
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'affinity_activity_users';

COMMENT ON FUNCTION affinity.users(affinity.{STATE}) IS
	'the number of distinct users of the state';

CREATE FUNCTION affinity.coarsen({STATE} affinity.{STATE}, unit pg_catalog.text)
RETURNS affinity.{STATE}
LANGUAGE C STABLE STRICT PARALLEL SAFE COST 1000
AS 'MODULE_PATHNAME', 'affinity_activity_coarsen';

COMMENT ON FUNCTION affinity.coarsen(affinity.{STATE}, pg_catalog.text) IS
	'the state in a coarser unit, exactly as if aggregated in it';

--end
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
LANGUAGE C STABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'affinity_activity_describe';

COMMENT ON FUNCTION affinity.describe(affinity.activity) IS
	'what an activity state holds: users, unit, time zone, first and last time, entries, and its size in bytes';

CREATE FUNCTION affinity.describe(
	state affinity.value,
	OUT users pg_catalog.int8,
	OUT unit pg_catalog.text,
	OUT time_zone pg_catalog.text,
	OUT first_at pg_catalog.timestamp,
	OUT last_at pg_catalog.timestamp,
	OUT entries pg_catalog.int8,
	OUT value pg_catalog.float8,
	OUT bytes pg_catalog.int8,
	OUT has_starts pg_catalog.bool,
	OUT counted pg_catalog.text,
	OUT open_users pg_catalog.int8)
LANGUAGE C STABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'affinity_activity_describe';

COMMENT ON FUNCTION affinity.describe(affinity.value) IS
	'what a value state holds: users, unit, time zone, first and last time, entries, sum, size in bytes, and its kind';

-- Types of users are exact where a distributed engine may ask for that, and "any" for
-- others: an integer must find its own form, as one of bigint would not be better than
-- "any"; so must a "char", which is cast to text, if only to be refused. They are checked by the one rule of src/base/id_type.c, as they were before a
-- cast: as text, a citext would come with another equality than its own.

--table state_user: USER
-- int2
-- int4
-- int8
-- uuid
-- text
-- "char"
-- "any"

--table state_row: AT | ACTIVITY | VALUE
-- timestamptz | affinity_activity_accum | affinity_activity_value_accum
-- timestamp | affinity_activity_accum_local | affinity_activity_value_accum_local
-- date | affinity_activity_accum_date | affinity_activity_value_accum_date

--table activity_arguments: UNIT | TYPES | NAMED | ANSWER
-- session_unit | | | who was active in which periods
-- word | , affinity.word | , time_zone affinity.word | who was active in which periods of a time zone
-- word | , affinity.word, pg_catalog.bool, pg_catalog.bool | , time_zone affinity.word, is_start pg_catalog.bool, is_return pg_catalog.bool | who started and who came back in which periods of a time zone

--for state_row activity_arguments state_user
CREATE FUNCTION affinity.activity_accum(affinity.activity, pg_catalog.{USER}, pg_catalog.{AT}, affinity.{UNIT}{TYPES})
RETURNS affinity.activity
LANGUAGE C STABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', '{ACTIVITY}';

COMMENT ON FUNCTION affinity.activity_accum(affinity.activity, pg_catalog.{USER}, pg_catalog.{AT}, affinity.{UNIT}{TYPES}) IS
	'transition function of activity_agg for {AT}';

CREATE AGGREGATE affinity.activity_agg(user_id pg_catalog.{USER}, at pg_catalog.{AT}, unit affinity.{UNIT}{NAMED}) (
	SFUNC = affinity.activity_accum,
	STYPE = affinity.activity,
	SSPACE = 200,
	COMBINEFUNC = affinity.activity_combine,
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE affinity.activity_agg(pg_catalog.{USER}, pg_catalog.{AT}, affinity.{UNIT}{TYPES}) IS
	'{ANSWER}: hour, day, week, month, quarter or year';

--end
--table value_arguments: UNIT | TYPES | NAMED | ANSWER
-- session_unit | | | the sum of values of each user in each period
-- word | , affinity.word | , time_zone affinity.word | the sum of values of each user in each period of a time zone
-- word | , affinity.word, pg_catalog.bool | , time_zone affinity.word, is_start pg_catalog.bool | the sum of values of each user in each period, by the period of its first start

--for state_row value_arguments state_user
CREATE FUNCTION affinity.value_accum(affinity.value, pg_catalog.{USER}, pg_catalog.{AT}, pg_catalog.float8, affinity.{UNIT}{TYPES})
RETURNS affinity.value
LANGUAGE C STABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', '{VALUE}';

COMMENT ON FUNCTION affinity.value_accum(affinity.value, pg_catalog.{USER}, pg_catalog.{AT}, pg_catalog.float8, affinity.{UNIT}{TYPES}) IS
	'transition function of value_agg for {AT}';

CREATE AGGREGATE affinity.value_agg(user_id pg_catalog.{USER}, at pg_catalog.{AT}, value pg_catalog.float8, unit affinity.{UNIT}{NAMED}) (
	SFUNC = affinity.value_accum,
	STYPE = affinity.value,
	SSPACE = 200,
	COMBINEFUNC = affinity.value_combine,
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE affinity.value_agg(pg_catalog.{USER}, pg_catalog.{AT}, pg_catalog.float8, affinity.{UNIT}{TYPES}) IS
	'{ANSWER}: hour, day, week, month, quarter or year';

--end
-- Ranges: what a user pays in each period that a range covers.

--table span_arguments: UNIT | TYPES | NAMED | ANSWER
-- session_unit | | | at their ends
-- word | , affinity.word | , time_zone affinity.word | at their ends, of a time zone
-- word | , affinity.word, affinity.word | , time_zone affinity.word, counted affinity.word | at_end or pro_rata

--for span_arguments state_user
CREATE FUNCTION affinity.value_accum(affinity.value, pg_catalog.{USER}, affinity.span, pg_catalog.float8, affinity.{UNIT}{TYPES})
RETURNS affinity.value
LANGUAGE C STABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'affinity_activity_value_accum_span';

COMMENT ON FUNCTION affinity.value_accum(affinity.value, pg_catalog.{USER}, affinity.span, pg_catalog.float8, affinity.{UNIT}{TYPES}) IS
	'transition function of value_agg for ranges';

CREATE AGGREGATE affinity.value_agg(user_id pg_catalog.{USER}, during affinity.span, amount pg_catalog.float8, unit affinity.{UNIT}{NAMED}) (
	SFUNC = affinity.value_accum,
	STYPE = affinity.value,
	SSPACE = 200,
	COMBINEFUNC = affinity.value_combine,
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE affinity.value_agg(pg_catalog.{USER}, affinity.span, pg_catalog.float8, affinity.{UNIT}{TYPES}) IS
	'what each user pays in each period by ranges of time, counted {ANSWER}';

--end
