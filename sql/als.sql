-- als: ratings that are few, equal, huge or none, options that are wrong, models
-- that were changed. What it computes is compared with numpy in test/pgtap/als.sql.
SET client_min_messages = warning;
\pset format unaligned
\pset tuples_only on
\pset null -

-- Runs a statement and says what came of it. What it did is undone.
CREATE FUNCTION outcome(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	answer text;
	message text;
	hint text;
BEGIN
	EXECUTE statement INTO answer;
	RAISE EXCEPTION '%', coalesce(answer, 'NULL') USING ERRCODE = '00001';
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS message = MESSAGE_TEXT, hint = PG_EXCEPTION_HINT;
	RETURN CASE WHEN SQLSTATE = '00001' THEN 'no error: ' ELSE SQLSTATE || ' ' END || message
		|| CASE WHEN hint <> '' THEN ' (' || hint || ')' ELSE '' END;
END $$;

-- Creates a model of some rows and shows what it says of its ratings, what users
-- 1 and 99 are predicted of items 1 to 3 and whether every number is one.
CREATE FUNCTION try(source text, options jsonb DEFAULT '{}') RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	training jsonb;
	answer text;
	known text;
	unknown text;
BEGIN
	PERFORM affinity.create_model('m', source, 'als', options);
	SELECT m.training INTO training FROM affinity.models m WHERE name = 'm';
	SELECT string_agg(format('%s: %s%s', item_id, round(score::numeric, 2), CASE WHEN personalized THEN '' ELSE '?' END), ', ' ORDER BY item_id)
		INTO known FROM m.score(1, ARRAY[1, 2, 3]);
	SELECT string_agg(format('%s: %s%s', item_id, round(score::numeric, 2), CASE WHEN personalized THEN '' ELSE '?' END), ', ' ORDER BY item_id)
		INTO unknown FROM m.score(99, ARRAY[1, 2, 3]);
	SELECT format('%s of mean %s, standard deviation %s: rmse %s | %s | %s | %s', training->>'ratings', round((training->>'mean')::numeric, 2),
		round((training->>'standard_deviation')::numeric, 2), round((training->>'rmse')::numeric, 2), known, unknown,
		bool_and(f IS NOT NULL AND f = f AND abs(f) < 'Infinity')) INTO answer FROM m.items, unnest(factors) f;
	PERFORM affinity.drop_model('m');
	RETURN answer;
END $$;

\echo # ratings, of which there are few
SELECT try('SELECT 1 AS u, 1 AS i, 4');
SELECT try('SELECT u, 1 AS i, u::real FROM generate_series(1, 5) u');
SELECT try('SELECT 1 AS u, i, i::real FROM generate_series(1, 5) i');
SELECT try('SELECT u, u % 3 + 1, u::real FROM generate_series(1, 9) u');
SELECT try('SELECT u, i, (u + i)::real FROM generate_series(1, 4) u, generate_series(1, 3) i', '{"factors": 512}');
SELECT try('SELECT u, i, 3 FROM generate_series(1, 4) u, generate_series(1, 3) i');
SELECT try('SELECT u, i, 0 FROM generate_series(1, 4) u, generate_series(1, 3) i');
SELECT try('SELECT u, i FROM generate_series(1, 4) u, generate_series(1, 3) i');

\echo # below 0, huge, tiny: as ratings between
SELECT try('SELECT u, i, (u + 2 * i - 6)::real FROM generate_series(1, 4) u, generate_series(1, 3) i', '{"regularization": 0.1}');
CREATE VIEW scaled AS SELECT s, format('SELECT u, i, (u + 2 * i - 6)::real * 1e%s FROM generate_series(1, 4) u, generate_series(1, 3) i', s) AS query
	FROM unnest(ARRAY[0, 30, 37, -30]) s;
CREATE FUNCTION predicted(s int) RETURNS TABLE (item_id int, score float8) LANGUAGE plpgsql AS $$
BEGIN
	PERFORM affinity.create_model('m', query, 'als', '{"tolerance": 0}') FROM scaled WHERE scaled.s = predicted.s;
	RETURN QUERY SELECT r.item_id, r.score * (10::float8 ^ -s) FROM m.score(2, ARRAY[1, 2, 3]) r;
	PERFORM affinity.drop_model('m');
END $$;
SELECT s, bool_and(abs(p.score - o.score) < 1e-4) FROM scaled, predicted(s) p JOIN predicted(0) o USING (item_id) GROUP BY s ORDER BY s;
SELECT try('SELECT u, i, CASE WHEN (u + i) % 2 = 0 THEN 3.4e38 ELSE -3.4e38 END::real FROM generate_series(1, 4) u, generate_series(1, 3) i') LIKE '%| t';
SELECT try('SELECT u, i, (u * i)::real * 1e-44::real FROM generate_series(1, 4) u, generate_series(1, 3) i');
SELECT try('SELECT u, i, CASE WHEN u = 4 AND i = 3 THEN 1e30 ELSE u END::real FROM generate_series(1, 4) u, generate_series(1, 3) i') LIKE '%| t';
\echo # NULL, NaN, infinity, nothing; the same rating twice
SELECT try('SELECT u, i, nullif(u + i, 4)::real FROM generate_series(1, 4) u, generate_series(1, 3) i UNION ALL SELECT NULL, 1, 1 UNION ALL SELECT 1, NULL, 1');
SELECT try('SELECT u, i, (u + i)::real FROM generate_series(1, 4) u, generate_series(1, 3) i, generate_series(1, u)') =
	try('SELECT u, i, (u + i)::real FROM generate_series(1, 4) u, generate_series(1, 3) i');
SELECT outcome($$SELECT affinity.create_model('m', 'SELECT 1, 2, ''NaN''::real', 'als')$$);
SELECT outcome($$SELECT affinity.create_model('m', 'SELECT 1, 2, ''-Infinity''::real', 'als')$$);
SELECT outcome($$SELECT affinity.create_model('m', 'SELECT 1, 2, NULL::real', 'als')$$);

\echo # ratings held out: all of them, none of them
SET client_min_messages = error;
SELECT outcome(format($$SELECT affinity.create_model('m', 'SELECT 1, 2, 3', 'als', '{"holdout": 0.5, "seed": %s}')$$, seed)),
	min(seed) FROM generate_series(1, 40) seed GROUP BY 1 ORDER BY 2;
SELECT affinity.create_model('m', 'SELECT u, u, u FROM generate_series(1, 5) u', 'als', '{"holdout": 0.001}');
SELECT training->>'ratings', training->>'holdout_ratings', training ? 'holdout_rmse' FROM affinity.models;
SELECT affinity.drop_model('m');

\echo # options
SELECT * FROM affinity.algorithm_options() WHERE algorithm = 'als';
SELECT o, outcome(format($$SELECT affinity.create_model('m', 'SELECT 1, 2, 3', 'als', %L)$$, o)) FROM unnest(ARRAY[
	'{"factors": 0}', '{"factors": 513}', '{"factors": 2.5}', '{"factors": "8"}', '{"regularization": 0}', '{"regularization": -1}',
	'{"regularization_exponent": 3}', '{"bias_regularization": 0}', '{"holdout": 0.6}', '{"holdout": -0.1}', '{"tolerance": 2}',
	'{"iterations": 0}', '{"seed": -1}', '{"lambda": 1}', '[]', '{"factors": 1, "regularization": 1e6, "iterations": 1000, "holdout": null}']) o;

\echo # memory
CREATE TABLE many AS SELECT n AS u, n % 50 AS i, n % 5 AS rating FROM generate_series(1, 20000) n;
SET maintenance_work_mem = '8MB';
SELECT regexp_replace(outcome($$SELECT affinity.create_model('m', 'SELECT u, i, rating FROM many', 'als', '{"factors": 500}')$$), '\d{3,}|\d+ MB', 'N', 'g');
RESET maintenance_work_mem;

\echo # a model in which somebody has written
SELECT affinity.create_model('m', 'SELECT u, i, (u + i)::real FROM generate_series(1, 5) u, generate_series(1, 4) i WHERE (u * i) % 3 > 0', 'als', '{"factors": 3}');
SELECT parameters[3] <= parameters[1] + parameters[2], array_length(parameters, 1) FROM m.model;
CREATE FUNCTION damage(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	answer text;
BEGIN
	EXECUTE statement;
	SELECT string_agg(DISTINCT outcome(format('SELECT count(*) FROM m.%s', call)), E'\n') INTO answer FROM unnest(ARRAY['recommend(1, 3, exclude_seen => false)',
		'recommend_for(ARRAY[1])', 'recommend_all(2)', 'score(1, ARRAY[1, 2])', 'explain(1, 2)', 'similar_items(1)', 'audience(1)']) call;
	RAISE EXCEPTION '%', answer USING ERRCODE = '00001';
EXCEPTION WHEN SQLSTATE '00001' THEN
	RETURN SQLERRM;
END $$;
SELECT damage('SELECT');
SELECT s, damage(s) FROM unnest(ARRAY[
	'UPDATE m.model SET version = nextval(''m.model_version''), parameters = NULL',
	'UPDATE m.model SET version = nextval(''m.model_version''), parameters = parameters[1:2]',
	'UPDATE m.model SET version = nextval(''m.model_version''), parameters[2] = 0',
	'UPDATE m.model SET version = nextval(''m.model_version''), parameters[2] = -1',
	'UPDATE m.model SET version = nextval(''m.model_version''), parameters[2] = ''NaN''',
	'UPDATE m.model SET version = nextval(''m.model_version''), parameters[2] = 1e-45',
	'UPDATE m.model SET version = nextval(''m.model_version''), parameters[1] = 3e38, parameters[2] = 3e38, parameters[3] = -3e38',
	'UPDATE m.model SET version = nextval(''m.model_version''), options = ''{"factors": 4}''',
	'UPDATE m.model SET version = nextval(''m.model_version''), options = ''{"factors": 600}''',
	'UPDATE m.model SET version = nextval(''m.model_version''); UPDATE m.items SET factors = factors || 1::real',
	'UPDATE m.model SET version = nextval(''m.model_version''); UPDATE m.items SET factors = ''{3e38,3e38,3e38,3e38}''',
	'UPDATE m.model SET version = nextval(''m.model_version''); UPDATE m.items SET factors = ''{1e-40,1e-40,0,0}''',
	'UPDATE m.model SET version = nextval(''m.model_version''); UPDATE m.items SET factors = ''{0,0,0,0}''']) s;
SELECT count(*) FROM m.recommend_all(2);
SELECT affinity.drop_model('m');
DROP FUNCTION outcome, try, predicted, damage;
DROP VIEW scaled;
DROP TABLE many;
