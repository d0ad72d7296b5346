-- Lifecycle, active users, frequency, time to return and coarsening against
-- plain SQL, on Online Retail II and on random small logs (fixed seed).
BEGIN;
SET LOCAL jit = off;
SET LOCAL work_mem = '64MB';
SELECT plan(29);

CREATE TEMP TABLE purchases (
	invoice text, customer_id int, stock_code text, quantity int,
	price numeric, invoiced_at timestamp, country text);
\copy purchases FROM PROGRAM 'xz -dc test/data/online_retail_purchases.csv.xz' CSV HEADER

-- Many logs in one table: the shop's as 0, 400 random ones of two months and
-- 3,600 of a few rows about the end of a month.
SELECT setseed(0.7);
CREATE TEMP TABLE logs AS
	SELECT 0 AS id, customer_id AS user_id, invoiced_at AS at FROM purchases
	UNION ALL
	SELECT id, (random() * 5)::int, timestamp '2024-02-10' + random() * interval '60 days'
	FROM generate_series(1, 400) id, generate_series(1, 1 + id % 40)
	UNION ALL
	SELECT id, (random() * 3)::int, timestamp '2024-02-23' + random() * interval '12 days'
	FROM generate_series(401, 4000) id, generate_series(1, 1 + id % 7);
ANALYZE logs;
CREATE TEMP TABLE units(unit, step) AS VALUES
	('day', interval '1 day'), ('week', interval '7 days'), ('month', interval '1 month');
CREATE TEMP TABLE states AS
	SELECT id, unit, step, affinity.activity_agg(user_id, at, unit) AS activity,
		max(at) AS last_at
	FROM logs, units GROUP BY 1, 2, 3;

CREATE TEMP TABLE active AS
	SELECT DISTINCT id, unit, step, user_id, date_trunc(unit, at) AS p
	FROM logs, units;
CREATE TEMP TABLE spans AS
	SELECT id, unit, step, p::timestamp FROM (
		SELECT id, unit, step, min(p) AS first, max(p) AS last FROM active GROUP BY 1, 2, 3) s,
		generate_series(first, last, step) p;
ANALYZE active; ANALYZE spans;

CREATE TEMP TABLE past AS
	SELECT *, lag(p) OVER w AS before, lead(p) OVER w AS after
	FROM active WINDOW w AS (PARTITION BY id, unit, user_id ORDER BY p);
ANALYZE past;

CREATE TEMP TABLE plain_lifecycle AS
	SELECT s.id, s.unit, s.p, coalesce(a.active, 0) AS active,
		coalesce(a.new, 0) AS new, coalesce(a.returning, 0) AS returning,
		coalesce(a.resurrecting, 0) AS resurrecting,
		coalesce(d.dormant, 0) AS dormant, s.p + s.step <= st.last_at AS complete
	FROM spans s
	JOIN states st USING (id, unit)
	LEFT JOIN (
		SELECT id, unit, p, count(*) AS active,
			count(*) FILTER (WHERE before IS NULL) AS new,
			count(*) FILTER (WHERE before = p - step) AS returning,
			count(*) FILTER (WHERE before < p - step) AS resurrecting
		FROM past GROUP BY 1, 2, 3) a USING (id, unit, p)
	LEFT JOIN (
		SELECT id, unit, p + step AS p, count(*) AS dormant
		FROM past WHERE after IS DISTINCT FROM p + step GROUP BY 1, 2, 3) d
		USING (id, unit, p);
CREATE TEMP TABLE own_lifecycle AS
	SELECT s.id, s.unit, l.* FROM states s, affinity.lifecycle(s.activity) l;
SELECT is_empty(format($$SELECT * FROM own_lifecycle WHERE unit = %1$L
	EXCEPT ALL SELECT * FROM plain_lifecycle$$, unit), 'lifecycle by ' || unit) FROM units;
SELECT is_empty(format($$SELECT * FROM plain_lifecycle WHERE unit = %1$L
	EXCEPT ALL SELECT * FROM own_lifecycle$$, unit), 'lifecycle by ' || unit || ' lacks nothing') FROM units;

