-- Damaged states of types activity, value and funnel: at every byte of small ones
-- and at random in larger ones (fixed seed), bytes changed, cut and inserted. A
-- state is either refused with 22P03, by text and binary input alike, or every
-- report reads it and rollup merges it; the server must come through.
BEGIN;
SET LOCAL jit = off;
SELECT plan(9);
SELECT setseed(0.3);

CREATE TEMP TABLE sound AS
	SELECT row_number() OVER () AS no, type, replace(t, E'\n', '') AS t, decode(t, 'base64') AS b FROM (
		SELECT 'activity' AS type, affinity.activity_agg(u, t, unit)::text AS t
		FROM (SELECT (random() * 9)::bigint AS u, timestamp '2024-01-01' + random() * interval '3 years' AS t
			  FROM generate_series(1, 60)) e, unnest(ARRAY['hour', 'day', 'month']) unit GROUP BY unit
		UNION ALL
		SELECT 'activity', affinity.activity_agg(md5(u::text)::uuid, t, unit, 'Europe/Berlin')::text
		FROM (SELECT (random() * 5)::int AS u, timestamptz '2024-01-01 00:00+00' + random() * interval '9 days' AS t
			  FROM generate_series(1, 20)) e, unnest(ARRAY['hour', 'week']) unit GROUP BY unit
		UNION ALL
		SELECT 'activity', affinity.activity_agg('user ' || u, t, unit, 'Asia/Tokyo', u % 2 = 0, true)::text
		FROM (SELECT (random() * 5)::int AS u, timestamptz '2024-01-01 00:00+00' + random() * interval '90 days' AS t
			  FROM generate_series(1, 20)) e, unnest(ARRAY['day', 'year']) unit GROUP BY unit
		UNION ALL
		SELECT 'activity', affinity.activity_agg(u::text, t, 'day')::text
		FROM (SELECT (random() * 5)::int AS u, timestamp '2024-01-01' + random() * interval '90 days' AS t
			  FROM generate_series(1, 20)) e
		UNION ALL
		-- of more than 64 users, with bitmaps of their own widths
		SELECT 'activity', affinity.activity_agg(u, timestamp '2024-01-01' + (u * 5 + random() * 30) * interval '1 day', 'day')::text
		FROM generate_series(1, 100) u, generate_series(1, 3)
		UNION ALL
		SELECT 'value', affinity.value_agg(u, t, random() * 100 - 10, unit)::text
		FROM (SELECT (random() * 5)::int AS u, timestamp '2024-01-01' + random() * interval '90 days' AS t
			  FROM generate_series(1, 12)) e, unnest(ARRAY['hour', 'month']) unit GROUP BY unit
		UNION ALL
		SELECT 'value', affinity.value_agg('user ' || u, t, random(), 'week_sunday', 'America/St_Johns')::text
		FROM (SELECT (random() * 5)::int AS u, timestamptz '2024-01-01 00:00+00' + random() * interval '90 days' AS t
			  FROM generate_series(1, 12)) e
		UNION ALL
		SELECT 'value', affinity.value_agg(u, tstzrange(t, t + u * interval '20 days'), random() * 100 - 10, 'month', 'Europe/Berlin', 'pro_rata')::text
		FROM (SELECT nullif((random() * 5)::int, 0) AS u, timestamptz '2024-01-01 00:00+00' + random() * interval '90 days' AS t
			  FROM generate_series(1, 12)) e
		UNION ALL
		SELECT 'value', affinity.value_agg(md5(u::text)::uuid, daterange(t, CASE WHEN u < 4 THEN t + 70 END), random(), 'year_april')::text
		FROM (SELECT (random() * 5)::int AS u, date '2024-01-01' + (random() * 900)::int AS t FROM generate_series(1, 12)) e
		UNION ALL
		SELECT 'value', affinity.value_agg('user ' || u, t, CASE WHEN u <> 3 THEN random() END, 'week', NULL, u % 2 = 1)::text
		FROM (SELECT (random() * 5)::int AS u, timestamp '2024-01-01' + random() * interval '90 days' AS t FROM generate_series(1, 12)) e
		UNION ALL
		SELECT 'funnel', affinity.funnel_agg(u, t, '7 days', mode, n = 1, n = 2, n = 3)::text
		FROM (SELECT (random() * 5)::int AS u, timestamp '2024-01-01' + random() * interval '9 days' AS t, (random() * 3)::int AS n
			  FROM generate_series(1, 20)) e, unnest(ARRAY['default', 'strict_order, optional 2', 'any_order', 'exclude 3']) mode GROUP BY mode
		UNION ALL
		SELECT 'funnel', affinity.funnel_agg(u, t, ARRAY[100, 300], 'exclude 4 between 2 and 3, first_attempt', n = 1, n = 2, n = 3, n = 4)::text
		FROM (SELECT (random() * 5)::int AS u, (random() * 900)::bigint AS t, 1 + (random() * 3)::int AS n FROM generate_series(1, 20)) e
		UNION ALL
		SELECT 'funnel', affinity.funnel_agg(md5(u::text)::uuid, t, NULL::interval, 'default', n = 1, n = 2, n = 3)::text
		FROM (SELECT (random() * 5)::int AS u, timestamp '2024-01-01' + random() * interval '9 days' AS t, (random() * 3)::int AS n
			  FROM generate_series(1, 20)) e
		UNION ALL
		SELECT 'funnel', affinity.funnel_agg('user ' || u, t, 100, 'hold_last', n = 1, n = 2, n = 3, n)::text
		FROM (SELECT (random() * 5)::int AS u, (random() * 900)::bigint AS t, (random() * 3)::int AS n FROM generate_series(1, 20)) e
		UNION ALL
		SELECT 'funnel', affinity.funnel_agg(times)::text FROM unnest(ARRAY[1, 2, 3]) AS n, LATERAL (SELECT ARRAY[n, n + 4, NULL]::bigint[] AS times) x) s;

