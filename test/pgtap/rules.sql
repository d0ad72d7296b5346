-- Rules over a list against plain SQL: random mixes of them, filtered and
-- arranged anew from the full lists that the model gives without rules. Every
-- score is equal to the last bit. A failing test lists the calls that are wrong.
BEGIN;
SET client_min_messages = error;
SET check_function_bodies = off;
SET jit = off;
SELECT plan(56);
SELECT setseed(0.31);

-- 70 users, 160 items; user 900 is unknown, 901 has only what no model knows.
CREATE TABLE facts AS
SELECT u, i, least(5, 1 + floor(random() * 3 + (u * i % 7) / 3.0))::real AS w, now()::timestamp - random() * interval '60 days' AS at
FROM (SELECT (random() * random() * 69)::int AS u, (random() * random() * 170)::int AS i FROM generate_series(1, 2600)) r;
INSERT INTO facts SELECT u, i, w, at - interval '20 days' FROM facts WHERE random() < 0.3;
CREATE INDEX ON facts (u);
CREATE TABLE things AS
SELECT i AS item_id, chr(97 + i * i % 14) AS category, round((random() * 9 + 0.5)::numeric, 2)::float8 AS price, random() < 0.7 AS in_stock
FROM generate_series(0, 175) i WHERE i % 29 <> 3;
UPDATE things SET category = NULL WHERE item_id % 11 = 5;

CREATE TABLE models (name text PRIMARY KEY, algorithm text, options jsonb, query text, by_factors bool);
INSERT INTO models VALUES
	('knn', 'item_knn', '{"neighbors": 9}', 'SELECT u, i, w, at FROM facts', false),
	('signed', 'item_knn', '{"neighbors": 12, "weights": "signed"}', 'SELECT u, i, w - 3, at FROM facts', false),
	('next', 'next_item', '{}', 'SELECT u, i, w, at FROM facts', false),
	('again', 'buy_again', '{}', 'SELECT u, i, w, at FROM facts', false),
	('ease', 'ease', '{}', 'SELECT u, i, w, at FROM facts', false),
	('graph', 'graph_filter', '{}', 'SELECT u, i, w, at FROM facts', false),
	('popular', 'popular', '{}', 'SELECT u, i, w, at FROM facts', false),
	('ials', 'ials', '{"factors": 8, "iterations": 3}', 'SELECT u, i, w, at FROM facts', true),
	('als', 'als', '{"factors": 6, "iterations": 5}', 'SELECT u, i, w - 2, at FROM facts', true);
-- In group a, b or none; 12 users are in two.
CREATE TABLE members AS SELECT u, CASE u % 5 WHEN 0 THEN 'a' WHEN 1 THEN 'a' WHEN 2 THEN 'b' WHEN 3 THEN 'b' END AS g FROM generate_series(0, 80) u
UNION ALL SELECT u, 'b' FROM generate_series(0, 59, 5) u UNION ALL SELECT 3, 'b';
SELECT affinity.create_model(name, query, algorithm, options, user_groups => 'SELECT u, g FROM members') FROM models;
INSERT INTO facts SELECT 901, 999, 1, now();

-- ---- the full lists ------------------------------------------------------------

