-- Who the users of a cell are, in order of their ids, as values of the type of the
-- second argument. C: src/retention/members.c

CREATE FUNCTION affinity.cohort_members(
	activity affinity.activity,
	id_type pg_catalog.anyelement,
	cohort affinity.moment,
	period pg_catalog.int8,
	retained pg_catalog.bool DEFAULT true,
	as_of affinity.moment DEFAULT NULL,
	mode pg_catalog.text DEFAULT 'first_ever',
	criterion pg_catalog.text DEFAULT 'on',
	brackets pg_catalog.int8[] DEFAULT NULL,
	cohorts_from affinity.moment DEFAULT NULL,
	cohorts_before affinity.moment DEFAULT NULL,
	rolling pg_catalog.bool DEFAULT false,
	every pg_catalog.interval DEFAULT NULL,
	cohort_unit pg_catalog.text DEFAULT NULL,
	from_nth pg_catalog.int8 DEFAULT NULL)
RETURNS SETOF pg_catalog.anyelement
LANGUAGE C STABLE PARALLEL SAFE COST 1000 ROWS 1000
AS 'MODULE_PATHNAME', 'affinity_retention_cohort_members';

COMMENT ON FUNCTION affinity.cohort_members(
	affinity.activity,
	pg_catalog.anyelement,
	affinity.moment,
	pg_catalog.int8,
	pg_catalog.bool,
	affinity.moment,
	pg_catalog.text,
	pg_catalog.text,
	pg_catalog.int8[],
	affinity.moment,
	affinity.moment,
	pg_catalog.bool,
	pg_catalog.interval,
	pg_catalog.text,
	pg_catalog.int8) IS
	'the users of a cell of retention: who came back in a period, who did not, or, where retained is NULL, all of them';

CREATE FUNCTION affinity.lifecycle_members(
	activity affinity.activity,
	id_type pg_catalog.anyelement,
	period affinity.moment,
	state pg_catalog.text DEFAULT 'active',
	as_of affinity.moment DEFAULT NULL)
RETURNS SETOF pg_catalog.anyelement
LANGUAGE C STABLE PARALLEL SAFE COST 1000 ROWS 1000
AS 'MODULE_PATHNAME', 'affinity_retention_lifecycle_members';

COMMENT ON FUNCTION affinity.lifecycle_members(
	affinity.activity,
	pg_catalog.anyelement,
	affinity.moment,
	pg_catalog.text,
	affinity.moment) IS
	'the users who are active, new, returning, resurrecting or dormant in a period, as lifecycle counts them';

CREATE FUNCTION affinity.churned_members(
	activity affinity.activity,
	id_type pg_catalog.anyelement,
	period affinity.moment,
	as_of affinity.moment DEFAULT NULL,
	long_window pg_catalog.int8 DEFAULT NULL)
RETURNS SETOF pg_catalog.anyelement
LANGUAGE C STABLE PARALLEL SAFE COST 1000 ROWS 1000
AS 'MODULE_PATHNAME', 'affinity_retention_churned_members';

COMMENT ON FUNCTION affinity.churned_members(
	affinity.activity,
	pg_catalog.anyelement,
	affinity.moment,
	affinity.moment,
	pg_catalog.int8) IS
	'the users whose last active period left the long window with a period, as active_users counts them';
