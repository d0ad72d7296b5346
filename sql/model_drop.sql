-- drop_model takes what create_model made and refuses what others added.
SET client_min_messages = warning;
CREATE TABLE bought (customer integer, product integer);
INSERT INTO bought VALUES (1, 1), (1, 2), (2, 2), (2, 3);
SELECT affinity.create_model('shop', 'SELECT customer, product FROM bought', 'item_knn');
CREATE FUNCTION shop.recommend(text) RETURNS integer LANGUAGE sql AS 'SELECT 1';
SELECT affinity.drop_model('shop');
SELECT shop.recommend('still there');
DROP FUNCTION shop.recommend(text);
CREATE TABLE shop.notes (note text);
SELECT affinity.drop_model('shop');
SELECT affinity.drop_model('shop', "cascade" => true);
SELECT count(*) FROM affinity.models;
SELECT nspname FROM pg_namespace WHERE nspname = 'shop';
-- Event triggers see a drop as any other.
CREATE TABLE seen (no serial, event text, what text);
CREATE FUNCTION see() RETURNS event_trigger LANGUAGE plpgsql AS $$
BEGIN
	IF tg_event = 'sql_drop' THEN
		INSERT INTO public.seen (event, what) SELECT tg_tag, object_type || ' ' || object_identity
		FROM pg_event_trigger_dropped_objects() WHERE original ORDER BY object_identity COLLATE "C";
	ELSE
		INSERT INTO public.seen (event, what) VALUES (tg_event, tg_tag);
	END IF;
END $$;
CREATE EVENT TRIGGER see_drop ON sql_drop EXECUTE FUNCTION see();
CREATE EVENT TRIGGER see_end ON ddl_command_end WHEN TAG IN ('DROP SCHEMA') EXECUTE FUNCTION see();
SELECT affinity.create_model('The "Shop"', 'SELECT customer, product FROM bought', 'item_knn');
SELECT affinity.drop_model('The "Shop"');
SELECT event, what FROM seen ORDER BY no;
DROP EVENT TRIGGER see_drop;
DROP EVENT TRIGGER see_end;
DROP TABLE seen;
DROP FUNCTION see;
-- A view built on a view of the model, an own function that answers from it, a
-- type in the schema: all are named.
SELECT affinity.create_model('shop', 'SELECT customer, product FROM bought', 'item_knn');
CREATE VIEW near AS SELECT * FROM shop.neighbors WHERE rank = 1;
CREATE VIEW nearest AS SELECT * FROM near;
CREATE FUNCTION tips(integer) RETURNS SETOF integer BEGIN ATOMIC SELECT item_id FROM shop.recommend($1); END;
CREATE TYPE shop.mood AS ENUM ('good');
CREATE TABLE kept (a integer, b shop.similar_item);
SELECT affinity.drop_model('shop');
SET client_min_messages = notice;
SELECT affinity.drop_model('shop', cascade => true);
SET client_min_messages = warning;
TABLE kept;
DROP TABLE kept;
DROP TABLE bought;
-- Names that are taken, sources that do not last.
CREATE TEMP TABLE brief AS SELECT 1 AS customer, 2 AS product;
CREATE SCHEMA taken;
SELECT affinity.create_model('taken', 'SELECT 1, 2', 'item_knn');
DROP SCHEMA taken;
SELECT affinity.create_model('taken', 'SELECT 1, 2', 'item_knn');
SELECT affinity.create_model('taken', 'SELECT 1, 2', 'item_knn');
SELECT affinity.create_model('shop', 'SELECT customer, product FROM (SELECT * FROM brief) b', 'item_knn');
SELECT affinity.create_model('shop', 'SELECT 1, 2 WHERE EXISTS (SELECT FROM brief)', 'item_knn');
SELECT affinity.drop_model('taken');
SELECT nspname FROM pg_namespace WHERE nspname IN ('shop', 'taken');
DROP TABLE brief;
-- However dear the planner holds indexes to be: what depends on a model's objects is
-- found by them, not by reading pg_depend once for each.
SELECT affinity.create_model('shop', 'SELECT 1, 2', 'item_knn');
BEGIN;
SET LOCAL random_page_cost = 1000;
SELECT sum(seq_scan) AS before FROM pg_stat_xact_sys_tables WHERE relname = 'pg_depend' \gset
SELECT affinity.drop_model('shop');
SELECT sum(seq_scan) - :before AS read_whole FROM pg_stat_xact_sys_tables WHERE relname = 'pg_depend';
COMMIT;
