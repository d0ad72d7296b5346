-- A model through its life: refreshed, renamed, dropped, made again, in one
-- transaction and in one session; what was built on it; a source that changes.
SET client_min_messages = warning;
\pset format unaligned
\pset tuples_only on
\pset null -

CREATE TABLE purchases (customer int, item int, quantity int DEFAULT 1);
INSERT INTO purchases SELECT n % 25, (n * n) % 17 FROM generate_series(1, 300) n;
CREATE FUNCTION fingerprint(model name) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	answer text;
BEGIN
	EXECUTE format('SELECT md5(string_agg(r::text, '','' ORDER BY user_id, rank)) FROM %I.recommend_all(5) r', model) INTO answer;
	RETURN answer;
END $$;

\echo # the view of models, before and after
SELECT count(*) FROM affinity.models;
SELECT affinity.create_model('shop', 'SELECT customer, item FROM purchases', 'item_knn', options => '{"neighbors": 5}');
SELECT name, owner = current_user, algorithm, options->>'neighbors', users, items, interactions, source_rows, skipped_rows, dropped_pairs,
	trained_at BETWEEN now() - interval '1 minute' AND clock_timestamp(), duration BETWEEN '0 s' AND '1 minute', version, size > 0 FROM affinity.models;
SELECT string_agg(k, ',' ORDER BY k) FROM affinity.models, jsonb_object_keys(options) k;

\echo # materialized views over recommend_all, also refreshed concurrently
CREATE MATERIALIZED VIEW tips AS SELECT * FROM shop.recommend_all(3);
CREATE UNIQUE INDEX ON tips (user_id, item_id);
SELECT count(*) FROM tips;
INSERT INTO purchases VALUES (100, 3), (101, 4);
REFRESH MATERIALIZED VIEW tips;
SELECT count(*), count(*) FILTER (WHERE user_id >= 100 AND personalized) FROM tips;
DELETE FROM purchases WHERE customer = 100;
REFRESH MATERIALIZED VIEW CONCURRENTLY tips;
SELECT count(*), count(*) FILTER (WHERE user_id >= 100) FROM tips;
SELECT count(*) FROM (TABLE tips EXCEPT SELECT * FROM shop.recommend_all(3)) d;

\echo # refresh: the old version until commit, the options kept, a number not used before
SELECT fingerprint('shop') AS first \gset
INSERT INTO purchases SELECT 200 + n % 40, (n * n * n) % 23 FROM generate_series(1, 400) n;
SELECT affinity.refresh_model('shop');
SELECT version, items, options->>'neighbors' FROM affinity.models;
SELECT fingerprint('shop') <> :'first';
SELECT fingerprint('shop') AS second \gset

\echo # versions within a transaction: each savepoint has the one it saw
BEGIN;
DELETE FROM purchases WHERE item < 5;
SELECT affinity.refresh_model('shop');
SELECT fingerprint('shop') AS third \gset
SELECT :'third' <> :'second', version FROM affinity.models;
SAVEPOINT s;
DELETE FROM purchases WHERE item < 9;
SELECT affinity.refresh_model('shop');
SELECT fingerprint('shop') AS fourth \gset
SELECT :'fourth' <> :'third', version FROM affinity.models;
ROLLBACK TO s;
SELECT fingerprint('shop') = :'third', version FROM affinity.models;
DELETE FROM purchases WHERE item < 7;
SELECT affinity.refresh_model('shop');
SELECT fingerprint('shop') NOT IN (:'third', :'fourth'), version FROM affinity.models;
ROLLBACK;
SELECT fingerprint('shop') = :'second', version FROM affinity.models;
SELECT affinity.refresh_model('shop');
SELECT fingerprint('shop') = :'second', version FROM affinity.models;

\echo # a dropped model is back after rollback
BEGIN;
SELECT affinity.drop_model('shop', "cascade" => true);
SAVEPOINT s;
SELECT * FROM shop.recommend(1);
ROLLBACK TO s;
SELECT count(*) FROM affinity.models;
ROLLBACK;
SELECT fingerprint('shop') = :'second';
SELECT count(*) > 0 FROM tips;

\echo # renamed: everything goes on under the new name
PREPARE three AS SELECT count(*) FROM shop.recommend(1, 3);
EXECUTE three;
ALTER SCHEMA shop RENAME TO "The Shop, ""No. 1""";
EXECUTE three;
SELECT name FROM affinity.models;
SELECT fingerprint('The Shop, "No. 1"') = :'second';
SELECT count(*) FROM "The Shop, ""No. 1""".similar_items(1, 3);
SELECT count(*) FROM "The Shop, ""No. 1""".similar_users(1, 3);
SELECT count(*) FROM "The Shop, ""No. 1""".audience(1, 3);
SELECT count(*) > 0 FROM "The Shop, ""No. 1""".neighbors;
REFRESH MATERIALIZED VIEW CONCURRENTLY tips;
SELECT affinity.refresh_model('The Shop, "No. 1"');
SELECT fingerprint('The Shop, "No. 1"') = :'second';
SELECT affinity.refresh_model('shop');
\echo # two models that change their names
SELECT affinity.create_model('shop', 'SELECT customer, item FROM purchases WHERE item < 10', 'item_knn');
SELECT fingerprint('shop') AS small \gset
ALTER SCHEMA shop RENAME TO tmp;
ALTER SCHEMA "The Shop, ""No. 1""" RENAME TO shop;
ALTER SCHEMA tmp RENAME TO "The Shop, ""No. 1""";
SELECT fingerprint('shop') = :'second', fingerprint('The Shop, "No. 1"') = :'small';
EXECUTE three;
SELECT affinity.drop_model('The Shop, "No. 1"');
SELECT name FROM affinity.models;

