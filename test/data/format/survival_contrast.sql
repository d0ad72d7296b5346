-- How survival_contrast.csv was made, of states of the types survival and contrast, and what
-- they were asked; ../../pgtap/format_survival.sql asks again. By hand, from the project:
--
--	psql -XqAt -v make=1 -f test/data/format/survival_contrast.sql >test/data/format/survival_contrast.csv
--
-- It is not to be made again.
CREATE FUNCTION pg_temp.rounded(value float8) RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT round(value::numeric, 9)::text $$;
CREATE FUNCTION pg_temp.survival_report(state affinity.survival) RETURNS text LANGUAGE sql AS $$
	SELECT string_agg(concat_ws(' ', time, at_risk, events, censored, pg_temp.rounded(survival), pg_temp.rounded(low), pg_temp.rounded(high), pg_temp.rounded(cumulative_hazard)), '; ' ORDER BY time)
	FROM affinity.survival_curve(state) $$;
CREATE FUNCTION pg_temp.contrast_report(state affinity.contrast) RETURNS text LANGUAGE sql AS $$
	SELECT string_agg(concat_ws(' ', value, inside, outside, pg_temp.rounded(lift), pg_temp.rounded(z), pg_temp.rounded(p_adjusted)), '; ' ORDER BY value COLLATE "C")
	FROM affinity.contrast(state) $$;
\if :{?make}
BEGIN;
CREATE EXTENSION IF NOT EXISTS affinity;
COPY (
	SELECT 'survival', name, state::text, pg_temp.survival_report(state) FROM (
		SELECT 'one event' AS name, affinity.survival_agg(2.5, true) AS state
		UNION ALL SELECT 'one censored', affinity.survival_agg(0, false)
		UNION ALL SELECT 'whole', affinity.survival_agg(g % 13, g % 3 > 0) FROM generate_series(1, 200) g
		UNION ALL SELECT 'fractions', affinity.survival_agg(sqrt(g), g % 4 = 0) FROM generate_series(1, 40) g
		UNION ALL SELECT 'far', affinity.survival_agg(d, true) FROM unnest(ARRAY[1e-300, 1, 1e300]) d
		UNION ALL SELECT 'entry', affinity.survival_agg(g % 17 + 1, g % 5 > 0, g % 7 * 0.125) FROM generate_series(1, 120) g WHERE g % 7 * 0.125 < g % 17 + 1) s
	UNION ALL
	SELECT 'contrast', name, state::text, pg_temp.contrast_report(state) FROM (
		SELECT 'one value' AS name, affinity.contrast_agg(g > 2, 'x') AS state FROM generate_series(1, 5) g
		UNION ALL SELECT 'inside only', affinity.contrast_agg(true, 'v' || g % 3) FROM generate_series(1, 8) g
		UNION ALL SELECT 'texts', affinity.contrast_agg(g % 3 = 0, v) FROM unnest(ARRAY['', 'é', 'z', 'a longer value, with a comma', '日本']) WITH ORDINALITY u (v, no), generate_series(1, 5 * no) g
		UNION ALL SELECT 'many', affinity.contrast_agg(g % 5 < 2, 'item ' || g * g % 61) FROM generate_series(1, 500) g) c
) TO STDOUT (FORMAT csv);
ROLLBACK;
\endif
