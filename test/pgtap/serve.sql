-- Serving functions against plain SQL over the model's neighbours and the live
-- history. Scores are real: 1e-5 of a score is let go against SQL, nothing
-- between two functions of the extension.
BEGIN;
SET client_min_messages = error;	-- returns are told in a warning
SET check_function_bodies = off;
SET jit = off;
SELECT plan(79);
SELECT setseed(0.77);

-- 200 users, 80 items, weights of all sizes, duplicates, returns and NULLs.
-- User 901 has only returns, 902 only an item that no model knows.
CREATE TABLE bought (u bigint, item text, w float8);
INSERT INTO bought
SELECT (random() * random() * 200)::int, 'i' || (random() * random() * 80)::int,
	CASE WHEN random() < 0.1 THEN -1 WHEN random() < 0.4 THEN ceil(random() * 4)
		ELSE random() * 7 END
FROM generate_series(1, 4000);
INSERT INTO bought SELECT * FROM bought WHERE random() < 0.1;
INSERT INTO bought VALUES (NULL, 'i1', 1), (1, NULL, 1), (1, 'i1', NULL),
	(901, 'i1', 2), (901, 'i1', -2), (901, 'i2', -5), (903, 'i9', 0.1),
	(904, 'i1', 1);
INSERT INTO bought SELECT 905, 'i' || n, 1 FROM generate_series(0, 80) n;

-- one model whose history weights are 1, one that counts logarithms, short
-- lists; the second one for filling up
SELECT affinity.create_model('ones', 'SELECT u, item, w FROM bought', 'item_knn');
SELECT affinity.create_model('logs', 'SELECT u, item, w FROM bought', 'item_knn', options =>
	'{"similarity": "cosine", "weights": "log", "neighbors": 6, "min_support": 4}');
SELECT affinity.create_model('straight', 'SELECT u, item, w FROM bought', 'item_knn', options =>
	'{"similarity": "cosine", "weights": "linear", "neighbors": 15}');
INSERT INTO bought VALUES (902, 'new', 3), (906, 'i3', 2), (906, 'new', 1),
	(2001, 'i3', 1), (2001, 'i5', 1), (2001, 'i11', 1);
CREATE INDEX ON bought (u);
CREATE VIEW users AS SELECT DISTINCT u FROM bought WHERE u IS NOT NULL;
CREATE TABLE sums AS SELECT u, item, sum(w) AS w FROM bought
	WHERE u IS NOT NULL AND item IS NOT NULL GROUP BY u, item HAVING sum(w) > 0;
ALTER TABLE sums ADD PRIMARY KEY (u, item);
-- what is not recommended again: returns and rows without a weight too
CREATE TABLE seen AS SELECT DISTINCT u, item FROM bought WHERE u IS NOT NULL AND item IS NOT NULL;
ALTER TABLE seen ADD PRIMARY KEY (u, item);
ANALYZE;

CREATE FUNCTION pg_temp.history(weights text, who bigint)
RETURNS TABLE (item text, v float8) LANGUAGE sql STABLE AS $$
	SELECT s.item, CASE weights WHEN 'log' THEN ln(1 + s.w) WHEN 'linear' THEN s.w ELSE 1 END
	FROM sums s WHERE s.u = who
$$;

-- Every score that SQL finds for a user, seen items included.
CREATE FUNCTION pg_temp.expected(model text, who bigint)
RETURNS TABLE (item text, score float8) LANGUAGE plpgsql AS $$
BEGIN
	RETURN QUERY EXECUTE format('SELECT n.neighbor_id, sum(h.v * n.score)
		FROM pg_temp.history(%L, $1) h JOIN %I.neighbors n ON n.item_id = h.item
		GROUP BY n.neighbor_id', CASE model WHEN 'logs' THEN 'log'
		WHEN 'straight' THEN 'linear' END, model) USING who;
END $$;

