-- revenue_bridge and active_stock against plain SQL: random logs (fixed seed) of rows
-- and of ranges, counted at the end of periods and pro rata, and Online Retail II.
-- `psql --set logs=2000` for more of them: then a few rows counted pro rata (12 of 19,053)
-- differ by a millionth, where a share lies between two of them and decimals round the
-- other way than multiples of 2^-60 do.
\if :{?logs}
\else
\set logs 200
\endif
BEGIN;
SET LOCAL jit = off;
SET LOCAL TimeZone = 'UTC';
SELECT plan(20);

CREATE FUNCTION pg_temp.start_of(t timestamp, unit text)
	RETURNS timestamp LANGUAGE sql IMMUTABLE AS $$
	SELECT CASE unit WHEN 'week_sunday' THEN date_trunc('week', t + interval '1 day') - interval '1 day'
		ELSE date_trunc(unit, t) END $$;
CREATE FUNCTION pg_temp.step_of(unit text)
	RETURNS interval LANGUAGE sql IMMUTABLE AS $$
	SELECT CASE WHEN unit ~ 'week' THEN interval '7 days' WHEN unit = 'quarter' THEN interval '3 months'
		ELSE ('1 ' || unit)::interval END $$;

-- A log is of rows (kind `rows`) or of ranges. Amounts have cents; some are refunds.
SELECT setseed(0.13);
CREATE TEMP TABLE entry AS
	SELECT l.*, (random() * 4)::int AS customer,
		at, CASE WHEN random() < 0.7 THEN at + span * random() ^ 2 * 6 END AS until,
		CASE WHEN random() < 0.15 THEN -random() * 20 ELSE random() * 100 END::numeric(10, 2) AS amount,
		(random() * 2)::int AS part
	FROM (SELECT id, (ARRAY['day', 'week', 'week_sunday', 'month', 'quarter', 'year'])[1 + id % 6] AS unit,
			(ARRAY['UTC', 'Europe/Berlin', 'America/New_York', 'Asia/Kathmandu', 'Australia/Lord_Howe'])[1 + id % 5] AS zone,
			(ARRAY['rows', 'at_end', 'pro_rata'])[1 + id % 3] AS kind,
			(ARRAY[timestamptz '2024-03-25 00:30+00', '2023-10-30 05:30+00', '1999-12-20 22:00+00'])[1 + id / 30 % 3] AS around
		  FROM generate_series(1, :logs) id) l,
		LATERAL (SELECT CASE WHEN unit = 'day' THEN interval '1 day' WHEN unit ~ 'week' THEN interval '7 days'
			WHEN unit = 'month' THEN interval '30 days' WHEN unit = 'quarter' THEN interval '90 days' ELSE interval '365 days' END AS span) s,
		generate_series(1, 1 + id % 23) n,
		LATERAL (SELECT date_trunc('second', around + span * (random() * 9 + 0 * n)) AS at) a;
-- half of the ranges begin and end at midnight, so some are whole periods, and meet
UPDATE entry SET at = date_trunc('day', at AT TIME ZONE zone) AT TIME ZONE zone,
	until = date_trunc('day', until AT TIME ZONE zone) AT TIME ZONE zone WHERE id % 4 < 2;
UPDATE entry SET until = date_trunc('second', until);

CREATE TEMP TABLE states AS
	SELECT id, kind, affinity.value_agg(customer, at, amount, unit, zone) AS state
	FROM entry WHERE kind = 'rows' GROUP BY id, kind
	UNION ALL
	SELECT id, kind, affinity.value_agg(customer, tstzrange(at, until), amount, unit, zone, kind)
	FROM entry WHERE kind <> 'rows' GROUP BY id, kind;

-- What each customer pays in each period up to that of as_of.
CREATE FUNCTION pg_temp.amounts(as_of_share float8)
	RETURNS TABLE (id int, customer int, p timestamp, paid numeric, complete boolean)
	LANGUAGE sql AS $$
	WITH used AS MATERIALIZED (
		SELECT * FROM entry WHERE kind = 'rows' OR until IS NULL OR until > at
	), log AS (
		SELECT id, kind, unit, zone, pg_temp.start_of(min(at AT TIME ZONE zone), unit) AS first,
			(min(at) + (greatest(max(at), max(until) FILTER (WHERE kind <> 'rows')) - min(at)) * as_of_share) AT TIME ZONE zone AS as_of
		FROM used GROUP BY 1, 2, 3, 4
	), period AS (
		SELECT log.*, p, p AT TIME ZONE zone AS s, (p + pg_temp.step_of(unit)) AT TIME ZONE zone AS e
		FROM log, generate_series(first, pg_temp.start_of(as_of, unit), pg_temp.step_of(unit)) p
	), held AS (
		SELECT period.id, p, customer, sum(CASE period.kind
			WHEN 'rows' THEN CASE WHEN pg_temp.start_of(at AT TIME ZONE period.zone, period.unit) = p THEN amount ELSE 0 END
			WHEN 'at_end' THEN CASE WHEN tstzrange(at, until) @> e - interval '1 microsecond' THEN amount ELSE 0 END
			ELSE amount * extract(epoch FROM greatest(least(until, e) - greatest(at, s), interval '0'))
				/ extract(epoch FROM e - s) END) AS paid
		FROM period JOIN used USING (id) GROUP BY 1, 2, 3
	)
	SELECT id, customer, p, round(coalesce(paid, 0), 6), p + pg_temp.step_of(unit) <= as_of
	FROM period LEFT JOIN held USING (id, p) $$;

