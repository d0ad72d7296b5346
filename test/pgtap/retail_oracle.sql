-- Online Retail II, all of it: customer_summary and anomaly against plain SQL.
BEGIN;
SET LOCAL jit = off;
SET LOCAL timezone = 'UTC';
SELECT plan(14);
CREATE TEMP TABLE purchases (invoice text, customer_id int, stock_code text, quantity int, price numeric, invoiced_at timestamp, country text);
\copy purchases FROM PROGRAM 'xz -dc test/data/online_retail_purchases.csv.xz' CSV HEADER
ANALYZE purchases;
CREATE FUNCTION pg_temp.near(a float8, b float8, e float8 DEFAULT 1e-12) RETURNS boolean LANGUAGE sql AS $$
	SELECT a IS NOT DISTINCT FROM b OR coalesce(abs(a - b) <= e * greatest(abs(a), abs(b)), false) $$;

-- 1. customer_summary. Periods are numbered, and a customer is what its periods are.
CREATE FUNCTION pg_temp.number(at timestamp, unit text) RETURNS int LANGUAGE sql IMMUTABLE AS $$
	SELECT CASE unit WHEN 'day' THEN at::date - date '2000-01-03' WHEN 'week' THEN (at::date - date '2000-01-03') / 7
		ELSE (extract(year FROM at) * 12 + extract(month FROM at) - 1)::int / CASE unit WHEN 'month' THEN 1 ELSE 3 END END $$;
CREATE TEMP TABLE line AS SELECT customer_id, invoiced_at AS at, quantity * price AS amount, invoice, row_number() OVER (ORDER BY invoice, stock_code, quantity, price) AS n FROM purchases;
\i test/oracle/netted.sql
CREATE FUNCTION pg_temp.oracle(query text, unit text, until timestamp) RETURNS TABLE (customer_id int, frequency int, recency int, t int, monetary_value numeric, orders bigint, total numeric, first_at timestamp, last_at timestamp)
LANGUAGE plpgsql AS $f$ BEGIN
	RETURN QUERY EXECUTE format($$
	WITH given AS (SELECT customer_id, at, amount, pg_temp.number(at, %2$L) AS p FROM (%1$s) q WHERE pg_temp.number(at, %2$L) <= pg_temp.number(%3$L, %2$L)
	), period AS (SELECT customer_id, p, sum(amount) AS net FROM given GROUP BY 1, 2
	), left_over AS (SELECT customer_id, u.p, u.net, row_number() OVER (PARTITION BY customer_id ORDER BY u.p) AS no FROM (
		SELECT customer_id, array_agg(p ORDER BY p) AS ps, pg_temp.netted(array_agg(net ORDER BY p)) AS nets FROM period GROUP BY 1) n, unnest(ps, nets) u (p, net) WHERE u.net > 0
	), summary AS (SELECT customer_id, count(*)::int - 1 AS frequency, max(p) - min(p) AS recency, pg_temp.number(%3$L, %2$L) - min(p) AS t, coalesce(avg(net) FILTER (WHERE no > 1), 0) AS monetary_value FROM left_over GROUP BY 1
	), all_rows AS (SELECT customer_id, count(*) FILTER (WHERE amount > 0) AS orders, sum(amount) AS total, min(at) FILTER (WHERE amount > 0) AS first_at, max(at) FILTER (WHERE amount > 0) AS last_at FROM given GROUP BY 1)
	SELECT * FROM summary JOIN all_rows USING (customer_id)$$, query, unit, until);
