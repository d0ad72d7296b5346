-- Arguments as drivers send them, outside of models: counts as bigint, states
-- without a type.
BEGIN;
SET client_min_messages = warning;
SELECT plan(39);

CREATE TABLE events AS
SELECT u::bigint AS u, timestamp '2024-01-01' + (u * n * 13 % 200) * interval '1 day' AS at
FROM generate_series(1, 50) u, generate_series(1, 8) n;
CREATE TABLE states AS
SELECT affinity.activity_agg(u, at, 'month') AS activity, affinity.value_agg(u, at, 1.5, 'month') AS value FROM events;

-- no argument of ours that counts is an int4
SELECT is_empty($$
	SELECT p.oid::regprocedure, a.name
	FROM pg_proc p
	CROSS JOIN LATERAL (SELECT n AS name, t AS type, m AS mode
		FROM unnest(p.proargnames, coalesce(p.proallargtypes::oid[], p.proargtypes::oid[]), p.proargmodes) AS x (n, t, m)) a
	WHERE p.pronamespace = 'affinity'::regnamespace AND p.prokind IN ('f', 'a', 'w') AND a.name <> ''
		AND coalesce(a.mode, 'i') IN ('i', 'b', 'v') AND a.type IN ('int4'::regtype, 'int4[]'::regtype, 'int2'::regtype)
		-- vectors and sets of integers; ids, which have forms of each width
		AND a.name NOT IN ('a', 'b', 'user_id', 'cluster')$$,
	'no named argument is narrower than bigint');

-- a count of any width, and one that is endless
CREATE TABLE calls (call text, small bigint, bad text);
INSERT INTO calls VALUES
	('affinity.retention(activity, max_period => %s)', 1, 'max_period must not be negative, but is -4294967295'),
	('affinity.retention_curve(activity, max_period => %s)', 2, 'max_period must not be negative, but is -4294967295'),
	('affinity.revenue_retention(value, max_period => %s)', 0, 'max_period must not be negative, but is -4294967295'),
	('affinity.active_users(activity, short_window => %s, long_window => 5)', 2, 'a window must have at least one period, but is -4294967295'),
	('affinity.active_users(activity, short_window => 1, long_window => %s)', 3, 'a window must have at least one period, but is -4294967295'),
	('affinity.frequency(activity, last_periods => %s)', 2, 'last_periods must be positive, but is -4294967295'),
	('affinity.path_after(''{a,b,c,d}''::text[], ''b'', depth => %s)', 1, 'depth must not be negative, but is -4294967295'),
	('affinity.path_before(''{a,b,c,d}''::text[], ''c'', depth => %s)', 1, 'depth must not be negative, but is -4294967295');

CREATE FUNCTION pg_temp.answer(call text, count text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	answer text;
BEGIN
	EXECUTE 'SELECT string_agg(r::text, chr(10)) FROM states, ' || format(call, count) || ' r' INTO answer;
	RETURN answer;
END $$;

SELECT is(pg_temp.answer(call, small || '::bigint'), pg_temp.answer(call, small || '::smallint'), call || ': a bigint') FROM calls;
SELECT is(pg_temp.answer(call, '4294967297'), pg_temp.answer(call, '1000'), call || ': beyond an integer') FROM calls;
SELECT is(pg_temp.answer(call, '9223372036854775807'), pg_temp.answer(call, '1000'), call || ': the largest') FROM calls;
SELECT throws_ok(format('SELECT pg_temp.answer(%L, ''-4294967295'')', call), '22023', bad, call || ': below 0') FROM calls
WHERE call !~ 'retention_curve|path_before|short_window => 1';

-- arrays of counts
SELECT is(pg_temp.answer('affinity.retention(activity, criterion => ''bracket'', brackets => %s)', '''{1,2}''::bigint[]'),
	pg_temp.answer('affinity.retention(activity, criterion => ''bracket'', brackets => %s)', 'ARRAY[1, 2]'), 'brackets of bigint');
SELECT throws_ok('SELECT pg_temp.answer(''affinity.retention(activity, criterion => ''''bracket'''', brackets => %s)'', ''ARRAY[1, 4294967297]'')',
	'22023', 'brackets must be positive numbers of periods', 'a bracket beyond an integer');
SELECT throws_ok('SELECT affinity.range_retention_count(true, true, date ''2024-01-01'', ARRAY[1, 4294967297], ''day'')',
	'22023', 'a retention interval of 4294967297 is not between 0 and 1000000', 'an interval beyond an integer');

-- A state without a type is an activity, and the error for a value says what to write.
SELECT activity::text AS activity, value::text AS value FROM states \gset
PREPARE users AS SELECT affinity.users($1);
SELECT is((SELECT parameter_types::text FROM pg_prepared_statements WHERE name = 'users'), '{affinity.activity}', 'users($1)');
PREPARE coarsen AS SELECT affinity.coarsen($1, $2);
SELECT is((SELECT parameter_types::text FROM pg_prepared_statements WHERE name = 'coarsen'), '{affinity.activity,text}', 'coarsen($1, $2)');
PREPARE describe AS SELECT affinity.describe($1);
SELECT is((SELECT parameter_types::text FROM pg_prepared_statements WHERE name = 'describe'), '{affinity.activity}', 'describe($1)');
SELECT is(affinity.users(:'activity'), 50::bigint, 'an activity without a type');
CREATE FUNCTION pg_temp.hint(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	hint text;
BEGIN
	EXECUTE query;
	RETURN NULL;
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS hint = PG_EXCEPTION_HINT;
	RETURN SQLERRM || ': ' || hint;
END $$;
SELECT is(pg_temp.hint(format('SELECT affinity.users(%L)', :'value')),
	'invalid activity state: it is a value: Without a type a state is taken as an activity. Write ::affinity.value behind a value.', 'a value without a type');
SELECT is(affinity.users(:'value'::affinity.value), 50::bigint, 'as the hint says');
SELECT * FROM finish();
ROLLBACK;
