-- Online Retail II as the two tables that a shop would have. Run from the
-- project's folder; test/data/README.md says where the data comes from.
\set ON_ERROR_STOP on
SET client_min_messages = warning;

CREATE EXTENSION affinity;

CREATE TABLE products (
	stock_code text PRIMARY KEY,
	description text NOT NULL
);

CREATE TABLE purchases (
	invoice text NOT NULL,
	customer_id integer NOT NULL,
	stock_code text NOT NULL,
	quantity integer NOT NULL,
	price numeric NOT NULL,
	invoiced_at timestamp NOT NULL,
	country text NOT NULL
);

\copy products FROM test/data/online_retail_products.csv CSV HEADER
\copy purchases FROM PROGRAM 'xz -dc test/data/online_retail_purchases.csv.xz' CSV HEADER

-- recommend() reads one customer's history, audience() and similar_users() one
-- item's buyers.
CREATE INDEX ON purchases (customer_id);
CREATE INDEX ON purchases (stock_code);
VACUUM ANALYZE products, purchases;