CREATE FUNCTION pg_temp.mutate(b bytea, kind int) RETURNS bytea LANGUAGE plpgsql AS $$
DECLARE
	n int := length(b);
	at int;
BEGIN
	FOR i IN 1 .. 1 + (random() * 2)::int LOOP
		-- the header and the first offsets are the most interesting
		at := CASE WHEN random() < 0.6 THEN (random() * least(n - 1, 120))::int
			ELSE (random() * (n - 1))::int END;
		IF kind = 0 THEN
			b := set_byte(b, at, (random() * 255)::int);
		ELSIF kind = 1 THEN
			b := set_bit(b, at * 8 + (random() * 7)::int, (random() * 1)::int);
		ELSIF kind = 2 THEN
			b := set_byte(b, at, (ARRAY[0, 1, 2, 127, 128, 254, 255])[1 + (random() * 6)::int]);
		ELSIF kind = 3 THEN
			RETURN substr(b, 1, at);
		ELSE
			RETURN substr(b, 1, at) || decode(repeat('00', 8), 'hex') || substr(b, at + 1);
		END IF;
	END LOOP;
	RETURN b;
END $$;

-- 'refused', 'read', or what else happened
CREATE FUNCTION pg_temp.read_activity(a affinity.activity) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	far timestamptz := '2030-01-01 00:00+00';
BEGIN
	BEGIN
		PERFORM r.* FROM affinity.retention(a, max_period => 50) r LIMIT 10000;
		PERFORM r.* FROM affinity.retention(a, far, 'recurring', 'on_or_after', max_period => 20) r;
		PERFORM r.* FROM affinity.retention(a, criterion => 'bracket', brackets => '{1,2}') r;
		PERFORM r.* FROM affinity.retention_curve(a, max_period => 50) r;
		PERFORM r.* FROM affinity.retention_wide(a, max_period => 50, from_nth => 2) r LIMIT 10000;
		PERFORM affinity.users(a), affinity.coarsen(a, 'year');
		PERFORM d.* FROM affinity.describe(a) d;
		PERFORM d.* FROM affinity.time_to_return(a) d;
		PERFORM d.* FROM affinity.frequency(a) d;
		PERFORM affinity.activity_send(a), affinity.relabel(a, 'Europe/Berlin'), affinity.relabel(a, NULL);
		PERFORM r.* FROM affinity.retention(a, rolling => true, max_period => 50) r;
	EXCEPTION WHEN program_limit_exceeded OR invalid_parameter_value OR datetime_field_overflow THEN
		NULL;					-- absurd, but sound: a far too long range
	END;
	BEGIN
		PERFORM r.* FROM affinity.retention(a, every => '1 month', from_nth => 2, max_period => 50) r LIMIT 10000;
	EXCEPTION WHEN program_limit_exceeded OR invalid_parameter_value OR datetime_field_overflow THEN
		NULL;					-- not of days
	END;
	BEGIN
		PERFORM m FROM affinity.cohort_members(a, NULL::bigint, '2024-02-01', 1, NULL) m;
		PERFORM m FROM affinity.churned_members(a, NULL::bigint, '2024-05-01', long_window => 2) m;
		PERFORM m FROM affinity.lifecycle_members(a, NULL::bigint, '2024-02-01', 'dormant') m;
		PERFORM affinity.without(a, ARRAY[3]), affinity.only(a, ARRAY[3, 4]);
	EXCEPTION WHEN datatype_mismatch THEN
		NULL;					-- other ids
	END;
	BEGIN
		PERFORM count(*) FROM affinity.lifecycle(a);
		PERFORM count(*) FROM affinity.active_users(a, NULL, 7, 28);
	EXCEPTION WHEN program_limit_exceeded OR datetime_field_overflow THEN
		NULL;
	END;
