-- Operators of states. States of random logs (fixed seed), made in another order of
-- rows, from parts, and through text and binary form, are equal and hash equally; states
-- that differ in a row, an option or a kind are not. What their bytes say is the oracle
-- for activity, values and packed funnels; for the others it is their sorted rows.
BEGIN;
SET LOCAL jit = off;
SET LOCAL timezone = 'UTC';
SELECT plan(126);
SELECT setseed(0.31);

CREATE TEMP TABLE log_row AS
	SELECT log, log % 3 AS ids, floor(random() * (1 + log % 9))::bigint AS user_id,
		timestamptz '2024-03-29 00:00+00' + floor(random() * 40) * interval '5 hours' AS at,
		random() < 0.6 AS is_start, random() < 0.6 AS is_return, round((random() * 100)::numeric, 2)::float8 AS value,
		random() < 0.5 AS c1, random() < 0.5 AS c2, random() < 0.5 AS c3, (random() * 3)::int AS prop,
		floor(random() * 3)::int AS part
	FROM generate_series(1, 60) log, generate_series(1, 2 + log % 23);
-- one more row in each log, of which the last part is
CREATE TEMP TABLE other_row AS
	TABLE log_row UNION ALL
	SELECT DISTINCT ON (log) log, ids, user_id, at + interval '77 days', true, true, 0.25, true, true, true, 9, 2 FROM log_row;
ANALYZE log_row;

CREATE AGGREGATE pg_temp.one_user(bigint, text, bigint, VARIADIC "any") (SFUNC = affinity.funnel_accum, STYPE = affinity.funnel);
CREATE AGGREGATE pg_temp.many_users("any", bigint, bigint, VARIADIC "any") (SFUNC = affinity.funnel_agg_accum, STYPE = affinity.funnel);
CREATE AGGREGATE pg_temp.sequence(text, bigint, VARIADIC "any") (SFUNC = affinity.sequence_accum, STYPE = affinity.sequence);
CREATE AGGREGATE pg_temp.merged(affinity.funnel) (SFUNC = affinity.funnel_combine, STYPE = affinity.funnel);
CREATE AGGREGATE pg_temp.merged(affinity.sequence) (SFUNC = affinity.sequence_combine, STYPE = affinity.sequence);

