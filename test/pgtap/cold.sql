-- Users that are new: baskets with weights and times against histories, and what is
-- popular, in groups of users and of late, against plain SQL. How lists are filled
-- up from it under rules is in rules.sql.
BEGIN;
SET client_min_messages = error;
SET jit = off;
SELECT * FROM no_plan();
SELECT setseed(0.47);

CREATE TABLE facts AS
SELECT u, i, (floor(random() * 9) - 2)::real AS w,
	CASE WHEN random() < 0.9 THEN date_trunc('second', timestamp '2026-03-01' + random() * interval '60 days') END AS at
FROM (SELECT (random() * random() * 69)::int AS u, (random() * random() * 170)::int AS i FROM generate_series(1, 2600)) r;
INSERT INTO facts SELECT u, i, w + 1, at - interval '20 days' FROM facts WHERE random() < 0.3;
CREATE INDEX ON facts (u);

-- ---- baskets that are histories ----------------------------------------------

CREATE TABLE models (name text PRIMARY KEY, algorithm text, options jsonb, query text);
INSERT INTO models VALUES
	('knn', 'item_knn', '{"neighbors": 9}', 'SELECT u, i, w, at FROM facts'),
	('lately', 'item_knn', '{"neighbors": 20, "weights": "linear", "history_half_life": "9 days", "seen": "positive"}', 'SELECT u, i, w, at FROM facts'),
	('decayed', 'item_knn', '{"history_decay": 0.8}', 'SELECT u, i, w, at AT TIME ZONE ''UTC'' FROM facts'),
	('until_now', 'item_knn', '{"history_half_life": "200 days", "history_reference": "now"}', 'SELECT u, i, w, at FROM facts'),
	('signed', 'item_knn', '{"neighbors": 12, "weights": "signed"}', 'SELECT u, i, w - 2, at FROM facts'),
	('next', 'next_item', '{}', 'SELECT u, i, w, at FROM facts'),
	('again', 'buy_again', '{}', 'SELECT u, i, w, at FROM facts'),
	('ease', 'ease', '{"history_half_life": "12 days"}', 'SELECT u, i, w, at FROM facts'),
	('graph', 'graph_filter', '{}', 'SELECT u, i, w, at FROM facts'),
	('popular', 'popular', '{}', 'SELECT u, i, w, at FROM facts'),
	('ials', 'ials', '{"factors": 8, "iterations": 3, "confidence": "log"}', 'SELECT u, i, w, at FROM facts'),
	('ials_lately', 'ials', '{"factors": 8, "iterations": 3, "history_half_life": "12 days"}', 'SELECT u, i, w, at FROM facts'),
	('als', 'als', '{"factors": 6, "iterations": 5}', 'SELECT u, i, w, at FROM facts');
SELECT affinity.create_model(name, query, algorithm, options) FROM models;
-- what a training would refuse or leave out is in histories all the same
INSERT INTO facts VALUES (3, 5, 'NaN', '2026-04-01'), (3, 8, 'Infinity', '2026-04-01'), (5, 8, '-Infinity', NULL), (8, 2, 3, 'infinity'), (8, 3, 2, '-infinity'),
	(200, 1, 2, '2026-04-02'), (200, 1, 2, '2026-04-03'), (201, 4, -1, NULL), (202, 999, 1, '2026-04-01'), (203, 7, 1e-40, '2026-04-04'), (203, 9, 3e38, '2026-04-04'),
	(203, 9, 3e38, '2026-04-05'), (203, 11, 1, '2026-04-05');
CREATE FUNCTION pg_temp.wrong_baskets(m text) RETURNS TABLE (u int, wrong bigint) LANGUAGE plpgsql AS $$
BEGIN
	RETURN QUERY EXECUTE format($q$
		SELECT v.u, (SELECT count(*) FROM %1$I.recommend(v.u, k => 1000, repeat => 0) r FULL JOIN %1$I.recommend_for(v.items, k => 1000,
			weights => v.weights, times => v.times) b USING (rank)
			WHERE (r.item_id, r.score, r.personalized) IS DISTINCT FROM (b.item_id, b.score, b.personalized))
		FROM (SELECT user_id AS u, array_agg(item_id ORDER BY random()) AS items FROM %1$I.interactions GROUP BY 1) o,
			LATERAL (SELECT user_id AS u, array_agg(item_id ORDER BY r) AS items, array_agg(weight ORDER BY r) AS weights, array_agg(at ORDER BY r) AS times
				FROM (SELECT *, random() AS r FROM %1$I.interactions WHERE user_id = o.u) x GROUP BY 1) v$q$, m);
END
$$;
SELECT is_empty(format('SELECT * FROM pg_temp.wrong_baskets(%L) WHERE wrong > 0', name), format('%s: a user''s rows as a basket are the user', name)) FROM models ORDER BY name;
SELECT is(count(*), (SELECT count(DISTINCT user_id) FROM knn.interactions), 'of all users') FROM pg_temp.wrong_baskets('knn');

