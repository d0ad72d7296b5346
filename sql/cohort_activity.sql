-- Activity states and the retention triangle: small cases that can be checked
-- by eye, NULLs, edges of time, and every error.
SET TimeZone = 'UTC';
SET DateStyle = 'ISO';
\pset null -

CREATE TABLE visits (user_id bigint, at timestamptz);
INSERT INTO visits VALUES
	(1, '2024-01-03 10:00+00'), (1, '2024-01-20 10:00+00'), (1, '2024-03-01 10:00+00'),
	(2, '2024-01-31 23:30+00'), (2, '2024-02-10 10:00+00'),
	(3, '2024-02-29 12:00+00'), (3, '2024-03-31 22:30+00'),
	(4, '2024-03-05 10:00+00'),
	(NULL, '2024-01-01 00:00+00'), (5, NULL);

CREATE FUNCTION triangle(activity affinity.activity)
	RETURNS TABLE (cohort date, size bigint, period int, starts date,
		eligible bigint, retained bigint, rate numeric, complete boolean)
	LANGUAGE sql AS $$
	SELECT cohort::date, cohort_size, period, period_start::date, eligible,
		retained, round(rate::numeric, 3), complete
	FROM affinity.retention(activity) $$;

-- user 2 came on the last evening of January in UTC, on 1 February in Berlin;
-- user 3 came back in March in UTC, on 1 April in Berlin
SELECT t.* FROM (SELECT affinity.activity_agg(user_id, at, 'month') a FROM visits) s, triangle(a) t;
SELECT t.* FROM (SELECT affinity.activity_agg(user_id, at, 'month', 'Europe/Berlin') a FROM visits) s, triangle(a) t;
-- a time without a zone is taken as it is
SELECT t.* FROM (SELECT affinity.activity_agg(user_id, at AT TIME ZONE 'UTC', 'quarter') a FROM visits) s, triangle(a) t;

-- as_of: before, within, after
SELECT r.cohort::date, r.period, r.retained, r.complete
FROM (SELECT affinity.activity_agg(user_id, at, 'month') a FROM visits) s,
	affinity.retention(a, as_of => '2024-02-29 23:59:59+00') r;
SELECT r.cohort::date, r.period, r.retained, r.complete
FROM (SELECT affinity.activity_agg(user_id, at, 'month') a FROM visits) s,
	affinity.retention(a, as_of => '2024-03-01+00') r;
SELECT r.cohort::date, r.period, r.retained, r.complete
FROM (SELECT affinity.activity_agg(user_id, at, 'month') a FROM visits) s,
	affinity.retention(a, '2024-06-01+00', max_period => 2) r;
SELECT count(*) FROM (SELECT affinity.activity_agg(user_id, at, 'month') a FROM visits) s,
	affinity.retention(a, '2023-12-31+00') r;

-- start and return: the row of the start is no return, another one at its instant is
CREATE TABLE signups (user_id text, at timestamp, event text);
INSERT INTO signups VALUES
	('only start', '2024-01-05', 'sign-up'),
	('before', '2024-01-04', 'buy'), ('before', '2024-01-05', 'sign-up'),
	('same instant', '2024-01-05', 'buy'), ('same instant', '2024-01-05', 'sign-up'),
	('later', '2024-01-05', 'sign-up'), ('later', '2024-01-09', 'buy'),
	('next month', '2024-01-05', 'sign-up'), ('next month', '2024-02-05', 'buy'),
	('next month', '2024-03-05', 'sign-up'),
	('never started', '2024-01-05', 'buy'), ('neither', '2024-01-01', 'look'),
	('null event', '2024-01-01', NULL);
SELECT r.cohort::date, r.cohort_size, r.period, r.retained
FROM (SELECT affinity.activity_agg(user_id, at, 'month', NULL, event = 'sign-up', event = 'buy') a FROM signups) s,
	affinity.retention(a) r;
SELECT r.cohort::date, r.cohort_size, r.period, r.retained
FROM (SELECT affinity.activity_agg(user_id, at, 'month', NULL, event = 'sign-up', event = 'buy') a FROM signups) s,
	affinity.retention(a, mode => 'recurring') r;
