-- affinity: similarity and distance of two vectors
--
-- One C function per measure serves all element types. The overloads are there
-- so that what is typed first resolves: ARRAY[1, 2] is integer[] and
-- ARRAY[1.0, 2.5] is numeric[], and both could become real[] as well as
-- double precision[], which PostgreSQL rejects as ambiguous.

CREATE FUNCTION affinity.dot(a pg_catalog.float4[], b pg_catalog.float4[])
RETURNS pg_catalog.float8
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 5
AS 'MODULE_PATHNAME', 'affinity_similarity_vector_dot';

COMMENT ON FUNCTION affinity.dot(pg_catalog.float4[], pg_catalog.float4[]) IS
	'inner product: sum of a[i] * b[i]. In the product of the units of a and b; 0 for empty arrays. NaN and infinity follow IEEE 754; a result beyond double precision is infinite. NULL if an array is NULL. A position where either element is NULL is left out. Arrays of different length or of more than one dimension are an error (22023).';

CREATE FUNCTION affinity.dot(a pg_catalog.float8[], b pg_catalog.float8[])
RETURNS pg_catalog.float8
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 5
AS 'MODULE_PATHNAME', 'affinity_similarity_vector_dot';

COMMENT ON FUNCTION affinity.dot(pg_catalog.float8[], pg_catalog.float8[]) IS
	'inner product: sum of a[i] * b[i]. In the product of the units of a and b; 0 for empty arrays. NaN and infinity follow IEEE 754; a result beyond double precision is infinite. NULL if an array is NULL. A position where either element is NULL is left out. Arrays of different length or of more than one dimension are an error (22023).';

CREATE FUNCTION affinity.dot(a pg_catalog.int2[], b pg_catalog.int2[])
RETURNS pg_catalog.float8
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10
AS 'MODULE_PATHNAME', 'affinity_similarity_vector_dot';

COMMENT ON FUNCTION affinity.dot(pg_catalog.int2[], pg_catalog.int2[]) IS
	'inner product: sum of a[i] * b[i]. In the product of the units of a and b; 0 for empty arrays. NaN and infinity follow IEEE 754; a result beyond double precision is infinite. NULL if an array is NULL. A position where either element is NULL is left out. Arrays of different length or of more than one dimension are an error (22023). Calculated in double precision.';

CREATE FUNCTION affinity.dot(a pg_catalog.int4[], b pg_catalog.int4[])
RETURNS pg_catalog.float8
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10
AS 'MODULE_PATHNAME', 'affinity_similarity_vector_dot';

COMMENT ON FUNCTION affinity.dot(pg_catalog.int4[], pg_catalog.int4[]) IS
	'inner product: sum of a[i] * b[i]. In the product of the units of a and b; 0 for empty arrays. NaN and infinity follow IEEE 754; a result beyond double precision is infinite. NULL if an array is NULL. A position where either element is NULL is left out. Arrays of different length or of more than one dimension are an error (22023). Calculated in double precision.';

CREATE FUNCTION affinity.dot(a pg_catalog.int8[], b pg_catalog.int8[])
RETURNS pg_catalog.float8
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10
AS 'MODULE_PATHNAME', 'affinity_similarity_vector_dot';

COMMENT ON FUNCTION affinity.dot(pg_catalog.int8[], pg_catalog.int8[]) IS
	'inner product: sum of a[i] * b[i]. In the product of the units of a and b; 0 for empty arrays. NaN and infinity follow IEEE 754; a result beyond double precision is infinite. NULL if an array is NULL. A position where either element is NULL is left out. Arrays of different length or of more than one dimension are an error (22023). Calculated in double precision.';

CREATE FUNCTION affinity.dot(a pg_catalog.numeric[], b pg_catalog.numeric[])
RETURNS pg_catalog.float8
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 50
AS 'MODULE_PATHNAME', 'affinity_similarity_vector_dot';

COMMENT ON FUNCTION affinity.dot(pg_catalog.numeric[], pg_catalog.numeric[]) IS
	'inner product: sum of a[i] * b[i]. In the product of the units of a and b; 0 for empty arrays. NaN and infinity follow IEEE 754; a result beyond double precision is infinite. NULL if an array is NULL. A position where either element is NULL is left out. Arrays of different length or of more than one dimension are an error (22023). Calculated in double precision; a value beyond its range is an error (22003).';

