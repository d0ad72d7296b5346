-- Fiscal units; periods of days and months from each user's own day; cohorts from
-- the n-th start. Against plain SQL, on random times and logs (fixed seed) and on
-- Online Retail II.
BEGIN;
SET LOCAL jit = off;
SET LOCAL timezone = 'UTC';
SET LOCAL work_mem = '64MB';
SELECT plan(41);
SELECT setseed(0.57);

-- 1. Years and quarters from any month, in several zones
CREATE TEMP TABLE unit AS
	SELECT kind || '_' || lower(trim(to_char(make_date(2000, m, 1), 'Month'))) AS unit, kind, m FROM generate_series(1, 12) m, unnest(ARRAY['year', 'quarter']) kind;
CREATE TEMP TABLE instant AS
	SELECT at FROM (SELECT timestamptz '1890-01-01' + random() * interval '300 years' AS at FROM generate_series(1, 200)
		UNION ALL SELECT make_timestamptz(y, m, 1, 0, 0, 0) + s * interval '1 us' FROM unnest(ARRAY[-4711, -1, 1, 1999, 2000, 2024, 9999]) y, generate_series(1, 12) m, generate_series(-1, 0) s) t;
CREATE TEMP TABLE own AS
	SELECT unit, zone, at, (SELECT cohort FROM affinity.retention(affinity.activity_agg(1, at, unit, zone))) AS cohort
	FROM unit, instant, unnest(ARRAY['UTC', 'Asia/Tokyo']) zone GROUP BY 1, 2, 3;
SELECT is_empty($$SELECT * FROM own JOIN unit USING (unit), LATERAL (SELECT at AT TIME ZONE zone - (m - 1) * interval '1 month' AS moved) s
	WHERE cohort <> date_trunc(kind, (date_trunc('month', at AT TIME ZONE zone) - (m - 1) * interval '1 month')) + (m - 1) * interval '1 month'$$,
	'a year and a quarter begin with their month');
SELECT is((SELECT count(*) FROM own), 24 * 2 * (SELECT count(DISTINCT at) FROM instant), 'all of them');
CREATE TEMP TABLE state AS
	SELECT unit, affinity.activity_agg(u, at, unit) AS a, affinity.coarsen(affinity.activity_agg(u, at, 'day'), unit) AS of_days,
		affinity.coarsen(affinity.activity_agg(u, at, 'month'), unit) AS of_months, affinity.value_agg(u, at, 1.5, unit) AS v,
		affinity.coarsen(affinity.value_agg(u, at, 1.5, 'month'), unit) AS v_of_months
	FROM unit, (SELECT i % 50 AS u, timestamp '2019-01-01' + random() * interval '6 years' AS at FROM generate_series(1, 1000) i) r GROUP BY 1;
SELECT is_empty('SELECT unit FROM state WHERE of_days <> a OR of_months <> a OR v <> v_of_months', 'as aggregated by day and by month');
SELECT is_empty('SELECT unit FROM state WHERE a::text::affinity.activity <> a OR v::text::affinity.value <> v', 'as text');
SELECT set_eq($$SELECT DISTINCT (affinity.describe(a)).unit FROM state$$, $$SELECT unit FROM unit WHERE kind = 'year' AND m > 1
	UNION ALL VALUES ('year'), ('quarter'), ('quarter_february'), ('quarter_march')$$, 'their names');
SELECT ok((SELECT a FROM state WHERE unit = 'year_january') = affinity.coarsen((SELECT a FROM state WHERE unit = 'quarter_october'), 'Years_January'), 'names for the same');
SELECT is_empty($$SELECT y.unit FROM state q, state y JOIN unit USING (unit) WHERE q.unit = 'quarter_may' AND kind = 'year' AND m % 3 = 2
	AND affinity.coarsen(q.a, y.unit) <> y.a$$, 'years of quarters that they begin with');
SELECT throws_ok($$SELECT affinity.coarsen(a, 'year_april') FROM state WHERE unit = 'quarter_may'$$, '22023',
	'a state of unit quarter_february cannot become one of unit year_april', 'of others not');
