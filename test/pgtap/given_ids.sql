-- Ids as drivers send them: models of integers take numbers of any width, and
-- what their type does not hold is an unknown id.
BEGIN;
SET client_min_messages = warning;
SET jit = off;

CREATE TABLE facts AS
SELECT u::smallint AS u, ((u * n * 7) % 30)::smallint AS i FROM generate_series(1, 60) u, generate_series(1, 6) n;
CREATE TABLE models (name text, type text, least bigint, most bigint, other bigint);
INSERT INTO models VALUES
	('narrow', 'smallint', -32768, 32767, 65536), ('middle', 'integer', -2147483648, 2147483647, 4294967296);

SELECT plan(54);

CREATE FUNCTION pg_temp.make(name text, type text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE format('CREATE TABLE %I AS SELECT u::%s, i::%2$s FROM facts', name || '_facts', type);
	EXECUTE format('CREATE INDEX %I ON %I (u)', name || '_u', name || '_facts');
	EXECUTE format('ANALYZE %I', name || '_facts');
	PERFORM affinity.create_model(name, format('SELECT u, i FROM %I', name || '_facts'), 'item_knn');
END $$;
SELECT pg_temp.make(name, type) FROM models;
SELECT pg_temp.make('wide', 'bigint');

-- The answer of a function, whatever its columns.
CREATE FUNCTION pg_temp.answer(call text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	answer text;
BEGIN
	EXECUTE format('SELECT coalesce(string_agg(row_to_json(r)::text, chr(10) ORDER BY r.rank), ''nothing'') FROM %s AS r', call) INTO answer;
	RETURN answer;
END $$;

-- $u, $i, $k: of a type that a driver may send. $b is beside the model's range
-- and, cut off to its bits, $i.
CREATE TABLE calls (call text, other text);
INSERT INTO calls VALUES
	('recommend($u, $k)', 'recommend(NULL, $k)'),
	('recommend($u, $k, candidates => ARRAY[$i, 9], exclude => ARRAY[3::$t])', 'recommend(NULL, $k, candidates => ARRAY[9])'),
	('recommend_for(ARRAY[$i, 9], $k, candidates => ARRAY[1, 2, 5], exclude => ARRAY[3::$t])',
		'recommend_for(ARRAY[9], $k, candidates => ARRAY[1, 2, 5], exclude => ARRAY[3])'),
	('similar_items($i, $k)', 'similar_items(NULL, $k)'),
	('similar_users($u, $k)', 'similar_users(NULL, $k)'),
	('score($u, ARRAY[$i, 9])', 'score(NULL, ARRAY[9])'),
	('explain($u, $i, $k)', 'explain(NULL, NULL, $k)'),
	('audience($i, $k)', 'audience(NULL, $k)');

CREATE FUNCTION pg_temp.filled(call text, type text, u bigint, i bigint) RETURNS text LANGUAGE sql AS $$
	SELECT replace(replace(replace(replace(call, '$u', format('(%s)::%s', u, type)), '$i', format('(%s)::%s', i, type)),
		'$k', '5::' || type), '$t', type)
$$;

-- with numbers of every width the answer of the widest model
SELECT is(pg_temp.answer(format('%I.%s', m.name, pg_temp.filled(c.call, t.type, 5, 4))),
	pg_temp.answer(format('wide.%s', pg_temp.filled(c.call, 'bigint', 5, 4))),
	format('%s: %s of %s', m.name, c.call, t.type))
FROM models m, calls c, unnest(ARRAY['integer', 'bigint']) t(type);

-- beyond the range: nobody, and no such item
SELECT is(pg_temp.answer(format('%I.%s', m.name, pg_temp.filled(c.call, 'bigint', 5 + m.other, 4 + m.other))),
	pg_temp.answer(format('%I.%s', m.name, pg_temp.filled(c.other, 'bigint', NULL, NULL))),
	format('%s: %s beyond its range', m.name, c.call))
FROM models m, calls c;

-- the ends of the range, and one beyond
SELECT is((SELECT array_agg(pg_temp.answer(format('%I.recommend(%s, 3)', m.name, u)) =
		pg_temp.answer(format('%I.recommend(NULL, 3)', m.name)) ORDER BY o)
	FROM unnest(ARRAY[5, m.least, m.least - 1, m.most, m.most + 1, -9223372036854775808, 9223372036854775807]) WITH ORDINALITY x (u, o)),
	ARRAY[false, true, true, true, true, true, true], m.name || ': the ends of its range')
FROM models m;

-- a column of another type, joined; the source's index, on its own type
CREATE TABLE accounts AS SELECT 5::bigint AS id;
PREPARE joined AS SELECT r.item_id FROM accounts a, narrow.recommend(a.id, 3) r;
SELECT results_eq('joined', 'SELECT item_id::smallint FROM wide.recommend(5, 3) ORDER BY rank', 'a bigint column');
SET LOCAL enable_seqscan = off;
SELECT pg_stat_get_xact_numscans('narrow_u'::regclass) AS before \gset
SELECT FROM narrow.recommend(5::bigint, 3);
SELECT is(pg_stat_get_xact_numscans('narrow_u'::regclass), :before + 1::bigint, 'the index on the user column is used');
CREATE FUNCTION pg_temp.plan(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	plan json;
BEGIN
	EXECUTE 'EXPLAIN (FORMAT JSON) ' || query INTO plan;
	RETURN plan -> 0 -> 'Plan' ->> 'Function Name';
END $$;
SELECT is(pg_temp.plan('SELECT * FROM narrow.recommend(5, 3)'), 'recommend_core', 'the function is inlined');
SELECT results_eq('SELECT * FROM narrow.recommend_all(3::bigint)', 'SELECT user_id::smallint, item_id::smallint, score, rank, personalized
	FROM wide.recommend_all(3)', 'recommend_all, with ids of the model''s own type');
SELECT * FROM finish();
ROLLBACK;
