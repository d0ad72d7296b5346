-- item_knn: every similarity, weight and weighting against the formula written
-- down in SQL, over random purchases with duplicates, returns and NULLs. A
-- failing test lists the pairs that are wrong, and how.
BEGIN;
SET client_min_messages = error;	-- returns are told in a warning
SET check_function_bodies = off;
SET jit = off;
SELECT plan(103);
SELECT setseed(0.31);

-- 300 users, 60 items with a few that sell most, weights that are whole or not.
-- Item 61 was only ever returned, user 301 bought nothing else.
CREATE TABLE purchases AS
SELECT (random() * random() * 300)::int AS u, (random() * random() * 60)::int - 20 AS i,
	CASE WHEN random() < 0.12 THEN -1 WHEN random() < 0.5 THEN ceil(random() * 4)
		ELSE round((random() * 9)::numeric, 2) END::real AS w
FROM generate_series(1, 5200);
INSERT INTO purchases SELECT u, i, w FROM purchases WHERE random() < 0.1;
INSERT INTO purchases VALUES
	(NULL, 1, 1), (1, NULL, 1), (1, 1, NULL), (NULL, NULL, NULL),
	(301, 61, -2), (301, 61, 2), (7, 61, -1), (8, 61, 0);

-- a user who has all items, and so says nothing by tf-idf
INSERT INTO purchases SELECT 302, i, 1 FROM generate_series(-20, 40) i;
INSERT INTO purchases VALUES (302, 61, 1), (303, 62, -3), (7, 62, -1);

CREATE TABLE sums AS
SELECT u, i, sum(w::float8)::real::float8 AS w FROM purchases
WHERE u IS NOT NULL AND i IS NOT NULL AND w IS NOT NULL
GROUP BY u, i;
CREATE VIEW pairs AS SELECT * FROM sums WHERE w > 0;

-- What a pair counts, transformed and weighted.
CREATE FUNCTION pg_temp.counted(o jsonb)
RETURNS TABLE (u int, i int, v float8) LANGUAGE sql AS $$
	WITH kind AS (
		SELECT coalesce(nullif(o->>'weights', 'auto'), CASE WHEN o->>'similarity' IN ('pearson', 'adjusted_cosine')
			THEN 'signed' WHEN o->>'weighting' <> 'none' THEN 'linear' ELSE 'binary' END) AS weights
	), transformed AS (
		SELECT p.u, p.i, CASE weights WHEN 'log' THEN ln(1 + p.w) WHEN 'sqrt' THEN sqrt(p.w)
			WHEN 'linear' THEN p.w WHEN 'signed' THEN p.w - CASE o->>'similarity'
			WHEN 'adjusted_cosine' THEN avg(p.w) OVER (PARTITION BY p.u) ELSE 0 END ELSE 1 END AS x
		FROM sums p, kind WHERE p.w > 0 OR weights = 'signed'
	), idf AS (
		SELECT p.u, greatest(0, ln((SELECT count(DISTINCT q.i) FROM pairs q)
			/ (1 + count(*))::float8)) AS idf
		FROM pairs p GROUP BY p.u
	), length AS (
		SELECT t.i, sum(t.x) / avg(sum(t.x)) OVER () AS relative
		FROM transformed t GROUP BY t.i
	)
	SELECT t.u, t.i, CASE WHEN abs(t.x) < 1e-5 THEN 0 ELSE CASE o->>'weighting'
		WHEN 'tf_idf' THEN sqrt(t.x) * idf.idf
		WHEN 'bm25' THEN t.x * (k1 + 1)
			/ (t.x + k1 * (1 - b + b * length.relative)) * idf.idf
		ELSE t.x END END
	FROM transformed t LEFT JOIN idf USING (u) JOIN length USING (i),
		coalesce((o->>'bm25_k1')::float8, 100) k1,
		coalesce((o->>'bm25_b')::float8, 0.8) b
