-- Referrals and k: known trees and circles, and plain SQL on random ones (fixed seed).
BEGIN;
SET LOCAL jit = off;
SELECT plan(22);
CREATE TEMP TABLE invitation (inviter int, invitee int, at date);
INSERT INTO invitation VALUES (NULL, 1, '2024-01-01'), (1, 2, '2024-01-05'), (1, 3, '2024-02-05'), (2, 4, '2024-02-01'), (2, 5, NULL), (7, 8, '2024-01-01'), (8, 9, '2024-01-03'),
	(9, 7, '2024-01-02'), (9, 10, '2024-02-02'), (11, 11, '2024-01-01'), (3, 2, '2024-03-01');

-- 1. By hand: 5 never came, 2 had come through 1 when 3 invited them too, 7, 8 and 9 are a circle that 8 was in first, 11 is one alone.
SELECT results_eq($$SELECT * FROM affinity.referrals('TABLE invitation', NULL::int)$$, $$VALUES (1, NULL::int, 1, 0::bigint, 2::bigint, 2::bigint, 3::bigint, false), (2, 1, 1, 1, 2, 1, 1, false),
	(3, 1, 1, 1, 1, 0, 0, false), (4, 2, 1, 2, 0, 0, 0, false), (7, 9, 8, 2, 1, 0, 0, true), (8, NULL, 8, 0, 1, 1, 3, true), (9, 8, 8, 1, 2, 2, 2, true), (10, 9, 8, 2, 0, 0, 0, false),
	(11, NULL, 11, 0, 0, 0, 0, true)$$, 'trees and circles');
SELECT results_eq($$SELECT * FROM affinity.referrals('SELECT inviter, invitee, at::timestamptz FROM invitation ORDER BY random()', NULL::int)$$,
	$$SELECT * FROM affinity.referrals('TABLE invitation', NULL::int)$$, 'in another order, as timestamptz');
SELECT results_eq($$SELECT member, inviter, depth FROM affinity.referrals('VALUES (1, 2), (NULL, 1), (3, 2), (2, 3)', NULL::int)$$,
	$$VALUES (1, NULL::int, 0::bigint), (2, 1, 1), (3, 2, 2)$$, 'without times the first by id counts');
SELECT is((SELECT string_agg(concat_ws(' ', cohort::date, members, inviters, invitations_sent, joined, round(invitations_per_member::numeric, 4), round(conversion::numeric, 4), round(k::numeric, 4), cycle_time, complete), '; ')
	FROM affinity.k_factor('TABLE invitation')), '2024-01-01 6 5 8 6 1.3333 0.7500 1.0000 27 days t; 2024-02-01 3 1 1 0 0.3333 0.0000 0.0000 f', 'k: the median of 2, 4, 27, 30 and 35 days');
SELECT is((SELECT string_agg(concat_ws(' ', cohort::date, joined, cycle_time, complete), '; ') FROM affinity.k_factor('TABLE invitation', within => '29 days')),
	'2024-01-01 4 4 days f; 2024-02-01 0 f', 'who came within 29 days; 7 came before 9, who had invited them');
SELECT is((SELECT string_agg(concat_ws(' ', coalesce(cohort::text, '-'), members, invitations_sent, joined, k, cycle_time, complete), '; ') FROM affinity.k_factor('VALUES (50, 51, ''2024-01-09''::date), (50, 52, NULL)')),
	'2024-01-01 00:00:00 1 0 0 0 f; - 1 2 1 1', 'an inviter of whom it is not known when');
SELECT is((SELECT count(*) FROM affinity.k_factor('VALUES (50, 51, ''2024-01-09''::date)', within => '1 day')), 1::bigint, 'who is left out with a time');
SELECT is((SELECT string_agg(cohort::text || ' ' || members, ', ') FROM affinity.k_factor('VALUES (NULL::int, 1, ''2024-01-31 23:30+00''::timestamptz), (1, 2, ''2024-02-01 00:30+00'')', 'day', time_zone => z)), x, z)
FROM (VALUES ('UTC', '2024-01-31 00:00:00 1, 2024-02-01 00:00:00 1'), ('Europe/Berlin', '2024-02-01 00:00:00 2')) x (z, x);

SET LOCAL client_min_messages = warning;

-- 2. A chain of 100,000 and a circle of 100,000: neither overflows nor hangs.
SELECT is((SELECT max(depth) || ' ' || max(descendants) || ' ' || count(DISTINCT root) FROM affinity.referrals('SELECT i - 1, i FROM generate_series(1, 99999) i', NULL::int)), '99999 99999 1', 'a chain');
SELECT is((SELECT max(depth) || ' ' || max(descendants) || ' ' || count(*) FILTER (WHERE in_cycle) || ' ' || min(root) FROM affinity.referrals('SELECT i, (i + 1) % 100000 FROM generate_series(0, 99999) i', NULL::int)),
	'99999 99999 100000 0', 'a circle');

-- 3. Random invitations, beside plain SQL: each comes through the first who invited them, links of circles are left out by hand.
SELECT setseed(0.77);
CREATE TEMP TABLE sent AS SELECT g, CASE WHEN random() < 0.1 THEN NULL ELSE (random() * 80)::int END AS inviter, (random() * 80)::int AS invitee,
	CASE WHEN random() < 0.7 THEN timestamp '2024-01-01' + round(random() * 200) * interval '1 day' + round(random() * 86400) * interval '1 second' END AS at
	FROM generate_series(1, 30) g, generate_series(1, 5 * g) i;
