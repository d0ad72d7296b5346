-- States of the types decayed and inequality as version 1 stored them (test/data/format) are read: the same bytes come
-- back, and reports answer what they answered then.
BEGIN;
SET LOCAL jit = off;
SET LOCAL timezone = 'UTC';
SELECT plan(49);
CREATE TEMP TABLE stored (type text, name text, state text, report text);
\copy stored FROM test/data/format/content.csv CSV
\i test/data/format/content.sql
SELECT is(count(*), 12::bigint, 'all are there') FROM stored;
SELECT is(get_byte(decode(state, 'base64'), 4), 1, type || ' ' || name || ': version') FROM stored;
SELECT is(CASE type WHEN 'decayed' THEN state::affinity.decayed::text ELSE state::affinity.inequality::text END, state, type || ' ' || name || ': text') FROM stored;
SELECT is(CASE type WHEN 'decayed' THEN pg_temp.decayed_report(state::affinity.decayed) ELSE pg_temp.inequality_report(state::affinity.inequality) END, report,
	type || ' ' || name || ': report') FROM stored;
SELECT is(CASE type WHEN 'decayed' THEN (SELECT affinity.rollup(s) FROM unnest(ARRAY[state, state]::affinity.decayed[]) s)::text <> state
	ELSE (SELECT affinity.rollup(s) FROM unnest(ARRAY[state, state]::affinity.inequality[]) s)::text <> state END, true, type || ' ' || name || ': merges') FROM stored;
SELECT finish();
ROLLBACK;