SELECT throws_ok($$SELECT affinity.coarsen(a, 'year_april') FROM state WHERE unit = 'year_january'$$, '22023', NULL, 'nor of years');
SELECT throws_ok($$SELECT affinity.activity_agg(1, now(), 'year_smarch')$$, '22023', 'unknown unit of time: "year_smarch"', 'no month');
SELECT throws_ok($$SELECT affinity.active_users(a) FROM state WHERE unit = 'year_june'$$, '22023', NULL, 'windows of fiscal years are to be given');
SELECT is((SELECT (affinity.lifecycle(affinity.activity_agg(1, at, 'year_april'))).period_start FROM (VALUES (timestamp '2024-03-31 23:59:59')) v (at)),
	'2023-04-01', 'March is of the year before');

-- 2. Periods of each user's own day: random logs with and without conditions
CREATE TEMP TABLE log AS
	SELECT id, (ARRAY['UTC', 'Europe/Berlin', 'Asia/Kathmandu'])[1 + id % 3] AS zone, id % 2 = 0 AS with_times,
		CASE id % 4 WHEN 0 THEN '5 days' WHEN 1 THEN '1 month' WHEN 2 THEN '14 days' ELSE '3 months' END::interval AS every,
		(ARRAY[NULL, 'day', 'month', 'week_sunday', 'quarter_february'])[1 + id % 5] AS cohort_unit, 1 + id / 2 % 3 AS nth,
		CASE WHEN id % 3 = 0 THEN timestamp '2024-02-20 09:00' END AS as_of, CASE WHEN id % 7 < 3 THEN timestamp '2024-01-10' END AS cohorts_from,
		CASE WHEN id % 6 = 0 THEN timestamp '2024-03-05' END AS cohorts_before
	FROM generate_series(1, 60) id;
CREATE TEMP TABLE event AS
	SELECT id, zone, with_times, (random() * 3)::int AS u,
		(timestamp '2023-12-28' + random() * CASE WHEN id % 4 IN (0, 2) THEN interval '70 days' ELSE interval '500 days' END) AT TIME ZONE zone AS at,
		random() < 0.6 AS is_start, random() < 0.6 AS is_return
	FROM log, generate_series(1, 8 + id % 30);
ANALYZE log; ANALYZE event;
CREATE TEMP TABLE days AS
	SELECT l.*, coalesce(unit, cohort_unit) AS by, CASE WHEN with_times THEN t ELSE a END AS a
	FROM log l JOIN (SELECT id, affinity.activity_agg(u, at, 'day', zone) AS a, affinity.activity_agg(u, at, 'day', zone, is_start, is_return) AS t
		FROM event GROUP BY 1) s USING (id),
		LATERAL (SELECT CASE WHEN cohort_unit IS NULL THEN CASE every WHEN '5 days' THEN 'day' WHEN '14 days' THEN 'week' WHEN '1 month' THEN 'month' ELSE 'quarter' END END AS unit) x;
CREATE TEMP TABLE mode (mode text, criterion text);
INSERT INTO mode SELECT m, c FROM unnest(ARRAY['first_ever', 'first_in_range', 'recurring']) m, unnest(ARRAY['on', 'on_or_after', 'on_or_before', 'streak']) c;
CREATE TEMP TABLE report AS
	SELECT d.id, m.mode, m.criterion, r.cohort, r.cohort_size, r.period, r.eligible, r.retained, r.complete
	FROM days d, mode m, affinity.retention(a, as_of, m.mode, m.criterion, cohorts_from => cohorts_from, cohorts_before => cohorts_before,
		every => every, cohort_unit => cohort_unit, from_nth => nth) r;

CREATE TEMP TABLE seen AS
	SELECT e.id, u, at, (at AT TIME ZONE e.zone)::date AS day, NOT e.with_times OR is_start AS is_start, NOT e.with_times OR is_return AS is_return, today
	FROM event e JOIN days d USING (id), LATERAL (SELECT coalesce(d.as_of, max(x.at AT TIME ZONE x.zone))::date AS today FROM event x
		WHERE x.id = e.id AND (NOT d.with_times OR is_start OR is_return)) l
	WHERE CASE WHEN e.with_times THEN (is_start OR is_return) AND (d.as_of IS NULL OR at AT TIME ZONE e.zone <= d.as_of) ELSE (at AT TIME ZONE e.zone)::date <= today END;
