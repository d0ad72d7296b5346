-- retention(c1, ...) as ClickHouse has it: the cases of its documentation and of
-- its test 00688_aggregation_retention.
CREATE TABLE visits (day date, uid int);
INSERT INTO visits
	SELECT date '2018-08-06', u FROM generate_series(0, 79) u
	UNION ALL SELECT date '2018-08-07', u FROM generate_series(0, 49) u
	UNION ALL SELECT date '2018-08-08', u FROM generate_series(0, 59) u;
SELECT sum(r[1]) AS r1, sum(r[2]) AS r2 FROM (
	SELECT uid, affinity.retention(day = '2018-08-06', day = '2018-08-07') AS r
	FROM visits WHERE day IN ('2018-08-06', '2018-08-07') GROUP BY uid) u;
SELECT sum(r[1]) AS r1, sum(r[2]) AS r2 FROM (
	SELECT uid, affinity.retention(day = '2018-08-06', day = '2018-08-08') AS r
	FROM visits WHERE day IN ('2018-08-06', '2018-08-08') GROUP BY uid) u;
SELECT sum(r[1]) AS r1, sum(r[2]) AS r2, sum(r[3]) AS r3 FROM (
	SELECT uid, affinity.retention(day = '2018-08-06', day = '2018-08-07', day = '2018-08-08') AS r
	FROM visits GROUP BY uid) u;

TRUNCATE visits;
INSERT INTO visits
	SELECT date '2020-01-01', u FROM generate_series(0, 4) u
	UNION ALL SELECT date '2020-01-02', u FROM generate_series(0, 9) u
	UNION ALL SELECT date '2020-01-03', u FROM generate_series(0, 14) u;
SELECT uid, affinity.retention(day = '2020-01-01', day = '2020-01-02', day = '2020-01-03') AS r
FROM visits GROUP BY uid ORDER BY uid;

-- NULL is false; no rows; 1 and 32 conditions; the array form
SELECT affinity.retention(NULL::boolean, true, true) AS never_started,
	affinity.retention(true, NULL, true) AS null_is_false;
SELECT affinity.retention(day = '2020-01-01', true) AS none FROM visits WHERE false;
SELECT affinity.retention(true) AS one;
SELECT affinity.retention(VARIADIC array_fill(true, ARRAY[32])) AS thirty_two;
SELECT affinity.retention(VARIADIC array_fill(true, ARRAY[33]));
SELECT affinity.retention(VARIADIC '{}'::boolean[]);
SELECT affinity.retention(VARIADIC CASE WHEN uid = 0 THEN ARRAY[true] ELSE ARRAY[true, true] END) FROM visits;

-- the same by plain SQL
SELECT count(*) FROM (
	SELECT uid, affinity.retention(day = '2020-01-01', day = '2020-01-03') AS r FROM visits GROUP BY uid
	EXCEPT SELECT uid, ARRAY[(uid < 5)::int, (uid < 5)::int] FROM visits) d;
DROP TABLE visits;

-- range_retention_count and range_retention_sum as Hologres and GaussDB have
-- them: the example of GaussDB's documentation, with its result.
SET search_path = public, affinity;
CREATE TABLE retention_test (uid int, event text, event_time timestamp);
INSERT INTO retention_test VALUES
	(1, 'pay', '2024-05-01'), (1, 'login', '2024-05-01'), (1, 'pay', '2024-05-02'),
	(1, 'login', '2024-05-02'), (2, 'login', '2024-05-01'), (3, 'login', '2024-05-02'),
	(3, 'pay', '2024-05-03'), (3, 'pay', '2024-05-04');
WITH retention_count_info AS (
	SELECT uid, range_retention_count(event = 'login', event = 'pay',
		DATE(event_time), array[1, 2], 'day') AS info
	FROM retention_test GROUP BY uid
), retention_sum AS (
	SELECT regexp_split_to_array(unnest(range_retention_sum(info)), ',') AS s
	FROM retention_count_info
) SELECT to_date(s[1], 'YYYYMMDD') AS login_date,
	s[3]::numeric / s[2]::numeric AS retention_rate1,
	s[4]::numeric / s[2]::numeric AS retention_rate2
