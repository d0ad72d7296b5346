-- affinity: sequences of events, sessions and paths.

CREATE TYPE affinity.sequence;

CREATE FUNCTION affinity.sequence_in(pg_catalog.cstring)
	RETURNS affinity.sequence
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
	AS 'MODULE_PATHNAME', 'affinity_sequence_in';

COMMENT ON FUNCTION affinity.sequence_in(pg_catalog.cstring) IS
	'input function of affinity.sequence: checks everything, 22P03 where it is not what the output function made';

CREATE FUNCTION affinity.sequence_out(affinity.sequence)
	RETURNS pg_catalog.cstring
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
	AS 'MODULE_PATHNAME', 'affinity_sequence_out';

COMMENT ON FUNCTION affinity.sequence_out(affinity.sequence) IS
	'output function of affinity.sequence: base64';

CREATE TYPE affinity.sequence (
	INPUT = affinity.sequence_in,
	OUTPUT = affinity.sequence_out,
	INTERNALLENGTH = VARIABLE,
	ALIGNMENT = double,
	STORAGE = extended
);

COMMENT ON TYPE affinity.sequence IS
	'transition value of affinity.sequence_match, sequence_count and sequence_match_events';

CREATE FUNCTION affinity.sequence_combine(affinity.sequence, affinity.sequence)
	RETURNS affinity.sequence
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
	AS 'MODULE_PATHNAME', 'affinity_sequence_combine';

COMMENT ON FUNCTION affinity.sequence_combine(affinity.sequence, affinity.sequence) IS
	'the rows of two sequences in one; 22023 if pattern, times or number of conditions differ';

CREATE FUNCTION affinity.sequence_match_final(affinity.sequence)
	RETURNS pg_catalog.bool
	LANGUAGE C IMMUTABLE PARALLEL SAFE
	AS 'MODULE_PATHNAME', 'affinity_sequence_match_final';

COMMENT ON FUNCTION affinity.sequence_match_final(affinity.sequence) IS
	'final function of affinity.sequence_match';

CREATE FUNCTION affinity.sequence_count_final(affinity.sequence)
	RETURNS pg_catalog.int8
	LANGUAGE C IMMUTABLE PARALLEL SAFE
	AS 'MODULE_PATHNAME', 'affinity_sequence_count_final';

COMMENT ON FUNCTION affinity.sequence_count_final(affinity.sequence) IS
	'final function of affinity.sequence_count';

-- the other tables of types: 50-funnel.sql

--table one_time: AT | TYPE | TIMES
-- timestamptz | timestamptz | a timestamptz
-- timestamp | timestamp | a timestamp
-- date | timestamp | a date, which is its midnight without time zone
-- int8 | bigint | a number in any unit

--for one_type
CREATE FUNCTION affinity.sequence_events_{TYPE}_final(affinity.sequence)
	RETURNS pg_catalog.{AT}[]
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
	AS 'MODULE_PATHNAME', 'affinity_sequence_events_final';

COMMENT ON FUNCTION affinity.sequence_events_{TYPE}_final(affinity.sequence) IS
	'final function of affinity.sequence_match_events';

--end
--for one_time
CREATE FUNCTION affinity.sequence_accum(affinity.sequence, pg_catalog.text,
	pg_catalog.{AT}, VARIADIC "any")
	RETURNS affinity.sequence
	LANGUAGE C IMMUTABLE PARALLEL SAFE
	AS 'MODULE_PATHNAME', 'affinity_sequence_accum';

COMMENT ON FUNCTION affinity.sequence_accum(affinity.sequence, pg_catalog.text,
	pg_catalog.{AT}, VARIADIC "any") IS
	'transition function of affinity.sequence_match, sequence_count and sequence_match_events';

