-- What `make demo` shows, after load.sql and model.sql.
\set ON_ERROR_STOP on
\set QUIET on
\pset footer off

\echo '-- 2. What customer 16498 has bought ... ---------------------------------------------'
\echo
SELECT DISTINCT stock_code, description
FROM purchases
JOIN products USING (stock_code)
WHERE customer_id = 16498
ORDER BY 2;

\echo '-- ... and what to show this customer ---------------------------------------------'
\echo
SELECT r.rank, r.item_id, p.description, round(r.score::numeric, 4) AS score
FROM shop.recommend(16498, 10) r
JOIN products p ON p.stock_code = r.item_id
ORDER BY r.rank;

\echo '-- 3. Why? What this customer bought that led to the first of them ----------------'
\echo
SELECT r.item_id, e.rank, e.because_id, p.description, e.weight,
	round(e.share::numeric, 2) AS share
FROM shop.recommend(16498, 1) r, shop.explain(16498, r.item_id, 3) e
JOIN products p ON p.stock_code = e.because_id
ORDER BY e.rank;

\echo '-- 4. What goes with 85123A --------------------------------------------------------'
\echo
SELECT description FROM products WHERE stock_code = '85123A';
SELECT s.rank, s.item_id, p.description, round(s.score::numeric, 4) AS score
FROM shop.similar_items('85123A', 10) s
JOIN products p ON p.stock_code = s.item_id
ORDER BY s.rank;

\echo '-- 5. Do customers come back? Monthly cohorts, percent retained by month ----------'
\echo '--    (* the month is not over in the data)'
\echo
\pset border 0
SELECT to_char(r.cohort, 'YYYY-MM') || lpad(r.cohort_size::text, 6) AS "cohort   size",
	r.period,
	lpad(round(100 * r.rate)::text, 3)
		|| CASE WHEN r.complete THEN ' ' ELSE '*' END AS percent
FROM (SELECT affinity.activity_agg(customer_id, invoiced_at, 'month') AS activity
	FROM purchases) a,
	affinity.retention(a.activity) r
ORDER BY 1, 2
\crosstabview 1 2 3 2
\pset border 1

\echo
\echo '-- 6. Which algorithm predicts these purchases best? The default tries some ---------'
\echo
SELECT affinity.create_model('best',
  'SELECT customer_id, stock_code, quantity, invoiced_at FROM purchases', options => '{"budget": "15 seconds"}');

\echo
\echo '-- 7. The models of this database ---------------------------------------------------'
\echo
\pset expanded on
\pset format wrapped
\pset columns 110
SELECT * FROM affinity.models;
