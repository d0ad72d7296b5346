-- Serving by factors and by neighbours with signs: what score() says of all
-- items is the reference, and every other function has to agree with it to the
-- last bit, in the same order; factors and neighbours are read with plain SQL.
BEGIN;
SET client_min_messages = error;	-- returns are told in a warning
SET check_function_bodies = off;
SET jit = off;
SELECT plan(144);
SELECT setseed(0.31);

-- 150 users, 90 items. User 901 has only returns, 902 an item that no model
-- knows, 905 everything. Items i88 and i89 are bought by the same users, the
-- same number of times: scores that are equal.
CREATE TABLE bought (u bigint, item text, w float8);
INSERT INTO bought
SELECT (random() * random() * 150)::int, 'i' || (random() * random() * 80)::int,
	CASE WHEN random() < 0.1 THEN -1 ELSE ceil(random() * 5) END
FROM generate_series(1, 3000);
INSERT INTO bought SELECT u, 'i' || n, 2 FROM generate_series(3, 30, 3) u, generate_series(88, 89) n;
INSERT INTO bought VALUES (NULL, 'i1', 1), (1, NULL, 1), (901, 'i1', 2),
	(901, 'i1', -2), (904, 'i1', 1);
INSERT INTO bought SELECT 905, 'i' || n, 1 FROM generate_series(0, 89) n;

SELECT affinity.create_model('few', 'SELECT u, item, w FROM bought', 'ials', '{"factors": 5, "confidence": "log", "alpha": 2, "unobserved_weight": 0.02}');
SELECT affinity.create_model('many', 'SELECT u, item, w FROM bought', 'ials', '{"factors": 33, "unobserved_weight": 0.02}');
SELECT affinity.create_model('rated', 'SELECT u, item, w FROM bought', 'als', '{"factors": 6}');
SELECT affinity.create_model('signs', 'SELECT u, item, w FROM bought', 'ease', '{}');
INSERT INTO bought VALUES (902, 'new', 3), (906, 'i3', 2), (906, 'new', 1),
	(2001, 'i3', 1), (2001, 'i5', 1), (2001, 'i11', 1);
CREATE INDEX ON bought (u);
CREATE VIEW users AS SELECT DISTINCT u FROM bought WHERE u IS NOT NULL;
-- what a model learns from: sums above 0, or means; and what is not
-- recommended again: the others too
CREATE TABLE sums AS SELECT u, item, sum(w) AS w, avg(w) AS mean FROM bought
	WHERE u IS NOT NULL AND item IS NOT NULL GROUP BY u, item;
ALTER TABLE sums ADD PRIMARY KEY (u, item);
CREATE FUNCTION pg_temp.seen(model text, who bigint) RETURNS SETOF text LANGUAGE sql STABLE AS $$
	SELECT item FROM sums WHERE u = who AND (model = 'rated' OR w > 0)
$$;
CREATE TABLE has AS SELECT DISTINCT u, item FROM bought WHERE u IS NOT NULL AND item IS NOT NULL;
ALTER TABLE has ADD PRIMARY KEY (u, item);
CREATE FUNCTION pg_temp.is_known(model text, who bigint) RETURNS boolean LANGUAGE plpgsql STABLE AS $$
DECLARE known boolean;
BEGIN
	EXECUTE format('SELECT EXISTS (SELECT FROM pg_temp.seen(%L, $1) s JOIN %I.items i ON i.item_id = s)', model, model)
		INTO known USING who;
	RETURN known;
END $$;
ANALYZE;

