-- Patterns of events, sessions and paths: meaning, arguments, errors.
SET timezone = 'UTC';
CREATE TEMP TABLE visit (who text, at timestamptz, event text);
INSERT INTO visit VALUES
	('ann', '2024-03-01 10:00', 'view'), ('ann', '2024-03-01 10:05', 'view'),
	('ann', '2024-03-01 10:06', 'cart'), ('ann', '2024-03-01 12:00', 'view'),
	('ann', '2024-03-01 12:10', 'cart'), ('ann', '2024-03-01 12:20', 'pay'),
	('bob', '2024-03-01 11:00', 'view'), ('bob', '2024-03-02 11:00', 'cart'),
	('cat', '2024-03-01 12:00', 'pay'), ('dan', NULL, 'view');

SELECT who,
	affinity.sequence_match('(?1)(?2)', at, event = 'view', event = 'cart') AS match,
	affinity.sequence_count('(?1)(?2)', at, event = 'view', event = 'cart') AS count,
	affinity.sequence_count('(?1)(?t<=600)(?2)', at, event = 'view', event = 'cart') AS in_10_min,
	affinity.sequence_match_events('(?1).*(?2)(?t<3600)(?3)', at::timestamp,
		event = 'view', event = 'cart', event = 'pay') AS times
FROM visit GROUP BY who ORDER BY who;

-- A row that satisfies no condition is not there; a condition puts it there.
SELECT affinity.sequence_match('(?1)(?2)', t, e = 1, e = 2) AS without,
	affinity.sequence_match('(?1)(?2)', t, e = 1, e = 2, e = 3) AS with,
	affinity.sequence_match('(?1) . (?2)', t, e = 1, e = 2, e = 3) AS any_between,
	affinity.sequence_match('(?1)(?t>1)(?t<=2)(?2)', t, e = 1, e = 2) AS two_bounds,
	affinity.sequence_match('(?1)(?t<0)(?2)', t, e = 1, e = 2) AS never,
	affinity.sequence_count('', t, e = 1, e = 2) AS empty
FROM (VALUES (1, 1), (2, 3), (3, 2)) AS v (t, e);
SELECT affinity.sequence_match('(?1)', t, true) AS match,
	affinity.sequence_count('(?1)', t, true) AS count,
	affinity.sequence_match_events('(?1)', t, true) AS times
FROM generate_series(1, 0) AS t;

-- A pattern that takes others exponential time.
SELECT affinity.sequence_match(repeat('(?1).*', 40) || '(?2)', t, true, false),
	affinity.sequence_count(repeat('(?1)(?t>=1)', 40) || '(?1)', t, true)
FROM generate_series(1, 10000) AS t;

-- Parallel workers and stored states.
CREATE TABLE many AS SELECT g % 7 AS e, g AS t FROM generate_series(1, 20000) AS g;
ANALYZE many;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
EXPLAIN (COSTS OFF) SELECT affinity.sequence_count('(?1)(?2)', t, e = 1, e = 2) FROM many;
SELECT affinity.sequence_count('(?1)(?2)', t, e = 1, e = 2) FROM many;
SET max_parallel_workers_per_gather = 0;
SELECT affinity.sequence_count('(?1)(?2)', t, e = 1, e = 2) FROM many;
RESET ALL;
SET timezone = 'UTC';
DROP TABLE many;

-- Sessions: more than the gap starts one.
SELECT who, at, affinity.sessionize(at, '30 minutes') OVER (PARTITION BY who ORDER BY at) AS session,
	affinity.sessionize(at, '114 minutes') OVER (PARTITION BY who ORDER BY at) AS longer,
	affinity.sessionize(extract(epoch FROM at)::bigint, 0) OVER (PARTITION BY who ORDER BY at) AS each
FROM visit ORDER BY who, at;

-- Paths: what comes after, and before.
SELECT path, count(*) FROM (
	SELECT affinity.path_after(array_agg(event ORDER BY at), 'view', 2) AS path
	FROM visit GROUP BY who) p
