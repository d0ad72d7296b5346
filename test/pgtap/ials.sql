-- ials at its edges: what is stored, models small enough to check by hand, more
-- factors than items, weights that are absurd, options and models that are wrong.
-- The training itself is compared with numpy in ../t/080_ials.pl.
BEGIN;
SET client_min_messages = warning;
SET jit = off;
SELECT plan(55);

CREATE TABLE facts (u int, i int, w real);
INSERT INTO facts
SELECT u, abs(hashint8extended(n * 1000 + u, 1)) % 40 * (abs(hashint8extended(n * 1000 + u, 2)) % 40) / 40,
	1 + abs(hashint8extended(n * 1000 + u, 3)) % 3
FROM generate_series(1, 150) u, generate_series(1, 4 + u % 30) n;

-- What is stored.
SELECT affinity.create_model('m', 'SELECT * FROM facts', 'ials', '{"factors": 20, "confidence": "log", "unobserved_weight": 0.02}');
SELECT is_empty($$SELECT * FROM m.items i FULL JOIN (SELECT i, count(DISTINCT u) AS n FROM facts GROUP BY i) f ON f.i = i.item_id
	WHERE (popularity = n AND neighbors = '{}' AND scores = '{}' AND array_length(factors, 1) = 20) IS NOT TRUE$$,
	'items: users, no neighbours, factors');
SELECT is_empty($$WITH gram AS (
		SELECT x.k AS j, y.k, sum(x.v::float8 * y.v) AS g
		FROM m.items i, unnest(i.factors) WITH ORDINALITY x(v, k), unnest(i.factors) WITH ORDINALITY y(v, k) GROUP BY 1, 2)
	SELECT * FROM gram, m.model
	WHERE abs(g - CASE WHEN j = k THEN parameters[k] ELSE 0 END) > 1e-5 * parameters[1]$$,
	'the parameters are the diagonal of the Gram matrix, and there is nothing beside it');
SELECT is((SELECT array_agg(p ORDER BY p DESC) FROM m.model, unnest(parameters[:(options->>'factors')::int]) p),
	(SELECT parameters[:(options->>'factors')::int] FROM m.model), 'the longest axis is first');
SELECT is((SELECT jsonb_array_length(training->'loss') FROM affinity.models WHERE name = 'm'),
	(SELECT (training->'iterations')::int FROM affinity.models WHERE name = 'm'), 'a loss for every iteration');
SELECT is((SELECT jsonb_agg(l ORDER BY n) FROM affinity.models, jsonb_array_elements(training->'half_step_loss') WITH ORDINALITY x(l, n)
		WHERE name = 'm' AND n % 2 = 0),
	(SELECT training->'loss' FROM affinity.models WHERE name = 'm'), 'which is that of every other half-step');

-- The last loss is that of the model as it serves: from all scores, and the
-- length of vectors as they are folded in, which shows in what minimises:
-- |x|^2 r + a sum of s^2 = sum of c (1 - s) s.
CREATE TEMP TABLE scores AS
SELECT u, s.item_id AS i, s.score::float8 AS s FROM (SELECT DISTINCT u FROM facts) users,
	m.score(u, (SELECT array_agg(item_id) FROM m.items)) s;
WITH o AS (SELECT (SELECT count(DISTINCT u) FROM facts) AS users, (SELECT count(DISTINCT i) FROM facts) AS items),
pairs AS (SELECT u, i, log(2, 1 + sum(w)::numeric)::float8 AS c FROM facts GROUP BY u, i),
fit AS (SELECT sum(c * (1 - s) ^ 2) AS observed, sum(c * (1 - s) * s) AS inner_product FROM pairs JOIN scores USING (u, i)),
items AS (SELECT sum(0.005 * (popularity + 0.02 * users) * (SELECT sum(v::float8 ^ 2) FROM unnest(factors) v)) AS penalty FROM m.items, o)
SELECT ok(abs(observed + inner_product + penalty - (training->'loss'->-1)::float8) < 1e-5 * observed,
	'the last loss is that of what is served')
FROM fit, items, affinity.models WHERE name = 'm';

