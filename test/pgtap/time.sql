-- Times in item_knn, ease, graph_filter and ials: half_life of what is trained on, trend, and
-- decay of histories, against plain SQL. What ease and ials learn is compared
-- with what they learn from a source whose weights SQL has decayed.
BEGIN;
SET client_min_messages = error;	-- returns are told in a warning
SET check_function_bodies = off;
SET jit = off;
SET timezone = 'Asia/Kathmandu';
SELECT plan(98);
SELECT setseed(0.29);

-- 60 users, 40 items; days that many rows share, returns, NULLs of every column.
CREATE TABLE facts AS
SELECT (random() * random() * 60)::int AS u, (random() * random() * 40)::int AS i,
	CASE WHEN random() < 0.1 THEN -1 ELSE ceil(random() * 6) / 2 END::real AS w,
	timestamptz '2024-03-20 12:00+00' + (random() * 30)::int * interval '1 day' AS at
FROM generate_series(1, 1500);
UPDATE facts SET at = NULL WHERE random() < 0.05;
UPDATE facts SET at = NULL WHERE i = 33 OR u = 44;
INSERT INTO facts VALUES (NULL, 1, 1, now()), (1, NULL, 1, '2024-03-20'), (1, 1, NULL, '2024-06-01'),
	(300, 99, -2, '2024-04-02'), (300, 1, 2, '2024-04-01'), (301, 2, 1, NULL), (302, 3, 1, '2024-04-01'), (302, 4, 1, '2024-04-01');

CREATE FUNCTION pg_temp.pairs(timed bool)
RETURNS TABLE (u int, i int, w float8, age float8) LANGUAGE sql STABLE AS $$
	WITH usable AS (SELECT * FROM facts WHERE u IS NOT NULL AND i IS NOT NULL AND w IS NOT NULL AND (at IS NOT NULL OR NOT timed))
	SELECT u, i, sum(w::float8), extract(epoch FROM (SELECT max(at) FROM usable) - max(at))::float8
	FROM usable GROUP BY u, i HAVING sum(w::float8) > 0
$$;

CREATE FUNCTION pg_temp.half_life(o jsonb) RETURNS float8 LANGUAGE sql AS $$
	SELECT coalesce(extract(epoch FROM (o->>'trend_half_life')::interval)::float8,
		(SELECT 0.06 * percentile_disc(0.5) WITHIN GROUP (ORDER BY age) FROM pg_temp.pairs(o ? 'half_life') WHERE age IS NOT NULL))
$$;

CREATE FUNCTION pg_temp.trend(o jsonb) RETURNS TABLE (i int, t float8) LANGUAGE sql AS $$
	WITH h AS MATERIALIZED (SELECT pg_temp.half_life(o) AS h),
	items AS (SELECT i, sum(0.5 ^ least(age / h, 900)) AS r, count(age) AS d FROM pg_temp.pairs(o ? 'half_life'), h GROUP BY i)
	SELECT i, CASE WHEN o->>'trend' IS NULL THEN 1 ELSE greatest(1e-6, least(1e6, (CASE WHEN d > 0 THEN
		(r / d) / (sum(r) OVER () / sum(d) OVER ()) ELSE 1 END) ^ (o->>'trend')::float8)) END FROM items
$$;

-- What pairs count in training.
CREATE FUNCTION pg_temp.counted(o jsonb) RETURNS TABLE (u int, i int, x float8) LANGUAGE sql AS $$
	SELECT u, i, CASE o->>'weights' WHEN 'log' THEN ln(1 + w) WHEN 'linear' THEN w ELSE 1 END *
		CASE WHEN o ? 'half_life' THEN 0.5 ^ (age / extract(epoch FROM (o->>'half_life')::interval)::float8) ELSE 1 END
	FROM pg_temp.pairs(o ? 'half_life')
$$;

