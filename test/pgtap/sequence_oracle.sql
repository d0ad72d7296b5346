-- Sequences against an oracle that enumerates every match of every pattern.
--
-- 10,000 random logs, each with a random pattern. The oracle has the pattern as
-- rows (one per step: condition, gap before it, bounds of the time), builds all
-- matches of all its beginnings one event after the other, and schedules them.
BEGIN;
SELECT plan(5);
SELECT setseed(0.7);

CREATE TEMP TABLE log AS
	SELECT log, (random() * 8)::int AS n_rows, (random() * 12)::int + 1 AS instants,
		1 + (random() * 3)::int AS n_steps
	FROM generate_series(1, 10000) AS log;

-- Each event satisfies one or two of three conditions, or none: then it is not
-- part of the sequence.
CREATE TEMP TABLE event AS
	SELECT log, floor(random() * instants)::bigint AS at,
		ARRAY[a = 1 OR b = 1, a = 2 OR b = 2, a = 3 OR b = 3] AS c
	FROM log, generate_series(1, n_rows) AS row,
		LATERAL (SELECT (random() * 4)::int AS a, (random() * 12)::int AS b, row) r;
CREATE TEMP TABLE placed AS
	SELECT *, row_number() OVER (PARTITION BY log ORDER BY at,
		array_position(c, true), c[2]::int + 2 * c[3]::int) AS pos
	FROM event WHERE true = ANY (c);

-- Steps: condition 0 is any event. A step with a time has a gap.
CREATE TEMP TABLE step AS
	SELECT log, step, (random() * 3)::int AS condition,
		CASE WHEN step = 1 THEN 'none'
			ELSE (ARRAY['none', 'gap', '<=', '<', '>=', '>', '=='])[1 + floor(random() * 7)::int]
		END AS link, (random() * 5)::int AS seconds
	FROM log, generate_series(1, n_steps) AS step;
CREATE TEMP TABLE pattern AS
	SELECT log, string_agg(CASE link WHEN 'none' THEN '' WHEN 'gap' THEN '.*'
			ELSE '(?t' || link || seconds || ')' END
		|| CASE condition WHEN 0 THEN '.' ELSE '(?' || condition || ')' END,
		'' ORDER BY step) || CASE WHEN log % 5 = 0 THEN '.*' ELSE '' END AS pattern
	FROM step GROUP BY log;
CREATE INDEX ON event (log, at);
ANALYZE event;
CREATE INDEX ON placed (log, pos);
CREATE INDEX ON step (log, step);
ANALYZE placed;
ANALYZE step;

-- Every match of the first k steps of the pattern.
CREATE TEMP TABLE partial AS
	WITH RECURSIVE found AS (
		SELECT p.log, 1 AS k, ARRAY[p.pos] AS rows, p.at,
			CASE WHEN s.condition > 0 THEN ARRAY[p.at] ELSE '{}' END AS times
		FROM placed p JOIN step s ON s.log = p.log AND s.step = 1
		WHERE s.condition = 0 OR p.c[s.condition]
		UNION ALL
		SELECT p.log, k + 1, rows || p.pos, p.at,
			CASE WHEN s.condition > 0 THEN times || p.at ELSE times END
		FROM found f JOIN step s ON s.log = f.log AND s.step = k + 1
		JOIN placed p ON p.log = f.log
			AND CASE WHEN link = 'none' THEN p.pos = rows[k] + 1 ELSE p.pos > rows[k] END
		WHERE (s.condition = 0 OR p.c[s.condition])
		AND CASE link WHEN '<=' THEN p.at - f.at <= seconds
			WHEN '<' THEN p.at - f.at < seconds WHEN '>=' THEN p.at - f.at >= seconds
			WHEN '>' THEN p.at - f.at > seconds WHEN '==' THEN p.at - f.at = seconds
			ELSE true END
	)
	SELECT * FROM found;
CREATE TEMP TABLE complete AS
	SELECT DISTINCT log, rows[1] AS first, rows[k] AS last
	FROM partial JOIN log USING (log) WHERE k = n_steps;
CREATE INDEX ON complete (log, first);
ANALYZE complete;

-- As many matches as possible: always the one that is over first.
CREATE TEMP TABLE counted AS
	WITH RECURSIVE chosen AS (
		SELECT log, min(last) AS last FROM complete GROUP BY log
		UNION ALL
		SELECT log, (SELECT min(m.last) FROM complete m
			WHERE m.log = c.log AND m.first > c.last)
		FROM chosen c WHERE last IS NOT NULL
	)
	SELECT log, count(last) AS n FROM chosen GROUP BY log;
CREATE TEMP TABLE expected AS
	SELECT DISTINCT ON (log) log, coalesce(n, 0) AS n, coalesce(times, '{}') AS times
	FROM log LEFT JOIN partial USING (log) LEFT JOIN counted USING (log)
	ORDER BY log, k DESC, rows;

CREATE TEMP TABLE result AS
	SELECT log, pattern,
		affinity.sequence_match(pattern, at, c[1], c[2], c[3]) AS matches,
		affinity.sequence_count(pattern, to_timestamp(at), c[1], c[2], c[3]) AS n,
		coalesce(affinity.sequence_match_events(pattern, at, VARIADIC c), '{}') AS times
	FROM log JOIN pattern USING (log) LEFT JOIN event USING (log)
	GROUP BY log, pattern;
ANALYZE result;
ANALYZE expected;

SELECT is_empty($$
	SELECT log, pattern, r.matches, e.n FROM result r JOIN expected e USING (log)
	WHERE r.matches <> (e.n > 0)$$, 'sequence_match');
SELECT is_empty($$
	SELECT log, pattern, r.n, e.n FROM result r JOIN expected e USING (log)
	WHERE r.n <> e.n$$, 'sequence_count');
SELECT is_empty($$
	SELECT log, pattern, r.times, e.times FROM result r JOIN expected e USING (log)
	WHERE r.times <> e.times$$, 'sequence_match_events');
SELECT ok(count(*) = 10000 AND count(*) FILTER (WHERE e.n > 1) > 300
	AND count(*) FILTER (WHERE e.n = 0 AND e.times <> '{}') > 1000,
	'the logs have repeated, partial and no matches')
FROM result JOIN expected e USING (log);

-- Sessions, by what they mean: the number of pauses longer than the gap so far.
SELECT is_empty($$
	SELECT * FROM (
		SELECT log, at, affinity.sessionize(at, 2) OVER w AS session,
			affinity.sessionize(to_timestamp(at), '2 s') OVER w AS session_of_timestamp
		FROM event WINDOW w AS (PARTITION BY log ORDER BY at)) s
	WHERE session <> (
		SELECT count(*) FROM (
			SELECT DISTINCT at FROM event e WHERE e.log = s.log AND e.at <= s.at) d
		WHERE NOT EXISTS (SELECT FROM event e WHERE e.log = s.log
			AND e.at < d.at AND e.at >= d.at - 2))
	OR session <> session_of_timestamp$$, 'sessionize');

SELECT finish();
ROLLBACK;
