-- Pictures of a state: its report, drawn by the functions of 90-chart.sql.

CREATE FUNCTION affinity.chart_period_label_core(
	period pg_catalog.timestamp,
	months pg_catalog.bool,
	days pg_catalog.bool)
RETURNS pg_catalog.text
LANGUAGE SQL STABLE PARALLEL SAFE
RETURN pg_catalog.to_char(period, CASE
	WHEN months THEN 'YYYY-MM' WHEN days THEN 'YYYY-MM-DD' ELSE 'YYYY-MM-DD HH24:MI' END);

COMMENT ON FUNCTION affinity.chart_period_label_core(
	pg_catalog.timestamp,
	pg_catalog.bool,
	pg_catalog.bool) IS
	'a period as pictures name it; months, days: all periods of the picture begin with one';

GRANT EXECUTE ON FUNCTION affinity.chart_period_label_core(
	pg_catalog.timestamp,
	pg_catalog.bool,
	pg_catalog.bool) TO PUBLIC;

CREATE FUNCTION affinity.chart_retention(
	activity affinity.activity,
	title pg_catalog.text DEFAULT 'Retention by cohort',
	description pg_catalog.text DEFAULT NULL,
	width pg_catalog.int8 DEFAULT 800,
	as_of affinity.moment DEFAULT NULL,
	criterion pg_catalog.text DEFAULT 'on',
	max_period pg_catalog.int8 DEFAULT NULL,
	cohorts_from affinity.moment DEFAULT NULL,
	cohorts_before affinity.moment DEFAULT NULL)
RETURNS pg_catalog.text
LANGUAGE SQL STABLE PARALLEL SAFE
BEGIN ATOMIC
SELECT affinity.chart_heat_map(
	pg_catalog.array_agg(affinity.chart_period_label_core(c.cohort, c.months, c.days)
		OPERATOR(pg_catalog.||) ' (' OPERATOR(pg_catalog.||) CAST(c.cohort_size AS pg_catalog.text)
		OPERATOR(pg_catalog.||) ')' ORDER BY c.cohort, c.period),
	pg_catalog.array_agg(CAST(c.period AS pg_catalog.text) ORDER BY c.cohort, c.period),
	pg_catalog.array_agg(c.rate ORDER BY c.cohort, c.period),
	pg_catalog.array_agg(NOT c.complete ORDER BY c.cohort, c.period),
	$2, $3, true, $4)
FROM (
	SELECT r.cohort, r.cohort_size, r.period, r.rate, r.complete,
		pg_catalog.bool_and(r.cohort OPERATOR(pg_catalog.=) pg_catalog.date_trunc('month', r.cohort)) OVER () AS months,
		pg_catalog.bool_and(r.cohort OPERATOR(pg_catalog.=) pg_catalog.date_trunc('day', r.cohort)) OVER () AS days
	FROM affinity.retention($1, as_of => $5, criterion => $6, max_period => $7,
		cohorts_from => $8, cohorts_before => $9) r) c
WHERE c.period OPERATOR(pg_catalog.>) 0;
END;

COMMENT ON FUNCTION affinity.chart_retention(
	affinity.activity,
	pg_catalog.text,
	pg_catalog.text,
	pg_catalog.int8,
	affinity.moment,
	pg_catalog.text,
	pg_catalog.int8,
	affinity.moment,
	affinity.moment) IS
	'the cohort triangle of retention() as a heat map in SVG: cohorts with their sizes, periods from 1 on';

CREATE FUNCTION affinity.chart_retention_curve(
	activity affinity.activity,
	title pg_catalog.text DEFAULT 'Retention',
	description pg_catalog.text DEFAULT NULL,
	width pg_catalog.int8 DEFAULT 800,
	as_of affinity.moment DEFAULT NULL,
	criterion pg_catalog.text DEFAULT 'on',
	max_period pg_catalog.int8 DEFAULT NULL,
	cohorts_from affinity.moment DEFAULT NULL,
	cohorts_before affinity.moment DEFAULT NULL)
