-- From 0.1.0. Made by test/upgrade; sql/upgrade/README.md says how it is kept.
\echo Use "ALTER EXTENSION affinity UPDATE" to load this file. \quit

CREATE FUNCTION affinity.upgrade_model(name pg_catalog.text)
RETURNS pg_catalog.text
LANGUAGE C VOLATILE PARALLEL UNSAFE COST 1000000
AS 'MODULE_PATHNAME', 'affinity_renew_upgrade_model';

COMMENT ON FUNCTION affinity.upgrade_model(pg_catalog.text) IS
	'brings functions and views of a model to this version of the extension, without training; what was done';

-- Models get the functions of this version, each as its owner; what fails is a warning.
SELECT FROM affinity.upgrade_models();
