-- contrast_agg and contrast: against the formulas of Monroe et al. (2008) and of Benjamini
-- and Hochberg in plain SQL, on random data (fixed seed).
BEGIN;
SET LOCAL jit = off;
SELECT plan(21);
SELECT setseed(0.53);
CREATE TEMP TABLE fact AS
	SELECT id, CASE WHEN random() < 0.97 THEN random() < 0.3 END AS is_in, CASE WHEN random() < 0.97 THEN (ARRAY['', 'é', 'x'])[1 + id % 3] || floor(random() ^ 2 * (1 + id * 3)) END AS v
	FROM generate_series(1, 60) id, generate_series(1, 20 + id * 20);
INSERT INTO fact SELECT 61, g % 4 = 0, 'only' FROM generate_series(1, 9) g;
INSERT INTO fact SELECT 62, true, 'v' || g % 5 FROM generate_series(1, 9) g;
CREATE TEMP TABLE state AS SELECT id, affinity.contrast_agg(is_in, v) AS state FROM fact GROUP BY id;

CREATE FUNCTION pg_temp.plain(prior float8) RETURNS TABLE (id int, value text, inside bigint, outside bigint, log_odds float8, z float8, n_in numeric, n_out numeric, n bigint) LANGUAGE sql AS $$
	WITH counted AS (SELECT id, v, count(*) FILTER (WHERE is_in) AS i, count(*) FILTER (WHERE NOT is_in) AS o FROM fact WHERE is_in IS NOT NULL AND v IS NOT NULL GROUP BY 1, 2
	), total AS (SELECT *, sum(i) OVER w AS n_in, sum(o) OVER w AS n_out, count(*) OVER w AS n FROM counted WINDOW w AS (PARTITION BY id)
	), pseudo AS (SELECT *, coalesce(prior, n) AS a0, coalesce(prior, n) * ((i + o) / (n_in + n_out))::float8 AS a FROM total)
	SELECT id, v, i, o, CASE WHEN n > 1 THEN l END, CASE WHEN n > 1 THEN l / sqrt(1 / (i + a) + 1 / (o + a)) END, n_in, n_out, n
	FROM pseudo, LATERAL (SELECT CASE WHEN n > 1 THEN ln((i + a) / (n_in::float8 + a0 - i - a)) - ln((o + a) / (n_out::float8 + a0 - o - a)) END AS l) x $$;
SELECT is_empty(format($$SELECT * FROM pg_temp.plain(%1$L) p FULL JOIN (SELECT id, c.* FROM state, affinity.contrast(state, %1$L) c) c USING (id, value)
	WHERE NOT coalesce(p.inside = c.inside AND p.outside = c.outside, false) OR c.share_inside IS DISTINCT FROM p.inside::float8 / nullif(n_in, 0) OR c.share_outside IS DISTINCT FROM p.outside::float8 / nullif(n_out, 0)
		OR abs(coalesce(c.lift, -1) - coalesce(c.share_inside / nullif(c.share_outside, 0), -1)) > 1e-12
		OR NOT (n = 1 AND (c.log_odds, c.z, c.p_value, c.p_adjusted) IS NOT DISTINCT FROM (NULL::float8, NULL::float8, NULL::float8, NULL::float8)
			OR abs(c.log_odds - p.log_odds) < 1e-9 AND abs(c.z - p.z) < 1e-9)$$, prior), 'formulas of Monroe et al., prior ' || coalesce(prior::text, 'of its own'))
FROM unnest(ARRAY[NULL, 0.1, 500]) prior;
-- the normal tail by a series, where it has digits
SELECT is_empty($$SELECT * FROM (SELECT c.* FROM state, affinity.contrast(state) c WHERE abs(z) BETWEEN 0.05 AND 3 OFFSET 0) c, LATERAL (
		SELECT 1 - 2 / sqrt(2 * pi()) * sum((CASE WHEN k % 2 = 0 THEN 1 ELSE -1 END) * abs(z) ^ (2 * k + 1) / (2.0::float8 ^ k * (SELECT coalesce(exp(sum(ln(j))), 1) FROM generate_series(1, k) j) * (2 * k + 1))) AS p
		FROM generate_series(0, 40) k) s WHERE abs(p_value - p) > 1e-9$$, 'two-sided p-values');
SELECT is_empty($$SELECT * FROM (SELECT id, c.*, min(p_value * n / rank) OVER (PARTITION BY id ORDER BY rank DESC) AS bh FROM (
		SELECT id, c.*, row_number() OVER (PARTITION BY id ORDER BY p_value) AS rank, count(*) OVER (PARTITION BY id) AS n FROM state, affinity.contrast(state) c WHERE z IS NOT NULL) c) q
	WHERE abs(p_adjusted - least(bh, 1)) > 1e-12$$, 'Benjamini and Hochberg');
