-- The demo's model: who bought what, how many, when.
\set ON_ERROR_STOP on

SELECT affinity.create_model('shop',
  'SELECT customer_id, stock_code, quantity, invoiced_at FROM purchases', 'item_knn');
