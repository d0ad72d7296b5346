-- recommend_users: for given users the rows of recommend, to the last bit and in the
-- order given, one by one or as a batch, with any rules.
BEGIN;
SET client_min_messages = error;
SET jit = off;
SELECT plan(125);
SELECT setseed(0.17);

-- 70 users, 160 items; user 900 is unknown, 901 has only what no model knows, 902 only
-- what does not count.
CREATE TABLE facts AS
SELECT u, i, least(5, 1 + floor(random() * 3 + (u * i % 7) / 3.0))::real AS w, now()::timestamp - random() * interval '60 days' AS at
FROM (SELECT (random() * random() * 69)::int AS u, (random() * random() * 170)::int AS i FROM generate_series(1, 2600)) r;
INSERT INTO facts SELECT u, i, w, at - interval '20 days' FROM facts WHERE random() < 0.3;
CREATE INDEX ON facts (u);
CREATE TABLE things AS SELECT i AS item_id, chr(97 + i % 14) AS category, i % 5 > 0 AS in_stock FROM generate_series(0, 175) i;
CREATE TEMP TABLE models (name text PRIMARY KEY, algorithm text, options jsonb, query text);
INSERT INTO models VALUES
	('knn', 'item_knn', '{"neighbors": 9}', 'SELECT u, i, w, at FROM facts'),
	('signed', 'item_knn', '{"neighbors": 12, "weights": "signed"}', 'SELECT u, i, w - 3, at FROM facts'),
	('next', 'next_item', '{}', 'SELECT u, i, w, at FROM facts'),
	('again', 'buy_again', '{}', 'SELECT u, i, w, at FROM facts'),
	('ease', 'ease', '{}', 'SELECT u, i, w, at FROM facts'),
	('popular', 'popular', '{}', 'SELECT u, i, w, at FROM facts'),
	('ials', 'ials', '{"factors": 8, "iterations": 3}', 'SELECT u, i, w, at FROM facts'),
	('als', 'als', '{"factors": 6, "iterations": 5}', 'SELECT u, i, w - 2, at FROM facts');
SELECT affinity.create_model(name, query, algorithm, options) FROM models;
INSERT INTO facts SELECT 901, 999, 1, now();
INSERT INTO facts SELECT 902, 3, NULL, now();

