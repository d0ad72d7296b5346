-- Whatever is in the tables of a model, whatever the core functions are called
-- with, by anyone: an error or rows, never a crash. The last test shows that
-- the server is the one that began.
SET client_min_messages = warning;
\pset format unaligned
\pset tuples_only on
\pset null -
SELECT pg_postmaster_start_time() AS started, pg_backend_pid() AS pid \gset

-- Runs a statement and says what came of it. What it did is undone.
CREATE FUNCTION outcome(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	answer text;
BEGIN
	EXECUTE statement INTO answer;
	RAISE EXCEPTION '%', coalesce(answer, 'NULL') USING ERRCODE = '00001';
EXCEPTION WHEN OTHERS THEN
	RETURN CASE WHEN SQLSTATE = '00001' THEN 'no error: ' ELSE SQLSTATE || ' ' END || SQLERRM;
END $$;

-- Every function on a model whose ids are said to be of these types: number of
-- rows, or SQLSTATE.
CREATE FUNCTION try_all(model text, users text, items text, u text, i text)
RETURNS text LANGUAGE sql AS $$
	SELECT string_agg(name || ' ' || substring(outcome(format('SELECT count(*) FROM affinity.%s_core(%L%s) AS t(%s)',
		name, model, replace(replace(replace(arguments, '$u', u || '::' || users), '$i', i || '::' || items), '$a', items || '[]'),
		replace(replace(columns, '$u', users), '$i', items))) FROM '^(?:no error: )?(\S+)'), ', ' ORDER BY no)
	FROM (VALUES
		(1, 'recommend', ', $u, 5, NULL::$a, NULL::$a, true', 'item_id $i, score real, rank int, personalized boolean'),
		(2, 'recommend', ', $u, 5, ARRAY[$i], ARRAY[$i], false', 'item_id $i, score real, rank int, personalized boolean'),
		(3, 'recommend_for', ', ARRAY[$i], 5, NULL::$a, NULL::$a', 'item_id $i, score real, rank int, personalized boolean'),
		(4, 'recommend_all', ', 5', 'user_id $u, item_id $i, score real, rank int, personalized boolean'),
		(5, 'similar_items', ', $i, 5', 'item_id $i, score real, rank int'),
		(6, 'similar_users', ', $u, 5', 'user_id $u, score real, rank int, common int'),
		(7, 'score', ', $u, ARRAY[$i]', 'item_id $i, score real, rank int, personalized boolean'),
		(8, 'explain', ', $u, $i, 5', 'because_id $i, weight real, similarity real, contribution real, share real, rank int'),
		(9, 'audience', ', $i, 5', 'user_id $u, score real, rank int')) f(no, name, arguments, columns)
$$;

\echo # a typed table with a dropped column before the others
CREATE SCHEMA odd;
CREATE TABLE odd.model (gone bigint, version bigint, algorithm text, options jsonb,
	has_time boolean, users bigint, items bigint, interactions bigint, source_rows bigint,
	skipped_rows bigint, dropped_pairs bigint, trained_at timestamptz, duration interval,
	training jsonb, parameters real[]);
INSERT INTO odd.model VALUES (123456789, 7, 'item_knn', '{}', false, 3, 3, 3, 3, 0, 0, now(), '1s', '{}', NULL);
ALTER TABLE odd.model DROP COLUMN gone;
ALTER TABLE odd.model OF affinity.model_record;
CREATE TABLE odd.items (item_no int, item_id int, popularity real, neighbors int[], scores real[], factors real[]);
INSERT INTO odd.items VALUES (0, 1, 1, '{1,2}', '{2,1}'), (1, 2, 2, '{0}', '{1}'), (2, 3, 3, '{}', '{}');
CREATE VIEW odd.interactions AS SELECT 1 AS user_id, 1 AS item_id, 1::real AS weight, now() AS at
	UNION ALL SELECT 2, 1, 1, now();
SELECT name FROM affinity.models;
SELECT try_all('odd', 'int', 'int', '1', '1');
SELECT outcome($$SELECT affinity.refresh_model('odd')$$);

\echo # the same as it should be: a model made by hand serves
ALTER TABLE odd.model RENAME TO other;
ALTER TABLE odd.other NOT OF;
CREATE TABLE odd.model OF affinity.model_record;
SELECT try_all('odd', 'int', 'int', '1', '1');
INSERT INTO odd.model SELECT * FROM odd.other;
SELECT name, version, algorithm, items FROM affinity.models;
SELECT try_all('odd', 'int', 'int', '1', '1');

CREATE SEQUENCE odd.model_version START 100;
\echo # what its row may say
CREATE FUNCTION try_row(change text) RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE 'UPDATE odd.model SET version = version + 1';
	EXECUTE 'UPDATE odd.model SET ' || change;
	RETURN NEXT change;
	RETURN NEXT '	' || try_all('odd', 'int', 'int', '1', '1');
	DELETE FROM odd.model;
	INSERT INTO odd.model SELECT (o).* FROM (SELECT o FROM odd.other o) s;
	UPDATE odd.model SET version = (random() * 1e9)::int;
END $$;
SELECT try_row(change) FROM unnest(ARRAY['version = NULL', 'algorithm = NULL', 'algorithm = ''magic''', 'options = NULL',
	'options = ''[]''', 'options = ''{"similarity": 1}''', 'items = NULL', 'items = -1', 'items = 0', 'items = 2', 'items = 4',
	'items = 2147483647', 'items = 9223372036854775807', 'has_time = NULL', 'users = NULL, algorithm = ''popular''']) change;
INSERT INTO odd.model SELECT (m).* FROM (SELECT m FROM odd.model m) s;
SELECT outcome($$SELECT affinity.refresh_model('odd')$$);
DELETE FROM odd.model;
SELECT outcome($$SELECT affinity.refresh_model('odd')$$);
SELECT name FROM affinity.models;
INSERT INTO odd.model SELECT * FROM odd.other;

\echo # what its items may be
CREATE FUNCTION try_items(ddl text, fresh boolean DEFAULT true) RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
	RETURN NEXT ddl;
	ALTER TABLE odd.items RENAME TO kept;
	EXECUTE ddl;
	IF fresh THEN
		UPDATE odd.model SET version = version + 1;
	END IF;
	RETURN NEXT '	' || try_all('odd', 'int', 'int', '1', '1');
	RETURN NEXT '	refresh: ' || outcome($q$SELECT affinity.refresh_model('odd')$q$);
	EXECUTE (SELECT CASE relkind WHEN 'v' THEN 'DROP VIEW odd.items' WHEN 'S' THEN 'DROP SEQUENCE odd.items' WHEN 'm' THEN 'DROP MATERIALIZED VIEW odd.items'
			WHEN 'c' THEN 'DROP TYPE odd.items' WHEN 'i' THEN 'DROP INDEX odd.items' ELSE 'DROP TABLE odd.items' END
		FROM pg_class WHERE oid = to_regclass('odd.items'));
	ALTER TABLE odd.kept RENAME TO items;
END $$;
SELECT try_items('CREATE VIEW odd.items AS SELECT * FROM odd.kept');
SELECT try_items('CREATE SEQUENCE odd.items');
SELECT try_items('CREATE TABLE odd.items AS SELECT item_no::bigint, item_id, popularity, neighbors, scores, factors FROM odd.kept');
SELECT try_items('CREATE TABLE odd.items AS SELECT item_no, item_id::bigint, popularity, neighbors, scores, factors FROM odd.kept');
SELECT try_items('CREATE TABLE odd.items AS SELECT item_no, item_id::text, popularity, neighbors, scores, factors FROM odd.kept');
SELECT try_items('CREATE TABLE odd.items AS SELECT item_no, item_id, popularity::float8, neighbors, scores, factors FROM odd.kept');
SELECT try_items('CREATE TABLE odd.items AS SELECT item_no, item_id, popularity, neighbors::bigint[], scores, factors FROM odd.kept');
SELECT try_items('CREATE TABLE odd.items AS SELECT item_no, item_id, popularity, neighbors, scores::float8[], factors FROM odd.kept');
SELECT try_items('CREATE TABLE odd.items AS SELECT item_no, item_id, popularity, neighbors::text AS neighbors, scores, factors FROM odd.kept');
SELECT try_items('CREATE TABLE odd.items AS SELECT item_no, item_id FROM odd.kept');
SELECT try_items('CREATE TABLE odd.items AS SELECT item_no, item_id, popularity, NULL::int[] AS neighbors, scores, factors FROM odd.kept');
SELECT try_items('CREATE TABLE odd.items AS SELECT item_no, item_id, popularity, neighbors, NULL::real[] AS scores, factors FROM odd.kept');
SELECT try_items('CREATE TABLE odd.items AS SELECT NULL::int AS item_no, item_id, popularity, neighbors, scores, factors FROM odd.kept');
SELECT try_items('CREATE TABLE odd.items AS SELECT item_no, NULL::int AS item_id, popularity, neighbors, scores, factors FROM odd.kept');
SELECT try_items('CREATE TABLE odd.items AS SELECT 1 AS item_no, item_id, NULL::real AS popularity, neighbors, scores, factors FROM odd.kept');
SELECT try_items('CREATE TABLE odd.items AS SELECT 1 AS item_no, 1 AS item_id, popularity, neighbors, scores, factors FROM odd.kept');
SELECT try_items(format('CREATE TABLE odd.items AS SELECT item_no, item_id, popularity, %L::int[] AS neighbors, %L::real[] AS scores, factors FROM odd.kept', n, s))
FROM (VALUES ('{1,2}', '{1}'), ('{1}', '{1,2}'), ('{-1}', '{1}'), ('{3}', '{1}'), ('{2147483647}', '{1}'), ('{1,NULL}', '{1,1}'), ('{1,2}', '{1,NULL}'),
	('{1}', '{NaN}'), ('{1}', '{Infinity}'), ('{1}', '{0}'), ('{1}', '{-1}'), ('{{1,2}}', '{{1,1}}'), ('[5:6]={1,2}', '[-1:0]={2,1}'),
	('{1,1,1,1,1,1,1,1}', '{1e-45,1e-45,1e-45,1e-45,1e-45,1e-45,1e-45,1e-45}'), ('{}', '{}')) v(n, s);
\echo ## what only bears the name, numbers and ids that are there twice, lists of lists
SELECT try_items(ddl) FROM unnest(ARRAY['CREATE TYPE odd.items AS (item_no int, item_id int, popularity real, neighbors int[], scores real[], factors real[])',
	'CREATE INDEX items ON odd.kept (item_no, item_id, popularity)', 'CREATE MATERIALIZED VIEW odd.items AS SELECT * FROM odd.kept',
	'CREATE TABLE odd.items (LIKE odd.kept) PARTITION BY LIST (item_no)', 'CREATE TABLE odd.items (LIKE odd.kept)',
	'CREATE TABLE odd.items AS SELECT * FROM odd.kept UNION ALL SELECT * FROM odd.kept',
	'CREATE TABLE odd.items AS SELECT item_no, 1 AS item_id, popularity, neighbors, scores, factors FROM odd.kept',
	'CREATE TABLE odd.items AS SELECT item_no, item_id, popularity, ''{{0,1}}''::int[] AS neighbors, ''{1,1}''::real[] AS scores, factors FROM odd.kept',
	'CREATE TABLE odd.items AS SELECT item_no, item_id, popularity, ''{1,1}''::int[] AS neighbors, ''{{1,1}}''::real[] AS scores, factors FROM odd.kept']) ddl;
\echo ## the version, and so what is cached, stays
SELECT try_all('odd', 'int', 'int', '1', '1');
SELECT try_items(ddl, false) FROM unnest(ARRAY['CREATE VIEW odd.items AS SELECT * FROM odd.kept',
	'CREATE INDEX items ON odd.kept (item_no, item_id, popularity)', 'CREATE TABLE odd.items AS SELECT item_no, item_id FROM odd.kept',
	'CREATE TABLE odd.items AS SELECT item_no::text, item_id, popularity, neighbors, scores, factors FROM odd.kept',
	'CREATE TABLE odd.items AS SELECT item_no, item_id::text, popularity, neighbors, scores, factors FROM odd.kept',
	'CREATE TABLE odd.items AS SELECT item_no, item_id, popularity, neighbors, scores[1] AS scores, factors FROM odd.kept']) ddl;

\echo # what its interactions may be
CREATE FUNCTION try_view(query text, users text DEFAULT 'int', u text DEFAULT '1') RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
	RETURN NEXT query || ' asked as ' || users;
	DROP VIEW odd.interactions;
	EXECUTE 'CREATE VIEW odd.interactions AS ' || query;
	RETURN NEXT '	' || try_all('odd', users, 'int', u, '1');
END $$;
\echo ## the version, and so what is cached, stays: users were integers
SELECT try_view('SELECT ''a''::text AS user_id, 1 AS item_id, 1::real AS weight, now() AS at');
SELECT try_view('SELECT ''a''::text AS user_id, 1 AS item_id, 1::real AS weight, now() AS at', 'text', '''a''');
SELECT try_view('SELECT 1::bigint AS user_id, 1 AS item_id, 1::real AS weight, now() AS at');
SELECT try_view('SELECT 1 AS user_id, ''i''::text AS item_id, 1::real AS weight, now() AS at');
\echo ## and each as a new version
UPDATE odd.model SET version = version + 1;
SELECT try_view('SELECT ''a''::text AS user_id, 1 AS item_id, 1::real AS weight, now() AS at', 'text', '''a''');
\echo ## now they were text
SELECT try_view('SELECT 77 AS user_id, 1 AS item_id, 1::real AS weight, now() AS at', 'text', '''a''');
UPDATE odd.model SET version = version + 1;
SELECT try_view('SELECT 1 AS user_id, ''i''::text AS item_id, 1::real AS weight, now() AS at');
UPDATE odd.model SET version = version + 1;
SELECT try_view('SELECT 1 AS user_id, 1 AS item_id, ''much''::text AS weight, now() AS at');
UPDATE odd.model SET version = version + 1;
SELECT try_view('SELECT 1 AS user_id, 1 AS item_id');
UPDATE odd.model SET version = version + 1;
SELECT try_view('SELECT now() AS user_id, 1 AS item_id, 1 AS weight, 1 AS at');
UPDATE odd.model SET version = version + 1;
SELECT try_view('SELECT 1 AS user_id, 1 AS item_id, 1/0 AS weight, now() AS at');
UPDATE odd.model SET version = version + 1;
SELECT try_view('SELECT NULL::int AS user_id, NULL::int AS item_id, NULL::float8 AS weight, NULL::timestamp AS at');
DROP VIEW odd.interactions;
UPDATE odd.model SET version = version + 1;
SELECT try_all('odd', 'int', 'int', '1', '1');
DROP SCHEMA odd CASCADE;

\echo # core functions called with what they do not take
CREATE TABLE facts AS SELECT n % 20 AS u, 'i' || n % 7 AS i FROM generate_series(1, 100) n;
SELECT affinity.create_model('real', 'SELECT u, i FROM facts', 'item_knn');
SELECT try_all('real', 'int', 'text', '1', '''i1''');
SELECT try_all('real', users, items, u, i) FROM (VALUES ('bigint', 'text', '1', '''i1'''), ('text', 'text', '''1''', '''i1'''),
	('int', 'int', '1', '1'), ('int', 'uuid', '1', '''00000000-0000-0000-0000-000000000000'''), ('int', 'name', '1', '''i1'''),
	('int', 'char(2)', '1', '''i1'''), ('numeric', 'json', '1', '''{}'''), ('oid', 'text', '1', '''i1''')) v(users, items, u, i);
SELECT try_all('real', 'int', 'varchar', '1', '''i1''');
SELECT try_all('real', 'int', 'text', 'NULL', 'NULL');
\echo ## of unknown type, not an array, an array of arrays
SELECT outcome('SELECT affinity.recommend_core(''real'', ''1'', 5, NULL, NULL, true)');
SELECT outcome('SELECT affinity.recommend_core(''real'', 1, 5, ''x''::text, NULL::text[], true)');
SELECT outcome('SELECT affinity.recommend_core(''real'', 1, 5, NULL::text[], ''x''::text, true)');
SELECT outcome('SELECT affinity.recommend_for_core(''real'', ''x''::text, 5, NULL::text[], NULL::text[])');
SELECT outcome('SELECT affinity.recommend_for_core(''real'', 5, 5, NULL::text[], NULL::text[])');
SELECT outcome('SELECT affinity.recommend_for_core(''real'', row(1), 5, NULL::text[], NULL::text[])');
SELECT outcome('SELECT count(*) FROM (SELECT affinity.recommend_for_core(''real'', ARRAY[[''i1'', ''i2''], [''i3'', NULL]], 9, NULL::text[], NULL::text[])) s');
SELECT outcome('SELECT count(*) FROM (SELECT affinity.recommend_for_core(''real'', ''[7:8]={i1,i2}''::text[], 9, NULL::text[], NULL::text[])) s');
\echo ## in the SELECT list
SELECT count(r) FROM (SELECT affinity.recommend_core('real', 1, 3, NULL::text[], NULL::text[], true) AS r) s;
SELECT u, count(*) FROM (SELECT u, affinity.recommend_core('real', u, 2, NULL::text[], NULL::text[], NULL) FROM generate_series(1, 3) u) s GROUP BY u ORDER BY u;
SELECT outcome('SELECT (affinity.recommend_all_core(''real'', 1)).*');
SELECT outcome('SELECT coalesce(affinity.recommend_all_core(''real'', 1), NULL)');
SELECT outcome('SELECT 1 WHERE affinity.recommend_all_core(''real'', 1) IS NOT NULL');
\echo ## with a wrong column definition list, or none
SELECT outcome('SELECT * FROM affinity.recommend_core(''real'', 1, 3, NULL::text[], NULL::text[], true)');
SELECT outcome('SELECT * FROM affinity.recommend_core(''real'', 1, 3, NULL::text[], NULL::text[], true) AS t(' || c || ')')
FROM unnest(ARRAY['item_id int, score real, rank int, personalized boolean', 'item_id text, score text, rank text, personalized text',
	'item_id text, score float8, rank int, personalized boolean', 'item_id text', 'item_id text, score real, rank int, personalized boolean, more int',
	'a text, b real, c int, d boolean']) c;
SELECT outcome('SELECT * FROM affinity.similar_items_core(''real'', ''i1''::text, 3) AS t(item_id uuid, score real, rank int)');
SELECT outcome('SELECT * FROM affinity.similar_items_core(''real'', ''nosuch''::text, 3) AS t(item_id uuid, score real, rank int)');
SELECT outcome('SELECT * FROM affinity.recommend_all_core(''real'', 3) AS t(user_id text, item_id text, score real, rank int, personalized boolean)');
\echo ## on what is no model
SELECT try_all('pg_catalog', 'int', 'int', '1', '1');
SELECT outcome('SELECT affinity.recommend_all_core(0, 1)');
CREATE SCHEMA plain;
CREATE TABLE plain.model (version bigint);
SELECT try_all('plain', 'int', 'int', '1', '1');
DROP TABLE plain.model;
CREATE VIEW plain.model AS SELECT * FROM real.model;
SELECT try_all('plain', 'int', 'int', '1', '1');
DROP SCHEMA plain CASCADE;
\echo ## a row-level policy on the table of the model
ALTER TABLE real.model ENABLE ROW LEVEL SECURITY;
SELECT try_all('real', 'int', 'text', '1', '''i1''');
SELECT name FROM affinity.models;
ALTER TABLE real.model DISABLE ROW LEVEL SECURITY;
SELECT name FROM affinity.models;

SELECT affinity.drop_model('real');
DROP TABLE facts;
DROP FUNCTION try_all, try_row, try_items, try_view, outcome;
SELECT pg_postmaster_start_time() = :'started' AND pg_backend_pid() = :pid;