CREATE TEMP TABLE before AS SELECT * FROM m.items;
SELECT affinity.refresh_model('m');
SELECT is_empty('SELECT item_no, item_id, popularity, factors FROM m.items EXCEPT SELECT item_no, item_id, popularity, factors FROM before',
	'a refresh of the same rows makes the same model');
SELECT is((SELECT count(*) FROM m.similar_items(3, 5) WHERE item_id <> 3), 5::bigint, 'similar items');
SELECT is((SELECT bool_or(personalized) FROM m.recommend(-1, 5)), false, 'who is not known gets what is popular');
SELECT is((SELECT bool_and(personalized) FROM m.recommend(7, 5)), true, 'who is known does not');
INSERT INTO facts VALUES (1000, 999, 1);
SELECT is((SELECT bool_or(personalized) FROM m.recommend(1000, 5)), false, 'nor does who knows only items that the model does not');
INSERT INTO facts VALUES (1000, 3, 1);
SELECT is((SELECT bool_and(personalized) FROM m.recommend(1000, 5)), true, 'one item is enough');
SELECT is_empty('(SELECT item_id, score FROM m.recommend_for(ARRAY[3], 5)) EXCEPT SELECT item_id, score FROM m.recommend(1000, 5)',
	'and a basket of it gives the same');

-- One user, one item, one factor: x = c y / (c y^2 + a y^2 + r).
CREATE TABLE single (u int, i int, w real);
INSERT INTO single VALUES (1, 1, 3);
SELECT affinity.create_model('s', 'SELECT * FROM single', 'ials',
	'{"factors": 1, "unobserved_weight": 0.5, "regularization": 0.01, "regularization_exponent": 0.7, "alpha": 2, "confidence": "log"}');
SELECT ok(abs(score - 4 * y2 / (4.5 * y2 + 0.01 * 1.5 ^ 0.7)) < 1e-6 AND abs(y2 - parameters[1]) < 1e-6 AND score > 0.8,
	'one user, one item: the score by hand')
FROM (SELECT factors[1]::float8 ^ 2 AS y2 FROM s.items) y, s.model, s.score(1, ARRAY[1]);
SELECT affinity.drop_model('s');
SELECT affinity.create_model('s', 'SELECT * FROM single', 'ials', '{"factors": 512, "unobserved_weight": 0.02}');
SELECT ok(score BETWEEN 0.9 AND 1, 'one user, one item, 512 factors: the observation is learned') FROM s.score(1, ARRAY[1]);
SELECT is((SELECT count(*) FROM unnest((SELECT parameters[:512] FROM s.model)) p WHERE p > 1e-6), 1::bigint, 'in one direction');
SELECT affinity.drop_model('s');

-- More factors than items or users, every solver: all reach the same loss.
CREATE TABLE solved (solver text, loss float8);
CREATE FUNCTION pg_temp.solve(solver text, more jsonb DEFAULT '{}') RETURNS float8 LANGUAGE plpgsql AS $$
DECLARE
	answer float8;
BEGIN
	PERFORM affinity.create_model('s', 'SELECT * FROM facts WHERE i < 12', 'ials',
		jsonb_build_object('solver', solver, 'factors', 50, 'iterations', 200, 'tolerance', 0) || more);
	SELECT training->'loss'->-1 INTO answer FROM affinity.models WHERE name = 's';
	PERFORM affinity.drop_model('s');
	RETURN answer;
END
$$;
INSERT INTO solved SELECT s, pg_temp.solve(s) FROM unnest(ARRAY['cg', 'cholesky', 'block_coordinate']) s;
SELECT ok(max(loss) / min(loss) < 1 + 1e-4, 'more factors than items: all solvers agree, ' || string_agg(loss::text, ' ')) FROM solved;

-- Weights and options that are absurd but allowed.
CREATE FUNCTION pg_temp.usable(query text, options jsonb) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	answer text;
BEGIN
	PERFORM affinity.create_model('s', query, 'ials', options);
	SELECT CASE WHEN bool_and(abs(v) < 'infinity') THEN 'finite' ELSE 'not finite' END || ', '
		|| (SELECT count(*) FROM s.recommend(7, 5)) || ' recommended' INTO answer
	FROM s.items, unnest(factors) v;
	PERFORM affinity.drop_model('s');
	RETURN answer;
