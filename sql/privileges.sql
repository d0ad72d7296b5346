-- Who may do what with a model. Roles are made here and gone at the end.
SET client_min_messages = warning;
\pset format unaligned
\pset tuples_only on
\pset null -

CREATE ROLE affinity_maker;
CREATE ROLE affinity_reader;
CREATE ROLE affinity_stranger;
CREATE SCHEMA tools;
GRANT USAGE ON SCHEMA tools TO PUBLIC;
-- runs a statement and says what came of it
CREATE FUNCTION tools.outcome(statement text) RETURNS text LANGUAGE plpgsql AS $$
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
SELECT current_database() AS db \gset

\echo # without CREATE on the database: no model
SET ROLE affinity_maker;
SELECT regexp_replace(tools.outcome($$SELECT affinity.create_model('shop', 'SELECT 1, 2', 'item_knn')$$), 'database .*', 'database');
RESET ROLE;

\echo # an ordinary role creates, uses, refreshes and drops a model
GRANT CREATE ON DATABASE :"db" TO affinity_maker;
SET ROLE affinity_maker;
CREATE SCHEMA private;
CREATE TABLE private.purchases AS
SELECT n % 30 AS customer, n % 13 AS item FROM generate_series(1, 200) n;
SELECT affinity.create_model('shop', 'SELECT customer, item FROM private.purchases', 'item_knn');
SELECT count(*) FROM shop.recommend(1, 5);
SELECT affinity.refresh_model('shop');
SELECT affinity.drop_model('shop');
SELECT affinity.create_model('shop', 'SELECT customer, item FROM private.purchases', 'item_knn');
SELECT name, owner FROM affinity.models;
\echo # everything in its schema belongs to the role
SELECT DISTINCT pg_get_userbyid(relowner) FROM pg_class WHERE relnamespace = 'shop'::regnamespace
UNION SELECT pg_get_userbyid(proowner) FROM pg_proc WHERE pronamespace = 'shop'::regnamespace
UNION SELECT pg_get_userbyid(nspowner) FROM pg_namespace WHERE nspname = 'shop';
RESET ROLE;

\echo # a role without USAGE on the schema of the model: nothing, not through the core functions either
SET ROLE affinity_reader;
SELECT tools.outcome(s) FROM (VALUES
	('SELECT count(*) FROM shop.recommend(1, 5)'),
	('SELECT count(*) FROM shop.neighbors'),
	('SELECT count(*) FROM affinity.recommend_core(@, 1, 5, NULL::int[], NULL::int[], true) AS t(item_id int, score real, rank int, personalized boolean)'),
	('SELECT count(*) FROM affinity.recommend_for_core(@, ARRAY[1], 5, NULL::int[], NULL::int[]) AS t(item_id int, score real, rank int, personalized boolean)'),
	('SELECT count(*) FROM affinity.recommend_all_core(@, 5) AS t(user_id int, item_id int, score real, rank int, personalized boolean)'),
	('SELECT count(*) FROM affinity.similar_items_core(@, 1, 5) AS t(item_id int, score real, rank int)'),
	('SELECT count(*) FROM affinity.similar_users_core(@, 1, 5) AS t(user_id int, score real, rank int, common int)'),
	('SELECT count(*) FROM affinity.score_core(@, 1, ARRAY[1]) AS t(item_id int, score real, rank int, personalized boolean)'),
	('SELECT count(*) FROM affinity.explain_core(@, 1, 2, 5) AS t(because_id int, weight real, similarity real, contribution real, share real, rank int)'),
	('SELECT count(*) FROM affinity.audience_core(@, 1, 5) AS t(user_id int, score real, rank int)')) v(q),
	replace(q, '@', (SELECT oid::text || '::regnamespace' FROM pg_namespace WHERE nspname = 'shop')) s;
SELECT count(*) FROM affinity.models;
SELECT tools.outcome($$SELECT affinity.refresh_model('shop')$$);
SELECT tools.outcome($$SELECT affinity.drop_model('shop')$$);
SELECT tools.outcome($$SELECT affinity.drop_model('shop', true)$$);
RESET ROLE;

