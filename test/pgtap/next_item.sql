-- next_item: what two items count for each other against the definition in SQL,
-- a mean over all places that events of one time may take; over random rows
-- with ties, duplicates, returns and NULLs. A failing test lists the pairs that
-- are wrong, and how.
BEGIN;
SET client_min_messages = error;	-- returns are told in a warning
SET check_function_bodies = off;
SET jit = off;
SELECT plan(51);
SELECT setseed(0.47);

-- 150 users and 39 items; half of the users are seen once a day, with all rows
-- of a day at one time. Item 40 was only returned, user 201 bought nothing else.
CREATE TABLE purchases AS
SELECT u, (random() * random() * 38)::int - 5 AS i,
	CASE WHEN random() < 0.1 THEN -1 ELSE ceil(random() * 3) END::real AS w,
	timestamp '2026-01-01' + CASE WHEN u % 2 = 0 THEN (random() * 8)::int * interval '1 day'
		ELSE (random() * 15000)::int * interval '1 minute' END AS at
FROM (SELECT (random() * random() * 150)::int AS u FROM generate_series(1, 3000)) r;
INSERT INTO purchases SELECT * FROM purchases WHERE random() < 0.1;
INSERT INTO purchases SELECT u, i, -w, at FROM purchases WHERE random() < 0.03;
INSERT INTO purchases VALUES
	(NULL, 1, 1, '2026-01-01'), (1, NULL, 1, '2026-01-01'), (1, 1, NULL, '2026-01-01'), (1, 2, 1, NULL),
	(201, 40, -2, '2026-01-01'), (201, 40, 2, '2026-01-02'), (7, 40, -1, '2026-01-01'),
	(202, 3, 1, '2026-01-01'),		-- one item, and a time before all others
	(203, 3, 1, '4713-01-01 BC'), (203, 4, 1, '2026-01-09'), (203, 5, 1, '2026-01-09');

-- What two items count for each other, by definition.
CREATE FUNCTION pg_temp.oracle(o jsonb)
RETURNS TABLE (i int, j int, score float8) LANGUAGE sql AS $$
	WITH usable AS (SELECT * FROM purchases WHERE u IS NOT NULL AND i IS NOT NULL AND w IS NOT NULL AND at IS NOT NULL),
	event AS (
		SELECT e.u, e.i, e.at FROM (SELECT u, i, at FROM usable GROUP BY u, i, at HAVING sum(w) > 0) e
			JOIN (SELECT u, i FROM usable GROUP BY u, i HAVING sum(w) > 0) p USING (u, i)
	), counted AS (
		SELECT DISTINCT ON (u, i, CASE WHEN o->>'repeats' = 'all' THEN at END) * FROM event
		ORDER BY u, i, CASE WHEN o->>'repeats' = 'all' THEN at END, at
	), broken AS (
		SELECT *, coalesce(at - lag(at) OVER (PARTITION BY u ORDER BY at) > (o->>'session_gap')::interval, false) AS is_new
		FROM counted
	), placed AS MATERIALIZED (
		SELECT u, i, at, sum(is_new::int) OVER (PARTITION BY u ORDER BY at) AS session,
			rank() OVER (PARTITION BY u ORDER BY at) AS first, count(*) OVER (PARTITION BY u, at) AS n,
			count(*) OVER (PARTITION BY u) ^ -coalesce((o->>'user_exponent')::float8, 0) AS factor
		FROM broken
	), meeting AS MATERIALIZED (
		SELECT a.i, b.i AS j, a.factor * CASE WHEN o ? 'half_life' THEN 0.5 ^ (extract(epoch FROM (SELECT max(at) FROM usable) - greatest(a.at, b.at))::float8
			/ extract(epoch FROM (o->>'half_life')::interval)::float8) ELSE 1 END * (
			SELECT avg(CASE WHEN abs(y - x) > coalesce((o->>'window')::int, 20) THEN 0
				WHEN y > x THEN (y - x)::float8 ^ -e ELSE coalesce((o->>'backward')::float8, 0.5) * (x - y)::float8 ^ -e END)
			FROM generate_series(a.first, a.first + a.n - 1) x, generate_series(b.first, b.first + b.n - 1) y
			WHERE x <> y) AS c
		FROM placed a JOIN placed b ON b.u = a.u AND b.session = a.session AND (b.i, b.at) <> (a.i, a.at),
			coalesce((o->>'distance_exponent')::float8, 1) e
	), source AS (SELECT m.i, sum(c) AS d FROM meeting m GROUP BY m.i),
	neighbor AS (SELECT m.j, sum(c) AS d FROM meeting m GROUP BY m.j),
	pair AS (SELECT m.i, m.j, sum(c) AS c FROM meeting m WHERE m.i <> m.j GROUP BY m.i, m.j)
	SELECT p.i, p.j, p.c / (s.d ^ coalesce((o->>'item_exponent')::float8, 0.5) * n.d ^ coalesce((o->>'neighbor_exponent')::float8, 0.3))
	FROM pair p JOIN source s USING (i) JOIN neighbor n USING (j) WHERE p.c > 0
