-- Which touches led to conversions. C: src/attribution

CREATE TYPE affinity.attribution;

CREATE FUNCTION affinity.attribution_in(pg_catalog.cstring)
RETURNS affinity.attribution
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'affinity_attribution_in';

COMMENT ON FUNCTION affinity.attribution_in(pg_catalog.cstring) IS
	'input of type attribution: base64; 22P03 unless every part of the state is sound';

CREATE FUNCTION affinity.attribution_out(affinity.attribution)
RETURNS pg_catalog.cstring
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'affinity_attribution_out';

COMMENT ON FUNCTION affinity.attribution_out(affinity.attribution) IS
	'output of type attribution: base64';

CREATE FUNCTION affinity.attribution_recv(pg_catalog.internal)
RETURNS affinity.attribution
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'affinity_attribution_recv';

COMMENT ON FUNCTION affinity.attribution_recv(pg_catalog.internal) IS
	'binary input of type attribution, checked as its text is';

CREATE FUNCTION affinity.attribution_send(affinity.attribution)
RETURNS pg_catalog.bytea
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'affinity_attribution_send';

COMMENT ON FUNCTION affinity.attribution_send(affinity.attribution) IS
	'binary output of type attribution';

CREATE TYPE affinity.attribution (
	INPUT = affinity.attribution_in,
	OUTPUT = affinity.attribution_out,
	RECEIVE = affinity.attribution_recv,
	SEND = affinity.attribution_send,
	INTERNALLENGTH = VARIABLE,
	ALIGNMENT = double,
	STORAGE = extended
);

COMMENT ON TYPE affinity.attribution IS
	'who was touched by which channel and converted when: made by attribution_agg, read by attribution and paths';

CREATE FUNCTION affinity.attribution_combine(affinity.attribution, affinity.attribution)
RETURNS affinity.attribution
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100
AS 'MODULE_PATHNAME', 'affinity_attribution_combine';

COMMENT ON FUNCTION affinity.attribution_combine(affinity.attribution, affinity.attribution) IS
	'combine function of attribution_agg';

CREATE FUNCTION affinity.attribution_final(affinity.attribution)
RETURNS affinity.attribution
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100
AS 'MODULE_PATHNAME', 'affinity_attribution_final';

COMMENT ON FUNCTION affinity.attribution_final(affinity.attribution) IS
	'final function of attribution_agg';

