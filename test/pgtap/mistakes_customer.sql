-- Calls of customer_summary, survival_agg, log_rank, contrast_agg and contrast_numeric that cannot be meant say what to
-- write, and that works; no call that works comes to them.
BEGIN;
SET LOCAL jit = off;
SET LOCAL timezone = 'UTC';
SET LOCAL search_path = public, pg_catalog;
SELECT plan(82);
CREATE TEMP TABLE ev AS SELECT at, at AT TIME ZONE 'UTC' AS ts, (at AT TIME ZONE 'UTC')::date AS d, at::text AS tt, i * 1.5 AS amount, i AS i4, i::bigint AS i8, (i * 1.5)::text AS amount_text,
	i % 3 = 0 AS c1, i * interval '1 day' AS took, i::float8 AS days, 'g' || i % 2 AS g FROM (SELECT i, timestamptz '2024-01-01 05:00+00' + i * interval '7 hours' AS at FROM generate_series(1, 60) i) x;

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
	('affinity.customer_summary(amount, at)', '42804: customer_summary takes the time before the amount', 'Write affinity.customer_summary(at, amount).', 'affinity.customer_summary(at, amount)'),
	('affinity.customer_summary(i4, d)', '42804: customer_summary takes the time before', '(at, amount)', 'affinity.customer_summary(d, i4)'),
	('affinity.customer_summary(i8, ts, ''month'')', '42804: customer_summary takes the time before', '(at, amount)', 'affinity.customer_summary(ts, i8, ''month'')'),
	('affinity.customer_summary(at, amount_text)', '42804: the amount is of type text', 'Cast it: amount::float8.', 'affinity.customer_summary(at, amount_text::float8)'),
	('affinity.customer_summary(d, amount_text, ''month'')', '42804: the amount is of type text', 'Cast it: amount::float8.', 'affinity.customer_summary(d, amount_text::float8, ''month'')'),
	('affinity.customer_summary(tt, amount_text)', '42804: the time is of type text', 'Cast it: at::timestamptz', 'affinity.customer_summary(tt::timestamptz, amount_text::float8)'),
	('affinity.customer_summary(ts, text ''month'')', '42804: the amount is of type text', 'affinity.customer_summary(at, 1, ''month'')', 'affinity.customer_summary(ts, 1, ''month'')'),
	('affinity.survival_agg(took, c1)', '42804: a duration is a number, not of type interval', 'extract(epoch FROM duration) / 86400', 'affinity.survival_agg(extract(epoch FROM took) / 86400, c1)'),
	('affinity.survival_agg(took, c1, interval ''0'')', '42804: a duration is a number', 'extract(epoch FROM duration) / 86400', 'affinity.survival_agg(extract(epoch FROM took) / 86400, c1, 0)'),
	('affinity.survival_agg(''5'', c1)', '42804: a duration is a number, not a text', 'cast it: duration::float8', 'affinity.survival_agg(''5''::float8, c1)'),
	('affinity.survival_agg(days::text, c1, ''0'')', '42804: a duration is a number, not a text', 'cast it: duration::float8', 'affinity.survival_agg(days::text::float8, c1, 0)'),
	('affinity.log_rank(g, days::text, c1)', '42804: a duration is a number, not a text', 'cast it: duration::float8', 'affinity.log_rank(g, days::text::float8, c1)'),
	('affinity.survival_agg(days)', '42883: survival_agg needs to know whether', 'Write affinity.survival_agg(duration, event)', 'affinity.survival_agg(days, c1)'),
	('affinity.log_rank(g, took, c1)', '42804: a duration is a number', 'extract(epoch FROM duration) / 86400', 'affinity.log_rank(g, extract(epoch FROM took) / 86400, c1)'),
	('affinity.log_rank(g, days)', '42883: log_rank needs to know whether', 'Write affinity.log_rank(group, duration, event)', 'affinity.log_rank(g, days, c1)'),
	('affinity.log_rank(i4, i4)', '42883: log_rank needs to know whether', 'Write affinity.log_rank(group, duration, event)', 'affinity.log_rank(i4, i4, c1)'),
	('affinity.contrast_agg(g)', '42883: contrast_agg needs to know which rows', 'Write affinity.contrast_agg(in_segment, attribute)', 'affinity.contrast_agg(c1, g)'),
	('affinity.contrast_numeric(amount)', '42883: contrast_numeric needs to know which rows', 'Write affinity.contrast_numeric(in_segment, value)', 'affinity.contrast_numeric(c1, amount)'),
	('affinity.survival_agg(days, i4 % 2)', '42804: a condition is needed here, but this is of type integer', 'event = 1', 'affinity.survival_agg(days, i4 % 2 = 1)'),
	('affinity.survival_agg(i4, i8 % 2, 0)', '42804: a condition is needed here, but this is of type bigint', 'event = 1', 'affinity.survival_agg(i4, i8 % 2 = 1, 0)'),
	('affinity.survival_agg(amount, (i4 % 2)::numeric, NULL, 1)', '42804: a condition is needed here, but this is of type numeric', 'event = 1', 'affinity.survival_agg(amount, i4 % 2 > 0, NULL, 1)'),
	('affinity.log_rank(g, days, i4 % 2)', '42804: a condition is needed here', 'event = 1', 'affinity.log_rank(g, days, i4 % 2 = 1)'),
	('affinity.log_rank(c1, days, 1, g)', '42804: a condition is needed here', 'event = 1', 'affinity.log_rank(c1, days, true, g)'),
	('affinity.log_rank(i4 % 2, days, i4 % 2, NULL, ''peto'')', '42804: a condition is needed here', 'event = 1', 'affinity.log_rank(i4 % 2, days, i4 % 2 = 1, NULL, ''peto'')'),
	('affinity.contrast_agg(i4 % 2, g)', '42804: a condition is needed here', 'event = 1', 'affinity.contrast_agg(i4 % 2 = 1, g)'),
	('affinity.contrast_agg(c1, i4)', '42804: the attribute is of type integer, but is to be a text', 'attribute::text', 'affinity.contrast_agg(c1, i4::text)'),
	('affinity.contrast_numeric(i4 % 2, amount)', '42804: a condition is needed here', 'event = 1', 'affinity.contrast_numeric(i4 % 2 = 1, amount)');
