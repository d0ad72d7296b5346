-- What the fuzzers of test/hard call functions with: tables, types, roles, stored
-- states and a model of each algorithm, in a database of their own.
SET client_min_messages = warning;
CREATE EXTENSION affinity;
CREATE SCHEMA hard;
SET search_path = hard, pg_catalog;

CREATE TYPE mood AS ENUM ('low', 'high');
CREATE DOMAIN small AS integer CHECK (VALUE < 1000);
CREATE DOMAIN word AS text;
CREATE TYPE pair AS (a integer, b text);

-- 300 rows that make sense, and a few that do not
CREATE TABLE log AS
	SELECT (n * 7) % 23 AS u, (n * n + n / 3) % 17 AS i, 1 + n % 5 AS n, n % 6 = 0 AS b, n * 1.5 - 100 AS v,
		timestamptz '2024-01-01 00:00+00' + n * interval '7 hours' AS at, 'word ' || n % 9 AS t,
		md5((n % 11)::text)::uuid AS x
	FROM generate_series(1, 300) AS n;
CREATE TABLE odd_log AS
	SELECT * FROM log WHERE u < 4
	UNION ALL VALUES (NULL::int, NULL::int, NULL::int, NULL::bool, NULL::numeric, NULL::timestamptz, NULL::text, NULL::uuid),
		(2147483647, -2147483648, 0, true, 'NaN', 'infinity', '', '00000000-0000-0000-0000-000000000000'),
		(-2147483648, 2147483647, -1, false, '-Infinity', '-infinity', repeat('long ', 900), 'ffffffff-ffff-ffff-ffff-ffffffffffff'),
		(0, 0, 2, true, 1e300, '4713-01-01 00:00+00 BC', E'\u00e9\U0001F600', NULL),
		(1, 1, 3, true, -1e-300, '294276-12-31 23:59+00', ' ', NULL);
CREATE TABLE empty_log AS SELECT * FROM log WHERE false;

-- Every stored form that there is, and fresh ones.
CREATE TABLE state (name text PRIMARY KEY, type text NOT NULL, state text NOT NULL);
\copy state FROM test/data/format/states.csv CSV
CREATE TEMP TABLE stored (type text, name text, state text, report text);
\copy stored FROM test/data/format/survival_contrast.csv CSV
\copy stored FROM test/data/format/content.csv CSV
\copy stored FROM test/data/format/operations.csv CSV
\copy stored FROM test/data/format/baskets.csv CSV
INSERT INTO state SELECT type || ' ' || name, type, state FROM stored;
INSERT INTO state
	SELECT 'fresh activity ' || unit, 'activity', affinity.activity_agg(u, at, unit)::text FROM log, unnest(ARRAY['hour', 'day', 'week', 'year']) unit GROUP BY unit
	UNION ALL SELECT 'fresh activity text', 'activity', affinity.activity_agg(t, at, 'day', 'Europe/Berlin', b, true)::text FROM log
	UNION ALL SELECT 'fresh activity empty zone', 'activity', affinity.activity_agg(x, at::date, 'month')::text FROM log WHERE n = 1
	UNION ALL SELECT 'fresh activity of many', 'activity', affinity.activity_agg(n, timestamp '2024-01-01' + n % 40 * interval '1 day', 'day')::text FROM generate_series(1, 300) n
	UNION ALL SELECT 'fresh value', 'value', affinity.value_agg(u, at, v, 'day')::text FROM log
	UNION ALL SELECT 'fresh value text', 'value', affinity.value_agg(t, at, v, 'week')::text FROM log
	UNION ALL SELECT 'fresh value of ranges', 'value', affinity.value_agg(u, tstzrange(at, at + abs(u % 3) * interval '40 days'), v, 'month', 'Europe/Berlin', 'pro_rata')::text FROM log
	UNION ALL SELECT 'fresh value by starts', 'value', affinity.value_agg(t, at, v, 'month', NULL, v > 0)::text FROM log
	UNION ALL SELECT 'fresh funnel', 'funnel', affinity.funnel_agg(u, at, interval '9 days', n = 1, n = 2, n = 3)::text FROM log
	UNION ALL SELECT 'fresh funnel of options', 'funnel', affinity.funnel_agg(x, at, interval '9 days', 'optional 2, exclude 4', n = 1, n = 2, n = 3, n = 4)::text FROM log;