$$;

-- Dunning's G2 from the cells of the table of two items, by its definition.
CREATE FUNCTION pg_temp.g2(met float8, x float8, y float8, n float8)
RETURNS float8 LANGUAGE sql AS $$
	SELECT CASE WHEN met * n <= x * y THEN 0 ELSE (
		SELECT 2 * sum(o * ln(o * n / (r * c))) FROM (VALUES
			(met, x, y), (x - met, x, n - y), (y - met, n - x, y),
			(n - x - y + met, n - x, n - y)) cell(o, r, c)
		WHERE o > 0) END
$$;

-- The similarity of every two items that share a user; NULL where it is not
-- defined.
CREATE FUNCTION pg_temp.oracle(o jsonb)
RETURNS TABLE (i int, j int, score float8) LANGUAGE sql AS $$
	WITH x AS MATERIALIZED (SELECT * FROM pg_temp.counted(o)),
	users AS (SELECT x.u, sum(abs(v)) AS d FROM x GROUP BY x.u),
	items AS (SELECT x.i, sum(abs(v)) AS d, sqrt(sum(v * v)) AS norm, count(*) AS n
		FROM x GROUP BY x.i),
	pair AS (
		SELECT a.i, b.i AS j, count(*) AS met, sum(a.v * b.v) AS dot,
			sum(CASE WHEN users.d > 0 THEN a.v * b.v
				/ users.d ^ coalesce((o->>'user_exponent')::float8, 1) END) AS walk,
			CASE WHEN count(*) > 1 THEN corr(a.v, b.v) END AS r,
			sum(a.v * b.v) / nullif(sqrt(sum(a.v * a.v)) * sqrt(sum(b.v * b.v)), 0) AS adjusted
		FROM x a JOIN x b ON b.u = a.u AND b.i <> a.i JOIN users ON users.u = a.u
		GROUP BY a.i, b.i
	)
	SELECT p.i, p.j, CASE coalesce(o->>'similarity', 'degree_normalized')
		WHEN 'degree_normalized' THEN CASE WHEN s.d > 0 AND t.d > 0 THEN walk
			/ (s.d ^ coalesce((o->>'item_exponent')::float8, 0.5)
				* t.d ^ coalesce((o->>'neighbor_exponent')::float8, 0.3)) END
		WHEN 'cosine' THEN dot / nullif(s.norm * t.norm, 0)
		WHEN 'jaccard' THEN met::float8 / (s.n + t.n - met)
		WHEN 'dice' THEN 2.0 * met / (s.n + t.n)
		WHEN 'overlap' THEN met::float8 / least(s.n, t.n)
		WHEN 'conditional' THEN met::float8 / s.n
		WHEN 'lift' THEN met::float8 * total.n / (s.n * t.n)
		WHEN 'log_likelihood' THEN pg_temp.g2(met, s.n, t.n, total.n)
		WHEN 'pearson' THEN r WHEN 'adjusted_cosine' THEN adjusted END
		* met / (met + coalesce((o->>'shrinkage')::float8, 0))
	FROM pair p JOIN items s ON s.i = p.i JOIN items t ON t.i = p.j,
		(SELECT count(*)::float8 FROM users) total(n)
	WHERE met >= coalesce((o->>'min_support')::int, 1)
$$;

