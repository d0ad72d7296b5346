-- What a database of an earlier version holds: models of each algorithm, with groups of
-- users, rules, a copy of the interactions, of other owners, untrained; states of each
-- type; and what people build on both. `make` dumps it, ../../t/276_upgrade.pl and the
-- next ones upgrade it. Roles affinity_keeper and affinity_reader are there.
SET client_min_messages = warning;
CREATE TABLE purchases AS
	SELECT c AS customer_id, 'product ' || lpad((h % 30)::text, 2, '0') AS product, 1 + (h / 37) % 4 AS quantity,
		timestamp '2024-01-01' + h % 300 * interval '1 day' AS at, CASE WHEN c % 3 > 0 THEN 'group ' || c % 3 END AS region
	FROM generate_series(1, 60) c, generate_series(1, 12) n, LATERAL (SELECT (c * 7919 + n * n * 104729 + c * n * 31) % 99991 AS h) x;
CREATE INDEX ON purchases (customer_id);
ANALYZE purchases;
CREATE TABLE products AS
	SELECT DISTINCT product AS item_id, right(product, 1) AS kind, right(product, 1) <> '7' AS in_stock, ARRAY['kind ' || right(product, 1)] AS tags FROM purchases;
ALTER TABLE products ADD PRIMARY KEY (item_id);
GRANT SELECT ON purchases, products TO affinity_keeper, affinity_reader;

SELECT FROM affinity.create_model('knn', 'SELECT customer_id, product, quantity, at FROM purchases', 'item_knn', '{"neighbors": 8}',
	user_groups => 'SELECT customer_id, region FROM purchases');
SELECT FROM affinity.create_model('Best sellers', 'SELECT customer_id, product, quantity, at FROM purchases', 'popular');
SELECT FROM affinity.create_model('kept', 'SELECT customer_id::bigint, product, quantity, at FROM purchases', 'item_knn', materialize => true);
SELECT FROM affinity.create_model('linear', 'SELECT customer_id, product, quantity FROM purchases', 'ease', item_attributes => 'SELECT item_id, tags FROM products');
SELECT FROM affinity.create_model('factors', 'SELECT customer_id, product, quantity FROM purchases', 'ials', '{"factors": 4}');
SELECT FROM affinity.create_model('ratings', 'SELECT customer_id, product, quantity FROM purchases', 'als', '{"factors": 4}');
SELECT FROM affinity.create_model('sequels', 'SELECT customer_id, product, quantity, at FROM purchases', 'next_item');
SELECT FROM affinity.create_model('later', 'SELECT customer_id, product FROM purchases', 'item_knn', train => false);
SELECT FROM affinity.create_model('ruled', 'SELECT customer_id, product, quantity, at FROM purchases', 'item_knn');
SELECT FROM affinity.set_rules('ruled', 'SELECT item_id, kind, in_stock FROM products', eligible => 'in_stock', group_by => 'kind');
SET ROLE affinity_keeper;
SELECT FROM affinity.create_model('theirs', 'SELECT customer_id, product, quantity FROM public.purchases', 'item_knn');
RESET ROLE;
GRANT USAGE ON SCHEMA knn, theirs TO affinity_reader;
REVOKE EXECUTE ON FUNCTION knn.audience FROM PUBLIC;
GRANT EXECUTE ON FUNCTION knn.audience TO affinity_reader;

-- built on models
CREATE MATERIALIZED VIEW picks AS SELECT user_id, item_id, score, rank FROM knn.recommend_all(5);
CREATE UNIQUE INDEX ON picks (user_id, item_id);
CREATE VIEW alike AS SELECT item_id, neighbor_id, score FROM knn.neighbors WHERE rank <= 3;
CREATE VIEW front_page AS SELECT c.customer_id, r.item_id, r.rank FROM (SELECT DISTINCT customer_id FROM purchases) c, knn.recommend(c.customer_id, 3) r;
CREATE FUNCTION best(customer integer) RETURNS text STABLE BEGIN ATOMIC SELECT item_id FROM knn.recommend(customer, 1); END;

-- states, and what is built on them
CREATE TABLE by_month AS SELECT region, affinity.activity_agg(customer_id, at, 'month') AS state FROM purchases GROUP BY region;
CREATE TABLE by_value AS SELECT region, affinity.value_agg(customer_id, at, quantity, 'month') AS state FROM purchases GROUP BY region;
CREATE TABLE by_funnel AS SELECT region, affinity.funnel_agg(customer_id, at, interval '90 days', quantity = 1, quantity = 2, quantity = 4) AS state
	FROM purchases GROUP BY region;
CREATE TABLE of_all AS SELECT
	affinity.basket_agg(product ORDER BY product) AS basket,
	affinity.metric_agg(quantity) AS metric,
	affinity.cluster_metric_agg(quantity, customer_id % 7) AS cluster_metric,
	affinity.did_agg(quantity, customer_id % 2 = 0, at > '2024-05-01', customer_id % 8) AS did,
	affinity.uplift_agg(quantity, customer_id % 2 = 0, right(product, 1) = '3') AS uplift,
	affinity.survival_agg(quantity, customer_id % 3 > 0) AS survival,
	affinity.contrast_agg(customer_id % 3 > 0, product) AS contrast,
	affinity.series_agg(at, quantity, 'month') AS series,
	affinity.attribution_agg(customer_id, at, product, quantity = 4) AS attribution,
	affinity.inequality_agg(quantity) AS inequality
	FROM purchases;
CREATE VIEW retention AS SELECT r.* FROM (SELECT affinity.rollup(state) AS state FROM by_month) s, affinity.retention(s.state) r;
CREATE VIEW conversion AS SELECT region, f.* FROM by_funnel, affinity.funnel_steps(state) f;
CREATE INDEX ON by_month (state);
