-- Packed baskets: what is in one is the rows it was made of, in any order and split, of any type, weight and time; stored
-- ones stay readable, and bytes that are none are refused. Models trained from baskets are, to the bit, those trained
-- from the rows, for every algorithm, and serve the same.
BEGIN;
SET client_min_messages = error;
SET LOCAL jit = off;
SET LOCAL timezone = 'Asia/Tokyo';
SELECT plan(225);
SELECT setseed(0.41);

-- ---- what is in a basket -------------------------------------------------
CREATE TABLE rows AS
	SELECT (random() * random() * 120)::int AS u, (random() * random() * 60)::int - 5 AS i, floor(random() * 3)::int AS shard,
		CASE WHEN random() < 0.03 THEN NULL WHEN random() < 0.3 THEN 1 ELSE floor(random() * 6) END::float8 AS whole,
		CASE WHEN random() < 0.03 THEN NULL ELSE round((random() * 5)::numeric, 2) END::float8 AS w,
		CASE WHEN random() < 0.9 THEN timestamptz '2024-01-01 00:00+00' + floor(random() * 400 * 86400) * interval '1 s' END AS at
	FROM generate_series(1, 4000);
INSERT INTO rows SELECT u, i, shard, whole, w, at FROM rows WHERE i % 7 = 0 LIMIT 200;
INSERT INTO rows VALUES (5, NULL, 1, 1, 1, now()), (300, 2, 1, 1, 1, '2024-05-05 00:00+00'), (300, 3, 2, 2, 2, '2024-05-06 00:00+00');
ALTER TABLE rows ADD item_uuid uuid, ADD item_text text;
UPDATE rows SET item_uuid = md5(i::text)::uuid, item_text = CASE i WHEN 1 THEN '' ELSE 'sku-' || i || 'é' END;

CREATE FUNCTION pg_temp.same_rows(item text, given text) RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
	FOR k IN 0..1 LOOP
		RETURN NEXT is_empty(format('WITH b AS MATERIALIZED (SELECT u, affinity.basket_agg(%1$s) AS b FROM (SELECT * FROM rows ORDER BY %4$s) r GROUP BY u),
			unpacked AS (SELECT u, item, weight, at, count(*) AS n FROM b, affinity.basket_items(b) GROUP BY 1, 2, 3, 4),
			plain AS (SELECT u, %2$s AS item, weight, at, count(*) AS n FROM (SELECT u, %2$s, %3$s FROM rows WHERE %2$s IS NOT NULL) r(u, %2$s, weight, at)
				GROUP BY 1, 2, 3, 4)
			(TABLE unpacked EXCEPT TABLE plain) UNION ALL (TABLE plain EXCEPT TABLE unpacked)', item || given, item,
			CASE given WHEN '' THEN '1::float8, NULL::timestamptz' WHEN ', whole' THEN 'whole, NULL::timestamptz' WHEN ', w' THEN 'w, NULL::timestamptz'
				WHEN ', whole, at::date' THEN 'whole, at::date::timestamp AT TIME ZONE ''UTC''' WHEN ', 1, at::timestamp' THEN '1::float8, at::timestamp AT TIME ZONE ''UTC'''
				ELSE 'w, at' END, CASE k WHEN 0 THEN 'random()' ELSE 'at, w' END), format('rows of basket_agg(%s%s)', item, given));
	END LOOP;
END $$;
SELECT t FROM unnest(ARRAY['i', 'item_uuid', 'item_text']) item, unnest(ARRAY['', ', whole', ', w', ', w, at', ', whole, at::date', ', 1, at::timestamp']) given,
	LATERAL pg_temp.same_rows(item, given) t;
SELECT is_empty($$SELECT u FROM (SELECT u, affinity.items(affinity.basket_agg(item_text)) AS a, affinity.items(affinity.basket_agg(i, w)) AS b, count(DISTINCT i) AS n
	FROM rows WHERE i IS NOT NULL GROUP BY u) x WHERE a <> n OR b <> n$$, 'items');
SELECT is_empty($$SELECT u FROM (SELECT u, affinity.describe(affinity.basket_agg(i, whole, at)) AS d, count(*) AS n, count(DISTINCT i) AS items, sum(whole) AS weight,
		min(at) AS first_at, max(at) AS last_at FROM rows WHERE i IS NOT NULL GROUP BY u) x
	WHERE ((d).rows, (d).items, (d).weight) IS DISTINCT FROM (n, items, weight) OR (d).first_at IS DISTINCT FROM x.first_at OR (d).last_at IS DISTINCT FROM x.last_at$$, 'describe');
