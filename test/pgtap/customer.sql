-- customer_summary, quantile_bin and rfm_segment: against the expectations of lifetimes'
-- own tests, an oracle in plain SQL on random logs (fixed seed), and Online Retail II.
BEGIN;
SET LOCAL jit = off;
SET LOCAL timezone = 'Europe/Berlin';
SELECT plan(63);

-- 1. lifetimes' tests/test_utils.py: transactions and what they come to on 2015-02-07.
CREATE TEMP TABLE bought (set text, id int, day date, value numeric);
INSERT INTO bought VALUES ('large', 1, '2015-01-01', 1), ('large', 1, '2015-02-06', 2), ('large', 2, '2015-01-01', 2), ('large', 3, '2015-01-01', 3),
	('large', 3, '2015-01-02', 1), ('large', 3, '2015-01-05', 5), ('large', 4, '2015-01-16', 6), ('large', 4, '2015-02-02', 3), ('large', 4, '2015-02-05', 3),
	('large', 5, '2015-01-16', 3), ('large', 5, '2015-01-17', 1), ('large', 5, '2015-01-18', 8), ('large', 6, '2015-02-02', 5),
	('small', 1, '2015-02-01', NULL), ('small', 1, '2015-02-06', NULL), ('small', 2, '2015-01-01', NULL), ('small', 3, '2015-01-01', NULL),
	('small', 3, '2015-01-02', NULL), ('small', 3, '2015-01-05', NULL);
SELECT results_eq(
	$$SELECT id, (s).frequency, (s).recency, (s).t, (s).monetary_value FROM (
		SELECT id, affinity.customer_summary(day, value, 'day', date '2015-02-07') AS s FROM bought WHERE set = 'large' GROUP BY id) q ORDER BY id$$,
	$$VALUES (1, 1::bigint, 36::bigint, 37::bigint, 2::float8), (2, 0, 0, 37, 0), (3, 2, 4, 37, 3), (4, 2, 20, 22, 3), (5, 2, 2, 22, 4.5), (6, 0, 0, 5, 0)$$,
	'lifetimes: days, with values');
SELECT results_eq(
	$$SELECT id, (s).frequency, (s).recency, (s).t FROM (
		SELECT id, affinity.customer_summary(day::timestamp, 1, 'week', '2015-02-07') AS s FROM bought WHERE set = 'large' GROUP BY id) q ORDER BY id$$,
	$$VALUES (1, 1::bigint, 5::bigint, 5::bigint), (2, 0, 0, 5), (3, 1, 1, 5), (4, 1, 3, 3), (5, 0, 0, 3), (6, 0, 0, 0)$$,
	'lifetimes: weeks from Monday to Sunday');
SELECT results_eq(
	$$SELECT id, (s).frequency, (s).recency, (s).t FROM (
		SELECT id, affinity.customer_summary(day::timestamptz, 1, 'day', timestamptz '2015-02-07') AS s FROM bought WHERE set = 'small' GROUP BY id) q ORDER BY id$$,
	$$VALUES (1, 1::bigint, 5::bigint, 6::bigint), (2, 0, 0, 37), (3, 2, 4, 37)$$,
	'lifetimes: days, without values');

-- 2. Random logs. A refund is taken off its period, then off those before, the latest first.
SELECT setseed(0.17);
CREATE TEMP TABLE event AS
	SELECT l.*, CASE WHEN random() < 0.98 THEN around + round((random() - 0.3) * 12 * 3600 * CASE
			WHEN unit = 'hour' THEN 1 WHEN unit = 'day' THEN 24 WHEN unit ~ 'week' THEN 168 WHEN unit = 'month' THEN 730
			WHEN unit = 'quarter' THEN 2191 ELSE 8766 END) * interval '1 second' END AS at,
		CASE WHEN random() < 0.95 THEN round(((random() - 0.3) * 50)::numeric, (id % 3)::int) END AS amount
	FROM (SELECT id, (ARRAY['hour', 'day', 'week', 'week_sunday', 'month', 'quarter', 'year'])[1 + id % 7] AS unit,
			(ARRAY['UTC', 'Europe/Berlin', 'America/New_York', 'Asia/Kathmandu', 'Australia/Lord_Howe'])[1 + id % 5] AS zone,
			(ARRAY[timestamptz '2024-03-31 00:30+00', '2023-11-05 05:30+00', '1999-12-31 22:00+00', '1969-10-26 00:10+00'])[1 + id % 4] AS around
		  FROM generate_series(1, 1000) id) l, generate_series(1, 1 + id % 23);
