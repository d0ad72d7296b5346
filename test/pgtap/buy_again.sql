-- buy_again, and the share of repeats in lists of other algorithms, against
-- plain SQL; recommend_all is recommend to the last bit.
BEGIN;
SET client_min_messages = error;	-- returns are told in a warning
SET jit = off;
SET check_function_bodies = off;	-- they are about models to come
SELECT plan(35);
SELECT setseed(0.25);

-- Several rows a day, returns, NULL times, times that serving has to bear with,
-- users of one visit, gaps of centuries, and times before 2000.
CREATE TABLE facts (id serial, u int, i int, w real, at timestamp);
INSERT INTO facts (u, i, w, at)
SELECT (random() * random() * 60)::int, (random() * random() * 40)::int,
	CASE WHEN random() < 0.07 THEN -1 WHEN random() < 0.7 THEN 1 ELSE round((random() * 5)::numeric, 1) END,
	CASE WHEN random() < 0.05 THEN NULL WHEN random() < 0.02 THEN timestamp '1700-01-01' + random() * interval '1 year'
		WHEN random() < 0.01 THEN timestamp '9999-01-01' ELSE timestamp '1999-11-20' + random() * interval '90 days' END
FROM generate_series(1, 3000);
INSERT INTO facts (u, i, w, at) VALUES (100, 1, 1, '2000-01-01'), (101, 1, 1, '2000-01-01 08:00'), (101, 1, 1, '2000-01-01 18:00'),
	(102, 2, 1, NULL), (NULL, 1, 1, now()), (2, NULL, 1, now()), (3, 3, NULL, now()), (103, 4, 1, '2000-01-01'), (103, 4, -3, '2000-01-05'),
	(104, 5, 1, '1999-12-31 23:59:59.999999'), (104, 5, 1, '2000-01-01'), (104, 6, -1, '2000-02-01'), (104, 6, 2, '2000-03-01');

-- What a pair's visits say; visits are days of row numbers counted from 2000.
CREATE FUNCTION pg_temp.again(span interval, decay float8)
RETURNS TABLE (u int, i int, again float8, visits float8, counts bool) LANGUAGE sql AS $$
	WITH usable AS (SELECT f.u, f.i, f.w, floor(extract(epoch FROM f.at - timestamp '2000-01-01') / extract(epoch FROM span)) AS visit
		FROM facts f WHERE f.u IS NOT NULL AND f.i IS NOT NULL AND f.w IS NOT NULL),
	visits AS (SELECT s.u, s.visit, decay ^ (row_number() OVER (PARTITION BY s.u ORDER BY s.visit DESC) - 1)::float8 AS left_of
		FROM (SELECT DISTINCT x.u, x.visit FROM usable x WHERE x.visit IS NOT NULL AND x.w > 0) s),
	had AS (SELECT DISTINCT x.u, x.i, x.visit FROM usable x WHERE x.visit IS NOT NULL AND x.w > 0),
	first AS (SELECT h.u, h.i, min(h.visit) AS visit FROM had h GROUP BY 1, 2)
	SELECT p.u, p.i, coalesce(a.left_of, 0), coalesce(v.left_of, 0), p.w > 0
	FROM (SELECT x.u, x.i, sum(x.w::float8) AS w FROM usable x GROUP BY 1, 2) p
	LEFT JOIN (SELECT h.u, h.i, sum(o.left_of) AS left_of FROM had h JOIN first f USING (u, i) JOIN visits o ON (o.u, o.visit) = (h.u, h.visit)
		WHERE h.visit > f.visit GROUP BY 1, 2) a USING (u, i)
	LEFT JOIN (SELECT f.u, f.i, sum(o.left_of) AS left_of FROM first f JOIN visits o ON o.u = f.u AND o.visit > f.visit GROUP BY 1, 2) v USING (u, i)
