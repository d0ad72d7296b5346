-- graph_filter, and the low-rank part of ease, where the weights are known in
-- closed form: a full basis gives the graph itself, the first eigenvector is
-- that of the items' users, each part of a graph has one. What is kept, edges,
-- errors. Other vectors are compared with numpy's in ../t/064_spectrum.pl.
BEGIN;
SET client_min_messages = error;
SET jit = off;
SELECT plan(31);

CREATE TABLE facts AS
SELECT u, i, 1 + abs(hashint8extended(u * 100 + i, 3)) % 5 AS w
FROM (SELECT DISTINCT u, abs(hashint8extended(n * 1000 + u, 1)) % 20 * (1 + abs(hashint8extended(n * 1000 + u, 2)) % 20) / 10 AS i
	FROM generate_series(1, 120) u, generate_series(1, 3 + u % 9) n) x;

CREATE FUNCTION pg_temp.train(o jsonb, algorithm text DEFAULT 'graph_filter', source text DEFAULT 'SELECT u, i, w FROM facts')
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	PERFORM affinity.drop_model(name) FROM affinity.models WHERE name = 'm';
	PERFORM affinity.create_model('m', source, algorithm, o);
END $$;

-- The graph, and the weights of the model beside it.
CREATE FUNCTION pg_temp.graph(source text, e float8)
RETURNS TABLE (i int, j int, a float8, di float8, dj float8, sum float8) LANGUAGE plpgsql AS $$
BEGIN
	RETURN QUERY EXECUTE format($q$WITH x AS (SELECT u::int, i::int, 1::float8 AS x FROM (%s) s(u, i, w) GROUP BY 1, 2),
		users AS (SELECT u, sum(x) ^ -%s AS f FROM x GROUP BY u),
		items AS (SELECT i, sum(x) AS d, sum(sum(x)) OVER () AS total FROM x GROUP BY i)
	SELECT a.i, b.i, coalesce(s.a / sqrt(a.d * b.d), 0), a.d, b.d, a.total
	FROM items a JOIN items b ON b.i <> a.i LEFT JOIN (
		SELECT p.i, q.i AS j, sum(p.x * q.x * f) AS a FROM x p JOIN x q USING (u) JOIN users USING (u) GROUP BY 1, 2) s
		ON s.i = a.i AND s.j = b.i$q$, source, e);
END $$;

CREATE FUNCTION pg_temp.difference(expected text, source text DEFAULT 'SELECT u, i, w FROM facts', e float8 DEFAULT 1)
RETURNS float8 LANGUAGE plpgsql AS $$
DECLARE
	d float8;
BEGIN
	EXECUTE format($q$SELECT max(abs(coalesce(n.score, 0) - (%s))) FROM pg_temp.graph(%L, %s) g
		LEFT JOIN m.neighbors n ON n.item_id = g.i AND n.neighbor_id = g.j$q$, expected, source, e) INTO d;
	RETURN d;
END $$;

-- ---- closed forms --------------------------------------------------------

SELECT pg_temp.train('{"rank_weight": 0, "neighbors": 1000}');
SELECT cmp_ok(pg_temp.difference('a'), '<', 1e-7::float8, 'without eigenvectors: the graph');
SELECT pg_temp.train('{"eigenvalue_exponent": 1, "graph_weight": 0, "rank_weight": 2, "rank": 1000, "rank_exponent": 0.3, "neighbors": 1000}');
SELECT cmp_ok(pg_temp.difference('2 * a * (dj / di) ^ 0.3'), '<', 1e-6::float8, 'all eigenvectors, linear: the graph again');
SELECT pg_temp.train('{"eigenvalue_exponent": 1, "graph_weight": 3, "rank_weight": 2, "rank": 1000, "rank_exponent": 0, "neighbors": 1000}');
SELECT cmp_ok(pg_temp.difference('5 * a'), '<', 1e-6::float8, 'both');
SELECT pg_temp.train('{"graph_weight": 0, "rank_weight": 1, "rank": 1, "rank_exponent": 0.5, "neighbors": 1000}');
SELECT cmp_ok(pg_temp.difference('dj / sum'), '<', 1e-6::float8, 'the first eigenvector: popularity');
SELECT is((SELECT (training->>'rank')::int FROM affinity.models WHERE name = 'm'), 1, 'the figures say how many there are');
SELECT cmp_ok((SELECT abs((training->>'last_eigenvalue')::float8 - 1) FROM affinity.models WHERE name = 'm'), '<', 1e-6::float8,
	'and the last eigenvalue');
SELECT pg_temp.train('{"rank": 1, "skip": 1, "neighbors": 1000}');
SELECT cmp_ok(pg_temp.difference('a'), '<', 1e-7::float8, 'which may be left out');
SELECT pg_temp.train('{"rank": 1, "skip": 300, "neighbors": 1000}');
SELECT cmp_ok(pg_temp.difference('a'), '<', 1e-7::float8, 'with all others');
SELECT pg_temp.train('{"rank": 1, "filter": "plateau", "graph_weight": 0, "rank_exponent": 0.5, "rank_weight": 1, "neighbors": 1000}');
SELECT cmp_ok(pg_temp.difference('dj / sum'), '<', 1e-6::float8, 'the plateau ends in 1');
SELECT pg_temp.train('{"rank": 1, "filter": "heat", "graph_weight": 0, "rank_exponent": 0.5, "rank_weight": 1, "neighbors": 1000}');
SELECT cmp_ok(pg_temp.difference('dj / sum'), '<', 1e-6::float8, 'heat begins at 1');

