-- Fits of models of lifetime whatever the rows: order, plan, weights, units,
-- nothing to fit, no maximum, bad values, crafted states.
\set ON_ERROR_STOP on
BEGIN;
SELECT plan(55);
SET LOCAL client_min_messages = error;

-- 3,000 customers of BG/NBD with r = 1, alpha = 30 days, a = 1, b = 3, by a
-- hash, so that they stay the same.
CREATE FUNCTION pg_temp.uniform(i bigint, seed int) RETURNS float8 LANGUAGE sql IMMUTABLE AS $$
	SELECT (((hashint8extended(i, seed) >> 12) & 1125899906842623) + 0.5) / 1125899906842624 $$;
CREATE TEMP TABLE customer AS
	SELECT i, count(*) FILTER (WHERE seen)::float8 AS frequency, coalesce(max(ceil(at)) FILTER (WHERE seen), 0) AS recency, t,
		round((5 + 30 * pg_temp.uniform(i, 5) + 20 * pg_temp.uniform(i, 8) ^ 9)::numeric, 2)::float8 AS spend
	FROM (SELECT i, t, n, at, at <= t AND n <= 1 + ln(pg_temp.uniform(i, 3)) / ln(1 - leave) AS seen
		FROM (SELECT i, n, (200 + i % 90)::float8 AS t, 1 - pg_temp.uniform(i, 1) ^ (1 / 3.0) AS leave,
				sum(-ln(pg_temp.uniform(i * 100 + n, 4))) OVER (PARTITION BY i ORDER BY n) * 30 / -ln(pg_temp.uniform(i, 2)) AS at
			FROM generate_series(1, 3000) i, generate_series(1, 40) n) c) c
	GROUP BY i, t;
ANALYZE customer;
CREATE TEMP TABLE survivor AS SELECT p, round(1000 * 0.8 ^ sqrt(p)) AS s FROM generate_series(0, 12) p;

