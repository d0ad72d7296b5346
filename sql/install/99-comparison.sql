-- Operators of the types of states, so that states can be compared, hashed and
-- sorted: DISTINCT, UNION, GROUP BY, joins, IS DISTINCT FROM, logical replication.
-- Equal contents are equal. The order has no meaning.
-- C: src/activity/compare.c, src/eventlog/compare.c, src/survival/io.c,
-- src/profile/contrast.c, src/cluster/agg.c, src/uplift/state.c,
-- src/attribution/io.c, src/trending/decayed.c, src/community/inequality.c,
-- src/forecast/io.c, src/experiment/metric_io.c, src/basket/io.c
--
-- The operators stand in pg_catalog, as IS DISTINCT FROM and CASE look for them by
-- name alone and would not find them in a schema that is not in the search_path.

--table compared: STATE | SYMBOL
-- activity | affinity_activity
-- value | affinity_activity
-- funnel | affinity_funnel
-- sequence | affinity_sequence
-- survival | affinity_survival
-- contrast | affinity_profile
-- decayed | affinity_trending
-- inequality | affinity_community_inequality
-- series | affinity_forecast_series
-- attribution | affinity_attribution
-- cluster_metric | affinity_cluster
-- did | affinity_cluster
-- uplift | affinity_uplift
-- metric | affinity_experiment_metric
-- basket | affinity_basket
-- basket_uuid | affinity_basket
-- basket_text | affinity_basket

--table comparison: NAME | OPERATOR | COMMUTATOR | NEGATOR | SELECTIVITY | PLANS | ANSWER
-- eq | = | = | <> | eq | , HASHES, MERGES | do the two states say the same
-- ne | <> | <> | = | neq | | do the two states differ
-- lt | < | > | >= | scalarlt | | is the first state before the second, in an order without a meaning
-- le | <= | >= | > | scalarle | | is the first state not after the second, in an order without a meaning
-- gt | > | < | <= | scalargt | | is the first state after the second, in an order without a meaning
-- ge | >= | <= | < | scalarge | | is the first state not before the second, in an order without a meaning

--for compared comparison
CREATE FUNCTION affinity.{STATE}_{NAME}(affinity.{STATE}, affinity.{STATE})
RETURNS pg_catalog.bool
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100
AS 'MODULE_PATHNAME', '{SYMBOL}_{NAME}';

COMMENT ON FUNCTION affinity.{STATE}_{NAME}(affinity.{STATE}, affinity.{STATE}) IS
	'{ANSWER}';

CREATE OPERATOR pg_catalog.{OPERATOR} (
	LEFTARG = affinity.{STATE},
	RIGHTARG = affinity.{STATE},
	FUNCTION = affinity.{STATE}_{NAME},
	COMMUTATOR = OPERATOR(pg_catalog.{COMMUTATOR}),
	NEGATOR = OPERATOR(pg_catalog.{NEGATOR}),
	RESTRICT = pg_catalog.{SELECTIVITY}sel,
	JOIN = pg_catalog.{SELECTIVITY}joinsel{PLANS}
);

COMMENT ON OPERATOR pg_catalog.{OPERATOR} (affinity.{STATE}, affinity.{STATE}) IS
	'{ANSWER}';

--end
--for compared
CREATE FUNCTION affinity.{STATE}_cmp(affinity.{STATE}, affinity.{STATE})
RETURNS pg_catalog.int4
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100
AS 'MODULE_PATHNAME', '{SYMBOL}_cmp';

COMMENT ON FUNCTION affinity.{STATE}_cmp(affinity.{STATE}, affinity.{STATE}) IS
	'the order of two states: less than, equal to or greater than 0';

CREATE FUNCTION affinity.{STATE}_hash(affinity.{STATE})
RETURNS pg_catalog.int4
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100
AS 'MODULE_PATHNAME', '{SYMBOL}_hash';

COMMENT ON FUNCTION affinity.{STATE}_hash(affinity.{STATE}) IS
	'hash of a state, the same for states that say the same';

CREATE FUNCTION affinity.{STATE}_hash_extended(affinity.{STATE}, pg_catalog.int8)
RETURNS pg_catalog.int8
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100
AS 'MODULE_PATHNAME', '{SYMBOL}_hash_extended';

COMMENT ON FUNCTION affinity.{STATE}_hash_extended(affinity.{STATE}, pg_catalog.int8) IS
	'hash of a state of 64 bits, with a seed';

CREATE OPERATOR CLASS affinity.{STATE}_ops
DEFAULT FOR TYPE affinity.{STATE} USING btree AS
	OPERATOR 1 pg_catalog.< (affinity.{STATE}, affinity.{STATE}),
	OPERATOR 2 pg_catalog.<= (affinity.{STATE}, affinity.{STATE}),
	OPERATOR 3 pg_catalog.= (affinity.{STATE}, affinity.{STATE}),
	OPERATOR 4 pg_catalog.>= (affinity.{STATE}, affinity.{STATE}),
	OPERATOR 5 pg_catalog.> (affinity.{STATE}, affinity.{STATE}),
	FUNCTION 1 affinity.{STATE}_cmp(affinity.{STATE}, affinity.{STATE});

CREATE OPERATOR CLASS affinity.{STATE}_ops
DEFAULT FOR TYPE affinity.{STATE} USING hash AS
	OPERATOR 1 pg_catalog.= (affinity.{STATE}, affinity.{STATE}),
	FUNCTION 1 affinity.{STATE}_hash(affinity.{STATE}),
	FUNCTION 2 affinity.{STATE}_hash_extended(affinity.{STATE}, pg_catalog.int8);

--end
