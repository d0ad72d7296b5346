-- Pictures of series: see 91-chart-states.sql.

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