-- Every kind of state: its type, how it is made, and how states of it are merged.
CREATE TEMP TABLE kind (kind text, type text, make text, merge text);
INSERT INTO kind VALUES
	('bitmaps', 'activity', 'affinity.activity_agg(user_id, at, ''day'')', 'affinity.rollup'),
	('text users', 'activity', 'affinity.activity_agg(''u'' || user_id, at, ''hour'', ''Asia/Tokyo'')', 'affinity.rollup'),
	('events', 'activity', 'affinity.activity_agg(user_id, at, ''week'', NULL, is_start, is_return OR NOT is_start)', 'affinity.rollup'),
	('values', 'value', 'affinity.value_agg(md5(user_id::text)::uuid, at, value, ''day'')', 'affinity.rollup'),
	('packed', 'funnel', 'affinity.funnel_agg(user_id, at, interval ''3 days'', c1 OR NOT (c2 OR c3), c2, c3)', 'affinity.rollup'),
	('packed text', 'funnel', 'affinity.funnel_agg(''u'' || user_id, extract(epoch FROM at)::bigint, 7200, ''strict_order'', c1, c2, c3)', 'affinity.rollup'),
	('held', 'funnel', 'affinity.funnel_agg(user_id, at, interval ''3 days'', ''hold_last'', c1 OR NOT c2, c2, prop)', 'affinity.rollup'),
	('held uuid', 'funnel', 'affinity.funnel_agg(''u'' || user_id, extract(epoch FROM at)::bigint, 7200, ''hold_last'', c1 OR NOT c2, c2, md5(prop::text)::uuid)', 'affinity.rollup'),
	('chains', 'funnel', 'affinity.funnel_agg(ARRAY[at, at + value * interval ''1 s'', CASE WHEN c2 THEN at + interval ''9 h'' END, CASE WHEN c2 AND c3 THEN at + interval ''10 h'' END])', 'affinity.rollup'),
	('baskets', 'basket', 'affinity.basket_agg(user_id, value)', 'affinity.rollup'),
	('baskets with times', 'basket_uuid', 'affinity.basket_agg(md5(user_id::text)::uuid, prop, at)', 'affinity.rollup'),
	('baskets of texts', 'basket_text', 'affinity.basket_agg(''u'' || user_id, value, at)', 'affinity.rollup'),
	('attributions', 'attribution', 'affinity.attribution_agg(user_id, at, ''c'' || prop, c1, value)', 'affinity.rollup'),
	('contrasts', 'contrast', 'affinity.contrast_agg(c1, value::text)', 'affinity.rollup'),
	('decayed', 'decayed', 'affinity.decayed_count(at, ''9 days'', value)', 'affinity.rollup'),
	('inequality', 'inequality', 'affinity.inequality_agg(value)', 'affinity.rollup'),
	('survivals', 'survival', 'affinity.survival_agg(value, c1)', 'affinity.rollup'),
	('metrics', 'metric', 'affinity.metric_agg(value, prop)', 'affinity.rollup'),
	('ratios', 'metric', 'affinity.ratio_agg(value, 1 + prop)', 'affinity.rollup'),
	('quantiles', 'metric', 'affinity.metric_quantile_agg(value, 0.5)', 'affinity.rollup'),
	('metrics of clusters', 'cluster_metric', 'affinity.cluster_metric_agg(value, user_id)', 'affinity.rollup'),
	('differences', 'did', 'affinity.did_agg(value, c1, c2, user_id)', 'affinity.rollup'),
	('uplifts', 'uplift', 'affinity.uplift_agg(value, c1, c2)', 'affinity.rollup'),
	('series', 'series', 'affinity.series_agg(at, value, ''day'')', 'affinity.rollup'),
	('rows of one', 'funnel', 'pg_temp.one_user(7200, '''', extract(epoch FROM at)::bigint, c1 OR NOT c2, c2, c3)', 'pg_temp.merged'),
	('rows of many', 'funnel', 'pg_temp.many_users(user_id, extract(epoch FROM at)::bigint, 7200, c1 OR NOT c2, c2, c3)', 'pg_temp.merged'),
	('rows of a sequence', 'sequence', 'pg_temp.sequence(''(?1)(?2)'', extract(epoch FROM at)::bigint, c1 OR NOT c2, c2, c3)', 'pg_temp.merged');

-- The states of all logs: whole, in other orders, from parts, and with one row more.
CREATE FUNCTION pg_temp.make(kind text, type text, make text, merge text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE format('CREATE TEMP TABLE state (log int, way text, state affinity.%I)', type);
	EXECUTE format('INSERT INTO state SELECT log, ''whole'', %s FROM (SELECT * FROM log_row ORDER BY at, user_id, value) r GROUP BY log', make);
	EXECUTE format('INSERT INTO state SELECT log, ''in another order'', %s FROM (SELECT * FROM log_row ORDER BY random()) r GROUP BY log', make);
	EXECUTE format('INSERT INTO state SELECT log, ''of parts'', %s(state ORDER BY part DESC) FROM (
		SELECT log, part, %s AS state FROM log_row GROUP BY log, part) r GROUP BY log', merge, make);
	-- rollup(state, other) as an aggregate of its own
	IF merge = 'affinity.rollup' THEN
		IF to_regprocedure(format('pg_temp.two_by_two(affinity.%I)', type)) IS NULL THEN
			EXECUTE format('CREATE AGGREGATE pg_temp.two_by_two(affinity.%1$I) (SFUNC = affinity.rollup, STYPE = affinity.%1$I)', type);
		END IF;
		EXECUTE format('INSERT INTO state SELECT log, ''two by two'', pg_temp.two_by_two(state ORDER BY part) FROM (
			SELECT log, part, %s AS state FROM log_row GROUP BY log, part) r GROUP BY log', make);
	END IF;
	EXECUTE format('INSERT INTO state SELECT log, ''as text'', state::text::affinity.%I FROM state WHERE way = ''of parts''', type);
	EXECUTE format('INSERT INTO state SELECT log, ''one row more'', %s FROM other_row r GROUP BY log', make);
END $$;

