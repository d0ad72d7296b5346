-- contrast_numeric: against var_samp, avg and the formulas in plain SQL on random data (fixed
-- seed; eighths, which doubles hold exactly), in numeric, and against figures of scipy 1.10.
BEGIN;
SET LOCAL jit = off;
SELECT plan(35);
SELECT setseed(0.71);
CREATE TEMP TABLE fact AS
	SELECT id, CASE WHEN random() < 0.95 THEN random() < 0.4 END AS is_in,
		CASE WHEN random() < 0.95 THEN round(8 * ((random() - 0.5) * 10.0 ^ (id % 7) + (id % 3 - 1) * 10.0 ^ (id % 13))::numeric) / 8 END AS v
	FROM generate_series(1, 200) id, generate_series(1, id % 40);
CREATE TEMP TABLE result AS SELECT id, (r).* FROM (SELECT id, affinity.contrast_numeric(is_in, v::float8) AS r FROM fact GROUP BY id) q;

-- numeric: exact sums, more digits than doubles
CREATE TEMP TABLE plain AS
	WITH side AS (SELECT id, is_in, count(*)::numeric AS n, avg(v::numeric(60, 30)) AS m, var_samp(v) AS s2 FROM fact WHERE is_in IS NOT NULL AND v IS NOT NULL GROUP BY 1, 2
	), both_sides AS (SELECT id, coalesce(i.n, 0) AS n1, coalesce(o.n, 0) AS n2, i.m AS m1, o.m AS m2, i.s2 AS v1, o.s2 AS v2
		FROM (SELECT * FROM side WHERE is_in) i FULL JOIN (SELECT * FROM side WHERE NOT is_in) o USING (id)
	), pooled AS (SELECT *, sqrt(((n1 - 1) * coalesce(v1, 0) + (n2 - 1) * coalesce(v2, 0)) / nullif(n1 + n2 - 2, 0)) AS sp FROM both_sides
	), d AS (SELECT *, (m1 - m2) / nullif(sp, 0) AS d, v1 / n1 AS e1, v2 / n2 AS e2 FROM pooled)
	SELECT *, d - 1.959963984540054 * se AS low, d + 1.959963984540054 * se AS high, (m1 - m2) / nullif(sqrt(e1 + e2), 0) AS t,
		(e1 + e2) ^ 2 / nullif(e1 ^ 2 / nullif(n1 - 1, 0) + e2 ^ 2 / nullif(n2 - 1, 0), 0) AS df
	FROM d, LATERAL (SELECT sqrt((n1 + n2) / nullif(n1 * n2, 0) + d ^ 2 / (2 * (n1 + n2))) AS se) s;
CREATE FUNCTION pg_temp.near(a float8, b numeric) RETURNS boolean LANGUAGE sql AS
	$$ SELECT coalesce(abs(a - b::float8) <= 1e-12 * greatest(abs(b::float8), 1e-3), a IS NULL AND b IS NULL) $$;
SELECT ok(count(*) > 150 AND count(t) > 120 AND count(*) FILTER (WHERE t IS NULL) > 10, 'groups of many kinds') FROM plain;
SELECT is_empty(format('SELECT id, r.%1$I, %2$s FROM plain p FULL JOIN result r USING (id) WHERE NOT pg_temp.near(r.%1$I, %2$s) AND NOT (p.id IS NULL AND r.n_inside IS NULL)', name, of), name)
FROM (VALUES ('n_inside', 'p.n1'), ('n_outside', 'p.n2'), ('mean_inside', 'p.m1'), ('mean_outside', 'p.m2'), ('sd_inside', 'sqrt(p.v1)'), ('sd_outside', 'sqrt(p.v2)'),
	('standardized_difference', 'p.d'), ('low', 'p.low'), ('high', 'p.high'), ('t', 'p.t'), ('df', 'p.df')) f (name, of);

-- p by the integral of Student's density (Simpson), where it has digits
SELECT is_empty($$SELECT r.* FROM (SELECT * FROM result WHERE df BETWEEN 3 AND 30 AND abs(t) BETWEEN 0.01 AND 4) r, LATERAL (
		SELECT sum(CASE WHEN k IN (0, 400) THEN 1 WHEN k % 2 = 1 THEN 4 ELSE 2 END * (1 + (k * abs(t) / 400) ^ 2 / df) ^ (-(df + 1) / 2)) * abs(t) / 1200 AS inner_part FROM generate_series(0, 400) k) i, LATERAL (
		SELECT sum(CASE WHEN k IN (0, 2000) THEN 1 WHEN k % 2 = 1 THEN 4 ELSE 2 END * greatest(cos(k * pi() / 4000), 1e-8) ^ (df - 1)) * pi() / 12000 * sqrt(df) AS half FROM generate_series(0, 2000) k) h
	WHERE p_value IS NULL OR abs(p_value - (1 - inner_part / half)) > 1e-7$$, 'two-sided p-values');

