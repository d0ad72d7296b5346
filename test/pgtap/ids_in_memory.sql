-- Large arrays of items: a process that is given some keeps the ids of all items
-- in memory. It answers as before that, and as SQL does, for ids of every type.
BEGIN;
SET client_min_messages = warning;
SELECT plan(60);

CREATE TABLE facts AS SELECT u, (u * 7 + j * j * 13) % 1500 AS i FROM generate_series(1, 400) u, generate_series(1, 20) j;
CREATE INDEX ON facts (u);
-- name, an expression for the id of item i, its type
CREATE TEMP TABLE kinds (name text, id text, type text);
INSERT INTO kinds VALUES
	('small', '(i - 700)::smallint', 'smallint'),
	('dense', 'i::int', 'integer'),
	('sparse', '(i * 1431655::bigint - 1000000000)::int', 'integer'),
	('huge', '(i * 6148914691236::bigint * (CASE WHEN i % 2 = 0 THEN 1 ELSE -1 END))', 'bigint'),
	('words', '(''item '' || i || repeat(''x'', i % 200))', 'text'),
	('keys', 'md5(i::text)::uuid', 'uuid'),
	('factors', 'i::int', 'integer');
SELECT affinity.create_model(name, format('SELECT u, %s AS i FROM facts', id), CASE name WHEN 'factors' THEN 'ials' ELSE 'item_knn' END,
	options => (CASE name WHEN 'factors' THEN '{"factors": 4, "iterations": 2}' ELSE '{"neighbors": 30}' END)::jsonb) FROM kinds;

-- Bytes that this process keeps of ids.
CREATE FUNCTION pg_temp.kept() RETURNS bigint LANGUAGE sql AS
	$$ SELECT coalesce(sum(total_bytes), 0)::bigint FROM pg_backend_memory_contexts WHERE name = 'affinity ids' $$;

-- Items of a condition on i, in another order, some twice, with NULLs and ids that no model has.
CREATE FUNCTION pg_temp.given(kind kinds, condition text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	given text;
	unknown text := CASE kind.type WHEN 'text' THEN '''item''' WHEN 'uuid' THEN '''00000000-0000-0000-0000-000000000000''' ELSE '-32768' END;
BEGIN
	EXECUTE format('SELECT (SELECT array_agg(id ORDER BY md5(n::text)) FROM (SELECT CASE WHEN n %% 100 = 0 THEN NULL WHEN n %% 77 = 0 THEN %s ELSE %s END AS id, n
		FROM generate_series(0, 2999) n, LATERAL (SELECT n %% 1500 AS i) x WHERE %s) y)::text', unknown, kind.id, condition) INTO given;
	RETURN quote_literal(coalesce(given, '{}'));
END $$;

