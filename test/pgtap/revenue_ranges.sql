-- Values of ranges and with starts: bad input, what does not merge, what a state says
-- of itself, edges of the calendar, damaged states, and states of version 2 as they were
-- first stored.
BEGIN;
SET LOCAL jit = off;
SET LOCAL TimeZone = 'UTC';
SELECT plan(42);

CREATE FUNCTION pg_temp.answer(call text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	result text;
	hint text;
BEGIN
	EXECUTE 'SELECT (' || call || ')::text' INTO result;
	RETURN result;
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS hint = PG_EXCEPTION_HINT;
	RETURN SQLSTATE || ': ' || SQLERRM || CASE WHEN hint = '' THEN ' (no hint)' ELSE '' END;
END $$;
CREATE FUNCTION pg_temp.levels(state affinity.value, as_of affinity.moment DEFAULT NULL) RETURNS text LANGUAGE sql AS $$
	SELECT string_agg(period_start::date || ' ' || closing + negative, ', ' ORDER BY period_start) FROM affinity.revenue_bridge(state, as_of) $$;

-- Calls that are errors: SQLSTATE and message, each with a hint.
CREATE TEMP TABLE wrong (call text, error text);
INSERT INTO wrong VALUES
	('affinity.value_agg(1, daterange(NULL, ''2024-03-01''), 1, ''month'')', '22023: range without a beginning, of user 1'),
	('affinity.value_agg(1, tstzrange(''-infinity'', ''2024-03-01''), 1, ''month'')', '22023: range without a beginning, of user 1'),
	('affinity.value_agg(1, tstzrange(''infinity'', NULL), 1, ''month'')', '22023: range without a beginning, of user 1'),
	('affinity.value_agg(''Ann''::text, tstzrange(''2024-01-01'', NULL), ''NaN'', ''month'')', '22000: NaN value of user Ann'),
	('affinity.value_agg(7, tstzrange(''2024-01-01'', NULL), ''-infinity'', ''month'')', '22000: infinite value of user 7'),
	('affinity.value_agg(7, tstzrange(''2024-01-01'', NULL), 1e16, ''month'')', '22003: value 1e+16 of user 7 is out of range'),
	('affinity.value_agg(7, tstzrange(''2024-01-01'', NULL), 1, ''fortnight'')', '22023: unknown unit of time: "fortnight"'),
	('affinity.value_agg(7, tstzrange(''2024-01-01'', NULL), 1, NULL)', '22023: unit of time must not be null'),
	('affinity.value_agg(7, tstzrange(''2024-01-01'', NULL), 1, ''month'', ''Mars'')', '22023: unknown time zone: "Mars"'),
	('affinity.value_agg(7, tstzrange(''2024-01-01'', NULL), 1, ''month'', NULL, ''daily'')', '22023: unknown way to count a range: "daily"'),
	('affinity.value_agg(7, tstzrange(''2024-01-01'', NULL), 1, ''month'', ''Pro_rata'')', '22023: a time zone comes before how ranges are counted'),
	('affinity.value_agg(7, daterange(''2024-01-01'', ''5000000-01-01''), 1, ''month'')', '22008: date of a range is out of range'),
	('affinity.value_agg(7, timestamp ''infinity'', 1, ''month'', NULL, true)', '22023: infinite time of user 7'),
	('affinity.value_agg(7, timestamp ''2024-01-01'', ''NaN'', ''month'', NULL, false)', '22000: NaN value of user 7'),
	('affinity.value_agg(7, now(), 1, ''month'', true)', '42804: a time zone comes before is_start'),
	('''[2024-01-01,2024-02-01)''::affinity.span', '0A000: a text is no affinity.span: "[2024-01-01,2024-02-01)"'),
	('affinity.coarsen(affinity.value_agg(1, daterange(''2024-01-01'', NULL), 1, ''month'', NULL, ''pro_rata''), ''year'')', '22023: a value of ranges counted pro rata cannot become one of another unit'),
	('(SELECT count(*) FROM affinity.revenue_bridge((SELECT affinity.value_agg(1, now(), 1, ''day'')), periods_back => 0))', '22023: periods_back must be at least 1, but is 0'),
	('(SELECT count(*) FROM affinity.revenue_bridge((SELECT affinity.value_agg(1, now(), 1, ''day'')), ''infinity''))', '22023: as_of must be finite'),
	('(SELECT count(*) FROM affinity.revenue_bridge((SELECT affinity.value_agg(1, timestamp ''0001-01-01'', 1, ''hour'')), ''2024-01-01''))', '54000: this report would have 17733240 periods'),
	('(SELECT count(*) FROM affinity.revenue_bridge((SELECT affinity.value_agg(1, timestamp ''1801-01-01'', 1, ''hour'')), ''2024-01-01''))', '54000: this report would have 1954777 periods'),
	('(SELECT count(*) FROM affinity.active_stock((SELECT affinity.value_agg(1, daterange(''2024-01-01'', NULL), 1, ''day'', NULL, ''pro_rata''))))', '22023: active_stock needs ranges counted at_end'),
	('(SELECT count(*) FROM affinity.revenue_bridge((SELECT affinity.rollup(s) FROM (SELECT affinity.value_agg(1, tstzrange(''2024-01-01'', NULL), 1e15, ''day'') AS s FROM generate_series(1, 1000)) x, generate_series(1, 200)), ''2024-01-02''))', '22003: a sum of values is out of range');
SELECT is(pg_temp.answer(call), error, call) FROM wrong;

-- As the hint has it: ranges without a beginning begin where the data do.
SELECT is(pg_temp.levels(affinity.value_agg(1, daterange(a, b) * daterange('2020-01-01', NULL), 5, 'month'), '2020-04-01'), '2020-01-01 10, 2020-02-01 5, 2020-03-01 0, 2020-04-01 0', 'no beginning')
FROM (VALUES (date '-infinity', date '2020-02-01'), (NULL, '2020-03-01'), (NULL, '2019-01-01')) v(a, b);

-- What differs in kind does not merge.
CREATE TEMP TABLE kind AS
	SELECT 'rows' AS name, affinity.value_agg(1, timestamptz '2024-01-01', 1, 'month') AS state
	UNION ALL SELECT 'is_start', affinity.value_agg(1, timestamptz '2024-01-01', 1, 'month', NULL, true)
	UNION ALL SELECT 'at_end', affinity.value_agg(1, tstzrange('2024-01-01', NULL), 1, 'month')
	UNION ALL SELECT 'pro_rata', affinity.value_agg(1, tstzrange('2024-01-01', NULL), 1, 'month', NULL, 'pro_rata');
CREATE FUNCTION pg_temp.merged(a affinity.value, b affinity.value) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	RETURN affinity.users(affinity.value_combine(a, b));
EXCEPTION WHEN invalid_parameter_value THEN
	RETURN SQLERRM;
END $$;
SELECT results_eq($$SELECT a.name, b.name, pg_temp.merged(a.state, b.state) FROM kind a, kind b WHERE a.name < b.name ORDER BY 1, 2$$, $$VALUES
	('at_end', 'is_start', 'cannot merge values of different kinds: ranges at_end and rows'),
	('at_end', 'pro_rata', 'cannot merge values of different kinds: ranges at_end and ranges pro_rata'),
	('at_end', 'rows', 'cannot merge values of different kinds: ranges at_end and rows'),
	('is_start', 'pro_rata', 'cannot merge values of different kinds: rows and ranges pro_rata'),
	('is_start', 'rows', 'cannot merge values of different conditions: is_start and none'),
	('pro_rata', 'rows', 'cannot merge values of different kinds: ranges pro_rata and rows')$$, 'kinds that do not merge');
SELECT is(count(*), 4::bigint, 'and each merges with itself') FROM kind WHERE pg_temp.merged(state, state) = '1';
SELECT results_eq($$SELECT name, d.users, d.entries, d.value, d.has_starts, d.counted, d.open_users FROM kind, affinity.describe(state) d ORDER BY name$$, $$VALUES
	('at_end', 1::bigint, 1::bigint, 1::float8, false, 'at_end', 1::bigint), ('is_start', 1, 1, 1, true, NULL, 0),
	('pro_rata', 1, 1, 1, false, 'pro_rata', 1), ('rows', 1, 1, 1, false, NULL, 0)$$, 'what they say of themselves');
SELECT is(count(DISTINCT state), 4::bigint, 'they differ') FROM kind;

-- Rows that say nothing; ranges within one period; ranges that meet, or take each other back.
SELECT is(affinity.value_agg(u, d, a, 'month'), NULL, 'NULL and empty ranges alone are nothing')
FROM (VALUES (NULL, daterange('2024-01-01', NULL), 1), (1, NULL, 1), (1, daterange('2024-01-01', NULL), NULL), (1, 'empty', 1)) v(u, d, a);
SELECT is(pg_temp.levels(affinity.value_agg(1, d, 5, 'month')), '2024-01-01 0, 2024-02-01 5, 2024-03-01 0', 'only an end of a month counts')
FROM (VALUES (daterange('2024-01-03', '2024-01-20')), (daterange('2024-02-29', '2024-03-01'))) v(d);
SELECT is(pg_temp.levels(affinity.value_agg(1, d, 31, 'month', NULL, 'pro_rata')), '2024-01-01 17', 'pro rata each day counts')
FROM (VALUES (daterange('2024-01-03', '2024-01-20'))) v(d);
SELECT is(pg_temp.levels(affinity.value_agg(1, tsrange(a, b), 10 / 3.0, 'month', NULL, 'pro_rata')),
	pg_temp.levels(affinity.value_agg(1, tsrange('2024-01-01', '2024-04-01'), 10 / 3.0, 'month', NULL, 'pro_rata') FILTER (WHERE a = '2024-01-01')), 'ranges that meet are one')
FROM (VALUES (timestamp '2024-01-01', timestamp '2024-01-01 07:13:11.000003'), ('2024-01-01 07:13:11.000003', '2024-02-17 01:00'), ('2024-02-17 01:00', '2024-04-01')) v(a, b);
SELECT is(max(b.expansion + b.contraction + b.reactivated), 0.00, 'and nothing moves where they meet')
FROM affinity.revenue_bridge((SELECT affinity.value_agg(1, tsrange(a, b), 10 / 3.0, 'month', NULL, 'pro_rata')
	FROM (VALUES (timestamp '2024-01-01', timestamp '2024-01-19 07:13:11'), ('2024-01-19 07:13:11', '2024-02-17 01:00'), ('2024-02-17 01:00', NULL)) v(a, b)), '2024-06-01') b;
SELECT is(string_agg(pg_temp.levels(v), '; ' ORDER BY b), '2024-02-01 0; 2024-02-01 5, 2024-03-01 0', 'an end that is included can make a month')
FROM (SELECT b, affinity.value_agg(1, tstzrange('2024-01-31 23:30+00', '2024-02-29 22:59:59.999999+00', b), 5, 'month', 'Europe/Berlin') AS v FROM (VALUES ('[)'), ('[]')) v(b) GROUP BY b) x;
SELECT is(pg_temp.levels(affinity.value_agg(1, '[2024-03-30 00:00+01,2024-04-01 00:00+02)'::tstzrange, 24, 'day', 'Europe/Berlin', 'pro_rata')), '2024-03-30 24, 2024-03-31 24, 2024-04-01 0', 'a day of 23 hours is a day');
SELECT is(pg_temp.levels(affinity.value_agg(1, '[2024-03-31 00:00+01,2024-03-31 12:30+02)'::tstzrange, 23, 'day', 'Europe/Berlin', 'pro_rata')), '2024-03-31 11.5', 'of which half is 11.5 hours');

-- The calendar's ends, a thousand years of hours, an amount that never changes.
SELECT lives_ok($$SELECT r.* FROM affinity.revenue_retention((SELECT affinity.value_agg(1, tstzrange('4713-01-01 BC', '294276-12-31'), 1e15, 'year', 'America/St_Johns', 'pro_rata')), max_period => 3) r LIMIT 3$$, 'all of time');
SELECT is((d.entries, d.open_users), (1::bigint, 1::bigint), 'a range that includes the last time there is, is open')
FROM (SELECT affinity.value_agg(1, tstzrange('2024-01-01', '294276-12-31 23:59:59.999999+00', '[]'), 5, 'month')::text::affinity.value AS v) x, affinity.describe(v) d;
SELECT is((d.entries, d.value), (2::bigint, (extract(epoch FROM timestamp '2000-01-01' - '1000-01-01') / 3600)::float8), 'a thousand years of hours are two entries')
FROM (SELECT affinity.value_agg(1, tsrange('1000-01-01', '2000-01-01'), 1, 'hour') AS v) x, affinity.describe(v) d;

-- Damaged states are refused or can be read. Every byte of small ones, in two ways.
CREATE FUNCTION pg_temp.try(b bytea) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	v affinity.value;
BEGIN
	BEGIN
		v := replace(encode(b, 'base64'), E'\n', '')::affinity.value;
	EXCEPTION WHEN invalid_binary_representation THEN
		RETURN 'refused';
	END;
	BEGIN
		PERFORM affinity.revenue_bridge(v), affinity.describe(v), affinity.coarsen(v, 'quarter');
		PERFORM affinity.revenue_retention(v, max_period => 50), affinity.value_combine(v, v);
	EXCEPTION WHEN program_limit_exceeded OR numeric_value_out_of_range OR invalid_parameter_value THEN
		NULL;					-- absurd, but sound
	END;
	RETURN 'read';
END $$;
CREATE TEMP TABLE small AS
	SELECT decode(affinity.value_agg(c::text, tstzrange(at, at + w * interval '40 days'), 2.5, 'month', 'Europe/Berlin', 'pro_rata')::text, 'base64') AS b
	FROM (VALUES (1, timestamptz '2024-01-05', 1), (1, '2024-03-01', NULL), (22, '2024-02-02', 2)) v(c, at, w)
	UNION ALL SELECT decode(affinity.value_agg(c::bigint, at, w, 'month', NULL, w IS NULL)::text, 'base64')
	FROM (VALUES (1, timestamptz '2024-01-05', 1), (1, '2024-03-01', NULL), (2, '2024-02-02', 2), (3, '2024-02-03', NULL)) v(c, at, w);
SELECT ok(min(n) > 100 AND count(*) = 2, 'damaged states are refused or read: ' || string_agg(outcome || ' ' || n, ', '))
FROM (SELECT outcome, count(*) AS n FROM (
		SELECT pg_temp.try(set_byte(b, at, (get_byte(b, at) + by) % 256)) AS outcome FROM small, generate_series(0, length(b) - 1) at, (VALUES (1), (128)) v(by)
		UNION ALL SELECT pg_temp.try(substr(b, 1, at)) FROM small, generate_series(0, length(b) - 1, 3) at) t GROUP BY 1) o;

-- States of version 2 as first stored: the same bytes come of the same rows.
CREATE TEMP TABLE stored (name text, state affinity.value);
\copy stored FROM test/data/format/amounts.csv CSV
CREATE TEMP TABLE visit AS
	SELECT u::bigint AS int8, md5(u::text)::uuid AS uuid, 'user ' || u AS text, timestamptz '2022-03-01 00:00+00' + interval '1 hour' * (u * 1031 % 6001) AS at,
		u % 5 AS months, (u * 7 % 100 - 5.25)::float8 AS value FROM generate_series(0, 19) u;
SELECT results_eq('SELECT name, state::text FROM stored ORDER BY name', $$
	SELECT 'ends int8 month', affinity.value_agg(int8, tstzrange(at, at + nullif(months, 0) * interval '1 month'), value, 'month', 'UTC')::text FROM visit
	UNION ALL SELECT 'ends text quarter date', affinity.value_agg(text, daterange(at::date, at::date + nullif(months, 0) * 40), value, 'quarter')::text FROM visit
	UNION ALL SELECT 'shares uuid week zone', affinity.value_agg(uuid, tstzrange(at, at + nullif(months, 0) * interval '9 days'), value, 'week', 'Europe/Berlin', 'pro_rata')::text FROM visit
	UNION ALL SELECT 'starts int8 month', affinity.value_agg(int8, at, nullif(value, 15.75), 'month', 'UTC', months < 2)::text FROM visit ORDER BY 1$$, 'states of version 2 are as they were stored');
SELECT is(string_agg(get_byte(decode(state::text, 'base64'), 4) || ' ' || get_byte(decode(state::text, 'base64'), 7), ','), '2 6,2 6,2 6,2 6', 'version and layout') FROM stored;

SELECT * FROM finish();
ROLLBACK;