CREATE FUNCTION pg_temp.bridge(as_of_share float8, back int)
	RETURNS TABLE (id int, p timestamp, opening numeric, fresh numeric, expansion numeric, contraction numeric, churned numeric,
		reactivated numeric, closing numeric, n_opening bigint, n_fresh bigint, n_expansion bigint, n_contraction bigint,
		n_churned bigint, n_reactivated bigint, n_closing bigint, logo float8, grr float8, nrr float8, logo_back float8,
		grr_back float8, nrr_back float8, quick float8, arpa float8, negative numeric, complete boolean)
	LANGUAGE sql AS $$
	WITH level AS (
		SELECT *, greatest(paid, 0) AS now, coalesce(greatest(lag(paid) OVER w, 0), 0) AS was,
			greatest(lag(paid, back) OVER w, 0) AS far, coalesce(max(paid) OVER (PARTITION BY id, customer ORDER BY p
				ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) > 0, false) AS known
		FROM pg_temp.amounts(as_of_share) WINDOW w AS (PARTITION BY id, customer ORDER BY p)
	), sums AS (
		SELECT id, p, sum(was) AS opening, sum(now) FILTER (WHERE was = 0 AND NOT known) AS fresh,
			sum(now - was) FILTER (WHERE now > was AND was > 0) AS expansion, sum(was - now) FILTER (WHERE now < was AND now > 0) AS contraction,
			sum(was) FILTER (WHERE now = 0) AS churned, sum(now) FILTER (WHERE was = 0 AND known) AS reactivated, sum(now) AS closing,
			count(*) FILTER (WHERE was > 0) AS n_opening, count(*) FILTER (WHERE was = 0 AND now > 0 AND NOT known) AS n_fresh,
			count(*) FILTER (WHERE now > was AND was > 0) AS n_expansion, count(*) FILTER (WHERE now < was AND now > 0) AS n_contraction,
			count(*) FILTER (WHERE was > 0 AND now = 0) AS n_churned, count(*) FILTER (WHERE was = 0 AND now > 0 AND known) AS n_reactivated,
			count(*) FILTER (WHERE now > 0) AS n_closing, sum(least(was, now)) FILTER (WHERE was > 0) AS gross,
			sum(now) FILTER (WHERE was > 0) AS net, sum(far) AS far, count(*) FILTER (WHERE far > 0) AS n_far,
			count(*) FILTER (WHERE far > 0 AND now = 0) AS n_lost, sum(least(far, now)) FILTER (WHERE far > 0) AS far_gross,
			sum(now) FILTER (WHERE far > 0) AS far_net, sum(least(paid, 0)) AS negative, complete
		FROM level GROUP BY id, p, complete
	)
	SELECT id, p, opening, coalesce(fresh, 0), coalesce(expansion, 0), coalesce(contraction, 0), coalesce(churned, 0),
		coalesce(reactivated, 0), closing, n_opening, n_fresh, n_expansion, n_contraction, n_churned, n_reactivated, n_closing,
		n_churned::float8 / nullif(n_opening, 0), gross / nullif(opening, 0), net / nullif(opening, 0),
		n_lost::float8 / nullif(n_far, 0), far_gross / nullif(far, 0), far_net / nullif(far, 0),
		(coalesce(fresh, 0) + coalesce(expansion, 0) + coalesce(reactivated, 0)) / nullif(coalesce(contraction, 0) + coalesce(churned, 0), 0),
		closing / nullif(n_closing, 0), negative, complete
	FROM sums ORDER BY 1, 2 $$;

-- Money and customers to the digit, ratios to 12 digits.
CREATE FUNCTION pg_temp.near(a float8, b float8) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
	SELECT coalesce(abs(a - b) <= 1e-12 * greatest(abs(a), abs(b), 1e-9), a IS NULL AND b IS NULL) $$;
