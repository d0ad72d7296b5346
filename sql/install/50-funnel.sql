-- affinity: funnels.
--
-- A funnel's state is a log of events (src/cohort/funnel_log.c). Conditions are
-- VARIADIC "any", because a VARIADIC array would have to be built for each row;
-- their types are checked when the query starts. Tables and --for: expand.awk.

CREATE TYPE affinity.funnel;

CREATE FUNCTION affinity.funnel_in(pg_catalog.cstring) RETURNS affinity.funnel
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
	AS 'MODULE_PATHNAME', 'affinity_funnel_in';

COMMENT ON FUNCTION affinity.funnel_in(pg_catalog.cstring) IS
	'input function of affinity.funnel: checks everything, 22P03 where it is not what the output function made';

CREATE FUNCTION affinity.funnel_out(affinity.funnel) RETURNS pg_catalog.cstring
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
	AS 'MODULE_PATHNAME', 'affinity_funnel_out';

COMMENT ON FUNCTION affinity.funnel_out(affinity.funnel) IS
	'output function of affinity.funnel: base64';

CREATE FUNCTION affinity.funnel_recv(pg_catalog.internal) RETURNS affinity.funnel
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
	AS 'MODULE_PATHNAME', 'affinity_funnel_recv';

COMMENT ON FUNCTION affinity.funnel_recv(pg_catalog.internal) IS
	'binary input of affinity.funnel, checked as its text is';

CREATE FUNCTION affinity.funnel_send(affinity.funnel) RETURNS pg_catalog.bytea
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
	AS 'MODULE_PATHNAME', 'affinity_funnel_send';

COMMENT ON FUNCTION affinity.funnel_send(affinity.funnel) IS
	'binary output of affinity.funnel';

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
	'mergeable state of a funnel: who did which step when; made by affinity.funnel_agg, merged by affinity.rollup, read by affinity.funnel_steps';

CREATE FUNCTION affinity.funnel_combine(affinity.funnel, affinity.funnel)
	RETURNS affinity.funnel
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
	AS 'MODULE_PATHNAME', 'affinity_funnel_combine';

COMMENT ON FUNCTION affinity.funnel_combine(affinity.funnel, affinity.funnel) IS
	'the rows of two funnels in one; 22023 if users, times, window, mode or number of steps differ';

CREATE FUNCTION affinity.funnel_final(affinity.funnel) RETURNS affinity.funnel
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
	AS 'MODULE_PATHNAME', 'affinity_funnel_final';

COMMENT ON FUNCTION affinity.funnel_final(affinity.funnel) IS
	'final function of affinity.funnel_agg and affinity.rollup';

CREATE FUNCTION affinity.window_funnel_final(affinity.funnel)
	RETURNS pg_catalog.int4
	LANGUAGE C IMMUTABLE PARALLEL SAFE
	AS 'MODULE_PATHNAME', 'affinity_funnel_window_final';

COMMENT ON FUNCTION affinity.window_funnel_final(affinity.funnel) IS
	'final function of affinity.window_funnel';

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
	'final function of affinity.funnel_times';

--end
-- One user: for each type of window and of time. A date is a timestamp: cast to
-- timestamptz, as PostgreSQL would do unasked, its days would depend on the
-- session's time zone and last 23 or 25 hours twice a year.

--table one_user: WINDOW | AT | TYPE | VOLATILITY | UNITS | TIMES
-- interval | timestamptz | timestamptz | IMMUTABLE | an interval of days or less, cut to 292271 years | a timestamptz
-- int8 | timestamptz | timestamptz | IMMUTABLE | a number of seconds, cut to 292271 years | a timestamptz
-- text | timestamptz | timestamptz | STABLE | an interval as text, such as 7 days, cut to 292271 years | a timestamptz
-- interval | timestamp | timestamp | IMMUTABLE | an interval of days or less, cut to 292271 years | a timestamp
-- int8 | timestamp | timestamp | IMMUTABLE | a number of seconds, cut to 292271 years | a timestamp
-- text | timestamp | timestamp | STABLE | an interval as text, such as 7 days, cut to 292271 years | a timestamp
-- interval | date | timestamp | IMMUTABLE | an interval of days or less, cut to 292271 years | a date, which is its midnight without time zone
-- int8 | date | timestamp | IMMUTABLE | a number of seconds, cut to 292271 years | a date, which is its midnight without time zone
-- text | date | timestamp | STABLE | an interval as text, such as 7 days, cut to 292271 years | a date, which is its midnight without time zone
-- int8 | int8 | bigint | IMMUTABLE | a number in units of the time | a number in any unit