-- What is wrong with a model's neighbours: scores are real, so 1e-5 of the
-- score is let go (and 1e-7 for what cancels out to nothing).
CREATE FUNCTION pg_temp.wrong(o jsonb)
RETURNS TABLE (problem text, i int, j int, score real, expected float8)
LANGUAGE sql AS $$
	WITH k AS (SELECT coalesce((o->>'neighbors')::int, 200) AS k),
	expected AS MATERIALIZED (SELECT * FROM pg_temp.oracle(o)),
	got AS MATERIALIZED (SELECT item_id AS i, neighbor_id AS j, score, rank,
		row_number() OVER (PARTITION BY item_id ORDER BY score DESC, neighbor_id) AS no
		FROM m.neighbors),
	list AS (SELECT got.i, count(*) AS n, min(got.score) AS worst FROM got GROUP BY got.i)
	SELECT 'wrong score', got.i, got.j, got.score, e.score
	FROM got LEFT JOIN expected e USING (i, j)
	WHERE abs(got.score - e.score) <= 1e-5 * abs(e.score) + 1e-7 IS NOT TRUE
		OR got.score <= 0
	UNION ALL
	SELECT 'wrong order', got.i, got.j, got.score, NULL FROM got WHERE no <> rank
	UNION ALL
	SELECT 'missing', e.i, e.j, NULL, e.score
	FROM expected e LEFT JOIN got USING (i, j) LEFT JOIN list ON list.i = e.i, k
	WHERE got.i IS NULL AND e.score > 1e-7
		AND (coalesce(list.n, 0) < k OR e.score > list.worst * (1 + 1e-5))
	UNION ALL
	SELECT 'list too long', list.i, list.n, NULL, NULL FROM list, k WHERE list.n > k
$$;

-- One test: the model of these options has the right neighbours, and some.
CREATE FUNCTION pg_temp.check_options(o jsonb) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	n bigint;
	answer text;
BEGIN
	-- what is open by default follows from the data: see "auto" below
	o := '{"item_exponent": 0.5, "neighbor_exponent": 0.3}' || o;
	PERFORM affinity.create_model('m', 'SELECT u, i, w FROM purchases', 'item_knn', options => o);
	SELECT count(*) INTO n FROM m.neighbors;
	IF n < 100 THEN
		answer := fail(format('%s: only %s neighbours', o, n));
	ELSE
		answer := is_empty(format('SELECT * FROM pg_temp.wrong(%L) LIMIT 10', o), o::text);
	END IF;
	PERFORM affinity.drop_model('m');
	RETURN answer;
END $$;

-- the oracle itself: what it should know of the data
SELECT cmp_ok((SELECT count(*) FROM pairs), '>', 2000::bigint, 'enough pairs');
SELECT ok((SELECT count(*) FROM purchases) > (SELECT count(DISTINCT (u, i)) FROM purchases) + 500,
	'many rows repeat a pair');
SELECT is_empty('SELECT FROM pairs WHERE (i = 61 AND u <> 302) OR u = 301', 'returns net out');
SELECT cmp_ok((SELECT count(*) FROM sums WHERE w < 0), '>', 100::bigint, 'and many are below 0');

SELECT pg_temp.check_options('{}');

-- "auto": exponents by the users per item, which move little when the data do
CREATE FUNCTION pg_temp.rule(query text) RETURNS TABLE (item numeric, neighbor numeric) LANGUAGE plpgsql AS $$
BEGIN
	RETURN QUERY EXECUTE format('SELECT round(greatest(1 - b, 0.5)::numeric, 6), round(b::numeric, 6) FROM (
		SELECT 0.3 + 0.3 * least(greatest(ln(count(*)::float8 / count(DISTINCT i) / 30) / ln(8 / 3.0::float8), 0), 1) AS b
		FROM (SELECT DISTINCT u, i FROM (%s) q(u, i)) p) r', query);
END $$;
CREATE FUNCTION pg_temp.chosen(query text) RETURNS TABLE (item numeric, neighbor numeric) LANGUAGE plpgsql AS $$
BEGIN
	PERFORM affinity.drop_model('auto') WHERE to_regnamespace('auto') IS NOT NULL;
	PERFORM affinity.create_model('auto', query, 'item_knn');
	RETURN QUERY SELECT round((training->>'item_exponent')::numeric, 6), round((training->>'neighbor_exponent')::numeric, 6)
		FROM affinity.models WHERE name = 'auto';
