-- Value states and revenue_retention: a small case that can be checked by eye,
-- NULLs, returns, exact sums, and every error.
SET TimeZone = 'UTC';
SET DateStyle = 'ISO';
\pset null -

CREATE TABLE sales (user_id bigint, at timestamptz, value numeric);
INSERT INTO sales VALUES
	(1, '2024-01-03 10:00+00', 10.50), (1, '2024-01-20 10:00+00', 4.50), (1, '2024-03-01 10:00+00', 20),
	(2, '2024-01-31 23:30+00', 5), (2, '2024-02-10 10:00+00', -5),
	(3, '2024-02-29 12:00+00', 7), (3, '2024-03-31 22:30+00', 0.1), (3, '2024-03-31 22:30+00', 0.2),
	(4, '2024-03-05 10:00+00', 3), (4, '2024-03-06 10:00+00', -3),
	(5, '2023-01-01 10:00+00', NULL), (NULL, '2023-01-01 00:00+00', 1), (6, NULL, 1);

CREATE FUNCTION table_of(value affinity.value, as_of timestamptz DEFAULT NULL,
		max_period int DEFAULT NULL, cohorts_from timestamp DEFAULT NULL,
		cohorts_before timestamp DEFAULT NULL)
	RETURNS TABLE (cohort date, size bigint, period int, starts date, payers bigint,
		value float8, cumulative float8, per_user numeric, ltv numeric,
		nrr numeric, complete boolean)
	LANGUAGE sql AS $$
	SELECT cohort::date, cohort_size, period, period_start::date, payers, value,
		cumulative_value, round(value_per_user::numeric, 4),
		round(cumulative_per_user::numeric, 4), round(nrr::numeric, 4), complete
	FROM affinity.revenue_retention($1, $2, $3, $4, $5) $$;

CREATE TEMP TABLE state AS SELECT affinity.value_agg(user_id, at, value, 'month') AS v FROM sales;
-- user 2 gave back in February what January brought; user 4 did so at once
SELECT t.* FROM state, table_of(v) t;
-- in Berlin user 2 came in February, and the last of user 3 was in April
SELECT t.* FROM (SELECT affinity.value_agg(user_id, at, value, 'month', 'Europe/Berlin') v FROM sales) s, table_of(v) t;
-- a time without a zone is taken as it is
SELECT t.* FROM (SELECT affinity.value_agg(user_id, at AT TIME ZONE 'UTC', value, 'quarter') v FROM sales) s, table_of(v) t;

-- as_of: before all, within, after; and part of the table
SELECT count(*) FROM state, table_of(v, '2023-12-31+00');
SELECT t.* FROM state, table_of(v, '2024-02-29 23:59:59+00') t;
SELECT t.cohort, t.period, t.value, t.cumulative, t.complete FROM state, table_of(v, '2024-05-01+00') t;
SELECT t.cohort, t.period, t.value, t.cumulative FROM state, table_of(v, max_period => 1) t;
SELECT t.cohort, t.period, t.value FROM state, table_of(v, cohorts_from => '2024-02-01', cohorts_before => '2024-03-01') t;

-- sums do not depend on the order: in double precision these would
SELECT r.value, r.payers FROM (SELECT affinity.value_agg(1, now(), x, 'day' ORDER BY n) v
	FROM (VALUES (1, 1e15), (2, 0.25), (3, -1e15), (4, 0.01), (5, 1e-17)) s(n, x)) s, affinity.revenue_retention(v) r;
SELECT count(DISTINCT v) AS states FROM (SELECT affinity.value_agg(1, '2024-01-01', x, 'day' ORDER BY x * s)::text AS v
	FROM (VALUES (1e15), (0.1), (-1e15), (0.2), (0.3)) v(x), unnest(ARRAY[1, -1]) s GROUP BY s) s;
