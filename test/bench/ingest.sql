-- The rows of the ingestion benchmark: :rows facts of 200,000 users and 50,000
-- items, some of both far busier than the rest (the n-th share falls as a power
-- of n), in the same order whatever the ids' type. Variables: rows, kind.
\set ON_ERROR_STOP on
SET client_min_messages = warning;
SET jit = off;

DROP SCHEMA IF EXISTS bench CASCADE;
\i cpu.sql

-- hash(n, seed) as a number in [0, 1): the same on every machine.
CREATE FUNCTION bench.uniform(n bigint, seed bigint)
RETURNS double precision LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (hashint8extended(n, seed) & 4503599627370495) / 4503599627370496.0::float8;

SELECT
	format('CREATE UNLOGGED TABLE bench.facts AS
		SELECT %s AS user_id, %s AS item_id,
			(1 + 9 * bench.uniform(n, 3))::real AS weight
		FROM (
			SELECT n, (200000 * bench.uniform(n, 1) ^ 2)::int AS u,
				(50000 * bench.uniform(n, 2) ^ 3)::int AS i
			FROM generate_series(1, %s) n) numbers',
		format(expression, 'u', 'user'), format(expression, 'i', 'item'), :rows)
FROM (VALUES
	('int, dense', '%1$s'),
	('bigint, dense', '%1$s::bigint'),
	('bigint, sparse', 'hashint8extended(%1$s, 7)'),
	('uuid', 'md5(%1$s::text)::uuid'),
	('text', '''%2$s-'' || lpad(%1$s::text, 9, ''0'')')) kinds (kind, expression)
WHERE kind = :'kind'
\gexec
VACUUM ANALYZE bench.facts;
