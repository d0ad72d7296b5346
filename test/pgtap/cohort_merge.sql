-- Merging is exact. The rows of random logs (fixed seed) are split at random into
-- any number of states, which are merged in any order: at once, nested, stored as
-- text and in binary form on the way, over a window, by parallel workers, and from
-- states of days. Activity and values must be the same bytes as of one aggregate
-- over all rows; a funnel, in every kind of mode, must give the same table.
BEGIN;
SET LOCAL jit = off;
SET LOCAL timezone = 'UTC';
SET LOCAL work_mem = '64MB';
SELECT plan(45);
SELECT setseed(0.19);

-- 1. 400 small logs, and a few of many users or many rows, which grow other
-- layouts and in other ways; values are of rows, of ranges and by starts. A log is split into up to nine states, or into one
-- for each row; states are nested in up to three.
CREATE TABLE public.merge_row AS
	SELECT log, log % 3 AS ids, unit, zone, floor(random() * users)::bigint AS user_id,
		timestamptz '2024-03-29 00:00+00' + random() * span AS at,
		random() < 0.6 AS is_start, random() < 0.6 AS is_return, random() * 1000 - 300 AS value,
		CASE WHEN random() < 0.8 THEN random() * span * 2 END AS lasts,
		random() < 0.4 AS c1, random() < 0.4 AS c2, random() < 0.4 AS c3, random() < 0.2 AS c4,
		nullif((random() * 3)::int, 0) AS prop,
		part, part % 3 AS nest
	FROM (SELECT log, (ARRAY['hour', 'day', 'week', 'week_sunday', 'month', 'quarter'])[1 + log % 6] AS unit,
			(ARRAY['Europe/Berlin', 'America/New_York', 'Asia/Kathmandu', 'UTC'])[1 + log / 6 % 4] AS zone,
			CASE WHEN log <= 1000 THEN 1 + log % 7 ELSE (log - 1000) * 600 END AS users,
			CASE WHEN log <= 1000 THEN 1 + log % 30 ELSE (log - 1000) ^ 2 * 2000 END AS n_rows,
			(ARRAY[interval '4 days', '60 days', '3 years'])[1 + log / 24 % 3] AS span
		FROM generate_series(1, 1005) log WHERE log <= 400 OR log > 1000) l, generate_series(1, n_rows::int) i,
		LATERAL (SELECT CASE WHEN log % 10 = 0 AND log <= 1000 THEN i ELSE floor(random() * (1 + log % 9))::int END AS part) p;
ANALYZE public.merge_row;

