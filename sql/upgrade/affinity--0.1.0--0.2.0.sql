-- From 0.1.0. Made by test/upgrade; sql/upgrade/README.md says how it is kept.
\echo Use "ALTER EXTENSION affinity UPDATE" to load this file. \quit

ALTER FUNCTION affinity.cluster_experiment(pg_catalog.text[], affinity.cluster_metric[], pg_catalog.text, pg_catalog.float8) RENAME TO cluster_experiment_of_0_1_0;

CREATE FUNCTION affinity.upgrade_model(name pg_catalog.text)
RETURNS pg_catalog.text
LANGUAGE C VOLATILE PARALLEL UNSAFE COST 1000000
AS 'MODULE_PATHNAME', 'affinity_renew_upgrade_model';

COMMENT ON FUNCTION affinity.upgrade_model(pg_catalog.text) IS
	'brings functions and views of a model to this version of the extension, without training; what was done';

CREATE FUNCTION affinity.value_range_mistake(affinity.value, pg_catalog."any", affinity.span, pg_catalog.float8, pg_catalog."any", pg_catalog.bool)
RETURNS affinity.value
LANGUAGE C STABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'affinity_revenue_range_mistake';

COMMENT ON FUNCTION affinity.value_range_mistake(affinity.value, pg_catalog."any", affinity.span, pg_catalog.float8, pg_catalog."any", pg_catalog.bool) IS
	'transition function of a mistaken call of value_agg';