-- hundred times a cent is one; beyond 2^-60 is rounded off
SELECT r.value FROM (SELECT affinity.value_agg(1, now(), 0.01, 'day') v FROM generate_series(1, 100)) s, affinity.revenue_retention(v) r;
SELECT r.value = 2 ^ -60 AS rounded, r.nrr FROM (SELECT affinity.value_agg(1, now(), 2 ^ -61 * 1.5, 'day') v) s, affinity.revenue_retention(v) r;

-- nothing at all, every type of user, of value and of time, many users, one row
SELECT affinity.value_agg(user_id, at, value, 'day') IS NULL AS none FROM sales WHERE false;
SELECT affinity.value_agg(user_id, at, NULL, 'day') IS NULL AS none FROM sales;
SELECT count(*) FROM affinity.revenue_retention(NULL);
SELECT affinity.rollup(v) IS NULL AS none FROM state WHERE false;
SELECT u, r.cohort_size, r.payers, r.value FROM (
	SELECT 'smallint' u, affinity.value_agg(i::smallint, timestamp '2024-01-01', i, 'day') v FROM generate_series(1, 100) i
	UNION ALL SELECT 'int', affinity.value_agg(i, date '2024-01-01', i::bigint, 'day', 'UTC') FROM generate_series(1, 100) i
	UNION ALL SELECT 'varchar', affinity.value_agg(i::varchar(20), timestamptz '2024-01-01', i::real, 'day') FROM generate_series(1, 100) i
	UNION ALL SELECT 'text', affinity.value_agg(i::text, timestamp '2024-01-01', i::numeric, 'day', 'UTC') FROM generate_series(1, 100) i
	UNION ALL SELECT 'uuid', affinity.value_agg(md5(i::text)::uuid, timestamptz '2024-01-01', i::float8, 'day') FROM generate_series(1, 100) i
	UNION ALL SELECT 'uuid local', affinity.value_agg(md5(i::text)::uuid, timestamp '2024-01-01', i, 'day') FROM generate_series(1, 100) i) s,
	affinity.revenue_retention(v) r;
-- the ends of time
SELECT r.cohort, r.period, r.value, r.complete
FROM (SELECT affinity.value_agg(9223372036854775807, t, 1, 'year')::text::affinity.value v
	  FROM (VALUES (timestamp '294275-01-01'), ('294276-12-31')) v(t)) s, affinity.revenue_retention(v) r;

-- stored states roll up to the same bytes; merging one twice counts it twice
SELECT affinity.rollup(v)::text = (SELECT v::text FROM state) AS same
FROM (SELECT affinity.value_agg(user_id, at, value, 'month') v FROM sales GROUP BY user_id, at) s;
SELECT affinity.value_combine(v, v::text::affinity.value)::text = (SELECT affinity.value_agg(user_id, at, 2 * value, 'month')::text FROM sales) AS twice FROM state;

-- errors
\set VERBOSITY default
SELECT affinity.value_agg(7, now(), 'NaN', 'day');
SELECT affinity.value_agg('Ann'::text, now(), '-infinity', 'day');
SELECT affinity.value_agg('00000000-0000-0000-0000-000000000007'::uuid, now(), 1.1e15, 'day');
SELECT affinity.value_agg(7, 'infinity'::timestamptz, 1, 'day');
SELECT affinity.value_agg(7, now(), 1, 'fortnight');
SELECT affinity.value_agg(7, now(), 1, NULL);
SELECT affinity.value_agg(7, now(), 1, 'day', 'Mars/Olympus');
SELECT affinity.value_agg(1, now(), 1e15, 'day') FROM generate_series(1, 200000);
SELECT r.* FROM (SELECT affinity.value_agg(i, now(), 1e15, 'day') v FROM generate_series(1, 150000) i) s, affinity.revenue_retention(v) r;
SELECT affinity.rollup(v ORDER BY u) FROM (SELECT u, affinity.value_agg(user_id, at, value, u) v FROM sales, unnest(ARRAY['day', 'month']) u GROUP BY u) s;
SELECT affinity.rollup(v) FROM (SELECT affinity.value_agg(1, now(), 1, 'day', 'UTC') v UNION ALL SELECT affinity.value_agg('1', now(), 1, 'day', 'UTC')) s;
SELECT affinity.value_accum(NULL, 1, now(), 1, 'day');
SELECT r.* FROM state, affinity.revenue_retention(v, max_period => -1) r;
SELECT r.* FROM state, affinity.revenue_retention(v, as_of => 'infinity') r;
SELECT r.* FROM (SELECT affinity.value_agg(1, t, 1, 'hour') v FROM (VALUES (timestamp '0001-01-01'), ('200000-01-01')) v(t)) s, affinity.revenue_retention(v) r;

