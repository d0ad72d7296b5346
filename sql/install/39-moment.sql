-- The times that reports take: an instant, or a local time of the state's zone.
-- C: src/calendar/moment.c
--
-- Dates, timestamps and texts are cast without being asked, so that a report has
-- one signature; so are numbers, to an error that says what to write. It is of
-- the category of times, of which timestamptz is the preferred type: aggregates
-- take untyped times as such.

CREATE TYPE affinity.moment;

CREATE FUNCTION affinity.moment_in(pg_catalog.cstring)
RETURNS affinity.moment
LANGUAGE C STABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'affinity_calendar_moment_in';

COMMENT ON FUNCTION affinity.moment_in(pg_catalog.cstring) IS
	'input of type moment: a timestamptz where the text has a time zone, else a timestamp';

CREATE FUNCTION affinity.moment_out(affinity.moment)
RETURNS pg_catalog.cstring
LANGUAGE C STABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'affinity_calendar_moment_out';

COMMENT ON FUNCTION affinity.moment_out(affinity.moment) IS
	'output of type moment: that of timestamptz or timestamp';

CREATE TYPE affinity.moment (
	INPUT = affinity.moment_in,
	OUTPUT = affinity.moment_out,
	INTERNALLENGTH = 16,
	ALIGNMENT = double,
	STORAGE = plain,
	CATEGORY = 'D'
);

COMMENT ON TYPE affinity.moment IS
	'a time that a report is given: timestamptz, or timestamp or date in the time zone of the state';

--table moment_of: TYPE | SYMBOL | ANSWER
-- timestamptz | affinity_calendar_moment_of_instant | an instant
-- timestamp | affinity_calendar_moment_of_local | a local time in the time zone of the state
-- date | affinity_calendar_moment_of_date | the beginning of a day in the time zone of the state

--for moment_of
CREATE FUNCTION affinity.moment(pg_catalog.{TYPE})
RETURNS affinity.moment
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', '{SYMBOL}';

COMMENT ON FUNCTION affinity.moment(pg_catalog.{TYPE}) IS
	'cast to moment: {ANSWER}';

CREATE CAST (pg_catalog.{TYPE} AS affinity.moment)
	WITH FUNCTION affinity.moment(pg_catalog.{TYPE})
	AS IMPLICIT;

--end
--table moment_text: TYPE
-- text
-- varchar

--for moment_text
CREATE CAST (pg_catalog.{TYPE} AS affinity.moment)
	WITH INOUT
	AS IMPLICIT;

--end
CREATE FUNCTION affinity.no_moment(pg_catalog."any")
RETURNS affinity.moment
LANGUAGE C IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'affinity_calendar_no_moment';

COMMENT ON FUNCTION affinity.no_moment(pg_catalog."any") IS
	'cast to moment of what is no time: the error says what to write instead';

--table not_a_moment: TYPE
-- int2
-- int4
-- int8
-- float4
-- float8
-- numeric
-- interval
-- uuid
-- bool

--for not_a_moment
CREATE CAST (pg_catalog.{TYPE} AS affinity.moment)
	WITH FUNCTION affinity.no_moment(pg_catalog."any")
	AS IMPLICIT;

--end

-- The ranges that value_agg takes. C: src/calendar/span.c

CREATE TYPE affinity.span;

CREATE FUNCTION affinity.span_in(pg_catalog.cstring)
RETURNS affinity.span
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'affinity_calendar_span_in';

COMMENT ON FUNCTION affinity.span_in(pg_catalog.cstring) IS
	'input of type span: an error that says to write a range';

CREATE FUNCTION affinity.span_out(affinity.span)
RETURNS pg_catalog.cstring
LANGUAGE C STABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'affinity_calendar_span_out';

COMMENT ON FUNCTION affinity.span_out(affinity.span) IS
	'output of type span: as of a range';

CREATE TYPE affinity.span (
	INPUT = affinity.span_in,
	OUTPUT = affinity.span_out,
	INTERNALLENGTH = 24,
	ALIGNMENT = double,
	STORAGE = plain,
	CATEGORY = 'D'
);

COMMENT ON TYPE affinity.span IS
	'a range of time that value_agg is given: tstzrange, or tsrange or daterange in the time zone of the state';

--table span_of: TYPE | ANSWER
-- tstzrange | a range of instants
-- tsrange | a range of local times of the time zone of the state
-- daterange | a range of whole days in the time zone of the state

--for span_of
CREATE FUNCTION affinity.span(pg_catalog.{TYPE})
RETURNS affinity.span
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'affinity_calendar_span_of_range';

COMMENT ON FUNCTION affinity.span(pg_catalog.{TYPE}) IS
	'cast to span: {ANSWER}';

CREATE CAST (pg_catalog.{TYPE} AS affinity.span)
	WITH FUNCTION affinity.span(pg_catalog.{TYPE})
	AS IMPLICIT;

--end
