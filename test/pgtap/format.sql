-- States and models as commit 87350b0 stored them (test/data/format) are read: the
-- same bytes come back, and reports and models answer what they answered then.
BEGIN;
SET LOCAL jit = off;
SELECT plan(579);
SET LOCAL client_min_messages = warning;

CREATE TEMP TABLE state (name text PRIMARY KEY, type text, state text);
CREATE TEMP TABLE answer (type text, name text, report text, result text, PRIMARY KEY (type, name, report));
CREATE TEMP TABLE sent (name text, activity affinity.activity, value affinity.value, funnel affinity.funnel);
\copy state FROM test/data/format/states.csv CSV
\copy answer FROM test/data/format/reports.csv CSV FORCE NOT NULL result
\copy sent FROM test/data/format/states.copy BINARY
\i test/data/format/report.sql

-- Every layout is there: of activities and values the byte behind version, unit
-- and ids, and the ids; of funnels version and users.
SELECT set_eq($$SELECT get_byte(decode(state, 'base64'), 6) AS ids, get_byte(decode(state, 'base64'), 7) AS layout
		FROM state WHERE type IN ('activity', 'value')$$,
	$$SELECT ids, layout FROM generate_series(1, 3) ids, generate_series(1, 5) layout$$, 'activity and value: ids and layouts');
SELECT set_eq($$SELECT get_byte(decode(state, 'base64'), 4) AS version, get_byte(decode(state, 'base64'), 6) AS users FROM state WHERE type LIKE 'funnel%'$$,
	$$VALUES (1, 0), (1, 1), (1, 2), (1, 3), (1, 4), (2, 1), (2, 2), (2, 3)$$, 'funnels: versions and users');

-- Text and binary form.
SELECT is(CASE type WHEN 'activity' THEN state::affinity.activity::text WHEN 'value' THEN state::affinity.value::text
		WHEN 'sequence' THEN state::affinity.sequence::text ELSE state::affinity.funnel::text END,
	state, type || ' ' || name || ': text') FROM state WHERE type <> 'sequence_next' ORDER BY type, name;
SELECT is(encode(CASE type WHEN 'activity' THEN affinity.activity_send(state::affinity.activity)
		WHEN 'value' THEN affinity.value_send(state::affinity.value) ELSE affinity.funnel_send(state::affinity.funnel) END, 'base64'),
	encode(decode(state, 'base64'), 'base64'), type || ' ' || name || ': sent')
FROM state WHERE type IN ('activity', 'value', 'funnel') ORDER BY type, name;
SELECT is(coalesce(activity::text, value::text, funnel::text), state, type || ' ' || name || ': received')
FROM sent LEFT JOIN state USING (name) ORDER BY type, name;

-- Logs of chains and of held properties came in any order then; merged, they are in one, and say the same.
SELECT ok(state::affinity.funnel = (SELECT affinity.rollup(f) FROM (SELECT state::affinity.funnel AS f) one), type || ' ' || name || ': the same in order')
FROM state WHERE type = 'funnel' AND name ~ '^(chains|held)' ORDER BY name;

-- Reports.
CREATE TEMP TABLE now AS
	SELECT type, name, r.* FROM state, LATERAL (
		SELECT * FROM pg_temp.activity_reports(state) WHERE type = 'activity'
		UNION ALL SELECT * FROM pg_temp.value_reports(state) WHERE type = 'value'
		UNION ALL SELECT * FROM pg_temp.funnel_reports(state) WHERE type = 'funnel'
		UNION ALL SELECT * FROM pg_temp.funnel_user_reports(state) WHERE type = 'funnel_user'
		UNION ALL SELECT * FROM pg_temp.sequence_reports(state) WHERE type = 'sequence'
		UNION ALL SELECT * FROM pg_temp.sequence_next_reports(state) WHERE type = 'sequence_next') r;

-- Models, from a dump; it sets what a session has.
\i test/data/format/models.sql
SELECT set_config('search_path', 'public', true) AS set \gset
INSERT INTO now SELECT 'model', name, r.* FROM affinity.models m, LATERAL pg_temp.model_reports(name) r WHERE name LIKE 'old\_%';

-- Folding a user in rounds as wide as the processor's registers are: numbers of
-- models may differ in their last digits.
CREATE FUNCTION pg_temp.near(a text, b text) RETURNS boolean LANGUAGE sql AS $$
	SELECT regexp_replace(a, pattern, '#', 'g') = regexp_replace(b, pattern, '#', 'g') AND bool_and(x = y OR
		CASE WHEN x || y ~ '[.e]' THEN abs(x::float8 - y::float8) <= 1e-5 * greatest(abs(x::float8), 1e-3) ELSE false END)
	FROM (VALUES ('\m\d+(?:\.\d+)?(?:e[+-]?\d+)?\M')) p (pattern),
		ROWS FROM (regexp_matches(a, pattern, 'g'), regexp_matches(b, pattern, 'g')) n (xs, ys),
		LATERAL (SELECT xs[1] AS x, ys[1] AS y) t
	GROUP BY pattern $$;
SELECT is(CASE WHEN type = 'model' AND pg_temp.near(now.result, answer.result) THEN answer.result ELSE now.result END,
	answer.result, concat_ws(' ', type, name || ':', report))
FROM answer FULL JOIN now USING (type, name, report) ORDER BY type, name, report;

-- They are brought up to date, without training, and answer the same; they can be
-- trained again.
SELECT is(status, 'older version', name || ': status') FROM affinity.models WHERE name LIKE 'old\_%' ORDER BY name;
SELECT is((SELECT count(*) FROM affinity.upgrade_models() WHERE name LIKE 'old\_%' AND done LIKE '%definition made'), 6::bigint, 'all are upgraded');
SELECT is(concat_ws(' ', m.status, d.algorithm, d.query), 'ready ' || m.algorithm || ' ' || d.resolved_query, m.name || ': has a definition')
FROM affinity.models m, LATERAL (SELECT (xpath('/row/a/text()', x))[1]::text AS algorithm, (xpath('/row/q/text()', x))[1]::text AS query, (xpath('/row/r/text()', x))[1]::text AS resolved_query
	FROM query_to_xml(format('SELECT algorithm AS a, query AS q, resolved_query AS r FROM %I.definition', m.name), false, true, '') x) d
WHERE m.name LIKE 'old\_%' ORDER BY m.name;
SELECT is_empty(format('SELECT report, result FROM pg_temp.model_reports(%L) EXCEPT SELECT report, result FROM now WHERE type = ''model'' AND name = %L', name, name),
	name || ': the same answers from new functions') FROM affinity.models WHERE name LIKE 'old\_%' ORDER BY name;
SELECT lives_ok(format('SELECT affinity.refresh_model(%L)', name), name || ': refresh_model') FROM affinity.models WHERE name LIKE 'old\_%' ORDER BY name;

SELECT * FROM finish();
ROLLBACK;
