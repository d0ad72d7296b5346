-- Attribution against others: ChannelAttribution's and published figures, numpy's Markov chains (figures that a linear
-- solver gave for the same rows), and plain SQL on 2,000 random logs.
BEGIN;
SET LOCAL jit = off;
SET LOCAL timezone = 'UTC';
SELECT plan(21);
CREATE FUNCTION pg_temp.near(a float8, b float8, tolerance float8) RETURNS boolean LANGUAGE sql AS $$
	SELECT a IS NOT DISTINCT FROM b OR coalesce(abs(a - b) <= tolerance, false) $$;

-- 1. Paths with how many led to a conversion, for how much, and how many to none; each time a user of their own.
CREATE FUNCTION pg_temp.state_of(paths text[], conversions int[], value float8[], nulls int[]) RETURNS affinity.attribution LANGUAGE sql AS $$
	WITH u AS (SELECT p, path, k, k <= c AS converted, CASE WHEN c > 0 THEN v / c END AS value
		FROM unnest(paths, conversions, value, nulls) WITH ORDINALITY x (path, c, v, n, p), generate_series(1, c + n) k)
	SELECT affinity.attribution_agg(p * 1000000 + k, timestamp '2024-01-01' + i * interval '1 hour', channel, converted, value) FROM (
		SELECT p, k, i, channel, false AS converted, NULL::float8 AS value FROM u, regexp_split_to_table(path, ' > ') WITH ORDINALITY c (channel, i)
		UNION ALL SELECT p, k, 100, NULL, true, value FROM u WHERE converted) r $$;
CREATE TEMP TABLE own AS SELECT pg_temp.state_of(ARRAY['search > mail > direct', 'search', 'mail > direct', 'social > search > social', 'direct',
	'video > search > mail > mail > direct', 'social', 'video > social', 'mail', 'search > search'], '{12,20,9,7,15,3,0,4,8,5}',
	'{300,410.5,99,70,180.25,45,0,66,88,51}', '{30,80,22,41,10,5,60,33,12,9}') AS state;
-- R's ChannelAttribution 2.2.4: heuristic_models
CREATE TEMP TABLE heuristic (channel text, first_touch float8, first_touch_value float8, last_touch float8, last_touch_value float8, linear float8, linear_value float8);
INSERT INTO heuristic VALUES ('search', 37, 761.5, 25, 461.5, 31.93333333333333, 593.8333333333334), ('mail', 17, 187, 8, 88, 17.7, 255.5),
	('direct', 15, 180.25, 39, 624.25, 24.1, 338.75), ('social', 7, 70, 11, 136, 6.66666666666667, 79.6666666666667), ('video', 7, 111, 0, 0, 2.6, 42);
SELECT is(count(*), 5::bigint, 'ChannelAttribution: first, last and linear touch') FROM own, affinity.attribution(state, 'first_touch') f,
	affinity.attribution(state, 'last_touch') l, affinity.attribution(state, 'linear') e, heuristic h
WHERE h.channel = f.channel AND h.channel = l.channel AND h.channel = e.channel AND pg_temp.near(f.conversions, h.first_touch, 1e-12)
	AND pg_temp.near(f.value, h.first_touch_value, 1e-11) AND pg_temp.near(l.conversions, h.last_touch, 1e-12) AND pg_temp.near(l.value, h.last_touch_value, 1e-11)
	AND pg_temp.near(e.conversions, h.linear, 1e-12) AND pg_temp.near(e.value, h.linear_value, 1e-11);
-- its markov_model by 5 million simulated journeys, of which the third digit is sure, of values the second
CREATE TEMP TABLE simulated (markov_order int, channel text, effect float8, value_effect float8);
INSERT INTO simulated VALUES
	(1, 'search', 0.5591186, 0.590752), (1, 'mail', 0.4554566, 0.431401), (1, 'direct', 0.4698634, 0.476323), (1, 'social', 0.2527416, 0.232548), (1, 'video', 0.0740162, 0.070597),
	(2, 'search', 0.5636698, 0.6142822), (2, 'mail', 0.3849678, 0.4049790), (2, 'direct', 0.4703029, 0.4761376), (2, 'social', 0.1329877, 0.1043432), (2, 'video', 0.0765057, 0.0836238),
	(3, 'search', 0.5669498, 0.6698087), (3, 'mail', 0.3857055, 0.4069365), (3, 'direct', 0.4704199, 0.4776308), (3, 'social', 0.1321420, 0.1035106), (3, 'video', 0.0844476, 0.0848175);
