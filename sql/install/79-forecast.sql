-- What a series will be, and what in it was not expected. C: src/forecast

CREATE TYPE affinity.series;

CREATE FUNCTION affinity.series_in(pg_catalog.cstring)
RETURNS affinity.series
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'affinity_forecast_series_in';

COMMENT ON FUNCTION affinity.series_in(pg_catalog.cstring) IS
	'input of type series: base64; 22P03 unless every part of the state is sound';

CREATE FUNCTION affinity.series_out(affinity.series)
RETURNS pg_catalog.cstring
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'affinity_forecast_series_out';

COMMENT ON FUNCTION affinity.series_out(affinity.series) IS
	'output of type series: base64';

CREATE FUNCTION affinity.series_recv(pg_catalog.internal)
RETURNS affinity.series
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'affinity_forecast_series_recv';

COMMENT ON FUNCTION affinity.series_recv(pg_catalog.internal) IS
	'binary input of type series, checked as its text is';

CREATE FUNCTION affinity.series_send(affinity.series)
RETURNS pg_catalog.bytea
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'affinity_forecast_series_send';

COMMENT ON FUNCTION affinity.series_send(affinity.series) IS
	'binary output of type series';

CREATE TYPE affinity.series (
	INPUT = affinity.series_in,
	OUTPUT = affinity.series_out,
	RECEIVE = affinity.series_recv,
	SEND = affinity.series_send,
	INTERNALLENGTH = VARIABLE,
	ALIGNMENT = double,
	STORAGE = extended
);

COMMENT ON TYPE affinity.series IS
	'a sum for each period: made by series_agg, read by forecast, forecast_model and anomaly';

CREATE FUNCTION affinity.series_combine(affinity.series, affinity.series)
RETURNS affinity.series
LANGUAGE C STABLE STRICT PARALLEL SAFE COST 100
AS 'MODULE_PATHNAME', 'affinity_forecast_combine';

COMMENT ON FUNCTION affinity.series_combine(affinity.series, affinity.series) IS
	'combine function of series_agg';

CREATE FUNCTION affinity.series_final(affinity.series)
RETURNS affinity.series
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100
AS 'MODULE_PATHNAME', 'affinity_forecast_final';

COMMENT ON FUNCTION affinity.series_final(affinity.series) IS
	'final function of series_agg';

