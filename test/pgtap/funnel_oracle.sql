-- Funnels against an oracle that enumerates every chain of every log.
--
-- 5,000 random logs of up to seven rows at few instants, so that ties, rows
-- that satisfy several steps, repeats and late rows abound. The oracle knows
-- only the definition: a recursive query builds all chains, row by row.
BEGIN;
SELECT plan(54);
SELECT setseed(0.3);

-- A row satisfies each of four conditions by chance; how likely differs between
-- logs, and so does the window. Conditions may be NULL, which is false.
CREATE TEMP TABLE log AS
	SELECT log, (ARRAY[0, 2, 4, 9])[log % 4 + 1]::bigint AS win,
		(random() * 6)::int + 1 AS n_rows,
		random() * 0.5 + 0.1 AS likely, (random() * 12)::int + 1 AS instants
	FROM generate_series(1, 5000) AS log;
CREATE TEMP TABLE event AS
	SELECT log, win, floor(random() * instants)::bigint AS at,
		ARRAY[random() < likely, random() < likely, nullif(random() < likely, false),
			random() < likely] AS c
	FROM log, generate_series(1, n_rows);

-- The order of rows: by time, then by first condition that holds, then by the
-- conditions as a number.
CREATE TEMP TABLE placed AS
	SELECT *, row_number() OVER (PARTITION BY log ORDER BY at,
		coalesce(array_position(c, true), 0),
		coalesce(c[1], false)::int + 2 * coalesce(c[2], false)::int
			+ 4 * coalesce(c[3], false)::int + 8 * coalesce(c[4], false)::int) AS pos
	FROM (SELECT log, win, at, ARRAY[coalesce(c[1], false), coalesce(c[2], false),
		coalesce(c[3], false), coalesce(c[4], false)] AS c FROM event) e;
CREATE INDEX ON placed (log, pos);
ANALYZE placed;

-- May row x lie between steps k and k + 1 without being taken?
CREATE FUNCTION pg_temp.may_lie(c boolean[], k int, n int, mode text)
RETURNS boolean IMMUTABLE LANGUAGE sql AS $$
	SELECT NOT (mode ~ 'exclude' AND c[4])
	AND (mode !~ 'order' OR (true = ANY (c)
		AND NOT true = ANY (coalesce(c[k + 2:n], '{}'))
		AND NOT (k > 1 AND c[1] AND mode !~ 'reentry')))
	AND (mode !~ 'strict_dedup' OR NOT true = ANY (coalesce(c[2:least(k + 1, n)], '{}')))
	AND (mode !~ '\mdedup' OR NOT true = ANY (c[1:least(k + 1, n)]))
	AND (mode !~ 'fixed' OR NOT true = ANY (c[1:n]))
	AND mode !~ 'adjacent'
$$;

-- The longest chain; of those the first to be complete; of those the last to
-- start; of those the one whose steps are earliest.
CREATE FUNCTION pg_temp.oracle(mode text) RETURNS TABLE (log int, times bigint[])
LANGUAGE sql AS $$
	WITH RECURSIVE n AS (SELECT CASE WHEN mode ~ 'exclude' THEN 3 ELSE 4 END AS n),
	chain AS (
		SELECT log, 1 AS k, ARRAY[pos] AS rows, ARRAY[at] AS times
		FROM placed WHERE c[1] AND NOT (mode ~ 'exclude' AND c[4])
		UNION ALL
		SELECT p.log, k + 1, rows || p.pos, times || p.at
		FROM chain ch JOIN placed p USING (log), n
		WHERE k < n AND p.c[k + 1] AND NOT (mode ~ 'exclude' AND p.c[4])
		AND p.at - times[1] <= p.win
		AND CASE WHEN mode ~ 'increase' THEN p.at > times[k] ELSE p.at >= times[k] END
		AND (mode ~ 'same_row' OR p.pos <> ALL (rows))
		AND (mode !~ 'order|dedup|exclude|fixed|adjacent' OR (p.pos > rows[k]
			AND NOT EXISTS (
				SELECT FROM placed x
				WHERE x.log = p.log AND x.pos > rows[k] AND x.pos < p.pos
				AND NOT pg_temp.may_lie(x.c, k, n, mode))))
	)
	SELECT DISTINCT ON (l.log) l.log, array_cat(times,
		array_fill(NULL::bigint, ARRAY[n - coalesce(k, 0)]))
	FROM log l CROSS JOIN n LEFT JOIN chain USING (log)
	ORDER BY l.log, k DESC, times[k], times[1] DESC, times
