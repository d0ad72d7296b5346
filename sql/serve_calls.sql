-- The ways in which applications call: named, positional and default arguments,
-- untyped parameters, joins, in views, in functions, on changing data.
SET client_min_messages = warning;
\pset format unaligned
\pset tuples_only on
\pset null -

CREATE TABLE purchases (customer int, code varchar(10), quantity int, at timestamp);
INSERT INTO purchases
SELECT c, 'p' || CASE WHEN n < 5 THEN c % 4 * 5 + n ELSE (c * n) % 20 END, 1 + (c * n) % 3, timestamp '2024-01-01' + c * n * interval '1 hour'
FROM generate_series(1, 40) c, generate_series(1, 6) n;
CREATE INDEX ON purchases (customer);
SELECT affinity.create_model('shop', 'SELECT customer, code, quantity, at FROM purchases', 'item_knn',
	options => '{"item_exponent": 0.5, "neighbor_exponent": 0.3}');

\echo # the types that a client sees
SELECT p.proname, pg_get_function_arguments(p.oid), pg_get_function_result(p.oid), p.provolatile, p.proparallel
FROM pg_proc p WHERE pronamespace = 'shop'::regnamespace ORDER BY 1;
SELECT attrelid::regclass, attname, format_type(atttypid, atttypmod) FROM pg_attribute
WHERE attrelid IN ('shop.interactions'::regclass, 'shop.neighbors'::regclass) ORDER BY 1, attnum;
SELECT objsubid = 0, count(*) FILTER (WHERE description <> '') FROM pg_description
WHERE objoid IN (SELECT oid FROM pg_proc WHERE pronamespace = 'shop'::regnamespace) GROUP BY 1;

\echo # positional, named, mixed, defaults
SELECT * FROM shop.recommend(3, 4);
CREATE TEMP TABLE four AS SELECT * FROM shop.recommend(3, 4);
CREATE FUNCTION pg_temp.same(query text) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
	same boolean;
BEGIN
	EXECUTE 'SELECT NOT EXISTS (SELECT FROM (' || query || ') q FULL JOIN four f USING (item_id, score, rank, personalized) WHERE q IS NULL OR f IS NULL)' INTO same;
	RETURN same;
END $$;
SELECT q, pg_temp.same('SELECT * FROM shop.' || q) FROM unnest(ARRAY['recommend(user_id => 3, k => 4)', 'recommend(3, k => 4)', 'recommend(k => 4, user_id => 3)',
	'recommend(3, 4, exclude_seen => true)', 'recommend(3, 4, ''[0:0]={NULL}'')', 'recommend(3, 4, ''[0:0]={NULL}'', NULL, true)', 'recommend(3, 4, coalesce(NULL::text[], ''[0:0]={NULL}''))', 'recommend(3, 4, exclude => ''{}'')',
	'recommend(''3'', ''4'')', 'recommend(3::smallint, 4)', 'recommend(user_id := 3, k := 4)']) q;
SELECT q, count FROM unnest(ARRAY['recommend(3)', 'recommend_all()', 'recommend_for(ARRAY[''p1''])', 'recommend_for(items => ''{p1,p2}'', k => 3)',
	'similar_items(''p1'')', 'similar_items(item_id => ''p1'', k => 2)', 'similar_users(3)', 'similar_users(user_id => 3, k => 2)', 'score(3, ''{p1,p2}'')',
	'score(user_id => 3, items => ARRAY[''p1'', ''p2''])', 'explain(3, ''p1'')', 'explain(user_id => 3, item_id => ''p1'', k => 1)', 'audience(''p1'')',
	'audience(item_id => ''p1'', k => 2)', 'recommend(3, candidates => ARRAY[''p1'', ''p2'', ''p9''], exclude => ARRAY[''p9''], exclude_seen => false)']) q,
	LATERAL (SELECT (xpath('//count/text()', query_to_xml('SELECT count(*) FROM shop.' || q, false, true, '')))[1] AS count) c;
