-- Online Retail II: rows before the last tenth of them, and that tenth.
-- Variables: data (the folder).
\set ON_ERROR_STOP on
SET client_min_messages = warning;

CREATE TABLE bench.purchases (
	invoice text NOT NULL,
	customer_id integer NOT NULL,
	stock_code text NOT NULL,
	quantity integer NOT NULL,
	price numeric NOT NULL,
	invoiced_at timestamp NOT NULL,
	country text NOT NULL
);
\set purchases '\\copy bench.purchases FROM PROGRAM ''xz -dc ' :data '/online_retail_purchases.csv.xz'' CSV HEADER'
:purchases

SELECT percentile_disc(0.9) WITHIN GROUP (ORDER BY invoiced_at) AS cut FROM bench.purchases \gset
CREATE TABLE bench.known AS
SELECT customer_id AS user_id, stock_code AS item_id, quantity AS weight, invoiced_at AS at
FROM bench.purchases WHERE invoiced_at < :'cut';
CREATE TABLE bench.held_out AS
SELECT customer_id AS user_id, stock_code AS item_id, quantity AS weight, invoiced_at AS at
FROM bench.purchases WHERE invoiced_at >= :'cut';
CREATE INDEX ON bench.known (user_id);
CREATE INDEX ON bench.known (item_id);
VACUUM ANALYZE bench.known, bench.held_out;
