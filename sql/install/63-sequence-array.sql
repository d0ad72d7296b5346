-- Sequences whose conditions are one array, for distributed engines, as
-- 55-funnel-array.sql has for funnels. Tables that are not here: 60-sequence.sql

--for one_time
CREATE FUNCTION affinity.sequence_accum(
	affinity.sequence,
	affinity.word,
	pg_catalog.{AT},
	pg_catalog.bool[])
RETURNS affinity.sequence
LANGUAGE C IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'affinity_sequence_accum';

COMMENT ON FUNCTION affinity.sequence_accum(
	affinity.sequence,
	affinity.word,
	pg_catalog.{AT},
	pg_catalog.bool[]) IS
	'transition function of sequence_match, sequence_count and sequence_match_events';

--end
--for pattern_answer one_time
CREATE AGGREGATE affinity.{NAME}(
	pattern affinity.word,
	at pg_catalog.{AT},
	conditions pg_catalog.bool[]) (
	SFUNC = affinity.sequence_accum,
	STYPE = affinity.sequence,
	SSPACE = 256,
	FINALFUNC = affinity.{FINAL},
	COMBINEFUNC = affinity.sequence_combine,
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE affinity.{NAME}(
	affinity.word,
	pg_catalog.{AT},
	pg_catalog.bool[]) IS
	'{ANSWER}; at: {TIMES}';

--end
--for one_time
CREATE FUNCTION affinity.sequence_next_accum(
	pg_catalog.bytea,
	affinity.word,
	affinity.word,
	pg_catalog.{AT},
	pg_catalog.text,
	pg_catalog.bool,
	pg_catalog.bool[])
RETURNS pg_catalog.bytea
LANGUAGE C IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'affinity_sequence_next_accum';

COMMENT ON FUNCTION affinity.sequence_next_accum(
	pg_catalog.bytea,
	affinity.word,
	affinity.word,
	pg_catalog.{AT},
	pg_catalog.text,
	pg_catalog.bool,
	pg_catalog.bool[]) IS
	'transition function of sequence_next_node';

CREATE AGGREGATE affinity.sequence_next_node(
	direction affinity.word,
	base affinity.word,
	at pg_catalog.{AT},
	value pg_catalog.text,
	base_condition pg_catalog.bool,
	events pg_catalog.bool[]) (
	SFUNC = affinity.sequence_next_accum,
	STYPE = pg_catalog.bytea,
	SSPACE = 256,
	FINALFUNC = affinity.sequence_next_final,
	COMBINEFUNC = affinity.sequence_next_combine,
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE affinity.sequence_next_node(
	affinity.word,
	affinity.word,
	pg_catalog.{AT},
	pg_catalog.text,
	pg_catalog.bool,
	pg_catalog.bool[]) IS
	'the value next to a chain of events of one user, as sequenceNextNode in ClickHouse; at: {TIMES}';

--end
