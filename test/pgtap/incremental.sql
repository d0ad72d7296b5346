-- refresh_model(..., incremental => true): what it writes against a training on
-- the same rows, what is served of new items, what it cannot do.
BEGIN;
SET client_min_messages = error;
SET check_function_bodies = off;
SET jit = off;
SELECT plan(130);
SELECT setseed(0.42);

-- Users come in order of time, so that batches are of new users; items that are
-- new have ids before, between and behind those that are known.
CREATE TABLE happened AS
SELECT u, i, timestamptz '2016-01-01' + u * interval '1 hour' AS at
FROM (SELECT DISTINCT u, (random() * random() * 90)::int * 2 - 40 AS i
	FROM generate_series(1, 400) u, generate_series(1, 12)) x
WHERE u <= 320 OR i > -40;
INSERT INTO happened
SELECT u, i, timestamptz '2016-01-01' + u * interval '1 hour'
FROM generate_series(321, 400) u, unnest(ARRAY[-101, -41, 7, 33, 500]) i
WHERE (u + i) % 3 = 0;
CREATE TABLE log (u int, i int, w real, at timestamptz);
CREATE INDEX ON log (u);
CREATE INDEX ON log (at);

CREATE FUNCTION pg_temp.until(last int) RETURNS void LANGUAGE sql AS $$
	INSERT INTO log SELECT h.u, h.i, 1, h.at FROM happened h
	WHERE h.u <= last AND h.u > (SELECT coalesce(max(l.u), 0) FROM log l)
$$;

-- Pairs of lists that the last refresh of "m" wrote and a training "f" has
-- otherwise, by more than rounding.
CREATE FUNCTION pg_temp.wrong(OUT item_id int, OUT neighbor_id int, OUT is real, OUT expected real)
RETURNS SETOF record LANGUAGE sql AS $$
	WITH written AS (
		SELECT i.item_id FROM (SELECT * FROM m.refreshes ORDER BY version DESC LIMIT 1) r,
			unnest(r.items[1:r.written]) n JOIN m.items i ON i.item_no = n
	)
	SELECT item_id, neighbor_id, a.score, b.score
	FROM (SELECT n.* FROM m.neighbors n JOIN written USING (item_id)) a
	FULL JOIN (SELECT n.* FROM f.neighbors n JOIN written USING (item_id)) b USING (item_id, neighbor_id)
	WHERE a.score IS NULL OR b.score IS NULL OR abs(a.score - b.score) > 1e-5 * b.score
$$;
CREATE FUNCTION pg_temp.n_written() RETURNS int LANGUAGE sql AS $$
	SELECT written FROM m.refreshes ORDER BY version DESC LIMIT 1
$$;

-- ---- lists ------------------------------------------------------------------

-- Two refreshes, so that the second one has lists of different times.
CREATE FUNCTION pg_temp.lists(name text, options jsonb, query text DEFAULT 'SELECT u, i, w, at FROM log')
RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
	TRUNCATE log;
	PERFORM pg_temp.until(320);
	PERFORM affinity.create_model('m', query, 'item_knn', options);
	PERFORM pg_temp.until(360);
	PERFORM affinity.refresh_model('m', incremental => true);
	PERFORM affinity.create_model('f', query, 'item_knn', options || CASE WHEN options->>'similarity' = 'degree_normalized'
		THEN (SELECT jsonb_build_object('item_exponent', training->'item_exponent', 'neighbor_exponent',
			training->'neighbor_exponent') FROM m.model) ELSE '{}' END);
	RETURN NEXT is_empty('SELECT * FROM pg_temp.wrong()', name || ': lists are those of a training');
	PERFORM pg_temp.until(400);
	PERFORM affinity.refresh_model('m', incremental => true);
	PERFORM affinity.refresh_model('f');
	RETURN NEXT is_empty('SELECT * FROM pg_temp.wrong()', name || ': and after the next refresh');
	RETURN NEXT cmp_ok(pg_temp.n_written(), '>', 20, name || ': many were written');
	RETURN NEXT results_eq('SELECT item_id, popularity FROM m.items WHERE item_id IN (-101, -41, 7, 33, 500) ORDER BY 1',
		'SELECT item_id, popularity FROM f.items WHERE item_id IN (-101, -41, 7, 33, 500) ORDER BY 1',
		name || ': new items have their users');
	RETURN NEXT results_eq('SELECT users, items, interactions, source_rows FROM m.model',
		'SELECT users, items, interactions, source_rows FROM f.model', name || ': and the model its figures');
	PERFORM affinity.drop_model('m');
	PERFORM affinity.drop_model('f');
