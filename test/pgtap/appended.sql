-- Items that an incremental refresh appended: their numbers are not in the order
-- of their ids. What is asked for one user, for some and for all agrees, with
-- rules that name items or look into histories.
\set ECHO none
\set QUIET 1
BEGIN;
SET client_min_messages = warning;
SELECT plan(17);

CREATE TABLE bought AS
SELECT u, 10 + (u * 7 + i * i * 3) % 1500 AS item, timestamptz '2016-01-01' + (u * 40 + i) * interval '1 minute' AS at
FROM generate_series(1, 400) u, generate_series(1, 12) i;
INSERT INTO bought SELECT 1 + i % 400, 10 + i, '2016-01-01' FROM generate_series(0, 1499) i;
SELECT affinity.create_model(algorithm, 'SELECT u, item, 1, at FROM bought', algorithm,
	CASE algorithm WHEN 'ials' THEN '{"factors": 8}' ELSE '{}' END::jsonb)
FROM unnest(ARRAY['item_knn', 'ials']) algorithm;
INSERT INTO bought SELECT u, i, now() - (u || ' minutes')::interval
FROM generate_series(1, 40) u, unnest(ARRAY[-101, 1, 3, 7]) i;
SELECT affinity.refresh_model(algorithm, incremental => true) FROM unnest(ARRAY['item_knn', 'ials']) algorithm;

SELECT results_eq('SELECT item_id FROM item_knn.items WHERE item_no >= (SELECT count(*) - 4 FROM item_knn.items) ORDER BY 1',
	ARRAY[-101, 1, 3, 7], 'four items were appended');

-- one by one and all at once
CREATE FUNCTION pg_temp.differ(model text, rules text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE n bigint;
BEGIN
	EXECUTE format($q$SELECT count(*) FROM (
		(SELECT u, r.* FROM generate_series(1, 60) u, %1$I.recommend(u, 10, %2$s) r
		EXCEPT SELECT * FROM %1$I.recommend_all(10, %2$s))
		UNION ALL
		(SELECT * FROM %1$I.recommend_all(10, %2$s) a WHERE a.user_id <= 60
		EXCEPT SELECT u, r.* FROM generate_series(1, 60) u, %1$I.recommend(u, 10, %2$s) r)) x$q$, model, rules) INTO n;
	RETURN n;
END
$$;
SELECT is(pg_temp.differ(model, rules), 0::bigint, format('%s: %s', model, rules))
FROM unnest(ARRAY['item_knn', 'ials']) model, unnest(ARRAY[
	$$not_within => '1 day'$$,
	$$repeat => 0.6, not_within => '1 day'$$,
	$$pin => ARRAY[10, 1, 20, 3]$$,
	$$exclude => ARRAY[1, 10, 3], penalty => 0.3$$,
	$$candidates => ARRAY(SELECT generate_series(-101, 700)), diversity => 0.4$$]) rules;
SELECT results_eq(format('SELECT item_id FROM %I.recommend(5, 4, pin => ARRAY[10, 1, 20, 3])', model),
	ARRAY[10, 1, 20, 3], model || ': all that is pinned is there, in order')
FROM unnest(ARRAY['item_knn', 'ials']) model;

-- a list of set_rules may hold an item twice
SELECT affinity.set_rules('item_knn', pin => ARRAY[3, 10, 3, 10]);
SELECT results_eq('SELECT item_id FROM item_knn.recommend(5, 2)', ARRAY[3, 10], 'pinned twice is pinned once');
SELECT is((SELECT count(*) FROM item_knn.recommend_all(5) WHERE user_id = 5 AND item_id = 10), 1::bigint, 'for all users too');
SELECT affinity.set_rules('item_knn');

-- a call is counted once, however it is answered; what explains is none
SELECT affinity.stat_models_reset();
SELECT count(*) FROM item_knn.recommend_users(ARRAY[5, 6, 7, 8], 3);
SELECT results_eq($$SELECT calls, rows FROM affinity.stat_models WHERE model = 'item_knn'$$, $$VALUES (1::bigint, 12::bigint)$$,
	'recommend_users is one call');
SELECT count(*) FROM affinity.explain_call('item_knn', 5, candidates => NULL::int[]);
SELECT results_eq($$SELECT calls, rows FROM affinity.stat_models WHERE model = 'item_knn'$$, $$VALUES (1::bigint, 12::bigint)$$,
	'explain_call is none');

SELECT * FROM finish();
ROLLBACK;
