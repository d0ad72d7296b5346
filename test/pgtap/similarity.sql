-- Similarity against plain SQL formulae, on random vectors, sets and columns.
-- Sets of offending rows are shown, so that a failure names its input.
BEGIN;
SELECT plan(32);
SELECT setseed(0.42);

-- Equal up to rounding, or both NULL.
CREATE FUNCTION pg_temp.close(a float8, b float8, scale float8 DEFAULT 1)
RETURNS boolean LANGUAGE sql AS $$
	SELECT CASE WHEN a IS NULL OR b IS NULL THEN a IS NULL AND b IS NULL
		ELSE abs(a - b) <= 1e-11 * greatest(abs(a), abs(b), abs(scale)) END
$$;

-- Random vectors: lengths 0 to 60, some NULLs, zeros and repeated values.
CREATE TEMP TABLE vectors AS
SELECT id, coalesce(array_agg(x ORDER BY i) FILTER (WHERE i > 0), '{}') AS a,
	coalesce(array_agg(y ORDER BY i) FILTER (WHERE i > 0), '{}') AS b
FROM (SELECT id, i,
		CASE WHEN random() < 0.1 AND id % 2 = 0 THEN NULL
			WHEN random() < 0.1 OR id % 20 = 0 THEN 0
			ELSE round((random() * 200 - 90)::numeric, 3) END AS x,
		CASE WHEN random() < 0.1 AND id % 3 = 0 THEN NULL
			WHEN id % 25 = 0 THEN 7.3
			ELSE round((random() * 200 - 110)::numeric, 3) END AS y
	FROM generate_series(1, 400) id, generate_series(0, id % 61) i) t
GROUP BY id;

-- Both real and double precision are compared with what SQL says of the very
-- values that the function sees.
CREATE TEMP VIEW typed AS
	SELECT id, 'real' AS type, a::real[]::float8[] AS a, b::real[]::float8[] AS b,
		affinity.dot(a::real[], b::real[]), affinity.cosine(a::real[], b::real[]),
		affinity.euclidean(a::real[], b::real[]),
		affinity.manhattan(a::real[], b::real[]),
		affinity.pearson(a::real[], b::real[])
	FROM vectors
	UNION ALL
	SELECT id, 'double precision', a::float8[], b::float8[],
		affinity.dot(a::float8[], b::float8[]), affinity.cosine(a::float8[], b::float8[]),
		affinity.euclidean(a::float8[], b::float8[]),
		affinity.manhattan(a::float8[], b::float8[]),
		affinity.pearson(a::float8[], b::float8[])
	FROM vectors
	UNION ALL
	SELECT id, 'numeric', a::float8[], b::float8[], affinity.dot(a, b),
		affinity.cosine(a, b), affinity.euclidean(a, b), affinity.manhattan(a, b),
		affinity.pearson(a, b)
	FROM vectors
	UNION ALL
	SELECT id, 'integer', a::int[]::float8[], b::int[]::float8[],
		affinity.dot(a::int[], b::int[]), affinity.cosine(a::int[], b::int[]),
		affinity.euclidean(a::int[], b::int[]),
		affinity.manhattan(a::int[], b::int[]),
		affinity.pearson(a::int[], b::int[])
	FROM vectors
	UNION ALL
	SELECT id, 'smallint', a::smallint[]::float8[], b::smallint[]::float8[],
		affinity.dot(a::smallint[], b::smallint[]),
		affinity.cosine(a::smallint[], b::smallint[]),
		affinity.euclidean(a::smallint[], b::smallint[]),
		affinity.manhattan(a::smallint[], b::smallint[]),
		affinity.pearson(a::smallint[], b::smallint[])
	FROM vectors
	UNION ALL
	SELECT id, 'bigint', a::bigint[]::float8[], b::bigint[]::float8[],
		affinity.dot(a::bigint[], b::bigint[]),
		affinity.cosine(a::bigint[], b::bigint[]),
		affinity.euclidean(a::bigint[], b::bigint[]),
		affinity.manhattan(a::bigint[], b::bigint[]),
		affinity.pearson(a::bigint[], b::bigint[])
	FROM vectors;

