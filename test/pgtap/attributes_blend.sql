-- Lists of neighbors and factors, blended with what attributes say: every number of plain SQL,
-- by tags and by embeddings; edges; what is served of such models.
BEGIN;

SET LOCAL client_min_messages = error;

SELECT plan(44);

-- Items 51 to 60 are new; 7 has no tag, 8 one that no other has.
CREATE TABLE buys AS
SELECT u, i, timestamp '2024-01-01' + (hashint4(u * 77 + i) % 5000) * interval '1 hour' AS at
FROM generate_series(1, 150) u, generate_series(1, 50) i
WHERE abs(hashint4(u * 1000 + i)) % 100 < CASE WHEN u % 7 = i % 7 THEN 900 ELSE 120 END / (i % 13 + 7);
CREATE TABLE things AS
SELECT g AS i, CASE g WHEN 7 THEN '{}' WHEN 8 THEN '{alone}' ELSE ARRAY['color ' || g % 7, 'size ' || g % 5, 'shop', NULL, ''] END AS tags
FROM generate_series(1, 60) g;
CREATE TABLE points AS
SELECT i, ARRAY[sin(i % 7), cos(i % 7) + i / 100.0, hashint4(i) / 1e10]::real[] AS numbers FROM things WHERE i <> 7;

-- ---- similarity, by SQL ----------------------------------------------------

CREATE TABLE idf AS
WITH pairs AS (SELECT DISTINCT i, t FROM things, unnest(tags) t WHERE t <> '')
SELECT t, i, ln((SELECT count(DISTINCT i) + 1 FROM pairs) / (count(*) OVER (PARTITION BY t))::float8) AS idf FROM pairs;
CREATE TABLE alike_all AS
SELECT 'tags' AS kind, a.i, b.i AS j, (sum(a.idf * b.idf) / (length_a * length_b))::real AS similarity
FROM idf a JOIN idf b USING (t)
	JOIN (SELECT i, sqrt(sum(idf ^ 2)) AS length_a FROM idf GROUP BY 1) x ON x.i = a.i
	JOIN (SELECT i, sqrt(sum(idf ^ 2)) AS length_b FROM idf GROUP BY 1) y ON y.i = b.i
WHERE a.i <> b.i GROUP BY a.i, b.i, length_a, length_b
UNION ALL
SELECT 'points', a.i, b.i, affinity.cosine(a.numbers, b.numbers) FROM points a JOIN points b ON a.i <> b.i
WHERE affinity.cosine(a.numbers, b.numbers) > 0;

CREATE TABLE own (item_id int, neighbor_id int, score float8);
-- expect(kind, neighbors, c, g): lists of "own", blended
CREATE FUNCTION pg_temp.expect(of text, neighbors int, c float8, g float8)
RETURNS TABLE (item_id int, neighbor_id int, score float8) LANGUAGE sql AS $$
	WITH few AS MATERIALIZED (
		SELECT * FROM (SELECT *, row_number() OVER (PARTITION BY i ORDER BY similarity DESC, j) AS place FROM alike_all WHERE kind = of) x
		WHERE place <= neighbors
	), pair AS (
		SELECT i, j, max(similarity) AS similarity FROM (SELECT i, j, similarity FROM few UNION ALL SELECT j, i, similarity FROM few) x GROUP BY 1, 2
	), had AS (
		SELECT t.i, count(DISTINCT u) AS users FROM (SELECT i FROM things UNION SELECT i FROM buys) t LEFT JOIN buys USING (i) GROUP BY 1
	), own_mean AS (
		SELECT n.item_id AS i, avg(n.score) AS mean FROM (SELECT *, row_number() OVER (PARTITION BY item_id ORDER BY score DESC) AS place FROM own WHERE score > 0) n
		WHERE place <= neighbors GROUP BY 1
	), ratio AS (
		SELECT i, mean / avg(similarity) AS r FROM own_mean JOIN few USING (i) GROUP BY i, mean
	), scale AS (
		SELECT i, CASE WHEN EXISTS (SELECT FROM own WHERE own.item_id = i) THEN coalesce(r, 0) ELSE (SELECT avg(r) FROM ratio) END AS r
		FROM had LEFT JOIN ratio USING (i)
	), share AS (
		SELECT a.i, b.i AS j, CASE WHEN a.i NOT IN (SELECT i FROM few) OR b.i NOT IN (SELECT i FROM few) THEN 0
			WHEN least(a.users, b.users) = 0 THEN 1 ELSE c / (least(a.users, b.users) + c) END AS w
		FROM had a CROSS JOIN had b
	)
	SELECT i, j, (1 - w) * coalesce(o.score, 0) + w * g * r * coalesce(p.similarity, 0)
	FROM share JOIN scale USING (i) LEFT JOIN own o ON (o.item_id, o.neighbor_id) = (i, j) LEFT JOIN pair p USING (i, j)
	WHERE o.score <> 0 OR p.similarity * w * g * r > 0
