-- Data that may not be part of the project: retention, its curve, lifecycle,
-- active users, frequency, time to return and values of check-ins in two time
-- zones across changes of daylight saving time against plain SQL, and CDNOW
-- against its published tables. Skipped where ../shared/data is not there.
\set ON_ERROR_STOP on
\set checkins `test -f ../shared/data/checkins/checkins.csv.xz && echo true || echo false`
\set cdnow `test -f ../shared/data/cdnow/purchases.csv.xz && echo true || echo false`
BEGIN;
SET LOCAL jit = off;
SET LOCAL work_mem = '64MB';
SELECT plan(36);

\if :checkins
CREATE TEMP TABLE raw (user_id int, item_id int, ts bigint);
\copy raw FROM PROGRAM 'xz -dc ../shared/data/checkins/checkins.csv.xz' CSV HEADER
CREATE TEMP TABLE checkins AS SELECT user_id, item_id, to_timestamp(ts) AS at FROM raw;
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

-- Every other report, by week and month in both zones.
CREATE TEMP TABLE scope AS
	SELECT unit, zone, ('1 ' || unit)::interval AS step,
		(SELECT affinity.activity_agg(user_id, at, unit, zone) FROM checkins) AS a
	FROM unnest(ARRAY['week', 'month']) unit,
		unnest(ARRAY['America/Chicago', 'Europe/Stockholm']) zone;
CREATE TEMP TABLE active AS
	SELECT DISTINCT unit, zone, step, user_id, date_trunc(unit, at AT TIME ZONE zone) AS p
	FROM scope, checkins;
CREATE TEMP TABLE past AS
	SELECT *, lag(p) OVER w AS before, lead(p) OVER w AS after, min(p) OVER w AS cohort
	FROM active WINDOW w AS (PARTITION BY unit, zone, user_id ORDER BY p);
CREATE TEMP TABLE span AS
	SELECT unit, zone, step, p, (row_number() OVER (PARTITION BY unit, zone ORDER BY p))::int AS nth
	FROM (SELECT unit, zone, step, min(p) AS first, max(p) AS last FROM active GROUP BY 1, 2, 3) s,
		generate_series(first, last, step) p;
