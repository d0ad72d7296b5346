-- What is true or false, of aggregates that are given 0 and 1 instead: PostgreSQL casts
-- numbers to it without being asked, to an error that says what to write. It is of the
-- category of bool, which is preferred to it: untyped conditions are bool. Booleans are
-- cast to it too, so that a mistaken call may have one of each.
-- C: src/base/condition.c

CREATE TYPE affinity.condition;

--table condition_support: NAME | FROM | TO | SYMBOL | ANSWER
-- condition_in | pg_catalog.cstring | affinity.condition | boolin | input of type condition: as of bool
-- condition_out | affinity.condition | pg_catalog.cstring | boolout | output of type condition: as of bool

--for condition_support
CREATE FUNCTION affinity.{NAME}({FROM})
RETURNS {TO}
LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE
AS '{SYMBOL}';

COMMENT ON FUNCTION affinity.{NAME}({FROM}) IS
	'{ANSWER}';

--end
CREATE TYPE affinity.condition (
	INPUT = affinity.condition_in,
	OUTPUT = affinity.condition_out,
	LIKE = pg_catalog.bool,
	CATEGORY = 'B'
);

COMMENT ON TYPE affinity.condition IS
	'what a mistaken call has in place of a boolean';

CREATE CAST (pg_catalog.bool AS affinity.condition)
	WITHOUT FUNCTION
	AS IMPLICIT;

CREATE FUNCTION affinity.no_condition(pg_catalog."any")
RETURNS affinity.condition
LANGUAGE C IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'affinity_base_no_condition';

COMMENT ON FUNCTION affinity.no_condition(pg_catalog."any") IS
	'cast to condition of a number: the error says what to write instead';

--table not_a_condition: TYPE
-- int2
-- int4
-- int8
-- float4
-- float8
-- numeric

--for not_a_condition
CREATE CAST (pg_catalog.{TYPE} AS affinity.condition)
	WITH FUNCTION affinity.no_condition(pg_catalog."any")
	AS IMPLICIT;

--end