-- The same in histories, at the time of the user's newest row.
CREATE FUNCTION pg_temp.history(o jsonb) RETURNS TABLE (u int, i int, c float8) LANGUAGE sql AS $$
	WITH usable AS (SELECT u, i, w, at, max(at) OVER (PARTITION BY u) AS newest FROM facts
		WHERE u IS NOT NULL AND i IS NOT NULL AND w IS NOT NULL),
	items AS (SELECT u, i, sum(w::float8) AS w, max(at) AS at, newest, row_number() OVER (PARTITION BY u ORDER BY max(at) DESC NULLS LAST) - 1
		AS position FROM usable GROUP BY u, i, newest HAVING sum(w::float8) > 0)
	SELECT u, i, CASE o->>'weights' WHEN 'log' THEN ln(1 + w) WHEN 'linear' THEN w ELSE 1 END
		* CASE WHEN o ? 'history_decay' THEN avg((o->>'history_decay')::float8 ^ position) OVER (PARTITION BY u, at) ELSE 1 END
		* CASE WHEN NOT o ? 'history_half_life' OR newest IS NULL THEN 1 WHEN at IS NULL THEN 1.1754944e-38
		ELSE 0.5 ^ (extract(epoch FROM newest - at)::float8 / extract(epoch FROM (o->>'history_half_life')::interval)::float8) END
	FROM items
$$;

CREATE FUNCTION pg_temp.near(a float8, b float8, tolerance float8 DEFAULT 2e-5) RETURNS bool LANGUAGE sql AS $$
	SELECT coalesce(abs(a - b) <= tolerance * greatest(abs(a), abs(b)) + 1e-30, false)
$$;

CREATE FUNCTION pg_temp.make(name text, algorithm text, o jsonb, query text DEFAULT 'SELECT u, i, w, at FROM facts') RETURNS void
LANGUAGE sql AS $$
	SELECT affinity.create_model(name, query, algorithm, o)
$$;

-- ---- trend, half_life: item_knn against formulas -------------------------------

CREATE FUNCTION pg_temp.check_knn(o jsonb) RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
	PERFORM pg_temp.make('m', 'item_knn', '{"user_exponent": 1, "item_exponent": 0.5, "neighbor_exponent": 0.5}' || o);
	RETURN NEXT is_empty(format($q$
		WITH x AS MATERIALIZED (SELECT * FROM pg_temp.counted(%1$L)),
		d AS (SELECT i, sum(x) AS d, sum(x * x) AS dd, count(*) AS n FROM x GROUP BY i),
		du AS (SELECT u, CASE WHEN %1$L::jsonb->>'similarity' = 'cosine' THEN 1 ELSE sum(x) END AS d FROM x GROUP BY u),
		s AS (SELECT a.i, b.i AS j, sum(a.x * b.x / du.d) AS s, count(*) AS c FROM x a JOIN x b USING (u) JOIN du USING (u)
			WHERE a.i <> b.i GROUP BY a.i, b.i),
		expected AS (SELECT s.i, s.j, t.t * CASE %1$L::jsonb->>'similarity' WHEN 'cosine' THEN s / sqrt(a.dd * b.dd)
			WHEN 'jaccard' THEN c::float8 / (a.n + b.n - c) ELSE s / sqrt(a.d * b.d) END AS score
			FROM s JOIN d a USING (i) JOIN d b ON b.i = j JOIN pg_temp.trend(%1$L) t ON t.i = j)
		SELECT * FROM expected e FULL JOIN m.neighbors n ON n.item_id = e.i AND n.neighbor_id = e.j
		WHERE NOT pg_temp.near(e.score, n.score)$q$, o), format('similarities of item_knn %s', o));
	RETURN NEXT is_empty(format($q$
		SELECT * FROM (SELECT i, sum(CASE WHEN %1$L::jsonb ? 'half_life' THEN 0.5 ^ (age / extract(epoch FROM
			(%1$L::jsonb->>'half_life')::interval)::float8) ELSE 1 END) AS p FROM pg_temp.pairs(%1$L::jsonb ? 'half_life') GROUP BY i) p
		JOIN pg_temp.trend(%1$L) t USING (i) FULL JOIN m.items m ON m.item_id = i
		WHERE NOT pg_temp.near(p * t, popularity)$q$, o), '... and popularity');
	PERFORM affinity.drop_model('m');
