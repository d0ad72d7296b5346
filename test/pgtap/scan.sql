-- Lists by factors that are found without scoring all items: 2,000 items, so
-- that a backend makes the copy that it looks through at its third call. A list
-- of all items is scored item by item, as lists of candidates are: what is
-- found for a small k has to be where these begin, to the last bit. Factors are
-- those of trainings, and others that are written over them.
BEGIN;
SET client_min_messages = error;
SET jit = off;
SELECT plan(39);
SELECT setseed(0.12);

CREATE TABLE bought (u int, item int, w float8);
INSERT INTO bought
SELECT u, (random() * random() * 1999)::int, ceil(random() * 5)
FROM generate_series(1, 60) u, generate_series(1, 40);
INSERT INTO bought SELECT 1 + n % 60, n, 1 + n % 5 FROM generate_series(0, 1999) n;
CREATE INDEX ON bought (u);
ANALYZE bought;
SELECT affinity.create_model('chosen', 'SELECT u, item, w FROM bought', 'ials', '{"factors": 20, "unobserved_weight": 0.02}');
SELECT affinity.create_model('rated', 'SELECT u, item, w FROM bought', 'als', '{"factors": 6}');
CREATE TABLE learned AS SELECT 'chosen' AS model, item_no, factors FROM chosen.items
	UNION ALL SELECT 'rated', item_no, factors FROM rated.items;

