-- The one rule of which types may be ids (src/base/id_type.c): each type at each
-- place where ids are given. A type works as its own equality has it, or it is
-- refused everywhere with the same words and a hint, which is followed here to
-- the letter and then gives what count(DISTINCT x) gives.
BEGIN;
SET client_min_messages = warning;
SET jit = off;
SELECT plan(126);

CREATE DOMAIN d_int AS integer;
CREATE DOMAIN d_text AS text CHECK (VALUE IS NOT NULL);
CREATE DOMAIN d_varchar AS varchar(10);
CREATE DOMAIN d_char AS char(6);
CREATE DOMAIN d_oid AS oid;
CREATE DOMAIN d_uuid AS uuid;
CREATE DOMAIN d_two AS d_varchar;
CREATE DOMAIN d_c AS text COLLATE "C";
CREATE DOMAIN d_numeric AS numeric(6,0);
CREATE DOMAIN d_float AS float8;
CREATE DOMAIN d_array AS int[];
CREATE TYPE mood AS ENUM ('glad', 'sad');
CREATE TYPE pair AS (id int, note text);
CREATE TYPE span AS RANGE (subtype = int8);
DO $$
BEGIN
	IF EXISTS (SELECT FROM pg_available_extensions WHERE name = 'citext') THEN
		CREATE EXTENSION citext;
		CREATE DOMAIN d_citext AS citext;
	END IF;
	IF EXISTS (SELECT FROM pg_collation WHERE collname = 'und-x-icu') THEN
		CREATE COLLATION no_case (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
		CREATE COLLATION no_accent (provider = icu, locale = 'und-u-ks-level1', deterministic = false);
		CREATE DOMAIN d_no_case AS text COLLATE no_case;
	END IF;
END $$;

-- Types, some values (several of which are equal), and for those that are
-- refused what is to be written, $ being the value. needs: what may be absent.
CREATE TEMP TABLE kinds (no serial, type text, vals text[], instead text, needs text);
INSERT INTO kinds (type, vals, instead, needs) VALUES
	('smallint', '{1,2,-3,1}', NULL, NULL), ('integer', '{1,2,-3,1}', NULL, NULL), ('bigint', '{1,2,-3000000000,1}', NULL, NULL),
	('oid', '{1,4294967295,2147483648,1}', NULL, NULL),
	('uuid', '{00000000-0000-0000-0000-000000000001,00000000-0000-0000-0000-000000000002,"{00000000000000000000000000000001}"}', NULL, NULL),
	('text', '{Ann,ANN,"Ann ",Ann,""}', NULL, NULL), ('varchar', '{Ann,ANN,"Ann ",Ann,""}', NULL, NULL), ('varchar(4)', '{Ann,ANN,"Ann ",Ann}', NULL, NULL),
	('char(6)', '{Ann,ANN,"Ann ",Ann,""," "}', NULL, NULL), ('bpchar', '{Ann,ANN,"Ann ",Ann,""," "}', NULL, NULL), ('name', '{Ann,ANN,"Ann ",Ann,""}', NULL, NULL),
	('text COLLATE "C"', '{Ann,ANN,Ann}', NULL, NULL),
	('d_int', '{1,2,1}', NULL, NULL), ('d_text', '{Ann,ANN,Ann}', NULL, NULL), ('d_varchar', '{Ann,ANN,Ann}', NULL, NULL),
	('d_char', '{Ann,ANN,"Ann "}', NULL, NULL), ('d_oid', '{1,4294967295,1}', NULL, NULL),
	('d_uuid', '{00000000-0000-0000-0000-000000000001,"{00000000000000000000000000000001}"}', NULL, NULL),
	('d_two', '{Ann,ANN,Ann}', NULL, NULL), ('d_c', '{Ann,ANN,Ann}', NULL, NULL),
	('numeric(8,0)', '{1,2,1.0}', '$::bigint', NULL), ('numeric(5,-2)', '{100,200,101}', '$::bigint', NULL), ('d_numeric', '{1,2,1.0}', '$::bigint', NULL),
	('numeric', '{1.0,1.00,1.5,2,NaN,12345678901234567890123}', 'trim_scale($)::text', NULL), ('numeric(30,0)', '{1,12345678901234567890123}', 'trim_scale($)::text', NULL),
	('numeric(8,2)', '{1.5,1.50,2}', 'trim_scale($)::text', NULL),
	('real', '{0,-0,0.1,NaN,1e30}', '($ + 0)::text', NULL), ('double precision', '{0,-0,0.1,0.10000000000000002,NaN}', '($ + 0)::text', NULL),
	('d_float', '{0,-0,0.1}', '($ + 0)::text', NULL),
	('boolean', '{t,f,true}', '$::integer', NULL), ('money', '{1.00,2,1}', '$::numeric::text', NULL), ('bytea', '{"\\x00","\\x0000","\\x00"}', 'encode($, ''hex'')', NULL),
	('date', '{2024-01-02,2024-02-01,2024-01-02}', '($ - date ''1970-01-01'')', NULL), ('time', '{12:00,13:00,12:00:00}', 'extract(epoch FROM $)::text', NULL),
	('timetz', '{12:00+01,13:00+02,12:00+01}', '$::text', NULL),
	('timestamp', '{2024-01-02,infinity,2024-01-02 00:00:00.000001,2024-01-02}', 'extract(epoch FROM $)::text', NULL),
	('timestamptz', '{2024-01-02 00:00+00,2024-01-02 01:00+01,2024-10-27 01:30+00,2024-10-27 00:30+00}', 'extract(epoch FROM $)::text', NULL),
	('interval', '{1 month,30 days,720 hours,360 days,12 months,1 year 5 days,-1 day,-24 hours}', 'extract(epoch FROM justify_interval($))::text', NULL),
	('inet', '{10.0.0.1,10.0.0.1/32,10.0.0.1/24}', '$::text', NULL), ('cidr', '{10.0.0.0/8,10/8}', '$::text', NULL),
	('macaddr', '{08:00:2b:01:02:03,08-00-2b-01-02-03}', '$::text', NULL), ('macaddr8', '{08:00:2b:01:02:03,08-00-2b-01-02-03}', '$::text', NULL),
	('json', '{"\"a\"","\"b\""," \"a\""}', '($ #>> ''{}'')', NULL), ('jsonb', '{"\"a\"","\"b\"","\"\\u0061\""}', '($ #>> ''{}'')', NULL),
	('int[]', '{"{1,2}","{2,3}","{}"}', 'unnest($)', NULL), ('varchar[]', '{"{a,b}","{b,c}"}', 'unnest($)', NULL), ('d_array', '{"{1,2}","{2,3}"}', 'unnest($)', NULL),
	('pair', '{"(1,a)","(2,b)","(1,a)"}', '($).id', NULL), ('mood', '{glad,sad,glad}', '$::text', NULL),
	('int4range', '{"[1,2]","[1,3)","[2,3)"}', '$::text', NULL), ('span', '{"[1,2]","[2,2]","[1,2]"}', '$::text', NULL),
	('"char"', '{a,b,a}', '$::text', NULL), ('xid8', '{1,2,1}', '$::text', NULL), ('tid', '{"(0,1)","(0,2)","(0,1)"}', '$::text', NULL),
	('pg_lsn', '{0/1,0/01,1/0}', '$::text', NULL), ('bit(3)', '{001,010,001}', '$::text', NULL), ('varbit', '{001,01,001}', '$::text', NULL),
	('regclass', '{pg_class,pg_catalog.pg_class,pg_type}', '$::oid', NULL), ('regtype', '{int,integer,text}', '$::oid', NULL), ('regnamespace', '{pg_catalog,public}', '$::oid', NULL),
	('tsvector', '{a b,b a,c}', '$::text', NULL),
	('citext', '{Ann,ANN,Bob,BOB,É,é}', 'lower($::text)', 'citext'), ('d_citext', '{Ann,ANN,Bob}', 'lower($::text)', 'citext'),
	('citext COLLATE "C"', '{Ann,ANN,É,é}', 'lower($::text COLLATE "default")', 'citext'),
	('text COLLATE no_case', '{Ann,ANN,Bob,"Ann "}', 'min($ COLLATE "C") OVER (PARTITION BY $ COLLATE no_case)', 'icu'),
	('varchar COLLATE no_accent', '{résumé,resume,RESUME,Bob}', 'min($ COLLATE "C") OVER (PARTITION BY $ COLLATE no_accent)', 'icu'),
	('d_no_case', '{Ann,ANN,Bob}', 'min($ COLLATE "C") OVER (PARTITION BY $ COLLATE no_case)', 'icu');
CREATE FUNCTION pg_temp.absent(needs text) RETURNS boolean LANGUAGE sql AS $$
	SELECT CASE needs WHEN 'citext' THEN to_regtype('citext') IS NULL
		WHEN 'icu' THEN NOT EXISTS (SELECT FROM pg_collation WHERE collname = 'no_case') ELSE false END $$;

-- The places: %1$s is the id, %2$s what it is read from; of arrays, %1$s and
-- %3$s are all values and the first. Each query gives how many ids differ.
CREATE TEMP TABLE places (place text, param text, query text);
INSERT INTO places VALUES
	('activity_agg', 'user_id', 'SELECT affinity.users(affinity.activity_agg(%1$s, at, ''day'')) FROM %2$s'),
	('activity_agg, timestamp', 'user_id', 'SELECT affinity.users(affinity.activity_agg(%1$s, at::timestamp, ''day'')) FROM %2$s'),
	('activity_agg, date', 'user_id', 'SELECT affinity.users(affinity.activity_agg(%1$s, at::date, ''day'')) FROM %2$s'),
	('activity_agg, zone', 'user_id', 'SELECT affinity.users(affinity.activity_agg(%1$s, at, ''day'', ''UTC'')) FROM %2$s'),
	('activity_agg, conditions', 'user_id', 'SELECT affinity.users(affinity.activity_agg(%1$s, at, ''day'', ''UTC'', true, true)) FROM %2$s'),
	('activity_agg, collations', 'user_id', 'SELECT affinity.users(affinity.activity_agg(%1$s, at, unit)) FROM %2$s, (SELECT ''day'' COLLATE "POSIX" AS unit) u'),
	('activity_agg, window', 'user_id', 'SELECT max(n) FROM (SELECT affinity.users(affinity.activity_agg(%1$s, at, ''day'') OVER (ORDER BY no)) AS n FROM %2$s) s'),
	('activity_agg, rollup', 'user_id', 'SELECT affinity.users(affinity.rollup(a)) FROM (SELECT affinity.activity_agg(%1$s, at, ''day'') AS a FROM %2$s GROUP BY no) s'),
	('activity_agg, many', 'user_id', 'SELECT affinity.users(affinity.activity_agg(%1$s, at, ''day'')) FROM %2$s CROSS JOIN generate_series(1, 500)'),
	('value_agg', 'user_id', 'SELECT affinity.users(affinity.value_agg(%1$s, at, 1, ''month'')) FROM %2$s'),
	('value_agg, rollup', 'user_id', 'SELECT affinity.users(affinity.rollup(a)) FROM (SELECT affinity.value_agg(%1$s, at::date, no, ''month'', ''UTC'') AS a FROM %2$s GROUP BY no) s'),
	('funnel_agg', 'user_id', 'SELECT users FROM affinity.funnel_steps((SELECT affinity.funnel_agg(%1$s, at, interval ''1 day'', true, false) FROM %2$s)) WHERE step = 1'),
	('funnel_agg, mode', 'user_id', 'SELECT users FROM affinity.funnel_steps((SELECT affinity.funnel_agg(%1$s, at, interval ''1 day'', ''strict_order'', true, false) FROM %2$s)) WHERE step = 1'),
	('funnel_agg, many', 'user_id', 'SELECT users FROM affinity.funnel_steps((SELECT affinity.funnel_agg(%1$s, at + g * interval ''1 second'', interval ''1 day'', true, false) FROM %2$s CROSS JOIN generate_series(1, 20000) g)) WHERE step = 1'),
	('funnel_agg, rollup', 'user_id', 'SELECT users FROM affinity.funnel_steps((SELECT affinity.rollup(a) FROM (SELECT affinity.funnel_agg(%1$s, at, interval ''1 day'', true, false) AS a FROM %2$s GROUP BY no) s)) WHERE step = 1'),
	-- every pair of values in two steps: which value is the first that a value equals?
	('hold_last', 'property', 'WITH r AS (SELECT row_number() OVER () AS n, %1$s AS property FROM %2$s), equals AS (
		SELECT a.n, b.n AS other, affinity.window_funnel(9, ''hold_last'', s, s = 1, s = 2, CASE s WHEN 1 THEN a.property ELSE b.property END) AS level
		FROM r a, r b, generate_series(1, 2) s GROUP BY a.n, b.n)
		SELECT count(DISTINCT first) FROM (SELECT n, min(other) FILTER (WHERE level = 2) AS first FROM equals GROUP BY n) q'),
	('model, users', 'user_id', 'SELECT count(DISTINCT user_id) FROM m.interactions'), ('model, items', 'user_id', 'SELECT count(*) FROM m.items'),
	('jaccard', 'a', 'SELECT round(1 / affinity.jaccard(%1$s, %3$s)) FROM %2$s'), ('dice', 'a', 'SELECT round(2 / affinity.dice(%1$s, %3$s)) - 1 FROM %2$s'),
	('overlap', 'a', 'SELECT round(affinity.overlap(%1$s, %3$s) / affinity.jaccard(%1$s, %3$s)) FROM %2$s'),
	('cosine_set', 'a', 'SELECT round((1 / affinity.cosine_set(%1$s, %3$s) ^ 2)::numeric) FROM %2$s'),
	('tversky', 'a', 'SELECT round(1 / affinity.tversky(%3$s, %1$s, 1, 1)) FROM %2$s');

-- A place's answer, or its error: state, message (without whose type it is) and hint.
CREATE FUNCTION pg_temp.ask(place text, query text, x text, f text, OUT n bigint, OUT state text, OUT said text, OUT hint text) LANGUAGE plpgsql AS $$
BEGIN
	IF place LIKE 'model%' THEN
		PERFORM affinity.create_model('m', format(CASE place WHEN 'model, users' THEN 'SELECT %s, no FROM %s' ELSE 'SELECT no, %s FROM %s' END, x, f), 'popular');
	END IF;
	EXECUTE format(query, x, f, replace(regexp_replace(x, '^a\M', 'b'), 'unnest(a) AS x', 'unnest(b) AS x')) INTO n;
	IF place LIKE 'model%' THEN
		PERFORM affinity.drop_model('m');
	END IF;
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, said = MESSAGE_TEXT, hint = PG_EXCEPTION_HINT;
	said := regexp_replace(said, '^.*?(is of type|has the)', '\1');
END $$;

-- What is wrong with a type at one of the places; NULL: nothing.
CREATE FUNCTION pg_temp.wrong(kind kinds) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	scalar text := regexp_replace(kind.type, ' COLLATE.*', '');
	of_array boolean := kind.instead = 'unnest($)';
	refused boolean := kind.instead IS NOT NULL;
	words text := CASE WHEN kind.instead LIKE 'min%' THEN 'has the nondeterministic collation %, which ids cannot have'
		ELSE format('is of type %s, which cannot be an id', format_type(scalar::regtype, NULL)) END;
	p places;
	got record;
	expected bigint;
	x text;
	f text;
	wrong text[] := '{}';
BEGIN
	DROP TABLE IF EXISTS given, sets;
	EXECUTE format('CREATE TABLE given (no int, at timestamptz, user_id %1$s, property %1$s)', kind.type);
	EXECUTE format('INSERT INTO given SELECT no, ''2024-01-01 12:00+00'', v::%1$s, v::%1$s FROM unnest(%2$L::text[]) WITH ORDINALITY u(v, no)', scalar, kind.vals);
	IF NOT coalesce(of_array, false) THEN
		EXECUTE format('CREATE TABLE sets (a %1$s, b %1$s)', scalar || '[]' || substr(kind.type, length(scalar) + 1));
		INSERT INTO sets SELECT array_agg(user_id), (array_agg(user_id ORDER BY no))[1:1] FROM given;
	END IF;
	EXECUTE format('SELECT count(DISTINCT %s) FROM given %s', CASE WHEN of_array THEN 'x' WHEN scalar = 'json' THEN 'user_id::jsonb' ELSE 'user_id' END,
		CASE WHEN of_array THEN 'CROSS JOIN unnest(user_id) AS x' END) INTO expected;
	FOR p IN SELECT * FROM places WHERE NOT (coalesce(of_array, false) AND param = 'a') LOOP
		f := CASE p.param WHEN 'a' THEN 'sets' ELSE 'given' END;
		got := pg_temp.ask(p.place, p.query, p.param, f);
		-- a property may also be a date or boolean
		IF refused AND NOT (p.place = 'hold_last' AND scalar IN ('date', 'boolean')) THEN
			IF (got.state = CASE WHEN kind.instead LIKE 'min%' THEN '0A000' ELSE '42804' END AND got.said LIKE words) IS NOT TRUE THEN
				wrong := wrong || format('%s: %s %s', p.place, coalesce(got.n::text, got.state), got.said);
				CONTINUE;
			END IF;
			-- the words of the hint, to the letter
			x := coalesce(substring(got.hint FROM 'give all of them one: (.*?)(?:, in a subquery)?\.$'),
				substring(got.hint FROM 'Write (.*?)(?:, or .*|, if .*|: each.*)?\. An id may be'));
			IF got.hint LIKE 'Add CROSS JOIN unnest(%) AS x to FROM, and give x: %' THEN
				f := f || ' ' || substring(got.hint FROM 'Add (.*?) to FROM');
				x := 'x';
			ELSIF got.hint LIKE '%, in a subquery.' THEN
				f := format('(SELECT *, %s AS x FROM %s) AS s', x, f);
				x := 'x';
			-- a window's expressions are not known, so no numeric(n,0)
			ELSIF p.param <> 'a' AND p.place <> 'activity_agg, window' AND x IS DISTINCT FROM replace(kind.instead, '$', p.param) THEN
				wrong := wrong || format('%s: %s', p.place, got.hint);
				CONTINUE;
			END IF;
			got := pg_temp.ask(p.place, p.query, x, f);
		END IF;
		IF got.n IS DISTINCT FROM expected THEN
			wrong := wrong || format('%s: %s, not %s %s', p.place, coalesce(got.n::text, got.said), expected, x);
		END IF;
	END LOOP;
	RETURN nullif(array_to_string(wrong, E'\n'), '');
END $$;

SELECT CASE WHEN pg_temp.absent(k.needs) THEN skip(k.type || ': ' || k.needs || ' is absent', 1)
	ELSE is(pg_temp.wrong(k), NULL, k.type || coalesce(': ' || k.instead, ' works')) END FROM kinds k ORDER BY no;

-- A literal is a text.
SELECT is(affinity.users(affinity.activity_agg('Ann', now(), 'day')), 1::bigint, 'a literal');
SELECT is(affinity.activity_agg('Ann', at, 'day'), affinity.activity_agg('Ann'::text, at, 'day'), 'a literal is a text') FROM given;
SELECT is(affinity.funnel_agg('Ann', 1, 1, true), affinity.funnel_agg('Ann'::text, 1, 1, true), 'a literal in a funnel');

-- One id is one user, as whatever type it comes.
CREATE TEMP VIEW texts AS SELECT '2024-01-01'::timestamptz AS at, 'Ann'::text AS t, 'Ann'::varchar(5) AS v, 'Ann '::char(5) AS c, 'Ann'::name AS n, 'Ann'::d_text AS d;
CREATE TEMP VIEW numbers AS SELECT '2024-01-01'::timestamptz AS at, 7::smallint AS s, 7::int AS i, 7::bigint AS b, '7'::oid AS o, 7::d_int AS d;
SELECT is((SELECT array_agg(DISTINCT a) FROM (SELECT unnest(ARRAY[affinity.activity_agg(t, at, 'day'), affinity.activity_agg(v, at, 'day'),
	affinity.activity_agg(c, at, 'day'), affinity.activity_agg(n, at, 'day'), affinity.activity_agg(d, at, 'day')]) AS a FROM texts) s),
	(SELECT ARRAY[affinity.activity_agg(t, at, 'day')] FROM texts), 'texts of all types: the same activity');
SELECT is((SELECT array_agg(DISTINCT a) FROM (SELECT unnest(ARRAY[affinity.activity_agg(s, at, 'day'), affinity.activity_agg(i, at, 'day'),
	affinity.activity_agg(b, at, 'day'), affinity.activity_agg(o, at, 'day'), affinity.activity_agg(d, at, 'day')]) AS a FROM numbers) s),
	(SELECT ARRAY[affinity.activity_agg(b, at, 'day')] FROM numbers), 'numbers of all types: the same activity');
SELECT is((SELECT array_agg(DISTINCT a) FROM (SELECT unnest(ARRAY[affinity.funnel_agg(t, 1, 1, true), affinity.funnel_agg(v, 1, 1, true),
	affinity.funnel_agg(c, 1, 1, true), affinity.funnel_agg(n, 1, 1, true), affinity.funnel_agg(d, 1, 1, true)]) AS a FROM texts) s),
	(SELECT ARRAY[affinity.funnel_agg(t, 1, 1, true)] FROM texts), 'texts of all types: the same funnel');
SELECT is((SELECT array_agg(DISTINCT a) FROM (SELECT unnest(ARRAY[affinity.funnel_agg(s, 1, 1, true), affinity.funnel_agg(i, 1, 1, true),
	affinity.funnel_agg(b, 1, 1, true), affinity.funnel_agg(o, 1, 1, true), affinity.funnel_agg(d, 1, 1, true)]) AS a FROM numbers) s),
	(SELECT ARRAY[affinity.funnel_agg(b, 1, 1, true)] FROM numbers), 'numbers of all types: the same funnel');
SELECT is(affinity.users(affinity.rollup(a)), 1::bigint, 'text, varchar and char(n) merge')
FROM (SELECT affinity.value_agg(t, at, 1, 'day') AS a FROM texts UNION ALL SELECT affinity.value_agg(v, at, 1, 'day') FROM texts
	UNION ALL SELECT affinity.value_agg(c, at, 1, 'day') FROM texts) s;
SELECT is(affinity.jaccard(ARRAY[v], ARRAY[t]), 1::float8, 'varchar[] and text[]') FROM texts;
SELECT is(affinity.jaccard(ARRAY[c], ARRAY[t]), 1::float8, 'char(n)[] and text[]') FROM texts;
SELECT is(affinity.jaccard(ARRAY[s], ARRAY[b]), 1::float8, 'smallint[] and bigint[]') FROM numbers;

-- Ids that are looked up: what a model knows as lower(x::text) is not found by a citext.
CREATE TABLE facts AS SELECT u, i FROM (VALUES ('ann', 'tea'), ('ann', 'cup'), ('bob', 'tea'), ('bob', 'pot'), ('eve', 'pot'), ('eve', 'cup')) v(u, i);
SELECT affinity.create_model('m', 'SELECT u, i FROM facts', 'item_knn');
CREATE FUNCTION pg_temp.sought(type text, instead text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
	call text;
BEGIN
	EXECUTE format('CREATE TABLE people (user_id %1$s, item_id %1$s, items %2$s)', type, regexp_replace(type, '(^[a-z]+)', '\1[]'));
	INSERT INTO people VALUES ('ANN', 'TEA', '{TEA,CUP}');
	FOREACH call IN ARRAY ARRAY['recommend(user_id)', 'recommend(''bob'', candidates => items)', 'recommend(''eve'', exclude => items, exclude_seen => false)', 'recommend_for(items)',
			'recommend_for(''{cup}'', 10, items)', 'popular(10, candidates => items)', 'score(''ann'', items)', 'similar_items(item_id)', 'similar_users(user_id)', 'audience(item_id)',
			'explain(user_id, ''pot'')', 'explain(''bob'', item_id)'] LOOP
		RETURN NEXT matches((SELECT state || ' ' || said || ' ' || hint FROM pg_temp.ask('', 'SELECT count(*) FROM people, m.%s', call, '')),
			instead, type || ': ' || call);
		RETURN NEXT isnt((SELECT coalesce(n, 0) FROM pg_temp.ask('', 'SELECT count(*) FILTER (WHERE to_json(r) ->> ''personalized'' IS DISTINCT FROM ''false'') FROM people, m.%s r', regexp_replace(regexp_replace(call, '(user_id|item_id)', 'lower(\1::text COLLATE "C")'),
			'items(?!\()\M', 'ARRAY(SELECT lower(x::text COLLATE "C") FROM unnest(items) AS x)'), '')), 0::bigint, type || ': ' || call || ' as the hint says');
	END LOOP;
	DROP TABLE people;
END $$;
SELECT skip('citext is absent', 22) WHERE pg_temp.absent('citext');
SELECT pg_temp.sought('citext', '42804 is of type citext, which cannot be an id .*(lower\((user_id|item_id)::text\)|ARRAY\(SELECT lower\(x::text\) FROM unnest\((items|candidates)\) AS x\))')
WHERE NOT pg_temp.absent('citext');
SELECT skip('ICU is absent', 22) WHERE pg_temp.absent('icu');
SELECT pg_temp.sought('text COLLATE no_case', '0A000 has the nondeterministic collation no_case.* COLLATE "C", spelled as the model''s query spells it') WHERE NOT pg_temp.absent('icu');

SELECT finish();
ROLLBACK;
