-- Funnels without a window, with a window for each step, and of the first attempt
-- only, against an oracle that enumerates every chain of every log.
BEGIN;
SELECT plan(52);
SET LOCAL jit = off;
SELECT setseed(0.4);

CREATE TEMP TABLE log AS
	SELECT log, (ARRAY[0, 2, 4, 9])[log % 4 + 1]::bigint AS win,
		ARRAY[floor(random() * 5), floor(random() * 5), floor(random() * 5)]::bigint[] AS wins,
		(random() * 5)::int + 1 AS n_rows, random() * 0.5 + 0.1 AS likely, (random() * 12)::int + 1 AS instants
	FROM generate_series(1, 200) AS log;
CREATE TEMP TABLE event AS
	SELECT log, win, wins, floor(random() * instants)::bigint AS at,
		ARRAY[random() < likely, random() < likely, random() < likely, random() < likely] AS c
	FROM log, generate_series(1, n_rows);
CREATE TEMP TABLE placed AS
	SELECT *, row_number() OVER (PARTITION BY log ORDER BY at, coalesce(array_position(c, true), 0),
		c[1]::int + 2 * c[2]::int + 4 * c[3]::int + 8 * c[4]::int) AS pos FROM event;
CREATE INDEX ON placed (log, pos);
ANALYZE placed;

-- Modes; steps of one group may be taken in any order.
CREATE TEMP TABLE mode AS
	SELECT no, mode, CASE WHEN mode ~ 'exclude' THEN 3 ELSE 4 END AS n,
		CASE WHEN mode ~ 'any_order 2' THEN '{1,2,2,3}' WHEN mode ~ 'any_order' THEN '{1,1,1,1}' ELSE '{1,2,3,4}' END::int[] AS groups,
		CASE WHEN mode ~ 'optional' THEN '{2,3}' ELSE '{}' END::int[] AS optional,
		mode ~ 'order|dedup|exclude|fixed|adjacent' AND mode !~ 'any_order' AS by_row
	FROM unnest(ARRAY['default', 'same_row', 'strict_increase', 'strict_order', 'strict_order, allow_reentry',
		'strict_deduplication', 'deduplication, strict_increase', 'adjacent', 'exclude_last', 'exclude 4, strict_increase',
		'any_order', 'any_order, strict_increase', 'any_order, exclude 4', 'any_order 2 3', 'optional 2 3'])
	WITH ORDINALITY AS m (mode, no);

-- May row x lie between steps k and k + 1 without being taken? As in funnel_oracle.
CREATE FUNCTION pg_temp.may_lie(c boolean[], k int, n int, mode text)
RETURNS boolean IMMUTABLE LANGUAGE sql AS $$
	SELECT NOT (mode ~ 'exclude' AND c[4])
	AND (mode !~ 'strict_order' OR (true = ANY (c) AND NOT true = ANY (coalesce(c[k + 2:n], '{}'))
		AND NOT (k > 1 AND c[1] AND mode !~ 'reentry')))
	AND (mode !~ 'strict_dedup' OR NOT true = ANY (coalesce(c[2:least(k + 1, n)], '{}')))
	AND (mode !~ '\mdedup' OR NOT true = ANY (c[1:least(k + 1, n)]))
	AND mode !~ 'adjacent'
$$;

-- The chains: limit says how they end ('none', 'window', 'steps'); of the first
-- attempt they begin with the first row that may begin one.
CREATE FUNCTION pg_temp.oracle(m mode, "limit" text, attempt boolean) RETURNS TABLE (log int, times bigint[])
LANGUAGE sql AS $$
	WITH RECURSIVE usable AS (
		SELECT *, min(at) FILTER (WHERE EXISTS (SELECT FROM generate_series(1, (m).n) s WHERE c[s] AND (m).groups[s] = 1))
			OVER (PARTITION BY p.log) AS first_at
		FROM placed p WHERE NOT ((m).mode ~ 'exclude' AND c[4])
	), chain AS (
		SELECT u.log, ARRAY[s] AS steps, ARRAY[pos] AS rows, ARRAY[at] AS times
		FROM usable u, generate_series(1, (m).n) s
		WHERE c[s] AND (m).groups[s] = 1 AND (NOT attempt OR at = first_at)
		UNION ALL
		SELECT ch.log, steps || s, rows || pos, times || at
		FROM chain ch JOIN usable u USING (log), generate_series(1, (m).n) s, LATERAL (SELECT cardinality(steps) AS k) k
		WHERE c[s] AND s <> ALL (steps)
		AND NOT EXISTS (SELECT FROM generate_series(1, (m).n) o WHERE
			((m).groups[o] < (m).groups[s] AND o <> ALL (steps) AND o <> ALL ((m).optional))
			OR ((m).groups[o] > (m).groups[s] AND o = ANY (steps)))
		AND CASE "limit" WHEN 'window' THEN at - times[1] <= win WHEN 'steps' THEN at - times[k] <= wins[k] ELSE true END
		AND CASE WHEN (m).mode ~ 'increase' THEN at > times[k] ELSE at >= times[k] END
		AND ((m).mode ~ 'same_row' OR pos <> ALL (rows))
		AND ((m).groups <> '{1,1,1,1}' OR pos > rows[k])
		AND (NOT (m).by_row OR (pos > rows[k] AND NOT EXISTS (
			SELECT FROM placed x WHERE x.log = ch.log AND x.pos > rows[k] AND x.pos < u.pos
			AND NOT pg_temp.may_lie(x.c, k, (m).n, (m).mode))))
		AND ((m).mode !~ 'any_order, exclude' OR NOT EXISTS (SELECT FROM placed x WHERE x.log = ch.log AND x.c[4]
			AND x.pos BETWEEN least(rows[k], u.pos) AND greatest(rows[k], u.pos)))
	), best AS (
		SELECT *, CASE WHEN (m).optional = '{}' THEN cardinality(steps) ELSE steps[cardinality(steps)] END AS level,
			CASE WHEN (m).optional = '{}' THEN times || array_fill(NULL::bigint, ARRAY[(m).n - cardinality(steps)])
			ELSE (SELECT array_agg(times[array_position(steps, s)] ORDER BY s) FROM generate_series(1, (m).n) s) END AS result
		FROM chain
	)
	SELECT DISTINCT ON (l.log) l.log, coalesce(result, array_fill(NULL::bigint, ARRAY[(m).n]))
	FROM log l LEFT JOIN best b USING (log)
	ORDER BY l.log, level DESC NULLS LAST, cardinality(steps) DESC, times[cardinality(steps)], times[1] DESC, result
