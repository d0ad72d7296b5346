-- Uplift: scikit-uplift's metrics (version 0.5.1 of its repository, run with numpy 1.24 on the data
-- below), areas by a loop over scores in Python, and plain SQL.
BEGIN;
SET LOCAL jit = off;
SELECT plan(72);
CREATE FUNCTION pg_temp.near(a float8, b float8, digits int DEFAULT 12) RETURNS boolean LANGUAGE sql AS $$
	SELECT a IS NOT DISTINCT FROM b OR coalesce(abs(a - b) <= 10.0 ^ -digits * greatest(abs(a), abs(b)), false) $$;
-- many ties; outcome depends on score and treatment
CREATE TEMP TABLE row AS SELECT k, i, s, t, (i * 1299709 + k * 17) % 11 < 2 + (s > 5 AND t)::int * 3 + k % 3 AS y FROM (
	SELECT k, i, ((i * 7919 * k) % (50 + 37 * k)) / 10.0::float8 AS s, (i * 104729 + k * 31) % 7 < 2 + k % 4 AS t FROM generate_series(1, 8) k, generate_series(1::bigint, 400 + 53 * k) i) q;
CREATE TEMP TABLE state AS SELECT k, affinity.uplift_agg(s, t, y) AS of_bool, affinity.uplift_agg(s, t, y::int::float8) AS of_number,
	affinity.uplift_agg(s, t, y::int * (i * 37 % 101) / 8.0 - 3) AS of_amount FROM row GROUP BY 1;

-- 1. Scores.
SELECT is_empty($$SELECT k, qini, auuc FROM (SELECT k, affinity.qini(s, t, y) AS qini, affinity.auuc(s, t, y) AS auuc FROM row GROUP BY 1) q JOIN (VALUES
		(1, 0.12642747411279487::float8, 0.13428720663003194::float8), (2, 0.07829976699736617, 0.0971269255955729), (3, -0.04397576307689219, -0.04160138472291017), (4, 0.0918750741964633, 0.09849892033019009),
		(5, 0.0929065712045792, 0.1269026914414307), (6, 0.079085188061856, 0.07823286943273874), (7, 0.05206056574657451, 0.06018054416585889), (8, 0.042938465125177, 0.05417942838100357)) v (k, q, a) USING (k)
	WHERE NOT (pg_temp.near(qini, q) AND pg_temp.near(auuc, a))$$, 'scikit-uplift: qini_auc_score, uplift_auc_score');
SELECT is(affinity.auuc(s, t, y)::text || affinity.qini(s, t, y), x, 'scikit-uplift''s own tests: ' || x) FROM (VALUES (0.1, true, false, '01'), (0.3, false, true, '01'), (0.1, false, true, '11'), (0.3, true, false, '11')) v (s, t, y, x) GROUP BY x ORDER BY x;
SELECT is_empty($$SELECT k FROM state JOIN (VALUES (1, 0.1815530556219527::float8, 0.5197032411695038::float8), (2, 0.20414351324420707, 0.7499992410824675), (3, -0.05569620361195824, 0.560724988422477), (4, 0.1842283930145757, 0.831747899555742),
		(5, 0.30180506121656986, 0.9291969495609614), (6, 0.13110399840014042, 0.861787047709379), (7, 0.18798444627199018, 0.9015157413760723), (8, 0.007203493485900818, 0.670843310761289)) v (k, q, a) USING (k)
	WHERE NOT (pg_temp.near(affinity.qini(of_amount, false), q, 10) AND pg_temp.near(affinity.auuc(of_amount, false), a))$$, 'areas of amounts');
SELECT is_empty($$SELECT k FROM state JOIN (VALUES (1, 0.03500508376611434::float8, 0.09191845198868331::float8), (3, -0.009775113075466425, 0.0850720627338769), (8, 0.016451838550331953, 0.13339627310022883)) v (k, q, a) USING (k)
	WHERE NOT (pg_temp.near(affinity.qini(of_bool, false), q) AND pg_temp.near(affinity.auuc(of_bool, false), a))$$, 'areas of what happened');