CREATE FUNCTION pg_temp.start_of(t timestamp, unit text) RETURNS timestamp LANGUAGE sql IMMUTABLE AS $$
	SELECT CASE unit WHEN 'week_sunday' THEN date_trunc('week', t + interval '1 day') - interval '1 day' ELSE date_trunc(unit, t) END $$;
CREATE FUNCTION pg_temp.between(a timestamp, b timestamp, unit text) RETURNS bigint LANGUAGE sql IMMUTABLE AS $$
	SELECT CASE unit WHEN 'hour' THEN extract(epoch FROM b - a) / 3600 WHEN 'day' THEN b::date - a::date
		WHEN 'week' THEN (b::date - a::date) / 7 WHEN 'week_sunday' THEN (b::date - a::date) / 7
		ELSE (extract(year FROM age(b, a)) * 12 + extract(month FROM age(b, a))) / CASE unit WHEN 'month' THEN 1 WHEN 'quarter' THEN 3 ELSE 12 END END::bigint $$;
\i test/oracle/netted.sql
CREATE FUNCTION pg_temp.oracle(days_later int) RETURNS TABLE (id int, frequency bigint, recency bigint, t bigint, monetary_value numeric, orders bigint,
	total numeric, first_at timestamp, last_at timestamp) LANGUAGE sql AS $$
	WITH given AS (
		SELECT e.*, at AT TIME ZONE zone AS local, pg_temp.start_of(at AT TIME ZONE zone, unit) AS p,
			pg_temp.start_of((around + days_later * interval '1 day') AT TIME ZONE zone, unit) AS until
		FROM event e WHERE at IS NOT NULL AND amount IS NOT NULL
	), kept AS (SELECT * FROM given WHERE p <= until
	), period AS (SELECT id, unit, until, p, sum(amount) AS net FROM kept GROUP BY 1, 2, 3, 4
	), left_over AS (
		SELECT id, unit, until, u.p, u.net FROM (
			SELECT id, unit, until, array_agg(p ORDER BY p) AS ps, pg_temp.netted(array_agg(net ORDER BY p)) AS nets FROM period GROUP BY 1, 2, 3) n,
			unnest(ps, nets) u (p, net) WHERE u.net > 0
	), first AS (SELECT *, row_number() OVER (PARTITION BY id ORDER BY p) AS no FROM left_over
	), summed AS (
		SELECT id, count(*) - 1 AS frequency, pg_temp.between(min(p), max(p), unit) AS recency, pg_temp.between(min(p), until, unit) AS t,
			coalesce(avg(net) FILTER (WHERE no > 1), 0) AS monetary_value
		FROM first GROUP BY id, unit, until)
	SELECT k.id, s.frequency, s.recency, s.t, s.monetary_value, count(*) FILTER (WHERE amount > 0), sum(amount),
		min(local) FILTER (WHERE amount > 0), max(local) FILTER (WHERE amount > 0)
	FROM kept k LEFT JOIN summed s USING (id) GROUP BY k.id, s.frequency, s.recency, s.t, s.monetary_value $$;
CREATE FUNCTION pg_temp.differing(given text, later int) RETURNS SETOF int LANGUAGE plpgsql AS $$
BEGIN
	RETURN QUERY EXECUTE format($q$
		SELECT coalesce(o.id, q.id) FROM pg_temp.oracle(%2$s) o FULL JOIN (
			SELECT id, affinity.customer_summary(%1$s) AS s FROM event GROUP BY id) q ON o.id = q.id AND q.s IS DISTINCT FROM NULL
		WHERE (o.id IS NOT NULL OR q.s IS DISTINCT FROM NULL) AND NOT (
			((s).frequency, (s).recency, (s).t, (s).orders, (s).first_at, (s).last_at) IS NOT DISTINCT FROM
				(o.frequency, o.recency, o.t, o.orders, o.first_at, o.last_at)
			AND abs((s).total - o.total) <= 1e-9
			AND (abs((s).monetary_value - o.monetary_value) <= 1e-9 OR (s).monetary_value IS NULL AND o.monetary_value IS NULL))$q$, given, later);
