-- Clusters: least squares with cluster-robust errors as statsmodels 0.13 (cov_type='cluster', use_t; R's qt, as scipy's has 9 digits)
-- and R's sandwich (vcovCL, HC1) have them, stored; and plain SQL.
BEGIN;
SET LOCAL jit = off;
SELECT plan(79);
CREATE FUNCTION pg_temp.near(a float8, b float8, digits int DEFAULT 11) RETURNS boolean LANGUAGE sql AS $$
	SELECT a IS NOT DISTINCT FROM b OR coalesce(abs(a - b) <= 10.0 ^ -digits * greatest(abs(a), abs(b)), false) $$;
CREATE TEMP TABLE row AS SELECT k, i, c, (i * 7919 * k) % 101 / 4.0::float8 + c * c * k % 13 + i % 3 + 2 * (t AND a)::int AS v, t, a FROM (
	SELECT k, i, i * (k + 3) * 31 % g AS c, i * (k + 3) * 31 % g % 3 = 0 AS t, i / 5 % 2 = 0 AS a FROM (VALUES (1, 300, 11), (2, 500, 40), (3, 97, 5), (4, 1200, 120)) x (k, n, g), generate_series(1::bigint, n) i) q;

-- 1. Figures.
SELECT ok(pg_temp.near((d).estimate, x) AND pg_temp.near((d).std_error, e) AND pg_temp.near((d).low, l, 9) AND pg_temp.near((d).high, h, 9) AND pg_temp.near((d).p_value, p, 9) AND (d).df = (d).clusters - 1, 'statsmodels: differences in differences ' || k)
FROM (SELECT k, affinity.difference_in_differences(affinity.did_agg(v, t, a, c), 0.9) AS d FROM row GROUP BY 1) q JOIN (VALUES (1, 0.21788341822297, 0.9767313408079777, -1.5524041644222903, 1.9881710008682305, 0.8279685586192477), (2, 1.3349034866694924, 0.9275297207835508, -0.42237447788550897, 3.092181451224494, 0.19326848405314037),
	(3, -0.39443436176648144, 0.682212502672218, -1.8488068931800881, 1.0599381696471177, 0.5941393979616906), (4, 3.929999999999989, 1.8341085418811673, 0.8894895351185479, 6.97051046488143, 0.03417139874121919)) v (k, x, e, l, h, p) USING (k);
SELECT ok(pg_temp.near(difference, x) AND pg_temp.near(std_error, e) AND pg_temp.near(low, l, 9) AND pg_temp.near(high, h, 9) AND pg_temp.near(p_value, p, 9) AND pg_temp.near(mean - control_mean, difference, 9), 'statsmodels: two arms ' || k)
FROM (SELECT k, array_agg(name ORDER BY name) AS names, array_agg(m ORDER BY name) AS metrics FROM (SELECT k, CASE WHEN t THEN 'B' ELSE 'A' END AS name, affinity.cluster_metric_agg(v, c) AS m FROM row GROUP BY 1, 2) q GROUP BY 1) q
	JOIN (VALUES (1, -0.5496567996567991, 2.7331012955603957, -6.639385982650626, 5.540072383337027, 0.8446434539358268), (2, 1.7119133450650055, 2.063254343702109, -3.166907912055341, 6.590734602185352, 0.4340795754994977),
	(3, -6.854705619982156, 2.688110051179255, -14.318095613811803, 0.608684373847491, 0.06330479356342876), (4, -0.5081250000000055, 0.9524764778281042, -2.394123556046112, 1.377873556046101, 0.5946979319717437)) v (k, x, e, l, h, p) USING (k),
	affinity.cluster_experiment(names, metrics) r WHERE r.variant = 'B';
