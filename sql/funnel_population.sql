-- funnel_agg, rollup and funnel_steps; the text form of a state.
SET timezone = 'UTC';
CREATE TEMP TABLE visit (who int, at timestamptz, event text, country text);
INSERT INTO visit VALUES
	(1, '2024-03-01 10:00', 'view', 'DE'), (1, '2024-03-01 10:05', 'cart', 'DE'),
	(1, '2024-03-03 09:00', 'pay', 'DE'),
	(2, '2024-03-01 11:00', 'view', 'FR'), (2, '2024-03-09 11:00', 'cart', 'FR'),
	(3, '2024-03-01 12:00', 'cart', 'DE'), (3, '2024-03-02 12:00', 'view', 'DE'),
	(4, '2024-03-02 08:00', 'help', 'FR'), (5, NULL, 'view', 'FR'),
	(NULL, '2024-03-01 00:00', 'view', 'FR'),
	(6, '2024-03-01 00:00', 'view', 'FR'), (6, '2024-03-01 06:30', 'cart', 'FR');

SELECT s.* FROM (SELECT affinity.funnel_agg(who, at, '7 days',
	event = 'view', event = 'cart', event = 'pay') AS f FROM visit) a,
	affinity.funnel_steps(a.f) s;

-- By dimension, with FILTER, and by day merged to the same table as in one.
SELECT country, s.step, s.users
FROM (SELECT country, affinity.funnel_agg(who, at, '7 days', 'strict_order',
		event = 'view', event = 'cart', event = 'pay') FILTER (WHERE who <> 4) AS f
	FROM visit GROUP BY country) a, affinity.funnel_steps(a.f) s
ORDER BY 1, 2;
SELECT s.* FROM (SELECT affinity.rollup(f) AS f
	FROM (SELECT affinity.funnel_agg(who, at, '7 days',
		event = 'view', event = 'cart', event = 'pay') AS f
		FROM visit GROUP BY at::date) daily) a, affinity.funnel_steps(a.f) s;

-- Two levels.
SELECT s.* FROM (SELECT affinity.funnel_agg(times) AS f
	FROM (SELECT affinity.funnel_times('7 days', 'default', at,
		event = 'view', event = 'cart', event = 'pay') AS times
		FROM visit WHERE who IS NOT NULL GROUP BY who) u) a, affinity.funnel_steps(a.f) s;

-- Nobody, and nothing at all.
SELECT s.* FROM (SELECT affinity.funnel_agg(NULL::int, now(), '1 day', true, true) AS f) a,
	affinity.funnel_steps(a.f) s;
SELECT affinity.funnel_agg(who, at, '1 day', true) IS NULL AS empty,
	affinity.rollup(NULL::affinity.funnel) IS NULL AS rolled
FROM visit WHERE false;
SELECT * FROM affinity.funnel_steps(NULL);

-- Every type of user; a running funnel.
SELECT s.users, s.median_from_start
FROM (SELECT affinity.funnel_agg(who::smallint, at, '7 days', event = 'view', event = 'cart') AS i2,
	affinity.funnel_agg(who::bigint, at::timestamp, '7 days', event = 'view', event = 'cart') AS i8,
	affinity.funnel_agg(who::text, extract(epoch FROM at)::bigint, 7 * 86400, event = 'view', event = 'cart') AS t,
	affinity.funnel_agg(who::varchar, at, interval '7 days', event = 'view', event = 'cart') AS v,
	affinity.funnel_agg(md5(who::text)::uuid, at::date, '7 days', event = 'view', event = 'cart') AS u
	FROM visit) a, unnest(ARRAY[i2, i8, t, v, u]) f, affinity.funnel_steps(f) s;
SELECT at, (SELECT array_agg(users) FROM affinity.funnel_steps(f))
FROM (SELECT at, affinity.funnel_agg(who, at, '7 days', event = 'view', event = 'cart')
	OVER (ORDER BY at ROWS UNBOUNDED PRECEDING) AS f FROM visit WHERE who < 4) r;

-- Text out and in again.
CREATE TEMP TABLE state AS
	SELECT n, f FROM (SELECT affinity.funnel_agg(who, at, '7 days', event = 'view') AS a,
		affinity.funnel_agg(who::text, at, '7 days', 'exclude_last', event = 'view', event = 'x') AS b
		FROM visit) v,
	(SELECT affinity.funnel_agg(times) AS c FROM (SELECT affinity.funnel_times('7 days', 'default', at,
		event = 'view', event = 'cart', event = 'pay') AS times FROM visit GROUP BY who) u) w,
	LATERAL (VALUES (1, a), (2, b), (3, c)) AS x (n, f);
SELECT n, f::text FROM state ORDER BY n;
SELECT n, f::text::affinity.funnel::text = f::text AS same,
	(SELECT array_agg(users ORDER BY step) FROM affinity.funnel_steps(f::text::affinity.funnel)) AS users
FROM state ORDER BY n;

