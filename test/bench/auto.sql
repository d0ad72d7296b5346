-- What the benchmark of algorithm auto needs: a training and a test part, a
-- grid of points, and what is measured.
SET client_min_messages = warning;
CREATE SCHEMA IF NOT EXISTS bench;
CREATE TABLE bench.train (u integer, i integer, at timestamp);
CREATE TABLE bench.test (LIKE bench.train);
CREATE TABLE bench.rows (LIKE bench.train);

-- Rows from a date on, the newest tenth, or a fifth of each user's items are to
-- be predicted; of users who have something in the other part.
CREATE FUNCTION bench.split(how text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	held text := CASE how
		WHEN 'random' THEN 'hashint8extended(u * 1000003::bigint + i, 7) % 5 = 0'
		WHEN 'tenth' THEN format('at >= %L', (SELECT percentile_disc(0.9) WITHIN GROUP (ORDER BY at) FROM bench.rows))
		ELSE format('at >= %L', how) END;
BEGIN
	EXECUTE format('INSERT INTO bench.train SELECT * FROM bench.rows WHERE NOT (%s)', held);
	EXECUTE format('INSERT INTO bench.test SELECT * FROM bench.rows WHERE %s AND u IN (SELECT u FROM bench.train)', held);
END $$;

-- The grid: all algorithms for new items, with what changes each most.
CREATE FUNCTION bench.points(timed boolean)
RETURNS TABLE (algorithm text, options jsonb)
LANGUAGE sql AS $$
	WITH base (algorithm, options) AS (VALUES
		('popular', '{}'::jsonb),
		('item_knn', '{}'),
		('item_knn', '{"item_exponent": 0.9, "neighbor_exponent": 0.1}'),
		('item_knn', '{"item_exponent": 0.7, "neighbor_exponent": 0.3}'),
		('item_knn', '{"item_exponent": 0.5, "neighbor_exponent": 0.5}'),
		('item_knn', '{"item_exponent": 0.5, "neighbor_exponent": 0.7}'),
		('item_knn', '{"user_exponent": 0.5}'),
		('ease', '{}'),
		('ease', '{"regularization": 20}'),
		('ease', '{"regularization": 50}'),
		('ease', '{"regularization": 500}'),
		('ease', '{"regularization": 1000}'),
		('ease', '{"output_exponent": 0.1}'),
		('ease', '{"output_exponent": -0.1}'),
		('ease', '{"user_exponent": 0.2}'),
		('ease', '{"user_exponent": 0.8}'),
		('ease', '{"rank": 256, "rank_weight": 0.1}'),
		('ease', '{"rank": 512, "rank_weight": 0.5}'),
		('ease', '{"rank": 512, "rank_weight": 0.65, "neighbors": 400}'),
		('ease', '{"method": "dense", "regularization": 100}'),
		('ease', '{"method": "dense"}'),
		('graph_filter', '{}'),
		('graph_filter', '{"rank": 64}'),
		('ials', '{}'),
		('ials', '{"regularization": 0.02}'),
		('ials', '{"regularization": 0.002}'),
		('ials', '{"factors": 64}'),
		('ials', '{"factors": 256}')
	), trend (options) AS (VALUES
		('{"trend": 0.5}'::jsonb), ('{"trend": 1}'), ('{"half_life": "180 days"}'), ('{"history_decay": 0.9}')
	), all_points AS (
		SELECT algorithm, options FROM base
		UNION ALL
		SELECT b.algorithm, b.options || t.options FROM base b, trend t
		WHERE timed AND b.options IN ('{}', '{"regularization": 500}', '{"regularization": 50}')
			AND b.algorithm <> 'popular'
		UNION ALL
		SELECT 'popular', format('{"half_life": "%s days"}', d)::jsonb FROM unnest('{4,7,14,30,60,180}'::int[]) d WHERE timed
		UNION ALL
		SELECT 'next_item', '{}' WHERE timed
	)
	SELECT * FROM all_points
	WHERE options->>'method' IS DISTINCT FROM 'dense' OR (SELECT count(DISTINCT i) FROM bench.train) < 6000
$$;

-- What auto chose: options that are not defaults.
CREATE VIEW bench.chosen AS
SELECT algorithm, (SELECT jsonb_object_agg(key, value) FROM jsonb_each(m.options) o
	WHERE NOT EXISTS (SELECT FROM affinity.algorithm_options() d
		WHERE d.algorithm = m.algorithm AND d.option = o.key AND d."default" = o.value)) AS given
FROM affinity.models m WHERE name = 'chosen';