-- What is wrong with recommend(who, k), from the rows that it gave.
CREATE FUNCTION pg_temp.wrong(model text, who bigint, n int, seen boolean DEFAULT false)
RETURNS TABLE (who_ bigint, problem text, item text, score real, expected float8)
LANGUAGE plpgsql AS $$
BEGIN
	RETURN QUERY EXECUTE format($q$
	WITH got AS MATERIALIZED (SELECT * FROM %I.recommend($1, $2, exclude_seen => NOT $3)),
	expected AS MATERIALIZED (SELECT e.item, e.score FROM pg_temp.expected(%L, $1) e
		WHERE $3 OR e.item NOT IN (SELECT h.item FROM seen h WHERE h.u = $1)),
	popular AS (SELECT i.item_id, i.popularity, i.item_no FROM %I.items i
		WHERE $3 OR i.item_id NOT IN (SELECT h.item FROM seen h WHERE h.u = $1)),
	filled AS (SELECT p.item_id, p.popularity, (SELECT count(*) FROM got WHERE personalized)
		+ row_number() OVER (ORDER BY p.popularity DESC, p.item_no) AS rank
		FROM popular p WHERE p.item_id NOT IN (SELECT item_id FROM got WHERE personalized))
	SELECT $1, 'wrong score', g.item_id, g.score, e.score FROM got g
		LEFT JOIN expected e ON e.item = g.item_id
		WHERE g.personalized AND (abs(g.score - e.score) <= 1e-5 * e.score) IS NOT TRUE
	UNION ALL
	SELECT $1, 'wrong order', o.item_id, o.score, NULL FROM
		(SELECT *, row_number() OVER (ORDER BY personalized DESC,
			CASE WHEN personalized THEN score END DESC NULLS LAST, item_id COLLATE "C") AS no FROM got) o
		WHERE o.rank <> no AND personalized
	UNION ALL
	SELECT $1, 'missing', e.item, NULL, e.score FROM expected e
		WHERE e.item NOT IN (SELECT item_id FROM got WHERE personalized) AND e.score >
			CASE WHEN (SELECT count(*) FROM got WHERE personalized) < $2 THEN 0
			ELSE (SELECT min(got.score) FROM got) * (1 + 1e-5) END
	UNION ALL
	SELECT $1, 'wrong filling', coalesce(g.item_id, f.item_id), g.score, f.popularity
		FROM (SELECT * FROM got WHERE NOT personalized) g
		FULL JOIN (SELECT * FROM filled WHERE rank <= $2) f ON f.item_id = g.item_id AND f.rank = g.rank
			AND g.score = CASE WHEN EXISTS (SELECT FROM got WHERE personalized) THEN 0 ELSE f.popularity END
		WHERE g.item_id IS NULL OR f.item_id IS NULL
	$q$, model, model, model) USING who, n, seen;
END $$;

-- ---- recommend --------------------------------------------------------------

SELECT is_empty(format('SELECT w.* FROM users, pg_temp.wrong(%L, u, %s, %L) w WHERE u %% 3 = 0 OR u > 200', model, n, seen),
	format('%s: recommend(u, %s), exclude_seen %s, is the sum over neighbours', model, n, NOT seen))
FROM unnest(ARRAY['ones', 'logs', 'straight']) model, unnest(ARRAY[7, 200]) n,
	unnest(ARRAY[false, true]) seen;
SELECT ok(EXISTS (SELECT FROM users, logs.recommend(u, 10) WHERE personalized = false AND score = 0)
	AND EXISTS (SELECT FROM users, logs.recommend(u, 10) WHERE personalized),
	'short lists do get filled up');

SELECT is_empty('SELECT * FROM ones.recommend(1, 0)', 'k = 0 gives no rows');
SELECT is((SELECT count(*) FROM ones.recommend(1, 2147483647)),
	(SELECT count(*) FROM ones.items) - (SELECT count(*) FROM seen WHERE u = 1),
	'a huge k gives all');
SELECT is((SELECT count(*) FROM ones.recommend(1)), 10::bigint, 'k is 10 unless said');
SELECT is_empty('SELECT * FROM ones.recommend(905, 10)', 'who has everything gets nothing');
SELECT isnt_empty('SELECT * FROM ones.recommend(905, 10, exclude_seen => false) WHERE personalized',
	'unless seen items are wanted');

PREPARE popular AS SELECT item_id, popularity, (row_number() OVER (ORDER BY popularity DESC, item_no))::int,
	false FROM ones.items ORDER BY 3 LIMIT 5;
SELECT results_eq(format('SELECT * FROM ones.recommend(%s, 5)', who), 'popular',
	who || ' gets popular items')
FROM unnest(ARRAY['77777777', 'NULL', '902', '-9223372036854775808']) who;
SELECT results_eq('SELECT * FROM ones.recommend(901, 5)', $$SELECT item_id, popularity,
	(row_number() OVER (ORDER BY popularity DESC, item_no))::int, false FROM ones.items
	WHERE item_id NOT IN ('i1', 'i2') ORDER BY 3 LIMIT 5$$, 'who has only returns gets others');
