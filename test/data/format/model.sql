-- The models that `make` stores: 30 users, 20 items, each algorithm once, each
-- type of ids somewhere.
CREATE SCHEMA old;
CREATE TABLE old.event AS
	SELECT u AS user_no, (u + 3000000000)::bigint AS user_big, 'user ' || u AS user_name, md5('u' || u)::uuid AS user_uuid,
		i AS item_no, 'item ' || i AS item_code, md5('i' || i)::uuid AS item_uuid,
		(1 + (u * i + u) % 5)::real AS weight, timestamptz '2024-01-01 00:00+00' + interval '1 hour' * (u * 37 + i * 11) AS at
	FROM generate_series(1, 30) u, generate_series(1, 20) i
	WHERE (u * u * 7 + i * i * 3 + u * i) % 11 < 4 OR i = u % 5 + 1;
CREATE INDEX ON old.event (user_no);
CREATE INDEX ON old.event (user_big);
CREATE INDEX ON old.event (user_name);
CREATE INDEX ON old.event (user_uuid);
ANALYZE old.event;

SELECT affinity.create_model('old_popular', 'SELECT user_no, item_code, weight, at FROM old.event', 'popular', '{"half_life": "10 days"}');
SELECT affinity.create_model('old_item_knn', 'SELECT user_no, item_code, weight, at FROM old.event', 'item_knn', '{"neighbors": 6}');
SELECT affinity.create_model('old_ease_dense', 'SELECT user_big, item_uuid, weight FROM old.event', 'ease', '{"method": "dense", "neighbors": 6}');
SELECT affinity.create_model('old_ease_sparse', 'SELECT user_uuid, item_no FROM old.event', 'ease', '{"method": "sparse", "candidates": 5}');
SELECT affinity.create_model('old_als', 'SELECT user_name, item_code, weight FROM old.event', 'als', '{"factors": 4}');
SELECT affinity.create_model('old_ials', 'SELECT user_no, item_no, weight FROM old.event', 'ials', '{"factors": 4}');