-- Write other factors into the items: of each number x, of item i and column f.
CREATE FUNCTION pg_temp.write(model text, expression text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE format('UPDATE %1$I.items t SET factors = (SELECT array_agg((%2$s)::real ORDER BY f)
		FROM unnest(l.factors) WITH ORDINALITY AS n(x, f))
		FROM (SELECT item_no AS i, l.factors FROM learned l WHERE l.model = %1$L) l WHERE t.item_no = i', model, expression);
	EXECUTE format('UPDATE %I.model SET version = version + 1', model);
END $$;

CREATE TABLE whole (u int, item bigint, score real, rank int, personalized boolean);
CREATE TABLE found (LIKE whole, k int);
CREATE FUNCTION pg_temp.ask(model text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	who int;
	wanted int;
BEGIN
	TRUNCATE whole, found;
	FOR who IN 1 .. 60 LOOP
		EXECUTE format('INSERT INTO whole SELECT $1, * FROM %I.recommend($1, 2000)', model) USING who;
		FOREACH wanted IN ARRAY ARRAY[1, 2, 10, 62] LOOP
			EXECUTE format('INSERT INTO found SELECT $1, *, $2 FROM %I.recommend($1, $2)', model) USING who, wanted;
		END LOOP;
	END LOOP;
END $$;

-- Lists of k are where the list of all begins, which is that of candidates.
CREATE FUNCTION pg_temp.check(model text, what text) RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
	PERFORM pg_temp.ask(model);
	RETURN NEXT is((SELECT count(*)::int FROM found), 60 * (1 + 2 + 10 + 62), model || ', ' || what || ': all lists are full');
	RETURN NEXT ok(NOT EXISTS (SELECT u, item, score::text, rank, personalized, k FROM found
		EXCEPT SELECT u, item, score::text, rank, personalized, k FROM whole, unnest(ARRAY[1, 2, 10, 62]) k WHERE rank <= k),
		model || ', ' || what || ': they begin the list of all items');
	TRUNCATE found;
	EXECUTE format('INSERT INTO found SELECT u, c.* FROM generate_series(1, 60, 7) u, LATERAL
		%I.recommend(u, 62, candidates => ARRAY(SELECT item_id FROM %1$I.items)) c', model);
	RETURN NEXT ok(NOT EXISTS (SELECT u, item, score::text, rank FROM whole WHERE rank <= 62 AND u % 7 = 1
		EXCEPT SELECT u, item, score::text, rank FROM found),
		model || ', ' || what || ': so does the list of all as candidates');
END $$;

SELECT pg_temp.check('chosen', 'learned');
SELECT pg_temp.check('rated', 'learned');
SELECT pg_temp.write('chosen', 'round(x::numeric, 1)');
SELECT pg_temp.check('chosen', 'ties');
SELECT pg_temp.write('chosen', 'x * exp(3 * sin(i))');
SELECT pg_temp.check('chosen', 'norms of all sizes');
SELECT pg_temp.write('chosen', 'CASE WHEN i % 5 = 0 THEN 0 ELSE x END');
SELECT pg_temp.check('chosen', 'some are 0');
SELECT pg_temp.write('chosen', '0');
SELECT pg_temp.check('chosen', 'all are 0');
SELECT pg_temp.write('chosen', 'CASE WHEN i % 50 = 7 THEN x * 1e30 ELSE x END');
SELECT pg_temp.check('chosen', 'some are huge');
SELECT pg_temp.write('chosen', 'CASE WHEN i % 50 = 7 THEN x * 1e13 ELSE x END');
SELECT pg_temp.check('chosen', 'some are large');
SELECT pg_temp.write('chosen', 'CASE WHEN x = 0 THEN 0 ELSE sign(x) * (1e-44 * (1 + (i * f) % 50)) END');
SELECT pg_temp.check('chosen', 'all are tiny');
SELECT pg_temp.write('rated', 'CASE WHEN f = 1 THEN x * 100 ELSE x END');
SELECT pg_temp.check('rated', 'biases are large');

-- What is excluded is not there, and something else is.
SELECT pg_temp.write('chosen', 'x');
SELECT pg_temp.ask('chosen');
SELECT ok(NOT EXISTS (SELECT u, item, score::text FROM found f WHERE k = 10 AND f.rank > 5
	EXCEPT SELECT u, c.item_id, c.score::text FROM generate_series(1, 60) u,
		LATERAL chosen.recommend(u, 5, exclude => ARRAY(SELECT item FROM found f WHERE f.u = u.u AND k = 10 AND f.rank <= 5)) c),
	'the best of what is left are those that came next');
SELECT ok(NOT EXISTS (SELECT FROM generate_series(1, 60) u, LATERAL chosen.recommend(u, 40) r JOIN bought b ON b.item = r.item_id WHERE b.u = u.u),
	'what is seen is not found');
SELECT is((SELECT count(*)::int FROM generate_series(1, 60) u, LATERAL chosen.recommend(u, 40, exclude_seen => false) r JOIN bought b ON b.item = r.item_id WHERE b.u = u.u AND r.rank <= 3) > 60,
	true, 'unless it is asked for');

-- Items alike by their factors.
CREATE FUNCTION pg_temp.check_similar(model text, what text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE wrong int;
BEGIN
	EXECUTE format('SELECT count(*) FROM generate_series(0, 1999, 23) i, unnest(ARRAY[1, 10, 62]) k, LATERAL (
		SELECT count(*) AS n, count(*) FILTER (WHERE a.score::text = f.score::text) AS same
		FROM (SELECT * FROM %1$I.similar_items(i, 2000)) a
		FULL JOIN (SELECT * FROM %1$I.similar_items(i, k)) f USING (rank, item_id) WHERE rank <= k) s WHERE n <> same', model)
		INTO wrong;
	RETURN is(wrong, 0, model || ', ' || what || ': similar items begin the list of all');
END $$;
SELECT pg_temp.check_similar('chosen', 'learned');
SELECT pg_temp.write('rated', 'x');
SELECT pg_temp.check_similar('rated', 'learned');
SELECT pg_temp.write('chosen', 'round(x::numeric, 1) * (i % 3)');
SELECT pg_temp.check_similar('chosen', 'ties and 0');
SELECT pg_temp.write('chosen', 'x * exp(30 * sin(i))');
SELECT pg_temp.check_similar('chosen', 'norms of all sizes');
SELECT pg_temp.write('chosen', 'CASE WHEN x = 0 THEN 0 ELSE sign(x) * (1e-44 * (1 + (i * f) % 50)) END');
SELECT pg_temp.check_similar('chosen', 'all are tiny');
SELECT pg_temp.write('chosen', 'CASE WHEN i % 50 = 7 THEN x * 1e30 ELSE x END');
SELECT pg_temp.check_similar('chosen', 'some are huge');

SELECT * FROM finish();
ROLLBACK;
