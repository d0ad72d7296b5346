-- Metrics as states: exact against numeric, merging in any split, workers, crafted bytes.
BEGIN;
SET LOCAL jit = off;
SELECT plan(71);
SET LOCAL extra_float_digits = 3;

-- 1. Moments against numeric arithmetic, which is exact here.
CREATE TEMP TABLE given AS SELECT kind, i, CASE kind WHEN 'money' THEN (i * 7919 % 100003) / 100.0::float8 WHEN 'tiny' THEN (i * 31 % 1009) * 1e-200::float8
	WHEN 'far' THEN 1e15::float8 + i * 37 % 101 WHEN 'signs' THEN ((i * 7919 % 2003) - 1001) * power(10::float8, i % 12) WHEN 'zeros' THEN 0 ELSE i % 2 END AS x, sin(i)::float8 * 50 AS y
FROM unnest('{money,tiny,far,signs,zeros,binary}'::text[]) kind, generate_series(1, 2000) i;
-- a double's exact value: its bits as a whole number times a power of two, in numeric
CREATE FUNCTION pg_temp.bits(x float8) RETURNS numeric LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE b bit(64) := ('x' || encode(float8send(x), 'hex'))::bit(64); e int := substring(b FROM 2 FOR 11)::int; f numeric := substring(b FROM 13)::bigint;
BEGIN
	IF e > 0 THEN f := f + 4503599627370496; ELSE e := 1; END IF;
	-- in units of 2^-780, so that all is whole
	RETURN CASE WHEN substring(b FROM 1 FOR 1) = B'1' THEN -1 ELSE 1 END * f * trunc(power(2::numeric, e - 1075 + 780));
END $$;
CREATE FUNCTION pg_temp.close(a float8, b float8) RETURNS boolean LANGUAGE sql AS $$ SELECT abs(a - b) <= 4.5e-16 * abs(b) $$;
SELECT ok(m.units = 2000 AND pg_temp.close(m.mean, (sx / 2000 / u)::float8) AND pg_temp.close(m.variance, ((2000 * sxx - sx * sx) / 2000 / 1999 / u / u)::float8) AND
	pg_temp.close(m.covariance, ((2000 * sxy - sx * sy) / 2000 / 1999 / u / u)::float8) AND pg_temp.close(m.covariate_variance, ((2000 * syy - sy * sy) / 2000 / 1999 / u / u)::float8),
	'moments of ' || kind)
FROM (SELECT kind, affinity.metric_agg(x, y) AS m, sum(bx) AS sx, sum(bx * bx) AS sxx, sum(bx * bt) AS sxy, sum(bt) AS sy, sum(bt * bt) AS syy
	FROM (SELECT *, pg_temp.bits(x) AS bx, pg_temp.bits(y) AS bt FROM given) b GROUP BY kind) g, (SELECT trunc(power(2::numeric, 780)) AS u) u, affinity.metric_moments(g.m) m
ORDER BY kind;
SELECT is((m).variance, (r.m).variance, 'numeric and integers come as they are') FROM (SELECT affinity.metric_moments(affinity.metric_agg(i::numeric / 4)) AS m FROM generate_series(1, 9) i) a,
	(SELECT affinity.metric_moments(affinity.metric_agg(i / 4.0::float8)) AS m FROM generate_series(1, 9) i) r;
SELECT is(affinity.metric_agg(i % 3 = 0), affinity.metric_agg((i % 3 = 0)::int), 'true and false are 1 and 0') FROM generate_series(1, 100) i;
SELECT is(affinity.metric_agg(i % 3 = 0, i), affinity.metric_agg((i % 3 = 0)::int, i), 'also with a covariate') FROM generate_series(1, 100) i;
SELECT is((affinity.metric_moments(affinity.metric_agg(x)))::text, answer, name) FROM (VALUES
	('one unit', '{7}'::float8[], '(1,7,,,,,,)'), ('-0 is 0', '{-0,0}', '(2,0,0,0,,,,)'), ('1e300', '{1e300,-1e300,1e300,-1e300}', '(4,0,Infinity,5.773502691896258e+299,,,,)'),
	('1e-300', '{1e-300,3e-300}', '(2,2e-300,0,1e-300,,,,)'), ('what cancels', '{1e300,1,-1e300}', '(3,0.3333333333333333,Infinity,5.773502691896257e+299,,,,)')) v (name, a, answer), unnest(a) x
