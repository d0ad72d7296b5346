-- Who is in the cells of reports: for every cell of random logs (fixed seed), as
-- many as the report counts, and those for whom the report on their rows alone
-- counts one; on Online Retail II against plain SQL.
BEGIN;
SET LOCAL jit = off;
SET LOCAL work_mem = '64MB';
SELECT plan(39);
SELECT setseed(0.31);

-- 1. Logs in three types of ids, several units and zones, with conditions and
-- without; some as of their middle, of a range of cohorts.
CREATE TEMP TABLE log AS
	SELECT id, id % 3 AS ids, unit, zone, id % 2 = 0 AS with_times, around,
		CASE WHEN id % 4 = 1 THEN around END AS as_of,
		CASE WHEN id % 3 = 0 THEN around - interval '2 days' END AS cohorts_from,
		CASE WHEN id % 5 < 2 THEN around + interval '3 days' END AS cohorts_before
	FROM (SELECT id, (ARRAY['hour', 'day', 'day', 'week', 'week_sunday', 'month'])[1 + id % 6] AS unit,
			(ARRAY['UTC', 'Europe/Berlin', 'Asia/Kathmandu', 'America/St_Johns'])[1 + id / 3 % 4] AS zone,
			(ARRAY[timestamptz '2024-03-31 00:30+00', '2023-11-05 05:30+00', '2009-11-01 02:31+00'])[1 + id / 8 % 3] AS around
		FROM generate_series(1, 32) id) l;
CREATE TEMP TABLE event AS
	SELECT id, (random() * 5)::int AS u, random() < 0.6 AS is_start, random() < 0.6 AS is_return,
		around + round((random() - 0.5) * 10 * extract(epoch FROM CASE WHEN unit ~ 'week' THEN interval '7 days'
			ELSE ('1 ' || unit)::interval END)) * interval '1 s' AS at
	FROM log, generate_series(1, 4 + id % 20);
ANALYZE log; ANALYZE event;

-- a state of a log's rows, or of one user's; ids are 7 u, a uuid or a text of u
CREATE FUNCTION pg_temp.state(log_id int, of_user int, id text) RETURNS affinity.activity LANGUAGE plpgsql AS $$
DECLARE
	l log;
	state affinity.activity;
BEGIN
	SELECT * FROM log WHERE log.id = log_id INTO l;
	EXECUTE format('SELECT affinity.activity_agg(%s, at, %L, %L%s) FROM event WHERE id = %s%s', id, l.unit, l.zone,
		CASE WHEN l.with_times THEN ', is_start, is_return' END, log_id, ' AND u = ' || of_user) INTO state;
	RETURN state;