END $$;
CREATE FUNCTION pg_temp.read_value(v affinity.value) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	PERFORM r.* FROM affinity.revenue_retention(v, max_period => 50) r;
	PERFORM affinity.value_send(v), affinity.value_combine(v, v), affinity.coarsen(v, 'year');
	PERFORM affinity.describe(v), affinity.relabel(v, 'Europe/Berlin'), affinity.relabel(v, NULL);
	PERFORM b.* FROM affinity.revenue_bridge(v) b;
	BEGIN
		PERFORM affinity.without(v, ARRAY[3]), affinity.only(v, ARRAY[3, 4]);
	EXCEPTION WHEN datatype_mismatch THEN
		NULL;					-- other ids
	END;
	PERFORM b.* FROM affinity.active_stock(v) b;
EXCEPTION WHEN program_limit_exceeded OR numeric_value_out_of_range OR invalid_parameter_value THEN
	NULL;
END $$;
CREATE FUNCTION pg_temp.read_funnel(f affinity.funnel) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	PERFORM affinity.funnel_send(f);
	PERFORM s.* FROM affinity.funnel_steps(f) s;
	BEGIN
		PERFORM m FROM affinity.funnel_members(f, NULL::bigint, 2, dropped => true) m;
	EXCEPTION WHEN datatype_mismatch OR invalid_parameter_value OR feature_not_supported THEN
		NULL;					-- other ids, hashes or chains
	END;
	PERFORM s.* FROM affinity.funnel_conversion_times(f) s;
EXCEPTION WHEN datetime_field_overflow THEN
	NULL;						-- steps too far apart for an interval
END $$;

