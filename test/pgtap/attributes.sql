-- Attributes of items: what may be asked, edges, items that nobody has; on Online
-- Retail, with the words of descriptions, what they do for items that are new and
-- for those that are known. Weights are checked by t/066_attributes.pl.
BEGIN;

SET LOCAL client_min_messages = error;

SELECT plan(69);

CREATE TABLE buys AS
SELECT u, i FROM generate_series(1, 200) u, generate_series(1, 50) i
WHERE abs(hashint4(u * 1000 + i)) % 100 < CASE WHEN u % 7 = i % 7 THEN 40 ELSE 5 END;
CREATE TABLE things AS
SELECT g AS i, ARRAY['color ' || g % 7, 'size ' || g % 5, 'shop'] AS tags FROM generate_series(1, 60) g;
CREATE TYPE pair AS (x real, y real);
CREATE FUNCTION pair_numbers(pair) RETURNS real[] LANGUAGE sql IMMUTABLE RETURN ARRAY[$1.x, $1.y];
CREATE CAST (pair AS real[]) WITH FUNCTION pair_numbers(pair);
CREATE DOMAIN word AS text;
CREATE TYPE mood AS ENUM ('calm', 'loud');

-- make(attributes, options): a model "m" of buys; how many items it has, and how
-- many of these have similar items.
CREATE FUNCTION pg_temp.make(attributes text, options jsonb DEFAULT '{}', source text DEFAULT 'SELECT u, i FROM buys')
RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	answer text;
BEGIN
	PERFORM affinity.create_model('m', source, 'ease', options, if_exists => 'replace', item_attributes => attributes);
	SELECT concat_ws(' ', count(*), count(*) FILTER (WHERE cardinality(neighbors) > 0)) INTO answer FROM m.items;
	RETURN answer;
END $$;

CREATE FUNCTION pg_temp.items() RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	answer text;
BEGIN
	SELECT md5(string_agg(concat(item_id, neighbors, scores), ';' ORDER BY item_no)) INTO answer FROM m.items;
	RETURN answer;
END $$;

-- ---- what may be asked ---------------------------------------------------

SELECT throws_ok($$SELECT affinity.create_model('x', 'SELECT u, i FROM buys', 'popular', item_attributes => 'SELECT i, tags FROM things')$$,
	'0A000', 'algorithm "popular" learns nothing from item_attributes');
SELECT throws_ok($$SELECT affinity.create_model('x', 'SELECT u, i FROM buys', 'auto', '{"seed": 1}', item_attributes => 'SELECT i, tags FROM things')$$,
	'0A000', 'algorithm "auto" learns nothing from item_attributes');
SELECT affinity.create_model('unsaid', 'SELECT u, i FROM buys', item_attributes => 'SELECT i, tags FROM things');
SELECT is((SELECT algorithm FROM affinity.models WHERE name = 'unsaid'), 'ease', 'where no algorithm is named it is the one that takes them');
SELECT affinity.drop_model('unsaid');
SELECT throws_ok($$SELECT affinity.create_model('x', 'SELECT u, i FROM buys', 'ease', '{"method": "dense"}',
	item_attributes => 'SELECT i, tags FROM things')$$,
	'0A000', 'algorithm "ease" with these options learns nothing from item_attributes');
SELECT throws_ok($$SELECT pg_temp.make('SELECT i FROM things')$$, '42804', 'item_attributes has 1 column, not two');
SELECT throws_ok($$SELECT pg_temp.make('SELECT i, tags, 1 FROM things')$$, '42804', 'item_attributes has 3 columns, not two');
SELECT throws_ok($$SELECT pg_temp.make('SELECT i, 1 AS one FROM things')$$,
	'42804', 'column "one" of item_attributes is of type integer, which is neither tags nor an embedding');
SELECT throws_ok($$SELECT pg_temp.make('SELECT i, ARRAY[1, 2] AS two FROM things')$$,
	'42804', 'column "two" of item_attributes is of type integer[], which is neither tags nor an embedding');
SELECT throws_ok($$SELECT pg_temp.make('SELECT i, now() AS at FROM things')$$,
	'42804', 'column "at" of item_attributes is of type timestamp with time zone, which is neither tags nor an embedding');
SELECT throws_ok($$SELECT pg_temp.make('SELECT i::text, tags FROM things')$$,
	'42804', 'items of item_attributes are of type text, but those of the model of type integer');