-- three states of each group of rows, with users of the log's type
CREATE FUNCTION pg_temp.states(keys text) RETURNS text LANGUAGE sql AS $$
	SELECT string_agg(format('SELECT %1$s, affinity.activity_agg(%2$s, at, unit, zone) AS a,
			affinity.activity_agg(%2$s, at, unit, zone, is_start, is_return) AS t,
			coalesce(affinity.value_agg(%2$s, at, value, unit, zone) FILTER (WHERE log %% 4 < 2),
				affinity.value_agg(%2$s, tstzrange(at, at + lasts), value, unit, zone, (ARRAY[''at_end'', ''pro_rata''])[1 + log / 4 %% 2]) FILTER (WHERE log %% 4 = 2),
				affinity.value_agg(%2$s, at, CASE WHEN is_return THEN value END, unit, zone, is_start) FILTER (WHERE log %% 4 = 3)) AS v
		FROM public.merge_row WHERE ids = %3$s GROUP BY %1$s', keys, id, no), ' UNION ALL ')
	FROM (VALUES (0, 'user_id'), (1, 'md5(user_id::text)::uuid'), (2, '''user '' || user_id')) v (no, id) $$;
CREATE FUNCTION pg_temp.make(name text, query text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE format('CREATE TABLE public.%I AS %s', name, query);
	EXECUTE format('ANALYZE public.%I', name);
END $$;
SELECT pg_temp.make('merge_whole', pg_temp.states('log'));
SELECT pg_temp.make('merge_part', pg_temp.states('log, part, nest'));
SELECT pg_temp.make('merge_day', pg_temp.states('log, (at AT TIME ZONE zone)::date'));
SELECT cmp_ok(count(*), '>', 1800::bigint, 'many states to merge') FROM public.merge_part;

-- the same bytes for every log
CREATE FUNCTION pg_temp.same(query text, name text) RETURNS SETOF text LANGUAGE sql AS $$
	SELECT is_empty(format('SELECT log FROM public.merge_whole w FULL JOIN (%1$s) m USING (log)
		WHERE affinity.%2$s_send(w.%3$s) IS DISTINCT FROM affinity.%2$s_send(m.%3$s)', query, type, state), name || ': ' || what)
	FROM (VALUES (1, 'activity', 'a', 'activity'), (2, 'activity', 't', 'activity with times'), (3, 'value', 'v', 'values'))
		x (no, type, state, what) ORDER BY no $$;
SELECT pg_temp.same('SELECT log, affinity.rollup(a) AS a, affinity.rollup(t) AS t, affinity.rollup(v) AS v
	FROM (SELECT * FROM public.merge_part ORDER BY random()) s GROUP BY log', 'in any order');
SELECT pg_temp.same('SELECT log, affinity.rollup(a) AS a, affinity.rollup(t) AS t, affinity.rollup(v) AS v
	FROM (SELECT log, nest, affinity.rollup(a ORDER BY part) AS a, affinity.rollup(t ORDER BY part DESC) AS t, affinity.rollup(v ORDER BY v::text) AS v
		FROM public.merge_part GROUP BY 1, 2) s GROUP BY log', 'nested');
SELECT pg_temp.same('SELECT log, affinity.rollup(a) AS a, affinity.rollup(t) AS t, affinity.rollup(v) AS v
	FROM public.merge_day GROUP BY log', 'from states of days');
SELECT pg_temp.same('SELECT log, affinity.rollup(a) AS a, affinity.rollup(t) AS t, affinity.rollup(v) AS v
	FROM (SELECT log, affinity.rollup(a::text::affinity.activity)::text::affinity.activity AS a,
			affinity.rollup(t::text::affinity.activity)::text::affinity.activity AS t,
			affinity.rollup(v::text::affinity.value)::text::affinity.value AS v
		FROM public.merge_part GROUP BY log, nest) s GROUP BY log', 'through text');
CREATE FUNCTION pg_temp.through_binary(from_name text, to_name text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	file text := current_setting('data_directory') || '/cohort_merge.copy';
BEGIN
	EXECUTE format('CREATE TABLE public.%I (LIKE public.%I)', to_name, from_name);
	EXECUTE format('COPY public.%I TO %L (FORMAT binary)', from_name, file);
	EXECUTE format('COPY public.%I FROM %L (FORMAT binary)', to_name, file);
	EXECUTE format('COPY (SELECT) TO %L', file);
END $$;
SELECT pg_temp.through_binary('merge_part', 'merge_binary');
SELECT pg_temp.same('SELECT log, affinity.rollup(a) AS a, affinity.rollup(t) AS t, affinity.rollup(v) AS v
	FROM public.merge_binary GROUP BY log', 'through binary');
-- a window gives every intermediate result, and goes on from it
SELECT pg_temp.same('SELECT log, a, t, v FROM (SELECT log, affinity.rollup(a) OVER w AS a, affinity.rollup(t) OVER w AS t,
		affinity.rollup(v) OVER w AS v, row_number() OVER (PARTITION BY log ORDER BY part DESC) AS back
	FROM public.merge_part WINDOW w AS (PARTITION BY log ORDER BY part)) s WHERE back = 1', 'over a window');
-- without an aggregate around it
SELECT pg_temp.same('SELECT log, affinity.activity_combine(affinity.activity_combine(x.a, y.a), x.a) AS a,
		coalesce(affinity.activity_combine(y.t, x.t), x.t, y.t) AS t, coalesce(affinity.value_combine(x.v, y.v), x.v, y.v) AS v
	FROM (SELECT log, affinity.rollup(a) AS a, affinity.rollup(t) AS t, affinity.rollup(v) AS v FROM public.merge_part WHERE part < 2 GROUP BY 1) x
	JOIN (SELECT log, affinity.rollup(a) AS a, affinity.rollup(t) AS t, affinity.rollup(v) AS v FROM public.merge_part WHERE part > 1 GROUP BY 1) y USING (log)
	UNION ALL SELECT * FROM public.merge_whole WHERE log IN (SELECT log FROM public.merge_part GROUP BY 1 HAVING min(part) > 1 OR max(part) < 2)',
	'by the function');

-- 2. Funnels of the same rows, in every kind of mode and of window; number 17 is of chains.
CREATE TEMP TABLE mode AS
	SELECT CASE WHEN no < 17 THEN no ELSE no + 1 END::int AS no, mode, mode ~ 'hold' AS hold,
		CASE WHEN no < 18 THEN '''2 days''' WHEN no = 18 THEN 'NULL::interval' ELSE 'ARRAY[interval ''1 day'', ''3 days'']' END AS span, (ARRAY['user_id', 'md5(user_id::text)::uuid', '''user '' || user_id'])[1 + no % 3] AS id
	FROM unnest(ARRAY['default', 'strict_order', 'strict_deduplication', 'strict_increase', 'same_row',
		'strict_order, allow_reentry', 'any_order', 'any_order, strict_increase', 'exclude_last', 'exclude 4 between 2 and 3',
		'optional 2', 'optional 2 3, strict_order', 'hold_last', 'hold_last, strict_order', 'hold_last, any_order',
		'hold_last, optional 2, exclude_last', 'first_attempt, any_order', 'default',
		'exclude 4 between 2 and 3, hold_last, first_attempt']) WITH ORDINALITY AS m (mode, no);
CREATE FUNCTION pg_temp.funnels(keys text) RETURNS text LANGUAGE sql AS $$
	SELECT string_agg(format('SELECT %s AS no, %s, affinity.funnel_agg(%s, at, %s, %L, c1, c2, c3, c4%s) AS f
		FROM public.merge_row GROUP BY %2$s', no, keys, id, span, mode, CASE WHEN hold THEN ', prop' ELSE '' END), ' UNION ALL ')
	FROM mode $$;
CREATE TABLE public.merge_chain AS SELECT log, user_id, (user_id % 4)::int AS part, (user_id % 2)::int AS nest,
	affinity.funnel_times('2 days', 'default', at, c1, c2, c3, c4) AS times FROM public.merge_row GROUP BY 1, 2;
SELECT pg_temp.make('funnel_whole', pg_temp.funnels('log')
	|| ' UNION ALL SELECT 17, log, affinity.funnel_agg(times) FROM public.merge_chain GROUP BY log');
SELECT pg_temp.make('funnel_part', pg_temp.funnels('log, part, nest')
	|| ' UNION ALL SELECT 17, log, part, nest, affinity.funnel_agg(times) FROM public.merge_chain GROUP BY log, part, nest');
SELECT pg_temp.make('funnel_day', pg_temp.funnels('log, at::date'));
CREATE TEMP TABLE funnel_table AS
	SELECT no, log, ARRAY(SELECT s::text FROM affinity.funnel_steps(f) s) AS steps FROM public.funnel_whole;
SELECT cmp_ok(count(*), '>', 28000::bigint, 'many funnels to merge') FROM public.funnel_part;
CREATE FUNCTION pg_temp.same_funnels(query text, name text) RETURNS text LANGUAGE sql AS $$
	SELECT is_empty(format('SELECT no, log FROM funnel_table w FULL JOIN (%s) m USING (no, log)
		WHERE w.steps IS DISTINCT FROM ARRAY(SELECT s::text FROM affinity.funnel_steps(m.f) s) LIMIT 5', query), 'funnels ' || name) $$;
SELECT pg_temp.same_funnels('SELECT no, log, affinity.rollup(f) AS f
	FROM (SELECT * FROM public.funnel_part ORDER BY random()) s GROUP BY 1, 2', 'in any order');
SELECT pg_temp.same_funnels('SELECT no, log, affinity.rollup(f) AS f FROM (SELECT no, log, nest, affinity.rollup(f ORDER BY part DESC) AS f
	FROM public.funnel_part GROUP BY 1, 2, 3) s GROUP BY 1, 2', 'nested');
SELECT pg_temp.same_funnels('SELECT no, log, affinity.rollup(f) AS f FROM public.funnel_day GROUP BY 1, 2
	UNION ALL SELECT * FROM public.funnel_whole WHERE no = 17', 'from states of days');
SELECT pg_temp.same_funnels('SELECT no, log, affinity.rollup(f) AS f FROM (
	SELECT no, log, nest, affinity.rollup(f::text::affinity.funnel)::text::affinity.funnel AS f
	FROM public.funnel_part GROUP BY 1, 2, 3) s GROUP BY 1, 2', 'through text');
SELECT pg_temp.through_binary('funnel_part', 'funnel_binary');
SELECT pg_temp.same_funnels('SELECT no, log, affinity.rollup(f) AS f FROM public.funnel_binary GROUP BY 1, 2', 'through binary');
SELECT pg_temp.same_funnels('SELECT no, log, f FROM (SELECT no, log, affinity.rollup(f) OVER w AS f,
		row_number() OVER (PARTITION BY no, log ORDER BY part DESC) AS back
	FROM public.funnel_part WINDOW w AS (PARTITION BY no, log ORDER BY part)) s WHERE back = 1', 'over a window');

-- 3. Parallel workers: rows and stored states, in groups and as a whole; and the
-- whole plan in one worker, so that states travel between processes.
SET LOCAL parallel_setup_cost = 0;
SET LOCAL min_parallel_table_scan_size = 0;
SET LOCAL enable_parallel_append = off;
SET LOCAL max_parallel_workers_per_gather = 2;
CREATE FUNCTION pg_temp.plan_of(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	line text;
	plan text = '';
BEGIN
	FOR line IN EXECUTE 'EXPLAIN (COSTS OFF) ' || query LOOP
		plan := plan || line || E'\n';
	END LOOP;
	RETURN plan;
END $$;
SELECT matches(pg_temp.plan_of(query), 'Finalize .*Gather.*Partial ', 'workers: ' || name)
FROM (VALUES ('rows', pg_temp.states('log')), ('states', 'SELECT log, affinity.rollup(a), affinity.rollup(t), affinity.rollup(v)
		FROM public.merge_part GROUP BY log'), ('funnels', pg_temp.funnels('log')),
	('states of funnels', 'SELECT no, log, affinity.rollup(f) FROM public.funnel_part GROUP BY 1, 2')) q (name, query);
SELECT pg_temp.same(pg_temp.states('log'), 'rows by workers');
SELECT pg_temp.same('SELECT log, affinity.rollup(a) AS a, affinity.rollup(t) AS t, affinity.rollup(v) AS v
	FROM public.merge_part GROUP BY log', 'states by workers');
SELECT pg_temp.same_funnels(pg_temp.funnels('log') || ' UNION ALL SELECT * FROM public.funnel_whole WHERE no = 17', 'of rows by workers');
SELECT pg_temp.same_funnels('SELECT no, log, affinity.rollup(f) AS f FROM public.funnel_part GROUP BY 1, 2', 'of states by workers');
-- the setting has two names
SELECT set_config(name, 'on', true) FROM pg_settings WHERE name IN ('force_parallel_mode', 'debug_parallel_query');
SELECT pg_temp.same('SELECT log, affinity.rollup(a) AS a, affinity.rollup(t) AS t, affinity.rollup(v) AS v
	FROM public.merge_part GROUP BY log', 'in one worker');
SELECT pg_temp.same_funnels('SELECT no, log, affinity.rollup(f) AS f FROM public.funnel_part GROUP BY 1, 2', 'in one worker');

SELECT * FROM finish();
ROLLBACK;
