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
		event = 'view', event = 'cart', event = 'pay', event = 'help') FROM visit
	UNION ALL SELECT 8, affinity.funnel_agg(who, at, '7 days', 'any_order 2 3, exclude 4, hold_last',
		event = 'view', event = 'cart', event = 'pay', event = 'help', country) FROM visit;
SELECT n, f::text::affinity.funnel::text = f::text AS same,
	(SELECT array_agg(users ORDER BY step) FROM affinity.funnel_steps(f::text::affinity.funnel)) AS users
FROM state WHERE n > 3 ORDER BY n;

-- States of the first version of the format have their rows as they came. They
-- read the same, and merge with others in any order to the same bytes.
CREATE TEMP TABLE old_state (n int, f affinity.funnel);
INSERT INTO old_state VALUES
	(1, 'RlVOTAECAQEAAAAAAKDj0IwAAAAEAAAARAAAAAAAAAAAAAAAAQAAAAAAAAAAKCg1lbUCAAECAAAAAAAAAADMuwuWtQIAAQMAAAAAAAAAANAmAKu1AgABBgAAAAAAAAAAwGPTjLUCAAE='),
	(2, 'RlVOTAECAwIAAQAAAKDj0IwAAAAEAAAAZAAAAAAAAAAAAAAA+aph2nUFdnhA1wEunOUCEAAoKDWVtQIAAQKCU/rbS+rvJ5NSAhCpVfMAzLsLlrUCAAHYUQePo/aaASH25qL1PRBOANAmAKu1AgABbAh2/wgWATaGBTsoQf+wgQDAY9OMtQIAAQ==');
SELECT o.n, (SELECT array_agg(s.users) FROM affinity.funnel_steps(o.f) s) AS users,
	(SELECT affinity.rollup(x) FROM (SELECT o.f AS x) x)::text = n.f::text AS same_packed,
	affinity.funnel_combine(o.f, n.f)::text = affinity.funnel_combine(n.f, o.f)::text AS either,
	(SELECT affinity.rollup(x)::text FROM unnest(ARRAY[o.f, n.f]) x) =
		(SELECT affinity.rollup(x)::text FROM unnest(ARRAY[n.f, o.f]) x) AS rolled,
	(SELECT affinity.rollup(x)::text FROM unnest(ARRAY[n.f, n.f]) x) =
		affinity.funnel_combine(o.f, o.f)::text AS twice
FROM old_state o JOIN state n USING (n) ORDER BY 1;

-- Users with many rows, at one time and far from each other: every shape. Equal
-- contents are equal bytes, however they came together.
CREATE TEMP TABLE shapes AS
	SELECT u, (CASE u % 5 WHEN 0 THEN 7 WHEN 1 THEN i WHEN 2 THEN i * 1000
		WHEN 3 THEN i::bigint << 40 ELSE 9223372036854775807 - (i::bigint << 57) END) AS t,
		1 + (i * 7 + u) % 3 AS step
	FROM generate_series(1, 10) AS u, generate_series(1, u * 2) AS i;
INSERT INTO state SELECT 7, affinity.funnel_agg(u, t, 100000, step = 1, step = 2, step = 3) FROM shapes;
SELECT count(DISTINCT f::text) AS one, max(length(decode(f::text, 'base64'))) AS bytes FROM (
	SELECT f FROM state WHERE n = 7
	UNION ALL SELECT affinity.funnel_agg(u, t, 100000, step = 1, step = 2, step = 3 ORDER BY step, t, u) FROM shapes
	UNION ALL SELECT affinity.funnel_agg(u, t, 100000, step = 1, step = 2, step = 3 ORDER BY t DESC) FROM shapes
	UNION ALL SELECT affinity.rollup(f ORDER BY k) FROM (SELECT (t + u) % 7 AS k,
		affinity.funnel_agg(u, t, 100000, step = 1, step = 2, step = 3) AS f FROM shapes GROUP BY 1) s
	UNION ALL SELECT affinity.rollup(f) FROM (SELECT u % 4 AS k,
		affinity.funnel_agg(u, t, 100000, step = 1, step = 2, step = 3) AS f FROM shapes GROUP BY 1) s) x;
SELECT array_agg(s.users) = (SELECT ARRAY[count(*) FILTER (WHERE l > 0), count(*) FILTER (WHERE l > 1),
		count(*) FILTER (WHERE l > 2)]
	FROM (SELECT affinity.window_funnel(100000, 'default', t, step = 1, step = 2, step = 3) AS l
		FROM shapes GROUP BY u) w) AS as_each_user
