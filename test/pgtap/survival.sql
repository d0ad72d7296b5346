-- Survival: R's tables (survfit, survdiff) of published data, which is read from
-- ../shared/data and not here; and plain SQL on random data (fixed seed).
\set published `test -f ../shared/data/published/data_rossi_week_arrest_fin.csv && echo true || echo false`
BEGIN;
SET LOCAL jit = off;
SELECT plan(90);
CREATE TEMP TABLE patient (dataset text, grp text, duration float8, event boolean);

-- 1. R's figures.
\if :published
CREATE TEMP TABLE gehan (line text);
\copy gehan FROM '../shared/data/published/data_gehan.dat'
INSERT INTO patient SELECT 'leukemia_gehan', CASE f[1] WHEN '2' THEN '6-MP' ELSE 'placebo' END, f[2]::float8, f[3] = '1'
FROM (SELECT regexp_split_to_array(trim(line), '\s+') AS f FROM gehan WHERE line ~ '\d') l;
CREATE TEMP TABLE waltons (t float8, e int, grp text);
\copy waltons FROM '../shared/data/published/data_waltons.csv' CSV HEADER
INSERT INTO patient SELECT 'waltons', grp, t, e = 1 FROM waltons;
CREATE TEMP TABLE rossi (week float8, arrest int, fin int);
\copy rossi FROM '../shared/data/published/data_rossi_week_arrest_fin.csv' CSV HEADER
INSERT INTO patient SELECT 'rossi', g, week, arrest = 1 FROM rossi, unnest(ARRAY['all', 'fin=' || fin]) g;
CREATE TEMP TABLE lymphoma (stage int, t float8, e int);
\copy lymphoma FROM '../shared/data/published/data_lymphoma.csv' CSV HEADER
INSERT INTO patient SELECT 'lymphoma', stage::text, t, e = 1 FROM lymphoma;
CREATE TEMP TABLE anderson (line text);
\copy anderson FROM '../shared/data/published/data_anderson_leukemia.csv'
INSERT INTO patient SELECT 'anderson', f[5], f[1]::float8, f[2] = '1' FROM (SELECT regexp_split_to_array(trim(line), '\s+') AS f FROM anderson WHERE line ~ '^\d') l;
CREATE TEMP TABLE km (dataset text, grp text, t float8, n_risk bigint, n_event bigint, survival float8, std_error float8, lower_log float8, upper_log float8,
	lower_loglog float8, upper_loglog float8);
\copy km FROM '../shared/data/published/km_tables.csv' CSV HEADER NULL 'NA'
CREATE TEMP TABLE km_quantile (dataset text, grp text, q25 float8, median float8, q75 float8, rmean float8, rmean_se float8);
\copy km_quantile FROM '../shared/data/published/km_quantiles.csv' CSV HEADER NULL 'NA'
CREATE TEMP TABLE state AS SELECT dataset, grp, affinity.survival_agg(duration, event) AS state FROM patient GROUP BY 1, 2;
CREATE FUNCTION pg_temp.near(a float8, b float8) RETURNS boolean LANGUAGE sql AS $$
	SELECT a IS NOT DISTINCT FROM b OR coalesce(abs(a - b) <= 1e-12 * greatest(abs(a), 1), false) $$;
SELECT is(count(*), 169::bigint, 'R survfit: every row of its tables')
FROM km k JOIN state s USING (dataset, grp), affinity.survival_curve(state) c, affinity.survival_curve(state, 0.95, 'log-log') l
WHERE c.time = k.t AND l.time = k.t AND c.events = k.n_event AND c.at_risk = k.n_risk AND pg_temp.near(c.survival, k.survival)
	AND pg_temp.near(c.std_error, k.std_error) AND pg_temp.near(c.low, k.lower_log) AND pg_temp.near(c.high, k.upper_log)
	AND pg_temp.near(l.low, k.lower_loglog) AND pg_temp.near(l.high, k.upper_loglog);