CREATE AGGREGATE affinity.rollup(attribution affinity.attribution) (
	SFUNC = affinity.attribution_combine,
	STYPE = affinity.attribution,
	SSPACE = 65536,
	FINALFUNC = affinity.attribution_final,
	COMBINEFUNC = affinity.attribution_combine,
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE affinity.rollup(affinity.attribution) IS
	'merges attribution states exactly, also where rows of one user are in several of them';

CREATE FUNCTION affinity.rollup(attribution affinity.attribution, other affinity.attribution)
RETURNS affinity.attribution
LANGUAGE C IMMUTABLE PARALLEL SAFE COST 100
AS 'MODULE_PATHNAME', 'affinity_attribution_rollup';

COMMENT ON FUNCTION affinity.rollup(affinity.attribution, affinity.attribution) IS
	'merges two attribution states exactly; NULL is a state without rows';

CREATE FUNCTION affinity.without(attribution affinity.attribution, ids pg_catalog.anyarray)
RETURNS affinity.attribution
LANGUAGE C STABLE STRICT PARALLEL SAFE COST 1000
AS 'MODULE_PATHNAME', 'affinity_attribution_without';

COMMENT ON FUNCTION affinity.without(affinity.attribution, pg_catalog.anyarray) IS
	'the state without the users of these ids, as if their rows had not been aggregated; NULL where nobody is left';

-- Tables that are not here: 40-activity.sql

--table attribution_time: AT | TIMES
-- timestamptz | a timestamptz
-- timestamp | a timestamp
-- date | a date

--table attribution_arguments: TYPES | NAMED | ANSWER
-- | | who was touched by which channel when, and who converted; at: {TIMES}
-- , pg_catalog.float8 | , value pg_catalog.float8 | who was touched by which channel when, who converted, and for how much; at: {TIMES}
-- , pg_catalog.interval | , lookback pg_catalog.interval | who was touched by which channel when, and who converted; at: {TIMES}; with a lookback
-- , pg_catalog.float8, pg_catalog.interval | , value pg_catalog.float8, lookback pg_catalog.interval | who was touched by which channel when, and who converted for what; at: {TIMES}; with a lookback

--for attribution_arguments attribution_time state_user
CREATE FUNCTION affinity.attribution_accum(
	affinity.attribution,
	pg_catalog.{USER},
	pg_catalog.{AT},
	pg_catalog.text,
	pg_catalog.bool{TYPES})
RETURNS affinity.attribution
LANGUAGE C IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'affinity_attribution_accum';

COMMENT ON FUNCTION affinity.attribution_accum(
	affinity.attribution,
	pg_catalog.{USER},
	pg_catalog.{AT},
	pg_catalog.text,
	pg_catalog.bool{TYPES}) IS
	'transition function of attribution_agg';

CREATE AGGREGATE affinity.attribution_agg(
	user_id pg_catalog.{USER},
	at pg_catalog.{AT},
	channel pg_catalog.text,
	converted pg_catalog.bool{NAMED}) (
	SFUNC = affinity.attribution_accum,
	STYPE = affinity.attribution,
	SSPACE = 65536,
	FINALFUNC = affinity.attribution_final,
	COMBINEFUNC = affinity.attribution_combine,
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE affinity.attribution_agg(
	pg_catalog.{USER},
	pg_catalog.{AT},
	pg_catalog.text,
	pg_catalog.bool{TYPES}) IS
	'{ANSWER}';

--end
--table attribution_report: NAME | ASKED | TYPE | COLUMN | SYMBOL | ROWS | ANSWER
-- attribution | model pg_catalog.text | pg_catalog.text | | affinity_attribution_report | 10 | what part of the conversions and of their value each channel has, by a model
-- attribution_models | models pg_catalog.text[] DEFAULT NULL | pg_catalog.text[] | model pg_catalog.text, | affinity_attribution_models_report | 80 | what part of the conversions each channel has, by several models; NULL is all of them

--for attribution_report
CREATE FUNCTION affinity.{NAME}(
	state affinity.attribution,
	{ASKED},
	lookback pg_catalog.interval DEFAULT NULL,
	direct pg_catalog.text DEFAULT 'direct',
	weights pg_catalog.float8[] DEFAULT '{0.4,0.2,0.4}',
	half_life pg_catalog.interval DEFAULT '7 days',
	markov_order pg_catalog.int8 DEFAULT 1,
	game pg_catalog.text DEFAULT 'conversions',
	samples pg_catalog.int8 DEFAULT NULL,
	seed pg_catalog.int8 DEFAULT 1,
	reuse pg_catalog.bool DEFAULT false)
RETURNS TABLE (
	{COLUMN}
	channel pg_catalog.text,
	conversions pg_catalog.float8,
	value pg_catalog.float8,
	share pg_catalog.float8,
	std_error pg_catalog.float8)
LANGUAGE C IMMUTABLE PARALLEL SAFE COST 10000 ROWS {ROWS}
AS 'MODULE_PATHNAME', '{SYMBOL}';

COMMENT ON FUNCTION affinity.{NAME}(
	affinity.attribution,
	{TYPE},
	pg_catalog.interval,
	pg_catalog.text,
	pg_catalog.float8[],
	pg_catalog.interval,
	pg_catalog.int8,
	pg_catalog.text,
	pg_catalog.int8,
	pg_catalog.int8,
	pg_catalog.bool) IS
	'{ANSWER}';

--end
CREATE FUNCTION affinity.paths(
	state affinity.attribution,
	lookback pg_catalog.interval DEFAULT NULL,
	reuse pg_catalog.bool DEFAULT false,
	"collapse" pg_catalog.bool DEFAULT false)
RETURNS TABLE (
	path pg_catalog.text[],
	users pg_catalog.int8,
	conversions pg_catalog.int8,
	nulls pg_catalog.int8,
	value pg_catalog.float8,
	median_time pg_catalog.interval)
LANGUAGE C IMMUTABLE PARALLEL SAFE COST 10000 ROWS 1000
AS 'MODULE_PATHNAME', 'affinity_attribution_paths';

COMMENT ON FUNCTION affinity.paths(affinity.attribution, pg_catalog.interval, pg_catalog.bool, pg_catalog.bool) IS
	'which ways users took through channels, how many led to conversions, for how much, and in what time';

CREATE FUNCTION affinity.transitions(
	state affinity.attribution,
	markov_order pg_catalog.int8 DEFAULT 1,
	lookback pg_catalog.interval DEFAULT NULL,
	reuse pg_catalog.bool DEFAULT false)
RETURNS TABLE (
	source pg_catalog.text,
	target pg_catalog.text,
	journeys pg_catalog.int8,
	probability pg_catalog.float8)
LANGUAGE C IMMUTABLE PARALLEL SAFE COST 10000 ROWS 100
AS 'MODULE_PATHNAME', 'affinity_attribution_transitions';

COMMENT ON FUNCTION affinity.transitions(affinity.attribution, pg_catalog.int8, pg_catalog.interval, pg_catalog.bool) IS
	'which touch comes after which, how often and with which probability: the Markov chain of the journeys';

CREATE FUNCTION affinity.removal_effects(
	state affinity.attribution,
	markov_order pg_catalog.int8 DEFAULT 1,
	lookback pg_catalog.interval DEFAULT NULL,
	reuse pg_catalog.bool DEFAULT false)
RETURNS TABLE (
	channel pg_catalog.text,
	effect pg_catalog.float8,
	value_effect pg_catalog.float8)
LANGUAGE C IMMUTABLE PARALLEL SAFE COST 10000 ROWS 10
AS 'MODULE_PATHNAME', 'affinity_attribution_removal_effects';

COMMENT ON FUNCTION affinity.removal_effects(affinity.attribution, pg_catalog.int8, pg_catalog.interval, pg_catalog.bool) IS
	'which share of the conversions, and of their value, a Markov chain would lose without each channel';