-- Qini's curve in plain SQL
SELECT is_empty($$WITH score AS (SELECT k, s, count(*) AS n, count(*) FILTER (WHERE t) AS nt, count(*) FILTER (WHERE NOT t) AS nc, count(*) FILTER (WHERE t AND y) AS yt, count(*) FILTER (WHERE NOT t AND y) AS yc FROM row GROUP BY 1, 2
	), curve AS (SELECT k, n, sum(n) OVER w AS x, sum(nt) OVER w AS t, sum(yt) OVER w - CASE WHEN sum(nc) OVER w > 0 THEN sum(yc) OVER w::float8 * sum(nt) OVER w / sum(nc) OVER w ELSE 0 END AS q FROM score WINDOW w AS (PARTITION BY k ORDER BY s DESC)
	), area AS (SELECT k, n * (q + coalesce(lag(q) OVER (PARTITION BY k ORDER BY x), 0)) / 2 AS part, x, t, q FROM curve
	), total AS (SELECT k, sum(part) AS area, max(x) AS n, max(t) AS t, (array_agg(q ORDER BY x DESC))[1] AS q FROM area GROUP BY 1)
	SELECT * FROM total JOIN state USING (k) WHERE NOT pg_temp.near((area - n * q / 2) / (n * t), affinity.qini(of_bool, false), 10)$$, 'the curve in plain SQL');
SELECT is_empty('SELECT k FROM state WHERE of_bool <> of_number OR affinity.qini(of_bool) <> affinity.qini(of_number)', 'true and false are 1 and 0');
SELECT is_empty($$SELECT * FROM (SELECT affinity.qini(s * 1e-300, t, y) AS a, affinity.qini(s * 1e300, t, y) AS b, affinity.qini(s - 1e6, t, y) AS c, affinity.qini(s, t, y) AS d FROM row WHERE k = 2) q WHERE a <> d OR b <> d OR c <> d$$, 'only the order of scores counts');
SELECT ok(pg_temp.near(affinity.qini(affinity.uplift_agg(s, t, y::int * 1e15), false), 1e15 * affinity.qini(affinity.uplift_agg(s, t, y), false), 9), 'outcomes of 1e15') FROM row WHERE k = 2;
SELECT ok(pg_temp.near(affinity.qini(affinity.uplift_agg(s, t, y::int * 1e-300), false), 1e-300 * affinity.qini(affinity.uplift_agg(s, t, y), false), 9), 'outcomes of 1e-300') FROM row WHERE k = 2;
SELECT ok(affinity.qini(1, t, y) = 0 AND affinity.auuc(1, t, y) = 0, 'one score for all is none') FROM row WHERE k = 1;
SELECT is(affinity.qini(s, true, y), NULL, 'without a control') FROM row WHERE k = 1;
SELECT is(affinity.auuc(s, false, y), NULL, 'without a treatment') FROM row WHERE k = 1;
SELECT is(affinity.qini(s, t, false), NULL, 'nothing happened') FROM row WHERE k = 1;
SELECT is(affinity.qini(s, t, y), NULL, 'no rows') FROM row WHERE k = 0;
SELECT is(affinity.qini(s, t, y), NULL, 'one row') FROM row WHERE k = 1 AND i = 1;
SELECT is(affinity.qini(NULL::affinity.uplift), NULL, 'NULL');
SELECT throws_ok(format('SELECT affinity.%s(i, i %% 2 = 0, i) FROM generate_series(1, 9) i', f), '22023', 'the best order is known only of outcomes 0 and 1', f || ' of amounts') FROM unnest('{qini,auuc}'::text[]) f;
SELECT lives_ok(format('SELECT affinity.%s(affinity.uplift_agg(i, i %% 2 = 0, i), false) FROM generate_series(1, 9) i', f), 'the hint works') FROM unnest('{qini,auuc}'::text[]) f;

