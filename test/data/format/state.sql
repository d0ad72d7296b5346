-- The states that `make` stores: table pg_temp.state (name, type, state).
SET TimeZone = 'UTC';
SET DateStyle = 'ISO';
CREATE TEMP TABLE state (name text PRIMARY KEY, type text NOT NULL, state text NOT NULL);

-- States as they are while an aggregate runs: rows of funnels as they came are
-- what the first version stored.
CREATE AGGREGATE pg_temp.rows_of_many("any", bigint, bigint, VARIADIC "any") (
	SFUNC = affinity.funnel_agg_accum, STYPE = affinity.funnel);
CREATE AGGREGATE pg_temp.rows_of_many("any", timestamptz, interval, text, VARIADIC "any") (
	SFUNC = affinity.funnel_agg_accum, STYPE = affinity.funnel);
CREATE AGGREGATE pg_temp.rows_of_one(bigint, text, bigint, VARIADIC "any") (
	SFUNC = affinity.funnel_accum, STYPE = affinity.funnel);
CREATE AGGREGATE pg_temp.sequence_state(text, bigint, VARIADIC "any") (
	SFUNC = affinity.sequence_accum, STYPE = affinity.sequence);
CREATE AGGREGATE pg_temp.sequence_state(text, timestamptz, VARIADIC "any") (
	SFUNC = affinity.sequence_accum, STYPE = affinity.sequence);
CREATE AGGREGATE pg_temp.next_state(text, text, bigint, text, boolean, VARIADIC "any") (
	SFUNC = affinity.sequence_next_accum, STYPE = bytea);
CREATE AGGREGATE pg_temp.next_state(text, text, timestamp, text, boolean) (
	SFUNC = affinity.sequence_next_accum, STYPE = bytea);

-- ---- activity and value: users who come back, near and far ---------------

CREATE TEMP TABLE visit AS
	SELECT u::bigint AS int8, md5(u::text)::uuid AS uuid, repeat('user ', u % 3) || u AS text,
		timestamptz '2022-03-01 00:00+00' + interval '1 hour' * (u * 1031 % 6001 + g * (1 + u % 7) * 31) AS at,
		(u * 7 + g * 13) % 100 - 5.25 AS value, g % 2 = 0 AS is_start, g % 3 > 0 AS is_return, g
	FROM generate_series(0, 69) u, generate_series(0, u % 4) g;

INSERT INTO state
	SELECT 'bitmaps int8 month', 'activity', affinity.activity_agg(int8, at, 'month')::text FROM visit
	UNION ALL SELECT 'bitmaps uuid week zone', 'activity', affinity.activity_agg(uuid, at, 'week', 'America/New_York')::text FROM visit WHERE int8 < 30
	UNION ALL SELECT 'bitmaps text quarter local', 'activity', affinity.activity_agg(text, at::timestamp, 'quarter')::text FROM visit WHERE int8 < 30
	UNION ALL SELECT 'bitmaps int8 day date', 'activity', affinity.activity_agg(int8, at::date, 'day')::text FROM visit WHERE int8 < 10
	UNION ALL SELECT 'bitmaps text week_sunday one user', 'activity', affinity.activity_agg(text, at, 'week_sunday', 'Asia/Kathmandu')::text FROM visit WHERE int8 = 7
	UNION ALL SELECT 'ragged int8 day', 'activity', affinity.activity_agg(int8, at, 'day')::text FROM visit
	UNION ALL SELECT 'ragged uuid day zone', 'activity', affinity.activity_agg(uuid, at, 'day', 'Europe/Berlin')::text FROM visit
	UNION ALL SELECT 'ragged text day local', 'activity', affinity.activity_agg(text, at::timestamp, 'day')::text FROM visit
	UNION ALL SELECT 'pairs int8 hour', 'activity', affinity.activity_agg(int8, at, 'hour')::text FROM visit WHERE int8 < 30
	UNION ALL SELECT 'pairs uuid hour local', 'activity', affinity.activity_agg(uuid, at::timestamp, 'hour')::text FROM visit WHERE int8 < 30
	UNION ALL SELECT 'pairs text hour zone', 'activity', affinity.activity_agg(text, at, 'hour', 'Australia/Lord_Howe')::text FROM visit WHERE int8 < 30
	UNION ALL SELECT 'events int8 week', 'activity', affinity.activity_agg(int8, at, 'week', NULL, is_start, is_return)::text FROM visit WHERE int8 < 20
	UNION ALL SELECT 'events uuid day zone', 'activity', affinity.activity_agg(uuid, at, 'day', 'America/St_Johns', is_start, is_return)::text FROM visit WHERE int8 < 20
	UNION ALL SELECT 'events text year local', 'activity', affinity.activity_agg(text, at::timestamp, 'year', NULL, true, is_return)::text FROM visit WHERE int8 < 20
	UNION ALL SELECT 'values int8 month', 'value', affinity.value_agg(int8, at, value, 'month')::text FROM visit WHERE int8 < 30
	UNION ALL SELECT 'values uuid week zone', 'value', affinity.value_agg(uuid, at, value / 3, 'week', 'Europe/Berlin')::text FROM visit WHERE int8 < 20
	UNION ALL SELECT 'values text day local', 'value', affinity.value_agg(text, at::timestamp, value * 1e9, 'day')::text FROM visit WHERE int8 < 20
	UNION ALL SELECT 'values int8 hour date', 'value', affinity.value_agg(int8, at::date, value, 'hour')::text FROM visit WHERE int8 < 5;