END $$;
SELECT pg_temp.check_knn(o) FROM unnest(ARRAY['{"half_life": "9 days"}', '{"trend": 1}', '{"trend": 0.5, "trend_half_life": "3 days"}',
	'{"trend": 1, "half_life": "1 month", "similarity": "cosine", "weights": "log"}', '{"trend": 4, "trend_half_life": "8 hours"}',
	'{"trend": 2, "similarity": "jaccard"}', '{"trend": 1, "similarity": "cosine", "min_support": 1, "shrinkage": 0}']::jsonb[]) o;

SELECT pg_temp.make('m', 'item_knn', '{"trend": 1}');
SELECT ok(pg_temp.near((SELECT (training->>'trend_half_life_days')::float8 * 86400 FROM m.model), pg_temp.half_life('{}')),
	'the half-life of the trend is reported');
SELECT affinity.drop_model('m');

-- ---- the same for ease and ials, by a source with decayed weights ----------------

CREATE TABLE decayed AS SELECT u, i, x::float8 AS w FROM pg_temp.counted('{"half_life": "12 days"}');
CREATE FUNCTION pg_temp.check_learned(algorithm text, o jsonb, plain jsonb) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
	timely jsonb := o || '{"trend": 1, "half_life": "12 days"}';
BEGIN
	PERFORM pg_temp.make('a', algorithm, o || '{"half_life": "12 days"}');
	PERFORM pg_temp.make('b', algorithm, o || plain, 'SELECT u, i, w FROM decayed');
	PERFORM pg_temp.make('c', algorithm, timely);
	RETURN NEXT is_empty($q$SELECT * FROM a.neighbors a FULL JOIN b.neighbors b USING (item_id, neighbor_id)
		WHERE abs(coalesce(a.score, 0) - coalesce(b.score, 0)) > 1e-5$q$, format('%s learns what it learns from decayed weights', o));
	RETURN NEXT is_empty(format($q$SELECT * FROM a.neighbors a JOIN pg_temp.trend(%L) t ON t.i = a.neighbor_id FULL JOIN c.neighbors c
		USING (item_id, neighbor_id) WHERE NOT pg_temp.near(a.score * t, c.score) AND NOT coalesce(abs(a.score * t - c.score) < 1e-6, false)$q$, timely), '... and is multiplied by the trend');
	RETURN NEXT is_empty(format($q$SELECT * FROM a.items a JOIN pg_temp.trend(%L) t ON t.i = a.item_id FULL JOIN c.items c
		USING (item_id) WHERE NOT pg_temp.near(a.popularity * t, c.popularity)$q$, timely), '... as popularity is');
END $$;
SELECT pg_temp.check_learned('ease', '{"method": "dense", "regularization": 5}', '{"weights": "linear"}');
SELECT affinity.drop_model(m) FROM unnest(ARRAY['a', 'b', 'c']) m;
SELECT pg_temp.check_learned('ease', '{"method": "sparse", "regularization": 5, "candidates": 1000}', '{"weights": "linear"}');
SELECT affinity.drop_model(m) FROM unnest(ARRAY['a', 'b', 'c']) m;
SELECT pg_temp.check_learned('ease', '{"method": "dense", "regularization": 5, "rank": 6, "skip": 1}', '{"weights": "linear"}');
SELECT affinity.drop_model(m) FROM unnest(ARRAY['a', 'b', 'c']) m;
SELECT pg_temp.check_learned('graph_filter', '{"rank": 6}', '{"weights": "linear"}');
SELECT affinity.drop_model(m) FROM unnest(ARRAY['a', 'b', 'c']) m;
SELECT pg_temp.check_learned('ials', '{"factors": 6, "solver": "cholesky", "alpha": 3}', '{"confidence": "linear"}');
SELECT is_empty($$SELECT * FROM a.items a FULL JOIN b.items b USING (item_id), unnest(a.factors, b.factors) f(x, y)
	WHERE NOT pg_temp.near(x, y, 1e-3) AND abs(x - y) > 1e-4$$, '... so do the factors of ials');
