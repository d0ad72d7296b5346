-- Optional steps, exclusions, any order and a held property against an oracle
-- that enumerates every chain of every log.
--
-- 4,000 random logs at few instants, with a property of two values or none: 600
-- of up to eight rows, which every mode sees, and others of up to four, of which it
-- sees an eighth (with psql --set shares=1 all of them, in four times the time). The
-- oracle knows only the definition: recursive queries build all chains, row by row,
-- in every mode with every option.
\if :{?shares} \else
	\set shares 8
\endif
BEGIN;
SELECT plan(14);
SELECT setseed(0.7);
SET LOCAL jit = off;
SET LOCAL work_mem = '64MB';

CREATE TEMP TABLE log AS
	SELECT log, (ARRAY[0, 2, 4, 9])[log % 4 + 1]::bigint AS win,
		(random() * CASE WHEN log <= 600 THEN 7 ELSE 3 END)::int + 1 AS n_rows,
		CASE WHEN log > 600 THEN log / 4 % :shares END AS share,
		random() * 0.5 + 0.1 AS likely, (random() * 12)::int + 1 AS instants
	FROM generate_series(1, 4000) AS log;
CREATE TEMP TABLE event AS
	SELECT log, share, win, floor(random() * instants)::bigint AS at,
		nullif((random() * 2.4)::int, 0) AS prop,
		ARRAY[random() < likely, random() < likely, nullif(random() < likely, false),
			random() < likely, random() < likely * 0.5] AS c
	FROM log, generate_series(1, n_rows);

-- Every mode with every option: what stands in the mode, and what it means.
CREATE TEMP TABLE mode AS
	SELECT row_number() OVER () AS no, row_number() OVER (PARTITION BY hold) % :shares AS share, *,
		n_conditions - coalesce(cardinality(ex), 0) AS n
	FROM (
		SELECT concat_ws(', ', way, nullif(o.words, ''), nullif(e.words, '')) AS mode,
			o.optional, e.n_conditions, e.ex, e.ex_after, e.ex_before, false AS hold
		FROM unnest(ARRAY['default', 'strict_increase', 'same_row',
				'same_row, strict_increase', 'strict_order', 'strict_deduplication',
				'strict_order, allow_reentry', 'strict_order, strict_increase',
				'strict_deduplication, strict_increase',
				'strict_order, strict_deduplication', 'deduplication', 'fixed',
				'adjacent, increase']) AS way,
			(VALUES ('', '{}'::int[]), ('optional 2', '{2}'), ('optional 3, optional 2', '{2,3}'))
				AS o (words, optional),
			(VALUES ('', 4, NULL::int[], NULL::int[], NULL::int[]),
				('exclude_last', 5, '{5}', '{0}', '{4}'),
				('exclude 5 between 2 and 3', 5, '{5}', '{2}', '{3}'),
				('exclude 4, exclude 5 between 1 and 3', 5, '{4,5}', '{0,1}', '{3,3}'))
				AS e (words, n_conditions, ex, ex_after, ex_before)
		WHERE NOT (way ~ 'same_row' AND ex IS NOT NULL)
		UNION ALL
		SELECT mode, optional, 4, NULL, NULL, NULL, hold
		FROM (VALUES ('optional 4', '{4}'::int[], false), ('optional 2 4', '{2,4}', false),
			('strict_order, optional 3 4', '{3,4}', false),
			('optional 2 3 4', '{2,3,4}', false), ('hold_last', '{}', true),
			('hold_last, strict_order', '{}', true),
			('hold_last, same_row', '{}', true),
			('hold_last, strict_deduplication, optional 2', '{2}', true),
			('optional 2 3, hold_last', '{2,3}', true)) AS v (mode, optional, hold)
		UNION ALL
		SELECT 'exclude 5', '{}', 5, '{5}', '{0}', '{4}', false
		UNION ALL
		SELECT 'exclude_last, hold_last', '{}', 5, '{5}', '{0}', '{4}', true
		UNION ALL
		SELECT 'hold_last, optional 3, exclude 5 between 2 and 4', '{3}', 5,
			'{5}', '{2}', '{4}', true) m;