\echo # candidates that a query gave, who may be none: NULL is none, as an empty array is
SELECT f, c, rows FROM unnest(ARRAY['recommend(3, 4, %s)', 'recommend_for(''{p1,p2}'', 4, %s)', 'recommend_for(NULL, 4, %s)']) f,
	unnest(ARRAY['NULL', '''{}''', '''{NULL}''', '''{NULL,NULL}''', '''{{NULL}}''', '''[0:0]={p3}''', '''[0:1]={NULL,p3}''', '''[0:0]={NULL}''',
		'(SELECT array_agg(i) FROM unnest(''{}''::text[]) i)', 'ARRAY(SELECT i FROM unnest(''{}''::text[]) i)', '(SELECT array_agg(i) FROM (VALUES (NULL)) v (i))']) c,
	LATERAL (SELECT (xpath('//count/text()', query_to_xml('SELECT count(*) FROM shop.' || format(f, c), false, true, '')))[1] AS rows) r;
\echo ## exclude and the items of a basket that are NULL are none too
SELECT pg_temp.same('SELECT * FROM shop.recommend(3, 4, exclude => (SELECT array_agg(i) FROM unnest(''{}''::text[]) i))');
SELECT count(*) FROM shop.score(3, NULL);
\echo # column names of each
SELECT string_agg(column_name, ', ' ORDER BY ordinal_position) FROM (SELECT * FROM shop.recommend(3, 1)) x,
	LATERAL (SELECT key AS column_name, ordinality AS ordinal_position FROM json_object_keys(row_to_json(x)) WITH ORDINALITY AS k(key, ordinality)) c;
SELECT row_to_json(r) FROM shop.similar_items('p1', 1) r;
SELECT json_object_keys(row_to_json(r)) FROM shop.similar_users(3, 1) r;
SELECT json_object_keys(row_to_json(r)) FROM shop.explain(3, 'p1', 1) r;
SELECT json_object_keys(row_to_json(r)) FROM shop.audience('p1', 1) r;

\echo # parameters without a type, as drivers send them
PREPARE p1 AS SELECT * FROM shop.recommend($1, $2);
SELECT parameter_types FROM pg_prepared_statements WHERE name = 'p1';
EXECUTE p1(3, 2);
PREPARE p2 AS SELECT * FROM shop.recommend(user_id => $1, k => $2, candidates => $3, exclude => $4, exclude_seen => $5);
SELECT parameter_types FROM pg_prepared_statements WHERE name = 'p2';
EXECUTE p2(3, 2, '{p1,p2,p3}', '{p2}', false);
EXECUTE p2('3', '2', '[0:0]={NULL}', NULL, NULL);
EXECUTE p2('3', '2', NULL, NULL, NULL);
PREPARE p3 AS SELECT * FROM shop.similar_items($1);
PREPARE p4 AS SELECT count(*) FROM shop.score($1, $2);
PREPARE p5 AS SELECT count(*) FROM shop.recommend_for($1, $2);
PREPARE p6 AS SELECT count(*) FROM shop.explain($1, $2) UNION ALL SELECT count(*) FROM shop.audience($2, $3) UNION ALL SELECT count(*) FROM shop.similar_users($1, $3);
SELECT name, parameter_types FROM pg_prepared_statements WHERE name > 'p2' ORDER BY 1;
EXECUTE p4(3, '{p1,nosuch}');
EXECUTE p5('{p1,p2}', 2);
EXECUTE p6(3, 'p1', 2);
\echo # k of any size
SELECT count(*) FROM shop.recommend(3, 9223372036854775807);
SELECT count(*) FROM shop.recommend(3, 4294967297);
SELECT count(*) FROM shop.similar_users(3, 2147483648);
SELECT count(*) FROM shop.recommend(3, 0);
SELECT count(*) FROM shop.recommend(3, -4294967295);
SELECT count(*) FROM shop.recommend(3, -9223372036854775808);
SELECT count(*) FROM shop.recommend(3, NULL::bigint);
\echo # generic and custom plans
SET plan_cache_mode = force_generic_plan;
EXECUTE p1(3, 2);
SET plan_cache_mode = force_custom_plan;
EXECUTE p1(3, 2);
RESET plan_cache_mode;