SELECT is_empty($$SELECT * FROM (SELECT DISTINCT u FROM facts WHERE u IS NOT NULL) u, (SELECT array_agg(item_id) AS items FROM a.items) x, LATERAL (
	SELECT a.item_id, a.score AS a, c.score AS c, a.personalized FROM a.score(u, items) a FULL JOIN c.score(u, items) c USING (item_id)) s
	JOIN pg_temp.trend('{"trend": 1, "half_life": "12 days"}') t ON t.i = s.item_id
	WHERE personalized AND abs(a * t - c) > 1e-5 * greatest(1, t)$$, '... and the scores');
SELECT is_empty($$SELECT * FROM generate_series(1, 20) i, LATERAL (SELECT a.item_id, a.score AS a, c.score AS c FROM a.similar_items(i, 50) a
	FULL JOIN c.similar_items(i, 50) c USING (item_id)) s WHERE abs(coalesce(a, 0) - coalesce(c, 0)) > 1e-4$$,
	'the trend is no part of what items of ials are like');
SELECT affinity.drop_model(m) FROM unnest(ARRAY['a', 'b', 'c']) m;

-- ---- histories ---------------------------------------------------------------------

CREATE FUNCTION pg_temp.check_history(algorithm text, o jsonb, query text DEFAULT 'SELECT u, i, w, at FROM facts',
	materialize bool DEFAULT false) RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
	PERFORM affinity.create_model('m', query, algorithm, o, materialize => materialize);
	CREATE TABLE users AS SELECT DISTINCT u FROM facts WHERE u IS NOT NULL;
	IF algorithm <> 'ials' THEN
		RETURN NEXT is_empty(format($q$
			WITH e AS (SELECT h.u, n.neighbor_id AS i, sum(h.c * n.score) AS score FROM pg_temp.history(%L) h
				JOIN m.neighbors n ON n.item_id = h.i GROUP BY 1, 2)
			SELECT * FROM (SELECT u, s.* FROM users, LATERAL m.score(u, ARRAY(SELECT item_id FROM m.items)) s WHERE personalized) s
			FULL JOIN e ON e.u = s.u AND e.i = s.item_id
			WHERE NOT pg_temp.near(e.score, s.score, 1e-4) AND abs(coalesce(e.score, 0) - coalesce(s.score, 0)) > 1e-7$q$, o),
			format('scores of %s %s', algorithm, o));
	END IF;
	RETURN NEXT is_empty($q$
		SELECT * FROM m.recommend_all(12) a FULL JOIN (SELECT u AS user_id, r.* FROM users, LATERAL m.recommend(u, 12) r) r
		USING (user_id, item_id, score, rank, personalized) WHERE a IS NULL OR r IS NULL$q$, '... recommend_all says the same to the bit');
	RETURN NEXT is_empty($q$
		SELECT item_id, a.* FROM (SELECT item_id FROM m.items WHERE item_id % 3 = 1) i, LATERAL (
			SELECT user_id, score FROM m.audience(i.item_id, 1000) EXCEPT
			SELECT u, s.score FROM users, LATERAL m.score(u, ARRAY[i.item_id]) s) a$q$, '... and audience');
	RETURN NEXT is_empty($q$
		SELECT u, r.item_id, r.score, sum(e.contribution) FROM users, LATERAL m.recommend(u, 2) r, LATERAL m.explain(u, r.item_id, 1000) e
		WHERE r.personalized GROUP BY 1, 2, 3
		HAVING NOT pg_temp.near(r.score, sum(e.contribution), 1e-4) AND abs(r.score - sum(e.contribution)) > 1e-5$q$,
		'... and contributions add up to scores');
	RETURN NEXT is_empty(format($q$
		WITH h AS MATERIALIZED (SELECT * FROM pg_temp.history(%L)), n AS (SELECT u, sqrt(sum(c * c)) AS n FROM h GROUP BY u),
		e AS (SELECT a.u, b.u AS v, sum(a.c * b.c) / (x.n * y.n) AS score FROM h a JOIN h b USING (i) JOIN n x ON x.u = a.u
			JOIN n y ON y.u = b.u WHERE a.u <> b.u GROUP BY a.u, b.u, x.n, y.n)
		SELECT * FROM (SELECT u, s.* FROM users, LATERAL m.similar_users(u, 1000) s) s FULL JOIN e ON e.u = s.u AND e.v = s.user_id
		WHERE NOT pg_temp.near(e.score, s.score, 1e-4) AND coalesce(e.score, s.score) > 1e-30$q$, o || '{"alpha": 1}'),
		'... and similar users have similar histories as they count now');
	DROP TABLE users;
	PERFORM affinity.drop_model('m');
