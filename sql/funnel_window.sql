-- window_funnel, its alias and funnel_times: meaning, arguments, errors.
SET timezone = 'UTC';
CREATE TEMP TABLE visit (who text, at timestamptz, event text);
INSERT INTO visit VALUES
	('ann', '2024-03-01 10:00', 'view'), ('ann', '2024-03-01 10:05', 'cart'),
	('ann', '2024-03-03 09:00', 'pay'),
	('bob', '2024-03-01 11:00', 'view'), ('bob', '2024-03-09 11:00', 'cart'),
	('cat', '2024-03-01 12:00', 'cart'), ('cat', '2024-03-02 12:00', 'view'),
	('dan', '2024-03-02 08:00', 'help'), ('eve', NULL, 'view'),
	('fay', '2024-03-01 00:00', 'view'), ('fay', '2024-03-08 00:00', 'cart'),
	('fay', '2024-03-08 00:00:00.000001', 'pay');

SELECT who,
	affinity.window_funnel('7 days', 'default', at,
		event = 'view', event = 'cart', event = 'pay') AS level,
	affinity.funnel_times('7 days', 'default', at,
		event = 'view', event = 'cart', event = 'pay') AS times
FROM visit GROUP BY who ORDER BY who;

-- The window as interval, text or seconds; its end belongs to it.
SELECT affinity.window_funnel(interval '1 hour', 'default', t, e = 'a', e = 'b') AS interval,
	affinity.window_funnel('59 min 59 s', 'default', t, e = 'a', e = 'b') AS short,
	affinity.windowfunnel(3600, 'default', t, e = 'a', e = 'b') AS seconds,
	affinity.windowfunnel(3599, 'default', t, e = 'a', e = 'b') AS less,
	affinity.windowfunnel(3600, 'default', t::timestamp, e = 'a', e = 'b') AS local,
	affinity.window_funnel(3600, 'default', extract(epoch FROM t)::int, e = 'a', e = 'b') AS unix
FROM (VALUES (timestamptz '2024-01-01 00:00', 'a'), ('2024-01-01 01:00', 'b')) AS v (t, e);
PREPARE untyped AS
	SELECT affinity.window_funnel($1, $2, at, event = $3, event = $4)
	FROM visit WHERE who = 'bob';
EXECUTE untyped('7 days', 'default', 'view', 'cart');
EXECUTE untyped('8 days', 'strict_order', 'view', 'cart');

-- What others miss: the first start is not always the best.
SELECT affinity.window_funnel(100, 'strict_increase', t, e = 'A', e = 'B') AS "A0 A5 B5"
FROM (VALUES (0, 'A'), (5, 'A'), (5, 'B')) AS v (t, e);
SELECT affinity.window_funnel(100, 'strict_order', t, e = 'A', e = 'B', e = 'C') AS "A X A B C"
FROM (VALUES (1, 'A'), (2, 'X'), (3, 'A'), (4, 'B'), (5, 'C')) AS v (t, e);
SELECT affinity.window_funnel(4, 'default', t, e = 'A', e = 'B', e = 'C') AS "late start"
FROM (VALUES (0, 'A'), (3, 'A'), (4, 'B'), (7, 'C')) AS v (t, e);

-- Modes. The last condition of exclude_last ends a chain.
SELECT m AS mode, affinity.window_funnel(100, m, t, e = 'A', e = 'B', e = 'C') AS "A B B X C",
	affinity.funnel_times(100, m, t, e = 'A', e = 'B', e = 'C') AS times
FROM (VALUES (1, 'A'), (2, 'B'), (3, 'B'), (4, 'X'), (5, 'C')) AS v (t, e),
	unnest('{default,strict_order,strict_deduplication,strict,strict_increase,STRICT_ONCE}'::text[]) m
GROUP BY m ORDER BY m;
SELECT affinity.window_funnel(100, 'exclude_last', t, e = 'A', e = 'B', e = 'X') AS excluded,
	affinity.funnel_times(100, 'exclude_last', t, e = 'A', e = 'B', e = 'Y') AS not_excluded
FROM (VALUES (1, 'A'), (2, 'X'), (3, 'B')) AS v (t, e);
SELECT affinity.window_funnel(0, 'default', 1, true, true) AS one_row_one_step,
	affinity.window_funnel(0, 'same_row', 1, true, true) AS same_row;

