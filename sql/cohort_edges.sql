-- What reports of activity and values answer at the edges: the first and the last
-- time there is, infinite and huge arguments, NULLs, brackets of any shape.
SET TimeZone = 'UTC';
SET DateStyle = 'ISO';
\pset format unaligned
\pset tuples_only on
\pset null -

-- How many rows there are and the first two of them, or the error.
CREATE FUNCTION answer(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	state text;
	message text;
	hint text;
	answer text;
BEGIN
	EXECUTE format('SELECT count(*) || '' rows'' || coalesce('': '' || string_agg(q::text, '' '') FILTER (WHERE n < 3), '''')
		FROM (SELECT q, row_number() OVER () AS n FROM (%s) q) q', query) INTO answer;
	RETURN answer;
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT, hint = PG_EXCEPTION_HINT;
	RETURN state || ' ' || message || CASE WHEN hint <> '' THEN E'\n  HINT: ' || hint ELSE '' END;
END $$;
CREATE TABLE state AS
	SELECT affinity.activity_agg(u, at, 'day') AS a, affinity.activity_agg(u, at, 'day', NULL, true, true) AS t,
		affinity.activity_agg(u, at, 'month') AS m, affinity.value_agg(u, at, 1, 'day') AS v
	FROM (VALUES (1, timestamptz '2024-01-01 00:00+00'), (1, '2024-01-03 00:00+00'), (2, '2024-01-02')) x(u, at);
CREATE TABLE wide AS
	SELECT affinity.activity_agg(u, at, 'hour') AS a, affinity.activity_agg(u, at, 'day', 'Africa/Monrovia', true, true) AS t,
		affinity.activity_agg(u, at, 'year') AS y, affinity.value_agg(u, at, 1, 'hour') AS v
	FROM (VALUES (1, timestamptz '4713-01-01 00:00+00 BC'), (1, '294276-12-31 23:59:59.999999+00'), (2, '2024-01-05')) x(u, at);

\echo # as_of and max_period
SELECT r, answer(format('SELECT r.* FROM state, affinity.%s r', r)) FROM unnest(ARRAY[
	'retention(a, ''infinity'')', 'retention(a, ''294276-12-31 23:59:59.999999+00'')',
	'retention(a, ''294276-12-31 23:59:59.999999+00'', max_period => 1)', 'retention(a, ''4713-01-01 00:00+00 BC'')',
	'retention(a, max_period => 2147483647)', 'retention(a, max_period => -2147483648)', 'retention(a, max_period => 0)',
	'retention(a, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)', 'retention(NULL::affinity.activity, ''infinity'')',
	'retention(t, ''294276-12-31 23:59:59.999999+00'', rolling => true)',
	'retention(t, ''294276-12-31 23:59:59.999999+00'', rolling => true, max_period => 1)',
	'retention(t, ''4713-01-01 00:00+00 BC'', rolling => true)',
	'lifecycle(a, ''294276-12-31 23:59:59.999999+00'')', 'lifecycle(a, ''-infinity'')', 'lifecycle(a, ''4713-01-01 00:00+00 BC'')',
	'active_users(a, NULL, NULL, NULL)', 'active_users(a, NULL, 2147483647, 2147483647)', 'active_users(a, NULL, 0)',
	'frequency(a, NULL, 2147483647)', 'frequency(a, NULL, 0)', 'frequency(a, ''2023-12-31'')',
	'time_to_return(a, NULL, NULL)', 'time_to_return(a, NULL, ''{}'')', 'time_to_return(a, NULL, ''{NaN}'')',
	'time_to_return(a, NULL, ''{NULL}'')', 'time_to_return(a, NULL, ''{{0,1},{0.5,1}}'')',
	'revenue_retention(v, ''infinity'')', 'revenue_retention(v, NULL, -1)', 'revenue_retention(v, ''294276-12-31 23:59:59.999999+00'')']) r;

\echo # ranges of cohorts
SELECT r, answer(format('SELECT r.* FROM state, affinity.retention(a, %s) r', r)) FROM unnest(ARRAY[
	'cohorts_from => ''infinity''', 'cohorts_from => ''-infinity''', 'cohorts_before => ''infinity''', 'cohorts_before => ''-infinity''',
	'cohorts_from => ''294276-12-31''', 'cohorts_before => ''4713-01-01 BC''', 'cohorts_from => ''2025-01-01'', cohorts_before => ''2024-01-01''']) r;
