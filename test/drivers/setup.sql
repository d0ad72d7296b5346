-- What calls.sql asks about, beside the table purchases of ../t/Shop.pm.

CREATE TABLE small_purchases AS
SELECT customer_id::smallint AS customer_id, right(product, 2)::smallint AS product FROM purchases;

SELECT FROM affinity.create_model('shop', 'SELECT customer_id, product, quantity, at FROM purchases', 'item_knn');
SELECT FROM affinity.create_model('small', 'SELECT customer_id, product FROM small_purchases', 'item_knn');
SELECT FROM affinity.create_model('guid',
	$$SELECT lpad(customer_id::text, 32, '0')::uuid AS customer_id, product FROM purchases$$, 'item_knn');

CREATE TABLE vectors AS
SELECT n AS id, ARRAY[n, n * n, 10 - n]::real[] AS v FROM generate_series(1, 5) n;

CREATE TABLE states AS
SELECT affinity.activity_agg(customer_id, at, 'month') AS activity FROM purchases;
