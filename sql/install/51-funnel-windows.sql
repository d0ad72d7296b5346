-- Funnels with a window for each step. C: src/funnel, src/eventlog/windows.c
--
-- The windows are one array of any type that a single window can have: which is
-- checked when the query starts. Tables that are not here: 50-funnel.sql

--table step_windows: AT | TYPE | TIMES
-- timestamptz | timestamptz | a timestamptz
-- timestamp | timestamp | a timestamp without time zone
-- date | timestamp | a date
-- int8 | bigint | a number

--for step_windows
CREATE FUNCTION affinity.funnel_accum(
	affinity.funnel,
	pg_catalog.anyarray,
	affinity.word,
	pg_catalog.{AT},
	VARIADIC pg_catalog."any")
RETURNS affinity.funnel
LANGUAGE C STABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'affinity_funnel_accum';

COMMENT ON FUNCTION affinity.funnel_accum(
	affinity.funnel,
	pg_catalog.anyarray,
	affinity.word,
	pg_catalog.{AT},
	VARIADIC pg_catalog."any") IS
	'transition function of window_funnel and funnel_times';

--end
--for one_user_answer step_windows
CREATE AGGREGATE affinity.{NAME}(
	windows pg_catalog.anyarray,
	mode affinity.word,
	at pg_catalog.{AT},
	VARIADIC conditions pg_catalog."any") (
	SFUNC = affinity.funnel_accum,
	STYPE = affinity.funnel,
	SSPACE = 256,
	FINALFUNC = affinity.{FINAL},
	COMBINEFUNC = affinity.funnel_combine,
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE affinity.{NAME}(
	pg_catalog.anyarray,
	affinity.word,
	pg_catalog.{AT},
	VARIADIC pg_catalog."any") IS
	'{ANSWER}; at: {TIMES}; a window per later step';

--end
--table step_windows_many: AT | TIMES
-- timestamptz | a timestamptz
-- timestamp | a timestamp without time zone
-- date | a date
-- int8 | a number

--for step_windows_many many_users_mode
CREATE FUNCTION affinity.funnel_agg_accum(
	affinity.funnel,
	pg_catalog."any",
	pg_catalog.{AT},
	pg_catalog.anyarray,
	{TYPE} VARIADIC pg_catalog."any")
RETURNS affinity.funnel
LANGUAGE C STABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', '{SYMBOL}';

COMMENT ON FUNCTION affinity.funnel_agg_accum(
	affinity.funnel,
	pg_catalog."any",
	pg_catalog.{AT},
	pg_catalog.anyarray,
	{TYPE} VARIADIC pg_catalog."any") IS
	'transition function of funnel_agg';

CREATE AGGREGATE affinity.funnel_agg(
	user_id pg_catalog."any",
	at pg_catalog.{AT},
	windows pg_catalog.anyarray,
	{NAMED} VARIADIC conditions pg_catalog."any") (
	SFUNC = affinity.funnel_agg_accum,
	STYPE = affinity.funnel,
	SSPACE = 65536,
	FINALFUNC = affinity.funnel_final,
	COMBINEFUNC = affinity.funnel_combine,
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE affinity.funnel_agg(
	pg_catalog."any",
	pg_catalog.{AT},
	pg_catalog.anyarray,
	{TYPE} VARIADIC pg_catalog."any") IS
	'state of a funnel of many users with a window for each step after the first; at: {TIMES}';

--end
