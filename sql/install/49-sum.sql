-- Which bucket a user is in, and reports of the states of buckets as one.
-- C: src/retention/bucket.c, sum.c

--table bucket: ID | SYMBOL
-- int8 | affinity_retention_bucket_int
-- uuid | affinity_retention_bucket_uuid
-- text | affinity_retention_bucket_text

--for bucket
CREATE FUNCTION affinity.bucket(user_id pg_catalog.{ID}, buckets pg_catalog.int8)
RETURNS pg_catalog.int4
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', '{SYMBOL}';

COMMENT ON FUNCTION affinity.bucket(pg_catalog.{ID}, pg_catalog.int8) IS
	'which of so many buckets, from 0, a user is in: by a hash that is the same on all servers';

--end
-- Rows of the reports, which have the same columns: what a report returns can be
-- given where its row type is expected.

CREATE TYPE affinity.retention_row AS (
	cohort pg_catalog.timestamp,
	cohort_size pg_catalog.int8,
	period pg_catalog.int4,
	period_start pg_catalog.timestamp,
	eligible pg_catalog.int8,
	retained pg_catalog.int8,
	rate pg_catalog.float8,
	rate_low pg_catalog.float8,
	rate_high pg_catalog.float8,
	complete pg_catalog.bool
);

COMMENT ON TYPE affinity.retention_row IS
	'a row of retention';

CREATE TYPE affinity.retention_curve_row AS (
	period pg_catalog.int4,
	cohorts pg_catalog.int8,
	eligible pg_catalog.int8,
	retained pg_catalog.int8,
	rate pg_catalog.float8,
	rate_low pg_catalog.float8,
	rate_high pg_catalog.float8
);

COMMENT ON TYPE affinity.retention_curve_row IS
	'a row of retention_curve';

CREATE TYPE affinity.lifecycle_row AS (
	period_start pg_catalog.timestamp,
	active pg_catalog.int8,
	new_users pg_catalog.int8,
	returning_users pg_catalog.int8,
	resurrecting_users pg_catalog.int8,
	dormant_users pg_catalog.int8,
	complete pg_catalog.bool
);

COMMENT ON TYPE affinity.lifecycle_row IS
	'a row of lifecycle';

CREATE TYPE affinity.active_users_row AS (
	period_start pg_catalog.timestamp,
	active pg_catalog.int8,
	active_short pg_catalog.int8,
	active_long pg_catalog.int8,
	stickiness pg_catalog.float8,
	new_users pg_catalog.int8,
	churned_users pg_catalog.int8,
	complete pg_catalog.bool
);

COMMENT ON TYPE affinity.active_users_row IS
	'a row of active_users';

CREATE TYPE affinity.frequency_row AS (
	active_periods pg_catalog.int4,
	users pg_catalog.int8,
	share pg_catalog.float8
);

COMMENT ON TYPE affinity.frequency_row IS
	'a row of frequency';

CREATE TYPE affinity.active_stock_row AS (
	period_start pg_catalog.timestamp,
	opening pg_catalog.int8,
	started pg_catalog.int8,
	returned pg_catalog.int8,
	stopped pg_catalog.int8,
	closing pg_catalog.int8,
	complete pg_catalog.bool
);

COMMENT ON TYPE affinity.active_stock_row IS
	'a row of active_stock';

CREATE FUNCTION affinity.report_sum_combine(pg_catalog.int8[], pg_catalog.int8[])
RETURNS pg_catalog.int8[]
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'affinity_retention_sum_combine';

COMMENT ON FUNCTION affinity.report_sum_combine(pg_catalog.int8[], pg_catalog.int8[]) IS
	'combine function of the aggregates that sum reports';

--table report_accum: REPORT | SYMBOL
-- retention | affinity_retention_sum_retention
-- lifecycle | affinity_retention_sum_lifecycle
-- active_users | affinity_retention_sum_active
-- frequency | affinity_retention_sum_frequency
-- active_stock | affinity_retention_sum_lifecycle

--for report_accum
CREATE FUNCTION affinity.{REPORT}_sum_accum(pg_catalog.int8[], affinity.{REPORT}_row)
RETURNS pg_catalog.int8[]
LANGUAGE C IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', '{SYMBOL}';

COMMENT ON FUNCTION affinity.{REPORT}_sum_accum(pg_catalog.int8[], affinity.{REPORT}_row) IS
	'transition function of {REPORT}_sum';

--end
--table report_sum: REPORT | OF | SYMBOL
-- retention | retention | affinity_retention_sum_retention_final
-- retention_curve | retention | affinity_retention_sum_curve_final
-- lifecycle | lifecycle | affinity_retention_sum_lifecycle_final
-- active_users | active_users | affinity_retention_sum_active_final
-- frequency | frequency | affinity_retention_sum_frequency_final
-- active_stock | active_stock | affinity_retention_sum_lifecycle_final

--for report_sum
CREATE FUNCTION affinity.{REPORT}_sum_final(pg_catalog.int8[])
RETURNS affinity.{REPORT}_row[]
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', '{SYMBOL}';

COMMENT ON FUNCTION affinity.{REPORT}_sum_final(pg_catalog.int8[]) IS
	'final function of {REPORT}_sum';

CREATE AGGREGATE affinity.{REPORT}_sum("row" affinity.{OF}_row) (
	SFUNC = affinity.{OF}_sum_accum,
	STYPE = pg_catalog.int8[],
	SSPACE = 65536,
	FINALFUNC = affinity.{REPORT}_sum_final,
	COMBINEFUNC = affinity.report_sum_combine,
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE affinity.{REPORT}_sum(affinity.{OF}_row) IS
	'the rows of {REPORT} over all users, from those of {OF} over disjoint users, of one as_of';

--end