CREATE FUNCTION pg_temp.differing(share float8, back int) RETURNS TABLE (all_rows bigint, differ bigint, kinds text)
	LANGUAGE sql AS $$
	SELECT count(*), count(*) FILTER (WHERE (r.period_start, r.opening, r.new, r.expansion, r.contraction, r.churned, r.reactivated,
			r.closing, r.customers_opening, r.customers_new, r.customers_expansion, r.customers_contraction, r.customers_churned,
			r.customers_reactivated, r.customers_closing, r.negative, r.complete)
		IS DISTINCT FROM (o.p, o.opening, o.fresh, o.expansion, o.contraction, o.churned, o.reactivated, o.closing, o.n_opening,
			o.n_fresh, o.n_expansion, o.n_contraction, o.n_churned, o.n_reactivated, o.n_closing, o.negative, o.complete)
		OR NOT (pg_temp.near(r.logo_churn, o.logo) AND pg_temp.near(r.grr, o.grr) AND pg_temp.near(r.nrr, o.nrr)
			AND pg_temp.near(r.logo_churn_trailing, o.logo_back) AND pg_temp.near(r.grr_trailing, o.grr_back)
			AND pg_temp.near(r.nrr_trailing, o.nrr_back) AND pg_temp.near(r.quick_ratio, o.quick) AND pg_temp.near(r.arpa, o.arpa))),
		string_agg(DISTINCT kind, ' ' ORDER BY kind)
	FROM (SELECT s.id, s.kind, r.* FROM states s, LATERAL (SELECT min(at) + (greatest(max(at), max(until) FILTER (WHERE e.kind <> 'rows'))
			- min(at)) * share AS as_of FROM entry e WHERE e.id = s.id AND (e.kind = 'rows' OR until IS NULL OR until > at)) a,
			affinity.revenue_bridge(state, CASE WHEN share <> 1 THEN as_of END, back) r) r
	FULL JOIN pg_temp.bridge(share, back) o ON o.id = r.id AND o.p = r.period_start $$;

SELECT is(differ || ' ' || kinds, '0 at_end pro_rata rows', format('random logs as of their latest row or bound equal plain SQL: %s rows', all_rows))
FROM pg_temp.differing(1, 3);
SELECT is(differ, 0::bigint, format('and as of their middle: %s rows', all_rows)) FROM pg_temp.differing(0.6, 2);
SELECT is(differ, 0::bigint, format('and long after, where open ends go on: %s rows', all_rows)) FROM pg_temp.differing(1.5, 12);
CREATE TEMP TABLE bridge AS SELECT s.id, s.kind, r.* FROM states s, affinity.revenue_bridge(state) r;
SELECT is(count(*) FILTER (WHERE opening + new + expansion + reactivated - contraction - churned <> closing
		OR customers_opening + customers_new + customers_reactivated - customers_churned <> customers_closing), 0::bigint,
	'opening and movements are closing, to the last digit')
FROM bridge;
SELECT cmp_ok(least(sum(customers_new), sum(customers_expansion), sum(customers_contraction), sum(customers_churned),
	sum(customers_reactivated), count(*) FILTER (WHERE negative < 0)), '>', 50::numeric, 'every movement happens often')
FROM bridge;
SELECT is(count(*), 0::bigint, 'closing is the next opening')
FROM (SELECT closing, lead(opening) OVER w AS next, customers_closing, lead(customers_opening) OVER w AS n_next
	FROM bridge WINDOW w AS (PARTITION BY id ORDER BY period_start)) b WHERE closing <> next OR customers_closing <> n_next;

-- revenue_retention of ranges has the same sums, unrounded.
SELECT is(count(*) FILTER (WHERE abs(r.value - (b.closing + b.negative)) > 1e-5 OR r.payers <> b.customers_closing), 0::bigint,
	'revenue_retention sums up to the same')
FROM bridge b JOIN (SELECT s.id, r.period_start, sum(r.value)::numeric AS value, sum(r.payers) AS payers
	FROM states s, affinity.revenue_retention(state) r GROUP BY 1, 2) r USING (id, period_start);

-- Stocks of customers, of ranges counted at the end.
SELECT results_eq(
	$$SELECT id, a.* FROM (SELECT * FROM states WHERE kind = 'at_end' ORDER BY id OFFSET 0) s, affinity.active_stock(state) a$$,
	$$SELECT id, period_start, customers_opening, customers_new, customers_reactivated, customers_churned, customers_closing, complete
		FROM bridge WHERE kind = 'at_end' ORDER BY id, period_start$$, 'active_stock has the customers');