CREATE TABLE subjects AS
SELECT 'user' AS kind, u AS subject, NULL::int[] AS basket FROM unnest(ARRAY[0, 1, 2, 3, 5, 8, 13, 21, 34, 55, 900, 901]) u
UNION ALL SELECT 'repeat', u, NULL FROM unnest(ARRAY[1, 3, 8, 34]) u
UNION ALL SELECT 'basket', row_number() OVER (), b FROM (VALUES (ARRAY[0, 4, 9]), (ARRAY[17]), (ARRAY[2, 33, 61, 90]), ('{}'), (ARRAY[999])) v(b);
CREATE TABLE lists (model text, kind text, subject int, item int, score real, personalized bool);
CREATE FUNCTION pg_temp.make_lists(m text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE format('INSERT INTO lists SELECT %1$L, kind, subject, r.item_id, r.score, r.personalized
		FROM subjects, %1$I.recommend(subject, k => 1000, exclude_seen => false) r WHERE kind = ''user''', m);
	EXECUTE format('INSERT INTO lists SELECT %1$L, kind, subject, r.item_id, r.score, r.personalized
		FROM subjects, %1$I.recommend(subject, k => 1000, repeat => 0.4) r WHERE kind = ''repeat''', m);
	EXECUTE format('INSERT INTO lists SELECT %1$L, kind, subject, r.item_id, r.score, r.personalized
		FROM subjects, %1$I.recommend_for(basket, k => 1000) r WHERE kind = ''basket''', m);
END
$$;
SELECT pg_temp.make_lists(name) FROM models;
CREATE INDEX ON lists (model, kind, subject);
CREATE TABLE popularity (model text, item int, popularity real, PRIMARY KEY (model, item));
CREATE TABLE in_group (model text, g text, item int, score real, PRIMARY KEY (model, g, item));
-- How many users of a group have an item: those who like it, less those who do not, where weights have signs.
INSERT INTO in_group SELECT m.name, g, i, sum(CASE WHEN m.name <> 'signed' THEN 1 ELSE sign(s) END) AS score
FROM models m, (SELECT g, u, i, sum((w - 3)::real) AS s FROM facts JOIN (SELECT DISTINCT u, g FROM members WHERE g IS NOT NULL) x USING (u)
	GROUP BY 1, 2, 3) y GROUP BY 1, 2, 3 HAVING sum(CASE WHEN m.name <> 'signed' THEN 1 ELSE sign(s) END) > 0;
CREATE TABLE likeness (model text PRIMARY KEY, of_pair float8[]);	-- of a and b: at 1000 a + b
CREATE FUNCTION pg_temp.make_likeness(m text, by_factors bool) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE format('INSERT INTO popularity SELECT %1$L, item_id, popularity FROM %1$I.items', m);
	CREATE TEMP TABLE one (a int, b int, s float8);
	IF m NOT IN ('popular', 'again') THEN
		EXECUTE format('INSERT INTO one SELECT i.item_id, s.item_id,
			s.score::float8 / CASE WHEN %2$L THEN 1 ELSE max(s.score) OVER (PARTITION BY i.item_id) END::float8
			FROM %1$I.items i, %1$I.similar_items(i.item_id, 1000) s', m, by_factors);
	END IF;
	INSERT INTO likeness SELECT m, array_agg(coalesce(s, 0) ORDER BY n) FROM generate_series(0, 200000) n
		LEFT JOIN (SELECT a, b, max(s) AS s FROM (SELECT * FROM one UNION ALL SELECT b, a, s FROM one) x GROUP BY a, b) y ON 1000 * a + b = n;
	DROP TABLE one;
END
$$;
SELECT pg_temp.make_likeness(name, by_factors) FROM models;

-- ---- rules in SQL --------------------------------------------------------------

CREATE FUNCTION pg_temp.ranked(m text, the_kind text, the_subject int, a jsonb, pins int[])
RETURNS TABLE (item int, score real, personalized bool, category text, pinned bool, place bigint) LANGUAGE plpgsql AS $$
DECLARE
	boost_sql text := CASE WHEN a ? 'boost' AND a->>'boost' NOT LIKE '{%' THEN a->>'boost' ELSE '1' END;
	given jsonb := CASE WHEN a->>'boost' LIKE '{%' THEN (a->>'boost')::jsonb ELSE '{}' END;
	not_positive_too bool := (SELECT by_factors FROM models WHERE name = m) AND the_kind <> 'repeat';
BEGIN
	RETURN QUERY EXECUTE format($q$
	WITH seen AS (
		SELECT i FROM facts WHERE u = %L AND %L <> 'basket' GROUP BY i
		HAVING CASE WHEN %L THEN max(at) > localtimestamp - (%L::jsonb->>'not_within')::interval
			ELSE NOT %L AND coalesce((%L::jsonb->>'exclude_seen')::bool, true) END
	), known AS (
		SELECT l.item, l.score, l.personalized, p.popularity, t.category,
			coalesce((%L::jsonb->>l.item::text)::real, (%s)::real, 1)::float8
				* power(1 + greatest(p.popularity, 0)::float8, -coalesce((%L::jsonb->>'penalty')::float8, 0) / 2) AS factor,
			CASE WHEN (%L::jsonb->>'user_group') IN ('a', 'b') THEN coalesce(g.score, 0) ELSE p.popularity END AS there, g.item IS NOT NULL AS listed,
			array_position(%L::int[], l.item) IS NOT NULL AS pinned, l.item IN (SELECT i FROM seen) AS seen
		FROM lists l JOIN popularity p ON p.model = l.model AND p.item = l.item LEFT JOIN things t ON t.item_id = l.item
		LEFT JOIN in_group g ON g.model = l.model AND g.item = l.item AND g.g = %L::jsonb->>'user_group'
		WHERE l.model = %L AND l.kind = %L AND l.subject = %L AND (NOT %L OR (t.item_id IS NOT NULL AND (%s)))
			AND l.item <> ALL (coalesce((%L::jsonb->>'exclude')::int[], '{}'))
			AND (NOT %L OR l.item = ANY ((%L::jsonb->>'candidates')::int[]))
	), counted AS (
		SELECT k.*, bool_or(k.personalized) OVER () AS any_personalized,
			CASE WHEN k.score < 0 THEN k.score::float8 / factor ELSE k.score::float8 * factor END::real AS changed,
			CASE WHEN k.there < 0 THEN k.there::float8 / factor ELSE k.there::float8 * factor END::real AS known_to,
			CASE WHEN k.popularity < 0 THEN k.popularity::float8 / factor ELSE k.popularity::float8 * factor END::real AS known_to_all
		FROM known k WHERE pinned OR NOT seen
	)
	SELECT c.item, CASE WHEN c.personalized THEN changed WHEN any_personalized THEN 0 ELSE known_to END, c.personalized, c.category, c.pinned,
		row_number() OVER (ORDER BY c.seen, CASE WHEN NOT c.personalized THEN 1 WHEN changed >= 0 OR %L THEN 0 ELSE 2 END,
			CASE WHEN c.personalized THEN changed WHEN listed THEN known_to END DESC NULLS LAST,
			CASE WHEN NOT c.personalized AND NOT listed THEN known_to_all END DESC, c.item)
	FROM counted c WHERE NOT c.seen OR c.pinned$q$,
		the_subject, the_kind, a ? 'not_within', a, the_kind = 'repeat' OR m = 'again', a, given, boost_sql, a, a, pins, a, m, the_kind, the_subject,
		a ? 'eligible', coalesce(replace(a->>'eligible', '$1', quote_nullable(a->>'parameters') || '::jsonb'), 'true'), a, a ? 'candidates', a,
		not_positive_too);
END
$$;

CREATE FUNCTION pg_temp.arranged(m text, the_kind text, the_subject int, a jsonb)
RETURNS TABLE (item int, score real, rank int, personalized bool) LANGUAGE plpgsql AS $$
DECLARE
	pins int[] := (a->>'pin')::int[];
	most_of_group int := coalesce((a->>'max_per_group')::int, 0);
	d float8 := coalesce((a->>'diversity')::float8, 0);
	e float8 := coalesce((a->>'exploration')::float8, 0);
	h0 bigint := hashtextextended(CASE WHEN the_kind = 'basket' THEN '' ELSE the_subject::text END,
		coalesce((a->>'seed')::bigint, current_date - date '2000-01-01'));
	after int := coalesce((a->>'after_rank')::int, 0);
	last int := after + coalesce((a->>'k')::int, 10);
	sim float8[] := (SELECT of_pair FROM likeness WHERE model = m);
	items int[]; scores real[]; pers bool[]; cats text[]; first real; n int; n_pins int;
	taken bool[]; nearest float8[]; counts jsonb := '{}'; win int[]; best int; best_value float8; v float8; h bigint; w int;
BEGIN
	CREATE TEMP TABLE r ON COMMIT DROP AS SELECT * FROM pg_temp.ranked(m, the_kind, the_subject, a, pins);
	-- the first of the ranked rows is not a pinned one that was seen: those come last here
	SELECT x.score INTO first FROM r x WHERE NOT x.pinned OR the_kind = 'basket' OR NOT EXISTS (SELECT FROM facts f WHERE f.u = the_subject AND f.i = x.item)
		OR a->>'exclude_seen' = 'false' ORDER BY place LIMIT 1;
	SELECT array_agg(x.item ORDER BY o), array_agg(x.score ORDER BY o), array_agg(x.personalized ORDER BY o), array_agg(x.category ORDER BY o), count(*),
		count(*) FILTER (WHERE x.pinned)
	INTO items, scores, pers, cats, n, n_pins
	FROM (SELECT y.*, CASE WHEN y.pinned THEN array_position(pins, y.item) ELSE 1000000 + y.place END AS o
		FROM r y WHERE y.pinned OR (y.score >= coalesce((a->>'min_score')::float8, '-infinity'))) x;
	DROP TABLE r;
	taken := array_fill(false, ARRAY[n]);
	nearest := array_fill(0::float8, ARRAY[n]);
	FOR position IN 1 .. least(n, last) LOOP
		best := NULL;
		IF position <= n_pins THEN
			best := position;
		ELSE
			win := '{}';
			FOR j IN n_pins + 1 .. n LOOP
				CONTINUE WHEN taken[j] OR (most_of_group > 0 AND cats[j] IS NOT NULL AND coalesce((counts->>cats[j])::int, 0) >= most_of_group);
				win := win || j;
				EXIT WHEN cardinality(win) = CASE WHEN d > 0 OR e > 0 THEN 100 ELSE 1 END;
			END LOOP;
			w := cardinality(win);
			EXIT WHEN w = 0;
			h := hashint8extended(position, h0);
			IF e > 0 AND ((h >> 32) & 4294967295)::float8 < e * 4294967296 THEN
				best := win[1 + CASE WHEN w > 1 THEN 1 + (h & 4294967295) % (w - 1) ELSE 0 END];
			ELSE
				best_value := NULL;
				FOREACH w IN ARRAY win LOOP
					v := (1 - d) * CASE WHEN first = 0 THEN 0 ELSE scores[w]::float8 / abs(first::float8) END - d * nearest[w];
					IF best_value IS NULL OR v > best_value THEN
						best := w;
						best_value := v;
					END IF;
					EXIT WHEN d = 0;
				END LOOP;
			END IF;
		END IF;
		taken[best] := true;
		IF cats[best] IS NOT NULL THEN
			counts := counts || jsonb_build_object(cats[best], coalesce((counts->>cats[best])::int, 0) + 1);
		END IF;
		IF d > 0 THEN
			FOR j IN 1 .. n LOOP
				nearest[j] := greatest(nearest[j], sim[1 + 1000 * items[best] + items[j]]);
			END LOOP;
		END IF;
		IF position > after THEN
			item := items[best]; score := scores[best]; rank := position; personalized := pers[best];
			RETURN NEXT;
		END IF;
	END LOOP;
END
$$;

-- ---- random mixes --------------------------------------------------------------

CREATE FUNCTION pg_temp.some(most int, upto int) RETURNS text LANGUAGE sql VOLATILE AS $$
	SELECT coalesce(array_agg(i), '{}')::text FROM (SELECT DISTINCT (random() * upto)::int AS i FROM generate_series(1, 1 + (random() * most)::int)) x
$$;
CREATE FUNCTION pg_temp.mix() RETURNS jsonb LANGUAGE sql VOLATILE AS $$
	SELECT jsonb_strip_nulls(jsonb_build_object(
		'k', (ARRAY[1, 5, 10, 30, 200])[1 + floor(random() * 5)],
		'eligible', CASE WHEN random() < 0.4 THEN (ARRAY['in_stock', 'price < 4 AND in_stock', 'price < ($1->>''most'')::float8', 'category = ''b'''])[1 + floor(random() * 4)] END,
		'parameters', '{"most": 6}',
		'max_per_group', CASE WHEN random() < 0.4 THEN (ARRAY[1, 2, 5])[1 + floor(random() * 3)] END,
		'boost', CASE WHEN random() < 0.4 THEN (ARRAY['price', '1 / price', 'CASE WHEN in_stock THEN 1.25 END', '{"5": 3, "8": 0.2, "40": 10}'])[1 + floor(random() * 4)] END,
		'penalty', CASE WHEN random() < 0.3 THEN (ARRAY[0.2, 0.5, 1])[1 + floor(random() * 3)] END,
		'diversity', CASE WHEN random() < 0.4 THEN (ARRAY[0.1, 0.5, 0.9, 1])[1 + floor(random() * 4)] END,
		'exploration', CASE WHEN random() < 0.3 THEN (ARRAY[0.1, 0.5, 1])[1 + floor(random() * 3)] END,
		'seed', CASE WHEN random() < 0.7 THEN (random() * 1e9)::bigint - 500000000 END,
		'min_score', CASE WHEN random() < 0.15 THEN (ARRAY[0.0001, 0.05, -0.05, 0])[1 + floor(random() * 4)] END,
		'after_rank', CASE WHEN random() < 0.3 THEN (ARRAY[3, 10, 100])[1 + floor(random() * 3)] END,
		'pin', CASE WHEN random() < 0.3 THEN pg_temp.some(5, 180) END,
		'exclude', CASE WHEN random() < 0.3 THEN pg_temp.some(30, 180) END,
		'candidates', CASE WHEN random() < 0.2 THEN pg_temp.some(120, 180) END,
		'user_group', CASE WHEN random() < 0.4 THEN (ARRAY['a', 'b', 'unknown'])[1 + floor(random() * 3)] END))
