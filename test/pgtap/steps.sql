-- Every aggregate whose steps another aggregate calls, as a distributed engine does
-- (../steps): no fn_expr, a new FmgrInfo for each row, parts as text and in binary,
-- merged in other orders. It gives what a plain call gives.
--
-- The aggregates are those of the catalog, and a new one is called by the names and
-- types of its arguments: what the table below does not have fails.
BEGIN;
SET LOCAL jit = off;
SET LOCAL timezone = 'America/New_York';
SET LOCAL client_min_messages = error;
SELECT plan(24);
SELECT setseed(0.23);

CREATE EXTENSION affinity_steps;

-- Rows in four parts, and a part that has nothing.
CREATE TABLE public.step_row AS
	SELECT i % 4 AS part, i, (i * 7 % 11)::bigint AS u, md5((i * 7 % 11)::text)::uuid AS id, 'u' || i * 7 % 11 AS name,
		timestamptz '2024-03-08 22:30+00' + i * i * interval '37 minutes' + i * interval '1 day' AS at, i * i * 37 * 60::bigint AS t,
		(ARRAY['view', 'cart', 'buy'])[1 + i * 5 % 3] AS event, i % 8 * 0.25::float8 AS x, i * 3 % 5 * 0.5::float8 AS y
	FROM generate_series(1, 80) i;
INSERT INTO public.step_row (part) VALUES (9);

-- What an argument of a name is, of its type or any. Times that are numbers have
-- spans that are.
CREATE TEMP TABLE argument (name text, type text, expression text, of_numbers text);
INSERT INTO argument (name, type, expression) VALUES
	('user_id', 'smallint', 'u'), ('user_id', 'integer', 'u'), ('user_id', 'bigint', 'u'), ('user_id', 'uuid', 'id'), ('user_id', 'text', 'name'),
	('cluster', 'smallint', 'u'), ('cluster', 'integer', 'u'), ('cluster', 'bigint', 'u'), ('cluster', 'uuid', 'id'), ('cluster', 'text', 'name'),
	('item', 'bigint', 'u'), ('item', 'uuid', 'id'), ('item', 'text', 'name'), ('group', 'text', 'event'), ('stratum', 'text', 'name'), ('attribute', 'text', 'name'),
	('channel', 'text', 'event'), ('campaign', 'text', 'name'), ('page', 'text', 'event'),
	('pages', 'text[]', 'ARRAY[event, name, event]'), ('value', 'text', 'event'),
	('at', 'timestamp with time zone', 'at'), ('at', 'timestamp without time zone', $$at AT TIME ZONE 'UTC'$$),
	('at', 'date', $$(at AT TIME ZONE 'UTC')::date$$), ('at', 'bigint', 't'),
	('dt', 'timestamp with time zone', 'at'), ('dt', 'timestamp without time zone', $$at AT TIME ZONE 'UTC'$$),
	('dt', 'date', $$(at AT TIME ZONE 'UTC')::date$$), ('during', NULL, $$tstzrange(at, at + interval '40 days')$$),
	('as_of', NULL, $$'2024-08-01'$$), ('unit', NULL, $$'week'$$), ('time_zone', NULL, $$'Asia/Kathmandu'$$),
	('retention_interval', NULL, 'ARRAY[1, 2, 7]'), ('output_format', NULL, $$'normal'$$),
	('counted', NULL, $$'pro_rata'$$), ('lookback', NULL, $$'9 days'$$), ('half_life', NULL, $$'5 days'$$),
	('window', 'bigint', '500000'), ('window', 'bigint[]', 'ARRAY[500000, 300000]'),
	('window', 'interval[]', $$ARRAY[interval '5 days', '3 days']$$), ('window', NULL, $$'5 days'$$),
	('gap', 'bigint', '40000'), ('gap', NULL, $$'11 hours'$$),
	('max_length', 'bigint', '100000'), ('max_length', NULL, $$'2 days'$$),
	('mode', NULL, $$'strict_increase'$$), ('pattern', NULL, $$'(?1).*(?3)'$$), ('direction', NULL, $$'forward'$$), ('base', NULL, $$'head'$$),
	('base_condition', NULL, $$event = 'buy'$$), ('events', 'boolean[]', $$ARRAY[event = 'buy', event = 'cart']$$),
	('conditions', 'boolean[]', $$ARRAY[event = 'view', event = 'cart', event = 'buy']$$),
	('step_times', 'bigint[]', 'ARRAY[t, t + 5, NULL]'), ('step_times', 'timestamp with time zone[]', $$ARRAY[at, at + interval '1 hour', NULL]$$),
	('step_times', 'timestamp without time zone[]', $$ARRAY[at AT TIME ZONE 'UTC', at AT TIME ZONE 'UTC' + interval '1 hour', NULL]$$),
	('is_start', NULL, $$event = 'view'$$), ('is_return', NULL, $$event <> 'view'$$), ('is_first', NULL, 'i < 20'), ('is_active', NULL, 'i > 5'),
	('converted', NULL, $$event = 'buy'$$), ('treated', NULL, 'i % 3 = 0'), ('after', NULL, 'i > 40'), ('in_segment', NULL, 'i % 5 = 0'),
	('event', 'boolean', 'i % 3 > 0'), ('exits', NULL, 'true'), ('depth', NULL, '3'), ('top', NULL, '10'), ('previous', NULL, '4'),
	('outcome', 'boolean', 'i % 7 = 0'), ('outcome', 'double precision', '(i % 7 = 0)::int'), ('value', 'boolean', 'i % 7 = 0'),
	('value', 'double precision', 'x'), ('amount', NULL, '1 + x'), ('covariate', NULL, 'y'), ('score', NULL, 'i / 128.0'), ('x', NULL, 'x'), ('y', NULL, 'y'),
	('x', 'boolean', 'i % 3 = 0'), ('y', 'boolean', 'i % 4 = 0'), ('alpha', NULL, '0.5'), ('beta', NULL, '0.25'),
	('numerator', NULL, 'x'), ('denominator', NULL, '1 + y'), ('p', NULL, '0.5'), ('quantile', NULL, '0.75'), ('weights', NULL, $$'wilcoxon'$$),
	('duration', NULL, '2 + x'), ('entry', NULL, 'x / 2'), ('weight', NULL, '1 + i % 3'), ('sum', NULL, 'i % 4'), ('n', NULL, '4 + i % 3'),
	('sum_of_squares', NULL, '2 + i % 4'), ('frequency', NULL, '1 + i % 4'), ('recency', NULL, '4 + i % 5'), ('t', NULL, '9 + i % 2'),
	('monetary_value', NULL, '1 + x'), ('period', NULL, 'i - 1'), ('survivors', NULL, '1010 - i * 10'),
	('retention_granularity', 'text', $$'day'$$);
