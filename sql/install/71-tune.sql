-- Searching for a model's options. C: src/tuner, src/tune

CREATE PROCEDURE affinity.tune(
	name pg_catalog.text,
	algorithms pg_catalog.text[] DEFAULT NULL,
	space pg_catalog.jsonb DEFAULT NULL,
	trials pg_catalog.int8 DEFAULT 30,
	budget pg_catalog.interval DEFAULT '5 minutes',
	metric pg_catalog.text DEFAULT 'ndcg',
	k pg_catalog.int8 DEFAULT 20,
	split pg_catalog.text DEFAULT 'auto',
	holdout pg_catalog.float8 DEFAULT 0.1,
	as_of affinity.moment DEFAULT NULL,
	seed pg_catalog.int8 DEFAULT 0,
	apply pg_catalog.bool DEFAULT true)
LANGUAGE C
AS 'MODULE_PATHNAME', 'affinity_tuner_tune';

COMMENT ON PROCEDURE affinity.tune(
	pg_catalog.text,
	pg_catalog.text[],
	pg_catalog.jsonb,
	pg_catalog.int8,
	pg_catalog.interval,
	pg_catalog.text,
	pg_catalog.int8,
	pg_catalog.text,
	pg_catalog.float8,
	affinity.moment,
	pg_catalog.int8,
	pg_catalog.bool) IS
	'searches at random for the options that predict best what is held out; the best becomes the model''s; see its trials';
