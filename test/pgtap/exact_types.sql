-- Aggregates for engines that call their steps by themselves: each has a combine
-- function, a state that can be sent, and arguments of exact types, or a twin that
-- has them. A call means what it meant before there were twins, and the twins make
-- the same states. States are the same bytes whatever order rows and states came in.
BEGIN;
SET LOCAL jit = off;
SET LOCAL timezone = 'UTC';
SET LOCAL client_min_messages = warning;
SELECT plan(124);
SELECT setseed(0.235);

-- 1. The catalog. A mistaken call is none that works.
CREATE TEMP VIEW aggregates AS
	SELECT p.oid, proname, aggcombinefn, aggtranstype::regtype AS state, aggserialfn,
		EXISTS (SELECT FROM unnest(proargtypes) t JOIN pg_type ON pg_type.oid = t WHERE typtype = 'p') AS pseudo
	FROM pg_proc p JOIN pg_aggregate a ON aggfnoid = p.oid
	WHERE pronamespace = 'affinity'::regnamespace AND obj_description(p.oid, 'pg_proc') !~ '^a mistaken call';
SELECT is_empty('SELECT oid::regprocedure FROM aggregates WHERE aggcombinefn = 0', 'all have a combine function');
SELECT is_empty($$SELECT oid::regprocedure FROM aggregates WHERE state = 'internal'::regtype$$, 'and a state that is a value');
SELECT set_eq($$SELECT proname::text FROM aggregates WHERE pseudo$$,
	ARRAY['activity_agg', 'value_agg', 'attribution_agg', 'cluster_metric_agg', 'did_agg', 'funnel_agg', 'window_funnel', 'windowfunnel', 'funnel_times', 'sequence_match', 'sequence_count',
		'sequence_match_events', 'sequence_next_node', 'log_rank'],
	'those with arguments of any type');
SELECT is_empty($$SELECT proname FROM aggregates GROUP BY proname HAVING bool_and(pseudo)$$, 'have a form without');
SELECT is_empty($$SELECT p.oid::regprocedure FROM pg_proc p JOIN pg_aggregate a ON p.oid IN (aggtransfn, aggcombinefn, aggfinalfn)
	JOIN aggregates g ON g.oid = aggfnoid WHERE NOT pseudo
		AND EXISTS (SELECT FROM unnest(proargtypes) t JOIN pg_type ON pg_type.oid = t WHERE typtype = 'p')$$,
	'whose steps are of exact types too');

-- 2. What a call means: the form that PostgreSQL finds, as a view depends on it.
CREATE TABLE public.calls (u2 smallint, u4 int, u8 bigint, o oid, id uuid, name text, v varchar(20), c char(5), n name,
	at timestamptz, local timestamp, day date, t bigint, event text, a bool, b bool, f4 real, f8 float8, num numeric, w interval,
	steps bool[], during tstzrange, unit text, zone varchar, windows interval[], number int);