END $f$;
CREATE FUNCTION pg_temp.wrong(query text, unit text, until timestamp) RETURNS TABLE (customer_id int, ours text, plain text) LANGUAGE plpgsql AS $f$ BEGIN
	RETURN QUERY EXECUTE format($$
	SELECT coalesce(o.customer_id, a.customer_id), a::text, o::text FROM pg_temp.oracle(%1$L, %2$L, %3$L) o
	FULL JOIN (SELECT customer_id, (affinity.customer_summary(at, amount, %2$L, %3$L::timestamp)).* FROM (%1$s) q GROUP BY customer_id HAVING (affinity.customer_summary(at, amount, %2$L, %3$L::timestamp)).frequency IS NOT NULL) a USING (customer_id)
	WHERE NOT coalesce(a.frequency = o.frequency AND a.recency = o.recency AND a.t = o.t AND pg_temp.near(a.monetary_value, o.monetary_value::float8) AND a.orders = o.orders AND pg_temp.near(a.total, o.total::float8) AND a.first_at = o.first_at AND a.last_at = o.last_at, false) LIMIT 5$$,
	query, unit, until);
END $f$;
SELECT is((SELECT count(*) FROM pg_temp.oracle('SELECT * FROM line', 'day', '2011-12-09')), (SELECT count(DISTINCT customer_id) FROM purchases WHERE price > 0), 'plain SQL has a row for every customer who paid');
SELECT is_empty(format('SELECT * FROM pg_temp.wrong(%L, %L, %L)', q, unit, until), format('customer_summary by %s as of %s%s', unit, until, what))
FROM (VALUES ('SELECT * FROM line', ''), ('SELECT * FROM line UNION ALL SELECT customer_id, at + interval ''35 days'', -1.5 * amount, invoice, -n FROM line WHERE n % 7 = 0', ', with refunds')) v (q, what),
	(VALUES ('day', '2011-12-09'), ('week', '2011-12-09'), ('month', '2011-06-15'), ('quarter', '2011-12-31')) u (unit, until);

-- 2. anomaly, by methods whose expectation is plain: the last value, the last of the season, the mean. What is
-- beyond z median errors is drawn to two of them, the farthest off first, until the same are found twice and errors
-- are as large as before. What is 50 median distances from the median of its neighbors is drawn to it from the start.
CREATE FUNCTION pg_temp.anomalies(y float8[], model text, season int, z float8) RETURNS TABLE (t int, value float8, expected float8, low float8, high float8, flagged boolean) LANGUAGE plpgsql AS $$
DECLARE
	n int := cardinality(y);
	middle float8[];
	apart float8;
	tamed float8[] := y;
	drawn float8[];
	e float8[];
	was boolean[] := array_fill(false, ARRAY[n]);
	now boolean[];
	last float8[];
	spread float8;
	before float8;
	least float8;
	complete boolean := true;
