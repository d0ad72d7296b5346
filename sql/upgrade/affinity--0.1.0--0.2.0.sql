-- From 0.1.0. Made by test/upgrade; sql/upgrade/README.md says how it is kept.
\echo Use "ALTER EXTENSION affinity UPDATE" to load this file. \quit

ALTER FUNCTION affinity.cluster_experiment(pg_catalog.text[], affinity.cluster_metric[], pg_catalog.text, pg_catalog.float8) RENAME TO cluster_experiment_of_0_1_0;
ALTER FUNCTION affinity.customer_summary_mistake(pg_catalog.bytea, pg_catalog.float8, affinity.moment) RENAME TO customer_summary_mistake_of_0_1_0;
ALTER AGGREGATE affinity.customer_summary(pg_catalog.float8, affinity.moment) RENAME TO customer_summary_of_0_1_0;
ALTER FUNCTION affinity.customer_summary_mistake(pg_catalog.bytea, pg_catalog.float8, affinity.moment, pg_catalog.text) RENAME TO customer_summary_mistake_of_0_1_0;
ALTER AGGREGATE affinity.customer_summary(pg_catalog.float8, affinity.moment, pg_catalog.text) RENAME TO customer_summary_of_0_1_0;
ALTER FUNCTION affinity.customer_summary_mistake(pg_catalog.bytea, affinity.moment, pg_catalog.text) RENAME TO customer_summary_mistake_of_0_1_0;
ALTER AGGREGATE affinity.customer_summary(affinity.moment, pg_catalog.text) RENAME TO customer_summary_of_0_1_0;
ALTER FUNCTION affinity.customer_summary_mistake(pg_catalog.bytea, affinity.moment, pg_catalog.text, pg_catalog.text) RENAME TO customer_summary_mistake_of_0_1_0;
ALTER AGGREGATE affinity.customer_summary(affinity.moment, pg_catalog.text, pg_catalog.text) RENAME TO customer_summary_of_0_1_0;
ALTER FUNCTION affinity.log_rank_mistake(pg_catalog.bytea, pg_catalog."any", pg_catalog.interval, pg_catalog.bool) RENAME TO log_rank_mistake_of_0_1_0;
ALTER AGGREGATE affinity.log_rank(pg_catalog."any", pg_catalog.interval, pg_catalog.bool) RENAME TO log_rank_of_0_1_0;
ALTER FUNCTION affinity.log_rank_mistake(pg_catalog.bytea, pg_catalog."any", pg_catalog.text, pg_catalog.bool) RENAME TO log_rank_mistake_of_0_1_0;
ALTER AGGREGATE affinity.log_rank(pg_catalog."any", pg_catalog.text, pg_catalog.bool) RENAME TO log_rank_of_0_1_0;
ALTER FUNCTION affinity.log_rank_mistake(pg_catalog.bytea, pg_catalog."any", pg_catalog.float8) RENAME TO log_rank_mistake_of_0_1_0;
ALTER AGGREGATE affinity.log_rank(pg_catalog."any", pg_catalog.float8) RENAME TO log_rank_of_0_1_0;
ALTER FUNCTION affinity.contrast_numeric_mistake(pg_catalog.bytea, pg_catalog.float8) RENAME TO contrast_numeric_mistake_of_0_1_0;
ALTER AGGREGATE affinity.contrast_numeric(pg_catalog.float8) RENAME TO contrast_numeric_of_0_1_0;
ALTER FUNCTION affinity.velocity_mistake(pg_catalog.bytea, pg_catalog.text, pg_catalog.text, affinity.moment) RENAME TO velocity_mistake_of_0_1_0;
ALTER AGGREGATE affinity.velocity(pg_catalog.text, pg_catalog.text, affinity.moment) RENAME TO velocity_of_0_1_0;
ALTER FUNCTION affinity.velocity_mistake(pg_catalog.bytea, pg_catalog.text, pg_catalog.interval, affinity.moment) RENAME TO velocity_mistake_of_0_1_0;
ALTER AGGREGATE affinity.velocity(pg_catalog.text, pg_catalog.interval, affinity.moment) RENAME TO velocity_of_0_1_0;
ALTER FUNCTION affinity.velocity_mistake(pg_catalog.bytea, affinity.moment) RENAME TO velocity_mistake_of_0_1_0;
ALTER AGGREGATE affinity.velocity(affinity.moment) RENAME TO velocity_of_0_1_0;
ALTER FUNCTION affinity.velocity_mistake(pg_catalog.bytea, affinity.moment, pg_catalog.interval) RENAME TO velocity_mistake_of_0_1_0;
ALTER AGGREGATE affinity.velocity(affinity.moment, pg_catalog.interval) RENAME TO velocity_of_0_1_0;
ALTER FUNCTION affinity.velocity_mistake(pg_catalog.bytea, affinity.moment, pg_catalog.float8, affinity.moment) RENAME TO velocity_mistake_of_0_1_0;
ALTER AGGREGATE affinity.velocity(affinity.moment, pg_catalog.float8, affinity.moment) RENAME TO velocity_of_0_1_0;
ALTER AGGREGATE affinity.qini(pg_catalog.float8, pg_catalog.float8, pg_catalog.float8) RENAME TO qini_of_0_1_0;
ALTER AGGREGATE affinity.auuc(pg_catalog.float8, pg_catalog.float8, pg_catalog.float8) RENAME TO auuc_of_0_1_0;
ALTER AGGREGATE affinity.qini(pg_catalog.float8, pg_catalog.float8, pg_catalog.bool) RENAME TO qini_of_0_1_0;
ALTER AGGREGATE affinity.auuc(pg_catalog.float8, pg_catalog.float8, pg_catalog.bool) RENAME TO auuc_of_0_1_0;
ALTER AGGREGATE affinity.qini(pg_catalog.float8, pg_catalog.bool) RENAME TO qini_of_0_1_0;
ALTER AGGREGATE affinity.auuc(pg_catalog.float8, pg_catalog.bool) RENAME TO auuc_of_0_1_0;

CREATE FUNCTION affinity.upgrade_model(name pg_catalog.text)
RETURNS pg_catalog.text
LANGUAGE C VOLATILE PARALLEL UNSAFE COST 1000000
AS 'MODULE_PATHNAME', 'affinity_renew_upgrade_model';

COMMENT ON FUNCTION affinity.upgrade_model(pg_catalog.text) IS
	'brings functions and views of a model to this version of the extension, without training; what was done';