$$;

CREATE FUNCTION pg_temp.query(kind text) RETURNS text LANGUAGE sql
RETURN CASE kind WHEN 'tags' THEN 'SELECT i, tags FROM things' ELSE 'SELECT i, numbers FROM points' END;

-- lists(algorithm, options, kind, neighbors, c, g): how many pairs there are, are they those of SQL?
CREATE FUNCTION pg_temp.lists(algorithm text, options jsonb, kind text, neighbors int, c float8, g float8)
RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	answer text;
BEGIN
	PERFORM affinity.create_model('plain', 'SELECT u, i, 1, at FROM buys', algorithm, options, if_exists => 'replace');
	DELETE FROM own;
	INSERT INTO own SELECT n.item_id, n.neighbor_id, n.score FROM plain.neighbors n;
	PERFORM affinity.create_model('m', 'SELECT u, i, 1, at FROM buys', algorithm, options ||
		jsonb_build_object('attribute_neighbors', neighbors, 'attribute_users', c, 'attribute_weight', g),
		item_attributes => pg_temp.query(kind), if_exists => 'replace');
	SELECT concat_ws(' ', CASE WHEN count(*) > 1000 THEN 'many' ELSE count(*)::text END,
		bool_and(abs(coalesce(e.score, 0) - coalesce(n.score, 0)) <= 1e-5 * greatest(abs(e.score), 1e-3)))
	INTO answer FROM pg_temp.expect(kind, neighbors, c, g) e FULL JOIN m.neighbors n USING (item_id, neighbor_id);
	RETURN answer;
END $$;

SELECT is(pg_temp.lists(algorithm, options::jsonb, kind, neighbors, c, g), 'many t',
	concat_ws(' ', algorithm, options, kind, neighbors, c, g))
FROM (VALUES
	('item_knn', '{"neighbors": 1000}', 'tags', 50, 2, 1),
	('item_knn', '{"neighbors": 1000, "similarity": "cosine"}', 'points', 60, 2, 1.5),
	('item_knn', '{"neighbors": 1000, "similarity": "jaccard", "min_support": 2}', 'tags', 8, 20, 0.5),
	('item_knn', '{"neighbors": 1000, "weights": "signed"}', 'points', 5, 0.5, 3),
	('item_knn', '{"neighbors": 1000, "trend": 1}', 'tags', 59, 2, 1),
	('item_knn', '{"neighbors": 1000}', 'tags', 50, 0, 1),
	('item_knn', '{"neighbors": 1000}', 'tags', 50, 5, 0),
	('next_item', '{"neighbors": 1000}', 'tags', 50, 2, 2),
	('next_item', '{"neighbors": 1000}', 'points', 10, 30, 1),
	('graph_filter', '{"neighbors": 1000, "rank": 8}', 'points', 20, 5, 1),
	('graph_filter', '{"neighbors": 1000, "rank": 8}', 'tags', 50, 2, 2)
) v(algorithm, options, kind, neighbors, c, g);

-- The best of a list are kept: those of all.
SELECT affinity.create_model('m', 'SELECT u, i FROM buys', 'item_knn', '{"neighbors": 1000}', item_attributes => 'SELECT i, tags FROM things', if_exists => 'replace');
CREATE TEMP TABLE of_all AS SELECT * FROM (SELECT *, row_number() OVER (PARTITION BY item_id ORDER BY score DESC, neighbor_id) AS place FROM m.neighbors) n;
SELECT is((SELECT count(*) FROM m.items), 60::bigint, 'all items are there');
SELECT is((SELECT count(*) FROM m.items WHERE popularity = 0 AND cardinality(neighbors) > 0), 10::bigint, 'new ones have neighbors');
SELECT is((SELECT count(*) > 5 FROM m.neighbors WHERE item_id <= 50 AND neighbor_id = 55), true, 'and are in lists of others');
SELECT is((SELECT count(*) FROM m.neighbors WHERE item_id IN (7, 8) AND neighbor_id > 50), 0::bigint, 'not of those without attributes');
SELECT cmp_ok((SELECT max(n_shared) FROM (SELECT item_id, count(*) AS n_shared FROM of_all WHERE place <= 10 GROUP BY 1) x), '=', 10::bigint, 'lists are long');