BEGIN
	middle := ARRAY(SELECT (SELECT CASE WHEN count(y[i + k * season]) >= 3 THEN percentile_cont(0.5) WITHIN GROUP (ORDER BY y[i + k * season]) END
		FROM generate_series(-3, 3) k WHERE k <> 0 AND i + k * season BETWEEN 1 AND n) FROM generate_series(1, n) i ORDER BY i);
	SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY abs(a - b)) / 0.6744897501960817 INTO apart FROM unnest(y, middle) u (a, b);
	FOR i IN 1 .. n LOOP
		IF apart > 0 AND abs(y[i] - middle[i]) > 50 * apart AND NOT (SELECT y[i] BETWEEN min(y[i + k * season]) AND max(y[i + k * season])
			FROM generate_series(-3, 3) k WHERE k <> 0 AND i + k * season BETWEEN 1 AND n) THEN
			tamed[i] := middle[i] + sign(y[i] - middle[i]) * 2 * apart;
		END IF;
	END LOOP;
	drawn := tamed;
	FOR round IN 0 .. 9 LOOP
		e := array_fill(NULL::float8, ARRAY[n]);
		last := array_fill(NULL::float8, ARRAY[season]);
		FOR i IN 1 .. n LOOP
			e[i] := CASE model WHEN 'mean' THEN (SELECT avg(d) FROM unnest(drawn) d) ELSE last[1 + i % season] END;
			last[1 + i % season] := coalesce(drawn[i], last[1 + i % season]);
		END LOOP;
		SELECT CASE WHEN m > 0 THEN m / 0.6744897501960817 ELSE a / 0.7978845608028654 END INTO spread
		FROM (SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY abs(a - b)) AS m, avg(abs(a - b)) AS a FROM unnest(y, e) u (a, b)) q;
		now := ARRAY(SELECT coalesce(abs(a - b) > z * spread, false) FROM unnest(y, e) WITH ORDINALITY u (a, b, o) ORDER BY o);
		EXIT WHEN now = was AND complete AND (round = 0 OR abs(spread - before) <= 0.01 * before);
		was := now;
		before := spread;
		least := CASE WHEN round < 3 THEN (SELECT coalesce(max(abs(a - b)) FILTER (WHERE f), 0) * 0.5 * 0.0625 ^ round FROM unnest(y, e, now) u (a, b, f)) ELSE 0 END;
		complete := NOT EXISTS (SELECT FROM unnest(y, e, now) u (a, b, f) WHERE f AND abs(a - b) < least);
		drawn := ARRAY(SELECT CASE WHEN f AND abs(a - b) >= least THEN b + sign(a - b) * 2 * spread WHEN f THEN w ELSE a END
			FROM unnest(y, e, now, tamed) WITH ORDINALITY u (a, b, f, w, o) ORDER BY o);
	END LOOP;
	RETURN QUERY SELECT i, y[i], e[i], e[i] - z * spread, e[i] + z * spread, now[i] FROM generate_series(1, n) i;
END $$;
CREATE TEMP TABLE kpi AS SELECT country, day::date, sum(amount)::float8 AS revenue FROM (SELECT country, invoiced_at::date AS day, quantity * price AS amount FROM purchases UNION ALL SELECT 'all', invoiced_at::date, quantity * price FROM purchases) p
	WHERE country IN ('all', 'United Kingdom', 'Germany', 'France', 'EIRE', 'Spain', 'Netherlands') GROUP BY 1, 2;
CREATE TEMP TABLE series AS SELECT country, affinity.series_agg(day, revenue, 'day') AS s, min(day) AS first, max(day) AS last FROM kpi GROUP BY 1;
SELECT is_empty(format($$
	WITH plain AS (SELECT s.country, s.first + o.t - 1 AS day, o.* FROM series s, LATERAL (SELECT array_agg(%3$s ORDER BY d) AS y FROM generate_series(s.first, s.last, interval '1 day') d LEFT JOIN kpi k ON k.country = s.country AND k.day = d) v, pg_temp.anomalies(v.y, %1$L, %2$s, 3.290526731491926) o)
	SELECT country, day, a.expected, p.expected, a.is_anomaly, p.flagged FROM plain p FULL JOIN (SELECT country, period::date AS day, a.* FROM series, affinity.anomaly(s, 0.999, %1$L, %2$s, fill => %4$L) a) a USING (country, day)
	WHERE a.is_anomaly IS DISTINCT FROM p.flagged OR NOT pg_temp.near(a.value, p.value) OR NOT pg_temp.near(a.expected, p.expected, 1e-9) OR NOT pg_temp.near(a.low + 1e6, p.low + 1e6, 1e-9) OR NOT pg_temp.near(a.high + 1e6, p.high + 1e6, 1e-9) LIMIT 5$$, model, season, CASE fill WHEN 'zero' THEN 'coalesce(k.revenue, 0)' ELSE 'k.revenue' END, fill),
	format('anomalies of daily revenue in seven series: %s, %s', model, fill))
FROM (VALUES ('naive', 1, 'missing'), ('naive', 1, 'zero'), ('seasonal_naive', 7, 'missing'), ('seasonal_naive', 7, 'zero'), ('mean', 1, 'missing')) v (model, season, fill);
SELECT finish();
ROLLBACK;
