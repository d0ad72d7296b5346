-- affinity: models. C code: src/model, src/train.

CREATE TYPE affinity.model_record AS (
	version bigint,
	algorithm text,
	options jsonb,
	has_time boolean,
	users bigint,
	items bigint,
	interactions bigint,
	source_rows bigint,
	skipped_rows bigint,
	dropped_pairs bigint,
	trained_at timestamp with time zone,
	duration interval,
	training jsonb,
	parameters real[]
);
COMMENT ON TYPE affinity.model_record IS
	'the one row of a model''s table "model"; a table of this type, named "model", makes its schema a model';

CREATE FUNCTION affinity.create_model(
	name text,
	query text,
	algorithm text DEFAULT 'item_knn',
	options jsonb DEFAULT '{}')
RETURNS void
LANGUAGE c VOLATILE PARALLEL UNSAFE CALLED ON NULL INPUT COST 1000000
AS 'MODULE_PATHNAME', 'affinity_model_create';
COMMENT ON FUNCTION affinity.create_model(text, text, text, jsonb) IS
	'creates schema "name" and trains a model in it from the rows of query: one SELECT that gives user, item and, if wanted, weight (default 1) and time. Ids are smallint, integer, bigint, uuid or text. Rows of a pair are summed; a pair whose sum is not above 0 is dropped, a row with a NULL user, item or weight skipped, both counted in affinity.models. For als the weight is a rating: of a pair''s rows the mean counts, whatever its sign. algorithm: als, ease, ials, item_knn or popular; options: see affinity.algorithm_options(). Errors: 42P06 the schema exists, 42601 not one SELECT, 42804 wrong columns, 22023 wrong option or algorithm, 22000 a weight that is NaN or infinite, P0002 no usable row, 53400 more memory needed than maintenance_work_mem, 25006 read-only transaction or standby, 42501 no right on the source or to create a schema';

CREATE FUNCTION affinity.refresh_model(name text)
RETURNS void
LANGUAGE c VOLATILE PARALLEL UNSAFE CALLED ON NULL INPUT COST 1000000
AS 'MODULE_PATHNAME', 'affinity_model_refresh';
COMMENT ON FUNCTION affinity.refresh_model(text) IS
	'trains a model anew from its source as it is now, as the model''s owner and with search_path = pg_catalog, pg_temp. Readers go on with the old version until commit; two refreshes of a model wait for each other. Errors: 42704 no such model, 42501 not its owner, P0002 no usable row (the old version stays), and those of create_model';

CREATE FUNCTION affinity.drop_model(name text, "cascade" boolean DEFAULT false)
RETURNS void
LANGUAGE c VOLATILE PARALLEL UNSAFE CALLED ON NULL INPUT COST 1000
AS 'MODULE_PATHNAME', 'affinity_model_drop';
COMMENT ON FUNCTION affinity.drop_model(text, boolean) IS
	'drops a model with its schema. Where something else depends on it, such as a materialized view over recommend_all, that is an error (2BP01) unless cascade is true. Errors: 42704 no such model, 42501 not its owner';

CREATE FUNCTION affinity.algorithm_options(
	OUT algorithm text,
	OUT option text,
	OUT type text,
	OUT "default" jsonb,
	OUT "range" text,
	OUT description text)
RETURNS SETOF record
LANGUAGE c IMMUTABLE PARALLEL SAFE STRICT ROWS 20
AS 'MODULE_PATHNAME', 'affinity_train_algorithm_options';
COMMENT ON FUNCTION affinity.algorithm_options() IS
	'every option that create_model takes, by algorithm: its type, default, range and meaning';

CREATE FUNCTION affinity.list_models(
	OUT name name,
	OUT owner oid,
	OUT version bigint,
	OUT algorithm text,
	OUT options jsonb,
	OUT has_time boolean,
	OUT users bigint,
	OUT items bigint,
	OUT interactions bigint,
	OUT source_rows bigint,
	OUT skipped_rows bigint,
	OUT dropped_pairs bigint,
	OUT trained_at timestamp with time zone,
	OUT duration interval,
	OUT training jsonb,
	OUT items_table oid)
RETURNS SETOF record
LANGUAGE c STABLE PARALLEL RESTRICTED STRICT ROWS 10
AS 'MODULE_PATHNAME', 'affinity_model_list';
COMMENT ON FUNCTION affinity.list_models() IS
	'the rows behind the view affinity.models';

CREATE VIEW affinity.models AS
SELECT
	m.name,
	pg_catalog.pg_get_userbyid(m.owner) AS owner,
	m.algorithm,
	m.options,
	m.users,
	m.items,
	m.interactions,
	m.source_rows,
	m.skipped_rows,
	m.dropped_pairs,
	m.trained_at,
	m.duration,
	m.training,
	m.version,
	pg_catalog.pg_total_relation_size(m.items_table) AS size
FROM affinity.list_models() AS m
ORDER BY m.name;
COMMENT ON VIEW affinity.models IS
	'the models that you may use (USAGE on the schema), one row each';
COMMENT ON COLUMN affinity.models.source_rows IS
	'rows that the source gave';
COMMENT ON COLUMN affinity.models.interactions IS
	'pairs of user and item whose weights sum to more than 0; for als, pairs with a rating';
COMMENT ON COLUMN affinity.models.skipped_rows IS
	'rows left out: a NULL user, item or weight, or, with half_life, a NULL time';
COMMENT ON COLUMN affinity.models.dropped_pairs IS
	'pairs of user and item whose weights do not sum to more than 0; none for als';
COMMENT ON COLUMN affinity.models.duration IS
	'time spent on reading, training and writing';
COMMENT ON COLUMN affinity.models.training IS
	'what training reports of itself, such as the loss after each step of ials, or the RMSE of als';
COMMENT ON COLUMN affinity.models.version IS
	'number of the version in force, never used twice';
COMMENT ON COLUMN affinity.models.size IS
	'bytes on disk of what was learned, indexes included';
GRANT SELECT ON affinity.models TO PUBLIC;
