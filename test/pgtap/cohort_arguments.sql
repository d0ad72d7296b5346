-- Words of cohorts and funnels, in any case; units of time also in the plural.
BEGIN;
SET LOCAL jit = off;
SET LOCAL timezone = 'UTC';
SELECT plan(51);

CREATE TEMP TABLE activity_row AS
	SELECT 1 + i % 7 AS user_id, timestamptz '2023-12-25 05:00+00' + i * i % 401 * interval '7 hours' AS at, i % 5 AS value FROM generate_series(1, 200) i;

-- Units, where they are read.
CREATE TEMP TABLE word (word text, unit text);
INSERT INTO word SELECT w, u FROM unnest('{hour,day,week,month,quarter,year}'::text[]) u, unnest(ARRAY[upper(u), initcap(u) || 's', upper(u || 's')]) w;
INSERT INTO word VALUES ('Week_Sunday', 'week_sunday'), ('weeks_sunday', 'week_sunday'), ('WEEKS_SATURDAY', 'week_saturday'), ('weeks_monday', 'week');
SELECT ok((SELECT affinity.activity_agg(user_id, at, word) = affinity.activity_agg(user_id, at, unit)
		AND affinity.value_agg(user_id, at, value, word) = affinity.value_agg(user_id, at, value, unit)
		AND affinity.coarsen(affinity.activity_agg(user_id, at, 'Hours'), word) = affinity.activity_agg(user_id, at, unit) FROM activity_row),
	word) FROM word ORDER BY word;
SELECT throws_ok(format('SELECT affinity.activity_agg(1, now(), %L)', word), '22023', format('unknown unit of time: "%s"', word), format('"%s" is no unit', word))
FROM unnest('{dayss,weeksunday,week_sundays,s,week_,weeks_,_sunday,""}'::text[]) word;
SELECT ok(affinity.range_retention_count(true, true, at::date, '{1,2}'::int[], word) = affinity.range_retention_count(true, true, at::date, '{1,2}'::int[], unit),
	'range_retention_count: ' || word) FROM activity_row, (VALUES ('DAYS', 'day'), ('Weeks', 'week'), ('months', 'month')) w (word, unit) GROUP BY word, unit;

-- Modes, criteria and denominators of retention.
CREATE TEMP TABLE activity AS SELECT affinity.activity_agg(user_id, at, 'week') AS activity FROM activity_row;
SELECT results_eq(format('SELECT r.* FROM activity, affinity.retention(activity, %s => %L) r', name, w),
	format('SELECT r.* FROM activity, affinity.retention(activity, %s => %L) r', name, word), format('%s: %s', name, w))
FROM (VALUES ('mode', 'first_in_range'), ('mode', 'recurring'), ('criterion', 'on_or_after'), ('criterion', 'streak'), ('denominator', 'previous'),
	('denominator', 'total')) x (name, word), LATERAL unnest(ARRAY[upper(word), initcap(word)]) w ORDER BY name, w;
SELECT results_eq('SELECT c.* FROM activity, affinity.retention_curve(activity, mode => ''Recurring'', denominator => ''Previous'') c',
	'SELECT c.* FROM activity, affinity.retention_curve(activity, mode => ''recurring'', denominator => ''previous'') c', 'retention_curve');

-- Modes of funnels.
SELECT ok(affinity.funnel_agg(user_id, at, interval '3 days', word, value = 1, value > 1, value = 4) =
	affinity.funnel_agg(user_id, at, interval '3 days', lower(word), value = 1, value > 1, value = 4), word)
FROM activity_row, unnest('{Strict_Order,STRICT_INCREASE,Optional 2,EXCLUDE 3 Between 1 AND 2,Any_Order 2 3}'::text[]) word GROUP BY word;

SELECT finish();
ROLLBACK;
