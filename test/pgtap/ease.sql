-- ease: both methods against the closed form by elimination in plpgsql and
-- against ridge regressions over chosen candidates; what is kept, edges, errors.
-- Larger matrices are compared with numpy's inverse in test/t/060_ease.pl.
BEGIN;
SET client_min_messages = error;	-- returns are told in a warning
SET check_function_bodies = off;
SET jit = off;
SELECT plan(72);
SELECT setseed(0.17);

-- 110 users, 15 items of different popularity, all of which meet.
CREATE TABLE purchases AS
SELECT (random() * 109)::int AS u, (random() * sqrt(random()) * 14)::int * 3 AS i,
	CASE WHEN random() < 0.1 THEN -1 ELSE ceil(random() * 6) / 2 END::real AS w
FROM generate_series(1, 1300);
INSERT INTO purchases SELECT u, i, w FROM purchases WHERE random() < 0.1;
INSERT INTO purchases SELECT u, i * 3, 1 FROM generate_series(0, 109) u, generate_series(0, 14) i WHERE u % 12 = 0;
INSERT INTO purchases VALUES (NULL, 1, 1), (1, NULL, 1), (1, 1, NULL), (300, 99, -2), (300, 99, 2);

CREATE FUNCTION pg_temp.counted(o jsonb)
RETURNS TABLE (u int, i int, x float8) LANGUAGE sql STABLE AS $$
	SELECT u, i, CASE coalesce(o->>'weights', 'binary') WHEN 'log' THEN ln(1 + w) WHEN 'sqrt' THEN sqrt(w)
		WHEN 'linear' THEN w ELSE 1 END
	FROM (SELECT u, i, sum(w::float8) AS w FROM purchases WHERE u IS NOT NULL AND i IS NOT NULL AND w IS NOT NULL
		GROUP BY u, i HAVING sum(w::float8) > 0) p
$$;

-- X'WX of items numbered from 1, and the penalties.
CREATE FUNCTION pg_temp.prepare(o jsonb) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	DROP TABLE IF EXISTS gram, item;
	CREATE TEMP TABLE item AS
	SELECT i, row_number() OVER (ORDER BY i)::int AS no, sum(x * x) AS d,
		(o->>'regularization')::float8 * (sum(x * x) / avg(sum(x * x)) OVER ())
			^ coalesce((o->>'regularization_exponent')::float8, 0) AS penalty
	FROM pg_temp.counted(o) GROUP BY i;
	CREATE TEMP TABLE gram AS
	WITH x AS (SELECT c.u, c.i, c.x, item.no FROM pg_temp.counted(o) c JOIN item USING (i)),
	users AS (SELECT u, sum(x) AS d, sum(x) ^ -coalesce((o->>'user_exponent')::float8, 0) AS w FROM x GROUP BY u),
	scaled AS (SELECT u, w * (SELECT sum(d) / sum(d * w) FROM users) AS w FROM users)
	SELECT a.no AS i, b.no AS j, sum(w * a.x * b.x) AS g
	FROM x a JOIN x b ON b.u = a.u JOIN scaled s ON s.u = a.u GROUP BY a.no, b.no;
END $$;

-- The solution of a x = b by elimination; a by rows.
CREATE FUNCTION pg_temp.solve(a float8[], b float8[]) RETURNS float8[] LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
	n int := cardinality(b);
	f float8;
BEGIN
	FOR k IN 1 .. n LOOP
		FOR r IN k + 1 .. n LOOP
			f := a[(r - 1) * n + k] / a[(k - 1) * n + k];
			FOR c IN k + 1 .. n LOOP
				a[(r - 1) * n + c] := a[(r - 1) * n + c] - f * a[(k - 1) * n + c];
			END LOOP;
			b[r] := b[r] - f * b[k];
		END LOOP;
	END LOOP;
	FOR k IN REVERSE n .. 1 LOOP
		FOR c IN k + 1 .. n LOOP
			b[k] := b[k] - a[(k - 1) * n + c] * b[c];
		END LOOP;
		b[k] := b[k] / a[(k - 1) * n + k];
	END LOOP;
	RETURN b;
END $$;

-- B of the closed form: column j of P is the solution for a unit vector.
CREATE FUNCTION pg_temp.closed_form(o jsonb)
RETURNS TABLE (i int, j int, b float8) LANGUAGE plpgsql AS $$
DECLARE
	n int;
	a float8[];