-- ---- funnels -------------------------------------------------------------

CREATE TEMP TABLE step AS
	SELECT u, u::bigint AS int8, md5(u::text)::uuid AS uuid, 'user ' || u AS text, (u * 71 + i * i * (1 + u % 5)) % 300::bigint AS t,
		(i * 7 + u * 3) % 6 + 1 AS n, (u + i) % 2 AS int_held, md5(((u + i) % 2)::text)::uuid AS uuid_held, 'held ' || (u + i) % 2 AS text_held
	FROM generate_series(1, 12) u, generate_series(0, u % 5 + 3) i;
ALTER TABLE step ADD at timestamptz, ADD local timestamp;
UPDATE step SET at = '2024-02-28 22:00+00'::timestamptz + t * interval '17 minutes 0.25 s', local = '2024-02-28 22:00'::timestamp + t * interval '1 hour';

INSERT INTO state
	SELECT 'packed int8', 'funnel', affinity.funnel_agg(int8, t, 60, n = 1, n = 2, n = 3)::text FROM step
	UNION ALL SELECT 'packed uuid timestamptz', 'funnel', affinity.funnel_agg(uuid, at, '2 days', n = 1, n = 2, n = 3)::text FROM step
	UNION ALL SELECT 'packed text timestamp', 'funnel', affinity.funnel_agg(text, local, '5 days', n = 1, n = 2, n = 3)::text FROM step
	UNION ALL SELECT 'packed int8 date', 'funnel', affinity.funnel_agg(int8, local::date, '5 days', n = 1, n = 2, n = 3)::text FROM step
	UNION ALL SELECT 'packed int8 many rows', 'funnel', affinity.funnel_agg(1, i * i, 60, i % 5 = 0, i % 3 = 0)::text FROM generate_series(1, 40) AS i
	UNION ALL SELECT 'packed ' || mode, 'funnel', affinity.funnel_agg(int8, t, 200, mode, n = 1, n = 2, n = 3, n = 4)::text
	FROM step, unnest(ARRAY['strict_order', 'strict_deduplication', 'strict_increase', 'allow_reentry, strict_order', 'deduplication', 'fixed',
		'adjacent', 'same_row', 'any_order', 'any_order 2 3', 'any_order 1 2, any_order 3 4', 'optional 2', 'optional 2 3, strict_increase',
		'exclude 4', 'exclude 4 between 1 and 2', 'exclude_last', 'any_order 2 3, exclude 4']) AS mode GROUP BY mode
	UNION ALL SELECT 'chains int8', 'funnel', affinity.funnel_agg(times)::text
	FROM (SELECT affinity.funnel_times(60, 'default', t, n = 1, n = 2, n = 3) AS times FROM step GROUP BY u ORDER BY u) c
	UNION ALL SELECT 'chains timestamptz optional', 'funnel', affinity.funnel_agg(times, 'optional 2')::text
	FROM (SELECT affinity.funnel_times('2 days', 'optional 2', at, n = 1, n = 2, n = 3) AS times FROM step GROUP BY u ORDER BY u) c
	UNION ALL SELECT 'chains timestamp', 'funnel', affinity.funnel_agg(times)::text
	FROM (SELECT affinity.funnel_times('5 days', 'default', local, n = 1, n = 2, n = 3) AS times FROM step GROUP BY u ORDER BY u) c
	UNION ALL SELECT 'held int', 'funnel', affinity.funnel_agg(int8, t, 200, 'hold_last', n = 1, n = 2, n = 3, int_held ORDER BY u, t)::text FROM step
	UNION ALL SELECT 'held uuid, uuid users', 'funnel', affinity.funnel_agg(uuid, at, '2 days', 'hold_last, optional 2', n = 1, n = 2, n = 3, uuid_held ORDER BY u, t)::text FROM step
	UNION ALL SELECT 'held text, text users', 'funnel', affinity.funnel_agg(text, local, '5 days', 'any_order 2 3, exclude 4, hold_last', n = 1, n = 2, n = 3, n = 4, text_held ORDER BY u, t)::text FROM step
	UNION ALL SELECT 'rows int8', 'funnel', pg_temp.rows_of_many(int8, t, 60, n = 1, n = 2, n = 3 ORDER BY t DESC, u)::text FROM step
	UNION ALL SELECT 'rows uuid', 'funnel', pg_temp.rows_of_many(uuid, t, 60, n = 1, n = 2, n = 3 ORDER BY t, u)::text FROM step
	UNION ALL SELECT 'rows text', 'funnel', pg_temp.rows_of_many(text, t, 60, n = 1, n = 2, n = 3 ORDER BY t, u)::text FROM step
	UNION ALL SELECT 'rows timestamptz options', 'funnel', pg_temp.rows_of_many(int8, at, interval '2 days', 'any_order 1 2, exclude 4',
		n = 1, n = 2, n = 3, n = 4 ORDER BY u, t)::text FROM step
	UNION ALL SELECT 'rows of one user', 'funnel_user', pg_temp.rows_of_one(60, 'default', t, n = 1, n = 2, n = 3 ORDER BY n)::text FROM step
	UNION ALL SELECT 'rows of one user, options', 'funnel_user', pg_temp.rows_of_one(60, 'optional 2, exclude 4 between 1 and 3', t, n = 1, n = 2, n = 3, n = 4 ORDER BY n)::text FROM step;
