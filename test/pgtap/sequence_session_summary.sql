-- session_summaries against sessionize and plain SQL (sequence_sessions.sql has
-- sessionize against a loop), for all types of time; path_edges against plain SQL.
BEGIN;
SELECT plan(91);
SET LOCAL jit = off;
SET LOCAL timezone = 'America/New_York';
SELECT setseed(0.8);

-- Ties in time, rows without page, campaign or time; around a change of the clock.
CREATE TABLE event AS
	SELECT u, i, CASE WHEN random() > 0.03 THEN floor(random() * 100)::bigint END AS at,
		(ARRAY['home', 'search', 'item', 'Item', 'cart', 'ä', '', NULL])[ceil(random() * 8)] AS page,
		(ARRAY['ad', 'mail', 'mail of spring', NULL, NULL, NULL])[ceil(random() * 6)] AS campaign
	FROM generate_series(1, 300) u, generate_series(1, 14) i;

CREATE TABLE way AS
	SELECT * FROM (VALUES
		('timestamptz', 'interval', $$timestamptz '2024-03-10 00:30' + at * interval '3 minutes'$$, '10 minutes', '25 minutes'),
		('timestamptz', 'text', $$timestamptz '2024-11-03 00:30' + at * interval '3 minutes'$$, '10 minutes', '25 minutes'),
		('timestamp', 'interval', $$timestamp '1999-12-31 23:59' + at * interval '1 day'$$, '3 days', '8 days'),
		('timestamp', 'text', $$timestamp '1999-12-31 23:59' + at * interval '1 microsecond'$$, '0 days', '0.000002 s'),
		('date', 'interval', $$date '2024-02-01' + at::int$$, '1 day', '4 days'),
		('date', 'text', $$date '2024-02-01' + at::int$$, '2 days', '4 days'),
		('bigint', 'bigint', 'at - 50', '4', '9'),
		('bigint', 'text', '9223372036854775800 - at', '0', '1')) t (at, span, expression, gap, longest),
	(VALUES (0, NULL, NULL), (1, 'campaign', NULL), (2, 'campaign', 'longest'), (2, 'NULL', 'longest')) o (options, campaign, limited);

CREATE FUNCTION pg_temp.differing(w way) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
	n bigint;
	local text := CASE w.at WHEN 'date' THEN 'timestamp' ELSE w.at END;
	span text := format('CAST(%L AS %s)', w.gap, w.span);
	longest text := format('CAST(%L AS %s)', CASE WHEN w.limited IS NOT NULL THEN w.longest END, w.span);
	campaign text := coalesce(w.campaign, 'NULL') || '::text';
BEGIN
	EXECUTE format($q$
		WITH log AS MATERIALIZED (SELECT u, CAST(%1$s AS %2$s) AS at, page, %3$s AS campaign FROM event),
		numbered AS (SELECT *, affinity.sessionize(at, %4$s, campaign, %5$s)
			OVER (PARTITION BY u ORDER BY at, page COLLATE "C", campaign COLLATE "C") AS session FROM log WHERE at IS NOT NULL),
		expected AS (SELECT u, session, CAST(min(at) AS %6$s) AS started_at, CAST(max(at) AS %6$s) AS ended_at,
				CAST(max(at) AS %6$s) - CAST(min(at) AS %6$s) AS duration, count(*) AS events,
				(array_agg(page ORDER BY at, page COLLATE "C", campaign COLLATE "C") FILTER (WHERE page IS NOT NULL))[1] AS entry,
				(array_agg(page ORDER BY at DESC, page COLLATE "C" DESC, campaign COLLATE "C" DESC) FILTER (WHERE page IS NOT NULL))[1] AS exit,
				count(*) = 1 AS bounce, max(campaign) AS campaign,
				coalesce(array_agg(page ORDER BY at, page COLLATE "C", campaign COLLATE "C") FILTER (WHERE page IS NOT NULL), '{}') AS pages
			FROM numbered GROUP BY u, session),
		result AS (SELECT u, s.* FROM (SELECT u, affinity.session_summaries(%7$s) AS sessions FROM log GROUP BY u) l, unnest(sessions) s)
		SELECT count(*) + CASE WHEN (SELECT count(*) FROM result) < 300 THEN 1000000 ELSE 0 END FROM (
			(TABLE expected EXCEPT ALL SELECT u, session, started_at, ended_at, duration, events, entry, exit, bounce, campaign, pages FROM result)
			UNION ALL (SELECT u, session, started_at, ended_at, duration, events, entry, exit, bounce, campaign, pages FROM result EXCEPT ALL TABLE expected)) d $q$,
		w.expression, w.at, campaign, span, longest, local,
		concat_ws(', ', 'at', 'page', span, CASE WHEN w.options > 0 THEN campaign END, CASE WHEN w.options > 1 THEN longest END)) INTO n;
	RETURN n;
