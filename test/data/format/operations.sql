-- How operations.csv was made, of states of the types metric, cluster_metric, did, uplift,
-- attribution and series, and what they were asked; ../../pgtap/format_operations.sql asks
-- again. By hand, from the project:
--
--	psql -XqAt -v make=1 -f test/data/format/operations.sql >test/data/format/operations.csv
--
-- It is not to be made again.
CREATE FUNCTION pg_temp.rounded(value float8) RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT round(value::numeric, 9)::text $$;
CREATE FUNCTION pg_temp.metric_report(state affinity.metric) RETURNS text LANGUAGE sql AS $$
	SELECT concat_ws(' ', m.units, pg_temp.rounded(m.mean), pg_temp.rounded(m.variance), pg_temp.rounded(m.std_error), pg_temp.rounded(m.covariate_mean),
		pg_temp.rounded(m.covariate_variance), pg_temp.rounded(m.covariance), pg_temp.rounded(m.correlation)) FROM affinity.metric_moments(state) m $$;
CREATE FUNCTION pg_temp.cluster_metric_report(state affinity.cluster_metric) RETURNS text LANGUAGE sql AS $$
	SELECT string_agg(concat_ws(' ', variant, units, clusters, pg_temp.rounded(mean), pg_temp.rounded(control_mean), pg_temp.rounded(std_error), pg_temp.rounded(p_value)), '; ' ORDER BY variant)
	FROM (SELECT affinity.cluster_metric_agg(g * 0.5, g % 4) AS control FROM generate_series(1, 20) g) c, affinity.cluster_experiment(ARRAY['a', 'b'], ARRAY[control, state], 'a') $$;
CREATE FUNCTION pg_temp.did_report(state affinity.did) RETURNS text LANGUAGE sql AS $$
	SELECT concat_ws(' ', units, clusters, pg_temp.rounded(treated_before), pg_temp.rounded(treated_after), pg_temp.rounded(control_before), pg_temp.rounded(control_after),
		pg_temp.rounded(estimate), pg_temp.rounded(std_error), pg_temp.rounded(df), pg_temp.rounded(p_value)) FROM affinity.difference_in_differences(state) $$;
CREATE FUNCTION pg_temp.uplift_report(state affinity.uplift) RETURNS text LANGUAGE sql AS $$
	SELECT concat_ws(' ', pg_temp.rounded(affinity.qini(state, false)), pg_temp.rounded(affinity.auuc(state, false)), string_agg(concat_ws(' ', decile, units, treated, control, pg_temp.rounded(highest_score),
		pg_temp.rounded(uplift), pg_temp.rounded(low), pg_temp.rounded(gain)), '; ' ORDER BY decile)) FROM affinity.uplift_by_decile(state, 3) $$;
CREATE FUNCTION pg_temp.attribution_report(state affinity.attribution) RETURNS text LANGUAGE sql AS $$
	SELECT concat_ws(' | ', (SELECT string_agg(concat_ws(' ', model, channel, pg_temp.rounded(conversions), pg_temp.rounded(value)), '; ' ORDER BY model, channel COLLATE "C") FROM affinity.attribution_models(state)),
		(SELECT string_agg(concat_ws(' ', path, users, conversions, nulls, pg_temp.rounded(value)), '; ' ORDER BY path) FROM affinity.paths(state))) $$;
CREATE FUNCTION pg_temp.series_report(state affinity.series) RETURNS text LANGUAGE sql AS $$
	SELECT concat_ws(' | ', (SELECT string_agg(concat_ws(' ', period, number, value), '; ' ORDER BY period, number) FROM affinity.anomaly(state, model => 'mean')),
		(SELECT string_agg(concat_ws(' ', step, period, number, pg_temp.rounded(value)), '; ' ORDER BY step) FROM affinity.forecast(state, 2, model => 'mean'))) $$;
