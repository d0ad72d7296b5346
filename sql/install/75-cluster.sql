-- Arms whose units come in clusters, as regions, shops or days: cluster_metric_agg, and
-- did_agg for differences in differences. C: src/cluster

--table cluster_type: STATE | MADE_BY | SYMBOL | ANSWER
-- cluster_metric | cluster_metric_agg | affinity_cluster_metric | sums of a metric by cluster: made by cluster_metric_agg, read by cluster_experiment
-- did | did_agg | affinity_cluster_did | sums of a metric by cluster, before and after, treated or not: made by did_agg, read by difference_in_differences

--for cluster_type
CREATE TYPE affinity.{STATE};

CREATE FUNCTION affinity.{STATE}_in(pg_catalog.cstring)
RETURNS affinity.{STATE}
LANGUAGE C STABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', '{SYMBOL}_in';

COMMENT ON FUNCTION affinity.{STATE}_in(pg_catalog.cstring) IS
	'input of type {STATE}: base64; 22P03 unless every part of the state is sound';

CREATE FUNCTION affinity.{STATE}_out(affinity.{STATE})
RETURNS pg_catalog.cstring
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'affinity_cluster_out';

COMMENT ON FUNCTION affinity.{STATE}_out(affinity.{STATE}) IS
	'output of type {STATE}: base64';

CREATE FUNCTION affinity.{STATE}_recv(pg_catalog.internal)
RETURNS affinity.{STATE}
LANGUAGE C STABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', '{SYMBOL}_recv';

COMMENT ON FUNCTION affinity.{STATE}_recv(pg_catalog.internal) IS
	'binary input of type {STATE}, checked as its text is';

CREATE FUNCTION affinity.{STATE}_send(affinity.{STATE})
RETURNS pg_catalog.bytea
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'affinity_cluster_send';

COMMENT ON FUNCTION affinity.{STATE}_send(affinity.{STATE}) IS
	'binary output of type {STATE}';

CREATE TYPE affinity.{STATE} (
	INPUT = affinity.{STATE}_in,
	OUTPUT = affinity.{STATE}_out,
	RECEIVE = affinity.{STATE}_recv,
	SEND = affinity.{STATE}_send,
	INTERNALLENGTH = VARIABLE,
	ALIGNMENT = double,
	STORAGE = extended
);

COMMENT ON TYPE affinity.{STATE} IS
	'{ANSWER}';

CREATE FUNCTION affinity.{STATE}_combine(affinity.{STATE}, affinity.{STATE})
RETURNS affinity.{STATE}
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100
AS 'MODULE_PATHNAME', 'affinity_cluster_combine';

COMMENT ON FUNCTION affinity.{STATE}_combine(affinity.{STATE}, affinity.{STATE}) IS
	'combine function of {MADE_BY}';

CREATE FUNCTION affinity.{STATE}_final(affinity.{STATE})
RETURNS affinity.{STATE}
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100
AS 'MODULE_PATHNAME', 'affinity_cluster_finish';

COMMENT ON FUNCTION affinity.{STATE}_final(affinity.{STATE}) IS
	'final function of {MADE_BY}';

