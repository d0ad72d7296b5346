-- without(funnel, ids) and only(funnel, ids) against funnels of the remaining rows.
BEGIN;
SELECT plan(27);
SET LOCAL jit = off;
SET LOCAL max_parallel_workers_per_gather = 0;
SELECT setseed(0.25);

CREATE TEMP TABLE event AS
	SELECT u, u::text AS name, md5(u::text)::uuid AS id, (random() * 40)::bigint AS at,
		random() < 0.4 AS a, random() < 0.3 AS b, random() < 0.3 AS c
	FROM generate_series(-150, 150) AS u, generate_series(1, 5);

-- every kind of id, and the modes that keep other rows; the last one holds a property
CREATE FUNCTION pg_temp.states(bot text, mode text) RETURNS TABLE (kind text, state affinity.funnel, less affinity.funnel, few affinity.funnel)
LANGUAGE plpgsql AS $$
DECLARE
	kinds text[] = ARRAY['u', 'name', 'id'];
	property text = CASE WHEN mode = 'hold_last' THEN ', at % 3' ELSE '' END;
BEGIN
	FOREACH kind IN ARRAY kinds LOOP
		EXECUTE format('SELECT f, affinity.without(f, ids), affinity.only(f, ids) FROM
			(SELECT affinity.funnel_agg(%1$I, at, 20, %2$L, a, b, c%3$s) AS f FROM event) s,
			(SELECT array_agg(DISTINCT %1$I ORDER BY %1$I) || NULL AS ids FROM event WHERE %4$s) t', kind, mode, property, bot)
			INTO state, less, few;
		RETURN NEXT;
	END LOOP;
END $$;
CREATE FUNCTION pg_temp.of_rows(kind text, mode text, who text) RETURNS affinity.funnel LANGUAGE plpgsql AS $$
DECLARE state affinity.funnel;
BEGIN
	EXECUTE format('SELECT affinity.funnel_agg(%I, at, 20, %L, a, b, c%s) FILTER (WHERE %s) FROM event', kind, mode,
		CASE WHEN mode = 'hold_last' THEN ', at % 3' ELSE '' END, who) INTO state;
	RETURN state;
END $$;

SELECT ok(less = pg_temp.of_rows(kind, mode, 'u % 7 <> 3') AND less::text = pg_temp.of_rows(kind, mode, 'u % 7 <> 3')::text,
	format('without some users: %s, %s', mode, kind))
	FROM unnest(ARRAY['default', 'strict_order', 'hold_last']) mode, pg_temp.states('u % 7 = 3', mode) ORDER BY mode, kind;
SELECT ok(few = pg_temp.of_rows(kind, mode, 'u % 7 = 3') AND few::text = pg_temp.of_rows(kind, mode, 'u % 7 = 3')::text,
	format('only some users: %s, %s', mode, kind))
	FROM unnest(ARRAY['default', 'strict_order', 'hold_last']) mode, pg_temp.states('u % 7 = 3', mode) ORDER BY mode, kind;

CREATE TEMP TABLE f AS SELECT affinity.funnel_agg(u, at, 20, a, b, c) AS f FROM event;
SELECT ok(affinity.rollup(affinity.without(f, ARRAY[1, 2, 3]), affinity.only(f, ARRAY[1, 2, 3])) = f,
	'the two parts are the whole; integers are bigints') FROM f;
SELECT ok(affinity.without(f, ARRAY[]::bigint[]) = f AND affinity.without(f, NULL::bigint[]) = f AND affinity.without(f, ARRAY[1000000]) = f,
	'without nobody it is the same') FROM f;
SELECT ok(affinity.only(f, ARRAY[1000000]) IS NULL AND affinity.only(f, NULL::bigint[]) IS NULL AND
	affinity.without(f, (SELECT array_agg(DISTINCT u) FROM event)) IS NULL AND affinity.without(NULL::affinity.funnel, ARRAY[1]) IS NULL,
	'NULL where nobody is left') FROM f;
SELECT is((SELECT array_agg(m ORDER BY m) FROM f, affinity.funnel_members(affinity.without(f, ARRAY[5, -7, 5]), NULL::bigint, 1) m),
	(SELECT array_agg(m ORDER BY m) FROM f, affinity.funnel_members(f, NULL::bigint, 1) m WHERE m NOT IN (5, -7)), 'whoever is asked for is gone');
SELECT is(affinity.without(affinity.without(f, ARRAY[1]), ARRAY[2])::text, affinity.without(f, ARRAY[2, 1])::text, 'one after the other') FROM f;

SELECT throws_ok($$SELECT affinity.without(f, ARRAY['a']) FROM f$$, '42804', 'users of this funnel are of type bigint, not text', 'other ids');
SELECT throws_ok($$SELECT affinity.only(affinity.funnel_agg(u, at, 20, a, b), ARRAY[1]) FROM
	(VALUES ('x', 1, true, false)) v (u, at, a, b)$$, '42804', 'users of this funnel are of type text, not integer', 'ids that are no texts');
SELECT throws_ok($$SELECT affinity.without(f, ARRAY[1.5]) FROM f$$, NULL, NULL, 'ids that are none');
SELECT throws_ok($$SELECT affinity.without(affinity.funnel_agg(t), ARRAY[1]) FROM
	(SELECT affinity.funnel_times(20, 'default', at, a, b) AS t FROM event GROUP BY u) s$$, '22023', 'this funnel does not know whose steps it has', 'a funnel that knows no users');
SELECT finish();
ROLLBACK;
