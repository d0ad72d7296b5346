-- Calls that cannot be meant: a forgotten time zone, a time that is a number or a
-- text, a unit that is an interval, a time before its user. They are taken where no
-- other form is, and are errors that say what to write instead.
--
-- No call that works may come here. So an argument is "any" only where the other
-- forms have a word there, which wins where it is a text or untyped. Times are of type moment,
-- to which numbers are cast with an error; timestamptz is preferred to it.
-- C: src/activity/mistake.c, src/eventlog/mistake.c, src/revenue/mistake.c, src/calendar/moment.c

--table activity_mistake: STATE | NAME | TYPES | NAMED | SYMBOL
-- activity | activity_agg | | | affinity_activity_mistake
-- activity | activity_agg | , pg_catalog."any" | , unit pg_catalog."any" | affinity_activity_mistake
-- activity | activity_agg | , pg_catalog."any", pg_catalog."any" | , unit pg_catalog."any", time_zone pg_catalog."any" | affinity_activity_mistake
-- activity | activity_agg | , pg_catalog."any", pg_catalog."any", pg_catalog."any" | , unit pg_catalog."any", is_start pg_catalog."any", is_return pg_catalog."any" | affinity_activity_mistake
-- activity | activity_agg | , pg_catalog."any", pg_catalog."any", pg_catalog.bool, pg_catalog.bool | , unit pg_catalog."any", time_zone pg_catalog."any", is_start pg_catalog.bool, is_return pg_catalog.bool | affinity_activity_mistake
-- value | value_agg | , pg_catalog."any" | , unit pg_catalog."any" | affinity_activity_value_mistake
-- value | value_agg | , pg_catalog.float8, pg_catalog."any" | , value pg_catalog.float8, unit pg_catalog."any" | affinity_activity_value_mistake
-- value | value_agg | , pg_catalog.float8, pg_catalog."any", pg_catalog."any" | , value pg_catalog.float8, unit pg_catalog."any", time_zone pg_catalog."any" | affinity_activity_value_mistake

--for activity_mistake
CREATE FUNCTION affinity.{STATE}_mistake(affinity.{STATE}, pg_catalog."any", affinity.moment{TYPES})
RETURNS affinity.{STATE}
LANGUAGE C STABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', '{SYMBOL}';

COMMENT ON FUNCTION affinity.{STATE}_mistake(affinity.{STATE}, pg_catalog."any", affinity.moment{TYPES}) IS
	'transition function of a mistaken call of {NAME}';