$$;
CREATE FUNCTION pg_temp.args(a jsonb) RETURNS text LANGUAGE sql AS $$
	SELECT string_agg(format('%I => %L::%s', key, value, CASE WHEN key IN ('pin', 'exclude', 'candidates') THEN 'int[]'
		WHEN key IN ('k', 'max_per_group', 'seed', 'after_rank') THEN 'bigint' WHEN key IN ('eligible', 'boost', 'user_group') THEN 'text'
		WHEN key = 'exclude_seen' THEN 'bool' WHEN key = 'not_within' THEN 'interval' WHEN key = 'parameters' THEN 'jsonb' ELSE 'float8' END), ', ' ORDER BY key)
	FROM jsonb_each_text(a)
$$;
CREATE FUNCTION pg_temp.call(m text, the_kind text, the_subject int, a jsonb) RETURNS text LANGUAGE sql AS $$
	SELECT CASE WHEN the_kind = 'basket' THEN format('SELECT item_id, score, rank, personalized FROM %I.recommend_for(%L::int[], %s)', m,
			(SELECT basket FROM subjects WHERE kind = the_kind AND subject = the_subject), pg_temp.args(a))
		ELSE format('SELECT item_id, score, rank, personalized FROM %I.recommend(%s, %s%s)', m, the_subject,
			CASE WHEN the_kind = 'repeat' THEN 'repeat => 0.4, ' ELSE '' END, pg_temp.args(a)) END