-- by the type's name; NULL where it answers nothing
CREATE FUNCTION pg_temp.report(type text, state text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	answer text;
BEGIN
	EXECUTE format('SELECT pg_temp.%I($1::affinity.%I)', type || '_report', type) INTO answer USING state;
	RETURN answer;
END $$;
\if :{?make}
BEGIN;
SET timezone = 'UTC';
CREATE EXTENSION IF NOT EXISTS affinity;
COPY (
	SELECT type, name, state, pg_temp.report(type, state) FROM (
		SELECT 'metric' AS type, name, state::text FROM (
			SELECT 'one unit' AS name, affinity.metric_agg(2.5) AS state
			UNION ALL SELECT 'numbers', affinity.metric_agg(sqrt(g)) FROM generate_series(1, 50) g
			UNION ALL SELECT 'whole', affinity.metric_agg(g % 7 - 2) FROM generate_series(1, 100) g
			UNION ALL SELECT 'yes or no', affinity.metric_agg(g % 3 = 0) FROM generate_series(1, 100) g
			UNION ALL SELECT 'covariate', affinity.metric_agg(sqrt(g), g % 5) FROM generate_series(1, 50) g
			UNION ALL SELECT 'yes or no with a covariate', affinity.metric_agg(g % 3 = 0, g * 0.1) FROM generate_series(1, 50) g
			UNION ALL SELECT 'far', affinity.metric_agg(x) FROM unnest(ARRAY[1e-150, -1, 1e150]) x
			UNION ALL SELECT 'ratio', affinity.ratio_agg(g * 1.25, 1 + g % 3) FROM generate_series(1, 40) g
			UNION ALL SELECT 'median', affinity.metric_quantile_agg(sqrt(g % 20), 0.5) FROM generate_series(1, 60) g
			UNION ALL SELECT 'high quantile', affinity.metric_quantile_agg(g, 0.95) FROM unnest(ARRAY[-3, 0, 0.5, 1e9, 7]) g) m
		UNION ALL
		SELECT 'cluster_metric', name, state::text FROM (
			SELECT 'whole numbers' AS name, affinity.cluster_metric_agg(g % 11, g % 4) AS state FROM generate_series(1, 60) g
			UNION ALL SELECT 'texts', affinity.cluster_metric_agg(sqrt(g), v) FROM unnest(ARRAY['', 'é', 'a longer name, with a comma']) WITH ORDINALITY u (v, no), generate_series(1, 5 * no) g
			UNION ALL SELECT 'uuids', affinity.cluster_metric_agg(g % 2 = 0, md5((g % 3)::text)::uuid) FROM generate_series(1, 30) g) c
		UNION ALL
		SELECT 'did', name, state::text FROM (
			SELECT 'shops' AS name, affinity.did_agg(g % 11 + g / 40.0, g % 8 < 4, g > 40, g % 8) AS state FROM generate_series(1, 80) g
			UNION ALL SELECT 'texts', affinity.did_agg(g % 5 < 2 OR g > 55, g % 6 < 3, g > 30, 'shop ' || g % 6) FROM generate_series(1, 60) g) d
		UNION ALL
		SELECT 'uplift', name, state::text FROM (
			SELECT 'yes or no' AS name, affinity.uplift_agg(sqrt(g), g % 2 = 0, g % 3 = 0 OR g > 40 AND g % 2 = 0) AS state FROM generate_series(1, 60) g
			UNION ALL SELECT 'numbers', affinity.uplift_agg(g % 5, g % 3 > 0, g * 0.3) FROM generate_series(1, 60) g
			UNION ALL SELECT 'far', affinity.uplift_agg(x, b, b) FROM unnest(ARRAY[-1e300, -1e-300, 1e300]) x, unnest(ARRAY[true, false]) b) u
		UNION ALL
		SELECT 'attribution', name, state::text FROM (
			SELECT 'one touch' AS name, affinity.attribution_agg(1, timestamptz '2024-01-01 00:00+00', 'ad', true) AS state
			UNION ALL SELECT 'values', affinity.attribution_agg(g % 9, timestamptz '2024-01-01 00:00+00' + g * interval '7 hours', (ARRAY['ad', 'email', 'direct', 'search'])[1 + g * g % 4], g % 5 = 0, g * 0.5) FROM generate_series(1, 60) g
			UNION ALL SELECT 'texts and a lookback', affinity.attribution_agg('user ' || g % 7, timestamp '2024-01-01' + g * interval '9 hours', (ARRAY['é', 'a longer channel, with a comma', 'direct'])[1 + g % 3], g % 4 = 1, interval '3 days') FROM generate_series(1, 40) g
			UNION ALL SELECT 'uuids and dates', affinity.attribution_agg(md5((g % 5)::text)::uuid, date '2024-01-01' + g, 'c' || g % 3, g % 6 = 0, 2.5, interval '30 days') FROM generate_series(1, 40) g
			UNION ALL SELECT 'nobody converted', affinity.attribution_agg(g::smallint, timestamptz '2024-01-01 00:00+00', 'ad', false) FROM generate_series(1, 3) g) a
		UNION ALL
		SELECT 'series', name, state::text FROM (
			SELECT 'days' AS name, affinity.series_agg(timestamptz '2024-01-01 00:00+00' + g * interval '9 hours', g % 7 + 0.25, 'day') AS state FROM generate_series(1, 40) g
			UNION ALL SELECT 'hours of a zone', affinity.series_agg(timestamptz '2024-03-30 20:00+00' + g * interval '1 hour', sqrt(g), 'hour', 'Europe/Berlin') FROM generate_series(1, 12) g
			UNION ALL SELECT 'months with gaps', affinity.series_agg(date '1999-10-05' + g * g, g, 'month') FROM generate_series(1, 15) g
			UNION ALL SELECT 'weeks', affinity.series_agg(timestamp '2024-01-01' + g * interval '5 days', -g, 'week') FROM generate_series(1, 9) g
			UNION ALL SELECT 'numbers', affinity.series_agg(g % 10 - 3, g * 0.1) FROM generate_series(1, 40) g
			UNION ALL SELECT 'far', affinity.series_agg(no, x) FROM unnest(ARRAY[1e-300, 1e15, -1e15]) WITH ORDINALITY u (x, no)) s) c
) TO STDOUT (FORMAT csv);
ROLLBACK;
\endif
