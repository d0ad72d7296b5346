-- Whatever is in the factors, the parameters and the signed scores of a model,
-- by anyone: an error or rows, never a crash. The last test shows that the
-- server is the one that began.
SET client_min_messages = warning;
\pset format unaligned
\pset tuples_only on
\pset null -
SELECT pg_postmaster_start_time() AS started, pg_backend_pid() AS pid \gset

-- Number of rows, or SQLSTATE, of every function of a model.
CREATE FUNCTION rows_of(model text, call text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	n bigint;
BEGIN
	EXECUTE format('SELECT count(*) FROM %I.%s', model, call) INTO n;
	RETURN n;
EXCEPTION WHEN OTHERS THEN
	RETURN SQLSTATE;
END $$;
CREATE FUNCTION try_all(model text) RETURNS text LANGUAGE sql AS $$
	SELECT string_agg(split_part(call, '(', 1) || ' ' || rows_of(model, call), ', ' ORDER BY no)
	FROM unnest(ARRAY['recommend(1, 5)', 'recommend(1, 5, ARRAY[1, 2], exclude_seen => false)', 'recommend_for(ARRAY[1, 2], 5)',
		'recommend_all(2)', 'recommend_all(100)', 'similar_items(1, 5)', 'similar_users(1, 5)', 'score(1, ARRAY[1, 2, 3])',
		'explain(1, 9, 5)', 'audience(9, 5)']) WITH ORDINALITY AS c(call, no)
$$;
-- Changes a model, asks it, and undoes the change.
CREATE FUNCTION try(model text, change text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
	answer text;
	message text;
BEGIN
	RETURN NEXT change;
	BEGIN
		EXECUTE change;
		EXECUTE format('UPDATE %I.model SET version = nextval(%L)', model, model || '.model_version');
		answer := try_all(model);
		BEGIN
			EXECUTE format('SELECT FROM %I.recommend(1, 5)', model);
			message := 'serves';
		EXCEPTION WHEN OTHERS THEN
			message := SQLERRM;
		END;
		RAISE EXCEPTION 'undo' USING ERRCODE = '00001';
	EXCEPTION WHEN SQLSTATE '00001' THEN
		RETURN NEXT '	' || answer;
		RETURN NEXT '	' || message;
	END;
END $$;

CREATE TABLE facts AS SELECT n % 30 AS u, n * 7 % 11 + n % 3 AS i, 1 + n % 5 AS w FROM generate_series(1, 200) n;
SELECT affinity.create_model('f', 'SELECT u, i, w FROM facts', 'ials', '{"factors": 4}');
SELECT affinity.create_model('r', 'SELECT u, i, w FROM facts', 'als', '{"factors": 4}');
SELECT affinity.create_model('s', 'SELECT u, i, w FROM facts', 'ease', '{"method": "dense"}');
-- whatever was learned: numbers of rows must not depend on the processor
UPDATE f.items SET factors = ARRAY[1 + item_no, 2, 1, item_no % 3]::real[];
UPDATE r.items SET factors = ARRAY[0.1, 1 + item_no, 2, 1, item_no % 3]::real[];
SELECT try_all(m) FROM unnest(ARRAY['f', 'r', 's']) m;

\echo # factors
SELECT try('f', 'UPDATE f.items SET factors = ' || v) FROM unnest(ARRAY['NULL', $$'{}'$$, $$'{1}'$$, $$'{1,2,3}'$$, $$'{1,2,3,4,5}'$$,
	$$'{{1,2},{3,4}}'$$, $$'[3:6]={1,2,3,4}'$$, $$'{1,NULL,3,4}'$$, 'array_fill(0::real, ARRAY[4])', 'array_fill(''3e38''::real, ARRAY[4])',
	'array_fill(''1e-45''::real, ARRAY[4])', 'array_fill(1::real, ARRAY[100000])']) v;
SELECT try('f', format('UPDATE f.items SET factors = %s WHERE item_no = 3', v)) FROM unnest(ARRAY['NULL', $$'{}'$$, $$'{1,2,3}'$$,
	$$'{1,2,3,4,5}'$$, $$'{1,2,3,NaN}'$$, $$'{Infinity,2,3,4}'$$, $$'{1,2,-Infinity,4}'$$, $$'{1,NULL,3,4}'$$, $$'{{1,2,3,4}}'$$]) v;
SELECT try('r', format('UPDATE r.items SET factors = %s WHERE item_no = 3', v)) FROM unnest(ARRAY['NULL', $$'{1,2,3,4,NaN}'$$]) v;
SELECT try('r', 'UPDATE r.items SET factors = ' || v) FROM unnest(ARRAY[$$'{1}'$$, $$'{}'$$, 'array_fill(''3e38''::real, ARRAY[5])']) v;
\echo # rows
SELECT try('f', v) FROM unnest(ARRAY['DELETE FROM f.items', 'DELETE FROM f.items WHERE item_no = 3',
	'ALTER TABLE f.items DROP CONSTRAINT items_pkey; UPDATE f.items SET item_no = 2 WHERE item_no = 3',
	'UPDATE f.items SET item_no = -1 WHERE item_no = 3', 'UPDATE f.items SET item_no = 1000 WHERE item_no = 3',
	'INSERT INTO f.items SELECT 13, 1000, 1, neighbors, scores, factors FROM f.items LIMIT 1',
	'UPDATE f.model SET items = 0', 'UPDATE f.model SET items = 5', 'UPDATE f.model SET items = 8000',
	'UPDATE f.items SET popularity = ''NaN''']) v;
\echo # columns, relations
SELECT try('f', v) FROM unnest(ARRAY['ALTER TABLE f.items DROP COLUMN factors', 'ALTER TABLE f.items ALTER factors TYPE float8[]',
	'ALTER TABLE f.items RENAME factors TO other', 'ALTER TABLE f.items RENAME TO other',
	'ALTER TABLE f.items RENAME TO other; CREATE VIEW f.items AS SELECT * FROM f.other',
	'ALTER TABLE f.items ENABLE ROW LEVEL SECURITY']) v;
\echo # parameters
SELECT try('f', 'UPDATE f.model SET parameters = ' || v) FROM unnest(ARRAY['NULL', $$'{}'$$, $$'{1}'$$, $$'{1,2,3,4}'$$, $$'{1,2,3,4,5,6}'$$, 'array_fill(''NaN''::real, ARRAY[5])',
	'array_fill(''Infinity''::real, ARRAY[5])', 'array_fill(NULL::real, ARRAY[5])', 'array_fill(-1::real, ARRAY[5])', 'array_fill(0::real, ARRAY[5])',
	'array_fill(3e38::real, ARRAY[5])', 'array_fill(1::real, ARRAY[2, 2])', 'array_fill(1::real, ARRAY[100000])']) v;
SELECT try('r', 'UPDATE r.model SET parameters = ' || v) FROM unnest(ARRAY['NULL', $$'{}'$$, $$'{1}'$$, $$'{NaN,1,1,1,1}'$$]) v;
SELECT try('r', 'UPDATE r.model SET parameters = array_fill(-3e38::real, ARRAY[cardinality(parameters)])');
\echo # options and algorithm: factors read as neighbours, and the other way round
SELECT try(m, format('UPDATE %s.model SET algorithm = %L, options = ''{}''', m, a))
FROM unnest(ARRAY['f', 'r', 's']) m, unnest(ARRAY['item_knn', 'popular', 'ials', 'als', 'ease']) a;
SELECT try('f', 'UPDATE f.model SET options = ''{"factors": 64}''');
\echo # scores with signs
SELECT try('s', format('UPDATE s.items SET neighbors = %L, scores = %L', n, s))
FROM (VALUES ('{1,2}', '{1}'), ('{-1}', '{1}'), ('{1000}', '{1}'), ('{1,NULL}', '{1,1}'), ('{1}', '{NaN}'), ('{1}', '{-Infinity}'), ('{1}', '{0}'),
	('{1}', '{-0}'), ('{1,1}', '{1,-1}'), ('{1,1,1}', '{-1e-45,1e-45,-0}'), ('{1,2,3}', '{-3e38,3e38,-1}'), ('{{1,2}}', '{{1,1}}'), ('{}', '{}')) v(n, s);
\echo # more memory than is allowed
SET maintenance_work_mem = '1MB';
CREATE TABLE many AS SELECT 1 AS u, n AS i FROM generate_series(1, 20000) n;
SET maintenance_work_mem = '64MB';
SELECT affinity.create_model('m', 'SELECT u, i FROM many', 'ials', '{"factors": 16}');
SELECT affinity.create_model('k', 'SELECT n % 50 AS u, n % 997 AS i FROM generate_series(1, 20000) n', 'item_knn', options => '{"neighbors": 200}');
SET maintenance_work_mem = '1MB';
-- what this transaction wrote is in no image that is shared
DO $$ BEGIN UPDATE m.model SET version = version + 1; PERFORM m.recommend(1, 5);
EXCEPTION WHEN SQLSTATE '53400' THEN RAISE WARNING '%', SQLERRM; END $$;
DO $$ BEGIN PERFORM k.recommend_all(5); EXCEPTION WHEN SQLSTATE '53400' THEN RAISE WARNING '%', regexp_replace(SQLERRM, '\d+', 'N'); END $$;
SELECT count(*) FROM k.recommend(1, 5);
RESET maintenance_work_mem;

SELECT affinity.drop_model(m) FROM unnest(ARRAY['f', 'r', 's', 'm', 'k']) m;
DROP TABLE facts, many;
DROP FUNCTION try, try_all, rows_of;
SELECT pg_postmaster_start_time() = :'started' AND pg_backend_pid() = :pid;