CREATE TEMP TABLE tree AS SELECT g, r.* FROM generate_series(1, 30) g, affinity.referrals(format('SELECT inviter, invitee, at FROM sent WHERE g = %s', g), NULL::int) r;
CREATE TEMP TABLE first_row AS SELECT DISTINCT ON (g, invitee) * FROM sent WHERE at IS NOT NULL ORDER BY g, invitee, at, inviter NULLS LAST;
SELECT results_eq('SELECT g::int, member FROM tree ORDER BY 1, 2', 'SELECT g, invitee FROM first_row UNION SELECT g, inviter FROM sent WHERE inviter IS NOT NULL ORDER BY 1, 2', 'members are who came and who invited');
SELECT is_empty($$SELECT t.* FROM tree t LEFT JOIN first_row f ON f.g = t.g AND f.invitee = t.member WHERE t.inviter IS DISTINCT FROM f.inviter AND NOT (t.in_cycle AND t.inviter IS NULL)$$, 'each came through the first who invited them');
CREATE TEMP TABLE circle AS WITH RECURSIVE up AS (SELECT g, invitee AS start, inviter AS v, 1 AS n FROM first_row WHERE inviter IS NOT NULL
	UNION ALL SELECT u.g, u.start, f.inviter, n + 1 FROM up u JOIN first_row f ON f.g = u.g AND f.invitee = u.v WHERE u.v <> u.start AND n < 100 AND f.inviter IS NOT NULL)
	SELECT DISTINCT g, start FROM up WHERE v = start;
SELECT results_eq('SELECT g::int, member FROM tree WHERE in_cycle ORDER BY 1, 2', 'SELECT g, start FROM circle ORDER BY 1, 2', 'who is in a circle');
SELECT ok((SELECT count(*) > 20 FROM circle), 'of which there are some');
CREATE TEMP TABLE walk AS WITH RECURSIVE w AS (SELECT g, member AS root, member, 0 AS depth FROM tree WHERE inviter IS NULL
	UNION ALL SELECT t.g, w.root, t.member, w.depth + 1 FROM w JOIN tree t ON t.g = w.g AND t.inviter = w.member) SELECT * FROM w;
SELECT results_eq('SELECT g, member, root, depth FROM tree ORDER BY 1, 2', 'SELECT g, member, root, depth::bigint FROM walk ORDER BY 1, 2', 'roots and depths, each member once');
CREATE TEMP TABLE below AS WITH RECURSIVE w AS (SELECT g, member AS top, member FROM tree UNION ALL SELECT t.g, w.top, t.member FROM w JOIN tree t ON t.g = w.g AND t.inviter = w.member)
	SELECT g, top, count(*) - 1 AS n FROM w GROUP BY 1, 2;
SELECT is_empty($$SELECT t.* FROM tree t JOIN below b ON b.g = t.g AND b.top = t.member WHERE descendants <> n OR joined <> (SELECT count(*) FROM tree c WHERE c.g = t.g AND c.inviter = t.member)
	OR invited <> (SELECT count(DISTINCT invitee) FROM sent s WHERE s.g = t.g AND s.inviter = t.member AND s.invitee <> t.member)$$, 'descendants, who joined, who was invited');
SELECT is_empty($$WITH m AS (SELECT t.*, f.at, f.at IS NOT NULL AS known, date_trunc('week', f.at) AS cohort FROM tree t LEFT JOIN first_row f ON f.g = t.g AND f.invitee = t.member
	), c AS (SELECT c.g, c.inviter, c.at, m.at AS since, m.cohort FROM m c JOIN m ON m.g = c.g AND m.member = c.inviter
	), plain AS (SELECT g, cohort, count(*) AS members, count(*) FILTER (WHERE invited > 0) AS inviters, sum(invited) AS sent,
		(SELECT count(*) FROM c WHERE c.g = m.g AND c.cohort = m.cohort AND c.at <= c.since + interval '1 month') AS joined,
		(SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM c.at - c.since)) FROM c WHERE c.g = m.g AND c.cohort = m.cohort AND c.at <= c.since + interval '1 month' AND c.at >= c.since) AS cycle,
		cohort + interval '7 days' + interval '1 month' <= (SELECT max(at) FROM m n WHERE n.g = m.g) AS complete
		FROM m WHERE known GROUP BY 1, 2)
	SELECT * FROM (SELECT g, k.* FROM generate_series(1, 30) g, affinity.k_factor(format('SELECT inviter, invitee, at FROM sent WHERE g = %s', g), 'week', '1 month') k) r FULL JOIN plain p USING (g, cohort)
	WHERE NOT coalesce(r.members = p.members AND r.inviters = p.inviters AND invitations_sent = sent AND r.joined = p.joined AND abs(r.k - p.joined::float8 / p.members) < 1e-12
		AND abs(invitations_per_member - sent / p.members) < 1e-12 AND abs(coalesce(conversion, 0) - coalesce(p.joined / nullif(sent, 0), 0)) < 1e-12
		AND abs(coalesce(extract(epoch FROM cycle_time), -1) - coalesce(cycle, -1)) < 1e-5 AND r.complete = p.complete, false)$$, 'k by week, of who came within a month');

-- 4. What is wrong.
SELECT throws_ok('SELECT * FROM affinity.' || call, code, message) FROM (VALUES
	('k_factor(''SELECT 1, 2'')', '42804', 'invitations need a third column: when the invited one joined'),
	('k_factor(''SELECT 1, 2, now()'', within => ''-1 day'')', '22023', 'within must be a span of time above 0, not -1 days'),
	('k_factor(''SELECT 1, 2, ''''infinity''''::date'')', '22023', 'the row from 1 to 2 has an infinite time'),
	('referrals(''SELECT 1, 2, 3'', NULL::int)', '42804', 'the time of invitations is of type integer, not a date or timestamp')) x (call, code, message);
SELECT * FROM finish();
ROLLBACK;
