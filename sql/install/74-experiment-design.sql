-- Before an experiment and while it runs: who gets which variant, how many units
-- it needs, and whether the variants got as many as they should. C: src/experiment
--
-- What is compared in clusters, as regions or days, is here too: cluster_metric_agg,
-- and did_agg for differences in differences.

CREATE FUNCTION affinity.assignment_hash(
	seed pg_catalog.text,
	value pg_catalog.text,
	version pg_catalog.int8 DEFAULT 2)
RETURNS pg_catalog.float8
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'affinity_experiment_assignment_hash';

COMMENT ON FUNCTION affinity.assignment_hash(pg_catalog.text, pg_catalog.text, pg_catalog.int8) IS
	'where a value falls between 0 and 1 by a seed: the number that GrowthBook''s SDKs compute';

--table unit_id: TYPE | CAST
-- text | text
-- bigint | int8
-- uuid | uuid

--for unit_id
CREATE FUNCTION affinity.assign(
	unit_id pg_catalog.{CAST},
	experiment pg_catalog.text,
	weights pg_catalog.float8[],
	coverage pg_catalog.float8 DEFAULT 1,
	namespace pg_catalog.text DEFAULT '',
	namespace_range pg_catalog.float8[] DEFAULT '{0,1}',
	version pg_catalog.int8 DEFAULT 2)
RETURNS pg_catalog.int4
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'affinity_experiment_assign_{TYPE}';

COMMENT ON FUNCTION affinity.assign(pg_catalog.{CAST}, pg_catalog.text, pg_catalog.float8[], pg_catalog.float8, pg_catalog.text, pg_catalog.float8[], pg_catalog.int8) IS
	'which variant a unit gets, from 0 on, as GrowthBook''s SDKs assign it; NULL: it is not in the experiment';

--end
CREATE FUNCTION affinity.sample_ratio_test(
	observed pg_catalog.int8[],
	expected pg_catalog.float8[],
	method pg_catalog.text DEFAULT 'auto',
	OUT units pg_catalog.int8,
	OUT chi_square pg_catalog.float8,
	OUT df pg_catalog.int8,
	OUT p_value pg_catalog.float8,
	OUT tested_by pg_catalog.text)
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100
AS 'MODULE_PATHNAME', 'affinity_experiment_ratio_test';

COMMENT ON FUNCTION affinity.sample_ratio_test(pg_catalog.int8[], pg_catalog.float8[], pg_catalog.text) IS
	'did the variants get as many units as they should: a small p-value says that the split is broken';

CREATE FUNCTION affinity.sample_size(
	baseline pg_catalog.float8,
	mde pg_catalog.float8,
	std_dev pg_catalog.float8 DEFAULT NULL,
	relative pg_catalog.bool DEFAULT false,
	alpha pg_catalog.float8 DEFAULT 0.05,
	power pg_catalog.float8 DEFAULT 0.8,
	alternative pg_catalog.text DEFAULT 'two_sided',
	ratio pg_catalog.float8 DEFAULT 1,
	comparisons pg_catalog.int8 DEFAULT 1,
	correlation pg_catalog.float8 DEFAULT 0,
	variance_ratio pg_catalog.float8 DEFAULT 1,
	icc pg_catalog.float8 DEFAULT 0,
	cluster_size pg_catalog.float8 DEFAULT 1,
	OUT control pg_catalog.int8,
	OUT treatment pg_catalog.int8,
	OUT total pg_catalog.int8,
	OUT exact pg_catalog.float8)
LANGUAGE C IMMUTABLE PARALLEL SAFE COST 10000
AS 'MODULE_PATHNAME', 'affinity_experiment_sample_size';

COMMENT ON FUNCTION affinity.sample_size(pg_catalog.float8, pg_catalog.float8, pg_catalog.float8, pg_catalog.bool, pg_catalog.float8, pg_catalog.float8, pg_catalog.text, pg_catalog.float8, pg_catalog.int8, pg_catalog.float8, pg_catalog.float8, pg_catalog.float8, pg_catalog.float8) IS
	'how many units an experiment needs to find an effect: of a proportion, or of a mean where std_dev is given';

