-- How baskets.csv was made, of baskets of every kind of items, and what is in them;
-- ../../pgtap/basket.sql asks again. By hand, from the project:
--
--	psql -XqAt -v make=1 -f test/data/format/baskets.sql >test/data/format/baskets.csv
--
-- It is not to be made again.
CREATE FUNCTION pg_temp.basket_report(type text, state text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	report text;
BEGIN
	EXECUTE format('SELECT string_agg(concat_ws('' '', item, weight, extract(epoch FROM at)), ''; '' ORDER BY ordinality)
		FROM affinity.basket_items($1::affinity.%I) WITH ORDINALITY', type) INTO report USING state;
	RETURN report;
END $$;
\if :{?make}
BEGIN;
SET timezone = 'UTC';
CREATE EXTENSION IF NOT EXISTS affinity;
COPY (
	SELECT type, name, state, pg_temp.basket_report(type, state) FROM (
		SELECT 'basket' AS type, 'one item' AS name, affinity.basket_agg(7)::text AS state
		UNION ALL SELECT 'basket', 'items', affinity.basket_agg(g * g % 61)::text FROM generate_series(1, 100) g
		UNION ALL SELECT 'basket', 'far', affinity.basket_agg(i)::text FROM unnest(ARRAY[-9223372036854775808, -1, 0, 9223372036854775807]) i
		UNION ALL SELECT 'basket', 'whole weights', affinity.basket_agg(g % 13, g % 5 - 1)::text FROM generate_series(1, 60) g
		UNION ALL SELECT 'basket', 'reals and NULL', affinity.basket_agg(g % 13, nullif(g % 7, 3) * 0.25)::text FROM generate_series(1, 60) g
		UNION ALL SELECT 'basket', 'doubles', affinity.basket_agg(g % 13, sqrt(g))::text FROM generate_series(1, 60) g
		UNION ALL SELECT 'basket', 'large and small', affinity.basket_agg(1, w)::text FROM unnest(ARRAY[1e300, -1e-300, 9007199254740992, '-0', 0, NULL]) w
		UNION ALL SELECT 'basket', 'days', affinity.basket_agg(g % 13, 1, date '2024-01-01' + g % 29)::text FROM generate_series(1, 60) g
		UNION ALL SELECT 'basket', 'seconds, some NULL', affinity.basket_agg(g % 13, g % 3, CASE WHEN g % 4 > 0 THEN timestamptz '2024-01-01 00:00+00' + g * g * interval '7 s' END)::text
			FROM generate_series(1, 60) g
		UNION ALL SELECT 'basket', 'first and last time', affinity.basket_agg(1, 1, t)::text
			FROM unnest(ARRAY[timestamp '4713-01-01 00:00 BC', '294276-12-31 23:59:59.999999']) t
		UNION ALL SELECT 'basket_uuid', 'items', affinity.basket_agg(md5((g % 17)::text)::uuid)::text FROM generate_series(1, 40) g
		UNION ALL SELECT 'basket_uuid', 'all', affinity.basket_agg(md5((g % 17)::text)::uuid, g * 0.5, timestamp '2024-01-01' + g * interval '1 ms')::text FROM generate_series(1, 40) g
		UNION ALL SELECT 'basket_text', 'items', affinity.basket_agg('sku-' || g * g % 61)::text FROM generate_series(1, 100) g
		UNION ALL SELECT 'basket_text', 'odd', affinity.basket_agg(t)::text FROM unnest(ARRAY['', '', 'é', 'z', 'zz', 'a longer one, with a comma', '日本', '日木']) t
		UNION ALL SELECT 'basket_text', 'all', affinity.basket_agg('sku-' || g % 17, g, timestamptz '2024-01-01 00:00+00' + g * interval '1 h')::text FROM generate_series(1, 40) g) b
) TO STDOUT (FORMAT csv);
ROLLBACK;
\endif
