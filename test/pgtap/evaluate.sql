-- evaluate and compare: what may be asked, edges, types of ids. Values are checked
-- by t/160_evaluate.pl.
BEGIN;

SET LOCAL client_min_messages = warning;

SELECT plan(47);

CREATE TABLE shop_rows AS
SELECT u, (u * n) % 13 AS i, 1 AS w, timestamptz '2024-01-01 UTC' + n * interval '1 day' + u * interval '1 minute' AS at
FROM generate_series(1, 30) u, generate_series(1, 8) n;

SELECT affinity.create_model('m', 'SELECT u, i, w, at FROM shop_rows', 'item_knn');

CREATE FUNCTION pg_temp.recall(call text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	answer text;
BEGIN
	EXECUTE format($q$SELECT string_agg(concat_ws(' ', round(value::numeric, 4), users), ', ' ORDER BY k)
		FROM affinity.%s WHERE metric = 'recall' AND targets = 'all' AND segment IS NULL$q$, call) INTO answer;
	RETURN answer;
END $$;

-- ---- what may be asked ---------------------------------------------------

SELECT throws_ok($$SELECT affinity.evaluate()$$, '22023', 'neither a model nor a query is given');
SELECT throws_ok($$SELECT affinity.evaluate('m', query => 'SELECT 1, 2')$$, '22023', 'both a model and a query are given');
SELECT throws_ok($$SELECT affinity.evaluate('none')$$, '42704', 'model "none" does not exist');
SELECT throws_ok($$SELECT affinity.evaluate('m', algorithm => 'none')$$, '22023', 'unknown algorithm "none"');
SELECT throws_ok($$SELECT affinity.evaluate('m', options => '{"none": 1}')$$, '22023', 'unknown option "none" of algorithm item_knn');
SELECT throws_ok($$SELECT affinity.evaluate('m', split => 'none')$$, '22023', 'unknown split "none"');
SELECT throws_ok($$SELECT affinity.evaluate('m', split => NULL)$$, '22004');
SELECT throws_ok($$SELECT affinity.evaluate('m', metrics => '{recall,none}')$$, '22023', 'unknown metric "none"');
SELECT throws_ok($$SELECT affinity.evaluate('m', holdout => 1)$$, '22023', 'holdout is out of range: 1');
SELECT throws_ok($$SELECT affinity.evaluate('m', holdout => 'NaN')$$, '22023', 'holdout is out of range: NaN');
SELECT throws_ok($$SELECT affinity.evaluate('m', confidence => 0)$$, '22023', 'confidence is out of range: 0');
SELECT throws_ok($$SELECT affinity.evaluate('m', users => 0)$$, '22023', 'users is out of range: 0');
SELECT throws_ok($$SELECT affinity.evaluate('m', k => '{}')$$, '22023', 'k has 0 elements');
SELECT throws_ok($$SELECT affinity.evaluate('m', k => '{0}')$$, '22023', 'k is out of range: 0');
SELECT throws_ok($$SELECT affinity.evaluate('m', k => '{5,NULL}')$$, '22023', 'an element of k is null');
SELECT throws_ok($$SELECT affinity.evaluate('m', as_of => '2024-01-05', split => 'users')$$, '22023', 'as_of is given for split "users"');
SELECT throws_ok($$SELECT affinity.evaluate('m', test => 'SELECT 1, 2', split => 'users')$$, '22023', 'both a test and a split are given');
SELECT throws_ok($$SELECT affinity.evaluate('m', test => 'SELECT 1')$$, '42804', 'the test has 1 column, not two to five');
SELECT throws_ok($$SELECT affinity.evaluate('m', test => 'DELETE FROM shop_rows')$$, '42601', 'the test must be one SELECT');
SELECT throws_ok($$SELECT affinity.evaluate(query => 'SELECT 1, 2; SELECT 1, 2')$$, '42601', 'the query must be one SELECT');
SELECT throws_ok($$SELECT affinity.evaluate('m', by => 'DELETE FROM shop_rows')$$, '42601', 'by must be one SELECT');
SELECT throws_ok($$SELECT affinity.evaluate('m', test => 'SELECT ''a'', 1')$$, '42804',
	'users of the test are of type text, but those that are trained on of type integer');
SELECT throws_ok($$SELECT affinity.evaluate('m', by => 'SELECT ''a''::text, 1')$$, '42804',
	'users of "by" are of type text, but those of the test of type integer');
SELECT throws_ok($$SELECT affinity.evaluate('m', by => 'SELECT u, i FROM shop_rows ORDER BY 1, 2')$$, '22023');
SELECT throws_ok($$SELECT affinity.evaluate(query => 'SELECT u, i FROM shop_rows', split => 'time')$$, '22023',
	'split "time" needs a source with times');
SELECT throws_ok($$SELECT affinity.evaluate(query => 'SELECT u, i FROM shop_rows', algorithm => 'popular', options => '{"half_life": "1 day"}')$$,
	'22023', 'option "half_life" needs a source with times');
SELECT throws_ok($$SELECT affinity.compare('{}')$$, '22023',
	'candidates are not a JSON array of 1 to 100 models or definitions');
SELECT throws_ok($$SELECT affinity.compare('["popular"]')$$, '22023', 'neither a model nor a query is given');
SELECT throws_ok($$SELECT affinity.compare('["none"]')$$, '22023', 'unknown algorithm "none"');
SELECT throws_ok($$SELECT affinity.compare('[1]')$$, '22023', 'candidate 1 is neither a name nor a definition');
SELECT throws_ok($$SELECT affinity.compare('[{"options": {}}]')$$, '22023', 'a candidate has one of "model" and "algorithm"');

-- ---- edges ---------------------------------------------------------------

SELECT throws_ok($$SELECT affinity.evaluate(query => 'SELECT 1, 2 WHERE false')$$, 'P0002', 'nothing is left to train on');
SELECT throws_ok($$SELECT affinity.evaluate('m', as_of => '-infinity')$$, 'P0002', 'nothing is left to train on');
SELECT throws_ok($$SELECT affinity.evaluate(query => 'SELECT u, i, w, ''2024-01-01''::date FROM shop_rows', split => 'time')$$, '22023',
	'all rows are of one time: there is nothing before it to train on');
SELECT throws_ok($$SELECT affinity.evaluate(query => 'SELECT u, i, ''NaN''::real FROM shop_rows')$$, '22000');
SELECT is(pg_temp.recall($$evaluate('m', as_of => 'infinity', k => '{3}')$$), '0', 'nobody is tested: no value');
SELECT is(pg_temp.recall($$evaluate('m', test => 'SELECT 1, 2 WHERE false', k => '{3}')$$), '0', 'an empty test: no value');
SELECT is(pg_temp.recall($$evaluate(query => 'SELECT 1, 2', k => '{3}')$$), '0', 'one user, one item');
SELECT is(pg_temp.recall($$evaluate('m', test => 'SELECT NULL::int, 1 UNION ALL SELECT 99, NULL UNION ALL SELECT 99, 1', k => '{13,100000}')$$),
	'1.0000 1, 1.0000 1', 'NULLs do not count; k beyond the catalog; a user whom nobody knows has the popular list');
SELECT is(pg_temp.recall($$evaluate('m', test => 'SELECT 99, i FROM generate_series(0, 3) i UNION ALL SELECT 99, 5000000000', k => '{100}')$$),
	'0.8000 1', 'an item that the model does not know, nor its type, is missed');
SELECT is(pg_temp.recall($$evaluate('m', split => 'users', holdout => 0.5, users => 7, k => '{5}')$$) ~ ' 7$', true, 'a sample of users');
CREATE TEMP TABLE aside AS SELECT 99::bigint AS u, 3::smallint AS i;
SELECT is(pg_temp.recall($$evaluate('m', test => 'SELECT u, i FROM pg_temp.aside', k => '{13}')$$), '1.0000 1', 'a temporary table, other integers');
SELECT is(pg_temp.recall($$evaluate(query => 'SELECT md5(u::text)::uuid, i::text, w, at FROM shop_rows', k => '{13}', as_of => '2024-01-08 UTC')$$),
	pg_temp.recall($$evaluate('m', k => '{13}', as_of => '2024-01-08 UTC')$$), 'uuid and text');
SELECT is((SELECT count(*) FROM affinity.models), 1::bigint, 'no model is left behind');

-- ---- whose rights --------------------------------------------------------

CREATE ROLE affinity_reader;
SET LOCAL ROLE affinity_reader;
SELECT throws_ok($$SELECT affinity.evaluate('m')$$, '42501');
SELECT throws_ok($$SELECT affinity.evaluate(query => 'SELECT u, i FROM public.shop_rows')$$, '42501');
SELECT lives_ok($$SELECT affinity.evaluate(query => 'SELECT u, u % 3 FROM generate_series(1, 20) u UNION ALL SELECT u, 5 FROM generate_series(1, 20) u')$$,
	'who reads what anybody may read needs no right');
RESET ROLE;

SELECT * FROM finish();
ROLLBACK;