SELECT is_empty($$SELECT * FROM (SELECT id, no, z, value, lag(z) OVER w AS before, lag(value) OVER w AS value_before FROM state, affinity.contrast(state) WITH ORDINALITY c (value, i, o, si, so, l, lo, z, p, pa, no) WINDOW w AS (PARTITION BY id ORDER BY no)) q
	WHERE z > before OR z = before AND value COLLATE "C" < value_before COLLATE "C"$$, 'the highest z first, then by value');
SELECT is_empty($$SELECT id FROM state JOIN (SELECT id, affinity.contrast_agg(is_in, v ORDER BY random()) AS other FROM fact GROUP BY 1) o USING (id) WHERE state::text <> other::text$$, 'any order gives the same bytes');
SELECT is_empty($$SELECT id FROM state JOIN (SELECT id, affinity.rollup(part ORDER BY random()) AS other FROM (
	SELECT id, affinity.contrast_agg(is_in, v) AS part FROM fact GROUP BY id, (random() * 4)::int) p GROUP BY 1) o USING (id) WHERE state::text <> other::text$$, 'parts roll up to the same bytes');
SELECT is_empty('SELECT id FROM state WHERE state::text::affinity.contrast::text <> state::text', 'text goes out and in');

CREATE TABLE public.profile_rows AS SELECT i % 3 = 0 AS is_in, 'value ' || i % 20011 AS v FROM generate_series(1, 60000) i;
ANALYZE public.profile_rows;
CREATE TEMP TABLE serial AS SELECT affinity.contrast_agg(is_in, v) AS state FROM public.profile_rows;
SET LOCAL parallel_setup_cost = 0;
SET LOCAL parallel_tuple_cost = 0;
SET LOCAL min_parallel_table_scan_size = 0;
CREATE TEMP TABLE parallel AS SELECT affinity.contrast_agg(is_in, v) AS state FROM public.profile_rows;
SELECT ok(p.state::text = s.state::text, 'workers give the same') FROM parallel p, serial s;
SELECT results_eq('SELECT count(*), sum(inside), sum(outside) FROM serial, affinity.contrast(state)', 'SELECT 20011::bigint, 20000::numeric, 40000::numeric', 'no row is lost as the state grows');

CREATE FUNCTION pg_temp.fate(state bytea) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	RETURN CASE WHEN count(*) = count(DISTINCT value) THEN 'sound' ELSE 'unsound' END FROM affinity.contrast(encode(state, 'base64')::affinity.contrast);
EXCEPTION WHEN invalid_binary_representation THEN
	RETURN 'refused';
END $$;
CREATE TEMP TABLE byte AS SELECT decode(state::text, 'base64') AS b FROM state WHERE id IN (1, 62);
SELECT is_empty($$SELECT fate FROM byte, generate_series(0, length(b) - 1) i, unnest(ARRAY[1, 3, 128, 255]) x, LATERAL (SELECT pg_temp.fate(set_byte(b, i, get_byte(b, i) # x)) AS fate) f
	WHERE fate NOT IN ('sound', 'refused')$$, 'every byte changed: refused, or a state that can be');
SELECT is_empty($$SELECT i FROM byte, generate_series(0, length(b) - 1) i WHERE pg_temp.fate(substr(b, 1, i)) <> 'refused'$$, 'cut anywhere: refused');

SELECT throws_ok(format('SELECT affinity.rollup(s) FROM unnest(ARRAY[%1$L, %1$L]::affinity.contrast[]) s', encode(set_byte(set_byte(decode(affinity.contrast_agg(true, 'a')::text, 'base64'), 28, 0), 34, 32), 'base64')),
	'22003', 'a contrast state is of too many rows', 'twice 2^53 rows');
SELECT ok(affinity.contrast_agg(a, b) IS NULL, 'no rows are NULL') FROM (VALUES (NULL::boolean, 'x'), (true, NULL)) v (a, b);
SELECT is_empty('SELECT * FROM affinity.contrast(NULL::affinity.contrast)', 'of which nothing is known');
SELECT throws_ok(format('SELECT c.* FROM state, affinity.contrast(state, %L) c', p), '22023', NULL, 'prior ' || p) FROM unnest(ARRAY['0', '-1', 'NaN', 'inf']) p;
SELECT throws_ok('SELECT affinity.contrast_combine(state, state) FROM state', '0A000', NULL, 'rollup merges');

SELECT finish();
ROLLBACK;