CREATE INDEX ON past (unit, zone, p);
ANALYZE past; ANALYZE active; ANALYZE span;
SELECT isnt_empty('SELECT FROM past WHERE unit = ''week'' AND extract(month FROM cohort) <= 3
	AND extract(month FROM p) > 4', 'users who go on across a change of daylight saving time');

SELECT results_eq(format($$SELECT period_start, active, new_users, returning_users,
		resurrecting_users, dormant_users FROM scope, affinity.lifecycle(a)
	WHERE unit = %1$L AND zone = %2$L$$, unit, zone), format($$
	SELECT s.p, count(a.p) FILTER (WHERE a.p = s.p), count(*) FILTER (WHERE a.p = s.p AND before IS NULL),
		count(*) FILTER (WHERE a.p = s.p AND before = a.p - s.step),
		count(*) FILTER (WHERE a.p = s.p AND before < a.p - s.step),
		count(*) FILTER (WHERE a.p = s.p - s.step AND after IS DISTINCT FROM s.p)
	FROM span s LEFT JOIN past a ON a.unit = s.unit AND a.zone = s.zone AND a.p IN (s.p, s.p - s.step)
	WHERE s.unit = %1$L AND s.zone = %2$L GROUP BY 1 ORDER BY 1$$, unit, zone),
	format('lifecycle of check-ins by %s in %s', unit, zone)) FROM scope;
SELECT results_eq(format($$SELECT period_start, active, active_short, active_long
	FROM scope, affinity.active_users(a, NULL, 2, 4) WHERE unit = %1$L AND zone = %2$L$$, unit, zone), format($$
	SELECT s.p, count(DISTINCT user_id) FILTER (WHERE a.p = s.p),
		count(DISTINCT user_id) FILTER (WHERE a.p > s.p - 2 * s.step), count(DISTINCT user_id)
	FROM span s LEFT JOIN active a ON a.unit = s.unit AND a.zone = s.zone
		AND a.p <= s.p AND a.p > s.p - 4 * s.step
	WHERE s.unit = %1$L AND s.zone = %2$L GROUP BY 1 ORDER BY 1$$, unit, zone),
	format('active users of check-ins by %s in %s', unit, zone)) FROM scope;
SELECT results_eq(format($$SELECT active_periods, users FROM scope, affinity.frequency(a)
	WHERE unit = %1$L AND zone = %2$L$$, unit, zone), format($$
	SELECT n, count(*) FROM (SELECT count(*)::int AS n FROM active
		WHERE unit = %1$L AND zone = %2$L GROUP BY user_id) u GROUP BY 1 ORDER BY 1$$, unit, zone),
	format('frequency of check-ins by %s in %s', unit, zone)) FROM scope;
SELECT results_eq(format($$SELECT quantile, users, returned, periods FROM scope, affinity.time_to_return(a)
	WHERE unit = %1$L AND zone = %2$L$$, unit, zone), format($$
	SELECT q, count(*), count(b.nth), percentile_disc(q) WITHIN GROUP (ORDER BY b.nth - a.nth)::bigint
	FROM past JOIN span a USING (unit, zone, p)
	LEFT JOIN span b ON b.unit = a.unit AND b.zone = a.zone AND b.p = after,
		unnest(ARRAY[0.25, 0.5, 0.75, 0.9]::float8[]) q
	WHERE a.unit = %1$L AND a.zone = %2$L AND before IS NULL GROUP BY 1 ORDER BY 1$$, unit, zone),
	format('time to return of check-ins by %s in %s', unit, zone)) FROM scope;
SELECT results_eq(format($$SELECT cohort, period_start, payers, value
	FROM (SELECT affinity.value_agg(user_id, at, item_id %% 100, %1$L, %2$L) AS v FROM checkins) s,
		affinity.revenue_retention(v) WHERE payers > 0$$, unit, zone), format($$
	SELECT cohort, past.p, count(DISTINCT user_id) FILTER (WHERE v > 0), sum(v)::float8
	FROM past JOIN (SELECT user_id, date_trunc(%1$L, at AT TIME ZONE %2$L) AS p, sum(item_id %% 100) AS v
		FROM checkins GROUP BY 1, 2) v USING (user_id, p)
	WHERE unit = %1$L AND zone = %2$L GROUP BY 1, 2 HAVING sum(v) > 0 ORDER BY 1, 2$$, unit, zone),
	format('values of check-ins by %s in %s', unit, zone)) FROM scope;
SELECT results_eq($$SELECT period, cohorts, eligible, retained
	FROM scope, affinity.retention_curve(a) WHERE unit = 'month' AND zone = 'Europe/Stockholm'$$, $$
	SELECT period, count(*), sum(n)::bigint, sum(retained)::bigint
	FROM (SELECT c.cohort, c.n, s.nth - f.nth AS period, (SELECT count(*) FROM past x
			WHERE x.unit = s.unit AND x.zone = s.zone AND x.p = s.p AND x.cohort = c.cohort) AS retained
		FROM (SELECT unit, zone, cohort, count(*) AS n FROM past WHERE before IS NULL GROUP BY 1, 2, 3) c
		JOIN span f ON f.unit = c.unit AND f.zone = c.zone AND f.p = c.cohort
		JOIN span s ON s.unit = c.unit AND s.zone = c.zone AND s.p >= c.cohort
		WHERE c.unit = 'month' AND c.zone = 'Europe/Stockholm'
		AND s.p + s.step <= (SELECT max(at) AT TIME ZONE 'Europe/Stockholm' FROM checkins)) x
	GROUP BY 1 ORDER BY 1$$, 'the pooled curve of check-ins');

SELECT isnt(affinity.coarsen(affinity.activity_agg(user_id, at, 'day', 'America/Chicago'), 'month')::text,
	affinity.coarsen(affinity.activity_agg(user_id, at, 'day', 'Europe/Stockholm'), 'month')::text,
	'the time zone matters') FROM checkins;
\else
SELECT skip('../shared/data/checkins is not there', 29);
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
-- the published table has cents, a revenue of orders of any number of CDs, and as
-- users also those who got theirs for nothing, who are no payers
CREATE TEMP TABLE unpaid AS
	SELECT to_char(min(month) OVER (PARTITION BY customer_id), 'YYYY-MM') AS cohort, month, customer_id
	FROM (SELECT customer_id, date_trunc('month', bought_on) AS month, sum(dollars) AS paid FROM bought GROUP BY 1, 2) m;
DELETE FROM unpaid u WHERE EXISTS (SELECT FROM bought b WHERE b.customer_id = u.customer_id
	AND date_trunc('month', b.bought_on) = u.month AND dollars > 0);
SELECT results_eq($$SELECT to_char(cohort, 'YYYY-MM') AS c, period, payers + (SELECT count(*) FROM unpaid u
			WHERE u.cohort = to_char(r.cohort, 'YYYY-MM') AND month = period_start), round(value::numeric, 2)
	FROM (SELECT affinity.value_agg(customer_id, bought_on::timestamp, dollars, 'month') AS v FROM bought) s,
		affinity.revenue_retention(v) r WHERE value > 0$$,
	'SELECT cohort, "offset", users, revenue FROM monthly WHERE revenue > 0 ORDER BY 1, 2',
	'CDNOW''s revenue by month');
SELECT is(affinity.coarsen(affinity.value_agg(customer_id, bought_on::timestamp, dollars, 'day'), 'month')::text,
	affinity.value_agg(customer_id, bought_on::timestamp, dollars, 'month')::text,
	'days of CDNOW''s values make months') FROM bought;
SELECT results_eq($$SELECT to_char(cohort, 'YYYY-MM'), period, round(cumulative_per_user::numeric, 6)
	FROM (SELECT affinity.value_agg(customer_id, bought_on::timestamp, dollars, 'month') AS v FROM bought) s,
		affinity.revenue_retention(v)$$,
	$$SELECT cohort, "offset", round(sum(revenue) OVER (PARTITION BY cohort ORDER BY "offset")
		/ first_value(users) OVER (PARTITION BY cohort ORDER BY "offset"), 6)
	FROM monthly ORDER BY 1, 2$$, 'CDNOW''s lifetime value by month');
\else
SELECT skip('../shared/data/cdnow is not there', 7);
\endif

SELECT * FROM finish();
ROLLBACK;
