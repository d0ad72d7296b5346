-- States of the types metric, cluster_metric, did, uplift, attribution and series as version 1 stored them
-- (test/data/format) are read: the same bytes come back, and reports answer what they answered then.
BEGIN;
SET LOCAL jit = off;
SET LOCAL timezone = 'UTC';
SELECT plan(181);
CREATE TEMP TABLE stored (type text, name text, state text, report text);
\copy stored FROM test/data/format/operations.csv CSV
\i test/data/format/operations.sql
CREATE FUNCTION pg_temp.ask(type text, state text, question text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	answer text;
BEGIN
	EXECUTE replace(replace(question, 'TYPE', type), 'STATE', format('%L::affinity.%I', state, type)) INTO answer;
	RETURN answer;
END $$;
SELECT is(count(*), 29::bigint, 'all are there') FROM stored;
SELECT is(get_byte(decode(state, 'base64'), 4), 1, type || ' ' || name || ': version') FROM stored;
SELECT is(pg_temp.ask(type, state, 'SELECT (STATE)::text'), state, type || ' ' || name || ': text') FROM stored;
SELECT is(pg_temp.ask(type, state, 'SELECT affinity.TYPE_send(STATE)'), decode(state, 'base64')::text, type || ' ' || name || ': sent') FROM stored;
SELECT is(coalesce(pg_temp.report(type, state), ''), coalesce(report, ''), type || ' ' || name || ': report') FROM stored;
SELECT isnt(pg_temp.ask(type, state, 'SELECT affinity.rollup(s) FROM unnest(ARRAY[STATE, STATE]) s'), state, type || ' ' || name || ': merges') FROM stored;
-- two in an expression as the aggregate merges them; the first stays what it was
SELECT is(pg_temp.ask(type, state, 'SELECT string_agg(concat_ws('' '', affinity.rollup(s, STATE), affinity.rollup(s, NULL), affinity.rollup(NULL, s), s), '' '') FROM (SELECT STATE AS s OFFSET 0) x'),
	pg_temp.ask(type, state, 'SELECT concat_ws('' '', (SELECT affinity.rollup(s) FROM unnest(ARRAY[STATE, STATE]) s), STATE, STATE, STATE)'), type || ' ' || name || ': two of them') FROM stored;
SELECT is(pg_temp.ask(type, NULL, 'SELECT affinity.rollup(NULL::affinity.TYPE, NULL)'), NULL, type || ': nothing and nothing') FROM stored GROUP BY type;
SELECT finish();
ROLLBACK;
