-- Items that are new, on Online Retail II with the words of descriptions as tags: the figures of docs/benchmarks.md.
-- In an empty database, from the project's folder:
--	psql -Xf test/bench/new_items.sql
-- A tenth of the items that 20 users have is taken out of training; counted is which of them users take later, among 20
-- recommended of all items, and of the new ones alone. NDCG@20 is that of all that was new to users,
-- with nothing taken out; and of that part of it whose items 20 users had.
\set ON_ERROR_STOP on
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS affinity;
CREATE TABLE products (stock_code text, description text);
CREATE TABLE purchases (invoice text, customer_id int, stock_code text, quantity int, price numeric, invoiced_at timestamp, country text);
\copy products FROM test/data/online_retail_products.csv CSV HEADER
\copy purchases FROM PROGRAM 'xz -dc test/data/online_retail_purchases.csv.xz' CSV HEADER
CREATE TABLE words AS SELECT stock_code, regexp_split_to_array(description, '[^A-Z0-9]+') AS words FROM products;
CREATE TABLE figures (cut timestamp, algorithm text, options jsonb, attributes bool, ndcg float8, ndcg_known float8, among_all float8, among_new float8, by_chance float8);

CREATE FUNCTION measure(cut timestamp, upto timestamp, algorithm text, options jsonb, attributes bool) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	query text := CASE WHEN attributes THEN 'SELECT stock_code, words FROM words' END;
	row figures;
BEGIN
	DROP TABLE IF EXISTS known, warm, later, cold;
	CREATE TABLE known AS SELECT customer_id, stock_code, quantity, invoiced_at FROM purchases WHERE invoiced_at < cut;
	CREATE TABLE cold AS SELECT stock_code FROM known GROUP BY 1 HAVING count(DISTINCT customer_id) >= 20 AND abs(hashtext(stock_code)) % 10 = 0;
	CREATE TABLE warm AS SELECT * FROM known WHERE stock_code NOT IN (SELECT stock_code FROM cold);
	CREATE INDEX ON warm (customer_id);
	CREATE INDEX ON known (customer_id);
	CREATE TABLE later AS SELECT DISTINCT customer_id, stock_code FROM purchases WHERE invoiced_at >= cut AND invoiced_at < upto;
	row := (cut, algorithm, options, attributes, NULL, NULL, NULL, NULL, NULL);
	PERFORM affinity.create_model('new_items', 'SELECT * FROM known', algorithm, options, item_attributes => query, if_exists => 'replace');
	row.ndcg := (SELECT value FROM affinity.evaluate('new_items', test => 'SELECT * FROM later', k => '{20}', metrics => '{ndcg}') WHERE targets = 'new');
	row.ndcg_known := (SELECT value FROM affinity.evaluate('new_items', test => $q$SELECT * FROM later WHERE stock_code IN (
		SELECT stock_code FROM known GROUP BY 1 HAVING count(DISTINCT customer_id) >= 20)$q$, k => '{20}', metrics => '{ndcg}') WHERE targets = 'new');
	PERFORM affinity.create_model('new_items', 'SELECT * FROM warm', algorithm, options, item_attributes => query, if_exists => 'replace');
	WITH wanted AS (
		SELECT customer_id, stock_code FROM later JOIN cold USING (stock_code) WHERE customer_id IN (SELECT customer_id FROM warm)
	), users AS (
		SELECT customer_id, count(*) AS n FROM wanted GROUP BY 1 ORDER BY hashint4(customer_id) LIMIT 400
	), found AS (
		SELECT n, (SELECT count(*) FROM new_items.recommend(u.customer_id, 20) r
				WHERE (u.customer_id, r.item_id) IN (SELECT * FROM wanted)) AS of_all,
			(SELECT count(*) FROM new_items.recommend(u.customer_id, 20, candidates => (SELECT array_agg(stock_code) FROM cold)) r
				WHERE r.personalized AND (u.customer_id, r.item_id) IN (SELECT * FROM wanted)) AS of_new
		FROM users u
	)
	SELECT avg(of_all::float8 / n), avg(of_new::float8 / n), 20.0 / (SELECT count(*) FROM cold) INTO row.among_all, row.among_new, row.by_chance FROM found;
	INSERT INTO figures SELECT row.*;
	PERFORM affinity.drop_model('new_items');
END
$$;

SELECT FROM (VALUES (timestamp '2010-11-01', timestamp '2011-02-01'), ('2011-09-01', '2011-12-31')) c(cut, upto),
	(VALUES ('item_knn', '{}'), ('next_item', '{}'), ('ease', '{}'), ('ials', '{"factors": 64}')) a(algorithm, options),
	(VALUES (false, '{}'), (true, '{}'), (true, '{"attribute_weight": 2}')) t(tags, weight),
	measure(cut, upto, algorithm, options::jsonb || weight::jsonb, tags)
WHERE algorithm <> 'ease' OR weight = '{}';
SELECT cut::date, algorithm, options, attributes, round(ndcg::numeric, 4) AS ndcg, round(ndcg_known::numeric, 4) AS ndcg_known,
	round(among_all::numeric, 3) AS among_all, round(among_new::numeric, 3) AS among_new, round(by_chance::numeric, 3) AS by_chance
FROM figures ORDER BY 1, 2, 4, 3;