CREATE FUNCTION affinity.cosine(a pg_catalog.float4[], b pg_catalog.float4[])
RETURNS pg_catalog.float8
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 5
AS 'MODULE_PATHNAME', 'affinity_similarity_vector_cosine';

COMMENT ON FUNCTION affinity.cosine(pg_catalog.float4[], pg_catalog.float4[]) IS
	'cosine similarity: dot(a, b) / (|a| |b|), within [-1, 1]. NULL if either vector has norm 0 or is empty; NaN if an element used is NaN or infinite. NULL if an array is NULL. A position where either element is NULL is left out. Arrays of different length or of more than one dimension are an error (22023).';

CREATE FUNCTION affinity.cosine(a pg_catalog.float8[], b pg_catalog.float8[])
RETURNS pg_catalog.float8
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 5
AS 'MODULE_PATHNAME', 'affinity_similarity_vector_cosine';

COMMENT ON FUNCTION affinity.cosine(pg_catalog.float8[], pg_catalog.float8[]) IS
	'cosine similarity: dot(a, b) / (|a| |b|), within [-1, 1]. NULL if either vector has norm 0 or is empty; NaN if an element used is NaN or infinite. NULL if an array is NULL. A position where either element is NULL is left out. Arrays of different length or of more than one dimension are an error (22023).';

CREATE FUNCTION affinity.cosine(a pg_catalog.int2[], b pg_catalog.int2[])
RETURNS pg_catalog.float8
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10
AS 'MODULE_PATHNAME', 'affinity_similarity_vector_cosine';

COMMENT ON FUNCTION affinity.cosine(pg_catalog.int2[], pg_catalog.int2[]) IS
	'cosine similarity: dot(a, b) / (|a| |b|), within [-1, 1]. NULL if either vector has norm 0 or is empty; NaN if an element used is NaN or infinite. NULL if an array is NULL. A position where either element is NULL is left out. Arrays of different length or of more than one dimension are an error (22023). Calculated in double precision.';

CREATE FUNCTION affinity.cosine(a pg_catalog.int4[], b pg_catalog.int4[])
RETURNS pg_catalog.float8
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10
AS 'MODULE_PATHNAME', 'affinity_similarity_vector_cosine';

COMMENT ON FUNCTION affinity.cosine(pg_catalog.int4[], pg_catalog.int4[]) IS
	'cosine similarity: dot(a, b) / (|a| |b|), within [-1, 1]. NULL if either vector has norm 0 or is empty; NaN if an element used is NaN or infinite. NULL if an array is NULL. A position where either element is NULL is left out. Arrays of different length or of more than one dimension are an error (22023). Calculated in double precision.';

CREATE FUNCTION affinity.cosine(a pg_catalog.int8[], b pg_catalog.int8[])
RETURNS pg_catalog.float8
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10
AS 'MODULE_PATHNAME', 'affinity_similarity_vector_cosine';

COMMENT ON FUNCTION affinity.cosine(pg_catalog.int8[], pg_catalog.int8[]) IS
	'cosine similarity: dot(a, b) / (|a| |b|), within [-1, 1]. NULL if either vector has norm 0 or is empty; NaN if an element used is NaN or infinite. NULL if an array is NULL. A position where either element is NULL is left out. Arrays of different length or of more than one dimension are an error (22023). Calculated in double precision.';

CREATE FUNCTION affinity.cosine(a pg_catalog.numeric[], b pg_catalog.numeric[])
RETURNS pg_catalog.float8
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 50
AS 'MODULE_PATHNAME', 'affinity_similarity_vector_cosine';

COMMENT ON FUNCTION affinity.cosine(pg_catalog.numeric[], pg_catalog.numeric[]) IS
	'cosine similarity: dot(a, b) / (|a| |b|), within [-1, 1]. NULL if either vector has norm 0 or is empty; NaN if an element used is NaN or infinite. NULL if an array is NULL. A position where either element is NULL is left out. Arrays of different length or of more than one dimension are an error (22023). Calculated in double precision; a value beyond its range is an error (22003).';