-- Support functions that work within their aggregate only, as aggregates of states.
CREATE AGGREGATE next_of_states(bytea) (SFUNC = affinity.sequence_next_combine, STYPE = bytea, FINALFUNC = affinity.sequence_next_final);
CREATE AGGREGATE match_of_states(affinity.sequence) (SFUNC = affinity.sequence_combine, STYPE = affinity.sequence, FINALFUNC = affinity.sequence_match_final);
CREATE AGGREGATE count_of_states(affinity.sequence) (SFUNC = affinity.sequence_combine, STYPE = affinity.sequence, FINALFUNC = affinity.sequence_count_final);
CREATE AGGREGATE events_of_states(affinity.sequence) (SFUNC = affinity.sequence_combine, STYPE = affinity.sequence, FINALFUNC = affinity.sequence_events_timestamptz_final);
SELECT format('CREATE AGGREGATE %I(float8[]) (SFUNC = affinity.%s, STYPE = float8[], FINALFUNC = affinity.%s)', c.proname || '_' || f.proname, c.proname, f.proname)
FROM pg_proc c, pg_proc f
WHERE c.pronamespace = 'affinity'::regnamespace AND f.pronamespace = 'affinity'::regnamespace
	AND c.proargtypes::text = '1022 1022' AND c.prorettype = 'float8[]'::regtype AND f.proargtypes::text = '1022' AND f.proname LIKE '%\_final'
\gexec

-- Models: every algorithm, types of ids, with and without times.
CREATE TABLE facts AS
	SELECT u, i, 1 + (u * i) % 5 AS w, timestamptz '2024-01-01 00:00+00' + (u * 3 + i) * interval '1 hour' AS at
	FROM generate_series(1, 60) u, generate_series(1, 40) i WHERE (u * u + i * 7 + u * i) % 9 < 2;
CREATE INDEX ON facts (u);
SELECT affinity.create_model('m_knn', 'SELECT u, i, w, at FROM hard.facts', 'item_knn');
SELECT affinity.create_model('m_knn_text', 'SELECT u::text, ''item '' || i FROM hard.facts', 'item_knn', '{"similarity": "cosine", "weighting": "bm25", "neighbors": 5}');
SELECT affinity.create_model('m_next', 'SELECT u, i, w, at FROM hard.facts', 'next_item', '{"session_gap": "3 days"}');
SELECT affinity.create_model('m_again', 'SELECT u, i, w, at FROM hard.facts', 'buy_again', '{"visit": "5 hours"}');
SELECT affinity.create_model('m_popular', 'SELECT u::bigint, md5(i::text)::uuid FROM hard.facts', 'popular');
SELECT affinity.create_model('m_ease', 'SELECT u, i FROM hard.facts', 'ease', '{"method": "dense"}');
SELECT affinity.create_model('m_ease_sparse', 'SELECT u::smallint, i::smallint FROM hard.facts', 'ease', '{"method": "sparse"}');
SELECT affinity.create_model('m_ials', 'SELECT u, i, w FROM hard.facts', 'ials', '{"factors": 8, "iterations": 3}');
SELECT affinity.create_model('m_als', 'SELECT u::bigint, i::text, w FROM hard.facts', 'als', '{"factors": 5, "iterations": 3}');

-- Somebody without rights, and somebody with those of a reader.
CREATE ROLE hard_nobody LOGIN;
CREATE ROLE hard_reader LOGIN;
GRANT USAGE ON SCHEMA hard, m_knn, m_knn_text, m_next, m_popular, m_ease, m_ease_sparse, m_ials, m_als TO hard_reader;
GRANT SELECT ON ALL TABLES IN SCHEMA hard TO hard_reader;
GRANT USAGE ON SCHEMA hard TO hard_nobody;
GRANT SELECT ON state, log TO hard_nobody;
ANALYZE;