SELECT results_eq('SELECT * FROM ones.recommend(901, 5, exclude_seen => false)', 'popular', 'or these too');
SELECT cmp_ok((SELECT count(*) FROM seen LEFT JOIN sums USING (u, item) WHERE w IS NULL AND u < 201), '>', 50::bigint,
	'many have something that does not count');
SELECT is_empty($$SELECT * FROM ones.recommend_all(81) r JOIN seen s ON s.u = r.user_id AND s.item = r.item_id$$,
	'recommend_all leaves out all that is seen');
SELECT is_empty($$SELECT * FROM ones.recommend(906, 100) WHERE item_id IN ('new', 'i3')$$,
	'unknown items of a history do no harm');
SELECT set_eq('SELECT item_id, score FROM ones.recommend(906, 100) WHERE personalized',
	$$SELECT neighbor_id, score FROM ones.neighbors WHERE item_id = 'i3'$$,
	'and known ones count');

-- ---- candidates and exclude --------------------------------------------------

-- exactly k rows whenever k candidates can be scored, which is what remains
SELECT is_empty(format($$
	SELECT u, n FROM users, generate_series(0, 12) n WHERE u < 60 AND
		(SELECT array_agg(item_id ORDER BY rank) FROM %1$I.recommend(u, n,
			candidates => ARRAY['i3', 'i5', 'i70', 'nope', NULL, 'i5', 'i8', 'i0', 'i77', 'i40', 'i41']))
		IS DISTINCT FROM
		(SELECT array_agg(item_id ORDER BY p DESC, rank) FROM (SELECT r.item_id, r.rank, r.personalized p,
			row_number() OVER (ORDER BY r.personalized DESC, r.rank) AS no
			FROM %1$I.recommend(u, 1000) r
			WHERE r.item_id IN ('i3', 'i5', 'i70', 'i8', 'i0', 'i77', 'i40', 'i41')) c WHERE no <= n)$$,
	model), model || ': candidates are what recommend would rank, cut to k')
FROM unnest(ARRAY['ones', 'logs', 'straight']) model;
SELECT is((SELECT count(*) FROM logs.recommend(1, 3, ARRAY['i3', 'i5', 'i70', 'i8'], exclude_seen => false)),
	3::bigint, 'k of more candidates');
SELECT is((SELECT count(*) FROM logs.recommend(1, 10, ARRAY['i3', 'i3', 'i5', 'nope', NULL], exclude_seen => false)),
	2::bigint, 'each candidate once, unknown ones left out');
SELECT is_empty($$SELECT * FROM ones.recommend(1, 10, '{}')$$, 'no candidates, no rows');
SELECT is_empty($$SELECT * FROM ones.recommend(1, 10, ARRAY[NULL]::text[])$$, 'NULL is no candidate');
SELECT is_empty($$SELECT * FROM ones.recommend(905, 10, ARRAY['i1', 'i2'])$$, 'seen candidates stay out');
SELECT is_empty($$SELECT * FROM users, ones.recommend(u, 30, exclude => ARRAY['i0', 'i1', NULL, 'nope', 'i2', 'i1'])
	WHERE item_id IN ('i0', 'i1', 'i2')$$, 'excluded items stay out');
SELECT is((SELECT count(*) FROM logs.recommend(903, 30, exclude => ARRAY['i0', 'i1', 'i2'])),
	30::bigint, 'and others take their place');
SELECT results_eq(
	$$SELECT item_id, score, (row_number() OVER (ORDER BY rank))::int, personalized FROM ones.recommend(5, 1000)
		WHERE item_id <> 'i4' ORDER BY rank LIMIT 20$$,
	$$SELECT * FROM ones.recommend(5, 20, exclude => ARRAY['i4'])$$, 'exclude changes nothing else');
SELECT is_empty($$SELECT * FROM ones.recommend(5, 20, ARRAY['i4'], ARRAY['i4'], false)$$,
	'exclude wins over candidates');
SELECT results_eq($$SELECT * FROM ones.recommend(5, 9, '[0:0]={NULL}', NULL, NULL)$$, 'SELECT * FROM ones.recommend(5, 9)',
	'[0:0]={NULL} is the default of candidates; NULL excludes nothing but what was seen');

-- ---- recommend_for ------------------------------------------------------------

SELECT results_eq(format($$SELECT * FROM %I.recommend_for(ARRAY['i5', 'i3', NULL, 'i11', 'nope', 'i5'], %s)$$, model, n),
	format('SELECT * FROM %I.recommend(2001, %s)', model, n),
	format('%s: recommend_for(items, %s) is recommend for a user with these items', model, n))
