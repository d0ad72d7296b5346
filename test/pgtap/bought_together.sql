-- bought_together: every figure against plain SQL, over random baskets with
-- duplicates and NULLs, and the edges of its arguments.
BEGIN;
SET check_function_bodies = off;
SET jit = off;
SELECT plan(43);
SELECT setseed(0.83);

-- 600 baskets of up to about 12 of 40 items, neighbors more often than chance
CREATE TABLE lines AS
SELECT b, ((b * 7 + (random() * random() * 40)::int + n % 2) % 40) AS i
FROM generate_series(1, 600) b, generate_series(1, 12) n WHERE random() < 0.5;
INSERT INTO lines SELECT * FROM lines WHERE random() < 0.2;
INSERT INTO lines VALUES (NULL, 1), (1, NULL), (NULL, NULL), (700, 50), (701, 51), (701, 52), (702, 53), (702, 54), (703, 53);

CREATE FUNCTION pg_temp.oracle(lines text)
RETURNS TABLE (a text, b text, n bigint, support float8, confidence float8, confidence_low float8, lift float8, lift_low float8, extra float8)
LANGUAGE plpgsql AS $$
BEGIN
	RETURN QUERY EXECUTE format($q$
		WITH line AS (SELECT DISTINCT x.basket::text, x.item::text FROM (%s) x(basket, item) WHERE x.basket IS NOT NULL AND x.item IS NOT NULL),
		item AS (SELECT item, count(*)::float8 AS n FROM line GROUP BY item),
		pair AS (SELECT x.item AS a, y.item AS b, count(*) AS n FROM line x JOIN line y USING (basket) WHERE x.item <> y.item GROUP BY x.item, y.item),
		figures AS (
			SELECT p.*, i.n AS n_a, j.n AS n_b, t.n AS n_all, p.n * t.n / (i.n * j.n) AS lift, p.n / i.n AS c, 1.959963984540054 AS z
			FROM pair p JOIN item i ON i.item = a JOIN item j ON j.item = b, (SELECT count(DISTINCT basket)::float8 AS n FROM line) t
		), bounds AS (
			SELECT *, (c + z * z / (2 * n_a) - z * sqrt(c * (1 - c) / n_a + z * z / (4 * n_a * n_a))) / (1 + z * z / n_a) AS low,
				lift * exp(-z * sqrt(greatest(0, 1.0 / n - 1 / n_a - 1 / n_b + (2 * lift - 1) / n_all))) AS lift_low
			FROM figures
		)
		SELECT f.a, f.b, f.n, f.n / n_all, c, low, f.lift, f.lift_low, f.n * (1 - 1 / f.lift_low) FROM bounds f WHERE f.lift_low > 1 + 1e-12 $q$, lines);
END $$;

CREATE FUNCTION pg_temp.wrong(lines text, at_least bigint, per bigint)
RETURNS TABLE (problem text, x_a text, x_b text) LANGUAGE sql AS $$
	WITH got AS MATERIALIZED (SELECT *, row_number() OVER () AS no FROM affinity.bought_together(lines, at_least, per)),
	expected AS MATERIALIZED (SELECT * FROM pg_temp.oracle(lines) WHERE n >= at_least)
	SELECT 'wrong figures', g.item_a, g.item_b FROM got g LEFT JOIN expected e ON e.a = g.item_a AND e.b = g.item_b
	WHERE (g.baskets = e.n AND abs(g.support - e.support) < 1e-12 AND abs(g.confidence - e.confidence) < 1e-12
		AND abs(g.confidence_low - e.confidence_low) < 1e-9 AND abs(g.lift - e.lift) < 1e-9 AND abs(g.lift_low - e.lift_low) < 1e-9
		AND abs(g.extra - e.extra) < 1e-9) IS NOT TRUE
	UNION ALL
	SELECT 'missing', e.a, e.b FROM expected e LEFT JOIN got g ON e.a = g.item_a AND e.b = g.item_b
	WHERE g.item_a IS NULL AND (SELECT count(*) FROM expected o WHERE o.a = e.a AND o.extra >= e.extra - 1e-9) <= per
	UNION ALL
	SELECT 'too many', item_a, NULL FROM got GROUP BY item_a HAVING count(*) > per
	UNION ALL
	SELECT 'wrong order', g.item_a, g.item_b FROM got g JOIN got h ON h.no = g.no + 1
	WHERE h.extra > g.extra OR h.extra = g.extra AND h.baskets > g.baskets
$$;

