-- Each variant of an experiment against the control. C: src/experiment

--table experiment: NAME | STRATA | STRATA_TYPE | SYMBOL | ANSWER
-- experiment | | | affinity_experiment_report | each variant against the control: difference and lift with intervals, p-values, chance to beat, expected loss
-- experiment_stratified | strata pg_catalog.text[], | pg_catalog.text[], | affinity_experiment_stratified | the same where each variant has a metric in each stratum: post-stratified

--for experiment
CREATE FUNCTION affinity.{NAME}(
	variants pg_catalog.text[],
	{STRATA} metrics affinity.metric[],
	control pg_catalog.text DEFAULT NULL,
	method pg_catalog.text DEFAULT 'welch',
	confidence pg_catalog.float8 DEFAULT 0.95,
	alternative pg_catalog.text DEFAULT 'two_sided',
	adjust pg_catalog.text DEFAULT 'holm',
	effect pg_catalog.text DEFAULT 'difference',
	lift_interval pg_catalog.text DEFAULT 'auto',
	z_interval pg_catalog.text DEFAULT 'newcombe',
	theta pg_catalog.text DEFAULT 'pooled',
	horizon pg_catalog.float8 DEFAULT 5000,
	tau pg_catalog.float8 DEFAULT NULL,
	prior_mean pg_catalog.float8 DEFAULT 0,
	prior_sd pg_catalog.float8 DEFAULT NULL,
	prior_alpha pg_catalog.float8 DEFAULT 1,
	prior_beta pg_catalog.float8 DEFAULT 1)
RETURNS TABLE (
	variant pg_catalog.text,
	units pg_catalog.int8,
	mean pg_catalog.float8,
	control_mean pg_catalog.float8,
	difference pg_catalog.float8,
	low pg_catalog.float8,
	high pg_catalog.float8,
	lift pg_catalog.float8,
	lift_low pg_catalog.float8,
	lift_high pg_catalog.float8,
	p_value pg_catalog.float8,
	p_adjusted pg_catalog.float8,
	chance_to_beat pg_catalog.float8,
	expected_loss pg_catalog.float8,
	significant pg_catalog.bool)
LANGUAGE C IMMUTABLE PARALLEL SAFE COST 1000 ROWS 3
AS 'MODULE_PATHNAME', '{SYMBOL}';

COMMENT ON FUNCTION affinity.{NAME}(pg_catalog.text[], {STRATA_TYPE} affinity.metric[], pg_catalog.text, pg_catalog.text, pg_catalog.float8, pg_catalog.text, pg_catalog.text, pg_catalog.text, pg_catalog.text, pg_catalog.text, pg_catalog.text, pg_catalog.float8, pg_catalog.float8, pg_catalog.float8, pg_catalog.float8, pg_catalog.float8, pg_catalog.float8) IS
	'{ANSWER}';

--end