$$;
CREATE FUNCTION pg_temp.rates(span interval, decay float8) RETURNS TABLE (i int, rate float8) LANGUAGE sql AS $$
	WITH pair AS MATERIALIZED (SELECT * FROM pg_temp.again(span, decay)),
	known AS (SELECT p.i FROM pair p GROUP BY 1 HAVING bool_or(p.counts)),
	item AS (SELECT p.i, sum(p.again) AS k, sum(p.visits) AS n FROM pair p WHERE p.i IN (SELECT * FROM known) GROUP BY 1)
	SELECT t.i, (t.k + 20 * (1 + sum(t.k) OVER ()) / (20 + sum(t.n) OVER ())) / (t.n + 20) FROM item t
$$;
CREATE FUNCTION pg_temp.chances(span interval, decay float8, prior float8)
RETURNS TABLE (u int, i int, chance float8) LANGUAGE sql AS $$
	SELECT p.u, p.i, (p.again + prior * r.rate) / (p.visits + prior)
	FROM pg_temp.again(span, decay) p JOIN pg_temp.rates(span, decay) r USING (i) WHERE p.counts
$$;

CREATE FUNCTION pg_temp.check_buy_again(span text, decay float8, prior float8) RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
	PERFORM affinity.create_model('m', 'SELECT u, i, w, at FROM facts', 'buy_again',
		jsonb_build_object('visit', span, 'visit_decay', decay, 'prior_visits', prior));
	RETURN NEXT is_empty(format($q$SELECT * FROM m.items t FULL JOIN pg_temp.rates(%L, %L) e ON e.i = t.item_id
		WHERE (abs(t.repeat_rate - e.rate) <= 1e-6) IS NOT TRUE$q$, span, decay), format('rates: visits of %s, decay %s', span, decay));
	RETURN NEXT is_empty(format($q$SELECT * FROM (SELECT r.* FROM m.recommend_all(1000) r WHERE personalized) r
		FULL JOIN pg_temp.chances(%L, %L, %L) e ON e.u = r.user_id AND e.i = r.item_id
		WHERE (abs(r.score - e.chance) <= 1e-6) IS NOT TRUE$q$, span, decay, prior), '... what everybody had, by its chance');
	RETURN NEXT is_empty($q$SELECT * FROM (SELECT *, row_number() OVER (PARTITION BY user_id ORDER BY personalized DESC, score DESC,
			CASE WHEN personalized THEN 0 ELSE -popularity END, item_no) AS no
		FROM m.recommend_all(1000) JOIN m.items USING (item_id)) r WHERE rank <> no$q$, '... in order, then the popular');
	PERFORM affinity.drop_model('m');
END $$;
SELECT pg_temp.check_buy_again(span, decay, prior) FROM (VALUES ('1 day', 0.95, 5), ('3 hours', 1, 0.5), ('2 weeks', 0.5, 20), ('1 day', 0, 1)) v(span, decay, prior);

-- ---- one user as all, and other algorithms ------------------------------------

CREATE FUNCTION pg_temp.differences(k int, share float8) RETURNS bigint LANGUAGE sql AS $$
	SELECT count(*) FROM (SELECT * FROM m.recommend_all(k, repeat => share)) a
	FULL JOIN (SELECT u, r.* FROM (SELECT DISTINCT f.u FROM facts f WHERE f.u IS NOT NULL) f, m.recommend(f.u, k, repeat => share) r) b
		ON (a.user_id, a.item_id, a.rank, a.personalized, float4send(a.score))
			= (b.u, b.item_id, b.rank, b.personalized, float4send(b.score))
	WHERE a.user_id IS NULL OR b.u IS NULL
$$;

-- A mixture: shares of the sums of chances, and of scores above 0 of what is new.
CREATE FUNCTION pg_temp.mixed(share float8) RETURNS TABLE (u int, i int, score float8) LANGUAGE sql AS $$
	WITH chance AS MATERIALIZED (SELECT * FROM pg_temp.chances('1 day', 0.95, 5)),
	fresh AS MATERIALIZED (SELECT r.user_id AS u, r.item_id AS i, r.score::float8 AS s
		FROM m.recommend_all(1000, repeat => 0) r WHERE r.personalized)
	SELECT c.u, c.i, share * c.chance / sum(c.chance) OVER (PARTITION BY c.u) FROM chance c
	UNION ALL
	SELECT f.u, f.i, (1 - share) * f.s / sum(greatest(f.s, 0)) OVER (PARTITION BY f.u) FROM fresh f
