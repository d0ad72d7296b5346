-- Words that say how: a unit, a time zone, a window, a mode, a pattern.
--
-- They are texts without a collation. With one, an aggregate over rows of a foreign
-- server would be collation-sensitive to postgres_fdw, which then pulls the rows where
-- it could ask the server for the aggregate. Literals are words by themselves, and
-- texts are cast without being asked; preferred, as text is, so that a word wins over
-- "any" (68-mistakes.sql).

CREATE TYPE affinity.word;

--table word_support: NAME | FROM | TO | SYMBOL | ANSWER
-- word_in | pg_catalog.cstring | affinity.word | textin | input of type word: any text
-- word_out | affinity.word | pg_catalog.cstring | textout | output of type word
-- word_recv | pg_catalog.internal | affinity.word | textrecv | binary input of type word
-- word_send | affinity.word | pg_catalog.bytea | textsend | binary output of type word

--for word_support
CREATE FUNCTION affinity.{NAME}({FROM})
RETURNS {TO}
LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE
AS '{SYMBOL}';

COMMENT ON FUNCTION affinity.{NAME}({FROM}) IS
	'{ANSWER}';

--end
CREATE TYPE affinity.word (
	INPUT = affinity.word_in,
	OUTPUT = affinity.word_out,
	RECEIVE = affinity.word_recv,
	SEND = affinity.word_send,
	INTERNALLENGTH = VARIABLE,
	STORAGE = extended,
	CATEGORY = 'S',
	PREFERRED = true
);

COMMENT ON TYPE affinity.word IS
	'a text that says how: a unit, a time zone, a window, a mode or a pattern; without a collation';

-- Only text may be binary coercible to it: PostgreSQL finds the operators of varchar by
-- the one preferred type that varchar is binary coercible to.

CREATE CAST (pg_catalog.text AS affinity.word)
	WITHOUT FUNCTION
	AS IMPLICIT;

--table word_other: TYPE
-- varchar
-- bpchar
-- name

--for word_other
CREATE CAST (pg_catalog.{TYPE} AS affinity.word)
	WITH INOUT
	AS IMPLICIT;

--end
CREATE CAST (affinity.word AS pg_catalog.text)
	WITHOUT FUNCTION
	AS ASSIGNMENT;

-- For DISTINCT in an aggregate, which finds them by their class. So no query need find
-- them by name: they are not in pg_catalog, and their names are no other type's.

--table word_order: OPERATOR | NAME | SYMBOL | COMMUTATOR | ANSWER
-- <!< | word_lt | bytealt | >!> | before
-- <!= | word_le | byteale | >!= | before or the same as
-- =!= | word_eq | byteaeq | =!= | the same as
-- >!= | word_ge | byteage | <!= | after or the same as
-- >!> | word_gt | byteagt | <!< | after

--for word_order
CREATE FUNCTION affinity.{NAME}(affinity.word, affinity.word)
RETURNS pg_catalog.bool
LANGUAGE internal IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE
AS '{SYMBOL}';

COMMENT ON FUNCTION affinity.{NAME}(affinity.word, affinity.word) IS
	'is a word {ANSWER} another, byte by byte';

CREATE OPERATOR affinity.{OPERATOR} (
	LEFTARG = affinity.word,
	RIGHTARG = affinity.word,
	FUNCTION = affinity.{NAME},
	COMMUTATOR = OPERATOR(affinity.{COMMUTATOR})
);

COMMENT ON OPERATOR affinity.{OPERATOR} (affinity.word, affinity.word) IS
	'is a word {ANSWER} another, byte by byte';

--end
CREATE FUNCTION affinity.word_cmp(affinity.word, affinity.word)
RETURNS pg_catalog.int4
LANGUAGE internal IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE
AS 'byteacmp';

COMMENT ON FUNCTION affinity.word_cmp(affinity.word, affinity.word) IS
	'the order of two words, byte by byte';

CREATE OPERATOR CLASS affinity.word_ops
	DEFAULT FOR TYPE affinity.word USING btree AS
	OPERATOR 1 affinity.<!< (affinity.word, affinity.word),
	OPERATOR 2 affinity.<!= (affinity.word, affinity.word),
	OPERATOR 3 affinity.=!= (affinity.word, affinity.word),
	OPERATOR 4 affinity.>!= (affinity.word, affinity.word),
	OPERATOR 5 affinity.>!> (affinity.word, affinity.word),
	FUNCTION 1 affinity.word_cmp(affinity.word, affinity.word);