CREATE FUNCTION affinity.euclidean(a pg_catalog.float4[], b pg_catalog.float4[])
RETURNS pg_catalog.float8
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 5
AS 'MODULE_PATHNAME', 'affinity_similarity_vector_euclidean';

COMMENT ON FUNCTION affinity.euclidean(pg_catalog.float4[], pg_catalog.float4[]) IS
	'Euclidean distance: sqrt(sum of (a[i] - b[i])^2); 0 is identical, larger is farther. In the unit of the elements; 0 for empty arrays. NaN and infinity follow IEEE 754. NULL if an array is NULL. A position where either element is NULL is left out. Arrays of different length or of more than one dimension are an error (22023).';

CREATE FUNCTION affinity.euclidean(a pg_catalog.float8[], b pg_catalog.float8[])
RETURNS pg_catalog.float8
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 5
AS 'MODULE_PATHNAME', 'affinity_similarity_vector_euclidean';

COMMENT ON FUNCTION affinity.euclidean(pg_catalog.float8[], pg_catalog.float8[]) IS
	'Euclidean distance: sqrt(sum of (a[i] - b[i])^2); 0 is identical, larger is farther. In the unit of the elements; 0 for empty arrays. NaN and infinity follow IEEE 754. NULL if an array is NULL. A position where either element is NULL is left out. Arrays of different length or of more than one dimension are an error (22023).';

CREATE FUNCTION affinity.euclidean(a pg_catalog.int2[], b pg_catalog.int2[])
RETURNS pg_catalog.float8
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10
AS 'MODULE_PATHNAME', 'affinity_similarity_vector_euclidean';

COMMENT ON FUNCTION affinity.euclidean(pg_catalog.int2[], pg_catalog.int2[]) IS
	'Euclidean distance: sqrt(sum of (a[i] - b[i])^2); 0 is identical, larger is farther. In the unit of the elements; 0 for empty arrays. NaN and infinity follow IEEE 754. NULL if an array is NULL. A position where either element is NULL is left out. Arrays of different length or of more than one dimension are an error (22023). Calculated in double precision.';

CREATE FUNCTION affinity.euclidean(a pg_catalog.int4[], b pg_catalog.int4[])
RETURNS pg_catalog.float8
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10
AS 'MODULE_PATHNAME', 'affinity_similarity_vector_euclidean';

COMMENT ON FUNCTION affinity.euclidean(pg_catalog.int4[], pg_catalog.int4[]) IS
	'Euclidean distance: sqrt(sum of (a[i] - b[i])^2); 0 is identical, larger is farther. In the unit of the elements; 0 for empty arrays. NaN and infinity follow IEEE 754. NULL if an array is NULL. A position where either element is NULL is left out. Arrays of different length or of more than one dimension are an error (22023). Calculated in double precision.';

CREATE FUNCTION affinity.euclidean(a pg_catalog.int8[], b pg_catalog.int8[])
RETURNS pg_catalog.float8
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10
AS 'MODULE_PATHNAME', 'affinity_similarity_vector_euclidean';

COMMENT ON FUNCTION affinity.euclidean(pg_catalog.int8[], pg_catalog.int8[]) IS
	'Euclidean distance: sqrt(sum of (a[i] - b[i])^2); 0 is identical, larger is farther. In the unit of the elements; 0 for empty arrays. NaN and infinity follow IEEE 754. NULL if an array is NULL. A position where either element is NULL is left out. Arrays of different length or of more than one dimension are an error (22023). Calculated in double precision.';

CREATE FUNCTION affinity.euclidean(a pg_catalog.numeric[], b pg_catalog.numeric[])
RETURNS pg_catalog.float8
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 50
AS 'MODULE_PATHNAME', 'affinity_similarity_vector_euclidean';

COMMENT ON FUNCTION affinity.euclidean(pg_catalog.numeric[], pg_catalog.numeric[]) IS
	'Euclidean distance: sqrt(sum of (a[i] - b[i])^2); 0 is identical, larger is farther. In the unit of the elements; 0 for empty arrays. NaN and infinity follow IEEE 754. NULL if an array is NULL. A position where either element is NULL is left out. Arrays of different length or of more than one dimension are an error (22023). Calculated in double precision; a value beyond its range is an error (22003).';

