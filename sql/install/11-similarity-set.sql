-- Similarity of two arrays as sets. C: src/similarity/set.c
--
-- Order, duplicates, NULL elements and the shape of the arrays do not matter.
-- The elements are what may be an id (src/base/id_type.c): as text[], a citext[]
-- would come with another equality than its own.

--table set_measure: MEASURE | SYMBOL | ANSWER
-- jaccard | affinity_similarity_set_jaccard | Jaccard similarity of two arrays as sets, within [0, 1]
-- dice | affinity_similarity_set_dice | Dice (Sorensen) similarity of two arrays as sets, within [0, 1]
-- overlap | affinity_similarity_set_overlap | overlap coefficient (Szymkiewicz-Simpson) of two arrays as sets, within [0, 1]
-- cosine_set | affinity_similarity_set_cosine | cosine (Ochiai) similarity of two arrays as sets, within [0, 1]

--for set_measure
CREATE FUNCTION affinity.{MEASURE}(a pg_catalog.anycompatiblearray, b pg_catalog.anycompatiblearray)
RETURNS pg_catalog.float8
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 50
AS 'MODULE_PATHNAME', '{SYMBOL}';

COMMENT ON FUNCTION affinity.{MEASURE}(pg_catalog.anycompatiblearray, pg_catalog.anycompatiblearray) IS
	'{ANSWER}';

--end
CREATE FUNCTION affinity.tversky(
	a pg_catalog.anycompatiblearray,
	b pg_catalog.anycompatiblearray,
	alpha pg_catalog.float8 DEFAULT 0.5,
	beta pg_catalog.float8 DEFAULT 0.5)
RETURNS pg_catalog.float8
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 50
AS 'MODULE_PATHNAME', 'affinity_similarity_set_tversky';

COMMENT ON FUNCTION affinity.tversky(
	pg_catalog.anycompatiblearray,
	pg_catalog.anycompatiblearray,
	pg_catalog.float8,
	pg_catalog.float8) IS
	'Tversky index of two arrays as sets, within [0, 1]: alpha = beta = 0.5 is dice, 1 is jaccard';