SELECT is(count(*), 169::bigint, 'these are all times with events') FROM state JOIN (SELECT DISTINCT dataset, grp FROM km) k USING (dataset, grp),
	affinity.survival_curve(state) c WHERE events > 0;
SELECT results_eq($$SELECT dataset, grp, round((m).mean::numeric, 9), round((m).std_error::numeric, 9), q25, median, q75 FROM (
	SELECT dataset, grp, affinity.restricted_mean(state) AS m, (affinity.survival_quantile(state, 0.25)).time AS q25, (affinity.survival_quantile(state, 0.5)).time AS median,
		(affinity.survival_quantile(state, 0.75)).time AS q75 FROM state JOIN km_quantile USING (dataset, grp)) q ORDER BY 1, 2$$,
	'SELECT dataset, grp, round(rmean::numeric, 9), round(rmean_se::numeric, 9), q25, median, q75 FROM km_quantile ORDER BY 1, 2', 'R''s quantiles and restricted means');
CREATE FUNCTION pg_temp.rank_of(dataset text, weights text) RETURNS affinity.log_rank LANGUAGE sql AS $$
	SELECT affinity.log_rank(grp, duration, event, NULL, weights) FROM patient p WHERE p.dataset = rank_of.dataset AND grp <> 'all' $$;
SELECT ok(abs((r).chi_square::numeric - x) <= 10.0 ^ -d, name) FROM (VALUES ('leukemia_gehan', 'log_rank', 12, 16.792940989217, 'R survdiff: leukemia'),
	('leukemia_gehan', 'fleming_harrington', 12, 14.457150818717, 'R survdiff, rho = 1'), ('rossi', 'log_rank', 12, 3.837569576549, 'R survdiff: rossi by fin'),
	('waltons', 'log_rank', 11, 122.24912557301, 'R survdiff: waltons'), ('lymphoma', 'log_rank', 12, 6.709710357613, 'StatsDirect: lymphoma'),
	('anderson', 'wilcoxon', 6, 13.457852, 'Kleinbaum and Klein: Wilcoxon'), ('anderson', 'tarone_ware', 6, 15.123575, 'Tarone-Ware'),
	('anderson', 'peto', 6, 14.084139, 'Peto')) x (dataset, weights, d, x, name), LATERAL (SELECT pg_temp.rank_of(dataset, weights) AS r) r;
SELECT is(round((pg_temp.rank_of(dataset, weights)).p_value::numeric, d), p, 'its p-value') FROM (VALUES ('leukemia_gehan', 'log_rank', 18, 0.000041688091093346),
	('leukemia_gehan', 'fleming_harrington', 17, 0.00014338444481939), ('rossi', 'log_rank', 14, 0.05011611740901), ('lymphoma', 'log_rank', 15, 0.009588929834756)) x (dataset, weights, d, p);
SELECT ok(abs((pg_temp.rank_of('waltons', 'log_rank')).p_value / 2.0359832222855e-28 - 1) < 1e-10, 'a very small one');
\else
SELECT skip('../shared/data/published is not there', 16);
\endif
-- lifelines' tests, from R
SELECT is(round((r).chi_square::numeric, 12)::text || ' ' || round((r).p_value::numeric, 12), x, 'six rows') FROM (
	SELECT affinity.log_rank(g, t, e) AS r1, affinity.log_rank(g, t, true) AS r2 FROM (VALUES (1, 10, true), (1, 20, false), (1, 30, true), (0, 10, true), (0, 20, false), (0, 50, true)) p (g, t, e)) q,
	LATERAL (VALUES (q.r1, '0.384615384615 0.535143452398'), (q.r2, '0.254237288136 0.614107150055')) v (r, x);