-- Are the rows for these users those that recommend gives to each?
CREATE FUNCTION pg_temp.same(model text, users text, arguments text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
	given text;
	wanted text;
	n bigint;
BEGIN
	EXECUTE format('SELECT string_agg(x::text, '' ''), count(*) FROM %I.recommend_users(%s%s) x', model, users, arguments) INTO given, n;
	EXECUTE format('SELECT string_agg(x::text, '' '') FROM (SELECT u, r.* FROM (SELECT u, min(n) AS n FROM unnest(%2$s) WITH ORDINALITY o(u, n) WHERE u IS NOT NULL GROUP BY u) o,
		LATERAL %1$I.recommend(u%3$s) r ORDER BY n, rank) x', model, users, arguments) INTO wanted;
	RETURN NEXT ok(given = wanted AND n > 0, format('%s(%s%s): %s rows', model, users, arguments, n));
END $$;

CREATE TEMP TABLE users (users text);
INSERT INTO users VALUES ('ARRAY[7]'), ('ARRAY[13, 900, NULL, 5, 901, 13, 0, 902]'), ('ARRAY(SELECT 1 + (g * 37) % 66 FROM generate_series(1, 60) g)');
SELECT pg_temp.same(name, u.users, ', 12') FROM models, users u ORDER BY name, u.users;
SELECT pg_temp.same(name, u.users, a) FROM models, users u, unnest(ARRAY[
	', 1000', ', 9, candidates => ARRAY(SELECT generate_series(0, 160, 3))', ', 9, exclude => ARRAY(SELECT generate_series(0, 160, 3))']) a
	WHERE name IN ('knn', 'ials', 'signed') ORDER BY 1;
SELECT pg_temp.same(name, u.users, a) FROM models, users u, unnest(ARRAY[
	', 9, repeat => 0.5', ', 9, penalty => 0.5', ', 9, diversity => 0.4', ', 9, exploration => 0.5, seed => 3', ', 9, after_rank => 5',
	', 9, min_score => 0.01', ', 9, pin => ARRAY[4, 150, 3], exclude => ARRAY[3]', $a$, 9, not_within => '30 days'$a$]) a
	WHERE name IN ('knn', 'ials') ORDER BY 1;

-- rules of the model and of the call
SELECT affinity.set_rules(name, items => 'things', eligible => 'in_stock', group_by => 'category', max_per_group => 2) FROM models WHERE name IN ('knn', 'als');
SELECT pg_temp.same(name, u.users, a) FROM models, users u, unnest(ARRAY[', 9', $a$, 9, eligible => 'category <> ($1->>''not'')', parameters => '{"not": "c"}', boost => '{"8": 3}'$a$]) a
	WHERE name IN ('knn', 'als') ORDER BY 1;
SELECT affinity.set_rules(name) FROM models WHERE name IN ('knn', 'als');

-- what gives no rows
SELECT is((SELECT count(*) FROM knn.recommend_users('{}')), 0::bigint, 'no users');
SELECT is((SELECT count(*) FROM knn.recommend_users(NULL)), 0::bigint, 'NULL');
SELECT is((SELECT count(*) FROM knn.recommend_users(ARRAY[NULL, 99999999999])), 0::bigint, 'ids that the type does not hold');
SELECT is((SELECT count(*) FROM knn.recommend_users(ARRAY[3, 4], 0)), 0::bigint, 'k is 0');
SELECT throws_ok('SELECT * FROM knn.recommend_users(ARRAY[3, 4], -1)', '22023', NULL, 'k is below 0');
SELECT throws_ok('SELECT * FROM knn.recommend_users(ARRAY[3], NULL)', '22004', NULL, 'k is NULL');
SELECT throws_ok($$SELECT * FROM affinity.recommend_users_core('knn', ARRAY['a'], 3::bigint, NULL, NULL::int[], NULL::int[], NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL::int[], NULL, NULL, NULL)
	AS t(u int, i int, s real, r int, p bool)$$, '42804', NULL, 'users of another type');
SELECT throws_ok($$SELECT * FROM affinity.recommend_users_core('knn', 3, 3::bigint, NULL, NULL::int[], NULL::int[], NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL::int[], NULL, NULL, NULL)
	AS t(u int, i int, s real, r int, p bool)$$, '42804', NULL, 'no array of users');
SELECT throws_ok($$SELECT * FROM affinity.recommend_users_core('knn', ARRAY[3], 3::bigint, NULL, ARRAY['a'], NULL::int[], NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL::int[], NULL, NULL, NULL)
	AS t(u int, i int, s real, r int, p bool)$$, '42804', NULL, 'candidates of another type');

-- ids that are texts, of two dimensions
CREATE TABLE words AS SELECT 'user ' || u AS u, 'item ' || i AS i FROM facts;
CREATE INDEX ON words (u);
SELECT affinity.create_model('words', 'SELECT u, i FROM words', 'item_knn');
SELECT pg_temp.same('words', $$ARRAY['user 5', 'user 3', 'nobody', 'user 5', '']$$, ', 4');
SELECT is((SELECT string_agg(DISTINCT user_id::text, ' ') FROM knn.recommend_users(ARRAY[[5, 3], [7, 5]], 1)), '3 5 7', 'an array of two dimensions');

-- who asks
CREATE ROLE few_reader;
ALTER TABLE facts ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON facts USING (u % 2 = 0);
GRANT SELECT ON facts, things TO few_reader;
GRANT USAGE ON SCHEMA knn TO few_reader;
SET ROLE few_reader;
RESET ROLE;
GRANT ALL ON ALL TABLES IN SCHEMA knn TO few_reader;
SET ROLE few_reader;
SELECT is((SELECT string_agg(DISTINCT user_id || ' ' || personalized, ', ' ORDER BY user_id || ' ' || personalized) FROM knn.recommend_users(ARRAY[2, 3, 4, 5], 2)),
	'2 true, 3 false, 4 true, 5 false', 'policies are those of the caller');
RESET ROLE;
-- an estimate
CREATE FUNCTION pg_temp.planned(query text) RETURNS numeric LANGUAGE plpgsql AS $$
DECLARE
	plan json;
BEGIN
	EXECUTE 'EXPLAIN (FORMAT JSON) ' || query INTO plan;
	RETURN (plan->0->'Plan'->>'Plan Rows')::numeric;
END $$;
SELECT is(pg_temp.planned('SELECT * FROM knn.recommend_users(ARRAY[1, 2, 3], 4)'), 12::numeric, 'rows that the planner expects');
DELETE FROM knn.model;
SELECT is((SELECT count(*) FROM knn.recommend_users(ARRAY[3, 4, 5])), 0::bigint, 'not trained');

SELECT * FROM finish();
ROLLBACK;