-- states from outside; an activity is no value, nor the other way round
SELECT ''::affinity.value;
SELECT 'no base64!'::affinity.value;
SELECT left(v::text, 120)::affinity.value FROM state;
SELECT affinity.activity_agg(user_id, at, 'month')::text::affinity.value FROM sales;
SELECT v::text::affinity.activity FROM state;
CREATE FUNCTION with_byte(v affinity.value, at int, value int) RETURNS affinity.value LANGUAGE sql AS $$
	SELECT replace(encode(set_byte(decode(v::text, 'base64'), at, value), 'base64'), E'\n', '')::affinity.value $$;
SELECT with_byte(v, 0, 0) FROM state;			-- magic
SELECT with_byte(v, 4, 9) FROM state;			-- version
SELECT with_byte(v, 5, 9) FROM state;			-- unit
SELECT with_byte(v, 7, 5) FROM state;			-- layout
SELECT with_byte(v, 16, 0) FROM state;			-- first period

-- what a state holds, and in coarser units: the same bytes as aggregated in them
SELECT affinity.users(v), d.users, d.unit, d.time_zone, d.entries, d.value, d.bytes > 100 AS has_size
FROM state, affinity.describe(v) d;
SELECT fine, coarse, affinity.coarsen(f, coarse)::text = c::text AS same
FROM (VALUES ('hour', 'day'), ('hour', 'year'), ('day', 'week'), ('day', 'week_sunday'),
	('day', 'month'), ('day', 'day'), ('month', 'quarter'), ('quarter', 'year')) u (fine, coarse),
	LATERAL (SELECT affinity.value_agg(user_id::text, at, v, fine) AS f,
		affinity.value_agg(user_id::text, at, v, coarse) AS c
		FROM (SELECT n % 7 AS user_id, timestamp '2023-12-28' + n * n * interval '3 hours' AS at,
			CASE WHEN n % 5 = 0 THEN -1 ELSE n / 3.0 END AS v
			FROM generate_series(1, 60) n) r) s;
SELECT affinity.coarsen(affinity.value_agg(1, now(), 1, 'week'), 'month');
SELECT affinity.coarsen(affinity.value_agg(1, at, 1e15, 'hour'), 'day') IS NOT NULL AS fits
FROM generate_series(timestamp '2024-01-01', '2024-01-01 23:00', '1 hour') at;
SELECT affinity.coarsen(NULL::affinity.value, 'day') IS NULL AS nothing;

-- their SQLSTATEs
CREATE FUNCTION sqlstate_of(query text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE query;
	RETURN 'no error';
EXCEPTION WHEN OTHERS THEN
	RETURN SQLSTATE;
END $$;
SELECT sqlstate_of(q), q FROM unnest(ARRAY[
	$$SELECT affinity.value_agg(1, now(), 'NaN', 'day')$$,
	$$SELECT affinity.value_agg(1, now(), 'infinity', 'day')$$,
	$$SELECT affinity.value_agg(1, now(), 1e300, 'day')$$,
	$$SELECT affinity.value_agg(1, 'infinity'::timestamp, 1, 'day')$$,
	$$SELECT affinity.value_agg(1, now(), 1, 'fortnight')$$,
	$$SELECT affinity.revenue_retention(v, max_period => -1) FROM state$$,
	$$SELECT ''::affinity.value$$]) q;
DROP FUNCTION sqlstate_of, with_byte, table_of;
DROP TABLE sales;
