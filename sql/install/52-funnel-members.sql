-- Who is at a step of a funnel. C: src/funnel/members.c

CREATE FUNCTION affinity.funnel_members(
	funnel affinity.funnel,
	id_type pg_catalog.anyelement,
	step pg_catalog.int8,
	dropped pg_catalog.bool DEFAULT false)
RETURNS SETOF pg_catalog.anyelement
LANGUAGE C IMMUTABLE PARALLEL SAFE COST 100000 ROWS 1000
AS 'MODULE_PATHNAME', 'affinity_funnel_members';

COMMENT ON FUNCTION affinity.funnel_members(affinity.funnel, pg_catalog.anyelement, pg_catalog.int8, pg_catalog.bool) IS
	'the users who took a step, or who took the one before and not this one; id_type: a NULL of the type of the ids';
