-- Weights of both signs and option "seen": what the book says, every function
-- against plain SQL over the model's neighbors and the live rows, and one user's
-- answer against everybody's. Scores are real: 1e-5 is let go against SQL,
-- nothing between two functions of the extension.
BEGIN;
SET client_min_messages = error;	-- what is not learned from is told in a warning
SET check_function_bodies = off;
SET jit = off;
SELECT plan(67);
SELECT setseed(0.17);

-- ---- Aggarwal, Recommender Systems: The Textbook, table 2.1 ---------------------

CREATE TABLE ratings (u int, i int, w float8);
INSERT INTO ratings VALUES (1, 1, 7), (1, 2, 6), (1, 3, 7), (1, 4, 4), (1, 5, 5), (1, 6, 4), (2, 1, 6), (2, 2, 7),
	(2, 4, 4), (2, 5, 3), (2, 6, 4), (3, 2, 3), (3, 3, 3), (3, 4, 1), (3, 5, 1), (4, 1, 1), (4, 2, 2), (4, 3, 2), (4, 4, 3),
	(4, 5, 3), (4, 6, 4), (5, 1, 1), (5, 3, 1), (5, 4, 2), (5, 5, 3), (5, 6, 3);
SELECT affinity.create_model('book', 'SELECT u, i, w FROM ratings', 'item_knn', options => '{"similarity": "adjusted_cosine"}');
SELECT results_eq('SELECT item_id, round(score::numeric, 3), rank FROM book.similar_items(1)',
	'VALUES (3, 0.912, 1), (2, 0.735, 2)', 'adjusted cosines of item 1, as in the book');
SELECT results_eq('SELECT item_id, sign(score)::int, personalized FROM book.recommend(3)',
	'VALUES (1, 1, true), (6, -1, true)', 'user 3 is recommended item 1, and not item 6');
-- the same where the query takes the means
SELECT affinity.create_model('means', 'SELECT u, i, w - avg(w) OVER (PARTITION BY u) FROM ratings', 'item_knn',
	options => '{"similarity": "cosine", "weights": "signed"}');
SELECT results_eq('SELECT item_id, round(score::numeric, 4) FROM means.similar_items(1)',
	$$SELECT b.i, round((sum(a.w * b.w) / sqrt((SELECT sum(weight ^ 2) FROM means.interactions WHERE item_id = 1)
		* (SELECT sum(weight ^ 2) FROM means.interactions x WHERE x.item_id = b.i)))::numeric, 4)
	FROM (SELECT user_id AS u, weight AS w FROM means.interactions WHERE item_id = 1) a
	JOIN (SELECT user_id AS u, item_id AS i, weight AS w FROM means.interactions WHERE item_id <> 1) b USING (u)
	GROUP BY b.i HAVING sum(a.w * b.w) > 0 ORDER BY 2 DESC$$, 'cosine of centered weights');

-- what nobody rates otherwise than usual says nothing, however it is rounded
CREATE TABLE flat AS SELECT u, i, 0.1 * u AS w FROM generate_series(1, 9) u, generate_series(1, 9) i
	UNION ALL SELECT 10 + u, i, (ARRAY[0.1, 0.2, 0.3])[i] FROM generate_series(1, 9) u, generate_series(1, 3) i;
SELECT affinity.create_model('flat', 'SELECT u, i, w FROM flat', 'item_knn', options => '{"similarity": "adjusted_cosine"}');
SELECT is_empty('SELECT * FROM flat.neighbors', 'equal ratings and means are no taste');

-- ---- random ones ---------------------------------------------------------------

-- 120 users, 50 items, weights of both signs, duplicates, 0, NULL, NaN. User 901
-- dislikes all, 902 rates all the same, 903 knows only what no model knows, 904
-- has only a NULL. Item 60 is disliked by all who have it.
CREATE TABLE facts (u int, i int, w float8);
INSERT INTO facts SELECT (random() * random() * 120)::int, (random() * random() * 50)::int, round((random() * 8 - 3.5)::numeric, 1)
FROM generate_series(1, 2500);
INSERT INTO facts SELECT u, i, -w FROM facts WHERE random() < 0.05;
INSERT INTO facts SELECT u, 60, -1 - random() FROM generate_series(0, 100, 9) u;
INSERT INTO facts SELECT 901, i, -1 - i % 3 FROM generate_series(1, 20) i;
INSERT INTO facts SELECT 902, i, 2 FROM generate_series(1, 10) i;
INSERT INTO facts VALUES (1, NULL, 1), (NULL, 1, 1), (2, 7, NULL), (904, 3, NULL);
SELECT affinity.create_model(name, 'SELECT u, i, w FROM facts', 'item_knn', options => options) FROM (VALUES
	('degrees', '{"weights": "signed", "neighbors": 12}'::jsonb), ('cosines', '{"weights": "signed", "similarity": "cosine", "neighbors": 8}'),
	('adjusted', '{"similarity": "adjusted_cosine", "min_support": 4, "neighbors": 10}'), ('correlated', '{"similarity": "pearson", "min_support": 4}'),
	('again', '{"weights": "signed", "seen": "positive", "neighbors": 12}')) m(name, options);