-- Two parts that share no user: each has an eigenvalue of 1.
SELECT pg_temp.train('{"graph_weight": 0, "rank_weight": 1, "rank": 2, "rank_exponent": 0.5, "neighbors": 1000}', source =>
	'SELECT u, i, w FROM facts UNION ALL SELECT u + 1000, i + 1000, w FROM facts');
SELECT cmp_ok(pg_temp.difference('CASE WHEN i / 1000 = j / 1000 THEN 2 * dj / sum ELSE 0 END',
	'SELECT u, i, w FROM facts UNION ALL SELECT u + 1000, i + 1000, w FROM facts'), '<', 1e-6::float8, 'a graph of two parts');

-- ---- ease ------------------------------------------------------------------

SELECT pg_temp.train('{"neighbors": 1000, "regularization": 30}', 'ease');
CREATE TEMP TABLE alone AS SELECT item_id, neighbor_id, score FROM m.neighbors;
SELECT pg_temp.train('{"neighbors": 1000, "regularization": 30, "rank": 1, "rank_weight": 0.5, "rank_exponent": 0.5}', 'ease');
SELECT cmp_ok(pg_temp.difference('0.5 * dj / sum + coalesce((SELECT score FROM alone WHERE item_id = i AND neighbor_id = j), 0)'),
	'<', 1e-6::float8, 'ease: the low-rank part is added');
SELECT pg_temp.train('{"neighbors": 1000, "regularization": 30, "rank": 1, "rank_weight": 0}', 'ease');
SELECT results_eq('SELECT item_id, neighbor_id, score FROM m.neighbors ORDER BY 1, 2', 'SELECT * FROM alone ORDER BY 1, 2',
	'a weight of 0 changes nothing');
SELECT pg_temp.train('{"neighbors": 1000, "regularization": 30, "rank": 2, "skip": 2}', 'ease');
SELECT results_eq('SELECT item_id, neighbor_id, score FROM m.neighbors ORDER BY 1, 2', 'SELECT * FROM alone ORDER BY 1, 2',
	'nor do vectors that are all left out');

-- ---- what is kept ----------------------------------------------------------

SELECT pg_temp.train('{"neighbors": 1000, "rank": 5}');
CREATE TEMP TABLE complete AS SELECT * FROM m.neighbors;
SELECT pg_temp.train('{"neighbors": 4, "rank": 5}');
SELECT results_eq('SELECT item_id, neighbor_id, score FROM m.neighbors ORDER BY 1, 2',
	$$SELECT item_id, neighbor_id, score FROM (SELECT *, row_number() OVER (PARTITION BY item_id ORDER BY abs(score) DESC, neighbor_id) AS n
		FROM complete) c WHERE n <= 4 ORDER BY 1, 2$$, 'those farthest from 0');
SELECT is_empty('SELECT * FROM m.neighbors a JOIN m.neighbors b USING (item_id) WHERE b.rank > a.rank AND b.score > a.score',
	'from the largest to the smallest');
SELECT is_empty('SELECT * FROM m.neighbors WHERE item_id = neighbor_id', 'no item is its own neighbor');
SELECT isnt_empty('SELECT * FROM m.recommend(1)', 'it recommends');

-- ---- edges -----------------------------------------------------------------

SELECT lives_ok($$SELECT pg_temp.train('{}', source => 'SELECT 1 AS u, 1 AS i')$$, 'one user with one item');
SELECT is((SELECT count(*) FROM m.neighbors), 0::bigint, 'who has no neighbors');
SELECT lives_ok($$SELECT pg_temp.train('{"rank": 2048}', source => 'SELECT 1 AS u, generate_series(1, 50) AS i')$$, 'one user with all');
SELECT is((SELECT (training->>'rank')::int FROM affinity.models WHERE name = 'm'), 1, 'of whom there is one eigenvector');
SELECT pg_temp.train('{"rank": 40, "neighbors": 1000}', source => 'SELECT u, i % 5 + 5 * n, w FROM facts, generate_series(1, 30) n');
SELECT cmp_ok((SELECT (training->>'rank')::int FROM affinity.models WHERE name = 'm'), '<=', 5,
	'items that are there thirty times add none');
SELECT is_empty($$SELECT * FROM m.neighbors WHERE score::float8 IN ('NaN', 'Infinity', '-Infinity')$$, 'and nothing that is no number');
SELECT lives_ok($$SELECT pg_temp.train('{"rank": 10, "weights": "linear"}',
	source => 'SELECT u, i, 10::float8 ^ ((u * 7 + i) % 75 - 37) FROM facts')$$, 'weights from 1e-37 to 1e37');
SELECT is_empty($$SELECT * FROM m.neighbors WHERE score::float8 IN ('NaN', 'Infinity', '-Infinity')$$, 'stay numbers');
SELECT lives_ok($$SELECT pg_temp.train('{"rank": 10, "weights": "linear", "user_exponent": 2}',
	source => 'SELECT u, i, 10::float8 ^ ((u * 7 + i) % 75 - 37) FROM facts')$$, 'with any exponent');
SELECT is_empty($$SELECT * FROM m.neighbors WHERE score::float8 IN ('NaN', 'Infinity', '-Infinity')$$, 'too');
SELECT throws_ok($$SELECT pg_temp.train('{"rank": 0}')$$, '22023');
SELECT throws_ok($$SELECT pg_temp.train('{"filter": "sharp"}')$$, '22023');
SELECT throws_ok($$SELECT pg_temp.train('{"rank": 2049}', 'ease')$$, '22023');

SELECT * FROM finish();
ROLLBACK;