$$;

-- No window, in every mode; and every other combination that there is.
CREATE TEMP TABLE expected AS
	SELECT no, 'none' AS "limit", false AS attempt, o.* FROM mode m, pg_temp.oracle(m, 'none', false) o
	UNION ALL SELECT no, 'steps', false, o.* FROM mode m, pg_temp.oracle(m, 'steps', false) o WHERE no <= 10
	UNION ALL SELECT no, 'steps', true, o.* FROM mode m, pg_temp.oracle(m, 'steps', true) o WHERE no <= 10 AND no % 3 = 1
	UNION ALL SELECT no, 'window', true, o.* FROM mode m, pg_temp.oracle(m, 'window', true) o;
CREATE TEMP TABLE result AS
	SELECT no, 'none' AS "limit", false AS attempt, log, affinity.funnel_times(NULL::bigint, mode, at, VARIADIC c) AS times
	FROM mode, event GROUP BY no, mode, log
	UNION ALL SELECT no, 'steps', attempt, log, affinity.funnel_times(wins[:n - 1], mode || attempts, at, VARIADIC c)
	FROM mode, event, (VALUES (false, ''), (true, ', first_attempt')) a (attempt, attempts)
	WHERE no <= 10 AND (NOT attempt OR no % 3 = 1) GROUP BY no, mode, n, wins, attempt, attempts, log
	UNION ALL SELECT no, 'window', true, log, affinity.funnel_times(win, 'first_attempt, ' || mode, at, VARIADIC c)
	FROM mode, event GROUP BY no, mode, win, log;
