-- The types of a model's ids, as its row has them for serving (src/definition/stored.c):
-- what a training writes there, rows that do not have it, and what an owner may write.
BEGIN;
SELECT plan(31);
SET LOCAL client_min_messages = error;

CREATE DOMAIN person AS varchar(20);
CREATE TABLE facts AS
SELECT u::smallint AS small, u AS plain, u::bigint AS large, md5(u::text)::uuid AS one, ('u' || u)::text AS words, ('u' || u)::person AS people,
	(u * 7 + j * j) % 50 AS i, md5(((u * 7 + j * j) % 50)::text)::uuid AS item, timestamptz '2026-01-01' + j * interval '1 day' AS at
FROM generate_series(1, 40) u, generate_series(1, 6) j;

-- What a model says of one user, SQLSTATE and message where that fails.
CREATE FUNCTION pg_temp.says(model text, who text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	answer text;
BEGIN
	EXECUTE format('SELECT (SELECT string_agg(r::text, '','') FROM %1$I.recommend(%2$s, 6) r) || (SELECT string_agg(r::text, '','') FROM %1$I.similar_users(%2$s) r)
		|| (SELECT string_agg(r::text, '','') FROM %1$I.popular(3) r)', model, who) INTO answer;
	RETURN answer;
EXCEPTION WHEN OTHERS THEN
	RETURN SQLSTATE || ' ' || SQLERRM;
END $$;

CREATE TABLE kinds (model text, columns text, who text, user_type text, item_type text, algorithm text, options jsonb, before text);
INSERT INTO kinds VALUES
	('small', 'small, i', '7', 'smallint', 'integer', 'item_knn', '{}'),
	('plain', 'plain, i', '7', 'integer', 'integer', 'ials', '{"factors": 4}'),
	('large', 'large, item', '7', 'bigint', 'uuid', 'item_knn', '{}'),
	('one', 'one, item', $$md5('7')::uuid$$, 'uuid', 'uuid', 'ials', '{"factors": 4}'),
	('words', 'words, item', $$'u7'$$, 'text', 'uuid', 'item_knn', '{}'),
	('people', 'people, i', $$'u7'$$, 'text', 'integer', 'item_knn', '{}');
DO $$
DECLARE
	k kinds;
BEGIN
	FOR k IN SELECT * FROM kinds LOOP
		PERFORM affinity.create_model(k.model, 'SELECT ' || k.columns || ' FROM public.facts', k.algorithm, k.options);
	END LOOP;
END $$;
UPDATE kinds SET before = pg_temp.says(model, who);

SELECT is((SELECT (training->>'user_type', training->>'item_type')::text FROM affinity.models WHERE name = model), (user_type, item_type)::text, model || ': the row says the types')
FROM kinds;
SELECT matches(before, '^\(', model || ': it answers') FROM kinds;

-- A row as it was written before the types were there.
CREATE FUNCTION pg_temp.set_training(model text, change text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE format('UPDATE %I.model SET version = nextval(''%1$I.model_version''), training = %s', model, change);
END $$;
SELECT pg_temp.set_training(model, $$training - 'user_type' - 'item_type'$$) FROM kinds \g /dev/null
SELECT is(pg_temp.says(model, who), before, model || ': the same by a row without them') FROM kinds;
SELECT pg_temp.set_training(model, format($$training || '{"user_type": "%s", "item_type": 7}'$$, user_type)) FROM kinds \g /dev/null
SELECT is(pg_temp.says(model, who), before, model || ': and by one that has no type there') FROM kinds;

-- What the row has is enough, also where the source has another type than the ids.
SELECT pg_temp.set_training(model, format($$training || '{"user_type": "%s", "item_type": "%s"}'$$, user_type, item_type)) FROM kinds \g /dev/null
DROP VIEW people.definition, plain.definition;
SELECT is(pg_temp.says(model, who), before, model || ': without a definition') FROM kinds WHERE model IN ('people', 'plain');

-- What an owner may write, or a row says that comes from another server: the definition holds.
SELECT pg_temp.set_training('large', $$training || '{"item_type": "text"}'$$) \g /dev/null
SELECT is(pg_temp.says('large', '7'), before, 'items of another type') FROM kinds WHERE model = 'large';
SELECT pg_temp.set_training('large', $$training || '{"item_type": "uuid", "user_type": "text"}'$$) \g /dev/null
SELECT is(pg_temp.says('large', '7'), before, 'users of another type') FROM kinds WHERE model = 'large';
SELECT matches(pg_temp.says('large', $$'7'::text$$), '^(42804|42883)', 'which is not that of an id');
SELECT pg_temp.set_training('large', $$training || '{"user_type": "float8"}'$$) \g /dev/null
SELECT is(pg_temp.says('large', '7'), (SELECT before FROM kinds WHERE model = 'large'), 'a type that ids do not have: the definition');
SELECT pg_temp.set_training('large', $$'[1, 2]'$$) \g /dev/null
SELECT is(pg_temp.says('large', '7'), (SELECT before FROM kinds WHERE model = 'large'), 'no object');
SELECT * FROM finish();
ROLLBACK;