CREATE TEMP TABLE vector_results AS
SELECT t.*, o.*
FROM typed t, LATERAL (
	SELECT count(*) AS n,
		coalesce(sum(x * y), 0) AS o_dot,
		sum(x * y) / nullif(sqrt(sum(x * x)) * sqrt(sum(y * y)), 0) AS o_cosine,
		coalesce(sqrt(sum((x - y) ^ 2)), 0) AS o_euclidean,
		coalesce(sum(abs(x - y)), 0) AS o_manhattan,
		CASE WHEN min(x) < max(x) AND min(y) < max(y) THEN corr(x, y) END AS o_pearson,
		coalesce(sum(abs(x * y)), 0) AS scale
	FROM unnest(t.a, t.b) u(x, y)
	WHERE x IS NOT NULL AND y IS NOT NULL) o;

SELECT is((SELECT count(*) FROM vector_results), 2400::bigint, 'vectors of six types');
SELECT ok((SELECT count(DISTINCT n) > 50 AND min(n) = 0 FROM vector_results),
	'the random vectors have many lengths');
SELECT ok((SELECT count(*) FILTER (WHERE o_cosine IS NULL) >= 60
		AND count(*) FILTER (WHERE n < cardinality(a)) >= 600
		AND count(*) FILTER (WHERE o_pearson IS NULL AND n >= 2) >= 60
	FROM vector_results), 'zero, constant and partly unknown vectors are among them');
SELECT is_empty($$SELECT id, type, a, b, dot, o_dot FROM vector_results
	WHERE NOT pg_temp.close(dot, o_dot, scale)$$, 'dot is the sum of products');
SELECT is_empty($$SELECT id, type, a, b, cosine, o_cosine FROM vector_results
	WHERE NOT pg_temp.close(cosine, o_cosine)$$, 'cosine is dot over the norms');
SELECT is_empty($$SELECT id, type, a, b, euclidean, o_euclidean FROM vector_results
	WHERE NOT pg_temp.close(euclidean, o_euclidean)$$, 'euclidean is the root of squares');
SELECT is_empty($$SELECT id, type, a, b, manhattan, o_manhattan FROM vector_results
	WHERE NOT pg_temp.close(manhattan, o_manhattan)$$, 'manhattan is the sum of differences');
SELECT is_empty($$SELECT id, type, a, b, pearson, o_pearson FROM vector_results
	WHERE NOT pg_temp.close(pearson, o_pearson)$$, 'pearson is corr()');
SELECT is_empty($$SELECT id FROM vector_results
	WHERE cosine NOT BETWEEN -1 AND 1 OR pearson NOT BETWEEN -1 AND 1
	OR euclidean < 0 OR manhattan < 0$$, 'ranges hold');
SELECT is_empty($$SELECT id FROM vector_results
	WHERE affinity.dot(b, a) IS DISTINCT FROM affinity.dot(a, b)
	OR affinity.cosine(b, a) IS DISTINCT FROM affinity.cosine(a, b)
	OR affinity.euclidean(b, a) IS DISTINCT FROM affinity.euclidean(a, b)
	OR affinity.manhattan(b, a) IS DISTINCT FROM affinity.manhattan(a, b)
	OR affinity.pearson(b, a) IS DISTINCT FROM affinity.pearson(a, b)$$,
	'vector measures are symmetric to the last bit');
SELECT is_empty($$SELECT id FROM vector_results
	WHERE cosine IS NOT NULL AND affinity.cosine(a, a) <> 1
	OR pearson IS NOT NULL AND affinity.pearson(a, a) <> 1
	OR affinity.euclidean(a, a) <> 0 OR affinity.manhattan(a, a) <> 0$$,
	'a vector is exactly like itself');

-- Powers of two, from far below to far above the range of squares, must not
-- change cosine and pearson at all.
CREATE TEMP TABLE scaled AS
SELECT id, e, v.a, v.b, array_agg(x * 2.0::float8 ^ e ORDER BY i) AS ea,
	array_agg(y * 2.0::float8 ^ (-e) ORDER BY i) AS eb,
	array_agg(y * 2.0::float8 ^ e ORDER BY i) AS eb_same
FROM (SELECT id, a::float8[] AS a, b::float8[] AS b FROM vectors WHERE id % 7 = 0) v,
	unnest(ARRAY[-980, -600, -300, 300, 600, 980]) e,
	unnest(v.a, v.b) WITH ORDINALITY u(x, y, i)
GROUP BY id, e, v.a, v.b;
SELECT is_empty($$SELECT id, e FROM scaled
	WHERE NOT pg_temp.close(affinity.cosine(ea, eb), affinity.cosine(a, b))
	OR NOT pg_temp.close(affinity.pearson(ea, eb), affinity.pearson(a, b))$$,
	'cosine and pearson do not depend on the scale');