BEGIN
	PERFORM pg_temp.prepare(o);
	SELECT count(*), (SELECT array_agg(coalesce(g.g, 0) + CASE WHEN r.no = c.no THEN r.penalty ELSE 0 END
			ORDER BY r.no, c.no)
		FROM item r CROSS JOIN item c LEFT JOIN gram g ON g.i = r.no AND g.j = c.no)
	INTO n, a FROM item;
	RETURN QUERY SELECT r.i, c.i, -p.p[r.no] / p.p[c.no]
	FROM item c, LATERAL (SELECT pg_temp.solve(a, (SELECT array_agg((k = c.no)::int::float8 ORDER BY k)
		FROM generate_series(1, n) k)) AS p) p, item r WHERE r.no <> c.no;
END $$;

-- Column by column: ridge regression of j on its best candidates.
CREATE FUNCTION pg_temp.ridge(o jsonb)
RETURNS TABLE (i int, j int, b float8) LANGUAGE plpgsql AS $$
DECLARE
	target record;
	s int[];
	solution float8[];
BEGIN
	PERFORM pg_temp.prepare(o);
	FOR target IN SELECT * FROM item LOOP
		SELECT array_agg(c.no ORDER BY c.no) INTO s FROM (
			SELECT item.no FROM gram g JOIN item ON item.no = g.i
			WHERE g.j = target.no AND g.i <> target.no AND g.g > 0
			ORDER BY g.g * item.d ^ -coalesce((o->>'candidate_exponent')::float8, 0.3) DESC, item.no
			LIMIT (o->>'candidates')::int) c;
		SELECT pg_temp.solve((SELECT array_agg(coalesce(g.g, 0) + CASE WHEN r = c THEN item.penalty ELSE 0 END ORDER BY r, c)
				FROM unnest(s) r CROSS JOIN unnest(s) c JOIN item ON item.no = r LEFT JOIN gram g ON g.i = r AND g.j = c),
			(SELECT array_agg(g.g ORDER BY g.i) FROM gram g WHERE g.j = target.no AND g.i = ANY (s)))
		INTO solution;
		RETURN QUERY SELECT item.i, target.i, solution[k] FROM generate_subscripts(s, 1) k JOIN item ON item.no = s[k];
	END LOOP;
END $$;

