-- Models that are trained elsewhere, serve_locally, recommend_items, and what event
-- triggers see of a model's life.
BEGIN;
SELECT plan(58);
SET LOCAL client_min_messages = error;

CREATE TABLE facts (u int, i int, w real, at timestamptz);
INSERT INTO facts SELECT u, (u * 7 + j * j) % 50, 1 + j % 3, timestamptz '2026-01-01' + j * interval '1 day'
FROM generate_series(1, 80) u, generate_series(1, 6) j;
CREATE INDEX ON facts (u);

-- SQLSTATE, message and hint of a statement.
CREATE FUNCTION pg_temp.outcome(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	hint text;
BEGIN
	EXECUTE statement;
	RETURN 'no error';
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS hint = PG_EXCEPTION_HINT;
	RETURN concat_ws(' | ', SQLSTATE, SQLERRM, nullif(hint, ''));
END $$;
-- All that a model says, in one text.
CREATE FUNCTION pg_temp.says(model text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	answer text;
BEGIN
	EXECUTE replace($q$SELECT concat_ws(E'\n',
		(SELECT string_agg(r::text, ',') FROM generate_series(1, 80, 9) u, LATERAL @.recommend(u, 6) r),
		(SELECT string_agg(r::text, ',') FROM @.recommend_for(ARRAY[3, 17]) r),
		(SELECT string_agg(r::text, ',') FROM @.recommend_all(3) r),
		(SELECT string_agg(r::text, ',') FROM @.recommend_users(ARRAY[5, 6]) r),
		(SELECT string_agg(r::text, ',') FROM @.similar_items(7) r),
		(SELECT string_agg(r::text, ',') FROM @.similar_users(7) r),
		(SELECT string_agg(r::text, ',') FROM @.score(4, ARRAY[1, 2, 3]) r),
		(SELECT string_agg(r::text, ',') FROM @.explain(4, 9) r),
		(SELECT string_agg(r::text, ',') FROM @.popular() r),
		(SELECT string_agg(r::text, ',') FROM @.audience(12) r),
		@.recommend_items(11)::text)$q$, '@', model) INTO answer;
	RETURN answer;
END $$;
-- What serving needs, from another model.
CREATE FUNCTION pg_temp.take(model text, of text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE replace(replace($q$DELETE FROM ONLY @.model; DELETE FROM ONLY @.items; DELETE FROM ONLY @.popular_items; DELETE FROM ONLY @.kept_interactions;
		INSERT INTO @.model SELECT * FROM %.model; INSERT INTO @.items SELECT * FROM %.items;
		INSERT INTO @.popular_items SELECT * FROM %.popular_items; INSERT INTO @.kept_interactions SELECT * FROM %.kept_interactions$q$,
		'@', model), '%', of);
END $$;

-- received by hand
SELECT affinity.create_model('shop', 'SELECT u, i, w, at FROM facts', 'item_knn');
SELECT affinity.create_model('factors', 'SELECT u, i, w, at FROM facts', 'ials', '{"factors": 4, "iterations": 2}');
SELECT affinity.create_model('basket', 'SELECT u, i, w, at FROM facts', 'item_knn', materialize => true);
SELECT affinity.create_model('copy', 'SELECT u, i, w, at FROM facts', 'item_knn', train => false);
SELECT is((SELECT (status, hint)::text FROM affinity.models WHERE name = 'copy'),
	$$(untrained,"SELECT affinity.refresh_model('copy');")$$, 'without a training');
SELECT is((SELECT count(*) FROM copy.recommend(1)), 0::bigint, 'it gives no rows');
SELECT is(copy.recommend_items(1), '{}'::int[], 'and an empty array');
SELECT pg_temp.take('copy', 'shop');
SELECT is((SELECT (status, version, algorithm, reads, hint, subscription, lag)::text FROM affinity.models WHERE name = 'copy'),
	'(received,1,item_knn,interactions,,,)', 'received: its version is none of its own');
SELECT is(pg_temp.says('copy'), pg_temp.says('shop'), 'it says what the other one says');
SELECT pg_temp.take('copy', 'factors');
SELECT is(pg_temp.says('copy'), pg_temp.says('factors'), 'another algorithm in its place');
SELECT is((SELECT algorithm FROM affinity.models WHERE name = 'copy'), 'ials', 'which is listed');
SELECT pg_temp.take('copy', 'basket');
DELETE FROM copy.kept_interactions;
SELECT is(pg_temp.says('copy'), pg_temp.says('shop'), 'a copy of the interactions that it is not defined to keep is not read');
SELECT affinity.create_model('keeps', 'SELECT u, i, w, at FROM facts', train => false, materialize => true);
SELECT pg_temp.take('keeps', 'basket');
INSERT INTO facts VALUES (1, 40, 1, '2026-02-01');
SELECT is((SELECT reads FROM affinity.models WHERE name = 'keeps'), 'kept_interactions', 'one that it is to keep');
SELECT is(pg_temp.says('keeps'), pg_temp.says('basket'), 'is read');
DELETE FROM facts WHERE at = '2026-02-01';
SELECT affinity.refresh_model('copy');
SELECT is((SELECT (status, version)::text FROM affinity.models WHERE name = 'copy'), '(ready,2)', 'a refresh makes it this server''s');
SELECT is((SELECT status FROM affinity.models WHERE name = 'shop'), 'ready', 'a model that is trained here is ready');

-- histories from elsewhere
CREATE TABLE shard AS SELECT * FROM facts WHERE u % 2 = 0;
CREATE TABLE elsewhere AS SELECT * FROM facts;
CREATE SCHEMA hidden;
CREATE TABLE hidden.shard2 AS SELECT u::text AS u, i::bigint AS i, w, at::timestamp AS at, 'buy' AS signal FROM facts;
SELECT affinity.serve_locally('shop', 'SELECT u, i, w, at FROM shard');
SELECT is((SELECT (status, reads)::text FROM affinity.models WHERE name = 'shop'), '(ready,local_interactions)', 'served locally');
SELECT is((SELECT array_agg(DISTINCT user_id % 2) FROM shop.recommend_all(1)), '{0}', 'recommend_all: those of the shard');
SELECT is((SELECT string_agg(r::text, ',') FROM shop.recommend(4) r), (SELECT string_agg(r::text, ',') FROM copy.recommend(4) r), 'recommend: as from all rows');
SELECT is((SELECT count(*) FROM shop.recommend(5) WHERE personalized), 0::bigint, 'a user of another shard is not known');
SELECT is((SELECT count(*) FROM shop.audience(12) WHERE user_id % 2 = 1), 0::bigint, 'audience');
SELECT is((SELECT count(*) FROM shop.similar_users(4) WHERE user_id % 2 = 1), 0::bigint, 'similar_users');
SELECT is((SELECT count(*) FROM shop.recommend_users(ARRAY[5]) WHERE personalized), 0::bigint, 'recommend_users');
SELECT is((SELECT value FROM affinity.explain_call('shop', 4) WHERE (step, property) = ('history', 'source')),
	'shop.local_interactions, as it is now', 'explain_call says so');
SELECT is((SELECT count(*) FROM shop.interactions), 480::bigint, 'interactions are what they were');
SELECT affinity.refresh_model('shop');
SELECT is((SELECT (users, interactions)::text FROM affinity.models WHERE name = 'shop'),
	(SELECT (users, interactions)::text FROM affinity.models WHERE name = 'copy'), 'a refresh trains on all');
SELECT affinity.refresh_model('shop', incremental => true);
SELECT is((SELECT reads FROM affinity.models WHERE name = 'shop'), 'local_interactions', 'and leaves it local');
SELECT affinity.serve_locally('shop', 'SELECT u, i, w, at FROM elsewhere WHERE u % 2 = 1');
SELECT is((SELECT array_agg(DISTINCT user_id % 2) FROM shop.recommend_all(1)), '{1}', 'another query in its place');
SELECT is((SELECT count(*) FROM shop.recommend(4) WHERE personalized), 0::bigint, 'for a session that knew the first');
SELECT affinity.serve_locally('basket', 'SELECT u, i, w, at FROM shard');
SELECT is((SELECT array_agg(DISTINCT user_id % 2) FROM basket.recommend_all(1)), '{0}', 'before a copy that is kept');
SELECT affinity.serve_locally('keeps', 'SELECT u, i, w, at FROM shard');
SELECT is((SELECT (status, reads)::text FROM affinity.models WHERE name = 'keeps'), '(received,local_interactions)', 'of a model that was received');
SELECT is((SELECT array_agg(DISTINCT user_id % 2) FROM keeps.recommend_all(1)), '{0}', 'which is served from it');
SELECT affinity.serve_locally('shop', NULL);
SELECT is((SELECT reads FROM affinity.models WHERE name = 'shop'), 'interactions', 'and back');
SELECT is(pg_temp.says('shop'), pg_temp.says('copy'), 'it says what it said');
SELECT is((SELECT count(*) FROM pg_class WHERE relname = 'local_interactions' AND relnamespace = 'shop'::regnamespace), 0::bigint, 'the view is gone');
SELECT is(pg_temp.outcome($$SELECT affinity.serve_locally('shop', NULL)$$), 'no error', 'back twice');

SELECT is(pg_temp.outcome($$SELECT affinity.serve_locally('shop', 'SELECT u, i FROM hidden.shard2')$$),
	'42804 | the query gives no time, which the source of model "shop" has | Its columns are those of the model''s own query: SELECT query FROM shop.definition;', 'no time');
SELECT is(pg_temp.outcome($$SELECT affinity.serve_locally('shop', 'SELECT u, i, w, at FROM hidden.shard2')$$),
	'42804 | the query gives user_id as text, but model "shop" has integer | Cast it in the query: user_id::integer.', 'users of another type');
SELECT is(pg_temp.outcome($$SELECT affinity.serve_locally('shop', 'SELECT u::int, i, w, at FROM hidden.shard2')$$),
	'42804 | the query gives item_id as bigint, but model "shop" has integer | Cast it in the query: item_id::integer.', 'items of another type');
SELECT is(pg_temp.outcome($$SELECT affinity.serve_locally('shop', 'SELECT u::int, i::int, w, at FROM hidden.shard2')$$),
	'42804 | the query gives at as timestamp without time zone, but model "shop" has timestamp with time zone | Cast it in the query: at::timestamp with time zone.', 'times without a zone');
SELECT is(pg_temp.outcome($$SELECT affinity.serve_locally('shop', 'SELECT u::int, i::int, w, at::timestamptz FROM hidden.shard2')$$), 'no error', 'cast as the hints have it');
SELECT affinity.serve_locally('shop', NULL);
SELECT matches(pg_temp.outcome($$SELECT affinity.serve_locally('shop', 'DELETE FROM facts RETURNING u, i, w, at')$$), '^42601', 'no SELECT');
SELECT matches(pg_temp.outcome($$SELECT affinity.serve_locally('no model', 'SELECT 1, 2')$$), '^42704', 'no model');
SELECT is(split_part(pg_temp.outcome($$SELECT affinity.serve_locally(NULL, 'SELECT 1, 2')$$), ' ', 1), '22004', 'no name');
CREATE VIEW shop.local_interactions AS SELECT 1 AS user_id;
CREATE ROLE affinity_planter;
GRANT CREATE ON SCHEMA shop TO affinity_planter;
ALTER VIEW shop.local_interactions OWNER TO affinity_planter;
SELECT is(pg_temp.says('shop'), pg_temp.says('copy'), 'what another role puts there is not read');
SELECT is(pg_temp.outcome($$SELECT affinity.serve_locally('shop', 'SELECT u, i, w, at FROM shard')$$),
	'42P07 | "local_interactions" of model "shop" is not what serve_locally makes | Put it out of the way: ALTER TABLE shop.local_interactions RENAME TO former_local_interactions;', 'nor replaced');
DROP VIEW shop.local_interactions;

-- rights
CREATE ROLE affinity_asker;
SELECT affinity.serve_locally('shop', 'SELECT u, i, w, at FROM shard');
GRANT USAGE ON SCHEMA shop TO affinity_asker;
GRANT SELECT ON facts TO affinity_asker;
GRANT USAGE ON SCHEMA affinity TO affinity_asker;
SET LOCAL ROLE affinity_asker;
SELECT is(left(pg_temp.outcome('SELECT shop.recommend_items(4)'), 5), '42501', 'with the rights of who asks');
SELECT is(left(pg_temp.outcome($$SELECT affinity.serve_locally('shop', NULL)$$), 5), '42501', 'changed by the owner alone');
RESET ROLE;
GRANT SELECT ON shard TO affinity_asker;
ALTER TABLE shard ENABLE ROW LEVEL SECURITY;
CREATE POLICY half ON shard TO affinity_asker USING (u < 40);
SET LOCAL ROLE affinity_asker;
SELECT is((SELECT max(user_id) < 40 AND min(user_id % 2) = 0 AND max(user_id % 2) = 0 FROM shop.recommend_all(1)), true, 'and policies');
RESET ROLE;

-- recommend_items
SELECT affinity.create_model('big', 'SELECT u::bigint, i::bigint, w, at FROM facts', 'item_knn');
SELECT affinity.create_model('small', 'SELECT u::smallint, i::smallint, w, at FROM facts', 'ials', '{"factors": 4, "iterations": 2}');
SELECT affinity.create_model('words', 'SELECT u::text, ''item '' || i AS i, w, at FROM facts', 'item_knn');
SELECT affinity.create_model('uuids', 'SELECT md5(u::text)::uuid AS u, md5(i::text)::uuid AS i, w, at FROM facts', 'popular');
SELECT is((SELECT count(*) FROM generate_series(0, 82) u WHERE big.recommend_items(u, 7) IS DISTINCT FROM
		ARRAY(SELECT item_id FROM big.recommend(u, 7) ORDER BY rank)), 0::bigint, 'the items of recommend: bigint');
SELECT is((SELECT count(*) FROM generate_series(0, 82) u WHERE small.recommend_items(u, 100) IS DISTINCT FROM
		ARRAY(SELECT item_id FROM small.recommend(u, 100) ORDER BY rank)), 0::bigint, 'smallint');
SELECT is((SELECT count(*) FROM generate_series(0, 82) u WHERE words.recommend_items(u::text, 7, exclude => ARRAY['item 3'], penalty => 0.4) IS DISTINCT FROM
		ARRAY(SELECT item_id FROM words.recommend(u::text, 7, exclude => ARRAY['item 3'], penalty => 0.4) ORDER BY rank)), 0::bigint, 'text, with rules');
SELECT is((SELECT count(*) FROM generate_series(0, 82) u WHERE uuids.recommend_items(md5(u::text)::uuid, 7) IS DISTINCT FROM
		ARRAY(SELECT item_id FROM uuids.recommend(md5(u::text)::uuid, 7) ORDER BY rank)), 0::bigint, 'uuid');
SELECT is(pg_typeof(small.recommend_items(1))::text, 'smallint[]', 'of the model''s own type');
SELECT matches(pg_temp.outcome($$SELECT affinity.recommend_items_core('small', 1::smallint, 5, NULL::int[], NULL::int[], true, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
	NULL, NULL, NULL, NULL, NULL::int[], NULL, NULL, NULL::text[])$$), '^42804 \| the result is of type text\[\], but the model''s is smallint\[\]', 'of no other');

-- event triggers
CREATE TABLE log (event text, tag text, identity text);
CREATE FUNCTION pg_temp.log_drop() RETURNS event_trigger LANGUAGE plpgsql AS
	$$ BEGIN INSERT INTO public.log SELECT 'drop', tg_tag, object_identity FROM pg_event_trigger_dropped_objects(); END $$;
CREATE FUNCTION pg_temp.log_end() RETURNS event_trigger LANGUAGE plpgsql AS
	$$ BEGIN INSERT INTO public.log SELECT 'end', tg_tag, object_identity FROM pg_event_trigger_ddl_commands(); END $$;
CREATE FUNCTION pg_temp.log_start() RETURNS event_trigger LANGUAGE plpgsql AS
	$$ BEGIN INSERT INTO public.log VALUES ('start', tg_tag, NULL); END $$;
CREATE EVENT TRIGGER affinity_drop ON sql_drop EXECUTE FUNCTION pg_temp.log_drop();
CREATE EVENT TRIGGER affinity_end ON ddl_command_end EXECUTE FUNCTION pg_temp.log_end();
CREATE EVENT TRIGGER affinity_start ON ddl_command_start EXECUTE FUNCTION pg_temp.log_start();
TRUNCATE log;
SELECT affinity.create_model('seen', 'SELECT u, i, w, at FROM facts', 'item_knn');
SELECT is((SELECT count(*) FROM log WHERE event = 'end' AND (tag, identity) IN (('CREATE SCHEMA', 'seen'), ('CREATE TABLE', 'seen.items'), ('CREATE VIEW', 'seen.interactions'))),
	3::bigint, 'event triggers see what create_model makes');
TRUNCATE log;
SELECT affinity.refresh_model('seen');
SELECT is((SELECT count(*) FROM log), 0::bigint, 'a refresh makes nothing');
SELECT affinity.alter_model('seen', query => 'SELECT u::bigint, i::bigint, w, at FROM facts');
SELECT is((SELECT count(DISTINCT event) FROM log WHERE (event, tag, identity) IN (('end', 'CREATE TABLE', 'seen.items_next'), ('drop', 'DROP TABLE', 'seen.items_former'))), 2::bigint,
	'what alter_model makes anew');
SELECT affinity.serve_locally('seen', 'SELECT u::bigint, i::bigint, w, at FROM shard');
SELECT is((SELECT count(*) FROM log WHERE (event, tag, identity) = ('end', 'CREATE VIEW', 'seen.local_interactions')), 1::bigint, 'serve_locally');
CREATE TABLE had AS
SELECT pg_describe_object('pg_class'::regclass, oid, 0) AS object, oid::regclass::text AS identity FROM pg_class
WHERE relnamespace = 'seen'::regnamespace AND relkind IN ('r', 'v', 'S')
UNION ALL SELECT pg_describe_object('pg_proc'::regclass, oid, 0), oid::regprocedure::text FROM pg_proc WHERE pronamespace = 'seen'::regnamespace
UNION ALL SELECT 'schema seen', 'seen';
TRUNCATE log;
SELECT affinity.drop_model('seen');
SELECT is((SELECT string_agg(object, ', ') FROM had WHERE NOT EXISTS (SELECT FROM log WHERE event = 'drop' AND replace(log.identity, ',', ', ') IN (had.identity, replace(had.identity, ',', ', ')))
	AND object NOT LIKE 'function%'), NULL, 'drop_model: all relations and the schema');
SELECT is((SELECT count(*) FROM log WHERE event = 'drop' AND tag = 'DROP FUNCTION' AND identity LIKE 'seen.%'),
	(SELECT count(*) FROM had WHERE object LIKE 'function%'), 'all functions');
SELECT is((SELECT string_agg(DISTINCT tag, ', ') FROM log WHERE event = 'start'), 'DROP FUNCTION, DROP SCHEMA, DROP SEQUENCE, DROP TABLE, DROP TYPE, DROP VIEW', 'each by a statement');

SELECT * FROM finish();
ROLLBACK;
