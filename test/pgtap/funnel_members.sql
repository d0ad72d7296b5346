-- funnel_members and funnel_conversion_times against funnel_times of each user.
BEGIN;
SELECT plan(28);
SET LOCAL jit = off;
SELECT setseed(0.5);

CREATE TEMP TABLE event AS
	SELECT u, (random() * 40)::bigint AS at, random() < 0.4 AS a, random() < 0.3 AS b, random() < 0.3 AS c
	FROM generate_series(-150, 150) AS u, generate_series(1, 5);
CREATE TEMP TABLE mode AS
	SELECT * FROM unnest(ARRAY['default', 'strict_order', 'optional 2', 'any_order', 'any_order 2 3', 'first_attempt', 'hold_last'])
	WITH ORDINALITY AS m (mode, no);
CREATE TEMP TABLE who AS
	SELECT no, u, affinity.funnel_times(20, mode, at, a, b, c) AS times FROM event, mode WHERE mode <> 'hold_last' GROUP BY no, mode, u
	UNION ALL SELECT no, u, affinity.funnel_times(20, mode, at, a, b, c, at % 3) FROM event, mode WHERE mode = 'hold_last' GROUP BY no, mode, u;
CREATE TEMP TABLE state AS
	SELECT no, mode, affinity.funnel_agg(u, at, 20, mode, a, b, c) AS f,
		affinity.funnel_agg(md5(u::text)::uuid, at, 20, mode, a, b, c)::text::affinity.funnel AS by_uuid
	FROM event, mode WHERE mode <> 'hold_last' GROUP BY no, mode
	UNION ALL SELECT no, mode, affinity.funnel_agg(u, at, 20, mode, a, b, c, at % 3),
		affinity.funnel_agg(md5(u::text)::uuid, at, 20, mode, a, b, c, at % 3)
	FROM event, mode WHERE mode = 'hold_last' GROUP BY no, mode;

-- Who: each step of each mode, in order.
CREATE FUNCTION pg_temp.previous(mode text, step bigint) RETURNS bigint LANGUAGE sql AS $$
	SELECT CASE WHEN mode = 'optional 2' THEN 1 ELSE step - 1 END $$;
SELECT is((SELECT array_agg(ARRAY[step, m]::text ORDER BY step, i) FROM state s, generate_series(1, 3) step,
		affinity.funnel_members(f, NULL::bigint, step) WITH ORDINALITY AS m (m, i) WHERE s.no = mode.no),
	(SELECT array_agg(ARRAY[step, u]::text ORDER BY step, u) FROM who, generate_series(1, 3) step
		WHERE who.no = mode.no AND times[step] IS NOT NULL), 'who took the steps: ' || mode) FROM mode ORDER BY no;
SELECT is((SELECT array_agg(ARRAY[step, m]::text ORDER BY step, i) FROM state s, generate_series(2, 3) step,
		affinity.funnel_members(f, NULL::integer, step, dropped => true) WITH ORDINALITY AS m (m, i) WHERE s.no = mode.no),
	(SELECT array_agg(ARRAY[step, u]::text ORDER BY step, u) FROM who, generate_series(2, 3) step
		WHERE who.no = mode.no AND times[step] IS NULL AND times[pg_temp.previous(mode, step)] IS NOT NULL),
	'who dropped out: ' || mode) FROM mode ORDER BY no;
SELECT results_eq($$SELECT no, step, (SELECT count(*) FROM affinity.funnel_members(f, NULL::bigint, step)),
		CASE WHEN step > 1 THEN (SELECT count(*) FROM affinity.funnel_members(by_uuid, NULL::uuid, step, true)) END
		FROM state, affinity.funnel_steps(f) ORDER BY no, step$$,
	$$SELECT no, step, users, CASE WHEN step > 1 THEN (SELECT p.users FROM affinity.funnel_steps(f) p
		WHERE p.step = pg_temp.previous(mode, s.step)) - users END
		FROM state, affinity.funnel_steps(f) s ORDER BY no, step$$, 'as many as funnel_steps counts');
SELECT results_eq($$SELECT m::text FROM state, affinity.funnel_members(by_uuid, NULL::uuid, 2) m WHERE mode = 'default'$$,
	$$SELECT md5(u::text)::uuid::text FROM who WHERE no = 1 AND times[2] IS NOT NULL ORDER BY 1$$, 'uuids, in order');