SELECT is_empty($$SELECT id, e FROM scaled
	WHERE NOT pg_temp.close(affinity.euclidean(ea, eb_same) / 2.0::float8 ^ e,
		affinity.euclidean(a, b))
	OR NOT pg_temp.close(affinity.dot(ea, eb), affinity.dot(a, b), 1e4)$$,
	'euclidean and dot follow the scale');

-- Random sets: with NULLs and duplicates, sorted and not, of every type.
CREATE TEMP TABLE sets AS
SELECT id,
	coalesce(array_agg(x ORDER BY o) FILTER (WHERE i > 0 AND i <= id % 37), '{}') AS a,
	coalesce(array_agg(y ORDER BY o) FILTER (WHERE i > 0 AND i <= id % 29), '{}') AS b
FROM (SELECT id, i, CASE WHEN random() < 0.07 THEN NULL
			ELSE (random() * 40)::int - 20 END AS x,
		CASE WHEN random() < 0.07 THEN NULL
			ELSE (random() * 40)::int - 15 END AS y, random() AS o
	FROM generate_series(1, 500) id, generate_series(0, 37) i) t
GROUP BY id;
UPDATE sets SET a = (SELECT array_agg(x ORDER BY x) FROM unnest(a) x)
	WHERE id % 3 = 0 AND a <> '{}';
UPDATE sets SET b = (SELECT array_agg(DISTINCT x ORDER BY x) FROM unnest(b) x)
	WHERE id % 4 = 0 AND b <> '{}';
CREATE TEMP TABLE set_counts AS
SELECT s.*, c.*
FROM sets s, LATERAL (
	SELECT count(*) FILTER (WHERE in_a AND in_b)::float8 AS ab,
		count(*) FILTER (WHERE in_a)::float8 AS na,
		count(*) FILTER (WHERE in_b)::float8 AS nb
	FROM (SELECT e, e IN (SELECT x FROM unnest(s.a) x WHERE x IS NOT NULL) AS in_a,
			e IN (SELECT x FROM unnest(s.b) x WHERE x IS NOT NULL) AS in_b
		FROM (SELECT unnest(s.a) UNION SELECT unnest(s.b)) u(e)
		WHERE e IS NOT NULL) m) c;

-- as_uuid, as_text: injective, and not in the order of the numbers
CREATE FUNCTION pg_temp.as_uuid(int[]) RETURNS uuid[] LANGUAGE sql AS $$
	SELECT coalesce(array_agg(md5(x::text)::uuid ORDER BY i), '{}')
	FROM unnest($1) WITH ORDINALITY u(x, i)
$$;
CREATE FUNCTION pg_temp.as_text(int[]) RETURNS text[] LANGUAGE sql AS $$
	SELECT coalesce(array_agg(repeat('é', abs(x) % 5) || x ORDER BY i), '{}')
	FROM unnest($1) WITH ORDINALITY u(x, i)
$$;

CREATE FUNCTION pg_temp.wrong_sets(measure text, formula text)
RETURNS TABLE (id int, type text) LANGUAGE plpgsql AS $$
DECLARE
	cast_to text;
BEGIN
	FOREACH cast_to IN ARRAY ARRAY['%s', '%s::smallint[]', '%s::bigint[]',
		'pg_temp.as_text(%s)', 'pg_temp.as_text(%s)::varchar[]', 'pg_temp.as_uuid(%s)']
	LOOP
		RETURN QUERY EXECUTE format(
			'SELECT id, %L FROM set_counts WHERE NOT pg_temp.close(affinity.%s, %s)',
			cast_to, format(measure, format(cast_to, 'a'), format(cast_to, 'b')),
			formula);
	END LOOP;
END;
$$;
SELECT ok((SELECT count(*) FILTER (WHERE ab > 0 AND ab < na AND ab < nb) > 200
	AND count(*) FILTER (WHERE na = 0 OR nb = 0) > 10 FROM set_counts),
	'overlapping and empty sets are among the random ones');
SELECT is_empty($$SELECT * FROM pg_temp.wrong_sets('jaccard(%s, %s)',
	'ab / nullif(na + nb - ab, 0)')$$, 'jaccard');
SELECT is_empty($$SELECT * FROM pg_temp.wrong_sets('dice(%s, %s)',
	'2 * ab / nullif(na + nb, 0)')$$, 'dice');