-- What a model answers for such an array, and what SQL makes of it: all items
-- ranked, less those that are not given.
CREATE FUNCTION pg_temp.answers(kind kinds, condition text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	given text := pg_temp.given(kind, condition);
	wrong text := '';
	n bigint;
BEGIN
	EXECUTE format('CREATE TEMP TABLE list ON COMMIT DROP AS SELECT *, item_id = ANY (%2$s::%3$s[]) IS TRUE AS given FROM %1$s.recommend(3, 2000)', kind.name, given, kind.type);
	EXECUTE format('SELECT count(*) FROM (TABLE list) l(item_id, score, rank, personalized, given)
		FULL JOIN (SELECT item_id, score, rank FROM %1$s.recommend(3, 2000, exclude => %2$s)) r USING (item_id)
		WHERE NOT given AND r.rank IS NULL OR given IS NOT FALSE AND r.rank IS NOT NULL OR NOT given AND (l.score, l.personalized) IS DISTINCT FROM (r.score, l.personalized)',
		kind.name, given) INTO n;
	wrong := wrong || CASE WHEN n > 0 THEN format(' exclude: %s', n) ELSE '' END;
	EXECUTE format('SELECT count(*) FROM (SELECT item_id, score, row_number() OVER (ORDER BY rank) AS rank FROM list WHERE given) l
		FULL JOIN (SELECT * FROM %1$s.recommend(3, 2000, candidates => %2$s)) r USING (item_id, score, rank) WHERE l.rank IS NULL OR r.rank IS NULL',
		kind.name, given) INTO n;
	wrong := wrong || CASE WHEN n > 0 THEN format(' candidates: %s', n) ELSE '' END;
	EXECUTE format('SELECT count(*) FROM (SELECT item_id FROM %1$s.items WHERE item_id = ANY (%2$s::%3$s[])) l
		FULL JOIN (SELECT item_id, rank FROM %1$s.score(3, %2$s)) r USING (item_id) WHERE l.item_id IS NULL OR r.rank IS NULL', kind.name, given, kind.type) INTO n;
	wrong := wrong || CASE WHEN n > 0 THEN format(' score: %s', n) ELSE '' END;
	EXECUTE 'SELECT count(*) FROM list WHERE given' INTO n;
	DROP TABLE list;
	RETURN CASE WHEN n < 10 AND condition <> 'false' THEN 'too few' ELSE wrong END;
END $$;

SELECT is(pg_temp.answers(k, 'n < 200'), '', name || ': a short array, by the table') FROM kinds k;
SELECT is(pg_temp.kept(), 0::bigint, 'nothing is kept for short arrays');
SELECT is(pg_temp.answers(k, 'n % 3 > 0'), '', name || ': a long array') FROM kinds k;
SELECT cmp_ok(pg_temp.kept(), '>', 7 * 1500 * 12::bigint, 'ids of all models are kept');
SELECT is(pg_temp.answers(k, c), '', format('%s, in memory: %s', name, c)) FROM kinds k, unnest(ARRAY['n < 200', 'n % 3 > 0', 'i >= 750', 'n < 1500', 'false']) c;

-- A refresh is another version.
INSERT INTO facts SELECT u, 1500 + u FROM generate_series(1, 50) u;
SELECT affinity.refresh_model('dense');
SELECT is((SELECT count(*) FROM dense.score(1, ARRAY(SELECT generate_series(0, 1600)))), (SELECT count(*) FROM dense.items), 'after a refresh');
SELECT is((SELECT count(*) FROM dense.score(1, '{1501, 1502, 1600}')), 2::bigint, 'after a refresh, in memory');

-- Integers of other widths than the model's, and NULL at places of their own.
SELECT results_eq('SELECT item_id FROM small.score(1, ARRAY(SELECT generate_series(-70000::bigint, 70000)))', 'SELECT item_id FROM small.score(1, ARRAY(SELECT item_id FROM small.items))',
	'bigints where the model has smallint');
SELECT is((SELECT count(*) FROM dense.recommend(2, 3000, ARRAY[NULL, 1501, NULL, 9223372036854775807])), 1::bigint, 'a bigint that no integer is');
SELECT is((SELECT count(*) FROM dense.score(1, ARRAY[[1, 2], [3, 4]])), 4::bigint, 'an array of two dimensions');

-- Policies that come later hold: no more is read past them.
ALTER TABLE dense.items ENABLE ROW LEVEL SECURITY;
SELECT throws_ok('SELECT * FROM dense.score(1, ARRAY(SELECT generate_series(0, 5000)))', '0A000', NULL, 'policies on the items');
ALTER TABLE dense.items DISABLE ROW LEVEL SECURITY;

-- What is allowed: less than the ids take.
SET maintenance_work_mem = '1MB';
SELECT affinity.refresh_model(name) FROM kinds WHERE name IN ('dense', 'words');
SELECT is(pg_temp.answers(k, 'n % 3 > 0'), '', name || ': little memory') FROM kinds k WHERE name IN ('dense', 'words');
SELECT cmp_ok(pg_temp.kept(), '<', 1048576::bigint, 'no more is kept than is allowed');

SELECT * FROM finish();
ROLLBACK;
