-- Large funnels: rows in parts, runs, parallel workers, merged in many ways; ids
-- that were chosen to collide; one user with millions of rows. What a population's
-- state says is compared with one window_funnel for each user.
BEGIN;
SET LOCAL TimeZone = 'UTC';
SET LOCAL work_mem = '256MB';
SELECT plan(25);

CREATE TABLE visits AS
	SELECT hashint8(i % 40000 + i % 7 * 100000)::bigint AS who,
		timestamptz '2024-01-01' + i % 977 * interval '3 hours' + i % 13 * interval '1 day' AS at,
		1 + hashint4(i) & 3 AS event, i % 12 AS piece
	FROM generate_series(1, 1500000) AS i;
ANALYZE visits;

-- level_users(query): how many of the users whose level it returns took each step.
CREATE FUNCTION pg_temp.level_users(query text) RETURNS bigint[] LANGUAGE plpgsql AS $$
DECLARE users bigint[];
BEGIN
	EXECUTE 'SELECT ARRAY[count(*) FILTER (WHERE l > 0), count(*) FILTER (WHERE l > 1),
		count(*) FILTER (WHERE l > 2)] FROM (' || query || ') AS q (l)' INTO users;
	RETURN users;
END $$;
CREATE FUNCTION pg_temp.users(f affinity.funnel) RETURNS bigint[] LANGUAGE sql
	RETURN (SELECT array_agg(s.users ORDER BY s.step) FROM affinity.funnel_steps(f) s);

SET LOCAL max_parallel_workers_per_gather = 0;
CREATE TABLE whole AS
	SELECT affinity.funnel_agg(who, at, '2 days', event = 1, event = 2, event = 3) AS f FROM visits;
SELECT is(pg_temp.users(f), pg_temp.level_users(
	'SELECT affinity.window_funnel(''2 days'', ''default'', at, event = 1, event = 2, event = 3) FROM visits GROUP BY who'),
	'a large state says what each user''s rows say') FROM whole;
SELECT cmp_ok(pg_temp.users(f), '>', ARRAY[100000::bigint], 'of many users') FROM whole;

-- Pieces above and below the size from which they become runs.
CREATE TABLE pieces AS
	SELECT piece, affinity.funnel_agg(who, at, '2 days', event = 1, event = 2, event = 3) AS f
	FROM visits GROUP BY piece
	UNION ALL SELECT 100 + piece, affinity.funnel_agg(who, at, '2 days', event = 1, event = 2, event = 3)
	FROM visits GROUP BY who & 255, piece;
SELECT is((SELECT md5(affinity.rollup(p.f)::text) FROM pieces p WHERE piece < 100), md5(f::text),
	'twelve pieces rolled up are the same bytes') FROM whole;
SELECT is((SELECT md5(affinity.rollup(p.f ORDER BY piece DESC)::text) FROM pieces p WHERE piece < 100), md5(f::text),
	'so they are in another order') FROM whole;
SELECT is((SELECT md5(affinity.rollup(p.f)::text) FROM pieces p WHERE piece >= 100), md5(f::text),
	'thousands of small pieces are, too') FROM whole;
SELECT is((SELECT md5(affinity.rollup(x)::text) FROM (
		SELECT affinity.rollup(f) AS x FROM pieces WHERE piece < 100 GROUP BY piece % 3) r), md5(f::text),
	'and pieces of pieces') FROM whole;
SELECT is((SELECT md5(affinity.rollup(x ORDER BY piece DESC)::text) FROM (
		SELECT piece, f AS x FROM pieces WHERE piece IN (0, 1, 2, 3, 4, 5)
		UNION ALL SELECT piece, f FROM pieces WHERE piece BETWEEN 106 AND 111) r), md5(f::text),
	'and large and small ones mixed') FROM whole;
SELECT is(md5((SELECT affinity.funnel_combine(a, b) FROM
		(SELECT affinity.rollup(f) AS a FROM pieces WHERE piece < 6) a,
		(SELECT affinity.rollup(f) AS b FROM pieces WHERE piece BETWEEN 6 AND 99) b)::text), md5(f::text),
	'and two values outside an aggregate') FROM whole;
SELECT is(md5(f::text::affinity.funnel::text), md5(f::text), 'text and back') FROM whole;

