-- Similarity and distance of two vectors. C: src/similarity/vector.c
--
-- One C function per measure serves all element types. The overloads are there
-- so that what is typed first resolves: ARRAY[1, 2] is integer[] and
-- ARRAY[1.0, 2.5] is numeric[], and both could become real[] as well as
-- double precision[], which PostgreSQL rejects as ambiguous.

--table vector_measure: MEASURE | SYMBOL | ANSWER
-- dot | affinity_similarity_vector_dot | inner product of two vectors: the sum of a[i] * b[i]
-- cosine | affinity_similarity_vector_cosine | cosine similarity of two vectors, within [-1, 1]
-- euclidean | affinity_similarity_vector_euclidean | Euclidean distance of two vectors: sqrt(sum of (a[i] - b[i])^2)
-- manhattan | affinity_similarity_vector_manhattan | Manhattan distance of two vectors: the sum of abs(a[i] - b[i])
-- pearson | affinity_similarity_vector_pearson | Pearson correlation of the elements of two vectors by position, within [-1, 1]

--table vector_element: ELEMENT | COST
-- float4 | 5
-- float8 | 5
-- int2 | 10
-- int4 | 10
-- int8 | 10
-- numeric | 50

--for vector_measure vector_element
CREATE FUNCTION affinity.{MEASURE}(a pg_catalog.{ELEMENT}[], b pg_catalog.{ELEMENT}[])
RETURNS pg_catalog.float8
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST {COST}
AS 'MODULE_PATHNAME', '{SYMBOL}';

COMMENT ON FUNCTION affinity.{MEASURE}(pg_catalog.{ELEMENT}[], pg_catalog.{ELEMENT}[]) IS
	'{ANSWER}';

--end