$$;
-- Calls that do not give what the oracle says.
CREATE FUNCTION pg_temp.wrong_calls(m text, the_kind text, n int) RETURNS TABLE (call text, got text, want text) LANGUAGE plpgsql AS $$
DECLARE
	a jsonb;
	s int;
BEGIN
	FOR round IN 1 .. n LOOP
		a := pg_temp.mix();
		IF the_kind <> 'basket' AND random() < 0.3 THEN
			a := a || jsonb_build_object('not_within', (ARRAY['0', '10 days', '35 days', '1 year'])[1 + floor(random() * 4)]);
		END IF;
		IF the_kind = 'user' AND random() < 0.3 THEN
			a := a || '{"exclude_seen": false}';
		END IF;
		SELECT subject INTO s FROM subjects WHERE kind = the_kind ORDER BY random() LIMIT 1;
		IF the_kind = 'basket' THEN	-- what a basket holds has no score in its full list
			a := a - 'pin';
		END IF;
		call := pg_temp.call(m, the_kind, s, a);
		EXECUTE format('SELECT string_agg(r::text, '' '' ORDER BY rank) FROM (%s) r', call) INTO got;
		SELECT string_agg(x::text, ' ' ORDER BY x.rank) INTO want FROM pg_temp.arranged(m, the_kind, s, a) x;
		IF got IS DISTINCT FROM want THEN
			RETURN NEXT;
		END IF;
	END LOOP;