SELECT answer('SELECT r.* FROM state, affinity.revenue_retention(v, NULL, NULL, ''infinity'') r');

\echo # brackets
SELECT left(r, 40), answer(format('SELECT r.* FROM state, affinity.retention(a, criterion => ''bracket'', brackets => %L) r', r)) FROM unnest(ARRAY[
	NULL, '{}', '{NULL}', '{0}', '{-1,3}', '{3,1}', '{{1,2},{3,4}}', '[5:6]={1,1}', '{2147483647}', '{2147483646}', '{2147483646,1}',
	array_fill(1, ARRAY[100000])::text]) r;
SELECT answer('SELECT r.* FROM state, affinity.retention(a, brackets => ''{1}'') r');

\echo # from the first to the last time
SELECT r, answer(format('SELECT r.* FROM wide, affinity.%s r', r)) FROM unnest(ARRAY[
	'describe(a)', 'describe(t)', 'describe(v)', 'retention(a)', 'retention(a, max_period => 1)', 'retention(t, max_period => 1)',
	'retention(t, max_period => 1, rolling => true)', 'retention_curve(t, max_period => 1, rolling => true)',
	'retention(y, max_period => 1)', 'lifecycle(a)', 'active_users(t)', 'frequency(t)', 'frequency(y)',
	'time_to_return(a)', 'time_to_return(t)', 'revenue_retention(v)',
	'describe(affinity.coarsen(a, ''week_sunday''))', 'describe(affinity.coarsen(t, ''year''))', 'describe(affinity.coarsen(v, ''quarter''))']) r;
\echo # and back through text, in zones east and west of all others
SELECT zone, unit, count(*), bool_and(a::text::affinity.activity::text = a::text AND t::text::affinity.activity::text = t::text)
FROM (SELECT zone, unit, affinity.activity_agg(1, at, unit, zone) AS a, affinity.activity_agg(1, at, unit, zone, true, true) AS t
	FROM unnest(ARRAY['Pacific/Kiritimati', 'Etc/GMT+12', 'AAA167', 'AAA-167']) zone, unnest(ARRAY['hour', 'week', 'year']) unit,
		(VALUES (timestamptz '4714-11-24 00:00+00 BC'), ('294276-12-31 23:59:59.999999+00')) x(at) GROUP BY zone, unit, at) s
GROUP BY 1, 2 ORDER BY 1, 2;

\echo # a zone that is set back by a week: all periods are within the report
SELECT l.* FROM (SELECT affinity.activity_agg(u, at, 'day', 'AAA0BBB-167,M3.5.0,M10.5.0', true, true) AS a
	FROM (VALUES (1, timestamptz '2024-10-17 03:00+00'), (2, '2024-10-20 02:00+00'), (2, '2024-10-20 04:00+00')) x(u, at)) s, affinity.lifecycle(a) l
WHERE active > 0;

\echo # time zones and units
SELECT left(z, 30), answer(format('SELECT affinity.users(affinity.activity_agg(1, now(), ''day'', %L))', z))
FROM unnest(ARRAY['', 'Mars/Phobos', '/etc/passwd', 'Europe/../Europe/Berlin', repeat('x', 300), '+05:30', 'EST5EDT', NULL]) z;
SELECT left(u, 30), answer(format('SELECT affinity.users(affinity.activity_agg(1, now(), %L))', u))
FROM unnest(ARRAY['', 'fortnight', repeat('x', 300), 'Day', 'week_sunday', NULL]) u;
SELECT answer(format('SELECT affinity.users(affinity.coarsen(a, %L)) FROM state', u)) FROM unnest(ARRAY['hour', '', NULL]) u;

DROP TABLE state, wide;
DROP FUNCTION answer;
