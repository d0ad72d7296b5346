-- Funnels. C: src/funnel
--
-- A funnel's state is a log of events (src/eventlog). Conditions are
-- VARIADIC "any", because a VARIADIC array would have to be built for each row;
-- their types are checked when the query starts.

CREATE TYPE affinity.funnel;

CREATE FUNCTION affinity.funnel_in(pg_catalog.cstring)
RETURNS affinity.funnel
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'affinity_funnel_in';

COMMENT ON FUNCTION affinity.funnel_in(pg_catalog.cstring) IS
	'input of type funnel: base64; 22P03 unless every part of the state is sound';

CREATE FUNCTION affinity.funnel_out(affinity.funnel)
RETURNS pg_catalog.cstring
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'affinity_funnel_out';

COMMENT ON FUNCTION affinity.funnel_out(affinity.funnel) IS
	'output of type funnel: base64';

CREATE FUNCTION affinity.funnel_recv(pg_catalog.internal)
RETURNS affinity.funnel
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'affinity_funnel_recv';

COMMENT ON FUNCTION affinity.funnel_recv(pg_catalog.internal) IS
	'binary input of type funnel, checked as its text is';

CREATE FUNCTION affinity.funnel_send(affinity.funnel)
RETURNS pg_catalog.bytea
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'affinity_funnel_send';

COMMENT ON FUNCTION affinity.funnel_send(affinity.funnel) IS
	'binary output of type funnel';

CREATE TYPE affinity.funnel (
	INPUT = affinity.funnel_in,
	OUTPUT = affinity.funnel_out,
	RECEIVE = affinity.funnel_recv,
	SEND = affinity.funnel_send,
	INTERNALLENGTH = VARIABLE,
	ALIGNMENT = double,
	STORAGE = extended
);

COMMENT ON TYPE affinity.funnel IS
	'who did which step of a funnel when: made by funnel_agg, merged by rollup, read by funnel_steps';

CREATE FUNCTION affinity.funnel_combine(affinity.funnel, affinity.funnel)
RETURNS affinity.funnel
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'affinity_funnel_combine';

COMMENT ON FUNCTION affinity.funnel_combine(affinity.funnel, affinity.funnel) IS
	'the state of the rows of two funnels together';

CREATE FUNCTION affinity.funnel_final(affinity.funnel)
RETURNS affinity.funnel
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'affinity_funnel_final';

COMMENT ON FUNCTION affinity.funnel_final(affinity.funnel) IS
	'final function of funnel_agg and rollup';

CREATE FUNCTION affinity.window_funnel_final(affinity.funnel)
RETURNS pg_catalog.int4
LANGUAGE C IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'affinity_funnel_window_final';

COMMENT ON FUNCTION affinity.window_funnel_final(affinity.funnel) IS
	'final function of window_funnel';

-- The types of times that states and results have.

--table one_type: AT | TYPE
-- timestamptz | timestamptz
-- timestamp | timestamp
-- int8 | bigint

--for one_type
CREATE FUNCTION affinity.funnel_times_{TYPE}_final(affinity.funnel)
RETURNS pg_catalog.{AT}[]
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'affinity_funnel_times_final';

COMMENT ON FUNCTION affinity.funnel_times_{TYPE}_final(affinity.funnel) IS
	'final function of funnel_times';

--end
-- One user: for each type of window and of time. A date is a timestamp: cast to
-- timestamptz, as PostgreSQL would do without being asked, its days would depend
-- on the session's time zone and last 23 or 25 hours twice a year.

