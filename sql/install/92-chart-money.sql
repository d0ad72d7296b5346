-- Pictures of value and survival states: see 91-chart-states.sql.

CREATE FUNCTION affinity.chart_revenue_bridge(
	value affinity.value,
	title pg_catalog.text DEFAULT 'Revenue, from one period to the next',
	description pg_catalog.text DEFAULT NULL,
	width pg_catalog.int8 DEFAULT 800,
	as_of affinity.moment DEFAULT NULL)
RETURNS pg_catalog.text
LANGUAGE SQL STABLE PARALLEL SAFE
BEGIN ATOMIC
SELECT affinity.chart_bridge(
	pg_catalog.array_agg(s.label ORDER BY s.n),
	pg_catalog.array_agg(CAST(s.amount AS pg_catalog.float8) ORDER BY s.n),
	pg_catalog.array_agg(s.n OPERATOR(pg_catalog.=) ANY (ARRAY[1, 7]) ORDER BY s.n),
	$2, COALESCE($3, pg_catalog.min(affinity.chart_period_label_core(b.period_start, b.months, b.days))), false, $4)
FROM (
	SELECT r.*,
		pg_catalog.row_number() OVER (ORDER BY r.complete DESC, r.period_start DESC) AS latest,
		pg_catalog.bool_and(r.period_start OPERATOR(pg_catalog.=) pg_catalog.date_trunc('month', r.period_start)) OVER () AS months,
		pg_catalog.bool_and(r.period_start OPERATOR(pg_catalog.=) pg_catalog.date_trunc('day', r.period_start)) OVER () AS days
	FROM affinity.revenue_bridge($1, as_of => $5) r) b
CROSS JOIN LATERAL (VALUES
	(1, 'opening', b.opening), (2, 'new', b.new), (3, 'expansion', b.expansion),
	(4, 'reactivated', b.reactivated),
	(5, 'contraction', OPERATOR(pg_catalog.-) b.contraction),
	(6, 'churned', OPERATOR(pg_catalog.-) b.churned), (7, 'closing', b.closing)) s(n, label, amount)
WHERE b.latest OPERATOR(pg_catalog.=) 1;
END;

COMMENT ON FUNCTION affinity.chart_revenue_bridge(
	affinity.value,
	pg_catalog.text,
	pg_catalog.text,
	pg_catalog.int8,
	affinity.moment) IS
	'the last complete period of revenue_bridge() as a bridge in SVG, named in the description';

CREATE FUNCTION affinity.chart_revenue_moves(
	value affinity.value,
	title pg_catalog.text DEFAULT 'What revenue gains and loses',
	description pg_catalog.text DEFAULT NULL,
	width pg_catalog.int8 DEFAULT 800,
	as_of affinity.moment DEFAULT NULL)
RETURNS pg_catalog.text
LANGUAGE SQL STABLE PARALLEL SAFE
BEGIN ATOMIC
SELECT affinity.chart_stack(
	pg_catalog.array_agg(affinity.chart_period_label_core(b.period_start, b.months, b.days) ORDER BY b.period_start, s.n),
	pg_catalog.array_agg(s.label ORDER BY b.period_start, s.n),
	pg_catalog.array_agg(CAST(s.amount AS pg_catalog.float8) ORDER BY b.period_start, s.n),
	pg_catalog.array_agg(NOT b.complete ORDER BY b.period_start, s.n),
	$2, $3, false, $4)
FROM (
	SELECT r.*,
		pg_catalog.bool_and(r.period_start OPERATOR(pg_catalog.=) pg_catalog.date_trunc('month', r.period_start)) OVER () AS months,
		pg_catalog.bool_and(r.period_start OPERATOR(pg_catalog.=) pg_catalog.date_trunc('day', r.period_start)) OVER () AS days
	FROM affinity.revenue_bridge($1, as_of => $5) r) b
CROSS JOIN LATERAL (VALUES
	(1, 'new', b.new), (2, 'expansion', b.expansion), (3, 'reactivated', b.reactivated),
	(4, 'contraction', OPERATOR(pg_catalog.-) b.contraction),
	(5, 'churned', OPERATOR(pg_catalog.-) b.churned)) s(n, label, amount);
END;

COMMENT ON FUNCTION affinity.chart_revenue_moves(
	affinity.value,
	pg_catalog.text,
	pg_catalog.text,
	pg_catalog.int8,
	affinity.moment) IS
	'revenue_bridge() as stacked bars in SVG: what each period gains above the line, what it loses below';

CREATE FUNCTION affinity.chart_survival(
	states affinity.survival[],
	labels pg_catalog.text[] DEFAULT NULL,
	title pg_catalog.text DEFAULT 'Survival',
	description pg_catalog.text DEFAULT NULL,
	width pg_catalog.int8 DEFAULT 800,
	confidence pg_catalog.float8 DEFAULT 0.95,
	bounds pg_catalog.text DEFAULT 'log',
	x_label pg_catalog.text DEFAULT NULL)
RETURNS pg_catalog.text
LANGUAGE SQL IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
SELECT affinity.chart_lines(
	pg_catalog.array_agg(c.x ORDER BY s.n, c.x),
	pg_catalog.array_agg(c.y ORDER BY s.n, c.x),
	CASE WHEN $2 IS NOT NULL OR pg_catalog.cardinality($1) OPERATOR(pg_catalog.>) 1 THEN
		pg_catalog.array_agg(COALESCE($2[s.n], CAST(s.n AS pg_catalog.text)) ORDER BY s.n, c.x) END,
	pg_catalog.array_agg(c.low ORDER BY s.n, c.x),
	pg_catalog.array_agg(c.high ORDER BY s.n, c.x),
	true, $8, $3, $4, true, $5)
FROM pg_catalog.unnest($1) WITH ORDINALITY s(state, n)
CROSS JOIN LATERAL (
	SELECT CAST(0 AS pg_catalog.float8), CAST(1 AS pg_catalog.float8), CAST(1 AS pg_catalog.float8), CAST(1 AS pg_catalog.float8)
	UNION ALL
	SELECT k."time", k.survival, k.low, k.high FROM affinity.survival_curve(s.state, $6, $7) k) c(x, y, low, high)
WHERE s.state IS NOT NULL;
END;

COMMENT ON FUNCTION affinity.chart_survival(
	affinity.survival[],
	pg_catalog.text[],
	pg_catalog.text,
	pg_catalog.text,
	pg_catalog.int8,
	pg_catalog.float8,
	pg_catalog.text,
	pg_catalog.text) IS
	'survival_curve() of each state as steps in SVG, with its band; labels: what the states are called';

CREATE FUNCTION affinity.chart_survival(
	state affinity.survival,
	title pg_catalog.text DEFAULT 'Survival',
	description pg_catalog.text DEFAULT NULL,
	width pg_catalog.int8 DEFAULT 800,
	confidence pg_catalog.float8 DEFAULT 0.95,
	bounds pg_catalog.text DEFAULT 'log',
	x_label pg_catalog.text DEFAULT NULL)
RETURNS pg_catalog.text
LANGUAGE SQL IMMUTABLE PARALLEL SAFE
RETURN affinity.chart_survival(ARRAY[state], NULL, title, description, width, confidence, bounds, x_label);

COMMENT ON FUNCTION affinity.chart_survival(
	affinity.survival,
	pg_catalog.text,
	pg_catalog.text,
	pg_catalog.int8,
	pg_catalog.float8,
	pg_catalog.text,
	pg_catalog.text) IS
	'the same of one state';
