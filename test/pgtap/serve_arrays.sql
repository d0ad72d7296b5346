-- Long arrays of items: what they give and what they take. Items are looked up
-- in pieces; here arrays are longer than each of them, and name few or most of
-- the items.
BEGIN;
SELECT plan(34);
SET LOCAL client_min_messages = warning;
CREATE TEMP TABLE facts AS
	SELECT u, (u * 7919 + j * j * 104729) % 9000 AS i FROM generate_series(1, 3000) u, generate_series(1, 30) j
	UNION ALL SELECT 0, i FROM generate_series(0, 8999) i WHERE i % 3 > 0;
CREATE TABLE facts_by_number AS SELECT u, i, (1 + u % 3)::real AS w FROM facts;
CREATE TABLE facts_by_text AS SELECT u, 'item number ' || i AS i, w FROM facts_by_number;
SELECT affinity.create_model('number', 'SELECT u, i, w FROM facts_by_number', 'item_knn', options => '{"neighbors": 20}');
SELECT affinity.create_model('words', 'SELECT u, i, w FROM facts_by_text', 'item_knn', options => '{"neighbors": 20}');
SELECT affinity.create_model('factors', 'SELECT u, i, w FROM facts_by_text', 'ials', '{"factors": 4, "iterations": 2}');

-- What a call makes this process take at most, in bytes.
CREATE FUNCTION pg_temp.peak() RETURNS bigint LANGUAGE sql AS
	$$ SELECT 1024 * substring(pg_read_file('/proc/self/status', 0, 10000) FROM 'VmHWM:\s+(\d+)')::bigint $$;

-- Arrays of n elements, in no order, with NULLs, repeated and unknown ids.
CREATE TEMP TABLE given (n int, known int, number int[], words text[]);
INSERT INTO given SELECT n, known, array_agg(i), array_agg('item number ' || i) FROM (
		SELECT n, known, g, CASE WHEN g % 101 = 0 THEN NULL WHEN g % 3 = 0 THEN -g ELSE g::bigint * 7919 % known END AS i
		FROM (VALUES (4096, 50), (4097, 50), (5000, 9000), (300000, 300), (300000, 9000)) v(n, known), generate_series(1, n) g) s
	GROUP BY n, known;
-- The same, each known id once.
CREATE TEMP TABLE short AS SELECT n, known, ARRAY(SELECT DISTINCT i FROM unnest(number) i WHERE i >= 0) AS number,
	ARRAY(SELECT DISTINCT i FROM unnest(words) i WHERE i !~ '-') AS words FROM given;

-- The items known to the model are looked up by a join.
SELECT set_eq(format('SELECT item_id FROM %1$I.score(1, (SELECT %2$s FROM given WHERE (n, known) = (%3$s, %4$s)))', model, ids, n, known),
	format('SELECT item_id FROM %1$I.items JOIN (SELECT unnest(%2$s) AS id FROM given WHERE (n, known) = (%3$s, %4$s)) g ON g.id = item_id', model, ids, n, known),
	format('%s.score of %s elements of %s', model, n, known))