FROM (VALUES ('ones', 5), ('logs', 40), ('straight', 500), ('ones', 0)) v(model, n);
SELECT results_eq($$SELECT * FROM ones.recommend_for('{}', 5)$$, 'popular', 'an empty basket gets popular items');
SELECT results_eq($$SELECT * FROM ones.recommend_for(NULL, 5)$$, 'popular', 'so does NULL');
SELECT results_eq($$SELECT * FROM ones.recommend_for(ARRAY['i3', 'i5', 'i11'], 4, ARRAY['i1', 'i3', 'i7', 'i8'], ARRAY['i8'])$$,
	$$SELECT * FROM ones.recommend(2001, 4, ARRAY['i1', 'i3', 'i7', 'i8'], ARRAY['i8'])$$,
	'with candidates and exclude too');

-- ---- score, explain, audience --------------------------------------------------

SELECT is_empty(format($$
	SELECT u, r.*, s.* FROM users, %1$I.recommend(u, 500, exclude_seen => false) r
	FULL JOIN LATERAL %1$I.score(u, (SELECT array_agg(item_id) FROM %1$I.items)) s USING (item_id, rank, personalized, score)
	WHERE r IS NULL OR s IS NULL$$, model), model || ': score of all items is recommend with seen ones')
FROM unnest(ARRAY['ones', 'logs', 'straight']) model;
SELECT results_eq($$SELECT * FROM ones.score(7, ARRAY['i9', 'nope', 'i2', NULL, 'i9'])$$,
	$$SELECT * FROM ones.recommend(7, 9, ARRAY['i9', 'i2'], exclude_seen => false)$$, 'score leaves out what it does not know');
SELECT is_empty('SELECT * FROM ones.score(7, NULL)', 'no items, no scores');
SELECT set_eq($$SELECT item_id, score, personalized FROM ones.score(NULL, ARRAY['i1', 'i2'])$$,
	$$SELECT item_id, popularity, false FROM ones.items WHERE item_id IN ('i1', 'i2')$$, 'nobody''s scores are popularity');

SELECT is_empty(format($$
	SELECT u, s.*, e.* FROM users, %1$I.score(u, ARRAY(SELECT item_id FROM %1$I.items)) s,
	LATERAL (SELECT sum(contribution) AS total, sum(share) AS share, count(*) AS n,
		bool_and(abs(contribution - weight * similarity) <= 1e-5 * contribution) AS product,
		array_agg(because_id ORDER BY rank) = array_agg(because_id ORDER BY contribution DESC, because_id COLLATE "C") AS ordered,
		bool_and(because_id IN (SELECT item FROM sums h WHERE h.u = users.u)) AS seen
		FROM %1$I.explain(u, item_id, 1000)) e
	WHERE u %% 6 = 0 AND (s.personalized AND ((abs(e.total - s.score) <= 1e-4 * s.score AND abs(share - 1) < 1e-4
			AND product AND ordered AND seen) IS NOT TRUE)
		OR NOT s.personalized AND n > 0)$$, model),
	model || ': explain adds up to the score')
FROM unnest(ARRAY['ones', 'logs', 'straight']) model;
SELECT results_eq($$SELECT * FROM straight.explain(5, 'i2', 2)$$,
	$$SELECT * FROM straight.explain(5, 'i2', 100) WHERE rank <= 2$$, 'explain cuts to k');
SELECT is_empty($$SELECT * FROM ones.explain(5, 'nope')$$, 'nothing explains an unknown item');
SELECT is_empty($$SELECT * FROM ones.explain(NULL, 'i1') UNION ALL SELECT * FROM ones.explain(1, NULL)
	UNION ALL SELECT * FROM ones.explain(77777, 'i1') UNION ALL SELECT * FROM ones.explain(5, 'i2', 0)$$,
	'nor does nobody, nothing, no history, or k = 0');

-- the first thousand are all: equal to score of everybody who has not got it
SELECT is_empty(format($$
	SELECT item, a.*, e.* FROM unnest(ARRAY['i0', 'i3', 'i40', 'i77', 'i80']) item,
	LATERAL (SELECT a.* FROM (SELECT user_id, score, rank FROM %1$I.audience(item, 1000)) a
		FULL JOIN (SELECT u AS user_id, s.score, (row_number() OVER (ORDER BY s.score DESC, u))::int AS rank
			FROM users, %1$I.score(u, ARRAY[item]) s WHERE s.personalized
			AND item NOT IN (SELECT h.item FROM seen h WHERE h.u = users.u)) e USING (user_id, score, rank)
		WHERE a IS NULL OR e IS NULL) a, LATERAL (SELECT 1) e$$, model),
	model || ': audience is who has the highest score without having it')