CREATE FUNCTION affinity.power(
	baseline pg_catalog.float8,
	mde pg_catalog.float8,
	units pg_catalog.float8,
	std_dev pg_catalog.float8 DEFAULT NULL,
	relative pg_catalog.bool DEFAULT false,
	alpha pg_catalog.float8 DEFAULT 0.05,
	alternative pg_catalog.text DEFAULT 'two_sided',
	ratio pg_catalog.float8 DEFAULT 1,
	comparisons pg_catalog.int8 DEFAULT 1,
	correlation pg_catalog.float8 DEFAULT 0,
	variance_ratio pg_catalog.float8 DEFAULT 1,
	icc pg_catalog.float8 DEFAULT 0,
	cluster_size pg_catalog.float8 DEFAULT 1)
RETURNS pg_catalog.float8
LANGUAGE C IMMUTABLE PARALLEL SAFE COST 1000
AS 'MODULE_PATHNAME', 'affinity_experiment_power';

COMMENT ON FUNCTION affinity.power(pg_catalog.float8, pg_catalog.float8, pg_catalog.float8, pg_catalog.float8, pg_catalog.bool, pg_catalog.float8, pg_catalog.text, pg_catalog.float8, pg_catalog.int8, pg_catalog.float8, pg_catalog.float8, pg_catalog.float8, pg_catalog.float8) IS
	'how likely an experiment with so many units of control finds an effect';

CREATE FUNCTION affinity.minimum_detectable_effect(
	baseline pg_catalog.float8,
	units pg_catalog.float8,
	std_dev pg_catalog.float8 DEFAULT NULL,
	relative pg_catalog.bool DEFAULT false,
	alpha pg_catalog.float8 DEFAULT 0.05,
	power pg_catalog.float8 DEFAULT 0.8,
	alternative pg_catalog.text DEFAULT 'two_sided',
	ratio pg_catalog.float8 DEFAULT 1,
	comparisons pg_catalog.int8 DEFAULT 1,
	correlation pg_catalog.float8 DEFAULT 0,
	variance_ratio pg_catalog.float8 DEFAULT 1,
	icc pg_catalog.float8 DEFAULT 0,
	cluster_size pg_catalog.float8 DEFAULT 1)
RETURNS pg_catalog.float8
LANGUAGE C IMMUTABLE PARALLEL SAFE COST 10000
AS 'MODULE_PATHNAME', 'affinity_experiment_detectable';

COMMENT ON FUNCTION affinity.minimum_detectable_effect(pg_catalog.float8, pg_catalog.float8, pg_catalog.float8, pg_catalog.bool, pg_catalog.float8, pg_catalog.float8, pg_catalog.text, pg_catalog.float8, pg_catalog.int8, pg_catalog.float8, pg_catalog.float8, pg_catalog.float8, pg_catalog.float8) IS
	'the least effect that an experiment with so many units of control finds; NULL: no proportion is far enough away';

--table cluster_type: STATE | MADE_BY | ANSWER
-- cluster_metric | cluster_metric_agg | sums of a metric by cluster: made by cluster_metric_agg, read by cluster_experiment
-- did | did_agg | sums of a metric by cluster, before and after, treated or not: made by did_agg, read by difference_in_differences

--for cluster_type
CREATE TYPE affinity.{STATE};

CREATE FUNCTION affinity.{STATE}_in(pg_catalog.cstring)
RETURNS affinity.{STATE}
LANGUAGE C STABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'affinity_experiment_{STATE}_in';

COMMENT ON FUNCTION affinity.{STATE}_in(pg_catalog.cstring) IS
	'input of type {STATE}: base64; 22P03 unless every part of the state is sound';

CREATE FUNCTION affinity.{STATE}_out(affinity.{STATE})
RETURNS pg_catalog.cstring
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'affinity_experiment_cluster_out';

COMMENT ON FUNCTION affinity.{STATE}_out(affinity.{STATE}) IS
	'output of type {STATE}: base64';

CREATE FUNCTION affinity.{STATE}_recv(pg_catalog.internal)
RETURNS affinity.{STATE}
LANGUAGE C STABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'affinity_experiment_{STATE}_recv';

