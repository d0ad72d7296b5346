-- Funnels with or without some users. C: src/funnel/set.c

CREATE FUNCTION affinity.without(funnel affinity.funnel, ids pg_catalog.anyarray)
RETURNS affinity.funnel
LANGUAGE C STABLE PARALLEL SAFE COST 1000
AS 'MODULE_PATHNAME', 'affinity_funnel_without';

COMMENT ON FUNCTION affinity.without(affinity.funnel, pg_catalog.anyarray) IS
	'the funnel without the users of these ids, as if their rows had not been aggregated; NULL where nobody is left';

CREATE FUNCTION affinity.only(funnel affinity.funnel, ids pg_catalog.anyarray)
RETURNS affinity.funnel
LANGUAGE C STABLE PARALLEL SAFE COST 1000
AS 'MODULE_PATHNAME', 'affinity_funnel_only';

COMMENT ON FUNCTION affinity.only(affinity.funnel, pg_catalog.anyarray) IS
	'the funnel of the users of these ids alone; NULL where it has none of them';