END
$$;
SELECT is(pg_temp.usable('SELECT u, i, w * 1e30::real FROM facts', jsonb_build_object('confidence', c, 'solver', s, 'factors', 24)),
	'finite, 5 recommended', format('weights of 1e30, %s, %s', c, s))
FROM unnest(ARRAY['linear', 'log', 'binary']) c, unnest(ARRAY['cg', 'cholesky', 'block_coordinate']) s;
SELECT is(pg_temp.usable('SELECT u, i, w * 1e-30::real FROM facts', '{"confidence": "linear"}'),
	'finite, 5 recommended', 'weights of 1e-30');
SELECT is(pg_temp.usable('SELECT * FROM facts', '{"alpha": 1e6, "regularization": 1e-9, "regularization_exponent": 0}'),
	'finite, 5 recommended', 'hardly any regularization');
SELECT is(pg_temp.usable('SELECT * FROM facts', '{"alpha": 1e-6, "regularization": 1e9, "unobserved_weight": 1e6}'),
	'finite, 5 recommended', 'nothing but regularization');
SELECT is(pg_temp.usable('SELECT * FROM facts', '{"unobserved_weight": 0}'),
	'finite, 5 recommended', 'nothing said of what is not observed');

-- Few items beside 64 factors: their Gram matrix is of a rank so low that its
-- columns shrink until squares of them are no doubles. Loss of ../oracle/ials.py.
CREATE FUNCTION pg_temp.toy_loss(users int, items int, seed int) RETURNS float8 LANGUAGE plpgsql AS $$
DECLARE
	answer float8;