CREATE TYPE affinity.condition;

CREATE FUNCTION affinity.condition_in(pg_catalog.cstring)
RETURNS affinity.condition
LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE
AS 'boolin';

COMMENT ON FUNCTION affinity.condition_in(pg_catalog.cstring) IS
	'input of type condition: as of bool';

CREATE FUNCTION affinity.condition_out(affinity.condition)
RETURNS pg_catalog.cstring
LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE
AS 'boolout';

COMMENT ON FUNCTION affinity.condition_out(affinity.condition) IS
	'output of type condition: as of bool';

CREATE TYPE affinity.condition (
	INPUT = affinity.condition_in,
	OUTPUT = affinity.condition_out,
	LIKE = pg_catalog.bool,
	CATEGORY = 'B'
);

COMMENT ON TYPE affinity.condition IS
	'what a mistaken call has in place of a boolean';

CREATE CAST (pg_catalog.bool AS affinity.condition)
	WITHOUT FUNCTION
	AS IMPLICIT;

CREATE FUNCTION affinity.no_condition(pg_catalog."any")
RETURNS affinity.condition
LANGUAGE C IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'affinity_base_no_condition';

COMMENT ON FUNCTION affinity.no_condition(pg_catalog."any") IS
	'cast to condition of a number: the error says what to write instead';

CREATE CAST (pg_catalog.int2 AS affinity.condition)
	WITH FUNCTION affinity.no_condition(pg_catalog."any")
	AS IMPLICIT;

CREATE CAST (pg_catalog.int4 AS affinity.condition)
	WITH FUNCTION affinity.no_condition(pg_catalog."any")
	AS IMPLICIT;

CREATE CAST (pg_catalog.int8 AS affinity.condition)
	WITH FUNCTION affinity.no_condition(pg_catalog."any")
	AS IMPLICIT;

CREATE CAST (pg_catalog.float4 AS affinity.condition)
	WITH FUNCTION affinity.no_condition(pg_catalog."any")
	AS IMPLICIT;

CREATE CAST (pg_catalog.float8 AS affinity.condition)
	WITH FUNCTION affinity.no_condition(pg_catalog."any")
	AS IMPLICIT;

CREATE CAST (pg_catalog.numeric AS affinity.condition)
	WITH FUNCTION affinity.no_condition(pg_catalog."any")
	AS IMPLICIT;

CREATE FUNCTION affinity.activity_mistake(affinity.activity, pg_catalog."any", affinity.moment)
RETURNS affinity.activity
LANGUAGE C STABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'affinity_activity_mistake';

COMMENT ON FUNCTION affinity.activity_mistake(affinity.activity, pg_catalog."any", affinity.moment) IS
	'transition function of a mistaken call of activity_agg';

