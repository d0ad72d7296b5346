-- affinity: serving. C code: src/serve.
--
-- The functions in a model's schema are thin wrappers with exact types over
-- these. Types of ids are checked against the model's.

CREATE FUNCTION affinity.recommend_core(model regnamespace, user_id "any",
	k integer, candidates "any", exclude "any", exclude_seen boolean)
RETURNS SETOF record
LANGUAGE c STABLE PARALLEL RESTRICTED CALLED ON NULL INPUT COST 1000 ROWS 10
AS 'MODULE_PATHNAME', 'affinity_serve_recommend';
COMMENT ON FUNCTION affinity.recommend_core(regnamespace, "any", integer, "any", "any", boolean) IS
	'behind the function recommend of a model''s schema: item_id, score real, rank integer, personalized boolean';

CREATE FUNCTION affinity.recommend_for_core(model regnamespace, items "any",
	k integer, candidates "any", exclude "any")
RETURNS SETOF record
LANGUAGE c STABLE PARALLEL RESTRICTED CALLED ON NULL INPUT COST 1000 ROWS 10
AS 'MODULE_PATHNAME', 'affinity_serve_recommend_for';
COMMENT ON FUNCTION affinity.recommend_for_core(regnamespace, "any", integer, "any", "any") IS
	'behind the function recommend_for of a model''s schema: item_id, score real, rank integer, personalized boolean';

CREATE FUNCTION affinity.recommend_all_core(model regnamespace, k integer)
RETURNS SETOF record
LANGUAGE c STABLE PARALLEL RESTRICTED CALLED ON NULL INPUT COST 1000000 ROWS 100000
AS 'MODULE_PATHNAME', 'affinity_serve_recommend_all';
COMMENT ON FUNCTION affinity.recommend_all_core(regnamespace, integer) IS
	'behind the function recommend_all of a model''s schema: user_id, item_id, score real, rank integer, personalized boolean';

CREATE FUNCTION affinity.similar_items_core(model regnamespace, item_id "any",
	k integer)
RETURNS SETOF record
LANGUAGE c STABLE PARALLEL RESTRICTED CALLED ON NULL INPUT COST 1000 ROWS 10
AS 'MODULE_PATHNAME', 'affinity_serve_similar_items';
COMMENT ON FUNCTION affinity.similar_items_core(regnamespace, "any", integer) IS
	'behind the function similar_items of a model''s schema: item_id, score real, rank integer';

CREATE FUNCTION affinity.similar_users_core(model regnamespace, user_id "any",
	k integer)
RETURNS SETOF record
LANGUAGE c STABLE PARALLEL RESTRICTED CALLED ON NULL INPUT COST 10000 ROWS 10
AS 'MODULE_PATHNAME', 'affinity_serve_similar_users';
COMMENT ON FUNCTION affinity.similar_users_core(regnamespace, "any", integer) IS
	'behind the function similar_users of a model''s schema: user_id, score real, rank integer, common integer';

CREATE FUNCTION affinity.score_core(model regnamespace, user_id "any",
	items "any")
RETURNS SETOF record
LANGUAGE c STABLE PARALLEL RESTRICTED CALLED ON NULL INPUT COST 1000 ROWS 10
AS 'MODULE_PATHNAME', 'affinity_serve_score';
COMMENT ON FUNCTION affinity.score_core(regnamespace, "any", "any") IS
	'behind the function score of a model''s schema: item_id, score real, rank integer, personalized boolean';

CREATE FUNCTION affinity.explain_core(model regnamespace, user_id "any",
	item_id "any", k integer)
RETURNS SETOF record
LANGUAGE c STABLE PARALLEL RESTRICTED CALLED ON NULL INPUT COST 1000 ROWS 10
AS 'MODULE_PATHNAME', 'affinity_serve_explain';
COMMENT ON FUNCTION affinity.explain_core(regnamespace, "any", "any", integer) IS
	'behind the function explain of a model''s schema: because_id, weight real, similarity real, contribution real, share real, rank integer';

CREATE FUNCTION affinity.audience_core(model regnamespace, item_id "any",
	k integer)
RETURNS SETOF record
LANGUAGE c STABLE PARALLEL RESTRICTED CALLED ON NULL INPUT COST 100000 ROWS 10
AS 'MODULE_PATHNAME', 'affinity_serve_audience';
COMMENT ON FUNCTION affinity.audience_core(regnamespace, "any", integer) IS
	'behind the function audience of a model''s schema: user_id, score real, rank integer';
