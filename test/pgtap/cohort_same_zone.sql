-- Arguments of a time zone mean what AT TIME ZONE takes them for, or are refused with
-- a hint that works. States merge where their zones have the same rules, whatever those
-- are called, and have the first of the names then, in whatever order they came.
BEGIN;
SET LOCAL jit = off;
SET LOCAL timezone = 'UTC';
SET LOCAL client_min_messages = warning;
SELECT plan(34);
SELECT setseed(0.43);

-- 1. Every abbreviation and name, and POSIX rules: local time as of AT TIME ZONE at
-- many instants.
CREATE FUNCTION pg_temp.wrong(zone text) RETURNS SETOF timestamptz LANGUAGE plpgsql AS $$
DECLARE
	hint text;
	name text;
BEGIN
	RETURN QUERY SELECT at FROM (SELECT at, affinity.activity_agg(1, at, 'day', zone) AS state
			FROM generate_series(timestamptz '1850-01-11 11:00+00', '2041-01-01', '303 days 5 hours') at GROUP BY at) s
		WHERE (affinity.describe(state)).first_at <> at AT TIME ZONE zone;
EXCEPTION WHEN invalid_parameter_value THEN
	-- refused: both zones of the hint are taken, and the second is what the abbreviation means now
	GET STACKED DIAGNOSTICS hint = PG_EXCEPTION_HINT;
	FOR name IN SELECT (regexp_matches(hint, '''([^'']+)''', 'g'))[1] LOOP
		PERFORM affinity.activity_agg(1, now(), 'day', name);
	END LOOP;
	RETURN QUERY SELECT now() WHERE name IS NULL OR now() AT TIME ZONE name <> now() AT TIME ZONE zone;
END $$;
SELECT is_empty($$SELECT abbrev, pg_temp.wrong(abbrev) FROM pg_timezone_abbrevs$$, 'abbreviations');
SELECT is_empty($$SELECT abbrev, pg_temp.wrong(lower(abbrev)) FROM pg_timezone_abbrevs WHERE abbrev ~ '^[A-E]'$$, 'in lower case');
SELECT is_empty($$SELECT name, pg_temp.wrong(name) FROM pg_timezone_names WHERE name !~ '^posix'$$, 'names');
SELECT is_empty($$SELECT z, pg_temp.wrong(z) FROM unnest('{CET,MET,EET,WET,+05,-3:30,<X>-5:45,CET-1CEST,EST5EDT4,M3,Foo+2:30Bar,"XXX4YYY,M3.2.0,M11.1.0"}'::text[]) z
	WHERE z <> 'M3'$$, 'POSIX rules');
SELECT throws_ok($$SELECT affinity.activity_agg(1, now(), 'day', 'MSK')$$, '22023', 'time zone abbreviation "MSK" has had different offsets from UTC',
	'an abbreviation that a zone uses for several offsets');
SELECT throws_ok($$SELECT affinity.value_agg(1, now(), 1, 'day', 'nowhere')$$, '22023', 'unknown time zone: "nowhere"', 'no zone');
CREATE FUNCTION pg_temp.zone_of(zone text) RETURNS text LANGUAGE sql AS $$
	SELECT (affinity.describe(affinity.activity_agg(1, timestamptz '2024-07-01', 'day', zone))).time_zone $$;
SELECT is(pg_temp.zone_of(zone), name, zone || ' is stored as ' || name) FROM (VALUES ('utc', 'UTC'), ('Etc/UTC', 'Etc/UTC'), ('gmt', 'GMT'),
	('europe/berlin', 'Europe/Berlin'), ('Europe/Busingen', 'Europe/Busingen'), ('CET', '<CET>-1'), ('wet', '<WET>+0'), ('NST', '<NST>+3:30'),
	('LINT', 'Pacific/Kiritimati')) z (zone, name);
SELECT is(sent::text::affinity.activity::text, sent::text, 'the zone of an abbreviation goes through text')
FROM (SELECT affinity.activity_agg(1, now(), 'day', 'NST')) s (sent);