$$;

CREATE TEMP TABLE mode AS
	SELECT * FROM unnest(ARRAY[
		'default', 'strict_once', 'same_row', 'strict_increase',
		'same_row, strict_increase', 'strict_order', 'strict_deduplication',
		'strict_order, allow_reentry', 'strict_order, strict_increase',
		'strict_deduplication, strict_increase',
		'strict_order+strict_deduplication', 'strict|strict_order|strict_increase',
		'strict_order, strict_deduplication, allow_reentry', 'exclude_last',
		'exclude_last, strict_increase', 'exclude_last, strict_order',
		'exclude_last, strict_deduplication',
		'exclude_last, strict_order, strict_increase, allow_reentry',
		'deduplication', 'fixed', 'adjacent', 'fixed, increase',
		'deduplication, strict_increase, exclude_last', 'adjacent, exclude_last'])
	WITH ORDINALITY AS m (mode, no);

CREATE TEMP TABLE expected AS
	SELECT no, mode, o.* FROM mode, pg_temp.oracle(
		replace(replace(mode, 'strict|', 'strict_dedup|'), 'strict_once', '')) o;
CREATE TEMP TABLE result AS
	SELECT no, log, affinity.funnel_times(win, mode, at, VARIADIC c) AS times,
		affinity.window_funnel(win, mode, at, c[1], c[2], c[3], c[4]) AS level
	FROM mode, event GROUP BY no, mode, log;
CREATE TEMP TABLE wrong AS
	SELECT no, log, r.times, r.level, e.times AS expected
	FROM result r JOIN expected e USING (no, log)
	WHERE r.times IS DISTINCT FROM e.times
	OR r.level <> cardinality(array_remove(e.times, NULL));

SELECT is_empty(format('SELECT * FROM wrong WHERE no = %s LIMIT 5', no),
	'every log has the oracle''s chain: ' || mode)
FROM mode ORDER BY no;
SELECT is((SELECT count(*) FROM result JOIN expected USING (no, log)),
	120000::bigint, 'all logs in all modes');

-- A population is its users, and all of them have one window.
CREATE TEMP VIEW steps_of_oracle AS
	SELECT no, win, step::int, count(t.t) AS users,
		count(t.t)::float8 / nullif(first_value(count(t.t)) OVER w, 0) AS from_start,
		count(t.t)::float8 / nullif(lag(count(t.t), 1, count(t.t)) OVER w, 0)
			AS from_previous,
		make_interval(secs => percentile_cont(0.5) WITHIN GROUP (ORDER BY since_last)) AS m,
		make_interval(secs => percentile_cont(0.9) WITHIN GROUP (ORDER BY since_last)) AS p,
		make_interval(secs => percentile_cont(0.5) WITHIN GROUP (ORDER BY since_first)) AS ms,
		make_interval(secs => percentile_cont(0.9) WITHIN GROUP (ORDER BY since_first)) AS ps
	FROM expected JOIN log USING (log), unnest(times) WITH ORDINALITY AS t (t, step),
		LATERAL (SELECT CASE WHEN step > 1 THEN t - times[step - 1] END AS since_last,
			CASE WHEN step > 1 THEN t - times[1] END AS since_first) s
	GROUP BY no, win, step WINDOW w AS (PARTITION BY no, win ORDER BY step);