-- scipy.stats.ttest_ind(x, y, equal_var=False), and numpy for the rest
CREATE TEMP TABLE published AS SELECT true AS is_in, unnest(ARRAY[12.5, 9.1, 30.2, 15.8, 22.4, 18.3, 7.7]) AS v UNION ALL SELECT false, unnest(ARRAY[10.1, 5.5, 8.8, 12.2, 6.1]);
SELECT is_empty($$SELECT * FROM (SELECT (affinity.contrast_numeric(is_in, v)).* FROM published) q,
		LATERAL (VALUES (mean_inside, 16.5714285714286), (mean_outside, 8.54), (sd_inside, 7.8993067809174), (sd_outside, 2.78801004302352), (standardized_difference, 1.26126027176602),
			(low, 0.00758859006571955), (high, 2.51493195346633), (t, 2.48224928318623), (df, 7.9141917472026), (p_value, 0.0382856151399921)) f (got, should)
	WHERE abs(got - should) > 1e-13 * greatest(should, 0.1) OR n_inside <> 7 OR n_outside <> 5 OR got IS NULL$$, 'figures of scipy');

-- A small spread beside a large mean; values are the same in a larger unit.
SELECT is((SELECT row(sd_inside, sd_outside, standardized_difference, low, high, t, df, p_value)::text FROM (SELECT (affinity.contrast_numeric(g % 2 = 0, big + (g % 2) + (g % 3))).* FROM generate_series(1, 1000) g) q),
	(SELECT row(sd_inside, sd_outside, standardized_difference, low, high, t, df, p_value)::text FROM (SELECT (affinity.contrast_numeric(g % 2 = 0, (g % 2) + (g % 3))).* FROM generate_series(1, 1000) g) q),
	'no digit is lost beside ' || big) FROM unnest(ARRAY[1e9, -1e9, 999999999999000]::float8[]) big;
SELECT ok((r).standardized_difference IS NULL AND (r).t IS NULL AND (r).p_value IS NULL AND (r).sd_inside = 0 AND (r).sd_outside = 0 AND abs((r).mean_inside - v) < 1e-18 AND (r).mean_outside = (r).mean_inside, 'all alike: ' || v::float8)
FROM (SELECT v, affinity.contrast_numeric(g % 3 = 0, v) AS r FROM generate_series(1, 77) g, unnest(ARRAY[0, 0.1, -1e15, 1e9 + 0.3, 1e-300]) v GROUP BY v) q;
SELECT ok((r).standardized_difference IS NOT NULL AND (r).t IS NULL AND (r).sd_inside IS NULL AND (r).low < (r).standardized_difference AND (r).high > (r).standardized_difference, 'one row inside')
FROM (SELECT affinity.contrast_numeric(g = 1, g) AS r FROM generate_series(1, 5) g) q;
SELECT is(affinity.contrast_numeric(true, 2.5)::text, '(1,0,2.5,,,,,,,,,)', 'one row');
SELECT is(affinity.contrast_numeric(false, v)::text, '(0,2,,2,,' || sqrt(2) || ',,,,,,)', 'nobody inside') FROM unnest(ARRAY[1, 3]) v;
SELECT is(affinity.contrast_numeric(a, b), NULL, 'no rows are NULL') FROM (VALUES (NULL::boolean, 1::float8), (true, NULL)) v (a, b);
SELECT throws_ok(format('SELECT affinity.contrast_numeric(true, %L)', v), state, NULL, v || ' is refused')
FROM (VALUES ('NaN', '22000'), ('inf', '22000'), ('-inf', '22000'), ('1.0000001e15', '22003'), ('1e300', '22003')) f (v, state);

-- Any order, any parts, workers: the same bytes.
CREATE TABLE public.profile_number AS SELECT g % 3 = 0 AS is_in, ((g * 7919) % 100003) * 0.37 + (g % 11) * 1e12 AS v FROM generate_series(1, 60000) g;
ANALYZE public.profile_number;
CREATE TEMP TABLE serial AS SELECT affinity.contrast_numeric(is_in, v) AS r FROM public.profile_number;
SELECT is((SELECT affinity.contrast_numeric(is_in, v ORDER BY v) FROM public.profile_number)::text, r::text, 'another order') FROM serial;
SET LOCAL parallel_setup_cost = 0;
SET LOCAL parallel_tuple_cost = 0;
SET LOCAL min_parallel_table_scan_size = 0;
SELECT is((SELECT affinity.contrast_numeric(is_in, v) FROM public.profile_number)::text, r::text, 'workers') FROM serial;
SELECT throws_ok($$SELECT affinity.contrast_numeric_combine('\x00', '\x00')$$, '0A000', NULL, 'as part of its aggregate only');
CREATE AGGREGATE pg_temp.merged(bytea) (SFUNC = affinity.contrast_numeric_combine, STYPE = bytea);
SELECT throws_ok($$SELECT pg_temp.merged(b) FROM (VALUES ('\x00'::bytea), (decode(repeat('ff', 212), 'hex'))) v (b)$$, '22P03', NULL, 'anything else is refused');

SELECT finish();
ROLLBACK;
