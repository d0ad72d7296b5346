-- The sessions of a user, with what is in each. C: src/sequence/summary.c
--
-- Tables of types that are not here: 50-funnel.sql

--table session_type: AT | TYPE | LENGTH | TIMES
-- timestamptz | timestamptz | interval | of rows with a timestamptz
-- timestamp | timestamp | interval | of rows with a timestamp or a date
-- int8 | bigint | int8 | of rows with a number as time

--for session_type
CREATE TYPE affinity.session_{TYPE} AS (
	session pg_catalog.int8,
	started_at pg_catalog.{AT},
	ended_at pg_catalog.{AT},
	duration pg_catalog.{LENGTH},
	events pg_catalog.int8,
	entry pg_catalog.text,
	exit pg_catalog.text,
	bounce pg_catalog.bool,
	campaign pg_catalog.text,
	pages pg_catalog.text[]
);

COMMENT ON TYPE affinity.session_{TYPE} IS
	'a session of session_summaries, {TIMES}';

CREATE FUNCTION affinity.session_summaries_{TYPE}_final(pg_catalog.bytea)
RETURNS affinity.session_{TYPE}[]
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'affinity_sequence_summary_final';

COMMENT ON FUNCTION affinity.session_summaries_{TYPE}_final(pg_catalog.bytea) IS
	'final function of session_summaries';

--end
CREATE FUNCTION affinity.session_summaries_combine(pg_catalog.bytea, pg_catalog.bytea)
RETURNS pg_catalog.bytea
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'affinity_sequence_summary_combine';

COMMENT ON FUNCTION affinity.session_summaries_combine(pg_catalog.bytea, pg_catalog.bytea) IS
	'combine function of session_summaries';

--table session_rows: AT | WINDOW | TYPE | VOLATILITY | TIMES | UNITS
-- timestamptz | interval | timestamptz | IMMUTABLE | a timestamptz | an interval
-- timestamptz | text | timestamptz | STABLE | a timestamptz | an interval as text
-- timestamp | interval | timestamp | IMMUTABLE | a timestamp without time zone | an interval
-- timestamp | text | timestamp | STABLE | a timestamp without time zone | an interval as text
-- date | interval | timestamp | IMMUTABLE | a date | an interval
-- date | text | timestamp | STABLE | a date | an interval as text
-- int8 | int8 | bigint | IMMUTABLE | a number | a number
-- int8 | text | bigint | IMMUTABLE | a number | a number as text

--table session_options: TYPES | NAMED
-- |
-- , pg_catalog.text | , campaign pg_catalog.text
-- , pg_catalog.text, pg_catalog.{WINDOW} | , campaign pg_catalog.text, max_length pg_catalog.{WINDOW}

--for session_options session_rows
CREATE FUNCTION affinity.session_summaries_accum(
	pg_catalog.bytea,
	pg_catalog.{AT},
	pg_catalog.text,
	pg_catalog.{WINDOW}{TYPES})
RETURNS pg_catalog.bytea
LANGUAGE C {VOLATILITY} PARALLEL SAFE
AS 'MODULE_PATHNAME', 'affinity_sequence_summary_accum';

COMMENT ON FUNCTION affinity.session_summaries_accum(
	pg_catalog.bytea,
	pg_catalog.{AT},
	pg_catalog.text,
	pg_catalog.{WINDOW}{TYPES}) IS
	'transition function of session_summaries';

CREATE AGGREGATE affinity.session_summaries(
	at pg_catalog.{AT},
	page pg_catalog.text,
	gap pg_catalog.{WINDOW}{NAMED}) (
	SFUNC = affinity.session_summaries_accum,
	STYPE = pg_catalog.bytea,
	SSPACE = 256,
	FINALFUNC = affinity.session_summaries_{TYPE}_final,
	COMBINEFUNC = affinity.session_summaries_combine,
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE affinity.session_summaries(
	pg_catalog.{AT},
	pg_catalog.text,
	pg_catalog.{WINDOW}{TYPES}) IS
	'the sessions of one user, and what is in each; at: {TIMES}; gap: {UNITS}';

--end
