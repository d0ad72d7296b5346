-- Inequality: published figures (R's ineq), closed forms, and plain SQL with numeric on random data (fixed seed).
BEGIN;
SET LOCAL jit = off;
SELECT plan(45);

-- 1. Published: the example of ineq (A. Zeileis), x of its manual page, and that of phylotools, which takes its code
SELECT is(round(affinity.gini(x)::numeric, 7), 0.4620911, 'R ineq: Gini(x)') FROM unnest('{541,1463,2445,3438,4437,5401,6392,8304,11904,22261}'::float8[]) x;
SELECT is(round(affinity.gini(x)::numeric, 7), 0.3076923, 'R phylotools: gini(c(1, 3, 2, 1, 1, 1, 4))') FROM unnest('{1,3,2,1,1,1,4}'::float8[]) x;
-- numpy: np.mean(y * np.log(y)), y = x / x.mean(); np.sum((x / x.sum()) ** 2)
SELECT ok(abs(affinity.theil(x) - 0.36234124234389492) < 1e-15 AND abs(affinity.hhi(x) - 0.18408123091548528) < 1e-16, 'Theil and Herfindahl of the same')
FROM unnest('{541,1463,2445,3438,4437,5401,6392,8304,11904,22261}'::float8[]) x;

-- closed forms
SELECT is((affinity.gini(x), affinity.hhi(x), affinity.theil(x), affinity.top_share(x, 0.1))::text, '(0,0.01,0,0.1)', 'a hundred that are alike') FROM (SELECT 0.3::float8 AS x FROM generate_series(1, 100)) q;
SELECT is((affinity.gini(x), affinity.hhi(x), affinity.top_share(x, 0.01))::text, '(0.99,1,1)', 'one of a hundred does it all') FROM (SELECT (n = 50)::int::float8 AS x FROM generate_series(1, 100) n) q;
SELECT is(affinity.theil(x), ln(100::float8), 'whose Theil is ln(100)') FROM (SELECT (n = 50)::int::float8 AS x FROM generate_series(1, 100) n) q;
SELECT is(affinity.gini(x), 99999 / 300000::float8, '1 to n: (n - 1) / (3 n)') FROM (SELECT n::float8 AS x FROM generate_series(1, 100000) n) q;
SELECT is((affinity.gini(x), affinity.hhi(x), affinity.theil(x), affinity.top_share(x, 0.3))::text, '(0,1,0,0.3)', 'one alone') FROM unnest('{7}'::float8[]) x;
SELECT is((affinity.gini(x), affinity.hhi(x), affinity.theil(x), affinity.top_share(x, 0.3))::text, '(,,,)', 'nobody has anything: NULL') FROM unnest('{0,0,-0,NULL}'::float8[]) x;
SELECT is((affinity.gini(x), affinity.inequality_agg(x), affinity.top_share(x, 0.3))::text, '(,,)', 'no row: NULL') FROM unnest('{NULL}'::float8[]) x;
SELECT is((affinity.gini(x * 2::float8 ^ 900), affinity.theil(x * 2::float8 ^ 900), affinity.hhi(x * 2::float8 ^ 900))::text, (affinity.gini(x), affinity.theil(x), affinity.hhi(x))::text, 'large numbers are as small ones')
FROM unnest('{1,3,2,1,1,1,4}'::float8[]) x;
SELECT is((affinity.gini(x * 1e-300), affinity.top_share(x * 1e300, 0.5))::text, (affinity.gini(x), affinity.top_share(x, 0.5))::text, 'also 1e-300 and 1e300') FROM unnest('{1,3,2,1,1,1,4}'::float8[]) x;
SELECT is(affinity.gini(x), 0.5::float8, 'the largest double') FROM unnest('{1.7976931348623157e308,0}'::float8[]) x;
-- x = 1e15 + n, n = 0 .. 9: G = (sum of (2 i - n - 1) i) / (n sum of x)
SELECT ok(abs(affinity.gini(x) / (165 / (10 * 10000000000000045::numeric)) - 1) < 1e-15, 'nearly alike: no digit is lost') FROM (SELECT 1e15 + n AS x FROM generate_series(0::numeric, 9) n) q;
SELECT ok(abs(affinity.theil(x) / (sum(y * ln(y)) / 10) - 1) < 1e-12, 'of Theil''s either') FROM (SELECT 1e9 + n AS x, ((1e9 + n)::numeric(80, 60) / 1000000004.5)::numeric(80, 60) AS y FROM generate_series(0::numeric, 9) n) q;

-- 2. Random data with ties and zeros, as plain SQL has it
SELECT setseed(0.78);
CREATE TEMP TABLE given AS SELECT id, CASE n % 4 WHEN 0 THEN 0 WHEN 1 THEN floor(random() * 5) WHEN 2 THEN round(exp(random() * 12)::numeric, 2) ELSE round((random() * 1000)::numeric, 3) END::float8 AS x
	FROM generate_series(1, 60) id, generate_series(1, 1 + id * 7 % 41) n;
CREATE TEMP TABLE state AS SELECT id, affinity.inequality_agg(x) AS state FROM given GROUP BY 1;
SELECT is_empty($$SELECT id, affinity.gini(state), g FROM state JOIN (
		SELECT id, sum((2 * i - n - 1) * x) / (max(n) * nullif(sum(x), 0)) AS g, sum(x * x) / nullif(sum(x), 0) ^ 2 AS h
		FROM (SELECT id, x::text::numeric AS x, row_number() OVER (PARTITION BY id ORDER BY x) AS i, count(*) OVER (PARTITION BY id) AS n FROM given) r GROUP BY 1) p USING (id)
	WHERE affinity.gini(state) IS DISTINCT FROM g::float8 AND NOT coalesce(abs(affinity.gini(state) - g) <= 2e-15 * g AND abs(affinity.hhi(state) - h) <= 2e-15 * h, false)$$, 'Gini and Herfindahl');
SELECT is_empty($$SELECT * FROM (SELECT id, sum(x / m * ln(x / m)) / max(n) AS t FROM (
		SELECT id, x::text::numeric AS x, avg(x::text::numeric) OVER (PARTITION BY id) AS m, count(*) OVER (PARTITION BY id) AS n FROM given) r WHERE x > 0 GROUP BY 1) p JOIN state USING (id)
	WHERE NOT coalesce(abs(affinity.theil(state) - t) <= 1e-14 * t + 1e-16, false)$$, 'Theil');
SELECT is_empty($$SELECT id, l.*, p FROM state, affinity.lorenz(state, 7) l, LATERAL (
		SELECT sum(x * greatest(least(l.population * n - (i - 1), 1), 0)) / nullif(sum(x), 0) AS p
		FROM (SELECT x, row_number() OVER (ORDER BY x) AS i, count(*) OVER () AS n FROM given g WHERE g.id = state.id) r) p
	WHERE abs(l.share - p) > 1e-14 OR (l.share IS NULL) <> (p IS NULL)$$, 'Lorenz''s curve');
SELECT is_empty($$SELECT * FROM state, unnest('{0.01,0.1,0.25,0.5,0.99,1}'::float8[]) s, LATERAL (
		SELECT sum(x * greatest(least(s * n - (i - 1), 1), 0)) / nullif(sum(x), 0) AS p
		FROM (SELECT x, row_number() OVER (ORDER BY x DESC) AS i, count(*) OVER () AS n FROM given g WHERE g.id = state.id) r) p
	WHERE abs(affinity.top_share(state, s) - p) > 1e-14 OR (affinity.top_share(state, s) IS NULL) <> (p IS NULL)$$, 'shares of the top');
SELECT is_empty($$SELECT id FROM state JOIN (SELECT id, affinity.gini(x) AS g, affinity.hhi(x) AS h, affinity.theil(x) AS t, affinity.top_share(x, 0.2) AS s FROM given GROUP BY 1) a USING (id)
	WHERE (affinity.gini(state), affinity.hhi(state), affinity.theil(state), affinity.top_share(state, 0.2)) IS DISTINCT FROM (g, h, t, s)$$, 'aggregates say what states do');
SELECT results_eq($$SELECT l.* FROM (SELECT affinity.inequality_agg(x) AS s FROM unnest('{1,2,3,4}'::float8[]) x) q, affinity.lorenz(s, 4) l$$, 'VALUES (0::float8, 0::float8), (0.25, 0.1), (0.5, 0.3), (0.75, 0.6), (1, 1)', 'a curve by hand');
SELECT is(count(*), 11::bigint, 'ten steps, if nothing else is said') FROM (SELECT affinity.inequality_agg(x) AS s FROM unnest('{1,2,3,4}'::float8[]) x) q, affinity.lorenz(s);
SELECT is_empty('SELECT * FROM affinity.lorenz(NULL)', 'no state, no curve');
SELECT is(affinity.gini(greatest(amount, 0)), (SELECT affinity.gini(x) FROM unnest('{0,1.5,2}'::float8[]) x), 'numbers of any type') FROM (VALUES (1.5), (-1), (2)) v (amount);

-- 3. The state
SELECT is_empty($$SELECT id FROM state JOIN (SELECT id, affinity.inequality_agg(x ORDER BY random()) AS other FROM given GROUP BY 1) o USING (id)
	WHERE state <> other OR state::text <> other::text OR affinity.inequality_hash(state) <> affinity.inequality_hash(other)$$, 'any order gives the same bytes');
SELECT is_empty($$SELECT id FROM state JOIN (SELECT id, affinity.rollup(part ORDER BY random()) AS other FROM (
		SELECT id, affinity.inequality_agg(x) AS part FROM given GROUP BY id, (random() * 4)::int) p GROUP BY 1) o USING (id) WHERE state::text <> other::text$$, 'parts roll up to the same bytes');
SELECT is_empty('SELECT id FROM state WHERE state::text::affinity.inequality <> state', 'text goes out and in');
SELECT is(count(DISTINCT state), (SELECT count(DISTINCT x) FROM (SELECT array_agg(x ORDER BY x) AS x FROM given GROUP BY id) q), 'others differ') FROM state;
CREATE TEMP TABLE copied (id int, state affinity.inequality);
\copy (SELECT * FROM state) TO '/tmp/affinity_inequality.copy' BINARY
\copy copied FROM '/tmp/affinity_inequality.copy' BINARY
\! rm -f /tmp/affinity_inequality.copy
SELECT is(count(*), 60::bigint, 'binary goes out and in') FROM copied c JOIN state s USING (id) WHERE c.state = s.state;
CREATE TABLE public.inequality_rows AS SELECT md5(i::text) AS k, (hashint4(i) & 65535)::float8 / (1 + i % 3) AS x FROM generate_series(1, 60000) i;
ANALYZE public.inequality_rows;
CREATE TEMP TABLE serial AS SELECT affinity.inequality_agg(x) AS state, affinity.gini(x) AS g, affinity.top_share(x, 0.17) AS t FROM public.inequality_rows;
SET LOCAL parallel_setup_cost = 0;
SET LOCAL parallel_tuple_cost = 0;
SET LOCAL min_parallel_table_scan_size = 0;
CREATE FUNCTION pg_temp.plan_of(query text) RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
	RETURN QUERY EXECUTE 'EXPLAIN (COSTS OFF) ' || query;
END $$;
SELECT matches((SELECT string_agg(l, E'\n') FROM pg_temp.plan_of('SELECT affinity.inequality_agg(x), affinity.gini(x), affinity.top_share(x, 0.17) FROM public.inequality_rows') l),
	'Finalize Aggregate.*Gather.*Partial Aggregate', 'aggregates run in parallel');
CREATE TEMP TABLE parallel AS SELECT affinity.inequality_agg(x) AS state, affinity.gini(x) AS g, affinity.top_share(x, 0.17) AS t FROM public.inequality_rows;
SELECT ok(p.state::text = s.state::text AND p.g = s.g AND p.t = s.t, 'and give the same') FROM parallel p, serial s;
SET LOCAL max_parallel_workers_per_gather = 0;
SELECT is((affinity.gini(x ORDER BY k), affinity.top_share(x, 0.17 ORDER BY k))::text, (SELECT (g, t)::text FROM serial), 'the order of rows does not matter') FROM public.inequality_rows;
SELECT ok(abs(g - p) < 1e-14, 'no row is lost as the state grows') FROM serial, (
	SELECT sum((2 * i - n - 1) * x) / (max(n) * sum(x)) AS p FROM (SELECT x, row_number() OVER (ORDER BY x) AS i, count(*) OVER () AS n FROM public.inequality_rows) r) p;

-- damaged states
CREATE FUNCTION pg_temp.fate(state bytea) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	s affinity.inequality;
BEGIN
	s := encode(state, 'base64')::affinity.inequality;
	RETURN CASE WHEN affinity.gini(s) NOT BETWEEN 0 AND 1 OR affinity.top_share(s, 0.3) NOT BETWEEN 0 AND 1 OR affinity.theil(s) < 0 OR affinity.hhi(s) NOT BETWEEN 0 AND 1
		OR (SELECT bool_or(l.share NOT BETWEEN 0 AND 1) FROM affinity.lorenz(s) l) THEN 'unsound' ELSE 'sound' END;
EXCEPTION WHEN invalid_binary_representation THEN
	RETURN 'refused';
END $$;
CREATE TEMP TABLE byte AS SELECT decode(state::text, 'base64') AS b FROM state WHERE id IN (3, 8);
SELECT is_empty($$SELECT i, x, fate FROM byte, generate_series(0, length(b) - 1) i, unnest(ARRAY[0, 1, 3, 128, 255]) x, LATERAL (SELECT pg_temp.fate(set_byte(b, i, get_byte(b, i) # x)) AS fate) f
	WHERE fate NOT IN ('sound', 'refused')$$, 'every byte changed: refused, or a state that can be');
SELECT is_empty($$SELECT i FROM byte, generate_series(0, length(b) - 1) i WHERE pg_temp.fate(substr(b, 1, i)) <> 'refused'$$, 'cut anywhere: refused');
SELECT is(pg_temp.fate(b || '\x00'), 'refused', 'a byte more') FROM byte LIMIT 1;

-- 4. What cannot be meant
SELECT throws_ok('SELECT ' || call, code, message, call) FROM (VALUES
	('affinity.gini(-0.5)', '22023', 'a contribution must not be negative, but is -0.5'),
	('affinity.inequality_agg(''NaN'')', '22000', 'NaN value'),
	('affinity.hhi(''Infinity''::float8)', '22000', 'infinite value'),
	('affinity.top_share(1, 10)', '22023', 'p must be more than 0 and at most 1, but is 10'),
	('affinity.top_share(1, 0)', '22023', 'p must be more than 0 and at most 1, but is 0'),
	('affinity.top_share(1, NULL)', '22004', 'p must not be null'),
	('affinity.top_share(x, x) FROM unnest(''{0.1,0.2}''::float8[]) x', '22023', 'p must be the same in all rows, but is 0.1 and 0.2'),
	('affinity.top_share(affinity.inequality_agg(1), ''NaN'')', '22023', 'p must be more than 0 and at most 1, but is NaN'),
	('affinity.lorenz(affinity.inequality_agg(1), 0)', '22023', 'points must be from 1 to 100000, but is 0')) v (call, code, message);
SELECT * FROM finish();
ROLLBACK;