COMMENT ON FUNCTION affinity.{STATE}_recv(pg_catalog.internal) IS
	'binary input of type {STATE}, checked as its text is';

CREATE FUNCTION affinity.{STATE}_send(affinity.{STATE})
RETURNS pg_catalog.bytea
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'affinity_experiment_cluster_send';

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
AS 'MODULE_PATHNAME', 'affinity_experiment_cluster_combine';

COMMENT ON FUNCTION affinity.{STATE}_combine(affinity.{STATE}, affinity.{STATE}) IS
	'combine function of {MADE_BY}';

CREATE FUNCTION affinity.{STATE}_final(affinity.{STATE})
RETURNS affinity.{STATE}
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100
AS 'MODULE_PATHNAME', 'affinity_experiment_cluster_finish';

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

--end
--table cluster_value: VALUE | WHAT
-- float8 | a number
-- bool | whether it happened

--for cluster_value
CREATE FUNCTION affinity.cluster_metric_accum(affinity.cluster_metric, pg_catalog.{VALUE}, pg_catalog."any")
RETURNS affinity.cluster_metric
LANGUAGE C IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'affinity_experiment_cluster_accum';

COMMENT ON FUNCTION affinity.cluster_metric_accum(affinity.cluster_metric, pg_catalog.{VALUE}, pg_catalog."any") IS
	'transition function of cluster_metric_agg';

CREATE AGGREGATE affinity.cluster_metric_agg(value pg_catalog.{VALUE}, cluster pg_catalog."any") (
	SFUNC = affinity.cluster_metric_accum,
	STYPE = affinity.cluster_metric,
	SSPACE = 600,
	FINALFUNC = affinity.cluster_metric_final,
	COMBINEFUNC = affinity.cluster_metric_combine,
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE affinity.cluster_metric_agg(pg_catalog.{VALUE}, pg_catalog."any") IS
	'the metric of an arm whose units were assigned in clusters, or share days or regions: {WHAT} of each unit';

CREATE FUNCTION affinity.did_accum(affinity.did, pg_catalog.{VALUE}, pg_catalog.bool, pg_catalog.bool, pg_catalog."any")
RETURNS affinity.did
LANGUAGE C IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'affinity_experiment_cluster_accum';

COMMENT ON FUNCTION affinity.did_accum(affinity.did, pg_catalog.{VALUE}, pg_catalog.bool, pg_catalog.bool, pg_catalog."any") IS
	'transition function of did_agg';

CREATE AGGREGATE affinity.did_agg(value pg_catalog.{VALUE}, treated pg_catalog.bool, after pg_catalog.bool, cluster pg_catalog."any") (
	SFUNC = affinity.did_accum,
	STYPE = affinity.did,
	SSPACE = 1600,
	FINALFUNC = affinity.did_final,
	COMBINEFUNC = affinity.did_combine,
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE affinity.did_agg(pg_catalog.{VALUE}, pg_catalog.bool, pg_catalog.bool, pg_catalog."any") IS
	'a metric before and after a change, where it was made and where not: {WHAT} of each unit';

--end
CREATE FUNCTION affinity.cluster_experiment(
	variant pg_catalog.text[],
	metric affinity.cluster_metric[],
	control pg_catalog.text DEFAULT 'A',
	confidence pg_catalog.float8 DEFAULT 0.95)
RETURNS TABLE (
	name pg_catalog.text,
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
	lift pg_catalog.float8,
	lift_low pg_catalog.float8,
	lift_high pg_catalog.float8)
LANGUAGE C IMMUTABLE PARALLEL SAFE COST 1000 ROWS 3
AS 'MODULE_PATHNAME', 'affinity_experiment_cluster_test';

COMMENT ON FUNCTION affinity.cluster_experiment(pg_catalog.text[], affinity.cluster_metric[], pg_catalog.text, pg_catalog.float8) IS
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
AS 'MODULE_PATHNAME', 'affinity_experiment_did';

COMMENT ON FUNCTION affinity.difference_in_differences(affinity.did, pg_catalog.float8) IS
	'how much more the treated changed than the others, with cluster-robust errors';
