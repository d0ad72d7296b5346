-- Models. C: src/manage, src/model, src/algorithm

CREATE TYPE affinity.model_record AS (
	version pg_catalog.int8,
	algorithm pg_catalog.text,
	options pg_catalog.jsonb,
	has_time pg_catalog.bool,
	users pg_catalog.int8,
	items pg_catalog.int8,
	interactions pg_catalog.int8,
	source_rows pg_catalog.int8,
	skipped_rows pg_catalog.int8,
	dropped_pairs pg_catalog.int8,
	trained_at pg_catalog.timestamptz,
	duration pg_catalog.interval,
	training pg_catalog.jsonb,
	parameters pg_catalog.float4[]
);

COMMENT ON TYPE affinity.model_record IS
	'the row of a model''s table "model"; a table of this type and name makes its schema a model';

CREATE FUNCTION affinity.create_model(
	name pg_catalog.text,
	query pg_catalog.text,
	algorithm pg_catalog.text DEFAULT 'auto',
	options pg_catalog.jsonb DEFAULT '{}',
	if_exists pg_catalog.text DEFAULT 'error',
	train pg_catalog.bool DEFAULT true,
	materialize pg_catalog.bool DEFAULT false,
	item_attributes pg_catalog.text DEFAULT NULL,
	signals pg_catalog.jsonb DEFAULT NULL,
	user_groups pg_catalog.text DEFAULT NULL)
RETURNS pg_catalog.void
LANGUAGE C VOLATILE PARALLEL UNSAFE COST 1000000
AS 'MODULE_PATHNAME', 'affinity_manage_create';

COMMENT ON FUNCTION affinity.create_model(
	pg_catalog.text,
	pg_catalog.text,
	pg_catalog.text,
	pg_catalog.jsonb,
	pg_catalog.text,
	pg_catalog.bool,
	pg_catalog.bool,
	pg_catalog.text,
	pg_catalog.jsonb,
	pg_catalog.text) IS
	'creates schema "name" and trains a model in it from a query''s rows: user, item and optional weight and time';

CREATE FUNCTION affinity.refresh_model(
	name pg_catalog.text,
	retune pg_catalog.bool DEFAULT false,
	incremental pg_catalog.bool DEFAULT false,
	if_running pg_catalog.text DEFAULT 'wait',
	since pg_catalog.timestamptz DEFAULT NULL)
RETURNS pg_catalog.void
LANGUAGE C VOLATILE PARALLEL UNSAFE COST 1000000
AS 'MODULE_PATHNAME', 'affinity_renew_refresh';

COMMENT ON FUNCTION affinity.refresh_model(
	pg_catalog.text,
	pg_catalog.bool,
	pg_catalog.bool,
	pg_catalog.text,
	pg_catalog.timestamptz) IS
	'trains a model again from its source as it is now; incremental: takes over what is new, without a training';

CREATE FUNCTION affinity.alter_model(
	name pg_catalog.text,
	query pg_catalog.text DEFAULT NULL,
	algorithm pg_catalog.text DEFAULT NULL,
	options pg_catalog.jsonb DEFAULT NULL,
	materialize pg_catalog.bool DEFAULT NULL,
	item_attributes pg_catalog.text DEFAULT NULL,
	signals pg_catalog.jsonb DEFAULT NULL,
	user_groups pg_catalog.text DEFAULT NULL)
RETURNS pg_catalog.void
LANGUAGE C VOLATILE PARALLEL UNSAFE COST 1000000
AS 'MODULE_PATHNAME', 'affinity_manage_alter_model';

COMMENT ON FUNCTION affinity.alter_model(
	pg_catalog.text,
	pg_catalog.text,
	pg_catalog.text,
	pg_catalog.jsonb,
	pg_catalog.bool,
	pg_catalog.text,
	pg_catalog.jsonb,
	pg_catalog.text) IS
	'gives a model another query, algorithm or options and trains it; what is not given stays';

CREATE FUNCTION affinity.upgrade_models(
	OUT name pg_catalog.name,
	OUT done pg_catalog.text)
RETURNS SETOF pg_catalog.record
LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE COST 1000000 ROWS 10
AS 'MODULE_PATHNAME', 'affinity_manage_upgrade';

COMMENT ON FUNCTION affinity.upgrade_models() IS
	'brings functions and views of all own models to this version of the extension, without training; what was done';

CREATE FUNCTION affinity.upgrade_model(name pg_catalog.text)
RETURNS pg_catalog.text
LANGUAGE C VOLATILE PARALLEL UNSAFE COST 1000000
AS 'MODULE_PATHNAME', 'affinity_renew_upgrade_model';

COMMENT ON FUNCTION affinity.upgrade_model(pg_catalog.text) IS
	'brings functions and views of a model to this version of the extension, without training; what was done';

CREATE FUNCTION affinity.serve_locally(
	name pg_catalog.text,
	query pg_catalog.text)
RETURNS pg_catalog.void
LANGUAGE C VOLATILE PARALLEL UNSAFE COST 1000
AS 'MODULE_PATHNAME', 'affinity_manage_serve_locally';

