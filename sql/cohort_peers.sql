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