-- One row satisfies one step, whichever fits: a matching where times are equal.
SELECT affinity.funnel_times(0, 'default', t, VARIADIC c)
FROM (VALUES (1, '{t,t,f}'::bool[]), (1, '{t,f,f}'), (1, '{f,t,t}')) AS v (t, c);

-- NULL conditions are false, NULL times are skipped, no rows give 0.
SELECT affinity.window_funnel(10, 'default', t, a, NULL, b),
	affinity.window_funnel(10, 'default', t, a, b),
	affinity.window_funnel(10, 'default', NULL::int, true)
FROM (VALUES (1, true, NULL::bool), (NULL, true, true), (3, NULL, true)) AS v (t, a, b);
SELECT affinity.window_funnel(10, 'default', 1, true) AS none,
	affinity.funnel_times(10, 'default', 1, true) AS times FROM visit WHERE false;

-- The largest numbers, and 64 steps.
SELECT affinity.window_funnel(9223372036854775807, 'default', t, e = 1, e = 2) AS too_far,
	affinity.window_funnel(9223372036854775807, 'default', t - 1, e = 2, e = 3) AS far
FROM (VALUES (-9223372036854775807, 1), (1, 2), (9223372036854775807, 3)) AS v (t, e);
SELECT affinity.window_funnel(63, 'default', t, VARIADIC
	(SELECT array_agg(t = n ORDER BY n) FROM generate_series(1, 64) AS n)) AS steps
FROM generate_series(64, 1, -1) AS t;
SELECT affinity.window_funnel(9, m, t, VARIADIC ARRAY[t = 9, t = 10] || array_fill(false, ARRAY[61]) || (t = 11)) AS steps
FROM generate_series(1, 20) AS t, unnest('{default,exclude_last}'::text[]) AS m GROUP BY m;

-- Wrong calls.
CREATE FUNCTION pg_temp.try(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	hint text;
	detail text;
BEGIN
	EXECUTE query;
	RETURN 'no error';
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS hint = PG_EXCEPTION_HINT, detail = PG_EXCEPTION_DETAIL;
	RETURN concat_ws(E'\n', SQLSTATE || ': ' || SQLERRM,
		nullif(detail, ''), nullif(hint, ''));
END
$$;
\set try 'SELECT pg_temp.try($$SELECT affinity.'
\pset format unaligned
\pset tuples_only on
:try window_funnel('7 days', 'strict_oder', now(), true)$$);
:try window_funnel('7 days', 'default, same_row, strict_order', now(), true)$$);
:try window_funnel(5, 'same_row, strict_once', 1, true)$$);
:try window_funnel(5, 'exclude_last', 1, true)$$);
:try window_funnel(5, NULL, 1, true)$$);
:try window_funnel(NULL::interval, 'default', now(), true)$$);
:try window_funnel(-1, 'default', 1, true)$$);
:try window_funnel('-1 day', 'default', now(), true)$$);
:try window_funnel('1 month', 'default', now(), true)$$);
:try window_funnel('NaN', 'default', now(), true)$$);
:try window_funnel('soon', 'default', now(), true)$$);
:try window_funnel(9223372036854775807, 'default', now(), true)$$);
:try window_funnel('7 days', 'default', timestamptz 'infinity', true)$$);
:try window_funnel('7 days', 'default', timestamp '-infinity', true)$$);
:try window_funnel(5, 'default', 1, 1, 0)$$);
:try window_funnel(5, 'default', 1, true, 'true')$$);
:try window_funnel(5, 'default', 1, VARIADIC '{}'::bool[])$$);
:try window_funnel(5, 'default', 1, VARIADIC NULL::bool[])$$);
:try window_funnel(5, 'default', 1, VARIADIC '{1,0}'::int[])$$);
:try window_funnel(5, 'default', 1, VARIADIC array_fill(true, ARRAY[65]))$$);
:try window_funnel(5, 'default', t, VARIADIC array_fill(true, ARRAY[t])) FROM generate_series(1, 2) AS t$$);
:try window_funnel(t, 'default', t, true) FROM generate_series(1, 2) AS t$$);
:try window_funnel(5, m, 1, true) FROM unnest('{default,strict_order}'::text[]) AS m$$);
:try funnel_accum(NULL, 5, 'default', 1, true)$$);
SELECT pg_temp.try('SELECT affinity.window_funnel(5, ''default'', 1'
	|| repeat(', true', 65) || ')');