FROM retention_sum ORDER BY login_date;
-- the text of Hologres' documentation: a date, the users, and always 15 counts
SELECT range_retention_sum(i) FROM (SELECT range_retention_count(event = 'login', event = 'pay',
	event_time::date, ARRAY[0, 1, 2], 'Day', 'normal') AS i FROM retention_test GROUP BY uid) u;
SELECT uid, range_retention_count(event = 'login', event = 'pay', event_time::date, '{0,1}', g) AS info
FROM retention_test, unnest('{week,month}'::text[]) g GROUP BY g, uid ORDER BY g, uid;
-- nothing; NULLs
SELECT range_retention_sum(NULL) AS nobody, range_retention_sum('{}') AS no_first;
SELECT range_retention_count(NULL, true, DATE '2024-05-01', '{1}', 'day') AS no_first,
	range_retention_count(true, true, NULL, '{1}', 'day') AS no_date;
SELECT range_retention_count(true, true, DATE '2024-05-01', '{1}', 'day') FROM retention_test WHERE false;
-- wrong calls, and arrays that were not made here
SELECT range_retention_count(true, true, DATE '2024-05-01', '{1}', 'year');
SELECT range_retention_count(true, true, DATE '2024-05-01', '{1}', NULL);
SELECT range_retention_count(true, true, DATE '2024-05-01', NULL, 'day');
SELECT range_retention_count(true, true, DATE '2024-05-01', '{}', 'day');
SELECT range_retention_count(true, true, DATE '2024-05-01', array_fill(1, ARRAY[16]), 'day');
SELECT range_retention_count(true, true, DATE '2024-05-01', '{-1}', 'day');
SELECT range_retention_count(true, true, DATE '2024-05-01', '{NULL}', 'day');
SELECT range_retention_count(true, true, DATE 'infinity', '{1}', 'day');
SELECT range_retention_count(true, true, DATE '2024-05-01', '{1}', 'day', 'expand');
SELECT range_retention_count(true, true, DATE '2024-05-01', ARRAY[uid], 'day') FROM retention_test;
SELECT range_retention_sum('{NULL}');
SELECT range_retention_sum('{9223372036854775807}');
SELECT range_retention_count_final('{}');
SELECT range_retention_count_final('{15}');
SELECT range_retention_count_final('{1,9223372036854775807,9223372036854775807,1}');
SELECT range_retention_count_final('{513,1,9223372036854775807}');
SELECT range_retention_count_final('{257,1,-9223372036854775807}');
SELECT range_retention_count_combine('{1,1}', '{2,1,1}');
SELECT range_retention_sum_combine('{1}', '{}');
SELECT range_retention_sum_combine('{}', '{1,2}');
SELECT range_retention_sum_final(array_fill(9223372036854775807, ARRAY[17]));

-- Random logs against plain SQL, in two states, serially and in parallel.
SELECT setseed(0.5);
CREATE TABLE rows AS SELECT (random() * 300)::int AS uid, DATE '2023-10-01' + (random() ^ 2 * 250)::int AS dt,
	random() < 0.2 AS f, random() < 0.6 AS a FROM generate_series(1, 4000);
ANALYZE rows;
CREATE FUNCTION by_hand(g text) RETURNS TABLE (s text) STABLE LANGUAGE sql AS $$
	WITH f AS (SELECT DISTINCT uid, date_trunc(g, dt::timestamp) AS p FROM rows WHERE f),
	a AS (SELECT DISTINCT uid, date_trunc(g, dt::timestamp) AS p FROM rows WHERE a)
	SELECT concat_ws(',', to_char(f.p, 'YYYYMMDD'), count(*), count(a1.uid), count(a3.uid),
		count(a7.uid)) || repeat(',0', 12)
	FROM f LEFT JOIN a a1 ON a1.uid = f.uid AND a1.p = f.p + ('1 ' || g)::interval
	LEFT JOIN a a3 ON a3.uid = f.uid AND a3.p = f.p + ('3 ' || g)::interval
	LEFT JOIN a a7 ON a7.uid = f.uid AND a7.p = f.p + ('7 ' || g)::interval
	GROUP BY f.p ORDER BY f.p
$$;
CREATE FUNCTION here(g text) RETURNS text[] STABLE LANGUAGE sql AS $$
	SELECT range_retention_sum(i) FROM (
		SELECT range_retention_count(f, a, dt, '{1,3,7}', g) AS i FROM rows GROUP BY uid) u
