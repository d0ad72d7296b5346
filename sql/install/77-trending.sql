-- Counts that decay, speeds, and scores of content. C: src/trending

CREATE TYPE affinity.decayed;

CREATE FUNCTION affinity.decayed_in(pg_catalog.cstring)
RETURNS affinity.decayed
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'affinity_trending_in';

COMMENT ON FUNCTION affinity.decayed_in(pg_catalog.cstring) IS
	'input of type decayed: base64; 22P03 unless every part of the state is sound';

CREATE FUNCTION affinity.decayed_out(affinity.decayed)
RETURNS pg_catalog.cstring
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'affinity_trending_out';

COMMENT ON FUNCTION affinity.decayed_out(affinity.decayed) IS
	'output of type decayed: base64';

CREATE FUNCTION affinity.decayed_recv(pg_catalog.internal)
RETURNS affinity.decayed
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'affinity_trending_recv';

COMMENT ON FUNCTION affinity.decayed_recv(pg_catalog.internal) IS
	'binary input of type decayed, checked as its text is';

CREATE FUNCTION affinity.decayed_send(affinity.decayed)
RETURNS pg_catalog.bytea
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'affinity_trending_send';

COMMENT ON FUNCTION affinity.decayed_send(affinity.decayed) IS
	'binary output of type decayed';

CREATE TYPE affinity.decayed (
	INPUT = affinity.decayed_in,
	OUTPUT = affinity.decayed_out,
	RECEIVE = affinity.decayed_recv,
	SEND = affinity.decayed_send,
	INTERNALLENGTH = VARIABLE,
	ALIGNMENT = double,
	STORAGE = extended
);

COMMENT ON TYPE affinity.decayed IS
	'a count whose rows weigh half after each half-life: made by decayed_count, read by decayed_value';

CREATE FUNCTION affinity.decayed_combine(affinity.decayed, affinity.decayed)
RETURNS affinity.decayed
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'affinity_trending_combine';

COMMENT ON FUNCTION affinity.decayed_combine(affinity.decayed, affinity.decayed) IS
	'combine function of decayed_count';

CREATE FUNCTION affinity.decayed_final(affinity.decayed)
RETURNS affinity.decayed
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'affinity_trending_final';

COMMENT ON FUNCTION affinity.decayed_final(affinity.decayed) IS
	'final function of decayed_count';

