-- A model owns its definition: what happens to its source, to its objects and
-- to its owner, and that a refresh, or what a hint says, makes it whole.
\pset format unaligned
\pset tuples_only on
\pset null -
SET client_min_messages = warning;

-- Runs a statement and says what came of it.
CREATE FUNCTION outcome(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	answer text;
	hint text;
	detail text;
BEGIN
	EXECUTE statement INTO answer;
	RETURN 'no error: ' || coalesce(answer, 'NULL');
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS hint = PG_EXCEPTION_HINT, detail = PG_EXCEPTION_DETAIL;
	RETURN SQLSTATE || ' ' || SQLERRM || CASE WHEN detail <> '' THEN E'\n  DETAIL: ' || detail ELSE '' END
		|| CASE WHEN hint <> '' THEN E'\n  HINT: ' || hint ELSE '' END;
END $$;
-- A model as what it answers, whoever its users are.
CREATE FUNCTION fingerprint(model name) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	answer text;
BEGIN
	EXECUTE format('SELECT count(*) || '' '' || md5(string_agg(r::text, '','' ORDER BY user_id, rank)) FROM %I.recommend_all(3) r', model) INTO answer;
	RETURN answer;
END $$;
-- The notice of a training has times: what a refresh would do is shown without
-- one first.
CREATE FUNCTION show(model name) RETURNS SETOF text LANGUAGE plpgsql SET client_min_messages = notice AS $$
BEGIN
	RETURN QUERY SELECT done FROM affinity.upgrade_models() WHERE name = model;
END $$;
CREATE FUNCTION refresh(model name) RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
	RETURN QUERY SELECT * FROM show(model);
	PERFORM affinity.refresh_model(model);
END $$;
CREATE VIEW state AS SELECT name, status, hint FROM affinity.models;

CREATE TABLE ev (u int, i int, w int DEFAULT 1, at timestamptz DEFAULT '2024-01-01');
INSERT INTO ev (u, i) SELECT n % 25, (n * n) % 17 FROM generate_series(1, 300) n;

\echo # the query as it is given, and with its names resolved
CREATE SCHEMA other;
CREATE TABLE other.ev AS SELECT * FROM ev WHERE i < 9;
CREATE FUNCTION other.half(int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT $1 / 2';
SET search_path = other, public;
SELECT affinity.create_model('shop', E'SELECT u, half(i) /* it''s */ -- half\n  FROM ev;', 'item_knn', options => '{"neighbors": 5}');
RESET search_path;
SELECT query, resolved_query, algorithm, given_options, options->'neighbors', user_type, item_type FROM shop.definition;
SELECT has_table_privilege('pg_monitor', 'shop.definition', 'SELECT');
\echo # ... whatever is in it
SELECT affinity.create_model('odd', $q$SELECT u, $$a'b\c$$ || E'\n\\' || "ü " || repeat('x', 3) || '@schema@' AS "select"
	FROM (SELECT u, 'ä'::text AS "ü " FROM ev) AS "fr""om"$q$, 'item_knn');
SET standard_conforming_strings = off;
SET escape_string_warning = off;
SELECT affinity.create_model('odd2', 'SELECT u, \'a\\\\b\' || i FROM ev', 'item_knn');
SELECT query, resolved_query FROM odd2.definition;
RESET standard_conforming_strings;
RESET escape_string_warning;
SELECT query, resolved_query FROM odd.definition UNION ALL SELECT query, resolved_query FROM odd2.definition;
SELECT affinity.create_model('long', 'SELECT u, i FROM ev WHERE u NOT IN (' || string_agg(n::text, ', ') || ')', 'item_knn') FROM generate_series(1000, 20000) n;
SELECT length(query) > 100000, length(resolved_query) > 100000 FROM long.definition;
DROP VIEW odd.interactions, odd2.interactions, long.interactions;
SELECT affinity.refresh_model(name) FROM unnest(ARRAY['odd', 'odd2', 'long']) name;
SELECT name, fingerprint(name) <> '' FROM unnest(ARRAY['odd', 'odd2', 'long']) name;
SELECT DISTINCT item_id FROM odd.recommend(1) UNION ALL (SELECT item_id FROM odd2.items ORDER BY 1 LIMIT 1);
SELECT * FROM state ORDER BY name;
SELECT affinity.drop_model(name) FROM unnest(ARRAY['odd', 'odd2', 'long']) name;

\echo # if_exists
SELECT affinity.create_model('SHOP', 'SELECT u, i FROM ev', 'item_knn', if_exists => 'KEEP');
SELECT affinity.drop_model('SHOP');
SET client_min_messages = notice;
SELECT affinity.create_model('shop', 'SELECT no_such FROM nowhere', 'item_knn', if_exists => 'Keep');
SET client_min_messages = warning;
SELECT outcome($$SELECT affinity.create_model('shop', 'SELECT u, i FROM ev', 'item_knn')$$);
SELECT outcome($$SELECT affinity.create_model('shop', 'SELECT u, i FROM ev', 'item_knn', if_exists => 'perhaps')$$);
SELECT outcome($$SELECT affinity.create_model('shop', 'SELECT u, i FROM ev', 'item_knn', if_exists => NULL)$$);
SELECT outcome($$SELECT affinity.create_model('shop', 'SELECT u, i FROM ev', 'item_knn', train => NULL)$$);
SELECT outcome($$SELECT affinity.create_model('public', 'SELECT u, i FROM ev', 'item_knn', if_exists => 'replace')$$);
SELECT affinity.create_model('shop', 'SELECT u, i FROM ev', 'item_knn', if_exists => 'REPLACE', options => '{"min_support": 1}');
SELECT query, given_options, options->'neighbors' FROM shop.definition;

\echo # untrained
SET client_min_messages = notice;
SELECT affinity.create_model('empty', 'SELECT u, i FROM ev WHERE false', 'item_knn');
SELECT affinity.create_model('later', 'SELECT u, i, w, at FROM ev', 'ials', train => false);
SET client_min_messages = warning;
SELECT name, algorithm, options->'neighbors', version, users, trained_at IS NULL, size > 0, status, hint FROM affinity.models ORDER BY name;
CREATE FUNCTION answers(model name, u text DEFAULT '1', i text DEFAULT '1') RETURNS SETOF text LANGUAGE sql AS $$
	SELECT string_agg(f || ' ' || outcome(format('SELECT count(*) FROM %I.', model) || f), E'\n') FROM (VALUES
		(format('recommend(%s)', u)), (format('recommend_for(ARRAY[%s])', i)), ('recommend_all()'), (format('similar_items(%s)', i)),
		(format('similar_users(%s)', u)), (format('score(%s, ARRAY[%s])', u, i)), (format('explain(%s, %s)', u, i)), (format('audience(%s)', i)),
		('neighbors'), ('interactions')) v (f)
$$;
SELECT answers('empty');
SELECT answers('later');
SELECT affinity.refresh_model('later');
SELECT name, status, hint FROM affinity.models ORDER BY name;
SELECT fingerprint('later') <> '';
\echo # ... an empty source of a trained model leaves it as it is
BEGIN;
DELETE FROM ev;
SELECT outcome($$SELECT affinity.refresh_model('later')$$);
SELECT outcome($$SELECT affinity.alter_model('later', options => '{"factors": 3}')$$);
SELECT count(*) FROM later.similar_items(1, 3);
ROLLBACK;
SELECT affinity.drop_model('empty');
SELECT affinity.drop_model('later');

\echo # alter_model: what is not given stays
SELECT affinity.alter_model('shop', options => '{"neighbors": 7}');
SELECT query, algorithm, given_options, options->'neighbors' FROM shop.definition;
SELECT affinity.alter_model('shop', options => '{"neighbors": null, "similarity": "jaccard"}');
SELECT given_options, options->'neighbors', options->'similarity' FROM shop.definition;
SELECT affinity.alter_model('shop', algorithm => 'popular');
SELECT query, algorithm, given_options, options->'measure', options->'neighbors' FROM shop.definition;
SELECT algorithm, m.options = d.options FROM affinity.models m JOIN shop.definition d USING (algorithm);
SELECT affinity.alter_model('shop', 'SELECT u, i, w FROM ev WHERE i < 10', 'item_knn', '{"neighbors": 3}');
SELECT query, algorithm, given_options FROM shop.definition;
SELECT items FROM affinity.models;
SELECT outcome($$SELECT affinity.alter_model('shop', options => '[]')$$);
SELECT split_part(outcome($$SELECT affinity.alter_model('shop', options => '{"factors": 3}')$$), ':', 1);
SELECT outcome($$SELECT affinity.alter_model('shop', algorithm => 'deep')$$);
SELECT outcome($$SELECT affinity.alter_model('shop', query => 'SELECT 1')$$);
SELECT outcome($$SELECT affinity.alter_model('none', query => 'SELECT 1, 2')$$);
SELECT outcome($$SELECT affinity.alter_model(NULL)$$);
SELECT query, algorithm, given_options FROM shop.definition;
SELECT affinity.alter_model('shop');
SELECT version FROM affinity.models;

\echo # ids of other types: functions and tables anew, grants as they were
CREATE ROLE affinity_other;
CREATE VIEW best AS SELECT * FROM shop.neighbors WHERE rank = 1;
REVOKE ALL ON shop.items FROM PUBLIC;
GRANT SELECT ON shop.items TO affinity_other WITH GRANT OPTION;
REVOKE EXECUTE ON FUNCTION shop.recommend FROM PUBLIC;
GRANT EXECUTE ON FUNCTION shop.recommend TO affinity_other;
SELECT outcome($$SELECT affinity.alter_model('shop', 'SELECT u, i::text FROM ev')$$);
SELECT version FROM affinity.models;
\echo ## ... of users only: what depends on items stays
SELECT affinity.alter_model('shop', 'SELECT u::bigint, i FROM ev');
SELECT user_type, item_type FROM shop.definition;
SELECT count(*) > 0 FROM best;
SELECT answers('shop', '1::bigint');
DROP VIEW best;
SELECT affinity.alter_model('shop', 'SELECT u::text, ''i'' || i FROM ev');
SELECT answers('shop', '''1''', '''i1''');
SELECT has_table_privilege('affinity_other', 'shop.items', 'SELECT WITH GRANT OPTION'), has_table_privilege('public', 'shop.items', 'SELECT');
SELECT has_function_privilege('affinity_other', oid, 'EXECUTE'), has_function_privilege('public', oid, 'EXECUTE') FROM pg_proc WHERE oid = 'shop.recommend'::regproc;
SELECT relname, relkind FROM pg_class WHERE relnamespace = 'shop'::regnamespace AND relkind <> 'c' AND relname NOT LIKE 'pg_toast%' ORDER BY relname;
SELECT oid::regprocedure FROM pg_proc WHERE pronamespace = 'shop'::regnamespace ORDER BY oid::regprocedure::text;
SELECT affinity.alter_model('shop', 'SELECT u, i FROM ev');
SELECT fingerprint('shop') AS plain \gset

\echo # the table is swapped
ALTER TABLE ev RENAME TO ev_old;
CREATE TABLE ev AS TABLE ev_old;
DELETE FROM ev WHERE i > 12;
SELECT * FROM state;
SELECT refresh('shop');
SELECT items FROM affinity.models;
\echo ## ... and the old one dropped with what depends on it
ALTER TABLE ev RENAME TO ev_older;
ALTER TABLE ev_old RENAME TO ev;
DROP TABLE ev_older CASCADE;
SELECT * FROM state;
SELECT answers('shop');
SELECT outcome($$SELECT affinity.refresh_model('shop')$$);
SELECT fingerprint('shop') = :'plain';
\echo ## renamed, and swapped under the new name
ALTER TABLE ev RENAME TO orders;
SELECT refresh('shop');
SELECT query, resolved_query, renamed_query FROM shop.definition;
SELECT refresh('shop');
CREATE TABLE orders_new AS TABLE orders;
DROP TABLE orders CASCADE;
ALTER TABLE orders_new RENAME TO orders;
SELECT refresh('shop');
CREATE TABLE ev AS TABLE orders;
SELECT refresh('shop');
SELECT resolved_query, renamed_query FROM shop.definition;
DROP TABLE orders;
\echo ## by a schema
ALTER SCHEMA public RENAME TO former;
SET search_path = former;
SELECT count(*) FROM shop.recommend(1);
SELECT refresh('shop');
SELECT resolved_query, renamed_query FROM shop.definition;
ALTER SCHEMA former RENAME TO public;
RESET search_path;
SELECT refresh('shop');
SELECT resolved_query FROM shop.definition;
\echo ## renamed columns, and nothing that has the old name
ALTER TABLE ev RENAME i TO thing;
SELECT refresh('shop');
SELECT resolved_query, renamed_query FROM shop.definition;
ALTER TABLE ev RENAME thing TO i;
SELECT refresh('shop');
\echo ## gone, and there again
ALTER TABLE ev RENAME TO kept;
DROP VIEW shop.interactions;
SELECT outcome($$SELECT affinity.refresh_model('shop')$$);
SELECT outcome($$SELECT affinity.alter_model('shop', options => '{"neighbors": 4}')$$);
SELECT * FROM affinity.upgrade_models();
SELECT * FROM state;
ALTER TABLE kept RENAME TO ev;
SELECT refresh('shop');
SELECT fingerprint('shop') = :'plain';
\echo ## another type
BEGIN;
DROP VIEW shop.interactions;
ALTER TABLE ev ALTER u TYPE bigint, ALTER i TYPE varchar(20);
SELECT refresh('shop');
SELECT user_type, item_type FROM shop.definition;
SELECT answers('shop', '1::bigint', '''1''');
ROLLBACK;

\echo # the view is replaced by hand
DROP VIEW shop.interactions;
CREATE VIEW shop.interactions AS SELECT u AS user_id, i AS item_id, w AS weight, at FROM ev WHERE i < 5;
SELECT refresh('shop');
-- PostgreSQL 16 and later do not name the one table of a query
SELECT replace(query, 'ev.', '') FROM shop.definition;
SELECT items FROM affinity.models;
SELECT reloptions FROM pg_class WHERE oid = 'shop.interactions'::regclass;
\echo ## with less, other names, other types
DROP VIEW shop.interactions;
CREATE VIEW shop.interactions AS SELECT u AS user_id, i AS item_id, 2 AS weight FROM ev;
SELECT count(*) FROM shop.recommend(1);
SELECT refresh('shop');
SELECT items FROM affinity.models;
DROP VIEW shop.interactions;
CREATE VIEW shop.interactions AS SELECT i, u FROM ev;
SELECT outcome('SELECT count(*) FROM shop.recommend(1)');
SELECT refresh('shop');
DROP VIEW shop.interactions;
CREATE VIEW shop.interactions AS SELECT u::text AS user_id, i::text AS item_id, 1 AS weight, at FROM ev;
SELECT outcome('SELECT count(*) FROM shop.recommend(1)');
SELECT outcome('SELECT count(*) FROM shop.similar_items(1)');
SELECT refresh('shop');
SELECT atttypid::regtype FROM pg_attribute WHERE attrelid = 'shop.items'::regclass AND attname = 'item_id';
\echo ## a table in its place is used as it is, if it can be
DROP VIEW shop.interactions;
CREATE TABLE shop.interactions AS SELECT u AS user_id, i AS item_id, 1 AS weight, at FROM ev;
SELECT refresh('shop');
SELECT count(*) FROM shop.recommend(1, 3);
SELECT outcome($$SELECT affinity.alter_model('shop', query => 'SELECT u, i FROM ev')$$);
ALTER TABLE shop.interactions DROP item_id;
SELECT outcome($$SELECT affinity.refresh_model('shop')$$);
ALTER TABLE shop.interactions RENAME TO former_interactions;
SELECT refresh('shop');
DROP TABLE shop.former_interactions;
SELECT affinity.alter_model('shop', query => 'SELECT u, i FROM ev');
SELECT fingerprint('shop') = :'plain';
\echo ## it lost security_invoker
ALTER VIEW shop.interactions RESET (security_invoker);
SELECT refresh('shop');
SELECT reloptions FROM pg_class WHERE oid = 'shop.interactions'::regclass;

\echo # objects are dropped, altered, in the way
DROP FUNCTION shop.recommend, shop.score;
DROP TYPE shop.similar_item CASCADE;
DROP VIEW shop.neighbors;
DROP INDEX shop.items_popularity_idx;
DROP SEQUENCE shop.model_version;
SELECT version AS old_version FROM shop.model \gset
SELECT * FROM state;
SELECT refresh('shop');
SELECT version = :old_version + 1 FROM shop.model;
SELECT * FROM state;
ALTER TABLE shop.items DROP factors;
ALTER TABLE shop.items ADD note text;
SELECT refresh('shop');
DROP TABLE shop.items CASCADE;
SELECT * FROM state;
SELECT answers('shop');
SELECT * FROM affinity.upgrade_models();
SELECT answers('shop');
SELECT refresh('shop');
DROP TYPE shop.similar_user CASCADE;
CREATE TABLE shop.similar_user (a int);
SELECT outcome($$SELECT affinity.refresh_model('shop')$$);
ALTER TABLE shop.similar_user RENAME TO former_similar_user;
SELECT refresh('shop');
DROP TABLE shop.former_similar_user;
SELECT fingerprint('shop') = :'plain';
\echo ## the row
DELETE FROM shop.model;
SELECT * FROM state;
SELECT count(*) FROM shop.recommend(1);
SELECT refresh('shop');
UPDATE shop.model SET algorithm = 'popular', options = '{}', items = -1, version = version + 1;
SELECT outcome('SELECT count(*) FROM shop.recommend(1)');
SELECT refresh('shop');
SELECT algorithm FROM affinity.models;
BEGIN;
ALTER TABLE shop.model NOT OF;
ALTER TABLE shop.model ADD gone int;
ALTER TABLE shop.model DROP gone;
ALTER TABLE shop.model OF affinity.model_record;
SELECT outcome('SELECT count(*) FROM shop.recommend(1)');
SELECT outcome($$SELECT affinity.refresh_model('shop')$$);
SELECT * FROM state;
ROLLBACK;

\echo # the definition
CREATE OR REPLACE VIEW shop.definition AS
SELECT query, resolved_query, renamed_query, algorithm, given_options, options, user_type, item_type, objects, version()::text AS interactions_view,
	false AS materialize, ''::text AS choice, ''::text AS item_attributes, ''::text AS resolved_item_attributes, ''::text AS signals, ''::text AS user_groups,
	''::text AS resolved_user_groups
FROM (VALUES (''::text, ''::text, ''::text, ''::text, '{}'::jsonb, '{}'::jsonb, ''::text, ''::text, ''::text)) v
	(query, resolved_query, renamed_query, algorithm, given_options, options, user_type, item_type, objects);
SELECT * FROM state;
SELECT outcome($$SELECT affinity.refresh_model('shop')$$);
SELECT count(*) FROM shop.recommend(1, 2);
ALTER TABLE shop.definition RENAME TO damaged_definition; SELECT affinity.refresh_model('shop');
SELECT query FROM shop.definition;
DROP VIEW shop.damaged_definition;
SELECT pg_get_viewdef('shop.definition') AS definition \gset
SELECT replace(:'definition', '''item_knn''', '''deep''') AS deep, replace(:'definition', '''integer''', '''money''') AS money,
	replace(:'definition', '"neighbors"', '"neighbours"') AS misspelt \gset
CREATE OR REPLACE VIEW shop.definition AS :deep
SELECT outcome($$SELECT affinity.refresh_model('shop')$$);
CREATE OR REPLACE VIEW shop.definition AS :misspelt
SELECT outcome($$SELECT affinity.refresh_model('shop')$$);
CREATE OR REPLACE VIEW shop.definition AS :money
SELECT outcome($$SELECT affinity.refresh_model('shop')$$);
SELECT count(*) FROM shop.recommend(1, 2);
\echo ## of an older release, with a column less
SELECT regexp_replace(:'definition', '[^,]*AS renamed_query,', '') AS less \gset
DROP VIEW shop.definition;
CREATE VIEW shop.definition AS :less
SELECT affinity.alter_model('shop', options => '{"neighbors": 4}');
SELECT * FROM state;
SELECT renamed_query, given_options->'neighbors' FROM shop.definition;
\echo ## and an option less
SELECT regexp_replace(pg_get_viewdef('shop.definition'), '"min_support": 1,? ?', '', 'g') AS less \gset
CREATE OR REPLACE VIEW shop.definition AS :less
SELECT affinity.refresh_model('shop');
SELECT d.options->'min_support', d.options = m.options FROM shop.definition d, shop.model m;
\echo ## and none
DROP VIEW shop.definition;
SELECT * FROM state;
SELECT count(*) FROM shop.recommend(1, 2);
SELECT refresh('shop');
DROP VIEW shop.definition, shop.interactions;
SELECT outcome($$SELECT affinity.refresh_model('shop')$$);
SELECT outcome('SELECT count(*) FROM shop.recommend(1, 2)');
SELECT affinity.alter_model('shop', query => 'SELECT u, i FROM ev');
SELECT query, algorithm FROM shop.definition;
CREATE TABLE shop.note AS SELECT 1;
DROP VIEW shop.definition;
ALTER TABLE shop.note RENAME TO definition;
SELECT outcome($$SELECT affinity.refresh_model('shop')$$);
ALTER TABLE shop.definition RENAME TO damaged_definition; SELECT affinity.refresh_model('shop');
DROP TABLE shop.damaged_definition;

\echo # a function of a user with the name of one of the model
CREATE FUNCTION shop.recommend(item int, k smallint, mine text) RETURNS TABLE (item_id int) STABLE
BEGIN ATOMIC
	SELECT t.item_id FROM affinity.similar_items_core('shop', $1, 10) AS t(item_id int, score real, rank int);
END;
SELECT refresh('shop');
SELECT count(*) FROM shop.recommend(1, 2::smallint, '');
DROP FUNCTION shop.recommend(int, smallint, text);

\echo # an older version: functions are replaced in their place, but where others need what they were
SELECT replace(pg_get_viewdef('shop.definition'), objects, '0123') AS older FROM shop.definition \gset
CREATE OR REPLACE VIEW shop.definition AS :older
CREATE OR REPLACE FUNCTION shop.recommend_all(k bigint DEFAULT 10, repeat float8 DEFAULT NULL, users text DEFAULT NULL,
	candidates bigint[] DEFAULT '[0:0]={NULL}', exclude bigint[] DEFAULT NULL, eligible text DEFAULT NULL, parameters jsonb DEFAULT NULL,
	group_by text DEFAULT NULL, max_per_group bigint DEFAULT NULL, boost text DEFAULT NULL, penalty float8 DEFAULT NULL, diversity float8 DEFAULT NULL,
	exploration float8 DEFAULT NULL, seed bigint DEFAULT NULL, min_score float8 DEFAULT NULL, after_rank bigint DEFAULT NULL, pin bigint[] DEFAULT NULL,
	not_within interval DEFAULT NULL, user_group text DEFAULT NULL)
RETURNS TABLE (user_id int, item_id int, score real, rank int, personalized boolean) STABLE
BEGIN ATOMIC
	SELECT t.user_id, t.item_id, t.score, t.rank, t.personalized FROM affinity.recommend_all_core('shop', 1)
		AS t(user_id int, item_id int, score real, rank int, personalized boolean);
END;
DROP FUNCTION shop.audience, shop.explain;
CREATE FUNCTION shop.audience(item_id int, k smallint) RETURNS TABLE (user_id int) STABLE
BEGIN ATOMIC
	SELECT t.user_id FROM affinity.audience_core('shop', $1, $2::int) AS t(user_id int, score real, rank int);
END;
CREATE FUNCTION shop.explain(user_id int) RETURNS TABLE (item_id int) STABLE
BEGIN ATOMIC
	SELECT t.because_id FROM affinity.explain_core('shop', $1, 1, 1) AS t(because_id int, weight real, similarity real, contribution real, share real, rank int);
END;
CREATE VIEW fans AS SELECT * FROM shop.audience(1, 2::smallint);
CREATE MATERIALIZED VIEW tips AS SELECT * FROM shop.recommend_all(3);
SELECT count(*) FROM tips;
SELECT * FROM state;
SELECT * FROM show('shop');
SELECT * FROM state;
REFRESH MATERIALIZED VIEW tips;
SELECT count(*) FROM tips;
SELECT * FROM affinity.upgrade_models();
DROP VIEW fans;
SELECT * FROM affinity.upgrade_models();
SELECT * FROM state;
SELECT * FROM affinity.upgrade_models();
DROP MATERIALIZED VIEW tips;

\echo # who may, and as whom
CREATE ROLE affinity_owner;
GRANT CREATE ON DATABASE :DBNAME TO affinity_owner;
GRANT SELECT ON ev TO affinity_owner;
SET ROLE affinity_other;
SELECT outcome($$SELECT affinity.alter_model('shop', options => '{"neighbors": 2}')$$);
SELECT outcome($$SELECT affinity.refresh_model('shop')$$);
SELECT * FROM affinity.upgrade_models();
RESET ROLE;
CREATE TABLE log (who name, path text);
GRANT INSERT ON log TO PUBLIC;
CREATE FUNCTION spy(int) RETURNS int LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO public.log VALUES (current_user, current_setting('search_path'));
	RETURN $1;
END $$;
SET ROLE affinity_owner;
SELECT affinity.create_model('owned', 'SELECT u, i FROM ev', 'item_knn');
RESET ROLE;
SELECT affinity.alter_model('owned', query => 'SELECT spy(u), i FROM ev');
SELECT DISTINCT who, path FROM log;
SELECT DISTINCT pg_get_userbyid(relowner) FROM pg_class WHERE relnamespace = 'owned'::regnamespace;
\echo ## a source that makes temporary tables or becomes another: refused at once
CREATE FUNCTION tempting(int) RETURNS int LANGUAGE plpgsql AS $$
BEGIN
	CREATE TEMP TABLE IF NOT EXISTS scratch (a int);
	RETURN $1;
END $$;
SELECT outcome($$SELECT affinity.create_model('bad', 'SELECT tempting(u), i FROM ev', 'item_knn')$$);
SELECT outcome($$SELECT affinity.alter_model('owned', 'SELECT tempting(u), i FROM ev')$$);
SELECT count(*) FROM pg_namespace WHERE nspname = 'bad';
\echo ## the schema changes hands
TRUNCATE log;
ALTER SCHEMA shop OWNER TO affinity_owner;
SELECT * FROM state ORDER BY name;
SET ROLE affinity_other;
SELECT outcome($$SELECT affinity.refresh_model('shop')$$);
SET ROLE affinity_owner;
SELECT refresh('shop');
RESET ROLE;
SELECT DISTINCT pg_get_userbyid(relowner) FROM pg_class WHERE relnamespace = 'shop'::regnamespace
UNION SELECT pg_get_userbyid(proowner) FROM pg_proc WHERE pronamespace = 'shop'::regnamespace;
SELECT * FROM state ORDER BY name;
\echo ## ... to a superuser: who wrote the query is no superuser
ALTER SCHEMA owned OWNER TO CURRENT_USER;
SELECT regexp_replace(outcome($$SELECT affinity.refresh_model('owned')$$), current_user, 'superuser', 'g');
ALTER VIEW owned.definition OWNER TO CURRENT_USER;
ALTER VIEW owned.interactions OWNER TO CURRENT_USER;
SELECT affinity.refresh_model('owned');
SELECT affinity.drop_model('owned');
\echo ## a model planted in a schema of others
CREATE SCHEMA plant AUTHORIZATION affinity_owner;
GRANT USAGE, CREATE ON SCHEMA plant TO affinity_other;
GRANT SELECT ON ev TO affinity_other;
SET ROLE affinity_other;
CREATE TABLE plant.model OF affinity.model_record;
CREATE TABLE plant.items (item_no int, item_id int, popularity real, neighbors int[], scores real[], factors real[]);
CREATE VIEW plant.interactions AS SELECT public.spy(u) AS user_id, i AS item_id, 1 AS weight, at FROM public.ev;
INSERT INTO plant.model VALUES (1, 'item_knn', '{}', false, 1, 1, 1, 1, 0, 0, now(), '1 s', '{}');
RESET ROLE;
SELECT outcome($$SELECT affinity.refresh_model('plant')$$);
SELECT name, done FROM affinity.upgrade_models() WHERE name = 'plant';
SET ROLE affinity_other;
CREATE FUNCTION plant.trap() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'trapped as %', current_user; END $$;
CREATE TRIGGER trap BEFORE INSERT ON plant.model FOR EACH ROW EXECUTE FUNCTION plant.trap();
RESET ROLE;
REVOKE CREATE ON SCHEMA plant FROM affinity_other;
SELECT outcome($$SELECT affinity.refresh_model('plant')$$);
SELECT affinity.drop_model('plant', "cascade" => true);
SELECT DISTINCT who = current_user FROM log;

SELECT affinity.drop_model('shop');
DROP VIEW state;
DROP TABLE ev, log;
DROP SCHEMA other CASCADE;
DROP FUNCTION outcome, fingerprint, show, refresh, answers, spy, tempting;
REVOKE CREATE ON DATABASE :DBNAME FROM affinity_owner;
DROP ROLE affinity_owner, affinity_other;
