-- A model's table "items" that holds an item twice: whatever reads the item says
-- so (55000). No function gives no rows, or the item twice.
BEGIN;
SET client_min_messages = warning;
SELECT plan(109);

CREATE TABLE facts AS SELECT u, i, 1 + (u + i) % 3 AS w FROM generate_series(1, 60) u, generate_series(1, 60) i WHERE (u * 7 + i * i) % 5 < 2;
SELECT affinity.create_model('number', 'SELECT u, i, w FROM facts', 'item_knn', options => '{"neighbors": 60}');
SELECT affinity.create_model('words', 'SELECT ''u'' || u, ''item '' || to_char(i, ''FM0099''), w FROM facts', 'item_knn', options => '{"neighbors": 60}');
SELECT affinity.create_model('factors', 'SELECT u, i, w FROM facts', 'ials', '{"factors": 4, "iterations": 2}');

-- Calls that name item 9 in some way; u is a user who has it, v one who does not.
CREATE TEMP TABLE calls AS SELECT * FROM unnest(ARRAY['recommend(u, exclude_seen => false, k => 60)', 'recommend(v, candidates => ARRAY[x, x5])', 'recommend(v, exclude => ARRAY[x, x5])', 'recommend_for(ARRAY[x])',
	'recommend_for(ARRAY[x5, x], 60)', 'recommend_for(ARRAY[x5], 60, ARRAY[x, x5])', 'score(u, ARRAY[x, x5])', 'score(v, ARRAY[x])', 'similar_items(x)', 'similar_items(x11, 60)',
	'explain(u, x)', 'explain(u, x11)', 'audience(x)', 'recommend_all(3)', 'score(v, array_append(array_fill(x, ARRAY[5000]), x5))', 'recommend(v, candidates => many)', 'recommend_for(many)']) WITH ORDINALITY c(call, no);
CREATE TEMP TABLE damages (damage text, sql text);
INSERT INTO damages VALUES
	-- two numbers have one id: that of item 9
	('an id twice', 'UPDATE %1$s.items SET item_id = (SELECT item_id FROM %1$s.items WHERE item_no = 8) WHERE item_no = 30'),
	('a row twice', 'INSERT INTO %1$s.items SELECT item_no, item_id, popularity, neighbors, scores, factors FROM %1$s.items WHERE item_no = 8');
CREATE FUNCTION pg_temp.outcome(model text, call text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	n bigint;
	ids text := CASE model WHEN 'words' THEN '(''item '' || to_char(%s, ''FM0099''))' ELSE '%s' END;
BEGIN
	call := regexp_replace(call, '\m(u)\M', CASE model WHEN 'words' THEN quote_literal('u' || u) ELSE u::text END) FROM facts WHERE i = 9 ORDER BY u LIMIT 1;
	call := regexp_replace(call, '\m(v)\M', CASE model WHEN 'words' THEN quote_literal('u' || u) ELSE u::text END)
		FROM facts GROUP BY u HAVING NOT bool_or(i = 9) ORDER BY u LIMIT 1;
	call := replace(replace(call, 'x5', format(ids, 5)), 'x11', format(ids, 11));
	call := regexp_replace(call, '\mx\M', format(ids, 9), 'g');
	call := replace(call, 'many', format('ARRAY(SELECT %s FROM generate_series(1, 6000) g WHERE g <= 40 OR g >= 100)', format(ids, 'g')));
	EXECUTE format('SELECT count(*) FROM %s.%s', model, call) INTO n;
	RETURN n;
EXCEPTION WHEN OTHERS THEN
	RETURN SQLSTATE;
END $$;

-- A sound model answers each of them.
SELECT is((SELECT string_agg(m || '.' || call || ' ' || pg_temp.outcome(m, call), ', ') FROM unnest(ARRAY['number', 'words', 'factors']) m, calls
	WHERE pg_temp.outcome(m, call) !~ '^[1-9]\d{0,3}$'), NULL, 'sound models answer');

ALTER TABLE number.items DROP CONSTRAINT items_pkey, DROP CONSTRAINT items_item_id_key;
ALTER TABLE words.items DROP CONSTRAINT items_pkey, DROP CONSTRAINT items_item_id_key;
ALTER TABLE factors.items DROP CONSTRAINT items_pkey, DROP CONSTRAINT items_item_id_key;
-- What this process keeps of the items is that of a version.
CREATE FUNCTION pg_temp.renew(model text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE format('UPDATE %1$s.model SET version = nextval(''%1$s.model_version'')', model);
END $$;
CREATE FUNCTION pg_temp.damaged(model text, damage damages) RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE format('CREATE TEMP TABLE kept ON COMMIT DROP AS TABLE %s.items', model);
	EXECUTE format(damage.sql, model);
	PERFORM pg_temp.renew(model);
	RETURN QUERY SELECT is(pg_temp.outcome(model, call), '55000', damage.damage || ': ' || model || '.' || call) FROM calls ORDER BY no;
	EXECUTE format('DELETE FROM %1$s.items; INSERT INTO %1$s.items TABLE kept', model);
	DROP TABLE kept;
	PERFORM pg_temp.renew(model);
END $$;
SELECT pg_temp.damaged(m, d) FROM unnest(ARRAY['number', 'words', 'factors']) m, damages d;

-- Numbers that are not in order of ids.
UPDATE number.items SET item_id = CASE item_no WHEN 8 THEN 31 ELSE 9 END WHERE item_no IN (8, 30);
SELECT pg_temp.renew('number');
SELECT is(pg_temp.outcome('number', call), '55000', 'order: ' || call) FROM unnest(ARRAY['recommend_all(3)', 'recommend(v, candidates => ARRAY[x, 31])', 'recommend_for(ARRAY[x, 31])', 'score(v, many)']) call;

-- nor one that the user has, but whose weight says nothing
SELECT affinity.create_model('silent', 'SELECT u, i, CASE WHEN u > 1 THEN w END FROM facts', 'item_knn');
SELECT is(pg_temp.outcome('silent', 'recommend(1, 60)') ~ '^[1-9]', true, 'a user whose weights say nothing');
ALTER TABLE silent.items DROP CONSTRAINT items_pkey, DROP CONSTRAINT items_item_id_key;
INSERT INTO silent.items SELECT item_no, item_id, popularity, neighbors, scores, factors FROM silent.items;
SELECT is(pg_temp.outcome('silent', 'recommend(1, 60)'), '55000', 'the same, where every item is there twice');

SELECT finish();
ROLLBACK;
