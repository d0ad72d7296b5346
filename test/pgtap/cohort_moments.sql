-- Times that reports are given: of any type, typed or not, in the zone of the state.
BEGIN;
SET LOCAL jit = off;
SET LOCAL timezone = 'Asia/Kolkata';
SET LOCAL search_path = public, pg_catalog;
SELECT plan(216);

CREATE TEMP TABLE row_of AS
	SELECT 1 + i % 7 AS user_id, timestamptz '2024-01-01 05:00+00' + i * interval '5 hours' AS at FROM generate_series(0, 600) i;
CREATE TEMP TABLE state (name text, zone text, a affinity.activity, v affinity.value);
-- The zone of the session and of local states without one is Asia/Kolkata.
INSERT INTO state SELECT 'instants', 'America/New_York', affinity.activity_agg(user_id, at, 'day', 'America/New_York'),
	affinity.value_agg(user_id, at, user_id, 'day', 'America/New_York') FROM row_of;
INSERT INTO state SELECT 'times', 'America/New_York', affinity.activity_agg(user_id, at, 'day', 'America/New_York', user_id < 5, true),
	affinity.value_agg(user_id, at, user_id, 'hour', 'America/New_York') FROM row_of;
INSERT INTO state SELECT 'local in Tokyo', 'Asia/Tokyo', affinity.activity_agg(user_id, at AT TIME ZONE 'Asia/Tokyo', 'day', 'Asia/Tokyo'),
	affinity.value_agg(user_id, at AT TIME ZONE 'Asia/Tokyo', user_id, 'day', 'Asia/Tokyo') FROM row_of;
INSERT INTO state SELECT 'local', 'Asia/Kolkata', affinity.activity_agg(user_id, at AT TIME ZONE 'Asia/Kolkata', 'day'),
	affinity.value_agg(user_id, at AT TIME ZONE 'Asia/Kolkata', user_id, 'day') FROM row_of;

