-- als: the course of training and every prediction against numpy (../oracle/als.py), which
-- knows nothing of the extension; then what has to hold without an oracle.
BEGIN;
SET client_min_messages = warning;
SET check_function_bodies = off;
SET jit = off;
\set ON_ERROR_STOP on
SELECT plan(81);

CREATE TABLE ratings (kind text, u bigint, i int, rating real, plain float8);
CREATE TABLE cases (name text PRIMARY KEY, kind text, options jsonb);
CREATE TABLE results (name text, iteration int, loss float8, rmse float8, mae float8,
	holdout_rmse float8, holdout_mae float8, u bigint, i int, score float8);
\copy ratings FROM PROGRAM '/usr/bin/python3 test/oracle/als.py ratings' CSV
\copy cases FROM PROGRAM '/usr/bin/python3 test/oracle/als.py cases' CSV
\copy results FROM PROGRAM '/usr/bin/python3 test/oracle/als.py results' CSV
\set ON_ERROR_STOP off
CREATE INDEX ON ratings (kind, u);
CREATE VIEW rated AS SELECT kind, u, i, avg(rating::float8)::real AS rating, min(plain) AS plain
	FROM ratings GROUP BY kind, u, i;
ANALYZE;

-- Rows come in no order, and some that say nothing.
CREATE FUNCTION pg_temp.create_case(name text, kind text, options jsonb) RETURNS void LANGUAGE sql AS $$
	SELECT affinity.create_model('als_' || name, format('SELECT u, i, rating FROM ratings WHERE kind = %L
		UNION ALL SELECT u, NULL, 3 FROM ratings WHERE u = 5 UNION ALL SELECT NULL, 1, 3
		UNION ALL SELECT 5, 1, NULL', kind), 'als', options)
$$;
SELECT count(pg_temp.create_case(name, kind, options)) FROM cases;
CREATE VIEW trained AS SELECT substr(name, 5) AS name, training FROM affinity.models;

-- A list of figures with its places.
CREATE FUNCTION pg_temp.course(name text, figure text) RETURNS TABLE (iteration int, value float8)
LANGUAGE sql AS $$
	SELECT n::int, v::float8 FROM trained t, jsonb_array_elements_text(t.training->figure) WITH ORDINALITY e(v, n)
	WHERE t.name = $1
$$;

SELECT is((SELECT count(*) FROM results WHERE iteration IS NOT NULL), 81::bigint, 'the oracle has all its iterations');
SELECT is((SELECT count(*) FROM results WHERE u IS NOT NULL), 5 * 240 * 90 + 30 * 12::bigint, 'and all its predictions');

---- the same course as numpy's ---------------------------------------------

SELECT is_empty(format($$
	SELECT r.iteration, f.figure, c.value, f.expected FROM results r
	CROSS JOIN LATERAL (VALUES ('loss', r.loss), ('rmse_by_iteration', r.rmse), ('mae_by_iteration', r.mae),
		('holdout_rmse_by_iteration', r.holdout_rmse), ('holdout_mae_by_iteration', r.holdout_mae)) f(figure, expected)
	LEFT JOIN LATERAL pg_temp.course(r.name, f.figure) c USING (iteration)
	WHERE r.name = %L AND r.iteration IS NOT NULL AND f.expected IS NOT NULL
		AND (abs(c.value - f.expected) <= 2e-4 * f.expected) IS NOT TRUE$$, name),
	name || ': loss, RMSE and MAE of every iteration') FROM cases ORDER BY name;
SELECT is_empty(format($$
	SELECT iteration, value, before FROM (SELECT *, lag(value) OVER (ORDER BY iteration) AS before
		FROM pg_temp.course(%L, 'loss')) c WHERE value > before * (1 + 1e-6)$$, name),
	name || ': the loss falls') FROM cases ORDER BY name;
SELECT results_eq(format($$SELECT count(*)::int FROM pg_temp.course(%L, 'loss')$$, name),
	ARRAY[(options->>'iterations')::int], name || ': has done all its iterations') FROM cases ORDER BY name;

---- the same predictions ---------------------------------------------------

CREATE TABLE scores (name text, u bigint, i int, score real, personalized boolean);
DO $$
DECLARE
	c record;
BEGIN
	FOR c IN SELECT * FROM cases WHERE name IN (SELECT r.name FROM results r WHERE r.u IS NOT NULL) LOOP
		EXECUTE format('INSERT INTO scores SELECT %L, u.u, s.item_id, s.score, s.personalized
			FROM (SELECT DISTINCT u FROM ratings WHERE kind = %L) u,
				%I.score(u.u, (SELECT array_agg(DISTINCT r.i) FROM ratings r WHERE r.kind = %2$L)) s',
			c.name, c.kind, 'als_' || c.name);
	END LOOP;
END $$;
SELECT is_empty(format($$
	SELECT u, i, r.score, s.score FROM results r FULL JOIN (SELECT * FROM scores s WHERE s.name = %L) s USING (u, i)
	WHERE (r.name = %1$L AND r.u IS NOT NULL OR r.name IS NULL)
		AND (abs(r.score - s.score) <= 1e-3 AND s.personalized) IS NOT TRUE LIMIT 10$$, name),
	name || ': every prediction') FROM cases WHERE options->>'holdout' = '0' ORDER BY name;
SELECT ok((SELECT avg(abs(r.score - s.score)) < 2e-5 FROM results r JOIN scores s USING (name, u, i)
	WHERE r.name = c.name), name || ': on average far closer')
	FROM cases c WHERE options->>'holdout' = '0' ORDER BY name;

-- What the figures say of predictions is what score() predicts.
SELECT ok((SELECT abs(sqrt(avg((s.score - r.rating) ^ 2)) - (t.training->>'rmse')::float8) < 1e-5
		AND abs(avg(abs(s.score - r.rating)) - (t.training->>'mae')::float8) < 1e-5
	FROM rated r JOIN scores s USING (u, i) WHERE s.name = t.name AND r.kind = c.kind),
	t.name || ': RMSE and MAE of score()')
	FROM trained t JOIN cases c USING (name) WHERE c.options->>'holdout' = '0' ORDER BY t.name;

SELECT is((SELECT training - 'loss' - 'rmse_by_iteration' - 'mae_by_iteration' - 'rmse' - 'mae' FROM trained WHERE name = 'plain'),
	(SELECT jsonb_build_object('user_type', 'bigint', 'item_type', 'integer', 'ratings', count(*), 'iterations', 6, 'best_iteration', 6) ||
		jsonb_build_object('mean', avg(rating::float8)::real::float8, 'standard_deviation', stddev_pop(rating::float8)::real::float8)
	FROM rated WHERE kind = 'stars'), 'the other figures');

---- recommend, explain, similar_items and the rest --------------------------

SELECT is_empty($$
	SELECT g.*, e.* FROM (SELECT u.u, r.item_id AS i, r.score, r.rank FROM (SELECT DISTINCT u FROM ratings WHERE kind = 'stars') u,
		als_plain.recommend(u.u, 15) r WHERE r.personalized) g
	FULL JOIN (SELECT * FROM (SELECT s.u, s.i, s.score, row_number() OVER (PARTITION BY s.u ORDER BY s.score DESC, s.i) AS rank
		FROM scores s WHERE s.name = 'plain' AND NOT EXISTS (SELECT FROM rated r WHERE r.kind = 'stars' AND (r.u, r.i) = (s.u, s.i))) o
		WHERE rank <= 15) e USING (u, i) WHERE (g.score = e.score AND g.rank = e.rank) IS NOT TRUE$$,
	'recommend: the best predictions of what is not rated');
SELECT is_empty($$
	SELECT * FROM (SELECT user_id, item_id, score, rank, personalized FROM als_plain.recommend_all(10) WHERE user_id IS NOT NULL) a
	FULL JOIN (SELECT u.u AS user_id, r.item_id, r.score, r.rank, r.personalized FROM (SELECT DISTINCT u FROM ratings WHERE kind = 'stars') u,
		als_plain.recommend(u.u, 10) r) o USING (user_id, rank)
	WHERE (a.item_id = o.item_id AND a.score = o.score AND a.personalized = o.personalized) IS NOT TRUE$$,
	'recommend_all: recommend for everybody');

-- mean and bias of the item, plus what each rating of the history adds
SELECT is_empty($$
	SELECT s.u, s.i, s.score, m.popularity + e.sum FROM scores s JOIN als_plain.items m ON m.item_id = s.i,
		LATERAL (SELECT sum(contribution::float8), bool_and(abs(x.contribution - x.weight * x.similarity) < 1e-5)
			FROM als_plain.explain(s.u, s.i, 1000) x) e(sum, product)
	WHERE s.name = 'plain' AND s.u % 5 = 0 AND s.i % 4 = 0
		AND (abs(s.score - m.popularity - e.sum) <= 1e-4 AND e.product) IS NOT TRUE$$,
	'explain: contributions add up to what a user is predicted beyond the item''s mean and bias');
SELECT is_empty($$
	SELECT x.because_id, x.weight, r.rating - m.popularity FROM als_plain.explain(54::bigint, 40, 1000) x
	LEFT JOIN rated r ON r.kind = 'stars' AND r.u = 54 AND r.i = x.because_id
	LEFT JOIN als_plain.items m ON m.item_id = x.because_id
	WHERE (abs(x.weight - (r.rating - m.popularity)) < 1e-5) IS NOT TRUE$$,
	'explain: a rating weighs by what it is above the item''s own');
SELECT cmp_ok((SELECT count(*) FROM als_plain.explain(54::bigint, 40, 1000)), '=',
	(SELECT count(*) FROM rated WHERE kind = 'stars' AND u = 54), 'explain: all ratings of the history');

-- cosine of factors without the bias
SELECT is_empty($$
	WITH f AS (SELECT m.item_id, k.ordinality AS k, k.v::float8 AS v FROM als_plain.items m, unnest(m.factors[2:]) WITH ORDINALITY k(v)),
	c AS (SELECT a.item_id AS a, b.item_id AS b, sum(a.v * b.v) / sqrt(sum(a.v ^ 2)) / sqrt(sum(b.v ^ 2)) AS cosine
		FROM f a JOIN f b USING (k) WHERE a.item_id % 6 = 1 AND a.item_id <> b.item_id GROUP BY 1, 2)
	SELECT c.a, s.* , c.cosine FROM (SELECT DISTINCT a FROM c) d CROSS JOIN LATERAL als_plain.similar_items(d.a, 1000) s
	FULL JOIN (SELECT * FROM c WHERE cosine > 1e-6) c ON (c.a, c.b) = (d.a, s.item_id)
	WHERE (abs(s.score - c.cosine) < 1e-5) IS NOT TRUE AND coalesce(s.score, 1) > 1e-6$$,
	'similar_items: the cosine of factors, biases left out');

-- cosine of ratings less the mean of each user
SELECT is_empty($$
	WITH c AS (SELECT u, i, rating - avg(rating::float8) OVER (PARTITION BY u) AS v FROM rated WHERE kind = 'stars'),
	norm AS (SELECT u, sqrt(sum(v ^ 2)) AS norm FROM c GROUP BY u),
	s AS (SELECT a.u, b.u AS other, sum(a.v * b.v) / (x.norm * y.norm) AS cosine, count(*) AS common
		FROM c a JOIN c b USING (i) JOIN norm x ON x.u = a.u JOIN norm y ON y.u = b.u
		WHERE a.u <> b.u AND a.u % 6 = 0 GROUP BY a.u, b.u, x.norm, y.norm)
	SELECT d.u, g.*, s.* FROM (SELECT DISTINCT u FROM s) d CROSS JOIN LATERAL als_plain.similar_users(d.u, 1000) g
	FULL JOIN (SELECT * FROM s WHERE cosine > 1e-6) s ON (s.u, s.other) = (d.u, g.user_id)
	WHERE (abs(g.score - s.cosine) < 1e-5 AND g.common = s.common) IS NOT TRUE AND coalesce(g.score, 1) > 1e-6$$,
	'similar_users: the cosine of ratings less their user''s mean');
SELECT is_empty($$
	WITH e AS (SELECT s.i, s.u, s.score, row_number() OVER (PARTITION BY s.i ORDER BY s.score DESC, s.u) AS rank FROM scores s
		WHERE s.name = 'plain' AND s.i % 7 = 1 AND NOT EXISTS (SELECT FROM rated r WHERE r.kind = 'stars' AND (r.u, r.i) = (s.u, s.i)))
	SELECT i.i, a.*, e.* FROM (SELECT DISTINCT i FROM e) i CROSS JOIN LATERAL als_plain.audience(i.i, 12) a
	FULL JOIN (SELECT * FROM e WHERE rank <= 12) e ON (e.i, e.u) = (i.i, a.user_id)
	WHERE (a.score = e.score AND a.rank = e.rank) IS NOT TRUE$$, 'audience: who would rate an item best');

---- quality, as planted -----------------------------------------------------

SELECT cmp_ok((SELECT count(*) FROM ratings WHERE kind = 'stars' AND rating < 0), '>', 500::bigint, 'ratings below 0 are among all this');
-- noise of standard deviation 0.25; biases alone leave far more
SELECT ok((training->>'holdout_rmse')::float8 BETWEEN 0.24 AND 0.29, 'planted: what is held out is predicted to within its noise')
FROM trained WHERE name = 'planted';
SELECT ok((SELECT sqrt(avg((s.score - r.plain) ^ 2)) < 0.15
	FROM (SELECT u, array_agg(i) AS items FROM rated WHERE kind = 'sharp' AND u % 4 = 0 GROUP BY u) h
	CROSS JOIN LATERAL als_planted.score(h.u, h.items) s JOIN rated r ON r.kind = 'sharp' AND (r.u, r.i) = (h.u, s.item_id)),
	'planted: predictions are closer to the truth than ratings are');
SELECT ok((SELECT training->>'holdout_ratings' FROM trained WHERE name = 'planted')::float8 /
	(SELECT count(*) FROM rated WHERE kind = 'sharp') BETWEEN 0.09 AND 0.11, 'planted: a tenth is held out');

---- stopping early ----------------------------------------------------------

SELECT pg_temp.create_case('stop', 'stars', '{"factors": 8, "iterations": 40, "tolerance": 0.001, "seed": 1}');
SELECT results_eq($$SELECT c.iteration FROM pg_temp.course('stop', 'loss') c LEFT JOIN pg_temp.course('stop', 'loss') b
	ON b.iteration = c.iteration - 1 WHERE c.iteration > 1 AND NOT c.value < b.value * (1 - 0.001)$$,
	$$SELECT (training->>'iterations')::int FROM trained WHERE name = 'stop'$$,
	'training stops when the loss falls by less than the tolerance');
SELECT cmp_ok((SELECT (training->>'iterations')::int FROM trained WHERE name = 'stop'), '<', 40, 'and before all iterations');

-- so weak a regularization that held-out ratings are soon predicted worse
SELECT pg_temp.create_case('worse', 'stars', '{"factors": 16, "iterations": 12, "tolerance": 0, "holdout": 0.2, "regularization": 0.05, "regularization_exponent": 1}');
SELECT is((SELECT training->>'best_iteration' FROM trained WHERE name = 'worse'),
	(SELECT iteration::text FROM pg_temp.course('worse', 'holdout_rmse_by_iteration') ORDER BY value LIMIT 1),
	'the model is that of the iteration that predicts held-out ratings best');
SELECT ok((training->>'best_iteration')::int BETWEEN 1 AND 11 AND (training->>'iterations')::int = 12
	AND training->>'holdout_rmse' = training->'holdout_rmse_by_iteration'->>((training->>'best_iteration')::int - 1)
	AND training->>'rmse' = training->'rmse_by_iteration'->>((training->>'best_iteration')::int - 1)
	AND training->>'mae' = training->'mae_by_iteration'->>((training->>'best_iteration')::int - 1),
	'and so are its figures') FROM trained WHERE name = 'worse';
SELECT pg_temp.create_case('best', 'stars', jsonb_build_object('factors', 16, 'iterations', (training->>'best_iteration')::int,
	'tolerance', 0, 'holdout', 0.2, 'regularization', 0.05, 'regularization_exponent', 1)) FROM trained WHERE name = 'worse';
SELECT results_eq('SELECT item_id, popularity, factors FROM als_worse.items ORDER BY 1',
	'SELECT item_id, popularity, factors FROM als_best.items ORDER BY 1', 'and its items');

---- what it must not depend on ----------------------------------------------

-- enough work for workers to be worth it
CREATE FUNCTION pg_temp.made(name text, source text, workers text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	answer text;
BEGIN
	PERFORM set_config('max_parallel_maintenance_workers', workers, true);
	PERFORM affinity.create_model(name, source, 'als', '{"factors": 48, "iterations": 30, "tolerance": 0, "holdout": 0.05}');
	EXECUTE format('SELECT md5(string_agg(i::text, chr(10) ORDER BY item_no)) FROM %I.items i', name) INTO answer;
	RETURN answer || (SELECT md5(training::text) FROM affinity.models m WHERE m.name = made.name);
END $$;
SELECT is(pg_temp.made('als_w' || w, $$SELECT u, i, rating FROM ratings WHERE kind = 'sharp'$$, w::text),
	pg_temp.made('als_v' || w, $$SELECT u, i, rating FROM (SELECT * FROM ratings WHERE kind = 'sharp' ORDER BY rating, i) r$$, '0'),
	w || ' workers, rows in another order: the same to the last bit') FROM generate_series(0, 2) w;
SELECT isnt(pg_temp.made('als_w3', $$SELECT u, i, rating FROM ratings WHERE kind = 'sharp' AND u > -100$$, '0'),
	(SELECT md5(string_agg(i::text, chr(10) ORDER BY item_no)) || md5(training::text)
	FROM als_w0.items i, affinity.models m WHERE m.name = 'als_w0' GROUP BY training), 'but on the rows');

---- a history that is longer than what is solved at a time --------------------

CREATE TABLE much AS SELECT u, i, (3 + sin(u * 1.3) * cos(i * 0.7) + (i % 5) * 0.2 + random())::real AS rating
FROM generate_series(1, 12) u, generate_series(1, 9500) i WHERE u = 1 OR (i + u) % 30 = 0;
CREATE INDEX ON much (u);
ANALYZE much;
SELECT affinity.create_model('als_much', 'SELECT u, i, rating FROM much', 'als', '{"factors": 6, "iterations": 4}');
SELECT ok((SELECT count(*) > 9500 AND abs(sqrt(avg((s.score - m.rating) ^ 2)) - (min(t.training->>'rmse'))::float8) < 1e-5
	FROM trained t, (SELECT u, array_agg(i) AS items FROM much GROUP BY u) h
	CROSS JOIN LATERAL als_much.score(h.u, h.items) s JOIN much m ON (m.u, m.i) = (h.u, s.item_id)
	WHERE t.name = 'much'), 'a history of 9500 ratings is folded in as it was trained');
SELECT ok((SELECT count(*) = 9500 AND abs(sum(e.contribution::float8) - min(s.score - m.popularity)) < 1e-4
	FROM als_much.explain(1, 77, 10000) e, als_much.score(1, ARRAY[77]) s, als_much.items m WHERE m.item_id = 77),
	'and explained');

---- live histories ----------------------------------------------------------

-- user 1 has rated three items well, 2 and 3 one item: 2 twice, 3 as the mean of that
INSERT INTO ratings
SELECT 'stars', 1, i, least((training->>'mean')::float8 + (training->>'standard_deviation')::float8, (SELECT max(rating) FROM rated WHERE kind = 'stars'))
FROM trained, unnest(ARRAY[10, 22, 40]) i WHERE name = 'plain';
INSERT INTO ratings VALUES ('stars', 2, 10, -3), ('stars', 2, 10, 5), ('stars', 3, 10, 1), ('stars', 4, 10, 0),
	('stars', 5000, 10, 'NaN'), ('stars', 5000, 13, 'Infinity'), ('stars', 5001, 2, 4);
SELECT is_empty($$
	SELECT * FROM als_plain.recommend_for(ARRAY[10, 22, 40, 22], 200) f FULL JOIN als_plain.recommend(1::bigint, 200) r USING (item_id)
	WHERE (abs(f.score - r.score) < 1e-5 AND f.personalized) IS NOT TRUE$$, 'recommend_for: as if rated well');
SELECT results_eq('SELECT * FROM als_plain.recommend(2::bigint, 20)', 'SELECT * FROM als_plain.recommend(3::bigint, 20)',
	'of several ratings of an item the mean counts');
SELECT ok((SELECT bool_and(personalized) FROM als_plain.recommend(4::bigint, 20)), 'a rating of 0 is a rating');
SELECT results_eq($$SELECT user_id, item_id, score FROM als_plain.recommend_all(5) WHERE user_id < 10 AND user_id > 0 ORDER BY 1, rank$$,
	$$SELECT u::bigint, r.item_id, r.score FROM generate_series(1, 5) u, als_plain.recommend(u::bigint, 5) r
	WHERE u IN (SELECT x.u FROM ratings x WHERE kind = 'stars') ORDER BY 1, r.rank$$, 'recommend_all has the same histories');
-- nobody, a user with ratings that are none, a user with an item that is not in the model
SELECT is_empty(format($$SELECT s.*, m.popularity FROM als_plain.score(%s, ARRAY[10, 22, 40]) s JOIN als_plain.items m USING (item_id)
	WHERE (NOT s.personalized AND s.score = m.popularity) IS NOT TRUE$$, u), format('user %s is predicted mean and bias', u))
FROM (VALUES ('77'), ('5000::bigint'), ('5001'), ('NULL')) v(u);
SELECT results_eq(format('SELECT item_id, score FROM als_plain.recommend(%s, 5)', u),
	'SELECT item_id, popularity FROM als_plain.items ORDER BY popularity DESC, item_no LIMIT 5', format('and user %s is recommended what is rated best', u))
FROM (VALUES ('77'), ('5000::bigint'), ('5001'), ('NULL')) v(u);
SELECT is_empty($$SELECT m.item_id FROM als_plain.items m JOIN trained t ON t.name = 'plain'
	WHERE (abs(m.popularity - m.factors[1] - (t.training->>'mean')::float8) < 1e-5) IS NOT TRUE$$,
	'an item has its bias first, and its popularity is what it is rated on average');

SELECT * FROM finish();
ROLLBACK;
