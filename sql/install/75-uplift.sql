-- Whom does a treatment move: uplift by score. C: src/uplift

CREATE TYPE affinity.uplift;

CREATE FUNCTION affinity.uplift_in(pg_catalog.cstring)
RETURNS affinity.uplift
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'affinity_uplift_in';

COMMENT ON FUNCTION affinity.uplift_in(pg_catalog.cstring) IS
	'input of type uplift: base64; 22P03 unless every part of the state is sound';

CREATE FUNCTION affinity.uplift_out(affinity.uplift)
RETURNS pg_catalog.cstring
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'affinity_uplift_out';

COMMENT ON FUNCTION affinity.uplift_out(affinity.uplift) IS
	'output of type uplift: base64';

CREATE FUNCTION affinity.uplift_recv(pg_catalog.internal)
RETURNS affinity.uplift
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'affinity_uplift_recv';

COMMENT ON FUNCTION affinity.uplift_recv(pg_catalog.internal) IS
	'binary input of type uplift, checked as its text is';

CREATE FUNCTION affinity.uplift_send(affinity.uplift)
RETURNS pg_catalog.bytea
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'affinity_uplift_send';

COMMENT ON FUNCTION affinity.uplift_send(affinity.uplift) IS
	'binary output of type uplift';

CREATE TYPE affinity.uplift (
	INPUT = affinity.uplift_in,
	OUTPUT = affinity.uplift_out,
	RECEIVE = affinity.uplift_recv,
	SEND = affinity.uplift_send,
	INTERNALLENGTH = VARIABLE,
	ALIGNMENT = double,
	STORAGE = extended
);

COMMENT ON TYPE affinity.uplift IS
	'how many rows have which score, treatment and outcome: made by uplift_agg, read by qini, auuc and uplift_by_decile';

CREATE FUNCTION affinity.uplift_combine(affinity.uplift, affinity.uplift)
RETURNS affinity.uplift
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100
AS 'MODULE_PATHNAME', 'affinity_uplift_combine';

COMMENT ON FUNCTION affinity.uplift_combine(affinity.uplift, affinity.uplift) IS
	'combine function of uplift_agg, qini and auuc';

CREATE FUNCTION affinity.uplift_final(affinity.uplift)
RETURNS affinity.uplift
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100
AS 'MODULE_PATHNAME', 'affinity_uplift_final';

COMMENT ON FUNCTION affinity.uplift_final(affinity.uplift) IS
	'final function of uplift_agg';

CREATE AGGREGATE affinity.rollup(uplift affinity.uplift) (
	SFUNC = affinity.uplift_combine,
	STYPE = affinity.uplift,
	SSPACE = 250,
	FINALFUNC = affinity.uplift_final,
	COMBINEFUNC = affinity.uplift_combine,
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE affinity.rollup(affinity.uplift) IS
	'merges uplift states exactly: the same state as one aggregate over all their rows';

CREATE FUNCTION affinity.rollup(uplift affinity.uplift, other affinity.uplift)
RETURNS affinity.uplift
LANGUAGE C IMMUTABLE PARALLEL SAFE COST 100
AS 'MODULE_PATHNAME', 'affinity_uplift_rollup';

COMMENT ON FUNCTION affinity.rollup(affinity.uplift, affinity.uplift) IS
	'merges two uplift states exactly; NULL is a state without rows';

--table uplift_curve: NAME | ANSWER
-- qini | how much better than chance a score finds whom the treatment moves: the normalized area under the Qini curve
-- auuc | how much better than chance a score finds whom the treatment moves: the normalized area under the uplift curve

--for uplift_curve
CREATE FUNCTION affinity.{NAME}_final(affinity.uplift)
RETURNS pg_catalog.float8
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000
AS 'MODULE_PATHNAME', 'affinity_uplift_{NAME}_final';

COMMENT ON FUNCTION affinity.{NAME}_final(affinity.uplift) IS
	'final function of the aggregate {NAME}';

CREATE FUNCTION affinity.{NAME}(
	state affinity.uplift,
	normalized pg_catalog.bool DEFAULT true)
RETURNS pg_catalog.float8
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000
AS 'MODULE_PATHNAME', 'affinity_uplift_{NAME}';

COMMENT ON FUNCTION affinity.{NAME}(affinity.uplift, pg_catalog.bool) IS
	'{ANSWER}';

--end
--table uplift_outcome: OUTCOME
-- bool
-- float8

--for uplift_outcome
CREATE FUNCTION affinity.uplift_accum(affinity.uplift, pg_catalog.float8, pg_catalog.bool, pg_catalog.{OUTCOME})
RETURNS affinity.uplift
LANGUAGE C IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'affinity_uplift_accum';

COMMENT ON FUNCTION affinity.uplift_accum(affinity.uplift, pg_catalog.float8, pg_catalog.bool, pg_catalog.{OUTCOME}) IS
	'transition function of uplift_agg, qini and auuc';

CREATE AGGREGATE affinity.uplift_agg(score pg_catalog.float8, treated pg_catalog.bool, outcome pg_catalog.{OUTCOME}) (
	SFUNC = affinity.uplift_accum,
	STYPE = affinity.uplift,
	SSPACE = 250,
	FINALFUNC = affinity.uplift_final,
	COMBINEFUNC = affinity.uplift_combine,
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE affinity.uplift_agg(pg_catalog.float8, pg_catalog.bool, pg_catalog.{OUTCOME}) IS
	'who was treated and what came of it, by a score that says whom the treatment should move';

--end
--for uplift_curve uplift_outcome
CREATE AGGREGATE affinity.{NAME}(score pg_catalog.float8, treated pg_catalog.bool, outcome pg_catalog.{OUTCOME}) (
	SFUNC = affinity.uplift_accum,
	STYPE = affinity.uplift,
	SSPACE = 250,
	FINALFUNC = affinity.{NAME}_final,
	COMBINEFUNC = affinity.uplift_combine,
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE affinity.{NAME}(pg_catalog.float8, pg_catalog.bool, pg_catalog.{OUTCOME}) IS
	'{ANSWER}';

--end
CREATE FUNCTION affinity.uplift_by_decile(
	state affinity.uplift,
	deciles pg_catalog.int8 DEFAULT 10,
	confidence pg_catalog.float8 DEFAULT 0.95)
RETURNS TABLE (
	decile pg_catalog.int8,
	units pg_catalog.int8,
	treated pg_catalog.int8,
	control pg_catalog.int8,
	highest_score pg_catalog.float8,
	lowest_score pg_catalog.float8,
	treated_mean pg_catalog.float8,
	control_mean pg_catalog.float8,
	uplift pg_catalog.float8,
	low pg_catalog.float8,
	high pg_catalog.float8,
	cumulative_share pg_catalog.float8,
	cumulative_uplift pg_catalog.float8,
	cumulative_low pg_catalog.float8,
	cumulative_high pg_catalog.float8,
	gain pg_catalog.float8)
LANGUAGE C IMMUTABLE PARALLEL SAFE COST 1000 ROWS 10
AS 'MODULE_PATHNAME', 'affinity_uplift_by_decile';

COMMENT ON FUNCTION affinity.uplift_by_decile(affinity.uplift, pg_catalog.int8, pg_catalog.float8) IS
	'what the treatment did for those with the highest scores, the next ones and so on, and for all down to there';
