-- Every report of an activity on the same 4,000 random small logs (fixed seed)
-- against plain SQL: each mode, criterion and denominator of retention and its
-- curve, in calendar and rolling periods, with and without conditions; lifecycle,
-- active users, frequency and time to return.
--
-- The oracle is set-based: a row for each member of a cohort and each period of
-- its age, from which all answers are counted. Both sides are compared log by
-- log through the number of rows and the exclusive or of their hashes.
BEGIN;
SET LOCAL jit = off;
SET LOCAL work_mem = '64MB';
SELECT plan(25);
SELECT setseed(0.42);

-- 1. The logs. Each has a unit and a time zone of its own, spans ten of its
-- periods around a change of daylight saving time, which in St. John's set back
-- 00:01 to the day before, and rows that are starts, returns, both or neither. Some reports are as of the middle of the log, of a
-- range of cohorts, or up to some period.
CREATE TEMP TABLE log AS
	SELECT id, unit, zone, around, step,
		CASE WHEN id % 4 = 1 THEN around END AS as_of,
		CASE WHEN id % 3 = 0 THEN p + (id / 7 % 6 - 4) * step + id % 2 * interval '1 s' END
			AS cohorts_from,
		CASE WHEN id % 5 < 2 THEN p + (id / 11 % 5) * step + id % 2 * interval '1 s' END
			AS cohorts_before,
		CASE WHEN id % 6 = 2 THEN id % 7 END AS max_period
	FROM (SELECT *, CASE unit
			WHEN 'week_sunday' THEN date_trunc('week', t + interval '1 day') - interval '1 day'
			WHEN 'week_thursday' THEN date_trunc('week', t - interval '3 days') + interval '3 days'
			ELSE date_trunc(unit, t) END AS p
		FROM (SELECT *, around AT TIME ZONE zone AS t,
				CASE WHEN unit ~ 'week' THEN interval '7 days'
					WHEN unit = 'quarter' THEN interval '3 months'
					ELSE ('1 ' || unit)::interval END AS step
			FROM (SELECT id,
					(ARRAY['hour', 'day', 'week', 'week_sunday', 'week_thursday', 'month',
						'quarter', 'year'])[1 + id % 8] AS unit,
					(ARRAY['UTC', 'Europe/Berlin', 'America/New_York', 'Asia/Kathmandu',
						'Australia/Lord_Howe', 'America/St_Johns'])[1 + id / 3 % 6] AS zone,
					(ARRAY[timestamptz '2024-03-31 00:30+00', '2023-11-05 05:30+00',
						'1999-12-31 22:00+00', '1969-10-26 00:10+00',
						'2009-11-01 02:31+00'])[1 + id / 8 % 5] AS around
				FROM generate_series(1, 4000) id) l) m) n;
CREATE TEMP TABLE event AS
	SELECT id, unit, zone, (random() * 4)::int AS user_id,
		around + round((random() - 0.5) * CASE WHEN random() < 0.1 THEN 200
			ELSE 10 * extract(epoch FROM step) END) * interval '1 second' AS at,
		random() < 0.6 AS is_start, random() < 0.6 AS is_return
	FROM log, generate_series(1, 1 + id % 12);
-- some rows at the same instant
INSERT INTO event SELECT id, unit, zone, user_id, at, NOT is_start, true
	FROM event WHERE random() < 0.1;

-- Each log three times: without conditions, as if all rows met both (kind 0),
-- with them in calendar periods (1), and in rolling ones (2).
CREATE TEMP TABLE state AS
	SELECT id, kind, affinity.activity_agg(user_id, at, unit, zone) AS a
	FROM event, (VALUES (0)) k (kind) GROUP BY 1, 2
	UNION ALL
	SELECT id, kind, affinity.activity_agg(user_id, at, unit, zone, is_start, is_return)
	FROM event, (VALUES (1), (2)) k (kind)
	WHERE kind = 1 OR unit IN ('hour', 'day') OR unit ~ 'week' GROUP BY 1, 2;