-- Optional steps, exclusions between steps, any order, a held property.
CREATE TEMP TABLE trip (who int, t int, e text, item text);
INSERT INTO trip VALUES (1, 1, 'view', 'a'), (1, 2, 'cart', 'b'), (1, 3, 'pay', 'a'),
	(1, 4, 'cart', 'a'), (1, 5, 'pay', 'b'), (2, 1, 'pay', 'c'), (2, 2, 'view', 'c'),
	(2, 3, 'cart', 'd'), (3, 1, 'view', 'a'), (3, 2, 'help', 'a'), (3, 3, 'pay', NULL);
\pset format aligned
\pset tuples_only off
SELECT who, affinity.funnel_times(9, 'default', t, e = 'view', e = 'cart', e = 'pay') AS "default",
	affinity.funnel_times(9, 'optional 2', t, e = 'view', e = 'cart', e = 'pay') AS optional,
	affinity.window_funnel(9, 'optional 2', t, e = 'view', e = 'cart', e = 'pay') AS level,
	affinity.funnel_times(9, 'any_order', t, e = 'view', e = 'cart', e = 'pay') AS any_order,
	affinity.funnel_times(9, 'hold_last', t, e = 'view', e = 'cart', e = 'pay', item) AS hold,
	affinity.funnel_times(9, 'optional 2, exclude 4', t, e = 'view', e = 'cart', e = 'pay', e = 'help') AS exclude,
	affinity.funnel_times(9, 'optional 2, exclude 4 between 2 and 3', t, e = 'view', e = 'cart', e = 'pay', e = 'help') AS "between"
FROM trip GROUP BY who ORDER BY who;
SELECT s.* FROM (SELECT affinity.funnel_agg(who, t, 9, 'optional 2', e = 'view', e = 'cart', e = 'pay') AS f
	FROM trip) a, affinity.funnel_steps(f) s;
SELECT s.step, s.users FROM (SELECT affinity.funnel_agg(who, t, 9, 'OPTIONAL 2|hold_last', e = 'view', e = 'cart', e = 'pay', item) AS f
	FROM trip) a, affinity.funnel_steps(f) s;
-- steps in any order between others
SELECT who, affinity.funnel_times(9, 'any_order 2 3', t, e = 'view', e = 'pay', e = 'cart', e = 'help') AS "2 3",
	affinity.funnel_times(9, 'ANY_ORDER 3 2 1, exclude 4', t, e = 'view', e = 'pay', e = 'cart', e = 'help') AS "1 2 3",
	affinity.window_funnel(9, 'any_order 1 2, strict_increase, hold_last', t, e = 'view', e = 'pay', e = 'cart', item) AS hold,
	affinity.window_funnel(9, 'any_order 3 4 | any_order 1 2', t, e = 'pay', e = 'view', e = 'pay', e = 'cart') AS "two groups"
FROM trip GROUP BY who ORDER BY who;
SELECT s.step, s.users, s.median_from_previous
FROM (SELECT affinity.funnel_agg(who, t, 9, 'any_order 2 3', e = 'view', e = 'pay', e = 'cart') AS f
	FROM trip) a, affinity.funnel_steps(f) s;
-- a mode of each group's own; 64 steps, 63 of them optional
SELECT m, affinity.window_funnel(9, m, t, e = 'view', e = 'cart', e = 'pay')
FROM trip, unnest('{any_order,optional 2,default}'::text[]) AS m WHERE who = 2 GROUP BY m ORDER BY m;
SELECT affinity.window_funnel(63, 'optional ' || (SELECT string_agg(n::text, ' ') FROM generate_series(2, 64) AS n), t,
	VARIADIC (SELECT array_agg(t = n ORDER BY n) FROM generate_series(1, 64) AS n)) AS steps,
	affinity.window_funnel(63, 'any_order', t, VARIADIC (SELECT array_agg(t % 64 + 1 = n ORDER BY n) FROM generate_series(1, 64) AS n)) AS any_order,
	affinity.window_funnel(63, 'any_order 1 2, any_order ' || (SELECT string_agg(n::text, ' ') FROM generate_series(3, 64) AS n), t,
		VARIADIC (SELECT array_agg(t = CASE WHEN n < 3 THEN n ELSE 67 - n END ORDER BY n) FROM generate_series(1, 64) AS n)) AS groups
