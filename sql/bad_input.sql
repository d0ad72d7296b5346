-- What bad input gets: one case or more for each row of the table of errors in
-- the design, each with its SQLSTATE, message and hint.
SET client_min_messages = warning;
SET DateStyle = 'ISO';
SET TimeZone = 'UTC';
\pset format unaligned
\pset tuples_only on
\pset null -

-- Runs a statement and says what came of it. What it did is undone, always.
CREATE FUNCTION outcome(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	state text;
	message text;
	detail text;
	hint text;
	answer text;
BEGIN
	EXECUTE statement INTO answer;
	RAISE EXCEPTION 'no error: %', coalesce(answer, 'NULL') USING ERRCODE = '00001';
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT,
		detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
	RETURN CASE WHEN state = '00001' THEN '' ELSE state || ' ' END || message || CASE WHEN detail <> '' THEN E'\n  DETAIL: ' || detail ELSE '' END
		|| CASE WHEN hint <> '' THEN E'\n  HINT: ' || hint ELSE '' END;
END $$;

-- create_model of a query, with options
CREATE FUNCTION of_query(query text, options text DEFAULT '{}', algorithm text DEFAULT 'item_knn')
RETURNS text LANGUAGE sql AS $$
	SELECT outcome(format('SELECT affinity.create_model(%L, %L, %L, %L)', 'bad', query, algorithm, options))
$$;

CREATE TABLE facts (u int, i text, w float8, at timestamptz);
INSERT INTO facts SELECT n % 50, 'i' || n % 17, 1 + n % 3, timestamptz '2024-01-01' + n * interval '1 hour'
FROM generate_series(1, 600) n;
SELECT affinity.create_model('good', 'SELECT u, i, w, at FROM facts', 'item_knn');

\echo # NULL user, item or weight: skipped and counted; without half_life a NULL time does not matter
INSERT INTO facts VALUES (NULL, 'i1', 1, now()), (1, NULL, 1, now()), (1, 'i1', NULL, now()),
	(1, 'i1', 1, NULL), (NULL, NULL, 'NaN', 'infinity');
SELECT affinity.refresh_model('good');
SELECT users, items, interactions, source_rows, skipped_rows, dropped_pairs FROM affinity.models WHERE name = 'good';
SELECT affinity.create_model('lately', 'SELECT u, i, w, at FROM facts', 'popular', '{"half_life": "7 days"}');
SELECT users, items, interactions, source_rows, skipped_rows, dropped_pairs FROM affinity.models WHERE name = 'lately';
SELECT affinity.drop_model('lately');
DELETE FROM facts WHERE u IS NULL OR i IS NULL OR w IS NULL OR at IS NULL;

\echo # NaN or infinite weight, infinite time: an error that names the ids
SELECT of_query($$SELECT 17, 'tea', 'NaN'::float8$$);
SELECT of_query($$SELECT 17::bigint, 'tea'::varchar, 'Infinity'::real$$);
SELECT of_query($$SELECT '00000000-0000-0000-0000-0000000000ff'::uuid, 5, '-Infinity'::float8$$);
SELECT of_query($$SELECT 17, 'tea', 1e39::float8$$);
SELECT of_query($$SELECT 17, 'tea', 'NaN'::numeric$$);
SELECT of_query($$SELECT 17, 'tea', 3e38::real UNION ALL SELECT 17, 'tea', 3e38::real$$);
SELECT of_query($$SELECT 17, 'tea', 1, 'infinity'::timestamptz$$);
SELECT of_query($$SELECT 17, 'tea', 1, '-infinity'::timestamp$$);
SELECT of_query($$SELECT 17, 'tea', 1, 'infinity'::date$$, '{"half_life": "1 day"}', 'popular');
INSERT INTO facts VALUES (3, 'i3', 'NaN', now());
SELECT outcome($$SELECT affinity.refresh_model('good')$$);
\echo # ... but a bad row does not take a page down
SELECT count(*) FROM good.recommend(3, 5);
SELECT count(*) FROM good.recommend_all(5);
SELECT count(*) > 0 FROM good.similar_users(3, 5);
SELECT count(*) > 0 FROM good.audience('i2', 5);
DELETE FROM facts WHERE w = 'NaN';

\echo # a pair whose summed weight is not above 0: no interaction, and counted
INSERT INTO facts VALUES (900, 'i1', 2), (900, 'i1', -2), (900, 'i2', -1), (900, 'i3', 0), (900, 'i4', 1), (900, 'i4', -0.5);
SELECT affinity.refresh_model('good');
SELECT interactions, dropped_pairs FROM affinity.models WHERE name = 'good';
SELECT array_agg(because_id) FROM good.explain(900, 'i8');
DELETE FROM facts WHERE u = 900;

\echo # unknown option, wrong type, out of range
SELECT of_query('SELECT u, i FROM facts', '{"neighbours": 5}');
SELECT of_query('SELECT u, i FROM facts', '{"Neighbors": 5}');
SELECT of_query('SELECT u, i FROM facts', '{"": 5}');
SELECT of_query('SELECT u, i FROM facts', '{"neighbors": 5}', 'popular');
SELECT of_query('SELECT u, i FROM facts', o) FROM (VALUES
	('{"neighbors": "5"}'), ('{"neighbors": 5.5}'), ('{"neighbors": 0}'), ('{"neighbors": 10001}'),
	('{"neighbors": -1}'), ('{"neighbors": 1e12}'), ('{"neighbors": true}'), ('{"neighbors": [5]}'), ('{"neighbors": {"a": {"b": 1}}}'),
	('{"min_support": 0}'), ('{"min_support": 1.5}'), ('{"min_support": 2000000000}'),
	('{"shrinkage": -0.1}'), ('{"shrinkage": "much"}'), ('{"shrinkage": 1e10}'),
	('{"user_exponent": 2.1}'), ('{"item_exponent": -1}'), ('{"neighbor_exponent": "0.3"}'),
	('{"bm25_k1": -1}'), ('{"bm25_b": 1.01}'),
	('{"similarity": "Cosine"}'), ('{"similarity": 3}'), ('{"similarity": ""}'),
	('{"weights": "squared"}'), ('{"weighting": "tfidf"}'), ('{"weighting": false}'),
	('{"similarity": "jaccard", "weighting": "bm25"}'), ('{"similarity": "pearson", "weighting": "tf_idf"}')) v(o);
SELECT of_query('SELECT u, i, w, at FROM facts', o, 'popular') FROM (VALUES
	('{"measure": "sales"}'), ('{"half_life": 30}'), ('{"half_life": "0 days"}'), ('{"half_life": "-3 days"}'),
	('{"half_life": "soon"}'), ('{"half_life": "178000000 years"}'), ('{"half_life": "100000 years"}'), ('{"half_life": ""}'),
	('{"half_life": true}'), ('{"half_life": 0}')) v(o);
\echo # PostgreSQL 17 knows infinite intervals, and no half-life is one
SELECT replace(of_query('SELECT u, i, w, at FROM facts', '{"half_life": "infinity"}', 'popular'),
	'invalid input syntax for type interval:', 'option "half_life" is out of range:');
\echo # an interval says its units: 30 would be seconds, P30 years, 30- years too
SELECT of_query('SELECT u, i, w, at FROM facts', jsonb_build_object('half_life', v)::text, 'popular')
FROM unnest(ARRAY['30', ' 30 ', '-30', '.5', '@ 30', '(30)', '30;', '1 day 30', '1 day -30', '30 days ago 3', 'P30', 'PT30', '30-', '1-2 20']) v;
CREATE FUNCTION half_life_of(v text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	answer text;
BEGIN
	PERFORM affinity.create_model('lately', 'SELECT u, i, w, at FROM facts', 'popular', jsonb_build_object('half_life', v));
	SELECT options->>'half_life' INTO answer FROM affinity.models WHERE name = 'lately';
	PERFORM affinity.drop_model('lately');
	RETURN answer;
END $$;
SELECT v, half_life_of(v) FROM unnest(ARRAY['30 days', '30d', 'P30D', 'PT30M', 'P0000-00-30', '1:30', '2 1:30', '1 day 0', '1 month', '1 year', '1-2',
	'18 months', '1 microsecond']) v;
SELECT extract(epoch FROM interval '1 month') AS month, extract(epoch FROM interval '1 year') AS year, extract(epoch FROM interval '18 months') AS "18 months";
SELECT of_query('SELECT u, i FROM facts', '{"half_life": "1 day"}', 'popular');
SELECT of_query('SELECT u, i FROM facts', o) FROM (VALUES ('[]'), ('5'), ('"neighbors"'), ('null'), ('[{"neighbors": 5}]')) v(o);
SELECT of_query('SELECT u, i FROM facts', '{}', 'item-knn');
SELECT of_query('SELECT u, i FROM facts', '{}', '');
\echo # null is the default
SELECT of_query('SELECT u, i FROM facts', '{"neighbors": null, "similarity": null}');
SELECT outcome($$SELECT affinity.create_model('bad', 'SELECT u, i FROM facts', 'item_knn', options => NULL)$$);
\echo # every option that is listed is accepted with its default
SELECT algorithm, of_query('SELECT u, i, w, at FROM facts', jsonb_object_agg(option, "default")::text, algorithm)
FROM affinity.algorithm_options() GROUP BY algorithm ORDER BY algorithm;
\echo # names of algorithms, options and their values in any case; kept as they are listed
SELECT of_query('SELECT u, i FROM facts', '{"Similarity": "COSINE", "NEIGHBORS": 5}', 'Item_KNN');
SELECT affinity.create_model('any_case', 'SELECT u, i FROM facts', 'ITEM_KNN', '{"Similarity": "Cosine", "NEIGHBORS": 5}');
SELECT algorithm, options ->> 'similarity', options ->> 'neighbors' FROM affinity.models WHERE name = 'any_case';
SELECT affinity.drop_model('any_case');
SELECT of_query('SELECT u, i FROM facts', '{"neighbors": 5, "Neighbors": 6}');
\echo # whole numbers are written whole
SELECT algorithm, option, range FROM affinity.algorithm_options() AS o(algorithm, option, type, start, range, help)
WHERE option IN ('seed', 'min_support', 'shrinkage', 'tolerance') ORDER BY 1, 2;
SELECT of_query('SELECT u, i FROM facts', '{"seed": 3e9}', 'als');

\echo # NULL arguments
SELECT outcome('SELECT affinity.create_model(NULL, ''SELECT u, i FROM facts'')');
SELECT outcome('SELECT affinity.create_model(''bad'', NULL, ''item_knn'')');
SELECT outcome('SELECT affinity.create_model(''bad'', ''SELECT u, i FROM facts'', NULL)');
SELECT outcome('SELECT affinity.refresh_model(NULL)');
SELECT outcome('SELECT affinity.drop_model(NULL)');
SELECT outcome('SELECT affinity.drop_model(''good'', NULL)');

\echo # unknown model, existing schema, impossible name
SELECT outcome('SELECT affinity.refresh_model(''nosuch'')');
SELECT outcome('SELECT affinity.drop_model(''nosuch'')');
SELECT outcome('SELECT affinity.refresh_model(''public'')');
SELECT outcome('SELECT affinity.drop_model(''affinity'')');
SELECT outcome('SELECT affinity.drop_model(''GOOD'')');
SELECT outcome('SELECT * FROM affinity.recommend_core(''public'', 1, 1, NULL::text[], NULL::text[], true) AS t(item_id text, score real, rank int, personalized boolean)');
SELECT outcome('SELECT * FROM affinity.recommend_all_core(4294967295::oid::regnamespace, 1) AS t(user_id int, item_id text, score real, rank int, personalized boolean)');
SELECT outcome('SELECT * FROM affinity.recommend_all_core(NULL, 1) AS t(user_id int, item_id text, score real, rank int, personalized boolean)');
SELECT outcome('SELECT affinity.create_model(''good'', ''SELECT u, i FROM facts'', ''item_knn'')');
SELECT outcome('SELECT affinity.create_model(''public'', ''SELECT u, i FROM facts'', ''item_knn'')');
SELECT outcome('SELECT affinity.create_model(''pg_mine'', ''SELECT u, i FROM facts'', ''item_knn'')');
SELECT outcome('SELECT affinity.create_model('''', ''SELECT u, i FROM facts'')');
SELECT outcome(format('SELECT affinity.create_model(%L, ''SELECT u, i FROM facts'')', repeat('x', 64)));
SELECT outcome(format('SELECT affinity.create_model(%L, ''SELECT u, i FROM facts'')', repeat('ü', 32)));
SELECT outcome(format('SELECT affinity.create_model(%L, ''SELECT u, i FROM facts'')', repeat('ü', 31)));

\echo # the source is not one SELECT
SELECT q, of_query(q) FROM (VALUES
	(''), (' '), (';'), ('-- nothing'), ('SELECT'), ('SELEC u, i FROM facts'), ('facts'),
	('SELECT u, i FROM facts; SELECT u, i FROM facts'),
	('SELECT u, i FROM facts; DROP TABLE facts'),
	('INSERT INTO facts VALUES (1, 2) RETURNING u, i'),
	('UPDATE facts SET w = 1 RETURNING u, i'),
	('DELETE FROM facts RETURNING u, i'),
	('CREATE TABLE x AS SELECT u, i FROM facts'),
	('EXPLAIN SELECT u, i FROM facts'),
	('PREPARE x AS SELECT u, i FROM facts'),
	('SELECT u, i INTO x FROM facts'),
	('SELECT u, i INTO x FROM facts UNION SELECT 1, ''a'''),
	('SELECT u, i FROM facts FOR UPDATE'),
	('(SELECT u, i FROM facts FOR SHARE)'),
	('SELECT * FROM (SELECT u, i FROM facts FOR UPDATE) f'),
	('WITH f AS (SELECT u, i FROM facts FOR UPDATE) SELECT * FROM f'),
	('WITH gone AS (DELETE FROM facts RETURNING u, i) SELECT u, i FROM gone'),
	('WITH gone AS (INSERT INTO facts VALUES (1) RETURNING u, i) SELECT u, i FROM gone'),
	('(WITH gone AS (DELETE FROM facts RETURNING u, i) SELECT u, i FROM gone) UNION SELECT 1, ''a'''),
	('SELECT * FROM (WITH gone AS (DELETE FROM facts RETURNING u, i) SELECT u, i FROM gone) g'),
	('SELECT u, i FROM facts) AS q(a, b) --'),
	('SELECT u, i FROM facts WHERE u = $1'),
	('SELECT u, i FROM nosuch'), ('SELECT u, nosuch FROM facts')) v(q);
SELECT count(*) FROM facts;
\echo # these are one SELECT
SELECT q, of_query(q) FROM (VALUES
	('SELECT u, i FROM facts;'), (E'SELECT u, i FROM facts -- a comment'), ('/* ; */ SELECT u, i FROM facts /* ; */ ; -- ;'),
	('TABLE facts'), ('VALUES (1, ''a''), (2, ''a'')'), ('(SELECT u, i FROM facts)'),
	('SELECT u, i FROM facts UNION ALL SELECT u, i FROM facts ORDER BY 1 LIMIT 100'),
	('WITH f AS (SELECT u, i FROM facts) SELECT * FROM f'),
	('WITH RECURSIVE f(u, i) AS (SELECT 1, 2 UNION ALL SELECT u + 1, i FROM f WHERE u < 9) SELECT * FROM f'),
	('SELECT u AS "a b", u AS "a b" FROM facts'), ('SELECT u, unnest(ARRAY[1, 2]) FROM facts')) v(q);
\echo # a temporary table does not outlive the session
CREATE TEMP TABLE passing AS SELECT u, i FROM facts;
SELECT of_query('SELECT u, i FROM passing');

\echo # wrong columns and types
SELECT q, of_query(q) FROM (VALUES
	('SELECT u FROM facts'), ('SELECT FROM facts'), ('SELECT u, i, w, at, 1 FROM facts'),
	('SELECT at, i FROM facts'), ('SELECT current_date, i FROM facts'), ('SELECT u, at FROM facts'),
	('SELECT u::numeric, i FROM facts'), ('SELECT w, i FROM facts'), ('SELECT u, ARRAY[i] FROM facts'),
	('SELECT u::oid, i FROM facts'), ('SELECT u, i::name FROM facts'), ('SELECT u, i::char(3) FROM facts'),
	('SELECT u, i, i FROM facts'), ('SELECT u, i, at FROM facts'), ('SELECT u, i, true FROM facts'), ('SELECT u, i, NULL FROM facts'),
	('SELECT u, i, 1, 1700000000 FROM facts'), ('SELECT u, i, 1, now()::time FROM facts'), ('SELECT u, i, 1, ''now'' FROM facts'),
	('SELECT u, to_jsonb(i) FROM facts'), ('SELECT facts, i FROM facts')) v(q);
CREATE COLLATION ignoring_case (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
SELECT of_query('SELECT u, i COLLATE ignoring_case FROM facts');

\echo # no usable row: at create nothing is left behind, at refresh the old version stays
SELECT of_query('SELECT u, i FROM facts WHERE false');
SELECT of_query('SELECT NULL::int, i FROM facts');
SELECT of_query('SELECT u, i, -1 FROM facts');
SELECT of_query('SELECT u, i, w, at FROM facts WHERE false', '{"half_life": "1 day"}', 'popular');
SELECT of_query('SELECT u, i, 1, NULL::timestamp FROM facts', '{"half_life": "1 day"}', 'popular');
SELECT count(*) FROM pg_namespace WHERE nspname = 'bad';
CREATE TABLE saved AS SELECT * FROM facts;
SELECT version AS old_version FROM affinity.models WHERE name = 'good' \gset
DELETE FROM facts;
SELECT outcome($$SELECT affinity.refresh_model('good')$$);
SELECT version = :old_version, items FROM affinity.models WHERE name = 'good';
SELECT count(*), bool_or(personalized) FROM good.recommend(3, 5);
SELECT count(*) FROM good.recommend_for(ARRAY['i3'], 5) WHERE personalized;
SELECT count(*) FROM good.recommend_all(5);
SELECT count(*) FROM good.audience('i3');
INSERT INTO facts TABLE saved;

\echo # unknown user or item
SELECT count(*), bool_or(personalized) FROM good.recommend(-1, 5);
SELECT count(*) FROM good.similar_items('nosuch', 5);

\echo # k
SELECT f, outcome(format('SELECT count(*) FROM good.' || f, k)) FROM
	unnest(ARRAY['recommend(1, %L)', 'recommend_for(ARRAY[''i1''], %L)', 'recommend_all(%L)', 'similar_items(''i1'', %L)',
		'similar_users(1, %L)', 'explain(1, ''i1'', %L)', 'audience(''i1'', %L)']) f,
	(VALUES (1, '-1'), (2, '-2147483648'), (3, NULL), (4, '0'), (5, '2147483647')) v(no, k)
ORDER BY f, no;

\echo # not enough memory: the bytes needed are named, and suffice
SET maintenance_work_mem = '1MB';
CREATE FUNCTION many(n int) RETURNS text LANGUAGE sql AS $$
	SELECT format('SELECT n %% 1000 AS u, n %% 997 AS i FROM generate_series(1, %s) n', n) $$;
SELECT regexp_replace(regexp_replace(regexp_replace(of_query(many(200000)), '\d{7,} bytes', 'N bytes'), '''\d+ MB''', '''N MB'''), '0\.\d+', 'N');
DO $$
BEGIN
	PERFORM affinity.create_model('bad', many(200000), 'item_knn');
	RAISE 'that should not fit into 1 MB';
EXCEPTION WHEN configuration_limit_exceeded THEN
	PERFORM set_config('maintenance_work_mem',
		ceil(substring(SQLERRM FROM 'need (\d+) bytes')::numeric / 1024) || 'kB', false);
END $$;
SELECT of_query(many(200000)) AS "the bytes named suffice";
RESET maintenance_work_mem;

\echo # training in a read-only transaction; serving works there
BEGIN READ ONLY;
SELECT of_query('SELECT u, i FROM facts');
SELECT outcome($$SELECT affinity.refresh_model('good')$$);
SELECT outcome($$SELECT affinity.drop_model('good')$$);
SELECT count(*) FROM good.recommend(1, 5);
SELECT count(*) FROM good.similar_items('i1', 5);
SELECT count(*) FROM good.recommend_all(1);
SELECT count(*) FROM good.similar_users(1);
SELECT count(*) FROM good.audience('i1', 3);
SELECT name FROM affinity.models;
ROLLBACK;

\echo # what a popular model cannot say
SELECT affinity.create_model('wanted', 'SELECT u, i FROM facts', 'popular');
SELECT outcome($$SELECT count(*) FROM wanted.similar_items('i1')$$);
SELECT outcome($$SELECT count(*) FROM wanted.explain(1, 'i1')$$);
SELECT outcome($$SELECT count(*) FROM wanted.audience('i1')$$);
SELECT outcome($$SELECT count(*) FROM wanted.recommend(1)$$);

SELECT affinity.drop_model('wanted');
SELECT affinity.drop_model('good');
SELECT count(*) FROM affinity.models;
\echo # ids that the index of the items cannot hold are found before the training
SELECT outcome($$SELECT affinity.create_model('long_ids', 'SELECT n, ''é'' || (SELECT string_agg(md5(i::text), '''') FROM generate_series(1, 200) i) || n FROM generate_series(1, 3) n', 'item_knn')$$);
SELECT outcome($$SELECT affinity.create_model('long_ids', 'SELECT n, md5((SELECT string_agg(md5(i::text), '''') FROM generate_series(1, 200) i) || n) FROM generate_series(1, 3) n', 'item_knn')$$);
SELECT outcome($$SELECT affinity.create_model('compressed_ids', 'SELECT n, repeat(''x'', 10000) || n FROM generate_series(1, 3) n', 'item_knn')$$);
SELECT count(affinity.drop_model(name)) FROM affinity.models WHERE name IN ('long_ids', 'compressed_ids');
DROP TABLE facts, saved;
DROP COLLATION ignoring_case;
DROP FUNCTION of_query, outcome, many;