CREATE TEMP TABLE member AS
	SELECT row_number() OVER () AS m, * FROM (
		SELECT *, row_number() OVER (PARTITION BY id, u ORDER BY day) AS n, row_number() OVER (PARTITION BY id, u, in_range ORDER BY day) AS n_in_range
		FROM (SELECT s.id, u, day, min(at) AS t0, today, cohort, every, nth, with_times,
				(cohorts_from IS NULL OR cohort >= cohorts_from) AND (cohorts_before IS NULL OR cohort < cohorts_before) AS in_range
			FROM seen s JOIN days d USING (id), LATERAL (SELECT CASE by WHEN 'week_sunday' THEN date_trunc('week', day + interval '1 day') - interval '1 day'
				WHEN 'quarter_february' THEN date_trunc('quarter', day - interval '1 month' * CASE WHEN date_trunc('month', day) = day THEN 1 ELSE 0 END
					- CASE WHEN date_trunc('month', day) = day THEN interval '0' ELSE (day - date_trunc('month', day)::date) * interval '1 day' + interval '1 month' END) + interval '1 month'
				ELSE date_trunc(by, day) END::timestamp AS cohort) c
			WHERE is_start GROUP BY s.id, u, day, today, cohort, every, nth, with_times, cohorts_from, cohorts_before) x) y;
CREATE TEMP TABLE step AS	-- the first day of each of a member's periods
	SELECT m, k, (day + k * every)::date AS first, (day + (k + 1) * every)::date AS next FROM member, generate_series(0, 120) k WHERE (day + k * every)::date <= today + 1;
CREATE TEMP TABLE back AS
	SELECT DISTINCT m.m, s.k FROM member m JOIN seen e ON e.id = m.id AND e.u = m.u AND e.is_return AND (e.day > m.day OR e.at > t0 OR NOT with_times)
	JOIN step s ON s.m = m.m AND e.day >= s.first AND e.day < s.next WHERE e.day >= m.day;
ANALYZE member; ANALYZE step; ANALYZE back;
CREATE TEMP TABLE trait AS
	SELECT m.m, with_times, coalesce(min(k) FILTER (WHERE k = 0), 1) = 0 AS own, min(k) FILTER (WHERE k > 0) AS first, max(k) FILTER (WHERE k > 0) AS last,
		(SELECT count(*) FROM (SELECT k, row_number() OVER (ORDER BY k) AS n FROM back x WHERE x.m = m.m AND k > 0) s WHERE k = n) AS streak,
		(SELECT count(*) FROM step s WHERE s.m = m.m AND s.next <= today) AS n_full
	FROM member m LEFT JOIN back b USING (m) GROUP BY m.m, with_times, today;
CREATE TEMP TABLE chosen AS
	SELECT 'first_ever' AS mode, m, id, cohort FROM member WHERE n = nth AND in_range
	UNION ALL SELECT 'first_in_range', m, id, cohort FROM member WHERE n_in_range = nth AND in_range
	UNION ALL (SELECT DISTINCT ON (id, u, cohort) 'recurring', m, id, cohort FROM member WHERE n >= nth AND in_range ORDER BY id, u, cohort, day);
CREATE TEMP TABLE plain AS
	SELECT id, mode, criterion, cohort, size, k, count(*) FILTER (WHERE k < n_full) AS eligible,
		count(*) FILTER (WHERE k < n_full AND CASE criterion
			WHEN 'on' THEN EXISTS (SELECT FROM back b WHERE b.m = t.m AND b.k = g.k)
			WHEN 'on_or_after' THEN k = 0 AND own OR last >= k
			WHEN 'on_or_before' THEN own AND (k = 0 OR with_times) OR k > 0 AND first <= k
			ELSE own AND k = 0 OR k > 0 AND streak >= k END) AS retained, bool_and(k < n_full) AS complete
	FROM (SELECT *, count(*) OVER (PARTITION BY id, mode, cohort) AS size FROM chosen) c JOIN trait t USING (m), (SELECT DISTINCT criterion FROM mode) x,
		generate_series(0, 120) g (k)
	WHERE k = 0 OR k < (SELECT max(n_full) FROM trait) GROUP BY 1, 2, 3, 4, 5, 6 HAVING k = 0 OR count(*) FILTER (WHERE k < n_full) > 0;
