-- affinity: similarity of two columns
--
-- The states are arrays of float8 (src/similarity/state.c): parallel workers,
-- and whoever stores them, can hand them on as they are.

CREATE FUNCTION affinity.products_accum(pg_catalog.float8[], pg_catalog.float8, pg_catalog.float8)
RETURNS pg_catalog.float8[]
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'affinity_similarity_products_accum';

COMMENT ON FUNCTION affinity.products_accum(pg_catalog.float8[], pg_catalog.float8, pg_catalog.float8) IS
	'transition function of the aggregates dot and cosine over two columns';

CREATE FUNCTION affinity.products_combine(pg_catalog.float8[], pg_catalog.float8[])
RETURNS pg_catalog.float8[]
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'affinity_similarity_products_combine';

COMMENT ON FUNCTION affinity.products_combine(pg_catalog.float8[], pg_catalog.float8[]) IS
	'combine function of the aggregates dot and cosine over two columns';

CREATE FUNCTION affinity.dot_final(pg_catalog.float8[])
RETURNS pg_catalog.float8
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'affinity_similarity_dot_final';

COMMENT ON FUNCTION affinity.dot_final(pg_catalog.float8[]) IS
	'final function of the aggregate dot';

CREATE FUNCTION affinity.cosine_final(pg_catalog.float8[])
RETURNS pg_catalog.float8
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'affinity_similarity_cosine_final';

COMMENT ON FUNCTION affinity.cosine_final(pg_catalog.float8[]) IS
	'final function of the aggregate cosine';

