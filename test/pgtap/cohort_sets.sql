-- States as sets of users: two merged in an expression, with and without some
-- users, and relabelled. Random logs (fixed seed) in three types of ids, activity
-- with and without times, and values: the bytes must be those of a state that is
-- aggregated from the rows that remain.
BEGIN;
SET LOCAL jit = off;
SET LOCAL timezone = 'UTC';
SET LOCAL work_mem = '64MB';
SELECT plan(89);
SELECT setseed(0.77);

CREATE TEMP TABLE log AS
	SELECT id, id % 3 AS ids, (ARRAY['hour', 'day', 'week', 'month'])[1 + id % 4] AS unit,
		(ARRAY['Europe/Berlin', 'America/New_York', 'Asia/Kathmandu'])[1 + id / 4 % 3] AS zone,
		CASE WHEN id <= 240 THEN 1 + id % 9 ELSE (id - 240) * 200 END AS users,
		CASE WHEN id <= 240 THEN 1 + id % 40 ELSE (id - 240) * 1200 END AS n_rows,
		(ARRAY[interval '4 days', '200 days', '9 years'])[1 + id / 12 % 3] AS span
	FROM generate_series(1, 244) id;
CREATE TEMP TABLE event AS
	SELECT id, ids, unit, zone, floor(random() * users)::int AS u, timestamptz '2019-03-29 00:00+00' + random() * span AS at,
		NULL::timestamptz AS till,
		random() < 0.6 AS is_start, random() < 0.6 AS is_return, round((random() * 1000 - 300)::numeric, 2) AS value,
		random() < 0.5 AS c1, random() < 0.5 AS c2
	FROM log, generate_series(1, n_rows);
-- who goes; in every third log the first and the last row are of one who stays
CREATE TEMP TABLE gone AS SELECT DISTINCT id, ids, u FROM event WHERE u > 0 AND hashint4(u + id) % 3 = 0;
UPDATE event SET till = CASE WHEN random() < 0.1 THEN at WHEN random() < 0.8 THEN at + interval '3 hours' + random() * interval '300 days' END;
INSERT INTO event SELECT id, ids, unit, zone, 0, at, till, true, true, 1, false, true
	FROM (SELECT id, ids, unit, zone, unnest(ARRAY[min(at), max(at)]) AS at, max(greatest(till, at)) + interval '1 hour' AS till
		FROM event WHERE id % 3 = 0 GROUP BY 1, 2, 3, 4) e;
ANALYZE event; ANALYZE gone;