CREATE FUNCTION affinity.manhattan(a pg_catalog.float4[], b pg_catalog.float4[])
RETURNS pg_catalog.float8
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 5
AS 'MODULE_PATHNAME', 'affinity_similarity_vector_manhattan';

COMMENT ON FUNCTION affinity.manhattan(pg_catalog.float4[], pg_catalog.float4[]) IS
	'Manhattan distance: sum of |a[i] - b[i]|; 0 is identical, larger is farther. In the unit of the elements; 0 for empty arrays. NaN and infinity follow IEEE 754. NULL if an array is NULL. A position where either element is NULL is left out. Arrays of different length or of more than one dimension are an error (22023).';

CREATE FUNCTION affinity.manhattan(a pg_catalog.float8[], b pg_catalog.float8[])
RETURNS pg_catalog.float8
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 5
AS 'MODULE_PATHNAME', 'affinity_similarity_vector_manhattan';

COMMENT ON FUNCTION affinity.manhattan(pg_catalog.float8[], pg_catalog.float8[]) IS
	'Manhattan distance: sum of |a[i] - b[i]|; 0 is identical, larger is farther. In the unit of the elements; 0 for empty arrays. NaN and infinity follow IEEE 754. NULL if an array is NULL. A position where either element is NULL is left out. Arrays of different length or of more than one dimension are an error (22023).';

CREATE FUNCTION affinity.manhattan(a pg_catalog.int2[], b pg_catalog.int2[])
RETURNS pg_catalog.float8
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10
AS 'MODULE_PATHNAME', 'affinity_similarity_vector_manhattan';

COMMENT ON FUNCTION affinity.manhattan(pg_catalog.int2[], pg_catalog.int2[]) IS
	'Manhattan distance: sum of |a[i] - b[i]|; 0 is identical, larger is farther. In the unit of the elements; 0 for empty arrays. NaN and infinity follow IEEE 754. NULL if an array is NULL. A position where either element is NULL is left out. Arrays of different length or of more than one dimension are an error (22023). Calculated in double precision.';

CREATE FUNCTION affinity.manhattan(a pg_catalog.int4[], b pg_catalog.int4[])
RETURNS pg_catalog.float8
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10
AS 'MODULE_PATHNAME', 'affinity_similarity_vector_manhattan';

COMMENT ON FUNCTION affinity.manhattan(pg_catalog.int4[], pg_catalog.int4[]) IS
	'Manhattan distance: sum of |a[i] - b[i]|; 0 is identical, larger is farther. In the unit of the elements; 0 for empty arrays. NaN and infinity follow IEEE 754. NULL if an array is NULL. A position where either element is NULL is left out. Arrays of different length or of more than one dimension are an error (22023). Calculated in double precision.';

CREATE FUNCTION affinity.manhattan(a pg_catalog.int8[], b pg_catalog.int8[])
RETURNS pg_catalog.float8
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10
AS 'MODULE_PATHNAME', 'affinity_similarity_vector_manhattan';

COMMENT ON FUNCTION affinity.manhattan(pg_catalog.int8[], pg_catalog.int8[]) IS
	'Manhattan distance: sum of |a[i] - b[i]|; 0 is identical, larger is farther. In the unit of the elements; 0 for empty arrays. NaN and infinity follow IEEE 754. NULL if an array is NULL. A position where either element is NULL is left out. Arrays of different length or of more than one dimension are an error (22023). Calculated in double precision.';

CREATE FUNCTION affinity.manhattan(a pg_catalog.numeric[], b pg_catalog.numeric[])
RETURNS pg_catalog.float8
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 50
AS 'MODULE_PATHNAME', 'affinity_similarity_vector_manhattan';

COMMENT ON FUNCTION affinity.manhattan(pg_catalog.numeric[], pg_catalog.numeric[]) IS
	'Manhattan distance: sum of |a[i] - b[i]|; 0 is identical, larger is farther. In the unit of the elements; 0 for empty arrays. NaN and infinity follow IEEE 754. NULL if an array is NULL. A position where either element is NULL is left out. Arrays of different length or of more than one dimension are an error (22023). Calculated in double precision; a value beyond its range is an error (22003).';