END $$;
SELECT pg_temp.check_history('item_knn', '{"history_decay": 0.7}');
SELECT pg_temp.check_history('item_knn', '{"history_half_life": "3 days", "weights": "log", "trend": 1}');
SELECT pg_temp.check_history('ease', '{"history_half_life": "36 hours", "history_decay": 0.9, "weights": "linear"}',
	'SELECT u, i, w, at::timestamp FROM facts', true);
SELECT pg_temp.check_history('ease', '{"history_half_life": "3 weeks"}', 'SELECT u, i, w, at AT TIME ZONE ''UTC'' FROM facts');
SELECT pg_temp.check_history('graph_filter', '{"history_half_life": "3 days", "trend": 1, "rank": 5}');
SELECT pg_temp.check_history('ials', '{"history_decay": 0.5, "factors": 6}');
SELECT pg_temp.check_history('ials', '{"history_half_life": "10 days", "trend": 1, "half_life": "20 days", "factors": 6}',
	'SELECT u, i, w, (at AT TIME ZONE ''UTC'')::date FROM facts', true) LIMIT 3;

-- ials folds in what is left: as if the weights were that
CREATE TABLE live AS SELECT u, i, 1::float8 AS w FROM pg_temp.pairs(false);
SELECT pg_temp.make('a', 'ials', '{"factors": 6, "confidence": "linear"}', 'SELECT u, i, w FROM live');
SELECT pg_temp.make('b', 'ials', '{"factors": 6, "history_decay": 0.5}');
UPDATE live SET w = c FROM pg_temp.history('{"history_decay": 0.5}') h WHERE h.u = live.u AND h.i = live.i;
SELECT is_empty($$SELECT * FROM (SELECT DISTINCT u FROM live) u, (SELECT array_agg(item_id) AS items FROM a.items) x, LATERAL (
	SELECT a.item_id, a.score AS a, b.score AS b FROM a.score(u, items) a FULL JOIN b.score(u, items) b USING (item_id)) s
	WHERE abs(a - b) > 1e-5 OR a IS NULL OR b IS NULL$$, 'ials folds in what is left of a history');
SELECT results_eq($$SELECT item_id, score FROM b.recommend_for(ARRAY[1, 2, 5], 5)$$,
	$$SELECT item_id, score FROM a.recommend_for(ARRAY[1, 2, 5], 5)$$, 'items of a basket have no times');
SELECT affinity.drop_model(m) FROM unnest(ARRAY['a', 'b']) m;

-- ---- now ---------------------------------------------------------------------------

