-- Rules over a model's lists. C: src/manage/rules.c, src/rules

CREATE FUNCTION affinity.set_rules(
	name pg_catalog.text,
	items pg_catalog.text DEFAULT NULL,
	eligible pg_catalog.text DEFAULT NULL,
	group_by pg_catalog.text DEFAULT NULL,
	max_per_group pg_catalog.int8 DEFAULT NULL,
	boost pg_catalog.text DEFAULT NULL,
	penalty pg_catalog.float8 DEFAULT NULL,
	diversity pg_catalog.float8 DEFAULT NULL,
	exploration pg_catalog.float8 DEFAULT NULL,
	min_score pg_catalog.float8 DEFAULT NULL,
	pin pg_catalog."any" DEFAULT NULL,
	exclude pg_catalog."any" DEFAULT NULL,
	not_within pg_catalog.interval DEFAULT NULL,
	repeat pg_catalog.float8 DEFAULT NULL)
RETURNS pg_catalog.void
LANGUAGE C VOLATILE PARALLEL UNSAFE COST 1000
AS 'MODULE_PATHNAME', 'affinity_manage_set_rules';

COMMENT ON FUNCTION affinity.set_rules(
	pg_catalog.text,
	pg_catalog.text,
	pg_catalog.text,
	pg_catalog.text,
	pg_catalog.int8,
	pg_catalog.text,
	pg_catalog.float8,
	pg_catalog.float8,
	pg_catalog.float8,
	pg_catalog.float8,
	pg_catalog."any",
	pg_catalog."any",
	pg_catalog.interval,
	pg_catalog.float8) IS
	'sets what a model''s lists keep to, in the place of its rules before; nothing but the name takes them away';

CREATE FUNCTION affinity.catalog_changed()
RETURNS pg_catalog.trigger
LANGUAGE C VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'affinity_rules_catalog_changed';

GRANT EXECUTE ON FUNCTION affinity.catalog_changed() TO PUBLIC;

COMMENT ON FUNCTION affinity.catalog_changed() IS
	'the trigger by which a table of items tells that it has changed; set_rules makes it';
