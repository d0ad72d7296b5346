-- Mistaken calls of the aggregates of 72-79, as 68-mistakes.sql has for those before.
-- C: src/trending/mistake.c

--table growth_mistake: NAME | TYPES | NAMED | FUNCTION | STATE | SYMBOL
-- decayed_count | affinity.moment | at affinity.moment | decayed_count_mistake | affinity.decayed | affinity_trending_half_life_mistake
-- decayed_count | affinity.moment, pg_catalog.float8 | at affinity.moment, half_life pg_catalog.float8 | decayed_count_mistake | affinity.decayed | affinity_trending_number_mistake
-- decayed_count | affinity.moment, pg_catalog.float8, pg_catalog.float8 | at affinity.moment, half_life pg_catalog.float8, weight pg_catalog.float8 | decayed_count_mistake | affinity.decayed | affinity_trending_number_mistake
-- decayed_count | pg_catalog.float8, affinity.moment, pg_catalog.interval | weight pg_catalog.float8, at affinity.moment, half_life pg_catalog.interval | decayed_count_mistake | affinity.decayed | affinity_trending_order_mistake
-- decayed_count | affinity.moment, pg_catalog.float8, pg_catalog.interval | at affinity.moment, weight pg_catalog.float8, half_life pg_catalog.interval | decayed_count_mistake | affinity.decayed | affinity_trending_order_mistake
-- velocity | affinity.moment | at affinity.moment | velocity_mistake | pg_catalog.bytea | affinity_trending_window_mistake
-- velocity | affinity.moment, pg_catalog.interval | at affinity.moment, "window" pg_catalog.interval | velocity_mistake | pg_catalog.bytea | affinity_trending_as_of_mistake
-- velocity | affinity.moment, pg_catalog.float8, affinity.moment | at affinity.moment, "window" pg_catalog.float8, as_of affinity.moment | velocity_mistake | pg_catalog.bytea | affinity_trending_number_mistake

--for growth_mistake
CREATE FUNCTION affinity.{FUNCTION}({STATE}, {TYPES})
RETURNS {STATE}
LANGUAGE C STABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', '{SYMBOL}';

COMMENT ON FUNCTION affinity.{FUNCTION}({STATE}, {TYPES}) IS
	'transition function of mistaken calls';

CREATE AGGREGATE affinity.{NAME}({NAMED}) (
	SFUNC = affinity.{FUNCTION},
	STYPE = {STATE},
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE affinity.{NAME}({TYPES}) IS
	'a mistaken call of {NAME}: the error says what to write instead';

--end
