-- Value per cohort against plain SQL: the months of Online Retail II cell by cell,
-- random small logs (fixed seed) in every unit, and damaged states.
BEGIN;
SET LOCAL jit = off;
SELECT plan(15);

-- 1. Online Retail II, whole.
CREATE TEMP TABLE purchases (
	invoice text, customer_id int, stock_code text, quantity int,
	price numeric, invoiced_at timestamp, country text);
\copy purchases FROM PROGRAM 'xz -dc test/data/online_retail_purchases.csv.xz' CSV HEADER
ANALYZE purchases;
CREATE TEMP TABLE monthly AS
	SELECT affinity.value_agg(customer_id, invoiced_at, quantity * price, 'month') AS state
	FROM purchases;
CREATE TEMP TABLE report AS
	SELECT row_number() OVER () AS no, r.* FROM monthly, affinity.revenue_retention(state) r;

-- What an analyst would write, in exact arithmetic.
CREATE TEMP TABLE plain AS
	WITH spent AS (
		SELECT customer_id, date_trunc('month', invoiced_at) AS month,
			sum(quantity * price) AS value
		FROM purchases GROUP BY 1, 2
	), first AS (
		SELECT customer_id, min(month) AS cohort FROM spent GROUP BY 1
	), size AS (
		SELECT cohort, count(*) AS n FROM first GROUP BY 1
	), cell AS (
		SELECT cohort, month, count(*) FILTER (WHERE value > 0) AS payers, sum(value) AS value
		FROM first JOIN spent USING (customer_id) GROUP BY 1, 2
	)
	SELECT s.cohort, s.n AS cohort_size,
		(extract(year FROM age(m, s.cohort)) * 12
			+ extract(month FROM age(m, s.cohort)))::int AS period,
		m AS period_start, coalesce(c.payers, 0) AS payers,
		coalesce(c.value, 0) AS value,
		sum(coalesce(c.value, 0)) OVER by_age AS cumulative,
		first_value(c.value) OVER by_age AS base,
		m + interval '1 month' <= '2011-12-09 12:50:00' AS complete
	FROM size s
	CROSS JOIN LATERAL generate_series(s.cohort, timestamp '2011-12-01',
									   interval '1 month') m
	LEFT JOIN cell c ON c.cohort = s.cohort AND c.month = m
	WINDOW by_age AS (PARTITION BY s.cohort ORDER BY m);

SELECT results_eq(
	$$SELECT cohort, cohort_size, period, period_start, payers, complete
		FROM report ORDER BY no$$,
	$$SELECT cohort, cohort_size, period, period_start, payers, complete
		FROM plain ORDER BY cohort, period$$,
	'cohorts, periods and payers of Online Retail equal plain SQL, row by row and sorted');
SELECT is(count(*), 325::bigint, 'every sum, average and ratio of them equals exact arithmetic to 12 digits')
FROM report r JOIN plain p USING (cohort, period)
WHERE abs(r.value - p.value::float8) <= 1e-12 * abs(p.value::float8)
	AND abs(r.cumulative_value - p.cumulative::float8) <= 1e-12 * abs(p.cumulative::float8)
	AND abs(r.value_per_user - (p.value / p.cohort_size)::float8) <= 1e-12 * abs(p.value::float8)
	AND abs(r.cumulative_per_user - (p.cumulative / p.cohort_size)::float8) <= 1e-12 * abs(p.cumulative::float8)
	AND abs(r.nrr - (p.value / p.base)::float8) <= 1e-12 * r.nrr;
SELECT is((SELECT count(*) FROM plain), 325::bigint, 'these are all the cells');

-- Any way to put the same rows together gives the same bytes.
SELECT is(md5(affinity.rollup(part)::text), (SELECT md5(state::text) FROM monthly),
	'stored daily states roll up to the same state')
FROM (SELECT affinity.value_agg(customer_id, invoiced_at, quantity * price, 'month') AS part
	  FROM purchases GROUP BY invoiced_at::date) days;
SELECT is(md5(affinity.rollup(part)::text), (SELECT md5(state::text) FROM monthly),
	'one state per customer, then rollup, gives the same state')
FROM (SELECT affinity.value_agg(customer_id, invoiced_at, quantity * price, 'month') AS part
	  FROM purchases GROUP BY customer_id) customers;
SELECT is(md5(affinity.rollup(part)::text), (SELECT md5(state::text) FROM monthly),
	'random splits in random order roll up to the same state')
FROM (SELECT affinity.value_agg(customer_id, invoiced_at, quantity * price, 'month'
								ORDER BY random()) AS part
	  FROM purchases GROUP BY (random() * 9)::int) parts;
SELECT is(md5(state::text::affinity.value::text), md5(state::text), 'text goes out and in') FROM monthly;