SELECT is(count(*), 15::bigint, 'ChannelAttribution: removal effects of orders 1 to 3, as far as it simulates them') FROM own, simulated s,
	LATERAL affinity.removal_effects(state, s.markov_order) r WHERE r.channel = s.channel AND pg_temp.near(r.effect, s.effect, 2e-3) AND pg_temp.near(r.value_effect, s.value_effect, 5e-3);
-- its transition_matrix
SELECT is(count(*), 9::bigint, 'ChannelAttribution: transitions') FROM own, affinity.transitions(state) t, (VALUES ('(start)', 'search', 0.40519480519), ('(start)', 'mail', 0.13246753247),
	('(start)', 'social', 0.28051948052), ('(start)', 'direct', 0.06493506494), ('(start)', 'video', 0.11688311688), ('direct', '(conversion)', 0.36792452830),
	('direct', '(null)', 0.63207547170), ('video', 'search', 0.17777777778), ('video', 'social', 0.82222222222)) x (source, target, p)
WHERE t.source = x.source AND t.target = x.target AND pg_temp.near(t.probability, p, 1e-10);

-- Published examples. Bryl', analyzecore.com 2016/08/03: C1 > C2 > C3 converts, C1 and C2 > C3 do not; effects 0.5, 1, 1.
SELECT results_eq($$SELECT m.channel, round(m.conversions::numeric, 12), round(r.effect::numeric, 12) FROM (SELECT pg_temp.state_of(ARRAY['C1 > C2 > C3', 'C1', 'C2 > C3'], '{1,0,0}', '{0,0,0}', '{0,1,1}') AS s) x,
	affinity.attribution(s, 'markov') m JOIN affinity.removal_effects(s) r USING (channel) ORDER BY 1$$,
	$$VALUES ('C1', 0.2, 0.5), ('C2', 0.4, 1.0), ('C3', 0.4, 1.0)$$, 'Bryl'': removal effects of three channels');
-- Puzyrov, serhiipuzyrov.com 2019/07: effects 0.75 and 0.5 of 4 conversions
SELECT results_eq($$SELECT m.channel, round(m.conversions::numeric, 12), round(r.effect::numeric, 12) FROM (SELECT pg_temp.state_of(ARRAY['google ads', 'mailing', 'google ads > mailing'], '{2,1,1}', '{0,0,0}', '{1,0,0}') AS s) x,
	affinity.attribution(s, 'markov') m JOIN affinity.removal_effects(s) r USING (channel) ORDER BY 1$$,
	$$VALUES ('google ads', 2.4, 0.75), ('mailing', 1.6, 0.5)$$, 'Puzyrov: removal effects of two channels');

-- 2. numpy: a linear solver's removal effects, of conversions and of value, on the same 3,000 rows.
CREATE TEMP TABLE fixed AS SELECT (i * 7919) % 211 AS user_id, timestamp '2024-01-01' + (i * 104729) % 100000 * interval '1 minute' AS at,
	(ARRAY['search', 'mail', 'social', 'direct', 'video', NULL])[1 + (i * i + i / 7) % 6] AS channel, i * 31 % 11 = 0 AS converted, i % 97 * 1.25 AS value FROM generate_series(1, 3000) i;
