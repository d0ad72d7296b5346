-- Signals: lists across kinds of events against their formula in SQL, in every
-- function; weights given and learned; what refreshes keep; errors. Who has weak
-- events only gets better lists than by these alone, or by all of them as one.
BEGIN;
SET client_min_messages = error;
SET check_function_bodies = off;
SET jit = off;
SELECT plan(67);
SELECT setseed(0.17);

-- 200 users, 40 items; some users have views only, some items too
CREATE TABLE events AS
SELECT (random() * random() * 200)::int AS u, (random() * random() * 39)::int + 1 AS i,
	CASE WHEN random() < 0.3 THEN 'buy' ELSE 'view' END AS kind
FROM generate_series(1, 3000);
DELETE FROM events WHERE kind = 'buy' AND (u > 150 OR i > 36);
INSERT INTO events VALUES (1, 1, 'wish'), (2, 2, NULL), (NULL, 3, 'view'), (3, NULL, 'buy'), (400, 50, 'wish');

CREATE FUNCTION pg_temp.g2(met float8, x float8, y float8, n float8)
RETURNS float8 LANGUAGE sql AS $$
	SELECT CASE WHEN met * n <= x * y THEN 0 ELSE (
		SELECT 2 * sum(o * ln(o * n / (r * c))) FROM (VALUES
			(met, x, y), (x - met, x, n - y), (y - met, n - x, y),
			(n - x - y + met, n - x, n - y)) cell(o, r, c)
		WHERE o > 0) END
$$;

-- the model: exponents are halved between kinds
SELECT affinity.create_model('m', 'SELECT u, i, NULL, NULL, kind FROM events', 'item_knn',
	options => '{"user_exponent": 1, "item_exponent": 0.5, "neighbor_exponent": 0.5, "neighbors": 40}',
	signals => '{"buy": 1, "view": 0.25}');

CREATE TABLE pairs AS SELECT DISTINCT u, i, kind FROM events
WHERE kind IN ('buy', 'view') AND u IS NOT NULL AND i IS NOT NULL;
CREATE TABLE lists AS
WITH d AS (SELECT kind, i, count(*)::float8 AS d FROM pairs GROUP BY kind, i),
du AS (SELECT u, count(*)::float8 AS d FROM pairs WHERE kind = 'buy' GROUP BY u),
n AS (SELECT count(DISTINCT u)::float8 AS n FROM pairs),
met AS (
	SELECT s.kind, s.i, t.i AS j, count(*) AS c, sum(CASE s.kind WHEN 'buy' THEN 1 / du.d ELSE du.d ^ -0.5 END) AS x
	FROM pairs s JOIN pairs t USING (u) JOIN du USING (u)
	WHERE t.kind = 'buy' GROUP BY s.kind, s.i, t.i
)
SELECT met.kind, met.i, met.j, s.d AS users, CASE met.kind WHEN 'buy' THEN x / sqrt(s.d) / sqrt(t.d)
	ELSE x / s.d ^ 0.75 / t.d ^ 0.25 END AS x
FROM met JOIN d s ON s.kind = met.kind AND s.i = met.i JOIN d t ON t.kind = 'buy' AND t.i = met.j, n
WHERE CASE met.kind WHEN 'buy' THEN met.i <> met.j ELSE pg_temp.g2(c, s.d, t.d, n) >= 3.84 END;

CREATE TABLE factors AS
SELECT a.kind, CASE a.kind WHEN 'buy' THEN 1 ELSE 0.25 * b.mean / a.mean END AS f
FROM (SELECT p.kind, sum(l.x) / (SELECT count(*) FROM pairs q WHERE q.kind = p.kind) AS mean
	FROM pairs p LEFT JOIN lists l ON l.kind = p.kind AND l.i = p.i GROUP BY p.kind) a,
(SELECT sum(l.x) / (SELECT count(*) FROM pairs q WHERE q.kind = 'buy') AS mean
	FROM pairs p LEFT JOIN lists l ON l.kind = p.kind AND l.i = p.i WHERE p.kind = 'buy') b;

CREATE TABLE oracle AS
SELECT p.u, l.j AS i, sum(f.f * l.x) AS x
FROM pairs p JOIN lists l USING (kind, i) JOIN factors f USING (kind) GROUP BY p.u, l.j;