\echo # dropped and made again under the same name: in a session, in a transaction
DEALLOCATE three;
PREPARE types AS SELECT count(*) FROM shop.similar_items(1, 3);
EXECUTE types;
DROP MATERIALIZED VIEW tips;
SELECT affinity.drop_model('shop');
EXECUTE types;
SELECT affinity.create_model('shop', 'SELECT customer::text, ''i'' || item FROM purchases', 'item_knn', options => '{"neighbors": 2}');
EXECUTE types;
SELECT count(*) FROM shop.similar_items('i1', 3);
BEGIN;
SELECT affinity.drop_model('shop');
SELECT affinity.create_model('shop', 'SELECT customer, item FROM purchases', 'popular');
SELECT count(*) FROM shop.recommend(1, 3);
SELECT affinity.drop_model('shop');
SELECT affinity.create_model('shop', 'SELECT customer, item::bigint FROM purchases', 'item_knn');
SELECT count(*) FROM shop.similar_items(1, 3);
SELECT pg_typeof(item_id) FROM shop.recommend(1, 1);
SAVEPOINT s;
SELECT affinity.drop_model('shop');
SELECT affinity.create_model('shop', 'SELECT customer, item::smallint FROM purchases', 'item_knn');
SELECT pg_typeof(item_id) FROM shop.recommend(1, 1);
ROLLBACK TO s;
SELECT pg_typeof(item_id) FROM shop.recommend(1, 1);
COMMIT;
SELECT name, algorithm FROM affinity.models;
SELECT pg_typeof(item_id) FROM shop.recommend(1, 1);
EXECUTE types;
\echo # a model that was never committed leaves nothing
BEGIN;
SELECT affinity.create_model('gone', 'SELECT customer, item FROM purchases', 'item_knn');
SELECT count(*) FROM gone.recommend(1, 3);
ROLLBACK;
SELECT count(*) FROM pg_namespace WHERE nspname = 'gone';
SELECT affinity.create_model('gone', 'SELECT customer, item FROM purchases', 'item_knn');
SELECT count(*) FROM gone.recommend(1, 3);
DROP SCHEMA gone CASCADE;
SELECT name FROM affinity.models;

\echo # the source is altered under a session that has its plans
SELECT count(*) FROM shop.recommend(1, 3);
ALTER TABLE purchases ADD COLUMN first_one text DEFAULT 'x';
SELECT count(*) FROM shop.recommend(1, 3);
ALTER TABLE purchases RENAME COLUMN item TO thing;
ALTER TABLE purchases RENAME TO sales;
SELECT count(*) FROM shop.recommend(1, 3);
SELECT affinity.refresh_model('shop');
ALTER TABLE sales DROP COLUMN first_one, DROP COLUMN quantity;
CREATE INDEX ON sales (customer);
SELECT count(*) FROM shop.recommend(1, 3), shop.similar_users(1, 2), shop.audience(1, 2);
ALTER TABLE sales ALTER COLUMN thing TYPE bigint;
CREATE SCHEMA archive;
ALTER TABLE sales SET SCHEMA archive;
SELECT count(*) FROM shop.recommend(1, 3);
SELECT count(*) > 20 FROM shop.recommend_all(2);
SELECT affinity.refresh_model('shop');
\echo # a table that a model needs is altered
ALTER TABLE shop.items ADD COLUMN note text;
SELECT count(*) FROM shop.recommend(1, 3);
SELECT affinity.refresh_model('shop');
SELECT count(*) FROM shop.recommend(1, 3);
VACUUM FULL shop.items;
CLUSTER shop.items USING items_item_id_key;
SELECT count(*) FROM shop.recommend(1, 3);
DROP TABLE shop.items CASCADE;
SELECT count(*) FROM shop.recommend(1, 3);
SELECT name, size, status, hint FROM affinity.models;
SELECT affinity.refresh_model('shop');
SELECT count(*) FROM shop.recommend(1, 3);
SELECT name, size > 0, status, hint FROM affinity.models;
SELECT affinity.drop_model('shop');

\echo # more models than a session remembers
DO $$
BEGIN
	FOR n IN 1 .. 70 LOOP
		PERFORM affinity.create_model('many_' || n, format('SELECT customer, thing + %s FROM archive.sales WHERE thing < 6', n), 'item_knn');
		EXECUTE format('SELECT count(*) FROM many_%s.recommend(1)', n);
	END LOOP;
END $$;
SELECT count(*), count(DISTINCT id) FROM generate_series(1, 70) n, LATERAL (
	SELECT min(item_id) AS id FROM affinity.recommend_core(('many_' || n)::regnamespace, 1000000, 1, NULL::int[], NULL::int[], true)
		AS t(item_id int, score real, rank int, personalized boolean)) r;
DO $$ BEGIN FOR n IN 1 .. 70 LOOP PERFORM affinity.drop_model('many_' || n); END LOOP; END $$;
SELECT count(*) FROM affinity.models;

DROP FUNCTION fingerprint;
DROP SCHEMA archive CASCADE;
