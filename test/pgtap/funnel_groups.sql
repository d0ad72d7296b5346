-- Groups of steps in any order against an oracle that enumerates every chain of
-- every log.
--
-- 4,000 random logs at few instants, with a property of two values or none: 400
-- of up to eight rows, which every mode sees with every choice of groups, and others
-- of up to four, which every mode sees with some choice. The oracle knows only the
-- definition: a recursive query builds all chains, row by row.
BEGIN;
SELECT plan(17);
SELECT setseed(0.3);
SET LOCAL jit = off;

CREATE TEMP TABLE log AS
	SELECT log, (ARRAY[0, 2, 4, 9])[log % 4 + 1]::bigint AS win,
		(random() * CASE WHEN log <= 400 THEN 7 ELSE 3 END)::int + 1 AS n_rows,
		CASE WHEN log > 400 THEN log / 4 % 7 END AS share,
		random() * 0.5 + 0.1 AS likely, (random() * 12)::int + 1 AS instants
	FROM generate_series(1, 4000) AS log;
CREATE TEMP TABLE event AS
	SELECT log, share, win, floor(random() * instants)::bigint AS at,
		nullif((random() * 2.4)::int, 0) AS prop,
		ARRAY[random() < likely, random() < likely, nullif(random() < likely, false),
			random() < likely, random() < likely * 0.6] AS c
	FROM log, generate_series(1, n_rows);

-- Every mode with every choice of groups; for each step its section. Sets of
-- steps and conditions are numbers: for each step, what must be taken before.
CREATE TEMP TABLE mode AS
	SELECT row_number() OVER () AS no, nth % 7 AS share, way, concat_ws(', ', groups, nullif(way, '')) AS mode,
		cardinality(sections) AS n,
		CASE WHEN way ~ 'exclude' THEN 5 ELSE cardinality(sections) END AS n_conditions,
		CASE WHEN way ~ 'exclude' THEN 16 ELSE 0 END AS ex,
		way ~ 'hold' AS hold, way ~ 'increase' AS increase, way ~ 'same_row' AS same_row,
		ARRAY(SELECT coalesce(sum(1 << x::int - 1) FILTER (WHERE before < section), 0)::int
			FROM unnest(sections) WITH ORDINALITY AS a (section, s),
				unnest(sections) WITH ORDINALITY AS b (before, x)
			GROUP BY s ORDER BY s) AS before
	FROM (VALUES (1, 'any_order 2 3', '{1,2,2,3}'::int[]), (2, 'any_order 1 2', '{1,1,2,3}'),
			(3, 'any_order 3 4', '{1,2,3,3}'), (4, 'any_order 2 3 4', '{1,2,2,2}'),
			(5, 'any_order 1 2 3', '{1,1,1,2}'), (6, 'any_order 3 4, any_order 2 1', '{1,1,2,2}'),
			(7, 'any_order 4 2 3 1', '{1,1,1,1}'),
			(8, 'any_order 2 3, any_order 4 5', '{1,2,2,3,3}'),
			(9, 'any_order 2 3 4', '{1,2,2,2,3}'), (10, 'any_order 1 2, any_order 4 5', '{1,1,2,3,3}'))
			AS g (nth, groups, sections),
		unnest(ARRAY['', 'strict_increase', 'same_row', 'same_row, strict_increase',
			'exclude 5', 'exclude_last, increase', 'hold_last', 'hold_last, same_row',
			'hold_last, exclude 5']) AS way
	WHERE way !~ 'exclude' OR cardinality(sections) = 4;

-- The order of rows: by time, then by first condition that holds, then by the
-- conditions as a number; of those conditions that the mode has.
CREATE TEMP TABLE placed AS
	SELECT *, row_number() OVER (PARTITION BY n_conditions, hold, log, prop ORDER BY at,
		coalesce(array_position(c, true), 0), mask) AS pos
	FROM (SELECT *, (SELECT sum(v::int << i::int - 1)::int
			FROM unnest(c) WITH ORDINALITY AS u (v, i)) AS mask
		FROM (SELECT n_conditions, hold, log, share, CASE WHEN hold THEN prop ELSE 0 END AS prop, win, at,
				ARRAY(SELECT coalesce(v, false) FROM unnest(event.c[1:n_conditions])
					WITH ORDINALITY AS u (v, i) ORDER BY i) AS c
			FROM event, (VALUES (4, false), (4, true), (5, false), (5, true)) AS k (n_conditions, hold)
			WHERE NOT hold OR prop IS NOT NULL) e) e;
