-- The body of the page that `make demo` writes; docs/charts.md says what these are.
\set ON_ERROR_STOP on
\set QUIET on
\pset format unaligned
\pset tuples_only on
SELECT affinity.chart_retention(affinity.activity_agg(customer_id, invoiced_at, 'month'),
	title => 'Which customers come back? Cohorts by month of the first purchase', width => 1000)
FROM purchases;
SELECT affinity.chart_retention_curve(affinity.activity_agg(customer_id, invoiced_at, 'month'),
	criterion => 'on_or_after', title => 'How does retention fall?',
	description => 'Share of customers who bought in that month or later, with 95 % bounds', width => 1000)
FROM purchases;
SELECT affinity.chart_lifecycle(affinity.activity_agg(customer_id, invoiced_at, 'month'),
	title => 'Who makes up each month?', width => 1000)
FROM purchases;
SELECT affinity.chart_funnel(affinity.funnel_agg(customer_id, invoiced_at, interval '30 days',
		stock_code = '85123A', stock_code = '22423', stock_code = '47566'),
	'{hanging heart, cakestand, bunting}', 'Who goes all the way, within 30 days?', width => 1000)
FROM purchases;