FROM state, affinity.funnel_steps(f) s WHERE n = 7;

-- Every state with a byte changed or cut off is refused, or is a state whose
-- table can be read: nothing in between.
CREATE FUNCTION pg_temp.read_state(state text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	PERFORM affinity.funnel_steps(state::affinity.funnel);
	PERFORM affinity.rollup(f) FROM unnest(ARRAY[state, state]::affinity.funnel[]) f;
	RETURN 'valid';
EXCEPTION WHEN invalid_binary_representation THEN
	RETURN 'refused';
WHEN datetime_field_overflow OR numeric_value_out_of_range THEN
	RETURN 'valid';		-- rows far apart
END
$$;
CREATE FUNCTION pg_temp.valid_state(state text) RETURNS affinity.funnel LANGUAGE plpgsql AS $$
BEGIN
	RETURN state::affinity.funnel;
EXCEPTION WHEN invalid_binary_representation THEN
	RETURN NULL;
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
-- What is not refused is what some rows make: packed states have one form only.
SELECT n, count(*) > 0 AS some_valid, bool_and(affinity.funnel_combine(f, nothing)::text = f::text) AS same
FROM (SELECT n, pg_temp.valid_state(translate(encode(set_byte(bytes, i, (get_byte(bytes, i) + d) % 256),
			'base64'), E'\n', '')) AS f,
		translate(encode(overlay(substr(bytes, 1, 36) PLACING '\x0000000008000000' FROM 21) || '\x0000000000000000',
			'base64'), E'\n', '')::affinity.funnel AS nothing
	FROM state, decode(f::text, 'base64') AS bytes, generate_series(36, length(bytes) - 1) AS i,
		unnest('{1,16,128,255}'::int[]) AS d WHERE n IN (1, 2, 7)) v
WHERE f IS NOT NULL GROUP BY n ORDER BY n;
WITH cut AS (
	SELECT n, encode(substr(bytes, 1, i), 'base64') AS state
	FROM state, decode(f::text, 'base64') AS bytes, generate_series(0, length(bytes) - 1) AS i
)
SELECT n, bool_and(pg_temp.read_state(translate(state, E'\n', '')) = 'refused') AS refused
FROM cut GROUP BY n ORDER BY n;
SELECT bool_and(pg_temp.read_state(translate(encode(decode(
	'46554e4c0' || v || '0' || t || '0' || u || '0' || c || '000000000000000000000000' || lpad(to_hex(r), 2, '0')
	|| '000000' || lpad(to_hex(b), 2, '0') || '0000000000000000000000' || repeat('01', b), 'hex'),
	'base64'), E'\n', '')) IN ('valid', 'refused')) AS never_else
FROM generate_series(1, 3) AS v, generate_series(0, 3) AS t, generate_series(0, 5) AS u, generate_series(0, 3) AS c,
	generate_series(0, 3) AS r, generate_series(0, 40) AS b;

\set VERBOSITY terse
SELECT ''::affinity.funnel;
SELECT 'x'::affinity.funnel;
SELECT 'RlVO=AECAQIAAAAA'::affinity.funnel;
SELECT 'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA'::affinity.funnel;

-- What does not fit together.
SELECT affinity.rollup(f ORDER BY n) FROM state;
SELECT affinity.rollup(f ORDER BY n) FROM (
	SELECT n, affinity.funnel_agg(1, 1, n, true) AS f FROM generate_series(1, 2) AS n GROUP BY n) s;
SELECT affinity.funnel_agg(1.5, 1, 1, true);
SELECT affinity.funnel_agg(now(), 1, 1, true);
SELECT affinity.funnel_agg(1, 1, 1, 'default');
SELECT affinity.funnel_agg(1, 1, 1, 'strict', true, 2);
SELECT affinity.funnel_agg(t) FROM (VALUES ('{1,2}'::bigint[]), ('{1}')) AS v (t);
SELECT affinity.funnel_agg('{1,NULL,2}'::bigint[]);
SELECT affinity.funnel_agg('{2,1}'::bigint[]);
SELECT affinity.funnel_agg('{2024-01-01,infinity}'::timestamptz[]);
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

-- A date is its midnight without time zone, and merges with timestamps.
SET timezone = 'America/New_York';
SELECT s.step, s.users, s.median_from_start FROM (
	SELECT affinity.rollup(f) AS f FROM (
		SELECT affinity.funnel_agg(1, d, '1 day', d = '2024-11-03', d = '2024-11-04') AS f
		FROM unnest('{2024-11-03,2024-11-04}'::date[]) AS d
		UNION ALL
		SELECT affinity.funnel_agg(2, d::timestamp, '1 day', 'default'::text, d = '2024-11-03', d = '2024-11-04')
		FROM unnest('{2024-11-03,2024-11-04}'::date[]) AS d) a) b,
	affinity.funnel_steps(f) AS s;
SET timezone = 'UTC';
SELECT affinity.funnel_agg(1, date 'infinity', '1 day', true);
SELECT affinity.funnel_agg(1, date '294277-01-01', '1 day', true);
-- A window that microseconds in int64 do not hold.
SELECT w, s.step, s.users, s.median_from_start FROM (
	SELECT n, w, affinity.funnel_agg(1, t, w, e = 'a', e = 'b') AS f
	FROM (VALUES (timestamp '4713-01-01 BC', 'a'), ('2000-01-01', 'a'), ('2294-12-31', 'b')) AS v (t, e),
		unnest('{213503983 days,106752991 days,999999999 days}'::interval[]) WITH ORDINALITY AS i (w, n)
	GROUP BY n, w) a, affinity.funnel_steps(f) AS s ORDER BY n, s.step;
-- Domains are what they are over.
CREATE DOMAIN d_big AS bigint CHECK (VALUE > 0);
CREATE DOMAIN d_bigger AS d_big;
CREATE DOMAIN d_int AS int;
CREATE DOMAIN d_text AS text;
CREATE DOMAIN d_varchar AS varchar(9);
CREATE DOMAIN d_uuid AS uuid;
CREATE DOMAIN d_bool AS boolean;
CREATE DOMAIN d_bools AS boolean[];
CREATE DOMAIN d_zoned AS timestamptz;
CREATE DOMAIN d_local AS timestamp;
CREATE DOMAIN d_day AS date;
CREATE DOMAIN d_span AS interval;
CREATE TEMP TABLE of_domains (big d_bigger, i d_int, t d_text, v d_varchar, u d_uuid,
	z d_zoned, l d_local, day d_day, w d_span, a d_bool, b d_bool, mode d_text);
INSERT INTO of_domains SELECT n % 3 + 1, n % 3 + 1, n % 3 + 1, n % 3 + 1,
	md5((n % 3)::text)::uuid, timestamptz '2024-03-01' + interval '1 day' * n,
	timestamp '2024-03-01' + interval '1 day' * n, date '2024-03-01' + n, '3 days', n < 3, n >= 4,
	'default' FROM generate_series(0, 5) AS n;
CREATE FUNCTION pg_temp.users(funnel affinity.funnel) RETURNS text LANGUAGE sql
	AS 'SELECT string_agg(users::text, '' '' ORDER BY step) FROM affinity.funnel_steps(funnel)';
SELECT pg_temp.users(affinity.funnel_agg(big, z, w, a, b)) AS big,
	pg_temp.users(affinity.funnel_agg(i, l, w, a, b)) AS int,
	pg_temp.users(affinity.funnel_agg(t, day, w, a, b)) AS text,
	pg_temp.users(affinity.funnel_agg(v, big, 5::d_int, a, b)) AS varchar,
	pg_temp.users(affinity.funnel_agg(u, z, w, mode, a, b)) AS uuid,
	pg_temp.users(affinity.funnel_agg(u, z, w, VARIADIC ARRAY[a, b]::d_bools)) AS domain_of_array,
	pg_temp.users(affinity.funnel_agg(u, z, w, VARIADIC ARRAY[a, b]::d_bool[])) AS array_of_domain
FROM of_domains;
-- As many as without domains.
SELECT pg_temp.users(affinity.funnel_agg(big::bigint, z::timestamptz, w::interval, a::boolean, b::boolean)) AS big,
	pg_temp.users(affinity.funnel_agg(v::varchar, big::bigint, 5, a::boolean, b::boolean)) AS varchar
FROM of_domains;
SELECT affinity.window_funnel(w, mode, day, a, b) AS day,
	affinity.window_funnel(i, 'default', l, a, b) AS seconds,
	affinity.funnel_times(w, 'hold_last', z, a, b, t) AS held,
	affinity.sequence_match('(?1)(?2)', day, a, b) AS match,
	affinity.sequence_count('(?1)(?t>=86400)(?2)', z, VARIADIC ARRAY[a, b]::boolean[]) AS count,
	affinity.sequence_match_events('(?2)', l, a, b) AS events,
	affinity.sequence_next_node('forward', 'head', day, t, a, a) AS next
FROM of_domains GROUP BY w, mode, i ORDER BY i;
SELECT day, affinity.sessionize(day, w) OVER (ORDER BY day) AS session FROM of_domains WHERE big <> 2;
-- char(n) without its blanks and name are texts; others are refused.
SELECT affinity.funnel_agg('a'::char(3), 1, 1, true) = affinity.funnel_agg('a'::text, 1, 1, true) AS "char(n)",
	affinity.funnel_agg('a'::name, 1, 1, true) = affinity.funnel_agg('a'::text, 1, 1, true) AS "name";
\set VERBOSITY default
SELECT affinity.funnel_agg(true, 1, 1, true);
\set VERBOSITY terse
-- Without a first step there is no chain, and none to be optional.
\set VERBOSITY default
SELECT affinity.funnel_agg(t) FROM (VALUES (ARRAY[NULL, timestamptz '2024-03-01'])) AS v (t);
SELECT affinity.funnel_agg('{NULL,2}'::bigint[], 'optional 2');
SELECT affinity.funnel_agg('{1,NULL,2}'::bigint[]);
SELECT users FROM affinity.funnel_steps((SELECT affinity.funnel_agg('{NULL,NULL}'::bigint[])));
\set VERBOSITY terse
-- Nanoseconds taken for seconds: no interval holds such times, users still count.
SELECT s.step, s.users, s.conversion_from_previous, s.median_from_previous, s.p90_from_previous,
	s.median_from_start IS NULL AS no_median, s.p90_from_start IS NULL AS no_p90 FROM (
	SELECT affinity.funnel_agg(u, t, 9223372036854775807, n = 1, n = 2, n = 3) AS f
	FROM (VALUES (1, 0::bigint, 1), (1, 185542587100800, 2), (1, 185542587187199, 3),
		(2, 0, 1), (2, 185542587100800, 2), (3, -1, 1), (3, 9223372036854775806, 2)) AS v (u, t, n)) a,
	affinity.funnel_steps(f) AS s;
SELECT s.step, s.users, s.conversion_from_previous, s.median_from_previous, s.p90_from_previous,
	s.median_from_start IS NULL AS no_median, s.p90_from_start IS NULL AS no_p90 FROM (
	SELECT affinity.funnel_agg(1, t, 86400000000000, n = 1, n = 2) AS f
	FROM (VALUES (1709251200000000000, 1), (1709251260000000000, 2)) AS v (t, n)) a,
	affinity.funnel_steps(f) AS s;
-- The last time that an interval holds, and the first that none does.
SELECT t, s.median_from_start IS NULL AS "null" FROM unnest('{185542587187199,185542587187200}'::bigint[]) AS t,
	affinity.funnel_steps((SELECT affinity.funnel_agg(1, x, t, x = 0, x > 0) FROM unnest(ARRAY[0, t]) AS x)) AS s
WHERE s.step = 2;
-- Merged twice, a state has its rows twice: one row is then two steps.
SELECT (SELECT string_agg(users::text, ' ') FROM affinity.funnel_steps(once)) AS once,
	(SELECT string_agg(users::text, ' ') FROM affinity.funnel_steps(twice)) AS twice
FROM (SELECT affinity.rollup(f) FILTER (WHERE n = 1) AS once, affinity.rollup(f) AS twice
	FROM (SELECT affinity.funnel_agg(u, 1, 1, true, u < 3) AS f FROM generate_series(1, 4) AS u) a,
		generate_series(1, 2) AS n) b;
-- Arguments have names, and comments say of what type they are.
SELECT proname, proargnames[1] FROM pg_proc
WHERE pronamespace = 'affinity'::regnamespace AND proname = 'rollup' ORDER BY 2;
SELECT p.oid::regprocedure FROM pg_proc p, obj_description(p.oid, 'pg_proc') AS said
WHERE pronamespace = 'affinity'::regnamespace AND 'at' = ANY (proargnames)
	AND (prokind = 'a' AND proname ~ 'funnel|sequence' OR proname = 'sessionize')
	AND said !~ '^a mistaken call'
	AND (said !~ ('at: a ' || CASE p.proargtypes[array_position(proargnames, 'at') - 1]
			WHEN 'date'::regtype THEN 'date' WHEN 'bigint'::regtype THEN 'number'
			WHEN 'timestamp'::regtype THEN 'timestamp[^t]' ELSE 'timestamptz' END)
		OR 'gap' = ANY (proargnames) AND said !~ 'gap: an? (interval|number)'
		OR 'window' = ANY (proargnames) AND said !~ 'window: an? (interval|number)');