CREATE TEMP TABLE seen AS
	SELECT id * 4 + kind AS no, id, kind, user_id, at, kind = 0 OR is_start AS is_start,
		kind = 0 OR is_return AS is_return, CASE unit
			WHEN 'week_sunday' THEN date_trunc('week', t + interval '1 day') - interval '1 day'
			WHEN 'week_thursday' THEN date_trunc('week', t - interval '3 days') + interval '3 days'
			ELSE date_trunc(unit, t) END AS p
	FROM event, LATERAL (SELECT at AT TIME ZONE zone AS t) l, generate_series(0, 2) kind
	WHERE kind = 0 OR (is_start OR is_return)
		AND (kind = 1 OR unit IN ('hour', 'day') OR unit ~ 'week');
-- as of the latest row that counts, unless given; activity with times leaves out
-- later rows, activity without them later periods
CREATE TEMP TABLE scope AS
	SELECT no, l.*, kind, t, t AT TIME ZONE zone AS now
	FROM (SELECT no, id, kind, max(at) AS last FROM seen GROUP BY 1, 2, 3) s JOIN log l USING (id),
		LATERAL (SELECT coalesce(as_of, last) AS t) a;
ANALYZE seen; ANALYZE scope;
-- the first period, and an instant of the last one
ALTER TABLE scope ADD first_p timestamp, ADD last_p timestamp;
UPDATE scope SET first_p = s.first, last_p = greatest(now, s.last)
FROM (SELECT no, least((array_agg(p ORDER BY at))[1], min(p) FILTER (WHERE kind = 0 OR at <= t)) AS first, max(p) FILTER (WHERE at <= t AND (kind > 0 OR latest <= t)) AS last
	FROM (SELECT *, max(at) OVER (PARTITION BY no) AS latest FROM seen) s JOIN scope USING (no, kind) GROUP BY 1) s
WHERE s.no = scope.no;
DELETE FROM seen s USING scope c WHERE c.no = s.no
	AND CASE c.kind WHEN 0 THEN p > last_p ELSE at > t END;

-- 2. Retention. Members of cohorts: a user's first start in each period, and
-- when it came back after that, another row at the very instant included.
CREATE TEMP TABLE member AS
	SELECT row_number() OVER () AS m, s.*, in_range, step, now, last_p,
		CASE kind WHEN 2 THEN extract(epoch FROM step)::int END AS seconds,
		CASE kind WHEN 2 THEN floor(extract(epoch FROM t - t0) / extract(epoch FROM step))::int
			ELSE 1000000 END AS n_full,
		row_number() OVER (PARTITION BY no, user_id ORDER BY cohort) AS nth,
		row_number() OVER (PARTITION BY no, user_id, in_range ORDER BY cohort) AS nth_in_range
	FROM (SELECT no, user_id, p AS cohort, min(at) AS t0 FROM seen WHERE is_start GROUP BY 1, 2, 3) s
	JOIN scope USING (no), LATERAL (SELECT (cohorts_from IS NULL OR cohort >= cohorts_from)
		AND (cohorts_before IS NULL OR cohort < cohorts_before) AS in_range) i;
CREATE TEMP TABLE comeback AS
	SELECT DISTINCT m, m.no, m.user_id, r.p,
		floor(extract(epoch FROM r.at - t0) / seconds)::int AS k
	FROM member m JOIN seen r ON r.no = m.no AND r.user_id = m.user_id AND r.is_return
		AND (r.p > m.cohort AND seconds IS NULL OR m.no % 4 = 0 AND r.p = m.cohort OR r.at > t0
			OR r.at = t0 AND (NOT r.is_start OR EXISTS (SELECT FROM seen o WHERE o.no = m.no
				AND o.user_id = m.user_id AND o.at = t0 AND o.is_start AND NOT o.is_return)))
	WHERE in_range;
ANALYZE member; ANALYZE comeback;
-- the periods of a member's age; in rolling ones, those that are over
CREATE TEMP TABLE cell AS
	SELECT m, g.nth::int - 1 AS k, g.p, g.p + step <= now AS complete, c.m IS NOT NULL AS there
	FROM member s CROSS JOIN generate_series(cohort, last_p, step) WITH ORDINALITY AS g (p, nth)
	LEFT JOIN comeback c USING (m, p)
	WHERE in_range AND seconds IS NULL
	UNION ALL
	SELECT s.m, g.k, NULL, NULL, EXISTS (SELECT FROM comeback c WHERE c.m = s.m AND c.k = g.k)
	FROM member s CROSS JOIN generate_series(0, greatest(n_full - 1, 0)) AS g (k)
	WHERE in_range AND seconds IS NOT NULL;