-- every cluster has units in both arms
SELECT ok(pg_temp.near(difference, x, 10) AND pg_temp.near(std_error, e, 10) AND pg_temp.near(p_value, p, 9) AND pg_temp.near(lift, y, 10) AND pg_temp.near((lift_high - lift_low) / (high - low) * std_error, f, 9), 'statsmodels: clusters in both arms, and the lift by its delta method ' || k)
FROM (SELECT k, array_agg(name ORDER BY name) AS names, array_agg(m ORDER BY name) AS metrics FROM (SELECT k, CASE WHEN a THEN 'new' ELSE 'old' END AS name, affinity.cluster_metric_agg(v, c) AS m FROM row GROUP BY 1, 2) q GROUP BY 1) q
	JOIN (VALUES (1, 1.07499999999999, 0.39627855058436806, 0.021830756069213544, 0.053682896379525134, 0.021769260319649326), (2, 0.28399999999998915, 0.607341077370457, 0.6542702602437935, 0.01463314097279415, 0.031936409640245376),
	(3, 0.33471513605442854, 0.4225198579742426, 0.47258354314135276, 0.017757752451630356, 0.02279828786011064), (4, 0.6174999999999868, 0.8869962187099196, 0.4876799836786121, 0.031737873433985805, 0.0463786708002948)) v (k, x, e, p, y, f) USING (k),
	affinity.cluster_experiment(names, metrics, 'old') r WHERE r.variant = 'new';
-- R: lm(v ~ t * a), vcovCL(m, cluster = c, type = 'HC1'), 22 degrees of freedom
SELECT ok(pg_temp.near((d).estimate, -0.16229179058400928) AND pg_temp.near((d).std_error, 0.8398329680302) AND pg_temp.near((d).treated_before, 52.8404907975460 - 0.3922149354770, 12), 'sandwich''s vcovCL') FROM (
	SELECT affinity.difference_in_differences(affinity.did_agg((i * 7919 % 101 + c % 7)::float8, c % 3 = 0, i % 2 = 0, c)) AS d FROM (SELECT i, i % 23 AS c FROM generate_series(1, 1000) i) q) r;
-- the same in plain SQL
SELECT is_empty($$WITH mean AS (SELECT k, t, a, avg(v) AS m, count(*) AS n FROM row GROUP BY 1, 2, 3
	), score AS (SELECT r.k, c, sum((v - m) / n * CASE WHEN t = a THEN 1 ELSE -1 END) AS g FROM row r JOIN mean USING (k, t, a) GROUP BY 1, 2
	), plain AS (SELECT k, sqrt(sum(g * g) * count(*) / (count(*) - 1) * ((SELECT count(*) FROM row r WHERE r.k = s.k) - 1) / ((SELECT count(*) FROM row r WHERE r.k = s.k) - 4.0)) AS e FROM score s GROUP BY 1)
	SELECT * FROM plain JOIN (SELECT k, affinity.difference_in_differences(affinity.did_agg(v, t, a, c)) AS d FROM row GROUP BY 1) q USING (k) WHERE NOT pg_temp.near(e, (d).std_error, 9)$$, 'the errors in plain SQL');
SELECT is_empty($$SELECT * FROM (SELECT k, affinity.difference_in_differences(affinity.did_agg(v, t, a, c)) AS d FROM row GROUP BY 1) q WHERE NOT pg_temp.near((d).estimate, ((d).treated_after - (d).treated_before) - ((d).control_after - (d).control_before), 9)
	OR (d).units <> (SELECT count(*) FROM row r WHERE r.k = q.k) OR (d).clusters <> (SELECT count(DISTINCT c) FROM row r WHERE r.k = q.k)$$, 'means, units and clusters');
-- every unit its own cluster: Welch's test, but for its degrees of freedom
SELECT ok(pg_temp.near(r.std_error ^ 2, ((w).sd_inside ^ 2 * ((w).n_inside - 1) / (w).n_inside ^ 2 + (w).sd_outside ^ 2 * ((w).n_outside - 1) / (w).n_outside ^ 2) * 300 / 298, 10), 'clusters of one unit') FROM (
	SELECT affinity.contrast_numeric(t, v) AS w, affinity.cluster_metric_agg(v, i) FILTER (WHERE NOT t) AS a, affinity.cluster_metric_agg(v, i) FILTER (WHERE t) AS b FROM row WHERE k = 1) q, affinity.cluster_experiment('{A,B}', ARRAY[a, b]) r WHERE variant = 'B';
