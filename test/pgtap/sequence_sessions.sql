-- sessionize by gap, campaign and length, against a loop over the rows.
BEGIN;
SELECT plan(16);
SET LOCAL jit = off;
SELECT setseed(0.6);

CREATE TEMP TABLE event AS
	SELECT u, i, at + i * 0.000001 AS at, nullif(campaign, 'x') AS campaign
	FROM (SELECT u, i, floor(random() * 60) AS at, (ARRAY['ad', 'mail', 'mail of spring', 'x', 'x', 'x'])[ceil(random() * 6)] AS campaign
		FROM generate_series(1, 400) u, generate_series(1, 12) i) e;

CREATE FUNCTION pg_temp.oracle(gap float8, by_campaign boolean, longest float8)
RETURNS TABLE (u int, i int, session bigint) LANGUAGE plpgsql AS $$
DECLARE
	e record; who int; n bigint; began float8; before float8; kept text;
BEGIN
	FOR e IN SELECT * FROM event ORDER BY event.u, event.at LOOP
		IF who IS DISTINCT FROM e.u THEN
			n := 0;
			kept := NULL;
		END IF;
		IF n = 0 OR e.at - before > gap OR (longest IS NOT NULL AND e.at - began > longest) THEN
			n := n + 1;
			began := e.at;
			kept := NULL;
		END IF;
		IF by_campaign AND e.campaign <> kept THEN
			n := n + 1;
			began := e.at;
		END IF;
		kept := coalesce(e.campaign, kept);
		before := e.at;
		who := e.u;
		u := e.u; i := e.i; session := n;
		RETURN NEXT;
	END LOOP;
END $$;

CREATE TEMP TABLE way AS
	SELECT row_number() OVER () AS no, * FROM (VALUES (5), (0), (100)) g (gap),
		(VALUES (true, NULL), (false, 10), (true, 8), (false, NULL::int)) w (by_campaign, longest);
CREATE TEMP TABLE expected AS
	SELECT no, o.* FROM way, pg_temp.oracle(gap, by_campaign, longest) o;
CREATE TEMP TABLE result AS
	SELECT no, u, i, affinity.sessionize(timestamp '2024-02-28' + make_interval(secs => at), make_interval(secs => gap),
			CASE WHEN by_campaign THEN campaign END, make_interval(secs => longest))
		OVER (PARTITION BY no, u ORDER BY at) AS session
	FROM way, event;
SELECT is_empty(format($$SELECT * FROM result JOIN expected e USING (no, u, i) WHERE no = %s AND result.session <> e.session LIMIT 5$$, no),
	format('gap %s, campaign %s, length %s', gap, by_campaign, longest)) FROM way ORDER BY no;

-- Numbers; names of arguments; what cannot be.
SELECT is((SELECT array_agg(s) FROM (SELECT affinity.sessionize(at, 10, max_length => 15) OVER (ORDER BY at) AS s
	FROM unnest(ARRAY[1, 8, 16, 17, 30]::bigint[]) at) x), '{1,1,1,2,3}', 'times that are numbers');
SELECT is((SELECT array_agg(s) FROM (SELECT affinity.sessionize(at, '10 days', max_length => '1 day') OVER (ORDER BY at) AS s
	FROM unnest(ARRAY['2024-01-01', '2024-01-02', '2024-01-03']::date[]) at) x), '{1,1,2}', 'dates, and lengths as text');
SELECT throws_ok($$SELECT affinity.sessionize(now(), '10 days', max_length => '-1 day') OVER () FROM event$$, '22023',
	'the length of a session must not be negative', 'a negative length');
SELECT throws_ok($$SELECT affinity.sessionize(now(), '10 days', 'mail', max_length => '30') OVER () FROM event$$, '22023',
	'max_length has no unit: ''30''', 'a length without a unit');

SELECT finish();
ROLLBACK;
