-- refresh_model(..., incremental => true) of ease: columns that were solved again
-- are those of a training on the same rows; the others stay, and wait.
BEGIN;
SET client_min_messages = error;
SET check_function_bodies = off;
SET jit = off;
SELECT plan(55);
SELECT setseed(0.42);

CREATE TABLE happened AS
SELECT u, i, (1 + u % 3)::real AS w, timestamptz '2016-01-01' + u * interval '1 hour' AS at
FROM (SELECT DISTINCT u, (random() * random() * 90)::int * 2 - 40 AS i
	FROM generate_series(1, 400) u, generate_series(1, 12)) x
WHERE u <= 320 OR i > -40;
INSERT INTO happened
SELECT u, i, 1, timestamptz '2016-01-01' + u * interval '1 hour'
FROM generate_series(321, 400) u, unnest(ARRAY[-101, -41, 7, 33, 500]) i
WHERE (u + i) % 3 = 0;
CREATE TABLE log (u int, i int, w real, at timestamptz);

CREATE FUNCTION pg_temp.until(last int) RETURNS void LANGUAGE sql AS $$
	INSERT INTO log SELECT h.* FROM happened h
	WHERE h.u <= last AND h.u > (SELECT coalesce(max(l.u), 0) FROM log l)
$$;

-- A training on the rows of "m" with what its training settled on.
CREATE FUNCTION pg_temp.train(query text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	PERFORM affinity.create_model('f', query, 'ease', options || jsonb_build_object('regularization', training->'regularization'))
	FROM m.model;
END
$$;

-- Weights for the items of a set that "m" has otherwise than "f", by more than
-- what ends conjugate gradients.
CREATE FUNCTION pg_temp.wrong(items int[], OUT item_id int, OUT neighbor_id int, OUT is real, OUT expected real)
RETURNS SETOF record LANGUAGE sql AS $$
	SELECT item_id, neighbor_id, a.score, b.score
	FROM (SELECT * FROM m.neighbors WHERE neighbor_id = ANY (items)) a
	FULL JOIN (SELECT * FROM f.neighbors WHERE neighbor_id = ANY (items)) b USING (item_id, neighbor_id)
	WHERE abs(coalesce(a.score, 0) - coalesce(b.score, 0)) > 3e-5
$$;
-- Items with enough other users than when their columns were solved.
CREATE FUNCTION pg_temp.due() RETURNS int[] LANGUAGE sql AS $$
	SELECT array_agg(i) FROM (SELECT i, count(DISTINCT u) AS n FROM log GROUP BY i) now
	LEFT JOIN m.items ON item_id = i WHERE popularity IS NULL OR abs(n - popularity) >= 0.035 * popularity AND n <> popularity
$$;

CREATE FUNCTION pg_temp.columns(name text, options jsonb, query text DEFAULT 'SELECT u, i, w, at FROM log')
RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
	due int[];
BEGIN
	TRUNCATE log;
	PERFORM pg_temp.until(320);
	PERFORM affinity.create_model('m', query, 'ease', options);
	FOR upto IN 360..400 BY 40 LOOP
		PERFORM pg_temp.until(upto);
		due := pg_temp.due();
		PERFORM affinity.refresh_model('m', incremental => true);
		PERFORM pg_temp.train(query);
		RETURN NEXT is_empty(format('SELECT * FROM pg_temp.wrong(%L)', due), name || ': columns are those of a training, ' || upto);
		RETURN NEXT cmp_ok(cardinality(due), '>', 20, name || ': many were due');
		RETURN NEXT is_empty(format('SELECT item_id, popularity FROM m.items WHERE item_id = ANY (%L) EXCEPT SELECT item_id, popularity FROM f.items', due),
			name || ': they have their users');
		PERFORM affinity.drop_model('f');
	END LOOP;
	RETURN NEXT results_eq('SELECT users, items, interactions, source_rows FROM m.model',
		'SELECT count(DISTINCT u), count(DISTINCT i), count(*), count(*) FROM log', name || ': and the model its figures');
	PERFORM affinity.drop_model('m');
END
$$;
SELECT pg_temp.columns('defaults', '{}');
SELECT pg_temp.columns('weights', '{"weights": "log", "output_exponent": 0.3, "dropout": 0.2, "user_exponent": 0.8}');
SELECT pg_temp.columns('without times', '{"method": "sparse", "regularization_exponent": 0}', 'SELECT u, i, w FROM log');

-- ---- new items are served, others stay ------------------------------------------

-- without times nobody knows which rows are new
TRUNCATE log;
SELECT pg_temp.until(320);
SELECT affinity.create_model('m', 'SELECT u, i, w FROM log', 'ease', '{"candidates": 40}');
CREATE TEMPORARY TABLE stored AS SELECT * FROM m.neighbors;
SELECT pg_temp.until(400);
CREATE TEMPORARY TABLE was_due AS SELECT unnest(pg_temp.due()) AS i;
SELECT affinity.refresh_model('m', incremental => true);
SELECT is_empty('SELECT item_id, neighbor_id, score FROM m.neighbors WHERE neighbor_id NOT IN (SELECT i FROM was_due)
	EXCEPT SELECT item_id, neighbor_id, score FROM stored', 'columns that are not due stay');
SELECT cmp_ok(count(*), '>', 5::bigint, 'which are some') FROM m.items WHERE item_id NOT IN (SELECT i FROM was_due);
SELECT affinity.drop_model('m');

TRUNCATE log;
SELECT pg_temp.until(320);
SELECT affinity.create_model('m', 'SELECT u, i, w, at FROM log', 'ease', '{"candidates": 40}');
SELECT pg_temp.until(400);
SELECT affinity.refresh_model('m', incremental => true);
SELECT ok(EXISTS (SELECT FROM generate_series(31, 400) u, m.recommend(u, 50) r WHERE r.item_id = -101 AND personalized),
	'a new item is recommended');
SELECT results_eq('SELECT * FROM m.recommend_all(7) ORDER BY user_id, rank',
	'SELECT u, r.* FROM (SELECT DISTINCT u FROM log) u, m.recommend(u, 7) r ORDER BY u, rank', 'recommend_all has what recommend has');
SELECT is_empty('SELECT FROM m.items WHERE (SELECT count(*) FROM unnest(neighbors)) <> (SELECT count(DISTINCT n) FROM unnest(neighbors) n)',
	'nothing is in a list twice');
SELECT is_empty('SELECT item_id, score, lag(score) OVER (PARTITION BY item_id ORDER BY rank) AS before FROM m.neighbors
	EXCEPT ALL SELECT * FROM (SELECT item_id, score, lag(score) OVER (PARTITION BY item_id ORDER BY rank) AS before FROM m.neighbors) x
	WHERE before IS NULL OR before >= score', 'lists are in order');
SELECT ok(drift BETWEEN 0 AND 0.5 AND refreshed_at > trained_at AND items_since = 6, 'drift and figures')
FROM affinity.models WHERE name = 'm';
SELECT set_has('SELECT user_id FROM m.recommend_changed((SELECT trained_at FROM m.model) - interval ''1 hour'')', 'SELECT u FROM log WHERE u > 320',
	'recommend_changed');
SELECT affinity.drop_model('m');

-- ---- full lists -----------------------------------------------------------------

-- what is farthest from 0 of what was stored for other columns, and of those that were solved
TRUNCATE log;
SELECT pg_temp.until(320);
SELECT affinity.create_model('m', 'SELECT u, i, w FROM log', 'ease', '{"neighbors": 7}');
CREATE TEMPORARY TABLE full_before AS SELECT * FROM m.neighbors;
SELECT pg_temp.until(400);
CREATE TEMPORARY TABLE full_due AS SELECT unnest(pg_temp.due()) AS i;
SELECT affinity.refresh_model('m', incremental => true);
SELECT affinity.create_model('f', 'SELECT u, i, w FROM log', 'ease',
	options || jsonb_build_object('regularization', training->'regularization', 'neighbors', 1000))
FROM m.model;
CREATE TEMPORARY TABLE full_expected AS
SELECT *, row_number() OVER (PARTITION BY item_id ORDER BY abs(score) DESC) AS place
FROM (SELECT item_id, neighbor_id, score FROM full_before WHERE neighbor_id NOT IN (SELECT i FROM full_due)
	UNION ALL SELECT item_id, neighbor_id, score FROM f.neighbors WHERE neighbor_id IN (SELECT i FROM full_due)) x;
CREATE TEMPORARY TABLE full_written AS SELECT i.item_id FROM m.refreshes r, unnest(r.items[1:r.written]) n JOIN m.items i ON i.item_no = n;
SELECT is_empty('SELECT * FROM full_expected WHERE place <= 7 AND item_id IN (SELECT * FROM full_written)
	AND abs(score) > coalesce((SELECT abs(score) FROM full_expected o WHERE o.item_id = full_expected.item_id AND o.place = 8), 0) + 1e-4
	AND NOT EXISTS (SELECT FROM m.neighbors n WHERE n.item_id = full_expected.item_id AND n.neighbor_id = full_expected.neighbor_id
		AND abs(n.score - full_expected.score) < 3e-5)', 'a full list keeps what is farthest from 0');
SELECT ok(bool_or(score < 0) AND bool_or(score > 0), 'of either sign') FROM full_expected WHERE place <= 7;
SELECT is_empty('SELECT FROM m.items WHERE cardinality(neighbors) > 7', 'and no more than it may');
SELECT is_empty('SELECT item_id, score, lag(score) OVER (PARTITION BY item_id ORDER BY rank) AS before FROM m.neighbors
	EXCEPT ALL SELECT * FROM (SELECT item_id, score, lag(score) OVER (PARTITION BY item_id ORDER BY rank) AS before FROM m.neighbors) x
	WHERE before IS NULL OR before >= score', 'in order');
SELECT affinity.drop_model(m) FROM unnest('{m,f}'::text[]) m;

-- ---- what new rows say of columns that stay ------------------------------------

-- far: how far weights for items that are not due are from a training's, by a part of their size
CREATE FUNCTION pg_temp.far(items int[]) RETURNS float8 LANGUAGE sql AS $$
	SELECT sum(abs(coalesce(a.score, 0) - coalesce(b.score, 0))) / sum(abs(b.score))
	FROM (SELECT * FROM m.neighbors WHERE neighbor_id = ANY (items)) a
	FULL JOIN (SELECT * FROM f.neighbors WHERE neighbor_id = ANY (items)) b USING (item_id, neighbor_id)
$$;
CREATE FUNCTION pg_temp.revised(name text, options jsonb, news text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
	stay int[];
	before float8;
	newest timestamptz;
BEGIN
	TRUNCATE log;
	PERFORM pg_temp.until(380);
	PERFORM affinity.create_model('m', 'SELECT u, i, w, at FROM log', 'ease', options);
	SELECT max(at) INTO newest FROM log;
	EXECUTE news;
	SELECT array_agg(i) INTO stay FROM (SELECT DISTINCT i FROM log WHERE i <> ALL (coalesce(pg_temp.due(), '{}'))) x;
	PERFORM pg_temp.train('SELECT u, i, w, at FROM log');
	before := pg_temp.far(stay);
	PERFORM affinity.refresh_model('m', incremental => true);
	RETURN NEXT cmp_ok(before, '>', 0.003::float8, name || ': weights for what is not due are others');
	RETURN NEXT cmp_ok(pg_temp.far(stay), '<', 0.75 * before, name || ': and come nearer to a training''s');
	PERFORM affinity.drop_model(m) FROM unnest('{m,f}'::text[]) m;
END
$$;
SELECT pg_temp.revised('new users', '{"neighbors": 1000}', 'SELECT pg_temp.until(386)');
SELECT pg_temp.revised('users who had some', '{"neighbors": 1000}',
	'INSERT INTO log SELECT u, (u * 7) % 50, 1, newest.at + interval ''1 hour'' FROM generate_series(10, 60, 10) u, (SELECT max(at) AS at FROM log) newest');
SELECT pg_temp.revised('weights', '{"neighbors": 1000, "weights": "log", "user_exponent": 0.8}', 'SELECT pg_temp.until(386)');

-- who buys again what is there already says nothing new of it, however often; who returns much of it moves nothing far
CREATE FUNCTION pg_temp.moved(name text, options jsonb, times int, news text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
	stay int[];
	most float8;
BEGIN
	TRUNCATE log;
	PERFORM pg_temp.until(380);
	EXECUTE replace(news, 'TIME', 'timestamptz ''2015-06-01''');
	PERFORM affinity.create_model('m', 'SELECT u, i, w, at FROM log', 'ease', options);
	CREATE TEMPORARY TABLE stood AS SELECT item_id, neighbor_id, score FROM m.neighbors;
	SELECT max(abs(score)) INTO most FROM stood;
	FOR n IN 1 .. times LOOP
		EXECUTE replace(news, 'TIME', '(SELECT max(at) + interval ''1 hour'' FROM log)');
		-- so that some column is due
		INSERT INTO log SELECT 1000 + n, x, 1, max(at) FROM log, unnest(ARRAY[9, 11]) x GROUP BY x;
		PERFORM affinity.refresh_model('m', incremental => true);
	END LOOP;
	RETURN NEXT cmp_ok((SELECT max(abs(coalesce(a.score, 0) - coalesce(b.score, 0)))::float8 FROM m.neighbors a FULL JOIN stood b USING (item_id, neighbor_id)
		WHERE item_id NOT IN (9, 11) AND neighbor_id NOT IN (9, 11)),
		'<=', (0.5 * most)::float8, name || ': nothing moves far');
	RETURN NEXT cmp_ok((SELECT max(abs(score))::float8 FROM m.neighbors WHERE item_id NOT IN (9, 11) AND neighbor_id NOT IN (9, 11)), '<=', (1.2 * most)::float8, name || ': nor grows');
	DROP TABLE stood;
	PERFORM affinity.drop_model('m');
END
$$;
SELECT pg_temp.moved('bought again', '{"neighbors": 1000}', 30,
	'INSERT INTO log SELECT u, (u * 7) % 50, 1, TIME FROM generate_series(10, 60, 10) u UNION ALL SELECT 10, i, 1, TIME FROM generate_series(1, 40) i');
SELECT pg_temp.moved('returned', '{"neighbors": 1000, "weights": "linear"}', 1,
	'INSERT INTO log SELECT 10, 7, CASE WHEN EXISTS (SELECT FROM log WHERE w = 1000) THEN -999 ELSE 1000 END, TIME');

-- ---- what is too much waits -------------------------------------------------------

CREATE TABLE large AS SELECT u, i, timestamptz '2016-01-01' AS at
FROM (SELECT DISTINCT u, (random() * random() * 1300)::int AS i FROM generate_series(1, 900) u, generate_series(1, 8)) x;
SELECT affinity.create_model('m', 'SELECT u, i, 1, at FROM large', 'ease', '{"neighbors": 1000, "candidates": 1000}');
INSERT INTO large SELECT u, i, '2016-01-02'
FROM (SELECT DISTINCT u, (random() * random() * 1300)::int AS i FROM generate_series(901, 1900) u, generate_series(1, 8)) x;
TRUNCATE log;
INSERT INTO log SELECT u, i, 1, at FROM large;
CREATE TEMPORARY TABLE were_due AS SELECT unnest(pg_temp.due()) AS i;
SELECT affinity.refresh_model('m', incremental => true);
SELECT pg_temp.train('SELECT u, i, 1, at FROM large');
SELECT cmp_ok(cardinality(pg_temp.due()), '>', 100, 'of many columns some wait');
SELECT is_empty('SELECT FROM m.items WHERE item_no >= (SELECT items - (training->>''items_since'')::int FROM m.model) AND popularity = 0',
	'but none of a new item');
SELECT affinity.refresh_model('m', incremental => true) FROM generate_series(1, 3);
SELECT is(pg_temp.due(), NULL, 'and come with the next refreshes');
SELECT is_empty($$SELECT * FROM pg_temp.wrong((SELECT array_agg(i) FROM were_due))$$, 'then all of them are those of a training');
SELECT affinity.refresh_model('m', incremental => true);
SELECT is((SELECT written FROM m.refreshes ORDER BY version DESC LIMIT 1), 0, 'and nothing is left to do');
SELECT affinity.drop_model('f');

-- ---- what cannot be ------------------------------------------------------------------

SELECT throws_ok(format('SELECT affinity.alter_model(''m'', options => %L); SELECT affinity.refresh_model(''m'', incremental => true)', o),
	'0A000', 'model "m" cannot be refreshed incrementally', 'not with ' || o)
FROM unnest(ARRAY['{"method": "dense"}', '{"rank": 8}', '{"trend": 1}', '{"half_life": "30 days"}']) o;
SELECT lives_ok('SELECT affinity.alter_model(''m'', options => ''{"rank": 8, "rank_weight": 0}'')', 'a rank that counts nothing');
SELECT lives_ok('SELECT affinity.refresh_model(''m'', incremental => true)', 'is no matter');
SELECT affinity.alter_model('m', options => '{"rank": 0}', item_attributes => 'SELECT DISTINCT i, ARRAY[''a''] FROM large');
SELECT throws_ok('SELECT affinity.refresh_model(''m'', incremental => true)', '0A000', NULL, 'nor with attributes');

SELECT * FROM finish();
ROLLBACK;