CREATE INDEX ON placed (n_conditions, hold, log, prop, pos);
ANALYZE placed;

-- The longest chain; of those the first to be complete; of those the last to
-- start; of those the one whose rows are earliest.
CREATE FUNCTION pg_temp.oracle(m mode) RETURNS TABLE (log int, times bigint[])
LANGUAGE sql AS $$
	WITH RECURSIVE chain AS (
		SELECT log, prop, win, 1 << s - 1 AS taken, 1 << pos::int AS rows, pos AS last_pos,
			ARRAY[at] AS times, at AS last
		FROM placed p, generate_series(1, m.n) AS s
		WHERE (n_conditions, hold) = (m.n_conditions, m.hold)
		AND (share IS NULL OR share = m.share)
		AND mask >> s - 1 & 1 = 1 AND m.before[s] = 0 AND mask & m.ex = 0
		UNION ALL
		SELECT ch.log, ch.prop, ch.win, taken | (1 << s - 1), rows | (1 << p.pos::int), p.pos,
			times || p.at, p.at
		FROM chain ch JOIN placed p USING (log, prop)
		CROSS JOIN generate_series(1, m.n) AS s
		WHERE (p.n_conditions, p.hold) = (m.n_conditions, m.hold)
		AND mask >> s - 1 & 1 = 1 AND taken >> s - 1 & 1 = 0 AND mask & m.ex = 0
		-- all steps of the sections before have been taken
		AND m.before[s] & (~taken) = 0
		AND p.at - times[1] <= ch.win
		AND CASE WHEN m.increase THEN p.at > last ELSE p.at >= last END
		AND (m.same_row OR rows >> p.pos::int & 1 = 0)
		AND (m.ex = 0 OR (p.pos > last_pos AND NOT EXISTS (
			SELECT FROM placed x
			WHERE (x.n_conditions, x.hold) = (m.n_conditions, m.hold)
			AND x.log = ch.log AND x.prop = ch.prop AND x.pos > last_pos AND x.pos < p.pos
			AND x.mask & m.ex <> 0)))
	)
	SELECT DISTINCT ON (l.log) l.log, array_cat(times,
		array_fill(NULL::bigint, ARRAY[m.n - coalesce(cardinality(times), 0)]))
	FROM log l LEFT JOIN chain USING (log) WHERE share IS NULL OR share = m.share
	ORDER BY l.log, cardinality(times) DESC NULLS LAST, last, times[1] DESC, times
$$;

CREATE TEMP VIEW seen AS
	SELECT m.no, m.mode, m.n_conditions, m.hold, e.*
	FROM mode m JOIN event e ON e.share IS NULL OR e.share = m.share;
CREATE TEMP TABLE expected AS SELECT no, o.* FROM mode m, pg_temp.oracle(m) o;
CREATE TEMP TABLE result AS
	SELECT no, log, affinity.funnel_times(win, mode, at, VARIADIC c[1:4]) AS times,
		affinity.window_funnel(win, mode, at, c[1], c[2], c[3], c[4]) AS level
	FROM seen WHERE NOT hold AND n_conditions = 4 GROUP BY no, mode, log
	UNION ALL
	SELECT no, log, affinity.funnel_times(win, mode, at, VARIADIC c),
		affinity.window_funnel(win, mode, at, c[1], c[2], c[3], c[4], c[5])
	FROM seen WHERE NOT hold AND n_conditions = 5 GROUP BY no, mode, log
	UNION ALL
	SELECT no, log, affinity.funnel_times(win, mode, at, c[1], c[2], c[3], c[4], prop),
		affinity.window_funnel(win, mode, at, c[1], c[2], c[3], c[4], prop::text)
	FROM seen WHERE hold AND n_conditions = 4 GROUP BY no, mode, log
	UNION ALL
	SELECT no, log, affinity.funnel_times(win, mode, at, c[1], c[2], c[3], c[4], c[5], prop = 2),
		affinity.window_funnel(win, mode, at, c[1], c[2], c[3], c[4], c[5], date '2024-01-01' + prop)
	FROM seen WHERE hold AND n_conditions = 5 GROUP BY no, mode, log;