-- one kind of event that is both
SELECT r.period, r.retained
FROM (SELECT affinity.activity_agg(u, t, 'day', NULL, true, true) a
	  FROM (VALUES ('once', timestamp '2024-01-01'), ('once', '2024-01-01'),
			('twice', '2024-01-01 00:00:00'), ('twice', '2024-01-01 00:00:00.000001')) v(u, t)) s,
	affinity.retention(a) r;

-- denominators, brackets, the pooled curve
SELECT r.cohort::date, r.period, r.eligible, r.retained, r.rate, round(r.rate_low::numeric, 4) AS low, round(r.rate_high::numeric, 4) AS high
FROM (SELECT affinity.activity_agg(user_id, at, 'month') a FROM visits) s,
	affinity.retention(a, criterion => 'on_or_after', denominator => 'previous') r;
SELECT r.period, r.period_start::date, r.retained, r.complete
FROM (SELECT affinity.activity_agg(user_id, at, 'day') a FROM visits WHERE user_id = 1) s,
	affinity.retention(a, criterion => 'bracket', brackets => '{1,20,100}') r;
SELECT period, cohorts, eligible, retained, rate
FROM (SELECT affinity.activity_agg(user_id, at, 'month') a FROM visits) s, affinity.retention_curve(a) r;

-- daylight saving: the days of 2024-03-31 (23 hours) and 2024-10-27 (25 hours)
SELECT u, r.period, r.period_start, r.retained
FROM (SELECT u, affinity.activity_agg(1, t, u, 'Europe/Berlin') a
	  FROM unnest(ARRAY['hour', 'day']) u,
		unnest(ARRAY['2024-03-30 23:00+00', '2024-03-31 00:59:59.999999+00',
			'2024-03-31 01:00+00', '2024-03-31 22:00+00']::timestamptz[]) t
	  GROUP BY u) s, affinity.retention(a) r
WHERE r.retained > 0 ORDER BY u, r.period;

-- nothing at all, and users of every type
SELECT affinity.activity_agg(user_id, at, 'day') IS NULL AS none FROM visits WHERE false;
SELECT affinity.activity_agg(NULL::bigint, at, 'day') IS NULL AS none FROM visits;
SELECT count(*) FROM affinity.retention(NULL::affinity.activity);
SELECT affinity.users(affinity.activity_agg(i::smallint, at, 'day')) AS smallint,
	affinity.users(affinity.activity_agg(i::int, at::date, 'day')) AS int,
	affinity.users(affinity.activity_agg(i::text::varchar(20), at, 'day')) AS varchar,
	affinity.users(affinity.activity_agg(md5(i::text)::uuid, at, 'day')) AS uuid
FROM generate_series(1, 100) i, visits WHERE at IS NOT NULL;
SELECT d.users, d.unit, d.time_zone, d.first_at, d.last_at, d.entries, d.has_times
FROM (SELECT affinity.activity_agg(user_id, at, 'week_sunday', 'asia/tokyo') a FROM visits) s, affinity.describe(a) d;

-- the ends of time
SELECT d.unit, d.entries, d.first_at, d.last_at
FROM unnest(ARRAY['hour', 'day', 'week', 'week_sunday', 'month', 'quarter', 'year']) u,
	LATERAL (SELECT affinity.activity_agg(id, at, u)::text::affinity.activity AS a
		FROM (VALUES (-9223372036854775808, timestamp '4714-11-24 00:00:00 BC'),
			(9223372036854775807, '294276-12-31 23:59:59.999999'), (0, 'epoch')) v(id, at)) s,
	affinity.describe(a) d;
SELECT r.cohort, r.period, r.retained, r.complete
FROM (SELECT affinity.activity_agg(1, t, 'year') a
	  FROM (VALUES (timestamp '294275-01-01'), ('294276-12-31')) v(t)) s, affinity.retention(a) r;