-- 2. By decile, in plain SQL: all rows of a score are where the first of them is.
CREATE TEMP TABLE ranked AS SELECT *, 1 + (rank() OVER (PARTITION BY k ORDER BY s DESC) - 1) * 10 / count(*) OVER (PARTITION BY k) AS decile, y::int * (i * 37 % 101) / 8.0 - 3 AS v FROM row;
SELECT is_empty($$WITH plain AS (SELECT k, decile, count(*) AS units, count(*) FILTER (WHERE t) AS treated, count(*) FILTER (WHERE NOT t) AS control, max(s) AS highest, min(s) AS lowest, avg(y::int) FILTER (WHERE t) AS a, avg(y::int) FILTER (WHERE NOT t) AS b FROM ranked GROUP BY 1, 2)
	SELECT * FROM plain p FULL JOIN (SELECT k, u.* FROM state, affinity.uplift_by_decile(of_bool) u) u USING (k, decile)
	WHERE NOT coalesce(p.units = u.units AND p.treated = u.treated AND p.control = u.control AND highest = highest_score AND lowest = lowest_score AND pg_temp.near(a::float8, treated_mean) AND pg_temp.near(b::float8, control_mean) AND abs(a - b - uplift) < 1e-12, false)$$, 'counts and means by decile');
SELECT is_empty($$SELECT * FROM (SELECT k, u.* FROM state, affinity.uplift_by_decile(of_bool) u) u, LATERAL (SELECT count(*) FILTER (WHERE t)::float8 AS n, avg(y::int) FILTER (WHERE t)::float8 - avg(y::int) FILTER (WHERE NOT t)::float8 AS d, count(*)::float8 / (SELECT count(*) FROM row r WHERE r.k = u.k) AS share
		FROM ranked r WHERE r.k = u.k AND r.decile <= u.decile) p
	WHERE NOT coalesce(abs(cumulative_uplift - d) < 1e-12 AND abs(gain - d * n) < 1e-9 AND abs(share - cumulative_share) < 1e-12, false)$$, 'all down to there');
-- Newcombe's interval, of Wilson's
CREATE FUNCTION pg_temp.wilson(y float8, n float8, z float8, side int) RETURNS float8 LANGUAGE sql AS 'SELECT (y / n + z * z / (2 * n) + side * z * sqrt(y / n * (1 - y / n) / n + z * z / (4 * n * n))) / (1 + z * z / n)';
SELECT is_empty($$SELECT * FROM state, affinity.uplift_by_decile(of_bool, 5, 0.9) u, LATERAL (SELECT 1.6448536269514722::float8 AS z, treated_mean AS p, control_mean AS q) c
	WHERE NOT (abs(low - (p - q - sqrt((p - pg_temp.wilson(p * treated, treated, z, -1)) ^ 2 + (pg_temp.wilson(q * control, control, z, 1) - q) ^ 2))) < 1e-9
		AND abs(high - (p - q + sqrt((pg_temp.wilson(p * treated, treated, z, 1) - p) ^ 2 + (q - pg_temp.wilson(q * control, control, z, -1)) ^ 2))) < 1e-9)$$, 'intervals of proportions');
-- Newcombe 1998, table II, example (a): 56/70 and 48/80
SELECT results_eq($$SELECT round(low::numeric, 4), round(high::numeric, 4) FROM (SELECT affinity.uplift_agg(1, i <= 70, CASE WHEN i <= 70 THEN i <= 56 ELSE i <= 118 END) AS s FROM generate_series(1, 150) i) q, affinity.uplift_by_decile(s)$$,
	'VALUES (0.0524, 0.3339)', 'Newcombe (1998), method 10');
-- Welch's
SELECT is_empty($$SELECT * FROM (SELECT k, u.* FROM state, affinity.uplift_by_decile(of_amount) u) u JOIN (SELECT k, decile, affinity.contrast_numeric(t, v) AS w FROM ranked GROUP BY 1, 2) r USING (k, decile)
	WHERE NOT coalesce(abs(uplift - ((w).mean_inside - (w).mean_outside)) < 1e-9 AND abs((low + high) / 2 - uplift) < 1e-9, false)$$, 'means of amounts by decile');