END $$;

SELECT is(pg_temp.differing(w), 0::bigint, format('%s, gap %s as %s, campaign %s, length %s', at, gap, span, campaign,
	CASE WHEN limited IS NOT NULL THEN longest END)) FROM way w ORDER BY at, span, options, campaign;

-- By workers.
CREATE FUNCTION pg_temp.plan_of(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	line text; plan text := '';
BEGIN
	FOR line IN EXECUTE 'EXPLAIN (COSTS OFF) ' || query LOOP
		plan := plan || line;
	END LOOP;
	RETURN plan;
END $$;
CREATE TABLE path AS SELECT id, CASE WHEN random() > 0.02 THEN ARRAY(SELECT (ARRAY['a', 'a', 'b', 'b', 'B', 'c', 'd', 'ä', '', '(other)', '(exit)', NULL])
		[ceil(random() * 12)] FROM generate_series(1, (id + floor(random() * 7)::int) % 8)) END AS pages
	FROM generate_series(1, 3000) id;
ANALYZE event, path;
CREATE TEMP TABLE alone AS SELECT u, affinity.session_summaries(at, page, 5, campaign) AS sessions FROM event GROUP BY u;
CREATE TEMP TABLE flows_alone AS SELECT affinity.path_edges(pages, 4, 3, true) AS edges FROM path;
SET LOCAL parallel_setup_cost = 0;
SET LOCAL parallel_tuple_cost = 0;
SET LOCAL min_parallel_table_scan_size = 0;
SELECT matches(pg_temp.plan_of('SELECT u, affinity.session_summaries(at, page, 5, campaign) FROM event GROUP BY u'), 'Partial.*Parallel',
	'sessions: workers');
SELECT results_eq('SELECT u, affinity.session_summaries(at, page, 5, campaign) FROM event GROUP BY u ORDER BY u', 'SELECT * FROM alone ORDER BY u',
	'sessions: as without workers');
SELECT matches(pg_temp.plan_of('SELECT affinity.path_edges(pages, 4, 3, true) FROM path'), 'Partial.*Parallel', 'edges: workers');
SELECT results_eq('SELECT affinity.path_edges(pages, 4, 3, true) FROM path', 'TABLE flows_alone', 'edges: as without workers');
SELECT results_eq('SELECT affinity.path_edges(pages, 4, 3, true ORDER BY id DESC) FROM path', 'TABLE flows_alone', 'edges: in another order');
RESET parallel_setup_cost;
RESET parallel_tuple_cost;
RESET min_parallel_table_scan_size;

-- Edges of sessions.
SELECT is((SELECT affinity.session_summaries(at, page, 5) FROM event WHERE false), NULL, 'no rows: NULL');
SELECT is((SELECT affinity.session_summaries(NULL::bigint, page, 5) FROM event), '{}', 'no row with a time: no session');
SELECT is((SELECT affinity.session_summaries(7::bigint, NULL, 5))::text, '{"(1,7,7,0,1,,,t,,{})"}', 'one event without a page');
SELECT is((SELECT length(s.entry) + length(s.exit) + sum(length(p)) FROM (SELECT affinity.session_summaries(i::bigint, repeat('x', 1000000 + i), 5) AS sessions
	FROM generate_series(1, 6) i) l, unnest(sessions) s, unnest(s.pages) p GROUP BY s.entry, s.exit), 8000028::bigint, 'pages of 1 MB');
SELECT throws_ok($$SELECT affinity.session_summaries(at, page, CASE WHEN i > 1 THEN 5 ELSE 6 END) FROM event$$, '22023',
	'gap and max_length must be the same for all rows of a group', 'a gap that varies');
SELECT throws_ok($$SELECT affinity.session_summaries(now(), page, NULL::interval) FROM event$$, '22004',
	'the gap between sessions must not be null', 'no gap');
SELECT throws_ok($$SELECT affinity.session_summaries(now(), page, '-1 day') FROM event$$, '22023',
	'the gap between sessions must not be negative', 'a negative gap');
SELECT throws_ok($$SELECT affinity.session_summaries(now(), page, '1 day', page, '30') FROM event$$, '22023',
	'max_length has no unit: ''30''', 'a length without a unit');
SELECT throws_ok($$SELECT affinity.session_summaries(timestamp 'infinity', page, '1 day') FROM event$$, '22023',
	'the time of an event must be finite', 'an infinite time');
SELECT throws_ok($$SELECT affinity.session_summaries('2024-01-01'::text, page, '1 day') FROM event$$, '42804', NULL, 'a time that is text');
SELECT throws_ok($$SELECT affinity.session_summaries(at, 'x', 9223372036854775807)
	FROM (VALUES (-9223372036854775807), (-1), (9223372036854775800)) v (at)$$, '22003', NULL, 'a session that no number is long enough for');
SELECT throws_ok($$SELECT affinity.session_summaries_bigint_final('\x')$$, '0A000', NULL, 'a support function by itself');

-- States that were made up.
CREATE AGGREGATE pg_temp.sessions_of(bytea) (SFUNC = affinity.session_summaries_combine, STYPE = bytea,
	FINALFUNC = affinity.session_summaries_bigint_final);
CREATE FUNCTION pg_temp.made_up(state bytea) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	RETURN pg_temp.sessions_of(state);
EXCEPTION WHEN OTHERS THEN
	RETURN SQLSTATE;
END $$;
CREATE TEMP TABLE state AS SELECT decode('11000000' || '01000000' || '00000000' || '0500000000000000' || 'ffffffffffffffff'
	|| '0700000000000000' || '01000000' || 'ffffffff' || '61', 'hex') AS state;
SELECT is(pg_temp.made_up(state), '{"(1,7,7,0,1,a,a,t,,{a})"}', 'a state as it is') FROM state;
SELECT is(array_agg(DISTINCT pg_temp.made_up(substr(state, 1, n))), '{22P03}', 'a state that is cut') FROM state, generate_series(0, 44) n;
SELECT ok(bool_and(pg_temp.made_up(set_byte(state, n, b)) ~ '^(22P03|22021|\{.*\})$'), 'bytes of a state')
	FROM state, generate_series(0, 44) n, unnest(ARRAY[0, 1, 2, 17, 127, 128, 255]) b;

CREATE AGGREGATE pg_temp.edges_state(text[], bigint, bigint, boolean) (SFUNC = affinity.path_edges_accum, STYPE = bytea);
CREATE AGGREGATE pg_temp.edges_of(bytea) (SFUNC = affinity.path_edges_combine, STYPE = bytea, FINALFUNC = affinity.path_edges_final);
CREATE FUNCTION pg_temp.made_up_edges(state bytea) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	RETURN pg_temp.edges_of(s) FROM unnest(ARRAY[state, state]) s;
EXCEPTION WHEN OTHERS THEN
	RETURN SQLSTATE;
END $$;
CREATE TEMP TABLE edges AS SELECT pg_temp.edges_state(pages, 3, 2, true) AS state FROM (VALUES ('{a,b}'::text[]), ('{a,b,c}'), ('{é}')) p (pages);
SELECT is(pg_temp.made_up_edges(state), '{"(0,a,b,4)","(0,é,\"(exit)\",2)","(1,b,\"(exit)\",2)","(1,b,c,2)","(2,c,\"(exit)\",2)"}', 'edges merged: states add up')
	FROM edges;
SELECT is(array_agg(DISTINCT pg_temp.made_up_edges(substr(state, 1, n))), '{22P03}', 'a state of edges that is cut')
	FROM edges, generate_series(0, length(state) - 1) n;
SELECT ok(bool_and(pg_temp.made_up_edges(set_byte(state, n, b)) ~ '^(22P03|22021|\{.*\})$'), 'bytes of a state of edges')
	FROM edges, generate_series(0, length(state) - 1) n, unnest(ARRAY[0, 1, 2, 17, 127, 128, 255]) b;

-- Flows against plain SQL.
CREATE FUNCTION pg_temp.flows(depth bigint, top bigint, exits boolean) RETURNS SETOF affinity.path_edge LANGUAGE sql AS $$
	WITH place AS (SELECT id, row_number() OVER w - 1 AS step, page, lead(page) OVER w AS next
		FROM path, unnest(pages) WITH ORDINALITY p (page, no) WHERE page IS NOT NULL WINDOW w AS (PARTITION BY id ORDER BY no)),
	node AS (SELECT step, page, row_number() OVER (PARTITION BY step ORDER BY count(*) DESC, page COLLATE "C") AS rank FROM place
		WHERE step <= coalesce(depth, 1000) AND (step > 0 OR next IS NOT NULL OR exits) GROUP BY step, page),
	kept AS (SELECT * FROM node WHERE rank <= coalesce(top, 1000))
	SELECT * FROM (SELECT p.step, CASE WHEN a.page IS NULL THEN '(other)' ELSE p.page END AS source,
		CASE WHEN p.next IS NULL THEN '(exit)' WHEN b.page IS NULL THEN '(other)' ELSE p.next END AS target, count(*) AS sessions
	FROM place p LEFT JOIN kept a ON a.step = p.step AND a.page = p.page LEFT JOIN kept b ON b.step = p.step + 1 AND b.page = p.next
	WHERE p.step < coalesce(depth, 1000) AND (p.next IS NOT NULL OR exits)
	GROUP BY 1, 2, 3) f ORDER BY step, sessions DESC, source COLLATE "C", target COLLATE "C"
$$;
SELECT is((SELECT affinity.path_edges(pages, depth, top, exits) FROM path), ARRAY(SELECT f FROM pg_temp.flows(depth, top, exits) f),
	format('depth %s, top %s, exits %s', depth, top, exits))
FROM unnest(ARRAY[1, 3, 1000000000000, NULL]::bigint[]) depth, unnest(ARRAY[1, 3, NULL]::bigint[]) top, unnest(ARRAY[true, false]) exits;
SELECT is((SELECT affinity.path_edges(pages) FROM path), ARRAY(SELECT f FROM pg_temp.flows(NULL, NULL, false) f), 'all edges');
SELECT is((SELECT affinity.path_edges(pages, 2) FROM path), ARRAY(SELECT f FROM pg_temp.flows(2, NULL, false) f), 'two steps');
SELECT is((SELECT affinity.path_edges(pages, 2, 2) FROM path), ARRAY(SELECT f FROM pg_temp.flows(2, 2, false) f), 'two steps, two pages');

-- What is nothing, what is much.
SELECT is((SELECT affinity.path_edges(pages) FROM path WHERE false), NULL, 'no rows: NULL');
SELECT is((SELECT affinity.path_edges(p::text[]) FROM unnest(ARRAY[NULL, '{}', '{NULL}', '{a}']) p), '{}', 'no step: no edge');
SELECT is((SELECT affinity.path_edges(ARRAY[repeat('x', 1000000), repeat('y', 1000000)], NULL, 1))::text,
	format('{"(0,%s,%s,1)"}', repeat('x', 1000000), repeat('y', 1000000)), 'pages of 1 MB');
SELECT is((SELECT array_length(affinity.path_edges(pages), 1) FROM (SELECT array_agg('p' || i % 7 ORDER BY i) AS pages
	FROM generate_series(1, 100000) i) p), 99999, 'a session of 100,000 pages');
SELECT throws_ok($$SELECT affinity.path_edges(pages, 0) FROM path$$, '22023', 'depth must be 1 or more, but is 0', 'depth 0');
SELECT throws_ok($$SELECT affinity.path_edges(pages, 1, -1) FROM path$$, '22023', 'top must be 1 or more, but is -1', 'top -1');
SELECT throws_ok($$SELECT affinity.path_edges(pages, id) FROM path$$, '22023', 'depth, top and exits must be the same for all rows of a group',
	'a depth that varies');
SELECT throws_ok($$SELECT affinity.path_edges_final('\x')$$, '0A000', NULL, 'a support function by itself');

-- From rows to a picture.
SELECT matches((SELECT affinity.chart_sankey(array_agg(source), array_agg(target), array_agg(sessions), array_agg(step))
	FROM (SELECT affinity.path_edges(s.pages, 3, 2, true) AS edges FROM (SELECT affinity.session_summaries(at, page, 5) AS sessions FROM event GROUP BY u) l,
		unnest(sessions) s) f, unnest(edges)), '^<svg.*\(exit\).*</svg>', 'a Sankey picture of sessions');

SELECT finish();
ROLLBACK;
