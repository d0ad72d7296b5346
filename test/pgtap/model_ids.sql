-- Every type of id as user and as item, with the values at its ends: the model
-- of ids of any type is the model of their numbers, and every function takes
-- and gives them.
BEGIN;
SET client_min_messages = warning;
SET check_function_bodies = off;
SET jit = off;
SELECT plan(101);
SELECT setseed(0.11);

CREATE DOMAIN code AS text CHECK (VALUE IS NOT NULL);
CREATE DOMAIN number AS bigint;

-- Ids by number: the nth in order. Text is in order of its bytes.
CREATE TABLE ids AS
SELECT n,
	CASE n WHEN 1 THEN -32768 WHEN 40 THEN 32767 ELSE n - 20 END::smallint AS "smallint",
	CASE n WHEN 1 THEN -2147483648 WHEN 40 THEN 2147483647 ELSE n - 20 END::int AS "integer",
	-- sparse: far apart, both ends
	CASE n WHEN 1 THEN -9223372036854775808 WHEN 40 THEN 9223372036854775807
		ELSE (n - 20) * 400000000000000003 END::bigint AS "bigint",
	NULL::uuid AS "uuid", NULL::text AS "text"
FROM generate_series(1, 40) n;
ALTER TABLE ids ADD dense bigint, ADD "varchar" varchar(11000), ADD code code DEFAULT '', ADD number number;
UPDATE ids SET dense = n + 9223372036854775000, number = -n * 7;
UPDATE ids SET number = (41 - n) * -7;
UPDATE ids SET uuid = u FROM (SELECT row_number() OVER (ORDER BY u) AS no, u FROM (
	SELECT md5(n::text)::uuid AS u FROM generate_series(1, 38) n
	UNION ALL VALUES ('00000000-0000-0000-0000-000000000000'::uuid), ('ffffffff-ffff-ffff-ffff-ffffffffffff')) x) y WHERE no = n;