-- Every user's score of every item, as score() says.
CREATE TABLE said (model text, u bigint, item text, item_no int, score real, personalized boolean, popularity real, seen boolean);
CREATE FUNCTION pg_temp.ask(model text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE format('INSERT INTO said SELECT %1$L, u, s.item_id, i.item_no, s.score, s.personalized, i.popularity,
		EXISTS (SELECT FROM has h WHERE h.u = users.u AND h.item = s.item_id)
		FROM users, %1$I.score(u, ARRAY(SELECT item_id FROM %1$I.items)) s JOIN %1$I.items i USING (item_id)', model);
END $$;
SELECT pg_temp.ask(model) FROM unnest(ARRAY['few', 'many', 'rated', 'signs']) model;
CREATE INDEX ON said (model, u);
ANALYZE said;

-- What recommend has to be, from what was said: personalized with a score above
-- 0 (with factors: any), popular ones, then those spoken against.
CREATE FUNCTION pg_temp.expected(m text, who bigint, k int, with_seen boolean)
RETURNS TABLE (item text, score real, rank int, personalized boolean) LANGUAGE sql STABLE AS $$
	SELECT item, score, no::int, personalized FROM (
		SELECT item, CASE WHEN personalized OR NOT any_one THEN score ELSE 0 END AS score, personalized,
			row_number() OVER (ORDER BY personalized AND (score > 0 OR m <> 'signs') DESC,
				personalized, CASE WHEN personalized THEN score ELSE popularity END DESC, item_no) AS no
		FROM (SELECT *, bool_or(s.personalized) OVER () AS any_one FROM said s
			WHERE s.model = m AND s.u = who AND (with_seen OR NOT s.seen)) s) r
	WHERE no <= k
$$;

SELECT is((SELECT count(*) FROM (SELECT DISTINCT u, personalized FROM said WHERE said.model = m OFFSET 0) s
	WHERE personalized <> pg_temp.is_known(m, u)), 0::bigint, m || ': everything is personalized for who has a history, nothing for others')
FROM unnest(ARRAY['few', 'many', 'rated']) m;
SELECT cmp_ok((SELECT count(*) FROM said WHERE said.model = m AND personalized AND score < 0), '>', 0::bigint,
	m || ': there are scores below 0')
FROM unnest(ARRAY['few', 'many', 'signs']) m;

-- A user's vector x from (a sum over all y y' + sum over own c y y' + r) x =
-- sum over own c y, c = alpha log2(1 + weight), r = lambda (n + a m): by
-- elimination in SQL.
CREATE TABLE gram AS SELECT k, l, sum(factors[k]::float8 * factors[l]) AS v
FROM few.items, generate_series(1, 5) k, generate_series(1, 5) l GROUP BY k, l;
CREATE FUNCTION pg_temp.fold(who bigint) RETURNS float8[] LANGUAGE plpgsql AS $$
DECLARE
	o jsonb := (SELECT options FROM few.model);
	unobserved float8 := (o->>'unobserved_weight')::float8;
	n int := (SELECT count(*) FROM sums s JOIN few.items i ON i.item_id = s.item WHERE s.u = who AND s.w > 0);
	ridge float8 := (o->>'regularization')::float8
		* (n + unobserved * (SELECT count(*) FROM few.items)) ^ (o->>'regularization_exponent')::float8;
	a float8[] := array_fill(0::float8, ARRAY[5, 6]);
	c float8;
BEGIN
	FOR row_ IN 1..5 LOOP
		FOR col IN 1..5 LOOP
			a[row_][col] := unobserved * (SELECT v FROM gram WHERE k = row_ AND l = col) + CASE WHEN row_ = col THEN ridge ELSE 0 END
				+ (SELECT sum(2 * ln(1 + s.w) / ln(2) * i.factors[row_]::float8 * i.factors[col])
					FROM sums s JOIN few.items i ON i.item_id = s.item WHERE s.u = who AND s.w > 0);
		END LOOP;
		a[row_][6] := (SELECT sum(2 * ln(1 + s.w) / ln(2) * i.factors[row_]::float8)
			FROM sums s JOIN few.items i ON i.item_id = s.item WHERE s.u = who AND s.w > 0);
	END LOOP;
	FOR pivot IN 1..5 LOOP
		FOR row_ IN 1..5 LOOP
			CONTINUE WHEN row_ = pivot;
			c := a[row_][pivot] / a[pivot][pivot];
			FOR col IN pivot..6 LOOP
				a[row_][col] := a[row_][col] - c * a[pivot][col];
			END LOOP;
		END LOOP;
	END LOOP;
	RETURN ARRAY(SELECT a[r][6] / a[r][r] FROM generate_series(1, 5) r);
END $$;
SELECT is_empty($$
	WITH folded AS MATERIALIZED (SELECT u, pg_temp.fold(u) AS x FROM users WHERE pg_temp.is_known('few', u))
	SELECT s.*, e.score FROM said s JOIN folded USING (u) JOIN few.items i ON i.item_id = s.item,
		LATERAL (SELECT sum(f * i.factors[k]) AS score FROM unnest(x) WITH ORDINALITY AS n(f, k)) e
	WHERE s.model = 'few' AND (abs(e.score - s.score) <= 1e-4) IS NOT TRUE$$,
	'few: score is the product with what SQL folds in');

-- ---- recommend ---------------------------------------------------------------

SELECT is_empty(format($$SELECT u, d.* FROM users
	CROSS JOIN LATERAL (SELECT g, e FROM %2$I.recommend(u, %1$s, exclude_seen => NOT %3$L) g
		FULL JOIN pg_temp.expected(%2$L, u, %1$s, %3$L) e
		ON (g.item_id, g.score, g.rank, g.personalized) = (e.item, e.score, e.rank, e.personalized)
		WHERE g IS NULL OR e IS NULL) d(g, e)$$, k, model, seen),
	format('%s: recommend(u, %s), exclude_seen %s, is the best of score', model, k, NOT seen))
FROM unnest(ARRAY['few', 'many', 'rated', 'signs']) model, unnest(ARRAY[1, 9, 70, 500]) k,
	unnest(ARRAY[false, true]) seen;
SELECT is((SELECT count(*) FROM few.recommend(1, 2147483647)),
	(SELECT count(*) FROM said WHERE model = 'few' AND u = 1 AND NOT seen), 'a huge k gives all');
SELECT is_empty('SELECT * FROM few.recommend(1, 0)', 'k = 0 gives no rows');
SELECT is_empty('SELECT * FROM few.recommend(905, 10)', 'who has everything gets nothing');
SELECT is_empty(format($$SELECT u FROM users WHERE
	(SELECT array_agg((item_id, score, personalized) ORDER BY rank) FROM %1$I.recommend(u, 4, ARRAY['i3', 'i88', NULL, 'nope', 'i89', 'i3', 'i40', 'i7', 'i9'], ARRAY['i7']))
	IS DISTINCT FROM
	(SELECT array_agg((item, score, personalized) ORDER BY rank) FROM (SELECT * FROM pg_temp.expected(%1$L, u, 1000, false)
		WHERE item IN ('i3', 'i88', 'i89', 'i40', 'i9') ORDER BY rank LIMIT 4) c)$$, model),
	model || ': candidates are what recommend would rank, cut to k; exclude wins')
FROM unnest(ARRAY['few', 'many', 'rated', 'signs']) model;
SELECT results_eq(format($$SELECT * FROM %I.recommend_for(ARRAY['i5', 'i3', NULL, 'i11', 'nope', 'i5'], %s)$$, model, n),
	format('SELECT * FROM %I.recommend(2001, %s)', model, n),
	format('%s: recommend_for(items, %s) is recommend for a user with these items', model, n))
FROM unnest(ARRAY['few', 'many', 'signs']) model, unnest(ARRAY[5, 500]) n;
SELECT set_eq(format('SELECT item_id, score, rank, personalized FROM %I.recommend_for(NULL, 7)', model),
	format('SELECT item_id, popularity, row_number() OVER (ORDER BY popularity DESC, item_no), false FROM %I.items ORDER BY 3 LIMIT 7', model),
	model || ': nothing in the basket, popular items')
FROM unnest(ARRAY['few', 'rated', 'signs']) model;
SELECT is((SELECT score FROM few.score(3, ARRAY['i88'])), (SELECT score FROM few.score(3, ARRAY['i89', 'i88']) WHERE item_id = 'i88'),
	'a score does not depend on what else is scored');

-- ---- recommend_all, audience -----------------------------------------------------

SELECT is_empty(format($$
	(SELECT a.user_id, a.item_id, a.score, a.rank, a.personalized FROM %1$I.recommend_all(%2$s) a
		EXCEPT ALL SELECT u, r.* FROM users, %1$I.recommend(u, %2$s) r)
	UNION ALL
	(SELECT u, r.* FROM users, %1$I.recommend(u, %2$s) r
		EXCEPT ALL SELECT a.user_id, a.item_id, a.score, a.rank, a.personalized FROM %1$I.recommend_all(%2$s) a)$$,
	model, n), format('%s: recommend_all(%s) is recommend of every user, to the last bit', model, n))
FROM unnest(ARRAY['few', 'many', 'rated', 'signs']) model, unnest(ARRAY[1, 5, 40, 1000]) n;
SELECT is_empty(format('SELECT * FROM %I.recommend_all(0)', model), model || ': none for k = 0')
FROM unnest(ARRAY['few', 'signs']) model;
SELECT is_empty(format($$
	SELECT item, a.* FROM unnest(ARRAY['i0', 'i3', 'i40', 'i77', 'i88']) item,
	LATERAL (SELECT a, e FROM %1$I.audience(item, %2$s) a
		FULL JOIN (SELECT * FROM (SELECT u AS user_id, s.score, (row_number() OVER (ORDER BY s.score DESC, u))::int AS rank
			FROM said s WHERE s.model = %1$L AND s.item = item.item AND s.personalized AND NOT s.seen
			AND (s.score > 0 OR %1$L <> 'signs')) e WHERE rank <= %2$s) e
		ON (a.user_id, a.score, a.rank) = (e.user_id, e.score, e.rank)
		WHERE a IS NULL OR e IS NULL) a$$, model, k),
	format('%s: audience(item, %s) is who has the highest score without having it', model, k))
FROM unnest(ARRAY['few', 'many', 'rated', 'signs']) model, unnest(ARRAY[1, 10, 1000]) k;
SELECT is_empty(format($$SELECT * FROM %1$I.audience('nope') UNION ALL SELECT * FROM %1$I.audience(NULL)
	UNION ALL SELECT * FROM %1$I.audience('i1', 0)$$, model), model || ': nobody for an unknown item, NULL, or k = 0')
FROM unnest(ARRAY['few', 'signs']) model;

-- ---- similar items ---------------------------------------------------------------

-- als has an item's bias as its first factor
CREATE FUNCTION pg_temp.cosines(model text, skip int)
RETURNS TABLE (a text, b text, b_no int, cosine float8) LANGUAGE plpgsql AS $$
BEGIN
	RETURN QUERY EXECUTE format('WITH v AS MATERIALIZED (SELECT item_id, item_no, f::float8, no FROM %I.items,
		unnest(factors) WITH ORDINALITY AS u(f, no) WHERE no > %s),
		norms AS MATERIALIZED (SELECT item_id, sqrt(sum(f * f)) AS norm FROM v GROUP BY item_id)
	SELECT x.item_id, y.item_id, y.item_no, sum(x.f * y.f) / (SELECT norm FROM norms n WHERE n.item_id = x.item_id)
			/ (SELECT norm FROM norms n WHERE n.item_id = y.item_id)
	FROM v x JOIN v y USING (no) WHERE x.item_id <> y.item_id
	GROUP BY x.item_id, y.item_id, y.item_no', model, skip);
END $$;
SELECT is_empty(format($$
	SELECT g.*, c.* FROM pg_temp.cosines(%1$L, %2$s) c
	FULL JOIN (SELECT i.item_id AS a, s.item_id AS b, s.score, s.rank, row_number() OVER (PARTITION BY i.item_id ORDER BY s.score DESC, j.item_no) AS no
		FROM %1$I.items i, %1$I.similar_items(i.item_id, 1000) s JOIN %1$I.items j ON j.item_id = s.item_id) g USING (a, b)
	WHERE (CASE WHEN cosine > 1e-6 THEN abs(g.score - cosine) <= 1e-5 AND rank = no
		WHEN cosine < -1e-6 THEN g IS NULL ELSE true END) IS NOT TRUE$$, model, skip),
	model || ': similar_items is the cosine of factors, where it is above 0')
FROM (VALUES ('few', 0), ('many', 0), ('rated', 1)) v(model, skip);
SELECT is_empty($$
	SELECT i.item_id, n FROM signs.items i, generate_series(0, 60, 12) n WHERE
		(SELECT array_agg((s.item_id, s.score, s.rank) ORDER BY s.rank) FROM signs.similar_items(i.item_id, n) s)
		IS DISTINCT FROM (SELECT array_agg((neighbor_id, score, no::int) ORDER BY no)
			FROM (SELECT b.*, row_number() OVER (ORDER BY b.score DESC, j.item_no) AS no
				FROM signs.neighbors b JOIN signs.items j ON j.item_id = b.neighbor_id
				WHERE b.item_id = i.item_id AND b.score > 0) b WHERE no <= n)$$,
	'signs: similar_items are the neighbours above 0, best first');
SELECT is_empty(format($$SELECT * FROM %1$I.similar_items('nope') UNION ALL SELECT * FROM %1$I.similar_items(NULL)
	UNION ALL SELECT * FROM %1$I.similar_items('i1', 0)$$, model), model || ': nothing is similar to an unknown item')
FROM unnest(ARRAY['few', 'rated', 'signs']) model;

-- ---- sums with signs -------------------------------------------------------------

-- and so that sums do cancel out: whole numbers
UPDATE signs.items SET scores = ARRAY(SELECT (hashint4(item_no * 1000 + no::int) % 5)::real
	FROM unnest(scores) WITH ORDINALITY AS n(s, no) ORDER BY no);
UPDATE signs.model SET version = nextval('signs.model_version');
DELETE FROM said WHERE model = 'signs';
SELECT pg_temp.ask('signs');
CREATE TABLE true_sums AS
SELECT u, n.neighbor_id AS item, sum(n.score)::real AS score, count(*) FILTER (WHERE n.score <> 0) AS parts
FROM users CROSS JOIN LATERAL pg_temp.seen('signs', u) s JOIN signs.neighbors n ON n.item_id = s GROUP BY u, n.neighbor_id;
SELECT cmp_ok(count(*), '>', 20::bigint, 'signs: some sums cancel out') FROM true_sums WHERE score = 0 AND parts > 1;
SELECT is_empty($$SELECT s.u, s.item, s.score, t.score FROM said s LEFT JOIN true_sums t USING (u, item)
	WHERE s.model = 'signs' AND (CASE WHEN coalesce(t.score, 0) <> 0 THEN s.score = t.score AND s.personalized
		ELSE NOT s.personalized END) IS NOT TRUE$$,
	'signs: a score is the sum over neighbours; where that is 0 nothing is said');
SELECT is_empty(format($$SELECT u, d.* FROM users
	CROSS JOIN LATERAL (SELECT g, e FROM signs.recommend(u, %1$s) g
		FULL JOIN pg_temp.expected('signs', u, %1$s, false) e
		ON (g.item_id, g.score, g.rank, g.personalized) = (e.item, e.score, e.rank, e.personalized)
		WHERE g IS NULL OR e IS NULL) d(g, e)$$, k),
	format('signs: recommend(u, %s): above 0, popular, below 0', k))
FROM unnest(ARRAY[3, 30, 60, 500]) k;
SELECT is_empty(format($$
	(SELECT a.user_id, a.item_id, a.score, a.rank, a.personalized FROM signs.recommend_all(%1$s) a
		EXCEPT ALL SELECT u, r.* FROM users, signs.recommend(u, %1$s) r)
	UNION ALL
	(SELECT u, r.* FROM users, signs.recommend(u, %1$s) r
		EXCEPT ALL SELECT a.user_id, a.item_id, a.score, a.rank, a.personalized FROM signs.recommend_all(%1$s) a)$$, k),
	format('signs: recommend_all(%s) agrees', k))
FROM unnest(ARRAY[3, 30, 60, 500]) k;

-- ---- explain ---------------------------------------------------------------------

-- als: biases do not come from single items
SELECT is_empty(format($$
	SELECT s.u, s.item, s.score, e.* FROM said s, LATERAL (SELECT count(*) AS n, coalesce(sum(contribution::float8), 0) AS total,
			sum(abs(share::float8)) AS shares, sum(abs(contribution::float8)) AS size,
			bool_and(abs(contribution - weight * similarity) <= 1e-4 * abs(contribution) + 1e-6) AS product,
			bool_and(because_id IN (SELECT pg_temp.seen(%1$L, s.u))) AS of_history,
			array_agg(because_id ORDER BY rank) = array_agg(because_id ORDER BY contribution DESC, because_id COLLATE "C") AS ordered
			FROM %1$I.explain(s.u, s.item, 1000)) e
	WHERE s.model = %1$L AND s.u %% 7 = 0 AND (CASE
		WHEN s.personalized THEN abs(total - s.score) <= 1e-3 * size + 1e-5 AND abs(shares - 1) < 1e-4 AND product AND of_history AND ordered
		WHEN %1$L = 'signs' THEN abs(total) <= 1e-4
		ELSE n = 0 END) IS NOT TRUE$$, model),
	model || ': explain adds up to the score')
FROM unnest(ARRAY['few', 'many', 'signs']) model;
SELECT isnt_empty('SELECT e.* FROM users, signs.explain(u, ''i2'', 1000) e WHERE contribution < 0',
	'what speaks against an item is shown too');
SELECT results_eq(format($$SELECT * FROM %I.explain(5, 'i2', 2)$$, model),
	format($$SELECT * FROM %I.explain(5, 'i2', 100) WHERE rank <= 2$$, model), model || ': explain cuts to k')
FROM unnest(ARRAY['few', 'rated', 'signs']) model;
SELECT is_empty(format($$SELECT * FROM %1$I.explain(5, 'nope') UNION ALL SELECT * FROM %1$I.explain(NULL, 'i1') UNION ALL SELECT * FROM %1$I.explain(1, NULL)
	UNION ALL SELECT * FROM %1$I.explain(77777, 'i1') UNION ALL SELECT * FROM %1$I.explain(5, 'i2', 0)$$, model),
	model || ': nothing explains an unknown item, nobody, nothing, no history, or k = 0')
FROM unnest(ARRAY['few', 'rated', 'signs']) model;

-- ---- crafted factors ---------------------------------------------------------------

-- equal and opposite rows, zeros, huge and tiny numbers: the order of equal
-- scores is that of ids, and choosing by single precision loses nothing
-- a larger catalogue, so that choosing happens at all
CREATE TABLE wide (u int, item int);
INSERT INTO wide SELECT n % 130, (n * 7919) % 1000 FROM generate_series(1, 3000) n;
SELECT affinity.create_model('big', 'SELECT u, item FROM wide', 'ials', '{"factors": 17}');
CREATE OR REPLACE VIEW users AS SELECT DISTINCT u::bigint AS u FROM wide;
CREATE OR REPLACE FUNCTION pg_temp.seen(model text, who bigint) RETURNS SETOF text LANGUAGE sql STABLE AS $$
	SELECT item::text FROM wide WHERE u = who
$$;
CREATE FUNCTION pg_temp.agree(k int) RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
	UPDATE big.model SET version = nextval('big.model_version');
	RETURN NEXT is_empty(format('(SELECT a.user_id, a.item_id, a.score, a.rank, a.personalized FROM big.recommend_all(%1$s) a
		EXCEPT ALL SELECT u, r.* FROM users, big.recommend(u::int, %1$s) r)
	UNION ALL (SELECT u, r.* FROM users, big.recommend(u::int, %1$s) r
		EXCEPT ALL SELECT a.user_id, a.item_id, a.score, a.rank, a.personalized FROM big.recommend_all(%1$s) a)', k),
		format('big: recommend_all(%s) agrees', k));
	RETURN NEXT is_empty(format('SELECT u, r.* FROM users, LATERAL
		(SELECT r.*, row_number() OVER (ORDER BY personalized DESC, CASE WHEN personalized THEN score END DESC,
			CASE WHEN NOT personalized THEN popularity END DESC, item_no) AS no
		FROM big.recommend(u::int, %s) r JOIN big.items USING (item_id)) r WHERE no <> rank', k),
		format('big: recommend(u, %s) is in order of score and id', k));
END $$;
SELECT pg_temp.agree(k) FROM unnest(ARRAY[1, 20, 1000]) k;
CREATE TABLE kept AS SELECT item_no, factors FROM big.items;
UPDATE big.items SET factors = (SELECT factors FROM kept WHERE kept.item_no = items.item_no % 3);
SELECT pg_temp.agree(k) FROM unnest(ARRAY[1, 100]) k;
UPDATE big.items SET factors = array_fill(0::real, ARRAY[17]);
SELECT pg_temp.agree(20);
UPDATE big.items i SET factors = ARRAY(SELECT (f * (i.item_no % 5 - 2))::real FROM unnest(k.factors) f)
FROM kept k WHERE k.item_no = i.item_no;
SELECT pg_temp.agree(20);
UPDATE big.items i SET factors = ARRAY(SELECT (f * 1e-30)::real FROM unnest(k.factors) f) FROM kept k WHERE k.item_no = i.item_no;
SELECT pg_temp.agree(20);
UPDATE big.items i SET factors = ARRAY(SELECT (f * 1e18)::real FROM unnest(k.factors) f) FROM kept k WHERE k.item_no = i.item_no;
SELECT pg_temp.agree(20);
UPDATE big.items i SET factors = ARRAY(SELECT (f * 1e36)::real FROM unnest(k.factors) f) FROM kept k WHERE k.item_no = i.item_no;
SELECT pg_temp.agree(20);

-- ---- what a backend keeps --------------------------------------------------------

SELECT is((SELECT count(*) FROM big.recommend(1, 5) b, few.recommend(1, 5) f, many.recommend(1, 5) m), 125::bigint,
	'three models in one query');
SELECT cmp_ok((SELECT count(*) FROM pg_backend_memory_contexts WHERE name = 'affinity factors'), '>=', 3::bigint,
	'factors are kept with each model');
-- 1,024 kB are allowed and each of the two needs more than half
CREATE TABLE large AS SELECT n % 40 AS u, n AS i FROM generate_series(1, 5000) n;
SELECT affinity.create_model('one', 'SELECT u, i FROM large', 'ials', '{"factors": 32, "iterations": 1}');
SELECT affinity.create_model('two', 'SELECT u, i FROM large', 'ials', '{"factors": 32, "iterations": 1, "seed": 2}');
CREATE TABLE before AS SELECT 'one' AS model, r.* FROM one.recommend(3, 20) r UNION ALL SELECT 'two', r.* FROM two.recommend(3, 20) r;
-- read anew
UPDATE one.model SET version = nextval('one.model_version');
UPDATE two.model SET version = nextval('two.model_version');
SET maintenance_work_mem = '1MB';
SELECT set_eq($$SELECT 'one', r.* FROM one.recommend(3, 20) r UNION ALL SELECT 'two', r.* FROM two.recommend(3, 20) r
	UNION ALL SELECT 'one', r.* FROM one.recommend(3, 20) r$$, 'SELECT * FROM before', 'models that make room for each other');
SELECT cmp_ok((SELECT sum(total_bytes) FROM pg_backend_memory_contexts WHERE name = 'affinity factors'), '<', 1100000::numeric,
	'keep no more than maintenance_work_mem');
SELECT throws_ok('SELECT * FROM one.recommend_all(3)', '53400', NULL, 'recommend_all needs them twice');
RESET maintenance_work_mem;

SAVEPOINT refreshed;
INSERT INTO large SELECT 3, n FROM generate_series(1, 5000, 3) n;
SELECT affinity.refresh_model('one');
SELECT isnt_empty($$SELECT item_id, score FROM one.recommend(3, 20) EXCEPT SELECT item_id, score FROM before WHERE model = 'one'$$,
	'a refreshed model has other factors');
ROLLBACK TO refreshed;
SELECT set_eq($$SELECT 'one', r.* FROM one.recommend(3, 20) r$$, $$SELECT * FROM before WHERE model = 'one'$$,
	'and its old ones when that is rolled back');
UPDATE one.items SET factors = NULL WHERE item_no = 3;
UPDATE one.model SET version = nextval('one.model_version');
SELECT throws_ok('SELECT * FROM one.recommend(3, 5)', '55000', NULL, 'what could not be read');
SELECT throws_ok('SELECT * FROM one.recommend(3, 5)', '55000', NULL, 'is not kept');

SELECT finish();
ROLLBACK;
