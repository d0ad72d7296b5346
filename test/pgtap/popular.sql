-- popular against plain SQL: users or weights, with and without a half-life.
-- And what holds for every model: it does not depend on the order of the rows
-- or on the plan that read them, to the last bit.
BEGIN;
SET client_min_messages = error;	-- returns are told in a warning
SET jit = off;
SELECT plan(40);
SELECT setseed(0.5);

CREATE TABLE facts (id serial, u int, i int, w real, at timestamptz);
INSERT INTO facts (u, i, w, at)
SELECT (random() * 300)::int, (random() * random() * 70)::int,
	CASE WHEN random() < 0.15 THEN -1 WHEN random() < 0.5 THEN 1 ELSE round((random() * 5)::numeric, 1) END,
	timestamptz '2024-06-01 00:00+00' - random() * interval '200 days'
FROM generate_series(1, 6000);
INSERT INTO facts (u, i, w, at) VALUES (1, 1, 1, NULL), (NULL, 1, 1, now()), (2, NULL, 1, now()), (3, 3, NULL, now());

CREATE FUNCTION pg_temp.expected(measure text, half_life interval)
RETURNS TABLE (item int, popularity float8) LANGUAGE sql AS $$
	WITH usable AS (SELECT u, i, w::float8 AS w, 0.5 ^ least(900, extract(epoch FROM max(at) OVER () - at)::float8
			/ extract(epoch FROM half_life)::float8) AS decay
		FROM facts WHERE u IS NOT NULL AND i IS NOT NULL AND w IS NOT NULL AND (half_life IS NULL OR at IS NOT NULL)),
	pairs AS (SELECT u, i, sum(w) AS w, max(decay) AS latest, sum(w * decay) AS decayed
		FROM usable GROUP BY u, i HAVING sum(w) > 0)
	SELECT i, sum(CASE WHEN half_life IS NULL THEN CASE measure WHEN 'users' THEN 1 ELSE w END
		ELSE CASE measure WHEN 'users' THEN latest ELSE decayed END END)
	FROM pairs GROUP BY i
$$;
CREATE FUNCTION pg_temp.check_popular(measure text, half_life text) RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
	PERFORM affinity.create_model('m', 'SELECT u, i, w, at FROM facts', 'popular',
		jsonb_build_object('measure', measure, 'half_life', half_life));
	RETURN NEXT is_empty(format($q$SELECT * FROM m.items i FULL JOIN pg_temp.expected(%L, %L) e ON e.item = i.item_id
		WHERE (abs(i.popularity - e.popularity) <= 1e-5 * abs(e.popularity) + 1e-9) IS NOT TRUE$q$, measure, half_life),
		format('%s, half-life %s', measure, half_life));
	RETURN NEXT is_empty($q$SELECT * FROM (SELECT *, row_number() OVER (ORDER BY score DESC, item_id) AS no FROM m.recommend(-1, 1000)) r
		FULL JOIN m.items i USING (item_id) WHERE (rank = no AND score = popularity AND NOT personalized) IS NOT TRUE$q$,
		'... all items in order of popularity, ties by id, to whom nobody knows');
	RETURN NEXT is_empty($q$SELECT u, r.* FROM generate_series(0, 300, 17) u, LATERAL (
		SELECT r.item_id, r.score, r.rank, e.* FROM m.recommend(u, 9) r FULL JOIN (
			SELECT item_id, popularity AS score, (row_number() OVER (ORDER BY popularity DESC, item_no))::int AS rank FROM m.items
			WHERE item_id NOT IN (SELECT f.i FROM facts f WHERE f.u = u.u AND f.i IS NOT NULL)
			ORDER BY rank LIMIT 9) e USING (item_id, score, rank)
		WHERE r IS NULL OR e IS NULL) r$q$, '... without what one has');
	PERFORM affinity.drop_model('m');
END $$;
SELECT pg_temp.check_popular(measure, half_life) FROM unnest(ARRAY['users', 'weight']) measure,
	unnest(ARRAY[NULL, '30 days', '3 hours', '1 month 2 days']) half_life;
SELECT lives_ok($$SELECT affinity.create_model('m', 'SELECT u, i, w, at::date FROM facts', 'popular', '{"half_life": "10 days"}')$$, 'a date is a time');
SELECT is((SELECT options->>'half_life' FROM affinity.models WHERE name = 'm')::interval, interval '10 days', 'the options are kept');
SELECT affinity.drop_model('m');

-- ---- the same model, whatever the order and the plan ---------------------------

CREATE TABLE shuffled AS SELECT * FROM facts ORDER BY random();
CREATE TABLE backwards AS SELECT * FROM facts ORDER BY i DESC, u DESC, w;
CREATE FUNCTION pg_temp.learned(source text, algorithm text, options jsonb) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	answer text;
BEGIN
	PERFORM affinity.create_model('m', format('SELECT u, i, w, at FROM %I', source), algorithm, options);
	SELECT md5(string_agg(md5(i::text), '' ORDER BY item_no)) INTO answer FROM m.items i;
	answer := answer || (SELECT md5(string_agg(md5(r::text), '' ORDER BY user_id, rank)) FROM m.recommend_all(5) r);
	PERFORM affinity.drop_model('m');
	RETURN answer;
END $$;
SET extra_float_digits = 3;
CREATE TABLE settings (algorithm text, options jsonb);
INSERT INTO settings VALUES ('item_knn', '{}'), ('item_knn', '{"similarity": "cosine", "weights": "linear", "weighting": "bm25", "shrinkage": 3}'),
	('item_knn', '{"similarity": "pearson"}'), ('popular', '{"measure": "weight", "half_life": "9 days"}');
CREATE TABLE before AS SELECT *, pg_temp.learned('facts', algorithm, options) AS learned FROM settings;
SELECT is(count(DISTINCT learned), 4::bigint, 'four different models') FROM before;
SELECT is(pg_temp.learned('shuffled', algorithm, options), learned, format('%s %s from shuffled rows', algorithm, options)) FROM before;
SELECT is(pg_temp.learned('backwards', algorithm, options), learned, format('%s %s from rows turned round', algorithm, options)) FROM before;

SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SET max_parallel_workers_per_gather = 2;
ALTER TABLE facts SET (parallel_workers = 2);
CREATE FUNCTION pg_temp.plan_of(query text) RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
	RETURN QUERY EXECUTE 'EXPLAIN (COSTS OFF) ' || query;
END $$;
SELECT ok(string_agg(p, ' ') ~ 'Gather.*Parallel Seq Scan', 'the source is read in parallel')
FROM pg_temp.plan_of('SELECT u, i, w, at FROM facts') p;
SELECT is(pg_temp.learned('facts', algorithm, options), learned, format('%s %s from a parallel scan', algorithm, options)) FROM before;
SELECT finish();
ROLLBACK;
