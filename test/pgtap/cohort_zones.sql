-- Periods in every time zone that the server knows: around changes of its offset,
-- drawn by chance (fixed seed) from those since 1850, against AT TIME ZONE and
-- date_trunc. Offsets of odd seconds, half hours, jumps over midnight and the date
-- line are all among them.
BEGIN;
SET LOCAL jit = off;
SET LOCAL work_mem = '64MB';
SET LOCAL timezone = 'UTC';
SELECT plan(6);
SELECT setseed(0.5);

-- the instant of a change, to a second
CREATE FUNCTION pg_temp.instant(zone text, before timestamptz, after timestamptz) RETURNS timestamptz LANGUAGE plpgsql AS $$
DECLARE
	off interval := (before AT TIME ZONE zone) - before::timestamp;
	mid timestamptz;
BEGIN
	WHILE after - before > interval '1 second' LOOP
		mid := before + (after - before) / 2;
		IF (mid AT TIME ZONE zone) - mid::timestamp = off THEN before := mid; ELSE after := mid; END IF;
	END LOOP;
	RETURN date_trunc('second', after);
END $$;
CREATE TEMP TABLE change AS
	SELECT row_number() OVER () AS no, zone, pg_temp.instant(zone, month, month + interval '2 months') AS at FROM (
		SELECT zone, month, row_number() OVER (PARTITION BY zone ORDER BY random()) AS nth FROM (
			SELECT zone, month, (month AT TIME ZONE zone) - month::timestamp AS off,
				lead((month AT TIME ZONE zone) - month::timestamp) OVER (PARTITION BY zone ORDER BY month) AS next_off
			FROM (SELECT name AS zone FROM pg_timezone_names WHERE name !~ '^(posix|right)/') z,
				generate_series(timestamptz '1850-01-01 00:00+00', '2040-01-01', '2 months') month) o
		WHERE off <> next_off) c
	WHERE nth <= 6;
SELECT cmp_ok(count(*), '>', 1500::bigint, 'many changes in ' || count(DISTINCT zone) || ' zones') FROM change;
-- two users within minutes, hours and days of the change
CREATE TEMP TABLE event AS
	SELECT no, zone, i % 2 AS user_id, at + (random() - 0.5) *
		(ARRAY[interval '4 minutes', '4 hours', '60 hours', '40 days'])[1 + i % 4] AS at
	FROM change, generate_series(1, 60) i;
SELECT cmp_ok(count(*), '>', 0::bigint, 'some rows are in an earlier day than one before')
FROM (SELECT date_trunc('day', at AT TIME ZONE zone) < lag(date_trunc('day', at AT TIME ZONE zone)) OVER (PARTITION BY no ORDER BY at) AS back
	FROM event) e WHERE back;
-- as bitmaps and with times, which take the way through the rows
CREATE TEMP TABLE state AS
	SELECT no, unit, form, affinity.activity_agg(user_id, at, unit, zone) AS a
	FROM event, unnest(ARRAY['hour', 'day']) unit, (VALUES ('periods')) f (form) GROUP BY 1, 2, 3
	UNION ALL
	SELECT no, unit, form, affinity.activity_agg(user_id, at, unit, zone, true, true)
	FROM event, unnest(ARRAY['hour', 'day']) unit, (VALUES ('times')) f (form) GROUP BY 1, 2, 3;
CREATE TEMP TABLE own AS
	SELECT no, unit, form, period_start, active FROM state, affinity.lifecycle(a) WHERE active > 0;
CREATE TEMP TABLE plain AS
	SELECT no, unit, date_trunc(unit, at AT TIME ZONE zone) AS period_start, count(DISTINCT user_id) AS active
	FROM event, unnest(ARRAY['hour', 'day']) unit GROUP BY 1, 2, 3;
SELECT is_empty(format($$(SELECT no, period_start, active FROM own WHERE unit = %1$L AND form = %2$L
		EXCEPT ALL SELECT no, period_start, active FROM plain WHERE unit = %1$L)
	UNION ALL (SELECT no, period_start, active FROM plain WHERE unit = %1$L
		EXCEPT ALL SELECT no, period_start, active FROM own WHERE unit = %1$L AND form = %2$L) LIMIT 5$$, unit, form),
	format('users by %s, from %s', unit, form))
FROM unnest(ARRAY['hour', 'day']) unit, unnest(ARRAY['periods', 'times']) form;

SELECT * FROM finish();
ROLLBACK;
