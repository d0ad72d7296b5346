-- Retention on data that may not be part of the project: check-ins in two time
-- zones across changes of daylight saving time against plain SQL, and CDNOW
-- against its published tables. Skipped where ../shared/data is not there.
\set ON_ERROR_STOP on
\set checkins `test -f ../shared/data/checkins/checkins.csv.xz && echo true || echo false`
\set cdnow `test -f ../shared/data/cdnow/purchases.csv.xz && echo true || echo false`
BEGIN;
SET LOCAL jit = off;
SELECT plan(11);

\if :checkins
CREATE TEMP TABLE raw (user_id int, item_id int, ts bigint);
\copy raw FROM PROGRAM 'xz -dc ../shared/data/checkins/checkins.csv.xz' CSV HEADER
CREATE TEMP TABLE checkins AS SELECT user_id, to_timestamp(ts) AS at FROM raw;
ANALYZE checkins;
CREATE FUNCTION pg_temp.difference(unit text, zone text) RETURNS bigint LANGUAGE sql AS $$
	WITH active AS MATERIALIZED (
		SELECT DISTINCT user_id, date_trunc(unit, at AT TIME ZONE zone) AS p FROM checkins
	), first AS (
		SELECT user_id, min(p) AS cohort FROM active GROUP BY 1
	), size AS (
		SELECT cohort, count(*) AS n FROM first GROUP BY 1
	), last AS (
		SELECT max(at) AT TIME ZONE zone AS at FROM checkins
	), cell AS (
		SELECT cohort, p, count(*) AS n FROM first JOIN active USING (user_id) GROUP BY 1, 2
	), plain AS (
		SELECT s.cohort, s.n, (row_number() OVER (PARTITION BY s.cohort ORDER BY p) - 1)::int AS period,
			p, coalesce(c.n, 0) AS retained, p + ('1 ' || unit)::interval <= last.at AS complete
		FROM last CROSS JOIN size s
		CROSS JOIN LATERAL generate_series(s.cohort, last.at, ('1 ' || unit)::interval) p
		LEFT JOIN cell c USING (cohort, p)
	), own AS (
		SELECT cohort, cohort_size, period, period_start, retained, complete
		FROM (SELECT affinity.activity_agg(user_id, at, unit, zone) AS a FROM checkins) s,
			affinity.retention(a)
	)
	SELECT (SELECT count(*) FROM (SELECT * FROM own EXCEPT ALL SELECT * FROM plain) a)
		+ (SELECT count(*) FROM (SELECT * FROM plain EXCEPT ALL SELECT * FROM own) b)
		+ ((SELECT count(*) FROM plain) = 0)::int $$;
SELECT is(pg_temp.difference(u, z), 0::bigint, format('check-ins by %s in %s', u, z))
FROM unnest(ARRAY['day', 'week', 'month']) u,
	unnest(ARRAY['America/Chicago', 'Europe/Stockholm']) z;
SELECT isnt(affinity.coarsen(affinity.activity_agg(user_id, at, 'day', 'America/Chicago'), 'month')::text,
	affinity.coarsen(affinity.activity_agg(user_id, at, 'day', 'Europe/Stockholm'), 'month')::text,
	'the time zone matters') FROM checkins;
\else
SELECT skip('../shared/data/checkins is not there', 7);
\endif

\if :cdnow
CREATE TEMP TABLE bought (customer_id int, bought_on date, cds int, dollars float8);
\copy bought FROM PROGRAM 'xz -dc ../shared/data/cdnow/purchases.csv.xz' CSV HEADER
CREATE TEMP TABLE monthly (cohort text, "offset" int, users bigint, orders bigint, revenue numeric);
\copy monthly FROM '../shared/data/published/cdnow_monthly.csv' CSV HEADER
CREATE TEMP TABLE weekly (cohort date, "offset" int, users bigint);
\copy weekly FROM '../shared/data/published/cdnow_weekly.csv' CSV HEADER
CREATE TEMP TABLE nday (cohort date, size bigint, d1 bigint, d7 bigint, d30 bigint);
\copy nday FROM '../shared/data/published/cdnow_nday.csv' CSV HEADER
CREATE TEMP TABLE daily (day date, dau bigint, wau bigint, mau bigint);
\copy daily FROM '../shared/data/published/cdnow_dau_wau_mau.csv' CSV HEADER
CREATE TEMP TABLE days AS
	SELECT affinity.activity_agg(customer_id, bought_on::timestamp, 'day') AS a FROM bought;

SELECT results_eq($$SELECT to_char(cohort, 'YYYY-MM'), period, retained
	FROM days, affinity.retention(affinity.coarsen(a, 'month')) WHERE retained > 0$$,
	'SELECT cohort, "offset", users FROM monthly WHERE users > 0 ORDER BY 1, 2', 'CDNOW by month');
SELECT results_eq($$SELECT cohort::date, period, retained
	FROM days, affinity.retention(affinity.coarsen(a, 'week')) WHERE retained > 0$$,
	'SELECT cohort, "offset", users FROM weekly WHERE users > 0 ORDER BY 1, 2', 'CDNOW by week');
SELECT results_eq($$SELECT cohort::date, cohort_size, max(retained) FILTER (WHERE period = 1),
		max(retained) FILTER (WHERE period = 7), max(retained) FILTER (WHERE period = 30)
	FROM days, affinity.retention(a, max_period => 30) GROUP BY 1, 2 ORDER BY 1$$,
	'SELECT * FROM nday ORDER BY cohort', 'CDNOW after 1, 7 and 30 days');
SELECT results_eq($$SELECT period_start::date, active, active_short, active_long
	FROM days, affinity.active_users(a)$$, 'SELECT * FROM daily ORDER BY day', 'CDNOW daily active users');
\else
SELECT skip('../shared/data/cdnow is not there', 4);
\endif

SELECT * FROM finish();
ROLLBACK;