CREATE FUNCTION affinity.pearson(a pg_catalog.float4[], b pg_catalog.float4[])
RETURNS pg_catalog.float8
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 5
AS 'MODULE_PATHNAME', 'affinity_similarity_vector_pearson';

COMMENT ON FUNCTION affinity.pearson(pg_catalog.float4[], pg_catalog.float4[]) IS
	'Pearson correlation of the elements by position, within [-1, 1]. NULL if fewer than 2 positions are used or either side is constant over them; NaN if an element used is NaN or infinite. NULL if an array is NULL. A position where either element is NULL is left out. Arrays of different length or of more than one dimension are an error (22023).';

CREATE FUNCTION affinity.pearson(a pg_catalog.float8[], b pg_catalog.float8[])
RETURNS pg_catalog.float8
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 5
AS 'MODULE_PATHNAME', 'affinity_similarity_vector_pearson';

COMMENT ON FUNCTION affinity.pearson(pg_catalog.float8[], pg_catalog.float8[]) IS
	'Pearson correlation of the elements by position, within [-1, 1]. NULL if fewer than 2 positions are used or either side is constant over them; NaN if an element used is NaN or infinite. NULL if an array is NULL. A position where either element is NULL is left out. Arrays of different length or of more than one dimension are an error (22023).';

CREATE FUNCTION affinity.pearson(a pg_catalog.int2[], b pg_catalog.int2[])
RETURNS pg_catalog.float8
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10
AS 'MODULE_PATHNAME', 'affinity_similarity_vector_pearson';

COMMENT ON FUNCTION affinity.pearson(pg_catalog.int2[], pg_catalog.int2[]) IS
	'Pearson correlation of the elements by position, within [-1, 1]. NULL if fewer than 2 positions are used or either side is constant over them; NaN if an element used is NaN or infinite. NULL if an array is NULL. A position where either element is NULL is left out. Arrays of different length or of more than one dimension are an error (22023). Calculated in double precision.';

CREATE FUNCTION affinity.pearson(a pg_catalog.int4[], b pg_catalog.int4[])
RETURNS pg_catalog.float8
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10
AS 'MODULE_PATHNAME', 'affinity_similarity_vector_pearson';

COMMENT ON FUNCTION affinity.pearson(pg_catalog.int4[], pg_catalog.int4[]) IS
	'Pearson correlation of the elements by position, within [-1, 1]. NULL if fewer than 2 positions are used or either side is constant over them; NaN if an element used is NaN or infinite. NULL if an array is NULL. A position where either element is NULL is left out. Arrays of different length or of more than one dimension are an error (22023). Calculated in double precision.';

CREATE FUNCTION affinity.pearson(a pg_catalog.int8[], b pg_catalog.int8[])
RETURNS pg_catalog.float8
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10
AS 'MODULE_PATHNAME', 'affinity_similarity_vector_pearson';

COMMENT ON FUNCTION affinity.pearson(pg_catalog.int8[], pg_catalog.int8[]) IS
	'Pearson correlation of the elements by position, within [-1, 1]. NULL if fewer than 2 positions are used or either side is constant over them; NaN if an element used is NaN or infinite. NULL if an array is NULL. A position where either element is NULL is left out. Arrays of different length or of more than one dimension are an error (22023). Calculated in double precision.';

CREATE FUNCTION affinity.pearson(a pg_catalog.numeric[], b pg_catalog.numeric[])
RETURNS pg_catalog.float8
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 50
AS 'MODULE_PATHNAME', 'affinity_similarity_vector_pearson';

COMMENT ON FUNCTION affinity.pearson(pg_catalog.numeric[], pg_catalog.numeric[]) IS
	'Pearson correlation of the elements by position, within [-1, 1]. NULL if fewer than 2 positions are used or either side is constant over them; NaN if an element used is NaN or infinite. NULL if an array is NULL. A position where either element is NULL is left out. Arrays of different length or of more than one dimension are an error (22023). Calculated in double precision; a value beyond its range is an error (22003).';
