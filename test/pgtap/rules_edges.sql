-- Rules over a list: many items, where lists of all users are found by panels;
-- ends of lists, arguments that make no sense, and what each rule says of itself.
BEGIN;
SET client_min_messages = error;
SET check_function_bodies = off;
SET jit = off;
SELECT plan(119);
SELECT setseed(0.7);

-- ---- many items ----------------------------------------------------------------

-- 300 users, 6,000 items, in 700 groups or, by another expression, in 12.
CREATE TABLE facts AS
SELECT u, (random() * random() * 5999)::int AS i, 1 + floor(random() * 5)::real AS w, timestamp '2026-01-01' + random() * interval '90 days' AS at
FROM generate_series(1, 300) u, generate_series(1, 40);
CREATE TABLE things AS SELECT i AS item_id, i * 7 % 700 AS shelf, i % 12 AS aisle, i % 2 = 0 AS even, i % 100 = 0 AS rare, 0.5 + i % 9 AS price
FROM generate_series(0, 5999) i;
SELECT affinity.create_model('wide_' || name, source, algorithm, options) FROM (VALUES
	('ials', 'SELECT u, i, w, at FROM facts', 'ials', '{"factors": 12, "iterations": 2}'::jsonb),
	('als', 'SELECT u, i, w - 3, at FROM facts', 'als', '{"factors": 8, "iterations": 3}'),
	('knn', 'SELECT u, i, w, at FROM facts', 'item_knn', '{}')) m(name, source, algorithm, options);