UPDATE argument SET of_numbers = '400000' WHERE name IN ('window', 'gap', 'max_length') AND type IS NULL;

-- What is given as a value of a type: a row of a report. Other types that no argument
-- above has are those of states.
CREATE TEMP TABLE made (type text, query text);
INSERT INTO made
SELECT 'affinity.' || report || '_row', format('SELECT part, ROW(r.*)::affinity.%1$s_row AS given
	FROM (SELECT part, affinity.activity_agg(u, at, ''week'', ''UTC'') AS a FROM public.step_row WHERE part < 9 GROUP BY part) s,
		affinity.%1$s(a, %2$sas_of => ''2024-12-01'') r', report, CASE report WHEN 'active_users' THEN 'short_window => 1, long_window => 4, ' END)
FROM unnest(ARRAY['retention', 'lifecycle', 'active_users', 'frequency']) report;
INSERT INTO made VALUES
	('affinity.active_stock_row', $$SELECT part, ROW(r.*)::affinity.active_stock_row AS given
		FROM (SELECT part, affinity.value_agg(u, tstzrange(at, at + interval '40 days'), 1 + x, 'month', 'UTC') AS v FROM public.step_row WHERE part < 9 GROUP BY part) s,
			affinity.active_stock(v) r$$),
	('bigint[]', $$SELECT part, affinity.range_retention_count(i < 40, i > 5, at, ARRAY[1, 2, 7], 'day') AS given FROM public.step_row GROUP BY part, u$$);

-- The aggregates, but for mistaken calls (an id that is a "char" is one), and those with
-- arguments of any type, which have twins (exact_types.sql).
CREATE TEMP VIEW called AS
	SELECT p.oid, p.oid::regprocedure::text AS call, proname::text AS name, proargnames AS names, string_to_array(proargtypes::text, ' ')::oid[] AS types,
		prorettype::regtype::text AS result, aggtranstype::regtype::text AS state, provariadic
	FROM pg_proc p JOIN pg_aggregate a ON aggfnoid = p.oid
		JOIN pg_depend d ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e' AND d.refclassid = 'pg_extension'::regclass
		JOIN pg_extension e ON e.oid = d.refobjid AND extname = 'affinity'
	WHERE obj_description(p.oid, 'pg_proc') !~ '^a mistaken call'
		AND NOT EXISTS (SELECT FROM unnest(proargtypes) t JOIN pg_type ON pg_type.oid = t WHERE typtype = 'p' OR typname = 'char');

-- Rows with values of a type. States are what steps leave of an aggregate that has them.
CREATE FUNCTION pg_temp.source(wanted text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	maker called;
BEGIN
	IF EXISTS (SELECT FROM made WHERE type = wanted) THEN
		RETURN (SELECT format('(%s) s', query) FROM made WHERE type = wanted);
	END IF;
	SELECT * INTO maker FROM called WHERE state = wanted AND wanted <> ALL (types::regtype[]::text[]) ORDER BY call LIMIT 1;
	RETURN format('(SELECT part, steps.partial(%s, %s)::%s AS given FROM public.step_row GROUP BY part, i %% 3) s',
		maker.oid, pg_temp.arguments(maker), wanted);
END $$;

CREATE FUNCTION pg_temp.is_given(wanted text, of_type text) RETURNS boolean LANGUAGE sql AS $$
	SELECT EXISTS (SELECT FROM argument a WHERE a.name = wanted AND (a.type IS NULL OR a.type = of_type)) $$;

CREATE FUNCTION pg_temp.arguments(one called) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	list text[];
	given text;
BEGIN
	FOR i IN 1 .. cardinality(one.types) LOOP
		SELECT CASE WHEN one.types[array_position(one.names, 'at')] = 'bigint'::regtype AND a.of_numbers IS NOT NULL
				THEN format('''%s''', a.of_numbers) ELSE a.expression END INTO given
		FROM argument a WHERE a.name = one.names[i] AND (a.type IS NULL OR a.type = one.types[i]::regtype::text) ORDER BY a.type NULLS LAST LIMIT 1;
		list[i] := format('(%s)::%s', COALESCE(given, 'given'), one.types[i]::regtype);
	END LOOP;
	RETURN CASE WHEN cardinality(list) = 1 THEN list[1] ELSE format('ROW(%s)', array_to_string(list, ', ')) END;
END $$;

CREATE TEMP TABLE answer (call text, name text, plain text, text_parts text, binary_parts text, error text);
DO $$
DECLARE
	one called;
	source text;
	args text;
	other text;
	got answer;
BEGIN
	FOR one IN SELECT * FROM called ORDER BY call LOOP
		got := ROW(one.call, one.name, NULL, NULL, NULL, NULL);
		BEGIN
			source := 'public.step_row';
			SELECT t::regtype::text INTO other FROM unnest(one.names, one.types) u (n, t) WHERE t IS NOT NULL AND NOT pg_temp.is_given(n, t::regtype::text);
			IF FOUND THEN
				source := pg_temp.source(other);
			END IF;
			args := pg_temp.arguments(one);
			EXECUTE format('SELECT format(''%%s'', affinity.%I(%s%s)) FROM %s', one.name,
				CASE WHEN one.provariadic <> 0 THEN 'VARIADIC ' END, regexp_replace(args, '^ROW\((.*)\)$', '\1'), source) INTO got.plain;
			EXECUTE format('WITH part AS MATERIALIZED (SELECT part, steps.partial(%1$s, %2$s) AS of_text, steps.%5$s(%1$s, %2$s) AS of_bytes
					FROM %3$s GROUP BY part)
				SELECT format(''%%s'', steps.combine(%1$s, of_text, NULL::%4$s ORDER BY part DESC)),
					format(''%%s'', steps.combine(%1$s, of_bytes, NULL::%4$s ORDER BY part %% 2, part)) FROM part',
				one.oid, args, source, one.result,
				CASE WHEN EXISTS (SELECT FROM pg_type WHERE pg_type.oid = one.state::regtype AND typsend <> 0) THEN 'partial_binary' ELSE 'partial' END) INTO got.text_parts, got.binary_parts;
		EXCEPTION WHEN OTHERS THEN
			got.error := SQLERRM;
		END;
		INSERT INTO answer SELECT got.*;
	END LOOP;
END $$;

SELECT is_empty($$SELECT call, n, t::regtype FROM called, unnest(names, types) u (n, t) WHERE t IS NOT NULL AND NOT pg_temp.is_given(n, t::regtype::text)
	AND t::regtype::text NOT IN (SELECT type FROM made UNION SELECT state FROM called)$$, 'every argument of every aggregate is in the table');
SELECT is_empty($$SELECT call, error FROM answer WHERE error IS NOT NULL$$, 'no call is an error');
SELECT is_empty($$SELECT call FROM answer WHERE error IS NULL AND plain = ''$$, 'every one has an answer');
-- Comoments are rounded with each row, so that their last bits are those of an order.
CREATE FUNCTION pg_temp.alike(name text, plain text, parts text) RETURNS boolean LANGUAGE sql AS $$
	SELECT CASE WHEN name = 'pearson' THEN abs(plain::float8 - parts::float8) < 1e-15 ELSE plain IS NOT DISTINCT FROM parts END $$;
SELECT is_empty($$SELECT call, plain, text_parts FROM answer WHERE NOT pg_temp.alike(name, plain, text_parts) AND error IS NULL$$, 'the same from parts as text');
SELECT is_empty($$SELECT call, plain, binary_parts FROM answer WHERE NOT pg_temp.alike(name, plain, binary_parts) AND error IS NULL$$, 'and in binary');
SELECT is((SELECT count(*) FROM answer), (SELECT count(*) FROM called), 'all of them were called');

-- What the backend keeps from call to call is that of the call: two of one aggregate,
-- row by row; more than it keeps; a unit with its zone.
CREATE FUNCTION pg_temp.both(plain text, args text, call regprocedure) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
	same bool;
BEGIN
	EXECUTE format('SELECT %s::text = steps.partial(%s, ROW(%s)) FROM public.step_row', plain, call::oid, args) INTO same;
	RETURN same;
END $$;
CREATE TEMP VIEW zoned AS SELECT 'affinity.activity_agg(bigint, timestamptz, affinity.word, affinity.word)'::regprocedure AS call;
CREATE TEMP VIEW unzoned AS SELECT 'affinity.activity_agg(bigint, timestamptz, affinity.session_unit)'::regprocedure AS call;
SELECT ok((SELECT steps.partial(call, ROW(u, at, 'day'::affinity.word, 'Asia/Kathmandu'::affinity.word)) = affinity.activity_agg(u, at, 'day', 'Asia/Kathmandu')::text
		AND steps.partial(call, ROW(u, at, 'year_april'::affinity.word, 'UTC'::affinity.word)) = affinity.activity_agg(u, at, 'year_april', 'UTC')::text
	FROM public.step_row, zoned), 'two units and zones in turn');
CREATE TEMP TABLE many AS SELECT zone FROM unnest(ARRAY['UTC', 'Asia/Tokyo', 'Asia/Kolkata', 'Asia/Shanghai', 'Asia/Dubai', 'Asia/Seoul', 'Asia/Kabul',
	'Asia/Tehran', 'Europe/Berlin', 'Europe/London', 'Europe/Moscow', 'America/Chicago', 'America/Denver', 'America/Lima', 'America/Bogota', 'America/Caracas',
	'America/St_Johns', 'Pacific/Apia', 'Pacific/Auckland', 'Pacific/Chatham', 'Australia/Sydney', 'Africa/Cairo', 'EST', 'MST7MDT']) zone;
SELECT is_empty(format($$SELECT zone FROM (SELECT * FROM many, public.step_row, zoned ORDER BY %s OFFSET 0) r GROUP BY zone
	HAVING affinity.activity_agg(u, at, 'day', zone)::text IS DISTINCT FROM steps.partial(call, ROW(u, at, 'day'::affinity.word, zone::affinity.word))$$, turn),
	'more zones than are kept, by ' || turn)
FROM unnest(ARRAY['zone, i', 'i, zone']) turn;
SELECT ok((SELECT count(DISTINCT s) = 1 FROM (
	SELECT steps.partial(call, ROW(u, at, 'day'::affinity.word, zone::affinity.word)) AS s
	FROM zoned, (SELECT * FROM public.step_row CROSS JOIN many ORDER BY i, zone) r WHERE zone IN ('UTC', 'GMT')
	UNION ALL SELECT affinity.activity_agg(u, at, 'day', 'UTC')::text FROM public.step_row) s), 'one state of many rows');

-- The session's zone, which may change between two calls of what is kept.
SELECT ok(pg_temp.both($$affinity.activity_agg(u, at, 'day')$$, $$u, at, 'day'::affinity.session_unit$$, (TABLE unzoned)), 'without a zone: the session''s');
SET LOCAL timezone = 'Asia/Tokyo';
SELECT ok(pg_temp.both($$affinity.activity_agg(u, at, 'day')$$, $$u, at, 'day'::affinity.session_unit$$, (TABLE unzoned)), 'and the new one after it was set');
SELECT ok(pg_temp.both($$affinity.activity_agg(u, at, 'day', 'Asia/Tokyo')$$, $$u, at, 'day'::affinity.session_unit$$, (TABLE unzoned)), 'which that is');
SELECT ok(pg_temp.both($$affinity.activity_agg(u, at, 'day', 'Europe/Berlin')$$, $$u, at, 'day Europe/Berlin'::affinity.session_unit$$, (TABLE unzoned)),
	'a unit that came with the zone of another session');
SELECT ok(pg_temp.both($$affinity.value_agg(name, at, x, 'month', 'Europe/Berlin')$$, $$name, at, x, 'month Europe/Berlin'::affinity.session_unit$$,
	'affinity.value_agg(text, timestamptz, float8, affinity.session_unit)'), 'of values');
SELECT ok(pg_temp.both($$affinity.series_agg(at, x, 'month', 'Europe/Berlin')$$, $$at, x, 'month Europe/Berlin'::affinity.session_unit$$,
	'affinity.series_agg(timestamptz, float8, affinity.session_unit)'), 'of series');
SELECT ok(pg_temp.both($$affinity.activity_agg(u, at::timestamp, 'day')$$, $$u, at::timestamp, 'day Europe/Berlin'::affinity.session_unit$$,
	'affinity.activity_agg(bigint, timestamp, affinity.session_unit)'), 'local times have none');

-- Abbreviations are what the setting says.
SELECT ok(pg_temp.both($$affinity.activity_agg(u, at, 'hour', 'EST')$$, $$u, at, 'hour'::affinity.word, 'EST'::affinity.word$$, (TABLE zoned)), 'EST in America');
SET LOCAL timezone_abbreviations = 'Australia';
SELECT ok(pg_temp.both($$affinity.activity_agg(u, at, 'hour', 'EST')$$, $$u, at, 'hour'::affinity.word, 'EST'::affinity.word$$, (TABLE zoned)), 'and in Australia');
RESET timezone_abbreviations;

-- An error leaves nothing wrong behind.
SELECT throws_ok(format($$SELECT steps.partial(%s, ROW(u, at, 'fortnight'::affinity.word, 'UTC'::affinity.word)) FROM public.step_row$$, (SELECT call::oid FROM zoned)),
	'22023', 'unknown unit of time: "fortnight"', 'an unknown unit');
SELECT throws_ok(format($$SELECT steps.partial(%s, ROW(at, '-7 days'::interval, '2024-05-01'::affinity.moment)) FROM public.step_row$$,
	'affinity.velocity(timestamptz, interval, affinity.moment)'::regprocedure::oid), '22023', NULL, 'a window below 0');
SELECT throws_ok(format($$SELECT steps.partial(%s, ROW(at, '-7 days'::interval, '2024-05-01'::affinity.moment)) FROM public.step_row$$,
	'affinity.velocity(timestamptz, interval, affinity.moment)'::regprocedure::oid), '22023', NULL, 'the next time too');
SELECT throws_ok(format($$SELECT steps.partial(%s, ROW(u, at, event, true, '-7 days'::interval)) FROM public.step_row$$,
	'affinity.attribution_agg(bigint, timestamptz, text, boolean, interval)'::regprocedure::oid), '22023', NULL, 'a lookback below 0');
SELECT throws_ok(format($$SELECT steps.partial(%s, ROW(u, at, event, true, '-7 days'::interval)) FROM public.step_row$$,
	'affinity.attribution_agg(bigint, timestamptz, text, boolean, interval)'::regprocedure::oid), '22023', NULL, 'the next time too');

SELECT * FROM finish();
ROLLBACK;
