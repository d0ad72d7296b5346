-- Sequences of events, sessions and paths. C: src/sequence
--
-- Tables of types that are not here: 50-funnel.sql

CREATE TYPE affinity.sequence;

CREATE FUNCTION affinity.sequence_in(pg_catalog.cstring)
RETURNS affinity.sequence
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'affinity_sequence_in';

COMMENT ON FUNCTION affinity.sequence_in(pg_catalog.cstring) IS
	'input of type sequence: base64; 22P03 unless every part of the state is sound';

CREATE FUNCTION affinity.sequence_out(affinity.sequence)
RETURNS pg_catalog.cstring
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'affinity_sequence_out';

COMMENT ON FUNCTION affinity.sequence_out(affinity.sequence) IS
	'output of type sequence: base64';

CREATE TYPE affinity.sequence (
	INPUT = affinity.sequence_in,
	OUTPUT = affinity.sequence_out,
	INTERNALLENGTH = VARIABLE,
	ALIGNMENT = double,
	STORAGE = extended
);

COMMENT ON TYPE affinity.sequence IS
	'transition value of sequence_match, sequence_count and sequence_match_events';

CREATE FUNCTION affinity.sequence_combine(affinity.sequence, affinity.sequence)
RETURNS affinity.sequence
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'affinity_sequence_combine';

COMMENT ON FUNCTION affinity.sequence_combine(affinity.sequence, affinity.sequence) IS
	'the state of the rows of two sequences together';

CREATE FUNCTION affinity.sequence_final(affinity.sequence)
RETURNS affinity.sequence
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'affinity_sequence_final';

COMMENT ON FUNCTION affinity.sequence_final(affinity.sequence) IS
	'final function of rollup';