SET LOCAL max_parallel_workers_per_gather = 2;
SET LOCAL parallel_setup_cost = 0;
SET LOCAL parallel_tuple_cost = 0;
SET LOCAL min_parallel_table_scan_size = 0;
SELECT is((SELECT md5(affinity.funnel_agg(who, at, '2 days', event = 1, event = 2, event = 3)::text) FROM visits), md5(f::text),
	'parallel workers make the same bytes') FROM whole;
SET LOCAL max_parallel_workers_per_gather = 0;

-- Options that rows need not know of; text users, uuid users, many conditions.
SELECT is((SELECT pg_temp.users(affinity.funnel_agg(who::text, at, '2 days', 'optional 2',
		event = 1, event = 2, event = 3)) FROM visits WHERE piece < 4),
	(SELECT ARRAY[count(t[1]), count(t[2]), count(t[3])] FROM (
		SELECT affinity.funnel_times('2 days', 'optional 2', at, event = 1, event = 2, event = 3) AS t
		FROM visits WHERE piece < 4 GROUP BY who) u), 'text users, an optional step');
SELECT is((SELECT pg_temp.users(affinity.funnel_agg(md5(who::text)::uuid, at, '2 days', 'exclude_last',
		event = 1, event = 2, event = 3, event > 5, event > 5, event > 5, event > 5, event > 5, event > 5, event = 0)) FROM visits WHERE piece < 4),
	pg_temp.level_users('SELECT affinity.window_funnel(''2 days'', ''exclude_last'', at, event = 1, event = 2,
		event = 3, event = 0) FROM visits WHERE piece < 4 GROUP BY who') || '{0,0,0,0,0,0}', 'uuid users, ten conditions');

-- A large state of the first version of the format: rows as they came.
CREATE FUNCTION pg_temp.little(n bigint, size int) RETURNS bytea LANGUAGE sql
	RETURN (SELECT string_agg(substr(int8send(n), 9 - i, 1), '' ORDER BY i) FROM generate_series(1, size) AS i);
CREATE TABLE old AS
	SELECT translate(encode(convert_to('FUNL', 'LATIN1') || '\x01000103'::bytea || pg_temp.little(0, 4)
		|| pg_temp.little(5000, 8) || pg_temp.little(count(*), 4) || pg_temp.little(17 * count(*), 4)
		|| pg_temp.little(0, 8) || string_agg(pg_temp.little(who, 8) || pg_temp.little(t, 8)
			|| pg_temp.little(1 << event - 1, 1), '' ORDER BY i), 'base64'), E'\n', '')::affinity.funnel AS f
	FROM (SELECT i, hashint8(i % 1500)::bigint AS who, (i * 7919) % 100000 AS t, 1 + hashint4(i) & 3 AS event
		FROM generate_series(1, 100000) AS i) r WHERE event > 0;
CREATE TABLE new AS
	SELECT affinity.funnel_agg(who, t, 5000, event = 1, event = 2, event = 3) AS f
	FROM (SELECT hashint8(i % 1500)::bigint AS who, (i * 7919::bigint) % 100000 AS t, 1 + hashint4(i) & 3 AS event
		FROM generate_series(1, 100000) AS i) r;
SELECT is(pg_temp.users(old.f), pg_temp.users(new.f), 'a state of the first version') FROM old, new;
SELECT is(md5((SELECT affinity.rollup(x) FROM (SELECT old.f AS x) x)::text), md5(new.f::text),
	'it becomes the same bytes') FROM old, new;
SELECT is(md5((SELECT affinity.rollup(x) FROM unnest(ARRAY[old.f, new.f]) x)::text),
	md5((SELECT affinity.rollup(x) FROM unnest(ARRAY[new.f, new.f]) x)::text),
	'and merges with one of this version') FROM old, new;

-- Ids whose hashes have 45 leading bits in common: all in one part and group.
CREATE FUNCTION pg_temp.times(a bigint, b numeric) RETURNS bigint LANGUAGE sql
	RETURN (SELECT (m - CASE WHEN m >= 9223372036854775808 THEN 18446744073709551616 ELSE 0 END)::bigint
		FROM mod((a::numeric + 18446744073709551616) * b, 18446744073709551616) AS m);
CREATE FUNCTION pg_temp.shifted(a bigint) RETURNS bigint LANGUAGE sql
	RETURN a # (a >> 33 & 2147483647);
CREATE TABLE colliding AS
	SELECT h, pg_temp.shifted(pg_temp.times(pg_temp.shifted(pg_temp.times(pg_temp.shifted(h),
		11291846944257947611)), 5725274745694666757)) AS who
	FROM generate_series(1, 50000) AS h;
SELECT is((SELECT pg_temp.users(affinity.funnel_agg(who, (h * 31 + k * 17) % 1000, 100, k = 0, k = 1))
		FROM colliding, generate_series(0, 1) AS k),
	(SELECT ARRAY[count(*), count(*) FILTER (WHERE (h * 31 + 17) % 1000 BETWEEN h * 31 % 1000 AND h * 31 % 1000 + 100)]
		FROM colliding), 'ids that were chosen to collide');

SELECT is((SELECT ARRAY[pg_temp.users(f), pg_temp.users(f::text::affinity.funnel)]
		FROM (SELECT affinity.funnel_agg(who, h, 1, true) AS f FROM colliding WHERE h <= 5000) s),
	ARRAY[[5000], [5000]]::bigint[], 'a few of them');
SELECT is((SELECT ARRAY[pg_temp.users(f), pg_temp.users(f::text::affinity.funnel)]
		FROM (SELECT affinity.funnel_agg(i, i, 1, true) AS f FROM generate_series(1, 15000) AS i) s),
	ARRAY[[15000], [15000]]::bigint[], 'as many users as rows');

-- So many rows of one user that they are packed before all have come.
SELECT is((SELECT pg_temp.users(affinity.funnel_agg(1, i * 7919 % 4300001, 10, i % 2 = 0, i % 3 = 0, i % 5 = 0))
		FROM generate_series(1, 4300000::bigint) AS i),
	(SELECT ARRAY[1, (l > 1)::int, (l > 2)::int]::bigint[] FROM (
		SELECT affinity.window_funnel(10, 'default', i * 7919 % 4300001, i % 2 = 0, i % 3 = 0, i % 5 = 0) AS l
		FROM generate_series(1, 4300000::bigint) AS i) w), 'one user with millions of rows');

-- A row takes 16 bytes where times are far apart and conditions many: 72 million.
SELECT (regexp_match(pg_read_file('/proc/meminfo'), 'MemAvailable: +(\d+)'))[1]::bigint > 4000000 AS enough \gset
\if :enough
SELECT throws_ok('SELECT affinity.rollup(f) FROM (
		SELECT affinity.funnel_agg(i, i + (g::bigint << 58), 1, true' || repeat(', false', 32) || ') AS f
		FROM generate_series(1, 1000000) i, generate_series(1, 8) g) s, generate_series(1, 9)',
	'54000', NULL, 'more than a value of 1 GB holds');
