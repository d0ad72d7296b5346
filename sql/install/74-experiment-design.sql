-- Before an experiment and while it runs: who gets which variant, how many units
-- it needs, and whether the variants got as many as they should. C: src/design

CREATE FUNCTION affinity.assignment_hash(
	seed pg_catalog.text,
	value pg_catalog.text,
	version pg_catalog.int8 DEFAULT 2)
RETURNS pg_catalog.float8
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'affinity_design_assignment_hash';

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
AS 'MODULE_PATHNAME', 'affinity_design_assign_{TYPE}';

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
AS 'MODULE_PATHNAME', 'affinity_design_ratio_test';

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
AS 'MODULE_PATHNAME', 'affinity_design_sample_size';

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
AS 'MODULE_PATHNAME', 'affinity_design_power';

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
AS 'MODULE_PATHNAME', 'affinity_design_detectable';

COMMENT ON FUNCTION affinity.minimum_detectable_effect(pg_catalog.float8, pg_catalog.float8, pg_catalog.float8, pg_catalog.bool, pg_catalog.float8, pg_catalog.float8, pg_catalog.text, pg_catalog.float8, pg_catalog.int8, pg_catalog.float8, pg_catalog.float8, pg_catalog.float8, pg_catalog.float8) IS
	'the least effect that an experiment with so many units of control finds; NULL: no proportion is far enough away';
