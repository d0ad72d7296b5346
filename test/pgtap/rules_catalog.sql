-- What set_rules makes of a table of items: filters, groups and boosts for ids of
-- every type against plain SQL, calls with expressions of their own, what may be
-- asked, and what is kept until when. Sessions that meet: isolation/rules_change;
-- tenants, standbys, dumps: t/180_rules.pl.
BEGIN;

SET LOCAL client_min_messages = warning;

SELECT plan(157);

CREATE TABLE buys AS
SELECT u, abs(hashint4(u * 100 + n)) % 60 + 1 AS i FROM generate_series(1, 150) u, generate_series(1, 12) n;
-- items 51 to 60 are not described, 61 to 70 were bought by nobody; one of 8 has two rows
CREATE TABLE goods AS
SELECT i, i % 3 > 0 AS on_sale, CASE WHEN i % 7 > 0 THEN 'kind ' || i % 5 END AS kind,
	(ARRAY[0.5, 1, 2, 4, NULL])[i % 5 + 1]::numeric AS weight, i * 10 AS price
FROM generate_series(1, 70) i WHERE i NOT BETWEEN 51 AND 60
UNION ALL
SELECT i, true, 'a kind before', 8, i FROM generate_series(8, 48, 8) i;
UPDATE goods SET on_sale = NULL WHERE i = 10;

-- id(i, type): the item i as an id of a type.
CREATE FUNCTION id(i int, type text) RETURNS text IMMUTABLE LANGUAGE sql RETURN
CASE type WHEN 'text' THEN 'item ' || i WHEN 'uuid' THEN md5(i::text)::uuid::text ELSE i::text END;

-- expected(type, user, eligible, factor, groups): the list of a user, from that without rules.
-- The oracle of boost and group of items with several rows: the largest, the first.
CREATE FUNCTION expected(model text, type text, u int, eligible text, factor text DEFAULT 'NULL', exclude text DEFAULT 'false',
	allow_undescribed bool DEFAULT false)
RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	answer text;
BEGIN
	EXECUTE format($q$
		WITH described AS (
			SELECT id(i, %2$L) AS id, bool_or(coalesce(%4$s, false)) AS eligible, max(coalesce(%5$s, 1)) FILTER (WHERE %4$s) AS factor
			FROM goods GROUP BY 1),
		list AS (
			SELECT r.item_id::text AS id, r.personalized, r.score * coalesce(d.factor, 1) AS score,
				m.popularity * coalesce(d.factor, 1) AS popularity, m.item_no
			FROM %1$s.recommend(%3$s, 1000) AS r JOIN %1$s.items AS m USING (item_id)
			LEFT JOIN described AS d ON d.id = r.item_id::text
			WHERE CASE WHEN %7$L THEN coalesce(d.eligible, true) ELSE d.eligible END AND NOT %6$s)
		SELECT string_agg(id, ' ' ORDER BY personalized DESC, CASE WHEN personalized THEN score ELSE popularity END DESC, item_no)
		FROM list$q$, model, type, u, eligible, factor, exclude, allow_undescribed) INTO answer;
	RETURN answer;
END $$;

CREATE FUNCTION listed(model text, u int, more text DEFAULT '') RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	answer text;
BEGIN
	EXECUTE format('SELECT string_agg(item_id::text, '' '' ORDER BY rank) FROM %s.recommend(%s, 1000%s)', model, u, more) INTO answer;
	RETURN answer;
END $$;

-- differing(type, eligible, …): users whose list is another than expected, of 40.
CREATE FUNCTION differing(type text, more text, eligible text, factor text DEFAULT 'NULL', exclude text DEFAULT 'false',
	allow_undescribed bool DEFAULT false)
RETURNS bigint LANGUAGE sql AS $$
	SELECT count(*) FROM generate_series(1, 151, 4) u
	WHERE listed('ruled_' || type, u, more) IS DISTINCT FROM
		expected('plain_' || type, type, u, eligible, factor, exclude, allow_undescribed)
$$;