CREATE TEMP TABLE fixed_state AS SELECT affinity.attribution_agg(user_id, at, channel, converted, value) AS state FROM fixed;
CREATE TEMP TABLE solved (lookback interval, reuse boolean, markov_order int, channel text, effect float8, value_effect float8);
INSERT INTO solved VALUES
	(NULL, false, 1, '(none)', 0.4645846278119, 0.4649397181477),
	(NULL, false, 1, 'direct', 0.5401947942044, 0.5403956690003),
	(NULL, false, 1, 'mail', 0.5582178519973, 0.5585663929881),
	(NULL, false, 1, 'search', 0.6713669241414, 0.6705948187447),
	(NULL, false, 1, 'social', 0.6455118501784, 0.6431318217730),
	(NULL, false, 1, 'video', 0.5505554952141, 0.5529059861291),
	(NULL, false, 2, '(none)', 0.4877041269377, 0.4923401918283),
	(NULL, false, 2, 'direct', 0.5730589192145, 0.5750347077752),
	(NULL, false, 2, 'mail', 0.6719659719405, 0.6776994164138),
	(NULL, false, 2, 'search', 0.7293642773897, 0.7345656248486),
	(NULL, false, 2, 'social', 0.6918989406761, 0.6816480821034),
	(NULL, false, 2, 'video', 0.6047678366854, 0.6098766602072),
	(NULL, false, 3, '(none)', 0.5054145963578, 0.5132046445589),
	(NULL, false, 3, 'direct', 0.5859747638513, 0.5898769710475),
	(NULL, false, 3, 'mail', 0.6966689864638, 0.6999966951184),
	(NULL, false, 3, 'search', 0.7549638128895, 0.7644019520150),
	(NULL, false, 3, 'social', 0.7094623002461, 0.6966294411331),
	(NULL, false, 3, 'video', 0.6275389026448, 0.6343828365734),
	('20000 minutes', false, 1, '(none)', 0.4095029431483, 0.4103471913290),
	('20000 minutes', false, 1, 'direct', 0.4934230233785, 0.4935840422116),
	('20000 minutes', false, 1, 'mail', 0.4933266223504, 0.4936860176195),
	('20000 minutes', false, 1, 'search', 0.6296218925966, 0.6288496795601),
	('20000 minutes', false, 1, 'social', 0.5984595162873, 0.5958877837715),
	('20000 minutes', false, 1, 'video', 0.4851167051076, 0.4873484673757),
	('20000 minutes', false, 2, '(none)', 0.4607858979684, 0.4681193931494),
	('20000 minutes', false, 2, 'direct', 0.5374683627501, 0.5384619009816),
	('20000 minutes', false, 2, 'mail', 0.6146720568808, 0.6232877677561),
	('20000 minutes', false, 2, 'search', 0.7081865896588, 0.7156155945031),
	('20000 minutes', false, 2, 'social', 0.6648650527484, 0.6547716789718),
	('20000 minutes', false, 2, 'video', 0.5378696979755, 0.5459971768586),
	('20000 minutes', false, 3, '(none)', 0.4779870337753, 0.4860563258376),
	('20000 minutes', false, 3, 'direct', 0.5490374487027, 0.5488892403604),
	('20000 minutes', false, 3, 'mail', 0.6388061500025, 0.6403825768307),
	('20000 minutes', false, 3, 'search', 0.7351898617834, 0.7446390788392),
	('20000 minutes', false, 3, 'social', 0.6879211855156, 0.6732111944616),
	('20000 minutes', false, 3, 'video', 0.5542262341096, 0.5567285016842),
	('20000 minutes', true, 1, '(none)', 0.4095029431483, 0.4103471913290),
	('20000 minutes', true, 1, 'direct', 0.4934230233785, 0.4935840422116),
	('20000 minutes', true, 1, 'mail', 0.4933266223504, 0.4936860176195),
	('20000 minutes', true, 1, 'search', 0.6296218925966, 0.6288496795601),
	('20000 minutes', true, 1, 'social', 0.5984595162873, 0.5958877837715),
	('20000 minutes', true, 1, 'video', 0.4851167051076, 0.4873484673757),
	('20000 minutes', true, 2, '(none)', 0.4607858979684, 0.4681193931494),
	('20000 minutes', true, 2, 'direct', 0.5374683627501, 0.5384619009816),
	('20000 minutes', true, 2, 'mail', 0.6146720568808, 0.6232877677561),
	('20000 minutes', true, 2, 'search', 0.7081865896588, 0.7156155945031),
	('20000 minutes', true, 2, 'social', 0.6648650527484, 0.6547716789718),
	('20000 minutes', true, 2, 'video', 0.5378696979755, 0.5459971768586),
	('20000 minutes', true, 3, '(none)', 0.4779870337753, 0.4860563258376),
	('20000 minutes', true, 3, 'direct', 0.5490374487027, 0.5488892403604),
	('20000 minutes', true, 3, 'mail', 0.6388061500025, 0.6403825768307),
	('20000 minutes', true, 3, 'search', 0.7351898617834, 0.7446390788392),
	('20000 minutes', true, 3, 'social', 0.6879211855156, 0.6732111944616),
	('20000 minutes', true, 3, 'video', 0.5542262341096, 0.5567285016842);