SELECT ok(pg_temp.near(low, -3.5457627313555555, 10) AND pg_temp.near(high, 3.3225484456412691, 10), 'R''s t.test') FROM (SELECT affinity.uplift_agg(1, i % 2 = 0, i * 7 % 10 + (i % 3) / 4.0) AS s FROM generate_series(1, 15) i) q, affinity.uplift_by_decile(s);
SELECT is(array_agg(decile || ':' || units ORDER BY decile), '{1:6,7:4}', 'ties stay together; parts without a first row are left out') FROM (SELECT affinity.uplift_agg(CASE WHEN i <= 6 THEN 2 ELSE 1 END, i % 2 = 0, i % 3 = 0) AS s FROM generate_series(1, 10) i) q, affinity.uplift_by_decile(s);
SELECT is(count(*), 10::bigint, 'ten of ten') FROM (SELECT affinity.uplift_agg(i, i % 2 = 0, i % 3 = 0) AS s FROM generate_series(1, 10) i) q, affinity.uplift_by_decile(s);
SELECT is_empty($$SELECT * FROM (SELECT affinity.uplift_agg(i, i % 2 = 0, i % 3 = 0) AS s FROM generate_series(1, 10) i) q, affinity.uplift_by_decile(s) WHERE uplift IS NOT NULL OR low IS NOT NULL OR (treated = 0) <> (treated_mean IS NULL) OR (control = 0) <> (control_mean IS NULL)$$, 'one row has no uplift');
SELECT is_empty('SELECT * FROM affinity.uplift_by_decile(NULL)', 'NULL has no deciles');
SELECT throws_ok(format('SELECT affinity.uplift_by_decile(s, %s) FROM (SELECT affinity.uplift_agg(1, true, true) AS s) q', a), c, NULL, a) FROM (VALUES ('0', '22023'), ('1001', '22023'), ('NULL', '22004'), ('10, 1', '22023'), ('10, ''NaN''', '22023'), ('10, NULL', '22004')) v (a, c);

-- 3. The state.
SELECT is_empty($$SELECT k FROM state JOIN (SELECT k, affinity.uplift_agg(s, t, y ORDER BY random()) AS other, affinity.qini(s, t, y ORDER BY random()) AS q FROM row GROUP BY 1) o USING (k)
	WHERE of_bool <> other OR of_bool::text <> other::text OR affinity.uplift_hash(of_bool) <> affinity.uplift_hash(other) OR q <> affinity.qini(of_bool)$$, 'any order gives the same bytes');
SELECT is_empty($$SELECT k FROM state JOIN (SELECT k, affinity.rollup(part ORDER BY random()) AS other FROM (SELECT k, affinity.uplift_agg(s, t, v) AS part FROM ranked GROUP BY k, (random() * 9)::int) p GROUP BY 1) o USING (k) WHERE of_amount::text <> other::text$$, 'parts roll up to the same bytes');
SELECT is_empty('SELECT k FROM state WHERE of_amount::text::affinity.uplift <> of_amount OR of_bool = of_amount', 'text goes out and in; others differ');
CREATE TEMP TABLE copied (k int, state affinity.uplift);
\copy (SELECT k, of_amount FROM state) TO '/tmp/affinity_uplift.copy' BINARY
\copy copied FROM '/tmp/affinity_uplift.copy' BINARY
\! rm -f /tmp/affinity_uplift.copy
SELECT is(count(*), 8::bigint, 'binary goes out and in') FROM copied c JOIN state s USING (k) WHERE c.state = s.of_amount;
CREATE TABLE public.uplift_rows AS SELECT (hashint4(i) & 4095) / 64.0::float8 AS s, i % 3 = 0 AS t, (hashint4(i + 1) & 3) = 0 AS y FROM generate_series(1, 60000) i;
ANALYZE public.uplift_rows;
CREATE TEMP TABLE serial AS SELECT affinity.uplift_agg(s, t, y) AS state, affinity.qini(s, t, y) AS qini FROM public.uplift_rows;
SET LOCAL parallel_setup_cost = 0;
SET LOCAL parallel_tuple_cost = 0;
SET LOCAL min_parallel_table_scan_size = 0;
CREATE FUNCTION pg_temp.plan_of(query text) RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
	RETURN QUERY EXECUTE 'EXPLAIN (COSTS OFF) ' || query;
