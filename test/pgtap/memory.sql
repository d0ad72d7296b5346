-- Memory decides whether something can be done, and never what comes out:
-- models and answers under settings small and large, for every algorithm.
BEGIN;
SET client_min_messages = warning;
SET check_function_bodies = off;
SET jit = off;
SELECT plan(25);

CREATE TABLE facts AS
SELECT (hashint8(n) & 1048575) % 900 AS u, ((hashint8(n * 3 + 1) & 1023) * (hashint8(n * 7 + 2) & 1023) * 300 >> 20)::int AS i,
	(1 + (hashint8(n * 5) & 7))::real AS w, timestamp '2024-01-01' + n * interval '17 minutes' AS at
FROM generate_series(1, 30000) n;
CREATE INDEX ON facts (u);
ANALYZE facts;
SET extra_float_digits = 3;

-- Everything that a model is and answers.
CREATE FUNCTION pg_temp.all_of(algorithm text, options jsonb) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	answer text;
BEGIN
	PERFORM affinity.create_model('m', 'SELECT u, i, w, at FROM facts', algorithm, options);
	SELECT md5(string_agg(md5(i::text), '' ORDER BY item_no)) || (SELECT md5(training::text) FROM affinity.models WHERE name = 'm')
	INTO answer FROM m.items i;
	PERFORM affinity.refresh_model('m');
	SELECT answer || md5(string_agg(md5(i::text), '' ORDER BY item_no)) INTO answer FROM m.items i;
	answer := answer || (SELECT md5(string_agg(md5(r::text), '' ORDER BY user_id, rank)) FROM m.recommend_all(25) r)
		|| (SELECT md5(string_agg(r::text, '' ORDER BY u, rank)) FROM generate_series(1, 60) u, LATERAL m.recommend(u, 40) r)
		|| (SELECT md5(string_agg(r::text, '' ORDER BY rank)) FROM m.recommend_for(ARRAY(SELECT generate_series(1, 290)), 100) r)
		|| (SELECT md5(string_agg(r::text, '' ORDER BY rank)) FROM m.score(7, ARRAY(SELECT item_id FROM m.items)) r)
		|| (SELECT md5(string_agg(r::text, '' ORDER BY rank)) FROM m.similar_users(7, 100) r);
	IF algorithm <> 'popular' THEN
		answer := answer || (SELECT md5(string_agg(r::text, '' ORDER BY rank)) FROM m.similar_items(5, 100) r)
			|| (SELECT md5(string_agg(r::text, '' ORDER BY rank)) FROM m.explain(7, 5, 100) r)
			|| (SELECT md5(string_agg(r::text, '' ORDER BY rank)) FROM m.audience(5, 300) r);
	END IF;
	PERFORM affinity.drop_model('m');
	RETURN answer;
END $$;

CREATE TABLE cases (algorithm text, options jsonb);
INSERT INTO cases VALUES ('item_knn', '{}'), ('item_knn', '{"similarity": "pearson", "max_history": 20}'), ('ease', '{}'),
	('ease', '{"method": "dense", "regularization": 0.1, "weights": "log"}'), ('ease', '{"method": "sparse", "candidates": 50}'),
	('ials', '{"factors": 24, "iterations": 4, "tolerance": 0, "confidence": "log"}'), ('als', '{"factors": 12, "iterations": 4, "holdout": 0.1}'),
	('ease', '{"rank": 40, "weights": "log"}'), ('graph_filter', '{"rank": 50, "neighbors": 30}'),
	('popular', '{"half_life": "30 days"}'), ('popular', '{"measure": "weight"}');
SET maintenance_work_mem = '2GB';
SET work_mem = '1GB';
CREATE TABLE large AS SELECT *, pg_temp.all_of(algorithm, options) AS answer FROM cases;
SELECT is(count(DISTINCT answer), 11::bigint, 'eleven different models') FROM large;
SELECT ok(answer IS NOT NULL, format('answers of %s %s', algorithm, options)) FROM large;

-- Just enough: the first limit that lets the case pass, from too little on.
CREATE FUNCTION pg_temp.with_least(algorithm text, options jsonb) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	PERFORM set_config('work_mem', '64kB', true);
	FOR megabytes IN 1 .. 12 LOOP
		BEGIN
			PERFORM set_config('maintenance_work_mem', megabytes || 'MB', true);
			RETURN megabytes || ' ' || pg_temp.all_of(algorithm, options);
		EXCEPTION WHEN configuration_limit_exceeded THEN
			-- as the hint says
		END;
	END LOOP;
	RETURN '13 ';
END $$;
CREATE TABLE small AS SELECT *, pg_temp.with_least(algorithm, options) AS answer FROM cases;
SELECT is(split_part(s.answer, ' ', 2), l.answer, format('%s %s with little', algorithm, options))
FROM small s JOIN large l USING (algorithm, options);
SELECT cmp_ok(count(*), '>=', 3::bigint, 'some need more than 1 MB') FROM small WHERE split_part(answer, ' ', 1) <> '1';
SELECT is(current_setting('work_mem'), '64kB', 'results went to disk');

SELECT * FROM finish();
ROLLBACK;
