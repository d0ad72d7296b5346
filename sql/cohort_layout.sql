-- The layouts of an activity state, which are chosen from its contents alone: the
-- same bytes whatever way it was put together, and the same reports.
SET TimeZone = 'UTC';
SET DateStyle = 'ISO';

-- 200 users who stay for some weeks of three years; some of them come back once
-- after a long time
CREATE TABLE stays AS
	SELECT u AS user_id, timestamptz '2022-01-01 00:00+00' + interval '1 day' * day AS at
	FROM generate_series(1, 200) u,
		LATERAL (SELECT u * 37 % 900 + g * (1 + u % 5) AS day FROM generate_series(0, u % 23) g
			UNION ALL SELECT u * 37 % 900 + 150 WHERE u % 10 = 0) d;
-- two hours of each user, far apart
CREATE TABLE visits AS
	SELECT u AS user_id, timestamptz '2022-01-01 00:00+00' + interval '1 hour' * (u * 131 % 7001 + g * 9000) AS at
	FROM generate_series(1, 200) u, generate_series(0, 1) g;
-- a year of weeks, which would fit into one word, but lies across two
CREATE TABLE season AS
	SELECT u AS user_id, timestamptz '2024-01-01 12:00+00' + interval '1 week' * ((u * 17 + g * g * 5) % 53) AS at
	FROM generate_series(1, 200) u, generate_series(0, u % 7) g;

CREATE FUNCTION layout(a affinity.activity) RETURNS text LANGUAGE sql AS $$
	SELECT (ARRAY['bitmaps', 'lists', 'events', 'values', 'trimmed bitmaps'])[get_byte(decode(a::text, 'base64'), 7)] $$;

SELECT layout(affinity.activity_agg(user_id, at, 'month')) AS months,
	layout(affinity.activity_agg(user_id, at, 'week')) AS weeks,
	layout(affinity.activity_agg(user_id, at, 'day')) AS days,
	layout(affinity.activity_agg(user_id, at, 'day') FILTER (WHERE user_id <= 60)) AS days_of_few,
	layout(affinity.activity_agg(user_id, at, 'hour')) AS hours
FROM stays;
SELECT layout(affinity.activity_agg(user_id, at, 'hour')) AS hours,
	layout(affinity.activity_agg(user_id, at, 'day')) AS days FROM visits;

-- merged from parts of any layout, in any order, through text and back
CREATE FUNCTION same(rows text, id text, unit text) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
	same boolean;
BEGIN
	EXECUTE format($q$
		SELECT bool_and(a::text = b::text AND a::text::affinity.activity::text = a::text)
		FROM (SELECT affinity.activity_agg(%2$s, at, %3$L) AS a FROM %1$I) whole,
			(SELECT affinity.rollup(part) AS b FROM (
				SELECT affinity.activity_agg(%2$s, at, %3$L) AS part FROM %1$I GROUP BY extract(day FROM at)::int %% 9) p
			UNION ALL SELECT affinity.rollup(part) FROM (
				SELECT affinity.activity_agg(%2$s, at, %3$L) AS part FROM %1$I GROUP BY user_id ORDER BY user_id DESC) p
			UNION ALL SELECT affinity.activity_agg(%2$s, at, %3$L ORDER BY at DESC) FROM %1$I
			UNION ALL SELECT affinity.activity_agg(%2$s, at, %3$L ORDER BY user_id %% 7, at) FROM %1$I) ways$q$,
		rows, id, unit) INTO same;
	RETURN same;