CREATE TEMP TABLE trait AS
	SELECT m, coalesce(bool_or(k = 0), false) AS own, min(k) FILTER (WHERE k > 0) AS first, max(k) AS last,
		count(*) FILTER (WHERE k > 0 AND k = nth - zero) AS streak,
		bool_or(k BETWEEN 2 AND 3) AS second, bool_or(k BETWEEN 4 AND 7) AS third
	FROM (SELECT m, k, row_number() OVER w AS nth, count(*) FILTER (WHERE k = 0) OVER w AS zero
		FROM (SELECT m, k FROM cell WHERE there UNION SELECT m, k FROM comeback WHERE k IS NOT NULL) c
		WINDOW w AS (PARTITION BY m ORDER BY k)) x GROUP BY m;
ANALYZE cell; ANALYZE trait;
-- how many of each cohort are eligible in a period, and what they did; columns
-- "two" are of brackets: periods 0, 1, 2 and 3, 4 to 7
CREATE TEMP TABLE counted AS
	SELECT mode, no, cohort, k, p, complete, count(*) AS n,
		count(*) FILTER (WHERE k < n_full) AS eligible,
		count(*) FILTER (WHERE until < n_full) AS eligible_two,
		count(*) FILTER (WHERE k < n_full AND there) AS "on",
		count(*) FILTER (WHERE k < n_full AND CASE k WHEN 0 THEN own OR last > 0 ELSE last >= k END) AS after,
		count(*) FILTER (WHERE k < n_full AND (own AND (k = 0 OR no % 4 > 0) OR first <= k)) AS before,
		count(*) FILTER (WHERE k < n_full AND CASE k WHEN 0 THEN own ELSE streak >= k END) AS streak,
		count(*) FILTER (WHERE until < n_full
			AND CASE k WHEN 2 THEN second WHEN 4 THEN third ELSE there END) AS two
	FROM cell JOIN member USING (m) LEFT JOIN trait USING (m), generate_series(1, 3) AS mode,
		LATERAL (SELECT CASE k WHEN 2 THEN 3 WHEN 4 THEN 7 ELSE k END AS until) u
	WHERE CASE mode WHEN 1 THEN nth = 1 WHEN 2 THEN nth_in_range = 1 ELSE true END
	GROUP BY 1, 2, 3, 4, 5, 6;
-- a row of the report for each cohort, period, mode, criterion and denominator
CREATE TEMP TABLE plain AS
	SELECT mode, criterion, no, cohort, k, p, n, v.eligible, retained,
		CASE k WHEN 0 THEN n ELSE previous END AS previous, coalesce(v.complete, v.eligible = n) AS complete
	FROM (SELECT mode, no, cohort, k, p, first_value(n) OVER w AS n, eligible, eligible_two,
			"on", after, before, streak, two, lag("on") OVER w AS p_on, lag(after) OVER w AS p_after,
			lag(before) OVER w AS p_before, lag(streak) OVER w AS p_streak,
			lag(two, CASE k WHEN 4 THEN 2 ELSE 1 END) OVER w AS p_two, c.complete,
			CASE k WHEN 2 THEN lead(complete, 1, false) OVER w WHEN 4 THEN lead(complete, 3, false) OVER w
				ELSE complete END AS complete_two
		FROM counted c WINDOW w AS (PARTITION BY mode, no, cohort ORDER BY k)) c
	JOIN scope USING (no), LATERAL (VALUES (1, c.eligible, "on", p_on, c.complete),
		(2, c.eligible, after, p_after, c.complete), (3, c.eligible, before, p_before, c.complete),
		(4, c.eligible, streak, p_streak, c.complete), (5, eligible_two, two, p_two, complete_two))
		v (criterion, eligible, retained, previous, complete)
	WHERE (criterion < 5 OR k IN (0, 1, 2, 4)) AND (k = 0 OR v.eligible > 0)
		AND (max_period IS NULL OR k <= max_period);
CREATE TEMP TABLE choice AS
	SELECT mode, mode_name, criterion, criterion_name, previous
	FROM unnest('{first_ever,first_in_range,recurring}'::text[]) WITH ORDINALITY AS m (mode_name, mode),
		unnest('{on,on_or_after,on_or_before,streak,bracket}'::text[]) WITH ORDINALITY AS c (criterion_name, criterion),
		unnest('{f,t}'::boolean[]) AS previous;