-- ---- what an array may hold
SELECT results_eq('SELECT * FROM knn.recommend_for(ARRAY[1, 4, 9], weights => ARRAY[1, NULL, 1])', 'SELECT * FROM knn.recommend_for(ARRAY[1, 4, 9], weights => ARRAY[1, 1, 1])',
	'NULL is the weight 1');
SELECT results_eq('SELECT * FROM knn.recommend_for(ARRAY[1, 4, 9], weights => ARRAY[1, 1, 1])', 'SELECT * FROM knn.recommend_for(ARRAY[1, 4, 9])', 'which no weights are too');
SELECT isnt((SELECT array_agg(score) FROM lately.recommend_for(ARRAY[1, 4, 9], weights => ARRAY[1, 1, 5])),
	(SELECT array_agg(score) FROM lately.recommend_for(ARRAY[1, 4, 9])), 'others count');
SELECT results_eq('SELECT * FROM lately.recommend_for(ARRAY[1, 4, 4], weights => ARRAY[1, 2, 3])', 'SELECT * FROM lately.recommend_for(ARRAY[1, 4], weights => ARRAY[1, 5])',
	'weights of an item are summed');
SELECT results_eq('SELECT * FROM knn.recommend_for(ARRAY[1, 4, 4], times => ARRAY[now(), now(), NULL])', 'SELECT * FROM knn.recommend_for(ARRAY[1, 4])',
	'times do nothing where nothing decays');
SELECT isnt((SELECT array_agg(r::text) FROM lately.recommend_for(ARRAY[1, 4], times => ARRAY['2026-01-01', '2026-03-01']::timestamp[]) r),
	(SELECT array_agg(r::text) FROM lately.recommend_for(ARRAY[1, 4]) r), 'else they do');
SELECT results_eq('SELECT * FROM lately.recommend_for(ARRAY[1, 4, NULL, 999], weights => ARRAY[1, 2, 3, 4])', 'SELECT * FROM lately.recommend_for(ARRAY[1, 4], weights => ARRAY[1, 2])',
	'no item and an unknown one say nothing');
SELECT results_eq($$SELECT * FROM lately.recommend_for(ARRAY[1, 4], weights => ARRAY[1, 'NaN']::real[], k => 500)$$,
	'SELECT * FROM lately.recommend_for(ARRAY[1], weights => ARRAY[1], k => 500)', 'what does not count is not seen where only what counts is');
SELECT is((SELECT count(*) FROM knn.recommend_for(ARRAY[1, 4], weights => ARRAY[1, 'NaN']::real[], k => 500) WHERE item_id = 4), 0::bigint, 'elsewhere it is seen');
SELECT is((SELECT count(*) FROM knn.recommend_for(NULL, weights => ARRAY[1])), (SELECT count(*) FROM knn.recommend_for(NULL)), 'no items are no basket');
SELECT results_eq($$SELECT * FROM knn.recommend_for('{}', weights => '{}', times => '{}')$$, $$SELECT * FROM knn.recommend_for('{}')$$, 'nor is an empty one');
SELECT throws_ok('SELECT * FROM knn.recommend_for(ARRAY[1, 4], weights => ARRAY[1])', '2202E', 'weights has 1 element, but items 2');
SELECT throws_ok('SELECT * FROM knn.recommend_for(ARRAY[1, 4], times => ARRAY[now(), now(), now()])', '2202E', 'times has 3 elements, but items 2');
SELECT results_eq($$SELECT item_id, score, rank FROM affinity.recommend_for_core('knn', ARRAY[1, 4], 5, NULL::int[], NULL::int[]) t(item_id int, score real, rank int, personalized bool)$$,
	'SELECT item_id, score, rank FROM knn.recommend_for(ARRAY[1, 4], 5)', 'functions of models made before go on');
SELECT is((SELECT count(*) FROM lately.recommend_for((SELECT array_agg(1 + g % 160) FROM generate_series(1, 9000) g), weights => (SELECT array_agg(1) FROM generate_series(1, 9000)),
	times => (SELECT array_agg(now() - g * interval '1 min') FROM generate_series(1, 9000) g))), (SELECT count(*) FROM lately.items WHERE item_id NOT BETWEEN 1 AND 160), 'a long basket');
SELECT results_eq($$SELECT * FROM lately.recommend_for((SELECT array_agg(g % 3) FROM generate_series(1, 9000) g), weights => (SELECT array_agg(1) FROM generate_series(1, 9000)))$$,
	'SELECT * FROM lately.recommend_for(ARRAY[0, 1, 2], weights => ARRAY[3000, 3000, 3000])', 'and one with few items');
SELECT affinity.set_rules('knn', not_within => '3 days');
SELECT is_empty($$SELECT * FROM knn.recommend_for(ARRAY[1], weights => ARRAY[1]) WHERE item_id = 1$$, 'a rule on times of users is none on a basket');

-- ---- groups --------------------------------------------------------------------