$$;
CREATE FUNCTION pg_temp.check_mixture(algorithm text, options jsonb) RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
	PERFORM affinity.create_model('m', 'SELECT u, i, w, at FROM facts', algorithm, options || '{"seen": "positive"}');
	RETURN NEXT is(pg_temp.differences(7, 0.6), 0::bigint, algorithm || ': one user as all');
	RETURN NEXT is(pg_temp.differences(1000, 1), 0::bigint, '... and where all are repeats');
	RETURN NEXT is_empty($q$SELECT * FROM (SELECT * FROM m.recommend_all(1000, repeat => 0.6) WHERE personalized) r
		FULL JOIN (SELECT * FROM pg_temp.mixed(0.6) WHERE abs(score) > 1e-30) e ON (e.u, e.i) = (r.user_id, r.item_id)
		WHERE (abs(r.score - e.score) <= 2e-6) IS NOT TRUE$q$, '... is the mixture');
	PERFORM affinity.drop_model('m');
END $$;
SELECT pg_temp.check_mixture('item_knn', '{}');
SELECT pg_temp.check_mixture('popular', '{}');
SELECT affinity.create_model('m', 'SELECT u, i, w, at FROM facts', 'ials', '{"factors": 8, "iterations": 2}');
SELECT is(pg_temp.differences(7, 0.6), 0::bigint, 'ials: one user as all');
SELECT is(pg_temp.differences(60, 1), 0::bigint, '... and where all are repeats');
SELECT is((SELECT round(sum(score)::numeric, 4) FROM m.recommend(1, 1000, repeat => 0.25) r WHERE personalized
		AND EXISTS (SELECT FROM facts f WHERE f.u = 1 AND f.i = r.item_id AND f.w > 0)), 0.25, '... the repeats have their share');
SELECT affinity.drop_model('m');

-- ---- arguments -----------------------------------------------------------------

SELECT affinity.create_model('m', 'SELECT u, i, w, at FROM facts', 'buy_again', materialize => true);
SELECT is(pg_temp.differences(9, NULL), 0::bigint, 'buy_again: one user as all, from a copy too');
SELECT results_eq('SELECT item_id, score FROM m.score(1, ARRAY[1, 2, 3, 900]) WHERE personalized',
	'SELECT item_id, score FROM m.recommend(1, 10, ARRAY[1, 2, 3]) WHERE personalized', 'score and candidates agree');
SELECT is_empty('SELECT FROM m.recommend(1, 10, repeat => 0) r JOIN facts f ON f.u = 1 AND f.i = r.item_id', 'without repeats there is nothing seen');
SELECT is_empty('SELECT FROM m.recommend(1, 10, exclude => ARRAY[1, 2]) WHERE item_id IN (1, 2)', 'what is excluded stays out');
SELECT throws_ok('SELECT * FROM m.recommend(1, repeat => ' || v || ')', '22023', NULL, 'repeat => ' || v)
FROM unnest(ARRAY['-0.1', '1.5', '''NaN''', '''Infinity''']) v;
SELECT throws_ok('SELECT * FROM m.explain(1, 1)', '0A000', NULL, 'there is nothing to explain by other items');
UPDATE m.items SET repeat_rate = 'NaN';
SELECT throws_like('SELECT * FROM m.recommend(1)', '%out of range', 'rates that are none are damage');
SELECT throws_like('SELECT * FROM m.recommend_all()', '%out of range', '... for all users too');
UPDATE m.items SET repeat_rate = NULL;
SELECT throws_like('SELECT * FROM m.recommend(1)', '%without rates of repeats', '... and rates that are missing');
SELECT affinity.drop_model('m');
SELECT throws_like($$SELECT affinity.create_model('m', 'SELECT u, i, w FROM facts', 'buy_again')$$, '%needs a source with times', 'times are needed');
SELECT affinity.create_model('m', 'SELECT u, i, w FROM facts', 'item_knn');
SELECT throws_like('SELECT * FROM m.recommend(1, repeat => 0.5)', 'repeats need times%', '... to ask for repeats');

SELECT * FROM finish();
ROLLBACK;