CREATE FUNCTION check_type(type text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
	m text := 'ruled_' || type;
	items text := format('SELECT id(i, %L)::%s AS item_id, * FROM goods', type, type);
	listed text;
	k int;
BEGIN
	PERFORM affinity.create_model(n || type, format('SELECT u, id(i, %L)::%s FROM buys', type, type), 'item_knn')
	FROM unnest('{plain_,ruled_}'::text[]) n;
	RETURN NEXT is(differing(type, '', 'true', allow_undescribed => true), 0::bigint, type || ': no rules');
	PERFORM affinity.set_rules(m, items);
	RETURN NEXT is(differing(type, '', 'true', allow_undescribed => true), 0::bigint, type || ': items alone rule nothing');
	PERFORM affinity.set_rules(m, items, eligible => 'on_sale');
	RETURN NEXT is(differing(type, '', 'on_sale'), 0::bigint, type || ': eligible');
	RETURN NEXT is(differing(type, $x$, eligible => 'price < ($1->>''most'')::int', parameters => '{"most": 300}'$x$, 'on_sale AND price < 300'),
		0::bigint, type || ': eligible of a call beside it');
	RETURN NEXT is(differing(type, $x$, boost => 'CASE WHEN price > 200 THEN 2 ELSE 0.25 END'$x$, 'on_sale', 'CASE WHEN price > 200 THEN 2 ELSE 0.25 END'),
		0::bigint, type || ': boost of a call');
	PERFORM affinity.set_rules(m, items, boost => 'weight');
	RETURN NEXT is(differing(type, '', 'true', 'weight', allow_undescribed => true), 0::bigint, type || ': boost');
	PERFORM affinity.set_rules(m, items, eligible => 'on_sale', boost => 'weight', group_by => 'kind', max_per_group => 60);
	RETURN NEXT is(differing(type, '', 'on_sale', 'weight'), 0::bigint, type || ': eligible and boost');
	RETURN NEXT is(differing(type, format(', boost => %L', jsonb_build_object(id(4, type), 4, id(17, type), 0.5, 'what', 3, '99999999999', 2)),
			'on_sale', 'CASE i WHEN 4 THEN 4 WHEN 17 THEN 0.5 END'), 0::bigint, type || ': boosts of a call by item, in their place');
	-- groups: walk down the list by hand
	FOREACH k IN ARRAY '{1,3}'::int[] LOOP
		RETURN NEXT is((SELECT count(*) FROM generate_series(1, 151, 4) u
			WHERE listed(m, u, ', max_per_group => ' || k) IS DISTINCT FROM (
				SELECT string_agg(id, ' ' ORDER BY at) FROM (
					SELECT l.id, l.at, g.kind, row_number() OVER (PARTITION BY g.kind ORDER BY l.at) AS no
					FROM string_to_table(replace(listed(m, u), 'item ', 'item_'), ' ') WITH ORDINALITY AS s(raw, at),
						LATERAL (SELECT replace(s.raw, 'item_', 'item ') AS id, s.at) AS l
					JOIN (SELECT id(i, type) AS id, min(kind COLLATE "C") AS kind FROM goods WHERE on_sale GROUP BY 1) AS g ON g.id = l.id) AS w
				WHERE kind IS NULL OR no <= k)), 0::bigint, type || ': at most so many of a group: ' || k);
	END LOOP;
	PERFORM affinity.set_rules(m, items, eligible => 'on_sale', exclude => ARRAY[id(2, type), id(5, type), id(9999, type)]);
	RETURN NEXT is(differing(type, '', 'on_sale', 'NULL', format('r.item_id::text IN (%L, %L)', id(2, type), id(5, type))), 0::bigint,
		type || ': exclude');
	EXECUTE format('SELECT affinity.set_rules(%L, pin => %L::%s[], exclude => %L::%s[])', m, ARRAY[id(7, type), id(9999, type), id(3, type), id(5, type)], type,
		ARRAY[id(5, type)], type);
	listed := listed(m, 999);
	RETURN NEXT is(left(listed, length(id(7, type) || ' ' || id(3, type))), id(7, type) || ' ' || id(3, type), type || ': pin, without what is unknown or excluded');
	RETURN NEXT is(strpos(' ' || listed || ' ', ' ' || id(5, type) || ' '), 0, type || ': nor anywhere');
	EXECUTE format('SELECT count(*) FROM (SELECT user_id, array_agg(item_id ORDER BY rank) FROM %1$s.recommend_all(7) GROUP BY 1
		EXCEPT SELECT u, array_agg(r.item_id ORDER BY r.rank) FROM generate_series(1, 150) u, %1$s.recommend(u, 7) r GROUP BY 1) AS d', m) INTO k;
	RETURN NEXT is(k, 0, type || ': recommend_all keeps to the same rules');
	PERFORM affinity.set_rules(m);
	RETURN NEXT is(differing(type, '', 'true', allow_undescribed => true), 0::bigint, type || ': rules taken away');
	RETURN NEXT is(to_regclass(m || '.catalog'), NULL::regclass, type || ': and the views');
END $$;

SELECT check_type('integer');
SELECT check_type('bigint');
SELECT check_type('text');
SELECT check_type('uuid');

-- ---- what is kept, within a transaction that wrote ----------------------

CREATE TABLE shelf AS SELECT i AS item_id, 1 AS stock, 'k' || i % 4 AS kind FROM generate_series(1, 60) i;
SELECT affinity.set_rules('ruled_integer', 'shelf', 'stock > 0');
SELECT is(tgname || ' ' || tgenabled::text, 'affinity_catalog_changed A', 'the table has a trigger, which fires always')
FROM pg_trigger WHERE tgrelid = 'shelf'::regclass;
SELECT is((SELECT count(*) FROM ruled_integer.recommend(0, 100)), 60::bigint, 'all in stock');
UPDATE shelf SET stock = 0 WHERE item_id <= 20;
SELECT is((SELECT count(*) FROM ruled_integer.recommend(0, 100)), 40::bigint, 'an update holds at once');
SAVEPOINT s;
TRUNCATE shelf;
SELECT is((SELECT count(*) FROM ruled_integer.recommend(0, 100)), 0::bigint, 'so does TRUNCATE');
ROLLBACK TO s;
SELECT is((SELECT count(*) FROM ruled_integer.recommend(0, 100)), 40::bigint, 'and a rollback');
ALTER TABLE shelf DISABLE TRIGGER affinity_catalog_changed;
UPDATE shelf SET stock = 0 WHERE item_id = 21;
SELECT is((SELECT count(*) FROM ruled_integer.recommend(0, 100)), 39::bigint, 'without its trigger a table is read anew');
UPDATE shelf SET stock = 0 WHERE item_id = 22;
SELECT is((SELECT count(*) FROM ruled_integer.recommend(0, 100)), 38::bigint, 'by every statement');
ALTER TABLE shelf ENABLE ALWAYS TRIGGER affinity_catalog_changed;

-- ---- objects -------------------------------------------------------------

SELECT is((SELECT reloptions FROM pg_class WHERE oid = 'ruled_integer.catalog'::regclass), '{security_invoker=true}'::text[], 'catalog reads as the caller');
SELECT is((SELECT eligible || ' of ' || items FROM ruled_integer.rules), 'stock > 0 of shelf', 'rules says what was set');
SELECT ok(relacl::text LIKE '%=r/%', 'anybody who may use the schema may look')
FROM pg_class WHERE oid = 'ruled_integer.rules'::regclass;
SELECT results_eq('SELECT item_id, rule_eligible, rule_group, rule_boost, stock, kind FROM ruled_integer.catalog WHERE item_id IN (1, 50) ORDER BY 1',
	$$VALUES (1, false, NULL::text, 1::float8, 0, 'k1'), (50, true, NULL, 1, 1, 'k2')$$, 'catalog has what rules make of an item, and its columns');
CREATE VIEW built AS SELECT item_id FROM ruled_integer.catalog;
SELECT affinity.set_rules('ruled_integer', 'shelf', 'stock >= 0');
SELECT is((SELECT count(*) FROM built), 60::bigint, 'what was built on the catalog stays where columns do');
SELECT throws_ok($$SELECT affinity.set_rules('ruled_integer', pin => '{1}')$$, '2BP01', NULL, 'else it is in the way');
DROP VIEW built;
SELECT affinity.refresh_model('ruled_integer');
SELECT is((SELECT count(*) FROM ruled_integer.recommend(0, 100)), 60::bigint, 'a refresh keeps the rules');
SELECT is((SELECT status FROM affinity.models WHERE name = 'ruled_integer'), 'ready', 'and the model is ready');
ALTER SCHEMA ruled_integer RENAME TO "Ruled, 2";
ALTER TABLE shelf RENAME TO rack;
UPDATE rack SET stock = -1 WHERE item_id = 60;
SELECT is((SELECT count(*) FROM "Ruled, 2".recommend(0, 100)), 59::bigint, 'model and table may be renamed');
CREATE TABLE shelf (LIKE rack);
INSERT INTO shelf SELECT item_id, 1, kind FROM rack WHERE item_id <= 12;
SELECT affinity.refresh_model('Ruled, 2');
SELECT is((SELECT count(*) FROM "Ruled, 2".recommend(0, 100)), 12::bigint, 'a refresh follows the name to another table');
DELETE FROM shelf WHERE item_id = 1;
SELECT is((SELECT count(*) FROM "Ruled, 2".recommend(0, 100)), 11::bigint, 'which is watched too');
DROP TABLE shelf CASCADE;
SELECT throws_ok('SELECT FROM "Ruled, 2".recommend(0, 100)', '55000', 'model "Ruled, 2" has lost its view "catalog"');
SELECT is((SELECT status || ': ' || hint FROM affinity.models WHERE name = 'Ruled, 2'), 'catalog missing: SELECT affinity.refresh_model(''Ruled, 2'');',
	'affinity.models says so');
ALTER TABLE rack RENAME TO shelf;
SELECT affinity.refresh_model('Ruled, 2');
SELECT is((SELECT count(*) FROM "Ruled, 2".recommend(0, 100)), 59::bigint, 'which a refresh makes again, as the hint has it');
SELECT affinity.create_model('two', 'SELECT u, i FROM buys', 'popular');
SELECT affinity.set_rules('two', 'SELECT s.item_id, g.price FROM shelf s JOIN goods g ON g.i = s.item_id', 'price > 0');
SELECT is((SELECT count(*) FROM pg_trigger WHERE tgfoid = 'affinity.catalog_changed'::regproc), 2::bigint, 'models share the trigger of a table');
SELECT affinity.drop_model('Ruled, 2');
SELECT is((SELECT count(*) FROM pg_trigger WHERE tgfoid = 'affinity.catalog_changed'::regproc), 2::bigint, 'which stays for the other');
SELECT affinity.drop_model('two');
SELECT is((SELECT count(*) FROM pg_trigger WHERE tgfoid = 'affinity.catalog_changed'::regproc), 0::bigint, 'and goes with the last');

-- ---- tables of tables ----------------------------------------------------

CREATE TABLE parts (item_id int, stock int) PARTITION BY RANGE (item_id);
CREATE TABLE parts_a PARTITION OF parts FOR VALUES FROM (0) TO (30);
CREATE TABLE parts_b PARTITION OF parts FOR VALUES FROM (30) TO (100);
INSERT INTO parts SELECT i, 1 FROM generate_series(1, 60) i;
SELECT affinity.set_rules('ruled_bigint', 'parts', 'stock > 0');
SELECT is((SELECT count(*) FROM pg_trigger WHERE tgfoid = 'affinity.catalog_changed'::regproc), 3::bigint, 'partitions are watched');
SELECT is((SELECT count(*) FROM ruled_bigint.recommend(0, 100)), 60::bigint, 'integers for a model of bigint');
UPDATE parts_b SET stock = 0 WHERE item_id = 40;
SELECT is((SELECT count(*) FROM ruled_bigint.recommend(0, 100)), 59::bigint, 'a change of a partition');
SELECT affinity.set_rules('ruled_bigint', 'parts_a', 'stock > 0');
SELECT is((SELECT string_agg(tgrelid::regclass::text, ' ' ORDER BY tgrelid) FROM pg_trigger WHERE tgfoid = 'affinity.catalog_changed'::regproc),
	'parts parts_a', 'of a partition what it is a part of is watched, and no other');
SELECT is((SELECT count(*) FROM ruled_bigint.recommend(0, 100)), 29::bigint, 'a partition alone');
UPDATE parts SET stock = 0 WHERE item_id % 2 = 0;
SELECT is((SELECT count(*) FROM ruled_bigint.recommend(0, 100)), 15::bigint, 'is written through its table');
CREATE MATERIALIZED VIEW seen AS SELECT item_id, stock FROM parts;
CREATE UNIQUE INDEX ON seen (item_id);
SELECT affinity.set_rules('ruled_bigint', 'seen', 'stock > 0');
SELECT is((SELECT count(*) FROM ruled_bigint.recommend(0, 100)), 30::bigint, 'a materialized view');
UPDATE parts SET stock = 0 WHERE item_id < 11;
SELECT is((SELECT count(*) FROM ruled_bigint.recommend(0, 100)), 30::bigint, 'is as it was made');
REFRESH MATERIALIZED VIEW seen;
SELECT is((SELECT count(*) FROM ruled_bigint.recommend(0, 100)), 25::bigint, 'until it is made again');
UPDATE parts SET stock = 0 WHERE item_id < 13;
REFRESH MATERIALIZED VIEW CONCURRENTLY seen;
SELECT is((SELECT count(*) FROM ruled_bigint.recommend(0, 100)), 24::bigint, 'concurrently or not');
SELECT affinity.set_rules('ruled_bigint', 'SELECT item_id::numeric::bigint AS item_id, -stock AS stock FROM parts UNION ALL VALUES (17::bigint, 5), (NULL, 1)', 'stock > 0');
SELECT is((SELECT string_agg(item_id::text, '') FROM ruled_bigint.recommend(0, 100)), '17', 'a query of several parts; NULL is no item');

-- ---- functions that change, settings, time -------------------------------

CREATE FUNCTION wanted(int) RETURNS bool IMMUTABLE LANGUAGE plpgsql AS 'BEGIN RETURN $1 < 10; END';
SELECT affinity.set_rules('ruled_bigint', 'parts', 'wanted(item_id)');
SELECT is((SELECT count(*) FROM ruled_bigint.recommend(0, 100)), 9::bigint, 'a function of the user''s');
CREATE OR REPLACE FUNCTION wanted(int) RETURNS bool IMMUTABLE LANGUAGE plpgsql AS 'BEGIN RETURN $1 < 20; END';
SELECT is((SELECT count(*) FROM ruled_bigint.recommend(0, 100)), 19::bigint, 'which is replaced');
SELECT affinity.set_rules('ruled_bigint', 'parts', 'item_id < current_setting(''my.most'')::int');
SET LOCAL my.most = 5;
SELECT is((SELECT count(*) FROM ruled_bigint.recommend(0, 100)), 4::bigint, 'a setting');
SET LOCAL my.most = 9;
SELECT is((SELECT count(*) FROM ruled_bigint.recommend(0, 100)), 8::bigint, 'which changes');

-- ---- models without items -------------------------------------------------

SELECT affinity.create_model('untrained', 'SELECT u, i FROM buys', 'item_knn', train => false);
SELECT affinity.set_rules('untrained', 'SELECT i AS item_id, * FROM goods', 'on_sale', group_by => 'kind', max_per_group => 1, boost => 'weight', pin => '{3}', exclude => '{4}', penalty => 1);
SELECT is_empty('SELECT FROM untrained.recommend(1, 100)', 'a model that is not trained gives no rows');
SELECT affinity.refresh_model('untrained');
SELECT isnt_empty('SELECT FROM untrained.recommend(1, 100)', 'and then does');

-- ---- what may be asked ---------------------------------------------------

CREATE FUNCTION set(more text) RETURNS text LANGUAGE sql AS $$SELECT format('SELECT affinity.set_rules(''ruled_bigint'', %s)', more)$$;

SELECT throws_ok($$SELECT affinity.set_rules('nobody')$$, '42704', 'model "nobody" does not exist');
SELECT throws_ok(set($$eligible => 'true'$$), '22023', 'eligible needs items');
SELECT throws_ok(set($$group_by => 'true'$$), '22023', 'group_by needs items');
SELECT throws_ok(set($$boost => '2'$$), '22023', 'boost needs items');
SELECT throws_ok(set($$'parts', max_per_group => 2$$), '22023', 'max_per_group needs group_by');
SELECT throws_ok(set($$'parts', group_by => 'stock', max_per_group => 0$$), '22023', 'max_per_group must be 1 or more');
SELECT throws_ok(set($$penalty => 1.1$$), '22023', 'penalty must be between 0 and 1, not 1.1');
SELECT throws_ok(set($$diversity => -1$$), '22023', 'diversity must be between 0 and 1, not -1');
SELECT throws_ok(set($$exploration => 'infinity'$$), '22023', 'exploration must be between 0 and 1, not Infinity');
SELECT throws_ok(set($$repeat => 2$$), '22023', 'repeat must be between 0 and 1, not 2');
SELECT throws_ok(set($$min_score => 'infinity'$$), '22023', 'min_score must be finite, not Infinity');
SELECT throws_ok(set($$not_within => '-1 day'$$), '22023', 'not_within must be a finite time of 0 or more');
SELECT throws_ok(set($$pin => '{1,x}'$$), '22P02', '"x" in pin is not an item of type bigint');
SELECT throws_ok(set($$exclude => 5$$), '42804', 'exclude is of type integer, not an array of items');
SELECT throws_ok(set($$'nothing'$$), '42P01', 'relation "nothing" does not exist');
SELECT throws_ok(set($$'nowhere.public.parts'$$), '0A000', 'cross-database references are not implemented: "nowhere.public.parts"');
SELECT lives_ok(set(format('%L', format(' %I.public."parts" ', current_database()))), 'a name in full');
SELECT throws_ok(set($$'parts; DROP TABLE parts'$$), '42602', 'invalid name syntax');
SELECT throws_ok(set($$'SELECT 1; DROP TABLE parts'$$), '42601', 'items of set_rules must be one SELECT');
SELECT throws_ok(set($$'WITH x AS (DELETE FROM parts RETURNING item_id) SELECT * FROM x'$$), '42601', 'items of set_rules must be one SELECT');
SELECT throws_ok(set($$'SELECT now() AS item_id'$$), '42804', NULL, 'no id');
SELECT throws_ok(set($$'SELECT ''a'' AS item_id'$$), '42804', 'items of set_rules are of type text, but those of the model of type bigint');
SELECT throws_ok(set($$'SELECT item_id, stock AS rule_group FROM parts'$$), '42701', 'items of set_rules have a column "rule_group"');
SELECT throws_ok(set($$'SELECT item_id, stock, stock FROM parts'$$), '42701', 'items of set_rules have more than one column "stock"');
SELECT throws_ok(set($$'parts', eligible => 'stok > 0'$$), '42703', 'column "stok" does not exist');
SELECT throws_ok(set($$'parts', eligible => 'stock'$$), '42804', 'eligible is of type integer, which is not boolean');
SELECT throws_ok(set($$'parts', eligible => 'true FROM parts'$$), '42601', 'eligible must be one SQL expression');
SELECT throws_ok(set($$'parts', eligible => 'true AS yes'$$), '42601', 'eligible must be one SQL expression');
SELECT throws_ok(set($$'parts', eligible => 'true, false'$$), '42601', 'eligible must be one SQL expression');
SELECT throws_ok(set($$'parts', eligible => ''$$), '42601', 'eligible must be one SQL expression');
SELECT throws_ok(set($$'parts', eligible => 'true) OR (true'$$), '42601', 'syntax error at or near ")"');
SELECT lives_ok(set($$'parts', eligible => 'true -- ) x'$$), 'an expression may end in a comment');
SELECT throws_ok(set($$'parts', eligible => 'count(*) > 0'$$), '0A000', 'eligible cannot use aggregates, window functions or functions that return sets');
SELECT throws_ok(set($$'parts', group_by => 'row_to_json(parts)'$$), '42804', 'group_by is of type json, which cannot be compared for equality by a hash');
SELECT throws_ok(set($$'parts', boost => '''2'''$$), '42804', 'boost is of type text, which is not a number');
SELECT throws_ok(set($$'parts', eligible => '$1 IS NULL'$$), '42P02', 'there is no parameter $1');
SELECT lives_ok(set($$'parts', boost => 'stock - 1'$$), 'boosts are checked when they are read');
SELECT throws_ok('SELECT FROM ruled_bigint.recommend(0)', '22023', 'boost of item 13 is 0, but must be a finite number above 0');
SELECT lives_ok(set($$'parts', boost => '''nan''::real'$$), 'all kinds of numbers');
SELECT throws_ok('SELECT FROM ruled_bigint.recommend(0)', '22023', NULL, 'NaN is no boost');
SELECT affinity.set_rules('ruled_bigint', penalty => 0.5);
SELECT throws_ok($$SELECT FROM ruled_bigint.recommend(0, eligible => 'true')$$, '55000', 'model "ruled_bigint" does not know where items are described');
SELECT throws_ok($$SELECT FROM ruled_bigint.recommend(0, boost => '{"1": "x"}')$$, '22023', 'boost of item 1 is not a number');
SELECT throws_ok($$SELECT FROM ruled_bigint.recommend(0, boost => '{"1": -1}')$$, '22023', 'boost of item 1 is -1, but must be a finite number above 0');
SELECT throws_ok(set($$boost => '{"1": 0}'$$), '22023', 'boost of item 1 is 0, but must be a finite number above 0');
SELECT throws_ok(set($$boost => '{"1": 2'$$), '22P02', NULL, 'what is no JSON');
SELECT affinity.set_rules('ruled_bigint', boost => '{"7": 1e9, "8": null, "none": 2}');
SELECT is((SELECT item_id FROM ruled_bigint.recommend(0, 1)), 7::bigint, 'boosts by item need no table of items');
SELECT affinity.set_rules('ruled_bigint', 'parts', 'stock >= 0', group_by => 'item_id % 2');
SELECT affinity.alter_model('ruled_bigint', 'SELECT u, ''i'' || i FROM buys');
SELECT throws_ok('SELECT FROM ruled_bigint.recommend(0)', '55000', 'view "catalog" of model "ruled_bigint" does not fit the model');
SELECT affinity.set_rules('ruled_bigint');
SELECT isnt_empty('SELECT FROM ruled_bigint.recommend(0)', 'which the hint sets right');
CREATE TRIGGER before BEFORE DELETE ON parts FOR EACH ROW EXECUTE FUNCTION affinity.catalog_changed();
SELECT throws_ok('DELETE FROM parts', '39P01', 'affinity.catalog_changed() must be fired AFTER');
CREATE TABLE ruled_text.catalog ();
SELECT throws_ok($$SELECT affinity.set_rules('ruled_text', 'goods')$$, '42804', NULL, 'ids of another type');
SELECT throws_ok($$SELECT affinity.set_rules('ruled_text', pin => '{a}')$$, '42P07', '"catalog" of model "ruled_text" is not what set_rules makes');

CREATE TABLE ruled_uuid.other AS SELECT 1 AS catalog_query;
ALTER TABLE ruled_uuid.other RENAME TO rules;
SELECT isnt_empty('SELECT FROM ruled_uuid.recommend(0)', 'a table "rules" is no rules');

SELECT * FROM finish();
ROLLBACK;