CREATE AGGREGATE affinity.dot(x pg_catalog.float8, y pg_catalog.float8)
(
	SFUNC = affinity.products_accum,
	STYPE = pg_catalog.float8[],
	SSPACE = 96,
	FINALFUNC = affinity.dot_final,
	COMBINEFUNC = affinity.products_combine,
	INITCOND = '{0,0,0,0,0,0,0}',
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE affinity.dot(pg_catalog.float8, pg_catalog.float8) IS
	'inner product of two columns: sum of x * y, in the product of their units. NaN and infinity follow IEEE 754. A result beyond double precision is infinite. Rows where x or y is NULL are skipped: after a full join use coalesce(x, 0). NULL without rows.';

CREATE AGGREGATE affinity.cosine(x pg_catalog.float8, y pg_catalog.float8)
(
	SFUNC = affinity.products_accum,
	STYPE = pg_catalog.float8[],
	SSPACE = 96,
	FINALFUNC = affinity.cosine_final,
	COMBINEFUNC = affinity.products_combine,
	INITCOND = '{0,0,0,0,0,0,0}',
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE affinity.cosine(pg_catalog.float8, pg_catalog.float8) IS
	'cosine similarity of two columns: sum of x * y / sqrt(sum of x^2 * sum of y^2), within [-1, 1]. NULL if either column is all 0. NaN if any x or y used is NaN or infinite. Rows where x or y is NULL are skipped: after a full join use coalesce(x, 0). NULL without rows.';

CREATE FUNCTION affinity.differences_accum(pg_catalog.float8[], pg_catalog.float8, pg_catalog.float8)
RETURNS pg_catalog.float8[]
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'affinity_similarity_differences_accum';

COMMENT ON FUNCTION affinity.differences_accum(pg_catalog.float8[], pg_catalog.float8, pg_catalog.float8) IS
	'transition function of the aggregates euclidean and manhattan over two columns';

CREATE FUNCTION affinity.differences_combine(pg_catalog.float8[], pg_catalog.float8[])
RETURNS pg_catalog.float8[]
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'affinity_similarity_differences_combine';

COMMENT ON FUNCTION affinity.differences_combine(pg_catalog.float8[], pg_catalog.float8[]) IS
	'combine function of the aggregates euclidean and manhattan over two columns';

CREATE FUNCTION affinity.euclidean_final(pg_catalog.float8[])
RETURNS pg_catalog.float8
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'affinity_similarity_euclidean_final';

COMMENT ON FUNCTION affinity.euclidean_final(pg_catalog.float8[]) IS
	'final function of the aggregate euclidean';

CREATE FUNCTION affinity.manhattan_final(pg_catalog.float8[])
RETURNS pg_catalog.float8
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'affinity_similarity_manhattan_final';

COMMENT ON FUNCTION affinity.manhattan_final(pg_catalog.float8[]) IS
	'final function of the aggregate manhattan';

CREATE AGGREGATE affinity.euclidean(x pg_catalog.float8, y pg_catalog.float8)
(
	SFUNC = affinity.differences_accum,
	STYPE = pg_catalog.float8[],
	SSPACE = 96,
	FINALFUNC = affinity.euclidean_final,
	COMBINEFUNC = affinity.differences_combine,
	INITCOND = '{0,0,0,0}',
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE affinity.euclidean(pg_catalog.float8, pg_catalog.float8) IS
	'Euclidean distance of two columns: sqrt(sum of (x - y)^2), in their unit; 0 is identical, larger is farther. NaN and infinity follow IEEE 754. Rows where x or y is NULL are skipped: after a full join use coalesce(x, 0). NULL without rows.';

CREATE AGGREGATE affinity.manhattan(x pg_catalog.float8, y pg_catalog.float8)
(
	SFUNC = affinity.differences_accum,
	STYPE = pg_catalog.float8[],
	SSPACE = 96,
	FINALFUNC = affinity.manhattan_final,
	COMBINEFUNC = affinity.differences_combine,
	INITCOND = '{0,0,0,0}',
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE affinity.manhattan(pg_catalog.float8, pg_catalog.float8) IS
	'Manhattan distance of two columns: sum of |x - y|, in their unit; 0 is identical, larger is farther. NaN and infinity follow IEEE 754. Rows where x or y is NULL are skipped: after a full join use coalesce(x, 0). NULL without rows.';

CREATE FUNCTION affinity.comoments_accum(pg_catalog.float8[], pg_catalog.float8, pg_catalog.float8)
RETURNS pg_catalog.float8[]
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'affinity_similarity_comoments_accum';

COMMENT ON FUNCTION affinity.comoments_accum(pg_catalog.float8[], pg_catalog.float8, pg_catalog.float8) IS
	'transition function of the aggregates pearson over two columns';

CREATE FUNCTION affinity.comoments_combine(pg_catalog.float8[], pg_catalog.float8[])
RETURNS pg_catalog.float8[]
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'affinity_similarity_comoments_combine';

COMMENT ON FUNCTION affinity.comoments_combine(pg_catalog.float8[], pg_catalog.float8[]) IS
	'combine function of the aggregates pearson over two columns';

CREATE FUNCTION affinity.pearson_final(pg_catalog.float8[])
RETURNS pg_catalog.float8
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'affinity_similarity_pearson_final';

COMMENT ON FUNCTION affinity.pearson_final(pg_catalog.float8[]) IS
	'final function of the aggregate pearson';

CREATE AGGREGATE affinity.pearson(x pg_catalog.float8, y pg_catalog.float8)
(
	SFUNC = affinity.comoments_accum,
	STYPE = pg_catalog.float8[],
	SSPACE = 96,
	FINALFUNC = affinity.pearson_final,
	COMBINEFUNC = affinity.comoments_combine,
	INITCOND = '{0,0,0,0,0,0,0,0}',
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE affinity.pearson(pg_catalog.float8, pg_catalog.float8) IS
	'Pearson correlation of two columns, within [-1, 1]. NULL with fewer than 2 rows, or if either column is constant. NaN if any x or y used is NaN or infinite. Rows where x or y is NULL are skipped: after a full join use coalesce(x, 0). NULL without rows.';

CREATE FUNCTION affinity.weights_accum(pg_catalog.float8[], pg_catalog.float8, pg_catalog.float8)
RETURNS pg_catalog.float8[]
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'affinity_similarity_weights_accum';

COMMENT ON FUNCTION affinity.weights_accum(pg_catalog.float8[], pg_catalog.float8, pg_catalog.float8) IS
	'transition function of jaccard, dice, overlap, cosine_set and tversky over two columns of weights; a negative weight is an error (22023)';

CREATE FUNCTION affinity.members_accum(pg_catalog.float8[], pg_catalog.bool, pg_catalog.bool)
RETURNS pg_catalog.float8[]
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'affinity_similarity_members_accum';

COMMENT ON FUNCTION affinity.members_accum(pg_catalog.float8[], pg_catalog.bool, pg_catalog.bool) IS
	'transition function of jaccard, dice, overlap, cosine_set and tversky over two columns of booleans';

CREATE FUNCTION affinity.weights_combine(pg_catalog.float8[], pg_catalog.float8[])
RETURNS pg_catalog.float8[]
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'affinity_similarity_weights_combine';

COMMENT ON FUNCTION affinity.weights_combine(pg_catalog.float8[], pg_catalog.float8[]) IS
	'combine function of jaccard, dice, overlap, cosine_set and tversky over two columns';

CREATE FUNCTION affinity.jaccard_final(pg_catalog.float8[])
RETURNS pg_catalog.float8
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'affinity_similarity_jaccard_final';

COMMENT ON FUNCTION affinity.jaccard_final(pg_catalog.float8[]) IS
	'final function of the aggregate jaccard';

CREATE FUNCTION affinity.dice_final(pg_catalog.float8[])
RETURNS pg_catalog.float8
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'affinity_similarity_dice_final';

COMMENT ON FUNCTION affinity.dice_final(pg_catalog.float8[]) IS
	'final function of the aggregate dice';

CREATE FUNCTION affinity.overlap_final(pg_catalog.float8[])
RETURNS pg_catalog.float8
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'affinity_similarity_overlap_final';

COMMENT ON FUNCTION affinity.overlap_final(pg_catalog.float8[]) IS
	'final function of the aggregate overlap';

CREATE FUNCTION affinity.cosine_set_final(pg_catalog.float8[])
RETURNS pg_catalog.float8
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'affinity_similarity_cosine_set_final';

COMMENT ON FUNCTION affinity.cosine_set_final(pg_catalog.float8[]) IS
	'final function of the aggregate cosine_set';

CREATE AGGREGATE affinity.jaccard(x pg_catalog.bool, y pg_catalog.bool)
(
	SFUNC = affinity.members_accum,
	STYPE = pg_catalog.float8[],
	SSPACE = 96,
	FINALFUNC = affinity.jaccard_final,
	COMBINEFUNC = affinity.weights_combine,
	INITCOND = '{0,0,0,0}',
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE affinity.jaccard(pg_catalog.bool, pg_catalog.bool) IS
	'Jaccard similarity of two sets given as boolean columns: |X and Y| / |X or Y|, within [0, 1]. x and y say whether the row belongs to the first and to the second set. NULL if both sets are empty. Rows where x or y is NULL are skipped: after a full join use coalesce(x, false). NULL without rows.';

CREATE AGGREGATE affinity.jaccard(x pg_catalog.float8, y pg_catalog.float8)
(
	SFUNC = affinity.weights_accum,
	STYPE = pg_catalog.float8[],
	SSPACE = 96,
	FINALFUNC = affinity.jaccard_final,
	COMBINEFUNC = affinity.weights_combine,
	INITCOND = '{0,0,0,0}',
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE affinity.jaccard(pg_catalog.float8, pg_catalog.float8) IS
	'weighted Jaccard (Ruzicka) similarity of two columns of weights: sum of min(x, y) / sum of max(x, y), within [0, 1]. Equal to the form for booleans if all weights are 0 or 1. NULL if all weights are 0. Negative weights are an error (22023), NaN and infinity follow IEEE 754. Rows where x or y is NULL are skipped: after a full join use coalesce(x, 0). NULL without rows.';

CREATE AGGREGATE affinity.dice(x pg_catalog.bool, y pg_catalog.bool)
(
	SFUNC = affinity.members_accum,
	STYPE = pg_catalog.float8[],
	SSPACE = 96,
	FINALFUNC = affinity.dice_final,
	COMBINEFUNC = affinity.weights_combine,
	INITCOND = '{0,0,0,0}',
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE affinity.dice(pg_catalog.bool, pg_catalog.bool) IS
	'Dice similarity of two sets given as boolean columns: 2 |X and Y| / (|X| + |Y|), within [0, 1]. x and y say whether the row belongs to the first and to the second set. NULL if both sets are empty. Rows where x or y is NULL are skipped: after a full join use coalesce(x, false). NULL without rows.';

CREATE AGGREGATE affinity.dice(x pg_catalog.float8, y pg_catalog.float8)
(
	SFUNC = affinity.weights_accum,
	STYPE = pg_catalog.float8[],
	SSPACE = 96,
	FINALFUNC = affinity.dice_final,
	COMBINEFUNC = affinity.weights_combine,
	INITCOND = '{0,0,0,0}',
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE affinity.dice(pg_catalog.float8, pg_catalog.float8) IS
	'weighted Dice similarity of two columns of weights: 2 * sum of min(x, y) / (sum of x + sum of y), within [0, 1]. Equal to the form for booleans if all weights are 0 or 1. NULL if all weights are 0. Negative weights are an error (22023), NaN and infinity follow IEEE 754. Rows where x or y is NULL are skipped: after a full join use coalesce(x, 0). NULL without rows.';

CREATE AGGREGATE affinity.overlap(x pg_catalog.bool, y pg_catalog.bool)
(
	SFUNC = affinity.members_accum,
	STYPE = pg_catalog.float8[],
	SSPACE = 96,
	FINALFUNC = affinity.overlap_final,
	COMBINEFUNC = affinity.weights_combine,
	INITCOND = '{0,0,0,0}',
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE affinity.overlap(pg_catalog.bool, pg_catalog.bool) IS
	'overlap coefficient of two sets given as boolean columns: |X and Y| / min(|X|, |Y|), within [0, 1]. x and y say whether the row belongs to the first and to the second set. NULL if either set is empty. Rows where x or y is NULL are skipped: after a full join use coalesce(x, false). NULL without rows.';

CREATE AGGREGATE affinity.overlap(x pg_catalog.float8, y pg_catalog.float8)
(
	SFUNC = affinity.weights_accum,
	STYPE = pg_catalog.float8[],
	SSPACE = 96,
	FINALFUNC = affinity.overlap_final,
	COMBINEFUNC = affinity.weights_combine,
	INITCOND = '{0,0,0,0}',
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE affinity.overlap(pg_catalog.float8, pg_catalog.float8) IS
	'weighted overlap coefficient of two columns of weights: sum of min(x, y) / min(sum of x, sum of y), within [0, 1]. Equal to the form for booleans if all weights are 0 or 1. NULL if either column is all 0. Negative weights are an error (22023), NaN and infinity follow IEEE 754. Rows where x or y is NULL are skipped: after a full join use coalesce(x, 0). NULL without rows.';

CREATE AGGREGATE affinity.cosine_set(x pg_catalog.bool, y pg_catalog.bool)
(
	SFUNC = affinity.members_accum,
	STYPE = pg_catalog.float8[],
	SSPACE = 96,
	FINALFUNC = affinity.cosine_set_final,
	COMBINEFUNC = affinity.weights_combine,
	INITCOND = '{0,0,0,0}',
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE affinity.cosine_set(pg_catalog.bool, pg_catalog.bool) IS
	'cosine (Ochiai) similarity of two sets given as boolean columns: |X and Y| / sqrt(|X| |Y|), within [0, 1]. x and y say whether the row belongs to the first and to the second set. NULL if either set is empty. For weights use cosine. Rows where x or y is NULL are skipped: after a full join use coalesce(x, false). NULL without rows.';

CREATE FUNCTION affinity.tversky_weights_accum(pg_catalog.float8[], pg_catalog.float8, pg_catalog.float8, pg_catalog.float8, pg_catalog.float8)
RETURNS pg_catalog.float8[]
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'affinity_similarity_tversky_weights_accum';

COMMENT ON FUNCTION affinity.tversky_weights_accum(pg_catalog.float8[], pg_catalog.float8, pg_catalog.float8, pg_catalog.float8, pg_catalog.float8) IS
	'transition function of the aggregate tversky of weights';

CREATE FUNCTION affinity.tversky_members_accum(pg_catalog.float8[], pg_catalog.bool, pg_catalog.bool, pg_catalog.float8, pg_catalog.float8)
RETURNS pg_catalog.float8[]
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'affinity_similarity_tversky_members_accum';

COMMENT ON FUNCTION affinity.tversky_members_accum(pg_catalog.float8[], pg_catalog.bool, pg_catalog.bool, pg_catalog.float8, pg_catalog.float8) IS
	'transition function of the aggregate tversky of booleans';

CREATE FUNCTION affinity.tversky_combine(pg_catalog.float8[], pg_catalog.float8[])
RETURNS pg_catalog.float8[]
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'affinity_similarity_tversky_combine';

COMMENT ON FUNCTION affinity.tversky_combine(pg_catalog.float8[], pg_catalog.float8[]) IS
	'combine function of the aggregate tversky';

CREATE FUNCTION affinity.tversky_final(pg_catalog.float8[])
RETURNS pg_catalog.float8
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'affinity_similarity_tversky_final';

COMMENT ON FUNCTION affinity.tversky_final(pg_catalog.float8[]) IS
	'final function of the aggregate tversky';

CREATE AGGREGATE affinity.tversky(
	x pg_catalog.bool, y pg_catalog.bool,
	alpha pg_catalog.float8, beta pg_catalog.float8)
(
	SFUNC = affinity.tversky_members_accum,
	STYPE = pg_catalog.float8[],
	SSPACE = 96,
	FINALFUNC = affinity.tversky_final,
	COMBINEFUNC = affinity.tversky_combine,
	INITCOND = '{0,0,0,0,-1,-1}',
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE affinity.tversky(pg_catalog.bool, pg_catalog.bool,
	pg_catalog.float8, pg_catalog.float8) IS
	'Tversky index of two sets given as boolean columns: |X and Y| / (|X and Y| + alpha |X without Y| + beta |Y without X|), within [0, 1]. x and y say whether the row belongs to the first and to the second set. alpha and beta must be the same in all rows of a group, finite and not negative (22023). NULL if the divisor is 0. Rows where any argument is NULL are skipped. NULL without rows.';

CREATE AGGREGATE affinity.tversky(
	x pg_catalog.float8, y pg_catalog.float8,
	alpha pg_catalog.float8, beta pg_catalog.float8)
(
	SFUNC = affinity.tversky_weights_accum,
	STYPE = pg_catalog.float8[],
	SSPACE = 96,
	FINALFUNC = affinity.tversky_final,
	COMBINEFUNC = affinity.tversky_combine,
	INITCOND = '{0,0,0,0,-1,-1}',
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE affinity.tversky(pg_catalog.float8,
	pg_catalog.float8, pg_catalog.float8, pg_catalog.float8) IS
	'weighted Tversky index of two columns: m / (m + alpha * sum of (x - min(x, y)) + beta * sum of (y - min(x, y))), m = sum of min(x, y), within [0, 1]. alpha and beta must be the same in all rows of a group, finite and not negative (22023). Negative weights are an error (22023), NaN and infinity follow IEEE 754. NULL if the divisor is 0. Rows where any argument is NULL are skipped. NULL without rows.';

CREATE AGGREGATE affinity.tversky(x pg_catalog.bool, y pg_catalog.bool)
(
	SFUNC = affinity.members_accum,
	STYPE = pg_catalog.float8[],
	SSPACE = 96,
	FINALFUNC = affinity.dice_final,
	COMBINEFUNC = affinity.weights_combine,
	INITCOND = '{0,0,0,0}',
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE affinity.tversky(pg_catalog.bool, pg_catalog.bool) IS
	'Tversky index of two sets given as boolean columns, with alpha = beta = 0.5: the same as dice. Rows where x or y is NULL are skipped: after a full join use coalesce(x, false). NULL without rows.';

CREATE AGGREGATE affinity.tversky(x pg_catalog.float8, y pg_catalog.float8)
(
	SFUNC = affinity.weights_accum,
	STYPE = pg_catalog.float8[],
	SSPACE = 96,
	FINALFUNC = affinity.dice_final,
	COMBINEFUNC = affinity.weights_combine,
	INITCOND = '{0,0,0,0}',
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE affinity.tversky(pg_catalog.float8, pg_catalog.float8) IS
	'weighted Tversky index of two columns, with alpha = beta = 0.5: the same as dice. Negative weights are an error (22023), NaN and infinity follow IEEE 754. Rows where x or y is NULL are skipped: after a full join use coalesce(x, 0). NULL without rows.';