-- One test: a model of these options has the weights of the oracle.
CREATE FUNCTION pg_temp.check_weights(o jsonb, oracle text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	answer text;
BEGIN
	PERFORM affinity.create_model('m', 'SELECT u, i, w FROM purchases', 'ease', o || '{"neighbors": 10000}');
	answer := is_empty(format($q$
		SELECT e.i, e.j, e.b, n.score FROM pg_temp.%s(%L) e
		FULL JOIN m.neighbors n ON n.item_id = e.i AND n.neighbor_id = e.j
		WHERE (abs(n.score - e.b) <= 1e-5) IS NOT TRUE AND NOT (n.score IS NULL AND abs(e.b) < 1e-9) LIMIT 5 $q$,
		oracle, o), o::text);
	PERFORM affinity.drop_model('m');
	RETURN answer;
END $$;

SELECT pg_temp.prepare('{"regularization": 1}');
SELECT results_eq('SELECT count(*), min(g) > 0 FROM gram', 'SELECT count(*) * count(*), true FROM item', 'all items meet each other');
SELECT cmp_ok((SELECT max(d) / min(d) FROM item), '>', 3::float8, 'but not all are as popular');

-- the closed form, dense, then sparse with everything as candidate
SELECT pg_temp.check_weights(jsonb_build_object('method', m, 'candidates', 100, 'user_exponent', 0, 'regularization_exponent', 0,
	'regularization', r, 'weights', w), 'closed_form')
FROM unnest(ARRAY['dense', 'sparse']) m, unnest(ARRAY[0.5, 30, 2000]) r, unnest(ARRAY['binary', 'linear']) w;
SELECT pg_temp.check_weights(jsonb_build_object('method', m, 'candidates', 100, 'user_exponent', p, 'regularization_exponent', e,
	'regularization', 20, 'weights', w), 'closed_form')
FROM unnest(ARRAY['dense', 'sparse']) m, (VALUES (0.5, 0.5, 'log'), (2, 0, 'sqrt'), (0, 2, 'linear'), (1, 1, 'binary')) v(p, e, w);

-- candidates
SELECT pg_temp.check_weights(jsonb_build_object('method', 'sparse', 'candidates', n, 'candidate_exponent', a,
	'user_exponent', p, 'regularization_exponent', e, 'regularization', 10, 'weights', w), 'ridge')
FROM (VALUES (1, 0.3, 0, 0, 'linear'), (4, 0, 0.5, 0.5, 'log'), (9, 1, 0.7, 0, 'linear'), (13, 2, 0, 1, 'sqrt')) v(n, a, p, e, w);

-- ---- what is kept, and in which order -----------------------------------------

CREATE TEMP TABLE everything AS SELECT * FROM pg_temp.closed_form('{"regularization": 3, "weights": "linear"}');
SELECT affinity.create_model('m', 'SELECT u, i, w FROM purchases', 'ease', '{"method": "dense", "regularization": 3, "weights": "linear", "neighbors": 7}');
SELECT cmp_ok((SELECT count(*) FROM m.neighbors WHERE score < 0), '>', 10::bigint, 'there are weights below 0');
SELECT is_empty($$
	SELECT * FROM (SELECT i, j, row_number() OVER (PARTITION BY i ORDER BY abs(b) DESC) <= 7 AS kept FROM everything) e
	FULL JOIN m.neighbors n ON n.item_id = e.i AND n.neighbor_id = e.j
	WHERE kept IS DISTINCT FROM (n.item_id IS NOT NULL)$$, 'those farthest from 0 are kept');
SELECT is_empty($$
	SELECT * FROM (SELECT *, row_number() OVER (PARTITION BY item_id ORDER BY score DESC, neighbor_id) AS no FROM m.neighbors) n
	WHERE no <> rank$$, 'listed from the largest to the smallest');
SELECT results_eq($$SELECT training->'dense', (training->>'weights')::bigint FROM affinity.models WHERE name = 'm'$$,
	$$SELECT '1'::jsonb, count(*) FROM m.neighbors$$, 'the figures of the training');
SELECT results_eq('SELECT item_id, popularity::bigint FROM m.items ORDER BY item_id',
	$$SELECT i, count(*) FROM pg_temp.counted('{}') GROUP BY i ORDER BY i$$, 'popularity is the number of users');
SELECT is_empty($$
	SELECT * FROM (SELECT DISTINCT u FROM purchases WHERE u < 110) users, LATERAL (
		SELECT s.item_id, s.score, e.score AS expected
		FROM m.score(u, ARRAY(SELECT item_id FROM m.items)) s
		JOIN (SELECT n.neighbor_id, sum(c.x * n.score) AS score FROM pg_temp.counted('{"weights": "linear"}') c
			JOIN m.neighbors n ON n.item_id = c.i WHERE c.u = users.u GROUP BY 1) e ON e.neighbor_id = s.item_id
		WHERE s.personalized AND abs(s.score - e.score) > 1e-4 * (1 + abs(e.score))) wrong LIMIT 5$$,
	'a score is the sum of the weights of the history');
SELECT affinity.refresh_model('m');
SELECT is_empty($$SELECT i, j FROM everything WHERE j IS NULL$$, 'a refresh works');
SELECT affinity.drop_model('m');

-- ---- defaults that depend on the method -----------------------------------------

SELECT affinity.create_model(method, 'SELECT u, i FROM purchases', 'ease', jsonb_build_object('method', method)),
	affinity.create_model(method || ' said', 'SELECT u, i FROM purchases', 'ease',
		jsonb_build_object('method', method, 'user_exponent', e, 'regularization_exponent', e, 'regularization', r))
FROM (VALUES ('dense', 0, 500), ('sparse', 0.5, 100)) v(method, e, r) \g /dev/null
SELECT results_eq('SELECT item_no, neighbors, scores FROM ' || quote_ident(m) || '.items ORDER BY 1',
	'SELECT item_no, neighbors, scores FROM ' || quote_ident(m || ' said') || '.items ORDER BY 1', 'the defaults of ' || m)
FROM unnest(ARRAY['dense', 'sparse']) m;
SELECT is((SELECT options->'regularization' FROM affinity.models WHERE name = 'sparse'), '"auto"', 'the option stays open for a refresh');
SELECT lives_ok($$SELECT affinity.refresh_model('sparse')$$, 'and can be read back');

-- ---- edges ------------------------------------------------------------------------

CREATE FUNCTION pg_temp.weights_of(query text, o text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	answer text;
BEGIN
	PERFORM affinity.create_model('m', query, 'ease', o::jsonb);
	SELECT string_agg(format('%s>%s %s', item_id, neighbor_id, round(score::numeric, 4)), ', ' ORDER BY item_id, neighbor_id)
	INTO answer FROM m.neighbors;
	PERFORM affinity.drop_model('m');
	RETURN coalesce(answer, 'none');
EXCEPTION WHEN OTHERS THEN
	RETURN SQLSTATE || ' ' || SQLERRM;
END $$;

SELECT is(pg_temp.weights_of('SELECT u, 7 FROM generate_series(1, 5) u', format('{"method": "%s"}', m)), 'none', 'one item, ' || m)
FROM unnest(ARRAY['dense', 'sparse']) m;
-- one user: G is all ones; P = (I - J / (r + n)) / r, so B = 1 / (r + n - 1)
SELECT is(pg_temp.weights_of('SELECT 1, i FROM generate_series(1, 3) i', format('{"method": "%s", "regularization": 2}', m)),
	'1>2 0.2500, 1>3 0.2500, 2>1 0.2500, 2>3 0.2500, 3>1 0.2500, 3>2 0.2500', 'one user, ' || m)
FROM unnest(ARRAY['dense', 'sparse']) m;
-- all have item 1, nobody else anything in common: b = 1 / (r + 4) from 1, 1 / (r + 1) each to 1
SELECT is(pg_temp.weights_of('SELECT u, i FROM generate_series(1, 2) u, LATERAL (VALUES (1), (10 + u)) v(i)',
	'{"method": "sparse", "user_exponent": 0, "regularization_exponent": 0, "regularization": 1}'),
	'1>11 0.3333, 1>12 0.3333, 11>1 0.5000, 12>1 0.5000', 'an item that all have');
SELECT is(pg_temp.weights_of('SELECT u, i FROM generate_series(1, 2) u, LATERAL (VALUES (1), (10 + u)) v(i) UNION ALL SELECT 3, 1',
	'{"method": "dense", "regularization": 0}'),
	'1>11 0.5000, 1>12 0.5000, 11>1 1.0000, 11>12 -0.5000, 12>1 1.0000, 12>11 -0.5000', 'no regularization, where it can be done without');
SELECT is(pg_temp.weights_of('SELECT u, i FROM generate_series(1, 9) u, generate_series(1, 3) i', format('{"method": "%s", "regularization": 0}', m)),
	'22023 the matrix of items cannot be inverted with regularization 0', 'nor can it be done without for equal items, ' || m)
FROM unnest(ARRAY['dense', 'sparse']) m;
-- larger and smaller weights with the regularization in proportion
SELECT is(pg_temp.weights_of(format('SELECT u, i, (%s * (1 + u %% 2))::real FROM generate_series(1, 40) u, generate_series(1, 9) i WHERE (u * i) %% 7 < 3', f),
	format('{"method": "%s", "weights": "linear", "regularization": %s}', m, r)),
	pg_temp.weights_of('SELECT u, i, 1 + u % 2 FROM generate_series(1, 40) u, generate_series(1, 9) i WHERE (u * i) % 7 < 3',
	format('{"method": "%s", "weights": "linear", "regularization": 1e-4}', m)), format('weights of %s, %s', f, m))
FROM unnest(ARRAY['dense', 'sparse']) m, (VALUES ('1e6', '1e8'), ('1e-4', '1e-12')) v(f, r);
SELECT unalike(pg_temp.weights_of('SELECT u, i, 3e38::real FROM generate_series(1, 40) u, generate_series(1, 9) i WHERE (u * i) % 7 < 3',
	format('{"method": "%s", "weights": "linear", "regularization": 1e12}', m)), '%NaN%', 'huge weights, ' || m)
FROM unnest(ARRAY['dense', 'sparse']) m;
SELECT unalike(pg_temp.weights_of('SELECT u, i, CASE i WHEN 1 THEN 1e-20 WHEN 2 THEN 1e30 ELSE 1 END * (1 + (u * 7 + i * 3) % 5) FROM generate_series(1, 200) u, generate_series(1, 6) i WHERE (u * i) % 7 < 3',
	format('{"method": "%s", "weights": "linear", "regularization": 0}', m)), '%Infinity%', 'items 50 orders of magnitude apart, ' || m)
FROM unnest(ARRAY['dense', 'sparse']) m;

-- ---- memory -------------------------------------------------------------------------

CREATE TABLE wide AS SELECT n % 50 AS u, n % 640 AS i FROM generate_series(1, 19200) n;
SET max_parallel_maintenance_workers = 0;
SET maintenance_work_mem = '2MB';
CREATE TEMP TABLE needed AS SELECT pg_temp.weights_of('SELECT * FROM wide', o) AS said
FROM (VALUES ('{"method": "dense"}'), ('{"candidates": 160}')) v(o);
SELECT results_eq('SELECT said FROM needed ORDER BY 1',
	$$VALUES ('53400 dense ease of 640 items needs 2982464 bytes of memory, but maintenance_work_mem allows 2097152'),
		('53400 sparse ease of 640 items with 160 candidates needs 2837928 bytes of memory, but maintenance_work_mem allows 2097152')$$,
	'too many items, too many candidates');
SELECT throws_ok($$SELECT affinity.create_model('m', 'SELECT * FROM wide', 'ease', '{"method": "sparse", "candidates": 1000}')$$, '53400',
	NULL, 'too many candidates');
SET maintenance_work_mem = '4MB';
SELECT lives_ok($$SELECT affinity.create_model('m', 'SELECT * FROM wide', 'ease')$$, 'what the error asks for is enough');
RESET maintenance_work_mem;
RESET max_parallel_maintenance_workers;

-- ---- what auto chooses ----------------------------------------------------------------

-- The regularization grows with the users, within bounds: a little more data is
-- a little more.
SELECT affinity.drop_model('m');
CREATE FUNCTION pg_temp.chosen(users int) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	PERFORM affinity.create_model('m', format('SELECT n %% %s, n %% 7 FROM generate_series(1, %s) n', users, users + 7), 'ease');
	RETURN (SELECT concat_ws(' ', training->'dense', training->'regularization', training->'user_exponent',
		training->'regularization_exponent', affinity.drop_model('m')) FROM affinity.models WHERE name = 'm');
END $$;
SELECT is(pg_temp.chosen(n), format('0 %s 0.5 0.5 ', least(greatest(n / 125.0, 100), 200)::float8), n || ' users')
FROM unnest(ARRAY[5, 12500, 12510, 15000, 25000, 25100]) n;

-- A model that was dense says that it is no longer; others say nothing.
CREATE TABLE catalog AS SELECT i % 300 AS u, i FROM generate_series(1, 500) i;
SELECT affinity.create_model('m', 'SELECT * FROM catalog', 'ease', '{"method": "dense"}');
SELECT lives_ok($$SELECT affinity.alter_model('m', options => '{"method": "auto"}')$$, 'from dense to sparse');
UPDATE m.model SET training = t::jsonb FROM (VALUES ('[]'), ('{"dense": "0"}'), ('{"dense": 1e400}')) v(t);
SELECT lives_ok($$SELECT affinity.refresh_model('m')$$, 'whatever somebody wrote there');
SELECT affinity.drop_model('m');

-- ---- dropout and outputs -----------------------------------------------------------

-- In the oracles: a penalty of dropout, and weights that are multiplied.
CREATE FUNCTION pg_temp.check_more(o jsonb) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	answer text;
	p float8 := coalesce((o->>'dropout')::float8, 0);
	a float8 := coalesce((o->>'output_exponent')::float8, 0);
BEGIN
	PERFORM affinity.create_model('m', 'SELECT u, i, w FROM purchases', 'ease', o || '{"neighbors": 10000}');
	PERFORM pg_temp.prepare(o);
	UPDATE item SET penalty = penalty + p / (1 - p) * g FROM gram WHERE gram.i = no AND gram.j = no;
	-- normal equations of column j, over all other items: sum over k of A_ik B_kj = G_ij
	CREATE TEMP TABLE weights AS
	SELECT k.no AS k, j.no AS j, n.score * (j.d / k.d) ^ a AS b
	FROM m.neighbors n JOIN item k ON k.i = n.item_id JOIN item j ON j.i = n.neighbor_id;
	answer := is_empty($q$
		SELECT r.i, b.j, sum(r.g * b.b), max(t.g)
		FROM (SELECT gram.i, gram.j, g + CASE WHEN gram.i = gram.j THEN penalty ELSE 0 END AS g FROM gram JOIN item ON no = gram.i) r
		JOIN weights b ON b.k = r.j JOIN gram t ON t.i = r.i AND t.j = b.j
		WHERE r.i <> b.j GROUP BY r.i, b.j HAVING abs(sum(r.g * b.b) - max(t.g)) > 1e-3 * max(t.g) LIMIT 5 $q$, o::text);
	PERFORM affinity.drop_model('m');
	DROP TABLE weights;
	RETURN answer;
END $$;
SELECT pg_temp.check_more(o || jsonb_build_object('method', m, 'regularization', 20))
FROM unnest(ARRAY['dense', 'sparse']) m, (VALUES
	('{"dropout": 0.4, "user_exponent": 0, "regularization_exponent": 0}'::jsonb),
	('{"dropout": 0.9, "user_exponent": 0.5, "regularization_exponent": 1, "weights": "linear"}'),
	('{"output_exponent": 0.5, "user_exponent": 0, "regularization_exponent": 0}'),
	('{"output_exponent": -0.7, "dropout": 0.2, "user_exponent": 0.5, "regularization_exponent": 0.5, "weights": "log"}')) v(o);

SELECT * FROM finish();
ROLLBACK;