CREATE TABLE recent AS SELECT u, i, w, at - timestamptz '2024-05-01 00:00+00' + now() AS at FROM facts;
CREATE FUNCTION pg_temp.check_now(query text, materialize bool) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	answer text;
BEGIN
	PERFORM affinity.create_model('a', query, 'item_knn', '{"history_half_life": "20 days"}');
	PERFORM affinity.create_model('b', query, 'item_knn', '{"history_half_life": "20 days", "history_reference": "now"}', materialize => materialize);
	answer := is_empty($q$
		WITH left_over AS (SELECT u, 0.5 ^ (extract(epoch FROM now() - max(at))::float8 / (20 * 86400)) AS f FROM recent
			WHERE u IS NOT NULL AND i IS NOT NULL AND w IS NOT NULL GROUP BY u)
		SELECT * FROM left_over, LATERAL (SELECT a.score AS a, b.score AS b FROM a.recommend(u, 5, exclude_seen => false) a
			FULL JOIN b.recommend(u, 5, exclude_seen => false) b USING (item_id) WHERE a.personalized) s
		WHERE f IS NOT NULL AND NOT pg_temp.near(a * f, b, 1e-4)$q$, format('now: %s %s', query, materialize));
	PERFORM affinity.drop_model('a');
	PERFORM affinity.drop_model('b');
	RETURN answer;
END $$;
SELECT pg_temp.check_now('SELECT u, i, w, at FROM recent', m) FROM unnest(ARRAY[false, true]) m;
SELECT pg_temp.check_now('SELECT u, i, w, at::timestamp FROM recent', m) FROM unnest(ARRAY[false, true]) m;

-- ---- edges ---------------------------------------------------------------------------

CREATE TABLE edge (u int, i int, w float8, at timestamptz);
INSERT INTO edge SELECT u, i, 1, '2024-01-01' FROM generate_series(1, 5) u, generate_series(1, 5) i WHERE (u + i) % 3 > 0;
SELECT pg_temp.make('a', 'item_knn', '{"trend": 1, "half_life": "1 day", "history_half_life": "1 day"}', 'TABLE edge');
SELECT pg_temp.make('b', 'item_knn', '{}', 'TABLE edge');
SELECT results_eq('SELECT * FROM a.recommend_all()', 'SELECT * FROM b.recommend_all()', 'where all is at one time nothing differs');
INSERT INTO edge VALUES (6, 1, 1, '-infinity'), (6, 2, 1, NULL), (7, 1, 1, '4713-01-01 BC'), (7, 2, 1, '290000-01-01'), (7, 3, 1, 'infinity'),
	(8, 1, 1e-300, '2024-01-01'), (8, 2, 1e-300, '1900-01-01'), (8, 3, 'NaN', '2025-01-01');
SELECT is((SELECT array_agg(weight ORDER BY because_id) FROM a.explain(6, 4)), ARRAY[1, 1]::real[], 'without a time all are as old as each other');
SELECT results_eq('SELECT because_id, weight FROM a.explain(7, 4) ORDER BY 1', 'VALUES (1, 1.1754944e-38::real), (2, 1)',
	'what is without a finite time is the oldest; nothing becomes 0') WHERE NOT EXISTS (SELECT FROM a.neighbors WHERE item_id = 3 AND neighbor_id = 4);
SELECT results_eq('SELECT because_id, weight FROM a.explain(8, 4) ORDER BY 1', $$SELECT * FROM (VALUES (1, 1::real), (2, 1.1754944e-38)) x
	WHERE EXISTS (SELECT FROM a.neighbors WHERE item_id = column1 AND neighbor_id = 4)$$, 'a row without a weight is no time');
SELECT is_empty('SELECT * FROM (SELECT * FROM a.recommend_all() EXCEPT SELECT u, r.* FROM generate_series(1, 8) u, LATERAL a.recommend(u) r) x',
	'... in batches as well');
