-- Option users: what is learned is what the chosen users' rows alone teach, of
-- every algorithm and type of id, trained, refreshed, evaluated and tuned; and
-- everybody is served.
BEGIN;
SET client_min_messages = warning;
SET check_function_bodies = off;
SET jit = off;
SELECT plan(55);

CREATE TABLE facts AS
SELECT u, (hashint8(u * 100 + n) & 1048575) % (20 + u % 40) AS i, (1 + (hashint8(u * 7 + n) & 3))::real AS w,
	timestamp '2024-01-01' + (hashint8(u * 977 + n) & 1048575) * interval '1 minute' AS at
FROM generate_series(1, 600) u, generate_series(1, 14) n;
CREATE INDEX ON facts (u);
ANALYZE facts;
SET extra_float_digits = 3;

-- Who is chosen, said anew: the first part of all hashes, as numbers with a sign.
CREATE FUNCTION pg_temp.chosen(hash bigint, part float8) RETURNS boolean LANGUAGE SQL IMMUTABLE AS $$
	SELECT (hash::numeric + 9223372036854775808) / 18446744073709551616 < part::numeric
$$;
CREATE TABLE part AS
SELECT * FROM facts WHERE pg_temp.chosen(hashint4extended(u, 7240134186522311), 0.4);
SELECT cmp_ok(count(DISTINCT u), '>', 200::bigint, 'about 240 of 600 users') FROM part;
SELECT cmp_ok(count(DISTINCT u), '<', 280::bigint, 'and no more') FROM part;

CREATE FUNCTION pg_temp.learned() RETURNS text LANGUAGE SQL AS $$
	SELECT md5(string_agg(md5(i::text), '' ORDER BY item_no)) FROM m.items i
$$;
CREATE FUNCTION pg_temp.learn(query text, algorithm text, options jsonb) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	answer text;
BEGIN
	PERFORM affinity.create_model('m', query, algorithm, options);
	answer := pg_temp.learned();
	PERFORM affinity.drop_model('m');
	RETURN answer;
END $$;

-- ---- every algorithm --------------------------------------------------------

CREATE TABLE cases (algorithm text, options jsonb);
INSERT INTO cases VALUES ('item_knn', '{}'), ('item_knn', '{"trend": 1, "half_life": "100 days"}'), ('ease', '{}'),
	('ease', '{"method": "dense"}'), ('graph_filter', '{"rank": 10}'), ('ials', '{"factors": 8, "iterations": 3}'), ('als', '{"factors": 4, "iterations": 3}'),
	('next_item', '{}'), ('buy_again', '{}'), ('popular', '{"half_life": "30 days"}');
SELECT is(pg_temp.learn('SELECT u, i, w, at FROM facts', algorithm, options || '{"users": 0.4}'),
	pg_temp.learn('SELECT u, i, w, at FROM part', algorithm, options), format('%s %s', algorithm, options)) FROM cases;
SELECT isnt(pg_temp.learn('SELECT u, i, w, at FROM facts', algorithm, options || '{"users": 0.4}'),
	pg_temp.learn('SELECT u, i, w, at FROM facts', algorithm, options), format('which is not all: %s %s', algorithm, options)) FROM cases;
SELECT is(count(*) FILTER (WHERE option = 'users'), count(DISTINCT algorithm), 'every algorithm has it') FROM affinity.algorithm_options();

-- ---- types of ids -------------------------------------------------------------

SELECT is(pg_temp.learn(format('SELECT %s, i, w, at FROM facts', u), 'item_knn', '{"users": 0.4}'),
	pg_temp.learn(format('SELECT u, i, w, at FROM (SELECT %s AS u, i, w, at FROM facts) f WHERE pg_temp.chosen(%s, 0.4)', u, hash), 'item_knn', '{}'),
	format('users of type %s', type))
