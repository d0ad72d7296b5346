-- Retention against plain SQL: the monthly triangle of Online Retail II cell by
-- cell, and random small logs (fixed seed) in every unit, mode and criterion.
BEGIN;
SET LOCAL jit = off;
SELECT plan(62);

-- 1. Online Retail II, whole.
CREATE TEMP TABLE purchases (
	invoice text, customer_id int, stock_code text, quantity int,
	price numeric, invoiced_at timestamp, country text);
\copy purchases FROM PROGRAM 'xz -dc test/data/online_retail_purchases.csv.xz' CSV HEADER
ANALYZE purchases;

-- What an analyst would write: months of each customer, the first of them, and
-- a count per pair; then a row for every month up to the last.
CREATE TEMP VIEW plain_triangle AS
	WITH active AS (
		SELECT DISTINCT customer_id, date_trunc('month', invoiced_at) AS month
		FROM purchases
	), first AS (
		SELECT customer_id, min(month) AS cohort FROM active GROUP BY 1
	), size AS (
		SELECT cohort, count(*) AS n FROM first GROUP BY 1
	), cell AS (
		SELECT cohort, month, count(*) AS n
		FROM first JOIN active USING (customer_id) GROUP BY 1, 2
	)
	SELECT s.cohort, s.n AS cohort_size,
		(extract(year FROM age(m, s.cohort)) * 12
			+ extract(month FROM age(m, s.cohort)))::int AS period,
		m AS period_start, s.n AS eligible, coalesce(c.n, 0) AS retained,
		coalesce(c.n, 0)::float8 / s.n AS rate,
		m + interval '1 month' <= '2011-12-09 12:50:00' AS complete
	FROM size s
	CROSS JOIN LATERAL generate_series(s.cohort, timestamp '2011-12-01',
									   interval '1 month') m
	LEFT JOIN cell c ON c.cohort = s.cohort AND c.month = m;

CREATE TEMP TABLE monthly AS
	SELECT affinity.activity_agg(customer_id, invoiced_at, 'month') AS activity
	FROM purchases;

SELECT results_eq(
	$$SELECT cohort, cohort_size, period, period_start, eligible, retained, rate,
		complete FROM monthly, affinity.retention(activity)$$,
	$$SELECT * FROM plain_triangle ORDER BY cohort, period$$,
	'the monthly triangle of Online Retail equals plain SQL, row by row and sorted');
SELECT is(affinity.users(activity), 5882::bigint, 'every customer is there')
FROM monthly;
SELECT results_eq(
	$$SELECT period, cohorts, eligible, retained, rate
		FROM monthly, affinity.retention_curve(activity)$$,
	$$SELECT period, count(*), sum(eligible)::bigint, sum(retained)::bigint,
		sum(retained)::float8 / sum(eligible)::float8
		FROM plain_triangle WHERE complete GROUP BY 1 ORDER BY 1$$,
	'the pooled curve equals plain SQL');

-- Any way to put the same rows together gives the same bytes.
SELECT is(affinity.rollup(part)::text, (SELECT activity::text FROM monthly),
	'stored daily states roll up to the same state')
FROM (SELECT affinity.activity_agg(customer_id, invoiced_at, 'month') AS part
	  FROM purchases GROUP BY invoiced_at::date) days;
SELECT is(affinity.rollup(part)::text, (SELECT activity::text FROM monthly),
	'one state per customer, then rollup, gives the same state')
FROM (SELECT affinity.activity_agg(customer_id, invoiced_at, 'month') AS part
	  FROM purchases GROUP BY customer_id) customers;
SELECT is(affinity.rollup(part)::text, (SELECT activity::text FROM monthly),
	'random splits roll up to the same state')
FROM (SELECT affinity.activity_agg(customer_id, invoiced_at, 'month'
								   ORDER BY random()) AS part
	  FROM purchases GROUP BY (random() * 20)::int) parts;

SET LOCAL parallel_setup_cost = 0;
SET LOCAL parallel_tuple_cost = 0;
SET LOCAL min_parallel_table_scan_size = 0;
SET LOCAL max_parallel_workers_per_gather = 2;
CREATE TABLE public.cohort_parallel_rows AS SELECT * FROM purchases;
ANALYZE public.cohort_parallel_rows;
CREATE FUNCTION pg_temp.plan_of(query text) RETURNS SETOF text
	LANGUAGE plpgsql AS $$
BEGIN
	RETURN QUERY EXECUTE 'EXPLAIN (COSTS OFF) ' || query;