\echo # with USAGE, but without a right on the source: what was learned, not who did what
GRANT USAGE ON SCHEMA shop TO affinity_reader;
CREATE FUNCTION tools.all_calls() RETURNS SETOF text LANGUAGE sql AS $$
	SELECT s || ': ' || tools.outcome('SELECT count(*) > 0 FROM shop.' || s) FROM unnest(ARRAY['recommend(1)',
		'recommend(1, 3, ARRAY[1,2])', 'recommend_for(ARRAY[1])', 'recommend_all()', 'similar_items(1)', 'similar_users(1)',
		'score(1, ARRAY[1])', 'explain(1, 2)', 'audience(1)', 'interactions', 'neighbors', 'items']) s
$$;
SET ROLE affinity_reader;
SELECT tools.all_calls();
SELECT name, owner FROM affinity.models;
SELECT tools.outcome('DELETE FROM shop.items');
SELECT tools.outcome('UPDATE shop.model SET version = 0');
SELECT tools.outcome($$SELECT nextval('shop.model_version')$$);
RESET ROLE;
\echo # with rights on the source: all of it
GRANT USAGE ON SCHEMA private TO affinity_reader;
GRANT SELECT ON private.purchases TO affinity_reader;
SET ROLE affinity_reader;
SELECT tools.all_calls();
SELECT tools.outcome($$SELECT affinity.refresh_model('shop')$$);
SELECT tools.outcome($$SELECT affinity.drop_model('shop')$$);
\echo # and a right that is taken away holds at once, in the same session
RESET ROLE;
REVOKE SELECT ON private.purchases FROM affinity_reader;
SET ROLE affinity_reader;
SELECT tools.outcome('SELECT count(*) FROM shop.recommend(1)');
RESET ROLE;
REVOKE USAGE ON SCHEMA shop FROM affinity_reader;
SET ROLE affinity_reader;
SELECT tools.outcome('SELECT count(*) FROM shop.similar_items(1)');
RESET ROLE;
\echo # revoked from PUBLIC, the table of the model protects it all
GRANT USAGE ON SCHEMA shop TO affinity_reader;
GRANT SELECT ON private.purchases TO affinity_reader;
REVOKE SELECT ON shop.model FROM PUBLIC;
SET ROLE affinity_reader;
SELECT tools.outcome('SELECT count(*) FROM shop.similar_items(1)');
SELECT count(*) FROM affinity.models;
RESET ROLE;
GRANT SELECT ON shop.model TO PUBLIC;
REVOKE SELECT ON shop.items FROM PUBLIC;
SET ROLE affinity_reader;
SELECT tools.outcome('SELECT count(*) FROM shop.' || s) FROM unnest(ARRAY['similar_items(1)', 'recommend(1)', 'recommend_all(1)', 'audience(1)']) s;
RESET ROLE;
GRANT SELECT ON shop.items TO PUBLIC;

\echo # a plan that one role has made is no way round for another
SET ROLE affinity_maker;
PREPARE three AS SELECT count(*) FROM shop.recommend(1, 3);
EXECUTE three;
SET ROLE affinity_stranger;
EXECUTE three;
RESET ROLE;
EXECUTE three;
DEALLOCATE three;

\echo # row-level security on the source: what recommend sees is what the caller may see
SET ROLE affinity_maker;
ALTER TABLE private.purchases ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON private.purchases FOR SELECT TO affinity_reader
	USING (customer = current_setting('app.customer')::int);
RESET ROLE;
SET app.customer = 4;
SET ROLE affinity_reader;
SELECT array_agg(DISTINCT user_id) FROM shop.interactions;
SELECT bool_and(personalized) FROM shop.recommend(4, 3);
SELECT bool_or(personalized) FROM shop.recommend(5, 3);
SELECT array_agg(DISTINCT user_id) FROM shop.recommend_all(3);
SELECT count(*) FROM shop.explain(5, 1);
SELECT count(*) FROM shop.similar_users(4);
SELECT bool_and(user_id = 4) FROM shop.audience((SELECT item_id FROM shop.recommend(4, 1)));
SET app.customer = 5;
SELECT bool_or(personalized) FROM shop.recommend(4, 3);
SELECT bool_and(personalized) FROM shop.recommend(5, 3);
SELECT array_agg(DISTINCT user_id) FROM shop.recommend_all(3);
RESET ROLE;
\echo # ... while the owner and a superuser see all, and refresh learns from all
SELECT count(DISTINCT user_id) FROM shop.recommend_all(3);
SET ROLE affinity_maker;
SELECT count(DISTINCT user_id) FROM shop.recommend_all(3);
SELECT affinity.refresh_model('shop');
SELECT users FROM affinity.models;
RESET ROLE;