GROUP BY name, answer ORDER BY name;
SELECT is(affinity.metric_agg(x), NULL, 'of no rows') FROM unnest('{}'::float8[]) x;
SELECT is(affinity.metric_agg(x), affinity.metric_agg(x) FILTER (WHERE x IS NOT NULL), 'NULL is left out') FROM unnest('{1,NULL,3}'::float8[]) x;
SELECT is((affinity.metric_moments(affinity.metric_agg(x, y))).units, 1::bigint, 'and with a NULL covariate') FROM (VALUES (1, 2), (NULL, 2), (3, NULL)) v (x, y);
SELECT is((m).mean, 60 / 12.0::float8, 'a ratio is that of the sums') FROM (SELECT affinity.metric_moments(affinity.ratio_agg(x, y)) AS m FROM (VALUES (10, 2), (20, 3), (30, 7)) v (x, y)) r;
SELECT is((affinity.metric_moments(affinity.metric_quantile_agg(x, p))).mean, percentile_cont(p) WITHIN GROUP (ORDER BY x), 'quantile ' || p || ' is percentile_cont')
FROM (SELECT (i * 7919 % 1009)::float8 AS x FROM generate_series(1, 777) i) d, unnest('{0.01,0.25,0.5,0.9,0.999}'::float8[]) p GROUP BY p ORDER BY p;

-- 2. Any split, any order, nested, as text and binary: the same bytes.
CREATE FUNCTION pg_temp.state(kind int, x float8[], y float8[]) RETURNS affinity.metric LANGUAGE sql AS $$
	SELECT CASE kind WHEN 1 THEN affinity.metric_agg(a) WHEN 2 THEN affinity.metric_agg(a, b) WHEN 3 THEN affinity.ratio_agg(a, b)
		WHEN 4 THEN affinity.metric_quantile_agg(a, 0.7) ELSE affinity.metric_agg(a > 0, b) END FROM unnest(x, y) u (a, b) $$;
CREATE TEMP TABLE part AS SELECT kind, data, round, hashint8extended(i, round * 10 + data) % 5 AS part, hashint8extended(i, round * 10 + 7) AS place, x, y
FROM generate_series(1, 5) kind, generate_series(1, 4) data, generate_series(1, 3) round, generate_series(1, 300) i,
	LATERAL (SELECT CASE data WHEN 1 THEN i % 17 WHEN 2 THEN (i % 13 - 6) * power(10::float8, (i * 41 % 600) - 300) WHEN 3 THEN 1e15 + i ELSE sin(i) END AS x,
		CASE data WHEN 2 THEN power(2::float8, (i * 37 % 2000) - 1000) ELSE cos(i) END AS y) d;
SELECT is(count(*) FILTER (WHERE whole = merged AND whole::text = merged::text AND hashint8(1) IS NOT NULL AND whole = again), 60::bigint,
	'parts in another order, merged, through text, are the same bytes') FROM (
	SELECT w.kind, w.data, w.round, w.state AS whole, affinity.rollup(p.state ORDER BY p.part DESC) AS merged, affinity.rollup(p.state::text::affinity.metric ORDER BY md5(p.part::text)) AS again
	FROM (SELECT kind, data, round, pg_temp.state(kind, array_agg(x ORDER BY place), array_agg(y ORDER BY place)) AS state FROM part GROUP BY 1, 2, 3) w
	JOIN (SELECT kind, data, round, part, pg_temp.state(kind, array_agg(x ORDER BY -place), array_agg(y ORDER BY -place)) AS state FROM part GROUP BY 1, 2, 3, 4) p USING (kind, data, round)
	GROUP BY 1, 2, 3, w.state) m;
