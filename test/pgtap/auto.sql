-- Algorithm "auto": what is chosen of data whose answer is known, that the
-- choice is the same every time, and how long it stays.
BEGIN;
SET client_min_messages = warning;
SET jit = off;
SELECT plan(41);
SELECT setseed(0.5);

-- Notices of a statement, without the times of the training.
CREATE FUNCTION pg_temp.say(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	message text;
	hint text;
BEGIN
	EXECUTE statement;
	RETURN 'no error';
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS hint = PG_EXCEPTION_HINT;
	RETURN SQLERRM || '; ' || hint;
END $$;
CREATE FUNCTION pg_temp.choice(model text) RETURNS text LANGUAGE sql AS $$
	SELECT algorithm || ' ' || options || ' ' || training FROM affinity.models WHERE name = model
$$;
CREATE FUNCTION pg_temp.figure(model text, figure text) RETURNS float8 LANGUAGE sql AS $$
	SELECT (training->>figure)::float8 FROM affinity.models WHERE name = model
$$;

-- Budgets are small, for the sake of time.
-- 400 users in 8 circles of 15 items, most of what they have is of their own:
-- with popularity alone one item in eight is right. Four folds of 100 users.
CREATE TABLE circles AS
SELECT u, CASE WHEN random() < 0.9 THEN u % 8 * 15 + (random() * 14)::int ELSE (random() * 119)::int END AS i,
	timestamp '2024-01-01' + random() * interval '300 days' AS at
FROM generate_series(1, 400) u, generate_series(1, 9);
-- Everybody has what there is, without any taste, the first items more often.
CREATE TABLE noise AS
SELECT u, (random() * random() * 80)::int AS i, timestamp '2024-01-01' + random() * interval '300 days' AS at
FROM generate_series(1, 600) u, generate_series(1, 12);
CREATE TABLE tiny AS SELECT * FROM circles WHERE u <= 12;
-- Items live for a month: what is wanted now says all.
CREATE TABLE fashion AS
SELECT u, least(299, greatest(0, (d + (random() - 0.5) * 20)::int)) AS i, timestamp '2024-01-01' + d * interval '1 day' AS at
FROM (SELECT u, random() * 300 AS d FROM generate_series(1, 600) u, generate_series(1, 12)) x;

-- ---- what is chosen ---------------------------------------------------------

SELECT lives_ok($$SELECT affinity.create_model('circles', 'SELECT u, i FROM circles', 'auto', '{"budget": "0.2 seconds"}')$$);
SELECT isnt((SELECT algorithm FROM affinity.models WHERE name = 'circles'), 'popular', 'tastes are found');
SELECT cmp_ok(pg_temp.figure('circles', 'auto_gain_low'), '>', 0.1::float8, '... and are surely better than popularity');
SELECT cmp_ok(pg_temp.figure('circles', 'auto_ndcg'), '>', pg_temp.figure('circles', 'auto_popular_ndcg'), '... by these figures');
SELECT cmp_ok(pg_temp.figure('circles', 'auto_users'), '<', 150::float8, 'a quarter of the users are tested on');
SELECT cmp_ok(pg_temp.figure('circles', 'auto_folds'), '>', 1::float8, '... and others again, as they are few');

-- It is what create_model does where nothing else is said.
SELECT affinity.create_model('unsaid', 'SELECT u, i FROM circles', options => '{"budget": "0.2 seconds"}');
SELECT is(pg_temp.choice('unsaid'), pg_temp.choice('circles'), 'auto is the default');
SELECT is(pg_temp.say($$SELECT affinity.create_model('unsaid2', 'SELECT u, i FROM circles', options => '{"neighbors": 5}')$$),
	'unknown option "neighbors" of algorithm auto; Valid options are: budget, seed, seen, users. Those of another algorithm need its name: algorithm => ''item_knn''.', 'options of others need a name');

SELECT lives_ok($$SELECT affinity.create_model('noise', 'SELECT u, i FROM noise', 'auto', '{"budget": "0.2 seconds"}')$$);
SELECT cmp_ok(pg_temp.figure('noise', 'auto_gain_low'), '<=', 0::float8, 'nothing beats the popular list on noise');

SELECT lives_ok($$SELECT affinity.create_model('tiny', 'SELECT u, i FROM tiny', 'auto')$$);
SELECT is((SELECT algorithm FROM affinity.models WHERE name = 'tiny'), 'ease', 'too little data: ease');
SELECT affinity.create_model('plain', 'SELECT u, i FROM tiny', 'ease');
SELECT is((SELECT options FROM affinity.models WHERE name = 'tiny'), (SELECT options FROM affinity.models WHERE name = 'plain'), '... with its defaults');
SELECT results_eq('SELECT * FROM tiny.recommend_all(5)', 'SELECT * FROM plain.recommend_all(5)', '... is what it answers');
SELECT is(pg_temp.figure('tiny', 'auto_trials'), 0::float8, 'nothing was tried');
SELECT is(pg_temp.figure('tiny', 'auto_ndcg'), NULL, 'nothing was measured');

SELECT lives_ok($$SELECT affinity.create_model('fashion', 'SELECT u, i, 1, at FROM fashion', 'auto', '{"budget": "0.2 seconds"}')$$);
-- The figure is what evaluate() says of the choice on the same folds: the newest tenth of the rows, and
-- those before it as if the source ended there.
CREATE FUNCTION pg_temp.cut(fold int) RETURNS timestamp LANGUAGE sql AS $$
	SELECT (array_agg(at ORDER BY at))[count(*) - floor(0.1::float8 * (fold + 1) * count(*)) + 1] FROM fashion
$$;
CREATE TABLE cuts AS SELECT f, pg_temp.cut(f) AS cut, CASE WHEN f = 0 THEN 'infinity' ELSE pg_temp.cut(f - 1) END AS until
FROM generate_series(0, pg_temp.figure('fashion', 'auto_folds')::int - 1) f;
SELECT is(round((sum(e.value * e.users) / sum(e.users))::numeric, 5), round(pg_temp.figure('fashion', 'auto_ndcg')::numeric, 5),
	'auto_ndcg is that of evaluate')
FROM cuts, affinity.models m, affinity.evaluate(query => format('SELECT u, i, 1, at FROM fashion WHERE at < %L', until),
	algorithm => m.algorithm, options => m.options, split => 'time', as_of => cut::affinity.moment, k => '{20}', metrics => '{ndcg}') e
WHERE m.name = 'fashion' AND e.targets = 'new';
SELECT ok((SELECT options->>'half_life' IS NOT NULL OR (options->>'trend')::float8 > 0 OR (options->>'history_decay')::float8 < 1
	FROM affinity.models WHERE name = 'fashion'), 'times are used where they say all');
SELECT cmp_ok(pg_temp.figure('fashion', 'auto_ndcg'), '>', 2 * pg_temp.figure('fashion', 'auto_popular_ndcg'), '... far better than what was popular ever');

-- ---- the same every time ----------------------------------------------------

SET max_parallel_workers_per_gather = 0;
SELECT affinity.create_model('again', 'SELECT u, i FROM (SELECT * FROM circles ORDER BY random()) c', 'auto', '{"budget": "0.2 seconds"}');
SELECT is(pg_temp.choice('again'), pg_temp.choice('circles'), 'the same without workers and in any order of rows, to the last bit');
RESET max_parallel_workers_per_gather;
SELECT affinity.create_model('seeded', 'SELECT u, i FROM circles', 'auto', '{"seed": 7, "budget": "0.05 seconds"}');
SELECT isnt(pg_temp.figure('seeded', 'auto_ndcg'), pg_temp.figure('circles', 'auto_ndcg'), 'another seed, another split');
SELECT affinity.create_model('small', 'SELECT u, i FROM circles', 'auto', '{"budget": "0.03 seconds"}');
SELECT cmp_ok(pg_temp.figure('small', 'auto_trials'), '<', pg_temp.figure('circles', 'auto_trials'), 'a smaller budget, fewer trials');
SELECT cmp_ok(pg_temp.figure('small', 'auto_work'), '<=', 0.03::float8, '... within it');
SELECT affinity.create_model('nothing', 'SELECT u, i FROM circles', 'auto', '{"budget": "0.00001 seconds"}');
SELECT is((SELECT algorithm FROM affinity.models WHERE name = 'nothing'), 'item_knn', 'no budget: item_knn');
SELECT affinity.create_model('back', 'SELECT u, i, CASE WHEN i = 3 THEN -1 ELSE 1 END FROM circles', 'auto', '{"seen": "positive", "budget": "0.1 seconds"}');
SELECT is((SELECT options->>'seen' FROM affinity.models WHERE name = 'back'), 'positive', 'seen is that of auto');

-- ---- how long it stays ------------------------------------------------------

SELECT results_eq($$SELECT algorithm, given_options, choice FROM circles.definition$$,
	$$SELECT algorithm, '{"budget": "0.2 seconds"}'::jsonb, 'made' FROM affinity.models WHERE name = 'circles'$$, 'the definition has the choice');
CREATE TEMP TABLE before AS SELECT pg_temp.choice('circles') AS c;
TRUNCATE circles;
INSERT INTO circles SELECT * FROM noise WHERE u <= 400;
SELECT affinity.refresh_model('circles');
SELECT is((SELECT algorithm || ' ' || options FROM affinity.models WHERE name = 'circles'),
	(SELECT algorithm || ' ' || options FROM affinity.models WHERE name = 'again'), 'a refresh keeps the choice');
SELECT is(pg_temp.figure('circles', 'auto_ndcg'), pg_temp.figure('again', 'auto_ndcg'), '... and its figures');
SELECT affinity.refresh_model('circles', retune => true);
SELECT isnt(pg_temp.figure('circles', 'auto_ndcg'), pg_temp.figure('again', 'auto_ndcg'), 'retune asks again');
SELECT cmp_ok(pg_temp.figure('circles', 'auto_gain_low'), '<=', 0::float8, '... of the rows as they are now');
SELECT is(pg_temp.say($$SELECT affinity.refresh_model('plain', retune => true)$$),
	$$the algorithm of model "plain" was not chosen by auto; To have it chosen: SELECT affinity.alter_model('plain', algorithm => 'auto');$$);
SELECT affinity.alter_model('plain', algorithm => 'auto', options => '{"budget": "0.2 seconds"}', query => 'SELECT u, i, 1, at FROM fashion');
SELECT is(pg_temp.choice('plain'), pg_temp.choice('fashion'), 'alter_model to auto is as made so');
SELECT affinity.alter_model('seeded', algorithm => (SELECT algorithm FROM seeded.definition), options => '{"seen": "positive"}');
SELECT results_eq('SELECT choice, given_options FROM seeded.definition',
	$$SELECT '', options FROM affinity.models WHERE name = 'seeded'$$, 'naming what was chosen fixes it, with its options');
SELECT is(pg_temp.figure('seeded', 'auto_ndcg'), NULL, '... as anybody''s');
SELECT affinity.alter_model('small', options => '{"budget": "0.2 seconds"}');
SELECT is((SELECT algorithm || ' ' || options FROM affinity.models WHERE name = 'small'),
	(SELECT algorithm || ' ' || options FROM affinity.models WHERE name = 'circles'), 'other options of auto: it chooses anew');

-- ---- untrained --------------------------------------------------------------

SELECT affinity.create_model('later', 'SELECT u, i, 1, at FROM fashion', 'auto', '{"budget": "0.2 seconds"}', train => false);
SELECT is((SELECT algorithm || ' ' || status FROM affinity.models WHERE name = 'later'), 'auto untrained');
SELECT is_empty('SELECT * FROM later.recommend(1::bigint)', 'it answers with no rows');
SELECT affinity.refresh_model('later');
SELECT is(pg_temp.choice('later'), pg_temp.choice('fashion'), 'the first training chooses');

-- what a restore without data leaves: a definition with a choice, and no row
DELETE FROM later.model;
DELETE FROM later.items;
SELECT affinity.refresh_model('later');
SELECT results_eq('SELECT algorithm, options FROM later.model', 'SELECT algorithm, options FROM fashion.model', 'the definition keeps the choice without data');

SELECT is(pg_temp.say($$SELECT affinity.alter_model('later', options => '{"neighbors": 5}')$$),
	'unknown option "neighbors" of algorithm auto; Valid options are: budget, seed, seen, users. Those of another algorithm need its name: algorithm => ''item_knn''.');

SELECT finish();
ROLLBACK;