FROM (VALUES ('number', 'number'), ('words', 'words'), ('factors', 'words')) m(model, ids), given ORDER BY model, n, known;
-- In pieces of one id each, what candidates give is the same.
SELECT results_eq(format('SELECT * FROM %1$I.recommend(2, 50, (SELECT %2$s FROM given WHERE (n, known) = (%3$s, %4$s)), exclude_seen => false)', model, ids, n, known),
	format('SELECT item_id, score, row_number() OVER (ORDER BY rank)::int, personalized FROM %1$I.recommend(2, 9000, exclude_seen => false)
		WHERE item_id = ANY ((SELECT %2$s FROM short WHERE (n, known) = (%3$s, %4$s))::%5$s[]) ORDER BY rank LIMIT 50', model, ids, n, known, type),
	format('%s: candidates, %s elements of %s', model, n, known))
FROM (VALUES ('number', 'number', 'int'), ('factors', 'words', 'text')) m(model, ids, type), given WHERE n > 4096 AND known = 9000 ORDER BY model, n;
SELECT is_empty(format('SELECT item_id FROM %1$I.recommend(2, 9000, exclude => (SELECT %2$s FROM given WHERE (n, known) = (300000, 9000)))
		INTERSECT SELECT unnest(%2$s) FROM short WHERE (n, known) = (300000, 9000)', model, ids),
	model || ': what is excluded stays out') FROM (VALUES ('number', 'number'), ('words', 'words')) m(model, ids);
-- A basket is a user with these items.
INSERT INTO facts_by_number SELECT 9001, unnest(number), 1 FROM short WHERE (n, known) = (300000, 9000);
INSERT INTO facts_by_text SELECT 9001, unnest(words), 1 FROM short WHERE (n, known) = (300000, 9000);
SELECT cmp_ok((SELECT count(*) FROM number.interactions WHERE user_id = 9001), '>', 4096::bigint, 'a long history');
SELECT results_eq(format('SELECT * FROM %1$I.recommend_for((SELECT %2$s FROM given WHERE (n, known) = (300000, 9000)), 100)', model, ids),
	format('SELECT * FROM %1$I.recommend(9001, 100)', model), model || ': a long basket')
FROM (VALUES ('number', 'number'), ('words', 'words')) m(model, ids);
-- A user with a long history: reasons and peers as others see them.
SELECT is((SELECT count(*) FROM number.explain(9001, 1, 10000)), (SELECT count(*) FROM number.neighbors n
	JOIN number.interactions h ON h.item_id = n.item_id WHERE n.neighbor_id = 1 AND h.user_id = 9001), 'explain: all of a long history');
SELECT is((SELECT count(*) FROM number.similar_users(9001, 100000)), (SELECT count(DISTINCT b.u) FROM facts_by_number a JOIN facts_by_number b USING (i)
	WHERE a.u = 9001 AND b.u <> 9001), 'similar_users: all peers of a long history');

-- Memory: an element took some 350 bytes. What is allowed here is 32, and 30 MB
-- for whatever else a call needs at first.
CREATE TEMP TABLE long AS SELECT ARRAY(SELECT g % 20000 FROM generate_series(1, 2000000) g) AS number,
	ARRAY(SELECT 'item number ' || g % 20000 FROM generate_series(1, 2000000) g) AS words;
CREATE FUNCTION pg_temp.taken(call text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
	before bigint;
	n bigint;
BEGIN
	EXECUTE 'SELECT count(*) FROM (SELECT cardinality(number), cardinality(words), (SELECT count(*) FROM unnest(words)) FROM long) s' INTO n;
	before := pg_temp.peak();
	EXECUTE 'SELECT count(*) FROM long, ' || call INTO n;
	RETURN (pg_temp.peak() - before) / 2000000;
END $$;
SELECT cmp_ok(pg_temp.taken(call), '<', 32 + 15::bigint, call || ': bytes an element')
FROM unnest(ARRAY['number.score(1, number)', 'number.recommend_for(number, 5)', 'number.recommend(1, 5, number, number)',
	'words.score(1, words)', 'factors.recommend_for(words, 5, words, words)']) call;

-- What is found must fit into maintenance_work_mem, and the hint says how.
SET LOCAL maintenance_work_mem = '1MB';
SELECT is((SELECT count(*) FROM number.score(1, (SELECT number FROM given WHERE (n, known) = (300000, 300)))), 200::bigint, 'many elements, few items');
CREATE TABLE many AS SELECT g / 20 AS u, g AS i FROM generate_series(1, 40000) g;
SET LOCAL maintenance_work_mem = '64MB';
SELECT affinity.create_model('wide', 'SELECT u, i FROM many', 'item_knn', options => '{"neighbors": 2}');
SET LOCAL maintenance_work_mem = '1MB';
SELECT throws_ok('SELECT * FROM wide.score(1, ARRAY(SELECT generate_series(1, 50000)))', '54000',
	'an array of items of model "wide" needs up to 3840000 bytes of memory, but maintenance_work_mem allows 1048576', 'too many items');
SET LOCAL maintenance_work_mem = '4 MB';
SELECT is((SELECT count(*) FROM wide.score(1, ARRAY(SELECT generate_series(1, 50000)))), 40000::bigint, 'as much as the hint says does');

SELECT * FROM finish();
ROLLBACK;