--table one_user: WINDOW | AT | TYPE | VOLATILITY | TIMES | UNITS
-- pg_catalog.interval | timestamptz | timestamptz | IMMUTABLE | a timestamptz | an interval
-- pg_catalog.int8 | timestamptz | timestamptz | IMMUTABLE | a timestamptz | a number of seconds
-- affinity.word | timestamptz | timestamptz | STABLE | a timestamptz | an interval as text
-- pg_catalog.interval | timestamp | timestamp | IMMUTABLE | a timestamp without time zone | an interval
-- pg_catalog.int8 | timestamp | timestamp | IMMUTABLE | a timestamp without time zone | a number of seconds
-- affinity.word | timestamp | timestamp | STABLE | a timestamp without time zone | an interval as text
-- pg_catalog.interval | date | timestamp | IMMUTABLE | a date | an interval
-- pg_catalog.int8 | date | timestamp | IMMUTABLE | a date | a number of seconds
-- affinity.word | date | timestamp | STABLE | a date | an interval as text
-- pg_catalog.int8 | int8 | bigint | IMMUTABLE | a number | a number
-- affinity.word | int8 | bigint | IMMUTABLE | a number | a number as text

--for one_user
CREATE FUNCTION affinity.funnel_accum(
	affinity.funnel,
	{WINDOW},
	affinity.word,
	pg_catalog.{AT},
	VARIADIC pg_catalog."any")
RETURNS affinity.funnel
LANGUAGE C {VOLATILITY} PARALLEL SAFE
AS 'MODULE_PATHNAME', 'affinity_funnel_accum';

COMMENT ON FUNCTION affinity.funnel_accum(
	affinity.funnel,
	{WINDOW},
	affinity.word,
	pg_catalog.{AT},
	VARIADIC pg_catalog."any") IS
	'transition function of window_funnel and funnel_times';

--end
-- windowfunnel is Hologres' name of window_funnel.

--table one_user_answer: NAME | FINAL | ANSWER
-- window_funnel | window_funnel_final | how many steps one user takes in order and in time
-- windowfunnel | window_funnel_final | how many steps one user takes in order and in time
-- funnel_times | funnel_times_{TYPE}_final | when one user took each step of the longest chain