-- errors
\set VERBOSITY default
SELECT affinity.activity_agg(user_id, at, 'fortnight') FROM visits;
SELECT affinity.activity_agg(user_id, at, NULL) FROM visits;
SELECT affinity.activity_agg(user_id, at, 'day', 'Mars/Olympus') FROM visits;
SELECT affinity.activity_agg(user_id, at, 'day', '') FROM visits;
SELECT affinity.activity_agg(7, 'infinity'::timestamptz, 'day');
SELECT affinity.activity_agg('Ann'::text, '-infinity'::timestamp, 'day');
SELECT affinity.activity_agg(user_id, at, CASE WHEN user_id = 1 THEN 'day' ELSE 'week' END) FROM visits;
SELECT affinity.rollup(a ORDER BY u) FROM (SELECT u, affinity.activity_agg(user_id, at, u) a FROM visits, unnest(ARRAY['day', 'month']) u GROUP BY u) s;
SELECT affinity.rollup(a ORDER BY z) FROM (SELECT z, affinity.activity_agg(user_id, at, 'day', z) a FROM visits, unnest(ARRAY['UTC', 'Asia/Tokyo']) z GROUP BY z) s;
SELECT affinity.rollup(a) FROM (SELECT affinity.activity_agg(1, now(), 'day', 'UTC') a UNION ALL SELECT affinity.activity_agg('1', now(), 'day', 'UTC')) s;
SELECT affinity.rollup(a) FROM (SELECT affinity.activity_agg(1, now(), 'day', 'UTC') a UNION ALL SELECT affinity.activity_agg(1, now()::timestamp, 'day', 'UTC')) s;
SELECT affinity.rollup(a) FROM (SELECT affinity.activity_agg(1, now(), 'day', 'UTC') a UNION ALL SELECT affinity.activity_agg(1, now(), 'day', 'UTC', true, true)) s;
SELECT affinity.activity_accum(NULL, 1, now(), 'day');
CREATE TEMP TABLE state AS SELECT affinity.activity_agg(user_id, at, 'month') AS a FROM visits;
SELECT r.* FROM state, affinity.retention(a, mode => 'second_ever') r;
SELECT r.* FROM state, affinity.retention(a, criterion => 'at') r;
SELECT r.* FROM state, affinity.retention(a, denominator => 'none') r;
SELECT r.* FROM state, affinity.retention(a, brackets => '{1}') r;
SELECT r.* FROM state, affinity.retention(a, criterion => 'bracket') r;
SELECT r.* FROM state, affinity.retention(a, criterion => 'bracket', brackets => '{1,0}') r;
SELECT r.* FROM state, affinity.retention(a, criterion => 'bracket', brackets => '{}') r;
SELECT r.* FROM state, affinity.retention(a, criterion => 'bracket', brackets => '{2147483647,2147483647}') r;
SELECT r.* FROM state, affinity.retention(a, criterion => 'bracket', brackets => '{1,NULL}') r;
SELECT r.* FROM state, affinity.retention(a, max_period => -1) r;
SELECT r.* FROM state, affinity.retention(a, as_of => 'infinity') r;
SELECT r.* FROM (SELECT affinity.activity_agg(1, t, 'hour') a FROM (VALUES (timestamp '0001-01-01'), ('200000-01-01')) v(t)) s, affinity.retention(a) r;

-- states from outside
SELECT ''::affinity.activity;
SELECT 'no base64!'::affinity.activity;
SELECT 'AAAA'::affinity.activity;
SELECT left(a::text, 60)::affinity.activity FROM state;
SELECT left(a::text, 120)::affinity.activity FROM state;
CREATE FUNCTION with_byte(a affinity.activity, at int, value int) RETURNS affinity.activity LANGUAGE sql AS $$
	SELECT replace(encode(set_byte(decode(a::text, 'base64'), at, value), 'base64'), E'\n', '')::affinity.activity $$;
SELECT with_byte(a, 0, 0) FROM state;			-- magic
SELECT with_byte(a, 4, 9) FROM state;			-- version
SELECT with_byte(a, 5, 9) FROM state;			-- unit
SELECT with_byte(a, 7, 0) FROM state;			-- layout
SELECT with_byte(a, 12, 200) FROM state;		-- users
SELECT with_byte(a, 16, 0) FROM state;			-- first period
SELECT with_byte(a, 52, ascii('X')) FROM state; -- time zone