SELECT is_empty($$SELECT * FROM pg_temp.wrong_sets('overlap(%s, %s)',
	'ab / nullif(least(na, nb), 0)')$$, 'overlap');
SELECT is_empty($$SELECT * FROM pg_temp.wrong_sets('cosine_set(%s, %s)',
	'ab / nullif(sqrt(na * nb), 0)')$$, 'cosine_set');
SELECT is_empty($$SELECT * FROM pg_temp.wrong_sets('tversky(%s, %s)',
	'2 * ab / nullif(na + nb, 0)')$$, 'tversky is dice by default');
SELECT is_empty($$SELECT * FROM pg_temp.wrong_sets('tversky(%s, %s, 0.3, 1.7)',
	'ab / nullif(ab + 0.3 * (na - ab) + 1.7 * (nb - ab), 0)')$$, 'tversky');

-- Two columns, in groups of 1 to 100 rows.
CREATE TEMP TABLE columns AS
SELECT g, i, CASE WHEN random() < 0.05 THEN NULL WHEN g % 30 = 0 THEN 0
		ELSE random() * 20 END AS x,
	CASE WHEN random() < 0.05 THEN NULL WHEN g % 35 = 0 THEN 0.1
		WHEN random() < 0.2 THEN 0 ELSE random() * 30 END AS y,
	CASE WHEN random() < 0.05 THEN NULL ELSE random() < g % 10 / 9.0 END AS p,
	CASE WHEN random() < 0.05 THEN NULL ELSE random() < g % 7 / 6.0 END AS q
FROM generate_series(1, 200) g, generate_series(1, 1 + g % 100) i;

CREATE TEMP TABLE column_oracle AS
SELECT g, sum(x * y) AS dot,
	sum(x * y) / nullif(sqrt(sum(x * x)) * sqrt(sum(y * y)), 0) AS cosine,
	sqrt(sum((x - y) ^ 2)) AS euclidean, sum(abs(x - y)) AS manhattan,
	CASE WHEN min(x) < max(x) AND min(y) < max(y) THEN corr(x, y) END AS pearson,
	sum(least(x, y)) / nullif(sum(greatest(x, y)), 0) AS jaccard,
	2 * sum(least(x, y)) / nullif(sum(x) + sum(y), 0) AS dice,
	sum(least(x, y)) / nullif(least(sum(x), sum(y)), 0) AS overlap,
	sum(least(x, y)) / nullif(sum(least(x, y)) + 0.3 * (sum(x) - sum(least(x, y)))
		+ 1.7 * (sum(y) - sum(least(x, y))), 0) AS tversky
FROM columns WHERE x IS NOT NULL AND y IS NOT NULL GROUP BY g;