END $$;
SELECT matches(
	(SELECT string_agg(l, E'\n') FROM pg_temp.plan_of($$
		SELECT affinity.activity_agg(customer_id, invoiced_at, 'month')
		FROM public.cohort_parallel_rows$$) l),
	'Finalize Aggregate.*Gather.*Partial Aggregate', 'the aggregate runs in parallel');
SELECT is(affinity.activity_agg(customer_id, invoiced_at, 'month')::text,
	(SELECT activity::text FROM monthly), 'workers give the same state')
FROM public.cohort_parallel_rows;
SET LOCAL max_parallel_workers_per_gather = 0;

-- Every type of user and layout, one state against many.
CREATE FUNCTION pg_temp.same_state(user_sql text, at_sql text, rest text)
	RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
	whole text;
	parts text;
BEGIN
	EXECUTE format('SELECT affinity.activity_agg(%s, %s, %s)::text FROM purchases',
		user_sql, at_sql, rest) INTO whole;
	EXECUTE format('SELECT affinity.rollup(part)::text FROM (
		SELECT affinity.activity_agg(%s, %s, %s) AS part FROM purchases
		GROUP BY hashtext(invoice) %% 7) p', user_sql, at_sql, rest) INTO parts;
	RETURN whole = parts AND whole::affinity.activity::text = whole;