-- 2. Zones that are the same. Names of one file are; the others differ where local times do.
CREATE TEMP TABLE zone AS
	SELECT name, md5(pg_read_binary_file('/usr/share/zoneinfo/' || name)) AS file,
		(SELECT md5(string_agg((at AT TIME ZONE name)::text, ',' ORDER BY at)) FROM generate_series(timestamptz '1850-01-01', '2049-12-31', '9 days') at) AS times
	FROM pg_timezone_names WHERE name !~ '^posix|^Factory';
CREATE TEMP TABLE part AS
	SELECT z.*, affinity.activity_agg(i, timestamptz '2024-03-30 23:30+00' + i * interval '5 hours', 'day', name) AS bits,
		affinity.activity_agg(i, timestamptz '2024-03-30 23:30+00' + i * interval '5 hours', 'day', name, i % 2 = 0, true) AS events,
		affinity.value_agg('u' || i % 40, timestamptz '2024-03-30 23:30+00' + i * interval '5 hours', i, 'hour', name) AS money
	FROM zone z, generate_series(1, 90) i GROUP BY name, file, times;
CREATE FUNCTION pg_temp.whole(name text, OUT bits affinity.activity, OUT events affinity.activity, OUT money affinity.value) LANGUAGE sql AS $$
	SELECT bits, events, affinity.rollup(m) FROM (SELECT bits, events, unnest(array_fill(money, ARRAY[n])) AS m
		FROM part p, (SELECT count(*)::int AS n FROM part WHERE file = (SELECT file FROM part WHERE part.name = whole.name)) c WHERE p.name = whole.name) x GROUP BY bits, events $$;
SELECT cmp_ok(count(*), '>', 20::bigint, 'many zones have several names') FROM (SELECT FROM part GROUP BY file HAVING count(*) > 1) f;
SELECT is_empty($$SELECT name FROM (SELECT min(name COLLATE "C") AS name, affinity.rollup(bits ORDER BY random()) AS bits, affinity.rollup(events ORDER BY random()) AS events,
			affinity.rollup(money ORDER BY random()) AS money FROM part GROUP BY file) r, LATERAL pg_temp.whole(name) w
		WHERE r.bits <> w.bits OR r.events <> w.events OR r.money <> w.money$$, 'merged they are that of the first name');
SELECT is_empty($$SELECT a.name, b.name FROM part a JOIN part b USING (file), LATERAL (SELECT affinity.activity_combine(a.bits, b.bits) AS bits,
			affinity.activity_combine(a.events, b.events) AS events, affinity.value_combine(a.money, b.money) AS money) m, part w
		WHERE w.name = least(a.name COLLATE "C", b.name COLLATE "C") AND (m.bits <> w.bits OR m.events <> w.events OR (affinity.describe(m.money)).time_zone <> (affinity.describe(w.money)).time_zone)$$,
	'and by calls, both ways');
CREATE FUNCTION pg_temp.merges(a affinity.activity, b affinity.activity) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
	PERFORM affinity.activity_combine(a, b);
	RETURN true;
EXCEPTION WHEN invalid_parameter_value THEN
	RETURN false;
END $$;
SELECT is_empty($$SELECT a.name, b.name FROM (SELECT * FROM part ORDER BY random() LIMIT 60) a, (SELECT * FROM part ORDER BY random() LIMIT 60) b
		WHERE a.times <> b.times AND pg_temp.merges(a.bits, b.bits)$$, 'others do not merge');
SELECT is(pg_temp.merges(a.bits, b.bits), false, a.name || ' and ' || b.name) FROM (VALUES ('Europe/Berlin', 'Europe/Vienna'), ('America/New_York', 'America/Detroit'),
	('Africa/Casablanca', 'Africa/El_Aaiun'), ('Asia/Kolkata', 'Asia/Colombo'), ('UTC', 'Europe/London')) z (x, y) JOIN part a ON a.name = x JOIN part b ON b.name = y;