SELECT affinity.set_rules('wide_' || name, items => 'things', group_by => 'shelf') FROM unnest(ARRAY['ials', 'als', 'knn']) name;
CREATE FUNCTION pg_temp.wrong(m text, args text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
	n bigint;
BEGIN
	EXECUTE format($q$SELECT count(*) FROM %1$I.recommend_all(%2$s, users => 'SELECT * FROM generate_series(1, 130)') b FULL JOIN
		(SELECT u AS user_id, r.* FROM generate_series(1, 130) u, %1$I.recommend(u, %2$s) r) o
		USING (user_id, rank) WHERE (b.item_id, b.score, b.personalized) IS DISTINCT FROM (o.item_id, o.score, o.personalized)$q$, m, args) INTO n;
	RETURN n;
END
$$;
SELECT is(pg_temp.wrong('wide_' || name, args), 0::bigint, format('%s(%s): all lists are those of each user', name, args))
FROM unnest(ARRAY['ials', 'als', 'knn']) name, unnest(ARRAY[
	'k => 7',
	'k => 7, eligible => ''even''',
	'k => 7, eligible => ''rare''',
	'k => 7, eligible => ''even'', boost => ''price'', max_per_group => 1',
	'k => 20, boost => ''1 / price'', penalty => 1, exclude => ARRAY[1, 2, 3, 4, 5, 6]',
	'k => 30, max_per_group => 1, group_by => ''aisle''',
	'k => 10, max_per_group => 3, group_by => ''aisle % 3'', exclude => ARRAY[0, 12, 24]',
	'k => 10, diversity => 0.4, exploration => 0.2, seed => 9, after_rank => 25',
	'k => 10, boost => ''{"5": 1e30, "17": 1e-30}''',
	'k => 5, pin => ARRAY[4000, 1, 4000, 99999], min_score => 0.01',
	'k => 9, not_within => ''1 year'', boost => ''price''']) args ORDER BY name, args;
SELECT cmp_ok((SELECT count(*) FROM wide_ials.recommend(5, k => 30, max_per_group => 1, group_by => 'aisle')), '=', 12::bigint, 'a list ends where all groups are full');
SELECT is((SELECT max(n) FROM (SELECT count(*) AS n FROM wide_als.recommend_all(40, max_per_group => 2) r JOIN things USING (item_id) GROUP BY user_id, shelf) x), 2::bigint,
	'no more than max_per_group of one');
SELECT results_eq('SELECT user_id, count(*) FROM wide_knn.recommend_all(30, eligible => ''rare'') GROUP BY user_id ORDER BY user_id',
	'SELECT u, least(30, count(*)) FROM generate_series(1, 300) u, wide_knn.items x WHERE item_id % 100 = 0
		AND NOT EXISTS (SELECT FROM facts f WHERE f.u = u.u AND f.i = x.item_id) GROUP BY u ORDER BY u', 'k rows, or as many as are left');

-- ---- ends ----------------------------------------------------------------------

CREATE TABLE few (u int, i int, at timestamptz);
INSERT INTO few VALUES (1, 1, now() - interval '1 day'), (1, 2, now() - interval '9 days'), (2, 1, now()), (2, 3, now()), (3, 3, now()), (3, 2, NULL), (4, 4, now());
SELECT affinity.create_model('few', 'SELECT u, i, 1, at FROM few');
UPDATE few SET at = 'infinity' WHERE u = 4;
INSERT INTO few VALUES (4, 1, '-infinity');
CREATE FUNCTION pg_temp.items(args text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	answer text;
BEGIN
	EXECUTE format('SELECT string_agg(item_id::text, '' '' ORDER BY rank) FROM few.recommend(%s)', args) INTO answer;
	RETURN coalesce(answer, '');
END
$$;
SELECT is(pg_temp.items(args), want, args) FROM (VALUES
	('1', '3 4'),
	('1, k => 0, pin => ARRAY[1], diversity => 0.5', ''),
	('1, k => 0, after_rank => 1', ''),
	('1, after_rank => 1', '4'),
	('1, after_rank => 2', ''),
	('1, after_rank => 9223372036854775807', ''),
	('1, k => 9223372036854775807, after_rank => 1, diversity => 1, max_per_group => 0', '4'),
	('1, exclude => ARRAY[3, 4]', ''),
	('1, exclude => ARRAY[3, 4], exploration => 1', ''),
	('1, candidates => NULL, diversity => 1', ''),
	('1, candidates => ARRAY[4], diversity => 1', '4'),
	('1, pin => ARRAY[4, 4, 77, NULL, 3]', '4 3'),
	('1, pin => ARRAY[2, 1]', '2 1 3 4'),
	('1, pin => ARRAY[2, 1], k => 1', '2'),
	('1, pin => ARRAY[2, 1], k => 2, after_rank => 1', '1 3'),
	('1, pin => ARRAY[2, 1], exclude => ARRAY[2]', '1 3 4'),
	('1, pin => ARRAY[2, 1], candidates => ARRAY[1, 4]', '1 4'),
	('1, pin => ARRAY[4, 3, 2, 1]', '4 3 2 1'),
	('1, pin => ARRAY[4, 3, 2, 1], diversity => 1, exploration => 1', '4 3 2 1'),
	('1, pin => ''{}''', '3 4'),
	('77, pin => ARRAY[2]', '2 1 3 4'),
	('NULL, pin => ARRAY[2], exploration => 0', '2 1 3 4'),
	('1, min_score => 1e300', ''),
	('1, min_score => 1e300, pin => ARRAY[2]', '2'),
	('1, min_score => 1e-30', '3'),
	('1, min_score => ''-infinity''', '3 4'),
	('1, not_within => ''0''', '3 1 2 4'),
	('1, not_within => ''5 days''', '3 2 4'),
	('1, not_within => ''10 days''', '3 4'),
	('1, not_within => ''10 days'', exclude_seen => false', '3 4'),
	('3, not_within => ''100 years''', '1 2 4'),
	('4, not_within => ''100 years''', '2 3 1'),
	('1, boost => ''{"4": 1e30, "3": 1e-30}''', '3 4'),
	('77, boost => ''{"4": 1e30, "3": 1e-30}''', '4 1 2 3')) t(args, want);
SELECT results_eq('SELECT user_id, string_agg(item_id::text, '' '' ORDER BY rank) FROM few.recommend_all(not_within => ''5 days'') GROUP BY 1 ORDER BY 1',
	'SELECT u, pg_temp.items(u || '', not_within => ''''5 days'''''') FROM generate_series(1, 4) u', 'the same for all');
SELECT results_eq('SELECT DISTINCT user_id FROM few.recommend_all(users => ''SELECT * FROM unnest(ARRAY[3, 1, 3, NULL, 77, 99999999999])'') ORDER BY 1',
	'VALUES (1), (3)', 'users who are asked for, each once');
SELECT is_empty('SELECT * FROM few.recommend_all(users => ''SELECT 1 WHERE false'')', 'no users, no rows');
SELECT is_empty('SELECT * FROM few.recommend_all(candidates => NULL)', 'no candidates, no rows');
SELECT results_eq('SELECT user_id, item_id, rank FROM few.recommend_all(candidates => ARRAY[2, 4], exclude => ARRAY[2])', 'VALUES (1, 4, 1), (2, 4, 1), (3, 4, 1)', 'candidates and excluded ones');
SELECT results_eq('SELECT item_id, score, personalized FROM few.recommend(77, pin => ARRAY[3])', 'VALUES (3, 2::real, false), (1, 2::real, false), (2, 2::real, false), (4, 1::real, false)',
	'pinned and popular items have their popularity where nothing is personalized');
SELECT results_eq('SELECT * FROM few.recommend(1, repeat => 0, exploration => 0, penalty => 0, diversity => 0, max_per_group => 0, after_rank => 0)', 'SELECT * FROM few.recommend(1)', 'rules that say nothing');
SELECT is_empty('SELECT * FROM few.score(1, ARRAY[1, 2, 3]) s FULL JOIN few.recommend(1, exclude_seen => false, candidates => ARRAY[1, 2, 3]) r USING (item_id) WHERE s.score IS DISTINCT FROM r.score',
	'score has no rules');

-- ---- arguments -----------------------------------------------------------------

SELECT throws_ok(format('SELECT * FROM few.%s(%s %s)', f, a, args), '22023', message, f || ': ' || args)
FROM (VALUES ('recommend', '1,'), ('recommend_for', 'ARRAY[1],'), ('recommend_all', '')) f(f, a), (VALUES
	('penalty => ''NaN''', 'penalty must be between 0 and 1, not NaN'),
	('penalty => 1.5', 'penalty must be between 0 and 1, not 1.5'),
	('diversity => -0.1', 'diversity must be between 0 and 1, not -0.1'),
	('diversity => ''infinity''', 'diversity must be between 0 and 1, not Infinity'),
	('exploration => 2', 'exploration must be between 0 and 1, not 2'),
	('min_score => ''NaN''', 'min_score must be a number that scores can reach, not NaN'),
	('min_score => ''infinity''', 'min_score must be a number that scores can reach, not Infinity'),
	('after_rank => -1', 'after_rank must be 0 or more, not -1'),
	('max_per_group => -1', 'max_per_group must be 0 or more, not -1'),
	('max_per_group => 1', 'max_per_group needs groups of items')) t(args, message);
SELECT throws_ok($$SELECT * FROM few.recommend(1, not_within => '-1 day')$$, '22023', 'not_within must not be negative, but is -1 days');
SELECT affinity.create_model('untimed', 'SELECT u, i FROM few');
SELECT throws_ok($$SELECT * FROM untimed.recommend(1, not_within => '1 day')$$, '22023', 'not_within needs times, which the source of model "untimed" does not have');
SELECT throws_ok($$SELECT * FROM untimed.recommend_all(not_within => '1 day')$$, '22023', 'not_within needs times, which the source of model "untimed" does not have');
SELECT throws_ok($$SELECT * FROM few.recommend_all(users => 'SELECT 1, 2, 3')$$, '42804', 'users must be a query of ids of users, or of ids and groups, but it has 3 columns');
SELECT throws_ok($$SELECT * FROM few.recommend_all(users => 'SELECT ''x''::text')$$, '42804', 'users must be a query of ids of users, or of ids and groups, but the ids are of type text and the model''s of type integer');
SELECT throws_like($$SELECT * FROM few.recommend_all(users => 'DELETE FROM few')$$, '%one SELECT%', 'users do not write');
SELECT throws_like($$SELECT * FROM few.recommend_all(users => 'SELECT 1; SELECT 2')$$, '%one SELECT%', 'one query');

-- ---- signals, and a copy of the interactions --------------------------------------

CREATE TABLE shop AS SELECT u, (random() * 30)::int AS i, CASE WHEN random() < 0.5 THEN 'buy' ELSE 'view' END AS kind, now() - random() * interval '40 days' AS at
FROM generate_series(1, 60) u, generate_series(1, 12);
SELECT affinity.create_model('kinds', 'SELECT u, i, 1, at, kind FROM shop', signals => '["buy", "view"]');
SELECT affinity.create_model('kept', 'SELECT u, i, 1, at FROM shop', materialize => true);
SELECT is_empty(format($q$SELECT * FROM %1$s.recommend_all(40, not_within => '20 days', diversity => 0.5, exploration => 0.3, seed => 1) b FULL JOIN
	(SELECT u AS user_id, r.* FROM (SELECT DISTINCT user_id AS u FROM %1$s.interactions) x, %1$s.recommend(u, 40, not_within => '20 days', diversity => 0.5, exploration => 0.3, seed => 1) r) o
	USING (user_id, rank) WHERE (b.item_id, b.score) IS DISTINCT FROM (o.item_id, o.score)$q$, name), name || ': all lists are those of each user')
FROM unnest(ARRAY['kinds', 'kept']) name;
SELECT is_empty($$SELECT 1 FROM kinds.recommend_all(40, not_within => '20 days') r JOIN shop s ON s.u = r.user_id AND s.i = r.item_id
	WHERE s.kind = 'buy' AND s.at > now() - interval '20 days'$$, 'what was bought lately is not recommended');
SELECT isnt_empty($$SELECT 1 FROM kinds.recommend_all(40, not_within => '20 days') r JOIN shop s ON s.u = r.user_id AND s.i = r.item_id
	WHERE s.kind = 'buy'$$, 'what was bought long ago is');

ROLLBACK;
