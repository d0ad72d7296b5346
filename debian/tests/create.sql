CREATE ROLE shopkeeper LOGIN;
CREATE DATABASE shop OWNER shopkeeper;
\c shop
SET SESSION AUTHORIZATION shopkeeper;
CREATE EXTENSION affinity;
CREATE TABLE purchases AS
	SELECT u AS user_id, i AS item_id
	FROM generate_series(1, 200) AS u, generate_series(1, 40) AS i
	WHERE hashint4(u * 100 + i) % 3 = 0 AND (u + i) % 2 = 0;
SELECT affinity.create_model('likes', 'SELECT user_id, item_id FROM purchases', 'ease');
SELECT * FROM likes.recommend(1, 3);
SELECT 1 / count(*) AS found FROM likes.recommend(1, 3) WHERE personalized;
SELECT affinity.drop_model('likes');
DROP EXTENSION affinity;
