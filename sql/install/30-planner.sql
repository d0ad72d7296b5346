-- What the planner is told of the core functions: rows and costs. C: src/serve

CREATE FUNCTION affinity.planner_support(pg_catalog.internal)
RETURNS pg_catalog.internal
LANGUAGE C STRICT STABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'affinity_serve_support';

COMMENT ON FUNCTION affinity.planner_support(pg_catalog.internal) IS
	'tells the planner how many rows functions of models return and what they cost';