END $$;
SELECT unit, bool_and(same(rows, id, unit)) FROM unnest(ARRAY['stays', 'visits', 'season']) rows,
	unnest(ARRAY['user_id', '''user '' || user_id', 'md5(user_id::text)::uuid']) id,
	unnest(ARRAY['hour', 'day', 'week', 'month']) unit GROUP BY unit ORDER BY unit;

SELECT count(*) AS cells, count(*) FILTER (WHERE r.retained IS DISTINCT FROM (
	SELECT count(DISTINCT s.user_id) FROM season s JOIN (SELECT user_id, min(at) AS first FROM season GROUP BY 1) f USING (user_id)
	WHERE date_trunc('week', f.first) = r.cohort AND date_trunc('week', s.at) = r.period_start)) AS differ
FROM (SELECT affinity.activity_agg(user_id, at, 'week' ORDER BY user_id % 3, at DESC) AS a FROM season) s, affinity.retention(a) r;

-- two states side by side: users of both, of some or of none in common, in
-- periods before, after and between each other's. Eight users have the same tag,
-- the upper half of their hash.
CREATE TABLE same_tag AS SELECT u, number, uuid FROM ROWS FROM (generate_series(1, 8),
	unnest(ARRAY[-185624598552734232, -5082112565647125089, -3658461100876436361, 335625780512690508,
		-6330158377709759329, -7680754780740710695, -7875101453498753965, -2096927798967048276]),
	unnest(ARRAY['e895b03d69876cfd', '9fd50d388cb578b9', '77ecac1903893acd', '4c11ec80de61a804',
		'9f94a57c7ec226a8', 'd90e11a7387a6895', '535c0bbef304b692', 'ac67edde4637e6e2'])) t(u, number, uuid);
CREATE TABLE halves AS
	SELECT kind, unit, overlap, side, coalesce(number, u) AS number, coalesce(rpad(uuid, 32, '0'), md5(u::text))::uuid AS uuid,
		CASE WHEN u <> 150 THEN repeat('user ', u % 11) || u ELSE '' END AS name,
		timestamptz '2022-01-01 00:00+00' + interval '1 hour' * hour AS at
	FROM (
		SELECT kind, unit, overlap, side, u, hour
		FROM generate_series(0, 1) side, generate_series(1, 200) i,
			(VALUES ('all', 0, 1), ('some', 90, 1), ('half of them', 0, 2), ('none', 1000, 1)) o(overlap, shift, every),
			LATERAL (SELECT i + side * shift AS u) users,
			LATERAL (SELECT g, 24 * (u * 37 % 400 + g * (1 + u % 5)) AS stay FROM generate_series(0, u % 13) g) days,
			LATERAL (VALUES ('equal', 'day', stay), ('between', 'day', stay + 24 * side),
				('after', 'day', stay + 24 * 500 * side), ('before', 'day', stay - 24 * 1500 * side),
				('weeks', 'week', stay), ('months before', 'month', stay - 24 * 1500 * side),
				('twice', 'hour', u * 13 % 300 + 9000 * side + g * 9), ('lists', 'hour', stay * (1 + side))) k(kind, unit, hour)
		WHERE side = 0 OR i % every = 0
		UNION ALL SELECT 'long', 'hour', 'all', side, u, u * 7 + g * 20 + side * 10
		FROM generate_series(0, 1) side, generate_series(1, 200) u, generate_series(0, 70) g) r LEFT JOIN same_tag USING (u);
CREATE FUNCTION halves(id text) RETURNS TABLE (kind text, layouts text, same boolean, read boolean) LANGUAGE plpgsql AS $$
BEGIN
	RETURN QUERY EXECUTE format($q$
		WITH half AS (SELECT kind, overlap, side, affinity.activity_agg(%1$I, at, unit) AS s FROM halves GROUP BY kind, overlap, unit, side),
		whole AS (SELECT kind, overlap, affinity.activity_agg(%1$I, at, unit) AS w FROM halves GROUP BY kind, overlap, unit)
		SELECT kind, format('%%s, %%s: %%s', layout(a.s), layout(b.s), layout(w)), same, w::text::affinity.activity::text = w::text
		FROM half a JOIN half b USING (kind, overlap) JOIN whole USING (kind, overlap), LATERAL (
			SELECT bool_and(m::text = w::text) AS same FROM (
				SELECT affinity.activity_combine(a.s, b.s) AS m UNION ALL SELECT affinity.activity_combine(b.s, a.s)
				UNION ALL SELECT affinity.activity_combine(w, a.s) UNION ALL SELECT affinity.activity_combine(b.s, w)
				UNION ALL SELECT affinity.activity_combine(w, w)
				UNION ALL SELECT affinity.rollup(s) FROM (VALUES (a.s), (b.s)) v(s)
				UNION ALL SELECT affinity.rollup(s) FROM (VALUES (b.s), (a.s)) v(s)
				UNION ALL SELECT affinity.rollup(s) FROM (VALUES (a.s), (b.s), (a.s), (w)) v(s)) ways) m
		WHERE a.side = 0 AND b.side = 1$q$, id);
END $$;
SELECT kind, layouts, count(*) AS cases, bool_and(same) AS same, bool_and(read) AS read
FROM unnest(ARRAY['number', 'uuid', 'name']) id, LATERAL halves(id) GROUP BY kind, layouts ORDER BY kind, layouts;
SELECT count(DISTINCT affinity.users(a)) AS one, max(affinity.users(a)) AS users FROM (
	SELECT affinity.activity_combine(s, s) AS a FROM (SELECT affinity.activity_agg(number, at, 'day') AS s FROM halves) h
	UNION ALL SELECT affinity.activity_combine(s, s) FROM (SELECT affinity.activity_agg(uuid, at, 'day') AS s FROM halves) h
	UNION ALL SELECT affinity.activity_combine(s, s) FROM (SELECT affinity.activity_agg(name, at, 'day') AS s FROM halves) h) m;

-- the user 0, whose key is all zeros
SELECT affinity.users(affinity.activity_agg(u, now(), 'day')) AS bigint,
	affinity.users(affinity.activity_agg(lpad(to_hex(u), 32, '0')::uuid, now(), 'day')) AS uuid,
	affinity.users(affinity.activity_agg(nullif(u, 0)::text || '', now(), 'day')) AS without_null,
	affinity.users(affinity.activity_agg(CASE WHEN u = 0 THEN '' ELSE u::text END, now(), 'day')) AS text
FROM generate_series(0, 99) u;

-- reports of trimmed bitmaps against plain SQL; days that differ
CREATE TABLE state AS SELECT affinity.activity_agg(user_id, at, 'day') AS a FROM stays;
CREATE TABLE days AS SELECT d::date AS day FROM generate_series(
	(SELECT min(at) FROM stays), (SELECT max(at) FROM stays), interval '1 day') d;
SELECT count(*) AS days, count(*) FILTER (WHERE r IS NULL OR (r.active, r.active_short, r.active_long, r.new_users, r.churned)
	IS DISTINCT FROM (SELECT ROW(count(DISTINCT user_id) FILTER (WHERE at::date = day),
			count(DISTINCT user_id) FILTER (WHERE at::date > day - 7),
			count(DISTINCT user_id) FILTER (WHERE at::date > day - 28),
			(SELECT count(*) FROM (SELECT min(at)::date AS first FROM stays GROUP BY user_id) f WHERE first = day),
			count(DISTINCT user_id) FILTER (WHERE at::date = day - 28) -
			count(DISTINCT user_id) FILTER (WHERE at::date = day - 28 AND EXISTS (
				SELECT FROM stays later WHERE later.user_id = stays.user_id AND later.at::date > day - 28 AND later.at::date <= day)))
		FROM stays WHERE at::date <= day)) AS differ
FROM days LEFT JOIN (SELECT u.* FROM state, affinity.active_users(a) u) r(period, active, active_short, active_long, stickiness, new_users, churned, complete)
	ON r.period = day;
SELECT count(*) AS days, count(*) FILTER (WHERE (r.active, r.new_users, r.back, r.resurrecting, r.dormant)
	IS DISTINCT FROM (SELECT ROW(count(*) FILTER (WHERE today), count(*) FILTER (WHERE today AND NOT before),
			count(*) FILTER (WHERE today AND yesterday), count(*) FILTER (WHERE today AND before AND NOT yesterday),
			count(*) FILTER (WHERE NOT today AND yesterday))
		FROM (SELECT bool_or(at::date = day) AS today, bool_or(at::date = day - 1) AS yesterday, bool_or(at::date < day) AS before
			FROM stays WHERE at::date <= day GROUP BY user_id) u)) AS differ
FROM days LEFT JOIN (SELECT l.* FROM state, affinity.lifecycle(a) l) r(period, active, new_users, back, resurrecting, dormant, complete)
	ON r.period = day;
SELECT count(*) AS cells, count(*) FILTER (WHERE r.retained IS DISTINCT FROM (
	SELECT count(DISTINCT s.user_id) FROM stays s JOIN (SELECT user_id, min(at)::date AS first FROM stays GROUP BY 1) f USING (user_id)
	WHERE f.first = r.cohort AND s.at::date = f.first + r.period)) AS differ
FROM state, affinity.retention(a, max_period => 30) r;
SELECT count(*) AS users, count(*) FILTER (WHERE f.users IS DISTINCT FROM s.users) AS differ
FROM (SELECT f.* FROM state, affinity.frequency(a) f) f(active_periods, users, share) FULL JOIN
	(SELECT n, count(*) AS users FROM (SELECT count(DISTINCT at::date) AS n FROM stays GROUP BY user_id) d GROUP BY n) s
	ON s.n = f.active_periods;
SELECT affinity.coarsen(a, 'week')::text = (SELECT affinity.activity_agg(user_id, at, 'week')::text FROM stays) AS coarser FROM state;

-- damaged on the way: its parts begin behind the header of 56 bytes, the name of
-- the zone (8) and the ids (1600): offsets of 201 uint32, first words of 200 uint16
CREATE FUNCTION with_byte(a affinity.activity, at int, value int) RETURNS affinity.activity LANGUAGE sql AS $$
	SELECT replace(encode(set_byte(decode(a::text, 'base64'), at, value), 'base64'), E'\n', '')::affinity.activity $$;
SELECT with_byte(a, 52 + 8 + 1600, 1) FROM state;			-- the first offset
SELECT with_byte(a, 52 + 8 + 1600 + 4, 0) FROM state;		-- the second
SELECT with_byte(a, 52 + 8 + 1600 + 800, 255) FROM state;	-- the last
SELECT with_byte(a, 52 + 8 + 1600 + 808, 255) FROM state;	-- a first word
SELECT replace(encode(overlay(decode(a::text, 'base64') PLACING '\x0000000000000000'::bytea
	FROM 52 + 8 + 1600 + 808 + 400 + 1 FOR 8), 'base64'), E'\n', '')::affinity.activity FROM state;	-- a word
SELECT left(a::text, 4000)::affinity.activity FROM state;

-- a million users in one group, and a million groups of one user
SET work_mem = '4MB';
SELECT affinity.users(affinity.activity_agg(u, timestamptz '2024-01-01' + u % 365 * interval '1 day', 'day'))
FROM generate_series(1, 1000000) u;
SELECT count(*) AS groups, sum(affinity.users(a)) AS users
FROM (SELECT affinity.activity_agg(u, '2024-01-01'::timestamptz, 'day') AS a FROM generate_series(1, 1000000) u GROUP BY u) s;
RESET work_mem;

DROP FUNCTION layout, same, with_byte, halves;
DROP TABLE stays, visits, season, state, days, same_tag, halves;

-- St. John's was set back from 00:01 to 23:01 of the day before: later rows in an
-- earlier day, of the same user and of others, as the first and as the last rows
CREATE TABLE midnights (user_id int, at timestamptz);
INSERT INTO midnights VALUES (1, '2009-11-01 02:30:30+00'), (1, '2009-11-01 02:40+00'), (1, '2009-11-01 03:40+00'),
	(2, '2009-11-01 02:40+00'), (3, '2009-11-01 02:30:50+00');
SELECT at, at AT TIME ZONE 'America/St_Johns' AS local FROM midnights ORDER BY at;
SELECT last, what, r.* FROM unnest(ARRAY['2009-11-01 02:40+00', '2009-11-01 03:40+00']::timestamptz[]) last,
	LATERAL (SELECT affinity.activity_agg(user_id, at, 'day', 'America/St_Johns') AS days,
		affinity.activity_agg(user_id, at, 'day', 'America/St_Johns', true, true) AS times FROM midnights WHERE at <= last) s,
	LATERAL (VALUES (1, 'days', days), (2, 'times', times)) v(no, what, a), affinity.lifecycle(a) r ORDER BY last, no, period_start;
SELECT what, r.period_start, r.active, r.active_short, r.active_long FROM (SELECT
	affinity.activity_agg(user_id, at, 'hour', 'America/St_Johns') AS days,
	affinity.activity_agg(user_id, at, 'hour', 'America/St_Johns', true, true) AS times FROM midnights) s,
	LATERAL (VALUES (1, 'days', days), (2, 'times', times)) v(no, what, a), affinity.active_users(a, NULL, 1, 2) r ORDER BY no, period_start;
SELECT r.cohort, r.cohort_size, r.period, r.retained FROM (SELECT
	affinity.activity_agg(user_id, at, 'day', 'America/St_Johns', true, true) AS a FROM midnights) s, affinity.retention(a, mode => 'recurring') r;
SELECT f.* FROM (SELECT affinity.activity_agg(user_id, at, 'day', 'America/St_Johns', true, true) AS a FROM midnights) s, affinity.frequency(a) f;
DROP TABLE midnights;
