-- affinity: similarity of two arrays as sets
--
-- Order, duplicates, NULL elements and the shape of the arrays do not matter.
-- varchar[] arguments resolve to text[].

CREATE FUNCTION affinity.jaccard(a pg_catalog.int2[], b pg_catalog.int2[])
RETURNS pg_catalog.float8
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 20
AS 'MODULE_PATHNAME', 'affinity_similarity_set_jaccard';

COMMENT ON FUNCTION affinity.jaccard(pg_catalog.int2[], pg_catalog.int2[]) IS
	'Jaccard similarity of two arrays as sets: |A and B| / |A or B|, within [0, 1]. NULL if both sets are empty, 0 if one is. NULL elements and duplicates are ignored, arrays of more dimensions are flattened. NULL if an argument is NULL.';

CREATE FUNCTION affinity.jaccard(a pg_catalog.int4[], b pg_catalog.int4[])
RETURNS pg_catalog.float8
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 20
AS 'MODULE_PATHNAME', 'affinity_similarity_set_jaccard';

COMMENT ON FUNCTION affinity.jaccard(pg_catalog.int4[], pg_catalog.int4[]) IS
	'Jaccard similarity of two arrays as sets: |A and B| / |A or B|, within [0, 1]. NULL if both sets are empty, 0 if one is. NULL elements and duplicates are ignored, arrays of more dimensions are flattened. NULL if an argument is NULL.';

CREATE FUNCTION affinity.jaccard(a pg_catalog.int8[], b pg_catalog.int8[])
RETURNS pg_catalog.float8
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 20
AS 'MODULE_PATHNAME', 'affinity_similarity_set_jaccard';

COMMENT ON FUNCTION affinity.jaccard(pg_catalog.int8[], pg_catalog.int8[]) IS
	'Jaccard similarity of two arrays as sets: |A and B| / |A or B|, within [0, 1]. NULL if both sets are empty, 0 if one is. NULL elements and duplicates are ignored, arrays of more dimensions are flattened. NULL if an argument is NULL.';

CREATE FUNCTION affinity.jaccard(a pg_catalog.text[], b pg_catalog.text[])
RETURNS pg_catalog.float8
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100
AS 'MODULE_PATHNAME', 'affinity_similarity_set_jaccard';

COMMENT ON FUNCTION affinity.jaccard(pg_catalog.text[], pg_catalog.text[]) IS
	'Jaccard similarity of two arrays as sets: |A and B| / |A or B|, within [0, 1]. NULL if both sets are empty, 0 if one is. NULL elements and duplicates are ignored, arrays of more dimensions are flattened. NULL if an argument is NULL. Text is compared as bytes, in every collation.';

CREATE FUNCTION affinity.jaccard(a pg_catalog.uuid[], b pg_catalog.uuid[])
RETURNS pg_catalog.float8
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100
AS 'MODULE_PATHNAME', 'affinity_similarity_set_jaccard';

COMMENT ON FUNCTION affinity.jaccard(pg_catalog.uuid[], pg_catalog.uuid[]) IS
	'Jaccard similarity of two arrays as sets: |A and B| / |A or B|, within [0, 1]. NULL if both sets are empty, 0 if one is. NULL elements and duplicates are ignored, arrays of more dimensions are flattened. NULL if an argument is NULL.';

CREATE FUNCTION affinity.dice(a pg_catalog.int2[], b pg_catalog.int2[])
RETURNS pg_catalog.float8
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 20
AS 'MODULE_PATHNAME', 'affinity_similarity_set_dice';

COMMENT ON FUNCTION affinity.dice(pg_catalog.int2[], pg_catalog.int2[]) IS
	'Dice (Sorensen) similarity of two arrays as sets: 2 |A and B| / (|A| + |B|), within [0, 1]. NULL if both sets are empty, 0 if one is. NULL elements and duplicates are ignored, arrays of more dimensions are flattened. NULL if an argument is NULL.';

CREATE FUNCTION affinity.dice(a pg_catalog.int4[], b pg_catalog.int4[])
RETURNS pg_catalog.float8
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 20
AS 'MODULE_PATHNAME', 'affinity_similarity_set_dice';

COMMENT ON FUNCTION affinity.dice(pg_catalog.int4[], pg_catalog.int4[]) IS
	'Dice (Sorensen) similarity of two arrays as sets: 2 |A and B| / (|A| + |B|), within [0, 1]. NULL if both sets are empty, 0 if one is. NULL elements and duplicates are ignored, arrays of more dimensions are flattened. NULL if an argument is NULL.';

