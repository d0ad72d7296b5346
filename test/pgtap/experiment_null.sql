-- Experiments in which nothing differs: how often a method finds something, looked at once and,
-- for always-valid ones, after every 100 units; fixed seeds. test/bench/run experiment has 10,000.
BEGIN;
SET LOCAL jit = off;
SELECT plan(14);
CREATE FUNCTION pg_temp.uniform(i bigint, seed bigint) RETURNS float8 LANGUAGE sql IMMUTABLE AS $$
	SELECT ((hashint8extended(i, seed) >> 11 & 9007199254740991) + 0.5) / 9007199254740992.0::float8 $$;
-- 400 experiments of two variants of 500 units: spend that is skewed, what was spent before, and yes or no
CREATE TEMP TABLE look AS SELECT e, v, k, affinity.metric_agg(-ln(u) * (0.5 + w), w) AS m, affinity.metric_agg(w + u < 0.5) AS p
FROM generate_series(1, 400) e, generate_series(0, 1) v, generate_series(0, 499) i, LATERAL (SELECT i / 50 AS k, pg_temp.uniform(e * 1000 + v * 500 + i, 1) AS u,
	pg_temp.uniform(e * 1000 + v * 500 + i, 2) AS w) d GROUP BY e, v, k;
CREATE TEMP TABLE peek AS SELECT e, v::text, k, affinity.rollup(m) OVER s AS m, affinity.rollup(p) OVER s AS p FROM look WINDOW s AS (PARTITION BY e, v ORDER BY k);
CREATE TEMP TABLE once AS SELECT e, array_agg(v) AS v, array_agg(m) AS m, array_agg(p) AS p FROM peek WHERE k = 9 GROUP BY e;
-- within 3 standard errors of 400 draws of 0.05
SELECT ok(abs(avg(found::int) - 0.05) < 3 * sqrt(0.05 * 0.95 / 400), format('%s finds something in %s', name, round(avg(found::int), 4))) FROM once, LATERAL (
	SELECT 'welch' AS name, significant AS found FROM affinity.experiment(v, m, '0') WHERE variant = '1'
	UNION ALL SELECT 'welch greater', significant FROM affinity.experiment(v, m, '0', alternative => 'greater') WHERE variant = '1'
	UNION ALL SELECT 'welch by lift', significant FROM affinity.experiment(v, m, '0', effect => 'lift') WHERE variant = '1'
	UNION ALL SELECT 'z', significant FROM affinity.experiment(v, p, '0', 'z') WHERE variant = '1'
	UNION ALL SELECT 'newcombe', low > 0 OR high < 0 FROM affinity.experiment(v, p, '0', 'z') WHERE variant = '1'
	UNION ALL SELECT 'cuped', significant FROM affinity.experiment(v, m, '0', 'cuped') WHERE variant = '1'
	UNION ALL SELECT 'cuped within', significant FROM affinity.experiment(v, m, '0', 'cuped', theta => 'within') WHERE variant = '1'
	UNION ALL SELECT 'bayesian', significant FROM affinity.experiment(v, m, '0', 'bayesian') WHERE variant = '1'
	UNION ALL SELECT 'bayesian proportions', significant FROM affinity.experiment(v, p, '0', 'bayesian') WHERE variant = '1') f GROUP BY name ORDER BY name;
CREATE TEMP TABLE peeked AS SELECT e, bool_or(w.significant) AS welch, bool_or(s.significant) AS sequential, bool_or(t.significant) AS msprt, bool_or(z.significant) AS yes
FROM (SELECT e, k, array_agg(v) AS v, array_agg(m) AS m, array_agg(p) AS p FROM peek GROUP BY e, k) g, affinity.experiment(v, m, '0') w,
	affinity.experiment(v, m, '0', 'sequential', horizon => 500) s, affinity.experiment(v, m, '0', 'msprt', tau => 0.2) t, affinity.experiment(v, p, '0', 'sequential', horizon => 500) z
WHERE w.variant = '1' AND s.variant = '1' AND t.variant = '1' AND z.variant = '1' GROUP BY e;
SELECT ok(avg(sequential::int) <= 0.05 + 3 * sqrt(0.05 * 0.95 / 400), format('sequential, looked at ten times: %s', avg(sequential::int))) FROM peeked;
SELECT ok(avg(msprt::int) <= 0.05 + 3 * sqrt(0.05 * 0.95 / 400), format('msprt, looked at ten times: %s', avg(msprt::int))) FROM peeked;
SELECT ok(avg(yes::int) <= 0.05 + 3 * sqrt(0.05 * 0.95 / 400), format('sequential of proportions: %s', avg(yes::int))) FROM peeked;
SELECT ok(avg(welch::int) > 0.12, format('welch, looked at as often, finds far too much: %s', avg(welch::int))) FROM peeked;
-- ten variants alike: the chance of finding any
SELECT ok(avg(any_raw) > 0.15 AND avg(any_holm) < 0.12, format('of five variants any: %s, adjusted by Holm %s', round(avg(any_raw), 3), round(avg(any_holm), 3))) FROM (
	SELECT bool_or(p_value < 0.05)::int AS any_raw, bool_or(significant)::int AS any_holm FROM (SELECT e / 3 AS g, array_agg(e % 3 || '-' || v) AS v, array_agg(m) AS m FROM peek WHERE k = 9 AND e BETWEEN 3 AND 398 GROUP BY 1) s,
	affinity.experiment(v, m, '0-0') GROUP BY g) a;
SELECT * FROM finish();
ROLLBACK;