-- empty, blank, quoting, 10 kB that differ in the last byte only, 2.5 kB that do
-- not compress, unicode, the same letters composed otherwise
UPDATE ids SET text = t FROM (SELECT row_number() OVER (ORDER BY t COLLATE "C") AS no, t FROM (
	SELECT unnest(ARRAY['', ' ', '  ', 'a', 'A', 'a ', 'ab', 'b', '"', '''', '\', '{}', '{"a"}', ',', 'NULL', 'null', '0', '00', '-1', E'\t', E'\n', '%s', '$1',
		'é', E'e\u0301', 'ß', 'ss', '日本', '日本語', '🛒', '🛒🛒', repeat('x', 10000) || '1', repeat('x', 10000) || '2', repeat('x', 127), repeat('x', 126),
		(SELECT string_agg(md5(n::text), '') FROM generate_series(1, 80) n), (SELECT string_agg(md5(n::text), '') FROM generate_series(1, 80) n) || '-',
		'z', 'Z', 'ÿ']) AS t) x) y WHERE no = n;
UPDATE ids SET varchar = text, code = text;
SELECT is((SELECT count(*) FROM ids WHERE text IS NULL OR uuid IS NULL), 0::bigint, 'forty ids of every type');

-- who did what, by number, in no order
CREATE TABLE facts AS SELECT (random() * 39)::int + 1 AS u, (random() * random() * 39)::int + 1 AS i, ceil(random() * 3)::int AS w
FROM generate_series(1, 900);
INSERT INTO facts SELECT 1, 1, 1 UNION ALL SELECT 40, 40, 1 UNION ALL SELECT 40, 1, 1 UNION ALL SELECT 1, 40, 1;
SELECT affinity.create_model('by_number', 'SELECT u, i, w FROM facts', 'item_knn', options => '{"neighbors": 9, "weights": "linear"}');

CREATE FUNCTION pg_temp.check_ids(u text, i text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
	label text := format('%s users, %s items', u, i);
	base_u text := CASE u WHEN 'varchar' THEN 'text' WHEN 'code' THEN 'text' WHEN 'dense' THEN 'bigint' WHEN 'number' THEN 'bigint' ELSE u END;
	base_i text := CASE i WHEN 'varchar' THEN 'text' WHEN 'code' THEN 'text' WHEN 'dense' THEN 'bigint' WHEN 'number' THEN 'bigint' ELSE i END;
BEGIN
	PERFORM affinity.create_model('m', format('SELECT us.%I, it.%I, f.w FROM facts f JOIN ids us ON us.n = f.u JOIN ids it ON it.n = f.i', u, i), 'item_knn',
		options => '{"neighbors": 9, "weights": "linear"}');
	RETURN NEXT is((SELECT array_agg(format_type(a.atttypid, -1) ORDER BY a.attnum) FROM pg_attribute a
		WHERE a.attrelid = 'm.interactions'::regclass AND a.attnum <= 2), ARRAY[base_u, base_i], label || ': types');
	-- numbered in order of id, and otherwise the same
	RETURN NEXT set_eq(format('SELECT m.item_no, it.n, m.popularity, m.neighbors, m.scores FROM m.items m JOIN ids it ON it.%I = m.item_id', i),
		'SELECT item_no, item_id, popularity, neighbors, scores FROM by_number.items', label || ': the same model');
	RETURN NEXT is_empty(format($q$
		SELECT * FROM
		(SELECT 'recommend', us.n, it.n, r.score, r.rank::bigint FROM ids us, m.recommend(us.%1$I, 7) r JOIN ids it ON it.%2$I = r.item_id
		UNION ALL SELECT 'all', us.n, it.n, r.score, r.rank FROM m.recommend_all(3) r JOIN ids us ON us.%1$I = r.user_id JOIN ids it ON it.%2$I = r.item_id
		UNION ALL SELECT 'alike', me.n, it.n, s.score, s.rank FROM ids me, m.similar_items(me.%2$I) s JOIN ids it ON it.%2$I = s.item_id
		UNION ALL SELECT 'users', me.n, us.n, s.score, s.rank FROM ids me, m.similar_users(me.%1$I, 4) s JOIN ids us ON us.%1$I = s.user_id
		UNION ALL SELECT 'audience', it.n, us.n, s.score, s.rank FROM ids it, m.audience(it.%2$I, 4) s JOIN ids us ON us.%1$I = s.user_id
		UNION ALL SELECT 'for', NULL, it.n, s.score, s.rank FROM m.recommend_for((SELECT array_agg(%2$I::%3$s) FROM ids WHERE n %% 7 = 1), 5,
			(SELECT array_agg(%2$I::%3$s) FROM ids WHERE n > 3), (SELECT array_agg(%2$I::%3$s) FROM ids WHERE n %% 5 = 1)) s JOIN ids it ON it.%2$I = s.item_id
		UNION ALL SELECT 'score', me.n, it.n, s.score, s.rank FROM ids me, m.score(me.%1$I, (SELECT array_agg(%2$I::%3$s) FROM ids)) s JOIN ids it ON it.%2$I = s.item_id
		UNION ALL SELECT 'explain', me.n, it.n, s.contribution, s.rank FROM ids me, m.explain(me.%1$I, (SELECT %2$I FROM ids WHERE n = 2)) s JOIN ids it ON it.%2$I = s.because_id
		) got EXCEPT ALL SELECT * FROM expected$q$, u, i, base_i), label || ': the same answers');
	RETURN NEXT is((SELECT count(*) FROM m.recommend_all(3)), (SELECT count(*) FROM by_number.recommend_all(3)), label || ': to everybody');
	PERFORM affinity.drop_model('m');
END $$;

-- the answers by number
CREATE TABLE expected AS
SELECT 'recommend', us.n AS a, r.item_id AS b, r.score, r.rank::bigint FROM ids us, by_number.recommend(us.n, 7) r
UNION ALL SELECT 'all', r.user_id, r.item_id, r.score, r.rank FROM by_number.recommend_all(3) r
UNION ALL SELECT 'alike', me.n, s.item_id, s.score, s.rank FROM ids me, by_number.similar_items(me.n) s
UNION ALL SELECT 'users', me.n, s.user_id, s.score, s.rank FROM ids me, by_number.similar_users(me.n, 4) s
UNION ALL SELECT 'audience', it.n, s.user_id, s.score, s.rank FROM ids it, by_number.audience(it.n, 4) s
UNION ALL SELECT 'for', NULL, s.item_id, s.score, s.rank FROM by_number.recommend_for((SELECT array_agg(n) FROM ids WHERE n % 7 = 1), 5,
	(SELECT array_agg(n) FROM ids WHERE n > 3), (SELECT array_agg(n) FROM ids WHERE n % 5 = 1)) s
UNION ALL SELECT 'score', me.n, s.item_id, s.score, s.rank FROM ids me, by_number.score(me.n, (SELECT array_agg(n) FROM ids)) s
UNION ALL SELECT 'explain', me.n, s.because_id, s.contribution, s.rank FROM ids me, by_number.explain(me.n, 2) s;

SELECT pg_temp.check_ids(u, i) FROM unnest(ARRAY['smallint', 'bigint', 'uuid', 'text']) u,
	unnest(ARRAY['integer', 'bigint', 'uuid', 'varchar']) i;
SELECT pg_temp.check_ids(u, i) FROM (VALUES ('integer', 'smallint'), ('varchar', 'dense'), ('dense', 'text'), ('code', 'code'),
	('number', 'number'), ('integer', 'code'), ('varchar', 'varchar'), ('dense', 'dense'), ('text', 'number')) v(u, i);

SELECT finish();
ROLLBACK;
