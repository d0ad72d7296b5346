-- affinity: funnels.
--
-- A funnel's state is a log of events (src/cohort/funnel_log.c). Conditions are
-- VARIADIC "any", because a VARIADIC array would have to be built for each row;
-- their types are checked when the query starts.

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

CREATE TYPE affinity.funnel (
	INPUT = affinity.funnel_in,
	OUTPUT = affinity.funnel_out,
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
	AS 'MODULE_PATHNAME', 'affinity_window_funnel_final';

COMMENT ON FUNCTION affinity.window_funnel_final(affinity.funnel) IS
	'final function of affinity.window_funnel';

CREATE FUNCTION affinity.funnel_times_timestamptz_final(affinity.funnel)
	RETURNS pg_catalog.timestamptz[]
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
	AS 'MODULE_PATHNAME', 'affinity_funnel_times_final';

COMMENT ON FUNCTION affinity.funnel_times_timestamptz_final(affinity.funnel) IS
	'final function of affinity.funnel_times';

CREATE FUNCTION affinity.funnel_times_timestamp_final(affinity.funnel)
	RETURNS pg_catalog.timestamp[]
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
	AS 'MODULE_PATHNAME', 'affinity_funnel_times_final';

COMMENT ON FUNCTION affinity.funnel_times_timestamp_final(affinity.funnel) IS
	'final function of affinity.funnel_times';

CREATE FUNCTION affinity.funnel_times_bigint_final(affinity.funnel)
	RETURNS pg_catalog.int8[]
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
	AS 'MODULE_PATHNAME', 'affinity_funnel_times_final';

COMMENT ON FUNCTION affinity.funnel_times_bigint_final(affinity.funnel) IS
	'final function of affinity.funnel_times';

-- One user: transition functions for each type of window and of time.

CREATE FUNCTION affinity.funnel_accum(affinity.funnel, pg_catalog.interval,
	pg_catalog.text, pg_catalog.timestamptz, VARIADIC "any")
	RETURNS affinity.funnel
	LANGUAGE C IMMUTABLE PARALLEL SAFE
	AS 'MODULE_PATHNAME', 'affinity_funnel_accum';

COMMENT ON FUNCTION affinity.funnel_accum(affinity.funnel, pg_catalog.interval,
	pg_catalog.text, pg_catalog.timestamptz, VARIADIC "any") IS
	'transition function of affinity.window_funnel and affinity.funnel_times';

CREATE FUNCTION affinity.funnel_accum(affinity.funnel, pg_catalog.int8,
	pg_catalog.text, pg_catalog.timestamptz, VARIADIC "any")
	RETURNS affinity.funnel
	LANGUAGE C IMMUTABLE PARALLEL SAFE
	AS 'MODULE_PATHNAME', 'affinity_funnel_accum';

COMMENT ON FUNCTION affinity.funnel_accum(affinity.funnel, pg_catalog.int8,
	pg_catalog.text, pg_catalog.timestamptz, VARIADIC "any") IS
	'transition function of affinity.window_funnel and affinity.funnel_times';

CREATE FUNCTION affinity.funnel_accum(affinity.funnel, pg_catalog.text,
	pg_catalog.text, pg_catalog.timestamptz, VARIADIC "any")
	RETURNS affinity.funnel
	LANGUAGE C STABLE PARALLEL SAFE
	AS 'MODULE_PATHNAME', 'affinity_funnel_accum';

COMMENT ON FUNCTION affinity.funnel_accum(affinity.funnel, pg_catalog.text,
	pg_catalog.text, pg_catalog.timestamptz, VARIADIC "any") IS
	'transition function of affinity.window_funnel and affinity.funnel_times';

CREATE FUNCTION affinity.funnel_accum(affinity.funnel, pg_catalog.interval,
	pg_catalog.text, pg_catalog.timestamp, VARIADIC "any")
	RETURNS affinity.funnel
	LANGUAGE C IMMUTABLE PARALLEL SAFE
	AS 'MODULE_PATHNAME', 'affinity_funnel_accum';

COMMENT ON FUNCTION affinity.funnel_accum(affinity.funnel, pg_catalog.interval,
	pg_catalog.text, pg_catalog.timestamp, VARIADIC "any") IS
	'transition function of affinity.window_funnel and affinity.funnel_times';

CREATE FUNCTION affinity.funnel_accum(affinity.funnel, pg_catalog.int8,
	pg_catalog.text, pg_catalog.timestamp, VARIADIC "any")
	RETURNS affinity.funnel
	LANGUAGE C IMMUTABLE PARALLEL SAFE
	AS 'MODULE_PATHNAME', 'affinity_funnel_accum';

COMMENT ON FUNCTION affinity.funnel_accum(affinity.funnel, pg_catalog.int8,
	pg_catalog.text, pg_catalog.timestamp, VARIADIC "any") IS
	'transition function of affinity.window_funnel and affinity.funnel_times';

CREATE FUNCTION affinity.funnel_accum(affinity.funnel, pg_catalog.text,
	pg_catalog.text, pg_catalog.timestamp, VARIADIC "any")
	RETURNS affinity.funnel
	LANGUAGE C STABLE PARALLEL SAFE
	AS 'MODULE_PATHNAME', 'affinity_funnel_accum';

COMMENT ON FUNCTION affinity.funnel_accum(affinity.funnel, pg_catalog.text,
	pg_catalog.text, pg_catalog.timestamp, VARIADIC "any") IS
	'transition function of affinity.window_funnel and affinity.funnel_times';

CREATE FUNCTION affinity.funnel_accum(affinity.funnel, pg_catalog.int8,
	pg_catalog.text, pg_catalog.int8, VARIADIC "any")
	RETURNS affinity.funnel
	LANGUAGE C IMMUTABLE PARALLEL SAFE
	AS 'MODULE_PATHNAME', 'affinity_funnel_accum';

COMMENT ON FUNCTION affinity.funnel_accum(affinity.funnel, pg_catalog.int8,
	pg_catalog.text, pg_catalog.int8, VARIADIC "any") IS
	'transition function of affinity.window_funnel and affinity.funnel_times';

-- How far one user came: the number of steps.

CREATE AGGREGATE affinity.window_funnel(
	"window" pg_catalog.interval, mode pg_catalog.text, "at" pg_catalog.timestamptz,
	VARIADIC conditions "any") (
	SFUNC = affinity.funnel_accum,
	STYPE = affinity.funnel,
	SSPACE = 256,
	FINALFUNC = affinity.window_funnel_final,
	COMBINEFUNC = affinity.funnel_combine,
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE affinity.window_funnel(
	pg_catalog.interval, pg_catalog.text, pg_catalog.timestamptz,
	VARIADIC "any") IS
	'how many steps of a funnel the rows of one user complete, in order and within the window after the first (inclusive), or with optional steps the number of the last one; exact: the longest chain over all starts; window: an interval of days or less; mode: default, strict_order, strict_deduplication, strict_increase, allow_reentry, same_row, any_order (the size of the largest set of steps within the window), optional N (step N may be left out), exclude N (condition N, after the steps, ends a chain; also exclude N between A and B), exclude_last, hold_last (the last argument is no condition but a property that the rows of a chain share) or several of these, with commas between; one boolean per step, at most 64, NULL is false; rows without time are skipped';

CREATE AGGREGATE affinity.window_funnel(
	"window" pg_catalog.int8, mode pg_catalog.text, "at" pg_catalog.timestamptz,
	VARIADIC conditions "any") (
	SFUNC = affinity.funnel_accum,
	STYPE = affinity.funnel,
	SSPACE = 256,
	FINALFUNC = affinity.window_funnel_final,
	COMBINEFUNC = affinity.funnel_combine,
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE affinity.window_funnel(
	pg_catalog.int8, pg_catalog.text, pg_catalog.timestamptz,
	VARIADIC "any") IS
	'how many steps of a funnel the rows of one user complete, in order and within the window after the first (inclusive), or with optional steps the number of the last one; exact: the longest chain over all starts; window: a number of seconds; mode: default, strict_order, strict_deduplication, strict_increase, allow_reentry, same_row, any_order (the size of the largest set of steps within the window), optional N (step N may be left out), exclude N (condition N, after the steps, ends a chain; also exclude N between A and B), exclude_last, hold_last (the last argument is no condition but a property that the rows of a chain share) or several of these, with commas between; one boolean per step, at most 64, NULL is false; rows without time are skipped';

CREATE AGGREGATE affinity.window_funnel(
	"window" pg_catalog.text, mode pg_catalog.text, "at" pg_catalog.timestamptz,
	VARIADIC conditions "any") (
	SFUNC = affinity.funnel_accum,
	STYPE = affinity.funnel,
	SSPACE = 256,
	FINALFUNC = affinity.window_funnel_final,
	COMBINEFUNC = affinity.funnel_combine,
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE affinity.window_funnel(
	pg_catalog.text, pg_catalog.text, pg_catalog.timestamptz,
	VARIADIC "any") IS
	'how many steps of a funnel the rows of one user complete, in order and within the window after the first (inclusive), or with optional steps the number of the last one; exact: the longest chain over all starts; window: an interval as text, such as 7 days; mode: default, strict_order, strict_deduplication, strict_increase, allow_reentry, same_row, any_order (the size of the largest set of steps within the window), optional N (step N may be left out), exclude N (condition N, after the steps, ends a chain; also exclude N between A and B), exclude_last, hold_last (the last argument is no condition but a property that the rows of a chain share) or several of these, with commas between; one boolean per step, at most 64, NULL is false; rows without time are skipped';

CREATE AGGREGATE affinity.window_funnel(
	"window" pg_catalog.interval, mode pg_catalog.text, "at" pg_catalog.timestamp,
	VARIADIC conditions "any") (
	SFUNC = affinity.funnel_accum,
	STYPE = affinity.funnel,
	SSPACE = 256,
	FINALFUNC = affinity.window_funnel_final,
	COMBINEFUNC = affinity.funnel_combine,
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE affinity.window_funnel(
	pg_catalog.interval, pg_catalog.text, pg_catalog.timestamp,
	VARIADIC "any") IS
	'how many steps of a funnel the rows of one user complete, in order and within the window after the first (inclusive), or with optional steps the number of the last one; exact: the longest chain over all starts; window: an interval of days or less; mode: default, strict_order, strict_deduplication, strict_increase, allow_reentry, same_row, any_order (the size of the largest set of steps within the window), optional N (step N may be left out), exclude N (condition N, after the steps, ends a chain; also exclude N between A and B), exclude_last, hold_last (the last argument is no condition but a property that the rows of a chain share) or several of these, with commas between; one boolean per step, at most 64, NULL is false; rows without time are skipped';

CREATE AGGREGATE affinity.window_funnel(
	"window" pg_catalog.int8, mode pg_catalog.text, "at" pg_catalog.timestamp,
	VARIADIC conditions "any") (
	SFUNC = affinity.funnel_accum,
	STYPE = affinity.funnel,
	SSPACE = 256,
	FINALFUNC = affinity.window_funnel_final,
	COMBINEFUNC = affinity.funnel_combine,
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE affinity.window_funnel(
	pg_catalog.int8, pg_catalog.text, pg_catalog.timestamp,
	VARIADIC "any") IS
	'how many steps of a funnel the rows of one user complete, in order and within the window after the first (inclusive), or with optional steps the number of the last one; exact: the longest chain over all starts; window: a number of seconds; mode: default, strict_order, strict_deduplication, strict_increase, allow_reentry, same_row, any_order (the size of the largest set of steps within the window), optional N (step N may be left out), exclude N (condition N, after the steps, ends a chain; also exclude N between A and B), exclude_last, hold_last (the last argument is no condition but a property that the rows of a chain share) or several of these, with commas between; one boolean per step, at most 64, NULL is false; rows without time are skipped';

CREATE AGGREGATE affinity.window_funnel(
	"window" pg_catalog.text, mode pg_catalog.text, "at" pg_catalog.timestamp,
	VARIADIC conditions "any") (
	SFUNC = affinity.funnel_accum,
	STYPE = affinity.funnel,
	SSPACE = 256,
	FINALFUNC = affinity.window_funnel_final,
	COMBINEFUNC = affinity.funnel_combine,
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE affinity.window_funnel(
	pg_catalog.text, pg_catalog.text, pg_catalog.timestamp,
	VARIADIC "any") IS
	'how many steps of a funnel the rows of one user complete, in order and within the window after the first (inclusive), or with optional steps the number of the last one; exact: the longest chain over all starts; window: an interval as text, such as 7 days; mode: default, strict_order, strict_deduplication, strict_increase, allow_reentry, same_row, any_order (the size of the largest set of steps within the window), optional N (step N may be left out), exclude N (condition N, after the steps, ends a chain; also exclude N between A and B), exclude_last, hold_last (the last argument is no condition but a property that the rows of a chain share) or several of these, with commas between; one boolean per step, at most 64, NULL is false; rows without time are skipped';

CREATE AGGREGATE affinity.window_funnel(
	"window" pg_catalog.int8, mode pg_catalog.text, "at" pg_catalog.int8,
	VARIADIC conditions "any") (
	SFUNC = affinity.funnel_accum,
	STYPE = affinity.funnel,
	SSPACE = 256,
	FINALFUNC = affinity.window_funnel_final,
	COMBINEFUNC = affinity.funnel_combine,
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE affinity.window_funnel(
	pg_catalog.int8, pg_catalog.text, pg_catalog.int8,
	VARIADIC "any") IS
	'how many steps of a funnel the rows of one user complete, in order and within the window after the first (inclusive), or with optional steps the number of the last one; exact: the longest chain over all starts; window: in units of the time; mode: default, strict_order, strict_deduplication, strict_increase, allow_reentry, same_row, any_order (the size of the largest set of steps within the window), optional N (step N may be left out), exclude N (condition N, after the steps, ends a chain; also exclude N between A and B), exclude_last, hold_last (the last argument is no condition but a property that the rows of a chain share) or several of these, with commas between; one boolean per step, at most 64, NULL is false; rows without time are skipped';

-- The same under the name that Hologres has for it.

CREATE AGGREGATE affinity.windowfunnel(
	"window" pg_catalog.interval, mode pg_catalog.text, "at" pg_catalog.timestamptz,
	VARIADIC conditions "any") (
	SFUNC = affinity.funnel_accum,
	STYPE = affinity.funnel,
	SSPACE = 256,
	FINALFUNC = affinity.window_funnel_final,
	COMBINEFUNC = affinity.funnel_combine,
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE affinity.windowfunnel(
	pg_catalog.interval, pg_catalog.text, pg_catalog.timestamptz,
	VARIADIC "any") IS
	'how many steps of a funnel the rows of one user complete, in order and within the window after the first (inclusive), or with optional steps the number of the last one; exact: the longest chain over all starts; window: an interval of days or less; mode: default, strict_order, strict_deduplication, strict_increase, allow_reentry, same_row, any_order (the size of the largest set of steps within the window), optional N (step N may be left out), exclude N (condition N, after the steps, ends a chain; also exclude N between A and B), exclude_last, hold_last (the last argument is no condition but a property that the rows of a chain share) or several of these, with commas between; one boolean per step, at most 64, NULL is false; rows without time are skipped';

CREATE AGGREGATE affinity.windowfunnel(
	"window" pg_catalog.int8, mode pg_catalog.text, "at" pg_catalog.timestamptz,
	VARIADIC conditions "any") (
	SFUNC = affinity.funnel_accum,
	STYPE = affinity.funnel,
	SSPACE = 256,
	FINALFUNC = affinity.window_funnel_final,
	COMBINEFUNC = affinity.funnel_combine,
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE affinity.windowfunnel(
	pg_catalog.int8, pg_catalog.text, pg_catalog.timestamptz,
	VARIADIC "any") IS
	'how many steps of a funnel the rows of one user complete, in order and within the window after the first (inclusive), or with optional steps the number of the last one; exact: the longest chain over all starts; window: a number of seconds; mode: default, strict_order, strict_deduplication, strict_increase, allow_reentry, same_row, any_order (the size of the largest set of steps within the window), optional N (step N may be left out), exclude N (condition N, after the steps, ends a chain; also exclude N between A and B), exclude_last, hold_last (the last argument is no condition but a property that the rows of a chain share) or several of these, with commas between; one boolean per step, at most 64, NULL is false; rows without time are skipped';

CREATE AGGREGATE affinity.windowfunnel(
	"window" pg_catalog.text, mode pg_catalog.text, "at" pg_catalog.timestamptz,
	VARIADIC conditions "any") (
	SFUNC = affinity.funnel_accum,
	STYPE = affinity.funnel,
	SSPACE = 256,
	FINALFUNC = affinity.window_funnel_final,
	COMBINEFUNC = affinity.funnel_combine,
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE affinity.windowfunnel(
	pg_catalog.text, pg_catalog.text, pg_catalog.timestamptz,
	VARIADIC "any") IS
	'how many steps of a funnel the rows of one user complete, in order and within the window after the first (inclusive), or with optional steps the number of the last one; exact: the longest chain over all starts; window: an interval as text, such as 7 days; mode: default, strict_order, strict_deduplication, strict_increase, allow_reentry, same_row, any_order (the size of the largest set of steps within the window), optional N (step N may be left out), exclude N (condition N, after the steps, ends a chain; also exclude N between A and B), exclude_last, hold_last (the last argument is no condition but a property that the rows of a chain share) or several of these, with commas between; one boolean per step, at most 64, NULL is false; rows without time are skipped';

CREATE AGGREGATE affinity.windowfunnel(
	"window" pg_catalog.interval, mode pg_catalog.text, "at" pg_catalog.timestamp,
	VARIADIC conditions "any") (
	SFUNC = affinity.funnel_accum,
	STYPE = affinity.funnel,
	SSPACE = 256,
	FINALFUNC = affinity.window_funnel_final,
	COMBINEFUNC = affinity.funnel_combine,
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE affinity.windowfunnel(
	pg_catalog.interval, pg_catalog.text, pg_catalog.timestamp,
	VARIADIC "any") IS
	'how many steps of a funnel the rows of one user complete, in order and within the window after the first (inclusive), or with optional steps the number of the last one; exact: the longest chain over all starts; window: an interval of days or less; mode: default, strict_order, strict_deduplication, strict_increase, allow_reentry, same_row, any_order (the size of the largest set of steps within the window), optional N (step N may be left out), exclude N (condition N, after the steps, ends a chain; also exclude N between A and B), exclude_last, hold_last (the last argument is no condition but a property that the rows of a chain share) or several of these, with commas between; one boolean per step, at most 64, NULL is false; rows without time are skipped';

CREATE AGGREGATE affinity.windowfunnel(
	"window" pg_catalog.int8, mode pg_catalog.text, "at" pg_catalog.timestamp,
	VARIADIC conditions "any") (
	SFUNC = affinity.funnel_accum,
	STYPE = affinity.funnel,
	SSPACE = 256,
	FINALFUNC = affinity.window_funnel_final,
	COMBINEFUNC = affinity.funnel_combine,
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE affinity.windowfunnel(
	pg_catalog.int8, pg_catalog.text, pg_catalog.timestamp,
	VARIADIC "any") IS
	'how many steps of a funnel the rows of one user complete, in order and within the window after the first (inclusive), or with optional steps the number of the last one; exact: the longest chain over all starts; window: a number of seconds; mode: default, strict_order, strict_deduplication, strict_increase, allow_reentry, same_row, any_order (the size of the largest set of steps within the window), optional N (step N may be left out), exclude N (condition N, after the steps, ends a chain; also exclude N between A and B), exclude_last, hold_last (the last argument is no condition but a property that the rows of a chain share) or several of these, with commas between; one boolean per step, at most 64, NULL is false; rows without time are skipped';

CREATE AGGREGATE affinity.windowfunnel(
	"window" pg_catalog.text, mode pg_catalog.text, "at" pg_catalog.timestamp,
	VARIADIC conditions "any") (
	SFUNC = affinity.funnel_accum,
	STYPE = affinity.funnel,
	SSPACE = 256,
	FINALFUNC = affinity.window_funnel_final,
	COMBINEFUNC = affinity.funnel_combine,
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE affinity.windowfunnel(
	pg_catalog.text, pg_catalog.text, pg_catalog.timestamp,
	VARIADIC "any") IS
	'how many steps of a funnel the rows of one user complete, in order and within the window after the first (inclusive), or with optional steps the number of the last one; exact: the longest chain over all starts; window: an interval as text, such as 7 days; mode: default, strict_order, strict_deduplication, strict_increase, allow_reentry, same_row, any_order (the size of the largest set of steps within the window), optional N (step N may be left out), exclude N (condition N, after the steps, ends a chain; also exclude N between A and B), exclude_last, hold_last (the last argument is no condition but a property that the rows of a chain share) or several of these, with commas between; one boolean per step, at most 64, NULL is false; rows without time are skipped';

CREATE AGGREGATE affinity.windowfunnel(
	"window" pg_catalog.int8, mode pg_catalog.text, "at" pg_catalog.int8,
	VARIADIC conditions "any") (
	SFUNC = affinity.funnel_accum,
	STYPE = affinity.funnel,
	SSPACE = 256,
	FINALFUNC = affinity.window_funnel_final,
	COMBINEFUNC = affinity.funnel_combine,
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE affinity.windowfunnel(
	pg_catalog.int8, pg_catalog.text, pg_catalog.int8,
	VARIADIC "any") IS
	'how many steps of a funnel the rows of one user complete, in order and within the window after the first (inclusive), or with optional steps the number of the last one; exact: the longest chain over all starts; window: in units of the time; mode: default, strict_order, strict_deduplication, strict_increase, allow_reentry, same_row, any_order (the size of the largest set of steps within the window), optional N (step N may be left out), exclude N (condition N, after the steps, ends a chain; also exclude N between A and B), exclude_last, hold_last (the last argument is no condition but a property that the rows of a chain share) or several of these, with commas between; one boolean per step, at most 64, NULL is false; rows without time are skipped';

-- When one user took each step.

CREATE AGGREGATE affinity.funnel_times(
	"window" pg_catalog.interval, mode pg_catalog.text, "at" pg_catalog.timestamptz,
	VARIADIC conditions "any") (
	SFUNC = affinity.funnel_accum,
	STYPE = affinity.funnel,
	SSPACE = 256,
	FINALFUNC = affinity.funnel_times_timestamptz_final,
	COMBINEFUNC = affinity.funnel_combine,
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE affinity.funnel_times(
	pg_catalog.interval, pg_catalog.text, pg_catalog.timestamptz,
	VARIADIC "any") IS
	'the times of the longest chain of a funnel in the rows of one user, NULL for steps not taken; of equally long ones that with most optional steps, then the one that is complete first, then the one that started last; in any order the k-th element is the time of the k-th step taken, whichever it was; window: an interval of days or less; mode: default, strict_order, strict_deduplication, strict_increase, allow_reentry, same_row, any_order (the size of the largest set of steps within the window), optional N (step N may be left out), exclude N (condition N, after the steps, ends a chain; also exclude N between A and B), exclude_last, hold_last (the last argument is no condition but a property that the rows of a chain share) or several of these, with commas between; one boolean per step, at most 64, NULL is false; rows without time are skipped';

CREATE AGGREGATE affinity.funnel_times(
	"window" pg_catalog.int8, mode pg_catalog.text, "at" pg_catalog.timestamptz,
	VARIADIC conditions "any") (
	SFUNC = affinity.funnel_accum,
	STYPE = affinity.funnel,
	SSPACE = 256,
	FINALFUNC = affinity.funnel_times_timestamptz_final,
	COMBINEFUNC = affinity.funnel_combine,
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE affinity.funnel_times(
	pg_catalog.int8, pg_catalog.text, pg_catalog.timestamptz,
	VARIADIC "any") IS
	'the times of the longest chain of a funnel in the rows of one user, NULL for steps not taken; of equally long ones that with most optional steps, then the one that is complete first, then the one that started last; in any order the k-th element is the time of the k-th step taken, whichever it was; window: a number of seconds; mode: default, strict_order, strict_deduplication, strict_increase, allow_reentry, same_row, any_order (the size of the largest set of steps within the window), optional N (step N may be left out), exclude N (condition N, after the steps, ends a chain; also exclude N between A and B), exclude_last, hold_last (the last argument is no condition but a property that the rows of a chain share) or several of these, with commas between; one boolean per step, at most 64, NULL is false; rows without time are skipped';

CREATE AGGREGATE affinity.funnel_times(
	"window" pg_catalog.text, mode pg_catalog.text, "at" pg_catalog.timestamptz,
	VARIADIC conditions "any") (
	SFUNC = affinity.funnel_accum,
	STYPE = affinity.funnel,
	SSPACE = 256,
	FINALFUNC = affinity.funnel_times_timestamptz_final,
	COMBINEFUNC = affinity.funnel_combine,
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE affinity.funnel_times(
	pg_catalog.text, pg_catalog.text, pg_catalog.timestamptz,
	VARIADIC "any") IS
	'the times of the longest chain of a funnel in the rows of one user, NULL for steps not taken; of equally long ones that with most optional steps, then the one that is complete first, then the one that started last; in any order the k-th element is the time of the k-th step taken, whichever it was; window: an interval as text, such as 7 days; mode: default, strict_order, strict_deduplication, strict_increase, allow_reentry, same_row, any_order (the size of the largest set of steps within the window), optional N (step N may be left out), exclude N (condition N, after the steps, ends a chain; also exclude N between A and B), exclude_last, hold_last (the last argument is no condition but a property that the rows of a chain share) or several of these, with commas between; one boolean per step, at most 64, NULL is false; rows without time are skipped';

CREATE AGGREGATE affinity.funnel_times(
	"window" pg_catalog.interval, mode pg_catalog.text, "at" pg_catalog.timestamp,
	VARIADIC conditions "any") (
	SFUNC = affinity.funnel_accum,
	STYPE = affinity.funnel,
	SSPACE = 256,
	FINALFUNC = affinity.funnel_times_timestamp_final,
	COMBINEFUNC = affinity.funnel_combine,
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE affinity.funnel_times(
	pg_catalog.interval, pg_catalog.text, pg_catalog.timestamp,
	VARIADIC "any") IS
	'the times of the longest chain of a funnel in the rows of one user, NULL for steps not taken; of equally long ones that with most optional steps, then the one that is complete first, then the one that started last; in any order the k-th element is the time of the k-th step taken, whichever it was; window: an interval of days or less; mode: default, strict_order, strict_deduplication, strict_increase, allow_reentry, same_row, any_order (the size of the largest set of steps within the window), optional N (step N may be left out), exclude N (condition N, after the steps, ends a chain; also exclude N between A and B), exclude_last, hold_last (the last argument is no condition but a property that the rows of a chain share) or several of these, with commas between; one boolean per step, at most 64, NULL is false; rows without time are skipped';

CREATE AGGREGATE affinity.funnel_times(
	"window" pg_catalog.int8, mode pg_catalog.text, "at" pg_catalog.timestamp,
	VARIADIC conditions "any") (
	SFUNC = affinity.funnel_accum,
	STYPE = affinity.funnel,
	SSPACE = 256,
	FINALFUNC = affinity.funnel_times_timestamp_final,
	COMBINEFUNC = affinity.funnel_combine,
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE affinity.funnel_times(
	pg_catalog.int8, pg_catalog.text, pg_catalog.timestamp,
	VARIADIC "any") IS
	'the times of the longest chain of a funnel in the rows of one user, NULL for steps not taken; of equally long ones that with most optional steps, then the one that is complete first, then the one that started last; in any order the k-th element is the time of the k-th step taken, whichever it was; window: a number of seconds; mode: default, strict_order, strict_deduplication, strict_increase, allow_reentry, same_row, any_order (the size of the largest set of steps within the window), optional N (step N may be left out), exclude N (condition N, after the steps, ends a chain; also exclude N between A and B), exclude_last, hold_last (the last argument is no condition but a property that the rows of a chain share) or several of these, with commas between; one boolean per step, at most 64, NULL is false; rows without time are skipped';

CREATE AGGREGATE affinity.funnel_times(
	"window" pg_catalog.text, mode pg_catalog.text, "at" pg_catalog.timestamp,
	VARIADIC conditions "any") (
	SFUNC = affinity.funnel_accum,
	STYPE = affinity.funnel,
	SSPACE = 256,
	FINALFUNC = affinity.funnel_times_timestamp_final,
	COMBINEFUNC = affinity.funnel_combine,
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE affinity.funnel_times(
	pg_catalog.text, pg_catalog.text, pg_catalog.timestamp,
	VARIADIC "any") IS
	'the times of the longest chain of a funnel in the rows of one user, NULL for steps not taken; of equally long ones that with most optional steps, then the one that is complete first, then the one that started last; in any order the k-th element is the time of the k-th step taken, whichever it was; window: an interval as text, such as 7 days; mode: default, strict_order, strict_deduplication, strict_increase, allow_reentry, same_row, any_order (the size of the largest set of steps within the window), optional N (step N may be left out), exclude N (condition N, after the steps, ends a chain; also exclude N between A and B), exclude_last, hold_last (the last argument is no condition but a property that the rows of a chain share) or several of these, with commas between; one boolean per step, at most 64, NULL is false; rows without time are skipped';

CREATE AGGREGATE affinity.funnel_times(
	"window" pg_catalog.int8, mode pg_catalog.text, "at" pg_catalog.int8,
	VARIADIC conditions "any") (
	SFUNC = affinity.funnel_accum,
	STYPE = affinity.funnel,
	SSPACE = 256,
	FINALFUNC = affinity.funnel_times_bigint_final,
	COMBINEFUNC = affinity.funnel_combine,
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE affinity.funnel_times(
	pg_catalog.int8, pg_catalog.text, pg_catalog.int8,
	VARIADIC "any") IS
	'the times of the longest chain of a funnel in the rows of one user, NULL for steps not taken; of equally long ones that with most optional steps, then the one that is complete first, then the one that started last; in any order the k-th element is the time of the k-th step taken, whichever it was; window: in units of the time; mode: default, strict_order, strict_deduplication, strict_increase, allow_reentry, same_row, any_order (the size of the largest set of steps within the window), optional N (step N may be left out), exclude N (condition N, after the steps, ends a chain; also exclude N between A and B), exclude_last, hold_last (the last argument is no condition but a property that the rows of a chain share) or several of these, with commas between; one boolean per step, at most 64, NULL is false; rows without time are skipped';

-- Many users in one state.

CREATE FUNCTION affinity.funnel_agg_accum(affinity.funnel, "any", pg_catalog.timestamptz,
	pg_catalog.interval, VARIADIC "any")
	RETURNS affinity.funnel
	LANGUAGE C IMMUTABLE PARALLEL SAFE
	AS 'MODULE_PATHNAME', 'affinity_funnel_agg_accum';

COMMENT ON FUNCTION affinity.funnel_agg_accum(affinity.funnel, "any", pg_catalog.timestamptz,
	pg_catalog.interval, VARIADIC "any") IS
	'transition function of affinity.funnel_agg';

CREATE AGGREGATE affinity.funnel_agg(
	user_id "any", "at" pg_catalog.timestamptz, "window" pg_catalog.interval,
	VARIADIC conditions "any") (
	SFUNC = affinity.funnel_agg_accum,
	STYPE = affinity.funnel,
	SSPACE = 65536,
	FINALFUNC = affinity.funnel_final,
	COMBINEFUNC = affinity.funnel_combine,
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE affinity.funnel_agg(
	"any", pg_catalog.timestamptz, pg_catalog.interval,
	VARIADIC "any") IS
	'state of a funnel of many users, for affinity.funnel_steps and affinity.rollup; user_id: smallint, integer, bigint, uuid or text; window: an interval of days or less; one boolean per step, at most 64, NULL is false; rows without user or time are skipped';

CREATE FUNCTION affinity.funnel_agg_accum(affinity.funnel, "any", pg_catalog.timestamptz,
	pg_catalog.interval, pg_catalog.text, VARIADIC "any")
	RETURNS affinity.funnel
	LANGUAGE C IMMUTABLE PARALLEL SAFE
	AS 'MODULE_PATHNAME', 'affinity_funnel_agg_accum';

COMMENT ON FUNCTION affinity.funnel_agg_accum(affinity.funnel, "any", pg_catalog.timestamptz,
	pg_catalog.interval, pg_catalog.text, VARIADIC "any") IS
	'transition function of affinity.funnel_agg';

CREATE AGGREGATE affinity.funnel_agg(
	user_id "any", "at" pg_catalog.timestamptz, "window" pg_catalog.interval,
	mode pg_catalog.text, VARIADIC conditions "any") (
	SFUNC = affinity.funnel_agg_accum,
	STYPE = affinity.funnel,
	SSPACE = 65536,
	FINALFUNC = affinity.funnel_final,
	COMBINEFUNC = affinity.funnel_combine,
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE affinity.funnel_agg(
	"any", pg_catalog.timestamptz, pg_catalog.interval,
	pg_catalog.text, VARIADIC "any") IS
	'state of a funnel of many users, for affinity.funnel_steps and affinity.rollup; user_id: smallint, integer, bigint, uuid or text; window: an interval of days or less; mode: as that of affinity.window_funnel; one boolean per step, at most 64, NULL is false; rows without user or time are skipped';

CREATE FUNCTION affinity.funnel_agg_accum(affinity.funnel, "any", pg_catalog.timestamp,
	pg_catalog.interval, VARIADIC "any")
	RETURNS affinity.funnel
	LANGUAGE C IMMUTABLE PARALLEL SAFE
	AS 'MODULE_PATHNAME', 'affinity_funnel_agg_accum';

COMMENT ON FUNCTION affinity.funnel_agg_accum(affinity.funnel, "any", pg_catalog.timestamp,
	pg_catalog.interval, VARIADIC "any") IS
	'transition function of affinity.funnel_agg';

CREATE AGGREGATE affinity.funnel_agg(
	user_id "any", "at" pg_catalog.timestamp, "window" pg_catalog.interval,
	VARIADIC conditions "any") (
	SFUNC = affinity.funnel_agg_accum,
	STYPE = affinity.funnel,
	SSPACE = 65536,
	FINALFUNC = affinity.funnel_final,
	COMBINEFUNC = affinity.funnel_combine,
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE affinity.funnel_agg(
	"any", pg_catalog.timestamp, pg_catalog.interval,
	VARIADIC "any") IS
	'state of a funnel of many users, for affinity.funnel_steps and affinity.rollup; user_id: smallint, integer, bigint, uuid or text; window: an interval of days or less; one boolean per step, at most 64, NULL is false; rows without user or time are skipped';

CREATE FUNCTION affinity.funnel_agg_accum(affinity.funnel, "any", pg_catalog.timestamp,
	pg_catalog.interval, pg_catalog.text, VARIADIC "any")
	RETURNS affinity.funnel
	LANGUAGE C IMMUTABLE PARALLEL SAFE
	AS 'MODULE_PATHNAME', 'affinity_funnel_agg_accum';

COMMENT ON FUNCTION affinity.funnel_agg_accum(affinity.funnel, "any", pg_catalog.timestamp,
	pg_catalog.interval, pg_catalog.text, VARIADIC "any") IS
	'transition function of affinity.funnel_agg';

CREATE AGGREGATE affinity.funnel_agg(
	user_id "any", "at" pg_catalog.timestamp, "window" pg_catalog.interval,
	mode pg_catalog.text, VARIADIC conditions "any") (
	SFUNC = affinity.funnel_agg_accum,
	STYPE = affinity.funnel,
	SSPACE = 65536,
	FINALFUNC = affinity.funnel_final,
	COMBINEFUNC = affinity.funnel_combine,
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE affinity.funnel_agg(
	"any", pg_catalog.timestamp, pg_catalog.interval,
	pg_catalog.text, VARIADIC "any") IS
	'state of a funnel of many users, for affinity.funnel_steps and affinity.rollup; user_id: smallint, integer, bigint, uuid or text; window: an interval of days or less; mode: as that of affinity.window_funnel; one boolean per step, at most 64, NULL is false; rows without user or time are skipped';

CREATE FUNCTION affinity.funnel_agg_accum(affinity.funnel, "any", pg_catalog.int8,
	pg_catalog.int8, VARIADIC "any")
	RETURNS affinity.funnel
	LANGUAGE C IMMUTABLE PARALLEL SAFE
	AS 'MODULE_PATHNAME', 'affinity_funnel_agg_accum';

COMMENT ON FUNCTION affinity.funnel_agg_accum(affinity.funnel, "any", pg_catalog.int8,
	pg_catalog.int8, VARIADIC "any") IS
	'transition function of affinity.funnel_agg';

CREATE AGGREGATE affinity.funnel_agg(
	user_id "any", "at" pg_catalog.int8, "window" pg_catalog.int8,
	VARIADIC conditions "any") (
	SFUNC = affinity.funnel_agg_accum,
	STYPE = affinity.funnel,
	SSPACE = 65536,
	FINALFUNC = affinity.funnel_final,
	COMBINEFUNC = affinity.funnel_combine,
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE affinity.funnel_agg(
	"any", pg_catalog.int8, pg_catalog.int8,
	VARIADIC "any") IS
	'state of a funnel of many users, for affinity.funnel_steps and affinity.rollup; user_id: smallint, integer, bigint, uuid or text; window: in units of the time; one boolean per step, at most 64, NULL is false; rows without user or time are skipped';

CREATE FUNCTION affinity.funnel_agg_accum(affinity.funnel, "any", pg_catalog.int8,
	pg_catalog.int8, pg_catalog.text, VARIADIC "any")
	RETURNS affinity.funnel
	LANGUAGE C IMMUTABLE PARALLEL SAFE
	AS 'MODULE_PATHNAME', 'affinity_funnel_agg_accum';

COMMENT ON FUNCTION affinity.funnel_agg_accum(affinity.funnel, "any", pg_catalog.int8,
	pg_catalog.int8, pg_catalog.text, VARIADIC "any") IS
	'transition function of affinity.funnel_agg';

CREATE AGGREGATE affinity.funnel_agg(
	user_id "any", "at" pg_catalog.int8, "window" pg_catalog.int8,
	mode pg_catalog.text, VARIADIC conditions "any") (
	SFUNC = affinity.funnel_agg_accum,
	STYPE = affinity.funnel,
	SSPACE = 65536,
	FINALFUNC = affinity.funnel_final,
	COMBINEFUNC = affinity.funnel_combine,
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE affinity.funnel_agg(
	"any", pg_catalog.int8, pg_catalog.int8,
	pg_catalog.text, VARIADIC "any") IS
	'state of a funnel of many users, for affinity.funnel_steps and affinity.rollup; user_id: smallint, integer, bigint, uuid or text; window: in units of the time; mode: as that of affinity.window_funnel; one boolean per step, at most 64, NULL is false; rows without user or time are skipped';

-- The same from what affinity.funnel_times returned for each user.

CREATE FUNCTION affinity.funnel_chains_accum(affinity.funnel, pg_catalog.timestamptz[])
	RETURNS affinity.funnel
	LANGUAGE C IMMUTABLE PARALLEL SAFE
	AS 'MODULE_PATHNAME', 'affinity_funnel_chains_accum';

COMMENT ON FUNCTION affinity.funnel_chains_accum(affinity.funnel, pg_catalog.timestamptz[]) IS
	'transition function of affinity.funnel_agg over the results of affinity.funnel_times';

CREATE AGGREGATE affinity.funnel_agg(step_times pg_catalog.timestamptz[]) (
	SFUNC = affinity.funnel_chains_accum,
	STYPE = affinity.funnel,
	SSPACE = 65536,
	FINALFUNC = affinity.funnel_final,
	COMBINEFUNC = affinity.funnel_combine,
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE affinity.funnel_agg(pg_catalog.timestamptz[]) IS
	'state of a funnel from one result of affinity.funnel_times for each user: the two-level form, for more rows than a value of 1 GB holds';

CREATE FUNCTION affinity.funnel_chains_accum(affinity.funnel, pg_catalog.timestamp[])
	RETURNS affinity.funnel
	LANGUAGE C IMMUTABLE PARALLEL SAFE
	AS 'MODULE_PATHNAME', 'affinity_funnel_chains_accum';

COMMENT ON FUNCTION affinity.funnel_chains_accum(affinity.funnel, pg_catalog.timestamp[]) IS
	'transition function of affinity.funnel_agg over the results of affinity.funnel_times';

CREATE AGGREGATE affinity.funnel_agg(step_times pg_catalog.timestamp[]) (
	SFUNC = affinity.funnel_chains_accum,
	STYPE = affinity.funnel,
	SSPACE = 65536,
	FINALFUNC = affinity.funnel_final,
	COMBINEFUNC = affinity.funnel_combine,
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE affinity.funnel_agg(pg_catalog.timestamp[]) IS
	'state of a funnel from one result of affinity.funnel_times for each user: the two-level form, for more rows than a value of 1 GB holds';

CREATE FUNCTION affinity.funnel_chains_accum(affinity.funnel, pg_catalog.int8[])
	RETURNS affinity.funnel
	LANGUAGE C IMMUTABLE PARALLEL SAFE
	AS 'MODULE_PATHNAME', 'affinity_funnel_chains_accum';

COMMENT ON FUNCTION affinity.funnel_chains_accum(affinity.funnel, pg_catalog.int8[]) IS
	'transition function of affinity.funnel_agg over the results of affinity.funnel_times';

CREATE AGGREGATE affinity.funnel_agg(step_times pg_catalog.int8[]) (
	SFUNC = affinity.funnel_chains_accum,
	STYPE = affinity.funnel,
	SSPACE = 65536,
	FINALFUNC = affinity.funnel_final,
	COMBINEFUNC = affinity.funnel_combine,
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE affinity.funnel_agg(pg_catalog.int8[]) IS
	'state of a funnel from one result of affinity.funnel_times for each user: the two-level form, for more rows than a value of 1 GB holds';

CREATE FUNCTION affinity.funnel_chains_accum(affinity.funnel, pg_catalog.timestamptz[], pg_catalog.text)
	RETURNS affinity.funnel
	LANGUAGE C IMMUTABLE PARALLEL SAFE
	AS 'MODULE_PATHNAME', 'affinity_funnel_chains_accum';

COMMENT ON FUNCTION affinity.funnel_chains_accum(affinity.funnel, pg_catalog.timestamptz[], pg_catalog.text) IS
	'transition function of affinity.funnel_agg over the results of affinity.funnel_times';

CREATE AGGREGATE affinity.funnel_agg(step_times pg_catalog.timestamptz[], mode pg_catalog.text) (
	SFUNC = affinity.funnel_chains_accum,
	STYPE = affinity.funnel,
	SSPACE = 65536,
	FINALFUNC = affinity.funnel_final,
	COMBINEFUNC = affinity.funnel_combine,
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE affinity.funnel_agg(pg_catalog.timestamptz[], pg_catalog.text) IS
	'state of a funnel with optional steps from one result of affinity.funnel_times for each user; mode: optional N for each step that was optional there; 22023 if another step is missing before the last one';

CREATE FUNCTION affinity.funnel_chains_accum(affinity.funnel, pg_catalog.timestamp[], pg_catalog.text)
	RETURNS affinity.funnel
	LANGUAGE C IMMUTABLE PARALLEL SAFE
	AS 'MODULE_PATHNAME', 'affinity_funnel_chains_accum';

COMMENT ON FUNCTION affinity.funnel_chains_accum(affinity.funnel, pg_catalog.timestamp[], pg_catalog.text) IS
	'transition function of affinity.funnel_agg over the results of affinity.funnel_times';

CREATE AGGREGATE affinity.funnel_agg(step_times pg_catalog.timestamp[], mode pg_catalog.text) (
	SFUNC = affinity.funnel_chains_accum,
	STYPE = affinity.funnel,
	SSPACE = 65536,
	FINALFUNC = affinity.funnel_final,
	COMBINEFUNC = affinity.funnel_combine,
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE affinity.funnel_agg(pg_catalog.timestamp[], pg_catalog.text) IS
	'state of a funnel with optional steps from one result of affinity.funnel_times for each user; mode: optional N for each step that was optional there; 22023 if another step is missing before the last one';

CREATE FUNCTION affinity.funnel_chains_accum(affinity.funnel, pg_catalog.int8[], pg_catalog.text)
	RETURNS affinity.funnel
	LANGUAGE C IMMUTABLE PARALLEL SAFE
	AS 'MODULE_PATHNAME', 'affinity_funnel_chains_accum';

COMMENT ON FUNCTION affinity.funnel_chains_accum(affinity.funnel, pg_catalog.int8[], pg_catalog.text) IS
	'transition function of affinity.funnel_agg over the results of affinity.funnel_times';

CREATE AGGREGATE affinity.funnel_agg(step_times pg_catalog.int8[], mode pg_catalog.text) (
	SFUNC = affinity.funnel_chains_accum,
	STYPE = affinity.funnel,
	SSPACE = 65536,
	FINALFUNC = affinity.funnel_final,
	COMBINEFUNC = affinity.funnel_combine,
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE affinity.funnel_agg(pg_catalog.int8[], pg_catalog.text) IS
	'state of a funnel with optional steps from one result of affinity.funnel_times for each user; mode: optional N for each step that was optional there; 22023 if another step is missing before the last one';

CREATE AGGREGATE affinity.rollup(affinity.funnel) (
	SFUNC = affinity.funnel_combine,
	STYPE = affinity.funnel,
	SSPACE = 65536,
	FINALFUNC = affinity.funnel_final,
	COMBINEFUNC = affinity.funnel_combine,
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE affinity.rollup(affinity.funnel) IS
	'merges states of affinity.funnel_agg exactly, also where rows of one user are in several of them; 22023 if users, times, window, mode or number of steps differ';

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
	'one row per step: users whose longest chain took it, their share of those who started and of those at the step before (0 to 1, NULL of none), and the median and 90th percentile of the time from the step before and from the first; the step before is the last one that is not optional; in any order, row k is of users who took k of the steps (interpolated; NULL at step 1 and where nobody is; integer times count seconds)';
