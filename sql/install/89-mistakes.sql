-- Mistaken calls of the aggregates of 72-79, as 68-mistakes.sql has for those before.
-- C: src/experiment/metric_mistake.c

--table metric_mistake: NAME | TYPES | NAMED | SYMBOL
-- metric_agg | pg_catalog.interval | value pg_catalog.interval | affinity_experiment_interval_mistake
-- ratio_agg | pg_catalog.float8 | numerator pg_catalog.float8 | affinity_experiment_denominator_mistake
-- metric_quantile_agg | pg_catalog.float8 | value pg_catalog.float8 | affinity_experiment_quantile_mistake

--for metric_mistake
CREATE FUNCTION affinity.{NAME}_mistake(affinity.metric, {TYPES})
RETURNS affinity.metric
LANGUAGE C STABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', '{SYMBOL}';

COMMENT ON FUNCTION affinity.{NAME}_mistake(affinity.metric, {TYPES}) IS
	'transition function of mistaken calls';

CREATE AGGREGATE affinity.{NAME}({NAMED}) (
	SFUNC = affinity.{NAME}_mistake,
	STYPE = affinity.metric,
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE affinity.{NAME}({TYPES}) IS
	'a mistaken call of {NAME}: the error says what to write instead';

--end