-- active in a window that ends with the period: windows 7 and 28 of days, 2 and
-- 5 of weeks and months. Each user and period counts once, by its latest activity.
CREATE TEMP TABLE plain_active AS
	SELECT s.id, s.unit, s.p, count(age) FILTER (WHERE age = 0) AS active,
		count(age) FILTER (WHERE age < short) AS short, count(age) AS long
	FROM spans s
	JOIN (VALUES ('day', 7, 28), ('week', 2, 5), ('month', 2, 5)) w(unit, short, long) USING (unit)
	LEFT JOIN (SELECT id, unit, past.p + step * age AS p, age
		FROM past, generate_series(0, 27) AS age
		WHERE age < CASE unit WHEN 'day' THEN 28 ELSE 5 END
		AND (after IS NULL OR past.p + step * age < after)) a USING (id, unit, p)
	GROUP BY 1, 2, 3;
CREATE TEMP TABLE own_active AS
	SELECT s.id, s.unit, a.* FROM states s,
		affinity.active_users(s.activity, NULL,
			CASE unit WHEN 'day' THEN 7 ELSE 2 END, CASE unit WHEN 'day' THEN 28 ELSE 5 END) a;
SELECT is_empty(format($$SELECT id, unit, period_start, active, active_short, active_long
	FROM own_active WHERE unit = %1$L EXCEPT ALL SELECT * FROM plain_active$$, unit),
	'active users by ' || unit) FROM units;
SELECT is_empty(format($$SELECT * FROM plain_active WHERE unit = %1$L
	EXCEPT ALL SELECT id, unit, period_start, active, active_short, active_long FROM own_active$$, unit),
	'active users by ' || unit || ' lack nothing') FROM units;
SELECT is_empty($$SELECT * FROM own_active
	WHERE stickiness IS DISTINCT FROM active / nullif(active_long, 0)::float8$$, 'stickiness');
-- a user churns when its last active period leaves the long window
SELECT is_empty($$
	SELECT o.id, o.unit, o.period_start FROM own_active o
	LEFT JOIN (SELECT id, unit, gone AS period_start, count(*) AS n
		FROM (SELECT *, p + step * CASE unit WHEN 'day' THEN 28 ELSE 5 END AS gone FROM past) p
		WHERE after IS NULL OR after > gone GROUP BY 1, 2, 3) c USING (id, unit, period_start)
	WHERE churned_users <> coalesce(c.n, 0)$$, 'churned users');

-- frequency, over all and over the last 10 periods
SELECT is_empty($$
	SELECT s.id, s.unit, f.active_periods, f.users
	FROM states s, affinity.frequency(s.activity) f
	EXCEPT ALL
	SELECT id, unit, n, count(*) FROM (
		SELECT id, unit, user_id, count(*)::int AS n FROM active GROUP BY 1, 2, 3) u
	GROUP BY 1, 2, 3$$, 'frequency');
SELECT results_eq($$
	SELECT s.id, s.unit, sum(f.users)::bigint, round(sum(f.share)::numeric, 9)
	FROM states s, affinity.frequency(s.activity) f GROUP BY 1, 2 ORDER BY 1, 2$$,
	$$SELECT id, unit, count(DISTINCT user_id), 1::numeric FROM active GROUP BY 1, 2 ORDER BY 1, 2$$,
	'frequency covers every user');
SELECT is_empty($$
	SELECT s.id, s.unit, f.active_periods, f.users
	FROM states s, affinity.frequency(s.activity, last_periods => 10) f
	EXCEPT ALL
	SELECT id, unit, n, count(*) FROM (
		SELECT id, unit, user_id, count(*)::int AS n
		FROM active JOIN (SELECT id, unit, max(p) AS last FROM active GROUP BY 1, 2) l USING (id, unit)
		WHERE p > last - step * 10 GROUP BY 1, 2, 3) u
	GROUP BY 1, 2, 3$$, 'frequency of the last ten periods');

