-- Reports of states by buckets of users, summed, are the reports of all users: on random logs, for
-- every unit, kind of log, options and number of buckets, with buckets that have nobody.
\set ON_ERROR_STOP on
BEGIN;
SET LOCAL jit = off;
SELECT plan(71);

-- Users with clusters of days over two months, some of whom start late or are gone early.
SELECT setseed(0.15);
CREATE TEMP TABLE log AS
	SELECT user_id, at, random() < 0.4 AS is_start, random() < 0.6 AS is_return, (random() * 4)::int AS step
	FROM (SELECT u AS user_id, timestamptz '2024-01-01 UTC' + (random() ^ 2 * 40) * interval '1 day' AS start,
			(random() ^ 3 * 30) * interval '1 day' AS stay, (1 + random() ^ 2 * 12)::int AS n
		FROM generate_series(1, 250) u) users,
		LATERAL (SELECT start + random() * stay AS at FROM generate_series(1, n)) events;
CREATE TEMP TABLE latest AS SELECT max(at) AS at FROM log;

-- ---- buckets ----

SELECT is((SELECT count(DISTINCT affinity.bucket(u, 16)) FROM generate_series(1, 1000) u), 16::bigint, 'all buckets have users');
SELECT is((SELECT count(*) FROM generate_series(1, 1000) u WHERE affinity.bucket(u, 16) NOT BETWEEN 0 AND 15), 0::bigint, 'numbers are from 0');
SELECT is((SELECT count(*) FROM (SELECT affinity.bucket(u, 8) b, count(*) n FROM generate_series(1, 80000) u GROUP BY 1) x
	WHERE abs(n - 10000) > 500), 0::bigint, 'buckets are of one size');
SELECT is(affinity.bucket(7::smallint, 64), affinity.bucket(7::bigint, 64), 'integers of all types are alike');
SELECT is(affinity.bucket('abc'::varchar, 64), affinity.bucket('abc'::text, 64), 'and texts');
SELECT is(ARRAY[affinity.bucket(7, 1000), affinity.bucket(-1, 1000), affinity.bucket('seven'::text, 1000),
		affinity.bucket('00000000-0000-0000-0000-000000000007'::uuid, 1000)],
	'{305,392,558,482}', 'the hash stays: tables are distributed by it');
SELECT is(affinity.bucket(NULL::bigint, 4), NULL, 'nobody is in no bucket');
SELECT throws_ok('SELECT affinity.bucket(1, 0)', '22023', 'buckets must be from 1 to 2147483647, but is 0');
SELECT throws_ok('SELECT affinity.bucket(1, 3000000000)', '22023', 'buckets must be from 1 to 2147483647, but is 3000000000');

-- ---- activity ----

-- States by buckets: of the last of them nobody is.
CREATE TEMP TABLE state AS
	SELECT unit, kind, n, b, CASE kind
			WHEN 'active' THEN affinity.activity_agg(user_id, at, unit, 'Europe/Paris') FILTER (WHERE affinity.bucket(user_id, n) = b)
			ELSE affinity.activity_agg(user_id, at, unit, 'Europe/Paris', is_start, is_return)
				FILTER (WHERE affinity.bucket(user_id, n) = b) END AS a
	FROM unnest(ARRAY['day', 'week', 'month']) unit, unnest(ARRAY['active', 'events']) kind,
		unnest(ARRAY[1, 3, 16]) n, generate_series(0, n) b, log
	GROUP BY unit, kind, n, b;
SELECT is((SELECT count(*) FROM state WHERE a IS NULL), 18::bigint, 'every set of buckets has an empty one');

-- How many rows of a report over all users are not in the sum, and the reverse.
CREATE FUNCTION pg_temp.difference(report text, of text, options text, kinds text[], units text[] DEFAULT '{day,week,month}') RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
	found bigint;
BEGIN
	EXECUTE format($q$
		WITH expected AS (
			SELECT s.unit, s.kind, m.n, r::text AS row
			FROM state s, latest, unnest(ARRAY[1, 3, 16]) m (n), LATERAL affinity.%1$I(a, latest.at%3$s) r
			WHERE s.n = 1 AND b = 0 AND kind = ANY ($1) AND unit = ANY ($2)
		), sums AS (
			SELECT unit, kind, n, affinity.%4$I(r) AS rows
			FROM state, latest, LATERAL affinity.%2$I(a, latest.at%3$s) r WHERE kind = ANY ($1) AND unit = ANY ($2) GROUP BY unit, kind, n
		), got AS (
			SELECT unit, kind, n, r::text AS row FROM sums, LATERAL unnest(rows) r
		)
		SELECT (SELECT count(*) FROM (SELECT * FROM expected EXCEPT ALL SELECT * FROM got) a)
			+ (SELECT count(*) FROM (SELECT * FROM got EXCEPT ALL SELECT * FROM expected) b)
			+ ((SELECT count(*) FROM expected) = 0)::int$q$,
		report, of, options, report || '_sum') INTO found USING kinds, units;
	RETURN found;