SELECT is_empty(format('SELECT log, r.times, e.times FROM result r JOIN expected e USING (no, "limit", attempt, log)
		WHERE (no, "limit", attempt) = (%s, %L, %L) AND r.times IS DISTINCT FROM e.times LIMIT 5', no, "limit", attempt),
	format('every log has the oracle''s chain: %s, %s, first attempt: %s', mode, "limit", attempt))
FROM mode JOIN (SELECT DISTINCT no, "limit", attempt FROM expected) e USING (no) WHERE "limit" <> 'none' OR no % 2 = 1
ORDER BY no, "limit", attempt;
SELECT is((SELECT count(*) FROM result r JOIN expected e USING (no, "limit", attempt, log)
	WHERE r.times IS NOT DISTINCT FROM e.times), (SELECT count(*) FROM expected), 'all logs in all modes');

-- States of many users: of all kinds of times and users, stored and merged.
CREATE TEMP TABLE state AS
	SELECT kind, w.no, affinity.rollup(f::text::affinity.funnel) AS f
	FROM (SELECT 'bigint' AS kind, no, affinity.funnel_agg(log, at, wins, mode, c[1], c[2], c[3], c[4]) AS f
			FROM (SELECT log, at, c, ARRAY[2, 1, 3] AS wins, random() < 0.5 AS part FROM event) e, mode
			WHERE no IN (1, 4) GROUP BY no, mode, wins, part
		UNION ALL SELECT 'timestamptz', no, affinity.funnel_agg('u' || log, to_timestamp(at), '{2 s,1 s,3 s}'::interval[], mode, VARIADIC c)
			FROM (SELECT *, random() < 0.5 AS part FROM event) e, mode WHERE no IN (1, 4) GROUP BY no, mode, part
		UNION ALL SELECT 'text', no, affinity.funnel_agg(md5(log::text)::uuid, timestamp 'epoch' + make_interval(secs => at),
			ARRAY['2 s', '1 s', '3 s'], mode, VARIADIC c) FROM event, mode WHERE no IN (1, 4) GROUP BY no, mode
		UNION ALL SELECT 'two-level', no, affinity.funnel_agg(times)
			FROM (SELECT no, affinity.funnel_times(ARRAY[2, 1, 3], mode, at, VARIADIC c) AS times
				FROM event, mode WHERE no IN (1, 4) GROUP BY no, mode, log) u GROUP BY no) w
	GROUP BY kind, no;
CREATE TEMP VIEW table_of AS SELECT kind, no, s.* FROM state, affinity.funnel_steps(f) s;
SELECT results_eq(format($$SELECT no, step, users, median_from_previous FROM table_of WHERE kind = %L ORDER BY no, step$$, kind),
	$$SELECT no, step, users, median_from_previous FROM table_of WHERE kind = 'bigint' ORDER BY no, step$$,
	'windows of steps: the same from ' || kind)
FROM unnest(ARRAY['timestamptz', 'text', 'two-level']) kind;
SELECT is((SELECT affinity.window_funnel(NULL, 'default', at, at = 1, at = 9223372036854775807)
	FROM unnest(ARRAY[1, 9223372036854775807]) at), 2, 'no window is longer than any');

-- What cannot be.
CREATE FUNCTION pg_temp.fails(call text, state text, like_ text, name text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE message text; hint text; code text;
BEGIN
	EXECUTE 'SELECT affinity.' || call || ' FROM event WHERE log < 9';
	RETURN fail(name);
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS message = MESSAGE_TEXT, hint = PG_EXCEPTION_HINT, code = RETURNED_SQLSTATE;
	RETURN is(ARRAY[code, (message LIKE like_)::text, (hint <> '')::text], ARRAY[state, 'true', 'true'], name || ': ' || message);
END
$$;
SELECT pg_temp.fails('funnel_times(ARRAY[2, 3], ''default'', at, VARIADIC c)', '22023', '% 4 steps % 3 windows % 2 %', 'too few windows');
SELECT pg_temp.fails('funnel_times(ARRAY[2, 3, 4], ''exclude 4'', at, VARIADIC c)', '22023', '% 3 steps % 2 windows % 3 %', 'too many windows');
SELECT pg_temp.fails('funnel_times(ARRAY[2, NULL, 4], ''default'', at, VARIADIC c)', '22004', 'window 2 %', 'a NULL among windows');
SELECT pg_temp.fails('funnel_times(ARRAY[2, -1, 4], ''default'', at, VARIADIC c)', '22023', '%negative', 'a negative window');
SELECT pg_temp.fails('funnel_times(ARRAY[2, 1, 4], ''optional 2'', at, VARIADIC c)', '22023', '%optional%', 'windows and optional steps');
SELECT pg_temp.fails('funnel_times(ARRAY[2, 1, 4], ''any_order 2 3'', at, VARIADIC c)', '22023', '%any_order%', 'windows and any order');
SELECT pg_temp.fails('funnel_times(''{1 day, 2 days}'', ''default'', to_timestamp(at), c[1], c[2], c[3])', '22023', '%one span%', 'an array as text');
SELECT pg_temp.fails('funnel_agg(log, at, ARRAY[interval ''1 day''], c[1], c[2])', '42804', '%interval%', 'intervals of numbers');

-- States as they were first stored: the same answers as of the same rows.
SET LOCAL timezone = 'UTC';
CREATE TEMP TABLE stored (name text, state affinity.funnel);
\copy stored FROM test/data/format/windows.csv CSV
CREATE TEMP TABLE taken AS
	SELECT u::bigint AS int8, md5(u::text)::uuid AS uuid, 'user ' || u AS text, (u * 5 + i * 3) % 4 AS n,
		timestamptz '2022-03-01 00:00+00' + interval '1 hour' * (u * 1031 % 97 + i * (u * 7 % 30 + 1)) AS at
	FROM generate_series(0, 19) u, generate_series(0, 5) i;
CREATE TEMP TABLE fresh AS
	SELECT 'no window int8' AS name, affinity.funnel_agg(int8, at, NULL::interval, n = 0, n = 1, n = 2) AS state FROM taken
	UNION ALL SELECT 'windows uuid exclude', affinity.funnel_agg(uuid, at, ARRAY[interval '1 day', '2 days'], 'exclude 4 between 2 and 3', n = 0, n = 1, n = 2, n = 3) FROM taken
	UNION ALL SELECT 'windows text first hold', affinity.funnel_agg(text, at, ARRAY[interval '1 day', '2 days'], 'first_attempt, hold_last', n = 0, n = 1, n = 2, n) FROM taken
	UNION ALL SELECT 'first any order', affinity.funnel_agg(int8, at, interval '3 days', 'first_attempt, any_order', n = 0, n = 1, n = 2) FROM taken;
SELECT results_eq('SELECT name, c.* FROM stored, affinity.funnel_conversion_times(state) c ORDER BY name, step, since',
	'SELECT name, c.* FROM fresh, affinity.funnel_conversion_times(state) c ORDER BY name, step, since', 'stored states of the new modes are read');
SELECT is(count(affinity.rollup(s.state, f.state)), 4::bigint, 'and merge with those of today') FROM stored s JOIN fresh f USING (name);

SELECT finish();
ROLLBACK;