--for one_user_answer one_user
CREATE AGGREGATE affinity.{NAME}(
	"window" {WINDOW},
	mode affinity.word,
	at pg_catalog.{AT},
	VARIADIC conditions pg_catalog."any") (
	SFUNC = affinity.funnel_accum,
	STYPE = affinity.funnel,
	SSPACE = 256,
	FINALFUNC = affinity.{FINAL},
	COMBINEFUNC = affinity.funnel_combine,
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE affinity.{NAME}(
	{WINDOW},
	affinity.word,
	pg_catalog.{AT},
	VARIADIC pg_catalog."any") IS
	'{ANSWER}; at: {TIMES}; window: {UNITS}';

--end
-- Many users in one state. Windows are text too, as '30' is an interval of 30
-- seconds to PostgreSQL: so it can be refused.

--table many_users: AT | WINDOW | VOLATILITY | TIMES | UNITS
-- timestamptz | pg_catalog.interval | IMMUTABLE | a timestamptz | an interval
-- timestamptz | affinity.word | STABLE | a timestamptz | an interval as text
-- timestamp | pg_catalog.interval | IMMUTABLE | a timestamp without time zone | an interval
-- timestamp | affinity.word | STABLE | a timestamp | an interval as text
-- date | pg_catalog.interval | IMMUTABLE | a date | an interval
-- date | affinity.word | STABLE | a date | an interval as text
-- int8 | pg_catalog.int8 | IMMUTABLE | a number | a number
-- int8 | affinity.word | IMMUTABLE | a number | a number as text

--table many_users_mode: TYPE | NAMED | SYMBOL
-- | | affinity_funnel_agg_accum
-- affinity.word, | mode affinity.word, | affinity_funnel_agg_mode_accum

--for many_users many_users_mode
CREATE FUNCTION affinity.funnel_agg_accum(
	affinity.funnel,
	pg_catalog."any",
	pg_catalog.{AT},
	{WINDOW},
	{TYPE} VARIADIC pg_catalog."any")
RETURNS affinity.funnel
LANGUAGE C {VOLATILITY} PARALLEL SAFE
AS 'MODULE_PATHNAME', '{SYMBOL}';

COMMENT ON FUNCTION affinity.funnel_agg_accum(
	affinity.funnel,
	pg_catalog."any",
	pg_catalog.{AT},
	{WINDOW},
	{TYPE} VARIADIC pg_catalog."any") IS
	'transition function of funnel_agg';

CREATE AGGREGATE affinity.funnel_agg(
	user_id pg_catalog."any",
	at pg_catalog.{AT},
	"window" {WINDOW},
	{NAMED} VARIADIC conditions pg_catalog."any") (
	SFUNC = affinity.funnel_agg_accum,
	STYPE = affinity.funnel,
	SSPACE = 65536,
	FINALFUNC = affinity.funnel_final,
	COMBINEFUNC = affinity.funnel_combine,
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE affinity.funnel_agg(
	pg_catalog."any",
	pg_catalog.{AT},
	{WINDOW},
	{TYPE} VARIADIC pg_catalog."any") IS
	'state of a funnel of many users, for funnel_steps and rollup; at: {TIMES}; window: {UNITS}';

--end
-- The same from what affinity.funnel_times returned for each user.

--table chains_mode: MODE | NAMED | SOURCE
-- | | from one result
-- , affinity.word | , mode affinity.word | with optional steps from one result

--for one_type chains_mode
CREATE FUNCTION affinity.funnel_chains_accum(affinity.funnel, pg_catalog.{AT}[]{MODE})
RETURNS affinity.funnel
LANGUAGE C IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'affinity_funnel_chains_accum';

COMMENT ON FUNCTION affinity.funnel_chains_accum(affinity.funnel, pg_catalog.{AT}[]{MODE}) IS
	'transition function of funnel_agg over the results of funnel_times';

CREATE AGGREGATE affinity.funnel_agg(step_times pg_catalog.{AT}[]{NAMED}) (
	SFUNC = affinity.funnel_chains_accum,
	STYPE = affinity.funnel,
	SSPACE = 65536,
	FINALFUNC = affinity.funnel_final,
	COMBINEFUNC = affinity.funnel_combine,
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE affinity.funnel_agg(pg_catalog.{AT}[]{MODE}) IS
	'state of a funnel {SOURCE} of funnel_times for each user';

--end
CREATE AGGREGATE affinity.rollup(funnel affinity.funnel) (
	SFUNC = affinity.funnel_combine,
	STYPE = affinity.funnel,
	SSPACE = 65536,
	FINALFUNC = affinity.funnel_final,
	COMBINEFUNC = affinity.funnel_combine,
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE affinity.rollup(affinity.funnel) IS
	'merges states of funnel_agg exactly, also where rows of one user are in several of them';

CREATE FUNCTION affinity.rollup(funnel affinity.funnel, other affinity.funnel)
RETURNS affinity.funnel
LANGUAGE C IMMUTABLE PARALLEL SAFE COST 100
AS 'MODULE_PATHNAME', 'affinity_funnel_rollup';

COMMENT ON FUNCTION affinity.rollup(affinity.funnel, affinity.funnel) IS
	'merges two funnel states exactly; NULL is a state without rows';

CREATE FUNCTION affinity.funnel_steps(
	funnel affinity.funnel,
	OUT step pg_catalog.int4,
	OUT users pg_catalog.int8,
	OUT conversion_from_start pg_catalog.float8,
	OUT conversion_from_previous pg_catalog.float8,
	OUT median_from_previous pg_catalog.interval,
	OUT p90_from_previous pg_catalog.interval,
	OUT median_from_start pg_catalog.interval,
	OUT p90_from_start pg_catalog.interval)
RETURNS SETOF pg_catalog.record
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100000 ROWS 5
AS 'MODULE_PATHNAME', 'affinity_funnel_steps';

COMMENT ON FUNCTION affinity.funnel_steps(affinity.funnel) IS
	'one row per step: users who took it, their share, and the median and 90th percentile of the time to it';