-- u % 5 is 4: in none; some in two; some rows twice; groups of users that are in no row, and a group without a name
CREATE TABLE members AS SELECT u, CASE u % 5 WHEN 0 THEN 'north' WHEN 1 THEN 'north' WHEN 2 THEN 'south' WHEN 3 THEN '' END AS g FROM generate_series(0, 80) u
UNION ALL SELECT u, 'south' FROM generate_series(0, 59, 5) u UNION ALL SELECT 3, '' UNION ALL SELECT 500, 'empty' UNION ALL SELECT NULL, 'north' UNION ALL SELECT 2, NULL;
DELETE FROM facts WHERE w IN ('NaN', 'Infinity', '-Infinity') OR u >= 200;
DELETE FROM facts WHERE at IN ('infinity', '-infinity');
UPDATE models SET options = options || '{"trend_half_life": "5 days"}' WHERE name = 'decayed';
INSERT INTO models VALUES ('weighed', 'popular', '{"measure": "weight"}', 'SELECT u, i, w, at FROM facts'),
	('faded', 'popular', '{"half_life": "10 days"}', 'SELECT u, i, w, at FROM facts'),
	('events', 'item_knn', '{}', 'SELECT u, i, w, at, CASE WHEN w < 0 THEN ''view'' ELSE ''buy'' END FROM facts');
SELECT affinity.create_model(name, query, algorithm, options, if_exists => 'replace', user_groups => 'SELECT u, g FROM members',
	signals => CASE WHEN name = 'events' THEN '{"buy": 1, "view": 0.2}'::jsonb END) FROM models;
SELECT is(user_groups, 'SELECT u, g FROM members', 'the definition has the query') FROM knn.definition;
SELECT matches(resolved_user_groups, 'FROM public.members', 'with its names qualified') FROM knn.definition;
-- Pairs that count, what they weigh, and the age of the latest row before the newest of all.
CREATE FUNCTION pg_temp.pairs(m text) RETURNS TABLE (u int, i int, w float8, age float8) LANGUAGE plpgsql AS $$
BEGIN
	RETURN QUERY EXECUTE format($q$
		SELECT user_id::int, item_id::int, sum(weight)::float8, extract(epoch FROM (SELECT max(at) FROM %1$I.interactions) - max(at))::float8
		FROM %1$I.interactions WHERE %2$L NOT IN ('next', 'faded') OR at IS NOT NULL GROUP BY 1, 2
		HAVING sum(weight) > 0 OR %2$L IN ('signed', 'als')$q$, m, m);
END
$$;
CREATE FUNCTION pg_temp.lists(m text) RETURNS TABLE (g text, trending bool, item int, score float8, place bigint) LANGUAGE plpgsql AS $$
DECLARE
	h float8;
BEGIN
	CREATE TEMP TABLE p ON COMMIT DROP AS SELECT * FROM pg_temp.pairs(m);
	IF m = 'events' THEN
		DELETE FROM p;
		INSERT INTO p SELECT user_id, item_id, sum(weight), extract(epoch FROM (SELECT max(at) FROM events.interactions) - max(at)) FROM events.interactions
			WHERE signal = 'buy' GROUP BY 1, 2 HAVING sum(weight) > 0;
	END IF;
	h := CASE m WHEN 'decayed' THEN 5 * 86400 WHEN 'faded' THEN 10 * 86400 ELSE 0.06 * (SELECT percentile_disc(0.5) WITHIN GROUP (ORDER BY age) FROM p) END;
	RETURN QUERY
	WITH named AS (SELECT DISTINCT x.u, x.g FROM members x WHERE x.g IS NOT NULL UNION ALL SELECT DISTINCT p.u, NULL FROM p),
	counted AS (
		SELECT n.g, t.trending, p.i, sum((CASE WHEN t.trending OR m = 'faded' THEN coalesce(power(2, -p.age / h), 0) WHEN m = 'weighed' THEN p.w ELSE 1 END)
			* CASE WHEN m = 'signed' THEN sign(p.w) ELSE 1 END)::float8 AS score
		FROM p JOIN named n USING (u), (VALUES (false), (true)) t(trending) WHERE t.trending OR n.g IS NOT NULL GROUP BY 1, 2, 3)
	SELECT c.g, c.trending, c.i, c.score, row_number() OVER (PARTITION BY c.g, c.trending ORDER BY c.score DESC, c.i) FROM counted c WHERE c.score > 0;
	DROP TABLE p;
END
$$;
CREATE FUNCTION pg_temp.wrong_lists(m text) RETURNS TABLE (g text, trending bool, got text, want text) LANGUAGE plpgsql AS $$
BEGIN
	RETURN QUERY EXECUTE format($q$
		WITH l AS MATERIALIZED (SELECT * FROM pg_temp.lists(%1$L)),
		stored AS (SELECT p.user_group AS g, p.trending, i.item_id AS item, s.score, s.place FROM %1$I.popular_items p
			CROSS JOIN LATERAL ROWS FROM (unnest(p.items), unnest(p.scores)) WITH ORDINALITY s(no, score, place) JOIN %1$I.items i ON i.item_no = s.no)
		SELECT coalesce(l.g, s.g), coalesce(l.trending, s.trending), s::text, l::text
		FROM stored s FULL JOIN l ON s.g IS NOT DISTINCT FROM l.g AND s.trending = l.trending AND s.item = l.item
		WHERE l.score IS NULL OR s.score IS NULL OR abs(l.score - s.score) > 1e-5 * l.score
			OR (s.place <> l.place AND NOT EXISTS (SELECT FROM l o WHERE o.g IS NOT DISTINCT FROM l.g AND o.trending = l.trending AND o.place = s.place
				AND abs(o.score - l.score) <= 1e-5 * l.score))$q$, m);
