-- What the planner expects of the functions of models: rows by the arguments and
-- the model's figures, and costs. Never an error, whoever asks of whatever.
BEGIN;
SELECT plan(62);
SET LOCAL client_min_messages = error;
SET LOCAL jit = off;

-- 60 users with 2 of 40 items each, one of which is everybody's
CREATE TABLE facts AS SELECT u, i FROM generate_series(1, 60) u, LATERAL (VALUES (0), (1 + u % 39)) v(i);
CREATE INDEX ON facts (u);
SELECT affinity.create_model('lists', 'SELECT u, i FROM facts', 'item_knn');
SELECT affinity.create_model('factors', 'SELECT u, i FROM facts', 'ials', '{"factors": 4, "iterations": 2}');

-- A figure of the topmost node of a plan.
CREATE FUNCTION pg_temp.figure(query text, figure text) RETURNS numeric LANGUAGE plpgsql AS $$
DECLARE
	plan json;
BEGIN
	EXECUTE 'EXPLAIN (FORMAT JSON) ' || query INTO plan;
	RETURN (plan->0->'Plan'->>figure)::numeric;
END $$;
CREATE FUNCTION pg_temp.planned(query text) RETURNS numeric LANGUAGE sql AS $$ SELECT pg_temp.figure(query, 'Plan Rows') $$;
CREATE FUNCTION pg_temp.cost(query text) RETURNS numeric LANGUAGE sql AS $$ SELECT pg_temp.figure(query, 'Total Cost') $$;

-- without rules the call is a shorter one, of the same rows; -1: of candidates too nothing is left to be said
CREATE FUNCTION pg_temp.arguments(query text) RETURNS int LANGUAGE plpgsql AS $$
DECLARE
	plan json;
BEGIN
	EXECUTE 'EXPLAIN (VERBOSE, FORMAT JSON) ' || query INTO plan;
	plan := plan->0->'Plan';
	RETURN cardinality(string_to_array(plan->>'Function Call', ', ')) * CASE WHEN plan->>'Function Call' LIKE '%candidates_core%' THEN 1 ELSE -1 END;
END $$;
SELECT is(pg_temp.arguments('SELECT * FROM lists.' || call), n, call || ' with so many arguments') FROM (VALUES
	('recommend(1)', -6), ('recommend(1, 3, exclude => NULL, exclude_seen => false)', -6), ('recommend(1, candidates => NULL)', 6),
	('recommend(1, min_score => 0.5)', 21), ('recommend(1, repeat => 0.5)', 21), ($$recommend_for('{1}')$$, -5),
	($$recommend_for('{1}', weights => '{1}')$$, 20)) t(call, n);
SELECT is_empty($$SELECT FROM (SELECT u, r.* FROM generate_series(0, 61) u, lists.recommend(u, 30) r) x FULL JOIN
	(SELECT u, r.* FROM generate_series(0, 61) u, lists.recommend(u, 30, min_score => '-Infinity') r) y USING (u, rank)
	WHERE (x.item_id, x.score, x.personalized) IS DISTINCT FROM (y.item_id, y.score, y.personalized)$$, 'rows of both are the same');
-- functions of others of that name are called, whatever they take
CREATE FUNCTION pg_temp.candidates_core(bigint) RETURNS int[] LANGUAGE sql STABLE AS $$ SELECT '{3,4}'::int[] OFFSET $1 - 5 $$;
CREATE FUNCTION pg_temp.candidates_core(int[]) RETURNS int[] LANGUAGE sql STABLE AS $$ SELECT '{3,4}'::int[] OFFSET cardinality($1) - 1 $$;
SELECT results_eq($$SELECT i FROM affinity.recommend_core('lists', 1, 9, pg_temp.candidates_core($$ || given || $$), NULL::int[], false, NULL::float8, NULL, NULL, NULL, NULL,
	NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL::int[], NULL, NULL) AS t(i int, s real, r int, p bool) ORDER BY 1$$, '{3,4}'::int[], given)
