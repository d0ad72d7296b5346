-- A unit in a call that names no time zone means the session's. Where the query is
-- written down to be sent on, by a distributed engine or to a foreign server, the
-- session's zone is written behind the unit. C: src/calendar/session.c

CREATE TYPE affinity.session_unit;

CREATE FUNCTION affinity.session_unit_in(pg_catalog.cstring)
RETURNS affinity.session_unit
LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE
AS 'textin';

COMMENT ON FUNCTION affinity.session_unit_in(pg_catalog.cstring) IS
	'input of type session_unit: day, or day Europe/Berlin';

CREATE FUNCTION affinity.session_unit_out(affinity.session_unit)
RETURNS pg_catalog.cstring
LANGUAGE C STABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'affinity_calendar_session_unit_out';

COMMENT ON FUNCTION affinity.session_unit_out(affinity.session_unit) IS
	'output of type session_unit: with the time zone that it means, which is the session''s where it has none';

CREATE FUNCTION affinity.session_unit_recv(pg_catalog.internal)
RETURNS affinity.session_unit
LANGUAGE internal STABLE STRICT PARALLEL SAFE
AS 'textrecv';

COMMENT ON FUNCTION affinity.session_unit_recv(pg_catalog.internal) IS
	'binary input of type session_unit';

CREATE FUNCTION affinity.session_unit_send(affinity.session_unit)
RETURNS pg_catalog.bytea
LANGUAGE C STABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'affinity_calendar_session_unit_send';

COMMENT ON FUNCTION affinity.session_unit_send(affinity.session_unit) IS
	'binary output of type session_unit, as its text is';

CREATE TYPE affinity.session_unit (
	INPUT = affinity.session_unit_in,
	OUTPUT = affinity.session_unit_out,
	RECEIVE = affinity.session_unit_recv,
	SEND = affinity.session_unit_send,
	INTERNALLENGTH = VARIABLE,
	STORAGE = extended,
	CATEGORY = 'S'
);

COMMENT ON TYPE affinity.session_unit IS
	'a unit of the session''s time zone, which goes with it where the query is sent on';

CREATE CAST (pg_catalog.text AS affinity.session_unit)
	WITHOUT FUNCTION
	AS IMPLICIT;

--table session_unit_other: TYPE
-- varchar
-- bpchar
-- name

--for session_unit_other
CREATE CAST (pg_catalog.{TYPE} AS affinity.session_unit)
	WITH INOUT
	AS IMPLICIT;

--end
CREATE CAST (affinity.word AS affinity.session_unit)
	WITHOUT FUNCTION
	AS IMPLICIT;

-- For DISTINCT in an aggregate: the operators are those of words.

CREATE CAST (affinity.session_unit AS affinity.word)
	WITHOUT FUNCTION
	AS IMPLICIT;