SELECT throws_ok($$SELECT pg_temp.make('SELECT i * 1.5, tags FROM things')$$, '42804');
SELECT throws_ok($$SELECT pg_temp.make('DELETE FROM things RETURNING i, tags')$$, '42601', 'item_attributes must be one SELECT');
SELECT throws_ok($$SELECT pg_temp.make('SELECT i, tags FROM things; SELECT 1')$$, '42601', 'item_attributes must be one SELECT');
SELECT throws_ok($$SELECT pg_temp.make('SELECT i, tags FROM things FOR UPDATE')$$, '42601', 'item_attributes must be one SELECT');
SELECT throws_ok($$SELECT pg_temp.make('SELECT i, tags FROM nowhere')$$, '42P01', 'relation "nowhere" does not exist');
SELECT throws_ok($$SELECT pg_temp.make('SELECT 3000000000, ''{a}''::text[]')$$, '22003', 'integer out of range');
CREATE TEMP TABLE passing AS TABLE things;
SELECT throws_ok($$SELECT pg_temp.make('SELECT i, tags FROM passing')$$,
	'42P16', 'item_attributes reads temporary table or view "passing"');
SELECT throws_ok($$SELECT pg_temp.make('SELECT i, tags FROM things', '{"attribute_weight": -1}')$$, '22023');
SELECT throws_ok($$SELECT pg_temp.make('SELECT i, tags FROM things', '{"attribute_users": "NaN"}')$$, '22023');

-- ---- kinds of tags -------------------------------------------------------

SELECT is(pg_temp.make(''), '50 50', 'none');
SELECT is(pg_temp.make(NULL), '50 50', 'nor with null');
SELECT is(pg_temp.make('SELECT i, tags FROM things'), '60 60', 'text[]');
CREATE TEMP TABLE of_tags AS SELECT pg_temp.items();
SELECT is(pg_temp.make('SELECT i, tags::varchar[] FROM things'), '60 60', 'varchar[]');
SELECT results_eq('SELECT pg_temp.items()', 'TABLE of_tags', 'the same');
SELECT is(pg_temp.make('SELECT i::bigint, tags::word[] FROM things'), '60 60', 'a domain, and wider ids');
SELECT results_eq('SELECT pg_temp.items()', 'TABLE of_tags', 'the same');
SELECT is(pg_temp.make('SELECT i, t FROM things, unnest(tags) t'), '60 60', 'one tag a row');
SELECT results_eq('SELECT pg_temp.items()', 'TABLE of_tags', 'the same');
SELECT is(pg_temp.make($$SELECT i, tags || ARRAY[NULL, '', 'shop'] FROM things UNION ALL SELECT NULL, '{a}' UNION ALL SELECT 5, NULL
	UNION ALL SELECT 77, '{}' UNION ALL SELECT 78, NULL$$), '60 60', 'nulls, empty tags and arrays, tags that come twice');
SELECT results_eq('SELECT pg_temp.items()', 'TABLE of_tags', 'the same');
SELECT is(pg_temp.make($$SELECT i, ARRAY[[tags[1], tags[2]], [tags[3], '']] FROM things$$), '60 60', 'arrays of two dimensions');
SELECT results_eq('SELECT pg_temp.items()', 'TABLE of_tags', 'the same');
SELECT is(pg_temp.make($$SELECT i, CASE WHEN i % 2 = 0 THEN 'calm' ELSE 'loud' END::mood FROM things$$), '60 60', 'an enum');
SELECT is(pg_temp.make($$SELECT i, 'all the same' FROM things$$), '60 60', 'a tag that all have');
SELECT is(pg_temp.make($$SELECT i, i::text FROM things$$), '60 50', 'tags of one item each');
SELECT is(pg_temp.make('SELECT i, tags FROM things WHERE false'), '50 50', 'no row');
SELECT is(pg_temp.make('SELECT i, tags FROM things', '{"attribute_neighbors": 1}'), '60 60', 'one neighbor');
SELECT is(pg_temp.make('SELECT i, tags FROM things', '{"attribute_weight": 0}'), '60 50', 'a weight of 0');
SELECT is(pg_temp.make('SELECT i, tags FROM things', '{"rank": 4, "trend": 0}'), '60 60', 'with a low-rank part');
SELECT is(pg_temp.make('SELECT ''x'' || i, tags FROM things', source => 'SELECT u, ''x'' || i FROM buys'), '60 60', 'text ids');
SELECT is(pg_temp.make('SELECT md5(i::text)::uuid, tags FROM things', source => 'SELECT u, md5(i::text)::uuid FROM buys'),
	'60 60', 'uuids');