DO $$
DECLARE
	n_conditions int;
BEGIN
	FOREACH n_conditions IN ARRAY ARRAY[10, 18, 34] LOOP		-- 2, 4 and 8 bytes of them
		EXECUTE format($q$INSERT INTO state SELECT 'packed %s conditions', 'funnel', affinity.funnel_agg(int8, t, 300, %s)::text FROM step WHERE u < 7$q$,
			n_conditions, (SELECT string_agg(format('n = %s', i), ', ') FROM generate_series(1, n_conditions) AS i));
	END LOOP;
END $$;

-- ---- sequences -----------------------------------------------------------

INSERT INTO state
	SELECT 'sequence', 'sequence', pg_temp.sequence_state('(?1)(?t<=20).*(?2)', t, n = 1, n = 2 ORDER BY t DESC, u)::text FROM step
	UNION ALL SELECT 'sequence timestamptz', 'sequence', pg_temp.sequence_state('(?1)(?2)', at, n = 1, n = 2, n = 3 ORDER BY u, t)::text FROM step WHERE u < 6
	UNION ALL SELECT 'next', 'sequence_next', pg_temp.next_state('forward', 'first_match', t, 'page ' || n, n = 1, n = 1 ORDER BY u, t)::text FROM step WHERE u < 6
	UNION ALL SELECT 'next timestamp', 'sequence_next', pg_temp.next_state('backward', 'tail', local, 'page ' || n, n > 0 ORDER BY u, t)::text FROM step WHERE u < 6;