SELECT cmp_ok(count(*), '>', 3000::bigint, 'many cells') FROM plain;
SELECT is_empty(format('SELECT * FROM report WHERE mode = %1$L EXCEPT ALL SELECT * FROM plain WHERE mode = %1$L', mode), 'own periods, ' || mode) FROM (SELECT DISTINCT mode FROM mode) m ORDER BY mode;
SELECT is_empty(format('SELECT * FROM plain WHERE mode = %1$L EXCEPT ALL SELECT * FROM report WHERE mode = %1$L', mode), 'own periods, nothing missing, ' || mode) FROM (SELECT DISTINCT mode FROM mode) m ORDER BY mode;
-- who is in the cell, and the other reports
SELECT is_empty($$SELECT r.id FROM report r JOIN days d USING (id) CROSS JOIN unnest(ARRAY[true, false]) back WHERE period % 3 = 1 AND r.id % 3 = 0
	AND (SELECT count(*) FROM affinity.cohort_members(a, NULL::bigint, cohort, period, back, as_of, r.mode, r.criterion, cohorts_from => cohorts_from, cohorts_before => cohorts_before,
		every => every, cohort_unit => cohort_unit, from_nth => nth)) <> CASE WHEN back THEN retained ELSE eligible - retained END$$, 'members of them');
SELECT is_empty($$SELECT id, mode, criterion, period, cohorts, eligible, retained FROM days d, mode m, LATERAL (SELECT c.* FROM affinity.retention_curve(a, as_of, m.mode, m.criterion,
		cohorts_from => cohorts_from, cohorts_before => cohorts_before, every => every, cohort_unit => cohort_unit, from_nth => nth) c) c
	EXCEPT ALL SELECT id, mode, criterion, period, count(*), sum(eligible)::bigint, sum(retained)::bigint FROM report WHERE eligible > 0 GROUP BY 1, 2, 3, 4$$, 'the curve');
SELECT is_empty($$SELECT id, mode, criterion, cohort, users FROM days d, mode m, LATERAL (SELECT c.* FROM affinity.retention_wide(a, as_of, m.mode, m.criterion,
		cohorts_from => cohorts_from, cohorts_before => cohorts_before, every => every, cohort_unit => cohort_unit, from_nth => nth) c) c
	EXCEPT ALL SELECT id, mode, criterion, cohort, array_agg(retained ORDER BY period) FROM report GROUP BY 1, 2, 3, 4$$, 'the wide form');

-- 3. The end of a month
CREATE TEMP TABLE january AS SELECT affinity.activity_agg(u, at, 'day') AS a FROM (VALUES
	(1, date '2024-01-31'), (1, date '2024-02-28'), (2, date '2024-01-31'), (2, date '2024-02-29'), (3, date '2024-01-31'), (3, date '2024-03-30'),
	(4, date '2024-01-31'), (4, date '2024-03-31'), (5, date '2024-01-31'), (5, date '2025-01-30'), (6, date '2024-01-31'), (6, date '2025-01-31')) v (u, at);
SELECT results_eq($$SELECT period, u FROM january, generate_series(0, 12) period, affinity.cohort_members(a, NULL::int, '2024-01-01', period, as_of => '2025-03-01', every => '1 month') u WHERE period > 0$$,
	$$VALUES (1, 2), (1, 3), (2, 4), (11, 5), (12, 6)$$, 'months from the 31st');
SELECT results_eq($$SELECT period, eligible FROM january, affinity.retention(a, '2024-03-30 23:59', every => '1 month')$$, $$VALUES (0, 6::bigint)$$, 'the first month from the 31st is over with February');
SELECT results_eq($$SELECT period, eligible FROM january, affinity.retention(a, '2024-03-31', every => '1 month')$$, $$VALUES (0, 6::bigint), (1, 6)$$, 'the second one with March 30');
SELECT results_eq($$SELECT period, retained FROM january, affinity.retention(a, '2026-02-01', every => '1 year')$$, $$VALUES (0, 6::bigint), (1, 1)$$, 'years');
SELECT results_eq($$SELECT cohort, period FROM (SELECT affinity.activity_agg(1, at, 'day') AS a FROM (VALUES (date '2024-02-29'), ('2025-02-28'), ('2028-02-28')) v (at)) s,
	affinity.retention(a, '2029-03-01', every => '12 months') WHERE retained > 0$$, $$VALUES (timestamp '2024-01-01', 0), ('2024-01-01', 1), ('2024-01-01', 3)$$, 'from a leap day');

