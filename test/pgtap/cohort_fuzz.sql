-- Damaged states: bytes flipped, cut and inserted (fixed seed). A state is either
-- refused with 22P03 or every report reads it and rollup merges it; the server
-- must come through.
BEGIN;
SELECT plan(3);
SELECT setseed(0.3);

CREATE TEMP TABLE sound AS
	SELECT row_number() OVER () AS no, activity::text AS t FROM (
		SELECT affinity.activity_agg(u, t, unit) AS activity
		FROM (SELECT (random() * 9)::bigint AS u, timestamp '2024-01-01' + random() * interval '3 years' AS t
			  FROM generate_series(1, 60)) e, unnest(ARRAY['hour', 'day', 'month']) unit GROUP BY unit
		UNION ALL
		SELECT affinity.activity_agg(md5(u::text)::uuid, t, unit, 'Europe/Berlin')
		FROM (SELECT (random() * 5)::int AS u, timestamptz '2024-01-01 00:00+00' + random() * interval '9 days' AS t
			  FROM generate_series(1, 20)) e, unnest(ARRAY['hour', 'week']) unit GROUP BY unit
		UNION ALL
		SELECT affinity.activity_agg('user ' || u, t, unit, 'Asia/Tokyo', u % 2 = 0, true)
		FROM (SELECT (random() * 5)::int AS u, timestamptz '2024-01-01 00:00+00' + random() * interval '90 days' AS t
			  FROM generate_series(1, 20)) e, unnest(ARRAY['day', 'year']) unit GROUP BY unit
		UNION ALL
		SELECT affinity.activity_agg(u::text, t, 'day')
		FROM (SELECT (random() * 5)::int AS u, timestamp '2024-01-01' + random() * interval '90 days' AS t
			  FROM generate_series(1, 20)) e) s;

CREATE FUNCTION pg_temp.mutate(t text, kind int) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	b bytea := decode(t, 'base64');
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
			RETURN replace(encode(substr(b, 1, at), 'base64'), E'\n', '');
		ELSE
			RETURN replace(encode(substr(b, 1, at) || decode(repeat('00', 8), 'hex') || substr(b, at + 1), 'base64'), E'\n', '');
		END IF;
	END LOOP;
	RETURN replace(encode(b, 'base64'), E'\n', '');
END $$;

-- 'refused', 'read', or what else happened
CREATE FUNCTION pg_temp.try(t text, other text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	a affinity.activity;
	far timestamptz := '2030-01-01 00:00+00';
BEGIN
	BEGIN
		a := t::affinity.activity;
	EXCEPTION WHEN invalid_binary_representation THEN
		RETURN 'refused';
	END;
	BEGIN
		PERFORM r.* FROM affinity.retention(a, max_period => 50) r LIMIT 10000;
		PERFORM r.* FROM affinity.retention(a, far, 'recurring', 'on_or_after', max_period => 20) r;
		PERFORM r.* FROM affinity.retention(a, criterion => 'bracket', brackets => '{1,2}') r;
		PERFORM r.* FROM affinity.retention_curve(a, max_period => 50) r;
		PERFORM affinity.users(a), affinity.coarsen(a, 'year');
		PERFORM d.* FROM affinity.describe(a) d;
		PERFORM d.* FROM affinity.time_to_return(a) d;
		PERFORM d.* FROM affinity.frequency(a) d;
		PERFORM affinity.activity_send(a);
	EXCEPTION WHEN program_limit_exceeded OR invalid_parameter_value OR datetime_field_overflow THEN
		NULL;					-- absurd, but sound: a far too long range
	END;
	BEGIN
		PERFORM count(*) FROM affinity.lifecycle(a);
		PERFORM count(*) FROM affinity.active_users(a);
	EXCEPTION WHEN program_limit_exceeded OR datetime_field_overflow THEN
		NULL;
	END;
	BEGIN
		PERFORM affinity.users(affinity.rollup(s)) FROM unnest(ARRAY[a, other::affinity.activity, a]) s;
	EXCEPTION WHEN invalid_parameter_value THEN
		NULL;					-- became one of another kind
	END;
	RETURN 'read';
EXCEPTION WHEN OTHERS THEN
	RETURN SQLSTATE || ' ' || SQLERRM;
END $$;

CREATE TEMP TABLE outcome AS
	SELECT pg_temp.try(pg_temp.mutate(t, i % 5), t) AS result
	FROM sound, generate_series(1, 600) i;
SELECT is((SELECT count(*) FROM outcome), 600 * (SELECT count(*) FROM sound),
	'the server came through');
SELECT is_empty('SELECT result, count(*) FROM outcome WHERE result NOT IN (''refused'', ''read'') GROUP BY 1',
	'nothing but 22P03');
SELECT cmp_ok((SELECT count(*) FROM outcome WHERE result = 'refused'), '>', 2000::bigint,
	'most are refused');
SELECT * FROM finish();
ROLLBACK;