-- 2. Random data, some entering late, with many ties; as plain SQL has it.
SELECT setseed(0.29);
CREATE TEMP TABLE subject AS
	SELECT id, g, s, entry, CASE WHEN entry IS NULL THEN d ELSE entry + d + 1 END AS duration, random() < 0.6 AS event
	FROM (SELECT id, (random() * 2)::int AS g, (random() * 2)::int AS s, CASE WHEN id % 3 = 0 AND random() < 0.5 THEN floor(random() * 6) END AS entry,
			CASE WHEN id % 2 = 0 THEN floor(random() * 12) ELSE round((random() * 20)::numeric, 2) END AS d
		FROM generate_series(1, 50) id, generate_series(1, 1 + id * 17 % 37)) r;
CREATE TEMP TABLE plain AS
	WITH exit AS (SELECT id, duration AS t, count(*) FILTER (WHERE event) AS d, count(*) FILTER (WHERE NOT event) AS c FROM subject GROUP BY 1, 2
	), risk AS (SELECT e.*, (SELECT count(*) FROM subject s WHERE s.id = e.id AND s.duration >= t AND (entry IS NULL OR entry < t)) AS n FROM exit e)
	SELECT *, CASE WHEN bool_or(d = n) OVER w THEN 0 ELSE exp(sum(CASE WHEN d < n THEN ln(1 - d::float8 / n) ELSE 0 END) OVER w) END AS s,
		sum(CASE WHEN d < n THEN d::float8 / (n * (n - d)) END) OVER w AS g, sum(d::float8 / n) OVER w AS h, sum(d::float8 / n ^ 2) OVER w AS v
	FROM risk WINDOW w AS (PARTITION BY id ORDER BY t);
CREATE TEMP TABLE random_state AS SELECT id, affinity.survival_agg(duration, event, entry) AS state FROM subject GROUP BY 1;
SELECT is((SELECT count(*) FROM plain), (SELECT count(*) FROM random_state, affinity.survival_curve(state)), 'all times of random data, late entries too');
SELECT is_empty(format($$SELECT * FROM (SELECT p.*, c.*, c.survival AS cs FROM plain p LEFT JOIN (SELECT id, c.* FROM random_state, affinity.survival_curve(state, 0.9, %L) c) c ON c.id = p.id AND c.time = p.t) q
	WHERE NOT coalesce(at_risk = n AND events = d AND censored = c AND abs(cs - s) < 1e-12 AND abs(cumulative_hazard - h) < 1e-12 AND abs(hazard_std_error - sqrt(v)) < 1e-12, false)
		OR s = 0 AND (std_error, low, high) IS DISTINCT FROM (NULL::float8, NULL::float8, NULL::float8)
		OR s > 0 AND NOT coalesce(abs(std_error - s * sqrt(g)) < 1e-12 AND abs(low - greatest(%s, 0)) < 1e-9 AND abs(high - least(%s, 1)) < 1e-9, false)$$, bounds,
		replace(f, '@', '-'), replace(f, '@', '+')), 'the curve with bounds ' || bounds)
FROM (VALUES ('log', 's * exp(@1.6448536269514722 * sqrt(g))'), ('PLAIN', 's @ 1.6448536269514722 * s * sqrt(g)'),
	('log-log', 'CASE WHEN s = 1 THEN 1 ELSE s ^ exp(@1.6448536269514722 * sqrt(g) / ln(s)) END')) b (bounds, f);
SELECT is_empty($$SELECT * FROM random_state r, unnest(ARRAY[-1, 0, 0.5, 3, 5, 7.25, 11, 19, 1000]) t,
	affinity.survival_at(state, ARRAY[t, NULL, 3, t]) a,
	LATERAL (SELECT max(p.t) AS last, min(s) FILTER (WHERE p.t <= a.time) AS s FROM plain p WHERE p.id = r.id) p
	WHERE coalesce(p.s, 1) IS DISTINCT FROM round(a.survival::numeric, 12)::float8 AND NOT coalesce(abs(coalesce(p.s, 1) - a.survival) < 1e-12, false) AND NOT (a.time > last AND s > 0 AND a.survival IS NULL)
	OR at_risk <> (SELECT count(*) FROM subject s WHERE s.id = r.id AND duration >= a.time AND (entry IS NULL OR entry < a.time)) AND a.time = ANY (SELECT p.t FROM plain p WHERE p.id = r.id)$$,
	'survival at times, in any order');