CREATE TEMP TABLE any_mode AS
	SELECT row_number() OVER () + 1000 AS no, (row_number() OVER () + 7) % :shares AS share, *,
		n_conditions - coalesce(cardinality(ex), 0) AS n
	FROM (VALUES ('any_order', 4, NULL::int[], false), ('any_order, strict_increase', 4, NULL, false),
		('any_order, same_row', 4, NULL, false),
		('any_order, same_row, strict_increase', 4, NULL, false),
		('any_order', 5, NULL, false),
		('any_order, exclude_last', 5, '{5}', false),
		('any_order, strict_increase, exclude 5', 5, '{5}', false),
		('any_order, exclude 4 5', 5, '{4,5}', false),
		('any_order, hold_last', 4, NULL, true),
		('any_order, exclude_last, hold_last', 5, '{5}', true)) AS v (mode, n_conditions, ex, hold);

-- The order of rows: by time, then by first condition that holds, then by the
-- conditions as a number; of those conditions that the mode has.
CREATE TEMP TABLE placed AS
	SELECT *, row_number() OVER (PARTITION BY n_conditions, hold, log, prop ORDER BY at,
		coalesce(array_position(c, true), 0), mask) AS pos
	FROM (SELECT *, (SELECT sum(v::int << i::int - 1)::int
		FROM unnest(c) WITH ORDINALITY AS u (v, i)) AS mask FROM (SELECT n_conditions, hold, log, share, CASE WHEN hold THEN prop ELSE 0 END AS prop, win, at,
			ARRAY(SELECT coalesce(v, false) FROM unnest(event.c[1:n_conditions])
				WITH ORDINALITY AS u (v, i) ORDER BY i) AS c
		FROM event, (VALUES (4, false), (4, true), (5, false), (5, true)) AS k (n_conditions, hold)
		WHERE NOT hold OR prop IS NOT NULL) e) e;
CREATE INDEX ON placed (n_conditions, hold, log, prop, pos);
ANALYZE placed;

-- What a row, given by its conditions as a number, is to a chain whose last step
-- is k: may it not be taken (excluded), may it lie there without being taken
-- (lies)? And which step comes next that must be taken?
CREATE TEMP TABLE rule AS
	SELECT m.no, k, mask, next,
		excluded,
		NOT excluded
		AND (mode !~ 'order' OR (true = ANY (c[1:n])
			AND NOT true = ANY (coalesce(c[next + 1:n], '{}'))
			AND NOT (k > 1 AND c[1] AND mode !~ 'reentry')))
		AND (mode !~ 'strict_dedup' OR NOT true = ANY (coalesce(c[2:next], '{}')))
		AND (mode !~ '\mdedup' OR NOT true = ANY (c[1:next]))
		AND (mode !~ 'fixed' OR NOT true = ANY (c[1:n]))
		AND mode !~ 'adjacent' AS lies
	FROM mode m, generate_series(0, n) AS k, generate_series(0, 31) AS mask,
		LATERAL (SELECT ARRAY(SELECT mask >> i & 1 = 1 FROM generate_series(0, 4) AS i) AS c) c,
		LATERAL (SELECT coalesce(min(s) FILTER (WHERE s <> ALL (optional)), n) AS next
			FROM generate_series(k + 1, n) AS s) nx,
		LATERAL (SELECT coalesce(bool_or(c[x] AND k >= a AND k < b), false) AS excluded
			FROM unnest(ex, ex_after, ex_before) AS u (x, a, b)) ex;
