-- Sums of a value state that grows: in columns of periods or in a log, the state
-- is the same to the last byte, and its sums are those of plain SQL.
BEGIN;
SELECT plan(13);

-- 20,000 users who stay for some months of a year, in order of time
CREATE TEMP TABLE paid AS
SELECT u AS user_id, date '2024-01-01' + (u / 60 + n * (u % 37))::int AS day,
	(hashint8extended(u * 64 + n, 1) & 65535) / 64.0 - 100 AS amount
FROM generate_series(1, 20000) u, generate_series(0, (u % 5)::int) n
ORDER BY 2, 1;

CREATE FUNCTION pg_temp.state(rows text, unit text) RETURNS affinity.value LANGUAGE plpgsql AS $$
DECLARE state affinity.value;
BEGIN
	EXECUTE format('SELECT affinity.value_agg(user_id, day, amount, %L) FROM %s s', unit, rows) INTO state;
	RETURN state;
END $$;

CREATE TEMP TABLE by_time AS SELECT pg_temp.state('paid', 'month') AS state;
-- nearly each row is a user's first for long: of months the sums stay in columns, of weeks, where most places are empty, they go to the log
SELECT ok(state = pg_temp.state('(SELECT * FROM paid ORDER BY hashint8extended(user_id, 5), day OFFSET 0)', 'month'),
	'rows of one user after the other') FROM by_time;
SELECT ok(state = pg_temp.state('(SELECT * FROM paid ORDER BY hashint8extended(user_id * 64 + day - date ''2024-01-01'', 7) OFFSET 0)', 'month'),
	'rows in no order') FROM by_time;
SELECT ok(state = pg_temp.state('(SELECT * FROM paid ORDER BY day DESC, user_id OFFSET 0)', 'month'),
	'rows from the last to the first') FROM by_time;
SELECT ok(state = pg_temp.state('(SELECT * FROM paid WHERE day >= ''2024-05-01'' UNION ALL SELECT * FROM paid WHERE day < ''2024-05-01'')', 'month'),
	'periods that come to lie before the others') FROM by_time;
SELECT ok(state = (SELECT affinity.rollup(part) FROM (SELECT affinity.value_agg(user_id, day, amount, 'month') AS part FROM paid
	GROUP BY user_id % 3) s), 'parts that are merged') FROM by_time;
SELECT is(affinity.rollup(state, NULL::affinity.value)::text, state::text, 'the same text') FROM by_time;

SELECT ok(pg_temp.state('paid', 'week') = pg_temp.state('(SELECT * FROM paid ORDER BY hashint8extended(user_id * 64 + day - date ''2024-01-01'', 7) OFFSET 0)', 'week'),
	'weeks in no order, which go to the log');
SELECT ok(pg_temp.state('paid', 'week') = pg_temp.state('(SELECT * FROM paid ORDER BY hashint8extended(user_id, 5), day OFFSET 0)', 'week'), 'weeks of one user after the other');
-- more than 64 periods do not have columns
SELECT ok(pg_temp.state('paid', 'day') = pg_temp.state('(SELECT * FROM paid ORDER BY hashint8extended(user_id, 5), day OFFSET 0)', 'day'),
	'days of a year, which are in the log');
SELECT ok(pg_temp.state('(SELECT * FROM paid WHERE day < ''2024-03-15'')', 'day') =
	pg_temp.state('(SELECT * FROM paid WHERE day < ''2024-03-15'' ORDER BY user_id OFFSET 0)', 'day'), 'days that outgrow the columns');

-- text and uuid users; groups that begin flat
SELECT ok((SELECT affinity.value_agg(user_id::text, day, amount, 'month') FROM paid) =
	(SELECT affinity.value_agg(user_id::text, day, amount, 'month') FROM (SELECT * FROM paid ORDER BY user_id OFFSET 0) s),
	'users that are texts');
SELECT ok(bool_and(a = b), 'groups of all sizes') FROM
	(SELECT user_id % 997 % 40 AS g, affinity.value_agg(user_id, day, amount, 'month') AS a FROM paid GROUP BY 1) s JOIN
	(SELECT user_id % 997 % 40 AS g, affinity.value_agg(user_id, day, amount, 'month') AS b
		FROM (SELECT * FROM paid ORDER BY user_id DESC OFFSET 0) d GROUP BY 1) t USING (g);

SELECT results_eq($$SELECT period_start::date, sum(value)::numeric(20, 6) FROM by_time, affinity.revenue_retention(state, '2030-01-01') WHERE value IS NOT NULL GROUP BY 1 HAVING sum(value) <> 0 ORDER BY 1$$,
	$$SELECT date_trunc('month', day)::date, sum(amount)::numeric(20, 6) FROM paid GROUP BY 1 ORDER BY 1$$, 'sums of plain SQL');
SELECT finish();
ROLLBACK;