SELECT results_eq($$SELECT time FROM random_state, affinity.survival_at(state, '{3,1,NULL,2,3}') WHERE id = 26$$, 'VALUES (3::float8), (1), (2), (3)', 'rows as asked for');
SELECT is_empty($$SELECT * FROM random_state r, unnest(ARRAY[0.01, 0.25, 0.5, 0.9]) q, affinity.survival_quantile(state, q) a
	WHERE a.time IS DISTINCT FROM (SELECT CASE WHEN abs(max(s) - (1 - q)) < 1e-9 AND min(t) FILTER (WHERE s < (1 - q) - 1e-9) IS NOT NULL
		THEN (min(t) + min(t) FILTER (WHERE s < (1 - q) - 1e-9)) / 2 ELSE min(t) END FROM plain p WHERE p.id = r.id AND s < 1 - q + 1e-9)$$, 'quantiles: the first time, or the middle of where it stays');
SELECT is_empty($$SELECT * FROM random_state r, unnest(ARRAY[0.25, 0.5]) q, affinity.survival_quantile(state, q, 0.8, 'log-log') a
	WHERE (a.low, a.high) IS DISTINCT FROM (SELECT (min(c.time) FILTER (WHERE c.low < 1 - q + 1e-8), min(c.time) FILTER (WHERE c.high < 1 - q + 1e-8)) FROM affinity.survival_curve(state, 0.8, 'log-log') c)$$,
	'their bounds are where the bounds of the curve are');
-- area by steps, and its variance
SELECT is_empty($$WITH step AS (
		SELECT id, t, d, n, s, lead(t, 1, u) OVER w AS until, u FROM (
			SELECT id, t, d, n, s, u FROM plain, unnest(ARRAY[2, 5.5, 11]) u WHERE t <= u UNION ALL SELECT DISTINCT id, -1, 0, 1, 1::float8, u FROM plain, unnest(ARRAY[2, 5.5, 11]) u) x
		WINDOW w AS (PARTITION BY id, u ORDER BY t)
	), area AS (SELECT *, sum(s * (until - greatest(t, 0))) OVER (PARTITION BY id, u ORDER BY t DESC) AS behind FROM step
	), mean AS (SELECT id, u, max(behind) AS mean, sqrt(coalesce(sum(behind ^ 2 * d / (n * (n - d))) FILTER (WHERE d > 0 AND d < n), 0)) AS error FROM area GROUP BY 1, 2)
	SELECT * FROM mean JOIN random_state USING (id), affinity.restricted_mean(state, u) m WHERE abs(m.mean - mean.mean) > 1e-10 OR abs(m.std_error - error) > 1e-10 OR up_to <> u$$,
	'restricted means');

-- 3. The state.
SELECT is_empty($$SELECT id FROM random_state JOIN (SELECT id, affinity.survival_agg(duration, event, entry ORDER BY random()) AS other FROM subject GROUP BY 1) o USING (id)
	WHERE state <> other OR state::text <> other::text OR affinity.survival_hash(state) <> affinity.survival_hash(other)$$, 'any order gives the same bytes');
SELECT is_empty($$SELECT id FROM random_state JOIN (SELECT id, affinity.rollup(part ORDER BY random()) AS other FROM (
		SELECT id, affinity.survival_agg(duration, event, entry) AS part FROM subject GROUP BY id, (random() * 4)::int) p GROUP BY 1) o USING (id) WHERE state::text <> other::text$$, 'parts roll up to the same bytes');
