-- bench.ratings(user_id, item_id, rating): :rows ratings in half stars of 6,000
-- users and 3,700 items by a power law, from biases, four factors and noise; the
-- same every time. bench.noise(): the deviation of the noise, before rounding.
CREATE SCHEMA IF NOT EXISTS bench;

-- Evenly spread from -1 to 1 by a row and a purpose; three of them are near enough
-- to a normal deviate.
CREATE FUNCTION bench.even(row_ bigint, purpose int) RETURNS float8
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN hashint8extended(row_, purpose)::float8 / 9223372036854775808.0;
CREATE FUNCTION bench.normal(row_ bigint, purpose int) RETURNS float8
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN bench.even(row_, purpose) + bench.even(row_, purpose + 1) + bench.even(row_, purpose + 2);
CREATE FUNCTION bench.noise() RETURNS float8 LANGUAGE sql IMMUTABLE RETURN 0.7;

CREATE TABLE bench.users AS SELECT n AS user_id, 0.45 * bench.normal(n, 10) AS bias,
	ARRAY[bench.normal(n, 20), bench.normal(n, 30), bench.normal(n, 40), bench.normal(n, 50)] AS x
FROM generate_series(0, 5999) n;
CREATE TABLE bench.items AS SELECT n AS item_id, 0.5 * bench.normal(n, 110) AS bias,
	ARRAY[bench.normal(n, 120), bench.normal(n, 130), bench.normal(n, 140), bench.normal(n, 150)] AS y
FROM generate_series(0, 3699) n;

CREATE UNLOGGED TABLE bench.ratings AS
SELECT user_id, item_id, (greatest(1, least(10, round(2 * (3.5 + u.bias + i.bias
		+ 0.3 * (u.x[1] * i.y[1] + u.x[2] * i.y[2] + u.x[3] * i.y[3] + u.x[4] * i.y[4])
		+ bench.noise() * bench.normal(user_id::bigint * 4096 + item_id, 200))))) / 2)::real AS rating
FROM (SELECT DISTINCT (6000 * abs(bench.even(n, 1)) ^ 1.6)::int % 6000 AS user_id,
		(3700 * abs(bench.even(n, 2)) ^ 2.2)::int % 3700 AS item_id
	FROM generate_series(1, :rows) n) pairs
JOIN bench.users u USING (user_id) JOIN bench.items i USING (item_id);
CREATE INDEX ON bench.ratings (user_id);
ANALYZE bench.ratings;
