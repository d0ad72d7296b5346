-- New customers of Online Retail II: is one of ten items in their first basket? The figures of
-- docs/serving.md, "Users that are new". In an empty database, from the project's folder:
--	psql -Xf test/bench/cold.sql
\set ON_ERROR_STOP on
SET client_min_messages = warning;
CREATE EXTENSION affinity;
CREATE TABLE purchases (invoice text, customer_id int, stock_code text, quantity int, price numeric, invoiced_at timestamp, country text);
\copy purchases FROM PROGRAM 'xz -dc test/data/online_retail_purchases.csv.xz' CSV HEADER
CREATE TABLE customers AS SELECT customer_id, mode() WITHIN GROUP (ORDER BY country) AS country, min(invoiced_at) AS first FROM purchases GROUP BY 1;
CREATE TABLE figures (cut timestamp, abroad bool, list text, users bigint, hit float8, recall float8);

-- A model of all before a time, for who bought first within 60 days after it, and what that day.
CREATE FUNCTION measure(cut timestamp) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE format('CREATE OR REPLACE VIEW train AS SELECT customer_id, stock_code, quantity::real, invoiced_at FROM purchases WHERE invoiced_at < %L', cut);
	PERFORM affinity.create_model('cold', 'SELECT * FROM train', 'item_knn', if_exists => 'replace', user_groups => 'SELECT customer_id, country FROM customers');
	INSERT INTO figures
	WITH test AS (
		SELECT DISTINCT customer_id, c.country, stock_code FROM purchases p JOIN customers c USING (customer_id)
		WHERE c.first >= cut AND c.first < cut + interval '60 days' AND p.invoiced_at::date = c.first::date
	), lists AS (
		SELECT g.country, l.* FROM (SELECT DISTINCT country FROM test) g, LATERAL (
			SELECT 'popular' AS list, item_id FROM cold.popular(10) UNION ALL SELECT 'popular in the country', item_id FROM cold.popular(10, g.country)
			UNION ALL SELECT 'trending', item_id FROM cold.popular(10, trending => true)
			UNION ALL SELECT 'trending in the country', item_id FROM cold.popular(10, g.country, true)) l
	), users AS (
		SELECT customer_id, country <> 'United Kingdom' AS abroad, list, count(*) FILTER (WHERE stock_code = item_id) AS n_found, count(DISTINCT stock_code) AS had
		FROM test JOIN lists USING (country) GROUP BY 1, 2, 3
	)
	SELECT cut, abroad, list, count(*), avg((n_found > 0)::int), avg(n_found::float8 / had) FROM users GROUP BY 2, 3;
END
$$;
SELECT FROM unnest(ARRAY['2010-06-01', '2010-09-01', '2010-11-01', '2011-03-01', '2011-06-01', '2011-09-01', '2011-10-31']::timestamp[]) c, measure(c);
SELECT list, abroad, sum(users) AS users, round((sum(hit * users) / sum(users))::numeric, 3) AS hit_rate, round((sum(recall * users) / sum(users))::numeric, 4) AS recall
FROM figures GROUP BY GROUPING SETS ((list, abroad), (list)) ORDER BY 2, 1;
