-- Who contributes how much. C: src/community/inequality.c, src/community/shares.c

CREATE TYPE affinity.inequality;

CREATE FUNCTION affinity.inequality_in(pg_catalog.cstring)
RETURNS affinity.inequality
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'affinity_community_inequality_in';

COMMENT ON FUNCTION affinity.inequality_in(pg_catalog.cstring) IS
	'input of type inequality: base64; 22P03 unless every part of the state is sound';

CREATE FUNCTION affinity.inequality_out(affinity.inequality)
RETURNS pg_catalog.cstring
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'affinity_community_inequality_out';

COMMENT ON FUNCTION affinity.inequality_out(affinity.inequality) IS
	'output of type inequality: base64';

CREATE FUNCTION affinity.inequality_recv(pg_catalog.internal)
RETURNS affinity.inequality
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'affinity_community_inequality_recv';

COMMENT ON FUNCTION affinity.inequality_recv(pg_catalog.internal) IS
	'binary input of type inequality, checked as its text is';

CREATE FUNCTION affinity.inequality_send(affinity.inequality)
RETURNS pg_catalog.bytea
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'affinity_community_inequality_send';

COMMENT ON FUNCTION affinity.inequality_send(affinity.inequality) IS
	'binary output of type inequality';

CREATE TYPE affinity.inequality (
	INPUT = affinity.inequality_in,
	OUTPUT = affinity.inequality_out,
	RECEIVE = affinity.inequality_recv,
	SEND = affinity.inequality_send,
	INTERNALLENGTH = VARIABLE,
	ALIGNMENT = double,
	STORAGE = extended
);

COMMENT ON TYPE affinity.inequality IS
	'how many have which amount: made by inequality_agg, read by gini, lorenz, top_share, hhi and theil';

CREATE FUNCTION affinity.inequality_combine(affinity.inequality, affinity.inequality)
RETURNS affinity.inequality
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100
AS 'MODULE_PATHNAME', 'affinity_community_inequality_combine';

COMMENT ON FUNCTION affinity.inequality_combine(affinity.inequality, affinity.inequality) IS
	'combine function of inequality_agg';

CREATE FUNCTION affinity.inequality_final(affinity.inequality)
RETURNS affinity.inequality
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100
AS 'MODULE_PATHNAME', 'affinity_community_inequality_final';

COMMENT ON FUNCTION affinity.inequality_final(affinity.inequality) IS
	'final function of inequality_agg';

CREATE AGGREGATE affinity.rollup(inequality affinity.inequality) (
	SFUNC = affinity.inequality_combine,
	STYPE = affinity.inequality,
	SSPACE = 200,
	FINALFUNC = affinity.inequality_final,
	COMBINEFUNC = affinity.inequality_combine,
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE affinity.rollup(affinity.inequality) IS
	'merges inequality states exactly: the same state as one aggregate over all their rows';

CREATE FUNCTION affinity.rollup(inequality affinity.inequality, other affinity.inequality)
RETURNS affinity.inequality
LANGUAGE C IMMUTABLE PARALLEL SAFE COST 100
AS 'MODULE_PATHNAME', 'affinity_community_inequality_rollup';

COMMENT ON FUNCTION affinity.rollup(affinity.inequality, affinity.inequality) IS
	'merges two inequality states exactly; NULL is a state without rows';

CREATE FUNCTION affinity.inequality_accum(affinity.inequality, pg_catalog.float8)
RETURNS affinity.inequality
LANGUAGE C IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'affinity_community_inequality_accum';

COMMENT ON FUNCTION affinity.inequality_accum(affinity.inequality, pg_catalog.float8) IS
	'transition function of inequality_agg';

CREATE FUNCTION affinity.inequality_accum(affinity.inequality, pg_catalog.float8, pg_catalog.float8)
RETURNS affinity.inequality
LANGUAGE C IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'affinity_community_inequality_accum';

COMMENT ON FUNCTION affinity.inequality_accum(affinity.inequality, pg_catalog.float8, pg_catalog.float8) IS
	'transition function of top_share';

CREATE FUNCTION affinity.top_share_final(affinity.inequality)
RETURNS pg_catalog.float8
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100
AS 'MODULE_PATHNAME', 'affinity_community_top_share';

COMMENT ON FUNCTION affinity.top_share_final(affinity.inequality) IS
	'final function of top_share';

CREATE AGGREGATE affinity.inequality_agg(value pg_catalog.float8) (
	SFUNC = affinity.inequality_accum,
	STYPE = affinity.inequality,
	SSPACE = 200,
	FINALFUNC = affinity.inequality_final,
	COMBINEFUNC = affinity.inequality_combine,
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE affinity.inequality_agg(pg_catalog.float8) IS
	'how many contribute how much, a row for each of them';

CREATE AGGREGATE affinity.top_share(value pg_catalog.float8, p pg_catalog.float8) (
	SFUNC = affinity.inequality_accum,
	STYPE = affinity.inequality,
	SSPACE = 200,
	FINALFUNC = affinity.top_share_final,
	COMBINEFUNC = affinity.inequality_combine,
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE affinity.top_share(pg_catalog.float8, pg_catalog.float8) IS
	'which share of the whole the top p of the rows have: 0.1 is the top 10 %';

CREATE FUNCTION affinity.top_share(state affinity.inequality, p pg_catalog.float8)
RETURNS pg_catalog.float8
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100
AS 'MODULE_PATHNAME', 'affinity_community_top_share';

COMMENT ON FUNCTION affinity.top_share(affinity.inequality, pg_catalog.float8) IS
	'which share of the whole the top p have: 0.1 is the top 10 %';

CREATE FUNCTION affinity.lorenz(state affinity.inequality, points pg_catalog.int8 DEFAULT 10)
RETURNS TABLE (
	population pg_catalog.float8,
	share pg_catalog.float8)
LANGUAGE C IMMUTABLE PARALLEL SAFE COST 1000 ROWS 11
AS 'MODULE_PATHNAME', 'affinity_community_lorenz';

COMMENT ON FUNCTION affinity.lorenz(affinity.inequality, pg_catalog.int8) IS
	'Lorenz''s curve: which share of the whole those with the least have together';

--table inequality_measure: NAME | ANSWER | STATE_ANSWER
-- gini | Gini''s coefficient: 0 where all contribute alike, near 1 where one does it all | Gini''s coefficient of a state
-- hhi | Herfindahl''s index: the sum of squared shares; 1 / hhi is how many contributors of equal size it is like | Herfindahl''s index of a state
-- theil | Theil''s index: 0 where all contribute alike, ln(n) where one of n does it all | Theil''s index of a state

--for inequality_measure
CREATE FUNCTION affinity.{NAME}(state affinity.inequality)
RETURNS pg_catalog.float8
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100
AS 'MODULE_PATHNAME', 'affinity_community_{NAME}';

COMMENT ON FUNCTION affinity.{NAME}(affinity.inequality) IS
	'{STATE_ANSWER}';

CREATE AGGREGATE affinity.{NAME}(value pg_catalog.float8) (
	SFUNC = affinity.inequality_accum,
	STYPE = affinity.inequality,
	SSPACE = 200,
	FINALFUNC = affinity.{NAME},
	COMBINEFUNC = affinity.inequality_combine,
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE affinity.{NAME}(pg_catalog.float8) IS
	'{ANSWER}';

--end