SELECT is(dropped_pairs, 0::bigint, name || ': no pair is dropped') FROM affinity.models WHERE name IN ('degrees', 'adjusted') ORDER BY name;
INSERT INTO facts VALUES (903, 77, 1), (905, 3, 4), (905, 77, -2), (905, 5, 1), (3, 9, 'NaN'), (4, 8, 'infinity');
CREATE INDEX ON facts (u);
CREATE TABLE sums AS SELECT u, i, sum(w::real::float8) FILTER (WHERE w < 'infinity') AS w FROM facts WHERE u IS NOT NULL AND i IS NOT NULL GROUP BY u, i;
CREATE VIEW users AS SELECT DISTINCT u FROM sums;
ANALYZE;

CREATE FUNCTION pg_temp.history(model text) RETURNS TABLE (u int, i int, w float8) LANGUAGE sql STABLE AS $$
	SELECT u, i, w - CASE model WHEN 'adjusted' THEN avg(w) OVER (PARTITION BY u) ELSE 0 END FROM sums WHERE w IS NOT NULL
$$;
CREATE FUNCTION pg_temp.seen(model text) RETURNS TABLE (u int, i int) LANGUAGE sql STABLE AS $$
	SELECT u, i FROM sums WHERE model <> 'again' OR w IS NOT NULL