CREATE TEMP TABLE expected AS
	SELECT mode, criterion, d AS previous, no, count(*) AS n, bit_xor(hash_record_extended(ROW(cohort, c.n, k,
		p, e, retained, retained::float8 / nullif(e, 0)::float8, complete), 0)) AS hash
	FROM plain c, unnest('{f,t}'::boolean[]) AS d, LATERAL (SELECT CASE WHEN d THEN previous ELSE eligible END AS e) e
	WHERE no % 4 < 2 OR NOT d GROUP BY 1, 2, 3, 4;
CREATE TEMP TABLE own AS
	SELECT mode, criterion, previous, no, r.*
	FROM scope JOIN state USING (id, kind) JOIN choice ON kind < 2 OR NOT previous, LATERAL (
		SELECT count(*) AS n, bit_xor(hash_record_extended(ROW(cohort, cohort_size, period, period_start, eligible,
			retained, rate, complete), 0)) AS hash
		FROM affinity.retention(a, as_of, mode_name, criterion_name,
			CASE criterion_name WHEN 'bracket' THEN '{1,2,4}'::int[] END,
			CASE WHEN previous THEN 'previous' ELSE 'total' END, max_period, cohorts_from, cohorts_before, kind = 2)) r;
CREATE TEMP TABLE wrong AS
	SELECT mode, criterion, previous, no, o.n, e.n AS expected
	FROM own o FULL JOIN expected e USING (mode, criterion, previous, no)
	WHERE o.no IS NULL OR o.n <> coalesce(e.n, 0) OR o.hash IS DISTINCT FROM e.hash;
SELECT is_empty(format('SELECT * FROM wrong WHERE mode = %s AND criterion = %s LIMIT 5', mode, criterion),
	format('retention: %s, %s', mode_name, criterion_name))
FROM choice WHERE NOT previous ORDER BY mode, criterion;
SELECT is((SELECT count(*) FROM own), 30 * count(*) FILTER (WHERE kind < 2) + 15 * count(*) FILTER (WHERE kind = 2),
	'all logs in all modes, with each criterion and denominator') FROM scope;
SELECT cmp_ok((SELECT sum(n) FROM expected), '>', 1200000::numeric, 'that is much to compare');

-- the pooled curve: sums over complete cells
CREATE TEMP TABLE expected_curve AS
	SELECT mode, criterion, previous, no, count(*) AS n, bit_xor(hash_record_extended(ROW(k, cohorts, e, retained,
		retained::float8 / nullif(e, 0)::float8), 0)) AS hash
	FROM (SELECT mode, criterion, no, k, no % 4 < 2 AND (no / 4 + mode) % 2 = 0 AS previous, count(*) AS cohorts,
			sum(CASE WHEN no % 4 < 2 AND (no / 4 + mode) % 2 = 0 THEN previous ELSE eligible END)::bigint AS e,
			sum(retained)::bigint AS retained
		FROM plain WHERE CASE WHEN no % 4 < 2 THEN complete ELSE eligible > 0 END GROUP BY 1, 2, 3, 4, 5) c
	GROUP BY 1, 2, 3, 4;
CREATE TEMP TABLE own_curve AS
	SELECT mode, criterion, previous, no, r.*
	FROM scope JOIN state USING (id, kind) JOIN choice ON previous = (kind < 2 AND (id + mode) % 2 = 0), LATERAL (
		SELECT count(*) AS n, bit_xor(hash_record_extended(ROW(period, cohorts, eligible, retained, rate), 0)) AS hash
		FROM affinity.retention_curve(a, as_of, mode_name, criterion_name,
			CASE criterion_name WHEN 'bracket' THEN '{1,2,4}'::int[] END,
			CASE WHEN previous THEN 'previous' ELSE 'total' END, max_period, cohorts_from, cohorts_before, kind = 2)) r;
SELECT is_empty($$SELECT mode, criterion, previous, no, o.n, e.n AS expected
	FROM own_curve o FULL JOIN expected_curve e USING (mode, criterion, previous, no)
	WHERE o.no IS NULL OR o.n <> coalesce(e.n, 0) OR o.hash IS DISTINCT FROM e.hash LIMIT 5$$,
	'the pooled curve in all modes, with each criterion');
