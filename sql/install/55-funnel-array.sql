-- Funnels whose conditions are one array. Every argument has an exact type, which a
-- distributed engine asks for where it lets its workers aggregate. The states are
-- those of 50-funnel.sql to the byte. Tables that are not here: 50-funnel.sql. C: src/funnel/agg.c

--table array_many: AT | WINDOW | VOLATILITY | TIMES | UNITS
-- timestamptz | pg_catalog.interval | IMMUTABLE | a timestamptz | an interval
-- timestamptz | affinity.word | STABLE | a timestamptz | an interval as text
-- timestamptz | pg_catalog.interval[] | IMMUTABLE | a timestamptz | an interval per later step
-- timestamp | pg_catalog.interval | IMMUTABLE | a timestamp | an interval
-- timestamp | affinity.word | STABLE | a timestamp | an interval as text
-- timestamp | pg_catalog.interval[] | IMMUTABLE | a timestamp | an interval per later step
-- date | pg_catalog.interval | IMMUTABLE | a date | an interval
-- date | affinity.word | STABLE | a date | an interval as text
-- date | pg_catalog.interval[] | IMMUTABLE | a date | an interval per later step
-- int8 | pg_catalog.int8 | IMMUTABLE | a number | a number
-- int8 | affinity.word | IMMUTABLE | a number | a number as text
-- int8 | pg_catalog.int8[] | IMMUTABLE | a number | a number per later step

--table array_user: USER
-- int8
-- uuid
-- text

--for array_many many_users_mode array_user
CREATE FUNCTION affinity.funnel_agg_accum(
	affinity.funnel,
	pg_catalog.{USER},
	pg_catalog.{AT},
	{WINDOW},
	{TYPE} pg_catalog.bool[])
RETURNS affinity.funnel
LANGUAGE C {VOLATILITY} PARALLEL SAFE
AS 'MODULE_PATHNAME', '{SYMBOL}';

COMMENT ON FUNCTION affinity.funnel_agg_accum(
	affinity.funnel,
	pg_catalog.{USER},
	pg_catalog.{AT},
	{WINDOW},
	{TYPE} pg_catalog.bool[]) IS
	'transition function of funnel_agg';

CREATE AGGREGATE affinity.funnel_agg(
	user_id pg_catalog.{USER},
	at pg_catalog.{AT},
	"window" {WINDOW},
	{NAMED} conditions pg_catalog.bool[]) (
	SFUNC = affinity.funnel_agg_accum,
	STYPE = affinity.funnel,
	SSPACE = 65536,
	FINALFUNC = affinity.funnel_final,
	COMBINEFUNC = affinity.funnel_combine,
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE affinity.funnel_agg(
	pg_catalog.{USER},
	pg_catalog.{AT},
	{WINDOW},
	{TYPE} pg_catalog.bool[]) IS
	'state of a funnel of many users, the conditions in an array; at: {TIMES}; window: {UNITS}';

--end
--table array_windows: AT | WINDOW | TYPE | VOLATILITY | TIMES | UNITS
-- timestamptz | pg_catalog.interval | timestamptz | IMMUTABLE | a timestamptz | an interval
-- timestamptz | pg_catalog.int8 | timestamptz | IMMUTABLE | a timestamptz | a number of seconds
-- timestamptz | affinity.word | timestamptz | STABLE | a timestamptz | an interval as text
-- timestamptz | pg_catalog.interval[] | timestamptz | IMMUTABLE | a timestamptz | an interval per later step
-- timestamp | pg_catalog.interval | timestamp | IMMUTABLE | a timestamp | an interval
-- timestamp | pg_catalog.int8 | timestamp | IMMUTABLE | a timestamp | a number of seconds
-- timestamp | affinity.word | timestamp | STABLE | a timestamp | an interval as text
-- timestamp | pg_catalog.interval[] | timestamp | IMMUTABLE | a timestamp | an interval per later step
-- date | pg_catalog.interval | timestamp | IMMUTABLE | a date | an interval
-- date | pg_catalog.int8 | timestamp | IMMUTABLE | a date | a number of seconds
-- date | affinity.word | timestamp | STABLE | a date | an interval as text
-- date | pg_catalog.interval[] | timestamp | IMMUTABLE | a date | an interval per later step
-- int8 | pg_catalog.int8 | bigint | IMMUTABLE | a number | a number
-- int8 | affinity.word | bigint | IMMUTABLE | a number | a number as text
-- int8 | pg_catalog.int8[] | bigint | IMMUTABLE | a number | a number per later step

--for array_windows
CREATE FUNCTION affinity.funnel_accum(
	affinity.funnel,
	{WINDOW},
	affinity.word,
	pg_catalog.{AT},
	pg_catalog.bool[])
RETURNS affinity.funnel
LANGUAGE C {VOLATILITY} PARALLEL SAFE
AS 'MODULE_PATHNAME', 'affinity_funnel_accum';

COMMENT ON FUNCTION affinity.funnel_accum(
	affinity.funnel,
	{WINDOW},
	affinity.word,
	pg_catalog.{AT},
	pg_catalog.bool[]) IS
	'transition function of window_funnel and funnel_times';

--end
--for one_user_answer array_windows
CREATE AGGREGATE affinity.{NAME}(
	"window" {WINDOW},
	mode affinity.word,
	at pg_catalog.{AT},
	conditions pg_catalog.bool[]) (
	SFUNC = affinity.funnel_accum,
	STYPE = affinity.funnel,
	SSPACE = 256,
	FINALFUNC = affinity.{FINAL},
	COMBINEFUNC = affinity.funnel_combine,
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE affinity.{NAME}(
	{WINDOW},
	affinity.word,
	pg_catalog.{AT},
	pg_catalog.bool[]) IS
	'{ANSWER}; at: {TIMES}; window: {UNITS}';

--end
