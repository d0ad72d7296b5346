-- States as sets: two merged in an expression, and with or without some users.
-- C: src/activity/combine.c, src/activity/subset.c

--table chosen: STATE
-- activity
-- value

--for chosen
CREATE FUNCTION affinity.rollup({STATE} affinity.{STATE}, other affinity.{STATE})
RETURNS affinity.{STATE}
LANGUAGE C IMMUTABLE PARALLEL SAFE COST 100
AS 'MODULE_PATHNAME', 'affinity_activity_rollup';

COMMENT ON FUNCTION affinity.rollup(affinity.{STATE}, affinity.{STATE}) IS
	'merges two {STATE} states exactly; NULL is a state without rows';

CREATE FUNCTION affinity.without({STATE} affinity.{STATE}, ids pg_catalog.anyarray)
RETURNS affinity.{STATE}
LANGUAGE C STABLE PARALLEL SAFE COST 1000
AS 'MODULE_PATHNAME', 'affinity_activity_without';

COMMENT ON FUNCTION affinity.without(affinity.{STATE}, pg_catalog.anyarray) IS
	'the state without the users of these ids, as if their rows had not been aggregated; NULL where nobody is left';

CREATE FUNCTION affinity.only({STATE} affinity.{STATE}, ids pg_catalog.anyarray)
RETURNS affinity.{STATE}
LANGUAGE C STABLE PARALLEL SAFE COST 1000
AS 'MODULE_PATHNAME', 'affinity_activity_only';

COMMENT ON FUNCTION affinity.only(affinity.{STATE}, pg_catalog.anyarray) IS
	'the state of the users of these ids alone; NULL where it has none of them';

CREATE FUNCTION affinity.relabel({STATE} affinity.{STATE}, time_zone pg_catalog.text)
RETURNS affinity.{STATE}
LANGUAGE C STABLE PARALLEL SAFE COST 1000
AS 'MODULE_PATHNAME', 'affinity_activity_relabel';

COMMENT ON FUNCTION affinity.relabel(affinity.{STATE}, pg_catalog.text) IS
	'the state with the same local times, and so the same periods, in another time zone';

--end