FROM unnest(ARRAY['ones', 'logs', 'straight']) model;
SELECT is_empty(format($$
	SELECT user_id, score, rank FROM %1$I.audience('i3', 1000) WHERE rank <= 5
	EXCEPT SELECT user_id, score, rank FROM %1$I.audience('i3', 5)$$, 'straight'), 'audience cuts to k');
SELECT is((SELECT count(*) FROM ones.audience('i40', 3)), 3::bigint, 'audience(item, 3) are three');
SELECT is_empty($$SELECT * FROM ones.audience('nope') UNION ALL SELECT * FROM ones.audience(NULL)
	UNION ALL SELECT * FROM ones.audience('i1', 0)$$, 'nobody for an unknown item, NULL, or k = 0');

-- ---- similar items and users ---------------------------------------------------

SELECT is_empty($$
	SELECT i.item_id, n FROM logs.items i, generate_series(0, 8) n WHERE
		(SELECT array_agg((s.item_id, s.score, s.rank) ORDER BY s.rank) FROM logs.similar_items(i.item_id, n) s)
		IS DISTINCT FROM (SELECT array_agg((neighbor_id, score, rank) ORDER BY rank)
			FROM logs.neighbors b WHERE b.item_id = i.item_id AND rank <= n)$$,
	'similar_items is the beginning of neighbors');
SELECT is_empty($$SELECT * FROM ones.similar_items('nope') UNION ALL SELECT * FROM ones.similar_items(NULL)$$,
	'nothing is similar to an unknown item');

CREATE FUNCTION pg_temp.cosines(weights text, who bigint)
RETURNS TABLE (u bigint, score float8, common bigint) LANGUAGE sql AS $$
	SELECT o.u, sum(h.v * own.v) / sqrt((SELECT sum(v * v) FROM pg_temp.history(weights, o.u))
		* (SELECT sum(v * v) FROM pg_temp.history(weights, who))), count(*)
	FROM users o, pg_temp.history(weights, o.u) h JOIN pg_temp.history(weights, who) own USING (item)
	WHERE o.u <> who GROUP BY o.u
$$;
SELECT is_empty(format($$
	WITH few AS (SELECT unnest(ARRAY[0, 1, 5, 17, 120, 902, 903, 906]) AS u),
	got AS (SELECT few.u, s.*, row_number() OVER (PARTITION BY u ORDER BY s.score DESC, user_id) AS no
		FROM few, %I.similar_users(u, 1000) s),
	expected AS (SELECT few.u, c.u AS user_id, c.score, c.common FROM few, pg_temp.cosines(%L, few.u) c)
	SELECT * FROM got FULL JOIN expected e USING (u, user_id)
	WHERE (abs(got.score - e.score) <= 1e-5 * e.score AND got.common = e.common AND rank = no) IS NOT TRUE$$,
	model, weights), model || ': similar_users is the cosine of histories')
FROM (VALUES ('ones', ''), ('logs', 'log'), ('straight', 'linear')) v(model, weights);
SELECT is((SELECT count(*) FROM ones.similar_users(1, 4)), 4::bigint, 'similar_users(user, 4) are four');
SELECT is_empty($$SELECT * FROM ones.similar_users(77777) UNION ALL SELECT * FROM ones.similar_users(NULL)
	UNION ALL SELECT * FROM ones.similar_users(901) UNION ALL SELECT * FROM ones.similar_users(1, 0)$$,
	'nobody is like nobody, NULL, who has only returns, or for k = 0');

-- ---- recommend_all ---------------------------------------------------------------

SELECT is_empty(format($$
	(SELECT a.user_id, a.item_id, a.score, a.rank, a.personalized FROM %1$I.recommend_all(%2$s) a
		EXCEPT SELECT u, r.* FROM users, %1$I.recommend(u, %2$s) r)
	UNION ALL
	(SELECT u, r.* FROM users, %1$I.recommend(u, %2$s) r
		EXCEPT SELECT a.user_id, a.item_id, a.score, a.rank, a.personalized FROM %1$I.recommend_all(%2$s) a)$$,
	model, n), format('%s: recommend_all(%s) is recommend of every user, to the last bit', model, n))
FROM unnest(ARRAY['ones', 'logs', 'straight']) model, unnest(ARRAY[5, 40]) n;

SELECT finish();
ROLLBACK;