FROM generate_series(64, 1, -1) AS t WHERE t <> 33;
\pset format unaligned
\pset tuples_only on
:try window_funnel(5, 'optional', 1, true, true)$$);
:try window_funnel(5, 'optional 1', 1, true, true)$$);
:try window_funnel(5, 'optional 3', 1, true, true)$$);
:try window_funnel(5, 'optional 0', 1, true, true)$$);
:try window_funnel(5, 'optional 99999999999999999999', 1, true, true)$$);
:try window_funnel(5, 'optional 2 exclude 2', 1, true, true)$$);
:try window_funnel(5, '2', 1, true, true)$$);
:try window_funnel(5, 'exclude', 1, true, true)$$);
:try window_funnel(5, 'exclude 1', 1, true, true)$$);
:try window_funnel(5, 'exclude 1 2', 1, true, true)$$);
:try window_funnel(5, 'exclude 2, exclude_last', 1, true, true)$$);
:try window_funnel(5, 'exclude 3', 1, true, true)$$);
:try window_funnel(5, 'exclude 3 between 1', 1, true, true, true)$$);
:try window_funnel(5, 'exclude 3 between 2 and 1', 1, true, true, true)$$);
:try window_funnel(5, 'exclude 3 between 1 and 3', 1, true, true, true)$$);
:try window_funnel(5, 'any_order, strict_order', 1, true, true)$$);
:try window_funnel(5, 'any_order, optional 2', 1, true, true)$$);
:try window_funnel(5, 'any_order 2', 1, true, true, true)$$);
:try window_funnel(5, 'any_order 1 3', 1, true, true, true)$$);
:try window_funnel(5, 'any_order 2 4', 1, true, true, true)$$);
:try window_funnel(5, 'any_order 0 1', 1, true, true, true)$$);
:try window_funnel(5, 'any_order 1 2, any_order 2 3', 1, true, true, true)$$);
:try window_funnel(5, 'any_order 2 2', 1, true, true, true)$$);
:try window_funnel(5, 'any_order 2 3, exclude 3', 1, true, true, true)$$);
:try window_funnel(5, 'any_order 2 3, any_order', 1, true, true, true)$$);
:try window_funnel(5, 'any_order 2 3, strict_order', 1, true, true, true)$$);
:try window_funnel(5, 'fixed, any_order 2 3', 1, true, true, true)$$);
:try window_funnel(5, 'any_order 2 3, allow_reentry', 1, true, true, true)$$);
:try window_funnel(5, 'any_order 1 2, optional 3', 1, true, true, true)$$);
:try window_funnel(5, 'any_order 1 2, exclude 4 between 1 and 2', 1, true, true, true, true)$$);
:try window_funnel(5, 'any_order 1 2, same_row, exclude 3', 1, true, true, true)$$);
:try window_funnel(5, 'same_row, exclude 2', 1, true, true)$$);
:try window_funnel(5, 'hold_last', 1, true, 1.5)$$);
:try window_funnel(5, 'hold_last', 1, 1)$$);
:try window_funnel(5, 'hold_last', 1, VARIADIC '{1,0}'::bool[])$$);
:try window_funnel(5, m, 1, true, true) FROM unnest('{any_order,optional 2}'::text[]) AS m$$);
:try window_funnel(5, m, 1, true, true, true) FROM unnest('{any_order 1 2,any_order 2 3}'::text[]) AS m$$);
:try window_funnel(5, m, 1, true, true) FROM unnest('{default,hold_last}'::text[]) AS m$$);
:try funnel_agg('{1,NULL,3}'::bigint[], 'optional 3')$$);
:try funnel_agg('{1,NULL,3}'::bigint[], 'exclude_last')$$);
:try funnel_agg('{1,NULL,3}'::bigint[], m) FROM unnest('{optional 2,optional 2 3}'::text[]) AS m$$);
:try rollup(f ORDER BY m) FROM (SELECT m COLLATE "C" AS m, affinity.funnel_agg(1, 1, 5, m, true, true) AS f FROM unnest('{any_order,optional 2,default}'::text[]) AS m GROUP BY m) s$$);
:try rollup(f ORDER BY m) FROM (SELECT m COLLATE "C" AS m, affinity.funnel_agg(1, 1, 5, m, true, true, true) AS f FROM unnest('{optional 2,"any_order 1 2"}'::text[]) AS m GROUP BY m) s$$);
:try funnel_agg('{1,NULL,3}'::bigint[], 'any_order 2 3')$$);
:try rollup(f) FROM (SELECT affinity.funnel_agg(1, 1, 5, 'hold_last', true, 1) AS f UNION ALL SELECT affinity.funnel_agg(1, 1, 5, 'hold_last', true, 'x'::text)) s$$);