END $$;
SELECT results_eq(format('SELECT * FROM pg_temp.chosen(%L)', q), format('SELECT * FROM pg_temp.rule(%L)', q), q)
FROM (VALUES ('SELECT u, i FROM pairs'), ('SELECT u, i FROM pairs WHERE u < 90'), ('SELECT u, i FROM pairs WHERE u < 9'),
	('SELECT u, i FROM generate_series(1, 100) u, generate_series(1, 5) i'), ('SELECT 1, 1')) v(q);
SELECT ok(neighbor > 0.3 AND neighbor < 0.6, 'in between too') FROM pg_temp.chosen('SELECT u, i FROM pairs WHERE u < 160');
SELECT cmp_ok(abs(a.neighbor - b.neighbor), '<', 0.01, 'a little more data is a little more')
FROM pg_temp.chosen('SELECT u, i FROM pairs WHERE u < 160') a, pg_temp.rule('SELECT u, i FROM pairs WHERE u < 163') b;
SELECT affinity.create_model('given', 'SELECT u, i FROM pairs WHERE u < 160', 'item_knn',
	options => jsonb_build_object('item_exponent', training->'item_exponent', 'neighbor_exponent', training->'neighbor_exponent'))
FROM affinity.models WHERE name = 'auto' \g /dev/null
SELECT results_eq('SELECT item_no, neighbors, scores FROM auto.items ORDER BY 1', 'SELECT item_no, neighbors, scores FROM given.items ORDER BY 1',
	'the same as when given');
SELECT is((SELECT options->'neighbor_exponent' FROM affinity.models WHERE name = 'auto'), '"auto"', 'the option stays open for a refresh');
SELECT lives_ok($$SELECT affinity.refresh_model('auto')$$, 'and is read back');
SELECT affinity.drop_model('auto'), affinity.drop_model('given') \g /dev/null

-- the normalisation by degrees, every end of every exponent
SELECT pg_temp.check_options(jsonb_build_object('similarity', 'degree_normalized',
	'user_exponent', p, 'item_exponent', a, 'neighbor_exponent', b))
FROM (VALUES (0, 0, 0), (1, 0.5, 0.5), (0, 0.5, 0.5), (2, 1, 0), (0.5, 0, 1),
	(1, 2, 2), (0.7, 0.25, 0.9)) e(p, a, b);

-- every weight with every weighting, where they count
SELECT pg_temp.check_options(jsonb_build_object('similarity', similarity,
	'weights', weights, 'weighting', weighting))
FROM unnest(ARRAY['degree_normalized', 'cosine']) similarity,
	unnest(ARRAY['binary', 'log', 'sqrt', 'linear']) weights,
	unnest(ARRAY['none', 'tf_idf', 'bm25']) weighting
ORDER BY similarity, weights, weighting;
SELECT pg_temp.check_options(o) FROM (VALUES
	('{"similarity": "cosine", "weights": "linear", "weighting": "bm25", "bm25_k1": 0}'::jsonb),
	('{"similarity": "cosine", "weights": "linear", "weighting": "bm25", "bm25_k1": 1.2, "bm25_b": 0}'),
	('{"similarity": "cosine", "weights": "linear", "weighting": "bm25", "bm25_k1": 1.2, "bm25_b": 1}'),
	('{"similarity": "degree_normalized", "weights": "sqrt", "weighting": "bm25", "bm25_k1": 5, "bm25_b": 0.4, "user_exponent": 0.5}')) v(o);

-- similarities of sets of users: weights do not matter to them
SELECT pg_temp.check_options(jsonb_build_object('similarity', similarity) || o)
FROM unnest(ARRAY['jaccard', 'dice', 'overlap', 'conditional', 'lift', 'log_likelihood']) similarity,
	(VALUES ('{}'::jsonb), ('{"weights": "linear"}'),
		('{"shrinkage": 3.5, "min_support": 3}')) v(o)
ORDER BY similarity, o;