CREATE TEMP TABLE id_of (ids int, type text, expr text);
INSERT INTO id_of VALUES (0, 'bigint', '7::bigint * u - 9'), (1, 'uuid', 'md5(u::text)::uuid'), (2, 'text', '''user '' || u');
CREATE FUNCTION pg_temp.during(timestamptz, timestamptz) RETURNS tstzrange IMMUTABLE LANGUAGE sql AS 'SELECT tstzrange($1, $2)';
CREATE FUNCTION pg_temp.during(timestamp, timestamp) RETURNS tsrange IMMUTABLE LANGUAGE sql AS 'SELECT tsrange($1, $2)';
CREATE FUNCTION pg_temp.states(condition text, at text, zone text) RETURNS text LANGUAGE sql AS $$
	SELECT string_agg(format('SELECT id, affinity.activity_agg(%1$s, %3$s, unit, %4$s) AS a,
			affinity.activity_agg(%1$s, %3$s, unit, %4$s, is_start, is_return) AS t,
			affinity.value_agg(%1$s, %3$s, value::float8, unit, %4$s) AS v,
			affinity.value_agg(%1$s, pg_temp.during(%3$s, %6$s), value::float8, unit, %4$s) AS e,
			affinity.value_agg(%1$s, pg_temp.during(%3$s, %6$s), value::float8, unit, %4$s, ''pro_rata'') AS p,
			affinity.value_agg(%1$s, %3$s, CASE WHEN is_return THEN value::float8 END, unit, %4$s, is_start) AS s
		FROM event WHERE ids = %2$s AND %5$s GROUP BY id', expr, ids, at, zone, condition, regexp_replace(at, '\mat\M', 'till')), ' UNION ALL ') FROM id_of $$;
CREATE FUNCTION pg_temp.make(name text, query text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE format('CREATE TEMP TABLE %I AS %s', name, query);
	EXECUTE format('ANALYZE %I', name);
END $$;
SELECT pg_temp.make('whole', pg_temp.states('true', 'at', 'zone'));
SELECT pg_temp.make('left_over', pg_temp.states('NOT EXISTS (SELECT FROM gone g WHERE g.id = event.id AND g.u = event.u)', 'at', 'zone'));
SELECT pg_temp.make('taken', pg_temp.states('EXISTS (SELECT FROM gone g WHERE g.id = event.id AND g.u = event.u)', 'at', 'zone'));
SELECT pg_temp.make('cut', string_agg(format('SELECT id, affinity.without(a, ids) AS a, affinity.without(t, ids) AS t, affinity.without(v, ids) AS v,
		affinity.without(e, ids) AS e, affinity.without(p, ids) AS p, affinity.without(s, ids) AS s,
		affinity.only(a, ids) AS oa, affinity.only(t, ids) AS ot, affinity.only(v, ids) AS ov,
		affinity.only(e, ids) AS oe, affinity.only(p, ids) AS op, affinity.only(s, ids) AS os
	FROM whole JOIN (SELECT id, array_agg(%1$s) || NULL::%2$s || %3$s AS ids FROM gone WHERE ids = %4$s GROUP BY id) g USING (id)',
	expr, type, CASE ids WHEN 0 THEN '-1::bigint' WHEN 1 THEN 'gen_random_uuid()' ELSE '''nobody''::text' END, ids), ' UNION ALL '))
FROM id_of;
SELECT cmp_ok(count(*), '>', 150::bigint, 'many states') FROM cut;

-- 1. without and only. The two times of a state without times are those of the
-- whole one.
CREATE FUNCTION pg_temp.masked(state bytea) RETURNS bytea LANGUAGE sql AS $$
	SELECT overlay(state PLACING decode(repeat('00', 16), 'hex') FROM 37) $$;
CREATE FUNCTION pg_temp.sent(state text, type text) RETURNS text LANGUAGE sql AS $$
	SELECT format('affinity.%s_send(%s)', type, state) $$;
CREATE TEMP TABLE kind (no int, type text, state text, what text);
INSERT INTO kind VALUES (1, 'activity', 'a', 'activity'), (2, 'activity', 't', 'activity with times'), (3, 'value', 'v', 'values'),
	(4, 'value', 'e', 'values at ends of ranges'), (5, 'value', 'p', 'values of ranges pro rata'), (6, 'value', 's', 'values by starts');
SELECT is_empty(format('SELECT id FROM cut JOIN left_over w USING (id) WHERE pg_temp.masked(affinity.%1$s_send(cut.%2$s))
	IS DISTINCT FROM pg_temp.masked(affinity.%1$s_send(w.%2$s))', type, state), 'without: ' || what) FROM kind ORDER BY no;
SELECT is_empty(format('SELECT id FROM cut JOIN left_over w USING (id) WHERE id %% 3 = 0 AND cut.%s IS DISTINCT FROM w.%1$s', state),
	'without, the first and last row left: ' || what) FROM kind ORDER BY no;
SELECT is_empty(format('SELECT id FROM cut JOIN taken w USING (id) WHERE pg_temp.masked(affinity.%1$s_send(cut.o%2$s))
	IS DISTINCT FROM pg_temp.masked(affinity.%1$s_send(w.%2$s))', type, state), 'only: ' || what) FROM kind ORDER BY no;
SELECT is_empty('SELECT id FROM cut JOIN left_over w USING (id) WHERE cut.t IS DISTINCT FROM w.t', 'times know whose the first row was');
SELECT is_empty('SELECT id FROM cut JOIN taken w USING (id) WHERE cut.ot IS DISTINCT FROM w.t', 'and those of the others');
SELECT is_empty(format('SELECT id FROM cut JOIN whole w USING (id) WHERE affinity.describe(cut.%1$s) IS NOT NULL
	AND ROW((affinity.describe(cut.%1$s)).first_at, (affinity.describe(cut.%1$s)).last_at)
	<> ROW((affinity.describe(w.%1$s)).first_at, (affinity.describe(w.%1$s)).last_at)', state), 'the times of the whole: ' || what)
FROM kind WHERE no <> 2 ORDER BY no;
SELECT is_empty(format('SELECT id FROM cut JOIN whole w USING (id) WHERE affinity.rollup(cut.%1$s, cut.o%1$s) IS DISTINCT FROM w.%1$s', state),
	'both together are the whole: ' || what) FROM kind ORDER BY no;
SELECT is_empty(format('SELECT id FROM cut WHERE %1$s::text::affinity.%2$s <> %1$s OR o%1$s::text::affinity.%2$s <> o%1$s', state, type),
	'sound: ' || what) FROM kind ORDER BY no;
-- a report is that of the rows, as of the same time
SELECT is_empty($$(SELECT id, r.* FROM cut, affinity.retention(cut.a, '2029-01-01', max_period => 5) r WHERE id <= 240
	EXCEPT ALL SELECT id, r.* FROM left_over x, affinity.retention(x.a, '2029-01-01', max_period => 5) r WHERE id <= 240)$$, 'retention without them');

-- 2. rollup of two
SELECT pg_temp.make('early', pg_temp.states('at < timestamptz ''2019-03-31''', 'at', 'zone'));
SELECT pg_temp.make('late', pg_temp.states('at >= timestamptz ''2019-03-31''', 'at', 'zone'));
SELECT is_empty(format('SELECT id FROM whole w LEFT JOIN early x USING (id) LEFT JOIN late y USING (id)
	WHERE affinity.rollup(x.%1$s, y.%1$s) IS DISTINCT FROM w.%1$s OR affinity.rollup(y.%1$s, x.%1$s) IS DISTINCT FROM w.%1$s', state),
	'rollup of two: ' || what) FROM kind ORDER BY no;
SELECT cmp_ok(count(*), '>', 0::bigint, 'one of them is NULL') FROM whole LEFT JOIN late USING (id) WHERE late.id IS NULL;
CREATE TEMP TABLE funnel AS
	SELECT id, affinity.funnel_agg(u, at, '2 days', c1, c2) AS f,
		affinity.funnel_agg(u, at, '2 days', c1, c2) FILTER (WHERE at < '2019-03-31') AS x,
		affinity.funnel_agg(u, at, '2 days', c1, c2) FILTER (WHERE at >= '2019-03-31') AS y
	FROM event GROUP BY 1;
SELECT is_empty($$SELECT id FROM funnel WHERE ARRAY(SELECT s::text FROM affinity.funnel_steps(f) s)
	<> ARRAY(SELECT s::text FROM affinity.funnel_steps(affinity.rollup(x, y)) s)$$, 'rollup of two funnels');
SELECT cmp_ok(count(*), '>', 0::bigint, 'one of them is NULL') FROM funnel WHERE y IS NULL;
SELECT ok(affinity.rollup(NULL::affinity.activity, NULL) IS NULL, 'two times nothing');
SELECT ok(affinity.rollup(NULL::affinity.value, NULL) IS NULL, 'two times no value');
SELECT ok(affinity.rollup(NULL::affinity.funnel, NULL) IS NULL, 'two times no funnel');
SELECT throws_ok($$SELECT affinity.rollup(affinity.activity_agg(1, now(), 'day'), affinity.activity_agg(1, now(), 'month'))$$, '22023',
	'cannot merge activity of different units: day and month', 'of two units');

-- 3. relabel
SELECT pg_temp.make('moved', pg_temp.states('true', 'at AT TIME ZONE zone AT TIME ZONE ''Asia/Tokyo''', '''Asia/Tokyo'''));
SELECT is_empty(format('SELECT id FROM whole w JOIN moved m USING (id) WHERE affinity.relabel(w.%1$s, ''Asia/Tokyo'') IS DISTINCT FROM m.%1$s%2$s', state,
	CASE no WHEN 5 THEN ' AND id / 4 % 3 = 2' ELSE '' END), 'instants of the same local times: ' || what) FROM kind ORDER BY no;
SELECT pg_temp.make('bare', pg_temp.states('true', 'at AT TIME ZONE zone', 'NULL'));
SELECT pg_temp.make('named', pg_temp.states('true', 'at AT TIME ZONE zone', '''Asia/Tokyo'''));
SELECT is_empty(format('SELECT id FROM bare b JOIN named n USING (id) WHERE affinity.relabel(b.%1$s, ''Asia/Tokyo'') IS DISTINCT FROM n.%1$s', state),
	'local times are given a zone: ' || what) FROM kind ORDER BY no;
SELECT is_empty(format('SELECT id FROM bare b JOIN named n USING (id) WHERE affinity.relabel(n.%1$s, NULL) IS DISTINCT FROM b.%1$s', state),
	'and lose it: ' || what) FROM kind ORDER BY no;
-- and coarsen: the same as of months at once
SELECT pg_temp.make('month', replace(pg_temp.states('unit IN (''hour'', ''day'')', 'at', 'zone'), 'unit, zone', '''month'', zone'));
SELECT is_empty(format('SELECT id FROM whole w JOIN month m USING (id) WHERE affinity.coarsen(w.%1$s, ''month'') IS DISTINCT FROM m.%1$s', state),
	'coarser: ' || what) FROM kind WHERE no <> 5 ORDER BY no;
SELECT is_empty($$SELECT r.* FROM whole, affinity.retention(a, max_period => 5) r WHERE id <= 100 EXCEPT ALL
	SELECT r.* FROM whole, affinity.retention(affinity.relabel(a, 'Pacific/Honolulu'), max_period => 5) r WHERE id <= 100$$, 'the same report');
SELECT is((SELECT (affinity.describe(affinity.relabel(a, NULL))).time_zone FROM whole LIMIT 1), 'UTC', 'instants without a zone are of the session''s');
SELECT is((SELECT count(*) FROM (SELECT affinity.rollup(affinity.relabel(a, 'UTC')) AS a FROM whole JOIN log USING (id) WHERE ids = 0 AND unit = 'day') s WHERE a IS NOT NULL),
	1::bigint, 'states of several zones merge');
SELECT throws_ok($$SELECT affinity.relabel(a, 'Mars/Olympus') FROM whole$$, '22023', 'unknown time zone: "Mars/Olympus"', 'no zone');

-- 4. Edges
CREATE TEMP TABLE one AS SELECT affinity.activity_agg(5, timestamp '2024-01-15', 'month') AS a, affinity.value_agg(5, timestamp '2024-01-15', 2.5, 'month') AS v,
	affinity.activity_agg('x'::text, date '2024-01-15', 'day') AS x;
SELECT ok(affinity.without(a, ARRAY[5]) IS NULL AND affinity.without(v, ARRAY[5::smallint]) IS NULL, 'nobody left') FROM one;
SELECT ok(affinity.only(a, ARRAY[6]) IS NULL AND affinity.only(a, '{}'::int[]) IS NULL AND affinity.only(a, NULL::int[]) IS NULL, 'nobody wanted') FROM one;
SELECT ok(affinity.without(a, NULL::bigint[]) = a AND affinity.without(a, '{}'::bigint[]) = a AND affinity.without(a, ARRAY[NULL::bigint]) = a, 'nobody unwanted') FROM one;
SELECT ok(affinity.without(NULL::affinity.activity, ARRAY[1]) IS NULL AND affinity.only(NULL::affinity.value, ARRAY[1]) IS NULL
	AND affinity.relabel(NULL::affinity.value, 'UTC') IS NULL, 'no state');
SELECT ok(affinity.only(x, ARRAY['y', 'x']::varchar[]) = x AND affinity.without(x, ARRAY['x  ']::char(3)[]) IS NULL
	AND affinity.without(x, ARRAY['x']::name[]) IS NULL, 'other types of text') FROM one;
SELECT ok(affinity.without(a, ARRAY[[5, 6], [7, 8]]) IS NULL AND affinity.without(a, ARRAY[5::oid]) IS NULL, 'two dimensions, and oid') FROM one;
SELECT throws_ok('SELECT affinity.without(a, ARRAY[''5'']) FROM one', '42804', 'users of this state are of type bigint, not text', 'ids of another type');
SELECT throws_ok('SELECT affinity.only(x, ARRAY[5]) FROM one', '42804', 'users of this state are of type text, not integer', 'numbers for texts');
SELECT throws_ok('SELECT affinity.only(a, ARRAY[5.0]) FROM one', '42804', NULL, 'no type of ids');
SELECT throws_ok('SELECT affinity.only(a, ARRAY[now()]) FROM one', '42804', NULL, 'nor times');
SELECT * FROM finish();
ROLLBACK;