$$;
SELECT g, cardinality(here(g)) AS periods, here(g) = ARRAY(SELECT by_hand(g)) AS equal
FROM unnest('{day,week,month}'::text[]) AS g;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SET enable_hashagg = on;
EXPLAIN (COSTS OFF) SELECT uid, range_retention_count(f, a, dt, '{1,3,7}', 'week') FROM rows GROUP BY uid;
SELECT g, here(g) = ARRAY(SELECT by_hand(g)) AS equal_in_parallel
FROM unnest('{day,week,month}'::text[]) AS g;
-- merging states, in which one user's rows may be apart
SELECT range_retention_count_final(range_retention_count_combine(
	range_retention_count_accum(NULL, true, false, '2024-05-01', '{1,2}', 'day'),
	range_retention_count_accum(NULL, false, true, '2024-05-03', '{1,2}', 'day'))) AS apart,
	range_retention_count(d = '2024-05-01', d <> '2024-05-01', d, '{1,2}', 'day') AS together
FROM unnest('{2024-05-03,2024-05-01}'::date[]) d;
-- GaussDB's examples of the other three, with its results
CREATE TABLE funnel_test (user_id int, event_type text, event_time timestamp,
	event_timez timestamptz, event_time_int bigint);
INSERT INTO funnel_test VALUES
	(1, 'Browse', '2021-01-31 11:00:00', '2021-01-31 11:00:00+08', 10),
	(1, 'Click', '2021-01-31 11:10:00', '2021-01-31 11:10:00+07', 20),
	(1, 'Order', '2021-01-31 11:20:00', '2021-01-31 11:20:00+06', 30),
	(1, 'Pay', '2021-01-31 11:30:00', '2021-01-31 11:30:00+05', 40),
	(2, 'Order', '2021-01-31 11:00:00', '2021-01-31 11:00:00+08', 11),
	(2, 'Pay', '2021-01-31 11:10:00', '2021-01-31 11:10:00+08', 12),
	(1, 'Browse', '2021-01-31 11:00:00', '2021-01-31 11:00:00+01', 50),
	(3, 'Browse', '2021-01-31 11:20:00', '2021-01-31 11:20:00-04', 30),
	(3, 'Click', '2021-01-31 12:00:00', '2021-01-31 12:00:00-04', 80),
	(4, 'Browse', '2021-01-31 11:50:00', '2021-01-31 11:50:00-01', 1000),
	(4, 'Pay', '2021-01-31 12:00:00', '2021-01-31 12:00:00-02', 900),
	(4, 'Order', '2021-01-31 12:00:00', '2021-01-31 12:00:00-03', 1001),
	(4, 'Click', '2021-01-31 12:00:00', '2021-01-31 12:00:00-04', 1001),
	(5, 'Browse', '2021-01-31 11:50:00', '2021-01-31 11:50:00+08', NULL),
	(5, 'Click', '2021-01-31 12:00:00', '2021-01-31 12:00:00+08', 776),
	(5, 'Order', '2021-01-31 11:10:00', '2021-01-31 11:10:00+08', 999),
	(6, 'Browse', '2021-01-31 11:50:00', '2021-01-31 11:50:00+01', -1),
	(6, 'Click', '2021-01-31 12:00:00', '2021-01-31 12:00:00+02', -2),
	(6, 'Order', '2021-01-31 12:10:00', '2021-01-31 12:00:00+03', -3);
SELECT user_id, windowFunnel(0, 'default', event_timez, event_type = 'Browse',
		event_type = 'Click', event_type = 'Order', event_type = 'Pay') AS level,
	windowFunnel(40, 'default', date(event_time), true, true, false, true) AS by_date,
	retention(event_type = 'Browse', event_type = 'Click', event_type = 'Order', event_type = 'Pay') AS r
FROM funnel_test GROUP BY user_id ORDER BY user_id;
SELECT sum(r[1]), sum(r[2]), sum(r[3]), sum(r[4]) FROM (
	SELECT retention(event_type = 'Browse', event_type = 'Click', event_type = 'Order', event_type = 'Pay') AS r
	FROM funnel_test GROUP BY user_id) u;
RESET search_path;
DROP TABLE rows, retention_test, funnel_test;
DROP FUNCTION by_hand, here;
