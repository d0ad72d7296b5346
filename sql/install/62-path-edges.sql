-- From paths to the flows of a Sankey diagram. The state is a bytea, an expanded
-- object while it grows. C: src/sequence/edges.c

CREATE TYPE affinity.path_edge AS (
	step pg_catalog.int8,
	source pg_catalog.text,
	target pg_catalog.text,
	sessions pg_catalog.int8
);

COMMENT ON TYPE affinity.path_edge IS
	'how many sessions go from a page, the step-th from 0, to the next one; path_edges makes them';

CREATE FUNCTION affinity.path_edges_final(pg_catalog.bytea)
RETURNS affinity.path_edge[]
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'affinity_sequence_edges_final';

COMMENT ON FUNCTION affinity.path_edges_final(pg_catalog.bytea) IS
	'final function of path_edges';

CREATE FUNCTION affinity.path_edges_combine(pg_catalog.bytea, pg_catalog.bytea)
RETURNS pg_catalog.bytea
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'affinity_sequence_edges_combine';

COMMENT ON FUNCTION affinity.path_edges_combine(pg_catalog.bytea, pg_catalog.bytea) IS
	'combine function of path_edges';

--table path_edges: TYPES | NAMED | ANSWER
-- | | how many sessions go from which page to which, by step
-- , pg_catalog.int8 | , depth pg_catalog.int8 | how many sessions go from which page to which, in the first steps
-- , pg_catalog.int8, pg_catalog.int8 | , depth pg_catalog.int8, top pg_catalog.int8 | the same with the most frequent pages of each step, the rest being (other)
-- , pg_catalog.int8, pg_catalog.int8, pg_catalog.bool | , depth pg_catalog.int8, top pg_catalog.int8, exits pg_catalog.bool | the same, by choice with the end of a session as a step to (exit)

--for path_edges
CREATE FUNCTION affinity.path_edges_accum(pg_catalog.bytea, pg_catalog.text[]{TYPES})
RETURNS pg_catalog.bytea
LANGUAGE C IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'affinity_sequence_edges_accum';

COMMENT ON FUNCTION affinity.path_edges_accum(pg_catalog.bytea, pg_catalog.text[]{TYPES}) IS
	'transition function of path_edges';

CREATE AGGREGATE affinity.path_edges(pages pg_catalog.text[]{NAMED}) (
	SFUNC = affinity.path_edges_accum,
	STYPE = pg_catalog.bytea,
	SSPACE = 8192,
	FINALFUNC = affinity.path_edges_final,
	COMBINEFUNC = affinity.path_edges_combine,
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE affinity.path_edges(pg_catalog.text[]{TYPES}) IS
	'{ANSWER}';

--end