CREATE FUNCTION pg_temp.wrong_columns(measure text, oracle text, source text DEFAULT 'column_oracle')
RETURNS TABLE (g int, got float8, expected float8) LANGUAGE plpgsql AS $$
BEGIN
	RETURN QUERY EXECUTE format(
		'SELECT g, a.got, o.expected
		FROM (SELECT g, affinity.%s AS got FROM columns GROUP BY g) a
		LEFT JOIN (SELECT g, %s AS expected FROM %s) o USING (g)
		WHERE NOT pg_temp.close(a.got, o.expected)', measure, oracle, source);
END;
$$;
SELECT is_empty($$SELECT * FROM pg_temp.wrong_columns('dot(x, y)', 'dot')$$, 'dot of columns');
SELECT is_empty($$SELECT * FROM pg_temp.wrong_columns('cosine(x, y)', 'cosine')$$,
	'cosine of columns');
SELECT is_empty($$SELECT * FROM pg_temp.wrong_columns('euclidean(x, y)', 'euclidean')$$,
	'euclidean of columns');
SELECT is_empty($$SELECT * FROM pg_temp.wrong_columns('manhattan(x, y)', 'manhattan')$$,
	'manhattan of columns');
SELECT is_empty($$SELECT * FROM pg_temp.wrong_columns('pearson(x, y)', 'pearson')$$,
	'pearson of columns');
SELECT is_empty($$SELECT * FROM pg_temp.wrong_columns('jaccard(x, y)', 'jaccard')$$,
	'jaccard of weights');
SELECT is_empty($$SELECT * FROM pg_temp.wrong_columns('dice(x, y)', 'dice')
	UNION ALL SELECT * FROM pg_temp.wrong_columns('tversky(x, y)', 'dice')$$, 'dice of weights');
SELECT is_empty($$SELECT * FROM pg_temp.wrong_columns('overlap(x, y)', 'overlap')$$,
	'overlap of weights');
SELECT is_empty($$SELECT * FROM pg_temp.wrong_columns('tversky(x, y, 0.3, 1.7)', 'tversky')$$,
	'tversky of weights');

CREATE TEMP TABLE member_oracle AS
SELECT g, count(*) FILTER (WHERE p AND q)::float8 AS ab,
	count(*) FILTER (WHERE p)::float8 AS na, count(*) FILTER (WHERE q)::float8 AS nb
FROM columns WHERE p IS NOT NULL AND q IS NOT NULL GROUP BY g;
SELECT is_empty($$
	SELECT * FROM pg_temp.wrong_columns('jaccard(p, q)', 'ab / nullif(na + nb - ab, 0)', 'member_oracle')
	UNION ALL
	SELECT * FROM pg_temp.wrong_columns('dice(p, q)', '2 * ab / nullif(na + nb, 0)', 'member_oracle')
	UNION ALL
	SELECT * FROM pg_temp.wrong_columns('tversky(p, q)', '2 * ab / nullif(na + nb, 0)', 'member_oracle')
	UNION ALL
	SELECT * FROM pg_temp.wrong_columns('overlap(p, q)', 'ab / nullif(least(na, nb), 0)', 'member_oracle')
	UNION ALL
	SELECT * FROM pg_temp.wrong_columns('cosine_set(p, q)', 'ab / nullif(sqrt(na * nb), 0)', 'member_oracle')
	UNION ALL
	SELECT * FROM pg_temp.wrong_columns('tversky(p, q, 0.3, 1.7)',
		'ab / nullif(ab + 0.3 * (na - ab) + 1.7 * (nb - ab), 0)', 'member_oracle')$$,
	'measures of boolean columns');
SELECT is_empty($$SELECT g FROM columns GROUP BY g
	HAVING affinity.jaccard(p, q) IS DISTINCT FROM affinity.jaccard(p::int, q::int)
	OR affinity.dice(p, q) IS DISTINCT FROM affinity.dice(p::int, q::int)
	OR affinity.overlap(p, q) IS DISTINCT FROM affinity.overlap(p::int, q::int)
	OR affinity.tversky(p, q, 1, 0.2) IS DISTINCT FROM affinity.tversky(p::int, q::int, 1, 0.2)$$,
	'weights 0 and 1 are membership');

-- States combined in any cut give what one state gives.
CREATE FUNCTION pg_temp.halves(accum text, combine text, final text, init float8[], at int)
RETURNS TABLE (g int, result float8) LANGUAGE plpgsql AS $$
DECLARE
	group_no int;
	r record;
	state float8[];
	first_state float8[];
	n int;
BEGIN
	FOR group_no IN SELECT DISTINCT c.g FROM columns c WHERE c.g % 9 = 0 LOOP
		state := init;
		first_state := init;
		n := 0;
		FOR r IN SELECT c.x, c.y FROM columns c
			WHERE c.g = group_no AND c.x IS NOT NULL AND c.y IS NOT NULL ORDER BY c.i
		LOOP
			EXECUTE format('SELECT affinity.%I($1, $2, $3)', accum)
				INTO state USING state, r.x, r.y;
			n := n + 1;
			IF n = at THEN
				first_state := state;
				state := init;
			END IF;
		END LOOP;
		EXECUTE format('SELECT affinity.%I(affinity.%I($1, $2))', final, combine)
			INTO result USING first_state, state;
		g := group_no;
		RETURN NEXT;
	END LOOP;
END;
$$;
SELECT is_empty($$
	SELECT f.final, o.g, h.result
	FROM (VALUES ('products', 'dot', 7), ('products', 'cosine', 7),
			('differences', 'euclidean', 4), ('differences', 'manhattan', 4),
			('comoments', 'pearson', 8), ('weights', 'jaccard', 4),
			('weights', 'dice', 4), ('weights', 'overlap', 4)) f(state, final, n),
		unnest(ARRAY[0, 1, 5, 1000]) at,
		pg_temp.halves(f.state || '_accum', f.state || '_combine', f.final || '_final',
			array_fill(0::float8, ARRAY[f.n]), at) h
	JOIN column_oracle o USING (g)
	WHERE NOT pg_temp.close(h.result, (to_jsonb(o) ->> f.final)::float8)$$,
	'states combine wherever they are cut');

SELECT finish();
ROLLBACK;
