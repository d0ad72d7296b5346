-- Similarity of two columns. C: src/similarity/aggregate.c, aggregate_set.c
--
-- The states are arrays of float8 (src/similarity/state.c), which parallel
-- workers hand on and tables store as they are. jaccard and the like take
-- weights, or booleans that say which of the two sets a row belongs to.

--table columns_step: STEP | SYMBOL | ARGUMENTS | AGGREGATES
-- products_accum | affinity_similarity_products_accum | pg_catalog.float8, pg_catalog.float8 | dot and cosine
-- differences_accum | affinity_similarity_differences_accum | pg_catalog.float8, pg_catalog.float8 | euclidean and manhattan
-- comoments_accum | affinity_similarity_comoments_accum | pg_catalog.float8, pg_catalog.float8 | pearson
-- weights_accum | affinity_similarity_weights_accum | pg_catalog.float8, pg_catalog.float8 | jaccard, dice, overlap and tversky of weights
-- members_accum | affinity_similarity_members_accum | pg_catalog.bool, pg_catalog.bool | jaccard, dice, overlap, cosine_set and tversky of booleans
-- tversky_weights_accum | affinity_similarity_tversky_weights_accum | pg_catalog.float8, pg_catalog.float8, pg_catalog.float8, pg_catalog.float8 | tversky of weights with alpha and beta
-- tversky_members_accum | affinity_similarity_tversky_members_accum | pg_catalog.bool, pg_catalog.bool, pg_catalog.float8, pg_catalog.float8 | tversky of booleans with alpha and beta

--for columns_step
CREATE FUNCTION affinity.{STEP}(pg_catalog.float8[], {ARGUMENTS})
RETURNS pg_catalog.float8[]
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', '{SYMBOL}';

COMMENT ON FUNCTION affinity.{STEP}(pg_catalog.float8[], {ARGUMENTS}) IS
	'transition function of {AGGREGATES} over two columns';

--end
--table columns_combine: COMBINE | SYMBOL | AGGREGATES
-- products_combine | affinity_similarity_products_combine | dot and cosine
-- differences_combine | affinity_similarity_differences_combine | euclidean and manhattan
-- comoments_combine | affinity_similarity_comoments_combine | pearson
-- weights_combine | affinity_similarity_weights_combine | jaccard, dice, overlap, cosine_set and tversky
-- tversky_combine | affinity_similarity_tversky_combine | tversky with alpha and beta

--for columns_combine
CREATE FUNCTION affinity.{COMBINE}(pg_catalog.float8[], pg_catalog.float8[])
RETURNS pg_catalog.float8[]
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', '{SYMBOL}';

COMMENT ON FUNCTION affinity.{COMBINE}(pg_catalog.float8[], pg_catalog.float8[]) IS
	'combine function of {AGGREGATES} over two columns';

--end
--table columns_final: FINAL | SYMBOL | AGGREGATES
-- dot_final | affinity_similarity_dot_final | dot
-- cosine_final | affinity_similarity_cosine_final | cosine
-- euclidean_final | affinity_similarity_euclidean_final | euclidean
-- manhattan_final | affinity_similarity_manhattan_final | manhattan
-- pearson_final | affinity_similarity_pearson_final | pearson
-- jaccard_final | affinity_similarity_jaccard_final | jaccard
-- dice_final | affinity_similarity_dice_final | dice
-- overlap_final | affinity_similarity_overlap_final | overlap
-- cosine_set_final | affinity_similarity_cosine_set_final | cosine_set
-- tversky_final | affinity_similarity_tversky_final | tversky

--for columns_final
CREATE FUNCTION affinity.{FINAL}(pg_catalog.float8[])
RETURNS pg_catalog.float8
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', '{SYMBOL}';

COMMENT ON FUNCTION affinity.{FINAL}(pg_catalog.float8[]) IS
	'final function of {AGGREGATES} over two columns';