SELECT is(affinity.basket_agg(NULL::bigint), NULL, 'no item, no basket');
SELECT is(affinity.rollup(affinity.basket_agg(1), NULL), affinity.basket_agg(1), 'NULL is a basket without rows');
SELECT is(affinity.basket_agg(i::smallint), affinity.basket_agg(i), 'integers of any width are the same') FROM rows;
SELECT is(affinity.basket_agg(item_text::varchar), affinity.basket_agg(item_text), 'texts of any type too') FROM rows;
SELECT is(affinity.basket_agg(i, 1), affinity.basket_agg(i), 'a weight of 1 is none') FROM rows;
SELECT ok((affinity.describe(affinity.basket_agg(g * 500))).bytes < 2.1 * 1000, 'an item of 100,000 takes two bytes') FROM generate_series(1, 1000) g;
SELECT is((SELECT affinity.basket_agg(i, w, at) FROM rows), (SELECT affinity.rollup(b) FROM (SELECT affinity.basket_agg(i, w, at) AS b FROM rows GROUP BY u) s), 'rollup of users');
SELECT is((SELECT affinity.rollup(b) FROM (SELECT affinity.basket_agg(i) AS b FROM rows WHERE shard = 0 UNION ALL SELECT affinity.basket_agg(i, whole, at) FROM rows WHERE shard > 0) s),
	affinity.basket_agg(i, CASE shard WHEN 0 THEN 1 ELSE whole END, CASE WHEN shard > 0 THEN at END), 'rollup of plain ones and those with weights and times') FROM rows;