--end
--for one_time
CREATE AGGREGATE affinity.sequence_match(
	pattern pg_catalog.text, "at" pg_catalog.{AT}, VARIADIC conditions "any") (
	SFUNC = affinity.sequence_accum,
	STYPE = affinity.sequence,
	SSPACE = 256,
	FINALFUNC = affinity.sequence_match_final,
	COMBINEFUNC = affinity.sequence_combine,
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE affinity.sequence_match(
	pg_catalog.text, pg_catalog.{AT}, VARIADIC "any") IS
	'does the pattern occur in the rows of one user? false of no rows; at: {TIMES}; pattern: (?N) condition N, . any event, .* any number of events, (?t<=S) (also <, >=, >, ==) any number of events and S seconds (of integer times: units) between the events before and after; rows that satisfy no condition are not part of the sequence; at most 64 conditions and 64 steps, NULL is false; rows without time are skipped';

--end
--for one_time
CREATE AGGREGATE affinity.sequence_count(
	pattern pg_catalog.text, "at" pg_catalog.{AT}, VARIADIC conditions "any") (
	SFUNC = affinity.sequence_accum,
	STYPE = affinity.sequence,
	SSPACE = 256,
	FINALFUNC = affinity.sequence_count_final,
	COMBINEFUNC = affinity.sequence_combine,
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE affinity.sequence_count(
	pg_catalog.text, pg_catalog.{AT}, VARIADIC "any") IS
	'how many times the pattern occurs in the rows of one user without overlap: as many as possible; at: {TIMES}; pattern: (?N) condition N, . any event, .* any number of events, (?t<=S) (also <, >=, >, ==) any number of events and S seconds (of integer times: units) between the events before and after; rows that satisfy no condition are not part of the sequence; at most 64 conditions and 64 steps, NULL is false; rows without time are skipped';

--end
--for one_time
CREATE AGGREGATE affinity.sequence_match_events(
	pattern pg_catalog.text, "at" pg_catalog.{AT}, VARIADIC conditions "any") (
	SFUNC = affinity.sequence_accum,
	STYPE = affinity.sequence,
	SSPACE = 256,
	FINALFUNC = affinity.sequence_events_{TYPE}_final,
	COMBINEFUNC = affinity.sequence_combine,
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE affinity.sequence_match_events(
	pg_catalog.text, pg_catalog.{AT}, VARIADIC "any") IS
	'the times of the events of (?N) in the first match of the pattern in the rows of one user, or, where it does not match, of as much of its beginning as does; at: {TIMES}; pattern: (?N) condition N, . any event, .* any number of events, (?t<=S) (also <, >=, >, ==) any number of events and S seconds (of integer times: units) between the events before and after; rows that satisfy no condition are not part of the sequence; at most 64 conditions and 64 steps, NULL is false; rows without time are skipped';

--end
CREATE FUNCTION affinity.sequence_next_combine(pg_catalog.bytea, pg_catalog.bytea)
	RETURNS pg_catalog.bytea
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
	AS 'MODULE_PATHNAME', 'affinity_sequence_next_combine';

COMMENT ON FUNCTION affinity.sequence_next_combine(pg_catalog.bytea, pg_catalog.bytea) IS
	'combine function of affinity.sequence_next_node';

CREATE FUNCTION affinity.sequence_next_final(pg_catalog.bytea)
	RETURNS pg_catalog.text
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
	AS 'MODULE_PATHNAME', 'affinity_sequence_next_final';

COMMENT ON FUNCTION affinity.sequence_next_final(pg_catalog.bytea) IS
	'final function of affinity.sequence_next_node';

--for one_time
CREATE FUNCTION affinity.sequence_next_accum(pg_catalog.bytea, pg_catalog.text,
	pg_catalog.text, pg_catalog.{AT}, pg_catalog.text, pg_catalog.bool)
	RETURNS pg_catalog.bytea
	LANGUAGE C IMMUTABLE PARALLEL SAFE
	AS 'MODULE_PATHNAME', 'affinity_sequence_next_accum';

COMMENT ON FUNCTION affinity.sequence_next_accum(pg_catalog.bytea, pg_catalog.text,
	pg_catalog.text, pg_catalog.{AT}, pg_catalog.text, pg_catalog.bool) IS
	'transition function of affinity.sequence_next_node';

--end
--for one_time
CREATE AGGREGATE affinity.sequence_next_node(
	direction pg_catalog.text, base pg_catalog.text, "at" pg_catalog.{AT},
	value pg_catalog.text, base_condition pg_catalog.bool) (
	SFUNC = affinity.sequence_next_accum,
	STYPE = pg_catalog.bytea,
	SSPACE = 256,
	FINALFUNC = affinity.sequence_next_final,
	COMBINEFUNC = affinity.sequence_next_combine,
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE affinity.sequence_next_node(
	pg_catalog.text, pg_catalog.text, pg_catalog.{AT}, pg_catalog.text,
	pg_catalog.bool) IS
	'the value of the event that comes next to a chain of neighbouring events of one user, as ClickHouse''s sequenceNextNode: the chain begins at the base and goes on row by row; direction: forward (the events after the base; the value after the last of them) or backward (before it); base: head (the first row; forward only), tail (the last one; backward only), first_match or last_match (the first or last row that satisfies the base condition and the first event); at most 64 events, one boolean each, NULL is false; NULL if the base row does not satisfy the base condition, a row of the chain not its event, or nothing is behind; at: {TIMES}; rows of one instant are ordered by value (bytes); rows without time or value are skipped; 22023: unknown direction or base, or such as do not go together';

--end
--for one_time
CREATE FUNCTION affinity.sequence_next_accum(pg_catalog.bytea, pg_catalog.text,
	pg_catalog.text, pg_catalog.{AT}, pg_catalog.text, pg_catalog.bool, VARIADIC "any")
	RETURNS pg_catalog.bytea
	LANGUAGE C IMMUTABLE PARALLEL SAFE
	AS 'MODULE_PATHNAME', 'affinity_sequence_next_accum';

COMMENT ON FUNCTION affinity.sequence_next_accum(pg_catalog.bytea, pg_catalog.text,
	pg_catalog.text, pg_catalog.{AT}, pg_catalog.text, pg_catalog.bool, VARIADIC "any") IS
	'transition function of affinity.sequence_next_node';

--end
--for one_time
CREATE AGGREGATE affinity.sequence_next_node(
	direction pg_catalog.text, base pg_catalog.text, "at" pg_catalog.{AT},
	value pg_catalog.text, base_condition pg_catalog.bool, VARIADIC events "any") (
	SFUNC = affinity.sequence_next_accum,
	STYPE = pg_catalog.bytea,
	SSPACE = 256,
	FINALFUNC = affinity.sequence_next_final,
	COMBINEFUNC = affinity.sequence_next_combine,
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE affinity.sequence_next_node(
	pg_catalog.text, pg_catalog.text, pg_catalog.{AT}, pg_catalog.text,
	pg_catalog.bool, VARIADIC "any") IS
	'the value of the event that comes next to a chain of neighbouring events of one user, as ClickHouse''s sequenceNextNode: the chain begins at the base and goes on row by row; direction: forward (the events after the base; the value after the last of them) or backward (before it); base: head (the first row; forward only), tail (the last one; backward only), first_match or last_match (the first or last row that satisfies the base condition and the first event); at most 64 events, one boolean each, NULL is false; NULL if the base row does not satisfy the base condition, a row of the chain not its event, or nothing is behind; at: {TIMES}; rows of one instant are ordered by value (bytes); rows without time or value are skipped; 22023: unknown direction or base, or such as do not go together';

--end
--for many_users
CREATE FUNCTION affinity.sessionize("at" pg_catalog.{AT}, gap pg_catalog.{WINDOW})
	RETURNS pg_catalog.int8
	LANGUAGE C WINDOW IMMUTABLE PARALLEL SAFE
	AS 'MODULE_PATHNAME', 'affinity_sequence_sessionize';

COMMENT ON FUNCTION affinity.sessionize(pg_catalog.{AT}, pg_catalog.{WINDOW}) IS
	'number of the session, from 1, that a row belongs to; a row that comes more than the gap after the one before starts a new one; at: {TIMES}; gap: {UNITS}; use OVER (PARTITION BY user ORDER BY the same time); NULL without time; 22023 if rows are not in order';

--end
CREATE FUNCTION affinity.path_after(
	events pg_catalog.anycompatiblearray, anchor pg_catalog.anycompatible,
	depth pg_catalog.int4 DEFAULT 1)
	RETURNS pg_catalog.anycompatiblearray
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
	AS 'MODULE_PATHNAME', 'affinity_sequence_path_after';

COMMENT ON FUNCTION affinity.path_after(pg_catalog.anycompatiblearray, pg_catalog.anycompatible, pg_catalog.int4) IS
	'the first occurrence of an event and up to depth events after it; NULL if it does not occur; use with array_agg(event ORDER BY at) and count the paths';

CREATE FUNCTION affinity.path_before(
	events pg_catalog.anycompatiblearray, anchor pg_catalog.anycompatible,
	depth pg_catalog.int4 DEFAULT 1)
	RETURNS pg_catalog.anycompatiblearray
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
	AS 'MODULE_PATHNAME', 'affinity_sequence_path_before';

COMMENT ON FUNCTION affinity.path_before(pg_catalog.anycompatiblearray, pg_catalog.anycompatible, pg_catalog.int4) IS
	'the last occurrence of an event and up to depth events before it, in order of time; NULL if it does not occur; use with array_agg(event ORDER BY at) and count the paths';