SELECT cmp_ok(count(*), '>', 100::bigint, 'the oracle has pairs') FROM pg_temp.oracle('SELECT b, i FROM lines');
SELECT is_empty(format('SELECT * FROM pg_temp.wrong(%L, %s, %s) LIMIT 10', lines, at_least, per), format('%s: %s, %s', lines, at_least, per))
FROM (VALUES ('SELECT b, i FROM lines'), ('SELECT ''basket '' || b, md5(i::text)::uuid FROM lines'), ('SELECT b::bigint, ''Item '' || i AS i FROM lines'),
	('SELECT b::smallint, i::varchar FROM lines')) q(lines), (VALUES (1, 1000), (10, 20), (3, 4), (25, 1), (1, 1)) o(at_least, per);
SELECT results_eq('SELECT * FROM affinity.bought_together(''SELECT b, i FROM lines ORDER BY hashint4(i), b'', 2)',
	'SELECT * FROM affinity.bought_together(''SELECT b, i FROM lines'', 2)', 'in any order of rows');
SELECT results_eq('SELECT item_a, item_b, baskets, confidence FROM affinity.bought_together(''SELECT b, i FROM lines'', 1) WHERE item_a IN (''50'', ''51'', ''53'')',
	$$VALUES ('51', '52', 1::bigint, 1::float8), ('53', '54', 1, 0.5)$$, 'rare pairs, where they are asked for');
SELECT is_empty('SELECT FROM affinity.bought_together(''SELECT b, i FROM lines'') WHERE item_a IN (''51'', ''53'')', 'and not otherwise');
SELECT is_empty('SELECT FROM affinity.bought_together(''SELECT b, i FROM lines WHERE false'', 1)', 'no rows');
SELECT is_empty('SELECT FROM affinity.bought_together(''SELECT 1, i FROM generate_series(1, 9) i'', 1)', 'one basket: nothing is beyond chance');
SELECT is_empty('SELECT FROM affinity.bought_together(''SELECT b, 1 FROM generate_series(1, 9) b'', 1)', 'one item');
SELECT is_empty('SELECT FROM affinity.bought_together(''SELECT b, i FROM generate_series(1, 9) b, generate_series(1, 3) i'', 1)', 'all in every basket');
SELECT is(count(*), 2::bigint, 'the largest arguments')
FROM affinity.bought_together('SELECT 1, 0 UNION ALL SELECT b, b FROM generate_series(1, 200) b', 1, 9223372036854775807);
SELECT is_empty('SELECT FROM affinity.bought_together(''SELECT b, i FROM lines'', 9223372036854775807)', 'a support that nothing has');

-- a view of it, and comments in the query
CREATE MATERIALIZED VIEW together AS SELECT * FROM affinity.bought_together('  SELECT b, i FROM public.lines; -- all of them');
SELECT cmp_ok(count(*), '>', 50::bigint, 'as a view') FROM together;

-- what it does not take
SELECT throws_ok(format('SELECT FROM affinity.bought_together(%L)', q), s, m, coalesce(q, 'NULL'))
FROM (VALUES ('SELECT b FROM lines', '42601', 'baskets must be one SELECT that gives basket and item'),
	('SELECT b, i, 1 FROM lines', '42601', 'baskets must be one SELECT that gives basket and item'),
	('SELECT b, i FROM lines; SELECT 1', '42601', 'baskets must be one SELECT that gives basket and item'),
	('DELETE FROM lines RETURNING b, i', '42601', 'baskets must be one SELECT that gives basket and item'),
	('', '42601', 'baskets must be one SELECT that gives basket and item'),
	('SELECT b, now() AS i FROM lines', '42804', NULL),
	('SELECT b, i FROM lines FOR UPDATE', '0A000', NULL),
	('SELECT b, i FROM nothing', '42P01', NULL)) q(q, s, m);
SELECT throws_ok('SELECT FROM affinity.bought_together(''SELECT b, i FROM lines'', 0)', '22023', 'min_support must be at least 1, not 0', 'no support');
SELECT throws_ok('SELECT FROM affinity.bought_together(''SELECT b, i FROM lines'', 1, -1)', '22023', 'per_item must be at least 1, not -1', 'no pairs');
SELECT throws_ok('SELECT FROM affinity.bought_together(''SELECT b, i FROM lines'', NULL)', '22004', 'min_support must not be null', 'NULL');
SELECT throws_ok('SELECT FROM affinity.bought_together(NULL)', '22004', 'query must not be null', 'NULL query');

SELECT * FROM finish();
ROLLBACK;
