-- explain_call: what it counts, against plain SQL; why a list is what it is; hints.
BEGIN;
SELECT plan(48);
SET LOCAL client_min_messages = error;

CREATE TABLE facts (u int, i int, w real);
INSERT INTO facts SELECT u, (u * 7 + j * j) % 50, 1 FROM generate_series(1, 80) u, generate_series(1, 6) j;
INSERT INTO facts VALUES (901, 1, -1), (901, 2, NULL);
SELECT affinity.create_model('lists', 'SELECT u, i, w FROM facts', 'item_knn');
SELECT affinity.create_model('factors', 'SELECT u, i, w FROM facts', 'ials', '{"factors": 4, "iterations": 2}');
SELECT affinity.create_model('words', 'SELECT u::text, ''i'' || i AS i FROM facts', 'item_knn');
SELECT affinity.create_model('popular', 'SELECT u, i FROM facts', 'popular');
INSERT INTO facts VALUES (902, 1001, 1), (3, 1002, 1);
CREATE TABLE said (step text, property text, value text);

-- Values of a property, and of a call's answer.
CREATE FUNCTION pg_temp.say(call text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	TRUNCATE said;
	EXECUTE 'INSERT INTO said SELECT * FROM affinity.explain_call(' || call || ')';
END $$;
CREATE FUNCTION pg_temp.said(step text, property text) RETURNS text LANGUAGE sql AS
	$$ SELECT string_agg(value, E'\n') FROM said s WHERE (s.step, s.property) = ($1, $2) $$;

SELECT pg_temp.say($$'lists', 3$$);
SELECT is(pg_temp.said('model', 'algorithm'), 'item_knn', 'algorithm');
SELECT is(pg_temp.said('model', 'version'), (SELECT version::text FROM lists.model), 'version');
SELECT is(pg_temp.said('model', 'trained on'), (SELECT format('%s users, %s items, %s interactions', users, items, interactions) FROM lists.model), 'trained on');
SELECT matches(pg_temp.said('process', 'calls before'), '^0: ', 'the first call of a process');
SELECT is(pg_temp.said('process', 'factors'), NULL, 'lists have no factors');
SELECT is(pg_temp.said('process', 'ids of items'), 'looked up in the table', 'no ids are kept');
SELECT is(pg_temp.said('process', 'plan of the history'), 'none yet', 'no plan is kept');
SELECT is(pg_temp.said('history', 'source'), 'lists.interactions, as it is now', 'the source');
SELECT matches(pg_temp.said('history', 'rows'), (SELECT format('^%s, read in [0-9.]+ ms$', count(*)) FROM facts WHERE u = 3), 'rows');
SELECT is(pg_temp.said('history', 'items'), (SELECT format('%s that count, of which the model knows %s', count(DISTINCT i), count(DISTINCT i) FILTER (WHERE i IN (SELECT item_id FROM lists.items)))
	FROM facts WHERE u = 3), 'items');
SELECT is(pg_temp.said('history', 'seen'), (SELECT count(DISTINCT i) FROM facts WHERE u = 3 AND i < 1000) || ' items, which are left out', 'seen');
SELECT is(pg_temp.said('history', 'touched'), (SELECT format('%s items, those in the lists of %s', count(DISTINCT neighbor_id), count(DISTINCT item_id)) FROM lists.neighbors
	WHERE item_id IN (SELECT i FROM facts WHERE u = 3)), 'items touched');
SELECT matches(pg_temp.said('history', 'plan'), 'Seq Scan on facts .*cost=', 'the plan: a scan');
SELECT is(pg_temp.said('call', 'rows'), (SELECT format('%s, of which %s are personalized', count(*), count(*) FILTER (WHERE personalized)) FROM lists.recommend(3)), 'rows of the call');
SELECT matches(pg_temp.said('call', 'time'), '^[0-9.]+ ms, and again: [0-9.]+ ms$', 'times');
SELECT is(pg_temp.said('call', 'answer'), 'all rows are personalized, by lists of the history''s items', 'personalized');
SELECT matches(pg_temp.said('call', 'plan'), 'Function Scan on recommend_core.*rows=10 ', 'the plan of the call');
SELECT is((SELECT count(*) FROM said WHERE step = 'hint'), 0::bigint, 'nothing to say');
CREATE INDEX facts_user ON facts (u);
SET LOCAL enable_seqscan = off;
SELECT pg_temp.say($$'lists', '3', 100, exclude_seen => false$$);
SELECT matches(pg_temp.said('history', 'plan'), 'facts_user', 'the plan: an index');
SELECT matches(pg_temp.said('process', 'calls before'), '^[1-9][0-9]*$', 'not the first call');
SELECT matches(pg_temp.said('process', 'plan of the history'), '^(made for each user so far|one for all users, kept); used \d+ times, made for one user [1-9]\d* times$', 'plans of the history');
SELECT matches(pg_temp.said('history', 'seen'), 'which may come again$', 'seen items may come');
SELECT matches(pg_temp.said('hint', 'rows'), 'fewer than k', 'fewer rows than k');
SELECT count(*) FROM generate_series(1, 10) g, LATERAL lists.recommend(g);
SELECT pg_temp.say($$'lists', 3$$);
SELECT matches(pg_temp.said('process', 'plan of the history'), '^one for all users, kept; used [1-9]', 'one plan for all users');

-- arrays
SELECT pg_temp.say($$'lists', 3, candidates => ARRAY[1, 2, 2, 5000], exclude => '{4}'$$);
SELECT is(pg_temp.said('call', 'candidates'), '4 given, of which the model knows 2', 'candidates');
SELECT is(pg_temp.said('call', 'exclude'), '1 given, of which the model knows 1', 'exclude');
SELECT pg_temp.say($$'lists', 3, candidates => ARRAY[5000::bigint, 99999999999]$$);
SELECT is(pg_temp.said('call', 'answer'), 'there are no rows: the model knows none of the candidates', 'unknown candidates');
SELECT matches(pg_temp.said('hint', 'candidates'), 'lists.items', 'with what they are compared');
SELECT count(*) FROM lists.score(3, ARRAY(SELECT generate_series(1, 5000)));
SELECT pg_temp.say($$'lists', 3$$);
SELECT matches(pg_temp.said('process', 'ids of items'), '^in memory, \d+ kB$', 'ids are kept after a long array');

-- why there are popular items
SELECT pg_temp.say($$'lists', 900$$);
SELECT is(pg_temp.said('call', 'answer'), 'popular items: the user has no history', 'no history');
SELECT matches(pg_temp.said('hint', 'history'), 'no row of this user to role', 'whose rights count');
SELECT pg_temp.say($$'lists', 901$$);
SELECT is(pg_temp.said('call', 'answer'), 'popular items: no weight of the history counts', 'no weight');
SELECT pg_temp.say($$'lists', 902$$);
SELECT is(pg_temp.said('call', 'answer'), 'popular items: the model knows none of the history''s items', 'new items');
SELECT matches(pg_temp.said('hint', 'history'), $$refresh_model\('lists'\)$$, 'a refresh');
SELECT pg_temp.say($$'popular', 3$$);
SELECT is(pg_temp.said('call', 'answer'), 'popular items: the algorithm learns nothing else', 'an algorithm that is not personal');
SELECT pg_temp.say($$'lists', NULL$$);
SELECT is(pg_temp.said('call', 'answer'), 'popular items: the user has no history', 'no user');
SELECT pg_temp.say($$'lists', 99999999999$$);
SELECT is(pg_temp.said('call', 'answer'), 'popular items: the user has no history', 'an id that the type does not hold');

-- factors
SELECT pg_temp.say($$'factors', 3$$);
SELECT matches(pg_temp.said('process', 'factors'), '^not read yet', 'factors are not read');
SELECT is(pg_temp.said('call', 'answer'), 'all rows are personalized, by factors', 'by factors');
SELECT matches(pg_temp.said('hint', 'process'), 'a pool', 'a pool helps');
SELECT pg_temp.say($$'factors', 3$$);
SELECT matches(pg_temp.said('process', 'factors'), '^in memory', 'factors are kept');

-- other types, other roles, other states
SELECT pg_temp.say($$'words', '3', candidates => '{i1,i2}'$$);
SELECT is(pg_temp.said('call', 'candidates'), '2 given, of which the model knows 2', 'literals');
SELECT throws_ok($$SELECT * FROM affinity.explain_call('lists', 'x')$$, '22P02', NULL, 'a literal that is no id');
SELECT throws_ok($$SELECT * FROM affinity.explain_call('words', 3)$$, '42804', NULL, 'an id of another type');
SELECT throws_ok($$SELECT * FROM affinity.explain_call('nothing', 3)$$, '42704', 'model "nothing" does not exist', 'no model');
DELETE FROM lists.model;
SELECT pg_temp.say($$'lists', 3$$);
SELECT is(pg_temp.said('call', 'answer'), 'there are no rows: the model is not trained', 'not trained');
CREATE ROLE explain_stranger;
SET LOCAL ROLE explain_stranger;
SELECT throws_ok($$SELECT * FROM affinity.explain_call('factors', 3)$$, '42501', NULL, 'who may not use the schema');
RESET ROLE;
GRANT USAGE ON SCHEMA words TO explain_stranger;
SET LOCAL ROLE explain_stranger;
SELECT throws_ok($$SELECT * FROM affinity.explain_call('words', '3')$$, '42501', NULL, 'who may not read the source');

SELECT * FROM finish();
ROLLBACK;
