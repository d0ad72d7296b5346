-- How content.csv was made, of states of the types decayed and inequality, and what they
-- were asked; ../../pgtap/format_content.sql asks again. By hand, from the project:
--
--	psql -XqAt -v make=1 -f test/data/format/content.sql >test/data/format/content.csv
--
-- It is not to be made again.
CREATE FUNCTION pg_temp.decayed_report(state affinity.decayed) RETURNS text LANGUAGE sql AS $$
	SELECT concat_ws(' ', affinity.decayed_value(state, '2024-07-01 00:00+00'::timestamptz AT TIME ZONE 'UTC'), affinity.decayed_value(state, '2024-07-02 00:00+00'::timestamptz AT TIME ZONE 'UTC'), affinity.decayed_rank(state)) $$;
CREATE FUNCTION pg_temp.inequality_report(state affinity.inequality) RETURNS text LANGUAGE sql AS $$
	SELECT concat_ws(' ', affinity.gini(state), affinity.top_share(state, 0.1), round(affinity.theil(state)::numeric, 12), (SELECT string_agg(l.share::text, ' ' ORDER BY l.population) FROM affinity.lorenz(state, 3) l)) $$;
\if :{?make}
BEGIN;
SET timezone = 'UTC';
CREATE EXTENSION IF NOT EXISTS affinity;
COPY (
	SELECT 'decayed', name, state::text, pg_temp.decayed_report(state) FROM (
		SELECT 'one row' AS name, affinity.decayed_count(timestamptz '2024-06-30 00:00+00', '1 day') AS state
		UNION ALL SELECT 'local', affinity.decayed_count(timestamp '2024-06-30 00:00', '1 day', 3)
		UNION ALL SELECT 'three blocks', affinity.decayed_count(timestamptz '2024-06-30 00:00+00' - g * g * interval '1 minute', '1 hour', g) FROM generate_series(1, 90) g
		UNION ALL SELECT 'below 0', affinity.decayed_count(timestamptz '2024-06-30 00:00+00' - g * interval '1 day', '9 days', 40 - g) FROM generate_series(1, 200) g
		UNION ALL SELECT 'nothing', affinity.decayed_count(timestamptz '2024-06-30 00:00+00', '1 day', w) FROM unnest(ARRAY[0.1, -0.1]) w
		UNION ALL SELECT 'large and small', affinity.decayed_count(timestamptz '2024-06-30 00:00+00', '1 day', w) FROM unnest(ARRAY[1e15, 1e-9]) w
		UNION ALL SELECT 'before 2000', affinity.decayed_count(timestamptz '1990-01-01 00:00+00', '10000 days')) s
	UNION ALL
	SELECT 'inequality', name, state::text, pg_temp.inequality_report(state) FROM (
		SELECT 'one' AS name, affinity.inequality_agg(7) AS state
		UNION ALL SELECT 'nothing', affinity.inequality_agg(0) FROM generate_series(1, 3)
		UNION ALL SELECT 'ties', affinity.inequality_agg(g % 7) FROM generate_series(1, 100) g
		UNION ALL SELECT 'far', affinity.inequality_agg(x) FROM unnest(ARRAY[1e-300, 1, 1e300]) x
		UNION ALL SELECT 'many', affinity.inequality_agg(sqrt(g)) FROM generate_series(1, 60) g) c
) TO STDOUT (FORMAT csv);
ROLLBACK;
\endif