-- Text users: the query of the hint, with what the funnel was made of.
CREATE FUNCTION pg_temp.hint(call text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE hint text; code text;
BEGIN
	EXECUTE 'SELECT ' || call || ' FROM event';
	RETURN 'no error';
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS hint = PG_EXCEPTION_HINT, code = RETURNED_SQLSTATE;
	RETURN code || ' ' || hint;
END $$;
CREATE TEMP VIEW events AS SELECT 'u' || u AS user_id, * FROM event;
CREATE FUNCTION pg_temp.follow(hint text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE query text := substring(hint FROM 'SELECT .*NULL(?=, with the table)');
BEGIN
	query := replace(query, '(window, mode, at, step1, step2, ...)', '(20, ''default'', at, a, b, c)');
	IF hint ~ 'AND \(\.\.\.\)' THEN
		query := query || ' AND (affinity.funnel_times(20, ''default'', at, a, b, c))' || substring(hint FROM '\(\.\.\.\)(\[\d\] IS NOT NULL)');
	END IF;
	RETURN QUERY EXECUTE query;
END $$;
SELECT set_eq($$SELECT pg_temp.follow(pg_temp.hint('affinity.funnel_members(affinity.funnel_agg(''u'' || u, at, 20, a, b, c), NULL::text, 2)'))$$,
	$$SELECT 'u' || u FROM who WHERE no = 1 AND times[2] IS NOT NULL$$, 'text users: the hint gives who took a step');
SELECT set_eq($$SELECT pg_temp.follow(pg_temp.hint('affinity.funnel_members(affinity.funnel_agg(''u'' || u, at, 20, a, b, c), NULL::text, 3, true)'))$$,
	$$SELECT 'u' || u FROM who WHERE no = 1 AND times[2] IS NOT NULL AND times[3] IS NULL$$, 'text users: the hint gives who dropped out');

SELECT alike(pg_temp.hint(call), state || '%', call) FROM (VALUES
	('affinity.funnel_members(affinity.funnel_agg(u, at, 20, a, b), NULL::bigint, 3)', '22023 Steps have'),
	('affinity.funnel_members(affinity.funnel_agg(u, at, 20, a, b), NULL::bigint, 1, true)', '22023 Who did not'),
	('affinity.funnel_members(affinity.funnel_agg(u, at, 20, a, b), NULL::uuid, 1)', '42804 %NULL::bigint%'),
	('affinity.funnel_members(affinity.funnel_agg(u + 40000, at, 20, true), NULL::smallint, 1)', '22003 %NULL::bigint'),
	('affinity.funnel_conversion_times(affinity.funnel_agg(u, at, 20, a, b), ARRAY[0.5, 1.5])', '22023 0.5'),
	('affinity.funnel_conversion_times(affinity.funnel_agg(u, at, 20, a, b), ''{NaN}'')', '22023 0.5'),
	('affinity.funnel_conversion_times(affinity.funnel_agg(u, at, 20, a, b), edges => ARRAY[interval ''2 s'', ''1 s''])', '22023 %ARRAY%'),
	('affinity.funnel_conversion_times(affinity.funnel_agg(u, at, 20, a, b), edges => ARRAY[interval ''2 s'', NULL])', '22004 Leave')) c (call, state);

-- Times: every step of every mode.
SELECT results_eq($$
	SELECT no, t.step, t.since, t.users, t.mean, t.quantiles, t.histogram
	FROM state, affinity.funnel_conversion_times(f, '{0,0.25,0.5,1}', ARRAY[interval '1 s', '3 s', '10 s']) t ORDER BY no, step, since$$, $$
	SELECT no, step, since, count(t), make_interval(secs => round(avg(t), 6)::float8),
		(SELECT array_agg(make_interval(secs => q) ORDER BY i) FROM
			unnest(percentile_cont('{0,0.25,0.5,1}'::float8[]) WITHIN GROUP (ORDER BY t)) WITH ORDINALITY AS x (q, i)),
		ARRAY[count(*) FILTER (WHERE t < 1), count(*) FILTER (WHERE t >= 1 AND t < 3), count(*) FILTER (WHERE t >= 3 AND t < 10),
			count(*) FILTER (WHERE t >= 10)]
	FROM who JOIN mode USING (no), generate_series(2, 3) step, (VALUES ('previous'), ('start')) s (since),
		LATERAL (SELECT times[step] - times[CASE since WHEN 'start' THEN 1 ELSE pg_temp.previous(mode, step) END] AS t) t
	WHERE t IS NOT NULL GROUP BY no, step, since ORDER BY no, step, since$$, 'mean, quantiles and histogram of times');
SELECT results_eq($$SELECT step, since, users, mean, quantiles, histogram
		FROM affinity.funnel_conversion_times((SELECT affinity.funnel_agg(1, now(), NULL, true, false)), edges => '{}')$$,
	$$VALUES (2, 'previous', 0::bigint, NULL::interval, NULL::interval[], '{0}'::bigint[]), (2, 'start', 0, NULL, NULL, '{0}')$$, 'nobody');

SELECT finish();
ROLLBACK;