END $$;

CREATE TEMP TABLE option (kinds text[], options text);
INSERT INTO option VALUES
	('{active,events}', ''),
	('{active}', ', mode => ''first_in_range'', cohorts_from => ''2024-01-10'', cohorts_before => ''2024-02-20'''),
	('{events}', ', mode => ''recurring'''),
	('{active}', ', criterion => ''on_or_after'''),
	('{events}', ', criterion => ''streak'''),
	('{events}', ', criterion => ''bracket'', brackets => ''{1,3,4,9}'''),
	('{active,events}', ', denominator => ''previous'''),
	('{active}', ', max_period => 5'),
	('{events}', ', from_nth => 2'),
	('{events}', ', rolling => true'),
	('{events}', ', every => ''10 days'''),
	('{events}', ', every => ''1 month''');
ALTER TABLE option ADD units text[] NOT NULL DEFAULT '{day,week,month}';
UPDATE option SET units = '{day}' WHERE options ~ 'rolling|every';
SELECT is(pg_temp.difference('retention', 'retention', options, kinds, units), 0::bigint, 'retention' || options) FROM option;
SELECT is(pg_temp.difference('retention_curve', 'retention', options, kinds, units), 0::bigint, 'retention_curve' || options)
FROM option;
SELECT is(pg_temp.difference('lifecycle', 'lifecycle', '', '{active,events}'), 0::bigint, 'lifecycle');
SELECT is(pg_temp.difference('active_users', 'active_users', ', 2, 5', '{active,events}'), 0::bigint, 'active_users');
SELECT is(pg_temp.difference('frequency', 'frequency', '', '{active,events}'), 0::bigint, 'frequency');
SELECT is(pg_temp.difference('frequency', 'frequency', ', 3', '{active,events}'), 0::bigint, 'frequency of the last periods');

-- An earlier as_of, which some buckets have nobody before.
UPDATE latest SET at = '2024-01-03 12:00 UTC';
SELECT is(pg_temp.difference('retention', 'retention', '', '{active,events}'), 0::bigint, 'retention on the third day');
SELECT is(pg_temp.difference('lifecycle', 'lifecycle', '', '{active,events}'), 0::bigint, 'lifecycle on the third day');
UPDATE latest SET at = (SELECT max(at) FROM log);

-- The order of rows is nothing, nor are parts of parts.
CREATE TEMP TABLE cell AS SELECT r.* FROM state, latest, LATERAL affinity.retention(a, latest.at) r
	WHERE unit = 'day' AND kind = 'active' AND n = 16;
SELECT is((SELECT affinity.retention_sum(r ORDER BY random()) FROM (SELECT * FROM cell) r), (SELECT affinity.retention_sum(r) FROM (SELECT * FROM cell) r),
	'rows in any order');
SELECT is((SELECT affinity.retention_sum(r) FROM (SELECT * FROM cell) r WHERE false), NULL, 'of no rows there is no report');
SELECT is((SELECT affinity.retention_sum(r) FROM (VALUES (1)) one LEFT JOIN LATERAL affinity.retention(NULL::affinity.activity) r ON true),
	'{}', 'a row of an outer join is no row');

-- ---- stock ----

CREATE TEMP TABLE plan AS
	SELECT u AS user_id, tstzrange(at, at + random() * interval '200 days') AS during
	FROM generate_series(1, 300) u, LATERAL (SELECT timestamptz '2024-01-01 UTC' + random() * interval '1 year' AS at) a;
SELECT is((SELECT count(*) FROM (
		SELECT r.* FROM (SELECT affinity.value_agg(user_id, during, 10, 'month', 'UTC') AS v FROM plan) s,
			LATERAL affinity.active_stock(v, '2025-06-01 UTC') r
		EXCEPT ALL
		SELECT r.* FROM unnest((SELECT affinity.active_stock_sum(r) FROM
			(SELECT affinity.value_agg(user_id, during, 10, 'month', 'UTC') AS v FROM plan GROUP BY affinity.bucket(user_id, 7)) s,
			LATERAL affinity.active_stock(v, '2025-06-01 UTC') r)) r) d), 0::bigint, 'active_stock');