\echo # joins, LATERAL, subqueries, the SELECT list, a view, a function, EXISTS
CREATE TABLE products AS SELECT 'p' || n AS code, 'product ' || n AS name FROM generate_series(0, 30) n;
SELECT p.name, r.rank FROM shop.recommend(3, 3) r JOIN products p ON p.code = r.item_id ORDER BY r.rank;
SELECT c, string_agg(r.item_id, ',' ORDER BY r.rank) FROM generate_series(1, 3) c, shop.recommend(c, 3) r GROUP BY c ORDER BY c;
SELECT c, r.item_id FROM generate_series(38, 42) c LEFT JOIN LATERAL shop.recommend(c, 1) r ON r.personalized ORDER BY c;
SELECT c, (SELECT item_id FROM shop.recommend(c, 1)) FROM generate_series(1, 3) c;
SELECT (shop.recommend(3, 2)).item_id;
SELECT count(*) FROM products p WHERE EXISTS (SELECT FROM shop.recommend(3, 5) r WHERE r.item_id = p.code);
SELECT n.neighbor_id, p.name FROM shop.neighbors n JOIN products p ON p.code = n.neighbor_id WHERE n.item_id = 'p1' AND n.rank <= 2 ORDER BY n.rank;
CREATE VIEW tips AS SELECT c.customer, r.item_id, r.rank FROM (SELECT DISTINCT customer FROM purchases) c, shop.recommend(c.customer, 2) r;
SELECT count(*), count(DISTINCT customer) FROM tips;
CREATE FUNCTION tip(c int) RETURNS text LANGUAGE plpgsql STABLE AS $$ BEGIN RETURN (SELECT item_id FROM shop.recommend(c, 1)); END $$;
SELECT count(tip(c)) FROM generate_series(1, 40) c;
SELECT count(*) FROM shop.recommend(1, 3) a, shop.recommend(2, 3) b, shop.similar_items('p1', 2) s;
BEGIN;
DECLARE tips SCROLL CURSOR FOR SELECT item_id FROM shop.recommend_all(2) WHERE user_id < 3;
FETCH 2 FROM tips;
MOVE ABSOLUTE 0 IN tips;
FETCH ALL FROM tips;
COMMIT;
\echo # the wrapper is inlined
EXPLAIN (COSTS OFF) SELECT * FROM shop.recommend(3, 2);

\echo # a purchase takes effect at once: in its transaction, gone with a rollback or a savepoint
SELECT item_id AS bought FROM shop.recommend(3, 1) \gset
BEGIN;
INSERT INTO purchases VALUES (3, :'bought', 1, now());
SELECT count(*) FROM shop.recommend(3, 100) WHERE item_id = :'bought';
SAVEPOINT s;
DELETE FROM purchases WHERE customer = 3;
SELECT bool_or(personalized) FROM shop.recommend(3, 5);
SELECT count(*) FROM shop.recommend_all(1) WHERE user_id = 3;
ROLLBACK TO s;
SELECT bool_or(personalized), count(*) FILTER (WHERE item_id = :'bought') FROM shop.recommend(3, 100);
INSERT INTO purchases VALUES (3, :'bought', -1, now());
SELECT count(*) FROM shop.recommend(3, 100) WHERE item_id = :'bought';
SELECT count(*) FROM shop.recommend(3, 100, exclude_seen => false) WHERE item_id = :'bought';
ROLLBACK;
SELECT item_id = :'bought' FROM shop.recommend(3, 1);
INSERT INTO purchases VALUES (999, 'p1', 1, now());
SELECT bool_and(personalized) FROM shop.recommend(999, 3);
SELECT count(*) FROM shop.similar_users(999, 3);
SELECT count(*) FROM shop.recommend_all(1) WHERE user_id = 999;
DELETE FROM purchases WHERE customer = 999;
SELECT bool_or(personalized) FROM shop.recommend(999, 3);
\echo # in one statement that also writes, the snapshot of the statement holds
WITH new AS (INSERT INTO purchases VALUES (3, :'bought', 1, now()) RETURNING customer)
SELECT count(*) FROM new, shop.recommend(new.customer, 100) r WHERE r.item_id = :'bought';
SELECT count(*) FROM shop.recommend(3, 100) WHERE item_id = :'bought';

DROP VIEW tips;
DROP FUNCTION tip;
SELECT affinity.drop_model('shop');
DROP TABLE purchases, products;