SELECT is((SELECT count(*) FROM own_curve), 15 * count(*), 'of all logs') FROM scope;

-- Wilson's bounds, which depend on two of the columns only
SELECT is_empty($$
	SELECT eligible, retained, rate_low, rate_high, low, high
	FROM (SELECT DISTINCT eligible, retained, rate_low, rate_high
		FROM state, affinity.retention(a, rolling => kind = 2)) r,
	LATERAL (SELECT 1.959963984540054::float8 AS z, retained / nullif(eligible, 0)::float8 AS p, nullif(eligible, 0) AS n) x,
	LATERAL (SELECT (p + z * z / (2 * n)) / (1 + z * z / n) AS centre,
		z / (1 + z * z / n) * sqrt(p * (1 - p) / n + z * z / (4 * n * n)) AS half) y,
	LATERAL (SELECT greatest(centre - half, 0) AS low, least(centre + half, 1) AS high) b
	WHERE NOT coalesce(abs(rate_low - low) < 1e-12 AND abs(rate_high - high) < 1e-12,
		rate_low IS NULL AND rate_high IS NULL AND eligible = 0)$$, 'bounds of rates');


-- 3. Reports of who was active when; in activity with times, who started or came
-- back.
CREATE TEMP TABLE span AS
	SELECT no, p, nth, p + step <= now AS complete, step
	FROM scope, generate_series(first_p, last_p, step) WITH ORDINALITY AS g (p, nth) WHERE kind < 2;
CREATE TEMP TABLE past AS
	SELECT no, user_id, p, step, short, long, lag(p) OVER w AS before, lead(p) OVER w AS after
	FROM (SELECT DISTINCT no, user_id, p FROM seen WHERE no % 4 < 2) s JOIN scope USING (no),
		LATERAL (SELECT 1 + id % 4 AS short, 2 + id % 7 AS long) x
	WINDOW w AS (PARTITION BY no, user_id ORDER BY p);
