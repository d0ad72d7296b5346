-- dot, cosine, euclidean, manhattan and pearson of two arrays
SET extra_float_digits = 0;

-- every type of element that is typed first, and mixtures
SELECT affinity.dot('{1,2}'::real[], '{3,4}'),
	affinity.dot('{1,2}'::float8[], '{3,4}'),
	affinity.dot(ARRAY[1, 2], ARRAY[3, 4]),
	affinity.dot('{1,2}'::smallint[], '{3,4}'),
	affinity.dot('{1,2}'::bigint[], '{3,4}'),
	affinity.dot(ARRAY[1.5, 2.5], ARRAY[3, 4]),
	affinity.dot(ARRAY[1, 2], ARRAY[3.5, 4.5]),
	affinity.dot('{1,2}'::real[], '{3,4}'::float8[]),
	affinity.dot('{1,2}'::numeric[], '{3,4}'::real[]),
	affinity.dot('{1,2}'::smallint[], '{3,4}'::bigint[]);
SELECT affinity.cosine(ARRAY[1, 0], ARRAY[1, 1]) AS cosine,
	affinity.cosine(ARRAY[1.0, 2.5], ARRAY[2, 3.1]) AS of_numeric,
	affinity.euclidean(ARRAY[0, 0], ARRAY[3, 4]) AS euclidean,
	affinity.manhattan(ARRAY[0, 0], ARRAY[3, -4]) AS manhattan,
	affinity.pearson(ARRAY[1, 2, 3], ARRAY[1, 2, 4]) AS pearson;
SELECT affinity.cosine(a => ARRAY[1, 0], b => ARRAY[0, 1]) AS orthogonal,
	affinity.cosine(ARRAY[1, 2], ARRAY[-2, -4]) AS opposite,
	affinity.pearson(ARRAY[1, 2], ARRAY[5, 3]) AS falling;
-- lower bounds do not matter
SELECT affinity.dot('[5:6]={1,2}'::int[], '{3,4}');

-- NULL: an array, positions, all positions
SELECT affinity.dot(NULL::real[], '{1}') IS NULL AS array_is_null;
SELECT affinity.dot('{1,NULL,3,4}'::real[], '{5,6,NULL,8}'),
	affinity.cosine('{1,NULL,3,4}'::real[], '{1,6,NULL,4}'),
	affinity.euclidean('{1,NULL,3,4}'::float8[], '{4,6,NULL,8}'),
	affinity.manhattan('{1,NULL,3,4}'::numeric[], '{4,6,NULL,8}'),
	affinity.pearson('{1,NULL,3,4}'::int[], '{1,6,NULL,4}');
SELECT affinity.dot('{NULL,1}'::int[], '{1,NULL}'),
	affinity.cosine('{NULL,1}'::int[], '{1,NULL}'),
	affinity.euclidean('{NULL,1}'::int[], '{1,NULL}'),
	affinity.manhattan('{NULL,1}'::int[], '{1,NULL}'),
	affinity.pearson('{NULL,1}'::int[], '{1,NULL}');

-- empty, zero norm, no variance, too few positions
SELECT affinity.dot('{}'::real[], '{}') AS dot,
	affinity.euclidean('{}'::real[], '{}') AS euclidean,
	affinity.manhattan('{}'::real[], '{}') AS manhattan,
	affinity.cosine('{}'::real[], '{}') AS cosine,
	affinity.pearson('{}'::real[], '{}') AS pearson;
SELECT affinity.cosine('{0,0}'::real[], '{1,2}') AS zero,
	affinity.cosine('{0,-0}'::float8[], '{0,0}') AS zeros,
	affinity.pearson('{1}'::float8[], '{2}') AS one,
	affinity.pearson('{0.1,0.1,0.1}'::float8[], '{1,2,4}') AS constant,
	affinity.pearson('{1,2,4}'::real[], '{0.1,0.1,0.1}') AS constant_real,
	affinity.pearson(array_fill(0.1, ARRAY[1001]),
		array_agg(i)::numeric[]) AS constant_numeric
FROM generate_series(1, 1001) i;

-- NaN and infinity
SELECT t.a, t.b, affinity.dot(t.a, t.b), affinity.cosine(t.a, t.b),
	affinity.euclidean(t.a, t.b), affinity.manhattan(t.a, t.b),
	affinity.pearson(t.a, t.b)
FROM (VALUES ('{NaN,1}'::float8[], '{1,2}'::float8[]),
	('{NaN,1}', '{0,0}'),
	('{Infinity,1}', '{1,2}'),
	('{Infinity,1}', '{0,0}'),
	('{-Infinity,1}', '{1,2}'),
	('{Infinity,Infinity}', '{Infinity,1}'),
	('{Infinity,Infinity}', '{-Infinity,1}'),
	('{Infinity,Infinity}', '{1,-1}'),
	('{NaN}', '{1}'),
	('{Infinity,1e300}', '{1,-1e300}'),
	('{NULL,1,2}', '{NaN,1,4}')) t(a, b);
SELECT t.a, t.b, affinity.dot(t.a, t.b), affinity.cosine(t.a, t.b),
	affinity.euclidean(t.a, t.b), affinity.manhattan(t.a, t.b),
	affinity.pearson(t.a, t.b)
