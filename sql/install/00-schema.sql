-- The schema and its privileges. README.md has the rules for all files here.
\echo Use "CREATE EXTENSION affinity" to load this file. \quit

-- The extension is trusted: a role that is no superuser may create it, and the
-- superuser then runs this file. A schema of that name may be there before.
DO $$
DECLARE
	creator pg_catalog.oid;
	owner pg_catalog.oid;
	schema pg_catalog.oid;
	object pg_catalog.text;
	shared pg_catalog.bool;
BEGIN
	SELECT e.extowner, n.nspowner, n.oid INTO STRICT creator, owner, schema
	FROM pg_catalog.pg_extension AS e
	JOIN pg_catalog.pg_namespace AS n ON n.oid OPERATOR(pg_catalog.=) e.extnamespace
	WHERE e.extname OPERATOR(pg_catalog.=) 'affinity';

	-- What stands there could be called where an object of this file is meant.
	SELECT pg_catalog.pg_describe_object(d.classid, d.objid, 0) INTO object
	FROM pg_catalog.pg_depend AS d
	WHERE d.refclassid OPERATOR(pg_catalog.=) 'pg_catalog.pg_namespace'::pg_catalog.regclass
	AND d.refobjid OPERATOR(pg_catalog.=) schema
	AND d.classid OPERATOR(pg_catalog.<>) 'pg_catalog.pg_extension'::pg_catalog.regclass
	AND d.deptype OPERATOR(pg_catalog.=) 'n'::pg_catalog."char"
	ORDER BY 1
	LIMIT 1;
	IF object IS NOT NULL THEN
		RAISE EXCEPTION 'schema "affinity" is not empty'
			USING ERRCODE = 'object_not_in_prerequisite_state',
				DETAIL = pg_catalog.format('It has %s.', object),
				HINT = 'Move what is there to another schema (ALTER ... SET SCHEMA), or drop it.';
	END IF;

	-- Nobody but who creates the extension, or a superuser, may own it, or add to it.
	IF owner OPERATOR(pg_catalog.<>) creator
		AND NOT (SELECT r.rolsuper FROM pg_catalog.pg_roles AS r WHERE r.oid OPERATOR(pg_catalog.=) owner)
	THEN
		SELECT pg_catalog.count(*) OPERATOR(pg_catalog.>) 0 INTO shared
		FROM pg_catalog.pg_namespace AS n
		CROSS JOIN LATERAL pg_catalog.aclexplode(n.nspacl) AS a
		WHERE n.oid OPERATOR(pg_catalog.=) schema
		AND a.privilege_type OPERATOR(pg_catalog.=) 'CREATE'
		AND a.grantee OPERATOR(pg_catalog.<>) owner;
		IF shared OR NOT (SELECT r.rolsuper FROM pg_catalog.pg_roles AS r WHERE r.oid OPERATOR(pg_catalog.=) creator)
		THEN
			RAISE EXCEPTION 'schema "affinity" exists and belongs to another role'
				USING ERRCODE = 'insufficient_privilege',
					DETAIL = pg_catalog.format('Its owner is role "%s".', pg_catalog.pg_get_userbyid(owner)),
					HINT = 'Drop that schema, or let its owner be the role that creates the extension.';
		END IF;
		-- A superuser restores a dump of what a role without its rights had made.
		EXECUTE pg_catalog.format('ALTER SCHEMA affinity OWNER TO %I', pg_catalog.pg_get_userbyid(creator));
		RAISE WARNING 'schema "affinity" belonged to role "%" and belongs to "%" now',
			pg_catalog.pg_get_userbyid(owner), pg_catalog.pg_get_userbyid(creator);
	END IF;
END;
$$;

GRANT USAGE ON SCHEMA affinity TO PUBLIC;

COMMENT ON SCHEMA affinity IS
	'user-item similarity, recommendations and retention cohorts (extension affinity)';