CREATE FUNCTION affinity.dice(a pg_catalog.int8[], b pg_catalog.int8[])
RETURNS pg_catalog.float8
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 20
AS 'MODULE_PATHNAME', 'affinity_similarity_set_dice';

COMMENT ON FUNCTION affinity.dice(pg_catalog.int8[], pg_catalog.int8[]) IS
	'Dice (Sorensen) similarity of two arrays as sets: 2 |A and B| / (|A| + |B|), within [0, 1]. NULL if both sets are empty, 0 if one is. NULL elements and duplicates are ignored, arrays of more dimensions are flattened. NULL if an argument is NULL.';

CREATE FUNCTION affinity.dice(a pg_catalog.text[], b pg_catalog.text[])
RETURNS pg_catalog.float8
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100
AS 'MODULE_PATHNAME', 'affinity_similarity_set_dice';

COMMENT ON FUNCTION affinity.dice(pg_catalog.text[], pg_catalog.text[]) IS
	'Dice (Sorensen) similarity of two arrays as sets: 2 |A and B| / (|A| + |B|), within [0, 1]. NULL if both sets are empty, 0 if one is. NULL elements and duplicates are ignored, arrays of more dimensions are flattened. NULL if an argument is NULL. Text is compared as bytes, in every collation.';

CREATE FUNCTION affinity.dice(a pg_catalog.uuid[], b pg_catalog.uuid[])
RETURNS pg_catalog.float8
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100
AS 'MODULE_PATHNAME', 'affinity_similarity_set_dice';

COMMENT ON FUNCTION affinity.dice(pg_catalog.uuid[], pg_catalog.uuid[]) IS
	'Dice (Sorensen) similarity of two arrays as sets: 2 |A and B| / (|A| + |B|), within [0, 1]. NULL if both sets are empty, 0 if one is. NULL elements and duplicates are ignored, arrays of more dimensions are flattened. NULL if an argument is NULL.';

CREATE FUNCTION affinity.overlap(a pg_catalog.int2[], b pg_catalog.int2[])
RETURNS pg_catalog.float8
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 20
AS 'MODULE_PATHNAME', 'affinity_similarity_set_overlap';

COMMENT ON FUNCTION affinity.overlap(pg_catalog.int2[], pg_catalog.int2[]) IS
	'overlap coefficient (Szymkiewicz-Simpson) of two arrays as sets: |A and B| / min(|A|, |B|), within [0, 1]. NULL if either set is empty. NULL elements and duplicates are ignored, arrays of more dimensions are flattened. NULL if an argument is NULL.';

CREATE FUNCTION affinity.overlap(a pg_catalog.int4[], b pg_catalog.int4[])
RETURNS pg_catalog.float8
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 20
AS 'MODULE_PATHNAME', 'affinity_similarity_set_overlap';

COMMENT ON FUNCTION affinity.overlap(pg_catalog.int4[], pg_catalog.int4[]) IS
	'overlap coefficient (Szymkiewicz-Simpson) of two arrays as sets: |A and B| / min(|A|, |B|), within [0, 1]. NULL if either set is empty. NULL elements and duplicates are ignored, arrays of more dimensions are flattened. NULL if an argument is NULL.';

CREATE FUNCTION affinity.overlap(a pg_catalog.int8[], b pg_catalog.int8[])
RETURNS pg_catalog.float8
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 20
AS 'MODULE_PATHNAME', 'affinity_similarity_set_overlap';

COMMENT ON FUNCTION affinity.overlap(pg_catalog.int8[], pg_catalog.int8[]) IS
	'overlap coefficient (Szymkiewicz-Simpson) of two arrays as sets: |A and B| / min(|A|, |B|), within [0, 1]. NULL if either set is empty. NULL elements and duplicates are ignored, arrays of more dimensions are flattened. NULL if an argument is NULL.';

CREATE FUNCTION affinity.overlap(a pg_catalog.text[], b pg_catalog.text[])
RETURNS pg_catalog.float8
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100
AS 'MODULE_PATHNAME', 'affinity_similarity_set_overlap';

COMMENT ON FUNCTION affinity.overlap(pg_catalog.text[], pg_catalog.text[]) IS
	'overlap coefficient (Szymkiewicz-Simpson) of two arrays as sets: |A and B| / min(|A|, |B|), within [0, 1]. NULL if either set is empty. NULL elements and duplicates are ignored, arrays of more dimensions are flattened. NULL if an argument is NULL. Text is compared as bytes, in every collation.';