BEGIN
	PERFORM affinity.create_model('s', format('SELECT u, i FROM generate_series(1, %s) u, generate_series(1, %s) i
		WHERE abs(hashint8extended(u * 1000 + i, %s)) %% 4 <> 0 OR (u = 1 AND i = 1)', users, items, seed), 'ials',
		'{"factors": 64, "unobserved_weight": 0.02}');
	SELECT training->'loss'->-1 INTO answer FROM affinity.models WHERE name = 's';
	PERFORM affinity.drop_model('s');
	RETURN answer;
END
$$;
SELECT ok(abs(pg_temp.toy_loss(users, items, seed) - loss) < 1e-5 * loss, format('%s users, %s items: the loss of numpy', users, items))
FROM (VALUES (5, 5, 1, 1.0104360817663576), (4, 4, 14, 0.628798888137122), (3, 6, 6, 0.7161753966047274), (4, 6, 15, 0.9361200389255875))
	toy(users, items, seed, loss);

-- A user who starts from a number next to 0, and weights that a regularization
-- does not hold: squares that are no reals. What the hint says helps.
SELECT throws_ok($$SELECT affinity.create_model('s', 'SELECT 1, i, 1e30::real FROM generate_series(1, 500) i', 'ials',
	'{"factors": 1, "confidence": "linear", "unobserved_weight": 0, "regularization": 1e-9, "regularization_exponent": 0, "solver": "cholesky", "seed": 2265044}')$$,
	'22003', 'factors of users went beyond the range of real in iteration 1', 'numbers that leave the range of real');
SELECT is(pg_temp.usable('SELECT 7, i, 1e30::real FROM generate_series(1, 500) i',
	'{"factors": 1, "confidence": "linear", "unobserved_weight": 0, "regularization": 1, "regularization_exponent": 0, "solver": "cholesky", "seed": 2265044}'),
	'finite, 0 recommended', 'with the regularization of the hint they do not');

-- The logarithm of the smallest weights is their size, to the last: the loss is
-- that of linear confidences.
CREATE FUNCTION pg_temp.loss_of(weight text, confidence text) RETURNS float8 LANGUAGE plpgsql AS $$
DECLARE
	answer float8;
BEGIN
	PERFORM affinity.create_model('s', format('SELECT u, i, (1 + (u + i) %% 4) * %s FROM generate_series(1, 30) u, generate_series(1, 20) i
		WHERE (u * i * 31) %% 11 < 3', weight), 'ials', jsonb_build_object('factors', 4, 'confidence', confidence));
	SELECT (training->'loss'->>-1)::float8 INTO answer FROM affinity.models WHERE name = 's';
	PERFORM affinity.drop_model('s');
	RETURN answer;
END
$$;
SELECT ok(abs(pg_temp.loss_of(w, 'log') * ln(2::float8) / pg_temp.loss_of(w, 'linear') - 1) < 1e-3, format('the logarithm of 1 + %s', w))
FROM unnest(ARRAY['1e-9', '1e-16', '1e-20', '1e-37']) w;

-- What is refused.
SELECT throws_ok(format($$SELECT affinity.create_model('s', 'SELECT * FROM facts', 'ials', '%s')$$, o), '22023', NULL, o)
FROM unnest(ARRAY['{"factors": 0}', '{"factors": 513}', '{"alpha": 0}', '{"regularization": 0}']) o;
SET maintenance_work_mem = '1MB';
SELECT throws_like($$SELECT affinity.create_model('s', 'SELECT * FROM facts', 'ials', '{"factors": 512}')$$,
	'512 factors of % users and % items need % bytes of memory, but maintenance_work_mem allows 1048576', 'too little memory');
RESET maintenance_work_mem;

-- Parameters that somebody wrote.
CREATE FUNCTION pg_temp.damaged(p real[]) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	UPDATE m.model SET parameters = p, version = version + 1;
	PERFORM m.recommend(7, 5);
	RETURN 'served';
EXCEPTION WHEN object_not_in_prerequisite_state THEN
	RETURN 'damaged';
END
$$;
SELECT is(pg_temp.damaged('{1}'), 'damaged', 'too few parameters');
SELECT is(pg_temp.damaged(NULL), 'damaged', 'none');
SELECT is(pg_temp.damaged(array_fill('-1'::real, ARRAY[20])), 'damaged', 'negative ones');

-- "auto": 20 times the density, within bounds, and serving knows it
CREATE FUNCTION pg_temp.chosen(query text) RETURNS numeric LANGUAGE plpgsql AS $$
BEGIN
	PERFORM affinity.drop_model('auto') WHERE to_regnamespace('auto') IS NOT NULL;
	PERFORM affinity.create_model('auto', query, 'ials', '{"factors": 8}');
	RETURN (SELECT round((training->>'unobserved_weight')::numeric, 6) FROM affinity.models WHERE name = 'auto');
END $$;
CREATE VIEW thin AS SELECT n % 97 AS u, n % 389 AS i FROM generate_series(1, 400) n;
SELECT results_eq(format('SELECT pg_temp.chosen(%L)', q), format('SELECT round(least(greatest(20 * count(*)::numeric / count(DISTINCT u)
	/ count(DISTINCT i), 0.01), 0.5), 6) FROM (SELECT DISTINCT u, i FROM (%s) q(u, i)) p', q), q)
FROM (VALUES ('SELECT 1, 1'), ('SELECT n, n FROM generate_series(1, 3000) n'), ('SELECT u, i FROM thin')) v(q);
SELECT affinity.create_model('given', 'SELECT u, i FROM thin', 'ials',
	jsonb_build_object('factors', 8, 'unobserved_weight', training->'unobserved_weight'))
FROM affinity.models WHERE name = 'auto' \g /dev/null
SELECT results_eq('SELECT item_no, factors FROM auto.items ORDER BY 1', 'SELECT item_no, factors FROM given.items ORDER BY 1',
	'the same items as when given');
SELECT results_eq('SELECT item_id, score FROM auto.recommend(7, 20)', 'SELECT item_id, score FROM given.recommend(7, 20)',
	'and the same scores');
SELECT affinity.create_model('option', 'SELECT u, i FROM thin', 'ials', options) FROM affinity.models WHERE name = 'given';
UPDATE option.model SET parameters = parameters[:8];
SELECT results_eq('SELECT item_id, score FROM auto.recommend(7, 20)', 'SELECT item_id, score FROM option.recommend(7, 20)',
	'as of a model that has it as an option only');
SELECT affinity.create_model('neither', 'SELECT u, i FROM thin', 'ials', options) FROM affinity.models WHERE name = 'auto';
UPDATE neither.model SET parameters = parameters[:8];
SELECT throws_ok('SELECT * FROM neither.recommend(7, 20)', '55000', 'the parameters of the model lack the weight of what is not observed',
	'neither is an error');

SELECT * FROM finish();
ROLLBACK;
