-- Mistaken calls of the aggregates of 72-79, as 68-mistakes.sql has for those before.
-- C: src/experiment/metric_mistake.c, src/cluster/mistake.c, src/uplift/mistake.c,
-- src/attribution/mistake.c, src/trending/mistake.c, src/community/mistake.c,
-- src/forecast/mistake.c

--table metric_mistake: NAME | TYPES | NAMED | SYMBOL
-- metric_agg | pg_catalog.interval | value pg_catalog.interval | affinity_experiment_interval_mistake
-- ratio_agg | pg_catalog.float8 | numerator pg_catalog.float8 | affinity_experiment_denominator_mistake
-- metric_quantile_agg | pg_catalog.float8 | value pg_catalog.float8 | affinity_experiment_quantile_mistake

--for metric_mistake
CREATE FUNCTION affinity.{NAME}_mistake(affinity.metric, {TYPES})
RETURNS affinity.metric
LANGUAGE C STABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', '{SYMBOL}';

COMMENT ON FUNCTION affinity.{NAME}_mistake(affinity.metric, {TYPES}) IS
	'transition function of mistaken calls';

CREATE AGGREGATE affinity.{NAME}({NAMED}) (
	SFUNC = affinity.{NAME}_mistake,
	STYPE = affinity.metric,
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE affinity.{NAME}({TYPES}) IS
	'a mistaken call of {NAME}: the error says what to write instead';

--end
--table growth_mistake: NAME | TYPES | NAMED | FUNCTION | STATE | SYMBOL
-- decayed_count | pg_catalog.text, pg_catalog.text | at pg_catalog.text, half_life pg_catalog.text | decayed_count_mistake | affinity.decayed | affinity_trending_text_mistake
-- decayed_count | pg_catalog.text, pg_catalog.interval | at pg_catalog.text, half_life pg_catalog.interval | decayed_count_mistake | affinity.decayed | affinity_trending_text_mistake
-- decayed_count | pg_catalog.text, pg_catalog.text, pg_catalog.float8 | at pg_catalog.text, half_life pg_catalog.text, weight pg_catalog.float8 | decayed_count_mistake | affinity.decayed | affinity_trending_text_mistake
-- decayed_count | pg_catalog.text, pg_catalog.interval, pg_catalog.float8 | at pg_catalog.text, half_life pg_catalog.interval, weight pg_catalog.float8 | decayed_count_mistake | affinity.decayed | affinity_trending_text_mistake
-- velocity | pg_catalog.text, pg_catalog.text, affinity.moment | at pg_catalog.text, "window" pg_catalog.text, as_of affinity.moment | velocity_mistake | affinity.velocity | affinity_trending_text_mistake
-- velocity | pg_catalog.text, pg_catalog.interval, affinity.moment | at pg_catalog.text, "window" pg_catalog.interval, as_of affinity.moment | velocity_mistake | affinity.velocity | affinity_trending_text_mistake
-- decayed_count | affinity.moment | at affinity.moment | decayed_count_mistake | affinity.decayed | affinity_trending_half_life_mistake
-- decayed_count | affinity.moment, pg_catalog.float8 | at affinity.moment, half_life pg_catalog.float8 | decayed_count_mistake | affinity.decayed | affinity_trending_number_mistake
-- decayed_count | affinity.moment, pg_catalog.float8, pg_catalog.float8 | at affinity.moment, half_life pg_catalog.float8, weight pg_catalog.float8 | decayed_count_mistake | affinity.decayed | affinity_trending_number_mistake
-- decayed_count | pg_catalog.float8, affinity.moment, pg_catalog.interval | weight pg_catalog.float8, at affinity.moment, half_life pg_catalog.interval | decayed_count_mistake | affinity.decayed | affinity_trending_order_mistake
-- decayed_count | affinity.moment, pg_catalog.float8, pg_catalog.interval | at affinity.moment, weight pg_catalog.float8, half_life pg_catalog.interval | decayed_count_mistake | affinity.decayed | affinity_trending_order_mistake
-- velocity | affinity.moment | at affinity.moment | velocity_mistake | affinity.velocity | affinity_trending_window_mistake
-- velocity | affinity.moment, pg_catalog.interval | at affinity.moment, "window" pg_catalog.interval | velocity_mistake | affinity.velocity | affinity_trending_as_of_mistake
-- velocity | affinity.moment, pg_catalog.float8, affinity.moment | at affinity.moment, "window" pg_catalog.float8, as_of affinity.moment | velocity_mistake | affinity.velocity | affinity_trending_number_mistake
-- series_agg | pg_catalog.timestamptz, pg_catalog.float8 | at pg_catalog.timestamptz, value pg_catalog.float8 | series_mistake | affinity.series | affinity_forecast_no_unit_mistake
-- series_agg | pg_catalog.timestamp, pg_catalog.float8 | at pg_catalog.timestamp, value pg_catalog.float8 | series_mistake | affinity.series | affinity_forecast_no_unit_mistake
-- series_agg | pg_catalog.date, pg_catalog.float8 | at pg_catalog.date, value pg_catalog.float8 | series_mistake | affinity.series | affinity_forecast_no_unit_mistake
-- series_agg | pg_catalog.timestamptz, pg_catalog.float8, pg_catalog.interval | at pg_catalog.timestamptz, value pg_catalog.float8, unit pg_catalog.interval | series_mistake | affinity.series | affinity_forecast_unit_mistake
-- series_agg | pg_catalog.timestamp, pg_catalog.float8, pg_catalog.interval | at pg_catalog.timestamp, value pg_catalog.float8, unit pg_catalog.interval | series_mistake | affinity.series | affinity_forecast_unit_mistake
-- series_agg | pg_catalog.date, pg_catalog.float8, pg_catalog.interval | at pg_catalog.date, value pg_catalog.float8, unit pg_catalog.interval | series_mistake | affinity.series | affinity_forecast_unit_mistake
-- series_agg | pg_catalog.float8, pg_catalog.timestamptz, pg_catalog.text | value pg_catalog.float8, at pg_catalog.timestamptz, unit pg_catalog.text | series_mistake | affinity.series | affinity_forecast_order_mistake
-- series_agg | pg_catalog.float8, pg_catalog.timestamp, pg_catalog.text | value pg_catalog.float8, at pg_catalog.timestamp, unit pg_catalog.text | series_mistake | affinity.series | affinity_forecast_order_mistake
-- series_agg | pg_catalog.float8, pg_catalog.date, pg_catalog.text | value pg_catalog.float8, at pg_catalog.date, unit pg_catalog.text | series_mistake | affinity.series | affinity_forecast_order_mistake

--for growth_mistake
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
--table attribution_mistake: TYPES | NAMED | SYMBOL
-- affinity.moment, pg_catalog.text, pg_catalog.bool | at affinity.moment, channel pg_catalog.text, converted pg_catalog.bool | affinity_attribution_time_mistake
-- affinity.moment, pg_catalog.text, pg_catalog.bool, pg_catalog.float8 | at affinity.moment, channel pg_catalog.text, converted pg_catalog.bool, value pg_catalog.float8 | affinity_attribution_time_mistake
-- affinity.moment, pg_catalog.text | at affinity.moment, channel pg_catalog.text | affinity_attribution_converted_mistake
-- affinity.moment, pg_catalog."any", pg_catalog.bool | at affinity.moment, channel pg_catalog."any", converted pg_catalog.bool | affinity_attribution_channel_mistake
-- affinity.moment, pg_catalog."any", pg_catalog.bool, pg_catalog.float8 | at affinity.moment, channel pg_catalog."any", converted pg_catalog.bool, value pg_catalog.float8 | affinity_attribution_channel_mistake
-- affinity.moment, pg_catalog.text, pg_catalog.float8 | at affinity.moment, channel pg_catalog.text, converted pg_catalog.float8 | affinity_attribution_number_mistake
-- affinity.moment, pg_catalog.text, pg_catalog.float8, pg_catalog.float8 | at affinity.moment, channel pg_catalog.text, converted pg_catalog.float8, value pg_catalog.float8 | affinity_attribution_number_mistake

--for attribution_mistake
CREATE FUNCTION affinity.attribution_mistake(affinity.attribution, pg_catalog."any", {TYPES})
RETURNS affinity.attribution
LANGUAGE C STABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', '{SYMBOL}';

COMMENT ON FUNCTION affinity.attribution_mistake(affinity.attribution, pg_catalog."any", {TYPES}) IS
	'transition function of mistaken calls';

CREATE AGGREGATE affinity.attribution_agg(user_id pg_catalog."any", {NAMED}) (
	SFUNC = affinity.attribution_mistake,
	STYPE = affinity.attribution,
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE affinity.attribution_agg(pg_catalog."any", {TYPES}) IS
	'a mistaken call of attribution_agg: the error says what to write instead';

--end
-- A lookback in quotes: of every type of user, or the calls that are right would be as good.

--table lookback_mistake: TYPES | NAMED | SYMBOL
-- pg_catalog.timestamptz, pg_catalog.text, pg_catalog.bool, pg_catalog.text | at pg_catalog.timestamptz, channel pg_catalog.text, converted pg_catalog.bool, lookback pg_catalog.text | affinity_attribution_text_mistake
-- pg_catalog.timestamp, pg_catalog.text, pg_catalog.bool, pg_catalog.text | at pg_catalog.timestamp, channel pg_catalog.text, converted pg_catalog.bool, lookback pg_catalog.text | affinity_attribution_text_mistake

--for lookback_mistake state_user
CREATE FUNCTION affinity.attribution_mistake(affinity.attribution, pg_catalog.{USER}, {TYPES})
RETURNS affinity.attribution
LANGUAGE C STABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', '{SYMBOL}';

COMMENT ON FUNCTION affinity.attribution_mistake(affinity.attribution, pg_catalog.{USER}, {TYPES}) IS
	'transition function of mistaken calls';

CREATE AGGREGATE affinity.attribution_agg(user_id pg_catalog.{USER}, {NAMED}) (
	SFUNC = affinity.attribution_mistake,
	STYPE = affinity.attribution,
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE affinity.attribution_agg(pg_catalog.{USER}, {TYPES}) IS
	'a mistaken call of attribution_agg: the error says what to write instead';

--end
--table cluster_mistake: VALUE
-- float8
-- bool

--for cluster_mistake
CREATE FUNCTION affinity.cluster_metric_mistake(affinity.cluster_metric, pg_catalog.{VALUE})
RETURNS affinity.cluster_metric
LANGUAGE C STABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'affinity_cluster_metric_mistake';

COMMENT ON FUNCTION affinity.cluster_metric_mistake(affinity.cluster_metric, pg_catalog.{VALUE}) IS
	'transition function of mistaken calls';

CREATE AGGREGATE affinity.cluster_metric_agg(value pg_catalog.{VALUE}) (
	SFUNC = affinity.cluster_metric_mistake,
	STYPE = affinity.cluster_metric,
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE affinity.cluster_metric_agg(pg_catalog.{VALUE}) IS
	'a mistaken call of cluster_metric_agg: the error says what to write instead';

CREATE FUNCTION affinity.did_mistake(affinity.did, pg_catalog.{VALUE}, pg_catalog.bool, pg_catalog.bool)
RETURNS affinity.did
LANGUAGE C STABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'affinity_cluster_did_mistake';

COMMENT ON FUNCTION affinity.did_mistake(affinity.did, pg_catalog.{VALUE}, pg_catalog.bool, pg_catalog.bool) IS
	'transition function of mistaken calls';

CREATE AGGREGATE affinity.did_agg(value pg_catalog.{VALUE}, treated pg_catalog.bool, after pg_catalog.bool) (
	SFUNC = affinity.did_mistake,
	STYPE = affinity.did,
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE affinity.did_agg(pg_catalog.{VALUE}, pg_catalog.bool, pg_catalog.bool) IS
	'a mistaken call of did_agg: the error says what to write instead';

CREATE FUNCTION affinity.did_mistake(affinity.did, pg_catalog.{VALUE}, affinity.condition, affinity.condition, pg_catalog."any")
RETURNS affinity.did
LANGUAGE C STABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'affinity_cluster_did_mistake';

COMMENT ON FUNCTION affinity.did_mistake(affinity.did, pg_catalog.{VALUE}, affinity.condition, affinity.condition, pg_catalog."any") IS
	'transition function of mistaken calls';

CREATE AGGREGATE affinity.did_agg(value pg_catalog.{VALUE}, treated affinity.condition, after affinity.condition, cluster pg_catalog."any") (
	SFUNC = affinity.did_mistake,
	STYPE = affinity.did,
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE affinity.did_agg(pg_catalog.{VALUE}, affinity.condition, affinity.condition, pg_catalog."any") IS
	'a mistaken call of did_agg: the error says what to write instead';

--end
--table uplift_mistake: TYPES | NAMED | SYMBOL
-- pg_catalog.float8, pg_catalog.float8, pg_catalog.float8 | score pg_catalog.float8, treated pg_catalog.float8, outcome pg_catalog.float8 | affinity_uplift_treated_mistake
-- pg_catalog.float8, pg_catalog.float8, pg_catalog.bool | score pg_catalog.float8, treated pg_catalog.float8, outcome pg_catalog.bool | affinity_uplift_treated_mistake
-- pg_catalog.float8, pg_catalog.bool | score pg_catalog.float8, treated pg_catalog.bool | affinity_uplift_outcome_mistake

--table uplift_aggregate: NAME | FUNCTION | STATE
-- uplift_agg | uplift_mistake | affinity.uplift
-- qini | qini_mistake | pg_catalog.float8
-- auuc | auuc_mistake | pg_catalog.float8

--for uplift_mistake uplift_aggregate
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
-- Calls without the type of members. The second argument is of a type that nothing else is, so that a second value
-- never comes to it.

--table community_mistake: NAME | ROWS | OPTIONS | TYPES | COLUMNS
-- communities | edges | , resolution pg_catalog.float8 DEFAULT NULL, method pg_catalog.text DEFAULT NULL, quality pg_catalog.text DEFAULT NULL, seed pg_catalog.int8 DEFAULT NULL, iterations pg_catalog.int8 DEFAULT NULL | , pg_catalog.float8, pg_catalog.text, pg_catalog.text, pg_catalog.int8, pg_catalog.int8 | community pg_catalog.int8, size pg_catalog.int8, strength pg_catalog.float8, inside pg_catalog.float8, modularity pg_catalog.float8
-- influence | edges | , damping pg_catalog.float8 DEFAULT NULL, directed pg_catalog.bool DEFAULT NULL | , pg_catalog.float8, pg_catalog.bool | influence pg_catalog.float8, links_in pg_catalog.int8, links_out pg_catalog.int8, core pg_catalog.int8
-- reciprocity_by_member | edges | | | given pg_catalog.int8, received pg_catalog.int8, mutual pg_catalog.int8, reciprocity pg_catalog.float8, weighted pg_catalog.float8
-- referrals | invitations | | | inviter pg_catalog.text, root pg_catalog.text, depth pg_catalog.int8, invited pg_catalog.int8, joined pg_catalog.int8, descendants pg_catalog.int8, in_cycle pg_catalog.bool

--for community_mistake
CREATE FUNCTION affinity.{NAME}(
	{ROWS} pg_catalog.text,
	no_id_type affinity.inequality DEFAULT NULL{OPTIONS})
RETURNS TABLE (
	member pg_catalog.text,
	{COLUMNS})
LANGUAGE C STABLE
AS 'MODULE_PATHNAME', 'affinity_community_id_type_mistake';

COMMENT ON FUNCTION affinity.{NAME}(pg_catalog.text, affinity.inequality{TYPES}) IS
	'a mistaken call of {NAME}: the error says what to write instead';

--end