END $$;
SELECT matches((SELECT string_agg(l, E'\n') FROM pg_temp.plan_of('SELECT affinity.uplift_agg(s, t, y), affinity.qini(s, t, y) FROM public.uplift_rows') l), 'Finalize Aggregate.*Gather.*Partial Aggregate', 'aggregates run in parallel');
CREATE TEMP TABLE parallel AS SELECT affinity.uplift_agg(s, t, y) AS state, affinity.qini(s, t, y) AS qini FROM public.uplift_rows;
SELECT ok(p.state = s.state AND p.qini = s.qini, 'and give the same') FROM parallel p, serial s;
SELECT is((SELECT sum(units) FROM serial, affinity.uplift_by_decile(state)), 60000::numeric, 'no row is lost as the state grows');

-- damaged states
CREATE FUNCTION pg_temp.fate(state bytea) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	s affinity.uplift;
BEGIN
	s := translate(encode(state, 'base64'), E'\n', '')::affinity.uplift;
	RETURN CASE WHEN (SELECT bool_and(units > 0 AND highest_score >= lowest_score) FROM affinity.uplift_by_decile(s)) AND affinity.qini(s, false) IS DISTINCT FROM 'NaN' THEN 'sound' ELSE 'unsound' END;
EXCEPTION WHEN invalid_binary_representation THEN
	RETURN 'refused';
END $$;
CREATE TEMP TABLE byte AS SELECT decode(affinity.uplift_agg(s, t, v)::text, 'base64') AS b FROM ranked WHERE k = 1 AND i <= 6;
SELECT is(pg_temp.fate(b), 'sound', 'as it was') FROM byte;
SELECT is_empty($$SELECT i, x, fate FROM byte, generate_series(0, length(b) - 1) i, unnest(ARRAY[0, 1, 3, 128, 255]) x, LATERAL (SELECT pg_temp.fate(set_byte(b, i, get_byte(b, i) # x)) AS fate) f WHERE fate NOT IN ('sound', 'refused')$$, 'every byte changed: refused, or a state that can be');
SELECT is_empty($$SELECT i FROM byte, generate_series(0, length(b) - 1) i WHERE pg_temp.fate(substr(b, 1, i)) <> 'refused'$$, 'cut anywhere: refused');
SELECT is(pg_temp.fate(b || '\x00'), 'refused', 'a byte more') FROM byte;
SELECT throws_ok($$SELECT 'x'::affinity.uplift$$, '22P03', 'invalid uplift state: not base64', 'no base64');

-- 4. Wrong input.
SELECT throws_ok(format('SELECT affinity.uplift_agg(%s)', a), c, m, a) FROM (VALUES ('''NaN''::float8, true, true', '22000', 'NaN score'), ('''inf''::float8, true, true', '22000', 'infinite score'), ('1, true, ''NaN''::float8', '22000', 'NaN outcome'),
	('1, true, ''-inf''::float8', '22000', 'infinite outcome'), ('1, true, 1e16', '22003', 'outcome 1e+16 is out of range')) v (a, c, m);
SELECT is(affinity.uplift_agg(s, t, y), NULL, 'rows with a NULL do not count') FROM (VALUES (NULL::float8, true, true), (1, NULL, true), (1, true, NULL)) v (s, t, y);
SELECT ok(affinity.uplift_agg(0.0::float8, true, 0.0::float8) = affinity.uplift_agg('-0'::float8, true, '-0'::float8), '-0 is 0');
SELECT throws_ok('SELECT affinity.uplift_combine(s, s) FROM (SELECT affinity.uplift_agg(1, true, true) AS s) q', '0A000', NULL, 'rollup merges');
SELECT throws_ok(format('SELECT affinity.%s(%s)', f, a), c, m, f || ' of ' || a) FROM unnest('{uplift_agg,qini,auuc}'::text[]) f, (VALUES ('0.5, 1, 0', '42804', 'treated must be true or false, but is a number'), ('0.5, 1, true', '42804', 'treated must be true or false, but is a number'), ('0.5, true', '42883', 'uplift needs to know what came of it')) v (a, c, m);
SELECT lives_ok(format('SELECT affinity.%s(0.5, 1 = 1, %s)', f, o), 'what the hint says: ' || f) FROM unnest('{uplift_agg,qini,auuc}'::text[]) f, unnest('{0,true}'::text[]) o;
SELECT finish();
ROLLBACK;