END $$;
SELECT is_empty(format('SELECT * FROM pg_temp.differing(%L, %s)', given, later), format('1,000 random logs: %s, %s days later', given, later))
FROM unnest(ARRAY['at, amount, unit, around + interval ''%s days'', zone', 'at AT TIME ZONE zone, amount, unit, (around + interval ''%s days'') AT TIME ZONE zone',
	'at AT TIME ZONE zone, amount, unit, around + interval ''%s days'', zone']) form,
	unnest(ARRAY[0, 1, 400, 10000]) later, LATERAL (SELECT format(form, later, later) AS given) g;
SELECT is(count(*), 430::bigint, 'hundreds of them have refunds that take a purchase back, or all of them') FROM (
	SELECT id FROM (SELECT id, pg_temp.netted(array_agg(net ORDER BY p)) AS after, array_agg(net ORDER BY p) AS before FROM (
		SELECT id, pg_temp.start_of(at AT TIME ZONE zone, unit) AS p, sum(amount) AS net FROM event WHERE at IS NOT NULL AND amount IS NOT NULL GROUP BY 1, 2) s GROUP BY id) n
	WHERE after <> (SELECT array_agg(greatest(b, 0) ORDER BY i) FROM unnest(before) WITH ORDINALITY u (b, i)) ORDER BY id LIMIT 430) c;
SELECT is_empty($$SELECT id FROM (
	SELECT id, affinity.customer_summary(at, amount, unit, around + interval '1 day', zone) AS a,
		affinity.customer_summary(at, amount, unit, around + interval '1 day', zone ORDER BY random()) AS b,
		affinity.customer_summary(at, amount, unit, around + interval '1 day', zone ORDER BY at DESC) AS c FROM event GROUP BY id) s
	WHERE (a, b) IS DISTINCT FROM (b, c)$$, 'the order of rows does not matter, to the last bit');
SELECT is_empty($$SELECT id FROM (SELECT id, affinity.customer_summary(at) AS a, affinity.customer_summary(at, 1) AS b, affinity.customer_summary(at, 1, 'days') AS c,
		affinity.customer_summary(at, 1, 'day', NULL) AS d, affinity.customer_summary(at, 1, 'day', now(), current_setting('timezone')) AS e FROM event GROUP BY id) s
	WHERE ((a).frequency, (a).recency, (a).t, (a).orders, (a).first_at) IS DISTINCT FROM ((b).frequency, (b).recency, (b).t, (b).orders, (b).first_at)
		OR (a).total IS NOT NULL OR (a).monetary_value IS NOT NULL OR (b, c) IS DISTINCT FROM (d, e) OR b IS DISTINCT FROM c$$,
	'days as of now are the default; without amounts each row counts');
SELECT is((affinity.customer_summary(at, 1)).t, (now()::date - min(at)::date)::bigint, 'now is the transaction''s') FROM event;

-- one customer with many periods, in any order
SELECT ok((s).frequency = 59999 AND (s).recency = 59999 AND (s).monetary_value = 2.5 AND (s).total = 150000 AND s = r, '60,000 hours in random order, twice') FROM (
	SELECT affinity.customer_summary(timestamp '2000-01-01' + i * interval '1 hour', 1.25, 'hour', date '2100-01-01' ORDER BY md5(i::text)) AS s,
		affinity.customer_summary(timestamp '2000-01-01' + i * interval '1 hour', 1.25, 'hour', date '2100-01-01') AS r
	FROM generate_series(1, 60000) i, generate_series(1, 2)) q;

-- in parallel
CREATE TABLE public.customer_rows AS SELECT i % 700 AS id, timestamptz '2020-01-01' + (i * 7919 % 90000) * interval '17 minutes' AS at, (i % 37 - 7) / 8.0 AS amount
	FROM generate_series(1, 60000) i;
ANALYZE public.customer_rows;
CREATE TEMP TABLE serial AS SELECT id, affinity.customer_summary(at, amount, 'day', date '2022-12-31') AS s FROM public.customer_rows GROUP BY id;
SET LOCAL parallel_setup_cost = 0;
SET LOCAL parallel_tuple_cost = 0;
SET LOCAL min_parallel_table_scan_size = 0;
CREATE FUNCTION pg_temp.plan_of(query text) RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
	RETURN QUERY EXECUTE 'EXPLAIN (COSTS OFF) ' || query;
END $$;
SELECT matches((SELECT string_agg(l, E'\n') FROM pg_temp.plan_of($$SELECT id, affinity.customer_summary(at, amount, 'day', date '2022-12-31')
	FROM public.customer_rows GROUP BY id$$) l), 'Finalize .*Gather.*Partial ', 'it runs in parallel');