$$;
CREATE TABLE expected (model text, u int, item int, score float8, size float8);
CREATE FUNCTION pg_temp.expect(model text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE format('INSERT INTO expected SELECT %1$L, u, n.neighbor_id, sum(h.w * n.score), sum(abs(h.w * n.score))
		FROM pg_temp.history(%1$L) h JOIN %1$I.neighbors n ON n.item_id = h.i GROUP BY u, n.neighbor_id', model);
END $$;
SELECT pg_temp.expect(model) FROM unnest(ARRAY['degrees', 'cosines', 'adjusted', 'correlated', 'again']) model;
SELECT cmp_ok((SELECT count(*) FROM expected e WHERE e.model = m AND score < -0.001), '>', 100::bigint, m || ': many are spoken against')
FROM unnest(ARRAY['degrees', 'cosines', 'adjusted', 'correlated']) m;
SELECT is_empty(format('SELECT * FROM %I.neighbors WHERE score <= 0', m), m || ': neighbors are similar') FROM unnest(ARRAY['degrees', 'adjusted']) m;

-- score
SELECT is_empty(format($$SELECT u, s.*, e.score FROM users CROSS JOIN LATERAL %1$I.score(u, ARRAY(SELECT item_id FROM %1$I.items)) s
	LEFT JOIN (SELECT * FROM expected WHERE model = %1$L) e USING (u)
	WHERE e.item = s.item_id AND e.size > 0 AND (abs(CASE WHEN s.personalized THEN s.score ELSE 0 END - e.score) <= 1e-5 * e.size) IS NOT TRUE$$, m),
	m || ': score is the sum over neighbors')
FROM unnest(ARRAY['degrees', 'cosines', 'adjusted', 'correlated']) m;
-- recommend: above 0, popular, below 0; nothing that is seen
SELECT is_empty(format($$SELECT u, r.* FROM users CROSS JOIN LATERAL (SELECT r.*, row_number() OVER (ORDER BY
			CASE WHEN NOT personalized THEN 1 WHEN score > 0 THEN 0 ELSE 2 END, CASE WHEN personalized THEN score ELSE popularity END DESC, item_no) AS no
		FROM %1$I.recommend(u, 100) r JOIN %1$I.items USING (item_id)) r
	WHERE no <> rank OR EXISTS (SELECT FROM pg_temp.seen(%1$L) s WHERE s.u = users.u AND s.i = item_id)$$, m),
	m || ': the order of recommend, without what is seen')
FROM unnest(ARRAY['degrees', 'cosines', 'adjusted', 'correlated', 'again']) m;
SELECT is_empty(format($$SELECT u, item_id FROM users CROSS JOIN %1$I.items
	EXCEPT (SELECT u, item_id FROM users CROSS JOIN LATERAL %1$I.recommend(u, 100) r UNION ALL SELECT * FROM pg_temp.seen(%1$L))$$, m),
	m || ': all that is not seen')
FROM unnest(ARRAY['degrees', 'adjusted', 'again']) m;
SELECT ok(EXISTS (SELECT FROM again.recommend(2, 100) WHERE item_id = 7) = (SELECT w IS NULL FROM sums WHERE u = 2 AND i = 7)
	AND NOT EXISTS (SELECT FROM degrees.recommend(2, 100) WHERE item_id = 7), 'a NULL weight is seen, unless only what counts is');
SELECT ok(NOT EXISTS (SELECT FROM degrees.recommend(3, 100) WHERE item_id = 9)
	AND NOT EXISTS (SELECT FROM degrees.recommend(4, 100) WHERE item_id = 8), 'so are NaN and infinity');
-- recommend_all
SELECT is_empty(format($$
	(SELECT a.user_id, a.item_id, a.score, a.rank, a.personalized FROM %1$I.recommend_all(%2$s) a
		EXCEPT ALL SELECT u, r.* FROM users, %1$I.recommend(u, %2$s) r)
	UNION ALL (SELECT u, r.* FROM users, %1$I.recommend(u, %2$s) r
		EXCEPT ALL SELECT a.user_id, a.item_id, a.score, a.rank, a.personalized FROM %1$I.recommend_all(%2$s) a)$$, m, k),
	format('%s: recommend_all(%s) is recommend of every user, to the last bit', m, k))
FROM unnest(ARRAY['degrees', 'cosines', 'adjusted', 'correlated', 'again']) m, unnest(ARRAY[3, 100]) k;
-- explain
SELECT is_empty(format($$SELECT u, s.*, e.* FROM users CROSS JOIN LATERAL %1$I.score(u, ARRAY[1, 4, 9, 30, 60]) s
	CROSS JOIN LATERAL (SELECT sum(contribution::float8) AS total, sum(abs(contribution::float8)) AS size, sum(abs(share)) AS shares,
		bool_and(abs(contribution - weight * similarity) <= 1e-5 * abs(contribution)) AS product,
		bool_and(abs(e.weight - h.w) <= 1e-5) AS of_history
		FROM %1$I.explain(u, s.item_id, 1000) e LEFT JOIN pg_temp.history(%1$L) h ON h.u = users.u AND h.i = e.because_id) e
	WHERE s.personalized AND (abs(total - s.score) <= 1e-5 * size AND abs(shares - 1) < 1e-4 AND product AND of_history) IS NOT TRUE$$, m),
	m || ': explain adds up to the score')
FROM unnest(ARRAY['degrees', 'adjusted', 'correlated']) m;
SELECT isnt_empty($$SELECT FROM degrees.explain(901, 30, 100) WHERE weight < 0 AND contribution < 0$$, 'a dislike speaks against what is like it');
-- audience
SELECT is_empty(format($$
	SELECT item, a.* FROM unnest(ARRAY[0, 3, 17, 40, 60]) item,
	LATERAL (SELECT a FROM (SELECT user_id, score, rank FROM %1$I.audience(item, 1000)) a
		FULL JOIN (SELECT u AS user_id, s.score, (row_number() OVER (ORDER BY s.score DESC, u))::int AS rank
			FROM users, %1$I.score(u, ARRAY[item]) s WHERE s.personalized AND s.score > 0
			AND item NOT IN (SELECT i FROM pg_temp.seen(%1$L) h WHERE h.u = users.u)) e USING (user_id, score, rank)
		WHERE a IS NULL OR e IS NULL) a$$, m), m || ': audience is who has the highest score without having it')
FROM unnest(ARRAY['degrees', 'cosines', 'adjusted', 'correlated', 'again']) m;
-- similar users
SELECT is_empty(format($$
	WITH h AS MATERIALIZED (SELECT * FROM pg_temp.history(%1$L)), norm AS (SELECT u, sqrt(sum(w * w)) AS n FROM h GROUP BY u),
	expected AS (SELECT a.u, b.u AS user_id, sum(a.w * b.w) / nullif(x.n * y.n, 0) AS score, count(*) AS common
		FROM h a JOIN h b USING (i) JOIN norm x ON x.u = a.u JOIN norm y ON y.u = b.u
		WHERE a.u IN (1, 7, 30, 901, 905) AND a.u <> b.u GROUP BY a.u, b.u, x.n, y.n),
	got AS (SELECT u, s.* FROM unnest(ARRAY[1, 7, 30, 901, 905]) u, %1$I.similar_users(u, 1000) s)
	SELECT * FROM got FULL JOIN expected e USING (u, user_id) WHERE CASE WHEN e.score > 1e-6
		THEN abs(got.score - e.score) <= 1e-5 AND got.common = e.common ELSE got.score IS NULL OR got.score < 1e-5 END IS NOT TRUE$$, m),
	m || ': similar users')
FROM unnest(ARRAY['degrees', 'adjusted']) m;
-- a basket is liked, whatever is usual
SELECT results_eq('SELECT item_id, score FROM adjusted.recommend_for(ARRAY[3], 5) WHERE personalized',
	'SELECT item_id, score FROM adjusted.similar_items(3, 5)', 'a basket of one has its similar items');
-- who rates all the same, or nothing that is known
SELECT is_empty(format('SELECT * FROM adjusted.recommend(%s, 100) WHERE personalized', u), u || ' gets popular items')
FROM unnest(ARRAY[902, 903, 904]) u;
SELECT ok((SELECT popularity FROM degrees.items WHERE item_id = 60) < 0
	AND (SELECT item_id = 60 FROM degrees.recommend(-1, 100) ORDER BY rank DESC LIMIT 1), 'an item that all dislike comes last');

-- ---- seen: positive ---------------------------------------------------------------

CREATE TABLE returned AS SELECT u, i, CASE WHEN (u * 7 + i * 3) % 5 = 0 THEN -1 ELSE 1 END AS w
	FROM generate_series(1, 60) u, generate_series(1, 40) i WHERE (u * 5 + i * u) % 7 < 4;
SELECT affinity.create_model(a || s, 'SELECT u, i, w FROM returned', a, o || jsonb_build_object('seen', s))
FROM unnest(ARRAY['all', 'positive']) s, (VALUES ('item_knn', '{"similarity": "cosine"}'::jsonb), ('ials', '{"factors": 4}'), ('popular', '{}')) v(a, o);
SELECT is_empty(format($$SELECT * FROM %1$I.recommend_all(40) r JOIN returned b ON b.u = r.user_id AND b.i = r.item_id WHERE %2$L OR w > 0$$,
	a || s, s = 'all'), a || ', seen ' || s || ': nothing comes again')
FROM unnest(ARRAY['item_knn', 'ials', 'popular']) a, unnest(ARRAY['all', 'positive']) s;
SELECT set_eq(format($$SELECT user_id, item_id FROM %I.recommend_all(40) r JOIN returned b ON b.u = r.user_id AND b.i = r.item_id$$, a || 'positive'),
	'SELECT u, i FROM returned WHERE w < 0', a || ': what was returned does, if wanted')
FROM unnest(ARRAY['item_knn', 'ials', 'popular']) a;
SELECT is_empty(format($$
	(SELECT a.user_id, a.item_id, a.score, a.rank, a.personalized FROM %1$I.recommend_all(12) a
		EXCEPT ALL SELECT u, r.* FROM generate_series(1, 60) u, %1$I.recommend(u, 12) r)
	UNION ALL (SELECT u, r.* FROM generate_series(1, 60) u, %1$I.recommend(u, 12) r
		EXCEPT ALL SELECT a.user_id, a.item_id, a.score, a.rank, a.personalized FROM %1$I.recommend_all(12) a)$$, a || s),
	a || ', seen ' || s || ': recommend_all agrees')
FROM unnest(ARRAY['item_knn', 'ials']) a, unnest(ARRAY['all', 'positive']) s;
SELECT is_empty($$SELECT * FROM generate_series(1, 40, 5) g, ialsall.audience(g, 100) a, returned b WHERE b.u = a.user_id AND b.i = g$$,
	'by factors, the audience has not seen it either');
SELECT isnt_empty($$SELECT * FROM generate_series(1, 40, 5) g, ialspositive.audience(g, 100) a, returned b WHERE b.u = a.user_id AND b.i = g$$,
	'unless what was returned may come again');

SELECT finish();
ROLLBACK;