CREATE AGGREGATE affinity.activity_agg(user_id pg_catalog."any", at affinity.moment) (
	SFUNC = affinity.activity_mistake,
	STYPE = affinity.activity,
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE affinity.activity_agg(pg_catalog."any", affinity.moment) IS
	'a mistaken call of activity_agg: the error says what to write instead';

CREATE FUNCTION affinity.value_range_mistake(affinity.value, pg_catalog."any", affinity.span, pg_catalog.float8, pg_catalog."any", pg_catalog.bool)
RETURNS affinity.value
LANGUAGE C STABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'affinity_revenue_range_mistake';

COMMENT ON FUNCTION affinity.value_range_mistake(affinity.value, pg_catalog."any", affinity.span, pg_catalog.float8, pg_catalog."any", pg_catalog.bool) IS
	'transition function of a mistaken call of value_agg';

CREATE AGGREGATE affinity.value_agg(user_id pg_catalog."any", during affinity.span, amount pg_catalog.float8, unit pg_catalog."any", is_start pg_catalog.bool) (
	SFUNC = affinity.value_range_mistake,
	STYPE = affinity.value,
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE affinity.value_agg(pg_catalog."any", affinity.span, pg_catalog.float8, pg_catalog."any", pg_catalog.bool) IS
	'a mistaken call of value_agg: the error says what to write instead';

CREATE FUNCTION affinity.value_range_mistake(affinity.value, pg_catalog."any", affinity.span, pg_catalog.float8, pg_catalog."any", pg_catalog."any", pg_catalog.bool)
RETURNS affinity.value
LANGUAGE C STABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'affinity_revenue_range_mistake';

COMMENT ON FUNCTION affinity.value_range_mistake(affinity.value, pg_catalog."any", affinity.span, pg_catalog.float8, pg_catalog."any", pg_catalog."any", pg_catalog.bool) IS
	'transition function of a mistaken call of value_agg';

CREATE AGGREGATE affinity.value_agg(user_id pg_catalog."any", during affinity.span, amount pg_catalog.float8, unit pg_catalog."any", time_zone pg_catalog."any", is_start pg_catalog.bool) (
	SFUNC = affinity.value_range_mistake,
	STYPE = affinity.value,
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE affinity.value_agg(pg_catalog."any", affinity.span, pg_catalog.float8, pg_catalog."any", pg_catalog."any", pg_catalog.bool) IS
	'a mistaken call of value_agg: the error says what to write instead';

CREATE FUNCTION affinity.value_range_mistake(affinity.value, pg_catalog."any", affinity.span, pg_catalog.float8, pg_catalog."any", pg_catalog."any", pg_catalog."any", pg_catalog.bool)
RETURNS affinity.value
LANGUAGE C STABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'affinity_revenue_range_mistake';

COMMENT ON FUNCTION affinity.value_range_mistake(affinity.value, pg_catalog."any", affinity.span, pg_catalog.float8, pg_catalog."any", pg_catalog."any", pg_catalog."any", pg_catalog.bool) IS
	'transition function of a mistaken call of value_agg';

CREATE AGGREGATE affinity.value_agg(user_id pg_catalog."any", during affinity.span, amount pg_catalog.float8, unit pg_catalog."any", time_zone pg_catalog."any", counted pg_catalog."any", is_start pg_catalog.bool) (
	SFUNC = affinity.value_range_mistake,
	STYPE = affinity.value,
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE affinity.value_agg(pg_catalog."any", affinity.span, pg_catalog.float8, pg_catalog."any", pg_catalog."any", pg_catalog."any", pg_catalog.bool) IS
	'a mistaken call of value_agg: the error says what to write instead';

CREATE FUNCTION affinity.cluster_experiment(
	variants pg_catalog.text[],
	metrics affinity.cluster_metric[],
	control pg_catalog.text DEFAULT NULL,
	confidence pg_catalog.float8 DEFAULT 0.95,
	alternative pg_catalog.text DEFAULT 'two_sided',
	adjust pg_catalog.text DEFAULT 'holm')
RETURNS TABLE (
	variant pg_catalog.text,
	units pg_catalog.int8,
	clusters pg_catalog.int8,
	mean pg_catalog.float8,
	control_mean pg_catalog.float8,
	difference pg_catalog.float8,
	std_error pg_catalog.float8,
	df pg_catalog.float8,
	low pg_catalog.float8,
	high pg_catalog.float8,
	p_value pg_catalog.float8,
	p_adjusted pg_catalog.float8,
	lift pg_catalog.float8,
	lift_low pg_catalog.float8,
	lift_high pg_catalog.float8)
LANGUAGE C IMMUTABLE PARALLEL SAFE COST 1000 ROWS 3
AS 'MODULE_PATHNAME', 'affinity_cluster_test';

COMMENT ON FUNCTION affinity.cluster_experiment(pg_catalog.text[], affinity.cluster_metric[], pg_catalog.text, pg_catalog.float8, pg_catalog.text, pg_catalog.text) IS
	'did it work, where units of a cluster are alike: differences from the control with cluster-robust errors';

CREATE OR REPLACE FUNCTION affinity.velocity_final(pg_catalog.bytea)
RETURNS affinity.velocity
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'affinity_trending_velocity_final';

CREATE OR REPLACE FUNCTION affinity.velocity_of(current pg_catalog.int8, previous pg_catalog.int8[])
RETURNS affinity.velocity
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'affinity_trending_velocity_of';

CREATE OR REPLACE FUNCTION affinity.customer_summary_final(pg_catalog.bytea)
RETURNS affinity.customer_summary
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'affinity_customer_summary_final';

CREATE OR REPLACE FUNCTION affinity.log_rank_final(pg_catalog.bytea)
RETURNS affinity.log_rank
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000
AS 'MODULE_PATHNAME', 'affinity_survival_rank_final';

CREATE OR REPLACE FUNCTION affinity.contrast_numeric_final(pg_catalog.bytea)
RETURNS affinity.contrast_numeric
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'affinity_profile_numeric_final';

CREATE FUNCTION affinity.customer_summary_mistake(affinity.customer_summary, pg_catalog.float8, affinity.moment)
RETURNS affinity.customer_summary
LANGUAGE C STABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'affinity_customer_summary_mistake';

COMMENT ON FUNCTION affinity.customer_summary_mistake(affinity.customer_summary, pg_catalog.float8, affinity.moment) IS
	'transition function of mistaken calls';

CREATE AGGREGATE affinity.customer_summary(amount pg_catalog.float8, at affinity.moment) (
	SFUNC = affinity.customer_summary_mistake,
	STYPE = affinity.customer_summary,
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE affinity.customer_summary(pg_catalog.float8, affinity.moment) IS
	'a mistaken call of customer_summary: the error says what to write instead';

CREATE FUNCTION affinity.customer_summary_mistake(affinity.customer_summary, pg_catalog.float8, affinity.moment, pg_catalog.text)
RETURNS affinity.customer_summary
LANGUAGE C STABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'affinity_customer_summary_mistake';

COMMENT ON FUNCTION affinity.customer_summary_mistake(affinity.customer_summary, pg_catalog.float8, affinity.moment, pg_catalog.text) IS
	'transition function of mistaken calls';

CREATE AGGREGATE affinity.customer_summary(amount pg_catalog.float8, at affinity.moment, unit pg_catalog.text) (
	SFUNC = affinity.customer_summary_mistake,
	STYPE = affinity.customer_summary,
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE affinity.customer_summary(pg_catalog.float8, affinity.moment, pg_catalog.text) IS
	'a mistaken call of customer_summary: the error says what to write instead';

CREATE FUNCTION affinity.customer_summary_mistake(affinity.customer_summary, affinity.moment, pg_catalog.text)
RETURNS affinity.customer_summary
LANGUAGE C STABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'affinity_customer_summary_mistake';

COMMENT ON FUNCTION affinity.customer_summary_mistake(affinity.customer_summary, affinity.moment, pg_catalog.text) IS
	'transition function of mistaken calls';

CREATE AGGREGATE affinity.customer_summary(at affinity.moment, amount pg_catalog.text) (
	SFUNC = affinity.customer_summary_mistake,
	STYPE = affinity.customer_summary,
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE affinity.customer_summary(affinity.moment, pg_catalog.text) IS
	'a mistaken call of customer_summary: the error says what to write instead';

CREATE FUNCTION affinity.customer_summary_mistake(affinity.customer_summary, affinity.moment, pg_catalog.text, pg_catalog.text)
RETURNS affinity.customer_summary
LANGUAGE C STABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'affinity_customer_summary_mistake';

COMMENT ON FUNCTION affinity.customer_summary_mistake(affinity.customer_summary, affinity.moment, pg_catalog.text, pg_catalog.text) IS
	'transition function of mistaken calls';

CREATE AGGREGATE affinity.customer_summary(at affinity.moment, amount pg_catalog.text, unit pg_catalog.text) (
	SFUNC = affinity.customer_summary_mistake,
	STYPE = affinity.customer_summary,
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE affinity.customer_summary(affinity.moment, pg_catalog.text, pg_catalog.text) IS
	'a mistaken call of customer_summary: the error says what to write instead';

CREATE FUNCTION affinity.survival_mistake(affinity.survival, pg_catalog.float8, affinity.condition)
RETURNS affinity.survival
LANGUAGE C STABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'affinity_survival_event_mistake';

COMMENT ON FUNCTION affinity.survival_mistake(affinity.survival, pg_catalog.float8, affinity.condition) IS
	'transition function of mistaken calls';

CREATE AGGREGATE affinity.survival_agg(duration pg_catalog.float8, event affinity.condition) (
	SFUNC = affinity.survival_mistake,
	STYPE = affinity.survival,
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE affinity.survival_agg(pg_catalog.float8, affinity.condition) IS
	'a mistaken call of survival_agg: the error says what to write instead';

CREATE FUNCTION affinity.survival_mistake(affinity.survival, pg_catalog.float8, affinity.condition, pg_catalog.float8)
RETURNS affinity.survival
LANGUAGE C STABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'affinity_survival_event_mistake';

COMMENT ON FUNCTION affinity.survival_mistake(affinity.survival, pg_catalog.float8, affinity.condition, pg_catalog.float8) IS
	'transition function of mistaken calls';

CREATE AGGREGATE affinity.survival_agg(duration pg_catalog.float8, event affinity.condition, entry pg_catalog.float8) (
	SFUNC = affinity.survival_mistake,
	STYPE = affinity.survival,
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE affinity.survival_agg(pg_catalog.float8, affinity.condition, pg_catalog.float8) IS
	'a mistaken call of survival_agg: the error says what to write instead';

CREATE FUNCTION affinity.survival_mistake(affinity.survival, pg_catalog.float8, affinity.condition, pg_catalog.float8, pg_catalog.float8)
RETURNS affinity.survival
LANGUAGE C STABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'affinity_survival_event_mistake';

COMMENT ON FUNCTION affinity.survival_mistake(affinity.survival, pg_catalog.float8, affinity.condition, pg_catalog.float8, pg_catalog.float8) IS
	'transition function of mistaken calls';

CREATE AGGREGATE affinity.survival_agg(duration pg_catalog.float8, event affinity.condition, entry pg_catalog.float8, weight pg_catalog.float8) (
	SFUNC = affinity.survival_mistake,
	STYPE = affinity.survival,
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE affinity.survival_agg(pg_catalog.float8, affinity.condition, pg_catalog.float8, pg_catalog.float8) IS
	'a mistaken call of survival_agg: the error says what to write instead';

CREATE FUNCTION affinity.log_rank_mistake(affinity.log_rank, pg_catalog."any", pg_catalog.interval, pg_catalog.bool)
RETURNS affinity.log_rank
LANGUAGE C STABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'affinity_survival_duration_mistake';

COMMENT ON FUNCTION affinity.log_rank_mistake(affinity.log_rank, pg_catalog."any", pg_catalog.interval, pg_catalog.bool) IS
	'transition function of mistaken calls';

CREATE AGGREGATE affinity.log_rank("group" pg_catalog."any", duration pg_catalog.interval, event pg_catalog.bool) (
	SFUNC = affinity.log_rank_mistake,
	STYPE = affinity.log_rank,
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE affinity.log_rank(pg_catalog."any", pg_catalog.interval, pg_catalog.bool) IS
	'a mistaken call of log_rank: the error says what to write instead';

CREATE FUNCTION affinity.log_rank_mistake(affinity.log_rank, pg_catalog."any", pg_catalog.text, pg_catalog.bool)
RETURNS affinity.log_rank
LANGUAGE C STABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'affinity_survival_text_mistake';

COMMENT ON FUNCTION affinity.log_rank_mistake(affinity.log_rank, pg_catalog."any", pg_catalog.text, pg_catalog.bool) IS
	'transition function of mistaken calls';

CREATE AGGREGATE affinity.log_rank("group" pg_catalog."any", duration pg_catalog.text, event pg_catalog.bool) (
	SFUNC = affinity.log_rank_mistake,
	STYPE = affinity.log_rank,
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE affinity.log_rank(pg_catalog."any", pg_catalog.text, pg_catalog.bool) IS
	'a mistaken call of log_rank: the error says what to write instead';

CREATE FUNCTION affinity.log_rank_mistake(affinity.log_rank, pg_catalog."any", pg_catalog.float8)
RETURNS affinity.log_rank
LANGUAGE C STABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'affinity_survival_rank_event_mistake';

COMMENT ON FUNCTION affinity.log_rank_mistake(affinity.log_rank, pg_catalog."any", pg_catalog.float8) IS
	'transition function of mistaken calls';

CREATE AGGREGATE affinity.log_rank("group" pg_catalog."any", duration pg_catalog.float8) (
	SFUNC = affinity.log_rank_mistake,
	STYPE = affinity.log_rank,
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE affinity.log_rank(pg_catalog."any", pg_catalog.float8) IS
	'a mistaken call of log_rank: the error says what to write instead';

CREATE FUNCTION affinity.log_rank_mistake(affinity.log_rank, pg_catalog."any", pg_catalog.float8, affinity.condition)
RETURNS affinity.log_rank
LANGUAGE C STABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'affinity_survival_rank_event_mistake';

COMMENT ON FUNCTION affinity.log_rank_mistake(affinity.log_rank, pg_catalog."any", pg_catalog.float8, affinity.condition) IS
	'transition function of mistaken calls';

CREATE AGGREGATE affinity.log_rank("group" pg_catalog."any", duration pg_catalog.float8, event affinity.condition) (
	SFUNC = affinity.log_rank_mistake,
	STYPE = affinity.log_rank,
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE affinity.log_rank(pg_catalog."any", pg_catalog.float8, affinity.condition) IS
	'a mistaken call of log_rank: the error says what to write instead';

CREATE FUNCTION affinity.log_rank_mistake(affinity.log_rank, pg_catalog."any", pg_catalog.float8, affinity.condition, pg_catalog."any")
RETURNS affinity.log_rank
LANGUAGE C STABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'affinity_survival_rank_event_mistake';

COMMENT ON FUNCTION affinity.log_rank_mistake(affinity.log_rank, pg_catalog."any", pg_catalog.float8, affinity.condition, pg_catalog."any") IS
	'transition function of mistaken calls';

CREATE AGGREGATE affinity.log_rank("group" pg_catalog."any", duration pg_catalog.float8, event affinity.condition, stratum pg_catalog."any") (
	SFUNC = affinity.log_rank_mistake,
	STYPE = affinity.log_rank,
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE affinity.log_rank(pg_catalog."any", pg_catalog.float8, affinity.condition, pg_catalog."any") IS
	'a mistaken call of log_rank: the error says what to write instead';

CREATE FUNCTION affinity.log_rank_mistake(affinity.log_rank, pg_catalog."any", pg_catalog.float8, affinity.condition, pg_catalog."any", pg_catalog.text)
RETURNS affinity.log_rank
LANGUAGE C STABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'affinity_survival_rank_event_mistake';

COMMENT ON FUNCTION affinity.log_rank_mistake(affinity.log_rank, pg_catalog."any", pg_catalog.float8, affinity.condition, pg_catalog."any", pg_catalog.text) IS
	'transition function of mistaken calls';

CREATE AGGREGATE affinity.log_rank("group" pg_catalog."any", duration pg_catalog.float8, event affinity.condition, stratum pg_catalog."any", weights pg_catalog.text) (
	SFUNC = affinity.log_rank_mistake,
	STYPE = affinity.log_rank,
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE affinity.log_rank(pg_catalog."any", pg_catalog.float8, affinity.condition, pg_catalog."any", pg_catalog.text) IS
	'a mistaken call of log_rank: the error says what to write instead';

CREATE FUNCTION affinity.log_rank_mistake(affinity.log_rank, pg_catalog."any", pg_catalog.float8, affinity.condition, pg_catalog."any", pg_catalog.text, pg_catalog.float8)
RETURNS affinity.log_rank
LANGUAGE C STABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'affinity_survival_rank_event_mistake';

COMMENT ON FUNCTION affinity.log_rank_mistake(affinity.log_rank, pg_catalog."any", pg_catalog.float8, affinity.condition, pg_catalog."any", pg_catalog.text, pg_catalog.float8) IS
	'transition function of mistaken calls';

CREATE AGGREGATE affinity.log_rank("group" pg_catalog."any", duration pg_catalog.float8, event affinity.condition, stratum pg_catalog."any", weights pg_catalog.text, entry pg_catalog.float8) (
	SFUNC = affinity.log_rank_mistake,
	STYPE = affinity.log_rank,
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE affinity.log_rank(pg_catalog."any", pg_catalog.float8, affinity.condition, pg_catalog."any", pg_catalog.text, pg_catalog.float8) IS
	'a mistaken call of log_rank: the error says what to write instead';

CREATE FUNCTION affinity.contrast_mistake(affinity.contrast, affinity.condition, pg_catalog."any")
RETURNS affinity.contrast
LANGUAGE C STABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'affinity_profile_attribute_mistake';

COMMENT ON FUNCTION affinity.contrast_mistake(affinity.contrast, affinity.condition, pg_catalog."any") IS
	'transition function of mistaken calls';

CREATE AGGREGATE affinity.contrast_agg(in_segment affinity.condition, attribute pg_catalog."any") (
	SFUNC = affinity.contrast_mistake,
	STYPE = affinity.contrast,
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE affinity.contrast_agg(affinity.condition, pg_catalog."any") IS
	'a mistaken call of contrast_agg: the error says what to write instead';

CREATE FUNCTION affinity.contrast_numeric_mistake(affinity.contrast_numeric, affinity.condition, pg_catalog.float8)
RETURNS affinity.contrast_numeric
LANGUAGE C STABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'affinity_profile_numeric_mistake';

COMMENT ON FUNCTION affinity.contrast_numeric_mistake(affinity.contrast_numeric, affinity.condition, pg_catalog.float8) IS
	'transition function of mistaken calls';

CREATE AGGREGATE affinity.contrast_numeric(in_segment affinity.condition, value pg_catalog.float8) (
	SFUNC = affinity.contrast_numeric_mistake,
	STYPE = affinity.contrast_numeric,
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE affinity.contrast_numeric(affinity.condition, pg_catalog.float8) IS
	'a mistaken call of contrast_numeric: the error says what to write instead';

CREATE FUNCTION affinity.contrast_numeric_mistake(affinity.contrast_numeric, pg_catalog.float8)
RETURNS affinity.contrast_numeric
LANGUAGE C STABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'affinity_profile_numeric_mistake';

COMMENT ON FUNCTION affinity.contrast_numeric_mistake(affinity.contrast_numeric, pg_catalog.float8) IS
	'transition function of mistaken calls';

CREATE AGGREGATE affinity.contrast_numeric(value pg_catalog.float8) (
	SFUNC = affinity.contrast_numeric_mistake,
	STYPE = affinity.contrast_numeric,
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE affinity.contrast_numeric(pg_catalog.float8) IS
	'a mistaken call of contrast_numeric: the error says what to write instead';

CREATE FUNCTION affinity.velocity_mistake(affinity.velocity, pg_catalog.text, pg_catalog.text, affinity.moment)
RETURNS affinity.velocity
LANGUAGE C STABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'affinity_trending_text_mistake';

COMMENT ON FUNCTION affinity.velocity_mistake(affinity.velocity, pg_catalog.text, pg_catalog.text, affinity.moment) IS
	'transition function of mistaken calls';

CREATE AGGREGATE affinity.velocity(at pg_catalog.text, "window" pg_catalog.text, as_of affinity.moment) (
	SFUNC = affinity.velocity_mistake,
	STYPE = affinity.velocity,
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE affinity.velocity(pg_catalog.text, pg_catalog.text, affinity.moment) IS
	'a mistaken call of velocity: the error says what to write instead';

CREATE FUNCTION affinity.velocity_mistake(affinity.velocity, pg_catalog.text, pg_catalog.interval, affinity.moment)
RETURNS affinity.velocity
LANGUAGE C STABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'affinity_trending_text_mistake';

COMMENT ON FUNCTION affinity.velocity_mistake(affinity.velocity, pg_catalog.text, pg_catalog.interval, affinity.moment) IS
	'transition function of mistaken calls';

CREATE AGGREGATE affinity.velocity(at pg_catalog.text, "window" pg_catalog.interval, as_of affinity.moment) (
	SFUNC = affinity.velocity_mistake,
	STYPE = affinity.velocity,
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE affinity.velocity(pg_catalog.text, pg_catalog.interval, affinity.moment) IS
	'a mistaken call of velocity: the error says what to write instead';

CREATE FUNCTION affinity.velocity_mistake(affinity.velocity, affinity.moment)
RETURNS affinity.velocity
LANGUAGE C STABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'affinity_trending_window_mistake';

COMMENT ON FUNCTION affinity.velocity_mistake(affinity.velocity, affinity.moment) IS
	'transition function of mistaken calls';

CREATE AGGREGATE affinity.velocity(at affinity.moment) (
	SFUNC = affinity.velocity_mistake,
	STYPE = affinity.velocity,
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE affinity.velocity(affinity.moment) IS
	'a mistaken call of velocity: the error says what to write instead';

CREATE FUNCTION affinity.velocity_mistake(affinity.velocity, affinity.moment, pg_catalog.interval)
RETURNS affinity.velocity
LANGUAGE C STABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'affinity_trending_as_of_mistake';

COMMENT ON FUNCTION affinity.velocity_mistake(affinity.velocity, affinity.moment, pg_catalog.interval) IS
	'transition function of mistaken calls';

CREATE AGGREGATE affinity.velocity(at affinity.moment, "window" pg_catalog.interval) (
	SFUNC = affinity.velocity_mistake,
	STYPE = affinity.velocity,
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE affinity.velocity(affinity.moment, pg_catalog.interval) IS
	'a mistaken call of velocity: the error says what to write instead';

CREATE FUNCTION affinity.velocity_mistake(affinity.velocity, affinity.moment, pg_catalog.float8, affinity.moment)
RETURNS affinity.velocity
LANGUAGE C STABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'affinity_trending_number_mistake';

COMMENT ON FUNCTION affinity.velocity_mistake(affinity.velocity, affinity.moment, pg_catalog.float8, affinity.moment) IS
	'transition function of mistaken calls';

CREATE AGGREGATE affinity.velocity(at affinity.moment, "window" pg_catalog.float8, as_of affinity.moment) (
	SFUNC = affinity.velocity_mistake,
	STYPE = affinity.velocity,
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE affinity.velocity(affinity.moment, pg_catalog.float8, affinity.moment) IS
	'a mistaken call of velocity: the error says what to write instead';

CREATE FUNCTION affinity.attribution_mistake(affinity.attribution, pg_catalog."any", affinity.moment, pg_catalog."any", pg_catalog.bool)
RETURNS affinity.attribution
LANGUAGE C STABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'affinity_attribution_channel_mistake';

COMMENT ON FUNCTION affinity.attribution_mistake(affinity.attribution, pg_catalog."any", affinity.moment, pg_catalog."any", pg_catalog.bool) IS
	'transition function of mistaken calls';

CREATE AGGREGATE affinity.attribution_agg(user_id pg_catalog."any", at affinity.moment, channel pg_catalog."any", converted pg_catalog.bool) (
	SFUNC = affinity.attribution_mistake,
	STYPE = affinity.attribution,
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE affinity.attribution_agg(pg_catalog."any", affinity.moment, pg_catalog."any", pg_catalog.bool) IS
	'a mistaken call of attribution_agg: the error says what to write instead';

CREATE FUNCTION affinity.attribution_mistake(affinity.attribution, pg_catalog."any", affinity.moment, pg_catalog."any", pg_catalog.bool, pg_catalog.float8)
RETURNS affinity.attribution
LANGUAGE C STABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'affinity_attribution_channel_mistake';

COMMENT ON FUNCTION affinity.attribution_mistake(affinity.attribution, pg_catalog."any", affinity.moment, pg_catalog."any", pg_catalog.bool, pg_catalog.float8) IS
	'transition function of mistaken calls';

CREATE AGGREGATE affinity.attribution_agg(user_id pg_catalog."any", at affinity.moment, channel pg_catalog."any", converted pg_catalog.bool, value pg_catalog.float8) (
	SFUNC = affinity.attribution_mistake,
	STYPE = affinity.attribution,
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE affinity.attribution_agg(pg_catalog."any", affinity.moment, pg_catalog."any", pg_catalog.bool, pg_catalog.float8) IS
	'a mistaken call of attribution_agg: the error says what to write instead';

CREATE FUNCTION affinity.did_mistake(affinity.did, pg_catalog.float8, affinity.condition, affinity.condition, pg_catalog."any")
RETURNS affinity.did
LANGUAGE C STABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'affinity_cluster_did_mistake';

COMMENT ON FUNCTION affinity.did_mistake(affinity.did, pg_catalog.float8, affinity.condition, affinity.condition, pg_catalog."any") IS
	'transition function of mistaken calls';

CREATE AGGREGATE affinity.did_agg(value pg_catalog.float8, treated affinity.condition, after affinity.condition, cluster pg_catalog."any") (
	SFUNC = affinity.did_mistake,
	STYPE = affinity.did,
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE affinity.did_agg(pg_catalog.float8, affinity.condition, affinity.condition, pg_catalog."any") IS
	'a mistaken call of did_agg: the error says what to write instead';

CREATE FUNCTION affinity.did_mistake(affinity.did, pg_catalog.bool, affinity.condition, affinity.condition, pg_catalog."any")
RETURNS affinity.did
LANGUAGE C STABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'affinity_cluster_did_mistake';

COMMENT ON FUNCTION affinity.did_mistake(affinity.did, pg_catalog.bool, affinity.condition, affinity.condition, pg_catalog."any") IS
	'transition function of mistaken calls';

CREATE AGGREGATE affinity.did_agg(value pg_catalog.bool, treated affinity.condition, after affinity.condition, cluster pg_catalog."any") (
	SFUNC = affinity.did_mistake,
	STYPE = affinity.did,
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE affinity.did_agg(pg_catalog.bool, affinity.condition, affinity.condition, pg_catalog."any") IS
	'a mistaken call of did_agg: the error says what to write instead';

CREATE FUNCTION affinity.qini_mistake(pg_catalog.float8, pg_catalog.float8, pg_catalog.float8, pg_catalog.float8)
RETURNS pg_catalog.float8
LANGUAGE C STABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'affinity_uplift_treated_mistake';

COMMENT ON FUNCTION affinity.qini_mistake(pg_catalog.float8, pg_catalog.float8, pg_catalog.float8, pg_catalog.float8) IS
	'transition function of mistaken calls';

CREATE AGGREGATE affinity.qini(score pg_catalog.float8, treated pg_catalog.float8, outcome pg_catalog.float8) (
	SFUNC = affinity.qini_mistake,
	STYPE = pg_catalog.float8,
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE affinity.qini(pg_catalog.float8, pg_catalog.float8, pg_catalog.float8) IS
	'a mistaken call of qini: the error says what to write instead';

CREATE FUNCTION affinity.auuc_mistake(pg_catalog.float8, pg_catalog.float8, pg_catalog.float8, pg_catalog.float8)
RETURNS pg_catalog.float8
LANGUAGE C STABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'affinity_uplift_treated_mistake';

COMMENT ON FUNCTION affinity.auuc_mistake(pg_catalog.float8, pg_catalog.float8, pg_catalog.float8, pg_catalog.float8) IS
	'transition function of mistaken calls';

CREATE AGGREGATE affinity.auuc(score pg_catalog.float8, treated pg_catalog.float8, outcome pg_catalog.float8) (
	SFUNC = affinity.auuc_mistake,
	STYPE = pg_catalog.float8,
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE affinity.auuc(pg_catalog.float8, pg_catalog.float8, pg_catalog.float8) IS
	'a mistaken call of auuc: the error says what to write instead';

CREATE FUNCTION affinity.qini_mistake(pg_catalog.float8, pg_catalog.float8, pg_catalog.float8, pg_catalog.bool)
RETURNS pg_catalog.float8
LANGUAGE C STABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'affinity_uplift_treated_mistake';

COMMENT ON FUNCTION affinity.qini_mistake(pg_catalog.float8, pg_catalog.float8, pg_catalog.float8, pg_catalog.bool) IS
	'transition function of mistaken calls';

CREATE AGGREGATE affinity.qini(score pg_catalog.float8, treated pg_catalog.float8, outcome pg_catalog.bool) (
	SFUNC = affinity.qini_mistake,
	STYPE = pg_catalog.float8,
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE affinity.qini(pg_catalog.float8, pg_catalog.float8, pg_catalog.bool) IS
	'a mistaken call of qini: the error says what to write instead';

CREATE FUNCTION affinity.auuc_mistake(pg_catalog.float8, pg_catalog.float8, pg_catalog.float8, pg_catalog.bool)
RETURNS pg_catalog.float8
LANGUAGE C STABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'affinity_uplift_treated_mistake';

COMMENT ON FUNCTION affinity.auuc_mistake(pg_catalog.float8, pg_catalog.float8, pg_catalog.float8, pg_catalog.bool) IS
	'transition function of mistaken calls';

CREATE AGGREGATE affinity.auuc(score pg_catalog.float8, treated pg_catalog.float8, outcome pg_catalog.bool) (
	SFUNC = affinity.auuc_mistake,
	STYPE = pg_catalog.float8,
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE affinity.auuc(pg_catalog.float8, pg_catalog.float8, pg_catalog.bool) IS
	'a mistaken call of auuc: the error says what to write instead';

CREATE FUNCTION affinity.qini_mistake(pg_catalog.float8, pg_catalog.float8, pg_catalog.bool)
RETURNS pg_catalog.float8
LANGUAGE C STABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'affinity_uplift_outcome_mistake';

COMMENT ON FUNCTION affinity.qini_mistake(pg_catalog.float8, pg_catalog.float8, pg_catalog.bool) IS
	'transition function of mistaken calls';

CREATE AGGREGATE affinity.qini(score pg_catalog.float8, treated pg_catalog.bool) (
	SFUNC = affinity.qini_mistake,
	STYPE = pg_catalog.float8,
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE affinity.qini(pg_catalog.float8, pg_catalog.bool) IS
	'a mistaken call of qini: the error says what to write instead';

CREATE FUNCTION affinity.auuc_mistake(pg_catalog.float8, pg_catalog.float8, pg_catalog.bool)
RETURNS pg_catalog.float8
LANGUAGE C STABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'affinity_uplift_outcome_mistake';

COMMENT ON FUNCTION affinity.auuc_mistake(pg_catalog.float8, pg_catalog.float8, pg_catalog.bool) IS
	'transition function of mistaken calls';

CREATE AGGREGATE affinity.auuc(score pg_catalog.float8, treated pg_catalog.bool) (
	SFUNC = affinity.auuc_mistake,
	STYPE = pg_catalog.float8,
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE affinity.auuc(pg_catalog.float8, pg_catalog.bool) IS
	'a mistaken call of auuc: the error says what to write instead';

CREATE FUNCTION affinity.chart_forecast(
	series affinity.series,
	horizon pg_catalog.int8,
	title pg_catalog.text DEFAULT 'What comes next',
	description pg_catalog.text DEFAULT NULL,
	width pg_catalog.int8 DEFAULT 800,
	model pg_catalog.text DEFAULT 'auto',
	season pg_catalog.int8 DEFAULT NULL,
	confidence pg_catalog.float8 DEFAULT 0.95,
	fill pg_catalog.text DEFAULT 'missing',
	until affinity.moment DEFAULT NULL,
	history pg_catalog.int8 DEFAULT NULL)
RETURNS pg_catalog.text
LANGUAGE SQL STABLE PARALLEL SAFE
BEGIN ATOMIC
WITH past AS (
	SELECT COALESCE(CAST(pg_catalog.extract('epoch', a.period) AS pg_catalog.float8), CAST(a.number AS pg_catalog.float8)) AS x,
		a.value AS y, a.period IS NOT NULL AS is_time,
		pg_catalog.row_number() OVER (ORDER BY a.period DESC, a.number DESC) AS latest
	FROM affinity.anomaly($1, model => 'naive', season => 1, fill => $9, until => $10) a),
ahead AS (
	SELECT f.* FROM affinity.forecast($1, $2, model => $6, season => $7, confidence => $8, fill => $9, until => $10) f),
points(n, series, x, y, low, high, is_time) AS (
	SELECT 1, 'history', p.x, p.y, CAST(NULL AS pg_catalog.float8), CAST(NULL AS pg_catalog.float8), p.is_time
	FROM past p
	WHERE COALESCE(p.latest OPERATOR(pg_catalog.<=) $11, true)
	UNION ALL
	-- the forecast goes on from the last value
	(SELECT 2, 'forecast', p.x, p.y, p.y, p.y, p.is_time
	FROM past p
	WHERE p.y IS NOT NULL AND COALESCE(p.latest OPERATOR(pg_catalog.<=) $11, true)
	ORDER BY p.latest LIMIT 1)
	UNION ALL
	SELECT 2, 'forecast',
		COALESCE(CAST(pg_catalog.extract('epoch', a.period) AS pg_catalog.float8), CAST(a.number AS pg_catalog.float8)),
		a.value, a.low, a.high, a.period IS NOT NULL
	FROM ahead a)
SELECT affinity.chart_lines_core(
	pg_catalog.array_agg(p.x ORDER BY p.n, p.x),
	pg_catalog.array_agg(p.y ORDER BY p.n, p.x),
	pg_catalog.array_agg(p.series ORDER BY p.n, p.x),
	pg_catalog.array_agg(p.low ORDER BY p.n, p.x),
	pg_catalog.array_agg(p.high ORDER BY p.n, p.x),
	false, pg_catalog.bool_or(p.is_time), NULL, $3,
	COALESCE($4, 'The band is the interval of ' OPERATOR(pg_catalog.||) CAST(pg_catalog.trim_scale(
		pg_catalog.round(CAST(100 OPERATOR(pg_catalog.*) $8 AS pg_catalog.numeric), 4)) AS pg_catalog.text)
		OPERATOR(pg_catalog.||) ' %.'),
	false, $5)
FROM points p;
END;

COMMENT ON FUNCTION affinity.chart_forecast(
	affinity.series,
	pg_catalog.int8,
	pg_catalog.text,
	pg_catalog.text,
	pg_catalog.int8,
	pg_catalog.text,
	pg_catalog.int8,
	pg_catalog.float8,
	pg_catalog.text,
	affinity.moment,
	pg_catalog.int8) IS
	'a series and its forecast() in SVG, with the band of its interval; history: only so many periods of the past';

-- What stepped aside goes, unless somebody has built on it: that then belongs to this
-- database and no longer to the extension, so that dumps have it.
DO $$
DECLARE
	former pg_catalog.text;
	others pg_catalog.text;
BEGIN
	FOREACH former IN ARRAY ARRAY[
		'AGGREGATE affinity.auuc_of_0_1_0(pg_catalog.float8, pg_catalog.bool)',
		'AGGREGATE affinity.qini_of_0_1_0(pg_catalog.float8, pg_catalog.bool)',
		'AGGREGATE affinity.auuc_of_0_1_0(pg_catalog.float8, pg_catalog.float8, pg_catalog.bool)',
		'AGGREGATE affinity.qini_of_0_1_0(pg_catalog.float8, pg_catalog.float8, pg_catalog.bool)',
		'AGGREGATE affinity.auuc_of_0_1_0(pg_catalog.float8, pg_catalog.float8, pg_catalog.float8)',
		'AGGREGATE affinity.qini_of_0_1_0(pg_catalog.float8, pg_catalog.float8, pg_catalog.float8)',
		'AGGREGATE affinity.velocity_of_0_1_0(affinity.moment, pg_catalog.float8, affinity.moment)',
		'FUNCTION affinity.velocity_mistake_of_0_1_0(pg_catalog.bytea, affinity.moment, pg_catalog.float8, affinity.moment)',
		'AGGREGATE affinity.velocity_of_0_1_0(affinity.moment, pg_catalog.interval)',
		'FUNCTION affinity.velocity_mistake_of_0_1_0(pg_catalog.bytea, affinity.moment, pg_catalog.interval)',
		'AGGREGATE affinity.velocity_of_0_1_0(affinity.moment)',
		'FUNCTION affinity.velocity_mistake_of_0_1_0(pg_catalog.bytea, affinity.moment)',
		'AGGREGATE affinity.velocity_of_0_1_0(pg_catalog.text, pg_catalog.interval, affinity.moment)',
		'FUNCTION affinity.velocity_mistake_of_0_1_0(pg_catalog.bytea, pg_catalog.text, pg_catalog.interval, affinity.moment)',
		'AGGREGATE affinity.velocity_of_0_1_0(pg_catalog.text, pg_catalog.text, affinity.moment)',
		'FUNCTION affinity.velocity_mistake_of_0_1_0(pg_catalog.bytea, pg_catalog.text, pg_catalog.text, affinity.moment)',
		'AGGREGATE affinity.contrast_numeric_of_0_1_0(pg_catalog.float8)',
		'FUNCTION affinity.contrast_numeric_mistake_of_0_1_0(pg_catalog.bytea, pg_catalog.float8)',
		'AGGREGATE affinity.log_rank_of_0_1_0(pg_catalog."any", pg_catalog.float8)',
		'FUNCTION affinity.log_rank_mistake_of_0_1_0(pg_catalog.bytea, pg_catalog."any", pg_catalog.float8)',
		'AGGREGATE affinity.log_rank_of_0_1_0(pg_catalog."any", pg_catalog.text, pg_catalog.bool)',
		'FUNCTION affinity.log_rank_mistake_of_0_1_0(pg_catalog.bytea, pg_catalog."any", pg_catalog.text, pg_catalog.bool)',
		'AGGREGATE affinity.log_rank_of_0_1_0(pg_catalog."any", pg_catalog.interval, pg_catalog.bool)',
		'FUNCTION affinity.log_rank_mistake_of_0_1_0(pg_catalog.bytea, pg_catalog."any", pg_catalog.interval, pg_catalog.bool)',
		'AGGREGATE affinity.customer_summary_of_0_1_0(affinity.moment, pg_catalog.text, pg_catalog.text)',
		'FUNCTION affinity.customer_summary_mistake_of_0_1_0(pg_catalog.bytea, affinity.moment, pg_catalog.text, pg_catalog.text)',
		'AGGREGATE affinity.customer_summary_of_0_1_0(affinity.moment, pg_catalog.text)',
		'FUNCTION affinity.customer_summary_mistake_of_0_1_0(pg_catalog.bytea, affinity.moment, pg_catalog.text)',
		'AGGREGATE affinity.customer_summary_of_0_1_0(pg_catalog.float8, affinity.moment, pg_catalog.text)',
		'FUNCTION affinity.customer_summary_mistake_of_0_1_0(pg_catalog.bytea, pg_catalog.float8, affinity.moment, pg_catalog.text)',
		'AGGREGATE affinity.customer_summary_of_0_1_0(pg_catalog.float8, affinity.moment)',
		'FUNCTION affinity.customer_summary_mistake_of_0_1_0(pg_catalog.bytea, pg_catalog.float8, affinity.moment)',
		'FUNCTION affinity.cluster_experiment_of_0_1_0(pg_catalog.text[], affinity.cluster_metric[], pg_catalog.text, pg_catalog.float8)']
	LOOP
		BEGIN
			EXECUTE 'DROP ' || former;
		EXCEPTION WHEN dependent_objects_still_exist THEN
			GET STACKED DIAGNOSTICS others = PG_EXCEPTION_DETAIL;
			EXECUTE 'ALTER EXTENSION affinity DROP ' || former;
			RAISE WARNING '% stays', former
				USING DETAIL = others, HINT = 'Build on what is in its place now; then: DROP ' || former || ';';
		END;
	END LOOP;
END;
$$;

-- Models get the functions of this version, each as its owner; what fails is a warning.
SELECT FROM affinity.upgrade_models();