CREATE TEMP TABLE parallel AS SELECT id, affinity.customer_summary(at, amount, 'day', date '2022-12-31') AS s FROM public.customer_rows GROUP BY id;
SELECT results_eq('SELECT * FROM parallel ORDER BY id', 'SELECT * FROM serial ORDER BY id', 'and gives the same');
SET LOCAL max_parallel_workers_per_gather = 0;

-- 3. Edges.
SELECT is(affinity.customer_summary(at, amount), NULL, 'no rows are NULL') FROM event WHERE false;
SELECT is(affinity.customer_summary(NULL::timestamptz, 1), NULL, 'nor are rows without a time');
SELECT is(affinity.customer_summary(date '2024-01-02', NULL), NULL, 'or an amount');
SELECT is(affinity.customer_summary(date '2024-01-02', 1, 'day', date '2024-01-01'), NULL, 'or after as_of');
SELECT is(affinity.customer_summary(timestamp '2024-01-01 23:00', 1, 'day', date '2024-01-01')::text, '(0,0,0,0,1,1,"2024-01-01 23:00:00","2024-01-01 23:00:00")',
	'the whole period of as_of counts');
CREATE TEMP TABLE edge (id int, d date, a float8);
INSERT INTO edge VALUES (1, '2024-01-01', 10), (1, '2024-01-02', 0.1), (1, '2024-01-03', 0.2), (1, '2024-01-04', -0.3), (1, '2024-01-05', -9.7),
	(2, '2024-01-01', 5), (2, '2024-01-02', -6), (3, '2024-01-01', -6), (3, '2024-01-02', 5), (4, '2024-01-01', 0), (5, '2024-01-01', 1e15), (5, '2024-01-02', 1e15),
	(6, '2024-01-01', 5), (6, '2024-01-02', 7), (6, '2024-01-03', -3), (7, '2024-01-01', 1e-300);
SELECT is(s::text, e, m) FROM (SELECT id, affinity.customer_summary(d, a, 'day', date '2024-01-31') AS s FROM edge GROUP BY id) q JOIN (VALUES
	(1, '(0,0,30,0,3,0.3000000000000007,"2024-01-01 00:00:00","2024-01-03 00:00:00")', 'refunds take purchases back, the latest first; 0.1 + 0.2 - 0.3 is nothing'),
	(2, '(,,,,1,-1,"2024-01-01 00:00:00","2024-01-01 00:00:00")', 'more was refunded than bought'),
	(3, '(0,0,29,0,1,-1,"2024-01-02 00:00:00","2024-01-02 00:00:00")', 'a refund of what came before takes nothing off later purchases'),
	(4, '(,,,,0,0,,)', 'what costs nothing is no purchase'),
	(5, '(1,1,30,1e+15,2,2e+15,"2024-01-01 00:00:00","2024-01-02 00:00:00")', 'large amounts'),
	(6, '(1,1,30,4,2,9,"2024-01-01 00:00:00","2024-01-02 00:00:00")', 'a refund of a part'),
	(7, '(,,,,1,0,"2024-01-01 00:00:00","2024-01-01 00:00:00")', 'an amount below 2^-60')) x (id, e, m) USING (id) ORDER BY id;
SELECT throws_ok('SELECT affinity.customer_summary(now(), ''NaN''::float8)', '22000', 'NaN amount', 'NaN');
SELECT throws_ok('SELECT affinity.customer_summary(now(), ''-inf''::float8)', '22000', 'infinite amount', 'infinite');
SELECT throws_ok('SELECT affinity.customer_summary(now(), 1.1e15)', '22003', NULL, 'too large');
SELECT throws_ok('SELECT affinity.customer_summary(timestamp ''infinity'')', '22023', 'infinite time', 'infinite time');
SELECT throws_ok('SELECT affinity.customer_summary(now(), 1, ''day'', ''infinity'')', '22023', 'as_of must be finite', 'infinite as_of');
SELECT throws_ok('SELECT affinity.customer_summary(now(), 1, ''fortnight'')', '22023', NULL, 'no such unit');
SELECT throws_ok('SELECT affinity.customer_summary(now(), 1, NULL::text)', '22004', NULL, 'no unit');
SELECT throws_ok('SELECT affinity.customer_summary(now(), 1, ''day'', NULL, ''Mars'')', '22023', NULL, 'no such zone');
SELECT throws_ok('SELECT affinity.customer_summary(now() - i * interval ''1 y'', 1, CASE i WHEN 1 THEN ''day'' ELSE ''week'' END) FROM generate_series(1, 2) i',
	'22023', 'unit and as_of must be the same for all rows of a group', 'two units');