CREATE AGGREGATE affinity.rollup(decayed affinity.decayed) (
	SFUNC = affinity.decayed_combine,
	STYPE = affinity.decayed,
	SSPACE = 200,
	FINALFUNC = affinity.decayed_final,
	COMBINEFUNC = affinity.decayed_combine,
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE affinity.rollup(affinity.decayed) IS
	'merges decayed states exactly: the same state as one aggregate over all their rows';

CREATE FUNCTION affinity.rollup(decayed affinity.decayed, other affinity.decayed)
RETURNS affinity.decayed
LANGUAGE C IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'affinity_trending_rollup';

COMMENT ON FUNCTION affinity.rollup(affinity.decayed, affinity.decayed) IS
	'merges two decayed states exactly; NULL is a state without rows';

--table trending_row: AT
-- timestamptz
-- timestamp
-- date

--table decayed_arguments: TYPES | NAMED | ANSWER
-- | | how many rows there were, where each counts half after each half-life
-- , pg_catalog.float8 | , weight pg_catalog.float8 | the sum of weights, each of which counts half after each half-life

--for trending_row decayed_arguments
CREATE FUNCTION affinity.decayed_accum(affinity.decayed, pg_catalog.{AT}, pg_catalog.interval{TYPES})
RETURNS affinity.decayed
LANGUAGE C IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'affinity_trending_accum';

COMMENT ON FUNCTION affinity.decayed_accum(affinity.decayed, pg_catalog.{AT}, pg_catalog.interval{TYPES}) IS
	'transition function of decayed_count';

CREATE AGGREGATE affinity.decayed_count(at pg_catalog.{AT}, half_life pg_catalog.interval{NAMED}) (
	SFUNC = affinity.decayed_accum,
	STYPE = affinity.decayed,
	SSPACE = 200,
	FINALFUNC = affinity.decayed_final,
	COMBINEFUNC = affinity.decayed_combine,
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE affinity.decayed_count(pg_catalog.{AT}, pg_catalog.interval{TYPES}) IS
	'{ANSWER}';

--end
CREATE FUNCTION affinity.decayed_value(state affinity.decayed, as_of affinity.moment)
RETURNS pg_catalog.float8
LANGUAGE C STABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'affinity_trending_decayed_value';

COMMENT ON FUNCTION affinity.decayed_value(affinity.decayed, affinity.moment) IS
	'a decayed count as of a time, which is not before its newest row';

CREATE FUNCTION affinity.decayed_rank(state affinity.decayed)
RETURNS pg_catalog.float8
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'affinity_trending_decayed_rank';

COMMENT ON FUNCTION affinity.decayed_rank(affinity.decayed) IS
	'sorts states of one half-life as their values as of any time do: does not change with time, so it can be indexed';

CREATE FUNCTION affinity.decayed_last(state affinity.decayed)
RETURNS pg_catalog.timestamptz
LANGUAGE C STABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'affinity_trending_decayed_last';

COMMENT ON FUNCTION affinity.decayed_last(affinity.decayed) IS
	'when the newest row of a decayed count was';

CREATE TYPE affinity.velocity AS (
	current pg_catalog.int8,
	previous pg_catalog.int8,
	expected pg_catalog.float8,
	ratio pg_catalog.float8,
	z pg_catalog.float8,
	p_value pg_catalog.float8,
	dispersion pg_catalog.float8
);

COMMENT ON TYPE affinity.velocity IS
	'rows in the latest window and in those before, their mean, ratio, z, exact p, and how uneven those before are';

CREATE FUNCTION affinity.velocity_combine(pg_catalog.bytea, pg_catalog.bytea)
RETURNS pg_catalog.bytea
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'affinity_trending_velocity_combine';

COMMENT ON FUNCTION affinity.velocity_combine(pg_catalog.bytea, pg_catalog.bytea) IS
	'combine function of velocity';

CREATE FUNCTION affinity.velocity_final(pg_catalog.bytea)
RETURNS affinity.velocity
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'affinity_trending_velocity_final';

COMMENT ON FUNCTION affinity.velocity_final(pg_catalog.bytea) IS
	'final function of velocity';

--table velocity_arguments: TYPES | NAMED | ANSWER
-- | | how many rows are in the latest window of time, against the seven windows before it
-- , pg_catalog.int8 | , previous pg_catalog.int8 | how many rows are in the latest window of time, against so many windows before it

--for trending_row velocity_arguments
CREATE FUNCTION affinity.velocity_accum(pg_catalog.bytea, pg_catalog.{AT}, pg_catalog.interval, affinity.moment{TYPES})
RETURNS pg_catalog.bytea
LANGUAGE C STABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'affinity_trending_velocity_accum';

COMMENT ON FUNCTION affinity.velocity_accum(pg_catalog.bytea, pg_catalog.{AT}, pg_catalog.interval, affinity.moment{TYPES}) IS
	'transition function of velocity';

CREATE AGGREGATE affinity.velocity(at pg_catalog.{AT}, "window" pg_catalog.interval, as_of affinity.moment{NAMED}) (
	SFUNC = affinity.velocity_accum,
	STYPE = pg_catalog.bytea,
	SSPACE = 120,
	FINALFUNC = affinity.velocity_final,
	COMBINEFUNC = affinity.velocity_combine,
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE affinity.velocity(pg_catalog.{AT}, pg_catalog.interval, affinity.moment{TYPES}) IS
	'{ANSWER}';

--end
CREATE FUNCTION affinity.velocity_of(current pg_catalog.int8, previous pg_catalog.int8[])
RETURNS affinity.velocity
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'affinity_trending_velocity_of';

COMMENT ON FUNCTION affinity.velocity_of(pg_catalog.int8, pg_catalog.int8[]) IS
	'a count of a window of time against those of the windows before it';

CREATE FUNCTION affinity.wilson_lower(
	successes pg_catalog.float8,
	trials pg_catalog.float8,
	confidence pg_catalog.float8 DEFAULT 0.95)
RETURNS pg_catalog.float8
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'affinity_trending_wilson_lower';

COMMENT ON FUNCTION affinity.wilson_lower(pg_catalog.float8, pg_catalog.float8, pg_catalog.float8) IS
	'the lower end of Wilson''s interval of a share: ranks few trials below many; NULL without trials';

CREATE FUNCTION affinity.wilson_interval(
	successes pg_catalog.float8,
	trials pg_catalog.float8,
	confidence pg_catalog.float8 DEFAULT 0.95,
	OUT low pg_catalog.float8,
	OUT high pg_catalog.float8)
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'affinity_trending_wilson_interval';

COMMENT ON FUNCTION affinity.wilson_interval(pg_catalog.float8, pg_catalog.float8, pg_catalog.float8) IS
	'Wilson''s interval of a share; NULL without trials';

CREATE FUNCTION affinity.bayesian_average(
	sum pg_catalog.float8,
	n pg_catalog.float8,
	prior_mean pg_catalog.float8,
	prior_n pg_catalog.float8)
RETURNS pg_catalog.float8
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'affinity_trending_bayesian_average';

COMMENT ON FUNCTION affinity.bayesian_average(pg_catalog.float8, pg_catalog.float8, pg_catalog.float8, pg_catalog.float8) IS
	'the mean of n ratings as if prior_n more, of the mean prior_mean, were there';

CREATE FUNCTION affinity.hot(ups pg_catalog.float8, downs pg_catalog.float8, at pg_catalog.timestamptz)
RETURNS pg_catalog.float8
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'affinity_trending_hot';

COMMENT ON FUNCTION affinity.hot(pg_catalog.float8, pg_catalog.float8, pg_catalog.timestamptz) IS
	'Reddit''s hot score: ten times the votes are worth 12.5 hours; does not change with time, so it can be indexed';

CREATE FUNCTION affinity.gravity(
	points pg_catalog.float8,
	at pg_catalog.timestamptz,
	as_of pg_catalog.timestamptz,
	gravity pg_catalog.float8 DEFAULT 1.8)
RETURNS pg_catalog.float8
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'affinity_trending_gravity';

COMMENT ON FUNCTION affinity.gravity(pg_catalog.float8, pg_catalog.timestamptz, pg_catalog.timestamptz, pg_catalog.float8) IS
	'Hacker News'' score as of a time: (points - 1) / (hours + 2) ^ gravity';

CREATE TYPE affinity.bayesian_prior AS (
	prior_mean pg_catalog.float8,
	prior_n pg_catalog.float8
);

COMMENT ON TYPE affinity.bayesian_prior IS
	'what bayesian_average is to begin from: the mean of all rows, and how many rows of an item it is worth';

CREATE FUNCTION affinity.bayesian_prior_combine(pg_catalog.bytea, pg_catalog.bytea)
RETURNS pg_catalog.bytea
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'affinity_trending_prior_combine';

COMMENT ON FUNCTION affinity.bayesian_prior_combine(pg_catalog.bytea, pg_catalog.bytea) IS
	'combine function of bayesian_prior';

CREATE FUNCTION affinity.bayesian_prior_final(pg_catalog.bytea)
RETURNS affinity.bayesian_prior
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'affinity_trending_prior_final';

COMMENT ON FUNCTION affinity.bayesian_prior_final(pg_catalog.bytea) IS
	'final function of bayesian_prior';

--table prior_arguments: TYPES | NAMED | ANSWER
-- | | the prior of shares, from the successes and trials of each item
-- , pg_catalog.float8 | , sum_of_squares pg_catalog.float8 | the prior of ratings, from the sum, number and sum of squares of each item''s

--for prior_arguments
CREATE FUNCTION affinity.bayesian_prior_accum(pg_catalog.bytea, pg_catalog.float8, pg_catalog.float8{TYPES})
RETURNS pg_catalog.bytea
LANGUAGE C IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'affinity_trending_prior_accum';

COMMENT ON FUNCTION affinity.bayesian_prior_accum(pg_catalog.bytea, pg_catalog.float8, pg_catalog.float8{TYPES}) IS
	'transition function of bayesian_prior';

CREATE AGGREGATE affinity.bayesian_prior(sum pg_catalog.float8, n pg_catalog.float8{NAMED}) (
	SFUNC = affinity.bayesian_prior_accum,
	STYPE = pg_catalog.bytea,
	SSPACE = 4500,
	FINALFUNC = affinity.bayesian_prior_final,
	COMBINEFUNC = affinity.bayesian_prior_combine,
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE affinity.bayesian_prior(pg_catalog.float8, pg_catalog.float8{TYPES}) IS
	'{ANSWER}';

--end