-- under the null, days alike within regions: alpha is as it should be, where the test of units alone is far off
CREATE TEMP TABLE null_run AS SELECT run, affinity.cluster_metric_agg(x, c) FILTER (WHERE NOT b) AS a, affinity.cluster_metric_agg(x, c) FILTER (WHERE b) AS b, affinity.contrast_numeric(b, x) AS w FROM (
	SELECT run, c, affinity.assign(run * 100 + c, 'null', '{0.5,0.5}') = 1 AS b, sum(random()) OVER (PARTITION BY run, c) / 2 + random() * 5 AS x FROM (SELECT setseed(0.14)) s, generate_series(1, 400) run, generate_series(1, 40) c, generate_series(1, 10) u) q GROUP BY 1;
SELECT ok(count(*) FILTER (WHERE r.p_value < 0.05) BETWEEN 8 AND 36 AND count(*) FILTER (WHERE (w).p_value < 0.05) > 40, count(*) FILTER (WHERE r.p_value < 0.05) || ' false alarms in 400, and ' || count(*) FILTER (WHERE (w).p_value < 0.05) || ' without clusters')
FROM null_run, affinity.cluster_experiment('{A,B}', ARRAY[a, b]) r WHERE variant = 'B';

-- 2. States.
CREATE TEMP TABLE state AS SELECT k, affinity.cluster_metric_agg(v, c) AS metric, affinity.did_agg(v, t, a, c) AS did FROM row GROUP BY 1;
SELECT is_empty($$SELECT k FROM state JOIN (SELECT k, affinity.cluster_metric_agg(v, c ORDER BY random()) AS metric, affinity.did_agg(v, t, a, c ORDER BY random()) AS did FROM row GROUP BY 1) o USING (k)
	WHERE state.metric <> o.metric OR state.did <> o.did OR state.metric::text <> o.metric::text OR affinity.did_hash(state.did) <> affinity.did_hash(o.did)$$, 'any order gives the same bytes');
SELECT is_empty($$SELECT k FROM state JOIN (SELECT k, affinity.rollup(metric ORDER BY random()) AS metric, affinity.rollup(did ORDER BY random()) AS did FROM (
	SELECT k, affinity.cluster_metric_agg(v, c) AS metric, affinity.did_agg(v, t, a, c) AS did FROM row GROUP BY k, (random() * 9)::int) p GROUP BY 1) o USING (k) WHERE state.metric::text <> o.metric::text OR state.did::text <> o.did::text$$, 'parts roll up to the same bytes');
SELECT is_empty($$SELECT k FROM state WHERE metric::text::affinity.cluster_metric <> metric OR did::text::affinity.did <> did$$, 'text goes out and in');
SELECT is(count(DISTINCT metric) || ' ' || count(DISTINCT did), '4 4', 'others differ') FROM state;
SELECT ok(affinity.cluster_metric_agg(1, c::bigint) = affinity.cluster_metric_agg(1, c::text) AND affinity.cluster_metric_agg(1, c::smallint) = affinity.cluster_metric_agg(true, c), 'clusters are told apart by their text') FROM generate_series(1, 20) c;
SELECT ok(affinity.cluster_metric_agg(1, u) = affinity.cluster_metric_agg(1, u::text), 'uuids too') FROM (SELECT md5(c::text)::uuid AS u FROM generate_series(1, 20) c) q;
CREATE TEMP TABLE copied (k int, metric affinity.cluster_metric, did affinity.did);
\copy (SELECT * FROM state) TO '/tmp/affinity_clusters.copy' BINARY
\copy copied FROM '/tmp/affinity_clusters.copy' BINARY
\! rm -f /tmp/affinity_clusters.copy
SELECT is(count(*), 4::bigint, 'binary goes out and in') FROM copied c JOIN state s USING (k) WHERE c.metric = s.metric AND c.did = s.did;
SELECT throws_ok(format('SELECT %L::affinity.did', metric), '22P03', 'invalid state of clusters: it is of the other type', 'the other type') FROM state WHERE k = 3;
CREATE TABLE public.cluster_rows AS SELECT i, hashint4(i) / 1000.0::float8 AS v, 'c' || i * 7 % 5000 AS c, i % 2 = 0 AS t, i % 3 = 0 AS a FROM generate_series(1, 60000) i;
ANALYZE public.cluster_rows;
CREATE TEMP TABLE serial AS SELECT affinity.cluster_metric_agg(v, c) AS metric, affinity.did_agg(v, t, a, c) AS did FROM public.cluster_rows;
SET LOCAL parallel_setup_cost = 0;
SET LOCAL parallel_tuple_cost = 0;
SET LOCAL min_parallel_table_scan_size = 0;
CREATE FUNCTION pg_temp.plan_of(query text) RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
	RETURN QUERY EXECUTE 'EXPLAIN (COSTS OFF) ' || query;