FROM unnest(ARRAY['5::bigint', $$'[0:0]={NULL}'::int[]$$]) given;

-- k, the number of items or users, arrays
SELECT is(pg_temp.planned('SELECT * FROM ' || call), rows::numeric, call) FROM (VALUES
	('lists.recommend(1)', 10),
	('lists.recommend(1, 7)', 7),
	('lists.recommend(1, 3 + 4)', 7),
	('lists.recommend(1, 1000)', 40),
	('lists.recommend(1, 9223372036854775807)', 40),
	('lists.recommend(1, 0)', 1),
	('lists.recommend(1, -1)', 10),
	('lists.recommend(1, NULL)', 10),
	('lists.recommend(NULL, 7)', 7),
	('lists.recommend(1, candidates => ARRAY[1, 2, 3])', 3),
	('lists.recommend(1, 2, candidates => ARRAY[1, 2, 3])', 2),
	($$lists.recommend(1, candidates => '{}')$$, 1),
	('lists.recommend(1, candidates => NULL)', 1),
	($$lists.recommend(1, 20, candidates => '[0:0]={NULL}')$$, 20),
	('lists.recommend_for(ARRAY[1, 2], 7)', 7),
	('lists.recommend_for(ARRAY[1, 2], 7, candidates => ARRAY[3, 4])', 2),
	('lists.recommend_for(NULL, 7)', 7),
	('lists.score(1, ARRAY[1, 2, 3])', 3),
	($$lists.score(1, '{}')$$, 1),
	('lists.score(1, NULL)', 1),
	('lists.score(1, (SELECT array_agg(i)::bigint[] FROM facts))', 10),
	('lists.similar_items(1, 7)', 7),
	('lists.similar_items(1, 70)', 40),
	('lists.similar_users(1, 7)', 7),
	('lists.similar_users(1, 700)', 60),
	('lists.audience(1, 70)', 60),
	('lists.explain(1, 0)', 2),
	('lists.explain(1, 0, 1)', 1),
	('lists.recommend_all(3)', 180),
	('lists.recommend_all(1000)', 2400),
	('lists.recommend_all(NULL)', 600),
	('factors.recommend_all(3)', 180),
	('factors.recommend(1, 1000)', 40)
) c(call, rows);

-- arrays that only come as a parameter, and such as are packed
PREPARE by_parameter(bigint, bigint, bigint[]) AS SELECT * FROM lists.recommend($1, $2, candidates => $3);
SELECT is(pg_temp.planned('EXECUTE by_parameter(1, 7, ''{1, 2, 3}'')'), 3::numeric, 'a prepared statement, planned for its parameters');
SET LOCAL plan_cache_mode = force_generic_plan;
SELECT is(pg_temp.planned('EXECUTE by_parameter(1, 7, ''{1, 2, 3}'')'), 10::numeric, 'a prepared statement, planned for all');
RESET plan_cache_mode;
SELECT is(pg_temp.planned(format('SELECT * FROM lists.score(1, %L)', array_agg(g))), 40::numeric, 'a long array') FROM generate_series(1, 50000) g;
CREATE FUNCTION pg_temp.grown(n bigint) RETURNS numeric LANGUAGE plpgsql AS $$
DECLARE
	ids bigint[] := '{}';
	plan json;
BEGIN
	FOR i IN 1 .. n LOOP
		ids[i] := i;
	END LOOP;
	EXECUTE 'EXPLAIN (FORMAT JSON) SELECT * FROM lists.score(1, $1)' INTO plan USING ids;
	RETURN (plan->0->'Plan'->>'Plan Rows')::numeric;
