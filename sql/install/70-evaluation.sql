-- How good lists are. C: src/eval

CREATE TYPE affinity.evaluation AS (
	segment pg_catalog.text,
	targets pg_catalog.text,
	metric pg_catalog.text,
	k pg_catalog.int8,
	value pg_catalog.float8,
	low pg_catalog.float8,
	high pg_catalog.float8,
	users pg_catalog.int8,
	without_history pg_catalog.int8
);

COMMENT ON TYPE affinity.evaluation IS
	'a row of affinity.evaluate: a metric of lists of k items, with the interval in which it lies';

CREATE FUNCTION affinity.evaluate(
	model pg_catalog.text DEFAULT NULL,
	test pg_catalog.text DEFAULT NULL,
	query pg_catalog.text DEFAULT NULL,
	algorithm pg_catalog.text DEFAULT NULL,
	options pg_catalog.jsonb DEFAULT NULL,
	by pg_catalog.text DEFAULT NULL,
	split pg_catalog.text DEFAULT 'auto',
	holdout pg_catalog.float8 DEFAULT 0.1,
	as_of affinity.moment DEFAULT NULL,
	k pg_catalog.int8[] DEFAULT '{10,20}',
	users pg_catalog.int8 DEFAULT NULL,
	metrics pg_catalog.text[] DEFAULT NULL,
	seed pg_catalog.int8 DEFAULT 0,
	confidence pg_catalog.float8 DEFAULT 0.95,
	exclude_seen pg_catalog.bool DEFAULT true)
RETURNS SETOF affinity.evaluation
LANGUAGE C VOLATILE PARALLEL UNSAFE COST 1000000 ROWS 20
AS 'MODULE_PATHNAME', 'affinity_eval_evaluate';

COMMENT ON FUNCTION affinity.evaluate(
	pg_catalog.text,
	pg_catalog.text,
	pg_catalog.text,
	pg_catalog.text,
	pg_catalog.jsonb,
	pg_catalog.text,
	pg_catalog.text,
	pg_catalog.float8,
	affinity.moment,
	pg_catalog.int8[],
	pg_catalog.int8,
	pg_catalog.text[],
	pg_catalog.int8,
	pg_catalog.float8,
	pg_catalog.bool) IS
	'how well a model, or a definition trained in memory, predicts rows that are held out: metrics with intervals';

CREATE TYPE affinity.comparison AS (
	candidate pg_catalog.text,
	targets pg_catalog.text,
	metric pg_catalog.text,
	k pg_catalog.int8,
	value pg_catalog.float8,
	low pg_catalog.float8,
	high pg_catalog.float8,
	difference pg_catalog.float8,
	difference_low pg_catalog.float8,
	difference_high pg_catalog.float8,
	users pg_catalog.int8
);

COMMENT ON TYPE affinity.comparison IS
	'a row of affinity.compare: a metric of a candidate, and how much better it is than the first, with intervals';

CREATE FUNCTION affinity.compare(
	candidates pg_catalog.jsonb,
	test pg_catalog.text DEFAULT NULL,
	query pg_catalog.text DEFAULT NULL,
	split pg_catalog.text DEFAULT 'auto',
	holdout pg_catalog.float8 DEFAULT 0.1,
	as_of affinity.moment DEFAULT NULL,
	k pg_catalog.int8[] DEFAULT '{20}',
	users pg_catalog.int8 DEFAULT NULL,
	metrics pg_catalog.text[] DEFAULT '{recall,ndcg}',
	seed pg_catalog.int8 DEFAULT 0,
	confidence pg_catalog.float8 DEFAULT 0.95,
	exclude_seen pg_catalog.bool DEFAULT true)
RETURNS SETOF affinity.comparison
LANGUAGE C VOLATILE PARALLEL UNSAFE COST 1000000 ROWS 20
AS 'MODULE_PATHNAME', 'affinity_eval_compare';

COMMENT ON FUNCTION affinity.compare(
	pg_catalog.jsonb,
	pg_catalog.text,
	pg_catalog.text,
	pg_catalog.text,
	pg_catalog.float8,
	affinity.moment,
	pg_catalog.int8[],
	pg_catalog.int8,
	pg_catalog.text[],
	pg_catalog.int8,
	pg_catalog.float8,
	pg_catalog.bool) IS
	'several models or definitions on one split: metrics, and paired differences to the first with intervals';