-- way by way against the whole; with hashes and order
CREATE FUNCTION pg_temp.check(kind text, type text) RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
	RETURN NEXT is_empty(format('SELECT log, b.way FROM state a JOIN state b USING (log)
		WHERE a.way = ''whole'' AND b.way <> ''one row more'' AND NOT (a.state = b.state AND NOT a.state <> b.state
			AND a.state <= b.state AND a.state >= b.state AND NOT a.state < b.state AND NOT a.state > b.state
			AND affinity.%1$s_cmp(a.state, b.state) = 0 AND a.state IS NOT DISTINCT FROM b.state
			AND affinity.%1$s_hash(a.state) = affinity.%1$s_hash(b.state)
			AND affinity.%1$s_hash_extended(a.state, 17) = affinity.%1$s_hash_extended(b.state, 17))', type),
		kind || ': equal contents are equal');
	RETURN NEXT is_empty(format('SELECT a.log, b.log, b.way FROM state a, state b
		WHERE a.way = ''of parts'' AND (a.log <> b.log OR b.way = ''one row more'') AND NOT (a.state <> b.state AND NOT a.state = b.state
			AND (a.state < b.state) <> (a.state > b.state) AND (a.state <= b.state) = (a.state < b.state) AND (a.state >= b.state) = (a.state > b.state)
			AND affinity.%1$s_cmp(a.state, b.state) = -affinity.%1$s_cmp(b.state, a.state) AND a.state IS DISTINCT FROM b.state
			AND affinity.%1$s_hash(a.state) <> affinity.%1$s_hash(b.state)
			AND affinity.%1$s_hash_extended(a.state, 17) <> affinity.%1$s_hash_extended(b.state, 17))', type),
		kind || ': others are not, nor are their hashes');
	RETURN NEXT is_empty(format('SELECT log FROM state WHERE
		(affinity.%1$s_hash_extended(state, 0) & 4294967295) <> (affinity.%1$s_hash(state)::bigint & 4294967295)', type), kind || ': hashes without a seed');
	SET LOCAL enable_hashagg = off;
	RETURN NEXT is((SELECT count(*) FROM (SELECT DISTINCT state FROM state) d), 120::bigint, kind || ': DISTINCT by sorting');
	SET LOCAL enable_hashagg = on;
	DROP TABLE state;
END $$;
SELECT t FROM kind, LATERAL (SELECT pg_temp.make(kind, type, make, merge)) m, LATERAL pg_temp.check(kind.kind, kind.type) t;

-- A state of rows as they came is that which is packed, and one whose input was binary.
SELECT is(count(*), 60::bigint, 'version 1 of a funnel is equal to version 2') FROM (
	SELECT log, pg_temp.many_users(user_id, extract(epoch FROM at)::bigint, 7200, c1 OR NOT c2, c2, c3) AS rows,
		affinity.funnel_agg(user_id, extract(epoch FROM at)::bigint, 7200, c1 OR NOT c2, c2, c3) AS packed
	FROM log_row GROUP BY log) s
WHERE rows = packed AND affinity.funnel_hash(rows) = affinity.funnel_hash(packed);
SELECT is(count(*), 1::bigint, 'a large one too, while it grows and when it is finished') FROM (
	SELECT pg_temp.many_users(i % 997, i, 7200, true, i % 3 = 0) AS rows, affinity.funnel_agg(i % 997, i, 7200, true, i % 3 = 0) AS packed
	FROM generate_series(1, 90000) i) s WHERE rows = packed AND affinity.funnel_hash_extended(rows, 5) = affinity.funnel_hash_extended(packed, 5);
SELECT is(count(*), 1::bigint, 'a growing one of one user too') FROM (
	SELECT pg_temp.one_user(7200, '', i, true, i % 3 = 0 ORDER BY i) AS a, pg_temp.one_user(7200, '', i, true, i % 3 = 0 ORDER BY -i) AS b
	FROM generate_series(1, 150000) i) s WHERE a = b AND affinity.funnel_hash(a) = affinity.funnel_hash(b);
CREATE TEMP TABLE sent (name text, activity affinity.activity, value affinity.value, funnel affinity.funnel);
CREATE TEMP TABLE stored (name text, type text, state text);
\copy sent FROM test/data/format/states.copy BINARY
\copy stored FROM test/data/format/states.csv CSV
SELECT is_empty($$SELECT name FROM sent JOIN stored s USING (name)
	WHERE NOT CASE s.type WHEN 'activity' THEN activity = s.state::affinity.activity AND affinity.activity_hash(activity) = affinity.activity_hash(s.state::affinity.activity)
		WHEN 'value' THEN value = s.state::affinity.value AND affinity.value_hash(value) = affinity.value_hash(s.state::affinity.value)
		ELSE funnel = s.state::affinity.funnel AND affinity.funnel_hash(funnel) = affinity.funnel_hash(s.state::affinity.funnel) END$$, 'binary input is equal to text');
SELECT results_eq($$SELECT a.name, b.name FROM sent a, sent b WHERE a.name < b.name AND (a.activity = b.activity OR a.value = b.value OR a.funnel = b.funnel)$$,
	$$VALUES ('packed exclude 4', 'packed exclude_last')$$, 'states of every kind are not equal, but for two words for the same funnel');

-- Windows, modes and kinds are part of what a state says.
SELECT is(count(DISTINCT state), 5::bigint, 'the same rows in other funnels') FROM (
	SELECT affinity.funnel_agg(1, 1, 60, true, false) UNION ALL SELECT affinity.funnel_agg(1, 1, 61, true, false)
	UNION ALL SELECT affinity.funnel_agg(1, 1, 60, 'fixed', true, false) UNION ALL SELECT affinity.funnel_agg(1::smallint, 1, 60, 'default', true, false)
	UNION ALL SELECT affinity.funnel_agg('1'::text, 1, 60, true, false) UNION ALL SELECT affinity.funnel_agg(1, 1, 60, true, false, false)) f (state);
SELECT is(count(DISTINCT state), 3::bigint, 'the same rows in other units and zones') FROM (
	SELECT affinity.activity_agg(1, timestamptz '2024-01-01', 'day', 'UTC') UNION ALL SELECT affinity.activity_agg(1, timestamptz '2024-01-01', 'month', 'UTC')
	UNION ALL SELECT affinity.activity_agg(1::bigint, timestamptz '2024-01-01', 'day', 'utc')
	UNION ALL SELECT affinity.activity_agg(1, timestamptz '2024-01-01', 'day', 'Europe/Berlin')) a (state);

-- What SQL does with it.
CREATE TEMP TABLE daily (day date PRIMARY KEY, state affinity.activity, written int DEFAULT 0);
INSERT INTO daily SELECT at::date, affinity.activity_agg(user_id, at, 'day') FROM log_row GROUP BY 1;
CREATE TEMP TABLE late AS SELECT * FROM log_row UNION ALL SELECT * FROM other_row WHERE log = 1 AND at > '2024-06-01';
INSERT INTO late SELECT log, ids, 1000, at, is_start, is_return, value, c1, c2, c3, prop, part FROM log_row WHERE log = 1 LIMIT 1;
INSERT INTO daily SELECT at::date, affinity.activity_agg(user_id, at, 'day') FROM late GROUP BY 1
	ON CONFLICT (day) DO UPDATE SET state = excluded.state, written = daily.written + 1 WHERE daily.state IS DISTINCT FROM excluded.state;
SELECT is(sum(written), 1::bigint, 'an upsert with IS DISTINCT FROM writes the state that changed alone') FROM daily;
SELECT is((SELECT count(*) FROM (SELECT state FROM daily UNION SELECT state FROM daily) u), (SELECT count(*) FROM daily), 'UNION');
SELECT is((SELECT max(n) FROM (SELECT count(*) AS n FROM daily GROUP BY state) g), 1::bigint, 'GROUP BY');
SET LOCAL enable_mergejoin = off;
SET LOCAL enable_nestloop = off;
SELECT is((SELECT count(*) FROM daily a JOIN daily b ON a.state = b.state), (SELECT count(*) FROM daily), 'hash join');
RESET enable_mergejoin;
SET LOCAL enable_hashjoin = off;
SELECT is((SELECT count(*) FROM daily a JOIN daily b ON a.state = b.state), (SELECT count(*) FROM daily), 'merge join');
SET LOCAL search_path = pg_catalog;
SELECT count(*) AS found FROM pg_temp.daily a WHERE a.state IS NOT DISTINCT FROM a.state AND a.state = a.state \gset
SET LOCAL search_path = public;
SELECT is(:found::bigint, count(*), 'the operators are found whatever the search_path is') FROM daily;

-- Values that came past their input functions.
CREATE CAST (affinity.activity AS affinity.funnel) WITHOUT FUNCTION;
CREATE CAST (affinity.funnel AS affinity.activity) WITHOUT FUNCTION;
CREATE CAST (affinity.funnel AS affinity.sequence) WITHOUT FUNCTION;
CREATE TEMP TABLE wrong AS SELECT affinity.funnel_agg(1, 1, 60, true) AS funnel, affinity.activity_agg(1, now(), 'day') AS activity;
SELECT throws_ok('SELECT activity::affinity.funnel = funnel FROM wrong', '22P03', NULL, 'an activity is no funnel');
SELECT throws_ok('SELECT affinity.funnel_hash(activity::affinity.funnel) FROM wrong', '22P03', NULL, 'and has no hash as one');
SELECT throws_ok('SELECT affinity.sequence_cmp(funnel::affinity.sequence, funnel::affinity.sequence) FROM wrong', '22P03', NULL, 'a funnel is no sequence');
SELECT throws_ok('SELECT affinity.activity_cmp(activity, funnel::affinity.activity) FROM wrong', '22P03', NULL, 'a funnel is no activity');
SELECT throws_ok('SELECT affinity.activity_hash(funnel::affinity.activity) FROM wrong', '22P03', NULL, 'and has no hash as one');

SELECT finish();
ROLLBACK;
