-- Attribution: what counts as a touch and as a journey, totals to the last bit, merging in any split, stored states, deleted
-- users, and wrong input. Models against others: attribution_oracle.
BEGIN;
SET LOCAL jit = off;
SET LOCAL timezone = 'UTC';
SELECT plan(114);
CREATE FUNCTION pg_temp.answer(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	result text;
	state text;
	message text;
	hint text;
BEGIN
	EXECUTE query INTO result;
	RETURN coalesce(result, 'nothing');
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT, hint = PG_EXCEPTION_HINT;
	RETURN format('%s: %s (%s)', state, message, hint);
END $$;
-- rows as 'day channel', a conversion with ! and its value, no channel -
CREATE FUNCTION pg_temp.state_of(VARIADIC lines text[]) RETURNS affinity.attribution LANGUAGE sql AS $$
	SELECT affinity.attribution_agg(f[1]::int, timestamp '2024-01-01' + f[2]::float8 * interval '1 day', nullif(f[3], '-'), f[4] IS NOT NULL, nullif(f[4], '')::float8)
	FROM (SELECT regexp_match(r, '(\d+): ([\d.]+) ([^!]+)(?:!(.*))?') AS f FROM unnest(lines) r) x $$;
CREATE FUNCTION pg_temp.ways(state affinity.attribution, lookback interval = NULL, reuse boolean = false, fold boolean = false) RETURNS text LANGUAGE sql AS $$
	SELECT string_agg(array_to_string(path, '>') || CASE WHEN conversions > 0 THEN '!' || conversions || '=' || value ELSE '' END || CASE WHEN nulls > 0 THEN '?' || nulls ELSE '' END, ' ' ORDER BY path COLLATE "C")
	FROM affinity.paths(state, lookback, reuse, fold) $$;
CREATE FUNCTION pg_temp.gives(state affinity.attribution, model text, lookback interval = NULL) RETURNS text LANGUAGE sql AS $$
	SELECT string_agg(channel || '=' || round(conversions::numeric, 6)::float8, ' ' ORDER BY channel) FROM affinity.attribution(state, model, lookback) $$;

-- 1. Touches and journeys.
SELECT is(pg_temp.ways(pg_temp.state_of('1: 1 a', '1: 2 b', '1: 3 -!5')), 'a>b!1=5', 'touches, then a conversion');
SELECT is(pg_temp.ways(pg_temp.state_of('1: 1 a', '1: 2 b!5')), 'a>b!1=5', 'a conversion with a channel is its last touch');
SELECT is(pg_temp.ways(pg_temp.state_of('1: 1 -!5', '1: 2 a!')), '(none)!1=5 a!1=0', 'a conversion without a touch is of (none)');
SELECT is(pg_temp.ways(pg_temp.state_of('1: 1 -', '1: 2 a!')), '(none)>a!1=0', 'a touch without a channel is one of (none)');
SELECT is(pg_temp.ways(pg_temp.state_of('1: 1 (none)', '1: 2 (none)!')), '(none)!1=0', 'and so is the name as text');
SELECT is(pg_temp.ways(pg_temp.state_of('1: 1 a', '1: 2 -!1', '1: 3 b')), 'a!1=1 b?1', 'a touch after a conversion leads to none');
SELECT is(pg_temp.ways(pg_temp.state_of('1: 1 a', '1: 2 -!1', '1: 3 b', '1: 4 -!2', '2: 1 a')), 'a!1=1?1 b!1=2', 'a journey begins after the conversion before');
SELECT is(pg_temp.ways(pg_temp.state_of('1: 1 a', '1: 2 -!1', '1: 3 b', '1: 4 -!2', '1: 5 c'), NULL, true), 'a!1=1 a>b!1=2 c?1', 'unless touches are used again');
SELECT is(pg_temp.ways(pg_temp.state_of('1: 1 b', '1: 1 A!2', '1: 1 -!3', '1: 1 a')), 'A!1=2 a>b!1=3', 'of one time: touches by name, then conversions, first those without a channel');
SELECT is(pg_temp.ways(pg_temp.state_of('1: 1 a', '1: 5 b', '1: 8 -!1', '1: 9 a', '1: 10 b', '1: 19 a'), '3 days'), 'a?2 a>b?1 b!1=1', 'a lookback, to the moment; touches farther apart are no journey');
SELECT is(pg_temp.ways(pg_temp.state_of('1: 1 a', '1: 4 -!1'), '3 days'), 'a!1=1', 'a touch as old as the lookback counts');
SELECT is(pg_temp.ways(pg_temp.state_of('1: 1 a', '1: 4.00001 -!1'), '3 days'), '(none)!1=1 a?1', 'an older one does not');
SELECT is(pg_temp.ways(pg_temp.state_of('1: 1 a', '1: 2 a', '1: 3 b', '1: 4 a!'), NULL, false, true), 'a>b>a!1=0', 'one of the same channel in a row');
SELECT is((SELECT string_agg(median_time::text, ' ') FROM affinity.paths(pg_temp.state_of('1: 1 a', '1: 2 -!', '2: 1 a', '2: 5 -!', '3: 1 a', '3: 10 -!', '4: 1 b'))), '4 days', 'the median time from the first touch');
SELECT results_eq($$SELECT path, users, conversions, nulls FROM affinity.paths(pg_temp.state_of('1: 1 a', '1: 2 a!', '1: 3 a', '1: 4 a!', '2: 1 a', '3: 1 a'))$$, $$VALUES ('{a,a}'::text[], 1::bigint, 2::bigint, 0::bigint), ('{a}', 2, 0, 2)$$, 'users are counted once');
SELECT is(pg_temp.ways(affinity.attribution_agg(u, t, c, b)), 'a!1=0', 'rows without user or time are left out, converted NULL is false') FROM (VALUES (1, date '2024-01-01', 'a', NULL), (1, '2024-01-02', NULL, true), (NULL, '2024-01-01', 'b', true), (1, NULL, 'b', true)) x (u, t, c, b);
SELECT is(pg_temp.ways(affinity.attribution_agg(u, t, c, b, v, interval '1 day')), 'a!1=2 b?1', 'a lookback of the state') FROM (VALUES (1, timestamptz '2024-01-01', 'b', false, 1), (1, '2024-01-02 12:00', 'a', false, 1), (1, '2024-01-03', NULL, true, 2)) x (u, t, c, b, v);
SELECT is(pg_temp.gives(pg_temp.state_of('1: 1 a', '1: 2 direct', '1: 3 -', '1: 4 -!'), 'last_non_direct'), '(none)=0 a=1 direct=0', 'neither direct nor (none) is the last non-direct touch');
SELECT is(pg_temp.gives(pg_temp.state_of('1: 1 direct', '1: 4 direct!'), 'LAST_NON_DIRECT'), 'direct=1', 'nothing but direct: direct');
SELECT is((SELECT string_agg(channel, ' ') FROM affinity.attribution(pg_temp.state_of('1: 1 a', '1: 2 Home!'), 'last_non_direct', direct => 'Home') WHERE conversions = 1), 'a', 'another name of direct');
SELECT is(pg_temp.gives(pg_temp.state_of('1: 1 a', '1: 8 b!'), 'time_decay'), 'a=0.333333 b=0.666667', 'a half-life of 7 days');
SELECT is(pg_temp.gives(pg_temp.state_of('1: 1 a', '1: 8 b', '1: 9 c', '1: 10 d!'), 'position'), 'a=0.4 b=0.1 c=0.1 d=0.4', 'weights 40, 20, 40');
SELECT results_eq($$SELECT channel, conversions, value, share FROM affinity.attribution(pg_temp.state_of('1: 1 a', '2: 1 b'), $$ || quote_literal(m) || ')', $$VALUES ('a', 0::float8, 0::float8, NULL::float8), ('b', 0, 0, NULL)$$, m || ' without conversions')
FROM unnest(ARRAY['linear', 'markov', 'shapley']) m;
SELECT is(pg_temp.gives(pg_temp.state_of('1: 1 a', '1: 2 b!', '2: 1 b', '3: 1 a!'), 'shapley'), 'a=1.5 b=0.5', 'Shapley of conversions: halves of those by two');
-- Zhao, Mahboobi, Bagheri 2018, section 3: the value of a channel is the sum over sets with it of their conversions by their size
SELECT is(pg_temp.gives(pg_temp.state_of('1: 1 a!', '2: 1 a', '2: 2 b!', '3: 1 a', '3: 2 b', '3: 3 c!', '4: 1 a', '4: 2 b', '4: 3 a', '4: 4 c!', '5: 1 c!'), 'shapley'), 'a=2.166667 b=1.166667 c=1.666667', 'a simplified Shapley value by hand');

-- 2. Totals to the last bit, whatever the order of adding; values of many magnitudes.
SELECT setseed(0.5);
CREATE TEMP TABLE touch AS SELECT (random() * 400)::int AS user_id, timestamptz '2024-01-01' + random() * interval '60 days' AS at, 'channel ' || (random() * random() * 11)::int AS channel,
	random() < 0.2 AS converted, random() ^ 9 * 1e6 AS value, (random() * 6)::int AS part FROM generate_series(1, 6000);
CREATE TEMP TABLE state AS SELECT affinity.attribution_agg(user_id, at, channel, converted, value) AS state FROM touch;
CREATE TEMP TABLE model AS SELECT game, m.*, random() AS r FROM state, (VALUES ('conversions'), ('rate')) g (game), affinity.attribution_models(state, game => game) m;
SELECT is(sum(conversions ORDER BY r), (SELECT count(*) FROM touch WHERE converted)::float8, model || ': conversions add up') FROM model WHERE game = 'rate' GROUP BY model ORDER BY model;
SELECT is(count(DISTINCT s), 1::bigint, 'values add up to the same in all models and orders') FROM (SELECT sum(value ORDER BY r) AS s FROM model GROUP BY game, model UNION ALL SELECT sum(value ORDER BY conversions) FROM model GROUP BY game, model) y;
SELECT ok(abs(sum(value) - (SELECT sum(value::numeric) FROM touch WHERE converted)::float8) < 1e-6, 'and these are the values of conversions') FROM model WHERE model = 'markov' AND game = 'rate';
SELECT is(count(*), 8::bigint, 'shares add up to 1') FROM (SELECT sum(share ORDER BY r) AS s FROM model WHERE game = 'rate' GROUP BY model) x WHERE s = 1;
SELECT results_eq($$SELECT channel, value FROM affinity.attribution(pg_temp.state_of('1: 1 a!1e300', '1: 2 b!-1e300', '1: 3 c!1e-300', '1: 4 d!1e15'), 'linear')$$, $$VALUES ('a', 1e300::float8), ('b', -1e300), ('c', 0), ('d', 0)$$, 'what is nothing beside the largest value is 0');
SELECT results_eq($$SELECT channel, round((value / 1e-300)::numeric, 14) FROM affinity.attribution(pg_temp.state_of('1: 1 a!1e-300', '1: 2 b!3e-300'), 'linear')$$, $$VALUES ('a', 1::numeric), ('b', 3)$$, 'small values');
SELECT is((SELECT sum(value) FROM affinity.attribution(pg_temp.state_of('1: 1 a', '1: 2 b', '1: 3 c!1000000000000000.3'), 'linear')), 1000000000000000.3::float8, '1e15 in three parts');
SELECT is((SELECT sum(value) FROM affinity.attribution(pg_temp.state_of('1: 1 a!5', '1: 2 b!-5', '2: 1 a!0.5'), m)), 0.5::float8, m || ': refunds') FROM unnest(ARRAY['markov', 'linear']) m;

-- 3. Any split, any order, any plan: the same bytes.
SELECT is((SELECT affinity.attribution_agg(user_id, at, channel, converted, value ORDER BY random()) FROM touch)::text, state::text, 'rows in another order') FROM state;
SELECT is((SELECT affinity.rollup(s ORDER BY part DESC) FROM (SELECT part, affinity.attribution_agg(user_id, at, channel, converted, value) AS s FROM touch GROUP BY part) p)::text, state::text, 'parts') FROM state;
SELECT is((SELECT affinity.rollup(s) FROM (SELECT affinity.attribution_agg(user_id, at, channel, converted, value)::text::affinity.attribution AS s FROM touch GROUP BY user_id, part, channel) p)::text, state::text, 'thousands of states, through text') FROM state;
SELECT is((SELECT affinity.rollup(affinity.rollup(a, b), NULL) FROM (SELECT affinity.attribution_agg(user_id, at, channel, converted, value) FILTER (WHERE part < 3) AS a, affinity.attribution_agg(user_id, at, channel, converted, value) FILTER (WHERE part >= 3) AS b FROM touch) p)::text, state::text, 'two in an expression') FROM state;
SELECT is((SELECT s FROM (SELECT affinity.attribution_agg(user_id, at, channel, converted, value) OVER (ORDER BY part) AS s, part FROM touch ORDER BY part DESC LIMIT 1) w)::text, state::text, 'a window that grows') FROM state;
CREATE TABLE attribution_big AS SELECT n * 7919 % 50000 AS user_id, timestamp '2024-01-01' + n % 86400 * interval '1 s' AS at, 'c' || n % 17 AS channel, n % 13 = 0 AS converted, n % 7 AS value FROM generate_series(1, 200000) n;
ANALYZE attribution_big;
SET LOCAL max_parallel_workers_per_gather = 0;
CREATE TEMP TABLE serial AS SELECT affinity.attribution_agg(user_id, at, channel, converted, value) AS s FROM attribution_big;
SET LOCAL max_parallel_workers_per_gather = 4;
SET LOCAL parallel_setup_cost = 0;
SET LOCAL parallel_tuple_cost = 0;
SET LOCAL min_parallel_table_scan_size = 0;
SELECT ok((SELECT affinity.attribution_agg(user_id, at, channel, converted, value) FROM attribution_big) = s, 'workers: large states side by side') FROM serial;
SELECT ok((SELECT affinity.attribution_agg('u' || user_id, at, channel, converted, value) FROM attribution_big) = (SELECT affinity.rollup(x) FROM (SELECT affinity.attribution_agg('u' || user_id, at, channel, converted, value) AS x FROM attribution_big GROUP BY user_id % 3, channel) p), 'text users');
SELECT ok((SELECT affinity.attribution_agg(md5(user_id::text)::uuid, at, channel, converted, value) FROM attribution_big) = (SELECT affinity.rollup(x) FROM (SELECT affinity.attribution_agg(md5(user_id::text)::uuid, at, channel, converted, value) AS x FROM attribution_big GROUP BY channel) p), 'uuid users');
SELECT cmp_ok(pg_column_size(s::text::affinity.attribution) / 200000.0, '<', 12.0, 'bytes a touch') FROM serial;
SELECT is(affinity.rollup(NULL::affinity.attribution, NULL), NULL, 'nothing and nothing');
SELECT is((SELECT affinity.attribution_agg(user_id, at, channel, converted) FROM touch WHERE false), NULL, 'no rows');
SELECT is((SELECT count(*) FROM affinity.attribution(NULL, 'linear')), 0::bigint, 'of no state no rows');

-- 4. Users who are deleted.
SELECT is(affinity.without(state, (SELECT array_agg(g) FROM generate_series(1, 399) g))::text, (SELECT affinity.attribution_agg(user_id, at, channel, converted, value) FROM touch WHERE user_id NOT BETWEEN 1 AND 399)::text, 'without users: as if they had never been') FROM state;
SELECT is(affinity.without(state, '{5000,NULL}'::bigint[])::text, state::text, 'nobody of these') FROM state;
SELECT is(affinity.without(state, (SELECT array_agg(g) FROM generate_series(0, 400) g)), NULL, 'nobody is left') FROM state;
SELECT is(affinity.without(affinity.attribution_agg('u' || user_id, at, channel, converted), '{u1,u2}'::text[])::text, affinity.attribution_agg('u' || user_id, at, channel, converted) FILTER (WHERE user_id NOT IN (1, 2))::text, 'text ids') FROM touch;

-- 5. Stored states: version 1, and such that cannot be.
SELECT ok(pg_temp.state_of('1: 1 a', '1: 2 b', '1: 3 -!5', '2: 1 b')::text::affinity.attribution = pg_temp.state_of('2: 1 b', '1: 3 -!5', '1: 2 b', '1: 1 a'), 'through text');
SELECT is(count(*) FILTER (WHERE a NOT LIKE '22P03: invalid attribution state: % (States are made by affinity.attribution_agg, and stored and copied unchanged.)' AND a NOT LIKE '_%reads'), 0::bigint, 'every byte changed or cut: 22P03, or a state that reads') FROM (
	SELECT pg_temp.answer(format('SELECT count(*) || %L FROM affinity.attribution_models(encode(%L::bytea, ''base64'')::affinity.attribution) x', ' reads', b)) AS a FROM (
		SELECT b FROM (SELECT decode(pg_temp.state_of('1: 1 a', '1: 2 b', '1: 3 -!5', '2: 1 b')::text, 'base64') AS s) x, generate_series(0, length(s) - 1) i,
			LATERAL (VALUES (substr(s, 1, i)), (set_byte(s, i, get_byte(s, i) # 1)), (set_byte(s, i, get_byte(s, i) # 128)), (set_byte(s, i, 255)), (s || substr(s, i + 1))) v (b)) y) z;
SELECT is(affinity.attribution_send(state), (SELECT affinity.attribution_send(state::text::affinity.attribution) FROM state), 'binary form') FROM state;

-- 6. Wrong input: the error and its hint.
CREATE TEMP TABLE wrong (no serial, query text, error text);
INSERT INTO wrong (query, error) VALUES
	('SELECT affinity.attribution(state, ''best'') FROM state', '22023: unknown model "best" (Models are first_touch, last_touch, last_non_direct, linear, position, time_decay, markov and shapley.)'),
	('SELECT affinity.attribution(state, NULL) FROM state', '22004: model must not be null%'),
	('SELECT affinity.attribution_models(state, ''{linear,NULL}'') FROM state', '22004: models must not contain null (NULL instead of an array is all models.)'),
	('SELECT affinity.attribution(state, ''linear'', ''1 month'') FROM state', '22023: a span of months or years has no fixed length (Give it in days: ''30 days''.)'),
	('SELECT affinity.attribution_agg(user_id, at, channel, converted, interval ''1 year'') FROM touch', '22023: a span of months or years has no fixed length (Give it in days: ''30 days''.)'),
	('SELECT affinity.attribution_agg(user_id, at, channel, converted, interval ''-1 day'') FROM touch', '22023: lookback must be longer than 0 (It is how long before a conversion a touch may be: interval ''30 days''.)'),
	('SELECT affinity.paths(state, ''0'') FROM state', '22023: lookback must be longer than 0 (It is how long%'),
	('SELECT affinity.paths(state, reuse => NULL) FROM state', '22004: reuse must not be null%'),
	('SELECT affinity.attribution_agg(user_id, at, channel, converted, part * interval ''1 day'' + interval ''1 day'') FROM touch', '22023: lookback must be the same for all rows of a group (Give a constant, or give it to the report instead.)'),
	('SELECT affinity.attribution(state, ''time_decay'', half_life => ''-7 days'') FROM state', '22023: half_life must be longer than 0 (A touch that much before the last one counts half as much: interval ''7 days''.)'),
	('SELECT affinity.attribution(state, ''time_decay'', half_life => ''1 month'') FROM state', '22023: a span of months or years has no fixed length (Give it in days: ''30 days''.)'),
	('SELECT affinity.attribution(state, ''position'', weights => ''{0.4,0.4,0.4}'') FROM state', '22023: the sum of weights must be 1, but is 1.2000000000000002 (Weights are parts of a conversion: ''{0.4, 0.2, 0.4}''.)'),
	('SELECT affinity.attribution(state, ''position'', weights => ''{0.5,0.5}'') FROM state', '22023: there must be 3 weights, but there are 2 (They are of the first touch, of all between, and of the last: ''{0.4, 0.2, 0.4}''.)'),
	('SELECT affinity.attribution(state, ''position'', weights => ''{-0.5,1,0.5}'') FROM state', '22023: weight 1 must be from 0 to 1 (Weights are%'),
	('SELECT affinity.attribution(state, ''position'', weights => ''{0.5,NaN,0.5}'') FROM state', '22023: weight 2 must be from 0 to 1 (Weights are%'),
	('SELECT affinity.attribution(state, ''markov'', markov_order => 0) FROM state', '22023: markov_order must be 1, 2 or 3, but is 0 (It is how many of the last touches the next one depends on.)'),
	('SELECT affinity.transitions(state, 4) FROM state', '22023: markov_order must be 1, 2 or 3, but is 4 (It is how many%'),
	('SELECT affinity.attribution(state, ''shapley'', game => ''chess'') FROM state', '22023: unknown game "chess" (Games are conversions and rate.)'),
	('SELECT affinity.attribution(state, ''shapley'', samples => -1) FROM state', '22023: samples must be from 0 to 100000000, but is -1 (It is how many orders%'),
	('SELECT affinity.attribution(s, ''shapley'', game => ''rate'', samples => 0) FROM serial', '54000: exact Shapley values by rate of 17 channels, but at most 15 can be computed (Leave samples out, or give game => ''conversions'', which is exact for any number of channels.)'),
	('SELECT affinity.attribution(affinity.attribution_agg(n, at, n::text, n = 1), ''shapley'', game => ''rate'') FROM (SELECT n, now() AS at FROM generate_series(1, 65) n) x', '54000: Shapley values by rate of 65 channels, but at most 64 can be computed (Give game => ''conversions''%'),
	('SELECT affinity.attribution_agg(user_id, at, channel, true, ''NaN''::float8) FROM touch', '22000: NaN value (Leave such rows out with FILTER, or make their value NULL.)'),
	('SELECT affinity.attribution_agg(user_id, at, channel, true, ''-infinity''::float8) FROM touch', '22000: infinite value (Leave such rows out%'),
	('SELECT affinity.attribution_agg(user_id, ''infinity''::timestamptz, channel, true) FROM touch', '22023: the time of an event must be finite (%'),
	('SELECT affinity.rollup(state, (SELECT affinity.attribution_agg(user_id, at, channel, converted, interval ''1 day'') FROM touch)) FROM state', '22023: attribution states of different lookbacks cannot be merged (Aggregate without a lookback, and give it to the report.)'),
	('SELECT affinity.rollup(state, (SELECT affinity.attribution_agg(user_id::text, at, channel, converted) FROM touch)) FROM state', '22023: attribution states of different types of users cannot be merged (Cast them to the same type when aggregating.)'),
	('SELECT affinity.rollup(s) FROM (SELECT state FROM state UNION ALL SELECT s FROM serial) x (s)', '22023: attribution states of different types of times cannot be merged (Cast%'),
	('SELECT affinity.without(state, ''{a}''::text[]) FROM state', '42804: this state has users of another type than text (Pass ids of the type that attribution_agg was given.)'),
	('SELECT affinity.attribution_accum(NULL, 1, now(), ''a'', true)', '0A000: this function works only as part of its aggregate (Call affinity.attribution_agg or affinity.rollup.)'),
	('SELECT affinity.attribution_agg(user_id, at, channel, converted, ''30 days'') FROM touch', '42804: the value of a conversion is a number, and a lookback is an interval (Write interval ''30 days'' for a lookback.)'),
	('SELECT affinity.attribution_agg(user_id, at, channel, converted, value, ''30 days'') = affinity.attribution_agg(user_id, at, channel, converted, value, interval ''30 days'') FROM touch', 'true'),
	('SELECT (SELECT count(*) FROM affinity.attribution_models(state, array_fill(''linear''::text, ARRAY[3, 4]))) = 12 * (SELECT count(*) FROM affinity.attribution_models(state, ''{linear}'')) FROM state', 'true'),
	('SELECT affinity.attribution_agg(user_id, at, channel) FROM touch', '42883: attribution_agg needs to know which rows are conversions (Write affinity.attribution_agg(user_id, at, channel, converted)%'),
	('SELECT affinity.attribution_agg(user_id, at, channel, converted::int) FROM touch', '42804: converted is a boolean, not a number (Write converted > 0;%'),
	('SELECT affinity.attribution_agg(user_id, at, 5, converted) FROM touch', '42804: the channel is of type integer, but is to be a text (Cast it: %channel::text%'),
	('SELECT affinity.attribution_agg(user_id, at, converted, converted, 1.5) FROM touch', '42804: the channel is of type boolean, but is to be a text (Cast it: %channel::text%'),
	('SELECT affinity.attribution_agg(user_id, at, channel::varchar, converted) = affinity.attribution_agg(user_id, at, channel, converted) FROM touch', 'true'),
	('SELECT affinity.attribution_agg(user_id, extract(epoch FROM at), channel, converted) FROM touch', '42%: % (%to_timestamp(%'),
	('SELECT affinity.attribution(affinity.attribution_agg(n, now(), ''a'', true, 1.7e308), ''linear'') FROM generate_series(1, 1000) n', '22003: value out of range: overflow%'),
	('SELECT affinity.paths(affinity.attribution_agg(n, now(), ''a'', true, 1.7e308)) FROM generate_series(1, 1000) n', '22003: value out of range: overflow%'),
	('SELECT affinity.attribution_agg(value, at, channel, converted) FROM touch', '42804: %');
SELECT ok(pg_temp.answer(query) LIKE error, query || ': ' || pg_temp.answer(query)) FROM wrong ORDER BY no;

-- 7. Sampled Shapley values: near the exact ones, by their error; the same by the same seed.
CREATE TEMP TABLE sampled AS SELECT e.channel, e.conversions AS exact, s.conversions, s.std_error, e.std_error AS no_error FROM state, affinity.attribution(state, 'shapley', game => 'rate') e
	JOIN LATERAL affinity.attribution(state, 'shapley', game => 'rate', samples => 4000, seed => 7) s USING (channel);
SELECT is(count(*), 0::bigint, 'within four standard errors') FROM sampled WHERE abs(conversions - exact) > 4 * std_error OR no_error IS NOT NULL OR std_error IS NULL;
SELECT is(count(*), 0::bigint, 'the same seed draws the same') FROM sampled JOIN (SELECT * FROM state, affinity.attribution(state, 'shapley', game => 'rate', samples => 4000, seed => 7)) s USING (channel) WHERE s.conversions <> sampled.conversions;
SELECT cmp_ok(count(*), '>', 5::bigint, 'another one does not') FROM sampled JOIN (SELECT * FROM state, affinity.attribution(state, 'shapley', game => 'rate', samples => 4000, seed => 8)) s USING (channel) WHERE s.conversions <> sampled.conversions;
SELECT is(count(std_error), 17::bigint, 'more than 15 channels are sampled') FROM serial, affinity.attribution(s, 'shapley', game => 'rate');
-- 8. A chain of many channels, and journeys that are long.
SELECT is(round(sum(effect)::numeric, 9), 400::numeric, 'a channel for each of 400 touches of one way: without any of them nothing is left')
FROM (SELECT affinity.attribution_agg(1, timestamp '2024-01-01' + n * interval '1 s', n::text, n = 400) AS s FROM generate_series(1, 400) n) x, affinity.removal_effects(s);
SELECT is(round(min(effect)::numeric, 9), 1::numeric, 'order ' || o || ': 3,000 touches, one conversion') FROM (SELECT affinity.attribution_agg(1, timestamp '2024-01-01' + n * interval '1 s', CASE n % 2 WHEN 0 THEN 'a' ELSE 'b' END, n = 3000) AS s FROM generate_series(1, 3000) n) x,
	generate_series(1, 3) o, LATERAL affinity.removal_effects(s, o) GROUP BY o ORDER BY o;
-- journeys of 4,001 touches; one of four ends after a rare touch: what is lost without it
SELECT is(round(effect::numeric, 12), 0.25, 'order ' || o || ': a rare touch after 4,000')
FROM (SELECT affinity.attribution_agg(u, timestamp '2024-01-01' + n * interval '1 s', CASE WHEN n > 4000 THEN CASE u WHEN 4 THEN 'rare' ELSE 'often' END ELSE chr(97 + n % 2) END, n > 4000) AS s FROM generate_series(1, 4) u, generate_series(1, 4001) n) x,
	generate_series(1, 3) o, LATERAL affinity.removal_effects(s, o) WHERE channel = 'rare' ORDER BY o;
SELECT * FROM finish();
ROLLBACK;
