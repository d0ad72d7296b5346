-- Packed baskets: the rows of a user in a few bytes. C: src/basket
--
-- A type for each kind of items, so that basket_items has a type too.

--table basket_type: BASKET | ITEM | ITEMS
-- basket | int8 | integers
-- basket_uuid | uuid | uuids
-- basket_text | text | texts

--for basket_type
CREATE TYPE affinity.{BASKET};

CREATE FUNCTION affinity.{BASKET}_in(pg_catalog.cstring)
RETURNS affinity.{BASKET}
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'affinity_{BASKET}_in';

COMMENT ON FUNCTION affinity.{BASKET}_in(pg_catalog.cstring) IS
	'input of type {BASKET}: base64; 22P03 unless every part of the basket is sound';

CREATE FUNCTION affinity.{BASKET}_out(affinity.{BASKET})
RETURNS pg_catalog.cstring
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'affinity_{BASKET}_out';

COMMENT ON FUNCTION affinity.{BASKET}_out(affinity.{BASKET}) IS
	'output of type {BASKET}: base64';

CREATE FUNCTION affinity.{BASKET}_recv(pg_catalog.internal)
RETURNS affinity.{BASKET}
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'affinity_{BASKET}_recv';

COMMENT ON FUNCTION affinity.{BASKET}_recv(pg_catalog.internal) IS
	'binary input of type {BASKET}, checked as its text is';

CREATE FUNCTION affinity.{BASKET}_send(affinity.{BASKET})
RETURNS pg_catalog.bytea
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'affinity_{BASKET}_send';

COMMENT ON FUNCTION affinity.{BASKET}_send(affinity.{BASKET}) IS
	'binary output of type {BASKET}';

CREATE TYPE affinity.{BASKET} (
	INPUT = affinity.{BASKET}_in,
	OUTPUT = affinity.{BASKET}_out,
	RECEIVE = affinity.{BASKET}_recv,
	SEND = affinity.{BASKET}_send,
	INTERNALLENGTH = VARIABLE,
	ALIGNMENT = int4,
	STORAGE = extended,
	-- states whose descriptions share a name: one without a type is an activity
	CATEGORY = 'a'
);

COMMENT ON TYPE affinity.{BASKET} IS
	'a user''s rows, each an item with a weight and a time, of {ITEMS}: made by basket_agg, read by create_model';

CREATE FUNCTION affinity.{BASKET}_combine(affinity.{BASKET}, affinity.{BASKET})
RETURNS affinity.{BASKET}
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10
AS 'MODULE_PATHNAME', 'affinity_basket_combine';

COMMENT ON FUNCTION affinity.{BASKET}_combine(affinity.{BASKET}, affinity.{BASKET}) IS
	'combine function of basket_agg';

CREATE FUNCTION affinity.{BASKET}_final(affinity.{BASKET})
RETURNS affinity.{BASKET}
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10
AS 'MODULE_PATHNAME', 'affinity_basket_final';

COMMENT ON FUNCTION affinity.{BASKET}_final(affinity.{BASKET}) IS
	'final function of basket_agg';

CREATE AGGREGATE affinity.rollup(basket affinity.{BASKET}) (
	SFUNC = affinity.{BASKET}_combine,
	STYPE = affinity.{BASKET},
	SSPACE = 200,
	FINALFUNC = affinity.{BASKET}_final,
	COMBINEFUNC = affinity.{BASKET}_combine,
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE affinity.rollup(affinity.{BASKET}) IS
	'merges baskets exactly: the same basket as one aggregate over all their rows';

CREATE FUNCTION affinity.rollup(basket affinity.{BASKET}, other affinity.{BASKET})
RETURNS affinity.{BASKET}
LANGUAGE C IMMUTABLE PARALLEL SAFE COST 10
AS 'MODULE_PATHNAME', 'affinity_basket_rollup';

COMMENT ON FUNCTION affinity.rollup(affinity.{BASKET}, affinity.{BASKET}) IS
	'merges two baskets exactly; NULL is a basket without rows';

CREATE FUNCTION affinity.basket_items(basket affinity.{BASKET})
RETURNS TABLE (
	item pg_catalog.{ITEM},
	weight pg_catalog.float8,
	at pg_catalog.timestamptz)
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 5 ROWS 30
AS 'MODULE_PATHNAME', 'affinity_basket_items';

COMMENT ON FUNCTION affinity.basket_items(affinity.{BASKET}) IS
	'the rows of a basket, in order of item, time and weight';

CREATE FUNCTION affinity.items(basket affinity.{BASKET})
RETURNS pg_catalog.int8
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 5
AS 'MODULE_PATHNAME', 'affinity_basket_count';

COMMENT ON FUNCTION affinity.items(affinity.{BASKET}) IS
	'how many different items are in a basket';

CREATE FUNCTION affinity.describe(
	basket affinity.{BASKET},
	OUT "rows" pg_catalog.int8,
	OUT items pg_catalog.int8,
	OUT weight pg_catalog.float8,
	OUT first_at pg_catalog.timestamptz,
	OUT last_at pg_catalog.timestamptz,
	OUT bytes pg_catalog.int8)
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 5
AS 'MODULE_PATHNAME', 'affinity_basket_describe';

COMMENT ON FUNCTION affinity.describe(affinity.{BASKET}) IS
	'what a basket is of: rows, different items, the sum of the weights, first and last time, bytes';

--end
--table basket_item: BASKET | ITEM | SYMBOL
-- basket | int8 | int
-- basket_uuid | uuid | uuid
-- basket_text | text | text

--table basket_arguments: TYPES | NAMED | SUFFIX | ANSWER
-- | | | the items of a user in a few bytes, each as often as it comes
-- , pg_catalog.float8 | , weight pg_catalog.float8 | | the items of a user with weights, in a few bytes
-- , pg_catalog.float8, pg_catalog.timestamptz | , weight pg_catalog.float8, at pg_catalog.timestamptz | | the items of a user with weights and times, in a few bytes
-- , pg_catalog.float8, pg_catalog.timestamp | , weight pg_catalog.float8, at pg_catalog.timestamp | | the items of a user with weights and times, which are taken as UTC, in a few bytes
-- , pg_catalog.float8, pg_catalog.date | , weight pg_catalog.float8, at pg_catalog.date | _date | the items of a user with weights and days, which begin in UTC, in a few bytes

--for basket_item basket_arguments
CREATE FUNCTION affinity.basket_accum(affinity.{BASKET}, pg_catalog.{ITEM}{TYPES})
RETURNS affinity.{BASKET}
LANGUAGE C IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'affinity_basket_accum_{SYMBOL}{SUFFIX}';

COMMENT ON FUNCTION affinity.basket_accum(affinity.{BASKET}, pg_catalog.{ITEM}{TYPES}) IS
	'transition function of basket_agg';

CREATE AGGREGATE affinity.basket_agg(item pg_catalog.{ITEM}{NAMED}) (
	SFUNC = affinity.basket_accum,
	STYPE = affinity.{BASKET},
	SSPACE = 200,
	FINALFUNC = affinity.{BASKET}_final,
	COMBINEFUNC = affinity.{BASKET}_combine,
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE affinity.basket_agg(pg_catalog.{ITEM}{TYPES}) IS
	'{ANSWER}';

--end