SELECT throws_ok($$SELECT affinity.refresh_model('a')$$, '22023', NULL, 'training refuses infinite times');
DELETE FROM edge WHERE at IN ('infinity', '-infinity') OR w = 'NaN';
SELECT lives_ok($$SELECT affinity.refresh_model('a')$$, 'times far apart');
SELECT is_empty('SELECT * FROM a.neighbors WHERE NOT score > 0', '... leave something of everything');
SELECT lives_ok($$SELECT affinity.alter_model('a', options => '{"history_reference": "now", "history_decay": 0, "history_half_life": "1 microsecond",
	"half_life": "1 microsecond", "trend_half_life": "1 microsecond"}')$$, 'the shortest half-lives');
SELECT is_empty('SELECT * FROM a.recommend_all() WHERE personalized AND NOT score > 0', '... too');
SELECT affinity.drop_model(m) FROM unnest(ARRAY['a', 'b']) m;
SELECT throws_ok(format($$SELECT affinity.create_model('m', 'SELECT u, i, w FROM facts', 'item_knn', %L)$$, o), '22023',
	format('option "%s" needs a source with times', n), 'no times')
FROM (VALUES ('{"trend": 1}', 'trend'), ('{"half_life": "1 day"}', 'half_life'), ('{"history_decay": 0.5}', 'history_decay'),
	('{"history_half_life": "1 day"}', 'history_half_life')) e(o, n);
SELECT throws_ok($$SELECT affinity.create_model('m', 'SELECT u, i, w, at FROM facts', 'item_knn', '{"half_life": "1 day", "similarity": "lift"}')$$,
	'22023', 'option "half_life" has no effect on similarity "lift"', 'sets have no weights');

-- ---- what is not what it was -------------------------------------------------------------

SELECT pg_temp.make('m', 'item_knn', '{"history_decay": 0.5}');
CREATE OR REPLACE VIEW m.interactions AS SELECT u AS user_id, i AS item_id, w AS weight, 'infinity'::timestamptz AS at FROM facts;
SELECT isnt_empty('SELECT * FROM m.recommend_all() WHERE personalized', 'infinite times are no times');
DROP VIEW m.interactions;
CREATE VIEW m.interactions AS SELECT u AS user_id, i AS item_id, w AS weight, at::text AS at FROM facts;
SELECT throws_ok(q, '55000', 'model "m" is damaged: the times of its interactions are no time stamps', q)
FROM unnest(ARRAY['SELECT * FROM m.recommend(1)', 'SELECT * FROM m.recommend_all()', 'SELECT * FROM m.audience(1)']) q;
DROP VIEW m.interactions;
CREATE VIEW m.interactions AS SELECT u AS user_id, i AS item_id, w AS weight FROM facts;
SELECT throws_ok(q, '55000', NULL, q || ' without times')
FROM unnest(ARRAY['SELECT * FROM m.recommend(1)', 'SELECT * FROM m.recommend_all()', 'SELECT * FROM m.similar_users(1)']) q;
SELECT affinity.drop_model('m');
SELECT pg_temp.make('m', 'ials', '{"trend": 1, "factors": 4}');
UPDATE m.model SET version = nextval('m.model_version'), parameters = parameters[1:5];
SELECT throws_ok('SELECT * FROM m.recommend(1)', '55000', 'the parameters of the model do not fit its factors', 'the trend of an item is missing');
UPDATE m.model SET version = nextval('m.model_version'), parameters = array_fill(0::real, ARRAY[4 + items::int]);
SELECT throws_ok('SELECT * FROM m.recommend(1)', '55000', 'the parameters of the model do not fit its factors', 'a trend is above 0');
SELECT affinity.drop_model('m');

-- ---- what is kept follows the options ---------------------------------------------------

SELECT affinity.create_model('m', 'SELECT u, i, w, at FROM facts', 'item_knn', materialize => true);
SELECT ok(count(at) > 1000, 'times are kept, for repeats') FROM m.kept_interactions;
SELECT affinity.alter_model('m', options => '{"history_decay": 0.5}');
SELECT ok(count(at) > 1000, 'they are where it does') FROM m.kept_interactions;
SELECT pg_temp.make('a', 'item_knn', '{"history_decay": 0.5}');
SELECT results_eq('SELECT * FROM m.recommend_all()', 'SELECT * FROM a.recommend_all()', '... and it answers alike');
SELECT * FROM finish();
ROLLBACK;
