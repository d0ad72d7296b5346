-- Histories longer than max_history: of each the most recent pairs are trained
-- on, which is what a model of these rows alone learns; without times a sample
-- that nothing but the ids decides. What is counted and served is everything.
BEGIN;
SET client_min_messages = warning;
SET check_function_bodies = off;
SET jit = off;
SELECT plan(35);

-- 200 users with 10 pairs each, 4 with up to 80 of 90 items; a third of the pairs
-- come again, earlier or later; no two pairs of a user have the same latest time.
-- User 1001 has rows without a time: they are the oldest.
CREATE TABLE facts AS
SELECT u, i, (1 + (hashint8(u * 1000 + i) & 3))::real AS w,
	timestamptz '2024-01-01' + ((hashint8(u * 977 + i) & 1048575) + i / 1000.0) * interval '1 minute' AS at
FROM (SELECT u, (hashint8(u * 100 + n) & 1048575) % 90 AS i FROM generate_series(1, 200) u, generate_series(1, 10) n
	UNION SELECT 1000 + u, i FROM generate_series(1, 4) u, generate_series(0, 89) i
	WHERE (hashint8(u * 100000 + i) & 1023) < 300 + u * 150) p;
INSERT INTO facts SELECT u, i, 1, at - (hashint4(u + i) & 65535) * interval '1 minute' FROM facts WHERE hashint4(i * 7 + u) % 3 = 0;
INSERT INTO facts SELECT 1001, i, 1, NULL FROM generate_series(0, 89) i;
CREATE TABLE pairs AS
SELECT u, i, sum(w) AS w, max(at) AS at FROM facts GROUP BY u, i;
CREATE TABLE recent AS
SELECT u, i, w FROM (SELECT *, row_number() OVER (PARTITION BY u ORDER BY at DESC NULLS LAST) AS n FROM pairs) p WHERE n <= 30;
SELECT cmp_ok(count(*), '=', 4::bigint, 'four long histories') FROM (SELECT FROM pairs GROUP BY u HAVING count(*) > 30) l;
SELECT is(count(DISTINCT i), 90::bigint, 'no item is theirs alone') FROM recent;
SELECT cmp_ok(count(*), '>=', 30::bigint, 'the user with rows without a time has others enough')
FROM pairs WHERE u = 1001 AND at IS NOT NULL;

CREATE FUNCTION pg_temp.lists(query text, algorithm text, options jsonb) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	answer text;
BEGIN
	PERFORM affinity.create_model('m', query, algorithm, options);
	SELECT md5(string_agg(format('%s %s %s', item_id, neighbors, scores), ' ' ORDER BY item_no)) INTO answer FROM m.items;
	PERFORM affinity.drop_model('m');
	RETURN answer;
END $$;

-- ---- the most recent --------------------------------------------------------

SELECT is(pg_temp.lists('SELECT u, i, w, at FROM facts', algorithm, o || '{"max_history": 30}'),
	pg_temp.lists('SELECT u, i, w FROM recent', algorithm, o), format('the 30 most recent: %s %s', algorithm, o))
FROM (VALUES ('item_knn', '{}'::jsonb), ('item_knn', '{"similarity": "cosine", "weights": "linear", "weighting": "bm25"}'),
	('item_knn', '{"similarity": "log_likelihood"}'), ('item_knn', '{"similarity": "pearson"}'),
	('ease', '{"method": "dense", "weights": "log"}'), ('ease', '{"method": "sparse", "candidates": 20}')) v(algorithm, o);
SELECT isnt(pg_temp.lists('SELECT u, i, w, at FROM facts', 'item_knn', '{"max_history": 30}'),
	pg_temp.lists('SELECT u, i, w, at FROM facts', 'item_knn', '{}'), 'which is not what all of them say');
SELECT is(pg_temp.lists('SELECT u, i, w, at FROM facts', 'item_knn', '{"max_history": 90}'),
	pg_temp.lists('SELECT u, i, w FROM pairs', 'item_knn', '{}'), 'histories of just that length are whole');
SELECT is(pg_temp.lists(format('SELECT %s, %s, w, %s FROM facts', u, i, at), 'item_knn', '{"max_history": 30}'),
	pg_temp.lists(format('SELECT %s, %s, w FROM recent', u, i), 'item_knn', '{}'), format('ids and times: %s, %s, %s', u, i, at))