SELECT is_empty('SELECT id FROM random_state WHERE state::text::affinity.survival <> state', 'text goes out and in');
SELECT is(count(DISTINCT state), 50::bigint, 'others differ') FROM random_state;
CREATE TEMP TABLE copied (id int, state affinity.survival);
\copy (SELECT * FROM random_state) TO '/tmp/affinity_survival.copy' BINARY
\copy copied FROM '/tmp/affinity_survival.copy' BINARY
\! rm -f /tmp/affinity_survival.copy
SELECT is(count(*), 50::bigint, 'binary goes out and in') FROM copied c JOIN random_state r USING (id) WHERE c.state = r.state;
CREATE TABLE public.survival_rows AS SELECT md5(i::text) AS k, (hashint4(i) & 65535)::float8 / (1 + i % 3) AS duration, i % 5 > 1 AS event, i % 7 AS g, i % 11 AS s FROM generate_series(1, 60000) i;
ANALYZE public.survival_rows;
CREATE TEMP TABLE serial AS SELECT affinity.survival_agg(duration, event) AS state, affinity.log_rank(g, duration, event, s, 'wilcoxon') AS rank FROM public.survival_rows;
SET LOCAL parallel_setup_cost = 0;
SET LOCAL parallel_tuple_cost = 0;
SET LOCAL min_parallel_table_scan_size = 0;
CREATE FUNCTION pg_temp.plan_of(query text) RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
	RETURN QUERY EXECUTE 'EXPLAIN (COSTS OFF) ' || query;
END $$;
SELECT matches((SELECT string_agg(l, E'\n') FROM pg_temp.plan_of('SELECT affinity.survival_agg(duration, event), affinity.log_rank(g, duration, event, s, ''wilcoxon'') FROM public.survival_rows') l),
	'Finalize Aggregate.*Gather.*Partial Aggregate', 'aggregates run in parallel');
CREATE TEMP TABLE parallel AS SELECT affinity.survival_agg(duration, event) AS state, affinity.log_rank(g, duration, event, s, 'wilcoxon') AS rank FROM public.survival_rows;
SELECT ok(p.state::text = s.state::text AND p.rank::text = s.rank::text, 'and give the same') FROM parallel p, serial s;
SET LOCAL max_parallel_workers_per_gather = 0;
SELECT is((SELECT sum(events + censored) FROM serial, affinity.survival_curve(state)), 60000::numeric, 'no row is lost as the state grows');
SELECT is((affinity.log_rank(g, duration, event, s, 'wilcoxon' ORDER BY k))::text, (SELECT rank::text FROM serial), 'the order of rows does not matter') FROM public.survival_rows;

-- damaged states
CREATE FUNCTION pg_temp.fate(state bytea) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	s affinity.survival;
BEGIN
	s := encode(state, 'base64')::affinity.survival;
	RETURN CASE WHEN bool_and(at_risk >= events + censored AND time >= 0) THEN 'sound' ELSE 'unsound' END FROM affinity.survival_curve(s);
EXCEPTION WHEN invalid_binary_representation THEN
	RETURN 'refused';