\else
SELECT skip('less than 4 GB of memory are available', 1);
\endif

-- What would go on for hours is cancelled, wherever it is, and leaves nothing.
CREATE FUNCTION pg_temp.cancelled(query text) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE query;
	RETURN false;
EXCEPTION WHEN query_canceled THEN
	RETURN true;
END $$;
SET LOCAL statement_timeout = '400ms';
SELECT ok(pg_temp.cancelled('SELECT affinity.funnel_agg(i, i, 1, true) FROM generate_series(1, 100000000000) AS i'),
	'rows that come');
SELECT ok(pg_temp.cancelled('SELECT affinity.rollup(f) FROM whole, generate_series(1, 1000000)'), 'states that are merged');
SELECT ok(pg_temp.cancelled('SELECT count(s) FROM whole, generate_series(1, 1000000) AS i,
	affinity.funnel_steps(CASE WHEN i > 0 THEN f END) AS s'), 'reports');
SET LOCAL statement_timeout = 0;
SELECT is((SELECT md5(affinity.rollup(p.f)::text) FROM pieces p WHERE piece < 100), md5(f::text),
	'and all is as before') FROM whole;

-- A state that says it has users which it has not.
SELECT throws_ok('SELECT affinity.funnel_steps(''' || translate(encode(set_byte(decode(f::text, 'base64'), 20,
	get_byte(decode(f::text, 'base64'), 20) # 1), 'base64'), E'\n', '') || ''')', '22P03', NULL,
	'a wrong number of rows is refused') FROM new;
SELECT * FROM finish();
ROLLBACK;