FROM (VALUES ('bigint', 'u::bigint * 10000000000', 'hashint8extended(u, 7240134186522311)'), ('smallint', 'u::smallint', 'hashint2extended(u, 7240134186522311)'),
	('text', $$'user ' || u$$, 'hashtextextended(u, 7240134186522311)'), ('varchar', $$('user ' || u)::varchar$$, 'hashtextextended(u, 7240134186522311)'),
	('uuid', 'md5(u::text)::uuid', 'uuid_hash_extended(u, 7240134186522311)'), ('oid', 'u::oid', 'hashint8extended(u::bigint, 7240134186522311)')) v(type, u, hash);

-- ---- served, listed, changed, refreshed ----------------------------------------

SELECT affinity.create_model('m', 'SELECT u, i, w, at FROM facts', 'item_knn', '{"users": 0.4}');
SELECT is(users, (SELECT count(DISTINCT u) FROM part), 'the users it learned from') FROM affinity.models WHERE name = 'm';
SELECT is(source_rows, (SELECT count(*) FROM part), 'and their rows') FROM affinity.models WHERE name = 'm';
SELECT is(options -> 'users', '0.4', 'the option is listed') FROM affinity.models WHERE name = 'm';
SELECT is((SELECT count(DISTINCT user_id) FROM m.recommend_all(5) WHERE personalized), 600::bigint, 'everybody has a list of their own');
SELECT is((SELECT count(*) FROM generate_series(1, 600) u, m.recommend(u, 1) WHERE personalized), 600::bigint, 'and an answer');
SELECT is((SELECT count(*) FROM m.audience(3, 1000)), 600 - count(DISTINCT u), 'an audience is everybody who does not have it') FROM facts WHERE i = 3;

SELECT affinity.create_model('n', 'SELECT u, i, w, at FROM part', 'item_knn');
INSERT INTO facts SELECT u, i % 9, 1, timestamp '2027-01-01' + u * interval '1 minute' FROM generate_series(1, 600, 9) u, generate_series(1, 2) i;
INSERT INTO facts SELECT u, 1000, 1, timestamp '2027-01-02' FROM generate_series(2, 600, 7) u;
INSERT INTO part SELECT * FROM facts WHERE at >= '2027-01-01' AND pg_temp.chosen(hashint4extended(u, 7240134186522311), 0.4);
SELECT affinity.refresh_model('m', incremental => true);
SELECT is(popularity::bigint, (SELECT count(*) FROM part WHERE i = 1000), 'an incremental refresh counts those users alone') FROM m.items WHERE item_id = 1000;
SELECT is((SELECT users FROM affinity.models WHERE name = 'm'), (SELECT count(DISTINCT u) FROM part), 'and no others');
SELECT affinity.refresh_model('n', incremental => true);
SELECT is(pg_temp.learned(), md5(string_agg(md5(i::text), '' ORDER BY item_no)), 'as one does where there are no others') FROM n.items i;
SELECT affinity.refresh_model('m');
SELECT affinity.refresh_model('n');
SELECT is(pg_temp.learned(), md5(string_agg(md5(i::text), '' ORDER BY item_no)), 'a refresh learns from them again') FROM n.items i;
SELECT affinity.alter_model('m', options => '{"users": 1}');
SELECT affinity.alter_model('n', query => 'SELECT u, i, w, at FROM facts');
SELECT is(pg_temp.learned(), md5(string_agg(md5(i::text), '' ORDER BY item_no)), 'alter_model takes it back') FROM n.items i;

-- ---- evaluated ----------------------------------------------------------------
-- What is trained in memory on a part is what a model is that was trained on it.