-- ---- funnels ----

CREATE FUNCTION pg_temp.funnels(n int, mode text) RETURNS SETOF affinity.funnel LANGUAGE plpgsql AS $$
BEGIN
	RETURN QUERY EXECUTE format('SELECT affinity.funnel_agg(user_id, at, interval ''10 days'', %L, step = 0, step = 1, step = 2, step = 3)
		FROM log GROUP BY affinity.bucket(user_id, $1)', mode) USING n;
END $$;
SELECT is((SELECT array_agg((s.*)::text) FROM unnest((SELECT affinity.funnel_sum(f) FROM pg_temp.funnels(n, mode) f)) s),
	(SELECT array_agg((step, users, conversion_from_start, conversion_from_previous)::text)
	FROM pg_temp.funnels(1, mode) f, affinity.funnel_steps(f)), format('funnel %s in %s buckets', mode, n))
FROM unnest(ARRAY['', 'strict_increase', 'optional 2', 'any_order 2 3']) mode, unnest(ARRAY[1, 3, 16]) n;
SELECT is((SELECT affinity.funnel_sum(f) FROM (VALUES (NULL::affinity.funnel)) v (f)), NULL, 'no funnel');
SELECT throws_ok($$SELECT affinity.funnel_sum(f) FROM (
		SELECT * FROM pg_temp.funnels(1, '') UNION ALL SELECT * FROM pg_temp.funnels(1, 'optional 2')) s (f)$$,
	'22023', 'the funnels to sum differ in their steps, window or mode');
SELECT throws_ok('SELECT affinity.funnel_sum_final(''{1,2}'')', '22023', 'this array is no state of funnel_sum');

-- ---- mistakes ----

SELECT throws_ok($$SELECT affinity.retention_sum(r) FROM state, LATERAL affinity.retention(a) r
		WHERE unit = 'day' AND kind = 'active' AND n = 16$$,
	'22023', 'the reports to sum are not of the same as_of and the same other arguments', 'each bucket has an as_of of its own');
SELECT throws_ok($$SELECT affinity.lifecycle_sum(r) FROM state, LATERAL affinity.lifecycle(a) r
		WHERE unit = 'day' AND kind = 'active' AND n = 16$$,
	'22023', 'the reports to sum are not of the same as_of and the same other arguments', 'lifecycle too');
SELECT throws_ok('SELECT affinity.retention_sum((''2024-01-01'', NULL, 0, NULL, 1, 1, 1, 1, 1, true)::affinity.retention_row)',
	'22004', 'column cohort_size of a row to sum must not be null');
SELECT throws_ok('SELECT affinity.frequency_sum((1, -5, 1)::affinity.frequency_row)', '22023',
	'column users of a row to sum must not be negative');
-- A step that is called by itself begins a state too.
SELECT is((affinity.retention_sum_accum(NULL, NULL))[1:2], '{0,0}'::bigint[], 'no rows of retention');
SELECT is((affinity.lifecycle_sum_accum(NULL, NULL))[1:2], '{0,0}'::bigint[], 'no rows of lifecycle');
SELECT is((affinity.active_users_sum_accum(NULL, NULL))[1:2], '{0,0}'::bigint[], 'no rows of active_users');
SELECT is((affinity.active_stock_sum_accum(NULL, NULL))[1:2], '{0,0}'::bigint[], 'no rows of active_stock');
SELECT is((affinity.frequency_sum_accum('{0,0}', (2, 5, NULL)::affinity.frequency_row))[1:4], '{1,1,2,0}'::bigint[], 'a row of frequency');
SELECT throws_ok('SELECT affinity.retention_sum_final(''{1,2,3}'')', '22023', 'this array is no state of an aggregate that sums reports');
SELECT throws_ok('SELECT affinity.report_sum_combine(''{5,9}'', ''{0,0}'')', '22023',
	'this array is no state of an aggregate that sums reports');
SELECT throws_ok($$SELECT affinity.frequency_sum((1, 9223372036854775807, 1)::affinity.frequency_row) FROM generate_series(1, 2)$$,
	'22003', 'a sum over reports is out of range');

SELECT * FROM finish();
ROLLBACK;