SELECT is(pg_temp.make('SELECT i::smallint, tags FROM things', source => 'SELECT u, i::bigint FROM buys'),
	'60 60', 'narrower ids');
SELECT is(pg_temp.make('SELECT i, tags FROM things', source => 'SELECT u, i, CASE WHEN i = 3 THEN -1 ELSE 1 END FROM buys'),
	'60 60', 'an item that only returns have');

-- Items that nobody has are among the others by their ids: what is known of those stays theirs.
SELECT is(pg_temp.make(attributes, source => 'SELECT u, i * 2, 1, timestamp ''2024-01-01'' + (u * i % 50 + n * i % 7) * interval ''1 day''
	FROM buys, generate_series(1, 3) n'), answer)
FROM (VALUES ('', '50 50'), ('SELECT g, ARRAY[''t'' || g % 9] FROM generate_series(1, 100) g', '100 100')) v(attributes, answer);
SELECT is((SELECT count(DISTINCT repeat_rate) > 10 FROM m.items WHERE item_id % 2 = 0), true, 'items are had again');
CREATE TEMP TABLE with_new AS SELECT item_id, popularity, repeat_rate FROM m.items;
SELECT pg_temp.make('', source => 'SELECT u, i * 2, 1, timestamp ''2024-01-01'' + (u * i % 50 + n * i % 7) * interval ''1 day''
	FROM buys, generate_series(1, 3) n');
SELECT results_eq('SELECT item_id, popularity, repeat_rate FROM m.items ORDER BY 1',
	'SELECT * FROM with_new WHERE item_id % 2 = 0 ORDER BY 1', 'as often as without the new ones');

-- ---- embeddings ----------------------------------------------------------

SELECT is(pg_temp.make('SELECT i, ARRAY[sin(i % 7), cos(i % 7)] FROM things'), '60 60', 'double precision[]');
CREATE TEMP TABLE of_embeddings AS SELECT pg_temp.items();
SELECT is(pg_temp.make('SELECT i, ARRAY[sin(i % 7), cos(i % 7)]::float8[] FROM things UNION ALL SELECT 70, NULL UNION ALL SELECT 71, ''{}'''),
	'60 60', 'those without one are left out');
SELECT results_eq('SELECT pg_temp.items()', 'TABLE of_embeddings', 'the same');
SELECT is(pg_temp.make('SELECT i, ARRAY[1e300 * sin(i % 7), 1e300 * cos(i % 7)] FROM things'), '60 60', 'very long ones');
SELECT is(pg_temp.make('SELECT i, ARRAY[1e-300 * sin(i % 7), 1e-300 * cos(i % 7)] FROM things'), '60 60', 'very short ones');
SELECT is(pg_temp.make('SELECT i, (sin(i % 7), cos(i % 7))::pair FROM things'), '60 60', 'a type that is cast to real[]');
SELECT is(pg_temp.make('SELECT i, ARRAY[0, 0]::real[] FROM things'), '60 50', 'those of length 0 are like none');
SELECT throws_ok($$SELECT pg_temp.make('SELECT i, CASE WHEN i = 9 THEN ARRAY[1] ELSE ARRAY[1, i] END::real[] FROM things')$$,
	'22000', 'embedding of item 9 has 1 numbers, but others have 2');
SELECT throws_ok($$SELECT pg_temp.make('SELECT i, ARRAY[1, CASE WHEN i = 9 THEN ''NaN'' ELSE i::real END]::real[] FROM things')$$,
	'22000', 'embedding of item 9 has a NaN or an infinite number');
SELECT throws_ok($$SELECT pg_temp.make('SELECT i, ARRAY[1, nullif(i, 9)]::real[] FROM things')$$,
	'22000', 'embedding of item 9 has an element that is null');
SELECT throws_ok($$SELECT pg_temp.make('SELECT i, ARRAY[[1, i]]::real[] FROM things WHERE i = 9')$$,
	'22000', 'embedding of item 9 has 2 dimensions');
SELECT throws_ok($$SELECT pg_temp.make('SELECT i, ARRAY[1, i]::real[] FROM things UNION ALL SELECT 9, ''{1,2}''')$$,
	'21000', 'item 9 has two embeddings');

-- ---- the definition ------------------------------------------------------

SELECT pg_temp.make('SELECT i, tags FROM things');
ALTER TABLE things RENAME TO goods;
SELECT throws_ok($$SELECT affinity.refresh_model('m')$$,
	'55000', 'item_attributes of model "m" cannot be read: relation "public.things" does not exist');
SELECT lives_ok($$SELECT affinity.alter_model('m', item_attributes => '')$$, 'as the hint says');
SELECT is((SELECT count(*) FROM m.items), 50::bigint, 'they are gone');
SELECT lives_ok($$SELECT affinity.alter_model('m', item_attributes => 'SELECT i, tags FROM goods')$$, 'others');
SELECT throws_ok($$SELECT affinity.alter_model('m', algorithm => 'popular')$$,
	'0A000', 'algorithm "popular" learns nothing from item_attributes');

-- ---- Online Retail -------------------------------------------------------

CREATE TABLE products (stock_code text, description text);
CREATE TABLE purchases (invoice text, customer_id int, stock_code text, quantity int, price numeric,
	invoiced_at timestamp, country text);
\copy products FROM test/data/online_retail_products.csv CSV HEADER
\copy purchases FROM PROGRAM 'xz -dc test/data/online_retail_purchases.csv.xz' CSV HEADER
CREATE INDEX ON purchases (customer_id);
CREATE TABLE words AS SELECT stock_code, regexp_split_to_array(description, '[^A-Z0-9]+') AS words FROM products;
-- a tenth of the items that sell is taken away
CREATE TABLE cold AS
SELECT stock_code FROM purchases GROUP BY 1
HAVING count(DISTINCT customer_id) >= 20 AND abs(hashtext(stock_code)) % 10 = 0;
CREATE TABLE known AS SELECT customer_id, stock_code, quantity FROM purchases WHERE invoiced_at < '2011-09-01';
CREATE TABLE warm AS SELECT * FROM known WHERE stock_code NOT IN (SELECT stock_code FROM cold);
CREATE INDEX ON warm (customer_id);
CREATE TABLE later AS SELECT DISTINCT customer_id, stock_code FROM purchases WHERE invoiced_at >= '2011-09-01' AND quantity > 0;
ANALYZE;
SELECT affinity.create_model('plain', 'SELECT * FROM known', 'ease');
SELECT affinity.create_model('prior', 'SELECT * FROM known', 'ease', item_attributes => 'SELECT stock_code, words FROM words');
SELECT affinity.create_model('without', 'SELECT * FROM warm', 'ease', item_attributes => 'SELECT stock_code, words FROM words');

CREATE FUNCTION pg_temp.ndcg(model text, algorithm text DEFAULT NULL) RETURNS float8 LANGUAGE sql
RETURN (SELECT value FROM affinity.evaluate(model, test => 'SELECT * FROM later', algorithm => algorithm, k => '{20}', metrics => '{ndcg}')
	WHERE targets = 'new');

SELECT cmp_ok(pg_temp.ndcg('prior'), '>', 0.98 * pg_temp.ndcg('plain'), 'known items are not recommended worse');
SELECT cmp_ok(pg_temp.ndcg('prior', 'item_knn'), '>', 0.98 * pg_temp.ndcg('plain', 'item_knn'), 'nor by item_knn');
SELECT is((SELECT count(*) FROM without.items JOIN cold ON item_id = stock_code WHERE cardinality(neighbors) > 0),
	(SELECT count(*) FROM cold), 'items that nobody has have similar ones');

-- Of what 200 users take of them later, the part that is among 20 of them by score; by chance it is 20 of all.
CREATE FUNCTION pg_temp.found() RETURNS float8 LANGUAGE sql AS $$
	WITH test AS (
		SELECT customer_id, stock_code FROM later JOIN cold USING (stock_code)
		WHERE customer_id IN (SELECT customer_id FROM warm)),
	users AS (
		SELECT customer_id, count(*) AS n FROM test GROUP BY 1 ORDER BY hashint4(customer_id) LIMIT 200)
	SELECT avg((SELECT count(*) FROM without.recommend(u.customer_id, 20, candidates => (SELECT array_agg(stock_code) FROM cold)) r
		JOIN test t ON (t.customer_id, t.stock_code) = (u.customer_id, r.item_id))::float8 / n)
	FROM users u
$$;
SELECT cmp_ok(pg_temp.found(), '>', 30.0::float8 / (SELECT count(*) FROM cold), 'new items find who will take them');
SELECT is(pg_temp.ndcg('without', 'ease'), pg_temp.ndcg('without'), 'a definition in memory is what is stored');

SELECT * FROM finish();
ROLLBACK;