SELECT throws_ok('SELECT affinity.customer_summary_final(''\x1234'')', '0A000', NULL, 'its functions work in aggregates alone');
CREATE AGGREGATE pg_temp.forged(bytea) (SFUNC = affinity.customer_summary_combine, STYPE = bytea, FINALFUNC = affinity.customer_summary_final);
SELECT throws_ok(format('SELECT pg_temp.forged(b) FROM unnest(ARRAY[%1$L, %1$L]::bytea[]) b', '\x' || repeat('55', n)), '22P03', NULL, format('a state of %s bytes', n))
FROM unnest(ARRAY[0, 40, 44, 300]) n;

-- 4. quantile_bin against plain SQL; ties stay together.
CREATE TEMP TABLE scored AS SELECT g, floor(random() ^ 3 * (1 + g % 50) * 3)::int AS v FROM generate_series(1, 200) g, generate_series(1, 1 + g % 61);
UPDATE scored SET v = NULL WHERE random() < 0.1;
SELECT is_empty(format($$SELECT * FROM (SELECT g, v, affinity.quantile_bin(v, 1 + g %% 11) OVER w AS bin,
		CASE WHEN v IS NOT NULL THEN 1 + (count(v) OVER (PARTITION BY g ORDER BY v %1$s RANGE UNBOUNDED PRECEDING EXCLUDE GROUP)) * (1 + g %% 11)
			/ count(v) OVER (PARTITION BY g) END AS plain FROM scored WINDOW w AS (PARTITION BY g ORDER BY v %1$s)) q WHERE bin IS DISTINCT FROM plain$$, o),
	'bins as plain SQL has them, ' || o) FROM unnest(ARRAY['ASC', 'DESC', 'DESC NULLS LAST', 'NULLS FIRST']) o;
SELECT results_eq('SELECT affinity.quantile_bin(v, 5) OVER (ORDER BY v) FROM generate_series(1, 20) v', 'SELECT ntile(5) OVER (ORDER BY v)::bigint FROM generate_series(1, 20) v',
	'ntile where nothing is equal and bins divide the rows');
SELECT results_eq('SELECT affinity.quantile_bin(v, 9223372036854775807) OVER (ORDER BY v) FROM generate_series(1, 2) v', 'VALUES (1::bigint), (4611686018427387904)', 'more bins than rows');
SELECT lives_ok('SELECT affinity.quantile_bin(CASE WHEN random() < 0.5 THEN 1 END, 5) OVER (PARTITION BY g) FROM generate_series(1, 200) g', 'values that change while they are counted');
SELECT throws_ok('SELECT affinity.quantile_bin(1, 0) OVER ()', '22023', 'bins must be at least 1, but is 0', 'no bins');
SELECT is(affinity.quantile_bin(1, NULL) OVER (), NULL, 'bins that are not known');

-- 5. rfm_segment.
SELECT results_eq('SELECT count(*), count(DISTINCT (r, f, m)), count(segment), count(DISTINCT segment) FROM affinity.rfm_rules()',
	'VALUES (125::bigint, 125::bigint, 125::bigint, 11::bigint)', 'each of 125 scores has one of 11 names');
SELECT is(string_agg(affinity.rfm_segment(r, f, m), ', '), 'Champions, Loyal, Potential Loyalist, New Customers, Promising, Need Attention, About To Sleep, At Risk, '
	'Cannot Lose Them, Hibernating, Lost', 'a score of each') FROM (VALUES (5, 5, 5), (5, 4, 3), (5, 5, 3), (5, 1, 1), (5, 2, 5), (5, 3, 5), (3, 3, 1), (2, 5, 5), (1, 5, 5), (3, 3, 2), (1, 1, 1)) s (r, f, m);
SELECT throws_ok(format('SELECT affinity.rfm_segment(%s)', s), '22023', NULL, s) FROM unnest(ARRAY['0, 1, 1', '1, 6, 1', '1, 1, -1']) s;
SELECT is(affinity.rfm_segment(1, NULL, 1), NULL, 'NULL where a score is');

SELECT finish();
ROLLBACK;