END $$;
SELECT matches((SELECT string_agg(l, E'\n') FROM pg_temp.plan_of('SELECT affinity.cluster_metric_agg(v, c), affinity.did_agg(v, t, a, c) FROM public.cluster_rows') l), 'Finalize Aggregate.*Gather.*Partial Aggregate', 'aggregates run in parallel');
CREATE TEMP TABLE parallel AS SELECT affinity.cluster_metric_agg(v, c) AS metric, affinity.did_agg(v, t, a, c) AS did FROM public.cluster_rows;
SELECT ok(p.metric::text = s.metric::text AND p.did::text = s.did::text AND affinity.difference_in_differences(p.did)::text = affinity.difference_in_differences(s.did)::text, 'and give the same') FROM parallel p, serial s;
SELECT results_eq('SELECT units, clusters FROM serial, affinity.cluster_experiment(''{A}'', ARRAY[metric])', 'VALUES (60000::bigint, 5000::bigint)', 'no row is lost as the state grows');

-- damaged states
CREATE FUNCTION pg_temp.fate(state bytea) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	s affinity.did;
	d record;
BEGIN
	s := translate(encode(state, 'base64'), E'\n', '')::affinity.did;
	d := affinity.difference_in_differences(s);
	RETURN CASE WHEN d.units > 0 AND d.clusters > 0 AND d.units >= d.clusters AND d.std_error IS DISTINCT FROM 'NaN' THEN 'sound' ELSE 'unsound' END;
EXCEPTION WHEN invalid_binary_representation THEN
	RETURN 'refused';
