-- Models of lifetime on customers whose parameters are known, 12 sets of each
-- model (a hundred: make bench, lifetime), and their likelihoods by numpy.
\set ON_ERROR_STOP on
\set judged `mktemp`
BEGIN;
SELECT plan(24);
CREATE TEMP TABLE truth (model text, n int, value float8);
CREATE TEMP TABLE rows (model text, set int, a float8, b float8, c float8);
\copy truth FROM PROGRAM '/usr/bin/python3 test/oracle/lifetime.py truth' CSV
\copy rows FROM PROGRAM '/usr/bin/python3 test/oracle/lifetime.py rows 12 1500' CSV
CREATE TEMP TABLE fitted AS
	SELECT 'bg_nbd' AS model, set, to_jsonb(affinity.bg_nbd_fit(a, b, c)) AS fit FROM rows WHERE model = 'bg_nbd' GROUP BY set
	UNION ALL SELECT 'mbg_nbd', set, to_jsonb(affinity.mbg_nbd_fit(a, b, c)) FROM rows WHERE model = 'mbg_nbd' GROUP BY set
	UNION ALL SELECT 'pareto_nbd', set, to_jsonb(affinity.pareto_nbd_fit(a, b, c)) FROM rows WHERE model = 'pareto_nbd' GROUP BY set
	UNION ALL SELECT 'bg_bb', set, to_jsonb(affinity.bg_bb_fit(a, b, c)) FROM rows WHERE model = 'bg_bb' GROUP BY set
	UNION ALL SELECT 'gamma_gamma', set, to_jsonb(affinity.gamma_gamma_fit(a, b)) FROM rows WHERE model = 'gamma_gamma' GROUP BY set
	UNION ALL SELECT 'sbg', set, to_jsonb(affinity.sbg_fit(a, b)) FROM rows WHERE model = 'sbg' GROUP BY set
	UNION ALL SELECT 'bdw', set, to_jsonb(affinity.bdw_fit(a, b)) FROM rows WHERE model = 'bdw' GROUP BY set;
CREATE TEMP TABLE name AS
	SELECT model, n, (string_to_array(CASE WHEN model ~ '^m?bg_nbd' THEN 'r,alpha,a,b' WHEN model = 'pareto_nbd' THEN 'r,alpha,s,beta'
		WHEN model = 'bg_bb' THEN 'alpha,beta,gamma,delta' WHEN model = 'gamma_gamma' THEN 'p,q,gamma' ELSE 'alpha,beta,c' END, ','))[n] AS name
	FROM truth;
CREATE TEMP TABLE estimate AS
	SELECT model, set, n, truth.value AS truth, (fit ->> name)::float8 AS value, (fit ->> (name || '_error'))::float8 AS error
	FROM fitted JOIN name USING (model) JOIN truth USING (model, n);
SELECT ok(bool_and((fit ->> 'converged')::boolean), model || ' converges on each of 12 sets') FROM fitted GROUP BY model ORDER BY model;
-- of few sets the share by model says little: all of them together
SELECT ok(count(*) FILTER (WHERE abs(value - truth) <= 3 * error) >= 0.97 * count(*) AND count(*) = 12 * 24,
	'parameters are within three standard errors of the truth') FROM estimate;
-- errors are as large as they say: the mean square of deviations in errors is 1
SELECT ok(avg(((value - truth) / error) ^ 2) BETWEEN 0.3 AND 2.5, model || ': standard errors are neither too large nor too small')
FROM estimate GROUP BY model ORDER BY model;
SELECT ok(count(*) = 7 AND sum(n) = 7 * 12, 'all models and sets') FROM (SELECT model, count(*) AS n FROM fitted GROUP BY 1) m;

-- The first sets by numpy.
SELECT format('\copy (SELECT model, set, fit ->> ''log_likelihood'', max(value) FILTER (WHERE n = 1), max(value) FILTER (WHERE n = 2), max(value) FILTER (WHERE n = 3), max(value) FILTER (WHERE n = 4) FROM estimate JOIN fitted USING (model, set) WHERE set = 0 GROUP BY model, set, fit) TO PROGRAM ''/usr/bin/python3 test/oracle/lifetime.py judge 12 1500 > %s'' CSV', :'judged') AS judge \gset
\o :judged.sql
\qecho :judge
\o
\i :judged.sql
CREATE TEMP TABLE judged (model text, set int, own float8, numpy float8, slope float8, better boolean);
SELECT format('\copy judged FROM %s CSV', :'judged') AS take \gset
\o :judged.sql
\qecho :take
\o
\i :judged.sql
SELECT set_eq('SELECT model FROM judged', 'SELECT DISTINCT model FROM truth', 'numpy has judged each model');
SELECT ok(abs(own / numpy - 1) < CASE WHEN model = 'pareto_nbd' THEN 1e-7 ELSE 1e-10 END AND slope < 0.01 AND NOT better,
	model || ': the same likelihood by numpy, with nothing better nearby') FROM judged ORDER BY model;
SELECT finish();
ROLLBACK;
\set gone `rm -f :judged :judged.sql`