-- ---- factors ---------------------------------------------------------------

-- own factors: attributes that count nothing
CREATE FUNCTION pg_temp.factors(options jsonb, kind text, neighbors int, c float8, g float8)
RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	answer text;
BEGIN
	PERFORM affinity.create_model('plain', 'SELECT u, i FROM buys', 'ials', options || '{"attribute_users": 0, "attribute_weight": 0}',
		item_attributes => pg_temp.query(kind), if_exists => 'replace');
	PERFORM affinity.create_model('m', 'SELECT u, i FROM buys', 'ials', options ||
		jsonb_build_object('attribute_neighbors', neighbors, 'attribute_users', c, 'attribute_weight', g),
		item_attributes => pg_temp.query(kind), if_exists => 'replace');
	WITH few AS MATERIALIZED (
		SELECT * FROM (SELECT *, row_number() OVER (PARTITION BY i ORDER BY similarity DESC, j) AS place FROM alike_all WHERE alike_all.kind = factors.kind) x
		WHERE place <= neighbors
	), had AS (
		SELECT i.item_id, factors AS y, popularity AS users, CASE WHEN popularity = 0 THEN 1 ELSE c / (popularity + c) END AS w FROM plain.items i
	), said AS (
		SELECT few.i, k, g * sum(similarity * (1 - w) * y[k]) / sum(similarity * (1 - w)) AS z
		FROM few JOIN had ON item_id = j, generate_series(1, 6) k WHERE users > 0 GROUP BY 1, 2
	)
	SELECT concat_ws(' ', count(*), count(*) FILTER (WHERE users = 0 AND i.factors[no.k] <> 0),
		bool_and(abs(i.factors[no.k] - CASE WHEN z IS NULL THEN y[no.k] ELSE (1 - w) * y[no.k] + w * z END) <= 1e-5 * greatest(abs(y[no.k]), 0.01)))
	INTO answer
	FROM m.items i JOIN had USING (item_id) CROSS JOIN generate_series(1, 6) no(k) LEFT JOIN said ON (said.i, said.k) = (item_id, no.k);
	RETURN answer;
END $$;

SELECT is(pg_temp.factors(options::jsonb, kind, neighbors, c, g), answer, concat_ws(' ', 'ials', options, kind, neighbors, c, g))
FROM (VALUES
	('{"factors": 6}', 'tags', 50, 2, 1, '360 60 t'),
	('{"factors": 6, "iterations": 3}', 'points', 7, 20, 2, '360 60 t'),
	('{"factors": 6}', 'tags', 9, 0, 1, '360 60 t')
) v(options, kind, neighbors, c, g, answer);

-- ---- edges -----------------------------------------------------------------

CREATE FUNCTION pg_temp.make(algorithm text, attributes text, options jsonb DEFAULT '{}', source text DEFAULT 'SELECT u, i, 1, at FROM buys')
RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	answer text;
BEGIN
	PERFORM affinity.create_model('m', source, algorithm, options, item_attributes => attributes, if_exists => 'replace');
	SELECT concat_ws(' ', count(*), count(*) FILTER (WHERE cardinality(neighbors) > 0 OR (SELECT bool_or(f <> 0) FROM unnest(factors) f))) INTO answer FROM m.items;
	RETURN answer;
END $$;

SELECT is(string_agg(pg_temp.make(a, query, CASE a WHEN 'ials' THEN '{"factors": 4}' ELSE '{}' END::jsonb), ', ' ORDER BY a), answer, query)
FROM unnest('{graph_filter,ials,item_knn,next_item}'::text[]) a, (VALUES
	(1, 'SELECT i, tags FROM things WHERE i > 50', '60 60, 60 50, 60 60, 60 60'),
	(2, 'SELECT i, tags FROM things WHERE false', '50 50, 50 50, 50 50, 50 50'),
	(3, 'SELECT 99, ''{a}''::text[]', '51 50, 51 50, 51 50, 51 50'),
	(4, 'SELECT i, t FROM things, unnest(tags || tags) t WHERE i > 40 UNION ALL SELECT 41, NULL UNION ALL SELECT NULL, ''a''', '60 60, 60 60, 60 60, 60 60'),
	(5, 'SELECT i, ARRAY[0, 0]::real[] FROM things', '60 50, 60 50, 60 50, 60 50')) v(no, query, answer)
