-- Calls of decayed_count, velocity and series_agg that cannot be meant say what to write, and that works; no call that works comes
-- to them.
BEGIN;
SET LOCAL jit = off;
SET LOCAL timezone = 'UTC';
SET LOCAL search_path = public, pg_catalog;
SELECT plan(98);
CREATE TEMP TABLE ev AS SELECT at, at AT TIME ZONE 'UTC' AS ts, (at AT TIME ZONE 'UTC')::date AS d, i * 1.5 AS amount, i AS i4, i::bigint AS i8,
	interval '1 day' AS took, 7 AS days FROM (SELECT i, timestamptz '2024-01-01 05:00+00' + i * interval '7 hours' AS at FROM generate_series(1, 60) i) x;

CREATE FUNCTION pg_temp.answer(call text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	result text;
	state text;
	message text;
	hint text;
BEGIN
	EXECUTE format('SELECT %s FROM ev', call) INTO result;
	RETURN coalesce(result, 'nothing');
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT, hint = PG_EXCEPTION_HINT;
	RETURN format('%s: %s (%s)', state, message, hint);
END $$;

CREATE TEMP TABLE mistake (no serial, call text, message text, hint text, instead text);
INSERT INTO mistake (call, message, hint, instead) VALUES
	('affinity.decayed_count(at)', '42883: decayed_count needs to know', 'Write affinity.decayed_count(at, ''7 days'')', 'affinity.decayed_count(at, ''7 days'')'),
	('affinity.decayed_count(d)', '42883: decayed_count needs to know', 'Write affinity.decayed_count(at, ''7 days'')', 'affinity.decayed_count(d, ''7 days'')'),
	('affinity.decayed_count(at, 7)', '42804: a half-life or window is an interval', 'days * interval ''1 day''', 'affinity.decayed_count(at, 7 * interval ''1 day'')'),
	('affinity.decayed_count(ts, days)', '42804: a half-life or window is an interval', 'days * interval ''1 day''', 'affinity.decayed_count(ts, days * interval ''1 day'')'),
	('affinity.decayed_count(at, 7, amount)', '42804: a half-life or window is an interval', 'interval ''7 days''', 'affinity.decayed_count(at, interval ''7 days'', amount)'),
	('affinity.decayed_count(amount, at, took)', '42804: decayed_count takes the weight after', '(at, half_life, weight)', 'affinity.decayed_count(at, took, amount)'),
	('affinity.decayed_count(i4, d, ''1 day'')', '42804: decayed_count takes the weight after', '(at, half_life, weight)', 'affinity.decayed_count(d, ''1 day'', i4)'),
	('affinity.decayed_count(at, amount, took)', '42804: decayed_count takes the weight after', '(at, half_life, weight)', 'affinity.decayed_count(at, took, amount)'),
	('affinity.decayed_count(''2024-01-01'', ''7 days'')', '42804: at is a timestamptz', 'at::timestamptz', 'affinity.decayed_count(timestamptz ''2024-01-01'', ''7 days'')'),
	('affinity.decayed_count(''2024-01-01'', ''7 days'', 3)', '42804: at is a timestamptz', 'at::timestamptz', 'affinity.decayed_count(date ''2024-01-01'', ''7 days'', 3)'),
	('affinity.decayed_count(at::text, took)', '42804: at is a timestamptz', 'at::timestamptz', 'affinity.decayed_count(at::text::timestamptz, took)'),
	('affinity.decayed_count(at::text::varchar, ''7 days'', amount)', '42804: at is a timestamptz', 'at::timestamptz', 'affinity.decayed_count(at, ''7 days'', amount)'),
	('affinity.velocity(''2024-01-01'', ''7 days'', now())', '42804: at is a timestamptz', 'at::timestamptz', 'affinity.velocity(timestamptz ''2024-01-01'', ''7 days'', now())'),
	('affinity.velocity(at::text, took, now())', '42804: at is a timestamptz', 'at::timestamptz', 'affinity.velocity(at::text::timestamptz, took, now())'),
	('affinity.velocity(at)', '42883: velocity needs to know how long', 'affinity.velocity(at, ''7 days'', now())', 'affinity.velocity(at, ''7 days'', now())'),
	('affinity.velocity(d, took)', '42883: velocity needs to know when', 'affinity.velocity(at, window, now())', 'affinity.velocity(d, took, now())'),
	('affinity.velocity(at, 7, now())', '42804: a half-life or window is an interval', 'interval ''7 days''', 'affinity.velocity(at, interval ''7 days'', now())'),
	('affinity.series_agg(at, amount)', '42883: series_agg needs to know how long a period is', 'affinity.series_agg(at, value, ''day'')', 'affinity.series_agg(at, amount, ''day'')'),
	('affinity.series_agg(d, i4)', '42883: series_agg needs to know how long a period is', 'hour, week, month', 'affinity.series_agg(d, i4, ''week'')'),
	('affinity.series_agg(ts, i8, took)', '42804: a unit of time is a word', 'affinity.series_agg(at, value, ''day'')', 'affinity.series_agg(ts, i8, ''day'')'),
	('affinity.series_agg(amount, at, ''day'')', '42804: series_agg takes the value after the time', 'affinity.series_agg(at, value, ''day'')', 'affinity.series_agg(at, amount, ''day'')'),
	('affinity.series_agg(i4, d, ''month'')', '42804: series_agg takes the value after the time', 'affinity.series_agg(at, value, ''day'')', 'affinity.series_agg(d, i4, ''month'')');
INSERT INTO mistake (call, message, hint, instead) SELECT format('(SELECT count(*) FROM affinity.%s(%s))', f, replace(a, '?', 'ev')), '42601: syntax error at or near "ev"', 'Write it like: ' || example,
	format('(SELECT count(*) FROM affinity.%s(%s))', f, replace(a, '?', 'SELECT i4, i4 FROM ev'))
FROM (VALUES ('communities', '''?'', NULL::int', 'SELECT follower_id, followed_id FROM follows.'), ('reciprocity', '''?''', 'SELECT follower_id, followed_id FROM follows.'),
	('referrals', '''?'', NULL::int', 'SELECT '), ('bought_together', '''?''', 'SELECT order_id, product_id FROM order_lines.')) v (f, a, example);
SELECT ok(pg_temp.answer(call) LIKE message || '%(%' || hint || '%)', call || ': ' || pg_temp.answer(call)) FROM mistake ORDER BY no;
SELECT unalike(pg_temp.answer(instead), '_____: % (%)', instead) FROM mistake ORDER BY no;

-- Calls that work, with literals and without types.
CREATE TEMP TABLE good (no serial, call text, same_as text);
INSERT INTO good (call, same_as) SELECT format('affinity.%s(%s, ''2 days''%s)', f, t, rest), format('affinity.%s(%s, interval ''2 days''%s)', f, t, typed)
FROM unnest(ARRAY['at', 'ts', 'd']) t, (VALUES ('decayed_count', '', ''), ('decayed_count', ', i4', ', i4::float8'), ('decayed_count', ', ''2''', ', 2::float8'),
	('velocity', ', ''2024-01-15''', ', timestamptz ''2024-01-15''::timestamptz'), ('velocity', ', d, 3', ', d, 3::bigint')) r (f, rest, typed) WHERE NOT (f = 'velocity' AND rest LIKE ', d%');
INSERT INTO good (call, same_as) VALUES
	('affinity.decayed_count(at, ''1 day'', amount)', 'affinity.decayed_count(at, interval ''1 day'', amount::float8)'),
	('affinity.decayed_count(at, ''1 day'', NULL)', 'affinity.decayed_count(at, interval ''1 day'', NULL::float8)'),
	('affinity.velocity(at, ''1 day'', ''2024-01-10'', 3)', 'affinity.velocity(at, interval ''1 day'', timestamptz ''2024-01-10'', 3::bigint)'),
	('affinity.velocity(at, ''1 day'', date ''2024-01-10'', i8 * 0 + 3)', 'affinity.velocity(at, interval ''1 day'', timestamptz ''2024-01-10'', 3)'),
	('affinity.velocity_of(3, ''{1,2}'')', 'affinity.velocity_of(3::bigint, ARRAY[1, 2]::bigint[])'),
	('affinity.decayed_value(affinity.decayed_count(at, ''1 day''), ''2024-02-01'')', 'affinity.decayed_value(affinity.decayed_count(at, ''1 day''), timestamp ''2024-02-01'')'),
	('affinity.series_agg(i4, amount)', 'affinity.series_agg(i8, amount::float8)'),
	('affinity.series_agg(i8, ''2'')', 'affinity.series_agg(i8, 2::float8)'),
	('affinity.series_agg(3, NULL)', 'affinity.series_agg(3::bigint, NULL::float8)'),
	('affinity.series_agg(d, ''2'', ''day'')', 'affinity.series_agg(d, 2::float8, text ''day'')'),
	('affinity.series_agg(at, i4, ''day'', ''UTC'')', 'affinity.series_agg(at, i4::float8, text ''day'', text ''UTC'')'),
	('affinity.series_agg(''2024-01-01'', 2, ''day'')', 'affinity.series_agg(timestamptz ''2024-01-01'', 2::float8, text ''day'')'),
	('affinity.wilson_lower(3, 5)', 'affinity.wilson_lower(3.0::float8, 5.0, 0.95)');
SELECT ok(pg_temp.answer(call) = pg_temp.answer(same_as) AND pg_temp.answer(call) NOT LIKE '_____: % (%)', call || ': ' || left(pg_temp.answer(call), 200)) FROM good ORDER BY no;

-- Members without their type: the columns are there, so that it comes to the error.
CREATE FUNCTION pg_temp.members(call text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	result text;
	state text;
	message text;
	hint text;
BEGIN
	EXECUTE 'SELECT ' || replace(call, 'Q', $q$'SELECT 1, 2, date ''2024-01-01'''$q$) INTO result;
	RETURN result;
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT, hint = PG_EXCEPTION_HINT;
	RETURN format('%s: %s (%s)', state, message, hint);
END $$;
SELECT ok(pg_temp.members(call) LIKE '42883: the type in which members come back is missing (%NULL::bigint%)', call || ': ' || pg_temp.members(call)) FROM unnest(ARRAY[
	'max(community) + max(modularity) FROM affinity.communities(Q)', 'count(*) FROM affinity.communities(Q, resolution => 2)', 'count(*) FROM affinity.communities(edges => Q, seed => 1, method => ''leiden'')',
	'max(influence + core) FROM affinity.influence(Q)', 'count(*) FROM affinity.influence(Q, directed => false)', 'max(mutual) FROM affinity.reciprocity_by_member(Q)', 'max(descendants), max(root) FROM affinity.referrals(Q)']) call;
SELECT is(pg_temp.members(call), '2', call) FROM unnest(ARRAY['count(*) FROM affinity.referrals(Q, NULL::int)', 'count(*) FROM affinity.referrals(Q, 1)', 'count(*) FROM affinity.referrals(Q, NULL::text)',
	'count(*) FROM affinity.referrals(Q, id_type => NULL::bigint)', 'count(*) FROM affinity.communities(replace(Q, '', date'', ''--''), NULL::int, 2)', 'count(*) FROM affinity.communities(replace(Q, '', date'', ''--''), seed => 3, id_type => NULL::int)']) call;
SELECT ok(pg_temp.answer(call) LIKE message || ' (' || hint || '%)', call || ': ' || pg_temp.answer(call)) FROM (VALUES
	('affinity.create_model(''no_model'', ''ev'')', '42601: syntax error at or near "ev"', 'Write it like: SELECT customer_id, stock_code, quantity, invoiced_at FROM purchases.'),
	('affinity.create_model(''no_model'', ''SELECT i4, i8 FROM nowhere'')', '42P01: relation "nowhere" does not exist', ''),
	('(SELECT count(*) FROM affinity.evaluate(query => ''ev''))', '42601: syntax error at or near "ev"', 'Write it like: SELECT '),
	('(SELECT count(*) FROM affinity.evaluate(query => ''SELECT i4, i8, amount, at FROM ev'', by => ''ev''))', '42601: syntax error at or near "ev"', 'Write it like: SELECT customer_id, country FROM customers.'),
	('affinity.create_model(''no_model'', ''SELECT 1, g FROM generate_series(1, 3) g'', user_groups => ''ev'')', '42601: syntax error at or near "ev"', 'Write it like: SELECT customer_id, country FROM customers.'),
	('affinity.create_model(''no_model'', ''SELECT 1, g FROM generate_series(1, 3) g'', user_groups => ''SELECT 1; SELECT 2'')', '42601: user_groups must be one SELECT', 'Write it like: SELECT customer_id, country FROM customers.'),
	('(SELECT count(*) FROM affinity.evaluate(''select i4, i8 from ev''))', '42704: model "select i4, i8 from ev" does not exist', 'This is a query: affinity.evaluate(query => '),
	('(SELECT count(*) FROM affinity.evaluate(''no_model''))', '42704: model "no_model" does not exist', 'SELECT name FROM affinity.models lists the models.')) v (call, message, hint);
SELECT finish();
ROLLBACK;