END $$;
SELECT is(pg_temp.grown(5), 5::numeric, 'an expanded array');
CREATE TEMP TABLE packed AS SELECT array_agg(g % 7) AS ids FROM generate_series(1::bigint, 3000) g;
CREATE FUNCTION pg_temp.stored() RETURNS numeric LANGUAGE plpgsql AS $$
DECLARE
	plan json;
	stored record;
BEGIN
	SELECT ids INTO stored FROM packed;
	EXECUTE 'EXPLAIN (FORMAT JSON) SELECT * FROM lists.score(1, $1)' INTO plan USING stored.ids;
	RETURN (plan->0->'Plan'->>'Plan Rows')::numeric;
END $$;
SELECT cmp_ok((SELECT pg_column_size(ids) FROM packed), '<', 3000, 'an array is stored compressed');
SELECT is(pg_temp.stored(), 40::numeric, 'a compressed array');

-- LATERAL: rows of a list for each row
CREATE TABLE visitors AS SELECT g AS u FROM generate_series(1, 10000) g;
ANALYZE visitors;
SELECT is(pg_temp.planned('SELECT * FROM visitors, LATERAL lists.recommend(u, 3)'), 30000::numeric, 'LATERAL');
SELECT is(pg_temp.planned('SELECT * FROM visitors, LATERAL lists.recommend(u, u)'), 100000::numeric, 'LATERAL with k of each row');

-- costs: greater with what a call reads
SELECT cmp_ok(pg_temp.cost('SELECT * FROM lists.recommend_all()'), '>', 2 * pg_temp.cost('SELECT * FROM lists.recommend(1)'), 'all cost more than one');
SELECT cmp_ok(pg_temp.cost('SELECT * FROM lists.recommend_for(ARRAY[1, 2, 3, 4])'), '>', pg_temp.cost('SELECT * FROM lists.recommend_for(ARRAY[1])'),
	'a larger basket costs more');
SELECT cmp_ok(pg_temp.cost('SELECT * FROM lists.recommend(1)'), '<', 1000::numeric, 'a call on a small model is cheap');

-- The calls of a model that nobody may know: no error, some rows.
CREATE ROLE planner_stranger;
GRANT USAGE ON SCHEMA lists TO planner_stranger;
REVOKE SELECT ON lists.model FROM PUBLIC;
SET LOCAL ROLE planner_stranger;
SELECT is(pg_temp.planned('SELECT * FROM lists.recommend(1, 500)'), 500::numeric, 'who may not read the model learns nothing of it');
SELECT is(pg_temp.planned('SELECT * FROM lists.recommend_all(3)'), 100000::numeric, 'nor of its users');
RESET ROLE;
GRANT SELECT ON lists.model TO PUBLIC;
ALTER TABLE lists.model ENABLE ROW LEVEL SECURITY;
SELECT is(pg_temp.planned('SELECT * FROM lists.recommend(1, 500)'), 500::numeric, 'with policies');
ALTER TABLE lists.model DISABLE ROW LEVEL SECURITY;
UPDATE lists.model SET users = -1;
SELECT is(pg_temp.planned('SELECT * FROM lists.recommend_all(3)'), 100000::numeric, 'damaged');
DELETE FROM lists.model;
SELECT is(pg_temp.planned('SELECT * FROM lists.recommend(1, 500)'), 500::numeric, 'not trained');
SELECT is(pg_temp.planned('SELECT * FROM lists.recommend(1, 5000)'), 1000::numeric, 'not trained, whatever k');
PREPARE of_model(bigint) AS SELECT * FROM affinity.recommend_core($1::oid::regnamespace, 1, 7::bigint, NULL::int[], NULL::int[], true) AS t(i int, s real, r int, p bool);
SELECT is(pg_temp.planned('EXECUTE of_model(' || 'pg_catalog'::regnamespace::oid || ')'), 7::numeric, 'a schema that is no model');
SELECT is(pg_temp.planned('EXECUTE of_model(1)'), 7::numeric, 'no schema');

SELECT * FROM finish();
ROLLBACK;
