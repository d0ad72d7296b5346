-- How long until something happens, where for some it has not yet. C: src/survival

CREATE TYPE affinity.survival;

CREATE FUNCTION affinity.survival_in(pg_catalog.cstring)
RETURNS affinity.survival
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'affinity_survival_in';

COMMENT ON FUNCTION affinity.survival_in(pg_catalog.cstring) IS
	'input of type survival: base64; 22P03 unless every part of the state is sound';

CREATE FUNCTION affinity.survival_out(affinity.survival)
RETURNS pg_catalog.cstring
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'affinity_survival_out';

COMMENT ON FUNCTION affinity.survival_out(affinity.survival) IS
	'output of type survival: base64';

CREATE FUNCTION affinity.survival_recv(pg_catalog.internal)
RETURNS affinity.survival
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'affinity_survival_recv';

COMMENT ON FUNCTION affinity.survival_recv(pg_catalog.internal) IS
	'binary input of type survival, checked as its text is';

CREATE FUNCTION affinity.survival_send(affinity.survival)
RETURNS pg_catalog.bytea
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'affinity_survival_send';

COMMENT ON FUNCTION affinity.survival_send(affinity.survival) IS
	'binary output of type survival';

CREATE TYPE affinity.survival (
	INPUT = affinity.survival_in,
	OUTPUT = affinity.survival_out,
	RECEIVE = affinity.survival_recv,
	SEND = affinity.survival_send,
	INTERNALLENGTH = VARIABLE,
	ALIGNMENT = double,
	STORAGE = extended
);

COMMENT ON TYPE affinity.survival IS
	'how many ended or were censored after which time: made by survival_agg, read by survival_curve and others';

CREATE FUNCTION affinity.survival_combine(affinity.survival, affinity.survival)
RETURNS affinity.survival
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100
AS 'MODULE_PATHNAME', 'affinity_survival_combine';

COMMENT ON FUNCTION affinity.survival_combine(affinity.survival, affinity.survival) IS
	'combine function of survival_agg';

CREATE FUNCTION affinity.survival_final(affinity.survival)
RETURNS affinity.survival
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100
AS 'MODULE_PATHNAME', 'affinity_survival_final';

COMMENT ON FUNCTION affinity.survival_final(affinity.survival) IS
	'final function of survival_agg';