END
$$;
SELECT affinity.set_rules(name, items => 'things', group_by => 'category') FROM models;
SELECT is_empty(format('SELECT * FROM pg_temp.wrong_calls(%L, %L, %s)', name, kind, n), format('%s, %s: lists are as SQL makes them', name, kind))
FROM models, (VALUES ('user', 40), ('repeat', 12), ('basket', 15)) k(kind, n) ORDER BY name, kind;

-- ---- all users ------------------------------------------------------------------

CREATE FUNCTION pg_temp.wrong_batches(m text, n int) RETURNS TABLE (call text, wrong bigint) LANGUAGE plpgsql AS $$
DECLARE
	a jsonb;
	args text;
BEGIN
	FOR round IN 1 .. n LOOP
		a := pg_temp.mix() - 'user_group';
		IF random() < 0.3 THEN
			a := a || jsonb_build_object('not_within', (ARRAY['0', '10 days', '35 days', '1 year'])[1 + floor(random() * 4)]);
		END IF;
		args := CASE WHEN random() < 0.3 THEN 'repeat => 0.4, ' ELSE '' END || pg_temp.args(a);
		call := format('%I.recommend_all(%s%s)', m, args,
			CASE WHEN random() < 0.3 THEN $q$, users => 'SELECT u FROM facts WHERE u % 3 = 1'$q$ ELSE '' END);
		EXECUTE format($q$SELECT count(*) FROM (SELECT * FROM %1$s) b FULL JOIN
			(SELECT u AS user_id, r.* FROM (SELECT DISTINCT u FROM facts WHERE NOT %2$L OR u %% 3 = 1) f, %3$I.recommend(u, %4$s) r) o
			USING (user_id, rank) WHERE (b.item_id, b.score, b.personalized) IS DISTINCT FROM (o.item_id, o.score, o.personalized)$q$,
			call, call LIKE '%users =>%', m, args) INTO wrong;
		IF wrong > 0 THEN
			RETURN NEXT;
		END IF;
	END LOOP;
