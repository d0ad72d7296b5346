-- What a program asks, as psql does it with literals: --call NAME, then the query,
-- which answers with one text. The scripts beside this file ask the same by their
-- drivers. A query that is an error stands for its SQLSTATE.

--call recommend
SELECT jsonb_agg(r) FROM small.recommend(7, 3) r;

--call recommend: an id that smallint does not hold
SELECT jsonb_agg(r) FROM small.recommend(4000000000, 3) r;

--call recommend: no user
SELECT jsonb_agg(r) FROM small.recommend(NULL, 3) r;

--call recommend: text items, exclude
SELECT jsonb_agg(r) FROM shop.recommend(7, 3, exclude => '{"product 01","product 12"}') r;

--call recommend: candidates
SELECT jsonb_agg(r) FROM small.recommend(7, 3, candidates => '{1,2,3,11,12,70000}', exclude => '{2}') r;

--call recommend: candidates, none
SELECT count(*) FROM small.recommend(7, 3, candidates => '{}') r;

--call recommend: candidates, NULL
SELECT count(*) FROM small.recommend(7, 3, candidates => NULL) r;

--call recommend: candidates, all
SELECT jsonb_agg(r) FROM small.recommend(7, 3, candidates => '[0:0]={NULL}') r;

--call recommend: a uuid
SELECT jsonb_agg(r) FROM guid.recommend('00000000-0000-0000-0000-000000000007', 3) r;

--call recommend: rows
SELECT string_agg(format('%s %s %s', item_id, rank, personalized), ', ' ORDER BY rank) FROM shop.recommend(7, 3);

--call recommend_for
SELECT jsonb_agg(r) FROM small.recommend_for('{1,2}', 3) r;

--call recommend_all
SELECT count(*) FROM small.recommend_all(2);

--call score
SELECT jsonb_agg(r) FROM small.score(7, '{3,1,2}') r;

--call explain
SELECT jsonb_agg(r) FROM small.explain(7, 3, 2) r;

--call similar_items
SELECT jsonb_agg(r) FROM shop.similar_items('product 01', 3) r;

--call similar_users
SELECT jsonb_agg(r) FROM small.similar_users(7, 3) r;

--call audience
SELECT jsonb_agg(r) FROM small.audience(3, 3) r;

--call cosine
SELECT affinity.cosine('{1,2.5,3}'::float8[], '{3,2,1}'::float8[]);

--call cosine: a column
SELECT jsonb_agg(round(affinity.cosine(v, '{1,2.5,3}')::numeric, 6) ORDER BY id) FROM vectors;

--call jaccard
SELECT affinity.jaccard('{red,blue,"dark green"}'::text[], '{red,"dark green"}'::text[]);

--call users
SELECT affinity.users(activity) FROM states;

--call retention
SELECT jsonb_agg(r) FROM states, affinity.retention(activity, max_period => 2) r;

--call retention: as_of
SELECT jsonb_agg(r) FROM states, affinity.retention(activity, as_of => '2024-03-15 12:00+02', max_period => 1) r;

--call retention: brackets
SELECT jsonb_agg(r) FROM states, affinity.retention_curve(activity, criterion => 'bracket', brackets => '{1,2}') r;

--call retention: cohorts_from
SELECT jsonb_agg(r) FROM states, affinity.retention(activity, cohorts_from => '2024-03-01 00:00', max_period => 1) r;

--call frequency
SELECT jsonb_agg(r) FROM states, affinity.frequency(activity, last_periods => 3) r;

--call activity_agg: times of two zones
SELECT to_jsonb(d) FROM affinity.describe((SELECT affinity.activity_agg(7, at, 'day', 'Europe/Paris')
	FROM (VALUES ('2024-02-29 23:30+00'::timestamptz), ('2024-03-01 08:30+09')) v (at))) d;

--call activity_agg: local times
SELECT to_jsonb(d) FROM affinity.describe((SELECT affinity.activity_agg(7, at, 'day')
	FROM (VALUES ('2024-02-29 23:30'::timestamp), ('2024-03-01 08:30')) v (at))) d;

--call window_funnel
SELECT affinity.window_funnel('2 days', 'default', at, product = 'product 01', product = 'product 02') FROM purchases;

--call path_after
SELECT affinity.path_after('{a,b,c,d}'::text[], 'b', 1);

-- Two parameters without a type: which cosine, which retention?

--call cosine: no type
PREPARE c AS SELECT affinity.cosine($1, $2);

--call retention: no type
PREPARE r AS SELECT * FROM affinity.retention($1);