ANALYZE span; ANALYZE past;
CREATE FUNCTION pg_temp.same(own text, plain text, name text) RETURNS text LANGUAGE sql AS $$
	SELECT is_empty(format('SELECT no, o.n, e.n AS expected FROM (%s) o FULL JOIN (%s) e USING (no)
		WHERE o.no IS NULL OR o.n <> coalesce(e.n, 0) OR o.hash IS DISTINCT FROM e.hash LIMIT 5', own, plain), name) $$;

SELECT pg_temp.same($$
	SELECT no, r.* FROM scope JOIN state USING (id, kind), LATERAL (SELECT count(*) AS n, bit_xor(hash_record_extended(l, 0)) AS hash
		FROM affinity.lifecycle(a, as_of) l) r WHERE kind < 2$$, $$
	SELECT no, count(*) AS n, bit_xor(hash_record_extended(ROW(p, coalesce(active, 0), coalesce(new, 0), coalesce(back, 0),
		coalesce(resurrecting, 0), coalesce(dormant, 0), complete), 0)) AS hash
	FROM span
	LEFT JOIN (SELECT no, p, count(*) AS active, count(*) FILTER (WHERE before IS NULL) AS new,
			count(*) FILTER (WHERE before = p - step) AS back, count(*) FILTER (WHERE before < p - step) AS resurrecting
		FROM past GROUP BY 1, 2) a USING (no, p)
	LEFT JOIN (SELECT no, p + step AS p, count(*) AS dormant FROM past WHERE after IS DISTINCT FROM p + step
		GROUP BY 1, 2) d USING (no, p)
	GROUP BY 1$$, 'lifecycle');

-- within a window are those who were active in it; a user churns when its last
-- active period leaves the long window
SELECT pg_temp.same($$
	SELECT no, r.* FROM scope JOIN state USING (id, kind), LATERAL (SELECT count(*) AS n, bit_xor(hash_record_extended(l, 0)) AS hash
		FROM affinity.active_users(a, as_of, 1 + id % 4, 2 + id % 7) l) r WHERE kind < 2$$, $$
	SELECT no, count(*) AS n, bit_xor(hash_record_extended(ROW(p, coalesce(active, 0), coalesce(in_short, 0), coalesce(in_long, 0),
		active / nullif(in_long, 0)::float8, coalesce(new, 0), coalesce(churned, 0), complete), 0)) AS hash
	FROM span
	LEFT JOIN (SELECT no, p, count(DISTINCT user_id) FILTER (WHERE age = 0) AS active, count(DISTINCT user_id) FILTER (WHERE age < short) AS in_short,
			count(DISTINCT user_id) FILTER (WHERE age < long) AS in_long, count(*) FILTER (WHERE age = 0 AND before IS NULL) AS new
		FROM (SELECT no, user_id, past.p + step * age AS p, age, before, short, long
			FROM past, generate_series(0, greatest(short, long) - 1) AS age) a GROUP BY 1, 2) a USING (no, p)
	LEFT JOIN (SELECT no, p + step * long AS p, count(*) AS churned FROM past
		WHERE after IS NULL OR after > p + step * long GROUP BY 1, 2) c USING (no, p)
	GROUP BY 1$$, 'active users');

SELECT pg_temp.same($$
	SELECT no, r.* FROM scope JOIN state USING (id, kind), LATERAL (SELECT count(*) AS n, bit_xor(hash_record_extended(l, 0)) AS hash
		FROM affinity.frequency(a, as_of, CASE WHEN id % 3 > 0 THEN 1 + id % 7 END) l) r WHERE kind < 2$$, $$
	SELECT no, count(*) AS n, bit_xor(hash_record_extended(ROW(times, users, users / total), 0)) AS hash
	FROM (SELECT no, times, count(*) AS users, sum(count(*)) OVER (PARTITION BY no)::float8 AS total
		FROM (SELECT no, user_id, count(*)::int AS times FROM past JOIN scope USING (no)
			JOIN (SELECT no, max(p) AS latest FROM span GROUP BY 1) l USING (no)
			WHERE id % 3 = 0 OR p > latest - (1 + id % 7) * past.step GROUP BY 1, 2) u GROUP BY 1, 2) f
	GROUP BY 1$$, 'frequency');

SELECT pg_temp.same($$
	SELECT no, r.* FROM scope JOIN state USING (id, kind), LATERAL (SELECT count(*) AS n, bit_xor(hash_record_extended(l, 0)) AS hash
		FROM affinity.time_to_return(a, as_of, '{0,0.3,0.5,1}') l) r WHERE kind < 2$$, $$
	WITH gap AS MATERIALIZED (
		SELECT past.no, b.nth - a.nth AS periods, NULL::interval AS elapsed
		FROM past JOIN span a USING (no, p) LEFT JOIN span b ON b.no = past.no AND b.p = after
		WHERE past.no % 4 = 0 AND before IS NULL
		UNION ALL
		SELECT s.no, NULL, min(r.at - t0)
		FROM (SELECT no, user_id, min(at) AS t0 FROM seen WHERE no % 4 = 1 AND is_start GROUP BY 1, 2) s
		LEFT JOIN seen r ON r.no = s.no AND r.user_id = s.user_id AND r.is_return
			AND (r.at > t0 OR r.at = t0 AND (NOT r.is_start OR EXISTS (SELECT FROM seen o WHERE o.no = s.no
				AND o.user_id = s.user_id AND o.at = t0 AND o.is_start AND NOT o.is_return)))
		GROUP BY s.no, s.user_id)
	SELECT no, count(*) AS n, bit_xor(hash_record_extended(ROW(q, users, returned, periods, elapsed), 0)) AS hash
	FROM (SELECT no, q, count(g.no) AS users, count(coalesce(periods, extract(epoch FROM elapsed))) AS returned,
			percentile_disc(q) WITHIN GROUP (ORDER BY periods) AS periods,
			percentile_disc(q) WITHIN GROUP (ORDER BY elapsed) AS elapsed
		FROM scope LEFT JOIN gap g USING (no), unnest('{0,0.3,0.5,1}'::float8[]) AS q WHERE kind < 2 GROUP BY 1, 2) x
	GROUP BY 1$$, 'time to return');
SELECT cmp_ok(count(*), '>', 7880::bigint, 'of all logs with a row that counts') FROM scope WHERE kind < 2;

SELECT * FROM finish();
ROLLBACK;
