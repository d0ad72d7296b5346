-- The schema and its privileges. README.md has the rules for all files here.
\echo Use "CREATE EXTENSION affinity" to load this file. \quit

-- A schema that somebody else owns could gain objects that shadow ours.
DO $$
BEGIN
	IF NOT EXISTS (
		SELECT 1
		FROM pg_catalog.pg_namespace n
		WHERE n.nspname OPERATOR(pg_catalog.=) 'affinity'
		AND n.nspowner OPERATOR(pg_catalog.=) (
			SELECT r.oid FROM pg_catalog.pg_roles r
			WHERE r.rolname OPERATOR(pg_catalog.=) CURRENT_USER))
	THEN
		RAISE EXCEPTION 'schema "affinity" exists and belongs to another role'
			USING ERRCODE = 'insufficient_privilege',
				HINT = 'Drop that schema, or let its owner be the role that creates the extension.';
	END IF;
END;
$$;

GRANT USAGE ON SCHEMA affinity TO PUBLIC;

COMMENT ON SCHEMA affinity IS
	'user-item similarity, recommendations and retention cohorts (extension affinity)';