END
$$;
SELECT is_empty(format('SELECT * FROM pg_temp.wrong_lists(%L)', name), format('%s: lists are as SQL has them', name)) FROM models ORDER BY name;
SELECT is(array_agg((list_no, user_group, trending)::text ORDER BY list_no), ARRAY['(0,,t)', '(1,"",f)', '(2,"",t)', '(3,north,f)', '(4,north,t)', '(5,south,f)', '(6,south,t)'],
	'groups are in order, and those nobody of whom is known are none') FROM knn.popular_items;
SELECT results_eq('SELECT user_group, users FROM knn.popular_items WHERE NOT trending ORDER BY 1',
	'SELECT g, count(DISTINCT u) FROM members WHERE g IS NOT NULL AND u IN (SELECT p.u FROM pg_temp.pairs(''knn'') p) GROUP BY g ORDER BY g', 'with their users');
SELECT is((training->>'user_groups')::int, 3, 'the model''s row says how many there are') FROM affinity.models WHERE name = 'knn';
SELECT is(round((training->>'trending_half_life_days')::numeric, 3), 5.000, 'and a half-life') FROM affinity.models WHERE name = 'decayed';

-- ---- the function popular
CREATE FUNCTION pg_temp.popular(m text, the_group text, is_trending bool, allowed int[], without int[]) RETURNS TABLE (item_id int, score real, rank bigint) LANGUAGE plpgsql AS $$
BEGIN
	RETURN QUERY EXECUTE format($q$
		WITH l AS (SELECT i.item_id, s.score FROM %1$I.popular_items p CROSS JOIN LATERAL ROWS FROM (unnest(p.items), unnest(p.scores)) s(no, score)
			JOIN %1$I.items i ON i.item_no = s.no
			WHERE p.trending = %3$L AND p.user_group IS NOT DISTINCT FROM (SELECT g FROM members WHERE g = %2$L LIMIT 1)
				AND (p.user_group IS NOT NULL OR p.list_no = 0))
		SELECT i.item_id, CASE WHEN EXISTS (SELECT FROM l) THEN coalesce(l.score, 0) ELSE i.popularity END::real,
			row_number() OVER (ORDER BY l.score DESC NULLS LAST, CASE WHEN l.score IS NULL THEN i.popularity END DESC, i.item_no)
		FROM %1$I.items i LEFT JOIN l USING (item_id) WHERE (%4$L::int[] IS NULL OR i.item_id = ANY (%4$L)) AND i.item_id <> ALL (%5$L)$q$,
		m, the_group, is_trending, allowed, without);
END
$$;
SELECT is_empty(format($q$SELECT * FROM (VALUES (NULL, false), (NULL, true), ('north', false), ('north', true), ('south', false), ('', true), ('nobody', false), ('nobody', true)) g(g, t),
	(VALUES ('[0:0]={NULL}'::int[], NULL::int[], '{}'::int[]), (ARRAY[1, 2, 3, 5, 8, 13, 21, 34, 55, 89, 144, 150, 160, 166, 999], ARRAY[1, 2, 3, 5, 8, 13, 21, 34, 55, 89, 144, 150, 160, 166, 999], '{2, 5}')) c(given, allowed, without),
	(VALUES (3), (20), (1000)) k(k), LATERAL (SELECT array_agg(x::text ORDER BY rank) AS got FROM %1$I.popular(k, g, t, given, without) x) a,
	LATERAL (SELECT array_agg(x::text ORDER BY rank) AS want FROM pg_temp.popular(%1$L, g, t, allowed, without) x WHERE rank <= k) b
	WHERE got IS DISTINCT FROM want AND NOT (t AND %1$L = 'faded' AND g IS NOT DISTINCT FROM 'nobody')$q$, name), format('%s: popular gives them', name)) FROM models ORDER BY name;
SELECT results_eq($$SELECT * FROM faded.popular(20, 'nobody', true)$$, 'SELECT * FROM faded.popular(20)', 'what a half-life makes popular is trending');
SELECT is((SELECT count(*) FROM knn.popular(5, candidates => NULL)), 0::bigint, 'no candidates, no rows');
SELECT results_eq('SELECT * FROM knn.popular(0)', 'SELECT * FROM knn.popular() LIMIT 0', 'nor of no number');
SELECT throws_ok('SELECT * FROM knn.popular(-1)', '22023', 'k must not be negative, but is -1');
SELECT throws_ok('SELECT * FROM knn.popular(trending => NULL)', '22004', 'trending must not be null');
SELECT affinity.set_rules('knn', items => 'SELECT i AS item_id, i % 2 = 0 AS even FROM generate_series(0, 170) i', eligible => 'even', pin => ARRAY[44, 20]);
SELECT results_eq($$SELECT item_id, rank::bigint FROM knn.popular(12, 'south')$$,
	$$SELECT item_id, row_number() OVER (ORDER BY array_position(ARRAY[44, 20], item_id), rank) FROM pg_temp.popular('knn', 'south', false, NULL, '{}') p WHERE item_id % 2 = 0 ORDER BY 2 LIMIT 12$$,
	'rules of the model hold');
