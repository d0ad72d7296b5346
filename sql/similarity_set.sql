-- jaccard, dice, overlap, cosine_set and tversky of two arrays as sets
SET extra_float_digits = 0;

-- every type of element, mixtures, the shape that is typed first
SELECT affinity.jaccard(ARRAY[1, 2], ARRAY[2, 3]) AS int,
	affinity.jaccard('{1,2}'::smallint[], '{2,3}') AS smallint,
	affinity.jaccard('{1,2}'::bigint[], '{2,3}') AS bigint,
	affinity.jaccard(ARRAY['a', 'b'], ARRAY['b', 'c']) AS text,
	affinity.jaccard('{a,b}'::varchar[], '{b,c}') AS varchar,
	affinity.jaccard('{a,b}'::varchar(5)[], '{b,c}'::text[]) AS mixed_text,
	affinity.jaccard(ARRAY[1, 2], ARRAY[2, 3000000000]) AS mixed_int,
	affinity.jaccard('{1,2}'::smallint[], ARRAY[2, 3]) AS mixed_small;
SELECT affinity.jaccard(u, v) AS jaccard, affinity.dice(u, v) AS dice,
	affinity.overlap(u, v) AS overlap, affinity.cosine_set(u, v) AS cosine_set,
	affinity.tversky(u, v) AS tversky
FROM (SELECT ARRAY['ffffffff-0000-0000-0000-000000000001',
		'00000000-0000-0000-0000-000000000002']::uuid[] AS u,
	ARRAY['00000000-0000-0000-0000-000000000002',
		'ffffffff-0000-0000-0000-000000000002', NULL]::uuid[] AS v) t;
SELECT affinity.jaccard(s, t) AS jaccard, affinity.dice(s, t) AS dice,
	affinity.overlap(s, t) AS overlap, affinity.cosine_set(s, t) AS cosine_set,
	affinity.tversky(s, t) AS tversky,
	affinity.tversky(s, t, 1, 1) AS as_jaccard,
	affinity.tversky(a => s, b => t, alpha => 1, beta => 0) AS part_of_s,
	affinity.tversky(s, t, beta => 1, alpha => 0) AS part_of_t,
	affinity.tversky(s, t, 0, 0) AS touching
FROM (VALUES (ARRAY[1, 2, 3, 4], ARRAY[3, 4, 5])) v(s, t);

-- order, duplicates, NULLs, shape and lower bounds do not matter
SELECT affinity.jaccard(s, t)
FROM (VALUES ('{1,2,3}'::int[], '{2,3,4}'::int[]),
	('{3,1,2,2,1}', '{4,4,3,2}'),
	('{NULL,3,NULL,1,2}', '{2,3,4,NULL}'),
	('{{1,2},{3,NULL}}', '{{{2}},{{3}},{{4}}}'),
	('[7:9]={1,2,3}', '[0:3]={4,3,2,2}')) v(s, t);
SELECT affinity.jaccard(s, t)
FROM (VALUES ('{a,NULL,b,a}'::text[], '{NULL,b,c,b}'::text[]),
	('{"",a}', '{""}'),
	('{ab,a}', '{a,abc}'),
	('{é}', '{é}'),
	('{{a,b},{b,NULL}}', '{b,a}')) v(s, t);
SELECT affinity.jaccard('{-32768,32767,0}'::smallint[], '{32767,1}') AS smallint,
	affinity.jaccard('{2147483647,-2147483648}'::int[], '{-2147483648}') AS int,
	affinity.jaccard('{9223372036854775807,-9223372036854775808,4294967296}'::bigint[],
		'{-9223372036854775808,0}') AS bigint;

-- undefined is NULL, disjoint is 0
SELECT s, t, affinity.jaccard(s, t), affinity.dice(s, t),
	affinity.overlap(s, t), affinity.cosine_set(s, t),
	affinity.tversky(s, t), affinity.tversky(s, t, 0, 0) AS tversky_0_0
FROM (VALUES ('{}'::int[], '{}'::int[]),
	('{}', '{1}'),
	('{NULL}', '{2,1}'),
	('{NULL}', '{NULL,NULL}'),
	('{1}', '{2}'),
	('{1,1}', '{1}'),
	(NULL, '{1}')) v(s, t);
SELECT affinity.tversky(ARRAY[1], ARRAY[1], NULL, 1) IS NULL AS alpha_is_null;

-- large: beyond a chunk, sorted and not, all types agree
SELECT affinity.jaccard(up, shifted) AS sorted,
	affinity.jaccard(down, shifted) AS unsorted,
	affinity.jaccard(up::bigint[], shifted::bigint[]) AS bigint,
	affinity.jaccard(down::text[], shifted::text[]) AS text,
	affinity.overlap(down || up, shifted) AS doubled,
	affinity.overlap(up, ARRAY[5, 100000, 100001]) AS uneven
FROM (SELECT array_agg(i ORDER BY i) AS up, array_agg(i ORDER BY i DESC) AS down,
		array_agg(i + 25000 ORDER BY i) AS shifted
	FROM generate_series(1, 100000) i) t;

-- more than is sorted in one go
SELECT affinity.jaccard(a, b) AS int, affinity.jaccard(a::bigint[], b::bigint[]) AS bigint
FROM (SELECT array_agg((i * 7919::bigint % 1100009)::int - 500000) AS a,
		array_agg((i * 104729::bigint % 1100009)::int - 500000 + 366669) AS b
	FROM generate_series(1, 1100008) i) t;

-- errors
DO $$
DECLARE
	call text;
	state text;
	message text;
	hint text;
BEGIN
	FOREACH call IN ARRAY ARRAY[
		$q$affinity.tversky(ARRAY[1], ARRAY[1], -0.5, 1)$q$,
		$q$affinity.tversky(ARRAY[1], ARRAY[1], 1, 'NaN')$q$,
		$q$affinity.tversky(ARRAY['a'], ARRAY['b'], 'Infinity')$q$,
		$q$affinity.tversky('{}'::uuid[], '{}', beta => -1)$q$]
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