FROM (VALUES ('{NaN,1}'::real[], '{1,2}'::real[]),
	('{Infinity,1}', '{1,2}'),
	('{Infinity,1}', '{Infinity,2}')) t(a, b);
SELECT affinity.dot('{NaN,1}'::numeric[], '{1,2}'),
	affinity.dot('{Infinity,1}'::numeric[], '{1,2}');

-- huge and tiny values: no overflow or underflow on the way to a result
SELECT affinity.dot('{1e200,-1e200,1e200}'::float8[], '{1e200,1e200,1e100}') AS dot,
	affinity.dot('{1e300}'::float8[], '{1e300}') AS too_large,
	affinity.cosine('{3e300,4e300}'::float8[], '{3e-300,4e-300}') AS cosine,
	affinity.cosine('{1.7e308,1.7e308}'::float8[], '{1.7e308,0}') AS cosine_45,
	affinity.cosine('{5e-324}'::float8[], '{-5e-324}') AS subnormal;
SELECT affinity.euclidean('{3e200,0}'::float8[], '{0,4e200}') AS huge,
	affinity.euclidean('{3e-200,0}'::float8[], '{0,4e-200}') AS tiny,
	affinity.euclidean('{1,3e-200,0}'::float8[], '{1,0,4e-200}') AS mixed,
	affinity.euclidean('{1.7e308}'::float8[], '{-1.7e308}') AS too_large,
	affinity.manhattan('{1e308}'::float8[], '{-1e307}') AS manhattan;
SELECT affinity.pearson('{1e300,2e300,4e300}'::float8[], '{1,2,3}') AS huge,
	affinity.pearson('{1e-300,2e-300,4e-300}'::float8[], '{1,2,3}') AS tiny,
	affinity.pearson('{1,2,4}'::float8[], '{1,2,3}') AS usual,
	affinity.pearson('{1.7e308,-1.7e308,0}'::float8[], '{1,-1,0}') AS extreme,
	affinity.pearson('{1000000001,1000000002,1000000004}'::float8[],
		'{1,2,3}') AS far_from_0,
	affinity.pearson('{1.7e308,1.7e308}'::float8[], '{1,2}') AS huge_constant;
SELECT affinity.cosine('{3e38,3e38}'::real[], '{1e-45,1e-45}') AS real_extremes,
	affinity.euclidean('{3e38}'::real[], '{-3e38}') > 5e38 AS real_distance,
	affinity.pearson('{1e-45,3e-45}'::real[], '{3e38,1e38}') AS real_pearson;

-- never outside [-1, 1]; a vector is exactly like itself
SELECT count(*) AS tried,
	count(*) FILTER (WHERE affinity.cosine(v, v) <> 1) AS cosine_not_1,
	count(*) FILTER (WHERE affinity.pearson(v, v) <> 1) AS pearson_not_1,
	count(*) FILTER (WHERE affinity.cosine(v, w) NOT BETWEEN -1 AND 1
		OR affinity.pearson(v, w) NOT BETWEEN -1 AND 1) AS outside
FROM (SELECT array_agg(i / (g + 0.7)) AS v, array_agg(i / 3.0 / (g + 0.1)) AS w
	FROM generate_series(1, 200) g, generate_series(1, 1 + g % 37) i
	GROUP BY g HAVING count(*) > 1) t;

-- every length around the width of a round
SELECT n, affinity.dot(v, w), affinity.manhattan(v, w),
	affinity.euclidean(v, w) ^ 2 AS squared
FROM (SELECT n, array_agg(i::real) AS v, array_agg((n - i)::real) AS w
	FROM generate_series(1, 18) n, generate_series(1, n) i GROUP BY n) t
ORDER BY n;

-- toasted and larger than one chunk
CREATE TEMP TABLE long_vectors AS
	SELECT array_agg((i % 7)::real) AS r, array_agg((i % 7)::float8) AS d,
		array_agg((i % 7)::int) AS i
	FROM generate_series(1, 140000) i;
SELECT affinity.dot(r, r) = affinity.dot(d, d) AS real_and_double,
	affinity.dot(i, i) = affinity.dot(d, d) AS integer_and_double,
	affinity.dot(d, d) = (SELECT sum((i % 7) ^ 2) FROM generate_series(1, 140000) i) AS dot,
	affinity.manhattan(d, array_fill(7::float8, ARRAY[140000])) =
		(SELECT sum(7 - i % 7) FROM generate_series(1, 140000) i) AS manhattan
FROM long_vectors;

-- errors
DO $$
DECLARE
	call text;
	state text;
	message text;
	hint text;
BEGIN
	FOREACH call IN ARRAY ARRAY[
		$q$affinity.dot('{1,2}'::real[], '{1}')$q$,
		$q$affinity.cosine('{1,2}'::int[], '{}')$q$,
		$q$affinity.euclidean('{{1,2}}'::float8[], '{{1,2}}')$q$,
		$q$affinity.manhattan('{1}'::float8[], '{{1}}')$q$,
		$q$affinity.pearson('{1,NULL}'::numeric[], '{1,NULL,2}')$q$,
		$q$affinity.dot('{1e400}'::numeric[], '{1}')$q$]
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
