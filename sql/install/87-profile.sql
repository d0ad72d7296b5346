-- What a segment is like, against everybody else. C: src/profile

CREATE TYPE affinity.contrast;

CREATE FUNCTION affinity.contrast_in(pg_catalog.cstring)
RETURNS affinity.contrast
LANGUAGE C STABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'affinity_profile_in';

COMMENT ON FUNCTION affinity.contrast_in(pg_catalog.cstring) IS
	'input of type contrast: base64; 22P03 unless every part of the state is sound';

CREATE FUNCTION affinity.contrast_out(affinity.contrast)
RETURNS pg_catalog.cstring
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'affinity_profile_out';

COMMENT ON FUNCTION affinity.contrast_out(affinity.contrast) IS
	'output of type contrast: base64';

CREATE FUNCTION affinity.contrast_recv(pg_catalog.internal)
RETURNS affinity.contrast
LANGUAGE C STABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'affinity_profile_recv';

COMMENT ON FUNCTION affinity.contrast_recv(pg_catalog.internal) IS
	'binary input of type contrast, checked as its text is';

CREATE FUNCTION affinity.contrast_send(affinity.contrast)
RETURNS pg_catalog.bytea
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'affinity_profile_send';

COMMENT ON FUNCTION affinity.contrast_send(affinity.contrast) IS
	'binary output of type contrast';

CREATE TYPE affinity.contrast (
	INPUT = affinity.contrast_in,
	OUTPUT = affinity.contrast_out,
	RECEIVE = affinity.contrast_recv,
	SEND = affinity.contrast_send,
	INTERNALLENGTH = VARIABLE,
	ALIGNMENT = double,
	STORAGE = extended
);

COMMENT ON TYPE affinity.contrast IS
	'how often each value is inside of a segment and outside: made by contrast_agg, read by contrast';

CREATE FUNCTION affinity.contrast_combine(affinity.contrast, affinity.contrast)
RETURNS affinity.contrast
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100
AS 'MODULE_PATHNAME', 'affinity_profile_combine';

COMMENT ON FUNCTION affinity.contrast_combine(affinity.contrast, affinity.contrast) IS
	'combine function of contrast_agg';

CREATE FUNCTION affinity.contrast_final(affinity.contrast)
RETURNS affinity.contrast
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100
AS 'MODULE_PATHNAME', 'affinity_profile_final';

COMMENT ON FUNCTION affinity.contrast_final(affinity.contrast) IS
	'final function of contrast_agg';

CREATE AGGREGATE affinity.rollup(contrast affinity.contrast) (
	SFUNC = affinity.contrast_combine,
	STYPE = affinity.contrast,
	SSPACE = 500,
	FINALFUNC = affinity.contrast_final,
	COMBINEFUNC = affinity.contrast_combine,
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE affinity.rollup(affinity.contrast) IS
	'merges contrast states exactly: the same state as one aggregate over all their rows';

CREATE FUNCTION affinity.rollup(contrast affinity.contrast, other affinity.contrast)
RETURNS affinity.contrast
LANGUAGE C IMMUTABLE PARALLEL SAFE COST 100
AS 'MODULE_PATHNAME', 'affinity_profile_rollup';

COMMENT ON FUNCTION affinity.rollup(affinity.contrast, affinity.contrast) IS
	'merges two contrast states exactly; NULL is a state without rows';

CREATE FUNCTION affinity.contrast_accum(affinity.contrast, pg_catalog.bool, pg_catalog.text)
RETURNS affinity.contrast
LANGUAGE C IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'affinity_profile_accum';

COMMENT ON FUNCTION affinity.contrast_accum(affinity.contrast, pg_catalog.bool, pg_catalog.text) IS
	'transition function of contrast_agg';

CREATE AGGREGATE affinity.contrast_agg(in_segment pg_catalog.bool, attribute pg_catalog.text) (
	SFUNC = affinity.contrast_accum,
	STYPE = affinity.contrast,
	SSPACE = 500,
	FINALFUNC = affinity.contrast_final,
	COMBINEFUNC = affinity.contrast_combine,
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE affinity.contrast_agg(pg_catalog.bool, pg_catalog.text) IS
	'how often each value of an attribute, or each item, is inside of a segment and outside';

CREATE FUNCTION affinity.contrast(
	state affinity.contrast,
	prior pg_catalog.float8 DEFAULT NULL)
RETURNS TABLE (
	value pg_catalog.text,
	inside pg_catalog.int8,
	outside pg_catalog.int8,
	share_inside pg_catalog.float8,
	share_outside pg_catalog.float8,
	lift pg_catalog.float8,
	log_odds pg_catalog.float8,
	z pg_catalog.float8,
	p_value pg_catalog.float8,
	p_adjusted pg_catalog.float8)
LANGUAGE C IMMUTABLE PARALLEL SAFE COST 1000 ROWS 100
AS 'MODULE_PATHNAME', 'affinity_profile_contrast';

COMMENT ON FUNCTION affinity.contrast(affinity.contrast, pg_catalog.float8) IS
	'which values are more frequent inside of a segment than outside, the clearest first: shares, lift, log-odds with z and p';

CREATE TYPE affinity.contrast_numeric AS (
	n_inside pg_catalog.int8,
	n_outside pg_catalog.int8,
	mean_inside pg_catalog.float8,
	mean_outside pg_catalog.float8,
	sd_inside pg_catalog.float8,
	sd_outside pg_catalog.float8,
	standardized_difference pg_catalog.float8,
	low pg_catalog.float8,
	high pg_catalog.float8,
	t pg_catalog.float8,
	df pg_catalog.float8,
	p_value pg_catalog.float8
);

COMMENT ON TYPE affinity.contrast_numeric IS
	'a number inside of a segment and outside: means, spreads, standardized difference with interval, Welch''s test';

CREATE FUNCTION affinity.contrast_numeric_accum(pg_catalog.bytea, pg_catalog.bool, pg_catalog.float8)
RETURNS pg_catalog.bytea
LANGUAGE C IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'affinity_profile_numeric_accum';

COMMENT ON FUNCTION affinity.contrast_numeric_accum(pg_catalog.bytea, pg_catalog.bool, pg_catalog.float8) IS
	'transition function of contrast_numeric';

CREATE FUNCTION affinity.contrast_numeric_combine(pg_catalog.bytea, pg_catalog.bytea)
RETURNS pg_catalog.bytea
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'affinity_profile_numeric_combine';

COMMENT ON FUNCTION affinity.contrast_numeric_combine(pg_catalog.bytea, pg_catalog.bytea) IS
	'combine function of contrast_numeric';

CREATE FUNCTION affinity.contrast_numeric_final(pg_catalog.bytea)
RETURNS affinity.contrast_numeric
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'affinity_profile_numeric_final';

COMMENT ON FUNCTION affinity.contrast_numeric_final(pg_catalog.bytea) IS
	'final function of contrast_numeric';

CREATE AGGREGATE affinity.contrast_numeric(in_segment pg_catalog.bool, value pg_catalog.float8) (
	SFUNC = affinity.contrast_numeric_accum,
	STYPE = pg_catalog.bytea,
	SSPACE = 250,
	FINALFUNC = affinity.contrast_numeric_final,
	COMBINEFUNC = affinity.contrast_numeric_combine,
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE affinity.contrast_numeric(pg_catalog.bool, pg_catalog.float8) IS
	'how much larger or smaller a number is inside of a segment than outside, in standard deviations, with a test';