SELECT is(count(*), 18::bigint, format('numpy: orders 1 to 3, lookback %s, reuse %s', coalesce(lookback::text, 'none'), reuse))
FROM fixed_state, solved s, LATERAL affinity.removal_effects(state, s.markov_order, s.lookback, s.reuse) r
WHERE r.channel = s.channel AND pg_temp.near(r.effect, s.effect, 1e-12) AND pg_temp.near(r.value_effect, s.value_effect, 1e-12) GROUP BY lookback, reuse ORDER BY lookback NULLS FIRST, reuse;
SELECT is(count(*), 54::bigint, 'the model has conversions in proportion to them') FROM fixed_state, (SELECT *, sum(effect) OVER w AS sum, sum(value_effect) OVER w AS value_sum FROM solved
	WINDOW w AS (PARTITION BY lookback, reuse, markov_order)) s, LATERAL affinity.attribution(state, 'markov', s.lookback, reuse => s.reuse, markov_order => s.markov_order) m
WHERE m.channel = s.channel AND pg_temp.near(m.conversions, 272 * s.effect / s.sum, 1e-9) AND pg_temp.near(m.value, 16295 * s.value_effect / s.value_sum, 1e-7) AND pg_temp.near(m.share, s.effect / s.sum, 1e-12);

-- 3. Plain SQL on random logs: ties, rows that are both, rows without a channel, several conversions, values of both signs.
SELECT setseed(0.76);
CREATE TEMP TABLE log AS SELECT l AS log, (random() * 3)::int AS user_id, timestamp '2024-03-01' + (random() * 20)::int * interval '6 hours' AS at,
	(ARRAY['a', 'b', 'B', 'direct', 'ä'])[1 + floor(random() * 6.5)::int] AS channel, random() < 0.25 AS converted,
	CASE WHEN random() < 0.8 THEN ((random() * 300 - 30)::int / 4.0)::float8 END AS value FROM generate_series(1, 2000) l, generate_series(1, 3 + l % 19);