CREATE FUNCTION pg_temp.same(x text, y text) RETURNS boolean LANGUAGE sql AS $$
	SELECT pg_temp.merges(affinity.activity_agg(1, now(), 'day', x), affinity.activity_agg(1, now(), 'day', y)) $$;
SELECT is(pg_temp.same(x, y), answer, format('%s and %s: %s', x, y, answer)) FROM (VALUES ('UTC', 'Z', true), ('+05', '<+05>-5', false), ('<A>-5', 'Etc/GMT-5', true),
	('XXX4YYY,M3.2.0,M11.1.0', 'AAA4BBB,M3.2.0,M11.1.0', true), ('XXX4YYY,M3.2.0,M11.1.0', 'XXX4YYY,M3.2.0,M11.2.0', false), ('XXX4YYY,M3.5.0,M11.1.0', 'XXX4YYY,M3.4.0,M11.1.0', false)) z (x, y, answer);

-- 3. Rows of both names in one state, of any size; workers; over windows.
CREATE TEMP TABLE mixed AS
	SELECT g, i, timestamptz '2024-03-30 23:30+00' + i * interval '7 hours' AS at, (ARRAY['UTC', 'Etc/UTC', 'Etc/Zulu'])[1 + floor(random() * 3)::int] AS zone
	FROM generate_series(1, 300) g, generate_series(1, 1 + g % 50 * (g % 7)) i;
INSERT INTO mixed SELECT g, 1, '2020-01-01', 'Etc/UTC' FROM generate_series(1, 300) g;
SELECT is_empty($$SELECT g FROM mixed GROUP BY g HAVING affinity.activity_agg(i % 40, at, 'day', zone ORDER BY random()) <> affinity.activity_agg(i % 40, at, 'day', 'Etc/UTC')
	OR affinity.activity_agg('u' || i, at, 'hour', zone, true, false ORDER BY random()) <> affinity.activity_agg('u' || i, at, 'hour', 'Etc/UTC', true, false)
	OR affinity.value_agg(i % 40, at, i, 'day', zone ORDER BY random()) <> affinity.value_agg(i % 40, at, i, 'day', 'Etc/UTC')$$, 'rows of several names');
SELECT is_empty($$SELECT g FROM (SELECT g, part, affinity.rollup(a) OVER (PARTITION BY g ORDER BY part) AS a, affinity.activity_combine(a, b) AS ab, w
		FROM (SELECT g, 1 AS part, affinity.activity_agg(i, at, 'day', 'UTC') AS a, affinity.activity_agg(i, at, 'day', 'Etc/UTC') AS b, affinity.activity_agg(i, at, 'day', 'Etc/UTC') AS w FROM mixed GROUP BY g
			UNION ALL SELECT g, 2, affinity.activity_agg(i, at, 'day', 'Etc/UTC'), affinity.activity_agg(i, at, 'day', 'Etc/Zulu'), affinity.activity_agg(i, at, 'day', 'Etc/UTC') FROM mixed GROUP BY g) s) r
	WHERE ab <> w OR (part = 2 AND a <> w)$$, 'over a window, and by calls');
CREATE TABLE public.zone_row AS SELECT i % 5000 AS user_id, timestamptz '2024-01-01' + i * interval '3 minutes' AS at, CASE WHEN i % 3 = 0 THEN 'Europe/Zurich' ELSE 'Europe/Busingen' END AS zone
	FROM generate_series(1, 60000) i;
ALTER TABLE public.zone_row SET (parallel_workers = 2);
SET LOCAL max_parallel_workers_per_gather = 2;
SET LOCAL parallel_setup_cost = 0;
SET LOCAL parallel_tuple_cost = 0;
SELECT ok(affinity.activity_agg(user_id, at, 'day', zone) = affinity.activity_agg(user_id, at, 'day', 'Europe/Busingen')
	AND affinity.value_agg(user_id, at, 1, 'day', zone) = affinity.value_agg(user_id, at, 1, 'day', 'Europe/Busingen'), 'by workers') FROM public.zone_row;

SELECT finish();
ROLLBACK;