ALTER TABLE mode ADD lies boolean[], ADD excluded boolean[], ADD next int[];
UPDATE mode m SET (lies, excluded) = (
		SELECT array_agg(r.lies ORDER BY k, mask), array_agg(r.excluded ORDER BY k, mask)
		FROM rule r WHERE r.no = m.no),
	next = (SELECT array_agg(r.next ORDER BY k) FROM rule r WHERE r.no = m.no AND k > 0 AND mask = 0);

-- The chain whose last step is furthest; of those with most steps; of those the
-- first to be complete; of those the last to start; of those the one whose rows
-- are earliest, a step taken before one left out (NULL sorts last).
CREATE FUNCTION pg_temp.oracle(m mode) RETURNS TABLE (log int, times bigint[])
LANGUAGE sql AS $$
	WITH RECURSIVE chain AS (
		SELECT log, prop, win, 1 AS k, ARRAY[pos] AS rows, ARRAY[at] AS times, at AS last
		FROM placed p WHERE (n_conditions, hold) = (m.n_conditions, m.hold)
		AND (share IS NULL OR share = m.share)
		AND c[1] AND NOT m.excluded[mask + 1]
		UNION ALL
		SELECT ch.log, ch.prop, ch.win, s, rows || p.pos,
			times || array_fill(NULL::bigint, ARRAY[s - k - 1]) || p.at, p.at
		FROM chain ch JOIN placed p USING (log, prop)
		CROSS JOIN generate_series(2, m.n) AS s
		WHERE (p.n_conditions, p.hold) = (m.n_conditions, m.hold) AND s > k AND s <= m.next[k]
		AND p.c[s] AND NOT m.excluded[32 * k + p.mask + 1]
		AND p.at - times[1] <= ch.win
		AND CASE WHEN m.mode ~ 'increase' THEN p.at > last ELSE p.at >= last END
		AND (m.mode ~ 'same_row' OR p.pos <> ALL (rows))
		AND (m.mode !~ 'order|dedup|exclude|fixed|adjacent' OR (p.pos > rows[cardinality(rows)]
			AND NOT EXISTS (
				SELECT FROM placed x
				WHERE (x.n_conditions, x.hold) = (m.n_conditions, m.hold)
				AND x.log = ch.log AND x.prop = ch.prop AND x.pos > rows[cardinality(rows)] AND x.pos < p.pos
				AND NOT m.lies[32 * k + x.mask + 1])))
	)
	SELECT DISTINCT ON (l.log) l.log, array_cat(times,
		array_fill(NULL::bigint, ARRAY[m.n - coalesce(k, 0)]))
	FROM log l LEFT JOIN chain USING (log) WHERE share IS NULL OR share = m.share
	ORDER BY l.log, k DESC, cardinality(rows) DESC, last, times[1] DESC, times
$$;

-- Any order: the largest set of steps; of those the first to be complete; of
-- those the last to start; of those the earliest times.
CREATE FUNCTION pg_temp.any_oracle(m any_mode) RETURNS TABLE (log int, times bigint[])
LANGUAGE sql AS $$
	WITH RECURSIVE chain AS (
		SELECT log, prop, win, pos, ARRAY[s] AS steps, ARRAY[at] AS times
		FROM placed p, generate_series(1, m.n) AS s
		WHERE (n_conditions, hold) = (m.n_conditions, m.hold)
		AND (share IS NULL OR share = m.share)
		AND c[s] AND NOT EXISTS (SELECT FROM unnest(m.ex) AS e WHERE c[e])
		UNION ALL
		SELECT ch.log, ch.prop, ch.win, p.pos, steps || s, times || p.at
		FROM chain ch JOIN placed p USING (log, prop)
		CROSS JOIN generate_series(1, m.n) AS s
		WHERE (p.n_conditions, p.hold) = (m.n_conditions, m.hold)
		AND p.c[s] AND s <> ALL (steps) AND NOT EXISTS (SELECT FROM unnest(m.ex) AS e WHERE p.c[e])
		AND (p.pos > ch.pos OR (m.mode ~ 'same_row' AND p.pos = ch.pos
			AND s > steps[cardinality(steps)]))
		AND p.at - times[1] <= ch.win
		AND (m.mode !~ 'increase' OR p.at > times[cardinality(times)])
		AND NOT EXISTS (SELECT FROM placed x
			WHERE (x.n_conditions, x.hold) = (m.n_conditions, m.hold)
			AND x.log = ch.log AND x.prop = ch.prop AND x.pos > ch.pos AND x.pos < p.pos
			AND EXISTS (SELECT FROM unnest(m.ex) AS e WHERE x.c[e]))
	)
	SELECT DISTINCT ON (l.log) l.log, array_cat(times,
		array_fill(NULL::bigint, ARRAY[m.n - coalesce(cardinality(times), 0)]))
	FROM log l LEFT JOIN chain USING (log) WHERE share IS NULL OR share = m.share
	ORDER BY l.log, cardinality(times) DESC NULLS LAST, times[cardinality(times)],
		times[1] DESC, times
