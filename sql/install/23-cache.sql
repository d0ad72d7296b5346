-- What all connections share. C: src/cache

CREATE FUNCTION affinity.list_cached_models(
	OUT relation pg_catalog.oid,
	OUT version pg_catalog.int8,
	OUT bytes pg_catalog.int8,
	OUT hits pg_catalog.int8,
	OUT backends pg_catalog.int4)
RETURNS SETOF pg_catalog.record
LANGUAGE C VOLATILE STRICT PARALLEL RESTRICTED ROWS 10
AS 'MODULE_PATHNAME', 'affinity_cache_list';

COMMENT ON FUNCTION affinity.list_cached_models() IS
	'the rows behind the view affinity.cache';

CREATE VIEW affinity.cache AS
SELECT
	n.nspname AS model,
	l.version,
	l.bytes,
	l.hits,
	l.backends
FROM affinity.list_cached_models() AS l
LEFT JOIN (pg_catalog.pg_class AS c
		JOIN pg_catalog.pg_namespace AS n
			ON n.oid OPERATOR(pg_catalog.=) c.relnamespace)
	ON c.oid OPERATOR(pg_catalog.=) l.relation
	AND pg_catalog.has_schema_privilege(n.oid, 'USAGE')
ORDER BY n.nspname, l.version;

GRANT SELECT ON affinity.cache TO PUBLIC;

COMMENT ON VIEW affinity.cache IS
	'versions of this database''s models in the shared cache; none where the library is not preloaded';

COMMENT ON COLUMN affinity.cache.model IS
	'NULL for a model that was dropped, or whose schema the caller may not use';

COMMENT ON COLUMN affinity.cache.bytes IS
	'of affinity.cache_size';

COMMENT ON COLUMN affinity.cache.hits IS
	'calls that found it there';

COMMENT ON COLUMN affinity.cache.backends IS
	'connections of now that have served from it';

CREATE FUNCTION affinity.list_model_calls(
	OUT relation pg_catalog.oid,
	OUT calls pg_catalog.int8,
	OUT rows pg_catalog.int8,
	OUT total_time pg_catalog.float8,
	OUT cold_calls pg_catalog.int8,
	OUT popular_calls pg_catalog.int8,
	OUT since pg_catalog.timestamptz)
RETURNS SETOF pg_catalog.record
LANGUAGE C VOLATILE STRICT PARALLEL RESTRICTED ROWS 10
AS 'MODULE_PATHNAME', 'affinity_cache_list_calls';

COMMENT ON FUNCTION affinity.list_model_calls() IS
	'the rows behind the view affinity.stat_models';

CREATE VIEW affinity.stat_models AS
SELECT
	n.nspname AS model,
	l.calls,
	l.rows,
	l.total_time,
	l.total_time OPERATOR(pg_catalog./)
		NULLIF(l.calls, 0)::pg_catalog.float8 AS mean_time,
	l.cold_calls,
	l.popular_calls,
	l.since
FROM affinity.list_model_calls() AS l
JOIN pg_catalog.pg_class AS c
	ON c.oid OPERATOR(pg_catalog.=) l.relation
JOIN pg_catalog.pg_namespace AS n
	ON n.oid OPERATOR(pg_catalog.=) c.relnamespace
WHERE pg_catalog.has_schema_privilege(n.oid, 'USAGE')
ORDER BY n.nspname;

GRANT SELECT ON affinity.stat_models TO PUBLIC;

COMMENT ON VIEW affinity.stat_models IS
	'calls of models'' functions: of all connections where the library is preloaded, else of this one';

COMMENT ON COLUMN affinity.stat_models.calls IS
	'that ended without an error';

COMMENT ON COLUMN affinity.stat_models.rows IS
	'that they returned';

COMMENT ON COLUMN affinity.stat_models.total_time IS
	'milliseconds in all calls';

COMMENT ON COLUMN affinity.stat_models.mean_time IS
	'milliseconds of a call';

COMMENT ON COLUMN affinity.stat_models.cold_calls IS
	'calls that read something of the model first: of a new connection or version';

COMMENT ON COLUMN affinity.stat_models.popular_calls IS
	'lists with nothing but popular items, as nothing of the user or the basket was known';

COMMENT ON COLUMN affinity.stat_models.since IS
	'first call, or the last stat_models_reset()';

CREATE FUNCTION affinity.stat_models_reset() RETURNS pg_catalog.void
LANGUAGE C VOLATILE PARALLEL RESTRICTED
AS 'MODULE_PATHNAME', 'affinity_cache_reset_calls';

COMMENT ON FUNCTION affinity.stat_models_reset() IS
	'sets the counts of affinity.stat_models to 0, for models that the caller owns';