END
$$;
SELECT pg_temp.lists(s, jsonb_build_object('similarity', s, 'neighbors', 500))
FROM unnest(ARRAY['degree_normalized', 'cosine', 'jaccard', 'dice', 'overlap', 'conditional']) s;
SELECT pg_temp.lists('other exponents', '{"similarity": "degree_normalized", "neighbors": 500, "user_exponent": 0.4,
	"item_exponent": 0.9, "neighbor_exponent": 0.2}');

-- from all interactions: where there are no times, and for what cannot be told
-- from a score
SELECT pg_temp.lists('without times', '{"neighbors": 500, "similarity": "degree_normalized"}', 'SELECT u, i FROM log');
SELECT pg_temp.lists('log_likelihood', '{"neighbors": 500, "similarity": "log_likelihood"}');
SELECT pg_temp.lists('bm25', '{"neighbors": 500, "similarity": "degree_normalized", "weighting": "bm25"}');
SELECT pg_temp.lists('shrinkage', '{"neighbors": 500, "similarity": "cosine", "shrinkage": 5}');

-- ---- new items and users are served ------------------------------------------

TRUNCATE log;
SELECT pg_temp.until(320);
SELECT affinity.create_model('m', 'SELECT u, i, w, at FROM log', 'item_knn');
SELECT is(refreshed_at, NULL, 'no refresh since the training') FROM affinity.models WHERE name = 'm';
-- users who were there have a new item, too
INSERT INTO log SELECT u, -101, 1, '2016-02-01' FROM generate_series(1, 30) u;
SELECT pg_temp.until(400);
SELECT affinity.refresh_model('m', incremental => true);
SELECT affinity.create_model('f', 'SELECT u, i, w, at FROM log', 'item_knn',
	(SELECT jsonb_build_object('item_exponent', training->'item_exponent', 'neighbor_exponent',
		training->'neighbor_exponent') FROM m.model));
SELECT is_empty('SELECT * FROM pg_temp.wrong() WHERE item_id IN (-101, -41, 7, 33, 500)',
	'lists of new items are those of a training, if others have more, too');