SELECT is((SELECT array_agg(score ORDER BY rank) FROM knn.popular(2, 'south')), ARRAY[(SELECT score FROM pg_temp.popular('knn', 'south', false, NULL, '{}') WHERE item_id = 44),
	(SELECT score FROM pg_temp.popular('knn', 'south', false, NULL, '{}') WHERE item_id = 20)], 'pinned items have the group''s scores');
SELECT affinity.set_rules('knn');

-- ---- in lists
SELECT results_eq($$SELECT item_id, score, rank FROM knn.recommend(900, 40, user_group => 'south')$$, $$SELECT * FROM knn.popular(40, 'south')$$, 'somebody unknown gets what is popular there');
SELECT results_eq($$SELECT item_id, score, rank FROM knn.recommend_for('{}', 40, user_group => 'south')$$, $$SELECT * FROM knn.popular(40, 'south')$$, 'as does an empty basket');
SELECT results_eq($$SELECT * FROM knn.recommend(900, 40, user_group => 'nobody')$$, $$SELECT * FROM knn.recommend(900, 40)$$, 'in an unknown group as in none');
SELECT results_eq($$SELECT item_id, score, rank FROM next.recommend(1, 500, user_group => 'south') WHERE personalized$$,
	$$SELECT item_id, score, rank FROM next.recommend(1, 500) WHERE personalized$$, 'what is personalized stays');
SELECT results_eq($$SELECT item_id FROM again.recommend(1, 500, exclude_seen => false, user_group => 'south') WHERE NOT personalized$$,
	$$SELECT item_id FROM again.popular(500, 'south') WHERE item_id NOT IN (SELECT item_id FROM again.recommend(1, 500, exclude_seen => false) WHERE personalized)$$, 'the group''s items fill up');