SELECT is((SELECT count(*)::int FROM pairs WHERE u NOT IN (SELECT u FROM pairs WHERE kind = 'buy') AND kind = 'view') > 100,
	true, 'there are users with views only');
SELECT is((SELECT training->'signals' FROM m.model), '["buy", "view"]', 'the row names the kinds, the strongest first');
SELECT is((SELECT round((training->'signal_factors'->>1)::numeric, 6) FROM m.model),
	(SELECT round(f::numeric, 6) FROM factors WHERE kind = 'view'), 'a view counts a quarter of a buy on average');
SELECT is((SELECT count(*) FROM m.neighbors), (SELECT count(*) FROM lists WHERE kind = 'buy'),
	'similar items are those of the strongest kind');
SELECT is_empty($$SELECT * FROM lists l JOIN m.neighbors n ON n.item_id = l.i AND n.neighbor_id = l.j
	WHERE l.kind = 'buy' AND abs(l.x - n.score) > 1e-6 * l.x$$, '... with their scores');
SELECT is_empty($$SELECT p.u, s.item_id, s.score, o.x
	FROM (SELECT DISTINCT u FROM pairs) p CROSS JOIN LATERAL m.score(p.u, ARRAY(SELECT DISTINCT i FROM pairs)) s
	LEFT JOIN oracle o ON o.u = p.u AND o.i = s.item_id
	WHERE abs(coalesce(o.x, 0) - CASE WHEN s.personalized THEN s.score ELSE 0 END) > 1e-5 * coalesce(o.x, 1)$$,
	'score is that of the formula, for all users and items');
SELECT is_empty($$SELECT * FROM (SELECT DISTINCT u FROM pairs) p CROSS JOIN LATERAL m.recommend(p.u, 40) r
	JOIN pairs q ON q.u = p.u AND q.i = r.item_id AND q.kind = 'buy'$$, 'what was bought is left out');
SELECT isnt_empty($$SELECT * FROM (SELECT DISTINCT u FROM pairs) p CROSS JOIN LATERAL m.recommend(p.u, 40) r
	JOIN pairs q ON q.u = p.u AND q.i = r.item_id AND q.kind = 'view' WHERE r.personalized$$,
	'what was looked at may be recommended');
SELECT bag_eq('SELECT * FROM m.recommend_all(10)',
	'SELECT p.u, r.* FROM (SELECT DISTINCT u FROM pairs) p CROSS JOIN LATERAL m.recommend(p.u, 10) r',
	'recommend_all gives what recommend gives');
SELECT is_empty($$SELECT r.* FROM (SELECT DISTINCT u FROM pairs) p CROSS JOIN LATERAL m.recommend(p.u, 3) r,
	LATERAL (SELECT sum(contribution) AS x FROM m.explain(p.u, r.item_id, 100)) e
	WHERE r.personalized AND abs(e.x - r.score) > 1e-5 * r.score$$, 'explain adds up to the score');
SELECT bag_eq($$SELECT i, a.user_id, a.score FROM generate_series(1, 36) i, LATERAL m.audience(i, 1000) a$$,
	$$SELECT s.item_id, u, s.score FROM (SELECT DISTINCT u FROM pairs) p CROSS JOIN LATERAL m.score(u, ARRAY(SELECT generate_series(1, 36))) s
	WHERE personalized AND NOT EXISTS (SELECT FROM pairs q WHERE q.u = p.u AND q.i = s.item_id AND q.kind = 'buy')$$,
	'audience gives everybody the score');
SELECT isnt_empty('SELECT * FROM m.similar_users(1)', 'similar_users answers');
SELECT set_eq('SELECT item_id, score FROM m.recommend_for(ARRAY[1, 2], 5) WHERE personalized',
	$$SELECT j, sum(x)::real FROM lists WHERE kind = 'buy' AND i IN (1, 2) AND j NOT IN (1, 2)
	GROUP BY j ORDER BY sum(x) DESC, j LIMIT 5$$, 'items of recommend_for count as bought');