RETURNS pg_catalog.text
LANGUAGE SQL STABLE PARALLEL SAFE
BEGIN ATOMIC
SELECT affinity.chart_lines(
	pg_catalog.array_agg(CAST(c.period AS pg_catalog.float8) ORDER BY c.period),
	pg_catalog.array_agg(c.rate ORDER BY c.period),
	low => pg_catalog.array_agg(c.rate_low ORDER BY c.period),
	high => pg_catalog.array_agg(c.rate_high ORDER BY c.period),
	x_label => 'periods since the start', title => $2, description => $3, percent => true, width => $4)
FROM affinity.retention_curve($1, as_of => $5, criterion => $6, max_period => $7,
	cohorts_from => $8, cohorts_before => $9) c;
END;

COMMENT ON FUNCTION affinity.chart_retention_curve(
	affinity.activity,
	pg_catalog.text,
	pg_catalog.text,
	pg_catalog.int8,
	affinity.moment,
	pg_catalog.text,
	pg_catalog.int8,
	affinity.moment,
	affinity.moment) IS
	'retention_curve() in SVG, with the band of its bounds';

CREATE FUNCTION affinity.chart_lifecycle(
	activity affinity.activity,
	title pg_catalog.text DEFAULT 'Users by their past',
	description pg_catalog.text DEFAULT NULL,
	width pg_catalog.int8 DEFAULT 800,
	as_of affinity.moment DEFAULT NULL)
RETURNS pg_catalog.text
LANGUAGE SQL STABLE PARALLEL SAFE
BEGIN ATOMIC
SELECT affinity.chart_stack(
	pg_catalog.array_agg(affinity.chart_period_label_core(l.period_start, l.months, l.days) ORDER BY l.period_start, s.n),
	pg_catalog.array_agg(s.series ORDER BY l.period_start, s.n),
	pg_catalog.array_agg(CAST(s.users AS pg_catalog.float8) ORDER BY l.period_start, s.n),
	pg_catalog.array_agg(NOT l.complete ORDER BY l.period_start, s.n),
	$2, $3, false, $4)
FROM (
	SELECT r.*,
		pg_catalog.bool_and(r.period_start OPERATOR(pg_catalog.=) pg_catalog.date_trunc('month', r.period_start)) OVER () AS months,
		pg_catalog.bool_and(r.period_start OPERATOR(pg_catalog.=) pg_catalog.date_trunc('day', r.period_start)) OVER () AS days
	FROM affinity.lifecycle($1, as_of => $5) r) l
CROSS JOIN LATERAL (VALUES
	(1, 'returning', l.returning_users), (2, 'new', l.new_users),
	(3, 'resurrecting', l.resurrecting_users),
	(4, 'dormant', OPERATOR(pg_catalog.-) l.dormant_users)) s(n, series, users);
END;

COMMENT ON FUNCTION affinity.chart_lifecycle(
	affinity.activity,
	pg_catalog.text,
	pg_catalog.text,
	pg_catalog.int8,
	affinity.moment) IS
	'lifecycle() as stacked bars in SVG: returning, new and resurrecting users, dormant ones below the line';

CREATE FUNCTION affinity.chart_funnel(
	funnel affinity.funnel,
	labels pg_catalog.text[] DEFAULT NULL,
	title pg_catalog.text DEFAULT 'Funnel',
	description pg_catalog.text DEFAULT NULL,
	width pg_catalog.int8 DEFAULT 800)
RETURNS pg_catalog.text
LANGUAGE SQL IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
SELECT affinity.chart_funnel(
	pg_catalog.array_agg(COALESCE($2[s.step], 'step ' OPERATOR(pg_catalog.||) CAST(s.step AS pg_catalog.text)) ORDER BY s.step),
	pg_catalog.array_agg(CAST(s.users AS pg_catalog.float8) ORDER BY s.step),
	$3, $4, false, $5)
FROM affinity.funnel_steps($1) s;
END;

COMMENT ON FUNCTION affinity.chart_funnel(
	affinity.funnel,
	pg_catalog.text[],
	pg_catalog.text,
	pg_catalog.text,
	pg_catalog.int8) IS
	'funnel_steps() as bars in SVG; labels: what the steps are called, the first first';
