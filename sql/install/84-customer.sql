-- Customers: what each one bought, scores, and names for scores. C: src/customer

CREATE TYPE affinity.customer_summary AS (
	frequency pg_catalog.int8,
	recency pg_catalog.int8,
	t pg_catalog.int8,
	monetary_value pg_catalog.float8,
	orders pg_catalog.int8,
	total pg_catalog.float8,
	first_at pg_catalog.timestamp,
	last_at pg_catalog.timestamp
);

COMMENT ON TYPE affinity.customer_summary IS
	'a customer: repeat periods, periods from first to last purchase and to as_of, mean value of repeats, totals';

CREATE FUNCTION affinity.customer_summary_combine(pg_catalog.bytea, pg_catalog.bytea)
RETURNS pg_catalog.bytea
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'affinity_customer_summary_combine';

COMMENT ON FUNCTION affinity.customer_summary_combine(pg_catalog.bytea, pg_catalog.bytea) IS
	'combine function of customer_summary';

CREATE FUNCTION affinity.customer_summary_final(pg_catalog.bytea)
RETURNS affinity.customer_summary
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'affinity_customer_summary_final';

COMMENT ON FUNCTION affinity.customer_summary_final(pg_catalog.bytea) IS
	'final function of customer_summary';

--table customer_row: AT
-- timestamptz
-- timestamp
-- date

--table customer_arguments: TYPES | NAMED | ANSWER
-- | | when a customer bought, in days as of now
-- , pg_catalog.float8 | , amount pg_catalog.float8 | when a customer bought and for how much, in days as of now
-- , pg_catalog.float8, pg_catalog.text | , amount pg_catalog.float8, unit pg_catalog.text | when a customer bought and for how much, in a unit of time as of now
-- , pg_catalog.float8, pg_catalog.text, affinity.moment | , amount pg_catalog.float8, unit pg_catalog.text, as_of affinity.moment | when a customer bought and for how much, in a unit of time as of a time
-- , pg_catalog.float8, pg_catalog.text, affinity.moment, pg_catalog.text | , amount pg_catalog.float8, unit pg_catalog.text, as_of affinity.moment, time_zone pg_catalog.text | when a customer bought and for how much, in a unit of time as of a time, in a time zone

--for customer_row customer_arguments
CREATE FUNCTION affinity.customer_summary_accum(pg_catalog.bytea, pg_catalog.{AT}{TYPES})
RETURNS pg_catalog.bytea
LANGUAGE C STABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'affinity_customer_summary_accum';

COMMENT ON FUNCTION affinity.customer_summary_accum(pg_catalog.bytea, pg_catalog.{AT}{TYPES}) IS
	'transition function of customer_summary';

CREATE AGGREGATE affinity.customer_summary(at pg_catalog.{AT}{NAMED}) (
	SFUNC = affinity.customer_summary_accum,
	STYPE = pg_catalog.bytea,
	SSPACE = 160,
	FINALFUNC = affinity.customer_summary_final,
	COMBINEFUNC = affinity.customer_summary_combine,
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE affinity.customer_summary(pg_catalog.{AT}{TYPES}) IS
	'{ANSWER}';

--end
CREATE FUNCTION affinity.quantile_bin(value pg_catalog."any", bins pg_catalog.int8)
RETURNS pg_catalog.int8
LANGUAGE C WINDOW IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'affinity_customer_quantile_bin';

COMMENT ON FUNCTION affinity.quantile_bin(pg_catalog."any", pg_catalog.int8) IS
	'which of so many equal parts, from 1, a row is in by the window''s order; as ntile, but equal rows stay together';

CREATE FUNCTION affinity.rfm_segment(r pg_catalog.int8, f pg_catalog.int8, m pg_catalog.int8)
RETURNS pg_catalog.text
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'affinity_customer_rfm_segment';

COMMENT ON FUNCTION affinity.rfm_segment(pg_catalog.int8, pg_catalog.int8, pg_catalog.int8) IS
	'the usual name of a customer with these scores, from 1 to 5, of recency, frequency and monetary value';

CREATE FUNCTION affinity.rfm_rules()
RETURNS TABLE (
	r pg_catalog.int8,
	f pg_catalog.int8,
	m pg_catalog.int8,
	segment pg_catalog.text)
LANGUAGE SQL IMMUTABLE PARALLEL SAFE ROWS 125
BEGIN ATOMIC
	SELECT a.r, b.f, c.m, affinity.rfm_segment(a.r, b.f, c.m)
	FROM pg_catalog.generate_series(1::pg_catalog.int8, 5::pg_catalog.int8) AS a(r),
		pg_catalog.generate_series(1::pg_catalog.int8, 5::pg_catalog.int8) AS b(f),
		pg_catalog.generate_series(1::pg_catalog.int8, 5::pg_catalog.int8) AS c(m)
	ORDER BY a.r, b.f, c.m;
END;

COMMENT ON FUNCTION affinity.rfm_rules() IS
	'the map of rfm_segment, a row for each of the 125 scores: a table of your own rules may begin with it';