CREATE AGGREGATE affinity.value_agg(user_id pg_catalog."any", during affinity.span, amount pg_catalog.float8, unit pg_catalog."any", is_start pg_catalog.bool) (
	SFUNC = affinity.value_range_mistake,
	STYPE = affinity.value,
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE affinity.value_agg(pg_catalog."any", affinity.span, pg_catalog.float8, pg_catalog."any", pg_catalog.bool) IS
	'a mistaken call of value_agg: the error says what to write instead';

CREATE FUNCTION affinity.value_range_mistake(affinity.value, pg_catalog."any", affinity.span, pg_catalog.float8, pg_catalog."any", pg_catalog."any", pg_catalog.bool)
RETURNS affinity.value
LANGUAGE C STABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'affinity_revenue_range_mistake';

COMMENT ON FUNCTION affinity.value_range_mistake(affinity.value, pg_catalog."any", affinity.span, pg_catalog.float8, pg_catalog."any", pg_catalog."any", pg_catalog.bool) IS
	'transition function of a mistaken call of value_agg';

CREATE AGGREGATE affinity.value_agg(user_id pg_catalog."any", during affinity.span, amount pg_catalog.float8, unit pg_catalog."any", time_zone pg_catalog."any", is_start pg_catalog.bool) (
	SFUNC = affinity.value_range_mistake,
	STYPE = affinity.value,
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE affinity.value_agg(pg_catalog."any", affinity.span, pg_catalog.float8, pg_catalog."any", pg_catalog."any", pg_catalog.bool) IS
	'a mistaken call of value_agg: the error says what to write instead';

CREATE FUNCTION affinity.value_range_mistake(affinity.value, pg_catalog."any", affinity.span, pg_catalog.float8, pg_catalog."any", pg_catalog."any", pg_catalog."any", pg_catalog.bool)
RETURNS affinity.value
LANGUAGE C STABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'affinity_revenue_range_mistake';

COMMENT ON FUNCTION affinity.value_range_mistake(affinity.value, pg_catalog."any", affinity.span, pg_catalog.float8, pg_catalog."any", pg_catalog."any", pg_catalog."any", pg_catalog.bool) IS
	'transition function of a mistaken call of value_agg';

CREATE AGGREGATE affinity.value_agg(user_id pg_catalog."any", during affinity.span, amount pg_catalog.float8, unit pg_catalog."any", time_zone pg_catalog."any", counted pg_catalog."any", is_start pg_catalog.bool) (
	SFUNC = affinity.value_range_mistake,
	STYPE = affinity.value,
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE affinity.value_agg(pg_catalog."any", affinity.span, pg_catalog.float8, pg_catalog."any", pg_catalog."any", pg_catalog."any", pg_catalog.bool) IS
	'a mistaken call of value_agg: the error says what to write instead';

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

CREATE FUNCTION affinity.chart_forecast(
	series affinity.series,
	horizon pg_catalog.int8,
	title pg_catalog.text DEFAULT 'What comes next',
	description pg_catalog.text DEFAULT NULL,
	width pg_catalog.int8 DEFAULT 800,
	model pg_catalog.text DEFAULT 'auto',
	season pg_catalog.int8 DEFAULT NULL,
	confidence pg_catalog.float8 DEFAULT 0.95,
	fill pg_catalog.text DEFAULT 'missing',
	until affinity.moment DEFAULT NULL,
	history pg_catalog.int8 DEFAULT NULL)
RETURNS pg_catalog.text
LANGUAGE SQL STABLE PARALLEL SAFE
BEGIN ATOMIC
WITH past AS (
	SELECT COALESCE(CAST(pg_catalog.extract('epoch', a.period) AS pg_catalog.float8), CAST(a.number AS pg_catalog.float8)) AS x,
		a.value AS y, a.period IS NOT NULL AS is_time,
		pg_catalog.row_number() OVER (ORDER BY a.period DESC, a.number DESC) AS latest
	FROM affinity.anomaly($1, model => 'naive', season => 1, fill => $9, until => $10) a),
ahead AS (
	SELECT f.* FROM affinity.forecast($1, $2, model => $6, season => $7, confidence => $8, fill => $9, until => $10) f),
points(n, series, x, y, low, high, is_time) AS (
	SELECT 1, 'history', p.x, p.y, CAST(NULL AS pg_catalog.float8), CAST(NULL AS pg_catalog.float8), p.is_time
	FROM past p
	WHERE COALESCE(p.latest OPERATOR(pg_catalog.<=) $11, true)
	UNION ALL
	-- the forecast goes on from the last value
	(SELECT 2, 'forecast', p.x, p.y, p.y, p.y, p.is_time
	FROM past p
	WHERE p.y IS NOT NULL AND COALESCE(p.latest OPERATOR(pg_catalog.<=) $11, true)
	ORDER BY p.latest LIMIT 1)
	UNION ALL
	SELECT 2, 'forecast',
		COALESCE(CAST(pg_catalog.extract('epoch', a.period) AS pg_catalog.float8), CAST(a.number AS pg_catalog.float8)),
		a.value, a.low, a.high, a.period IS NOT NULL
	FROM ahead a)
SELECT affinity.chart_lines_core(
	pg_catalog.array_agg(p.x ORDER BY p.n, p.x),
	pg_catalog.array_agg(p.y ORDER BY p.n, p.x),
	pg_catalog.array_agg(p.series ORDER BY p.n, p.x),
	pg_catalog.array_agg(p.low ORDER BY p.n, p.x),
	pg_catalog.array_agg(p.high ORDER BY p.n, p.x),
	false, pg_catalog.bool_or(p.is_time), NULL, $3,
	COALESCE($4, 'The band is the interval of ' OPERATOR(pg_catalog.||) CAST(pg_catalog.trim_scale(
		pg_catalog.round(CAST(100 OPERATOR(pg_catalog.*) $8 AS pg_catalog.numeric), 4)) AS pg_catalog.text)
		OPERATOR(pg_catalog.||) ' %.'),
	false, $5)
FROM points p;
END;

COMMENT ON FUNCTION affinity.chart_forecast(
	affinity.series,
	pg_catalog.int8,
	pg_catalog.text,
	pg_catalog.text,
	pg_catalog.int8,
	pg_catalog.text,
	pg_catalog.int8,
	pg_catalog.float8,
	pg_catalog.text,
	affinity.moment,
	pg_catalog.int8) IS
	'a series and its forecast() in SVG, with the band of its interval; history: only so many periods of the past';

-- What stepped aside goes, unless somebody has built on it: that then belongs to this
-- database and no longer to the extension, so that dumps have it.
DO $$
DECLARE
	former pg_catalog.text;
	others pg_catalog.text;
BEGIN
	FOREACH former IN ARRAY ARRAY[
		'FUNCTION affinity.cluster_experiment_of_0_1_0(pg_catalog.text[], affinity.cluster_metric[], pg_catalog.text, pg_catalog.float8)']
	LOOP
		BEGIN
			EXECUTE 'DROP ' || former;
		EXCEPTION WHEN dependent_objects_still_exist THEN
			GET STACKED DIAGNOSTICS others = PG_EXCEPTION_DETAIL;
			EXECUTE 'ALTER EXTENSION affinity DROP ' || former;
			RAISE WARNING '% stays', former
				USING DETAIL = others, HINT = 'Build on what is in its place now; then: DROP ' || former || ';';
		END;
	END LOOP;
END;
$$;

-- Models get the functions of this version, each as its owner; what fails is a warning.
SELECT FROM affinity.upgrade_models();
