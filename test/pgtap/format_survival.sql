-- States of the types survival and contrast as version 1 stored them (test/data/format) are read:
-- the same bytes come back, and reports answer what they answered then.
BEGIN;
SET LOCAL jit = off;
SELECT plan(51);
CREATE TEMP TABLE stored (type text, name text, state text, report text);
\copy stored FROM test/data/format/survival_contrast.csv CSV
\i test/data/format/survival_contrast.sql
SELECT is(count(*), 10::bigint, 'all are there') FROM stored;
SELECT is(get_byte(decode(state, 'base64'), 4), 1, type || ' ' || name || ': version') FROM stored;
SELECT is(CASE type WHEN 'survival' THEN state::affinity.survival::text ELSE state::affinity.contrast::text END, state, type || ' ' || name || ': text') FROM stored;
SELECT is(encode(CASE type WHEN 'survival' THEN affinity.survival_send(state::affinity.survival) ELSE affinity.contrast_send(state::affinity.contrast) END, 'base64'),
	encode(decode(state, 'base64'), 'base64'), type || ' ' || name || ': sent') FROM stored;
SELECT is(CASE type WHEN 'survival' THEN pg_temp.survival_report(state::affinity.survival) ELSE pg_temp.contrast_report(state::affinity.contrast) END, report,
	type || ' ' || name || ': report') FROM stored;
SELECT is(CASE type WHEN 'survival' THEN (SELECT affinity.rollup(s) FROM unnest(ARRAY[state, state]::affinity.survival[]) s)::text <> state
	ELSE (SELECT affinity.rollup(s) FROM unnest(ARRAY[state, state]::affinity.contrast[]) s)::text <> state END, true, type || ' ' || name || ': merges') FROM stored;
SELECT finish();
ROLLBACK;