CREATE FUNCTION pg_temp.measured(call text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	answer text;
BEGIN
	EXECUTE format('SELECT string_agg(e::text, '' '' ORDER BY e::text) FROM affinity.evaluate(%s) e', call) INTO answer;
	RETURN answer;
END $$;
SELECT isnt(pg_temp.measured(format('query => %L, algorithm => ''item_knn'', options => ''{"users": 0.4}'', as_of => ''2025-01-01''', q)),
	pg_temp.measured(format('query => %L, algorithm => ''item_knn'', as_of => ''2025-01-01''', q)), 'evaluate trains on a part')
FROM (VALUES ('SELECT u, i, w, at FROM facts')) v(q);
SELECT affinity.alter_model('n', query => format('SELECT %s, i, w, at FROM facts WHERE at < ''2025-01-01''', u), options => '{"users": 0.4}')
FROM (VALUES ('''user '' || u')) v(u);
SELECT is(pg_temp.measured($$model => 'n', test => 'SELECT ''user '' || u, i, w, at FROM facts WHERE at >= ''2025-01-01'''$$),
	pg_temp.measured($$query => 'SELECT ''user '' || u, i, w, at FROM facts', algorithm => 'item_knn', options => '{"users": 0.4}', as_of => '2025-01-01'$$),
	'the same users as a training does');

-- ---- values ---------------------------------------------------------------------

SELECT throws_ok(format('SELECT affinity.create_model(''x'', ''SELECT u, i FROM facts'', ''item_knn'', ''{"users": %s}'')', v), '22023',
	format('option "users" %s', m), 'users: ' || v)
FROM (VALUES ('0', 'is out of range: 0'), ('1.5', 'is out of range: 1.5'), ('-0.1', 'is out of range: -0.1'), ('"half"', 'is not a number: "half"'),
	('"auto"', 'is not a number: "auto"'), ('0.00001', 'is out of range: 0.00001')) b(v, m);
SELECT affinity.create_model('x', 'SELECT u, i FROM facts WHERE u = 3', 'item_knn', '{"users": 0.0001}');
SELECT is(status, 'untrained', 'nobody may be left') FROM affinity.models WHERE name = 'x';
SELECT affinity.drop_model('x');

-- ---- auto, where not all fits ------------------------------------------------------

CREATE TABLE many AS
SELECT u, (hashint8(u * 100 + n) & 1048575) % 90 AS i FROM generate_series(1, 4000) u, generate_series(1, 12) n;
SET maintenance_work_mem = '1MB';
CREATE FUNCTION pg_temp.hint(call text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	said text;
BEGIN
	EXECUTE call;
	RETURN NULL;
EXCEPTION WHEN configuration_limit_exceeded THEN
	GET STACKED DIAGNOSTICS said = PG_EXCEPTION_HINT;
	RETURN said;
END $$;
SELECT matches(pg_temp.hint($$SELECT affinity.create_model('x', 'SELECT u, i FROM many', 'popular')$$),
	'^SET maintenance_work_mem = ''\d+ MB'', or let the query read fewer rows, or train on a part of the users: options => ''\{"users": 0\.\d+\}''\.$',
	'the hint names the option');
SELECT lives_ok(format('SELECT affinity.create_model(''x'', ''SELECT u, i FROM many'', ''popular'', %L)',
	substring(pg_temp.hint($$SELECT affinity.create_model('x', 'SELECT u, i FROM many', 'popular')$$) FROM '\{.*\}')), 'and works');
SELECT affinity.drop_model('x');
SELECT affinity.create_model('x', 'SELECT u, i FROM many', 'auto', '{"budget": "1 second"}');
SELECT cmp_ok((options ->> 'users')::float8, '<', 0.6::float8, 'auto takes as many as fit') FROM affinity.models WHERE name = 'x';
SELECT is(users, (SELECT count(DISTINCT u) FROM many WHERE pg_temp.chosen(hashint4extended(u, 7240134186522311), (options ->> 'users')::float8)),
	'and trains on them') FROM affinity.models WHERE name = 'x';
SELECT throws_ok($$SELECT affinity.alter_model('x', 'SELECT u, i FROM many', 'auto', '{"users": 1}')$$, '53400', NULL, 'unless it is told');
SET maintenance_work_mem = '64MB';
SELECT affinity.alter_model('x', algorithm => 'auto', options => '{"users": 0.5, "budget": "1 second"}');
SELECT is(options -> 'users', '0.5', 'auto takes what it is told') FROM affinity.models WHERE name = 'x';
SELECT affinity.alter_model('x', algorithm => 'auto', options => '{"users": "auto"}');
SELECT is(options -> 'users', '1', 'and all where all fit') FROM affinity.models WHERE name = 'x';

SELECT * FROM finish();
ROLLBACK;