$$;

CREATE FUNCTION pg_temp.wrong(o jsonb)
RETURNS TABLE (problem text, i int, j int, score real, expected float8)
LANGUAGE sql AS $$
	WITH k AS (SELECT coalesce((o->>'neighbors')::int, 200) AS k),
	expected AS MATERIALIZED (SELECT * FROM pg_temp.oracle(o)),
	got AS MATERIALIZED (SELECT item_id AS i, neighbor_id AS j, score, rank,
		row_number() OVER (PARTITION BY item_id ORDER BY score DESC, neighbor_id) AS no
		FROM m.neighbors),
	list AS (SELECT got.i, count(*) AS n, min(got.score) AS worst FROM got GROUP BY got.i)
	SELECT 'wrong score', got.i, got.j, got.score, e.score
	FROM got LEFT JOIN expected e USING (i, j)
	WHERE abs(got.score - e.score) <= 1e-5 * abs(e.score) IS NOT TRUE OR got.score <= 0
	UNION ALL
	SELECT 'wrong order', got.i, got.j, got.score, NULL FROM got WHERE no <> rank
	UNION ALL
	SELECT 'missing', e.i, e.j, NULL, e.score
	FROM expected e LEFT JOIN got USING (i, j) LEFT JOIN list ON list.i = e.i, k
	WHERE got.i IS NULL AND (coalesce(list.n, 0) < k OR e.score > list.worst * (1 + 1e-5))
	UNION ALL
	SELECT 'list too long', list.i, list.n, NULL, NULL FROM list, k WHERE list.n > k
$$;

CREATE FUNCTION pg_temp.check_options(o jsonb) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	n bigint;
	answer text;
BEGIN
	PERFORM affinity.create_model('m', 'SELECT u, i, w, at FROM purchases', 'next_item', o);
	SELECT count(*) INTO n FROM m.neighbors;
	IF n < 30 THEN
		answer := fail(format('%s: only %s neighbors', o, n));
	ELSE
		answer := is_empty(format('SELECT * FROM pg_temp.wrong(%L) LIMIT 10', o), o::text);
	END IF;
	PERFORM affinity.drop_model('m');
	RETURN answer;
END $$;

-- the oracle itself: what it should know of the data
SELECT cmp_ok(count(*), '>', 300::bigint, 'times with several items')
FROM (SELECT FROM purchases GROUP BY u, at HAVING count(DISTINCT i) > 1) s;
SELECT cmp_ok(count(*), '>', 100::bigint, 'items that come again later')
FROM (SELECT FROM purchases GROUP BY u, i HAVING count(DISTINCT at) > 1) s;
SELECT cmp_ok(max(n), '>', 20::bigint, 'users with more events than a window')
FROM (SELECT count(DISTINCT i) AS n FROM purchases WHERE w > 0 GROUP BY u) s;

SELECT pg_temp.check_options(o) FROM (VALUES
	('{}'::jsonb), ('{"window": 1}'), ('{"window": 2}'), ('{"window": 5, "backward": 0}'), ('{"backward": 1}'), ('{"window": 1000}'),
	('{"distance_exponent": 0}'), ('{"distance_exponent": 2.5}'), ('{"distance_exponent": 10, "window": 3}'),
	('{"session_gap": "2 days"}'), ('{"session_gap": "1 day"}'), ('{"session_gap": "1 minute"}'), ('{"session_gap": "90 days"}'),
	('{"repeats": "all"}'), ('{"repeats": "all", "window": 3, "session_gap": "30 hours"}'), ('{"repeats": "all", "backward": 0, "window": 1}'),
	('{"user_exponent": 1}'), ('{"user_exponent": 0.5, "repeats": "all", "backward": 1}'),
	('{"item_exponent": 0, "neighbor_exponent": 0}'), ('{"item_exponent": 1, "neighbor_exponent": 0}'),
	('{"item_exponent": 0.25, "neighbor_exponent": 2}'),
	('{"half_life": "3 days"}'), ('{"half_life": "1 year", "repeats": "all", "session_gap": "1 day", "backward": 0.1}'),
	('{"neighbors": 1}'), ('{"neighbors": 4, "window": 7}')) v(o);