$$;

CREATE TEMP TABLE asked AS
	SELECT no, share, mode, n, n_conditions, optional, hold FROM mode
	UNION ALL SELECT no, share, mode, n, n_conditions, '{}', hold FROM any_mode;
CREATE TEMP TABLE expected AS
	SELECT no, o.* FROM mode m, pg_temp.oracle(m) o
	UNION ALL SELECT no, o.* FROM any_mode m, pg_temp.any_oracle(m) o;
CREATE TEMP TABLE result AS
	SELECT no, log, affinity.funnel_times(win, mode, at, VARIADIC c[1:4]) AS times,
		affinity.window_funnel(win, mode, at, c[1], c[2], c[3], c[4]) AS level
	FROM asked a JOIN event e ON e.share IS NULL OR e.share = a.share WHERE NOT hold AND n_conditions = 4 GROUP BY no, mode, log
	UNION ALL
	SELECT no, log, affinity.funnel_times(win, mode, at, VARIADIC c),
		affinity.window_funnel(win, mode, at, c[1], c[2], c[3], c[4], c[5])
	FROM asked a JOIN event e ON e.share IS NULL OR e.share = a.share WHERE NOT hold AND n_conditions = 5 GROUP BY no, mode, log
	UNION ALL
	SELECT no, log, affinity.funnel_times(win, mode, at, c[1], c[2], c[3], c[4], prop),
		affinity.window_funnel(win, mode, at, c[1], c[2], c[3], c[4], prop::text)
	FROM asked a JOIN event e ON e.share IS NULL OR e.share = a.share WHERE hold AND n_conditions = 4 GROUP BY no, mode, log
	UNION ALL
	SELECT no, log, affinity.funnel_times(win, mode, at, c[1], c[2], c[3], c[4], c[5], prop = 2),
		affinity.window_funnel(win, mode, at, c[1], c[2], c[3], c[4], c[5], date '2024-01-01' + prop)
	FROM asked a JOIN event e ON e.share IS NULL OR e.share = a.share WHERE hold AND n_conditions = 5 GROUP BY no, mode, log;

ANALYZE asked, expected, result, log;

SELECT is((SELECT count(*) FROM mode), 150::bigint, 'the ordered modes with options');
SELECT is((SELECT count(*) FROM result JOIN expected USING (no, log)),
	(SELECT count(*) FROM asked a JOIN log l ON l.share IS NULL OR l.share = a.share), 'all logs of all modes');
SELECT is_empty($$SELECT kind, count(DISTINCT log) FROM result JOIN asked USING (no), unnest(ARRAY['optional', 'exclude', 'any_order', 'hold']) AS kind
	WHERE mode ~ kind GROUP BY 1 HAVING count(DISTINCT log) < 4000$$, 'each kind of option sees all logs');