CREATE FUNCTION affinity.overlap(a pg_catalog.uuid[], b pg_catalog.uuid[])
RETURNS pg_catalog.float8
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100
AS 'MODULE_PATHNAME', 'affinity_similarity_set_overlap';

COMMENT ON FUNCTION affinity.overlap(pg_catalog.uuid[], pg_catalog.uuid[]) IS
	'overlap coefficient (Szymkiewicz-Simpson) of two arrays as sets: |A and B| / min(|A|, |B|), within [0, 1]. NULL if either set is empty. NULL elements and duplicates are ignored, arrays of more dimensions are flattened. NULL if an argument is NULL.';

CREATE FUNCTION affinity.cosine_set(a pg_catalog.int2[], b pg_catalog.int2[])
RETURNS pg_catalog.float8
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 20
AS 'MODULE_PATHNAME', 'affinity_similarity_set_cosine';

COMMENT ON FUNCTION affinity.cosine_set(pg_catalog.int2[], pg_catalog.int2[]) IS
	'cosine (Ochiai) similarity of two arrays as sets: |A and B| / sqrt(|A| |B|), within [0, 1]. NULL if either set is empty. NULL elements and duplicates are ignored, arrays of more dimensions are flattened. NULL if an argument is NULL.';

CREATE FUNCTION affinity.cosine_set(a pg_catalog.int4[], b pg_catalog.int4[])
RETURNS pg_catalog.float8
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 20
AS 'MODULE_PATHNAME', 'affinity_similarity_set_cosine';

COMMENT ON FUNCTION affinity.cosine_set(pg_catalog.int4[], pg_catalog.int4[]) IS
	'cosine (Ochiai) similarity of two arrays as sets: |A and B| / sqrt(|A| |B|), within [0, 1]. NULL if either set is empty. NULL elements and duplicates are ignored, arrays of more dimensions are flattened. NULL if an argument is NULL.';

CREATE FUNCTION affinity.cosine_set(a pg_catalog.int8[], b pg_catalog.int8[])
RETURNS pg_catalog.float8
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 20
AS 'MODULE_PATHNAME', 'affinity_similarity_set_cosine';

COMMENT ON FUNCTION affinity.cosine_set(pg_catalog.int8[], pg_catalog.int8[]) IS
	'cosine (Ochiai) similarity of two arrays as sets: |A and B| / sqrt(|A| |B|), within [0, 1]. NULL if either set is empty. NULL elements and duplicates are ignored, arrays of more dimensions are flattened. NULL if an argument is NULL.';

CREATE FUNCTION affinity.cosine_set(a pg_catalog.text[], b pg_catalog.text[])
RETURNS pg_catalog.float8
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100
AS 'MODULE_PATHNAME', 'affinity_similarity_set_cosine';

COMMENT ON FUNCTION affinity.cosine_set(pg_catalog.text[], pg_catalog.text[]) IS
	'cosine (Ochiai) similarity of two arrays as sets: |A and B| / sqrt(|A| |B|), within [0, 1]. NULL if either set is empty. NULL elements and duplicates are ignored, arrays of more dimensions are flattened. NULL if an argument is NULL. Text is compared as bytes, in every collation.';

CREATE FUNCTION affinity.cosine_set(a pg_catalog.uuid[], b pg_catalog.uuid[])
RETURNS pg_catalog.float8
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100
AS 'MODULE_PATHNAME', 'affinity_similarity_set_cosine';

COMMENT ON FUNCTION affinity.cosine_set(pg_catalog.uuid[], pg_catalog.uuid[]) IS
	'cosine (Ochiai) similarity of two arrays as sets: |A and B| / sqrt(|A| |B|), within [0, 1]. NULL if either set is empty. NULL elements and duplicates are ignored, arrays of more dimensions are flattened. NULL if an argument is NULL.';

CREATE FUNCTION affinity.tversky(
	a pg_catalog.int2[],
	b pg_catalog.int2[],
	alpha pg_catalog.float8 DEFAULT 0.5,
	beta pg_catalog.float8 DEFAULT 0.5)
RETURNS pg_catalog.float8
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 20
AS 'MODULE_PATHNAME', 'affinity_similarity_set_tversky';