-- A date is its midnight without time zone: in New York a day of November has
-- 25 hours, and in March one has 23.
SET timezone = 'America/New_York';
CREATE TEMP TABLE day (d date, e text);
INSERT INTO day VALUES ('2024-11-03', 'a'), ('2024-11-04', 'b'), (NULL, 'b');
SELECT affinity.window_funnel(interval '1 day', 'default', d, e = 'a', e = 'b') AS interval,
	affinity.window_funnel('24 hours', 'default', d, e = 'a', e = 'b') AS text,
	affinity.windowfunnel(86400, 'default', d, e = 'a', e = 'b') AS seconds,
	affinity.windowfunnel('23:59:59.999999', 'default', d, e = 'a', e = 'b') AS short,
	affinity.windowfunnel('1 day', 'default', d::timestamptz, e = 'a', e = 'b') AS zoned,
	affinity.funnel_times('1 day', 'default', d, e = 'a', e = 'b') AS times,
	pg_typeof(affinity.funnel_times('1 day', 'default', d, e = 'a', e = 'b')) AS type
FROM day;
SELECT affinity.window_funnel('23 hours', 'default', d + 126, e = 'a', e = 'b') AS march FROM day;
SET timezone = 'UTC';
:try funnel_times('1 day', 'default', date '294276-12-31', true)$$);
:try funnel_times('1 day', 'default', date '4713-01-01 BC', true)$$);
:try window_funnel('1 day', 'default', date '294277-01-01', true)$$);
:try window_funnel('1 day', 'default', date '5874897-12-31', true)$$);
:try window_funnel('1 day', 'default', date 'infinity', true)$$);
:try window_funnel(86400, 'default', date '-infinity', true)$$);

-- A window that int64 does not hold in microseconds has no end, nearly: it is cut
-- to 2^63 - 1. The last two of these are shorter than the time between the rows.
SELECT w, affinity.window_funnel(w, 'default', t, e = 'a', e = 'b') AS level,
	affinity.window_funnel(w::text, 'default', t::timestamp, e = 'a', e = 'b') AS local,
	affinity.window_funnel(w, 'any_order', t, e = 'a', e = 'b') AS any_order,
	affinity.window_funnel(w, 'any_order 1 2', t, e = 'a', e = 'b') AS grouped,
	affinity.window_funnel(w, 'optional 2', t, e = 'a', false, e = 'b') AS optional
FROM (VALUES (timestamptz '2000-01-01', 'a'), ('294276-12-31', 'b')) AS v (t, e),
	unnest('{213503983 days,106752991 days,999999999 days,106751992 days,106751991 days,
		106751991 days 24:00:00,2147483647 days -2147483647:00:00,
		106751982 days,106751981 days 23:59:59,106751992 days -264:00:00}'::interval[]) WITH ORDINALITY AS i (w, n)
GROUP BY n, w ORDER BY n;
SELECT affinity.window_funnel(9223372036854775807, 'default', t, e = 'a', e = 'b') AS seconds,
	affinity.window_funnel(9223372036854, 'default', t, e = 'a', e = 'b') AS most
FROM (VALUES (timestamptz '2000-01-01', 'a'), ('294276-12-31', 'b')) AS v (t, e);
SELECT affinity.window_funnel('999999999 days', 'default', t, e = 'a', e = 'b') AS farther
FROM (VALUES (timestamp '4713-01-01 BC', 'a'), ('294276-12-31', 'b')) AS v (t, e);
:try window_funnel('-213503983 days', 'default', now(), true)$$);
:try window_funnel('-999999999 days', 'default', now(), true)$$);
:try window_funnel(-9223372036854775807, 'default', now(), true)$$);