CREATE AGGREGATE affinity.rollup(sequence affinity.sequence) (
	SFUNC = affinity.sequence_combine,
	STYPE = affinity.sequence,
	SSPACE = 256,
	FINALFUNC = affinity.sequence_final,
	COMBINEFUNC = affinity.sequence_combine,
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE affinity.rollup(affinity.sequence) IS
	'merges states of one user''s sequence exactly';

CREATE FUNCTION affinity.rollup(sequence affinity.sequence, other affinity.sequence)
RETURNS affinity.sequence
LANGUAGE C IMMUTABLE PARALLEL SAFE COST 100
AS 'MODULE_PATHNAME', 'affinity_sequence_rollup';

COMMENT ON FUNCTION affinity.rollup(affinity.sequence, affinity.sequence) IS
	'merges two states of one user''s sequence exactly; NULL is a state without rows';

CREATE FUNCTION affinity.sequence_match_final(affinity.sequence)
RETURNS pg_catalog.bool
LANGUAGE C IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'affinity_sequence_match_final';

COMMENT ON FUNCTION affinity.sequence_match_final(affinity.sequence) IS
	'final function of sequence_match';

CREATE FUNCTION affinity.sequence_count_final(affinity.sequence)
RETURNS pg_catalog.int8
LANGUAGE C IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'affinity_sequence_count_final';

COMMENT ON FUNCTION affinity.sequence_count_final(affinity.sequence) IS
	'final function of sequence_count';

--for one_type
CREATE FUNCTION affinity.sequence_events_{TYPE}_final(affinity.sequence)
RETURNS pg_catalog.{AT}[]
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'affinity_sequence_events_final';

COMMENT ON FUNCTION affinity.sequence_events_{TYPE}_final(affinity.sequence) IS
	'final function of sequence_match_events';

--end
--table one_time: AT | TYPE | TIMES
-- timestamptz | timestamptz | a timestamptz
-- timestamp | timestamp | a timestamp without time zone
-- date | timestamp | a date
-- int8 | bigint | a number

--for one_time
CREATE FUNCTION affinity.sequence_accum(
	affinity.sequence,
	affinity.word,
	pg_catalog.{AT},
	VARIADIC pg_catalog."any")
RETURNS affinity.sequence
LANGUAGE C IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'affinity_sequence_accum';

COMMENT ON FUNCTION affinity.sequence_accum(
	affinity.sequence,
	affinity.word,
	pg_catalog.{AT},
	VARIADIC pg_catalog."any") IS
	'transition function of sequence_match, sequence_count and sequence_match_events';

--end
--table pattern_answer: NAME | FINAL | ANSWER
-- sequence_match | sequence_match_final | does the pattern occur in the rows of one user
-- sequence_count | sequence_count_final | how many times the pattern occurs without overlap in the rows of one user
-- sequence_match_events | sequence_events_{TYPE}_final | the times of the events (?N) of the first match in the rows of one user

--for pattern_answer one_time
CREATE AGGREGATE affinity.{NAME}(
	pattern affinity.word,
	at pg_catalog.{AT},
	VARIADIC conditions pg_catalog."any") (
	SFUNC = affinity.sequence_accum,
	STYPE = affinity.sequence,
	SSPACE = 256,
	FINALFUNC = affinity.{FINAL},
	COMBINEFUNC = affinity.sequence_combine,
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE affinity.{NAME}(
	affinity.word,
	pg_catalog.{AT},
	VARIADIC pg_catalog."any") IS
	'{ANSWER}; at: {TIMES}';

--end
CREATE FUNCTION affinity.sequence_next_combine(pg_catalog.bytea, pg_catalog.bytea)
RETURNS pg_catalog.bytea
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'affinity_sequence_next_combine';

COMMENT ON FUNCTION affinity.sequence_next_combine(pg_catalog.bytea, pg_catalog.bytea) IS
	'combine function of sequence_next_node';

CREATE FUNCTION affinity.sequence_next_final(pg_catalog.bytea)
RETURNS pg_catalog.text
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'affinity_sequence_next_final';

COMMENT ON FUNCTION affinity.sequence_next_final(pg_catalog.bytea) IS
	'final function of sequence_next_node';

--table next_events: TYPES | NAMED
-- |
-- , VARIADIC pg_catalog."any" | , VARIADIC events pg_catalog."any"

--for one_time next_events
CREATE FUNCTION affinity.sequence_next_accum(
	pg_catalog.bytea,
	affinity.word,
	affinity.word,
	pg_catalog.{AT},
	pg_catalog.text,
	pg_catalog.bool{TYPES})
RETURNS pg_catalog.bytea
LANGUAGE C IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'affinity_sequence_next_accum';

COMMENT ON FUNCTION affinity.sequence_next_accum(
	pg_catalog.bytea,
	affinity.word,
	affinity.word,
	pg_catalog.{AT},
	pg_catalog.text,
	pg_catalog.bool{TYPES}) IS
	'transition function of sequence_next_node';

CREATE AGGREGATE affinity.sequence_next_node(
	direction affinity.word,
	base affinity.word,
	at pg_catalog.{AT},
	value pg_catalog.text,
	base_condition pg_catalog.bool{NAMED}) (
	SFUNC = affinity.sequence_next_accum,
	STYPE = pg_catalog.bytea,
	SSPACE = 256,
	FINALFUNC = affinity.sequence_next_final,
	COMBINEFUNC = affinity.sequence_next_combine,
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE affinity.sequence_next_node(
	affinity.word,
	affinity.word,
	pg_catalog.{AT},
	pg_catalog.text,
	pg_catalog.bool{TYPES}) IS
	'the value next to a chain of events of one user, as sequenceNextNode in ClickHouse; at: {TIMES}';

--end
--for many_users
CREATE FUNCTION affinity.sessionize(
	at pg_catalog.{AT},
	gap {WINDOW},
	campaign pg_catalog.text DEFAULT NULL,
	max_length {WINDOW} DEFAULT NULL)
RETURNS pg_catalog.int8
LANGUAGE C WINDOW {VOLATILITY} PARALLEL SAFE
AS 'MODULE_PATHNAME', 'affinity_sequence_sessionize';

COMMENT ON FUNCTION affinity.sessionize(pg_catalog.{AT}, {WINDOW}, pg_catalog.text, {WINDOW}) IS
	'number of the session, from 1, that a row of one user belongs to; at: {TIMES}; gap: {UNITS}';

--end
--table path: NAME | SYMBOL | ANSWER
-- path_after | affinity_sequence_path_after | the first occurrence of an event in an array and up to depth events after it; NULL if it does not occur
-- path_before | affinity_sequence_path_before | the last occurrence of an event in an array and up to depth events before it; NULL if it does not occur

--for path
CREATE FUNCTION affinity.{NAME}(
	events pg_catalog.anycompatiblearray,
	anchor pg_catalog.anycompatible,
	depth pg_catalog.int8 DEFAULT 1)
RETURNS pg_catalog.anycompatiblearray
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', '{SYMBOL}';

COMMENT ON FUNCTION affinity.{NAME}(
	pg_catalog.anycompatiblearray,
	pg_catalog.anycompatible,
	pg_catalog.int8) IS
	'{ANSWER}';

--end
