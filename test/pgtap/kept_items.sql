-- What a process keeps of items: policies that come later hold all the same, and
-- popularities that are no numbers rank as in SQL, with rules as without.
BEGIN;
SET client_min_messages = error;
SET jit = off;
SELECT plan(26);

CREATE TABLE facts AS SELECT u, (u * 7 + j * j * 13) % 90 AS i FROM generate_series(1, 60) u, generate_series(1, 12) j;
CREATE TABLE things AS SELECT i AS item_id, i % 5 AS shelf FROM generate_series(0, 89) i;
SELECT affinity.create_model('knn', 'SELECT u, i FROM facts'), affinity.create_model('ials', 'SELECT u, i FROM facts', 'ials', '{"factors": 4, "iterations": 2}');

-- ---- policies --------------------------------------------------------------------

CREATE TABLE calls (name text, query text);
INSERT INTO calls VALUES
	('factors', 'SELECT * FROM ials.recommend(1, 5)'),
	('similar items', 'SELECT * FROM ials.similar_items(3, 5)'),
	('popularity', 'SELECT * FROM knn.recommend(1, 5, penalty => 0.5)'),
	('popularity of what fills up', 'SELECT * FROM knn.recommend(-1, 5, min_score => 1)'),
	('ids for groups', 'SELECT * FROM knn.recommend(1, 5, boost => ''{"3": 2}'')');
CREATE FUNCTION pg_temp.answer(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	answer text;
BEGIN
	EXECUTE 'SELECT string_agg(r::text, '','' ORDER BY rank) FROM (' || query || ') r' INTO answer;
	RETURN answer;
END
$$;
CREATE TABLE before AS SELECT name, query, pg_temp.answer(query) AS answer FROM calls;
SELECT is(pg_temp.answer(query), answer, name || ': kept') FROM before;
ALTER TABLE knn.items ENABLE ROW LEVEL SECURITY;
ALTER TABLE ials.items ENABLE ROW LEVEL SECURITY;
SELECT throws_ok(query, '0A000', 'table "items" of a model has row-level security', name || ': not past policies') FROM before;
ALTER TABLE knn.items DISABLE ROW LEVEL SECURITY;
ALTER TABLE ials.items DISABLE ROW LEVEL SECURITY;
SELECT is(pg_temp.answer(query), answer, name || ': as before them') FROM before;

-- ---- popularity ------------------------------------------------------------------

-- of the two kinds of NaN one has a sign, which SQL does not see
UPDATE knn.items SET popularity = CASE item_no WHEN 3 THEN 'Infinity'::real - 'Infinity'::real WHEN 50 THEN 'NaN' WHEN 5 THEN -('Infinity'::real - 'Infinity'::real)
	WHEN 7 THEN 'Infinity' WHEN 9 THEN '-Infinity' ELSE popularity END;
UPDATE ials.items i SET popularity = k.popularity FROM knn.items k WHERE k.item_no = i.item_no;
UPDATE knn.model SET version = version + 1000;
UPDATE ials.model SET version = version + 1000;
CREATE TABLE expected AS SELECT item_id, row_number() OVER (ORDER BY popularity DESC, item_no) AS rank FROM knn.items;
SELECT is(string_agg(item_id::text, ' ' ORDER BY rank), '3 5 50 7', 'what SQL has first') FROM expected WHERE rank <= 4;

-- rules that leave the order as it is
CREATE FUNCTION pg_temp.wrong(call text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
	n bigint;
BEGIN
	EXECUTE format('SELECT count(*) FROM %s r FULL JOIN (SELECT * FROM expected WHERE rank > 0) e USING (item_id) WHERE r.rank IS DISTINCT FROM e.rank', call) INTO n;
	RETURN n;
END
$$;
SELECT is(pg_temp.wrong(format('%s.recommend(-1, 100%s)', model, more)), 0::bigint, format('%s.recommend(-1, 100%s)', model, more))
FROM unnest(ARRAY['knn', 'ials']) model, unnest(ARRAY['', ', pin => ARRAY[3]', ', candidates => ARRAY(SELECT generate_series(0, 89))',
	', candidates => ARRAY(SELECT generate_series(0, 89)), pin => ARRAY[3]']) more;
SELECT is((SELECT array_agg(item_id ORDER BY rank) FROM ials.recommend(-1, 100, after_rank => 1)), (SELECT array_agg(item_id ORDER BY rank) FROM expected WHERE rank > 1),
	'a page of it');
SELECT is((SELECT array_agg(item_id ORDER BY rank) FROM ials.popular(10)), (SELECT array_agg(item_id ORDER BY rank) FROM expected WHERE rank <= 10), 'popular');
SELECT * FROM finish();
ROLLBACK;