-- What differs where states cannot be merged.
:try rollup(f) FROM (SELECT affinity.funnel_agg(1, 1, 5, true) AS f UNION ALL SELECT affinity.funnel_agg('x'::text, 1, 5, true)) s$$);
:try rollup(f) FROM (SELECT affinity.funnel_agg(1, 1, 5, true) AS f UNION ALL SELECT affinity.funnel_agg('{1}'::bigint[])) s$$);
:try rollup(f) FROM (SELECT affinity.funnel_agg(1, timestamptz 'epoch', '1 day', true) AS f UNION ALL SELECT affinity.funnel_agg(1, date 'epoch', '1 day', true)) s$$);
:try rollup(f) FROM (SELECT affinity.funnel_agg(1, 1, 5, true) AS f UNION ALL SELECT affinity.funnel_agg(1, 1, 5, true, true)) s$$);
:try rollup(f) FROM (SELECT affinity.funnel_agg(1, 1, 5, true) AS f UNION ALL SELECT affinity.funnel_agg(1, 1, 6, true)) s$$);
:try rollup(f) FROM (SELECT affinity.funnel_agg(1, date 'epoch', '7 days', true) AS f UNION ALL SELECT affinity.funnel_agg(1, date 'epoch', '36 hours', true)) s$$);
:try rollup(f) FROM (SELECT affinity.funnel_agg(1, date 'epoch', '999999999 days', true) AS f UNION ALL SELECT affinity.funnel_agg(1, date 'epoch', '0', true)) s$$);
CREATE FUNCTION pg_temp.modes(a text, b text) RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
	PERFORM affinity.funnel_combine(
		affinity.funnel_agg(1, 1, 5, a, true, true, true, true, true, 'x'::text),
		affinity.funnel_agg(1, 1, 5, b, true, true, true, true, true, 'x'::text));
	RETURN NEXT 'no error';
EXCEPTION WHEN invalid_parameter_value THEN
	RETURN NEXT sqlerrm;
END $$;
SELECT pg_temp.modes(a || ', hold_last', b || ', hold_last') FROM (VALUES
	('default', 'strict_order'), ('adjacent', 'fixed'), ('any_order', 'any_order 1 2'),
	('strict, increase', 'deduplication, allow_reentry'), ('same_row', 'exclude_last'),
	('optional 2 4', 'exclude 4 5'), ('optional 2, exclude 5', 'exclude 4 between 1 and 3, exclude 5'),
	('any_order 1 2, any_order 3 4 5', 'any_order 1 2 3 4 5'), ('any_order 4 5', 'any_order 2 3, exclude 5'),
	('any_order, exclude 5 4', 'default'), ('adjacent', 'strict_order, fixed')) AS v (a, b);
-- Numbers that leave no step, or come twice.
:try window_funnel(5, 'exclude 1 2 3', 1, true, true, true)$$);
:try window_funnel(5, 'exclude 1 2, exclude_last', 1, true, true, true)$$);
:try window_funnel(5, 'exclude 3 3', 1, true, true, true)$$);
:try window_funnel(5, 'optional 2 2', 1, true, true, true)$$);
:try window_funnel(5, 'optional 2, strict_order, optional 3 2', 1, true, true, true)$$);
:try funnel_agg('{1,NULL,3}'::bigint[], 'optional 2 2')$$);
-- A window that is text says its unit, whichever aggregate it is for.
:try window_funnel('30', 'default', now(), true)$$);
:try window_funnel(' 1 day 30', 'default', now()::timestamp, true)$$);
:try funnel_times('P30', 'default', current_date, true)$$);
:try funnel_agg(1, now(), '30', true, true)$$);
:try funnel_agg(1, now()::timestamp, '-30', 'strict_order', true, true)$$);
:try funnel_agg(1, current_date, '7.5', true)$$);
:try funnel_agg(1, current_date, '1 month', true)$$);
SELECT who, a::text = b::text AS same, (SELECT string_agg(users::text, ' ' ORDER BY step) FROM affinity.funnel_steps(a)) AS steps
FROM (SELECT who, affinity.funnel_agg(who, at, '7 days', 'strict_order', event = 'view', event = 'cart') AS a,
	affinity.funnel_agg(who, at, interval '7 days', 'strict_order', event = 'view', event = 'cart') AS b FROM visit GROUP BY who) s ORDER BY who;
