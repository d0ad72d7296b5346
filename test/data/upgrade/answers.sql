-- What ../upgrade/database.sql answers, a row for each question.
CREATE FUNCTION pg_temp.asked(question text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	answer text;
BEGIN
	EXECUTE format('SELECT string_agg(x::text, E''\n'' ORDER BY x::text COLLATE "C") FROM (%s) x', question) INTO answer;
	RETURN answer;
EXCEPTION WHEN feature_not_supported OR object_not_in_prerequisite_state THEN
	-- by algorithm
	RETURN SQLSTATE || ' ' || SQLERRM;
END $$;
SELECT name, pg_temp.asked(question) FROM (
	SELECT m || ': ' || f AS name, format('SELECT ' || what || ' FROM %I.' || f, m) AS question
	FROM unnest(ARRAY['knn', 'Best sellers', 'kept', 'linear', 'factors', 'ratings', 'sequels', 'later', 'ruled', 'theirs']) m,
		(VALUES ('round(score::numeric, 3), item_id, rank', 'recommend(3, 4)'), ('round(score::numeric, 3), item_id, rank', 'recommend_for(ARRAY[''product 03''], 4)'),
			('user_id, round(score::numeric, 3), item_id, rank', 'recommend_all(3)'), ('item_id, round(score::numeric, 3)', 'similar_items(''product 05'', 4)'),
			('item_id, round(score::numeric, 3)', 'score(5, ARRAY[''product 01'', ''product 02''])'), ('round(score::numeric, 3), item_id, neighbor_id', 'neighbors')) v (what, f)
	UNION ALL VALUES ('picks', 'SELECT user_id, item_id, rank FROM picks'), ('alike', 'SELECT item_id, neighbor_id FROM alike'),
		('front page', 'SELECT * FROM front_page'), ('best', 'SELECT c, best(c) FROM generate_series(1, 9) c'),
		('popular in groups', 'SELECT g, p.item_id, p.rank FROM unnest(ARRAY[''group 1'', ''group 2'']) g, knn.popular(5, g) p'),
		('retention', 'SELECT * FROM retention'), ('conversion', 'SELECT * FROM conversion'),
		('revenue', 'SELECT region, r.* FROM by_value, affinity.revenue_retention(state) r'),
		('states', 'SELECT md5(x::text) FROM of_all x'), ('basket', 'SELECT b.* FROM of_all, affinity.basket_items(basket) b'),
		('metric', 'SELECT units, round(mean::numeric, 9) FROM of_all, affinity.metric_moments(metric)'),
		('series', 'SELECT step, round(value::numeric, 9) FROM of_all, affinity.forecast(series, 2, model => ''mean'')'),
		('attribution', 'SELECT model, channel, round(conversions::numeric, 9) FROM of_all, affinity.attribution_models(attribution)'),
		('uplift', 'SELECT round(affinity.qini(uplift)::numeric, 9) FROM of_all'),
		('gini', 'SELECT round(affinity.gini(inequality)::numeric, 9) FROM of_all')) q (name, question)
ORDER BY name COLLATE "C";