-- Users as text, in states of single rows' thirds, merged; and two-level.
CREATE TEMP TABLE merged AS
	SELECT no, win, affinity.rollup(f) AS f
	FROM (SELECT no, win, affinity.funnel_agg('user ' || log, at, win, mode,
			c[1], c[2], c[3], c[4]) AS f
		FROM mode, (SELECT *, ceil(random() * 3) AS part FROM event) e
		GROUP BY no, mode, win, part) parts
	GROUP BY no, win;
SELECT results_eq(format($$
	SELECT win, s.* FROM merged, affinity.funnel_steps(f) s WHERE no = %s
	ORDER BY win, step$$, no), format($$
	SELECT win, step, users, from_start, from_previous, m, p, ms, ps
	FROM steps_of_oracle WHERE no = %s ORDER BY win, step$$, no),
	'the population''s table is the oracle''s: ' || mode)
FROM mode ORDER BY no;

CREATE TEMP TABLE two_level AS
	SELECT no, win, affinity.funnel_agg(times) AS f
	FROM (SELECT no, win, affinity.funnel_times(win, mode, at, VARIADIC c) AS times
		FROM mode, event GROUP BY no, mode, win, log) u
	GROUP BY no, win;
SELECT results_eq($$
	SELECT no, win, s.* FROM merged, affinity.funnel_steps(f) s ORDER BY no, win, step$$, $$
	SELECT no, win, s.* FROM two_level, affinity.funnel_steps(f) s ORDER BY no, win, step$$,
	'one level and two give the same tables');

-- The same in microseconds, users as integers and as uuid, from stored text.
CREATE TEMP TABLE stored AS
	SELECT no, win, affinity.funnel_agg(log, timestamp '2024-02-28' + make_interval(secs => at),
			make_interval(secs => win), mode, VARIADIC c)::text AS by_int,
		affinity.funnel_agg(md5(log::text)::uuid, to_timestamp(at),
			make_interval(secs => win), mode, VARIADIC c)::text AS by_uuid
	FROM mode, event GROUP BY no, mode, win;
SELECT results_eq($$
	SELECT no, win, s.* FROM stored, affinity.funnel_steps(by_int::affinity.funnel) s
	ORDER BY no, win, step$$, $$
	SELECT no, win, s.* FROM merged, affinity.funnel_steps(f) s ORDER BY no, win, step$$,
	'integer users and timestamps give the same tables');
SELECT results_eq($$
	SELECT no, win, s.* FROM stored, affinity.funnel_steps(by_uuid::affinity.funnel) s
	ORDER BY no, win, step$$, $$
	SELECT no, win, s.* FROM merged, affinity.funnel_steps(f) s ORDER BY no, win, step$$,
	'uuid users and timestamptz give the same tables');

-- Parallel workers combine what they have.
CREATE TABLE shared_event AS SELECT * FROM event;
ANALYZE shared_event;
SET LOCAL parallel_setup_cost = 0;
SET LOCAL parallel_tuple_cost = 0;
SET LOCAL min_parallel_table_scan_size = 0;
SET LOCAL max_parallel_workers_per_gather = 2;
CREATE TEMP TABLE parallel AS
	SELECT affinity.funnel_agg(log, at, 4, 'strict_order', c[1], c[2], c[3], c[4]) AS f
	FROM shared_event WHERE win = 4;
SELECT results_eq($$
	SELECT s.* FROM parallel, affinity.funnel_steps(f) s$$, $$
	SELECT s.* FROM merged JOIN mode USING (no), affinity.funnel_steps(f) s
	WHERE mode = 'strict_order' AND win = 4$$,
	'parallel workers give the same table');
CREATE FUNCTION pg_temp.plan_of(query text) RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
	RETURN QUERY EXECUTE 'EXPLAIN (COSTS OFF) ' || query;
END
$$;
SELECT isnt_empty($$
	SELECT * FROM pg_temp.plan_of('SELECT affinity.funnel_agg(log, at, 6, c[1])
		FROM shared_event') p WHERE p ~ 'Partial Aggregate'$$,
	'and the planner does use them');

SELECT finish();
ROLLBACK;
