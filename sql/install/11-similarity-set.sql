-- Similarity of two arrays as sets. C: src/similarity/set.c
--
-- Order, duplicates, NULL elements and the shape of the arrays do not matter.
-- varchar[] arguments resolve to text[].

--table set_measure: MEASURE | SYMBOL | ANSWER
-- jaccard | affinity_similarity_set_jaccard | Jaccard similarity of two arrays as sets, within [0, 1]
-- dice | affinity_similarity_set_dice | Dice (Sorensen) similarity of two arrays as sets, within [0, 1]
-- overlap | affinity_similarity_set_overlap | overlap coefficient (Szymkiewicz-Simpson) of two arrays as sets, within [0, 1]
-- cosine_set | affinity_similarity_set_cosine | cosine (Ochiai) similarity of two arrays as sets, within [0, 1]

--table set_element: ELEMENT | COST
-- int2 | 20
-- int4 | 20
-- int8 | 20
-- text | 100
-- uuid | 100

--for set_measure set_element
CREATE FUNCTION affinity.{MEASURE}(a pg_catalog.{ELEMENT}[], b pg_catalog.{ELEMENT}[])
RETURNS pg_catalog.float8
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST {COST}
AS 'MODULE_PATHNAME', '{SYMBOL}';

COMMENT ON FUNCTION affinity.{MEASURE}(pg_catalog.{ELEMENT}[], pg_catalog.{ELEMENT}[]) IS
	'{ANSWER}';

--end
--for set_element
CREATE FUNCTION affinity.tversky(
	a pg_catalog.{ELEMENT}[],
	b pg_catalog.{ELEMENT}[],
	alpha pg_catalog.float8 DEFAULT 0.5,
	beta pg_catalog.float8 DEFAULT 0.5)
RETURNS pg_catalog.float8
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST {COST}
AS 'MODULE_PATHNAME', 'affinity_similarity_set_tversky';

COMMENT ON FUNCTION affinity.tversky(
	pg_catalog.{ELEMENT}[],
	pg_catalog.{ELEMENT}[],
	pg_catalog.float8,
	pg_catalog.float8) IS
	'Tversky index of two arrays as sets, within [0, 1]: alpha = beta = 0.5 is dice, 1 is jaccard';

--end
