-- Calls that cannot be meant say what to write, and what they say works; no call that works comes to them.
BEGIN;
SET LOCAL jit = off;
SET LOCAL timezone = 'UTC';
SET LOCAL search_path = public, pg_catalog;
SELECT plan(233);

CREATE TEMP TABLE ev AS SELECT 1 + i % 5 AS u4, (1 + i % 5)::bigint AS u8, ('00000000-0000-0000-0000-00000000000' || i % 5)::uuid AS uu, 'u' || i % 5 AS ut,
	at, at AT TIME ZONE 'UTC' AS ts, (at AT TIME ZONE 'UTC')::date AS d, extract(epoch FROM at)::bigint AS e8, extract(epoch FROM at)::integer AS e4,
	extract(epoch FROM at) AS en, extract(epoch FROM at)::float8 AS ef, (1000 * extract(epoch FROM at))::bigint AS ms, at::text AS tt, i * 1.5 AS amount,
	i % 3 = 0 AS c1, i % 3 = 1 AS c2
	FROM (SELECT i, timestamptz '2024-01-01 05:00+00' + i * interval '7 hours' AS at FROM generate_series(1, 60) i) x;

-- What a call answers: its result, or SQLSTATE, message and hint.
CREATE FUNCTION pg_temp.answer(call text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	result text;
	state text;
	message text;
	hint text;
BEGIN
	EXECUTE format('SELECT string_agg(r::text, '' '' ORDER BY r::text) FROM (SELECT %s FROM ev) q (r)', call) INTO result;
	RETURN coalesce(result, 'nothing');
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT, hint = PG_EXCEPTION_HINT;
	RETURN format('%s: %s (%s)', state, message, hint);
END $$;

-- The call, what its error and its hint contain, and the same call as the hint says.
CREATE TEMP TABLE mistake (no serial, call text, message text, hint text, instead text);
INSERT INTO mistake (call, message, hint, instead) VALUES
	('affinity.activity_agg(u4, at, ''day'', c1, c2)', '42804: a time zone comes before is_start', 'affinity.activity_agg(user_id, at, ''month'', NULL, is_start, is_return)',
		'affinity.activity_agg(u4, at, ''day'', NULL, c1, c2)'),
	('affinity.activity_agg(u4, ''2024-01-01'', ''day'', true, NULL)', '42804: a time zone comes before', 'NULL, is_start', 'affinity.activity_agg(u4, ''2024-01-01'', ''day'', NULL, true, NULL)'),
	('affinity.activity_agg(uu, ts, ''day'', c1)', '42804: a time zone comes before', 'NULL, is_start', 'affinity.activity_agg(uu, ts, ''day'', NULL, c1, true)'),
	('affinity.activity_agg(u4, at)', '42883: affinity.activity_agg has no form with these arguments', 'Write affinity.activity_agg(user_id, at, ''month'')', 'affinity.activity_agg(u4, at, ''month'')'),
	('affinity.activity_agg(ut, d)', '42883: affinity.activity_agg has no form with these arguments', '''month''', 'affinity.activity_agg(ut, d, ''month'')'),
	('affinity.activity_agg(at, u4)', '42804: a time is needed here', 'the user comes before the time', 'affinity.activity_agg(u4, at, ''month'')'),
	('affinity.activity_agg(u4, at, interval ''1 week'')', '42804: a unit of time is a word, not of type interval', 'Write ''week''.', 'affinity.activity_agg(u4, at, ''week'')'),
	('affinity.activity_agg(ut, d, interval ''3 months'', ''UTC'')', '42804: a unit of time is a word', 'Write ''quarter''.', 'affinity.activity_agg(ut, d, ''quarter'', ''UTC'')'),
	('affinity.activity_agg(u4, at, interval ''24 hours'', NULL, c1, c2)', '42804: a unit of time is a word', 'Write ''day''.', 'affinity.activity_agg(u4, at, ''day'', NULL, c1, c2)'),
	('affinity.activity_agg(u4, at, interval ''10 days'')', '42804: a unit of time is a word', 'Use hour, day, week', 'affinity.activity_agg(u4, at, ''week'')'),
	('affinity.activity_agg(u4, at, 7)', '42804: a unit of time is a word, not of type integer', 'Use hour, day, week', 'affinity.activity_agg(u4, at, ''hour'')'),
	('affinity.activity_agg(u4, at, ''day'', interval ''1 hour'')', '42804: a time zone is a text, not of type interval', '''Europe/Berlin''', 'affinity.activity_agg(u4, at, ''day'', ''Europe/Berlin'')'),
	('affinity.activity_agg(u4, e4, ''day'')', '42804: a time is needed here, but this is of type integer', 'Seconds since 1970 become a time by to_timestamp(at)', 'affinity.activity_agg(u4, to_timestamp(e4), ''day'')'),
	('affinity.activity_agg(ut, e8, ''day'', ''UTC'')', '42804: a time is needed here, but this is of type bigint', 'Seconds since 1970', 'affinity.activity_agg(ut, to_timestamp(e8), ''day'', ''UTC'')'),
	('affinity.activity_agg(u4, en, ''day'', NULL, c1, c2)', '42804: a time is needed here, but this is of type numeric', 'Seconds since 1970', 'affinity.activity_agg(u4, to_timestamp(en), ''day'', NULL, c1, c2)'),
	('affinity.activity_agg(u4, ef, ''day'')', '42804: a time is needed here, but this is of type double precision', 'Seconds since 1970', 'affinity.activity_agg(u4, to_timestamp(ef), ''day'')'),
	('affinity.activity_agg(u4, ms, ''day'')', '42804: a time is needed here, but this is of type bigint', 'to_timestamp(at / 1000.0)', 'affinity.activity_agg(u4, to_timestamp(ms / 1000.0), ''day'')'),
	('affinity.activity_agg(u4, ms * 1000, ''day'')', '42804: a time is needed here', 'to_timestamp(at / 1000000.0)', 'affinity.activity_agg(u4, to_timestamp(ms * 1000 / 1000000.0), ''day'')'),
	('affinity.activity_agg(u4, ms * 1000000, ''day'')', '42804: a time is needed here', 'to_timestamp(at / 1000000000.0)', 'affinity.activity_agg(u4, to_timestamp(ms * 1000000 / 1000000000.0), ''day'')'),
	('affinity.activity_agg(u4, tt, ''day'')', '42804: the time is of type text', 'Cast it: at::timestamptz', 'affinity.activity_agg(u4, tt::timestamptz, ''day'')'),
	('affinity.activity_agg(u4, ''2024-01-01''::text, ''day'', NULL)', '42804: the time is of type text', 'at::timestamptz', 'affinity.activity_agg(u4, ''2024-01-01''::timestamptz, ''day'', NULL)'),
	('affinity.activity_agg(at, u4, ''day'')', '42804: a time is needed here, but this is of type integer', 'the user comes before the time', 'affinity.activity_agg(u4, at, ''day'')'),
	('affinity.activity_agg(at, uu, ''day'')', '42804: a time is needed here, but this is of type uuid', 'The user comes before the time', 'affinity.activity_agg(uu, at, ''day'')'),
	('affinity.activity_agg(at, ut, ''day'')', '22007: invalid input syntax for type timestamp: "u', 'in its place', 'affinity.activity_agg(ut, at, ''day'')'),
	('affinity.activity_agg(at, tt, ''day'')', '42804: the user is of type timestamp with time zone', 'affinity.activity_agg(user_id, at, ''month'')', 'affinity.activity_agg(tt, at, ''day'')'),
	('affinity.value_agg(u4, e8, amount, ''day'')', '42804: a time is needed here', 'to_timestamp(at)', 'affinity.value_agg(u4, to_timestamp(e8), amount, ''day'')'),
	('affinity.value_agg(u4, tt, amount, ''day'', ''UTC'')', '42804: the time is of type text', 'at::timestamptz', 'affinity.value_agg(u4, tt::timestamptz, amount, ''day'', ''UTC'')'),
	('affinity.value_agg(u4, at, amount, interval ''1 month'')', '42804: a unit of time is a word', 'Write ''month''.', 'affinity.value_agg(u4, at, amount, ''month'')'),
	('affinity.value_agg(u4, at, 2, interval ''1 year'', NULL)', '42804: a unit of time is a word', 'Write ''year''.', 'affinity.value_agg(u4, at, 2, ''year'', NULL)'),
	('affinity.value_agg(u4, at, ''month'')', '42883: affinity.value_agg has no form', 'affinity.value_agg(user_id, at, value, ''month'')', 'affinity.value_agg(u4, at, amount, ''month'')'),
	('affinity.value_agg(at, u4, amount, ''day'')', '42804: a time is needed here', 'the user comes before the time', 'affinity.value_agg(u4, at, amount, ''day'')'),
	('affinity.coarsen(affinity.activity_agg(u4, at, ''day''), interval ''1 month'')', '42804: a unit of time is a word', 'Write ''month''.', 'affinity.coarsen(affinity.activity_agg(u4, at, ''day''), ''month'')'),
	('affinity.value_agg(u4, daterange(d, NULL), amount, ''day'', c1)', '0A000: ranges cannot be counted from a start', 'leave out is_start', 'affinity.value_agg(u4, daterange(d, NULL), amount, ''day'')'),
	('affinity.value_agg(u4, daterange(d, NULL), amount, ''day'', ''UTC'', c1)', '0A000: ranges cannot be counted from a start', 'leave out is_start', 'affinity.value_agg(u4, daterange(d, NULL), amount, ''day'', ''UTC'')'),
	('affinity.value_agg(u4, daterange(d, NULL), 2, ''day'', NULL, ''pro_rata'', c1)', '0A000: ranges cannot be counted from a start', 'leave out is_start', 'affinity.value_agg(u4, daterange(d, NULL), 2, ''day'', NULL, ''pro_rata'')'),
	('affinity.coarsen(affinity.value_agg(u4, at, 1, ''day''), interval ''7 days'')', '42804: a unit of time is a word', 'Write ''week''.', 'affinity.coarsen(affinity.value_agg(u4, at, 1, ''day''), ''week'')'),
	('affinity.funnel_agg(at, u4, ''7 days'', c1, c2)', '42804: a user cannot be of type timestamp with time zone', 'The user comes before the time', 'affinity.funnel_agg(u4, at, ''7 days'', c1, c2)'),
	('affinity.funnel_agg(d, u8, interval ''7 days'', ''increase'', c1, c2)', '42804: a time is needed here, but this is of type bigint', 'the user comes before the time', 'affinity.funnel_agg(u8, d, interval ''7 days'', ''increase'', c1, c2)'),
	('affinity.funnel_agg(at, uu, ''7 days'', c1, c2)', '42804: a time is needed here, but this is of type uuid', 'The user comes before the time', 'affinity.funnel_agg(uu, at, ''7 days'', c1, c2)'),
	('affinity.funnel_agg(u4, e8, ''7 days'', c1, c2)', '22P02: "7 days" is no whole number', '604800 is 7 days of seconds', 'affinity.funnel_agg(u4, e8, 604800, c1, c2)'),
	('affinity.funnel_agg(u4, e4, ''7 days'', ''increase'', c1, c2)', '22P02: "7 days" is no whole number', 'to_timestamp(at)', 'affinity.funnel_agg(u4, to_timestamp(e4), ''7 days'', ''increase'', c1, c2)'),
	('affinity.funnel_agg(u4, e8, interval ''7 days'', c1, c2)', '42804: a time is needed here, but this is of type bigint', 'to_timestamp(at)', 'affinity.funnel_agg(u4, to_timestamp(e8), interval ''7 days'', c1, c2)'),
	('affinity.funnel_agg(u4, en, ''7 days'', c1, c2)', '42804: a time is needed here, but this is of type numeric', 'to_timestamp(at)', 'affinity.funnel_agg(u4, to_timestamp(en), ''7 days'', c1, c2)'),
	('affinity.funnel_agg(u4, tt, ''7 days'', ''increase'', c1, c2)', '42804: the time is of type text', 'at::timestamptz', 'affinity.funnel_agg(u4, tt::timestamptz, ''7 days'', ''increase'', c1, c2)'),
	('affinity.window_funnel(''7 days'', ''default'', e8, c1, c2)', '22P02: "7 days" is no whole number', '604800', 'affinity.window_funnel(604800, ''default'', e8, c1, c2)'),
	('affinity.windowfunnel(interval ''7 days'', ''default'', e4, c1, c2)', '42804: a time is needed here, but this is of type integer', 'to_timestamp(at)', 'affinity.windowfunnel(interval ''7 days'', ''default'', to_timestamp(e4), c1, c2)'),
	('affinity.funnel_times(604800, ''default'', en, c1, c2)', '42804: a time is needed here, but this is of type numeric', 'to_timestamp(at)', 'affinity.funnel_times(604800, ''default'', to_timestamp(en), c1, c2)'),
	('affinity.window_funnel(''7 days'', ''default'', tt, c1, c2) > 0', '42804: the time is of type text', 'at::timestamptz', 'affinity.window_funnel(''7 days'', ''default'', tt::timestamptz, c1, c2) > 0'),
	('affinity.window_funnel(''7 days'', at, c1, c2)', '42804: a time is needed here, but this is of type boolean', 'affinity.window_funnel(''7 days'', ''default'', at, c1, c2)', 'affinity.window_funnel(''7 days'', ''default'', at, c1, c2)'),
	('affinity.window_funnel(604800.0, ''default'', at, c1, c2)', '42804: a window is an interval or a whole number', '604800::bigint', 'affinity.window_funnel(604800::bigint, ''default'', at, c1, c2)'),
	('affinity.window_funnel(true, ''default'', at, c1, c2)', '42883: window_funnel has no form', 'affinity.window_funnel(''7 days'', ''default'', at, c1, c2)', 'affinity.window_funnel(''7 days'', ''default'', at, c1, c2)'),
	('affinity.sequence_match(''(?1).*(?2)'', en, c1, c2)', '42804: a time is needed here, but this is of type numeric', 'to_timestamp(at)', 'affinity.sequence_match(''(?1).*(?2)'', to_timestamp(en), c1, c2)'),
	('affinity.sequence_count(''(?1).*(?2)'', tt, c1, c2)', '42804: the time is of type text', 'at::timestamptz', 'affinity.sequence_count(''(?1).*(?2)'', tt::timestamptz, c1, c2)'),
	('affinity.sequence_match_events(at, ''(?1).*(?2)'', c1, c2)', '22007: invalid input syntax for type timestamp: "(?1).*(?2)"', 'in its place', 'affinity.sequence_match_events(''(?1).*(?2)'', at, c1, c2)'),
	('affinity.sequence_match(7, at, c1)', '42883: sequence_match has no form', 'affinity.sequence_match(''(?1).*(?2)'', at, c1, c2)', 'affinity.sequence_match(''(?1).*(?2)'', at, c1, c2)'),
	('affinity.sequence_next_node(''forward'', ''head'', ef, ut, c1 OR c2)', '42804: a time is needed here, but this is of type double precision', 'to_timestamp(at)', 'affinity.sequence_next_node(''forward'', ''head'', to_timestamp(ef), ut, c1 OR c2)'),
	('affinity.sequence_next_node(''forward'', ''head'', tt, ut, true, true, c1)', '42804: the time is of type text', 'at::timestamptz', 'affinity.sequence_next_node(''forward'', ''head'', tt::timestamptz, ut, true, true, c1)'),
	('affinity.sessionize(en, ''1 day'') OVER (ORDER BY en)', '42804: a time is needed here, but this is of type numeric', 'to_timestamp(at)', 'affinity.sessionize(to_timestamp(en), ''1 day'') OVER (ORDER BY en)'),
	('affinity.sessionize(tt, ''1 day'') OVER (ORDER BY tt)', '42804: the time is of type text', 'at::timestamptz', 'affinity.sessionize(tt::timestamptz, ''1 day'') OVER (ORDER BY tt)'),
	('affinity.session_summaries(tt, ut, ''1 day'')', '42804: the time is of type text', 'at::timestamptz', 'affinity.session_summaries(tt::timestamptz, ut, ''1 day'')'),
	('affinity.sessionize(e8, ''1 day'') OVER (ORDER BY e8)', '22P02: "1 day" is no whole number', 'to_timestamp(at)', 'affinity.sessionize(to_timestamp(e8), ''1 day'') OVER (ORDER BY e8)'),
	('count(affinity.active_users(affinity.activity_agg(u4, at, ''day''), 7, 28))', '42804: a time is needed here, but this is of type integer', 'call other arguments by their names', 'count(affinity.active_users(affinity.activity_agg(u4, at, ''day''), short_window => 7, long_window => 28))');
UPDATE mistake SET call = regexp_replace(call, '^count\((.*)\)$', '(SELECT count(*) FROM \1)'), instead = regexp_replace(instead, '^count\((.*)\)$', '(SELECT count(*) FROM \1)') WHERE call ~ '^count';
SELECT ok(pg_temp.answer(call) LIKE message || '%(%' || hint || '%)', call || ': ' || pg_temp.answer(call)) FROM mistake ORDER BY no;
SELECT unalike(pg_temp.answer(instead), '_____: % (%)', instead) FROM mistake ORDER BY no;

-- Every form that only mistakes come to is known here, and named as such; as_of is a moment by right.
SELECT is((SELECT count(*) FROM pg_proc WHERE pronamespace = 'affinity'::regnamespace AND prokind IN ('a', 'w')
		AND EXISTS (SELECT FROM unnest(proargtypes::oid[], proargnames) a (type, name) WHERE type = 'affinity.moment'::regtype AND name IS DISTINCT FROM 'as_of')
	AND obj_description(oid, 'pg_proc') NOT LIKE 'a mistaken call of %: the error says what to write instead'), 0::bigint, 'aggregates of moments are mistakes');
SELECT is((SELECT count(*) FROM pg_proc WHERE pronamespace = 'affinity'::regnamespace AND obj_description(oid, 'pg_proc') LIKE 'a mistaken call of %'), 113::bigint, 'and these are few');

-- Calls that work: as typed as columns are, and without types.
CREATE TEMP TABLE good (no serial, call text, same_as text);
INSERT INTO good (call, same_as) SELECT format('affinity.activity_agg(%s, %s, ''day''%s)', u, t, rest), format('affinity.activity_agg(%s, %s, text ''day''%s)', u, t, typed)
FROM unnest(ARRAY['u4', 'u8', 'uu', 'ut', 'ut::varchar']) u, unnest(ARRAY['at', 'ts', 'd']) t,
	(VALUES ('', ''), (', NULL', ', NULL::text'), (', ''UTC'', c1, NULL', ', text ''UTC'', c1, NULL::boolean')) r (rest, typed);
INSERT INTO good (call, same_as) VALUES
	('affinity.activity_agg(1, ''2024-01-01'', ''day'')', 'affinity.activity_agg(1::bigint, timestamptz ''2024-01-01'', text ''day'')'),
	('affinity.activity_agg(''ann'', ''2024-01-01'', ''day'', ''UTC'')', 'affinity.activity_agg(text ''ann'', timestamptz ''2024-01-01'', text ''day'', text ''UTC'')'),
	('affinity.activity_agg(''ann'', ''2024-01-01'', ''day'', NULL, ''true'', NULL)', 'affinity.activity_agg(text ''ann'', timestamptz ''2024-01-01'', text ''day'', NULL::text, true, NULL::boolean)'),
	('affinity.value_agg(1, ''2024-01-01'', ''1.5'', ''day'')', 'affinity.value_agg(1::bigint, timestamptz ''2024-01-01'', 1.5::float8, text ''day'')'),
	('affinity.value_agg(''ann'', ''2024-01-01'', 2, ''day'', NULL)', 'affinity.value_agg(text ''ann'', timestamptz ''2024-01-01'', 2::float8, text ''day'', NULL::text)'),
	('affinity.value_agg(1, ''2024-01-01'', ''1.5'', ''day'', NULL, true)', 'affinity.value_agg(1::bigint, timestamptz ''2024-01-01'', 1.5::float8, text ''day'', NULL::text, true)'),
	('affinity.value_agg(ut::varchar, ''2024-01-01'', 2, ''day'', ''UTC'', c1)', 'affinity.value_agg(ut, timestamptz ''2024-01-01'', 2::float8, text ''day'', text ''UTC'', c1)'),
	('affinity.value_agg(ut::varchar, daterange(d, NULL), 2, ''day'', NULL, ''pro_rata'')', 'affinity.value_agg(ut, daterange(d, NULL), 2::float8, text ''day'', NULL::text, text ''pro_rata'')'),
	('affinity.value_agg(u4::smallint, daterange(d, NULL), amount, ''day'', ''UTC'')', 'affinity.value_agg(u4, daterange(d, NULL), amount::float8, text ''day'', text ''UTC'')'),
	('affinity.value_agg(uu, d, amount, ''day'', ''UTC'')', 'affinity.value_agg(uu, d, amount::float8, text ''day'', text ''UTC'')'),
	('affinity.funnel_agg(u4, at, ''7 days'', c1, c2)', 'affinity.funnel_agg(u4, at, interval ''7 days'', c1, c2)'),
	('affinity.funnel_agg(u4, ts, ''7 days'', ''increase'', c1, c2)', 'affinity.funnel_agg(u4, ts, interval ''7 days'', text ''increase'', c1, c2)'),
	('affinity.funnel_agg(u4, ''2024-01-01'', interval ''7 days'', c1, c2)', 'affinity.funnel_agg(u4, timestamptz ''2024-01-01'', interval ''7 days'', c1, c2)'),
	('affinity.funnel_agg(u4, e8, ''604800'', c1, c2)', 'affinity.funnel_agg(u4, e8, 604800::bigint, c1, c2)'),
	('affinity.funnel_agg(u4, e4, '' 604800 '', ''increase'', c1, c2)', 'affinity.funnel_agg(u4, e8, 604800::bigint, text ''increase'', c1, c2)'),
	('affinity.funnel_agg(u4, e4, 604800, c1, c2)', 'affinity.funnel_agg(u4, e8, 604800::bigint, c1, c2)'),
	('affinity.funnel_agg(u4, e4::smallint::integer, 604800::smallint::integer, c1, c2)', NULL),
	('affinity.funnel_agg(u4, d, ''7 days'', VARIADIC ARRAY[c1, c2])', 'affinity.funnel_agg(u4, d, interval ''7 days'', c1, c2)'),
	('affinity.window_funnel(''7 days'', ''increase'', at, c1, c2)', 'affinity.window_funnel(interval ''7 days'', text ''increase'', at, c1, c2)'),
	('affinity.window_funnel(604800, ''increase'', d, c1, c2)', 'affinity.window_funnel(604800::bigint, text ''increase'', d, c1, c2)'),
	('affinity.window_funnel(604800, ''increase'', e4, c1, c2)', 'affinity.window_funnel(604800::bigint, text ''increase'', e8, c1, c2)'),
	('affinity.funnel_times(''604800'', ''increase'', e8, c1, c2)', 'affinity.funnel_times(604800::bigint, text ''increase'', e8, c1, c2)'),
	('affinity.sequence_match(''(?1).*(?2)'', e4, c1, c2)', 'affinity.sequence_match(text ''(?1).*(?2)'', e8, c1, c2)'),
	('affinity.sequence_count(''(?1).*(?2)'', at, c1, c2)', 'affinity.sequence_count(text ''(?1).*(?2)'', at, c1, c2)'),
	('affinity.sequence_match_events(''(?1).*(?2)''::varchar, d, c1, c2)', 'affinity.sequence_match_events(text ''(?1).*(?2)'', d, c1, c2)'),
	('affinity.sequence_next_node(''forward'', ''head'', e4, ut, true, true, c1)', 'affinity.sequence_next_node(text ''forward'', text ''head'', e8, ut, true, true, c1)'),
	('affinity.sequence_next_node(''forward'', ''head'', ts, ut, NULL)', 'affinity.sequence_next_node(text ''forward'', text ''head'', ts, ut, NULL::boolean)'),
	('affinity.sessionize(at, ''8 hours'') OVER (ORDER BY at)', 'affinity.sessionize(at, interval ''8 hours'') OVER (ORDER BY at)'),
	('affinity.sessionize(e4, ''30000'') OVER (ORDER BY at)', 'affinity.sessionize(e8, 30000::bigint) OVER (ORDER BY at)'),
	('affinity.sessionize(''2024-01-01'', interval ''8 hours'') OVER ()', 'affinity.sessionize(timestamptz ''2024-01-01'', interval ''8 hours'') OVER ()'),
	('affinity.coarsen(affinity.activity_agg(u4, at, ''day''), ''month'')', 'affinity.activity_agg(u4, at, text ''month'')'),
	('affinity.range_retention_count(c1, c2, at, ''{1,2}'', ''week'')', 'affinity.range_retention_count(c1, c2, d, ARRAY[1, 2], text ''week'')'),
	('affinity.range_retention_count(c1, c2, ts, ''{1,2}'', ''week'', ''normal'')', 'affinity.range_retention_count(c1, c2, d, ARRAY[1, 2], text ''week'', text ''normal'')'),
	('affinity.range_retention_count(c1, c2, ''2024-01-01'', ''{1,2}'', ''week'')', 'affinity.range_retention_count(c1, c2, date ''2024-01-01'', ARRAY[1, 2], text ''week'')');
DELETE FROM good WHERE same_as IS NULL;
SELECT ok(pg_temp.answer(call) = pg_temp.answer(same_as) AND pg_temp.answer(call) NOT LIKE '_____: % (%)', call || ': ' || left(pg_temp.answer(call), 200)) FROM good ORDER BY no;
PREPARE state AS INSERT INTO ev (u8) SELECT affinity.users(affinity.activity_agg($1::bigint, $2, $3, $4));
SELECT is((SELECT parameter_types::text FROM pg_prepared_statements WHERE name = 'state'), '{bigint,"timestamp with time zone",affinity.word,affinity.word}', 'parameters without a type');

-- The windows of active_users.
CREATE TEMP TABLE window_of (unit text, short integer, long integer);
INSERT INTO window_of VALUES ('hour', 24, 168), ('week', 4, 13), ('week_sunday', 4, 13), ('month', 3, 12), ('quarter', 2, 4), ('year', 2, 5);
SELECT is(pg_temp.answer(format('(SELECT count(*) FROM affinity.active_users(affinity.activity_agg(u4, at, %L), NULL, %s))', unit, given)),
	format('22023: active_users needs short_window and long_window for a state of unit %s (They count periods of the state: short_window => %s, long_window => %s. Only days have a default, 7 and 28.)',
		unit, short, long), format('%s, %s', unit, given)) FROM window_of, unnest(ARRAY['NULL, NULL', 'short_window => 3', 'NULL, 7']) given ORDER BY unit, given;
SELECT unalike(pg_temp.answer(format('(SELECT count(*) FROM affinity.active_users(affinity.activity_agg(u4, at, %L), short_window => %s, long_window => %s))', unit, short, long)),
	'_____: % (%)', unit || ': as the hint says') FROM window_of ORDER BY unit;
SELECT is(pg_temp.answer('(SELECT string_agg(r::text, ''|'') FROM affinity.active_users(affinity.activity_agg(u4, at, ''day'')) r)'),
	pg_temp.answer('(SELECT string_agg(r::text, ''|'') FROM affinity.active_users(affinity.activity_agg(u4, at, ''day''), NULL, 7, 28) r)'), 'days have a default');

-- Time zones that differ: both are named, and the hint makes a state that merges.
SELECT is(pg_temp.answer('max((SELECT affinity.users(affinity.rollup(s)) FROM (SELECT affinity.activity_agg(u4, at, ''day'', ''Europe/Berlin'') s FROM ev UNION ALL SELECT affinity.activity_agg(u4, at, ''day'', ''Etc/UTC'') FROM ev) m))'),
	'22023: cannot merge activity of different time zones: Europe/Berlin and Etc/UTC (Aggregate the rows of one of them again, in the time zone of the other, and name it in every call, or it is the session''s: affinity.activity_agg(user_id, at, ''day'', ''Europe/Berlin'').)', 'activity');
SELECT is(pg_temp.answer('max((SELECT affinity.users(affinity.rollup(s)) FROM (SELECT affinity.value_agg(u4, ts, 1, ''hour'') s FROM ev UNION ALL SELECT affinity.value_agg(u4, ts, 1, ''hour'', ''Asia/Tokyo'') FROM ev) m))'),
	'22023: cannot merge values of different time zones: none and Asia/Tokyo (Aggregate the rows of one of them again, in the time zone of the other, and name it in every call, or it is the session''s: affinity.value_agg(user_id, at, value, ''hour'', ''Asia/Tokyo'').)', 'values');
SELECT is(pg_temp.answer('max((SELECT affinity.users(affinity.rollup(s)) FROM (SELECT affinity.activity_agg(u4, at, ''day'', ''Europe/Berlin'') s FROM ev UNION ALL SELECT affinity.activity_agg(u4, at, ''day'', ''Europe/Berlin'') FROM ev) m))'),
	'5', 'in one zone they merge');

SELECT finish();
ROLLBACK;