END $$;
CREATE TEMP TABLE byte AS SELECT decode(state::text, 'base64') AS b FROM random_state WHERE id IN (3, 8);
SELECT is_empty($$SELECT fate FROM byte, generate_series(0, length(b) - 1) i, unnest(ARRAY[0, 1, 3, 128, 255]) x, LATERAL (SELECT pg_temp.fate(set_byte(b, i, get_byte(b, i) # x)) AS fate) f
	WHERE fate NOT IN ('sound', 'refused')$$, 'every byte changed: refused, or a state that can be');
SELECT is_empty($$SELECT i FROM byte, generate_series(0, length(b) - 1) i WHERE pg_temp.fate(substr(b, 1, i)) <> 'refused'$$, 'cut anywhere: refused');
SELECT is(pg_temp.fate(b || '\x00'), 'refused', 'a byte more') FROM byte;
SELECT is(pg_temp.fate(set_byte(decode(affinity.survival_agg(5, true)::text, 'base64'), 36, 6)), 'refused', 'somebody entered, nobody ended');

-- 4. log_rank of three groups in strata, with weights and late entries: 2 by 2 in plain SQL.
CREATE TEMP TABLE moment_row AS
	SELECT id, s, t, g.g, (SELECT count(*) FROM subject x WHERE x.id = e.id AND x.s = e.s AND x.g = g.g AND x.duration >= t AND (entry IS NULL OR entry < t)) AS n_g,
		(SELECT count(*) FROM subject x WHERE x.id = e.id AND x.s = e.s AND x.g = g.g AND x.duration = t AND event) AS d_g
	FROM (SELECT DISTINCT id, s, duration AS t FROM subject WHERE event) e, (VALUES (0), (1), (2)) g (g);
CREATE TEMP TABLE moment AS SELECT id, s, t, sum(n_g)::float8 AS n, sum(d_g)::float8 AS d, max(n_g) FILTER (WHERE g = 0)::float8 AS n0, max(d_g) FILTER (WHERE g = 0)::float8 AS d0,
	max(n_g) FILTER (WHERE g = 1)::float8 AS n1, max(d_g) FILTER (WHERE g = 1)::float8 AS d1 FROM moment_row GROUP BY 1, 2, 3;
CREATE FUNCTION pg_temp.times(float8, float8) RETURNS float8 LANGUAGE sql AS 'SELECT $1 * $2';
CREATE AGGREGATE pg_temp.product(float8) (SFUNC = pg_temp.times, STYPE = float8, INITCOND = '1');
CREATE TEMP TABLE weighted AS SELECT m.*, w.* FROM (
	SELECT *, pg_temp.product(1 - d / (n + 1)) OVER w AS peto, coalesce(pg_temp.product(1 - d / n) OVER (w ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 1) AS fh
	FROM moment WINDOW w AS (PARTITION BY id, s ORDER BY t)) m, LATERAL (VALUES ('log_rank', 1), ('wilcoxon', n), ('tarone_ware', sqrt(n)), ('peto', peto), ('fleming_harrington', fh)) w (weights, w);
CREATE TEMP TABLE tested AS
	SELECT id, weights, (a * a * c - 2 * a * b * h + b * b * v) / det AS chi_square, e0 FROM (
		SELECT *, v * c - h * h AS det FROM (
			SELECT id, weights, sum(w * (d0 - d * n0 / n)) AS a, sum(w * (d1 - d * n1 / n)) AS b, sum(f * n0 / n * (1 - n0 / n)) AS v, sum(f * n1 / n * (1 - n1 / n)) AS c,
				sum(-f * n0 / n * n1 / n) AS h, sum(d * n0 / n) AS e0
			FROM (SELECT *, CASE WHEN n > 1 THEN w * w * d * (n - d) / (n - 1) ELSE 0 END AS f FROM weighted) x GROUP BY 1, 2) y) z
	WHERE det > 1e-6 * v * c;
SELECT is_empty(format($$SELECT * FROM tested JOIN (SELECT id, affinity.log_rank(g, duration, event, s, %1$L, entry) AS r FROM subject GROUP BY 1) q USING (id)
	WHERE weights = %1$L AND cardinality((r).groups) = 3 AND (r).df = 2 AND NOT coalesce(abs((r).chi_square - chi_square) <= 1e-8 * (1 + chi_square) AND abs((r).p_value - exp(-chi_square / 2)) < 1e-8 AND abs((r).expected[1] - e0) < 1e-9, false)$$, w),
	'three groups in strata: ' || w) FROM unnest(ARRAY['log_rank', 'wilcoxon', 'tarone_ware', 'peto', 'fleming_harrington']) w;
SELECT cmp_ok(count(*), '>', 25::bigint, 'in most logs it is defined') FROM tested WHERE weights = 'peto';
SELECT is_empty($$SELECT id FROM (SELECT id, affinity.log_rank(g, duration, event) AS a, affinity.log_rank(2 - g, duration, event) AS b, affinity.log_rank('group ' || g, duration, event, 'x', 'LOG_RANK') AS c,
		sum(event::int) AS d FROM subject GROUP BY 1) q WHERE abs((a).chi_square - (b).chi_square) > 1e-9 OR (a).chi_square IS DISTINCT FROM (c).chi_square OR abs((SELECT sum(e) FROM unnest((a).expected) e) - d) > 1e-9$$,
	'names of groups do not matter; as many events are expected as there are');
SELECT ok((a).chi_square IS NULL AND (a).df = 0 AND (a).p_value IS NULL AND (a).groups = '{1}' AND (a).n = '{3}', 'one group has nothing to be compared with') FROM (SELECT affinity.log_rank(1, t, true) AS a FROM generate_series(1, 3) t) q;
SELECT ok((a).chi_square = 0 AND (a).p_value = 1 AND (a).df = 0 OR (a).chi_square IS NULL, 'no event, no test') FROM (SELECT affinity.log_rank(t, t, false) AS a FROM generate_series(1, 3) t) q;
SELECT is((affinity.log_rank(t % 40, t % 17, t % 3 = 0, t % 500)).df, 39::bigint, 'many groups and strata') FROM generate_series(1, 20000) t;
SELECT ok(affinity.log_rank(t % 2, t * 7 % 100, true, t / 4 ORDER BY t) = affinity.log_rank(t % 2, t * 7 % 100, true, t / 4 ORDER BY t * 7919 % 40009), '20,000 cells in any order') FROM generate_series(1, 40000) t;
SELECT throws_ok('SELECT affinity.log_rank(t, 1, true) FROM generate_series(1, 1001) t', '54000', NULL, 'too many groups');
SELECT throws_ok('SELECT affinity.log_rank(1, 1, true, 1, ''savage'')', '22023', 'unknown weights "savage"', 'no such weights');
CREATE AGGREGATE pg_temp.forged(bytea) (SFUNC = affinity.log_rank_combine, STYPE = bytea, FINALFUNC = affinity.log_rank_final);
SELECT throws_ok(format('SELECT pg_temp.forged(b) FROM unnest(ARRAY[%1$L, %1$L]::bytea[]) b', '\x' || b), '22P03', NULL, 'a forged state')
FROM unnest(ARRAY['', repeat('00', 40), '4b524641010000000000000000000000ffff00000000000000000000', '4b5246410100000001000000000000000000000000000000000000000000000000000000000000000000000000']) b;

-- 5. Edges.
SELECT is(affinity.survival_agg(d, e), NULL, 'no rows are NULL') FROM (VALUES (NULL::float8, true), (1, NULL)) v (d, e);
SELECT is_empty('SELECT * FROM affinity.survival_curve(NULL)', 'of which nothing is known');
SELECT is(affinity.restricted_mean(NULL::affinity.survival), NULL, 'nor a mean');
SELECT results_eq($$SELECT c.* FROM (SELECT affinity.survival_agg(5, false) AS s) x, affinity.survival_curve(s) c$$,
	'VALUES (5::float8, 1::bigint, 0::bigint, 1::bigint, 1::float8, 0::float8, 1::float8, 1::float8, 0::float8, 0::float8)', 'one row, censored');
SELECT results_eq($$SELECT c.* FROM (SELECT affinity.survival_agg(t, e) AS s FROM (VALUES (0, true), (-0.0::float8, false), (1e300, true), (1e-300, false)) v (t, e)) x, affinity.survival_curve(s) c$$,
	'VALUES (0::float8, 4::bigint, 1::bigint, 1::bigint, 0.75::float8, 0.75 * sqrt(1.0::float8 / 12), 0.42593226849798205::float8, 1::float8, 0.25::float8, 0.25::float8),
		(1e-300, 2, 0, 1, 0.75, 0.75 * sqrt(1.0::float8 / 12), 0.42593226849798205, 1, 0.25, 0.25), (1e300, 1, 1, 0, 0, NULL, NULL, NULL, 1.25, sqrt(1.0625::float8))',
	'0 and -0, huge and tiny; who is censored with an event was at risk');
SELECT ok(abs((m).mean / (0.9 * u) - 1) < 1e-15 AND abs((m).std_error / (0.355316760088797 * u) - 1) < 1e-14, 'the mean in a unit of ' || u) FROM (
	SELECT u, affinity.restricted_mean(affinity.survival_agg(t * u, e)) AS m FROM unnest('{1e-300,1e300}'::float8[]) u, (VALUES (1, true), (0.5, true), (2, false), (0.1, true)) v (t, e) GROUP BY u) x;
SELECT cmp_ok(abs((affinity.survival_quantile(affinity.survival_agg(t, true), 0.5)).time / 1.4e308::float8 - 1), '<', 1e-15::float8, 'the middle of two times near the end of double') FROM unnest('{1.2e308,1.6e308}'::float8[]) t;
SELECT ok((q).time IS NULL AND (m).mean = 5 AND (m).std_error = 0 AND (m).up_to = 5, 'all censored: no median') FROM (
	SELECT affinity.survival_quantile(s, 0.5) AS q, affinity.restricted_mean(s) AS m FROM (SELECT affinity.survival_agg(5, false) AS s FROM generate_series(1, 3)) x) y;
SELECT throws_ok(format('SELECT affinity.survival_agg(%s)', a), c, m, a) FROM (VALUES ('''NaN''::float8, true', '22000', 'NaN duration'), ('''inf''::float8, true', '22000', 'infinite duration'),
	('-1, true', '22023', 'duration must not be negative, but is -1'), ('1, true, 1', '22023', 'entry 1 is not before duration 1'), ('1, true, -1', '22023', 'entry must not be negative, but is -1'),
	('1, true, ''NaN''', '22000', 'NaN entry')) v (a, c, m);
SELECT throws_ok(format('SELECT affinity.%s FROM (SELECT affinity.survival_agg(1, true) AS s) x', f), '22023', NULL, f) FROM unnest(ARRAY['survival_curve(s, 1)', 'survival_curve(s, ''NaN'')',
	'survival_curve(s, 0.9, ''wide'')', 'survival_quantile(s, 0)', 'survival_quantile(s, 1)', 'restricted_mean(s, -1)', 'restricted_mean(s, ''inf'')']) f;
SELECT throws_ok('SELECT affinity.survival_at(s, ''{NaN}'') FROM (SELECT affinity.survival_agg(1, true) AS s) x', '22000', 'NaN time', 'survival_at NaN');
SELECT throws_ok('SELECT affinity.survival_combine(s, s) FROM (SELECT affinity.survival_agg(1, true) AS s) x', '0A000', NULL, 'rollup merges');

-- 6. Rows that stand for several: as if each had come so often.
CREATE TEMP TABLE grouped AS SELECT n % 7 + 1.5 AS t, n % 3 = 0 AS e, CASE WHEN n % 2 = 0 THEN (n % 4) / 4.0 END AS entry, n % 6 AS weight FROM generate_series(1, 500) n;
SELECT is(affinity.survival_agg(t, e, entry, weight)::text,
	(SELECT affinity.survival_agg(t, e, entry)::text FROM grouped, generate_series(1, weight)), 'weights are repeated rows, byte by byte') FROM grouped;
SELECT ok((SELECT affinity.survival_agg(t, e, NULL, n) FROM (SELECT t, e, count(*) AS n FROM grouped GROUP BY 1, 2) g) = affinity.survival_agg(t, e),
	'counts of GROUP BY are what its rows are') FROM grouped;
SELECT ok(affinity.survival_agg(1, true, NULL, w) IS NULL, 'rows of no weight are none') FROM unnest('{0,NULL}'::float8[]) w;
SELECT is((SELECT at_risk FROM affinity.survival_curve(s)), 4398046511103, 'the largest weight') FROM (SELECT affinity.survival_agg(1, true, NULL, 4398046511103) AS s) x;
SELECT throws_ok(format('SELECT affinity.survival_agg(1, true, NULL, %s)', w), c, NULL, 'weight ' || w)
	FROM (VALUES ('-1', '22023'), ('1.5', '22023'), ('4398046511104', '22023'), ('''NaN''', '22000')) v (w, c);

SELECT finish();
ROLLBACK;