\echo # a refresh by a superuser runs as the owner, and so does whatever the source calls
CREATE TABLE tools.log (who name, path text);
GRANT INSERT, SELECT ON tools.log TO PUBLIC;
SET ROLE affinity_maker;
CREATE FUNCTION private.spy(int) RETURNS int LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO tools.log VALUES (current_user, current_setting('search_path'));
	RETURN $1;
END $$;
SELECT affinity.create_model('spied', 'SELECT private.spy(customer), item FROM private.purchases LIMIT 1', 'item_knn');
RESET ROLE;
TRUNCATE tools.log;
SELECT affinity.refresh_model('spied');
SELECT DISTINCT who, path FROM tools.log;
SELECT current_user = session_user, current_setting('search_path');
\echo # nor can it become the superuser again
SET ROLE affinity_maker;
CREATE OR REPLACE FUNCTION private.spy(int) RETURNS int LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE format('SET ROLE %I', session_user);
	RETURN $1;
END $$;
RESET ROLE;
SELECT tools.outcome($$SELECT affinity.refresh_model('spied')$$);
SET ROLE affinity_maker;
CREATE OR REPLACE FUNCTION private.spy(int) RETURNS int LANGUAGE plpgsql AS $$
BEGIN
	RESET SESSION AUTHORIZATION;
	RETURN $1;
END $$;
RESET ROLE;
SELECT tools.outcome($$SELECT affinity.refresh_model('spied')$$);
\echo # ... and after an error the caller is who it was
SELECT current_user = session_user, current_setting('search_path');

\echo # objects of others on the search_path take no part
SET ROLE affinity_maker;
CREATE SCHEMA evil;
GRANT USAGE ON SCHEMA evil TO PUBLIC;
CREATE FUNCTION evil.same(int, int) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RAISE 'trapped'; END $$;
CREATE FUNCTION evil.same(int, int[]) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RAISE 'trapped'; END $$;
CREATE OPERATOR evil.= (LEFTARG = int, RIGHTARG = int, FUNCTION = evil.same);
CREATE OPERATOR evil.= (LEFTARG = int, RIGHTARG = int[], FUNCTION = evil.same);
CREATE OPERATOR evil.< (LEFTARG = int, RIGHTARG = int, FUNCTION = evil.same);
CREATE FUNCTION evil.unnest(int[]) RETURNS SETOF int LANGUAGE plpgsql AS $$ BEGIN RAISE 'trapped'; END $$;
CREATE FUNCTION evil.unnest(real[]) RETURNS SETOF real LANGUAGE plpgsql AS $$ BEGIN RAISE 'trapped'; END $$;
CREATE FUNCTION evil.array_position(int[], int) RETURNS int LANGUAGE plpgsql AS $$ BEGIN RAISE 'trapped'; END $$;
CREATE FUNCTION evil.pg_total_relation_size(oid) RETURNS bigint LANGUAGE plpgsql AS $$ BEGIN RAISE 'trapped'; END $$;
CREATE FUNCTION evil.trap(anyelement, anyelement) RETURNS anyelement LANGUAGE plpgsql AS $$ BEGIN RAISE 'trapped'; END $$;
CREATE AGGREGATE evil.sum(float8) (SFUNC = evil.trap, STYPE = float8);
CREATE AGGREGATE evil.sum(int) (SFUNC = evil.trap, STYPE = int);
CREATE TYPE evil.regnamespace AS ENUM ('trapped');
CREATE TYPE evil.model_record AS (trapped int);
CREATE TABLE evil.purchases AS TABLE private.purchases;
CREATE DOMAIN evil.int4 AS text;
CREATE DOMAIN evil.float8 AS text;
GRANT SELECT ON evil.purchases TO PUBLIC;
RESET ROLE;
SET search_path = evil, pg_catalog, public;
SELECT affinity.create_model('careful', 'SELECT customer, item FROM evil.purchases', 'item_knn');
SELECT affinity.refresh_model('careful');
SELECT count(*) FROM careful.recommend(1);
SELECT count(*) FROM careful.recommend(1, 3, ARRAY[1, 2], ARRAY[3]);
SELECT count(*) > 0 FROM careful.recommend_all(2);
SELECT count(*) > 0 FROM careful.similar_users(1);
SELECT count(*) > 0 FROM careful.audience(1);
SELECT count(*) > 0 FROM careful.explain(1, 2);
SELECT count(*) > 0 FROM careful.neighbors;
SELECT count(*) FROM affinity.models;
SELECT affinity.drop_model('careful');
RESET search_path;
SELECT count(*) FROM pg_namespace WHERE nspname = 'careful';