SELECT ok(pg_temp.answer(call) LIKE message || '%(%' || hint || '%)', call || ': ' || pg_temp.answer(call)) FROM mistake ORDER BY no;
SELECT unalike(pg_temp.answer(instead), '_____: % (%)', instead) FROM mistake ORDER BY no;

-- Calls that work, with literals and without types.
CREATE TEMP TABLE good (no serial, call text, same_as text);
INSERT INTO good (call, same_as) SELECT format('affinity.customer_summary(%s%s)', t, rest), format('affinity.customer_summary(%s::timestamptz%s)', t, typed)
FROM unnest(ARRAY['at', 'ts', 'd']) t, (VALUES (', ''5''', ', 5::float8'), (', i4, ''month''', ', i4::float8, text ''month''')) r (rest, typed);
INSERT INTO good (call, same_as) VALUES
	('affinity.customer_summary(''2024-01-01'')', 'affinity.customer_summary(timestamptz ''2024-01-01'')'),
	('affinity.customer_summary(''2024-01-01'', amount)', 'affinity.customer_summary(timestamptz ''2024-01-01'', amount::float8)'),
	('affinity.customer_summary(''2024-01-01'', i4, ''week'')', 'affinity.customer_summary(timestamptz ''2024-01-01'', i4::float8, text ''week'')'),
	('affinity.customer_summary(ts, NULL, ''week'')', 'affinity.customer_summary(ts, NULL::float8, text ''week'')'),
	('affinity.customer_summary(d, 1, ''week'', ''2024-06-01'')', 'affinity.customer_summary(d, 1::float8, text ''week'', timestamptz ''2024-06-01'')'),
	('affinity.survival_agg(i4, ''true'')', 'affinity.survival_agg(days, true)'),
	('affinity.survival_agg(amount, c1, ''0'')', 'affinity.survival_agg(amount::float8, c1, 0::float8)'),
	('affinity.survival_agg(i8, true, NULL)', 'affinity.survival_agg(days, true, NULL::float8)'),
	('affinity.log_rank(c1, i4, ''true'')', 'affinity.log_rank(c1, days, true)'),
	('affinity.log_rank(''g'', i8, c1, NULL, ''peto'')', 'affinity.log_rank(text ''g'', days, c1, NULL::text, text ''peto'')'),
	('affinity.contrast_agg(''true'', ''x'')', 'affinity.contrast_agg(true, text ''x'')'),
	('affinity.contrast_numeric(''true'', ''2'')', 'affinity.contrast_numeric(true, 2::float8)'),
	('affinity.survival_agg(i4, NULL)', 'affinity.survival_agg(days, NULL::bool)'),
	('affinity.survival_agg(amount, ''f'', 0, 1)', 'affinity.survival_agg(amount, false, 0, 1)'),
	('affinity.log_rank(g, i4, ''true'', i4, ''peto'')', 'affinity.log_rank(g, days, true, i4, text ''peto'')'),
	('affinity.contrast_agg(c1, g::varchar)', 'affinity.contrast_agg(c1, g)'),
	('affinity.contrast_numeric(c1, i4)', 'affinity.contrast_numeric(c1, i8)'),
	('affinity.contrast_numeric(c1, amount)', 'affinity.contrast_numeric(c1, amount::float8)');
SELECT ok(pg_temp.answer(call) = pg_temp.answer(same_as) AND pg_temp.answer(call) NOT LIKE '_____: % (%)', call || ': ' || left(pg_temp.answer(call), 200)) FROM good ORDER BY no;
SELECT unalike(pg_temp.answer('affinity.contrast_agg(c1, NULL)'), '_____: % (%)', 'NULL as an attribute');

-- What is written around a call, such as (call).* or round(call::numeric), must not fail before the call can say what is wrong.
SELECT is_empty($$SELECT p.oid::regprocedure FROM pg_proc p JOIN pg_description d ON d.objoid = p.oid AND d.classoid = 'pg_proc'::regclass
	WHERE d.description LIKE 'a mistaken call of %' AND NOT EXISTS (SELECT FROM pg_proc r JOIN pg_description e ON e.objoid = r.oid AND e.classoid = 'pg_proc'::regclass
		WHERE (r.proname, r.pronamespace, r.prorettype, r.proretset) = (p.proname, p.pronamespace, p.prorettype, p.proretset) AND e.description NOT LIKE 'a mistaken call of %')$$,
	'mistaken calls give what the right ones give');
SELECT throws_ok('SELECT (affinity.customer_summary(d, amount_text, ''month'')).* FROM ev', '42804', 'the amount is of type text', 'so a mistake with (…).* says what to write');
SELECT throws_ok('SELECT round(affinity.qini(amount, i4 % 2, c1)::numeric, 2) FROM ev', '42804', 'treated must be true or false, but is a number', 'and one that is rounded');
SELECT finish();
ROLLBACK;
