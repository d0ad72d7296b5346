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
SELECT affinity.chart_revenue_moves(affinity.value_agg(customer_id, invoiced_at, quantity * price, 'quarter'),
	title => 'What does each quarter gain and lose?',
	description => 'Revenue of customers, by what they spent the quarter before', width => 1000)
FROM purchases;
SELECT affinity.chart_revenue_bridge(affinity.value_agg(customer_id, invoiced_at, quantity * price, 'quarter'),
	title => 'And the last of them that was over?', width => 1000)
FROM purchases;
SELECT affinity.chart_survival(array_agg(state ORDER BY region DESC), array_agg(region ORDER BY region DESC),
	'How long until the second purchase?', 'Share of customers who have not bought again, with 95 % bounds; those who never did count as long as they were seen',
	x_label => 'days since the first', width => 1000)
FROM (SELECT region, affinity.survival_agg(coalesce(second, '2011-12-10') - first, second IS NOT NULL) AS state
	FROM (SELECT CASE WHEN min(country) = 'United Kingdom' THEN 'United Kingdom' ELSE 'other countries' END AS region,
			min(day) AS first, (array_agg(DISTINCT day))[2] AS second
		FROM (SELECT customer_id, country, invoiced_at::date AS day FROM purchases) d
		GROUP BY customer_id) c
	GROUP BY region) s;
SELECT affinity.chart_forecast(affinity.series_agg(invoiced_at, quantity * price, 'week'), 12, 'And how much will they spend?',
	'Revenue by week, and the next twelve weeks with the interval of 95 %', until => '2011-12-04', fill => 'zero', width => 1000)
FROM purchases;
SELECT affinity.chart_sankey(array_agg(before ORDER BY q, n DESC), array_agg(now ORDER BY q, n DESC), array_agg(n ORDER BY q, n DESC),
	array_agg(q ORDER BY q, n DESC), 'Where do the customers of early 2010 go?',
	'By what they spent in each quarter, from the first of 2010 to the first of 2011', width => 1000)
FROM (SELECT q, before, now, count(*) AS n
	FROM (SELECT q, spent AS before, lead(spent) OVER (PARTITION BY customer_id ORDER BY q) AS now
		FROM (SELECT c.customer_id, q, CASE WHEN coalesce(sum(quantity * price), 0) <= 0 THEN 'nothing'
				WHEN sum(quantity * price) < 1000 THEN 'below 1,000' ELSE '1,000 and more' END AS spent
			FROM (SELECT DISTINCT customer_id FROM purchases WHERE date_trunc('quarter', invoiced_at) = '2010-01-01') c
			CROSS JOIN generate_series(0, 4) q
			LEFT JOIN purchases p ON p.customer_id = c.customer_id
				AND date_trunc('quarter', p.invoiced_at) = timestamp '2010-01-01' + q * interval '3 months'
			GROUP BY 1, 2) s) m
	WHERE now IS NOT NULL
	GROUP BY 1, 2, 3) f;