CREATE AGGREGATE affinity.rollup(series affinity.series) (
	SFUNC = affinity.series_combine,
	STYPE = affinity.series,
	SSPACE = 1000,
	FINALFUNC = affinity.series_final,
	COMBINEFUNC = affinity.series_combine,
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE affinity.rollup(affinity.series) IS
	'merges series exactly: the same state as one aggregate over all their rows';

CREATE FUNCTION affinity.rollup(series affinity.series, other affinity.series)
RETURNS affinity.series
LANGUAGE C STABLE PARALLEL SAFE COST 100
AS 'MODULE_PATHNAME', 'affinity_forecast_rollup';

COMMENT ON FUNCTION affinity.rollup(affinity.series, affinity.series) IS
	'merges two series exactly; NULL is a state without rows';

--table series_time: AT
-- timestamptz
-- timestamp
-- date

--table series_arguments: UNIT | TYPES | NAMED | ANSWER
-- session_unit | | | the sum of values in each period
-- word | , affinity.word | , time_zone affinity.word | the sum of values in each period of a time zone

--for series_time series_arguments
CREATE FUNCTION affinity.series_accum(affinity.series, pg_catalog.{AT}, pg_catalog.float8, affinity.{UNIT}{TYPES})
RETURNS affinity.series
LANGUAGE C STABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'affinity_forecast_accum';

COMMENT ON FUNCTION affinity.series_accum(affinity.series, pg_catalog.{AT}, pg_catalog.float8, affinity.{UNIT}{TYPES}) IS
	'transition function of series_agg for {AT}';

CREATE AGGREGATE affinity.series_agg(at pg_catalog.{AT}, value pg_catalog.float8, unit affinity.{UNIT}{NAMED}) (
	SFUNC = affinity.series_accum,
	STYPE = affinity.series,
	SSPACE = 1000,
	FINALFUNC = affinity.series_final,
	COMBINEFUNC = affinity.series_combine,
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE affinity.series_agg(pg_catalog.{AT}, pg_catalog.float8, affinity.{UNIT}{TYPES}) IS
	'{ANSWER}: hour, day, week, month, quarter or year';

--end
CREATE FUNCTION affinity.series_accum(affinity.series, pg_catalog.int8, pg_catalog.float8)
RETURNS affinity.series
LANGUAGE C IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'affinity_forecast_accum_number';

COMMENT ON FUNCTION affinity.series_accum(affinity.series, pg_catalog.int8, pg_catalog.float8) IS
	'transition function of series_agg for numbers';

CREATE AGGREGATE affinity.series_agg(period pg_catalog.int8, value pg_catalog.float8) (
	SFUNC = affinity.series_accum,
	STYPE = affinity.series,
	SSPACE = 1000,
	FINALFUNC = affinity.series_final,
	COMBINEFUNC = affinity.series_combine,
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE affinity.series_agg(pg_catalog.int8, pg_catalog.float8) IS
	'the sum of values in each period, where periods are numbers';

CREATE FUNCTION affinity.forecast(
	series affinity.series,
	horizon pg_catalog.int8,
	model pg_catalog.text DEFAULT 'auto',
	season pg_catalog.int8 DEFAULT NULL,
	confidence pg_catalog.float8 DEFAULT 0.95,
	fill pg_catalog.text DEFAULT 'missing',
	until affinity.moment DEFAULT NULL)
RETURNS TABLE (
	step pg_catalog.int8,
	period pg_catalog.timestamp,
	number pg_catalog.int8,
	value pg_catalog.float8,
	low pg_catalog.float8,
	high pg_catalog.float8)
LANGUAGE C STABLE PARALLEL SAFE COST 20000 ROWS 12
AS 'MODULE_PATHNAME', 'affinity_forecast_rows';

COMMENT ON FUNCTION affinity.forecast(affinity.series, pg_catalog.int8, pg_catalog.text, pg_catalog.int8, pg_catalog.float8, pg_catalog.text, affinity.moment) IS
	'what a series will be in the next periods, with intervals: exponential smoothing and Theta, with trend and season';

CREATE FUNCTION affinity.forecast(
	series affinity.series,
	horizon pg_catalog.int8,
	levels pg_catalog.float8[],
	model pg_catalog.text DEFAULT 'auto',
	season pg_catalog.int8 DEFAULT NULL,
	fill pg_catalog.text DEFAULT 'missing',
	until affinity.moment DEFAULT NULL)
RETURNS TABLE (
	step pg_catalog.int8,
	period pg_catalog.timestamp,
	number pg_catalog.int8,
	value pg_catalog.float8,
	confidence pg_catalog.float8,
	low pg_catalog.float8,
	high pg_catalog.float8)
LANGUAGE C STABLE PARALLEL SAFE COST 20000 ROWS 36
AS 'MODULE_PATHNAME', 'affinity_forecast_levels';

COMMENT ON FUNCTION affinity.forecast(affinity.series, pg_catalog.int8, pg_catalog.float8[], pg_catalog.text, pg_catalog.int8, pg_catalog.text, affinity.moment) IS
	'what a series will be in the next periods, with intervals of several confidences: a row for each step and level';

CREATE FUNCTION affinity.forecast_model(
	series affinity.series,
	model pg_catalog.text DEFAULT 'auto',
	season pg_catalog.int8 DEFAULT NULL,
	fill pg_catalog.text DEFAULT 'missing',
	until affinity.moment DEFAULT NULL,
	OUT name pg_catalog.text,
	OUT season_periods pg_catalog.int8,
	OUT n pg_catalog.int8,
	OUT missing pg_catalog.int8,
	OUT aicc pg_catalog.float8,
	OUT sigma pg_catalog.float8,
	OUT mase pg_catalog.float8,
	OUT alpha pg_catalog.float8,
	OUT beta pg_catalog.float8,
	OUT gamma pg_catalog.float8,
	OUT phi pg_catalog.float8,
	OUT level pg_catalog.float8,
	OUT trend pg_catalog.float8,
	OUT drift pg_catalog.float8,
	OUT seasonal pg_catalog.float8[])
LANGUAGE C STABLE PARALLEL SAFE COST 20000
AS 'MODULE_PATHNAME', 'affinity_forecast_model';

COMMENT ON FUNCTION affinity.forecast_model(affinity.series, pg_catalog.text, pg_catalog.int8, pg_catalog.text, affinity.moment) IS
	'by which model a series is predicted: its form, how well it fits, its parameters and last states';

CREATE FUNCTION affinity.anomaly(
	series affinity.series,
	confidence pg_catalog.float8 DEFAULT 0.999,
	model pg_catalog.text DEFAULT 'auto',
	season pg_catalog.int8 DEFAULT NULL,
	fill pg_catalog.text DEFAULT 'missing',
	until affinity.moment DEFAULT NULL)
RETURNS TABLE (
	period pg_catalog.timestamp,
	number pg_catalog.int8,
	value pg_catalog.float8,
	expected pg_catalog.float8,
	low pg_catalog.float8,
	high pg_catalog.float8,
	z pg_catalog.float8,
	is_anomaly pg_catalog.bool)
LANGUAGE C STABLE PARALLEL SAFE COST 40000 ROWS 100
AS 'MODULE_PATHNAME', 'affinity_forecast_anomaly';

COMMENT ON FUNCTION affinity.anomaly(affinity.series, pg_catalog.float8, pg_catalog.text, pg_catalog.int8, pg_catalog.text, affinity.moment) IS
	'what was expected of each period of a series one step before, and which values were not';