CREATE FUNCTION pg_temp.answer(call text, state_name text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	result text;
BEGIN
	EXECUTE format('SELECT string_agg(r::text, E''\n'' ORDER BY r) FROM state, LATERAL affinity.%s r WHERE name = %L', call, state_name) INTO result;
	RETURN coalesce(result, 'nothing');
END $$;

-- as_of: each form is the same time in the state's zone, to the minute.
CREATE TEMP TABLE report (call text);
INSERT INTO report SELECT unnest(ARRAY['lifecycle(a, %s)', 'retention(a, %s)', 'retention_curve(a, as_of => %s)', 'active_users(a, %s, 3, 9)', 'frequency(a, %s)',
	'time_to_return(a, %s)', 'revenue_retention(v, %s)']);
SELECT is(pg_temp.answer(format(call, form), name), pg_temp.answer(format(call, format('timestamp ''2024-03-05 22:30'' AT TIME ZONE %L', zone)), name),
	format('%s, %s', name, format(call, form)))
FROM state, report, LATERAL (VALUES (1, 'timestamp ''2024-03-05 22:30'''), (2, '''2024-03-05 22:30'''), (3, 'text ''2024-03-05 22:30'''),
	(4, quote_literal(to_char(timestamp '2024-03-05 22:30' AT TIME ZONE zone, 'YYYY-MM-DD HH24:MIOF'))),
	(5, format('''2024-03-05 22:30 %s''::varchar', zone))) f (no, form) ORDER BY name, call, no;
SELECT is(pg_temp.answer(format('lifecycle(a, %s)', form), name), pg_temp.answer('lifecycle(a, timestamp ''2024-03-05 00:00'')', name), name || ', ' || form)
FROM state, LATERAL (VALUES (1, 'date ''2024-03-05'''), (2, '''2024-03-05'''), (3, 'date ''2024-06-02'' - 89'),
	(4, format('''2024-03-05''::timestamp AT TIME ZONE %L', zone))) f (no, form) ORDER BY name, no;
SELECT isnt(pg_temp.answer('lifecycle(a, ''2024-03-05 05:00'')', 'instants'), pg_temp.answer('lifecycle(a, timestamptz ''2024-03-05 05:00'')', 'instants'),
	'5 o''clock in New York is another day than in the zone of the session');
SELECT is(pg_temp.answer('lifecycle(a, now() - interval ''1 year'')', 'times'),
	pg_temp.answer('lifecycle(a, (now() AT TIME ZONE ''America/New_York'') - interval ''1 year'')', 'times'), 'now() - interval');
SELECT is(pg_temp.answer('lifecycle(a, ''now'')', 'local'), pg_temp.answer('lifecycle(a, now())', 'local'), 'now');
SELECT is(pg_temp.answer('lifecycle(a, NULL)', 'local'), pg_temp.answer('lifecycle(a)', 'local'), 'NULL is the latest row');

-- The range of cohorts.
SELECT is(pg_temp.answer(format('retention(a, mode => ''recurring'', max_period => 0, cohorts_from => %s, cohorts_before => %s)', f, b), name),
	pg_temp.answer('retention(a, mode => ''recurring'', max_period => 0, cohorts_from => timestamp ''2024-02-03'', cohorts_before => timestamp ''2024-02-05 00:01'')', name),
	format('%s: from %s before %s', name, f, b))
FROM state, LATERAL (VALUES (1, '''2024-02-03''', '''2024-02-05 00:01'''), (2, 'date ''2024-02-03''', 'date ''2024-02-06'''),
	(3, format('timestamp ''2024-02-03'' AT TIME ZONE %L', zone), format('timestamp ''2024-02-05 00:01'' AT TIME ZONE %L', zone)),
	(4, format('''2024-02-02 00:00:01 %s''', zone), 'text ''2024-02-05 12:00''')) x (no, f, b) ORDER BY name, no;
SELECT is(pg_temp.answer('revenue_retention(v, max_period => 0, cohorts_from => timestamptz ''2024-01-01 05:00Z'')', 'instants'),
	pg_temp.answer('revenue_retention(v, max_period => 0, cohorts_from => ''2024-01-01'')', 'instants'), 'values: midnight of New York is 5 o''clock in UTC');
SELECT isnt(pg_temp.answer('revenue_retention(v, max_period => 0, cohorts_from => timestamptz ''2024-01-01 05:00:01Z'')', 'instants'),
	pg_temp.answer('revenue_retention(v, max_period => 0, cohorts_from => ''2024-01-01'')', 'instants'), 'and a second later that day is left out');
SELECT is(pg_temp.answer(format('retention(a, cohorts_from => %L, cohorts_before => %L)', '-infinity', 'infinity'), name), pg_temp.answer('retention(a)', name),
	name || ': infinite bounds') FROM state ORDER BY name;
SELECT is(pg_temp.answer('retention(a, cohorts_from => timestamptz ''infinity'')', name), 'nothing', name || ': from infinity on') FROM state ORDER BY name;

-- Parameters without a type.
PREPARE report AS SELECT count(*) FROM state, affinity.retention(a, as_of => $1, cohorts_from => $2, cohorts_before => $3) WHERE name = 'instants';
SELECT is((SELECT parameter_types::text FROM pg_prepared_statements WHERE name = 'report'), '{affinity.moment,affinity.moment,affinity.moment}', 'parameters');
SELECT results_eq($$EXECUTE report('2024-03-05', '2024-01-02T00:00:00-05:00', now() - interval '1 day')$$, $$SELECT count(*) FROM state, affinity.retention(a,
	as_of => timestamp '2024-03-05', cohorts_from => timestamp '2024-01-02') WHERE name = 'instants'$$, 'are given as text, with a zone or without');

-- Local times that are skipped or come twice are what AT TIME ZONE makes of them.
CREATE TEMP TABLE changing (zone text, day date);
INSERT INTO changing VALUES ('America/New_York', '2024-03-10'), ('America/New_York', '2024-11-03'), ('Australia/Lord_Howe', '2024-04-07'), ('Australia/Lord_Howe', '2024-10-06'),
	('America/St_Johns', '2010-11-07'), ('Pacific/Apia', '2011-12-30'), ('Europe/London', '1971-10-31'), ('Asia/Pyongyang', '2018-05-04');
SELECT is((SELECT count(*) FROM (SELECT affinity.activity_agg(1, (day - 2)::timestamp AT TIME ZONE zone + i * interval '1 hour', 'hour', zone, true, true) AS a FROM generate_series(0, 130) i) s,
	generate_series(day - interval '12 hours', day + interval '36 hours', interval '10 minutes') at
	WHERE (SELECT max(f::text) FROM affinity.frequency(a, at) f) IS DISTINCT FROM (SELECT max(f::text) FROM affinity.frequency(a, at AT TIME ZONE zone) f)),
	0::bigint, format('%s, %s', zone, day)) FROM changing;

-- A view keeps what it says, whoever reads it.
CREATE TEMP VIEW told AS SELECT name, r.* FROM state, affinity.retention(a, '2024-03-05 22:30', cohorts_from => '2024-02-02 03:00+09', cohorts_before => date '2024-04-05',
	mode => 'recurring', max_period => 1) r;
CREATE FUNCTION pg_temp.again(zone text, style text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
	n bigint;
	definition text;
BEGIN
	PERFORM set_config('timezone', zone, true), set_config('datestyle', style, true);
	definition := pg_get_viewdef('told');
	PERFORM set_config('timezone', 'UTC', true);
	EXECUTE 'CREATE TEMP VIEW again AS ' || definition;
	PERFORM set_config('timezone', 'Asia/Kolkata', true);
	SELECT count(*) INTO n FROM (TABLE told EXCEPT ALL TABLE again) d;
	DROP VIEW again;
	RETURN n;
END $$;
SELECT is(pg_temp.again(zone, style), 0::bigint, format('a view written out in %s, %s', zone, style))
FROM (VALUES ('Europe/Berlin', 'ISO'), ('America/St_Johns', 'German'), ('UTC', 'ISO')) s (zone, style);
SET LOCAL datestyle = 'ISO';
SELECT is(array_agg(m::text), ARRAY['2024-01-31 00:00:00', '2024-01-31 13:30:00+05:30', '2024-01-31 10:00:00', 'infinity', '0044-03-15 12:00:00 BC', '2024-01-31 00:00:00'], 'output')
FROM unnest(ARRAY['2024-01-31'::affinity.moment, timestamptz '2024-01-31 08:00Z', timestamp '2024-01-31 10:00', 'infinity', '0044-03-15 12:00 BC', date '2024-01-31']::affinity.moment[]) m;

-- What is no time.
SELECT throws_like(format('SELECT * FROM state, affinity.lifecycle(a, %s)', given), message, given) FROM (VALUES
	('1704067200', 'a time is needed here, but this is of type integer'), ('1704067200000', 'a time is needed here, but this is of type bigint'),
	('7::smallint', 'a time is needed here, but this is of type smallint'), ('1.5', 'a time is needed here, but this is of type numeric'),
	('1.5::float8', 'a time is needed here, but this is of type double precision'), ('1.5::real', 'a time is needed here, but this is of type real'),
	('interval ''90 days''', 'a time is needed here, but this is of type interval'), ('true', 'a time is needed here, but this is of type boolean'),
	('''first_ever''', 'invalid input syntax for type timestamp: "first_ever"'), ('text ''first_ever''', 'invalid input syntax for type timestamp: "first_ever"'),
	('''infinity''', 'as_of must be finite'), ('date ''-infinity''', 'as_of must be finite'), ('date ''300000-01-01''', 'date out of range for timestamp'),
	('''300000-01-01''', 'timestamp out of range: "300000-01-01"'), ('''2024-02-30''', 'date/time field value out of range: "2024-02-30"'),
	('timestamp ''294276-12-31 23:00''', 'timestamp out of range')) g (given, message);

SELECT finish();
ROLLBACK;