FROM (VALUES ('u::bigint - 500', 'i::smallint', 'at::timestamp'), ('''user '' || u', '''item '' || i * 37', 'at'),
	('md5(u::text)::uuid', 'md5(i::text)::uuid', 'at')) v(u, i, at);
-- more of them than are looked up one by one
SELECT is(pg_temp.lists('SELECT u + n * 10000, i, w, at FROM facts, generate_series(1, 25) n', 'item_knn', '{"max_history": 3}'),
	pg_temp.lists('SELECT u + n * 10000, i, w FROM (SELECT *, row_number() OVER (PARTITION BY u ORDER BY at DESC NULLS LAST) AS r FROM pairs) p,
		generate_series(1, 25) n WHERE r <= 3', 'item_knn', '{}'), 'thousands of long histories');

-- ---- a sample ---------------------------------------------------------------

-- what of the long histories is trained on: only they have items above 1000
CREATE FUNCTION pg_temp.chosen(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	answer text;
BEGIN
	PERFORM affinity.create_model('m', query, 'item_knn', options => '{"max_history": 30, "user_exponent": 0}');
	SELECT string_agg(item_id::text, ' ' ORDER BY item_no) INTO answer FROM m.items WHERE item_id >= 1000 AND cardinality(neighbors) > 0;
	PERFORM affinity.drop_model('m');
	RETURN answer;
END $$;
CREATE TABLE bot AS SELECT 5007 AS u, 1000 + i AS i FROM generate_series(0, 399) i;
CREATE TABLE sample AS SELECT pg_temp.chosen('SELECT u, i FROM bot') AS items;
SELECT is(cardinality(string_to_array(items, ' ')), 30, '30 of 400 items') FROM sample;
SELECT ok(count(*) FILTER (WHERE i::int < 1200) BETWEEN 7 AND 23, 'from everywhere')
FROM sample, unnest(string_to_array(items, ' ')) i;
SELECT is(pg_temp.chosen('SELECT u, i FROM bot ORDER BY hashint4(i)'), items, 'in any order of rows') FROM sample;
SELECT is(pg_temp.chosen('SELECT u, i FROM bot UNION ALL SELECT u, i FROM facts WHERE u < 1000'), items, 'whatever others do') FROM sample;
SELECT is(pg_temp.chosen('SELECT u::bigint, i::smallint FROM bot'), items, 'for every type of integer') FROM sample;
SELECT isnt(pg_temp.chosen('SELECT u + 1, i FROM bot'), items, 'and another for another user') FROM sample;
SELECT is(pg_temp.chosen('SELECT u, i, 1, NULL::timestamp FROM bot'), items, 'where no row has a time') FROM sample;
SELECT is(pg_temp.chosen('SELECT u, i, 1, now() FROM bot'), items, 'where all have the same') FROM sample;

-- ---- what still counts all ----------------------------------------------------

CREATE TABLE everything AS SELECT u, i FROM bot UNION ALL SELECT DISTINCT u, i FROM facts WHERE u < 1000;
SELECT affinity.create_model('m', 'SELECT u, i FROM everything', algorithm, o || '{"max_history": 30}')
FROM (VALUES ('item_knn', '{}'::jsonb)) v(algorithm, o) \g /dev/null
SELECT results_eq($$SELECT users, items, interactions, training - ARRAY['item_exponent', 'neighbor_exponent', 'user_type', 'item_type'] FROM affinity.models WHERE name = 'm'$$,
	$$SELECT count(DISTINCT u), count(DISTINCT i), count(*), '{"long_users": 1}'::jsonb FROM everything$$, 'users, items, interactions');
SELECT results_eq('SELECT item_id, popularity::bigint FROM m.items ORDER BY 1', 'SELECT i, count(*) FROM everything GROUP BY i ORDER BY 1', 'popularity');
SELECT is_empty('SELECT item_id FROM m.recommend(5007, 500) INTERSECT SELECT i FROM bot', 'all that a user has is known when serving');
SELECT is(count(*), 400::bigint, 'and none is missing from the catalog') FROM m.score(8, ARRAY(SELECT i FROM bot));
SELECT affinity.drop_model('m');
-- items that nobody is left with have no weights, and let others have theirs
SELECT lives_ok(format($$SELECT affinity.create_model('m%s', 'SELECT u, i FROM everything', 'ease', '%s')$$, n, o || '{"max_history": 30}'), o::text)
FROM (VALUES (1, '{"method": "dense", "regularization_exponent": 1}'::jsonb), (2, '{"method": "dense", "regularization_exponent": 0}'),
	(3, '{"method": "sparse"}'), (4, '{"method": "dense", "weights": "linear", "user_exponent": 1}')) v(n, o);
SELECT is((SELECT count(*) FROM m1.items WHERE cardinality(neighbors) = 0), 370::bigint, 'of those that nobody is left with nothing is learned');
SELECT cmp_ok((SELECT count(*) FROM m1.neighbors WHERE score > 0 AND item_id < 1000), '>', 1000::bigint, 'and of others as before');
SELECT is_empty($$SELECT FROM m1.neighbors WHERE score IN ('NaN', 'Infinity', '-Infinity')$$, 'all weights are numbers');
SELECT ok(NOT EXISTS (SELECT FROM affinity.algorithm_options() o WHERE option = 'max_history' AND (o."default" <> '10000' OR algorithm NOT IN ('item_knn', 'next_item', 'ease', 'graph_filter'))),
	'the default of max_history');

SELECT * FROM finish();
ROLLBACK;
