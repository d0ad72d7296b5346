-- similarity of two columns
SET extra_float_digits = 0;

CREATE TEMP TABLE ratings (i int, r real, n numeric, d float8, member boolean);
INSERT INTO ratings VALUES (1, 2, 1.5, 0, true), (2, 1, 2.5, 3, true),
	(4, 3, NULL, 1, false), (NULL, 1, 2, 2, NULL), (0, 5, 0, 0.5, true);

-- columns of any number type
SELECT affinity.dot(i, r), affinity.dot(n, d) AS dot_nd,
	affinity.cosine(i, r) AS cosine, affinity.euclidean(i, n) AS euclidean,
	affinity.manhattan(r, d) AS manhattan, affinity.pearson(i, r) AS pearson
FROM ratings;
SELECT affinity.jaccard(i, r) AS jaccard, affinity.dice(i, r) AS dice,
	affinity.overlap(i, r) AS overlap, affinity.tversky(i, r) AS tversky,
	affinity.tversky(i, r, 1, 1) AS as_jaccard,
	affinity.tversky(i, r, 1, 0) AS part_of_i
FROM ratings;
SELECT affinity.jaccard(member, i > 1) AS jaccard,
	affinity.dice(member, i > 1) AS dice,
	affinity.overlap(member, i > 1) AS overlap,
	affinity.cosine_set(member, i > 1) AS cosine_set,
	affinity.tversky(member, i > 1) AS tversky,
	affinity.tversky(member, i > 1, 0.25, 2) AS tversky_2
FROM ratings;

-- the same numbers as the functions over arrays, here by group, with FILTER
-- and in a window
SELECT g, affinity.dot(x, y) = affinity.dot(array_agg(x), array_agg(y)) AS dot,
	affinity.manhattan(x, y) = affinity.manhattan(array_agg(x), array_agg(y)) AS manhattan,
	abs(affinity.cosine(x, y) - affinity.cosine(array_agg(x), array_agg(y))) < 1e-12 AS cosine,
	affinity.euclidean(x, y) = affinity.euclidean(array_agg(x), array_agg(y)) AS euclidean,
	abs(affinity.pearson(x, y) - affinity.pearson(array_agg(x), array_agg(y))) < 1e-12 AS pearson,
	abs(affinity.pearson(x, y) - corr(x, y)) < 1e-12 AS corr,
	affinity.jaccard(x > 10, y > 10) =
		affinity.jaccard(array_agg(i) FILTER (WHERE x > 10),
			array_agg(i) FILTER (WHERE y > 10)) AS jaccard
FROM (SELECT i % 3 AS g, i, (i * 7 % 31)::float8 AS x, (i * 11 % 29)::float8 AS y
	FROM generate_series(1, 300) i) t
GROUP BY g ORDER BY g;
SELECT i, affinity.dot(i, r) OVER (ORDER BY i NULLS LAST),
	affinity.jaccard(i, r) FILTER (WHERE i > 0) OVER (ORDER BY i NULLS LAST) AS jaccard
FROM ratings ORDER BY i NULLS LAST;

-- no rows, only NULLs, all 0, constant, one row
SELECT affinity.dot(i, r), affinity.cosine(i, r), affinity.euclidean(i, r),
	affinity.manhattan(i, r), affinity.pearson(i, r), affinity.jaccard(i, r),
	affinity.dice(i, r), affinity.overlap(i, r), affinity.tversky(i, r),
	affinity.tversky(i, r, 1, 1), affinity.jaccard(member, member),
	affinity.cosine_set(member, member), affinity.tversky(member, member, 1, 1)
FROM ratings WHERE i IS NULL;
SELECT affinity.dot(x, y), affinity.cosine(x, y), affinity.euclidean(x, y),
	affinity.manhattan(x, y), affinity.pearson(x, y), affinity.jaccard(x, y),
	affinity.overlap(x, y), affinity.tversky(x, y, 0, 0),
	affinity.jaccard(x > 0, x > 0) AS members
FROM (VALUES (0, 1), (0, 2)) t(x, y);
SELECT affinity.pearson(x, y) AS constant, affinity.pearson(y, x) AS swapped,
	affinity.pearson(x, y) FILTER (WHERE y = 1) AS one_row