END
$$;
SELECT is_empty(format('SELECT * FROM pg_temp.wrong_batches(%L, 12)', name), format('%s: all lists are those of each user', name))
FROM models ORDER BY name;

-- ---- rules of the model ---------------------------------------------------------

-- What a call does not say is as set_rules has it; both conditions hold, and what
-- either leaves out is left out.
CREATE FUNCTION pg_temp.wrong_settings(m text, n int) RETURNS TABLE (set jsonb, call text, got text, want text) LANGUAGE plpgsql AS $$
DECLARE
	a jsonb;
	s int;
BEGIN
	FOR round IN 1 .. n LOOP
		set := pg_temp.mix() - '{k, candidates, seed, after_rank, parameters, user_group}'::text[];
		IF set->>'eligible' LIKE '%$1%' THEN
			set := set - 'eligible';
		END IF;
		IF random() < 0.3 THEN
			set := set || '{"not_within": "20 days"}';
		END IF;
		EXECUTE format('SELECT affinity.set_rules(%L, items => ''things'', group_by => ''category''%s)', m, ', ' || pg_temp.args(set));
		a := pg_temp.mix();
		a := CASE WHEN random() < 0.5 THEN jsonb_build_object('k', 20, 'seed', a->'seed') ELSE a || '{"seed": 3}' END;
		SELECT subject INTO s FROM subjects WHERE kind = 'user' ORDER BY random() LIMIT 1;
		call := pg_temp.call(m, 'user', s, jsonb_strip_nulls(a));
		EXECUTE format('SELECT string_agg(r::text, '' '' ORDER BY rank) FROM (%s) r', call) INTO got;
		SELECT string_agg(x::text, ' ' ORDER BY x.rank) INTO want FROM pg_temp.arranged(m, 'user', s, jsonb_strip_nulls(set || a || jsonb_build_object(
			'eligible', CASE WHEN set ? 'eligible' AND a ? 'eligible' THEN format('(%s) AND (%s)', set->>'eligible', a->>'eligible')
				ELSE coalesce(set->>'eligible', a->>'eligible') END,
			'exclude', (coalesce((set->>'exclude')::int[], '{}') || coalesce((a->>'exclude')::int[], '{}'))::text))) x;
		IF got IS DISTINCT FROM want THEN
			RETURN NEXT;
		END IF;
	END LOOP;
	PERFORM affinity.set_rules(m, items => 'things', group_by => 'category');