CREATE VIEW is_new AS
SELECT DISTINCT i FROM log WHERE i NOT IN (SELECT i FROM log WHERE u <= 320 AND at < '2016-02-01');
SELECT results_eq('SELECT item_id FROM m.items WHERE item_no >= (SELECT count(*) FROM m.items) - (SELECT count(*) FROM is_new)
	ORDER BY item_no', 'SELECT i FROM is_new ORDER BY i', 'new items have the last numbers');
SELECT ok(EXISTS (SELECT FROM generate_series(31, 400) u, m.recommend(u, 20) r WHERE r.item_id = -101 AND personalized),
	'a new item is recommended');
SELECT results_eq('SELECT * FROM m.recommend_all(7) ORDER BY user_id, rank',
	'SELECT u, r.* FROM (SELECT DISTINCT u FROM log) u, m.recommend(u, 7) r ORDER BY u, rank',
	'recommend_all has what recommend has');
SELECT set_eq('SELECT user_id FROM m.recommend_all(1)', 'SELECT u FROM log', 'new users are served');
SELECT is(count(*) FILTER (WHERE abs(s.score - r.score) <= 1e-6 * r.score), count(*), 'score, too')
FROM (SELECT DISTINCT u FROM log WHERE u % 7 = 0) u, m.recommend(u, 5) r, m.score(u, ARRAY[r.item_id]) s WHERE r.personalized;
SELECT isnt_empty('SELECT FROM m.similar_items(-101)', 'items are similar to a new one');
SELECT isnt_empty('SELECT FROM m.audience(-101)', 'a new item has an audience');
SELECT is(round(a.score::numeric, 5), round(s.score::numeric, 5), 'whose score it is')
FROM m.audience(-101, 1) a, m.score(a.user_id, ARRAY[-101]) s;
SELECT isnt_empty('SELECT FROM m.audience(500, 5)', 'so has another one');
SELECT isnt_empty('SELECT FROM (SELECT r.item_id FROM m.recommend(5, 1) r) r, m.explain(5, r.item_id)', 'explain works');
SELECT isnt_empty('SELECT FROM m.recommend_for(ARRAY[-101, 500, 7], 5) WHERE personalized', 'a basket of new items');
SELECT results_eq('SELECT item_id FROM m.recommend(400, 3, candidates => ARRAY[-101, -41, 500, 33]) ORDER BY 1',
	'SELECT item_id FROM unnest(ARRAY[-101, -41, 500, 33]) item_id EXCEPT SELECT i FROM log WHERE u = 400 ORDER BY 1 LIMIT 3',
	'candidates') WHERE (SELECT count(*) FROM log WHERE u = 400 AND i IN (-101, -41, 500, 33)) = 1
UNION ALL SELECT pass('candidates') WHERE (SELECT count(*) FROM log WHERE u = 400 AND i IN (-101, -41, 500, 33)) <> 1;
SELECT isnt_empty('SELECT FROM m.similar_users(400)', 'similar_users');
SELECT lives_ok('SELECT * FROM affinity.evaluate(''m'', test => ''SELECT u, i FROM happened WHERE u > 390'', exclude_seen => false)',
	'evaluate');

-- ---- popular, ials ---------------------------------------------------------------

SELECT affinity.create_model('p', 'SELECT u, i, w, at FROM log WHERE u <= 320 OR u > 1000', 'popular');
SELECT affinity.create_model('v', 'SELECT u, i, w, at FROM log WHERE i > -100 AND u < 1000 OR u > 1000', 'ials',
	'{"factors": 12, "iterations": 100, "tolerance": 0}');
SELECT item_id AS twin FROM v.items WHERE popularity BETWEEN 40 AND 80 ORDER BY popularity LIMIT 1 \gset
SELECT factors AS before FROM v.items WHERE item_id = :twin \gset
-- a user who has two new items
INSERT INTO log VALUES (2001, 901, 1, '2017-01-01'), (2001, 902, 1, '2017-01-01'), (2001, 8, 1, '2017-01-01');
SELECT affinity.refresh_model('p', incremental => true);
SELECT results_eq('SELECT item_id, popularity FROM p.items WHERE item_id IN (901, 902) ORDER BY 1',
	'SELECT i, count(*)::real FROM log WHERE i IN (901, 902) AND (u <= 320 OR u > 1000) GROUP BY i ORDER BY 1',
	'popular: users of new items');
SELECT is_empty('SELECT FROM p.recommend(2001, 1) WHERE item_id IN (901, 8)', 'popular: what is seen is not recommended');
-- who has the twin gets another item, so that these users are those of both
INSERT INTO log SELECT u, 950, 1, '2017-02-01' FROM log WHERE i = :twin AND u < 1000;
SELECT affinity.refresh_model('v', incremental => true);
SELECT is(count(*), 3::bigint, 'ials: new items have factors')
FROM v.items WHERE item_id IN (901, 902, 950) AND cardinality(factors) = 12;
SELECT cmp_ok(affinity.cosine(a.factors, b.factors)::float8, '>', 0.99::float8, 'ials: who has the same users is alike')
FROM v.items a, v.items b WHERE a.item_id = 950 AND b.item_id = :twin;
SELECT is(factors, :'before'::real[], 'ials: other items stay') FROM v.items WHERE item_id = :twin;
SELECT is((SELECT item_id FROM v.similar_items(950, 1)), :twin, 'ials: similar items');
SELECT isnt_empty('SELECT FROM (SELECT DISTINCT u FROM log WHERE u < 300) u, v.recommend(u, 5) r WHERE item_id = 950 AND personalized',
	'ials: a new item is recommended');
SELECT results_eq('SELECT * FROM v.recommend_all(4) ORDER BY user_id, rank',
	'SELECT u, r.* FROM (SELECT DISTINCT u FROM log WHERE i > -100 AND u < 1000 OR u > 1000) u, v.recommend(u, 4) r ORDER BY u, rank',
	'ials: recommend_all');
SELECT is(drift, NULL, 'ials: no drift is known') FROM affinity.models WHERE name = 'v';
-- somebody else's users come to a known item
SELECT o.item_id AS other, affinity.cosine(o.factors, t.factors) AS alike FROM v.items o, v.items t
WHERE t.item_id = :twin AND o.popularity BETWEEN 2 AND 20 ORDER BY 2, 1 LIMIT 1 \gset
INSERT INTO log SELECT u, :other, 1, '2017-02-20' FROM log WHERE i = :twin AND u < 1000;
SELECT affinity.refresh_model('v', incremental => true);
SELECT cmp_ok(affinity.cosine(o.factors, t.factors)::float8, '>', 0.8::float8, 'ials: a known item follows its users')
FROM v.items o, v.items t WHERE o.item_id = :other AND t.item_id = :twin;
SELECT cmp_ok(:'alike'::float8, '<', 0.5::float8, 'ials: which were others');
SELECT results_eq('SELECT item_id, popularity FROM v.items WHERE item_id IN (' || :other || ', 950) ORDER BY 1',
	'SELECT i, count(DISTINCT u)::real FROM log WHERE u < 1000 AND i IN (' || :other || ', 950) GROUP BY i ORDER BY 1', 'ials: and has them');
UPDATE v.model SET parameters = parameters || array_fill(1::real, ARRAY[12 * 13 / 2]), version = version + 1;
SELECT isnt_empty('SELECT FROM v.recommend(5)', 'ials: a model of an earlier version serves');
INSERT INTO log VALUES (2002, 903, 1, '2017-03-01');
SELECT affinity.refresh_model('v', incremental => true);
SELECT is(cardinality(factors), 12, 'ials: and is brought up to date') FROM v.items WHERE item_id = 903;
DELETE FROM log WHERE u > 1000 OR at > '2017-01-01';

-- ---- what is shown ------------------------------------------------------------

SELECT results_eq('SELECT rows_since, users_since, items_since FROM affinity.models WHERE name = ''m''',
	'SELECT count(*) FILTER (WHERE u > 320 OR i = -101), count(DISTINCT u) FILTER (WHERE u > 320),
		(SELECT count(*) FROM is_new) FROM log',
	'rows, users and items since the training');
SELECT ok(refreshed_at > trained_at AND drift BETWEEN 0 AND 0.5, 'when, and the drift')
FROM affinity.models WHERE name = 'm';
SELECT affinity.refresh_model('f', incremental => true);
SELECT is(drift, 0::float8, 'the lists of a training drift from nothing') FROM affinity.models WHERE name = 'f';
SELECT affinity.refresh_model('m');
SELECT results_eq('SELECT refreshed_at, rows_since, drift FROM affinity.models WHERE name = ''m''',
	'SELECT NULL::timestamptz, NULL::bigint, NULL::float8', 'a training begins anew');
SELECT is_empty('SELECT * FROM m.refreshes', 'and forgets refreshes');
SELECT results_eq('SELECT item_id FROM m.items ORDER BY item_no', 'SELECT item_id FROM m.items ORDER BY item_id',
	'items are in order again');

-- ---- waiting --------------------------------------------------------------------

CREATE TABLE few AS SELECT u, i, timestamptz '2016-01-01' AS at
FROM generate_series(1, 200) u, generate_series(1, 3) i WHERE i = 1 OR (u + i) % 20 = 0;
SELECT affinity.create_model('w', 'SELECT u, i, 1, at FROM few', 'item_knn', '{"similarity": "cosine"}');
INSERT INTO few SELECT u, i, '2016-01-02' FROM generate_series(201, 204) u, generate_series(1, 2) i;
SELECT affinity.refresh_model('w', incremental => true);
SELECT results_eq('SELECT item_id, popularity FROM w.items ORDER BY 1', 'VALUES (1, 200::real), (2, 14), (3, 10)',
	'an item with few new users waits');
INSERT INTO few SELECT u, 1, '2016-01-03' FROM generate_series(205, 208) u;
INSERT INTO few SELECT 209, i, '2016-01-03' FROM generate_series(1, 2) i;
SELECT affinity.refresh_model('w', incremental => true);
SELECT results_eq('SELECT item_id, popularity FROM w.items ORDER BY 1', 'VALUES (1, 209::real), (2, 15), (3, 10)',
	'until there are more, which all count');
SELECT results_eq('SELECT version IS NOT NULL, written, cardinality(items), known IS NULL FROM w.refreshes ORDER BY version',
	'VALUES (true, 1, 2, true), (true, 2, 2, false)', 'refreshes says what was done');

-- ---- options and errors ---------------------------------------------------------

SELECT throws_ok('SELECT affinity.refresh_model(''w'', incremental => NULL)', '22004');
SELECT throws_ok('SELECT affinity.refresh_model(''w'', if_running => ''never'')', '22023', 'if_running cannot be "never"');
SELECT throws_ok('SELECT affinity.refresh_model(''w'', if_running => NULL)', '22004');
SELECT throws_ok('SELECT affinity.refresh_model(''w'', true, true)', '22023', '"retune" is not for incremental refreshes');
SELECT throws_ok('SELECT affinity.refresh_model(''w'', since => now())', '22023', '"since" is for incremental refreshes');
SELECT throws_ok('SELECT affinity.refresh_model(''w'', incremental => true, since => ''infinity'')', '22023');
SELECT throws_ok('SELECT affinity.refresh_model(''nothing'', incremental => true)', '42704');
SELECT affinity.create_model('a', 'SELECT u, i, 1 FROM few', 'als');
SELECT throws_ok('SELECT affinity.refresh_model(''a'', incremental => true)', '0A000',
	'model "a" cannot be refreshed incrementally');
SELECT throws_ok('SELECT affinity.refresh_model(''a'', incremental => true, since => now())', '0A000');
SELECT affinity.alter_model('a', algorithm => 'item_knn', options => '{"similarity": "pearson"}');
SELECT throws_ok('SELECT affinity.refresh_model(''a'', incremental => true)', '0A000');
SELECT affinity.alter_model('a', options => '{"similarity": "cosine", "weights": "auto"}');
SELECT throws_ok('SELECT affinity.refresh_model(''a'', incremental => true, since => now())', '22023');
SELECT affinity.create_model('u', 'SELECT u, i, 1, at FROM few', 'item_knn', train => false);
SELECT throws_ok('SELECT affinity.refresh_model(''u'', incremental => true)', '55000',
	'model "u" cannot be refreshed incrementally');
SELECT lives_ok('SELECT affinity.refresh_model(''u'', if_running => ''error'')', 'a training, if nobody is at it');
SELECT lives_ok('SELECT affinity.refresh_model(''u'', incremental => true, if_running => ''skip'')', 'nothing new');

-- rows that came late are none for an item that is known
INSERT INTO few VALUES (300, 2, '2015-01-01'), (300, 3, '2015-01-01');
SELECT affinity.refresh_model('u', incremental => true);
SELECT is(popularity, 15::real, 'a late row is not seen') FROM u.items WHERE item_id = 2;
SELECT throws_ok($$SELECT affinity.refresh_model('u', incremental => true, since => '2014-12-31')$$, '22023', NULL,
	'nor by a time before what is known, which would count twice');
INSERT INTO few SELECT 301, i, max_at - interval '5 minutes'
FROM (SELECT max(at) AS max_at FROM few) x, unnest(ARRAY[1, 77]) i;
SELECT affinity.refresh_model('u', incremental => true);
SELECT isnt_empty('SELECT FROM u.items WHERE item_id = 77', 'an item that came a little late is new');

-- days hide what comes later on them
SELECT affinity.create_model('days', 'SELECT u, i, 1, at::date FROM few', 'item_knn');
SELECT throws_like($$SELECT affinity.refresh_model('days', incremental => true)$$, '%cannot be refreshed incrementally', 'dates are no times');

-- what is to come waits, and hides nothing
INSERT INTO few SELECT u, 88, at FROM (VALUES (302, now() + interval '1 year'), (303, now())) x(u, at);
SELECT affinity.refresh_model('u', incremental => true);
SELECT is(popularity, 1::real, 'a row in the future waits') FROM u.items WHERE item_id = 88;
INSERT INTO few VALUES (304, 88, clock_timestamp());
SELECT affinity.refresh_model('u', incremental => true);
SELECT is(popularity, 2::real, 'and hides nothing') FROM u.items WHERE item_id = 88;
SELECT is((SELECT round((training->>'newest')::numeric, 6) FROM u.model), (SELECT extract(epoch FROM max(at)) FROM few WHERE at < now() + interval '1 day'),
	'what was read last is known to the microsecond');

-- ---- whose recommendations changed ------------------------------------------------

SELECT set_eq('SELECT user_id FROM m.recommend_changed(''-infinity'')', 'SELECT u FROM log', 'a training changes all');
TRUNCATE few;
INSERT INTO few SELECT u, i + u / 50 * 10, '2016-01-01' FROM generate_series(1, 99) u, generate_series(1, 4) i WHERE (u + i) % 3 > 0;
SELECT affinity.refresh_model('w');
UPDATE w.model SET trained_at = '2016-01-01';
INSERT INTO few VALUES (1, 5, '2016-01-05'), (200, 5, '2016-01-05');
SELECT affinity.refresh_model('w', incremental => true);
SELECT set_eq('SELECT user_id FROM w.recommend_changed(''2016-02-01'')',
	'SELECT u FROM few WHERE i IN (SELECT i FROM few WHERE u IN (1, 200))',
	'who has an item whose list is another one');
SELECT set_eq('SELECT user_id FROM w.recommend_changed(now() + interval ''1 day'')', 'SELECT 1 WHERE false',
	'nobody since then');
UPDATE w.refreshes SET at = '2016-01-06';
INSERT INTO few VALUES (60, 14, '2016-03-01');
SELECT set_eq('SELECT user_id FROM w.recommend_changed(''2016-02-01'')', 'VALUES (60)', 'who has a new row');
SELECT throws_ok('SELECT * FROM w.recommend_changed(NULL)', '22004');

-- ---- the copy, and what somebody wrote ----------------------------------------------

SELECT affinity.alter_model('w', materialize => true);
INSERT INTO few VALUES (61, 5, '2016-03-02'), (400, 13, '2016-03-02');
SELECT affinity.refresh_model('w', incremental => true);
SELECT set_eq('SELECT user_id, item_id FROM w.kept_interactions', 'SELECT u, i FROM few', 'the copy follows');
UPDATE w.model SET training = training || '{"appended_items": 1e9}';
SELECT throws_ok('SELECT * FROM w.recommend(1)', '55000',
	'model "w" is damaged: its number of appended items is impossible');
SELECT affinity.refresh_model('w');
SELECT affinity.refresh_model('w', incremental => true);
UPDATE w.refreshes SET items = '{99999}', users = '{1}';
SELECT throws_ok('SELECT affinity.refresh_model(''w'', incremental => true)', '55000',
	'model "w" is damaged: a row of its table "refreshes" makes no sense');

-- ---- new rows of many users ----------------------------------------------------------

-- 2,500 of 6,000 users: all is read, so lists are those of a training, and what came late is seen
CREATE TABLE many AS SELECT u, (u * 7 + g * g * 13) % 300 AS i, timestamptz '2016-01-01' + g * interval '1 hour' AS at
FROM generate_series(1, 6000) u, generate_series(1, 6) g;
CREATE INDEX ON many (u);
CREATE INDEX ON many (at);
SELECT affinity.create_model('b', 'SELECT u, i, 1, at FROM many', 'item_knn');
INSERT INTO many SELECT u, CASE WHEN u % 50 = 0 THEN 500 ELSE (u * 11) % 40 END, '2016-01-02' FROM generate_series(1, 2500) u;
INSERT INTO many SELECT u, 3, '2015-01-01' FROM generate_series(5001, 5040) u;
CREATE FUNCTION pg_temp.users_of(item int) RETURNS real LANGUAGE sql AS $$
	SELECT r.known[i.item_no + 1] FROM b.refreshes r, b.items i WHERE i.item_id = item ORDER BY r.version DESC LIMIT 1
$$;
SELECT affinity.refresh_model('b', incremental => true);
SELECT affinity.create_model('c', 'SELECT u, i, 1, at FROM many', 'item_knn',
	(SELECT jsonb_build_object('item_exponent', training->'item_exponent', 'neighbor_exponent', training->'neighbor_exponent') FROM b.model));
SELECT cmp_ok((SELECT written FROM b.refreshes), '>', 30, 'many rows are written');
SELECT is_empty($$WITH written AS (SELECT i.item_id FROM b.refreshes r, unnest(r.items[1:r.written]) n JOIN b.items i ON i.item_no = n)
	SELECT item_id, neighbor_id FROM (SELECT n.* FROM b.neighbors n JOIN written USING (item_id)) x
	FULL JOIN (SELECT n.* FROM c.neighbors n JOIN written USING (item_id)) y USING (item_id, neighbor_id)
	WHERE x.score IS NULL OR y.score IS NULL OR abs(x.score - y.score) > 1e-5 * y.score$$, 'as a training has them');
SELECT is(pg_temp.users_of(3), (SELECT count(DISTINCT u)::real FROM many WHERE i = 3), 'what came late counts');
SELECT is(pg_temp.users_of(500), 50::real, 'a new item is there');
SELECT is(ARRAY[m.users, m.interactions, m.source_rows], (SELECT ARRAY[count(DISTINCT u), count(DISTINCT (u, i)), count(*)] FROM many), 'the figures are those of all') FROM b.model m;
-- rows of the future wait, so only what is new by its time is read
INSERT INTO many SELECT u, 7, '2016-01-03' FROM generate_series(2500, 5000) u;
INSERT INTO many SELECT u, 3, '2015-01-01' FROM generate_series(5101, 5140) u;
INSERT INTO many VALUES (1, 9, now() + interval '1 year');
SELECT affinity.refresh_model('b', incremental => true);
SELECT is(pg_temp.users_of(3), (SELECT count(DISTINCT u)::real FROM many WHERE i = 3 AND (u <= 5100 OR at > '2016-01-01')), 'what comes late then does not');
SELECT is(pg_temp.users_of(7), (SELECT count(DISTINCT u)::real FROM many WHERE i = 7), 'and what is new does');

SELECT * FROM finish();
ROLLBACK;
