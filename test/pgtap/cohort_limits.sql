-- What a value of 1 GB does not hold, for states of each type: an error that says
-- so, wherever it happens, and never one of the memory allocator. Users of 1 MB
-- make a large state of few rows; memory stays below 3 GB, a test takes 2 s.
BEGIN;
SET LOCAL jit = off;
SELECT plan(7);

SELECT (regexp_match(pg_read_file('/proc/meminfo'), 'MemAvailable: +(\d+)'))[1]::bigint > 4000000 AS enough \gset
\if :enough

-- n users of 1 MB
CREATE FUNCTION pg_temp.long_users(start int, n int, OUT user_id text, OUT at timestamp)
	RETURNS SETOF record LANGUAGE sql AS $$
	SELECT repeat(md5(i::text), 32768), timestamp '2024-01-01' FROM generate_series(start, start + n - 1) i $$;
CREATE FUNCTION pg_temp.too_large(query text, name text) RETURNS text LANGUAGE sql AS $$
	SELECT throws_ok(query, '54000', 'state would exceed 1 GB, the limit of a value', name) $$;

-- growing, in the step
SELECT pg_temp.too_large($$SELECT affinity.users(affinity.activity_agg(user_id, at, 'day'))
	FROM pg_temp.long_users(0, 1100)$$, 'activity of too many users');
SELECT pg_temp.too_large($$SELECT affinity.users(affinity.activity_agg(user_id, at, 'day', NULL, true, true))
	FROM pg_temp.long_users(0, 1100)$$, 'activity with times of too many users');
-- growing, in the merge
SELECT pg_temp.too_large($$SELECT affinity.users(affinity.rollup(v)) FROM generate_series(0, 10) part, LATERAL (
		SELECT affinity.value_agg(user_id, at, 1, 'day') AS v FROM pg_temp.long_users(part * 100, 100)) s$$,
	'stored values of too many users, rolled up');

-- below the limit, but not as text
SELECT throws_ok($$SELECT length(affinity.activity_agg(user_id, at, 'day')::text) FROM pg_temp.long_users(0, 800)$$,
	'54000', 'state of 838870460 bytes is too large for text', 'a text of more than 1 GB');
-- and a text that is none, of more characters than a third of 2^31
SELECT throws_ok($$SELECT repeat(repeat('A', 1000), 720001)::affinity.activity$$,
	'22P03', 'invalid activity state: not one, or from a machine of another byte order', 'a text of 720 MB');
-- funnels: a user of 64 steps takes 505 bytes in the two-level form
SELECT throws_ok($$SELECT affinity.rollup(f) FROM (SELECT affinity.funnel_agg(times) AS f
		FROM (SELECT array_agg(i::bigint) AS times FROM generate_series(1, 64) i) t, generate_series(1, 300000)) s,
		generate_series(1, 8)$$, '54000', NULL, 'a funnel of too many users');
-- long ids of one user are no large state
SELECT is(affinity.users(affinity.activity_agg(repeat(md5('0'), 131072), at, 'day')), 1::bigint, 'one user of 4 MB, 300 times')
FROM (SELECT timestamp '2024-01-01' + i * interval '1 day' AS at FROM generate_series(1, 300) i) e;

\else
SELECT skip('less than 4 GB of memory are available', 7);
\endif

SELECT * FROM finish();
ROLLBACK;