CREATE AGGREGATE affinity.rollup(survival affinity.survival) (
	SFUNC = affinity.survival_combine,
	STYPE = affinity.survival,
	SSPACE = 200,
	FINALFUNC = affinity.survival_final,
	COMBINEFUNC = affinity.survival_combine,
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE affinity.rollup(affinity.survival) IS
	'merges survival states exactly: the same state as one aggregate over all their rows';

CREATE FUNCTION affinity.rollup(survival affinity.survival, other affinity.survival)
RETURNS affinity.survival
LANGUAGE C IMMUTABLE PARALLEL SAFE COST 100
AS 'MODULE_PATHNAME', 'affinity_survival_rollup';

COMMENT ON FUNCTION affinity.rollup(affinity.survival, affinity.survival) IS
	'merges two survival states exactly; NULL is a state without rows';

--table survival_arguments: TYPES | NAMED | ANSWER
-- | | how many had their event, and how many had not yet, after which time
-- , pg_catalog.float8 | , entry pg_catalog.float8 | how many had their event, and how many had not yet, after which time, where some were first seen later
-- , pg_catalog.float8, pg_catalog.float8 | , entry pg_catalog.float8, weight pg_catalog.float8 | how many had their event, and how many had not yet, from rows that stand for several each

--for survival_arguments
CREATE FUNCTION affinity.survival_accum(affinity.survival, pg_catalog.float8, pg_catalog.bool{TYPES})
RETURNS affinity.survival
LANGUAGE C IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'affinity_survival_accum';

COMMENT ON FUNCTION affinity.survival_accum(affinity.survival, pg_catalog.float8, pg_catalog.bool{TYPES}) IS
	'transition function of survival_agg';

CREATE AGGREGATE affinity.survival_agg(duration pg_catalog.float8, event pg_catalog.bool{NAMED}) (
	SFUNC = affinity.survival_accum,
	STYPE = affinity.survival,
	SSPACE = 200,
	FINALFUNC = affinity.survival_final,
	COMBINEFUNC = affinity.survival_combine,
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE affinity.survival_agg(pg_catalog.float8, pg_catalog.bool{TYPES}) IS
	'{ANSWER}';

--end
CREATE FUNCTION affinity.survival_curve(
	state affinity.survival,
	confidence pg_catalog.float8 DEFAULT 0.95,
	bounds pg_catalog.text DEFAULT 'log')
RETURNS TABLE (
	"time" pg_catalog.float8,
	at_risk pg_catalog.int8,
	events pg_catalog.int8,
	censored pg_catalog.int8,
	survival pg_catalog.float8,
	std_error pg_catalog.float8,
	low pg_catalog.float8,
	high pg_catalog.float8,
	cumulative_hazard pg_catalog.float8,
	hazard_std_error pg_catalog.float8)
LANGUAGE C IMMUTABLE PARALLEL SAFE COST 1000 ROWS 100
AS 'MODULE_PATHNAME', 'affinity_survival_curve';

COMMENT ON FUNCTION affinity.survival_curve(affinity.survival, pg_catalog.float8, pg_catalog.text) IS
	'which share is left after each time (Kaplan-Meier), with its interval, and the cumulative hazard (Nelson-Aalen)';

CREATE FUNCTION affinity.survival_at(
	state affinity.survival,
	times pg_catalog.float8[],
	confidence pg_catalog.float8 DEFAULT 0.95,
	bounds pg_catalog.text DEFAULT 'log')
RETURNS TABLE (
	"time" pg_catalog.float8,
	at_risk pg_catalog.int8,
	survival pg_catalog.float8,
	std_error pg_catalog.float8,
	low pg_catalog.float8,
	high pg_catalog.float8)
LANGUAGE C IMMUTABLE PARALLEL SAFE COST 1000 ROWS 10
AS 'MODULE_PATHNAME', 'affinity_survival_at';

COMMENT ON FUNCTION affinity.survival_at(affinity.survival, pg_catalog.float8[], pg_catalog.float8, pg_catalog.text) IS
	'which share is left after given times, with its interval; NULL beyond the last time observed';

CREATE FUNCTION affinity.survival_quantile(
	state affinity.survival,
	p pg_catalog.float8,
	confidence pg_catalog.float8 DEFAULT 0.95,
	bounds pg_catalog.text DEFAULT 'log',
	OUT "time" pg_catalog.float8,
	OUT low pg_catalog.float8,
	OUT high pg_catalog.float8)
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000
AS 'MODULE_PATHNAME', 'affinity_survival_quantile';

COMMENT ON FUNCTION affinity.survival_quantile(affinity.survival, pg_catalog.float8, pg_catalog.float8, pg_catalog.text) IS
	'after which time a share p had their event, with its interval; NULL where so many never had';

CREATE FUNCTION affinity.restricted_mean(
	state affinity.survival,
	until pg_catalog.float8 DEFAULT NULL,
	OUT mean pg_catalog.float8,
	OUT std_error pg_catalog.float8,
	OUT up_to pg_catalog.float8)
LANGUAGE C IMMUTABLE PARALLEL SAFE COST 1000
AS 'MODULE_PATHNAME', 'affinity_survival_restricted_mean';

COMMENT ON FUNCTION affinity.restricted_mean(affinity.survival, pg_catalog.float8) IS
	'the mean time to the event, where time after until does not count; until is the last time observed by default';

CREATE TYPE affinity.log_rank AS (
	chi_square pg_catalog.float8,
	df pg_catalog.int8,
	p_value pg_catalog.float8,
	groups pg_catalog.text[],
	n pg_catalog.int8[],
	observed pg_catalog.int8[],
	expected pg_catalog.float8[]
);

COMMENT ON TYPE affinity.log_rank IS
	'do groups differ: statistic, degrees of freedom, p-value, and by group rows, events, and events expected if not';

CREATE FUNCTION affinity.log_rank_combine(pg_catalog.bytea, pg_catalog.bytea)
RETURNS pg_catalog.bytea
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100
AS 'MODULE_PATHNAME', 'affinity_survival_rank_combine';

COMMENT ON FUNCTION affinity.log_rank_combine(pg_catalog.bytea, pg_catalog.bytea) IS
	'combine function of log_rank';

CREATE FUNCTION affinity.log_rank_final(pg_catalog.bytea)
RETURNS affinity.log_rank
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000
AS 'MODULE_PATHNAME', 'affinity_survival_rank_final';

COMMENT ON FUNCTION affinity.log_rank_final(pg_catalog.bytea) IS
	'final function of log_rank';

--table rank_arguments: TYPES | NAMED | ANSWER
-- | | do groups differ in how long it takes until an event: the log-rank test
-- , {GROUP} | , stratum {GROUP} | do groups differ in how long it takes until an event, within strata: the log-rank test
-- , {GROUP}, pg_catalog.text | , stratum {GROUP}, weights pg_catalog.text | do groups differ in how long it takes until an event, within strata, times weighted in a known way
-- , {GROUP}, pg_catalog.text, pg_catalog.float8 | , stratum {GROUP}, weights pg_catalog.text, entry pg_catalog.float8 | do groups differ in how long it takes until an event, where some were first seen later

-- Groups and strata are of any type. As texts they are of an exact one, which a
-- distributed engine asks for.

--table rank_group: GROUP
-- pg_catalog."any"
-- pg_catalog.text

--for rank_arguments rank_group
CREATE FUNCTION affinity.log_rank_accum(pg_catalog.bytea, {GROUP}, pg_catalog.float8, pg_catalog.bool{TYPES})
RETURNS pg_catalog.bytea
LANGUAGE C STABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'affinity_survival_rank_accum';

COMMENT ON FUNCTION affinity.log_rank_accum(pg_catalog.bytea, {GROUP}, pg_catalog.float8, pg_catalog.bool{TYPES}) IS
	'transition function of log_rank';

CREATE AGGREGATE affinity.log_rank("group" {GROUP}, duration pg_catalog.float8, event pg_catalog.bool{NAMED}) (
	SFUNC = affinity.log_rank_accum,
	STYPE = pg_catalog.bytea,
	SSPACE = 1000,
	FINALFUNC = affinity.log_rank_final,
	COMBINEFUNC = affinity.log_rank_combine,
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE affinity.log_rank({GROUP}, pg_catalog.float8, pg_catalog.bool{TYPES}) IS
	'{ANSWER}';

--end