END $$;
CREATE TEMP TABLE byte AS SELECT decode(affinity.did_agg(v, t, a, CASE WHEN c < 3 THEN 'x' || c ELSE c::text END)::text, 'base64') AS b FROM row WHERE k = 3;
SELECT is(pg_temp.fate(b), 'sound', 'as it was') FROM byte;
SELECT is_empty($$SELECT i, x, fate FROM byte, generate_series(0, length(b) - 1) i, unnest(ARRAY[0, 1, 3, 128, 255]) x, LATERAL (SELECT pg_temp.fate(set_byte(b, i, get_byte(b, i) # x)) AS fate) f WHERE fate NOT IN ('sound', 'refused')$$, 'every byte changed: refused, or a state that can be');
SELECT is_empty($$SELECT i FROM byte, generate_series(0, length(b) - 1) i WHERE pg_temp.fate(substr(b, 1, i)) <> 'refused'$$, 'cut anywhere: refused');
SELECT is(pg_temp.fate(b || '\x00'), 'refused', 'a byte more') FROM byte;

-- 3. Edges.
CREATE FUNCTION pg_temp.pair(a float8[], b float8[], control text DEFAULT 'A') RETURNS TABLE (name text, units bigint, clusters bigint, mean float8, difference float8, std_error float8, df float8, low float8, p_value float8, lift float8) LANGUAGE sql AS $$
	SELECT r.variant, r.units, r.clusters, r.mean, r.difference, r.std_error, r.df, r.low, r.p_value, r.lift FROM affinity.cluster_experiment('{A,B}', ARRAY[(SELECT affinity.cluster_metric_agg(x, o / 2) FROM unnest(a) WITH ORDINALITY u (x, o)), (SELECT affinity.cluster_metric_agg(x, 100 + o / 2) FROM unnest(b) WITH ORDINALITY u (x, o))], control) r $$;
SELECT results_eq($$SELECT * FROM pg_temp.pair('{1}', '{2}')$$, $$VALUES ('A', 1::bigint, 1::bigint, 1::float8, NULL::float8, NULL::float8, NULL::float8, NULL::float8, NULL::float8, NULL::float8), ('B', 1, 1, 2, 1, NULL, NULL, NULL, NULL, 1)$$, 'one unit in each arm has no error');
SELECT results_eq($$SELECT difference, std_error, low, p_value, lift FROM pg_temp.pair('{3,3,3,3}', '{3,3,3,3}') WHERE name = 'B'$$, 'VALUES (0::float8, 0::float8, NULL::float8, NULL::float8, 0::float8)', 'no variance');
SELECT results_eq($$SELECT difference, std_error, p_value, lift FROM pg_temp.pair('{0,0,0,0}', '{0,0,0,0}') WHERE name = 'B'$$, 'VALUES (0::float8, 0::float8, NULL::float8, NULL::float8)', 'all zeros');
SELECT is_empty($$SELECT u, s FROM unnest('{1e15,-1e15,1e14}'::float8[]) u, pg_temp.pair(ARRAY[u, u * 0.999, u, u * 0.998, u], ARRAY[u * 0.997, u, u, u * 0.999]) r, pg_temp.pair('{1,0.999,1,0.998,1}', '{0.997,1,1,0.999}') s
	WHERE r.name = s.name AND NOT (pg_temp.near(r.p_value, s.p_value, 9) AND (r.name = 'A' OR pg_temp.near(r.std_error, abs(u) * s.std_error, 9)))$$, 'values of 1e15');
SELECT ok(pg_temp.near(r.difference, s.difference, 5) AND pg_temp.near(r.std_error, s.std_error, 5), 'a spread of 1 about 1e14') FROM pg_temp.pair('{1,2,3,5,4}', '{3,2,5,6}') s JOIN pg_temp.pair('{100000000000001,100000000000002,100000000000003,100000000000005,100000000000004}', '{100000000000003,100000000000002,100000000000005,100000000000006}') r USING (name) WHERE name = 'B';
SELECT results_eq($$SELECT mean, difference FROM pg_temp.pair('{1e-300}', '{-1e-300,0}')$$, 'VALUES (0::float8, NULL::float8), (0, 0)', '1e-300 is 0, as values have 18 decimals');
SELECT ok(abs((d).estimate) < 1e-12 AND (d).p_value > 0.9, '-0 and ties') FROM (SELECT affinity.difference_in_differences(affinity.did_agg(CASE WHEN i % 2 = 0 THEN '-0'::float8 ELSE 1 END, i % 4 < 2, i % 8 < 4, i * i % 23)) AS d FROM generate_series(1, 240) i) q;
SELECT ok((d).estimate IS NULL AND (d).std_error IS NULL AND (d).units = 9 AND (d).control_before IS NULL AND (d).treated_after = 5, 'without a control') FROM (SELECT affinity.difference_in_differences(affinity.did_agg(i, true, true, i)) AS d FROM generate_series(1, 9) i) q;
SELECT ok((d).estimate = -1 AND (d).std_error IS NULL, 'no degrees of freedom') FROM (SELECT affinity.difference_in_differences(affinity.did_agg(x, t, a, 1)) AS d FROM (VALUES (1, true, false), (2, true, true), (1, false, false), (3, false, true)) v (x, t, a)) q;
SELECT results_eq($$SELECT r.clusters, r.std_error, r.p_value FROM (SELECT affinity.cluster_metric_agg(i, 1) AS a, affinity.cluster_metric_agg(i + i % 2, i % g + 2) AS b FROM generate_series(1, 9) i, generate_series(1, 2) g GROUP BY g) q, affinity.cluster_experiment('{a,b}', ARRAY[a, b]) r WHERE variant = 'b' ORDER BY 1$$,
	'VALUES (1::bigint, NULL::float8, NULL::float8), (2, NULL, NULL)', 'an arm of one cluster has no error, however many units it has');
SELECT ok((d).estimate = 1 AND (d).std_error IS NULL AND (d).p_value IS NULL AND (d).clusters = 4, 'one region that is treated: no error') FROM (SELECT affinity.difference_in_differences(affinity.did_agg(i % 5 + (c = 1 AND a)::int, c = 1, a, c)) AS d FROM generate_series(1, 20) i, generate_series(1, 4) c, unnest('{t,f}'::bool[]) a) q;
SELECT is(affinity.difference_in_differences(NULL)::text, NULL, 'NULL');
SELECT is_empty('SELECT * FROM affinity.cluster_experiment(NULL, NULL)', 'NULL has no rows');
SELECT is_empty('SELECT * FROM affinity.cluster_experiment(''{}'', ''{}'')', 'nor has nothing');
SELECT is((affinity.cluster_metric_agg(v, c), affinity.did_agg(v, t, a, c))::text, '(,)', 'rows with a NULL do not count') FROM (VALUES (NULL::float8, true, true, NULL::text), (1, NULL, true, NULL), (1, true, NULL, NULL), (NULL, true, true, 'x')) x (v, t, a, c);
SELECT results_eq($$SELECT variant, control_mean, p_adjusted = least(1, CASE WHEN p_value < 0.3 THEN 2 ELSE 1 END * p_value), p_value < 0.3 FROM (SELECT affinity.cluster_metric_agg(i % 10, i % 20) AS a, affinity.cluster_metric_agg(i % 10 + 3, i % 20 + 100) AS b, affinity.cluster_metric_agg((i * 3 + 1) % 10, i % 20 + 50) AS c FROM generate_series(1, 200) i) q,
	affinity.cluster_experiment('{y,x,control}', ARRAY[b, c, a]) r$$, $$VALUES ('control', 4.5::float8, NULL::bool, NULL::bool), ('x', 4.5, true, false), ('y', 4.5, true, true)$$, 'three arms: Holm''s p-values, the control is the first by name');
-- one side: half of the p-value or the other half, and the interval of twice the error; three ways to adjust
CREATE TEMP TABLE arms AS SELECT array_agg(name ORDER BY name) AS names, array_agg(m ORDER BY name) AS metrics FROM (
	SELECT name, affinity.cluster_metric_agg((i * 37 % 101) + d * (i % 3), c * 17 + i % 25) AS m FROM (VALUES ('a', 1, 0::float8), ('b', 2, 7), ('c', 3, -9), ('d', 4, 4)) v (name, c, d), generate_series(1, 600) i GROUP BY 1) q;
SELECT is(count(*), 3::bigint, 'alternative ' || side || ': p-values and ends of intervals of the test of two sides') FROM unnest('{greater,less}'::text[]) side, arms,
	affinity.cluster_experiment(names, metrics, confidence => 0.9) t, affinity.cluster_experiment(names, metrics, 'a', 0.95, side) o, affinity.cluster_experiment(names, metrics, 'a', 0.95, side, 'none') n
WHERE t.variant = o.variant AND n.variant = o.variant AND t.difference = o.difference AND t.std_error = o.std_error AND (t.variant <> 'a')
	AND pg_temp.near(o.p_value, CASE WHEN (t.difference > 0) = (side = 'greater') THEN t.p_value / 2 ELSE 1 - t.p_value / 2 END) AND n.p_adjusted = o.p_value
	AND CASE side WHEN 'greater' THEN pg_temp.near(o.low, t.low) AND o.high = 'inf' AND pg_temp.near(o.lift_low, t.lift_low) AND o.lift_high = 'inf'
		ELSE pg_temp.near(o.high, t.high) AND o.low = '-inf' AND pg_temp.near(o.lift_high, t.lift_high) AND o.lift_low = '-inf' END GROUP BY side ORDER BY side;
SELECT is_empty($$WITH p AS (SELECT a, r.variant, r.p_value, r.p_adjusted, row_number() OVER (PARTITION BY a ORDER BY r.p_value) AS i FROM unnest('{holm,bh,none,HOLM}'::text[]) a, arms, affinity.cluster_experiment(names, metrics, adjust => a) r WHERE r.variant <> 'a')
	SELECT * FROM p WHERE NOT pg_temp.near(p_adjusted, CASE lower(a) WHEN 'none' THEN p_value WHEN 'holm' THEN (SELECT least(1, max(q.p_value * (4 - q.i))) FROM p q WHERE q.a = p.a AND q.i <= p.i)
		ELSE (SELECT min(q.p_value * 3 / q.i) FROM p q WHERE q.a = p.a AND q.i >= p.i) END)$$, 'Holm, Benjamini and Hochberg, and none, in plain SQL');
SELECT is(count(DISTINCT (SELECT string_agg(r.p_adjusted::text, ' ' ORDER BY r.variant) FROM affinity.cluster_experiment(names, metrics, adjust => a) r)), 3::bigint, 'which differ') FROM unnest('{holm,bh,none}'::text[]) a, arms;
SELECT throws_ok(format('SELECT affinity.cluster_experiment(names, metrics, %s) FROM arms', a), c, m, a) FROM (VALUES ('alternative => ''more''', '22023', 'unknown alternative "more"'), ('alternative => NULL', '22004', 'alternative must not be null'),
	('adjust => ''bonferroni''', '22023', 'unknown adjust "bonferroni"'), ('adjust => NULL', '22004', 'adjust must not be null')) v (a, c, m);
SELECT throws_ok(format('SELECT affinity.cluster_experiment(%s) FROM (SELECT affinity.cluster_metric_agg(i, i) AS m FROM generate_series(1, 9) i) q', a), c, m, a) FROM (VALUES ('''{A,B}'', ARRAY[m]', '2202E', 'variants has 2 entries, but metrics has 1'), ('''{A,A}'', ARRAY[m, m]', '22023', 'variant "A" is there twice'),
	('''{B,C}'', ARRAY[m, m], ''A''', '22023', 'no variant is the control "A"'), ('''{A,NULL}'', ARRAY[m, m]', '22004', 'variants must not contain null'), ('''{A,B}'', ARRAY[m, NULL]', '22004', 'metrics must not contain null'),
	('''{A,B}'', ARRAY[m, m], confidence => NULL', '22004', 'confidence must not be null'), ('''{A,B}'', ARRAY[m, m], ''A'', 95', '22023', 'confidence must be between 0 and 1, but is 95'), ('''{A,B}'', ARRAY[m, m], ''A'', ''NaN''', '22023', 'confidence must be between 0 and 1, but is NaN')) v (a, c, m);
SELECT throws_ok(format('SELECT affinity.cluster_metric_agg(%s)', a), c, m, a) FROM (VALUES ('''NaN''::float8, 1', '22000', 'NaN value'), ('''-inf''::float8, 1', '22000', 'infinite value'), ('1e300, 1', '22003', '1e300'), ('1, 1.5', '42804', NULL), ('1, now()', '42804', NULL)) v (a, c, m) WHERE m IS DISTINCT FROM '1e300';
SELECT throws_ok('SELECT affinity.cluster_metric_agg(1.1e15, 1)', '22003', 'value 1.1e+15 is out of range', 'a value that is too large');
SELECT throws_ok('SELECT affinity.did_agg(1e300, true, true, 1)', '22003', NULL, 'much too large');
SELECT throws_ok('SELECT affinity.cluster_metric_combine(m, m) FROM (SELECT affinity.cluster_metric_agg(1, 1) AS m) q', '0A000', NULL, 'rollup merges');
SELECT throws_ok('SELECT affinity.difference_in_differences(m, 1) FROM (SELECT affinity.did_agg(1, true, true, 1) AS m) q', '22023', NULL, 'a confidence of 1');
SELECT throws_ok(format('SELECT affinity.%s', f), '42883', m, f) FROM (VALUES ('cluster_metric_agg(1)', 'cluster_metric_agg needs to know the cluster of each unit'), ('cluster_metric_agg(true)', 'cluster_metric_agg needs to know the cluster of each unit'),
	('did_agg(1.5, true, true)', 'did_agg needs to know the cluster of each unit'), ('did_agg(false, true, true)', 'did_agg needs to know the cluster of each unit')) v (f, m);
SELECT throws_ok(format('SELECT affinity.did_agg(%s)', a), '42804', 'a condition is needed here, but this is of type integer', 'did_agg of ' || a)
FROM unnest('{"1.5, 1, 0, 7","true, true, 0, ''x''::text","2, 1, false, 7::int2"}'::text[]) a;
SELECT finish();
ROLLBACK;