FROM (SELECT 0.1::float8 AS x, i AS y FROM generate_series(1, 1001) i) t;

-- NaN and infinity
SELECT g, affinity.dot(x, y), affinity.cosine(x, y), affinity.euclidean(x, y),
	affinity.manhattan(x, y), affinity.pearson(x, y), affinity.jaccard(abs(x), y),
	affinity.dice(abs(x), y), affinity.overlap(abs(x), y)
FROM (VALUES (1, 'NaN'::float8, 1::float8), (1, 1, 2),
	(2, 'Infinity', 1), (2, 1, 2),
	(3, '-Infinity', 1), (3, 1, 2),
	(4, 'Infinity', 'Infinity'), (4, 1, 2),
	(5, 1, 'Infinity'), (5, 1, 2),
	(6, 0, 'NaN'), (6, 0, 1)) t(g, x, y)
GROUP BY g ORDER BY g;

-- huge and tiny values
SELECT affinity.dot(x, y), affinity.cosine(x, y), affinity.euclidean(x, y),
	affinity.manhattan(x, y), affinity.pearson(x, y), affinity.jaccard(x, y),
	affinity.overlap(x, y)
FROM (VALUES (1, 3e300::float8, 3e300::float8), (1, 4e300, 4e300), (1, 1, 2),
	(2, 3e-300, 0), (2, 0, 4e-300),
	(3, 1e300, 0), (3, 1e-300, 1e300),
	(4, 1.7e308, 1e308), (4, 1.7e308, 1.7e308),
	(5, 1e-320, 2e-320), (5, 2e-320, 1e-320), (5, 3e-320, 3e-320)) t(g, x, y)
GROUP BY g ORDER BY g;
SELECT affinity.dot(x, y) AS cancels
FROM (VALUES (1e200::float8, 1e200::float8), (-1e200, 1e200), (1e200, 1e100)) t(x, y);

-- in parallel as in series
CREATE TABLE similarity_rows AS
	SELECT i, (i * 7919 % 1009)::float8 AS x, (i * 104729 % 997)::float8 AS y,
		(i * 7919 % 1009) * power(10, i % 400 - 200) AS wide
	FROM generate_series(1, 20000) i;
ANALYZE similarity_rows;
CREATE VIEW similarity_measures AS
	SELECT affinity.dot(x, y) AS dot, affinity.cosine(x, y) AS cosine,
		affinity.euclidean(x, y) AS euclidean, affinity.manhattan(x, y) AS manhattan,
		affinity.pearson(x, y) AS pearson, affinity.jaccard(x, y) AS jaccard,
		affinity.dice(x, y) AS dice, affinity.overlap(x, y) AS overlap,
		affinity.tversky(x, y, 0.3, 0.9) AS tversky,
		affinity.jaccard(x > 500, y > 400) AS jaccard_members,
		affinity.dice(x > 500, y > 400) AS dice_members,
		affinity.overlap(x > 500, y > 400) AS overlap_members,
		affinity.cosine_set(x > 500, y > 400) AS cosine_set_members,
		affinity.tversky(x > 500, y > 400, 0.3, 0.9) AS tversky_members,
		affinity.cosine(wide, y) AS cosine_wide,
		affinity.euclidean(wide, y) AS euclidean_wide,
		affinity.pearson(wide, y) AS pearson_wide,
		affinity.jaccard(wide, y) AS jaccard_wide
	FROM similarity_rows;
SET max_parallel_workers_per_gather = 0;
CREATE TEMP TABLE serial AS SELECT * FROM similarity_measures;
SET max_parallel_workers_per_gather = 2;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SET parallel_leader_participation = off;
EXPLAIN (COSTS OFF) SELECT dot FROM similarity_measures;
CREATE TEMP TABLE parallel AS SELECT * FROM similarity_measures;
SELECT s.key, round(s.value::numeric, 12 - ceil(log(abs(s.value::numeric)))::int)
		= round(p.value::numeric, 12 - ceil(log(abs(s.value::numeric)))::int) AS equal
FROM serial, jsonb_each_text(to_jsonb(serial)) s,
	parallel, jsonb_each_text(to_jsonb(parallel)) p
WHERE s.key = p.key ORDER BY s.key;
RESET ALL;
SET extra_float_digits = 0;
DROP VIEW similarity_measures;
DROP TABLE similarity_rows;

