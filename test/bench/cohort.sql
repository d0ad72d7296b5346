-- The log of the cohort benchmark: :rows events of about :rows / 20 users in the
-- 365 days of 2024-01-01 to 2024-12-30. How often a user comes follows a power
-- law, how long it stays is geometric, and rows arrive up to three days late.
-- The same on every machine. Variable: rows.
\set ON_ERROR_STOP on
SET client_min_messages = warning;
SET jit = off;
SET work_mem = '1GB';

DROP SCHEMA IF EXISTS bench CASCADE;
CREATE SCHEMA bench;

-- hash(n, seed) as a number in (0, 1): the same on every machine.
CREATE FUNCTION bench.uniform(n bigint, seed bigint)
RETURNS double precision LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN ((hashint8extended(n, seed) & 4503599627370495)::float8 + 0.5) / 4503599627370496;

CREATE UNLOGGED TABLE bench.events AS
	SELECT user_id, event, at
	FROM (
		SELECT hashint8extended(u, 1) & 1099511627775 AS user_id,
			CASE WHEN i = 1 THEN 1	-- sign-up, then view, cart, buy
				ELSE 2 + (2.2 * bench.uniform(u * 4096::bigint + i, 6) ^ 2)::int END::smallint AS event,
			timestamptz '2024-01-01 00:00+00' + interval '1 day' * (start +
				CASE WHEN i = 1 THEN 0
					ELSE stay * bench.uniform(u * 4096::bigint + i, 4) END) AS at,
			bench.uniform(u * 4096::bigint + i, 5) AS delay
		FROM (
			SELECT u, 364 * bench.uniform(u, 2) AS start,
				-75 * ln(bench.uniform(u, 3)) AS stay,
				least(4000, ceil(8.6 * bench.uniform(u, 7) ^ (-0.625)))::int AS n
			FROM generate_series(1, :rows / 20) u) users,
			generate_series(1, n) i
		OFFSET 0) all_events
	WHERE at < '2024-12-31 00:00+00'
	ORDER BY at + interval '3 days' * delay ^ 4
	LIMIT :rows;
VACUUM ANALYZE bench.events;