-- live
SELECT is((SELECT bool_or(personalized) FROM m.recommend(999)), false, 'nothing is known of a new user');
INSERT INTO events SELECT 999, i, 'view' FROM events WHERE kind = 'view' AND i < 6 GROUP BY i;
SELECT is((SELECT bool_or(personalized) FROM m.recommend(999)), true, '... until there is a view');
INSERT INTO events SELECT 999, item_id, 'buy' FROM m.recommend(999, 1);
SELECT is((SELECT max(n) FROM (SELECT count(DISTINCT e.weight) AS n FROM m.recommend(999, 40) r
	CROSS JOIN LATERAL m.explain(999, r.item_id, 20) e GROUP BY r.item_id) x), 2::bigint, 'events of both kinds explain');
SELECT is((SELECT count(*) FROM m.recommend(999, 40) r JOIN events e ON e.u = 999 AND e.i = r.item_id AND e.kind = 'buy'),
	0::bigint, '... and what is bought now is left out');
DELETE FROM events WHERE u = 999;

-- a copy, refreshed and altered
CREATE TABLE before AS SELECT * FROM m.recommend_all(10);
SELECT affinity.alter_model('m', materialize => true);
SELECT bag_eq('SELECT * FROM m.recommend_all(10)', 'SELECT * FROM before', 'a model that keeps its interactions answers the same');
SELECT bag_eq('SELECT p.u, r.* FROM (SELECT DISTINCT u FROM pairs) p CROSS JOIN LATERAL m.recommend(p.u, 10) r', 'SELECT * FROM before',
	'... user by user');
SELECT affinity.refresh_model('m');
SELECT bag_eq('SELECT * FROM m.recommend_all(10)', 'SELECT * FROM before', '... and after a refresh');
SELECT is((SELECT array_agg(done) FROM affinity.upgrade_models() WHERE name = 'm'), '{"nothing to do"}', 'there is nothing to upgrade');
SELECT affinity.alter_model('m', materialize => false, signals => '{"buy": 2, "view": 1}');
SELECT is((SELECT training->'signal_weights' FROM m.model), '[1, 0.5]', 'weights are changed, and count of the largest');
SELECT affinity.alter_model('m', query => $$SELECT u, i FROM events WHERE kind = 'buy'$$, signals => '[]');
SELECT is((SELECT training ? 'signals' FROM m.model), false, 'a model without them');
SELECT affinity.alter_model('m', query => 'SELECT u, i, 1, now(), kind::varchar(10) FROM events', signals => '{"buy": 1, "view": 0.25}');
SELECT bag_eq('SELECT user_id, item_id, rank FROM m.recommend_all(10)', 'SELECT user_id, item_id, rank FROM before', 'and with them again');

-- errors
SELECT throws_like($$SELECT affinity.create_model('e', 'SELECT u, i, 1, now() FROM events', 'item_knn', signals => '["buy", "view"]')$$,
	'signals are given, but the query has no fifth column');
SELECT throws_like($$SELECT affinity.create_model('e', 'SELECT u, i, 1, now(), kind FROM events', 'item_knn')$$,
	'the query has a fifth column, but no signals are given');
SELECT throws_like($$SELECT affinity.create_model('e', 'SELECT u, i, 1, now(), 5 FROM events', 'item_knn', signals => '["buy", "view"]')$$,
	'signal column "%" is of type integer, not text or an enum');
SELECT throws_like($$SELECT affinity.create_model('e', 'SELECT u, i, 1, now(), kind FROM events', 'item_knn', signals => '["order", "view"]')$$,
	'source of model "e" has no row with the signal "order"');
SELECT throws_like(format($$SELECT affinity.create_model('e', 'SELECT u, i, NULL, NULL, kind FROM events', 'item_knn', signals => %L)$$, s), e)
FROM (VALUES ('"buy"', 'signals are neither a JSON array nor an object'), ('["buy"]', 'there is no signal but "buy"'),
	('["buy", "buy"]', 'signal "buy" is named twice'), ('["buy", 3]', 'a signal is not a string'), ('["buy", ""]', 'a signal has an empty name'),
	('{"buy": 1, "view": 1}', 'signals "buy" and "view" have the same largest weight'),
	('{"buy": 1, "view": 0}', 'the weight of signal "view" is not a number above 0'),
	('{"buy": 1, "view": "x"}', 'the weight of signal "view" is not a number above 0'),
	('["a", "b", "c", "d", "e", "f", "g", "h", "i"]', 'there are more than 8 signals')) bad(s, e);