-- pearson, over the users who have both
SELECT pg_temp.check_options(jsonb_build_object('similarity', 'pearson', 'weights', weights))
FROM unnest(ARRAY['linear', 'log', 'sqrt']) weights;
SELECT pg_temp.check_options('{"similarity": "pearson", "weights": "linear", "shrinkage": 10}');
SELECT pg_temp.check_options('{"similarity": "pearson", "weights": "linear", "min_support": 6, "shrinkage": 0.5}');

-- shrinkage and support where sums are not counts, and lists that are cut
SELECT pg_temp.check_options(o) FROM (VALUES
	('{"shrinkage": 5}'::jsonb),
	('{"min_support": 4}'),
	('{"similarity": "cosine", "weights": "linear", "min_support": 5, "shrinkage": 2.5}'),
	('{"neighbors": 3}'),
	('{"similarity": "cosine", "neighbors": 7}'),
	('{"similarity": "jaccard", "neighbors": 5}'),
	('{"similarity": "conditional", "neighbors": 2}'),
	('{"similarity": "log_likelihood", "neighbors": 5}'),
	('{"similarity": "pearson", "weights": "linear", "neighbors": 4, "min_support": 3}')) v(o);

-- what nobody but a user with all items has in common is counted, once
SELECT pg_temp.check_options(o) FROM (VALUES
	('{"similarity": "cosine", "weighting": "tf_idf", "min_support": 4}'::jsonb),
	('{"weighting": "bm25", "shrinkage": 4}')) v(o);

-- weights of both signs: where similarities are linear in them, and correlated
SELECT pg_temp.check_options('{"weights": "signed"}' || o) FROM (VALUES
	('{}'::jsonb), ('{"similarity": "cosine"}'), ('{"similarity": "adjusted_cosine"}'), ('{"similarity": "pearson"}'),
	('{"user_exponent": 0, "item_exponent": 1, "neighbor_exponent": 1}'), ('{"user_exponent": 0.5, "min_support": 3}'),
	('{"similarity": "cosine", "shrinkage": 3, "min_support": 2}'), ('{"similarity": "cosine", "neighbors": 5}'),
	('{"similarity": "adjusted_cosine", "shrinkage": 3, "min_support": 4}'), ('{"similarity": "adjusted_cosine", "neighbors": 6}'),
	('{"similarity": "pearson", "min_support": 5, "shrinkage": 2}')) v(o);
SELECT pg_temp.check_options(o) FROM (VALUES ('{"similarity": "adjusted_cosine"}'::jsonb), ('{"similarity": "pearson"}')) v(o);

-- popular is what more users like than dislike
CREATE FUNCTION pg_temp.check_popularity(o jsonb) RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
	PERFORM affinity.create_model('m', 'SELECT u, i, w FROM purchases', 'item_knn', options => o);
	RETURN NEXT is_empty(format('SELECT * FROM m.items FULL JOIN (SELECT i AS item_id, sum(sign(v))::real AS popularity
		FROM pg_temp.counted(%L) GROUP BY i) e USING (item_id, popularity) WHERE item_no IS NULL OR e IS NULL', o),
		format('%s: popularity', o));
	RETURN NEXT ok((SELECT min(popularity) < 0 FROM m.items), 'which may be below 0');
	PERFORM affinity.drop_model('m');
END $$;
SELECT pg_temp.check_popularity('{"weights": "signed"}');
SELECT pg_temp.check_popularity('{"similarity": "adjusted_cosine"}');

-- pearson without variance: nothing is similar
SELECT lives_ok($$SELECT affinity.create_model('m', 'SELECT u, i, w FROM purchases', 'item_knn',
	options => '{"similarity": "pearson", "weights": "binary"}')$$, 'pearson of ones');
SELECT is_empty('SELECT * FROM m.neighbors', 'where every weight is 1, pearson finds nothing');
SELECT affinity.drop_model('m');

SELECT finish();
ROLLBACK;