SELECT throws_ok($$SELECT affinity.active_stock(state) FROM states WHERE kind = 'rows' LIMIT 1$$, '22023');

-- Any way to put the rows together gives the same bytes; text and binary form keep them.
SELECT is(count(*) FILTER (WHERE s.state <> p.state OR s.state::text <> p.state::text), 0::bigint, 'random splits roll up to the same states')
FROM states s JOIN (
	SELECT id, affinity.rollup(state ORDER BY random()) AS state
	FROM (SELECT id, CASE WHEN kind = 'rows' THEN affinity.value_agg(customer, at, amount, unit, zone ORDER BY random())
			ELSE affinity.value_agg(customer, tstzrange(at, until), amount, unit, zone, nullif(kind, 'rows') ORDER BY random()) END AS state
		  FROM entry GROUP BY id, kind, part) parts GROUP BY id) p USING (id);
SELECT is(count(*) FILTER (WHERE state <> state::text::affinity.value), 0::bigint, 'text goes out and in') FROM states;
SELECT is(count(*), 0::bigint, 'states at_end coarsen as if aggregated so')
FROM (SELECT id, affinity.coarsen(affinity.value_agg(customer, tstzrange(at, until), amount, 'day', zone), unit) AS c,
		affinity.value_agg(customer, tstzrange(at, until), amount, unit, zone) AS d
	FROM entry WHERE kind = 'at_end' GROUP BY id, unit, zone) x WHERE c IS DISTINCT FROM d;
SELECT is(affinity.rollup(c), affinity.rollup(d), 'local ranges are those of dates')
FROM (SELECT affinity.value_agg(customer, daterange(at::date, until::date), amount, 'month') AS c,
		affinity.value_agg(customer, tsrange(at::date, until::date), amount, 'month') AS d
	FROM entry WHERE kind = 'at_end' GROUP BY id % 2) x;
SELECT is(affinity.value_agg(customer, tstzrange(at, until, '[]'), amount, 'month', 'UTC', 'pro_rata'),
	affinity.value_agg(customer, tstzrange(at, until + interval '1 us'), amount, 'month', 'UTC', 'pro_rata'), 'an end that is included counts')
FROM entry WHERE kind <> 'rows';

-- Many customers: a state that grows, workers.
CREATE TABLE public.revenue_bridge_ranges AS
	SELECT c, c / 7 AS id8, tstzrange(at, CASE WHEN c % 3 > 0 THEN at + interval '1 hour' * (c * 7919 % 9000) END) AS during, (c * 31 % 5000) / 100.0 AS amount
	FROM (SELECT c, timestamptz '2020-01-01' + interval '1 hour' * (c * 104729 % 40000) AS at FROM generate_series(1, 8000) c) x;
ANALYZE public.revenue_bridge_ranges;
CREATE TEMP TABLE serial AS SELECT affinity.value_agg(id8::text, during, amount, 'month', 'Europe/Berlin', 'pro_rata') AS state FROM public.revenue_bridge_ranges;
SET LOCAL parallel_setup_cost = 0;
SET LOCAL parallel_tuple_cost = 0;
SET LOCAL min_parallel_table_scan_size = 0;
SET LOCAL max_parallel_workers_per_gather = 2;
SELECT is(affinity.value_agg(id8::text, during, amount, 'month', 'Europe/Berlin', 'pro_rata'), (SELECT state FROM serial), 'workers give the same state')
FROM public.revenue_bridge_ranges;
SET LOCAL max_parallel_workers_per_gather = 0;
-- a share that lies between two millionths may go to either
SELECT is(count(*), 0::bigint, 'and each month is the sum of its shares')
FROM affinity.revenue_bridge((SELECT state FROM serial)) b,
	LATERAL (SELECT sum(round(paid, 6)) AS paid, count(*) AS n FROM (
		SELECT sum(amount * extract(epoch FROM least(upper(during), e) - greatest(lower(during), s)) / extract(epoch FROM e - s)) AS paid
		FROM (SELECT period_start AT TIME ZONE 'Europe/Berlin' AS s, (period_start + interval '1 month') AT TIME ZONE 'Europe/Berlin' AS e) w,
			public.revenue_bridge_ranges WHERE during && tstzrange(s, e) GROUP BY id8) u) o
WHERE abs(o.paid - b.closing) > 0.000001 * n / 100;

-- Online Retail II: what customers pay by month, in exact arithmetic.
CREATE TEMP TABLE purchases (
	invoice text, customer_id int, stock_code text, quantity int,
	price numeric, invoiced_at timestamp, country text);
