-- Mistaken calls of the aggregates of 72-79, as 68-mistakes.sql has for those before.
-- C: src/attribution/mistake.c

--table attribution_mistake: TYPES | NAMED | SYMBOL
-- affinity.moment, pg_catalog.text, pg_catalog.bool | at affinity.moment, channel pg_catalog.text, converted pg_catalog.bool | affinity_attribution_time_mistake
-- affinity.moment, pg_catalog.text, pg_catalog.bool, pg_catalog.float8 | at affinity.moment, channel pg_catalog.text, converted pg_catalog.bool, value pg_catalog.float8 | affinity_attribution_time_mistake
-- affinity.moment, pg_catalog.text | at affinity.moment, channel pg_catalog.text | affinity_attribution_converted_mistake
-- affinity.moment, pg_catalog.text, pg_catalog.float8 | at affinity.moment, channel pg_catalog.text, converted pg_catalog.float8 | affinity_attribution_number_mistake
-- affinity.moment, pg_catalog.text, pg_catalog.float8, pg_catalog.float8 | at affinity.moment, channel pg_catalog.text, converted pg_catalog.float8, value pg_catalog.float8 | affinity_attribution_number_mistake
-- pg_catalog.timestamptz, pg_catalog.text, pg_catalog.bool, pg_catalog.text | at pg_catalog.timestamptz, channel pg_catalog.text, converted pg_catalog.bool, lookback pg_catalog.text | affinity_attribution_text_mistake
-- pg_catalog.timestamp, pg_catalog.text, pg_catalog.bool, pg_catalog.text | at pg_catalog.timestamp, channel pg_catalog.text, converted pg_catalog.bool, lookback pg_catalog.text | affinity_attribution_text_mistake

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
