-- Rows enough for what small sources do not reach: several passes of the sort,
-- partitions of several chunks, lookups that grow. For each type of id the
-- matrix is checked in both orientations against plain SQL.
BEGIN;
SET client_min_messages = error;	-- returns are told in a warning
SET jit = off;
SELECT plan(31);

-- 3,000 users and 5,000 items; one user with a fifth of all rows; a third of the
-- pairs come again, in other places, and some of them cancel out.
CREATE TABLE facts AS
SELECT CASE WHEN n % 5 = 0 THEN 1234 ELSE abs(hashint8(n % 40000) % 3000) END AS u,
	abs(hashint8(n % 40000 + 7000000) % 5000) AS i,
	CASE WHEN n % 11 = 0 THEN -2 ELSE 1 + n % 3 END AS w,
	timestamp '2024-01-01' + (n % 1000) * interval '1 hour' AS at
FROM generate_series(1, 60000) n;
CREATE TABLE pairs AS
SELECT u, i, sum(w) AS w, max(at) AS at FROM facts GROUP BY u, i HAVING sum(w) > 0;
CREATE INDEX ON pairs (u);
CREATE TABLE dropped AS
SELECT count(*) AS pairs FROM (SELECT FROM facts GROUP BY u, i HAVING sum(w) <= 0) p;
CREATE TABLE together AS
SELECT a.i, count(*) AS users FROM pairs a JOIN pairs b ON a.u = b.u AND a.i <> b.i
WHERE a.u <> 1234 GROUP BY a.i;
ANALYZE;

CREATE FUNCTION pg_temp.id(kind text, n int) RETURNS text LANGUAGE sql IMMUTABLE AS $$
	SELECT CASE kind
		WHEN 'int' THEN n::text
		WHEN 'bigint' THEN (hashint8extended(n, 7))::text
		WHEN 'uuid' THEN md5(n::text)
		WHEN 'text' THEN 'number-' || n * 37
		WHEN 'alike' THEN n % 3 || '-the-same-' || n * 37
		WHEN 'grown' THEN CASE WHEN n % 100 = 3 THEN (n::bigint << 40)::text ELSE n::text END
	END
$$;

CREATE FUNCTION pg_temp.check_matrix(kind text, type text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
	source text := format('SELECT pg_temp.id(%1$L, u)::%2$s AS u, pg_temp.id(%1$L, i)::%2$s AS i, w, at FROM facts', kind, type);
	numbered text := format('SELECT n AS i, pg_temp.id(%L, n)::%s AS item_id FROM generate_series(0, 4999) n', kind, type);
BEGIN
	EXECUTE 'CREATE TABLE source AS ' || source;
	PERFORM affinity.create_model('m', 'SELECT u, i, w, at FROM source', 'popular', '{"measure": "weight"}');
	RETURN NEXT results_eq(
		$q$SELECT users, items, interactions, dropped_pairs FROM affinity.models WHERE name = 'm'$q$,
		'SELECT count(DISTINCT u), count(DISTINCT i), count(*), (SELECT d.pairs FROM dropped d) FROM pairs', kind || ': counts');
	RETURN NEXT is_empty(format('SELECT * FROM m.items JOIN (%s) n USING (item_id)
		FULL JOIN (SELECT i, sum(w) AS w FROM pairs GROUP BY i) e USING (i) WHERE popularity IS DISTINCT FROM w::real', numbered),
		kind || ': summed weights of the items');
	RETURN NEXT is_empty(format('SELECT FROM (SELECT item_no, row_number() OVER (ORDER BY item_id %s) - 1 AS no FROM m.items) i
		WHERE item_no <> no', CASE WHEN type = 'text' THEN 'COLLATE "C"' END), kind || ': numbered in order of id');
	PERFORM affinity.drop_model('m');

	PERFORM affinity.create_model('m', 'SELECT u, i, w, at FROM source', 'popular', '{"half_life": "1 day"}');
	RETURN NEXT is_empty(format($q$SELECT * FROM m.items JOIN (%s) n USING (item_id)
		FULL JOIN (SELECT i, sum(0.5 ^ (extract(epoch FROM (SELECT max(at) FROM facts) - at)::float8 / 86400)) AS v
			FROM pairs GROUP BY i) e USING (i) WHERE (abs(popularity / v - 1) < 1e-5) IS NOT TRUE$q$, numbered),
		kind || ': latest times of the pairs');
	PERFORM affinity.drop_model('m');

	-- conditional similarity times the item's users: users of both
	EXECUTE format('DELETE FROM source WHERE u = pg_temp.id(%L, 1234)::%s', kind, type);
	PERFORM affinity.create_model('m', 'SELECT u, i, w, at FROM source', 'item_knn', '{"similarity": "conditional", "neighbors": 5000}');
	RETURN NEXT is_empty(format('SELECT * FROM (SELECT item_id, (SELECT round(sum(s) * i.popularity) FROM unnest(i.scores) s) AS common
			FROM m.items i) m JOIN (%s) n USING (item_id)
		FULL JOIN together e USING (i) WHERE coalesce(common, 0) <> coalesce(users, 0)', numbered),
		kind || ': users in common');
	PERFORM affinity.drop_model('m');
	DROP TABLE source;
END $$;

SELECT pg_temp.check_matrix(kind, type) FROM (VALUES ('int', 'integer'), ('bigint', 'bigint'), ('uuid', 'uuid'), ('text', 'text'),
	('alike', 'text'), ('grown', 'bigint')) v(kind, type);		-- alike: in more than eight bytes; grown: dense at first

-- what large weights push out of a sum is there again when they cancel, in any order of rows
CREATE TABLE cancels (no int, w real);
CREATE FUNCTION pg_temp.canceled(weights real[]) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	answer text;
BEGIN
	TRUNCATE cancels;
	INSERT INTO cancels (w, no) SELECT * FROM unnest(weights) WITH ORDINALITY;
	PERFORM affinity.create_model('m', 'SELECT 1 AS u, 1 AS i, w FROM cancels UNION ALL SELECT v.* FROM (VALUES (2, 1, 1), (2, 2, 1), (3, 2, 1)) v',
		'popular', '{"measure": "weight", "seen": "positive"}');
	SELECT format('%s pairs, popularity %s, recommended to 1: %s', interactions, (SELECT popularity FROM m.items WHERE item_id = 1),
		(SELECT array_agg(item_id) FROM m.recommend(1))) INTO answer FROM affinity.models WHERE name = 'm';
	PERFORM affinity.drop_model('m');
	RETURN answer;
END $$;
SELECT set_eq($$SELECT pg_temp.canceled(ARRAY[a.w, b.w, c.w]::real[]) FROM (VALUES (1, 1e20), (2, -1e20), (3, 1)) a(no, w), (VALUES (1, 1e20), (2, -1e20), (3, 1)) b(no, w),
	(VALUES (1, 1e20), (2, -1e20), (3, 1)) c(no, w) WHERE a.no <> b.no AND a.no <> c.no AND b.no <> c.no$$,
	ARRAY['4 pairs, popularity 2, recommended to 1: {2}'], 'weights that cancel, in each order of their rows');

SELECT finish();
ROLLBACK;