-- negative weights, parameters that vary, states made up by hand
DO $$
DECLARE
	call text;
	state text;
	message text;
	hint text;
BEGIN
	FOREACH call IN ARRAY ARRAY[
		$q$affinity.jaccard(x, y) FROM (VALUES (1, 2), (-1, 1)) t(x, y)$q$,
		$q$affinity.overlap(x, y) FROM (VALUES (1, 2), (1, -1)) t(x, y)$q$,
		$q$affinity.tversky(x, y, x, 1) FROM (VALUES (1, 2), (2, 1)) t(x, y)$q$,
		$q$affinity.tversky(x > 1, y > 1, 1, x) FROM (VALUES (1, 2), (2, 1)) t(x, y)$q$,
		$q$affinity.tversky(x, y, -1, 1) FROM (VALUES (1, 2)) t(x, y)$q$,
		$q$affinity.tversky(x, y, 1, 'NaN') FROM (VALUES (1, 2)) t(x, y)$q$,
		$q$affinity.products_accum('{0,9,0,0,0,0,0}', 1, 1)$q$,
		$q$affinity.products_combine('{0,0,0,0,0,0,0}', '{0,0,NaN,0,0,0,0}')$q$,
		$q$affinity.differences_accum('{0,-1,0,0}', 1, 1)$q$,
		$q$affinity.comoments_combine('{0,0,0,0,0,0,0,0}', '{1,1e300,0,0,0,0,0,0}')$q$,
		$q$affinity.dot_final('{1,0,0.5,0,0,0,Infinity}')$q$,
		$q$affinity.tversky_combine('{0,0,0,0,1,1}', '{0,0,0,0,1,2}')$q$]
	LOOP
		BEGIN
			EXECUTE 'SELECT ' || call;
			RAISE INFO '% did not fail', call;
		EXCEPTION WHEN OTHERS THEN
			GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE,
				message = MESSAGE_TEXT, hint = PG_EXCEPTION_HINT;
			RAISE INFO '%', format(E'%s\n  %s %s\n  %s', call, state, message, hint);
		END;
	END LOOP;
END;
$$;

-- every support function with every wrong shape of state: always 22023
DO $$
DECLARE
	f record;
	bad text;
	call text;
	tried int := 0;
BEGIN
	FOR f IN SELECT p.proname, p.pronargs, p.proargtypes::regtype[] AS types
		FROM pg_proc p
		WHERE p.pronamespace = 'affinity'::regnamespace
		AND p.proname ~ '^(products|differences|comoments|weights|members|tversky|dot|cosine|euclidean|manhattan|pearson|jaccard|dice|overlap|cosine_set)_(weights_|members_)?(accum|combine|final)$'
		ORDER BY p.proname
	LOOP
		FOREACH bad IN ARRAY ARRAY['{}', '{0}', '{0,0,0}', '{{0,0,0,0}}',
			'{0,0,0,NULL}', '{0,0,0,0,NULL,-1}', '{0,0,0,0,0,0,NULL}',
			'{0,0,0,0,0,0,0,NULL}', '{{0,0},{0,0},{0,0}}',
			'{0,0,0,0,0,0,0,0,0}']
		LOOP
			call := format('affinity.%I(%L%s)', f.proname, bad,
				CASE WHEN f.proname LIKE '%combine' THEN format(', %L', bad)
					WHEN f.proname LIKE '%accum' AND f.types[1] = 'boolean'::regtype
					THEN ', true, true'
					WHEN f.proname LIKE '%accum' THEN ', 1, 1'
					ELSE '' END || CASE WHEN f.proname LIKE 'tversky%accum'
					THEN ', 1, 1' ELSE '' END);
			BEGIN
				EXECUTE 'SELECT ' || call;
				RAISE INFO '% did not fail', call;
			EXCEPTION WHEN invalid_parameter_value THEN
				tried := tried + 1;
			END;
		END LOOP;
	END LOOP;
	RAISE INFO '% calls failed as they should', tried;
END;
$$;

-- a transition function called from SQL leaves its argument as it is
SELECT s AS before, affinity.weights_accum(s, 1, 2) AS after, s AS unchanged
FROM (VALUES ('{0,0,0,0}'::float8[])) t(s);