-- parallel plans, partial aggregates and windows
SET LOCAL parallel_setup_cost = 0;
SET LOCAL parallel_tuple_cost = 0;
SET LOCAL min_parallel_table_scan_size = 0;
SET LOCAL max_parallel_workers_per_gather = 2;
CREATE FUNCTION pg_temp.plan_of(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	line text;
	plan text := '';
BEGIN
	FOR line IN EXECUTE 'EXPLAIN (COSTS OFF) ' || query LOOP
		plan := plan || line || E'\n';
	END LOOP;
	RETURN plan;
END $$;
SELECT matches(pg_temp.plan_of('SELECT affinity.basket_agg(i, w, at) FROM rows'), 'Partial Aggregate', 'there are partial aggregates');
SELECT matches(pg_temp.plan_of('SELECT u, affinity.basket_agg(item_text, w) FROM rows GROUP BY u'), 'Finalize', 'of groups too');
CREATE TABLE parallel_users AS SELECT u, affinity.basket_agg(i) AS a, affinity.basket_agg(item_text, w, at) AS b, affinity.basket_agg(item_uuid) AS c FROM rows GROUP BY u;
CREATE TABLE parallel AS SELECT affinity.basket_agg(i, w, at) AS a, affinity.basket_agg(item_text, w) AS b, affinity.basket_agg(item_uuid) AS c FROM rows;
SET LOCAL max_parallel_workers_per_gather = 0;
SELECT ok(a = affinity.basket_agg(i, w, at) AND b = affinity.basket_agg(item_text, w) AND c = affinity.basket_agg(item_uuid), 'a parallel plan gives the same bytes')
FROM parallel, rows GROUP BY a, b, c;
SELECT is_empty($$SELECT u FROM parallel_users FULL JOIN (SELECT u, affinity.basket_agg(i) AS x, affinity.basket_agg(item_text, w, at) AS y, affinity.basket_agg(item_uuid) AS z
	FROM rows GROUP BY u) s USING (u) WHERE a IS DISTINCT FROM x OR b IS DISTINCT FROM y OR c IS DISTINCT FROM z$$, 'small ones come from workers as they are');
SELECT is_empty($$SELECT n FROM (SELECT n, affinity.basket_agg(n) OVER (ORDER BY n) AS b FROM generate_series(1, 50) n) w
	WHERE b <> (SELECT affinity.basket_agg(k) FROM generate_series(1, n) k)$$, 'as a window function it grows');

-- ---- stored ones, and what is none -----------------------------------------
CREATE TEMP TABLE stored (type text, name text, state text, report text);
\copy stored FROM test/data/format/baskets.csv CSV
\i test/data/format/baskets.sql
SET LOCAL timezone = 'UTC';
SELECT is(count(*), 15::bigint, 'all are there') FROM stored;
SELECT is(pg_temp.basket_report(type, state), report, type || ' ' || name || ' is read') FROM stored;
CREATE FUNCTION pg_temp.again(type text, state text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE format('SELECT affinity.basket_agg(item, weight, at)::text FROM affinity.basket_items($1::affinity.%I)', type) INTO state USING state;
	RETURN state;
END $$;
SELECT is(pg_temp.again(type, state), state, type || ' ' || name || ' is made as it was') FROM stored;

CREATE FUNCTION pg_temp.sqlstate_of(type text, bytes bytea) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE format('SELECT $1::affinity.%I', type) USING encode(bytes, 'base64');
	RETURN 'none';
EXCEPTION WHEN OTHERS THEN
	RETURN SQLSTATE;
END $$;
SELECT is(pg_temp.sqlstate_of('basket', decode(hex, 'hex')), '22P03', 'not a basket: ' || what) FROM (VALUES
	('', 'nothing'), ('ba010100', 'no rows'), ('ba01010000', 'none of them'), ('bb0101000101', 'another magic number'), ('ba0201000101', 'another version'),
	('ba0102000101', 'texts'), ('ba0101000201', 'a row too few'), ('ba010100010101', 'a byte too many'), ('ba01010001ff', 'a number without an end'),
	('ba01010001ffffffffffffffffff02', 'a number of 65 bits'), ('ba0101000181', 'cut'), ('ba010100018100', 'a number that could be shorter'),
	('ba010100020101ffffffffffffffffff01'::text, 'items out of order, too long'), ('ba010100ffffffffffffffffff0101', 'as many rows as can be'),
	('ba0101010101' || '03', 'a weight of 1 that could be left out'), ('ba010102010100000040', 'reals that are whole'), ('ba01010301010000000000c0', 'doubles cut'),
	('ba010103010100000000000000f87f', 'doubles that are NULL alone'), ('ba0101030101000000000000f07f', 'infinity'), ('ba01010401000101', 'microseconds that are days'),
	('ba01011801000102', 'no first time'), ('ba01011c01000101', 'an unknown unit'), ('ba01011801feffffffffffffffff010101', 'a time beyond all'),
	('ba01010102010b0009', 'rows out of order'), ('ba010101020109000b08', 'too long')) t (hex, what);
SELECT is(pg_temp.sqlstate_of('basket', decode('ba0101000101', 'hex')), 'none', 'what the bytes of one are');
SELECT is(pg_temp.sqlstate_of('basket_text', decode(hex, 'hex')), state, 'text: ' || what) FROM (VALUES ('ba0103000100' || '0161', 'none', 'a'), ('ba0103000100' || '01ff', '22P03', 'no character'),
	('ba0103000100' || '0100', '22P03', 'a zero'), ('ba01030002000161' || '000162', 'none', 'a, b'), ('ba01030002000162' || '000161', '22P03', 'b, a'),
	('ba0103000200026162' || '00026163', '22P03', 'what both begin with twice'), ('ba0103000200026162' || '010163', 'none', 'what both begin with once'),
	('ba0103000200016102', '22P03', 'cut'), ('ba01030002000161' || '0200', '22P03', 'more of the item before than it has')) t (hex, state, what);
SELECT is(pg_temp.sqlstate_of('basket_uuid', decode('ba01020001' || hex, 'hex')), state, 'uuid: ' || what)
FROM (VALUES ('00' || repeat('ab', 16), 'none', 'one'), ('00' || repeat('ab', 15), '22P03', 'cut'), ('11', '22P03', 'none')) t (hex, state, what);
SELECT throws_ok($$SELECT affinity.basket_agg(1, 'NaN')$$, '22000', 'NaN weight');
SELECT throws_ok($$SELECT affinity.basket_agg(1, '-infinity'::float8)$$, '22000', 'infinite weight');
SELECT throws_ok($$SELECT affinity.basket_agg(1, 1, timestamptz 'infinity')$$, '22008', 'infinite time');
SELECT throws_ok($$SELECT affinity.basket_agg(1, 1, date '-infinity')$$, '22008', 'infinite time');
SELECT throws_ok($$SELECT affinity.basket_accum(NULL, 1)$$, NULL, NULL, 'a step outside of an aggregate');

-- ---- models ------------------------------------------------------------------
-- the same rows as rows, as a basket of each user, and as one of each shard and user
DELETE FROM rows WHERE i IS NULL;
CREATE TABLE basket AS SELECT u, affinity.basket_agg(i) AS b, affinity.basket_agg(i, whole) AS whole, affinity.basket_agg(i, w) AS w,
	affinity.basket_agg(i, whole, at) AS timed, affinity.basket_agg(item_text, w, at) AS b_text, affinity.basket_agg(item_uuid) AS b_uuid FROM rows GROUP BY u;
ALTER TABLE basket ADD PRIMARY KEY (u);
CREATE TABLE part AS SELECT u, affinity.basket_agg(i) AS b, affinity.basket_agg(i, whole) AS whole, affinity.basket_agg(i, w) AS w,
	affinity.basket_agg(i, whole, at) AS timed, affinity.basket_agg(item_text, w, at) AS b_text, affinity.basket_agg(item_uuid) AS b_uuid FROM rows GROUP BY u, shard ORDER BY random();
INSERT INTO part (u) VALUES (1), (1000);
CREATE FUNCTION pg_temp.record(model text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	record text;
BEGIN
	EXECUTE format('SELECT jsonb_build_object(''model'', to_jsonb(m) - ''version'' - ''trained_at'' - ''duration'', ''items'', (SELECT jsonb_agg(i ORDER BY item_no) FROM %1$I.items i))::text
		FROM %1$I.model m', model) INTO record;
	RETURN record;
END $$;
CREATE FUNCTION pg_temp.same_model(from_rows text, packed text, algorithm text, options jsonb) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
	users bigint;
BEGIN
	PERFORM affinity.create_model('a', format('SELECT u, %s FROM rows', from_rows), algorithm, options);
	PERFORM affinity.create_model('b', format('SELECT u, %s FROM basket', packed), algorithm, options);
	PERFORM affinity.create_model('c', format('SELECT u, %s FROM part', packed), algorithm, options);
	EXECUTE 'SELECT users FROM a.model' INTO users;
	RETURN NEXT ok(users > 50 AND pg_temp.record('a') = pg_temp.record('b'), format('%s %s from baskets of %s', algorithm, options, packed));
	RETURN NEXT ok(pg_temp.record('a') = pg_temp.record('c'), format('%s %s from several baskets of %s', algorithm, options, packed));
	RETURN NEXT is_empty('(SELECT * FROM a.recommend_all(7) EXCEPT SELECT * FROM b.recommend_all(7)) UNION ALL (SELECT * FROM c.recommend_all(7) EXCEPT SELECT * FROM a.recommend_all(7))',
		format('%s %s recommends the same to all', algorithm, options));
	RETURN NEXT is_empty('SELECT u FROM basket WHERE ARRAY(SELECT (r.item_id, r.score) FROM a.recommend(u, 5) r) IS DISTINCT FROM ARRAY(SELECT (r.item_id, r.score) FROM b.recommend(u, 5) r)',
		format('%s %s recommends the same to each', algorithm, options));
	PERFORM affinity.drop_model('a'), affinity.drop_model('b'), affinity.drop_model('c');
END $$;
SELECT t FROM (VALUES
	('i::bigint', 'b', 'item_knn', '{}'), ('i::bigint, whole', 'whole', 'item_knn', '{"weights": "log"}'), ('i::bigint, whole - 2', NULL, NULL, NULL),
	('i::bigint, whole, at', 'timed', 'item_knn', '{"half_life": "30 days"}'), ('i::bigint, whole, at', 'timed', 'item_knn', '{}'),
	('item_text, w, at', 'b_text', 'item_knn', '{"history_half_life": "20 days"}'), ('item_uuid', 'b_uuid', 'item_knn', '{}'),
	('i::bigint, w', 'w', 'ease', '{"method": "sparse"}'), ('i::bigint, w', 'w', 'graph_filter', '{}'), ('i::bigint, w', 'w', 'ials', '{"factors": 6, "iterations": 3}'),
	('i::bigint, w', 'w', 'als', '{"factors": 4, "iterations": 3}'), ('i::bigint, whole, at', 'timed', 'popular', '{"half_life": "30 days"}'), ('i::bigint, whole', 'whole', 'popular', '{}'),
	('i::bigint, whole, at', 'timed', 'next_item', '{}'), ('i::bigint, whole, at', 'timed', 'buy_again', '{}'), ('i::bigint, whole', 'whole', 'item_knn', '{"max_history": 9}'),
	('i::bigint, whole, at', 'timed', 'auto', '{}')) m (from_rows, packed, algorithm, options), LATERAL pg_temp.same_model(from_rows, packed, algorithm, options::jsonb) t
WHERE packed IS NOT NULL;

SELECT throws_ok($$SELECT affinity.create_model('m', 'SELECT u, whole FROM basket', 'item_knn', '{"half_life": "1 day"}')$$, '22023', 'option "half_life" needs a source with times');
SELECT throws_ok($$SELECT affinity.create_model('m', 'SELECT u, whole FROM basket', 'next_item')$$, '22023', 'algorithm "next_item" needs a source with times');
SELECT throws_ok($$SELECT affinity.create_model('m', 'SELECT u, whole, 1 FROM basket', 'item_knn')$$, '42804', 'basket column "whole" stands beside others');
SELECT throws_ok($$SELECT affinity.create_model('m', 'SELECT whole, u FROM basket', 'item_knn')$$, '42804', 'basket column "whole" stands beside others');
SELECT throws_ok($$SELECT affinity.create_model('m', 'SELECT u, affinity.basket_agg(i, 1e39) FROM rows GROUP BY u', 'item_knn')$$, '22000', NULL, 'a weight beyond real');
SET LOCAL maintenance_work_mem = '1MB';
SELECT throws_ok($$SELECT affinity.create_model('m', 'SELECT g / 100, affinity.basket_agg(g * 7 % 1000) FROM generate_series(1, 200000) g GROUP BY 1', 'popular')$$, '53400', NULL, 'memory');

-- what pairs are worth takes 8 bytes each, 4 of which in each orientation, and none where nobody wants it
CREATE FUNCTION pg_temp.needed(query text, algorithm text, options jsonb) RETURNS bigint LANGUAGE plpgsql AS $$
BEGIN
	PERFORM affinity.create_model('m', query, algorithm, options);
	RETURN NULL;
EXCEPTION WHEN configuration_limit_exceeded THEN
	RETURN substring(SQLERRM FROM 'needs? (\d+) bytes')::bigint;
END $$;
CREATE TABLE often AS SELECT g / 100 AS u, g * 7 % 40 + (g / 100) % 1000 AS i, 1 + g % 3 AS w FROM generate_series(1, 200000) g;
SELECT is(pg_temp.needed(q, algorithm, wanted) - pg_temp.needed(q, algorithm, unwanted), 8 * 200000::bigint, format('%s %s keeps no values of %s', algorithm, unwanted, what))
FROM (VALUES ('rows', 'SELECT u, i, w FROM often'), ('baskets', 'SELECT u, affinity.basket_agg(i) FROM often GROUP BY u')) s (what, q),
	(VALUES ('popular', '{"measure": "weight"}'::jsonb, '{}'::jsonb), ('item_knn', '{"weights": "log"}', '{}'), ('item_knn', '{"weights": "log"}', '{"similarity": "jaccard"}'),
		('ease', '{"weights": "linear"}', '{}'), ('graph_filter', '{"weights": "linear"}', '{}'), ('ials', '{"confidence": "log"}', '{}')) a (algorithm, wanted, unwanted);
RESET maintenance_work_mem;
-- which pairs there are does not change: one that is taken back is none
CREATE FUNCTION pg_temp.items_of(query text, algorithm text, options jsonb) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	answer text;
BEGIN
	PERFORM affinity.create_model('m', query, algorithm, options);
	SELECT format('%s users %s', (SELECT users FROM m.model), string_agg(i::text, ' ' ORDER BY item_no)) INTO answer FROM m.items i;
	PERFORM affinity.drop_model('m');
	RETURN answer;
END $$;
CREATE TABLE taken_back AS SELECT u, i::bigint, 2 AS w FROM rows UNION ALL SELECT u, i, 1.5 FROM rows UNION ALL SELECT u, min(i), -1000 FROM rows GROUP BY u;
SELECT ok(once = pg_temp.items_of('SELECT * FROM taken_back', algorithm, options) AND once = pg_temp.items_of('SELECT u, affinity.basket_agg(i, w) FROM taken_back GROUP BY u', algorithm, options),
	format('%s %s learns from pairs that are left, once', algorithm, options))
FROM (VALUES ('popular', '{}'::jsonb), ('item_knn', '{}'), ('item_knn', '{"similarity": "jaccard"}'), ('item_knn', '{"max_history": 5}'), ('item_knn', '{"weighting": "bm25", "weights": "binary"}'),
		('ease', '{}'), ('graph_filter', '{}'), ('ials', '{"factors": 6, "iterations": 3}')) a (algorithm, options),
	LATERAL pg_temp.items_of('SELECT u, i FROM taken_back GROUP BY 1, 2 HAVING sum(w) > 0', algorithm, options) once;

-- some with times behind some without: read again, row by row
CREATE TABLE mixed AS SELECT u, CASE WHEN u < 30 THEN affinity.basket_agg(i, whole) ELSE affinity.basket_agg(i, whole, at) END AS b FROM rows GROUP BY u ORDER BY u;
SELECT affinity.create_model('a', 'SELECT u, i::bigint, whole, CASE WHEN u >= 30 THEN at END FROM rows', 'item_knn');
SELECT affinity.create_model('b', 'SELECT u, b FROM mixed', 'item_knn');
SELECT ok(pg_temp.record('a') = pg_temp.record('b'), 'baskets with times behind some without');

-- ---- the life of a model -------------------------------------------------------
SELECT affinity.create_model('m', 'SELECT u, timed FROM basket', 'item_knn');
SELECT matches(pg_temp.plan_of('SELECT item_id FROM m.interactions WHERE user_id = 7'), 'Index.*basket', 'a history is read by the index of the table of baskets');
SELECT is_empty($$(SELECT user_id, item_id, weight, at FROM m.interactions EXCEPT ALL SELECT u, i, whole, at FROM rows) UNION ALL
	(SELECT u, i, whole, at FROM rows EXCEPT ALL SELECT user_id, item_id, weight, at FROM m.interactions)$$, 'the view gives the rows');
UPDATE basket SET timed = affinity.rollup(timed, (SELECT affinity.basket_agg(55, 1, '2025-03-03 00:00+00'::timestamptz))) WHERE u = 7;
SELECT is((SELECT count(*) FROM m.interactions WHERE user_id = 7 AND item_id = 55 AND at = '2025-03-03 00:00+00'), 1::bigint, 'what is merged into a basket is in the next history');
INSERT INTO rows (u, i, whole, at, shard) VALUES (7, 55, 1, '2025-03-03 00:00+00', 0);
SELECT affinity.refresh_model('m', incremental => true);
SELECT affinity.create_model('r', 'SELECT u, i::bigint, whole, at FROM rows', 'item_knn');
SELECT is((SELECT array_agg((item_id, popularity)::text ORDER BY item_no) FROM m.items), (SELECT array_agg((item_id, popularity)::text ORDER BY item_no) FROM r.items), 'an incremental refresh');
SELECT affinity.refresh_model('m');
SELECT ok(pg_temp.record('m') = pg_temp.record('r'), 'a refresh');
SELECT is((SELECT status FROM affinity.models WHERE name = 'm'), (SELECT status FROM affinity.models WHERE name = 'r'), 'status');
SELECT is((SELECT array_agg(e::text ORDER BY e::text) FROM affinity.evaluate('m') e), (SELECT array_agg(e::text ORDER BY e::text) FROM affinity.evaluate('r') e), 'evaluate');
SELECT affinity.alter_model('m', materialize => true);
SELECT is((SELECT count(*) FROM m.kept_interactions), (SELECT count(*) FROM rows WHERE whole IS NOT NULL), 'materialized');
ALTER TABLE basket RENAME TO baskets;
SELECT affinity.refresh_model('m');
SELECT is((SELECT jsonb_agg(i ORDER BY item_no) FROM m.items i), (SELECT jsonb_agg(i ORDER BY item_no) FROM r.items i), 'a refresh under another name');
SELECT finish();
ROLLBACK;