END $$;
CREATE TEMP TABLE id_of (ids int, type text, expr text);
INSERT INTO id_of VALUES (0, 'bigint', '7::bigint * u'), (1, 'uuid', 'md5(u::text)::uuid'), (2, 'text', '''user '' || u');
-- as_of is that of the whole log for the states of one user too
CREATE TEMP TABLE state AS
	SELECT l.*, pg_temp.state(id, NULL, expr) AS a FROM log l JOIN id_of USING (ids);
DELETE FROM state WHERE a IS NULL;
UPDATE state SET as_of = (affinity.describe(a)).last_at AT TIME ZONE zone WHERE as_of IS NULL AND id % 7 > 0;
CREATE TEMP TABLE alone AS
	SELECT id, u, pg_temp.state(id, u, expr) AS a, ids
	FROM (SELECT DISTINCT id, u FROM event) e JOIN log USING (id) JOIN id_of USING (ids);

CREATE TEMP TABLE option AS
	SELECT mode, criterion, CASE criterion WHEN 'bracket' THEN '{1,2,4}'::bigint[] END AS brackets, rolling
	FROM unnest(ARRAY['first_ever', 'first_in_range', 'recurring']) mode,
		unnest(ARRAY['on', 'on_or_after', 'on_or_before', 'streak', 'bracket']) criterion,
		unnest(ARRAY[false, true]) rolling;
CREATE TEMP TABLE cell AS
	SELECT s.id, s.ids, s.a, s.as_of, s.cohorts_from, s.cohorts_before, o.*, r.cohort, r.cohort_size, r.period, r.eligible, r.retained
	FROM state s JOIN option o ON NOT rolling OR (with_times AND unit <> 'month'),
		affinity.retention(s.a, s.as_of, mode, criterion, brackets, 'total', NULL, cohorts_from, cohorts_before, rolling) r;
SELECT cmp_ok(count(*), '>', 3000::bigint, 'many cells') FROM cell;

-- lists as texts, whatever the type
CREATE FUNCTION pg_temp.list(retained boolean) RETURNS TABLE (id int, cohort timestamp, period int, mode text, criterion text, rolling boolean, users text[])
LANGUAGE plpgsql AS $$
DECLARE
	t record;
BEGIN
	FOR t IN SELECT * FROM id_of LOOP
		RETURN QUERY EXECUTE format('SELECT id, cohort, period, mode, criterion, rolling, ARRAY(SELECT m::text FROM affinity.cohort_members(a, NULL::%s,
			cohort, period, $1, as_of, mode, criterion, brackets, cohorts_from, cohorts_before, rolling) m)
			FROM cell WHERE ids = %s', t.type, t.ids) USING retained;
	END LOOP;
END $$;
CREATE TEMP TABLE back AS SELECT * FROM pg_temp.list(true);
CREATE TEMP TABLE gone AS SELECT * FROM pg_temp.list(false);
CREATE TEMP TABLE everybody AS SELECT * FROM pg_temp.list(NULL);
ANALYZE cell; ANALYZE back; ANALYZE gone; ANALYZE everybody;
SELECT is_empty($$SELECT * FROM cell JOIN back USING (id, cohort, period, mode, criterion, rolling)
	WHERE cardinality(users) <> retained$$, 'as many as came back');
SELECT is_empty($$SELECT * FROM cell JOIN gone USING (id, cohort, period, mode, criterion, rolling)
	WHERE cardinality(users) <> eligible - retained$$, 'as many as did not');
SELECT is_empty($$SELECT * FROM cell JOIN everybody USING (id, cohort, period, mode, criterion, rolling)
	WHERE cardinality(users) <> eligible$$, 'as many as are eligible');
SELECT is((SELECT count(*) FROM back), (SELECT count(*) FROM cell), 'a list for each cell');

-- those who, alone, are one in the same cell
CREATE TEMP TABLE single AS
	SELECT s.id, r.cohort, r.period, o.mode, o.criterion, o.rolling, r.eligible = 1 AS eligible, r.retained = 1 AS retained,
		CASE x.ids WHEN 0 THEN (7 * u)::text WHEN 1 THEN md5(u::text)::uuid::text ELSE 'user ' || u END AS user_id
	FROM state s JOIN alone x USING (id) JOIN option o ON NOT rolling OR (with_times AND unit <> 'month'),
		affinity.retention(x.a, coalesce(s.as_of, (affinity.describe(s.a)).last_at AT TIME ZONE zone), mode, criterion, brackets, 'total', NULL,
			cohorts_from, cohorts_before, rolling) r;
ANALYZE single;
CREATE FUNCTION pg_temp.same_as(lists text, condition text, what text) RETURNS SETOF text LANGUAGE sql AS $$
	WITH q AS (SELECT format('SELECT id, cohort, period, mode, criterion, rolling, unnest(users) FROM %s', lists) AS listed,
		format('SELECT id, cohort, period, mode, criterion, rolling, user_id FROM single WHERE %s', condition) AS alone)
	SELECT is_empty(listed || ' EXCEPT ALL ' || alone, what) FROM q
	UNION ALL SELECT is_empty(alone || ' EXCEPT ALL ' || listed, what || ', nobody missing') FROM q $$;
SELECT pg_temp.same_as('back', 'eligible AND retained', 'who came back');
SELECT pg_temp.same_as('gone', 'eligible AND NOT retained', 'who did not');
SELECT is_empty($$SELECT users FROM everybody WHERE users <> ARRAY(SELECT x FROM unnest(users) x
	ORDER BY CASE WHEN x ~ '^\d+$' THEN x::int END, x COLLATE "C")$$, 'in order of ids');

-- the wide form has the same cells
CREATE FUNCTION pg_temp.wide(denominator text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE format('CREATE TEMP TABLE wide AS SELECT s.id, o.mode, o.criterion, o.rolling, r.* FROM state s JOIN option o ON NOT rolling OR (with_times AND unit <> ''month''),
		affinity.retention_wide(s.a, s.as_of, mode, criterion, brackets, %1$L, 7, cohorts_from, cohorts_before, rolling) r WHERE NOT rolling OR %1$L = ''total'';
	CREATE TEMP TABLE tall AS SELECT s.id, o.mode, o.criterion, o.rolling, r.cohort, cohort_size, array_agg(retained ORDER BY period) AS users,
			array_agg(rate ORDER BY period) AS rates, array_agg(complete ORDER BY period) AS complete
		FROM state s JOIN option o ON NOT rolling OR (with_times AND unit <> ''month''),
			affinity.retention(s.a, s.as_of, mode, criterion, brackets, %1$L, 7, cohorts_from, cohorts_before, rolling) r WHERE NOT rolling OR %1$L = ''total''
		GROUP BY 1, 2, 3, 4, 5, 6', denominator);
	RETURN is_empty('(TABLE wide EXCEPT ALL TABLE tall) UNION ALL (TABLE tall EXCEPT ALL TABLE wide)', 'wide form, ' || denominator);
END $$;
SELECT pg_temp.wide('total');
SELECT cmp_ok(count(*), '>', 1000::bigint, 'many rows') FROM wide;
DROP TABLE wide, tall;
SELECT pg_temp.wide('previous');

-- 2. lifecycle and active_users, of the same logs
CREATE TEMP TABLE lifecycle AS
	SELECT s.id, s.ids, s.a, s.as_of, c.* FROM state s, affinity.lifecycle(a, as_of) c;
CREATE TEMP TABLE churn AS
	SELECT s.id, s.ids, s.a, s.as_of, w AS long_window, c.* FROM state s, generate_series(1, 3, 2) w, affinity.active_users(a, as_of, 1, w) c;
SELECT is_empty(format($$SELECT * FROM lifecycle WHERE ids = %1$s AND ARRAY[active, new_users, returning_users, resurrecting_users, dormant_users] <>
	ARRAY(SELECT (SELECT count(*) FROM affinity.lifecycle_members(a, NULL::%2$s, period_start, state, as_of))
		FROM unnest('{active,new,returning,resurrecting,dormant}'::text[]) WITH ORDINALITY s (state, no) ORDER BY no)$$, ids, type), 'lifecycle of ' || type)
FROM id_of ORDER BY ids;
SELECT is_empty(format($$SELECT * FROM churn WHERE ids = %1$s AND churned_users <>
	(SELECT count(*) FROM affinity.churned_members(a, NULL::%2$s, period_start, as_of, long_window))$$, ids, type), 'churned of ' || type)
FROM id_of ORDER BY ids;
SELECT cmp_ok(sum(churned_users), '>', 50::numeric, 'many churned') FROM churn;

-- 3. Online Retail II
CREATE TEMP TABLE purchases (invoice text, customer_id int, stock_code text, quantity int, price numeric, invoiced_at timestamp, country text);
\copy purchases FROM PROGRAM 'xz -dc test/data/online_retail_purchases.csv.xz' CSV HEADER
CREATE TEMP TABLE shop AS SELECT affinity.activity_agg(customer_id, invoiced_at, 'month') AS a, affinity.activity_agg(customer_id, invoiced_at, 'day') AS d FROM purchases;
CREATE TEMP TABLE active AS
	SELECT DISTINCT customer_id, date_trunc('month', invoiced_at) AS m, min(date_trunc('month', invoiced_at)) OVER (PARTITION BY customer_id) AS first FROM purchases;
SELECT results_eq($$SELECT affinity.cohort_members(a, NULL::int, '2011-08-01', 2) FROM shop$$,
	$$SELECT customer_id FROM active WHERE first = '2011-08-01' AND m = '2011-10-01' ORDER BY 1$$, 'who came back after two months');
SELECT results_eq($$SELECT m FROM shop, affinity.cohort_members(a, NULL::bigint, '2011-08-17 12:00', 2, retained => false) m$$,
	$$SELECT DISTINCT customer_id::bigint FROM active x WHERE first = '2011-08-01' AND NOT EXISTS (
		SELECT FROM active y WHERE y.customer_id = x.customer_id AND m = '2011-10-01') ORDER BY 1$$, 'who did not');
SELECT results_eq($$SELECT m FROM shop, affinity.lifecycle_members(a, NULL::bigint, '2011-11-01', 'Dormant') m$$,
	$$SELECT customer_id::bigint FROM active WHERE m = '2011-10-01' EXCEPT SELECT customer_id FROM active WHERE m = '2011-11-01' ORDER BY 1$$, 'dormant in November');
SELECT results_eq($$SELECT m FROM shop, affinity.churned_members(d, NULL::bigint, '2011-12-08') m$$,
	$$SELECT customer_id::bigint FROM purchases WHERE invoiced_at < '2011-12-09' GROUP BY 1 HAVING max(invoiced_at)::date = date '2011-12-08' - 28 ORDER BY 1$$, 'churned on a day');

-- 4. Edges
CREATE TEMP TABLE one AS SELECT affinity.activity_agg(5000000000, timestamp '2024-01-15', 'month') AS a;
SELECT is_empty($$SELECT affinity.cohort_members(NULL::affinity.activity, NULL::bigint, '2024-01-01', 0)$$, 'no activity');
SELECT is_empty($$SELECT affinity.cohort_members(a, NULL::bigint, '2024-01-01', 1, false) FROM one$$, 'a period that has not begun');
SELECT results_eq($$SELECT affinity.cohort_members(a, NULL::bigint, '2024-01-01', 1, false, '2024-02-01') FROM one$$, 'VALUES (5000000000)', 'one that has');
SELECT is_empty($$SELECT affinity.cohort_members(a, NULL::bigint, '0001-01-01 BC', 0) FROM one$$, 'a cohort before all');
SELECT is_empty($$SELECT affinity.lifecycle_members(a, NULL::bigint, '2030-01-01', 'dormant') FROM one$$, 'a period after all');
SELECT throws_ok($$SELECT affinity.cohort_members(a, NULL::text, '2024-01-01', 0) FROM one$$, '42804',
	'users of this state are of type bigint, not text', 'another type');
SELECT throws_ok($$SELECT affinity.cohort_members(a, NULL::int, '2024-01-01', 0) FROM one$$, '22003',
	'user 5000000000 is out of range for type integer', 'a narrower type');
SELECT throws_ok($$SELECT affinity.cohort_members(a, 1::numeric, '2024-01-01', 0) FROM one$$, '42804',
	'users of this state are of type bigint, not numeric', 'no type of ids');
SELECT throws_ok($$SELECT affinity.cohort_members(a, 1::bigint, '2024-01-01', -1) FROM one$$, '22023', NULL, 'a negative period');
SELECT throws_ok($$SELECT affinity.cohort_members(a, 1::bigint, '2024-01-01', 9, criterion => 'bracket', brackets => '{1,3}') FROM one$$, '22023',
	'period 9 is behind the last bracket', 'no bracket');
SELECT throws_ok($$SELECT affinity.cohort_members(a, 1::bigint, 'infinity', 0) FROM one$$, '22023', 'cohort must be finite', 'an infinite cohort');
SELECT throws_ok($$SELECT affinity.lifecycle_members(a, 1::bigint, '2024-01-01', 'churned') FROM one$$, '22023', 'unknown state: "churned"', 'an unknown state');
SELECT throws_ok($$SELECT affinity.churned_members(a, 1::bigint, '2024-01-01') FROM one$$, '22023',
	'churned_members needs long_window for a state of unit month', 'a window of months');
CREATE FUNCTION pg_temp.hint(call text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	hint text;
BEGIN
	EXECUTE call;
	RETURN NULL;
EXCEPTION WHEN invalid_parameter_value THEN
	GET STACKED DIAGNOSTICS hint = PG_EXCEPTION_HINT;
	RETURN hint;
END $$;
SELECT is(pg_temp.hint($$SELECT affinity.churned_members(a, 1::bigint, '2024-01-01') FROM one$$),
	'They count periods of the state: long_window => 12. Only days have a default, 28.', 'which has one window');
SELECT lives_ok($$SELECT affinity.churned_members(a, 1::bigint, '2024-01-01', long_window => 12) FROM one$$, 'as the hint has it');
SELECT * FROM finish();
ROLLBACK;