SELECT ok(bool_and(affinity.metric_send(a) = affinity.metric_send(b) AND NOT a < b AND a <= b AND affinity.metric_hash(a) = affinity.metric_hash(b)), 'binary form and operators')
FROM (SELECT affinity.metric_agg(x) AS a, affinity.metric_agg(x ORDER BY x DESC) AS b FROM part WHERE kind = 1 GROUP BY data, round) s;
SELECT is(array_length(array_agg(DISTINCT affinity.metric_send(s)), 1), 1, 'over a moving frame and without') FROM (
	SELECT affinity.rollup(m) OVER (ORDER BY i ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) AS s FROM (SELECT i, affinity.metric_agg(i * 0.1) AS m FROM generate_series(1, 9) i GROUP BY i) a) b;
CREATE TABLE pg_temp.cumulative AS SELECT k, affinity.rollup(m) OVER (ORDER BY k) AS s FROM (SELECT i % 10 AS k, affinity.metric_agg(i * 0.1, i) AS m FROM generate_series(1, 100) i GROUP BY 1) a;
SELECT ok(bool_and(s = (SELECT affinity.metric_agg(i * 0.1, i) FROM generate_series(1, 100) i WHERE i % 10 <= k)), 'cumulated over a window') FROM cumulative;
SELECT ok(max(length(affinity.metric_send(s))) < 200 AND max(length(affinity.metric_send(q))) = 40 + 16 * 97, 'states of 100,000 units are small') FROM (
	SELECT affinity.metric_agg(i % 9973 / 7.0, sin(i)) AS s, affinity.metric_quantile_agg(i % 97, 0.5) AS q FROM generate_series(1, 100000) i) g;
-- workers
CREATE TABLE affinity_metric_rows AS SELECT i % 3 AS g, exp(sin(i) * 30) AS x, cos(i) AS y FROM generate_series(1, 60000) i;
ANALYZE affinity_metric_rows;
SET LOCAL parallel_setup_cost = 0; SET LOCAL parallel_tuple_cost = 0; SET LOCAL min_parallel_table_scan_size = 0; SET LOCAL max_parallel_workers_per_gather = 3;
CREATE FUNCTION pg_temp.plan(query text) RETURNS SETOF text LANGUAGE plpgsql AS $$ BEGIN RETURN QUERY EXECUTE 'EXPLAIN (COSTS off) ' || query; END $$;
SELECT ok(string_agg(p, ' ') ~ 'Partial (Hash|Group)?Aggregate.*Parallel', 'workers take part') FROM pg_temp.plan('SELECT g, affinity.metric_agg(x, y) FROM affinity_metric_rows GROUP BY g') p;
CREATE TEMP TABLE by_workers AS SELECT g, affinity.metric_agg(x) a, affinity.metric_agg(x, y) b, affinity.ratio_agg(x, y) c, affinity.metric_quantile_agg(round(x::numeric, 1)::float8, 0.5) d
FROM affinity_metric_rows GROUP BY g;
SET LOCAL max_parallel_workers_per_gather = 0;
SELECT is(count(*), 3::bigint, 'parallel is serial') FROM by_workers w JOIN (SELECT g, affinity.metric_agg(x) a, affinity.metric_agg(x, y) b, affinity.ratio_agg(x, y) c,
	affinity.metric_quantile_agg(round(x::numeric, 1)::float8, 0.5) d FROM affinity_metric_rows GROUP BY g) s USING (g) WHERE w.a = s.a AND w.b = s.b AND w.c = s.c AND w.d = s.d;
-- a user's own aggregate without a final function hands a growing state out
CREATE AGGREGATE pg_temp.raw(float8) (SFUNC = affinity.metric_accum, STYPE = affinity.metric);
SELECT ok(pg_temp.raw(x) = affinity.metric_agg(x) AND pg_temp.raw(x)::text = affinity.metric_agg(x)::text, 'a growing state reads as it does at rest') FROM generate_series(1, 10) x;
-- winsorizing, against values drawn in by hand
SELECT is((affinity.winsorize(ARRAY[q], 0.9, 0.1))[1], affinity.metric_agg(least(greatest(x, l), h)), 'winsorize') FROM (SELECT (i * 7919 % 1009)::float8 * 1.1 AS x FROM generate_series(1, 500) i) d,
	(SELECT affinity.metric_quantile_agg(x, 0.5) AS q, percentile_cont(0.1) WITHIN GROUP (ORDER BY x) AS l, percentile_cont(0.9) WITHIN GROUP (ORDER BY x) AS h
	FROM (SELECT (i * 7919 % 1009)::float8 * 1.1 AS x FROM generate_series(1, 500) i) d) q GROUP BY q;