-- ---- in lists of many
-- one group a user: some have none, some an unknown one, some are in no row of the source
CREATE TABLE one_group AS SELECT u, (ARRAY['north', 'south', '', NULL, 'nobody'])[1 + u % 5] AS g FROM generate_series(0, 90) u;
CREATE FUNCTION pg_temp.as_one(m text, k int, arguments text, default_group text, condition text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	wanted text;
BEGIN
	EXECUTE format($q$SELECT string_agg(x::text, ' ' ORDER BY o.u, x.rank) FROM one_group o, LATERAL (SELECT o.u, r.* FROM %1$I.recommend(o.u, %2$s%3$s, user_group => coalesce(o.g, %4$L)) r) x
		WHERE (%5$s) AND o.u IN (SELECT user_id FROM %1$I.interactions)$q$, m, k, arguments, default_group, condition) INTO wanted;
	RETURN wanted;
END
$$;
CREATE FUNCTION pg_temp.same_lists(m text, k int, arguments text, default_group text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
	got text;
	want text := pg_temp.as_one(m, k, arguments, default_group, 'true');
BEGIN
	EXECUTE format($q$SELECT string_agg(x::text, ' ') FROM %1$I.recommend_all(%2$s, users => 'SELECT u, g FROM one_group', user_group => %4$L%3$s) x$q$, m, k, arguments, default_group) INTO got;
	RETURN NEXT ok(got IS NOT DISTINCT FROM want, format('%s.recommend_all(%s%s), else in %s', m, k, arguments, coalesce(default_group, 'none')));
	EXECUTE format($q$SELECT string_agg(x::text, ' ') FROM %1$I.recommend_users((SELECT array_agg(u ORDER BY u) FROM one_group WHERE u IN (SELECT user_id FROM %1$I.interactions)),
		%2$s, user_group => %4$L, user_groups => (SELECT array_agg(g ORDER BY u) FROM one_group WHERE u IN (SELECT user_id FROM %1$I.interactions))%3$s) x$q$, m, k, arguments, default_group) INTO got;
	RETURN NEXT ok(got IS NOT DISTINCT FROM want, format('%s.recommend_users(%s%s), all', m, k, arguments));
	EXECUTE format($q$SELECT string_agg(x::text, ' ') FROM %1$I.recommend_users('{3, 5, 11}', %2$s, user_group => %4$L, user_groups => '{NULL, north, south}'%3$s) x$q$, m, k, arguments, default_group) INTO got;
	RETURN NEXT ok(got IS NOT DISTINCT FROM pg_temp.as_one(m, k, arguments, default_group, 'o.u IN (3, 5, 11)'), format('%s.recommend_users(%s%s), few', m, k, arguments));
END
$$;
SELECT pg_temp.same_lists(name, k, '', g) FROM models, (VALUES (4, NULL), (30, 'south'), (1000, NULL)) a(k, g) ORDER BY name, k;
SELECT pg_temp.same_lists(m, 30, a, 'north') FROM unnest(ARRAY['knn', 'popular', 'ials', 'again']) m, unnest(ARRAY[', candidates => ARRAY(SELECT generate_series(0, 160, 3))',
	', exclude => ARRAY(SELECT generate_series(0, 160, 3))', ', penalty => 0.5', ', diversity => 0.3', ', exploration => 0.4, seed => 3', ', after_rank => 5',
	', pin => ARRAY[150, 4, 9], exclude => ARRAY[4]', ', min_score => 0.2', ', repeat => 0.4, penalty => 0.2']) a ORDER BY 1;
SELECT affinity.set_rules('knn', items => 'SELECT i AS item_id, i % 4 AS kind, i % 3 > 0 AS ok FROM generate_series(0, 170) i', eligible => 'ok', group_by => 'kind', max_per_group => 9, boost => '1 + kind');
SELECT pg_temp.same_lists('knn', 40, a, NULL) FROM unnest(ARRAY['', ', pin => ARRAY[44, 20, 3]']) a;
SELECT affinity.set_rules('knn');
SELECT is((SELECT string_agg(x::text, ' ') FROM knn.recommend_all(40, user_group => 'south') x),
	(SELECT string_agg(r::text, ' ' ORDER BY u, rank) FROM (SELECT DISTINCT user_id AS u FROM knn.interactions) o, LATERAL (SELECT o.u AS user_id, r.* FROM knn.recommend(o.u, 40, user_group => 'south') r) r),
	'one group for all');
SELECT isnt((SELECT string_agg(x::text, ' ') FROM knn.recommend_all(200, user_group => 'south') x), (SELECT string_agg(x::text, ' ') FROM knn.recommend_all(200) x), 'is another list');
SELECT is((SELECT string_agg(x::text, ' ') FROM knn.recommend_all(200, user_group => 'nobody') x), (SELECT string_agg(x::text, ' ') FROM knn.recommend_all(200) x), 'but that of an unknown one');
SELECT is((SELECT string_agg(x::text, ' ') FROM knn.recommend_users('{900, 901}', 3, user_groups => '{north, south}') x),
	(SELECT string_agg(x::text, ' ') FROM (SELECT 900, r.* FROM knn.recommend(900, 3, user_group => 'north') r
		UNION ALL SELECT 901, r.* FROM knn.recommend(901, 3, user_group => 'south') r) x), 'of users whom nobody knows');
SELECT results_eq($$SELECT * FROM knn.recommend_users('{900, 900}', 3, user_groups => '{north, south}')$$, $$SELECT * FROM knn.recommend_users('{900}', 3, user_group => 'north')$$, 'the first of a user holds');
SELECT lives_ok($$SELECT * FROM knn.recommend_all(2, users => $q$SELECT 1, 'north' UNION ALL SELECT 1, 'north' UNION ALL SELECT 1, NULL$q$)$$, 'one group twice');
SELECT throws_ok($$SELECT * FROM knn.recommend_all(2, users => $q$VALUES (1, 'south'), (2, 'north'), (1, 'north')$q$)$$, '21000', 'users gives user 1 two groups, "north" and "south"');
SELECT throws_ok($$SELECT * FROM knn.recommend_all(2, users => 'SELECT 1, 2, 3')$$, '42804', 'users must be a query of ids of users, or of ids and groups, but it has 3 columns');
SELECT throws_ok($$SELECT * FROM knn.recommend_users('{900, 901}', 3, user_groups => '{north}')$$, '2202E', 'user_groups has 1 element, but users 2');

-- ---- errors ----------------------------------------------------------------------

SELECT affinity.create_model('plain', 'SELECT u, i FROM facts', 'item_knn');
SELECT throws_ok($$SELECT * FROM plain.recommend(1, user_group => 'north')$$, '55000', 'model "plain" knows no groups of users');
SELECT throws_ok($$SELECT * FROM plain.recommend_all(user_group => 'north')$$, '55000', 'model "plain" knows no groups of users');
SELECT throws_ok($$SELECT * FROM plain.recommend_all(users => $q$SELECT 1, 'north'$q$)$$, '55000', 'model "plain" knows no groups of users');
SELECT throws_ok($$SELECT * FROM plain.recommend_users('{1}', user_group => 'north')$$, '55000', 'model "plain" knows no groups of users');
SELECT throws_ok($$SELECT * FROM plain.recommend_users('{1}', user_groups => '{north}')$$, '55000', 'model "plain" knows no groups of users');
SELECT throws_ok($$SELECT * FROM plain.popular(user_group => 'north')$$, '55000', 'model "plain" knows no groups of users');
SELECT throws_ok($$SELECT * FROM plain.popular(trending => true)$$, '55000', 'model "plain" does not know what is trending');
SELECT lives_ok($$SELECT affinity.alter_model('plain', user_groups => 'SELECT u, g FROM members')$$, 'as the hint says');
SELECT is((SELECT count(*) FROM plain.popular(user_group => 'north')), 10::bigint, 'then there are');
SELECT is((SELECT count(*) FROM plain.popular_items), 3::bigint, 'but no trend without times');
SELECT throws_ok($$SELECT * FROM plain.popular(user_group => 'north', trending => true)$$, '55000', 'model "plain" does not know what is trending');
SELECT affinity.create_model('untrained', 'SELECT u, i FROM facts', 'item_knn', train => false);
SELECT is_empty($$SELECT * FROM untrained.popular(user_group => 'north', trending => true)$$, 'what is not trained has no rows');
SELECT throws_ok($$SELECT affinity.alter_model('plain', user_groups => 'SELECT u FROM members')$$, '42804', 'user_groups has 1 column, not two');
SELECT throws_ok($$SELECT affinity.alter_model('plain', user_groups => 'SELECT u, g, 1 FROM members')$$, '42804', 'user_groups has 3 columns, not two');
SELECT throws_ok($$SELECT affinity.alter_model('plain', user_groups => 'SELECT u, now() AS n FROM members')$$, '42804',
	'column "n" of user_groups is of type timestamp with time zone, which is no name of a group');
SELECT throws_ok($$SELECT affinity.alter_model('plain', user_groups => 'SELECT u::text, g FROM members')$$, '42804',
	'users of user_groups are of type text, but those of the model of type integer');
SELECT throws_ok($$SELECT affinity.alter_model('plain', user_groups => 'DELETE FROM members RETURNING u, g')$$, '42601', 'user_groups must be one SELECT');
SELECT throws_ok($$SELECT affinity.alter_model('plain', user_groups => 'SELECT u, repeat(''x'', 1001) FROM members')$$, '54000', 'user_groups gives a group whose name has 1001 bytes');
SELECT lives_ok($$SELECT affinity.alter_model('plain', user_groups => 'SELECT u, repeat(''x'', 1000) FROM members')$$, 'up to 1,000 will do');
CREATE TYPE pg_temp.tier AS ENUM ('gold', 'lead');
CREATE DOMAIN place AS varchar(9);
SELECT lives_ok(format($$SELECT affinity.alter_model('plain', user_groups => 'SELECT u::bigint, %s FROM members')$$, x), 'as groups: ' || x)
FROM unnest(ARRAY['u % 3', '(u % 3)::int2', 'u % 3 = 0', 'md5((u % 3)::text)::uuid', 'g::place', 'g::char(4)']) x;
SELECT lives_ok($$SELECT affinity.alter_model('plain', user_groups => 'SELECT u, u % 3 FROM members')$$, 'numbers');
SELECT is((SELECT count(*) FROM plain.popular_items WHERE user_group IN ('0', '1', '2')), 3::bigint, 'are known by their texts');

-- ---- life -----------------------------------------------------------------------


ALTER TABLE members RENAME TO persons;
SELECT throws_ok($$SELECT affinity.refresh_model('knn')$$, '55000', 'user_groups of model "knn" cannot be read: relation "public.members" does not exist');
SELECT is((SELECT count(*) FROM knn.popular(5, 'south')), 5::bigint, 'it goes on serving');
SELECT lives_ok($$SELECT affinity.alter_model('knn', user_groups => 'SELECT u, g FROM persons')$$, 'others');
INSERT INTO persons VALUES (1, 'west');
SELECT affinity.refresh_model('knn');
SELECT is((SELECT users FROM knn.popular_items WHERE user_group = 'west' AND trending), 1::bigint, 'a refresh learns them');
SELECT lives_ok($$SELECT affinity.alter_model('knn', options => '{"neighbors": 5}')$$, 'another change');
SELECT is((SELECT count(*) FROM knn.popular_items WHERE user_group = 'west'), 2::bigint, 'keeps them');
ALTER SCHEMA knn RENAME TO neighbors;
SELECT is((SELECT count(*) FROM neighbors.popular(5, 'west')), 5::bigint, 'a renamed model has them');
SELECT lives_ok($$SELECT affinity.refresh_model('neighbors')$$, 'and learns them');
SELECT lives_ok($$SELECT affinity.alter_model('neighbors', user_groups => '')$$, 'as the hint says');
SELECT is((SELECT count(*) FROM neighbors.popular_items), 0::bigint, 'it goes on without');
SELECT throws_ok($$SELECT * FROM neighbors.recommend(1, user_group => 'west')$$, '55000', 'model "neighbors" knows no groups of users');
SELECT lives_ok($$SELECT affinity.create_model('neighbors', 'SELECT u, i FROM facts', 'item_knn', if_exists => 'replace', user_groups => 'SELECT u, g FROM persons')$$, 'in the place of another');
SELECT is((SELECT count(*) FROM neighbors.popular_items), 4::bigint, 'with groups');
DROP TABLE neighbors.popular_items;
SELECT throws_like($$SELECT * FROM neighbors.popular(user_group => 'west')$$, 'model "neighbors" is damaged: %', 'a lost table');
SELECT lives_ok($$SELECT affinity.refresh_model('neighbors')$$, 'is made again');
SELECT is((SELECT count(*) FROM neighbors.popular_items), 4::bigint, 'with its lists');
DROP TABLE neighbors.popular_items;
SELECT alike(done, '%popular_items made%', 'upgrade_models makes a lost table') FROM affinity.upgrade_models() WHERE name = 'neighbors';
SELECT results_eq($$SELECT status, hint FROM affinity.models WHERE name = 'neighbors'$$,
	$$VALUES ('groups missing', 'SELECT affinity.refresh_model(''neighbors'');')$$, 'and says that it is empty');
SELECT throws_ok($$SELECT * FROM neighbors.popular(user_group => 'west')$$, '55000', 'model "neighbors" knows no groups of users');
SELECT isnt_empty('SELECT FROM neighbors.recommend(1)', 'everything else is served');
SELECT is(done, 'nothing to do', 'once') FROM affinity.upgrade_models() WHERE name = 'neighbors';
SELECT lives_ok(hint, 'what the hint says') FROM affinity.models WHERE name = 'neighbors';
SELECT is(status, 'ready', 'makes it ready') FROM affinity.models WHERE name = 'neighbors';
SELECT is((SELECT count(*) FROM neighbors.popular_items), 4::bigint, 'with its lists');
ALTER TABLE neighbors.popular_items DROP COLUMN scores;
SELECT throws_like($$SELECT * FROM neighbors.popular(user_group => 'west')$$, 'model "neighbors" is damaged: %', 'a lost column');
SELECT lives_ok($$SELECT affinity.refresh_model('neighbors')$$, 'is made again');
SELECT is((SELECT count(*) FROM neighbors.popular(5, 'west')), 5::bigint, 'with its lists');
SELECT lives_ok($$SELECT affinity.drop_model('events')$$, 'it goes with the model');

-- ---- what an owner may have written
CREATE FUNCTION pg_temp.damage(change text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE 'UPDATE neighbors.popular_items SET ' || change;
	PERFORM * FROM neighbors.popular(5, 'west');
	RETURN 'no error';
EXCEPTION WHEN object_not_in_prerequisite_state THEN
	RETURN sqlerrm;
END
$$;
SELECT matches(pg_temp.damage(change), '^model "neighbors" is damaged: ', change) FROM unnest(ARRAY['items = ARRAY[1, 1000], scores = ARRAY[2, 1]', 'items = ARRAY[-1], scores = ARRAY[1]',
	'items = ARRAY[1, 1], scores = ARRAY[2, 1]', 'items = ARRAY[1, NULL], scores = ARRAY[2, 1]', 'items = ARRAY[1], scores = ARRAY[2, 1]', 'items = ARRAY[[1]], scores = ARRAY[[1]]',
	$$items = ARRAY[1], scores = '{NaN}'$$, $$items = ARRAY[1], scores = '{-1}'$$]) change;
SELECT is(pg_temp.damage($$items = '{}', scores = '{}'$$), 'no error', 'an empty list is none');

-- ---- many items -------------------------------------------------------------------

CREATE TABLE wide AS SELECT u, i FROM generate_series(1, 6) u, generate_series(1, 1500) i WHERE (i + u) % 4 > 0 OR u > 4;
SELECT affinity.create_model('wide', 'SELECT u, i FROM wide', 'popular', user_groups => 'SELECT g, ''one'' FROM generate_series(1, 3) g');
SELECT is((SELECT cardinality(items) FROM wide.popular_items), 1000, 'a list has at most 1,000 items');
SELECT is((SELECT array_agg((count, zero)::text) FROM (SELECT count(*), count(*) FILTER (WHERE score = 0) AS zero FROM wide.popular(1400, 'one')) x), ARRAY['(1400,400)'], 'others follow');
SELECT is((SELECT count(DISTINCT item_id) FROM wide.popular(2000, 'one')), 1500::bigint, 'each once');
SELECT results_eq($$SELECT item_id FROM wide.popular(2000, 'one') WHERE score = 0$$,
	$$SELECT item_id FROM wide.popular(2000) WHERE item_id NOT IN (SELECT item_id FROM wide.popular(1000, 'one'))$$, 'in the order of all');

-- ---- privileges --------------------------------------------------------------------

CREATE ROLE cold_reader;
SET ROLE cold_reader;
SELECT throws_ok($$SELECT * FROM plain.popular(5, '1')$$, '42501');
RESET ROLE;
GRANT USAGE ON SCHEMA plain TO cold_reader;
SET ROLE cold_reader;
SELECT is((SELECT count(*) FROM plain.popular(5, '1')), 5::bigint, 'USAGE is the key');
SELECT is((SELECT count(*) FROM plain.recommend_for(ARRAY[1], 5, weights => ARRAY[2], user_group => '1')), 5::bigint, 'and for a basket no right on the source');
RESET ROLE;
-- the query runs as the owner, who needs the rights
CREATE ROLE cold_owner;
GRANT CREATE ON DATABASE :"DBNAME" TO cold_owner;
GRANT SELECT ON facts TO cold_owner;
SET ROLE cold_owner;
SELECT throws_ok($$SELECT affinity.create_model('own', 'SELECT u, i FROM facts', 'popular', user_groups => 'SELECT u, g FROM persons')$$, '42501');
RESET ROLE;
GRANT SELECT ON persons TO cold_owner;
SET ROLE cold_owner;
SELECT lives_ok($$SELECT affinity.create_model('own', 'SELECT u, i FROM facts', 'popular', user_groups => 'SELECT u, g FROM persons')$$, 'with them it can be made');
RESET ROLE;
SELECT lives_ok($$SELECT affinity.refresh_model('own')$$, 'and refreshed by others');

SELECT * FROM finish();
ROLLBACK;