SELECT throws_like(format($$SELECT affinity.create_model('e', 'SELECT u, i, NULL, NULL, kind FROM events', %L, %L, signals => '["buy", "view"]')$$, a, o), e)
FROM (VALUES ('ease', '{}', 'algorithm ease does not take signals'), ('auto', '{"seed": 1}', 'algorithm auto does not take signals'),
	('item_knn', '{"similarity": "pearson"}', 'algorithm item_knn does not take signals with these options')) bad(a, o, e);
SELECT affinity.create_model('unsaid', 'SELECT u, i, NULL, NULL, kind FROM events', signals => '{"buy": 1, "view": 0.5}');
SELECT is((SELECT algorithm FROM affinity.models WHERE name = 'unsaid'), 'item_knn', 'where no algorithm is named it is the one that takes them');
SELECT throws_like($$SELECT * FROM affinity.evaluate('m')$$, 'model "m" has signals, and its source cannot be split yet');
SELECT throws_like($$SELECT * FROM m.recommend(1, repeat => 0.5)$$, 'model "m" has signals, and no rates of repeats');

-- every similarity takes them
SELECT lives_ok(format($$SELECT affinity.create_model('s', 'SELECT u, i, NULL, NULL, kind FROM events', 'item_knn', options => %L,
	signals => '{"buy": 1, "view": 0.5}', if_exists => 'replace')$$, json_build_object('similarity', s)), s)
FROM unnest('{cosine,jaccard,dice,overlap,conditional,lift,log_likelihood}'::text[]) s;
SELECT lives_ok($$SELECT affinity.create_model('s', 'SELECT u, i, 1 + i % 3, now() - i * interval ''1 day'', kind FROM events', 'item_knn',
	options => '{"weights": "log", "half_life": "30 days", "history_half_life": "10 days", "trend": 0.5, "min_support": 2, "max_history": 20}',
	signals => '{"buy": 1, "view": 0.5}', if_exists => 'replace')$$, 'and times');
SELECT bag_eq('SELECT * FROM s.recommend_all(10)',
	'SELECT p.u, r.* FROM (SELECT DISTINCT u FROM pairs) p CROSS JOIN LATERAL s.recommend(p.u, 10) r', '... in all functions');

-- Clusters of items, of which some are looked at and others are bought, among
-- what everybody looks at. A fifth of the users have views only.
CREATE TABLE users AS SELECT u, (random() * 14)::int AS c, u % 5 = 0 AS weak FROM generate_series(1, 1500) u;
CREATE TABLE clicks AS
SELECT u, CASE WHEN random() < 0.45 THEN 10000 + (random() * random() * 60)::int ELSE c * 100 + (random() * 25)::int END AS i,
	'view' AS kind, timestamp '2026-01-01' + random() * interval '60 days' AS at
FROM users, generate_series(1, 12) UNION ALL
SELECT u, CASE WHEN random() < 0.2 THEN 20000 + (random() * random() * 40)::int ELSE c * 100 + 20 + (random() * 25)::int END,
	'buy', timestamp '2026-01-01' + random() * interval '60 days' FROM users, generate_series(1, 5);
CREATE TABLE later AS SELECT DISTINCT u, i FROM clicks JOIN users USING (u) WHERE weak AND kind = 'buy';
DELETE FROM clicks USING users WHERE clicks.u = users.u AND weak AND kind = 'buy';

SELECT affinity.create_model('signs', 'SELECT u, i, NULL, at, kind FROM clicks', 'item_knn', signals => '["buy", "view"]');
SELECT affinity.create_model('views', $$SELECT u, i FROM clicks WHERE kind = 'view'$$, 'item_knn');
SELECT affinity.create_model('flat', 'SELECT u, i FROM clicks', 'item_knn');
CREATE TABLE quality AS SELECT model, metric, value FROM unnest('{signs,views,flat}'::text[]) model,
	LATERAL affinity.evaluate(model, test => 'SELECT u, i FROM later', k => '{20}') e