-- ---- what a step means --------------------------------------------------------

CREATE FUNCTION pg_temp.lists(query text, o jsonb = '{}', algorithm text = 'next_item') RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	answer text;
BEGIN
	PERFORM affinity.create_model('m', query, algorithm, o);
	SELECT coalesce(string_agg(format('%s>%s %s', item_id, neighbor_id, score), ', ' ORDER BY item_id, rank), 'none') INTO answer FROM m.neighbors;
	PERFORM affinity.drop_model('m');
	RETURN answer;
END $$;

-- three items at once count what they count on average over their six orders
CREATE TABLE orders AS
SELECT row_number() OVER (ORDER BY a, b, c) AS no, ARRAY['start', a, b, c, 'end'] AS item
FROM unnest('{x,y,z}'::text[]) a, unnest('{x,y,z}'::text[]) b, unnest('{x,y,z}'::text[]) c
WHERE a <> b AND b <> c AND a <> c;
CREATE TABLE scores (kind text, i text, j text, score real);
SELECT affinity.create_model('m', 'SELECT no, i, 1, timestamp ''2026-01-01'' + n * interval ''1 day''
	FROM orders, unnest(item) WITH ORDINALITY x(i, n)', 'next_item', '{"item_exponent": 0, "neighbor_exponent": 0, "window": 3}');
INSERT INTO scores SELECT 'orders', item_id, neighbor_id, score / 6 FROM m.neighbors;
SELECT affinity.drop_model('m');
SELECT affinity.create_model('m', 'SELECT 1, i, 1, timestamp ''2026-01-01'' + CASE i WHEN ''start'' THEN 0 WHEN ''end'' THEN 2 ELSE 1 END * interval ''1 day''
	FROM unnest(''{start,x,y,z,end}''::text[]) i', 'next_item', '{"item_exponent": 0, "neighbor_exponent": 0, "window": 3}');
INSERT INTO scores SELECT 'step', item_id, neighbor_id, score FROM m.neighbors;
SELECT affinity.drop_model('m');
SELECT is(count(*), 36::bigint, 'all pairs but start and end') FROM scores;
SELECT is_empty('SELECT i, j FROM scores GROUP BY i, j HAVING count(*) <> 2 OR max(score) - min(score) > 1e-6',
	'the mean over all orders');

-- ---- rows, times, workers --------------------------------------------------------

CREATE TABLE expected AS SELECT pg_temp.lists('SELECT u, i, w, at FROM purchases') AS lists;
SELECT is(pg_temp.lists('SELECT u, i, w, at FROM purchases ORDER BY hashint4(i), w, u DESC'), lists, 'in any order of rows') FROM expected;
SELECT is(pg_temp.lists('SELECT u, i, w, at AT TIME ZONE ''UTC'' FROM purchases'), lists, 'with time zones') FROM expected;
SELECT is(pg_temp.lists('SELECT u, i, w, at FROM purchases WHERE u IS NOT NULL AND at IS NOT NULL'), lists, 'rows without a time are left out') FROM expected;

-- of long histories the most recent items, with all their events
CREATE TABLE facts AS SELECT u, i, timestamp '2026-01-01' + ((u * 7 + i * 13) % 101) * interval '1 day' AS at
FROM generate_series(1, 20) u, generate_series(1, 40) i WHERE u <= 10 OR i <= 9;
INSERT INTO facts SELECT u, i, at - interval '200 days' FROM facts WHERE i % 3 = 0;
CREATE TABLE recent AS SELECT u, i FROM (SELECT u, i, row_number() OVER (PARTITION BY u ORDER BY max(at) DESC) AS n FROM facts GROUP BY u, i) p
WHERE n <= 9;
SELECT is(pg_temp.lists('SELECT u, i, 1, at FROM facts', o || '{"max_history": 9}'),
	pg_temp.lists('SELECT u, i, 1, at FROM facts JOIN (SELECT u, i FROM recent) p USING (u, i)', o || '{"max_history": 9}'), format('most recent items: %s', o))
FROM unnest(ARRAY['{}'::jsonb, '{"repeats": "all"}']) o;
SELECT isnt(pg_temp.lists('SELECT u, i, 1, at FROM facts', '{"max_history": 9}'), pg_temp.lists('SELECT u, i, 1, at FROM facts'), 'which are not all');

-- a model of one user, of one item, and of one time
SELECT is(pg_temp.lists('SELECT 1, i, 1, timestamp ''2026-01-01'' + i * interval ''1 hour'' FROM generate_series(1, 3) i',
	'{"item_exponent": 0, "neighbor_exponent": 0}'), '1>2 1, 1>3 0.5, 2>3 1, 2>1 0.5, 3>2 0.5, 3>1 0.25', 'one user');
SELECT is(pg_temp.lists('SELECT u, 1, 1, timestamp ''2026-01-01'' FROM generate_series(1, 3) u'), 'none', 'one item');
SELECT is(pg_temp.lists('SELECT 1, i, 1, timestamp ''2026-01-01'' FROM generate_series(1, 3) i',
	'{"item_exponent": 0, "neighbor_exponent": 0, "window": 1}'), '1>2 0.5, 1>3 0.5, 2>1 0.5, 2>3 0.5, 3>1 0.5, 3>2 0.5', 'one time');

-- what is of no use
SELECT throws_ok($$SELECT affinity.create_model('m', 'SELECT u, i, w FROM purchases', 'next_item')$$, '22023',
	'algorithm "next_item" needs a source with times', 'no times');
SELECT throws_ok($$SELECT affinity.create_model('m', 'SELECT 1, 1, 1, timestamp ''infinity''', 'next_item')$$, '22023',
	'interaction of user 1 and item 1 has an infinite time', 'an infinite time');
SELECT throws_ok($$SELECT affinity.create_model('m', 'SELECT u, i, w, NULL::timestamp FROM purchases', 'next_item')$$, 'P0002',
	'source of model "m" gives no usable row', 'no time at all');
SELECT throws_ok(format($$SELECT affinity.create_model('m', 'SELECT u, i, w, at FROM purchases', 'next_item', %L)$$, o), '22023', NULL, o)
FROM unnest(ARRAY['{"window": 0}', '{"window": 1001}', '{"backward": 1.5}', '{"session_gap": "0 s"}']) o;

-- ---- a trend ---------------------------------------------------------------

SELECT affinity.create_model('m', 'SELECT u, i, w, at FROM purchases', 'next_item', '{"trend": 1, "trend_half_life": "2 days"}');
SELECT affinity.create_model('plain', 'SELECT u, i, w, at FROM purchases', 'next_item');
SELECT ok(stddev(log(m.score / plain.score)) < 1e-4, 'a trend multiplies what leads to an item: ' || neighbor_id)
FROM m.neighbors m JOIN plain.neighbors plain USING (item_id, neighbor_id) WHERE neighbor_id IN (0, 1, 2) GROUP BY neighbor_id ORDER BY neighbor_id;
SELECT cmp_ok(count(DISTINCT round(log(m.score / plain.score)::numeric, 3)), '>', 10::bigint, 'by its own')
FROM m.neighbors m JOIN plain.neighbors plain USING (item_id, neighbor_id);
SELECT affinity.drop_model(x) FROM unnest(ARRAY['m', 'plain']) x;

-- ---- a refresh --------------------------------------------------------------

SELECT affinity.create_model('m', 'SELECT u, i, w, at FROM purchases WHERE at > ''2026-01-03''', 'next_item');
SELECT affinity.alter_model('m', query => 'SELECT u, i, w, at FROM purchases');
SELECT affinity.refresh_model('m');
SELECT is(string_agg(format('%s>%s %s', item_id, neighbor_id, score), ', ' ORDER BY item_id, rank), max(lists), 'a refresh learns the same')
FROM m.neighbors, expected;
SELECT affinity.drop_model('m');

SELECT * FROM finish();
ROLLBACK;