ANALYZE mode, expected, result, log;

SELECT is((SELECT count(*) FROM mode), 81::bigint, 'the modes with groups');
SELECT is((SELECT count(*) FROM result JOIN expected USING (no, log)),
	(SELECT count(*) FROM mode m JOIN log l ON l.share IS NULL OR l.share = m.share),
	'all logs that a mode sees');
SELECT is((SELECT min(logs) FROM (SELECT count(DISTINCT log) AS logs
		FROM result JOIN mode USING (no) GROUP BY way) w), 4000::bigint,
	'every mode sees 4,000 logs');
SELECT cmp_ok((SELECT count(*) FROM expected WHERE times[3] IS NOT NULL), '>', 9000::bigint,
	'many chains of more than two steps');
SELECT is_empty(format('SELECT mode, r.*, e.times AS expected FROM result r
		JOIN expected e USING (no, log) JOIN mode USING (no)
		WHERE %s AND r.times IS DISTINCT FROM e.times LIMIT 5', what),
	'every log has the oracle''s chain: ' || name)
FROM (VALUES ('mode !~ ''increase|same|exclude|hold''', 'groups alone'),
	('increase AND ex = 0', 'later and later'),
	('same_row', 'a row for several steps'),
	('ex <> 0', 'exclusions'),
	('hold', 'a held property')) AS v (what, name);
SELECT is_empty($$SELECT * FROM result r JOIN expected e USING (no, log)
	WHERE level <> (SELECT count(t) FROM unnest(e.times) t) LIMIT 5$$,
	'the level is the number of steps taken');

-- What groups are not: one of all steps is any_order, and a chain in the order of
-- the steps is never longer than one in any order.
SELECT is_empty($$
	SELECT log, affinity.funnel_times(win, 'any_order', at, VARIADIC c[1:4])
	FROM seen WHERE mode = 'any_order 4 2 3 1' GROUP BY log
	EXCEPT SELECT log, times FROM result JOIN mode USING (no) WHERE mode = 'any_order 4 2 3 1'$$,
	'a group of all steps is any_order');
SELECT is_empty($$
	SELECT log FROM event JOIN result r USING (log) JOIN mode USING (no)
	WHERE mode = 'any_order 2 3' AND n_conditions = 4 GROUP BY log, level
	HAVING level < affinity.window_funnel(win, 'default', at, VARIADIC c[1:4])$$,
	'groups lose no step');
SELECT ok((SELECT count(*) > 100 FROM (
	SELECT FROM event JOIN result r USING (log) JOIN mode USING (no)
	WHERE mode = 'any_order 2 3' AND n_conditions = 4 GROUP BY log, level
	HAVING level > affinity.window_funnel(win, 'default', at, VARIADIC c[1:4])) l),
	'and win some');

-- A population is its users: row k is of those who took k steps.
CREATE TEMP TABLE steps_of_oracle AS
	SELECT no, win, step::int, count(t.t) AS users,
		count(t.t)::float8 / nullif(first_value(count(t.t)) OVER w, 0) AS from_start,
		count(t.t)::float8 / nullif(coalesce(lag(count(t.t)) OVER w, count(t.t)), 0) AS from_previous,
		make_interval(secs => percentile_cont(0.5) WITHIN GROUP (ORDER BY t - times[step - 1])) AS m,
		make_interval(secs => percentile_cont(0.9) WITHIN GROUP (ORDER BY t - times[step - 1])) AS p,
		make_interval(secs => percentile_cont(0.5) WITHIN GROUP (ORDER BY t - times[1])
			FILTER (WHERE step > 1)) AS ms,
		make_interval(secs => percentile_cont(0.9) WITHIN GROUP (ORDER BY t - times[1])
			FILTER (WHERE step > 1)) AS ps
	FROM expected JOIN log USING (log), unnest(times) WITH ORDINALITY AS t (t, step)
	GROUP BY no, win, step
	WINDOW w AS (PARTITION BY no, win ORDER BY step);

-- Users of three types, in states of single rows' thirds, merged, as text.
CREATE TEMP TABLE merged AS
	SELECT no, win, affinity.rollup(f::text::affinity.funnel) AS f
	FROM (SELECT no, win, affinity.funnel_agg('user ' || log, at, win, mode,
			c[1], c[2], c[3], c[4]) AS f
		FROM (SELECT *, ceil(random() * 3) AS part FROM seen) e
		WHERE NOT hold AND n_conditions = 4 GROUP BY no, mode, win, part
		UNION ALL
		SELECT no, win, affinity.funnel_agg(log, at, win, mode, VARIADIC c)
		FROM (SELECT *, ceil(random() * 3) AS part FROM seen) e
		WHERE NOT hold AND n_conditions = 5 GROUP BY no, mode, win, part
		UNION ALL
		SELECT no, win, affinity.funnel_agg(log, at, win, mode, c[1], c[2], c[3], c[4], prop)
		FROM (SELECT *, ceil(random() * 3) AS part FROM seen) e
		WHERE hold AND n_conditions = 4 GROUP BY no, mode, win, part
		UNION ALL
		SELECT no, win, affinity.funnel_agg(md5(log::text)::uuid, at, win, mode,
			c[1], c[2], c[3], c[4], c[5], md5(prop::text)::uuid)
		FROM (SELECT *, ceil(random() * 3) AS part FROM seen) e
		WHERE hold AND n_conditions = 5 GROUP BY no, mode, win, part) parts
	GROUP BY no, win;
SELECT results_eq($$
	SELECT no, win, s.* FROM merged, affinity.funnel_steps(f) s ORDER BY no, win, step$$, $$
	SELECT * FROM steps_of_oracle ORDER BY no, win, step$$,
	'the population''s table is the oracle''s, in every mode');

CREATE TEMP TABLE two_level AS
	SELECT no, win, affinity.funnel_agg(times, split_part(mode, ', exclude', 1))::text::affinity.funnel AS f
	FROM result JOIN log USING (log) JOIN mode USING (no)
	WHERE mode !~ 'hold' GROUP BY no, win;
SELECT results_eq($$
	SELECT no, win, s.* FROM two_level, affinity.funnel_steps(f) s ORDER BY no, win, step$$, $$
	SELECT s.* FROM steps_of_oracle s JOIN mode USING (no) WHERE NOT hold ORDER BY no, win, step$$,
	'so is that of the two-level form, to which groups make no difference');

-- Parallel workers combine what they have.
CREATE TABLE shared_event AS SELECT * FROM event;
ANALYZE shared_event;
SET LOCAL parallel_setup_cost = 0;
SET LOCAL parallel_tuple_cost = 0;
SET LOCAL min_parallel_table_scan_size = 0;
SET LOCAL max_parallel_workers_per_gather = 2;
CREATE TEMP TABLE parallel AS
	SELECT affinity.funnel_agg(log, at, 4, 'any_order 2 3, hold_last', c[1], c[2], c[3], c[4], prop) AS f
	FROM shared_event WHERE win = 4 AND (share IS NULL OR share = 1);
SELECT results_eq($$
	SELECT s.* FROM parallel, affinity.funnel_steps(f) s$$, $$
	SELECT s.* FROM merged JOIN mode USING (no), affinity.funnel_steps(f) s
	WHERE mode = 'any_order 2 3, hold_last' AND win = 4$$,
	'parallel workers give the same table');

-- One user with half a million rows, and 64 steps in groups.
SELECT is(
	(SELECT ARRAY[affinity.window_funnel(1000000, 'any_order 2 3 4', i, i % 7 = 0, i > 499990, i % 5 = 0, i = 499995),
			affinity.window_funnel(3, 'any_order 2 3 4', i, i % 7 = 0, i % 7 = 6, i % 7 = 5, i % 7 = 4),
			affinity.window_funnel(6, 'any_order 2 3 4', i, i % 7 = 0, i % 7 = 6, i % 7 = 5, i % 7 = 4)]
		FROM generate_series(1, 500000) AS i),
	'{4,1,4}', 'half a million rows of one user');

SELECT finish();
ROLLBACK;