-- 3. What is refused.
SELECT throws_ok('SELECT ' || call, code, message, call) FROM (VALUES
	('affinity.metric_agg(''NaN''::float8)', '22000', 'NaN value'), ('affinity.metric_agg(''-Infinity''::float8)', '22000', 'infinite value'),
	('affinity.metric_agg(1, ''NaN''::float8)', '22000', 'NaN covariate'), ('affinity.ratio_agg(1, ''Infinity'')', '22000', 'infinite denominator'),
	('affinity.ratio_agg(''NaN'', 1)', '22000', 'NaN numerator'), ('affinity.metric_quantile_agg(''NaN'', 0.5)', '22000', 'NaN value'),
	('affinity.metric_quantile_agg(1, 50)', '22023', 'quantile must be between 0 and 1, but is 50'),
	('affinity.metric_quantile_agg(x, p) FROM (VALUES (1, 0.5), (2, 0.25)) v (x, p)', '22023', 'quantiles 0.25 and 0.5 cannot be one metric'),
	('affinity.rollup(m) FROM (SELECT affinity.metric_agg(1) UNION ALL SELECT affinity.metric_agg(1, 2)) s (m)', '22023', 'metrics of metric_agg(value) and of metric_agg(value, covariate) cannot be merged'),
	('affinity.rollup(m) FROM (SELECT affinity.metric_quantile_agg(1, 0.5) UNION ALL SELECT affinity.metric_quantile_agg(2, 0.25)) s (m)', '22023', 'quantiles 0.25 and 0.5 cannot be one metric'),
	('affinity.metric_accum(NULL, 1)', NULL, NULL), ('affinity.metric_combine(m, m) FROM (SELECT affinity.metric_agg(1) AS m) s', NULL, NULL)) x (call, code, message);
CREATE FUNCTION pg_temp.read(state bytea) RETURNS text LANGUAGE plpgsql AS $$ BEGIN RETURN 'read: ' || (affinity.metric_moments(encode(state, 'base64')::affinity.metric))::text;
	EXCEPTION WHEN invalid_binary_representation THEN RETURN 'refused'; END $$;
CREATE TEMP TABLE good AS SELECT kind, affinity.metric_send(pg_temp.state(kind, '{1,0,1,1}', '{2,5,3,7}')) AS state FROM generate_series(1, 5) kind;
SELECT ok(pg_temp.read(state) LIKE 'read: (4,%', 'sound states are read') FROM good;
SELECT is(count(*), 0::bigint, 'cut anywhere, they are refused') FROM good, generate_series(0, length(state) - 1) n WHERE pg_temp.read(substring(state FROM 1 FOR n)) <> 'refused';
SELECT is(count(*), 0::bigint, 'as with something behind them') FROM good, unnest('{\\x00,\\x00000000,\\x0000000000000000}'::bytea[]) more WHERE pg_temp.read(state || more) <> 'refused';
SELECT ok(count(*) FILTER (WHERE answer = 'refused') > 0.75 * count(*) AND count(*) FILTER (WHERE answer IS NULL) = 0, 'each bit flipped: refused, or another state that is sound')
FROM good, generate_series(0, length(state) * 8 - 1) b, LATERAL (SELECT pg_temp.read(set_bit(state, b, 1 - get_bit(state, b))) AS answer) a;
SELECT is(pg_temp.read(set_byte(state, at, value)), 'refused', name) FROM good, (VALUES (0, 1, 'another magic'), (4, 2, 'a later version'), (5, 9, 'no kind'), (6, 1, 'growing'), (7, 1, 'zeros and ones that are not'),
	(12, 0, 'no units'), (19, 128, 'less than none'), (8, 1, 'entries of sums'), (27, 1, 'a quantile of sums'), (32, 1, 'something unused')) x (at, value, name) WHERE kind = 3;
SELECT is(pg_temp.read(set_byte(state, 12, 1)), 'refused', 'one unit with a variance') FROM good WHERE kind = 2;
SELECT throws_like('SELECT ''rubbish!''::affinity.metric', 'invalid metric state: not base64', 'no base64');
SELECT * FROM finish();
ROLLBACK;