CREATE AGGREGATE affinity.rollup({STATE} affinity.{STATE}) (
	SFUNC = affinity.{STATE}_combine,
	STYPE = affinity.{STATE},
	SSPACE = 600,
	FINALFUNC = affinity.{STATE}_final,
	COMBINEFUNC = affinity.{STATE}_combine,
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE affinity.rollup(affinity.{STATE}) IS
	'merges {STATE} states exactly: the same state as one aggregate over all their rows';

CREATE FUNCTION affinity.rollup({STATE} affinity.{STATE}, other affinity.{STATE})
RETURNS affinity.{STATE}
LANGUAGE C IMMUTABLE PARALLEL SAFE COST 100
AS 'MODULE_PATHNAME', 'affinity_cluster_rollup';

COMMENT ON FUNCTION affinity.rollup(affinity.{STATE}, affinity.{STATE}) IS
	'merges two {STATE} states exactly; NULL is a state without rows';

--end
--table cluster_value: VALUE | WHAT
-- float8 | a number
-- bool | whether it happened

-- Clusters are of exact types, and "any" for others, as users are in 40-activity.sql.

--table cluster_id: CLUSTER
-- int2
-- int4
-- int8
-- uuid
-- text
-- "char"
-- "any"

--for cluster_value cluster_id
CREATE FUNCTION affinity.cluster_metric_accum(affinity.cluster_metric, pg_catalog.{VALUE}, pg_catalog.{CLUSTER})
RETURNS affinity.cluster_metric
LANGUAGE C IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'affinity_cluster_accum';

COMMENT ON FUNCTION affinity.cluster_metric_accum(affinity.cluster_metric, pg_catalog.{VALUE}, pg_catalog.{CLUSTER}) IS
	'transition function of cluster_metric_agg';

CREATE AGGREGATE affinity.cluster_metric_agg(value pg_catalog.{VALUE}, cluster pg_catalog.{CLUSTER}) (
	SFUNC = affinity.cluster_metric_accum,
	STYPE = affinity.cluster_metric,
	SSPACE = 600,
	FINALFUNC = affinity.cluster_metric_final,
	COMBINEFUNC = affinity.cluster_metric_combine,
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE affinity.cluster_metric_agg(pg_catalog.{VALUE}, pg_catalog.{CLUSTER}) IS
	'the metric of an arm whose units were assigned in clusters, or share days or regions: {WHAT} of each unit';

CREATE FUNCTION affinity.did_accum(affinity.did, pg_catalog.{VALUE}, pg_catalog.bool, pg_catalog.bool, pg_catalog.{CLUSTER})
RETURNS affinity.did
LANGUAGE C IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'affinity_cluster_accum';

COMMENT ON FUNCTION affinity.did_accum(affinity.did, pg_catalog.{VALUE}, pg_catalog.bool, pg_catalog.bool, pg_catalog.{CLUSTER}) IS
	'transition function of did_agg';

CREATE AGGREGATE affinity.did_agg(value pg_catalog.{VALUE}, treated pg_catalog.bool, after pg_catalog.bool, cluster pg_catalog.{CLUSTER}) (
	SFUNC = affinity.did_accum,
	STYPE = affinity.did,
	SSPACE = 1600,
	FINALFUNC = affinity.did_final,
	COMBINEFUNC = affinity.did_combine,
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE affinity.did_agg(pg_catalog.{VALUE}, pg_catalog.bool, pg_catalog.bool, pg_catalog.{CLUSTER}) IS
	'a metric before and after a change, where it was made and where not: {WHAT} of each unit';

--end
CREATE FUNCTION affinity.cluster_experiment(
	variants pg_catalog.text[],
	metrics affinity.cluster_metric[],
	control pg_catalog.text DEFAULT NULL,
	confidence pg_catalog.float8 DEFAULT 0.95,
	alternative pg_catalog.text DEFAULT 'two_sided',
	adjust pg_catalog.text DEFAULT 'holm')
RETURNS TABLE (
	variant pg_catalog.text,
	units pg_catalog.int8,
	clusters pg_catalog.int8,
	mean pg_catalog.float8,
	control_mean pg_catalog.float8,
	difference pg_catalog.float8,
	std_error pg_catalog.float8,
	df pg_catalog.float8,
	low pg_catalog.float8,
	high pg_catalog.float8,
	p_value pg_catalog.float8,
	p_adjusted pg_catalog.float8,
	lift pg_catalog.float8,
	lift_low pg_catalog.float8,
	lift_high pg_catalog.float8)
LANGUAGE C IMMUTABLE PARALLEL SAFE COST 1000 ROWS 3
AS 'MODULE_PATHNAME', 'affinity_cluster_test';

COMMENT ON FUNCTION affinity.cluster_experiment(pg_catalog.text[], affinity.cluster_metric[], pg_catalog.text, pg_catalog.float8, pg_catalog.text, pg_catalog.text) IS
	'did it work, where units of a cluster are alike: differences from the control with cluster-robust errors';

CREATE FUNCTION affinity.difference_in_differences(
	state affinity.did,
	confidence pg_catalog.float8 DEFAULT 0.95,
	OUT units pg_catalog.int8,
	OUT clusters pg_catalog.int8,
	OUT treated_before pg_catalog.float8,
	OUT treated_after pg_catalog.float8,
	OUT control_before pg_catalog.float8,
	OUT control_after pg_catalog.float8,
	OUT estimate pg_catalog.float8,
	OUT std_error pg_catalog.float8,
	OUT df pg_catalog.float8,
	OUT low pg_catalog.float8,
	OUT high pg_catalog.float8,
	OUT p_value pg_catalog.float8)
LANGUAGE C IMMUTABLE PARALLEL SAFE COST 1000
AS 'MODULE_PATHNAME', 'affinity_cluster_did';

COMMENT ON FUNCTION affinity.difference_in_differences(affinity.did, pg_catalog.float8) IS
	'how much more the treated changed than the others, with cluster-robust errors';