CREATE TABLE public.cohort_value_rows AS SELECT customer_id, invoiced_at, quantity * price AS value FROM purchases;
ANALYZE public.cohort_value_rows;
SET LOCAL parallel_setup_cost = 0;
SET LOCAL parallel_tuple_cost = 0;
SET LOCAL min_parallel_table_scan_size = 0;
SET LOCAL max_parallel_workers_per_gather = 2;
CREATE FUNCTION pg_temp.plan_of(query text) RETURNS SETOF text
	LANGUAGE plpgsql AS $$
BEGIN
	RETURN QUERY EXECUTE 'EXPLAIN (COSTS OFF) ' || query;
END $$;
SELECT matches(
	(SELECT string_agg(l, E'\n') FROM pg_temp.plan_of($$
		SELECT affinity.value_agg(customer_id, invoiced_at, value, 'month')
		FROM public.cohort_value_rows$$) l),
	'Finalize Aggregate.*Gather.*Partial Aggregate', 'the aggregate runs in parallel');
SELECT is(md5(affinity.value_agg(customer_id, invoiced_at, value, 'month')::text),
	(SELECT md5(state::text) FROM monthly), 'workers give the same state')
FROM public.cohort_value_rows;
SET LOCAL max_parallel_workers_per_gather = 0;

-- 2. Random logs. Values are multiples of 1/64, so that plain sums are exact;
-- some rows have no user, no time or no value, some values are returns.
SELECT setseed(0.42);
CREATE TEMP TABLE events AS
	SELECT l.*, nullif((random() * 5)::int, 5) AS user_id,
		CASE WHEN random() < 0.97 THEN l.around + round((random() - 0.5) * 12 * 3600 * CASE
			WHEN unit = 'hour' THEN 1 WHEN unit = 'day' THEN 24
			WHEN unit ~ 'week' THEN 168 WHEN unit = 'month' THEN 730
			WHEN unit = 'quarter' THEN 2191 ELSE 8766 END)
			* interval '1 second' END AS at,
		CASE WHEN random() < 0.95 THEN round((random() - 0.3) * 640) / 64 END::float8 AS value
	FROM (SELECT id,
			(ARRAY['hour', 'day', 'week', 'week_sunday', 'week_thursday', 'month',
				'quarter', 'year'])[1 + id % 8] AS unit,
			(ARRAY['UTC', 'Europe/Berlin', 'America/New_York', 'Asia/Kathmandu',
				'Australia/Lord_Howe'])[1 + id % 5] AS zone,
			(ARRAY[timestamptz '2024-03-31 00:30+00', '2023-11-05 05:30+00',
				'1999-12-31 22:00+00', '1969-10-26 00:10+00'])[1 + id % 4] AS around
		  FROM generate_series(1, 4000) id) l, generate_series(1, 1 + id % 17);

CREATE FUNCTION pg_temp.start_of(t timestamp, unit text)
	RETURNS timestamp LANGUAGE sql IMMUTABLE AS $$
	SELECT CASE unit
		WHEN 'week_sunday' THEN date_trunc('week', t + interval '1 day') - interval '1 day'
		WHEN 'week_thursday' THEN date_trunc('week', t - interval '3 days') + interval '3 days'
		ELSE date_trunc(unit, t) END $$;
CREATE FUNCTION pg_temp.step_of(unit text)
	RETURNS interval LANGUAGE sql IMMUTABLE AS $$
	SELECT CASE WHEN unit ~ 'week' THEN interval '7 days'
		WHEN unit = 'quarter' THEN interval '3 months'
		ELSE ('1 ' || unit)::interval END $$;

-- all logs as of their latest row, or as of their middle
CREATE FUNCTION pg_temp.oracle(midway boolean)
	RETURNS TABLE (id int, cohort timestamp, cohort_size bigint, period int,
		period_start timestamp, payers bigint, value float8, cumulative float8,
		per_user float8, ltv float8, nrr float8, complete boolean)
	LANGUAGE sql AS $$
	WITH row AS MATERIALIZED (
		SELECT id, unit, user_id, value, (CASE WHEN midway THEN around
				ELSE max(at) OVER (PARTITION BY id) END) AT TIME ZONE zone AS as_of,
			pg_temp.start_of(at AT TIME ZONE zone, unit) AS p
		FROM events WHERE user_id IS NOT NULL AND at IS NOT NULL AND value IS NOT NULL
	), member AS (
		SELECT *, min(p) OVER (PARTITION BY id, user_id) AS c FROM row
	), cell AS (
		SELECT id, c, p, count(*) FILTER (WHERE value > 0) AS payers, sum(value) AS value
		FROM (SELECT id, c, p, user_id, sum(value) AS value FROM member GROUP BY 1, 2, 3, 4) m GROUP BY 1, 2, 3
	), cohort AS (
		SELECT id, unit, as_of, c, count(DISTINCT user_id) AS size
		FROM member GROUP BY 1, 2, 3, 4
	), grid AS (
		SELECT h.*, p, (row_number() OVER (PARTITION BY id, c ORDER BY p) - 1)::int AS age
		FROM cohort h, generate_series(h.c, pg_temp.start_of(as_of, unit),
									   pg_temp.step_of(unit)) p
	), filled AS (
		SELECT g.*, coalesce(x.payers, 0) AS payers, coalesce(x.value, 0) AS value
		FROM grid g LEFT JOIN cell x USING (id, c, p)
	)
	SELECT id, c, size, age, p, payers, value, sum(value) OVER by_age, value / size,
		(sum(value) OVER by_age) / size, value / nullif(first_value(value) OVER by_age, 0),
		p + pg_temp.step_of(unit) <= as_of
	FROM filled WINDOW by_age AS (PARTITION BY id, c ORDER BY p)
	ORDER BY 1, 2, 4 $$;