-- time to return: percentile_disc over those who came back
SELECT is_empty($$
	SELECT s.id, s.unit, t.quantile, t.users, t.returned, t.periods
	FROM states s, affinity.time_to_return(s.activity, quantiles => '{0,0.3,0.5,1}') t
	WHERE unit <> 'month'
	EXCEPT ALL
	SELECT id, unit, q, users, returned, (SELECT percentile_disc(q) WITHIN GROUP (ORDER BY gap)
		FROM unnest(gaps) gap WHERE gap IS NOT NULL)
	FROM (
		SELECT id, unit, count(*) AS users, count(gap) AS returned, array_agg(gap) AS gaps
		FROM (SELECT id, unit, (after::date - p::date) / CASE unit WHEN 'day' THEN 1 ELSE 7 END::bigint AS gap
			  FROM past WHERE before IS NULL) g GROUP BY 1, 2) l,
		unnest(ARRAY[0, 0.3, 0.5, 1]::float8[]) q$$, 'time to return in periods');
SELECT results_eq($$
	SELECT s.id, t.quantile, t.users, t.returned, t.elapsed, t.periods
	FROM (SELECT id, affinity.activity_agg(user_id, at, 'day', NULL, true, true) AS activity
		  FROM logs GROUP BY 1) s,
		affinity.time_to_return(s.activity) t ORDER BY 1, 2$$, $$
	SELECT id, q, count(*), count(gap), percentile_disc(q) WITHIN GROUP (ORDER BY gap),
		NULL::bigint
	FROM (SELECT id, user_id, at, lead(at) OVER w - at AS gap, row_number() OVER w AS nth
		  FROM (SELECT DISTINCT id, user_id, at FROM logs) l
		  WINDOW w AS (PARTITION BY id, user_id ORDER BY at)) g,
		unnest(ARRAY[0.25, 0.5, 0.75, 0.9]::float8[]) q
	WHERE nth = 1 GROUP BY 1, 2 ORDER BY 1, 2$$, 'time to return as an interval');

-- coarsening gives the same bytes as aggregating by the coarser unit
SELECT is_empty(format($$
	SELECT l.id FROM (SELECT id, affinity.activity_agg(user_id, at, %L) AS fine,
			affinity.activity_agg(user_id, at, %L) AS coarse FROM logs GROUP BY 1) l
	WHERE affinity.coarsen(fine, %2$L)::text <> coarse::text$$, fine, coarse),
	format('%s coarsens to %s', fine, coarse))
FROM (VALUES ('hour', 'day'), ('day', 'week'), ('day', 'week_sunday'), ('day', 'month'),
	('month', 'quarter'), ('quarter', 'year')) u(fine, coarse);
SELECT throws_ok($$SELECT affinity.coarsen(activity, 'month') FROM states WHERE unit = 'week' LIMIT 1$$,
	'22023', NULL, 'weeks do not make months');

-- wide bitmaps: hours of most of a year, let in by time, shuffled, and rolled up
-- from states of single users and of single days
CREATE TEMP TABLE hours AS
	SELECT u, timestamp '2024-01-01' + h * interval '1 hour' AS at
	FROM generate_series(1, 30) u, generate_series(0, 7199) h
	WHERE u = 1 OR (h * u) % 7 = 0 AND h > u * 100;
CREATE TEMP TABLE by_time AS
	SELECT affinity.activity_agg(u, at, 'hour' ORDER BY at, u) AS activity FROM hours;
SELECT results_eq('SELECT f.active_periods::bigint, f.users FROM by_time, affinity.frequency(activity) f',
	'SELECT n, count(*) FROM (SELECT count(*) AS n FROM hours GROUP BY u) c GROUP BY 1 ORDER BY 1',
	'every hour of wide bitmaps is there');
SELECT is(affinity.activity_agg(u, at, 'hour' ORDER BY hashint8(u * 8191::bigint + extract(epoch FROM at)::bigint))::text,
	(SELECT activity::text FROM by_time), 'shuffled, it is the same state') FROM hours;
SELECT is((SELECT affinity.rollup(a)::text FROM (
		SELECT affinity.activity_agg(u, at, 'hour') AS a FROM hours GROUP BY u, at::date) s),
	(SELECT activity::text FROM by_time), 'rolled up, it is the same state');

SELECT * FROM finish();
ROLLBACK;