-- The same with options: optional steps, exclusions, a held property, any order.
INSERT INTO state
	SELECT 4, affinity.funnel_agg(who, at, '7 days', 'optional 2, exclude 4 between 1 and 3, hold_last',
		event = 'view', event = 'cart', event = 'pay', event = 'help', country) FROM visit
	UNION ALL SELECT 5, affinity.funnel_agg(times, 'optional 2')
	FROM (SELECT affinity.funnel_times('7 days', 'optional 2', at,
		event = 'view', event = 'help', event = 'cart') AS times FROM visit GROUP BY who) u
	UNION ALL SELECT 6, affinity.funnel_agg(who, at, '7 days', 'any_order, exclude 3 4',
		event = 'view', event = 'cart', event = 'pay', event = 'help') FROM visit;
SELECT n, f::text::affinity.funnel::text = f::text AS same,
	(SELECT array_agg(users ORDER BY step) FROM affinity.funnel_steps(f::text::affinity.funnel)) AS users
FROM state WHERE n > 3 ORDER BY n;

-- Every state with a byte changed or cut off is refused, or is a state whose
-- table can be read: nothing in between.
CREATE FUNCTION pg_temp.read_state(state text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	PERFORM affinity.funnel_steps(state::affinity.funnel);
	PERFORM affinity.rollup(f) FROM unnest(ARRAY[state, state]::affinity.funnel[]) f;
	RETURN 'valid';
EXCEPTION WHEN invalid_binary_representation THEN
	RETURN 'refused';
END
$$;
WITH damaged AS (
	SELECT n, encode(set_byte(bytes, i, (get_byte(bytes, i) + d) % 256), 'base64') AS state
	FROM state, decode(f::text, 'base64') AS bytes, generate_series(0, length(bytes) - 1) AS i,
		unnest('{1,127,128,255}'::int[]) AS d
)
SELECT n, bool_and(pg_temp.read_state(translate(state, E'\n', '')) IN ('valid', 'refused')) AS never_else,
	bool_or(pg_temp.read_state(translate(state, E'\n', '')) = 'refused') AS some_refused
FROM damaged GROUP BY n ORDER BY n;
WITH cut AS (
	SELECT n, encode(substr(bytes, 1, i), 'base64') AS state
	FROM state, decode(f::text, 'base64') AS bytes, generate_series(0, length(bytes) - 1) AS i
)
SELECT n, bool_and(pg_temp.read_state(translate(state, E'\n', '')) = 'refused') AS refused
FROM cut GROUP BY n ORDER BY n;
SELECT bool_and(pg_temp.read_state(translate(encode(decode(
	'46554e4c010' || t || '0' || u || '0' || c || '000000000000000000000000' || lpad(to_hex(r), 2, '0')
	|| '000000' || lpad(to_hex(b), 2, '0') || '0000000000000000000000' || repeat('01', b), 'hex'),
	'base64'), E'\n', '')) IN ('valid', 'refused')) AS never_else
FROM generate_series(0, 3) AS t, generate_series(0, 5) AS u, generate_series(0, 3) AS c,
	generate_series(0, 3) AS r, generate_series(0, 40) AS b;

\set VERBOSITY terse
SELECT ''::affinity.funnel;
SELECT 'x'::affinity.funnel;
SELECT 'RlVO=AECAQIAAAAA'::affinity.funnel;
SELECT 'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA'::affinity.funnel;

-- What does not fit together.
SELECT affinity.rollup(f) FROM state;
SELECT affinity.rollup(f) FROM (
	SELECT affinity.funnel_agg(1, 1, n, true) AS f FROM generate_series(1, 2) AS n GROUP BY n) s;
SELECT affinity.funnel_agg(1.5, 1, 1, true);
SELECT affinity.funnel_agg(now(), 1, 1, true);
SELECT affinity.funnel_agg(1, 1, 1, 'default');
SELECT affinity.funnel_agg(1, 1, 1, 'strict', true, 2);
SELECT affinity.funnel_agg(t) FROM (VALUES ('{1,2}'::bigint[]), ('{1}')) AS v (t);
SELECT affinity.funnel_agg('{1,NULL,2}'::bigint[]);
SELECT affinity.funnel_agg('{2,1}'::bigint[]);
SELECT affinity.funnel_agg('{}'::bigint[]);
SELECT affinity.funnel_agg('{-9223372036854775808,9223372036854775807}'::bigint[]);
SELECT s.* FROM (SELECT affinity.funnel_agg(1, t, 9223372036854775807, t = 0, t > 0) AS f
	FROM unnest('{0,9223372036854775807}'::bigint[]) t) a, affinity.funnel_steps(f) s;
SELECT affinity.window_funnel_final(f) FROM state WHERE n = 1;

-- However far a state has grown, it has every row.
SELECT n FROM generate_series(1, 2000) AS n
WHERE (SELECT affinity.sequence_count('(?1)', i, true) FROM generate_series(1, n) AS i) <> n
	OR (SELECT s.users FROM (SELECT affinity.funnel_agg(i, i, 1, true) AS f
			FROM generate_series(1, n) AS i) a, affinity.funnel_steps(f) s) <> n;