END $$;
SELECT ok(pg_temp.same_state(u, 'invoiced_at', r), u || ', ' || r)
FROM (VALUES ('customer_id::bigint'), ('md5(customer_id::text)::uuid'),
	('''customer '' || customer_id')) users(u),
	(VALUES ('''hour'''), ('''day'''), ('''week'''),
		('''hour'', ''Europe/London'', quantity > 5, quantity < 50')) rest(r);

-- 2. Random logs. Each has a unit and a time zone of its own, spans a dozen of
-- its periods around a change of daylight saving time, and rows that are starts,
-- returns, both or neither.
SELECT setseed(0.42);
CREATE TEMP TABLE logs AS
	SELECT id,
		(ARRAY['hour', 'day', 'week', 'week_sunday', 'week_thursday', 'month',
			'quarter', 'year'])[1 + id % 8] AS unit,
		(ARRAY['UTC', 'Europe/Berlin', 'America/New_York', 'Asia/Kathmandu',
			'Australia/Lord_Howe'])[1 + id % 5] AS zone,
		(ARRAY[timestamptz '2024-03-31 00:30+00', '2023-11-05 05:30+00',
			'1999-12-31 22:00+00', '1969-10-26 00:10+00'])[1 + id % 4] AS around
	FROM generate_series(1, 10000) id;
CREATE TEMP TABLE events AS
	SELECT l.id, l.unit, l.zone, (random() * 4)::int AS user_id,
		l.around + round((random() - 0.5) * 12 * 3600 * CASE
			WHEN unit = 'hour' THEN 1 WHEN unit = 'day' THEN 24
			WHEN unit ~ 'week' THEN 168 WHEN unit = 'month' THEN 730
			WHEN unit = 'quarter' THEN 2191 ELSE 8766 END)
			* interval '1 second' AS at,
		random() < 0.6 AS is_start, random() < 0.6 AS is_return
	FROM logs l, generate_series(1, 1 + id % 17);
-- some rows at the same instant
INSERT INTO events SELECT id, unit, zone, user_id, at, NOT is_start, true
	FROM events WHERE random() < 0.1;

CREATE FUNCTION pg_temp.period_no(at timestamptz, unit text, zone text)
	RETURNS bigint LANGUAGE sql IMMUTABLE AS $$
	SELECT CASE unit
		WHEN 'hour' THEN extract(epoch FROM date_trunc('hour', t)) / 3600
		WHEN 'day' THEN t::date - date '2000-01-01'
		WHEN 'week' THEN (date_trunc('week', t)::date - date '2000-01-03') / 7
		WHEN 'week_sunday' THEN
			(date_trunc('week', t + interval '1 day')::date - date '2000-01-03') / 7
		WHEN 'week_thursday' THEN
			(date_trunc('week', t - interval '3 days')::date - date '2000-01-03') / 7
		WHEN 'month' THEN extract(year FROM t) * 12 + extract(month FROM t)
		WHEN 'quarter' THEN extract(year FROM t) * 4 + extract(quarter FROM t)
		WHEN 'year' THEN extract(year FROM t) END::bigint
	FROM (SELECT at AT TIME ZONE zone AS t) local $$;

CREATE TEMP TABLE seen AS
	SELECT id, user_id, pg_temp.period_no(at, unit, zone) AS p, at,
		is_start, is_return
	FROM events;
CREATE TEMP TABLE last_seen AS
	SELECT id, max(p) AS p FROM seen GROUP BY 1;
-- with conditions, the last period is that of the last row that counts
CREATE TEMP TABLE last_counted AS
	SELECT id, max(p) AS p FROM seen WHERE is_start OR is_return GROUP BY 1;

-- starts, each with whether the user came back in its own period
CREATE TEMP TABLE starts AS
	SELECT id, user_id, p AS c, true AS own, false AS events
	FROM seen GROUP BY 1, 2, 3
	UNION ALL
	SELECT s.id, s.user_id, s.p, bool_or(r.is_return IS NOT NULL), true
	FROM (SELECT id, user_id, p, min(at) AS t FROM seen
		  WHERE is_start GROUP BY 1, 2, 3) s
	LEFT JOIN seen r ON r.id = s.id AND r.user_id = s.user_id AND r.p = s.p
		AND r.is_return AND (r.at > s.t OR r.at = s.t AND (NOT r.is_start
			OR EXISTS (SELECT FROM seen o WHERE o.id = s.id
				AND o.user_id = s.user_id AND o.at = s.t
				AND o.is_start AND NOT o.is_return)))
	GROUP BY 1, 2, 3;
CREATE TEMP TABLE returns AS
	SELECT id, user_id, false AS events, array_agg(DISTINCT p) AS ps
	FROM seen GROUP BY 1, 2
	UNION ALL
	SELECT id, user_id, true, array_agg(DISTINCT p)
	FROM seen WHERE is_return GROUP BY 1, 2;
ANALYZE starts; ANALYZE returns; ANALYZE seen;

-- For each membership of a cohort and each period: did the user come back? The
-- definition of each criterion, spelled out.
CREATE FUNCTION pg_temp.oracle(with_events boolean, mode text, criterion text,
		from_period int, max_id int)
	RETURNS TABLE (id int, c bigint, size bigint, period int, retained bigint)
	LANGUAGE sql AS $$
	WITH member AS MATERIALIZED (
		SELECT s.*, row_number() OVER (PARTITION BY s.id, s.user_id ORDER BY s.c) AS nth,
			row_number() OVER (PARTITION BY s.id, s.user_id, s.c >= m.first + from_period
				ORDER BY s.c) AS nth_in_range,
			s.c >= m.first + from_period AS in_range
		FROM starts s
		JOIN (SELECT id, min(p) AS first FROM seen GROUP BY 1) m USING (id)
		WHERE s.events = with_events AND s.id <= max_id
	), chosen AS MATERIALIZED (
		SELECT m.*, coalesce(r.ps, '{}') AS ps
		FROM member m
		LEFT JOIN returns r ON r.id = m.id AND r.user_id = m.user_id
			AND r.events = with_events
		WHERE in_range AND CASE mode WHEN 'first_ever' THEN nth = 1
			WHEN 'first_in_range' THEN nth_in_range = 1 ELSE true END
	)
	SELECT ch.id, ch.c, count(*), k, count(*) FILTER (WHERE CASE
		WHEN criterion = 'on' THEN
			CASE WHEN k = 0 THEN own ELSE c + k = ANY (ps) END
		WHEN criterion = 'on_or_after' THEN
			(k = 0 AND own) OR c + greatest(k, 1) <= ANY (ps)
		WHEN criterion = 'on_or_before' THEN
			CASE WHEN k = 0 THEN own ELSE (with_events AND own) OR EXISTS (
				SELECT FROM unnest(ps) p WHERE p BETWEEN c + 1 AND c + k) END
		WHEN criterion = 'streak' THEN
			CASE WHEN k = 0 THEN own ELSE
				(SELECT count(*) FROM unnest(ps) p WHERE p BETWEEN c + 1 AND c + k) = k
			END
		ELSE
			CASE k WHEN 0 THEN own
				WHEN 1 THEN c + 1 = ANY (ps)
				WHEN 2 THEN EXISTS (SELECT FROM unnest(ps) p WHERE p BETWEEN c + 2 AND c + 4)
				WHEN 5 THEN EXISTS (SELECT FROM unnest(ps) p WHERE p BETWEEN c + 5 AND c + 11)
			END
		END)
	FROM chosen ch
	JOIN last_seen l ON l.id = ch.id
	LEFT JOIN last_counted lc ON lc.id = ch.id
	CROSS JOIN LATERAL generate_series(0, (CASE WHEN with_events THEN lc.p ELSE l.p END - c)::int) k
	WHERE criterion <> 'bracket' OR k IN (0, 1, 2, 5)
	GROUP BY 1, 2, 4 $$;

CREATE TEMP TABLE states AS
	SELECT id, unit, zone, false AS events, min(at) AS first,
		affinity.activity_agg(user_id, at, unit, zone) AS activity
	FROM events GROUP BY 1, 2, 3
	UNION ALL
	SELECT id, unit, zone, true, min(at),
		affinity.activity_agg(user_id, at, unit, zone, is_start, is_return)
	FROM events GROUP BY 1, 2, 3;
-- where the range of cohorts begins: three periods after the first row's
CREATE FUNCTION pg_temp.later_period(at timestamptz, unit text, zone text, n int)
	RETURNS timestamp LANGUAGE sql IMMUTABLE AS $$
	SELECT CASE unit
		WHEN 'week_sunday' THEN
			date_trunc('week', t + interval '1 day') - interval '1 day'
		WHEN 'week_thursday' THEN
			date_trunc('week', t - interval '3 days') + interval '3 days'
		ELSE date_trunc(unit, t) END
		+ n * CASE WHEN unit ~ 'week' THEN interval '1 week'
			WHEN unit = 'quarter' THEN interval '3 months'
			ELSE ('1 ' || unit)::interval END
	FROM (SELECT at AT TIME ZONE zone AS t) local $$;

CREATE FUNCTION pg_temp.difference(with_events boolean, mode text, criterion text,
		from_period int, max_id int)
	RETURNS bigint LANGUAGE sql AS $$
	WITH own AS (
		SELECT s.id, pg_temp.period_no(r.cohort AT TIME ZONE 'UTC', s.unit, 'UTC') AS c,
			r.cohort_size, r.period, r.retained
		FROM states s, affinity.retention(s.activity, mode => mode,
			criterion => criterion,
			brackets => CASE WHEN criterion = 'bracket' THEN '{1,3,7}'::int[] END,
			cohorts_from => pg_temp.later_period(s.first, s.unit, s.zone, from_period)) r
		WHERE s.events = with_events AND s.id <= max_id
	), plain AS (
		SELECT * FROM pg_temp.oracle(with_events, mode, criterion, from_period,
			max_id)
	)
	SELECT (SELECT count(*) FROM (SELECT * FROM own EXCEPT ALL SELECT * FROM plain) a)
		+ (SELECT count(*) FROM (SELECT * FROM plain EXCEPT ALL SELECT * FROM own) b)
		+ ((SELECT count(*) FROM plain) = 0)::int $$;

-- every mode on all logs, and with each further criterion on 1,000 of them
SELECT is(pg_temp.difference(e, m, c, CASE WHEN m = 'first_ever' THEN 0 ELSE 3 END,
		CASE WHEN c = 'on' THEN 10000 ELSE 1000 END),
	0::bigint, format('random logs: %s, %s, %s', m, c,
		CASE WHEN e THEN 'start and return' ELSE 'one event' END))
FROM unnest(ARRAY['first_ever', 'first_in_range', 'recurring']) m,
	unnest(ARRAY['on', 'on_or_after', 'on_or_before', 'streak', 'bracket']) c,
	unnest(ARRAY[false, true]) e;

-- 3. Rolling periods: each user's own hours, days or weeks from its first start
-- in the cohort's period; only users whose period is over count.
CREATE TEMP TABLE rolling AS
	SELECT st.id, st.c, st.user_id, t.t0, st.own, u.len, u.as_of,
		floor(extract(epoch FROM u.as_of - t.t0) / u.len)::int AS n_full,
		row_number() OVER (PARTITION BY st.id, st.user_id ORDER BY st.c) AS nth
	FROM starts st
	JOIN LATERAL (SELECT min(at) AS t0 FROM seen s WHERE s.id = st.id
		AND s.user_id = st.user_id AND s.p = st.c AND s.is_start) t ON true
	JOIN (SELECT id, CASE WHEN unit = 'hour' THEN 3600 WHEN unit = 'day' THEN 86400
				ELSE 604800 END AS len,
			max(at) FILTER (WHERE is_start OR is_return) AS as_of
		FROM events WHERE unit IN ('hour', 'day') OR unit LIKE 'week%' GROUP BY 1, 2) u USING (id)
	WHERE st.events AND st.id <= 2000;
CREATE TEMP TABLE rolling_returns AS
	SELECT DISTINCT r.id, r.c, r.user_id, floor(extract(epoch FROM s.at - r.t0) / r.len)::int AS k
	FROM rolling r JOIN seen s ON s.id = r.id AND s.user_id = r.user_id AND s.is_return
		AND (s.at > r.t0 OR s.at = r.t0 AND (NOT s.is_start
			OR EXISTS (SELECT FROM seen o WHERE o.id = s.id AND o.user_id = s.user_id
				AND o.at = s.at AND o.is_start AND NOT o.is_return)));
CREATE TEMP TABLE rolling_members AS
	SELECT r.id, r.c, r.n_full, r.nth, coalesce(array_agg(k) FILTER (WHERE k IS NOT NULL), '{}') AS ks
	FROM rolling r LEFT JOIN rolling_returns USING (id, c, user_id)
	GROUP BY r.id, r.c, r.user_id, 3, 4;

CREATE FUNCTION pg_temp.rolling_difference(mode text, criterion text)
	RETURNS bigint LANGUAGE sql AS $$
	WITH own AS (
		SELECT s.id, pg_temp.period_no(r.cohort AT TIME ZONE 'UTC', s.unit, 'UTC') AS c,
			r.cohort_size, r.period, r.eligible, r.retained, r.complete
		FROM states s, affinity.retention(s.activity, mode => mode,
			criterion => criterion, rolling => true,
			brackets => CASE WHEN criterion = 'bracket' THEN '{1,3,7}'::int[] END) r
		WHERE s.events AND s.id <= 2000 AND (s.unit IN ('hour', 'day') OR s.unit LIKE 'week%')
	), size AS (
		SELECT id, c, count(*) AS n FROM rolling_members
		WHERE mode = 'recurring' OR nth = 1 GROUP BY 1, 2
	), columns AS (
		SELECT k, CASE WHEN criterion <> 'bracket' THEN k WHEN k = 2 THEN 4
			WHEN k = 5 THEN 11 ELSE k END AS last
		FROM generate_series(0, 40) k WHERE criterion <> 'bracket' OR k IN (0, 1, 2, 5)
	), plain AS (
		SELECT m.id, m.c, s.n, col.k, count(*) FILTER (WHERE n_full > last) AS eligible,
			count(*) FILTER (WHERE n_full > last AND CASE criterion
				WHEN 'on' THEN k = ANY (ks)
				WHEN 'on_or_after' THEN k <= ANY (ks)
				WHEN 'on_or_before' THEN k >= ANY (ks)
				WHEN 'streak' THEN CASE WHEN k = 0 THEN 0 = ANY (ks) ELSE
					(SELECT count(*) FROM unnest(ks) x WHERE x BETWEEN 1 AND k) = k END
				ELSE EXISTS (SELECT FROM unnest(ks) x WHERE x BETWEEN k AND last) END) AS retained,
			count(*) FILTER (WHERE n_full > last) = s.n AS complete
		FROM rolling_members m JOIN size s USING (id, c) CROSS JOIN columns col
		WHERE mode = 'recurring' OR nth = 1
		GROUP BY 1, 2, 3, 4
		HAVING k = 0 OR count(*) FILTER (WHERE n_full > last) > 0
	)
	SELECT (SELECT count(*) FROM (SELECT * FROM own EXCEPT ALL SELECT * FROM plain) a)
		+ (SELECT count(*) FROM (SELECT * FROM plain EXCEPT ALL SELECT * FROM own) b)
		+ ((SELECT count(*) FROM plain) = 0)::int $$;
SELECT is(pg_temp.rolling_difference(m, c), 0::bigint, format('rolling: %s, %s', m, c))
FROM unnest(ARRAY['first_ever', 'recurring']) m,
	unnest(ARRAY['on', 'on_or_after', 'on_or_before', 'streak', 'bracket']) c;
SELECT throws_ok($$SELECT affinity.retention(activity, rolling => true) FROM monthly$$,
	'22023', NULL, 'rolling periods need times');
SELECT throws_ok($$SELECT affinity.retention(activity, rolling => true) FROM states WHERE events AND unit = 'month' LIMIT 1$$,
	'22023', NULL, 'months do not roll');

SELECT * FROM finish();
ROLLBACK;
