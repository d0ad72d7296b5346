-- Interactions of the size of MovieLens 1M, made by hashing: 6,040 users, 3,000
-- items, a million pairs; users and items follow power laws, and users have
-- tastes.
\set ON_ERROR_STOP on
SET client_min_messages = warning;

CREATE TABLE bench.movies AS
SELECT DISTINCT u AS user_id, CASE WHEN h % 3 = 0 THEN i
	ELSE (i / 12 * 12 + u % 12) % 3000 END AS item_id
FROM generate_series(1, 6040) u,
	generate_series(1, (88 / (0.06 + hashint8extended(u, 1)::bit(16)::int / 65536.0))::int) n,
	LATERAL (SELECT hashint8extended(u * 10000::bigint + n, 2) & 1048575 AS h) a,
	LATERAL (SELECT (3000 * (h / 1048576.0) ^ 2.2)::int % 3000 AS i) b;
VACUUM ANALYZE bench.movies;