--for one_user
CREATE FUNCTION affinity.funnel_accum(affinity.funnel, pg_catalog.{WINDOW},
	pg_catalog.text, pg_catalog.{AT}, VARIADIC "any")
	RETURNS affinity.funnel
	LANGUAGE C {VOLATILITY} PARALLEL SAFE
	AS 'MODULE_PATHNAME', 'affinity_funnel_accum';

COMMENT ON FUNCTION affinity.funnel_accum(affinity.funnel, pg_catalog.{WINDOW},
	pg_catalog.text, pg_catalog.{AT}, VARIADIC "any") IS
	'transition function of affinity.window_funnel and affinity.funnel_times';

--end
-- How far one user came: the number of steps.

--for one_user
CREATE AGGREGATE affinity.window_funnel(
	"window" pg_catalog.{WINDOW}, mode pg_catalog.text, "at" pg_catalog.{AT},
	VARIADIC conditions "any") (
	SFUNC = affinity.funnel_accum,
	STYPE = affinity.funnel,
	SSPACE = 256,
	FINALFUNC = affinity.window_funnel_final,
	COMBINEFUNC = affinity.funnel_combine,
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE affinity.window_funnel(
	pg_catalog.{WINDOW}, pg_catalog.text, pg_catalog.{AT},
	VARIADIC "any") IS
	'how many steps of a funnel the rows of one user complete, in order and within the window after the first (inclusive), or with optional steps the number of the last one; exact: the longest chain over all starts; at: {TIMES}; window: {UNITS}; mode: default, strict_order, strict_deduplication, strict_increase (or increase), allow_reentry, deduplication (no step of a chain is repeated), fixed (no step lies between two steps), adjacent (no row does), same_row, any_order (the size of the largest set of steps within the window), any_order 2 3 (these steps, side by side, in any order between the step before and the one after; also several groups; with strict_increase, same_row, exclude N and hold_last), optional N (step N may be left out), exclude N (condition N, after the steps, ends a chain; also exclude N between A and B), exclude_last, hold_last (the last argument is no condition but a property that the rows of a chain share) or several of these, with commas between; one boolean per step, at most 64, NULL is false; rows without time are skipped';

--end
-- The same under the name that Hologres has for it.

--for one_user
CREATE AGGREGATE affinity.windowfunnel(
	"window" pg_catalog.{WINDOW}, mode pg_catalog.text, "at" pg_catalog.{AT},
	VARIADIC conditions "any") (
	SFUNC = affinity.funnel_accum,
	STYPE = affinity.funnel,
	SSPACE = 256,
	FINALFUNC = affinity.window_funnel_final,
	COMBINEFUNC = affinity.funnel_combine,
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE affinity.windowfunnel(
	pg_catalog.{WINDOW}, pg_catalog.text, pg_catalog.{AT},
	VARIADIC "any") IS
	'how many steps of a funnel the rows of one user complete, in order and within the window after the first (inclusive), or with optional steps the number of the last one; exact: the longest chain over all starts; at: {TIMES}; window: {UNITS}; mode: default, strict_order, strict_deduplication, strict_increase (or increase), allow_reentry, deduplication (no step of a chain is repeated), fixed (no step lies between two steps), adjacent (no row does), same_row, any_order (the size of the largest set of steps within the window), any_order 2 3 (these steps, side by side, in any order between the step before and the one after; also several groups; with strict_increase, same_row, exclude N and hold_last), optional N (step N may be left out), exclude N (condition N, after the steps, ends a chain; also exclude N between A and B), exclude_last, hold_last (the last argument is no condition but a property that the rows of a chain share) or several of these, with commas between; one boolean per step, at most 64, NULL is false; rows without time are skipped';

--end
-- When one user took each step.

--for one_user
CREATE AGGREGATE affinity.funnel_times(
	"window" pg_catalog.{WINDOW}, mode pg_catalog.text, "at" pg_catalog.{AT},
	VARIADIC conditions "any") (
	SFUNC = affinity.funnel_accum,
	STYPE = affinity.funnel,
	SSPACE = 256,
	FINALFUNC = affinity.funnel_times_{TYPE}_final,
	COMBINEFUNC = affinity.funnel_combine,
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE affinity.funnel_times(
	pg_catalog.{WINDOW}, pg_catalog.text, pg_catalog.{AT},
	VARIADIC "any") IS
	'the times of the longest chain of a funnel in the rows of one user, NULL for steps not taken; of equally long ones that with most optional steps, then the one that is complete first, then the one that started last; where steps are in any order, all or a group, the k-th element is the time of the k-th step taken, whichever it was; at: {TIMES}; window: {UNITS}; mode: default, strict_order, strict_deduplication, strict_increase (or increase), allow_reentry, deduplication (no step of a chain is repeated), fixed (no step lies between two steps), adjacent (no row does), same_row, any_order (the size of the largest set of steps within the window), any_order 2 3 (these steps, side by side, in any order between the step before and the one after; also several groups; with strict_increase, same_row, exclude N and hold_last), optional N (step N may be left out), exclude N (condition N, after the steps, ends a chain; also exclude N between A and B), exclude_last, hold_last (the last argument is no condition but a property that the rows of a chain share) or several of these, with commas between; one boolean per step, at most 64, NULL is false; rows without time are skipped';

--end
-- Many users in one state.

--table many_users: AT | WINDOW | UNITS | TIMES
-- timestamptz | interval | an interval of days or less, cut to 292271 years | a timestamptz
-- timestamp | interval | an interval of days or less, cut to 292271 years | a timestamp
-- date | interval | an interval of days or less, cut to 292271 years | a date, which is its midnight without time zone
-- int8 | int8 | a number in units of the time | a number in any unit

--for many_users
CREATE FUNCTION affinity.funnel_agg_accum(affinity.funnel, "any", pg_catalog.{AT},
	pg_catalog.{WINDOW}, VARIADIC "any")
	RETURNS affinity.funnel
	LANGUAGE C IMMUTABLE PARALLEL SAFE
	AS 'MODULE_PATHNAME', 'affinity_funnel_agg_accum';

COMMENT ON FUNCTION affinity.funnel_agg_accum(affinity.funnel, "any", pg_catalog.{AT},
	pg_catalog.{WINDOW}, VARIADIC "any") IS
	'transition function of affinity.funnel_agg';

CREATE AGGREGATE affinity.funnel_agg(
	user_id "any", "at" pg_catalog.{AT}, "window" pg_catalog.{WINDOW},
	VARIADIC conditions "any") (
	SFUNC = affinity.funnel_agg_accum,
	STYPE = affinity.funnel,
	SSPACE = 65536,
	FINALFUNC = affinity.funnel_final,
	COMBINEFUNC = affinity.funnel_combine,
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE affinity.funnel_agg(
	"any", pg_catalog.{AT}, pg_catalog.{WINDOW},
	VARIADIC "any") IS
	'state of a funnel of many users, for affinity.funnel_steps and affinity.rollup; user_id: smallint, integer, bigint, uuid, text or a domain over one of these (cast others to text); at: {TIMES}; window: {UNITS}; one boolean per step, at most 64, NULL is false; rows without user or time are skipped';

CREATE FUNCTION affinity.funnel_agg_accum(affinity.funnel, "any", pg_catalog.{AT},
	pg_catalog.{WINDOW}, pg_catalog.text, VARIADIC "any")
	RETURNS affinity.funnel
	LANGUAGE C IMMUTABLE PARALLEL SAFE
	AS 'MODULE_PATHNAME', 'affinity_funnel_agg_accum';

COMMENT ON FUNCTION affinity.funnel_agg_accum(affinity.funnel, "any", pg_catalog.{AT},
	pg_catalog.{WINDOW}, pg_catalog.text, VARIADIC "any") IS
	'transition function of affinity.funnel_agg';

CREATE AGGREGATE affinity.funnel_agg(
	user_id "any", "at" pg_catalog.{AT}, "window" pg_catalog.{WINDOW},
	mode pg_catalog.text, VARIADIC conditions "any") (
	SFUNC = affinity.funnel_agg_accum,
	STYPE = affinity.funnel,
	SSPACE = 65536,
	FINALFUNC = affinity.funnel_final,
	COMBINEFUNC = affinity.funnel_combine,
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE affinity.funnel_agg(
	"any", pg_catalog.{AT}, pg_catalog.{WINDOW},
	pg_catalog.text, VARIADIC "any") IS
	'state of a funnel of many users, for affinity.funnel_steps and affinity.rollup; user_id: smallint, integer, bigint, uuid, text or a domain over one of these (cast others to text); at: {TIMES}; window: {UNITS}; mode: as that of affinity.window_funnel; one boolean per step, at most 64, NULL is false; rows without user or time are skipped';

--end
-- The same from what affinity.funnel_times returned for each user.

--for one_type
CREATE FUNCTION affinity.funnel_chains_accum(affinity.funnel, pg_catalog.{AT}[])
	RETURNS affinity.funnel
	LANGUAGE C IMMUTABLE PARALLEL SAFE
	AS 'MODULE_PATHNAME', 'affinity_funnel_chains_accum';

COMMENT ON FUNCTION affinity.funnel_chains_accum(affinity.funnel, pg_catalog.{AT}[]) IS
	'transition function of affinity.funnel_agg over the results of affinity.funnel_times';

CREATE AGGREGATE affinity.funnel_agg(step_times pg_catalog.{AT}[]) (
	SFUNC = affinity.funnel_chains_accum,
	STYPE = affinity.funnel,
	SSPACE = 65536,
	FINALFUNC = affinity.funnel_final,
	COMBINEFUNC = affinity.funnel_combine,
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE affinity.funnel_agg(pg_catalog.{AT}[]) IS
	'state of a funnel from one result of affinity.funnel_times for each user: the two-level form, for more rows than a value of 1 GB holds';

--end
--for one_type
CREATE FUNCTION affinity.funnel_chains_accum(affinity.funnel, pg_catalog.{AT}[], pg_catalog.text)
	RETURNS affinity.funnel
	LANGUAGE C IMMUTABLE PARALLEL SAFE
	AS 'MODULE_PATHNAME', 'affinity_funnel_chains_accum';

COMMENT ON FUNCTION affinity.funnel_chains_accum(affinity.funnel, pg_catalog.{AT}[], pg_catalog.text) IS
	'transition function of affinity.funnel_agg over the results of affinity.funnel_times';

CREATE AGGREGATE affinity.funnel_agg(step_times pg_catalog.{AT}[], mode pg_catalog.text) (
	SFUNC = affinity.funnel_chains_accum,
	STYPE = affinity.funnel,
	SSPACE = 65536,
	FINALFUNC = affinity.funnel_final,
	COMBINEFUNC = affinity.funnel_combine,
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE affinity.funnel_agg(pg_catalog.{AT}[], pg_catalog.text) IS
	'state of a funnel with optional steps from one result of affinity.funnel_times for each user; mode: optional N for each step that was optional there; 22023 if another step is missing before the last one';

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
	'merges states of affinity.funnel_agg exactly, also where rows of one user are in several of them; a state merged twice counts its rows twice: nobody is counted twice, but a chain may take both of what was one row, for two steps; 22023 with what differs if users, times, window, mode or number of conditions do';

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
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
	COST 100000 ROWS 5
	AS 'MODULE_PATHNAME', 'affinity_funnel_steps';

COMMENT ON FUNCTION affinity.funnel_steps(affinity.funnel) IS
	'one row per step: users whose longest chain took it, their share of those who started and of those at the step before (0 to 1, NULL of none), and the median and 90th percentile of the time from the step before and from the first; the step before is the last one that is not optional; where steps are in any order, all or a group, row k is of users who took k steps, whichever the k-th was (interpolated; NULL at step 1 and where nobody is; integer times count seconds, and a time of 2147483648 days or more, which no interval holds, is NULL: give nanoseconds divided by 1000000000, or as a timestamp)';
