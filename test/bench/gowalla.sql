-- Loads the Gowalla split and the metric: full ranking over all items, items of
-- the training part removed, Recall = hits / |test items|, NDCG with the ideal
-- DCG over min(|test items|, k). Variables: data (the folder).
\set ON_ERROR_STOP on
SET client_min_messages = warning;

\i cpu.sql

CREATE TABLE bench.train (user_id integer NOT NULL, item_id integer NOT NULL);
CREATE TABLE bench.test (user_id integer NOT NULL, item_id integer NOT NULL);
\set train '\\copy bench.train FROM PROGRAM ''xz -dc ' :data '/train.csv.xz'' CSV HEADER'
:train
\set test '\\copy bench.test FROM PROGRAM ''xz -dc ' :data '/test.csv.xz'' CSV HEADER'
:test
CREATE INDEX ON bench.train (user_id);
CREATE INDEX ON bench.train (item_id);
CREATE INDEX ON bench.test (user_id);
VACUUM ANALYZE bench.train, bench.test;

-- What a model recommended, for all users.
CREATE TABLE bench.recommended (
	user_id integer NOT NULL,
	item_id integer NOT NULL,
	rank integer NOT NULL
);

CREATE FUNCTION bench.accuracy(k integer)
RETURNS TABLE (users bigint, recall numeric, ndcg numeric)
LANGUAGE sql STABLE
BEGIN ATOMIC
	WITH relevant AS (
		SELECT t.user_id, count(*) AS items
		FROM bench.test t
		GROUP BY t.user_id
	), hits AS (
		SELECT t.user_id, count(*) AS hits,
			sum(1 / log(2::numeric, r.rank + 1)) AS dcg
		FROM bench.test t
		JOIN bench.recommended r USING (user_id, item_id)
		WHERE r.rank <= k
		GROUP BY t.user_id
	), ideal AS (
		SELECT n, sum(1 / log(2::numeric, n + 1)) OVER (ORDER BY n) AS dcg
		FROM generate_series(1, k) n
	)
	SELECT count(*), round(avg(coalesce(h.hits, 0)::numeric / r.items), 4),
		round(avg(coalesce(h.dcg, 0) / i.dcg), 4)
	FROM relevant r
	JOIN ideal i ON i.n = least(r.items, k)
	LEFT JOIN hits h USING (user_id);
END;