-- 4. From the n-th period, by month, on Online Retail II
CREATE TEMP TABLE purchases (invoice text, customer_id int, stock_code text, quantity int, price numeric, invoiced_at timestamp, country text);
\copy purchases FROM PROGRAM 'xz -dc test/data/online_retail_purchases.csv.xz' CSV HEADER
CREATE TEMP TABLE month AS
	SELECT customer_id, m, nth_value(m, 2) OVER (PARTITION BY customer_id ORDER BY m ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) AS second
	FROM (SELECT DISTINCT customer_id, date_trunc('month', invoiced_at) AS m FROM purchases) p;
SELECT set_eq($$SELECT cohort, cohort_size, period_start, retained FROM (SELECT affinity.activity_agg(customer_id, invoiced_at, 'month') AS a FROM purchases) s,
		affinity.retention(a, from_nth => 2) WHERE retained > 0$$,
	$$SELECT second, size, m, count(*) FROM month JOIN (SELECT second, count(DISTINCT customer_id) AS size FROM month GROUP BY 1) x USING (second)
	WHERE m >= second GROUP BY 1, 2, 3$$, 'after the second month with a purchase');
-- months of each customer's own, by plain SQL
SELECT set_eq($$SELECT period, eligible, retained FROM (SELECT affinity.activity_agg(customer_id, invoiced_at, 'day') AS a FROM purchases) s,
		affinity.retention_curve(a, every => '1 month', max_period => 12)$$,
	$$WITH f AS (SELECT customer_id, min(invoiced_at)::date AS d FROM purchases GROUP BY 1), today AS (SELECT max(invoiced_at)::date AS t FROM purchases),
		p AS (SELECT customer_id, k, (d + k * interval '1 month')::date AS a, (d + (k + 1) * interval '1 month')::date AS b FROM f, generate_series(0, 12) k)
	SELECT k, count(DISTINCT p.customer_id) AS n, count(DISTINCT x.customer_id) AS back
	FROM p CROSS JOIN today LEFT JOIN (SELECT DISTINCT customer_id, invoiced_at::date AS day FROM purchases) x
		ON x.customer_id = p.customer_id AND day >= a AND day < b WHERE b <= t GROUP BY 1$$, 'anniversary months of customers');

-- 5. Bad input
CREATE TEMP TABLE one AS SELECT affinity.activity_agg(5, timestamp '2024-01-15', 'month') AS m, affinity.activity_agg(5, timestamp '2024-01-15', 'day') AS d,
	affinity.activity_agg(5, timestamp '2024-01-15', 'day', NULL, true, true) AS t;
SELECT throws_ok($$SELECT affinity.retention(m, every => '1 month') FROM one$$, '22023', 'periods from each user''s own day need a state of days, but this is one of unit month', 'a state of months');
SELECT throws_ok($$SELECT affinity.retention(t, every => '1 month', rolling => true) FROM one$$, '22023', 'every and rolling do not go together', 'rolling');
SELECT throws_ok($$SELECT affinity.retention(d, every => '1 month', denominator => 'previous') FROM one$$, '22023', 'denominator "previous" needs calendar periods', 'previous');
SELECT throws_ok(format('SELECT affinity.retention(d, every => %L) FROM one', e), '22023', 'every must be a number of days or of months', 'every ' || e)
FROM unnest(ARRAY['0 days', '-1 day', '1 month 1 day', '24 hours', '1 month -1 day']) e;
SELECT throws_ok($$SELECT affinity.retention(d, cohort_unit => 'month') FROM one$$, '22023', 'cohort_unit needs periods of each user''s own', 'cohort_unit alone');
SELECT throws_ok($$SELECT affinity.retention(d, every => '1 day', cohort_unit => 'hour') FROM one$$, '22023', 'cohorts of a state of days cannot be by hour', 'by hour');
SELECT throws_ok($$SELECT affinity.retention(d, from_nth => 0) FROM one$$, '22023', 'from_nth must be at least 1, but is 0', 'from_nth 0');
SELECT is_empty($$SELECT affinity.retention(d, from_nth => 9223372036854775807) FROM one$$, 'nobody has so many starts');
SELECT * FROM finish();
ROLLBACK;