CREATE TEMP TABLE states AS
	SELECT id, around, affinity.value_agg(user_id, at, value, unit, zone) AS state
	FROM events GROUP BY id, around;
SELECT cmp_ok((SELECT count(*) FROM pg_temp.oracle(false)), '>', 12000::bigint, 'there is much to compare');
SELECT results_eq(
	'SELECT id, r.* FROM (SELECT * FROM states ORDER BY id OFFSET 0) s, affinity.revenue_retention(state) r',
	'SELECT * FROM pg_temp.oracle(false)', '4,000 random logs equal plain SQL exactly');
SELECT results_eq(
	'SELECT id, r.* FROM (SELECT * FROM states ORDER BY id OFFSET 0) s, affinity.revenue_retention(state, around) r',
	'SELECT * FROM pg_temp.oracle(true)', 'and as of their middle');
SELECT results_eq(
	'SELECT id, r.* FROM (SELECT * FROM states ORDER BY id OFFSET 0) s, affinity.revenue_retention(state, max_period => 2) r',
	'SELECT * FROM pg_temp.oracle(false) WHERE period <= 2', 'and up to period 2');
SELECT is(count(*) FILTER (WHERE s.state::text IS DISTINCT FROM p.state), 0::bigint,
	'random splits, rolled up, give the same states')
FROM states s JOIN (
	SELECT id, affinity.rollup(state ORDER BY random())::text AS state
	FROM (SELECT id, affinity.value_agg(user_id, at, value, unit, zone ORDER BY random()) AS state
		  FROM events GROUP BY id, (random() * 3)::int) parts
	GROUP BY id) p USING (id);

-- 3. Damaged states are refused, or can be read and merged.
CREATE FUNCTION pg_temp.try(b bytea) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	v affinity.value;
BEGIN
	BEGIN
		v := replace(encode(b, 'base64'), E'\n', '')::affinity.value;
	EXCEPTION WHEN invalid_binary_representation THEN
		RETURN 'refused';
	END;
	BEGIN
		PERFORM r.* FROM affinity.revenue_retention(v, max_period => 50) r;
		PERFORM affinity.value_send(v), affinity.value_combine(v, v);
		PERFORM affinity.value_out(affinity.rollup(s)) FROM (VALUES (v), (v), (NULL)) s(s);
	EXCEPTION WHEN program_limit_exceeded OR numeric_value_out_of_range THEN
		NULL;					-- absurd, but sound
	END;
	RETURN 'read';
END $$;
CREATE TEMP TABLE tried AS
	SELECT pg_temp.try(CASE n % 4
		WHEN 0 THEN set_byte(b, at, (ARRAY[0, 1, 2, 127, 128, 254, 255])[1 + n % 7])
		WHEN 1 THEN set_bit(b, at * 8 + n % 8, (n / 8) % 2)
		WHEN 2 THEN substr(b, 1, at)
		ELSE substr(b, 1, at) || '\x0000000000000000' || substr(b, at + 1) END) AS outcome
	FROM (SELECT n, b, CASE WHEN random() < 0.6 THEN (random() * 100)::int
			ELSE (random() * (length(b) - 1))::int END AS at
		  FROM generate_series(1, 4000) n
		  JOIN LATERAL (SELECT decode(state::text, 'base64') AS b FROM states
			WHERE id = 16 + n % 500 AND state IS NOT NULL) s ON true
		  WHERE length(b) > 110) x;
SELECT ok(min(n) > 100 AND count(*) = 2 AND sum(n) > 2000,
	'damaged states are refused or read: ' || string_agg(outcome || ' ' || n, ', '))
FROM (SELECT outcome, count(*) AS n FROM tried GROUP BY 1) o;

SELECT * FROM finish();
ROLLBACK;