WHERE path IS NOT NULL GROUP BY path ORDER BY count(*) DESC, path;
SELECT path, count(*) FROM (
	SELECT affinity.path_before(array_agg(event ORDER BY at), 'cart') AS path
	FROM visit GROUP BY who) p
WHERE path IS NOT NULL GROUP BY path ORDER BY count(*) DESC, path;
SELECT affinity.path_after('{1,2,NULL,4}'::int[], 2, 2147483647) AS to_the_end,
	affinity.path_after('{1,2}'::int[], 2, 0) AS itself,
	affinity.path_after('[5:7]={1,2,3}'::int[], 2) AS bounds,
	affinity.path_after('{}'::int[], 2) AS nowhere,
	affinity.path_before('{1,2,1}'::int[], 1, 5) AS last_one;

-- Wrong calls.
CREATE FUNCTION pg_temp.try(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	hint text;
BEGIN
	EXECUTE query;
	RETURN 'no error';
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS hint = PG_EXCEPTION_HINT;
	RETURN concat_ws(E'\n', SQLSTATE || ': ' || SQLERRM, nullif(hint, ''));
END
$$;
\pset format unaligned
\pset tuples_only on
SELECT p, pg_temp.try(format('SELECT affinity.sequence_match(%L, 1, true, false)', p))
FROM unnest(ARRAY['(?3)', '(?0)', '(?1', '(?)', '(?1)x', '(?t<1)(?1)', '(?1)(?t<1)', '(?1)(?t=1)(?2)',
	'(?1)(?t!1)(?2)', '(?1)(?t<)(?2)', '(?1)(?t<1', '(?t', '(', '*', '(?99999999999999999999)',
	'(?1)(?t<99999999999999999999)(?2)', NULL, repeat('.', 65)]) AS p;
SELECT pg_temp.try($$SELECT affinity.sequence_match('(?1)(?t<9999999999999)(?1)', now(), true)$$);
SELECT pg_temp.try($$SELECT affinity.sequence_match(p, 1, true) FROM unnest('{.,..}'::text[]) p$$);
SELECT pg_temp.try($$SELECT affinity.sequence_match('.', timestamp 'infinity', true)$$);
SELECT pg_temp.try($$SELECT affinity.sequence_match('.', 1, 1)$$);
SELECT pg_temp.try($$SELECT affinity.sequence_accum(NULL, '.', 1, true)$$);
SELECT pg_temp.try($$SELECT affinity.sessionize(now(), '1 month') OVER ()$$);
SELECT pg_temp.try($$SELECT affinity.sessionize(now(), '-1 s') OVER ()$$);
SELECT pg_temp.try($$SELECT affinity.sessionize(now(), '30') OVER ()$$);
SELECT pg_temp.try($$SELECT affinity.sessionize(now()::timestamp, '1 day 30') OVER ()$$);
SELECT pg_temp.try($$SELECT affinity.sessionize(current_date, ' -30 ') OVER ()$$);
SELECT pg_temp.try($$SELECT affinity.sessionize(now(), NULL) OVER ()$$);
SELECT pg_temp.try($$SELECT affinity.sessionize(timestamp 'infinity', '1 s') OVER ()$$);
SELECT pg_temp.try($$SELECT affinity.sessionize(t, 1) OVER (ORDER BY t DESC) FROM generate_series(1, 2) t$$);
SELECT pg_temp.try($$SELECT affinity.sessionize(now(), '1 s')$$);
SELECT pg_temp.try($$SELECT affinity.path_after('{a}'::text[], 'a', -1)$$);
SELECT pg_temp.try($$SELECT affinity.path_after(ARRAY['{}'::json], '{}'::json, 1)$$);

-- Random patterns are refused with 22023 or work; damaged states with 22P03.
SELECT setseed(0.1);
SELECT DISTINCT substr(pg_temp.try(format('SELECT affinity.sequence_match_events(%L, t, t = 1, t = 2) FROM generate_series(1, 3) t',
	p)), 1, 8)
FROM (SELECT g, string_agg((ARRAY['(?', '1', '2', 't', '<', '>', '=', ')', '.', '*', '(?1)', '(?t<=1)', '.*', ' ', '9'])
		[1 + floor(random() * 15)::int], '') AS p
	FROM generate_series(1, 3000) AS g, generate_series(1, 1 + g % 9) GROUP BY g) f ORDER BY 1;
CREATE AGGREGATE pg_temp.state(text, bigint, VARIADIC "any") (
	SFUNC = affinity.sequence_accum, STYPE = affinity.sequence, COMBINEFUNC = affinity.sequence_combine);
CREATE TEMP TABLE state AS
	SELECT decode(pg_temp.state('(?1)(?t<=5)(?2)', t, t = 1, t = 2)::text, 'base64') AS bytes
	FROM generate_series(1, 3) t;
SELECT DISTINCT substr(pg_temp.try(format('SELECT affinity.sequence_match_final(%L), affinity.sequence_count_final(%L),
	affinity.sequence_combine(%L, %L)', s, s, s, s)), 1, 8)
FROM (SELECT translate(encode(set_byte(bytes, i, (get_byte(bytes, i) + d) % 256), 'base64'), E'\n', '') AS s
	FROM state, generate_series(0, length(bytes) - 1) AS i, unnest('{1,127,128,255}'::int[]) AS d
	UNION ALL
	SELECT translate(encode(substr(bytes, 1, i), 'base64'), E'\n', '')
	FROM state, generate_series(0, length(bytes) - 1) AS i) damaged ORDER BY 1;

-- The next event: what is refused, and damaged states.
SELECT q, pg_temp.try('SELECT affinity.sequence_next_node(' || q || ')')
FROM unnest(ARRAY[$$'forth', 'head', 1, 'a', true$$, $$'forward', 'front', 1, 'a', true$$,
	$$'forward', 'tail', 1, 'a', true$$, $$'backward', 'head', 1, 'a', true$$,
	$$'forward', 'first_match', 1, 'a', true$$, $$'backward', 'last_match', now(), 'a', true$$,
	$$NULL, 'head', 1, 'a', true$$, $$'forward', NULL, 1, 'a', true$$,
	$$'forward', 'head', timestamp 'infinity', 'a', true$$, $$'forward', 'head', 1, 'a', true, 1$$,
	$$'forward', 'head', 1, 'a', true, VARIADIC array_fill(true, ARRAY[65])$$,
	$$'forward', 'head', 1, 'a', true, VARIADIC '{}'::boolean[]$$,
	$$'Forward', 'HEAD', NULL::bigint, NULL, NULL, NULL::boolean$$]) AS q;
SELECT pg_temp.try($$SELECT affinity.sequence_next_node(d, 'first_match', 1, 'a', true, true)
	FROM unnest('{forward,backward}'::text[]) AS d$$);
SELECT pg_temp.try($$SELECT affinity.sequence_next_accum(NULL, 'forward', 'head', 1, 'a', true)$$);
SELECT pg_temp.try($$SELECT affinity.sequence_next_final('')$$);
SELECT pg_temp.try($$SELECT affinity.sequence_next_combine('', '')$$);
CREATE AGGREGATE pg_temp.next_state(text, text, bigint, text, boolean, VARIADIC "any") (
	SFUNC = affinity.sequence_next_accum, STYPE = bytea, COMBINEFUNC = affinity.sequence_next_combine);
CREATE AGGREGATE pg_temp.next_of(bytea) (
	SFUNC = affinity.sequence_next_combine, STYPE = bytea, FINALFUNC = affinity.sequence_next_final);
CREATE TEMP TABLE next_state AS
	SELECT pg_temp.next_state('forward', 'head', t, repeat(chr(96 + t), t), true, t = 1, t = 2) AS bytes
	FROM generate_series(1, 3) AS t;
SELECT pg_temp.next_of(bytes) FROM next_state;
SELECT DISTINCT substr(pg_temp.try(format('SELECT pg_temp.next_of(s) FROM unnest(ARRAY[%L, %L]::bytea[]) AS s', s, s)), 1, 8)
FROM (SELECT set_byte(bytes, i, (get_byte(bytes, i) + d) % 256) AS s
	FROM next_state, generate_series(0, 100) AS i, unnest('{1,16,127,128,255}'::int[]) AS d
	UNION ALL
	SELECT substr(bytes, 1, i) FROM next_state, generate_series(0, 100) AS i) damaged ORDER BY 1;

-- A date is its midnight without time zone: this one has 25 hours in New York.
SET timezone = 'America/New_York';
SELECT affinity.sequence_match('(?1)(?t<=86400)(?2)', d, d = '2024-11-03', d = '2024-11-04') AS match,
	affinity.sequence_match('(?1)(?t<86400)(?2)', d, d = '2024-11-03', d = '2024-11-04') AS less,
	affinity.sequence_match('(?1)(?t<=86400)(?2)', d::timestamptz, d = '2024-11-03', d = '2024-11-04') AS zoned,
	affinity.sequence_count('(?1)(?t==86400)(?2)', d, d = '2024-11-03', d = '2024-11-04') AS count,
	affinity.sequence_match_events('(?1)(?2)', d, d = '2024-11-03', d = '2024-11-04') AS times,
	affinity.sequence_next_node('forward', 'head', d, d::text, true) AS last,
	affinity.sequence_next_node('forward', 'head', d, d::text, true, d = '2024-11-03') AS next
FROM unnest('{2024-11-04,2024-11-03}'::date[]) AS d;
SELECT d, affinity.sessionize(d, '1 day') OVER w AS day,
	affinity.sessionize(d, '23:59:59') OVER w AS less
FROM unnest('{2024-11-04,2024-11-03,NULL}'::date[]) AS d WINDOW w AS (ORDER BY d);
SET timezone = 'UTC';
SELECT pg_temp.try($$SELECT affinity.sequence_match('(?1)', date 'infinity', true)$$);
SELECT pg_temp.try($$SELECT affinity.sequence_next_node('forward', 'head', date '294277-01-01', 'a', true)$$);
SELECT pg_temp.try($$SELECT affinity.sessionize(date '-infinity', '1 s') OVER ()$$);
SELECT pg_temp.try($$SELECT affinity.sessionize(date '294277-01-01', '1 s') OVER ()$$);
-- A gap that microseconds in int64 do not hold.
SELECT t, affinity.sessionize(t, '213503983 days') OVER w AS a,
	affinity.sessionize(t, '106752991 days') OVER w AS b,
	affinity.sessionize(t, '999999999 days') OVER w AS c,
	affinity.sessionize(t, '106751981 days') OVER w AS less
FROM unnest('{2000-01-01,294276-12-31}'::timestamp[]) AS t WINDOW w AS (ORDER BY t);
SELECT pg_temp.try($$SELECT affinity.sessionize(now(), '-213503983 days') OVER ()$$);
-- What differs where states cannot be merged.
CREATE AGGREGATE pg_temp.sequence_state(text, timestamp, VARIADIC "any") (
	SFUNC = affinity.sequence_accum, STYPE = affinity.sequence);
CREATE AGGREGATE pg_temp.sequence_state(text, bigint, VARIADIC "any") (
	SFUNC = affinity.sequence_accum, STYPE = affinity.sequence);
SELECT pg_temp.try($$SELECT affinity.sequence_combine(pg_temp.sequence_state('(?1)', 1, true), pg_temp.sequence_state('(?1).', 1, true))$$);
SELECT pg_temp.try($$SELECT affinity.sequence_combine(pg_temp.sequence_state('(?1)', 1, true), pg_temp.sequence_state('(?1)', timestamp 'epoch', true))$$);
SELECT pg_temp.try($$SELECT affinity.sequence_combine(pg_temp.sequence_state('(?1)', 1, true), pg_temp.sequence_state('(?1)', 1, true, true))$$);

-- A gap that is text is read again where it changes.
SELECT at, gap, affinity.sessionize(at, gap) OVER (ORDER BY at) AS session
FROM (VALUES (timestamp '2024-01-01 00:00', '1 hour'), ('2024-01-01 00:50', '1 hour'), ('2024-01-01 01:40', '40 minutes'),
	('2024-01-01 02:30', '1 hour'), ('2024-01-01 03:20', repeat(' ', 600) || '50 minutes'), ('2024-01-01 04:10', '49 minutes')) v(at, gap);
