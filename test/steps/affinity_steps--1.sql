-- Aggregates that call the steps of another aggregate, given as its oid: a part
-- of its rows as text or in binary, and the result of such parts.

CREATE FUNCTION steps.partial_accum(internal, oid, anyelement)
RETURNS internal
LANGUAGE C
AS 'MODULE_PATHNAME', 'steps_partial_accum';

CREATE FUNCTION steps.partial_text(internal)
RETURNS text
LANGUAGE C
AS 'MODULE_PATHNAME', 'steps_partial_text';

CREATE FUNCTION steps.partial_binary(internal)
RETURNS bytea
LANGUAGE C
AS 'MODULE_PATHNAME', 'steps_partial_binary';

CREATE FUNCTION steps.combine_text(internal, oid, text, anyelement)
RETURNS internal
LANGUAGE C
AS 'MODULE_PATHNAME', 'steps_combine_text';

CREATE FUNCTION steps.combine_binary(internal, oid, bytea, anyelement)
RETURNS internal
LANGUAGE C
AS 'MODULE_PATHNAME', 'steps_combine_binary';

CREATE FUNCTION steps.combine_final(internal, oid, text, anyelement)
RETURNS anyelement
LANGUAGE C
AS 'MODULE_PATHNAME', 'steps_combine_final';

CREATE FUNCTION steps.combine_final(internal, oid, bytea, anyelement)
RETURNS anyelement
LANGUAGE C
AS 'MODULE_PATHNAME', 'steps_combine_final';

-- partial(aggregate, value), or partial(aggregate, ROW(value, ...)) where it
-- takes several. The types must be exactly those that it is declared with.
CREATE AGGREGATE steps.partial(oid, anyelement) (
	SFUNC = steps.partial_accum,
	STYPE = internal,
	FINALFUNC = steps.partial_text
);

CREATE AGGREGATE steps.partial_binary(oid, anyelement) (
	SFUNC = steps.partial_accum,
	STYPE = internal,
	FINALFUNC = steps.partial_binary
);

-- combine(aggregate, part, NULL::result)
CREATE AGGREGATE steps.combine(oid, text, anyelement) (
	SFUNC = steps.combine_text,
	STYPE = internal,
	FINALFUNC = steps.combine_final,
	FINALFUNC_EXTRA
);

CREATE AGGREGATE steps.combine(oid, bytea, anyelement) (
	SFUNC = steps.combine_binary,
	STYPE = internal,
	FINALFUNC = steps.combine_final,
	FINALFUNC_EXTRA
);

-- A command of at most 127 bytes in a background worker of a library.
CREATE FUNCTION steps.in_worker(library text, command text)
RETURNS void
LANGUAGE C STRICT
AS 'MODULE_PATHNAME', 'steps_in_worker';