\echo # USAGE is the one key also where rights are not given to PUBLIC by default
SET ROLE affinity_maker;
ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;
ALTER DEFAULT PRIVILEGES REVOKE USAGE ON TYPES FROM PUBLIC;
SELECT affinity.create_model('closed', 'SELECT customer, item FROM evil.purchases', 'item_knn');
GRANT USAGE ON SCHEMA closed TO affinity_reader;
SELECT count(*) FROM pg_proc WHERE pronamespace = 'closed'::regnamespace AND NOT has_function_privilege('affinity_stranger', oid, 'EXECUTE');
SELECT count(*) FROM pg_type WHERE typnamespace = 'closed'::regnamespace AND typname LIKE 'similar%' AND NOT has_type_privilege('affinity_stranger', oid, 'USAGE');
SET ROLE affinity_reader;
SELECT tools.outcome('SELECT count(*) > 0 FROM closed.' || s) FROM unnest(ARRAY['recommend(1)', 'recommend_for(ARRAY[1])',
	'recommend_all()', 'similar_items(1)', 'similar_users(1)', 'score(1, ARRAY[1])', 'explain(1, 2)', 'audience(1)']) s;
SET ROLE affinity_stranger;
SELECT tools.outcome('SELECT count(*) FROM closed.recommend(1)');
SET ROLE affinity_maker;
SELECT affinity.drop_model('closed');
ALTER DEFAULT PRIVILEGES GRANT EXECUTE ON FUNCTIONS TO PUBLIC;
ALTER DEFAULT PRIVILEGES GRANT USAGE ON TYPES TO PUBLIC;
RESET ROLE;
\echo # ... for the functions of the extension that those call, too
SELECT count(*) FROM pg_proc WHERE pronamespace = 'affinity'::regnamespace AND proname LIKE '%\_core' AND proacl IS NULL;

\echo # drop_model takes the model, and nothing that others made of it unless told
SET ROLE affinity_maker;
CREATE MATERIALIZED VIEW private.saved AS SELECT * FROM shop.recommend_all(2);
CREATE VIEW private.top AS SELECT * FROM shop.neighbors WHERE rank = 1;
SELECT tools.outcome($$SELECT affinity.drop_model('shop')$$);
SELECT count(*) > 0 FROM private.saved;
SELECT affinity.drop_model('shop', "cascade" => true);
SELECT count(*) FROM pg_class WHERE relnamespace = 'private'::regnamespace AND relname IN ('saved', 'top');
SELECT count(*) FROM pg_namespace WHERE nspname = 'shop';
SELECT affinity.create_model('shop', 'SELECT customer, item FROM private.purchases', 'item_knn');
CREATE TABLE shop.mine (a int);
SELECT tools.outcome($$SELECT affinity.drop_model('shop')$$);
DROP TABLE shop.mine;
RESET ROLE;

\echo # the source can be dropped only with the view of the model
SELECT tools.outcome('DROP TABLE private.purchases');

DROP SCHEMA IF EXISTS shop CASCADE;
DROP SCHEMA spied CASCADE;
DROP SCHEMA private CASCADE;
DROP SCHEMA evil CASCADE;
DROP SCHEMA tools CASCADE;
REVOKE CREATE ON DATABASE :"db" FROM affinity_maker;
DROP ROLE affinity_maker, affinity_reader, affinity_stranger;