\copy purchases FROM PROGRAM 'xz -dc test/data/online_retail_purchases.csv.xz' CSV HEADER
CREATE TEMP TABLE plain AS
	WITH paid AS (
		SELECT customer_id, date_trunc('month', invoiced_at) AS p, greatest(sum(quantity * price), 0) AS now FROM purchases GROUP BY 1, 2
	), grid AS (
		SELECT c.customer_id, p, coalesce(now, 0) AS now FROM (SELECT DISTINCT customer_id FROM purchases) c
		CROSS JOIN generate_series(timestamp '2009-12-01', '2011-12-01', interval '1 month') p LEFT JOIN paid USING (customer_id, p)
	), level AS (
		SELECT *, lag(now, 1, 0.0) OVER w AS was, coalesce(max(now) OVER (PARTITION BY customer_id ORDER BY p
			ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) > 0 AS known
		FROM grid WINDOW w AS (PARTITION BY customer_id ORDER BY p)
	)
	SELECT p, sum(was) AS opening, coalesce(sum(now) FILTER (WHERE was = 0 AND NOT known), 0) AS fresh,
		coalesce(sum(now - was) FILTER (WHERE was > 0 AND now > was), 0) AS expansion,
		coalesce(sum(was - now) FILTER (WHERE now > 0 AND now < was), 0) AS contraction, coalesce(sum(was) FILTER (WHERE now = 0), 0) AS churned,
		coalesce(sum(now) FILTER (WHERE was = 0 AND known), 0) AS reactivated, sum(now) AS closing, count(*) FILTER (WHERE now > 0) AS customers
	FROM level GROUP BY p;
SELECT results_eq($$SELECT period_start, opening, new, expansion, contraction, churned, reactivated, closing, customers_closing
	FROM affinity.revenue_bridge((SELECT affinity.value_agg(customer_id, invoiced_at, quantity * price, 'month') FROM purchases))$$,
	'SELECT * FROM plain ORDER BY p', 'months of Online Retail equal plain SQL to the last digit');
SELECT is(count(*), 25::bigint, 'these are all its months') FROM plain;

-- Starts: a cohort is that of the sign-up, and who does not pay is no payer.
CREATE TEMP TABLE account AS
	SELECT c AS customer, timestamp '2024-01-01' + interval '1 day' * (c * 37 % 200) AS at FROM generate_series(1, 500) c WHERE c % 9 > 0;
CREATE TEMP TABLE payment AS
	SELECT c % 150 AS customer, timestamp '2024-01-01' + interval '1 day' * (c * 53 % 330) AS at, (c * 17 % 90 - 10)::numeric / 4 AS paid FROM generate_series(1, 700) c;
CREATE TEMP TABLE signup AS
	SELECT affinity.value_agg(customer, at, paid, 'month', NULL, is_start) AS state FROM (
		SELECT customer, at, NULL::numeric AS paid, true AS is_start FROM account UNION ALL SELECT customer, at, paid, false FROM payment
		UNION ALL SELECT customer, at + interval '90 days', 0, customer % 2 = 0 FROM account) x;
SELECT results_eq($$SELECT cohort, cohort_size, period, payers, value FROM signup, affinity.revenue_retention(state, max_period => 8) WHERE payers > 0$$,
	$$WITH cohort AS (SELECT customer, date_trunc('month', at) AS c FROM account), size AS (SELECT c, count(*) AS n FROM cohort GROUP BY 1),
		paid AS (SELECT c, (extract(year FROM age(p, c)) * 12 + extract(month FROM age(p, c)))::int AS period, customer, paid
			FROM cohort JOIN (SELECT customer, date_trunc('month', at) AS p, sum(paid) AS paid FROM payment GROUP BY 1, 2) x USING (customer) WHERE p >= c)
	SELECT c, n, period, count(*) FILTER (WHERE paid > 0), sum(paid)::float8 FROM paid JOIN size USING (c) WHERE period <= 8
	GROUP BY 1, 2, 3 HAVING count(*) FILTER (WHERE paid > 0) > 0 ORDER BY 1, 3$$, 'value by cohort of sign-up equals plain SQL');
SELECT is((SELECT affinity.coarsen(state, 'quarter') FROM signup),
	(SELECT affinity.value_agg(customer, at, paid, 'quarter', NULL, is_start) FROM (
		SELECT customer, at, NULL::numeric AS paid, true AS is_start FROM account UNION ALL SELECT customer, at, paid, false FROM payment
		UNION ALL SELECT customer, at + interval '90 days', 0, customer % 2 = 0 FROM account) x), 'and coarsens as if aggregated so');

SELECT * FROM finish();
ROLLBACK;