CREATE AGGREGATE affinity.{NAME}(user_id pg_catalog."any", at affinity.moment{NAMED}) (
	SFUNC = affinity.{STATE}_mistake,
	STYPE = affinity.{STATE},
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE affinity.{NAME}(pg_catalog."any", affinity.moment{TYPES}) IS
	'a mistaken call of {NAME}: the error says what to write instead';

--end
--table range_mistake: TYPES | NAMED
-- pg_catalog."any", pg_catalog.bool | unit pg_catalog."any", is_start pg_catalog.bool
-- pg_catalog."any", pg_catalog."any", pg_catalog.bool | unit pg_catalog."any", time_zone pg_catalog."any", is_start pg_catalog.bool
-- pg_catalog."any", pg_catalog."any", pg_catalog."any", pg_catalog.bool | unit pg_catalog."any", time_zone pg_catalog."any", counted pg_catalog."any", is_start pg_catalog.bool

--for range_mistake
CREATE FUNCTION affinity.value_range_mistake(affinity.value, pg_catalog."any", affinity.span, pg_catalog.float8, {TYPES})
RETURNS affinity.value
LANGUAGE C STABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'affinity_revenue_range_mistake';

COMMENT ON FUNCTION affinity.value_range_mistake(affinity.value, pg_catalog."any", affinity.span, pg_catalog.float8, {TYPES}) IS
	'transition function of a mistaken call of value_agg';

CREATE AGGREGATE affinity.value_agg(user_id pg_catalog."any", during affinity.span, amount pg_catalog.float8, {NAMED}) (
	SFUNC = affinity.value_range_mistake,
	STYPE = affinity.value,
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE affinity.value_agg(pg_catalog."any", affinity.span, pg_catalog.float8, {TYPES}) IS
	'a mistaken call of value_agg: the error says what to write instead';

--end
--table coarsen_mistake: STATE
-- activity
-- value

--for coarsen_mistake
CREATE FUNCTION affinity.coarsen({STATE} affinity.{STATE}, unit pg_catalog.interval)
RETURNS affinity.{STATE}
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'affinity_activity_coarsen_mistake';

COMMENT ON FUNCTION affinity.coarsen(affinity.{STATE}, pg_catalog.interval) IS
	'a mistaken call of coarsen: the error says what to write instead';

--end
--table event_mistake: FUNCTION | STATE | TYPES | SYMBOL
-- funnel_agg_mistake | affinity.funnel | pg_catalog."any", affinity.moment, pg_catalog.interval, VARIADIC pg_catalog."any" | affinity_eventlog_mistake
-- funnel_mistake | affinity.funnel | pg_catalog."any", pg_catalog."any", affinity.moment, VARIADIC pg_catalog."any" | affinity_eventlog_window_mistake
-- sequence_mistake | affinity.sequence | pg_catalog."any", affinity.moment, VARIADIC pg_catalog."any" | affinity_eventlog_mistake
-- sequence_next_mistake | pg_catalog.bytea | pg_catalog."any", pg_catalog."any", affinity.moment, pg_catalog.text, pg_catalog.bool | affinity_eventlog_mistake
-- sequence_next_mistake | pg_catalog.bytea | pg_catalog."any", pg_catalog."any", affinity.moment, pg_catalog.text, pg_catalog.bool, VARIADIC pg_catalog."any" | affinity_eventlog_mistake

--for event_mistake
CREATE FUNCTION affinity.{FUNCTION}({STATE}, {TYPES})
RETURNS {STATE}
LANGUAGE C STABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', '{SYMBOL}';

COMMENT ON FUNCTION affinity.{FUNCTION}({STATE}, {TYPES}) IS
	'transition function of mistaken calls';

--end
--table event_call: NAME | TYPES | STATE | FUNCTION | FINAL | NAMED
-- funnel_agg | pg_catalog."any", affinity.moment, pg_catalog.interval, VARIADIC pg_catalog."any" | affinity.funnel | funnel_agg_mistake | funnel_final | user_id pg_catalog."any", at affinity.moment, "window" pg_catalog.interval, VARIADIC conditions pg_catalog."any"
-- window_funnel | pg_catalog."any", pg_catalog."any", affinity.moment, VARIADIC pg_catalog."any" | affinity.funnel | funnel_mistake | window_funnel_final | "window" pg_catalog."any", mode pg_catalog."any", at affinity.moment, VARIADIC conditions pg_catalog."any"
-- windowfunnel | pg_catalog."any", pg_catalog."any", affinity.moment, VARIADIC pg_catalog."any" | affinity.funnel | funnel_mistake | window_funnel_final | "window" pg_catalog."any", mode pg_catalog."any", at affinity.moment, VARIADIC conditions pg_catalog."any"
-- funnel_times | pg_catalog."any", pg_catalog."any", affinity.moment, VARIADIC pg_catalog."any" | affinity.funnel | funnel_mistake | funnel_times_timestamptz_final | "window" pg_catalog."any", mode pg_catalog."any", at affinity.moment, VARIADIC conditions pg_catalog."any"
-- sequence_match | pg_catalog."any", affinity.moment, VARIADIC pg_catalog."any" | affinity.sequence | sequence_mistake | sequence_match_final | pattern pg_catalog."any", at affinity.moment, VARIADIC conditions pg_catalog."any"
-- sequence_count | pg_catalog."any", affinity.moment, VARIADIC pg_catalog."any" | affinity.sequence | sequence_mistake | sequence_count_final | pattern pg_catalog."any", at affinity.moment, VARIADIC conditions pg_catalog."any"
-- sequence_match_events | pg_catalog."any", affinity.moment, VARIADIC pg_catalog."any" | affinity.sequence | sequence_mistake | sequence_events_timestamptz_final | pattern pg_catalog."any", at affinity.moment, VARIADIC conditions pg_catalog."any"
-- sequence_next_node | pg_catalog."any", pg_catalog."any", affinity.moment, pg_catalog.text, pg_catalog.bool | pg_catalog.bytea | sequence_next_mistake | sequence_next_final | direction pg_catalog."any", base pg_catalog."any", at affinity.moment, value pg_catalog.text, base_condition pg_catalog.bool
-- sequence_next_node | pg_catalog."any", pg_catalog."any", affinity.moment, pg_catalog.text, pg_catalog.bool, VARIADIC pg_catalog."any" | pg_catalog.bytea | sequence_next_mistake | sequence_next_final | direction pg_catalog."any", base pg_catalog."any", at affinity.moment, value pg_catalog.text, base_condition pg_catalog.bool, VARIADIC events pg_catalog."any"

--for event_call
CREATE AGGREGATE affinity.{NAME}({NAMED}) (
	SFUNC = affinity.{FUNCTION},
	STYPE = {STATE},
	FINALFUNC = affinity.{FINAL},
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE affinity.{NAME}({TYPES}) IS
	'a mistaken call of {NAME}: the error says what to write instead';

--end
CREATE FUNCTION affinity.sessionize(at affinity.moment, gap pg_catalog.interval)
RETURNS pg_catalog.int8
LANGUAGE C WINDOW IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'affinity_eventlog_session_mistake';

COMMENT ON FUNCTION affinity.sessionize(affinity.moment, pg_catalog.interval) IS
	'a mistaken call of sessionize: the error says what to write instead';

CREATE FUNCTION affinity.session_summaries_mistake(
	pg_catalog.bytea,
	affinity.moment,
	pg_catalog.text,
	pg_catalog.interval)
RETURNS pg_catalog.bytea
LANGUAGE C STABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'affinity_eventlog_mistake';

COMMENT ON FUNCTION affinity.session_summaries_mistake(
	pg_catalog.bytea,
	affinity.moment,
	pg_catalog.text,
	pg_catalog.interval) IS
	'transition function of a mistaken call of session_summaries';

CREATE AGGREGATE affinity.session_summaries(
	at affinity.moment,
	page pg_catalog.text,
	gap pg_catalog.interval) (
	SFUNC = affinity.session_summaries_mistake,
	STYPE = pg_catalog.bytea,
	FINALFUNC = affinity.session_summaries_timestamptz_final,
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE affinity.session_summaries(affinity.moment, pg_catalog.text, pg_catalog.interval) IS
	'a mistaken call of session_summaries: the error says what to write instead';