CREATE FUNCTION pg_temp.form(call text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	form text;
BEGIN
	EXECUTE format('CREATE VIEW public.one_call AS SELECT %s AS x FROM public.calls', 'affinity.' || call);
	SELECT CASE WHEN obj_description(p.oid, 'pg_proc') ~ '^a mistaken call' THEN 'mistaken: ' ELSE '' END || replace(replace(refobjid::regprocedure::text, 'affinity.', ''), 'timestamp with time zone', 'timestamptz')
	INTO form
	FROM pg_depend JOIN pg_proc p ON p.oid = refobjid AND prokind = 'a'
	WHERE classid = 'pg_rewrite'::regclass AND refclassid = 'pg_proc'::regclass
		AND objid = (SELECT oid FROM pg_rewrite WHERE ev_class = 'public.one_call'::regclass);
	DROP VIEW public.one_call;
	RETURN form;
END $$;
CREATE TEMP TABLE forms (no serial, call text, form text);
INSERT INTO forms (call, form) VALUES
	-- users
	($$activity_agg(u2, at, 'day', 'UTC')$$, 'activity_agg(smallint,timestamptz,word,word)'),
	($$activity_agg(u4, at, 'day', 'UTC')$$, 'activity_agg(integer,timestamptz,word,word)'),
	($$activity_agg(u8, local, 'day', 'UTC')$$, 'activity_agg(bigint,timestamp without time zone,word,word)'),
	($$activity_agg(o, day, 'day', 'UTC')$$, 'activity_agg("any",date,word,word)'),
	($$activity_agg(id, at, 'day', 'UTC', a, b)$$, 'activity_agg(uuid,timestamptz,word,word,boolean,boolean)'),
	($$activity_agg(name, at, unit, zone)$$, 'activity_agg(text,timestamptz,word,word)'),
	($$activity_agg(v, at, 'day', NULL)$$, 'activity_agg(text,timestamptz,word,word)'),
	($$activity_agg(c, at, 'day'::text, 'UTC'::name)$$, 'activity_agg(text,timestamptz,word,word)'),
	($$activity_agg(n, '2024-01-01', 'day', 'UTC')$$, 'activity_agg(text,timestamptz,word,word)'),
	($$activity_agg(u4, at, 'day')$$, 'activity_agg(integer,timestamptz,session_unit)'),
	($$activity_agg(u4, at, unit)$$, 'activity_agg(integer,timestamptz,session_unit)'),
	($$activity_agg(u4, '2024-01-01', unit)$$, 'activity_agg(integer,timestamptz,session_unit)'),
	($$activity_agg(num, at, 'day')$$, 'activity_agg("any",timestamptz,session_unit)'),
	($$activity_agg(u4, number, 'day')$$, 'mistaken: activity_agg("any",moment,"any")'),
	($$activity_agg(u4, at, interval '1 day')$$, 'mistaken: activity_agg("any",moment,"any")'),
	($$value_agg(u4, at, number, 'day', 'UTC')$$, 'value_agg(integer,timestamptz,double precision,word,word)'),
	($$value_agg(u4, at, num, unit, zone)$$, 'value_agg(integer,timestamptz,double precision,word,word)'),
	($$value_agg(u4, at, f8, 'day')$$, 'value_agg(integer,timestamptz,double precision,session_unit)'),
	($$value_agg(u4, day, f4, 'day', 'UTC', a)$$, 'value_agg(integer,date,double precision,word,word,boolean)'),
	($$value_agg(u4, during, f8, 'day', 'UTC')$$, 'value_agg(integer,span,double precision,word,word)'),
	($$value_agg(u4, during, number, 'day')$$, 'value_agg(integer,span,double precision,session_unit)'),
	($$value_agg(u4, during, f8, unit)$$, 'value_agg(integer,span,double precision,session_unit)'),
	($$value_agg(id, during, f8, 'day', 'UTC', 'pro_rata')$$, 'value_agg(uuid,span,double precision,word,word,word)'),
	($$value_agg(f8, during, f8, 'day', 'UTC')$$, 'value_agg("any",span,double precision,word,word)'),
	-- conditions one by one, as before
	($$funnel_agg(u4, at, '1 day', a, b)$$, 'funnel_agg("any",timestamptz,word,"any")'),
	($$funnel_agg(u8, at, w, a, b)$$, 'funnel_agg("any",timestamptz,interval,"any")'),
	($$funnel_agg(u8, at, interval '1 day', a)$$, 'funnel_agg("any",timestamptz,interval,"any")'),
	($$funnel_agg(u8, at, '1 day', NULL, a)$$, 'funnel_agg("any",timestamptz,word,word,"any")'),
	($$funnel_agg(name, at, '1 day', 'strict_order', a, b)$$, 'funnel_agg("any",timestamptz,word,word,"any")'),
	($$funnel_agg(id, at, w, event, a, b)$$, 'funnel_agg("any",timestamptz,interval,word,"any")'),
	($$funnel_agg(u8, at, ARRAY['1 day', '2 days'], a, b)$$, 'funnel_agg("any",timestamptz,anyarray,"any")'),
	($$funnel_agg(u8, at, windows, 'default', a, b)$$, 'funnel_agg("any",timestamptz,anyarray,word,"any")'),
	($$funnel_agg(u8, t, 60, a, b)$$, 'funnel_agg("any",bigint,bigint,"any")'),
	($$funnel_agg(u8, number, 60, 'default', a, b)$$, 'funnel_agg("any",bigint,bigint,word,"any")'),
	($$funnel_agg(u8, at, '1 day', 'hold_last', a, b, number)$$, 'funnel_agg("any",timestamptz,word,word,"any")'),
	($$window_funnel('1 day', 'default', at, a, b)$$, 'window_funnel(word,word,timestamptz,"any")'),
	($$window_funnel(3600, 'default', at, a, b)$$, 'window_funnel(bigint,word,timestamptz,"any")'),
	($$window_funnel(w, event, day, a)$$, 'window_funnel(interval,word,date,"any")'),
	($$funnel_times(ARRAY[60, 60], 'default', t, a, b, a)$$, 'funnel_times(anyarray,word,bigint,"any")'),
	($$sequence_match('(?1)', at, a)$$, 'sequence_match(word,timestamptz,"any")'),
	($$sequence_count(event, local, a, b)$$, 'sequence_count(word,timestamp without time zone,"any")'),
	($$sequence_next_node('forward', 'head', at, event, a)$$, 'sequence_next_node(word,word,timestamptz,text,boolean)'),
	($$sequence_next_node('forward', 'head', at, event, a, a, b)$$, 'sequence_next_node(word,word,timestamptz,text,boolean,"any")'),
	-- conditions in an array
	($$funnel_agg(u4, at, '1 day', ARRAY[a, b])$$, 'funnel_agg(bigint,timestamptz,word,boolean[])'),
	($$funnel_agg(v, at, w, steps)$$, 'funnel_agg(text,timestamptz,interval,boolean[])'),
	($$funnel_agg(id, day, '1 day', 'default', ARRAY[a, NULL])$$, 'funnel_agg(uuid,date,word,word,boolean[])'),
	($$funnel_agg(u4, at, windows, event, steps)$$, 'funnel_agg(bigint,timestamptz,interval[],word,boolean[])'),
	($$funnel_agg(u2, number, 60, steps)$$, 'funnel_agg(bigint,bigint,bigint,boolean[])'),
	($$funnel_agg(u2, t, ARRAY[60, 60], 'default', steps)$$, 'funnel_agg(bigint,bigint,bigint[],word,boolean[])'),
	($$window_funnel('1 day', 'default', at, steps)$$, 'window_funnel(word,word,timestamptz,boolean[])'),
	($$windowfunnel(60, 'default', day, steps)$$, 'windowfunnel(bigint,word,date,boolean[])'),
	($$funnel_times(windows, event, local, steps)$$, 'funnel_times(interval[],word,timestamp without time zone,boolean[])'),
	($$sequence_match_events('(?1)', t, steps)$$, 'sequence_match_events(word,bigint,boolean[])'),
	($$sequence_next_node('forward', 'head', at, event, a, steps)$$, 'sequence_next_node(word,word,timestamptz,text,boolean,boolean[])'),
	-- an array behind VARIADIC means the same
	($$funnel_agg(u8, at, '1 day', VARIADIC ARRAY[a, b])$$, 'funnel_agg(bigint,timestamptz,word,boolean[])'),
	($$window_funnel(w, 'default', at, VARIADIC steps)$$, 'window_funnel(interval,word,timestamptz,boolean[])'),
	($$sequence_count('(?1)', t, VARIADIC steps)$$, 'sequence_count(word,bigint,boolean[])'),
	($$funnel_agg(num, at, '1 day', VARIADIC steps)$$, 'funnel_agg("any",timestamptz,word,"any")'),
	-- others
	($$attribution_agg(u4, at, event, a)$$, 'attribution_agg(integer,timestamptz,text,boolean)'),
	($$attribution_agg(v, day, event, a, number, interval '7 days')$$, 'attribution_agg(text,date,text,boolean,double precision,interval)'),
	($$attribution_agg(id, at, event, a, w)$$, 'attribution_agg(uuid,timestamptz,text,boolean,interval)'),
	($$attribution_agg(num, at, event, a, w)$$, 'attribution_agg("any",timestamptz,text,boolean,interval)'),
	($$cluster_metric_agg(number, u2)$$, 'cluster_metric_agg(double precision,smallint)'),
	($$cluster_metric_agg(a, v)$$, 'cluster_metric_agg(boolean,text)'),
	($$cluster_metric_agg(num, day)$$, 'cluster_metric_agg(double precision,"any")'),
	($$did_agg(number, a, b, u4)$$, 'did_agg(double precision,boolean,boolean,integer)'),
	($$did_agg(f8, a, b, day)$$, 'did_agg(double precision,boolean,boolean,"any")'),
	($$log_rank(number, f8, a)$$, 'log_rank("any",double precision,boolean)'),
	($$log_rank(event, number, a, v)$$, 'log_rank(text,double precision,boolean,text)'),
	($$log_rank(event, f8, a, number)$$, 'log_rank("any",double precision,boolean,"any")');
SELECT is(pg_temp.form(call), form, call) FROM forms ORDER BY no;

-- Types whose operators PostgreSQL finds by what they are binary coercible to.
SELECT lives_ok($$SELECT DISTINCT v FROM public.calls ORDER BY v$$, 'varchar keeps its operators');
SELECT lives_ok($$CREATE INDEX ON public.calls (v, c, n, name)$$, 'and its indexes');
SELECT lives_ok($$SELECT affinity.value_agg(DISTINCT u4, at, f8, 'day', 'UTC') FROM public.calls$$, 'words are sorted for DISTINCT');

-- Expressions that are not ours have the types that they have without the extension:
-- a word is a preferred type of texts, and text is binary coercible to it.
CREATE DOMAIN public.label AS varchar(9);
CREATE DOMAIN public.note AS text;
ALTER TABLE public.calls ADD l public.label, ADD d public.note;
CREATE FUNCTION public.told(text) RETURNS text LANGUAGE sql AS $$SELECT 'text'$$;
CREATE FUNCTION public.told(varchar) RETURNS text LANGUAGE sql AS $$SELECT 'varchar'$$;
CREATE FUNCTION public.told(int) RETURNS text LANGUAGE sql AS $$SELECT 'int'$$;
INSERT INTO public.calls (v, c, n, name, l, d) VALUES ('v', 'c', 'n', 'name', 'l', 'd');
CREATE FUNCTION pg_temp.answer(expression text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	answer text;
BEGIN
	EXECUTE format('SELECT (%s)::text FROM public.calls', expression) INTO answer;
	RETURN answer;
EXCEPTION WHEN OTHERS THEN
	RETURN SQLERRM;
END $$;
SELECT is(pg_temp.answer(expression), answer, expression) FROM (VALUES
	('pg_typeof(coalesce(v, n))', 'name'), ('pg_typeof(coalesce(c, name, n))', 'name'), ($$pg_typeof(coalesce(n, 'x'))$$, 'name'),
	('pg_typeof(CASE WHEN true THEN l ELSE d END)', 'text'), ($$pg_typeof(coalesce(NULL, 'x'))$$, 'text'), ($$pg_typeof(ARRAY['a', NULL])$$, 'text[]'),
	('pg_typeof(greatest(l, c))', 'character varying'), ('(SELECT min(pg_typeof(x)::text) FROM (SELECT c UNION SELECT d) s(x))', 'character'),
	('(SELECT pg_typeof(x) FROM (SELECT NULL UNION SELECT NULL) s(x))', 'text'), ('pg_typeof(l || n)', 'text'), ($$pg_typeof('a' || 'b')$$, 'text'),
	('v = n', 'false'), ('d > l', 'false'), ('c < name', 'true'), ('(v, l) = (n, d)', 'false'), ('v = ANY (ARRAY[n, d])', 'false'), ('l LIKE d', 'false'),
	('pg_typeof(max(l))', 'text'), ('pg_typeof(max(d))', 'text'), ('count(DISTINCT l) + count(DISTINCT d) + count(DISTINCT c)', '3'),
	($$public.told('x')$$, 'text'), ('public.told(v)', 'varchar'), ('public.told(n)', 'text'), ('public.told(l)', 'varchar'),
	($$'a' <!< 'b'$$, 'operator does not exist: unknown <!< unknown')) q(expression, answer);

-- 3. Twins make the same states, for all types of users, times and windows.
CREATE TABLE public.log AS
	SELECT u, 'user ' || u AS name, md5(u::text)::uuid AS id, at, at::timestamp AS local, at::date AS day, extract(epoch FROM at)::bigint AS t,
		nullif((random() * 4)::int, 0) < 3 AS c1, random() < 0.4 AS c2, CASE WHEN random() < 0.8 THEN random() < 0.4 END AS c3,
		floor(random() * 4)::int AS prop, floor(random() * 6)::int AS part, (ARRAY['a', 'b', 'c'])[1 + (random() * 2)::int] AS event
	FROM (SELECT floor(random() * 300)::bigint AS u, timestamptz '2024-01-01' + floor(random() * 200) * interval '1 hour' AS at
		FROM generate_series(1, 6000)) r;
ANALYZE public.log;
CREATE TEMP TABLE times (col text, wide text, narrow text, several text);
INSERT INTO times VALUES ('at', $$'2 days'$$, $$interval '5 hours'$$, $$ARRAY[interval '1 day', '5 hours']$$),
	('local', $$'2 days'$$, $$interval '5 hours'$$, $$ARRAY[interval '1 day', '5 hours']$$),
	('day', $$'2 days'$$, $$interval '1 day'$$, $$ARRAY[interval '1 day', '5 days']$$),
	('t', $$'172800'$$, '18000', 'ARRAY[86400, 18000]');
CREATE FUNCTION pg_temp.differ(query text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
	n bigint;
BEGIN
	EXECUTE 'SELECT count(*) FILTER (WHERE a IS DISTINCT FROM b) + CASE WHEN count(a) = 0 THEN 1000000 ELSE 0 END FROM (' || query || ') q' INTO n;
	RETURN n;
END $$;
SELECT is(sum(pg_temp.differ(format($$SELECT affinity.funnel_agg(%1$s, %2$s, %3$s, c1, c2, c3)::text AS a,
			affinity.funnel_agg(%1$s, %2$s, %3$s, ARRAY[c1, c2, c3])::text AS b FROM public.log
		UNION ALL SELECT affinity.funnel_agg(%1$s, %2$s, %3$s, mode, c1, c2, c3)::text,
			affinity.funnel_agg(%1$s, %2$s, %3$s, mode, ARRAY[c1, c2, c3])::text
		FROM public.log, unnest(ARRAY['default', 'strict_order', 'strict_increase', 'first_attempt']) mode
		GROUP BY mode$$, users, col, w))), 0::numeric, 'funnel_agg')
FROM times, unnest(ARRAY['u', 'u::int', 'id', 'name', 'name::varchar']) users, unnest(ARRAY[wide, narrow, several]) w;
SELECT is(sum(pg_temp.differ(format($$SELECT affinity.%3$s(%2$s, mode, %1$s, c1, c2, c3)::text AS a,
			affinity.%3$s(%2$s, mode, %1$s, ARRAY[c1, c2, c3])::text AS b
		FROM public.log, unnest(ARRAY['default', 'strict_order', 'strict_increase']) mode
		GROUP BY mode, u$$, col, w, name))), 0::numeric, 'window_funnel, windowfunnel and funnel_times')
FROM times, unnest(ARRAY[wide, narrow, several, '7200']) w, unnest(ARRAY['window_funnel', 'windowfunnel', 'funnel_times']) name;
SELECT is(sum(pg_temp.differ(format($$SELECT affinity.%2$s(pattern, %1$s, c1, c2, c3)::text AS a,
			affinity.%2$s(pattern, %1$s, ARRAY[c1, c2, c3])::text AS b
		FROM public.log, unnest(ARRAY['(?1)(?2)', '(?1).*(?3)', '(?1)(?t<=86400)(?2)']) pattern GROUP BY pattern, u
		UNION ALL SELECT affinity.sequence_next_node('forward', 'first_match', %1$s, event, c1, c2, c3),
			affinity.sequence_next_node('forward', 'first_match', %1$s, event, c1, ARRAY[c2, c3]) FROM public.log GROUP BY u$$, col, name))),
	0::numeric, 'sequences')
FROM times, unnest(ARRAY['sequence_match', 'sequence_count', 'sequence_match_events']) name;
SELECT throws_ok($$SELECT affinity.funnel_agg(u, at, '1 day', CASE WHEN part = 1 THEN ARRAY[c1] ELSE ARRAY[c1, c2] END) FROM public.log$$,
	'2202E', NULL, 'rows with other numbers of conditions');
SELECT throws_ok($$SELECT affinity.funnel_agg(u, at, '1 day', NULL::bool[]) FROM public.log$$, '22004', NULL, 'no array of conditions');
SELECT throws_ok($$SELECT affinity.sequence_match('(?1)', at, '{}'::bool[]) FROM public.log$$, '22023', NULL, 'an empty array of them');
SELECT throws_ok($$SELECT affinity.sequence_match('(?1)', at, NULL) FROM public.log$$, '42725', NULL, 'a condition that is nothing but NULL says its type');
SELECT throws_ok($$SELECT affinity.funnel_agg(u, at, '30', ARRAY[c1]) FROM public.log$$, '22023', $$window has no unit: '30'$$, 'a window without a unit');

-- 4. The same rows are the same bytes: two-level funnels, held properties, sequences.
CREATE TABLE public.chains AS
	SELECT u, u % 5 AS part, affinity.funnel_times('2 days', 'default', at, c1, c2, c3) AS t,
		affinity.funnel_times('2 days', 'optional 2', at, c1, c2, c3) AS o FROM public.log GROUP BY u;
CREATE AGGREGATE public.sequence_agg(affinity.word, timestamptz, VARIADIC "any") (
	SFUNC = affinity.sequence_accum, STYPE = affinity.sequence, FINALFUNC = affinity.sequence_final,
	COMBINEFUNC = affinity.sequence_combine, PARALLEL = SAFE);
CREATE TEMP TABLE canonical (name text, rows text, call text);
INSERT INTO canonical VALUES
	('two levels', 'chains', 'affinity.funnel_agg(t %s)'),
	('two levels, an optional step', 'chains', $$affinity.funnel_agg(o, 'optional 2' %s)$$),
	('a held property', 'log', $$affinity.funnel_agg(u, at, '2 days', 'hold_last', c1, c2, c3, prop %s)$$),
	('a held text', 'log', $$affinity.funnel_agg(name, at, '2 days', 'hold_last', c1, c2, c3, event %s)$$),
	('one level', 'log', $$affinity.funnel_agg(u, at, '2 days', c1, c2, c3 %s)$$),
	('a sequence', 'log', $$public.sequence_agg('(?1)', at, c1, c2, c3 %s)$$);
CREATE FUNCTION pg_temp.bytes(name text, rows text, call text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
	whole text;
	others text[];
	parallel text;
BEGIN
	EXECUTE format('SELECT md5(%s::text) FROM public.%I', format(call, ''), rows) INTO whole;
	EXECUTE format('SELECT array_agg(md5(s)) FROM (
		SELECT %1$s::text AS s FROM public.%3$I
		UNION ALL SELECT %2$s::text FROM public.%3$I
		UNION ALL SELECT affinity.rollup(p)::text FROM (SELECT %4$s AS p FROM public.%3$I GROUP BY part) p
		UNION ALL SELECT affinity.rollup(p ORDER BY p::text DESC)::text FROM (SELECT %4$s AS p FROM public.%3$I GROUP BY (u * 7 + 3) %% 11) p
		UNION ALL SELECT affinity.rollup(n)::text
			FROM (SELECT affinity.rollup(p) AS n FROM (SELECT part, %4$s AS p FROM public.%3$I GROUP BY part) p GROUP BY part %% 2) n
		UNION ALL SELECT affinity.rollup(affinity.rollup((array_agg(p))[3], (array_agg(p))[1]), (array_agg(p))[2])::text
			FROM (SELECT u %% 3 AS k, %4$s AS p FROM public.%3$I GROUP BY 1) p) s',
		format(call, 'ORDER BY u DESC'), format(call, 'ORDER BY md5(u::text)') , rows, format(call, '')) INTO others;
	RETURN NEXT is(others, array_fill(whole, ARRAY[6]), name || ': in any order, split and merged in any way');
	SET LOCAL parallel_setup_cost = 0;
	SET LOCAL parallel_tuple_cost = 0;
	SET LOCAL min_parallel_table_scan_size = 0;
	EXECUTE format('SELECT md5(%s::text) FROM public.%I', format(call, ''), rows) INTO parallel;
	RETURN NEXT is(parallel, whole, name || ': by workers');
	RESET parallel_setup_cost;
	RESET parallel_tuple_cost;
	RESET min_parallel_table_scan_size;
END $$;
SELECT pg_temp.bytes(name, rows, call) FROM canonical;
SELECT is(affinity.rollup(NULL::affinity.sequence, public.sequence_agg('(?1)', at, c1)), public.sequence_agg('(?1)', at, c1), 'nothing and a sequence')
FROM public.log;

SELECT finish();
ROLLBACK;