CREATE TEMP TABLE log_state AS SELECT log, affinity.attribution_agg(user_id, at, channel, converted, value) AS state FROM log GROUP BY 1;
CREATE TEMP TABLE ordered AS SELECT *, coalesce(channel, '(none)') AS name, channel IS NOT NULL OR NOT converted AS touch,
	row_number() OVER w AS place, coalesce(sum(converted::int) OVER (w ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS before FROM log
	WINDOW w AS (PARTITION BY log, user_id ORDER BY at, converted, channel COLLATE "C" NULLS FIRST, coalesce(value, 0) <> 0, value);
ANALYZE ordered;
CREATE TEMP TABLE asked (lookback interval, reuse boolean);
INSERT INTO asked VALUES (NULL, false), ('30 hours', false), ('2 days', true);
-- each touch that a conversion may use, with its place among them, from the front and from the back
CREATE TEMP TABLE part AS SELECT x.*, row_number() OVER w AS i, count(*) OVER (PARTITION BY lookback, reuse, log, user_id, conversion) AS n,
	max(at) OVER (PARTITION BY lookback, reuse, log, user_id, conversion) AS last_at FROM (
	SELECT a.*, c.log, c.user_id, c.place AS conversion, coalesce(c.value, 0) AS value, coalesce(t.name, '(none)') AS channel, coalesce(t.at, c.at) AS at, c.at AS converted_at, t.place IS NULL AS empty, coalesce(t.place, c.place) AS place
	FROM asked a CROSS JOIN ordered c LEFT JOIN ordered t ON t.log = c.log AND t.user_id = c.user_id AND t.touch AND t.place <= c.place
		AND (a.lookback IS NULL OR t.at >= c.at - a.lookback)
		AND (a.reuse OR t.before = c.before)
	WHERE c.converted) x WINDOW w AS (PARTITION BY lookback, reuse, log, user_id, conversion ORDER BY place);
ANALYZE part;
CREATE TEMP TABLE weighed AS SELECT p.*, (i = 1)::int::float8 AS first_touch, (i = n)::int::float8 AS last_touch, 1.0 / n AS linear,
	(i = coalesce(max(i) FILTER (WHERE channel NOT IN ('direct', '(none)')) OVER w, n))::int::float8 AS last_non_direct,
	CASE WHEN n = 1 THEN 1 WHEN n = 2 THEN CASE i WHEN 1 THEN 0.3 ELSE 0.2 END / 0.5 WHEN i = 1 THEN 0.3 WHEN i = n THEN 0.2 ELSE 0.5 / (n - 2) END AS position,
	0.5 ^ (extract(epoch FROM last_at - at) / 36000.0)::float8 / sum(0.5 ^ (extract(epoch FROM last_at - at) / 36000.0)::float8) OVER w AS time_decay,
	1.0 / sum(1.0 / of_channel) OVER w / of_channel AS shapley
FROM (SELECT *, count(*) OVER (PARTITION BY lookback, reuse, log, user_id, conversion, channel) AS of_channel FROM part) p
WINDOW w AS (PARTITION BY lookback, reuse, log, user_id, conversion);
CREATE TEMP TABLE expected AS SELECT lookback, reuse, log, model, channel, sum(w) AS conversions, sum(w * value) AS value FROM weighed,
	LATERAL (VALUES ('first_touch', first_touch), ('last_touch', last_touch), ('last_non_direct', last_non_direct), ('linear', linear), ('position', position), ('time_decay', time_decay),
		('shapley', shapley)) m (model, w) GROUP BY 1, 2, 3, 4, 5;
CREATE TEMP TABLE given AS SELECT a.*, l.log, m.* FROM asked a, log_state l, LATERAL affinity.attribution_models(state, ARRAY['first_touch', 'last_touch', 'last_non_direct', 'linear',
	'position', 'time_decay', 'shapley'], a.lookback, weights => '{0.3,0.5,0.2}', half_life => '10 hours', reuse => a.reuse) m;
ANALYZE given;
ANALYZE expected;
SELECT is(count(*) FILTER (WHERE abs(conversions - expected) > 1e-12 OR abs(value - expected_value) > 1e-9), 0::bigint, format('plain SQL: %s of 2,000 logs', model))
FROM (SELECT model, log, channel, reuse, lookback, sum(conversions) AS conversions, sum(value) AS value, sum(expected) AS expected, sum(expected_value) AS expected_value FROM (
	SELECT model, log, channel, reuse, lookback, conversions, value, 0 AS expected, 0 AS expected_value FROM given
	UNION ALL SELECT model, log, channel, reuse, lookback, 0, 0, conversions, value FROM expected) u GROUP BY 1, 2, 3, 4, 5) c GROUP BY model ORDER BY model;
SELECT is(count(*), 0::bigint, 'every channel with a touch is there, and no other') FROM (SELECT DISTINCT a.reuse, a.lookback, log, name FROM asked a, ordered WHERE touch
	UNION SELECT DISTINCT reuse, lookback, log, channel FROM part EXCEPT SELECT reuse, lookback, log, channel FROM given WHERE model = 'linear') x;
SELECT is(count(*), 0::bigint, 'shares are conversions over all') FROM (SELECT *, sum(conversions) OVER (PARTITION BY lookback, reuse, log, model) AS n FROM given) g
	WHERE n > 0 AND NOT pg_temp.near(share, conversions / n, 1e-15) OR n = 0 AND share IS NOT NULL;
SELECT is(count(*), 0::bigint, 'paths: ways, users, conversions, value and time as SQL has them') FROM (
	SELECT a.lookback, a.reuse, l.log, p.path, p.conversions, round(p.value::numeric, 6) AS value, p.median_time FROM asked a, log_state l, LATERAL affinity.paths(state, a.lookback, a.reuse) p WHERE p.conversions > 0
	EXCEPT SELECT lookback, reuse, log, path, count(*), round(sum(value)::numeric, 6), percentile_cont(0.5) WITHIN GROUP (ORDER BY time) FROM (
		SELECT lookback, reuse, log, user_id, conversion, array_agg(p.channel ORDER BY i) AS path, min(p.value) AS value, min(p.converted_at) - min(p.at) AS time
		FROM part p GROUP BY 1, 2, 3, 4, 5) j GROUP BY 1, 2, 3, 4) x;
SELECT is(count(*), 0::bigint, 'each touch is in one journey: as many in paths as in the log') FROM (SELECT l.log, sum(cardinality(path) * (conversions + nulls)) AS touches,
	sum(conversions) AS conversions FROM log_state l, affinity.paths(state, '30 hours') p GROUP BY 1) p JOIN (SELECT log, count(*) FILTER (WHERE touch) AS touches, count(*) FILTER (WHERE converted) AS conversions FROM ordered GROUP BY 1) o USING (log)
	JOIN (SELECT log, count(*) FILTER (WHERE empty) AS empty FROM part WHERE lookback = '30 hours' GROUP BY 1) e USING (log)
	WHERE p.touches <> o.touches + e.empty OR p.conversions <> o.conversions;

-- 4. The Shapley value of rates by all orders of channels, on logs without a lookback.
CREATE TEMP TABLE way AS SELECT log, path, conversions, nulls FROM log_state, affinity.paths(state) WHERE log <= 40;
CREATE FUNCTION pg_temp.rate(l int, channels text[]) RETURNS float8 LANGUAGE sql AS $$
	SELECT coalesce(sum(conversions) / nullif(sum(conversions + nulls), 0), 0)::float8 FROM way WHERE log = l AND path <@ channels $$;
CREATE TEMP TABLE game AS WITH RECURSIVE player AS (SELECT log, array_agg(DISTINCT c) AS all FROM way, unnest(path) c GROUP BY 1),
	orders AS (SELECT log, p.all, '{}'::text[] AS o FROM player p WHERE cardinality(p.all) <= 4 UNION ALL SELECT log, r.all, o || c FROM orders r, unnest(r.all) c WHERE c <> ALL (o))
	SELECT log, channel, avg(adds) AS share FROM (SELECT log, o[cardinality(o)] AS channel, pg_temp.rate(log, o) - pg_temp.rate(log, o[:cardinality(o) - 1]) AS adds,
		cardinality(r.all) AS n, cardinality(o) AS k FROM orders r WHERE o <> '{}') x CROSS JOIN LATERAL generate_series(1, (SELECT coalesce(round(exp(sum(ln(f))))::int, 1) FROM generate_series(1, n - k) f)) GROUP BY 1, 2;
SELECT is(count(*), 0::bigint, 'Shapley values of rates are the means over all orders') FROM (SELECT log, channel, share / nullif(sum(share) OVER (PARTITION BY log), 0) AS share FROM game) g JOIN log_state USING (log)
	JOIN LATERAL affinity.attribution(state, 'shapley', game => 'rate') s ON s.channel = g.channel WHERE NOT pg_temp.near(s.share, g.share, 1e-12);
SELECT * FROM finish();
ROLLBACK;