CREATE FUNCTION pg_temp.try(type text, t text, other text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	BEGIN
		CASE type WHEN 'activity' THEN PERFORM pg_temp.read_activity(t::affinity.activity);
			WHEN 'value' THEN PERFORM pg_temp.read_value(t::affinity.value);
			ELSE PERFORM pg_temp.read_funnel(t::affinity.funnel); END CASE;
	EXCEPTION WHEN invalid_binary_representation THEN
		RETURN 'refused';
	END;
	BEGIN
		CASE type WHEN 'activity' THEN PERFORM affinity.users(affinity.rollup(s::affinity.activity)) FROM unnest(ARRAY[t, other, t]) s;
			WHEN 'value' THEN PERFORM affinity.users(affinity.rollup(s::affinity.value)) FROM unnest(ARRAY[t, other, t]) s;
			ELSE PERFORM affinity.rollup(s::affinity.funnel) FROM unnest(ARRAY[t, other, t]) s; END CASE;
	EXCEPTION WHEN invalid_parameter_value OR numeric_value_out_of_range THEN
		NULL;					-- became one of another kind
	END;
	RETURN 'read';
EXCEPTION WHEN OTHERS THEN
	RETURN SQLSTATE || ' ' || SQLERRM;
END $$;

CREATE TEMP TABLE damaged AS
	SELECT no, type, t AS other, b FROM (
		SELECT no, type, t, pg_temp.mutate(b, i % 5) AS b FROM sound, generate_series(1, 300) i
		UNION ALL
		SELECT no, type, t, CASE kind WHEN 0 THEN substr(b, 1, at) WHEN 1 THEN set_byte(b, at, get_byte(b, at) + 1 & 255)
			WHEN 2 THEN set_byte(b, at, get_byte(b, at) # 128) WHEN 3 THEN set_byte(b, at, 255) END
		FROM sound, generate_series(0, length(b) - 1) AS at, generate_series(0, 3) AS kind WHERE length(b) < 600) d;
CREATE TEMP TABLE outcome AS
	SELECT no, type, b, other, pg_temp.try(type, replace(encode(b, 'base64'), E'\n', ''), other) AS result FROM damaged;
SELECT is((SELECT count(*) FROM outcome), (SELECT count(*) FROM damaged), 'the server came through');
SELECT is_empty('SELECT type, result, count(*) FROM outcome WHERE result NOT IN (''refused'', ''read'') GROUP BY 1, 2',
	'nothing but 22P03');
SELECT ok(min(n) > 500 AND count(*) = 2, type || ': ' || string_agg(result || ' ' || n, ', ' ORDER BY result))
FROM (SELECT type, result, count(*) AS n FROM outcome GROUP BY 1, 2) o GROUP BY type ORDER BY type;
-- what is cut anywhere is refused
SELECT is_empty($$SELECT no FROM outcome o JOIN sound s USING (no)
	WHERE length(o.b) < length(s.b) AND o.b = substr(s.b, 1, length(o.b)) AND result <> 'refused'$$, 'cut states');

-- the same by binary input: a column of bytea is read as one of the type
CREATE FUNCTION pg_temp.received(type text, b bytea) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	file text := current_setting('data_directory') || '/cohort_fuzz.copy';
BEGIN
	EXECUTE format('COPY (SELECT %L::bytea) TO %L (FORMAT binary)', b, file);
	EXECUTE format('COPY received_%s FROM %L (FORMAT binary)', type, file);
	RETURN 'read';
EXCEPTION WHEN invalid_binary_representation THEN
	RETURN 'refused';
END $$;
CREATE TEMP TABLE received_activity (s affinity.activity);
CREATE TEMP TABLE received_value (s affinity.value);
CREATE TEMP TABLE received_funnel (s affinity.funnel);
CREATE TEMP TABLE received AS
	SELECT type, b, result, pg_temp.received(type, b) AS received
	FROM (SELECT *, row_number() OVER (PARTITION BY no ORDER BY md5(b)) AS nth FROM outcome) o WHERE nth <= 60;
SELECT is_empty('SELECT * FROM received WHERE received <> result LIMIT 5', 'binary input refuses what text input refuses');
SELECT results_eq('SELECT DISTINCT type, received FROM received ORDER BY 1, 2',
	$$VALUES ('activity', 'read'), ('activity', 'refused'), ('funnel', 'read'), ('funnel', 'refused'), ('value', 'read'), ('value', 'refused')$$,
	'some of both');
SELECT is((SELECT count(*) FROM (SELECT s::text FROM received_activity UNION ALL SELECT s::text FROM received_value
	UNION ALL SELECT s::text FROM received_funnel) r), (SELECT count(*) FROM received WHERE received = 'read'), 'and those are there');
DO $$ BEGIN EXECUTE format('COPY (SELECT) TO %L', current_setting('data_directory') || '/cohort_fuzz.copy'); END $$;

SELECT * FROM finish();
ROLLBACK;
