-- Retention against plain SQL: the monthly triangle of Online Retail II cell by
-- cell; and any way to put its rows together. Random small logs in every unit,
-- mode and criterion: cohort_oracle.sql.
BEGIN;
SET LOCAL jit = off;
SELECT plan(22);

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

-- 2. What rolling periods need.
SELECT throws_ok($$SELECT affinity.retention(activity, rolling => true) FROM monthly$$,
	'22023', NULL, 'rolling periods need times');
SELECT throws_ok($$SELECT affinity.retention(affinity.activity_agg(1, now(), 'month', NULL, true, true), rolling => true)$$,
	'22023', NULL, 'months do not roll');

SELECT * FROM finish();
ROLLBACK;