COMMENT ON FUNCTION affinity.tversky(pg_catalog.int2[], pg_catalog.int2[],
	pg_catalog.float8, pg_catalog.float8) IS
	'Tversky index of two arrays as sets: |A and B| / (|A and B| + alpha |A without B| + beta |B without A|), within [0, 1]. alpha = beta = 0.5 is dice, 1 is jaccard; negative, NaN or infinite ones are an error (22023). NULL if the divisor is 0, as with two empty sets. NULL elements and duplicates are ignored, arrays of more dimensions are flattened. NULL if an argument is NULL.';

CREATE FUNCTION affinity.tversky(
	a pg_catalog.int4[],
	b pg_catalog.int4[],
	alpha pg_catalog.float8 DEFAULT 0.5,
	beta pg_catalog.float8 DEFAULT 0.5)
RETURNS pg_catalog.float8
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 20
AS 'MODULE_PATHNAME', 'affinity_similarity_set_tversky';

COMMENT ON FUNCTION affinity.tversky(pg_catalog.int4[], pg_catalog.int4[],
	pg_catalog.float8, pg_catalog.float8) IS
	'Tversky index of two arrays as sets: |A and B| / (|A and B| + alpha |A without B| + beta |B without A|), within [0, 1]. alpha = beta = 0.5 is dice, 1 is jaccard; negative, NaN or infinite ones are an error (22023). NULL if the divisor is 0, as with two empty sets. NULL elements and duplicates are ignored, arrays of more dimensions are flattened. NULL if an argument is NULL.';

CREATE FUNCTION affinity.tversky(
	a pg_catalog.int8[],
	b pg_catalog.int8[],
	alpha pg_catalog.float8 DEFAULT 0.5,
	beta pg_catalog.float8 DEFAULT 0.5)
RETURNS pg_catalog.float8
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 20
AS 'MODULE_PATHNAME', 'affinity_similarity_set_tversky';

COMMENT ON FUNCTION affinity.tversky(pg_catalog.int8[], pg_catalog.int8[],
	pg_catalog.float8, pg_catalog.float8) IS
	'Tversky index of two arrays as sets: |A and B| / (|A and B| + alpha |A without B| + beta |B without A|), within [0, 1]. alpha = beta = 0.5 is dice, 1 is jaccard; negative, NaN or infinite ones are an error (22023). NULL if the divisor is 0, as with two empty sets. NULL elements and duplicates are ignored, arrays of more dimensions are flattened. NULL if an argument is NULL.';

CREATE FUNCTION affinity.tversky(
	a pg_catalog.text[],
	b pg_catalog.text[],
	alpha pg_catalog.float8 DEFAULT 0.5,
	beta pg_catalog.float8 DEFAULT 0.5)
RETURNS pg_catalog.float8
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100
AS 'MODULE_PATHNAME', 'affinity_similarity_set_tversky';

COMMENT ON FUNCTION affinity.tversky(pg_catalog.text[], pg_catalog.text[],
	pg_catalog.float8, pg_catalog.float8) IS
	'Tversky index of two arrays as sets: |A and B| / (|A and B| + alpha |A without B| + beta |B without A|), within [0, 1]. alpha = beta = 0.5 is dice, 1 is jaccard; negative, NaN or infinite ones are an error (22023). NULL if the divisor is 0, as with two empty sets. NULL elements and duplicates are ignored, arrays of more dimensions are flattened. NULL if an argument is NULL. Text is compared as bytes, in every collation.';

CREATE FUNCTION affinity.tversky(
	a pg_catalog.uuid[],
	b pg_catalog.uuid[],
	alpha pg_catalog.float8 DEFAULT 0.5,
	beta pg_catalog.float8 DEFAULT 0.5)
RETURNS pg_catalog.float8
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100
AS 'MODULE_PATHNAME', 'affinity_similarity_set_tversky';

COMMENT ON FUNCTION affinity.tversky(pg_catalog.uuid[], pg_catalog.uuid[],
	pg_catalog.float8, pg_catalog.float8) IS
	'Tversky index of two arrays as sets: |A and B| / (|A and B| + alpha |A without B| + beta |B without A|), within [0, 1]. alpha = beta = 0.5 is dice, 1 is jaccard; negative, NaN or infinite ones are an error (22023). NULL if the divisor is 0, as with two empty sets. NULL elements and duplicates are ignored, arrays of more dimensions are flattened. NULL if an argument is NULL.';