SELECT is_empty(format('SELECT mode, r.*, e.times AS expected FROM result r
		JOIN expected e USING (no, log) JOIN asked USING (no)
		WHERE %s AND r.times IS DISTINCT FROM e.times LIMIT 5', what),
	'every log has the oracle''s chain: ' || name)
FROM (VALUES ('mode !~ ''optional|hold|any_order|exclude''', 'no options'),
	('mode ~ ''optional'' AND NOT hold', 'optional steps, with and without exclusions'),
	('mode ~ ''exclude'' AND mode !~ ''optional|any'' AND NOT hold', 'exclusions'),
	('mode ~ ''any_order'' AND NOT hold', 'any order'),
	('hold', 'a held property')) AS v (what, name);
SELECT is_empty($$SELECT * FROM result r JOIN expected e USING (no, log)
	WHERE level <> coalesce((SELECT max(i) FROM unnest(e.times) WITH ORDINALITY AS u (t, i)
		WHERE t IS NOT NULL), 0) LIMIT 5$$, 'the level is the number of the last step');

-- A population is its users; the step before is the last one that must be taken.
CREATE TEMP TABLE steps_of_oracle AS
	SELECT no, win, step::int, count(t.t) AS users,
		count(t.t)::float8 / nullif(first_value(count(t.t)) OVER w, 0) AS from_start,
		NULL::float8 AS from_previous,
		make_interval(secs => percentile_cont(0.5) WITHIN GROUP (ORDER BY t - times[before])
			FILTER (WHERE step > 1)) AS m,
		make_interval(secs => percentile_cont(0.9) WITHIN GROUP (ORDER BY t - times[before])
			FILTER (WHERE step > 1)) AS p,
		make_interval(secs => percentile_cont(0.5) WITHIN GROUP (ORDER BY t - times[1])
			FILTER (WHERE step > 1)) AS ms,
		make_interval(secs => percentile_cont(0.9) WITHIN GROUP (ORDER BY t - times[1])
			FILTER (WHERE step > 1)) AS ps
	FROM expected JOIN log USING (log) JOIN asked USING (no),
		unnest(times) WITH ORDINALITY AS t (t, step),
		LATERAL (SELECT coalesce(max(s), 1) AS before FROM generate_series(1, step - 1) AS s
			WHERE s <> ALL (optional)) b
	GROUP BY no, win, step, before
	WINDOW w AS (PARTITION BY no, win ORDER BY step);
UPDATE steps_of_oracle s SET from_previous = s.users::float8 / nullif(b.users, 0)
FROM steps_of_oracle b JOIN asked USING (no)
WHERE b.no = s.no AND b.win = s.win AND b.step = coalesce((SELECT max(x)
	FROM generate_series(1, s.step - 1) AS x WHERE x <> ALL (optional)), 1);

-- Users of three types, in states of single rows' thirds, merged, as text.
CREATE TEMP TABLE merged AS
	SELECT no, win, affinity.rollup(f::text::affinity.funnel) AS f
	FROM (SELECT no, win, affinity.funnel_agg('user ' || log, at, win, mode,
			c[1], c[2], c[3], c[4]) AS f
		FROM asked a JOIN (SELECT *, ceil(random() * 3) AS part FROM event) e ON e.share IS NULL OR e.share = a.share
		WHERE NOT hold AND n_conditions = 4 GROUP BY no, mode, win, part
		UNION ALL
		SELECT no, win, affinity.funnel_agg(log, at, win, mode, VARIADIC c)
		FROM asked a JOIN (SELECT *, ceil(random() * 3) AS part FROM event) e ON e.share IS NULL OR e.share = a.share
		WHERE NOT hold AND n_conditions = 5 GROUP BY no, mode, win, part
		UNION ALL
		SELECT no, win, affinity.funnel_agg(log, at, win, mode, c[1], c[2], c[3], c[4], prop)
		FROM asked a JOIN (SELECT *, ceil(random() * 3) AS part FROM event) e ON e.share IS NULL OR e.share = a.share
		WHERE hold AND n_conditions = 4 GROUP BY no, mode, win, part
		UNION ALL
		SELECT no, win, affinity.funnel_agg(md5(log::text)::uuid, at, win, mode,
			c[1], c[2], c[3], c[4], c[5], md5(prop::text)::uuid)
		FROM asked a JOIN (SELECT *, ceil(random() * 3) AS part FROM event) e ON e.share IS NULL OR e.share = a.share
		WHERE hold AND n_conditions = 5 GROUP BY no, mode, win, part) parts
	GROUP BY no, win;
SELECT results_eq($$
	SELECT no, win, s.* FROM merged, affinity.funnel_steps(f) s ORDER BY no, win, step$$, $$
	SELECT * FROM steps_of_oracle ORDER BY no, win, step$$,
	'the population''s table is the oracle''s, in every mode');

CREATE TEMP TABLE two_level AS
	SELECT no, win, affinity.funnel_agg(times, CASE WHEN optional = '{}' THEN 'default'
		ELSE 'optional ' || array_to_string(optional, ' ') END)::text::affinity.funnel AS f
	FROM result JOIN log USING (log) JOIN asked USING (no)
	GROUP BY no, win, optional;
SELECT results_eq($$
	SELECT no, win, s.* FROM two_level, affinity.funnel_steps(f) s ORDER BY no, win, step$$, $$
	SELECT * FROM steps_of_oracle ORDER BY no, win, step$$,
	'so is that of the two-level form');

-- Parallel workers combine what they have.
CREATE TABLE shared_event AS SELECT * FROM event;
ANALYZE shared_event;
SET LOCAL parallel_setup_cost = 0;
SET LOCAL parallel_tuple_cost = 0;
SET LOCAL min_parallel_table_scan_size = 0;
SET LOCAL max_parallel_workers_per_gather = 2;
SELECT share AS held_share FROM asked WHERE mode = 'optional 2 3, hold_last' \gset
SELECT share AS any_share FROM asked WHERE no = 1001 \gset
CREATE TEMP TABLE parallel AS
	SELECT affinity.funnel_agg(log, at, 4, 'hold_last, optional 2 3', c[1], c[2], c[3], c[4], prop)
			FILTER (WHERE share IS NULL OR share = :held_share) AS held,
		affinity.funnel_agg(log, at, 4, 'any_order', c[1], c[2], c[3], c[4])
			FILTER (WHERE share IS NULL OR share = :any_share) AS any_order
	FROM shared_event WHERE win = 4;
SELECT results_eq($$
	SELECT s.* FROM parallel, affinity.funnel_steps(held) s$$, $$
	SELECT s.* FROM merged JOIN asked USING (no), affinity.funnel_steps(f) s
	WHERE mode = 'optional 2 3, hold_last' AND win = 4$$,
	'parallel workers give the same table: a held property and optional steps');
SELECT results_eq($$
	SELECT s.* FROM parallel, affinity.funnel_steps(any_order) s$$, $$
	SELECT s.* FROM merged JOIN asked USING (no), affinity.funnel_steps(f) s
	WHERE no = 1001 AND win = 4$$,
	'parallel workers give the same table: any order');

-- More rows than are looked at together are read in parts, user by user.
SELECT is(
	(SELECT array_agg(s.users ORDER BY step) FROM (
		SELECT affinity.funnel_agg(i % 1500000, i, 9000000, 'optional 2', i < 1500000, i % 3 = 0, i > 3000000) AS f
		FROM generate_series(0, 4499999) AS i) a, affinity.funnel_steps(f) s),
	(SELECT ARRAY[1500000, count(*) FILTER (WHERE (i + 1500000) % 3 = 0), 1499999]
		FROM generate_series(0, 1499999) AS i)::bigint[],
	'4.5 million rows of 1.5 million users');

SELECT finish();
ROLLBACK;