END
$$;
SELECT is_empty(format('SELECT * FROM pg_temp.wrong_settings(%L, 12)', name), format('%s: rules of the model hold', name)) FROM models ORDER BY name;
SELECT affinity.set_rules('knn', repeat => 0.4);
SELECT results_eq('SELECT item_id, score, rank FROM knn.recommend(3)', 'SELECT item_id, score, rank FROM knn.recommend(3, repeat => 0.4)', 'a share of repeats is a rule');
SELECT isnt((SELECT array_agg(item_id) FROM knn.recommend(3)), (SELECT array_agg(item_id) FROM knn.recommend(3, repeat => 0)), 'and a call says another');
SELECT affinity.set_rules('knn', items => 'things', group_by => 'category');

-- ---- pages ---------------------------------------------------------------------

CREATE FUNCTION pg_temp.wrong_pages(m text, n int) RETURNS TABLE (args text) LANGUAGE plpgsql AS $$
DECLARE
	wrong bigint;
BEGIN
	FOR round IN 1 .. n LOOP
		args := pg_temp.args(pg_temp.mix() - 'after_rank' || '{"k": 10, "seed": 5}');
		EXECUTE format($q$SELECT count(*) FROM (SELECT p.* FROM (VALUES (0), (10), (20)) v(page), %1$I.recommend(8, after_rank => page, %2$s) p) p
			FULL JOIN %1$I.recommend(8, %3$s) w USING (rank) WHERE (p.item_id, p.score, p.personalized) IS DISTINCT FROM (w.item_id, w.score, w.personalized)$q$,
			m, args, replace(args, $q$k => '10'$q$, $q$k => '30'$q$)) INTO wrong;
		IF wrong > 0 THEN
			RETURN NEXT;
		END IF;
	END LOOP;
END
$$;
SELECT is_empty(format('SELECT * FROM pg_temp.wrong_pages(%L, 12)', name), format('%s: three pages are one list', name)) FROM models ORDER BY name;

ROLLBACK;
