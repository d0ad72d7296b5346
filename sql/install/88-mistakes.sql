-- Mistaken calls of the aggregates of 84-87, as 68-mistakes.sql has for those before.
-- C: src/customer/mistake.c, src/survival/mistake.c, src/profile/mistake.c

--table late_mistake: NAME | TYPES | NAMED | FUNCTION | STATE | SYMBOL
-- customer_summary | pg_catalog.float8, affinity.moment | amount pg_catalog.float8, at affinity.moment | customer_summary_mistake | affinity.customer_summary | affinity_customer_summary_mistake
-- customer_summary | pg_catalog.float8, affinity.moment, pg_catalog.text | amount pg_catalog.float8, at affinity.moment, unit pg_catalog.text | customer_summary_mistake | affinity.customer_summary | affinity_customer_summary_mistake
-- customer_summary | affinity.moment, pg_catalog.text | at affinity.moment, amount pg_catalog.text | customer_summary_mistake | affinity.customer_summary | affinity_customer_summary_mistake
-- customer_summary | affinity.moment, pg_catalog.text, pg_catalog.text | at affinity.moment, amount pg_catalog.text, unit pg_catalog.text | customer_summary_mistake | affinity.customer_summary | affinity_customer_summary_mistake
-- survival_agg | pg_catalog.interval, pg_catalog.bool | duration pg_catalog.interval, event pg_catalog.bool | survival_mistake | affinity.survival | affinity_survival_duration_mistake
-- survival_agg | pg_catalog.interval, pg_catalog.bool, pg_catalog.interval | duration pg_catalog.interval, event pg_catalog.bool, entry pg_catalog.interval | survival_mistake | affinity.survival | affinity_survival_duration_mistake
-- survival_agg | pg_catalog.text, pg_catalog.bool | duration pg_catalog.text, event pg_catalog.bool | survival_mistake | affinity.survival | affinity_survival_text_mistake
-- survival_agg | pg_catalog.text, pg_catalog.bool, pg_catalog.text | duration pg_catalog.text, event pg_catalog.bool, entry pg_catalog.text | survival_mistake | affinity.survival | affinity_survival_text_mistake
-- survival_agg | pg_catalog.float8 | duration pg_catalog.float8 | survival_mistake | affinity.survival | affinity_survival_event_mistake
-- survival_agg | pg_catalog.float8, affinity.condition | duration pg_catalog.float8, event affinity.condition | survival_mistake | affinity.survival | affinity_survival_event_mistake
-- survival_agg | pg_catalog.float8, affinity.condition, pg_catalog.float8 | duration pg_catalog.float8, event affinity.condition, entry pg_catalog.float8 | survival_mistake | affinity.survival | affinity_survival_event_mistake
-- survival_agg | pg_catalog.float8, affinity.condition, pg_catalog.float8, pg_catalog.float8 | duration pg_catalog.float8, event affinity.condition, entry pg_catalog.float8, weight pg_catalog.float8 | survival_mistake | affinity.survival | affinity_survival_event_mistake
-- log_rank | pg_catalog."any", pg_catalog.interval, pg_catalog.bool | "group" pg_catalog."any", duration pg_catalog.interval, event pg_catalog.bool | log_rank_mistake | affinity.log_rank | affinity_survival_duration_mistake
-- log_rank | pg_catalog."any", pg_catalog.text, pg_catalog.bool | "group" pg_catalog."any", duration pg_catalog.text, event pg_catalog.bool | log_rank_mistake | affinity.log_rank | affinity_survival_text_mistake
-- log_rank | pg_catalog."any", pg_catalog.float8 | "group" pg_catalog."any", duration pg_catalog.float8 | log_rank_mistake | affinity.log_rank | affinity_survival_rank_event_mistake
-- log_rank | pg_catalog."any", pg_catalog.float8, affinity.condition | "group" pg_catalog."any", duration pg_catalog.float8, event affinity.condition | log_rank_mistake | affinity.log_rank | affinity_survival_rank_event_mistake
-- log_rank | pg_catalog."any", pg_catalog.float8, affinity.condition, pg_catalog."any" | "group" pg_catalog."any", duration pg_catalog.float8, event affinity.condition, stratum pg_catalog."any" | log_rank_mistake | affinity.log_rank | affinity_survival_rank_event_mistake
-- log_rank | pg_catalog."any", pg_catalog.float8, affinity.condition, pg_catalog."any", pg_catalog.text | "group" pg_catalog."any", duration pg_catalog.float8, event affinity.condition, stratum pg_catalog."any", weights pg_catalog.text | log_rank_mistake | affinity.log_rank | affinity_survival_rank_event_mistake
-- log_rank | pg_catalog."any", pg_catalog.float8, affinity.condition, pg_catalog."any", pg_catalog.text, pg_catalog.float8 | "group" pg_catalog."any", duration pg_catalog.float8, event affinity.condition, stratum pg_catalog."any", weights pg_catalog.text, entry pg_catalog.float8 | log_rank_mistake | affinity.log_rank | affinity_survival_rank_event_mistake
-- contrast_agg | pg_catalog."any" | attribute pg_catalog."any" | contrast_mistake | affinity.contrast | affinity_profile_mistake
-- contrast_agg | affinity.condition, pg_catalog."any" | in_segment affinity.condition, attribute pg_catalog."any" | contrast_mistake | affinity.contrast | affinity_profile_attribute_mistake
-- contrast_numeric | affinity.condition, pg_catalog.float8 | in_segment affinity.condition, value pg_catalog.float8 | contrast_numeric_mistake | affinity.contrast_numeric | affinity_profile_numeric_mistake
-- contrast_numeric | pg_catalog.float8 | value pg_catalog.float8 | contrast_numeric_mistake | affinity.contrast_numeric | affinity_profile_numeric_mistake

--for late_mistake
CREATE FUNCTION affinity.{FUNCTION}({STATE}, {TYPES})
RETURNS {STATE}
LANGUAGE C STABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', '{SYMBOL}';

COMMENT ON FUNCTION affinity.{FUNCTION}({STATE}, {TYPES}) IS
	'transition function of mistaken calls';

CREATE AGGREGATE affinity.{NAME}({NAMED}) (
	SFUNC = affinity.{FUNCTION},
	STYPE = {STATE},
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE affinity.{NAME}({TYPES}) IS
	'a mistaken call of {NAME}: the error says what to write instead';

--end