COMMENT ON FUNCTION affinity.serve_locally(pg_catalog.text, pg_catalog.text) IS
	'lets a model read histories from another query on this server, such as its own shards; NULL: from its source again';

CREATE FUNCTION affinity.drop_model(
	name pg_catalog.text,
	"cascade" pg_catalog.bool DEFAULT false)
RETURNS pg_catalog.void
LANGUAGE C VOLATILE PARALLEL UNSAFE COST 1000
AS 'MODULE_PATHNAME', 'affinity_manage_drop';

COMMENT ON FUNCTION affinity.drop_model(pg_catalog.text, pg_catalog.bool) IS
	'drops a model with its schema; an error if other objects depend on it, unless cascade is true';

CREATE FUNCTION affinity.algorithm_options(
	OUT algorithm pg_catalog.text,
	OUT option pg_catalog.text,
	OUT type pg_catalog.text,
	OUT "default" pg_catalog.jsonb,
	OUT "range" pg_catalog.text,
	OUT description pg_catalog.text)
RETURNS SETOF pg_catalog.record
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE ROWS 20
AS 'MODULE_PATHNAME', 'affinity_algorithm_options';

COMMENT ON FUNCTION affinity.algorithm_options() IS
	'every option that create_model takes, by algorithm: its type, default, range and meaning';

CREATE FUNCTION affinity.list_models(
	OUT name pg_catalog.name,
	OUT owner pg_catalog.oid,
	OUT version pg_catalog.int8,
	OUT algorithm pg_catalog.text,
	OUT options pg_catalog.jsonb,
	OUT has_time pg_catalog.bool,
	OUT users pg_catalog.int8,
	OUT items pg_catalog.int8,
	OUT interactions pg_catalog.int8,
	OUT source_rows pg_catalog.int8,
	OUT skipped_rows pg_catalog.int8,
	OUT dropped_pairs pg_catalog.int8,
	OUT trained_at pg_catalog.timestamptz,
	OUT duration pg_catalog.interval,
	OUT training pg_catalog.jsonb,
	OUT size pg_catalog.int8,
	OUT status pg_catalog.text,
	OUT hint pg_catalog.text,
	OUT refreshed_at pg_catalog.timestamptz,
	OUT rows_since pg_catalog.int8,
	OUT users_since pg_catalog.int8,
	OUT items_since pg_catalog.int8,
	OUT drift pg_catalog.float8,
	OUT reads pg_catalog.text,
	OUT subscription pg_catalog.name)
RETURNS SETOF pg_catalog.record
LANGUAGE C STABLE STRICT PARALLEL RESTRICTED ROWS 10
AS 'MODULE_PATHNAME', 'affinity_manage_list';

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
	m.refreshed_at,
	m.rows_since,
	m.users_since,
	m.items_since,
	m.drift,
	m.training,
	m.version,
	m.size,
	m.status,
	m.hint,
	m.reads,
	m.subscription,
	(
		SELECT GREATEST(
			pg_catalog.clock_timestamp() OPERATOR(pg_catalog.-) pg_catalog.max(s.last_msg_send_time),
			'0'::pg_catalog.interval)
		FROM pg_catalog.pg_stat_subscription AS s
		WHERE s.subname OPERATOR(pg_catalog.=) m.subscription
		HAVING pg_catalog.max(s.last_msg_send_time) IS NOT NULL
	) AS lag
FROM affinity.list_models() AS m
ORDER BY m.name;

GRANT SELECT ON affinity.models TO PUBLIC;

COMMENT ON VIEW affinity.models IS
	'the models that the current user may use (USAGE on the schema), one row each; none for a model that is locked';

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

COMMENT ON COLUMN affinity.models.refreshed_at IS
	'the last incremental refresh since the training; NULL, as the next ones, where there is none';

COMMENT ON COLUMN affinity.models.rows_since IS
	'rows that incremental refreshes took over since the training';

COMMENT ON COLUMN affinity.models.users_since IS
	'users who are new since the training, as of the last incremental refresh';

COMMENT ON COLUMN affinity.models.items_since IS
	'items that are new since the training, as of the last incremental refresh';

COMMENT ON COLUMN affinity.models.drift IS
	'part of the nearest neighbors of sampled items that their lists lack beside a training''s, or by which weights differ';

COMMENT ON COLUMN affinity.models.training IS
	'figures of the training, such as the loss after each step of ials, or the RMSE of als';

COMMENT ON COLUMN affinity.models.version IS
	'number of the version in force, never used twice';

COMMENT ON COLUMN affinity.models.size IS
	'bytes on disk of what was learned, indexes included; NULL while that is locked';

COMMENT ON COLUMN affinity.models.status IS
	'ready, received, awaited, untrained, source/catalog/groups missing, owner mismatch, older version or damaged';

COMMENT ON COLUMN affinity.models.hint IS
	'SQL that makes the model ready, NULL where it is';

COMMENT ON COLUMN affinity.models.reads IS
	'relation of its schema that histories are read from: interactions, kept_interactions or local_interactions';

COMMENT ON COLUMN affinity.models.subscription IS
	'what brings the model from another server; NULL: no subscription does';

COMMENT ON COLUMN affinity.models.lag IS
	'age of what the subscription has heard last: later versions are not known; NULL while none is at work';
