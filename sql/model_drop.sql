-- drop_model takes what create_model made and refuses what others added.
SET client_min_messages = warning;
CREATE TABLE bought (customer integer, product integer);
INSERT INTO bought VALUES (1, 1), (1, 2), (2, 2), (2, 3);
SELECT affinity.create_model('shop', 'SELECT customer, product FROM bought');
CREATE FUNCTION shop.recommend(text) RETURNS integer LANGUAGE sql AS 'SELECT 1';
SELECT affinity.drop_model('shop');
SELECT shop.recommend('still there');
DROP FUNCTION shop.recommend(text);
CREATE TABLE shop.notes (note text);
SELECT affinity.drop_model('shop');
SELECT affinity.drop_model('shop', "cascade" => true);
SELECT count(*) FROM affinity.models;
SELECT nspname FROM pg_namespace WHERE nspname = 'shop';
DROP TABLE bought;