WHERE targets = 'all' AND metric IN ('recall', 'ndcg');
SELECT cmp_ok(b.value::float8, '>=', 1.1 * o.value, format('%s@20 of users with views only, against %s alone: %s, %s',
	b.metric, o.model, round(b.value::numeric, 4), round(o.value::numeric, 4)))
FROM quality b JOIN quality o USING (metric) WHERE b.model = 'signs' AND o.model <> 'signs';
SELECT is((SELECT jsonb_typeof(training->'signal_ndcg') || (training->'signal_users')::text::int FROM signs.model) IS NOT NULL, true,
	'what was learned is told');
SELECT is((SELECT (training->'signal_ndcg')::float8 >= (training->'signal_equal_ndcg')::float8 FROM signs.model), true,
	'... and no worse than equal weights');
CREATE TABLE learned AS SELECT training->'signal_weights' AS w, training->'signal_ndcg' AS n FROM signs.model;
DELETE FROM clicks WHERE kind = 'buy' AND u % 3 = 0;
SELECT affinity.refresh_model('signs');
SELECT results_eq($$SELECT training->'signal_weights', training->'signal_ndcg' FROM signs.model$$, 'SELECT * FROM learned', 'a refresh keeps it');
SELECT affinity.refresh_model('signs', retune => true);
SELECT isnt((SELECT training->'signal_ndcg' FROM signs.model), (SELECT n FROM learned), '... unless it is to learn anew');
SELECT throws_like($$SELECT affinity.refresh_model('views', retune => true)$$, '%was not chosen by auto');
SELECT affinity.create_model('few', 'SELECT u, i, NULL, NULL, kind FROM events WHERE u < 20', 'item_knn', signals => '["buy", "view"]');
SELECT is((SELECT training->'signal_weights' FROM few.model), '[1, 0.5]', 'of too few users nothing is learned');

-- an item that was only looked at, long ago: what is left is told by the items of the first kind
CREATE TABLE faded AS SELECT u, i, 'buy' AS kind, timestamp '2024-06-01' AS at FROM generate_series(1, 20) u, generate_series(1, 5) i
UNION ALL SELECT 1, 6, 'view', timestamp '2023-01-01';
SELECT lives_ok($$SELECT affinity.create_model('f', 'SELECT u, i, NULL, at, kind FROM faded', 'item_knn', '{"half_life": "1 day"}',
	signals => '{"buy": 1, "view": 0.5}')$$, 'an event of another kind fades');

-- a table for each kind; NULL is nothing in every query of them
SELECT lives_ok($$SELECT affinity.create_model('union', 'SELECT u, i, NULL, NULL, ''buy'' FROM events WHERE kind = ''buy''
	UNION ALL (SELECT u, i, NULL, NULL, ''view'' FROM events WHERE kind = ''view'' UNION ALL SELECT 1, 1, NULL, NULL, ''view'')', 'item_knn',
	signals => '{"buy": 1, "view": 0.5}')$$, 'NULL in a set operation');
SELECT throws_like($$SELECT affinity.create_model('union2', 'SELECT u, i, NULL, NULL, ''buy'' FROM events
	UNION ALL SELECT u, i, ''x'', NULL, ''view'' FROM events', 'item_knn', signals => '{"buy": 1, "view": 0.5}')$$,
	'weight column % is of type text, not a number', '... but not in some only');

-- two who looked at an item and bought it share one
CREATE TABLE two AS SELECT u, i, kind FROM generate_series(1, 2) u, generate_series(1, 3) i, unnest('{buy,view}'::text[]) kind;
SELECT affinity.create_model('two', 'SELECT u, i, NULL, NULL, kind FROM two', 'item_knn', signals => '{"buy": 1, "view": 0.5}');
SELECT is((SELECT common::int FROM two.similar_users(1)), 3, 'items that are shared are counted once');

-- what no other algorithm takes is not believed
SELECT affinity.create_model('factors', 'SELECT u, i FROM pairs', 'ials', '{"factors": 8, "iterations": 2}');
UPDATE factors.model SET training = training || '{"signals": ["a", "b"], "signal_factors": [1, 1]}';
SELECT throws_like('SELECT * FROM factors.recommend(1)', '%its algorithm does not take signals%', 'factors have no signals');

SELECT * FROM finish();
ROLLBACK;
