-- Metrics of experiments: exact moments of a number per unit, mergeable. C: src/experiment

CREATE TYPE affinity.metric;

CREATE FUNCTION affinity.metric_in(pg_catalog.cstring)
RETURNS affinity.metric
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'affinity_experiment_metric_in';

COMMENT ON FUNCTION affinity.metric_in(pg_catalog.cstring) IS
	'input of type metric: base64; 22P03 unless every part of the state is sound';

CREATE FUNCTION affinity.metric_out(affinity.metric)
RETURNS pg_catalog.cstring
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'affinity_experiment_metric_out';

COMMENT ON FUNCTION affinity.metric_out(affinity.metric) IS
	'output of type metric: base64';

CREATE FUNCTION affinity.metric_recv(pg_catalog.internal)
RETURNS affinity.metric
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'affinity_experiment_metric_recv';

COMMENT ON FUNCTION affinity.metric_recv(pg_catalog.internal) IS
	'binary input of type metric, checked as its text is';

CREATE FUNCTION affinity.metric_send(affinity.metric)
RETURNS pg_catalog.bytea
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'affinity_experiment_metric_send';

COMMENT ON FUNCTION affinity.metric_send(affinity.metric) IS
	'binary output of type metric';

CREATE TYPE affinity.metric (
	INPUT = affinity.metric_in,
	OUTPUT = affinity.metric_out,
	RECEIVE = affinity.metric_recv,
	SEND = affinity.metric_send,
	INTERNALLENGTH = VARIABLE,
	ALIGNMENT = double,
	STORAGE = extended
);

COMMENT ON TYPE affinity.metric IS
	'a metric over units: made by metric_agg, ratio_agg and metric_quantile_agg, read by experiment and others';

CREATE FUNCTION affinity.metric_combine(affinity.metric, affinity.metric)
RETURNS affinity.metric
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10
AS 'MODULE_PATHNAME', 'affinity_experiment_metric_combine';

COMMENT ON FUNCTION affinity.metric_combine(affinity.metric, affinity.metric) IS
	'combine function of metrics';

CREATE FUNCTION affinity.metric_final(affinity.metric)
RETURNS affinity.metric
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10
AS 'MODULE_PATHNAME', 'affinity_experiment_metric_finish';

COMMENT ON FUNCTION affinity.metric_final(affinity.metric) IS
	'final function of metrics';

CREATE AGGREGATE affinity.rollup(metric affinity.metric) (
	SFUNC = affinity.metric_combine,
	STYPE = affinity.metric,
	SSPACE = 400,
	FINALFUNC = affinity.metric_final,
	COMBINEFUNC = affinity.metric_combine,
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE affinity.rollup(affinity.metric) IS
	'merges metrics exactly: the same state as one aggregate over all their units';

CREATE FUNCTION affinity.rollup(metric affinity.metric, other affinity.metric)
RETURNS affinity.metric
LANGUAGE C IMMUTABLE PARALLEL SAFE COST 10
AS 'MODULE_PATHNAME', 'affinity_experiment_metric_rollup';

COMMENT ON FUNCTION affinity.rollup(affinity.metric, affinity.metric) IS
	'merges two metrics exactly; NULL is a state without rows';

--table metric_arguments: NAME | ACCUM | TYPES | NAMED | SYMBOL | ANSWER
-- metric_agg | metric_accum | pg_catalog.float8 | value pg_catalog.float8 | affinity_experiment_metric_accum | a number of each unit: exact sums, from which mean and variance are taken
-- metric_agg | metric_accum | pg_catalog.bool | value pg_catalog.bool | affinity_experiment_metric_accum_bool | a yes or no of each unit: how many of how many
-- metric_agg | metric_accum | pg_catalog.float8, pg_catalog.float8 | value pg_catalog.float8, covariate pg_catalog.float8 | affinity_experiment_metric_accum | a number of each unit, and what was known of it before
-- metric_agg | metric_accum | pg_catalog.bool, pg_catalog.float8 | value pg_catalog.bool, covariate pg_catalog.float8 | affinity_experiment_metric_accum_bool | a yes or no of each unit, and what was known of it before
-- ratio_agg | ratio_accum | pg_catalog.float8, pg_catalog.float8 | numerator pg_catalog.float8, denominator pg_catalog.float8 | affinity_experiment_metric_accum_ratio | the sum of numerators by that of denominators, both of each unit
-- metric_quantile_agg | metric_quantile_accum | pg_catalog.float8, pg_catalog.float8 | value pg_catalog.float8, quantile pg_catalog.float8 | affinity_experiment_metric_accum_quantile | a quantile of a number of each unit: how many units have each value

--for metric_arguments
CREATE FUNCTION affinity.{ACCUM}(affinity.metric, {TYPES})
RETURNS affinity.metric
LANGUAGE C IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', '{SYMBOL}';

COMMENT ON FUNCTION affinity.{ACCUM}(affinity.metric, {TYPES}) IS
	'transition function of {NAME}';

CREATE AGGREGATE affinity.{NAME}({NAMED}) (
	SFUNC = affinity.{ACCUM},
	STYPE = affinity.metric,
	SSPACE = 400,
	FINALFUNC = affinity.metric_final,
	COMBINEFUNC = affinity.metric_combine,
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE affinity.{NAME}({TYPES}) IS
	'{ANSWER}';

--end
CREATE FUNCTION affinity.metric_moments(
	metric affinity.metric,
	OUT units pg_catalog.int8,
	OUT mean pg_catalog.float8,
	OUT variance pg_catalog.float8,
	OUT std_error pg_catalog.float8,
	OUT covariate_mean pg_catalog.float8,
	OUT covariate_variance pg_catalog.float8,
	OUT covariance pg_catalog.float8,
	OUT correlation pg_catalog.float8)
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100
AS 'MODULE_PATHNAME', 'affinity_experiment_metric_moments';

COMMENT ON FUNCTION affinity.metric_moments(affinity.metric) IS
	'units, mean, variance and standard error of a metric, and of its covariate or denominator';

CREATE FUNCTION affinity.winsorize(
	metrics affinity.metric[],
	upper pg_catalog.float8 DEFAULT 0.99,
	lower pg_catalog.float8 DEFAULT 0)
RETURNS affinity.metric[]
LANGUAGE C IMMUTABLE PARALLEL SAFE COST 1000
AS 'MODULE_PATHNAME', 'affinity_experiment_winsorize';

COMMENT ON FUNCTION affinity.winsorize(affinity.metric[], pg_catalog.float8, pg_catalog.float8) IS
	'metrics of means, where values beyond two quantiles of all of them together are drawn in to these';

CREATE FUNCTION affinity.proportion_interval(
	successes pg_catalog.int8,
	trials pg_catalog.int8,
	confidence pg_catalog.float8 DEFAULT 0.95,
	method pg_catalog.text DEFAULT 'wilson',
	OUT proportion pg_catalog.float8,
	OUT low pg_catalog.float8,
	OUT high pg_catalog.float8)
LANGUAGE C IMMUTABLE PARALLEL SAFE COST 10
AS 'MODULE_PATHNAME', 'affinity_experiment_proportion_interval';

COMMENT ON FUNCTION affinity.proportion_interval(pg_catalog.int8, pg_catalog.int8, pg_catalog.float8, pg_catalog.text) IS
	'a proportion and its interval, by Wilson (wilson) or by Clopper and Pearson (clopper_pearson)';
