--
-- Models and rows that nobody would make in good faith, or that nobody expects.
--
SET client_min_messages = warning;

-- weights so small that they, and their product with a score, are 0 in real:
-- they are interactions, and the sums of all items are not written past their
-- end
CREATE TABLE buys (u integer, i integer, w double precision);
INSERT INTO buys SELECT u, (u * 7 + j * j * 3) % 900, 1
FROM generate_series(1, 3000) u, generate_series(1, 30) j;
SELECT affinity.create_model('faint', 'SELECT u, i, w FROM buys', 'item_knn',
	options => '{"weights": "linear"}');
INSERT INTO buys SELECT -1, i, 5e-324 FROM generate_series(0, 899) i;
SELECT count(*), bool_and(personalized), min(score) > 0 AS above_0 FROM faint.recommend(-1, 900, exclude_seen => false);
SELECT count(*) FROM faint.recommend(-1, 5);
SELECT affinity.drop_model('faint');

-- the same in training: what bm25 makes of the smallest real stays above 0
TRUNCATE buys;
INSERT INTO buys SELECT u, i, CASE WHEN (u + i) % 3 = 0 THEN 1.4e-45 ELSE 1 END
FROM generate_series(1, 400) u, generate_series(1, 40) i
WHERE (u * i) % 7 < 3;
SELECT affinity.create_model('faint', 'SELECT u, i, w FROM buys', 'item_knn',
	options => '{"weighting": "bm25", "bm25_k1": 1e6, "bm25_b": 1}');
SELECT count(*), count(*) FILTER (WHERE cardinality(neighbors) > 20) AS with_many
FROM faint.items;
SELECT affinity.drop_model('faint');

-- a model that says it has more items than fit into its table: no memory is
-- taken for them
CREATE SCHEMA crafted;
CREATE TABLE crafted.model OF affinity.model_record;
CREATE VIEW crafted.interactions AS
SELECT u AS user_id, i AS item_id, 1::real AS weight, NULL::timestamptz AS at
FROM buys;
CREATE TABLE crafted.items (item_no integer, item_id integer, popularity real,
	neighbors integer[], scores real[], factors real[]);
INSERT INTO crafted.items VALUES (0, 1, 'NaN', '{0,1}', '{1,1}'),
	(1, 2, 1, '{7}', '{1}'), (2, 3, 1, '{{0},{1}}', '{{1},{1}}'),
	(3, 4, 1, '{0}', '{NaN}'), (4, 5, 1, '{0,1}', '{1}'), (9, 6, 1, '{}', '{}');
INSERT INTO crafted.model
SELECT 1, 'item_knn', '{}', false, 1, 2147483647, 1, 1, 0, 0, now(), '1 s', '{}', NULL;
SELECT affinity.recommend_for_core('crafted', '{1}'::integer[], 5, NULL::integer[], NULL::integer[]);

-- lists and numbers that point outside; in one transaction, so that they are read as they
-- are needed also where an image, which is checked as a whole, is shared
\set ON_ERROR_ROLLBACK on
BEGIN;
UPDATE crafted.model SET items = 5, version = 2;
SELECT affinity.similar_items_core('crafted', 1, 5);
SELECT affinity.similar_items_core('crafted', 2, 5);
SELECT affinity.similar_items_core('crafted', 3, 5);
SELECT affinity.similar_items_core('crafted', 4, 5);
SELECT affinity.similar_items_core('crafted', 5, 5);
SELECT affinity.similar_items_core('crafted', 6, 5);
SELECT affinity.recommend_all_core('crafted', 5);
COMMIT;
\unset ON_ERROR_ROLLBACK

-- options are kept to the last digit, whatever the session shows of a number
SET extra_float_digits = -10;
SELECT affinity.create_model('digits', 'SELECT u, i FROM buys', 'item_knn',
	options => '{"shrinkage": 0.123456789}');
SELECT options -> 'shrinkage' AS shrinkage FROM digits.model;
RESET extra_float_digits;
SELECT affinity.drop_model('digits');

-- varchar[] stands for text[]
SELECT affinity.create_model('words', 'SELECT u, i::text FROM buys', 'item_knn');
SELECT count(*) FROM affinity.recommend_for_core('words', ARRAY['1'::varchar], 3,
	NULL::varchar[], NULL::varchar[]) AS t(item_id text, score real, rank integer, personalized boolean);
SELECT affinity.drop_model('words');

-- the right to delete from a table is not the right to write into it
CREATE ROLE affinity_owner;
CREATE ROLE affinity_other;
SELECT affinity.create_model('mixed', 'SELECT u, i FROM buys', 'item_knn');
GRANT SELECT ON buys TO affinity_owner;
GRANT USAGE ON SCHEMA mixed TO affinity_owner, affinity_other;
GRANT ALL ON SEQUENCE mixed.model_version TO affinity_owner;
ALTER TABLE mixed.model OWNER TO affinity_owner;
ALTER TABLE mixed.items OWNER TO affinity_other;
SET ROLE affinity_other;
GRANT SELECT, DELETE ON mixed.items TO affinity_owner;
SET ROLE affinity_owner;
SELECT affinity.refresh_model('mixed');
RESET ROLE;

-- a source that serves from the model, and refreshes it, while it is served
CREATE TABLE switch AS SELECT false AS is_on;
CREATE FUNCTION meddle() RETURNS boolean LANGUAGE plpgsql VOLATILE AS $$
BEGIN
	IF (SELECT is_on FROM public.switch) THEN
		UPDATE public.switch SET is_on = false;
		PERFORM affinity.refresh_model('nested');
		PERFORM * FROM nested.recommend(2, 3);
	END IF;
	RETURN true;
END;
$$;
SELECT affinity.create_model('nested', 'SELECT u, i FROM buys WHERE public.meddle()', 'item_knn');
CREATE TEMPORARY TABLE before AS
SELECT u, r.* FROM generate_series(1, 20) u, nested.recommend(u, 3) r;
UPDATE switch SET is_on = true;
CREATE TEMPORARY TABLE after AS
SELECT u, r.* FROM generate_series(1, 20) u, nested.recommend(u, 3) r;
SELECT (SELECT is_on FROM switch) AS still_on,
	(SELECT version FROM nested.model) AS version,
	(SELECT count(*) FROM before) AS rows,
	NOT EXISTS (TABLE before EXCEPT ALL TABLE after) AS same;

SELECT affinity.drop_model('nested');
DROP FUNCTION meddle();
DROP TABLE switch, before, after;
DROP SCHEMA crafted, mixed CASCADE;
DROP TABLE buys;
DROP ROLE affinity_owner, affinity_other;