-- an aggregate of one's own over our step, that begins with another kind of state
DO $$
BEGIN
	EXECUTE format('CREATE AGGREGATE own_agg(bigint, timestamptz, affinity.session_unit) (
		SFUNC = affinity.activity_accum, STYPE = affinity.activity, INITCOND = %L)',
		(SELECT affinity.activity_agg('Ann'::text, now(), 'day')));
END $$;
SELECT own_agg(user_id, at, 'day') FROM visits;
DROP AGGREGATE own_agg(bigint, timestamptz, affinity.session_unit);

-- their SQLSTATEs
CREATE FUNCTION sqlstate_of(query text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE query;
	RETURN 'no error';
EXCEPTION WHEN OTHERS THEN
	RETURN SQLSTATE;
END $$;
SELECT sqlstate_of(q), q FROM unnest(ARRAY[
	$$SELECT affinity.activity_agg(1, now(), 'fortnight')$$,
	$$SELECT affinity.activity_agg(1, now(), NULL)$$,
	$$SELECT affinity.activity_agg(1, now(), 'day', 'Mars')$$,
	$$SELECT affinity.activity_agg(1, 'infinity'::timestamp, 'day')$$,
	$$SELECT affinity.rollup(a) FROM (SELECT affinity.activity_agg(1, now(), u) a FROM unnest(ARRAY['day', 'month']) u GROUP BY u) s$$,
	$$SELECT affinity.retention(a, mode => '') FROM state$$,
	$$SELECT affinity.retention(a, max_period => -1) FROM state$$,
	$$SELECT ''::affinity.activity$$,
	$$SELECT '!'::affinity.activity$$,
	$$SELECT left(a::text, 120)::affinity.activity FROM state$$]) q;
DROP FUNCTION sqlstate_of, with_byte;

DROP FUNCTION triangle;
DROP TABLE visits, signups;

CREATE TABLE days AS SELECT u, date '2019-12-20' + u * 7 % 900 AS d FROM generate_series(1, 1000) u;
-- a date is that local day, whatever the zones
SET TimeZone = 'America/New_York';
SELECT period_start FROM affinity.lifecycle((SELECT affinity.activity_agg(1, date '2020-05-05', 'day', 'America/New_York')));
SELECT cohort, value FROM affinity.revenue_retention((SELECT affinity.value_agg('a', date '2020-05-01', 10, 'month', 'Asia/Tokyo')));
SELECT bool_and(a::text = b::text) AS same FROM (
	SELECT affinity.activity_agg(u, d, 'week') AS a, affinity.activity_agg(u, d::timestamp, 'week') AS b FROM days
	UNION ALL SELECT affinity.activity_agg(u::text, d, 'day', 'UTC'), affinity.activity_agg(u::text, d::timestamp, 'day', 'UTC') FROM days
	UNION ALL SELECT affinity.activity_agg(md5(u::text)::uuid, d, 'month', NULL, u % 2 = 0, true),
		affinity.activity_agg(md5(u::text)::uuid, d::timestamp, 'month', NULL, u % 2 = 0, true) FROM days) s;
SELECT bool_and(a::text = b::text) AS same FROM (
	SELECT affinity.value_agg(u, d, u, 'week') AS a, affinity.value_agg(u, d::timestamp, u, 'week') AS b FROM days
	UNION ALL SELECT affinity.value_agg(u::text, d, u, 'day', 'UTC'), affinity.value_agg(u::text, d::timestamp, u, 'day', 'UTC') FROM days
	UNION ALL SELECT affinity.value_agg(md5(u::text)::uuid, d, u, 'month'), affinity.value_agg(md5(u::text)::uuid, d::timestamp, u, 'month') FROM days) s;
SELECT first_at, last_at FROM affinity.describe((SELECT affinity.activity_agg(1, d, 'day') FROM (VALUES (date '4713-01-01 BC'), ('294276-12-31')) v(d)));
SELECT affinity.activity_agg(1, date '294277-01-01', 'day');
SELECT affinity.activity_agg(1, date '-infinity', 'day');
SELECT affinity.activity_agg(d::text, d, 'day') FROM (VALUES (date 'infinity')) v(d);
RESET TimeZone;
DROP TABLE days;