--end
--table columns_numbers: NAME | STATE | INITIAL | ANSWER
-- dot | products | {0,0,0,0,0,0,0} | inner product of two columns: the sum of x * y
-- cosine | products | {0,0,0,0,0,0,0} | cosine similarity of two columns, within [-1, 1]
-- euclidean | differences | {0,0,0,0} | Euclidean distance of two columns: sqrt(sum of (x - y)^2)
-- manhattan | differences | {0,0,0,0} | Manhattan distance of two columns: the sum of abs(x - y)
-- pearson | comoments | {0,0,0,0,0,0,0,0} | Pearson correlation of two columns, within [-1, 1]
-- jaccard | weights | {0,0,0,0} | weighted Jaccard (Ruzicka) similarity of two columns of weights, within [0, 1]
-- dice | weights | {0,0,0,0} | weighted Dice similarity of two columns of weights, within [0, 1]
-- overlap | weights | {0,0,0,0} | weighted overlap coefficient of two columns of weights, within [0, 1]

--for columns_numbers
CREATE AGGREGATE affinity.{NAME}(x pg_catalog.float8, y pg_catalog.float8) (
	SFUNC = affinity.{STATE}_accum,
	STYPE = pg_catalog.float8[],
	SSPACE = 96,
	FINALFUNC = affinity.{NAME}_final,
	COMBINEFUNC = affinity.{STATE}_combine,
	INITCOND = '{INITIAL}',
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE affinity.{NAME}(pg_catalog.float8, pg_catalog.float8) IS
	'{ANSWER}';

--end
--table columns_sets: NAME | ANSWER
-- jaccard | Jaccard similarity of two sets given as boolean columns, within [0, 1]
-- dice | Dice similarity of two sets given as boolean columns, within [0, 1]
-- overlap | overlap coefficient of two sets given as boolean columns, within [0, 1]
-- cosine_set | cosine (Ochiai) similarity of two sets given as boolean columns, within [0, 1]

--for columns_sets
CREATE AGGREGATE affinity.{NAME}(x pg_catalog.bool, y pg_catalog.bool) (
	SFUNC = affinity.members_accum,
	STYPE = pg_catalog.float8[],
	SSPACE = 96,
	FINALFUNC = affinity.{NAME}_final,
	COMBINEFUNC = affinity.weights_combine,
	INITCOND = '{0,0,0,0}',
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE affinity.{NAME}(pg_catalog.bool, pg_catalog.bool) IS
	'{ANSWER}';

--end
--table columns_tversky: TYPE | STEP | ANSWER
-- bool | members | Tversky index of two sets given as boolean columns
-- float8 | weights | weighted Tversky index of two columns of weights

--for columns_tversky
CREATE AGGREGATE affinity.tversky(
	x pg_catalog.{TYPE},
	y pg_catalog.{TYPE},
	alpha pg_catalog.float8,
	beta pg_catalog.float8) (
	SFUNC = affinity.tversky_{STEP}_accum,
	STYPE = pg_catalog.float8[],
	SSPACE = 96,
	FINALFUNC = affinity.tversky_final,
	COMBINEFUNC = affinity.tversky_combine,
	INITCOND = '{0,0,0,0,-1,-1}',
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE affinity.tversky(
	pg_catalog.{TYPE},
	pg_catalog.{TYPE},
	pg_catalog.float8,
	pg_catalog.float8) IS
	'{ANSWER}, within [0, 1]';

CREATE AGGREGATE affinity.tversky(x pg_catalog.{TYPE}, y pg_catalog.{TYPE}) (
	SFUNC = affinity.{STEP}_accum,
	STYPE = pg_catalog.float8[],
	SSPACE = 96,
	FINALFUNC = affinity.dice_final,
	COMBINEFUNC = affinity.weights_combine,
	INITCOND = '{0,0,0,0}',
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE affinity.tversky(pg_catalog.{TYPE}, pg_catalog.{TYPE}) IS
	'{ANSWER} with alpha = beta = 0.5: the same as dice';

--end