-- What depends on the order of rows, or on the plan, would show in the last bit.
CREATE FUNCTION pg_temp.all_fits(source text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE result text;
BEGIN
	EXECUTE format('SELECT concat(affinity.bg_nbd_fit(frequency, recency, t), affinity.mbg_nbd_fit(frequency, recency, t),
		affinity.gamma_gamma_fit(frequency, spend)) FROM %s', source) INTO result;
	RETURN result;
END $$;
CREATE TEMP TABLE fitted AS SELECT pg_temp.all_fits('customer') AS fits, affinity.bg_nbd_fit(frequency, recency, t) AS bg,
	affinity.gamma_gamma_fit(frequency, spend) AS gg FROM customer;
SELECT ok((bg).converged AND (gg).converged AND (bg).n = 3000
	AND (gg).n = (SELECT count(*) FROM customer WHERE frequency > 0), 'there is something to compare') FROM fitted;
SELECT is(pg_temp.all_fits('(SELECT * FROM customer ORDER BY md5(i::text)) c'), fits, 'the order of rows does not matter') FROM fitted;
SELECT is(pg_temp.all_fits('(SELECT * FROM customer ORDER BY t DESC, spend) c'), fits, 'whatever it is') FROM fitted;
-- parallel, over a table that is not temporary
CREATE TABLE lifetime_shared AS SELECT * FROM customer;
ANALYZE lifetime_shared;
SET LOCAL parallel_setup_cost = 0;
SET LOCAL parallel_tuple_cost = 0;
SET LOCAL min_parallel_table_scan_size = 0;
SET LOCAL max_parallel_workers_per_gather = 2;
CREATE FUNCTION pg_temp.plan_of(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE line text; result text := '';
BEGIN
	FOR line IN EXECUTE 'EXPLAIN (COSTS OFF) ' || query LOOP result := result || line || E'\n'; END LOOP;
	RETURN result;
END $$;
SELECT ok(pg_temp.plan_of('SELECT affinity.bg_nbd_fit(frequency, recency, t) FROM lifetime_shared') ~ 'Finalize Aggregate.*Partial Aggregate',
	'a fit runs in parallel');
SELECT is(pg_temp.all_fits('lifetime_shared'), fits, 'with workers it is the same') FROM fitted;
RESET parallel_setup_cost;
RESET parallel_tuple_cost;
RESET min_parallel_table_scan_size;
RESET max_parallel_workers_per_gather;
SELECT results_eq('SELECT t::int % 3, affinity.bg_nbd_fit(frequency, recency, t)::text FROM customer GROUP BY 1 ORDER BY 1',
	'SELECT m, (SELECT affinity.bg_nbd_fit(frequency, recency, t)::text FROM customer WHERE t::int % 3 = m) FROM generate_series(0, 2) m',
	'by group');

-- Weights: rows that stand for several customers, and the same ones written out.
SELECT is((SELECT affinity.bg_nbd_fit(frequency, recency, t, 3) FROM customer)::text,
	(SELECT affinity.bg_nbd_fit(frequency, recency, t) FROM customer, generate_series(1, 3))::text, 'a weight of 3 is three customers');
SELECT is((SELECT affinity.gamma_gamma_fit(frequency, spend, 3) FROM customer)::text,
	(SELECT affinity.gamma_gamma_fit(frequency, spend) FROM customer, generate_series(1, 3))::text, 'for spend too');
SELECT ok((f).n = 1500 AND abs((f).r / (bg).r - 1) < 1e-6 AND abs((f).r_error / (bg).r_error / sqrt(2) - 1) < 1e-4
	AND abs((f).log_likelihood * 2 / (bg).log_likelihood - 1) < 1e-12, 'with half of the weight errors are larger by the root of 2')
	FROM fitted, (SELECT affinity.bg_nbd_fit(frequency, recency, t, 0.5) AS f FROM customer) h;

-- Units: a model in weeks, or in seconds.
SELECT is_empty($$
	SELECT unit, f, bg FROM fitted, unnest('{7,86400,1e-9,1e-280,1e270}'::float8[]) unit,
		LATERAL (SELECT affinity.bg_nbd_fit(frequency, recency * unit, t * unit) AS f,
			-sum(frequency) * ln(unit) AS share FROM customer) u
	WHERE NOT ((f).converged AND abs((f).r / (bg).r - 1) < 1e-6 AND abs((f).alpha / unit / (bg).alpha - 1) < 1e-6
		AND abs((f).alpha_error / unit / (bg).alpha_error - 1) < 1e-3
		AND abs(((f).log_likelihood - share) / (bg).log_likelihood - 1) < 1e-9)$$, 'the unit of time does not matter');
SELECT is_empty($$
	SELECT unit, f, gg FROM fitted, unnest('{100,1e-280,1e270}'::float8[]) unit,
		LATERAL (SELECT affinity.gamma_gamma_fit(frequency, spend * unit) AS f FROM customer) u
	WHERE NOT ((f).converged AND abs((f).p / (gg).p - 1) < 1e-6 AND abs((f).gamma / unit / (gg).gamma - 1) < 1e-6)$$,
	'nor does that of money');

-- Rows that do not count.
SELECT is((SELECT affinity.bg_nbd_fit(f, r, t) FROM (SELECT frequency, recency, t FROM customer
	UNION ALL VALUES (NULL, 1, 2), (1, NULL, 2), (1, 1, NULL), (NULL::float8, NULL::float8, NULL::float8)) c (f, r, t)), bg,
	'a row with a NULL does not count') FROM fitted;
SELECT is((SELECT affinity.bg_nbd_fit(frequency, recency, t, CASE WHEN n = 1 THEN 1 END) FROM customer, generate_series(1, 2) n), bg,
	'nor does one whose weight is NULL') FROM fitted;
SELECT is((SELECT affinity.gamma_gamma_fit(f, s) FROM (SELECT frequency, spend FROM customer UNION ALL VALUES (0, 0), (0, -5), (2, NULL)) c (f, s)),
	gg, 'who bought nothing again says nothing of amounts') FROM fitted;
SELECT ok((SELECT affinity.bg_nbd_fit(frequency, recency, t) IS NULL AND affinity.gamma_gamma_fit(frequency, spend) IS NULL
	FROM customer WHERE false), 'a fit over no rows is NULL');
SELECT ok(affinity.bg_nbd_fit(NULL, 1, 1) IS NULL AND affinity.gamma_gamma_fit(0, 5) IS NULL AND affinity.sbg_fit(0, 0) IS NULL
	AND affinity.bdw_fit(NULL, 5) IS NULL, 'or over none that count');

-- No maximum: a warning, finite parameters, and converged is false.
CREATE FUNCTION pg_temp.sound(fit jsonb) RETURNS boolean LANGUAGE sql AS $$
	SELECT NOT (fit ->> 'converged')::boolean AND bool_and(value IS NOT NULL AND value <> 'null' AND jsonb_typeof(value) = 'number'
		OR key ~ '_error$|^converged$') AND bool_and(value::text !~* 'nan|inf') FROM jsonb_each(fit) $$;
SELECT ok(pg_temp.sound(to_jsonb(affinity.bg_nbd_fit(0, 0, n))), 'nobody bought again') FROM generate_series(1, 50) n;
SELECT ok(pg_temp.sound(to_jsonb(affinity.mbg_nbd_fit(0, 0, n))), 'nobody bought again, MBG/NBD') FROM generate_series(1, 50) n;
SELECT ok(pg_temp.sound(to_jsonb(affinity.bg_nbd_fit(3, 5, 9))) AND pg_temp.sound(to_jsonb(affinity.mbg_nbd_fit(3, 5, 9))), 'one customer');
SELECT ok(pg_temp.sound(to_jsonb(affinity.bg_nbd_fit(0, 0, 0))) AND pg_temp.sound(to_jsonb(affinity.bg_nbd_fit(5, 0, 0))), 'no time at all');
SELECT ok(pg_temp.sound(to_jsonb(affinity.bg_nbd_fit(n, n, n))) AND pg_temp.sound(to_jsonb(affinity.mbg_nbd_fit(n, n, n))), 'nobody left')
	FROM generate_series(1, 30) n;
SELECT ok(pg_temp.sound(to_jsonb(affinity.bg_nbd_fit(1e6, 1e-9, 1e-8))), 'a million purchases in no time');
SELECT ok(pg_temp.sound(to_jsonb(affinity.bg_nbd_fit(x, u, t))), 'times from 1e-300 to 1e300')
	FROM (VALUES (1, 1e-300, 1e300), (1e15, 1e300, 1e300), (2, 1, 2), (0, 0, 1e-300)) v (x, u, t);
SELECT ok(pg_temp.sound(to_jsonb(affinity.gamma_gamma_fit(1, 5))) AND pg_temp.sound(to_jsonb(affinity.gamma_gamma_fit(1e6, 1e300)))
	AND pg_temp.sound(to_jsonb(affinity.gamma_gamma_fit(1, 1e-300))), 'one amount');
SELECT ok(pg_temp.sound(to_jsonb(affinity.gamma_gamma_fit(2, 5 + n * 1e-12))), 'equal amounts') FROM generate_series(1, 40) n;
SELECT ok(pg_temp.sound(to_jsonb(affinity.sbg_fit(p, 10))) AND pg_temp.sound(to_jsonb(affinity.bdw_fit(p, 10))), 'nobody leaves')
	FROM generate_series(0, 4) p;
SELECT ok(pg_temp.sound(to_jsonb(affinity.sbg_fit(p, CASE p WHEN 0 THEN 10 ELSE 0 END)))
	AND pg_temp.sound(to_jsonb(affinity.bdw_fit(p, CASE p WHEN 0 THEN 10 ELSE 0 END))), 'all leave at once') FROM generate_series(0, 4) p;
SELECT ok(pg_temp.sound(to_jsonb(affinity.sbg_fit(0, 10))) AND pg_temp.sound(to_jsonb(affinity.bdw_fit(0, 10))), 'no period is over');
-- all leave at their second or third purchase, evenly: more alike than by any Beta, so a and b grow without end
SELECT ok(pg_temp.sound(to_jsonb(affinity.bg_nbd_fit(x, u, t))), 'chances of leaving that are all alike') FROM (
	SELECT t, CASE WHEN one > t THEN 0 WHEN two > t THEN 1 WHEN three > t THEN 2 ELSE 3 END AS x,
		CASE WHEN one > t THEN 0 WHEN two > t THEN one WHEN three > t THEN two ELSE three END AS u
	FROM (SELECT 20 + 60 * pg_temp.uniform(n, 1) AS t, one, one + gap AS two, CASE n % 2 WHEN 0 THEN 'Infinity' ELSE one + gap + last END AS three
		FROM (SELECT n, -ln(pg_temp.uniform(n, 2)) / rate AS one, -ln(pg_temp.uniform(n, 3)) / rate AS gap, -ln(pg_temp.uniform(n, 4)) / rate AS last
			FROM (SELECT n, -ln(pg_temp.uniform(n, 5)) / 10 AS rate FROM generate_series(1, 30000) n) a) b) c) d;
-- everything that a fit returns can be asked again
SELECT is_empty($$
	SELECT * FROM (SELECT affinity.bg_nbd_fit(0, 0, n) AS a, affinity.bg_nbd_fit(n, n, n) AS b, affinity.mbg_nbd_fit(n, n / 2, n) AS c
		FROM generate_series(1, 9) n) f, LATERAL (VALUES (affinity.expected_purchases(a, 3, 4, 5, 6)), (affinity.probability_alive(a, 3, 4, 5)),
			(affinity.expected_purchases(b, 3, 4, 5, 6)), (affinity.probability_alive(b, 3, 4, 5)), (affinity.expected_purchases(b, 7)),
			(affinity.expected_purchases(c, 0, 0, 5, 6)), (affinity.expected_purchases(c, 7))) v (v)
	WHERE v IS NULL OR NOT v BETWEEN 0 AND 1e300$$, 'functions of such fits give numbers');
SELECT is_empty($$
	SELECT r, alpha, a, b, x, t, v FROM unnest('{1e-300,2,1e300}'::float8[]) r, unnest('{1e-300,1e300}'::float8[]) alpha,
		unnest('{1e-300,0.5,1e300}'::float8[]) a, unnest('{1e-300,1e300}'::float8[]) b, (VALUES (0, 0.0), (1e6, 5), (3, 1e300)) c (x, t),
		LATERAL (SELECT format('(%s,%s,%s,%s,,,,,,,)', r, alpha, a, b)::affinity.bg_nbd AS m) m,
		LATERAL (VALUES (affinity.expected_purchases(m, x, t * 0.5, t, 3)), (affinity.expected_purchases(m, x, t, t, 1e300)),
			(affinity.probability_alive(m, x, t * 0.5, t)), (affinity.expected_purchases(m, t)),
			(affinity.lifetime_value(m, '(6,4,15,,,,,,)', x, t * 0.5, t, 3, 1e5, 0.01))) v (v)
	WHERE v IS NULL OR v = 'NaN' OR v < 0 LIMIT 5$$, 'nor is any answer NaN at the ends of double');

-- Values that are refused, by name.
CREATE FUNCTION pg_temp.refused(query text, code text, message text) RETURNS text LANGUAGE sql AS $$
	SELECT throws_ok(query, code, message, query) $$;
SELECT pg_temp.refused('SELECT affinity.bg_nbd_fit(-1, 0, 1)', '22023', 'frequency must not be negative, but is -1');
SELECT pg_temp.refused('SELECT affinity.bg_nbd_fit(1.5, 1, 1)', '22023', 'frequency must be a whole number, but is 1.5');
SELECT pg_temp.refused('SELECT affinity.mbg_nbd_fit(1, 3, 2)', '22023', 'recency must not exceed t, but is 3 of 2');
SELECT pg_temp.refused('SELECT affinity.bg_nbd_fit(0, 1, 2)', '22023', 'recency must be 0 where frequency is 0, but is 1');
SELECT pg_temp.refused('SELECT affinity.bg_nbd_fit(1, -1, 2)', '22023', 'recency must not be negative, but is -1');
SELECT pg_temp.refused('SELECT affinity.bg_nbd_fit(1, 1, ''NaN'')', '22000', 't must be a finite number, but is NaN');
SELECT pg_temp.refused('SELECT affinity.bg_nbd_fit(''Infinity'', 1, 1)', '22000', 'frequency must be a finite number, but is Infinity');
SELECT pg_temp.refused('SELECT affinity.bg_nbd_fit(1, 1, 1e301)', '22023', 't must be at most 1e300, but is 1e+301');
SELECT pg_temp.refused('SELECT affinity.bg_nbd_fit(1, 1, 1, 0)', '22023', 'weight must be above 0, but is 0');
SELECT pg_temp.refused('SELECT affinity.gamma_gamma_fit(1, 5, ''NaN'')', '22000', 'weight must be a finite number, but is NaN');
SELECT pg_temp.refused('SELECT affinity.gamma_gamma_fit(2, -3)', '22023', 'monetary_value must be above 0, but is -3 of 2 purchases');
SELECT pg_temp.refused('SELECT affinity.gamma_gamma_fit(0, ''NaN'')', '22000', 'monetary_value must be a finite number, but is NaN');
SELECT pg_temp.refused('SELECT affinity.sbg_fit(p, p + 1) FROM generate_series(0, 2) p', '22023',
	'survivors must not increase, but are 1 in period 0 and 2 in period 1');
SELECT pg_temp.refused('SELECT affinity.sbg_fit(p, 9 - p) FROM generate_series(1, 3) p', '22023', 'survivors of period 0 are missing');
SELECT pg_temp.refused('SELECT affinity.bdw_fit(p / 2, 9) FROM generate_series(0, 3) p', '22023', 'period 0 is there more than once');
SELECT pg_temp.refused('SELECT affinity.bdw_fit(0.5, 9)', '22023', 'period must be a whole number, but is 0.5');
SELECT pg_temp.refused('SELECT affinity.probability_alive(bg, 1, 3, 2) FROM fitted', '22023', 'recency must not exceed t, but is 3 of 2');
SELECT pg_temp.refused('SELECT affinity.expected_purchases(bg, 1, 1, 2, -1) FROM fitted', '22023', 'horizon must not be negative, but is -1');
SELECT pg_temp.refused('SELECT affinity.lifetime_value(bg, gg, 1, 1, 2, 5, 1, -0.1) FROM fitted', '22023', 'discount_rate must not be negative, but is -0.1');
SELECT pg_temp.refused('SELECT affinity.expected_purchases(''(1,0,1,1,,,,,,,)''::affinity.bg_nbd, 1)', '22023',
	'alpha of a model bg_nbd must be a finite number above 0, but is 0');
SELECT pg_temp.refused('SELECT affinity.expected_spend(''(1,,1,,,,,,)''::affinity.gamma_gamma, 1, 1)', '22004', 'q of a model gamma_gamma must not be null');

-- Crafted states.
SELECT pg_temp.refused(format('SELECT affinity.bg_nbd_final(%L)', s), '22P03', 'invalid state of a lifetime model')
FROM unnest('{"\\x00", "\\x4c464641010001000100000000000000"}'::bytea[]) s;
SELECT throws_ok($$SELECT affinity.lifetime_recency_accum(NULL, 1, 1, 1)$$, '0A000', NULL, 'a support function is no function');
SELECT finish();
ROLLBACK;