GROUP BY no, query, answer ORDER BY no;
SELECT is(pg_temp.make('item_knn', 'SELECT i, tags FROM things', source => 'SELECT 1, 1'), '59 58', 'one user and one item');
SELECT is(pg_temp.make('ials', 'SELECT i, tags FROM things', '{"factors": 3}', 'SELECT 1, 1'), '59 58', 'and by factors');
SELECT throws_ok($$SELECT pg_temp.make('item_knn', 'SELECT i, ARRAY[1, CASE WHEN i = 9 THEN ''NaN'' ELSE i::real END]::real[] FROM things')$$,
	'22000', 'embedding of item 9 has a NaN or an infinite number');
SELECT throws_ok($$SELECT pg_temp.make('ials', 'SELECT i, ARRAY[1, i]::real[] FROM things UNION ALL SELECT 9, ''{1,2}''')$$,
	'21000', 'item 9 has two embeddings');
SELECT throws_ok($$SELECT pg_temp.make('item_knn', 'SELECT i, tags FROM things', '{"attribute_neighbors": 0}')$$, '22023');
SELECT throws_ok($$SELECT pg_temp.make('als', 'SELECT i, tags FROM things', source => 'SELECT u, i, 1 + u % 5 FROM buys')$$,
	'0A000', 'algorithm "als" learns nothing from item_attributes');
SELECT lives_ok($$SELECT pg_temp.make('item_knn', 'SELECT i, tags FROM things', '{"attribute_weight": 1e6, "attribute_users": 1e9}')$$, 'extreme options');
SELECT is((SELECT bool_and(s > 0 AND s < 'Infinity') FROM m.items, unnest(scores) s), true, 'scores are numbers');

-- ---- serving ---------------------------------------------------------------

SELECT affinity.create_model('m', 'SELECT u, i FROM buys', algorithm, item_attributes => 'SELECT i, tags FROM things', if_exists => 'replace')
FROM (VALUES ('item_knn')) v(algorithm);
SELECT is((SELECT count(*) FROM m.similar_items(55, 10)), 10::bigint, 'similar items of a new one');
SELECT is((SELECT count(*) FROM m.recommend(1, 10, candidates => ARRAY[51, 52, 53, 54, 55, 56, 57, 58, 59, 60]) WHERE personalized), 10::bigint, 'new ones for a user');
SELECT is((SELECT count(*) > 0 FROM m.recommend_all(60) WHERE item_id > 50 AND personalized), true, 'and for all');
SELECT is((SELECT bool_and(score > 0) FROM m.score(1, ARRAY[51, 52])), true, 'their scores');
SELECT is((SELECT count(*) > 0 FROM m.explain(1, 51)), true, 'why');
SELECT is((SELECT count(*) > 0 FROM m.recommend_for(ARRAY[55], 5) WHERE personalized), true, 'what goes with a new one');
SELECT lives_ok($$SELECT affinity.refresh_model('m')$$, 'a refresh');
SELECT throws_ok($$SELECT affinity.refresh_model('m', incremental => true)$$, '0A000', 'model "m" cannot be refreshed incrementally');
SELECT lives_ok($$SELECT affinity.alter_model('m', item_attributes => '')$$, 'and without them');
SELECT is((SELECT count(*) FROM m.items), 50::bigint, 'new ones are gone');

-- Of several kinds of events, each has lists of its own; what is looked at may be bought.
CREATE TABLE events AS
SELECT u, i, at, 'buy' AS kind FROM buys UNION ALL SELECT u, i, at, 'view' FROM buys WHERE u % 2 = 0 UNION ALL SELECT u, 55, at, 'view' FROM buys WHERE i = 3;
SELECT affinity.create_model('m', 'SELECT u, i, NULL, at, kind FROM events', 'item_knn', signals => '{"buy": 1, "view": 0.5}',
	item_attributes => 'SELECT i, tags FROM things', if_exists => 'replace');
SELECT is((SELECT count(*) FROM m.items), 60::bigint, 'with signals too');
-- neighbors of the second kind are numbered from the number of items on
SELECT is((SELECT 60 + 54 = ANY (neighbors) FROM m.items WHERE item_id = 55), true, 'and who looks at a new one may buy it');

SELECT * FROM finish();
ROLLBACK;
